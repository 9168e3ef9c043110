"""What a loader makes of texts: packed rows, padded batches, streams that several workers read."""

from dlp import _check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    PackingStrategy = Literal["bfd", "bfd_split", "bfd-requeue", "wrapped"]

PACKING_STRATEGIES: "tuple[PackingStrategy, ...]" = ("bfd", "bfd_split", "bfd-requeue", "wrapped")
"""How TRL packs texts into rows.

`"bfd"`, best-fit decreasing: longest first, each whole into the fullest row that has room for it;
what is longer than a row is cut off. `"bfd_split"` cuts longer texts into pieces first and packs
those; `"bfd-requeue"` is its earlier name. `"wrapped"` cuts the texts, one after another, at every
row's end.
"""


def packed_rows(
    *,
    lengths: "Sequence[int]",
    max_length: int = 1024,
    packing_strategy: "PackingStrategy" = "bfd",
    dataset_num_proc: "int | None" = None,
    batch_size: int = 1000,
) -> list[int]:
    """List the tokens in each row that packing makes of texts.

    Their number is the `num_samples` of the run. Texts are packed a thousand at a time, since
    `Dataset.map` hands them over so, and each thousand ends with a row of its own: a little more
    than one would need.

    Args:
        lengths: Tokens of each text, in order, each 0 or more; at least one text, and all together
            at most a million full rows.
        max_length: Tokens that a row takes, 1 or more.
        packing_strategy: One of `PACKING_STRATEGIES`.
        dataset_num_proc: Processes that each pack a part of the texts, 1 or more; `None` as 1.
        batch_size: Texts packed together, 1 or more.

    Returns:
        Tokens in each row, in TRL's order.

    Source:
        TRL 1.16.0, `data_utils.py`, `pack_dataset`; Datasets 5.2.0, `Dataset.map`.

    Examples:
        >>> packed_rows(lengths=[5, 2, 3, 1], max_length=4)
        [4, 4, 2]
        >>> packed_rows(lengths=[5, 2, 3, 1], max_length=4, packing_strategy="bfd_split")
        [4, 4, 3]
        >>> packed_rows(lengths=[5, 2, 3, 1], max_length=4, packing_strategy="wrapped")
        [4, 4, 3]
    """
    texts = [
        _check.count("lengths[i]", length, minimum=0)
        for length in _check.sequence("lengths", lengths)
    ]
    _check.count("max_length", max_length)
    _check.choice("packing_strategy", packing_strategy, PACKING_STRATEGIES)
    _check.count("batch_size", batch_size)
    parts = 1 if dataset_num_proc is None else _check.count("dataset_num_proc", dataset_num_proc)
    if packing_strategy == "bfd":
        texts = [min(length, max_length) for length in texts]
    if sum(texts) // max_length > 1_000_000:
        raise ValueError(
            f"lengths must make at most 1000000 full rows of {max_length} tokens to be listed"
        )
    rows: list[int] = []
    start = 0
    parts = min(parts, len(texts))
    for part in range(parts):
        end = start + len(texts) // parts + (1 if part < len(texts) % parts else 0)
        for first in range(start, end, batch_size):
            together = texts[first : min(first + batch_size, end)]
            if packing_strategy == "wrapped":
                rows += _pieces(sum(together), max_length)
            else:
                cut = [piece for length in together for piece in _pieces(length, max_length)]
                rows += _best_fit(cut, max_length)
        start = end
    return rows


