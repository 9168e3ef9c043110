"""The drawings, as SVG made while the site is built, in the colours of docs/assets/pictures.css.

Every function returns a `<figure>` on one line and takes, beside what it draws, a `name` (prefix of
its ids, unique on a page), a `title`, a `summary` (the text alternative, which carries the figures)
and a `caption` (HTML, or empty).
"""

from __future__ import annotations

import html
import math
import re
from itertools import pairwise
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

WIDTH = 400.0
"""Width of every drawing in its own units; on a phone one is a little less than a pixel."""

COLOURS = 5
"""Colours in docs/assets/pictures.css: a drawing tells no more things apart."""

_SIZE = 13.0  # of letters
_SMALL = 12.0
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_NARROW = frozenset("fijlrtI.,:;'|!()[] \N{NO-BREAK SPACE}")
_WIDE = frozenset("mwMW%@→")


def accumulation_timeline(
    *,
    windows: Sequence[Sequence[int]],
    name: str,
    title: str,
    summary: str,
    caption: str,
    boundary: int | None = None,
) -> str:
    """Draw micro-batches as numbered boxes, grouped by the update that they go into.

    Args:
        windows: For each update its micro-batches, as `dlp.accumulation_windows` lists them. A
            number that is missing is drawn as a micro-batch without an update.
        name: Prefix of the ids.
        title: Name of the picture.
        summary: Text alternative.
        caption: HTML below the picture.
        boundary: Micro-batches per epoch: every second epoch has another colour, and a line
            stands where an epoch begins.
    """
    drawing, y = _Drawing(name), 0.0
    groups = _groups(windows, boundary)
    starts = [i for i, group in enumerate(groups) if 0 in group.starts]
    for line in _lines([group.width for group in groups], 12, WIDTH, starts):
        row = [groups[i] for i in line]
        if any(group.starts for group in row):
            y += 18  # for the names of epochs
        x = 0.0
        for group in row:
            group.draw(drawing, x, y)
            x += group.width + 12
        y += max(group.height for group in row) + 10
    return drawing.figure(y - 10, title, summary, caption)


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
    drawing, thick = _Drawing(name), 22.0
    parts = list(dict.fromkeys(part for row in rows.values() for part in row if row[part]))
    colours = _colours(parts)
    totals = {row: sum(sizes.values()) for row, sizes in rows.items()}
    ends = {row: f"{number(total)} {unit}" for row, total in totals.items()}
    room = [
        (WIDTH - 8 - _text_width(ends[row], _SIZE, bold=True)) / total
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
    for tick in _ticks(0, largest, 6):
        label = f"{number(tick) if tick else 0} {unit}"
        drawing.line(tick * scale, top, tick * scale, bottom + 4, "grid")
        drawing.clamped(tick * scale, bottom + 18, label, "muted", _SMALL)
    if limit:
        drawing.clamped(at, top - 7, limit[0], "", _SMALL)
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
                if len(parts) > 1 and _text_width(inside, _SMALL) + 6 < end - start:
                    middle = (start + end) / 2
                    drawing.text(middle, y + 15.5, inside, "on-colour", "middle", _SMALL)
            x += width
    for i, row in enumerate(rows):
        y = top + i * (thick + 30) + 20
        x = totals[row] * scale + 6
        if limit:  # its line stops where a label stands
            above = y - 3 if at < _text_width(row, _SIZE) + 4 else y - 20
            below = y + thick + 10
            if x - 4 < at < x + _text_width(ends[row], _SIZE, bold=True):
                below = y - 3
            for style in ("under-bound", "bound") if above < below else ():
                drawing.line(at, above, at, below, style)
        drawing.text(0, y - 7, row, "halo")
        drawing.text(x, y + 16, ends[row], "strong halo")
    return drawing.figure(bottom + 24, title, summary, caption)


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
    drawing, top, bottom, high = _Drawing(name), 26.0, 226.0, 14.0
    colours = _colours(list(series))
    points = [
        *(point for line in series.values() for point in line),
        *((x, y) for x, y, _ in marks),
    ]
    down = _Axis([y for _, y in points], bottom, top, log=log_y, down=True)
    names = {line: wrap(line, 15) for line in series}
    left = 8 + max(_text_width(y_number(tick), _SMALL) for tick in down.ticks)
    words = [word for lines in names.values() for word in lines]
    right = WIDTH - 10 - max((_text_width(word, _SMALL, bold=True) for word in words), default=0)
    along = _Axis([x for x, _ in points], left, right, log=log_x)
    drawing.text(0, 12, y_label, "muted", size=_SMALL)
    for tick in down.ticks:
        drawing.line(left, down.at(tick), right, down.at(tick), "grid")
        drawing.text(
            left - 6, down.at(tick) + 4, y_number(tick) if tick else "0", "muted", "end", _SMALL
        )
    for tick in along.ticks:
        drawing.line(along.at(tick), bottom, along.at(tick), bottom + 4, "axis")
        drawing.clamped(
            along.at(tick), bottom + 17, x_number(tick) if tick else "0", "muted", _SMALL
        )
    drawing.line(left, bottom, right, bottom, "axis")
    drawing.clamped((left + right) / 2, bottom + 34, x_label, "muted", _SMALL)
    curves = {
        line: [(along.at(x), down.at(y)) for x, y in values] for line, values in series.items()
    }
    for line, curve in curves.items():
        d = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in curve)
        drawing.path(d, f"curve {colours[line]}")
    taken: list[tuple[float, float, float, float]] = []  # boxes: left, top, right, bottom
    free = 0.0
    for line in sorted(series, key=lambda line: curves[line][-1][1]):
        x, y = curves[line][-1]
        start = max(free, min(y - high * len(names[line]) / 2, bottom - high * len(names[line])))
        free = start + high * len(names[line])
        for i, word in enumerate(names[line]):
            style = f"halo strong solid {colours[line]}"
            drawing.text(x + 7, start + 10.5 + high * i, word, style, size=_SMALL)
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
            drawing.text(box[0], box[1] + 10.5 + high * i, word, "halo", size=_SMALL)
    return drawing.figure(bottom + 40, title, summary, caption)


