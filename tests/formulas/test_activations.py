"""Activations and the KV cache: what sums, what is proportional, what is shared out and refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import dlp
from tests.formulas.laws import law, result, some_call

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

few = st.integers(1, 64)
DEVICES = (1, 2, 4)

gpt_shapes = st.fixed_dictionaries(
    {
        "per_device_train_batch_size": few,
        "sequence_length": st.integers(1, 2000).map(lambda n: 4 * n),
        "hidden_size": st.integers(1, 2000).map(lambda n: 4 * n),
        "num_attention_heads": few.map(lambda n: 4 * n),
    }
)


choices = st.fixed_dictionaries(
    {
        "method": st.sampled_from(dlp.METHODS),
        "dtype": st.sampled_from(dlp.COMPUTE_DTYPES),
        "attention": st.sampled_from(dlp.ATTENTIONS),
        "recomputation": st.sampled_from(dlp.RECOMPUTATIONS),
        "tensor_parallel_size": st.sampled_from(DEVICES),
        "sequence_parallel": st.booleans(),
    }
)

TRAINING: dict[str, Any] = {
    "per_device_train_batch_size": 2,
    "max_length": 256,
    "dtype": "bfloat16",
}
LAYER: dict[str, Any] = {"config": dlp.LLAMA_3_8B, "training": TRAINING}


def kept_by(
    config: dict[str, Any] = dlp.LLAMA_3_8B, lora: Any = None, **changes: Any
) -> dict[str, int]:
    """List what a layer keeps with other settings of `training`."""
    return dlp.saved_activations(config=config, training=TRAINING | changes, lora=lora)


# --- A layer of a library -------------------------------------------------------------------


def test_lora_keeps_the_inputs_of_adapted_layers_only() -> None:
    def kept(*targets: str) -> dict[str, int]:
        lora = {"target_modules": list(targets), "autocast_adapter_dtype": False}
        return kept_by(lora=lora, use_cache=False)

    # What the norms give is what queries, keys and values, or gate and up, are computed from.
    assert "first norm output" in kept("k_proj")
    assert "first norm output" not in kept("o_proj")
    assert "second norm output" in kept("gate_proj")
    assert "product" in kept("down_proj")
    assert "product" not in kept("gate_proj")


def test_adapters_in_fp32_each_keep_a_copy_of_their_input() -> None:
    lora = {"target_modules": ["q_proj", "v_proj"]}
    upcast = kept_by(lora=lora)
    shared = kept_by(lora=lora | {"autocast_adapter_dtype": False})
    assert upcast["q adapter input"] == upcast["v adapter input"]
    assert upcast["v adapter input"] == 2 * shared["first norm output"]
    assert "first norm output" not in upcast
    assert upcast["q low"] == 2 * shared["q low"]


def test_grouped_queries_spare_only_attention_that_copies_no_keys() -> None:
    assert kept_by(use_cache=False)["keys"] * 4 == kept_by(use_cache=False)["queries"]
    eager = kept_by(attn_implementation="eager", use_cache=False)
    assert eager["repeated keys"] == eager["queries"]


def test_eager_attention_rounds_its_probabilities_in_16_bits() -> None:
    def probabilities(dtype: str) -> list[int]:
        kept = kept_by(dtype=dtype, attn_implementation="eager")
        return [size for name, size in kept.items() if "probabilities" in name]

    heads: Any = dlp.LLAMA_3_8B["num_attention_heads"]
    scores = 2 * heads * 256**2
    assert probabilities("float32") == [4 * scores]
    assert probabilities("bfloat16") == [4 * scores, 2 * scores]


def test_a_checkpointed_layer_keeps_its_input() -> None:
    assert kept_by(gradient_checkpointing=True) == {"layer input": 2 * 256 * 4096 * 2}
    frozen = TRAINING | {"gradient_checkpointing": True, "num_labels": 2}
    for name in ("saved_activations", "activation_bytes", "activation_bytes_per_layer"):
        assert not result(name, **LAYER | {"training": frozen}, method="head-only")


def test_the_output_of_a_frozen_model_keeps_less() -> None:
    full = dlp.output_activations(**LAYER)
    lora = dlp.output_activations(**LAYER, lora={"target_modules": ["q_proj"]})
    assert full.items() > lora.items()
    logits = dlp.logits_bytes(
        per_device_train_batch_size=2, sequence_length=256, vocab_size=128256, dtype="fp32"
    )
    assert full["log-probabilities"] == logits


@pytest.mark.parametrize(
    "name",
    ["saved_activations", "activation_bytes", "activation_bytes_per_layer", "output_activations"],
)
def test_a_run_without_its_settings_or_with_others_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match="training"):
        result(name, config=dlp.GPT2)
    with pytest.raises(TypeError, match="stage"):
        result(name, **LAYER, stage=3)


# --- Megatron-LM's layer on paper -----------------------------------------------------------


@given(gpt_shapes, choices)
def test_doing_more_again_never_keeps_more(layer: dict[str, Any], how: dict[str, Any]) -> None:
    def kept(**changes: str) -> int:
        return dlp.megatron_activation_bytes(**layer, **(how | changes))

    assert kept(recomputation="full") <= kept(recomputation="selective", method="full")
    assert kept(recomputation="selective") <= kept(recomputation="none")
    assert kept(method="lora") == kept(method="qlora")
    assert kept(method="head-only") == 0


@given(gpt_shapes, choices)
def test_flash_attention_leaves_out_the_scores_as_recomputing_them_does(
    layer: dict[str, Any], how: dict[str, Any]
) -> None:
    again = dlp.megatron_activations(
        **layer, **how | {"recomputation": "selective", "attention": "eager", "method": "full"}
    )
    flash: dict[str, Any] = how | {"attention": "flash", "recomputation": "none"}
    assert dlp.megatron_activations(**layer, **flash | {"method": "full"}) == again


@given(gpt_shapes, choices)
def test_only_kept_scores_grow_faster_than_the_sequence(
    layer: dict[str, Any], how: dict[str, Any]
) -> None:
    twice = layer | {"sequence_length": 2 * layer["sequence_length"]}
    once_kept = dlp.megatron_activation_bytes(**layer, **how)
    growth = dlp.megatron_activation_bytes(**twice, **how) - 2 * once_kept
    scores_kept = how["attention"] == "eager" and how["recomputation"] == "none"
    assert (growth > 0) == (scores_kept and how["method"] != "head-only")


@given(gpt_shapes, choices)
def test_devices_share_out_what_is_split_and_nothing_else(
    layer: dict[str, Any], how: dict[str, Any]
) -> None:
    alone = dlp.megatron_activations(**layer, **(how | {"tensor_parallel_size": 1}))
    shared = dlp.megatron_activations(**layer, **how)
    devices = how["tensor_parallel_size"]
    assert alone.keys() == shared.keys()
    assert all(size in (alone[name], alone[name] // devices) for name, size in shared.items())
    assert all(type(size) is int for size in shared.values())
    if how["sequence_parallel"]:
        assert sum(shared.values()) * devices == sum(alone.values())


@given(gpt_shapes, choices)
def test_recomputing_a_whole_layer_keeps_its_input_shared_out_as_it_is(
    layer: dict[str, Any], how: dict[str, Any]
) -> None:
    """The input of a layer is that of its first norm, which Korthikanti's equations share out."""
    assume(how["method"] != "head-only")
    kept = dlp.megatron_activations(**layer, **how | {"method": "full", "recomputation": "none"})
    again = dlp.megatron_activations(**layer, **how | {"recomputation": "full"})
    assert again == {"layer input": kept["first norm input"]}


