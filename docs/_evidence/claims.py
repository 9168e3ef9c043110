"""The numbers of others, and ours: what was printed or counted, by whom, and how we compute it.

A claim that somebody printed is a row of `printed/`; one that a library counted is made of its
record by `counts/`. Everything else is a view of claims: pages, checks, tests, the conformance
file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _evidence import records, sources
from _evidence.expressions import Expression, applied, evaluate, plain

if TYPE_CHECKING:
    from _evidence.records import Record

PRINTED = Path(__file__).with_name("printed")
"""The folder of the printed numbers, a file for each topic."""

UNITS: dict[str, int | Fraction] = {
    "": 1,
    **{
        f"{prefix} {noun}".strip(): 1000**power
        for power, prefix in enumerate(("", "K", "M", "B", "T"))
        for noun in ("", "parameters", "tokens")
    },
    **dict.fromkeys(("bits", "bytes", "updates", "samples", "epochs", "FLOPs", "days"), 1),
    **{f"{prefix}B": 1000**power for power, prefix in enumerate("KMGT", start=1)},
    **{f"{prefix}iB": 1024**power for power, prefix in enumerate("KMG", start=1)},
    "TFLOPs": 10**12,
    "ZFLOPs": 10**21,
    "PF-days": 86400 * 10**15,
    "years": 365,
    "seconds": Fraction(1, 86400),
    "%": Fraction(1, 100),
}
"""How much one of each unit is; times are in days."""

ROUNDINGS = ("exact", "rounded", "truncated", "unit", "measured")
"""How printed digits come from a number: as they are, to the nearest (a half goes up), cut off, or
off by one; or they were measured, and ours may differ by a share."""

PLAIN_SHARE = 0.05
"""The share by which ours may differ from what was measured without a reason."""

COUNTERS = {
    "max_allocated": "the most that the allocator gave out",
    "max_active": "the most that the allocator gave out or waited to take back",
    "max_reserved": "the most that the allocator held",
    "memory_allocated": "what the allocator has given out",
    "nvml_used": "what the driver shows, the context of CUDA included",
    "not stated": "not stated",
}
"""What read the memory of a GPU."""

APART = ("", "compiled", "sharded")
"""Why a measured run is shown apart: its code is compiled, or it ran on several GPUs."""

VERDICTS = ("reproduced", "erratum", "rounded-inputs", "unexplained")
"""Whether a number comes out; if not, whether it is wrong, or was computed from rounded numbers."""

KINDS = {
    "left-out": "a part left out",
    "not-there": "a part that is not there",
    "factor": "a wrong factor",
    "shape": "another model's shape",
    "unit": "the wrong unit",
    "too-little": "less than must be held",
    "copied": "a slip of the pen",
}
"""What kind of slip an erratum is, and how a reader calls it."""

FLOAT32 = 1e-6
"""The share by which a loss computed in float32 may differ from ours."""


@dataclass(frozen=True)
class Claim:
    """One number, or list of numbers, that somebody else printed or counted, and ours."""

    topic: str
    id: str
    """Of a printed number its own name, of a counted one the name of its record."""
    theirs: Any
    """The digits as printed, or what was counted."""
    expression: Expression
    """How ours is computed."""
    what: str = ""
    """What was counted."""
    record: Record | None = None
    package: str = ""
    """The one that counted."""
    within: float = 0.0
    """The share by which ours may differ from what was counted or measured."""
    unit: str = ""
    rounding: str = ""
    source: str = ""
    """Who printed it: a key of `sources.toml`."""
    where: str = ""
    """The table, section or line where it is printed."""
    verdict: str = "reproduced"
    reason: str = ""
    """Why a printed number does not come out, or what an approximation leaves out."""
    erratum: str = ""
    """The number of an erratum, such as `E4`; several rows of one source may share it."""
    kind: str = ""
    """What kind of slip an erratum is, one of `KINDS`."""
    note: str = ""
    slip: Expression | None = None
    """A computation that gives a wrong number as it is printed; it starts from a call, or from the
    digits of another printed number."""
    second: str = ""
    """Another printed number, which is the right one."""
    least: bool = False
    """Whether ours is the least that it can be, and a smaller number therefore wrong."""
    gpu: str = ""
    """Of a measured number: the card."""
    counter: str = ""
    """What read it, one of `COUNTERS`."""
    apart: str = ""
    """Why it is shown apart, one of `APART`."""

    @property
    def name(self) -> str:
        """A name that no other claim has, and that stays."""
        if self.record:
            return f"counted: {self.topic}: {self.id}: {self.what}"
        return f"published: {self.topic}: {self.id}"

    @property
    def place(self) -> str:
        """The file and the entry in it."""
        return (
            f"docs/_evidence/{'counted' if self.record else 'printed'}/{self.topic}.json, {self.id}"
        )

    @property
    def by(self) -> str:
        """Who says so: the library and its version, or the title of the source."""
        if self.record:
            return self.record.version(self.package)
        return sources.find(self.source).title

    @cached_property
    def exactly(self) -> Any:
        """Ours: an exact number in the claim's unit, or a list."""
        found = evaluate(self.expression)
        return found / UNITS[self.unit] if isinstance(found, Fraction) else found

    @property
    def ours(self) -> Any:
        """Ours, a number as an int or a float."""
        return plain(self.exactly) if isinstance(self.exactly, Fraction) else self.exactly

    @property
    def deviation(self) -> float:
        """By what share of their number ours differs; of a list or of 0, whether it does."""
        if not isinstance(self.exactly, Fraction):
            return float(self.exactly != self.theirs)
        theirs = Fraction(self.theirs)
        difference = abs(self.exactly - theirs)
        if not theirs:
            return 0.0 if self.agrees else 1.0
        return float(difference / abs(theirs))

    @property
    def ratio(self) -> float:
        """Ours as a share of theirs."""
        return float(self.exactly / Fraction(self.theirs))

    @property
    def room(self) -> float:
        """The share of a printed number by which its digits let ours differ."""
        if self.rounding == "measured":
            return self.within
        printed = Decimal(self.theirs)
        digit = {"exact": 0.0, "rounded": 0.5}.get(self.rounding, 1.0)
        last_digit = Fraction(10) ** int(printed.as_tuple().exponent)
        return digit * float(last_digit / abs(Fraction(printed))) if printed else digit

    @property
    def agrees(self) -> bool:
        """Whether ours differs by no more than the claim allows."""
        if not self.rounding:
            return self.exactly == self.theirs or (bool(self.within) and self._is_near())
        if self.rounding == "measured":
            return self._is_near()
        return rounds_to(self.exactly, self.theirs, self.rounding)

    def _is_near(self) -> bool:
        theirs = Fraction(self.theirs)
        return bool(abs(self.exactly - theirs) <= self.within * abs(theirs))

    def objection(self) -> str:
        """Say what is wrong with the claim, or nothing."""
        if self.agrees == (self.verdict == "reproduced"):
            return ""
        formula = self.expression["function"]
        said = f"counts {self.theirs} ({self.what}), {formula} gives"
        if self.rounding:
            printed = f"{self.theirs} {self.unit} ({self.rounding})"
            said = f"in {self.where} prints {printed}, {formula} computes"
        result = f"{self.place}: {self.by} {said} {self.ours!r}"
        if self.agrees:
            return f"{result}: it comes out after all, so its verdict is not {self.verdict}"
        return result

    def is_shown(self) -> bool:
        """Whether it comes out; or its slip, a right number or what is more shows why not."""
        if self.least:
            return bool(self.exactly > Fraction(self.theirs) * Fraction(1 + self.room))
        if self.second:
            other = printed(self.second)
            ours, theirs = self.exactly * UNITS[self.unit], other.exactly * UNITS[other.unit]
            return other.verdict == "reproduced" and bool(ours == theirs)
        if not self.slip:
            return self.verdict == "reproduced"
        if "printed" in self.slip:
            other = printed(self.slip["printed"])
            if other == self or not other.is_shown():
                return False
            found = applied(Fraction(other.theirs), self.slip)
        else:
            found = evaluate(self.slip) / UNITS[self.unit]
        return rounds_to(found, self.theirs, self.rounding)


