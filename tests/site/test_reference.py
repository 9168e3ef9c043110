"""The reference: its examples run as they are copied, and only what can be run can be copied."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from tests.formulas import api

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.site.conftest import Site

_BLOCK = re.compile(r"<pre><span></span><code>(.*?)</code></pre>", re.S)
# What the button leaves out, as docs/assets/guide.css says.
_NOT_COPIED = re.compile(r'<span class="g[po]">[^<]*</span>')


def copied(page: Path) -> list[str]:
    """Give the examples of a page as its buttons copy them: without prompts and results."""
    blocks = [each for each in _BLOCK.findall(page.read_text("utf-8")) if 'class="gp"' in each]
    return [unescape(re.sub(r"<[^>]+>", "", _NOT_COPIED.sub("", each))) for each in blocks]


def test_every_example_of_the_reference_runs_as_it_is_copied(built: Site) -> None:
    examples = [
        (module, code)
        for module in api.modules()
        for code in copied(built.folder / "reference" / module / "index.html")
    ]
    assert len(examples) > 90
    for module, code in examples:
        assert ">>>" not in code
        try:
            exec(code, {"__name__": "__main__"})  # noqa: S102 - our own examples
        except Exception as error:
            pytest.fail(f"dlp.{module}: {error!r} in\n{code}")


def test_every_public_name_stands_under_its_letter(built: Site) -> None:
    page = (built.folder / "reference" / "index.html").read_text("utf-8")
    _, index = page.split('id="every-name-by-its-letter"')
    for path in api.public():
        assert f'#{path}"' in index, path


@pytest.mark.browser
def test_a_button_copies_what_can_be_run(tab: Page, host: str) -> None:
    tab.goto(host + "reference/adapters/")
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
