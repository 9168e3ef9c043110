"""A small run, and what is read of it and what its step holds: the tests of loops change it."""

from __future__ import annotations

from typing import Any

import dlp
from dlp import _training

CONFIG: dict[str, Any] = dlp.LLAMA_3_8B
TRAINING: dict[str, Any] = {
    "per_device_train_batch_size": 2,
    "max_length": 64,
    "dtype": "bfloat16",
}
LORA: dict[str, Any] = {"r": 8, "target_modules": ["q_proj", "v_proj"]}
NF4: dict[str, Any] = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}


def setup(library: str = "transformers", **training: object) -> dict[str, Any]:
    """Read the settings of a run with adapters."""
    return _training.read(CONFIG, TRAINING | training, LORA, None, None, library)


def step(library: str = "transformers", **training: object) -> dict[str, dict[str, int]]:
    """Give the moments of a step that trains all."""
    return dlp.peak_memory(config=CONFIG, training=TRAINING | training, library=library)["moments"]
