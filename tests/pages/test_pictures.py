"""What a picture draws, writes and says are the numbers that it was given."""

from __future__ import annotations

import re
from typing import Any

import pytest

from _guide import ledger, pictures
from _guide.formats import count, decimal
from tests.pages import drawn
from tests.pages.drawn import Drawn
from tests.pages.reading import run_page, text_of
from tests.paths import PAGES

NAMED: dict[str, Any] = {"name": "x", "title": "A picture", "caption": ""}
PICTURED = [page for page in PAGES if "html=" in text_of(page)]

ROWS = {
    "Full": {"weights": 2, "gradients": 4, "master_weights": 6, "optimizer": 8, "total": 20},
    "LoRA": {"weights": 2, "gradients": 0, "master_weights": 0, "optimizer": 1, "total": 3},
}
IN_BYTES = {row: {part: n * 10**9 for part, n in parts.items()} for row, parts in ROWS.items()}


def bars() -> str:
    """Draw a ledger of whole gigabytes."""
    return ledger.picture(IN_BYTES, **NAMED)


def chart(x_label: str = "tokens", y_label: str = "GB") -> str:
    """Draw two lines and a dot."""
    return pictures.line_chart(
        series={"one": [(0, 10), (1000, 20), (4000, 50)], "another": [(0, 30), (4000, 30)]},
        x_label=x_label,
        y_label=y_label,
        x_number=count,
        y_number=decimal,
        marks=[(2000, 30, "both")],
        summary="one: 10 GB at 0 tokens, 50 GB at 4,000; another: 30 GB at 0 tokens, 30 GB at "
        "4,000; both at 2,000.",
        **NAMED,
    )


def matrices() -> str:
    """Draw a matrix and its two factors."""
    return pictures.shape_boxes(
        shapes=[("W", 1000, 500), ("B", 1000, 10), ("A", 10, 500)],
        frozen=["W"],
        enlarged=4,
        summary="W is 1,000 by 500, B 1,000 by 10, A 10 by 500.",
        **NAMED,
    )


def timeline() -> str:
    """Draw two epochs of five micro-batches, the last of each left over."""
    return pictures.accumulation_timeline(
        windows=[[1, 2], [3, 4], [5], [6, 7], [8, 9], [10]],
        boundary=5,
        summary="The weights change after micro-batches 2, 4, 5, 7, 9, 10.",
        **NAMED,
    )


def strip() -> str:
    """Draw two methods of training."""
    return pictures.token_strip(
        tokens=["a", "b", "c"],
        rows={"all": [False, True, True], "last": [False, False, True]},
        summary="all: 2 of 3 tokens have a loss; last: 1 of 3 tokens have a loss",
        **NAMED,
    )


def test_bars_are_as_long_as_their_parts_and_bear_their_names() -> None:
    expected = {
        "Full": {"weights": 2, "gradients": 4, "master weights": 6, "optimizer": 8},
        "LoRA": {"weights": 2, "optimizer": 1},
    }
    read = drawn.bars(Drawn(bars()))
    assert {row: list(parts) for row, parts in read.items()} == {
        row: list(parts) for row, parts in expected.items()
    }
    for row, parts in expected.items():
        assert read[row] == pytest.approx(parts, abs=0.02)
    assert Drawn(bars()).summary.replace("\N{NO-BREAK SPACE}", " ") == (
        "Full: 20 GB, weights 2 GB, gradients 4 GB, master weights 6 GB, optimizer 8 GB; "
        "LoRA: 3 GB, weights 2 GB, optimizer 1 GB"
    )


@pytest.mark.parametrize("log", [False, True])
def test_lines_stand_where_their_numbers_are(log: bool) -> None:
    points = [(1.0, 10.0), (10.0, 100.0), (1000.0, 1000.0)]
    markup = pictures.line_chart(
        series={"line": points},
        x_label="rank",
        y_label="GB",
        x_number=count,
        y_number=decimal,
        summary="",
        log_x=log,
        log_y=log,
        **NAMED,
    )
    read = drawn.chart(Drawn(markup))
    assert (read.x_label, read.y_label) == ("rank", "GB")
    for found, given in zip(read.lines["line"], points, strict=True):
        assert found == pytest.approx(given, rel=0.01, abs=2)


def test_boxes_windows_and_tokens_are_those_given() -> None:
    sides = {name: each[:2] for name, each in drawn.shapes(Drawn(matrices())).items()}
    assert sides == {"W (frozen)": (1000, 500), "B": (1000, 10), "A": (10, 500)}
    assert drawn.windows(Drawn(timeline())) == [[1, 2], [3, 4], [5], [6, 7], [8, 9], [10]]
    assert drawn.strip(Drawn(strip())) == {
        "all": [False, True, True],
        "last": [False, False, True],
    }


@pytest.mark.parametrize("page", PICTURED)
def test_every_picture_on_a_page_draws_what_its_summary_says(page: str) -> None:
    found = drawn.figures_in("".join(each.printed for each in run_page(text_of(page), page)))
    assert found, f"docs/{page} has no picture"
    assert [problem for each in found for problem in drawn.problems(each)] == []


@pytest.mark.parametrize("markup", [bars(), chart(), matrices(), timeline(), strip()])
def test_a_sound_picture_has_no_problem(markup: str) -> None:
    assert drawn.problems(Drawn(markup)) == []


def half(match: re.Match[str]) -> str:
    """Write half of a length."""
    return f'{match[1]}"{float(match[2]) / 2:g}"{match[3]}'


@pytest.mark.parametrize(
    ("markup", "pattern", "instead", "problem"),
    [
        (bars(), r'(width=)"([\d.]+)"( height="22" class="solid colour-2")', half, "a hole"),
        (bars(), r'(width=)"([\d.]+)"( height="22" class="solid colour-4")', half, "optimizer is"),
        (bars(), r"(>)weights<(.*>)gradients<", r"\1gradients<\2weights<", "weights is drawn"),
        (bars(), r">5 GB<", ">10 GB<", "even distances"),
        (bars(), r">20 GB</text></svg>|>20 GB<", ">21 GB<", "even distances|behind the bar"),
        (bars(), r">8</text>", ">7</text>", "written in the bar"),
        (chart(), r"M(.*?) (.*?)L", r"M\1 200L", "is drawn, 10 is said"),
        (chart(), r">one<(.*)>another<", r">another<\1>one<", "is drawn"),
        (chart(x_label="layers"), r"", "", "an axis is named 'layers'"),
        (chart(y_label="MB"), r"", "", "an axis is named 'MB'"),
        (chart(), r'cx="[\d.]+"', 'cx="60"', "a dot stands at"),
        (matrices(), r'(height=)"(144)"( class="tint)', half, "IndexError"),
        (matrices(), r"1,000 × 10<", "1,000 × 11<", "B: 1,000 × 11"),
        (timeline(), r">update 3<", ">update 4<", "no label of update 3"),
        (timeline(), r"after micro-batches 2, 4", "after micro-batches 2, 3", "after"),
        (strip(), r"solid colour-1(.*?>)loss<", r"outline\1-100<", "1 of 3 tokens are drawn"),
    ],
)
def test_a_picture_that_draws_something_else_is_found(
    markup: str, pattern: str, instead: str, problem: str
) -> None:
    faulty = re.sub(pattern, instead, markup, count=1)
    try:
        found = drawn.problems(Drawn(faulty))
    except (AssertionError, IndexError) as error:
        found = [f"{error!r}"]
    assert re.search(problem, " ".join(found)), found
