"""Read pages and run their blocks, as the build does."""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from _guide.engine import blocks, pure
from tests.paths import DOCS

if TYPE_CHECKING:
    from collections.abc import Callable

    from _guide.engine.blocks import Block


@dataclass(frozen=True)
class Run:
    """One block and what it printed."""

    block: Block
    printed: str


def text_of(page: str) -> str:
    """Read a page."""
    return (DOCS / page).read_text(encoding="utf-8")


def run(code: str, line: int, namespace: dict[str, Any]) -> str:
    """Run a block in a namespace and return what it prints itself, as the build captures it.

    Raises:
        AssertionError: If it fails or ends the program; the message has its line in the page.
    """
    printed: list[str] = []

    def keep(*values: Any, sep: str = " ", end: str = "\n", **_: Any) -> None:
        printed.append(sep.join(map(str, values)) + end)

    # Blank lines in front, so that a traceback counts lines as the page does.
    program = compile("\n" * line + code, namespace["__file__"], "exec")
    namespace["print"] = keep
    try:
        with pure.limited():
            exec(program, namespace)  # noqa: S102 - our own pages
    except SystemExit as error:
        raise AssertionError(f"{namespace['__file__']}:{line}: a block ends the program") from error
    except (Exception, pure.TooLong) as error:
        raise AssertionError(
            f"{namespace['__file__']}:{line}: a block fails: {type(error).__name__}: {error}"
        ) from error
    return "".join(printed)


def whole(block: Block) -> str:
    """Give all of a block."""
    return block.code


def run_page(text: str, page: str, code: Callable[[Block], str] = whole) -> list[Run]:
    """Run the blocks of a page in their order, in one namespace."""
    namespace, before = fresh(page), pure.state()
    runs = [Run(block, run(code(block), block.line, namespace)) for block in blocks.blocks(text)]
    if changed := pure.changes(before):
        raise AssertionError(f"docs/{page}: {changed[0]}")
    return runs


def fresh(page: str) -> dict[str, Any]:
    """Make the namespace of a page."""
    return {"__name__": "__main__", "__file__": f"docs/{page}", "__builtins__": builtins}


def tab_of(text: str, line: int) -> str:
    """Return the title of the content tab that a line stands in, or nothing."""
    lines = text.splitlines()
    indent = len(lines[line - 1]) - len(lines[line - 1].lstrip())
    for above in reversed(lines[: line - 1]):
        depth = len(above) - len(above.lstrip())
        if above.strip() and depth < indent:
            match = re.match(r'\s*===[!+]* "(.+)"', above)
            return match[1] if match else ""
    return ""
