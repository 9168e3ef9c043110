"""A script with what some functions need of the translated Python, and nothing else."""

from __future__ import annotations

import ast
import runpy
import sys
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from _guide.browser import bundle
from _guide.browser.sources import binds
from _guide.browser.translate import Translator

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from types import CodeType, FrameType
    from typing import Any

Name = tuple[str, str]
"""A module, and a name that it binds."""


@dataclass(frozen=True)
class Statement:
    """A statement of a module: what it binds, its translation, and what that needs."""

    names: frozenset[str]
    code: str
    needs: frozenset[Name]
    is_function: bool = False


def script(functions: Iterable[str], entered: Collection[Name] | None = None) -> str:
    """Write the script of functions, named in full.

    Given the functions that are `entered`, any other has no body, and raises a `Later` if called.
    """
    statements = {
        module: [_left(module, each, entered) for each in _statements(module)]
        for module in bundle.modules()
    }
    kept: dict[str, list[Statement]] = {}
    seen: dict[str, set[str]] = {}
    needed, more = set[Name](), {_split(each) for each in functions}
    for module, name in more:
        seen.setdefault(module, set()).add(name)
    while more:
        needed |= more
        found = set[Name]()
        for module, name in sorted(more):
            for each in statements[module]:
                if name in each.names and each not in kept.setdefault(module, []):
                    kept[module].append(each)
                    found |= each.needs
                    for other, shown in each.needs:
                        if other != module:
                            seen.setdefault(other, set()).add(shown)
        more = found - needed
    homes = bundle.homes()
    written = [bundle.public({n: m for m, n in sorted(needed) if homes.get(n) == m})]
    for module in sorted(kept):
        code = "".join(each.code for each in statements[module] if each in kept[module])
        bound = sorted(set[str]().union(*(each.names for each in kept[module])))
        written.append(_translator(module).defined(bound, seen[module], code))
    return bundle.script(written)


def entered(calls: Iterable[Callable[[], Any]]) -> set[Name]:
    """Say which functions some calls enter; methods and what is nested count as what holds them."""
    found = set(_entered_by_modules())
    for call in calls:
        found |= _entered(call)
    return found


@cache
def _entered_by_modules() -> frozenset[Name]:
    """Say which functions are entered when modules are run, which each page does anew."""
    found = (
        _entered(partial(runpy.run_path, str(module.path), run_name=name))
        for name, module in bundle.modules().items()
    )
    return frozenset[Name]().union(*found)


def _entered(call: Callable[[], Any]) -> set[Name]:
    found: dict[int, tuple[CodeType, str]] = {}

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and id(frame.f_code) not in found:
            found[id(frame.f_code)] = frame.f_code, frame.f_globals["__name__"]

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    return {(module, code.co_qualname.partition(".")[0]) for code, module in found.values()}


def _left(module: str, statement: Statement, entered: Collection[Name] | None) -> Statement:
    (name, *_) = statement.names or ("",)
    if entered is None or not statement.is_function or (module, name) in entered:
        return statement
    code = f'{_translator(module).js(name)}=$.later("{name}");\n'
    return Statement(statement.names, code, frozenset())


def _split(full: str) -> Name:
    module, _, name = full.rpartition(".")
    return module, name


@cache
def _translator(module: str) -> Translator:
    return Translator(bundle.modules()[module], bundle.modules(), bundle.homes())


@cache
def _statements(module: str) -> list[Statement]:
    """Translate the statements of a module one by one.

    Raises:
        ValueError: If one does something beside binding names, and might be left out.
    """
    found, translator = bundle.modules()[module], _translator(module)
    statements = []
    for each in _single(found.body):
        names = binds(each)
        if not names and not isinstance(each, ast.Expr):
            raise ValueError(f"{found.path}:{each.lineno}: this binds no name, and may be left out")
        translator.reaches.clear()
        code = translator.of(each)
        needs = {name for name in translator.reaches if name[0] in bundle.modules()}
        needs |= {(module, n.id) for n in ast.walk(each) if isinstance(n, ast.Name)} & {
            (module, name) for name in found.names
        }
        is_function = isinstance(each, ast.FunctionDef)
        statements.append(Statement(frozenset(names), code, frozenset(needs), is_function))
    return statements


def _single(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Take imports apart, name by name."""
    for each in body:
        if isinstance(each, ast.ImportFrom):
            for name in each.names:
                yield ast.copy_location(ast.ImportFrom(each.module, [name], each.level), each)
        else:
            yield each
