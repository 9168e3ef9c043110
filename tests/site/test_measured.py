"""Evidence that a reader sees what is there: no table and no code scrolls, no formula is cut.

A browser measures each of a question page, all folds open, on a phone's width and on a desktop's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pages import answers

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

WIDTHS = (390, 1280)
PAGES = ["", *(f"questions/{name}/" for name in answers.KEY), "cheat-sheet/", "will-it-fit/"]

# What is wider than its place, or ends where it is not seen: in a table the cells, the last ones
# among them, in a formula the formula.
CUT = """() => {
  const cut = [];
  for (const place of document.querySelectorAll("article :is(.table, .arithmatex, pre > code)")) {
    const box = place.getBoundingClientRect();
    const right = Math.min(innerWidth, place.matches("span") ? innerWidth : box.right) + 1;
    const held = [...place.querySelectorAll("th, td, math")].filter((each) =>
      each.checkVisibility() && !each.closest(".cards thead"));
    const scrolls = getComputedStyle(place).display !== "inline"
      && place.scrollWidth > place.clientWidth + 1;
    if (scrolls || held.some((each) => each.getBoundingClientRect().right > right))
      cut.push(place.innerText.replace(/\\s+/g, " ").slice(0, 80));
  }
  return cut;
}"""

OPEN = """() => {
  document.querySelectorAll("article details").forEach((fold) => { fold.open = true });
  document.querySelectorAll(".tabbed-block").forEach((tab) => { tab.style.display = "block" });
}"""

# By a script: the pages' policy allows no style within a page.
STYLE = """(css) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets.push(sheet);
}"""

COUNT = "all => all.filter((each) => each.checkVisibility()).length"


def cut(tab: Page) -> list[str]:
    """Open all folds, and say what of the tables, formulas and code is cut."""
    tab.evaluate(OPEN)
    tab.evaluate("document.fonts.ready")
    tab.wait_for_timeout(100)  # for the layout
    found: list[str] = tab.evaluate(CUT)
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("address", PAGES)
def test_no_table_or_code_scrolls_and_no_formula_is_cut(
    address: str, width: int, tab: Page, host: str
) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(host + address)
    assert not cut(tab)
    shown = tab.locator("article :is(.table, .arithmatex, pre > code)").evaluate_all(COUNT)
    assert shown, "nothing was measured"


def test_what_is_cut_is_seen(tab: Page, host: str) -> None:
    tab.set_viewport_size({"width": 390, "height": 900})
    tab.goto(host + PAGES[1])
    tab.evaluate(STYLE, "td { min-width: 12em !important } math { width: 60em !important }")
    tab.evaluate(STYLE, "article pre > code { font-size: 20px !important }")
    found = cut(tab)
    assert [each for each in found if "Accumulation steps" in each]
    assert [each for each in found if "M" in each and "15,625" in each]
    assert [each for each in found if "from dlp import updates_per_epoch" in each]


def test_paper_cuts_nothing_of_the_cheat_sheet(tab: Page, host: str) -> None:
    tab.set_viewport_size({"width": 703, "height": 1047})  # A4 within its margins
    tab.emulate_media(media="print")
    tab.goto(host + "cheat-sheet/")
    assert not cut(tab)
    boxes = tab.locator("article table").evaluate_all(
        "all => all.map((each) => each.getBoundingClientRect().toJSON())"
    )
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            beside = one["right"] <= other["left"] or other["right"] <= one["left"]
            assert beside or one["bottom"] <= other["top"], "two tables overlap"
