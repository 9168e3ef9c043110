"""The questions, a file for each: what it asks and gives, its answer, and the wrong answers."""

from __future__ import annotations

import importlib
import pkgutil

from _guide.question import Question

_FILES = [
    importlib.import_module(f"{__name__}.{name}") for _, name, _ in pkgutil.iter_modules(__path__)
]
_FOUND: list[Question] = [file.QUESTION for file in _FILES]
QUESTIONS = tuple(sorted(_FOUND, key=lambda question: question.number))
"""All questions, by number."""


def question(number: int) -> Question:
    """Return the question with this number.

    Raises:
        ValueError: If there is none.
    """
    for found in QUESTIONS:
        if found.number == number:
            return found
    raise ValueError(f"there is no question {number!r}")
