"""Searches for the largest number at which something fits, and for why the next does not."""

from dlp import _check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypedDict, TypeVar

    from dlp.peak import Peak

    Found = TypeVar("Found")

    class Limit(TypedDict):
        """The largest that fits, and what decides."""

        largest: int
        peak: int
        next_peak: int
        moment: str
        growing_part: str

    class StateLimit(TypedDict):
        """The largest that fits a sum of parts."""

        largest: int
        total: int
        next_total: int
        largest_part: str
        growing_part: str


# No device comes near it, and what fits one device is still no larger than a count may be.
LARGEST_MEMORY = 10**15

# What many devices share may be; with adapters on top it is a count all the same.
LARGEST_ANSWER = _check.LARGEST_COUNT - LARGEST_MEMORY


def of_step(
    name: str,
    step_of: "Callable[[int], Peak]",
    room: "tuple[str, int]",
    most: int = LARGEST_ANSWER,
    *,
    ends: bool = False,
) -> "Limit":
    """Search the largest number with which a step fits.

    `room` names what of the step must fit, its peak or the upper end, and into how many bytes.
    Where there is no step beyond `most`, that is an answer too.
    """
    end, num_bytes = room

    def fits(step: "Peak") -> bool:
        return (step["upper"] if end == "upper" else step["peak"]) <= num_bytes

    last = step_of(most) if ends else None
    if last and fits(last):
        return {
            "largest": most,
            "peak": last["peak"],
            "next_peak": 0,
            "moment": last["moment"],
            "growing_part": "",
        }
    found, at, after = _largest(name, most, step_of, fits)
    moment = after["moment"]
    before = at["moments"][moment] if at else {}
    return {
        "largest": found,
        "peak": at["peak"] if at else 0,
        "next_peak": after["peak"],
        "moment": moment,
        "growing_part": _largest_part(_growth(before, after["moments"][moment])),
    }


def of_sum(
    name: str, memory_bytes: int, parts_of: "Callable[[int], dict[str, int]]"
) -> "StateLimit":
    """Search the largest number whose parts fit; their total must not shrink as it grows."""
    _check.count("memory_bytes", memory_bytes, maximum=LARGEST_MEMORY)

    def fits(parts: dict[str, int]) -> bool:
        return parts["total"] <= memory_bytes

    found, at, after = _largest(name, LARGEST_ANSWER, parts_of, fits)
    if at is None:
        at = parts_of(0)
    return {
        "largest": found,
        "total": at["total"],
        "next_total": after["total"],
        "largest_part": _largest_part(at if found else after),
        "growing_part": _largest_part(_growth(at, after)),
    }


def _largest(
    name: str, most: int, of: "Callable[[int], Found]", fits: "Callable[[Found], bool]"
) -> "tuple[int, Found | None, Found]":
    """Find the largest number that fits by doubling and bisection, what it gives, and the next."""
    found, at = 0, None
    beyond, after = 1, of(1)
    while fits(after):
        if beyond == most:
            raise ValueError(f"memory_bytes is enough for any {name}: {most} still fits")
        found, at, beyond = beyond, after, min(2 * beyond, most)
        after = of(beyond)
    while beyond - found > 1:
        middle = (found + beyond) // 2
        between = of(middle)
        if fits(between):
            found, at = middle, between
        else:
            beyond, after = middle, between
    return found, at, after


def _growth(before: "Mapping[str, int]", after: "Mapping[str, int]") -> dict[str, int]:
    """Give by how much each part is larger; one that was not there grew from nothing."""
    return {part: size - before.get(part, 0) for part, size in after.items()}


def _largest_part(parts: "Mapping[str, int]") -> str:
    """Name the largest of the parts, the first of several."""
    names = [part for part in parts if part != "total"]
    return max(names, key=lambda part: parts[part])
