"""Memory: weights, gradients, optimizer states, and the ledger of training methods."""

from dlp import _check, _loops
from dlp.activations import COMPUTE_DTYPES, METHODS
from dlp.peak import peak_memory
from dlp.transformer import position_table_parameters
from dlp.units import DTYPES, bytes_per_parameter, stored_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, TypedDict, Unpack

    from dlp.activations import ComputeDtype
    from dlp.units import Dtype

    Optimizer = Literal["sgd", "sgd-momentum", "adamw", "adamw-8bit"]
    Convention = Literal["weights-and-moments", "half", "fp32", "mixed", "mixed-fp32-gradients"]

    class Counts(TypedDict, total=False):
        """The arguments of `state_ledger`."""

        num_parameters: int
        num_head_parameters: int
        num_adapter_parameters: int
        dtype: ComputeDtype
        autocast_adapter_dtype: bool
        master_weights: bool
        optimizer: Optimizer
        quantized_dtype: Dtype
        num_unquantized_parameters: int


# How many states an optimizer of PyTorch keeps, each in the format of the parameter.
_STATES = {"sgd": 0, "sgd-momentum": 1, "adamw": 2}

# In 256ths of a byte, so that it stays whole: the two 8-bit states of bitsandbytes are one byte
# each, and each block of 256 of them has one 4-byte scale.
_EIGHT_BITS = 2 * 256 + 2 * 4

OPTIMIZERS: "tuple[Optimizer, ...]" = ("sgd", "sgd-momentum", "adamw", "adamw-8bit")
"""The optimizers whose states this module counts.

The table of [`optimizer_bytes_per_parameter`][dlp.memory.optimizer_bytes_per_parameter] lists them.
"""

# How QLoRA quantizes where nothing is said: as its authors did.
_NF4 = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}

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
    _check.dtype("dtype", dtype, COMPUTE_DTYPES)
    return stored_bytes(num_values=num_trainable_parameters, dtype=dtype)


def optimizer_bytes_per_parameter(
    *, optimizer: "Optimizer" = "adamw", dtype: "ComputeDtype" = "fp32"
) -> float:
    """Give the bytes of state that an optimizer keeps for each trained parameter.

    PyTorch's optimizers make their states in the format of the parameter: AdamW's two moments are
    as wide as the weight itself. They are in fp32 where weights are, or where a master copy in fp32
    is what is updated, as in mixed precision.

    | `optimizer` | bytes in fp32 | states |
    |---|--:|---|
    | `sgd` | 0 | none |
    | `sgd-momentum` | 4 | momentum |
    | `adamw` | 8 | two moments |
    | `adamw-8bit` | 2.03125 | two moments in 8 bits, a 4-byte scale for each 256 |

    Args:
        optimizer: One of `OPTIMIZERS`.
        dtype: One of [`COMPUTE_DTYPES`][dlp.activations.COMPUTE_DTYPES]: the format of what is
            updated. States in 8 bits do not depend on it.

    Returns:
        Bytes per parameter that is trained.

    Source:
        PyTorch 2.13.0, `torch.optim.SGD` and `torch.optim.AdamW`, `zeros_like`; bitsandbytes
        0.50.2, `optim/optimizer.py`, which leaves tensors below 4,096 values in 32 bits.

    Examples:
        >>> optimizer_bytes_per_parameter(optimizer="adamw")
        8.0
        >>> optimizer_bytes_per_parameter(optimizer="adamw", dtype="bf16")
        4.0
    """
    return _state_256ths(optimizer, dtype) / 256


def _state_256ths(optimizer: "Optimizer", dtype: "ComputeDtype") -> int:
    """Give what an optimizer keeps of a parameter, in 256ths of a byte."""
    _check.choice("optimizer", optimizer, OPTIMIZERS)
    size = int(bytes_per_parameter(dtype=_check.dtype("dtype", dtype, COMPUTE_DTYPES)))
    return _EIGHT_BITS if optimizer == "adamw-8bit" else 256 * _STATES[optimizer] * size


