"""What a picture draws, writes and says are the numbers that it was given."""

from __future__ import annotations

import re
from typing import Any

import pytest

import dlp
from _guide import ledger, pictures
from _guide.formats import count, decimal, gb
from tests.pages.drawn import Drawn

NAMED: dict[str, Any] = {"name": "x", "title": "A picture", "caption": ""}
GB = 10**9
BARS = ledger.picture(
    {
        "Full": {
            "weights": 2 * GB,
            "gradients": 4 * GB,
            "master_weights": 6 * GB,
            "optimizer": 8 * GB,
        },
        "LoRA": {"weights": 2 * GB, "gradients": 0, "optimizer": GB, "total": 3 * GB},
    },
    **NAMED,
)
SAID = (
    "Full: 20 GB, weights 2 GB, gradients 4 GB, master weights 6 GB, optimizer 8 GB; "
    "LoRA: 3 GB, weights 2 GB, optimizer 1 GB"
)
LINES = {
    "one": [(10, 10), (1000, 20), (4000, 50)],
    "another": [(10, 30), (4000, 30)],
    "logits": [(10, 10), (4000, 40)],
}
MATRICES = pictures.shape_boxes(
    shapes=[("W", 1000, 500), ("B", 1000, 10), ("A", 10, 500)],
    frozen=["W"],
    summary="W is 1,000 by 500, B 1,000 by 10, A 10 by 500.",
    **NAMED,
)
TIMELINE = pictures.accumulation_timeline(
    windows=[[1, 2], [3, 4], [5], [6, 7], [8, 9], [10]],
    boundary=5,
    summary="The weights change after micro-batches 2, 4, 5, 7, 9, 10.",
    **NAMED,
)
STRIP = pictures.token_strip(
    tokens=["a", "b", "c"],
    rows={"all": [False, True, True], "last": [False, False, True]},
    summary="all: 2 of 3 tokens have a loss; last: 1 of 3 tokens have a loss",
    **NAMED,
)

POINTS = pictures.scatter(
    points={"one": [(4, 4.2), (10, 10), (40, 30)], "another": [(6, 9)], "third": [(20, 19)]},
    x_label="measured, GiB",
    y_label="predicted, GiB",
    summary="one: 3 runs, 2 within 10 %; another: 1 runs, 0 within 10 %; "
    "third: 1 runs, 1 within 10 %",
    **NAMED,
)


def chart(x_label: str = "tokens", y_label: str = "GB") -> str:
    """Draw three lines and a dot."""
    return pictures.line_chart(
        series=LINES,
        x_label=x_label,
        y_label=y_label,
        x_number=count,
        y_number=decimal,
        marks=[(2000, 30, "both")],
        summary="one: 10 GB at 10 tokens, 50 GB at 4,000; another: 30 GB at 10 tokens, 30 GB at "
        "4,000; logits: 10 GB at 10 tokens, 40 GB at 4,000; both at 2,000.",
        **NAMED,
    )


@pytest.mark.parametrize("markup", [BARS, chart(), MATRICES, TIMELINE, STRIP, POINTS])
def test_a_picture_draws_what_is_typed_here(markup: str) -> None:
    assert Drawn(markup).problems() == []


def test_every_part_of_a_ledger_is_drawn_and_said() -> None:
    assert Drawn(BARS).summary.replace("\N{NO-BREAK SPACE}", " ") == SAID


@pytest.mark.parametrize("optimizer", dlp.OPTIMIZERS)
@pytest.mark.parametrize("master_weights", [False, True])
def test_the_parts_drawn_of_a_ledger_add_up_to_its_total(
    optimizer: str, master_weights: bool
) -> None:
    run: dict[str, Any] = {"optimizer": optimizer, "master_weights": master_weights}
    rows = dlp.memory_ledger(num_parameters=7 * GB, dtype="bf16", **run)
    drawn = Drawn(ledger.picture(rows, **NAMED))
    assert drawn.problems() == []
    totals = re.findall(r"(?:^|; )([^:]+): ([^,]+)", drawn.summary)
    assert totals == [(method, gb(parts["total"])) for method, parts in rows.items()]


