"""Bytes of the KV cache, as the caches of Transformers hold them after a forward pass."""

from __future__ import annotations

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    DynamicCache,
    StaticCache,
)

from tests.recorders.common import Record, Untyped, build

PACKAGES = ("torch", "transformers")

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def count(setup: Record) -> Record:
    """Count the bytes of keys and values after so many tokens.

    A `StaticCache` is made for exactly so many; a `DynamicCache` grows to what it holds. Of a
    tensor that is a view, its own numbers are counted, not those of the storage under it.
    """
    inputs = setup["inputs"]
    if setup["kind"] == "EncoderDecoderCache":
        return _count_of_both(inputs)
    config, tokens = inputs["config"], inputs["num_tokens"]
    model = build(AutoModelForCausalLM, config, device="cpu", dtype=DTYPES[inputs["dtype"]]).eval()
    ready = AutoConfig.for_model(**config)
    cache: Untyped
    if setup["kind"] == "StaticCache":
        cache = StaticCache(config=ready, max_cache_len=tokens)
    else:
        cache = DynamicCache(config=ready)
    with torch.no_grad():
        ids = torch.randint(2, 100, (inputs["batch_size"], tokens))
        model(input_ids=ids, past_key_values=cache, use_cache=True)
    held = [(layer.keys, layer.values) for layer in cache.layers]
    return {
        "counted": {
            "bytes": sum(keys.nbytes + values.nbytes for keys, values in held),
            "layers": len(held),
            "tokens_per_layer": [int(keys.shape[-2]) for keys, _ in held],
        }
    }


def _count_of_both(inputs: Untyped) -> Record:
    """Count the bytes of the two caches of a decoder that reads an encoder."""
    dtype = DTYPES[inputs["dtype"]]
    model = build(AutoModelForSeq2SeqLM, inputs["config"], device="cpu", dtype=dtype).eval()
    batch = inputs["batch_size"]
    with torch.no_grad():
        read = model(
            input_ids=torch.randint(2, 100, (batch, inputs["num_encoder_tokens"])),
            decoder_input_ids=torch.randint(2, 100, (batch, inputs["num_tokens"])),
            use_cache=True,
        )
    caches = (read.past_key_values.self_attention_cache, read.past_key_values.cross_attention_cache)
    held = [[layer.keys.nbytes + layer.values.nbytes for layer in each.layers] for each in caches]
    return {
        "counted": {
            "bytes": sum(map(sum, held)),
            "bytes_of_its_own_tokens": sum(held[0]),
            "bytes_of_the_tokens_read": sum(held[1]),
            "layers": len(held[0]),
        }
    }
