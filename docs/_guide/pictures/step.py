"""What one training step holds: parts stacked over its course, the traced step as a line over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Unpack

from _guide.formats import NBSP, decimal
from _guide.pictures.axes import Axis
from _guide.pictures.drawing import SMALL, WIDTH, About, Drawing, colours_of, short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GIB = 2**30

BANDS = {
    "weights": ("weights", "adapters", "inputs", "workspace"),
    "optimizer states": ("optimizer",),
    "gradients": ("gradients",),
    "activations and copies": ("activations", "cache", "working"),
    "logits and loss": ("logits",),
}
"""What is drawn in one colour, from below: the parts of `dlp.peak_memory`."""

SPANS = {
    "forward end": (0.0, 0.36),
    "loss backward": (0.36, 0.44),
    "layer backward": (0.44, 0.86),
    "backward end": (0.86, 0.88),
    "update": (0.88, 1.0),
}
"""Where each phase of a step lies on the axis: time is not to scale."""

_HEIGHT = 120.0


class Panel(NamedTuple):
    """One run."""

    title: str
    moments: Mapping[str, Mapping[str, int]]
    traced: Mapping[str, Sequence[int]]
    moment: str
    verdict: str


def step_chart(
    *, panels: Sequence[Panel], cards: Sequence[int], **about: Unpack[About]
) -> str:
    """Draw runs one below the other, each on a scale of its own.

    Args:
        panels: The runs, each with its moments, the traced line by phase, and a few words.
        cards: Memory of cards in GiB, drawn as lines where they are not far above a run.
        **about: What every picture has.
    """
    drawing = Drawing(**about)
    colours = colours_of(list(BANDS))
    top = drawing.legend(colours) + 8
    for panel in panels:
        top = _panel(drawing, panel, cards, colours, top)
    return drawing.figure(top)


def _panel(
    drawing: Drawing,
    panel: Panel,
    cards: Sequence[int],
    colours: Mapping[str, str],
    top: float,
) -> float:
    """Draw one run, and give where the next begins."""
    peak = sum(panel.moments[panel.moment].values()) / GIB
    drawing.text(0, top + 12, panel.title, "strong")
    drawing.text(0, top + 29, f"{decimal(peak, 1)}{NBSP}GiB: {panel.verdict}", "muted", size=SMALL)
    top += 44
    left, right, bottom = 34.0, WIDTH - 6, top + _HEIGHT
    shown = [card for card in cards if card <= peak * 1.3]
    down, along = Axis([0, *shown, peak * 1.04], bottom, top), Axis([0, 1], left, right)
    floor = [0.0] * len(_course(panel.moments, ()))
    for band, parts in BANDS.items():
        course = _course(panel.moments, parts)
        roof = [(x, low + y / GIB) for (x, y), low in zip(course, floor, strict=True)]
        outline = roof + [(x, low) for (x, _), low in zip(course, floor, strict=True)][::-1]
        drawing.path(f"{_line(outline, along, down)}Z", f"solid {colours[band]}")
        floor = [y for _, y in roof]
    drawing.path(_line(_traced(panel.traced), along, down), "trace")
    free = bottom - 8
    for card in shown:
        y = down.at(card)
        drawing.line(left, y, right, y, "card")
        if y < free:
            drawing.text(left - 5, y + 4, str(card), "muted", "end", SMALL)
            free = y - 12
    drawing.add("circle", cx=along.at(_fullest(panel)), cy=down.at(peak), r=4.5, class_="dot")
    drawing.line(left, bottom, right, bottom, "axis")
    for name, low, high in (("forward", 0, 0.36), ("backward", 0.36, 0.88), ("update", 0.88, 1)):
        drawing.clamped(along.at((low + high) / 2), bottom + 15, name, "muted", SMALL)
        drawing.line(along.at(high), bottom, along.at(high), bottom + 5, "axis")
    drawing.text(left - 5, bottom + 15, "GiB", "muted", "end", SMALL)
    return bottom + 34


def _line(points: Sequence[tuple[float, float]], along: Axis, down: Axis) -> str:
    """Write a path through some points."""
    return "M" + "L".join(f"{short(along.at(x))} {short(down.at(y))}" for x, y in points)


def _fullest(panel: Panel) -> float:
    """Say where along the step a run is fullest: in the layers, at their start or their end."""
    low, high = SPANS[panel.moment]
    if panel.moment != "layer backward":
        return (low + high) / 2
    held = panel.moments[panel.moment]
    return low if held.get("activations", 0) >= held.get("gradients", 0) else high


def _course(
    moments: Mapping[str, Mapping[str, int]], parts: Sequence[str]
) -> list[tuple[float, float]]:
    """Give the bytes of a band at points along the step.

    What layers keep grows through the forward pass and is given back in the backward pass, while
    gradients come; logits are there about the loss alone.
    """

    def held(moment: str, *of: str) -> float:
        return float(sum(moments[moment].get(part, 0) for part in of or parts))

    lasting = [part for part in parts if part not in {"logits", "working"}]
    start = min(held("forward end", *lasting), held("update", *lasting)) if lasting else 0.0
    end, gone = SPANS["forward end"][1], SPANS["loss backward"][1]
    points = [(0.0, start), (end - 0.02, held("forward end", *lasting) if lasting else 0.0)]
    points += [(end - 0.02, held("forward end")), (end, held("forward end"))]
    points += [(end, held("loss backward")), (gone, held("loss backward"))]
    working = held("layer backward", "working") if "working" in parts else 0.0
    at_last = {"gradients": "layer backward"}
    first = sum(held("loss backward", part) for part in lasting) + working
    last = sum(held(at_last.get(part, "backward end"), part) for part in lasting) + working
    kept = held("layer backward") if "logits" in parts else None
    low, high = SPANS["layer backward"]
    points += [(low, first if kept is None else kept), (high, last if kept is None else kept)]
    for moment in ("backward end", "update"):
        low, high = SPANS[moment]
        points += [(low, held(moment)), (high, held(moment))]
    return points


def _traced(phases: Mapping[str, Sequence[int]]) -> list[tuple[float, float]]:
    """Lay the points of each phase over its span."""
    line = []
    for name, (low, high) in SPANS.items():
        points = phases[name]
        for place, held in enumerate(points):
            line.append((low + (high - low) * (place + 0.5) / len(points), held / GIB))
    return line
