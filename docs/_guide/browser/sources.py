"""What is translated: modules, and of some only the statements that are wanted."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


_SAID = {"annotation", "returns", "ctx"}
"""What says something to readers of Python alone."""


def running(node: ast.AST, *, inside: bool = True) -> Iterator[ast.AST]:
    """Walk over what runs, which annotations do not; with `inside`, also over inner scopes."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        if not inside and isinstance(each, (ast.FunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        for field in each._fields:
            if field in _SAID or (
                field == "target" and not inside and type(each) is ast.comprehension
            ):
                continue
            value = getattr(each, field, None)
            if isinstance(value, list):
                waiting += [child for child in value if isinstance(child, ast.AST)]
            elif isinstance(value, ast.AST):
                waiting.append(value)


@cache
def binds(node: ast.AST, *, inside: bool = False) -> frozenset[str]:
    """Give the names that a statement binds, in its own scope or in inner ones too."""
    found = set[str]()
    for each in running(node, inside=inside):
        match each:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                found.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.alias():
                found.add(each.asname or each.name)
    return frozenset(found)


def _for_types(node: ast.stmt) -> bool:
    """Whether a statement says something to type checkers alone."""
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.ImportFrom(module="__future__"):
            return True
        case ast.ClassDef(bases=[ast.Name(id="TypedDict")]):
            return True
    return False


class Module:
    """A module, or of it the statements that bind the names wanted and what these need."""

    def __init__(self, name: str, path: Path, wanted: Iterable[str] = ()) -> None:
        self.name, self.path = name, path
        everything = ast.parse(path.read_text("utf-8")).body
        self.body = [each for each in everything if not _for_types(each)]
        needed, more = set[str](), set(wanted)
        while more - needed:
            needed |= more
            users = [each for each in self.body if needed & binds(each)]
            more = {n.id for each in users for n in running(each) if isinstance(n, ast.Name)}
        self.body = [each for each in self.body if not wanted or needed & binds(each)]
        nodes = [node for each in self.body for node in running(each)]
        self.used = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        self.bound = set[str]().union(*(binds(each, inside=True) for each in self.body))
        self.assigned = {n.id for n in nodes if type(n) is ast.Name and type(n.ctx) is ast.Store}
        self.assigned |= {n.arg for n in nodes if isinstance(n, ast.arg)}
        imports = (ast.Import, ast.ImportFrom)
        self.names = set[str]().union(
            *(binds(e) & self.used if isinstance(e, imports) else binds(e) for e in self.body)
        )
        self.attributes = {
            n.attr for n in nodes if type(n) is ast.Attribute and type(n.ctx) is ast.Store
        }
        classes = [each for n in nodes if isinstance(n, ast.ClassDef) for each in n.body]
        self.methods = set[str]().union(*map(binds, classes))