def rounds_to(number: Fraction, printed: str, rounding: str) -> bool:
    """Whether a number, written as these digits were, gives them."""
    last_digit = Fraction(10) ** int(Decimal(printed).as_tuple().exponent)
    excess = number - Fraction(printed)
    return {
        "exact": excess == 0,
        "rounded": -last_digit / 2 <= excess < last_digit / 2,
        "truncated": 0 <= excess < last_digit,
        "unit": abs(excess) <= last_digit,
    }[rounding]


def count(
    record: Record,
    what: str,
    package: str,
    theirs: Any,
    *terms: Expression,
    within: float = 0.0,
    reason: str = "",
) -> Claim:
    """Set a counted number beside ours, the sum of some terms.

    Args:
        record: What was recorded.
        what: What was counted.
        package: The one that counted it.
        theirs: The number; a float may differ as float32 does.
        *terms: The expressions whose sum is ours.
        within: The share by which ours may differ.
        reason: What the formula leaves out, where it is an approximation.
    """
    first, *plus = terms
    if plus:
        first = first | {"plus": [*first.get("plus", []), *plus]}
    return Claim(
        *(record.topic, record.id, theirs, first, what, record, package),
        within=within or (FLOAT32 if isinstance(theirs, float) else 0.0),
        reason=reason,
    )


