"""The formulas reproduce what papers, model cards and tools print."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import dlp
from _guide.published import MODELS, SOURCES, UNITS, rows
from tests.formulas.calls import FUNCTIONS

if TYPE_CHECKING:
    from _guide.published import Row

ROWS = rows()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_published_number_is_reproduced(row: Row) -> None:
    objection = row.objection()
    assert not objection, objection


def test_rows_are_well_formed() -> None:
    twice = [id for id, n in Counter(row.id for row in ROWS).items() if n > 1]  # noqa: A001
    assert not twice, f"give each row an id of its own: {twice}"
    for row in ROWS:
        assert row.function in dlp.__all__, row.id
        assert row.unit in UNITS, f"{row.id}: units are {', '.join(UNITS)}"
        assert row.source in SOURCES, f"{row.id}: add {row.source} to sources.json"
        assert row.where, f"{row.id}: name the table, section or line"


def test_sources_and_models_are_all_used() -> None:
    assert {row.source for row in ROWS} == set(SOURCES)
    configs = {
        call["arguments"]["config"]
        for row in ROWS
        for call in (vars(row), *row.plus, *row.minus)
        if "config" in call["arguments"]
    }
    assert configs == set(MODELS)


@pytest.mark.parametrize("module", ["transformer", "heads", "adapters", "memory", "steps", "units"])
def test_every_module_has_published_numbers(module: str) -> None:
    assert any(FUNCTIONS[row.function].__module__ == f"dlp.{module}" for row in ROWS)


@pytest.mark.parametrize(
    ("published", "rounding", "agrees"),
    [
        ("4.7", "rounded", True),  # 4,718,592
        ("4.72", "rounded", True),
        ("4.71", "truncated", True),
        ("4.72", "truncated", False),
        ("4.8", "rounded", False),
        ("4.6", "truncated", False),
        ("4.7", "exact", False),
        ("4.718592", "exact", True),
        ("0E+1", "rounded", True),
    ],
)
def test_printed_digits_decide_the_tolerance(published: str, rounding: str, agrees: bool) -> None:
    row = next(row for row in ROWS if row.id == "LoRA Table 15, v, r=2")
    objection = replace(row, published=published, rounding=rounding).objection()
    assert (not objection) is agrees
