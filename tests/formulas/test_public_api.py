"""The package offers what it documents, and documents what it offers."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from itertools import groupby
from pathlib import Path

import griffe
import pytest

import dlp
from tests.formulas import api
from tests.formulas.calls import FUNCTIONS
from tests.formulas.laws import result
from tests.paths import ROOT


def section(
    function: griffe.Function, kind: griffe.DocstringSectionKind
) -> griffe.DocstringSection:
    """Give one section of a docstring."""
    assert function.docstring
    options = {"returns_multiple_items": False, "returns_named_value": False}
    for found in function.docstring.parse("google", warnings=False, **options):
        if found.kind is kind:
            return found
    raise AssertionError(f'{function.path}: write a section "{kind.value.title()}:"')


# --- Names ----------------------------------------------------------------------------------


def test_the_package_exports_every_public_name_of_its_modules_once() -> None:
    names = [path.rpartition(".")[2] for path in api.public()]
    assert sorted(names) == sorted(set(names)), "two modules have a public name in common"
    assert dir(dlp) == sorted(names)


def test_the_package_searches_its_modules_and_type_checkers_follow_them() -> None:
    """Each stands after those that it imports from, so that a name is found where it belongs."""
    searched = [
        name.module
        for name in ast.walk(ast.parse(Path(dlp.__file__).read_text("utf-8")))
        if isinstance(name, ast.ImportFrom)
    ]
    assert searched == [f"dlp.{name}" for name in vars(dlp)["_MODULES"]]
    assert set(searched) == {module.path for module in api.modules().values()}
    modules = [function.__module__ for function in FUNCTIONS.values()]
    assert list(dict.fromkeys(modules)) == [m for m, _ in groupby(modules)]


@pytest.mark.parametrize("path", api.public())
def test_an_exported_name_is_the_one_in_its_module(path: str) -> None:
    module, _, name = path.rpartition(".")
    assert getattr(dlp, name) is getattr(importlib.import_module(module), name)


def test_a_name_that_no_module_has_is_refused() -> None:
    with pytest.raises(AttributeError, match="'dlp' has no attribute 'kv_cash_bytes'"):
        _ = dlp.kv_cash_bytes  # type: ignore[attr-defined]


def test_the_package_is_typed_for_those_who_import_it() -> None:
    assert (ROOT / "dlp" / "py.typed").exists()


# --- Documentation --------------------------------------------------------------------------


@pytest.mark.parametrize("module", api.modules().values(), ids=lambda module: module.path)
def test_a_module_begins_with_a_sentence(module: griffe.Module) -> None:
    assert module.docstring, f"{module.path}: write a docstring"
    assert module.docstring.lines[0].endswith("."), f"{module.path}: end the summary with a period"


@pytest.mark.parametrize("constant", api.constants().values(), ids=lambda c: c.path)
def test_a_constant_says_what_it_is(constant: griffe.Attribute) -> None:
    assert constant.docstring, f"{constant.path}: write a docstring below it"
    first = constant.docstring.value.split("\n\n")[0]
    assert re.search(r"[.:]$", first), f"{constant.path}: write a sentence"


every_function = pytest.mark.parametrize(
    "function", api.functions().values(), ids=lambda function: function.path
)


@every_function
def test_a_function_begins_with_a_sentence(function: griffe.Function) -> None:
    assert function.docstring, f"{function.path}: write a docstring"
    lines = [*function.docstring.lines, ""]
    assert re.match(r"[A-Z].*\.$", lines[0]), f"{function.path}: {lines[0]!r} is no sentence"
    assert not lines[1], f"{function.path}: leave a blank line after the summary"


@every_function
def test_a_function_describes_exactly_the_parameters(function: griffe.Function) -> None:
    documented = section(function, griffe.DocstringSectionKind.parameters).value
    assert [p.name.lstrip("*") for p in documented] == [p.name for p in function.parameters], (
        f'{function.path}: "Args:" must describe each parameter, in order'
    )
    for parameter in documented:
        assert parameter.description.endswith((".", ":")), f"{function.path}: {parameter.name}"


@every_function
def test_a_function_says_what_it_returns(function: griffe.Function) -> None:
    (returned,) = section(function, griffe.DocstringSectionKind.returns).value
    assert returned.description


@every_function
def test_a_function_has_an_example(function: griffe.Function) -> None:
    examples = section(function, griffe.DocstringSectionKind.examples).value
    assert any(">>> " in text for _, text in examples)


@every_function
def test_a_function_has_no_section_that_is_not_understood(function: griffe.Function) -> None:
    assert function.docstring
    allowed = {"Args", "Returns", "Raises", "Source", "Examples"}
    found = re.findall(r"^([A-Z]\w+):$", function.docstring.value, re.M)
    assert set(found) <= allowed, f"{function.path}: sections are {', '.join(sorted(allowed))}"


@every_function
def test_a_function_has_a_type_for_everything(function: griffe.Function) -> None:
    untyped = [p.name for p in function.parameters if p.annotation is None]
    assert not untyped, f"{function.path}: write types for {untyped}"
    assert function.returns is not None, f"{function.path}: write the type of the result"


def test_the_documented_formulas_of_library_heads_agree_with_the_function() -> None:
    rows = re.findall(
        r"^\| (`.+?|any other) \|(.*?)\|(.*?)\|(.*?)\|$",
        inspect.getdoc(dlp.transformers_head_parameters) or "",
        re.M,
    )
    counted = {"$d C$": 6, "$d C + C$": 9, "$d^2 + d + d C + C$": 15}  # for d = 2 and C = 3
    named = {
        name: formulas
        for names, *formulas in rows
        for name in re.findall(r"`(.+?)`", names)
        if name != "model_type"
    }
    (others,) = (formulas for names, *formulas in rows if names == "any other")
    assert set(named) < set(dlp.HEAD_MODEL_TYPES)
    for model_type in dlp.HEAD_MODEL_TYPES:
        for task, formula in zip(dlp.TASKS, named.get(model_type, others), strict=True):
            head = {"model_type": model_type, "task": task, "hidden_size": 2, "num_labels": 3}
            if formula.strip():
                ours = result("transformers_head_parameters", **head)
                assert ours == counted[formula.strip()], (model_type, task)
            else:
                with pytest.raises(ValueError, match=f"task of {model_type} must be one of"):
                    result("transformers_head_parameters", **head)
