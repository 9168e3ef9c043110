"""Sharding: devices share what a stage spreads, and nothing else."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from tests.formulas.calls import calls
from tests.formulas.laws import law, some_call

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

PARTS = ("frozen_weights", "weights", "gradients", "master_weights", "optimizer")
# What each stage adds to that which the devices share.
NEWLY_SPREAD: dict[int, set[str]] = {
    0: set(),
    1: {"master_weights", "optimizer"},
    2: {"gradients"},
    3: {"weights", "frozen_weights"},
}

counts = st.integers(0, 10**12)
devices = st.integers(1, 2048)
stages = st.integers(0, 3)
conventions = st.sampled_from(list(dlp.CONVENTIONS))
dtypes = st.sampled_from(dlp.DTYPES)


def states(**arguments: Any) -> dict[str, int]:
    return dlp.sharded_state_bytes(**arguments)


# --- Shards ---------------------------------------------------------------------------------


@given(counts, counts, dtypes, conventions, st.integers(2, 2048))
def test_a_stage_spreads_its_parts_and_copies_the_others(
    trained: int, frozen: int, dtype: Any, convention: Any, num_devices: int
) -> None:
    def held(stage: int, num_devices: int, trained: int, frozen: int) -> dict[str, int]:
        return states(
            num_trainable_parameters=trained,
            num_frozen_parameters=frozen,
            frozen_dtype=dtype,
            convention=convention,
            stage=stage,
            num_devices=num_devices,
        )

    whole = held(0, num_devices, trained, frozen)
    shards = held(0, 1, -(-trained // num_devices), -(-frozen // num_devices))
    spread: set[str] = set()
    for stage in range(4):
        spread |= NEWLY_SPREAD[stage]
        row = held(stage, num_devices, trained, frozen)
        for part in PARTS:
            assert row[part] == (shards if part in spread else whole)[part], (stage, part)


@given(st.integers(1, 10**9), conventions, devices)
def test_devices_together_hold_the_whole_and_less_than_a_device_more(
    shard: int, convention: Any, num_devices: int
) -> None:
    for trained in (shard * num_devices, shard * num_devices - (num_devices - 1)):
        held = states(
            num_trainable_parameters=trained,
            convention=convention,
            stage=3,
            num_devices=num_devices,
        )
        per_parameter = dlp.training_bytes_per_parameter(convention=convention)
        assert held["total"] == shard * per_parameter


@given(counts, devices)
def test_megatron_counts_six_bytes_and_twelve_that_are_shared(shard: int, num_devices: int) -> None:
    held = states(
        num_trainable_parameters=shard * num_devices,
        convention="mixed-fp32-gradients",
        stage=1,
        num_devices=num_devices,
    )
    assert held["total"] == 6 * shard * num_devices + 12 * shard


# --- DeepSpeed's estimators -----------------------------------------------------------------


def estimated(
    total_params: int,
    largest_layer_params: int,
    stage: int,
    num_gpus_per_node: int,
    num_nodes: int,
    cpu_offload: bool,
    cpu_offload_params: bool,
    zero_init: bool,
    additional_buffer_factor: float,
) -> tuple[Fraction, Fraction]:
    """Do as DeepSpeed's functions do, line by line, but with fractions for its floats."""
    num_gpus = num_gpus_per_node * num_nodes
    offloaded = cpu_offload + (cpu_offload and cpu_offload_params and stage == 3)
    gathered, params = 4 * largest_layer_params, Fraction(total_params)
    held: dict[tuple[int, int], tuple[Any, Any]] = {
        (2, 0): (2 * params + 18 * params / num_gpus, 4 * params * num_gpus_per_node),
        (2, 1): (2 * params, params * max(4 * num_gpus, 16)),
        (3, 0): (gathered + 18 * params / num_gpus, gathered * num_gpus_per_node),
        (3, 1): (gathered + 2 * params / num_gpus, 16 * params / num_nodes),
        (3, 2): (gathered, 18 * params / num_nodes),
    }
    gpu, cpu = held[stage, offloaded]
    if stage == 3 and not zero_init:
        cpu = max(cpu, 4 * total_params * num_gpus_per_node)
    return Fraction(gpu), cpu * Fraction(additional_buffer_factor)


@pytest.mark.parametrize("factor", [1, 1.1, 1.5, 99.9])
@pytest.mark.parametrize("size", [0, 700_000_000_000_001, 10**18 - 1])
def test_the_estimators_are_rounded_down_whatever_the_size(size: int, factor: float) -> None:
    for arguments in calls("deepspeed_estimated_bytes"):
        call = arguments | {"additional_buffer_factor": factor}
        call["total_params"] = size or call["total_params"]
        gpu, cpu = estimated(**call)
        assert dlp.deepspeed_estimated_bytes(**call) == {
            "gpu": math.floor(gpu),
            "cpu": math.floor(cpu),
        }, call


def test_the_buffer_is_in_main_memory_alone() -> None:
    once, twice = (
        dlp.deepspeed_estimated_bytes(total_params=10**9, additional_buffer_factor=factor)
        for factor in (1, 2)
    )
    assert twice == {"gpu": once["gpu"], "cpu": 2 * once["cpu"]}


@pytest.mark.parametrize("factor", [1, 100])
def test_a_buffer_may_be_as_large_as_said(factor: int) -> None:
    found = dlp.deepspeed_estimated_bytes(total_params=10, additional_buffer_factor=factor)
    assert found["cpu"] == 180 * factor


@pytest.mark.parametrize("changes", [{}, {"stage": 3}, {"num_devices": 8}])
def test_without_stage_or_devices_nothing_is_shared(changes: dict[str, int]) -> None:
    assert states(num_trainable_parameters=1000, **changes)["total"] == 16_000


def test_an_estimator_counts_stage_three_offloaded_on_one_device_unless_told_otherwise() -> None:
    assert dlp.deepspeed_estimated_bytes(total_params=1000) == {"gpu": 4, "cpu": 27_000}


def test_an_estimate_is_rounded_once_and_down() -> None:
    for stage, gpu in ((2, 14 + 31), (3, 4 + 31)):
        found = dlp.deepspeed_estimated_bytes(
            total_params=7, stage=stage, num_gpus_per_node=4, cpu_offload=False
        )
        assert found["gpu"] == gpu
        assert all(isinstance(value, int) for value in found.values())
    assert dlp.deepspeed_estimated_bytes(total_params=1, num_nodes=4)["cpu"] == 6  # 4.5 x 1.5
    assert dlp.deepspeed_estimated_bytes(total_params=1, num_nodes=5)["cpu"] == 5  # 3.6 x 1.5
    alone = dlp.deepspeed_estimated_bytes(total_params=7, cpu_offload=False)
    assert alone == {"gpu": 4 + 126, "cpu": 6}


# --- Laws -----------------------------------------------------------------------------------------


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
