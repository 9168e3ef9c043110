"""Which tokens count in the loss, and how the loss is averaged.

Losses come from torch and from Transformers' causal language model loss; labels come from the
data collators and the trainer that practitioners use, fed by a tokenizer made in memory.
"""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import Any

import torch
from datasets import Dataset, disable_progress_bars
from tokenizers import Tokenizer, models, pre_tokenizers
from torch.nn.functional import cross_entropy
from transformers import (
    AutoModelForCausalLM,
    DataCollatorForLanguageModeling,
    PreTrainedTokenizerFast,
)
from transformers.loss.loss_utils import ForCausalLMLoss
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from tests.recorders.common import Config, Record, Untyped, build

PACKAGES = ("datasets", "tokenizers", "torch", "transformers", "trl")

IGNORED = -100

PAD, EOS = "<pad>", "<eos>"

TEXTS = (
    f"{PAD} {EOS} <user> <assistant>",
    "what is the capital of france paris",
    "it is name a river seine",
    "add two and three five",
)
"""What the tokenizer knows: each word is a token, numbered from 0 in the order of first use."""

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}"
    "<assistant> {% generation %}{{ message['content'] }} <eos>{% endgeneration %} "
    "{% else %}<user> {{ message['content'] }} {% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}<assistant> {% endif %}"
)
"""A chat template that marks what the assistant says, its end token included."""

TINY_MODEL: Config = {
    "model_type": "llama",
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "num_key_value_heads": 1,
    "intermediate_size": 8,
    "vocab_size": 32,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 1,
}
"""The trainer wants a model before it prepares data; its answers are never used."""


def make_tokenizer(pad: str = PAD) -> Untyped:
    """Make a tokenizer of the words of `TEXTS`, with this padding token."""
    words = dict.fromkeys(" ".join(TEXTS).split())
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=PAD))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    make: Any = PreTrainedTokenizerFast
    return make(
        tokenizer_object=tokenizer, pad_token=pad, eos_token=EOS, chat_template=CHAT_TEMPLATE
    )


def _number(value: torch.Tensor) -> float | None:
    return None if value.isnan() else value.item()


def count_cross_entropy(inputs: dict[str, Any]) -> Record:
    """Compute torch's cross-entropy with ignored labels; the mean over no token is null."""
    predicted, wanted = torch.tensor(inputs["logits"]), torch.tensor(inputs["labels"])
    losses = {
        reduction: cross_entropy(
            predicted, wanted, ignore_index=inputs["ignore_index"], reduction=reduction
        )
        for reduction in ("mean", "sum", "none")
    }
    return {
        "counted": {
            "mean": _number(losses["mean"]),
            "sum": _number(losses["sum"]),
            "per_token": losses["none"].tolist(),
        }
    }


def count_causal_lm_loss(inputs: dict[str, Any]) -> Record:
    """Compute Transformers' loss, which compares the logits at each place with the next label.

    A mean over no token is null.
    """
    items = inputs["num_items_in_batch"]
    loss = ForCausalLMLoss(
        torch.tensor([inputs["logits"]]),
        torch.tensor([inputs["labels"]]),
        len(inputs["logits"][0]),
        num_items_in_batch=None if items is None else torch.tensor(items),
    )
    targets = sum(label != IGNORED for label in inputs["labels"][1:])
    return {"counted": {"loss": _number(loss), "target_tokens": targets}}


def count_labels(inputs: dict[str, Any]) -> Record:
    """Make labels for texts with Transformers' collator, or for examples with TRL's trainer.

    What the tokenizer makes of them joins the inputs: it is what a formula needs.
    """
    counted: dict[str, Any] = {}
    if "texts" in inputs:
        tokenizer = make_tokenizer(inputs["pad_token"])
        made = {"pad_token_id": tokenizer.pad_token_id}
        collator = DataCollatorForLanguageModeling(tokenizer, mlm=False)
        batch = collator([tokenizer(text) for text in inputs["texts"]])
    else:
        tokenizer, examples = make_tokenizer(), inputs["examples"]
        prompts = [example["prompt"] for example in examples if "prompt" in example]
        made = {"prompt_tokens": [len(tokenizer(prompt)["input_ids"]) for prompt in prompts]}
        rows, batch = prepare(examples, **inputs["options"])
        counted = {
            "tokens": [len(row["input_ids"]) for row in rows],
            "target_tokens": [sum(label != IGNORED for label in row["labels"]) for row in rows],
        }
    made |= {name: batch[name].tolist() for name in ("input_ids", "attention_mask")}
    return {"inputs": inputs | made, "counted": {"labels": batch["labels"].tolist(), **counted}}


def prepare(examples: list[dict[str, Any]], **options: Untyped) -> tuple[Untyped, Untyped]:
    """Let TRL's trainer prepare a data set and its collator pad it into one batch.

    Args:
        examples: The rows of the data set.
        **options: Arguments of `SFTConfig`.

    Returns:
        The rows after preparation, and the batch.
    """
    disable_progress_bars()
    with TemporaryDirectory() as folder:
        trainer: Any = SFTTrainer(
            model=build(AutoModelForCausalLM, TINY_MODEL, device="cpu"),
            args=SFTConfig(
                output_dir=folder, use_cpu=True, report_to="none", bf16=False, **options
            ),
            train_dataset=Dataset.from_list(examples),
            processing_class=make_tokenizer(),
        )
        rows = trainer.train_dataset.to_list()
        return rows, trainer.data_collator(rows)


def count_accumulated_loss(inputs: dict[str, Any]) -> Record:
    """Compute the loss of an accumulated batch, averaged over micro-batches and over tokens.

    Every token of a micro-batch has the same logits and the same label.
    """
    means, sums = [], []
    for tokens, row in zip(inputs["tokens"], inputs["logits_of_every_token"], strict=True):
        predicted = torch.tensor([row] * tokens)
        wanted = torch.full((tokens,), inputs["label"])
        means.append(cross_entropy(predicted, wanted))
        sums.append(cross_entropy(predicted, wanted, reduction="sum"))
    return {
        "counted": {
            "micro_batch_means": [mean.item() for mean in means],
            "micro_batch_sums": [total.item() for total in sums],
            "mean_of_means": torch.stack(means).mean().item(),
            "token_mean": (torch.stack(sums).sum() / sum(inputs["tokens"])).item(),
        }
    }


KINDS = {
    "cross_entropy": count_cross_entropy,
    "causal_lm_loss": count_causal_lm_loss,
    "labels": count_labels,
    "accumulated_loss": count_accumulated_loss,
}


def count(setup: Record) -> Record:
    """Compute a loss, make labels, or take the two averages."""
    return KINDS[setup["kind"]](setup["inputs"])
