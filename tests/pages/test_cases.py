"""A question can be asked with any sensible values: its answers stay apart, and say their numbers.

Where two answers come to one number whatever the values, the mistake is none of the question's;
where they do for some, the wrong one has a `when` that leaves it out.
"""

from __future__ import annotations

import inspect
import math
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import pytest

from _evidence.units import unit
from _guide import given
from _guide.question import Case, Question, Wrong, said, told_apart, written
from _guide.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

SENSIBLE: dict[str, tuple[Any, ...]] = {
    "num_samples": (52_000, 1_000_000, 1_000_001),
    "per_device_train_batch_size": (1, 2, 4, 8, 16, 32),
    "gradient_accumulation_steps": (1, 2, 4, 8, 16, 32),
    "context_length": (1024, 2048, 4096),
    "longer_context": (8000, 32_768, 131_072),
    "num_parameters": (124_439_808, 7_000_000_000, 6_738_415_616, 70_553_706_496),
    "dtype": ("fp32", "tf32", "fp16", "bf16", "int8", "fp8", "int4", "nf4"),
    "hidden_size": (768, 2048, 4096, 8192),
    "num_labels": (1, 2, 3, 8, 9, 1000),
    "tokens": (given.tokens,),
    "prompt_tokens": (1, 5, 8),
    "probabilities": (given.probabilities,),
    "real_width": (768, 2048, 4096),
    "r": (1, 2, 8, 16, 64, 256, 384, 1024, 2048, 4096),
}
"""What a practice may ask with: values that runs really have. Others stay as they are given."""

every_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.page)


def cases(question: Question) -> Iterator[tuple[dict[str, Any], Case]]:
    """Put every combination of sensible values into a question."""
    given = {p.name: p.default for p in inspect.signature(question.case).parameters.values()}
    for values in product(*(SENSIBLE.get(name, (given[name],)) for name in given)):
        arguments = dict(zip(given, values, strict=True))
        yield arguments, question.case(**arguments)


def agree(one: Case | Wrong, other: Case | Wrong, unit: str) -> bool:
    """Say whether two answers come to the same: one number of one unit, or the same words."""
    if said(one, unit) == said(other, unit):
        return True
    if "value" not in one or "value" not in other:
        return False
    units = one.get("unit", unit), other.get("unit", unit)
    return units[0] == units[1] and math.isclose(one["value"], other["value"])


def alike(case: Case) -> list[tuple[str, str]]:
    """List the pairs of answers that a reader could not tell apart."""
    unit = case["unit"]
    answers: list[Case | Wrong] = [case, *told_apart(case)]
    pairs = combinations(answers, 2)
    return [(said(a, unit), said(b, unit)) for a, b in pairs if agree(a, b, unit)]


@every_question
def test_no_two_answers_agree_for_any_sensible_values(question: Question) -> None:
    for arguments, case in cases(question):
        assert not alike(case), f"{question.page}, with {arguments}: give the wrong one a `when`"


@every_question
def test_the_given_values_show_every_wrong_answer(question: Question) -> None:
    assert told_apart(question.asked) == list(question.asked["wrong"])


@every_question
def test_answers_say_their_numbers(question: Question) -> None:
    for arguments, case in cases(question):
        answers: list[Case | Wrong] = [case, *case["wrong"]]
        for answer in answers:
            if "value" in answer:
                number = written(answer["value"], answer.get("unit", case["unit"]))
                assert number in said(answer, case["unit"]), (question.page, arguments)


@every_question
def test_the_answer_is_what_its_steps_come_to(question: Question) -> None:
    for arguments, case in cases(question):
        steps = [(function, function(**each)) for _, (function, each) in case["steps"]]
        found = [
            (unit(function.__name__).partition(" per ")[0], value) for function, value in steps
        ]
        assert case["unit"] in {of for of, _ in found}, question.page
        if "value" in case:
            assert (case["unit"], case["value"]) in found, (question.page, arguments)


def test_answers_that_agree_are_found() -> None:
    case = QUESTIONS[0].case()
    assert not alike(case)
    first, *others = case["wrong"]
    right = case | {"wrong": (first | {"value": case["value"]}, *others)}
    twice = case | {"wrong": (first, first, *others)}
    assert len(alike(right)) == len(alike(twice)) == 1
