"""The translation gives what CPython gives, in each browser: values, bits, order, refusals."""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import pytest

import dlp
from _guide.browser import bundle
from _guide.browser.translate import Module, Translator
from tests.browser import cases, compare, grid, statements
from tests.evidence.test_conformance import CONTENT, argument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.browser.conftest import Tab

pytestmark = pytest.mark.browser

EXPRESSIONS = [
    line
    for line in (Path(__file__).with_name("expressions.txt")).read_text("utf-8").splitlines()
    if not line.startswith("#")
]
BATCH = 2000
LOGARITHMS = {"dlp.objective", "_guide.questions.training_objective"}
"""Where the browser's own `exp` and `log` are called, which may differ in the last bit."""


def differences(
    tab: Tab, calls: Iterable[tuple[Callable[..., Any], dict[str, Any]]], module: str = ""
) -> list[tuple[str, str, str]]:
    """Make calls here and in the browser, and list those that differ: what, ours, theirs."""
    found, rest = [], iter(calls)
    while some := list(itertools.islice(rest, BATCH)):
        codes = [compare.call(function, given, module) for function, given in some]
        for (function, given), theirs in zip(some, tab.evaluate(compare.batch(codes)), strict=True):
            ours = compare.answered(partial(function, **given))
            near = function.__module__ in LOGARITHMS and compare.close(ours, theirs)
            if ours != theirs and not near:
                found.append((f"{function.__name__}({given})"[:400], ours[:400], theirs[:400]))
    return found


def loaded(tab: Tab, path: Path, name: str) -> None:
    """Translate a module that is no part of the guide, and load it."""
    modules = {**bundle.modules(), name: Module(name, path)}
    script = Translator(modules[name], modules, bundle.homes()).script()
    tab.evaluate(f"(()=>{{const $=Guide.python;{script};return 0;}})()")


@pytest.mark.filterwarnings("ignore::SyntaxWarning")  # some are wrong on purpose
def test_expressions(tab: Tab, tmp_path: Path) -> None:
    functions = (f"def e{i}():\n    return {line}\n" for i, line in enumerate(EXPRESSIONS))
    path = tmp_path / "expressions.py"
    path.write_text("\n".join(["import html, itertools, math", *functions]), "utf-8")
    loaded(tab, path, "expressions")
    here: dict[str, Any] = {}
    exec(compile(path.read_text("utf-8"), str(path), "exec"), here)  # noqa: S102 - our own table
    found = differences(tab, ((here[f"e{i}"], {}) for i in range(len(EXPRESSIONS))), "expressions")
    wrong = [each for each in found if compare.kind(each[1]) != compare.kind(each[2])]
    assert not [(EXPRESSIONS[int(name[1:].partition("(")[0])], *both) for name, *both in wrong]


def test_statements(tab: Tab) -> None:
    loaded(tab, Path(statements.__file__), statements.__name__)
    functions = [f for f in vars(statements).values() if isinstance(f, FunctionType)]
    wrong = differences(tab, ((function, {}) for function in functions))
    assert not [each for each in wrong if compare.kind(each[1]) != compare.kind(each[2])]


def test_random_calls_of_every_public_function(tab: Tab) -> None:
    calls = [(getattr(dlp, name), given) for name, given in grid.calls()]
    assert len(calls) >= 25_000
    wrong = differences(tab, calls)
    assert not wrong, f"{len(wrong)} of {len(calls)} calls differ: {wrong[:5]}"


def test_every_call_of_the_conformance_file(tab: Tab) -> None:
    calls = list({repr(each): each for each in claimed(CONTENT["cases"])}.values())
    wrong = differences(tab, calls)
    assert not wrong, f"{len(wrong)} of {len(calls)} calls differ: {wrong[:5]}"


def claimed(value: Any) -> Iterator[tuple[Callable[..., Any], dict[str, Any]]]:
    """Find the calls in a part of the conformance file."""
    inner = list(value.values()) if isinstance(value, dict) else value
    if isinstance(inner, list):
        for each in inner:
            yield from claimed(each)
    if isinstance(value, dict) and "function" in value:
        given = {name: argument(name, each) for name, each in value["arguments"].items()}
        yield getattr(dlp, value["function"]), given


@pytest.mark.parametrize("made", [cases.numbers, cases.pictures, cases.questions])
def test_what_pages_show(tab: Tab, made: Callable[[], Iterable[cases.Call]]) -> None:
    wrong = differences(tab, made())
    assert not wrong, f"{len(wrong)} calls differ: {wrong[:5]}"
