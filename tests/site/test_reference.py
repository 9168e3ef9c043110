"""The reference in a browser: only what can be run can be copied, and nothing moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page


def all_seen(tab: Page) -> None:
    """Open all but the sources on a screen without end: blocks get their buttons when seen."""
    tab.set_viewport_size({"width": 1280, "height": 60_000})
    tab.evaluate(
        "document.querySelectorAll('details:not(.mkdocstrings-source)').forEach((each) => {"
        " each.open = true })"
    )
    tab.locator("article button[data-md-type=copy]").first.wait_for()
    tab.wait_for_timeout(300)


@pytest.mark.browser
def test_a_button_copies_what_can_be_run(tab: Page, host: str) -> None:
    tab.goto(host + "reference/adapters/")
    all_seen(tab)
    shown = tab.locator("article pre:has(button[data-md-type=copy])")
    examples = tab.locator("article pre:has(.gp)")
    assert shown.count() == examples.count() > 0
    first = examples.first
    first.hover()
    first.locator("button[data-md-type=copy]").click()
    tab.locator(".md-dialog--active").wait_for()
    lines = tab.evaluate("navigator.clipboard.readText()").split("\n")
    assert lines[0] == "from dlp import lora_parameters"
    assert lines[1].startswith("lora_parameters(")
    assert not "".join(lines[2:]).strip()


@pytest.mark.browser
@pytest.mark.parametrize("address", ["", "command/", "will-it-fit/", "questions/lora-rank/"])
def test_nothing_else_has_a_button(address: str, tab: Page, host: str) -> None:
    tab.goto(host + address)
    all_seen(tab)
    kinds = "all => all.map((each) => each.closest('.highlight').className.split(' ')[0])"
    copied = tab.locator("article pre:has(button[data-md-type=copy])").evaluate_all(kinds)
    assert set(copied) <= {"language-sh", "language-python"}
    runs = tab.locator("article :is(.language-sh, .language-python) > pre:visible")
    assert len(copied) == runs.count() > 0


LARGE = ("reference/memory/", "reference/compute/", "questions/context-length/")


def moved(tab: Page, address: str) -> float:
    """Load a page and return how far its parts move meanwhile, as browsers measure it."""
    tab.add_init_script(
        "window.moved = 0; new PerformanceObserver((list) => {"
        " for (const each of list.getEntries()) window.moved += each.value"
        "}).observe({ type: 'layout-shift', buffered: true })"
    )
    tab.goto(address)
    tab.wait_for_timeout(500)
    return float(tab.evaluate("window.moved"))


@pytest.mark.browser
@pytest.mark.parametrize("address", LARGE)
def test_nothing_moves_while_a_page_loads(address: str, tab: Page, host: str) -> None:
    assert moved(tab, host + address) < 0.01
