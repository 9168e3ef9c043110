"""Each question can be tried, failed in the usual ways, understood and mastered in a browser."""

from __future__ import annotations

import json
import re
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from _guide import calculators, practice
from _guide.browser import bundle
from _guide.live import answers
from _guide.questions import QUESTIONS, question
from tests.browser.exercising import (
    HERE,
    every,
    kept,
    mark,
    opened,
    say_true,
    shown_exercise,
    solve,
    submit,
)
from tests.pages.test_practice_answers import CASES
from tests.site.served import PHONE, TOO_WIDE, ZOOMED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.browser.conftest import Tab

pytestmark = pytest.mark.browser

THEMES_OWN = ("no storage", "search_index", "ERR_FILE_NOT_FOUND")
"""What the theme complains of where nothing may be kept, and on a disk, where it cannot search."""

# The formulas that do not fit their frame; a scroller hides that from what looks for wide elements.
CUT = """() => [...document.querySelectorAll(".hints .formula")]
  .filter((frame) => frame.scrollWidth > frame.clientWidth)
  .map((frame) => frame.scrollWidth)"""

# What is typed on a question's own page: the answer, and a mistake, from the question sheet.
TRIED = {
    "iterations-per-epoch": ("15,625", "62500", "counts micro-batches"),
    "memory-to-load": ("26.08 GiB", "224 GB", "Bits are taken for bytes"),
    "context-length": ("28 GB", "109.38", "in proportion to the context"),
    "classification-head": ("16 384", "14336", "This is the original answer sheet's answer"),
    "head-only-tuning": ("28", "112 GB", "It is the same model"),
    "lora-rank": ("65.536", "32768 parameters", "Only one factor"),
}


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """Open a dark phone that has never been here, and hear what it complains of."""
    context = browser.new_context(viewport=PHONE, color_scheme="dark")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert not [each for each in complaints if not any(theme in each for theme in THEMES_OWN)]


def test_the_browser_judges_as_python_does(phone: Page, host: str) -> None:
    opened(phone, f"{host}practice/memory-to-load/#v=x&s=3")
    phone.focus(".answering > input")
    phone.evaluate(f"guideScripts.load({json.dumps(bundle.addresses('answers'))}).then(() => 0)")
    judged = phone.evaluate(
        "(cases) => cases.map(([asked, text]) =>"
        " Guide.call('_guide.live.answers.judge', { text, asked }))",
        [[asked, text] for asked, _, text in CASES],
    )
    assert judged == [answers.judge(text, asked) for asked, _, text in CASES]


@pytest.mark.parametrize("slug", list(TRIED))
def test_a_question_is_tried_on_its_own_page(slug: str, phone: Page, host: str) -> None:
    opened(phone, f"{host}questions/{slug}/")
    right, mistake, says = TRIED[slug]
    if slug in ("head-only-tuning", "lora-rank"):
        say_true(phone)
    phone.click("text=Hint 1 of 2")  # the words are on the page
    assert phone.is_visible(".hints math")
    assert phone.evaluate(CUT) == []
    told = submit(phone, mistake)
    assert told.startswith("A known mistake.")
    assert says in told
    assert told.endswith("The way back: the hint below.")
    assert len(phone.query_selector_all(".hints > *")) == 2
    assert submit(phone, "many").startswith("That cannot be read.")
    assert phone.get_attribute(".answering > input", "aria-invalid") == "true"
    assert submit(phone, right).startswith("Right.")
    assert phone.get_attribute(".answering > input", "aria-invalid") == "false"
    assert phone.evaluate(TOO_WIDE) == []
    assert kept(phone) is None  # its page's own numbers are those of everybody
    phone.click("text=Practise more")
    phone.wait_for_url(f"**/practice/{slug}/**")


@pytest.mark.parametrize(
    ("slug", "right", "wrong"),
    [("when-weights-update", [4, 8, 10], [10]), ("training-objective", [9, 10], [*range(1, 9)])],
)
def test_a_question_is_marked_on_its_own_page(
    slug: str, right: list[int], wrong: list[int], phone: Page, host: str
) -> None:
    opened(phone, f"{host}questions/{slug}/")
    say_true(phone)
    said = phone.inner_text(".finds")  # what the boxes are stands above them
    assert str(len(phone.query_selector_all("button.box"))) in said or "first 8 tokens" in said
    assert mark(phone, wrong).startswith("A known mistake.")
    assert mark(phone, []) == "Nothing is chosen yet."
    assert mark(phone, [1, 3]).startswith("Not that.")
    assert mark(phone, right).startswith("Right.")


