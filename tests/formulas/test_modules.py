"""Every module of every family is listed by its path, with as many values as it has."""

from __future__ import annotations

from importlib import import_module

import pytest

import dlp
from _evidence.records import Record, records
from dlp import FAMILIES, MODEL_TYPES
from tests.modules import digest, listed

# `make mutants` tries first what is named as the function that lists the family.
OF_TYPE = pytest.mark.parametrize("record", records("configs"), ids=lambda each: f"_{each.id}")


@OF_TYPE
def test_modules_are_listed_by_their_paths(record: Record) -> None:
    for label, config in record.inputs["configs"].items():
        found = listed(config)
        assert digest(found) == record.counted["modules"][label], (label, found)


def test_what_has_a_gate_beside_it_is_gated() -> None:
    for record in records("configs"):
        config = next(iter(record.inputs["configs"].values()))
        names = [name for name, *_ in dlp.linear_layers(config=config)]
        gated = dlp.transformer_dimensions(config=config)["gated"]
        assert gated or "gate_proj" not in names, record.id


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


def test_every_row_is_named_once() -> None:
    """What is not named is not found: a row is looked for by its name before it is loaded."""
    modules = [import_module(f"dlp.{name}") for name in vars(dlp)["_ROWS"]]
    rows = [row for module in modules for row in module.ROWS]
    assert len(set(rows)) == len(rows)
    later = {name for name, row in FAMILIES.items() if row.__name__ == "<lambda>"}
    once = sorted(later.symmetric_difference(rows))
    assert not once, f"name in dlp/families.py and in the ROWS of its module: {', '.join(once)}"
