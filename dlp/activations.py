"""Activations: what a forward pass keeps for the backward pass.

They appear when a model trains, and grow with the batch and the context; loading a model needs
none of them.
"""

from dlp import _check
from dlp.units import bytes_per_parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any, Literal, TypedDict, Unpack

    ComputeDtype = Literal["fp32", "tf32", "fp16", "bf16"]
    Method = Literal["full", "head-only", "lora", "qlora"]
    Attention = Literal["eager", "flash"]
    Recomputation = Literal["none", "selective", "full"]
    LayerKind = Literal["gpt", "llama"]

    class Shape(TypedDict, total=False):
        """What a transformer layer and its micro-batch look like, and what of it is kept."""

        per_device_train_batch_size: int
        sequence_length: int
        hidden_size: int
        num_attention_heads: int
        layer: LayerKind
        intermediate_size: int | None
        num_key_value_heads: int | None
        head_dim: int | None
        attention: Attention
        recomputation: Recomputation
        r: int
        target_modules: Collection[str] | str

    class Layer(Shape, total=False):
        """The arguments of `saved_activations`."""

        method: Method
        dtype: ComputeDtype
        tensor_parallel_size: int
        sequence_parallel: bool
        autocast_adapter_dtype: bool


COMPUTE_DTYPES: "tuple[ComputeDtype, ...]" = ("fp32", "tf32", "fp16", "bf16")
"""The number formats in which a forward pass keeps its activations."""

METHODS: "tuple[Method, ...]" = ("full", "head-only", "lora", "qlora")
"""What is trained: every weight, the head alone, or adapters on a frozen (quantized) model."""

ATTENTIONS: "tuple[Attention, ...]" = ("eager", "flash")
"""Whether the attention keeps its scores (`"eager"`) or computes them again (`"flash"`)."""

RECOMPUTATIONS: "tuple[Recomputation, ...]" = ("none", "selective", "full")
"""What is computed again in the backward pass: nothing, the attention scores, or each layer."""

LAYERS: "tuple[LayerKind, ...]" = ("gpt", "llama")
"""Whose layer is counted: GPT's as Korthikanti et al. list it, or Llama's as Transformers runs it.

GPT's has an MLP four times as wide as the model, and dropout, whose masks take one byte each.
Llama's has a gated MLP, grouped queries and no dropout; its norms compute in fp32, and so do its
attention scores.
"""

ADAPTED_LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The linear layers that LoRA can adapt, by Llama's names; a GPT layer has no `gate_proj`."""

# What a tensor-parallel group shares out.
_SHARED = ("hidden_size", "num_attention_heads", "num_key_value_heads", "intermediate_size")

# What one layer keeps: name, width, format, who holds it under tensor parallelism, who needs it.
# "whole" tensors lie on every device of a tensor-parallel group, "split" ones are shared out.
# A tensor on the "path" carries the gradient to earlier layers and is always needed. Others are
# needed by the gradient of a weight, a norm's or that of the linear layers named, or by one kind
# of attention: "scores" are its scores kept, "flash" that it computes them again.
_KEPT = {
    "gpt": (
        ("first norm input", "hidden", "dtype", "whole", "path"),
        ("qkv input", "hidden", "dtype", "whole", "q_proj k_proj v_proj"),
        ("queries and keys", "twice hidden", "dtype", "split", "path"),
        ("attention probabilities", "scores", "dtype", "split", "scores"),
        ("attention dropout mask", "scores", "byte", "split", "scores"),
        ("dropped probabilities", "scores", "dtype", "split", "scores"),
        ("values", "hidden", "dtype", "split", "path"),
        ("attention output", "hidden", "dtype", "split", "o_proj flash"),
        ("output dropout mask", "hidden", "byte", "whole", "path"),
        ("second norm input", "hidden", "dtype", "whole", "path"),
        ("mlp input", "hidden", "dtype", "whole", "up_proj"),
        ("activation function input", "inner", "dtype", "split", "path"),
        ("activation function output", "inner", "dtype", "split", "down_proj"),
        ("mlp dropout mask", "hidden", "byte", "whole", "path"),
    ),
    "llama": (
        ("first norm input", "hidden", "fp32", "whole", "path"),
        ("first norm scale", "one", "fp32", "whole", "path"),
        ("first norm output", "hidden", "dtype", "whole", "norm"),
        ("qkv input", "hidden", "dtype", "whole", "q_proj k_proj v_proj"),
        ("queries", "heads", "dtype", "split", "path"),
        ("keys", "key heads", "dtype", "split", "path"),
        ("values", "key heads", "dtype", "split", "path"),
        ("attention probabilities", "scores", "fp32", "split", "scores"),
        ("rounded probabilities", "scores", "rounded", "split", "scores"),
        ("softmax statistics", "rows", "fp32", "split", "flash"),
        ("attention output", "heads", "dtype", "split", "o_proj flash"),
        ("second norm input", "hidden", "fp32", "whole", "path"),
        ("second norm scale", "one", "fp32", "whole", "path"),
        ("second norm output", "hidden", "dtype", "whole", "norm"),
        ("mlp input", "hidden", "dtype", "whole", "gate_proj up_proj"),
        ("gate", "inner", "dtype", "split", "path"),
        ("activation function output", "inner", "dtype", "split", "path"),
        ("up", "inner", "dtype", "split", "path"),
        ("product of gate and up", "inner", "dtype", "split", "down_proj"),
    ),
}


