"""Activations: what a forward pass keeps for the backward pass, and the KV cache.

Both appear when a model runs, and both grow with the context; loading a model needs neither.
"""

from dlp import _check
from dlp.units import bytes_per_parameter

COMPUTE_DTYPES = ("fp32", "tf32", "fp16", "bf16")
"""The number formats in which a forward pass keeps its activations."""

CACHE_DTYPES = COMPUTE_DTYPES + ("fp8", "int8")
"""The number formats in which a KV cache is kept."""

METHODS = ("full", "head-only", "lora", "qlora")
"""What is trained: every weight, the head alone, or adapters on a frozen (quantized) model."""

ATTENTIONS = ("eager", "flash")
"""Whether the attention keeps its scores (`"eager"`) or computes them again (`"flash"`)."""

RECOMPUTATIONS = ("none", "selective", "full")
"""What is computed again in the backward pass: nothing, the attention scores, or each layer."""

# The tensors that one layer of a GPT-like transformer keeps: name, width, who needs it.
# The width is in units of tokens x hidden_size, or of heads x length^2 x batch for "scores".
# "weight" tensors are inputs of linear layers: only the gradient of that layer's own weight needs
# them. "path" tensors carry the gradient on to earlier layers, so LoRA keeps them too.
_LAYER = (
    ("first norm input", 1, "path"),
    ("qkv input", 1, "qkv weight"),
    ("queries and keys", 2, "path"),
    ("attention probabilities", 1, "scores"),
    ("attention dropout mask", 1, "scores mask"),
    ("dropped probabilities", 1, "scores"),
    ("values", 1, "path"),
    ("attention output", 1, "weight"),
    ("output dropout mask", 1, "mask"),
    ("second norm input", 1, "path"),
    ("mlp input", 1, "weight"),
    ("activation function input", 4, "path"),
    ("activation function output", 4, "weight"),
    ("mlp dropout mask", 1, "mask"),
)


def saved_activations(
    *,
    per_device_train_batch_size: int,
    sequence_length: int,
    hidden_size: int,
    num_attention_heads: int,
    method: str = "full",
    dtype: str = "fp16",
    attention: str = "eager",
    recomputation: str = "none",
) -> dict[str, int]:
    """List the bytes that one transformer layer keeps for the backward pass, tensor by tensor.

    The layer is GPT's: an MLP four times as wide as the model and dropout, whose masks take one
    byte each. A frozen linear layer does not need its input again, so LoRA on queries and
    values keeps less than full fine-tuning; what carries the gradient to earlier layers it keeps
    all the same. A head on a frozen model keeps nothing of the layers below it.

    Args:
        per_device_train_batch_size: Sequences in a micro-batch, 1 or more.
        sequence_length: Tokens in a sequence, 1 or more.
        hidden_size: Width of the model, 1 or more.
        num_attention_heads: Attention heads, 1 or more.
        method: One of `METHODS`; the two LoRA methods adapt queries, keys or values.
        dtype: One of `COMPUTE_DTYPES`.
        attention: One of `ATTENTIONS`.
        recomputation: One of `RECOMPUTATIONS`.

    Returns:
        Bytes of each tensor kept, by name; empty for `"head-only"`. The low-rank tensors of
        LoRA itself, `r` wide, are left out.

    Raises:
        TypeError: If a count is not an int or a choice not a str.
        ValueError: If a count is below 1 or a choice unknown.

    Source:
        Korthikanti et al. 2022, section 4.1, for the tensors of full fine-tuning.

    Examples:
        >>> kept = saved_activations(
        ...     per_device_train_batch_size=1,
        ...     sequence_length=2048,
        ...     hidden_size=12288,
        ...     num_attention_heads=96,
        ... )
        >>> kept["attention probabilities"]
        805306368
    """
    _check.count("per_device_train_batch_size", per_device_train_batch_size)
    _check.count("sequence_length", sequence_length)
    _check.count("hidden_size", hidden_size)
    _check.count("num_attention_heads", num_attention_heads)
    _check.choice("method", method, METHODS)
    _check.choice("dtype", dtype, COMPUTE_DTYPES)
    _check.choice("attention", attention, ATTENTIONS)
    _check.choice("recomputation", recomputation, RECOMPUTATIONS)
    element = int(bytes_per_parameter(dtype=dtype))
    tokens = per_device_train_batch_size * sequence_length
    if method == "head-only":
        return {}
    if recomputation == "full":
        return {"layer input": tokens * hidden_size * element}
    kept: dict[str, int] = {}
    for name, width, need in _LAYER:
        if need.startswith("scores") and (attention == "flash" or recomputation == "selective"):
            continue
        # Attention that recomputes its scores needs its own output to do so.
        own_output = name == "attention output" and attention == "flash"
        if need == "weight" and method != "full" and not own_output:
            continue
        unit = num_attention_heads * sequence_length if "scores" in need else hidden_size
        kept[name] = tokens * width * unit * (1 if "mask" in need else element)
    return kept


