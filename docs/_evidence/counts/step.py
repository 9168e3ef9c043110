"""What three runs of one model hold over the course of a step."""

from collections.abc import Iterator

from _evidence.claims import Claim, count
from _evidence.counts.peak import REASON, WITHIN
from _evidence.expressions import call
from _evidence.records import Record


def claims(record: Record) -> Iterator[Claim]:
    """Make the claim of one step: its peak."""
    ours = call("peak_memory", **record.inputs) | {"part": "peak"}
    theirs = record.counted["peak"]
    yield count(record, "bytes at the peak", "torch", theirs, ours, within=WITHIN, reason=REASON)
