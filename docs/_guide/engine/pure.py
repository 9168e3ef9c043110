"""Blocks are pure: the same today and tomorrow, here and elsewhere, and no page changes another.

A block may import formulas, what the guide is made of, and `math`; of Python's own names it may use
some. It may not ask the machine, give a name of Python, the formulas or the formats another
meaning, change their modules, or run on and on.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 60.0
"""How long a block may run: one that hangs ends, one on a slow machine does not."""

_OURS = {"dlp", "_guide", "_evidence"}
_IMPORTS = _OURS | {"math"}
_BUILTINS = {
    *("abs", "all", "any", "bool", "dict", "divmod", "enumerate", "float", "int", "isinstance"),
    *("len", "list", "map", "max", "min", "next", "print", "range", "reversed", "round", "sorted"),
    *("str", "sum", "tuple", "zip"),
}
"""What a block may use of Python's own; not a set, whose order differs between builds."""

_REFUSED = {*filter(str.islower, vars(builtins))} - _BUILTINS

_LEADING_OUT = {"FOLDER", "Path", "ROOT", "environ", "open", "read_text", "write_text"}.union(
    sys.stdlib_module_names - _IMPORTS
)
"""Names of modules, of paths and of what leads to them."""


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
    ours = {*importlib.import_module("dlp").__all__, *filter(str.islower, formats), *_BUILTINS}
    for node in ast.walk(tree):
        bound: list[str | None] = []
        reached: list[str] = []
        match node:
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                reached = [each.name for each in names if isinstance(node, ast.ImportFrom)]
                bound = [each.asname for each in names if each.asname not in {None, each.name}]
                modules = [getattr(node, "module", "") or each.name for each in names]
                for module in {each for each in modules if each.split(".")[0] not in _IMPORTS}:
                    yield f"imports {module}: write one of {', '.join(sorted(_IMPORTS))}"
            case ast.Attribute(ctx=ast.Store() | ast.Del()):
                yield f"changes {ast.unparse(node)}, which other pages use too"
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name):
                bound = [name]
            case ast.Name(id=name) if name[:2] == "__" or name in _REFUSED:
                yield f"uses {name}: of Python's own write one of {', '.join(sorted(_BUILTINS))}"
            case ast.Set() | ast.SetComp():
                yield f"writes {ast.unparse(node)}, whose order differs between builds: sort a list"
            case ast.Attribute(attr=name):
                reached = [name]
        for name in reached:
            if name in _LEADING_OUT - ours or name[0] == "_":
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
