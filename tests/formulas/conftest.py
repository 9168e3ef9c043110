"""A law names no formula that its test does not call."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import pytest

import dlp
from _evidence.laws import LAWS
from tests.formulas.calls import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Watch which formulas the test of a law calls, and fail if one that is named is left out."""
    law: str = getattr(pyfuncitem.obj, "law", "")
    if not law:
        return (yield)
    parameters: dict[str, Any] = (
        pyfuncitem.callspec.params if hasattr(pyfuncitem, "callspec") else {}
    )
    names: list[str] = [parameters["name"]] if "name" in parameters else LAWS[law]
    called: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            watched = _watched(name, FUNCTIONS[name], called)
            patch.setattr(dlp, name, watched)
            patch.setitem(FUNCTIONS, name, watched)
        result = yield
    if left := [name for name in names if name not in called]:
        raise AssertionError(f"docs/_evidence/laws.toml: {law!r} is not tried on {', '.join(left)}")
    return result


def _watched(name: str, function: Callable[..., Any], called: set[str]) -> Callable[..., Any]:
    @wraps(function)
    def watched(*args: Any, **arguments: Any) -> Any:
        called.add(name)
        return function(*args, **arguments)

    return watched