SHAPE: dict[str, Any] = {
    "per_device_train_batch_size": 1,
    "sequence_length": 2048,
    "hidden_size": 4096,
    "num_attention_heads": 32,
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tensor_parallel_size": 3}, "tensor_parallel_size must divide hidden_size"),
        ({"tensor_parallel_size": 64}, "tensor_parallel_size must divide num_attention_heads"),
        (
            {"tensor_parallel_size": 8, "sequence_parallel": True, "sequence_length": 2047},
            "tensor_parallel_size must divide sequence_length",
        ),
    ],
)
def test_what_cannot_be_shared_out_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dlp.megatron_activations(**(SHAPE | changes))


def test_megatron_shares_out_the_output() -> None:
    output: dict[str, Any] = {key: SHAPE[key] for key in list(SHAPE)[:3]} | {"vocab_size": 32000}
    alone = dlp.megatron_output_activations(**output)
    shared = dlp.megatron_output_activations(**output, tensor_parallel_size=8)
    assert {name: 8 * size for name, size in shared.items()} == alone
    for name in ("vocab_size", "sequence_length"):
        with pytest.raises(ValueError, match=f"tensor_parallel_size must divide {name}"):
            dlp.megatron_output_activations(**output | {name: 32001}, tensor_parallel_size=2)


# --- The KV cache ---------------------------------------------------------------------------

CACHE: dict[str, Any] = {
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "num_tokens": 2048,
    "batch_size": 3,
}


def test_a_cache_larger_than_a_float_can_hold_is_counted_to_the_byte() -> None:
    odd = 10**5 + 3
    shape: dict[str, Any] = dict.fromkeys(
        ("num_hidden_layers", "num_key_value_heads", "head_dim"), odd
    )
    assert dlp.kv_cache_bytes(**shape, num_tokens=odd, dtype="bf16") == 2 * 2 * odd**4 > 2**53


