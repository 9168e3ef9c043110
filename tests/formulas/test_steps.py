"""Steps: the identities that tie the counts together; what real loops do is among the records."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from _guide import worked
from tests.formulas.laws import law, some_call

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

counts = st.integers(1, 5000)
small = st.integers(1, 40)
epoch = st.fixed_dictionaries(
    {
        "num_samples": counts,
        "per_device_train_batch_size": small,
        "num_devices": small,
        "dataloader_drop_last": st.booleans(),
    }
)


def test_leftover_gradients_leak_into_the_next_epoch() -> None:
    windows = dlp.accumulation_windows(
        num_micro_batches=10, gradient_accumulation_steps=4, num_train_epochs=2, leftover="leak"
    )
    assert windows[2] == [9, 10, 11, 12, 13, 14]


@pytest.mark.parametrize("leftover", dlp.LEFTOVERS)
def test_half_an_epoch_has_half_its_windows(leftover: Any) -> None:
    windows = dlp.accumulation_windows(
        num_micro_batches=16, gradient_accumulation_steps=4, num_train_epochs=0.5, leftover=leftover
    )
    assert windows == [[1, 2, 3, 4], [5, 6, 7, 8]]


@given(epoch)
def test_micro_batches_hold_every_sample_and_none_is_empty(data: dict[str, Any]) -> None:
    at_once = data["per_device_train_batch_size"] * data["num_devices"]
    counted = dlp.micro_batches_per_epoch(**data)
    exact = data["num_samples"] / at_once
    assert counted == (math.floor(exact) if data["dataloader_drop_last"] else math.ceil(exact))


def test_no_micro_batch_makes_no_update() -> None:
    for last_window in dlp.LAST_WINDOWS:
        updates = dlp.updates_per_epoch(
            num_samples=3,
            per_device_train_batch_size=4,
            dataloader_drop_last=True,
            last_window=last_window,
        )
        assert updates == 0, last_window


@given(counts, counts, st.floats(0, 1))
def test_epochs_seen_are_shares_of_the_tokens(trained: int, size: int, weight: float) -> None:
    whole = dlp.epochs_seen(num_tokens=trained, dataset_tokens=size)
    assert whole == pytest.approx(trained / size)
    share = dlp.epochs_seen(num_tokens=trained, dataset_tokens=size, mixture_weight=weight)
    assert share == pytest.approx(weight * whole)
    # A data set of one epoch, read `weight` of the time.
    assert dlp.epochs_seen(num_tokens=size, dataset_tokens=size) == 1


def test_a_run_of_whole_epochs_has_seen_them() -> None:
    run = {"sequence_length": 128, "num_samples": 1000}
    per_update = dlp.tokens_per_update(sequence_length=128, per_device_train_batch_size=8)
    updates = dlp.training_updates(
        num_samples=1000, per_device_train_batch_size=8, num_train_epochs=3
    )
    tokens = dlp.tokens_per_epoch(**run)
    assert dlp.epochs_seen(num_tokens=updates * per_update, dataset_tokens=tokens) == 3


# --- Laws -----------------------------------------------------------------------------------------


@law
@given(
    samples=st.integers(1, 60),
    batch=st.integers(1, 9),
    steps=st.integers(1, 7),
    epochs=st.integers(1, 4),
    leftover=st.sampled_from(["step", "skip"]),
)
def test_the_windows_are_the_updates_of_a_run(
    samples: int, batch: int, steps: int, epochs: int, leftover: Any
) -> None:
    data: dict[str, Any] = {"num_samples": samples, "per_device_train_batch_size": batch}
    micro_batches = dlp.micro_batches_per_epoch(**data)
    windows = dlp.accumulation_windows(
        num_micro_batches=micro_batches,
        gradient_accumulation_steps=steps,
        num_train_epochs=epochs,
        leftover=leftover,
    )
    rest: dict[str, Any] = {"gradient_accumulation_steps": steps, "last_window": leftover}
    updates = dlp.training_updates(**data, **rest, num_train_epochs=epochs)
    assert len(windows) == updates == epochs * dlp.updates_per_epoch(**data, **rest)
    done = [number for window in windows for number in window]
    assert done == sorted(set(done))
    run = dlp.training_micro_batches(**data, num_train_epochs=epochs)
    if leftover == "step":
        assert done == list(range(1, run + 1))
    else:
        assert all(len(window) == steps for window in windows)


@law
@given(batches=st.integers(1, 30), steps=st.integers(1, 7), epochs=st.integers(1, 4))
def test_leaking_leftovers_lose_no_micro_batch_but_the_last(
    batches: int, steps: int, epochs: int
) -> None:
    windows = dlp.accumulation_windows(
        num_micro_batches=batches,
        gradient_accumulation_steps=steps,
        num_train_epochs=epochs,
        leftover="leak",
    )
    done = [number for window in windows for number in window]
    assert done == list(range(1, len(done) + 1))
    assert len(done) == (epochs - 1) * batches + batches // steps * steps or batches < steps
    assert len(windows) == epochs * (batches // steps)


@law
@given(data=st.data())
def test_an_epoch_sees_every_sample_once(data: DataObject) -> None:
    call = some_call(data, "updates_per_epoch") | {
        "dataloader_drop_last": False,
        "last_window": "step",
    }
    shape: dict[str, Any] = {
        name: call[name] for name in worked.parameters(dlp.effective_batch_size)
    }
    effective = dlp.effective_batch_size(**shape)
    updates = dlp.updates_per_epoch(**call)
    assert (updates - 1) * effective < call["num_samples"] <= updates * effective
    dropped = dlp.updates_per_epoch(**call | {"dataloader_drop_last": True, "last_window": "skip"})
    assert updates - 1 <= dropped <= updates
    assert dropped * effective <= call["num_samples"]


@law
@given(data=st.data())
def test_an_epoch_too_short_for_a_window_still_makes_one_update_where_it_must(
    data: DataObject,
) -> None:
    call = some_call(data, "updates_per_epoch")
    planned = dlp.updates_per_epoch(**call | {"last_window": "skip"})
    made = dlp.updates_per_epoch(**call | {"last_window": "at-least-one"})
    takes = worked.parameters(dlp.micro_batches_per_epoch)
    batches = dlp.micro_batches_per_epoch(**{name: call[name] for name in takes})
    assert made == max(planned, min(batches, 1))
    assert made <= dlp.updates_per_epoch(**call | {"last_window": "step"})


@law
@given(data=st.data())
def test_an_update_takes_as_many_tokens_as_its_samples_have(data: DataObject) -> None:
    call = some_call(data, "tokens_per_update")
    length = call["sequence_length"]
    samples = dlp.effective_batch_size(**{n: v for n, v in call.items() if n != "sequence_length"})
    tokens = dlp.tokens_per_update(**call)
    assert tokens == dlp.tokens_per_epoch(num_samples=samples, sequence_length=length)


@law
@given(
    samples=st.integers(1, 300),
    batch=st.integers(1, 9),
    steps=st.integers(1, 7),
    epochs=st.one_of(st.floats(0, 4), st.integers(0, 4)),
)
def test_a_part_of_an_epoch_is_whole_windows(
    samples: int, batch: int, steps: int, epochs: float
) -> None:
    data: dict[str, Any] = {"num_samples": samples, "per_device_train_batch_size": batch}
    rest: dict[str, Any] = {"gradient_accumulation_steps": steps, "num_train_epochs": epochs}
    updates = dlp.training_updates(**data, **rest)
    of_an_epoch = dlp.updates_per_epoch(**data, gradient_accumulation_steps=steps)
    assert updates == math.ceil(epochs * of_an_epoch)
    windows = dlp.accumulation_windows(
        num_micro_batches=dlp.micro_batches_per_epoch(**data), **rest
    )
    assert len(windows) == updates
    assert sum(map(len, windows)) == dlp.training_micro_batches(**data, **rest)


@law
@given(data=st.data())
def test_a_batch_that_is_split_is_one_of_all_devices(data: DataObject) -> None:
    call = some_call(data, "training_updates", split_batches=False)
    split = call | {
        "split_batches": True,
        "per_device_train_batch_size": call["per_device_train_batch_size"] * call["num_devices"],
    }
    assert dlp.training_updates(**split) == dlp.training_updates(**call)
    for function, more in (
        (dlp.effective_batch_size, {}),
        (dlp.micro_batches_per_epoch, {}),
        (dlp.tokens_per_update, {"sequence_length": 7}),
    ):
        takes = worked.parameters(function)
        whole, parts = (
            function(**{name: value for name, value in (each | more).items() if name in takes})
            for each in (split, call)
        )
        assert whole == parts


def test_a_batch_that_does_not_split_is_refused() -> None:
    with pytest.raises(ValueError, match="per_device_train_batch_size must be a multiple of num"):
        dlp.effective_batch_size(per_device_train_batch_size=8, num_devices=3, split_batches=True)


def test_a_number_of_updates_takes_the_place_of_epochs() -> None:
    data: dict[str, Any] = {"num_samples": 100, "per_device_train_batch_size": 8}
    assert dlp.training_updates(**data) == 3 * 13
    assert dlp.training_updates(**data, max_steps=7, num_train_epochs=0) == 7
    assert dlp.training_updates(**data, max_steps=1, num_train_epochs=0) == 1
    assert dlp.training_updates(**data, max_steps=-7) == 3 * 13
    assert dlp.training_updates(**data, max_steps=0) == 1
    assert dlp.training_updates(**data, max_steps=0, num_train_epochs=0.5) == 1
    assert dlp.training_updates(**data, max_steps=0, num_train_epochs=0) == 0
    none = data | {"num_samples": 7, "dataloader_drop_last": True}
    assert [dlp.training_updates(**none, max_steps=steps) for steps in (-1, 0, 1, 7)] == [0] * 4
    assert [dlp.training_micro_batches(**none, max_steps=steps) for steps in (-1, 0, 7)] == [0] * 3


@law
@given(
    samples=st.integers(1, 300),
    batch=st.integers(1, 9),
    devices=st.integers(1, 4),
    steps=st.integers(1, 7),
)
def test_a_rebalanced_update_has_all_its_samples_but_the_last(
    samples: int, batch: int, devices: int, steps: int
) -> None:
    data: dict[str, Any] = {
        "num_samples": samples,
        "per_device_train_batch_size": batch,
        "gradient_accumulation_steps": steps,
        "num_devices": devices,
    }
    rebalanced = data | {"train_sampling_strategy": "batch_rebalance"}
    for last_window in dlp.LAST_WINDOWS:
        updates = dlp.updates_per_epoch(**rebalanced, last_window=last_window)
        assert updates == dlp.updates_per_epoch(**data)
    dropped = dlp.updates_per_epoch(**rebalanced, dataloader_drop_last=True)
    assert dropped == samples // (batch * devices * steps)


def test_epochs_are_multiplied_as_floats() -> None:
    data: dict[str, Any] = {"num_samples": 400, "per_device_train_batch_size": 8}
    assert dlp.training_updates(**data, num_train_epochs=1.1) == 56  # 55.00000000000001
    assert dlp.training_updates(**data, num_train_epochs=3.0) == 150
