"""Parameters of well-known architectures, counted on the model that Transformers builds."""

from __future__ import annotations

from collections import Counter
from typing import Any

from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM

from tests.recorders.common import (
    Config,
    Record,
    Untyped,
    build,
    count,
    installed_versions,
)
from tests.recorders.shapes import MODELS

PACKAGES = ("torch", "transformers")

MODEL_CLASSES = {
    "bert": AutoModel,
    "roberta": AutoModel,
    "distilbert": AutoModel,
    "t5": AutoModelForSeq2SeqLM,
    "vit": AutoModel,
}
"""What is built: of encoders the bare model, of all others not listed the causal language model."""

PARTS = (
    "token_embedding",
    "position_embedding",
    "attention",
    "mlp",
    "norm",
    "bias",
    "output_head",
    "router",
    "projection",
    "segment_embedding",
    "patch_embedding",
    "pooler",
)
"""Where a parameter can belong.

`attention` and `mlp` are weight matrices only; `bias` holds the biases of all linear layers but
the pooler's; `norm` holds the weights and the biases of the norms; a tied output head counts as 0.
"""

_POSITIONS = ("wpe", "embed_positions", "position_embeddings", "relative_attention_bias")


def part_of(module_name: str, module: Untyped, parameter_name: str) -> str:
    """Say which of `PARTS` a parameter belongs to.

    Args:
        module_name: The dotted name of the module that owns it.
        module: That module.
        parameter_name: Its own name in the module, such as `weight` or `bias`.

    Returns:
        One of `PARTS`.

    Raises:
        ValueError: The module is of a kind that no rule covers.
    """
    kind = type(module).__name__
    if "Norm" in kind:
        return "norm"
    if kind == "Conv2d" or parameter_name == "cls_token":
        return "patch_embedding"
    if "Embedding" in kind:
        if module_name.endswith(_POSITIONS) or parameter_name == "position_embeddings":
            return "position_embedding"
        segments = module_name.endswith("token_type_embeddings")
        return "segment_embedding" if segments else "token_embedding"
    if "Router" in kind:
        return "router"
    if kind.endswith("Experts"):
        return "mlp"
    if not is_linear(module):
        message = f"no rule for {kind} at {module_name}"
        raise ValueError(message)
    if "pooler" in module_name:
        return "pooler"
    if parameter_name == "bias":
        return "bias"
    if module_name == "lm_head":
        return "output_head"
    if module_name.endswith(("project_in", "project_out")):
        return "projection"
    return "attention" if "att" in module_name.lower() else "mlp"


def is_linear(module: Untyped) -> bool:
    """Say whether a module is a linear layer, for PEFT as for us."""
    return type(module).__name__ in {"Linear", "FalconLinear", "Conv1D"}


def count_parts(model: Untyped) -> dict[str, int]:
    """Split a model's parameters into `PARTS`, a shared parameter once."""
    parts = dict.fromkeys(PARTS, 0)
    seen: set[int] = set()
    for module_name, module in model.named_modules():
        for parameter_name, parameter in module.named_parameters(recurse=False):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                parts[part_of(module_name, module, parameter_name)] += parameter.numel()
    return parts


def count_linear_layers(model: Untyped) -> list[list[Any]]:
    """List the linear layers but the output head: name, inputs, outputs, bias, how many."""
    kinds = Counter(
        (name.rpartition(".")[2], *_shape(module), module.bias is not None)
        for name, module in model.named_modules()
        if is_linear(module) and name != "lm_head"
    )
    return sorted([*kind, copies] for kind, copies in kinds.items())


def _shape(module: Untyped) -> tuple[int, int]:
    rows, columns = module.weight.shape
    # Conv1D keeps its weight with a row for each input, a linear layer with one for each output.
    return (rows, columns) if type(module).__name__ == "Conv1D" else (columns, rows)


def count_model(config: Config) -> dict[str, Any]:
    """Build the model of a config without memory for its weights and count it.

    Raises:
        RuntimeError: The parts do not add up to the total.
    """
    model = build(MODEL_CLASSES.get(config["model_type"], AutoModelForCausalLM), config)
    total, parts = count(model), count_parts(model)
    if sum(parts.values()) != total:
        message = f"parts sum to {sum(parts.values())}, the model has {total}"
        raise RuntimeError(message)
    return {"total": total, "parts": parts, "linear_layers": count_linear_layers(model)}


def records() -> list[Record]:
    """Count every model in `MODELS`.

    Release 5 of Transformers ties the output head of every T5 that it builds from a config; only
    the one before it builds those that have their own.
    """
    untied = {
        name: config
        for name, config in MODELS.items()
        if config["model_type"] == "t5" and config.get("tie_word_embeddings") is False
    }
    versions = installed_versions(PACKAGES)
    configs = untied
    if not versions["transformers"].startswith("4."):
        configs = {name: config for name, config in MODELS.items() if name not in untied}
        for name, config in untied.items():
            configs[f"{name}, with a tied head"] = {**config, "tie_word_embeddings": True}
    return [
        {"id": name, "versions": versions, "inputs": config, "counted": count_model(config)}
        for name, config in configs.items()
    ]
