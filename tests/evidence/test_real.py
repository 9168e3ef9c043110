"""There is one real model of each type; what is printed of it comes out, or it is said why not."""

from __future__ import annotations

from dataclasses import replace

import dlp
from _evidence.real import address, models
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


def test_another_total_does_not_come_out() -> None:
    exact, rounded = (
        next(
            each
            for each in models()
            if each.comes_out and each.published and isinstance(each.published["total"], kind)
        )
        for kind in (int, str)
    )
    for real, wrong in ((exact, (exact.total or 0) + 1), (rounded, "1.23B")):
        assert not replace(real, published={**(real.published or {}), "total": wrong}).comes_out
