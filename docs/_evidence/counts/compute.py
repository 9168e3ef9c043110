"""FLOPs of a training step."""

from collections.abc import Iterator
from typing import Any

import dlp
from _evidence.claims import Claim, count
from _evidence.expressions import Expression, call
from _evidence.records import Record


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one step."""
    inputs = record.inputs
    if record.kind == "forward":
        forward = call("forward_flops_by_part", **inputs) | {"total": True}
        yield count(record, "forward FLOPs", "torch", record.counted["forward"], forward)
        return
    total = record.counted["total"]
    terms = [_shape(inputs)] if record.kind == "recomputation" else _model(record)
    within, reason = _less(record)
    yield count(record, "FLOPs", "torch", total, *terms, within=within, reason=reason)
    batch = _given(inputs, ("config", "sequence_length", "per_device_train_batch_size"))
    if record.kind in {"full", "lora"}:
        adapter = _adapter(inputs) if record.kind == "lora" else 0
        step = call("model_training_flops", **batch, num_adapter_parameters=adapter)
        what = "FLOPs from the config"
        yield count(record, what, "torch", total, step, within=within, reason=reason)
    if record.kind == "full":
        forward = call("forward_flops_by_part", **batch) | {"total": True}
        yield count(record, "forward FLOPs", "torch", record.counted["forward"], forward)


def _shape(inputs: dict[str, Any]) -> Expression:
    """Describe the call for a GPT of which only the shape is given."""
    given = {name: value for name, value in inputs.items() if name != "early_stop"}
    return call("transformer_flops", **given)


def _model(record: Record) -> list[Expression]:
    """Describe the calls for one step: the matrices, and attention between tokens."""
    inputs = record.inputs
    config, length = inputs["config"], inputs["sequence_length"]
    tokens = {"num_tokens": inputs["per_device_train_batch_size"] * length}
    matrices = call("compute_parameters", config=config)
    shape = {
        name: call("transformer_dimensions", config=config) | {"part": name}
        for name in ("num_hidden_layers", "num_attention_heads", "head_dim")
    }
    passes = "forward" if record.kind == "head-only" else "training"
    attention = call("attention_flops", **shape, sequence_length=length, passes=passes, **tokens)
    if record.kind == "full":
        step = call("training_flops", num_parameters=matrices, **tokens)
    elif record.kind == "lora":
        adapter = _adapter(inputs)
        step = call(
            "lora_training_flops",
            num_parameters=matrices,
            num_adapter_parameters=adapter,
            **tokens,
        )
    else:
        size = dlp.transformer_dimensions(config=config)
        # The head that is gone is as large as the embedding.
        gone = size["vocab_size"] * size["hidden_size"]
        step = call(
            "head_training_flops",
            num_parameters=matrices | {"minus": [gone]},
            num_head_parameters=inputs["num_labels"] * size["hidden_size"],
            **tokens,
        )
    return [step, attention]


def _adapter(inputs: dict[str, Any]) -> Expression:
    """Describe the call that counts the parameters of adapters."""
    return call("lora_model_parameters", **_given(inputs, ("config", "r", "target_modules")))


def _less(record: Record) -> tuple[float, str]:
    """Say by what share torch may do less than the formula, and why."""
    if record.inputs.get("early_stop"):
        return 0.08, "torch stops a recomputation before its last product, which nothing needs"
    if not record.inputs.get("inputs_require_grads", True):
        return 0.06, "no gradient is computed below the first adapters, in the first layer"
    return 0.0, ""


def _given(inputs: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: inputs[name] for name in names if name in inputs}