@pytest.mark.parametrize("q", QUESTIONS, ids=lambda q: str(q.number))
def test_help_fades_until_a_question_is_mastered(q: Any, phone: Page, host: str) -> None:
    opened(phone, f"{host}{q.page.replace('questions', 'practice').removesuffix('.md')}/")
    seen = []
    for stage in range(4):
        exercise = shown_exercise(phone, q.number)
        seen.append(exercise["id"])
        assert phone.get_attribute(".stages [aria-current=step]", "href") == (
            f"#v={exercise['id']}&s={stage}"
        )
        assert exercise["tries"].replace("`", "") in phone.inner_text(f"{HERE} .asked")
        assert phone.is_visible(f"{HERE} .answer") == (stage == 0)
        if stage and q.number not in (2, 7):
            blanks = phone.query_selector_all(".way input")
            assert len(blanks) == (len(exercise["way"]) - 1 if stage == 2 else 0)
            for blank, step in zip(blanks, exercise["way"], strict=False):
                blank.fill(step["asked"]["written"])
                blank.dispatch_event("change")
            for note in phone.query_selector_all(".way .note"):
                phone.wait_for_function("(note) => note.textContent", arg=note)
                assert "✓ right" in note.inner_text()
        if stage:
            assert solve(phone, q.number, exercise).startswith("Right.")
        assert phone.evaluate(TOO_WIDE) == []
        if stage < 3:
            phone.focus("text=Another, with less help")
            phone.keyboard.press("Enter")
            phone.wait_for_selector(f".stages [aria-current][href$='s={stage + 1}']")
            assert phone.evaluate("document.activeElement.matches('.asked')")
    assert len(set(seen)) == 4
    assert kept(phone)["solved"] == {str(q.number): dict(zip(seen[1:], (1, 2, 3), strict=True))}
    phone.go_back()
    assert shown_exercise(phone, q.number)["id"] == seen[2]
    phone.reload()
    phone.wait_for_selector(".stages")
    assert shown_exercise(phone, q.number)["id"] == seen[2]


def test_hints_come_one_by_one_and_are_no_mastery(phone: Page, host: str) -> None:
    exercise = practice.exercises(3)[4]
    opened(phone, f"{host}practice/memory-to-load/#v={exercise.id}&s=3")
    for i, holds in enumerate((exercise.asked["hint"], "", "= ?"), 1):
        phone.click(f"text=Hint {i} of 3")
        assert len(phone.query_selector_all(".hints > *")) == i
        assert holds in phone.inner_text(".hints > :last-child")
    assert phone.is_visible(".hints math")
    assert phone.evaluate(CUT) == []
    assert not phone.is_visible("button:has-text('Hint')")
    assert submit(phone, exercise.asked["written"]).startswith("Right.")
    assert kept(phone)["solved"]["3"][exercise.id] == 2
    assert phone.evaluate(TOO_WIDE) == []


def test_a_solution_is_shown_step_by_step(phone: Page, host: str) -> None:
    exercise = practice.exercises(3)[4]
    for address in (f"practice/memory-to-load/#v={exercise.id}&s=3", "practice/review/"):
        opened(phone, f"{host}{address}")
        phone.click("text=Show the solution")
        told = phone.inner_text(f"{HERE} details")
        assert "[object" not in told
        assert len(told.splitlines()) > 1
    opened(phone, f"{host}practice/memory-to-load/#v={exercise.id}&s=2")
    phone.click("text=Show the solution")
    steps = phone.locator(f"{HERE} details .way li").all_inner_texts()
    assert steps == [f"{s['finds']}: {s['how']} = {s['asked']['written']}" for s in exercise.way]


