"""The exercises are right, enough, told apart, and shown whole without scripts.

Expected numbers are worked out by hand here, from the values alone.
"""

from __future__ import annotations

import dataclasses
import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from _guide import exercises, practice
from _guide.live import answers
from _guide.questions import QUESTIONS, question
from tests.paths import DOCS, PAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from _guide.question import Arguments, Question

NUMBERED = [q for q in QUESTIONS if not q.marked]
every_question = pytest.mark.parametrize("q", QUESTIONS, ids=lambda q: str(q.number))
every_number = pytest.mark.parametrize("q", NUMBERED, ids=lambda q: str(q.number))

# The question, its values, the answer as it is written, mistakes, and other conventions.
BY_HAND: list[tuple[int, Arguments, str, list[float], list[float]]] = [
    (
        1,
        {
            "num_samples": 1000,
            "per_device_train_batch_size": 8,
            "gradient_accumulation_steps": 4,
            "num_devices": 1,
            "context_length": 512,
        },
        "32 updates",
        [125, 250, 1000, 31 * 512],
        [31],
    ),
    (
        1,
        {
            "num_samples": 100_000,
            "per_device_train_batch_size": 4,
            "gradient_accumulation_steps": 5,
            "num_devices": 2,
        },
        "2,500 updates",
        [12_500, 20_000, 100_000, 5000],
        [],
    ),
    (
        3,
        {"num_parameters": 6_738_415_616, "dtype": "fp16"},
        "13.48 GB",
        [26_953_662_464, 107_814_649_856],
        [],
    ),
    (
        3,
        {"num_parameters": 1_000_000_000, "dtype": "nf4"},
        "562.50 MB",
        [2_000_000_000, 4_000_000_000, 4_500_000_000],
        [500_000_000],
    ),
    (
        4,
        {
            "num_parameters": 124_439_808,
            "hidden_size": 768,
            "context_length": 1024,
            "longer_context": 8000,
            "learned": True,
        },
        "519.19 MB",
        [497_759_232 * 8000 / 1024, 497_759_232],
        [],
    ),
    (5, {"hidden_size": 768, "num_labels": 9, "bias": True}, "6,921 parameters", [6912, 7680], []),
    (
        5,
        {"hidden_size": 1024, "num_labels": 2, "context_length": 8192},
        "2,048 parameters",
        [1024, 2050, 3072, 2049, 2048 * 8192, 16_384],
        [],
    ),
    (
        6,
        {
            "num_parameters": 10**9,
            "hidden_size": 1000,
            "num_labels": 1000,
            "optimizer": "sgd-momentum",
            "everything": True,
        },
        "12.01 GB",
        [8_008_000_000, 4_012_000_000, 16_016_000_000],
        [],
    ),
    (6, {"num_parameters": 10**9}, "4 GB", [16_000_262_144, 12_000_131_072], []),
    (
        8,
        {"real_width": 4096, "out_features": 11_008},
        "120,832 parameters",
        [32_768, 65_536, 241_664],
        [],
    ),
    (8, {"real_width": 4096, "r": 16, "as_share": True}, "0.7812 %", [0.00390625, 1], []),
]


@pytest.mark.parametrize(("number", "values", "answer", "mistakes", "others"), BY_HAND)
def test_an_exercise_comes_to_what_was_worked_out_by_hand(
    number: int, values: Arguments, answer: str, mistakes: list[float], others: list[float]
) -> None:
    asked = practice.exercise(question(number), values).asked
    assert asked["written"].replace("\N{NO-BREAK SPACE}", " ") == answer
    known = [wrong["value"] for wrong in asked["wrong"]]
    for mistake in mistakes:
        assert any(each == pytest.approx(mistake, rel=1e-6) for each in known), (mistake, known)
    assert [other["value"] for other in asked["other"]] == others


@every_number
def test_a_question_with_numbers_has_fifty_variants_and_some_do_not_divide(q: Question) -> None:
    made = practice.exercises(q.number)
    assert len(made) >= 50
    assert len(practice.exercises(2)) >= 50  # whose numbers are marked
    if q.number == 1:
        assert sum(bool(each.asked["other"]) for each in made) > 10


@every_question
def test_the_given_values_are_kept_out_and_each_variant_is_one_of_its_own(q: Question) -> None:
    made = practice.exercises(q.number)
    given = practice.exercise(q, {})
    assert given.id == "given"
    assert (given.tries, given.places) not in {(each.tries, each.places) for each in made}
    assert len({(each.tries, each.places) for each in made}) == len(made)
    assert len({each.id for each in made}) == len(made)


