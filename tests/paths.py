"""Where things are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The repository."""

DOCS = ROOT / "docs"
"""The pages and, in `_guide`, the Python that turns formulas into pages."""

PAGES = sorted(
    str(path.relative_to(DOCS).as_posix())
    for path in DOCS.rglob("*.md")
    if not {"_guide", "_evidence"} & set(path.parts)
)
"""Every page, by its path in `DOCS`."""
