"""Bytes at the peak of a training step, moment by moment, on fake tensors."""

from collections.abc import Iterator

import dlp
from _evidence.claims import Claim, count
from _evidence.expressions import call
from _evidence.records import Record

WITHIN = 0.0005
"""The share by which the formula may miss the peak of a traced step."""

REASON = (
    "Left out is what is smaller than a row of text: counters of steps, sums of a loss, the ends "
    "of blocks of the allocator."
)

FURTHER = 0.004
"""The share by which it may miss the peak of these, of which the tensors were not found."""

UNEXPLAINED = (
    "One tensor that lives at this moment, or longer than it is thought to, was not found."
)

_FURTHER = (
    "a gemma3_text, LoRA, checkpointed, padded, Transformers 4.57",
    "a gemma3_text, LoRA, checkpointed, padded, Transformers 4.53",
    "BLOOM-560M, QLoRA",
    "BLOOM-560M, LoRA on all layers, checkpointed, eager",
    "BLOOM-560M, drawn 37",
    "OPT-1.3B, LoRA, checkpointed, Transformers 4.48",
    "OPT-1.3B, full, Transformers 4.48",
    "TinyLlama, GRPO, drawn 6",
)


def claims(record: Record) -> Iterator[Claim]:
    """Make the claim of one step: its peak."""
    within, reason = (FURTHER, UNEXPLAINED) if record.id in _FURTHER else (WITHIN, REASON)
    yield of_peak(record, within, reason)


def of_peak(record: Record, within: float, reason: str) -> Claim:
    """Set the peak of a traced step beside the formula."""
    ours = call("peak_memory", **record.inputs) | {"part": "peak"}
    theirs = record.counted["peak"]
    return count(record, "bytes at the peak", "torch", theirs, ours, within=within, reason=reason)


def moments(record: Record) -> dict[str, tuple[int, int]]:
    """Give the bytes of each moment, and what is kept: traced, and by the formula."""
    step = dlp.peak_memory(**record.inputs)
    found = {
        name: (record.counted["moments"][name], sum(step["moments"][name].values()))
        for name in dlp.MOMENTS
    }
    return found | {"kept": (record.counted["kept"], step["kept"])}
