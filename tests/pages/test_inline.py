"""A computed figure in a sentence is text, made from named values, or the build stops."""

from __future__ import annotations

import pytest
from markdown import Markdown

from _evidence.sources import SOURCES
from _guide.engine import inline
from _guide.questions import QUESTIONS


def calc(source: str) -> str:
    """Compute a figure as a page does."""
    return inline.calc(source, "calc", "figure", Markdown())


@pytest.mark.parametrize("number", [question.number for question in QUESTIONS])
def test_a_question_can_be_quoted(number: int) -> None:
    assert calc(f"q({number}).hint")


def test_a_figure_is_escaped_and_marked() -> None:
    assert calc("'a < b'") == '<span class="figure">a &lt; b</span>'


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("count(gvien.r)", "name 'gvien' is not defined"),
        ("count(given.nothing)", "nothing"),
        ("count(1 / 3)", "not a whole number"),
        ("given.num_labels", "give it a format"),
        ("count(", "was never closed"),
        ("q(99).answer", "there is no question 99"),
        ("open('x')", "name 'open' is not defined"),
    ],
)
def test_a_figure_that_cannot_be_computed_stops_the_build(source: str, message: str) -> None:
    with pytest.raises(inline.FigureError, match=message) as error:
        calc(source)
    assert f"#!calc {source}" in str(error.value)


def test_a_citation_links_to_its_source_or_stops_the_build() -> None:
    cited = inline.cite("hu2021", "cite", "cite", Markdown())
    assert cited == f'<a class="cite" href="{SOURCES["hu2021"].url}">Hu et al. (2021)</a>'
    with pytest.raises(inline.FigureError, match="nobody1999: no key"):
        inline.cite("nobody1999", "cite", "cite", Markdown())
