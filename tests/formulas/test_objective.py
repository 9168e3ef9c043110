"""The objective: against plain definitions, and what masking may and may not change."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import dlp
from tests.formulas.laws import COUNTS, law

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

losses = st.floats(0, 50)
texts = st.lists(st.integers(0, 50_000), min_size=1, max_size=12)


def defined(logits: list[list[float]], labels: list[int]) -> float:
    """Average the negative logarithm of the softmax, as a textbook writes it."""
    terms = [
        -math.log(math.exp(row[label]) / math.fsum(math.exp(score) for score in row))
        for row, label in zip(logits, labels, strict=True)
        if label != -100
    ]
    return math.fsum(terms) / len(terms)


@st.composite
def scored(draw: st.DrawFn) -> tuple[list[list[float]], list[int]]:
    """Draw logits and labels, the second of which at least is supervised."""
    classes, length = draw(st.integers(1, 5)), draw(st.integers(2, 6))
    score = st.floats(-30, 30, width=32)
    logits = draw(
        st.lists(
            st.lists(score, min_size=classes, max_size=classes), min_size=length, max_size=length
        )
    )
    label = st.one_of(st.just(dlp.IGNORE_INDEX), st.integers(0, classes - 1))
    labels = draw(st.lists(label, min_size=length, max_size=length))
    labels[1] = draw(st.integers(0, classes - 1))
    return logits, labels


@given(scored())
def test_cross_entropy_is_its_definition(case: tuple[list[list[float]], list[int]]) -> None:
    logits, labels = case
    ours = dlp.cross_entropy(logits=logits, labels=labels)
    assert ours == pytest.approx(defined(logits, labels), rel=1e-9, abs=1e-9)
    # Another mark for what is ignored changes nothing.
    marked = [99 if label == -100 else label for label in labels]
    assert dlp.cross_entropy(logits=logits, labels=marked, ignore_index=99) == ours


@pytest.mark.parametrize("score", [0, 0.1, -1e6, 1e8, 1e16, 10**30, 1e100])
def test_a_loss_depends_on_differences_alone(score: float) -> None:
    """PyTorch gives ln 2 for two equal logits of any size, to the last digit that there is."""
    assert dlp.cross_entropy(logits=[[score, score]], labels=[0]) == math.log(2)
    assert dlp.cross_entropy(logits=[[score, -score]], labels=[1 if score > 0 else 0]) == (
        pytest.approx(math.log1p(math.exp(-2 * abs(score))) + 2 * abs(score))
    )


def test_losses_are_summed_without_rounding_in_between() -> None:
    """Python sums floats one by one up to 3.11 and more exactly from 3.12 on."""
    each = [0.1] * 10
    assert dlp.mean_loss(token_losses=[0.0, *each], labels=[1] * 11) == 0.1
    assert dlp.accumulated_loss(loss_sums=each, num_tokens=[1] * 10) == 0.1
    assert dlp.accumulated_loss(loss_sums=each, num_tokens=[1] * 10, average="micro-batch") == 0.1
    logits = [[0.0, math.log(math.expm1(0.1))]] * 8
    assert dlp.cross_entropy(logits=logits, labels=[0] * 8) == (
        dlp.cross_entropy(logits=logits[:1], labels=[0])
    )


@given(st.lists(st.tuples(losses, st.integers(1, 500)), min_size=1, max_size=8))
def test_averaging_over_tokens_is_the_loss_of_one_large_batch(
    micro_batches: list[tuple[float, int]],
) -> None:
    sums = [mean * n for mean, n in micro_batches]
    counted = [n for _, n in micro_batches]
    together = dlp.accumulated_loss(loss_sums=sums, num_tokens=counted)
    assert together == pytest.approx(math.fsum(sums) / sum(counted))
    equal = [counted[0]] * len(sums)
    by_token = dlp.accumulated_loss(loss_sums=sums, num_tokens=equal)
    by_mean = dlp.accumulated_loss(loss_sums=sums, num_tokens=equal, average="micro-batch")
    assert by_token == pytest.approx(by_mean), "of equal length, both ways agree"


def test_a_short_micro_batch_weighs_too_much_when_means_are_averaged() -> None:
    batch = {"loss_sums": [30.0, 90.0], "num_tokens": [10, 90]}
    by_token = dlp.accumulated_loss(loss_sums=[30.0, 90.0], num_tokens=[10, 90])
    by_mean = dlp.accumulated_loss(**batch, average="micro-batch")  # type: ignore[arg-type]
    assert (by_token, by_mean) == (1.2, 2.0)


# --- Laws -----------------------------------------------------------------------------------------


@law
@given(case=scored(), shift=st.floats(-50, 50, width=32))
def test_a_constant_added_to_all_scores_changes_no_loss(
    case: tuple[list[list[float]], list[int]], shift: float
) -> None:
    logits, labels = case
    loss = dlp.cross_entropy(logits=logits, labels=labels)
    assert loss >= 0
    moved = [[score + shift for score in row] for row in logits]
    assert dlp.cross_entropy(logits=moved, labels=labels) == pytest.approx(loss, abs=1e-4)
    even = [[shift] * len(row) for row in logits]
    assert dlp.cross_entropy(logits=even, labels=labels) == pytest.approx(math.log(len(logits[0])))


@law
@given(case=scored())
def test_the_loss_of_a_text_is_that_of_its_next_tokens(
    case: tuple[list[list[float]], list[int]],
) -> None:
    logits, labels = case
    loss = dlp.causal_lm_loss(logits=logits, labels=labels)
    assert loss == pytest.approx(dlp.cross_entropy(logits=logits[:-1], labels=labels[1:]))
    # The first label and the last scores have no part in it.
    changed = [dlp.IGNORE_INDEX, *labels[1:]]
    assert dlp.causal_lm_loss(logits=[*logits[:-1], logits[0]], labels=changed) == loss
    counted = [label for label in labels[1:] if label != dlp.IGNORE_INDEX]
    assert dlp.supervised_tokens(labels=labels) == len(counted)


@law
@given(
    tokens=st.lists(st.tuples(st.floats(0, 50), st.booleans()), min_size=2, max_size=12),
    times=st.floats(0, 9),
)
def test_a_mean_lies_between_the_losses_that_count(
    tokens: list[tuple[float, bool]], times: float
) -> None:
    losses = [loss for loss, _ in tokens]
    labels = [7 if counts else dlp.IGNORE_INDEX for _, counts in tokens]
    assume(any(counts for _, counts in tokens[1:]))
    kept = dlp.supervised_losses(token_losses=losses, labels=labels)
    assert len(kept) == dlp.supervised_tokens(labels=labels)
    mean = dlp.mean_loss(token_losses=losses, labels=labels)
    assert min(kept) * (1 - 1e-12) <= mean <= max(kept) * (1 + 1e-12)
    more = dlp.mean_loss(token_losses=[times * loss for loss in losses], labels=labels)
    assert more == pytest.approx(times * mean)


@law
@given(sums=st.lists(st.floats(0, 1e6), min_size=1, max_size=8), tokens=COUNTS)
def test_micro_batches_of_one_length_may_be_averaged_either_way(
    sums: list[float], tokens: int
) -> None:
    counts = [tokens] * len(sums)
    by_token, by_batch = (
        dlp.accumulated_loss(loss_sums=sums, num_tokens=counts, average=average)
        for average in dlp.AVERAGES
    )
    assert by_token == pytest.approx(by_batch)
    single = dlp.accumulated_loss(loss_sums=[sum(sums)], num_tokens=[sum(counts)])
    assert single == pytest.approx(by_token)
    losses = dlp.mean_loss(token_losses=[0.0, *sums], labels=[1] * (len(sums) + 1))
    assert losses == pytest.approx(by_token * tokens)


@law
@given(data=st.data(), ids=texts)
def test_a_label_is_its_token_or_ignored(data: DataObject, ids: list[int]) -> None:
    length = len(ids)
    mask = data.draw(st.lists(st.integers(0, 1), min_size=length, max_size=length))
    prompt = data.draw(st.integers(0, length))
    after_prompt = [0] * prompt + [1] * (length - prompt)
    masked = [token if bit else dlp.IGNORE_INDEX for token, bit in zip(ids, mask, strict=True)]
    assert dlp.pretraining_labels(input_ids=ids) == ids
    assert dlp.pretraining_labels(input_ids=ids, attention_mask=mask) == masked
    by_id = [label if token != ids[0] else -100 for token, label in zip(ids, masked, strict=True)]
    found = dlp.pretraining_labels(input_ids=ids, attention_mask=mask, pad_token_id=ids[0])
    assert found == by_id
    assert dlp.assistant_labels(input_ids=ids, assistant_masks=mask) == masked
    completion = dlp.completion_labels(input_ids=ids, num_prompt_tokens=prompt)
    assert completion == dlp.assistant_labels(input_ids=ids, assistant_masks=after_prompt)
    assert dlp.supervised_tokens(labels=completion) == length - max(prompt, 1)
