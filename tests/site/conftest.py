"""The site, built twice at the same time for all tests."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT
from tests.site.html import Document

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Site:
    """A built site and what the build said."""

    folder: Path
    status: int
    log: str
    documents: dict[str, Document]


def build(folder: Path) -> Site:
    """Build the site as everybody does; never quietly, which would hide what strict mode counts."""
    done = subprocess.run(  # noqa: S603 - our own build
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("GUIDE_")},
        capture_output=True,
        text=True,
        check=False,
    )
    documents = {
        path.relative_to(folder).as_posix(): Document.read(path)
        for path in sorted(folder.rglob("*.html"))
    }
    return Site(folder, done.returncode, done.stdout + done.stderr, documents)


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Site]:
    """Build twice at once."""
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(build, [tmp_path_factory.mktemp("site") for _ in range(2)])
    return first, second


@pytest.fixture(scope="session")
def built(both: tuple[Site, Site]) -> Site:
    """Give the built site, read."""
    return both[0]


@pytest.fixture(scope="session")
def site(built: Site) -> Path:
    """Give the folder of the built site."""
    return built.folder
