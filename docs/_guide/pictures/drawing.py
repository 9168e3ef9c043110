"""What all pictures are drawn with: the SVG elements, widths of text, lines of boxes."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, TypedDict, Unpack

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

WIDTH = 400.0
"""Width of every drawing in its own units; on a phone one is a little less than a pixel."""

PARTS = {
    "weights": 1,
    "the matrix": 1,
    "weight": 1,
    "bias": 1,
    "gradients": 2,
    "optimizer": 3,
    "adapters and states": 3,
    "LoRA": 3,
    "A": 3,
    "B": 3,
    "activations": 4,
    "token vector": 4,
    "logits": 5,
    "KV cache": 6,
}
"""The colour of what a run holds, the same on every picture; nothing else has a colour."""

PLAIN = 2
"""Looks in ink for what is no part of a run: a drawing tells no more of it apart."""

SIZE = 13.0
"""Height of letters."""

SMALL = 12.0
"""Height of letters on axes and in captions."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NARROW = "fijlrtI.,:;'|!()[] \N{NO-BREAK SPACE}"
_WIDE = "mwMW%@→"


class About(TypedDict):
    """What every picture has beside what it draws."""

    name: str
    """The prefix of its ids, unique on a page."""
    title: str
    summary: str
    """The text alternative, which carries the figures."""
    caption: str
    """HTML below the picture, or empty."""


class Drawing:
    """The elements of one SVG, from back to front."""

    def __init__(self, **about: Unpack[About]) -> None:
        name = about["name"]
        if name.strip(f"{_LETTERS}0123456789-") or not name or name[0] not in _LETTERS:
            raise ValueError(f"name must be lower case, digits, hyphens, not {name!r}")
        self.about, self.name = about, name
        self.elements: list[str] = []
        self.hatched = False

    def add(self, tag: str, text: str = "", **attributes: str | float) -> None:
        """Add an element; `text_anchor` is written `text-anchor`, and empty ones not at all."""
        written = "".join(
            f' {key.rstrip("_").replace("_", "-")}="{html.escape(short(value))}"'
            for key, value in attributes.items()
            if value != ""
        )
        self.elements.append(f"<{tag}{written}>{html.escape(text)}</{tag}>")

    def rect(
        self, x: float, y: float, width: float, height: float, style: str, rx: float = 0
    ) -> None:
        """Add a rectangle."""
        self.add("rect", x=x, y=y, width=width, height=height, class_=style, rx=rx or "")

    def hatch(self, x: float, y: float, width: float, height: float) -> None:
        """Add thin diagonal lines over a rectangle."""
        self.hatched = True
        self.add("rect", x=x, y=y, width=width, height=height, fill=f"url(#{self.name}-hatch)")

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str) -> None:
        """Add a straight line."""
        self.add("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=style)

    def path(self, d: str, style: str) -> None:
        """Add a path."""
        self.add("path", d=d, class_=style)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        style: str = "",
        anchor: str = "",
        size: float = SIZE,
    ) -> None:
        """Add a line of text; `y` is its base line."""
        self.add("text", words, x=x, y=y, class_=style, text_anchor=anchor, font_size=size)

    def clamped(self, x: float, y: float, words: str, style: str, size: float) -> None:
        """Add text centred on `x`, or as near as the edges let it."""
        half = text_width(words, size) / 2
        self.text(max(half, min(x, WIDTH - half)), y, words, style, "middle", size)

    def legend(self, colours: Mapping[str, str]) -> float:
        """Add a swatch and a name for each colour; return the height."""
        x, y = 0.0, 0.0
        for label, colour in colours.items():
            width = 17 + text_width(label, SIZE)
            if x and x + width > WIDTH:
                x, y = 0.0, y + 20
            self.rect(x, y + 2, 11, 11, f"solid {colour}", rx=2)
            self.text(x + 17, y + 12, label)
            x += width + 16
        return y + 24

    def figure(self, height: float) -> str:
        """Close the drawing and wrap it in a `<figure>`."""
        name, caption = self.name, self.about["caption"]
        hatch = (
            f'<pattern id="{name}-hatch" width="5" height="5" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><path d="M0 0v5" class="hatch"></path></pattern>'
        )
        return (
            '<figure class="picture" data-search-exclude>'
            f'<svg viewBox="0 0 {short(WIDTH)} {short(height)}" role="img" '
            f'aria-labelledby="{name}-title {name}-summary">'
            f'<title id="{name}-title">{html.escape(self.about["title"])}</title>'
            f'<desc id="{name}-summary">{html.escape(self.about["summary"])}</desc>'
            f"{hatch if self.hatched else ''}{''.join(self.elements)}</svg>"
            f"{f'<figcaption>{caption}</figcaption>' if caption else ''}</figure>"
        )


def short(value: str | float) -> str:
    """Write a coordinate with no more digits than can be seen."""
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Estimate how wide a text is, rather too wide than too narrow."""
    ems = sum(
        0.34 if c in _NARROW else 0.92 if c in _WIDE else 0.72 if c != c.lower() else 0.62
        for c in text
    )
    return ems * size * (1.12 if bold else 1)


def colours_of(names: Sequence[str]) -> dict[str, str]:
    """Give each name the class of its look: the colour of its part, or ink, which is no part's."""
    others = [name for name in names if name not in PARTS]
    if len(others) > PLAIN:
        raise ValueError(f"no more than {PLAIN} can be told apart of what is no part: {others}")
    plain = {name: f"plain-{place}" for place, name in enumerate(others, 1)}
    return {name: plain.get(name) or f"colour-{PARTS[name]}" for name in names}


def broken(
    widths: Sequence[float], gap: float, limit: float, starts: Collection[int] = ()
) -> list[list[int]]:
    """Break a row of boxes into lines within `limit`; those in `starts` begin one. By index."""
    lines: list[list[int]] = []
    used = limit
    for i, width in enumerate(widths):
        if i in starts or used + width > limit:
            lines.append([])
            used = 0.0
        lines[-1].append(i)
        used += width + gap
    return lines
