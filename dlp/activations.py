"""Activations: what a forward pass keeps for the backward pass.

They appear when a model trains, and grow with the batch and the context; loading a model needs
none of them.
"""

from dlp import _check
from dlp.units import bytes_per_parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

COMPUTE_DTYPES = ("fp32", "tf32", "fp16", "bf16")
"""The number formats in which a forward pass keeps its activations."""

METHODS = ("full", "head-only", "lora", "qlora")
"""What is trained: every weight, the head alone, or adapters on a frozen (quantized) model."""

ATTENTIONS = ("eager", "flash")
"""Whether the attention keeps its scores (`"eager"`) or computes them again (`"flash"`)."""

RECOMPUTATIONS = ("none", "selective", "full")
"""What is computed again in the backward pass: nothing, the attention scores, or each layer."""

LAYERS = ("gpt", "llama")
"""Whose layer is counted: GPT's as Korthikanti et al. list it, or Llama's as Transformers runs it.

GPT's has an MLP four times as wide as the model, and dropout, whose masks take one byte each.
Llama's has a gated MLP, grouped queries and no dropout; its norms compute in fp32, and so do its
attention scores.
"""

ADAPTED_LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The linear layers that LoRA can adapt, by Llama's names; a GPT layer has no `gate_proj`."""

# What one layer keeps: name, width, format, who holds it under tensor parallelism, who needs it.
# "whole" tensors lie on every device of a tensor-parallel group, "split" ones are shared out.
# "path" tensors carry the gradient to earlier layers, so LoRA keeps them too. A tensor that only
# the gradient of a linear layer's own weight needs is marked with the layers that read it; "norm"
# tensors are needed by the weight of a norm, "scores" and "flash" ones by that kind of attention.
_QKV = ("q_proj", "k_proj", "v_proj")
_KEPT: "dict[str, tuple[tuple[str, str, str, str, str | tuple[str, ...]], ...]]" = {
    "gpt": (
        ("first norm input", "hidden", "dtype", "whole", "path"),
        ("qkv input", "hidden", "dtype", "whole", _QKV),
        ("queries and keys", "twice hidden", "dtype", "split", "path"),
        ("attention probabilities", "scores", "dtype", "split", "scores"),
        ("attention dropout mask", "scores", "byte", "split", "scores"),
        ("dropped probabilities", "scores", "dtype", "split", "scores"),
        ("values", "hidden", "dtype", "split", "path"),
        ("attention output", "hidden", "dtype", "split", ("o_proj",)),
        ("output dropout mask", "hidden", "byte", "whole", "path"),
        ("second norm input", "hidden", "dtype", "whole", "path"),
        ("mlp input", "hidden", "dtype", "whole", ("up_proj",)),
        ("activation function input", "inner", "dtype", "split", "path"),
        ("activation function output", "inner", "dtype", "split", ("down_proj",)),
        ("mlp dropout mask", "hidden", "byte", "whole", "path"),
    ),
    "llama": (
        ("first norm input", "hidden", "fp32", "whole", "path"),
        ("first norm scale", "one", "fp32", "whole", "path"),
        ("first norm output", "hidden", "dtype", "whole", "norm"),
        ("qkv input", "hidden", "dtype", "whole", _QKV),
        ("queries", "heads", "dtype", "split", "path"),
        ("keys", "key heads", "dtype", "split", "path"),
        ("values", "key heads", "dtype", "split", "path"),
        ("attention probabilities", "scores", "fp32", "split", "scores"),
        ("rounded probabilities", "scores", "rounded", "split", "scores"),
        ("softmax statistics", "rows", "fp32", "split", "flash"),
        ("attention output", "heads", "dtype", "split", ("o_proj",)),
        ("second norm input", "hidden", "fp32", "whole", "path"),
        ("second norm scale", "one", "fp32", "whole", "path"),
        ("second norm output", "hidden", "dtype", "whole", "norm"),
        ("mlp input", "hidden", "dtype", "whole", ("gate_proj", "up_proj")),
        ("gate", "inner", "dtype", "split", "path"),
        ("activation function output", "inner", "dtype", "split", "path"),
        ("up", "inner", "dtype", "split", "path"),
        ("product of gate and up", "inner", "dtype", "split", ("down_proj",)),
    ),
}


