"""Memory: weights, gradients, optimizer states, and the ledger of training methods."""

from dlp import _check
from dlp.activations import COMPUTE_DTYPES, METHODS, activation_bytes
from dlp.logits import output_activations
from dlp.transformer import position_table_parameters
from dlp.units import DTYPES, stored_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypedDict

    from dlp.activations import ComputeDtype, Shape
    from dlp.units import Dtype

    Optimizer = Literal["sgd", "sgd-momentum", "adamw", "adamw-8bit"]
    Convention = Literal["weights-and-moments", "half", "fp32", "mixed", "mixed-fp32-gradients"]

    class MicroBatch(Shape, total=False):
        """The arguments of `activation_bytes` that the ledger does not set itself."""

        num_hidden_layers: int
        vocab_size: int | None

    class Ledger(TypedDict, total=False):
        """The arguments of `memory_ledger` but `micro_batch`."""

        num_parameters: int
        num_head_parameters: int
        num_adapter_parameters: int
        dtype: ComputeDtype
        autocast_adapter_dtype: bool
        master_weights: bool
        optimizer: Optimizer
        quantized_dtype: Dtype
        num_unquantized_parameters: int


# Bytes of state for each trained parameter, in 256ths so that they stay whole: the 8-bit states
# of bitsandbytes are one byte each, and each block of 256 of them has one 4-byte scale.
_OPTIMIZERS = {
    "sgd": 0,
    "sgd-momentum": 4 * 256,
    "adamw": 8 * 256,
    "adamw-8bit": 2 * 256 + 2 * 4,
}

OPTIMIZERS: "tuple[Optimizer, ...]" = ("sgd", "sgd-momentum", "adamw", "adamw-8bit")
"""The optimizers whose states this module counts.

The table of [`optimizer_bytes_per_parameter`][dlp.memory.optimizer_bytes_per_parameter] lists them.
"""

# What a micro-batch may not set: the ledger does, and it is that of one whole model.
_LEFT_OUT = (
    "method",
    "dtype",
    "autocast_adapter_dtype",
    "tensor_parallel_size",
    "sequence_parallel",
)

CONVENTIONS: "dict[Convention, dict[str, int]]" = {
    "weights-and-moments": {"weights": 2, "gradients": 0, "master_weights": 0, "optimizer": 8},
    "half": {"weights": 2, "gradients": 2, "master_weights": 0, "optimizer": 8},
    "fp32": {"weights": 4, "gradients": 4, "master_weights": 0, "optimizer": 8},
    "mixed": {"weights": 2, "gradients": 2, "master_weights": 4, "optimizer": 8},
    "mixed-fp32-gradients": {"weights": 2, "gradients": 4, "master_weights": 4, "optimizer": 8},
}
"""Bytes per trained parameter that the field's sources count for AdamW, part by part.

`"weights-and-moments"` leaves gradients out, `"half"` keeps no fp32 copy, `"fp32"` trains in
single precision, `"mixed"` has 16-bit gradients beside an fp32 copy of the weights, and
`"mixed-fp32-gradients"` keeps the gradients in fp32 too.
"""


def weight_bytes(*, num_parameters: int, dtype: "Dtype" = "fp32") -> int:
    r"""Count the bytes that the weights of a model take, in memory or in a file.

    $$\left\lceil \text{num\_parameters} \times \operatorname{bytes\_per\_parameter} \right\rceil$$

    Args:
        num_parameters: Parameters of the model, 0 or more.
        dtype: One of [`DTYPES`][dlp.units.DTYPES].

    Returns:
        Bytes, rounded up to a whole byte.

    Examples:
        >>> weight_bytes(num_parameters=7_000_000_000, dtype="fp32")
        28000000000
    """
    _check.count("num_parameters", num_parameters, minimum=0)
    return stored_bytes(num_values=num_parameters, dtype=dtype)


def gradient_bytes(*, num_trainable_parameters: int, dtype: "ComputeDtype" = "fp32") -> int:
    r"""Count the bytes of the gradients: one number for each parameter that is trained.

    $$\left\lceil \text{num\_trainable\_parameters} \times \operatorname{bytes\_per\_parameter}
    \right\rceil$$

    Args:
        num_trainable_parameters: Parameters that are trained, 0 or more.
        dtype: One of [`COMPUTE_DTYPES`][dlp.activations.COMPUTE_DTYPES].

    Returns:
        Bytes.

    Examples:
        >>> gradient_bytes(num_trainable_parameters=7_000_000_000)
        28000000000
    """
    _check.count("num_trainable_parameters", num_trainable_parameters, minimum=0)
    _check.choice("dtype", dtype, COMPUTE_DTYPES)
    return stored_bytes(num_values=num_trainable_parameters, dtype=dtype)