def padding_tokens(
    *,
    lengths: "Sequence[int]",
    per_device_train_batch_size: int,
    max_length: "int | None" = None,
    pad_to_multiple_of: "int | None" = None,
    dataloader_drop_last: bool = False,
) -> int:
    """Count the padding of batches, each as wide as its longest text.

    Args:
        lengths: Tokens of each text, in the order in which they are read, each 0 or more; at
            least one text.
        per_device_train_batch_size: Texts in one batch, 1 or more.
        max_length: Tokens that are kept of a text, 1 or more; `None` keeps all.
        pad_to_multiple_of: What the width of a batch is rounded up to a multiple of, 1 or more;
            `None` does not round.
        dataloader_drop_last: Whether an incomplete last batch is dropped.

    Returns:
        Tokens of padding in one pass over the data.

    Source:
        TRL 1.16.0, `trainer/sft_trainer.py`, `DataCollatorForLanguageModeling`; Transformers
        5.23.0, `data/data_collator.py`, `DataCollatorWithPadding`.

    Examples:
        >>> padding_tokens(lengths=[5, 2, 3, 1], per_device_train_batch_size=2)
        5
    """
    texts = [
        _check.count("lengths[i]", length, minimum=0)
        for length in _check.sequence("lengths", lengths)
    ]
    size = _check.count("per_device_train_batch_size", per_device_train_batch_size)
    if max_length is not None:
        most = _check.count("max_length", max_length)
        texts = [min(length, most) for length in texts]
    multiple = 1
    if pad_to_multiple_of is not None:
        multiple = _check.count("pad_to_multiple_of", pad_to_multiple_of)
    end = len(texts)
    if _check.flag("dataloader_drop_last", dataloader_drop_last):
        end -= end % size
    padding = 0
    for first in range(0, end, size):
        batch = texts[first : first + size]
        padding += -(-max(batch) // multiple) * multiple * len(batch) - sum(batch)
    return padding


def stream_micro_batches_per_epoch(
    *,
    num_samples: int,
    per_device_train_batch_size: int,
    dataloader_num_workers: int = 0,
    num_devices: int = 1,
    dataloader_drop_last: bool = False,
    dispatch_batches: bool = True,
) -> int:
    """Count the micro-batches of one pass over a stream that each worker reads as a whole.

    A PyTorch `IterableDataset` does not know of its workers unless it asks: two of them read each
    sample twice, and each rounds its batches up. Without workers the stream is read once.

    One process reads and hands a batch to each device. With `dispatch_batches=False` each device
    reads the stream and keeps its share. With `dataloader_drop_last=True` quotients are rounded
    down; the Trainer does not hand this on for a stream.

    Args:
        num_samples: Samples in the stream, 1 or more.
        per_device_train_batch_size: Samples in one micro-batch on one device, 1 or more.
        dataloader_num_workers: Processes that load, 0 or more, each of which reads all.
        num_devices: The data-parallel degree, 1 or more: devices that take different samples.
        dataloader_drop_last: Whether incomplete batches are dropped.
        dispatch_batches: Whether one process reads for all devices, as for streams by default.

    Returns:
        Micro-batches per epoch on each device.

    Source:
        PyTorch, `torch.utils.data.IterableDataset`; Accelerate 1.15.0, `data_loader.py`,
        `DataLoaderDispatcher` and `IterableDatasetShard`.

    Examples:
        >>> stream_micro_batches_per_epoch(
        ...     num_samples=10_000, per_device_train_batch_size=32, dataloader_num_workers=2
        ... )
        626
    """
    samples = _check.count("num_samples", num_samples)
    size = _check.count("per_device_train_batch_size", per_device_train_batch_size)
    readers = max(1, _check.count("dataloader_num_workers", dataloader_num_workers, minimum=0))
    devices = _check.count("num_devices", num_devices)
    rest = 0 if _check.flag("dataloader_drop_last", dataloader_drop_last) else 1
    if not _check.flag("dispatch_batches", dispatch_batches):
        return readers * ((samples - rest) // (size * devices) + rest)
    batches = readers * ((samples - rest) // size + rest)
    return (batches - rest) // devices + rest


def _pieces(length: int, max_length: int) -> list[int]:
    """Cut a text into full pieces and what is left."""
    whole = [max_length] * (length // max_length)
    return whole + [length % max_length] if length % max_length else whole


def _best_fit(texts: list[int], max_length: int) -> list[int]:
    """Pack texts, the longest first, each into the fullest row that has room; give the rows."""
    rows: list[int] = []
    waiting: "dict[int, list[int]]" = {}  # by the room that they have, rows in turn
    rooms: list[int] = []  # those of them above 0, in order
    for text in sorted(texts, key=lambda text: -text):
        place = _place(rooms, text)
        if place < len(rooms):
            room = rooms[place]
            row = waiting[room].pop(0)
            if not waiting[room]:
                rooms.pop(place)
        else:
            room, row = max_length, len(rows)
            rows.append(0)
        rows[row] += text
        left = room - text
        if left:
            if not waiting.get(left):
                waiting[left] = []
                rooms.insert(_place(rooms, left), left)
            waiting[left].append(row)
    return rows


def _place(rooms: list[int], least: int) -> int:
    """Find the first of some rooms, in order, that is not less."""
    low, high = 0, len(rooms)
    while low < high:
        middle = (low + high) // 2
        if rooms[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low
