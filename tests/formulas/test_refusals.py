"""Every formula refuses what it cannot count, in words that name the argument."""

from __future__ import annotations

import copy
import math
import re
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from _guide import worked
from tests.formulas.calls import ARGUMENTS, FUNCTIONS, calls, plain_call
from tests.formulas.laws import some_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import DataObject


class Int64:
    """What numpy's int64 is to a formula: a number by every operator, and no int."""

    def __init__(self, value: int) -> None:
        """Keep a value."""
        self.value = value

    def __int__(self) -> int:
        return self.value

    __index__ = __int__

    def __float__(self) -> float:
        return float(self.value)

    def __eq__(self, other: object) -> bool:
        return self.value == other

    def __hash__(self) -> int:
        return hash(self.value)

    def __lt__(self, other: int) -> bool:
        return self.value < other

    def __le__(self, other: int) -> bool:
        return self.value <= other

    def __gt__(self, other: int) -> bool:
        return self.value > other

    def __ge__(self, other: int) -> bool:
        return self.value >= other

    def __mul__(self, other: int) -> Int64:
        return Int64(self.value * int(other))

    __rmul__ = __mul__


class Float64(float):
    """What numpy's float64 is to a formula: a float, and more besides."""


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
    -0.0,
    5e-324,
    1e308,
    -(10**400),
    "\x00",
    "x" * 10_000,
    [[]],
    [None],
    ["x", "x"],
    {"x": {}},
    frozenset({1}),
    range(0),
    object(),
    int,
    len,
    Int64(2),
    Float64(2),
    Float64("nan"),
]


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


def a_search_is_slow(name: str, *more: str) -> Any:
    """Give what a test is tried with; a search makes its call dozens of times."""
    marks = [pytest.mark.slow] if name.startswith("largest_") else []
    return pytest.param(name, *more, marks=marks)


HOSTILE_TO = pytest.mark.parametrize("name", [*map(a_search_is_slow, FUNCTIONS)])


def test_no_arguments_are_kept_for_functions_that_are_gone() -> None:
    assert set(ARGUMENTS) == set(FUNCTIONS), "tests/formulas/calls.py: tidy ARGUMENTS"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_valid_arguments_give_finite_numbers_that_are_not_negative(name: str) -> None:
    for arguments in calls(name):
        result = FUNCTIONS[name](**arguments)
        assert not list(wrong_numbers(result)), arguments


@HOSTILE_TO
def test_a_hostile_value_is_refused_by_the_name_of_its_argument(name: str) -> None:
    for parameter in ARGUMENTS.get(name, {}):
        for hostile in HOSTILE:
            check(name, plain_call(name) | {parameter: hostile}, (parameter,))


NEVER: dict[type, list[Any]] = {
    int: [
        *(None, True, "x", 1.5, 16.0, math.nan, math.inf, 10**40, -(10**40), [1]),
        *(Int64(2), Float64(2)),
    ],
    float: [None, True, "x", math.nan, math.inf, -1.0, [1.0], Int64(2), Float64("nan")],
    bool: [None, 0, 1, "x", "True", [], Int64(1)],
    str: [None, 1, True, "x", "", ["x"]],
}


def kinds(name: str) -> Iterator[tuple[str, type]]:
    """Give the arguments of one kind: a number, a flag, or a name."""
    known = worked.parameters(FUNCTIONS[name])
    for parameter in ARGUMENTS.get(name, {}):
        kind = known[parameter].annotation if parameter in known else None  # told by another test
        named = str if isinstance(kind, str) and re.fullmatch(r"\w+|Literal\[.*\]", kind) else kind
        if named in NEVER:
            yield parameter, named


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_value_of_another_kind_never_passes(name: str) -> None:
    for parameter, kind in kinds(name):
        for value in NEVER[kind]:
            with pytest.raises((TypeError, ValueError), match=rf"\b{parameter}\b"):
                FUNCTIONS[name](**plain_call(name) | {parameter: value})


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        a_search_is_slow(name, parameter)
        for name, values in ARGUMENTS.items()
        for parameter in values
        if isinstance(values[parameter][0], (list, dict))
    ],
)
def test_a_hostile_item_is_refused_by_the_name_of_its_argument(name: str, parameter: str) -> None:
    arguments = plain_call(name)
    for place, value in inside(arguments[parameter]):
        key = place if isinstance(value, dict) else parameter
        check(name, arguments | {parameter: value}, (parameter, key))


