"""The rules for executable blocks, one set for the build and for the tests.

markdown-exec shows a block with a misspelt option, a bad value or an unclosed quote as text, and
says nothing. So every fence of a page is read here first, with markdown-exec's own validator, and
whatever would be passed over in silence becomes a problem that names page and line.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import markdown
import markdown_exec

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"^ *(?P<marks>`{3,}|~{3,}) *(?P<language>\w+)(?P<header>[^\n]*)$", re.M)
_OPTIONS = {
    "exec": ("on",),
    "source": ("above", "below", "block", "tabbed-left", "tabbed-right"),
    "result": ("text",),
    "html": ("on",),
    "session": None,
    "title": None,
    "hl_lines": None,
    "updatetoc": ("no",),
}
LANGUAGE = "python"
"""The language of executable blocks; the plugin is switched on for no other."""


@dataclass(frozen=True)
class Block:
    """One executable block as the build will run it."""

    code: str
    options: dict[str, str]
    line: int

    @property
    def shown(self) -> str:
        """The code as a reader sees and copies it, without the hidden lines."""
        lines = (line for line in self.code.splitlines() if "markdown-exec: hide" not in line)
        return "\n".join(lines)


class BlockError(ValueError):
    """A block that markdown-exec would not run as it is written."""


def session_of(page: str) -> str:
    """Return the session of a page: its path without the suffix."""
    return str(PurePosixPath(page).with_suffix(""))


def blocks(text: str) -> list[Block]:
    """List the executable blocks of a page, parsed as the build parses them.

    Raises:
        BlockError: If a fence that asks to be executed would be shown as text instead.
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
    headers = list(_executable_headers(text))
    if len(found) != len(headers):
        raise BlockError(
            f"{len(headers)} fences ask to be executed, {len(found)} would be: look for a quote or "
            f"a fence that is not closed, at lines {', '.join(str(line) for line in headers)}"
        )
    return [Block(**block, line=line) for block, line in zip(found, headers, strict=True)]


def problems(text: str, page: str) -> list[str]:
    """List what is wrong with the executable blocks of a page, each with its line."""
    try:
        found = blocks(text)
    except BlockError as error:
        return [f"{page}: {error}"]
    wrong = []
    for block in found:
        wrong += [f"{page}:{block.line}: {problem}" for problem in _problems(block, page)]
    return wrong


def _problems(block: Block, page: str) -> Iterator[str]:
    for option, value in block.options.items():
        if option not in _OPTIONS:
            yield f"unknown option {option!r}; write one of {', '.join(_OPTIONS)}"
        elif (allowed := _OPTIONS[option]) and value not in allowed:
            yield f"{option}={value!r}; write one of {', '.join(allowed)}"
    if block.options.get("session") != session_of(page):
        yield f'write session="{session_of(page)}", the path of the page'
    try:
        tree = ast.parse(block.code)
    except SyntaxError as error:
        yield f"not Python: {error}"
        return
    prints = any(isinstance(node, ast.Name) and node.id == "print" for node in ast.walk(tree))
    if not prints:
        yield "prints nothing, so the page would show nothing: print the result"


def _executable_headers(text: str) -> Iterator[int]:
    """Yield the lines of the fences that ask to be executed, outside of other fences."""
    open_marks = ""
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if open_marks:
            if stripped.startswith(open_marks) and not stripped.strip(open_marks[0]):
                open_marks = ""
            continue
        if match := _FENCE.match(line):
            open_marks = match["marks"]
            if re.search(r"\bexe?c?e?\w*\s*=", match["header"]) and match["language"] != "markdown":
                yield number
