"""Read a page of the built site: its links, ids, pictures and text."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_VOID = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "wbr",
}
_LOADS = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "link": "href",
    "object": "data",
    "script": "src",
    "source": "src",
    "video": "src",
}
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
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        source = values.get(_LOADS.get(tag, ""), "")
        if source and not (tag == "link" and values.get("rel") in _RELATIONS):
            self.loaded.append(source)
        if tag == "img" and "alt" not in values:
            self.images_without_text.append(source)
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
        elif "script" not in self._open and "style" not in self._open:
            self._words.append(data)
