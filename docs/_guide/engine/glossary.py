"""The glossary: one list for the page of terms and for the tooltips on every other page.

As a Markdown extension it marks the first use of each term on a page.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markdown.extensions import Extension
from markdown.extensions.abbr import AbbrExtension
from markdown.treeprocessors import Treeprocessor

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from markdown import Markdown

_WRITTEN = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))

TERMS: dict[str, str] = _WRITTEN["terms"]
"""Each term and its definition, in alphabetical order."""

NOTATION: dict[str, list[str]] = _WRITTEN["notation"]
"""The arguments of `dlp`, the letters that papers write for them, and what they are."""

# Words so frequent that a mark under them would only disturb have an entry on the page alone.
_UNMARKED = {
    *("activations", "adapter", "epoch", "frozen", "GB"),
    *("GiB", "LoRA", "rank", "tied", "update"),
}


# In headings a mark disturbs, and in the glossary itself it would explain a term by itself.
_UNMARKED_TAGS = {"h1", "h2", "h3", "h4", "h5", "h6", "dt"}


class _FirstUse(Treeprocessor):
    """Keep the first mark of each term on a page; the others become text again."""

    def run(self, root: Element) -> None:
        seen: set[str | None] = set()
        for parent in root.iter():
            for child in parent.iterfind("abbr"):
                if child.text in seen or parent.tag in _UNMARKED_TAGS:
                    child.tag, child.attrib = "span", {}
                else:
                    seen.add(child.text)
                    child.set("tabindex", "0")  # the keyboard reaches it, and sees its tooltip


class GlossaryExtension(Extension):
    """Python-Markdown extension: tooltips on the first use of glossary terms."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Add the abbreviations and, after them, the rule of first use."""
        md.registerExtension(self)
        marked = {term: text for term, text in TERMS.items() if term not in _UNMARKED}
        md.registerExtensions([AbbrExtension(glossary=marked)], {})
        md.treeprocessors.register(_FirstUse(md), "guide-first-use", 6)  # abbr is 7


def makeExtension(**options: Any) -> GlossaryExtension:  # noqa: N802
    """Return the extension, as Python-Markdown looks it up."""
    return GlossaryExtension(**options)
