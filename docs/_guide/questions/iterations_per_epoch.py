"""Question 1: the updates of one epoch."""

import dlp
from _guide import given, practised
from _guide.formats import count
from _guide.question import Arguments, Case, Question

EPOCH = "Times the weights changed in one epoch of {num_samples} samples"
UPDATES = (
    "Updates: {num_samples} samples, batch size {per_device_train_batch_size}, "
    "{gradient_accumulation_steps} accumulated"
)


def case(
    *,
    num_samples: int = given.num_samples,
    per_device_train_batch_size: int = given.per_device_train_batch_size,
    gradient_accumulation_steps: int = given.gradient_accumulation_steps,
    context_length: int = given.context_length,
    num_devices: int = given.num_devices,
) -> Case:
    """Ask for the updates of one epoch."""
    batch: Arguments = {
        "per_device_train_batch_size": per_device_train_batch_size,
        "gradient_accumulation_steps": gradient_accumulation_steps,
        "num_devices": num_devices,
    }
    epoch = dict(batch, num_samples=num_samples)
    updates = dlp.updates_per_epoch(**epoch)
    effective = dlp.effective_batch_size(**batch)
    micro_batches = dlp.micro_batches_per_epoch(
        num_samples=num_samples,
        per_device_train_batch_size=per_device_train_batch_size,
        num_devices=num_devices,
    )
    on_one = dlp.updates_per_epoch(**dict(epoch, num_devices=1))
    skipped = dlp.updates_per_epoch(**dict(epoch, last_window="at-least-one"))
    gpus = "one GPU" if num_devices == 1 else f"{count(num_devices)} GPUs"
    at_once = per_device_train_batch_size * num_devices
    up = "" if micro_batches * at_once == num_samples else ", rounded up"
    up_again = "" if updates * gradient_accumulation_steps == micro_batches else ", rounded up"
    accumulates = gradient_accumulation_steps > 1
    return {
        "asks": f"A model is trained on {gpus} with gradient accumulation. How many iterations, "
        "that is updates of the weights, does one epoch take?",
        "assumed": (gpus, "an iteration is an optimizer update", "each sample fills one context"),
        "hints": (
            "Work out how many micro-batches the data set makes; then how many updates those make.",
        ),
        "steps": (("", (dlp.updates_per_epoch, epoch)),),
        "value": updates,
        "unit": "updates",
        "because": f"Each update sees an effective batch of {count(effective)} samples; the epoch "
        f"runs {count(micro_batches)} micro-batches on the way.",
        "wrong": (
            {
                "value": micro_batches,
                "assumes": "Every forward and backward pass is an iteration.",
                "refuted": "That counts micro-batches. The weights change once for every "
                f"{count(gradient_accumulation_steps)} of them.",
                "when": accumulates,
            },
            {
                "value": num_samples // gradient_accumulation_steps,
                "assumes": "The samples are divided by the accumulation steps alone, or the "
                "micro-batches are multiplied by them.",
                "refuted": f"A micro-batch holds {count(per_device_train_batch_size)} samples, and "
                "accumulation makes updates fewer, never more.",
                "when": accumulates
                and per_device_train_batch_size not in (1, gradient_accumulation_steps),
            },
            {
                "value": num_samples,
                "assumes": "Each sample is an iteration.",
                "refuted": f"One update uses {count(effective)} samples.",
                "when": per_device_train_batch_size > 1,
            },
            {
                "value": num_samples // effective * context_length,
                "assumes": f"The effective batch is taken for {count(effective)} tokens, and all "
                "tokens of the data set are divided by it.",
                "refuted": f"An effective batch is {count(effective)} samples, however long each "
                "is.",
                "when": context_length > effective,
            },
        ),
        "more": (
            {
                "value": on_one,
                "assumes": "Every GPU reads the whole data set.",
                "refuted": f"The GPUs share it: {count(num_devices)} micro-batches are "
                "computed at the same time, and go into the same update.",
                "when": num_devices > 1,
            },
        ),
        "other": (
            {
                "value": skipped,
                "say": "Right for a loop that drops the last, incomplete window, as Transformers "
                "long did. Here these micro-batches make an update of their own.",
            },
        )
        if skipped != updates
        else (),
        "tries": f"A data set has {count(num_samples)} samples, each {count(context_length)} "
        f"tokens long. It is trained on with {gpus}, a batch size of "
        f"{count(per_device_train_batch_size)} per device and "
        f"{count(gradient_accumulation_steps)} accumulation steps. How many updates of the weights "
        "does one epoch take?",
        "way": (
            {
                "finds": "Samples in all devices' micro-batches at one time",
                "how": f"{count(per_device_train_batch_size)} × {count(num_devices)}",
                "value": at_once,
                "unit": "samples",
            },
            {
                "finds": "Micro-batches of one device in the epoch",
                "how": f"{count(num_samples)} ÷ {count(at_once)}{up}",
                "value": micro_batches,
                "unit": "micro-batches",
            },
            {
                "finds": "Updates, one for each window of accumulated micro-batches",
                "how": f"{count(micro_batches)} ÷ {count(gradient_accumulation_steps)}{up_again}",
                "value": updates,
                "unit": "updates",
            },
        ),
        "sheet": {
            "said": f"{count(updates)}.",
            "verdict": "right, but does not say what is counted",
            "put_right": f"These are updates. Micro-batches would be {count(micro_batches)}.",
        },
    }


QUESTION = Question(
    number=1,
    topic="Training steps",
    nav="Iterations per epoch",
    title="How many iterations make one epoch?",
    given={
        "num_samples": "samples in the data set",
        "per_device_train_batch_size": "batch size per device",
        "gradient_accumulation_steps": "accumulation steps",
        "context_length": "context length",
    },
    rule="Updates count the changes of the weights; micro-batches count the passes through the "
    "model.",
    varied=(practised.samples, practised.batches),
    case=case,
    counted={
        "epoch: Trainer 5.23.0, N=1000000, b=16, g=4, epochs=1: times the weights changed": EPOCH,
        "epoch: Trainer 5.23.0, N=1000001, b=16, g=4, epochs=1: times the weights changed": EPOCH,
        "epoch: Trainer 4.48.3, N=1000000, b=16, g=4, epochs=1: times the weights changed": EPOCH,
        "epoch: Trainer 4.48.3, N=1000001, b=16, g=4, epochs=1: times the weights changed": EPOCH,
        "updates: Trainer 5.23.0, N=1000, b=8, g=4, epochs=1: updates": UPDATES,
        "updates: Trainer 5.23.0, N=10000, b=4, g=8, epochs=1: updates": UPDATES,
        "updates: Trainer 4.48.3, N=1000, b=8, g=4, epochs=1: updates": UPDATES,
        "updates: Trainer 4.48.3, N=10000, b=4, g=8, epochs=1: updates": UPDATES,
    },
    printed=("nanoGPT, tokens per iteration",),
    sources="trainer-steps trainer-old trainer-fix trainer-issue torch-batch-sampler "
    "accelerate-shard lightning-steps accumulation-docs",
)
