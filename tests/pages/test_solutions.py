"""What a question page shows as its worked solution comes to the value beside it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import pytest

from _guide import worked
from _guide.questions import QUESTIONS
from tests.formulas.tex import evaluate

if TYPE_CHECKING:
    from _guide.question import Call

SHOWN = [
    pytest.param(call, id=f"question {question.number}, {call.function.__name__} {i}")
    for question in QUESTIONS
    for i, call in enumerate(call for _, call in question.calls)
]


@pytest.mark.parametrize("call", SHOWN)
def test_every_step_shown_comes_to_its_value(call: Call) -> None:
    steps = worked.solve(call.function, call.arguments)
    assert steps[-1].value == call()
    for step in steps:
        stated = evaluate(step.substituted)
        if isinstance(step.value, int):
            assert stated == step.value
        else:
            # A logarithm is shown to four decimals; their error is no larger than half the last.
            assert math.isclose(stated, step.value, abs_tol=1e-4)


@pytest.mark.parametrize("call", SHOWN)
def test_the_numbers_shown_are_the_given_ones(call: Call) -> None:
    step = worked.solve(call.function, call.arguments)[-1]
    shown = {
        text.replace("{,}", "") for text in re.findall(r"\d(?:[\d.]|\{,\})*", step.substituted)
    }
    letters = re.findall(r"\\text\{((?:\w|\\_)+)\}", step.formula)
    for name in (letter.replace(r"\_", "_") for letter in letters):
        value: Any = call.arguments.get(name)
        if isinstance(value, int):
            assert str(value) in shown, name
