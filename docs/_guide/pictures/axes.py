"""Scales from numbers to places, with round numbers on them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Axis:
    """A scale from numbers to places, with round numbers on it, at its ends too if `rounded`."""

    def __init__(
        self, values: Sequence[float], start: float, end: float, *, rounded: bool = False
    ) -> None:
        low, high = min(values), max(values)
        low = 0.0 if 0 <= low < high / 2 or low == high else low
        self.ticks = ticks(low, high)
        if rounded:
            step = self.ticks[1] - self.ticks[0]
            low = math.floor(low / step + 1e-9) * step
            high = math.ceil(high / step - 1e-9) * step
            self.ticks = ticks(low, high)
        self.low, self.high, self.start, self.end = low, high, start, end

    def at(self, value: float) -> float:
        """Return the place of a number."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """List round numbers, equally far apart, from `low` to `high`."""
    if high <= low:
        raise ValueError(f"an axis from {low} to {high} has no length")
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = min(power * m for m in (1, 2, 5, 10) if power * m >= rough * (1 - 1e-9))
    return [
        i * step for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    ]