def token_strip(
    *,
    tokens: Sequence[str],
    rows: Mapping[str, Sequence[bool]],
    name: str,
    title: str,
    summary: str,
    caption: str,
) -> str:
    """Draw a text token by token and, method by method, which tokens count in the loss.

    Args:
        tokens: The tokens as they are to be read.
        rows: For each training method whether each token counts.
        name: Prefix of the ids.
        title: Name of the picture.
        summary: Text alternative.
        caption: HTML below the picture.
    """
    for row, counts in rows.items():
        if len(counts) != len(tokens):
            raise ValueError(f"{row!r} has {len(counts)} marks for {len(tokens)} tokens")
    drawing, gap, y = _Drawing(name), 4.0, 0.0
    widths = [max(36.0, 7.3 * len(token) + 10) + gap for token in tokens]
    fewest = len(_lines(widths, 0, WIDTH + gap))
    limits = (WIDTH * i / 20 + gap for i in range(1, 21))  # the least makes lines about as long
    strips = next(s for limit in limits if len(s := _lines(widths, 0, limit)) == fewest)
    longest = max(sum(widths[i] for i in strip) for strip in strips)
    stretch = min(1.5, (WIDTH + gap) / longest)
    for strip in strips:
        places, x = [], 0.0
        for i in strip:
            places.append((i, x, widths[i] * stretch - gap))
            x += widths[i] * stretch
        for i, x, width in places:
            drawing.rect(x, y, width, 24, "panel", rx=3)
            drawing.text(x + width / 2, y + 16.5, tokens[i], "token", "middle", _SMALL)
        y += 24
        for row, counts in rows.items():
            drawing.text(0, y + 20, row, size=_SMALL)
            y += 25
            for i, x, width in places:
                drawing.rect(x, y, width, 18, "solid colour-1" if counts[i] else "outline", rx=3)
                if not counts[i]:
                    drawing.hatch(x, y, width, 18)
                word, style = ("loss", "on-colour") if counts[i] else ("-100", "halo")
                drawing.text(x + width / 2, y + 13, word, style, "middle", 11)
            y += 18
        y += 22
    return drawing.figure(y - 20, title, summary, caption)


