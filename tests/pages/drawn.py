"""Read a picture back from its SVG, and compare what is drawn with what its summary says."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PARTS = {
    "weights": {"weights", "weight", "bias", "the matrix"},
    "gradients": {"gradients"},
    "what is trained beside them, and states": {
        *("optimizer", "adapters and states"),
        *("LoRA", "A", "B"),
    },
    "activations": {"activations", "token vector"},
    "logits": {"logits"},
    "KV cache": {"KV cache"},
}
"""What a run holds, in order of its colour, and the names that it bears on pictures."""

Fact = tuple[str, float, float, float]
"""What it is, how much is drawn, how much is said, and by how much they may differ."""

NEAR = 0.16  # three coordinates, each rounded to a tenth
_BYTES = {"bytes": 1e-9, "kB": 1e-6, "MB": 1e-3, "GB": 1.0, "TB": 1e3}
_BYTES |= {"KiB": 2.0**-20, "MiB": 2.0**-10, "GiB": 1.0}
_NUMBER = r"\d[\d,]*(?:\.\d+)?"


class Mark:
    """One element of a drawing."""

    def __init__(self, element: ET.Element) -> None:
        """Read where it stands and what it says."""
        self.tag, self.words = element.tag, element.text or element.get("d") or ""
        self.style = element.get("class") or element.get("fill") or ""
        self.at = {k: float(v) for k, v in element.items() if re.fullmatch(r"-?[\d.]+", v)}


class Drawn:
    """A picture as it is drawn."""

    def __init__(self, figure: str) -> None:
        """Read the `<figure>` that a picture is."""
        svg = ET.fromstring(figure[figure.index("<svg") : figure.index("</svg>") + 6])  # noqa: S314
        self.marks = [Mark(element) for element in svg]
        self.title, self.summary = svg.findtext("title") or "", svg.findtext("desc") or ""
        self.said = [number(each) for each in re.findall(_NUMBER, self.summary)]

    def of(self, tag: str, style: str = "", **at: float) -> list[Mark]:
        """List the elements of a kind that stand at a place, from left to right and down."""
        found = (
            mark
            for mark in self.marks
            if mark.tag == tag and style in f" {mark.style} "
            if all(abs(mark.at.get(key, math.inf) - value) < NEAR for key, value in at.items())
        )
        return sorted(found, key=lambda m: [m.at.get(k, 0.0) for k in ("x", "x1", "y", "y1")])

    def words(self, style: str = "", **at: float) -> str:
        """Give the text that stands at a place."""
        found = self.of("text", style, **at)
        assert found, f"no text {style} at {at}"
        return found[0].words

    def problems(self) -> list[str]:
        """Say where the picture differs from its summary."""
        styles = {mark.style.partition(" ")[0] for mark in self.marks}
        facts = next((read for style, read in _KINDS.items() if style in styles), _bars)(self)
        return [
            f"{self.title}: {what}: {drawn:.2f} is drawn, {said:.2f} is said"
            for what, drawn, said, near in facts
            if abs(drawn - said) > near
        ] + list(self.miscoloured())

    def miscoloured(self) -> Iterator[str]:
        """Say which colour of a part is given to something else."""
        names = [
            *self.legend.items(),
            *((curve.style, self.named(curve)) for curve in self.of("path", "curve")),
            *(
                (box.style, self.words(x=box.at["x"], y=box.at["y"] - 10))
                for box in self.of("rect", "tint")
            ),
        ]
        for place, (part, known) in enumerate(PARTS.items(), 1):
            colour = f"colour-{place}"
            found = {name for style, name in names if colour in style.split()}
            used = any(colour in mark.style.split() for mark in self.marks)
            if found - known or (used and not found):
                given = ", ".join(sorted(found - known)) or "something without a name"
                yield f"{self.title}: {given} has the colour of {part}"

    @property
    def legend(self) -> dict[str, str]:
        """Give the name beside each coloured square, by the look of the square."""
        return {
            swatch.style: self.words(x=swatch.at["x"] + 17, y=swatch.at["y"] + 10)
            for swatch in self.of("rect", height=11)
        }

    def named(self, curve: Mark) -> str:
        """Give the name of a line, which stands at its end."""
        style = f"strong solid {curve.style.removeprefix('curve ')}"
        return " ".join(mark.words for mark in self.of("text", style))


def number(text: str) -> float:
    """Read the first number of a text."""
    found = re.search(_NUMBER, text)
    assert found, text
    return float(found[0].replace(",", ""))


def scale(ticks: list[tuple[float, str]]) -> Callable[[float], float]:
    """Turn places on an axis into numbers, as its labels say."""
    (start, first), *_, (end, last) = ((place, number(label)) for place, label in ticks)
    slope = (last - first) / (end - start)
    for place, label in ticks:
        off = first + (place - start) * slope - number(label)
        assert abs(off) <= NEAR * abs(slope), f"{ticks} do not stand at even distances"
    return lambda place: first + (place - start) * slope


def _bars(drawn: Drawn) -> Iterator[Fact]:
    """Compare bars with a summary such as `LoRA: 3 GB, weights 2 GB, gradients 1 GB`."""
    grid = [line.at["x1"] for line in drawn.of("line", "grid")]
    foot = drawn.of("text", "muted", y=max(mark.at["y"] for mark in drawn.of("text", "muted")))
    units = {mark.words.rpartition(" ")[2] for mark in foot}
    assert units in ({"GB"}, {"GiB"}), "the axis is not in GB or GiB"
    read = scale([(x, mark.words) for x, mark in zip(grid, foot, strict=True)])
    rows = sorted(drawn.of("text", " halo ", x=0), key=lambda mark: mark.at["y"])
    for row, text in zip(rows, drawn.summary.split("; "), strict=True):
        name, _, sizes = text.partition(": ")
        assert row.words == name, f"the bar of {row.words} is said to be of {name}"
        spoken = {
            part.strip(): number(size) * _BYTES[unit]
            for part, size, unit in re.findall(rf"([a-zA-Z ]*?)\s?({_NUMBER})\s(\w+)", sizes)
        }
        y, end = row.at["y"] + 7, 0.0
        total = spoken.pop("")
        yield name, number(drawn.words("strong", y=y + 16)), total, 0.006
        parts = dict(spoken)
        yield f"{name}, in all", sum(parts.values()), total, 0.006 * len(parts)
        for bar in drawn.of("rect", "solid", y=y, height=22):
            part, seen = drawn.legend[bar.style], bar.at["width"]
            width = seen + min(1.0, seen / 2)  # and a gap
            yield f"{name}, where {part} begins", bar.at["x"], end, 2 * NEAR + 0.5
            yield f"{name}, {part}", read(width), parts.get(part, 0.0), read(2 * NEAR)
            end += parts.pop(part, 0.0) / read(1)
            for inside in drawn.of("text", "on-colour", y=y + 15.5):
                if 0 < inside.at["x"] - bar.at["x"] < width:
                    yield f"{name}, in {part}", number(inside.words), spoken.get(part, 0.0), 0.006
        yield from ((f"{name}, {part}", 0, size, read(2 * NEAR)) for part, size in parts.items())


def _chart(drawn: Drawn) -> Iterator[Fact]:
    """Compare lines with `name: 2 GB at 1,000 tokens, 9 GB at 4,000`, and dots with any number."""
    sides = [line.at["y1"] for line in drawn.of("line", "grid")]
    up = scale([(y, drawn.words("muted", y=y + 4)) for y in sides])
    feet = [line.at for line in drawn.of("line", "axis") if line.at["y1"] != line.at["y2"]]
    marks = drawn.of("text", "muted", y=feet[0]["y1"] + 17)
    along = scale([(at["x1"], mark.words) for at, mark in zip(feet, marks, strict=True)])
    labels = drawn.words("muted", y=12), drawn.words("muted", y=feet[0]["y1"] + 34)
    for label in labels:
        assert label.split()[-1] in drawn.summary, f"the summary knows nothing of {label!r}"
    ends = {name.strip(): text for name, text in re.findall(r"([^:;]+): ([^;]*)", drawn.summary)}
    for curve in drawn.of("path", "curve"):
        name = drawn.named(curve)
        points = [point.split() for point in curve.words[1:].split("L")]
        shown = [
            read(float(p[i])) for p in (points[0], points[-1]) for i, read in ((1, up), (0, along))
        ]
        said = [number(each) for each in re.findall(_NUMBER, ends.get(name, ""))]
        for value, spoken in zip(shown, said, strict=bool(said)):
            yield name, value, spoken, 0.01 * abs(spoken) + NEAR * abs(up(100) - up(101))
    dots = [(along(dot.at["cx"]), up(dot.at["cy"])) for dot in drawn.of("circle")]
    assert ends or dots, "the summary gives no end of a line"
    times = 1e6 if "million" in labels[0] else 1
    across, high = abs(along(100) - along(101)), abs(up(100) - up(101)) * times
    for x, y in dots:
        for value, pixel in ((x, across), (y * times, high)):
            near = min(drawn.said, key=lambda each: abs(each - value))
            yield "a dot", value, near, 0.01 * near + NEAR * pixel


def _shapes(drawn: Drawn) -> Iterator[Fact]:
    """Compare matrices with their dimensions, as written and as said."""
    boxes = [*drawn.of("rect", "outline"), *drawn.of("rect", "tint")]
    longest = max(max(box.at["width"], box.at["height"]) for box in boxes)
    unit = longest / math.sqrt(max(drawn.said))
    for box in boxes:
        x, y, width, height = (box.at[key] for key in ("x", "y", "width", "height"))
        head, product = drawn.words(x=x, y=y - 10), drawn.words(x=x, y=y + height + 31)
        sides = [number(each) for each in drawn.words(x=x, y=y + height + 16).split("×")]
        yield f"{head}, entries", number(product), math.prod(sides), 0
        yield f"{head}, hatched", len(drawn.of("rect", "hatch", x=x, y=y)), "frozen" in head, 0
        for side, length in zip(sides, (height, width), strict=True):
            assert side in [1, *drawn.said], f"{head}: the side of {side:g} is not said"
            expected = max(1.5, math.sqrt(side) * unit)
            yield f"{head}, a side of {side:g}", length, expected, NEAR


def _timeline(drawn: Drawn) -> Iterator[Fact]:
    """Compare windows with `after micro-batches 4, 8` or with the numbers of the summary."""
    boxes = [mark for mark in drawn.of("text") if mark.words.isdigit()]
    numbers, ends, sizes = sorted(int(box.words) for box in boxes), [], []
    panels = sorted(drawn.of("rect", "panel"), key=lambda mark: (mark.at["y"], mark.at["x"]))
    for place, panel in enumerate(panels, 1):
        x, y, width, height = (panel.at[key] for key in ("x", "y", "width", "height"))
        held = [b for b in boxes if x < b.at["x"] < x + width and y < b.at["y"] < y + height]
        below = [m.words for m in drawn.of("text", x=x + width / 2) if m.at["y"] > y + height]
        yield f"update {place}", place, number(below[0]), 0
        yield from (("its size", len(held), number(each), 0) for each in below if "micro" in each)
        ends.append(max(int(box.words) for box in held))
        sizes.append(len(held))
    yield from (("a box", drawn, place, 0) for place, drawn in enumerate(numbers, 1))
    after = re.search(r"after micro-batches ([\d, ]*\d)", drawn.summary)
    said = [float(each) for each in after[1].split(", ")] if after else sorted(drawn.said)
    shown = ends if after else sorted([ends[-1], len(ends), sizes[0]])
    yield from (("updates", drawn, said, 0) for drawn, said in zip(shown, said, strict=True))


def _strip(drawn: Drawn) -> Iterator[Fact]:
    """Compare the tokens that count with `name: 2 of 10 tokens`."""
    names = sorted({mark.words for mark in drawn.of("text", x=0)}, key=drawn.summary.index)
    for name, said in zip(names, zip(drawn.said[::2], drawn.said[1::2], strict=True), strict=True):
        tops = [mark.at["y"] for mark in drawn.of("text", x=0) if mark.words == name]
        for tag, style, down, spoken in (
            *(("rect", "ink", 5, said[0]), ("rect", "outline", 5, said[1] - said[0])),
            *(("text", "on-colour", 18, said[0]), ("text", "halo", 18, said[1] - said[0])),
        ):
            yield name, sum(len(drawn.of(tag, style, y=top + down)) for top in tops), spoken, 0


def _scatter(drawn: Drawn) -> Iterator[Fact]:
    """Compare points with `name: 3 runs, 2 within 10 %`; each axis doubles from label to label."""
    sides = [line.at["y1"] for line in drawn.of("line", "grid")]
    up = scale([(y, str(math.log2(number(drawn.words("muted", y=y + 4))))) for y in sides])
    feet = [line.at for line in drawn.of("line", "axis") if line.at["y1"] != line.at["y2"]]
    labels = [drawn.words("muted", x=at["x1"], y=at["y1"] + 17) for at in feet]
    across = scale(
        [(at["x1"], str(math.log2(number(label)))) for at, label in zip(feet, labels, strict=True)]
    )
    (line,) = drawn.of("line", "bound")
    for end in ("1", "2"):
        yield "the diagonal", across(line.at[f"x{end}"]), up(line.at[f"y{end}"]), 0.02
    names = [mark.words for mark in sorted(drawn.of("text", x=17), key=lambda m: m.at["y"])]
    said = dict(text.split(": ") for text in drawn.summary.split("; "))
    assert names == list(said), f"{names} are not {list(said)}"
    seen = set()
    for place, name in enumerate(names, 1):
        _, *marks = [m.words for m in drawn.marks if m.style == f"mark mark-{place}"]
        x, y = zip(*(_middle(mark) for mark in marks), strict=True)
        off = [abs(2 ** (up(b) - across(a)) - 1) for a, b in zip(x, y, strict=True)]
        near = sum(each <= 0.1 for each in off)
        # Places are rounded: of a point on the band's edge the picture cannot say which side it is.
        edge = sum(abs(each - 0.1) < 0.001 for each in off)
        facts = zip((len(x), near), (0, edge), re.findall(_NUMBER, said[name]), strict=False)
        for drawn_, tolerance, spoken in facts:
            yield name, drawn_, float(spoken), tolerance
        seen.add(re.sub(r"[-\d.]+ [-\d.]+", "", marks[0], count=1))
    yield "shapes of marks", len(seen), len(names), 0


def _middle(mark: str) -> tuple[float, float]:
    """Give the point that a mark stands around, from the path that draws it."""
    x, y = (float(each) for each in re.findall(r"-?[\d.]+", mark)[:2])
    if "a" in mark:
        return x + 3.2, y
    return (x, y + 3.2) if mark.count("l") in (1, 3) else (x + 3.2, y + 3.2)


def _step(drawn: Drawn) -> Iterator[Fact]:
    """Compare steps with `name: 29 GiB when ..., traced 29 GiB, weights 15 GiB, logits 3 GiB`.

    A step that was not traced says nothing of it.
    """
    titles = sorted(drawn.of("text", " strong ", x=0), key=lambda mark: mark.at["y"])
    dots = sorted(drawn.of("circle"), key=lambda mark: mark.at["cy"])
    for title, dot, text in zip(titles, dots, drawn.summary.split("; "), strict=True):
        name, _, sizes = text.partition(": ")
        assert title.words == name, f"the step of {title.words} is said to be of {name}"
        top = title.at["y"] - 14
        ground = top + 44 + 150
        cards = [each for each in drawn.of("line", "card") if top < each.at["y1"] < ground]
        lowest = max(cards, key=lambda mark: mark.at["y1"])
        written = number(drawn.words("muted", y=lowest.at["y1"] + 4))
        unit = (ground - lowest.at["y1"]) / written
        for card in cards:
            for mark in drawn.of("text", "muted", y=card.at["y1"] + 4):
                if mark.words.isdigit():
                    yield "a card", (ground - card.at["y1"]) / unit, number(mark.words), 2 / unit
        said = {
            part: number(size) * _BYTES[scaled]
            for part, size, scaled in re.findall(rf"(\w[a-z ]*?) ({_NUMBER})\s(\w+)", sizes)
        }
        whole = number(sizes)
        near = 0.006 + 4 * NEAR / unit
        words = min(
            drawn.of("text", "strong halo"), key=lambda m: abs(m.at["y"] + 5 - dot.at["cy"])
        )
        yield f"{name}, written", number(words.words), whole, 0.051
        yield f"{name}, the peak", (ground - dot.at["cy"]) / unit, whole, near
        lines = [_points(each.words) for each in drawn.of("path", "trace")]
        here = [each for each in lines if top < min(y for _, y in each) < ground]
        for traced in here or ([[(0.0, ground)]] if "traced" in said else []):
            high = ground - min(y for _, y in traced)
            yield f"{name}, traced", high / unit, said["traced"], near
        total = 0.0
        for area in drawn.of("path", "area"):
            points = _points(area.words)
            if not top < points[0][1] < ground + 1:
                continue
            part = drawn.legend[area.style.removeprefix("area ")]
            thick = _height(points, dot.at["cx"]) / unit
            yield f"{name}, {part}", thick, said.get(part, 0.0), near
            total += thick
        yield f"{name}, in all", total, whole, 6 * near


def _points(path: str) -> list[tuple[float, float]]:
    """Read the corners of a path."""
    pairs = (pair.split() for pair in path.strip("MZ").split("L"))
    return [(float(x), float(y)) for x, y in pairs]


def _height(points: list[tuple[float, float]], x: float) -> float:
    """Measure how far apart the upper and the lower edge of an area are at a place."""
    found = [
        y0 + (y1 - y0) * (x - x0) / (x1 - x0)
        for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True)
        if min(x0, x1) <= x <= max(x0, x1) and x0 != x1
    ]
    return max(found) - min(found)


_KINDS: dict[str, Callable[[Drawn], Iterator[Fact]]] = {
    "mark": _scatter,
    "area": _step,
    "curve": _chart,
    "bracket": _timeline,
    "token": _strip,
    "split": _shapes,
    "outline": _shapes,
}
