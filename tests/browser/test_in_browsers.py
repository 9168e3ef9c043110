"""The translation gives what CPython gives, in each browser: values, bits, order, refusals."""

from __future__ import annotations

import itertools
import json
import tomllib
import warnings
from dataclasses import dataclass
from functools import partial
from inspect import isfunction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dlp
from _guide.browser import bundle
from _guide.browser.sources import Module
from _guide.browser.translate import KNOWN, LIBRARY, RUNTIME, Translator
from tests.browser import cases, compare, grid, operations, statements
from tests.evidence.test_conformance import argument, content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.browser.conftest import Tab

pytestmark = pytest.mark.browser

FAULTS = tomllib.loads(Path(__file__).with_name("faults.toml").read_text("utf-8"))["faults"]
BATCH = 2000
LACKING = dict.fromkeys(
    (
        *("7.5 // 2", "7 // 2.5", "7.5 % 2", "7 % 2.5", "2.0**0.5", "2**0.5"),
        *("5 | 2", "True | False", "{1, 2} - {2}", '{1} | {"a": 1}', '{"a": 1} | {1}'),
        *('"ab" * 3', '3 * "ab"', "(1, 2) * 2", "3 * [1]", 'float("1")', "float(None)"),
        *("round(2.5, -1)", "round(2.5, None)", 'f"{2.5:,}"', "str(type(1))"),
    ),
    "TypeError",
) | {
    '"banana".count("an")': "AttributeError",
    'int("1_0")': "ValueError",
    "(1e308 * 10) ** 2": "OverflowError",
    "math.fsum([1e308 * 10])": "OverflowError",
}
"""Expressions that the translator takes, because it sees no types, and how each is refused."""
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


def written(path: Path, name: str) -> str:
    """Translate a module that is no part of the guide."""
    modules = {**bundle.modules(), name: Module(name, path)}
    script = Translator(modules[name], modules, bundle.homes()).script()
    return f"(($)=>{{{script}}})(Guide.python);"