@pytest.mark.parametrize(
    ("slug", "right"),
    [
        ("when-weights-update", "False"),
        ("head-only-tuning", "True"),
        ("training-objective", "True"),
        ("lora-rank", "True"),
    ],
)
def test_a_sentence_is_said_to_be_true_or_false(
    slug: str, right: str, phone: Page, host: str
) -> None:
    opened(phone, f"{host}questions/{slug}/")
    note = phone.locator("[data-practice=own] > .buttons .note")
    (wrong,) = {"True", "False"} - {right}
    assert phone.locator(f"{HERE} .answering").count() == 0
    phone.focus(f"[data-practice=own] button:text-is('{wrong}')")
    phone.keyboard.press("Enter")
    assert note.inner_text().startswith("✗ Not so.")
    assert phone.locator(f"{HERE} .answering").count() == 1
    phone.click(f"[data-practice=own] button:text-is('{right}')")
    assert note.inner_text().startswith("✓ Right.")
    assert phone.locator(f"{HERE} .answering").count() == 1
    assert phone.evaluate(TOO_WIDE) == []


def test_guessing_is_no_mastery(phone: Page, host: str) -> None:
    exercise = practice.exercises(8)[0]
    opened(phone, f"{host}practice/lora-rank/#v={exercise.id}&s=3")
    assert submit(phone, "7").startswith("Not that.")
    assert submit(phone, exercise.asked["written"]).startswith("Right.")
    assert kept(phone)["solved"]["8"][exercise.id] == 2
    assert kept(phone)["missed"]["8"] == {exercise.id: True}


def test_what_was_shown_in_a_review_is_not_solved_without_help(phone: Page, host: str) -> None:
    opened(phone, f"{host}practice/review/")
    for _ in range(10):
        phone.click("text=Show the solution")
        phone.click("text=Next")
        phone.wait_for_selector(f"{HERE} details:not([open])")
    places = phone.locator("button.box").all_inner_texts()
    number, exercise = every()["".join((phone.inner_text(".asked") + "".join(places)).split())]
    assert solve(phone, number, exercise).startswith("Right.")
    assert kept(phone)["solved"][str(number)] == {exercise["id"]: 0}


def test_statements_are_sorted(phone: Page, host: str) -> None:
    opened(phone, f"{host}practice/training-objective/")
    statements = practice.sorting(question(7))["all"]
    sorting = phone.locator(".sorting")
    sorting.locator("[type=submit]").click()
    phone.wait_for_selector("text=0 of 9 are where they belong.")
    for i, each in enumerate(statements):
        place = each["place"] if i else "Both" if each["place"] != "Both" else "Pre-training"
        sorting.locator("fieldset").nth(i).locator(f"input[value='{place}']").check()
    sorting.locator("[type=submit]").click()
    phone.wait_for_selector("text=8 of 9 are where they belong.")
    assert "✗ Not there." in sorting.locator("fieldset").nth(0).inner_text()
    sorting.locator("fieldset").nth(0).locator(f"input[value='{statements[0]['place']}']").check()
    sorting.locator("[type=submit]").click()
    phone.wait_for_selector("text=9 of 9 are where they belong.")
    assert phone.evaluate(TOO_WIDE) == []


def test_a_mixed_review_brings_back_what_is_missed(phone: Page, host: str) -> None:
    opened(phone, f"{host}practice/review/")
    numbers: list[int] = []
    for round_ in range(11):
        assert f"{max(0, round_ - 1)} of 10 solved" in phone.inner_text(".practice .tools")
        places = phone.locator("button.box").all_inner_texts()
        asked = phone.inner_text(".asked")
        number, exercise = every()["".join((asked + "".join(places)).split())]
        numbers.append(number)
        if not round_:
            missed = asked
            assert (mark(phone, [1, 3]) if places else submit(phone, "12.5")).startswith(
                ("Not that.", "A known mistake.", "Nearly.")
            )
        assert solve(phone, number, exercise).startswith("Right.")
        link = phone.locator(".buttons a")
        assert link.inner_text() == question(number).title
        phone.focus("text=Next")
        phone.keyboard.press("Enter")
        phone.wait_for_selector(".verdict:not(:empty)", state="detached")
    assert asked == missed
    assert numbers[0] == numbers[-1]
    assert set(numbers) == set(range(1, 9))
    assert all(one != other for one, other in pairwise(numbers[:10]))
    assert phone.inner_text(".asked") == "All 10 are solved. 1 had to come back."


