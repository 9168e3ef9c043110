"""When a run starts an epoch, warms up and resumes, and how its scheduler steps."""

import math

from dlp import _check
from dlp.steps import updates_per_epoch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    from dlp.steps import Epoch

    class ResumePoint(TypedDict):
        """Where a run goes on."""

        epochs_trained: int
        skipped_micro_batches: int


def epochs_started(*, max_steps: int, **epoch: "Unpack[Epoch]") -> int:
    r"""Count the epochs that a run of so many updates starts.

    $$\left\lceil \frac{\text{max\_steps}}{\operatorname{updates\_per\_epoch}} \right\rceil$$

    It is what the Trainer prints as its epochs where `max_steps` is set, whatever
    `num_train_epochs` says. The last epoch may end in its midst.

    Args:
        max_steps: Updates in the run, 1 or more.
        **epoch: The arguments of [`updates_per_epoch`][dlp.steps.updates_per_epoch].

    Returns:
        Epochs started, the last of them perhaps not ended.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a value is out of its range, or an epoch makes no update.

    Source:
        Transformers 5.23.0, `trainer.py`, `Trainer.set_initial_training_values`.

    Examples:
        >>> epochs_started(max_steps=10_000, num_samples=12_667, per_device_train_batch_size=4)
        4
    """
    of_an_epoch = _updates_of_an_epoch(epoch)
    return -(-_check.count("max_steps", max_steps) // of_an_epoch)


def resume_point(
    *, global_step: int, ignore_data_skip: bool = False, **epoch: "Unpack[Epoch]"
) -> "ResumePoint":
    """Say where a run goes on from a checkpoint: in which epoch, and after how many micro-batches.

    `global_step` updates are so many whole epochs as the updates of an epoch go into them. Those
    left over have taken `gradient_accumulation_steps` micro-batches each, which the loader skips.

    `epoch` is that of the run that goes on. With another number of devices or another
    batch the epoch has other updates, and the run goes on at another sample.

    Args:
        global_step: Updates that the checkpoint has behind it, 0 or more.
        ignore_data_skip: Whether the epoch begins again at its first sample.
        **epoch: The arguments of [`updates_per_epoch`][dlp.steps.updates_per_epoch].

    Returns:
        `epochs_trained`, the epochs that are done, which is the number of the one that goes on,
        counted from 0; `skipped_micro_batches`, those of it that each device skips.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a value is out of its range, or an epoch makes no update.

    Source:
        Transformers 5.23.0, `trainer.py`, `Trainer._init_training_state`.

    Examples:
        >>> resume_point(
        ...     global_step=50,
        ...     num_samples=1000,
        ...     per_device_train_batch_size=8,
        ...     gradient_accumulation_steps=4,
        ... )
        {'epochs_trained': 1, 'skipped_micro_batches': 72}
    """
    of_an_epoch = _updates_of_an_epoch(epoch)
    done = _check.count("global_step", global_step, minimum=0)
    skipped = done % of_an_epoch * epoch.get("gradient_accumulation_steps", 1)
    if _check.flag("ignore_data_skip", ignore_data_skip):
        skipped = 0
    return {"epochs_trained": done // of_an_epoch, "skipped_micro_batches": skipped}


def warmup_updates(
    *, num_training_steps: int, warmup_steps: float = 0, warmup_ratio: float = 0.0
) -> int:
    r"""Count the updates in which the learning rate grows.

    From 1 on, `warmup_steps` is their number, without what stands after the point. Below 1 it is
    a share of all updates, rounded up:

    $$\left\lceil \text{num\_training\_steps} \times \text{warmup\_steps} \right\rceil$$

    Transformers 4 has `warmup_ratio` for a share, which holds where `warmup_steps` is 0. Products
    are of floats, as in the library: 0.07 of 100 updates are 8.

    Args:
        num_training_steps: Updates of the whole run, 0 or more.
        warmup_steps: Updates, or a share of them if it is below 1; 0 or more.
        warmup_ratio: The share of them, from 0 to 1.

    Returns:
        Updates of warm-up.

    Source:
        Transformers 5.23.0, `training_args.py`, `TrainingArguments.get_warmup_steps`;
        `warmup_ratio` as in Transformers 4.48.3.

    Examples:
        >>> warmup_updates(num_training_steps=15_625, warmup_steps=0.03)
        469
        >>> warmup_updates(num_training_steps=15_625, warmup_steps=100)
        100
        >>> warmup_updates(num_training_steps=15_625, warmup_ratio=0.1)
        1563
    """
    total = _check.count("num_training_steps", num_training_steps, minimum=0)
    steps = _check.number("warmup_steps", warmup_steps)
    ratio = _check.number("warmup_ratio", warmup_ratio, maximum=1)
    if steps >= 1:
        return math.floor(steps)
    return math.ceil(total * (steps or ratio))


def scheduler_steps(*, num_updates: int, num_devices: int = 1, split_batches: bool = False) -> int:
    r"""Count the steps of a scheduler that Accelerate has prepared.

    $$\text{num\_updates} \times \text{num\_devices}$$

    Accelerate takes it that the scheduler was made for the loader of one device, and steps it once
    for each device.

    With `split_batches=True` it steps once an update:

    $$\text{num\_updates}$$

    So a scheduler that is to last the run is made with so many steps, and with warm-up steps
    multiplied alike. The Trainer does not prepare its scheduler: there it steps once an update.

    Args:
        num_updates: Updates of the optimizer, 0 or more.
        num_devices: The data-parallel degree, 1 or more: devices that take different samples.
        split_batches: Whether the loader's batch is divided among the devices.

    Returns:
        Steps of the scheduler.

    Source:
        Accelerate 1.15.0, `scheduler.py`, `AcceleratedScheduler.step`.

    Examples:
        >>> scheduler_steps(num_updates=10_000, num_devices=4)
        40000
    """
    updates = _check.count("num_updates", num_updates, minimum=0)
    devices = _check.count("num_devices", num_devices)
    return updates if _check.flag("split_batches", split_batches) else updates * devices


def _updates_of_an_epoch(epoch: "Epoch") -> int:
    """Count the updates of an epoch, of which there must be one."""
    found = updates_per_epoch(**epoch)
    if not found:
        raise ValueError(
            f"num_samples must be enough for an update in each epoch, not {epoch['num_samples']}"
        )
    return found
