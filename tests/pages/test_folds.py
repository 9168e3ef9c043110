"""What is folded, what search is not told, and which letters stand for which names."""

from __future__ import annotations

from typing import Any

import pytest
from markdown import Markdown

from _guide import worked
from _guide.engine import folds, searched

PAGE = """
Before.

## Answer { .fold-rest data-search-exclude }

Right.

## Evidence { .fold }

### Deeper

A number.

## After

Last.
"""


def shape(markdown: str) -> str:
    """Give the tags of a page and its words, without ids."""
    md = Markdown(extensions=["attr_list", "toc", folds.FoldsExtension()])
    shown = "".join(line.strip() for line in md.convert(markdown).splitlines())
    for heading in ("answer", "evidence", "deeper", "after"):
        shown = shown.replace(f' id="{heading}"', "")
    return shown


def test_a_heading_folds_what_is_below_it() -> None:
    assert shape(PAGE) == (
        "<p>Before.</p>"
        '<details class="fold-rest" data-search-exclude>'
        '<summary><h2 class="fold-rest">Answer</h2></summary><p>Right.</p>'
        '<details class="fold"><summary><h2 class="fold">Evidence</h2></summary>'
        "<h3>Deeper</h3><p>A number.</p></details>"
        "<h2>After</h2><p>Last.</p></details>"
    )


def test_folds_of_one_level_stand_beside_each_other() -> None:
    shown = shape("## Evidence { .fold }\n\nOne.\n\n## After { .fold }\n\nTwo.")
    assert shown.count("<details") == 2
    assert "One.</p></details><details" in shown


def told(text: str, place: str = "conventions/") -> str:
    """Give what search is told of a text."""
    entries: list[dict[str, Any]] = [{"location": place, "text": text, "tags": ["LoRA"]}]
    searched.without_answers(entries)
    searched.weighted(entries)
    return str(entries[0]["text"])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("It takes 15,625 updates.", "It takes … updates."),
        ("It takes 28\N{NO-BREAK SPACE}GB, or 28.00 GB.", "It takes …, or …."),
        ("A head of 16,384 or 16,385.", "A head of … or 16,385 (16385)."),
        ("All 15,625,000 of 115,625", "All 15,625,000 (15625000) of 115,625 (115625)"),
    ],
)
def test_search_is_told_no_answer(text: str, left: str) -> None:
    assert told(text) == left


def test_the_page_of_a_question_is_found_by_its_numbers_apart_from_its_words() -> None:
    shown = told("<p>A head.</p>", "questions/classification-head/")
    assert shown.startswith("<p>A head.</p><p hidden>16,384 (16384) 14,336 (14336) ")


def test_tags_and_weights_are_those_of_the_page() -> None:
    entries: list[dict[str, Any]] = [
        {"location": "questions/lora-rank/", "tags": ["LoRA"]},
        {"location": "questions/lora-rank/#why", "tags": ["LoRA"]},
        {"location": "corrections/", "tags": ["errata"]},
        {"location": "corrections/#in-print", "tags": ["errata"]},
    ]
    searched.weighted(entries)
    assert ["tags" in entry for entry in entries] == [True, False, True, False]
    question, _, page, errata = (entry["boost"] for entry in entries)
    assert question > page > errata


def test_letters_stand_for_names_and_are_said_below() -> None:
    tex, names = worked.in_letters(r"\frac{\text{num\_samples}}{\text{num\_devices}}")
    assert tex == r"\frac{N}{W}"
    assert names == {"N": "num_samples", "W": "num_devices"}
    assert worked.in_letters(r"\text{hidden\_size} + \text{out\_features}")[1] == {}, "d twice"
