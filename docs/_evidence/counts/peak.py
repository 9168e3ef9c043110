"""Bytes at the peak of a training step, moment by moment, on fake tensors."""

from collections.abc import Iterator

import dlp
from _evidence.claims import Claim, count
from _evidence.expressions import call
from _evidence.records import Record

WITHIN = 0.005
"""The share by which the formula may miss the peak of a traced step."""

REASON = (
    "Left out is what is smaller than a row of text: counters of steps, sums of a loss, the ends "
    "of blocks of the allocator."
)

# What is further off, and why.
_FURTHER: dict[str, tuple[float, str]] = {}


def claims(record: Record) -> Iterator[Claim]:
    """Make the claim of one step: its peak."""
    within, reason = _FURTHER.get(record.id, (WITHIN, REASON))
    ours = call("peak_memory", **record.inputs) | {"part": "peak"}
    theirs = record.counted["peak"]
    yield count(record, "bytes at the peak", "torch", theirs, ours, within=within, reason=reason)


def moments(record: Record) -> dict[str, tuple[int, int]]:
    """Give the bytes of each moment, and what is kept: traced, and by the formula."""
    step = dlp.peak_memory(**record.inputs)
    found = {
        name: (record.counted["moments"][name], sum(step["moments"][name].values()))
        for name in dlp.MOMENTS
    }
    return found | {"kept": (record.counted["kept"], step["kept"])}
