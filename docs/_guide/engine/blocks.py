"""The rules for executable blocks, one set for the build and for the tests.

markdown-exec shows a block with a misspelt option, a bad value or an unclosed quote as text, and
says nothing. So every fence of a page is read here first, with markdown-exec's own validator, and
whatever would be passed over in silence becomes a problem that names page and line.
"""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import markdown
import markdown_exec

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

_PYTHON = {LANGUAGE, "py", "python3", "pycon", "ipython"}


@dataclass(frozen=True)
class Fence:
    """One fence as it is written, whether or not the build understands it."""

    language: str
    header: str
    code: str
    line: int
    end: int


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


class BlockError(ValueError):
    """A block that markdown-exec would not run as it is written."""

    def __init__(self, line: int, problem: str) -> None:
        """Keep the line and what is wrong there."""
        super().__init__(problem)
        self.line = line


def blocks(text: str) -> list[Block]:
    """List the executable blocks of a page, parsed as the build parses them.

    Raises:
        BlockError: If Python on the page would be shown as text instead.
    """
    found: list[dict[str, Any]] = []

    def validate(
        language: str, inputs: dict[str, str], options: dict[str, Any], attrs: Any, md: Any
    ) -> bool:
        header = dict(inputs)
        if not markdown_exec.validator(language, inputs, options, attrs, md):
            return False
        options["header"] = header
        return True

    def keep(
        source: str, language: str, css: str, options: dict[str, Any], *_: Any, **__: Any
    ) -> str:
        found.append({"code": source, "options": options["header"]})
        return ""

    fence = {"name": LANGUAGE, "class": LANGUAGE, "validator": validate, "format": keep}
    extensions = ["pymdownx.superfences", "pymdownx.tabbed", "pymdownx.details", "admonition"]
    markdown.Markdown(
        extensions=extensions,
        extension_configs={
            "pymdownx.superfences": {"custom_fences": [fence]},
            "pymdownx.tabbed": {"alternate_style": True},
        },
    ).convert(text)
    run = iter([*found, None])
    following = next(run)
    read = []
    for written in fences(text):
        if written.language.lower() not in _PYTHON:
            if re.search(r"\bexec\s*=", written.header) and written.language != "markdown":
                raise BlockError(written.line, f"write it in {LANGUAGE}: no other language is run")
        elif following and following["code"].split() == written.code.split():
            read.append(Block(**following, line=written.line))
            following = next(run)
        else:
            raise BlockError(
                written.line,
                'this Python would be shown without being run: write exec="on" and close every '
                "quote and the fence",
            )
    if following:
        raise BlockError(0, f"run, but not where it is looked for: {following['code']}")
    return read


def fences(text: str) -> Iterator[Fence]:
    """Yield the fences of a page that do not stand inside another fence."""
    lines = text.splitlines()
    marks = ""
    opened = 0
    for number, line in enumerate([*lines, ""], start=1):
        at_end = number > len(lines)
        if not marks:
            if match := _FENCE.match(line):
                marks, opened = match["marks"], number
                language, header = match["language"], match["header"]
        elif at_end or (line.strip().startswith(marks) and not line.strip().strip(marks[0])):
            code = textwrap.dedent("\n".join(lines[opened : number - 1]))
            yield Fence(language, header, code, opened, number)
            marks = ""


def line_of(code: str, text: str) -> int:
    """Return the line of a page on which a block begins, or 0."""
    return next((each.line for each in fences(text) if each.code.split() == code.split()), 0)


def problems(text: str, page: str) -> list[str]:
    """List what is wrong with the executable blocks of a page, each with its line."""
    try:
        found = blocks(text)
    except BlockError as error:
        return [f"{page}:{error.line}: {error}"]
    wrong = []
    for block in found:
        wrong += [f"{page}:{block.line}: {problem}" for problem in _problems(block)]
    return wrong + [f"{page}:{line}: {problem}" for line, problem in _strays(text)]


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


def _problems(block: Block) -> Iterator[str]:
    for option, value in block.options.items():
        if option not in _OPTIONS:
            yield f"unknown option {option!r}; write one of {', '.join(_OPTIONS)}"
        elif (allowed := _OPTIONS[option]) and value not in allowed:
            yield f"{option}={value!r}; write one of {', '.join(allowed)}"
    try:
        tree = ast.parse(block.code)
    except SyntaxError as error:
        yield f"not Python: {error}"
        return
    yield from pure.problems(tree)
    prints = any(isinstance(node, ast.Name) and node.id == "print" for node in ast.walk(tree))
    if not prints:
        yield "prints nothing, so the page would show nothing: print the result"
