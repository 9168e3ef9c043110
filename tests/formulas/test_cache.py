"""Caches whose keys and values differ, of windows, and of decoders that read an encoder."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from tests.formulas.laws import COUNTS, configs, law

GEMMA_3_1B: dict[str, Any] = {
    "model_type": "gemma3_text",
    "hidden_size": 1152,
    "num_hidden_layers": 26,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 256,
    "intermediate_size": 6912,
    "vocab_size": 262144,
    "sliding_window": 512,
}

formats = st.sampled_from(dlp.CACHE_DTYPES)


@law
@given(keys=formats, values=formats, widths=st.tuples(COUNTS, COUNTS), config=configs)
def test_keys_and_values_may_differ(
    keys: Any, values: Any, widths: tuple[int, int], config: dict[str, Any]
) -> None:
    shape: dict[str, Any] = {"num_hidden_layers": 2, "num_key_value_heads": 16, "num_tokens": 32}
    both = dlp.kv_cache_bytes(
        **shape, head_dim=widths[0], v_head_dim=widths[1], dtype=keys, value_dtype=values
    )
    one, other = (
        dlp.kv_cache_bytes(**shape, head_dim=width, dtype=dtype)
        for width, dtype in zip(widths, (keys, values), strict=True)
    )
    assert 2 * both == one + other
    mixed = dlp.model_kv_cache_bytes(config=config, num_tokens=64, dtype=keys, value_dtype=values)
    apart = [
        dlp.model_kv_cache_bytes(config=config, num_tokens=64, dtype=dtype)
        for dtype in (keys, values)
    ]
    assert 2 * mixed == sum(apart)


@law
@given(tokens=COUNTS, read=COUNTS, batch=st.integers(1, 9), layers=st.integers(1, 40))
def test_a_decoder_that_reads_an_encoder_keeps_two_caches(
    tokens: int, read: int, batch: int, layers: int
) -> None:
    config = dlp.FLAN_T5_BASE | {"num_decoder_layers": layers}
    shape: dict[str, Any] = {
        "num_hidden_layers": layers,
        "num_key_value_heads": 12,
        "head_dim": 64,
        "batch_size": batch,
    }
    both = dlp.encoder_decoder_cache_bytes(
        config=config, num_tokens=tokens, num_encoder_tokens=read, batch_size=batch
    )
    assert both == sum(dlp.kv_cache_bytes(**shape, num_tokens=each) for each in (tokens, read))


@law
@given(tokens=COUNTS, window=COUNTS, ubatch=st.integers(1, 3000))
def test_a_window_of_llama_cpp_has_room_for_a_micro_batch(
    tokens: int, window: int, ubatch: int
) -> None:
    config = dlp.MISTRAL_7B | {"sliding_window": window}
    kept: dict[str, Any] = {"config": config, "num_tokens": tokens}
    held = dlp.model_kv_cache_bytes(**kept, cache_implementation="llama.cpp", n_ubatch=ubatch)
    cells = held // dlp.model_kv_cache_bytes(config=config, num_tokens=1)
    assert cells % 256 == 0
    assert min(tokens, window + ubatch) <= cells < min(tokens, window + ubatch) + 256
    static = dlp.model_kv_cache_bytes(**kept)
    dynamic = dlp.model_kv_cache_bytes(**kept, cache_implementation="dynamic")
    assert dynamic <= static <= held
    assert (dynamic < static) == (tokens >= window)


@pytest.mark.parametrize(
    ("implementation", "cells"), [("static", 512), ("dynamic", 511), ("llama.cpp", 1024)]
)
def test_the_windows_of_gemma_3(implementation: Any, cells: int) -> None:
    held = dlp.model_kv_cache_bytes(
        config=GEMMA_3_1B,
        num_tokens=32768,
        dtype="fp16",
        cache_implementation=implementation,
    )
    assert held == (4 * 32768 + 22 * cells) * 1024
    if implementation == "llama.cpp":
        assert held == 157_286_400


def test_a_context_of_llama_cpp_is_rounded_up_without_a_window_too() -> None:
    for tokens in (1, 256, 257):
        held = dlp.model_kv_cache_bytes(
            config=dlp.LLAMA_3_8B, num_tokens=tokens, cache_implementation="llama.cpp"
        )
        assert held == (512 if tokens > 256 else 256) * 131072


def test_a_window_of_one_token_keeps_nothing_in_a_dynamic_cache() -> None:
    config = dlp.MISTRAL_7B | {"sliding_window": 1}
    held = [
        dlp.model_kv_cache_bytes(config=config, num_tokens=9, cache_implementation=each)
        for each in ("static", "dynamic")
    ]
    assert held == [131072, 0]


@pytest.mark.parametrize("config", [dlp.LLAMA_3_8B, dlp.BERT_BASE])
def test_a_model_without_encoder_and_decoder_is_refused(config: Any) -> None:
    with pytest.raises(ValueError, match="an encoder with a decoder, not of model_type"):
        dlp.encoder_decoder_cache_bytes(config=config, num_tokens=1, num_encoder_tokens=1)
