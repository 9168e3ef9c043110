"""The pages of evidence show every formula, and what they show is what was found."""

from __future__ import annotations

import json
import tomllib

from _evidence.claims import claims
from _evidence.coverage import modules, objections, standings, totals
from tests.formulas import api
from tests.paths import DOCS


def test_every_module_of_formulas_has_a_page_of_evidence() -> None:
    pages = {path.stem for path in (DOCS / "evidence").glob("*.md")} - {"index"}
    assert pages == set(modules())


def test_every_formula_is_listed() -> None:
    assert {f"dlp.{each.module}.{name}" for name, each in standings().items()} == set(
        api.functions()
    )


def test_every_formula_and_every_choice_has_a_witness_or_it_is_known_why_not() -> None:
    assert not objections()


def test_totals_count_each_piece_once() -> None:
    of = totals()
    assert of.printed + of.counts == len(claims())
    assert of.counts >= of.records > 0
    assert of.formulas == len(api.functions())


def test_mutants_that_survive_are_few_and_known() -> None:
    folder = DOCS / "_evidence"
    found = json.loads((folder / "mutants.json").read_text(encoding="utf-8"))
    reasons = tomllib.loads((folder / "harmless.toml").read_text(encoding="utf-8"))["because"]
    assert found["killed"] + len(found["survivors"]) == found["mutants"]
    assert found["killed"] >= 0.95 * found["mutants"]
    assert set(found["survivors"]) == {title for each in reasons for title in each["mutants"]}
