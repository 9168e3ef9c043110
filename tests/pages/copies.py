"""Small copies of the guide, to be built with a change in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def settings() -> str:
    """Give the guide's settings without pages, and without links to evidence that is not there."""
    text, _, _ = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")
    linked = "            extensions: [_guide.engine.reference]\n"
    assert linked in text
    return text.replace(linked, "")


def lay(folder: Path, pages: dict[str, str]) -> None:
    """Lay out a copy of the guide that has these pages and one of the reference."""
    ignored = shutil.ignore_patterns("__pycache__")
    for part in ("dlp", "docs/_evidence", "docs/_guide", "docs/assets"):
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    for part in (
        *("pyproject.toml", "README.md", "CONTRIBUTING.md", "LICENSE", "CHANGELOG.md"),
        "docs/reference/heads.md",
    ):
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part, folder / part)
    nav = ["heads: reference/heads.md"]
    for name, text in pages.items():
        (folder / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
        nav.append(f"{name}: {name}.md")
    listed = "".join(f"  - {entry}\n" for entry in nav)
    (folder / "mkdocs.yml").write_text(f"{settings()}\nnav:\n{listed}", encoding="utf-8")


def lay_all(folder: Path, parts: tuple[str, ...] = ("dlp", "docs", "tests")) -> None:
    """Lay out a copy of the whole project, or of these folders of it."""
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for part in parts:
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    for path in ROOT.iterdir():
        if path.suffix in {".toml", ".yml", ".md"} or path.name in {"LICENSE", "Makefile"}:
            shutil.copy(path, folder / path.name)


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a copy, which then imports its own formulas and guide."""
    return subprocess.run(  # noqa: S603 - our own Python, our own code
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'docs'}"},
        capture_output=True,
        text=True,
        check=False,
    )


def build(folder: Path, pages: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Build a copy of the guide that has these pages."""
    lay(folder, pages)
    return run(folder, "-m", "mkdocs", "build", "--strict")
