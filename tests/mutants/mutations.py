"""The mutants: Cosmic Ray makes them, and those that change nothing that runs are left out."""

from __future__ import annotations

import argparse
import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.tools.filters.operators_filter import OperatorsFilter
from cosmic_ray.work_db import use_db

from tests.mutants import ONE_IN

if TYPE_CHECKING:
    from collections.abc import Collection

SETTINGS = Path(__file__).with_name("settings.toml")


def mutants(paths: list[Path], *, sampled: Collection[str]) -> list[Mutant]:
    """Have Cosmic Ray list the mutants, without those that change nothing that runs.

    Of some modules a sample stands for all.
    """
    with use_db(":memory:") as db:
        init(paths, db, {})
        OperatorsFilter().filter(db, argparse.Namespace(config=str(SETTINGS)))
        changes = [item.mutations[0] for item in db.pending_work_items]
    found = []
    for change in changes:
        path, start = Path(change.module_path), (change.start_pos[0], change.start_pos[1])
        if not _is_idle(path, change.operator_name, start):
            function = _function_at(path, start[0])
            mutant = Mutant(path, change.operator_name, change.occurrence, function)
            if path.stem not in sampled or _is_drawn(mutant):
                found.append(mutant)
    return found


def _is_drawn(mutant: Mutant) -> bool:
    """Draw the same ones each time."""
    lot = f"{mutant.module}.{mutant.function} {mutant.operator} {mutant.occurrence}"
    return crc32(lot.encode()) % ONE_IN == 0


@dataclass
class Mutant:
    """One change to one line, and what became of it."""

    path: Path
    operator: str
    occurrence: int
    function: str  # the function or class it stands in, or nothing
    outcome: str = ""

    @property
    def module(self) -> str:
        """The name of the module, such as `steps`."""
        return self.path.stem

    @property
    def code(self) -> str | None:
        """The module with the change made."""
        changed: str | None = mutate_code(
            self.path.read_text(encoding="utf-8"), get_operator(self.operator)(), self.occurrence
        )
        return changed

    @property
    def title(self) -> str:
        """The change in words: where it is, the line before and the line after."""
        before = self.path.read_text(encoding="utf-8").splitlines()
        after = (self.code or "").splitlines()
        old, new = next(((a, b) for a, b in zip(before, after, strict=False) if a != b), ("?", "?"))
        where = f"{self.module}.{self.function}" if self.function else self.module
        return f"{where}: {' '.join(old.split())} -> {' '.join(new.split())}"


@cache
def _unseen(path: Path) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Give the places that do not run or make only the text of a message."""
    places: list[ast.AST] = []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            places.append(node)
        elif isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation:
            places.append(node.annotation)
        elif isinstance(node, ast.FunctionDef) and node.returns:
            places.append(node.returns)
        elif isinstance(node, (ast.If, ast.Assign)) and "TYPE_CHECKING" in ast.unparse(
            node.test if isinstance(node, ast.If) else node.targets[0]
        ):
            places.append(node)
    return [
        ((n.lineno, n.col_offset), (n.end_lineno, n.end_col_offset))  # type: ignore[attr-defined]
        for n in places
    ]


def _is_idle(path: Path, operator: str, start: tuple[int, int]) -> bool:
    """Whether a mutant says nothing about the tests."""
    if any(a <= start < b for a, b in _unseen(path)):
        return True  # it does not run, or only words a message
    lines = path.read_text(encoding="utf-8").splitlines()
    line, column = start
    before = "\n".join([*lines[: line - 1], lines[line - 1][:column]])
    before = re.sub(r"(\s*#[^\n]*\n)*\s*$", "", before)  # comments
    if "BinaryOperator" in operator and not re.search(r"[\w)\]}\"']$", before):
        return True  # a star in a signature is no product
    # Names have no order.
    is_text = before.endswith('"') or re.match(r'[=!]=\s*"', lines[line - 1][column:])
    return bool(is_text and re.search(r"_(Eq|NotEq)_(Lt|LtE|Gt|GtE)$", operator))


@cache
def _functions(path: Path) -> list[tuple[int, int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        (node.lineno, node.end_lineno or node.lineno, node.name)
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    ]


def _function_at(path: Path, line: int) -> str:
    return next((name for a, b, name in _functions(path) if a <= line <= b), "")
