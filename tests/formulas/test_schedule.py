"""Epochs started, resuming, warm-up and schedulers: what follows from the updates of an epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from _guide import worked
from tests.formulas.laws import law, some_call

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject


def of_an_epoch(call: dict[str, Any]) -> int:
    """Count the updates of an epoch of a call that has more to say."""
    names = worked.parameters(dlp.updates_per_epoch)
    return dlp.updates_per_epoch(**{name: call[name] for name in names})


@law
@given(data=st.data(), updates=st.integers(1, 5000))
def test_the_epochs_started_hold_the_updates_of_a_run(data: DataObject, updates: int) -> None:
    call = some_call(data, "epochs_started") | {"max_steps": updates}
    epochs = dlp.epochs_started(**call)
    assert (epochs - 1) * of_an_epoch(call) < updates <= epochs * of_an_epoch(call)


@law
@given(data=st.data(), updates=st.integers(0, 5000))
def test_a_resumed_run_skips_what_was_done(data: DataObject, updates: int) -> None:
    call = some_call(data, "resume_point", ignore_data_skip=False) | {"global_step": updates}
    point = dlp.resume_point(**call)
    windows, left = divmod(point["skipped_micro_batches"], call["gradient_accumulation_steps"])
    assert left == 0
    assert windows < of_an_epoch(call)
    assert point["epochs_trained"] * of_an_epoch(call) + windows == updates
    again = dlp.resume_point(**call | {"ignore_data_skip": True})
    assert again == point | {"skipped_micro_batches": 0}


def test_an_epoch_without_an_update_is_neither_started_nor_resumed() -> None:
    short: dict[str, Any] = {
        "num_samples": 7,
        "per_device_train_batch_size": 8,
        "dataloader_drop_last": True,
    }
    with pytest.raises(ValueError, match="num_samples must be enough for an update"):
        dlp.epochs_started(**short, max_steps=1)
    with pytest.raises(ValueError, match="num_samples must be enough for an update"):
        dlp.resume_point(**short, global_step=1)


@law
@given(
    total=st.integers(0, 10_000),
    steps=st.one_of(st.integers(1, 20_000), st.floats(1, 20_000)),
    share=st.floats(0, 1, exclude_max=True),
)
def test_a_warm_up_is_a_number_of_updates_or_a_share_of_them(
    total: int, steps: float, share: float
) -> None:
    taken = dlp.warmup_updates(num_training_steps=total, warmup_steps=steps, warmup_ratio=share)
    assert taken == int(steps)
    taken = dlp.warmup_updates(num_training_steps=total, warmup_steps=share)
    assert taken - 1 < total * share <= taken
    assert taken <= total
    assert taken == dlp.warmup_updates(num_training_steps=total, warmup_ratio=share)


def test_steps_of_a_warm_up_come_before_its_ratio() -> None:
    both = dlp.warmup_updates(num_training_steps=100, warmup_steps=0.2, warmup_ratio=0.5)
    assert both == 20
    assert dlp.warmup_updates(num_training_steps=100, warmup_ratio=1) == 100
