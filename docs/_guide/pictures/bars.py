"""Stacked bars on a common scale."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Unpack

from _guide.pictures.axes import ticks
from _guide.pictures.drawing import (
    PARTS,
    SIZE,
    SMALL,
    WIDTH,
    About,
    Drawing,
    colours_of,
    text_width,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def stacked_bars(
    *,
    rows: Mapping[str, Mapping[str, float]],
    unit: str,
    number: Callable[[float], str],
    **about: Unpack[About],
) -> str:
    """Draw one horizontal bar for each row, made of its parts, on a common scale from 0.

    Args:
        rows: For each row the size of its parts, none negative. A part that is 0 in every row is
            left out.
        unit: Unit of the sizes, such as `"GB"`.
        number: Formats a size, without the unit.
        **about: What every picture has.
    """
    drawing, thick = Drawing(**about), 22.0
    parts = list(dict.fromkeys(part for row in rows.values() for part in row if row[part]))
    colours = colours_of(parts)
    totals = {row: sum(sizes.values()) for row, sizes in rows.items()}
    ends = {row: f"{number(total)} {unit}" for row, total in totals.items()}
    room = [
        (WIDTH - 8 - text_width(ends[row], SIZE, bold=True)) / total
        for row, total in totals.items()
        if total
    ]
    if not room:
        raise ValueError(f"rows must have at least one part above 0, not {rows!r}")
    scale, top = min(room), drawing.legend(colours)
    bottom = top + len(rows) * (thick + 30)
    marks = ticks(0, max(totals.values()), 6)
    widest = text_width(f"{number(marks[-1])} {unit}", SMALL) + 8
    every = max(1, math.ceil(widest / (marks[1] * scale)))
    for tick in [tick for i, tick in enumerate(marks) if i % every == 0]:
        label = f"{number(tick) if tick else 0} {unit}"
        drawing.line(tick * scale, top, tick * scale, bottom + 4, "grid")
        drawing.clamped(tick * scale, bottom + 18, label, "muted", SMALL)
    for i, (row, sizes) in enumerate(rows.items()):
        x, y = 0.0, top + i * (thick + 30) + 20
        for part in parts:
            width = sizes.get(part, 0) * scale
            if width >= 0.25:
                gap = min(1.0, width / 3)  # between neighbours
                drawing.rect(x, y, width - gap, thick, f"solid {colours[part]}")
                inside = number(sizes[part])
                fits = text_width(inside, SMALL) + 6 < width
                if len(parts) > 1 and part in PARTS and fits:
                    middle = x + width / 2
                    drawing.text(middle, y + 15.5, inside, "on-colour", "middle", SMALL)
            x += width
        drawing.text(0, y - 7, row, "halo")
        drawing.text(x + 6, y + 16, ends[row], "strong halo")
    return drawing.figure(bottom + 24)
