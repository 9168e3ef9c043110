"""Bytes of the KV cache, as the caches of Transformers hold them after a forward pass."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, DynamicCache, StaticCache

from tests.recorders.common import Config, Record, Untyped, build

PACKAGES = ("torch", "transformers")

_LLAMA: Config = {
    "hidden_size": 64,
    "num_hidden_layers": 6,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "intermediate_size": 96,
    "vocab_size": 100,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
}

_SPECIAL: Config = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1}
_GPT: Config = {
    "n_embd": 64,
    "n_layer": 3,
    "n_head": 4,
    "n_positions": 512,
    "vocab_size": 100,
    **_SPECIAL,
}
_FALCON: Config = {
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 8,
    "vocab_size": 100,
    **_SPECIAL,
}

CONFIGS: dict[str, Config] = {
    "GPT-2": {"model_type": "gpt2", **_GPT},
    "Falcon": {"model_type": "falcon", **_FALCON},
    "Falcon, later": {
        "model_type": "falcon",
        **_FALCON,
        "num_kv_heads": 2,
        "new_decoder_architecture": True,
    },
    "StarCoder": {"model_type": "gpt_bigcode", **_GPT},
    "Llama": {"model_type": "llama", **_LLAMA, "num_key_value_heads": 8},
    "Llama, grouped queries": {"model_type": "llama", **_LLAMA},
    "Mistral, sliding window": {"model_type": "mistral", **_LLAMA, "sliding_window": 64},
    "Mistral, no window": {"model_type": "mistral", **_LLAMA, "sliding_window": None},
    "Qwen2": {"model_type": "qwen2", **_LLAMA, "use_sliding_window": False, "sliding_window": 64},
    "Qwen2, upper layers slide": {
        "model_type": "qwen2",
        **_LLAMA,
        "use_sliding_window": True,
        "sliding_window": 64,
        "max_window_layers": 2,
    },
    "Gemma 2": {"model_type": "gemma2", **_LLAMA, "sliding_window": 64},
    "Gemma 3": {
        "model_type": "gemma3_text",
        **_LLAMA,
        "num_hidden_layers": 8,
        "sliding_window": 64,
    },
}
"""Tiny models whose caches differ."""

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def measure(name: str, kind: str, dtype: str, batch_size: int, tokens: int) -> Record:
    """Record the bytes of keys and values after so many tokens.

    A `StaticCache` is made for exactly so many; a `DynamicCache` grows to what it holds. Of a
    tensor that is a view, its own numbers are counted, not those of the storage under it.
    """
    config = CONFIGS[name]
    model = build(AutoModelForCausalLM, config, device="cpu", dtype=DTYPES[dtype]).eval()
    ready = AutoConfig.for_model(**config)
    cache: Untyped
    if kind == "StaticCache":
        cache = StaticCache(config=ready, max_cache_len=tokens)
    else:
        cache = DynamicCache(config=ready)
    with torch.no_grad():
        ids = torch.randint(2, 100, (batch_size, tokens))
        model(input_ids=ids, past_key_values=cache, use_cache=True)
    held = [(layer.keys, layer.values) for layer in cache.layers]
    counted: dict[str, Any] = {
        "bytes": sum(keys.nbytes + values.nbytes for keys, values in held),
        "layers": len(held),
        "tokens_per_layer": [int(keys.shape[-2]) for keys, _ in held],
    }
    return {
        "id": f"{name}, {kind}, {dtype}, {batch_size} x {tokens} tokens",
        "kind": kind,
        "inputs": {
            "config": config,
            "dtype": dtype,
            "batch_size": batch_size,
            "num_tokens": tokens,
        },
        "counted": counted,
    }


def records() -> list[Record]:
    """Fill both kinds of cache of every model, shorter and longer than its window."""
    return [
        measure(name, kind, dtype, batch_size, tokens)
        for name in CONFIGS
        for kind in ("DynamicCache", "StaticCache")
        for dtype, batch_size, tokens in (("fp32", 1, 48), ("bf16", 3, 160))
    ]
