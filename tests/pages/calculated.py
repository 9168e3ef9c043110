"""What readers may set in a calculator: each field by itself, and many at once."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import dlp
from _guide.calculators import CALCULATORS
from _guide.live import models

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _guide.calculators import Field

NUMBERS = (1, 2, 3, 7, 24, 25, 1000, 4097, 10**9, 10**15, 0, -1)
PASTED: tuple[Any, ...] = (
    dict(dlp.GPT2),
    {**dlp.LLAMA_3_8B, "num_hidden_layers": 40},
    dict(dlp.MISTRAL_7B, sliding_window=4096),
    dict(dlp.BERT_BASE),
    {"model_type": "no-such-model"},
    {"model_type": "llama", "hidden_size": "4096"},
    {},
    None,
)
OTHERS: tuple[Any, ...] = (
    {"weight_decay": 0.1},
    {"max_grad_norm": 0, "optim_args": "momentum=0.9"},
    {"bf16": True},
    {"per_device_train_batch_size": 1},
    {"attention_mask": True},
    {"no_such_setting": 1},
    None,
)
ROUNDS = 30
"""Times that many fields are changed at once."""


def states(name: str) -> Iterator[dict[str, Any]]:
    """Give what the fields of a calculator hold: first as they begin, then changed."""
    made = CALCULATORS[name]
    begins = made.values()
    yield begins
    for field in made.fields:
        for value in _held(field):
            yield _with(begins, {field.name: value})
    chance = random.Random(name)  # noqa: S311 - not for secrets
    for _ in range(ROUNDS):
        some = chance.sample(made.fields, min(len(made.fields), chance.randrange(2, 6)))
        # Mostly such that it is no refusal.
        yield _with(
            begins,
            {field.name: chance.choice(_held(field)[: chance.choice([4, 99])]) for field in some},
        )


def _held(field: Field) -> list[Any]:
    if field.kind == "config":
        return list(PASTED if field.name == "config" else OTHERS)
    if field.kind == "bool":
        return [True, False]
    return list(field.choices) or list(NUMBERS)


def _with(begins: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    model = {"model": models.PASTED} if changed.get("config") is not None else {}
    return {**begins, **changed, **model}
