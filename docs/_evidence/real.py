"""One real model of each model type: its config, where that was read, and what is printed."""

import re
from dataclasses import dataclass
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
    return tuple(Real(record.id, **record.inputs["real"]) for record in found)
