"""Stacked bars on a common scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _guide.pictures.axes import ticks
from _guide.pictures.drawing import SIZE, SMALL, WIDTH, Drawing, colours_of, text_width

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def stacked_bars(
    *,
    rows: Mapping[str, Mapping[str, float]],
    unit: str,
    number: Callable[[float], str],
    name: str,
    title: str,
    summary: str,
    caption: str,
    limit: tuple[str, float] | None = None,
) -> str:
    """Draw one horizontal bar for each row, made of its parts, on a common scale from 0.

    Args:
        rows: For each row the size of its parts; at most `COLOURS` parts, none negative. A part
            that is 0 in every row is left out.
        unit: Unit of the sizes, such as `"GB"`.
        number: Formats a size, without the unit.
        name: Prefix of the ids.
        title: Name of the picture.
        summary: Text alternative.
        caption: HTML below the picture.
        limit: Label and size of a line across all bars.
    """
    drawing, thick = Drawing(name), 22.0
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
    if limit:
        room.append((WIDTH - 2) / limit[1])
    scale = min(room)
    at = limit[1] * scale if limit else -1.0
    largest = max([*totals.values(), limit[1] if limit else 0])
    top = drawing.legend(colours) + 22 * (limit is not None)
    bottom = top + len(rows) * (thick + 30)
    for tick in ticks(0, largest, 6):
        label = f"{number(tick) if tick else 0} {unit}"
        drawing.line(tick * scale, top, tick * scale, bottom + 4, "grid")
        drawing.clamped(tick * scale, bottom + 18, label, "muted", SMALL)
    if limit:
        drawing.clamped(at, top - 7, limit[0], "", SMALL)
        drawing.line(at, top - 3, at, top + 1, "bound")
    for i, sizes in enumerate(rows.values()):
        x, y = 0.0, top + i * (thick + 30) + 20
        for part in parts:
            width = sizes.get(part, 0) * scale
            if width >= 0.25:
                gap = 1.0 if width > 3 else 0.0  # between neighbours
                drawing.rect(x, y, width - gap, thick, f"solid {colours[part]}")
                start, end, inside = x, x + width, number(sizes[part])
                if start < at < end:  # beside the line of the limit, where there is more room
                    start, end = (start, at) if 2 * at > start + end else (at, end)
                if len(parts) > 1 and text_width(inside, SMALL) + 6 < end - start:
                    middle = (start + end) / 2
                    drawing.text(middle, y + 15.5, inside, "on-colour", "middle", SMALL)
            x += width
    for i, row in enumerate(rows):
        y = top + i * (thick + 30) + 20
        x = totals[row] * scale + 6
        if limit:  # its line stops where a label stands
            above = y - 3 if at < text_width(row, SIZE) + 4 else y - 20
            below = y + thick + 10
            if x - 4 < at < x + text_width(ends[row], SIZE, bold=True):
                below = y - 3
            for style in ("under-bound", "bound") if above < below else ():
                drawing.line(at, above, at, below, style)
        drawing.text(0, y - 7, row, "halo")
        drawing.text(x, y + 16, ends[row], "strong halo")
    return drawing.figure(bottom + 24, title, summary, caption)
