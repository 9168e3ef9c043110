"""The fork of MkDocs that is still looked after builds the same site, as strictly."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING

from tests.paths import ROOT
from tests.site.conftest import build
from tests.told import lacking, nothing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.site.conftest import Site

_NAMED = re.compile(rb'<meta name="generator" content="[^"]*">')


def test_properdocs_builds_the_same_site(built: Site, tmp_path: Path) -> None:
    if not find_spec("properdocs"):
        lacking("properdocs is not installed: `make tools` installs it")
    other = build(tmp_path, builder="properdocs")
    nothing(other.complaints)
    assert other.status == 0
    assert set(other.files) == set(built.files)
    nothing(
        f"{name} differs"
        for name in built.files
        if not name.endswith(".zip")  # which holds the pages with the name of their builder
        and plain(built.files[name]) != plain(other.files[name])
    )


def plain(path: Path) -> bytes:
    """Read a file without the name of what built it."""
    return _NAMED.sub(b"", path.read_bytes())


def test_who_publishes_is_told_that_the_theme_ends() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    hidden = re.findall(r"^.*NO_MKDOCS_2_WARNING.*$", makefile, re.M)
    assert hidden == ["serve: export NO_MKDOCS_2_WARNING := 1"]
    assert "## When the theme ends" in (ROOT / "CONTRIBUTING.md").read_text("utf-8")