def activation_bytes_per_layer(
    *,
    per_device_train_batch_size: int,
    sequence_length: int,
    hidden_size: int,
    num_attention_heads: int,
    method: str = "full",
    dtype: str = "fp16",
    attention: str = "eager",
    recomputation: str = "none",
) -> int:
    r"""Count the bytes that one transformer layer keeps for the backward pass.

    In 16-bit formats and full fine-tuning this is Korthikanti's $s b h (34 + 5 a s / h)$.

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times (\text{hidden\_size} \times (16 \times \operatorname{bytes\_per\_parameter} + 2)
    + \text{num\_attention\_heads} \times \text{sequence\_length}
    \times (2 \times \operatorname{bytes\_per\_parameter} + 1))$$

    With `attention="flash"` the scores are not kept:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times \text{hidden\_size} \times (16 \times \operatorname{bytes\_per\_parameter} + 2)$$

    With `recomputation="selective"` neither:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times \text{hidden\_size} \times (16 \times \operatorname{bytes\_per\_parameter} + 2)$$

    With `recomputation="full"` only the input of the layer is kept:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times \text{hidden\_size} \times \operatorname{bytes\_per\_parameter}$$

    With `method="lora"` the inputs of linear layers neither trained nor adapted are not kept:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times (\text{hidden\_size} \times (10 \times \operatorname{bytes\_per\_parameter} + 2)
    + \text{num\_attention\_heads} \times \text{sequence\_length}
    \times (2 \times \operatorname{bytes\_per\_parameter} + 1))$$

    With `method="lora"` and `attention="flash"` neither are the scores, but the output of the
    attention is, for computing them again:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times \text{hidden\_size} \times (11 \times \operatorname{bytes\_per\_parameter} + 2)$$

    Args:
        per_device_train_batch_size: Sequences in a micro-batch, 1 or more.
        sequence_length: Tokens in a sequence, 1 or more.
        hidden_size: Width of the model, 1 or more.
        num_attention_heads: Attention heads, 1 or more.
        method: One of `METHODS`.
        dtype: One of `COMPUTE_DTYPES`.
        attention: One of `ATTENTIONS`.
        recomputation: One of `RECOMPUTATIONS`.

    Returns:
        Bytes in one layer: the sum of
        [`saved_activations`][dlp.activations.saved_activations].

    Raises:
        TypeError: If a count is not an int or a choice not a str.
        ValueError: If a count is below 1 or a choice unknown.

    Source:
        Korthikanti et al. 2022, equation 1 and table 2.

    Examples:
        GPT-3's shape, 34 + 80 bytes for each token and unit of width:

        >>> activation_bytes_per_layer(
        ...     per_device_train_batch_size=1,
        ...     sequence_length=2048,
        ...     hidden_size=12288,
        ...     num_attention_heads=96,
        ... ) == 2048 * 12288 * (34 + 80)
        True
    """
    return sum(
        saved_activations(
            per_device_train_batch_size=per_device_train_batch_size,
            sequence_length=sequence_length,
            hidden_size=hidden_size,
            num_attention_heads=num_attention_heads,
            method=method,
            dtype=dtype,
            attention=attention,
            recomputation=recomputation,
        ).values()
    )


