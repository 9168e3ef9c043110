"""Extensions of mkdocstrings' reader: examples that run as copied, and links to the evidence."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
from typing import TYPE_CHECKING, Any

import griffe

if TYPE_CHECKING:
    from _evidence.coverage import Standing


# From a prompt to the next empty line, which the page shows as one block.
_EXAMPLE = re.compile(r"^( *)>>> .*(?:\n *\S.*)*", re.M)


class Imports(griffe.Extension):
    """Begins the examples of a docstring with the import of what they use."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        """Write the imports once the package has been read."""
        public = set(importlib.import_module(pkg.name).__all__)
        for module in pkg.modules.values():
            for each in module.members.values():
                if not each.is_alias and each.docstring:
                    each.docstring.value = _with_imports(each.docstring.value, public)


def _with_imports(text: str, public: set[str]) -> str:
    """Put an import before each example of a docstring, of the public names that it uses."""
    return _EXAMPLE.sub(lambda match: _import(match, public) + match[0], text)


def _import(example: re.Match[str], public: set[str]) -> str:
    used: set[str] = set()
    for line in doctest.DocTestParser().get_examples(example[0]):
        for node in ast.walk(ast.parse(line.source)):
            if isinstance(node, ast.Name):
                used.add(node.id)
            elif isinstance(node, ast.alias):
                public = public - {node.name}  # imported by the example itself
    names = ", ".join(sorted(used & public))
    return f"{example[1]}>>> from dlp import {names}\n" if names else ""


class EvidenceLinks(griffe.Extension):
    """Adds a section "Evidence" to the docstring of every public formula."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        """Write the section once the package has been read."""
        # Imported at each use: a served guide forgets these modules when a formula is edited.
        standings = importlib.import_module("_evidence.coverage").standings()
        for module in pkg.modules.values():
            for function in module.functions.values():
                if function.is_alias or not function.docstring:
                    continue  # what a module imports bears its section where it is written
                if each := standings.get(function.name):
                    function.docstring.value += f"\n\nEvidence:\n    {_section(each)}\n"


def _section(each: Standing) -> str:
    """Say in one line what a formula was checked against."""
    evidence = importlib.import_module("_guide.evidence")
    tallies = (
        (len(each.printed), "printed number"),
        (len(each.counted), "count"),
        (len(each.laws), "law"),
    )
    words = [f"{number:,} {_plural(noun, number)}" for number, noun in tallies if number]
    return f"[{', '.join(words) or 'None yet'}][{evidence.anchor(each.function)}]."


def _plural(noun: str, number: int) -> str:
    if number == 1:
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
