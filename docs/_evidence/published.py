"""Read the published numbers and compute each of them with the formulas."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _evidence import sources
from _evidence.expression import Expression, Term

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = Path(__file__).parent

UNITS: dict[str, int | Fraction] = {
    "": 1,
    "parameters": 1,
    "K parameters": 10**3,
    "M parameters": 10**6,
    "B parameters": 10**9,
    "T parameters": 10**12,
    "bits": 1,
    "bytes": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "tokens": 1,
    "B tokens": 10**9,
    "updates": 1,
    "K": 10**3,
    "K tokens": 10**3,
    "M tokens": 10**6,
    "samples": 1,
    "epochs": 1,
    "FLOPs": 1,
    "TFLOPs": 10**12,
    "ZFLOPs": 10**21,
    "PF-days": 864 * 10**17,
    "days": 1,
    "years": 365,
    "seconds": Fraction(1, 86400),  # of days
    "%": Fraction(1, 100),
}
"""How much one of each unit is."""

ROUNDINGS = ("exact", "rounded", "truncated", "unit")
"""How printed digits come from a number: as they are, to the nearest, cut off, or off by one."""

VERDICTS = ("reproduced", "erratum", "rounded-inputs", "unexplained")
"""Whether a number comes out; if not, whether it is wrong, or was computed from rounded numbers."""

MODELS: dict[str, Any] = json.loads((FOLDER / "models.json").read_text("utf-8"))
"""The configs that rows name."""


@dataclass(frozen=True)
class Row:
    """One number that somebody else printed, and the expression that computes it."""

    topic: str
    id: str
    published: str
    unit: str
    rounding: str
    source: str
    where: str
    expression: Expression
    verdict: str = "reproduced"
    reason: str = ""
    erratum: str = ""
    note: str = ""

    @cached_property
    def computed(self) -> Fraction:
        """The number in its unit, exactly."""
        return self.expression.value() / UNITS[self.unit]

    @property
    def deviation(self) -> float:
        """By what share of the printed number ours differs from it."""
        printed = Fraction(Decimal(self.published))
        return float(abs(self.computed - printed) / abs(printed)) if printed else 0.0

    @property
    def agrees(self) -> bool:
        """Whether ours differs by no more than the printed digits allow."""
        printed = Decimal(self.published)
        exponent = printed.as_tuple().exponent
        last_digit = Fraction(10) ** int(exponent)
        excess = self.computed - Fraction(printed)
        return {
            "exact": excess == 0,
            "rounded": abs(excess) <= last_digit / 2,
            "truncated": 0 <= excess < last_digit,
            "unit": abs(excess) <= last_digit,
        }[self.rounding]

    def objection(self) -> str:
        """Say what is wrong with the row's verdict, or nothing."""
        if self.agrees == (self.verdict == "reproduced"):
            return ""
        title = sources.find(self.source).title
        result = (
            f"docs/_evidence/printed/{self.topic}.json, {self.id}: {title}, {self.where}, "
            f"prints {self.published} {self.unit} ({self.rounding}), "
            f"{self.expression.first.function} computes {float(self.computed)!r}"
        )
        if self.agrees:
            return f"{result}: it comes out after all, so its verdict is not {self.verdict}"
        return result


def find(identifier: str) -> Row:
    """Return the one row that has this identifier.

    Raises:
        ValueError: If there is none.
    """
    for each in rows():
        if each.id == identifier:
            return each
    raise ValueError(f"no published number {identifier!r} in docs/_evidence/printed")


@cache
def rows() -> tuple[Row, ...]:
    """Read all rows of all files."""
    return tuple(
        row(path.stem, entry)
        for path in sorted((FOLDER / "printed").glob("*.json"))
        for entry in json.loads(path.read_text("utf-8"))["rows"]
    )


def row(topic: str, entry: dict[str, Any]) -> Row:
    """Make a row of its entry in a file.

    Raises:
        TypeError: If a key is missing or unknown.
    """
    fields = dict(entry)
    first = _term({key: fields.pop(key) for key in _TERM if key in fields})
    per = fields.pop("per", [])
    expression = Expression(
        first,
        plus=_terms(fields.pop("plus", [])),
        minus=_terms(fields.pop("minus", [])),
        per=(_term(per),) if isinstance(per, dict) else tuple(per),
    )
    return Row(topic=topic, expression=expression, **fields)


_TERM = ("function", "arguments", "part", "times")


def _terms(entries: Iterable[dict[str, Any]]) -> tuple[Term, ...]:
    return tuple(_term(entry) for entry in entries)


def _term(entry: dict[str, Any]) -> Term:
    arguments = dict(entry["arguments"])
    if isinstance(config := arguments.get("config"), str):
        arguments["config"] = MODELS[config]
    return Term(**{**entry, "arguments": arguments})
