"""Packed rows, padding and streams, beside slower ways to count the same."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from tests.formulas.laws import law, some_call

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

texts = st.lists(st.integers(0, 40), min_size=1, max_size=60)
room = st.integers(1, 30)


@law
@given(lengths=texts, most=room, strategy=st.sampled_from(dlp.PACKING_STRATEGIES))
def test_packing_keeps_every_token_but_what_it_cuts_off(
    lengths: list[int], most: int, strategy: Any
) -> None:
    rows = dlp.packed_rows(lengths=lengths, max_length=most, packing_strategy=strategy)
    kept = [min(length, most) for length in lengths] if strategy == "bfd" else lengths
    assert sum(rows) == sum(kept)
    assert all(0 < row <= most for row in rows)
    if strategy == "wrapped":
        assert len(rows) == -(-sum(lengths) // most)
        assert all(row == most for row in rows[:-1])
    else:  # no two rows would fit into one
        smallest = sorted(rows)[:2]
        assert len(smallest) < 2 or sum(smallest) > most


@given(lengths=texts, most=room)
def test_the_best_fit_is_the_fullest_row_with_room(lengths: list[int], most: int) -> None:
    rows: list[int] = []
    for text in sorted((min(length, most) for length in lengths if length), reverse=True):
        fitting = [row for row in rows if row + text <= most]
        if fitting:
            rows.remove(max(fitting))
        rows.append(max(fitting, default=0) + text)
    found = dlp.packed_rows(lengths=lengths, max_length=most)
    assert sorted(found) == sorted(rows)


@given(lengths=texts, most=room, parts=st.integers(1, 7), size=st.integers(1, 70))
def test_texts_are_packed_part_by_part(
    lengths: list[int], most: int, parts: int, size: int
) -> None:
    each, more = divmod(len(lengths), min(parts, len(lengths)))
    ends = [each * part + min(part, more) for part in range(min(parts, len(lengths)) + 1)]
    expected = []
    for start, end in pairwise(ends):
        for first in range(start, end, size):
            together = lengths[first : min(first + size, end)]
            expected += dlp.packed_rows(lengths=together, max_length=most)
    found = dlp.packed_rows(
        lengths=lengths, max_length=most, dataset_num_proc=parts, batch_size=size
    )
    assert found == expected


def test_a_thousand_texts_are_packed_together() -> None:
    assert dlp.packed_rows(lengths=[1] * 2001, packing_strategy="wrapped") == [1000, 1000, 1]


def test_processes_share_the_texts_evenly() -> None:
    three: dict[str, Any] = {"max_length": 3, "packing_strategy": "wrapped", "dataset_num_proc": 3}
    assert dlp.packed_rows(lengths=[1] * 6, **three) == [2, 2, 2]
    assert dlp.packed_rows(lengths=[1] * 8, **three) == [3, 3, 2]


def test_a_length_below_zero_is_refused() -> None:
    for count in (
        lambda: dlp.packed_rows(lengths=[1, -1]),
        lambda: dlp.padding_tokens(lengths=[1, -1], per_device_train_batch_size=1),
    ):
        with pytest.raises(ValueError, match=r"lengths\[i\] must be from 0"):
            count()


def test_a_stream_that_divides_has_no_batch_more() -> None:
    even: dict[str, Any] = {"num_samples": 96, "per_device_train_batch_size": 8, "num_devices": 3}
    for dispatch in (True, False):
        assert dlp.stream_micro_batches_per_epoch(**even, dispatch_batches=dispatch) == 4


def test_rows_that_fill_the_memory_are_refused() -> None:
    for strategy in ("wrapped", "bfd_split"):
        most: dict[str, Any] = {"max_length": 1, "packing_strategy": strategy}
        with pytest.raises(ValueError, match="lengths must make at most 1000000 full rows of 1"):
            dlp.packed_rows(lengths=[10**6, 1], **most)
        assert len(dlp.packed_rows(lengths=[10**6], **most)) == 10**6
    part = dlp.packed_rows(lengths=[2 * 10**6 + 1], max_length=2, packing_strategy="wrapped")
    assert len(part) == 10**6 + 1  # the last is no full one
    assert dlp.packed_rows(lengths=[10**18], max_length=3) == [3]


@law
@given(data=st.data(), lengths=texts, batch=st.integers(1, 9))
def test_padding_fills_each_batch_to_its_longest(
    data: DataObject, lengths: list[int], batch: int
) -> None:
    call = some_call(data, "padding_tokens")
    call |= {"lengths": lengths, "per_device_train_batch_size": batch}
    most, multiple = call["max_length"], call["pad_to_multiple_of"] or 1
    kept = [length if most is None else min(length, most) for length in lengths]
    cells = 0
    tokens = 0
    for first in range(0, len(kept), batch):
        together = kept[first : first + batch]
        if call["dataloader_drop_last"] and len(together) < batch:
            continue
        width = max(together)
        while width % multiple:
            width += 1
        cells += width * len(together)
        tokens += sum(together)
    assert dlp.padding_tokens(**call) == cells - tokens


def test_texts_of_one_length_and_batches_of_one_need_no_padding() -> None:
    assert dlp.padding_tokens(lengths=[7, 7, 7], per_device_train_batch_size=2) == 0
    assert dlp.padding_tokens(lengths=[1, 9, 3], per_device_train_batch_size=1) == 0


@law
@given(data=st.data())
def test_a_stream_without_workers_is_an_epoch(data: DataObject) -> None:
    call = some_call(data, "stream_micro_batches_per_epoch", dataloader_num_workers=0)
    names = ("num_samples", "per_device_train_batch_size", "num_devices", "dataloader_drop_last")
    once = dlp.micro_batches_per_epoch(**{name: call[name] for name in names})
    assert dlp.stream_micro_batches_per_epoch(**call) == once
    assert dlp.stream_micro_batches_per_epoch(**call | {"dataloader_num_workers": 1}) == once
    four = dlp.stream_micro_batches_per_epoch(**call | {"dataloader_num_workers": 4})
    if call["num_devices"] == 1 or not call["dispatch_batches"]:
        assert four == 4 * once
    else:
        assert four <= 4 * once or call["dataloader_drop_last"]
