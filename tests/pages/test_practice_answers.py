"""Typed answers are read as people type them, and judged as what they are."""

from __future__ import annotations

from typing import Any

import pytest

from _guide.live import answers

WEIGHTS = {
    "unit": "bytes",
    "value": 34 * 10**9,
    "written": "34\N{NO-BREAK SPACE}GB",
    "other": [],
    "wrong": [
        {"value": 17 * 10**9, "say": "halved"},
        {"value": 272 * 10**9, "say": "bits"},
        {"value": 34 * 10**18 / 2**30, "say": "GiB called GB"},
        {"value": 34.06 * 10**9, "say": "a little more"},
    ],
    "hint": "multiply",
}
SMALL = WEIGHTS | {"value": 497_759_232, "written": "497.76\N{NO-BREAK SPACE}MB", "wrong": []}
UPDATES = {
    "unit": "updates",
    "value": 15_625,
    "written": "15,625 updates",
    "other": [{"value": 15_624, "say": "rounded down"}],
    "wrong": [{"value": 62_500, "say": "micro-batches"}, {"value": 15_626, "say": "one more"}],
    "hint": "divide",
}
SHARE = {
    "unit": "share",
    "value": 0.00390625,
    "written": "0.3906\N{NO-BREAK SPACE}%",
    "other": [],
    "wrong": [{"value": 0.001953125, "say": "half"}],
    "hint": "divide",
}

TYPED: list[tuple[dict[str, Any], str, str]] = [
    (
        WEIGHTS,
        "right",
        "34|34 GB|34GB|34 gb|34 G|34.0 GB|34,0 GB|34,00 GB|31.66 GiB|31,66 gib|31.665 GiB|3.4e10 B"
        "|34e9|3.4E+10 bytes|34×10^9|34 × 10⁹ B|3.4*10^10 B|3.4·10**10 bytes|34 x 10^9 B"
        "|34,000,000,000|34 000 000 000 bytes|34.000.000.000 B|34'000'000'000 B|34_000_000_000"
        "|34\u202f000\u202f000\u202f000\u00a0B|34000 MB|34,000 MB|34.000 MB|0.034 TB|34000000 kB"
        "|34 billion bytes|34 bn bytes|≈ 34 GB|~34|34 GB.| 34  GB |33.9 GB|34.01 GB|= 34 GB|+34 GB"
        "|34 billion|34 bn|34 Go|34 giga bytes|34 GB RAM|34 GB of VRAM|about 34 GB|roughly ~34",
    ),
    (WEIGHTS, "other", "31.66|31,66|272 Gbit|272 Gb|272 gigabits"),
    (WEIGHTS, "unit", "34 GiB|31.66 GB|34 gibibytes|31.66 Go"),
    (WEIGHTS, "known", "17|17 GB|17000 MB|34100 MB|272|272 GB|34.06 GB|1.7e10"),
    (WEIGHTS, "power", "3.4|3.4 GB|340 GB|34 MB|34 TB|34 kB|34 B|0.034 GB"),
    (WEIGHTS, "unknown", "33|36 GB|-34|−34|-34 GB|0|0 GB|35 GiB|50"),
    (
        WEIGHTS,
        "unreadable",
        "|GB|many|34 apples|34 GBs|34 %|34 Gb|34 b|34 gigabits|4*8.5|17 + 17|2^35 B|34/1|1,2,3"
        "|1.2.3|34,00,00|1 2|1e99|34,000.000,000|.|,|e9|34 GB or 35 GB|True",
    ),
    (SMALL, "right", "497.76|497.76 MB|497,76 MB|498 MB|0.498 GB|0.4978|497759232|474.7 MiB"),
    (SMALL, "unit", "497.76 MiB|474.7 MB"),
    (SMALL, "power", "497.76 GB|4.9776 MB|497.76 kB"),
    (
        UPDATES,
        "right",
        "15625|15,625|15.625|15 625|15'625|15_625|15625.0|1.5625e4|15.625k|15.63k|15,625 updates"
        "|15625 iterations|15,625 optimizer steps|1.5625×10⁴|15625.",
    ),
    (UPDATES, "other", "15624|15,624|15,625 micro-batches|15625 samples"),
    (UPDATES, "known", "62500|62.500|62,500 updates|62.5k|15626"),
    (UPDATES, "power", "156250|1562.5|15.625 million|15,625,000|156,250 updates|15,62"),
    (UPDATES, "unknown", "15623|15600|15.6k|16k|15625.5|20000"),
    (UPDATES, "unreadable", "|15625 %|fifteen|15625 GB|1,5625,0"),
    (SHARE, "right", "0.39 %|0,39%|0.3906 percent|0.39|.0039|0.00390625|3.9e-3|0.390625 %"),
    (SHARE, "known", "0.195 %|0.1953|0.00195"),
    (SHARE, "power", "39 %|3.9 %|0.039 %"),
    (SHARE, "unknown", "50 %|1|0.4 %|0.38 %|0.40 %|0.004"),
    (SHARE | {"value": 0.001337, "wrong": []}, "right", "0.13 %|0.0013|0.134 %|0.1337 %"),
    (SHARE | {"value": 0.001337, "wrong": []}, "unknown", "0.1 %|0.14 %|0.001|0.132 %"),
    (SHARE, "unreadable", "0.39 parameters|1/256|%"),
]
CASES = [(asked, verdict, text) for asked, verdict, texts in TYPED for text in texts.split("|")]


