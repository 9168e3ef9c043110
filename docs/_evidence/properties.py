"""Read which properties the tests hold the formulas to, without running them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parents[2] / "tests" / "formulas" / "test_properties.py"
DECORATOR = "holds_for"


@dataclass(frozen=True)
class Property:
    """A law that is tried on many generated arguments."""

    name: str
    functions: tuple[str, ...]
    """The formulas that it is about."""

    @property
    def sentence(self) -> str:
        """The name of its test, as words."""
        return self.name.removeprefix("test_").replace("_", " ")


@cache
def properties() -> tuple[Property, ...]:
    """Read every property, in the order of the file."""
    tree = ast.parse(FILE.read_text(encoding="utf-8"))
    return tuple(
        Property(test.name, functions)
        for test in tree.body
        if isinstance(test, ast.FunctionDef) and (functions := _named(test))
    )


def _named(test: ast.FunctionDef) -> tuple[str, ...]:
    """List the formulas that the decorators of a test name."""
    return tuple(
        node.value
        for decorator in test.decorator_list
        if isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Name)
        and decorator.func.id == DECORATOR
        for argument in decorator.args
        for node in ast.walk(argument)  # a long list of names is written in several tuples
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
