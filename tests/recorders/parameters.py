"""Parameters of well-known architectures, counted on the model that Transformers builds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import transformers

from dlp import FAMILIES
from tests.recorders.common import Config, Record, Untyped, build, count_parameters

PACKAGES = ("torch", "transformers")

PARTS = (
    "token_embedding",
    "position_embedding",
    "attention",
    "mlp",
    "mixer",
    "norm",
    "bias",
    "output_head",
    "router",
    "projection",
    "segment_embedding",
    "patch_embedding",
    "pooler",
    "classification_head",
)
"""Where a parameter can belong.

`attention` and `mlp` are weight matrices only; `bias` holds the biases of all linear layers but
the pooler's and those of a head over labels; `norm` holds the weights and the biases of the norms;
a tied output head counts as 0.
"""

_OUTPUT_HEADS = (
    "lm_head",
    "lm_head.decoder",
    "cls.predictions.decoder",
    "vocab_projector",
    "output_projection",
    "embed_out",
    "decoder",
)
_BEFORE_THEM = ("lm_head.dense", "cls.predictions.transform.dense", "vocab_transform")
_BESIDE = (
    "project_in",
    "project_out",
    "per_layer_model_projection",
    "altup_projections",
    "altup_unembed_projections",
)
_OVER_LABELS = ("score", "classifier", "pre_classifier", "classification_head")
_VECTORS = {
    "input_residual": "attention",
    "post_attention_residual": "mlp",
    "alpha_p": "mlp",
    "alpha_n": "mlp",
    "correct_output_scale": "mlp",
}
_POSITIONS = (
    "wpe",
    "embed_positions",
    "positions_embed",
    "position_embeddings",
    "relative_attention_bias",
)


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
    if "Router" in kind or module_name.endswith("router.proj"):
        return "router"
    if kind.endswith("Experts"):
        return "mlp"
    if module_name.startswith(_OVER_LABELS):
        return "classification_head"
    if kind.endswith(("LMHead", "PredictionHead")):
        return "bias"  # of the output head, kept beside it
    if kind.endswith("Attention") or parameter_name in _VECTORS:
        return _VECTORS.get(parameter_name, "attention")
    if not is_linear(module):
        message = f"no rule for {kind} at {module_name}"
        raise ValueError(message)
    if "pooler" in module_name:
        return "pooler"
    if parameter_name == "bias":
        return "bias"
    if module_name in _OUTPUT_HEADS:
        return "output_head"
    if module_name.rstrip(".0123456789").endswith(_BESIDE) or module_name in _BEFORE_THEM:
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
    """List the linear layers that are no heads: name, inputs, outputs, bias, how many."""
    kinds = Counter(
        (name.rpartition(".")[2], *_shape(module), module.bias is not None)
        for name, module in model.named_modules()
        if is_linear(module)
        and not name.startswith(_OVER_LABELS)
        and not name.endswith("router.proj")
        and name not in _OUTPUT_HEADS
    )
    return sorted([*kind, copies] for kind, copies in kinds.items())


def _shape(module: Untyped) -> tuple[int, int]:
    rows, columns = module.weight.shape
    # Conv1D keeps its weight with a row for each input, a linear layer with one for each output.
    return (rows, columns) if type(module).__name__ == "Conv1D" else (columns, rows)


def class_name(config: Config) -> str:
    """Name the class that a config names, or the one that is counted where it names none.

    Some families have names of their own for the classes of another.
    """
    family = FAMILIES[config["model_type"]]()
    usual = [name for name, what in family["classes"].items() if what == family["counted"]]
    named = str(config.get("architectures", usual)[0])
    return named if hasattr(transformers, named) else usual[0]


def count(setup: Record) -> Record:
    """Build the model of a config without memory for its weights and count it.

    Release 5 of Transformers ties the output head of every T5 that it builds from a config; only
    the one before it builds those that have their own.

    Raises:
        RuntimeError: The parts do not add up to the total.
    """
    config = setup["inputs"]
    model = build(getattr(transformers, class_name(config)), config)
    total, parts = count_parameters(model), count_parts(model)
    if sum(parts.values()) != total:
        message = f"parts sum to {sum(parts.values())}, the model has {total}"
        raise RuntimeError(message)
    layers = count_linear_layers(model)
    return {"counted": {"total": total, "parts": parts, "linear_layers": layers}}


def more(listed: list[Record]) -> list[Record]:
    """Ask for each further class that is counted and not listed, of the first of its family."""
    first: dict[str, Config] = {}
    for setup in listed:
        first.setdefault(setup["inputs"]["model_type"], setup["inputs"])
    if first.keys() != FAMILIES.keys():
        return []  # a release that is asked for one family alone
    known = {setup["id"] for setup in listed} | {class_name(config) for config in first.values()}
    return [
        {
            "id": name,
            "versions": {},
            "inputs": {**config, "architectures": [name], "num_labels": 3},
        }
        for model_type, config in first.items()
        for name in FAMILIES[model_type]()["classes"]
        if name not in known
    ]