def activation_bytes(
    *,
    num_hidden_layers: int,
    per_device_train_batch_size: int,
    sequence_length: int,
    hidden_size: int,
    num_attention_heads: int,
    method: str = "full",
    dtype: str = "fp16",
    attention: str = "eager",
    recomputation: str = "none",
) -> int:
    r"""Count the bytes that all transformer layers keep for the backward pass.

    Embeddings, the last norm, logits and loss are left out.

    $$\text{num\_hidden\_layers} \times \operatorname{activation\_bytes\_per\_layer}$$

    With `method="head-only"` only the hidden states that the head reads are kept:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times \text{hidden\_size} \times \operatorname{bytes\_per\_parameter}$$

    Args:
        num_hidden_layers: Layers, 1 or more.
        per_device_train_batch_size: Sequences in a micro-batch, 1 or more.
        sequence_length: Tokens in a sequence, 1 or more.
        hidden_size: Width of the model, 1 or more.
        num_attention_heads: Attention heads, 1 or more.
        method: One of `METHODS`.
        dtype: One of `COMPUTE_DTYPES`.
        attention: One of `ATTENTIONS`.
        recomputation: One of `RECOMPUTATIONS`.

    Returns:
        Bytes for one micro-batch on one device.

    Raises:
        TypeError: If a count is not an int or a choice not a str.
        ValueError: If a count is below 1 or a choice unknown.

    Source:
        Korthikanti et al. 2022, section 4.1. That a head reads every token's hidden state is
        Transformers 5.23.0, `modeling_layers.py`, `GenericForSequenceClassification.forward`.

    Examples:
        >>> activation_bytes(
        ...     num_hidden_layers=32,
        ...     per_device_train_batch_size=1,
        ...     sequence_length=2048,
        ...     hidden_size=4096,
        ...     num_attention_heads=32,
        ...     attention="flash",
        ... )
        9126805504
    """
    _check.count("num_hidden_layers", num_hidden_layers)
    per_layer = activation_bytes_per_layer(
        per_device_train_batch_size=per_device_train_batch_size,
        sequence_length=sequence_length,
        hidden_size=hidden_size,
        num_attention_heads=num_attention_heads,
        method=method,
        dtype=dtype,
        attention=attention,
        recomputation=recomputation,
    )
    if method == "head-only":
        states = per_device_train_batch_size * sequence_length * hidden_size
        return states * int(bytes_per_parameter(dtype=dtype))
    return num_hidden_layers * per_layer


def kv_cache_bytes(
    *,
    num_hidden_layers: int,
    num_key_value_heads: int,
    head_dim: int,
    num_tokens: int,
    batch_size: int = 1,
    dtype: str = "bf16",
) -> int:
    r"""Count the bytes of the keys and values kept while a model generates text.

    $$2 \times \text{num\_hidden\_layers} \times \text{num\_key\_value\_heads}
    \times \text{head\_dim} \times \text{num\_tokens} \times \text{batch\_size}
    \times \operatorname{bytes\_per\_parameter}$$

    Args:
        num_hidden_layers: Layers, 1 or more.
        num_key_value_heads: Key and value heads; fewer than query heads in grouped-query
            attention, 1 or more.
        head_dim: Width of one head, 1 or more.
        num_tokens: Tokens in the cache, prompt and answer, 1 or more.
        batch_size: Sequences generated at once, 1 or more.
        dtype: One of `CACHE_DTYPES`.

    Returns:
        Bytes.

    Raises:
        TypeError: If a count is not an int or `dtype` not a str.
        ValueError: If a count is below 1 or `dtype` is unknown.

    Source:
        The scaling book, part 7, "What about memory?"; Ainslie et al. 2023, section 2.2, for
        grouped queries.

    Examples:
        Llama 2 7B, 2048 tokens in 16 bits: 1 GiB.

        >>> kv_cache_bytes(
        ...     num_hidden_layers=32, num_key_value_heads=32, head_dim=128, num_tokens=2048
        ... )
        1073741824
    """
    _check.count("num_hidden_layers", num_hidden_layers)
    _check.count("num_key_value_heads", num_key_value_heads)
    _check.count("head_dim", head_dim)
    _check.count("num_tokens", num_tokens)
    _check.count("batch_size", batch_size)
    _check.choice("dtype", dtype, CACHE_DTYPES)
    values = 2 * num_hidden_layers * num_key_value_heads * head_dim * num_tokens * batch_size
    return values * int(bytes_per_parameter(dtype=dtype))
