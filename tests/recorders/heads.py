"""Parameters of classification heads, as the Transformers classes build them."""

from __future__ import annotations

import torch
from transformers import (
    AutoConfig,
    AutoModelForImageClassification,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

from dlp import FAMILIES
from tests.recorders.common import Config, Record, Untyped, build, count

PACKAGES = ("torch", "transformers")

TASKS = {
    "sequence": AutoModelForSequenceClassification,
    "token": AutoModelForTokenClassification,
    "image": AutoModelForImageClassification,
}
"""One label for the whole text, one for every token (named-entity recognition), or an image's."""

SIZES = ((768, 2), (768, 3), (2048, 8), (4096, 8))
"""Pairs of hidden size and number of labels."""


def small_config(model_type: str, hidden_size: int, num_labels: int) -> Config:
    """Write a config with the wanted width and labels, and one small layer.

    The head does not depend on what lies below it, so the rest is as small as can be.
    """
    keys = FAMILIES[model_type]["keys"]
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


def count_head(model_type: str, task: str, hidden_size: int, num_labels: int) -> Record:
    """Record the head of one architecture, task and size."""
    model = build(TASKS[task], small_config(model_type, hidden_size, num_labels))
    modules = head_modules(model)
    biases = sum(
        parameter.numel()
        for name, parameter in model.named_parameters()
        if name.endswith(".bias") and name.removesuffix(".bias") in modules
    )
    pooler = getattr(model.base_model, "pooler", None)
    total = sum(modules.values())
    return {
        "id": f"{type(model).__name__}, {hidden_size} wide, {num_labels} labels",
        "inputs": {
            "architecture": type(model).__name__,
            "model_type": model_type,
            "task": task,
            "hidden_size": hidden_size,
            "num_labels": num_labels,
        },
        "counted": {
            "total": total,
            "weights": total - biases,
            "biases": biases,
            "modules": modules,
            "backbone_pooler": 0 if pooler is None else count(pooler),
        },
    }


def count_linear(in_features: int, out_features: int, *, bias: bool) -> Record:
    """Record one `torch.nn.Linear`."""
    layer = torch.nn.Linear(in_features, out_features, bias=bias, device="meta")
    biases = layer.bias.numel() if bias else 0
    return {
        "id": f"torch.nn.Linear({in_features}, {out_features}, bias={bias})",
        "inputs": {
            "architecture": "torch.nn.Linear",
            "hidden_size": in_features,
            "num_labels": out_features,
            "bias": bias,
        },
        "counted": {"total": count(layer), "weights": layer.weight.numel(), "biases": biases},
    }


def records() -> list[Record]:
    """Count the heads of all families, `TASKS` and `SIZES` that exist, then bare linear layers."""
    heads = [
        count_head(model_type, task, hidden_size, num_labels)
        for model_type in FAMILIES
        for task, auto_class in TASKS.items()
        if type(AutoConfig.for_model(model_type)) in auto_class._model_mapping
        for hidden_size, num_labels in SIZES
    ]
    linears = [
        count_linear(width, labels, bias=bias)
        for width, labels in ((768, 3), (2048, 8), (4096, 8))
        for bias in (True, False)
    ]
    return heads + linears
