"""Bytes of the files of weights that real libraries wrote."""

from collections.abc import Iterator
from typing import Any

from _evidence.claims import Claim, count
from _evidence.expressions import Expression, call
from _evidence.records import Record

_DIGITS = (
    "JSON gives the mean of the scales of a layer with as many digits as it needs, which depends "
    "on the weights."
)

_FEW = 5


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of what one call wrote."""
    inputs = record.inputs
    if record.kind == "mxfp4":
        ours = call("mxfp4_bytes", num_weights=record.counted["weights"])
        packed = record.counted["packed_bytes"]
        yield count(record, "bytes", "transformers", packed, ours)
        ours = call("stored_bytes", num_values=record.counted["weights"], dtype="mxfp4")
        yield count(record, "bytes of a format", "transformers", packed, ours)
        return
    counted = record.counted["bytes"]
    if record.kind == "checkpoint":
        trained = _adapter(inputs) if "r" in inputs else _whole(inputs)
        ours = call("optimizer_file_bytes", tensors=trained)
        yield count(record, "bytes of the file", "torch", counted["optimizer.pt"], ours)
        return
    if record.kind in {"tensors", "adapter"}:
        tensors: Any = _adapter(inputs)
        metadata: Any = {"format": "pt"}
        if record.kind == "tensors":
            tensors, metadata = inputs["tensors"], inputs.get("metadata")
        ours = call("safetensors_bytes", tensors=tensors, metadata=metadata)
        package = "peft" if record.kind == "adapter" else "safetensors"
        (theirs,) = counted.values()
        yield count(record, "bytes of the file", package, theirs, ours)
        return
    ours = call("saved_model_bytes", **_saved(record))
    doubled = inputs.get("quantization") == "nf4-double"
    allowed: Any = {"within": 0.001, "reason": _DIGITS} if doubled else {}
    if len(counted) > 1:
        files, all_files = len(counted), sum(counted.values())
        yield count(record, "bytes of all files", "transformers", all_files, ours | {"total": True})
        if files > _FEW:
            return
    for file, theirs in counted.items():
        of_file = ours | {"part": file}
        yield count(record, f"bytes of {file}", "transformers", theirs, of_file, **allowed)


def _saved(record: Record) -> dict[str, Any]:
    inputs = record.inputs
    found: dict[str, Any] = {"tensors": _whole(inputs), "loaded": record.kind == "loaded"}
    if "max_shard_size" in inputs:
        found["max_shard_size"] = inputs["max_shard_size"]
    if "quantization" in inputs:
        found["num_parameters"] = call("parameter_count", config=inputs["config"])
    return found


def _whole(inputs: dict[str, Any]) -> Expression:
    named = {name: inputs[name] for name in ("config", "dtype", "quantization") if name in inputs}
    return call("model_tensors", **named)


def _adapter(inputs: dict[str, Any]) -> Expression:
    named = {
        name: inputs[name]
        for name in ("config", "r", "target_modules", "use_dora")
        if name in inputs
    }
    kept = inputs["dtype"] if not inputs.get("autocast_adapter_dtype", True) else "fp32"
    return call("lora_tensors", **named, dtype=kept)