def optimizer_bytes_per_parameter(*, optimizer: "Optimizer" = "adamw") -> float:
    """Give the bytes of state that an optimizer keeps for each trained parameter.

    The states are counted in fp32, as mixed-precision training keeps them. PyTorch's own optimizers
    make them in the format of the parameter: two for AdamW, as wide as the weight itself.

    | `optimizer` | bytes | states |
    |---|--:|---|
    | `sgd` | 0 | none |
    | `sgd-momentum` | 4 | momentum, in fp32 |
    | `adamw` | 8 | two moments, in fp32 |
    | `adamw-8bit` | 2.03125 | two moments in 8 bits, a 4-byte scale for each 256 |

    Args:
        optimizer: One of `OPTIMIZERS`.

    Returns:
        Bytes per parameter that is trained.

    Source:
        PyTorch, `torch.optim.SGD` and `torch.optim.AdamW` on fp32 parameters; bitsandbytes 0.50.2,
        `optim/optimizer.py`, which leaves tensors below 4,096 values in 32 bits.

    Examples:
        >>> optimizer_bytes_per_parameter(optimizer="adamw")
        8.0
    """
    return _OPTIMIZERS[_check.choice("optimizer", optimizer, OPTIMIZERS)] / 256


def optimizer_state_bytes(
    *, num_trainable_parameters: int, optimizer: "Optimizer" = "adamw"
) -> int:
    r"""Count the bytes that an optimizer keeps between updates.

    $$\left\lceil \text{num\_trainable\_parameters}
    \times \operatorname{optimizer\_bytes\_per\_parameter} \right\rceil$$

    Args:
        num_trainable_parameters: Parameters that are trained, 0 or more.
        optimizer: One of `OPTIMIZERS`.

    Returns:
        Bytes, rounded up to a whole byte.

    Source:
        Loshchilov and Hutter 2017 (AdamW), algorithm 2: two moments for each parameter.

    Examples:
        >>> optimizer_state_bytes(num_trainable_parameters=7_000_000_000)
        56000000000
    """
    _check.count("num_trainable_parameters", num_trainable_parameters, minimum=0)
    _check.choice("optimizer", optimizer, OPTIMIZERS)
    return -(-num_trainable_parameters * _OPTIMIZERS[optimizer] // 256)


def training_memory_bytes(
    *,
    num_parameters: int,
    num_trainable_parameters: int,
    dtype: "ComputeDtype" = "fp32",
    optimizer: "Optimizer" = "adamw",
) -> int:
    r"""Count the bytes of weights, gradients and optimizer states when some weights are trained.

    All weights are loaded; only those that are trained have gradients and optimizer states.

    $$\operatorname{weight\_bytes} + \operatorname{gradient\_bytes}
    + \operatorname{optimizer\_state\_bytes}$$

    Args:
        num_parameters: Parameters that are loaded, 1 or more.
        num_trainable_parameters: Those of them that are trained, 0 to `num_parameters`.
        dtype: One of [`COMPUTE_DTYPES`][dlp.activations.COMPUTE_DTYPES]: the format of weights
            and gradients.
        optimizer: One of `OPTIMIZERS`.

    Returns:
        Bytes, activations left out.

    Source:
        Rajbhandari et al. 2019 (ZeRO), section 3.1, for the parts.

    Examples:
        >>> training_memory_bytes(
        ...     num_parameters=7_000_000_000, num_trainable_parameters=7_000_000_000
        ... )
        112000000000
    """
    _check.count("num_parameters", num_parameters)
    _check.count(
        "num_trainable_parameters", num_trainable_parameters, minimum=0, maximum=num_parameters
    )
    gradients = gradient_bytes(num_trainable_parameters=num_trainable_parameters, dtype=dtype)
    states = optimizer_state_bytes(
        num_trainable_parameters=num_trainable_parameters, optimizer=optimizer
    )
    return weight_bytes(num_parameters=num_parameters, dtype=dtype) + gradients + states


def training_bytes_per_parameter(*, convention: "Convention" = "fp32") -> int:
    """Add up the bytes that a convention counts for each trained parameter.

    Args:
        convention: One of the names in `CONVENTIONS`.

    Returns:
        Bytes per parameter that is trained, activations left out.

    Source:
        10: the scaling book, part 5. 12: Stanford CS336, lecture 2.
        16: Rajbhandari et al. 2019 (ZeRO), section 3.1. 18: Transformers documentation, model
        memory anatomy, and Megatron-LM, `theoretical_memory_usage.py`.

    Examples:
        >>> for convention in CONVENTIONS:
        ...     print(convention, training_bytes_per_parameter(convention=convention))
        weights-and-moments 10
        half 12
        fp32 16
        mixed 16
        mixed-fp32-gradients 18
    """
    return sum(CONVENTIONS[_check.choice("convention", convention, CONVENTIONS)].values())


def training_state_bytes(*, num_parameters: int, convention: "Convention" = "fp32") -> int:
    r"""Count the bytes of weights, gradients and AdamW's states when every weight is trained.

    $$\text{num\_parameters} \times \operatorname{training\_bytes\_per\_parameter}$$

    Args:
        num_parameters: Parameters, all of them trained, 0 or more.
        convention: One of the names in `CONVENTIONS`.

    Returns:
        Bytes, activations left out.

    Source:
        Rajbhandari et al. 2019 (ZeRO), section 3.1, for the convention `"mixed"`.

    Examples:
        >>> training_state_bytes(num_parameters=7_500_000_000, convention="mixed")
        120000000000
    """
    _check.count("num_parameters", num_parameters, minimum=0)
    return num_parameters * training_bytes_per_parameter(convention=convention)


def position_table_bytes(
    *, max_position_embeddings: int, hidden_size: int, dtype: "Dtype" = "fp32"
) -> int:
    r"""Count the bytes of a learned table of absolute positions.

    $$\left\lceil \operatorname{position\_table\_parameters}
    \times \operatorname{bytes\_per\_parameter} \right\rceil$$

    Args:
        max_position_embeddings: Rows of the table, the longest context, 1 or more.
        hidden_size: Width of the model, 1 or more.
        dtype: One of [`DTYPES`][dlp.units.DTYPES].

    Returns:
        Bytes, rounded up to a whole byte.

    Examples:
        >>> position_table_bytes(max_position_embeddings=1024, hidden_size=768)
        3145728
    """
    parameters = position_table_parameters(
        max_position_embeddings=max_position_embeddings, hidden_size=hidden_size
    )
    return stored_bytes(num_values=parameters, dtype=dtype)


def memory_ledger(
    *,
    num_parameters: int,
    num_head_parameters: int = 0,
    num_adapter_parameters: int = 0,
    dtype: "ComputeDtype" = "fp32",
    autocast_adapter_dtype: bool = False,
    master_weights: bool = False,
    optimizer: "Optimizer" = "adamw",
    quantized_dtype: "Dtype" = "nf4-double",
    num_unquantized_parameters: int = 0,
    micro_batch: "MicroBatch | None" = None,
) -> dict[str, dict[str, int]]:
    """Set the memory of full fine-tuning, head-only tuning, LoRA and QLoRA side by side.

    Every method loads the whole model. Only what is trained has gradients and optimizer states:
    everything in full fine-tuning, the head alone, or the adapters and the head.

    The total is the sum of these parts, each at its largest; it is not the peak of a run. Gradients
    are complete only when the activations are gone, and what libraries hold besides, such as
    buffers, copies made for a moment and what the allocator loses, is not among the parts.

    Args:
        num_parameters: Parameters of the model without the head, 1 or more.
        num_head_parameters: Parameters of a new head, trained by every method, 0 or more.
        num_adapter_parameters: Parameters of the adapters of LoRA and QLoRA, 0 or more.
        dtype: One of `COMPUTE_DTYPES`: the format of weights, gradients and activations.
        autocast_adapter_dtype: Whether adapters and their gradients are in fp32 whatever `dtype`
            is, as PEFT keeps them unless told otherwise.
        master_weights: Whether trained weights are kept a second time in fp32; adapters that are in
            fp32 by `autocast_adapter_dtype` are not.
        optimizer: One of `OPTIMIZERS`.
        quantized_dtype: One of [`DTYPES`][dlp.units.DTYPES]: the format of QLoRA's frozen weights.
        num_unquantized_parameters: Parameters that QLoRA leaves in `dtype`, such as embeddings,
            norms and the output head; at most `num_parameters`.
        micro_batch: The arguments of [`activation_bytes`][dlp.activations.activation_bytes] but
            `method`, `dtype` and those of parallelism, or `None` to leave activations out. A
            `vocab_size` adds what a language model's output keeps, as in
            [`output_activations`][dlp.logits.output_activations].

    Returns:
        Bytes of `weights`, `gradients`, `master_weights`, `optimizer` and `activations`, and their
        sum, `total`, for each of [`METHODS`][dlp.activations.METHODS].

    Raises:
        TypeError: If an argument is of the wrong type, or a key of `micro_batch` unknown or
            missing.
        ValueError: If a count is out of its range, a choice unknown, or a key of `micro_batch` not
            for it to set.

    Source:
        The parts as in Rajbhandari et al. 2019 (ZeRO), section 3; QLoRA's formats in Dettmers et
        al. 2023, section 3; PEFT 0.21.2, `tuners/tuners_utils.py`, `cast_adapter_dtype`.

    Examples:
        >>> ledger = memory_ledger(num_parameters=7_000_000_000, num_head_parameters=16_384)
        >>> ledger["full"]["total"]
        112000262144
        >>> ledger["head-only"]["total"]
        28000262144
    """
    _check.count("num_parameters", num_parameters)
    room = _check.LARGEST_COUNT - num_parameters
    _check.count("num_head_parameters", num_head_parameters, minimum=0, maximum=room)
    room -= num_head_parameters
    _check.count("num_adapter_parameters", num_adapter_parameters, minimum=0, maximum=room)
    _check.choice("dtype", dtype, COMPUTE_DTYPES)
    _check.flag("autocast_adapter_dtype", autocast_adapter_dtype)
    adapter_dtype = "fp32" if autocast_adapter_dtype else dtype
    _check.flag("master_weights", master_weights)
    _check.choice("quantized_dtype", quantized_dtype, DTYPES)
    _check.count(
        "num_unquantized_parameters", num_unquantized_parameters, minimum=0, maximum=num_parameters
    )
    shape = {} if micro_batch is None else dict(_check.keywords("micro_batch", micro_batch))
    for key in _LEFT_OUT:
        if key in shape:
            raise ValueError(f'micro_batch must not have "{key}", which is the ledger\'s own')
    vocab_size = shape.pop("vocab_size", None)
    ledger: dict[str, dict[str, int]] = {}
    for method in METHODS:
        adapters = num_adapter_parameters if "lora" in method else 0
        trained = num_head_parameters + (num_parameters if method == "full" else 0)
        quantized = num_parameters - num_unquantized_parameters if method == "qlora" else 0
        plain = num_parameters - quantized + num_head_parameters
        copied = 0
        if master_weights:
            copied = trained + (0 if autocast_adapter_dtype else adapters)
        activations = 0
        if micro_batch is not None:
            activations = activation_bytes(
                **shape, method=method, dtype=dtype, autocast_adapter_dtype=autocast_adapter_dtype
            )
            if vocab_size is not None and method != "head-only":
                kept = output_activations(
                    per_device_train_batch_size=shape["per_device_train_batch_size"],
                    sequence_length=shape["sequence_length"],
                    hidden_size=shape["hidden_size"],
                    vocab_size=vocab_size,
                    method=method,
                    dtype=dtype,
                )
                activations += sum(kept.values())
        row = {
            "weights": weight_bytes(num_parameters=plain, dtype=dtype)
            + weight_bytes(num_parameters=quantized, dtype=quantized_dtype)
            + weight_bytes(num_parameters=adapters, dtype=adapter_dtype),
            "gradients": gradient_bytes(num_trainable_parameters=trained, dtype=dtype)
            + gradient_bytes(num_trainable_parameters=adapters, dtype=adapter_dtype),
            "master_weights": weight_bytes(num_parameters=copied),
            "optimizer": optimizer_state_bytes(
                num_trainable_parameters=trained + adapters, optimizer=optimizer
            ),
            "activations": activations,
        }
        row["total"] = sum(row.values())
        ledger[method] = row
    return ledger
