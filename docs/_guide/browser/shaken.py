"""A script with what some functions need of the translated Python, and nothing else."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from _guide.browser import bundle
from _guide.browser.sources import binds
from _guide.browser.translate import Translator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Name = tuple[str, str]
"""A module, and a name that it binds."""


@dataclass(frozen=True)
class Statement:
    """A statement of a module: what it binds, its translation, and what that needs."""

    names: frozenset[str]
    code: str
    needs: frozenset[Name]


def script(functions: Iterable[str]) -> str:
    """Write the script of functions, named in full."""
    kept: dict[str, list[Statement]] = {}
    seen: dict[str, set[str]] = {}
    needed, more = set[Name](), {_split(each) for each in functions}
    for module, name in more:
        seen.setdefault(module, set()).add(name)
    while more:
        needed |= more
        found = set[Name]()
        for module, name in sorted(more):
            for each in _statements(module):
                if name in each.names and each not in kept.setdefault(module, []):
                    kept[module].append(each)
                    found |= each.needs
                    for other, shown in each.needs:
                        if other != module:
                            seen.setdefault(other, set()).add(shown)
        more = found - needed
    homes = bundle.homes()
    public = ",".join(f'{n}:"{m}"' for m, n in sorted(needed) if homes.get(n) == m)
    written = [f'$.define("dlp",()=>$.lazy({{{public}}}));\n']
    for module in sorted(kept):
        code = "".join(each.code for each in _statements(module) if each in kept[module])
        bound = sorted(set[str]().union(*(each.names for each in kept[module])))
        written.append(_translator(module).defined(bound, seen[module], code))
    return f"(($)=>{{\n{''.join(written)}}})(Guide.python);\n"


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
        statements.append(Statement(frozenset(names), code, frozenset(needs)))
    return statements


def _single(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Take imports apart, name by name."""
    for each in body:
        if isinstance(each, ast.ImportFrom):
            for name in each.names:
                yield ast.copy_location(ast.ImportFrom(each.module, [name], each.level), each)
        else:
            yield each
