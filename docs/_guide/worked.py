r"""Worked solutions: a function's documented formula with the call's numbers put in.

A formula in a docstring of `dlp` is display TeX whose letters are the argument names, written
`\text{num\_samples}`. `\operatorname{micro\_batches\_per\_epoch}` stands for another function of
the package, called with the arguments that both take, and `\sum` before a list adds it up.
A formula after "With `split_batches=True` …" holds for that value, any other for the defaults.

Nothing here knows what a formula means, so a solution can only say what the docstring says; the
tests evaluate the substituted formula and compare it with what the function returns.
"""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import dlp
from _evidence.units import unit
from _guide.engine.glossary import NOTATION
from _guide.live import solve as live

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _guide.live.solve import Documented

_DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.S)
_CONDITION = re.compile(r"`(\w+)=([^`]+)`")
_LINE = 27
"""Signs of a sum that a phone shows in one line."""

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


@cache
def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Give the arguments of a formula by name, those that it hands on to another included.

    For `**layer` the docstring links to the formula that takes them, or to none that counts.
    """
    found = dict(inspect.signature(function).parameters)
    for name, parameter in list(found.items()):
        if parameter.kind is parameter.VAR_KEYWORD:
            text = inspect.getdoc(function) or ""
            del found[name]
            for other in re.findall(rf"\*\*{name}: The arguments of\s+\[`(\w+)`\]", text):
                found |= parameters(_named(other))
    return found


@cache
def documented(function: Callable[..., Any]) -> dict[str, Documented]:
    """Read the documented formulas of a function and of those that they call, by name."""
    found: dict[str, Documented] = {}
    waiting = [function]
    while waiting:
        each = waiting.pop()
        read = [_read(each, formula) for formula in reversed(formulas(each))]
        found[each.__name__] = {"call": each, "takes": _takes(each), "formulas": read}
        letters = (piece for formula in read for piece in formula["pieces"])
        called = {letter[1] for letter in letters if not isinstance(letter, str)} - {"", *found}
        waiting += [_named(name) for name in sorted(called)]
    return found


def _takes(function: Callable[..., Any]) -> dict[str, Any]:
    found = parameters(function).items()
    return {name: None if p.default is p.empty else p.default for name, p in found}


def _read(function: Callable[..., Any], formula: Formula) -> live.Formula:
    """Take a formula apart, and say for which arguments it holds."""
    pieces: list[str | tuple[str, str, bool]] = []
    passed_on: set[str] = set()
    at = 0
    for match in _LETTER.finditer(formula.tex):
        name = match[3].replace(r"\_", "_")
        called = name if match[2] == "operatorname" else ""
        passed_on |= _takes(_named(name)).keys() if called else set()
        pieces += [formula.tex[at : match.start()], (name, called, bool(match[1]))]
        at = match.end()
    takes = _takes(function)
    if unknown := set(formula.conditions) - set(takes):
        raise ValueError(f"{function.__name__} has no argument {', '.join(unknown)}")
    conventions = {
        name: default
        for name, default in takes.items()
        if isinstance(default, (bool, str)) and name not in passed_on
    }
    return {
        "text": formula.tex,
        "holds": conventions | dict(formula.conditions),
        "pieces": [*pieces, formula.tex[at:]],
    }


def formula_for(function: Callable[..., Any], arguments: Mapping[str, Any]) -> str:
    """Choose the documented formula that holds for these arguments.

    Raises:
        ValueError: If none does.
    """
    name = function.__name__
    return live.chosen(name, arguments, documented(function)[name])["text"]


def solve(function: Callable[..., Any], arguments: Mapping[str, Any]) -> list[Step]:
    """Work a call out: the steps it rests on first, the call itself last.

    Raises:
        ValueError: If the function documents no formula for these arguments.
    """
    known = documented(function)
    steps = live.solve(
        function=function.__name__, arguments=arguments, documented=known, write=tex_number
    )
    return [
        Step(
            known[step["function"]]["call"],
            step["formula"]["text"],
            step["substituted"],
            step["value"],
            unit(step["function"]),
        )
        for step in steps
    ]


def tex_number(value: object) -> str:
    """Write a number in TeX, grouped in thousands; one without an end to four decimals."""
    return _tex(live.number(value))


def _tex(text: str) -> str:
    return text.replace(",", "{,}")


def solution(function: Callable[..., Any], arguments: Mapping[str, Any]) -> str:
    """Write a worked solution in Markdown: formula, numbers, value and unit of every step."""
    return "\n\n".join(written(step) for step in solve(function, arguments))


def written(step: Step) -> str:
    """Write one step in Markdown: formula, numbers, value and unit."""
    reference = f"{step.function.__module__}.{step.function.__name__}"
    whole = step.value == int(step.value)
    value = f"= {tex_number(step.value)}" if whole else f"\\approx {_tex(live.figure(step.value))}"
    first, *other = live.results(step.value, step.unit)
    result = " = ".join([f"**{first}**", *(f"**{each}**" for each in other[:1]), *other[1:]])
    formula, names = in_letters(step.formula)
    rows = " \\\\ ".join([f"& {formula}", *_rows(step.substituted), f"& {{}} {value}"])
    return (
        f"[`{step.function.__name__}`][{reference}]{{ .step }}\n\n"
        f"$$\\begin{{aligned}} {rows} \\end{{aligned}}$$\n\n"
        f"{_named_below(names)}"
        f"{result}\n{{ .step-value }}"
    )


def in_letters(tex: str) -> tuple[str, dict[str, str]]:
    """Write the letters of the glossary for the names in a formula; give each letter's name."""
    found = {match[3].replace(r"\_", "_") for match in _LETTER.finditer(tex)}
    letters = {name: NOTATION[name][0].split(", ")[0] for name in sorted(found & set(NOTATION))}
    if len(set(letters.values())) < len(letters):
        return tex, {}  # one letter would stand for two
    names: dict[str, str] = {}

    def letter(match: re.Match[str]) -> str:
        name = match[3].replace(r"\_", "_")
        if name not in letters:
            return match[0]
        names[letters[name]] = name
        return f"{match[1] or ''}{letters[name]}"

    return _LETTER.sub(letter, tex), names


