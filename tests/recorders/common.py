"""What every recorder needs: the shape of a record, versions, and models from a config."""

from __future__ import annotations

import gc
import os
from copy import deepcopy
from importlib import metadata
from typing import Any

# No recorder needs the network. Say so before a Hugging Face library is imported.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from transformers import AutoConfig

Record = dict[str, Any]
"""One observation: `id`, `inputs` (what was built) and `counted` (what the library gave)."""

Config = dict[str, Any]
"""A hand-written `config.json`, with the keys that Hugging Face's own files have."""

Untyped = Any
"""What a library that says little of its types takes or gives, such as a model."""


def installed_versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Name the installed version of each package, without a local build tag such as `+cpu`."""
    return {name: metadata.version(name).partition("+")[0] for name in sorted(packages)}


def build(
    auto_class: Untyped, config: Config, *, device: str = "meta", **options: Untyped
) -> Untyped:
    """Build a Transformers model from a config, with fresh weights.

    Args:
        auto_class: An `AutoModelFor...` class, or that of a model.
        config: The config, with `model_type`.
        device: Where the weights live. On `meta` they have shapes and take no memory.
        **options: What `auto_class.from_config` takes, such as `attn_implementation`.

    Returns:
        The model.
    """
    if device != "meta":
        gc.collect()  # models refer to themselves: let the last one go before the next comes
    with torch.device(device):
        make = getattr(auto_class, "from_config", None) or auto_class._from_config
        return make(AutoConfig.for_model(**deepcopy(config)), **options)  # some change it


def count_parameters(module: Untyped) -> int:
    """Count a module's parameters, a shared one once."""
    return sum(parameter.numel() for parameter in module.parameters())
