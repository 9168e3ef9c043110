"""Changes made to the formulas on purpose, each of which a test must notice."""

from __future__ import annotations

import ast
from hashlib import sha256
from typing import TYPE_CHECKING

from tests.paths import DOCS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

RESULT = DOCS / "_evidence" / "mutants.json"
HARMLESS = DOCS / "_evidence" / "harmless.toml"


def modules() -> list[Path]:
    """List the modules whose code is changed."""
    return sorted(path for path in (ROOT / "dlp").glob("*.py") if path.stem != "__init__")


def fingerprint(path: Path) -> str:
    """Give a hash of what a module does: of its code without docstrings and comments."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]
                each
                for each in body
                if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
            ]
    return sha256(ast.dump(tree).encode()).hexdigest()[:16]
