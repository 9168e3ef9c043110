"""Bytes at the peak of a training step that devices share by FSDP, on a fake process group."""

from collections.abc import Iterator

from _evidence.claims import Claim
from _evidence.counts.peak import of_peak
from _evidence.records import Record

WITHIN = 0.003
"""The share by which the formula may miss the peak of a traced step."""

REASON = (
    "Left out is what is smaller than a row of text, and shares that are filled up to whole blocks "
    "of the allocator."
)


def claims(record: Record) -> Iterator[Claim]:
    """Make the claim of one step: its peak."""
    yield of_peak(record, WITHIN, REASON)
