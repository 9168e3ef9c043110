"""Caches whose keys and values differ, of windows, and of decoders that read an encoder."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from dlp.families import FAMILIES
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


@pytest.mark.parametrize(
    "config", [dlp.LLAMA_3_8B, dlp.BERT_BASE, {"model_type": "mllama_vision_model"}]
)
def test_a_model_without_encoder_and_decoder_is_refused(config: Any) -> None:
    with pytest.raises(ValueError, match="an encoder with a decoder, not of model_type"):
        dlp.encoder_decoder_cache_bytes(config=config, num_tokens=1, num_encoder_tokens=1)


def test_a_latent_is_kept_in_place_of_keys_and_values() -> None:
    config: dict[str, Any] = {"model_type": "deepseek_v3"}
    for implementation in ("static", "dynamic"):
        held = dlp.model_kv_cache_bytes(
            config=config, num_tokens=3, cache_implementation=implementation
        )
        assert held == 3 * 70_272
    with pytest.raises(ValueError, match="one vector stands for keys and values"):
        dlp.model_kv_cache_bytes(config=config, num_tokens=1, value_dtype="fp8")
    # What attention picks tokens by is kept beside it.
    picks = dlp.model_kv_cache_bytes(config={"model_type": "deepseek_v32"}, num_tokens=1)
    assert picks == 70_272 + 61 * 128 * 2


@pytest.mark.parametrize(
    ("config", "sliding", "window"),
    [
        ({"model_type": "mistral"}, 32, 4096),
        ({"model_type": "mixtral"}, 0, 0),
        ({"model_type": "gpt_oss"}, 18, 128),
        ({"model_type": "llama4_text"}, 36, 8192),
        ({"model_type": "llama4_text", "sliding_window": 8}, 36, 8192),
        ({"model_type": "llama4_text", "no_rope_layers": [1] * 48}, 48, 8192),
        ({"model_type": "llama4_text", "no_rope_layers": [0] * 48}, 0, 0),
        ({"model_type": "llama4_text", "no_rope_layer_interval": 2}, 24, 8192),
        ({"model_type": "smollm3", "sliding_window": 8}, 0, 0),
        ({"model_type": "smollm3", "sliding_window": 8, "use_sliding_window": True}, 9, 8),
        ({"model_type": "mimo_v2_flash", "sliding_window_size": 9}, 39, 10),
        ({"model_type": "modernbert-decoder"}, 14, 64),
        ({"model_type": "modernbert-decoder", "local_attention": 10}, 14, 5),
        ({"model_type": "afmoe", "global_attn_every_n_layers": 2}, 16, 1024),
        ({"model_type": "cohere2_moe", "first_k_dense_replace": 2}, 29, 4096),
        (
            {
                "model_type": "cohere2_moe",
                "first_k_dense_replace": 2,
                "prefix_dense_sliding_window_pattern": 2,
            },
            30,
            4096,
        ),
        ({"model_type": "gemma4_text", "layer_types": ["sliding_attention"] * 30}, 29, 512),
        ({"model_type": "qwen2_moe"}, 0, 0),
        ({"model_type": "qwen2_moe", "use_sliding_window": True, "max_window_layers": 5}, 3, 4096),
        ({"model_type": "qwen3_moe", "use_sliding_window": True}, 24, 4096),
        ({"model_type": "recurrent_gemma", "sliding_window": 7}, 8, 7),
        ({"model_type": "recurrent_gemma", "attention_window_size": None}, 0, 0),
        ({"model_type": "jamba", "sliding_window": 7}, 0, 0),
        ({"model_type": "gemma3", "text_config": {"num_hidden_layers": 12}}, 10, 4096),
        ({"model_type": "mistral3"}, 0, 0),
    ],
)
def test_a_class_has_a_window_of_its_own(config: dict[str, Any], sliding: int, window: int) -> None:
    assert dlp.sliding_window_layers(config=config) == sliding

    def held(tokens: int) -> int:
        return dlp.model_kv_cache_bytes(config=config, num_tokens=tokens)

    if window:
        less = held(window) - held(window - 1), held(window + 1) - held(window)
        assert less[0] > less[1]
        assert held(window + 2) - held(window + 1) == less[1]
    else:
        assert held(9000) == 9000 * held(1)


def test_layers_that_reuse_keys_keep_none() -> None:
    config: dict[str, Any] = {"model_type": "gemma3n_text", "num_hidden_layers": 20}
    kept = [
        dlp.model_kv_cache_bytes(config=config | {"num_kv_shared_layers": each}, num_tokens=9)
        for each in (0, 5, 10)
    ]
    assert kept[0] - kept[1] == kept[1] - kept[2] == kept[0] // 4
    with pytest.raises(ValueError, match=r"num_kv_shared_layers.* less than the 20 layers"):
        dlp.model_kv_cache_bytes(config=config | {"num_kv_shared_layers": 20}, num_tokens=9)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"model_type": "mamba"}, "no keys and values"),
        ({"model_type": "xlstm"}, "no keys and values"),
        ({"model_type": "bamba"}, "no keys and values"),
        ({"model_type": "openai-gpt"}, "Transformers keeps no cache of it"),
        ({"model_type": "mllama"}, "which are unknown"),
        ({"model_type": "bart"}, "encoder_decoder_cache_bytes counts both"),
        ({"model_type": "clip"}, "not of model_type clip_text_model"),
        ({"model_type": "electra"}, "must be that of a decoder"),
        ({"model_type": "gemma3_text", "use_bidirectional_attention": True}, "both ways"),
        ({"model_type": "llama4_text", "no_rope_layers": [1]}, "for each layer, not 1"),
        (
            {"model_type": "qwen2", "layer_types": ["sliding_attention"] * 32},
            "must have use_sliding_window and sliding_window when",
        ),
        (
            {"model_type": "gpt_oss", "sliding_window": None}
            | {"layer_types": ["sliding_attention"] * 36},
            "must have sliding_window when",
        ),
    ],
)
def test_a_cache_that_is_not_known_is_refused(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dlp.model_kv_cache_bytes(config=config, num_tokens=1)


@pytest.mark.parametrize("model_type", ["deepseek_v3", "jamba", "gemma3n_text", "llama4_text"])
def test_llama_cpp_keeps_others_than_plain_attention_otherwise(model_type: str) -> None:
    with pytest.raises(ValueError, match=r"what llama\.cpp keeps"):
        dlp.model_kv_cache_bytes(
            config={"model_type": model_type}, num_tokens=1, cache_implementation="llama.cpp"
        )


WITHOUT = {"openai-gpt", "rwkv", "xlstm", "mamba", "mamba2", "falcon_mamba"}
"""Decoders that keep no keys and values; and below, classes whose layers all mix otherwise."""

MIXING = {"bamba", "granitemoehybrid"}


def test_all_other_decoders_have_a_cache() -> None:
    refused = set()
    for model_type in dlp.MODEL_TYPES:
        config: dict[str, Any] = {"model_type": model_type}
        if model_type == "dots1":  # whose class has no number of experts
            config |= {"n_routed_experts": 8, "num_experts_per_tok": 2}
        try:
            assert dlp.model_kv_cache_bytes(config=config, num_tokens=1) > 0
        except ValueError:
            refused.add(model_type)
    decoders = {each for each in dlp.MODEL_TYPES if FAMILIES[each]()["causal"]}
    assert refused & decoders == WITHOUT | MIXING
