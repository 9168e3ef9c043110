"""The changelog as a feed (Atom, RFC 4287), and which version this is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import markdown

ROOT = Path(__file__).parents[3]
PAGE = "changelog/"

_VERSION = re.compile(r"^## (\S+)(?: - (\d{4}-\d\d-\d\d))?\n(.*?)(?=^## |\Z)", re.M | re.S)


def version() -> str:
    """Return the version of the package, which is the guide's too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["version"])


def feed(name: str, site_url: str, today: str) -> str:
    """Write the feed: an entry for each version, the unreleased one as of today."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    root = Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": "en"})
    SubElement(root, "title").text = f"{name}: changelog"
    SubElement(root, "id").text = site_url + PAGE
    SubElement(root, "link", href=site_url + PAGE)
    SubElement(root, "link", rel="self", href=f"{site_url}feed.xml")
    SubElement(SubElement(root, "author"), "name").text = name
    updated = SubElement(root, "updated")
    for title, released, changes in _VERSION.findall(text):
        anchor = f"{title} {released}".strip().lower().replace(".", "").replace(" ", "-")
        entry = SubElement(root, "entry")
        SubElement(entry, "title").text = title
        SubElement(entry, "id").text = f"{site_url}{PAGE}#{anchor}"
        SubElement(entry, "link", href=f"{site_url}{PAGE}#{anchor}")
        SubElement(entry, "updated").text = f"{released or today}T00:00:00Z"
        SubElement(entry, "content", type="html").text = markdown.markdown(changes)
    updated.text = max(each.text or "" for each in root.iterfind("entry/updated"))
    indent(root)
    return f"{tostring(root, encoding='unicode')}\n"
