"""The models that calculators know by name, and configs that are pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dlp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PASTED, NONE = "pasted", "none"

CONFIGS = {
    "llama-3-8b": dlp.LLAMA_3_8B,
    "llama-2-7b": dlp.LLAMA_2_7B,
    "mistral-7b": dlp.MISTRAL_7B,
    "qwen2.5-7b": dlp.QWEN2_5_7B,
    "mixtral-8x7b": dlp.MIXTRAL_8X7B,
    "gpt2": dlp.GPT2,
}
"""The models, as the command spells them."""

DECODERS = {
    "llama-3-8b": "Llama 3 8B",
    "llama-2-7b": "Llama 2 7B",
    "mistral-7b": "Mistral 7B",
    "qwen2.5-7b": "Qwen2.5 7B",
    "mixtral-8x7b": "Mixtral 8x7B",
    "gpt2": "GPT-2",
    PASTED: "config.json, pasted",
}
"""What a reader chooses from."""


def chosen(values: Mapping[str, Any]) -> Any:
    """Give the config that a reader chose or pasted, None where only numbers are given."""
    model = values["model"]
    if model == NONE:
        return None
    if model != PASTED:
        return CONFIGS[model]
    if values["config"] is None:
        raise ValueError("config must be pasted: the text of a model's config.json")
    return values["config"]


def name(values: Mapping[str, Any]) -> str:
    """Give the name that `dlp` has for the chosen model, or none."""
    model = values["model"]
    return "" if model in (PASTED, NONE) else model.upper().replace("-", "_").replace(".", "_")