def saved_activations(  # noqa: PLR0913 - all that a layer depends on, by the field's names
    *,
    per_device_train_batch_size: int,
    sequence_length: int,
    hidden_size: int,
    num_attention_heads: int,
    layer: "LayerKind" = "gpt",
    intermediate_size: int | None = None,
    num_key_value_heads: int | None = None,
    head_dim: int | None = None,
    method: "Method" = "full",
    dtype: "ComputeDtype" = "fp16",
    attention: "Attention" = "eager",
    recomputation: "Recomputation" = "none",
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
    _check.choice("layer", layer, LAYERS)
    sizes = {
        "sequence_length": sequence_length,
        "hidden_size": _check.count("hidden_size", hidden_size),
        "num_attention_heads": _check.count("num_attention_heads", num_attention_heads),
        "intermediate_size": _fixed("intermediate_size", intermediate_size, layer, 4 * hidden_size),
        "num_key_value_heads": _fixed(
            "num_key_value_heads", num_key_value_heads, layer, num_attention_heads
        ),
    }
    _check.head_counts(num_attention_heads, sizes["num_key_value_heads"])
    sizes["head_dim"] = _head_dim(head_dim, layer, hidden_size, num_attention_heads)
    _check.choice("method", method, METHODS)
    _check.choice("dtype", dtype, COMPUTE_DTYPES)
    _check.choice("attention", attention, ATTENTIONS)
    _check.choice("recomputation", recomputation, RECOMPUTATIONS)
    _check.flag("sequence_parallel", sequence_parallel)
    _check.count("tensor_parallel_size", tensor_parallel_size)
    for name in _SHARED + (("sequence_length",) if sequence_parallel else ()):
        if sizes[name] % tensor_parallel_size:
            raise ValueError(
                f"tensor_parallel_size must divide {name} ({sizes[name]}), "
                f"not be {tensor_parallel_size}"
            )
    _check.count("r", r)
    adapted = _adapted_layers(layer, target_modules)
    _check.flag("autocast_adapter_dtype", autocast_adapter_dtype)

    element = int(bytes_per_parameter(dtype=dtype))
    tokens = per_device_train_batch_size * sequence_length
    if method == "head-only":
        return {}
    if recomputation == "full":
        devices = tensor_parallel_size if sequence_parallel else 1
        return {"layer input": tokens * hidden_size * element // devices}
    adapters = adapted if method != "full" and layer == "llama" else []
    own_copies = autocast_adapter_dtype and element < 4
    needed = ["path"] + (["norm"] + list(ADAPTED_LAYERS) if method == "full" else adapted)
    if attention == "flash":
        needed.append("flash")
    elif recomputation == "none":
        needed.append("scores")
    values = _values(sizes, "scores" in needed)
    formats = {"dtype": element, "byte": 1, "fp32": 4, "rounded": element if element < 4 else 0}
    kept: dict[str, int] = {}
    for name, width, kind, place, readers in _KEPT[layer]:
        devices = tensor_parallel_size if place == "split" or sequence_parallel else 1
        for reader in readers.split():
            if own_copies and reader in adapters:
                kept[f"{reader} input in fp32"] = tokens * values[width] * 4 // devices
            elif reader in needed and formats[kind]:
                kept[name] = tokens * values[width] * formats[kind] // devices
    if adapters:
        kept["outputs of A"] = tokens * r * len(adapters) * (4 if own_copies else element)
    return kept


def _fixed(name: str, value: int | None, layer: str, of_gpt: int) -> int:
    """Return a width or count of a layer: the one given, or the one that GPT's layer has."""
    if layer == "gpt" and value is None:
        return of_gpt
    given = _check.count(name, value)
    if layer == "gpt" and given != of_gpt:
        raise ValueError(f'{name} must be {of_gpt} with layer="gpt", not {given}')
    return given


def _head_dim(value: int | None, layer: str, hidden_size: int, num_attention_heads: int) -> int:
    """Return the width of a head, 0 where GPT's heads share the width of the model unasked."""
    if layer == "gpt" and value is None:
        return 0
    head_dim = _check.count("head_dim", value)
    if layer == "gpt" and head_dim * num_attention_heads != hidden_size:
        raise ValueError(
            f'head_dim must be hidden_size / num_attention_heads with layer="gpt", not {head_dim}'
        )
    return head_dim


def _values(sizes: dict[str, int], scores_kept: bool) -> dict[str, int]:
    """Give how many values of a token each width of `_KEPT` stands for."""
    heads = sizes["num_attention_heads"]
    # Eager attention repeats the keys and values, once for each query head that shares them.
    key_heads = heads if scores_kept else sizes["num_key_value_heads"]
    return {
        "one": 1,
        "hidden": sizes["hidden_size"],
        "twice hidden": 2 * sizes["hidden_size"],
        "inner": sizes["intermediate_size"],
        "rows": heads,
        "scores": heads * sizes["sequence_length"],
        "heads": heads * sizes["head_dim"],
        "key heads": key_heads * sizes["head_dim"],
    }


def _adapted_layers(layer: str, target_modules: "Collection[str] | str") -> list[str]:
    """Return the linear layers that LoRA adapts."""
    known = [name for name in ADAPTED_LAYERS if layer == "llama" or name != "gate_proj"]
    if isinstance(target_modules, str):
        _check.choice("target_modules", target_modules, ("all-linear",))
        return known
    return _check.choices("target_modules", target_modules, known)


def activation_bytes_per_layer(**layer: "Unpack[Layer]") -> int:
    r"""Count the bytes that one transformer layer keeps for the backward pass.

    The sum of [`saved_activations`][dlp.activations.saved_activations]. Without sequence
    parallelism every device holds the inputs of norms and of linear layers, and two of the dropout
    masks, whole:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times (\text{hidden\_size} \times (4 \times \operatorname{bytes\_per\_parameter} + 2)
    + \frac{\text{hidden\_size} \times 12 \times \operatorname{bytes\_per\_parameter}
    + \text{num\_attention\_heads} \times \text{sequence\_length}
    \times (2 \times \operatorname{bytes\_per\_parameter} + 1)}
    {\text{tensor\_parallel\_size}})$$

    In 16-bit formats and for $b$ `per_device_train_batch_size`, $s$ `sequence_length`,
    $h$ `hidden_size`, $a$ `num_attention_heads`, $k$ `num_key_value_heads`, $d$ `head_dim`,
    $i$ `intermediate_size`, $r$ `r` and $t$ `tensor_parallel_size`:

    | with | bytes |
    |---|---|
    | nothing else | $sbh (10 + \frac{24}{t} + \frac{5as}{ht})$ |
    | `sequence_parallel=True` | $\frac{sbh}{t} (34 + \frac{5as}{h})$ |
    | `attention="flash"` | $sbh (10 + \frac{24}{t})$ |
    | `recomputation="selective"` | $sbh (10 + \frac{24}{t})$ |
    | `recomputation="selective"`, `sequence_parallel=True` | $\frac{34sbh}{t}$ |
    | `recomputation="full"` | $2sbh$ |
    | `recomputation="full"`, `sequence_parallel=True` | $\frac{2sbh}{t}$ |
    | `method="lora"` | $sbh (8 + \frac{14}{t} + \frac{5as}{ht})$ |
    | `method="lora"`, `attention="flash"` | $sbh (8 + \frac{16}{t})$ |

    | with `layer="llama"` and `attention="flash"` | bytes |
    |---|---|
    | nothing else | $sb (16h + 8 + \frac{4d(a + k) + 4a + 8i}{t})$ |
    | `method="lora"` | $sb (10h + 8 + 4r + \frac{4d(a + k) + 4a + 6i}{t})$ |

    Args:
        **layer: The arguments of [`saved_activations`][dlp.activations.saved_activations].

    Returns:
        Bytes per layer on one device.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a count is below 1, a choice unknown, a width missing or not the layer's, or
            something cannot be shared out evenly.

    Source:
        Korthikanti et al. 2022, equations 1 to 4 and table 2; for Llama, what Transformers 5.23.0
        and PyTorch 2.13.0 save for backward.

    Examples:
        GPT-3's shape, and what that is for each token and unit of width:

        >>> activation_bytes_per_layer(
        ...     per_device_train_batch_size=1,
        ...     sequence_length=2048,
        ...     hidden_size=12288,
        ...     num_attention_heads=96,
        ... ) == 2048 * 12288 * (34 + 80)
        True
    """
    return sum(saved_activations(**layer).values())


def activation_bytes(*, num_hidden_layers: int, **layer: "Unpack[Layer]") -> int:
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
        **layer: The arguments of [`saved_activations`][dlp.activations.saved_activations].

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
    per_layer = activation_bytes_per_layer(**layer)
    if layer.get("method") == "head-only":
        # As large as the input of one layer, which is all that full recomputation keeps.
        states: Any = dict(layer)
        states.update({"method": "full", "recomputation": "full", "sequence_parallel": False})
        return activation_bytes_per_layer(**states)
    return num_hidden_layers * per_layer
