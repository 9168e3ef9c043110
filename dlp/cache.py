"""The KV cache: the keys and values that a model keeps while it generates text.

It grows with the context; loading a model does not need it. Its number format is its own, whatever
the weights are in.
"""

from dlp import _caching, _check, _config
from dlp.activations import COMPUTE_DTYPES
from dlp.quantization import gguf_bits_per_weight
from dlp.units import bits_per_parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from dlp._caching import Kept
    from dlp._config import Model

    Ggml = Literal["Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0", "IQ4_NL"]
    CacheDtype = Literal["fp32", "tf32", "fp16", "bf16", "fp8", "int8", "int4", Ggml]
    CacheImplementation = Literal["static", "dynamic", "llama.cpp"]

_GGML_DTYPES = ("Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0", "IQ4_NL")

CACHE_DTYPES = COMPUTE_DTYPES + ("fp8", "int8", "int4") + _GGML_DTYPES
"""The number formats in which a KV cache is kept.

The last six are llama.cpp's, written as in GGUF; each block of 32 values has a scale.
"""

CACHE_IMPLEMENTATIONS: "tuple[CacheImplementation, ...]" = ("static", "dynamic", "llama.cpp")
"""Whose cache it is: a `StaticCache` or a `DynamicCache` of Transformers, or llama.cpp's."""


def cache_bits_per_value(*, dtype: "CacheDtype" = "bf16") -> float:
    """Give the bits that one number of a KV cache takes, its share of a scale included.

    | `dtype` | bits | note |
    |---|--:|---|
    | `fp32`, `tf32` | 32 | |
    | `fp16`, `bf16` | 16 | |
    | `fp8`, `int8` | 8 | scales left out |
    | `int4` | 4 | scales left out |
    | `Q8_0` | 8.5 | a scale of 16 bits for each 32 values |
    | `Q5_1` | 6 | a scale and an offset |
    | `Q5_0` | 5.5 | a scale |
    | `Q4_1` | 5 | a scale and an offset |
    | `Q4_0`, `IQ4_NL` | 4.5 | a scale |

    Args:
        dtype: One of `CACHE_DTYPES`.

    Returns:
        Bits per value.

    Source:
        llama.cpp, `common/arg.cpp`, option `--cache-type-k`, for the types; their blocks as in
        [`gguf_bits_per_weight`][dlp.quantization.gguf_bits_per_weight].

    Examples:
        >>> cache_bits_per_value(dtype="Q8_0")
        8.5
    """
    known = _check.dtype("dtype", dtype, CACHE_DTYPES)
    if known in _GGML_DTYPES:
        return gguf_bits_per_weight(ggml_type=known)  # type: ignore[arg-type]
    return bits_per_parameter(dtype=known)  # type: ignore[arg-type]


