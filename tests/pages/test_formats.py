"""What the guide writes for a number, typed here by hand: an oracle, not a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from markdown import Markdown

from _guide import formats, worked
from _guide.engine import glossary
from _guide.parts import table
from dlp import weight_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

WRITTEN: list[tuple[Callable[..., str], tuple[float, ...], str]] = [
    (formats.count, (7_000_000_000,), "7,000,000,000"),
    (formats.count, (1_000_001.0,), "1,000,001"),
    (formats.count, (999,), "999"),
    (formats.count, (-100,), "-100"),
    (formats.decimal, (26.0770,), "26.08"),
    (formats.decimal, (4.50,), "4.5"),
    (formats.decimal, (1200.0,), "1,200"),
    (formats.decimal, (0.12345, 4), "0.1235"),
    (formats.decimal, (-0.001,), "0"),
    (formats.percent, (0.0737,), "7.4 %"),
    (formats.percent, (0.5,), "50 %"),
    (formats.percent, (0.000123, 4), "0.0123 %"),
    (formats.times, (4,), "4×"),
    (formats.times, (15.26,), "15.3×"),
    (formats.gb, (28_000_000_000,), "28 GB"),
    (formats.gb, (25_100_000_000,), "25.10 GB"),
    (formats.gb, (48_760_000,), "0.05 GB"),
    (formats.gb, (2**40,), "1,099.51 GB"),
    (formats.size, (999,), "999 bytes"),
    (formats.size, (65_536,), "65.54 kB"),
    (formats.size, (48_758_784,), "48.76 MB"),
    (formats.size, (28_000_000_000,), "28 GB"),
    (formats.size, (999_999_999,), "1 GB"),
    (formats.size, (2_000_000_000_000,), "2 TB"),
    (formats.binary_size, (1023,), "1,023 bytes"),
    (formats.binary_size, (65_536,), "64 KiB"),
    (formats.binary_size, (48_758_784,), "46.50 MiB"),
    (formats.binary_size, (28_000_000_000,), "26.08 GiB"),
    (formats.binary_size, (2**40,), "1 TiB"),
]


@pytest.mark.parametrize(("write", "numbers", "expected"), WRITTEN)
def test_a_number_is_written_in_its_unit(
    write: Callable[..., str], numbers: tuple[float, ...], expected: str
) -> None:
    assert write(*numbers).replace("\N{NO-BREAK SPACE}", " ") == expected


def test_every_format_is_proven() -> None:
    public = {each for name, each in vars(formats).items() if callable(each) and name.islower()} - {
        formats._size,
        formats._two_digits,
    }
    assert public == {write for write, *_ in WRITTEN}


def test_what_is_not_whole_is_no_count() -> None:
    with pytest.raises(ValueError, match="not a whole number"):
        formats.count(0.5)


def test_a_worked_solution_shows_bytes_in_both_units() -> None:
    step = worked.solution(weight_bytes, {"num_parameters": 7_000_000_000})
    assert "7{,}000{,}000{,}000 \\times 4" in step
    assert "= 28{,}000{,}000{,}000 " in step
    assert step.replace("\N{NO-BREAK SPACE}", " ").endswith(
        "**28,000,000,000 bytes** = **28 GB** = 26.08 GiB\n{ .step-value }"
    )


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (15_625, "updates", "**15,625 updates**"),
        (131_072, "bytes of one layer", "**131,072 bytes of one layer** = **131.07 kB** = 128 KiB"),
        (2.25, "bytes per parameter", "**2.250 bytes per parameter**"),
        (0.012345, "nats", "**0.01235 nats**"),
    ],
)
def test_a_step_is_written_with_its_unit(value: float, unit: str, expected: str) -> None:
    step = worked.Step(weight_bytes, "a", "b", value, unit)
    shown = worked.written(step).rpartition("\n\n")[2].replace("\N{NO-BREAK SPACE}", " ")
    assert shown == expected + "\n{ .step-value }"


def test_a_table_keeps_its_cells_under_their_titles() -> None:
    written = table(("Model", "Bytes", "Note"), [("A", "1", "x|y"), ("B", "", "z")], align="lr")
    assert written.splitlines()[2:6] == [
        "| Model | Bytes | Note |",
        "| --- | --: | --- |",
        '| A { data-label="Model" } | 1 { data-label="Bytes" } | x\\|y { data-label="Note" } |',
        '| B { data-label="Model" } |  | z { data-label="Note" } |',
    ]
    assert written.startswith('<div class="table cards" markdown="1" role="group" ')
    assert 'aria-label="Table: Model, Bytes, Note">' in written
    with pytest.raises(ValueError, match="a row of 1 cells under 2 titles"):
        table(("a", "b"), [("only",)])


def test_the_first_use_of_a_term_bears_its_own_definition() -> None:
    md = Markdown(extensions=[glossary.GlossaryExtension()])
    shown = md.convert("# LoRA and QLoRA\n\nQLoRA is frugal, bf16 short. QLoRA again.")
    term, other = (f'<abbr title="{glossary.TERMS[t]}">{t}</abbr>' for t in ("QLoRA", "bf16"))
    assert shown.endswith(f"<p>{term} is frugal, {other} short. QLoRA again.</p>")
    assert "<abbr" not in shown.splitlines()[0]
