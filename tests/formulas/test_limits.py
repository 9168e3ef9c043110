"""Limits: what is found fits, and one more does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import dlp
from tests.formulas.calls import FUNCTIONS, calls
from tests.formulas.laws import law, result

if TYPE_CHECKING:
    from collections.abc import Callable

SHAPE: Any = {
    "num_hidden_layers": 8,
    "per_device_train_batch_size": 2,
    "sequence_length": 64,
    "hidden_size": 256,
    "num_attention_heads": 4,
}
LLAMA_SHAPE = SHAPE | {
    "layer": "llama",
    "intermediate_size": 700,
    "num_key_value_heads": 2,
    "head_dim": 64,
}
LEDGER: Any = {
    "num_parameters": 10_000_000,
    "num_head_parameters": 1000,
    "num_adapter_parameters": 100_000,
}

memory = st.integers(1, 10**10)
methods = st.sampled_from(dlp.METHODS)
optimizers = st.sampled_from(dlp.OPTIMIZERS)
attentions = st.sampled_from(dlp.ATTENTIONS)


def check(
    found: Any,
    name: str,
    memory_bytes: int,
    parts_of: Callable[[int], dict[str, int]],
) -> None:
    """Compare a limit with the ledger at it, and with the ledger one further."""
    value = found[name]
    assert isinstance(value, int)
    at, after = parts_of(value), parts_of(value + 1)
    assert tuple(found) == (name, "total", "next_total", "largest_part", "growing_part")
    assert found["total"] == at["total"]
    assert found["next_total"] == after["total"] > memory_bytes
    if value:
        assert at["total"] <= memory_bytes
    held = at if value else after
    parts = [part for part in held if part != "total"]
    assert held[str(found["largest_part"])] == max(held[part] for part in parts)
    growth = {part: after[part] - at[part] for part in parts}
    assert growth[str(found["growing_part"])] == max(growth.values())


@law
@given(memory, methods, optimizers, attentions)
def test_the_ledger_of_a_limit_has_its_total(
    memory_bytes: int, method: Any, optimizer: Any, attention: Any
) -> None:
    ledger: Any = LEDGER | {"optimizer": optimizer, "dtype": "bf16"}
    for function, name in (
        ("largest_batch", "per_device_train_batch_size"),
        ("largest_context", "sequence_length"),
    ):
        shape: Any = {**SHAPE, "attention": attention}
        del shape[name]

        def parts_of(value: int, shape: Any = shape, name: str = name) -> dict[str, int]:
            micro_batch: Any = {**shape, name: value} if value else None
            return dlp.memory_ledger(**ledger, micro_batch=micro_batch)[method]

        found = result(
            function, memory_bytes=memory_bytes, ledger=ledger, micro_batch=shape, method=method
        )
        check(found, name, memory_bytes, parts_of)
        assert found["growing_part"] == "activations"


@law
@given(
    memory,
    st.sampled_from(["lora", "qlora"]),
    st.booleans(),
    st.sampled_from([None, SHAPE, LLAMA_SHAPE]),
)
@example(memory_bytes=10**6, method="lora", use_dora=False, micro_batch=LLAMA_SHAPE)
def test_the_largest_rank_just_fits(
    memory_bytes: int, method: Any, use_dora: bool, micro_batch: Any
) -> None:
    ledger: Any = {"num_parameters": 124_439_808, "dtype": "bf16"}
    adapters: dict[str, Any] = {
        "config": dlp.GPT2,
        "target_modules": ["c_attn"],
        "use_dora": use_dora,
    }

    def parts_of(r: int) -> dict[str, int]:
        trained = dlp.lora_model_parameters(r=r, **adapters) if r else 0
        shape: Any = micro_batch and {**micro_batch, "r": max(r, 1)}
        return dlp.memory_ledger(**ledger, num_adapter_parameters=trained, micro_batch=shape)[
            method
        ]

    found = dlp.largest_rank(
        memory_bytes=memory_bytes, ledger=ledger, method=method, micro_batch=micro_batch, **adapters
    )
    check(found, "r", memory_bytes, parts_of)


@law
@given(
    memory,
    st.booleans(),
    st.sampled_from(dlp.DTYPES),
    st.integers(0, 10**9),
    st.sampled_from(list(dlp.CONVENTIONS)),
    st.integers(0, 3),
    st.integers(1, 512),
)
def test_the_largest_model_just_fits(
    memory_bytes: int,
    frozen: bool,
    frozen_dtype: Any,
    adapters: int,
    convention: Any,
    stage: int,
    num_devices: int,
) -> None:
    rest: dict[str, Any] = {"convention": convention, "stage": stage, "num_devices": num_devices}

    def parts_of(num_parameters: int) -> dict[str, int]:
        return dlp.sharded_state_bytes(
            num_trainable_parameters=adapters + (0 if frozen else num_parameters),
            num_frozen_parameters=num_parameters if frozen else 0,
            frozen_dtype=frozen_dtype,
            **rest,
        )

    found = dlp.largest_model(
        memory_bytes=memory_bytes,
        frozen=frozen,
        frozen_dtype=frozen_dtype,
        num_adapter_parameters=adapters,
        **rest,
    )
    check(found, "num_parameters", memory_bytes, parts_of)


@law
@given(memory, st.integers(0, 10**10), st.integers(1, 64), st.sampled_from(dlp.CACHE_DTYPES))
def test_the_longest_cached_context_just_fits(
    memory_bytes: int, num_parameters: int, batch_size: int, cache_dtype: Any
) -> None:
    cache: dict[str, Any] = {
        "num_hidden_layers": 16,
        "num_key_value_heads": 8,
        "head_dim": 64,
        "batch_size": batch_size,
    }
    weights = dlp.weight_bytes(num_parameters=num_parameters, dtype="int8")

    def parts_of(num_tokens: int) -> dict[str, int]:
        kept = 0
        if num_tokens:
            kept = dlp.kv_cache_bytes(num_tokens=num_tokens, dtype=cache_dtype, **cache)
        return {"weights": weights, "cache": kept, "total": weights + kept}

    found = dlp.largest_cached_context(
        memory_bytes=memory_bytes,
        num_parameters=num_parameters,
        dtype="int8",
        cache_dtype=cache_dtype,
        **cache,
    )
    check(found, "num_tokens", memory_bytes, parts_of)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name.startswith("largest_")])
def test_more_memory_never_fits_less(name: str) -> None:
    function = FUNCTIONS[name]
    for arguments in list(calls(name))[::3]:
        sizes = [
            next(iter(function(**arguments | {"memory_bytes": memory_bytes}).values()))
            for memory_bytes in (1, 10**9, 10**9 + 1, 10**10, 10**12)
        ]
        assert sizes == sorted(sizes), arguments


def test_where_nothing_fits_the_next_total_says_what_is_needed() -> None:
    found = dlp.largest_batch(
        memory_bytes=100_000_000, ledger=LEDGER, micro_batch=SHAPE, method="full"
    )
    assert found["per_device_train_batch_size"] == 0
    assert found["total"] == dlp.memory_ledger(**LEDGER)["full"]["total"] > 100_000_000
    one = dlp.memory_ledger(**LEDGER, micro_batch=SHAPE | {"per_device_train_batch_size": 1})
    assert found["next_total"] == one["full"]["total"]
    assert found["largest_part"] == "optimizer"


@pytest.mark.parametrize("adapters", [0, 10**15])
def test_memory_enough_for_any_model_is_refused(adapters: int) -> None:
    with pytest.raises(ValueError, match="memory_bytes is enough for any num_parameters"):
        dlp.largest_model(
            memory_bytes=10**15, stage=3, num_devices=10**6, num_adapter_parameters=adapters
        )


def test_arguments_may_go_to_the_ends_of_their_ranges() -> None:
    found = dlp.largest_model(memory_bytes=10**15, num_adapter_parameters=0)
    assert found["num_parameters"] == 10**15 // 16
    assert dlp.largest_model(memory_bytes=1, num_adapter_parameters=10**15)["num_parameters"] == 0


@pytest.mark.parametrize("changes", [{}, {"stage": 3}, {"num_devices": 8}])
def test_without_stage_or_devices_nothing_is_shared(changes: dict[str, Any]) -> None:
    found = dlp.largest_model(memory_bytes=80_000_000_000, **changes)
    assert found["num_parameters"] == 5_000_000_000
