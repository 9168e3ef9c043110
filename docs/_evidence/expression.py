"""A number computed by formulas: one call, or a sum of calls, divided if need be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import dlp


@dataclass(frozen=True)
class Term:
    """One call of a formula."""

    function: str
    arguments: dict[str, Any]
    part: str | list[str] = ""
    """Where the formula gives a dict: the entry, or entries to add up."""
    times: str = ""
    """A factor, if there is one."""

    def result(self) -> Any:
        """Make the call."""
        return getattr(dlp, self.function)(**self.arguments)

    def value(self) -> Fraction:
        """Make the call and give its number, exactly."""
        result = self.result()
        if self.part:
            names = [self.part] if isinstance(self.part, str) else self.part
            result = sum(result[name] for name in names)
        return Fraction(result) * Fraction(self.times or 1)


@dataclass(frozen=True)
class Expression:
    """A sum of calls over a divisor."""

    first: Term
    plus: tuple[Term, ...] = ()
    minus: tuple[Term, ...] = ()
    per: tuple[float | Term, ...] = ()

    def value(self) -> Fraction:
        """Compute the number, exactly."""
        value = self.first.value()
        value += sum(term.value() for term in self.plus)
        value -= sum(term.value() for term in self.minus)
        divisors = (each.value() if isinstance(each, Term) else Fraction(each) for each in self.per)
        return value / math.prod(divisors, start=Fraction(1))

    @property
    def terms(self) -> tuple[Term, ...]:
        """Every call in it."""
        divisors = tuple(each for each in self.per if isinstance(each, Term))
        return (self.first, *self.plus, *self.minus, *divisors)
