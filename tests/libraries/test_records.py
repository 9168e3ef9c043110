"""`dlp` agrees with what the real libraries counted, and the libraries still count so."""

from __future__ import annotations

import math
from typing import Any

import pytest

import dlp
from tests.libraries import record


def _records(topic: str, kind: str | None = None) -> list[Any]:
    return [
        pytest.param(found, id=f"{topic}: {found['id']}")
        for found in record.recorded(topic)["records"]
        if kind is None or found.get("kind") == kind
    ]


def _known(config: dict[str, Any]) -> bool:
    return config["model_type"] in dlp.MODEL_TYPES


@pytest.mark.parametrize("found", _records("parameters"))
def test_parameters_are_those_of_the_real_model(found: dict[str, Any]) -> None:
    config = found["inputs"]
    if not _known(config):
        with pytest.raises(ValueError, match="model_type"):
            dlp.parameter_count(config=config)
        return
    parts = dlp.parameters_by_part(config=config)
    assert parts == found["counted"]["parts"]
    assert sum(parts.values()) == found["counted"]["total"]


def test_only_learned_positions_grow_with_the_context() -> None:
    totals = {
        found["id"]: found["counted"]["total"] for found in record.recorded("parameters")["records"]
    }
    assert totals["Llama-2-7B, 8000 positions"] == totals["Llama-2-7B, 2048 positions"]
    for model, width, rows in (("GPT-2", 768, 8000 - 1024), ("OPT-6.7B", 4096, 8000 - 2048)):
        growth = dlp.position_table_parameters(max_position_embeddings=rows, hidden_size=width)
        assert totals[f"{model}, 8000 positions"] - totals[model] == growth


@pytest.mark.parametrize("found", _records("heads"))
def test_heads_are_those_of_the_real_model(found: dict[str, Any]) -> None:
    inputs = found["inputs"]
    shape = {"hidden_size": inputs["hidden_size"], "num_labels": inputs["num_labels"]}
    if "bias" in inputs:
        ours = dlp.classification_head_parameters(**shape, bias=inputs["bias"])
    else:
        ours = dlp.transformers_head_parameters(
            **shape, model_type=inputs["model_type"], task=f"{inputs['task']}-classification"
        )
    assert ours == found["counted"]["total"]


@pytest.mark.parametrize("found", _records("lora"))
def test_lora_trains_what_peft_marks_as_trainable(found: dict[str, Any]) -> None:
    inputs = found["inputs"]
    trained = dlp.lora_model_parameters(
        config=inputs["config"],
        r=inputs["r"],
        target_modules=inputs["target_modules"],
        bias=inputs["bias"],
        use_dora=inputs["use_dora"],
    )
    if inputs["task_type"] == "SEQ_CLS":
        trained += dlp.transformers_head_parameters(
            model_type=inputs["config"]["model_type"],
            task="sequence-classification",
            hidden_size=inputs["config"]["hidden_size"],
            num_labels=inputs["config"]["num_labels"],
        )
    assert trained == found["counted"]["trainable"]


def _trainer_runs(topic: str) -> list[Any]:
    """List the runs of whole epochs: `dlp` counts no others."""
    return [
        case
        for case in _records(topic)
        if case.values[0]["loop"] == "Trainer"
        and float(case.values[0]["inputs"]["num_train_epochs"]).is_integer()
    ]


@pytest.mark.parametrize("found", [*_trainer_runs("updates"), *_trainer_runs("epoch")])
def test_updates_are_those_that_the_trainer_makes(found: dict[str, Any]) -> None:
    inputs, counted = found["inputs"], found["counted"]
    old = found["versions"]["transformers"].startswith("4.")
    run = {
        "num_samples": inputs["num_samples"],
        "per_device_train_batch_size": inputs["per_device_train_batch_size"],
        "drop_last": inputs["dataloader_drop_last"],
    }
    accumulated = inputs["gradient_accumulation_steps"]
    epochs = int(inputs["num_train_epochs"])
    ours = dlp.training_updates(
        **run,
        num_train_epochs=epochs,
        gradient_accumulation_steps=accumulated,
        last_window="skip" if old else "step",
    )
    if found["id"] == "Trainer 4.48.3, N=5, b=8, g=4, epochs=2":
        # It plans at least one update for an epoch, and on a single micro-batch makes it.
        assert (ours, counted["updates"]) == (0, epochs)
        return
    assert ours == counted["updates"]
    micro_batches = dlp.micro_batches_per_epoch(**run)
    if "changed_after" in counted:
        windows = dlp.accumulation_windows(
            num_micro_batches=micro_batches,
            gradient_accumulation_steps=accumulated,
            num_train_epochs=epochs,
        )
        # The old release steps short windows as well, and stops early at the count it planned.
        assert [window[-1] for window in windows][:ours] == counted["changed_after"]
        assert [len(window) for window in windows][:ours] == counted["micro_batches_per_update"]
    if not old:
        assert counted["micro_batches"] == epochs * micro_batches


