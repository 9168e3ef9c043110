"""What stands behind each formula: printed numbers, counts of real libraries, and laws."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import dlp
from _evidence import comparisons, published, records
from _evidence.laws import LAWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from _evidence.comparisons import Comparison
    from _evidence.published import Row


@dataclass
class Standing:
    """The evidence for one formula."""

    function: str
    module: str
    purpose: str
    published: list[Row] = field(default_factory=list)
    counted: list[Comparison] = field(default_factory=list)
    laws: list[str] = field(default_factory=list)
    callers: list[str] = field(default_factory=list)
    """The formulas that it is a part of, whose evidence is evidence for it too."""

    @property
    def reproduced(self) -> list[Row]:
        """The printed numbers that come out."""
        return [row for row in self.published if row.verdict == "reproduced"]

    @property
    def refused(self) -> list[Row]:
        """The printed numbers that do not, for a known reason or none."""
        return [row for row in self.published if row.verdict != "reproduced"]

    @property
    def worst_printed(self) -> float | None:
        """The largest deviation from a printed number that comes out: its rounding."""
        return max((row.deviation for row in self.reproduced), default=None)

    @property
    def worst_counted(self) -> float | None:
        """The largest deviation from a count: 0, or the error of an approximation."""
        return max((each.deviation for each in self.counted), default=None)


@cache
def standings() -> dict[str, Standing]:
    """Gather the evidence for every public formula, in the order in which modules define them."""
    found = {
        name: Standing(
            name,
            function.__module__.partition(".")[2],
            (inspect.getdoc(function) or "").partition("\n")[0],
        )
        for name in dlp.__all__  # type: ignore[attr-defined]
        if inspect.isfunction(function := getattr(dlp, name))
    }
    for row in published.rows():
        for name in {term.function: None for term in row.expression.terms}:
            found[name].published.append(row)
    for topic in records.topics():
        for each in comparisons.comparisons(topic):
            for name in {term.function: None for term in each.terms}:
                found[name].counted.append(each)
    for law, names in LAWS.items():
        for name in names:
            found[name].laws.append(law)
    for caller in found:
        for name in _calls(getattr(dlp, caller)):
            if name in found and name != caller:
                found[name].callers.append(caller)
    return found


def _calls(function: Callable[..., object]) -> set[str]:
    """Name the functions that the source of a function calls."""
    tree = ast.parse(inspect.getsource(function))
    return {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def modules() -> tuple[str, ...]:
    """List the modules that have formulas, in the order in which the package names them."""
    return tuple(dict.fromkeys(each.module for each in standings().values()))


def objections() -> list[str]:
    """List what the tests would object to, of printed and of counted numbers."""
    found = [row.objection() for row in published.rows()]
    for topic in records.topics():
        found += [each.objection() for each in comparisons.comparisons(topic)]
    return [objection for objection in found if objection]


@dataclass(frozen=True)
class Totals:
    """How much evidence there is in all."""

    formulas: int
    published: int
    reproduced: int
    sources: int
    counts: int
    records: int
    laws: int

    @property
    def refused(self) -> int:
        """Printed numbers that do not come out."""
        return self.published - self.reproduced


@cache
def totals() -> Totals:
    """Count all evidence, each piece once."""
    rows = published.rows()
    compared = [each for topic in records.topics() for each in comparisons.comparisons(topic)]
    return Totals(
        formulas=len(standings()),
        published=len(rows),
        reproduced=sum(row.verdict == "reproduced" for row in rows),
        sources=len({row.source for row in rows}),
        counts=len(compared),
        records=len({(each.record.topic, each.record.id) for each in compared}),
        laws=len(LAWS),
    )