def test_an_id_depends_on_the_values_alone() -> None:
    assert practice.named({"r": 8, "real_width": 768}) == practice.named(
        {"real_width": 768, "r": 8}
    )
    assert practice.named({"r": 8}) != practice.named({"r": 16})
    assert all(re.fullmatch("[0-9a-f]{8}", each.id) for each in practice.exercises(8))


@every_question
def test_what_is_asked_and_said_are_sentences(q: Question) -> None:
    for each in practice.exercises(q.number):
        assert each.tries.endswith(("?", ".")), each.tries
        for wrong in each.asked["wrong"]:
            assert wrong["say"].endswith((".", ")")), wrong


def test_what_a_format_takes_is_said_where_readers_cannot_know_it() -> None:
    for each in practice.exercises(3):
        assert ("4.5 bits for each parameter" in each.tries) == ("nf4" in each.tries), each.tries


def test_no_table_of_positions_grows_in_a_model_that_has_none() -> None:
    for each in (*practice.exercises(4), practice.exercise(question(4), {})):
        assert ("this model has none" in each.because) == ("RoPE" in each.tries), each.because
        assert ("it grows by" in each.because) == ("learned table" in each.tries), each.because


def test_ranks_are_whole() -> None:
    for each in (*practice.exercises(8), practice.exercise(question(8), {})):
        assert re.search(r"(at|just above) rank [\d,]+ both together are as large", each.because)


@pytest.mark.parametrize(
    ("number", "finds", "truth"),
    [
        (2, "An epoch has 10 micro-batches", "False"),
        (6, "The head alone", "True"),
        (7, "the first 8 tokens are masked", "True"),
        (8, "one matrix", "True"),
    ],
)
def test_a_true_or_false_is_asked_and_what_shows_it_is_said_exactly(
    number: int, finds: str, truth: str
) -> None:
    shipped = practice.given(number)
    assert finds in shipped["finds"]
    assert shipped["truth"] == truth


@every_number
def test_the_formula_of_a_hint_has_letters_with_their_meaning(q: Question) -> None:
    math, said = practice.formula(q.number).split('<p class="letters">')
    assert "_" not in math
    letters = re.findall(r"<m[in]>(\w)</m[in]>", said)
    assert letters
    assert all(f"<mi>{letter}</mi>" in math for letter in letters)
    assert ("⌈" in math) == (q.number == 1)  # the others come to whole numbers


# What a question's own page says is wrong has the same verdict where it is tried.
@every_number
def test_the_wrong_answers_of_a_page_are_known_where_its_numbers_are_tried(q: Question) -> None:
    exercise = practice.exercise(q, {})
    unit = q.asked["unit"]
    for wrong in q.asked["wrong"]:
        if "value" in wrong and wrong.get("unit", unit) == unit:
            found = answers.judge(practice.in_full(wrong["value"], unit), exercise.asked)
            assert found["verdict"] in ("known", "unit")
            if found["verdict"] == "known":  # a sentence alone would be read as true
                assert f"“{wrong['assumes']}” {wrong['refuted']}" in found["say"]


# --- The gates ------------------------------------------------------------------------------


def changed(number: int, change: Callable[[dict[str, Any]], None]) -> Question:
    """Give a question whose case is changed."""
    q = question(number)

    def case(**values: Any) -> Any:
        made: dict[str, Any] = dict(q.case(**values))
        change(made)
        return made

    return dataclasses.replace(q, case=case)


GB28 = "28\N{NO-BREAK SPACE}GB + 0"


def wrong(value: float) -> dict[str, Any]:
    return {"value": value, "assumes": "A thing.", "refuted": "It is not."}


def other(value: float) -> Callable[[dict[str, Any]], None]:
    return lambda case: case.update(other=({"value": value, "say": "So."},))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda case: case.update(more=(wrong(28 * 10**9),)), "reads like the answer, 28.GB"),
        (lambda case: case.update(more=(wrong(28_000_000_001),)), "reads like the answer, 28.GB"),
        (other(14 * 10**9 + 14 * 10**9), "is judged right, not other"),
        (lambda case: case.update(way=case["way"][:1]), "does not end in the answer"),
        (lambda case: case.update(tries="Is it 28 GB?"), "the answer is a number given"),
        (
            lambda case: case.update(way=(*case["way"][:-1], case["way"][-1] | {"how": GB28})),
            "a hint tells the answer: 28.GB",
        ),
    ],
)
def test_an_exercise_that_would_judge_falsely_is_refused(
    change: Callable[[dict[str, Any]], None], complaint: str
) -> None:
    with pytest.raises(practice.PracticeError, match=complaint):
        practice.exercise(changed(3, change), {})


def test_mistakes_that_come_to_one_number_are_one() -> None:
    twice = changed(3, lambda case: case.update(more=(wrong(14 * 10**9),)))
    one, both = practice.exercise(question(3), {}), practice.exercise(twice, {})
    assert len(both.asked["wrong"]) == len(one.asked["wrong"])
    assert "Or: It assumes: “A thing.”" in both.asked["wrong"][0]["say"]


