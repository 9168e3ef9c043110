"""What stands behind each formula, and behind each value that one of its arguments may have.

A number that comes out is a witness of every formula in its expression, and of every choice that
the expression makes. What no number is a witness of stands in `uncovered.toml`, with the reason.
"""

import inspect
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import dlp
from _evidence.claims import Claim, claims
from _evidence.expressions import arguments_of, calls
from _evidence.laws import LAWS

_NAMES: list[str] = dlp.__all__  # type: ignore[attr-defined]

KEYS = ("MOMENTS", "PARTS")
"""Lists of the keys of a result, which nobody chooses."""

UNCOVERED: dict[str, str] = {
    name: group["reason"]
    for group in tomllib.loads(Path(__file__).with_name("uncovered.toml").read_text("utf-8"))[
        "because"
    ]
    for name in group["names"]
}
"""Why no number of others is a witness, by the name of a formula, or of a choice and its value."""


@dataclass
class Standing:
    """The evidence for one formula."""

    function: str
    module: str
    purpose: str
    printed: list[Claim] = field(default_factory=list)
    counted: list[Claim] = field(default_factory=list)
    laws: list[str] = field(default_factory=list)
    callers: list[str] = field(default_factory=list)
    """The formulas that it is a part of, whose evidence is evidence for it too."""
    measured: list[Claim] = field(default_factory=list)

    @property
    def reproduced(self) -> list[Claim]:
        """The printed numbers that come out."""
        return [claim for claim in self.printed if claim.verdict == "reproduced"]

    @property
    def is_witnessed(self) -> bool:
        """Whether a number of others comes out by it."""
        return bool(self.counted or self.measured or self.reproduced)


@cache
def standings() -> dict[str, Standing]:
    """Gather the evidence for every public formula, in the order in which modules define them."""
    found = {
        name: Standing(
            name,
            function.__module__.partition(".")[2],
            (inspect.getdoc(function) or "").partition("\n")[0],
        )
        for name, function in _functions().items()
    }
    for claim in claims():
        for name in {each["function"]: None for each in calls(claim.expression)}:
            of = found[name]
            kind = of.counted if claim.record else of.measured if claim.counter else of.printed
            kind.append(claim)
    for law, names in LAWS.items():
        for name in names:
            found[name].laws.append(law)
    for caller, function in _functions().items():
        for name in _parts(function):
            found[name].callers.append(caller)
    return found


@cache
def _functions() -> dict[str, Callable[..., Any]]:
    found = [value for name in _NAMES if inspect.isfunction(value := getattr(dlp, name))]
    modules = list(dict.fromkeys(function.__module__ for function in found))
    found.sort(key=lambda each: (modules.index(each.__module__), each.__code__.co_firstlineno))
    return {function.__name__: function for function in found}


def _parts(function: Callable[..., Any]) -> set[str]:
    """Name the public formulas that a function uses, itself or through helpers."""
    parts, helpers = set(), [function]
    for each in helpers:
        codes = [each.__code__]
        for code in codes:
            codes += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
            for name in code.co_names:
                if name in _functions():
                    parts.add(name)
                elif inspect.isfunction(used := each.__globals__.get(name)) and used not in helpers:
                    helpers.append(used)
    return parts - {function.__name__}


@cache
def modules() -> tuple[str, ...]:
    """List the modules that have formulas, in the order in which the package names them."""
    names = (function.__module__.partition(".")[2] for function in _functions().values())
    return tuple(dict.fromkeys(names))


# --- Choices --------------------------------------------------------------------------------


@cache
def choices() -> dict[str, tuple[str, ...]]:
    """Give the values of every public choice, such as `OPTIMIZERS`."""
    found: dict[str, tuple[str, ...]] = {}
    for name in _NAMES:
        value = getattr(dlp, name)
        if isinstance(value, (tuple, dict)) and "model_type" not in value and name not in KEYS:
            found[name] = tuple(value)
    # A table of the values of another choice is none itself.
    tables = [n for n, values in found.items() if isinstance(getattr(dlp, n), dict)]
    return {n: v for n, v in found.items() if n not in tables or list(found.values()).count(v) < 2}


def takers() -> dict[tuple[str, str], str]:
    """Say which choice each argument has, as the docstrings do; a config is one of a model type."""
    found = {}
    for name, function in _functions().items():
        said = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", inspect.getdoc(function) or "", re.M)
        for parameter, text in said:
            for choice in re.findall(r"`([A-Z_]+)`", text):
                if choice in choices():
                    found[name, parameter] = choice
        if "config" in inspect.signature(function).parameters:
            found[name, "config"] = "MODEL_TYPES"
    return found


@cache
def witnesses() -> Counter[str]:
    """Count the numbers that come out by each choice, such as `OPTIMIZERS: adamw`."""
    taken, known, found = takers(), set(everything()), Counter[str]()
    for claim in claims():
        if claim.verdict != "reproduced":
            continue
        made = set()
        for each in calls(claim.expression):
            for place, value in _bound(each["function"], arguments_of(each)):
                if choice := taken.get(place):
                    named: Iterable[str] = (
                        choices()[choice] if value == dlp.ALL_LINEAR else _names(value)
                    )
                    if choice == "LIBRARIES":  # releases may follow
                        named = [value.partition(",")[0].split()[0]]
                    elif choice == "TRAINED_PARTS" and value is None:
                        named = ["lora" if "lora" in each["arguments"] else "full"]
                    made |= {f"{choice}: {name}" for name in named}
        found.update(made & known)
    return found


@cache
def _signature(function: str) -> inspect.Signature:
    return inspect.signature(_functions()[function])


def _bound(function: str, arguments: dict[str, Any]) -> Iterator[tuple[tuple[str, str], Any]]:
    """Give every argument of a call, those left at their default too, by function and name."""
    bound = _signature(function).bind(**arguments)
    bound.apply_defaults()
    for name, value in bound.arguments.items():
        if bound.signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            said = inspect.getdoc(_functions()[function]) or ""
            for other in re.findall(rf"\*\*{name}: The arguments of\s+\[`(\w+)`\]", said):
                yield from _bound(other, value)
        else:
            yield (function, name), value


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and "model_type" in value:
        yield value["model_type"]
    elif isinstance(value, str):
        yield value
    elif value is not None:
        yield from value


@cache
def everything() -> tuple[str, ...]:
    """Name every formula, and every choice with each of its values."""
    chosen = (f"{name}: {value}" for name, values in choices().items() for value in values)
    return (*_functions(), *chosen)


def is_part(name: str) -> bool:
    """Whether a formula is a part of one that has a witness."""
    callers = standings()[name].callers
    return any(standings()[each].is_witnessed or is_part(each) for each in callers)


def is_covered(name: str) -> bool:
    """Whether a number of others is a witness of a choice, or of a formula or one that calls it."""
    if name in standings():
        return standings()[name].is_witnessed or is_part(name)
    return name in witnesses()
