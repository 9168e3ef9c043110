"""Mixtures of GGUF by their names, and layers in GPTQ, AWQ and MXFP4."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from tests.formulas.laws import law

SMALL: dict[str, Any] = dlp.LLAMA_3_8B | {
    "hidden_size": 256,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 64,
    "intermediate_size": 512,
    "vocab_size": 1000,
}
LAYER = 256 * 256 * 2 + 256 * 128 * 2 + 3 * 256 * 512
"""The weights of a layer of it."""

ftypes = st.sampled_from(dlp.GGUF_FTYPES)


@law
@given(
    ftype=ftypes,
    layers=st.integers(1, 90),
    heads=st.sampled_from([1, 2, 4]),
    tied=st.booleans(),
    imatrix=st.booleans(),
    width=st.sampled_from([256, 512, 96, 100]),
)
def test_a_mixture_stores_every_weight_once(
    ftype: Any, layers: int, heads: int, tied: bool, imatrix: bool, width: int
) -> None:
    config = SMALL | {
        "num_hidden_layers": layers,
        "num_key_value_heads": heads,
        "tie_word_embeddings": tied,
        "hidden_size": width,
    }
    weights = dlp.gguf_weights(config=config, ftype=ftype, imatrix=imatrix)
    assert sum(weights.values()) == dlp.parameter_count(config=config)
    assert weights["F32"] >= width * (2 * layers + 1)
    if "F16" not in weights:
        bits = dlp.gguf_mean_bits_per_weight(num_weights=weights)  # whole blocks of each
        assert 1.5 < bits <= 32


@law
@given(
    inputs=st.integers(1, 40),
    outputs=st.integers(1, 40),
    group=st.sampled_from([32, 64, 128]),
    bits=st.sampled_from([2, 3, 4, 8]),
    scale=st.sampled_from([16, 32]),
)
def test_a_group_costs_a_scale_and_a_zero(
    inputs: int, outputs: int, group: int, bits: int, scale: int
) -> None:
    shape = {"in_features": group * inputs, "out_features": 32 * outputs}
    weights = group * inputs * 32 * outputs
    layer = dlp.gptq_bytes(**shape, bits=bits, group_size=group, scale_bits=scale)
    per_weight = dlp.blockwise_bits_per_parameter(
        bits=bits, block_size=group, scale_bits=scale + bits
    )
    assert layer == weights * per_weight / 8 + 4 * group * inputs
    if (bits, scale) == (4, 16):
        indices = 4 * group * inputs
        assert dlp.awq_bytes(**shape, group_size=group) == layer - indices
        if group == 128:
            for dtype in ("gptq", "awq"):
                named: Any = {"num_values": weights, "dtype": dtype}
                assert dlp.stored_bytes(**named) == layer - indices


@law
@given(blocks=st.integers(1, 10**12))
def test_a_block_of_mxfp4_costs_a_byte(blocks: int) -> None:
    held = dlp.mxfp4_bytes(num_weights=32 * blocks)
    assert held == dlp.stored_bytes(num_values=32 * blocks, dtype="mxfp4")
    assert held == 16 * blocks + blocks
    assert held == dlp.gguf_bytes(num_weights={"MXFP4": 32 * blocks})


def types_of(layers: int, ftype: Any, **more: Any) -> dict[str, int]:
    """Give the weights of a mixture beyond those without layers, in values or in what leads out."""
    config = SMALL | {"num_hidden_layers": layers} | more
    return dlp.gguf_weights(config=config, ftype=ftype)


def test_every_third_layer_between_the_eighths_has_more_bits() -> None:
    weights = types_of(16, "Q4_K_M")
    # 0 and 1, 14 and 15, and of those between 4, 7, 10 and 13.
    assert weights["Q6_K"] == 1000 * 256 + 8 * (256 * 128 + 256 * 512)
    assert weights["Q4_K"] == 1000 * 256 + 16 * LAYER - 8 * (256 * 128 + 256 * 512)


def test_grouped_queries_give_values_more_bits() -> None:
    assert "Q4_K" not in types_of(8, "Q2_K")
    grouped = types_of(8, "Q2_K", num_key_value_heads=1)
    assert grouped["Q4_K"] == 8 * 256 * 64


def test_a_llama_of_70b_gives_values_more_bits_in_every_layer() -> None:
    large = types_of(80, "Q4_K_M")
    values = [256 * 128, 256 * 512]
    more = 10 + 10 + 20  # the eighths, and every third between
    assert large["Q5_K"] == (80 - more) * values[0]
    assert "Q5_K" not in types_of(80, "Q4_K_M", model_type="mistral")
    assert "Q5_K" not in types_of(80, "Q4_K_M", num_key_value_heads=4)
    assert types_of(80, "Q3_K_S")["Q5_K"] == 80 * values[0]
    assert "Q5_K" not in types_of(80, "IQ2_XS") or types_of(80, "IQ2_XS")["Q5_K"] == 256_000


@pytest.mark.parametrize(
    ("width", "types"),
    [
        (96, {"Q5_0", "Q8_0", "Q4_K", "Q6_K", "F32"}),
        (100, {"F16", "Q4_K", "Q6_K", "F32"}),
    ],
)
def test_a_width_that_no_block_divides_takes_another_format(width: int, types: set[str]) -> None:
    found = types_of(16, "Q4_K_M", hidden_size=width)
    assert set(found) == types


@pytest.mark.parametrize(
    ("ftype", "with_matrix", "without"),
    [("IQ4_XS", "IQ4_XS", "Q5_K"), ("Q4_0", "Q4_1", "Q4_0"), ("Q5_0", "Q5_1", "Q5_0")],
)
def test_a_matrix_of_importance_changes_the_first_eighth(
    ftype: Any, with_matrix: str, without: str
) -> None:
    config = SMALL | {"num_hidden_layers": 16}
    one = dlp.gguf_weights(config=config, ftype=ftype, imatrix=True)
    other = dlp.gguf_weights(config=config, ftype=ftype)
    assert one[with_matrix] - other.get(with_matrix, 0) == 2 * 256 * 512
    assert other[without] - one.get(without, 0) == 2 * 256 * 512


def test_a_tied_embedding_is_stored_as_a_head() -> None:
    tied = types_of(8, "Q3_K_S", tie_word_embeddings=True)
    assert tied == {"Q6_K": 256_000, "Q3_K": 8 * LAYER, "F32": 17 * 256}
    assert types_of(8, "Q8_0", tie_word_embeddings=True)["Q8_0"] == 256_000 + 8 * LAYER


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (dlp.GPT2, "not of gpt2"),
        (dlp.MIXTRAL_8X7B, "not of mixtral"),
        (dlp.LLAMA_3_8B | {"architectures": ["LlamaModel"]}, "with its output head"),
    ],
)
def test_a_model_whose_mixtures_are_not_known_is_refused(config: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dlp.gguf_weights(config=config, ftype="Q4_K_M")


def test_llama_30b_in_gptq_with_scales_of_32_bits() -> None:
    """Four bits in groups of 128, against a file of 18.05 GB."""
    shapes = [*[(6656, 6656)] * 4, *[(6656, 17920)] * 2, (17920, 6656)]
    layer = sum(
        dlp.gptq_bytes(in_features=inputs, out_features=outputs, scale_bits=32)
        for inputs, outputs in shapes
    )
    others = 2 * (2 * 32000 * 6656 + 121 * 6656)
    assert round((60 * layer + others) / 10**9, 2) == 18.05


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("gptq_bytes", {"in_features": 33}, "in_features must be a multiple of 32, not 33"),
        ("gptq_bytes", {"bits": 5}, "bits must be one of 2, 3, 4, 8, not 5"),
        ("gptq_bytes", {"scale_bits": 8}, "scale_bits must be one of 16, 32, not 8"),
        ("awq_bytes", {"in_features": 100}, "in_features must be a multiple of 128, not 100"),
        ("awq_bytes", {"out_features": 12}, "out_features must be a multiple of 8, not 12"),
    ],
)
def test_a_layer_that_cannot_be_packed_is_refused(
    name: str, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        getattr(dlp, name)(**{"in_features": 256, "out_features": 256} | change)
