"""A worked solution says what its function computes, and nothing else."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from _guide import worked
from _guide.engine import mathml
from tests.formulas.calls import FUNCTIONS, calls, plain_call
from tests.formulas.tex import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable

# Formulas over the entries of a list, with indices: no letter in them is an argument's name.
# tests/formulas/test_objective.py holds these functions to an independent implementation.
INDEXED = {"cross_entropy"}

DOCUMENTED = [
    name for name in FUNCTIONS if worked.formulas(FUNCTIONS[name]) and name not in INDEXED
]


@cache
def solutions(name: str) -> list[tuple[dict[str, Any], list[worked.Step]]]:
    """Solve every call of a function for whose conventions a formula is documented."""
    solved = []
    for arguments in calls(name):
        try:
            steps = worked.solve(FUNCTIONS[name], arguments)
        except ValueError as error:
            assert "documents no formula" in str(error), f"{name}{arguments}: {error}"  # noqa: PT017
            continue
        solved.append((arguments, steps))
    return solved


def contradiction(step: worked.Step) -> str:
    """Say how the numbers of a step differ from what its function returned, or nothing."""
    stated = evaluate(step.substituted)
    if isinstance(step.value, int):
        agree = stated == step.value
    else:
        agree = math.isclose(stated, step.value, rel_tol=1e-9, abs_tol=1e-9)
    if agree:
        return ""
    return (
        f"the docstring of {step.function.__name__} says {step.formula}, with the numbers "
        f"{step.substituted} = {float(stated)!r}, but the function returns {step.value!r}"
    )


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_step_comes_to_what_its_function_returns(name: str) -> None:
    assert solutions(name)
    for arguments, steps in solutions(name):
        for step in steps:
            found = contradiction(step)
            assert not found, f"{found}, for {arguments}"
        assert steps[-1].value == FUNCTIONS[name](**arguments)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_documented_formula_is_reached(name: str) -> None:
    reached = Counter(steps[-1].formula for _, steps in solutions(name))
    documented = Counter(formula.tex for formula in worked.formulas(FUNCTIONS[name]))
    missed = set(documented) - set(reached)
    assert not missed, f"no call in tests/formulas/calls.py reaches these formulas: {missed}"


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_default_conventions_have_a_formula(name: str) -> None:
    parameters = worked.parameters(FUNCTIONS[name]).values()
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    assert worked.solve(FUNCTIONS[name], plain_call(name) | defaults)


@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_computer_algebra_system_reads_the_same_in_the_formula(name: str) -> None:
    """SymPy parses one call of each formula; it is too slow for all of them, and to import."""
    from sympy.parsing.latex import parse_latex

    seen = set()
    for _, steps in solutions(name):
        step = steps[-1]
        if step.formula not in seen:
            seen.add(step.formula)
            theirs = parse_latex(step.substituted.replace("{,}", ""), backend="lark")
            assert math.isclose(evaluate(step.substituted), theirs, rel_tol=1e-12)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_formulas_and_solutions_are_good_tex(name: str) -> None:
    for formula in worked.formulas(FUNCTIONS[name]):
        assert mathml.to_mathml(formula.tex, display=True)
    _, steps = solutions(name)[0]
    for step in steps:
        assert mathml.to_mathml(step.substituted, display=True)
        assert step.unit


def doubled_tokens(*, count: int) -> int:
    r"""Double a number.

    $$3 \times \text{count}$$

    Returns:
        Things.
    """
    return 2 * count


def halved_tokens(*, count: int, up: bool = True) -> int:
    r"""Halve a number.

    $$\left\lceil \frac{\text{count}}{2} \right\rceil$$

    With `up=False` the other way:

    $$\left\lceil \frac{\text{count}}{2} \right\rceil$$

    Returns:
        Things.
    """
    return -(-count // 2) if up else count // 2


@pytest.mark.parametrize(
    ("function", "arguments"),
    [(doubled_tokens, {"count": 5}), (halved_tokens, {"count": 5, "up": False})],
    ids=["wrong factor", "wrong convention"],
)
def test_a_formula_that_contradicts_its_function_is_found(
    function: Callable[..., int], arguments: dict[str, Any]
) -> None:
    (step,) = worked.solve(function, arguments)
    assert function.__name__ in contradiction(step)


def test_a_call_without_a_documented_formula_is_refused() -> None:
    def quiet(*, up: bool = True) -> int:
        r"""Halve.

        $$1 + 1$$
        """
        return int(up)

    with pytest.raises(ValueError, match="quiet documents no formula"):
        worked.solve(quiet, {"up": False})


@pytest.mark.parametrize(
    ("tex", "value"),
    [
        (r"1{,}000{,}000 \times 2", Fraction(2_000_000)),
        (r"\left\lceil \frac{7}{2} \right\rceil - \left\lfloor 3.5 \right\rfloor", Fraction(1)),
        (r"2 \times 3^{2} + (1 + 0.5) / 3", Fraction(37, 2)),
        (r"\frac{(1.5 + 2)}{2}", Fraction(7, 4)),
    ],
)
def test_the_evaluator_is_exact(tex: str, value: Fraction) -> None:
    assert evaluate(tex) == value


@pytest.mark.parametrize("tex", [r"2 \times \text{r}", "2 3", "(1", "1{,}00", r"\sin 1", ""])
def test_the_evaluator_refuses_what_it_cannot_read(tex: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        evaluate(tex)
