"""Practice: every question as many variants, computed and tried here before a reader sees them.

A variant is one combination of the values that a question's file varies. What the guide itself
writes for its answer and for each mistake is judged as the page will judge it, and has to be judged
as it is meant; otherwise the site does not build.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from dataclasses import dataclass
from functools import cache
from itertools import groupby, product
from typing import TYPE_CHECKING, Any

from _guide import worked
from _guide.engine.glossary import NOTATION
from _guide.engine.mathml import to_mathml
from _guide.formats import NBSP, decimal
from _guide.live import answers
from _guide.question import Wrong, told_apart, written
from _guide.questions import QUESTIONS, question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _guide.question import Arguments, Case, Marked, Question, Statement

_LEAST = 50
"""Variants that a question with numbers has at least."""

_LONGEST = 1.2
"""How many times as long as others the statements of one place may be."""


class PracticeError(ValueError):
    """An exercise that would tell a reader something false."""


@dataclass(frozen=True)
class Exercise:
    """One variant, as plain data: what is shown, and what `answers` judges by."""

    id: str
    number: int
    tries: str
    asked: dict[str, Any]
    because: str
    hints: tuple[str, ...]
    way: tuple[dict[str, Any], ...] = ()
    places: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Give what a page needs; the hints of numbers are made of the steps there."""
        kept = {"id": self.id, "tries": self.tries, "asked": self.asked, "because": self.because}
        more = {"places": self.places, "hints": self.hints} if self.places else {"way": self.way}
        return kept | more


# --- Variants -------------------------------------------------------------------------------


@cache
def exercises(number: int) -> tuple[Exercise, ...]:
    """Make all variants of a question, but the one that its page gives, in the order of their ids.

    Raises:
        PracticeError: If there are too few, or one would judge falsely.
    """
    q = question(number)
    made = [
        exercise(q, values)
        for each in product(*q.varied)
        if not _is_given(
            q, values := {name: value for part in each for name, value in part.items()}
        )
    ]
    if not q.marked and len(made) < _LEAST:
        raise PracticeError(f"question {number} has {len(made)} variants; it needs {_LEAST}")
    if len({each.id for each in made}) < len(made):
        raise PracticeError(f"question {number} has one variant twice")
    return tuple(sorted(made, key=lambda each: each.id))


def exercise(q: Question, values: Arguments) -> Exercise:
    """Make the exercise of some values, or of the given ones, and try it."""
    name = named(values) if values else "given"
    return _marked(q, name, q.marked(**values)) if q.marked else _number(q, name, q.case(**values))


def named(values: Arguments) -> str:
    """Name a variant by its values, so that a link stays true when others are added."""
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _is_given(q: Question, values: Arguments) -> bool:
    asked: Callable[..., Any] = q.marked or q.case
    defaults = inspect.signature(asked).parameters
    return all(defaults[name].default == value for name, value in values.items())


def _number(q: Question, name: str, case: Case) -> Exercise:
    unit, value = case["unit"], case["value"]
    asked: dict[str, Any] = {
        "unit": unit,
        "value": value,
        "written": in_full(value, unit),
        "other": list(case.get("other", ())),
        "wrong": [],
        "hint": case["hints"][0],
    }
    if asked["written"].split(NBSP)[0].split(" ")[0] in re.findall(r"[\d.,]*\d", case["tries"]):
        raise PracticeError(f"question {q.number}: the answer is a number given: {case['tries']}")
    _must_be(q, asked, asked["written"], "right")
    for other in asked["other"]:
        _must_be(q, asked, in_full(other["value"], unit), "other")
    for wrong in _mistakes(case):
        _add_mistake(q, asked, wrong)
    for wrong in _mistakes(case):
        _must_be(q, asked, in_full(wrong["value"], unit), "known", "unit")
    way = tuple(_step(q, dict(step)) for step in case["way"])
    if way[-1]["asked"]["value"] != value:
        raise PracticeError(f"question {q.number}: the way does not end in the answer")
    told = asked["written"] if unit == "bytes" else asked["written"].split(" ")[0]
    alone = rf"(?<![\d,.]){re.escape(told)}(?![\d,.])"
    if telling := [step["how"] for step in way if re.search(alone, step["how"])]:
        raise PracticeError(f"question {q.number}: a hint tells the answer: {telling[0]}")
    return Exercise(name, q.number, case["tries"], asked, case["because"], (case["hints"][0],), way)


def _mistakes(case: Case) -> list[Wrong]:
    """List the mistakes that come to a number of what is asked for."""
    more: Iterable[Wrong] = (each for each in case.get("more", ()) if each.get("when", True))
    return [
        wrong
        for wrong in (*told_apart(case), *more)
        if "value" in wrong and wrong.get("unit", case["unit"]) == case["unit"]
    ]


def _add_mistake(q: Question, asked: dict[str, Any], wrong: Wrong) -> None:
    """Add a mistake to those that are known; one that reads like another joins it."""
    text = in_full(wrong["value"], asked["unit"])
    say = _told(wrong["assumes"], wrong["refuted"])
    asked["wrong"].append({"value": wrong["value"], "say": say})
    found = answers.judge(text, asked)
    if found["verdict"] == "unit":  # which is told of every number
        asked["wrong"].pop()
        return
    if found["verdict"] != "known":
        raise PracticeError(f"question {q.number}: a mistake reads like the answer, {text}: {say}")
    if found["say"] != say:
        asked["wrong"].pop()
        for known in asked["wrong"]:
            known["say"] += f" Or: {say}" if known["say"] == found["say"] else ""


def _told(assumes: str, refuted: str) -> str:
    """Tell a mistake so that nobody takes it for a fact."""
    return f"It assumes: “{assumes}” {refuted}"


