"""Pages that are light for a phone: one style sheet with what they use, tables that stand at once.

The theme dresses far more than this guide has, in files of their own, and its script lays out a
part of each page a second time. Without this module all looks the same, later.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHEET = "assets/style.css"
"""Where the one style sheet is, beside the fonts that it names."""

_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_SPACE = re.compile(r"""("[^"]*"|'[^']*')|\s*([{};,])\s*|(:)\s+|\s+""")
_RULE = re.compile(r"([^{};]+)\{([^{}]*)\}")
_EMPTY = re.compile(r"@[^{};]+\{\}")
_PROPERTY = re.compile(r"""(?<=[{;])(--[\w-]+):(?:"[^"]*"|'[^']*'|[^;}"'])*;?""")

# What a selector asks for by name, and what stands in pages under such a name.
_ASKED = re.compile(r"""[.#]((?:\\.|[\w-])+)|\[data-md-color-\w+=["']?([\w-]+)""")
_IN_PAGES = re.compile(r'[ \n](?:class|id|data-md-color-\w+)="([^"]*)"')
_IN_SCRIPTS = re.compile(r"[\w-]+")

# What never holds: the guide is written from left to right. And while the colours are switched the
# theme stops all that moves: a rule for every element, laid out anew twice while a page loads.
_NEVER = ("[dir=rtl]", "[data-md-color-switching]")

_ONE_OF = re.compile(r":is\(([^()]*)\)")
_TABLE = re.compile(r'(<div class="table[^>]*>\s*)?<table>(.*?)</table>', re.S)
_PLAIN = ("table:not([class])", "table.plain")


def standing(html: str) -> str:
    """Give the tables of a page a class, and a place to scroll in.

    The theme's script takes each table without a class out of the page to wrap it, and all of them
    are laid out again.
    """

    def stood(found: re.Match[str]) -> str:
        place, table = found.groups()
        table = f'<table class="plain">{table}</table>'
        return f"{place}{table}" if place else f'<div class="table">{table}</div>'

    return _TABLE.sub(stood, html)


def style_sheet(sheets: Iterable[str], pages: Iterable[str], scripts: Iterable[str]) -> str:
    """Write style sheets as one, without what none of these pages and scripts uses by name."""
    used = {name for page in pages for found in _IN_PAGES.findall(page) for name in found.split()}
    used.update(name for script in scripts for name in _IN_SCRIPTS.findall(script))
    # A script completes such a name as it runs: `tabbed-control--${side}`.
    begun = tuple(name for name in used if name.endswith("--"))

    def kept(selector: str) -> bool:
        selector = re.sub(r":not\([^)]*\)", "", selector)
        if one_of := _ONE_OF.search(selector):  # one that is used is enough
            before, after = selector[: one_of.start()], selector[one_of.end() :]
            return any(kept(f"{before}{each}{after}") for each in one_of[1].split(","))
        names = (a or b for a, b in _ASKED.findall(selector))
        return not any(never in selector for never in _NEVER) and all(
            name in used or name.startswith(begun) for name in map(_unescaped, names)
        )

    def rule(found: re.Match[str]) -> str:
        if found[1].startswith("@"):
            return found[0]
        selectors = ",".join(filter(kept, _parts(found[1])))
        return f"{selectors}{{{found[2].strip(';')}}}" if selectors else ""

    text = _COMMENT.sub("", "\n".join(sheets)).replace(*_PLAIN)
    text = _SPACE.sub(lambda found: "".join(filter(None, found.groups())) or " ", text)
    text = _EMPTY.sub("", _RULE.sub(rule, text))
    read = set(re.findall(r"var\((--[\w-]+)", text)) | used
    return _PROPERTY.sub(lambda found: found[0] if found[1] in read else "", text)


def _unescaped(name: str) -> str:
    return name.replace("\\", "")


def _parts(selectors: str) -> Iterator[str]:
    """Divide a list of selectors at the commas that stand in no brackets."""
    begin = depth = 0
    for at, letter in enumerate(selectors):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and not depth:
            yield selectors[begin:at]
            begin = at + 1
    yield selectors[begin:]
