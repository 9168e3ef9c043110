"""Evidence that the wall of errata narrows down, by hand, by keyboard and by its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from _guide.errata import errata

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CORRECTIONS = "corrections/"
ALL = len(errata())
OF_SHAPE = sum(rows[0].kind == "shape" for rows in errata())


def shown(tab: Page) -> int:
    """Count the cards that are seen, and see that the page says so."""
    cards: int = tab.locator(".erratum:visible").count()
    assert tab.get_by_role("status").inner_text() == f"{cards} of {ALL} shown."
    return cards


def test_without_scripts_every_erratum_is_there(chromium: Browser, host: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{host}{CORRECTIONS}#e6")
    assert tab.locator(".erratum:visible").count() == ALL
    assert not tab.locator(".narrowing").is_visible()
    assert tab.locator("#e6").is_visible()
    context.close()


def test_what_is_chosen_is_shown_counted_and_in_the_address(tab: Page, host: str) -> None:
    tab.goto(host + CORRECTIONS)
    assert shown(tab) == ALL
    again = tab.get_by_role("button", name="Show all")
    assert not again.is_visible()
    tab.get_by_text("another model's shape").first.click()
    assert shown(tab) == OF_SHAPE
    tab.get_by_label("About").select_option("KV cache")
    tab.get_by_label("Words").fill("Qwen3 head")
    assert shown(tab) == 1
    assert tab.url.endswith("#kind=shape&about=KV+cache&words=Qwen3+head")

    tab.reload()
    assert shown(tab) == 1
    assert tab.get_by_label("Words").input_value() == "Qwen3 head"
    again.click()
    assert shown(tab) == ALL
    assert tab.url == host + CORRECTIONS
    tab.get_by_label("Words").fill("no such words")
    assert shown(tab) == 0


def test_an_address_that_makes_no_sense_shows_all(tab: Page, host: str) -> None:
    tab.goto(f"{host}{CORRECTIONS}#kind=none&about=none")
    assert shown(tab) == ALL


def test_the_keyboard_narrows_the_wall(tab: Page, host: str) -> None:
    tab.goto(host + CORRECTIONS)
    tab.get_by_label("all (").focus()
    ring = tab.locator("fieldset label:has(:focus)")
    for _ in range(4):
        tab.keyboard.press("ArrowRight")
        assert ring.evaluate("label => getComputedStyle(label).outlineStyle") == "solid"
    assert "kind=shape" in tab.url
    assert shown(tab) == OF_SHAPE
    tab.keyboard.press("Tab")
    tab.keyboard.press("Tab")
    tab.keyboard.type("GPT-2")
    tab.keyboard.press("Enter")  # sends nothing and leads nowhere
    tab.wait_for_url(lambda address: "words=GPT-2" in address)
    assert 0 < shown(tab) < OF_SHAPE


@pytest.mark.parametrize("before", ["", "#kind=unit"])
def test_an_address_of_its_own_opens_an_erratum(before: str, tab: Page, host: str) -> None:
    tab.goto(f"{host}{CORRECTIONS}{before}")
    tab.goto(f"{host}{CORRECTIONS}#e6")
    card = tab.locator(".erratum:has(#e6)")
    assert card.locator(".sums").first.is_visible()
    assert card.evaluate("card => getComputedStyle(card).boxShadow") != "none"
    assert tab.locator("#e6").evaluate("title => title.getBoundingClientRect().top") < 200
    assert shown(tab) == ALL
    assert tab.locator(".erratum .proof[open]").count() == 1


def test_a_title_has_the_address(tab: Page, host: str) -> None:
    tab.goto(host + CORRECTIONS)
    tab.locator("#e8 .headerlink").click()
    assert tab.url.endswith("#e8")
    assert tab.locator(".erratum:has(#e8) .sums").first.is_visible()


def test_paper_has_every_erratum(tab: Page, host: str) -> None:
    tab.goto(f"{host}{CORRECTIONS}#kind=unit")
    assert shown(tab) < ALL
    tab.emulate_media(media="print")
    assert tab.locator(".erratum:visible").count() == ALL
    assert tab.locator(".erratum .sums:visible").count() >= ALL
    assert not tab.locator(".narrowing").is_visible()