@pytest.mark.parametrize(
    "found",
    [case for case in _records("updates") if case.values[0]["loop"] == "hand-written"],
)
def test_leftover_gradients_leak_in_the_hand_written_loop(found: dict[str, Any]) -> None:
    inputs, counted = found["inputs"], found["counted"]
    micro_batches = dlp.micro_batches_per_epoch(
        num_samples=inputs["num_samples"],
        per_device_train_batch_size=inputs["per_device_train_batch_size"],
        drop_last=inputs["dataloader_drop_last"],
    )
    windows = dlp.accumulation_windows(
        num_micro_batches=micro_batches,
        gradient_accumulation_steps=inputs["gradient_accumulation_steps"],
        num_train_epochs=inputs["num_train_epochs"],
        leftover="leak",
    )
    assert windows == counted["contributions"]
    applied = {number for window in windows for number in window}
    run = range(1, inputs["num_train_epochs"] * micro_batches + 1)
    assert [number for number in run if number not in applied] == counted["never_applied"]


@pytest.mark.parametrize("found", _records("states", "model_state"))
def test_gradients_and_states_take_the_bytes_that_torch_holds(found: dict[str, Any]) -> None:
    counted = found["counted"]
    trained = counted["trainable"]
    assert dlp.weight_bytes(num_parameters=counted["parameters"]) == counted["weight_bytes"]
    assert dlp.gradient_bytes(num_trainable_parameters=trained) == counted["gradient_bytes"]
    optimizer = {
        "SGD": "sgd",
        "SGD, momentum 0.9": "sgd-momentum",
        "AdamW": "adamw",
        "bitsandbytes AdamW8bit": "adamw-8bit",
    }[found["inputs"]["optimizer"]]
    ours = dlp.optimizer_state_bytes(num_trainable_parameters=trained, optimizer=optimizer)
    if optimizer != "adamw-8bit":
        assert ours == counted["optimizer_bytes"]
    elif found["inputs"]["method"] == "full":
        # Norms are too short for bitsandbytes to quantize, and a map of 256 values comes with each
        # state of the other tensors.
        assert counted["optimizer_bytes"] == pytest.approx(ours, rel=0.02)


@pytest.mark.parametrize(
    "found",
    [
        case
        for case in _records("states", "saved_for_backward_per_layer")
        if case.values[0]["inputs"]["config"].get("activation_function") == "gelu"
    ],
)
def test_a_gpt_layer_keeps_what_the_paper_lists(found: dict[str, Any]) -> None:
    inputs = found["inputs"]
    tokens = inputs["per_device_train_batch_size"] * inputs["sequence_length"]
    kept = dlp.saved_activations(
        per_device_train_batch_size=inputs["per_device_train_batch_size"],
        sequence_length=inputs["sequence_length"],
        hidden_size=inputs["config"]["n_embd"],
        num_attention_heads=inputs["config"]["n_head"],
        method=inputs["method"],
        dtype="fp32",
    )
    if not kept:
        assert found["counted"]["saved_bytes_per_layer"] == 0
        return
    # Three things the paper leaves out: on a CPU a mask takes a number of four bytes, not one; each
    # of two norms keeps a mean and a deviation for each token; LoRA keeps the output of A.
    masks = 3 * sum(size for name, size in kept.items() if "mask" in name)
    norms = 2 * 2 * 4 * tokens
    low_rank = 4 * 8 * tokens if inputs["method"] == "lora" else 0
    assert (
        sum(kept.values()) + masks + norms + low_rank == (found["counted"]["saved_bytes_per_layer"])
    )