def test_what_the_translator_reads_of_the_runtime_is_there(tab: Tab) -> None:
    names = [*KNOWN["builtins"], *KNOWN["operators"]]
    assert len(names) > 40
    assert not tab.evaluate(f"{names}.filter((n) => typeof Guide.python[n] !== 'function')")
    inner = [f"{module}.{name}" for module in LIBRARY for name in KNOWN[module]]
    assert not [
        each for each in inner if not tab.evaluate(f"Guide.python.{each} instanceof Function")
    ]


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Write the expressions as functions, with the statements, here and translated."""
    lines = Path(__file__).with_name("expressions.txt").read_text("utf-8").splitlines()
    expressions = [line for line in lines if not line.startswith("#")]
    functions = (f"def e{i}():\n    return {line}\n" for i, line in enumerate(expressions))
    path = tmp_path_factory.mktemp("table") / "expressions.py"
    path.write_text("\n".join(["import html, math", *functions]), "utf-8")
    here: dict[str, Any] = {}
    with warnings.catch_warnings(action="ignore"):  # some are wrong on purpose
        exec(compile(path.read_text("utf-8"), str(path), "exec"), here)  # noqa: S102 - our own
    script = written(path, "expressions")
    script += written(Path(statements.__file__), statements.__name__)
    codes, ours = {}, {}
    for i, line in enumerate(expressions):
        codes[line] = compare.call(here[f"e{i}"], {}, "expressions")
        ours[line] = compare.kind(compare.answered(here[f"e{i}"]))
    for function in filter(isfunction, vars(statements).values()):
        codes[function.__name__] = compare.call(function, {})
        ours[function.__name__] = compare.kind(compare.answered(function))
    return Table(script, codes, ours)


@dataclass(frozen=True)
class Table:
    """Expressions and statements: translated, the call of each, and what CPython makes of it."""

    script: str
    calls: dict[str, str]
    ours: dict[str, str]

    def wrong(self, tab: Tab, runtime: str) -> dict[str, tuple[str, str]]:
        """Give what comes out otherwise on a runtime, as it is here and there."""
        code = f"(()=>{{{runtime};{self.script};return {compare.batch(self.calls.values())};}})()"
        theirs = map(compare.kind, tab.evaluate(code))
        pairs = zip(self.ours.items(), theirs, strict=True)
        return {what: (our, their) for (what, our), their in pairs if our != their}


ANSWERED = """((name, given) => {
  const text = (v) => JSON.stringify(v, (_, x) => typeof x === "bigint" ? `${x}n` : x);
  try { return text(Guide.call(name, given)); }
  catch (error) { return text([error instanceof Guide.Error, error.type, error.message]); }
})("%s", %s)"""
"""Gives what comes out as JSON, where an int is written with its n."""


def test_what_javascript_gives_and_gets(tab: Tab) -> None:
    def call(name: str, given: str) -> Any:
        return json.loads(tab.evaluate(ANSWERED % (name, given)))

    samples = "num_samples: 10n ** 17n + 1n, per_device_train_batch_size: 2"
    assert call("dlp.updates_per_epoch", f"{{{samples}}}") == "50000000000000001n"
    assert call("dlp.gigabytes", "{num_bytes: 1e9}") == 1
    assert call("_guide.formats.count", "{value: 2.5}") == [
        True,
        "ValueError",
        "not a whole number: 2.5",
    ]
    assert call("_guide.formats.decimal", "{value: Guide.float(2), digits: 1}") == "2"
    refused = call("dlp.gigabytes", "{num_bytes: 'x'}")
    assert refused == [True, "TypeError", "num_bytes must be a number, not 'x' (str)"]
    labels = "{input_ids: [5, 6, 7], attention_mask: null}"
    assert call("dlp.pretraining_labels", labels) == ["5n", "6n", "7n"]
    ledger = call("dlp.state_ledger", "{num_parameters: 7, num_head_parameters: 1, dtype: 'fp32'}")
    known = dlp.state_ledger(num_parameters=7, num_head_parameters=1, dtype="fp32")
    assert list(ledger) == list(known)
    assert list(ledger["full"].items()) == [(k, f"{v}n") for k, v in known["full"].items()]
    assert call("dlp.no_such", "{}")[1] == "AttributeError"
    assert call("no.such", "{}")[1] == "ImportError"


def test_expressions_and_statements(tab: Tab, table: Table) -> None:
    assert len(table.ours) > 200
    assert not table.wrong(tab, RUNTIME.read_text("utf-8"))


def test_what_python_has_and_the_runtime_has_not_is_refused(tab: Tab, tmp_path: Path) -> None:
    """The translator sees no types."""
    path = tmp_path / "lacking.py"
    functions = (f"def e{i}():\n    return {line}\n" for i, line in enumerate(LACKING))
    path.write_text("\n".join(["import math", *functions]), "utf-8")
    codes = [f'$.module("lacking").e{i}([])' for i in range(len(LACKING))]
    refused = tab.evaluate(f"(()=>{{{written(path, 'lacking')};return {compare.batch(codes)}}})()")
    assert [compare.kind(each) for each in refused] == list(LACKING.values())


def test_a_fault_in_the_runtime_is_seen(tab: Tab, table: Table) -> None:
    sound = RUNTIME.read_text("utf-8")
    unseen = []
    for name, (old, new) in FAULTS.items():
        assert sound.count(old) == 1, f"tests/browser/faults.toml: {name}"
        try:
            seen = bool(table.wrong(tab, sound.replace(old, new)))
        except Exception:
            seen = True  # it does not even load
        unseen += [] if seen else [name]
    assert not unseen


def test_random_operations(tab: Tab) -> None:
    made = list(operations.operations())
    theirs = tab.evaluate(compare.batch(code for code, _ in made))
    wrong = [
        (code, ours, their)
        for (code, make), their in zip(made, theirs, strict=True)
        for ours in [compare.answered(make)]
        if compare.kind(ours) != compare.kind(their)
    ]
    assert not wrong, f"{len(wrong)} of {len(made)} differ: {wrong[:5]}"


def test_random_calls_of_every_public_function(tab: Tab) -> None:
    calls = [(getattr(dlp, name), given) for name, given in grid.calls()]
    assert len(calls) >= 25_000
    wrong = differences(tab, calls)
    assert not wrong, f"{len(wrong)} of {len(calls)} calls differ: {wrong[:5]}"


def test_every_call_of_the_conformance_file(tab: Tab) -> None:
    calls = list({repr(each): each for each in claimed(content()["cases"])}.values())
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


@pytest.mark.parametrize("made", [cases.numbers, cases.pictures, cases.solutions, cases.questions])
def test_what_pages_show(tab: Tab, made: Callable[[], Iterable[cases.Call]]) -> None:
    wrong = differences(tab, made())
    assert not wrong, f"{len(wrong)} calls differ: {wrong[:5]}"