def row(topic: str, entry: dict[str, Any]) -> Claim:
    """Make a claim of an entry in a file of printed numbers.

    Raises:
        TypeError: If a key is missing or unknown.
    """
    fields = dict(entry)
    keys = Expression.__annotations__
    expression: Any = {key: fields.pop(key) for key in keys if key in fields}
    return Claim(topic=topic, expression=expression, theirs=fields.pop("published"), **fields)


@cache
def printed_claims() -> tuple[Claim, ...]:
    """Read all rows of all files."""
    return tuple(
        row(path.stem, entry)
        for path in sorted(PRINTED.glob("*.json"))
        for entry in json.loads(path.read_text("utf-8"))["rows"]
    )


@cache
def measured_claims() -> tuple[Claim, ...]:
    """Give those of the printed numbers that somebody measured on a GPU."""
    return tuple(claim for claim in printed_claims() if claim.rounding == "measured")


@cache
def left_out() -> tuple[dict[str, str], ...]:
    """Give the measured peaks that no formula is set beside, each with its reason, `why`."""
    return tuple(json.loads((PRINTED / "peaks.json").read_text("utf-8"))["left_out"])


@cache
def counted_claims(topic: str = "") -> tuple[Claim, ...]:
    """Make the claims of every record that a formula speaks of, of one topic or of all."""
    if not topic:
        return tuple(claim for topic in records.topics() for claim in counted_claims(topic))
    make = import_module(f"_evidence.counts.{topic}").claims
    return tuple(claim for record in records.records(topic) for claim in make(record))


def claims() -> tuple[Claim, ...]:
    """Give all claims, the printed ones first."""
    return printed_claims() + counted_claims()


def printed(identifier: str) -> Claim:
    """Return the one printed number that has this identifier.

    Raises:
        ValueError: If there is none.
    """
    for claim in printed_claims():
        if claim.id == identifier:
            return claim
    raise ValueError(f"no printed number {identifier!r} in docs/_evidence/printed")


def counted(topic: str, identifier: str, what: str) -> Claim:
    """Return one number that a library counted.

    Raises:
        ValueError: If there is none.
    """
    known = [claim for claim in counted_claims(topic) if claim.id == identifier]
    for claim in known:
        if claim.what == what:
            return claim
    records.record(topic, identifier)  # says so if there is no such record
    raise ValueError(
        f"of {identifier!r} in {topic}.json we compute {', '.join(claim.what for claim in known)}, "
        f"not {what!r}"
    )
