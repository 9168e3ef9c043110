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

# --- Units ----------------------------------------------------------------------------------


@given(values, st.sampled_from(dlp.DTYPES))
def test_bytes_are_exact_and_rounded_up(num_values: int, dtype: Any) -> None:
    exact = num_values * Fraction(dlp.bits_per_parameter(dtype=dtype)) / 8
    assert dlp.stored_bytes(num_values=num_values, dtype=dtype) == math.ceil(exact)
    assert dlp.weight_bytes(num_parameters=num_values, dtype=dtype) == math.ceil(exact)


@pytest.mark.parametrize("dtype", dlp.DTYPES)
def test_a_byte_has_eight_bits(dtype: Any) -> None:
    assert 8 * dlp.bytes_per_parameter(dtype=dtype) == dlp.bits_per_parameter(dtype=dtype)


@given(st.floats(0, 1e18))
def test_a_gibibyte_is_larger_than_a_gigabyte(num_bytes: float) -> None:
    gigabytes = dlp.gigabytes(num_bytes=num_bytes)
    assert dlp.gibibytes(num_bytes=num_bytes) * dlp.GIB == pytest.approx(gigabytes * dlp.GB)
    assert dlp.gibibytes(num_bytes=num_bytes) <= gigabytes


def test_no_bytes_have_no_sign() -> None:
    for unit in (dlp.gigabytes, dlp.gibibytes):
        assert math.copysign(1, unit(num_bytes=-0.0)) == 1


# --- The ledger -----------------------------------------------------------------------------

LEDGERS = list(calls("memory_ledger"))[::7]


@pytest.mark.parametrize("name", dlp.CONVENTIONS)
def test_a_convention_is_the_sum_of_its_parts(name: Any) -> None:
    per_parameter = dlp.training_bytes_per_parameter(convention=name)
    assert per_parameter == sum(dlp.CONVENTIONS[name].values())
    assert dlp.training_state_bytes(num_parameters=7, convention=name) == 7 * per_parameter


@given(st.integers(1, 10**12), st.sampled_from(dlp.OPTIMIZERS))
def test_an_optimizer_keeps_whole_bytes(trained: int, optimizer: Any) -> None:
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
        in_fp32 = arguments["autocast_adapter_dtype"]
        for method, trained, loaded, beside in (
            ("full", arguments["num_parameters"] + head, arguments["num_parameters"] + head, 0),
            ("head-only", head, arguments["num_parameters"] + head, 0),
            ("lora", head, arguments["num_parameters"] + head, adapters),
        ):
            row = ledger[method]
            dtypes = {loaded: arguments["dtype"], beside: "fp32" if in_fp32 else arguments["dtype"]}
            weights = sum(dlp.weight_bytes(num_parameters=n, dtype=d) for n, d in dtypes.items())
            assert row["weights"] == weights
            dtypes = {trained: arguments["dtype"], beside: dtypes[beside]}
            assert row["gradients"] == sum(
                dlp.gradient_bytes(num_trainable_parameters=n, dtype=d) for n, d in dtypes.items()
            )
            assert row["optimizer"] == dlp.optimizer_state_bytes(
                num_trainable_parameters=trained + beside, optimizer=arguments["optimizer"]
            )
            copies = 4 * (trained + (0 if in_fp32 else beside))
            assert row["master_weights"] == (copies if arguments["master_weights"] else 0)


def test_adapters_in_fp32_take_twice_the_bytes_of_a_model_in_16_bits() -> None:
    arguments: dict[str, Any] = {
        "num_parameters": 10**9,
        "num_adapter_parameters": 10**6,
        "dtype": "bf16",
    }
    same = dlp.memory_ledger(**arguments)
    cast = dlp.memory_ledger(**arguments, autocast_adapter_dtype=True)
    for method in dlp.METHODS:
        more = 2 * 10**6 if "lora" in method else 0
        for part in ("weights", "gradients"):
            assert cast[method][part] == same[method][part] + more
        assert cast[method]["total"] == same[method]["total"] + 2 * more


@given(
    st.integers(10**6, 10**11),
    st.integers(0, 10**5),
    st.integers(0, 10**5),
    st.sampled_from(["fp32", "fp16", "bf16"]),
    st.sampled_from(dlp.OPTIMIZERS),
)
def test_training_less_never_takes_more(
    model: int, head: int, adapters: int, dtype: Any, optimizer: Any
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


@pytest.mark.parametrize("in_fp32", [False, True])
@pytest.mark.parametrize("vocab_size", [None, 32_000])
def test_the_ledger_keeps_what_the_activations_formulas_say(
    vocab_size: int | None, in_fp32: bool
) -> None:
    tokens: dict[str, Any] = {
        "per_device_train_batch_size": 1,
        "sequence_length": 2048,
        "hidden_size": 4096,
    }
    micro_batch: Any = {
        **tokens,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "attention": "flash",
        "layer": "llama",
        "intermediate_size": 11008,
        "num_key_value_heads": 32,
        "head_dim": 128,
        "r": 16,
        "target_modules": ["q_proj", "down_proj"],
    }
    ledger = dlp.memory_ledger(
        num_parameters=1,
        dtype="bf16",
        autocast_adapter_dtype=in_fp32,
        micro_batch=micro_batch | {"vocab_size": vocab_size},
    )
    method: Any
    for method, row in ledger.items():
        ours = dlp.activation_bytes(
            **micro_batch, method=method, dtype="bf16", autocast_adapter_dtype=in_fp32
        )
        if vocab_size and method != "head-only":
            output = dlp.output_activations(
                **tokens, vocab_size=vocab_size, method=method, dtype="bf16"
            )
            ours += sum(output.values())
        assert row["activations"] == ours
