"""Configs as people paste them: of unknown types, with all that a file says, and broken ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from dlp import _declared
from tests.formulas.laws import law, some_call

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

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
OF_MAMBA = {"hidden_size": 64, "num_hidden_layers": 2, "time_step_rank": 4}
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
        (OF_MAMBA | {"model_type": "foo"}, "has the keys of 'mamba'"),
        (LIKE_LLAMA | {"model_type": "mimo", "head_dim": 16}, "has the keys of 'llama'"),
        (QWEN | {"model_type": "qwen"}, NO_TYPE_HAS),
        (CHATGLM | {"model_type": "chatglm"}, NO_TYPE_HAS),
        (LIKE_LLAMA | {"model_type": "Llama"}, "it is written 'llama'"),
        (LIKE_LLAMA | {"model_type": "gemma-3"}, "it is written 'gemma3'"),
        ({"model_type": "XLM RoBERTa"}, "it is written 'xlm-roberta'"),
        (LIKE_LLAMA | {"model_type": "qwen3-4b"}, "has the keys of 'qwen3'"),
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
    config: dict[str, Any], hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_declared, "_KEYS", {})  # a mutant lists them in its own way
    with pytest.raises(ValueError, match=hint) as refused:
        dlp.parameter_count(config=config)
    assert repr(config["model_type"]) in str(refused.value)
    assert "CONTRIBUTING.md says how to add one" in str(refused.value)


@pytest.mark.parametrize("config", [{}, {"model_type": ""}, {"model_type": None}])
def test_a_type_that_is_left_out_is_asked_for(config: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=r'config\["model_type"\]'):
        dlp.parameter_count(config=LIKE_LLAMA | config)


def test_a_config_from_before_types_had_names_is_refused_with_the_nearest() -> None:
    config = {"n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024, "vocab_size": 21128}
    with pytest.raises(ValueError, match="and is left out: its config has the keys of 'gpt2'"):
        dlp.parameter_count(config=config)


def test_the_type_of_a_part_is_named_with_its_place() -> None:
    part = LIKE_LLAMA | {"model_type": "foo"}
    with pytest.raises(ValueError, match=r"config\[\"text_config\"\]\[\"model_type\"\].*'foo'"):
        dlp.parameter_count(config={"model_type": "gemma3", "text_config": part})


STEP = {"per_device_train_batch_size": 1, "max_length": 64}
LLAMA = LIKE_LLAMA | {"model_type": "llama"}


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ({"dtype": "bfloat16"}, "bf16"),
        ({"torch_dtype": "torch.float16", "dtype": None}, "fp16"),
        ({"dtype": "float32", "torch_dtype": "bfloat16"}, "fp32"),
        ({"text_config": {"dtype": "half"}}, "fp16"),
        ({"torch_dtype": "auto"}, None),
        ({}, None),
    ],
)
def test_a_config_says_what_its_weights_are_stored_in(said: dict[str, Any], plain: Any) -> None:
    tensors = dlp.model_tensors(config=LLAMA | said)
    assert tensors == dlp.model_tensors(config=LLAMA, dtype=plain or "bf16")
    assert dlp.model_tensors(config=LLAMA | said, dtype="fp32") == dlp.model_tensors(
        config=LLAMA, dtype="fp32"
    )
    step = dlp.peak_memory(config=LLAMA | said, training=STEP)
    told = STEP | {"dtype": plain or "fp32"}
    assert step == dlp.peak_memory(config=LLAMA, training=told)
    wide = STEP | {"dtype": "float32"}
    assert dlp.peak_memory(config=LLAMA | said, training=wide) == dlp.peak_memory(
        config=LLAMA, training=wide
    )


@pytest.mark.parametrize(
    ("said", "error", "message"),
    [
        ({"dtype": "float8_e4m3fn"}, ValueError, r'config\["dtype"\] must be one of'),
        ({"torch_dtype": 16}, TypeError, r'config\["torch_dtype"\] must be a str'),
        ({"text_config": 3}, TypeError, r'config\["text_config"\] must be a dict'),
        ({"text_config": {"dtype": "?"}}, ValueError, r'config\["text_config"\]\["dtype"\]'),
    ],
)
def test_a_format_that_is_not_known_is_refused_by_its_key(
    said: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        dlp.model_tensors(config=LLAMA | said)
    with pytest.raises(error, match=message):
        dlp.peak_memory(config=LLAMA | said, training=STEP)


NF4 = {
    "_load_in_4bit": True,
    "_load_in_8bit": False,
    "bnb_4bit_compute_dtype": "bfloat16",
    "bnb_4bit_quant_storage": "uint8",
    "bnb_4bit_quant_type": "nf4",
    "bnb_4bit_use_double_quant": True,
    "llm_int8_enable_fp32_cpu_offload": False,
    "llm_int8_has_fp16_weight": False,
    "llm_int8_skip_modules": ["lm_head", "multi_modal_projector", "merger"],
    "llm_int8_threshold": 6.0,
    "load_in_4bit": True,
    "load_in_8bit": False,
    "quant_method": "bitsandbytes",
}
"""As it stands in the config of a model that was saved in NF4, of any family."""


def test_a_config_says_how_its_weights_are_quantized() -> None:
    lora = {"r": 4, "target_modules": ["q_proj"]}
    told = {
        name: NF4[name]
        for name in (
            "load_in_4bit",
            "bnb_4bit_quant_type",
            "bnb_4bit_use_double_quant",
            "bnb_4bit_compute_dtype",
        )
    }
    saved = dlp.peak_memory(config=LLAMA | {"quantization_config": NF4}, training=STEP, lora=lora)
    assert saved == dlp.peak_memory(config=LLAMA, training=STEP, lora=lora, quantization=told)
    config = LLAMA | {"quantization_config": NF4 | {"llm_int8_skip_modules": None}}
    assert dlp.model_tensors(config=config) == dlp.model_tensors(
        config=LLAMA, quantization="nf4-double"
    )


def test_a_ledger_of_a_quantized_config_quantizes_where_qlora_does() -> None:
    lora = {"r": 4, "target_modules": ["q_proj"]}
    run: dict[str, Any] = {"training": STEP | {"dtype": "bfloat16"}, "lora": lora}
    assert dlp.memory_ledger(config=LLAMA | {"quantization_config": NF4}, **run) == (
        dlp.memory_ledger(
            config=LLAMA,
            quantization={
                "load_in_4bit": True,
                "bnb_4bit_quant_type": "nf4",
                "bnb_4bit_use_double_quant": True,
                "bnb_4bit_compute_dtype": "bfloat16",
            },
            **run,
        )
    )


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({"quant_method": "gptq", "bits": 4}, "weights in gptq holds is not known"),
        ({"quant_method": "fp8"}, "weights in fp8 holds is not known"),
        ({"quant_method": "quark"}, r'"quant_method"\] must be one of bitsandbytes, gptq'),
        ({"bits": 4}, 'must have "quant_method"'),
        (NF4 | {"llm_int8_skip_modules": ["model.layers.1.mlp"]}, "without their paths"),
    ],
)
def test_a_quantization_that_no_step_is_known_with_is_refused(
    stored: dict[str, Any], message: str
) -> None:
    config = LLAMA | {"quantization_config": stored}
    with pytest.raises(ValueError, match=message):
        dlp.peak_memory(config=config, training=STEP, lora={"r": 4, "target_modules": ["q_proj"]})
    with pytest.raises(ValueError, match=r'config\["quantization_config"\]'):
        dlp.model_tensors(config=config)


# --- What weights take, by what a config says of them ----------------------------------------


def weight_bytes(model: dict[str, Any], **stored: Any) -> int:
    said = {"quantization_config": stored} if stored else {}
    return dlp.model_weight_bytes(config={"torch_dtype": "bfloat16"} | model | said)


LINEAR = sum(
    inputs * outputs * copies for _, inputs, outputs, _, copies in dlp.linear_layers(config=LLAMA)
)
OTHERS = dlp.parameter_count(config=LLAMA) - LINEAR


@law
@given(data=st.data())
def test_weights_that_are_not_quantized_take_what_their_number_does(data: DataObject) -> None:
    call = some_call(data, "model_weight_bytes")
    number = dlp.parameter_count(config=call["config"])
    stored = dlp.stored_bytes(num_values=number, dtype=call["dtype"] or "fp32")
    assert dlp.model_weight_bytes(**call) == stored


def test_weights_take_what_their_config_says() -> None:
    total = dlp.parameter_count(config=LLAMA)
    assert weight_bytes(LLAMA) == 2 * total
    assert dlp.model_weight_bytes(config=LLAMA) == 4 * total
    quantized = LLAMA | {"quantization_config": {"quant_method": "gptq"}}
    assert dlp.model_weight_bytes(config=quantized, dtype="int8") == total
    wide = LLAMA | {"hidden_size": 10**10}
    assert weight_bytes(wide) == 2 * dlp.parameter_count(config=wide) > 10**20


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("bits", [4, 8])
def test_weights_of_bitsandbytes_take_what_a_step_holds(bits: int, double: bool) -> None:
    quantization = {f"load_in_{bits}bit": True, "bnb_4bit_use_double_quant": double}
    stored = {"quant_method": "bitsandbytes", **quantization}
    step = dlp.peak_memory(
        config=LLAMA,
        training=STEP | {"dtype": "bfloat16"},
        lora={"r": 4, "target_modules": ["q_proj"]},
        quantization=quantization,
    )
    held = step["moments"]["forward end"]["weights"]
    buffers = held - weight_bytes(LLAMA, **stored)
    plain = dlp.peak_memory(config=LLAMA, training=STEP | {"dtype": "bfloat16"})
    assert buffers == plain["moments"]["forward end"]["weights"] - weight_bytes(LLAMA)


def matrices(count: Any) -> int:
    """Sum what a formula gives for each linear layer."""
    return sum(
        copies * count(in_features=inputs, out_features=outputs, group_size=32)
        for _, inputs, outputs, _, copies in dlp.linear_layers(config=LLAMA)
    )


def test_weights_of_gptq_and_awq_take_what_each_matrix_does() -> None:
    stored = {"bits": 4, "group_size": 32}
    assert weight_bytes(LLAMA, quant_method="gptq", **stored) == (
        matrices(dlp.gptq_bytes) + 2 * OTHERS
    )
    assert weight_bytes(LLAMA, quant_method="awq", **stored) == (
        matrices(dlp.awq_bytes) + 2 * OTHERS
    )
    assert weight_bytes(LLAMA, quant_method="awq", group_size=-1) < weight_bytes(
        LLAMA, quant_method="awq", **stored
    )
    # A width of 128 is one group, as both methods have it where none is said.
    wide = LLAMA | {"hidden_size": 128}
    for method in ("gptq", "awq"):
        whole = weight_bytes(wide, quant_method=method, group_size=-1)
        assert weight_bytes(wide, quant_method=method) == whole


def test_weights_of_fp8_take_a_byte_and_their_scales() -> None:
    # Seven matrices in each of two layers; each side is 128 at most.
    assert weight_bytes(LLAMA, quant_method="fp8") == LINEAR + 2 * OTHERS + 14 * 4
    assert weight_bytes(LLAMA, quant_method="fp8", weight_block_size=None) == weight_bytes(
        LLAMA, quant_method="fp8"
    )
    fixed = {"weight_block_size": None, "activation_scheme": "static"}
    assert weight_bytes(LLAMA, quant_method="fp8", **fixed) == LINEAR + 2 * OTHERS + 14 * 8
    halves = weight_bytes(LLAMA, quant_method="fp8", weight_block_size=[64, 64])
    each = {"weight_block_size": [64, 64], "activation_scheme": "static"}
    assert weight_bytes(LLAMA, quant_method="fp8", **each) == halves + 14 * 4
    # q and o are 64 x 64, k and v 32 x 64, gate and up 128 x 64, down 64 x 128.
    assert halves == LINEAR + 2 * OTHERS + 2 * (4 * 1 + 3 * 2) * 4
    flat = weight_bytes(LLAMA, quant_method="fp8", weight_block_size=[64, 128])
    assert flat == LINEAR + 2 * OTHERS + 2 * (5 * 1 + 2 * 2) * 4


@pytest.mark.parametrize(
    ("skipped", "left"),
    [
        (["lm_head", "embed_tokens"], 0),
        (["down_proj"], 2 * 128 * 64),
        (["model.layers.1.mlp"], 3 * 128 * 64),
        (["model.layers.*.mlp"], 6 * 128 * 64),
        (["model.layers.1"], 3 * 128 * 64 + 2 * 64 * 64 + 2 * 32 * 64),
        (["model.layers.0.mlp.up"], 0),
    ],
)
def test_modules_that_are_left_as_they_are_keep_their_format(skipped: list[str], left: int) -> None:
    named = weight_bytes(
        LLAMA, quant_method="bitsandbytes", load_in_8bit=True, llm_int8_skip_modules=skipped
    )
    scales = {0: 0, 2 * 128 * 64: 2 * 64, 3 * 128 * 64: 320, 6 * 128 * 64: 640}
    outputs = scales.get(left, 320 + 2 * 64 + 2 * 32)
    every = weight_bytes(LLAMA, quant_method="bitsandbytes", load_in_8bit=True)
    assert named - every == left - 4 * outputs


EXPERTS = LIKE_LLAMA | OF_EXPERTS | {"model_type": "qwen3_moe", "head_dim": 16}


@pytest.mark.parametrize(
    ("model", "stored", "message"),
    [
        (LLAMA, {"quant_method": "compressed-tensors"}, "in compressed-tensors take is not known"),
        (LLAMA, {"quant_method": "mxfp4"}, "of llama in mxfp4 take is not known"),
        (LLAMA, {"quant_method": "gptq", "dynamic": {"-:.*": {}}}, '"dynamic".* left out'),
        (LLAMA, {"quant_method": "gptq", "lm_head": True}, '"lm_head".* left out'),
        (LLAMA, {"quant_method": "gptq", "bits": 5}, '"bits"\\] must be one of'),
        (
            LLAMA | {"intermediate_size": 100},
            {"quant_method": "gptq"},
            r"the outputs of model\.layers\.\*\.mlp\.gate_proj, for .* multiple of 32, not 100",
        ),
        (
            LLAMA | {"intermediate_size": 96},
            {"quant_method": "awq", "group_size": 64},
            r"the inputs of model\.layers\.\*\.mlp\.down_proj, for .* multiple of 64, not 96",
        ),
        (LLAMA, {"quant_method": "gptq", "group_size": 0}, '"group_size".* from 1'),
        (LLAMA, {"quant_method": "gptq", "group_size": -2}, '"group_size".* from 1'),
        (LLAMA, {"quant_method": "awq", "bits": 8}, '"bits"\\] must be one of 4, not 8'),
        (LLAMA, {"quant_method": "awq", "zero_point": False}, '"zero_point"\\] must be true'),
        (LLAMA, {"quant_method": "fp8", "scale_fmt": "ue8m0"}, '"scale_fmt".* left out'),
        (LLAMA, {"quant_method": "fp8", "weight_block_size": [128]}, "two numbers, not 1"),
        (LLAMA, {"quant_method": "fp8", "weight_block_size": [64] * 3}, "two numbers, not 3"),
        (LLAMA, {"quant_method": "bitsandbytes"}, "must have one of"),
        (EXPERTS, {"quant_method": "bitsandbytes", "load_in_4bit": True}, "with experts"),
        (EXPERTS, {"quant_method": "fp8", "activation_scheme": "static"}, "with experts"),
    ],
)
def test_a_quantization_that_is_not_known_is_refused_in_a_sentence(
    model: dict[str, Any], stored: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        weight_bytes(model, **stored)


def test_names_that_are_left_as_they_are_must_be_texts() -> None:
    with pytest.raises(TypeError, match="must be a list of str"):
        weight_bytes(LLAMA, quant_method="awq", modules_to_not_convert=[3])


def test_the_table_of_methods_names_each_that_is_known() -> None:
    rows = re.findall(r"\| `([\w-]+)` \|", str(dlp.model_weight_bytes.__doc__))
    for method in [*rows[1:], "compressed-tensors"]:
        stored = {"quant_method": method, "load_in_8bit": True, "group_size": 32}
        known = {"mxfp4": "the last of gpt_oss", "compressed-tensors": ", ".join(rows[1:])}
        if method not in known:
            assert LINEAR / 2 < weight_bytes(LLAMA, **stored) - 2 * OTHERS < 2 * LINEAR
            continue
        with pytest.raises(ValueError, match=known[method]):
            weight_bytes(LLAMA, **stored)
