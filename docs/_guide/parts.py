"""The parts that every question page has, and the tables, as Markdown for executed blocks."""

from __future__ import annotations

import importlib
import inspect
import math
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _evidence.sources import source_list
from _guide import given, worked
from _guide.engine.glossary import NOTATION, TERMS
from _guide.questions import QUESTIONS, question

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from _guide.question import Question


ROOT = Path(__file__).parents[2]


def asked(number: int) -> str:
    """Write the question, the values it gives, and what it assumes."""
    q = question(number)
    shown = "".join(_given(label, value) for label, value in q.shown.values())
    return (
        f"Question {number} · {q.topic}\n{{ .topic }}\n\n"
        f"{q.asked['asks']}\n{{ .asked }}\n\n"
        f'<dl class="given">{shown}</dl>\n\n'
        f"Assumed: {'; '.join(q.asked['assumed'])}.\n{{ .assumed }}\n"
    )


def _given(label: str, value: str) -> str:
    row = ' class="row"' if " " in value else ""  # a text or a list, not a number
    return f"<div{row}><dt>{label}</dt> <dd>{value}</dd></div> "


def answer(number: int) -> str:
    """Write the answer in one line, and why in another."""
    q = question(number)
    return f"**{q.answer}.** {q.asked['because']}\n{{ .answer data-search-exclude }}\n"


def solution(number: int) -> str:
    """Write the worked solution of the question's call, and of those that the answer rests on."""
    return _solved(question(number))


def _solved(q: Question) -> str:
    solved: list[str] = []
    for words, call in q.calls:
        steps = map(worked.written, worked.solve(call.function, call.arguments))
        solved += filter(None, [words, *(step for step in steps if step not in solved)])
    written = "\n\n".join(solved)
    return f'<section data-search-exclude markdown="1">\n\n{written}\n\n</section>'


def others(number: int) -> str:
    """Write the question anew with other numbers, twice, each answer folded."""
    return "\n\n".join(_other(question(number), values) for values in given.others[number])


def _other(q: Question, values: dict[str, Any]) -> str:
    other = q.with_values(values)
    shown = "".join(_given(label, value) for label, value in other.shown.values())
    asks, right = other.asked["asks"], other.answer
    if q.again:
        asks, right = q.again, right.partition(": ")[2]
    said = f"**{right[0].upper()}{right[1:]}.** {other.asked['because']}\n\n"
    return (
        f'{asks}\n\n<dl class="given">{shown}</dl>\n\n'
        '<details class="fold" markdown="1" data-search-exclude><summary>Answer</summary>\n\n'
        f"{said}{_solved(other)}\n\n</details>"
    )


def lock(number: int, shown: float, **changes: Any) -> None:
    """Hold what the code of a page comes to to the question's own call, with some values changed.

    Raises:
        ValueError: If it differs.
    """
    same(shown, question(number).call(**changes))


def same(shown: Any, computed: Any) -> None:
    """Hold what the code of a page comes to to what the guide computes.

    Raises:
        ValueError: If it differs.
    """
    floats = isinstance(shown, float) and isinstance(computed, float)
    if not (math.isclose(shown, computed) if floats else shown == computed):
        raise ValueError(f"the code shown gives {shown!r}, but {computed!r} is right")


def wrong_answers(number: int) -> str:
    """Write the common wrong answers: the number, what it assumes, what refutes it."""
    rows = [(f"**{answer}**", *why) for answer, *why in question(number).wrong]
    written = table(("Wrong answer", "What it assumes", "Why not"), rows, name="wrong")
    return f'<section data-search-exclude markdown="1">\n\n{written}\n</section>\n'


def sources(number: int) -> str:
    """Write the list of the question's sources."""
    return source_list(*question(number).sources.split())


def navigation() -> dict[str, list[dict[str, str]]]:
    """List the questions for the site's navigation, by number."""
    return {"Questions": [{f"{q.number} · {q.nav}": q.page} for q in QUESTIONS]}


def questions() -> str:
    """List the questions, each with its topic and without its answer."""
    rows = [(str(q.number), f"[{q.title}][{q.anchor}]", q.topic) for q in QUESTIONS]
    return table(("No.", "Question", "Topic"), rows, name="questions", align="rll")


def at_a_glance() -> str:
    """Write the table of all questions and their answers."""
    rows = [
        (str(q.number), f"[{q.title}][{q.anchor}]", f"**{q.answer}**. {q.asked['because']}")
        for q in QUESTIONS
    ]
    return table(("No.", "Question", "Answer"), rows, name="glance", align="rll")


def corrections() -> str:
    """Write what the original answer sheet says to each question, and what is right."""
    rows = [
        (f"[{q.number}][{q.anchor}]", sheet["said"], sheet["verdict"], sheet["put_right"])
        for q in QUESTIONS
        if (sheet := q.asked.get("sheet"))
    ]
    header = ("Question", "The original answer sheet", "Verdict", "Put right")
    return table(header, rows, name="corrections", align="rlll")


