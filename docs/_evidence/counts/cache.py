"""Bytes of the KV cache."""

from collections.abc import Iterator

import dlp
from _evidence.claims import Claim, count
from _evidence.expressions import call
from _evidence.records import Record

_IMPLEMENTATIONS = {"DynamicCache": "dynamic", "StaticCache": "static"}


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one cache."""
    what = "bytes of keys and values"
    if record.kind == "EncoderDecoderCache":
        ours = call("encoder_decoder_cache_bytes", **record.inputs)
        yield count(record, what, "transformers", record.counted["bytes"], ours)
        return
    inputs = {name: record.inputs[name] for name in ("config", "dtype", "batch_size", "num_tokens")}
    config = inputs["config"]
    if config["model_type"] not in dlp.MODEL_TYPES:
        return
    if inputs["num_tokens"] > (config.get("sliding_window") or inputs["num_tokens"]):
        theirs = sum(n < inputs["num_tokens"] for n in record.counted["tokens_per_layer"])
        layers = call("sliding_window_layers", config=config)
        yield count(record, "layers with a window", "transformers", theirs, layers)
    implementation = _IMPLEMENTATIONS[record.kind]
    ours = call("model_kv_cache_bytes", **inputs, cache_implementation=implementation)
    yield count(record, what, "transformers", record.counted["bytes"], ours)
