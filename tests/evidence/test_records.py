"""Every record makes claims, and the libraries still count what is recorded."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import dlp
from _evidence import records
from _evidence.claims import counted, counted_claims
from tests.recorders import record

if TYPE_CHECKING:
    from pathlib import Path


def test_an_approximation_says_what_it_leaves_out() -> None:
    for claim in counted_claims():
        is_float = isinstance(claim.theirs, float)
        assert bool(claim.within) == bool(claim.reason or is_float), claim.name


@pytest.mark.parametrize("topic", records.topics())
def test_records_are_as_the_recorder_wrote_them(topic: str) -> None:
    written = json.loads(records.MANIFEST.read_text("utf-8"))[topic]
    found = records.seal(record.recorded(topic))
    changed = sorted({name for name, _ in written.items() ^ found.items()})
    # A version belongs to all of them.
    what = changed if len(changed) < len(written) else "the versions, or every record"
    assert not changed, f"counted/{topic}.json: record again, nothing is typed: {what}"


NOT_COMPUTED = {
    "activations": "the mask of one dropout; GPT-2's GELU, which keeps a tensor for each operation",
    "objective": "a mean over no token, which `dlp` refuses; scaled sums; other labels",
}
"""Why some records of a topic have no formula."""


def test_every_record_makes_a_claim_or_it_is_known_why_not() -> None:
    for topic in records.topics():
        claimed = {claim.id for claim in counted_claims(topic)}
        left = [each.id for each in records.records(topic) if each.id not in claimed]
        assert bool(left) == (topic in NOT_COMPUTED), (topic, left)


def test_a_wrong_count_is_objected_to() -> None:
    sound = counted("parameters", "Llama-2-7B", "parameters")
    objection = replace(sound, theirs=sound.theirs + 1).objection()
    assert "parameters.json, Llama-2-7B: Transformers" in objection


def test_only_learned_positions_grow_with_the_context() -> None:
    totals = {found.id: found.counted["total"] for found in records.records("parameters")}
    assert totals["Llama-2-7B, 8000 positions"] == totals["Llama-2-7B, 2048 positions"]
    for model, width, growth in (("GPT-2", 768, 8000 - 1024), ("OPT-6.7B", 4096, 8000 - 2048)):
        more = dlp.position_table_parameters(max_position_embeddings=growth, hidden_size=width)
        assert totals[f"{model}, 8000 positions"] - totals[model] == more


def test_what_has_not_been_counted_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    (tmp_path / "new.json").write_text('{"records": [{"id": "foo", "inputs": {}}]}')
    with pytest.raises(ValueError, match=r"new\.json: foo is not counted yet: .* --new new"):
        records.records("new")


def test_new_records_are_those_that_do_not_stand_as_they_were_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = json.loads((records.FOLDER / "heads.json").read_text("utf-8"))
    names = {each["id"] for each in written["records"]}
    assert record.sealed("heads", written["versions"]) == names
    assert record.sealed("heads", {**written["versions"], "torch": "0"}) == set()
    changed = written["records"][0]
    changed["inputs"] = {**changed["inputs"], "note": "another"}
    monkeypatch.setattr(record, "FOLDER", tmp_path)
    (tmp_path / "heads.json").write_text(json.dumps(written))
    assert record.sealed("heads", written["versions"]) == names - {changed["id"]}


SAMPLED = ("peak",)
"""Topics that take too long to count whole: their own tests count a sample."""


@pytest.mark.libraries
@pytest.mark.parametrize("topic", [name for name in record.TOPICS if name not in SAMPLED])
def test_libraries_still_count_what_is_recorded(topic: str) -> None:
    witness = record.recorded(topic)
    observed = record.observe(topic)
    release = observed["versions"]["transformers"]
    recorded = {
        found["id"]: found
        for found in witness["records"]
        if found.get("versions", {}).get("transformers", release) == release
    }
    if any("versions" not in found for found in recorded.values()):
        assert observed["versions"] == witness["versions"], "install what was recorded, or record"
    again = {found["id"]: found for found in observed["records"]}
    assert again.keys() == recorded.keys()
    for name, found in again.items():
        assert found.get("versions") == recorded[name].get("versions"), name
        assert found["inputs"] == recorded[name]["inputs"], name
        _same(found["counted"], recorded[name]["counted"], name)


def _same(ours: object, theirs: object, place: str) -> None:
    """Compare two records: counts exactly, losses to what float32 can carry."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        assert ours.keys() == theirs.keys(), place
        for key, value in theirs.items():
            _same(ours[key], value, f"{place}: {key}")
    elif isinstance(theirs, list) and isinstance(ours, list):
        assert len(ours) == len(theirs), place
        for mine, value in zip(ours, theirs, strict=True):
            _same(mine, value, place)
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=1e-5), place
    else:
        assert ours == theirs, place
