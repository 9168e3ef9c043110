"""Read what the real libraries counted: the records that `tests/recorders/record.py` writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "counted"
"""The folder of the records, a file for each topic."""

MANIFEST = Path(__file__).with_name("manifest.json")
"""What the recorder wrote: a hash of each record, by its topic and name."""

_TITLES = {
    "accelerate": "Accelerate",
    "datasets": "Datasets",
    "peft": "PEFT",
    "torch": "PyTorch",
    "transformers": "Transformers",
    "trl": "TRL",
}


@dataclass(frozen=True)
class Record:
    """What one run of a library was given, and what it counted."""

    topic: str
    id: str
    inputs: dict[str, Any]
    counted: dict[str, Any]
    versions: dict[str, str]
    kind: str = ""
    loop: str = ""
    breakdown: tuple[Any, ...] = ()

    def version(self, library: str) -> str:
        """Name a library and its version, such as "Transformers 5.23.0"."""
        return f"{_TITLES.get(library, library)} {self.versions[library]}"


def seal(witness: dict[str, Any]) -> dict[str, str]:
    """Give a hash of each record of a topic and the versions that it was made with."""
    return {
        entry["id"]: sha256(
            json.dumps([witness["versions"], entry], sort_keys=True).encode()
        ).hexdigest()[:16]
        for entry in witness["records"]
    }


@cache
def topics() -> tuple[str, ...]:
    """Give the names of the topics that have been recorded."""
    return tuple(path.stem for path in sorted(FOLDER.glob("*.json")))


def awaited() -> tuple[str, ...]:
    """Give the names of the topics that need a GPU and have not been recorded yet."""
    return tuple(topic for topic in ("gpu",) if topic not in topics())


@cache
def records(topic: str) -> tuple[Record, ...]:
    """Read all records of one topic, such as `"peft"`.

    Raises:
        ValueError: If one has not been counted yet.
    """
    loaded = json.loads((FOLDER / f"{topic}.json").read_text(encoding="utf-8"))
    if missing := [entry["id"] for entry in loaded["records"] if "counted" not in entry]:
        raise ValueError(
            f"counted/{topic}.json: {', '.join(missing)} is not counted yet: "
            f"python -m tests.recorders.record --new {topic}"
        )
    return tuple(
        Record(topic, **{"versions": loaded["versions"], **entry}) for entry in loaded["records"]
    )


def record(topic: str, identifier: str) -> Record:
    """Return the one record of a topic that has this identifier.

    Raises:
        ValueError: If there is none.
    """
    for found in records(topic):
        if found.id == identifier:
            return found
    known = ", ".join(repr(each.id) for each in records(topic))
    raise ValueError(f"no record {identifier!r} in {topic}.json; it has {known}")
