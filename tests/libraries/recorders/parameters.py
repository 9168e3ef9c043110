"""Parameters of causal language models, counted on the model that Transformers builds."""

from __future__ import annotations

from typing import Any

from transformers import AutoModelForCausalLM

from tests.libraries.recorders.common import Config, Record, Untyped, build, count
from tests.libraries.recorders.shapes import CAUSAL_LMS

PACKAGES = ("torch", "transformers")

PARTS = (
    "token_embedding",
    "position_embedding",
    "attention",
    "mlp",
    "norm",
    "bias",
    "output_head",
)
"""Where a parameter can belong.

`attention` and `mlp` are weight matrices only; `bias` holds the biases of all linear layers;
`norm` holds the weights and the biases of the norms; a tied output head counts as 0.
"""


def part_of(module_name: str, module: Untyped, parameter_name: str) -> str:
    """Say which of `PARTS` a parameter belongs to.

    Args:
        module_name: The dotted name of the module that owns it.
        module: That module.
        parameter_name: Its own name in the module, `weight` or `bias`.

    Returns:
        One of `PARTS`.

    Raises:
        ValueError: The module is of a kind that no rule covers.
    """
    kind = type(module).__name__
    if "Norm" in kind:
        return "norm"
    if "Embedding" in kind:
        learned_positions = module_name.endswith(("wpe", "embed_positions"))
        return "position_embedding" if learned_positions else "token_embedding"
    if kind not in {"Linear", "Conv1D"}:
        message = f"no rule for {kind} at {module_name}"
        raise ValueError(message)
    if parameter_name == "bias":
        return "bias"
    if module_name == "lm_head":
        return "output_head"
    return "attention" if "attn" in module_name else "mlp"


def count_parts(model: Untyped) -> dict[str, int]:
    """Split a causal language model's parameters into `PARTS`, a shared parameter once."""
    parts = dict.fromkeys(PARTS, 0)
    seen: set[int] = set()
    for module_name, module in model.named_modules():
        for parameter_name, parameter in module.named_parameters(recurse=False):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                parts[part_of(module_name, module, parameter_name)] += parameter.numel()
    return parts


def count_causal_lm(config: Config) -> dict[str, Any]:
    """Build the model of a config without memory for its weights and count it.

    Raises:
        RuntimeError: The parts do not add up to the total.
    """
    model = build(AutoModelForCausalLM, config)
    total, parts = count(model), count_parts(model)
    if sum(parts.values()) != total:
        message = f"parts sum to {sum(parts.values())}, the model has {total}"
        raise RuntimeError(message)
    return {"total": total, "parts": parts}


def records() -> list[Record]:
    """Count every model in `CAUSAL_LMS`."""
    return [
        {"id": name, "inputs": config, "counted": count_causal_lm(config)}
        for name, config in CAUSAL_LMS.items()
    ]
