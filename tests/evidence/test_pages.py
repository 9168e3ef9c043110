"""The pages of evidence show every formula, and the conformance file says enough to be used."""

from __future__ import annotations

import json
import math
import tomllib
from decimal import Decimal
from fractions import Fraction
from typing import Any

import jsonschema

import dlp
from _evidence import conformance, published
from _evidence.standing import modules, standings, totals
from tests.formulas import api
from tests.paths import DOCS

CONTENT = json.loads(conformance.text())


# --- Pages ----------------------------------------------------------------------------------


def test_every_module_of_formulas_has_a_page_of_evidence() -> None:
    pages = {path.stem for path in (DOCS / "evidence").glob("*.md")} - {"index"}
    assert pages == set(modules())


def test_every_formula_is_listed() -> None:
    assert {f"dlp.{each.module}.{name}" for name, each in standings().items()} == set(
        api.functions()
    )


def test_every_formula_has_evidence() -> None:
    bare = [
        name
        for name, each in standings().items()
        if not (each.published or each.counted or each.laws)
    ]
    assert not bare, f"find a witness or a property for {bare}"


def test_totals_count_each_piece_once() -> None:
    of = totals()
    assert of.published == len(published.rows())
    assert of.reproduced + of.refused == of.published
    assert of.counts >= of.records > 0
    assert of.formulas == len(api.functions())


def test_mutants_that_survive_are_few_and_known() -> None:
    folder = DOCS / "_evidence"
    found = json.loads((folder / "mutants.json").read_text(encoding="utf-8"))
    reasons = tomllib.loads((folder / "harmless.toml").read_text(encoding="utf-8"))["because"]
    assert found["killed"] + len(found["survivors"]) == found["mutants"]
    assert found["killed"] >= 0.95 * found["mutants"]
    assert set(found["survivors"]) == {title for each in reasons for title in each["mutants"]}


# --- The conformance file -------------------------------------------------------------------


def test_the_conformance_file_keeps_to_its_schema() -> None:
    schema = json.loads((DOCS / conformance.SCHEMA).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(CONTENT)
    assert schema["properties"]["version"]["const"] == conformance.VERSION


def test_cases_have_names_of_their_own() -> None:
    names = [case["id"] for case in CONTENT["cases"]]
    assert len(names) == len(set(names))


def test_every_printed_number_is_a_case() -> None:
    printed = [case for case in CONTENT["cases"] if case["id"].startswith("published: ")]
    assert len(printed) == totals().published


def result(term: dict[str, Any]) -> Any:
    """Make a call as the documentation of the file describes it."""
    arguments = dict(term["arguments"])
    if "config" in arguments:
        arguments["config"] = CONTENT["configs"][arguments["config"]]
    found = getattr(dlp, term["function"])(**arguments)
    if part := term.get("part"):
        found = sum(found[name] for name in ([part] if isinstance(part, str) else part))
    return found


def value(term: dict[str, Any]) -> Fraction:
    return Fraction(result(term)) * Fraction(term.get("times", "1"))


def computed(case: dict[str, Any]) -> Fraction:
    total = value(case) + sum(map(value, case.get("plus", [])))
    total -= sum(map(value, case.get("minus", [])))
    for divisor in case.get("per", []):
        total /= value(divisor) if isinstance(divisor, dict) else Fraction(divisor)
    return total


def agrees(case: dict[str, Any]) -> bool:
    expected = case["expected"]
    if "library" in case:
        if isinstance(expected, list):
            return bool(result(case) == expected)
        return math.isclose(computed(case), expected, rel_tol=case["within"])
    last_digit = Fraction(10) ** int(Decimal(expected).as_tuple().exponent)
    excess = computed(case) / published.UNITS[case["unit"]] - Fraction(expected)
    comes_out = {
        "exact": excess == 0,
        "rounded": abs(excess) <= last_digit / 2,
        "truncated": 0 <= excess < last_digit,
        "unit": abs(excess) <= last_digit,
    }[case["rounding"]]
    return comes_out is (case["verdict"] == "reproduced")


def test_every_case_can_be_used_by_what_the_file_says() -> None:
    wrong = [case["id"] for case in CONTENT["cases"] if not agrees(case)]
    assert not wrong
