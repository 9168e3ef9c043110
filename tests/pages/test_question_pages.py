"""A question page has all the parts of its anatomy, in order, and they are its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from _guide.questions import QUESTIONS
from tests.pages.reading import text_of
from tests.paths import PAGES

if TYPE_CHECKING:
    from _guide.questions import Question

HEADINGS = [
    "In code",
    "Why",
    "Checked against",
    "If your course or library counts differently",
    "Common wrong answers",
    "What changes if",
    "Sources",
]

every_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.slug)


def sections(question: Question) -> dict[str, str]:
    """Split a page at its headings; what comes before the first stands under ""."""
    opening, *rest = re.split(r"^## (.+)$", text_of(question.page), flags=re.M)
    return {"": opening} | dict(zip(rest[::2], rest[1::2], strict=True))


def test_every_question_has_a_page_and_every_page_a_question() -> None:
    pages = [page for page in PAGES if page.startswith("questions/")]
    assert sorted(question.page for question in QUESTIONS) == pages


def test_questions_are_numbered_in_order() -> None:
    assert [question.number for question in QUESTIONS] == [*range(1, len(QUESTIONS) + 1)]


@every_question
def test_headings_are_the_parts_in_order(question: Question) -> None:
    assert list(sections(question))[1:] == HEADINGS, f"docs/{question.page}: write these headings"


@every_question
def test_the_title_is_the_question(question: Question) -> None:
    (title,) = re.findall(r"^# (.+)$", sections(question)[""], re.M)
    assert title == question.title


@every_question
def test_question_hint_and_folded_answer_come_first(question: Question) -> None:
    n = question.number
    opening = sections(question)[""]
    parts = [
        f"parts.asked({n})",
        f"**Try it first.** `#!calc q({n}).hint`",
        "\n??? ",
        f"    print(parts.answer({n}))",
        f"    print(parts.solution({n}))",
    ]
    places = [opening.find(part) for part in parts]
    missing = [part.strip() for part, place in zip(parts, places, strict=True) if place < 0]
    assert not missing, f"docs/{question.page}: write {missing}"
    assert places == sorted(places), f"docs/{question.page}: the order is {parts}"


@every_question
@pytest.mark.parametrize(
    ("heading", "part"),
    [
        ("In code", '=== "With `dlp`"'),
        ("In code", '=== "Plain Python"'),
        ("Checked against", "checks.checked("),
        ("Common wrong answers", "parts.wrong_answers("),
        ("Sources", "parts.sources("),
    ],
)
def test_a_part_is_made_from_the_questions_own_facts(
    question: Question, heading: str, part: str
) -> None:
    expected = part + (f"{question.number})" if part.endswith("(") else "")
    assert expected in sections(question)[heading], f"docs/{question.page}: write {expected}"


@every_question
def test_another_number_of_a_question_is_no_slip(question: Question) -> None:
    """Parts of another question would be a slip of the pen; its call may be used."""
    text = text_of(question.page)
    numbers = re.findall(
        r"parts\.(?:asked|hint|answer|solution|wrong_answers|sources)\((\d)\)", text
    )
    assert set(numbers) == {str(question.number)}


@every_question
def test_why_has_a_few_short_paragraphs(question: Question) -> None:
    why = sections(question)["Why"]
    assert len(re.findall(r"^[A-Z].*", why, re.M)) >= 2, f"docs/{question.page}: explain it"


@every_question
def test_a_question_has_wrong_answers_that_differ_from_the_right_one(question: Question) -> None:
    assert len(question.wrong) >= 3
    assert len(set(question.choices)) == len(question.choices)
    for wrong in question.wrong:
        assert wrong.assumes.endswith("."), wrong
        assert wrong.refuted.endswith((".", ")")), wrong
