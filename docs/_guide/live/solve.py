"""Work a call out: its formula, the same with the numbers put in, and so for what it rests on.

The formulas come as data, read from docstrings while the guide is built: `documented` has, by its
name, each function that a solution may rest on, as `Documented` says. Nothing here knows TeX.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NotRequired, TypedDict

from _guide import formats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


class Formula(TypedDict):
    """One documented formula, for the arguments that it holds for."""

    text: str
    holds: Mapping[str, object]
    """The values that some arguments must have."""
    pieces: list[str | tuple[str, str, bool]]
    """Its text, and in between its letters: an argument's name or, second, that of a function whose
    result it stands for; third, whether it is a list that is added up."""
    letters: NotRequired[str]
    """What the letters of its text stand for, where that is told."""


class Documented(TypedDict):
    """A function as its docstring documents it."""

    call: Callable[..., Any]
    takes: Mapping[str, Any]
    """Its arguments with their defaults, None where there is none."""
    formulas: list[Formula]
    """Those of fewer arguments come last; the first that holds counts."""


class Step(TypedDict):
    """A formula with numbers put in, and what they come to."""

    function: str
    formula: Formula
    substituted: str
    value: Any


def chosen(function: str, arguments: Mapping[str, Any], known: Documented) -> Formula:
    """Choose the formula that holds for these arguments.

    Raises:
        ValueError: If none does.
    """
    given = {**known["takes"], **arguments}
    for formula in known["formulas"]:
        if all(given[name] == value for name, value in formula["holds"].items()):
            return formula
    raise ValueError(f"{function} documents no formula for {dict(arguments)}")


def solve(
    *,
    function: str,
    arguments: Mapping[str, Any],
    documented: Mapping[str, Documented],
    write: Callable[[Any], str],
) -> list[Step]:
    """Work a call out: the steps it rests on first, the call itself last.

    Args:
        function: Its name.
        arguments: Those of the call.
        documented: What may be needed, by name.
        write: Writes a number.

    Raises:
        ValueError: If the function documents no formula for these arguments.
    """
    steps: dict[str, Step] = {}
    _solve(function, arguments, documented, write, steps)
    return list(steps.values())


def _solve(
    function: str,
    arguments: Mapping[str, Any],
    documented: Mapping[str, Documented],
    write: Callable[[Any], str],
    steps: dict[str, Step],
) -> Any:
    known = documented[function]
    value = known["call"](**arguments)
    if not known["formulas"]:
        return value  # a table, such as the bytes of a number format
    formula = chosen(function, arguments, known)
    given = {**known["takes"], **arguments}
    text = ""
    for piece in formula["pieces"]:
        if isinstance(piece, str):
            text += piece
            continue
        name, called, added = piece
        if called:
            shared = {k: v for k, v in given.items() if k in documented[called]["takes"]}
            letter = _solve(called, shared, documented, write, steps)
        else:
            letter = given[name]
        text += f"({' + '.join(write(each) for each in letter)})" if added else write(letter)
    steps[function] = {
        "function": function,
        "formula": formula,
        "substituted": text,
        "value": value,
    }
    return value


def number(value: object) -> str:
    """Write a number, grouped in thousands; one without an end to four decimals.

    Raises:
        ValueError: If it is not a number: the formula has no value for one of its letters.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"a formula needs a number, not {value!r}")
    if isinstance(value, int):
        return f"{value:,}"
    # Bytes of a parameter come in 4096ths; rounded, they would be off once multiplied.
    # The logarithm of a probability has no end and is shown to four decimals.
    digits = 12 if 4096 * value == int(4096 * value) else 4
    return f"{value:,.{digits}f}".rstrip("0").rstrip(".")


def figure(value: float) -> str:
    """Write a value in full if it is whole, else to four significant digits."""
    if value == int(value):
        return formats.count(value)
    return f"{value:,.{max(0, 3 - math.floor(math.log10(abs(value))))}f}"


def results(value: float, unit: str) -> list[str]:
    """Write a value with its unit; one in bytes also in the decimal and the binary unit."""
    texts = [f"{figure(value)} {unit}"]
    if unit.startswith("bytes") and "per" not in unit.split():
        texts += [formats.size(value), formats.binary_size(value)]
    return texts