HUGE = [10**18, 10**17, 999_999_999_999_999_989]


@HOSTILE_TO
def test_a_huge_count_is_counted_or_refused_at_once(name: str) -> None:
    counts = [p for p, value in plain_call(name).items() if type(value) in (int, list, dict)]
    for huge in HUGE:
        for chosen in [*([p] for p in counts), counts]:
            call = plain_call(name)
            for parameter in chosen:
                call[parameter] = enlarged(call[parameter], huge)
            begin = time.perf_counter()
            check(name, call, tuple(known_words(name)))
            assert time.perf_counter() - begin < 2, f"{name}: {chosen} of {huge}"


def enlarged(value: Any, huge: int) -> Any:
    """Put a huge number in place of every whole number."""
    if isinstance(value, dict):
        return {key: enlarged(item, huge) for key, item in value.items()}
    if isinstance(value, list):
        return [enlarged(item, huge) for item in value]
    return huge if type(value) is int and value > 0 else value


def known_words(name: str) -> set[str]:
    """Give the names that a message may use: of arguments, and of keys inside them."""
    words = set(ARGUMENTS[name]) | {"model_type"}
    for values in ARGUMENTS[name].values():
        for value in values:
            words |= set(map(str, value)) if isinstance(value, dict) else set()
    return {re.escape(word) for word in words if re.match(r"\w", word)} or {name}


def corrupted(value: Any) -> st.SearchStrategy[Any]:
    """Draw something hostile, or a list or dict that is right but for a few of its items."""
    hostile = st.sampled_from(HOSTILE)
    if isinstance(value, dict) and value:
        pairs = st.tuples(st.sampled_from(sorted(value)), st.one_of(hostile, st.just(_GONE)))
        return st.one_of(hostile, st.lists(pairs, min_size=1, max_size=3).map(_changes(value)))
    if isinstance(value, (list, tuple)) and value:
        pairs = st.tuples(st.integers(0, len(value) - 1), st.one_of(hostile, st.just(_GONE)))
        return st.one_of(
            hostile,
            st.lists(pairs, min_size=1, max_size=2)
            .map(_changes(dict(enumerate(value))))
            .map(lambda items: list(items.values())),
            st.just([*value, value[0]]),
        )
    return st.one_of(hostile, st.integers(), st.floats(), st.text(max_size=5), st.booleans())


_GONE = object()