def optimizer_state_bytes(
    *,
    num_trainable_parameters: int,
    optimizer: "Optimizer" = "adamw",
    dtype: "ComputeDtype" = "fp32",
) -> int:
    r"""Count the bytes that an optimizer keeps between updates.

    $$\left\lceil \text{num\_trainable\_parameters}
    \times \operatorname{optimizer\_bytes\_per\_parameter} \right\rceil$$

    Args:
        num_trainable_parameters: Parameters that are trained, 0 or more.
        optimizer: One of `OPTIMIZERS`.
        dtype: One of [`COMPUTE_DTYPES`][dlp.activations.COMPUTE_DTYPES]: the format of what is
            updated.

    Returns:
        Bytes, rounded up to a whole byte.

    Source:
        Loshchilov and Hutter 2017 (AdamW), algorithm 2: two moments for each parameter.

    Examples:
        >>> optimizer_state_bytes(num_trainable_parameters=7_000_000_000)
        56000000000
    """
    _check.count("num_trainable_parameters", num_trainable_parameters, minimum=0)
    return -(-num_trainable_parameters * _state_256ths(optimizer, dtype) // 256)


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
        dtype: One of [`COMPUTE_DTYPES`][dlp.activations.COMPUTE_DTYPES]: the format of weights,
            gradients and states.
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
        num_trainable_parameters=num_trainable_parameters, optimizer=optimizer, dtype=dtype
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
    config: "Mapping[str, object] | None" = None,
    training: "Mapping[str, object] | None" = None,
    lora: "Mapping[str, object] | None" = None,
    quantization: "Mapping[str, object] | None" = None,
    library: str = "transformers",
    **counts: "Unpack[Counts]",
) -> dict[str, dict[str, int]]:
    """Set the memory of full fine-tuning, head-only tuning, LoRA and QLoRA side by side.

    Every method loads the whole model. Only what is trained has gradients and optimizer states:
    everything in full fine-tuning, the head alone, or the adapters and the head.

    The total is the sum of these parts, each at its largest; it is no peak, and what is needed may
    be more or less. Gradients are complete only when the activations are gone, and what lives for a
    moment is not among the parts. What decides whether a step fits is its fullest moment, and
    [`peak_memory`][dlp.peak.peak_memory] gives that.

    Args:
        config: A parsed `config.json`, or `None` where only the number of parameters is known.
        training: Settings of a run, for `peak_memory`; with `num_labels`, of a classifier.
        lora: The adapters of LoRA and QLoRA, for `peak_memory`; or `None`, and without both.
        quantization: How QLoRA quantizes, for `peak_memory`; or `None`, for what
            `quantization_config` in the config says, and NF4 with scales quantized again without.
        library: Whose loop it is, for `peak_memory`.
        **counts: The arguments of [`state_ledger`][dlp.memory.state_ledger], in place of all these.

    Returns:
        Bytes of `weights`, `gradients`, `master_weights`, `optimizer` and `activations`, and their
            sum, `total`, for each of [`METHODS`][dlp.activations.METHODS]; of a run, `activations`
            are all that the forward pass leaves, those without a head over labels are without
            `head-only`, and those without `lora` without `lora` and `qlora`.

    Raises:
        TypeError: If an argument or a setting is of the wrong type, or a count unknown or missing.
        ValueError: If a config is given beside counts, a setting is unknown or missing, or anything
            is out of its range.

    Source:
        The parts as in Rajbhandari et al. 2019 (ZeRO), section 3.

    Examples:
        A model of which the parameters are known, in fp32:

        >>> ledger = memory_ledger(num_parameters=7_000_000_000, num_head_parameters=16_384)
        >>> ledger["full"]["total"]
        112000262144

        A run, which holds more at its fullest moment than all that lasts:

        >>> from dlp.models import LLAMA_3_8B
        >>> run = {
        ...     "config": LLAMA_3_8B,
        ...     "training": {
        ...         "per_device_train_batch_size": 4,
        ...         "max_length": 2048,
        ...         "gradient_checkpointing": True,
        ...         "dtype": "bfloat16",
        ...     },
        ...     "lora": {"r": 16, "target_modules": "all-linear"},
        ... }
        >>> memory_ledger(**run)["lora"]["total"] < peak_memory(**run)["peak"]
        True
    """
    _loops.read(library)
    if config is None:
        for name, value in (("training", training), ("lora", lora), ("quantization", quantization)):
            if value is not None:
                raise ValueError(f"{name} must not be given without config")
        return state_ledger(**counts)
    if counts:
        raise ValueError(f"config must not be given beside {', '.join(counts)}, which it tells")
    settings = {} if training is None else training
    plain = dict(_check.mapping("config", config))
    plain.pop("quantization_config", None)
    ledger: dict[str, dict[str, int]] = {}
    for method in METHODS:
        adapts = "lora" in method
        if (method == "head-only" and "num_labels" not in settings) or (adapts and lora is None):
            continue
        quantized = method == "qlora"
        stored = config.get("quantization_config") is not None
        step = peak_memory(
            config=config if quantized else plain,
            training=settings,
            lora=lora if adapts else None,
            quantization=(quantization or (None if stored else _NF4)) if quantized else None,
            method="lora" if adapts else "full" if method == "full" else "head-only",
            library=library,
        )
        left, gone = step["moments"]["forward end"], step["moments"]["backward end"]
        row = {
            "weights": gone["weights"] + gone.get("adapters", 0),
            "gradients": gone["gradients"],
            "master_weights": 0,
            "optimizer": gone.get("optimizer", 0),
            "activations": sum(left.get(part, 0) for part in ("activations", "cache", "logits")),
        }
        row["total"] = sum(row.values())
        ledger[method] = row
    return ledger