def test_too_few_variants_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    few = dataclasses.replace(question(3), varied=(({"num_parameters": 10**9},),))
    monkeypatch.setattr(practice, "question", lambda number: few)
    practice.exercises.cache_clear()
    with pytest.raises(practice.PracticeError, match="has 1 variants"):
        practice.exercises(3)
    practice.exercises.cache_clear()


def test_a_mistake_that_marks_what_is_right_is_refused() -> None:
    q = question(2)
    assert q.marked
    marked = q.marked()
    marked["wrong"] = ((marked["value"], "No."),)
    with pytest.raises(practice.PracticeError, match="marks what is right"):
        practice.exercise(dataclasses.replace(q, marked=lambda: marked), {})


def test_length_and_place_do_not_tell_where_a_statement_belongs() -> None:
    statements = list(question(7).sorted)
    mixed = practice.shuffled(statements)
    assert sorted(mixed, key=lambda s: s["says"]) == sorted(statements, key=lambda s: s["says"])
    for one in range(len(statements)):
        longer = dict(statements[one], says=statements[one]["says"] * 4)
        changed = [*statements[:one], longer, *statements[one + 1 :]]
        with pytest.raises(practice.PracticeError):
            practice.shuffled(changed)  # type: ignore[arg-type]
    together = [dict(each, place="a" if i < 4 else "b") for i, each in enumerate(mixed)]
    with pytest.raises(practice.PracticeError, match="stand together"):
        practice.shuffled(together)  # type: ignore[arg-type]


def test_the_words_of_a_mark_are_those_of_the_library() -> None:
    # Transformers 5.23.0, four accumulated of ten: measured, and recorded for question two.
    assert practice.exercise(question(2), {}).asked["value"] == [4, 8, 10]
    # Ten tokens, eight of them the prompt: the last two have a loss.
    assert practice.exercise(question(7), {}).asked["value"] == [9, 10]


# --- What is shown --------------------------------------------------------------------------


@every_question
def test_a_question_has_its_practice_and_its_page_tries_its_numbers(q: Question) -> None:
    page = q.page.replace("questions/", "practice/")
    assert f"exercises.variants({q.number})" in (DOCS / page).read_text("utf-8")
    assert f"exercises.own({q.number})" in (DOCS / q.page).read_text("utf-8")
    if q.sorted:
        assert f"exercises.statements({q.number})" in (DOCS / page).read_text("utf-8")


@every_question
def test_the_exercise_stands_whole_without_scripts(q: Question) -> None:
    written = exercises.variants(q.number)
    first = practice.exercises(q.number)[0]
    text = unescape(re.sub("<[^>]*>", "", written))
    shown, folded = text.split("Answer", 1)
    assert first.tries in shown
    assert first.asked["written"] in folded
    assert "\n" not in written.strip()  # Markdown takes it as it is


def test_the_sheets_ask_different_things_and_their_keys_answer_them() -> None:
    *sheets, last = re.split(r'(?=<section class="sheet)', exercises.sheets())[1:]
    pages = [re.findall(r"(?s)<li><p.*?(?=<li><p|</section>)", each) for each in [*sheets, last]]
    assert [len(each) for each in pages] == [8] * 6
    tasks = [re.sub("<[^>]*>", "", task) for page in pages[:3] for task in page]
    assert len(set(tasks)) == 24
    for tasks, keys in zip(pages[:3], pages[3:], strict=True):
        for q, task, key in zip(QUESTIONS, tasks, keys, strict=True):
            text = "".join(unescape(re.sub("<[^>]*>", "", task)).split())
            (found,) = (
                each
                for each in practice.exercises(q.number)
                if text == "".join((each.tries + "".join(each.places)).split())
            )
            assert found.asked["written"] in unescape(key)


def test_what_is_shipped_is_all_that_judges_and_named_by_what_it_is() -> None:
    for key, (name, text) in practice.files().items():
        assert re.fullmatch(rf"assets/practice-{key}-[0-9a-f]{{8}}\.js", name)
        found = json.loads(text.partition(" = ")[2].rstrip(";\n"))
        if key.startswith("given-"):
            shipped, made = [found["exercise"]], [practice.exercise(question(found["number"]), {})]
        else:
            assert found["page"].rstrip("/") + ".md" in PAGES
            shipped, made = found["exercises"], [*practice.exercises(found["number"])]
        for one, exercise in zip(shipped, made, strict=True):
            judge = answers.judge_chosen if exercise.places else answers.judge
            right = one["asked"]["value"] if exercise.places else one["asked"]["written"]
            assert judge(right, one["asked"])["verdict"] == "right"
