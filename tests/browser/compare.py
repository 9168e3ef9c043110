"""What CPython and the translation make of the same calls, as text with type, bits and order."""

from __future__ import annotations

import ast
import json
import math
import re
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_NAMED = re.compile(r"<function (\w+)>")
_FUNCTION = re.compile(r"<function (\S+) at 0x\w+>")

RUN = """
const answered = (make) => {
  try { return Guide.python.repr([make()]); } catch (error) {
    if (!(error instanceof Guide.Error)) return `broken: ${error.stack}`;
    return `${error.type}: ${error.message}`;
  }
};
"""


def literal(value: Any) -> str:
    """Write a value for the runtime `$`."""
    match value:
        case bool() | None | str():
            return json.dumps(value)
        case int():
            return f"{value}n"
        case float():
            return repr(value).replace("inf", "Infinity").replace("nan", "NaN")
        case list():
            return f"[{','.join(map(literal, value))}]"
        case tuple():
            return f"$.tup([{','.join(map(literal, value))}])"
        case set():
            return f"$.set([[{','.join(map(literal, value))}]])"
        case dict():
            keys, values = (",".join(map(literal, each)) for each in (value, value.values()))
            return f"$.dct([{keys}],[{values}])"
    if isinstance(value, FunctionType):
        return f"$.module({json.dumps(value.__module__)}).{value.__name__}"
    raise TypeError(f"no literal for {value!r}")


def call(function: Callable[..., Any], arguments: dict[str, Any], module: str = "") -> str:
    """Write a call of a function, by its own module or by another that has it."""
    named = ",".join(f"{json.dumps(key)}:{literal(value)}" for key, value in arguments.items())
    module = module or function.__module__
    return f"$.module({json.dumps(module)}).{function.__name__}([],{{{named}}})"


def batch(codes: Iterable[str]) -> str:
    """Write an expression that makes calls and gives what came of each."""
    thunks = ",\n".join(f"()=>{code}" for code in codes)
    return f"(()=>{{const $=Guide.python;{RUN}return [{thunks}].map(answered);}})()"


def answered(make: Callable[[], Any]) -> str:
    """Make a call here, and give what came of it."""
    try:
        return _FUNCTION.sub(r"<function \1>", repr(make()))
    except Exception as error:  # whatever it is, the browser must say the same
        return f"{type(error).__name__}: {error}"


def kind(text: str) -> str:
    """Give a result as it is, but of a refusal the type alone: its words are Python's own."""
    refused = re.match(r"(\w+Error): ", text)
    return refused[1] if refused else text


def close(ours: str, theirs: str) -> bool:
    """Whether two results differ by nothing but the last bits of floats."""
    try:
        one, other = (ast.literal_eval(_NAMED.sub(r"'\1'", text)) for text in (ours, theirs))
        return _close(one, other)
    except (SyntaxError, ValueError):
        return False


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-15, abs_tol=1e-15)
    if isinstance(one, dict) and isinstance(other, dict):
        one, other = list(one.items()), list(other.items())
    if isinstance(one, (list, tuple)) and type(one) is type(other):
        return len(one) == len(other) and all(map(_close, one, other))
    return bool(one == other) and type(one) is type(other)
