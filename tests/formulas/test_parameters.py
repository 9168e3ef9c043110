"""Parameters of models, heads and adapters: parts make wholes, and growth is as it should be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from tests.formulas.calls import MODELS

sizes = st.integers(1, 20_000)
ranks = st.integers(1, 512)


@st.composite
def configs(draw: st.DrawFn) -> dict[str, object]:
    """Draw the config of a model of any known type."""
    model_type = draw(st.sampled_from(dlp.MODEL_TYPES))
    groups, key_heads, head_dim = (draw(st.integers(1, 8)) for _ in range(3))
    heads = groups * key_heads
    layers, inner, vocabulary, positions = (draw(st.integers(1, 300)) for _ in range(4))
    tied = {"tie_word_embeddings": draw(st.booleans()), "vocab_size": vocabulary}
    if model_type == "gpt2":
        return {
            "model_type": model_type,
            "n_embd": heads * head_dim,
            "n_layer": layers,
            "n_head": heads,
            "n_inner": draw(st.sampled_from([None, inner])),
            "n_positions": positions,
            **tied,
        }
    return {
        "model_type": model_type,
        "hidden_size": draw(st.sampled_from([heads * head_dim, 8 * heads])),
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": key_heads,
        "head_dim": head_dim,
        "intermediate_size": inner,
        "max_position_embeddings": positions,
        "attention_bias": draw(st.booleans()),
        "mlp_bias": draw(st.booleans()),
        **tied,
    }


@given(configs())
def test_parts_sum_to_the_whole(config: dict[str, object]) -> None:
    assert sum(dlp.parameters_by_part(config=config).values()) == dlp.parameter_count(config=config)


@given(configs())
def test_linear_layers_are_the_attention_the_mlp_and_their_biases(
    config: dict[str, object],
) -> None:
    size = dlp.transformer_dimensions(config=config)
    layers = dlp.linear_layers(config=config)
    attention = 2 if config["model_type"] == "gpt2" else 4
    weights = [n_in * n_out for _, n_in, n_out, _ in layers]
    assert sum(weights[:attention]) == dlp.attention_parameters(
        hidden_size=size["hidden_size"],
        num_attention_heads=size["num_attention_heads"],
        num_key_value_heads=size["num_key_value_heads"],
        head_dim=size["head_dim"],
    )
    assert sum(weights[attention:]) == dlp.mlp_parameters(
        hidden_size=size["hidden_size"],
        intermediate_size=size["intermediate_size"],
        gated=bool(size["gated"]),
    )
    biases = sum(n_out for _, _, n_out, has_bias in layers if has_bias)
    parts = dlp.parameters_by_part(config=config)
    assert parts["bias"] == size["num_hidden_layers"] * biases


@given(configs())
def test_tying_the_head_saves_one_embedding(config: dict[str, object]) -> None:
    untied = dlp.parameter_count(config=config | {"tie_word_embeddings": False})
    tied = dlp.parameter_count(config=config | {"tie_word_embeddings": True})
    assert untied - tied == dlp.parameters_by_part(config=config)["token_embedding"]


@given(configs(), st.integers(1, 9000))
def test_context_length_changes_learned_positions_only(
    config: dict[str, object], positions: int
) -> None:
    key = "n_positions" if config["model_type"] == "gpt2" else "max_position_embeddings"
    before = dlp.parameters_by_part(config=config)
    after = dlp.parameters_by_part(config=config | {key: positions})
    before.pop("position_embedding")
    table = after.pop("position_embedding")
    assert before == after
    if config["model_type"] == "gpt2":
        width = dlp.transformer_dimensions(config=config)["hidden_size"]
        assert table == dlp.position_table_parameters(
            max_position_embeddings=positions, hidden_size=width
        )
    else:
        assert table == 0


@given(st.integers(1, 200), sizes)
def test_depth_is_the_inverse_of_the_rough_count(layers: int, width: int) -> None:
    rough = dlp.rough_parameters(num_hidden_layers=layers, hidden_size=width)
    depth = dlp.implied_depth(num_parameters=rough, hidden_size=width)
    assert depth == pytest.approx(layers, rel=1e-12)


@given(st.integers(1, 40), st.integers(1, 2000))
def test_the_rough_count_is_exact_for_a_plain_layer(heads: int, head_dim: int) -> None:
    width = heads * head_dim
    layer = dlp.attention_parameters(
        hidden_size=width, num_attention_heads=heads, num_key_value_heads=heads, head_dim=head_dim
    ) + dlp.mlp_parameters(hidden_size=width, intermediate_size=4 * width, gated=False)
    assert layer == dlp.rough_parameters(num_hidden_layers=1, hidden_size=width)


# --- Heads ----------------------------------------------------------------------------------


@given(sizes, st.integers(1, 500))
def test_a_bias_adds_one_number_for_each_label(width: int, labels: int) -> None:
    shape: dict[str, Any] = {"hidden_size": width, "num_labels": labels}
    with_bias = dlp.classification_head_parameters(**shape)
    assert with_bias - dlp.classification_head_parameters(**shape, bias=False) == labels


@given(sizes, st.integers(1, 500))
def test_the_head_of_roberta_is_the_head_of_bert_with_its_pooler(width: int, labels: int) -> None:
    shape: dict[str, Any] = {
        "task": "sequence-classification",
        "hidden_size": width,
        "num_labels": labels,
    }
    pooler = dlp.linear_parameters(in_features=width, out_features=width)
    bert = dlp.transformers_head_parameters(model_type="bert", **shape)
    assert dlp.transformers_head_parameters(model_type="roberta", **shape) == bert + pooler


# --- Adapters -------------------------------------------------------------------------------


@given(ranks, ranks, sizes, sizes)
def test_lora_is_linear_in_the_rank(r: int, other: int, n_in: int, n_out: int) -> None:
    def trained(rank: int) -> int:
        return dlp.lora_parameters(r=rank, in_features=n_in, out_features=n_out)

    assert trained(r) + trained(other) == trained(r + other)
    dora = dlp.lora_parameters(r=r, in_features=n_in, out_features=n_out, use_dora=True)
    assert dora - trained(r) == n_out


@given(sizes, sizes, ranks)
def test_lora_saves_below_the_break_even_rank_and_not_above(n_in: int, n_out: int, r: int) -> None:
    matrix: dict[str, Any] = {"in_features": n_in, "out_features": n_out}
    even = dlp.lora_break_even_rank(**matrix)
    trained = dlp.lora_parameters(r=r, **matrix)
    assert (trained < n_in * n_out) == (r < even)


@pytest.mark.parametrize("config", MODELS, ids=lambda config: str(config["model_type"]))
@pytest.mark.parametrize("bias", dlp.LORA_BIASES)
@pytest.mark.parametrize("use_dora", [False, True])
def test_adapting_every_module_is_adapting_each(
    config: dict[str, object], bias: str, use_dora: bool
) -> None:
    setup: dict[str, Any] = {"config": config, "r": 8, "bias": bias, "use_dora": use_dora}
    modules = list(dict.fromkeys(name for name, _, _, _ in dlp.linear_layers(config=config)))
    together = dlp.lora_model_parameters(**setup, target_modules=modules)
    assert together == dlp.lora_model_parameters(**setup, target_modules=dlp.ALL_LINEAR)
    each = [dlp.lora_model_parameters(**setup, target_modules=[name]) for name in modules]
    trained_biases = 0
    if bias == "all":  # counted with every module
        nothing = setup | {"bias": "none"}
        trained_biases = together - dlp.lora_model_parameters(**nothing, target_modules=modules)
    assert together == sum(each) - (len(modules) - 1) * trained_biases


def test_training_every_bias_means_those_of_norms_too() -> None:
    def trained(bias: str) -> int:
        return dlp.lora_model_parameters(config=dlp.GPT2, r=8, target_modules=["c_attn"], bias=bias)

    layers, width = 12, 768
    of_norms = (2 * layers + 1) * width
    of_linear_layers = layers * (3 * width + width + 4 * width + width)
    assert trained("all") - trained("none") == of_norms + of_linear_layers
    assert trained("lora_only") - trained("none") == layers * 3 * width
