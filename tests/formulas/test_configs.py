"""Configs as people paste them: of unknown types, with all that a file says, and broken ones."""

from __future__ import annotations

from typing import Any

import pytest

import dlp

LIKE_LLAMA: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 99,
    "max_position_embeddings": 2048,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-6,
    "rope_theta": 10000.0,
}
QWEN = {
    "hidden_size": 4096,
    "intermediate_size": 22016,
    "kv_channels": 128,
    "no_bias": True,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "vocab_size": 151936,
}
CHATGLM = {
    "ffn_hidden_size": 13696,
    "hidden_size": 4096,
    "kv_channels": 128,
    "multi_query_group_num": 2,
    "num_attention_heads": 32,
    "num_layers": 28,
    "padded_vocab_size": 65024,
}
BAICHUAN = {
    "hidden_act": "silu",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "rms_norm_eps": 1e-6,
    "vocab_size": 125696,
}
OF_EXPERTS = {
    "decoder_sparse_step": 1,
    "moe_intermediate_size": 32,
    "num_experts": 8,
    "num_experts_per_tok": 2,
}
NO_TYPE_HAS = "no type that is counted has the keys of its config"


@pytest.mark.parametrize(
    ("config", "hint"),
    [
        (LIKE_LLAMA | {"model_type": "yi"}, "has the keys of 'llama'"),
        (LIKE_LLAMA | {"model_type": "glm_foo"}, "has the keys of 'glm'"),
        (LIKE_LLAMA | {"model_type": "qwen2_foo", "max_window_layers": 2}, "keys of 'qwen2'"),
        (LIKE_LLAMA | {"model_type": "internlm2", "bias": False}, "has the keys of 'internlm3'"),
        (LIKE_LLAMA | OF_EXPERTS | {"model_type": "foo"}, "has the keys of 'qwen3_moe'"),
        (BAICHUAN | {"model_type": "baichuan"}, "has the keys of 'llama'"),
        ({"model_type": "foo", "architectures": ["Qwen2ForCausalLM"]}, "has the keys of 'qwen2'"),
        (QWEN | {"model_type": "qwen"}, NO_TYPE_HAS),
        (CHATGLM | {"model_type": "chatglm"}, NO_TYPE_HAS),
        ({"model_type": "foo"}, NO_TYPE_HAS),
        ({"model_type": "foo", "architectures": [3, None], "vocab_size": None}, NO_TYPE_HAS),
        (
            {"model_type": "foo_vl", "text_config": LIKE_LLAMA | {"model_type": "qwen2"}},
            "its text_config, a 'qwen2', is counted by itself",
        ),
    ],
    ids=lambda value: value["model_type"] if isinstance(value, dict) else value[-10:],
)
def test_an_unknown_type_is_refused_with_the_nearest_that_is_known(
    config: dict[str, Any], hint: str
) -> None:
    with pytest.raises(ValueError, match=hint) as refused:
        dlp.parameter_count(config=config)
    assert repr(config["model_type"]) in str(refused.value)
    assert "CONTRIBUTING.md says how to add one" in str(refused.value)


@pytest.mark.parametrize("config", [{}, {"model_type": ""}, {"model_type": None}])
def test_a_type_that_is_left_out_is_asked_for(config: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=r'config\["model_type"\]'):
        dlp.parameter_count(config=LIKE_LLAMA | config)


def test_the_type_of_a_part_is_named_with_its_place() -> None:
    part = LIKE_LLAMA | {"model_type": "foo"}
    with pytest.raises(ValueError, match=r"config\[\"text_config\"\]\[\"model_type\"\].*'foo'"):
        dlp.parameter_count(config={"model_type": "gemma3", "text_config": part})
