"""Laws that formulas keep whatever their arguments: a sentence each, and the formulas it is about.

They stand in `laws.toml`. A test of the same name tries each on every formula that it names.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

LAWS: dict[str, list[str]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)
"""The formulas of each law, by its sentence."""
