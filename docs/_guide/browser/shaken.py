"""A script with what some functions need of the translated Python, and nothing else."""

from __future__ import annotations

import ast
import runpy
import sys
from copy import copy
from dataclasses import dataclass
from functools import cache, partial
from itertools import starmap
from typing import TYPE_CHECKING

from _guide.browser import bundle
from _guide.browser.sources import binds, running
from _guide.browser.translate import Later, Translator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import CodeType, FrameType
    from typing import Any

Name = tuple[str, str]
"""A module, and a name that it binds."""

Lines = dict[str, set[int]]
"""The numbers of lines, by their modules."""


@dataclass(frozen=True)
class Statement:
    """A statement of a module: its translation, and what that needs; or what is `late`."""

    code: str
    needs: frozenset[Name]
    late: str = ""


def script(functions: Iterable[str], ran: Lines | None = None) -> str:
    """Write the script of functions, named in full.

    Given the lines that `ran`, no other block of a function is written: it raises a `Later`.
    """
    wanted = {_split(each) for each in functions}
    needed, kept = _kept(wanted, None)
    if ran is not None:
        needed, kept = _kept(wanted, _joined([ran, *map(_ran_by, kept)]))
    seen: dict[str, set[str]] = {}
    for module, name in wanted.union(*starmap(_elsewhere, kept.items())):
        seen.setdefault(module, set()).add(name)
    homes = bundle.homes()
    written = [bundle.public({n: m for m, n in sorted(needed) if homes.get(n) == m})]
    for module in sorted(kept):
        late = "".join(f"{each.late}=" for each in kept[module] if each.late)
        code = late and f"{late}$.later();\n"
        code += "".join(each.code for each in kept[module])
        bound = {name for name in bundle.modules()[module].names if (module, name) in needed}
        written.append(_translator(module).defined(bound, seen[module], code))
    return bundle.script(written)


def _kept(wanted: set[Name], ran: Lines | None) -> tuple[set[Name], dict[str, list[Statement]]]:
    """Follow names to all that they need: the names, and the statements that bind them."""
    kept: dict[str, dict[int, Statement]] = {}
    needed, more = set[Name](), wanted
    while more:
        needed |= more
        found = set[Name]()
        for module, name in more:
            for place in _places(module)[name]:
                lines = None if ran is None else _among(ran, module, _single(module)[place])
                each = _statement(module, place, lines)
                kept.setdefault(module, {})[place] = each
                found |= each.needs
        more = found - needed
    return needed, {
        module: [each for _, each in sorted(places.items())] for module, places in kept.items()
    }


def _elsewhere(module: str, statements: list[Statement]) -> set[Name]:
    return {name for each in statements for name in each.needs if name[0] != module}


# --- What runs --------------------------------------------------------------------------------


def lines(calls: Iterable[Callable[[], Any]]) -> Lines:
    """Say which lines some calls run."""
    return _joined(map(_lines, calls))


@cache
def _ran_by(module: str) -> Lines:
    """Say which lines run when a module does, which each page does anew."""
    path = str(bundle.modules()[module].path)
    return _lines(partial(runpy.run_path, path, run_name=module))


def _joined(some: Iterable[Lines]) -> Lines:
    found: Lines = {}
    for each in some:
        for module, numbers in each.items():
            found.setdefault(module, set()).update(numbers)
    return found


def _lines(call: Callable[[], Any]) -> Lines:
    found: Lines = {}
    notes: dict[int, tuple[CodeType, Callable[..., Any] | None]] = {}

    def noting(module: str) -> Callable[..., Any] | None:
        if module not in bundle.modules():
            return None
        add = found.setdefault(module, set()).add

        def note(frame: FrameType, _: str, __: Any) -> Callable[..., Any]:
            add(frame.f_lineno)
            return note

        return note

    def enter(frame: FrameType, _: str, __: Any) -> Callable[..., Any] | None:
        code = frame.f_code
        if id(code) not in notes:
            notes[id(code)] = code, noting(frame.f_globals.get("__name__", ""))
        return notes[id(code)][1]

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        call()
    finally:
        sys.settrace(before)
    return found


# --- Statements -------------------------------------------------------------------------------


@cache
def _single(module: str) -> list[ast.stmt]:
    """Take a module apart, and its imports name by name.

    Raises:
        ValueError: If a statement does something beside binding names, and might be left out.
    """
    found = bundle.modules()[module]
    for each in found.body:
        if not binds(each) and not isinstance(each, ast.Expr):
            raise ValueError(f"{found.path}:{each.lineno}: this binds no name, and may be left out")
    return [part for each in found.body for part in _parts(each)]


def _parts(each: ast.stmt) -> Iterator[ast.stmt]:
    if isinstance(each, ast.ImportFrom):
        for name in each.names:
            yield ast.copy_location(ast.ImportFrom(each.module, [name], each.level), each)
    else:
        yield each


@cache
def _places(module: str) -> Mapping[str, list[int]]:
    """Say which statements of a module bind each of its names."""
    found: dict[str, list[int]] = {name: [] for name in bundle.modules()[module].names}
    for place, each in enumerate(_single(module)):
        for name in binds(each) & set(found):
            found[name].append(place)
    return found


def _among(ran: Lines, module: str, node: ast.stmt) -> frozenset[int]:
    """Give the lines that ran in a block of a statement."""
    return frozenset(filter(ran.get(module, set()).__contains__, _range(node)))


def _range(node: Any) -> range:
    return range(node.lineno, node.end_lineno + 1)


@cache
def _statement(module: str, place: int, ran: frozenset[int] | None) -> Statement:
    """Translate a statement; of a function, given the lines that ran, only their blocks."""
    node, translator = _single(module)[place], _translator(module)
    if ran is not None and isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        if not _end(node.body, ran):
            return Statement("", frozenset(), late=translator.js(node.name))
        node = _cut(node, ran)
    translator.reaches.clear()
    code = translator.of(node)
    needs = {name for name in translator.reaches if name[0] in bundle.modules()}
    used = {each.id for each in running(node) if type(each) is ast.Name}
    needs |= {(module, name) for name in used & bundle.modules()[module].names}
    return Statement(code, frozenset(needs))


def _cut(whole: Any, ran: frozenset[int]) -> Any:
    """Put a `Later` for the end of each block of which no line ran."""
    node = copy(whole)
    for field in ("body", "orelse", "handlers"):
        block = getattr(node, field, None)
        if isinstance(block, list):
            end = _end(block, ran)
            kept = [_cut(each, ran) for each in block[:end]]
            if end < len(block):
                names = sorted(set[str]().union(*map(binds, block[end:])))
                kept.append(Later([ast.Name(name, ast.Store()) for name in names]))
            setattr(node, field, kept)
    return node


def _end(block: list[ast.stmt], ran: frozenset[int]) -> int:
    """Say how many statements there are up to the last that ran."""
    back = (i for i in range(len(block), 0, -1) if not ran.isdisjoint(_range(block[i - 1])))
    return next(back, 0)


def _split(full: str) -> Name:
    module, _, name = full.rpartition(".")
    return module, name


@cache
def _translator(module: str) -> Translator:
    found = Translator(bundle.modules()[module], bundle.modules(), bundle.homes())
    for each in _single(module):
        if isinstance(each, (ast.Import, ast.ImportFrom)):
            found.of(each)  # which says what its names are, to all that follows
    return found
