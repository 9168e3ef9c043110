"""The exercises as HTML: each stands on its page without scripts, then `practice.js` takes over."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

from _guide import practice
from _guide.browser import bundle
from _guide.questions import QUESTIONS, question

if TYPE_CHECKING:
    from _guide.practice import Exercise

SHEETS = "ABC"


def own(number: int) -> str:
    """Write where a question's own numbers are tried, on its page; the link without scripts."""
    key = f"given-{number}"
    about = {"key": key, "data": {key: practice.files()[key][0]}}
    slug = _slug(question(number).page)
    more = f'<p class="more"><a href="../../practice/{slug}/">Practise more</a></p>'
    made = practice.exercise(question(number), {})
    still = (
        f"<noscript data-search-exclude><p>{_rich(made.tries)}</p>{_boxes(made)}</noscript>"
        if made.places
        else ""
    )
    return _place("own", about, still + more, "../../")


def variants(number: int) -> str:
    """Write the exercise of a question: its first variant, with the answer folded."""
    first = practice.exercises(number)[0]
    still = (
        f'<p class="asked">{_rich(first.tries)}</p>{_boxes(first)}{_folded(_solution(first))}'
        "<noscript><p>With JavaScript this page asks as many as you like, gives hints, and says "
        'what a number means. Without it, <a href="../sheets/">the sheets to print</a> have '
        "more.</p></noscript>"
    )
    about = {"number": number, "data": {number: practice.files()[str(number)][0]}}
    return _place("variants", about, still, "../../")


def statements(number: int) -> str:
    """Write statements to be sorted, with where each belongs folded."""
    sorting = practice.sorting(question(number))
    said = "".join(f"<li>{_rich(each['says'])}</li>" for each in sorting["all"])
    told = "".join(
        f"<li><strong>{each['place']}.</strong> {_rich(each['say'])}</li>"
        for each in sorting["all"]
    )
    still = f"<ol>{said}</ol>{_folded(f'<ol>{told}</ol>')}"
    return _place("statements", {"number": number, "sorted": sorting}, still, "../../")


def review() -> str:
    """Write where ten exercises of all questions are mixed; without scripts, where else to go."""
    still = (
        "<noscript><p>The mixed review needs JavaScript. Without it, "
        '<a href="../sheets/">the sheets to print</a> mix all questions too.</p></noscript>'
    )
    data = {q.number: practice.files()[str(q.number)][0] for q in QUESTIONS}
    return _place("review", {"data": data, "practice": "practice/"}, still, "../../")


def contents() -> str:
    """List the exercises of every question, and what has been solved of each."""
    rows = "".join(
        f'<li value="{q.number}"><a href="{_slug(q.page)}/">{html.escape(q.title)}</a>'
        f'<span class="solved" data-solved="{q.number}"></span></li>'
        for q in QUESTIONS
    )
    return f'<ol class="practised">{rows}</ol>' + _place("progress", {}, "", "../")


def progress(root: str = "") -> str:
    """Write where Home tells what has been solved: nothing where nothing has, or no scripts run."""
    return _place("solved", {"practice": f"{root}practice/"}, "", root)


def sheets() -> str:
    """Write the sheets to print, and their keys: no exercise stands on two of them."""
    written = []
    for i, name in enumerate(SHEETS):
        chosen = [practice.exercises(q.number)[1 + i] for q in QUESTIONS]
        tasks = "".join(
            f'<li><p>{_rich(each.tries)}</p>{_boxes(each)}<div class="work"></div></li>'
            for each in chosen
        )
        keys = "".join(f"<li>{_solution(each)}</li>" for each in chosen)
        written += [
            _sheet(f"Sheet {name}", tasks),
            _sheet(f"Key to sheet {name}", keys),
        ]
    tasks_first = written[::2] + written[1::2]
    return "".join(tasks_first)


def _sheet(title: str, items: str) -> str:
    name = title.lower().replace(" ", "-")
    return (
        f'<section class="sheet" data-search-exclude><h2 id="{name}">{title}</h2>'
        f"<ol>{items}</ol></section>"
    )


def _place(kind: str, about: dict[str, Any], still: str, root: str) -> str:
    """Write an element that the script fills, and the script with the one that loads Python."""
    about |= {"python": bundle.addresses("answers")}
    text = html.escape(json.dumps(about, ensure_ascii=False, separators=(",", ":")))
    return (
        f'<div class="practice" data-practice="{kind}" data-about="{text}">{still}</div>'
        f'<script src="{root}assets/load.js" defer></script>'
        f'<script src="{root}assets/practice.js" defer></script>\n'
    )


def _boxes(exercise: Exercise) -> str:
    """Write the places that are marked, as boxes."""
    if not exercise.places:
        return ""
    places = "".join(f"<li>{html.escape(place)}</li>" for place in exercise.places)
    return f'<ol class="boxes">{places}</ol>'


def _folded(answer: str) -> str:
    return f"<details data-search-exclude><summary>Answer</summary>{answer}</details>"


def _solution(exercise: Exercise) -> str:
    """Write the answer, why, and the way to it."""
    steps = "".join(
        f"<li>{_rich(step['finds'])}: {_rich(step['how'])} = "
        f"<strong>{step['asked']['written']}</strong></li>"
        for step in exercise.way
    )
    return (
        f'<p class="answer"><strong>{html.escape(exercise.asked["written"])}</strong> '
        f"{_rich(exercise.because)}</p>" + (f'<ol class="way">{steps}</ol>' if steps else "")
    )


def _rich(text: str) -> str:
    """Write words as HTML, with what stands in backticks as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(text))


def _slug(page: str) -> str:
    return page.removeprefix("questions/").removesuffix(".md")
