"""When the weights change: the real `Trainer`, in two releases, and a hand-written loop."""

from collections.abc import Iterator
from typing import Any

import dlp
from _evidence.claims import Claim, count
from _evidence.expressions import call
from _evidence.records import Record


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one run."""
    if record.loop == "hand-written":
        yield from _hand_written(record)
    else:
        yield from _trainer(record)


def _run(record: Record) -> dict[str, Any]:
    return {
        "num_samples": record.inputs["num_samples"],
        "per_device_train_batch_size": record.inputs["per_device_train_batch_size"],
        "dataloader_drop_last": record.inputs["dataloader_drop_last"],
    }


def _trainer(record: Record) -> Iterator[Claim]:
    inputs, counted = record.inputs, record.counted
    old = record.versions["transformers"].startswith("4.")
    run = _run(record)
    accumulated = {"gradient_accumulation_steps": inputs["gradient_accumulation_steps"]}
    epochs = inputs["num_train_epochs"]
    last_window = "at-least-one" if old else "step"
    updates = call(
        "training_updates", **run, num_train_epochs=epochs, **accumulated, last_window=last_window
    )
    if "planned_updates" in counted:
        theirs = counted["planned_updates"]
        yield count(record, "updates planned", "transformers", theirs, updates)
    of_an_epoch = dlp.micro_batches_per_epoch(**run)
    loses_gradients = old and _loses_gradients(inputs, of_an_epoch)
    if loses_gradients and of_an_epoch < inputs["gradient_accumulation_steps"]:
        return  # not one of the planned updates is made
    yield count(record, "updates", "transformers", counted["updates"], updates)
    if "times_changed" in counted:
        what = "times the weights changed"
        yield count(record, what, "transformers", counted["times_changed"], updates)
    if "changed_after" in counted and not loses_gradients:
        windows = call(
            "accumulation_windows",
            num_micro_batches=call("micro_batches_per_epoch", **run),
            **accumulated,
            num_train_epochs=epochs,
        )
        # The old release steps short windows as well, and stops early at the count it planned.
        windows |= {"first": updates}
        what, theirs = "weights changed after", counted["changed_after"]
        yield count(record, what, "transformers", theirs, windows | {"each": "last"})
        what, theirs = "micro-batches per update", counted["micro_batches_per_update"]
        yield count(record, what, "transformers", theirs, windows | {"each": "length"})
    if not old:
        ours = call("training_micro_batches", **run, num_train_epochs=epochs, **accumulated)
        yield count(record, "micro-batches", "transformers", counted["micro_batches"], ours)
        if epochs == int(epochs):
            ours = call("micro_batches_per_epoch", **run)
            theirs = counted["micro_batches"] // int(epochs)
            yield count(record, "micro-batches of an epoch", "transformers", theirs, ours)
        if epochs == 1:
            ours = call("updates_per_epoch", **run, **accumulated)
            what = "updates of the epoch"
            yield count(record, what, "transformers", counted["updates"], ours)


def _loses_gradients(inputs: dict[str, Any], micro_batches: int) -> bool:
    """Whether Transformers 4.48 ends an epoch before its last window is full.

    For the last window it takes as many micro-batches as samples, not micro-batches, remain when
    divided by the accumulation steps. Of too few it makes no update; their gradients leak into the
    next epoch's first.
    """
    accumulated = inputs["gradient_accumulation_steps"]
    taken = inputs["num_samples"] % accumulated or accumulated
    return bool(taken < micro_batches % accumulated)


def _hand_written(record: Record) -> Iterator[Claim]:
    counted, run = record.counted, _run(record)
    epochs = record.inputs["num_train_epochs"]
    windows = call(
        "accumulation_windows",
        num_micro_batches=call("micro_batches_per_epoch", **run),
        gradient_accumulation_steps=record.inputs["gradient_accumulation_steps"],
        num_train_epochs=epochs,
        leftover="leak",
    )
    theirs = counted["contributions"]
    yield count(record, "micro-batches in each update", "torch", theirs, windows)
    theirs = counted["changed_after"]
    yield count(record, "weights changed after", "torch", theirs, windows | {"each": "last"})
    run_through = call("training_micro_batches", **run, num_train_epochs=epochs)
    applied = windows | {"each": "length", "total": True}
    ours = run_through | {"minus": [applied]}
    yield count(record, "never applied", "torch", len(counted["never_applied"]), ours)
