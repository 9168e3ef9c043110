"""Matrices, each side to the square root of its length."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Unpack

from _guide.pictures.drawing import PARTS, SIZE, SMALL, WIDTH, About, Drawing, short, text_width

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

NOTE = "Each side is drawn to the square root of its length."


def shape_boxes(
    *,
    shapes: Sequence[tuple[str, int, int]],
    frozen: Collection[str] = (),
    **about: Unpack[About],
) -> str:
    """Draw matrices as rectangles, with their dimensions and numbers of entries.

    A rank is hundreds of times less than a width, so sides are drawn to their square roots: the
    thin ones are seen, and a longer one is never drawn shorter.

    Args:
        shapes: For each matrix its label, rows and columns. What does not fit beside the last
            stands below it.
        frozen: Labels of the matrices that are not trained: grey and hatched.
        **about: What every picture has.
    """
    drawing, x, y, foot = Drawing(**about), 0.0, 0.0, 0.0
    widest = max(columns for _, _, columns in shapes)
    highest = max(rows for _, rows, _ in shapes)
    scale = min(300 / math.sqrt(widest), 144 / math.sqrt(highest))
    for label, rows, columns in shapes:
        width, height = (max(1.5, math.sqrt(side) * scale) for side in (columns, rows))
        head = f"{label} (frozen)" if label in frozen else label
        words = [f"{rows:,} × {columns:,}", f"= {rows * columns:,}"]
        cell = max([width, text_width(head, SIZE, bold=True)])
        cell = max([cell, *(text_width(word, SMALL) for word in words)])
        if x + cell > WIDTH:
            x, y = 0.0, foot + 16
        drawing.text(x, y + 12, head, "strong")
        colour = f"colour-{PARTS[label]}" if label in PARTS else "plain-1"
        style = "outline" if label in frozen else f"tint {colour}"
        drawing.rect(x, y + 22, width, height, style)
        if label in frozen:
            drawing.hatch(x, y + 22, width, height)
        top, ruled = y + 22, f"split {colour}"
        for i in range(1, rows if height >= 2.25 * rows else 0):
            across = f"M{short(x)} {short(top + i * height / rows)}h{short(width)}"
            drawing.path(across, ruled)
        for i in range(1, columns if width >= 2.25 * columns else 0):
            down = f"M{short(x + i * width / columns)} {short(top)}v{short(height)}"
            drawing.path(down, ruled)
        for i, word in enumerate(words):
            drawing.text(x, y + height + 38 + 15 * i, word, size=SMALL)
        foot = max(foot, y + height + 57)
        x += cell + 20
    drawing.text(0, foot + 15, NOTE, "muted", size=SMALL)
    return drawing.figure(foot + 20)
