"""Each fault that formulas, data or pages can have turns the checks red, which name the place.

Faults that do not touch each other are planted together, each kind in a copy of the project, and
the tests that can see them run there once. tests/pages/test_planted_faults.py has those of a page's
own syntax, and those that only the build sees.
"""

from __future__ import annotations

import os
import re
import tomllib
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import pytest

from _evidence.claims import row
from tests.evidence import test_printed
from tests.pages.copies import lay_all, run
from tests.paths import ROOT
from tests.told import nothing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Fault(NamedTuple):
    """A change to one file, and what one line about a failed test must then say."""

    file: str
    old: str
    new: str
    says: str
    after: str = ""
    times: int = 1


TABLES = tomllib.loads((ROOT / "tests" / "planted_faults.toml").read_text("utf-8"))
TESTS: dict[str, list[str]] = TABLES.pop("tests")
FAULTS = {
    kind: {name: Fault(**fault) for name, fault in table.items()} for kind, table in TABLES.items()
}


def plant(folder: Path, faults: dict[str, Fault]) -> None:
    """Make the changes in a copy of the project."""
    for name, fault in faults.items():
        path = folder / fault.file
        text = path.read_text(encoding="utf-8")
        start = text.find(fault.after)
        assert start >= 0, f"{name}: {fault.file} has no {fault.after!r}"
        assert fault.old in text[start:], f"{name}: {fault.file} has no {fault.old!r} to change"
        changed = text[:start] + text[start:].replace(fault.old, fault.new, fault.times)
        path.write_text(changed, encoding="utf-8")


def failures(folder: Path, kind: str) -> list[str]:
    """Run tests in a copy with faults and give the lines that tell which failed, and of what."""
    lay_all(folder)
    plant(folder, FAULTS.get(kind, {}))
    done = run(
        folder,
        *("-m", "pytest", "-q", "--tb=line", "-rfE", "-p", "no:randomly", "-p", "no:cacheprovider"),
        "--continue-on-collection-errors",
        *("-m", "not libraries", *TESTS[kind]),
    )
    assert done.returncode in {0, 1}, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout.partition("= FAILURES =")[2].splitlines()


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[list[str]]]]:
    """Run the tests of all copies at once."""
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        patch.setenv("COLUMNS", "600")  # the lines of a summary are cut off there
        yield {kind: pool.submit(failures, tmp_path_factory.mktemp(kind), kind) for kind in TESTS}


def test_there_are_enough_faults_and_each_is_another() -> None:
    faults = [fault for table in FAULTS.values() for fault in table.values()]
    assert len({fault[:3] for fault in faults}) == len(faults) >= 25


@pytest.mark.slow
def test_a_copy_without_a_fault_passes(failed: dict[str, Future[list[str]]]) -> None:
    nothing(line[:200] for line in failed["sound"].result())


@pytest.mark.slow
@pytest.mark.parametrize("kind", FAULTS)
def test_every_fault_is_found(failed: dict[str, Future[list[str]]], kind: str) -> None:
    lines = failed[kind].result()
    missed = [
        f"{name}: no test that failed says {fault.says!r}"
        for name, fault in FAULTS[kind].items()
        if not any(re.search(fault.says, line) for line in lines)
    ]
    broken = [line[:200] for line in lines if line.startswith("ERROR")]
    nothing([*missed, *broken] if missed else [])


# --- Rows that are not well formed ----------------------------------------------------------

ROW = {
    "id": "A row",
    "function": "weight_bytes",
    "arguments": {"num_parameters": 7_000_000_000, "dtype": "fp32"},
    "published": "28",
    "unit": "GB",
    "rounding": "exact",
    "source": "peft",
    "where": "A table",
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unit": "gigabytes"}, "x.json, A row: units are"),
        ({"rounding": "up"}, "x.json, A row: roundings are"),
        ({"verdict": "wrong"}, "x.json, A row: verdicts are"),
        ({"verdict": "erratum"}, "x.json, A row: give a reason"),
        ({"reason": "It is so."}, "x.json, A row: give a reason"),
        ({"where": ""}, "x.json, A row: name the table"),
        ({"function": "weigh"}, "x.json, A row: dlp has no weigh"),
        ({"source": "nowhere"}, "x.json, A row: add nowhere to"),
    ],
)
def test_a_row_that_is_not_well_formed_is_found(
    changes: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_printed, "ROWS", (row("x", ROW),))
    test_printed.test_rows_are_well_formed()
    monkeypatch.setattr(test_printed, "ROWS", (row("x", ROW | changes),))
    with pytest.raises(AssertionError, match=re.escape(message)):
        test_printed.test_rows_are_well_formed()
