"""Training steps: micro-batches, optimizer updates and tokens.

A *micro-batch* is what one device takes through one forward and backward pass. An *update* is one
step of the optimizer, after `gradient_accumulation_steps` micro-batches. The *effective batch* is
what one update sees. `num_devices` is the data-parallel degree: devices that share one sequence
(tensor, context or pipeline parallel) count as one. With `split_batches`, as Accelerate has it,
`per_device_train_batch_size` is the batch of all devices together, which is divided among them.
"""

import math

from dlp import _check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, Required, TypedDict, Unpack

    LastWindow = Literal["step", "skip", "at-least-one"]
    Leftover = Literal["step", "skip", "leak"]
    SamplingStrategy = Literal["random", "sequential", "group_by_length", "batch_rebalance"]

    class Batch(TypedDict, total=False):
        """The arguments of `effective_batch_size`."""

        per_device_train_batch_size: Required[int]
        gradient_accumulation_steps: int
        num_devices: int
        split_batches: bool

    class Data(TypedDict, total=False):
        """The arguments of `micro_batches_per_epoch`."""

        num_samples: Required[int]
        per_device_train_batch_size: Required[int]
        num_devices: int
        dataloader_drop_last: bool
        split_batches: bool

    class Epoch(Data, total=False):
        """The arguments of `updates_per_epoch`."""

        gradient_accumulation_steps: int
        train_sampling_strategy: SamplingStrategy
        group_by_length: bool
        last_window: LastWindow


LAST_WINDOWS: "tuple[LastWindow, ...]" = ("step", "skip", "at-least-one")
"""What a loop does with the micro-batches left over at the end of an epoch.

`"step"` makes a last, smaller update of them (Transformers from 4.52.1, Lightning); `"skip"` makes
none. `"at-least-one"` is the number that Transformers 4.48 plans and prints: as with `"skip"`, but
1 for an epoch of one or more micro-batches that is shorter than a window. It is a plan: in such an
epoch the loop of that version may end without a single update.
"""

SAMPLING_STRATEGIES: "tuple[SamplingStrategy, ...]" = (
    *("random", "sequential", "group_by_length", "batch_rebalance"),
)
"""In which order the `Trainer` takes samples: values of `train_sampling_strategy`.

The first three change no count. `"batch_rebalance"` puts samples of an update together by their
lengths, so that each update has all its micro-batches: with `dataloader_drop_last` the samples that
are too few for an update are dropped, not those that are too few for a micro-batch.
"""

LEFTOVERS: "tuple[Leftover, ...]" = ("step", "skip", "leak")
"""What becomes of the gradients of leftover micro-batches.

`"step"` and `"skip"` are as in `LAST_WINDOWS`. `"leak"` is the hand-written loop that keeps the
gradients: it steps at every multiple of `gradient_accumulation_steps` and clears them only there,
so those of the leftover micro-batches are added to the first update of the next epoch.
"""


def effective_batch_size(
    *,
    per_device_train_batch_size: int,
    gradient_accumulation_steps: int = 1,
    num_devices: int = 1,
    split_batches: bool = False,
) -> int:
    r"""Count the samples that one optimizer update sees.

    $$\text{per\_device\_train\_batch\_size} \times \text{gradient\_accumulation\_steps}
    \times \text{num\_devices}$$

    With `split_batches=True` the batch is already that of all devices:

    $$\text{per\_device\_train\_batch\_size} \times \text{gradient\_accumulation\_steps}$$

    Args:
        per_device_train_batch_size: Samples in one micro-batch on one device, 1 or more.
        gradient_accumulation_steps: Micro-batches summed into one update, 1 or more.
        num_devices: The data-parallel degree, 1 or more: devices that take different samples.
        split_batches: Whether the batch is that of all devices, a multiple of their number.

    Returns:
        Samples per update.

    Source:
        Transformers 5.23.0, `trainer.py`, `Trainer.get_total_train_batch_size`.

    Examples:
        >>> effective_batch_size(per_device_train_batch_size=16, gradient_accumulation_steps=4)
        64
    """
    _check.count("gradient_accumulation_steps", gradient_accumulation_steps)
    return gradient_accumulation_steps * _samples_at_once(
        per_device_train_batch_size, num_devices, split_batches
    )


