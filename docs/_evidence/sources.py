"""The bibliography: every paper, library file and page that the guide cites, and the place read.

The sources stand in `sources.toml`. `where` names the place that pages cite a source for: a
section, table or equation of a paper, or a function and its lines in one version of a library. A
published number in `docs/_evidence/printed/` names its own place.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """One thing cited."""

    key: str
    title: str
    authors: tuple[str, ...]
    """People, or one organisation; the last may be "others"."""
    year: int
    url: str
    short: str
    """The text of a short link: surnames and year of people, else the title."""
    where: str = ""
    read: str = "original"
    """What was read of it: `"original"`, or a `"transcription"` of the table that is named."""


def _source(key: str, title: str, year: int, url: str, **rest: Any) -> Source:
    people = tuple(rest.pop("authors", ()))
    authors = people or (rest.pop("by"),)
    label = rest.pop("label", "") or (_surnames(people, year) if people else title)
    return Source(key, title, authors, year, url, label, **rest)


def _surnames(people: tuple[str, ...], year: int) -> str:
    surnames = [person.split()[-1] for person in people]
    few = len(surnames) < 3 and surnames[-1] != "others"
    return f"{' and '.join(surnames) if few else f'{surnames[0]} et al.'} ({year})"


def _read(path: Path) -> dict[str, Source]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name}: {error}") from error
    return {key: _source(key, **fields) for key, fields in found.items()}


SOURCES = _read(Path(__file__).with_suffix(".toml"))
"""Every source by its key, in the order of the file."""


def cite(key: str) -> str:
    """Return a short Markdown link to a source, such as `[Hu et al. (2021)](https://…)`."""
    source = find(key)
    return f"[{source.short}]({source.url})"


def source_list(*keys: str) -> str:
    """Return a Markdown list of sources: authors, year, linked title, and the place read."""
    return "\n".join(_item(find(key)) for key in keys)


def find(key: str) -> Source:
    """Return the source that has a key.

    Raises:
        ValueError: If there is none.
    """
    try:
        return SOURCES[key]
    except KeyError:
        message = f"no source has the key {key!r}; the keys are {', '.join(SOURCES)}"
        raise ValueError(message) from None


def _item(source: Source) -> str:
    *first, last = source.authors
    names = f"{', '.join(first)} and {last}" if first else last
    place = f": {source.where}" if source.where else ""
    return f"- {names} ({source.year}). [{source.title}]({source.url}){place}."
