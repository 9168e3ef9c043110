"""Every module of every family is listed by its path, with as many values as it has."""

from __future__ import annotations

import pytest

from _evidence.records import Record, records
from dlp import MODEL_TYPES
from tests.modules import digest, listed


@pytest.mark.parametrize("record", records("configs"), ids=lambda record: record.id)
def test_modules_are_listed_by_their_paths(record: Record) -> None:
    for label, config in record.inputs["configs"].items():
        found = listed(config)
        assert digest(found) == record.counted["modules"][label], (label, found)


def test_every_family_is_compared() -> None:
    found = [record.id for record in records("configs")]
    assert found == list(MODEL_TYPES), "list counted/configs.json in the order of dlp.MODEL_TYPES"


def test_a_list_that_is_short_or_wrong_is_noticed() -> None:
    record = records("configs")[0]
    label, config = next(iter(record.inputs["configs"].items()))
    found = listed(config)
    name = next(iter(found))
    for wrong in ({**found, name: found[name] + 1}, {n: v for n, v in found.items() if n != name}):
        assert digest(wrong) != record.counted["modules"][label]
