"""Activations and the KV cache: what sums, what is proportional, what is shared out and refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import dlp
from tests.formulas.laws import COUNTS, law, some_call

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


@st.composite
def llama_shapes(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a Llama layer that up to four devices can share."""
    key_heads = 4 * draw(st.integers(1, 4))
    return {
        **draw(gpt_shapes),
        "layer": "llama",
        "num_attention_heads": key_heads * draw(st.integers(1, 8)),
        "num_key_value_heads": key_heads,
        "head_dim": draw(few),
        "intermediate_size": 4 * draw(st.integers(1, 5000)),
    }


shapes = st.one_of(gpt_shapes, llama_shapes())
choices = st.fixed_dictionaries(
    {
        "method": st.sampled_from(dlp.METHODS),
        "dtype": st.sampled_from(dlp.COMPUTE_DTYPES),
        "attention": st.sampled_from(dlp.ATTENTIONS),
        "recomputation": st.sampled_from(dlp.RECOMPUTATIONS),
        "tensor_parallel_size": st.sampled_from(DEVICES),
        "sequence_parallel": st.booleans(),
        "target_modules": st.sampled_from([("q_proj", "v_proj"), "all-linear", ("down_proj",)]),
        "autocast_adapter_dtype": st.booleans(),
    }
)

LLAMA = dlp.transformer_dimensions(config=dlp.LLAMA_3_8B)
LAYER: dict[str, Any] = {
    "per_device_train_batch_size": 1,
    "sequence_length": 2048,
    "layer": "llama",
    **{
        name: LLAMA[name]
        for name in (
            "hidden_size",
            "intermediate_size",
            "num_attention_heads",
            "num_key_value_heads",
            "head_dim",
        )
    },
}


# --- One layer ------------------------------------------------------------------------------


@given(shapes, choices)
def test_doing_more_again_never_keeps_more(layer: dict[str, Any], how: dict[str, Any]) -> None:
    def kept(**changes: str) -> int:
        return dlp.activation_bytes_per_layer(**layer, **(how | changes))

    assert kept(recomputation="full") <= kept(recomputation="selective", method="full")
    assert kept(recomputation="selective") <= kept(recomputation="none")
    assert kept(method="lora") == kept(method="qlora")
    assert kept(method="head-only") == 0


@given(shapes, choices)
def test_only_kept_scores_grow_faster_than_the_sequence(
    layer: dict[str, Any], how: dict[str, Any]
) -> None:
    twice = layer | {"sequence_length": 2 * layer["sequence_length"]}
    once_kept = dlp.activation_bytes_per_layer(**layer, **how)
    growth = dlp.activation_bytes_per_layer(**twice, **how) - 2 * once_kept
    scores_kept = how["attention"] == "eager" and how["recomputation"] == "none"
    assert (growth > 0) == (scores_kept and how["method"] != "head-only")


def test_lora_keeps_the_inputs_of_adapted_layers_only() -> None:
    def kept(*targets: str) -> dict[str, int]:
        return dlp.saved_activations(
            **LAYER, method="lora", attention="flash", target_modules=list(targets)
        )

    assert "qkv input" in kept("k_proj")
    assert "qkv input" not in kept("o_proj")
    assert "mlp input" in kept("gate_proj")
    assert "product of gate and up" in kept("down_proj")
    assert kept("q_proj", "v_proj")["outputs of A"] == 2 * kept("q_proj")["outputs of A"]
    assert "first norm output" not in kept("q_proj")
    every = dlp.saved_activations(**LAYER, method="lora", target_modules="all-linear")
    assert every == dlp.saved_activations(
        **LAYER, method="lora", target_modules=list(dlp.ADAPTED_LAYERS)
    )


def test_adapters_in_fp32_each_keep_a_copy_of_their_input() -> None:
    def kept(**changes: Any) -> dict[str, int]:
        return dlp.saved_activations(**LAYER, method="lora", **changes)

    upcast = kept(dtype="bf16", autocast_adapter_dtype=True)
    shared = kept(dtype="bf16")
    assert upcast["q_proj input in fp32"] == upcast["v_proj input in fp32"]
    assert upcast["v_proj input in fp32"] == 2 * shared["qkv input"]
    assert type(upcast["v_proj input in fp32"]) is int
    assert "qkv input" not in upcast
    assert upcast["outputs of A"] == 2 * shared["outputs of A"]
    assert kept(dtype="fp32", autocast_adapter_dtype=True) == kept(dtype="fp32")