def test_what_was_missed_before_comes_first_in_a_review(phone: Page, host: str) -> None:
    exercise = practice.exercises(6)[9]
    opened(phone, f"{host}practice/head-only-tuning/#v={exercise.id}&s=3")
    assert submit(phone, "1.5 GB").startswith("Not that.")
    assert kept(phone)["missed"] == {"6": {exercise.id: True}}
    opened(phone, f"{host}practice/review/")
    for _ in range(10):
        if phone.inner_text(".asked") == exercise.tries:
            break
        phone.click("text=Show the solution")
        phone.click("text=Next")
        phone.wait_for_selector(f"{HERE} details:not([open])")
    assert phone.inner_text(".asked") == exercise.tries
    solve(phone, 6, exercise.plain())
    assert exercise.id not in kept(phone)["missed"]["6"]


def test_a_link_to_an_exercise_that_is_gone_leads_to_one_that_is_there(
    phone: Page, host: str
) -> None:
    opened(phone, f"{host}practice/lora-rank/#v=00000000&s=2")
    assert shown_exercise(phone, 8)["tries"] == phone.inner_text(".asked")
    assert phone.inner_text("[aria-current=step]") == "Every step"


def test_progress_is_shown_exported_and_forgotten(phone: Page, host: str, tmp_path: Path) -> None:
    opened(phone, host)
    assert not phone.is_visible("[data-practice=solved]")
    exercise = practice.exercises(8)[0]
    opened(phone, f"{host}practice/lora-rank/#v={exercise.id}&s=3")
    submit(phone, exercise.asked["written"])
    opened(phone, host)
    assert "You have solved 1 exercise, 1 without help." in phone.inner_text("article")
    phone.click("text=Go on")
    phone.wait_for_url("**/practice/")
    assert phone.inner_text("[data-solved='8']") == "1 solved, 1 without help"
    with phone.expect_download() as download:
        phone.click("text=Save as a file")
    download.value.save_as(tmp_path / "practice.json")
    saved = json.loads((tmp_path / "practice.json").read_text("utf-8"))
    assert saved == {"solved": {"8": {exercise.id: 3}}, "missed": {"8": {}}}
    phone.click("text=Forget all")
    assert phone.inner_text("[data-solved='8']") == ""
    assert kept(phone) is None


def test_practice_works_where_nothing_can_be_kept(phone: Page, host: str) -> None:
    throws = "{ get() { throw new Error('no storage'); } }"
    phone.add_init_script(f"Object.defineProperty(window, 'localStorage', {throws})")
    exercise = practice.exercises(5)[0]
    opened(phone, f"{host}practice/classification-head/#v={exercise.id}&s=3")
    assert submit(phone, exercise.asked["written"]).startswith("Right.")
    opened(phone, f"{host}practice/")
    phone.click("text=Forget all")


def test_practice_works_from_a_disk(phone: Page, site: Path) -> None:
    exercise = practice.exercises(4)[0]
    address = (site / "practice" / "context-length" / "index.html").as_uri()
    opened(phone, f"{address}#v={exercise.id}&s=3")
    assert submit(phone, exercise.asked["written"]).startswith("Right.")


def test_what_did_not_load_is_tried_again(browser: Browser, host: str) -> None:
    page = browser.new_page()
    exercise = practice.exercises(4)[0]
    page.route("**/guide-python-*.js", lambda route: route.abort())
    opened(page, f"{host}practice/context-length/#v={exercise.id}&s=3")
    told = submit(page, exercise.asked["written"])
    assert re.search(r"That cannot be read\..*guide-python-\w+\.js does not load", told)
    page.unroute("**/guide-python-*.js")
    assert submit(page, exercise.asked["written"]).startswith("Right.")
    page.close()


