"""Scales from numbers to places, with round numbers on them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Axis:
    """A scale from numbers to places, with round numbers on it."""

    def __init__(
        self,
        values: Sequence[float],
        start: float,
        end: float,
        *,
        log: bool,
        down: bool = False,
    ) -> None:
        low, high = min(values), max(values)
        if log:
            if not 0 < low < high:
                raise ValueError(f"a logarithmic axis cannot show {low} to {high}")
            self.ticks = _log_ticks(values, doubling=not down)
        else:
            low = 0.0 if 0 <= low < high / 2 or low == high else low
            self.ticks = ticks(low, high)
            if down:
                step = self.ticks[1] - self.ticks[0]
                low = math.floor(low / step + 1e-9) * step
                high = math.ceil(high / step - 1e-9) * step
                self.ticks = ticks(low, high)
        self.log = log
        self.low, self.high = self._scaled(low), self._scaled(high)
        self.start, self.end = start, end

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def at(self, value: float) -> float:
        """Return the place of a number."""
        share = (self._scaled(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """List round numbers, equally far apart, from `low` to `high`."""
    if high <= low:
        raise ValueError(f"an axis from {low} to {high} has no length")
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * (1 - 1e-9))
    return [
        i * step for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    ]


def _log_ticks(values: Sequence[float], *, doubling: bool) -> list[float]:
    """List powers of 10, with 2 and 5 where they are few, or of 2 where all values are."""
    base = 2.0 if doubling and all(math.log2(value).is_integer() for value in values) else 10.0
    low, high = min(values), max(values)
    first = math.ceil(math.log(low, base) - 1e-9)
    last = math.floor(math.log(high, base) + 1e-9)
    ticks = [base**i for i in range(first, last + 1, max(1, math.ceil((last - first) / 6)))]
    if len(ticks) < 3:
        fine = [m * 10.0**i for i in range(first - 1, last + 1) for m in (1, 2, 5)]
        ticks = [tick for tick in fine if low <= tick <= high]
    return ticks
