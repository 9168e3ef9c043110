"""Parts of epochs, runs of so many updates, resuming, loaders, streams and schedulers."""

from collections.abc import Iterator
from typing import Any

from _evidence.claims import Claim, count
from _evidence.expressions import call
from _evidence.records import Record


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one run, or of one loader or scheduler."""
    yield from {
        "run": _run,
        "resumed": _resumed,
        "loaded": _loaded,
        "streamed": _streamed,
        "scheduled": _scheduled,
    }[record.kind](record)


def _epoch(inputs: dict[str, Any]) -> dict[str, Any]:
    """Give the arguments that say what an epoch is."""
    found = {name: inputs[name] for name in _EPOCH if name in inputs}
    return {**found, **inputs.get("accelerator_config", {})}


_EPOCH = (
    *("num_samples", "per_device_train_batch_size", "gradient_accumulation_steps"),
    *("dataloader_drop_last", "train_sampling_strategy"),
)


def _run(record: Record) -> Iterator[Claim]:
    inputs, counted = record.inputs, record.counted
    epoch = _epoch(inputs)
    length = {name: inputs[name] for name in ("num_train_epochs", "max_steps") if name in inputs}
    updates = call("training_updates", **epoch, **length)
    yield count(record, "updates", "transformers", counted["updates"], updates)
    most = inputs.get("max_steps", -1)
    if most < 0:
        theirs = counted["updates_planned"]
        yield count(record, "updates planned", "transformers", theirs, updates)
    elif most and counted["updates"]:
        started = call("epochs_started", **epoch, max_steps=most)
        theirs = counted["epochs_planned"]
        yield count(record, "epochs planned", "transformers", theirs, started)
    if epoch.pop("train_sampling_strategy", "") != "batch_rebalance":
        ours = call("training_micro_batches", **epoch, **length)
        yield count(record, "micro-batches", "transformers", counted["micro_batches"], ours)


def _resumed(record: Record) -> Iterator[Claim]:
    inputs, counted = record.inputs, record.counted
    inputs = inputs | inputs.get("then", {})
    skips = {"ignore_data_skip": inputs.get("ignore_data_skip", False)}
    point = call("resume_point", **_epoch(inputs), global_step=inputs["global_step"], **skips)
    for what, key in (
        ("epochs trained", "epochs_trained"),
        ("micro-batches skipped", "skipped_micro_batches"),
    ):
        yield count(record, what, "transformers", counted[key], point | {"part": key})


def _loaded(record: Record) -> Iterator[Claim]:
    inputs, counted = record.inputs, record.counted
    (theirs,) = set(counted["micro_batches"])  # every process has as many
    ours = call("micro_batches_per_epoch", **inputs)
    yield count(record, "micro-batches of each process", "accelerate", theirs, ours)
    if theirs:
        batch = {
            key: inputs[key] for key in inputs if key not in ("num_samples", "dataloader_drop_last")
        }
        ours = call("effective_batch_size", **batch)
        theirs = counted["samples_of_the_first"]
        yield count(record, "samples of the first", "accelerate", theirs, ours)


def _streamed(record: Record) -> Iterator[Claim]:
    (theirs,) = set(record.counted["micro_batches"])
    ours = call("stream_micro_batches_per_epoch", **record.inputs)
    yield count(record, "micro-batches of each process", "accelerate", theirs, ours)


def _scheduled(record: Record) -> Iterator[Claim]:
    (theirs,) = set(record.counted["steps"])
    ours = call("scheduler_steps", **record.inputs)
    yield count(record, "steps of the scheduler", "accelerate", theirs, ours)
