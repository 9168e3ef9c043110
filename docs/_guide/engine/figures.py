"""The rule that no figure is typed by hand: what reads like one is found, and named with its line.

A figure is a number that stands by itself. Digits that belong to a name are not one (fp32, GPT-2,
Llama-2-7B, and the few in `NAMES`), nor are "question 1", numbers in addresses, and the small
whole numbers of a formula with letters. Everything else comes from a call: in a sentence from
`` `#!calc …` ``, in an executed block from a formatted value. Years, versions and citations come
from `_evidence.sources` and `_guide.evidence`, given values from `_guide.given`.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import TYPE_CHECKING

from _guide.engine import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = (
    "Llama 2",
    "Llama 3",
    "7B",
    "8B",
    "70B",
    "4-bit",
    "8-bit",
    "16-bit",
    "32-bit",
    "10⁹",
    "2³⁰",
)
"""Names with a digit that stands alone or comes first; also the powers that define GB and GiB."""

DECLARED = {"given.py", "engine/glossary.py", "checks.py"}
"""Modules where numbers may be typed: given values, definitions, keys of records."""

MACHINERY = {"engine", "formats.py", "pictures", "worked.py"}
"""Modules, or folders of them, whose strings are patterns and markup."""

_CODE = {"sh", "bash", "console", "toml", "yaml", "json", "markdown"}
_FIGURE = re.compile(r"(?<![\w.\-])[-−+]?\.?[\d½⅓⅔¼¾](?:[\d.,_]*\d)?")
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)
_MATH = re.compile(r"\$\$(.+?)\$\$|(?<![\w$\\])\$(?!\s)([^$\n]+?)(?<!\s)\$(?!\w)", re.S)
_TAG = re.compile(r"<!--.*?-->|</?[a-zA-Z][^>]*>", re.S)
_READ_ALOUD = re.compile(r"\b(?:alt|title|aria-label)=(\"[^\"]*\"|'[^']*')")
_UNREAD = re.compile(
    r"""
      ^[ \t]*(?:::: .*(?:\n(?:[ \t]+.*)?$)*|-+8<-+.*)$    # mkdocstrings and its options; snippets
    | ^[ \t]*\d+[.)][ ]                                   # the number of a list item
    | \]\((?:[^()\s]|\([^()]*\))*                         # the address of a link or an image
    | \]\[[^\]]*\] | ^\[[^\]]+\]:.*$ | \[\^[^\]]+\]       # references, their addresses, footnotes
    | https?://[^\s<>)]+
    | \{[:.\# ][^{}\n]*\}                                 # attributes
    | \b(?!alt=|title=|aria-label=)[\w-]+="[^"\n]*(?:"|$)  # in a tag made of parts
    | &\#?\w+;
    | \b[Qq]uestions?[ \u00a0][1-8](?:(?:,[ ]|[ ]and[ ]|[ ]to[ ]|–)[1-8])*\b
    """,
    re.M | re.X,
)
_NAME = re.compile(r"(?<![\w.\-])(?:" + "|".join(map(re.escape, NAMES)) + r")(?!\w|[.,]\d)")
_PRECISION = {"decimal", "percent", "times"}
_LOOKUPS = {"record", "topic", "version", "cite", "sources", "source_list"}


def typed_on_page(text: str, page: str) -> list[str]:
    """List the figures typed by hand on a page, in its text, its front matter and its blocks."""
    found: list[tuple[int, str]] = []
    prose = text
    for fence in blocks.fences(text):
        opening = _offset(text, fence.line)
        closing = _offset(text, fence.end + 1)
        for title in re.findall(r'title="([^"]*)"', fence.header):
            found += [(fence.line, figure) for _, figure in _in_prose(title)]
        if fence.language == blocks.LANGUAGE and "exec" in fence.header:
            found += _in_block(fence)
        if fence.language in _CODE | {blocks.LANGUAGE}:
            prose = _blank(prose, opening, closing)
        else:
            prose = _blank(prose, opening, _offset(text, fence.line + 1))
    found += [(prose.count("\n", 0, at) + 1, figure) for at, figure in _in_prose(prose)]
    return [_message(f"docs/{page}", line, figure) for line, figure in sorted(found)]


def typed_in_module(code: str, name: str) -> list[str]:
    """List the figures typed by hand in the texts of a module of `_guide`."""
    found = sorted(_in_strings(ast.parse(code)))
    return [_message(f"docs/_guide/{name}", line, figure) for line, figure in found]


def _message(path: str, line: int, figure: str) -> str:
    return (
        f"{path}:{line}: {figure} is typed by hand; compute it, on a page with `#!calc count(…)`, "
        f"`#!calc gb(…)` or an executed block, or give it a name in docs/_guide/given.py"
    )


# --- Text -----------------------------------------------------------------------------------


def _in_prose(text: str) -> Iterator[tuple[int, str]]:
    """Yield the figures in Markdown, each with its place."""
    for match in _SPAN.finditer(text):
        content = match[2].strip()
        if content.startswith("#!calc "):
            for figure in _in_expression(content.removeprefix("#!calc ")):
                yield match.start(), figure
        if content.startswith(("#!calc ", "#!cite ")):
            text = _blank(text, match.start(), match.end())
        else:  # code is read as prose: a number does not become a name between backticks
            text = _blank(_blank(text, match.start(), match.start(2)), match.end(2), match.end())
    for match in _MATH.finditer(text):
        for figure in _in_tex(match[1] or match[2]):
            yield match.start(), figure
        text = _blank(text, match.start(), match.end())
    for match in _TAG.finditer(text):
        aloud = "" if match[0].startswith("<!") else " ".join(_READ_ALOUD.findall(match[0]))
        for figure in _FIGURE.findall(_NAME.sub(" ", aloud)):
            yield match.start(), figure
        text = _blank(text, match.start(), match.end())
    for pattern in (_UNREAD, _NAME):
        for match in pattern.finditer(text):
            text = _blank(text, match.start(), match.end())
    for match in _FIGURE.finditer(text):
        yield match.start(), match[0]


def _in_tex(tex: str) -> list[str]:
    """List the figures in a formula: small whole numbers belong to it if it has letters."""
    numbers = re.findall(r"\d+(?:\{,\}\d+)*(?:\.\d+)?", re.sub(r"\\text\{[^}]*\}", "x", tex))
    if re.search(r"(?<![\\a-zA-Z])[a-zA-Z]", tex) or r"\text" in tex or r"\operatorname" in tex:
        return [number for number in numbers if not re.fullmatch(r"\d\d?", number)]
    return [] if re.fullmatch(r"\d+\^\{?\d+\}?", tex.strip()) else numbers


def _in_expression(expression: str) -> Iterator[str]:
    """Yield the literal numbers that a computed figure may not have."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except SyntaxError:
        return  # the build says so
    allowed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword):
            allowed |= {id(each) for each in ast.walk(node.value)}
        elif isinstance(node, ast.BinOp) and ast.unparse(node.right) == "1":
            allowed.add(id(node.right))  # as in "a ratio less one"
        elif isinstance(node, ast.Subscript):
            allowed |= {id(each) for each in ast.walk(node.slice)}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "q":
                allowed |= {id(each) for each in node.args}
            elif node.func.id in _PRECISION:
                allowed |= {id(each) for each in node.args[1:]}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and _is_number(node) and id(node) not in allowed:
            yield str(node.value)
    yield from (figure for _, figure in _in_strings(tree))


# --- Code -----------------------------------------------------------------------------------


def _in_block(fence: blocks.Fence) -> Iterator[tuple[int, str]]:
    """Yield the figures that an executed block prints as they are typed."""
    try:
        tree = ast.parse(fence.code)
    except SyntaxError:
        return  # `blocks.problems` says so
    shown = "source=" in fence.header
    if shown:
        # What readers are shown is a program: it has inputs. What it says about them is text.
        hidden = fence.code.splitlines()
        for token in tokenize.generate_tokens(io.StringIO(fence.code).readline):
            is_hidden = "markdown-exec: hide" in hidden[min(token.start[0], len(hidden)) - 1]
            if token.type == tokenize.COMMENT and not is_hidden:
                for _, figure in _in_prose(token.string.lstrip("# ")):
                    yield fence.line + token.start[0], figure
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "print" and shown:
                for line, figure in _in_strings(node):
                    yield fence.line + line, figure
            if node.func.id in {"print", "count", "gb", "size", "binary_size", *_PRECISION}:
                for argument in node.args[:1]:
                    if _is_number(argument):
                        yield fence.line + node.lineno, ast.unparse(argument)
    if not shown:
        for line, figure in _in_strings(tree):
            yield fence.line + line, figure


def _in_strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the figures in the texts of some code: no docstrings, formats, patterns or keys."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            skipped.add(id(node.value))
        elif isinstance(node, ast.Subscript):
            skipped.add(id(node.slice))
        elif isinstance(node, ast.FormattedValue):
            if node.format_spec:
                skipped |= {id(each) for each in ast.walk(node.format_spec)}
            if _is_number(node.value):
                yield node.lineno, ast.unparse(node.value)
        elif isinstance(node, ast.keyword) and node.arg == "printed":
            skipped |= {id(each) for each in ast.walk(node.value)}
        elif isinstance(node, ast.keyword) and node.arg == "counted":
            dicts = [
                each for each in ast.walk(node.value) if isinstance(each, (ast.Dict, ast.DictComp))
            ]
            keys = [
                key for each in dicts for key in getattr(each, "keys", [getattr(each, "key", None)])
            ]
            skipped |= {id(each) for key in keys if key for each in ast.walk(key)}
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in _LOOKUPS or ast.unparse(node.func).startswith("re."):
                skipped |= {id(each) for argument in node.args for each in ast.walk(argument)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in skipped:
            text = node.value if isinstance(node.value, str) else ""
            for _, figure in _in_prose(text):
                yield node.lineno, figure


def _is_number(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, (int, float))
        and not isinstance(node.value, bool)
    )


# --- Places ---------------------------------------------------------------------------------


def _blank(text: str, start: int, end: int) -> str:
    """Replace a stretch with spaces, so that every other character keeps its place."""
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def _offset(text: str, line: int) -> int:
    """Return where a line begins."""
    return sum(len(each) for each in text.splitlines(keepends=True)[: line - 1])
