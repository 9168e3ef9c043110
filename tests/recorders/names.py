"""What each tensor of a model is called, and its shape: as the package lists them, and as built."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

import transformers

from dlp import _config
from tests.recorders.common import build
from tests.recorders.parameters import class_name

if TYPE_CHECKING:
    from tests.recorders.common import Config, Untyped


def listed(config: Config) -> dict[str, int]:
    """Give the values of each tensor by its path, as the package lists what has parameters."""
    model = _config.read(config)
    base = model["family"]["base"]
    found: dict[str, int] = {}

    def add(name: str, values: int) -> None:
        if values:
            found[name] = found.get(name, 0) + values

    for path, part, inputs, outputs, has_bias, copies, places in model["placed"]:
        if part == "output_head" and model["sizes"]["tie_word_embeddings"]:
            inputs = 0
        layers, biases = copies, outputs if has_bias else 0
        if part in _config.EXPERTS:
            layers //= model["sizes"]["num_experts"]
            inputs *= model["sizes"]["num_experts"]
            biases *= model["sizes"]["num_experts"]
        for layer in range(layers) if places is None else places:
            name = path.replace("*", str(layer), 1)
            if model["counted"] in {"bare model", "encoder"} and base:
                name = name.removeprefix(f"{base}.")
            if part in _config.EXPERTS:
                name = name.rpartition(".")[0]
            add(name, inputs * outputs + biases)
    return found


def _class(config: Config) -> Untyped:
    """Find the class; some parts of others have one that only their own module names."""
    name = class_name(config)
    if found := getattr(transformers, name, None):
        return found
    file = type(transformers.AutoConfig.for_model(**config)).__module__
    return getattr(importlib.import_module(file.replace("configuration_", "modeling_")), name)


def built(config: Config) -> dict[str, int]:
    """Give the values of each module of the real model by its path, what is shared once."""
    model: Untyped = build(_class(config), config)
    found: dict[str, int] = {}
    for name, parameter in model.named_parameters():
        owner, _, last = name.rpartition(".")
        path = re.sub(r"\.norms\.\d+$", ".norms", owner)  # one for each head, listed together
        module = model.get_submodule(owner)
        own = path if last in {"weight", "bias"} else name
        if type(module).__name__.endswith(("Experts", "ExpertGLU")):
            own = owner
        found[own] = found.get(own, 0) + parameter.numel()
    return found


def differences(config: Config) -> list[str]:
    """Say what the two have otherwise."""
    ours, theirs = listed(config), built(config)
    return [
        f"{name}: {ours.get(name)} listed, {theirs.get(name)} built"
        for name in sorted({*ours, *theirs})
        if ours.get(name) != theirs.get(name)
    ]
