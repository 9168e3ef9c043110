"""The memory ledger as stacked bars: the picture that questions three, four and six share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dlp
from _guide import given, pictures
from _guide.formats import decimal, gb, size
from _guide.live.calculators.methods import METHODS as METHODS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TARGET_MODULES = ["q_proj", "v_proj"]
"""What LoRA adapts on the pages."""


def of_given_model() -> dict[str, dict[str, int]]:
    """Reckon the given model in fp32 with AdamW, activations left out."""
    head = dlp.classification_head_parameters(
        hidden_size=given.hidden_size, num_labels=given.num_labels, bias=False
    )
    return dlp.memory_ledger(
        num_parameters=given.num_parameters, num_head_parameters=head, dtype="fp32"
    )


def run_of_llama(sequence_length: int, **changes: Any) -> dict[str, Any]:
    """Give the settings of one sequence in Llama-2-7B, with flash attention in bf16.

    Args:
        sequence_length: Its tokens.
        **changes: Other settings of `training`.
    """
    training = {
        "per_device_train_batch_size": 1,
        "max_length": sequence_length,
        "dtype": "bfloat16",
        "num_labels": given.num_labels,
    }
    return {"config": dlp.LLAMA_2_7B, "training": training | changes}


def adapters(
    r: int = given.r, target_modules: Sequence[str] | str = TARGET_MODULES
) -> dict[str, Any]:
    """Give the settings of adapters in the format of the model."""
    return {"r": r, "target_modules": target_modules, "autocast_adapter_dtype": False}


def kept_by_llama(sequence_length: int, **changes: Any) -> int:
    """Count the bytes that full fine-tuning of Llama-2-7B keeps of one sequence.

    Args:
        sequence_length: Its tokens.
        **changes: Other settings of `training` than those of `run_of_llama`.
    """
    return dlp.activation_bytes(**run_of_llama(sequence_length, **changes))


def kept_by_gpt(sequence_length: int) -> int:
    """Count the bytes that as many layers of GPT keep, as wide and with as many heads."""
    llama = dlp.transformer_dimensions(config=dlp.LLAMA_2_7B)
    return llama["num_hidden_layers"] * dlp.megatron_activation_bytes(
        per_device_train_batch_size=1,
        sequence_length=sequence_length,
        hidden_size=llama["hidden_size"],
        num_attention_heads=llama["num_attention_heads"],
        attention="flash",
    )


def of_llama(
    sequence_length: int, r: int = given.r, target_modules: Sequence[str] | str = TARGET_MODULES
) -> dict[str, dict[str, int]]:
    """Reckon Llama-2-7B as a classifier in bf16, one sequence at a time.

    QLoRA leaves embeddings and norms as they are. The output head is replaced by the classification
    head.
    """
    return dlp.memory_ledger(**run_of_llama(sequence_length), lora=adapters(r, target_modules))


def picture(rows: Mapping[str, Mapping[str, int]], *, name: str, title: str, caption: str) -> str:
    """Draw rows of a ledger as stacked bars in GB, with every part in the text alternative."""
    bars = {
        label: {part.replace("_", " "): n for part, n in row.items() if n and part != "total"}
        for label, row in rows.items()
    }
    return pictures.stacked_bars(
        rows={
            label: {part: dlp.gigabytes(num_bytes=n) for part, n in row.items()}
            for label, row in bars.items()
        },
        unit="GB",
        number=decimal,
        name=name,
        title=title,
        summary="; ".join(
            f"{label}: {gb(sum(row.values()))}, "
            + ", ".join(f"{part} {size(n)}" for part, n in row.items())
            for label, row in bars.items()
        ),
        caption=caption,
    )
