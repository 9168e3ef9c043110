"""Calculators in browsers: to the byte what Python writes, and what a reader can do with them."""

from __future__ import annotations

import itertools
import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

import dlp
from _guide import calculators
from _guide.browser import bundle
from _guide.calculators import CALCULATORS
from _guide.live import shown
from tests.pages.calculated import states
from tests.site.served import PHONE, TOO_WIDE, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Request

    from tests.browser.conftest import Tab

pytestmark = pytest.mark.browser

BATCH = 25
SLOW = 8
"""States of a function that is only called when a reader pauses."""

EMPTY = '<!doctype html><html lang="en"><meta charset="utf-8"><title>A calculator</title>'
WRITTEN = """((name, calls) => calls.map(([called, values, root]) => {
  try {
    const page = { root, documented: guideFormulas[name] };
    const found = Guide.call(called, { ...values, page });
    return [found.status, found.html, Object.entries(found.limits ?? {}).map(String)];
  } catch (error) {
    if (!(error instanceof Guide.Error)) return [`broken: ${error.stack}`];
    return [error.type, error.message];
  }
}))(%s, %s)"""
WIDE = TOO_WIDE.replace(
    "document.body.querySelectorAll", "document.querySelector('.calculator').querySelectorAll"
)
# What is read, and what is dressed by its class; what the theme adds to code is no part of it.
SHOWN = """() => [...document.querySelectorAll(".shown")].map((part) => [
  part.innerText.replace(/\\s+/g, " "),
  [...part.querySelectorAll("[class]:not(nav, nav *, button)")].map((e) => e.getAttribute("class")),
])"""
TEXTS = [
    "1,000,000",
    "1 000",
    "1e6",
    "1.5E6",
    "7b",
    "-3",
    "1e18",
    "",
    "x",
    "1.5",
    "1e",
    "1,00",
    "٣",
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve pages for each calculator with nothing but its scripts: the first, and all."""
    folder = tmp_path_factory.mktemp("calculators")
    for name, made in calculators.scripts().items():
        loaded = [bundle.files()["python"], made.first, made.whole]
        for file, text in loaded:
            (folder / file).write_text(text, "utf-8")
        tags = [f'<script src="{file}"></script>' for file, _ in loaded]
        (folder / f"{name}-first.html").write_text(f"{EMPTY}{''.join(tags[:2])}</html>", "utf-8")
        (folder / f"{name}.html").write_text(f"{EMPTY}{''.join(tags)}</html>", "utf-8")
    with served(folder) as host:
        yield host


@pytest.fixture
def lent(tab: Tab) -> Iterator[Tab]:
    """Lend a tab of each browser, which others find again where it was."""
    home = tab.evaluate("location.href")
    yield tab
    tab.goto(home)


def here(function: Callable[..., Any], values: dict[str, Any], name: str) -> list[Any]:
    """Call a function here, and give what a browser is to give."""
    try:
        found = function(**values, page=calculators.page(name, "../"))
    except (ValueError, TypeError) as error:
        return [type(error).__name__, str(error)]
    limits = [f"{field},{most}" for field, most in found.get("limits", {}).items()]
    return [found["status"], found["html"], limits]


@pytest.mark.parametrize("part", ["", "-first"])
@pytest.mark.parametrize("name", CALCULATORS)
def test_a_calculator_writes_what_python_writes(
    name: str, part: str, lent: Tab, pages: str
) -> None:
    lent.goto(f"{pages}{name}{part}.html")
    seen = refused = 0
    for i, function in enumerate(CALCULATORS[name].functions):
        full = f"{function.__module__}.{function.__name__}"
        rest = itertools.islice(states(name), 0, None, 211 // SLOW if i else None)
        while some := list(itertools.islice(rest, BATCH)):
            calls = [(full, values, "../") for values in some]
            code = WRITTEN % (json.dumps(name), json.dumps(calls))
            for values, theirs in zip(some, lent.evaluate(code), strict=True):
                if part and theirs[0] == "Later":
                    continue
                ours = here(function, values, name)
                assert theirs == ours, f"{name}: {values}"
                seen += len(ours) == 3
                refused += len(ours) == 2
    assert seen > 20
    assert refused or part


def test_numbers_are_read_as_python_reads_them(lent: Tab, pages: str) -> None:
    lent.goto(f"{pages}epoch.html")
    code = """((texts) => texts.map((text) => {
      try { return String(Guide.call("_guide.live.shown.whole", { name: "n", text })); }
      catch (error) { return error.message; }
    }))(%s)"""
    for text, theirs in zip(TEXTS, lent.evaluate(code % json.dumps(TEXTS)), strict=True):
        try:
            ours = str(shown.whole(name="n", text=text))
        except ValueError as error:
            ours = str(error)
        assert theirs == ours


# --- On the pages -----------------------------------------------------------------------------


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """Open a dark phone, and hear what it complains of."""
    context = browser.new_context(viewport=PHONE, color_scheme="dark")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    # Of the theme, on a disk: what it searches in, and a font, which no page there may have.
    theirs = ("search_index", "ERR_FILE_NOT_FOUND", "ERR_FAILED", "font")
    assert not [each for each in complaints if not any(theme in each for theme in theirs)]


def opened(page: Page, address: str) -> None:
    """Open a page, and the fold that its calculator is in."""
    page.goto(address)
    page.wait_for_selector("[data-calculator][data-ready]", state="attached")
    page.evaluate("document.querySelectorAll('.fold-rest').forEach((fold) => (fold.open = true))")


def until(page: Page, words: str, place: str = ".calculator .outcome") -> None:
    """Wait until something is said."""
    for _ in range(100):
        if re.sub(r"\s+", " ", words) in re.sub(r"\s+", " ", page.inner_text(place)):
            return
        time.sleep(0.1)
    pytest.fail(f"{words!r} is not in {page.inner_text(place)!r}")


@pytest.mark.parametrize(
    "model_type",
    ["gemma3", "gpt_oss", "deepseek_v3", "qwen3_moe", "mamba", "bert", "whisper", "llava"],
)
def test_the_row_of_a_family_comes_when_its_config_is_pasted(
    model_type: str, phone: Page, host: str
) -> None:
    opened(phone, f"{host}questions/memory-to-load/")
    phone.select_option("[name=model]", "pasted")
    phone.fill("[name=config]", json.dumps({"model_type": model_type}))
    number = dlp.parameter_count(config={"model_type": model_type})
    until(phone, f"{number:,}", ".calculator .shown")


@pytest.mark.parametrize("name", CALCULATORS)
def test_what_is_shown_at_first_is_what_a_browser_writes(name: str, phone: Page, host: str) -> None:
    made = CALCULATORS[name]
    fetched: list[str] = []

    def note(request: Request) -> None:
        fetched.append(request.url)

    phone.on("request", note)
    opened(phone, f"{host}{made.page}/" if made.page else host)
    before = phone.evaluate(SHOWN)
    assert not [url for url in fetched if "guide-python" in url or "/calculator-" in url]
    assert phone.evaluate(WIDE) == []
    phone.focus(".calculator [data-kind]")
    phone.wait_for_selector(".calculator[data-warm]", state="attached")
    assert len([url for url in fetched if "guide-python" in url or "/calculator-" in url]) == 2
    phone.evaluate("document.querySelector('.calculator form').dispatchEvent(new Event('input'))")
    phone.wait_for_selector(".calculator [role=status]:not(:empty)", state="attached")
    phone.wait_for_timeout(1000)
    assert phone.evaluate(SHOWN) == before
    assert "#" not in phone.url


def test_a_link_has_what_was_changed_and_brings_it_back(phone: Page, host: str) -> None:
    address = f"{host}questions/iterations-per-epoch/"
    opened(phone, address)
    phone.fill("[name=num_samples]", "1e3")
    phone.check("[name=dataloader_drop_last]")
    until(phone, "16 updates in an epoch of 62 micro-batches.")
    assert phone.url == f"{address}#num_samples=1e3&dataloader_drop_last=true"
    link = phone.url
    phone.goto("about:blank")
    phone.goto(link)
    until(phone, "16 updates in an epoch of 62 micro-batches.")
    assert phone.input_value("[name=num_samples]") == "1e3"
    assert phone.is_visible(".calculator .outcome")  # the fold is open
    phone.click("text=Start again")
    until(phone, "15,625 updates")
    assert phone.url == address


def test_what_is_wrong_is_said_at_its_field(phone: Page, host: str) -> None:
    opened(phone, f"{host}questions/iterations-per-epoch/")
    phone.fill("[name=num_devices]", "0")
    until(phone, "num_devices must be from 1 to", ".calculator [role=alert]")
    field = phone.locator("[name=num_devices]")
    assert field.get_attribute("aria-invalid") == "true"
    ident = phone.locator(".calculator [role=alert]").get_attribute("id")
    assert field.get_attribute("aria-describedby") == ident
    assert field.locator("..").locator("[role=alert]").count() == 1
    assert phone.locator(".calculator.stale").count() == 1
    phone.fill("[name=num_devices]", "many")
    until(phone, "num_devices must be a whole number", ".calculator [role=alert]")
    phone.fill("[name=num_devices]", "2")
    until(phone, "7,813 updates")
    assert field.get_attribute("aria-invalid") is None
    assert phone.locator(".calculator.stale").count() == 0
    assert phone.text_content(".calculator [role=alert]") == ""
    until(phone, "7,813 updates in an epoch", ".calculator [role=status]")


def test_a_config_is_pasted_and_other_settings_are_taken(phone: Page, host: str) -> None:
    opened(phone, f"{host}will-it-fit/")
    phone.select_option("[name=model]", "pasted")
    until(phone, "config must be pasted", ".calculator [role=alert]")
    phone.fill("[name=config]", '{"model_type": ')
    until(phone, "config is no JSON", ".calculator [role=alert]")
    phone.fill("[name=config]", '{"model_type": "qwen3000", "hidden_size": 1024}')
    until(phone, 'config["model_type"] must be a type that is counted', ".calculator [role=alert]")
    phone.select_option("[name=model]", "qwen2.5-7b")
    phone.locator(".calculator summary", has_text="More settings").click()
    phone.fill("[name=training]", '{"no_such_setting": 1}')
    until(phone, "no_such_setting", ".calculator [role=alert]")
    for text, complaint in (
        ("5", "training must be names and values in braces"),
        ("[]", "training must be names and values in braces"),
        ('{"max_length": 1}', "training must not have 'max_length'"),
    ):
        phone.fill("[name=training]", text)
        until(phone, complaint, ".calculator [role=alert]")
    phone.fill("[name=training]", '{"weight_decay": 0.1}')
    phone.wait_for_selector(".calculator:not(.stale)")
    phone.locator(".calculator [data-aside] summary", has_text="In Python").click()
    assert '"weight_decay": 0.1' in phone.inner_text(".calculator pre >> nth=0")
    phone.fill("[name=max_length]", "1024")
    until(phone, '"max_length": 1024', ".calculator pre >> nth=0")
    assert phone.is_visible(".calculator pre >> nth=0")  # what is unfolded stays so


def test_home_leads_to_the_same_run_with_all_settings(phone: Page, host: str) -> None:
    opened(phone, host)
    phone.select_option("[name=method]", "qlora")
    phone.fill("[name=max_length]", "512")
    until(phone, "It fits")
    told = phone.inner_text(".calculator .outcome")
    phone.click("text=All settings")
    phone.wait_for_url("**/will-it-fit/#method=qlora&max_length=512")
    until(phone, told)


def test_a_loop_plays_and_leaks_by_keyboard(phone: Page, host: str) -> None:
    opened(phone, f"{host}questions/when-weights-update/")
    phone.select_option("[name=leftover]", "leak")
    until(phone, "After micro-batch 20 of 20: 4 updates")
    phone.focus("[data-play]")
    phone.keyboard.press("Enter")
    assert phone.inner_text("[data-play]") == "Pause"
    until(phone, "After micro-batch 2 of 20: 0 updates; the gradients of micro-batches 1 to 2")
    phone.keyboard.press("Enter")
    assert phone.inner_text("[data-play]") == "Play"
    stopped = phone.input_value("[name=micro_batch]")
    until(phone, f"After micro-batch {stopped} of 20", ".calculator [role=status]")
    phone.wait_for_timeout(800)
    assert phone.input_value("[name=micro_batch]") == stopped
    phone.focus("[name=micro_batch]")
    phone.keyboard.press("Home")
    for _ in range(11):
        phone.keyboard.press("ArrowRight")
    until(phone, "After micro-batch 11 of 20: 2 updates; the gradients of micro-batches 9 to 11")
    phone.keyboard.press("End")
    phone.fill("[name=num_train_epochs]", "3")
    until(phone, "After micro-batch 30 of 30")


def test_who_wants_no_motion_makes_each_step(phone: Page, host: str) -> None:
    phone.emulate_media(reduced_motion="reduce")
    opened(phone, f"{host}questions/when-weights-update/")
    assert phone.inner_text("[data-play]") == "Step"
    for number in (0, 1):
        phone.click("[data-play]")
        until(phone, f"After micro-batch {number} of 20")
    phone.wait_for_timeout(800)
    assert phone.input_value("[name=micro_batch]") == "1"


@pytest.mark.parametrize(
    ("field", "value", "marked"),
    [
        ("per_device_train_batch_size", "0", "per_device_train_batch_size"),
        ("max_length", "0", "max_length"),
        ("gradient_accumulation_steps", "0", "gradient_accumulation_steps"),
        ("mixed_precision", "fp16", "mixed_precision"),
        ("library", "torchtitan", "method"),
    ],
)
def test_a_setting_is_marked_by_its_own_name(
    field: str, value: str, marked: str, phone: Page, host: str
) -> None:
    opened(phone, f"{host}will-it-fit/#{field}={value}")
    phone.wait_for_selector(".calculator.stale")
    names = phone.evaluate("[...document.querySelectorAll('[aria-invalid]')].map((e) => e.name)")
    assert names == [marked]


def test_a_link_to_no_choice_shows_the_first_and_says_so(phone: Page, host: str) -> None:
    opened(phone, f"{host}will-it-fit/#model=nope&max_length=512")
    until(phone, "model has no choice “nope” here", ".calculator [role=alert]")
    assert phone.input_value("[name=model]") == "llama-3-8b"
    assert phone.input_value("[name=max_length]") == "512"
    assert phone.locator(".calculator.stale").count() == 0


def test_a_place_on_the_page_leaves_what_is_set_and_back_brings_it_back(
    phone: Page, host: str
) -> None:
    opened(phone, host)
    phone.evaluate("location.hash = 'the-eight-questions'")
    phone.fill(".calculator [name=max_length]", "4096")
    phone.wait_for_url("**/#max_length=4096")
    phone.evaluate("location.hash = 'where-to-start'")
    phone.wait_for_url("**/#max_length=4096")
    assert phone.input_value(".calculator [name=max_length]") == "4096"
    phone.go_back()
    phone.go_back()
    phone.wait_for_url(host)
    phone.wait_for_function("document.querySelector('[name=max_length]').value === '2,048'")


def test_a_calculator_is_not_below_the_header_and_copies_without_a_clipboard(
    phone: Page, host: str
) -> None:
    phone.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    opened(phone, f"{host}will-it-fit/#max_length=512")
    phone.wait_for_timeout(500)
    assert phone.evaluate("document.querySelector('.calculator').getBoundingClientRect().top") >= 48
    phone.click("text=Copy a link to this")
    until(phone, "Copied", ".calculator .tools")
    assert phone.locator("body > textarea, .tools textarea").count() == 0


def test_what_lora_adapts_is_named_as_the_family_has_it(phone: Page, host: str) -> None:
    opened(phone, f"{host}questions/lora-rank/#model=gpt2")
    until(phone, "c_attn", ".calculator table")


def test_calculators_work_from_a_disk(phone: Page, site: Path) -> None:
    opened(phone, (site / "questions" / "lora-rank" / "index.html").as_uri())
    phone.fill("[name=r]", "16")
    until(phone, "131,072 parameters")


def test_calculators_stand_without_scripts(browser: Browser, host: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{host}will-it-fit/")
    assert "It does not fit rtx-4090" in page.inner_text(".calculator .outcome")
    for pressed in (".tools", "[data-copy]"):
        assert not page.locator(f".calculator {pressed}").first.is_visible()
    context.close()


@pytest.mark.parametrize("name", CALCULATORS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_calculator_is_accessible(name: str, scheme: Any, browser: Browser, host: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport=PHONE, color_scheme=scheme)
    page = context.new_page()
    made = CALCULATORS[name]
    opened(page, f"{host}{made.page}/" if made.page else host)
    page.evaluate(
        "document.querySelectorAll('.calculator details').forEach((d) => (d.open = true))"
    )
    fresh = Axe().run(page, context=".calculator")
    assert fresh.violations_count == 0, fresh.generate_report()
    if made.fields[0].kind != "play":
        page.locator(".calculator [data-kind=int]:visible").first.fill("x")
        page.wait_for_selector(".calculator.stale")
        # What is greyed is out of date, and is no more to be read than that.
        rules = {"rules": {"color-contrast": {"enabled": False}}}
        stale = Axe().run(page, context=".calculator", options=rules)
        assert stale.violations_count == 0, stale.generate_report()
    assert page.evaluate(WIDE) == []
    context.close()
