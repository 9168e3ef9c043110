"""Question 2: when the weights of a run are updated."""

import dlp
from _guide import given, practised
from _guide.formats import count
from _guide.question import Arguments, Case, Marked, Question

CHANGED = "Weights change after micro-batches: {epochs} of {drawn_micro_batches}"


def case(
    *,
    num_samples: int = given.num_samples,
    per_device_train_batch_size: int = given.per_device_train_batch_size,
    gradient_accumulation_steps: int = given.gradient_accumulation_steps,
) -> Case:
    """Ask when the weights are updated on one device."""
    batch: Arguments = {
        "per_device_train_batch_size": per_device_train_batch_size,
        "gradient_accumulation_steps": gradient_accumulation_steps,
        "num_devices": given.num_devices,
    }
    epoch = dict(batch, num_samples=num_samples)
    effective = dlp.effective_batch_size(**batch)
    updates = dlp.updates_per_epoch(**epoch)
    micro_batches = dlp.micro_batches_per_epoch(
        num_samples=num_samples, per_device_train_batch_size=per_device_train_batch_size
    )
    once = dlp.updates_per_epoch(**dict(epoch, gradient_accumulation_steps=micro_batches))
    return {
        "asks": "Someone says of the same run: “the weights of the model are updated only when an "
        "epoch ends.” True or false?",
        "assumed": ("one GPU", "the same run as in question 1"),
        "hints": ("Find out after how many samples the optimizer steps for the first time.",),
        "steps": (
            ("", (dlp.effective_batch_size, batch)),
            ("And so often in the epoch:", (dlp.updates_per_epoch, epoch)),
        ),
        "value": updates,
        "unit": "updates",
        "says": f"False: after every {count(effective)} samples, {count(updates)} times in the "
        "epoch",
        "because": "The optimizer steps after each effective batch: "
        f"{count(gradient_accumulation_steps)} micro-batches of "
        f"{count(per_device_train_batch_size)} samples.",
        "wrong": (
            {
                "value": once,
                "says": f"True: {count(once)} update in an epoch",
                "assumes": "The gradients of all samples are summed before the optimizer steps.",
                "refuted": "That is full-batch gradient descent. This run steps after every "
                f"effective batch, {count(updates)} times in this epoch.",
            },
            {
                "value": micro_batches,
                "says": f"False: after every batch of {count(per_device_train_batch_size)} "
                f"samples, {count(micro_batches)} times",
                "assumes": "Each backward pass changes the weights.",
                "refuted": "`backward()` only adds to the stored gradients; `optimizer.step()` "
                "changes weights, and it runs after "
                f"{count(gradient_accumulation_steps)} micro-batches.",
                "when": gradient_accumulation_steps > 1,
            },
            {
                "says": "False, and accumulation also makes weights and optimizer states smaller",
                "assumes": "Smaller micro-batches make everything smaller.",
                "refuted": "Only activations depend on the micro-batch. Weights, gradients and "
                "optimizer states are as large as before.",
            },
            {
                "value": num_samples,
                "says": f"False: after every sample, {count(num_samples)} times",
                "assumes": "Stochastic gradient descent takes one sample at a time.",
                "refuted": "In its original form it does; here one update averages over the "
                "effective batch.",
                "when": per_device_train_batch_size > 1,
            },
        ),
        "sheet": {
            "said": "False: weights are updated after one batch of data.",
            "verdict": "right answer, loose reason",
            "put_right": f"After one *effective* batch of {count(effective)}: "
            f"{count(gradient_accumulation_steps)} micro-batches of "
            f"{count(per_device_train_batch_size)}. After a single batch of "
            f"{count(per_device_train_batch_size)} the weights are still the old ones.",
        },
    }


def marked(
    *,
    num_micro_batches: int = given.drawn_micro_batches,
    gradient_accumulation_steps: int = given.gradient_accumulation_steps,
) -> Marked:
    """Ask after which micro-batches of a short epoch the weights change."""
    shape: Arguments = {
        "num_micro_batches": num_micro_batches,
        "gradient_accumulation_steps": gradient_accumulation_steps,
    }
    windows = dlp.accumulation_windows(**shape)
    skipped = dlp.accumulation_windows(**dict(shape, leftover="skip"))
    numbers = list(range(1, num_micro_batches + 1))
    first = [window[0] for window in windows]
    return {
        "tries": f"An epoch has {count(num_micro_batches)} micro-batches, and "
        f"{count(gradient_accumulation_steps)} are accumulated into an update. Mark each "
        "micro-batch after which the weights change.",
        "places": tuple(count(number) for number in numbers),
        "value": [window[-1] for window in windows],
        "because": "Backward only adds to the gradients. The optimizer steps when "
        f"{count(gradient_accumulation_steps)} micro-batches are done"
        f"{'' if skipped == windows else ', and once more for what is left over at the end'}.",
        "hints": (
            "Call `backward()` in each micro-batch, but `optimizer.step()` only in some.",
            "Step after every `gradient_accumulation_steps` micro-batches, and at the end.",
            f"Count {count(gradient_accumulation_steps)}, then "
            f"{count(gradient_accumulation_steps)} again; at {count(num_micro_batches)} the "
            "micro-batches end.",
        ),
        "other": (
            (
                [window[-1] for window in skipped],
                "Right for a loop that drops what is left over. Here the last micro-batches make "
                "an update of their own.",
            ),
        )
        if skipped != windows
        else (),
        "wrong": (
            (
                numbers,
                "Each backward pass is taken for an update. `backward()` only adds to the stored "
                "gradients; `optimizer.step()` changes weights.",
            ),
            (
                [num_micro_batches],
                "All gradients of the epoch are summed before the first step. That is full-batch "
                "gradient descent; this run steps after every window.",
            ),
            (
                first,
                "The step is put at the start of a window. It comes after the last of the "
                "micro-batches whose gradients it applies.",
            ),
            (
                [each - 1 for each in first if each > 1],
                "The last window is forgotten. It ends in a step as each before it does.",
            ),
        )[: len(numbers) if skipped == windows else -1],
    }


QUESTION = Question(
    number=2,
    topic="Training steps",
    nav="When weights update",
    title="Are weights updated only at the end of an epoch?",
    given={
        "num_samples": "samples in the data set",
        "per_device_train_batch_size": "batch size per device",
        "gradient_accumulation_steps": "accumulation steps",
    },
    again="After how many samples do the weights of this run change, and how often in one epoch?",
    varied=(practised.epochs, practised.windows),
    marked=marked,
    case=case,
    counted={
        "updates: Trainer 5.23.0, N=40, b=4, g=4, epochs=1: weights changed after": CHANGED,
        "updates: Trainer 5.23.0, N=40, b=4, g=4, epochs=2: weights changed after": CHANGED,
        "updates: hand-written loop, N=40, b=4, g=4, epochs=1: weights changed after": CHANGED,
        "updates: hand-written loop, N=40, b=4, g=4, epochs=2: weights changed after": CHANGED,
    },
    printed=(),
    sources="torch-backward torch-optimizer trainer-loop trainer-loss lightning-loop "
    "accelerate-sync course-7-6 accumulation-fix",
)
