"""Read the published numbers and compute each of them with the formulas."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import dlp

FOLDER = Path(__file__).parents[2] / "tests" / "published"

UNITS: dict[str, int | Fraction] = {
    "parameters": 1,
    "M parameters": 10**6,
    "B parameters": 10**9,
    "bits": 1,
    "bytes": 1,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "MB": 10**6,
    "GB": 10**9,
    "tokens": 1,
    "updates": 1,
    "%": Fraction(1, 100),
}
"""How much one of each unit is."""

MODELS: dict[str, Any] = json.loads((FOLDER / "models.json").read_text("utf-8"))
SOURCES: dict[str, dict[str, str]] = json.loads((FOLDER / "sources.json").read_text("utf-8"))


@dataclass(frozen=True)
class Row:
    """One number that somebody else printed, and the call that must reproduce it."""

    id: str
    function: str
    arguments: dict[str, Any]
    published: str
    unit: str
    rounding: str
    source: str
    where: str
    part: str | list[str] = ""
    times: str = "1"
    plus: tuple[dict[str, Any], ...] = ()
    minus: tuple[dict[str, Any], ...] = ()
    per: list[int] | dict[str, Any] | None = None
    note: str = ""

    def computed(self) -> Fraction:
        """Compute the number in its unit, exactly."""
        value = _call(self.function, self.arguments, self.part, self.times)
        value += sum(_call(**term) for term in self.plus)
        value -= sum(_call(**term) for term in self.minus)
        if isinstance(self.per, dict):
            value /= _call(**self.per)
        elif self.per:
            value /= math.prod(self.per)
        return value / UNITS[self.unit]

    def objection(self) -> str:
        """Say how the computed number differs by more than the printed digits allow, or nothing."""
        printed = Decimal(self.published)
        exponent = printed.as_tuple().exponent
        if not isinstance(exponent, int):
            return f"{self.published} is no number"
        last_digit = Fraction(10) ** exponent
        computed = self.computed()
        excess = computed - Fraction(printed)
        agrees = {
            "exact": excess == 0,
            "rounded": abs(excess) <= last_digit / 2,
            "truncated": 0 <= excess < last_digit,
        }[self.rounding]
        if agrees:
            return ""
        return (
            f"{SOURCES[self.source]['name']}, {self.where}, prints {self.published} {self.unit} "
            f"({self.rounding}), {self.function} computes {float(computed)!r}"
        )


@cache
def rows() -> list[Row]:
    """Read all rows of all files."""
    found = []
    for path in sorted((FOLDER / "numbers").glob("*.json")):
        content = json.loads(path.read_text("utf-8"))
        found += [Row(**row) for row in content["rows"]]
    return found


def _call(
    function: str, arguments: dict[str, Any], part: str | list[str] = "", times: str = "1"
) -> Fraction:
    filled = dict(arguments)
    if "config" in filled:
        filled["config"] = MODELS[filled["config"]]
    value = getattr(dlp, function)(**filled)
    if part:
        names = [part] if isinstance(part, str) else part
        value = sum(value[name] for name in names)
    return Fraction(value) * Fraction(times)