def expanded(function: Callable[..., Any], arguments: Mapping[str, Any]) -> str:
    """Write the formula of a call with those that it rests on put in, down to its arguments."""

    def put_in(match: re.Match[str]) -> str:
        if match[2] != "operatorname" or not formulas(other := _named(match[3])):
            return match[0]
        shared = {name: arguments[name] for name in parameters(other) if name in arguments}
        return expanded(other, shared)

    return _LETTER.sub(put_in, formula_for(function, arguments))


def _named_below(names: Mapping[str, str]) -> str:
    """Say what each letter stands for, in a line below its formula."""
    said = ", ".join(f"${letter}$ is `{name}`" for letter, name in names.items())
    return f"{said}\n{{ .letters }}\n\n" if said else ""


def _rows(substituted: str) -> list[str]:
    """Break a formula in numbers into rows that a phone shows whole."""
    if match := re.fullmatch(r"(\\frac)\{\((.+)\)\}(\{.+\})", substituted):
        lines = _lines(match[2])
        if len(lines) > 1:
            rows = r" \\ ".join(lines)
            return [f"& {{}} = {match[1]}{{\\begin{{matrix}} {rows} \\end{{matrix}}}}{match[3]}"]
    first, *more = _lines(substituted) if "\\" not in substituted else [substituted]
    return [f"& {{}} = {first}", *(f"& \\quad {{}} {line}" for line in more)]


def _lines(tex: str) -> list[str]:
    """Break a sum between its terms."""
    lines = [""]
    for term in re.split(r" (?=\+)", tex):
        if len(re.sub(r"[{} ]", "", lines[-1] + term)) > _LINE:
            lines.append("")
        lines[-1] += f" {term}" if lines[-1] else term
    return lines


def _named(letter: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(dlp, letter.replace(r"\_", "_"))
    return function
