"""Megatron-LM: what its GPT layer and output keep, shared out among devices, as its paper counts.

It is a layer on paper: an MLP four times as wide as the model, GELU, and dropout whose masks take
one byte each. What the layers of Transformers keep,
[`saved_activations`][dlp.activations.saved_activations] lists.
"""

from dlp import _check
from dlp.activations import COMPUTE_DTYPES, METHODS, RECOMPUTATIONS
from dlp.units import bytes_per_parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypedDict, Unpack

    from dlp.activations import ComputeDtype, Method, Recomputation

    Attention = Literal["eager", "flash"]

    class Layer(TypedDict, total=False):
        """The arguments of `megatron_activations`."""

        per_device_train_batch_size: int
        sequence_length: int
        hidden_size: int
        num_attention_heads: int
        method: Method
        dtype: ComputeDtype
        attention: Attention
        recomputation: Recomputation
        tensor_parallel_size: int
        sequence_parallel: bool


ATTENTIONS: "tuple[Attention, ...]" = ("eager", "flash")
"""Whether the attention keeps its scores (`"eager"`) or computes them again (`"flash"`)."""

# What one layer keeps: name, width, format, who holds it under tensor parallelism, who needs it.
# "whole" tensors lie on every device of a tensor-parallel group, "split" ones are shared out.
# A tensor on the "path" carries the gradient to earlier layers and is always needed; "weights" need
# theirs if they are trained, "lora" if they are trained or adapted, and one kind of attention the
# rest: "scores" are its scores kept, "flash" that it computes them again.
_KEPT = (
    ("first norm input", "hidden", "dtype", "whole", "path"),
    ("qkv input", "hidden", "dtype", "whole", "lora"),
    ("queries and keys", "twice hidden", "dtype", "split", "path"),
    ("attention probabilities", "scores", "dtype", "split", "scores"),
    ("attention dropout mask", "scores", "byte", "split", "scores"),
    ("dropped probabilities", "scores", "dtype", "split", "scores"),
    ("values", "hidden", "dtype", "split", "path"),
    ("attention output", "hidden", "dtype", "split", "weights flash"),
    ("output dropout mask", "hidden", "byte", "whole", "path"),
    ("second norm input", "hidden", "dtype", "whole", "path"),
    ("mlp input", "hidden", "dtype", "whole", "weights"),
    ("activation function input", "inner", "dtype", "split", "path"),
    ("activation function output", "inner", "dtype", "split", "weights"),
    ("mlp dropout mask", "hidden", "byte", "whole", "path"),
)


