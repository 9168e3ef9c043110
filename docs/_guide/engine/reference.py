"""An extension of mkdocstrings' reader: each formula of the reference links to its evidence."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import griffe

if TYPE_CHECKING:
    from _evidence.coverage import Standing


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
