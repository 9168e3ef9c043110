"""Lines against two axes."""

from __future__ import annotations

import math
from itertools import pairwise
from textwrap import wrap
from typing import TYPE_CHECKING

from _guide.pictures.axes import Axis
from _guide.pictures.drawing import SMALL, WIDTH, Drawing, colours_of, short, text_width

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def line_chart(
    *,
    series: Mapping[str, Sequence[tuple[float, float]]],
    x_label: str,
    y_label: str,
    x_number: Callable[[float], str],
    y_number: Callable[[float], str],
    name: str,
    title: str,
    summary: str,
    caption: str,
    marks: Sequence[tuple[float, float, str]] = (),
    log_x: bool = False,
    log_y: bool = False,
) -> str:
    """Draw up to four lines, each named at its end.

    Args:
        series: For each line its points, from left to right. The name `""` is not written; long
            ones are broken at spaces, but not at no-break spaces.
        x_label: What the horizontal axis shows, with its unit.
        y_label: What the vertical axis shows, with its unit.
        x_number: Formats a number on the horizontal axis.
        y_number: Formats a number on the vertical axis.
        name: Prefix of the ids.
        title: Name of the picture.
        summary: Text alternative.
        caption: HTML below the picture.
        marks: Dots, each with its label.
        log_x: Whether the horizontal axis is logarithmic; then no number on it may be 0.
        log_y: Whether the vertical axis is logarithmic.
    """
    drawing, top, bottom, high = Drawing(name), 26.0, 226.0, 14.0
    colours = colours_of(list(series))
    points = [
        *(point for line in series.values() for point in line),
        *((x, y) for x, y, _ in marks),
    ]
    down = Axis([y for _, y in points], bottom, top, log=log_y, down=True)
    names = {line: wrap(line, 15) for line in series}
    left = 8 + max(text_width(y_number(tick), SMALL) for tick in down.ticks)
    words = [word for lines in names.values() for word in lines]
    right = WIDTH - 10 - max((text_width(word, SMALL, bold=True) for word in words), default=0)
    along = Axis([x for x, _ in points], left, right, log=log_x)
    drawing.text(0, 12, y_label, "muted", size=SMALL)
    for tick in down.ticks:
        drawing.line(left, down.at(tick), right, down.at(tick), "grid")
        drawing.text(
            left - 6, down.at(tick) + 4, y_number(tick) if tick else "0", "muted", "end", SMALL
        )
    for tick in along.ticks:
        drawing.line(along.at(tick), bottom, along.at(tick), bottom + 4, "axis")
        drawing.clamped(
            along.at(tick), bottom + 17, x_number(tick) if tick else "0", "muted", SMALL
        )
    drawing.line(left, bottom, right, bottom, "axis")
    drawing.clamped((left + right) / 2, bottom + 34, x_label, "muted", SMALL)
    curves = {
        line: [(along.at(x), down.at(y)) for x, y in values] for line, values in series.items()
    }
    for line, curve in curves.items():
        d = "M" + "L".join(f"{short(x)} {short(y)}" for x, y in curve)
        drawing.path(d, f"curve {colours[line]}")
    taken: list[tuple[float, float, float, float]] = []  # boxes: left, top, right, bottom
    free = 0.0
    for line in sorted(series, key=lambda line: curves[line][-1][1]):
        x, y = curves[line][-1]
        start = max(free, min(y - high * len(names[line]) / 2, bottom - high * len(names[line])))
        free = start + high * len(names[line])
        for i, word in enumerate(names[line]):
            style = f"halo strong solid {colours[line]}"
            drawing.text(x + 7, start + 10.5 + high * i, word, style, size=SMALL)
        taken.append((x + 7, start, WIDTH, free))
    dots = [(along.at(x), down.at(y)) for x, y, _ in marks]
    taken += [(x - 4, y - 4, x + 4, y + 4) for x, y in dots]
    ink = [point for curve in curves.values() for point in _along(curve)]
    for (x, y), (_, _, label) in zip(dots, marks, strict=True):
        lines = wrap(label, 20)
        box = _place(x, y, lines, high, (left + 2, top, WIDTH, bottom), taken, ink)
        taken.append(box)
        drawing.add("circle", cx=x, cy=y, r=4.5, class_="dot")
        for i, word in enumerate(lines):
            drawing.text(box[0], box[1] + 10.5 + high * i, word, "halo", size=SMALL)
    return drawing.figure(bottom + 40, title, summary, caption)


def _along(curve: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """List points about 4 units apart on a line."""
    found = [curve[0]]
    for (x0, y0), (x1, y1) in pairwise(curve):
        pieces = max(1, round(math.hypot(x1 - x0, y1 - y0) / 4))
        found += [
            (x0 + (x1 - x0) * i / pieces, y0 + (y1 - y0) * i / pieces) for i in range(1, pieces + 1)
        ]
    return found


_Box = tuple[float, float, float, float]


def _place(
    x: float,
    y: float,
    lines: Sequence[str],
    high: float,
    frame: _Box,
    taken: Sequence[_Box],
    ink: Sequence[tuple[float, float]],
) -> _Box:
    """Find room for a label near a dot: off the lines, off other labels, inside the frame."""
    width = max(text_width(line, SMALL) for line in lines)
    height = high * len(lines)

    def cost(box: _Box) -> float:
        left, top, right, bottom = box
        outside = max(frame[0] - left, frame[1] - top, right - frame[2], bottom - frame[3], 0)
        covered = sum(left < b[2] and b[0] < right and top < b[3] and b[1] < bottom for b in taken)
        crossed = sum(left - 3 < px < right + 3 and top - 2 < py < bottom + 2 for px, py in ink)
        return 100 * outside + 100 * covered + crossed

    corners = [
        (min(x + dx, frame[2] - width), y + dy)
        for dy in (9, -9 - height, -height / 2, 24, -24 - height)
        for dx in (9, -9 - width, -width / 2)
    ]
    return min(((a, b, a + width, b + height) for a, b in corners), key=cost)
