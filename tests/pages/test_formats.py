"""What the guide writes for a number, typed here by hand: an oracle, not a page."""

from __future__ import annotations

import re

import pytest
from markdown import Markdown

from _guide import formats, worked
from _guide.engine import glossary
from _guide.parts import table
from dlp import weight_bytes

WRITTEN = """\
count(7_000_000_000): 7,000,000,000 | count(1_000_001.0): 1,000,001 | count(999): 999
count(-100): -100 | decimal(26.077): 26.08 | decimal(4.50): 4.5 | decimal(1200.0): 1,200
decimal(0.12345, 4): 0.1235 | decimal(-0.001): 0 | percent(0.0737): 7.4 % | percent(0.5): 50 %
percent(0.000123, 4): 0.0123 % | times(4): 4× | times(15.26): 15.3× | gb(28_000_000_000): 28 GB
gb(25_100_000_000): 25.10 GB | gb(48_760_000): 0.05 GB | gb(2**40): 1,099.51 GB
size(999): 999 bytes | size(65_536): 65.54 kB | size(48_758_784): 48.76 MB
size(28_000_000_000): 28 GB | size(999_999_999): 1 GB | size(2_000_000_000_000): 2 TB
binary_size(1023): 1,023 bytes | binary_size(65_536): 64 KiB | binary_size(48_758_784): 46.50 MiB
binary_size(28_000_000_000): 26.08 GiB | binary_size(2**40): 1 TiB
size(1): 1 byte | both_sizes(28_000_000_000): 26.08 GiB (28 GB)
things(1, "update"): 1 update | things(1200, "update"): 1,200 updates
things(0, "micro-batch"): 0 micro-batches | things(1, "micro-batch"): 1 micro-batch
"""


def plain(text: str) -> str:
    """Write spaces that break."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("case", re.split(r" \| |\n", WRITTEN.strip()))
def test_a_number_is_written_in_its_unit(case: str) -> None:
    call, expected = case.split(": ")
    assert plain(eval(call, vars(formats))) == expected  # noqa: S307 - the lines above


def test_every_format_is_proven_and_a_count_is_whole() -> None:
    public = {name for name in vars(formats) if re.fullmatch(r"[a-z]\w+", name)}
    assert public - {"annotations", "dlp"} == set(re.findall(r"(\w+)\(", WRITTEN))
    with pytest.raises(ValueError, match="not a whole number"):
        formats.count(0.5)


def test_a_worked_solution_shows_bytes_in_both_units() -> None:
    step = worked.solution(weight_bytes, {"num_parameters": 7_000_000_000})
    assert "7{,}000{,}000{,}000 \\times 4" in step
    assert "= 28{,}000{,}000{,}000 " in step
    assert plain(step).endswith("**28,000,000,000 bytes** = **28 GB** = 26.08 GiB\n{ .step-value }")


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
    shown = worked.written(worked.Step(weight_bytes, "a", "b", value, unit))
    assert plain(shown).endswith(f"\n\n{expected}\n{{ .step-value }}")


def test_a_table_keeps_its_cells_under_their_titles() -> None:
    written = table(("Model", "Bytes", "Note"), [("A", "1", "x|y"), ("B", "", "z")], align="lr")
    assert 'role="group" aria-label="Table: Model, Bytes, Note">' in written
    assert written.splitlines()[2:6] == [
        "| Model | Bytes | Note |",
        "| --- | --: | --- |",
        '| A { data-label="Model" } | 1 { data-label="Bytes" } | x\\|y { data-label="Note" } |',
        '| B { data-label="Model" } |  | z { data-label="Note" } |',
    ]
    numbers = table(("Format", "GB", "GiB"), [("a", "28", "26.08")], align="lrr")
    assert numbers.splitlines()[-3] == "| a | 28 | 26.08 |"
    with pytest.raises(ValueError, match="a row of 1 cells under 2 titles"):
        table(("a", "b"), [("only",)])


def test_the_numbers_in_definitions_are_these() -> None:
    numbers = {term: re.findall(r"[\d.]+\d|\d", text) for term, text in glossary.TERMS.items()}
    told = "; ".join(f"{term}: {' '.join(found)}" for term, found in numbers.items() if found)
    assert told == (
        "bf16: 16 32; fp32: 32 4; GB: 10; GiB: 2 7.4; master weights: 32; "
        "mixed precision: 16 32; NF4: 4 64; QLoRA: 4"
    )


def test_the_first_use_of_a_term_bears_its_own_definition() -> None:
    md = Markdown(extensions=[glossary.GlossaryExtension()])
    shown = md.convert("# LoRA and QLoRA\n\nQLoRA is frugal, bf16 short. QLoRA again.")
    mark = '<abbr tabindex="0" title="{}">{}</abbr>'
    term, other = (mark.format(glossary.TERMS[each], each) for each in ("QLoRA", "bf16"))
    assert shown.endswith(f"<p>{term} is frugal, {other} short. <span>QLoRA</span> again.</p>")
    assert "<abbr" not in shown.splitlines()[0]
