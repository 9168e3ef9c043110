"""Settings of a config that few models use: each counts as the library counts it."""

from __future__ import annotations

import json
from typing import Any

import pytest

import dlp
from tests.paths import DOCS

VIT: dict[str, Any] = dlp.VIT_BASE
QWEN3_MOE: dict[str, Any] = {
    "model_type": "qwen3_moe",
    "hidden_size": 64,
    "num_hidden_layers": 5,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "intermediate_size": 96,
    "moe_intermediate_size": 32,
    "num_experts": 8,
    "num_experts_per_tok": 2,
    "vocab_size": 100,
}
OPT: dict[str, Any] = {
    "model_type": "opt",
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "ffn_dim": 256,
    "vocab_size": 100,
    "word_embed_proj_dim": 64,
    "max_position_embeddings": 50,
}


@pytest.mark.parametrize(
    ("image", "patch", "rows"),
    [
        ([32, 48], [16, 8], 13),
        ([48, 32], [8, 16], 13),
        ([35, 50], [16, 8], 13),  # what is left over at the border makes no patch
        (32, 16, 5),
        ([35, 54], [16, 8], 13),
        ([10, 64], [8, 16], 5),
        ([16, 8], [16, 8], 2),
        (16, [8, 16], 3),
    ],
)
def test_an_image_need_not_be_square(image: Any, patch: Any, rows: int) -> None:
    config = VIT | {"image_size": image, "patch_size": patch, "num_channels": 2}
    size = dlp.transformer_dimensions(config=config)
    assert size["position_rows"] == rows
    assert type(size["position_rows"]) is int
    height, width = patch if isinstance(patch, list) else (patch, patch)
    parts = dlp.parameters_by_part(config=config)
    hidden = size["hidden_size"]
    assert parts["position_embedding"] == rows * hidden
    plain = dlp.parameters_by_part(config=config | {"num_channels": 1})
    grown = sum(parts.values()) - sum(plain.values())
    assert grown == height * width * hidden


@pytest.mark.parametrize("image", [[15, 64], [64, 15], [8, 8]])
def test_a_patch_fits_the_image_both_ways(image: list[int]) -> None:
    with pytest.raises(ValueError, match="patch_size must be at most image_size"):
        dlp.parameter_count(config=VIT | {"image_size": image, "patch_size": 16})


@pytest.mark.parametrize(
    ("settings", "moe_layers"),
    [
        ({}, 5),
        ({"decoder_sparse_step": 2}, 2),  # the second and the fourth
        ({"decoder_sparse_step": 5}, 1),
        ({"mlp_only_layers": [0, 4]}, 3),
        ({"mlp_only_layers": [0, 0]}, 4),
        ({"mlp_only_layers": (1,), "decoder_sparse_step": 2}, 1),
        ({"mlp_only_layers": [0, 2], "decoder_sparse_step": 2}, 2),
        ({"mlp_only_layers": [3, 2], "decoder_sparse_step": 2}, 1),
        ({"mlp_only_layers": [2], "decoder_sparse_step": 3}, 0),
        ({"mlp_only_layers": [1], "decoder_sparse_step": 3}, 1),
        ({"mlp_only_layers": [], "decoder_sparse_step": 3}, 1),
        ({"mlp_only_layers": [-1, 1, 5]}, 4),  # of which the model has one
    ],
)
def test_the_layers_with_experts_are_counted_from_zero(
    settings: dict[str, Any], moe_layers: int
) -> None:
    config = QWEN3_MOE | settings
    assert dlp.transformer_dimensions(config=config)["num_moe_layers"] == moe_layers
    expert = dlp.mlp_parameters(hidden_size=64, intermediate_size=32)
    resting = dlp.parameter_count(config=config) - dlp.active_parameters(config=config)
    assert resting == 6 * moe_layers * expert


@pytest.mark.parametrize("layer", [True, "0", None])
def test_a_layer_without_experts_is_a_number(layer: object) -> None:
    with pytest.raises(TypeError, match=r"mlp_only_layers.* must be an int"):
        dlp.parameter_count(config=QWEN3_MOE | {"mlp_only_layers": [layer]})


