"""Read a picture back from its SVG, and compare what is drawn with what its summary says."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NEAR = 0.16  # three coordinates, each rounded to a tenth
_BYTES = {"bytes": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "": 1.0}
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_SPOKEN = re.compile(rf"({_NUMBER.pattern})\s(bytes|[kMGT]B)")


@dataclass(frozen=True)
class Mark:
    """One element of a drawing."""

    tag: str
    style: str
    words: str
    at: dict[str, float]


class Drawn:
    """A picture as it is drawn."""

    def __init__(self, figure: str) -> None:
        """Read the `<figure>` that a picture is."""
        svg = ET.fromstring(figure[figure.index("<svg") : figure.index("</svg>") + 6])  # noqa: S314 - ours
        self.title, self.summary = (svg.findtext(tag) or "" for tag in ("title", "desc"))
        self.marks = [
            Mark(
                each.tag,
                each.get("class") or each.get("fill") or "",
                each.text or each.get("d") or "",
                {k: float(v) for k, v in each.attrib.items() if re.fullmatch(r"-?[\d.]+", v)},
            )
            for each in svg
        ]

    def of(self, tag: str, style: str = "", **at: float) -> list[Mark]:
        """List the elements of a kind, from left to right, that stand at a place."""
        return sorted(
            (
                mark
                for mark in self.marks
                if mark.tag == tag
                and style in f" {mark.style} "
                and all(abs(mark.at.get(key, math.inf) - value) < NEAR for key, value in at.items())
            ),
            key=lambda mark: mark.at.get("x", mark.at.get("x1", 0.0)),
        )

    def numbers(self) -> set[float]:
        """Give the numbers of the summary."""
        return {number(each) for each in _NUMBER.findall(self.summary)}


def number(text: str) -> float:
    """Read the first number of a text."""
    found = _NUMBER.search(text)
    assert found, text
    return float(found[0].replace(",", ""))


def figures_in(text: str) -> list[Drawn]:
    """Read all pictures of a text."""
    return [Drawn(each) for each in re.findall(r'<figure class="picture".*?</figure>', text, re.S)]


def problems(drawn: Drawn) -> list[str]:
    """Say where a picture differs from its own summary."""
    kinds: dict[str, Callable[[Drawn], Iterator[str]]] = {
        "curve": _chart,
        "bracket": _timeline,
        "token": _strip,
        "split": _shapes,
        "outline": _shapes,
    }
    styles = {mark.style.split()[0] for mark in drawn.marks if mark.style}
    check = next((kinds[style] for style in kinds if style in styles), _bars)
    return [f"{drawn.title}: {problem}" for problem in check(drawn)]


# --- Bars -----------------------------------------------------------------------------------


def scale(places: list[float], labels: list[str]) -> Callable[[float], float]:
    """Turn places on an axis into numbers, as its labels say, even or logarithmic."""
    values = [number(label) for label in labels]
    assert len(places) == len(values) > 1, labels
    for to, back in ((float, float), (math.log10, lambda x: 10.0**x)):
        if min(values) <= 0 and to is not float:
            break
        slope = (to(values[-1]) - to(values[0])) / (places[-1] - places[0])

        def read(place: float, to: Callable[[float], float] = to, slope: float = slope) -> float:
            return to(values[0]) + (place - places[0]) * slope

        pairs = zip(places, values, strict=True)
        if all(abs(read(place) - to(value)) <= NEAR * abs(slope) for place, value in pairs):
            return lambda place: back(read(place))
    raise AssertionError(f"the labels {labels} do not stand at even distances")


def bars(drawn: Drawn) -> dict[str, dict[str, float]]:
    """Read the parts of every bar by the axis and the legend, in the unit of the axis."""
    names = {
        swatch.style: drawn.of("text", x=swatch.at["x"] + 17, y=swatch.at["y"] + 10)[0].words
        for swatch in drawn.of("rect", "solid", height=11)
    }
    read = _along_bars(drawn)
    found = {}
    for label in drawn.of("text", " halo ", x=0):
        parts = drawn.of("rect", "solid", y=label.at["y"] + 7, height=22)
        # Between neighbours a gap of one is left.
        wide = [p.at["width"] + (p.at["width"] > 2) for p in parts]
        for (left, right), width in zip(pairwise(parts), wide, strict=False):
            assert abs(left.at["x"] + width - right.at["x"]) < 2 * NEAR, f"{label.words}: a hole"
        assert not parts or parts[0].at["x"] == 0, f"{label.words} does not begin at 0"
        found[label.words] = {names[p.style]: read(w) for p, w in zip(parts, wide, strict=True)}
    return found


def _along_bars(drawn: Drawn) -> Callable[[float], float]:
    grid = [line.at["x1"] for line in drawn.of("line", "grid")]
    foot = max(mark.at["y"] for mark in drawn.of("text", "muted"))
    return scale(grid, [mark.words for mark in drawn.of("text", "muted", y=foot)])


def _bars(drawn: Drawn) -> Iterator[str]:
    """Compare bars with a summary such as `LoRA: 3 GB, weights 2 GB, gradients 1 GB`."""
    found, read = bars(drawn), _along_bars(drawn)
    said = dict(each.split(": ", 1) for each in drawn.summary.split("; "))
    if list(said) != sorted(found, key=lambda row: drawn.summary.index(f"{row}: ")):
        yield f"draws {list(found)}, says {list(said)}"
    for row, text in said.items():
        total, *spoken = (
            float(n.replace(",", "")) * _BYTES[u] / 1e9 for n, u in _SPOKEN.findall(text)
        )
        names = [
            re.split(r"\s(?=[\d])", part)[0] for part in text.split(", ")[1:] if part[0].isalpha()
        ]
        if abs(sum(spoken) - total) > 0.01 * len(spoken):
            yield f"{row}: the parts come to {sum(spoken):.2f}, not {total:.2f}"
        for name, value in zip(names, spoken, strict=True):
            size = found.get(row, {}).get(name, 0.0)
            if abs(size - value) > read(2 * NEAR):
                yield f"{row}: {name} is drawn as {size:.2f}, said to be {value:.2f}"
        y = drawn.of("text", " halo ", x=0)
        below = [mark.at["y"] + 23 for mark in y if mark.words == row]
        ends = [number(mark.words) for at in below for mark in drawn.of("text", "strong", y=at)]
        if not any(abs(end - total) < 0.006 for end in ends):
            yield f"{row}: {ends} is written behind the bar, {total:.2f} is said"
        inside = [
            number(m.words) for at in below for m in drawn.of("text", "on-colour", y=at - 0.5)
        ]
        for value in inside:
            if not any(abs(value - each) < 0.006 for each in spoken):
                yield f"{row}: {value} is written in the bar, and not said"


# --- Lines ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chart:
    """What a chart shows: the names of its axes, its lines, its dots with their labels."""

    x_label: str
    y_label: str
    lines: dict[str, list[tuple[float, float]]]
    dots: list[tuple[float, float]]
    step: tuple[float, float]
    """The numbers that a unit of the drawing stands for, along and up."""


def chart(drawn: Drawn) -> Chart:
    """Read the lines by the axes and the names at their ends."""
    grid = [line.at["y1"] for line in drawn.of("line", "grid")]
    sides = [drawn.of("text", "muted", y=y + 4)[0].words for y in grid]
    ticks = [line for line in drawn.of("line", "axis") if line.at["y1"] != line.at["y2"]]
    feet = drawn.of("text", "muted", y=ticks[0].at["y1"] + 17)
    along = scale([line.at["x1"] for line in ticks], [mark.words for mark in feet])
    up = scale(grid, sides)
    lines = {}
    for curve in drawn.of("path", "curve"):
        colour = curve.style.removeprefix("curve ")
        words = sorted(drawn.of("text", f"strong solid {colour}"), key=lambda mark: mark.at["y"])
        points = (point.split() for point in curve.words.removeprefix("M").split("L"))
        name = " ".join(mark.words for mark in words)
        lines[name] = [(along(float(x)), up(float(y))) for x, y in points]
    return Chart(
        x_label=max(drawn.of("text", "muted"), key=lambda mark: mark.at["y"]).words,
        y_label=drawn.of("text", "muted", y=12)[0].words,
        lines=lines,
        dots=[(along(dot.at["cx"]), up(dot.at["cy"])) for dot in drawn.of("circle")],
        step=(abs(along(101) - along(100)), abs(up(101) - up(100))),
    )


def _chart(drawn: Drawn) -> Iterator[str]:
    """Compare lines with `name: 2 GB at 1,000 tokens, 9 GB at 4,000`, and dots with its numbers."""
    found = chart(drawn)
    for label in (found.x_label, found.y_label):
        if label.split()[-1] not in drawn.summary:
            yield f"an axis is named {label!r}, of which the summary knows nothing"
    ends = re.findall(
        r"([^:;]+): ([\d.,]+) \S+ at ([\d,]+)[^;]*, ([\d.,]+) \S+ at ([\d,]+)", drawn.summary
    )
    for name, *spoken in ends:
        drawn_ends = [*found.lines[name.strip()][0][::-1], *found.lines[name.strip()][-1][::-1]]
        for value, text, step in zip(drawn_ends, spoken, found.step[::-1] * 2, strict=True):
            if abs(value - number(text)) > NEAR * step:
                yield f"{name.strip()}: {value:.2f} is drawn, {text} is said"
    if not ends and not found.dots:
        yield "the summary gives no end of a line"
    times = 1e6 if found.y_label.startswith("million") else 1
    for x, y in found.dots:
        for value, step in ((x, found.step[0]), (y * times, found.step[1] * times)):
            if not any(abs(value - each) <= NEAR * step for each in drawn.numbers()):
                yield f"a dot stands at {value:.0f}, which is not said"


# --- Boxes ----------------------------------------------------------------------------------


def shapes(drawn: Drawn) -> dict[str, tuple[int, int, float, float]]:
    """Read each matrix: rows and columns as written, height and width as drawn."""
    found = {}
    for style in ("outline", "tint"):
        for box in drawn.of("rect", style):
            x, y, width, height = (box.at[key] for key in ("x", "y", "width", "height"))
            head, sides, product = (
                drawn.of("text", x=x, y=place)[0].words
                for place in (y - 10, y + height + 16, y + height + 31)
            )
            rows, columns = (int(number(side)) for side in sides.split("×"))
            assert number(product) == rows * columns, f"{head}: {sides} {product}"
            assert ("(frozen)" in head) == bool(drawn.of("rect", "hatch", x=x, y=y)), head
            found[head] = (rows, columns, height, width)
    return found


def _shapes(drawn: Drawn) -> Iterator[str]:
    found = shapes(drawn)
    notes = " ".join(mark.words for mark in drawn.of("text", "muted"))
    enlarged = number(notes) if _NUMBER.search(notes) else 1
    longest = max(max(rows, columns) for rows, columns, *_ in found.values())
    unit = max(max(height, width) for *_, height, width in found.values()) / longest
    for head, (rows, columns, height, width) in found.items():
        for side, length in ((rows, height), (columns, width)):
            expected = side * unit * (enlarged if side * 16 < longest else 1)
            if abs(max(expected, 1.5 if notes else 0) - length) > NEAR:
                yield f"{head}: a side of {side} is drawn {length} long, not {expected:.1f}"
            if side not in drawn.numbers() | {1}:
                yield f"{head}: the side of {side} is not said"


def windows(drawn: Drawn) -> list[list[int]]:
    """Read the micro-batches of each update."""
    found = []
    boxes = [mark for mark in drawn.of("text") if mark.words.isdigit()]
    panels = sorted(drawn.of("rect", "panel"), key=lambda mark: (mark.at["y"], mark.at["x"]))
    for place, panel in enumerate(panels, 1):
        x, y, width, height = (panel.at[key] for key in ("x", "y", "width", "height"))
        held = [b for b in boxes if x < b.at["x"] < x + width and y < b.at["y"] < y + height]
        found.append(sorted(int(box.words) for box in held))
        below = [m.words for m in drawn.of("text", x=x + width / 2) if m.at["y"] > y + height]
        assert f"update {place}" in below, f"no label of update {place}: {below}"
        assert len(held) in [len(held), *(number(w) for w in below if "micro" in w)][-1:], below
    numbers = sorted(int(box.words) for box in boxes)
    assert numbers == [*range(1, len(boxes) + 1)], f"boxes {numbers}"
    return found


def _timeline(drawn: Drawn) -> Iterator[str]:
    """Compare windows with `after micro-batches 4, 8` or with the numbers of the summary."""
    found = windows(drawn)
    ends = [window[-1] for window in found]
    if said := re.search(r"after micro-batches ([\d, ]*\d)", drawn.summary):
        if [int(each) for each in said[1].split(", ")] != ends:
            yield f"updates are drawn after {ends}, said to be after {said[1]}"
    elif drawn.numbers() != {ends[-1], len(found), *map(len, found)}:
        yield f"{len(found)} windows up to {ends[-1]} are drawn"


def strip(drawn: Drawn) -> dict[str, list[bool]]:
    """Read for each method which tokens count."""
    found: dict[str, list[bool]] = {}
    for name in sorted(drawn.of("text", x=0), key=lambda mark: mark.at["y"]):
        boxes = [
            b for b in drawn.of("rect", y=name.at["y"] + 5, height=18) if "hatch" not in b.style
        ]
        words = [mark.words for mark in drawn.of("text", y=name.at["y"] + 18)]
        counts = ["solid" in box.style for box in boxes]
        assert [word == "loss" for word in words] == counts, f"{name.words}: {words}"
        found.setdefault(name.words, []).extend(counts)
    return found


def _strip(drawn: Drawn) -> Iterator[str]:
    for name, counts in strip(drawn).items():
        if f"{name}: {sum(counts)} of {len(counts)} tokens" not in drawn.summary:
            yield f"{name}: {sum(counts)} of {len(counts)} tokens are drawn"
