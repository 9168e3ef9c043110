"""What was predicted against what was measured, on two logarithmic axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Unpack

from _guide.pictures.drawing import SIZE, SMALL, WIDTH, About, Drawing, short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BAND = 0.10
"""How far from the diagonal the band reaches, as a share of what was measured."""

_SHAPES = (
    "M{w} {y}a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0 -6.4 0z",
    "M{w} {n}h6.4v6.4h-6.4z",
    "M{x} {n}l3.7 6.4h-7.4z",
    "M{x} {n}l3.2 3.2l-3.2 3.2l-3.2 -3.2z",
    "M{w} {n}l6.4 6.4m0 -6.4l-6.4 6.4",
)
"""A mark around a point for each kind: round, square, three-cornered, on its tip, a cross."""


def scatter(
    *,
    points: Mapping[str, Sequence[tuple[float, float]]],
    x_label: str,
    y_label: str,
    **about: Unpack[About],
) -> str:
    """Draw a point for each pair of numbers, the diagonal, and a band around it.

    Args:
        points: By the name of each kind, which has a mark of its own, pairs: what was measured, and
            what was predicted, in the unit of both labels.
        x_label: What the horizontal axis shows, with its unit.
        y_label: What the vertical axis shows, with its unit.
        **about: What every picture has.
    """
    drawing = Drawing(**about)
    values = [value for pairs in points.values() for pair in pairs for value in pair]
    ticks = _doublings(min(values), max(values))
    top = _legend(drawing, list(points)) + 22
    left, right = 34.0, WIDTH - 8
    bottom = top + (right - left) * 0.72

    def across(value: float) -> float:
        return left + (right - left) * _share(value, ticks)

    def up(value: float) -> float:
        return bottom + (top - bottom) * _share(value, ticks)

    drawing.text(0, top - 10, y_label, "muted", size=SMALL)
    low, high = ticks[0], ticks[-1]
    corners = [
        (low, low * (1 + BAND)),
        (high / (1 + BAND), high),
        (high, high),
        (high, high * (1 - BAND)),
        (low / (1 - BAND), low),
        (low, low),
    ]
    band = "L".join(f"{short(across(x))} {short(up(y))}" for x, y in corners)
    drawing.path(f"M{band}z", "panel")
    for tick in ticks:
        drawing.line(left, up(tick), right, up(tick), "grid")
        drawing.text(left - 6, up(tick) + 4, f"{tick:g}", "muted", "end", SMALL)
        drawing.line(across(tick), bottom, across(tick), bottom + 4, "axis")
        drawing.clamped(across(tick), bottom + 17, f"{tick:g}", "muted", SMALL)
    drawing.line(left, bottom, right, bottom, "axis")
    drawing.line(left, bottom, right, top, "bound")
    drawing.clamped((left + right) / 2, bottom + 34, x_label, "muted", SMALL)
    for place, pairs in enumerate(points.values()):
        for measured, predicted in pairs:
            _mark(drawing, place, across(measured), up(predicted))
    return drawing.figure(bottom + 40)


def _doublings(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log2(low)), math.ceil(math.log2(high))
    return [2.0**power for power in range(first, max(last, first + 1) + 1)]


def _share(value: float, ticks: Sequence[float]) -> float:
    return math.log(value / ticks[0]) / math.log(ticks[-1] / ticks[0])


def _mark(drawing: Drawing, place: int, x: float, y: float) -> None:
    places = {name: short(at) for name, at in (("x", x), ("y", y), ("w", x - 3.2), ("n", y - 3.2))}
    drawing.path(_SHAPES[place].format(**places), f"mark mark-{place + 1}")


def _legend(drawing: Drawing, kinds: Sequence[str]) -> float:
    """Add a mark and a name for each kind, one below another; return the height."""
    for place, kind in enumerate(kinds):
        middle = 7.5 + 19 * place
        _mark(drawing, place, 5.5, middle)
        drawing.text(17, middle + 4.5, kind, size=SIZE)
    return 19.0 * len(kinds)
