"""Blocks are pure: the same today and tomorrow, here and elsewhere, and no page changes another.

A block may import formulas, what the guide is made of, and a little of the standard library; it
may not ask the machine, give a name of the formulas or formats another meaning, change their
modules, or run on and on.
"""

from __future__ import annotations

import ast
import importlib
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 10.0
"""How long a block may run; the longest takes a fortieth of it."""

_OURS = {"dlp", "_guide", "_evidence"}
_IMPORTS = _OURS | {"fractions", "importlib", "inspect", "itertools", "math", "statistics"}
_MACHINE = {
    *("__import__", "breakpoint", "compile", "delattr", "eval", "exec", "exit", "globals", "help"),
    *("id", "input", "open", "quit", "setattr"),
}
"""Builtins that ask the machine or change it."""

_LEADING_THERE = {"Path", "builtins", "environ", "open", "os", "read_text", "sys", "write_text"}
_SAID = {"__doc__", "__module__", "__name__"}


class TooLong(BaseException):
    """A block that runs on and on. No `except Exception` of the block keeps it from ending."""


@contextmanager
def limited() -> Iterator[None]:
    """Stop what runs longer, where the system can.

    Raises:
        TooLong: If it does.
    """
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    def stop(*_: object) -> None:
        raise TooLong(f"runs for more than {SECONDS:g} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS, 1)  # and again, if a block goes on
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def problems(tree: ast.AST) -> Iterator[str]:
    """Yield what in a block is not pure."""
    formats = vars(importlib.import_module("_guide.formats"))
    ours = {*importlib.import_module("dlp").__all__, *filter(str.islower, formats)}
    for node in ast.walk(tree):
        bound: list[str | None] = []
        match node:
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                bound = [each.asname for each in names if each.asname not in {None, each.name}]
                modules = [getattr(node, "module", "") or each.name for each in names]
                for module in {each for each in modules if each.split(".")[0] not in _IMPORTS}:
                    yield f"imports {module}: write one of {', '.join(sorted(_IMPORTS))}"
            case ast.Attribute(ctx=ast.Store() | ast.Del()):
                yield f"changes {ast.unparse(node)}, which other pages use too"
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name):
                bound = [name]
            case ast.Name(id=name) if name in _MACHINE:
                yield f"uses {name}: a block may not ask or change the machine"
            case ast.Attribute(attr=name) if name in _LEADING_THERE or name[:2] == "__":
                if name not in _SAID:
                    yield f"uses {name}: a block may not ask or change the machine"
        for each in ours.intersection(bound):
            yield f"gives {each} another meaning, which the blocks below would take over"


def state() -> dict[str, Any]:
    """Note what the modules of formulas and guide hold, plain values as text."""
    package = importlib.import_module("dlp")
    for name in package.__all__:  # which are loaded when first asked for
        getattr(package, name)
    plain = (str, int, float, tuple, list, dict, set)
    return {
        f"{module}.{name}": repr(value) if isinstance(value, plain) else value
        for module in list(sys.modules)
        if module.partition(".")[0] in _OURS - {"_evidence"}
        for name, value in vars(sys.modules[module]).items()
        if not name.startswith("__")
    }


def changes(before: dict[str, Any]) -> list[str]:
    """Name what is no longer as it was."""
    now = state()
    return [
        f"a block changes {name}, which other pages use too"
        for name, value in before.items()
        if now.get(name) is not value and now.get(name) != value
    ]