def test_grouped_queries_spare_only_attention_that_copies_no_keys() -> None:
    def keys(**changes: Any) -> int:
        return dlp.saved_activations(**{**LAYER, **changes})["keys"]

    assert 4 * keys(attention="flash") == keys(attention="eager")
    many = {"num_key_value_heads": LAYER["num_attention_heads"]}
    assert keys(attention="flash", **many) == keys(attention="eager", **many)
    assert keys(attention="eager", recomputation="selective") == keys(attention="flash")


def test_eager_attention_rounds_its_probabilities_in_16_bits() -> None:
    def probabilities(dtype: Any) -> list[int]:
        kept = dlp.saved_activations(**LAYER, dtype=dtype)
        return [size for name, size in kept.items() if "probabilities" in name]

    scores = LAYER["num_attention_heads"] * LAYER["sequence_length"] ** 2
    assert probabilities("fp32") == [4 * scores]
    assert probabilities("bf16") == [4 * scores, 2 * scores]


# --- Tensor and sequence parallelism --------------------------------------------------------


@given(shapes, choices)
def test_devices_share_out_what_is_split_and_nothing_else(
    layer: dict[str, Any], how: dict[str, Any]
) -> None:
    alone = dlp.saved_activations(**layer, **(how | {"tensor_parallel_size": 1}))
    shared = dlp.saved_activations(**layer, **how)
    devices = how["tensor_parallel_size"]
    assert alone.keys() == shared.keys()
    assert all(size in (alone[name], alone[name] // devices) for name, size in shared.items())
    assert all(type(size) is int for size in shared.values())
    if how["sequence_parallel"] and how["method"] == "full":
        assert sum(shared.values()) * devices == sum(alone.values())


@given(gpt_shapes, choices)
def test_recomputing_a_whole_layer_keeps_its_input_shared_out_as_it_is(
    layer: dict[str, Any], how: dict[str, Any]
) -> None:
    """The input of a layer is that of its first norm, which Korthikanti's equations share out."""
    assume(how["method"] != "head-only")
    kept = dlp.saved_activations(**layer, **how | {"method": "full", "recomputation": "none"})
    again = dlp.saved_activations(**layer, **how | {"recomputation": "full"})
    assert again == {"layer input": kept["first norm input"]}


def test_the_copies_of_shared_inputs_are_shared_out_too() -> None:
    how = {"method": "lora", "dtype": "bf16", "target_modules": ["q_proj", "down_proj"]}
    call = LAYER | how | {"autocast_adapter_dtype": True}
    one, two = (dlp.saved_activations(**call, tensor_parallel_size=n) for n in (1, 2))
    assert two["q_proj input in fp32"] == one["q_proj input in fp32"]  # whole on each device
    assert 2 * two["down_proj input in fp32"] == one["down_proj input in fp32"]


# --- What does not fit together -------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"tensor_parallel_size": 3}, "tensor_parallel_size must divide hidden_size"),
    ({"num_key_value_heads": 5}, "num_key_value_heads must divide num_attention_heads"),
    ({"num_key_value_heads": 64}, "num_key_value_heads must divide num_attention_heads"),
    ({"num_key_value_heads": None}, "num_key_value_heads must be an int"),
    ({"intermediate_size": None}, "intermediate_size must be an int"),
    ({"head_dim": None}, "head_dim must be an int"),
    ({"tensor_parallel_size": 16}, "tensor_parallel_size must divide num_key_value_heads"),
    (
        {"tensor_parallel_size": 8, "sequence_parallel": True, "sequence_length": 2047},
        "tensor_parallel_size must divide sequence_length",
    ),
    ({"target_modules": []}, "target_modules"),
    ({"target_modules": ["c_attn"]}, "target_modules"),
    ({"target_modules": "q_proj"}, "target_modules must be one of all-linear"),
    ({"layer": "gpt"}, "must be"),
    ({"r": 0}, "r must be"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        dlp.saved_activations(**(LAYER | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"intermediate_size": 1000}, "intermediate_size must be 4096"),
        ({"intermediate_size": 5000}, "intermediate_size must be 4096"),
        ({"num_key_value_heads": 2}, "num_key_value_heads must be 16"),
        ({"head_dim": 32}, "head_dim must be hidden_size"),
        ({"head_dim": 128}, "head_dim must be hidden_size"),
        ({"target_modules": ["gate_proj"]}, "target_modules"),
    ],
)
def test_a_gpt_layer_has_its_own_widths(changes: dict[str, Any], message: str) -> None:
    shape: dict[str, Any] = {
        "per_device_train_batch_size": 1,
        "sequence_length": 128,
        "hidden_size": 1024,
        "num_attention_heads": 16,
    }
    with pytest.raises(ValueError, match=message):
        dlp.saved_activations(**shape, **changes)
    named: dict[str, Any] = {"intermediate_size": 4096, "num_key_value_heads": 16, "head_dim": 64}
    assert dlp.saved_activations(**shape, **named) == dlp.saved_activations(**shape)


# --- After the last layer -------------------------------------------------------------------

OUTPUT: dict[str, Any] = {
    "per_device_train_batch_size": 2,
    "sequence_length": 1024,
    "hidden_size": 4096,
    "vocab_size": 32000,
}


def test_the_output_of_a_frozen_model_keeps_less() -> None:
    full = dlp.output_activations(**OUTPUT, dtype="bf16")
    lora = dlp.output_activations(**OUTPUT, dtype="bf16", method="lora")
    assert full.items() > lora.items()
    assert full.keys() - lora.keys() == {"last norm output", "output head input"}
    logits = dlp.logits_bytes(
        per_device_train_batch_size=2, sequence_length=1024, vocab_size=32000, dtype="fp32"
    )
    assert full["log-probabilities"] == logits


def test_megatron_shares_out_the_output() -> None:
    alone = dlp.output_activations(**OUTPUT, library="megatron")
    shared = dlp.output_activations(**OUTPUT, library="megatron", tensor_parallel_size=8)
    assert {name: 8 * size for name, size in shared.items()} == alone
    for changes in ({}, {"library": "megatron", "vocab_size": 32001}):
        with pytest.raises(ValueError, match="tensor_parallel_size"):
            dlp.output_activations(**{**OUTPUT, **changes}, tensor_parallel_size=2)
    with pytest.raises(ValueError, match="method"):
        dlp.output_activations(**OUTPUT | {"method": "head-only"})


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
    shape = dict.fromkeys(("num_hidden_layers", "num_key_value_heads", "head_dim"), odd)
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
@given(data=st.data(), depth=COUNTS)
def test_the_tensors_of_a_layer_sum_to_its_activations(data: DataObject, depth: int) -> None:
    call = some_call(data, "saved_activations")
    layer = dlp.activation_bytes_per_layer(**call)
    assert sum(dlp.saved_activations(**call).values()) == layer
    if call["method"] != "head-only":
        assert dlp.activation_bytes(num_hidden_layers=depth, **call) == depth * layer


@law
@given(data=st.data())
def test_training_less_never_keeps_more(data: DataObject) -> None:
    call = some_call(data, "saved_activations") | {"autocast_adapter_dtype": False, "r": 1}
    frozen = dlp.saved_activations(**call | {"method": "lora"})
    full = dlp.saved_activations(**call | {"method": "full"})
    assert frozen.keys() - full.keys() <= {"outputs of A"}
    assert all(frozen[name] <= full[name] for name in frozen.keys() & full.keys())
    assert dlp.saved_activations(**call | {"method": "head-only"}) == {}
    output = some_call(data, "output_activations")
    kept = dlp.output_activations(**output | {"method": "lora"})
    assert kept.items() <= dlp.output_activations(**output | {"method": "full"}).items()
    assert kept == dlp.output_activations(**output | {"method": "qlora"})
