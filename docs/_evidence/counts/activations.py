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


def _size(record: Record) -> dict[str, int]:
    config = {"num_hidden_layers": 1, "n_layer": 1, **record.inputs["config"]}
    return dlp.transformer_dimensions(config=config)


def _micro_batch(record: Record) -> dict[str, Any]:
    names = ("per_device_train_batch_size", "sequence_length", "dtype", "method")
    hidden_size = _size(record)["hidden_size"]
    return {**{name: record.inputs[name] for name in names}, "hidden_size": hidden_size}


def llama_layer(record: Record) -> Expression:
    """Describe the call that counts what a Llama layer keeps."""
    inputs, size = record.inputs, _size(record)
    of_shape = ("num_attention_heads", "num_key_value_heads", "head_dim", "intermediate_size")
    of_lora = ("r", "target_modules", "autocast_adapter_dtype")
    return call(
        "activation_bytes_per_layer",
        **_micro_batch(record),
        layer="llama",
        attention="eager" if inputs["attention"] == "eager" else "flash",
        recomputation="full" if inputs.get("gradient_checkpointing") else "none",
        **{name: size[name] for name in of_shape},
        **{name: inputs[name] for name in of_lora if name in inputs},
    )


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
    layers = llama_layer(record) | {"times": inputs["num_hidden_layers"] - 1}
    yield count(record, what, "torch", counted["layers"], layers)
    vocab_size = inputs["config"]["vocab_size"]
    output = call("output_activations", **_micro_batch(record), vocab_size=vocab_size)
    output |= {"total": True}
    if inputs["per_device_train_batch_size"] == 1:
        # The labels of one sequence are a view of all but one of its numbers, which are kept too.
        output |= {"plus": [8]}
    what = "bytes kept after the last layer"
    yield count(record, what, "transformers", counted["output"], output)


def _gpt(record: Record) -> Claim:
    """Compare a layer of GPT-2's shape with the paper's, which leaves some things out.

    On a CPU a mask takes a number of the layer's own format, not a byte; each of two norms keeps a
    mean and a deviation for each token; LoRA keeps the output of its first matrix. The values of
    one sequence are a view of queries, keys and values made at once, kept whole.
    """
    inputs = record.inputs
    arguments = {
        **_micro_batch(record),
        "num_attention_heads": inputs["config"]["n_head"],
    }
    kept = call("saved_activations", **arguments)
    tensors = dlp.saved_activations(**arguments)
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
