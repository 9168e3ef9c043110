"""The tables of evidence show their number as theirs, ours as ours, and the worst as the worst."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from _evidence import claims, coverage
from _guide import checks, errata, evidence, rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COUNTED = claims.counted("parameters", "Llama-2-7B", "parameters")
SOUND = 6_738_415_616
PRINTED = claims.printed("Llama 3.1 8B in fp16")
WRONG = replace(PRINTED, theirs="17.5", verdict="rounded-inputs", reason="Cut off.")
OFF = [replace(COUNTED, theirs=theirs) for theirs in (SOUND, 2 * SOUND, SOUND - 1)]


def cells(row: tuple[str, ...]) -> list[str]:
    """Give the last three cells of a row."""
    return [cell.replace("\N{NO-BREAK SPACE}", " ") for cell in row[2:]]


def test_a_count_stands_beside_ours_with_the_worst_deviation() -> None:
    assert cells(rows.counted_row(OFF)) == [
        "6,738,415,616; 13,476,831,232; 6,738,415,615",
        "6,738,415,616; 6,738,415,616; 6,738,415,616",
        "50 %",
    ]
    assert cells(rows.counted_row(OFF[:1]))[2] == "0"


def test_a_printed_number_stands_beside_ours_with_its_verdict() -> None:
    assert cells(rows.printed_row(PRINTED)) == ["16 GB", "16", "✓"]
    million = claims.printed("LoRA Table 15, v, r=2")
    assert cells(rows.printed_row(million)) == ["4.7 M parameters", "4.719", "✓"]
    assert cells(rows.printed_row(WRONG)) == ["17.5 GB", "16", "✗ rounded inputs"]
    assert "<small>Cut off. " in rows.printed_row(WRONG)[0]


def test_a_question_shows_both_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "printed", lambda _: replace(PRINTED, theirs="16.1"))
    monkeypatch.setattr(claims, "counted", lambda *_: OFF[1])
    with pytest.raises(ValueError, match=r"Llama-2-7B: .* counts 13476831232"):
        checks.checked(3)
    monkeypatch.setattr(claims.Claim, "objection", lambda _: "")
    rows = [row for row in checks.checked(3).splitlines() if "✓" in row]
    assert all('13,476,831,232 { data-label="Library or paper" }' in row for row in rows[:5])
    assert all('6,738,415,616 ✓ { data-label="dlp" }' in row for row in rows[:5])
    assert '| 16.1 GB { data-label="Library or paper" } | 16 GB ✓ ' in rows[-1]


# --- The overviews, of a few claims that are laid over the real ones ------------------------------

OTHER = claims.printed("NF4 scales")
ROUNDED = replace(WRONG, slip=OTHER.expression)
ERRATUM = replace(ROUNDED, verdict="erratum", erratum="E7", kind="factor", second=PRINTED.id)
OVERVIEWS = {
    evidence.summary: """
Of **15** formulas, **1** are compared with numbers of others: **5** that 2 sources print, of \
which 4 come out, **1** that they measured on GPUs, and **3** that real libraries counted. 6 more \
are a part of one of them, and 8 are held by laws alone. Each is held to some of **9** laws, \
tried on generated arguments.""",
    evidence.by_formula: """
### `steps` { #evidence-for-steps }
| Formula | Printed | Counted | Laws | Worst deviation |
| [`epochs_seen`][evidence-epochs_seen] | 2 + 1 ✗ | 3 | 4 | 50 % |""",
    evidence.by_source: """
| Source | Numbers | Come out | Read |
| [Hugging Face blog, Llama 3.1] | 4 | 3 |  |
| [QLoRA: Efficient Finetuning of Quantized LLMs] | 1 | 1 | its numbers, in a transcription |""",
    evidence.by_library: f"""
| Library | Record | Runs | Counts | Worst deviation |
| {COUNTED.by} | `parameters.json` | 1 | 3 | 50 % |""",
    evidence.approximations: """
| Formula | Farthest off | Counted | `dlp` | Off by | Why |
| [`parameter_count`][evidence-parameter_count] | Llama-2-7B: parameters \
| 13,476,831,232 | 6,738,415,616 | 50 % | A part is left out. |""",
    evidence.mutants: """
**6** of 8 changes made a test fail (75 %). Of 2 of the 1 modules, those that follow a \
training step or list models among them, one change in 7 was drawn to stand for all.
| Why no test failed | Changes |
| Alike. | 2 |""",
    lambda: errata.others("rounded-inputs"): """
### [Hugging Face blog, Llama 3.1]
| Where | Printed | Computed | Why, and the computation |
| table of inference memory: Llama 3.1 8B in fp16 | 17.5 GB | **16 GB** | Cut off. \
`weight_bytes(num_parameters=8000000000, dtype='fp16')` What is printed \
comes from `blockwise_bits_per_parameter(bits=4, block_size=64, scale_bits=32) \
- bits_per_parameter(dtype='int4')` |""",
    lambda: errata.summary(): """
**1** errata of 1 sources make 1 numbers wrong. For comparison: 4 printed numbers come out.""",
}
"""What each overview shows, without addresses, of the claims that are laid over."""


@pytest.mark.parametrize("overview", OVERVIEWS)
def test_an_overview_has_each_number_in_its_place(
    overview: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counted = [replace(claim, reason="A part is left out.") for claim in OFF]
    printed = [PRINTED, ERRATUM, PRINTED, PRINTED, OTHER]
    standing = coverage.Standing("epochs_seen", "steps", "", printed[:3], counted, ["A law."] * 4)
    formulas = {"epochs_seen": standing}
    formulas |= {str(n): coverage.Standing(str(n), "", "") for n in range(14)}
    monkeypatch.setattr(evidence, "printed_claims", lambda: printed)
    monkeypatch.setattr(errata, "printed_claims", lambda: [*printed, ROUNDED])
    monkeypatch.setattr(evidence, "measured_claims", lambda: printed[:1])
    monkeypatch.setattr(evidence, "counted_claims", lambda: counted)
    monkeypatch.setattr(evidence, "claims", list)
    monkeypatch.setattr(evidence, "standings", lambda: formulas)
    monkeypatch.setattr(evidence, "modules", lambda: ["steps"])
    monkeypatch.setattr(evidence, "is_part", lambda name: int(name) < 6)
    monkeypatch.setattr(evidence, "LAWS", range(9))
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)
    modules = {"steps": {"mutants": 8, "survivors": ["a", "a"]}}
    found = {"one_in": 7, "sampled": ["peak", "_layers"], "modules": modules}
    (tmp_path / "mutants.json").write_text(json.dumps(found))
    (tmp_path / "harmless.toml").write_text('[[because]]\nreason = "Alike."\nmutants = ["a"]\n')
    written = overview().replace("\N{NO-BREAK SPACE}", " ")
    plain = re.sub(r' \{ data-label="[^"]*" \}|\(https:[^)]*\)', "", written)
    lines = [line for line in plain.splitlines() if line and not line.startswith(("<", "| --"))]
    assert lines == OVERVIEWS[overview].splitlines()[1:]
