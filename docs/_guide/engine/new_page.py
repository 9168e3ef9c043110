"""Start a new page from the template: `make page NAME=my-topic`."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
TEMPLATE = Path(__file__).with_name("template.md")

# Windows has no files of these names; the others are folders that a build writes.
_TAKEN = re.compile(r"con|prn|aux|nul|com\d|lpt\d|assets|search|site")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SECTION = "  - More:"
_NEXT = "  - Reference:"


class PageError(ValueError):
    """A page that cannot be started; the message says why."""


def new_page(name: str, root: Path = ROOT) -> Path:
    """Write a page that builds as it stands, and list it in the navigation.

    Args:
        name: The last part of the page's address, in lower case with hyphens: `my-topic`.
        root: The folder of `mkdocs.yml` and `docs/`.

    Returns:
        The new file.

    Raises:
        PageError: If the name will not do or is taken, or `mkdocs.yml` has lost its place for it.
    """
    if not _NAME.fullmatch(name):
        raise PageError(
            f"{name!r} will not do as a name: write words in lower case with hyphens between them, "
            "such as: make page NAME=my-topic"
        )
    if _TAKEN.fullmatch(name):
        raise PageError(f"no page can be called {name!r}: choose another name")
    page = root / "docs" / f"{name}.md"
    if page.exists() or page.with_suffix("").exists():
        raise PageError(f"docs/{name} is there already: choose another name, or edit that page")

    title = name.replace("-", " ").capitalize()
    config = root / "mkdocs.yml"
    listed = _listed(config.read_text("utf-8"), f"      - {title}: {name}.md")
    text = TEMPLATE.read_text("utf-8")
    page.write_text(text.replace("PAGE_TITLE", title), "utf-8")
    config.write_text(listed, "utf-8")
    return page


def _listed(config: str, entry: str) -> str:
    """Add an entry to the section for new pages; as text, because YAML would lose the comments."""
    lines = config.splitlines()
    if _NEXT not in lines:
        raise PageError(f"mkdocs.yml has no line {_NEXT!r}, before which new pages are listed")
    place = lines.index(_NEXT)
    lines[place:place] = [entry] if _SECTION in lines[:place] else [_SECTION, entry]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    try:
        made = new_page(os.environ.get("NAME", ""))
    except PageError as error:
        sys.exit(str(error))
    print(f"Wrote docs/{made.name} and listed it in mkdocs.yml. Now edit it, and run: make test")
