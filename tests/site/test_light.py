"""Evidence that pages are light: one style sheet that lacks nothing, and few bytes of a visit."""

from __future__ import annotations

import contextlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import mkdocstrings_handlers.python
import pytest
from mkdocs.config import load_config

from _guide import calculators
from _guide.engine.light import SHEET, standing, style_sheet
from tests.bench import FIRST_VISIT, compressed
from tests.paths import ROOT
from tests.site.reckoned import FETCHED, fetched
from tests.told import nothing

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.site.conftest import Site

PAGE = '<p class="a b" id="c" data-md-color-primary="indigo">'
SCRIPT = "e.className = `tab--${side} d`; read('--read')"
KEPT = {
    ":is(.gone, summary) > b{a:b}.gone:is(.lost, .gone){c:d}": ":is(.gone,summary) > b{a:b}",
    ".a{x:1}": ".a{x:1}",
    ".z{x:1}": "",
    ".a .z{x:1}": "",
    ".z,.b:hover , #c > p{x:1}": ".b:hover,#c > p{x:1}",
    ":is(.z, .a) p, .d{x:1}": ":is(.z,.a) p,.d{x:1}",
    ".a:not(.z){x:1}": ".a:not(.z){x:1}",
    ".tab--left{x:1} .tab{x:1}": ".tab--left{x:1}",
    "p,[href]{x:1}": "p,[href]{x:1}",
    "[dir=rtl] .a{x:1}[dir=ltr] .a{x:1}": "[dir=ltr] .a{x:1}",
    "[data-md-color-primary=red]{x:1}": "",
    "[data-md-color-primary=indigo]{x:1}": "[data-md-color-primary=indigo]{x:1}",
    "[data-md-color-switching] *{x:1}": "",
    "table:not([class]) td{x:1}": "",
    "@media print { .a { x : 1; } .z { x:1 } }": "@media print{.a{x :1}}",
    "@media print { .z { x:1 } }": "",
    "@font-face { src: url('a  b') }": "@font-face{src:url('a  b')}",
    '.a::after { content: ", ; {" } /* } */': '.a::after{content:", ; {"}',
    "@keyframes k{0%{x:1}to{x:2}}": "@keyframes k{0%{x:1}to{x:2}}",
    ":root{--gone:url('a;b');--read:1;--used:2}.a{x:var(--used)}": (
        ":root{--read:1;--used:2}.a{x:var(--used)}"
    ),
}


@pytest.mark.parametrize("written", KEPT)
def test_what_no_page_uses_is_left_out(written: str) -> None:
    assert style_sheet([written], [PAGE], [SCRIPT]) == KEPT[written]


def test_each_table_stands_in_a_place_of_its_own() -> None:
    ours = '<div class="table cards" tabindex="0">\n<table>1</table></div>'
    code = '<table class="highlighttable">3</table>'
    assert standing(f"{ours}<p></p><table>2</table>{code}") == (
        '<div class="table cards" tabindex="0">\n<table class="plain">1</table></div><p></p>'
        f'<div class="table"><table class="plain">2</table></div>{code}'
    )


def test_one_style_sheet_dresses_every_page(built: Site) -> None:
    assert [name for name in built.files if name.endswith(".css")] == [SHEET]
    linked = re.compile(r'rel="stylesheet" href="[^"]*?/?([^"/]+/[^"/]+)"')
    for name, path in built.files.items():
        if name.endswith(".html"):
            assert linked.findall(path.read_text("utf-8")) == [SHEET], name


def test_a_first_visit_is_small(built: Site) -> None:
    """Count what a page names; what its scripts ask for as well is counted by `make bench`."""
    size = cache(compressed)
    named = re.compile(r'(?:href|src)="[^"]*?(assets/[^"]+\.(?:css|js|woff2|svg))"')
    found = {}
    for name in filter(lambda name: name.endswith(".html"), built.files):
        page = built.files[name]
        files = {built.files[each] for each in named.findall(page.read_text("utf-8"))}
        found[name] = sum(map(size, (page, *files)))
    nothing(f"{name}: {bytes_}" for name, bytes_ in found.items() if bytes_ > FIRST_VISIT)


