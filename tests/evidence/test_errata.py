"""The wall of errata shows each with its address, what is printed, what is right, and a proof."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

import dlp
from _evidence.claims import KINDS, PRINTED, Claim, printed, printed_claims
from _evidence.expressions import MODELS, calls, evaluate
from _guide import errata
from _guide.errata import as_computed
from _guide.rows import as_printed

if TYPE_CHECKING:
    from _evidence.expressions import Expression

NBSP = "\N{NO-BREAK SPACE}"
ROWS = errata.errata()
WALL = errata.wall()
CARDS = dict(re.findall(r"### (E\d+) ·(.*?)</section>", WALL, re.DOTALL))


def test_every_erratum_has_a_card_and_an_address() -> None:
    assert list(CARDS) == [rows[0].erratum for rows in ROWS]
    assert re.findall(r"\{ #(e\d+) \}", WALL) == [number.lower() for number in CARDS]
    assert sum(map(len, ROWS)) == sum(claim.verdict == "erratum" for claim in printed_claims())


@pytest.mark.parametrize("rows", ROWS, ids=lambda rows: rows[0].erratum)
def test_a_card_has_each_number_as_printed_and_as_computed(rows: list[Claim]) -> None:
    card = html.unescape(CARDS[rows[0].erratum])
    for claim in rows:
        right = as_computed(claim)
        assert right != as_printed(claim)
        assert f"<dt>{right}, right</dt><dd><code>{errata.computation(claim.expression)}<" in card
        if claim.slip:
            how = f"<code>{errata.computation(claim.slip)}<"
            assert f"<dt>{as_printed(claim)}, printed</dt><dd>{how}" in card
    first = rows[0]
    assert f"<dt>Printed</dt><dd>{as_printed(first)}</dd>" in card
    assert f"<dt>Right</dt><dd>{as_computed(first)}</dd>" in card
    assert first.reason in card


def test_a_proof_is_python_that_gives_the_number() -> None:
    wrong = [claim for rows in ROWS for claim in rows]
    expressions = [each for claim in wrong for each in (claim.expression, claim.slip) if each]
    assert any("per" in each for each in expressions)
    for expression in expressions:
        if "printed" in expression:
            continue
        found = run(errata.computation(expression), expression)
        assert float(found) == pytest.approx(float(evaluate(expression)), rel=1e-12)


def run(code: str, expression: Expression) -> Any:
    """Run the code of a proof, in which a config is written as its name."""
    for each in calls(expression):
        if isinstance(name := each["arguments"].get("config"), str):
            code = code.replace(f"config={name}", f"config=MODELS[{name!r}]")
    return eval(code, {"MODELS": MODELS, **{name: getattr(dlp, name) for name in dir(dlp)}})  # noqa: S307 - of our own rows


def test_a_divisor_that_is_a_product_stands_in_brackets() -> None:
    whole: Expression = {"function": "bits_per_parameter", "arguments": {"dtype": "fp32"}}
    per: Expression = {**whole, "per": [{**whole, "times": 2}]}
    assert evaluate(per) == Fraction(1, 2)
    assert eval(errata.computation(per), {"bits_per_parameter": dlp.bits_per_parameter}) == 1 / 2  # noqa: S307


def test_a_card_puts_the_numbers_in() -> None:
    assert "with the numbers put in" in CARDS["E6"]
    assert CARDS["E6"].count("with the numbers put in") == 1  # both come from one call
    assert CARDS["E32"].index("Right, with") < CARDS["E32"].index("As printed, with")


def test_a_number_that_is_the_least_says_so() -> None:
    number = replace(printed("Llama 3.1 8B in fp16"), theirs="15.5", least=True)
    assert as_computed(number).replace(NBSP, " ") == "at least 16 GB"


def test_what_narrows_the_wall_counts_each_erratum_once() -> None:
    form = WALL.partition("</form>")[0]
    chips = dict(re.findall(r'name="kind" value="([\w-]*)"(?: checked)?>[^<]* \((\d+)\)', form))
    assert list(chips) == ["", *KINDS]
    assert int(chips.pop("")) == sum(map(int, chips.values())) == len(ROWS)
    subjects = dict(re.findall(r'<option value="([^"]+)">\1 \((\d+)\)', form))
    assert sum(map(int, subjects.values())) == len(ROWS)
    shown = re.findall(r'data-kind="([\w-]+)" data-about="([^"]+)"', WALL)
    assert {kind for kind, _ in shown} == set(KINDS)
    assert {about for _, about in shown} == set(subjects)


def test_every_file_of_printed_numbers_has_a_subject() -> None:
    assert set(errata.SUBJECTS) == {path.stem for path in PRINTED.glob("*.json")}
