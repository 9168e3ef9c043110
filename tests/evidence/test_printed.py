"""Every claim comes out or is known not to, is well formed, and has a name of its own."""

from __future__ import annotations

import json
import re
import statistics
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import dlp
from _evidence.claims import (
    APART,
    COUNTERS,
    KINDS,
    PLAIN_SHARE,
    PRINTED,
    ROUNDINGS,
    UNITS,
    VERDICTS,
    claims,
    left_out,
    measured_claims,
    printed,
    printed_claims,
)
from _evidence.expressions import MODELS, calls
from _evidence.sources import SOURCES
from _guide.engine import figures
from tests.told import nothing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = printed_claims()

ONE_CARD = 0.10
"""The share by which a run on one card, its code not compiled, may be off."""

FULL_CARDS = {
    "Transformers' documentation, BERT-large, batch 4",
    "Transformers' documentation, BERT-large, batch 4, fp16",
    "Transformers' documentation, BERT-large, batch 4, 8-bit Adam",
    "torchtune, Llama-2-7B, LoRA",
    "torchtune, Llama-2-7B, full, paged",
}
"""Runs that are farther off: on a card that is full, or of settings that are not stated."""


def files() -> Iterator[Any]:
    """List the files of numbers; the build compares all, as is seen at once for those by hand."""
    for file in sorted({claim.place.partition(",")[0] for claim in claims()}):
        yield pytest.param(file, marks=[pytest.mark.slow] if "/counted/" in file else [])


@pytest.mark.parametrize("file", [*files()])
def test_the_numbers_of_others_come_out_or_are_known_not_to(file: str) -> None:
    found = (claim.objection() for claim in claims() if claim.place.startswith(f"{file},"))
    nothing(filter(None, found))


def test_claims_have_names_of_their_own() -> None:
    twice = [name for name, n in Counter(claim.name for claim in claims()).items() if n > 1]
    assert not twice, f"give each an id of its own: {twice}"


def test_rows_are_well_formed() -> None:
    for row in ROWS:
        place = f"{row.topic}.json, {row.id}"
        for each in calls(row.expression):
            assert each["function"] in dir(dlp), f"{place}: dlp has no {each['function']}"
        assert row.unit in UNITS, f"{place}: units are {', '.join(UNITS)}"
        assert row.rounding in ROUNDINGS, f"{place}: roundings are {', '.join(ROUNDINGS)}"
        assert row.verdict in VERDICTS, f"{place}: verdicts are {', '.join(VERDICTS)}"
        assert row.source in SOURCES, f"{place}: add {row.source} to docs/_evidence/sources.toml"
        assert row.where, f"{place}: name the table, section or line"
        is_off = row.verdict != "reproduced" or row.within > PLAIN_SHARE
        assert bool(row.reason) == is_off, (
            f"{place}: give a reason if, and only if, it does not come out"
        )
        assert bool(row.within) == (row.rounding == "measured"), (
            f"{place}: say within what share a measured number comes out, and of no other"
        )


def test_a_measured_row_says_what_was_read_and_where() -> None:
    for row in ROWS:
        told = (bool(row.gpu), row.counter in COUNTERS, row.apart in APART)
        assert told == ((row.rounding == "measured",) * 2 + (True,)), row.place
        assert row.apart or row.within <= ONE_CARD or row.id in FULL_CARDS, (
            f"{row.place}: {row.deviation:.1%} off on one card, without compiled code"
        )


def test_what_was_measured_on_one_card_comes_out() -> None:
    off = [claim.deviation for claim in measured_claims() if not claim.apart]
    assert statistics.median(off) <= 0.03
    assert sum(each <= ONE_CARD for each in off) >= 0.9 * len(off)


def test_what_is_left_out_of_the_measured_says_why() -> None:
    names = [row.id for row in ROWS] + [each["id"] for each in left_out()]
    assert len(set(names)) == len(names)
    for each in left_out():
        assert set(each) == {"id", "published", "unit", "source", "where", "gpu", "why"}, each["id"]
        assert each["source"] in SOURCES, each["id"]
        assert each["unit"] in UNITS, each["id"]


def test_a_row_of_one_unit_of_room_has_no_closer_rounding() -> None:
    # Else its last digit might be another, and come out as well.
    for row in ROWS:
        for rounding in ROUNDINGS[:3] if row.rounding == "unit" else ():
            closer = replace(row, rounding=rounding)
            holds = closer.is_shown() if row.slip else closer.agrees
            assert not holds, f"{row.place}: its rounding is {rounding!r}, closer than 'unit'"


def test_what_is_called_wrong_says_how_we_know() -> None:
    for row in ROWS:
        is_wrong = row.verdict in {"erratum", "rounded-inputs"}
        assert bool(row.slip or row.second or row.least) == is_wrong, (
            f"{row.place}: show a slip, name a second number, or give the least that it can be, "
            "if, and only if, it is wrong"
        )


