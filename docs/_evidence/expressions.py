"""A number computed by formulas, as data: calls, what is read of their results, and sums of them.

The page of evidence describes the keys, for an expression stands so in the conformance file too.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import dlp

if TYPE_CHECKING:
    from collections.abc import Iterator

MODELS: dict[str, Any] = json.loads(Path(__file__).with_name("models.json").read_text("utf-8"))
"""The configs that an expression may name."""


class _Call(TypedDict):
    function: str
    arguments: dict[str, Any]


class Expression(_Call, total=False):
    """A call, and what becomes of its result: the keys are applied in this order."""

    printed: str
    """In place of a call, in a slip alone: the digits of another printed number."""
    row: str | list[str]
    """Of a dict of dicts: the dict, or the way to it."""
    part: str | list[str]
    """Of a dict: the entry, or the entries to add up."""
    each: str
    """Of a list of lists: the `"last"` of each, or the `"length"` of each."""
    first: int | Expression
    """Of a list: so many from its start."""
    then: list[Any]
    """What to append to a list."""
    merged: bool
    """Of rows: those that differ in their last number alone become one, with its sum; in order."""
    total: bool
    """Of a list or a dict: the sum of its numbers."""
    times: int | str
    """A factor; as text also a decimal or a fraction."""
    plus: list[Expression | float]
    minus: list[Expression | float]
    per: list[Expression | float]
    """What to divide by, one after another."""


def call(function: str, **arguments: Any) -> Expression:
    """Describe a call of a formula."""
    return {"function": function, "arguments": arguments}


def calls(expression: Expression) -> Iterator[Expression]:
    """Give every call in an expression, those in its arguments too."""
    yield expression
    for value in (
        *expression["arguments"].values(),
        *(each for key in ("plus", "minus", "per") for each in expression.get(key, [])),  # type: ignore[attr-defined]
    ):
        if _is_expression(value):
            yield from calls(value)
        elif isinstance(value, dict):
            for entry in value.values():
                if _is_expression(entry):
                    yield from calls(entry)


def evaluate(expression: Expression) -> Any:
    """Compute an expression: a number exactly, or a list."""
    found = getattr(dlp, expression["function"])(**arguments_of(expression))
    return applied(found, expression)


def applied(found: Any, expression: Expression) -> Any:
    """Take what a call returned through the further keys of an expression."""
    if "row" in expression:
        row = expression["row"]
        for name in [row] if isinstance(row, str) else row:
            found = found[name]
    if "part" in expression:
        part = expression["part"]
        found = found[part] if isinstance(part, str) else sum(found[name] for name in part)
    if "each" in expression:
        read = {"last": lambda items: items[-1], "length": len}[expression["each"]]
        found = [read(items) for items in found]
    if "first" in expression:
        found = found[: int(_number(expression["first"]))]
    if "then" in expression:
        found = found + expression["then"]
    if expression.get("merged"):
        found = _merged(found)
    if expression.get("total"):
        found = sum(found.values() if isinstance(found, dict) else found)
    if not isinstance(found, (int, float, Fraction)):
        return found
    number = Fraction(found) * Fraction(expression.get("times", 1))
    number += sum(map(_number, expression.get("plus", [])))
    number -= sum(map(_number, expression.get("minus", [])))
    return number / math.prod(map(_number, expression.get("per", [])), start=Fraction(1))


def arguments_of(expression: Expression) -> dict[str, Any]:
    """Give the arguments of a call: configs for their names, numbers for expressions."""
    arguments = {name: _resolved(value) for name, value in expression["arguments"].items()}
    if isinstance(config := arguments.get("config"), str):
        arguments["config"] = MODELS[config]
    return arguments


def plain(number: Fraction | float) -> int | float:
    """Write an exact number as an int, or else as a float."""
    return int(number) if number == int(number) else float(number)


def _resolved(value: Any) -> Any:
    if _is_expression(value):
        found = evaluate(value)
        return plain(found) if isinstance(found, Fraction) else found
    if isinstance(value, dict):
        return {name: _resolved(entry) for name, entry in value.items()}
    return value


def _is_expression(value: Any) -> bool:
    return isinstance(value, dict) and "function" in value


def _number(value: Expression | float) -> Fraction:
    return evaluate(value) if isinstance(value, dict) else Fraction(value)


def _merged(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    numbers: Counter[tuple[Any, ...]] = Counter()
    for *kind, number in rows:
        numbers[tuple(kind)] += number
    return sorted([*kind, number] for kind, number in numbers.items())