def saved_activations(
    *,
    per_device_train_batch_size: int,
    sequence_length: int,
    hidden_size: int,
    num_attention_heads: int,
    layer: str = "gpt",
    intermediate_size: int | None = None,
    num_key_value_heads: int | None = None,
    head_dim: int | None = None,
    method: str = "full",
    dtype: str = "fp16",
    attention: str = "eager",
    recomputation: str = "none",
    tensor_parallel_size: int = 1,
    sequence_parallel: bool = False,
    r: int = 8,
    target_modules: "Collection[str] | str" = ("q_proj", "v_proj"),
    autocast_adapter_dtype: bool = False,
) -> dict[str, int]:
    """List the bytes that one transformer layer keeps for the backward pass, tensor by tensor.

    A frozen linear layer does not need its input again, so LoRA keeps less than full fine-tuning;
    what carries the gradient to earlier layers it keeps all the same. A head on a frozen model
    keeps nothing of the layers below it. Tensor parallelism shares out the inside of attention and
    MLP over its devices; sequence parallelism shares out the rest.

    In the GPT layer the statistics of the norms and LoRA's own low-rank outputs are left out, as
    in the paper. The Llama layer has all that PyTorch keeps, those included; the first layer of a
    frozen model keeps a little less, as no gradient goes on to the embeddings.

    Args:
        per_device_train_batch_size: Sequences in a micro-batch, 1 or more.
        sequence_length: Tokens in a sequence, 1 or more.
        hidden_size: Width of the model, 1 or more.
        num_attention_heads: Attention heads, 1 or more.
        layer: One of `LAYERS`.
        intermediate_size: Width of the MLP; needed for `"llama"`, four times `hidden_size` in
            `"gpt"`.
        num_key_value_heads: Key and value heads; needed for `"llama"`, as many as
            `num_attention_heads` in `"gpt"`.
        head_dim: Width of one head; needed for `"llama"`, the heads share `hidden_size` in
            `"gpt"`.
        method: One of `METHODS`.
        dtype: One of `COMPUTE_DTYPES`.
        attention: One of `ATTENTIONS`.
        recomputation: One of `RECOMPUTATIONS`.
        tensor_parallel_size: Devices that share a layer, 1 or more; must divide every width and
            count that is shared out.
        sequence_parallel: Whether these devices share out the tokens of norms and dropout too;
            `tensor_parallel_size` must then divide `sequence_length`.
        r: Rank of the adapters, 1 or more.
        target_modules: What LoRA adapts: some of `ADAPTED_LAYERS`, or `"all-linear"`.
        autocast_adapter_dtype: Whether adapters are in fp32 whatever `dtype` is, as PEFT makes
            them by default: in 16 bits each adapted layer of `"llama"` then keeps an fp32 copy of
            its input.

    Returns:
        Bytes of each tensor kept on one device, by name; empty for `"head-only"`.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a count is below 1, a choice unknown, a width missing or not the layer's, or
            something cannot be shared out evenly.

    Source:
        GPT: Korthikanti et al. 2022, section 4. Llama: what Transformers 5.23.0
        (`modeling_llama.py`), PEFT 0.21.2 and PyTorch 2.13.0 save for backward.

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
    _check.choice("layer", layer, LAYERS)
    inner = _layer_width(
        "intermediate_size", intermediate_size, 4 * hidden_size if layer == "gpt" else None
    )
    key_heads = _layer_width(
        "num_key_value_heads", num_key_value_heads, num_attention_heads if layer == "gpt" else None
    )
    if key_heads > num_attention_heads or num_attention_heads % key_heads:
        raise ValueError(
            f"num_key_value_heads must divide num_attention_heads ({num_attention_heads}), "
            f"not be {key_heads}"
        )
    if layer == "llama" or head_dim is not None:
        _check.count("head_dim", head_dim)
    if layer == "gpt" and head_dim is not None and head_dim * num_attention_heads != hidden_size:
        raise ValueError(
            f'head_dim must be hidden_size / num_attention_heads with layer="gpt", not {head_dim}'
        )
    _check.choice("method", method, METHODS)
    _check.choice("dtype", dtype, COMPUTE_DTYPES)
    _check.choice("attention", attention, ATTENTIONS)
    _check.choice("recomputation", recomputation, RECOMPUTATIONS)
    shared = {
        "hidden_size": hidden_size,
        "num_attention_heads": num_attention_heads,
        "num_key_value_heads": key_heads,
        "intermediate_size": inner,
    }
    _check.flag("sequence_parallel", sequence_parallel)
    if sequence_parallel:
        shared["sequence_length"] = sequence_length
    _check.count("tensor_parallel_size", tensor_parallel_size)
    for name, value in shared.items():
        if value % tensor_parallel_size:
            raise ValueError(
                f"tensor_parallel_size must divide {name} ({value}), not be {tensor_parallel_size}"
            )
    _check.count("r", r)
    adapted = _adapted_layers(layer, target_modules)
    _check.flag("autocast_adapter_dtype", autocast_adapter_dtype)

    element = int(bytes_per_parameter(dtype=dtype))
    tokens = per_device_train_batch_size * sequence_length
    if method == "head-only":
        return {}
    if recomputation == "full":
        whole = tokens * hidden_size * element
        return {"layer input": whole // tensor_parallel_size if sequence_parallel else whole}
    scores_kept = attention == "eager" and recomputation == "none"
    formats = {"dtype": element, "byte": 1, "fp32": 4, "rounded": element if element < 4 else 0}
    queries = num_attention_heads * (head_dim or 0)
    widths = {
        "one": 1,
        "hidden": hidden_size,
        "twice hidden": 2 * hidden_size,
        "inner": inner,
        "rows": num_attention_heads,
        "scores": num_attention_heads * sequence_length,
        "heads": queries,
        # Eager attention repeats the keys and values, once for each query head that shares them.
        "key heads": queries if scores_kept else key_heads * (head_dim or 0),
    }
    is_lora = method != "full"
    own_copies = is_lora and autocast_adapter_dtype and element < 4 and layer == "llama"
    kept: dict[str, int] = {}
    for name, width, kind, place, need in _KEPT[layer]:
        if (need == "scores" and not scores_kept) or (need == "flash" and attention == "eager"):
            continue
        if need == "norm" and is_lora:
            continue
        # Attention that recomputes its scores needs its own output to do so.
        own_output = name == "attention output" and attention == "flash"
        readers = [each for each in adapted if each in need] if isinstance(need, tuple) else []
        devices = tensor_parallel_size if place == "split" or sequence_parallel else 1
        if is_lora and isinstance(need, tuple):
            for reader in readers if own_copies else []:
                kept[f"{reader} input in fp32"] = tokens * widths[width] * 4 // devices
            if not own_output and (own_copies or not readers):
                continue
        if formats[kind]:
            kept[name] = tokens * widths[width] * formats[kind] // devices
    if is_lora and layer == "llama":
        kept["outputs of A"] = tokens * r * len(adapted) * (4 if own_copies else element)
    return kept


def _layer_width(name: str, value: int | None, fixed: int | None) -> int:
    """Return a width or count of a layer: the one given, or the one that GPT's layer has."""
    if value is None and fixed is not None:
        return fixed
    given = _check.count(name, value)
    if fixed is not None and given != fixed:
        raise ValueError(f'{name} must be {fixed} with layer="gpt", not {given}')
    return given


