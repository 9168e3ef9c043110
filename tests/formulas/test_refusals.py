"""Every formula refuses what it cannot count, in words that name the argument."""

from __future__ import annotations

import copy
import inspect
import math
import re
from typing import TYPE_CHECKING, Any

import pytest

import dlp
from tests.formulas.calls import ARGUMENTS, FUNCTIONS, calls, plain_call

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE: list[Any] = [
    None,
    True,
    False,
    "x",
    "",
    b"x",
    1.5,
    16.0,
    math.nan,
    math.inf,
    -math.inf,
    -1,
    0,
    10**40,
    10**400,
    1j,
    [],
    (),
    {},
    {1: 2},
    {"x": 1},
    set(),
    object(),
    int,
]

CASES = [(name, parameter) for name in FUNCTIONS for parameter in ARGUMENTS.get(name, {})]


def wrong_numbers(result: Any) -> Iterator[Any]:
    """Find the numbers in a result that no formula may give."""
    if isinstance(result, dict):
        for value in result.values():
            yield from wrong_numbers(value)
    elif isinstance(result, (list, tuple)):
        for value in result:
            yield from wrong_numbers(value)
    elif isinstance(result, (int, float)):
        if not math.isfinite(result) or (result < 0 and result != dlp.IGNORE_INDEX):
            yield result
    elif not isinstance(result, str):
        yield result


def check(name: str, arguments: dict[str, Any], named: tuple[str, ...]) -> None:
    """Make a call; it gives sound numbers or refuses, naming one of the words."""
    try:
        result = FUNCTIONS[name](**arguments)
    except (TypeError, ValueError) as error:
        message = str(error)
        assert any(re.search(rf"\b{word}\b", message) for word in named), (
            f"{name}: this message must name {' or '.join(named)}: {message}"
        )
        assert len(message) < 400, f"{name}: too long a message: {message}"
    else:
        assert not list(wrong_numbers(result)), f"{name}({arguments}) gives {result!r}"


def inside(value: Any) -> Iterator[tuple[str, Any]]:
    """Put hostile values at one place after another inside a list or dict."""
    places = value if isinstance(value, dict) else range(len(value))
    for place in places:
        item = value[place]
        for hostile in HOSTILE:
            changed = copy.deepcopy(value)
            changed[place] = hostile
            yield str(place), changed
        if isinstance(item, (list, dict)):
            for _, inner in inside(item):
                changed = copy.deepcopy(value)
                changed[place] = inner
                yield str(place), changed


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_has_valid_arguments_to_start_from(name: str) -> None:
    FUNCTIONS[name](**plain_call(name))


def test_no_arguments_are_kept_for_functions_that_are_gone() -> None:
    assert set(ARGUMENTS) == set(FUNCTIONS), "tests/formulas/calls.py: tidy ARGUMENTS"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_valid_arguments_give_finite_numbers_that_are_not_negative(name: str) -> None:
    for arguments in calls(name):
        result = FUNCTIONS[name](**arguments)
        assert not list(wrong_numbers(result)), arguments


@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_a_hostile_value_is_refused_by_the_name_of_its_argument(name: str, parameter: str) -> None:
    for hostile in HOSTILE:
        check(name, plain_call(name) | {parameter: hostile}, (parameter,))


NEVER: dict[type, list[Any]] = {
    int: [None, True, "x", 1.5, 16.0, math.nan, math.inf, 10**40, -(10**40), [1]],
    float: [None, True, "x", math.nan, math.inf, -1.0, [1.0]],
    bool: [None, 0, 1, "x", "True", []],
    str: [None, 1, True, "x", "", ["x"]],
}


@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_a_value_of_another_kind_never_passes(name: str, parameter: str) -> None:
    kind = inspect.signature(FUNCTIONS[name]).parameters[parameter].annotation
    for value in NEVER.get(kind, []):
        with pytest.raises((TypeError, ValueError), match=rf"\b{parameter}\b"):
            FUNCTIONS[name](**plain_call(name) | {parameter: value})


@pytest.mark.parametrize(
    ("name", "parameter"),
    [(n, p) for n, p in CASES if isinstance(ARGUMENTS[n][p][0], (list, dict))],
)
def test_a_hostile_item_is_refused_by_the_name_of_its_argument(name: str, parameter: str) -> None:
    arguments = plain_call(name)
    for place, value in inside(arguments[parameter]):
        key = place if isinstance(value, dict) else parameter
        check(name, arguments | {parameter: value}, (parameter, key))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_are_given_by_name_only(name: str) -> None:
    with pytest.raises(TypeError, match="positional"):
        FUNCTIONS[name](*plain_call(name).values())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_are_left_as_they_were(name: str) -> None:
    arguments = plain_call(name)
    before = copy.deepcopy(arguments)
    FUNCTIONS[name](**arguments)
    assert arguments == before


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("weight_bytes", {"num_parameters": 7.0e9}, "num_parameters must be an int, not 7000000"),
        ("weight_bytes", {"num_parameters": -1}, "num_parameters must be from 0 to .*, not -1"),
        ("weight_bytes", {"dtype": "float32"}, "dtype must be one of fp32, .*, not 'float32'"),
        ("updates_per_epoch", {"num_samples": True}, "num_samples must be an int, not True"),
        ("updates_per_epoch", {"drop_last": 1}, "drop_last must be True or False, not 1"),
        ("lora_parameters", {"r": 0}, "r must be from 1 to"),
        ("lora_model_parameters", {"target_modules": "q_proj"}, "one of all-linear, not 'q_proj'"),
        ("lora_model_parameters", {"target_modules": ["c_attn"]}, "one of q_proj, .*'c_attn'"),
        ("lora_model_parameters", {"target_modules": ["q_proj"] * 2}, "twice: q_proj, q_proj"),
        ("parameter_count", {"config": {"model_type": "bert"}}, "one of llama, .*, not 'bert'"),
        ("parameter_count", {"config": {"model_type": "llama"}}, 'must have "hidden_size"'),
        (
            "attention_parameters",
            {"num_key_value_heads": 5},
            "num_key_value_heads must divide num_attention_heads, not 5 with 32",
        ),
        (
            "training_memory_bytes",
            {"num_parameters": 10, "num_trainable_parameters": 11},
            "num_trainable_parameters must be from 0 to 10, not 11",
        ),
        ("memory_ledger", {"micro_batch": {"method": "full"}}, "key of micro_batch .*'method'"),
        ("memory_ledger", {"micro_batch": {}}, 'micro_batch must have "num_hidden_layers"'),
        ("causal_lm_loss", {"labels": [-100, -100, -100]}, "labels must have at least one"),
        ("mean_loss", {"labels": [5, 6]}, "as many as labels, not 4 and 2"),
    ],
)
def test_a_message_names_argument_value_and_what_is_allowed(
    name: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        FUNCTIONS[name](**plain_call(name) | changes)
