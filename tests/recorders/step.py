"""What one training step holds over its course: the line of the guide's picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.recorders.peak import MOMENTS, PACKAGES, trace

if TYPE_CHECKING:
    from tests.recorders.common import Record

__all__ = ["PACKAGES", "count"]

POINTS = 48
"""Points of each phase that are kept: the most that was held in as many equal parts of it."""


def count(setup: Record) -> Record:
    """Follow the second step of a run, phase by phase."""
    tracker = trace(setup["inputs"])
    starts = [tracker.marks[phase] for phase in MOMENTS] + [tracker.marks["end"]]
    phases = {}
    for (phase, name), start, end in zip(MOMENTS.items(), starts, starts[1:], strict=False):
        held = [tracker.starts[phase], *tracker.events[start:end]]
        share = max(1, -(-len(held) // POINTS))
        phases[name] = [max(held[at : at + share]) for at in range(0, len(held), share)]
    return {"counted": {"peak": max(map(max, phases.values())), "phases": phases}}