@pytest.mark.parametrize("found", _records("objective", "cross_entropy"))
def test_cross_entropy_is_that_of_torch(found: dict[str, Any]) -> None:
    inputs = found["inputs"]
    arguments = {"logits": inputs["logits"], "labels": inputs["labels"]}
    if found["counted"]["mean"] is None:
        with pytest.raises(ValueError, match="labels"):
            dlp.cross_entropy(**arguments)
        return
    ours = dlp.cross_entropy(**arguments, ignore_index=inputs["ignore_index"])
    assert math.isclose(ours, found["counted"]["mean"], rel_tol=1e-6)


@pytest.mark.parametrize(
    "found",
    [
        case
        for case in _records("objective", "causal_lm_loss")
        if case.values[0]["inputs"]["num_items_in_batch"] is None  # a mean, not a scaled sum
    ],
)
def test_causal_loss_is_that_of_transformers(found: dict[str, Any]) -> None:
    inputs = found["inputs"]
    ours = dlp.causal_lm_loss(logits=inputs["logits"], labels=inputs["labels"])
    assert math.isclose(ours, found["counted"]["loss"], rel_tol=1e-6)
    assert dlp.supervised_tokens(labels=inputs["labels"]) == found["counted"]["target_tokens"]


@pytest.mark.parametrize("found", _records("objective", "accumulated_loss"))
def test_accumulated_loss_is_averaged_over_tokens(found: dict[str, Any]) -> None:
    window = {
        "loss_sums": found["counted"]["micro_batch_sums"],
        "num_tokens": found["inputs"]["tokens"],
    }
    ours = dlp.accumulated_loss(**window)
    assert math.isclose(ours, found["counted"]["token_mean"], rel_tol=1e-6)
    means = dlp.accumulated_loss(**window, average="micro-batch")
    assert math.isclose(means, found["counted"]["mean_of_means"], rel_tol=1e-6)


_LABELLED = {
    "Transformers collator, padded with <pad>": "pretraining",
    "TRL, text": "pretraining",
    "TRL, messages": "pretraining",
    "TRL, prompt and completion": "completion",
    "TRL, messages, loss on the assistant": "assistant",
}


@pytest.mark.parametrize(
    "found", [case for case in _records("objective", "labels") if case.values[0]["id"] in _LABELLED]
)
def test_labels_are_those_of_the_collators(found: dict[str, Any]) -> None:
    inputs, kind = found["inputs"], _LABELLED[found["id"]]
    for i, (ids, labels) in enumerate(
        zip(inputs["input_ids"], found["counted"]["labels"], strict=True)
    ):
        mask = inputs.get("attention_mask", [[1] * len(row) for row in inputs["input_ids"]])[i]
        if kind == "pretraining":
            assert dlp.pretraining_labels(input_ids=ids, attention_mask=mask) == labels
            continue
        length = sum(mask)
        if kind == "completion":
            prompt = inputs["prompt_tokens"][i]
            ours = dlp.completion_labels(input_ids=ids[:length], num_prompt_tokens=prompt)
        else:
            # The tokenizer's template says which tokens the assistant spoke; the record has it
            # only in its labels, so this proves no more than the meaning of the mask.
            spoken = [int(label != dlp.IGNORE_INDEX) for label in labels[:length]]
            ours = dlp.assistant_labels(input_ids=ids[:length], assistant_masks=spoken)
        assert ours + [dlp.IGNORE_INDEX] * (len(ids) - length) == labels


@pytest.mark.libraries
@pytest.mark.parametrize("topic", record.TOPICS)
def test_libraries_still_count_what_is_recorded(topic: str, require_libraries: None) -> None:
    witness = record.recorded(topic)
    observed = record.observe(topic)
    release = observed["versions"]["transformers"]
    recorded = {
        found["id"]: found
        for found in witness["records"]
        if found.get("versions", {}).get("transformers", release) == release
    }
    again = {found["id"]: found for found in observed["records"]}
    assert again.keys() == recorded.keys()
    for name, found in again.items():
        assert found["inputs"] == recorded[name]["inputs"], name
        _same(found["counted"], recorded[name]["counted"], name)


def _same(ours: object, theirs: object, place: str) -> None:
    """Compare two records: counts exactly, losses to what float32 can carry."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        assert ours.keys() == theirs.keys(), place
        for key, value in theirs.items():
            _same(ours[key], value, f"{place}: {key}")
    elif isinstance(theirs, list) and isinstance(ours, list):
        assert len(ours) == len(theirs), place
        for mine, value in zip(ours, theirs, strict=True):
            _same(mine, value, place)
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=1e-5), place
    else:
        assert ours == theirs, place