def _adapted_layers(layer: str, target_modules: "Collection[str] | str") -> list[str]:
    """Return the linear layers that LoRA adapts."""
    known = [name for name in ADAPTED_LAYERS if layer == "llama" or name != "gate_proj"]
    if isinstance(target_modules, str):
        _check.choice("target_modules", target_modules, ("all-linear",))
        return known
    return _check.choices("target_modules", target_modules, known)


def activation_bytes_per_layer(
    *,
    per_device_train_batch_size: int,
    sequence_length: int,
    hidden_size: int,
    num_attention_heads: int,
    layer: str = "gpt",
    intermediate_size: int | None = None,
    num_key_value_heads: int | None = None,
    head_dim: int | None = None,
    method: str = "full",
    dtype: str = "fp16",
    attention: str = "eager",
    recomputation: str = "none",
    tensor_parallel_size: int = 1,
    sequence_parallel: bool = False,
    r: int = 8,
    target_modules: "Collection[str] | str" = ("q_proj", "v_proj"),
    autocast_adapter_dtype: bool = False,
) -> int:
    r"""Count the bytes that one transformer layer keeps for the backward pass.

    In 16-bit formats and full fine-tuning on one device this is Korthikanti's
    $s b h (34 + 5 a s / h)$. Without sequence parallelism every device holds the inputs of norms
    and of linear layers, and two of the dropout masks, whole:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times (\text{hidden\_size} \times (4 \times \operatorname{bytes\_per\_parameter} + 2)
    + \frac{\text{hidden\_size} \times 12 \times \operatorname{bytes\_per\_parameter}
    + \text{num\_attention\_heads} \times \text{sequence\_length}
    \times (2 \times \operatorname{bytes\_per\_parameter} + 1)}
    {\text{tensor\_parallel\_size}})$$

    With `sequence_parallel=True` everything is shared out:

    $$\frac{\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times (\text{hidden\_size} \times (16 \times \operatorname{bytes\_per\_parameter} + 2)
    + \text{num\_attention\_heads} \times \text{sequence\_length}
    \times (2 \times \operatorname{bytes\_per\_parameter} + 1))}{\text{tensor\_parallel\_size}}$$

    With `attention="flash"` the scores are not kept:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times \text{hidden\_size} \times (4 \times \operatorname{bytes\_per\_parameter} + 2
    + \frac{12 \times \operatorname{bytes\_per\_parameter}}{\text{tensor\_parallel\_size}}
    )$$

    With `recomputation="selective"` neither:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times \text{hidden\_size} \times (4 \times \operatorname{bytes\_per\_parameter} + 2
    + \frac{12 \times \operatorname{bytes\_per\_parameter}}{\text{tensor\_parallel\_size}}
    )$$

    With `recomputation="selective"` and `sequence_parallel=True` the rest is shared out:

    $$\frac{\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times \text{hidden\_size} \times (16 \times \operatorname{bytes\_per\_parameter} + 2)}
    {\text{tensor\_parallel\_size}}$$

    With `recomputation="full"` only the input of the layer is kept, whole on every device:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times \text{hidden\_size} \times \operatorname{bytes\_per\_parameter}$$

    With `method="lora"` and `target_modules=("q_proj", "v_proj")` the inputs of linear layers
    neither trained nor adapted are not kept:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times (\text{hidden\_size} \times (3 \times \operatorname{bytes\_per\_parameter} + 2)
    + \frac{\text{hidden\_size} \times 7 \times \operatorname{bytes\_per\_parameter}
    + \text{num\_attention\_heads} \times \text{sequence\_length}
    \times (2 \times \operatorname{bytes\_per\_parameter} + 1)}
    {\text{tensor\_parallel\_size}})$$

    With `method="lora"`, `target_modules=("q_proj", "v_proj")` and `attention="flash"` neither are
    the scores, but the output of the attention is, for computing them again:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times \text{hidden\_size} \times (3 \times \operatorname{bytes\_per\_parameter} + 2
    + \frac{8 \times \operatorname{bytes\_per\_parameter}}{\text{tensor\_parallel\_size}}
    )$$

    With `layer="llama"` and `attention="flash"` the gated MLP keeps four wide tensors, and the
    norms their inputs in fp32:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times (\text{hidden\_size} \times (4 \times \operatorname{bytes\_per\_parameter} + 8) + 8
    + \frac{\text{head\_dim} \times (2 \times \text{num\_attention\_heads}
    + 2 \times \text{num\_key\_value\_heads}) \times \operatorname{bytes\_per\_parameter}
    + 4 \times \text{num\_attention\_heads}
    + 4 \times \text{intermediate\_size} \times \operatorname{bytes\_per\_parameter}}
    {\text{tensor\_parallel\_size}})$$

    With `layer="llama"`, `attention="flash"`, `method="lora"` and
    `target_modules=("q_proj", "v_proj")` the only linear input kept is the one that both adapters
    read:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times (\text{hidden\_size} \times (\operatorname{bytes\_per\_parameter} + 8) + 8
    + 2 \times \text{r} \times \operatorname{bytes\_per\_parameter}
    + \frac{\text{head\_dim} \times (2 \times \text{num\_attention\_heads}
    + 2 \times \text{num\_key\_value\_heads}) \times \operatorname{bytes\_per\_parameter}
    + 4 \times \text{num\_attention\_heads}
    + 3 \times \text{intermediate\_size} \times \operatorname{bytes\_per\_parameter}}
    {\text{tensor\_parallel\_size}})$$

    With `layer="llama"` and `recomputation="full"` it is as in GPT's layer:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times \text{hidden\_size} \times \operatorname{bytes\_per\_parameter}$$

    Args:
        per_device_train_batch_size: Sequences in a micro-batch, 1 or more.
        sequence_length: Tokens in a sequence, 1 or more.
        hidden_size: Width of the model, 1 or more.
        num_attention_heads: Attention heads, 1 or more.
        layer: One of `LAYERS`.
        intermediate_size: Width of the MLP; needed for `"llama"`.
        num_key_value_heads: Key and value heads; needed for `"llama"`.
        head_dim: Width of one head; needed for `"llama"`.
        method: One of `METHODS`.
        dtype: One of `COMPUTE_DTYPES`.
        attention: One of `ATTENTIONS`.
        recomputation: One of `RECOMPUTATIONS`.
        tensor_parallel_size: Devices that share a layer, 1 or more.
        sequence_parallel: Whether they share out the tokens of norms and dropout too.
        r: Rank of the adapters, 1 or more.
        target_modules: What LoRA adapts: some of `ADAPTED_LAYERS`, or `"all-linear"`.
        autocast_adapter_dtype: Whether adapters are in fp32 whatever `dtype` is.

    Returns:
        Bytes in one layer on one device: the sum of
        [`saved_activations`][dlp.activations.saved_activations].

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a count is below 1, a choice unknown, a width missing or not the layer's, or
            something cannot be shared out evenly.

    Source:
        Korthikanti et al. 2022, equations 1 to 4 and table 2; for Llama, what Transformers 5.23.0
        and PyTorch 2.13.0 save for backward.

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
            layer=layer,
            intermediate_size=intermediate_size,
            num_key_value_heads=num_key_value_heads,
            head_dim=head_dim,
            method=method,
            dtype=dtype,
            attention=attention,
            recomputation=recomputation,
            tensor_parallel_size=tensor_parallel_size,
            sequence_parallel=sequence_parallel,
            r=r,
            target_modules=target_modules,
            autocast_adapter_dtype=autocast_adapter_dtype,
        ).values()
    )


def activation_bytes(
    *,
    num_hidden_layers: int,
    per_device_train_batch_size: int,
    sequence_length: int,
    hidden_size: int,
    num_attention_heads: int,
    layer: str = "gpt",
    intermediate_size: int | None = None,
    num_key_value_heads: int | None = None,
    head_dim: int | None = None,
    method: str = "full",
    dtype: str = "fp16",
    attention: str = "eager",
    recomputation: str = "none",
    tensor_parallel_size: int = 1,
    sequence_parallel: bool = False,
    r: int = 8,
    target_modules: "Collection[str] | str" = ("q_proj", "v_proj"),
    autocast_adapter_dtype: bool = False,
) -> int:
    r"""Count the bytes that all transformer layers keep for the backward pass.

    Embeddings are left out, and so is what comes after the layers:
    [`output_activations`][dlp.logits.output_activations] lists that. While full recomputation
    works a layer out again, that layer's own tensors are in memory too.

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
        layer: One of `LAYERS`.
        intermediate_size: Width of the MLP; needed for `"llama"`.
        num_key_value_heads: Key and value heads; needed for `"llama"`.
        head_dim: Width of one head; needed for `"llama"`.
        method: One of `METHODS`.
        dtype: One of `COMPUTE_DTYPES`.
        attention: One of `ATTENTIONS`.
        recomputation: One of `RECOMPUTATIONS`.
        tensor_parallel_size: Devices that share a layer, 1 or more.
        sequence_parallel: Whether they share out the tokens of norms and dropout too.
        r: Rank of the adapters, 1 or more.
        target_modules: What LoRA adapts: some of `ADAPTED_LAYERS`, or `"all-linear"`.
        autocast_adapter_dtype: Whether adapters are in fp32 whatever `dtype` is.

    Returns:
        Bytes for one micro-batch on one device.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a count is below 1, a choice unknown, a width missing or not the layer's, or
            something cannot be shared out evenly.

    Source:
        Korthikanti et al. 2022, section 4. That a head reads every token's hidden state is
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
        layer=layer,
        intermediate_size=intermediate_size,
        num_key_value_heads=num_key_value_heads,
        head_dim=head_dim,
        method=method,
        dtype=dtype,
        attention=attention,
        recomputation=recomputation,
        tensor_parallel_size=tensor_parallel_size,
        sequence_parallel=sequence_parallel,
        r=r,
        target_modules=target_modules,
        autocast_adapter_dtype=autocast_adapter_dtype,
    )
    if method == "head-only":
        states = per_device_train_batch_size * sequence_length * hidden_size
        return states * int(bytes_per_parameter(dtype=dtype))
    return num_hidden_layers * per_layer
