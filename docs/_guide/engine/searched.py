"""What search knows: the pages without the answers, and each question's numbers apart from words.

A result shows the words around what was typed. So that none of them tells an answer, the answers'
figures are taken out of all texts; a question's page has them, right and wrong ones, in a paragraph
of their own, which is searched but never shown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from _guide.formats import count
from _guide.questions import QUESTIONS
from dlp import IGNORE_INDEX

if TYPE_CHECKING:
    from _guide.question import Question

_NUMBER = re.compile(r"\d[\d,.]*\d(?:\N{NO-BREAK SPACE}[kMGT]?B)?")
_GROUPED = re.compile(r"\b\d{1,3}(?:,\d{3})+(?:\.\d+)?\b")


WEIGHTS = {
    "questions/": 5,
    "will-it-fit/": 6,
    "reference/gguf/": 6,
    "evidence/": 0.2,
    "corrections/#": 0.1,
}
"""How much an entry counts that begins so: the longest lists would outweigh all else."""

COMPUTED_TAGS = {"questions/training-objective/": f"{IGNORE_INDEX}"}
"""Tags beside those of the pages themselves, on which no figure is typed."""


def weighted(entries: list[dict[str, Any]]) -> None:
    """Weight the entries of the index; a page's tags stand for the page, not for its sections."""
    for entry in entries:
        place = entry["location"]
        if "#" in place:
            entry.pop("tags", None)
        elif place in COMPUTED_TAGS:
            entry["tags"].append(COMPUTED_TAGS[place])
        weights = (each for begins, each in WEIGHTS.items() if place.startswith(begins))
        entry["boost"] = next(weights, 1)


_JOINED = "e=e+s+o.id}"
_APART = 'e=e+s+o.id+" "}'


def mended(program: str) -> str:
    """Mend the theme's search, which fails on some numbers, such as the 8 of “rank 8”.

    Its tree of words names a branch by letters and numbers that run together, 1 and 23 as 12 and 3,
    so it takes branches for one that are two, finds words that nowhere stand, and stops.

    Raises:
        ValueError: If another release of the theme writes that otherwise.
    """
    if program.count(_JOINED) != 1:
        raise ValueError(
            f"the theme's search has no {_JOINED!r}: see whether it still must be mended"
        )
    return program.replace(_JOINED, _APART)


def without_answers(entries: list[dict[str, Any]]) -> None:
    """Take the answers' figures out of the entries of the index, and put them where they belong."""
    figures = {figure for question in QUESTIONS for figure in _right(question)}
    told = re.compile(
        r"(?<![\d,.])(?:"
        + "|".join(
            re.escape(figure).replace("\N{NO-BREAK SPACE}", r"(?:\.00)?[\N{NO-BREAK SPACE} ]")
            for figure in sorted(figures)
        )
        + r")(?![.,]?\d)"
    )
    numbers = {
        question.page.removesuffix(".md") + "/": _numbers(question) for question in QUESTIONS
    }
    for entry in entries:
        text = told.sub("…", entry["text"])
        if apart := numbers.get(entry["location"]):
            text += f"<p hidden>{' '.join(apart)}</p>"
        # Let search find 14,336 as 14336 too.
        entry["text"] = _GROUPED.sub(
            lambda match: f"{match[0]} ({match[0].replace(',', '')})", text
        )


def _right(question: Question) -> list[str]:
    """List the figures that tell a question's answer: neither given nor too small to tell."""
    found = _NUMBER.findall(question.answer)
    if "value" in question.asked:
        found.append(count(question.asked["value"]))
    given = {value for _, value in question.shown.values()}
    return [each for each in found if len(each) > len("64") and each not in given]


def _numbers(question: Question) -> list[str]:
    """List the figures of a question's right and wrong answers."""
    wrong = (figure for says, *_ in question.wrong for figure in _NUMBER.findall(says))
    return list(dict.fromkeys([*_right(question), *wrong]))
