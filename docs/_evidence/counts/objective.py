"""Losses on small logits, and the labels that collators make."""

from collections.abc import Iterator
from typing import Any

import dlp
from _evidence.claims import Claim, count
from _evidence.expressions import Expression, call
from _evidence.records import Record

_LABELLED = {
    "Transformers collator, padded with <pad>": "pretraining",
    "Transformers collator, padded with <pad>, one text": "pretraining",
    "Transformers collator, padded with <pad>, three texts": "pretraining",
    "TRL, text": "pretraining",
    "TRL, text, truncated": "pretraining",
    "TRL, tokens": "pretraining",
    "TRL, prompt and completion, loss on both": "pretraining",
    "TRL, prompt and completion, swapped": "completion",
    "TRL, prompt and completion, truncated": "completion",
    "TRL, messages of one turn, loss on the assistant": "assistant",
    "TRL, tokens and completion_mask, left at the default": "pretraining",
    "TRL, tokens and completion_mask": "masked",
    "TRL, tokens and assistant_masks": "masked",
    "TRL, tokens and both masks": "masked",
    "Transformers collator, padded with <eos>": "pad token",
    "Transformers collator, padded with <eos>, one text": "pad token",
    "Transformers collator, padded with <eos>, three texts": "pad token",
    "TRL, messages": "pretraining",
    "TRL, prompt and completion": "completion",
    "TRL, messages, loss on the assistant": "assistant",
}
"""The records of labels that a formula makes too, and of what."""


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one loss, or of the labels of one batch."""
    yield from {
        "cross_entropy": _cross_entropy,
        "causal_lm_loss": _causal_lm_loss,
        "accumulated_loss": _accumulated_loss,
        "labels": _labels,
    }[record.kind](record)


def _cross_entropy(record: Record) -> Iterator[Claim]:
    if (theirs := record.counted["mean"]) is not None:  # a mean over no token is refused
        yield count(record, "mean loss", "torch", theirs, call("cross_entropy", **record.inputs))
        if record.inputs["ignore_index"] == dlp.IGNORE_INDEX:
            # The first token of a sequence is predicted from nothing.
            sequence = {
                "token_losses": [0.0, *record.counted["per_token"]],
                "labels": [dlp.IGNORE_INDEX, *record.inputs["labels"]],
            }
            yield count(
                record, "mean of the losses", "torch", theirs, call("mean_loss", **sequence)
            )
            losses = call("supervised_losses", **sequence) | {"total": True}
            yield count(record, "sum of the losses", "torch", record.counted["sum"], losses)


def _causal_lm_loss(record: Record) -> Iterator[Claim]:
    inputs, counted = record.inputs, record.counted
    if inputs["num_items_in_batch"] is not None:  # a scaled sum, not a mean
        return
    if counted["loss"] is None:  # a mean over no token is refused
        return
    loss = call("causal_lm_loss", logits=inputs["logits"], labels=inputs["labels"])
    yield count(record, "loss", "transformers", counted["loss"], loss)
    tokens = call("supervised_tokens", labels=inputs["labels"])
    yield count(record, "tokens with a loss", "transformers", counted["target_tokens"], tokens)


def _accumulated_loss(record: Record) -> Iterator[Claim]:
    window = {
        "loss_sums": record.counted["micro_batch_sums"],
        "num_tokens": record.inputs["tokens"],
    }
    for what, key, average in (
        ("mean over tokens", "token_mean", "token"),
        ("mean of means", "mean_of_means", "micro-batch"),
    ):
        ours = call("accumulated_loss", **window, average=average)
        yield count(record, what, "torch", record.counted[key], ours)


def _labels(record: Record) -> Iterator[Claim]:
    if record.id not in _LABELLED:
        return
    library = "transformers" if record.id.startswith("Transformers") else "trl"
    for number, labels in enumerate(record.counted["labels"]):
        ours = _labels_of(record.inputs, number, labels, _LABELLED[record.id])
        yield count(record, f"labels of sequence {number + 1}", library, labels, ours)


def _labels_of(inputs: dict[str, Any], number: int, labels: list[int], kind: str) -> Expression:
    """Describe the call that makes the labels of one sequence, and the padding after it."""
    ids = inputs["input_ids"][number]
    mask = inputs["attention_mask"][number] if "attention_mask" in inputs else [1] * len(ids)
    if kind == "pad token":
        # Transformers takes every token for padding that has the pad token's id.
        return call("pretraining_labels", input_ids=ids, pad_token_id=inputs["pad_token_id"])
    if kind == "pretraining":
        return call("pretraining_labels", input_ids=ids, attention_mask=mask)
    length = sum(mask)
    padding = [dlp.IGNORE_INDEX] * (len(ids) - length)
    if kind == "completion":
        prompt = inputs["prompt_tokens"][number]
        ours = call("completion_labels", input_ids=ids[:length], num_prompt_tokens=prompt)
        return ours | {"then": padding}
    if kind == "masked":
        example = inputs["examples"][number]
        masks = [example[name] for name in example if name.endswith(("_mask", "_masks"))]
        spoken = [int(all(bits)) for bits in zip(*masks, strict=True)]
    else:
        # The tokenizer's template says which tokens the assistant spoke; the record has it
        # only in its labels, so this proves no more than the meaning of the mask.
        spoken = [int(label != dlp.IGNORE_INDEX) for label in labels[:length]]
    ours = call("assistant_labels", input_ids=ids[:length], assistant_masks=spoken)
    return ours | {"then": padding}