def half(match: re.Match[str]) -> str:
    """Write half of a length."""
    return f'{match[1]}"{float(match[2]) / 2:g}"{match[3]}'


@pytest.mark.parametrize(
    ("markup", "pattern", "instead", "problem"),
    [
        (BARS, r'(width=)"([\d.]+)"( height="22" class="solid colour-2")', half, "gradients: 2.0"),
        (BARS, r'(width=)"([\d.]+)"( height="22" class="solid colour-3")', half, "optimizer: 4.0"),
        (BARS, r"(>)weights<(.*>)gradients<", r"\1gradients<\2weights<", "weights: 4.0"),
        (
            BARS,
            r'x="[\d.]+"( y="\d+" width="[\d.]+" height="22" class="solid colour-2)',
            r'x="9"\1',
            "begins",
        ),
        (BARS, r">5 GB<", ">10 GB<", "even distances"),
        (BARS, r'(halo" font-size="13">)20 GB', r"\g<1>21 GB", "Full: 21.0"),
        (BARS, r">8</text>", ">7</text>", "in optimizer: 7.0"),
        (BARS, ", optimizer 1.GB<", ", optimizer 1 GB, activations 1 GB<", "activations: 0.0"),
        (chart(), r"M(.*?) (.*?)L", r"M\1 200L", "one: .* is drawn, 10.0"),
        (chart(), r">one<(.*)>another<", r">another<\1>one<", "one: "),
        (chart(x_label="layers"), "", "", "knows nothing of 'layers'"),
        (chart(y_label="MB"), "", "", "knows nothing of 'MB'"),
        (chart(), r'cx="[\d.]+"', 'cx="60"', "a dot"),
        (MATRICES, r'(width=)"([\d.]+)"( height="144" class="tint)', half, "B, a side of 10"),
        (MATRICES, r"= 10,000<", "= 11,000<", "B, entries"),
        (TIMELINE, r">update 3<", ">update 4<", "update 3: 3.00 is drawn, 4.00"),
        (TIMELINE, r"after micro-batches 2, 4", "after micro-batches 2, 3", "updates: 4.0"),
        (POINTS, r"3 runs, 2", "3 runs, 3", "one: 2.0"),
        (POINTS, r">8</text>", ">9</text>", "even distances"),
        (POINTS, r'(x2="[\d.]+" y2=)"[\d.]+"( class="bound)', r'\1"90"\2', "the diagonal"),
        (STRIP, r'class="ink(.*?>)loss<', r'class="outline\1-100<', "all: 1.0"),
        (STRIP, 'class="ink', 'class="solid colour-1', "something without a name .* of weights"),
        (TIMELINE, "micro-batch dark", "tint colour-2", "2 has the colour of gradients|no text"),
        (POINTS, 'bound"', 'bound colour-3"', "without a name .* and states"),
        (BARS, r">weights<(.*)>optimizer<", r">optimizer<\1>weights<", "weights has the colour"),
        (MATRICES, "tint colour-3", "tint colour-5", "B has the colour of logits"),
        (chart(), "colour-5(.*)colour-5", r"colour-6\1colour-6", "logits has the .* of KV cache"),
    ],
)
def test_a_picture_that_draws_something_else_is_found(
    markup: str, pattern: str, instead: Any, problem: str
) -> None:
    try:
        found = Drawn(re.sub(pattern, instead, markup, count=1)).problems()
    except AssertionError as error:
        found = [str(error)]
    assert re.search(problem, " ".join(found)), found


@pytest.mark.parametrize("across", [4096, 64])
def test_a_longer_side_is_never_drawn_shorter(across: int) -> None:
    lengths = []
    for r in (1, 8, 64, 255, 256, 512, 4096):
        markup = pictures.shape_boxes(
            shapes=[("W", 4096, across), ("B", 4096, r)], frozen=["W"], summary="", **NAMED
        )
        drawn = Drawn(markup)
        (whole,), (factor,) = drawn.of("rect", "outline"), drawn.of("rect", "tint")
        lengths.append(factor.at["width"] / whole.at["width"])
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[-1]
