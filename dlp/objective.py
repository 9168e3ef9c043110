"""The training objective: next-token cross-entropy, and which tokens count in it."""

import math

from dlp import _check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    Average = Literal["token", "micro-batch"]

IGNORE_INDEX = -100
"""The label of a token that is read but has no loss, as in PyTorch and Transformers."""

AVERAGES: "tuple[Average, ...]" = ("token", "micro-batch")
"""How the loss of an accumulated batch is averaged: over all its tokens, or over means."""


def cross_entropy(
    *, logits: "Sequence[Sequence[float]]", labels: "Sequence[int]", ignore_index: int = -100
) -> float:
    r"""Average the cross-entropy over the positions whose label is not ignored.

    For position $i$ with logits $z_i$ and label $y_i$, over the set $S$ of positions with
    $y_i \ne$ `ignore_index`:

    $$-\frac{1}{|S|} \sum_{i \in S} \ln \frac{e^{z_{i, y_i}}}{\sum_j e^{z_{i, j}}}$$

    Args:
        logits: One list of scores for each position, all of one length.
        labels: The right class at each position, or `ignore_index`.
        ignore_index: The label that takes a position out of the average.

    Returns:
        Nats, the mean over the supervised tokens.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If lengths differ, a label is no class, or every label is ignored, where
            PyTorch returns NaN.

    Source:
        PyTorch, `torch.nn.CrossEntropyLoss` with `reduction="mean"`.

    Examples:
        >>> round(cross_entropy(logits=[[0.0, 0.0], [9.0, 0.0]], labels=[1, -100]), 4)
        0.6931
    """
    rows = [_check.sequence("logits[i]", row) for row in _check.sequence("logits", logits)]
    targets = _check.sequence("labels", labels)
    _integer("ignore_index", ignore_index)
    if len(rows) != len(targets):
        raise ValueError(f"labels must be as many as logits, not {len(targets)} and {len(rows)}")
    if any(len(row) != len(rows[0]) for row in rows):
        raise ValueError("logits must have the same number of classes at every position")
    losses = []
    for row, target in zip(rows, targets):
        scores = [_check.number("logits[i][j]", score, minimum=-1e100) for score in row]
        if _integer("labels[i]", target) == ignore_index:
            continue
        label = _check.count("labels[i]", target, minimum=0, maximum=len(row) - 1)
        # Relative to the largest score, exponentials stay within range and no digit is lost.
        largest = max(scores)
        relative = [score - largest for score in scores]
        losses.append(math.log(math.fsum(math.exp(x) for x in relative)) - relative[label])
    if not losses:
        raise ValueError("labels must have at least one that is not ignore_index")
    return math.fsum(losses) / len(losses)


def causal_lm_loss(*, logits: "Sequence[Sequence[float]]", labels: "Sequence[int]") -> float:
    r"""Average the next-token cross-entropy of one sequence, as causal language models train on it.

    Position $i$ predicts token $i + 1$: the labels move one place to the left, and the last
    position has nothing to predict. Continued pre-training and instruction tuning both minimise
    this; only the labels differ.

    Args:
        logits: One list of scores for each token of the sequence.
        labels: The token ids, with `IGNORE_INDEX` where a token has no loss.

    Returns:
        Nats, the mean over the supervised tokens.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If lengths differ, a label is no token, or no token is supervised.

    Source:
        Transformers 5.23.0, `loss/loss_utils.py`, `ForCausalLMLoss`.

    Examples:
        >>> logits = [[0.0, 0.0, 0.0], [0.0, 5.0, 0.0], [1.0, 1.0, 1.0]]
        >>> round(causal_lm_loss(logits=logits, labels=[0, 2, 1]), 4)
        0.556
    """
    targets = [_integer("labels[i]", label) for label in _check.sequence("labels", labels)]
    return cross_entropy(logits=logits, labels=targets[1:] + [IGNORE_INDEX])