def micro_batches_per_epoch(
    *,
    num_samples: int,
    per_device_train_batch_size: int,
    num_devices: int = 1,
    dataloader_drop_last: bool = False,
    split_batches: bool = False,
) -> int:
    r"""Count the forward and backward passes in one pass over the data.

    $$\left\lceil \frac{\text{num\_samples}}
    {\text{per\_device\_train\_batch\_size} \times \text{num\_devices}} \right\rceil$$

    With `dataloader_drop_last=True` the incomplete batch at the end is left out:

    $$\left\lfloor \frac{\text{num\_samples}}
    {\text{per\_device\_train\_batch\_size} \times \text{num\_devices}} \right\rfloor$$

    With `split_batches=True` the batch is already that of all devices:

    $$\left\lceil \frac{\text{num\_samples}}
    {\text{per\_device\_train\_batch\_size}} \right\rceil$$

    With `split_batches=True` and `dataloader_drop_last=True` without the incomplete one:

    $$\left\lfloor \frac{\text{num\_samples}}
    {\text{per\_device\_train\_batch\_size}} \right\rfloor$$

    `updates_per_epoch` says which `train_sampling_strategy` makes others.

    Args:
        num_samples: Samples in the data set, 1 or more.
        per_device_train_batch_size: Samples in one micro-batch on one device, 1 or more.
        num_devices: The data-parallel degree, 1 or more: devices that take different samples.
        dataloader_drop_last: Whether an incomplete last batch is dropped. It never drops an
            incomplete accumulation window.
        split_batches: Whether the batch is that of all devices, a multiple of their number.

    Returns:
        Micro-batches per epoch on each device.

    Source:
        PyTorch, `torch.utils.data.BatchSampler.__len__`, the length of a `DataLoader`; the
        division over devices as in Accelerate's `BatchSamplerShard`.

    Examples:
        >>> micro_batches_per_epoch(num_samples=1_000_000, per_device_train_batch_size=16)
        62500
        >>> micro_batches_per_epoch(num_samples=100, per_device_train_batch_size=8)
        13
        >>> micro_batches_per_epoch(
        ...     num_samples=100, per_device_train_batch_size=8, dataloader_drop_last=True
        ... )
        12
    """
    _check.count("num_samples", num_samples)
    _check.flag("dataloader_drop_last", dataloader_drop_last)
    samples_at_once = _samples_at_once(per_device_train_batch_size, num_devices, split_batches)
    if dataloader_drop_last:
        return num_samples // samples_at_once
    return -(-num_samples // samples_at_once)


def updates_per_epoch(
    *,
    num_samples: int,
    per_device_train_batch_size: int,
    gradient_accumulation_steps: int = 1,
    num_devices: int = 1,
    dataloader_drop_last: bool = False,
    split_batches: bool = False,
    train_sampling_strategy: "SamplingStrategy" = "random",
    group_by_length: bool = False,
    last_window: "LastWindow" = "step",
) -> int:
    r"""Count the optimizer updates in one pass over the data.

    $$\left\lceil \frac{\operatorname{micro\_batches\_per\_epoch}}
    {\text{gradient\_accumulation\_steps}} \right\rceil$$

    With `last_window="skip"` an incomplete accumulation window makes no update:

    $$\left\lfloor \frac{\operatorname{micro\_batches\_per\_epoch}}
    {\text{gradient\_accumulation\_steps}} \right\rfloor$$

    `last_window="at-least-one"` gives the same, but 1 instead of 0 for an epoch of one or more
    micro-batches.

    `train_sampling_strategy="batch_rebalance"` leaves no window incomplete: it divides the samples
    of each update into as many micro-batches, and with `dataloader_drop_last` drops those that are
    too few for an update.

    Args:
        num_samples: Samples in the data set, 1 or more.
        per_device_train_batch_size: Samples in one micro-batch on one device, 1 or more.
        gradient_accumulation_steps: Micro-batches summed into one update, 1 or more.
        num_devices: The data-parallel degree, 1 or more: devices that take different samples.
        dataloader_drop_last: Whether an incomplete last batch is dropped.
        split_batches: Whether the batch is that of all devices, a multiple of their number.
            `train_sampling_strategy="batch_rebalance"` cannot have it.
        train_sampling_strategy: One of `SAMPLING_STRATEGIES`.
        group_by_length: What Transformers 4 has for `train_sampling_strategy="group_by_length"`; it
            changes no count.
        last_window: One of `LAST_WINDOWS`: whether the micro-batches left over at the end of
            the epoch make an update of their own (`"step"`), none (`"skip"`), or one only if
            there would be no other (`"at-least-one"`).

    Returns:
        Updates per epoch.

    Source:
        Transformers 5.23.0, `trainer.py`, `Trainer.set_initial_training_values` (rounds up), and
        `trainer_pt_utils.py`, `BatchRebalanceSampler`; Transformers 4.48.3, `trainer.py`,
        `Trainer._inner_training_loop` (rounds down, but not below one).

    Examples:
        >>> updates_per_epoch(
        ...     num_samples=1_000_000,
        ...     per_device_train_batch_size=16,
        ...     gradient_accumulation_steps=4,
        ... )
        15625
    """
    micro_batches = micro_batches_per_epoch(
        num_samples=num_samples,
        per_device_train_batch_size=per_device_train_batch_size,
        num_devices=num_devices,
        dataloader_drop_last=dataloader_drop_last,
        split_batches=split_batches,
    )
    _check.count("gradient_accumulation_steps", gradient_accumulation_steps)
    _check.choice("last_window", last_window, LAST_WINDOWS)
    _check.flag("group_by_length", group_by_length)
    _check.choice("train_sampling_strategy", train_sampling_strategy, SAMPLING_STRATEGIES)
    if train_sampling_strategy == "batch_rebalance":
        if split_batches:
            raise ValueError(
                'split_batches must be False when train_sampling_strategy is "batch_rebalance"'
            )
        of_an_update = per_device_train_batch_size * num_devices * gradient_accumulation_steps
        if dataloader_drop_last:
            return num_samples // of_an_update
        return -(-num_samples // of_an_update)
    if last_window == "at-least-one" and 0 < micro_batches < gradient_accumulation_steps:
        return 1
    if last_window != "step":
        return micro_batches // gradient_accumulation_steps
    return -(-micro_batches // gradient_accumulation_steps)


def training_micro_batches(
    *,
    num_train_epochs: float = 3.0,
    max_steps: int = -1,
    gradient_accumulation_steps: int = 1,
    **data: "Unpack[Data]",
) -> int:
    r"""Count the forward and backward passes of a whole training run.

    With `max_steps=-1`, which is the default, epochs are counted:

    $$\left\lceil \text{num\_train\_epochs} \times \operatorname{micro\_batches\_per\_epoch}
    \right\rceil$$

    A run that ends within an epoch ends with an update, so that its last window is a whole one.

    Args:
        num_train_epochs: Passes over the data, 0 or more; part of one too, such as 0.5.
        max_steps: Updates of the run, as [`training_updates`][dlp.steps.training_updates] takes it.
        gradient_accumulation_steps: Micro-batches summed into one update, 1 or more.
        **data: The arguments of [`micro_batches_per_epoch`][dlp.steps.micro_batches_per_epoch].

    Returns:
        Micro-batches on each device.

    Examples:
        >>> training_micro_batches(
        ...     num_samples=1000, per_device_train_batch_size=8, num_train_epochs=3
        ... )
        375
    """
    updates = training_updates(
        num_train_epochs=num_train_epochs,
        max_steps=max_steps,
        gradient_accumulation_steps=gradient_accumulation_steps,
        **data,
    )
    micro_batches = micro_batches_per_epoch(**data)
    windows = -(-micro_batches // gradient_accumulation_steps)
    if not windows:
        return 0
    return updates // windows * micro_batches + updates % windows * gradient_accumulation_steps


def training_updates(
    *, num_train_epochs: float = 3.0, max_steps: int = -1, **epoch: "Unpack[Epoch]"
) -> int:
    r"""Count the optimizer updates of a whole training run.

    Each epoch is rounded on its own; micro-batches left over in one epoch do not add up with
    those of the next.

    With `max_steps=-1`, which is the default, epochs are counted:

    $$\left\lceil \text{num\_train\_epochs} \times \operatorname{updates\_per\_epoch} \right\rceil$$

    The product is one of floats where `num_train_epochs` is a float, as in the library: 1.1 epochs
    of 50 updates are 56, as floats give a little more than 55. `max_steps` of 1 or more takes the
    place of all this; `epochs_started` turns it into epochs.

    Args:
        num_train_epochs: Passes over the data, 0 or more; part of one too, such as 0.5.
        max_steps: Updates of the run, unless an epoch has none; as many as the epochs make if it is
            below 0. With 0 the Trainer stops after the first.
        **epoch: The arguments of [`updates_per_epoch`][dlp.steps.updates_per_epoch].

    Returns:
        Updates in the run.

    Source:
        Transformers 5.23.0, `trainer.py`, `Trainer.set_initial_training_values` and
        `Trainer._inner_training_loop`.

    Examples:
        >>> training_updates(
        ...     num_samples=1000,
        ...     per_device_train_batch_size=10,
        ...     gradient_accumulation_steps=3,
        ...     num_train_epochs=3,
        ... )
        102
        >>> training_updates(num_samples=1000, per_device_train_batch_size=8, num_train_epochs=0.5)
        63
        >>> training_updates(num_samples=1000, per_device_train_batch_size=8, max_steps=500)
        500
    """
    return _of_a_run(updates_per_epoch(**epoch), num_train_epochs, max_steps)


def _of_a_run(of_an_epoch: int, num_train_epochs: float, max_steps: int) -> int:
    """Count the updates of a run whose epochs have so many."""
    epochs = _check.number("num_train_epochs", num_train_epochs)
    _check.count("max_steps", max_steps, minimum=-_check.LARGEST_COUNT)
    if max_steps < 0:
        return math.ceil(epochs * of_an_epoch)
    if max_steps > 0 and of_an_epoch:
        return max_steps
    return min(math.ceil(epochs), of_an_epoch, 1)  # trainer_callback.py looks after an update


def accumulation_windows(
    *,
    num_micro_batches: int,
    gradient_accumulation_steps: int,
    num_train_epochs: float = 1,
    leftover: "Leftover" = "step",
) -> list[list[int]]:
    """List, update by update, the micro-batches whose gradients it applies.

    The weights change after the last micro-batch of each inner list, and only there. Micro-batches
    are numbered from 1 through all epochs.

    Args:
        num_micro_batches: Micro-batches in one epoch, 1 or more.
        gradient_accumulation_steps: Micro-batches summed into one update, 1 or more.
        num_train_epochs: Passes over the data, 0 or more, part of one too; all together at most a
            million micro-batches.
        leftover: One of `LEFTOVERS`: what becomes of the micro-batches left over at the end of
            an epoch. They make an update of their own (`"step"`), are dropped (`"skip"`), or
            leak into the first update of the next epoch (`"leak"`).

    Returns:
        One list of micro-batch numbers for each update.

    Source:
        Transformers 5.23.0, `trainer.py` (`"step"`); for `"leak"` the training loop of the Hugging
        Face course, chapter 7.6, which steps when `step % gradient_accumulation_steps == 0`.

    Examples:
        >>> accumulation_windows(num_micro_batches=10, gradient_accumulation_steps=4)
        [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]

        The same two epochs in a loop that lets gradients leak:

        >>> accumulation_windows(
        ...     num_micro_batches=5,
        ...     gradient_accumulation_steps=4,
        ...     num_train_epochs=2,
        ...     leftover="leak",
        ... )
        [[1, 2, 3, 4], [5, 6, 7, 8, 9]]
    """
    _check.count("num_micro_batches", num_micro_batches)
    _check.count("gradient_accumulation_steps", gradient_accumulation_steps)
    epochs = _check.number("num_train_epochs", num_train_epochs)
    if num_micro_batches * epochs > 1_000_000:
        raise ValueError(
            f"num_micro_batches times num_train_epochs must be at most 1000000 to be listed, "
            f"not {num_micro_batches} times {num_train_epochs}"
        )
    _check.choice("leftover", leftover, LEFTOVERS)
    windows: list[list[int]] = []
    pending: list[int] = []
    for epoch in range(math.ceil(epochs)):
        for step in range(1, num_micro_batches + 1):
            pending.append(epoch * num_micro_batches + step)
            if step % gradient_accumulation_steps == 0:
                windows.append(pending)
                pending = []
        if pending and leftover == "step":
            windows.append(pending)
        if leftover != "leak":
            pending = []
    of_an_epoch = num_micro_batches // gradient_accumulation_steps
    if leftover == "step":
        of_an_epoch = -(-num_micro_batches // gradient_accumulation_steps)
    return windows[: math.ceil(epochs * of_an_epoch)]


def tokens_per_update(*, sequence_length: int, **batch: "Unpack[Batch]") -> int:
    r"""Count the tokens that one optimizer update sees, each sample one sequence long.

    $$\operatorname{effective\_batch\_size} \times \text{sequence\_length}$$

    Args:
        sequence_length: Tokens in one sample, 1 or more.
        **batch: The arguments of [`effective_batch_size`][dlp.steps.effective_batch_size].

    Returns:
        Tokens per update.

    Examples:
        >>> tokens_per_update(
        ...     sequence_length=1024, per_device_train_batch_size=12, gradient_accumulation_steps=40
        ... )
        491520
    """
    return _check.count("sequence_length", sequence_length) * effective_batch_size(**batch)


def tokens_per_epoch(*, num_samples: int, sequence_length: int) -> int:
    r"""Count the tokens in one pass over the data, each sample one sequence long.

    $$\text{num\_samples} \times \text{sequence\_length}$$

    Args:
        num_samples: Samples in the data set, 1 or more.
        sequence_length: Tokens in one sample, 1 or more.

    Returns:
        Tokens per epoch.

    Examples:
        >>> tokens_per_epoch(num_samples=1_000_000, sequence_length=2048)
        2048000000
    """
    _check.count("num_samples", num_samples)
    _check.count("sequence_length", sequence_length)
    return num_samples * sequence_length


def epochs_seen(*, num_tokens: int, dataset_tokens: int, mixture_weight: float = 1.0) -> float:
    r"""Give how often a run reads a data set through, of which it takes a share of its tokens.

    $$\frac{\text{num\_tokens} \times \text{mixture\_weight}}{\text{dataset\_tokens}}$$

    Args:
        num_tokens: Tokens that the run trains on, 1 or more.
        dataset_tokens: Tokens in the data set, 1 or more.
        mixture_weight: The share of the run's tokens that comes from this data set, from 0 to 1.

    Returns:
        Epochs.

    Source:
        Brown et al. 2020 (GPT-3), Table 2.2.

    Examples:
        The filtered Common Crawl of GPT-3 was not read to its end:

        >>> round(
        ...     epochs_seen(
        ...         num_tokens=300_000_000_000,
        ...         dataset_tokens=410_000_000_000,
        ...         mixture_weight=0.6,
        ...     ),
        ...     2,
        ... )
        0.44
    """
    _check.count("num_tokens", num_tokens)
    _check.count("dataset_tokens", dataset_tokens)
    _check.number("mixture_weight", mixture_weight, maximum=1)
    return num_tokens * mixture_weight / dataset_tokens


def _samples_at_once(batch: int, num_devices: int, split_batches: bool) -> int:
    """Count the samples that all devices take at once."""
    _check.count("per_device_train_batch_size", batch)
    _check.count("num_devices", num_devices)
    if not _check.flag("split_batches", split_batches):
        return batch * num_devices
    if batch % num_devices:
        raise ValueError(
            f"per_device_train_batch_size must be a multiple of num_devices with split_batches, "
            f"not {batch} with {num_devices}"
        )
    return batch
