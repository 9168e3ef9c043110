"""Lines against two axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from _guide.pictures.axes import Axis
from _guide.pictures.drawing import SMALL, WIDTH, About, Drawing, colours_of, short, text_width

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def line_chart(
    *,
    series: Mapping[str, Sequence[tuple[float, float]]],
    x_label: str,
    y_label: str,
    x_number: Callable[[float], str],
    y_number: Callable[[float], str],
    marks: Sequence[tuple[float, float, str]] = (),
    **about: Unpack[About],
) -> str:
    """Draw up to four lines, each named at its end.

    Args:
        series: For each line its points, from left to right. The name `""` is not written; long
            ones are broken at spaces, but not at no-break spaces.
        x_label: What the horizontal axis shows, with its unit.
        y_label: What the vertical axis shows, with its unit.
        x_number: Formats a number on the horizontal axis.
        y_number: Formats a number on the vertical axis.
        marks: Dots, each with its label below, to the right where there is room.
        **about: What every picture has.
    """
    drawing, top, bottom, high = Drawing(**about), 26.0, 226.0, 14.0
    colours = colours_of(list(series))
    points = [
        *(point for line in series.values() for point in line),
        *((x, y) for x, y, _ in marks),
    ]
    down = Axis([y for _, y in points], bottom, top, rounded=True)
    names = {line: _broken(line) for line in series}
    left = 8 + max(text_width(y_number(tick), SMALL) for tick in down.ticks)
    words = [word for lines in names.values() for word in lines]
    right = WIDTH - 10 - max([0.0, *(text_width(word, SMALL, bold=True) for word in words)])
    along = Axis([x for x, _ in points], left, right)
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
    free = 0.0
    for line in sorted(series, key=lambda line: curves[line][-1][1]):
        x, y = curves[line][-1]
        start = max(free, min(y - high * len(names[line]) / 2, bottom - high * len(names[line])))
        free = start + high * len(names[line])
        for i, word in enumerate(names[line]):
            style = f"halo strong solid {colours[line]}"
            drawing.text(x + 7, start + 10.5 + high * i, word, style, size=SMALL)
    for across, up, label in marks:
        x, y = along.at(across), down.at(up)
        drawing.add("circle", cx=x, cy=y, r=4.5, class_="dot")
        width = text_width(label, SMALL)
        drawing.text(min(x + 9, WIDTH - width), y + 19.5, label, "halo", size=SMALL)
    return drawing.figure(bottom + 40)


def _broken(name: str) -> list[str]:
    """Break a name at spaces into lines of some fifteen signs."""
    lines: list[str] = []
    for word in name.split(" "):
        if lines and len(lines[-1]) + len(word) < 15:
            lines[-1] += f" {word}"
        elif word:
            lines.append(word)
    return lines
