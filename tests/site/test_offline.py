"""The whole site in one file works from a disk: its links, its practice, and its search."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from zipfile import ZipFile

import pytest

from _guide.engine import offline
from tests.browser import firefox
from tests.site.html import Document
from tests.told import lacking, nothing

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.site.conftest import Site

FOLDER = "dlp-study-guide"


@pytest.fixture(scope="module")
def disk(built: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the file, as a reader does."""
    folder = tmp_path_factory.mktemp("a disk")
    with ZipFile(built.files[offline.NAME]) as archive:
        archive.extractall(folder)
    assert [each.name for each in folder.iterdir()] == [FOLDER]
    return folder / FOLDER


def test_it_holds_what_readers_and_programs_need(built: Site, disk: Path) -> None:
    held = {path.relative_to(disk).as_posix() for path in disk.rglob("*") if path.is_file()}
    pages = {name for name in built.files if name.endswith((".html", ".md"))} - {"404.html"}
    assert pages <= held
    assert {"assets/guide.js", "llms.txt", "conformance.json"} <= held
    assert not [name for name in held if name.endswith((".zip", ".gz", "sitemap.xml"))]
    assert built.files[offline.NAME].stat().st_size < 3_500_000


def test_its_links_name_files(disk: Path) -> None:
    for path in disk.rglob("*.html"):
        document = Document.read(path)
        for link in [*document.links, *document.loaded]:
            target = urljoin(path.as_uri(), urldefrag(link).url)
            if target.startswith("file:"):
                named = unquote(urlsplit(target).path)
                assert disk.joinpath(named).is_file(), f"{path.relative_to(disk)}: {link}"


def test_a_page_says_how_to_get_it_and_one_of_its_own_does_not(built: Site, disk: Path) -> None:
    for name in built.documents:
        assert built.documents[name].links.count(offline.NAME) <= 1
        assert f'{offline.NAME}"' in built.files[name].read_text("utf-8"), name
    nothing(
        path.name for path in disk.rglob("*.html") if f'{offline.NAME}"' in path.read_text("utf-8")
    )


# --- In browsers ----------------------------------------------------------------------------

RESULTS = "[...document.querySelectorAll('.md-search-result__link')].map((a) => a.href)"


@pytest.mark.browser
def test_chromium_searches_and_practises_from_a_disk(chromium: Browser, disk: Path) -> None:
    page = chromium.new_page()
    told: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("console", lambda message: told.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((disk / "questions" / "lora-rank" / "index.html").as_uri())
    page.locator("[data-practice=own] button:text-is('True')").click()
    page.locator(".answering > input").fill("65,536")
    page.keyboard.press("Enter")
    page.locator(".verdict:not(:empty)").wait_for()
    assert page.locator(".verdict").inner_text().startswith("Right.")
    page.locator(".md-search__input").click()
    page.keyboard.type("14,336")
    page.locator(".md-search-result__link").first.wait_for()
    link = page.locator(".md-search-result__link[href*='classification-head']").first
    link.click()
    page.wait_for_url("**/questions/classification-head/index.html*")
    page.goto((disk / "practice" / "index.html").as_uri())
    page.locator("article a[href*='memory-to-load']").first.click()
    page.wait_for_url("**/practice/memory-to-load/index.html*")
    assert page.evaluate("document.fonts.ready.then((all) => [...all].map((each) => each.status))")
    nothing(each for each in asked if not each.startswith(("file:", "data:", "blob:")))
    nothing(told)
    page.close()


@pytest.mark.browser
def test_firefox_searches_from_a_disk(disk: Path) -> None:
    if (program := firefox.program()) is None:
        lacking(f"none of {', '.join(firefox.PROGRAMS)} is on the path")
    with firefox.firefox(program) as tab:
        tab.goto((disk / "index.html").as_uri())
        tab.evaluate("document.getElementById('__search').click() ?? 0")
        search = "document.querySelector('.md-search__input')"
        tab.evaluate(f"{search}.value = '14,336'")
        tab.evaluate(f"{search}.dispatchEvent(new KeyboardEvent('keyup', {{bubbles: true}}))")
        assert waited_for(tab, f"{RESULTS}.find((each) => each.includes('classification-head'))")
        tab.evaluate("document.querySelector('.md-search-result__link').click() ?? 0")
        assert waited_for(tab, "location.href.includes('index.html?h=')")


def waited_for(tab: firefox.Tab, expression: str) -> Any:
    """Wait until an expression is true, half a minute at most."""
    end = time.monotonic() + 30
    while not (value := tab.evaluate(f"{expression} ?? 0")) and time.monotonic() < end:
        time.sleep(0.2)
    return value