def pretraining_labels(
    *,
    input_ids: "Sequence[int]",
    attention_mask: "Sequence[int] | None" = None,
    pad_token_id: "int | None" = None,
) -> list[int]:
    """Label a text for (continued) pre-training: every token but padding.

    Padding is taken from the attention mask. Transformers' collator finds it by the id of the pad
    token, wherever that stands: if it is the end-of-text token too, no end has a loss, and a model
    does not learn to stop.

    Args:
        input_ids: Token ids of one sequence, each 0 or more.
        attention_mask: 1 for a token, 0 for padding; `None` if there is no padding.
        pad_token_id: The id that is taken for padding, 0 or more; `None` if the mask alone says.

    Returns:
        The labels: the token ids, `IGNORE_INDEX` at padding.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If an id is negative, the mask is not of 0 and 1, or lengths differ.

    Source:
        Transformers 5.23.0, `data/data_collator.py`, `DataCollatorForLanguageModeling` with
        `mlm=False`.

    Examples:
        >>> pretraining_labels(input_ids=[5, 6, 7, 0], attention_mask=[1, 1, 1, 0])
        [5, 6, 7, -100]

        The end-of-text token 2 pads as well:

        >>> pretraining_labels(input_ids=[5, 6, 2, 2], pad_token_id=2)
        [5, 6, -100, -100]
    """
    ids = _token_ids(input_ids)
    labels = ids
    if attention_mask is not None:
        labels = _masked("attention_mask", attention_mask, ids)
    if pad_token_id is None:
        return labels
    pad = _check.count("pad_token_id", pad_token_id, minimum=0)
    return [IGNORE_INDEX if label == pad else label for label in labels]


def completion_labels(*, input_ids: "Sequence[int]", num_prompt_tokens: int) -> list[int]:
    """Label a prompt and its completion: only the completion has a loss.

    The prompt is still read: the model attends to it when it predicts the completion.

    Args:
        input_ids: Token ids of prompt and completion, each 0 or more.
        num_prompt_tokens: How many of them, from the start, are the prompt.

    Returns:
        The labels: `IGNORE_INDEX` for the prompt, token ids for the completion.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If an id is negative or the prompt is longer than the sequence.

    Source:
        TRL 1.16.0, `trainer/sft_trainer.py`, `SFTTrainer`, for prompt-completion data.

    Examples:
        >>> completion_labels(input_ids=[5, 6, 7, 8], num_prompt_tokens=3)
        [-100, -100, -100, 8]
    """
    ids = _token_ids(input_ids)
    _check.count("num_prompt_tokens", num_prompt_tokens, minimum=0, maximum=len(ids))
    return [IGNORE_INDEX] * num_prompt_tokens + ids[num_prompt_tokens:]


def assistant_labels(*, input_ids: "Sequence[int]", assistant_masks: "Sequence[int]") -> list[int]:
    """Label a chat: only what the assistant says has a loss.

    Args:
        input_ids: Token ids of the whole chat, each 0 or more.
        assistant_masks: 1 for a token that the assistant wrote, else 0.

    Returns:
        The labels: token ids of the assistant's turns, `IGNORE_INDEX` elsewhere.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If an id is negative, the mask is not of 0 and 1, or lengths differ.

    Source:
        TRL 1.16.0, `trainer/sft_config.py`, `assistant_only_loss`.

    Examples:
        >>> assistant_labels(input_ids=[1, 5, 2, 6, 1, 7], assistant_masks=[0, 0, 0, 1, 0, 1])
        [-100, -100, -100, 6, -100, 7]
    """
    return _masked("assistant_masks", assistant_masks, _token_ids(input_ids))


def supervised_tokens(*, labels: "Sequence[int]") -> int:
    """Count the tokens of a sequence that have a loss.

    The first token never has one: nothing comes before it from which to predict it.

    Args:
        labels: Token ids, with `IGNORE_INDEX` where a token has no loss.

    Returns:
        Tokens whose prediction is in the loss.

    Source:
        Transformers 5.23.0, `loss/loss_utils.py`, `ForCausalLMLoss`, which shifts the labels.

    Examples:
        >>> supervised_tokens(labels=[5, 6, 7, 8])
        3
        >>> supervised_tokens(labels=[-100, -100, -100, 8])
        1
    """
    targets = [_integer("labels[i]", label) for label in _check.sequence("labels", labels)]
    return sum(1 for label in targets[1:] if label != IGNORE_INDEX)


def supervised_losses(*, token_losses: "Sequence[float]", labels: "Sequence[int]") -> list[float]:
    """Pick the losses of the tokens that count: neither ignored nor the first.

    Args:
        token_losses: For each token of a sequence the loss of predicting it from those before
            it, zero or more; the first one's is not used.
        labels: The token ids, with `IGNORE_INDEX` where a token has no loss.

    Returns:
        The losses that are averaged.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If lengths differ, a loss is negative, or no token is supervised.

    Source:
        Transformers 5.23.0, `loss/loss_utils.py`, `ForCausalLMLoss`.

    Examples:
        >>> supervised_losses(token_losses=[0.0, 2.0, 1.0, 3.0], labels=[-100, -100, 7, 8])
        [1.0, 3.0]
    """
    losses = [
        _check.number("token_losses[i]", loss)
        for loss in _check.sequence("token_losses", token_losses)
    ]
    targets = [_integer("labels[i]", label) for label in _check.sequence("labels", labels)]
    if len(losses) != len(targets):
        raise ValueError(
            f"token_losses must be as many as labels, not {len(losses)} and {len(targets)}"
        )
    kept = [loss for loss, label in zip(losses[1:], targets[1:]) if label != IGNORE_INDEX]
    if not kept:
        raise ValueError("labels must have at least one, after the first, that is not ignored")
    return kept


