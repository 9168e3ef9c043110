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


def made_up_logits(tokens: int, vocab_size: int) -> list[list[float]]:
    """Make logits of one decimal, the same in every run."""
    return [
        [((7 * row + 3 * column + row * column) % 11) / 2 - 2.5 for column in range(vocab_size)]
        for row in range(tokens)
    ]


def _number(value: torch.Tensor) -> float | None:
    return None if value.isnan() else value.item()


def cross_entropy_records() -> list[Record]:
    """Record torch's cross-entropy with ignored labels; the mean over no token is null."""
    cases = [
        ("every token", 5, [1, 0, 4, 2], IGNORED),
        ("two ignored", 5, [IGNORED, IGNORED, 4, 2], IGNORED),
        ("one left", 5, [IGNORED, IGNORED, IGNORED, 2], IGNORED),
        ("none left", 5, [IGNORED] * 4, IGNORED),
        ("one position", 3, [2], IGNORED),
        ("one position, ignored", 3, [IGNORED], IGNORED),
        ("one class", 1, [0, 0, 0], IGNORED),
        ("two classes", 2, [0, 1, 1, 0, 1], IGNORED),
        ("every other ignored", 7, [3, IGNORED, 6, IGNORED, 0, IGNORED], IGNORED),
        ("the last ignored", 11, [10, 9, 8, IGNORED], IGNORED),
        ("a middle turn ignored", 4, [0, 1, IGNORED, IGNORED, 2, 3], IGNORED),
        ("64 classes", 64, [63, 0, 31, 17, 5, 48, 22, 9], IGNORED),
        ("24 positions", 6, [(5 * place + 2) % 6 for place in range(24)], IGNORED),
        ("class 0 ignored", 5, [1, 0, 4, 0], 0),
        ("class 0 ignored everywhere", 5, [0, 0, 0], 0),
        ("another mark, -1", 5, [-1, 3, -1, 2], -1),
    ]
    found: list[Record] = []
    for name, classes, labels, ignored in cases:
        logits = made_up_logits(len(labels), classes)
        predicted, wanted = torch.tensor(logits), torch.tensor(labels)
        losses = {
            reduction: cross_entropy(predicted, wanted, ignore_index=ignored, reduction=reduction)
            for reduction in ("mean", "sum", "none")
        }
        found.append(
            {
                "id": f"cross-entropy, {name}",
                "kind": "cross_entropy",
                "inputs": {"logits": logits, "labels": labels, "ignore_index": ignored},
                "counted": {
                    "mean": _number(losses["mean"]),
                    "sum": _number(losses["sum"]),
                    "per_token": losses["none"].tolist(),
                },
            }
        )
    return found


def causal_lm_loss_records() -> list[Record]:
    """Record Transformers' loss, which compares the logits at each place with the next label.

    The prompt of the masked case has 7 of the 12 tokens; a mean over no token is null.
    """
    cases: list[tuple[str, int, int, list[int], int | None]] = [
        ("all tokens", 12, 6, [], None),
        ("prompt masked", 12, 6, list(range(7)), None),
        ("last two padded", 12, 6, [10, 11], None),
        ("prompt masked, sum over 20 tokens", 12, 6, list(range(7)), 20),
        ("two tokens", 2, 6, [], None),
        ("two classes", 9, 2, [], None),
        ("50 classes", 10, 50, [0, 1, 2], None),
        ("30 tokens", 30, 17, [], None),
        ("only the last token", 8, 6, list(range(7)), None),
        ("only the first token", 8, 6, list(range(1, 8)), None),
        ("two turns masked", 16, 6, [0, 1, 2, 3, 8, 9, 10], None),
        ("every token masked", 8, 6, list(range(8)), None),
    ]
    found: list[Record] = []
    for name, tokens, vocab_size, masked, num_items in cases:
        logits = made_up_logits(tokens, vocab_size)
        ids = [(5 * place + 2) % vocab_size for place in range(tokens)]
        labels = [IGNORED if place in masked else ids[place] for place in range(tokens)]
        loss = ForCausalLMLoss(
            torch.tensor([logits]),
            torch.tensor([labels]),
            vocab_size,
            num_items_in_batch=None if num_items is None else torch.tensor(num_items),
        )
        found.append(
            {
                "id": f"causal language model loss, {name}",
                "kind": "causal_lm_loss",
                "inputs": {
                    "logits": logits,
                    "input_ids": ids,
                    "labels": labels,
                    "num_items_in_batch": num_items,
                },
                "counted": {
                    "loss": _number(loss),
                    "target_tokens": sum(label != IGNORED for label in labels[1:]),
                },
            }
        )
    return found


def transformers_collator_records() -> list[Record]:
    """Record the labels that Transformers' collator makes for plain language modelling."""
    sets = {
        "": ["name a river <eos>", "what is the capital of france <eos>"],
        ", one text": ["add two and three <eos>"],
        ", three texts": ["seine <eos>", "it is paris <eos>", "what is the name <eos>"],
    }
    found: list[Record] = []
    for name, texts in sets.items():
        for pad in (PAD, EOS):
            tokenizer = make_tokenizer(pad)
            collator = DataCollatorForLanguageModeling(tokenizer, mlm=False)
            batch = collator([tokenizer(text) for text in texts])
            found.append(
                {
                    "id": f"Transformers collator, padded with {pad}{name}",
                    "kind": "labels",
                    "inputs": {
                        "texts": texts,
                        "pad_token": pad,
                        "pad_token_id": tokenizer.pad_token_id,
                        "input_ids": batch["input_ids"].tolist(),
                        "attention_mask": batch["attention_mask"].tolist(),
                    },
                    "counted": {"labels": batch["labels"].tolist()},
                }
            )
    return found


