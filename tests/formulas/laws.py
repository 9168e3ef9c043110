"""What the property tests share: which formulas a law holds for, and arguments to try it on."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st

from tests.formulas.calls import ARGUMENTS, FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DataObject

COUNTS = st.one_of(st.integers(1, 300), st.sampled_from([768, 4096, 50257]))
"""Counts of a formula: small ones, and some that occur."""

NAMED: dict[str, list[str]] = {}
"""The laws of each formula."""


def holds_for(*names: str) -> Callable[[Any], Any]:
    """Say which formulas a law is about; a test that takes a `name` is tried on each of them."""

    def mark(test: Any) -> Any:
        for name in names:
            NAMED.setdefault(name, []).append(test.__name__)
        if "name" in inspect.signature(test).parameters:
            return pytest.mark.parametrize("name", names)(test)
        return test

    return mark


def some_call(data: DataObject, name: str) -> dict[str, Any]:
    """Draw valid arguments of a formula."""
    table = ARGUMENTS[name]
    return data.draw(st.fixed_dictionaries({p: st.sampled_from(v) for p, v in table.items()}))


def result(name: str, **arguments: Any) -> Any:
    """Call a formula by its name."""
    return FUNCTIONS[name](**arguments)


def numbers(value: Any) -> list[Any]:
    """Give the numbers in a result, in a fixed order."""
    if isinstance(value, dict):
        return [number for key in sorted(value) for number in numbers(value[key])]
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in numbers(item)]
    return [] if isinstance(value, (str, bool)) else [value]
