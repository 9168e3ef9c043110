"""The tables of evidence show their number as theirs, ours as ours, and the worst as the worst."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from _evidence import claims
from _guide import checks, evidence

if TYPE_CHECKING:
    import pytest

COUNTED = claims.counted("parameters", "Llama-2-7B", "parameters")
SOUND = 6_738_415_616
OFF = [replace(COUNTED, theirs=theirs) for theirs in (SOUND, 2 * SOUND, SOUND - 1)]


def cells(row: tuple[str, ...]) -> list[str]:
    """Give the last three cells of a row."""
    return [cell.replace("\N{NO-BREAK SPACE}", " ") for cell in row[2:]]


def test_a_count_stands_beside_ours_with_the_worst_deviation() -> None:
    assert cells(evidence.counted_row(OFF)) == [
        "6,738,415,616; 13,476,831,232; 6,738,415,615",
        "6,738,415,616; 6,738,415,616; 6,738,415,616",
        "50 %",
    ]
    assert cells(evidence.counted_row(OFF[:1]))[2] == "0"


def test_a_printed_number_stands_beside_ours_with_its_verdict() -> None:
    printed = claims.printed("Llama 3.1 8B in fp16")
    assert cells(evidence.printed_row(printed)) == ["16 GB", "16", "✓"]
    wrong = replace(printed, theirs="17.5", verdict="rounded-inputs", reason="Cut off.")
    assert cells(evidence.printed_row(wrong)) == ["17.5 GB", "16", "✗ rounded inputs"]
    assert "<small>Cut off. " in evidence.printed_row(wrong)[0]


def test_a_question_shows_both_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = replace(claims.printed("Llama 3.1 8B in fp16"), theirs="16.1")
    monkeypatch.setattr(claims, "printed", lambda _: printed)
    monkeypatch.setattr(claims, "counted", lambda *_: OFF[1])
    monkeypatch.setattr(claims.Claim, "objection", lambda _: "")
    rows = [row for row in checks.checked(3).splitlines() if "✓" in row]
    assert all('13,476,831,232 { data-label="Library or paper" }' in row for row in rows[:5])
    assert all('6,738,415,616 ✓ { data-label="dlp" }' in row for row in rows[:5])
    assert '| 16.1 GB { data-label="Library or paper" } | 16 GB ✓ ' in rows[-1]