def state_ledger(
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
) -> dict[str, dict[str, int]]:
    """Set what four methods keep from step to step side by side, by numbers of parameters alone.

    It is the ledger of a model whose shape is not known, as published tables give it; activations
    are left out, and the total is no peak.

    Args:
        num_parameters: Parameters of the model without the head, 1 or more.
        num_head_parameters: Parameters of a new head, trained by every method, 0 or more.
        num_adapter_parameters: Parameters of the adapters of LoRA and QLoRA, 0 or more.
        dtype: One of `COMPUTE_DTYPES`: the format of weights, gradients and optimizer states.
        autocast_adapter_dtype: Whether adapters, their gradients and states are in fp32 whatever
            `dtype` is, as PEFT keeps them unless told otherwise.
        master_weights: Whether trained weights are kept a second time in fp32, and the states of
            the optimizer with them; adapters that are in fp32 by `autocast_adapter_dtype` need no
            copy.
        optimizer: One of `OPTIMIZERS`.
        quantized_dtype: One of [`DTYPES`][dlp.units.DTYPES]: the format of QLoRA's frozen weights.
        num_unquantized_parameters: Parameters that QLoRA leaves in `dtype`, such as embeddings,
            norms and the output head; at most `num_parameters`.

    Returns:
        Bytes of `weights`, `gradients`, `master_weights`, `optimizer` and `activations`, none, and
            their sum, `total`, for each of [`METHODS`][dlp.activations.METHODS].

    Source:
        The parts as in Rajbhandari et al. 2019 (ZeRO), section 3; QLoRA's formats in Dettmers et
        al. 2023, section 3; PEFT 0.21.2, `tuners/tuners_utils.py`, `cast_adapter_dtype`.

    Examples:
        Llama 3.2 1B loaded in bf16: AdamW's moments are in bf16 too.

        >>> state_ledger(num_parameters=1_235_814_400, dtype="bf16")["full"]["optimizer"]
        4943257600
    """
    _check.count("num_parameters", num_parameters)
    room = _check.LARGEST_COUNT - num_parameters
    _check.count("num_head_parameters", num_head_parameters, minimum=0, maximum=room)
    room -= num_head_parameters
    _check.count("num_adapter_parameters", num_adapter_parameters, minimum=0, maximum=room)
    _check.dtype("dtype", dtype, COMPUTE_DTYPES)
    _check.flag("autocast_adapter_dtype", autocast_adapter_dtype)
    adapter_dtype = "fp32" if autocast_adapter_dtype else dtype
    _check.flag("master_weights", master_weights)
    _check.dtype("quantized_dtype", quantized_dtype, DTYPES)
    _check.count(
        "num_unquantized_parameters", num_unquantized_parameters, minimum=0, maximum=num_parameters
    )
    ledger: dict[str, dict[str, int]] = {}
    for method in METHODS:
        adapters = num_adapter_parameters if "lora" in method else 0
        trained = num_head_parameters + (num_parameters if method == "full" else 0)
        quantized = num_parameters - num_unquantized_parameters if method == "qlora" else 0
        plain = num_parameters - quantized + num_head_parameters
        copied = 0
        if master_weights:
            copied = trained + (0 if autocast_adapter_dtype else adapters)
        row = {
            "weights": weight_bytes(num_parameters=plain, dtype=dtype)
            + weight_bytes(num_parameters=quantized, dtype=quantized_dtype)
            + weight_bytes(num_parameters=adapters, dtype=adapter_dtype),
            "gradients": gradient_bytes(num_trainable_parameters=trained, dtype=dtype)
            + gradient_bytes(num_trainable_parameters=adapters, dtype=adapter_dtype),
            "master_weights": weight_bytes(num_parameters=copied),
            "optimizer": sum(
                optimizer_state_bytes(
                    num_trainable_parameters=number,
                    optimizer=optimizer,
                    dtype="fp32" if master_weights else kind,
                )
                for number, kind in ((trained, dtype), (adapters, adapter_dtype))
            ),
            "activations": 0,
        }
        row["total"] = sum(row.values())
        ledger[method] = row
    return ledger
