"""Changes made to the formulas on purpose, each of which a test must notice."""

from __future__ import annotations

import ast
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import dlp
from tests.paths import DOCS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

RESULT = DOCS / "_evidence" / "mutants.json"
HARMLESS = DOCS / "_evidence" / "harmless.toml"

FOLLOWING = frozenset({
    "_attention", "_autograd", "_forwards", "_layers", "_litgpt", "_loops", "_losses", "_names",
    "_objectives", "_optimizers", "_pieces", "_sharding", "_training", "peak",
})  # fmt: skip
"""The modules that follow a training step, tensor by tensor: one formula, and many rows."""

LISTING = frozenset(vars(dlp)["_ROWS"]) | {"_experts", "_rows", "families"}
"""The modules that list families, module by module: each word is compared with what is built."""

ONE_IN = 10
"""How many of their mutants stand for each that is tested: all of them would take two hours."""


def modules() -> list[Path]:
    """List the modules whose code is changed."""
    left_out = {"__init__", "__main__", "_command_fit"}
    return sorted(path for path in (ROOT / "dlp").glob("*.py") if path.stem not in left_out)


def seal(path: Path, mutants: int, survivors: list[str]) -> str:
    """Give a hash of a result and of the code that it is of, without docstrings and comments."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            end = node.end_lineno or node.lineno
            lines[node.lineno - 1 : end] = [""] * (end + 1 - node.lineno)
    code = [line.partition("  #")[0] for line in lines if line.strip()[:1] not in {"", "#"}]
    return sha256(repr((code, mutants, survivors)).encode()).hexdigest()[:16]


def is_current(path: Path, row: dict[str, Any] | None) -> bool:
    """Say whether the result of a module is as it was written, and of the code as it is now."""
    return row is not None and row["seal"] == seal(path, row["mutants"], row["survivors"])
