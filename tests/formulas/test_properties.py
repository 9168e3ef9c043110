"""Laws that the formulas keep, whatever their arguments.

`docs/_evidence/laws.toml` names the formulas of each. A test that takes a `name` is tried on each,
the others call them all.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import dlp
from _guide import worked
from tests.formulas.calls import FUNCTIONS, MODELS
from tests.formulas.laws import COUNTS, law, numbers, result, some_call

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

CAUSAL = [m for m in MODELS if m["model_type"] in {"llama", "mistral", "qwen2", "gpt2"}]
configs = st.sampled_from(CAUSAL)
texts = st.lists(st.integers(0, 50_000), min_size=1, max_size=12)
whole_formats = st.sampled_from(["fp32", "fp16", "bf16", "fp8", "int8"])


# --- Scaling --------------------------------------------------------------------------------

FACTORS = {
    "effective_batch_size": (
        *("per_device_train_batch_size", "gradient_accumulation_steps", "num_devices"),
    ),
    "tokens_per_epoch": ("num_samples", "sequence_length"),
    "tokens_per_update": (
        *("sequence_length", "per_device_train_batch_size"),
        *("gradient_accumulation_steps", "num_devices"),
    ),
    "training_micro_batches": ("num_train_epochs",),
    "training_updates": ("num_train_epochs",),
    "gigabytes": ("num_bytes",),
    "gibibytes": ("num_bytes",),
    "kv_cache_bytes": (
        *("num_hidden_layers", "num_key_value_heads", "head_dim", "num_tokens", "batch_size"),
    ),
    "activation_bytes": ("num_hidden_layers", "per_device_train_batch_size"),
    "activation_bytes_per_layer": ("per_device_train_batch_size",),
    "saved_activations": ("per_device_train_batch_size",),
    "logits_bytes": ("per_device_train_batch_size", "sequence_length", "vocab_size"),
    "training_state_bytes": ("num_parameters",),
    "attention_parameters": ("hidden_size", "head_dim"),
    "mlp_parameters": ("hidden_size", "intermediate_size"),
    "norm_parameters": ("hidden_size",),
    "position_table_parameters": ("max_position_embeddings", "hidden_size"),
    "rough_parameters": ("num_hidden_layers",),
    "implied_depth": ("num_parameters",),
    "classification_head_parameters": ("num_labels",),
    "linear_parameters": ("out_features",),
    "adalora_parameters": ("init_r",),
    "adalora_model_parameters": ("init_r",),
    "prompt_tuning_parameters": ("num_virtual_tokens", "token_dim"),
    "forward_flops": ("num_parameters", "num_tokens"),
    "training_flops": ("num_parameters", "num_tokens"),
    "lora_training_flops": ("num_tokens",),
    "head_training_flops": ("num_tokens",),
    "attention_flops": (
        *("num_hidden_layers", "num_attention_heads", "head_dim"),
        *("sequence_length", "num_tokens"),
    ),
    "transformer_flops": ("num_sequences",),
    "forward_flops_by_part": ("per_device_train_batch_size",),
    "tokens_per_second": ("num_devices", "peak_flops_per_second"),
    "flops_utilization": ("tokens_per_second", "flops_per_token"),
    "training_days": ("num_parameters", "num_tokens"),
    "epochs_seen": ("num_tokens",),
    "lora_break_even_rank": ("in_features and out_features",),
}
"""The arguments to each of which a result is proportional."""


@law
@given(data=st.data(), times=st.integers(2, 9))
def test_a_multiple_of_a_factor_gives_that_multiple(
    name: str, data: DataObject, times: int
) -> None:
    call = some_call(data, name)
    if name == "kv_cache_bytes":
        call["dtype"] = data.draw(whole_formats)
    assume(call.get("method") != "head-only")
    factors = data.draw(st.sampled_from(FACTORS[name])).split(" and ")
    more = call | {factor: times * call[factor] for factor in factors}
    for one, many in zip(numbers(result(name, **call)), numbers(result(name, **more)), strict=True):
        assert many == (times * one if isinstance(one, int) else pytest.approx(times * one))


@law
@given(depth=COUNTS, width=COUNTS, times=st.integers(2, 9))
def test_the_width_of_a_model_counts_twice(depth: int, width: int, times: int) -> None:
    rough = dlp.rough_parameters(num_hidden_layers=depth, hidden_size=width)
    wide = dlp.rough_parameters(num_hidden_layers=depth, hidden_size=times * width)
    assert wide == times**2 * rough
    assert dlp.implied_depth(num_parameters=wide, hidden_size=times * width) == depth
    square = dlp.linear_parameters(in_features=width, out_features=width, bias=False)
    large = dlp.linear_parameters(in_features=times * width, out_features=times * width, bias=False)
    assert large == times**2 * square


# --- Growth ---------------------------------------------------------------------------------

FALLS = {
    "micro_batches_per_epoch": ("per_device_train_batch_size", "num_devices"),
    "updates_per_epoch": (
        *("per_device_train_batch_size", "num_devices", "gradient_accumulation_steps"),
    ),
    "training_micro_batches": ("per_device_train_batch_size", "num_devices"),
    "training_updates": (
        *("per_device_train_batch_size", "num_devices", "gradient_accumulation_steps"),
    ),
    "implied_depth": ("hidden_size",),
    "blockwise_bits_per_parameter": ("block_size",),
    "double_quantized_bits_per_parameter": ("block_size", "second_block_size"),
    "sharded_state_bytes": ("num_devices", "stage"),
    "training_days": ("num_devices", "flops_per_second"),
    "flops_utilization": ("num_devices", "peak_flops_per_second"),
    "tokens_per_second": ("flops_per_token",),
    "epochs_seen": ("dataset_tokens",),
}
"""The counts with which a result falls, or stays; with all others it grows, or stays."""


@law
@given(data=st.data(), more=st.integers(1, 60))
def test_what_shares_the_work_never_adds_to_it(name: str, data: DataObject, more: int) -> None:
    call = some_call(data, name)
    divisor = data.draw(st.sampled_from(FALLS[name]))
    more = 1 if divisor == "stage" else more
    assume(call[divisor] + more <= 3 or divisor != "stage")
    before = numbers(result(name, **call))
    after = numbers(result(name, **call | {divisor: call[divisor] + more}))
    assert all(new <= old for old, new in zip(before, after, strict=True))


@law
@given(data=st.data(), more=st.integers(1, 60))
def test_more_of_a_count_never_gives_less(name: str, data: DataObject, more: int) -> None:
    call = some_call(data, name)
    grown = [
        parameter
        for parameter, value in call.items()
        if type(value) is int
        and parameter not in (*FALLS.get(name, ()), "tensor_parallel_size", "sequence_length")
    ]
    grows = data.draw(st.sampled_from(grown))
    before = numbers(result(name, **call))
    try:
        after = numbers(result(name, **call | {grows: call[grows] + more}))
    except ValueError:
        return  # one that does not divide, or is more than it is a part of
    # Saving pages of a cut last page apart, a sum of two roundings may lose a byte.
    slack = 1 if name == "double_quantization_saved_bytes" else 0
    assert all(new >= old - slack for old, new in zip(before, after, strict=True))


@law
@given(data=st.data(), step=st.integers(1, 40))
def test_each_further_layer_adds_the_same(name: str, data: DataObject, step: int) -> None:
    call = some_call(data, name)
    if name == "model_kv_cache_bytes":
        call["dtype"] = data.draw(whole_formats)
    key = "n_layer" if "n_layer" in call["config"] else "num_hidden_layers"
    first, second, third = (
        numbers(result(name, **call | {"config": call["config"] | {key: 1 + i * step}}))
        for i in range(3)
    )
    for a, b, c in zip(first, second, third, strict=True):
        assert c - b == b - a >= 0


# --- Parts and wholes -----------------------------------------------------------------------


@law
@given(config=configs)
def test_the_parts_of_a_model_sum_to_the_whole(config: dict[str, Any]) -> None:
    parts = dlp.parameters_by_part(config=config)
    whole = dlp.parameter_count(config=config)
    assert sum(parts.values()) == whole
    assert dlp.active_parameters(config=config) == whole  # none of these has experts
    bare = dlp.active_parameters(config=config, embeddings="none")
    embedded = parts["token_embedding"] + parts["position_embedding"] + parts["output_head"]
    assert bare + embedded == whole
    assert dlp.compute_parameters(config=config, counted="all") == whole
    assert dlp.compute_parameters(config=config, counted="non-embedding") == bare


@law
@given(config=configs)
def test_the_linear_layers_are_the_attention_and_the_mlp(config: dict[str, Any]) -> None:
    parts = dlp.parameters_by_part(config=config)
    size = dlp.transformer_dimensions(config=config)
    layers = dlp.linear_layers(config=config)
    weights = sum(copies * inputs * outputs for _, inputs, outputs, _, copies in layers)
    assert weights == parts["attention"] + parts["mlp"]
    biases = sum(copies * outputs for _, _, outputs, biased, copies in layers if biased)
    assert biases == parts["bias"]
    *inner, embedding, head = dlp.adaptable_modules(config=config)
    assert inner == layers
    assert embedding[1] * embedding[2] == head[1] * head[2] == parts["token_embedding"]
    assert embedding[1] == size["vocab_size"]


@law
@given(config=configs)
def test_a_model_is_as_large_as_its_layers_times_their_number(config: dict[str, Any]) -> None:
    size = dlp.transformer_dimensions(config=config)
    parts = dlp.parameters_by_part(config=config)
    depth = size["num_hidden_layers"]
    names = ("hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim")
    attention = dlp.attention_parameters(**{name: size[name] for name in names})
    assert parts["attention"] == depth * attention
    assert parts["mlp"] == depth * dlp.mlp_parameters(
        hidden_size=size["hidden_size"],
        intermediate_size=size["intermediate_size"],
        gated=bool(size["gated"]),
    )
    assert parts["norm"] == dlp.norm_parameters(
        hidden_size=size["hidden_size"], num_hidden_layers=depth, bias=bool(size["norm_bias"])
    )


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


@law
@given(data=st.data())
def test_the_entries_of_a_ledger_sum_to_its_total(data: DataObject) -> None:
    call = some_call(data, "memory_ledger") | {"autocast_adapter_dtype": False}
    ledger = dlp.memory_ledger(**call)
    for row in ledger.values():
        assert sum(row.values()) == 2 * row["total"]
    everything = call["num_parameters"] + call["num_head_parameters"]
    full = ledger["full"]
    assert full["weights"] == dlp.weight_bytes(num_parameters=everything, dtype=call["dtype"])
    assert full["gradients"] == dlp.gradient_bytes(
        num_trainable_parameters=everything, dtype=call["dtype"]
    )
    assert full["optimizer"] == dlp.optimizer_state_bytes(
        num_trainable_parameters=everything, optimizer=call["optimizer"]
    )
    assert full["weights"] >= ledger["head-only"]["weights"]
    if call["num_adapter_parameters"] <= call["num_parameters"]:
        assert (
            ledger["head-only"]["total"]
            <= ledger["lora"]["total"]
            <= full["total"] + (4 * call["num_adapter_parameters"])
        )


@law
@given(data=st.data(), parameters=COUNTS)
def test_training_memory_is_weights_gradients_and_states(data: DataObject, parameters: int) -> None:
    trained = data.draw(st.integers(0, parameters))
    optimizer = data.draw(st.sampled_from(dlp.OPTIMIZERS))
    total = dlp.training_memory_bytes(
        num_parameters=parameters, num_trainable_parameters=trained, optimizer=optimizer
    )
    states = dlp.optimizer_state_bytes(num_trainable_parameters=trained, optimizer=optimizer)
    assert states == math.ceil(trained * dlp.optimizer_bytes_per_parameter(optimizer=optimizer))
    assert total == states + dlp.weight_bytes(num_parameters=parameters) + dlp.gradient_bytes(
        num_trainable_parameters=trained
    )
    everything = dlp.training_memory_bytes(
        num_parameters=parameters, num_trainable_parameters=parameters
    )
    assert everything == dlp.training_state_bytes(num_parameters=parameters, convention="fp32")
    assert everything == parameters * dlp.training_bytes_per_parameter(convention="fp32")


@law
@given(data=st.data(), one=COUNTS, other=COUNTS)
def test_two_parts_take_as_much_as_both_together_but_for_rounding(
    data: DataObject, one: int, other: int
) -> None:
    dtype = data.draw(st.sampled_from(dlp.DTYPES))
    optimizer = data.draw(st.sampled_from(dlp.OPTIMIZERS))

    def sizes(count: int) -> list[int]:
        compute = dtype if dtype in dlp.COMPUTE_DTYPES else "bf16"
        return [
            dlp.stored_bytes(num_values=count, dtype=dtype),
            dlp.weight_bytes(num_parameters=count, dtype=dtype),
            dlp.gradient_bytes(num_trainable_parameters=count, dtype=compute),
            dlp.optimizer_state_bytes(num_trainable_parameters=count, optimizer=optimizer),
        ]

    for a, b, both in zip(sizes(one), sizes(other), sizes(one + other), strict=True):
        assert 0 <= a + b - both <= 1


@law
@given(data=st.data(), rows=COUNTS, width=COUNTS)
def test_a_position_table_takes_what_its_parameters_take(
    data: DataObject, rows: int, width: int
) -> None:
    dtype = data.draw(st.sampled_from(dlp.DTYPES))
    table = {"max_position_embeddings": rows, "hidden_size": width}
    assert dlp.position_table_bytes(**table, dtype=dtype) == dlp.weight_bytes(
        num_parameters=dlp.position_table_parameters(**table), dtype=dtype
    )


@law
@given(data=st.data(), count=COUNTS)
def test_eight_bits_are_a_byte(data: DataObject, count: int) -> None:
    dtype = data.draw(st.sampled_from(dlp.DTYPES))
    bits = dlp.bits_per_parameter(dtype=dtype)
    assert 4 <= bits <= 32
    assert bits == 8 * dlp.bytes_per_parameter(dtype=dtype)
    assert dlp.stored_bytes(num_values=count, dtype=dtype) == math.ceil(count * bits / 8)
    if dtype in dlp.CACHE_DTYPES:
        assert dlp.cache_bits_per_value(dtype=dtype) == bits


@law
@given(dtype=st.sampled_from(dlp.CACHE_DTYPES), tokens=COUNTS)
def test_a_cache_holds_two_numbers_for_each_token(dtype: Any, tokens: int) -> None:
    bits = dlp.cache_bits_per_value(dtype=dtype)
    cache = dlp.kv_cache_bytes(
        num_hidden_layers=1, num_key_value_heads=1, head_dim=1, num_tokens=tokens, dtype=dtype
    )
    assert cache == math.ceil(2 * tokens * bits / 8)
    if dtype in dlp.GGML_TYPES:
        assert bits == dlp.gguf_bits_per_weight(ggml_type=dtype)


@law
@given(blocks=st.dictionaries(st.sampled_from(dlp.GGML_TYPES), st.integers(1, 99), min_size=1))
def test_a_mixture_of_formats_lies_between_them(blocks: dict[str, int]) -> None:
    weights = {ggml_type: 256 * number for ggml_type, number in blocks.items()}
    parts = [dlp.gguf_bytes(num_weights={t: number}) for t, number in weights.items()]
    assert sum(parts) == dlp.gguf_bytes(num_weights=weights)
    types: list[Any] = list(weights)
    each = [dlp.gguf_bits_per_weight(ggml_type=ggml_type) for ggml_type in types]
    mean = dlp.gguf_mean_bits_per_weight(num_weights=weights)
    assert min(each) * (1 - 1e-12) <= mean <= max(each) * (1 + 1e-12)
    assert mean * sum(weights.values()) == pytest.approx(8 * sum(parts))


@law
@given(parameters=st.integers(0, 10**12))
def test_double_quantization_saves_the_difference(parameters: int) -> None:
    saved = dlp.double_quantization_saved_bytes(num_parameters=parameters)
    single, double = (
        dlp.weight_bytes(num_parameters=parameters, dtype=dtype) for dtype in ("nf4", "nf4-double")
    )
    assert saved == single - double >= 0


@law
@given(data=st.data())
def test_quantizing_scales_with_scales_of_no_bits_is_quantizing_once(data: DataObject) -> None:
    call = some_call(data, "blockwise_bits_per_parameter")
    once = dlp.blockwise_bits_per_parameter(**call)
    assert dlp.double_quantized_bits_per_parameter(**call, second_scale_bits=0) == once
    assert dlp.double_quantized_bits_per_parameter(**call) >= once >= call["bits"]


@law
@given(data=st.data())
def test_the_shards_together_hold_the_whole_and_little_more(data: DataObject) -> None:
    call = some_call(data, "sharded_state_bytes") | {"num_frozen_parameters": 0}
    shards = dlp.sharded_state_bytes(**call)
    assert sum(shards.values()) == 2 * shards["total"]
    alone = dlp.training_state_bytes(
        num_parameters=call["num_trainable_parameters"], convention=call["convention"]
    )
    assert dlp.sharded_state_bytes(**call | {"num_devices": 1})["total"] == alone
    assert dlp.sharded_state_bytes(**call | {"stage": 0})["total"] == alone
    devices = call["num_devices"]
    full = dlp.zero_stage(sharding_strategy="FULL_SHARD")
    spread = dlp.sharded_state_bytes(**call | {"stage": full})["total"]
    bytes_each = dlp.training_bytes_per_parameter(convention=call["convention"])
    assert alone <= spread * devices < alone + bytes_each * devices


@law
@given(data=st.data(), strategy=st.sampled_from(dlp.SHARDING_STRATEGIES))
def test_a_strategy_that_shards_more_holds_less(data: DataObject, strategy: Any) -> None:
    call = some_call(data, "sharded_state_bytes")
    stage = dlp.zero_stage(sharding_strategy=strategy)
    assert 0 <= stage <= 3
    held = dlp.sharded_state_bytes(**call | {"stage": stage})["total"]
    assert held <= dlp.sharded_state_bytes(**call | {"stage": 0})["total"]
    assert held >= dlp.sharded_state_bytes(**call | {"stage": 3})["total"]


@law
@given(data=st.data(), more=st.integers(1, 10**9))
def test_an_estimate_grows_with_the_model_and_its_buffers(data: DataObject, more: int) -> None:
    call = some_call(data, "deepspeed_estimated_bytes")
    before = dlp.deepspeed_estimated_bytes(**call)
    larger = dlp.deepspeed_estimated_bytes(**call | {"total_params": call["total_params"] + more})
    buffered = dlp.deepspeed_estimated_bytes(**call | {"additional_buffer_factor": 3})
    assert larger["gpu"] >= before["gpu"]
    assert larger["cpu"] >= before["cpu"]
    assert buffered["gpu"] == before["gpu"]
    assert abs(buffered["cpu"] - 2 * before["cpu"]) <= 2
    offloaded = dlp.deepspeed_estimated_bytes(**call | {"cpu_offload": True})
    assert offloaded["gpu"] <= before["gpu"]


# --- Steps ----------------------------------------------------------------------------------


@law
@given(
    samples=st.integers(1, 60),
    batch=st.integers(1, 9),
    steps=st.integers(1, 7),
    epochs=st.integers(1, 4),
    leftover=st.sampled_from(["step", "skip"]),
)
def test_the_windows_are_the_updates_of_a_run(
    samples: int, batch: int, steps: int, epochs: int, leftover: Any
) -> None:
    data: dict[str, Any] = {"num_samples": samples, "per_device_train_batch_size": batch}
    micro_batches = dlp.micro_batches_per_epoch(**data)
    windows = dlp.accumulation_windows(
        num_micro_batches=micro_batches,
        gradient_accumulation_steps=steps,
        num_train_epochs=epochs,
        leftover=leftover,
    )
    rest: dict[str, Any] = {"gradient_accumulation_steps": steps, "last_window": leftover}
    updates = dlp.training_updates(**data, **rest, num_train_epochs=epochs)
    assert len(windows) == updates == epochs * dlp.updates_per_epoch(**data, **rest)
    done = [number for window in windows for number in window]
    assert done == sorted(set(done))
    run = dlp.training_micro_batches(**data, num_train_epochs=epochs)
    if leftover == "step":
        assert done == list(range(1, run + 1))
    else:
        assert all(len(window) == steps for window in windows)


@law
@given(batches=st.integers(1, 30), steps=st.integers(1, 7), epochs=st.integers(1, 4))
def test_leaking_leftovers_lose_no_micro_batch_but_the_last(
    batches: int, steps: int, epochs: int
) -> None:
    windows = dlp.accumulation_windows(
        num_micro_batches=batches,
        gradient_accumulation_steps=steps,
        num_train_epochs=epochs,
        leftover="leak",
    )
    done = [number for window in windows for number in window]
    assert done == list(range(1, len(done) + 1))
    assert len(done) == (epochs - 1) * batches + batches // steps * steps or batches < steps
    assert len(windows) == epochs * (batches // steps)


@law
@given(data=st.data())
def test_an_epoch_sees_every_sample_once(data: DataObject) -> None:
    call = some_call(data, "updates_per_epoch") | {"drop_last": False, "last_window": "step"}
    shape: dict[str, Any] = {
        name: call[name]
        for name in ("per_device_train_batch_size", "num_devices", "gradient_accumulation_steps")
    }
    effective = dlp.effective_batch_size(**shape)
    updates = dlp.updates_per_epoch(**call)
    assert (updates - 1) * effective < call["num_samples"] <= updates * effective
    dropped = dlp.updates_per_epoch(**call | {"drop_last": True, "last_window": "skip"})
    assert updates - 1 <= dropped <= updates
    assert dropped * effective <= call["num_samples"]


@law
@given(data=st.data())
def test_an_epoch_too_short_for_a_window_still_makes_one_update_where_it_must(
    data: DataObject,
) -> None:
    call = some_call(data, "updates_per_epoch")
    planned = dlp.updates_per_epoch(**call | {"last_window": "skip"})
    made = dlp.updates_per_epoch(**call | {"last_window": "at-least-one"})
    shape: dict[str, Any] = {
        name: call[name] for name in call.keys() - {"gradient_accumulation_steps"}
    }
    batches = dlp.micro_batches_per_epoch(
        **{name: shape[name] for name in shape.keys() - {"last_window"}}
    )
    assert made == max(planned, min(batches, 1))
    assert made <= dlp.updates_per_epoch(**call | {"last_window": "step"})


@law
@given(data=st.data())
def test_an_update_takes_as_many_tokens_as_its_samples_have(data: DataObject) -> None:
    call = some_call(data, "tokens_per_update")
    length = call["sequence_length"]
    samples = dlp.effective_batch_size(**{n: v for n, v in call.items() if n != "sequence_length"})
    tokens = dlp.tokens_per_update(**call)
    assert tokens == dlp.tokens_per_epoch(num_samples=samples, sequence_length=length)


# --- Symmetry -------------------------------------------------------------------------------

ALIKE = {
    "effective_batch_size": (
        *("per_device_train_batch_size", "gradient_accumulation_steps", "num_devices"),
    ),
    "tokens_per_epoch": ("num_samples", "sequence_length"),
    "mlp_parameters": ("hidden_size", "intermediate_size"),
    "position_table_parameters": ("max_position_embeddings", "hidden_size"),
    "lora_break_even_rank": ("in_features", "out_features"),
    "adalora_parameters": ("in_features", "out_features"),
    "forward_flops": ("num_parameters", "num_tokens"),
    "training_flops": ("num_parameters", "num_tokens"),
    "logits_bytes": ("per_device_train_batch_size", "sequence_length", "vocab_size"),
    "kv_cache_bytes": (
        *("num_hidden_layers", "num_key_value_heads", "head_dim", "num_tokens", "batch_size"),
    ),
}
"""The arguments that may be exchanged."""


@law
@given(data=st.data())
def test_factors_may_be_exchanged(name: str, data: DataObject) -> None:
    call = some_call(data, name)
    alike = ALIKE[name]
    values = data.draw(st.lists(COUNTS, min_size=len(alike), max_size=len(alike)))
    there = call | dict(zip(alike, values, strict=True))
    back = call | dict(zip(alike, reversed(values), strict=True))
    assert result(name, **there) == result(name, **back)


# --- Adapters -------------------------------------------------------------------------------


@law
@given(rank=COUNTS, inputs=COUNTS, outputs=COUNTS)
def test_below_the_break_even_rank_lora_saves(rank: int, inputs: int, outputs: int) -> None:
    widths: dict[str, Any] = {"in_features": inputs, "out_features": outputs}
    lora = dlp.lora_parameters(r=rank, **widths)
    full = dlp.linear_parameters(**widths, bias=False)
    even = dlp.lora_break_even_rank(**widths)
    assert (lora <= full) == (rank <= even)
    assert (lora < full) == (rank < even)
    assert even <= min(inputs, outputs)
    assert dlp.adalora_parameters(init_r=rank, **widths) == lora + rank
    assert dlp.lora_parameters(r=rank, **widths, use_dora=True) == lora + outputs


@law
@given(data=st.data(), rank=st.integers(1, 300))
def test_a_model_has_the_adapters_of_its_modules(data: DataObject, rank: int) -> None:
    config = data.draw(configs)
    modules = dlp.adaptable_modules(config=config)
    names = sorted({module for module, *_ in modules})
    targets = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    dora = data.draw(st.booleans())
    counted = sum(
        copies * dlp.lora_parameters(r=rank, in_features=i, out_features=o, use_dora=dora)
        for module, i, o, _, copies in modules
        if module in targets
    )
    call: dict[str, Any] = {
        "config": config,
        "r": rank,
        "target_modules": targets,
        "use_dora": dora,
    }
    assert dlp.lora_model_parameters(**call) == counted
    totals = dlp.lora_totals(**call)
    assert totals["trainable_params"] == counted
    whole = dlp.parameter_count(config=config) + counted
    assert totals["all_param"] >= whole
    share = 100 * counted / totals["all_param"]
    assert totals["trainable_percent"] == pytest.approx(share)
    assert dlp.lora_totals(**call, packed=True)["all_param"] <= totals["all_param"]


@law
@given(data=st.data())
def test_small_adapters_are_a_small_part_of_the_model(data: DataObject) -> None:
    config = data.draw(configs)
    whole = dlp.parameter_count(config=config)
    parts = dlp.parameters_by_part(config=config)
    assert parts["bias"] <= dlp.bitfit_parameters(config=config) <= parts["bias"] + parts["norm"]
    assert dlp.ln_tuning_parameters(config=config) == parts["norm"] < whole / 100
    names = sorted({module for module, *_ in dlp.linear_layers(config=config)})
    targets = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    inward = data.draw(st.lists(st.sampled_from(targets), unique=True))
    scales = dlp.ia3_model_parameters(
        config=config, target_modules=targets, feedforward_modules=inward
    )
    assert 0 < scales < whole / 100


@law
@given(width=COUNTS, inner=COUNTS, adapters=COUNTS)
def test_a_bottleneck_is_two_linear_layers(width: int, inner: int, adapters: int) -> None:
    down = dlp.linear_parameters(in_features=width, out_features=inner)
    up = dlp.linear_parameters(in_features=inner, out_features=width)
    adapter = dlp.bottleneck_adapter_parameters(
        hidden_size=width, bottleneck_size=inner, num_adapters=adapters
    )
    assert adapter == adapters * (down + up)


@law
@given(config=configs, tokens=COUNTS, inner=COUNTS)
def test_a_prefix_is_a_cache_that_is_trained(
    config: dict[str, Any], tokens: int, inner: int
) -> None:
    size = dlp.transformer_dimensions(config=config)
    prefix = dlp.prefix_tuning_model_parameters(config=config, num_virtual_tokens=tokens)
    names = ("num_hidden_layers", "num_key_value_heads", "head_dim")
    cache = dlp.kv_cache_bytes(
        **{name: size[name] for name in names}, num_tokens=tokens, dtype="int8"
    )
    assert prefix == cache
    width = size["num_key_value_heads"] * size["head_dim"]
    assert prefix == dlp.prefix_tuning_parameters(
        num_virtual_tokens=tokens, num_layers=size["num_hidden_layers"], token_dim=width
    )
    prompt = dlp.prompt_tuning_parameters(num_virtual_tokens=tokens, token_dim=width)
    assert prefix == 2 * size["num_hidden_layers"] * prompt
    encoder = dlp.p_tuning_parameters(
        num_virtual_tokens=tokens, token_dim=width, encoder_hidden_size=inner
    )
    layers = [(width, inner), (inner, inner), (inner, width)]
    assert encoder - prompt == sum(
        dlp.linear_parameters(in_features=i, out_features=o) for i, o in layers
    )


@law
@given(data=st.data(), width=COUNTS, labels=COUNTS)
def test_a_head_is_a_linear_layer_or_two(data: DataObject, width: int, labels: int) -> None:
    shape: dict[str, Any] = {"hidden_size": width, "num_labels": labels}
    plain = dlp.classification_head_parameters(**shape, bias=False)
    biased = dlp.classification_head_parameters(**shape)
    assert biased == plain + labels
    assert biased == dlp.linear_parameters(in_features=width, out_features=labels)
    built = dlp.transformers_head_parameters(
        **some_call(data, "transformers_head_parameters") | shape
    )
    assert built in {plain, biased, biased + width**2 + width}


# --- What a config leaves open --------------------------------------------------------------


@law
@given(data=st.data())
def test_keys_that_no_formula_knows_change_nothing(name: str, data: DataObject) -> None:
    call = some_call(data, name)
    unknown = {"rope_theta": 1e6, "torch_dtype": "bfloat16", "use_it": None}
    before = copy.deepcopy(call["config"])
    assert result(name, **call) == result(name, **call | {"config": unknown | call["config"]})
    assert call["config"] == before


@law
@given(data=st.data(), tokens=COUNTS, window=COUNTS, batch=st.integers(1, 9))
def test_a_sliding_window_never_keeps_more(
    data: DataObject, tokens: int, window: int, batch: int
) -> None:
    config = data.draw(configs)
    size = dlp.transformer_dimensions(config=config)
    shape: dict[str, Any] = {
        **{n: size[n] for n in ("num_hidden_layers", "num_key_value_heads", "head_dim")},
        "batch_size": batch,
    }
    whole = dlp.kv_cache_bytes(**shape, num_tokens=tokens)
    kept: dict[str, Any] = {"num_tokens": tokens, "batch_size": batch}
    assert dlp.sliding_window_layers(config=config | {"sliding_window": None}) == 0
    assert dlp.model_kv_cache_bytes(config=config | {"sliding_window": None}, **kept) == whole
    slides = config | {"sliding_window": window, "use_sliding_window": True}
    sliding = dlp.sliding_window_layers(config=slides)
    assert 0 <= sliding <= size["num_hidden_layers"]
    cut = dlp.model_kv_cache_bytes(config=slides, **kept)
    assert (cut < whole) == (window < tokens and sliding > 0)
    if sliding == size["num_hidden_layers"]:
        assert cut == dlp.kv_cache_bytes(**shape, num_tokens=min(tokens, window))


# --- Compute --------------------------------------------------------------------------------


@law
@given(parameters=COUNTS, trained=COUNTS, tokens=COUNTS)
def test_training_costs_between_one_and_four_forward_passes(
    parameters: int, trained: int, tokens: int
) -> None:
    run: dict[str, Any] = {"num_parameters": parameters, "num_tokens": tokens}
    forward = dlp.forward_flops(**run)
    assert dlp.training_flops(**run) == 3 * forward
    assert dlp.training_flops(**run, recomputation="full") == 4 * forward
    lora = dlp.lora_training_flops(**run, num_adapter_parameters=trained)
    adapters = dlp.training_flops(num_parameters=trained, num_tokens=tokens)
    assert lora == 2 * forward + adapters
    assert dlp.lora_training_flops(**run, num_adapter_parameters=0) == 2 * forward
    head = min(trained, parameters)
    only_head = dlp.head_training_flops(**run, num_head_parameters=head)
    assert only_head - forward == 2 * dlp.forward_flops(num_parameters=head, num_tokens=tokens)
    assert forward < only_head <= dlp.training_flops(**run)


@law
@given(data=st.data(), tokens=COUNTS)
def test_attention_comes_on_top_of_the_parameters(data: DataObject, tokens: int) -> None:
    call = some_call(data, "training_flops_per_token")
    shape: dict[str, Any] = {
        name: value for name, value in call.items() if name != "num_parameters"
    }
    attention = dlp.attention_flops(**shape, num_tokens=tokens)
    parameters = dlp.training_flops(num_parameters=call["num_parameters"], num_tokens=tokens)
    assert tokens * dlp.training_flops_per_token(**call) == attention + parameters
    forward = dlp.attention_flops(**shape, num_tokens=tokens, passes="forward")
    assert attention == 3 * forward
    whole, half = (
        dlp.attention_flops(**shape | {"causal": causal}, num_tokens=tokens)
        for causal in (False, True)
    )
    assert whole == 2 * half


@law
@given(length=COUNTS, depth=COUNTS, heads=st.integers(1, 64), vocabulary=COUNTS)
def test_the_flops_of_a_shape_are_those_of_its_parameters(
    length: int, depth: int, heads: int, vocabulary: int
) -> None:
    width = 8 * heads
    shape: dict[str, Any] = {"num_hidden_layers": depth, "hidden_size": width}
    total = dlp.transformer_flops(
        num_sequences=1, sequence_length=length, vocab_size=vocabulary, **shape
    )
    parameters = dlp.rough_parameters(**shape) + vocabulary * width
    attention = dlp.attention_flops(
        num_hidden_layers=depth,
        num_attention_heads=heads,
        head_dim=8,
        sequence_length=length,
        num_tokens=length,
    )
    flops = dlp.training_flops(num_parameters=parameters, num_tokens=length)
    assert total == flops + attention


@law
@given(config=configs, length=COUNTS, batch=st.integers(1, 8))
def test_the_parts_of_a_forward_pass_sum_to_its_flops(
    config: dict[str, Any], length: int, batch: int
) -> None:
    size = dlp.transformer_dimensions(config=config)
    parts = dlp.forward_flops_by_part(
        config=config, sequence_length=length, per_device_train_batch_size=batch
    )
    matrices = dlp.forward_flops(
        num_parameters=dlp.compute_parameters(config=config), num_tokens=batch * length
    )
    attention = dlp.attention_flops(
        num_hidden_layers=size["num_hidden_layers"],
        num_attention_heads=size["num_attention_heads"],
        head_dim=size["head_dim"],
        sequence_length=length,
        num_tokens=batch * length,
        passes="forward",
    )
    assert sum(parts.values()) == matrices + attention


@law
@given(
    share=st.floats(0.01, 1),
    flops=st.floats(1, 1e15),
    devices=st.integers(1, 10_000),
    accelerator=st.sampled_from(dlp.ACCELERATORS),
)
def test_speed_and_utilization_are_inverses(
    share: float, flops: float, devices: int, accelerator: Any
) -> None:
    peak = dlp.peak_flops_per_second(accelerator=accelerator)
    machine: dict[str, Any] = {"num_devices": devices, "peak_flops_per_second": peak}
    speed = dlp.tokens_per_second(utilization=share, flops_per_token=flops, **machine)
    back = dlp.flops_utilization(tokens_per_second=speed, flops_per_token=flops, **machine)
    assert back == pytest.approx(share)
    tokens = 10**9
    days = dlp.training_days(
        num_parameters=7,
        num_tokens=tokens,
        num_devices=devices,
        flops_per_second=peak,
        utilization=share,
    )
    seconds = tokens / dlp.tokens_per_second(utilization=share, flops_per_token=6 * 7, **machine)
    assert days == pytest.approx(seconds / 24 / 60 / 60)


# --- Inverses -------------------------------------------------------------------------------


@law
@given(depth=COUNTS, width=COUNTS)
def test_the_implied_depth_inverts_the_rough_size(depth: int, width: int) -> None:
    size = dlp.rough_parameters(num_hidden_layers=depth, hidden_size=width)
    assert dlp.implied_depth(num_parameters=size, hidden_size=width) == depth
    assert dlp.implied_depth(num_parameters=size + 1, hidden_size=width) >= depth
    assert dlp.implied_depth(num_parameters=max(size - 1, 1), hidden_size=width) <= depth


@law
@given(num_bytes=st.integers(0, 10**15))
def test_units_turn_back_into_bytes(num_bytes: int) -> None:
    decimal, binary = dlp.gigabytes(num_bytes=num_bytes), dlp.gibibytes(num_bytes=num_bytes)
    assert decimal * dlp.GB == pytest.approx(num_bytes)
    assert binary * dlp.GIB == num_bytes
    assert decimal >= binary


LIMITS = {
    "largest_batch": "per_device_train_batch_size",
    "largest_context": "sequence_length",
    "largest_rank": "r",
    "largest_model": "num_parameters",
    "largest_cached_context": "num_tokens",
}
"""What each inverse searches."""


@law
@given(data=st.data(), memory=st.integers(1, 2 * 10**11))
def test_a_limit_fits_and_one_more_does_not(name: str, data: DataObject, memory: int) -> None:
    call = some_call(data, name) | {"memory_bytes": memory}
    found = result(name, **call)
    largest = LIMITS[name]
    if found[largest]:
        assert found["total"] <= memory
    assert found["next_total"] > memory
    # With just the memory that one more takes there is room for it, with a byte less there is not.
    enough = result(name, **call | {"memory_bytes": found["next_total"]})
    assert enough[largest] > found[largest]
    assert enough["total"] == found["next_total"] or enough[largest] > found[largest] + 1
    short = result(name, **call | {"memory_bytes": found["next_total"] - 1})
    assert short[largest] == found[largest]


@law
@given(data=st.data(), memory=st.integers(10**9, 10**12), method=st.sampled_from(dlp.METHODS))
def test_the_ledger_of_a_limit_has_its_total(data: DataObject, memory: int, method: Any) -> None:
    for name in ("largest_batch", "largest_context"):
        call = some_call(data, name) | {"memory_bytes": memory, "method": method}
        found = result(name, **call)
        assume(found[LIMITS[name]])
        shape = call["micro_batch"] | {LIMITS[name]: found[LIMITS[name]]}
        row = dlp.memory_ledger(**call["ledger"], micro_batch=shape)[method]
        assert row["total"] == found["total"] <= memory
        assert row[found["largest_part"]] == max(
            value for part, value in row.items() if part != "total"
        )


@law
@given(data=st.data(), memory=st.integers(1, 10**12))
def test_the_largest_model_just_fits(data: DataObject, memory: int) -> None:
    call = some_call(data, "largest_model") | {"memory_bytes": memory}
    call |= {"frozen": False, "num_adapter_parameters": 0}
    found = dlp.largest_model(**call)["num_parameters"]
    assert isinstance(found, int)
    sharing = {name: call[name] for name in ("convention", "stage", "num_devices")}
    fits, above = (
        dlp.sharded_state_bytes(num_trainable_parameters=size, **sharing)["total"]
        for size in (found, found + 1)
    )
    assert fits <= memory < above


@law
@given(data=st.data(), memory=st.integers(16 * 10**9, 10**12))
def test_the_largest_rank_just_fits(data: DataObject, memory: int) -> None:
    call = some_call(data, "largest_rank") | {"memory_bytes": memory, "micro_batch": None}
    found: dict[str, Any] = dict(dlp.largest_rank(**call))
    assume(found["r"])
    names = ("config", "target_modules", "bias", "use_dora")
    adapters = dlp.lora_model_parameters(r=found["r"], **{name: call[name] for name in names})
    row = dlp.memory_ledger(**call["ledger"], num_adapter_parameters=adapters)[call["method"]]
    assert row["total"] == found["total"] <= memory


@law
@given(data=st.data(), memory=st.integers(15 * 10**9, 10**12))
def test_the_longest_cached_context_just_fits(data: DataObject, memory: int) -> None:
    call = some_call(data, "largest_cached_context") | {"memory_bytes": memory}
    found: dict[str, Any] = dict(dlp.largest_cached_context(**call))
    tokens = found["num_tokens"]
    weights = dlp.weight_bytes(num_parameters=call["num_parameters"], dtype=call["dtype"])
    names = ("num_hidden_layers", "num_key_value_heads", "head_dim", "batch_size")
    shape: dict[str, Any] = {name: call[name] for name in names} | {"dtype": call["cache_dtype"]}
    assume(tokens)
    cache = dlp.kv_cache_bytes(num_tokens=tokens, **shape)
    assert weights + cache == found["total"] <= memory
    assert weights + dlp.kv_cache_bytes(num_tokens=tokens + 1, **shape) > memory


# --- The objective --------------------------------------------------------------------------


@st.composite
def scored(draw: st.DrawFn) -> tuple[list[list[float]], list[int]]:
    """Draw logits and labels, the second of which at least is supervised."""
    classes, length = draw(st.integers(1, 5)), draw(st.integers(2, 6))
    score = st.floats(-30, 30, width=32)
    logits = draw(
        st.lists(
            st.lists(score, min_size=classes, max_size=classes), min_size=length, max_size=length
        )
    )
    label = st.one_of(st.just(dlp.IGNORE_INDEX), st.integers(0, classes - 1))
    labels = draw(st.lists(label, min_size=length, max_size=length))
    labels[1] = draw(st.integers(0, classes - 1))
    return logits, labels


@law
@given(case=scored(), shift=st.floats(-50, 50, width=32))
def test_a_constant_added_to_all_scores_changes_no_loss(
    case: tuple[list[list[float]], list[int]], shift: float
) -> None:
    logits, labels = case
    loss = dlp.cross_entropy(logits=logits, labels=labels)
    assert loss >= 0
    moved = [[score + shift for score in row] for row in logits]
    assert dlp.cross_entropy(logits=moved, labels=labels) == pytest.approx(loss, abs=1e-4)
    even = [[shift] * len(row) for row in logits]
    assert dlp.cross_entropy(logits=even, labels=labels) == pytest.approx(math.log(len(logits[0])))


@law
@given(case=scored())
def test_the_loss_of_a_text_is_that_of_its_next_tokens(
    case: tuple[list[list[float]], list[int]],
) -> None:
    logits, labels = case
    loss = dlp.causal_lm_loss(logits=logits, labels=labels)
    assert loss == pytest.approx(dlp.cross_entropy(logits=logits[:-1], labels=labels[1:]))
    # The first label and the last scores have no part in it.
    changed = [dlp.IGNORE_INDEX, *labels[1:]]
    assert dlp.causal_lm_loss(logits=[*logits[:-1], logits[0]], labels=changed) == loss
    counted = [label for label in labels[1:] if label != dlp.IGNORE_INDEX]
    assert dlp.supervised_tokens(labels=labels) == len(counted)


@law
@given(
    tokens=st.lists(st.tuples(st.floats(0, 50), st.booleans()), min_size=2, max_size=12),
    times=st.floats(0, 9),
)
def test_a_mean_lies_between_the_losses_that_count(
    tokens: list[tuple[float, bool]], times: float
) -> None:
    losses = [loss for loss, _ in tokens]
    labels = [7 if counts else dlp.IGNORE_INDEX for _, counts in tokens]
    assume(any(counts for _, counts in tokens[1:]))
    kept = dlp.supervised_losses(token_losses=losses, labels=labels)
    assert len(kept) == dlp.supervised_tokens(labels=labels)
    mean = dlp.mean_loss(token_losses=losses, labels=labels)
    assert min(kept) * (1 - 1e-12) <= mean <= max(kept) * (1 + 1e-12)
    more = dlp.mean_loss(token_losses=[times * loss for loss in losses], labels=labels)
    assert more == pytest.approx(times * mean)


@law
@given(sums=st.lists(st.floats(0, 1e6), min_size=1, max_size=8), tokens=COUNTS)
def test_micro_batches_of_one_length_may_be_averaged_either_way(
    sums: list[float], tokens: int
) -> None:
    counts = [tokens] * len(sums)
    by_token, by_batch = (
        dlp.accumulated_loss(loss_sums=sums, num_tokens=counts, average=average)
        for average in dlp.AVERAGES
    )
    assert by_token == pytest.approx(by_batch)
    single = dlp.accumulated_loss(loss_sums=[sum(sums)], num_tokens=[sum(counts)])
    assert single == pytest.approx(by_token)
    losses = dlp.mean_loss(token_losses=[0.0, *sums], labels=[1] * (len(sums) + 1))
    assert losses == pytest.approx(by_token * tokens)


@law
@given(data=st.data(), ids=texts)
def test_a_label_is_its_token_or_ignored(data: DataObject, ids: list[int]) -> None:
    length = len(ids)
    mask = data.draw(st.lists(st.integers(0, 1), min_size=length, max_size=length))
    prompt = data.draw(st.integers(0, length))
    after_prompt = [0] * prompt + [1] * (length - prompt)
    masked = [token if bit else dlp.IGNORE_INDEX for token, bit in zip(ids, mask, strict=True)]
    assert dlp.pretraining_labels(input_ids=ids) == ids
    assert dlp.pretraining_labels(input_ids=ids, attention_mask=mask) == masked
    assert dlp.assistant_labels(input_ids=ids, assistant_masks=mask) == masked
    completion = dlp.completion_labels(input_ids=ids, num_prompt_tokens=prompt)
    assert completion == dlp.assistant_labels(input_ids=ids, assistant_masks=after_prompt)
    assert dlp.supervised_tokens(labels=completion) == length - max(prompt, 1)


# --- What must be here ----------------------------------------------------------------------


def test_the_tables_of_arguments_name_the_formulas_of_their_law() -> None:
    for table in (FACTORS, FALLS, ALIKE, LIMITS):
        for name, listed in table.items():
            if isinstance(listed, str):
                continue
            known = worked.parameters(FUNCTIONS[name])
            for entry in listed:
                assert set(entry.split(" and ")) <= set(known), f"{name}: {entry}"