def _changes(value: dict[Any, Any]) -> Callable[[list[tuple[Any, Any]]], dict[Any, Any]]:
    def change(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
        changed = value | dict(pairs)
        return {key: item for key, item in changed.items() if item is not _GONE}

    return change


@HOSTILE_TO
@given(data=st.data())
def test_hostile_and_valid_values_in_any_mixture_are_counted_or_refused(
    name: str, data: DataObject
) -> None:
    call = some_call(data, name)
    victims = data.draw(st.lists(st.sampled_from(sorted(call)), min_size=1, unique=True))
    call |= {victim: data.draw(corrupted(call[victim]), label=victim) for victim in victims}
    check(name, call, tuple(known_words(name)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_argument_that_is_missing_or_unknown_is_named(name: str) -> None:
    call = plain_call(name)
    with pytest.raises(TypeError, match="nonsense"):
        FUNCTIONS[name](**call, nonsense=1)
    for parameter in worked.parameters(FUNCTIONS[name]).values():
        assert parameter.kind is parameter.KEYWORD_ONLY, f"{name}: {parameter.name}"
        if parameter.default is parameter.empty:
            with pytest.raises(TypeError, match=rf"\b{parameter.name}\b"):
                FUNCTIONS[name](**{p: value for p, value in call.items() if p != parameter.name})


def test_numbers_of_numpy_are_refused_as_counts_and_taken_as_floats() -> None:
    """Its integers are no int and overflow where ours are exact; its float64 is a float."""
    for kind in number_classes():
        if issubclass(kind, float):
            assert dlp.gigabytes(num_bytes=kind(2e9)) == 2
            with pytest.raises(TypeError, match="num_parameters must be an int"):
                dlp.weight_bytes(num_parameters=kind(2))
        else:
            with pytest.raises(TypeError, match="num_bytes must be a number"):
                dlp.gigabytes(num_bytes=kind(2))
            with pytest.raises(TypeError, match="num_parameters must be an int"):
                dlp.weight_bytes(num_parameters=kind(2))


def number_classes() -> list[Any]:
    """Give numpy's own numbers where it is installed, and what stands in for them."""
    found: list[Any] = [Int64, Float64]
    if find_spec("numpy"):
        import numpy as np

        found += [np.int64, np.int32, np.float32, np.float64]
    return found


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (-(10**30), str(-(10**30))),
        (10**30 + 1, "a number of more than thirty digits"),
        (-(10**30) - 1, "a number of more than thirty digits"),
        ("x" * 58, "'" + "x" * 58 + "'"),
        ("x" * 59, "'" + "x" * 56 + "..."),
    ],
)
def test_a_message_shows_the_value_unless_it_is_long(value: Any, shown: str) -> None:
    with pytest.raises((TypeError, ValueError)) as refused:
        dlp.weight_bytes(num_parameters=value)
    assert re.search(rf", not {re.escape(shown)}( \(str\))?$", str(refused.value))


def nested(depth: int) -> list[Any]:
    """Give a list in a list, and so on."""
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("name", "parameter", "huge"),
    [
        ("weight_bytes", "num_parameters", lambda: nested(10**5)),
        ("weight_bytes", "num_parameters", lambda: [10**5000]),
        ("weight_bytes", "dtype", lambda: nested(10**5)),
        ("cross_entropy", "logits", lambda: nested(10**5)),
        ("lora_model_parameters", "target_modules", lambda: [nested(10**5)]),
        ("lora_model_parameters", "target_modules", lambda: ["q_proj"] * 10**6),
        ("updates_per_epoch", "dataloader_drop_last", lambda: dict.fromkeys(range(10**6))),
        ("supervised_tokens", "labels", lambda: range(10**12)),
        ("supervised_tokens", "labels", lambda: range(10**100)),
        ("supervised_tokens", "labels", lambda: [0] * (10**7 + 1)),
    ],
)
def test_what_is_huge_is_refused_at_once_and_in_few_words(
    name: str, parameter: str, huge: Callable[[], Any]
) -> None:
    value = huge()
    begin = time.perf_counter()
    check(name, plain_call(name) | {parameter: value}, (parameter,))
    assert time.perf_counter() - begin < 0.5


def test_a_value_is_not_asked_to_describe_itself() -> None:
    class Mute:
        def __repr__(self) -> str:
            raise OSError

    for parameter in ("num_parameters", "dtype"):
        check("weight_bytes", plain_call("weight_bytes") | {parameter: Mute()}, (parameter,))


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
        ("weight_bytes", {"dtype": "float64"}, "dtype must be one of fp32, .*, not 'float64'"),
        ("updates_per_epoch", {"num_samples": True}, "num_samples must be an int, not True"),
        (
            "updates_per_epoch",
            {"dataloader_drop_last": 1},
            "dataloader_drop_last must be True or False, not 1",
        ),
        ("lora_parameters", {"r": 0}, "r must be from 1 to"),
        ("lora_model_parameters", {"target_modules": "q_proj"}, "match a module of .*'q_proj'"),
        ("lora_model_parameters", {"target_modules": ["c_attn"]}, "match a module of .*c_attn"),
        (
            "parameter_count",
            {"config": {"model_type": "unheard_of"}},
            "a type that is counted, not 'unheard_of'",
        ),
        (
            "parameter_count",
            {"config": {"model_type": "llama", "vocab_size": None}},
            'must have "vocab_size"',
        ),
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
        ("largest_batch", {"memory_bytes": None}, "memory_bytes or accelerator must be given"),
        ("largest_batch", {"accelerator": "h100"}, "memory_bytes or accelerator .* not both"),
        (
            "largest_batch",
            {"training": {"per_device_train_batch_size": 1}},
            'training must not have "per_device_train_batch_size", which is searched',
        ),
        (
            "largest_context",
            {"training": {"max_seq_length": 1}},
            'training must not have "max_seq_length", which is searched',
        ),
        ("largest_rank", {"lora": {"r": 1}}, 'lora must not have "r", which is searched'),
        ("largest_rank", {"lora": None}, "lora must be given"),
        ("largest_model", {"memory_bytes": 10**15}, "memory_bytes is enough for any"),
        ("causal_lm_loss", {"labels": [-100, -100, -100]}, "labels must have at least one"),
        ("mean_loss", {"labels": [5, 6]}, "as many as labels, not 4 and 2"),
    ],
)
def test_a_message_names_argument_value_and_what_is_allowed(
    name: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        FUNCTIONS[name](**plain_call(name) | changes)
