"""Steps of GRPO and DPO: rows are answers, and pairs of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import dlp
from tests.formulas.laws import law, some_call

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject


@law
@given(data=st.data(), prompts=st.integers(1, 500), times=st.integers(1, 4))
def test_a_row_of_grpo_is_an_answer(data: DataObject, prompts: int, times: int) -> None:
    call = some_call(data, "grpo_updates_per_epoch", num_iterations=1) | {"num_samples": prompts}
    names = ("per_device_train_batch_size", "gradient_accumulation_steps", "num_devices")
    shape: dict[str, Any] = {name: call[name] for name in names}
    updates = dlp.grpo_updates_per_epoch(**call)
    # Answers that do not fill a generated batch are left out.
    assert updates == dlp.updates_per_epoch(
        num_samples=prompts * call["num_generations"],
        **shape,
        dataloader_drop_last=True,
        last_window="skip",
    )
    once = {name: value for name, value in call.items() if name != "num_iterations"}
    answers = dlp.grpo_completions_per_epoch(**once)
    assert answers == updates * dlp.effective_batch_size(**shape)
    again = dlp.grpo_updates_per_epoch(**call | {"num_iterations": times})
    assert again == times * updates
    assert dlp.grpo_training_updates(**call, num_train_epochs=3) == 3 * updates


@given(
    prompts=st.integers(1, 300),
    batch=st.integers(1, 8),
    devices=st.integers(1, 4),
    answers=st.integers(2, 8),
    steps=st.integers(1, 6),
    accumulated=st.integers(1, 6),
    times=st.integers(1, 3),
)
def test_a_generated_batch_is_cut_into_micro_batches(
    prompts: int,
    batch: int,
    devices: int,
    answers: int,
    steps: int,
    accumulated: int,
    times: int,
) -> None:
    assume(batch * devices * steps % answers == 0)
    run: dict[str, Any] = {
        "num_samples": prompts,
        "per_device_train_batch_size": batch,
        "num_devices": devices,
        "num_generations": answers,
        "gradient_accumulation_steps": accumulated,
    }
    # As TRL's sampler does it: indices of whole groups, each so many times.
    together = batch * devices * steps // answers
    rows = prompts // together * together * answers * times * steps
    micro_batches = rows // (batch * devices * steps)
    size = batch * devices * steps
    for own in ({"steps_per_generation": steps}, {"generation_batch_size": size}):
        updates = dlp.grpo_updates_per_epoch(**run, **own, num_iterations=times)
        assert updates == -(-micro_batches // accumulated)
        generated = dlp.grpo_completions_per_epoch(**run, **own)
        assert generated == prompts // together * size
        assert type(updates) is type(generated) is int


def test_a_generated_batch_that_trl_refuses_is_refused() -> None:
    run: dict[str, Any] = {
        "num_samples": 100,
        "per_device_train_batch_size": 4,
        "num_devices": 2,
        "num_generations": 4,
    }
    for own, why in (
        ({"num_generations": 3}, "num_generations must divide the 8 answers"),
        ({"generation_batch_size": 12}, "generation_batch_size must be a multiple of .* 12 with 8"),
        ({"generation_batch_size": 16, "steps_per_generation": 2}, "must be left out"),
    ):
        for function in (dlp.grpo_updates_per_epoch, dlp.grpo_completions_per_epoch):
            with pytest.raises(ValueError, match=why):
                function(**run | own)


def test_too_few_prompts_make_no_update() -> None:
    few: dict[str, Any] = {"num_samples": 3, "per_device_train_batch_size": 32}
    assert dlp.grpo_updates_per_epoch(**few) == 0
    assert dlp.grpo_completions_per_epoch(**few) == 0


@law
@given(data=st.data())
def test_a_pair_is_two_sequences(data: DataObject) -> None:
    call = some_call(data, "preference_sequences_per_update")
    assert dlp.preference_sequences_per_update(**call) == 2 * dlp.effective_batch_size(**call)
