"""Matrices, to scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from _guide.pictures.drawing import PARTS, SIZE, SMALL, WIDTH, About, Drawing, short, text_width

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def shape_boxes(
    *,
    shapes: Sequence[tuple[str, int, int]],
    frozen: Collection[str] = (),
    enlarged: float = 1,
    **about: Unpack[About],
) -> str:
    """Draw matrices to scale, as rectangles with their dimensions and numbers of entries.

    Args:
        shapes: For each matrix its label, rows and columns. What does not fit beside the last
            stands below it.
        frozen: Labels of the matrices that are not trained: grey and hatched.
        enlarged: By what factor sides below a sixteenth of the longest are drawn too long; the
            drawing says so.
        **about: What every picture has.
    """
    drawing, x, y, foot, note = Drawing(**about), 0.0, 0.0, 0.0, ""
    longest = max(max(rows, columns) for _, rows, columns in shapes)
    flat = max(rows for _, rows, _ in shapes) * 4 <= longest
    scale = (300.0 if flat else 144.0) / longest
    if enlarged != 1:
        note = f"To scale, but short sides are enlarged {short(enlarged)} times."
    for label, rows, columns in shapes:
        width, height = (
            side * scale * (enlarged if side * 16 < longest else 1) for side in (columns, rows)
        )
        if min(width, height) < 1.5:
            note = note or "To scale, but sides too short to see are drawn longer."
        width, height = max(width, 1.5), max(height, 1.5)
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
        for i in range(1, rows if height >= 2.5 * rows else 0):
            across = f"M{short(x)} {short(top + i * height / rows)}h{short(width)}"
            drawing.path(across, ruled)
        for i in range(1, columns if width >= 2.5 * columns else 0):
            down = f"M{short(x + i * width / columns)} {short(top)}v{short(height)}"
            drawing.path(down, ruled)
        for i, word in enumerate(words):
            drawing.text(x, y + height + 38 + 15 * i, word, size=SMALL)
        foot = max(foot, y + height + 57)
        x += cell + 20
    if note:
        drawing.text(0, foot + 15, note, "muted", size=SMALL)
        foot += 20
    return drawing.figure(foot)
