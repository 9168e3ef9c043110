"""Bytes of the KV cache, as the caches of Transformers hold them after a forward pass."""

from __future__ import annotations

import contextlib

import torch
from transformers import AutoConfig, DynamicCache, StaticCache

from tests.recorders.common import Record, Untyped, build
from tests.recorders.configs import model_class

PACKAGES = ("torch", "transformers")

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def count(setup: Record) -> Record:
    """Count the bytes of keys and values after so many tokens.

    A `StaticCache` is made for exactly so many; a `DynamicCache` grows to what it holds. Of a
    tensor that is a view, its own numbers are counted, not those of the storage under it. What an
    indexer keeps of each token counts as well; a state of one size, as Mamba's, does not.
    """
    inputs = setup["inputs"]
    if setup["kind"] == "EncoderDecoderCache":
        return _count_of_both(inputs)
    config, tokens = inputs["config"], inputs["num_tokens"]
    model = build(model_class(config), config, device="cpu", dtype=DTYPES[inputs["dtype"]]).eval()
    with contextlib.suppress(AttributeError, ValueError):
        # The products of all experts at once want widths that are multiples of 16 bytes.
        model.set_experts_implementation("eager")
    ready = AutoConfig.for_model(**config).get_text_config(decoder=True)
    cache: Untyped = DynamicCache(config=ready)
    if setup["kind"] == "StaticCache":
        cache = StaticCache(config=ready, max_cache_len=tokens)
    if config["model_type"] == "minimax":
        cache = None  # it makes one of its own
    with torch.no_grad():
        ids = torch.ones((inputs["batch_size"], tokens), dtype=torch.long)
        cache = model(input_ids=ids, past_key_values=cache, use_cache=True).get(
            "past_key_values", cache
        )
    held = [
        [layer.keys, layer.values]
        for layer in cache.layers
        if getattr(layer, "keys", None) is not None
    ]
    picked = [getattr(layer, "indexer_keys", None) for layer in cache.layers]
    return {
        "counted": {
            "bytes": sum(keys.nbytes + values.nbytes for keys, values in held)
            + sum(keys.nbytes for keys in picked if keys is not None),
            "layers": len(held),
            "tokens_per_layer": [int(keys.shape[-2]) for keys, _ in held],
        }
    }


def _count_of_both(inputs: Untyped) -> Record:
    """Count the bytes of the two caches of a decoder that reads an encoder."""
    dtype = DTYPES[inputs["dtype"]]
    model = build(model_class(inputs["config"]), inputs["config"], device="cpu", dtype=dtype).eval()
    batch = inputs["batch_size"]
    with torch.no_grad():
        ids = torch.ones((batch, inputs["num_tokens"]), dtype=torch.long)
        read = model(
            **_input(model, batch, inputs["num_encoder_tokens"]),
            decoder_input_ids=ids,
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


def _input(model: Untyped, batch: int, tokens: int) -> dict[str, torch.Tensor]:
    """Make what an encoder reads: tokens, or sound, of which it makes half as many."""
    if model.main_input_name == "input_features":
        shape = (batch, model.config.num_mel_bins, 2 * tokens)
        return {"input_features": torch.zeros(shape, dtype=model.dtype)}
    return {"input_ids": torch.ones((batch, tokens), dtype=torch.long)}
