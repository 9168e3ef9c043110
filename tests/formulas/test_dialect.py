"""The package keeps to what MicroPython understands: the same files will run in a browser."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCES = sorted(
    path
    for path in (ROOT / "dlp").glob("*.py")
    if path.stem not in {"__main__", "_command_fit"}  # the command
)
ABSENT = {"prod", "comb", "perm", "isqrt", "removeprefix", "removesuffix", "bit_length"}


def outside_the_dialect(code: str) -> list[str]:
    """List what a browser would refuse in a module, each with its line."""
    tree = ast.parse(code)
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return [
        f"line {getattr(node, 'lineno', '?')}: {reason}"
        for node in _run_time(tree)
        if (reason := _objection(node, functions))
    ]


def _run_time(node: ast.AST) -> Iterator[ast.AST]:
    """Walk over all that runs: not what stands under `if TYPE_CHECKING:`, nor annotations."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    yield node
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _run_time(child)


def _objection(node: ast.AST, functions: set[str]) -> str:
    match node:
        case ast.Import(names=names) if [name.name for name in names] != ["math"]:
            return "import nothing but math and dlp"
        case ast.ImportFrom(module=module) if not re.fullmatch(r"dlp(\.\w+)?", module or ""):
            return "import nothing but math and dlp"
        case ast.ClassDef():
            return "write functions, not classes"
        case ast.AsyncFunctionDef() | ast.Await() | ast.Match() | ast.Try() | ast.With():
            return "keep to plain functions: no match, try, with or async"
        case ast.arguments(posonlyargs=[_, *_]):
            return "no positional-only parameters"
        case ast.List(ctx=ast.Load(), elts=items) | ast.Tuple(ctx=ast.Load(), elts=items):
            unpacks = any(isinstance(item, ast.Starred) for item in items)
            return "add sequences instead of unpacking one" if unpacks else ""
        case ast.Set(elts=items) if any(isinstance(item, ast.Starred) for item in items):
            return "add sequences instead of unpacking one"
        case ast.Dict(keys=keys) if None in keys:
            return "call update instead of unpacking a dict"
        case ast.Attribute(attr=name) if name in ABSENT or name in {
            "__doc__",
            "__dict__",
            "__wrapped__",
        }:
            return f"{name} is missing"
        case ast.Attribute(value=ast.Name(id=owner)) if owner in functions:
            return "functions have no attributes"
        case ast.keyword(arg="strict"):
            return "zip has no strict"
    return ""


def test_there_is_something_to_check() -> None:
    assert len(SOURCES) > 8


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_a_module_keeps_to_the_dialect(source: Path) -> None:
    found = outside_the_dialect(source.read_text(encoding="utf-8"))
    assert not found, f"dlp/{source.name} would not run in a browser: {found}"


@pytest.mark.parametrize(
    "code",
    [
        "import dataclasses",
        "import math, enum",
        "from typing import Any",
        "from . import units",
        "from __future__ import annotations",
        "class Model: pass",
        "match x:\n    case 1: pass",
        "def f(a, /, b): pass",
        "x = [*a, b]",
        "x = (*a, b)",
        "x = {*a, b}",
        "x = {**a, 'b': 1}",
        "x = math.prod(a)",
        "def f(): pass\nf.cache = {}",
        "x = zip(a, b, strict=True)",
        "x = f.__doc__",
        "try:\n    pass\nfinally:\n    pass",
    ],
)
def test_what_a_browser_lacks_is_found(code: str) -> None:
    assert outside_the_dialect(code)


@pytest.mark.parametrize(
    "code",
    [
        "import math",
        "from dlp import _check",
        "if TYPE_CHECKING:\n    from typing import Any\n    class Shape: pass",
        "*first, last = names",
        "f(*a, **b)",
        "def f(*, a: 'list[int]') -> 'dict[str, int]': return {'a': a}",
    ],
)
def test_what_a_browser_has_is_allowed(code: str) -> None:
    assert not outside_the_dialect(code)