def prepare(examples: list[dict[str, Any]], **options: Untyped) -> tuple[Untyped, Untyped]:
    """Let TRL's trainer prepare a data set and its collator pad it into one batch.

    Args:
        examples: The rows of the data set.
        **options: Arguments of `SFTConfig`.

    Returns:
        The rows after preparation, and the batch.
    """
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


def trl_records() -> list[Record]:
    """Record the labels that TRL's `SFTTrainer` and its collator make."""
    disable_progress_bars()
    text = [{"text": "name a river seine"}, {"text": "two and three"}]
    pairs = [
        {"prompt": "what is the capital of france", "completion": " paris"},
        {"prompt": "add two and three", "completion": " five"},
    ]
    swapped = [
        {"prompt": "paris", "completion": " is the capital of france"},
        {"prompt": "name a", "completion": " river seine"},
        {"prompt": "three", "completion": " two"},
    ]
    chats = [
        {
            "messages": [
                {"role": "user", "content": "what is the capital of france"},
                {"role": "assistant", "content": "paris"},
                {"role": "user", "content": "name a river"},
                {"role": "assistant", "content": "seine"},
            ]
        },
        {
            "messages": [
                {"role": "user", "content": "add two and three"},
                {"role": "assistant", "content": "it is five"},
            ]
        },
    ]
    ids = [[3, 9, 4, 7, 8, 1], [5, 6, 1]]
    completion = [[0, 0, 0, 1, 1, 1], [0, 1, 1]]
    assistant = [[0, 1, 1, 0, 1, 1], [0, 1, 1]]
    tokens = [{"input_ids": row} for row in ids]
    with_completion = [
        {**row, "completion_mask": mask} for row, mask in zip(tokens, completion, strict=True)
    ]
    with_assistant = [
        {**row, "assistant_masks": mask} for row, mask in zip(tokens, assistant, strict=True)
    ]
    with_both = [{**a, **b} for a, b in zip(with_completion, with_assistant, strict=True)]
    cases: list[tuple[str, list[dict[str, Any]], dict[str, Any]]] = [
        ("text", text, {}),
        ("prompt and completion", pairs, {}),
        ("prompt and completion, loss on both", pairs, {"completion_only_loss": False}),
        ("prompt and completion, truncated", pairs, {"max_length": 7}),
        ("prompt and completion, swapped", swapped, {}),
        ("text, truncated", text, {"max_length": 3}),
        ("messages", chats, {}),
        ("messages, loss on the assistant", chats, {"assistant_only_loss": True}),
        ("messages of one turn, loss on the assistant", chats[1:], {"assistant_only_loss": True}),
        ("tokens", tokens, {}),
        ("tokens and completion_mask, left at the default", with_completion, {}),
        ("tokens and completion_mask", with_completion, {"completion_only_loss": True}),
        ("tokens and assistant_masks", with_assistant, {}),
        ("tokens and both masks", with_both, {"completion_only_loss": True}),
    ]
    found: list[Record] = []
    tokenizer = make_tokenizer()
    for name, examples, options in cases:
        rows, batch = prepare(examples, **options)
        prompts = [example["prompt"] for example in examples if "prompt" in example]
        found.append(
            {
                "id": f"TRL, {name}",
                "kind": "labels",
                "inputs": {
                    "examples": examples,
                    "options": options,
                    "prompt_tokens": [len(tokenizer(prompt)["input_ids"]) for prompt in prompts],
                    "input_ids": batch["input_ids"].tolist(),
                    "attention_mask": batch["attention_mask"].tolist(),
                },
                "counted": {
                    "labels": batch["labels"].tolist(),
                    "tokens": [len(row["input_ids"]) for row in rows],
                    "target_tokens": [
                        sum(label != IGNORED for label in row["labels"]) for row in rows
                    ],
                },
            }
        )
    return found


def accumulation_records() -> list[Record]:
    """Record the loss of an accumulated batch, averaged over micro-batches and over tokens.

    Every token of a micro-batch has the same logits and label 0.
    """
    found: list[Record] = []
    for sizes in ((10, 90), (50, 50), (1, 99), (7, 13), (64, 64), (1, 1)):
        logits = [[0.0, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0]]
        means, sums = [], []
        for tokens, row in zip(sizes, logits, strict=True):
            predicted = torch.tensor([row] * tokens)
            wanted = torch.zeros(tokens, dtype=torch.long)
            means.append(cross_entropy(predicted, wanted))
            sums.append(cross_entropy(predicted, wanted, reduction="sum"))
        found.append(
            {
                "id": f"accumulated loss, micro-batches of {sizes[0]} and {sizes[1]} tokens",
                "kind": "accumulated_loss",
                "inputs": {"tokens": list(sizes), "logits_of_every_token": logits, "label": 0},
                "counted": {
                    "micro_batch_means": [mean.item() for mean in means],
                    "micro_batch_sums": [total.item() for total in sums],
                    "mean_of_means": torch.stack(means).mean().item(),
                    "token_mean": (torch.stack(sums).sum() / sum(sizes)).item(),
                },
            }
        )
    return found


def records() -> list[Record]:
    """Record losses, labels and the two averages."""
    return [
        *cross_entropy_records(),
        *causal_lm_loss_records(),
        *transformers_collator_records(),
        *trl_records(),
        *accumulation_records(),
    ]