def shape_boxes(
    *,
    shapes: Sequence[tuple[str, int, int]],
    name: str,
    title: str,
    summary: str,
    caption: str,
    frozen: Collection[str] = (),
    enlarged: float = 1,
) -> str:
    """Draw matrices to scale, as rectangles with their dimensions and numbers of entries.

    Args:
        shapes: For each matrix its label, rows and columns. What does not fit beside the last
            stands below it.
        name: Prefix of the ids.
        title: Name of the picture.
        summary: Text alternative.
        caption: HTML below the picture.
        frozen: Labels of the matrices that are not trained: grey and hatched.
        enlarged: By what factor sides below a sixteenth of the longest are drawn too long; the
            drawing says so.
    """
    drawing, x, y, foot, note = _Drawing(name), 0.0, 0.0, 0.0, ""
    longest = max(max(rows, columns) for _, rows, columns in shapes)
    flat = max(rows for _, rows, _ in shapes) * 4 <= longest
    scale = (300.0 if flat else 144.0) / longest
    if enlarged != 1:
        note = f"To scale, but short sides are {enlarged:g} times as long."
    for label, rows, columns in shapes:
        width, height = (
            side * scale * (enlarged if side * 16 < longest else 1) for side in (columns, rows)
        )
        if min(width, height) < 1.5:
            note = note or "To scale, but a side too short to see is drawn longer."
        width, height = max(width, 1.5), max(height, 1.5)
        head = f"{label} (frozen)" if label in frozen else label
        words = [f"{rows:,} × {columns:,}", f"= {rows * columns:,}"]
        cell = max([width, _text_width(head, _SIZE, bold=True)])
        cell = max([cell, *(_text_width(word, _SMALL) for word in words)])
        if x + cell > WIDTH:
            x, y = 0.0, foot + 16
        drawing.text(x, y + 12, head, "strong")
        style = "outline" if label in frozen else "tint colour-1"
        drawing.rect(x, y + 22, width, height, style)
        if label in frozen:
            drawing.hatch(x, y + 22, width, height)
        for i in range(1, rows if height >= 2.5 * rows else 0):
            drawing.path(f"M{_n(x)} {_n(y + 22 + i * height / rows)}h{_n(width)}", "split colour-1")
        for i in range(1, columns if width >= 2.5 * columns else 0):
            drawing.path(
                f"M{_n(x + i * width / columns)} {_n(y + 22)}v{_n(height)}", "split colour-1"
            )
        for i, word in enumerate(words):
            drawing.text(x, y + height + 38 + 15 * i, word, size=_SMALL)
        foot = max(foot, y + height + 57)
        x += cell + 20
    if note:
        drawing.text(0, foot + 15, note, "muted", size=_SMALL)
        foot += 20
    return drawing.figure(foot, title, summary, caption)


class _Drawing:
    """The elements of one SVG, from back to front."""

    def __init__(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"name must be lower-case letters, digits and hyphens, not {name!r}")
        self.name = name
        self.elements: list[str] = []
        self.hatched = False

    def add(self, tag: str, text: str = "", **attributes: str | float) -> None:
        """Add an element; `text_anchor` is written `text-anchor`, and empty ones not at all."""
        written = "".join(
            f' {key.rstrip("_").replace("_", "-")}="{html.escape(_n(value))}"'
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
        size: float = _SIZE,
    ) -> None:
        """Add a line of text; `y` is its base line."""
        self.add("text", words, x=x, y=y, class_=style, text_anchor=anchor, font_size=size)

    def clamped(self, x: float, y: float, words: str, style: str, size: float) -> None:
        """Add text centred on `x`, or as near as the edges let it."""
        half = _text_width(words, size) / 2
        self.text(max(half, min(x, WIDTH - half)), y, words, style, "middle", size)

    def legend(self, colours: Mapping[str, str]) -> float:
        """Add a swatch and a name for each colour; return the height."""
        x, y = 0.0, 0.0
        for label, colour in colours.items():
            width = 17 + _text_width(label, _SIZE)
            if x and x + width > WIDTH:
                x, y = 0.0, y + 20
            self.rect(x, y + 2, 11, 11, f"solid {colour}", rx=2)
            self.text(x + 17, y + 12, label)
            x += width + 16
        return y + 24

    def figure(self, height: float, title: str, summary: str, caption: str) -> str:
        """Close the drawing and wrap it in a `<figure>`."""
        name = self.name
        hatch = (
            f'<pattern id="{name}-hatch" width="5" height="5" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><path d="M0 0v5" class="hatch"></path></pattern>'
        )
        return (
            '<figure class="picture" data-search-exclude>'
            f'<svg viewBox="0 0 {_n(WIDTH)} {_n(height)}" role="img" '
            f'aria-labelledby="{name}-title {name}-summary">'
            f'<title id="{name}-title">{html.escape(title)}</title>'
            f'<desc id="{name}-summary">{html.escape(summary)}</desc>'
            f"{hatch * self.hatched}{''.join(self.elements)}</svg>"
            f"{f'<figcaption>{caption}</figcaption>' if caption else ''}</figure>"
        )