@pytest.mark.parametrize("name", calculators.CALCULATORS)
def test_a_calculator_asks_for_little_at_the_first_touch(name: str, built: Site) -> None:
    assert fetched(built.folder, calculators.CALCULATORS[name].page) <= FETCHED


# --- In a browser: as if nothing had been left out ----------------------------------------------

STILL = "*, ::before, ::after { transition: none !important; animation: none !important }"
DRESSED = """() => [...document.querySelectorAll("body, body *")].map((element) => {
  let sum = 0;
  for (const part of ["", "::before", "::after", "::placeholder", "::marker"]) {
    const style = getComputedStyle(element, part);
    for (const name of style) {
      if (name.startsWith("--")) continue; // what a rule reads shows where it is read
      const text = name + style.getPropertyValue(name);
      for (let at = 0; at < text.length; at++) sum = (sum * 31 + text.charCodeAt(at)) | 0;
    }
  }
  return `${element.outerHTML.slice(0, 100)} ${sum}`;
})"""

REDRESS = """() => new Promise((done) => {
  const link = document.querySelector("link[rel=stylesheet]");
  link.addEventListener("load", () => {
    document.fonts.ready.then(() => requestAnimationFrame(() => requestAnimationFrame(done)));
  }, { once: true });
  link.href = `${link.href.split("?")[0]}?${performance.now()}`;
})"""


def everything() -> str:
    """Give all the style sheets as they were written."""
    config = load_config(str(ROOT / "mkdocs.yml"))
    theme = next(Path(config.theme.dirs[1]).glob("assets/stylesheets"))
    reference = Path(mkdocstrings_handlers.python.__path__[0], "templates/material/style.css")
    ours = [ROOT / "docs" / name for name in config.extra_css]
    sheets = [*sorted(theme.glob("*.css")), reference, *ours]
    text = "\n".join(path.read_text("utf-8") for path in sheets)
    return text.replace("table:not([class])", "table.plain")


def unfold(tab: Page) -> None:
    """Open a page's folds, its search and its navigation."""
    from playwright.sync_api import TimeoutError as TooLate

    tab.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true })")
    tab.evaluate("document.querySelector('[data-md-toggle=drawer]').click()")
    tab.evaluate("document.querySelector('[data-md-toggle=search]').click()")
    # On a busy machine the first letters can come before the index.
    found = tab.locator(".md-search-result__link").first
    for word in ("lora", "lora r", "lora ra"):
        tab.locator(".md-search__input").fill(word)
        with contextlib.suppress(TooLate):
            found.wait_for(state="attached", timeout=15_000)
            break
    found.wait_for(state="attached")
    tab.wait_for_timeout(500)


def dressed(tab: Page, sheet: str) -> list[str]:
    """Give every element of the open page as it looks in a style sheet."""
    body = sheet + STILL
    tab.route(f"**/{SHEET}?*", lambda route: route.fulfill(body=body, content_type="text/css"))
    tab.evaluate(REDRESS)
    tab.unroute(f"**/{SHEET}?*")
    return list(tab.evaluate(DRESSED))


@pytest.mark.browser
@pytest.mark.parametrize(
    ("page", "width"),
    [
        ("", 390),
        ("questions/memory-to-load/", 1280),
        ("practice/when-weights-update/", 390),
        ("cheat-sheet/", 1280),
    ],
)
def test_nothing_looks_different_for_what_is_left_out(
    page: str, width: int, tab: Page, host: str, built: Site
) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(host + page)
    unfold(tab)
    light = dressed(tab, built.files[SHEET].read_text("utf-8"))
    heavy = dressed(tab, everything())
    assert len(light) == len(heavy)
    nothing(one for one, other in zip(light, heavy, strict=True) if one != other)
