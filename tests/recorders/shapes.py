"""The configs of well-known models, written by hand: only the keys that decide a count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.recorders.common import Config

_SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads")


def _config(model_type: str, keys: tuple[str, ...], sizes: tuple[int, ...], **more: Any) -> Config:
    """Write a config: the sizes under their keys, and what else there is."""
    return {"model_type": model_type, **dict(zip(keys, sizes, strict=True)), **more}


def _llama(model_type: str, *sizes: int, tied: bool = False, **more: object) -> Config:
    keys = (*_SIZES, "num_key_value_heads", "intermediate_size", "vocab_size")
    positions = ("max_position_embeddings",)
    return _config(model_type, keys + positions, sizes, tie_word_embeddings=tied, **more)


def _gpt2(*sizes: int) -> Config:
    more = {"n_inner": None, "n_positions": 1024, "vocab_size": 50257, "tie_word_embeddings": True}
    return _config("gpt2", ("n_embd", "n_layer", "n_head"), sizes, **more)


def _pythia(width: int, layers: int, heads: int, vocab_size: int = 50304) -> Config:
    more = {"max_position_embeddings": 2048, "tie_word_embeddings": False}
    keys = (*_SIZES, "intermediate_size", "vocab_size")
    return _config("gpt_neox", keys, (width, layers, heads, 4 * width, vocab_size), **more)


def _opt(width: int, layers: int, heads: int, narrow: int = 0) -> Config:
    keys = (*_SIZES, "ffn_dim", "vocab_size", "word_embed_proj_dim", "do_layer_norm_before")
    sizes = (width, layers, heads, 4 * width, 50272, narrow or width, not narrow)
    return _config("opt", keys, sizes, max_position_embeddings=2048, tie_word_embeddings=True)


def _bloom(*sizes: int) -> Config:
    return _config("bloom", ("hidden_size", "n_layer", "n_head"), sizes, vocab_size=250880)


def _starcoder(width: int, layers: int, heads: int, positions: int, vocab_size: int) -> Config:
    keys = ("n_embd", "n_layer", "n_head", "n_inner", "n_positions", "vocab_size")
    sizes = (width, layers, heads, 4 * width, positions, vocab_size)
    return _config("gpt_bigcode", keys, sizes, multi_query=True)


def _falcon(*sizes: int, vocab_size: int = 65024, **more: object) -> Config:
    return _config("falcon", _SIZES, sizes, vocab_size=vocab_size, **more)


def _bert(width: int, layers: int, heads: int, vocab_size: int = 30522) -> Config:
    keys = (*_SIZES, "intermediate_size", "vocab_size")
    more = {"max_position_embeddings": 512, "type_vocab_size": 2}
    return _config("bert", keys, (width, layers, heads, 4 * width, vocab_size), **more)


def _roberta(width: int, layers: int, heads: int) -> Config:
    more = {"model_type": "roberta", "max_position_embeddings": 514, "type_vocab_size": 1}
    return {**_bert(width, layers, heads, 50265), **more}


def _distilbert(vocab_size: int) -> Config:
    keys = ("dim", "n_layers", "n_heads", "hidden_dim", "vocab_size", "max_position_embeddings")
    return _config("distilbert", keys, (768, 6, 12, 3072, vocab_size, 512))


def _t5(d_model: int, d_kv: int, d_ff: int, num_layers: int, num_heads: int) -> Config:
    keys = ("d_model", "d_kv", "d_ff", "num_layers", "num_decoder_layers", "num_heads")
    sizes = (d_model, d_kv, d_ff, num_layers, num_layers, num_heads)
    return _config("t5", keys, sizes, relative_attention_num_buckets=32, vocab_size=32128)


def _flan_t5(*sizes: int) -> Config:
    return {**_t5(*sizes), "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}


def _vit(width: int, layers: int, heads: int, patch_size: int = 16) -> Config:
    keys = (*_SIZES, "intermediate_size", "image_size", "patch_size", "num_channels")
    sizes = (width, layers, heads, 4 * width, 224, patch_size, 3)
    return _config("vit", keys, sizes, qkv_bias=True)


LLAMA_2_7B = _llama("llama", 4096, 32, 32, 32, 11008, 32000, 4096)
LLAMA_3_8B = _llama("llama", 4096, 32, 32, 8, 14336, 128256, 8192)
MISTRAL_7B = _llama("mistral", 4096, 32, 32, 8, 14336, 32000, 32768)
QWEN_2_5_HALF_B = _llama("qwen2", 896, 24, 14, 2, 4864, 151936, 32768, tied=True)
GPT_2 = _gpt2(768, 12, 12)
OPT_6_7B = _opt(4096, 32, 32)
del OPT_6_7B["do_layer_norm_before"]  # as in its file

MODELS: dict[str, Config] = {
    "Llama-2-7B": LLAMA_2_7B,
    "Llama-2-7B, 2048 positions": {**LLAMA_2_7B, "max_position_embeddings": 2048},
    "Llama-2-7B, 8000 positions": {**LLAMA_2_7B, "max_position_embeddings": 8000},
    "Llama-2-13B": _llama("llama", 5120, 40, 40, 40, 13824, 32000, 4096),
    "Llama-2-70B": _llama("llama", 8192, 80, 64, 8, 28672, 32000, 4096),
    "Llama-33B": _llama("llama", 6656, 60, 52, 52, 17920, 32000, 2048),
    "Llama-65B": _llama("llama", 8192, 80, 64, 64, 22016, 32000, 2048),
    "Llama-3-8B": LLAMA_3_8B,
    "Llama-3-70B": _llama("llama", 8192, 80, 64, 8, 28672, 128256, 8192),
    "Llama-3.1-405B": _llama("llama", 16384, 126, 128, 8, 53248, 128256, 131072),
    "Llama-3.2-1B": {
        **_llama("llama", 2048, 16, 32, 8, 8192, 128256, 131072, tied=True),
        "head_dim": 64,
    },
    "Llama-3.2-3B": _llama("llama", 3072, 28, 24, 8, 8192, 128256, 131072, tied=True, head_dim=128),
    "TinyLlama-1.1B": _llama("llama", 2048, 22, 32, 4, 5632, 32000, 2048),
    "Llama with every bias": {
        **_llama("llama", 512, 4, 8, 8, 1024, 32000, 2048),
        "attention_bias": True,
        "mlp_bias": True,
    },
    "Mistral-7B-v0.1": MISTRAL_7B,
    "Mistral-7B-v0.3": _llama("mistral", 4096, 32, 32, 8, 14336, 32768, 32768),
    "Mistral-Nemo-12B": _llama("mistral", 5120, 40, 32, 8, 14336, 131072, 131072, head_dim=128),
    "Mistral-Small-24B": _llama("mistral", 5120, 40, 32, 8, 32768, 131072, 32768, head_dim=128),
    "Mixtral-8x7B": _llama(
        "mixtral", 4096, 32, 32, 8, 14336, 32000, 32768, num_local_experts=8, num_experts_per_tok=2
    ),
    "Mixtral-8x22B": _llama(
        "mixtral", 6144, 56, 48, 8, 16384, 32768, 65536, num_local_experts=8, num_experts_per_tok=2
    ),
    "Qwen2.5-0.5B": QWEN_2_5_HALF_B,
    "Qwen2.5-1.5B": _llama("qwen2", 1536, 28, 12, 2, 8960, 151936, 131072, tied=True),
    "Qwen2.5-3B": _llama("qwen2", 2048, 36, 16, 2, 11008, 151936, 32768, tied=True),
    "Qwen2.5-7B": _llama("qwen2", 3584, 28, 28, 4, 18944, 152064, 131072),
    "Qwen2.5-14B": _llama("qwen2", 5120, 48, 40, 8, 13824, 152064, 131072),
    "Qwen2.5-32B": _llama("qwen2", 5120, 64, 40, 8, 27648, 152064, 131072),
    "Qwen2.5-72B": _llama("qwen2", 8192, 80, 64, 8, 29568, 152064, 131072),
    "Qwen3-0.6B": _llama("qwen3", 1024, 28, 16, 8, 3072, 151936, 40960, tied=True, head_dim=128),
    "Qwen3-1.7B": _llama("qwen3", 2048, 28, 16, 8, 6144, 151936, 40960, tied=True, head_dim=128),
    "Qwen3-4B": _llama("qwen3", 2560, 36, 32, 8, 9728, 151936, 40960, tied=True, head_dim=128),
    "Qwen3-8B": _llama("qwen3", 4096, 36, 32, 8, 12288, 151936, 40960, head_dim=128),
    "Qwen3-14B": _llama("qwen3", 5120, 40, 40, 8, 17408, 151936, 40960, head_dim=128),
    "Qwen3-32B": _llama("qwen3", 5120, 64, 64, 8, 25600, 151936, 40960, head_dim=128),
    "Qwen3-30B-A3B": _llama(
        "qwen3_moe",
        *(2048, 48, 32, 4, 6144, 151936, 40960),
        head_dim=128,
        moe_intermediate_size=768,
        num_experts=128,
        num_experts_per_tok=8,
    ),
    "Qwen3-235B-A22B": _llama(
        "qwen3_moe",
        *(4096, 94, 64, 4, 12288, 151936, 40960),
        head_dim=128,
        moe_intermediate_size=1536,
        num_experts=128,
        num_experts_per_tok=8,
    ),
    "Qwen3-MoE with dense layers": _llama(
        "qwen3_moe",
        *(512, 9, 8, 4, 1024, 32000, 4096),
        head_dim=128,
        moe_intermediate_size=256,
        num_experts=16,
        num_experts_per_tok=4,
        decoder_sparse_step=2,
        mlp_only_layers=[0, 3],
    ),
    "Gemma-2B": _llama("gemma", 2048, 18, 8, 1, 16384, 256000, 8192, tied=True, head_dim=256),
    "Gemma-7B": _llama("gemma", 3072, 28, 16, 16, 24576, 256000, 8192, tied=True, head_dim=256),
    "Gemma-2-2B": _llama("gemma2", 2304, 26, 8, 4, 9216, 256000, 8192, tied=True, head_dim=256),
    "Gemma-2-9B": _llama("gemma2", 3584, 42, 16, 8, 14336, 256000, 8192, tied=True, head_dim=256),
    "Gemma-2-27B": _llama("gemma2", 4608, 46, 32, 16, 36864, 256000, 8192, tied=True, head_dim=128),
    "Gemma-3-270M": _llama(
        "gemma3_text", 640, 18, 4, 1, 2048, 262144, 32768, tied=True, head_dim=256
    ),
    "Gemma-3-1B": _llama(
        "gemma3_text", 1152, 26, 4, 1, 6912, 262144, 32768, tied=True, head_dim=256
    ),
    "Gemma-3-4B, its text part": {
        "model_type": "gemma3_text",
        "hidden_size": 2560,
        "num_hidden_layers": 34,
        "intermediate_size": 10240,
    },
    "Gemma-3-12B, its text part": {
        "model_type": "gemma3_text",
        "hidden_size": 3840,
        "num_hidden_layers": 48,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "intermediate_size": 15360,
    },
    "Gemma-3-27B, its text part": {
        "model_type": "gemma3_text",
        "hidden_size": 5376,
        "num_hidden_layers": 62,
        "num_attention_heads": 32,
        "num_key_value_heads": 16,
        "head_dim": 128,
        "intermediate_size": 21504,
    },
    "Phi-1.5": _llama("phi", 2048, 24, 32, 32, 8192, 51200, 2048),
    "Phi-2": _llama("phi", 2560, 32, 32, 32, 10240, 51200, 2048),
    "Phi with norms on queries and keys": {
        **_llama("phi", 512, 4, 8, 4, 2048, 51200, 2048),
        "qk_layernorm": True,
    },
    "Phi-3-mini": _llama("phi3", 3072, 32, 32, 32, 8192, 32064, 4096),
    "Phi-3-medium": _llama("phi3", 5120, 40, 40, 10, 17920, 32064, 4096),
    "Phi-4": _llama("phi3", 5120, 40, 40, 10, 17920, 100352, 16384),
    "GPT-2": GPT_2,
    "GPT-2, 8000 positions": {**GPT_2, "n_positions": 8000},
    "GPT-2 medium": _gpt2(1024, 24, 16),
    "GPT-2 large": _gpt2(1280, 36, 20),
    "GPT-2 XL": _gpt2(1600, 48, 25),
    "Pythia-70m": _pythia(512, 6, 8),
    "Pythia-160m": _pythia(768, 12, 12),
    "Pythia-410m": _pythia(1024, 24, 16),
    "Pythia-1b": _pythia(2048, 16, 8),
    "Pythia-1.4b": _pythia(2048, 24, 16),
    "Pythia-2.8b": _pythia(2560, 32, 32),
    "Pythia-6.9b": _pythia(4096, 32, 32, 50432),
    "Pythia-12b": _pythia(5120, 36, 40, 50688),
    "GPT-NeoX-20B": _pythia(6144, 44, 64, 50432),
    "OPT-125m": _opt(768, 12, 12),
    "OPT-350m": _opt(1024, 24, 16, narrow=512),
    "OPT-1.3B": _opt(2048, 24, 32),
    "OPT-6.7B": OPT_6_7B,
    "OPT-6.7B, 8000 positions": {**OPT_6_7B, "max_position_embeddings": 8000},
    "OPT-66B": _opt(9216, 64, 72),
    "BLOOM-560m": _bloom(1024, 24, 16),
    "BLOOM-1.1B": _bloom(1536, 24, 16),
    "BLOOM-1.7B": _bloom(2048, 24, 16),
    "BLOOM-3B": _bloom(2560, 30, 32),
    "BLOOM-7.1B": _bloom(4096, 30, 32),
    "BLOOM-176B": _bloom(14336, 70, 112),
    "StarCoderBase-1B": _starcoder(2048, 24, 16, 8192, 49152),
    "StarCoder-15B": _starcoder(6144, 40, 48, 8192, 49152),
    "SantaCoder-1.1B": _starcoder(2048, 24, 16, 2048, 49280),
    "GPT-BigCode, multi-head": {
        **_starcoder(768, 12, 12, 8192, 49152),
        "multi_query": False,
    },
    "Falcon-RW-1B": _falcon(
        *(2048, 24, 32),
        vocab_size=50304,
        bias=True,
        multi_query=False,
        parallel_attn=False,
        alibi=True,
    ),
    "Falcon-7B": _falcon(4544, 32, 71),
    "Falcon-40B": _falcon(8192, 60, 128, num_kv_heads=8, new_decoder_architecture=True),
    "Falcon-180B": _falcon(14848, 80, 232, num_kv_heads=8, new_decoder_architecture=True),
    "BERT-tiny": _bert(128, 2, 2),
    "BERT-tiny for masks, untied": {
        **_bert(128, 2, 2),
        "architectures": ["BertForMaskedLM"],
        "tie_word_embeddings": False,
    },
    "BERT-small": _bert(512, 4, 8),
    "BERT-medium": _bert(512, 8, 8),
    "BERT-base, uncased": _bert(768, 12, 12),
    "BERT-base, cased": _bert(768, 12, 12, 28996),
    "BERT-large, uncased": _bert(1024, 24, 16),
    "MiniLM-L6": _bert(384, 6, 12),
    "RoBERTa-base": _roberta(768, 12, 12),
    "RoBERTa-large": _roberta(1024, 24, 16),
    "DistilBERT-base, uncased": _distilbert(30522),
    "DistilBERT-base, multilingual": _distilbert(119547),
    "T5-small": _t5(512, 64, 2048, 6, 8),
    "T5-base": _t5(768, 64, 3072, 12, 12),
    "T5-large": _t5(1024, 64, 4096, 24, 16),
    "T5-3B": _t5(1024, 128, 16384, 24, 32),
    "T5-11B": _t5(1024, 128, 65536, 24, 128),
    "T5 with a short decoder": {**_t5(512, 64, 2048, 6, 8), "num_decoder_layers": 2},
    "Flan-T5-small": _flan_t5(512, 64, 1024, 8, 6),
    "Flan-T5-base": _flan_t5(768, 64, 2048, 12, 12),
    "Flan-T5-large": _flan_t5(1024, 64, 2816, 24, 16),
    "Flan-T5-XL": _flan_t5(2048, 64, 5120, 24, 32),
    "Flan-T5-XXL": _flan_t5(4096, 64, 10240, 24, 64),
    "ViT-tiny": _vit(192, 12, 3),
    "ViT-small": _vit(384, 12, 6),
    "ViT-base": _vit(768, 12, 12),
    "ViT-base, patches of 32": _vit(768, 12, 12, 32),
    "ViT-large": _vit(1024, 24, 16),
    "ViT-huge": _vit(1280, 32, 16, 14),
}
"""Models by name; the names with a number of positions are variants."""
