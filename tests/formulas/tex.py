"""Evaluate the TeX of a worked solution, exactly, without asking the code that wrote it."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(
    r"\s*(\d{1,3}(?:\{,\}\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"  # 1{,}000{,}000.5 or 1000
    r"|\\(?:left|right)\s*\\[lr](?:ceil|floor)|\\frac|\\times|[-+/(){}^])"
)
_CLOSING = {
    "(": ")",
    r"\left\lceil": r"\right\rceil",
    r"\left\lfloor": r"\right\rfloor",
    "{": "}",
}


def evaluate(tex: str) -> Fraction:
    """Return the exact value of an expression in numbers.

    Raises:
        ValueError: If something in it is not understood, such as a letter left over.
    """
    tokens: list[str] = []
    position = 0
    while position < len(tex.rstrip()):
        match = _TOKEN.match(tex, position)
        if not match:
            raise ValueError(f"cannot read {tex[position:]!r} in {tex!r}")
        tokens.append(re.sub(r"\s", "", match[1]))
        position = match.end()
    value = _sum(tokens)
    if tokens:
        raise ValueError(f"cannot read {' '.join(tokens)!r} at the end of {tex!r}")
    return value


def _sum(tokens: list[str]) -> Fraction:
    value = _product(tokens)
    while tokens and tokens[0] in "+-":
        sign = 1 if tokens.pop(0) == "+" else -1
        value += sign * _product(tokens)
    return value


def _product(tokens: list[str]) -> Fraction:
    value = _power(tokens)
    while tokens and tokens[0] in (r"\times", "/"):
        multiplies = tokens.pop(0) == r"\times"
        other = _power(tokens)
        value = value * other if multiplies else value / other
    return value


def _power(tokens: list[str]) -> Fraction:
    base = _atom(tokens)
    if tokens[:1] == ["^"]:
        tokens.pop(0)
        exponent = _atom(tokens)
        base = Fraction(base**exponent)
    return base


def _atom(tokens: list[str]) -> Fraction:
    first = tokens.pop(0)
    if first == r"\frac":
        numerator = _atom(tokens)
        return numerator / _atom(tokens)
    if first in _CLOSING:
        value = _sum(tokens)
        if tokens[:1] != [_CLOSING[first]]:
            raise ValueError(f"{first} is not closed")
        tokens.pop(0)
        if first.endswith("ceil"):
            return Fraction(math.ceil(value))
        return Fraction(math.floor(value)) if first.endswith("floor") else value
    return Fraction(first.replace("{,}", ""))


def multiplied(tex: str, values: Mapping[str, int]) -> str:
    """Put numbers in for the letters of a formula that leaves its signs of multiplication out."""
    parts = re.findall(r"\\[a-z]+|\d+|\S", tex)
    written = ""
    for before, part in zip(["+", *parts], parts, strict=False):
        ends = re.fullmatch(r"\d+|[A-Za-z)}]", before)
        if ends and re.fullmatch(r"\d+|[A-Za-z(]|\\frac", part):
            written += r" \times "
        written += str(values[part]) if part in values else part
    return written
