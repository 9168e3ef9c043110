"""A question page has all the parts of its anatomy, in order, and they are its own."""

from __future__ import annotations

import inspect
import re
from posixpath import normpath

import pytest

from _guide import given
from _guide.question import SKELETON, Question
from _guide.questions import QUESTIONS
from tests.pages.reading import text_of
from tests.paths import PAGES

every_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.page)


def sections(question: Question) -> dict[str, str]:
    """Split a page at its headings; what comes before the first stands under ""."""
    opening, *rest = re.split(r"^## (.+?)(?: \{ .*\})?$", text_of(question.page), flags=re.M)
    return {"": opening} | dict(zip(rest[::2], rest[1::2], strict=True))


def test_every_question_has_a_page_and_every_page_a_question() -> None:
    pages = [page for page in PAGES if page.startswith("questions/")]
    assert sorted(question.page for question in QUESTIONS) == pages


def test_questions_are_numbered_in_order() -> None:
    assert [question.number for question in QUESTIONS] == [*range(1, len(QUESTIONS) + 1)]


NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight"]


@pytest.mark.parametrize("page", PAGES)
def test_a_link_that_names_a_question_leads_to_it(page: str) -> None:
    link = r"\[[^\]]*\b[Qq]uestion (\d|" + "|".join(NUMBERS) + r")\b[^\]]*\]\(([^)#\s]*)"
    for word, target in re.findall(link, text_of(page)):
        number = int(word) if word.isdigit() else NUMBERS.index(word)
        leads = normpath(f"{page}/../{target}")
        expected = QUESTIONS[number - 1].page
        assert leads == expected, f"docs/{page}: the link to question {word} leads to {leads}"


@every_question
def test_headings_are_the_parts_in_order(question: Question) -> None:
    found = sections(question)
    wanted = [heading.format(number=question.number) for heading in SKELETON]
    begin = map(str.startswith, found, wanted)
    assert len(found) == len(wanted), f"docs/{question.page}: write these headings: {wanted}"
    assert all(begin), f"docs/{question.page}: write these headings: {wanted}"
    for heading, parts in zip(found, SKELETON.values(), strict=True):
        wanted = [part.format(number=question.number) for part in parts]
        places = [found[heading].find(part) for part in wanted]
        assert -1 not in places, f"docs/{question.page}, {heading}: write {wanted}"
        assert places == sorted(places), f"docs/{question.page}: the order is {wanted}"


@every_question
def test_the_title_is_the_question(question: Question) -> None:
    (title,) = re.findall(r"^# (.+)$", sections(question)[""], re.M)
    assert title == question.title


@every_question
def test_another_number_of_a_question_is_no_slip(question: Question) -> None:
    """Parts of another question would be a slip of the pen; its call may be used."""
    text = text_of(question.page)
    written = r"parts\.(?:asked|answer|solution|wrong_answers|others|sources)\((\d)\)"
    numbers = re.findall(written, text)
    assert set(numbers) == {str(question.number)}


@every_question
def test_why_has_a_few_short_paragraphs(question: Question) -> None:
    why = sections(question)["Why"]
    assert len(re.findall(r"^[A-Z].*", why, re.M)) >= 2, f"docs/{question.page}: explain it"


@every_question
def test_the_values_given_are_the_defaults_of_the_case(question: Question) -> None:
    defaults = {p.name: p.default for p in inspect.signature(question.case).parameters.values()}
    assert set(question.given) <= set(defaults)
    for name in question.given:
        assert defaults[name] == getattr(given, name, defaults[name]), name


def test_a_value_bears_one_label_wherever_it_is_given() -> None:
    labels = {(name, label) for question in QUESTIONS for name, label in question.given.items()}
    assert len(labels) == len({name for name, _ in labels})


@every_question
def test_wrong_answers_say_what_they_assume_and_what_refutes_them(question: Question) -> None:
    assert len(question.wrong) >= 3
    for _, assumes, refuted in question.wrong:
        assert assumes.endswith("."), assumes
        assert refuted.endswith((".", ")")), refuted