def test_an_exercise_and_a_calculator_share_a_page(phone: Page, host: str) -> None:
    fetched: list[str] = []
    phone.on("request", lambda request: fetched.append(request.url))
    opened(phone, f"{host}questions/memory-to-load/")
    assert not [url for url in fetched if "/guide-" in url]  # nothing before a touch
    phone.hover(".answering > input")
    phone.wait_for_selector("script[src*=guide-answers]", state="attached")
    phone.evaluate("document.querySelectorAll('.fold-rest').forEach((e) => { e.open = true })")
    phone.focus(".calculator [data-kind]")
    phone.wait_for_selector(".calculator[data-warm]", state="attached")
    assert submit(phone, "34 GB").startswith("Not that.")
    assert [
        file
        for url in fetched
        if (file := url.partition("assets/")[2]).startswith(("guide-", "calculator-"))
    ] == [*bundle.addresses("answers"), calculators.scripts()["load"].first[0]]


@pytest.fixture
def visitor(tab: Tab) -> Iterator[Tab]:
    """Lend a tab of each browser, which others find again where it was."""
    home = tab.evaluate("location.href")
    yield tab
    tab.goto(home)


def test_an_exercise_is_judged_in_each_browser(visitor: Tab, host: str) -> None:
    tab, exercise = visitor, practice.exercises(8)[2]
    tab.goto(f"{host}practice/lora-rank/#v={exercise.id}&s=3")
    until(tab, "document.querySelector('[data-ready]') ? 'ready' : ''", "ready")
    typed = json.dumps(exercise.asked["written"])
    tab.evaluate(
        "(() => { const input = document.querySelector('.answering > input');"
        f" input.value = {typed}; input.form.requestSubmit(); return 0; }})()"
    )
    until(tab, "document.querySelector('.verdict').textContent", "Right.")
    assert tab.evaluate("localStorage.getItem('guide-practice')")


def until(tab: Tab, expression: str, begins: str) -> None:
    """Wait until an expression begins as it should."""
    for _ in range(100):
        if tab.evaluate(expression).startswith(begins):
            return
        time.sleep(0.1)
    pytest.fail(f"{expression} is {tab.evaluate(expression)!r}")


def test_an_exercise_stands_without_scripts(browser: Browser, host: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    for q in QUESTIONS:
        first = practice.exercises(q.number)[0]
        page.goto(f"{host}{q.page.replace('questions', 'practice').removesuffix('.md')}/")
        block = page.locator("[data-practice=variants]")
        assert first.tries.replace("`", "") in block.inner_text()
        assert not block.locator(".answer").is_visible()
        block.locator("summary").click()
        assert first.asked["written"] in block.locator(".answer").inner_text()
        page.goto(f"{host}{q.page.removesuffix('.md')}/")
        told = page.inner_text("[data-practice]")
        assert told.endswith("Practise more")
        own = practice.exercise(q, {})
        assert (own.tries in told) == bool(own.places)
        assert page.locator(".boxes > li").count() == len(own.places)
    context.close()


@pytest.mark.parametrize(
    "address",
    [
        "practice/memory-to-load/#v=x&s=2",
        "practice/when-weights-update/#v=x&s=1",
        "practice/training-objective/",
        "practice/review/",
        "practice/",
        "questions/head-only-tuning/",
    ],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_opened_is_accessible_and_fits(
    address: str, scheme: Any, browser: Browser, host: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport=ZOOMED, color_scheme=scheme)
    page = context.new_page()
    opened(page, f"{host}{address}")
    for hint in page.locator("button:has-text('Hint')").all():
        hint.click()
    for button in page.locator(".answering [type=submit]").all():
        button.click()
    if page.locator(".answering").count():
        page.wait_for_selector(".verdict:not(:empty)")
    for details in page.locator("[data-practice] details").all():
        details.evaluate("(details) => { details.open = true; }")
    assert page.evaluate(TOO_WIDE) == []
    found = Axe().run(page, context="[data-practice]")
    assert found.violations_count == 0, found.generate_report()
    context.close()


def test_each_sheet_and_each_key_is_printed_on_pages_of_its_own(
    browser: Browser, host: str
) -> None:
    page = browser.new_page()
    page.goto(f"{host}practice/sheets/")
    page.emulate_media(media="print")
    breaks = page.locator(".sheet").evaluate_all(
        "(sheets) => sheets.map((sheet) => getComputedStyle(sheet).breakBefore)"
    )
    assert breaks == ["auto", *["page"] * 5]
    printed = page.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "1cm"))
    assert 6 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 12
    page.close()
