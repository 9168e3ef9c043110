"""The configs of well-known models, written by hand: only the keys that decide a count."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.libraries.recorders.common import Config

LLAMA_KEYS = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
)
"""The keys of Llama and of the models shaped like it, in the order used below."""


def _llama(model_type: str, *sizes: int, tied: bool = False) -> Config:
    keyed = dict(zip(LLAMA_KEYS, sizes, strict=True))
    return {"model_type": model_type, **keyed, "tie_word_embeddings": tied}


def _gpt2(n_embd: int, n_layer: int, n_head: int, n_positions: int = 1024) -> Config:
    return {
        "model_type": "gpt2",
        "n_embd": n_embd,
        "n_layer": n_layer,
        "n_head": n_head,
        "n_inner": None,
        "n_positions": n_positions,
        "vocab_size": 50257,
        "tie_word_embeddings": True,
    }


LLAMA_2_7B = _llama("llama", 4096, 32, 32, 32, 11008, 32000, 4096)
LLAMA_3_8B = _llama("llama", 4096, 32, 32, 8, 14336, 128256, 8192)
MISTRAL_7B = _llama("mistral", 4096, 32, 32, 8, 14336, 32000, 32768)
QWEN_2_5_HALF_B = _llama("qwen2", 896, 24, 14, 2, 4864, 151936, 32768, tied=True)
GPT_2 = _gpt2(768, 12, 12)

OPT_6_7B: Config = {
    "model_type": "opt",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "ffn_dim": 16384,
    "vocab_size": 50272,
    "word_embed_proj_dim": 4096,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": True,
}

CAUSAL_LMS: dict[str, Config] = {
    "Llama-2-7B": LLAMA_2_7B,
    "Llama-2-7B, 2048 positions": {**LLAMA_2_7B, "max_position_embeddings": 2048},
    "Llama-2-7B, 8000 positions": {**LLAMA_2_7B, "max_position_embeddings": 8000},
    "Llama-2-13B": _llama("llama", 5120, 40, 40, 40, 13824, 32000, 4096),
    "Llama-2-70B": _llama("llama", 8192, 80, 64, 8, 28672, 32000, 4096),
    "Llama-3-8B": LLAMA_3_8B,
    "Llama-3.2-1B": {
        **_llama("llama", 2048, 16, 32, 8, 8192, 128256, 131072, tied=True),
        "head_dim": 64,
    },
    "Mistral-7B-v0.1": MISTRAL_7B,
    "Qwen2.5-0.5B": QWEN_2_5_HALF_B,
    "Qwen2.5-7B": _llama("qwen2", 3584, 28, 28, 4, 18944, 152064, 131072),
    "GPT-2": GPT_2,
    "GPT-2, 8000 positions": {**GPT_2, "n_positions": 8000},
    "GPT-2 medium": _gpt2(1024, 24, 16),
    "GPT-2 large": _gpt2(1280, 36, 20),
    "GPT-2 XL": _gpt2(1600, 48, 25),
    "OPT-6.7B": OPT_6_7B,
    "OPT-6.7B, 8000 positions": {**OPT_6_7B, "max_position_embeddings": 8000},
}
"""Causal language models by name; the names with a number of positions are variants."""