@pytest.mark.parametrize(
    ("asked", "verdict", "text"), CASES, ids=[f"{a['unit']}-{v}-{t}" for a, v, t in CASES]
)
def test_an_answer_is_judged(asked: dict[str, Any], verdict: str, text: str) -> None:
    assert answers.judge(text, asked)["verdict"] == verdict


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("34", "34\u00a0GB."),
        ("34e9", "34\u00a0GB (taken as bytes)."),
        ("17", "halved"),
        ("31.66 GB", "right in GiB"),
        ("31.66", "number of GiB"),
        ("34 GiB", "right in GB"),
        ("272 Gbit", "counted in bits"),
        ("34 Gb", "Gb counts bits"),
        ("3.4", "10 times too small"),
        ("34 TB", "1,000 times too large"),
        ("50", "multiply"),
        ("1,2,3", "by threes"),
        ("4*8.5", "not the calculation"),
        ("34 apples", "“apples” is not known"),
        ("1e99", "beyond anything"),
    ],
)
def test_what_is_said_of_an_answer(text: str, says: str) -> None:
    assert says in answers.judge(text, WEIGHTS)["say"]


def test_a_right_number_of_something_else_is_told_so() -> None:
    said = answers.judge("15,625 micro-batches", UPDATES)["say"]
    assert "counts updates, not micro-batches" in said


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,234", [1234, 1.234]),
        ("1.234", [1.234, 1234]),
        ("0,125", [0.125]),
        ("0.125", [0.125]),
        ("1,234.5", [1234.5]),
        ("1.234,5", [1234.5]),
        ("1 234,5", [1234.5]),
        ("1,234,567", [1_234_567]),
        ("1.234.567", [1_234_567]),
        ("1234,567", [1234.567]),
        (".5", [0.5]),
        (",5", [0.5]),
        ("10^9", [10**9]),
        ("123456789012345678901234", [123456789012345678901234]),
    ],
)
def test_a_comma_and_a_point_are_read_both_ways(text: str, values: list[float]) -> None:
    assert [number["value"] for number in answers.read(text)["numbers"]] == values


def test_what_is_looked_for_first_decides() -> None:
    asked = WEIGHTS | {"other": [{"value": 17 * 10**9, "say": "by another convention"}]}
    assert answers.judge("17", asked) == {"verdict": "other", "say": "by another convention"}
    asked = WEIGHTS | {"wrong": [{"value": 34 * 10**9, "say": "never"}]}
    assert answers.judge("34", asked)["verdict"] == "right"
    asked = WEIGHTS | {"wrong": [{"value": 34 * 10**8, "say": "ten times less"}]}
    assert answers.judge("3.4", asked) == {"verdict": "known", "say": "ten times less"}


MARKED = {
    "value": [4, 8, 10],
    "written": "4 · 8 · 10",
    "other": [{"value": [4, 8], "say": "dropped"}],
    "wrong": [{"value": [1, 5, 9], "say": "too early"}],
    "hint": "count",
}


@pytest.mark.parametrize(
    ("chosen", "verdict", "says"),
    [
        ([4, 8, 10], "right", "4 · 8 · 10"),
        ([4, 8], "other", "dropped"),
        ([1, 5, 9], "known", "too early"),
        ([4, 9], "unknown", "2 missing, 1 too many. count"),
        ([], "unreadable", "Nothing"),
    ],
)
def test_marked_places_are_judged(chosen: list[int], verdict: str, says: str) -> None:
    found = answers.judge_chosen(chosen, MARKED)
    assert found["verdict"] == verdict
    assert says in found["say"]


def test_sorted_statements_are_judged_one_by_one() -> None:
    statements = [{"place": "a", "say": "because"}, {"place": "b", "say": "so"}] * 2
    found = answers.judge_sorted(["a", "b", "b", ""], statements)
    assert [each["verdict"] for each in found] == ["right", "right", "known", "unreadable"]
    assert [each["say"] for each in found] == ["because", "so", "because", "Not sorted yet."]
