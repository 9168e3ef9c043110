"""Every formula and every choice has a number of others, or it is known why not."""

from __future__ import annotations

from _evidence import coverage
from _evidence.coverage import UNCOVERED, everything, is_covered, standings
from tests.formulas import api
from tests.told import nothing


def test_all_has_a_witness_or_it_is_known_why_not() -> None:
    nothing(
        f"{name}: find a number of others, or say why not in docs/_evidence/uncovered.toml"
        for name in everything()
        if not is_covered(name) and name not in UNCOVERED
    )


def test_what_has_no_witness_is_there_and_has_none() -> None:
    there = everything()
    nothing(
        f"docs/_evidence/uncovered.toml: {name} {'has a witness' if name in there else 'is gone'}"
        for name in UNCOVERED
        if name not in there or is_covered(name)
    )


def test_every_choice_is_an_argument_of_a_formula() -> None:
    idle = coverage.choices().keys() - set(coverage.takers().values())
    assert not idle, f"name {sorted(idle)} in the docstrings of what takes them"


def test_every_formula_is_listed() -> None:
    assert {f"dlp.{each.module}.{name}" for name, each in standings().items()} == set(
        api.functions()
    )
