"""Every page: its blocks are well formed, run, print, and work as a reader pastes them."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest

from _evidence.claims import left_out, printed_claims
from _evidence.sources import SOURCES
from _guide import parts
from _guide.engine import blocks
from _guide.engine.blocks import Block
from _guide.engine.glossary import TERMS
from _guide.questions import QUESTIONS
from tests.pages.reading import fresh, run, run_page, tab_of, text_of
from tests.paths import DOCS, PAGES, ROOT

if TYPE_CHECKING:
    from tests.pages.reading import Run

WITH_DLP, PLAIN = "With `dlp`", "Plain Python"

every_page = pytest.mark.parametrize("page", PAGES)
every_page_with_code = pytest.mark.parametrize(
    "page", [page for page in PAGES if 'source="' in text_of(page)]
)


@cache
def runs(page: str) -> list[Run]:
    """Run the code that a page shows once for all tests, after what else it binds."""
    return run_page(text_of(page), page, unprinted)


def unprinted(block: Block) -> str:
    """Leave out what a hidden block prints: the build runs it, and fails with it."""
    lines = block.code.splitlines()
    for node in [] if "source" in block.options else ast.parse(block.code).body:
        if isinstance(node, ast.Expr):
            end = node.end_lineno or node.lineno
            lines[node.lineno - 1 : end] = [""] * (end + 1 - node.lineno)
    return "\n".join(lines)


def shown(page: str) -> list[Run]:
    """Give the blocks whose code readers see."""
    return [each for each in runs(page) if "source" in each.block.options]


def imports(code: str) -> set[str]:
    """Name the packages that some code imports."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def is_locked(block: Block) -> bool:
    """Say whether a hidden line holds a name of the code shown to what a call gives."""

    def names(node: ast.AST) -> set[str]:
        return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}

    shown = names(ast.parse(block.shown))
    for node in ast.walk(ast.parse(block.code)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="parts"), attr="lock")):
                held, computes = node.args[1], True
            case ast.Call(func=ast.Attribute(value=ast.Name(id="parts"), attr="same")):
                held, right = node.args
                computes = any(isinstance(each, ast.Call) for each in ast.walk(right))
            case _:
                continue
        if computes and shown & names(held):
            return True
    return False


@every_page
def test_blocks_are_written_as_the_build_understands_them(page: str) -> None:
    assert not blocks.problems(text_of(page), page)


@every_page_with_code
def test_shown_code_runs_in_order_and_prints(page: str) -> None:
    for each in shown(page):
        assert each.printed.strip(), f"docs/{page}:{each.block.line}: print the result"


@every_page_with_code
def test_shown_code_works_as_pasted(page: str) -> None:
    """A reader copies one block: it needs nothing from the blocks before it."""
    for each in shown(page):
        where = f"docs/{page}:{each.block.line}"
        foreign = imports(each.block.shown) - {"dlp"} - sys.stdlib_module_names
        assert not foreign, f"{where}: readers have no {', '.join(foreign)}; hide that line"
        pasted = run(each.block.shown, each.block.line, fresh(page))
        assert pasted == each.printed, f"{where}: pasted alone it prints something else"


@every_page_with_code
def test_shown_code_is_short(page: str) -> None:
    for each in shown(page):
        lines, where = each.block.shown.strip().splitlines(), f"docs/{page}:{each.block.line}"
        assert len(lines) <= 18, f"{where}: show at most 18 lines"
        assert max(map(len, lines)) <= 46, f"{where}: no more than 46 letters are seen on a phone"


@every_page_with_code
def test_tabs_with_and_without_dlp_print_the_same(page: str) -> None:
    tabs: dict[str, list[Run]] = {WITH_DLP: [], PLAIN: []}
    for each in shown(page):
        if (tab := tab_of(text_of(page), each.block.line)) in tabs:
            tabs[tab].append(each)
    assert len(tabs[WITH_DLP]) == len(tabs[PLAIN]), f"docs/{page}: write both tabs"
    for ours, plain in zip(tabs[WITH_DLP], tabs[PLAIN], strict=True):
        where = f"docs/{page}:{plain.block.line}"
        assert ours.printed == plain.printed, f"{where}: the tabs print different things"
        outside = imports(plain.block.shown) - sys.stdlib_module_names
        assert not outside, f"{where}: plain Python has no {', '.join(outside)}"
        assert "parts.lock(" in ours.block.code, f"docs/{page}:{ours.block.line}: hide a lock"
        assert "parts.lock(" in plain.block.code, f"{where}: hide a lock"


@every_page_with_code
def test_shown_code_is_locked(page: str) -> None:
    for each in shown(page):
        assert is_locked(each.block), (
            f"docs/{page}:{each.block.line}: hide a call of `parts.lock`, with the number of the "
            "question and what the code shown comes to, or of `parts.same`, with that and a call"
        )


@pytest.mark.parametrize(
    "hidden",
    [
        "assert num_bytes",
        "parts.lock(3, parts.question(3).call())",
        "parts.same(num_bytes, 29 * 10**9)",
        "parts.same(parts.question(3).call(), parts.question(3).call())",
        "pass",
    ],
)
def test_what_holds_no_number_to_a_call_is_no_lock(hidden: str) -> None:
    shown = "num_bytes = 29 * 10**9\nprint(num_bytes)\n"
    for lock in ("parts.lock(3, num_bytes)", "parts.same(num_bytes, q(3).call())"):
        assert is_locked(Block(f"{shown}{lock}  # markdown-exec: hide", {}, 1))
    assert not is_locked(Block(f"{shown}{hidden}  # markdown-exec: hide", {}, 1))


def test_a_lock_that_fails_shows_both_values() -> None:
    parts.lock(3, 28 * 10**9)
    with pytest.raises(ValueError, match="gives 29000000000, but 28000000000 is right"):
        parts.lock(3, 29 * 10**9)


@every_page
def test_a_page_introduces_itself(page: str) -> None:
    text = text_of(page)
    if not page.startswith("reference/") or page == "reference/index.md":
        assert re.search(r"\A---\n(?:.*\n)*?description: .+", text), f"docs/{page}: describe it"
    for name in re.findall(r'^--8<-- "(.+)"$', text, re.M):
        text += (ROOT / name).read_text(encoding="utf-8")
    assert len(re.findall(r"^# ", _prose(text), re.M)) == 1, f"docs/{page}: write one H1"


def test_sources_that_are_cited_exist_and_all_are_cited() -> None:
    cited = {key for question in QUESTIONS for key in question.sources.split()}
    cited |= {row.source for row in printed_claims()} | {each["source"] for each in left_out()}
    for path in [*(DOCS / page for page in PAGES), *(DOCS / "_guide").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        for key in re.findall(r"#!cite ([\w.-]+)", text):
            assert key in SOURCES, f"{path.name}: add {key!r} to docs/_evidence/sources.toml"
            cited.add(key)
        cited |= {key for key in SOURCES if f'"{key}"' in text}
    unknown = sorted(cited - set(SOURCES))
    assert not unknown, f"docs/_evidence/sources.toml: add {unknown}"
    idle = sorted(set(SOURCES) - cited)
    assert not idle, (
        f"cite these on a page, or take them out of docs/_evidence/sources.toml: {idle}"
    )


def test_the_glossary_is_in_alphabetical_order() -> None:
    assert list(TERMS) == sorted(TERMS, key=str.casefold)


def _prose(text: str) -> str:
    lines = text.splitlines()
    for fence in blocks.fences(text):
        lines[fence.line - 1 : fence.end] = [""] * (fence.end - fence.line + 1)
    return "\n".join(lines)