def test_what_is_called_wrong_is_shown_to_be() -> None:
    wrong = [row for row in ROWS if row.slip or row.second or row.least]
    nothing(
        f"{row.place}: the slip must give {row.theirs} {row.unit}, or the second number be ours"
        for row in wrong
        if not row.is_shown()
    )
    # A constant would make any number of any other.
    terms = {
        row.place: [*row.slip.get("plus", []), *row.slip.get("minus", [])]
        for row in wrong
        if row.slip
    }
    nothing(place for place, each in terms.items() if not all(isinstance(t, dict) for t in each))


@pytest.mark.parametrize("path", sorted(PRINTED.glob("*.json")), ids=lambda path: path.stem)
def test_a_file_says_how_many_numbers_it_has_of_each_source(path: Path) -> None:
    # So that a row whose source is exchanged, or that is lost, is noticed.
    content = json.loads(path.read_text("utf-8"))
    found = Counter(row["source"] for row in content["rows"])
    assert found == content["sources"], f"{path.name}: write the numbers of rows as they are"


def test_reasons_have_no_typed_results() -> None:
    place = r"\b(?:Table|section|issue|pull request) [\d.]*\d"
    typed = [
        f"{row.place}: {figure}"
        for row in ROWS
        for _, figure in figures.in_text(re.sub(place, "", row.reason))
    ]
    assert not typed, typed


def test_an_erratum_has_a_number_of_its_own() -> None:
    for row in ROWS:
        wanted = r"E[1-9]\d*" if row.verdict == "erratum" else ""
        assert re.fullmatch(wanted, row.erratum), (
            f"{row.place}: an erratum alone has an E1, E2, ..."
        )
    numbered = {(row.erratum, row.source) for row in ROWS if row.erratum}
    found = sorted(int(number[1:]) for number, _ in numbered)
    assert found == [*range(1, len(found) + 1)], (
        f"number errata E1, E2, ..., none left out, and one source under each: {found}"
    )


def test_an_erratum_is_of_one_kind() -> None:
    for row in ROWS:
        assert (row.kind in KINDS) == bool(row.erratum), f"{row.place}: its kind is {row.kind!r}"
    kinds = {(row.erratum, row.kind) for row in ROWS if row.erratum}
    assert len(kinds) == len({number for number, _ in kinds}), "an erratum is of two kinds"
    assert {kind for _, kind in kinds} == set(KINDS), "a kind that no erratum is of"


def test_numbers_without_an_explanation_are_few() -> None:
    unexplained = sum(row.verdict == "unexplained" for row in ROWS)
    assert unexplained <= 40, (
        f"{unexplained} are unexplained: before you add one, find how a source came to another, "
        "and show it by a `slip` or a `second` number"
    )


def test_sources_are_who_their_keys_and_titles_say() -> None:
    at: dict[str, str] = {}
    for key, source in SOURCES.items():
        place = f"docs/_evidence/sources.toml, {key}"
        arxiv = re.match(r"https://arxiv\.org/abs/(\d\d)", source.url)
        if arxiv or re.fullmatch(r"[a-z]+\d{4}[a-z]?", key):
            of = [f"{name}{source.year}" for name in source.authors[0].lower().split()]
            assert key.rstrip("abc") in of, f"{place}: its author and year give {of[-1]}"
        assert not arxiv or source.year % 100 == int(arxiv[1]), f"{place}: is it of {source.year}?"
        # A version, a file, or the number of an issue.
        said = r"\d+\.\d+\.\d+|(?<=, )[\w/]+\.(?:py|txt)|(?:(?<=issue )|(?<=request )|(?<=-))\d+$"
        for word in re.findall(said, source.title) + re.findall(said, key):
            assert word in source.url, f"{place}: {word} is not in {source.url}"
        assert at.setdefault(source.url, key) == key, f"{place}: is {at[source.url]} too"


def test_models_are_all_used() -> None:
    used = [each["arguments"].get("config") for row in ROWS for each in calls(row.expression)]
    unused = [name for name in MODELS if name not in used]
    assert not unused, f"docs/_evidence/models.json: no number needs {unused}"


@pytest.mark.parametrize(
    ("digits", "rounding", "agrees"),
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
def test_printed_digits_decide_the_tolerance(digits: str, rounding: str, agrees: bool) -> None:
    row = printed("LoRA Table 15, v, r=2")
    changed = replace(row, theirs=digits, rounding=rounding)
    assert changed.agrees is agrees
    assert bool(changed.objection()) is not agrees
    wrong = replace(changed, verdict="erratum", reason="a slip")
    assert bool(wrong.objection()) is agrees
