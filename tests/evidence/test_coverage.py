"""Every formula and every choice has a number of others, or it is known why not."""

from __future__ import annotations

import pytest

from _evidence import coverage
from _evidence.coverage import UNCOVERED, everything, is_covered, standings
from tests.formulas import api


@pytest.mark.parametrize("name", everything())
def test_it_has_a_witness_or_it_is_known_why_not(name: str) -> None:
    assert is_covered(name) or name in UNCOVERED, (
        f"{name}: find a number of others, or say why not in docs/_evidence/uncovered.toml"
    )


@pytest.mark.parametrize("name", UNCOVERED)
def test_what_has_no_witness_is_there_and_has_none(name: str) -> None:
    assert name in everything(), f"docs/_evidence/uncovered.toml: {name} is gone"
    assert not is_covered(name), f"docs/_evidence/uncovered.toml: {name} has a witness"


def test_every_choice_is_an_argument_of_a_formula() -> None:
    idle = coverage.choices().keys() - set(coverage.takers().values())
    assert not idle, f"name {sorted(idle)} in the docstrings of what takes them"


def test_every_formula_is_listed() -> None:
    assert {f"dlp.{each.module}.{name}" for name, each in standings().items()} == set(
        api.functions()
    )