def test_a_model_without_a_window_keeps_every_token() -> None:
    for config in (dlp.GPT2, dlp.LLAMA_3_8B, dlp.QWEN2_5_7B):
        size = dlp.transformer_dimensions(config=config)
        names = ("num_hidden_layers", "num_key_value_heads", "head_dim")
        ours = dlp.model_kv_cache_bytes(config=config, num_tokens=5000, batch_size=2)
        shape: dict[str, Any] = {name: size[name] for name in names}
        assert ours == dlp.kv_cache_bytes(**shape, num_tokens=5000, batch_size=2)
        assert dlp.sliding_window_layers(config=config) == 0


WINDOWED: dict[str, Any] = {**dlp.MISTRAL_7B, "sliding_window": 4096}


def test_a_window_bounds_the_cache() -> None:
    def kept(tokens: int) -> int:
        return dlp.model_kv_cache_bytes(config=WINDOWED, num_tokens=tokens)

    assert kept(4095) < kept(4096) == kept(4097) == kept(10**6)
    mixed = {**WINDOWED, "layer_types": ["sliding_attention", "full_attention"] * 16}
    assert dlp.sliding_window_layers(config=mixed) == 16
    growth = [
        dlp.model_kv_cache_bytes(config=mixed, num_tokens=tokens) for tokens in (4095, 4096, 4097)
    ]
    assert growth[1] - growth[0] == 2 * (growth[2] - growth[1])


QWEN: dict[str, Any] = {**dlp.QWEN2_5_7B, "sliding_window": 4096}


@pytest.mark.parametrize(
    ("changes", "layers"),
    [
        ({"use_sliding_window": False}, 0),
        ({"use_sliding_window": None}, 0),
        ({"use_sliding_window": True, "max_window_layers": 20}, 8),
        ({"use_sliding_window": True, "max_window_layers": None}, 0),
        ({"use_sliding_window": True, "max_window_layers": 0}, 28),
        ({"use_sliding_window": True, "max_window_layers": 99}, 0),
        ({"sliding_window": None, "use_sliding_window": True}, 0),
    ],
)
def test_qwen_slides_in_its_upper_layers_if_told_to(changes: dict[str, Any], layers: int) -> None:
    assert dlp.sliding_window_layers(config={**QWEN, **changes}) == layers


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sliding_window": 0}, "sliding_window"),
        ({"sliding_window": True}, "sliding_window"),
        ({"layer_types": ["full_attention"]}, "layer_types"),
        ({"layer_types": ["full_attention"] * 31 + ["mamba"]}, "layer_types"),
        ({"layer_types": "full_attention"}, "layer_types"),
        ({"layer_types": []}, "layer_types"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        dlp.sliding_window_layers(config={**WINDOWED, **changes})


@pytest.mark.parametrize("config", [dlp.BERT_BASE, dlp.VIT_BASE, dlp.FLAN_T5_BASE])
def test_what_is_no_decoder_has_no_such_cache(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="config must be that of a decoder"):
        dlp.model_kv_cache_bytes(config=config, num_tokens=1)


# --- Laws -----------------------------------------------------------------------------------------


@law
@given(data=st.data())
def test_the_tensors_of_a_layer_sum_to_its_activations(data: DataObject) -> None:
    call = some_call(data, "saved_activations")
    layer = dlp.activation_bytes_per_layer(**call)
    assert sum(dlp.saved_activations(**call).values()) == layer
    depth = call["config"]["num_hidden_layers"]
    every = dlp.activation_bytes(**call)
    # The first layer of a frozen model keeps no more than the others, which are alike.
    assert (depth - 1) * layer <= every <= depth * layer
    if call["lora"] is None:
        assert every == depth * layer
    on_paper = some_call(data, "megatron_activations")
    assert sum(dlp.megatron_activations(**on_paper).values()) == dlp.megatron_activation_bytes(
        **on_paper
    )


@law
@given(data=st.data())
def test_training_less_never_keeps_more(data: DataObject) -> None:
    call = some_call(data, "saved_activations")
    lora = {"r": 1, "target_modules": ["q_proj"], "autocast_adapter_dtype": False}
    frozen = dlp.saved_activations(**call | {"lora": lora})
    full = dlp.saved_activations(**call | {"lora": None})
    assert frozen.keys() - full.keys() <= {"q low"}
    assert all(frozen[name] <= full[name] for name in frozen.keys() & full.keys())
    kept = dlp.output_activations(**call | {"lora": lora})
    assert kept.items() <= dlp.output_activations(**call | {"lora": None}).items()
    on_paper = some_call(data, "megatron_activations")
    less = dlp.megatron_activations(**on_paper | {"method": "lora"})
    assert less.items() <= dlp.megatron_activations(**on_paper | {"method": "full"}).items()
    assert dlp.megatron_activations(**on_paper | {"method": "head-only"}) == {}
