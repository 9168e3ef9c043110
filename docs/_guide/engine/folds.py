"""Folds that begin at a heading: what a reader opens when ready for it, without scripts.

As a Markdown extension it reads two classes of headings. `## Sources { .fold }` folds what follows,
up to the next heading that is no deeper; `## Answer { .fold-rest }` folds the rest of the page.
What search must not read has `data-search-exclude` there as well.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

_UNSEARCHED = "data-search-exclude"
_HEADING = re.compile(r"h([1-6])")


class _Folds(Treeprocessor):
    """Moves a heading into a `<summary>`, and what it folds into the `<details>` around it."""

    def run(self, root: Element) -> None:
        for name in ("fold", "fold-rest"):  # the inner ones first
            for heading in [each for each in root if _HEADING.fullmatch(each.tag)]:
                if name in heading.get("class", "").split():
                    _fold(root, heading, name)


def _fold(root: Element, heading: Element, name: str) -> None:
    begins = list(root).index(heading)
    folded = list(root)[begins + 1 :]
    if name == "fold":
        ends = (i for i, each in enumerate(folded) if _level(each) <= _level(heading))
        folded = folded[: next(ends, len(folded))]
    details = Element("details", {"class": name})
    if _UNSEARCHED in heading.attrib:
        details.set(_UNSEARCHED, heading.attrib.pop(_UNSEARCHED))
    summary = Element("summary")
    summary.append(heading)
    details.extend([summary, *folded])
    for each in (heading, *folded):
        root.remove(each)
    root.insert(begins, details)
    # A link inside of what opens the fold would be a second thing to press.
    for link in [each for each in heading if each.get("class") == "headerlink"]:
        heading.remove(link)


def _level(element: Element) -> int:
    """Give the level of a heading; what is none is deeper than all."""
    of_fold = element.find("summary/*") if element.tag == "details" else None
    match = _HEADING.fullmatch((element if of_fold is None else of_fold).tag)
    return int(match[1]) if match else 9


class FoldsExtension(Extension):
    """Python-Markdown extension: headings that fold what follows them."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Fold once the table of contents has read the headings."""
        md.treeprocessors.register(_Folds(md), "guide-folds", 4)  # toc is 5


def makeExtension(**options: Any) -> FoldsExtension:  # noqa: N802
    """Return the extension, as Python-Markdown looks it up."""
    return FoldsExtension(**options)
