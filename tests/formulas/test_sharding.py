"""Several devices: what sharding does to a step, whatever the run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp

LLAMA: dict[str, Any] = dlp.LLAMA_3_8B
STEP: dict[str, Any] = {
    "per_device_train_batch_size": 1,
    "max_length": 512,
    "dtype": "bfloat16",
    "gradient_checkpointing": True,
}
LORA = {"r": 8, "target_modules": "all-linear"}
FSDP = [{"fsdp": True}, {"fsdp": True, "fsdp_config": {"version": 1}}]

RUNS = st.fixed_dictionaries(
    {
        "training": st.builds(
            lambda more, system: STEP | more | system,
            st.fixed_dictionaries(
                {
                    "max_length": st.integers(1, 4096),
                    "gradient_checkpointing": st.booleans(),
                    "gradient_accumulation_steps": st.integers(1, 2),
                    "optim": st.sampled_from(["adamw_torch", "adamw_torch_fused", "adamw_8bit"]),
                }
            ),
            st.sampled_from(FSDP),
        ),
        "lora": st.sampled_from([None, LORA]),
    }
)


def peak(**changes: Any) -> int:
    """Give the peak of a step of Llama 3 8B."""
    return dlp.peak_memory(**{"config": LLAMA, "training": STEP} | changes)["peak"]


def test_one_device_shares_nothing() -> None:
    alone = dlp.peak_memory(config=LLAMA, training=STEP)
    for stage in range(4):
        assert dlp.peak_memory(config=LLAMA, training=STEP, num_devices=1, stage=stage) == alone


@given(run=RUNS, stage=st.sampled_from([2, 3]), devices=st.integers(2, 64))
def test_more_devices_never_hold_more(run: dict[str, Any], stage: int, devices: int) -> None:
    fewer = peak(**run, stage=stage, num_devices=devices)
    assert peak(**run, stage=stage, num_devices=2 * devices) <= fewer


@given(run=RUNS, devices=st.integers(2, 64), offload=st.booleans())
def test_a_higher_stage_never_holds_more(run: dict[str, Any], devices: int, offload: bool) -> None:
    rest = {"num_devices": devices, "offload": offload}
    assert peak(**run, **rest, stage=3) <= peak(**run, **rest, stage=2)


@given(run=RUNS, stage=st.sampled_from([2, 3]), devices=st.integers(2, 64))
def test_offload_never_holds_more(run: dict[str, Any], stage: int, devices: int) -> None:
    rest = {"num_devices": devices, "stage": stage}
    assert peak(**run, **rest, offload=True) <= peak(**run, **rest)


def test_ddp_has_gradients_twice() -> None:
    alone = dlp.peak_memory(config=LLAMA, training=STEP)["moments"]["update"]
    shared = dlp.peak_memory(config=LLAMA, training=STEP, num_devices=2)["moments"]["update"]
    assert shared == alone | {"gradients": 2 * alone["gradients"]}


def test_shares_at_the_update() -> None:
    count = dlp.parameter_count(config=LLAMA)
    update = dlp.peak_memory(config=LLAMA, training=STEP | {"fsdp": True}, num_devices=8, stage=3)[
        "moments"
    ]["update"]
    assert update["weights"] == update["gradients"] == 2 * count // 8
    assert update["optimizer"] == 4 * count // 8


def test_masters_are_in_fp32_and_gathered_in_16_bits() -> None:
    count = dlp.parameter_count(config=LLAMA)
    update = dlp.peak_memory(
        config=LLAMA, training=STEP | {"bf16": True, "fsdp": True}, num_devices=8, stage=3
    )["moments"]["update"]
    assert update["weights"] == update["gradients"] == 4 * count // 8
    assert update["optimizer"] == 8 * count // 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_devices": 0}, "num_devices must be"),
        ({"num_devices": 2, "stage": 4}, "stage must be"),
        ({"num_devices": 2, "offload": True}, "offload must be"),
        ({"num_devices": 2, "stage": 1, "library": "pytorch"}, "stage must be"),
        ({"num_devices": 2, "stage": 3, "library": "unsloth"}, "library|stage must be"),
        ({"training": STEP | {"fsdp": True}}, r'training\["fsdp"\] must be'),
        (
            {"training": STEP | {"fsdp": True, "optim": "adafactor"}, "num_devices": 2, "stage": 3},
            r'training\["optim"\] must',
        ),
    ],
)
def test_what_is_not_known_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        peak(**changes)
