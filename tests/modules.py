"""The modules of a model by their paths, as the package lists them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from dlp import _config

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADS = ("score", "classifier", "pre_classifier", "classification_head", "dense", "pooler")
"""The first part of the path of a head over labels, whose layers each class calls otherwise."""

ROOTS = ("transformer", "model")
"""What the bare model is called in a class over it; one that answers questions has either."""


def listed(config: Mapping[str, Any]) -> dict[str, int]:
    """Give the values of each module by its path."""
    model = _config.read(config)
    base = model["family"]["base"]
    found: dict[str, int] = {}
    for path, part, inputs, outputs, has_bias, copies, places in model["placed"]:
        if part == "output_head" and model["sizes"]["tie_word_embeddings"]:
            inputs = 0
        values, layers = inputs * outputs + has_bias * outputs, copies
        if part in _config.EXPERTS:
            layers //= model["sizes"]["num_experts"]
            values *= model["sizes"]["num_experts"]
        for layer in range(layers) if places is None else places:
            name = path.replace("*", str(layer), 1)
            if model["counted"] in {"bare model", "encoder"} and base:
                name = name.removeprefix(f"{base}.")
            if part in _config.EXPERTS:
                name = name.rpartition(".")[0]
            if values:
                found[name] = found.get(name, 0) + values
    return found


def folded(modules: Mapping[str, int]) -> dict[str, int]:
    """Join what heads over labels have, and name what some keep under another as elsewhere."""
    found: dict[str, int] = {}
    for path, values in modules.items():
        root, _, rest = path.partition(".")
        moved = root in (ROOTS if "qa_outputs" in modules else ROOTS[:1])
        name = "over labels" if root in HEADS else rest if moved else path
        found[name] = found.get(name, 0) + values
    return found


def digest(modules: Mapping[str, int]) -> str:
    """Give a short hash of modules and their values, by which two lists are compared."""
    return hashlib.sha256(json.dumps(folded(modules), sort_keys=True).encode()).hexdigest()[:16]
