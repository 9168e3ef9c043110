"""Limits: what is found fits, and one more does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from dlp import _search, limits
from tests.formulas.calls import FUNCTIONS, calls
from tests.formulas.laws import law, result

if TYPE_CHECKING:
    from collections.abc import Callable

memory = st.integers(1, 10**10)


def check(
    found: Any,
    memory_bytes: int,
    parts_of: Callable[[int], dict[str, int]],
) -> None:
    """Compare a limit with the parts at it, and with those one further."""
    value = found["largest"]
    assert isinstance(value, int)
    at, after = parts_of(value), parts_of(value + 1)
    assert tuple(found) == ("largest", "total", "next_total", "largest_part", "growing_part")
    assert found["total"] == at["total"]
    assert found["next_total"] == after["total"] > memory_bytes
    if value:
        assert at["total"] <= memory_bytes
    held = at if value else after
    parts = [part for part in held if part != "total"]
    assert held[str(found["largest_part"])] == max(held[part] for part in parts)
    growth = {part: after[part] - at[part] for part in parts}
    assert growth[str(found["growing_part"])] == max(growth.values())


CONFIG = {**dlp.LLAMA_3_8B, "num_hidden_layers": 3}
TRAINING = {"per_device_train_batch_size": 2, "max_length": 200, "dtype": "bfloat16"}
LORA = {"r": 8, "target_modules": "all-linear"}
SEARCHED = {
    "largest_batch": ("training", "per_device_train_batch_size"),
    "largest_context": ("training", "max_length"),
    "largest_rank": ("lora", "r"),
    "largest_model": ("config", "num_hidden_layers"),
}
"""What each search on the peak turns round: an argument, and a setting in it."""


def with_setting(run: dict[str, Any], name: str, value: int | None) -> dict[str, Any]:
    """Put a number where a search looks for one, or leave it out."""
    argument, setting = SEARCHED[name]
    settings = {key: each for key, each in run[argument].items() if key != setting}
    return run | {argument: settings if value is None else settings | {setting: value}}


@law
@given(
    lora=st.booleans(),
    checkpointing=st.booleans(),
    optim=st.sampled_from(["adamw_torch", "adamw_8bit"]),
    room=st.integers(10**9, 4 * 10**10) | st.sampled_from(["t4", "rtx-4090", "h100"]),
)
def test_what_fits_by_its_peak_is_the_largest(
    lora: bool, checkpointing: bool, optim: str, room: Any
) -> None:
    training = TRAINING | {"gradient_checkpointing": checkpointing, "optim": optim}
    for name in SEARCHED:
        adapters = LORA if lora or name == "largest_rank" else None
        run: dict[str, Any] = {"config": CONFIG, "training": training, "lora": adapters}
        where = {"accelerator" if isinstance(room, str) else "memory_bytes": room}
        left_out = run if name == "largest_model" else with_setting(run, name, None)
        found = result(name, **where, **left_out)
        largest = found["largest"]
        end, limit = "peak", room
        if isinstance(room, str):
            end, limit = "upper", result("usable_memory_bytes", accelerator=room)
        after: Any = dlp.peak_memory(**with_setting(run, name, largest + 1))
        assert after[end] > limit
        assert found["next_peak"] == after["peak"]
        assert found["moment"] == after["moment"]
        held: dict[str, int] = {}
        if largest:
            step: Any = dlp.peak_memory(**with_setting(run, name, largest))
            assert step[end] <= limit
            assert found["peak"] == step["peak"]
            held = step["moments"][found["moment"]]
        else:
            assert found["peak"] == 0
        growth = {
            part: size - held.get(part, 0)
            for part, size in after["moments"][found["moment"]].items()
        }
        assert growth[found["growing_part"]] == max(growth.values())
        if name == "largest_model":
            config = CONFIG | {"num_hidden_layers": largest}
            size = dlp.parameter_count(config=config) if largest else 0
            assert found["num_parameters"] == size


def test_a_search_names_what_it_searched_if_there_is_no_end() -> None:
    config = dlp.GPT2 | {"n_layer": 1, "n_embd": 12, "vocab_size": 8, "n_positions": 8}
    step = {"max_length": 8}
    with pytest.raises(ValueError, match=r"enough for any num_hidden_layers: 10000 still fits"):
        dlp.largest_model(
            config=config,
            training=step | {"per_device_train_batch_size": 1},
            memory_bytes=10**15,
        )


def test_what_was_not_there_grew_from_nothing() -> None:
    assert _search._growth({"a": 1}, {"a": 3, "b": 2}) == {"a": 2, "b": 2}


def test_a_depth_that_has_two_names_is_told_by_one() -> None:
    bloom = {"model_type": "bloom", "hidden_size": 64, "n_head": 4, "vocab_size": 8}
    for name in ("n_layer", "num_hidden_layers"):
        config = limits._of_depth(bloom | {name: 12}, 3)
        assert [config[key] for key in ("n_layer", "num_hidden_layers") if key in config] == [3]


def test_a_card_is_none_of_another_kind() -> None:
    run: dict[str, Any] = {"config": dlp.GPT2, "training": {"max_length": 8}}
    assert dlp.largest_batch(accelerator="t4", **run)["largest"] > 0
    with pytest.raises(ValueError, match="accelerator must be no TPU, as tpu-v4 is"):
        dlp.largest_batch(accelerator="tpu-v4", **run)


def test_layers_go_on_as_they_began() -> None:
    config: Any = {
        "model_type": "gpt2",
        "n_embd": 64,
        "n_head": 2,
        "vocab_size": 99,
        "n_positions": 256,
        "n_layer": 2,
    }
    run: Any = {"memory_bytes": 10**8, "training": TRAINING}
    found = dlp.largest_model(config=config, **run)
    assert found["num_parameters"] == dlp.parameter_count(
        config=config | {"n_layer": found["largest"]}
    )
    shape: Any = {
        **dlp.MISTRAL_7B,
        "model_type": "gemma3_text",
        "vocab_size": 999,
        "sliding_window": 64,
        "layer_types": ["sliding_attention", "full_attention"],
        "num_hidden_layers": 2,
    }
    run["memory_bytes"] = 10**10
    step = dlp.largest_model(config=shape, **run)
    alike = dlp.largest_model(config=shape | {"layer_types": ["sliding_attention"] * 2}, **run)
    assert step["largest"] == alike["largest"] > 2


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
def test_the_largest_sharded_model_just_fits(
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

    found = dlp.largest_sharded_model(
        memory_bytes=memory_bytes,
        frozen=frozen,
        frozen_dtype=frozen_dtype,
        num_adapter_parameters=adapters,
        **rest,
    )
    check(found, memory_bytes, parts_of)


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
    check(found, memory_bytes, parts_of)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name.startswith("largest_")])
def test_more_memory_never_fits_less(name: str) -> None:
    function = FUNCTIONS[name]
    for arguments in list(calls(name))[::3]:
        sizes = [
            function(**arguments | {"memory_bytes": memory_bytes})["largest"]
            for memory_bytes in (1, 10**9, 10**9 + 1, 10**10, 10**11)
        ]
        assert sizes == sorted(sizes), arguments


def test_where_nothing_fits_the_next_peak_says_what_is_needed() -> None:
    training = {"max_length": 200}
    found = dlp.largest_batch(memory_bytes=10**8, config=CONFIG, training=training)
    assert found["largest"] == found["peak"] == 0
    one = dlp.peak_memory(config=CONFIG, training=training | {"per_device_train_batch_size": 1})
    assert found["next_peak"] == one["peak"]
    assert found["growing_part"] in one["moments"][found["moment"]]


@pytest.mark.parametrize("adapters", [0, 10**15])
def test_memory_enough_for_any_model_is_refused(adapters: int) -> None:
    with pytest.raises(ValueError, match="memory_bytes is enough for any num_parameters"):
        dlp.largest_sharded_model(
            memory_bytes=10**15, stage=3, num_devices=10**6, num_adapter_parameters=adapters
        )


def test_arguments_may_go_to_the_ends_of_their_ranges() -> None:
    found = dlp.largest_sharded_model(memory_bytes=10**15, num_adapter_parameters=0)
    assert found["largest"] == 10**15 // 16
    assert dlp.largest_sharded_model(memory_bytes=1, num_adapter_parameters=10**15)["largest"] == 0


@pytest.mark.parametrize("changes", [{}, {"stage": 3}, {"num_devices": 8}])
def test_without_stage_or_devices_nothing_is_shared(changes: dict[str, Any]) -> None:
    found = dlp.largest_sharded_model(memory_bytes=80_000_000_000, **changes)
    assert found["largest"] == 5_000_000_000


def test_a_learned_table_of_positions_ends_the_longest_context() -> None:
    training = {"per_device_train_batch_size": 1, "dtype": "bfloat16"}
    run: Any = {"config": dlp.GPT2, "training": training}
    found = dlp.largest_context(accelerator="h100", **run)
    step = dlp.peak_memory(config=dlp.GPT2, training={**training, "max_length": 1024})
    assert found == {
        "largest": 1024,
        "peak": step["peak"],
        "next_peak": 0,
        "moment": step["moment"],
        "growing_part": "",
    }
    at = dlp.largest_context(memory_bytes=step["peak"], **run)
    assert at == found
    below = dlp.largest_context(memory_bytes=step["peak"] - 1, **run)
    assert below["largest"] == 1023
    assert below["next_peak"] == step["peak"]
    joined = {**training, "packing": True, "attn_implementation": "flash_attention_2"}
    assert (
        dlp.largest_context(accelerator="h100", config=dlp.GPT2, training=joined)["largest"] > 1024
    )


@pytest.mark.parametrize(
    ("config", "most"),
    [
        (dlp.GPT2, 1024),
        (dlp.BERT_BASE, 512),
        ({**dlp.BERT_BASE, "model_type": "roberta", "max_position_embeddings": 514}, 512),
    ],
)
def test_a_step_beyond_a_learned_table_of_positions_is_refused(config: Any, most: int) -> None:
    training = {"per_device_train_batch_size": 1, "num_labels": 2}
    dlp.peak_memory(config=config, training={**training, "max_length": most})
    with pytest.raises(ValueError, match=rf'training\["max_length"\] must be at most {most}, the'):
        dlp.peak_memory(config=config, training={**training, "max_length": most + 1})
