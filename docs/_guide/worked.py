r"""Worked solutions: a function's documented formula with the call's numbers put in.

A formula in a docstring of `dlp` is display TeX whose letters are the argument names, written
`\text{num\_samples}`. `\operatorname{micro\_batches\_per\_epoch}` stands for another function of
the package, called with the arguments that both take, and `\sum` before a list adds it up.
A formula after "With `drop_last=True` …" holds for that value, any other for the defaults.

Nothing here knows what a formula means, so a solution can only say what the docstring says; the
tests evaluate the substituted formula and compare it with what the function returns.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dlp
from _evidence.units import unit
from _guide import formats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.S)
_CONDITION = re.compile(r"`(\w+)=([^`]+)`")
_LETTER = re.compile(r"(\\sum\s*)?\\(text|operatorname)\{((?:\w|\\_)+)\}")


@dataclass(frozen=True)
class Formula:
    """One documented formula and the arguments for which it holds."""

    tex: str
    conditions: Mapping[str, object]


@dataclass(frozen=True)
class Step:
    """One formula, the same with its numbers, and what they come to."""

    function: Callable[..., Any]
    formula: str
    substituted: str
    value: float
    unit: str


def formulas(function: Callable[..., Any]) -> list[Formula]:
    """Read the formulas in a function's docstring, each with its conditions."""
    found = []
    paragraph = ""
    for block in (inspect.getdoc(function) or "").split("\n\n"):
        if match := _DISPLAY.fullmatch(block.strip()):
            conditions = {}
            if paragraph.startswith("With `"):
                conditions = {
                    name: ast.literal_eval(value) for name, value in _CONDITION.findall(paragraph)
                }
            found.append(Formula(" ".join(match[1].split()), conditions))
        paragraph = block.strip()
    return found


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Give the arguments of a formula by name, those that it hands on to another included.

    For `**layer` the docstring links to the formula that takes them.
    """
    found = dict(inspect.signature(function).parameters)
    for name, parameter in list(found.items()):
        if parameter.kind is parameter.VAR_KEYWORD:
            text = inspect.getdoc(function) or ""
            (other,) = re.findall(rf"^ +\*\*{name}: [^`]*`(\w+)`", text, re.M)
            del found[name]
            found |= parameters(_named(other))
    return found


def formula_for(function: Callable[..., Any], arguments: Mapping[str, Any]) -> str:
    """Choose the documented formula that holds for these arguments.

    Raises:
        ValueError: If none does.
    """
    accepted = parameters(function)
    for formula in reversed(formulas(function)):
        passed_on = {
            name
            for _, kind, letter in _LETTER.findall(formula.tex)
            if kind == "operatorname"
            for name in parameters(_named(letter))
        }
        if unknown := set(formula.conditions) - set(accepted):
            raise ValueError(f"{function.__name__} has no argument {', '.join(unknown)}")
        conventions = {
            name: parameter.default
            for name, parameter in accepted.items()
            if isinstance(parameter.default, (bool, str)) and name not in passed_on
        } | dict(formula.conditions)
        if all(
            arguments.get(name, accepted[name].default) == value
            for name, value in conventions.items()
        ):
            return formula.tex
    raise ValueError(f"{function.__name__} documents no formula for {dict(arguments)}")


def solve(function: Callable[..., Any], arguments: Mapping[str, Any]) -> list[Step]:
    """Work a call out: the steps it rests on first, the call itself last.

    Raises:
        ValueError: If the function documents no formula for these arguments.
    """
    steps: dict[str, Step] = {}
    _solve(function, arguments, steps)
    return list(steps.values())


def _solve(
    function: Callable[..., Any], arguments: Mapping[str, Any], steps: dict[str, Step]
) -> Any:
    value = function(**arguments)
    if not formulas(function):
        return value  # a table, such as the bytes of a number format
    tex = formula_for(function, arguments)
    known = {
        name: arguments.get(name, parameter.default)
        for name, parameter in parameters(function).items()
    }

    def put_in(match: re.Match[str]) -> str:
        name = match[3].replace(r"\_", "_")
        if match[2] == "operatorname":
            other = _named(match[3])
            shared = parameters(other)
            letter = _solve(other, {k: v for k, v in known.items() if k in shared}, steps)
        else:
            letter = known[name]
        if match[1]:
            return "(" + " + ".join(tex_number(item) for item in letter) + ")"
        return tex_number(letter)

    substituted = _LETTER.sub(put_in, tex)
    steps[function.__name__] = Step(function, tex, substituted, value, unit(function.__name__))
    return value


def tex_number(value: object) -> str:
    """Write a number in TeX, grouped in thousands; one without an end to four decimals.

    Raises:
        ValueError: If it is not a number: the formula has no value for one of its letters.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"a formula needs a number, not {value!r}")
    if isinstance(value, int):
        text = f"{value:,}"
    else:
        # Bytes of a parameter come in 4096ths; rounded, they would be off once multiplied.
        # The logarithm of a probability has no end and is shown to four decimals.
        digits = 12 if (4096 * value).is_integer() else 4
        text = f"{value:,.{digits}f}".rstrip("0").rstrip(".")
    return _tex(text)


def _tex(text: str) -> str:
    return text.replace(",", "{,}")


def solution(function: Callable[..., Any], arguments: Mapping[str, Any]) -> str:
    """Write a worked solution in Markdown: formula, numbers, value and unit of every step."""
    return "\n\n".join(written(step) for step in solve(function, arguments))


def written(step: Step) -> str:
    """Write one step in Markdown: formula, numbers, value and unit."""
    reference = f"{step.function.__module__}.{step.function.__name__}"
    whole = step.value == int(step.value)
    value = f"= {tex_number(step.value)}" if whole else f"\\approx {_tex(_figure(step.value))}"
    result = f"**{_figure(step.value)} {step.unit}**"
    if step.unit.startswith("bytes") and not re.search(r"\bper\b", step.unit):
        result = (
            f"**{_figure(step.value)} {step.unit}** = **{formats.size(step.value)}**"
            f" = {formats.binary_size(step.value)}"
        )
    return (
        f"[`{step.function.__name__}`][{reference}]{{ .step }}\n\n"
        f"$$\\begin{{aligned}} & {step.formula} \\\\ & {{}} = {step.substituted} \\\\"
        f" & {{}} {value} \\end{{aligned}}$$\n\n"
        f"{result}\n{{ .step-value }}"
    )


def _figure(value: float) -> str:
    """Write a value in full if it is whole, else to four significant digits."""
    if value == int(value):
        return formats.count(value)
    return f"{value:,.{max(0, 3 - math.floor(math.log10(abs(value))))}f}"


def _named(letter: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(dlp, letter.replace(r"\_", "_"))
    return function
