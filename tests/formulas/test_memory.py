"""Memory: rows add up, formats are proportional, and freezing saves what it should."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from tests.formulas.calls import calls
from tests.formulas.laws import COUNTS, law, result, some_call

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

values = st.integers(0, 10**12)

# --- Units ----------------------------------------------------------------------------------


def test_no_bytes_have_no_sign() -> None:
    for unit in (dlp.gigabytes, dlp.gibibytes):
        assert math.copysign(1, unit(num_bytes=-0.0)) == 1


# --- The ledger -----------------------------------------------------------------------------

LEDGERS = list(calls("state_ledger"))[::7]


def test_the_ledger_agrees_with_the_single_formulas() -> None:
    for arguments in LEDGERS:
        ledger = dlp.state_ledger(**arguments)
        assert dlp.memory_ledger(**arguments) == ledger
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
            updated = {"dtype": "fp32"} if arguments["master_weights"] else {}
            assert row["optimizer"] == sum(
                dlp.optimizer_state_bytes(
                    num_trainable_parameters=n,
                    optimizer=arguments["optimizer"],
                    **{"dtype": d} | updated,
                )
                for n, d in dtypes.items()
            )
            copies = 4 * (trained + (0 if in_fp32 else beside))
            assert row["master_weights"] == (copies if arguments["master_weights"] else 0)


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


RUN: Any = {
    "config": {**dlp.LLAMA_3_8B, "num_hidden_layers": 4},
    "training": {
        "per_device_train_batch_size": 2,
        "max_length": 300,
        "dtype": "bfloat16",
        "num_labels": 3,
    },
    "lora": {"r": 8, "target_modules": "all-linear"},
}
COPIES = ("config", "training", "lora")


def test_the_ledger_of_a_run_has_the_parts_of_its_peak() -> None:
    ledger = dlp.memory_ledger(**RUN)
    assert tuple(ledger) == dlp.METHODS
    size = dlp.parameter_count(config=RUN["config"]) - 128_256 * 4096 + 3 * 4096
    full: Any = ledger["full"]
    assert full["weights"] == full["gradients"] == 2 * size
    # AdamW's moments are in the format of the weights.
    assert full["optimizer"] == 4 * size
    adapters = dlp.lora_model_parameters(config=RUN["config"], r=8, target_modules="all-linear")
    lora: Any = ledger["lora"]
    # Adapters and the head beside them, a copy of one, are all that is trained.
    assert lora["weights"] >= 2 * size + 4 * adapters
    assert 4 * adapters <= lora["gradients"] < 4 * adapters + 8 * 3 * 4096
    for method, row in ledger.items():
        assert row["total"] == sum(row.values()) - row["total"]
        trained: Any = method if method in dlp.TRAINED_PARTS else "lora"
        alone = {key: RUN[key] for key in COPIES if key != "lora" or trained == "lora"}
        if method == "qlora":
            alone["quantization"] = {"load_in_4bit": True, "bnb_4bit_use_double_quant": True}
        step: Any = dlp.peak_memory(**alone, method=trained)
        held = step["moments"]["forward end"]
        assert row["activations"] == sum(
            held.get(part, 0) for part in ("activations", "cache", "logits")
        )
    assert ledger["qlora"]["weights"] < ledger["lora"]["weights"]
    assert ledger["head-only"]["activations"] < ledger["lora"]["activations"]


def test_a_run_without_states_has_none_in_its_ledger() -> None:
    training = {"per_device_train_batch_size": 1, "max_length": 8, "optim": "sgd"}
    (row,) = dlp.memory_ledger(config=dlp.GPT2, training=training).values()
    assert row["optimizer"] == row["master_weights"] == 0
    for name in ("training", "lora", "quantization"):
        with pytest.raises(ValueError, match=f"{name} must not be given without config"):
            result("memory_ledger", num_parameters=7, **{name: {}})


def test_a_method_that_nothing_was_said_of_is_not_in_the_ledger() -> None:
    training = {"per_device_train_batch_size": 1, "max_length": 64}
    assert list(dlp.memory_ledger(config=RUN["config"], training=training)) == ["full"]
    ledger = dlp.memory_ledger(config=RUN["config"], training=training, lora=RUN["lora"])
    assert list(ledger) == ["full", "lora", "qlora"]
    with pytest.raises(ValueError, match="config must not be given beside num_parameters"):
        dlp.memory_ledger(config=RUN["config"], num_parameters=1)
    with pytest.raises(TypeError, match="num_parameters"):
        dlp.memory_ledger()


def test_adamw_keeps_its_moments_in_the_format_of_what_it_updates() -> None:
    one_billion: Any = {"num_parameters": 1_235_814_400, "dtype": "bf16"}
    plain: Any = dlp.memory_ledger(**one_billion)
    assert plain["full"]["optimizer"] == 4_943_257_600
    mixed: Any = dlp.memory_ledger(**one_billion, master_weights=True)
    assert mixed["full"]["optimizer"] == 2 * 4_943_257_600
    small: Any = dlp.memory_ledger(**one_billion, optimizer="adamw-8bit")
    assert small["full"]["optimizer"] == 1_235_814_400 * 520 // 256


# --- Laws -----------------------------------------------------------------------------------------


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
        num_trainable_parameters=everything,
        optimizer=call["optimizer"],
        dtype="fp32" if call["master_weights"] else call["dtype"],
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
    dtype: Any = data.draw(st.sampled_from(dlp.DTYPES))
    bits = dlp.bits_per_parameter(dtype=dtype)
    assert 4 <= bits <= 32
    assert bits == 8 * dlp.bytes_per_parameter(dtype=dtype)
    assert dlp.stored_bytes(num_values=count, dtype=dtype) == math.ceil(count * bits / 8)
    if dtype in dlp.CACHE_DTYPES:
        assert dlp.cache_bits_per_value(dtype=dtype) == bits


@law
@given(num_bytes=st.integers(0, 10**15))
def test_units_turn_back_into_bytes(num_bytes: int) -> None:
    decimal, binary = dlp.gigabytes(num_bytes=num_bytes), dlp.gibibytes(num_bytes=num_bytes)
    assert decimal * dlp.GB == pytest.approx(num_bytes)
    assert binary * dlp.GIB == num_bytes
    assert decimal >= binary