class _Group:
    """Micro-batches that go into one update, or into none."""

    pitch = 27.0
    pad = 5.0

    def __init__(self, numbers: list[int], words: list[str], epoch: int, *, named: bool) -> None:
        self.numbers, self.words, self.epoch = numbers, words, epoch
        self.starts = [i for i, n in enumerate(numbers) if named and (n - 1) % epoch == 0]
        lines = math.ceil(len(numbers) / 14)  # which fit side by side
        self.columns = math.ceil(len(numbers) / lines)
        self.gap = 5.0 * any(self.starts)  # for the line where an epoch begins
        self.panel = self.columns * self.pitch - 3 + 2 * self.pad + self.gap
        self.depth = lines * self.pitch - 3 + 2 * self.pad
        self.width = max(
            self.panel, *(_text_width(word, _SMALL, bold=True) for word in [*words, "update 99"])
        )
        self.height = self.depth + 15 + 15 * len(words)

    def draw(self, drawing: _Drawing, x: float, y: float) -> None:
        """Draw the boxes, the bracket below them and what they end in."""
        middle, foot, applied = x + self.width / 2, y + self.depth, self.words != ["no update"]
        left = middle - self.panel / 2
        if applied:
            drawing.rect(left, y, self.panel, self.depth, "panel", rx=5)
            drawing.path(f"M{_n(left)} {_n(foot + 3)}v4h{_n(self.panel)}v-4", "bracket")
            drawing.path(f"M{_n(middle - 4.5)} {_n(foot + 7)}h9l-4.5 6z", "ink")
        for i, number in enumerate(self.numbers):
            after = any(i // self.columns * self.columns < start <= i for start in self.starts)
            at = left + self.pad + i % self.columns * self.pitch + self.gap * after
            top = y + self.pad + i // self.columns * self.pitch
            colour = f"tint colour-{(number - 1) // self.epoch % 2 + 1}" if applied else "empty"
            drawing.rect(at, top, 24, 24, colour, rx=3)
            drawing.text(at + 12, top + 16.5, str(number), "", "middle", _SMALL)
            if i in self.starts:
                label = f"epoch {(number - 1) // self.epoch + 1}"
                if i:
                    above = y - 16 if i < self.columns else top - 1
                    drawing.line(at - 4, above, at - 4, top + 24 + self.pad, "bound")
                drawing.text(at + 2 if i else x, y - 6, label, "strong", size=_SMALL)
        style = "muted" if not applied else "strong" if len(self.words) > 1 else ""
        for i, word in enumerate(self.words):
            drawing.text(middle, foot + 26 + 15 * i, word, style, "middle", _SMALL)


class _Axis:
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
            self.ticks = _ticks(low, high)
            if down:
                step = self.ticks[1] - self.ticks[0]
                low = math.floor(low / step + 1e-9) * step
                high = math.ceil(high / step - 1e-9) * step
                self.ticks = _ticks(low, high)
        self.log = log
        self.low, self.high = self._scaled(low), self._scaled(high)
        self.start, self.end = start, end

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def at(self, value: float) -> float:
        """Return the place of a number."""
        share = (self._scaled(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def _n(value: str | float) -> str:
    """Write a coordinate with no more digits than can be seen."""
    return value if isinstance(value, str) else f"{round(value, 1):g}"


def _text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Estimate how wide a text is, rather too wide than too narrow."""
    ems = sum(
        0.34 if c in _NARROW else 0.92 if c in _WIDE else 0.72 if c.isupper() else 0.62
        for c in text
    )
    return ems * size * (1.12 if bold else 1)


def _colours(names: Sequence[str]) -> dict[str, str]:
    """Give each name the class of its colour."""
    if len(names) > COLOURS:
        raise ValueError(f"at most {COLOURS} colours can be told apart, not {len(names)}: {names}")
    return {name: f"colour-{i}" for i, name in enumerate(names, 1)}


def _groups(windows: Sequence[Sequence[int]], boundary: int | None) -> list[_Group]:
    """List the windows, and between them the micro-batches that are in none, in order."""
    applied = {number for window in windows for number in window}
    if not applied:
        raise ValueError("windows must have at least one micro-batch")
    epoch = boundary or max(applied)
    found = [list(window) for window in windows]
    for number in sorted({*range(1, math.ceil(max(applied) / epoch) * epoch + 1)} - applied):
        if found[-1][-1] == number - 1 not in applied and (number - 1) % epoch:
            found[-1].append(number)
        else:
            found.append([number])
    lengths = [len(window) for window in windows]
    groups: list[_Group] = []
    for numbers in sorted(found):
        words = ["no update"]
        if numbers[0] in applied:
            words = [f"update {1 + sum(group.words != words for group in groups)}"]
            if len(numbers) != max(lengths, key=lengths.count):
                words.append(f"{len(numbers)} micro-batch" + "es" * (len(numbers) > 1))
        groups.append(_Group(numbers, words, epoch, named=boundary is not None))
    return groups


def _ticks(low: float, high: float, most: int = 5) -> list[float]:
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


def _lines(
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
    width = max(_text_width(line, _SMALL) for line in lines)
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
