"""The updates of an epoch, and the loop that makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dlp
from _guide.formats import count, decimal, things
from _guide.live import shown
from _guide.pictures.timeline import accumulation_timeline

if TYPE_CHECKING:
    from typing import Any

    from _guide.live.shown import Page

DRAWN = 24
"""Micro-batches that a picture shows at most, and a loop runs."""

LAST_WINDOWS = {
    "step": "makes an update",
    "skip": "makes none",
    "at-least-one": "makes none, but where it is the only one",
}
LEFTOVERS = {
    "step": "make an update of their own",
    "skip": "are dropped",
    "leak": "leak into the next epoch",
}


def epoch(*, page: Page, **values: Any) -> dict[str, str]:
    """Count the updates of an epoch, draw its end, and work the count out."""
    windows, last_window = values["gradient_accumulation_steps"], values["last_window"]
    batch = {
        "per_device_train_batch_size": values["per_device_train_batch_size"],
        "num_devices": values["num_devices"],
    }
    data = {
        "num_samples": values["num_samples"],
        **batch,
        "dataloader_drop_last": values["dataloader_drop_last"],
    }
    call = {**data, "gradient_accumulation_steps": windows, "last_window": last_window}
    effective = dlp.effective_batch_size(**batch, gradient_accumulation_steps=windows)
    micro_batches = dlp.micro_batches_per_epoch(**data)
    updates = dlp.updates_per_epoch(**call)
    tokens = dlp.tokens_per_update(
        sequence_length=values["sequence_length"], **batch, gradient_accumulation_steps=windows
    )
    rows = (
        ("Samples in one update, the effective batch", count(effective)),
        ("Tokens in one update", count(tokens)),
        ("Micro-batches of each device", count(micro_batches)),
        ("Updates", count(updates)),
    )
    solved = ""
    if last_window != "at-least-one":  # which has no formula of its own
        solved = shown.solution((dlp.updates_per_epoch, dlp.micro_batches_per_epoch), call, page)
    return {
        "status": f"{things(updates, 'update')} in an epoch of "
        f"{things(micro_batches, 'micro-batch')}.",
        "html": f'<p class="outcome"><strong>{things(updates, "update")}</strong> in an epoch of '
        f"{things(micro_batches, 'micro-batch')}.</p>"
        + _end(micro_batches, windows, last_window)
        + shown.table(("In one epoch", "Number"), rows, label="one epoch", marked="Updates")
        + solved
        + shown.code(shown.call("updates", "updates_per_epoch", call), _command(values)),
    }


def _command(values: dict[str, Any]) -> str:
    """Write the command that says the same, and leave out what is so anyway."""
    text = f"dlp steps --samples {values['num_samples']}"
    for option, name, default in (
        ("batch", "per_device_train_batch_size", 8),
        ("accumulation", "gradient_accumulation_steps", 1),
        ("devices", "num_devices", 1),
        ("length", "sequence_length", 0),
        ("last-window", "last_window", "step"),
    ):
        text += f" --{option} {values[name]}" if values[name] != default else ""
    return text + (" --drop-last" if values["dataloader_drop_last"] else "")


def _end(micro_batches: int, windows: int, last_window: str) -> str:
    """Draw the end of the epoch, as many windows as fit."""
    if windows > DRAWN:
        return f"<p>A window of {count(windows)} micro-batches is too long to draw.</p>"
    whole = micro_batches // windows
    left = micro_batches - whole * windows
    before = max(0, whole - DRAWN // windows + (1 if left else 0)) * windows
    steps = last_window == "step" or (last_window == "at-least-one" and not whole)
    numbers = list(range(1, micro_batches - before + 1))
    drawn = [numbers[i : i + windows] for i in range(0, len(numbers), windows)]
    made = drawn if steps else [each for each in drawn if len(each) == windows]
    if not made:
        return "<p>No window is complete, so no update is made.</p>"
    what = "The whole epoch."
    if before:
        what = (
            f"The end of the epoch: box 1 is micro-batch {count(before + 1)}, and update 1 is "
            f"number {count(before // windows + 1)}."
        )
    more = f" The last {count(left)} do not fill a window." if left else ""
    if left == 1:
        more = " The last one does not fill a window."
    return accumulation_timeline(
        windows=made,
        end=len(numbers),
        name="epoch",
        title="The micro-batches at the end of the epoch, and their updates",
        summary=f"The weights change {_after(made)}, of the {count(len(numbers))} that are drawn.",
        caption=f"{what}{more}",
    )


def loop(*, page: Page, **values: Any) -> dict[str, Any]:
    """Draw a loop over epochs up to one micro-batch, and say what lies in its gradients then."""
    micro_batches, epochs = values["num_micro_batches"], values["num_train_epochs"]
    call = {name: values[name] for name in values if name != "micro_batch"}
    made = dlp.accumulation_windows(**call)
    end = micro_batches * epochs
    if end > 4 * DRAWN:
        raise ValueError(
            f"num_micro_batches times num_train_epochs must be at most {4 * DRAWN} to be drawn, "
            f"not {count(end)}"
        )
    done = max(0, min(values["micro_batch"], end))
    updates = [window for window in made if window[-1] <= done]
    held = _held(done, call)
    says = f"After micro-batch {done} of {end}: {things(len(updates), 'update')}; "
    if updates and updates[-1][-1] == done:
        says += f"the weights have just changed, by {_number_of(updates[-1])}."
    elif held:
        says += f"the gradients of {_number_of(held)} are added up."
    else:
        says += "no gradients."
    odd = [w for w in made if len(w) > values["gradient_accumulation_steps"]]
    leaks = "".join(
        f" The update after micro-batch {w[-1]} sums {len(w)} micro-batches, and divides by "
        f"{values['gradient_accumulation_steps']}."
        for w in odd[:1]
    )
    rows = tuple((f"{i + 1}", f"after {w[-1]}", f"{len(w)}") for i, w in enumerate(made))
    lost = end - sum(len(window) for window in made)
    goes = "goes" if lost == 1 else "go"
    picture = "<p>No window is complete, so no update is made.</p>"
    if made:
        picture = accumulation_timeline(
            windows=made,
            boundary=micro_batches if epochs > 1 else None,
            end=end,
            done=done,
            name="loop",
            title="The micro-batches of the loop, and the updates that they go into",
            summary=f"The weights change {_after(made)}. {says}",
            caption=f"{things(len(made), 'update')} of {things(end, 'micro-batch')}."
            + (f" {things(lost, 'micro-batch')} {goes} into none." if lost else "")
            + leaks,
        )
    return {
        "status": says,
        "limits": {"micro_batch": end},
        "html": f'<p class="outcome">{says}</p>{picture}'
        + shown.table(("Update", "Weights change", "Micro-batches summed"), rows, label="updates")
        + shown.aside("Worked out", _divided(call, len(made)))
        + shown.code(shown.call("windows", "accumulation_windows", call)),
    }


def _divided(call: dict[str, Any], updates: int) -> str:
    """Divide an epoch into windows, as what is left over goes."""
    epoch, windows = call["num_micro_batches"], call["gradient_accumulation_steps"]
    epochs = call["num_train_epochs"]
    up = call["leftover"] == "step" and epoch % windows > 0
    each = epoch // windows + (1 if up else 0)
    exact = "" if epoch % windows == 0 else f", rounded {'up' if up else 'down'}"
    return (
        f"<p>In each epoch {epoch} micro-batches / {windows} in a window = "
        f"{decimal(epoch / windows)}{exact}: {things(each, 'update')}. In "
        f"{things(epochs, 'epoch')} {epochs} × {each} = "
        f"{updates}.</p>"
    )


def _held(done: int, call: dict[str, Any]) -> list[int]:
    """List the micro-batches whose gradients lie there after one, and are in no update yet."""
    held: list[int] = []
    per_epoch, windows = call["num_micro_batches"], call["gradient_accumulation_steps"]
    for number in range(1, done + 1):
        place = (number - 1) % per_epoch + 1
        held.append(number)
        ends = place == per_epoch and call["leftover"] != "leak"
        if place % windows == 0 or ends:
            held = []
    return held


def _after(windows: list[list[int]]) -> str:
    return "after micro-batches " + ", ".join(str(window[-1]) for window in windows)


def _number_of(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"micro-batch {numbers[0]}"
    return f"micro-batches {numbers[0]} to {numbers[-1]}"