def test_a_list_of_kinds_may_be_longer_where_transformers_reads_no_further() -> None:
    kinds = ["dense", "sparse", "sparse"]
    few: dict[str, Any] = {"model_type": "axk1", "num_hidden_layers": 2, "mlp_layer_types": kinds}
    assert dlp.transformer_dimensions(config=few)["num_moe_layers"] == 1
    for refused in (
        {"layer_types": ["full_attention"] * 2},
        {"model_type": "glm_moe_dsa"},
        {"num_hidden_layers": 4},
    ):
        with pytest.raises(ValueError, match=r"mlp_layer_types.* must name [24] layers"):
            dlp.parameter_count(config=few | refused)


@pytest.mark.parametrize(
    ("settings", "norms"),
    [
        ({}, 7),
        ({"do_layer_norm_before": False}, 6),
        ({"_remove_final_layer_norm": True}, 6),
        ({"layer_norm_elementwise_affine": False}, 0),
    ],
)
def test_the_norms_of_opt_depend_on_its_settings(settings: dict[str, Any], norms: int) -> None:
    parts = dlp.parameters_by_part(config=OPT | settings)
    assert parts["norm"] == norms * 2 * 64
    assert parts["position_embedding"] == 52 * 64


PUBLISHED = json.loads((DOCS / "_evidence" / "models.json").read_text("utf-8"))
SHAPES: dict[str, dict[str, Any]] = {shape["model_type"]: shape for shape in PUBLISHED.values()}
"""A published shape of each architecture."""


@pytest.mark.parametrize("model_type", ["bert", "roberta", "distilbert", "vit"])
def test_a_model_that_writes_no_text_has_no_output_head(model_type: str) -> None:
    config = SHAPES[model_type]
    assert dlp.active_parameters(config=config, embeddings="output") == dlp.active_parameters(
        config=config, embeddings="none"
    )


@pytest.mark.parametrize(
    ("settings", "sliding"),
    [
        ({"model_type": "qwen2", "num_hidden_layers": 30}, 2),
        ({"model_type": "qwen2", "max_window_layers": 0}, 28),
        ({"model_type": "qwen2", "max_window_layers": 27}, 1),
        ({"model_type": "qwen2", "use_sliding_window": False}, 0),
        ({"model_type": "qwen2", "max_window_layers": 0, "use_sliding_window": None}, 0),
        ({"model_type": "gemma3_text", "head_dim": 128}, 24),
        ({"model_type": "gemma3_text", "head_dim": 128, "num_hidden_layers": 30}, 25),
        ({"model_type": "gemma3_text", "head_dim": 128, "sliding_window_pattern": 2}, 14),
        ({"model_type": "gemma3_text", "head_dim": 128, "sliding_window_pattern": 28}, 27),
        ({"model_type": "gemma2", "head_dim": 128}, 14),
        ({"model_type": "gemma2", "head_dim": 128, "num_hidden_layers": 27}, 14),
        ({"model_type": "mistral"}, 28),
        ({"model_type": "olmo3", "num_hidden_layers": 31}, 24),
        ({"model_type": "cohere2", "sliding_window_pattern": 2}, 14),
        ({"model_type": "granite_swa", "num_hidden_layers": 29}, 21),
        ({"model_type": "modernbert-decoder", "num_hidden_layers": 29}, 19),
        ({"model_type": "kolibri1"}, 23),
        ({"model_type": "mellum"}, 0),
        ({"model_type": "mellum", "layer_types": ["sliding_attention"] * 28}, 28),
    ],
)
def test_each_family_has_its_own_layers_with_a_window(
    settings: dict[str, Any], sliding: int
) -> None:
    window = {"sliding_window": 512, "use_sliding_window": True}
    config = dlp.QWEN2_5_7B | window | settings
    assert dlp.sliding_window_layers(config=config) == sliding


def test_a_window_begins_at_a_layer_from_the_first_on() -> None:
    window = {"sliding_window": 512, "use_sliding_window": True, "max_window_layers": -1}
    with pytest.raises(ValueError, match=r"max_window_layers.* must be from 0"):
        dlp.sliding_window_layers(config=dlp.QWEN2_5_7B | window)


@pytest.mark.parametrize("activation", ["aaa-gelu", "zzz-gelu", "-gelu", "gated-", ""])
def test_an_activation_of_t5_is_gated_or_plain(activation: str) -> None:
    with pytest.raises(ValueError, match="feed_forward_proj"):
        dlp.parameter_count(config=dlp.FLAN_T5_BASE | {"feed_forward_proj": activation})


@pytest.mark.parametrize("sides", [[], [16], [16, 16, 16]])
def test_an_image_has_two_sides(sides: list[int]) -> None:
    with pytest.raises(ValueError, match="must be one number or two"):
        dlp.parameter_count(config=VIT | {"image_size": sides})


