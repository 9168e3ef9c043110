"""The objective: against plain definitions, and what masking may and may not change."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp

scores = st.floats(-50, 50)
losses = st.floats(0, 50)
tokens = st.lists(st.integers(0, 10**5), min_size=1, max_size=12)


def defined(logits: list[list[float]], labels: list[int]) -> float:
    """Average the negative logarithm of the softmax, as a textbook writes it."""
    terms = [
        -math.log(math.exp(row[label]) / math.fsum(math.exp(score) for score in row))
        for row, label in zip(logits, labels, strict=True)
        if label != -100
    ]
    return math.fsum(terms) / len(terms)


@st.composite
def predictions(draw: st.DrawFn) -> tuple[list[list[float]], list[int]]:
    """Draw logits of some positions and labels, at least one of them supervised."""
    positions, classes = draw(st.integers(2, 6)), draw(st.integers(1, 5))
    row = st.lists(scores, min_size=classes, max_size=classes)
    label = st.integers(0, classes - 1)
    labels = draw(st.lists(label | st.just(-100), min_size=positions - 1, max_size=positions - 1))
    return (
        draw(st.lists(row, min_size=positions, max_size=positions)),
        [*labels, draw(label)],
    )


@given(predictions())
def test_cross_entropy_is_its_definition(case: tuple[list[list[float]], list[int]]) -> None:
    logits, labels = case
    ours = dlp.cross_entropy(logits=logits, labels=labels)
    assert ours == pytest.approx(defined(logits, labels), rel=1e-9, abs=1e-9)
    # Another mark for what is ignored changes nothing.
    marked = [99 if label == -100 else label for label in labels]
    assert dlp.cross_entropy(logits=logits, labels=marked, ignore_index=99) == ours


@given(predictions())
def test_a_position_predicts_the_token_after_it(case: tuple[list[list[float]], list[int]]) -> None:
    logits, labels = case
    ours = dlp.causal_lm_loss(logits=logits, labels=labels)
    assert ours == pytest.approx(defined(logits[:-1], labels[1:]), rel=1e-9, abs=1e-9)


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


@given(st.integers(2, 9), st.integers(1, 1000))
def test_equal_scores_cost_the_logarithm_of_the_classes(positions: int, classes: int) -> None:
    loss = dlp.cross_entropy(logits=[[0.0] * classes] * positions, labels=[0] * positions)
    assert loss == pytest.approx(math.log(classes))


@given(tokens, st.data())
def test_labels_are_the_tokens_or_ignored(ids: list[int], data: st.DataObject) -> None:
    prompt = data.draw(st.integers(0, len(ids)))
    mask = [0] * prompt + [1] * (len(ids) - prompt)
    completion = dlp.completion_labels(input_ids=ids, num_prompt_tokens=prompt)
    assert completion == [-100] * prompt + ids[prompt:]
    assert completion == dlp.assistant_labels(input_ids=ids, assistant_masks=mask)
    assert completion == dlp.pretraining_labels(input_ids=ids, attention_mask=mask)
    assert dlp.pretraining_labels(input_ids=ids) == ids
    assert dlp.supervised_tokens(labels=completion) == len(ids) - max(prompt, 1)
    assert dlp.supervised_tokens(labels=ids) == len(ids) - 1


@given(st.lists(losses, min_size=2, max_size=9), st.data())
def test_the_mean_is_over_supervised_tokens(each: list[float], data: st.DataObject) -> None:
    prompt = data.draw(st.integers(0, len(each) - 1))
    labels = dlp.completion_labels(input_ids=[0] * len(each), num_prompt_tokens=prompt)
    counted = each[max(prompt, 1) :]
    assert dlp.supervised_losses(token_losses=each, labels=labels) == counted
    mean = dlp.mean_loss(token_losses=each, labels=labels)
    assert mean == pytest.approx(math.fsum(counted) / len(counted))


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
