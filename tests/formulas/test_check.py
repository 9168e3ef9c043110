"""The checks themselves, where no formula comes near their bounds."""

from __future__ import annotations

from typing import Any

import pytest

import dlp
from dlp import _check


def test_a_count_is_one_at_least_unless_it_is_told_otherwise() -> None:
    assert _check.count("n", 1) == 1
    with pytest.raises(ValueError, match="n must be from 1 to"):
        _check.count("n", 0)


def test_no_number_has_a_sign_if_it_is_zero() -> None:
    assert str(_check.number("x", -0.0)) == "0.0"


def test_a_choice_of_nothing_is_refused_unless_it_is_told_otherwise() -> None:
    assert _check.choices("names", [], ["a"], empty=True) == []
    with pytest.raises(ValueError, match="names must name at least one of a"):
        _check.choices("names", [], ["a"])


@pytest.mark.parametrize(("number", "end"), [(24, "n23, not 'x'"), (25, "n23 and 1 more, not 'x'")])
def test_a_choice_of_much_names_the_first_alone(number: int, end: str) -> None:
    with pytest.raises(ValueError, match=f"name must be one of n0, .*, {end}"):
        _check.choice("name", "x", [f"n{place}" for place in range(number)])


def test_what_is_handed_on_has_names() -> None:
    with pytest.raises(TypeError, match=r"a key of settings must be a str, not 1 \(int\)"):
        _check.keywords("settings", {1: 2})


def test_a_list_that_would_fill_the_memory_is_not_read() -> None:
    with pytest.raises(ValueError, match="items must hold at most 10000000 items"):
        _check.sequence("items", range(10**9))


@pytest.mark.parametrize(
    ("first", "second", "edits"),
    [
        ("", "", 0),
        ("", "loss", 4),
        ("loss", "", 4),
        ("loss", "loss", 0),
        ("loss", "lass", 1),
        ("loss", "los", 1),
        ("los", "loss", 1),
        ("kitten", "sitting", 3),
        ("optimizer", "optim", 4),
        ("abc", "cab", 2),
    ],
)
def test_names_are_as_far_apart_as_letters_change(first: str, second: str, edits: int) -> None:
    assert _check.edited(first, second) == edits


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("bfloat16", "bf16"),
        ("torch.bfloat16", "bf16"),
        ("BF16", "bf16"),
        ("float16", "fp16"),
        ("half", "fp16"),
        ("f16", "fp16"),
        ("float", "fp32"),
        ("torch.float32", "fp32"),
        ("F32", "fp32"),
        ("float8_e4m3fn", "fp8"),
        ("float8_e5m2", "fp8"),
        ("q8_0", "Q8_0"),
        ("Q8_0", "Q8_0"),
        ("NF4-double", "nf4-double"),
    ],
)
def test_a_number_format_has_several_names(value: str, found: str) -> None:
    allowed = ("fp32", "fp16", "bf16", "fp8", "nf4-double", "Q8_0")
    assert _check.dtype("dtype", value, allowed) == found


def test_formats_of_files_go_by_the_same_names() -> None:
    assert _check.dtype("ftype", "float16", dlp.GGUF_FTYPES) == "F16"
    assert _check.dtype("ftype", "q4_k_m", dlp.GGUF_FTYPES) == "Q4_K_M"
    numbers = {"q4_k": 256, "f32": 1}
    assert dlp.gguf_bytes(num_weights=numbers) == dlp.gguf_bytes(
        num_weights={"Q4_K": 256, "F32": 1}
    )


def test_no_other_format_is_near_enough() -> None:
    with pytest.raises(ValueError, match="dtype must be one of fp32, bf16, not 'float64'"):
        _check.dtype("dtype", "float64", ("fp32", "bf16"))
    with pytest.raises(ValueError, match="dtype must be one of fp32, bf16, not 'half'"):
        _check.dtype("dtype", "half", ("fp32", "bf16"))
    with pytest.raises(TypeError, match=r"dtype must be a str, not 16 \(int\)"):
        _check.dtype("dtype", 16, ("fp32", "bf16"))


@pytest.mark.libraries
def test_formats_are_as_wide_as_in_pytorch() -> None:
    import torch

    names = [name for same in _check._SAME_DTYPES for name in same if hasattr(torch, name)]
    assert len(names) == 7
    told: Any
    for name in names:
        theirs: Any = getattr(torch, name)
        names_of_it: tuple[Any, ...] = (name, str(theirs), theirs)
        for told in names_of_it:
            assert dlp.bytes_per_parameter(dtype=told) == theirs.itemsize
