"""Read a page of the built site: its links, ids, pictures and text."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_VOID = {
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"),
}
# What is loaded stands in these attributes of any element, and in the links of all but these.
_LOADS = {"background", "data", "poster", "src"}
_LISTS = {"imagesrcset", "srcset"}
_LINKS = {"href", "xlink:href"}
_FOLLOWED = {"a", "area"}
# Links of these kinds are addresses for machines; nothing is loaded from them.
_RELATIONS = {"canonical", "prev", "next", "alternate"}


class Document(HTMLParser):
    """One page: what it loads, links to and shows."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__(convert_charrefs=True)
        self.language = ""
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.styles: list[str] = []
        self.scripts: list[str] = []
        self.images_without_text: list[str] = []
        self.headings: list[str] = []
        self.pictures = 0
        self.titled_pictures = 0
        self._words: list[str] = []
        self._open: list[str] = []

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read a file."""
        document = cls()
        document.feed(path.read_text(encoding="utf-8"))
        document.close()
        return document

    @property
    def text(self) -> str:
        """What a reader sees, words apart by one space."""
        return " ".join("".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element brings."""
        values = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "html":
            self.language = values.get("lang", "")
        if "id" in values:
            self.ids[values["id"]] += 1
        if "style" in values:
            self.styles.append(values["style"])
        for name, value in values.items():
            if name in _LINKS and tag in _FOLLOWED:
                self.links.append(value)
            elif name in _LOADS or (name in _LINKS and values.get("rel") not in _RELATIONS):
                self.loaded.append(value)
            elif name in _LISTS:
                self.loaded += [each.split()[0] for each in value.split(",") if each.strip()]
        if tag == "img" and not values.get("alt"):
            self.images_without_text.append(values.get("src", ""))
        if tag == "svg" and "svg" not in self._open[:-1]:
            self.pictures += values.get("aria-hidden") != "true" and "figure" in self._open
        if tag == "title" and "svg" in self._open and "figure" in self._open:
            self.titled_pictures += 1
        if tag in {"h1", "h2", "h3", "h4"}:
            self.headings.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element, with those inside it that were left open."""
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Keep the words, apart from code for machines."""
        if self._open and self._open[-1] == "style":
            self.styles.append(data)
        elif self._open and self._open[-1] == "script":
            self.scripts.append(data)
        else:
            self._words.append(data)


def urls(style: str) -> list[str]:
    """Give what a style sheet loads."""
    found = re.findall(r"url\(\s*['\"]?([^'\")]+)", style)
    found += re.findall(r"@import\s+['\"]([^'\"]+)", style)
    return [url for url in found if not url.startswith("data:")]
