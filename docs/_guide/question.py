"""The shapes of a question: what its file in `questions/` says, and what the pages take from it.

A `case` keeps to the dialect of `dlp`, for it will run in the reader's browser with other values.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NotRequired, TypedDict

from markdown.extensions.toc import slugify

from _guide.formats import count, decimal, percent, size, times

Arguments = dict[str, Any]
"""The arguments of a formula, by name."""

SKELETON = {
    "": (
        "parts.asked({number})",
        "**Try it first.** `#!calc q({number}).hint`",
    ),
    "Answer": (
        "parts.answer({number})",
        "parts.solution({number})",
        '=== "With `dlp`"',
        "parts.lock({number}, ",
        '=== "Plain Python"',
    ),
    "Why": (),
    "Common wrong answers": ("parts.wrong_answers({number})",),
    "What changes with ": (),
    "With other numbers": ("parts.others({number})",),
    "Evidence: `#!calc count(q({number}).checks)` checks, all agree": ("checks.checked({number})",),
    "Conventions": (),
    "Sources": ("parts.sources({number})",),
}
"""What the headings of a question's page begin with and what must stand under each, in order."""


class Wrong(TypedDict):
    """A wrong answer: what the mistake comes to, what it assumes, and what refutes it."""

    value: NotRequired[float]
    unit: NotRequired[str]
    """What it is a number of, where that is not what is asked for."""
    says: NotRequired[str]
    """The answer in words, where the number alone is none."""
    assumes: str
    refuted: str
    when: NotRequired[bool]
    """Whether the values tell it from the other answers."""


class Other(TypedDict):
    """What the answer is by another convention, and what to say to it."""

    value: float
    say: str


class Step(TypedDict):
    """A step on the way to a number: what it finds, how, and what that comes to."""

    finds: str
    how: str
    value: float
    unit: str


class Sheet(TypedDict):
    """What the original answer sheet says, and what has to be put right."""

    said: str
    verdict: str
    put_right: str


class Case(TypedDict):
    """A question with values put in: plain data, numbers first and words around them last."""

    asks: str
    assumed: tuple[str, ...]
    hints: tuple[str, ...]
    steps: tuple[tuple[str, tuple[Callable[..., Any], Arguments]], ...]
    """The calls that the answer rests on, that of the question first: words, formula, arguments."""
    value: NotRequired[float]
    unit: str
    says: NotRequired[str]
    because: str
    wrong: tuple[Wrong, ...]
    more: NotRequired[tuple[Wrong, ...]]
    """Wrong answers that the values given do not tell from the others."""
    other: NotRequired[tuple[Other, ...]]
    tries: NotRequired[str]
    """The question with all its values in words, for one number as the answer."""
    way: NotRequired[tuple[Step, ...]]
    """The way to that number, which is the last step's."""
    sheet: NotRequired[Sheet]


class Marked(TypedDict):
    """Places to be marked in a row: which, by their numbers, and what others would mean."""

    tries: str
    places: tuple[str, ...]
    value: list[int]
    because: str
    hints: tuple[str, ...]
    other: tuple[tuple[list[int], str], ...]
    wrong: tuple[tuple[list[int], str], ...]
    """What a mistake would mark, and why not."""


class Statement(TypedDict):
    """A statement to be sorted: where it belongs, and why."""

    says: str
    place: str
    because: str


@dataclass(frozen=True)
class Call:
    """One call of a formula."""

    function: Callable[..., Any]
    arguments: Mapping[str, Any]

    def __call__(self, **changes: Any) -> Any:
        """Make the call, with some arguments changed."""
        return self.function(**{**self.arguments, **changes})


