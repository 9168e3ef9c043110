"""Laws that the formulas keep, whatever their arguments.

`docs/_evidence/laws.toml` names the formulas of each. A test that takes a `name` is tried on each,
the others call them all.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import dlp
from _guide import worked
from tests.formulas.calls import FUNCTIONS
from tests.formulas.laws import COUNTS, configs, law, numbers, result, some_call

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

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
    "megatron_activation_bytes": ("per_device_train_batch_size",),
    "megatron_activations": ("per_device_train_batch_size",),
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
    "loha_parameters": ("r",),
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
    "preference_sequences_per_update": (
        *("per_device_train_batch_size", "gradient_accumulation_steps", "num_devices"),
    ),
    "scheduler_steps": ("num_updates", "num_devices"),
}
"""The arguments to each of which a result is proportional."""


@law
@given(data=st.data(), times=st.integers(2, 9))
def test_a_multiple_of_a_factor_gives_that_multiple(
    name: str, data: DataObject, times: int
) -> None:
    call = some_call(data, name, split_batches=False, num_train_epochs=3)
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
    "epochs_started": ("num_samples",),
    "stream_micro_batches_per_epoch": ("per_device_train_batch_size", "num_devices"),
    "grpo_updates_per_epoch": (
        *("per_device_train_batch_size", "num_devices", "gradient_accumulation_steps"),
    ),
    "grpo_training_updates": (
        *("per_device_train_batch_size", "num_devices", "gradient_accumulation_steps"),
    ),
    # More at once may leave fewer prompts over.
    "grpo_completions_per_epoch": (
        *("per_device_train_batch_size", "num_devices", "gradient_accumulation_steps"),
    ),
}
"""The counts with which a result falls, or stays; with all others it grows, or stays."""


@law
@given(data=st.data(), more=st.integers(1, 60))
def test_what_shares_the_work_never_adds_to_it(name: str, data: DataObject, more: int) -> None:
    call = some_call(data, name, split_batches=False)  # else a batch must divide
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
        and value >= 0  # max_steps counts nothing below
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
@given(dtype=st.sampled_from(dlp.CACHE_DTYPES), tokens=COUNTS)
def test_a_cache_holds_two_numbers_for_each_token(dtype: Any, tokens: int) -> None:
    bits = dlp.cache_bits_per_value(dtype=dtype)
    cache = dlp.kv_cache_bytes(
        num_hidden_layers=1, num_key_value_heads=1, head_dim=1, num_tokens=tokens, dtype=dtype
    )
    assert cache == math.ceil(2 * tokens * bits / 8)
    if dtype in dlp.GGML_TYPES:
        assert bits == dlp.gguf_bits_per_weight(ggml_type=dtype)


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
    call = some_call(data, name, split_batches=False)
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
    shape: dict[str, Any] = {name: size[name] for name in names}
    cache = dlp.kv_cache_bytes(**shape, num_tokens=tokens, dtype="int8")
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


# --- Inverses -------------------------------------------------------------------------------


@law
@given(depth=COUNTS, width=COUNTS)
def test_the_implied_depth_inverts_the_rough_size(depth: int, width: int) -> None:
    size = dlp.rough_parameters(num_hidden_layers=depth, hidden_size=width)
    assert dlp.implied_depth(num_parameters=size, hidden_size=width) == depth
    assert dlp.implied_depth(num_parameters=size + 1, hidden_size=width) >= depth
    assert dlp.implied_depth(num_parameters=max(size - 1, 1), hidden_size=width) <= depth


@law
@settings(max_examples=25)
@given(data=st.data(), memory=st.integers(1, 10**11))
def test_a_limit_fits_and_one_more_does_not(name: str, data: DataObject, memory: int) -> None:
    call = some_call(data, name) | {"memory_bytes": memory}
    found = result(name, **call)
    held = "total" if "total" in found else "peak"
    if found["largest"]:
        assert found[held] <= memory
    after = found[f"next_{held}"]
    assert after > memory
    # With just the memory that one more takes there is room for it, with a byte less there is not.
    enough = result(name, **call | {"memory_bytes": after})
    assert enough["largest"] > found["largest"]
    assert enough[held] == after or enough["largest"] > found["largest"] + 1
    short = result(name, **call | {"memory_bytes": after - 1})
    assert short["largest"] == found["largest"]


# --- What must be here ----------------------------------------------------------------------


def test_the_tables_of_arguments_name_the_formulas_of_their_law() -> None:
    for table in (FACTORS, FALLS, ALIKE):
        for name, listed in table.items():
            if isinstance(listed, str):
                continue
            known = worked.parameters(FUNCTIONS[name])
            for entry in listed:
                assert set(entry.split(" and ")) <= set(known), f"{name}: {entry}"
