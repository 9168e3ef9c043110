"""Bytes of the KV cache."""

from collections.abc import Iterator

import dlp
from _evidence.claims import Claim, count
from _evidence.expressions import call
from _evidence.records import Record


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one cache."""
    inputs = {name: record.inputs[name] for name in ("config", "dtype", "batch_size", "num_tokens")}
    config = inputs["config"]
    if config["model_type"] not in dlp.MODEL_TYPES:
        return
    ours = call("model_kv_cache_bytes", **inputs)
    sliding = dlp.sliding_window_layers(config=config)
    full = sliding and inputs["num_tokens"] >= config["sliding_window"]
    if full and record.kind == "DynamicCache":
        # It keeps one token less than the window: the next one fills it.
        one_token = call("model_kv_cache_bytes", **inputs | {"num_tokens": 1})
        layers = call("transformer_dimensions", config=config) | {"part": "num_hidden_layers"}
        ours |= {"minus": [one_token | {"times": sliding, "per": [layers]}]}
    if inputs["num_tokens"] > (config.get("sliding_window") or inputs["num_tokens"]):
        theirs = sum(n < inputs["num_tokens"] for n in record.counted["tokens_per_layer"])
        layers = call("sliding_window_layers", config=config)
        yield count(record, "layers with a window", "transformers", theirs, layers)
    what = "bytes of keys and values"
    yield count(record, what, "transformers", record.counted["bytes"], ours)