def megatron_activations(
    *,
    per_device_train_batch_size: int,
    sequence_length: int,
    hidden_size: int,
    num_attention_heads: int,
    method: "Method" = "full",
    dtype: "ComputeDtype" = "fp16",
    attention: "Attention" = "eager",
    recomputation: "Recomputation" = "none",
    tensor_parallel_size: int = 1,
    sequence_parallel: bool = False,
) -> dict[str, int]:
    """List the bytes that one GPT layer keeps for the backward pass, tensor by tensor.

    A frozen linear layer does not need its input again, so LoRA keeps less than full fine-tuning;
    what carries the gradient to earlier layers it keeps all the same. A head on a frozen model
    keeps nothing of the layers below it. Tensor parallelism shares out the inside of attention and
    MLP over its devices; sequence parallelism shares out the rest.

    The statistics of the norms and LoRA's own low-rank outputs are left out, as in the paper.

    Args:
        per_device_train_batch_size: Sequences in a micro-batch, 1 or more.
        sequence_length: Tokens in a sequence, 1 or more.
        hidden_size: Width of the model, 1 or more.
        num_attention_heads: Attention heads, 1 or more.
        method: One of [`METHODS`][dlp.activations.METHODS]; LoRA adapts queries, keys or values.
        dtype: One of [`COMPUTE_DTYPES`][dlp.activations.COMPUTE_DTYPES].
        attention: One of `ATTENTIONS`.
        recomputation: One of [`RECOMPUTATIONS`][dlp.activations.RECOMPUTATIONS].
        tensor_parallel_size: Devices that share a layer, 1 or more; must divide `hidden_size` and
            `num_attention_heads`.
        sequence_parallel: Whether these devices share out the tokens of norms and dropout too;
            `tensor_parallel_size` must then divide `sequence_length`.

    Returns:
        Bytes of each tensor kept on one device, by name; empty for `"head-only"`.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a count is below 1, a choice unknown, or something cannot be shared out.

    Source:
        Korthikanti et al. 2022, section 4.

    Examples:
        >>> kept = megatron_activations(
        ...     per_device_train_batch_size=1,
        ...     sequence_length=2048,
        ...     hidden_size=12288,
        ...     num_attention_heads=96,
        ... )
        >>> kept["attention probabilities"]
        805306368
    """
    _check.count("per_device_train_batch_size", per_device_train_batch_size)
    sizes = {
        "hidden_size": _check.count("hidden_size", hidden_size),
        "num_attention_heads": _check.count("num_attention_heads", num_attention_heads),
        "sequence_length": _check.count("sequence_length", sequence_length),
    }
    _check.choice("method", method, METHODS)
    _check.dtype("dtype", dtype, COMPUTE_DTYPES)
    _check.choice("attention", attention, ATTENTIONS)
    _check.choice("recomputation", recomputation, RECOMPUTATIONS)
    _check.count("tensor_parallel_size", tensor_parallel_size)
    if not _check.flag("sequence_parallel", sequence_parallel):
        del sizes["sequence_length"]
    for name, size in sizes.items():
        if size % tensor_parallel_size:
            raise ValueError(
                f"tensor_parallel_size must divide {name} ({size}), not be {tensor_parallel_size}"
            )
    if method == "head-only":
        return {}
    element = int(bytes_per_parameter(dtype=dtype))
    tokens = per_device_train_batch_size * sequence_length
    if recomputation == "full":
        devices = tensor_parallel_size if sequence_parallel else 1
        return {"layer input": tokens * hidden_size * element // devices}
    needed = ["path", "lora"] + (["weights"] if method == "full" else [])
    if attention == "flash":
        needed.append("flash")
    elif recomputation == "none":
        needed.append("scores")
    values = {
        "hidden": hidden_size,
        "twice hidden": 2 * hidden_size,
        "inner": 4 * hidden_size,
        "scores": num_attention_heads * sequence_length,
    }
    kept: dict[str, int] = {}
    for name, width, kind, place, readers in _KEPT:
        devices = tensor_parallel_size if place == "split" or sequence_parallel else 1
        if any(reader in needed for reader in readers.split()):
            kept[name] = tokens * values[width] * (element if kind == "dtype" else 1) // devices
    return kept


def megatron_activation_bytes(**layer: "Unpack[Layer]") -> int:
    r"""Count the bytes that one GPT layer keeps for the backward pass.

    The sum of [`megatron_activations`][dlp.megatron.megatron_activations]. Without sequence
    parallelism every device holds the inputs of norms and of linear layers, and two of the dropout
    masks, whole:

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times (\text{hidden\_size} \times (4 \times \operatorname{bytes\_per\_parameter} + 2)
    + \frac{\text{hidden\_size} \times 12 \times \operatorname{bytes\_per\_parameter}
    + \text{num\_attention\_heads} \times \text{sequence\_length}
    \times (2 \times \operatorname{bytes\_per\_parameter} + 1)}
    {\text{tensor\_parallel\_size}})$$

    In 16-bit formats and for $b$ `per_device_train_batch_size`, $s$ `sequence_length`,
    $h$ `hidden_size`, $a$ `num_attention_heads` and $t$ `tensor_parallel_size`:

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

    Args:
        **layer: The arguments of [`megatron_activations`][dlp.megatron.megatron_activations].

    Returns:
        Bytes per layer on one device.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a count is below 1, a choice unknown, or something cannot be shared out.

    Source:
        Korthikanti et al. 2022, equations 1 to 4 and table 2.

    Examples:
        GPT-3's shape, and what that is for each token and unit of width:

        >>> megatron_activation_bytes(
        ...     per_device_train_batch_size=1,
        ...     sequence_length=2048,
        ...     hidden_size=12288,
        ...     num_attention_heads=96,
        ... ) == 2048 * 12288 * (34 + 80)
        True
    """
    return sum(megatron_activations(**layer).values())


def megatron_output_activations(
    *,
    per_device_train_batch_size: int,
    sequence_length: int,
    hidden_size: int,
    vocab_size: int,
    dtype: "ComputeDtype" = "fp16",
    tensor_parallel_size: int = 1,
) -> dict[str, int]:
    """List the bytes that a GPT keeps for the backward pass after its last layer.

    The last norm, the output head and the loss in fp32, tokens and vocabulary shared out.

    Args:
        per_device_train_batch_size: Sequences in a micro-batch, 1 or more.
        sequence_length: Tokens in a sequence, 1 or more.
        hidden_size: Width of the model, 1 or more.
        vocab_size: Entries of the vocabulary, 1 or more.
        dtype: One of [`COMPUTE_DTYPES`][dlp.activations.COMPUTE_DTYPES].
        tensor_parallel_size: Devices that share the output, 1 or more; must divide
            `sequence_length` and `vocab_size`.

    Returns:
        Bytes of each tensor kept on one device, by name.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a count is below 1, a choice unknown, or something cannot be shared out.

    Source:
        Korthikanti et al. 2022, section 4.3.

    Examples:
        >>> kept = megatron_output_activations(
        ...     per_device_train_batch_size=1,
        ...     sequence_length=2048,
        ...     hidden_size=4096,
        ...     vocab_size=32000,
        ... )
        >>> kept["logits in fp32"]
        262144000
    """
    tokens = _check.count("per_device_train_batch_size", per_device_train_batch_size)
    tokens *= _check.count("sequence_length", sequence_length)
    width = _check.count("hidden_size", hidden_size)
    _check.count("vocab_size", vocab_size)
    _check.dtype("dtype", dtype, COMPUTE_DTYPES)
    devices = _check.count("tensor_parallel_size", tensor_parallel_size)
    element = int(bytes_per_parameter(dtype=dtype))
    for name, value in (("sequence_length", sequence_length), ("vocab_size", vocab_size)):
        if value % devices:
            raise ValueError(f"tensor_parallel_size must divide {name} ({value}), not {devices}")
    return {
        "last norm input": tokens * width * element // devices,
        "output head input": tokens * width * element // devices,
        "logits in fp32": tokens * vocab_size * 4 // devices,
    }