def _step(q: Question, step: dict[str, Any]) -> dict[str, Any]:
    unit, value = step.pop("unit"), step.pop("value")
    asked = {"unit": unit, "value": value, "written": in_full(value, unit)}
    asked |= {"other": [], "wrong": [], "hint": step["how"]}
    _must_be(q, asked, asked["written"], "right")
    return step | {"asked": asked}


def _must_be(q: Question, asked: dict[str, Any], text: str, *verdicts: str) -> None:
    found = answers.judge(text, asked)["verdict"]
    if found not in verdicts:
        raise PracticeError(
            f"question {q.number}: {text} is judged {found}, not {' or '.join(verdicts)}, where "
            f"{asked['written']} is right"
        )


def _marked(q: Question, name: str, marked: Marked) -> Exercise:
    asked: dict[str, Any] = {
        "value": marked["value"],
        "written": " · ".join(marked["places"][i - 1] for i in marked["value"]),
        "other": [{"value": value, "say": say} for value, say in marked["other"]],
        "wrong": [],
        "hint": marked["hints"][0],
    }
    for value, text in marked["wrong"]:
        assumes, _, refuted = text.partition(". ")
        say = _told(f"{assumes}.", refuted)
        verdict = answers.judge_chosen(value, asked)["verdict"]
        if verdict in ("right", "other"):
            raise PracticeError(f"question {q.number}: a mistake marks what is right: {say}")
        if verdict == "unknown":  # else another mistake marks the same
            asked["wrong"].append({"value": value, "say": say})
    return Exercise(
        name,
        q.number,
        marked["tries"],
        asked,
        marked["because"],
        marked["hints"],
        places=marked["places"],
    )


def in_full(value: float, unit: str) -> str:
    """Write a number of an exercise with its unit."""
    if unit == "share":
        return written(value, unit)
    if unit in ("bytes", "bits"):
        each = f"{decimal(value, 4)} byte{'s' if value != 1 else ''}"
        return written(value, unit) if value >= 1000 else each
    return f"{written(value, unit)} {unit}"


# --- Statements to be sorted ----------------------------------------------------------------


def shuffled(statements: Iterable[Statement]) -> list[Statement]:
    """Put statements into an order that tells nothing, the same in each build.

    Raises:
        PracticeError: If place or length would tell where one belongs.
    """
    mixed = sorted(statements, key=lambda each: named({"": each["says"]}))
    _untold(mixed)
    return mixed


def _untold(statements: list[Statement]) -> None:
    """Refuse statements of one place that stand together, or are longer than others."""
    if any(len(list(run)) > 2 for _, run in groupby(each["place"] for each in statements)):
        raise PracticeError("more than two statements of one place stand together: reword one")
    lengths: dict[str, list[int]] = {}
    for each in statements:
        lengths.setdefault(each["place"], []).append(len(each["says"]))
    means = {place: sum(each) / len(each) for place, each in lengths.items()}
    if max(means.values()) > _LONGEST * min(means.values()):
        raise PracticeError(f"the statements of one place are longer than others: {means}")


# --- What is shipped ------------------------------------------------------------------------


@cache
def formula(number: int) -> str:
    """Write the formula of a question, the second hint, as MathML in letters that a phone shows."""
    q = question(number)
    tex, names = worked.in_letters(worked.expanded(q.call.function, q.call.arguments))
    if q.asked["unit"] == "bytes":  # part of a byte is less than anybody is asked for
        tex = re.sub(r"\\left\\lceil |\\right\\rceil ?", "", tex)
    said = "; ".join(
        f"{to_mathml(letter, display=False)} {NOTATION[name][1]}" for letter, name in names.items()
    )
    return f'{to_mathml(tex, display=True)}<p class="letters">{said}</p>'


def data(number: int) -> dict[str, Any]:
    """Write what a page needs of a question: its variants, and what they share."""
    q = question(number)
    shared = {"number": number, "title": q.title, "page": f"{q.page.removesuffix('.md')}/"}
    if not q.marked:
        shared["formula"] = formula(number)
    if q.sorted:
        shared["sorted"] = sorting(q)
    return shared | {"exercises": [each.plain() for each in exercises(number)]}


def sorting(q: Question) -> dict[str, Any]:
    """Write the statements of a question to be sorted, and the places for them."""
    statements = [
        {"says": each["says"], "place": each["place"], "say": each["because"]}
        for each in shuffled(q.sorted)
    ]
    return {"places": list(dict.fromkeys(each["place"] for each in q.sorted)), "all": statements}


def given(number: int) -> dict[str, Any]:
    """Write what a question's own page needs, whose answer must not stand in it before its fold."""
    q = question(number)
    made = exercise(q, {})
    found = {"number": number, "exercise": made.plain()}
    if not q.marked:
        found["formula"] = formula(number)
    if "True or false" in q.asked["asks"]:
        # The values stand on the page; what to find does not, nor the places to be marked.
        found["finds"] = q.finds or made.tries
        found["truth"] = q.answer.partition(":")[0].partition(",")[0]
    return found


@cache
def files() -> dict[str, tuple[str, str]]:
    """Write what is asked as scripts, named by what is in them, which a page from a disk loads too.

    For each question its variants, by its number, and its own values, by `given-` and its number.
    """
    found = {}
    for q in QUESTIONS:
        for key, what in ((str(q.number), data(q.number)), (f"given-{q.number}", given(q.number))):
            text = json.dumps(what, ensure_ascii=False, separators=(",", ":"))
            text = f'(self.guidePractice ??= {{}})["{key}"] = {text};\n'
            found[key] = (f"assets/practice-{key}-{named({'text': text})}.js", text)
    return found
