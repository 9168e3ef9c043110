"""The peak of a training step beside what the libraries' own steps hold on fake tensors."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import dlp
from _evidence import records
from _evidence.claims import counted_claims
from _evidence.counts.peak import moments
from _evidence.records import Record
from tests.paths import ROOT

RECORDS = records.records("peak")
OLDER = Path(sys.prefix) / "transformers-4.48"


def test_most_steps_come_out_and_none_is_far_off() -> None:
    missed = sorted(claim.deviation for claim in counted_claims("peak"))
    assert statistics.median(missed) <= 0.005
    assert missed[int(0.95 * len(missed))] <= 0.02
    assert missed[-1] <= 0.05


def test_many_kinds_of_steps_are_traced() -> None:
    inputs = [record.inputs for record in RECORDS]
    assert len(inputs) >= 250
    assert len({each["config"]["model_type"] for each in inputs}) >= 12
    assert {record.versions["transformers"] for record in RECORDS} >= {"4.48.3", "5.23.0"}
    binding = Counter(max(r.counted["moments"], key=r.counted["moments"].get) for r in RECORDS)
    assert set(binding) == set(dlp.MOMENTS), f"each moment decides somewhere: {binding}"
    assert min(binding.values()) >= 5, binding


# Records of which a moment that does not decide is further off than all others are.
FAR = {
    "DistilBERT, drawn 22": 0.048,
    "DistilBERT, head alone": 0.040,
    "Phi-2, drawn 61": 0.037,
    "OPT-1.3B, QLoRA": 0.030,
    "Falcon-7B, QLoRA": 0.016,
    "ViT-base, drawn 17": 0.009,
    "BLOOM-560M, QLoRA": 0.008,
}


# The same of steps that devices share.
FAR_SHARED = {
    "FSDP2, a tied head": 0.066,
    "FSDP2, stage 2": 0.045,
    "FSDP2, no checkpoints": 0.025,
}


@pytest.mark.parametrize("record", records.records("sharded"), ids=lambda record: record.id)
def test_each_moment_of_a_shared_step_comes_out(record: Record) -> None:
    for name, (theirs, ours) in moments(record).items():
        assert abs(ours / theirs - 1) <= FAR_SHARED.get(record.id, 0.004), (name, theirs, ours)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.id)
def test_each_moment_comes_out(record: Record) -> None:
    """Not the fullest one alone, by which another might be hidden; and what is kept."""
    for name, (theirs, ours) in moments(record).items():
        assert abs(ours / theirs - 1) <= FAR.get(record.id, 0.007), (name, theirs, ours)


@pytest.mark.parametrize("record", records.records("step"), ids=lambda record: record.id)
def test_the_line_of_a_picture_lies_between_what_always_lives_and_the_peak(record: Record) -> None:
    step = dlp.peak_memory(**record.inputs)
    update = step["moments"]["update"]
    always = sum(update[part] for part in ("weights", "optimizer", "inputs", "workspace"))
    for name, line in record.counted["phases"].items():
        assert always <= min(line), name
        assert max(line) <= record.counted["peak"], name
        assert abs(max(line) / sum(step["moments"][name].values()) - 1) <= 0.01, name


# --- Traced anew ----------------------------------------------------------------------------


def sample(release: str, step: int) -> list[str]:
    """Choose every so many records of a release."""
    of_release = [each.id for each in RECORDS if each.versions["transformers"] == release]
    return of_release[::step]


@pytest.mark.libraries
@pytest.mark.parametrize(("release", "step"), [("5.23.0", 8), ("4.48.3", 6)])
def test_a_sample_is_traced_as_it_is_recorded(release: str, step: int) -> None:
    older = release != max(each.versions["transformers"] for each in RECORDS)
    names = sample(release, step)
    paths = ([str(OLDER)] if older else []) + [str(ROOT), str(ROOT / "docs")]
    done = subprocess.run(  # noqa: S603 - our own recorder
        [sys.executable, "-W", "ignore", "-m", "tests.recorders.peak", *names],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr[-2000:]
    traced: dict[str, Any] = json.loads(done.stdout)
    assert sorted(traced) == sorted(names)
    recorded = {each.id: each.counted for each in RECORDS}
    changed = [name for name in names if traced[name]["counted"] != recorded[name]]
    assert not changed, f"these steps hold something else now: {changed}"
