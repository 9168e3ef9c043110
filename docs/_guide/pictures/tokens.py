"""The tokens of a text and which of them count in the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from _guide.pictures.drawing import SMALL, WIDTH, About, Drawing, broken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def token_strip(
    *,
    tokens: Sequence[str],
    rows: Mapping[str, Sequence[bool]],
    **about: Unpack[About],
) -> str:
    """Draw a text token by token and, method by method, which tokens count in the loss.

    Args:
        tokens: The tokens as they are to be read.
        rows: For each training method whether each token counts.
        **about: What every picture has.
    """
    for row, counts in rows.items():
        if len(counts) != len(tokens):
            raise ValueError(f"{row!r} has {len(counts)} marks for {len(tokens)} tokens")
    drawing, gap, y = Drawing(**about), 4.0, 0.0
    widths = [max(36.0, 7.3 * len(token) + 10) + gap for token in tokens]
    fewest = len(broken(widths, 0, WIDTH + gap))
    breaks = [broken(widths, 0, WIDTH * i / 20 + gap) for i in range(1, 21)]
    even = [lines for lines in breaks if len(lines) == fewest]
    strips = even[0]  # whose lines are about as long
    longest = max(sum(widths[i] for i in strip) for strip in strips)
    stretch = min(1.5, (WIDTH + gap) / longest)
    for strip in strips:
        places, x = [], 0.0
        for i in strip:
            places.append((i, x, widths[i] * stretch - gap))
            x += widths[i] * stretch
        for i, x, width in places:
            drawing.rect(x, y, width, 24, "panel", rx=3)
            drawing.text(x + width / 2, y + 16.5, tokens[i], "token", "middle", SMALL)
        y += 24
        for row, counts in rows.items():
            drawing.text(0, y + 20, row, size=SMALL)
            y += 25
            for i, x, width in places:
                drawing.rect(x, y, width, 18, "ink" if counts[i] else "outline", rx=3)
                if not counts[i]:
                    drawing.hatch(x, y, width, 18)
                word, style = ("loss", "on-colour") if counts[i] else ("-100", "halo")
                drawing.text(x + width / 2, y + 13, word, style, "middle", 11)
            y += 18
        y += 22
    return drawing.figure(y - 20)
