"""The witnesses: what real libraries counted, and what papers and cards print.

Both are evidence of the tests, under `tests/libraries/` and `tests/published/`; the pages show it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import dlp
from _guide import published as printed

RECORDS = Path(__file__).parents[2] / "tests" / "libraries"
"""The folder of the records; `tests/libraries/record.py` writes them."""


@cache
def topic(name: str) -> dict[str, Any]:
    """Read all records of one topic, such as `"lora"`."""
    loaded: dict[str, Any] = json.loads((RECORDS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def record(name: str, identifier: str) -> dict[str, Any]:
    """Return the one record of a topic that has this identifier.

    Raises:
        ValueError: If there is none.
    """
    for found in topic(name)["records"]:
        if found["id"] == identifier:
            result: dict[str, Any] = found
            return result
    known = ", ".join(repr(each["id"]) for each in topic(name)["records"])
    raise ValueError(f"no record {identifier!r} in {name}.json; it has {known}")


def version(name: str, library: str) -> str:
    """Return the version of a library that counted a topic, such as "Transformers 5.23.0"."""
    titles = {"transformers": "Transformers", "torch": "PyTorch", "peft": "PEFT", "trl": "TRL"}
    return f"{titles.get(library, library)} {topic(name)['versions'][library]}"


def llama_layer_excess(method: str) -> float:
    """Give the share by which a Llama layer keeps more than the formula of a GPT layer says.

    Args:
        method: `"full"` or `"lora"`; both with attention that keeps no scores.
    """
    found = record(
        "states", f"saved for backward, a layer, Llama shape, {method}, sdpa, 256 tokens"
    )
    inputs = found["inputs"]
    formula = dlp.activation_bytes_per_layer(
        per_device_train_batch_size=inputs["per_device_train_batch_size"],
        sequence_length=inputs["sequence_length"],
        hidden_size=inputs["config"]["hidden_size"],
        num_attention_heads=inputs["config"]["num_attention_heads"],
        method=method,
        dtype="fp32",
        attention="flash",
    )
    share: float = found["counted"]["saved_bytes_per_layer"] / formula - 1
    return share


def published(identifier: str) -> printed.Row:
    """Return the one published number that has this identifier.

    Raises:
        ValueError: If there is none.
    """
    for row in printed.rows():
        if row.id == identifier:
            return row
    raise ValueError(f"no published number {identifier!r} in tests/published/numbers")


def published_source(key: str) -> dict[str, str]:
    """Return the name and address of the source of published numbers."""
    return printed.SOURCES[key]
