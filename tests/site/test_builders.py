"""The same sources give the same site: in another place, and from MkDocs's fork, as strictly."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from tests.pages.copies import lay_all
from tests.paths import ROOT
from tests.site.conftest import build
from tests.told import nothing

if TYPE_CHECKING:
    from tests.site.conftest import Site

_OTHERWISE = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "7"}
_NAMED = re.compile(rb'<meta name="generator" content="[^"]*">')


@pytest.mark.slow
def test_properdocs_builds_the_same_bytes_elsewhere_without_the_tests(
    built: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = tmp_path_factory.mktemp("ein Führer")
    lay_all(copy, ("dlp", "docs"))
    names = {"PYTHONPATH": os.pathsep.join([str(copy), str(copy / "docs")]), **_OTHERWISE}
    other = build(tmp_path_factory.mktemp("again"), copy, "properdocs", **names)
    nothing(other.complaints)
    assert other.status == 0
    nothing(
        (
            f"{name} differs between two builds of the same sources"
            for name in sorted({*built.files, *other.files})
            if _read(built, name) != _read(other, name)
        ),
        "Look for a date, a random number, the order of a set, a path or the locale.",
    )


def _read(site: Site, name: str) -> object:
    """Read a file without the name of what built it; of an archive, all that is in it."""
    if name not in site.files:
        return "no such file"
    if not name.endswith(".zip"):
        return _plain(site.files[name].read_bytes())
    with ZipFile(site.files[name]) as archive:
        return [
            (each.filename, each.date_time, each.external_attr, _plain(archive.read(each)))
            for each in archive.infolist()
        ]


def _plain(content: bytes) -> bytes:
    return _NAMED.sub(b"", content)


def test_who_publishes_is_told_that_the_theme_ends() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    hidden = re.findall(r"^.*NO_MKDOCS_2_WARNING.*$", makefile, re.M)
    assert hidden == ["serve: export NO_MKDOCS_2_WARNING := 1"]
    assert "## When the theme ends" in (ROOT / "CONTRIBUTING.md").read_text("utf-8")
