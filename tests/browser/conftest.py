"""A page with the guide's translated Python in each browser."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from _guide.browser import bundle
from tests.browser import firefox
from tests.site.conftest import build
from tests.site.served import served, started_browser
from tests.told import lacking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser


class Tab(Protocol):
    """A tab of any browser."""

    def goto(self, address: str) -> Any:
        """Open an address."""

    def evaluate(self, expression: str) -> Any:
        """Evaluate an expression whose value JSON can carry."""


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Guide</title>
<meta http-equiv="Content-Security-Policy" content="script-src 'self'">
{scripts}</html>
"""


@contextmanager
def chromium() -> Iterator[Tab]:
    """Start a Chromium and give a tab."""
    with started_browser() as browser:
        yield browser.new_page()


@contextmanager
def installed_firefox() -> Iterator[Tab]:
    """Start a Firefox and give its tab."""
    if (program := firefox.program()) is None:
        lacking(f"none of {', '.join(firefox.PROGRAMS)} is on the path")
    with firefox.firefox(program) as tab:
        yield tab


STARTED = {"chromium": chromium, "firefox": installed_firefox}


@pytest.fixture(scope="session", params=list(STARTED))
def tab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """Open a page that allows no script but files, and has loaded all that is translated.

    Pages need not load what stands on the first script just once.
    """
    folder = tmp_path_factory.mktemp("page")
    (folder / "python.js").write_text(bundle.files()["python"][1], "utf-8")
    (folder / "whole.js").write_text(bundle.whole(), "utf-8")
    loaded = ["python", "whole", "python", "whole"]
    tags = "".join(f'<script src="{each}.js"></script>\n' for each in loaded)
    (folder / "index.html").write_text(PAGE.format(scripts=tags), "utf-8")
    with STARTED[request.param]() as opened, served(folder) as host:
        # From a disk first: a page there must not need a server.
        opened.goto((folder / "index.html").as_uri())
        assert opened.evaluate("typeof Guide.call") == "function"
        opened.goto(host)
        yield opened


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with started_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, once there is a browser to show it in."""
    return build(tmp_path_factory.mktemp("site")).folder


@pytest.fixture(scope="session")
def host(site: Path) -> Iterator[str]:
    with served(site) as address:
        yield address
