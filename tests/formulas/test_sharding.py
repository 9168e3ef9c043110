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
    ("told", "stage", "offload"),
    [
        ({"fsdp": True}, 3, False),
        ({"fsdp": "full_shard auto_wrap"}, 3, False),
        ({"fsdp": "full_shard,auto_wrap"}, 3, False),
        ({"fsdp": ["shard_grad_op", "auto_wrap"]}, 2, False),
        ({"fsdp": "full_shard offload"}, 3, True),
        ({"fsdp": True, "fsdp_config": {"reshard_after_forward": False}}, 2, False),
        ({"fsdp": True, "fsdp_config": {"fsdp_reshard_after_forward": True}}, 3, False),
        ({"fsdp": True, "fsdp_config": {"fsdp_offload_params": True}}, 3, True),
        ({"fsdp": True, "fsdp_config": {"fsdp_version": 2}}, 3, False),
        ({"fsdp": True, "fsdp_config": {"cpu_offload": True, "xla": False}}, 3, True),
        ({"fsdp": True, "fsdp_config": {"fsdp_sharding_strategy": "SHARD_GRAD_OP"}}, 2, False),
    ],
)
def test_the_stage_is_read_from_what_a_trainer_is_told(
    told: dict[str, Any], stage: int, offload: bool
) -> None:
    plain = STEP | {"fsdp": True}
    by_number = peak(training=plain, num_devices=4, stage=stage, offload=offload)
    assert peak(training=STEP | told, num_devices=4) == by_number
    assert by_number < peak(num_devices=4)


def test_the_version_of_fsdp_may_begin_with_its_name() -> None:
    plain, named = (
        peak(training=STEP | {"fsdp": True, "fsdp_config": {name: 1}}, num_devices=4)
        for name in ("version", "fsdp_version")
    )
    assert plain == named != peak(training=STEP | {"fsdp": True}, num_devices=4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_devices": 0}, "num_devices must be"),
        ({"num_devices": 2, "stage": 4}, "stage must be"),
        ({"num_devices": 2, "offload": True}, "offload must be"),
        ({"num_devices": 2, "stage": 1, "library": "pytorch"}, "stage must be"),
        ({"num_devices": 2, "stage": 3, "library": "unsloth"}, "library|stage must be"),
        ({"training": STEP | {"fsdp": True}}, r'training\["fsdp"\] must be'),
        ({"training": STEP | {"fsdp": "hybrid_shard"}, "num_devices": 2}, "stage must be given"),
        ({"training": STEP | {"fsdp": "no_shard"}, "num_devices": 2}, "stage must be given"),
        (
            {"training": STEP | {"fsdp": "shard_grad_op"}, "num_devices": 2, "stage": 3},
            "stage must be that of shard_grad_op",
        ),
        (
            {
                "training": STEP
                | {"fsdp": True, "fsdp_config": {"activation_checkpointing": True}},
                "num_devices": 2,
            },
            "must not have 'activation_checkpointing'.*; set gradient_checkpointing",
        ),
        (
            {"training": STEP | {"fsdp": True, "fsdp_config": {"banana": 1}}, "num_devices": 2},
            "must not have 'banana'",
        ),
        (
            {"training": STEP | {"fsdp": True, "optim": "adafactor"}, "num_devices": 2, "stage": 3},
            r'training\["optim"\] must',
        ),
    ],
)
def test_what_is_not_known_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        peak(**changes)
