"""A block asks nothing of the machine, changes nothing that others use, and ends."""

from __future__ import annotations

import time

import pytest
from markdown import Markdown

from _guide import given
from _guide.engine import blocks, inline, pure
from _guide.questions import question
from tests.pages import reading


def page(code: str) -> str:
    """Write a page of one block."""
    return f'# x\n\n```python exec="on"\n{code}\nprint(1)\n```\n'


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import datetime", "imports datetime: write one of _evidence, _guide, dlp,"),
        ("from urllib.request import urlopen", "imports urllib.request"),
        ('import importlib\nx = importlib.import_module("time").ctime()', "imports importlib"),
        ("import os as gb", "gives gb another meaning"),
        ("x = open('/etc/hostname')", "uses open"),
        ("eval('1')", "uses eval"),
        ("__import__('time')", "uses __import__"),
        ("from _guide import parts\nx = parts.os.environ", "uses os"),
        ("from _guide import parts\nx = parts.ROOT", "uses ROOT"),
        ("from _guide.parts import tomllib", "uses tomllib"),
        ("x = object()", "uses object: of Python's own write one of abs, all"),
        ("x = __file__", "uses __file__"),
        ("x = set('abc')", "uses set"),
        ("x = {'a', 'b'}", "writes {'a', 'b'}, whose order differs between builds"),
        ("print = str", "gives print another meaning"),
        ("x = ().__class__", "uses __class__"),
        ("def gb(n):\n    return n", "gives gb another meaning"),
        ("count = str", "gives count another meaning"),
        ("from math import ceil as weight_bytes", "gives weight_bytes another meaning"),
        ("from _guide import given\ngiven.hidden_size = 2049", "changes given.hidden_size"),
        ("import dlp\ndel dlp.GB", "changes dlp.GB"),
    ],
)
def test_a_block_that_is_not_pure_is_refused(code: str, problem: str) -> None:
    found = blocks.problems(page(code), "x.md")
    assert any(each.startswith(f"x.md:3: {problem}") for each in found), found


def test_a_page_brings_no_script() -> None:
    assert blocks.problems("# x\n\n<script>x</script>\n", "x.md") == [
        "x.md:3: <script> has no place on a page"
    ]


def test_what_a_page_changes_for_others_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given, "token_ids", [*given.token_ids])
    code = "from _guide import given\ngiven.token_ids.append(3)"
    with pytest.raises(AssertionError, match=r"x.md: a block changes _guide.given.token_ids"):
        reading.run_page(page(code), "x.md")
    code = "import dlp\nvars(dlp)['gigabytes'] = vars(dlp)['gibibytes']"
    before = pure.state()
    monkeypatch.setattr("dlp.gigabytes", None)
    assert pure.changes(before) == [
        "a block changes dlp.gigabytes, which other pages use too",
    ]


def test_what_a_page_does_to_a_question_stays_there() -> None:
    code = 'from _guide import parts\nparts.question(3).asked["value"] = 1'
    reading.run_page(page(code), "x.md")
    assert question(3).asked["value"] == 28 * 10**9


def test_a_block_that_does_not_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pure, "SECONDS", 0.02)
    started = time.monotonic()
    for code in ("while True: pass", "while True:\n    try: 1 / 0\n    except Exception: pass"):
        with pytest.raises(AssertionError, match=r"docs/x.md:3: .*runs for more than 0.02 seconds"):
            reading.run_page(page(code), "x.md")
    with pytest.raises(inline.FigureError, match="runs for more than"):
        inline.calc("[1 for each in 299_999 * DTYPES]", "calc", "figure", Markdown())
    assert time.monotonic() - started < 5
    assert blocks.line_of("while True: pass\nprint(1)", page("while True: pass")) == 3