@dataclass(frozen=True)
class Question:
    """One question of the guide: what holds whatever its values, and its `case` for any."""

    number: int
    topic: str
    nav: str
    title: str
    given: Mapping[str, str]
    """The values that the page shows, defaults of the case, and how each is labelled."""
    case: Callable[..., Case]
    counted: Mapping[str, str]
    """Numbers that libraries counted, by id, and what each is; of two ids, `a → b`, the growth."""
    printed: tuple[str, ...]
    """Numbers that others print, by id."""
    sources: str
    """Keys of `_evidence/sources.toml`, with blanks between."""
    rule: str = ""
    """What the cheat sheet bids to remember."""
    varied: tuple[tuple[Arguments, ...], ...] = ()
    """What practice asks with: values that go together, one of each group at a time."""
    marked: Callable[..., Marked] | None = None
    """The same question by marking places in a row, where its answer is not a number."""
    sorted: tuple[Statement, ...] = ()
    """Statements to be sorted, where the answer is none either."""

    again: str = ""
    """What it asks with other numbers, where the question itself is true or false."""
    finds: str = ""
    """What the field of its page asks for, where the question itself is true or false."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Values put in for those that the page shows."""

    def with_values(self, values: Mapping[str, Any]) -> Question:
        """Give the question with other values."""
        return replace(self, values=values)

    @property
    def page(self) -> str:
        """The page of the question, relative to the documentation folder, named as its file is."""
        return f"questions/{self.case.__module__.rpartition('.')[2].replace('_', '-')}.md"

    @property
    def anchor(self) -> str:
        """The id of the page's title, by which a block links to it: `[words][anchor]`."""
        return slugify(self.title, "-")

    @property
    def shown(self) -> dict[str, tuple[str, str]]:
        """The label and the value of everything given, by name."""
        defaults = inspect.signature(self.case).parameters
        values = {name: defaults[name].default for name in self.given} | dict(self.values)
        return {name: (label, listed(values[name])) for name, label in self.given.items()}

    @property
    def asked(self) -> Case:
        """The case of the values, made anew: what a page does to it stays there."""
        return self.case(**self.values)

    @property
    def checks(self) -> int:
        """How many numbers of others its page shows beside ours."""
        return len(self.counted) + len(self.printed)

    @property
    def hint(self) -> str:
        """The one line that says what to work out."""
        return self.asked["hints"][0]

    @property
    def calls(self) -> tuple[tuple[str, Call], ...]:
        """The calls that the answer rests on, each with the words before it."""
        return tuple((words, Call(*call)) for words, call in self.asked["steps"])

    @property
    def call(self) -> Call:
        """The call that the question asks for."""
        return self.calls[0][1]

    @property
    def answer(self) -> str:
        """The right answer in words."""
        unit = self.asked["unit"]
        return said(self.asked, unit, "" if unit == "bytes" else f" {unit}")

    @property
    def wrong(self) -> tuple[tuple[str, str, str], ...]:
        """The wrong answers in words, what each assumes, and what refutes it."""
        return tuple(
            (said(wrong, self.asked["unit"]), wrong["assumes"], wrong["refuted"])
            for wrong in told_apart(self.asked)
        )


def listed(value: Any) -> str:
    """Write a given value: a count, the words of a text, or some shares."""
    if isinstance(value, int):
        return count(value)
    words = all(isinstance(each, str) for each in value)
    return " ".join(value) if words else ", ".join(decimal(each, 6) for each in value)


def told_apart(case: Case) -> list[Wrong]:
    """List the wrong answers that the values of a case tell apart."""
    return [wrong for wrong in case["wrong"] if wrong.get("when", True)]


def said(answer: Case | Wrong, unit: str, ending: str = "") -> str:
    """Write an answer to a question that asks for a unit."""
    return answer["says"] if "says" in answer else written(answer["value"], unit) + ending


def written(value: float, unit: str) -> str:
    """Write a number as its unit is written: bytes in the unit that fits, a count in full."""
    if unit.startswith("bytes"):
        return size(value)
    if unit == "share":
        return percent(value, 4)
    return times(value) if unit == "times" else count(value)
