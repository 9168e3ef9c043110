"""One real model of each model type: its config, where that was read, and what is printed."""

import re
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cache
from typing import Any

import dlp
from _evidence import records, sources
from _evidence.claims import UNITS, rounds_to

TRANSFORMERS = "https://github.com/huggingface/transformers/blob/v5.23.0/"


@dataclass(frozen=True)
class Real:
    """A real model."""

    model_type: str
    model: str
    """Its name on its page."""
    source: dict[str, str]
    """Where its config was read, or at least its name."""
    label: str = ""
    """The name of its config among those that Transformers counted; none if no config was read."""
    config: dict[str, Any] | None = None
    """Its config, where Transformers builds it otherwise than its weights are."""
    published: dict[str, Any] | None = None
    """The total that is printed of it, by whom, and why it differs if it does."""

    @property
    def own(self) -> dict[str, Any] | None:
        """Its config, if it was read."""
        if not self.label:
            return self.config
        found: dict[str, Any] = configs(self.model_type)[self.label]
        return found

    @property
    def total(self) -> int | None:
        """Its parameters, as we count them."""
        return None if self.own is None else dlp.parameter_count(config=self.own)

    @property
    def comes_out(self) -> bool:
        """Whether the total that is printed is ours, to the digits that it has."""
        if self.published is None or self.total is None:
            return False
        ((digits, unit),) = re.findall(r"^([\d.]+)(\w*)$", str(self.published["total"]))
        rounding = "rounded" if unit else "exact"
        return rounds_to(Fraction(self.total) / UNITS[unit], digits, rounding)


def address(source: dict[str, str]) -> str:
    """Give the address of a source."""
    if "key" in source:
        return sources.find(source["key"]).url
    if "address" in source:
        return source["address"]
    if "commit" in source:
        return "https://github.com/{repository}/blob/{commit}/{path}".format(**source)
    if source["title"].startswith("Transformers"):
        return TRANSFORMERS + source["path"]
    return "https://github.com/{repository}".format(**source)


def configs(model_type: str) -> dict[str, Any]:
    """Give the configs of a type that Transformers counted, by their names."""
    found: dict[str, Any] = records.record("configs", model_type).inputs["configs"]
    return found


@cache
def models() -> tuple[Real, ...]:
    """Read the real models, in the order of the alphabet of their types."""
    found = sorted(records.records("configs"), key=lambda record: record.id)
    return tuple(real(record.id, record.inputs) for record in found)


def real(model_type: str, inputs: dict[str, Any]) -> Real:
    """Read the real model of a type from the inputs of its record.

    Raises:
        ValueError: If it is not written as the others are.
    """
    place, written = f"counted/configs.json, {model_type}", inputs.get("real", {})
    keys = {field.name for field in fields(Real)} - {"model_type"}
    if not {"model", "source"} <= written.keys() <= keys:
        raise ValueError(f"{place}: real has model and source, and of {sorted(keys)} what applies")
    ways = ({"key"}, {"title", "address"}, {"title", "path"}, {"repository"})
    told = [written, *([written["published"]] if "published" in written else [])]
    for source in (each.get("source") for each in told):
        if not isinstance(source, dict) or not any(way <= source.keys() for way in ways):
            raise ValueError(
                f"{place}: a source has a key of sources.toml, a title and an address, a title and "
                f"a path in Transformers, or a repository with or without path and commit: {source}"
            )
    if written.get("label", "") not in ("", *inputs["configs"]):
        raise ValueError(
            f"{place}: the label of real must be that of one of its configs, {written['label']!r} "
            "is none"
        )
    return Real(model_type, **written)
