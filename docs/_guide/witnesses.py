"""What real libraries counted, read from the records under `tests/libraries/`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

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
