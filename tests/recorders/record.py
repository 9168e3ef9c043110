"""Build the real thing with the real libraries and record what they count.

    python -m tests.recorders.record                 # every topic
    python -m tests.recorders.record peft heads      # some of them
    python -m tests.recorders.record --new peft      # of it what is new or changed

What is to be counted stands in `docs/_evidence/counted/<topic>.json`: the `id` and the `inputs` of
each record. Add those of one more, and the recorder adds what is `counted`, and a hash of the
record to `docs/_evidence/manifest.json`. The packages and versions are in
`tests/recorders/requirements.in`. Nothing is downloaded: models are built from hand-written
configs, most of them on torch's `meta` device, where weights have shapes and take no memory.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import warnings
from importlib import import_module
from typing import Any

from _evidence.records import FOLDER, MANIFEST, seal

Untyped = Any
"""What is read of JSON."""

TOPICS = (
    "parameters",
    "configs",
    "heads",
    "peft",
    "updates",
    "epoch",
    "files",
    "states",
    "activations",
    "cache",
    "compute",
    "objective",
    "peak",
    "sharded",
    "step",
    "runs",
    "warmup",
    "packing",
    "answers",
)
"""The topics, each a module of `recorders` and a file of the same name."""

DEEPEST = 5
"""From which depth on the files of records are written on one line."""

GPU_TOPICS = ("gpu",)
"""Topics that need a GPU; recorded only when they are named."""


def recorded(topic: str) -> Untyped:
    """Read the recorded file of a topic; one that is not there yet lists nothing."""
    path = FOLDER / f"{topic}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {"versions": {}, "records": []}


def observe(topic: str, *, new: bool = False) -> dict[str, Any]:
    """Count with the installed libraries what the file of a topic lists.

    Args:
        topic: One of `TOPICS` or `GPU_TOPICS`.
        new: Whether records are kept that these versions have counted as they stand in the file,
            where each is counted by itself.

    Returns:
        `versions`, the installed version of each package that matters, and `records`, exactly
        as they would be read back from the file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the libraries warn of each other's deprecations
        recorder = import_module(f"tests.recorders.{topic}")
        versions = import_module("tests.recorders.common").installed_versions(recorder.PACKAGES)
        listed = setups(recorded(topic)["records"], versions)
        if more := getattr(recorder, "more", None):
            listed += more(listed)
        found = count_all(listed) if (count_all := getattr(recorder, "count_all", None)) else None
        kept = sealed(topic, versions) if new and not found else set()
        counted = [
            each
            if each["id"] in kept
            else _kept(each, versions) | (found[place] if found else recorder.count(each))
            for place, each in enumerate(listed)
        ]
        return {"versions": versions, "records": counted}


def sealed(topic: str, versions: dict[str, str]) -> set[str]:
    """Name the records of a topic that stand as these versions left them."""
    hashes = json.loads(MANIFEST.read_text("utf-8")).get(topic, {})
    witness = {**recorded(topic), "versions": versions}
    return {name for name, value in seal(witness).items() if hashes.get(name) == value}


def setups(records: list[Untyped], versions: dict[str, str]) -> list[Untyped]:
    """Choose the records that the installed release of Transformers is asked to count.

    A record that names its own `versions` belongs to that release. One that has none yet takes
    over those of the newest.
    """
    release = versions["transformers"]
    own = {
        record["versions"].get("transformers", "0") for record in records if "versions" in record
    }
    asked = release if release in own else max(own, key=_release, default=release)
    return [
        {**record, "id": record["id"].replace(asked, release)}
        for record in records
        if record.get("versions", {}).get("transformers", asked) == asked
    ]


def _kept(setup: Untyped, versions: dict[str, str]) -> Untyped:
    kept = {key: value for key, value in setup.items() if key not in {"counted", "breakdown"}}
    if "versions" in kept:
        kept["versions"] = versions
    return kept


def keep_other_releases(new: Untyped, old: Untyped) -> Untyped:
    """Join a new recording with the records of releases that are not installed.

    Args:
        new: What `observe` returned.
        old: The recorded file so far.

    Returns:
        One witness; its top-level versions are those of the newest Transformers in it.
    """
    installed = new["versions"]["transformers"]
    others = [
        record
        for record in old["records"]
        if record.get("versions", {}).get("transformers", installed) != installed
    ]
    if not others:
        return new
    newest = max(
        (new["versions"], old["versions"]), key=lambda names: _release(names["transformers"])
    )
    records = sorted(
        new["records"] + others,
        key=lambda record: _release(record.get("versions", {}).get("transformers", "0")),
    )
    return {"versions": newest, "records": records}


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def to_json(witness: dict[str, Any]) -> str:
    """Write a witness as JSON, indented, with a list of plain values on one line, or a config."""
    return _written(witness, 0) + "\n"


def _written(value: Untyped, depth: int) -> str:
    named = isinstance(value, dict)
    inner = list(value.values() if named else value) if _holds(value) else []
    if not inner or depth == DEEPEST or not (named or any(map(_holds, inner))):
        return json.dumps(value, ensure_ascii=False)
    lines = [_written(each, depth + 1) for each in inner]
    if named:
        lines = [f"{json.dumps(name)}: {line}" for name, line in zip(value, lines, strict=True)]
    start, end = "{}" if named else "[]"
    space = "\n" + "  " * depth
    return start + ",".join(f"{space}  {line}" for line in lines) + space + end


def _holds(value: Untyped) -> bool:
    return isinstance(value, (dict, list))


def record(topic: str, *, new: bool = False) -> int:
    """Run a topic, or what is new of it, and write its file.

    Returns:
        How many records the file now holds.
    """
    witness = keep_other_releases(observe(topic, new=new), recorded(topic))
    (FOLDER / f"{topic}.json").write_text(to_json(witness), "utf-8")
    sealed = json.loads(MANIFEST.read_text("utf-8")) | {topic: seal(witness)}
    MANIFEST.write_text(json.dumps(sealed, indent=1, sort_keys=True) + "\n", "utf-8")
    return len(witness["records"])


def main() -> None:
    """Record the topics named on the command line, or all of them."""
    parser = argparse.ArgumentParser(description="Record what the real libraries count.")
    parser.add_argument("topics", nargs="*", metavar="topic", help=", ".join(TOPICS + GPU_TOPICS))
    parser.add_argument("--new", action="store_true", help="count what is new or changed")
    chosen = parser.parse_args()
    topics = chosen.topics or list(TOPICS)
    unknown = sorted(set(topics) - set(TOPICS + GPU_TOPICS))
    if unknown:
        parser.error(f"no topic {', '.join(unknown)}; there are {', '.join(TOPICS + GPU_TOPICS)}")
    for topic in topics:
        started = time.perf_counter()
        records = record(topic, new=chosen.new)
        seconds = time.perf_counter() - started
        sys.stdout.write(f"{topic}.json: {records} records, {seconds:.1f} s\n")


if __name__ == "__main__":
    main()
