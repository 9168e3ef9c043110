"""There is one real model of each type; what is printed of it comes out, or it is said why not."""

from __future__ import annotations

from dataclasses import replace

import pytest

import dlp
from _evidence.real import Real, address, models


def test_there_is_one_of_each_type() -> None:
    listed = [each.model_type for each in models()]
    assert listed == sorted(dlp.MODEL_TYPES), "list real.json in the order of the alphabet"


@pytest.mark.parametrize("real", models(), ids=lambda real: real.model_type)
def test_what_is_printed_comes_out_or_it_is_said_why_not(real: Real) -> None:
    assert address(real.source).startswith("https://")
    if real.own is not None:
        assert real.own["model_type"] == real.model_type
    if real.published:
        assert address(real.published["source"]).startswith("https://")
        assert real.comes_out != ("differs" in real.published), (real.total, real.published)


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
