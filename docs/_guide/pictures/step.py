"""What a training step holds over its course: parts stacked, a traced line over them, cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from _guide.pictures.drawing import SIZE, SMALL, WIDTH, About, Drawing, short, text_width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Sizes = dict[str, float]
    """The size of each kind."""

PHASES = {"forward": 0.28, "loss": 0.1, "backward": 0.5, "update": 0.12}
"""The phases of a step, and the share of the width that each is given."""

KINDS = {
    "weights": ("solid colour-1", ("weights",)),
    "adapters and states": ("solid colour-3", ("adapters", "optimizer")),
    "activations": ("solid colour-4", ("activations", "cache")),
    "gradients": ("solid colour-2", ("gradients",)),
    "logits": ("solid colour-5", ("logits",)),
    "working": ("solid plain-1", ("working", "inputs", "workspace")),
}
"""What is told apart, from the ground up: its look, and the parts of `peak_memory` in it."""

_HIGH = 150.0
_LEFT = 30.0


class Panel(TypedDict):
    """One step."""

    moments: Mapping[str, Mapping[str, float]]
    """The parts of each moment, as `peak_memory` gives them, in the unit of the picture."""
    traced: Mapping[str, Sequence[float]]
    """What a traced step held in each phase, in the same unit."""
    layers: int


def training_step(
    *, panels: Mapping[str, Panel], cards: Sequence[int], unit: str, **about: Unpack[About]
) -> str:
    """Draw what steps hold, one panel below the other, each on a scale of its own from 0.

    At its moments a step is drawn as the formula has it; between them it runs straight.

    Args:
        panels: For each title its step.
        cards: The memory of cards, which are lines.
        unit: The unit of all sizes.
        **about: What every picture has.
    """
    drawing = Drawing(**about)
    y = _legend(drawing, any(panel["traced"] for panel in panels.values()))
    for title, panel in panels.items():
        y = _panel(drawing, y, title, panel, cards, unit)
    return drawing.figure(y)


def _legend(drawing: Drawing, traced: bool) -> float:
    x, y = 0.0, 0.0
    shown = {kind: look for kind, (look, _) in KINDS.items()}
    for label, style in {**shown, **({"traced": ""} if traced else {})}.items():
        width = 17 + text_width(label, SIZE)
        if x + width > WIDTH:
            x, y = 0.0, y + 20
        if style:
            drawing.rect(x, y + 2, 11, 11, style, rx=2)
        else:
            drawing.line(x, y + 7.5, x + 11, y + 7.5, "trace")
        drawing.text(x + 17, y + 12, label)
        x += width + 12
    return y + 26


def _panel(
    drawing: Drawing, y: float, title: str, panel: Panel, cards: Sequence[int], unit: str
) -> float:
    course = _course(panel)
    peak = max(sum(sizes.values()) for _, sizes in course)
    places = [x for x, sizes in course if sum(sizes.values()) == peak]
    place = (min(places) + max(places)) / 2 if len(places) < panel["layers"] else places[0]
    beyond = [card for card in cards if card >= peak][:1]
    high = beyond[0] if beyond and beyond[0] < peak * 1.4 else peak
    ground, scale = y + 44 + _HIGH, _HIGH / high

    def along(share: float) -> float:
        return _LEFT + share * (WIDTH - _LEFT)

    drawing.text(0, y + 14, title, "strong")
    floor = [0.0] * len(course)
    for kind, (style, _) in KINDS.items():
        top = [low + sizes[kind] for low, (_, sizes) in zip(floor, course, strict=True)]
        if max(high - low for high, low in zip(top, floor, strict=True)) * scale >= 0.25:
            edges = [
                [
                    (along(x), ground - size * scale)
                    for (x, _), size in zip(course, edge, strict=True)
                ]
                for edge in (top, floor)
            ]
            points = [*_thinned(edges[0]), *reversed(_thinned(edges[1]))]
            drawing.path(f"M{_joined(points)}Z", f"area {style}")
        floor = top
    written = ground + 100
    for card in (card for card in cards if card <= high * 1.001):
        at = ground - card * scale
        drawing.line(_LEFT, at, WIDTH, at, "card")
        if written - at >= SMALL - 1:
            drawing.text(_LEFT - 5, at + 4, str(card), "muted", "end", SMALL)
            written = at
    line: list[tuple[float, float]] = []
    start = 0.0
    for phase, share in PHASES.items():
        values = panel["traced"].get(phase, ())
        for i, value in enumerate(values):
            line.append((along(start + share * (i + 0.5) / len(values)), ground - value * scale))
        middle = along(start + share / 2)
        drawing.clamped(middle, ground + 16, phase, "muted", SMALL)
        if start:
            drawing.line(along(start), ground, along(start), ground + 5, "axis")
        start += share
    if line:
        drawing.path(f"M{_joined(line)}", "trace")
    drawing.line(_LEFT, ground, WIDTH, ground, "axis")
    drawing.text(_LEFT - 5, ground + 4, unit, "muted", "end", SMALL)
    x, at, words = along(place), ground - peak * scale, f"{peak:.1f} {unit}"
    drawing.add("circle", cx=x, cy=at, r=4.5, class_="dot")
    room = x + 10 + text_width(words, SIZE, bold=True) <= WIDTH
    drawing.text(x + (9 if room else -9), at - 5, words, "strong halo", "" if room else "end")
    return ground + 34


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return "L".join(f"{short(x)} {short(y)}" for x, y in points)


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out the points that lie on the straight line between their neighbours."""
    kept = [points[0]]
    for i in range(1, len(points) - 1):
        (x0, y0), (x1, y1), (x2, y2) = kept[-1], points[i], points[i + 1]
        if abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) > 0.01:
            kept.append(points[i])
    return [*kept, points[-1]]


def _kinds(parts: Mapping[str, float]) -> Sizes:
    return {kind: sum(parts.get(each, 0.0) for each in held) for kind, (_, held) in KINDS.items()}


def _course(panel: Panel) -> list[tuple[float, Sizes]]:
    """List what is held at places of the step, from 0 to 1.

    In the backward pass every layer makes as much as the fullest one, which is the first of them
    where most of the activations are still there, and else the last.
    """
    forward, loss, layer, done, update = [_kinds(parts) for parts in panel["moments"].values()]
    ends = [sum(list(PHASES.values())[: i + 1]) for i in range(len(PHASES))]
    begun = done | {"activations": 0.0, "gradients": 0.0, "logits": 0.0, "working": 0.0}
    before = forward | {"logits": 0.0}
    course = [
        *((0.0, begun), (ends[0], before), (ends[0], forward)),
        *(((ends[0] + ends[1]) / 2, loss), (ends[1], loss)),
    ]
    number = panel["layers"]
    first = layer["activations"] > forward["activations"] / 2
    width = PHASES["backward"] / number
    for i in range(number):
        share = i / number if first else (i + 1) / number
        rising = done["gradients"] - layer["gradients"] if first else layer["gradients"]
        kept = (layer if first else forward)["activations"] * (1 - i / number)
        held = layer | {
            "activations": layer["activations"] if i == number - 1 and not first else kept,
            "gradients": (layer["gradients"] if first else 0.0) + rising * share,
        }
        at = ends[1] + width * i
        rest = held | {"working": 0.0}
        course += [(at, rest), (at + width / 2, held), (at + width, rest)]
    course.append((ends[2], done))
    return [*course, (ends[2], update), ((ends[2] + 1) / 2, update), (1.0, update)]