@pytest.mark.parametrize("width", [32, 128])
def test_an_embedding_of_another_width_is_projected(width: int) -> None:
    layers = dlp.linear_layers(config=OPT | {"word_embed_proj_dim": width})
    assert layers[-2:] == [
        ("project_in", width, 64, False, 1),
        ("project_out", 64, width, False, 1),
    ]
    parts = dlp.parameters_by_part(config=OPT | {"word_embed_proj_dim": width})
    assert parts["projection"] == 2 * width * 64


def test_widths_are_divided_exactly() -> None:
    width = 2**53 + 1  # the first that a float cannot hold
    config = dlp.LLAMA_2_7B | {"hidden_size": width, "num_attention_heads": 1}
    size = dlp.transformer_dimensions(config=config | {"num_key_value_heads": 1})
    assert size["head_dim"] == width


def test_falcon_shares_one_key_head_unless_it_says_otherwise() -> None:
    config: dict[str, Any] = {
        "model_type": "falcon",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 100,
    }
    assert dlp.transformer_dimensions(config=config)["num_key_value_heads"] == 1
    apart = dlp.transformer_dimensions(config=config | {"multi_query": False})
    assert apart["num_key_value_heads"] == 4


def test_phi_has_one_norm_in_each_layer_and_one_at_the_end() -> None:
    config = dlp.LLAMA_2_7B | {"model_type": "phi", "num_hidden_layers": 3, "hidden_size": 64}
    assert dlp.ln_tuning_parameters(config=config) == (3 + 1) * 2 * 64


def test_falcon_has_one_norm_or_two_beside_each_other() -> None:
    config: dict[str, Any] = {
        "model_type": "falcon",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_kv_heads": 2,
        "vocab_size": 100,
        "new_decoder_architecture": True,
    }
    for number in (1, 2):
        norms = dlp.ln_tuning_parameters(config=config | {"num_ln_in_parallel_attn": number})
        assert norms == (2 * number + 1) * 2 * 64
    for number in (0, 3):
        with pytest.raises(ValueError, match=r"num_ln_in_parallel_attn.* must be from 1 to 2"):
            dlp.ln_tuning_parameters(config=config | {"num_ln_in_parallel_attn": number})


@pytest.mark.parametrize(
    ("model_type", "tied"),
    [
        *((name, True) for name in ("gpt2", "opt", "bloom", "gpt_bigcode", "falcon", "t5")),
        *((name, True) for name in ("gemma", "gemma2", "gemma3_text")),
        *((name, False) for name in ("llama", "mistral", "mixtral", "qwen2", "qwen3")),
        *((name, False) for name in ("qwen3_moe", "phi", "phi3", "gpt_neox")),
    ],
)
def test_a_head_is_tied_where_the_library_ties_it(model_type: str, tied: bool) -> None:
    """As in the configuration classes of Transformers 5.23.0."""
    shape = SHAPES.get(model_type, dlp.LLAMA_2_7B | {"model_type": model_type})
    config = shape | {"tie_word_embeddings": None}
    assert bool(dlp.parameters_by_part(config=config)["output_head"]) is not tied


def test_bigcode_shares_one_key_head_unless_it_says_otherwise() -> None:
    config = {key: value for key, value in SHAPES["gpt_bigcode"].items() if key != "multi_query"}
    assert dlp.transformer_dimensions(config=config)["num_key_value_heads"] == 1
    apart = dlp.transformer_dimensions(config=config | {"multi_query": False})
    assert apart["num_key_value_heads"] == apart["num_attention_heads"]


@pytest.mark.parametrize("number", [27, 29])
def test_each_layer_has_one_type(number: int) -> None:
    window = {"sliding_window": 512, "layer_types": ["full_attention"] * number}
    with pytest.raises(ValueError, match=r"layer_types.* must name 28 layers"):
        dlp.sliding_window_layers(config=dlp.QWEN2_5_7B | window)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"hybrid_override_pattern": "M*x"}, "a letter of .*hybrid_override_pattern.* not 'x'"),
        ({"hybrid_override_pattern": ""}, "must have a letter for each layer"),
        ({"layer_types": ["mamba", "conv"]}, "a name in .*layer_types.* not 'conv'"),
    ],
)
def test_a_layer_of_no_known_kind_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dlp.parameter_count(config={"model_type": "nemotron_h"} | settings)
