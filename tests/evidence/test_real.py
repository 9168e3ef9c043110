"""There is one real model of each type; what is printed of it comes out, or it is said why not."""

from __future__ import annotations

from dataclasses import replace

import pytest

import dlp
from _evidence.real import address, models, real
from _evidence.records import records
from tests.told import nothing


def test_there_is_one_of_each_type() -> None:
    assert [each.model_type for each in models()] == sorted(dlp.MODEL_TYPES)


def test_what_is_printed_comes_out_or_it_is_said_why_not() -> None:
    nothing(
        f"configs.json, the real model of {each.model_type}: {each.total} is not {each.published}"
        for each in models()
        if each.published and each.comes_out == ("differs" in each.published)
    )


def test_a_source_has_an_address_and_its_config_is_of_the_type() -> None:
    for each in models():
        assert address(each.source).startswith("https://"), each.model_type
        assert each.own is None or each.own["model_type"] == each.model_type
        if each.published:
            assert address(each.published["source"]).startswith("https://"), each.model_type


def test_a_real_model_that_is_written_otherwise_is_told_by_its_type() -> None:
    inputs = next(each.inputs for each in records("configs") if "published" in each.inputs["real"])
    sound = inputs["real"]
    real("foo", inputs)
    for wrong, says in (
        ({}, "has model and source"),
        ({**sound, "name": "foo"}, "has model and source"),
        ({**sound, "source": "a page"}, "a source has"),
        ({**sound, "source": {"title": "a page"}}, "a source has"),
        ({**sound, "published": {"total": 1}}, "a source has"),
        ({**sound, "label": "another"}, "must be that of one of its configs"),
    ):
        with pytest.raises(ValueError, match=rf"configs.json, foo: .*{says}"):
            real("foo", {**inputs, "real": wrong})


ODD = 5
"""How many configs of a type are at least neither that of its class nor that of a real model."""


def test_every_type_is_counted_from_odd_configs_too() -> None:
    labels = {each.model_type: each.label for each in models()}
    usual = "as its class has it"
    nothing(
        f"configs.json, {each.id}: add odd configs, of which there are {len(odd)}, to make {ODD}"
        for each in records("configs")
        if len(odd := each.inputs["configs"].keys() - {usual, labels[each.id]}) < ODD
    )


def test_another_total_does_not_come_out() -> None:
    exact, rounded = (
        next(
            each
            for each in models()
            if each.comes_out and each.published and isinstance(each.published["total"], kind)
        )
        for kind in (int, str)
    )
    for model, wrong in ((exact, (exact.total or 0) + 1), (rounded, "1.23B")):
        assert not replace(model, published={**(model.published or {}), "total": wrong}).comes_out
