"""The rules for executable blocks, one set for the build and for the tests.

markdown-exec shows a block with a misspelt option, a bad value or an unclosed quote as text, and
says nothing. So every fence of a page is read here first, by a grammar narrower than its own, and
whatever would be passed over in silence becomes a problem that names page and line.
"""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from _guide.engine import pure

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"^[ \t]*(?P<marks>`{3,}|~{3,})[ {.]*(?P<language>\w*)(?P<header>[^`]*)$")
_OPTIONS = {
    "exec": ("on",),
    "source": ("above", "below", "block", "tabbed-left", "tabbed-right"),
    "result": ("text",),
    "html": ("on",),
    "idprefix": ("",),
    "title": None,
    "hl_lines": None,
    "updatetoc": ("no",),
}
INLINE = ("calc", "cite")
"""What a code span may begin with to be computed, as mkdocs.yml names it."""

LANGUAGE = "python"
"""The language of executable blocks; the plugin is switched on for no other."""

HIDDEN = "markdown-exec: hide"
"""What a line of a shown block ends in that readers are not shown."""

_OPTION = re.compile(r'(\w+)="([^"]*)"')
_HOLDS_BLOCKS = re.compile(r"[ \t]*(?:===|\?\?\?|!!!|[-*+] |\d+\. )")
_PYTHON = {LANGUAGE, "py", "python3", "pycon", "ipython"}


@dataclass(frozen=True)
class Fence:
    """One fence as it is written, whether or not the build understands it."""

    language: str
    header: str
    code: str
    line: int
    end: int
    held: bool
    """Whether it is closed and stands where a fence is read."""


@dataclass(frozen=True)
class Block:
    """One executable block as the build will run it."""

    code: str
    options: dict[str, str]
    line: int

    @property
    def shown(self) -> str:
        """The code as a reader sees and copies it, without the hidden lines."""
        lines = (line for line in self.code.splitlines() if HIDDEN not in line)
        return "\n".join(lines)


def blocks(text: str) -> list[Block]:
    """List the executable blocks of a page."""
    return [
        Block(fence.code, dict(_OPTION.findall(fence.header)), fence.line)
        for fence in fences(text)
        if fence.language == LANGUAGE and "exec" in fence.header
    ]


def fences(text: str) -> Iterator[Fence]:
    """Yield the fences of a page that do not stand inside another fence."""
    lines = text.splitlines()
    opening: re.Match[str] | None = None
    opened = 0
    for number, line in enumerate([*lines, ""], start=1):
        closed = (
            opening
            and line.strip().startswith(marks := opening["marks"])
            and not line.strip().strip(marks[0])
        )
        if not opening:
            opening, opened = _FENCE.match(line), number
        elif closed or number > len(lines):
            code = textwrap.dedent("\n".join(lines[opened : number - 1]))
            held = bool(closed) and _is_held(lines[:opened])
            yield Fence(opening["language"], opening["header"], code, opened, number, held)
            opening = None


def _is_held(lines: list[str]) -> bool:
    """Say whether the last line stands at the margin, or inside of what may hold a fence."""
    depth = len(lines[-1]) - len(lines[-1].lstrip())
    above = (line for line in reversed(lines) if line.strip())
    outer = next((line for line in above if len(line) - len(line.lstrip()) < depth), "")
    return not depth or bool(_HOLDS_BLOCKS.match(outer))


def line_of(code: str, text: str) -> int:
    """Return the line of a page on which a block begins, or 0."""
    return next((each.line for each in fences(text) if each.code.split() == code.split()), 0)


def problems(text: str, page: str) -> list[str]:
    """List what is wrong with the executable blocks of a page, each with its line."""
    wrong = [(fence.line, problem) for fence in fences(text) for problem in _problems(fence)]
    return [f"{page}:{line}: {problem}" for line, problem in [*wrong, *_strays(text)]]


def _strays(text: str) -> Iterator[tuple[int, str]]:
    """Yield what stands outside of all fences and would be shown as it is written."""
    inside = {line for fence in fences(text) for line in range(fence.line, fence.end + 1)}
    for number, line in enumerate(text.splitlines(), start=1):
        if number in inside:
            continue
        if re.search(r"\bexec\s*=", line):
            yield number, "this is not read as a fence: begin it with three backticks"
        if match := re.search(r"<(?:script|style|iframe|object|embed|link)\b", line):
            yield number, f"{match[0]}> has no place on a page"
        for name in re.findall(r"`#!(\w+)", line):
            if name not in INLINE:
                yield number, f"#!{name} would be shown as code; write one of {', '.join(INLINE)}"


def _problems(fence: Fence) -> Iterator[str]:
    if fence.language.lower() not in _PYTHON:
        if re.search(r"\bexec\s*=", fence.header) and fence.language != "markdown":
            yield f"write it in {LANGUAGE}: no other language is run"
        return
    options = dict(_OPTION.findall(fence.header))
    runs = fence.language == LANGUAGE and options.get("exec") == "on" and fence.held
    if not runs or _OPTION.sub("", fence.header).strip():
        yield (
            'this Python would be shown without being run: write exec="on" and close every quote '
            "and the fence, at the margin or in what holds it"
        )
    for option, value in options.items():
        if option not in _OPTIONS:
            yield f"unknown option {option!r}; write one of {', '.join(_OPTIONS)}"
        elif (allowed := _OPTIONS[option]) and value not in allowed:
            yield f"{option}={value!r}; write one of {', '.join(allowed)}"
    try:
        tree = ast.parse(fence.code)
    except SyntaxError as error:
        yield f"not Python: {error}"
        return
    yield from pure.problems(tree)
    prints = any(isinstance(node, ast.Name) and node.id == "print" for node in ast.walk(tree))
    if not prints:
        yield "prints nothing, so the page would show nothing: print the result"