def cheat_sheet() -> str:
    """Write each question with its formula and its answer, and below what the letters stand for."""
    names: dict[str, str] = {}
    rows = []
    for q in QUESTIONS:
        formula, found = worked.in_letters(worked.expanded(q.call.function, q.call.arguments))
        names |= found
        answer = f"<span data-search-exclude>**{q.answer}**</span>"
        rows.append((str(q.number), f"[{q.title}][{q.anchor}]", f"${formula}$", answer))
    header = ("No.", "Question", "Formula", "Answer for the given values")
    letters = "; ".join(f"${letter}$ {NOTATION[name][1]}" for letter, name in names.items())
    rounded = r"$\lceil\ \rceil$ rounds up to a whole number"
    written = table(header, rows, name="formulas", align="rlll")
    return f"{written}\n{letters}; {rounded}.\n{{ .letters }}\n"


def words(*terms: str) -> str:
    """Write what words mean in a paragraph, for paper, where nothing can be tapped."""
    return " ".join(f"**{term}:** {TERMS[term]}" for term in terms) + "\n{ .letters }\n"


def rules() -> str:
    """Write what each question bids to remember."""
    return "\n".join(f"- {q.rule}" for q in QUESTIONS if q.rule)


def functions(module: str) -> str:
    """Write what a module of the package is, and what each of its functions is for."""
    found = importlib.import_module(f"dlp.{module}")
    rows = [
        (f"[`{name}`][dlp.{module}.{name}]", (each.__doc__ or "").splitlines()[0])
        for name, each in vars(found).items()
        if inspect.isfunction(each) and each.__module__ == found.__name__ and name[0] != "_"
    ]
    purpose = f"{(found.__doc__ or '').splitlines()[0]} [`dlp.{module}`][dlp{module}]\n\n"
    return purpose + (table(("Function", "Purpose"), rows) if rows else "")


def by_letter() -> str:
    """List every public name of the package by its first letter."""
    package = importlib.import_module("dlp")
    homes: dict[str, str] = {}
    for place in sorted(Path(inspect.getfile(package)).parent.glob("[a-z]*.py")):
        found = importlib.import_module(f"dlp.{place.stem}")
        for name, each in vars(found).items():
            if getattr(each, "__module__", found.__name__) == found.__name__:
                homes[name] = place.stem
    letters: dict[str, list[str]] = {}
    for name in sorted(package.__all__, key=str.casefold):
        letters.setdefault(name[0].upper(), []).append(f"[`{name}`][dlp.{homes[name]}.{name}]")
    return "\n\n".join(f"**{letter}** {', '.join(links)}" for letter, links in letters.items())


def tell_us() -> str:
    """Ask for what is wrong, where it is known whom to tell."""
    repository = os.environ.get("GUIDE_REPO_URL", "").rstrip("/")
    asked = f"Found another? [Tell us]({repository}/issues), with the place and the number."
    return f"\n\n{asked}\n" if repository else ""


def install_command() -> str:
    """Write the command that installs the package from the site itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wheel = f"{project['name'].replace('-', '_')}-{project['version']}-py3-none-any.whl"
    return f"```sh\npip install {os.environ.get('GUIDE_SITE_URL', '')}{wheel}\n```"


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    name: str = "",
    align: str = "",
    label: str = "",
) -> str:
    """Write a Markdown table that scrolls by itself when it is wider than the page.

    On a phone a table with words in it becomes cards, one for each row; one of numbers scrolls.

    Args:
        header: The titles of the columns.
        rows: The cells, already written as text.
        name: A class for the look of the table.
        align: For each column `l` or `r`; numbers stand to the right. Left if not given.
        label: What a screen reader calls the table, where the titles do not tell it from others.

    Raises:
        ValueError: If a row has more or fewer cells than the header.
    """
    cards = "l" in align.ljust(len(header), "l")[1:]
    lines = [
        _row(header),
        _row("--:" if side == "r" else "---" for side in align.ljust(len(header))),
    ]
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"a row of {len(row)} cells under {len(header)} titles: {row}")
        lines.append(_row(_labelled(header, row) if cards else row))
    label = label or ", ".join(title.replace("`", "") for title in header if title)
    classes = " ".join(filter(None, ("table", name, "cards" if cards else "")))
    opening = f'<div class="{classes}" markdown="1" role="group" aria-label="Table: {label}">'
    return opening + "\n\n" + "\n".join(lines) + "\n\n</div>\n"


def _labelled(header: Sequence[str], row: Sequence[str]) -> list[str]:
    """Give each cell its column's title, to be shown where rows become cards."""
    titles = (title.replace("`", "") for title in header)
    return [
        f'{cell} {{ data-label="{title}" }}' if cell and title else cell
        for title, cell in zip(titles, row, strict=True)
    ]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
