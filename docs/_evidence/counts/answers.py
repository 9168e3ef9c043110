"""Updates and answers of GRPO, and sequences of DPO, as TRL's trainers make them."""

from collections.abc import Iterator
from typing import Any

from _evidence.claims import Claim, count
from _evidence.expressions import call
from _evidence.records import Record


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one run, or of one plan."""
    yield from _dpo(record) if record.kind == "dpo" else _grpo(record)


def _grpo(record: Record) -> Iterator[Claim]:
    inputs, counted = record.inputs, record.counted
    updates = call("grpo_training_updates", **inputs)
    if record.kind == "planned":
        (theirs,) = set(counted["updates"])  # every process plans the same
        yield count(record, "updates planned", "trl", theirs, updates)
        return
    yield count(record, "updates", "trl", counted["updates"], updates)
    if inputs["num_train_epochs"] == 1:
        epoch = _without(inputs, "num_train_epochs")
        ours = call("grpo_updates_per_epoch", **epoch)
        yield count(record, "updates of the epoch", "trl", counted["updates"], ours)
        answers = call("grpo_completions_per_epoch", **epoch)
        yield count(record, "answers generated", "trl", counted["completions"], answers)


def _dpo(record: Record) -> Iterator[Claim]:
    inputs, counted = record.inputs, record.counted
    updates = call("training_updates", **inputs)
    yield count(record, "updates", "trl", counted["updates"], updates)
    accumulated = inputs["gradient_accumulation_steps"]
    ours = call(
        "preference_sequences_per_update",
        per_device_train_batch_size=inputs["per_device_train_batch_size"],
        gradient_accumulation_steps=accumulated,
    )
    read = counted["sequences_of_each_micro_batch"]
    theirs = sum(read[:accumulated])
    yield count(record, "sequences of the first update", "trl", theirs, ours)
    micro_batches = call("training_micro_batches", **inputs)
    yield count(record, "micro-batches", "trl", len(read), micro_batches)


def _without(inputs: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if key != name}
