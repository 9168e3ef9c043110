"""The changelog is a page and a feed, and each page says which version it is of."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from _guide.engine import changes
from tests.paths import ROOT
from tests.site.test_site import HERE
from tests.test_gate import PROJECT

if TYPE_CHECKING:
    from tests.site.conftest import Site

VERSION = PROJECT["project"]["version"]
_ATOM = {"": "http://www.w3.org/2005/Atom"}
TITLES = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)


def test_the_changelog_has_this_version_and_a_date_for_each() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = re.findall(r"^## (\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$", text, re.M)
    assert [title for title in TITLES if title != "Unreleased"] == [name for name, _ in released]
    assert released[0][0] == VERSION == changes.version()
    assert released == sorted(released, key=lambda each: each[1], reverse=True)


def test_every_page_says_its_version_and_leads_to_what_is_new(built: Site) -> None:
    for name in built.documents:
        footer = built.files[name].read_text("utf-8").partition('<footer class="md-footer">')[2]
        assert re.search(rf'<a href="[./]*(?:changelog/)?">Version {VERSION}</a>', footer), name


def test_the_feed_has_every_version_where_the_page_has_it(built: Site) -> None:
    feed = ET.parse(built.files["feed.xml"]).getroot()  # noqa: S314 - our own
    page = built.documents["changelog/index.html"]
    entries = feed.findall("entry", _ATOM)
    assert [entry.findtext("title", None, _ATOM) for entry in entries] == TITLES
    for entry in entries:
        address = entry.findtext("id", "", _ATOM)
        assert address.startswith(f"{HERE}changelog/#")
        assert page.ids[address.partition("#")[2]] == 1, address
        content = re.sub(r"<[^>]+>", "", entry.findtext("content", "", _ATOM))
        assert len(content.split()) > 10
        assert " ".join(content.split())[:60] in page.text.replace("¶", "")
    for each in [feed, *entries]:
        updated = datetime.fromisoformat(each.findtext("updated", "", _ATOM))
        assert updated.tzinfo is not None
    for name in built.documents:
        assert '/feed.xml"' in built.files[name].read_text("utf-8").replace('"feed', '"/feed'), name


def test_an_entry_is_as_new_as_its_version() -> None:
    feed = ET.fromstring(changes.feed("Guide", HERE, "2030-01-02"))  # noqa: S314
    dates = {
        entry.findtext("title", "", _ATOM): entry.findtext("updated", "", _ATOM)
        for entry in feed.findall("entry", _ATOM)
    }
    assert dates["Unreleased"] == "2030-01-02T00:00:00Z" == feed.findtext("updated", "", _ATOM)
    assert dates["0.1.0"] == "2026-11-23T00:00:00Z"
