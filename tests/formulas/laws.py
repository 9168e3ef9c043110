"""What the tests of laws share: the formulas that a law names, and arguments to try it on."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st

from _evidence.laws import LAWS
from tests.formulas.calls import ARGUMENTS, FUNCTIONS, MODELS

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

COUNTS = st.one_of(st.integers(1, 300), st.sampled_from([768, 4096, 50257]))
"""Counts of a formula: small ones, and some that occur."""


configs = st.sampled_from(
    [m for m in MODELS if m["model_type"] in {"llama", "mistral", "qwen2", "gpt2"}]
)
"""Causal models without experts."""


def law(test: Any) -> Any:
    """Try a law of the table on the formulas that it names: a test that takes a `name`, on each."""
    test.law = test.__name__.removeprefix("test_").replace("_", " ")
    if test.law not in LAWS:
        raise LookupError(
            f"docs/_evidence/laws.toml: add {test.law!r} and the formulas it is about"
        )
    if "name" in inspect.signature(test).parameters:
        return pytest.mark.parametrize("name", LAWS[test.law])(test)
    return test


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
