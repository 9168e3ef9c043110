"""The rule that no figure is typed by hand: what reads like one is found, and named with its line.

A page is rendered as the site renders it, but without what calls give; any number that is left in
its text or in what is read aloud was typed. Not a figure: digits inside a name (fp32, GPT-2,
Llama-2-7B, and those in `NAMES`), "question 1", addresses, the small whole numbers of a formula
with letters. In the code that writes, any number but 0, 1 and 2 was typed, unless it is an index,
a precision, the number of a question or one of the inputs that a loop runs over. Years, versions
and citations come from `_evidence.sources` and `_guide.evidence`, given values from `_guide.given`.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import markdown

from _guide.engine import blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_UNIT = (
    r"(?:[kMGT]i?B|(?:kilo|mega|giga|tera|kibi|mebi|gibi)?bytes?|bits?|percent|tokens|parameters|"
    r"layers|updates|steps|samples|hours|days|GPUs|devices|heads|labels|micro-batches)\b|%"
)
NAMES = re.compile(
    rf"""(?<![\w.\-])(?:
      10⁹ | 2³⁰ | (?i:four|eight|sixteen|thirty-two)[ -]bits?
    | (?: Llama[ ][23] | Python[ ]3\.11 | [78]B(?=”|[ ]models?\b)
        | [Qq]uestions?[ \u00a0][1-8](?:(?:,[ ]|[ ]and[ ]|[ ]to[ ]|–)[1-8])* )(?![ ]?{_UNIT})
    )(?!\w|[.,]\d)""",
    re.X,
)
"""Powers that define units, formats in words; names with a digit by itself."""

DECLARED = {"given.py", "practised.py"}
"""Modules where numbers may be typed: given values, and those that practice asks with."""

MACHINERY = {"browser", "engine", "formats.py", "live", "pictures", "worked.py"}
"""Modules, or folders of them, whose strings are patterns and markup."""

_ONES = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
_TENS = "sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_MORE = "hundred|thousand|million|billion|one"
_FIGURE = re.compile(
    r"(?<![\w.\-])[-−+v]?\.?[\d¼-¾⅐-⅞](?:[\d.,_]*\d)?"
    r"|(?<![\d.,])\d[\d.,]*[ \u00a0-]?[kMGT]i?B\b"  # also in "A100-80GB"
    rf"|\b(?:{_ONES}|{_TENS}|an?(?=[ ](?:{_MORE})))(?:[ -](?:{_ONES}|{_TENS}|{_MORE}))*[ -]{_UNIT}",
    re.I,
)
_CALL = re.compile(r"(?<!`)(`+)\s*#!(calc|cite)\s(.+?)(?<!`)\1(?!`)", re.S)
_UNREAD = re.compile(
    r"^[ \t]*(?:::: .*(?:\n(?:[ \t]+.*)?$)*|-+8<-+.*)$"  # mkdocstrings and its options; snippets
    r"|(?<=\])\[[^\]^]*\](?!\()|https?://[^\s<>)\"]+",  # references, addresses
    re.M,
)
_COMMENT = re.compile(
    r"/\*.*?\*/|(?<![:\"'`])//[^\n]*|\$\{[^}]*\}|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.S
)
_SEEN = {
    "css": r"\bcontent:[^;}]*",
    "js": r"\"[^\"\n]*\"|'[^'\n]*'|`[^`]*`",
    "yml": r"^(?:site_name|site_description|copyright):.*(?:\n[ \t]+.*)*|^[ ]+- [^:{\n]+(?=:)",
}
"""What readers see of a style, a script, the settings; of a template or a drawing they see all."""
_ALOUD = ("alt", "title", "aria-label", "content", "placeholder", "data-label", "label")
_INLINE = {"a", "abbr", "b", "code", "em", "i", "kbd", "span", "strong", "sub", "sup", "wbr"}
_EXTENSIONS = (
    *("admonition", "attr_list", "def_list", "md_in_html", "tables", "pymdownx.arithmatex"),
    *("pymdownx.details", "pymdownx.superfences", "pymdownx.tabbed"),
)
_PRECISION = {"decimal", "percent", "times"}
_KEYED = {
    *("answer", "asked", "checked", "hint", "others", "own", "q", "question", "record"),
    *("solution", "sources", "statements", "variants", "wrong_answers"),
}
"""What is called with the number of a question or the name of a record."""

Found = tuple[int, str]
"""A line and the figure typed there."""


def typed_on_page(text: str, page: str) -> list[str]:
    """List the figures typed by hand on a page, in its text, its front matter and its blocks."""
    found: list[Found] = []
    lines = text.split("\n")
    for fence in blocks.fences(text):
        if fence.language == blocks.LANGUAGE and "exec" in fence.header:
            found += [(fence.line + line, figure) for line, figure in _in_block(fence)]
            titles = re.findall(r'title="([^"]*)"', fence.header)
            lines[fence.line - 1 : fence.end] = [*titles, ""][:1] + [""] * (fence.end - fence.line)
    found += in_text("\n".join(lines))
    return [_message(page, line, figure) for line, figure in sorted(found)]


def typed_in_module(code: str, name: str) -> list[str]:
    """List the figures typed by hand in a module of `_guide`, as numbers or in its texts."""
    tree = _parsed(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "case":
            node.args.kw_defaults = []  # the values that a question gives
    return [_message(name, line, figure) for line, figure in sorted(_in_code(tree))]


def typed_in_file(text: str, name: str) -> list[str]:
    """List the figures typed by hand into settings, a template, a style, a script or a drawing."""
    text = _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)
    found = []
    for match in re.finditer(_SEEN.get(name.rpartition(".")[2], r"(?s).+"), text, re.M):
        line = text.count("\n", 0, match.start())
        found += [_message(name, line + at, figure) for at, figure in in_text(match[0])]
    return found


def _message(path: str, line: int, figure: str) -> str:
    return (
        f"{path}:{line}: {figure} is typed by hand; compute it, on a page with `#!calc count(…)`, "
        f"`#!calc gb(…)` or an executed block, or give it a name in docs/_guide/given.py"
    )


# --- Text -----------------------------------------------------------------------------------


class _Reader(HTMLParser):
    """What is seen and heard of some HTML; formulas apart."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []
        self.formulas: list[str] = []
        self.into = self.read

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is read aloud, and where the text goes."""
        self.read.append("" if tag in _INLINE else "\n")
        for name, value in attrs:
            if name in _ALOUD and value and not (tag == "meta" and "=" in value):
                self.read.append(f"\n{value}\n")
        if tag in {"script", "style"}:
            self.into = []
        elif ("class", "arithmatex") in attrs:
            self.into = self.formulas

    def handle_endtag(self, tag: str) -> None:
        """Close what has a text of its own."""
        self.read.append("" if tag in _INLINE else "\n")
        self.into = self.read

    def handle_data(self, data: str) -> None:
        """Note what is seen."""
        self.into.append(data)


@cache
def _renderer() -> markdown.Markdown:
    settings = {"pymdownx.arithmatex": {"generic": True}}
    return markdown.Markdown(extensions=_EXTENSIONS, extension_configs=settings)


def in_text(text: str) -> Iterator[Found]:
    """Yield the figures in Markdown or HTML, each with its line."""
    for match in _CALL.finditer(text):
        if match[2] == "calc":
            line = text.count("\n", 0, match.start())
            yield from (
                (line + at, figure) for at, figure in _in_code(_parsed(f"x = ({match[3]})"))
            )
    text = _CALL.sub(lambda match: "…" + "\n" * match[0].count("\n"), text)
    reader = _Reader()
    front = re.match(r"---\n.*?\n---\n", text, re.S)
    body = "\n" * front[0].count("\n") + text[front.end() :] if front else text
    body = _UNREAD.sub(lambda match: "\n" * match[0].count("\n"), body)
    reader.feed(_renderer().reset().convert(body))
    reader.close()
    seen = (front[0] if front else "") + "".join(reader.read)
    seen = NAMES.sub("…", seen)
    figures = [(m[0], f"{m[0]}{seen[m.end() :][:8]}") for m in _FIGURE.finditer(seen)]
    figures += [(number, number) for tex in reader.formulas for number in _in_tex(tex[2:-2])]
    place = 0
    for figure, context in figures:
        wanted = (text.find(each, at) for each in (context, figure) for at in (place, 0))
        place = next((at for at in wanted if at >= 0), place)
        yield text.count("\n", 0, place) + 1, figure.strip()


def _in_tex(tex: str) -> Iterator[str]:
    """Yield the figures in a formula: small whole numbers belong to a side that has letters."""
    tex = re.sub(rf"\\(?:text|mathrm)\{{\s*{_UNIT}\s*\}}|10\^\{{?9\}}?|2\^\{{30\}}", " ", tex)
    tex = re.sub(r"\\text\{[^}]*?\b(\d[\d.,]*)[^}]*\}", r" \1 ", re.sub(r"_\{[^{}]*\}", "", tex))
    tex = re.sub(r"\\(?:text|operatorname)\{[^}]*\}", "x", tex)
    for side in re.split(r"=|<|>|&|\\(?:approx|leq?|geq?|sim|to)\b|\\\\", tex):
        letters = re.search(r"[a-zA-Z]", re.sub(r"\\[a-zA-Z]+", "", side))
        for number in re.findall(r"\d+(?:\{,\}\d+)*(?:\.\d+)?", side):
            if not re.fullmatch(r"\d\d?" if letters else r"[01]", number):
                yield number


# --- Code -----------------------------------------------------------------------------------


def _parsed(code: str) -> ast.AST:
    try:
        return ast.parse(code)
    except SyntaxError:
        return ast.Pass()  # the build says so


def _in_block(fence: blocks.Fence) -> Iterator[Found]:
    """Yield the figures that an executed block writes as they are typed."""
    tree = _parsed(fence.code)
    if "source=" not in fence.header:
        yield from _in_code(tree)
        return
    # What readers are shown is a program: it has inputs. What it says about them is text.
    for number, line in enumerate(fence.code.splitlines(), 1):
        if blocks.HIDDEN not in line:
            yield from ((number, figure) for _, figure in in_text(line.partition("#")[2]))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
            yield from _in_code(node, inputs=True)


def _in_code(node: ast.AST, *, inputs: bool = False) -> Iterator[Found]:
    """Yield the numbers and the texts with figures in code that writes.

    Args:
        node: The code.
        inputs: Whether it may reckon with numbers of its own.
    """
    within: Iterable[ast.AST | None] = ast.iter_child_nodes(node)
    match node:
        case (
            (ast.Expr(value=ast.Constant()) | ast.Assert() | ast.Compare())
            | ast.Assign(targets=[ast.Name(id="_LONGEST" | "_LEAST")])
            | ast.keyword(arg="number" | "digits" | "printed")
        ):
            return
        case ast.Constant(value=str() as text):
            yield from ((node.lineno, figure) for _, figure in in_text(text))
        case ast.Constant(value=int() | float() as value) if value not in {0, 1, 2}:
            yield node.lineno, str(value)
        case ast.JoinedStr(values=parts):
            text = "".join(
                str(getattr(each, "value", "")) for each in parts if isinstance(each, ast.Constant)
            )
            yield from ((node.lineno, figure) for _, figure in in_text(text))
            within = [each.value for each in parts if isinstance(each, ast.FormattedValue)]
        case ast.Subscript(value=value):
            within = [value]
        case ast.BinOp(left=ast.Constant(value=10 | 2), op=ast.Pow(), right=ast.Constant(value=n)):
            within = [] if n in {6, 9, 30} else within  # units
        case ast.BinOp() if inputs:
            return
        case ast.For(iter=ast.Tuple(elts=[_, _, *_]) as swept, body=body):
            within = [*_texts(swept), *body]
        case ast.comprehension(iter=ast.Tuple(elts=[_, _, *_]) as swept):
            within = _texts(swept)
        case ast.keyword(arg="counted", value=value):  # by the ids of records
            dicts = [each for each in ast.walk(value) if isinstance(each, ast.Dict | ast.DictComp)]
            within = [text for each in dicts for text in getattr(each, "values", [])]
            within += [each.value for each in dicts if isinstance(each, ast.DictComp)]
        case ast.Call(func=function, args=args, keywords=keywords):
            name = ast.unparse(function).rpartition(".")[2]
            if name in _KEYED or ast.unparse(function).startswith("re."):
                args = []
            within = [*args[: 1 if name in _PRECISION else None], *keywords]
    for each in within:
        if each:
            yield from _in_code(each, inputs=inputs)


def _texts(node: ast.AST) -> list[ast.AST]:
    """List the texts among the inputs that a loop runs over."""
    constants = (each for each in ast.walk(node) if isinstance(each, ast.Constant))
    return [each for each in constants if isinstance(each.value, str)]
