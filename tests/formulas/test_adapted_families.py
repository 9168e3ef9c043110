"""What families have of their own is adapted as PEFT does, or refused in a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from dlp import _config
from tests.formulas.test_pasted_adapters import CONFIG

ranks = st.integers(1, 512)

ZAMBA: dict[str, Any] = {
    "model_type": "zamba",
    "num_hidden_layers": 14,  # of which 2, 7 and 13 join one transformer
}


def test_what_layers_share_is_trained_once_and_adapted_in_each() -> None:
    alone = [f"{layer}.shared_transf.self_attn.q_proj" for layer in (2, 7, 13)]
    each = [dlp.lora_model_parameters(config=ZAMBA, r=1, target_modules=[path]) for path in alone]
    whole = dlp.lora_model_parameters(config=ZAMBA, r=1, target_modules=["q_proj"])
    assert each == [whole // 3] * 3
    top = [dlp.top_layers_parameters(config=ZAMBA, num_layers=number) for number in range(1, 15)]
    # Layer 13 brings what is shared, 7 and 2 join it; all others are alike.
    assert top[6] - top[5] == top[11] - top[10] < top[0]
    assert top[13] == top[0] + 2 * (top[6] - top[5]) + 11 * (top[1] - top[0])


@pytest.mark.parametrize(
    ("kind", "setup", "message"),
    [
        ("mixtral", {"target_modules": ["w1"]}, "must name w1 and w3 together or neither"),
        ("mellum", {"target_modules": ["up_proj"]}, "must name gate_proj and up_proj together"),
        ("granitemoe", {"target_modules": ["router"]}, "router, which is no linear layer"),
        ("mamba", {"target_modules": ["conv1d"]}, "conv1d, which is not counted"),
        ("mamba", {"target_modules": ["out_proj"]}, "out_proj, which PEFT refuses to adapt"),
        ("siglip", {"target_modules": ["attention"]}, "head.attention, which is not counted"),
        (
            "llama",
            {"target_modules": ["lm_head"], "modules_to_save": ["layers"]},
            "model.layers, which is a list of modules",
        ),
        (
            "wav2vec2",
            {"modules_to_save": ["parametrizations"]},
            "conv.parametrizations, which is a list of modules",
        ),
        (
            "bert",
            {"target_modules": ["query"], "modules_to_save": ["LayerNorm", "encoder.layer.3"]},
            "must not match encoder.layer.3 and what is in it at several depths",
        ),
        ("clip", {"trainable_token_indices": [3]}, "PEFT finds no embedding of clip"),
        ("gpt_oss", {"target_parameters": ["down_proj_bias"]}, "down_proj_bias, which is a bias"),
        ("mamba", {"target_parameters": ["A_log"]}, "A_log: what it adapts is not known"),
        ("jamba", {"target_parameters": ["conv1d.weight"]}, "what it adapts is not known"),
    ],
)
def test_what_a_family_cannot_have_adapted_is_refused(
    kind: str, setup: dict[str, Any], message: str
) -> None:
    given: dict[str, Any] = {
        "config": {"model_type": kind},
        "target_modules": ["q_proj", "in_proj"],
    }
    with pytest.raises(ValueError, match=message):
        dlp.lora_model_parameters(**given | setup)


def test_a_parameter_that_is_no_module_is_not_saved_by_its_name() -> None:
    setup: dict[str, Any] = {"config": {"model_type": "rwkv"}, "target_modules": ["receptance"]}
    keys = dlp.adapted_modules(**setup, modules_to_save=["key"])["saved"]
    assert keys == ["rwkv.blocks.*.attention.key", "rwkv.blocks.*.feed_forward.key"]


@pytest.mark.parametrize(
    "kind",
    [
        "mixtral",
        "qwen2_moe",
        "qwen3_next",
        "mellum",
        "gpt_oss",
        "granitemoe",
        "phimoe",
        "hunyuan_v1_moe",
        "jetmoe",
        "dbrx",
        "deepseek_v3",
        "jamba",
        "recurrent_gemma",
        "rwkv",
        "whisper",
        "deberta",
        "gemma3",
        "qwen3_vl",
        "clip",
    ],
)
def test_all_linear_adapts_what_is_listed(kind: str) -> None:
    config = {"model_type": kind}
    listed = dlp.adaptable_modules(config=config)
    left = len(_config.modules(_config.read(config), _config.VOCABULARY))
    rows = listed[: len(listed) - left]
    every = dlp.lora_model_parameters(config=config, r=1, target_modules=dlp.ALL_LINEAR)
    assert every == sum(copies * (inputs + outputs) for _, inputs, outputs, _, copies in rows)


@pytest.mark.parametrize(
    ("config", "trainable", "everything"),
    [
        ({"model_type": "lfm2_vl"}, 3_504_128, 2_816_361_216),
        ({"model_type": "gemma4_vision"}, 568_320, 167_932_928),
        ({"model_type": "siglip2_vision_model"}, 353_280, 93_283_584),
        ({"model_type": "glm4v_moe"}, 225_813_936, 104_598_680_816),
    ],
)
def test_all_linear_finds_patches_that_a_matrix_reads_and_experts(
    config: dict[str, object], trainable: int, everything: int
) -> None:
    # PEFT 0.21.2 on the class of Transformers 5.23.0
    found = dlp.lora_totals(config=config, r=2, target_modules="all-linear")
    assert (found["trainable_params"], found["all_param"]) == (trainable, everything)


def test_features_are_taken_from_the_bare_model() -> None:
    config = {
        "model_type": "llama",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 96,
        "vocab_size": 128,
    }
    setup: dict[str, Any] = {"config": config, "r": 2, "target_modules": ["q_proj"]}
    setup["task_type"] = "FEATURE_EXTRACTION"
    found = dlp.lora_totals(**setup)
    assert (found["trainable_params"], found["all_param"]) == (512, 70_464)
    pattern = {r".*\.layers\.0\..*q_proj": 5}
    assert dlp.lora_totals(**setup, rank_pattern=pattern)["trainable_params"] == 512
    with pytest.raises(ValueError, match="target_modules"):
        dlp.lora_totals(**setup, layers_to_transform=[0])


_HALF: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
}
_CLIP: dict[str, Any] = {
    "model_type": "clip",
    "text_config": {**_HALF, "vocab_size": 50},
    "vision_config": {**_HALF, "image_size": 32, "patch_size": 8},
}


@pytest.mark.parametrize(
    ("config", "tokens", "trainable", "everything"),
    [
        (CONFIG, [], 1024, 75_840),
        (CONFIG, {"embed_tokens": []}, 1024, 75_840),
        (CONFIG, {"embed_tokens": [1], "lm_head": []}, 1088, 75_904),
        (CONFIG | {"tie_word_embeddings": True}, [], 1024, 69_440),
        (CONFIG | {"tie_word_embeddings": True}, {"lm_head": []}, 1024, 69_440),
        (_CLIP, {"token_embedding": []}, 1024, 78_945),
        (_CLIP, {"token_embedding": [1, 2]}, 1088, 79_009),
    ],
)
def test_tokens_may_be_none_and_of_a_module_that_is_named(
    config: dict[str, Any], tokens: Any, trainable: int, everything: int
) -> None:
    # PEFT 0.21.2 on the class of Transformers 5.23.0
    found = dlp.lora_totals(
        config=config, r=4, target_modules=["q_proj"], trainable_token_indices=tokens
    )
    assert (found["trainable_params"], found["all_param"]) == (trainable, everything)


@pytest.mark.parametrize("named", ["Qwen2ForSequenceClassification", "Qwen2Model"])
def test_a_task_is_that_of_its_class_whatever_was_saved(named: str) -> None:
    config = CONFIG | {"architectures": [named]}
    found = dlp.lora_totals(config=config, r=4, target_modules=["q_proj"], task_type="CAUSAL_LM")
    # PEFT 0.21.2 on Qwen2ForCausalLM of Transformers 5.23.0; it refuses the others
    assert (found["trainable_params"], found["all_param"]) == (1024, 75_840)


def test_a_class_that_has_two_names_is_that_of_its_task() -> None:
    sizes = {**CONFIG, "model_type": "internlm3"}
    setup: dict[str, Any] = {"r": 4, "target_modules": ["q_proj"], "task_type": "CAUSAL_LM"}
    saved = dlp.lora_totals(config=sizes | {"architectures": ["LlamaModel"]}, **setup)
    assert saved == dlp.lora_totals(config=sizes, **setup)


# --- What is tied, and what was a module once -----------------------------------------------

TIED: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 99,
    "tie_word_embeddings": True,
}


@given(ranks, ranks)
def test_a_head_that_stays_tied_is_adapted_as_its_embedding(r: int, other: int) -> None:
    setup: dict[str, Any] = {"config": TIED, "r": r, "target_modules": ["q_proj", "embed_tokens"]}
    setup["rank_pattern"] = {"embed_tokens": other}
    apart = dlp.lora_model_parameters(**setup)
    both = dlp.lora_model_parameters(**setup, ensure_weight_tying=True)
    assert both - apart == dlp.lora_parameters(r=other, in_features=64, out_features=99)


@pytest.mark.parametrize("saved", [[], ["down_proj"]])
def test_nothing_is_tied_that_is_neither_adapted_nor_saved(saved: list[str]) -> None:
    setup: dict[str, Any] = {"config": TIED, "target_modules": ["q_proj"], "modules_to_save": saved}
    assert dlp.lora_totals(**setup, ensure_weight_tying=True) == dlp.lora_totals(**setup)


def test_tokens_of_tied_modules_are_trained_once_if_they_are_the_same() -> None:
    def trained(*heads: list[int]) -> int:
        names = ("embed_tokens", "lm_head")
        return dlp.lora_model_parameters(
            config=TIED,
            target_modules=["q_proj"],
            trainable_token_indices=dict(zip(names, heads, strict=False)),
            ensure_weight_tying=True,
        )

    assert trained([1, 5], [1, 5]) == trained([1, 5])
    with pytest.raises(ValueError, match="must be the same for tied modules"):
        trained([1, 5], [1, 6])


EXPERTS: dict[str, Any] = {
    "model_type": "qwen3_moe",
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "moe_intermediate_size": 24,
    "num_experts": 5,
    "num_experts_per_tok": 2,
    "vocab_size": 99,
    "attention_bias": True,
}


@given(ranks)
def test_a_pattern_finds_experts_by_the_names_that_they_had(r: int) -> None:
    setup: dict[str, Any] = {"config": EXPERTS, "r": r}
    setup["bias"] = "lora_only"
    pattern = r".*\.(q_proj|experts\.(gate|up)_proj)"
    by_pattern = dlp.lora_model_parameters(**setup, target_modules=pattern)
    names = ["q_proj", "gate_proj", "up_proj"]
    assert by_pattern == dlp.lora_model_parameters(**setup, target_modules=names)
    without = dlp.lora_model_parameters(**setup | {"bias": "none"}, target_modules=names)
    assert by_pattern - without == 2 * 4 * 16  # the biases of q_proj


def test_names_that_experts_had_are_found() -> None:
    found = dlp.adapted_modules(
        config={"model_type": "mixtral"}, target_modules=["q_proj", "w1", "w3", "w4"]
    )
    assert found["not_found"] == ["w4"]


def test_several_lists_of_layers_may_be_named() -> None:
    setup: dict[str, Any] = {"config": TIED, "target_modules": ["q_proj"]}
    setup["layers_to_transform"] = [1]
    one = dlp.lora_model_parameters(**setup, layers_pattern="layers")
    assert one == dlp.lora_model_parameters(**setup, layers_pattern=["blocks", "layers"])
    assert one == dlp.lora_model_parameters(**setup, layers_pattern=[])


QWEN = {"model_type": "qwen2", "tie_word_embeddings": True}


def test_a_default_that_is_a_pattern_finds_the_text_alone() -> None:
    config = {"model_type": "gemma4"}
    named: dict[str, Any] = {
        "target_modules": ["q_proj", "v_proj"],
        "exclude_modules": ".*(vision|audio).*",
    }
    taken = dlp.lora_model_parameters(config=config, r=8)
    assert taken == dlp.lora_model_parameters(config=config, r=8, **named)


def test_what_is_to_be_saved_and_does_not_occur_is_named() -> None:
    saved = ["nonsense", "norm"]
    found = dlp.adapted_modules(config=QWEN, target_modules=["q_proj"], modules_to_save=saved)
    assert found["not_found"] == ["nonsense"]


def test_tied_weights_are_none_of_what_is_adapted_elsewhere() -> None:
    setup: dict[str, Any] = {"config": QWEN, "r": 4, "target_modules": ["down_proj"]}
    assert dlp.lora_totals(**setup, ensure_weight_tying=True) == dlp.lora_totals(**setup)
