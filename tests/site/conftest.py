"""The site and the browser, as every test of this folder uses them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT
from tests.site.html import Document
from tests.site.served import served, started_browser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

LAPTOP = {"width": 1280, "height": 900}


@dataclass(frozen=True)
class Site:
    """A built site and what the build said."""

    folder: Path
    status: int
    log: str

    @cached_property
    def files(self) -> dict[str, Path]:
        """Every file by its path on the site."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path for path in sorted(found)}

    @cached_property
    def documents(self) -> dict[str, Document]:
        """Every page, read."""
        pages = (name for name in self.files if name.endswith(".html"))
        return {name: Document.read(self.files[name]) for name in pages}

    @property
    def complaints(self) -> list[str]:
        """What the build warned of, or its last words if it failed without a warning."""
        said = [
            each.strip().splitlines() for each in re.split(r"^(?=[A-Z]+ +- )", self.log, flags=re.M)
        ]
        warned = [
            lines[0] if len(lines) == 1 else f"{lines[0]} ... {lines[-1]}"
            for lines in said
            if lines and lines[0].startswith(("WARNING", "ERROR"))
        ]
        return warned or (self.log.splitlines()[-20:] if self.status else [])


def build(folder: Path, root: Path = ROOT, builder: str = "mkdocs", **names: str) -> Site:
    """Build the site as everybody does; never quietly, which would hide what strict mode counts."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GUIDE_")}
    command = [sys.executable, "-m", builder, "build", "--strict", "--config-file", "mkdocs.yml"]
    done = subprocess.run(  # noqa: S603 - our own build
        [*command, "--site-dir", str(folder)],
        cwd=root,
        env=ours | names,
        capture_output=True,
        text=True,
        check=False,
    )
    return Site(folder, done.returncode, done.stdout + done.stderr)


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Build the site from the sources as they stand."""
    return build(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def built(first: Site) -> Site:
    """Give the built site; that it does not build is told once, by the test that says so."""
    if first.status:
        pytest.skip("the site does not build: see test_the_strict_build_succeeds")
    return first


@pytest.fixture(scope="session")
def site(built: Site) -> Path:
    """Give the folder of the built site."""
    return built.folder


# --- A browser ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with started_browser() as browser:
        yield browser


# The browser comes first: without one there is no need to build the site.
@pytest.fixture(scope="session")
def host(chromium: Browser, site: Path) -> Iterator[str]:
    with served(site) as address:
        yield address


@pytest.fixture(scope="session")
def contexts(chromium: Browser) -> dict[str, BrowserContext]:
    return {
        scheme: chromium.new_context(
            color_scheme=scheme,
            viewport=LAPTOP,
            permissions=["clipboard-read", "clipboard-write"],
        )
        for scheme in ("light", "dark")
    }


@pytest.fixture
def tab(contexts: dict[str, BrowserContext], host: str) -> Iterator[Page]:
    page = contexts["light"].new_page()
    yield page
    page.close()


@pytest.fixture(params=["light", "dark"])
def coloured_tab(
    request: pytest.FixtureRequest, contexts: dict[str, BrowserContext], host: str
) -> Iterator[Page]:
    page = contexts[request.param].new_page()
    yield page
    page.close()
