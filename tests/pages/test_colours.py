"""The colours of pictures: legible on the page, told apart by every eye, and of pictures alone."""

from __future__ import annotations

import itertools
import math
import re

import pytest

from tests.pages.drawn import PARTS
from tests.paths import DOCS

ASSETS = {path.name: path.read_text("utf-8") for path in sorted(DOCS.glob("assets/*.css"))}
SCHEMES = {"light": 0, "dark": 1}

# Machado, Oliveira and Fernandes 2009: what is seen without one of the three kinds of cones.
EYES = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no long": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "no medium": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "no short": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}

# How bright red, green and blue light are to the three cones, as shares of white.
XYZ = ((0.4339, 0.3762, 0.1899), (0.2126, 0.7152, 0.0722), (0.0177, 0.1095, 0.8728))


def colours(scheme: str) -> tuple[list[str], str]:
    """Read the colours of parts, and that of the page, in a scheme."""
    found = [
        re.findall(rf"--{name}: (#[0-9a-f]{{3,6}});", "".join(ASSETS.values()))[SCHEMES[scheme]]
        for name in ("md-default-bg-color", *(f"picture-{i + 1}" for i in range(len(PARTS))))
    ]
    page, *parts = (each if len(each) > 4 else each + each[1:] for each in found)
    return parts, page


def light(colour: str) -> list[float]:
    """Turn a colour into amounts of red, green and blue light."""
    shares = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]


def mixed(weights: tuple[float, ...], amounts: list[float]) -> float:
    """Add amounts, each by its weight."""
    return sum(weight * amount for weight, amount in zip(weights, amounts, strict=True))


def contrast(one: str, other: str) -> float:
    """Compare two colours, as WCAG does."""
    weak, strong = sorted(mixed((0.2126, 0.7152, 0.0722), light(each)) for each in (one, other))
    return (strong + 0.05) / (weak + 0.05)


def seen(colour: str, eye: str) -> tuple[float, float, float]:
    """Turn a colour into a place in CIE Lab, where distances are differences that are seen."""
    through = [min(1.0, max(0.0, mixed(row, light(colour)))) for row in EYES[eye]]
    shares = (mixed(row, through) for row in XYZ)
    x, y, z = (s ** (1 / 3) if s > 0.008856 else 7.787 * s + 16 / 116 for s in shares)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_label_in_the_colour_of_the_page_can_be_read_on_every_part(scheme: str) -> None:
    parts, page = colours(scheme)
    assert {
        colour: contrast(colour, page) for colour in parts if contrast(colour, page) < 4.5
    } == {}


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_parts_are_told_apart(scheme: str, eye: str) -> None:
    places = {colour: seen(colour, eye) for colour in colours(scheme)[0]}
    near = [
        pair
        for pair in itertools.combinations(places, 2)
        if math.dist(places[pair[0]], places[pair[1]]) < 15
    ]
    assert near == []


def test_the_colours_of_parts_dress_nothing_but_parts() -> None:
    uses = {
        (name, selector.strip(), number)
        for name, text in ASSETS.items()
        for selector, number in re.findall(r"([^{}]*)\{[^{}]*var\(--picture-(\d)\)", text)
    }
    expected = range(1, len(PARTS) + 1)
    assert {number for *_, number in uses} == {str(i) for i in expected}
    assert {use[:2] for use in uses} == {
        ("pictures.css", f".picture .colour-{i}") for i in expected
    }
