"""The conformance file keeps to its schema, and its page says enough to use its cases.

The reader here is written from the page "Evidence", section "Test your own tool", and knows nothing
of the guide but that page and the file.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import jsonschema
import pytest

import dlp
from _evidence import conformance
from _evidence.claims import UNITS, claims
from tests.paths import DOCS

SCHEMA = json.loads((DOCS / conformance.SCHEMA).read_text(encoding="utf-8"))


@cache
def content() -> dict[str, Any]:
    """Read the file as it is written for others."""
    read: dict[str, Any] = json.loads(conformance.text())
    return read


def shape(case: dict[str, Any]) -> str:
    """Say what a reader of a case has to understand: all but its name and its numbers."""
    written = re.sub(r'(?<=: ")[^"]*(?=")|[\d.]+', "", json.dumps({**case, "id": ""}))
    return f"{case['function']} {written}"


@cache
def of_every_shape() -> list[dict[str, Any]]:
    """Give a case of every shape: there are thousands that are alike."""
    return list({shape(case): case for case in content()["cases"]}.values())


def test_the_file_keeps_to_its_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(content() | {"cases": of_every_shape()})
    assert SCHEMA["properties"]["version"]["const"] == conformance.VERSION


def test_the_schema_knows_every_unit_and_no_other() -> None:
    assert SCHEMA["$defs"]["published"]["properties"]["unit"]["enum"] == list(UNITS)


def test_every_claim_is_a_case() -> None:
    assert [case["id"] for case in content()["cases"]] == [claim.name for claim in claims()]


def argument(name: str, value: Any) -> Any:
    if isinstance(value, dict) and "function" in value:
        found = computed(value)
        if isinstance(found, Fraction):
            return int(found) if found.denominator == 1 else float(found)
        return found
    if name == "config":
        return content()["configs"][value]
    if isinstance(value, dict):
        return {key: argument(key, entry) for key, entry in value.items()}
    return value


def computed(case: dict[str, Any]) -> Any:
    arguments = {name: argument(name, value) for name, value in case["arguments"].items()}
    found = getattr(dlp, case["function"])(**arguments)
    if "row" in case:
        for name in [case["row"]] if isinstance(case["row"], str) else case["row"]:
            found = found[name]
    if "part" in case:
        names = [case["part"]] if isinstance(case["part"], str) else case["part"]
        found = sum(found[name] for name in names)
    if case.get("each") == "last":
        found = [items[-1] for items in found]
    if case.get("each") == "length":
        found = [len(items) for items in found]
    if "first" in case:
        found = found[: int(operand(case["first"]))]
    found = [*found, *case["then"]] if "then" in case else found
    if "merged" in case:
        kinds = sorted({tuple(kind) for *kind, _ in found})
        found = [[*kind, sum(n for *k, n in found if tuple(k) == kind)] for kind in kinds]
    if "total" in case:
        found = sum(found.values() if isinstance(found, dict) else found)
    if isinstance(found, (list, dict)):
        return found
    total = Fraction(found) * Fraction(case.get("times", 1))
    total += sum(map(operand, case.get("plus", [])))
    total -= sum(map(operand, case.get("minus", [])))
    for divisor in case.get("per", []):
        total /= operand(divisor)
    return total


def operand(value: Any) -> Fraction:
    return Fraction(computed(value) if isinstance(value, dict) else value)


def agrees(case: dict[str, Any]) -> bool:
    ours, expected = computed(case), case["expected"]
    if "library" in case:
        if isinstance(expected, list):
            return bool(ours == expected)
        return math.isclose(ours, expected, rel_tol=case["within"])
    last_digit = Fraction(10) ** int(Decimal(expected).as_tuple().exponent)
    excess = ours / Fraction(content()["units"][case["unit"]]) - Fraction(expected)
    comes_out = {
        "exact": excess == 0,
        "rounded": -last_digit / 2 <= excess < last_digit / 2,
        "truncated": 0 <= excess < last_digit,
        "unit": abs(excess) <= last_digit,
        "measured": abs(excess) <= Fraction(expected) * Fraction(case.get("within", 0)),
    }[case["rounding"]]
    return comes_out is (case["verdict"] == "reproduced")


@pytest.mark.slow
def test_a_case_of_every_shape_can_be_used_by_what_its_page_says() -> None:
    """That each number comes out is another test; here it is read from the file alone."""
    wrong = [case["id"] for case in of_every_shape() if not agrees(case)]
    assert not wrong


def test_the_page_names_every_key_of_a_case() -> None:
    page = (DOCS / "evidence" / "index.md").read_text(encoding="utf-8")
    keys = {key for case in content()["cases"] for key in case}
    unsaid = sorted(key for key in keys if f"`{key}`" not in page)
    assert not unsaid, f"docs/evidence/index.md: say what {unsaid} of a case holds"
