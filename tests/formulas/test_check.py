"""The checks themselves, where no formula comes near their bounds."""

from __future__ import annotations

import pytest

from dlp import _check


def test_a_count_is_one_at_least_unless_it_is_told_otherwise() -> None:
    assert _check.count("n", 1) == 1
    with pytest.raises(ValueError, match="n must be from 1 to"):
        _check.count("n", 0)


def test_no_number_has_a_sign_if_it_is_zero() -> None:
    assert str(_check.number("x", -0.0)) == "0.0"


def test_a_choice_of_nothing_is_refused_unless_it_is_told_otherwise() -> None:
    assert _check.choices("names", [], ["a"], empty=True) == []
    with pytest.raises(ValueError, match="names must name at least one of a"):
        _check.choices("names", [], ["a"])


def test_what_is_handed_on_has_names() -> None:
    with pytest.raises(TypeError, match=r"a key of settings must be a str, not 1 \(int\)"):
        _check.keywords("settings", {1: 2})


def test_a_list_that_would_fill_the_memory_is_not_read() -> None:
    with pytest.raises(ValueError, match="items must hold at most 10000000 items"):
        _check.sequence("items", range(10**9))


@pytest.mark.parametrize(
    ("first", "second", "edits"),
    [
        ("", "", 0),
        ("", "loss", 4),
        ("loss", "", 4),
        ("loss", "loss", 0),
        ("loss", "lass", 1),
        ("loss", "los", 1),
        ("los", "loss", 1),
        ("kitten", "sitting", 3),
        ("optimizer", "optim", 4),
        ("abc", "cab", 2),
    ],
)
def test_names_are_as_far_apart_as_letters_change(first: str, second: str, edits: int) -> None:
    assert _check._edits(first, second) == edits