def kv_cache_bytes(
    *,
    num_hidden_layers: int,
    num_key_value_heads: int,
    head_dim: int,
    num_tokens: int,
    batch_size: int = 1,
    dtype: "CacheDtype" = "bf16",
    v_head_dim: int | None = None,
    value_dtype: "CacheDtype | None" = None,
) -> int:
    r"""Count the bytes of the keys and values kept while a model generates text.

    $$\left\lceil \frac{2 \times \text{num\_hidden\_layers} \times \text{num\_key\_value\_heads}
    \times \text{head\_dim} \times \text{num\_tokens} \times \text{batch\_size}
    \times \operatorname{cache\_bits\_per\_value}}{8} \right\rceil$$

    Values of another width or another format than the keys are counted apart: half of the two are
    keys, half are values.

    Args:
        num_hidden_layers: Layers, 1 or more.
        num_key_value_heads: Key and value heads; fewer than query heads in grouped-query
            attention, 1 or more.
        head_dim: Width of one head, 1 or more.
        num_tokens: Tokens in the cache, prompt and answer, 1 or more.
        batch_size: Sequences generated at once, 1 or more.
        dtype: One of `CACHE_DTYPES`.
        v_head_dim: Width of the values of one head, where it is another than that of the keys, 1 or
            more.
        value_dtype: One of `CACHE_DTYPES`, where values have another than keys.

    Returns:
        Bytes, rounded up to a whole byte.

    Source:
        The scaling book, part 7, "What about memory?"; Ainslie et al. 2023, section 2.2, for
        grouped queries.

    Examples:
        Llama 2 7B, 2048 tokens in 16 bits:

        >>> kv_cache_bytes(
        ...     num_hidden_layers=32, num_key_value_heads=32, head_dim=128, num_tokens=2048
        ... )
        1073741824

        Qwen3 8B in llama.cpp, keys in `Q8_0` and values in `Q4_0`, in MiB:

        >>> num_bytes = kv_cache_bytes(
        ...     num_hidden_layers=36,
        ...     num_key_value_heads=8,
        ...     head_dim=128,
        ...     num_tokens=2560,
        ...     dtype="Q8_0",
        ...     value_dtype="Q4_0",
        ... )
        >>> num_bytes / 2**20
        146.25
    """
    _check.count("num_hidden_layers", num_hidden_layers)
    _check.count("num_key_value_heads", num_key_value_heads)
    _check.count("head_dim", head_dim)
    _check.count("num_tokens", num_tokens)
    _check.count("batch_size", batch_size)
    of_values = head_dim if v_head_dim is None else _check.count("v_head_dim", v_head_dim)
    key_bits = value_bits = _bits(dtype)
    if value_dtype is not None:
        _check.dtype("value_dtype", value_dtype, CACHE_DTYPES)
        value_bits = _bits(value_dtype)
    cells = num_hidden_layers * num_key_value_heads * num_tokens * batch_size
    return -(-cells * (head_dim * key_bits + of_values * value_bits) // 16)


def sliding_window_layers(*, config: "Mapping[str, object]") -> int:
    """Count the layers of a model whose attention looks back over a sliding window only.

    None where `sliding_window` is null, or is left out and the class has none: that of Mistral 7B
    has 4,096 tokens. Otherwise `layer_types` says it, if there is one; else every second layer of
    Gemma 2, beginning with the first, all but every sixth of Gemma 3 and all but every fourth of
    OLMo 3 and Command R7B (`sliding_window_pattern`), those of Qwen from `max_window_layers` on if
    `use_sliding_window` is true, three of four of Llama 4, which look back over chunks
    (`attention_chunk_size`), and every layer of other models, such as Mistral 7B.

    Args:
        config: A parsed `config.json` of a causal language model, with or without its head, or of
            a model that has one as its part.

    Returns:
        Layers, from 0 to all.

    Raises:
        TypeError: If `config` is not a dict or a value in it is of the wrong type.
        ValueError: If `model_type` is unknown, a key is missing or a value out of its range.

    Source:
        Transformers 5.23.0, `cache_utils.py`, `get_layer_types_and_kwargs`;
        `configuration_gemma2.py`, `configuration_gemma3.py`, `configuration_qwen2.py`.

    Examples:
        >>> from dlp.models import MISTRAL_7B
        >>> sliding_window_layers(config={**MISTRAL_7B, "sliding_window": 4096})
        32
    """
    config, model = _caching.decoder(config)
    return _caching.slides(config, model)


def model_kv_cache_bytes(
    *,
    config: "Mapping[str, object]",
    num_tokens: int,
    batch_size: int = 1,
    dtype: "CacheDtype" = "bf16",
    value_dtype: "CacheDtype | None" = None,
    cache_implementation: "CacheImplementation" = "static",
    n_ubatch: int = 512,
) -> int:
    """Count the bytes of the KV cache of a model, from its `config.json`.

    The sum of [`kv_cache_bytes`][dlp.cache.kv_cache_bytes] over two kinds of layers: those with
    full attention keep every token, those with a sliding window or chunks fewer.

    | `cache_implementation` | tokens that a layer with a window keeps |
    |---|---|
    | `static` | those of the window |
    | `dynamic` | one less, since the next token makes it full |
    | `llama.cpp` | those of the window and of a micro-batch, rounded up to a multiple of 256 |

    None keeps more than there are; llama.cpp rounds these up to a multiple of 256 too. In a Falcon
    of the new architecture Transformers keeps a copy of the keys and values for each query head.
    Of multi-head latent attention it keeps the latent alone, one narrow vector of each token
    (`kv_lora_rank`) and the part of a key that is turned (`qk_rope_head_dim`); and, where attention
    looks at tokens that it picks, what it picks them by. Layers that use the keys and values of
    earlier ones keep none. It is what grows with the text that is counted: layers without
    attention, such as Mamba's, keep a state of one size beside it, which is left out.

    Args:
        config: A parsed `config.json` of a causal language model, with or without its head, or of
            a model that has one as its part.
        num_tokens: Tokens in the cache, prompt and answer, 1 or more; with llama.cpp those that
            there is room for, of each sequence.
        batch_size: Sequences generated at once, 1 or more.
        dtype: One of `CACHE_DTYPES`.
        value_dtype: One of `CACHE_DTYPES`, where values have another than keys.
        cache_implementation: One of `CACHE_IMPLEMENTATIONS`.
        n_ubatch: Tokens of a micro-batch of llama.cpp, which are read at once (`--ubatch-size`), 1
            or more.

    Returns:
        Bytes, rounded up to a whole byte for each kind of layer.

    Raises:
        TypeError: If `config` is not a dict, or a value of the wrong type.
        ValueError: If `model_type` is unknown, that of a model without such a cache or of one whose
            cache is not known, a key is missing, a count out of its range or `dtype` unknown.

    Source:
        Transformers 5.23.0, `cache_utils.py`, `StaticSlidingWindowLayer` and
        `DynamicSlidingWindowLayer`; llama.cpp at commit 02c28f5, `src/llama-kv-cache-iswa.cpp`, and
        `src/llama-context.cpp` for the rounding.

    Examples:
        Llama 3 8B: an eighth of a MiB for each token.

        >>> from dlp.models import LLAMA_3_8B
        >>> model_kv_cache_bytes(config=LLAMA_3_8B, num_tokens=1)
        131072

        DeepSeek-V3, for which its class has a default of every key:

        >>> model_kv_cache_bytes(config={"model_type": "deepseek_v3"}, num_tokens=1)
        70272
    """
    _check.count("num_tokens", num_tokens)
    _check.count("batch_size", batch_size)
    _check.choice("cache_implementation", cache_implementation, CACHE_IMPLEMENTATIONS)
    _check.count("n_ubatch", n_ubatch)
    if value_dtype is not None:
        _check.dtype("value_dtype", value_dtype, CACHE_DTYPES)
    config, model = _caching.decoder(config)
    kinds = _caching.kept(config, model)
    if cache_implementation == "llama.cpp":
        _check_llama_cpp(model, kinds)
        num_tokens = _padded(num_tokens)
    if _caching.is_latent(model) and value_dtype is not None:
        raise ValueError("value_dtype must be left out: one vector stands for keys and values")
    total = 0
    for kind in kinds:
        window = kind["window"]
        if window and cache_implementation == "llama.cpp":
            window = _padded(window + n_ubatch)
        if window and cache_implementation == "dynamic" and num_tokens >= window:
            window -= 1
        kept = min(num_tokens, window) if kind["window"] else num_tokens
        cells = kind["layers"] * kept * batch_size
        bits = _bits(dtype), _bits(dtype if value_dtype is None else value_dtype)
        total += -(-cells * (kind["keys"] * bits[0] + kind["values"] * bits[1]) // 16)
    cells = _caching.indexed(config, model) * num_tokens * batch_size
    return total - (-cells * _bits(dtype) // 16)


def encoder_decoder_cache_bytes(
    *,
    config: "Mapping[str, object]",
    num_tokens: int,
    num_encoder_tokens: int,
    batch_size: int = 1,
    dtype: "CacheDtype" = "bf16",
) -> int:
    """Count the bytes of the KV cache of a model whose decoder reads what an encoder has read.

    Each layer of the decoder has two caches: one for the tokens that it writes, which grows, and
    one for the tokens of the encoder, which is made once. The encoder keeps nothing.

    Args:
        config: A parsed `config.json` of a model such as T5, BART or Whisper.
        num_tokens: Tokens that the decoder has read or written, 1 or more.
        num_encoder_tokens: Tokens of the input, 1 or more; of Whisper its `max_source_positions`,
            1,500, however short the sound is.
        batch_size: Sequences generated at once, 1 or more.
        dtype: One of `CACHE_DTYPES`.

    Returns:
        Bytes, rounded up to a whole byte for each kind of cache.

    Raises:
        TypeError: If `config` is not a dict, or a value of the wrong type.
        ValueError: If the model has no decoder beside an encoder, a key is missing, or a value out
            of its range.

    Source:
        Transformers 5.23.0, `cache_utils.py`, `EncoderDecoderCache`.

    Examples:
        Flan-T5 base, an input of 512 tokens:

        >>> from dlp.models import FLAN_T5_BASE
        >>> encoder_decoder_cache_bytes(
        ...     config=FLAN_T5_BASE, num_tokens=128, num_encoder_tokens=512
        ... )
        23592960
    """
    _check.count("num_tokens", num_tokens)
    _check.count("num_encoder_tokens", num_encoder_tokens)
    model = _config.read(config)
    size = model["sizes"]
    writes = "language model" in model["family"]["classes"].values()
    if not (size["num_decoder_layers"] and writes):
        raise ValueError(
            f"config must be that of an encoder with a decoder, not of model_type "
            f"{model['model_type']} alone"
        )
    return sum(
        kv_cache_bytes(
            num_hidden_layers=size["num_decoder_layers"],
            num_key_value_heads=size["num_key_value_heads"],
            head_dim=size["head_dim"],
            num_tokens=tokens,
            batch_size=batch_size,
            dtype=dtype,
        )
        for tokens in (num_tokens, num_encoder_tokens)
    )


def _padded(cells: int) -> int:
    """Round up as llama.cpp does."""
    return -(-cells // 256) * 256


def _bits(dtype: "CacheDtype") -> int:
    """Count the half bits of a number, of which there are whole ones."""
    return int(2 * cache_bits_per_value(dtype=dtype))


def _check_llama_cpp(model: "Model", kinds: "list[Kept]") -> None:
    """Refuse what llama.cpp keeps otherwise than Transformers."""
    plain = {(kind["keys"], kind["values"]) for kind in kinds}
    sets = model["family"]["sets"]
    if (
        len(plain) > 1
        or _caching.is_latent(model)
        or model["family"]["window"]["key"] != "sliding_window"
        or "reuse" in sets
        or "mixes" in sets
        or "attends" in sets
    ):
        raise ValueError(
            f"what llama.cpp keeps of model_type {model['model_type']!r} is not known, "
            f"only what Transformers does"
        )
