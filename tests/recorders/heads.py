"""Parameters of classification heads, as the Transformers classes build them."""

from __future__ import annotations

import torch
import transformers
from transformers import AutoConfig

from dlp import FAMILIES
from tests.recorders.common import Config, Record, Untyped, build, count_parameters

PACKAGES = ("torch", "transformers")


def small_config(model_type: str, hidden_size: int, num_labels: int) -> Config:
    """Write a config with the wanted width and labels, and one small layer.

    The head does not depend on what lies below it, so the rest is as small as can be.
    """
    keys = FAMILIES[model_type]()["keys"]
    sizes = {
        "hidden_size": hidden_size,
        "num_hidden_layers": 1,
        "num_attention_heads": 8,
        "intermediate_size": 16,
    }
    config: Config = {(*keys.get(name, ()), name)[0]: size for name, size in sizes.items()}
    if "num_key_value_heads" in AutoConfig.for_model(model_type).to_dict():
        config["num_key_value_heads"] = 8
    return {"model_type": model_type, "num_labels": num_labels, **config}


def head_modules(model: Untyped) -> dict[str, int]:
    """Count each layer with parameters that is not in the backbone, by its dotted name."""
    backbone = f"{model.base_model_prefix}."
    return {
        name: sum(parameter.numel() for parameter in module.parameters(recurse=False))
        for name, module in model.named_modules()
        if not f"{name}.".startswith(backbone)
        and next(module.parameters(recurse=False), None) is not None
    }


def count(setup: Record) -> Record:
    """Count the layers over the backbone of a class, or those of a bare linear layer."""
    inputs = setup["inputs"]
    width, labels = inputs["hidden_size"], inputs["num_labels"]
    if inputs["architecture"] == "torch.nn.Linear":
        layer = torch.nn.Linear(width, labels, bias=inputs["bias"], device="meta")
        biases = layer.bias.numel() if inputs["bias"] else 0
        total = count_parameters(layer)
        return {"counted": {"total": total, "weights": total - biases, "biases": biases}}
    config = small_config(inputs["model_type"], width, labels)
    model = build(getattr(transformers, inputs["architecture"]), config)
    modules = head_modules(model)
    biases = sum(
        parameter.numel()
        for name, parameter in model.named_parameters()
        if name.endswith(".bias") and name.removesuffix(".bias") in modules
    )
    pooler = getattr(model.base_model, "pooler", None)
    total = sum(modules.values())
    return {
        "counted": {
            "total": total,
            "weights": total - biases,
            "biases": biases,
            "modules": modules,
            "backbone_pooler": 0 if pooler is None else count_parameters(pooler),
        }
    }