def mean_loss(*, token_losses: "Sequence[float]", labels: "Sequence[int]") -> float:
    r"""Average the losses of the supervised tokens of a sequence.

    This one formula is the objective of pre-training, of continued pre-training and of
    instruction tuning; the labels choose the tokens.

    $$\frac{\sum \operatorname{supervised\_losses}}{\operatorname{supervised\_tokens}}$$

    Args:
        token_losses: For each token of a sequence the loss of predicting it from those before
            it, zero or more; the first one's is not used.
        labels: The token ids, with `IGNORE_INDEX` where a token has no loss.

    Returns:
        Nats, the mean over the supervised tokens.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If lengths differ, a loss is negative, or no token is supervised.

    Source:
        Transformers 5.23.0, `loss/loss_utils.py`, `ForCausalLMLoss`.

    Examples:
        >>> mean_loss(token_losses=[0.0, 2.0, 1.0, 3.0], labels=[5, 6, 7, 8])
        2.0
        >>> mean_loss(token_losses=[0.0, 2.0, 1.0, 4.0], labels=[-100, -100, 7, 8])
        2.5
    """
    losses = supervised_losses(token_losses=token_losses, labels=labels)
    return math.fsum(losses) / supervised_tokens(labels=labels)


def accumulated_loss(
    *, loss_sums: "Sequence[float]", num_tokens: "Sequence[int]", average: "Average" = "token"
) -> float:
    r"""Average the loss of an accumulated batch.

    $$\frac{\sum \text{loss\_sums}}{\sum \text{num\_tokens}}$$

    That is the loss of the same tokens in one large batch. With `average="micro-batch"` the means
    of the micro-batches are averaged instead, which gives a token in a short micro-batch more
    weight than a token in a long one.

    Args:
        loss_sums: The summed loss of each micro-batch, in nats, zero or more.
        num_tokens: The supervised tokens of each micro-batch, 1 or more.
        average: One of `AVERAGES`.

    Returns:
        Nats, the mean over the supervised tokens.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If lengths differ, a value is out of its range or `average` is unknown.

    Source:
        Transformers 5.23.0, `trainer.py`, `Trainer.compute_loss` with `num_items_in_batch`.

    Examples:
        >>> accumulated_loss(loss_sums=[30.0, 90.0], num_tokens=[10, 90])
        1.2
        >>> accumulated_loss(loss_sums=[30.0, 90.0], num_tokens=[10, 90], average="micro-batch")
        2.0
        >>> (30.0 / 10 + 90.0 / 90) / 2
        2.0
    """
    sums = [_check.number("loss_sums[i]", x) for x in _check.sequence("loss_sums", loss_sums)]
    tokens = [_check.count("num_tokens[i]", n) for n in _check.sequence("num_tokens", num_tokens)]
    _check.choice("average", average, AVERAGES)
    if len(sums) != len(tokens):
        raise ValueError(
            f"num_tokens must be as many as loss_sums, not {len(tokens)} and {len(sums)}"
        )
    if average == "token":
        return math.fsum(sums) / sum(tokens)
    return math.fsum(x / n for x, n in zip(sums, tokens)) / len(sums)


def _integer(name: str, value: object) -> int:
    return _check.count(name, value, minimum=-_check.LARGEST_COUNT)


def _token_ids(input_ids: object) -> list[int]:
    ids = _check.sequence("input_ids", input_ids)
    return [_check.count("input_ids[i]", token, minimum=0) for token in ids]


def _masked(name: str, mask: object, ids: list[int]) -> list[int]:
    bits = [
        _check.count(f"{name}[i]", bit, minimum=0, maximum=1) for bit in _check.sequence(name, mask)
    ]
    if len(bits) != len(ids):
        raise ValueError(f"{name} must be as long as input_ids, not {len(bits)} and {len(ids)}")
    return [token if bit else IGNORE_INDEX for token, bit in zip(ids, bits)]
