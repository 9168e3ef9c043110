"""Quantization: blocks cost what their bits and scales come to, and a file is the sum of them."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from tests.formulas.laws import law, some_call

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

mixtures = st.dictionaries(
    st.sampled_from(dlp.GGML_TYPES), st.integers(1, 10**6).map(lambda n: 256 * n), min_size=1
)


def test_the_formats_of_qlora_are_what_their_blocks_come_to() -> None:
    assert dlp.bits_per_parameter(dtype="nf4") == dlp.blockwise_bits_per_parameter()
    assert dlp.bits_per_parameter(dtype="nf4-double") == dlp.double_quantized_bits_per_parameter()


@given(st.integers(1, 16), st.integers(1, 10**6), st.integers(0, 64))
def test_scales_cost_their_bits_shared_by_the_block(bits: int, size: int, scale: int) -> None:
    with_scales = dlp.blockwise_bits_per_parameter(bits=bits, block_size=size, scale_bits=scale)
    assert with_scales == pytest.approx(float(bits + Fraction(scale, size)))
    larger = dlp.blockwise_bits_per_parameter(bits=bits, block_size=2 * size, scale_bits=scale)
    assert bits <= larger <= with_scales


def test_the_documented_blocks_are_the_types_and_give_their_bits() -> None:
    rows = re.findall(
        r"^ *\| (`.+`) \| ([\d.]+) \| (\d+) \| (\d+) \|$",
        dlp.gguf_bits_per_weight.__doc__ or "",
        re.M,
    )
    documented = []
    for names, bits, weights, num_bytes in rows:
        assert float(bits) == 8 * int(num_bytes) / int(weights), names
        for name in re.findall(r"`(.+?)`", names):
            documented.append(name)
            assert dlp.gguf_bits_per_weight(ggml_type=name) == float(bits)
            assert dlp.gguf_bytes(num_weights={name: int(weights)}) == int(num_bytes)
            if int(weights) > 1:
                with pytest.raises(ValueError, match=rf'num_weights\["{name}"\] must be from'):
                    dlp.gguf_bytes(num_weights={name: int(weights) - 1})
                with pytest.raises(ValueError, match=f"must be a multiple of {weights}, not"):
                    dlp.gguf_bytes(num_weights={name: int(weights) + 1})
    assert tuple(documented) == dlp.GGML_TYPES


@pytest.mark.parametrize("ggml_type", dlp.GGML_TYPES)
def test_a_type_takes_more_than_the_bits_it_is_named_for(ggml_type: Any) -> None:
    named = int(re.sub(r"\D*(\d+).*", r"\1", ggml_type))
    bits = dlp.gguf_bits_per_weight(ggml_type=ggml_type)
    assert named <= bits < named + 1.01


def test_a_file_without_tensors_is_refused() -> None:
    with pytest.raises(ValueError, match="num_weights must hold at least one of F32"):
        dlp.gguf_bytes(num_weights={})


# --- Laws -----------------------------------------------------------------------------------------


@law
@given(blocks=st.dictionaries(st.sampled_from(dlp.GGML_TYPES), st.integers(1, 99), min_size=1))
def test_a_mixture_of_formats_lies_between_them(blocks: dict[str, int]) -> None:
    weights = {ggml_type: 256 * number for ggml_type, number in blocks.items()}
    parts = [dlp.gguf_bytes(num_weights={t: number}) for t, number in weights.items()]
    assert sum(parts) == dlp.gguf_bytes(num_weights=weights)
    types: list[Any] = list(weights)
    each = [dlp.gguf_bits_per_weight(ggml_type=ggml_type) for ggml_type in types]
    mean = dlp.gguf_mean_bits_per_weight(num_weights=weights)
    assert min(each) * (1 - 1e-12) <= mean <= max(each) * (1 + 1e-12)
    assert mean * sum(weights.values()) == pytest.approx(8 * sum(parts))


@law
@given(parameters=st.integers(0, 10**12))
def test_double_quantization_saves_the_difference(parameters: int) -> None:
    saved = dlp.double_quantization_saved_bytes(num_parameters=parameters)
    single, double = (
        dlp.weight_bytes(num_parameters=parameters, dtype=dtype) for dtype in ("nf4", "nf4-double")
    )
    assert saved == single - double >= 0


@law
@given(data=st.data())
def test_quantizing_scales_with_scales_of_no_bits_is_quantizing_once(data: DataObject) -> None:
    call = some_call(data, "blockwise_bits_per_parameter")
    once = dlp.blockwise_bits_per_parameter(**call)
    assert dlp.double_quantized_bits_per_parameter(**call, second_scale_bits=0) == once
    assert dlp.double_quantized_bits_per_parameter(**call) >= once >= call["bits"]
