"""Memory: rows add up, formats are proportional, and freezing saves what it should."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from tests.formulas.calls import calls

values = st.integers(0, 10**12)
few = st.integers(1, 64)
shape = st.fixed_dictionaries(
    {
        "per_device_train_batch_size": few,
        "sequence_length": st.integers(1, 9000),
        "hidden_size": st.integers(1, 9000),
        "num_attention_heads": few,
    }
)
choices = st.fixed_dictionaries(
    {
        "method": st.sampled_from(dlp.METHODS),
        "dtype": st.sampled_from(dlp.COMPUTE_DTYPES),
        "attention": st.sampled_from(dlp.ATTENTIONS),
        "recomputation": st.sampled_from(dlp.RECOMPUTATIONS),
    }
)

# --- Units ----------------------------------------------------------------------------------


@given(values, st.sampled_from(dlp.DTYPES))
def test_bytes_are_exact_and_rounded_up(num_values: int, dtype: str) -> None:
    exact = num_values * Fraction(dlp.bits_per_parameter(dtype=dtype)) / 8
    assert dlp.stored_bytes(num_values=num_values, dtype=dtype) == math.ceil(exact)
    assert dlp.weight_bytes(num_parameters=num_values, dtype=dtype) == math.ceil(exact)


@pytest.mark.parametrize("dtype", dlp.DTYPES)
def test_a_byte_has_eight_bits(dtype: str) -> None:
    assert 8 * dlp.bytes_per_parameter(dtype=dtype) == dlp.bits_per_parameter(dtype=dtype)


def test_the_formats_of_qlora_are_what_their_blocks_come_to() -> None:
    assert dlp.bits_per_parameter(dtype="nf4") == dlp.blockwise_bits_per_parameter()
    assert dlp.bits_per_parameter(dtype="nf4-double") == dlp.double_quantized_bits_per_parameter()


@given(st.floats(0, 1e18))
def test_a_gibibyte_is_larger_than_a_gigabyte(num_bytes: float) -> None:
    gigabytes = dlp.gigabytes(num_bytes=num_bytes)
    assert dlp.gibibytes(num_bytes=num_bytes) * dlp.GIB == pytest.approx(gigabytes * dlp.GB)
    assert dlp.gibibytes(num_bytes=num_bytes) <= gigabytes


# --- Activations ----------------------------------------------------------------------------


@given(shape, choices)
def test_a_layer_keeps_the_sum_of_its_tensors(layer: dict[str, Any], how: dict[str, Any]) -> None:
    kept = dlp.saved_activations(**layer, **how)
    assert dlp.activation_bytes_per_layer(**layer, **how) == sum(kept.values())


@given(shape, choices, few)
def test_layers_add_up_and_a_head_alone_keeps_no_layer(
    layer: dict[str, Any], how: dict[str, Any], layers: int
) -> None:
    in_all = dlp.activation_bytes(**layer, **how, num_hidden_layers=layers)
    per_layer = dlp.activation_bytes_per_layer(**layer, **how)
    if how["method"] == "head-only":
        assert per_layer == 0
        assert in_all == dlp.activation_bytes(**layer, **how, num_hidden_layers=layers + 1) > 0
    else:
        assert in_all == layers * per_layer


@given(shape, choices, st.integers(2, 9))
def test_activations_are_proportional_to_the_batch(
    layer: dict[str, Any], how: dict[str, Any], factor: int
) -> None:
    larger = layer | {"per_device_train_batch_size": factor * layer["per_device_train_batch_size"]}
    assert dlp.activation_bytes_per_layer(**larger, **how) == (
        factor * dlp.activation_bytes_per_layer(**layer, **how)
    )


@given(shape, choices)
def test_doing_more_again_never_keeps_more(layer: dict[str, Any], how: dict[str, Any]) -> None:
    def kept(**changes: str) -> int:
        return dlp.activation_bytes_per_layer(**layer, **(how | changes))

    # Under LoRA flash attention keeps its own output, which eager attention does not need.
    assert kept(attention="flash", method="full") <= kept(attention="eager", method="full")
    assert kept(recomputation="full") <= kept(recomputation="selective")
    assert kept(recomputation="selective") <= kept(recomputation="none")
    assert kept(method="head-only") <= kept(method="lora") <= kept(method="full")
    assert kept(method="lora") == kept(method="qlora")


@given(shape, choices)
def test_only_kept_scores_grow_faster_than_the_sequence(
    layer: dict[str, Any], how: dict[str, Any]
) -> None:
    twice = layer | {"sequence_length": 2 * layer["sequence_length"]}
    once_kept = dlp.activation_bytes_per_layer(**layer, **how)
    growth = dlp.activation_bytes_per_layer(**twice, **how) - 2 * once_kept
    scores_kept = how["attention"] == "eager" and how["recomputation"] == "none"
    assert (growth > 0) == (scores_kept and how["method"] != "head-only")


def test_the_cache_is_proportional_to_all_it_depends_on() -> None:
    cache: dict[str, Any] = {
        "num_hidden_layers": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "num_tokens": 2048,
        "batch_size": 3,
    }
    once = dlp.kv_cache_bytes(**cache)
    for name, value in cache.items():
        assert dlp.kv_cache_bytes(**(cache | {name: 2 * value})) == 2 * once


# --- The ledger -----------------------------------------------------------------------------

LEDGERS = list(calls("memory_ledger"))[::7]


@pytest.mark.parametrize("name", dlp.CONVENTIONS)
def test_a_convention_is_the_sum_of_its_parts(name: str) -> None:
    per_parameter = dlp.training_bytes_per_parameter(convention=name)
    assert per_parameter == sum(dlp.CONVENTIONS[name].values())
    assert dlp.training_state_bytes(num_parameters=7, convention=name) == 7 * per_parameter


@given(st.integers(1, 10**12), st.sampled_from(dlp.OPTIMIZERS))
def test_an_optimizer_keeps_whole_bytes(trained: int, optimizer: str) -> None:
    exact = trained * Fraction(dlp.optimizer_bytes_per_parameter(optimizer=optimizer))
    kept = dlp.optimizer_state_bytes(num_trainable_parameters=trained, optimizer=optimizer)
    assert kept == math.ceil(exact)


def test_rows_of_the_ledger_sum_to_their_total() -> None:
    for arguments in LEDGERS:
        ledger = dlp.memory_ledger(**arguments)
        assert tuple(ledger) == dlp.METHODS
        for row in ledger.values():
            parts = dict(row)
            assert parts.pop("total") == sum(parts.values())


def test_the_ledger_agrees_with_the_single_formulas() -> None:
    for arguments in LEDGERS:
        ledger = dlp.memory_ledger(**arguments)
        head, adapters = arguments["num_head_parameters"], arguments["num_adapter_parameters"]
        for method, trained, loaded in (
            ("full", arguments["num_parameters"] + head, arguments["num_parameters"] + head),
            ("head-only", head, arguments["num_parameters"] + head),
            ("lora", head + adapters, arguments["num_parameters"] + head + adapters),
        ):
            row = ledger[method]
            assert row["weights"] + row["gradients"] + row["optimizer"] == (
                dlp.training_memory_bytes(
                    num_parameters=loaded,
                    num_trainable_parameters=trained,
                    dtype=arguments["dtype"],
                    optimizer=arguments["optimizer"],
                )
            )
            copies = 4 * trained if arguments["master_weights"] else 0
            assert row["master_weights"] == copies


@given(
    st.integers(10**6, 10**11),
    st.integers(0, 10**5),
    st.integers(0, 10**5),
    st.sampled_from(["fp32", "fp16", "bf16"]),
    st.sampled_from(dlp.OPTIMIZERS),
)
def test_training_less_never_takes_more(
    model: int, head: int, adapters: int, dtype: str, optimizer: str
) -> None:
    ledger = dlp.memory_ledger(
        num_parameters=model,
        num_head_parameters=head,
        num_adapter_parameters=adapters,
        dtype=dtype,
        optimizer=optimizer,
    )
    assert ledger["head-only"]["total"] <= ledger["lora"]["total"] <= ledger["full"]["total"]
    assert ledger["qlora"]["total"] <= ledger["lora"]["total"]
    assert ledger["qlora"]["gradients"] == ledger["lora"]["gradients"]


def test_the_ledger_keeps_what_the_activations_formula_says() -> None:
    micro_batch: dict[str, Any] = {
        "num_hidden_layers": 32,
        "per_device_train_batch_size": 1,
        "sequence_length": 2048,
        "hidden_size": 4096,
        "num_attention_heads": 32,
        "attention": "flash",
    }
    ledger = dlp.memory_ledger(num_parameters=1, dtype="bf16", micro_batch=micro_batch)
    for method, row in ledger.items():
        ours = dlp.activation_bytes(**micro_batch, method=method, dtype="bf16")
        assert row["activations"] == ours
