"""Bytes that a layer, or a model, keeps for the backward pass, on a CPU."""

from collections.abc import Iterator
from typing import Any

import dlp
from _evidence.claims import Claim, count
from _evidence.expressions import Expression, call
from _evidence.records import Record


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one forward pass."""
    if record.kind == "saved_by_model":
        yield from _model(record)
    elif record.kind == "saved_by_layer":
        config = record.inputs["config"]
        if config["model_type"] == "llama":
            yield _llama(record)
        elif config["activation_function"] == "gelu":
            yield _gpt(record)


def _run(record: Record) -> dict[str, Any]:
    """Give the arguments of one run on a CPU, of a model with one layer if nothing is said."""
    inputs = record.inputs
    config = dict(inputs["config"])
    config["num_hidden_layers"] = inputs.get("num_hidden_layers", 1)
    training = {
        "per_device_train_batch_size": inputs["per_device_train_batch_size"],
        "max_length": inputs["sequence_length"],
        "dtype": inputs["dtype"],
        "attn_implementation": "eager" if inputs["attention"] == "eager" else "sdpa",
        "gradient_checkpointing": bool(inputs.get("gradient_checkpointing")),
        "use_cache": False,
    }
    if inputs["method"] != "lora":
        return {"config": config, "training": training, "method": inputs["method"]}
    lora = {
        "r": inputs["r"],
        "target_modules": inputs["target_modules"],
        "autocast_adapter_dtype": inputs.get("autocast_adapter_dtype", False),
    }
    return {"config": config, "training": training, "lora": lora}


def llama_layer(record: Record) -> Expression:
    """Describe the call that counts what a Llama layer keeps."""
    inputs, run = record.inputs, _run(record)
    size = dlp.transformer_dimensions(config=run["config"])
    shares = size["num_key_value_heads"] != size["num_attention_heads"]
    whole = run["training"]["gradient_checkpointing"] or inputs["method"] == "head-only"
    if whole or inputs["attention"] == "eager" or inputs["dtype"] != "fp32" or not shares:
        return call("activation_bytes_per_layer", **run)
    # In fp32 a GPU has no kernel for shared keys, and keeps scores. A processor has one, which
    # keeps queries, keys and values as they are, its output, and a number for each head.
    tensors = dlp.saved_activations(**run)
    others = [name for name in tensors if name not in _OF_ATTENTION]
    heads, width = size["num_attention_heads"], size["head_dim"]
    numbers = 2 * heads * width + 2 * size["num_key_value_heads"] * width + heads
    tokens = inputs["per_device_train_batch_size"] * inputs["sequence_length"]
    kept = call("saved_activations", **run)
    kept |= {"part": others, "plus": [4 * numbers * tokens]}
    return kept


_OF_ATTENTION = (
    "scaled queries",
    "scaled keys",
    "attention probabilities",
    "repeated values",
    "attention output",
)
"""What attention keeps that is computed step by step."""


def _llama(record: Record) -> Claim:
    inputs = record.inputs
    is_view = (
        inputs["attention"] == "eager"
        and inputs["config"]["num_key_value_heads"] == 1
        and inputs["per_device_train_batch_size"] == 1
    )
    reason = (
        "One key head of a single sequence is not copied for the query heads that share it: "
        "PyTorch makes a view of it. The formula counts the copies."
    )
    return count(
        *(record, "bytes kept by a layer", "torch", record.counted["saved_bytes_per_layer"]),
        llama_layer(record),
        within=0.06 if is_view else 0.0,
        reason=reason if is_view else "",
    )


def _model(record: Record) -> Iterator[Claim]:
    inputs, counted = record.inputs, record.counted
    what = "bytes kept by all layers but the first"
    layers, others = llama_layer(record), inputs["num_hidden_layers"] - 1
    layers |= {"times": others, "plus": [others * number for number in layers.get("plus", [])]}
    if inputs["method"] == "full" and layers["function"] == "activation_bytes_per_layer":
        # All layers of a model that is trained whole are alike.
        run = _run(record)
        layers = call(
            "activation_bytes", **run | {"config": run["config"] | {"num_hidden_layers": others}}
        )
    yield count(record, what, "torch", counted["layers"], layers)
    # Eight bytes a label, which are inputs too, and the sum of the weights of all tokens.
    tokens = inputs["per_device_train_batch_size"] * inputs["sequence_length"]
    beside = 8 * tokens + 4
    if inputs["per_device_train_batch_size"] == 1:
        # The labels of one sequence are a view of all but one of its numbers, which are kept too.
        beside += 8
    output = call("output_activations", **_run(record)) | {"total": True, "plus": [beside]}
    what = "bytes kept after the last layer"
    yield count(record, what, "transformers", counted["output"], output)


def _gpt(record: Record) -> Claim:
    """Compare a layer of GPT-2's shape with the paper's, which leaves some things out.

    On a CPU a mask takes a number of the layer's own format, not a byte; each of two norms keeps a
    mean and a deviation for each token; LoRA keeps the output of its first matrix. The values of
    one sequence are a view of queries, keys and values made at once, kept whole.
    """
    inputs = record.inputs
    names = ("per_device_train_batch_size", "sequence_length", "dtype", "method")
    arguments: dict[str, Any] = {name: inputs[name] for name in names}
    arguments["hidden_size"] = inputs["config"]["n_embd"]
    arguments["num_attention_heads"] = inputs["config"]["n_head"]
    kept = call("megatron_activations", **arguments)
    tensors = dlp.megatron_activations(**arguments)
    element = int(dlp.bytes_per_parameter(dtype=inputs["dtype"]))
    numbers = 0  # for each token
    if tensors:
        numbers += 2 * 2
        if inputs["per_device_train_batch_size"] == 1:
            numbers += 2 * inputs["config"]["n_embd"]
    if inputs["method"] == "lora":
        numbers += inputs["r"]
    tokens = inputs["per_device_train_batch_size"] * inputs["sequence_length"]
    masks: Expression = kept | {"part": [name for name in tensors if "mask" in name]}
    ours = kept | {
        "total": True,
        "plus": [masks | {"times": element - 1}, numbers * tokens * element],
    }
    theirs = record.counted["saved_bytes_per_layer"]
    return count(record, "bytes kept by a layer", "torch", theirs, ours)
