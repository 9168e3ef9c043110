"""Bytes that a GPU's allocator holds in each moment of a training step, beside the formula."""

from collections.abc import Iterator

import dlp
from _evidence.claims import Claim, count
from _evidence.expressions import call
from _evidence.records import Record

WITHIN = 0.05
"""The share by which the formula may miss what is held at most in a moment."""

REASON = (
    "A kernel of the card may take a workspace of its own, and another one for other shapes; the "
    "allocator gives out whole blocks."
)


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one step: its peak, and each moment."""
    step = call("peak_memory", **record.inputs)
    ours = {"peak": step | {"part": "peak"}, "kept": step | {"part": "kept"}} | {
        name: step | {"row": ["moments", name], "total": True} for name in dlp.MOMENTS
    }
    theirs = {**record.counted, **record.counted["moments"]}
    for name, expression in ours.items():
        yield count(
            record,
            f"bytes: {name}",
            "torch",
            theirs[name],
            expression,
            within=WITHIN,
            reason=REASON,
        )
