"""Evidence that the built guide works in a browser: an installed Chromium reads every page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.paths import PAGES
from tests.site.served import PHONE, TOO_WIDE, ZOOMED
from tests.site.test_measured import STYLE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

RULES = {
    "light": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
    "dark": ["cat.color"],  # only the colours differ
}
RESULTS = ["violations", "incomplete"]

ADDRESSES = [re.sub(r"(index)?\.md$", "/", page).replace("//", "/").lstrip("/") for page in PAGES]
ADDRESSES.append("404.html")
QUESTIONS = [address for address in ADDRESSES if address.startswith("questions/")]
QUESTION = "questions/classification-head/"

IS_DARK = "matchMedia('(prefers-color-scheme: dark)').matches"

# Folded source code goes: axe would look at each of its thousands of coloured words.
OPEN_ALL = """() => {
  document.querySelectorAll(".mkdocstrings-source > .highlight").forEach((e) => e.remove());
  document.querySelectorAll("details").forEach((e) => { e.open = true });
}"""


@pytest.mark.parametrize("address", ADDRESSES)
def test_page_is_quiet_accessible_and_fits(address: str, coloured_tab: Page, host: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    requests: list[str] = []
    complaints: list[str] = []
    coloured_tab.on("request", lambda request: requests.append(request.url))
    coloured_tab.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    coloured_tab.on("pageerror", lambda error: complaints.append(str(error)))
    coloured_tab.goto(host + address)
    coloured_tab.evaluate(OPEN_ALL)

    scheme = "dark" if coloured_tab.evaluate(IS_DARK) else "light"
    options = {"runOnly": RULES[scheme], "resultTypes": RESULTS, "preload": False}
    response = Axe().run(coloured_tab, options=options).response
    found = response["violations"]
    assert not [
        f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]
    blind = [
        node["html"][:200]
        for rule in response["incomplete"]
        for node in rule["nodes"]
        if "bgGradient" in str(node["any"])
    ]
    assert not blind, "axe cannot see what stands on a gradient"
    assert not [complaint for complaint in complaints if complaint.startswith(("error", "warn"))]
    assert not [url for url in requests if not url.startswith(host)], "asks another host"
    assert not [url for url in requests if "search_index" in url], "search before it is opened"

    for size in (ZOOMED, PHONE):
        coloured_tab.set_viewport_size(size)
        width = coloured_tab.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], f"{width} pixels wide on {size['width']}"
        assert not coloured_tab.evaluate(TOO_WIDE)


@pytest.mark.parametrize("address", QUESTIONS)
def test_question_fits_a_phones_first_screen(address: str, tab: Page, host: str) -> None:
    tab.set_viewport_size(PHONE)
    tab.goto(host + address)
    summary = tab.locator("article details > summary").first
    assert bottom(summary) <= PHONE["height"]
    summary.click()
    assert bottom(tab.locator(".answer strong").first) <= PHONE["height"]
    assert tab.evaluate("scrollY") == 0


@pytest.mark.parametrize("address", QUESTIONS)
def test_paper_shows_the_folded_answer_and_every_tab(address: str, tab: Page, host: str) -> None:
    tab.goto(host + address)
    tab.emulate_media(media="print")
    assert tab.locator("details .answer").is_visible()
    for part in tab.locator(".tabbed-block, .tabbed-labels > label").all():
        assert part.is_visible()
    for part in tab.locator(".md-header, .md-footer, .md-sidebar").all():
        assert not part.is_visible()


def test_nothing_to_be_typed_is_printed(tab: Page, host: str) -> None:
    tab.goto(host + "questions/head-only-tuning/")
    tab.emulate_media(media="print")
    for part in tab.locator("form").all():
        assert not part.is_visible()


def test_printing_opens_the_answer_and_folds_it_again(tab: Page, host: str) -> None:
    tab.goto(host + QUESTION)
    tab.evaluate(
        "() => { addEventListener('beforeprint', () => {"
        " window.printed = document.querySelectorAll('details:not([open])').length }) }"
    )
    tab.pdf()
    assert tab.evaluate("window.printed") == 0
    assert tab.locator("details:not([open])").count() > 0


def test_cheat_sheet_takes_one_sheet_of_paper(tab: Page, host: str) -> None:
    tab.goto(host + "cheat-sheet/")
    paper = tab.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("lora", r"reference/adapters/[^#]*#dlp\.adapters\.lora_parameters"),
        ("kv_cache", r"reference/cache/[^#]*#dlp\.cache\.kv_cache_bytes"),
        ("14336", r"(questions/classification-head|corrections)/"),
        ("14,336", r"(questions/classification-head|corrections)/"),
        ("15625", r"questions/iterations-per-epoch/"),
    ],
)
def test_search_finds(words: str, target: str, tab: Page, host: str) -> None:
    tab.goto(host)
    tab.locator(".md-search__input").click()
    tab.keyboard.type(words)
    tab.locator(".md-search-result__link").first.wait_for()
    links = tab.locator(".md-search-result__link").evaluate_all("all => all.map((a) => a.href)")
    assert [link for link in links if re.search(target, link)], links


def test_found_words_are_marked_on_the_page(tab: Page, host: str) -> None:
    tab.goto(f"{host}{QUESTION}?h=labels")
    tab.locator("article mark").first.wait_for()


def test_keyboard_reaches_search_navigation_and_answer(tab: Page, host: str) -> None:
    tab.goto(host + QUESTION)
    missing = {
        "the way past the navigation": ".md-skip",
        "search": ".md-search__input",
        "navigation": ".md-nav--primary a",
        "answer": "article summary",
    }
    for _ in range(80):
        tab.keyboard.press("Tab")
        focused = tab.evaluate_handle("document.activeElement")
        for name, selector in list(missing.items()):
            if focused.evaluate("(element, selector) => element.matches(selector)", selector):
                assert (
                    focused.evaluate("element => getComputedStyle(element).outlineWidth") != "0px"
                )
                del missing[name]
        if "answer" not in missing:
            break
    assert not missing
    assert not tab.locator(".answer").is_visible()
    tab.keyboard.press("Enter")
    assert tab.locator(".answer").is_visible()


def test_a_closed_drawer_is_no_stop_for_the_keyboard_and_opens_by_it(tab: Page, host: str) -> None:
    tab.set_viewport_size(PHONE)
    tab.goto(host + QUESTION)
    in_drawer = "document.activeElement.closest('.md-sidebar--primary') !== null"
    stops = []
    for _ in range(12):
        tab.keyboard.press("Tab")
        assert not tab.evaluate(in_drawer)
        stops.append(tab.evaluate("document.activeElement.getAttribute('for')"))
    assert "__drawer" in stops
    tab.goto(host)  # a new page: the search took the focus, and opened
    tab.focus(".md-header [for=__drawer]")
    tab.keyboard.press("Enter")
    assert tab.get_attribute(".md-header [for=__drawer]", "aria-expanded") == "true"
    assert tab.evaluate(in_drawer)
    tab.focus(".md-header [for=__drawer]")
    tab.keyboard.press("Space")
    assert tab.get_attribute(".md-header [for=__drawer]", "aria-expanded") == "false"


def test_the_keyboard_reaches_what_a_term_means(tab: Page, host: str) -> None:
    tab.goto(host + QUESTION)
    tab.locator("article summary").first.click()
    terms = tab.locator("article abbr")
    assert terms.count() > 0
    assert terms.evaluate_all("all => all.every((term) => term.tabIndex === 0)")
    terms.locator("visible=true").last.focus()
    tooltip = tab.locator(".md-tooltip2--active")
    tooltip.wait_for()
    assert len(tooltip.inner_text()) > len("a definition")


def test_what_scrolls_sideways_can_be_scrolled_by_keyboard(tab: Page, host: str) -> None:
    tab.set_viewport_size(PHONE)
    tab.goto(host + QUESTION)
    tab.locator("article summary").first.click()
    tab.locator(".tabbed-labels > label").nth(1).click()
    tab.evaluate(STYLE, "article pre > code { font-size: 20px !important }")
    tab.wait_for_timeout(100)  # the script measures after the layout
    stops = tab.locator(":is(.table, div.arithmatex, pre > code):visible").evaluate_all(
        "all => all.map((e) => [e.scrollWidth > e.clientWidth, e.tabIndex === 0])"
    )
    assert [True, True] in stops
    assert not [stop for stop in stops if stop[0] != stop[1]]


def test_copy_button_copies_the_code_that_is_shown(tab: Page, host: str) -> None:
    tab.goto(host + QUESTION)
    tab.locator("article summary").first.click()
    tab.locator("article .tabbed-labels label").first.click()  # the theme remembers the last choice
    block = tab.locator("article pre:visible").first
    block.hover()
    block.locator("button[data-md-type=copy]").click()
    tab.locator(".md-dialog--active").wait_for()
    copied = tab.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == block.locator("code").inner_text().strip()
    assert copied.startswith("from dlp import")


def test_answer_and_tabs_work_without_javascript(chromium: Browser, host: str) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport=PHONE)
    tab = context.new_page()
    tab.goto(host + QUESTION)
    assert not tab.locator(".answer").is_visible()
    tab.locator("article summary").first.click()
    assert tab.locator(".answer").is_visible()
    second = tab.locator(".tabbed-block").nth(1)
    assert not second.is_visible()
    tab.locator(".tabbed-labels > label").nth(1).click()
    assert second.is_visible()
    context.close()


def test_colours_follow_the_system_and_the_readers_choice(coloured_tab: Page, host: str) -> None:
    coloured_tab.goto(host)
    body = coloured_tab.locator("body")
    system = body.get_attribute("data-md-color-scheme")
    assert system == ("slate" if coloured_tab.evaluate(IS_DARK) else "default")
    seen = []
    for _ in range(3):
        coloured_tab.locator("label.md-header__button:visible[for^=__palette]").click()
        seen.append(body.get_attribute("data-md-color-scheme"))
    assert seen == ["default", "slate", system]


def test_missing_page_leads_to_every_question(tab: Page, host: str) -> None:
    tab.goto(host + "404.html")
    links = tab.locator("article a").evaluate_all("all => all.map((a) => a.getAttribute('href'))")
    assert {f"/{address}" for address in QUESTIONS} < set(links)


def bottom(locator: Any) -> float:
    """Return where an element ends, in pixels from the top of the window."""
    box = locator.bounding_box()
    assert box, "the element is not shown"
    return float(box["y"] + box["height"])
