"""The formulas reproduce what papers, model cards and tools print, but for what is wrong there."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import dlp
from _evidence.published import MODELS, ROUNDINGS, UNITS, VERDICTS, rows
from _evidence.sources import SOURCES

if TYPE_CHECKING:
    from _evidence.published import Row

ROWS = rows()
TOPICS = (
    "activations",
    "adapters",
    "cache",
    "compute",
    "heads",
    "loading",
    "parameters",
    "quantization",
    "steps",
    "training-memory",
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.topic}: {row.id}")
def test_a_published_number_comes_out_or_is_known_not_to(row: Row) -> None:
    objection = row.objection()
    assert not objection, objection


def test_rows_are_well_formed() -> None:
    twice = [id for id, n in Counter(row.id for row in ROWS).items() if n > 1]  # noqa: A001
    assert not twice, f"give each row an id of its own: {twice}"
    for row in ROWS:
        place = f"{row.topic}.json, {row.id}"
        for term in row.expression.terms:
            assert term.function in dir(dlp), f"{place}: dlp has no {term.function}"
        assert row.unit in UNITS, f"{place}: units are {', '.join(UNITS)}"
        assert row.rounding in ROUNDINGS, f"{place}: roundings are {', '.join(ROUNDINGS)}"
        assert row.verdict in VERDICTS, f"{place}: verdicts are {', '.join(VERDICTS)}"
        assert row.source in SOURCES, f"{place}: add {row.source} to docs/_evidence/sources.toml"
        assert row.where, f"{place}: name the table, section or line"
        assert bool(row.reason) == (row.verdict != "reproduced"), (
            f"{place}: give a reason if, and only if, it does not come out"
        )


def test_there_are_numbers_in_every_topic() -> None:
    assert {row.topic for row in ROWS} == set(TOPICS)


def test_models_are_all_used() -> None:
    used = [
        term.arguments["config"]
        for row in ROWS
        for term in row.expression.terms
        if "config" in term.arguments
    ]
    unused = [name for name, config in MODELS.items() if config not in used]
    assert not unused, f"docs/_evidence/models.json: no number needs {unused}"


@pytest.mark.parametrize(
    ("published", "rounding", "agrees"),
    [
        ("4.7", "rounded", True),  # 4,718,592
        ("4.72", "rounded", True),
        ("4.71", "truncated", True),
        ("4.72", "truncated", False),
        ("4.8", "rounded", False),
        ("4.8", "unit", True),
        ("4.6", "unit", False),
        ("4.6", "truncated", False),
        ("4.7", "exact", False),
        ("4.718592", "exact", True),
        ("0E+1", "rounded", True),
    ],
)
def test_printed_digits_decide_the_tolerance(published: str, rounding: str, agrees: bool) -> None:
    row = next(row for row in ROWS if row.id == "LoRA Table 15, v, r=2")
    changed = replace(row, published=published, rounding=rounding)
    assert changed.agrees is agrees
    assert bool(changed.objection()) is not agrees
    wrong = replace(changed, verdict="erratum", reason="a slip")
    assert bool(wrong.objection()) is agrees
