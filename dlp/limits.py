"""Limits: the largest batch, context, rank or model that fits a given memory.

Each function turns a formula of memory round: it searches the largest whole number at which the
sum of the parts is no more than `memory_bytes`; at the next the sum is more. The sum is not the
peak of a run, as [`memory_ledger`][dlp.memory.memory_ledger] says: take what an allocator loses,
and what a library keeps beside the parts counted, off `memory_bytes` first, and leave room.

Graphics cards are sold by the GiB: one "of 24 GB" has about `24 * GIB` bytes, of which the driver
keeps some.
"""

from dlp import _check
from dlp.activations import METHODS
from dlp.adapters import lora_model_parameters
from dlp.cache import CACHE_DTYPES, kv_cache_bytes
from dlp.memory import memory_ledger, weight_bytes
from dlp.parallel import sharded_state_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any, Literal, TypedDict

    from dlp.adapters import LoraBias
    from dlp.cache import CacheDtype
    from dlp.activations import Method
    from dlp.memory import Convention, Ledger, MicroBatch
    from dlp.units import Dtype

    class Limit(TypedDict):
        """What every search gives beside the number that it found."""

        total: int
        next_total: int
        largest_part: str
        growing_part: str

    class BatchLimit(Limit):
        """The largest micro-batch."""

        per_device_train_batch_size: int

    class ContextLimit(Limit):
        """The longest sequences."""

        sequence_length: int

    class RankLimit(Limit):
        """The largest rank."""

        r: int

    class ModelLimit(Limit):
        """The largest model."""

        num_parameters: int

    class CachedLimit(Limit):
        """The most tokens of each sequence."""

        num_tokens: int


# No device comes near it, and what fits one device is still no larger than a count may be.
_LARGEST_MEMORY = 10**15

# What many devices share may be; with adapters on top it is a count all the same.
_LARGEST_ANSWER = _check.LARGEST_COUNT - _LARGEST_MEMORY


def largest_batch(
    *,
    memory_bytes: int,
    ledger: "Ledger",
    micro_batch: "MicroBatch",
    method: "Method" = "full",
) -> "BatchLimit":
    """Find the largest micro-batch that fits a device.

    Args:
        memory_bytes: Memory of the device, 1 to 10^15.
        ledger: The arguments of [`memory_ledger`][dlp.memory.memory_ledger] but `micro_batch`.
        micro_batch: Its `micro_batch`, without `per_device_train_batch_size`, which is searched.
        method: One of [`METHODS`][dlp.activations.METHODS].

    Returns:
        `per_device_train_batch_size`, 0 if not even one sequence fits; `total`, the bytes at this
        size (at 0 those without activations), and `next_total`, those of one sequence more;
        `largest_part`, the entry of the ledger that takes most of the memory, and `growing_part`,
        the one to which another sequence adds most.

    Raises:
        TypeError: If an argument is of the wrong type, or a key unknown or missing.
        ValueError: If a number is out of its range, a choice unknown, or a key not for it to set.

    Examples:
        LoRA on Llama 2 7B, on a card "of 24 GB", some of it left free:

        >>> from dlp.units import GIB
        >>> limit = largest_batch(
        ...     memory_bytes=22 * GIB,
        ...     method="lora",
        ...     ledger={
        ...         "num_parameters": 6_738_415_616,
        ...         "num_adapter_parameters": 4_194_304,
        ...         "dtype": "bf16",
        ...     },
        ...     micro_batch={
        ...         "num_hidden_layers": 32,
        ...         "sequence_length": 512,
        ...         "hidden_size": 4096,
        ...         "num_attention_heads": 32,
        ...         "layer": "llama",
        ...         "intermediate_size": 11008,
        ...         "num_key_value_heads": 32,
        ...         "head_dim": 128,
        ...         "attention": "flash",
        ...         "vocab_size": 32000,
        ...     },
        ... )
        >>> limit["per_device_train_batch_size"], limit["growing_part"]
        (4, 'activations')
    """
    limit: BatchLimit = _largest_of_shape(
        "per_device_train_batch_size", memory_bytes, ledger, micro_batch, method
    )
    return limit


def largest_context(
    *,
    memory_bytes: int,
    ledger: "Ledger",
    micro_batch: "MicroBatch",
    method: "Method" = "full",
) -> "ContextLimit":
    """Find the longest sequences on which a model can be trained on a device.

    Whether the model has learned positions that far is another question.

    Args:
        memory_bytes: Memory of the device, 1 to 10^15.
        ledger: The arguments of [`memory_ledger`][dlp.memory.memory_ledger] but `micro_batch`.
        micro_batch: Its `micro_batch`, without `sequence_length`, which is searched.
        method: One of [`METHODS`][dlp.activations.METHODS].

    Returns:
        `sequence_length`, 0 if not even one token fits; `total`, the bytes at this length (at 0
        those without activations), and `next_total`, those of one token more in every sequence;
        `largest_part`, the entry of the ledger that takes most of the memory, and `growing_part`,
        the one to which another token adds most.

    Raises:
        TypeError: If an argument is of the wrong type, or a key unknown or missing.
        ValueError: If a number is out of its range, a choice unknown, or a key not for it to set.

    Examples:
        Head-only training keeps almost no activations, so that the context may be long:

        >>> from dlp.units import GIB
        >>> limit = largest_context(
        ...     memory_bytes=24 * GIB,
        ...     method="head-only",
        ...     ledger={"num_parameters": 6_738_415_616, "dtype": "bf16"},
        ...     micro_batch={
        ...         "num_hidden_layers": 32,
        ...         "per_device_train_batch_size": 1,
        ...         "hidden_size": 4096,
        ...         "num_attention_heads": 32,
        ...     },
        ... )
        >>> limit["sequence_length"], limit["largest_part"]
        (1500607, 'weights')
    """
    limit: ContextLimit = _largest_of_shape(
        "sequence_length", memory_bytes, ledger, micro_batch, method
    )
    return limit


def largest_rank(
    *,
    memory_bytes: int,
    ledger: "Ledger",
    config: "Mapping[str, object]",
    target_modules: "str | Collection[str]",
    bias: "LoraBias" = "none",
    use_dora: bool = False,
    method: "Literal['lora', 'qlora']" = "lora",
    micro_batch: "MicroBatch | None" = None,
) -> "RankLimit":
    """Find the largest rank at which LoRA or QLoRA fits a device.

    Args:
        memory_bytes: Memory of the device, 1 to 10^15.
        ledger: The arguments of [`memory_ledger`][dlp.memory.memory_ledger] but `micro_batch` and
            `num_adapter_parameters`, which follows from the rank.
        config: A parsed `config.json`, for
            [`lora_model_parameters`][dlp.adapters.lora_model_parameters].
        target_modules: The layers adapted, for the same function.
        bias: Which biases are trained, for the same function.
        use_dora: Whether the adapters are DoRA's.
        method: `"lora"` or `"qlora"`.
        micro_batch: The ledger's `micro_batch`, whose `r` is the one searched, or `None` to leave
            activations out.

    Returns:
        `r`, 0 if not even rank 1 fits; `total`, the bytes at this rank (at 0 those without
        adapters), and `next_total`, those of the next; `largest_part`, the entry of the ledger that
        takes most of the memory, and `growing_part`, the one to which the next rank adds most.

    Raises:
        TypeError: If an argument is of the wrong type, or a key unknown or missing.
        ValueError: If a number is out of its range, a choice unknown, or a key not for it to set.

    Examples:
        QLoRA on Llama 2 7B, weights and states alone:

        >>> from dlp.models import LLAMA_2_7B
        >>> limit = largest_rank(
        ...     memory_bytes=6_000_000_000,
        ...     method="qlora",
        ...     ledger={"num_parameters": 6_738_415_616, "dtype": "bf16"},
        ...     config=LLAMA_2_7B,
        ...     target_modules="all-linear",
        ... )
        >>> limit["r"], limit["largest_part"], limit["growing_part"]
        (84, 'weights', 'optimizer')
    """
    fixed = _ledger(ledger)
    shape: Any = None
    if micro_batch is not None:
        shape = dict(_check.keywords("micro_batch", micro_batch))
    _check.choice("method", method, ("lora", "qlora"))

    def parts_of(r: int) -> dict[str, int]:
        fixed["num_adapter_parameters"] = 0
        if r:
            fixed["num_adapter_parameters"] = lora_model_parameters(
                config=config, r=r, target_modules=target_modules, bias=bias, use_dora=use_dora
            )
        if shape is not None:
            shape["r"] = max(r, 1)
        return memory_ledger(**fixed, micro_batch=shape)[method]

    limit: RankLimit = _largest("r", memory_bytes, parts_of)
    return limit


def largest_model(
    *,
    memory_bytes: int,
    frozen: bool = False,
    frozen_dtype: "Dtype" = "bf16",
    num_adapter_parameters: int = 0,
    convention: "Convention" = "mixed",
    stage: int = 0,
    num_devices: int = 1,
) -> "ModelLimit":
    """Find the largest model whose weights and training states fit each device.

    A model that is only loaded is a frozen one without adapters. Activations are left out.

    Args:
        memory_bytes: Memory of one device, 1 to 10^15.
        frozen: Whether the model is not trained itself, as with adapters.
        frozen_dtype: One of [`DTYPES`][dlp.units.DTYPES]: the format of a frozen model.
        num_adapter_parameters: Parameters trained beside the model, 0 to 10^15.
        convention: One of the names in [`CONVENTIONS`][dlp.memory.CONVENTIONS].
        stage: Stage of ZeRO, 0 to 3; [`zero_stage`][dlp.parallel.zero_stage] gives FSDP's.
        num_devices: Devices that share the parts, 1 or more.

    Returns:
        `num_parameters` of the model, 0 if none fits; `total`, the bytes on each device at this
        size, and `next_total`, those of one parameter more; `largest_part`, the entry of
        [`sharded_state_bytes`][dlp.parallel.sharded_state_bytes] that takes most of the memory, and
        `growing_part`, the one to which another parameter adds most.

    Examples:
        Eight devices with ZeRO's stage 3:

        >>> largest_model(memory_bytes=80_000_000_000, stage=3, num_devices=8)["num_parameters"]
        40000000000

        The same ones, the model frozen in NF4:

        >>> limit = largest_model(
        ...     memory_bytes=80_000_000_000,
        ...     frozen=True,
        ...     frozen_dtype="nf4-double",
        ...     num_adapter_parameters=200_000_000,
        ... )
        >>> limit["num_parameters"], limit["largest_part"]
        (148874964505, 'frozen_weights')
    """
    _check.flag("frozen", frozen)
    _check.count(
        "num_adapter_parameters",
        num_adapter_parameters,
        minimum=0,
        maximum=_LARGEST_MEMORY,
    )

    def parts_of(num_parameters: int) -> dict[str, int]:
        return sharded_state_bytes(
            num_trainable_parameters=num_adapter_parameters + (0 if frozen else num_parameters),
            num_frozen_parameters=num_parameters if frozen else 0,
            frozen_dtype=frozen_dtype,
            convention=convention,
            stage=stage,
            num_devices=num_devices,
        )

    limit: ModelLimit = _largest("num_parameters", memory_bytes, parts_of)
    return limit


def largest_cached_context(
    *,
    memory_bytes: int,
    num_parameters: int,
    num_hidden_layers: int,
    num_key_value_heads: int,
    head_dim: int,
    batch_size: int = 1,
    dtype: "Dtype" = "bf16",
    cache_dtype: "CacheDtype" = "bf16",
) -> "CachedLimit":
    """Find how many tokens of each sequence fit beside the weights when a model generates text.

    Args:
        memory_bytes: Memory of the device, 1 to 10^15.
        num_parameters: Parameters of the model, 0 or more.
        num_hidden_layers: Layers, 1 or more.
        num_key_value_heads: Key and value heads, 1 or more.
        head_dim: Width of one head, 1 or more.
        batch_size: Sequences generated at once, 1 or more.
        dtype: One of [`DTYPES`][dlp.units.DTYPES]: the format of the weights.
        cache_dtype: One of [`CACHE_DTYPES`][dlp.cache.CACHE_DTYPES]: the format of keys and values.

    Returns:
        `num_tokens` of prompt and answer, 0 if not even one fits; `total`, the bytes at this number
        (at 0 those of the weights), and `next_total`, those of one token more in every sequence;
        `largest_part`, `weights` or `cache`, whichever takes more, and `growing_part`, the cache.

    Examples:
        Llama 2 7B in 16 bits, on a card "of 24 GB":

        >>> from dlp.units import GIB
        >>> limit = largest_cached_context(
        ...     memory_bytes=24 * GIB,
        ...     num_parameters=6_738_415_616,
        ...     num_hidden_layers=32,
        ...     num_key_value_heads=32,
        ...     head_dim=128,
        ... )
        >>> limit["num_tokens"], limit["largest_part"]
        (23446, 'weights')
    """
    weights = weight_bytes(num_parameters=num_parameters, dtype=dtype)
    _check.choice("cache_dtype", cache_dtype, CACHE_DTYPES)
    per_token = kv_cache_bytes(
        num_hidden_layers=num_hidden_layers,
        num_key_value_heads=num_key_value_heads,
        head_dim=head_dim,
        num_tokens=1,
        batch_size=batch_size,
        dtype=cache_dtype,
    )

    def parts_of(num_tokens: int) -> dict[str, int]:
        cache = num_tokens * per_token
        return {"weights": weights, "cache": cache, "total": weights + cache}

    limit: CachedLimit = _largest("num_tokens", memory_bytes, parts_of)
    return limit


def _largest_of_shape(
    name: str, memory_bytes: int, ledger: "Ledger", micro_batch: "MicroBatch", method: "Method"
) -> "Any":  # noqa: ANN401 - a dict whose first key is `name`
    """Search a size of the micro-batch; at 0 there is none, and no activations."""
    fixed = _ledger(ledger)
    shape: Any = dict(_check.keywords("micro_batch", micro_batch))
    _check.choice("method", method, METHODS)

    def parts_of(value: int) -> dict[str, int]:
        shape[name] = value
        return memory_ledger(**fixed, micro_batch=shape if value else None)[method]

    return _largest(name, memory_bytes, parts_of)


def _ledger(ledger: object) -> "dict[str, Any]":
    """Copy the arguments of the ledger, which has no micro-batch of its own."""
    fixed = dict(_check.keywords("ledger", ledger))
    if "micro_batch" in fixed:
        raise ValueError('ledger must not have "micro_batch", which is an argument of its own')
    return fixed


def _largest(
    name: str,
    memory_bytes: int,
    parts_of: "Callable[[int], dict[str, int]]",
) -> "Any":  # noqa: ANN401 - a dict whose first key is `name`
    """Search the largest number whose parts fit; their total must not shrink as it grows."""
    _check.count("memory_bytes", memory_bytes, maximum=_LARGEST_MEMORY)
    fits, beyond = 0, 1
    while parts_of(beyond)["total"] <= memory_bytes:
        if beyond == _LARGEST_ANSWER:
            raise ValueError(f"memory_bytes is enough for any {name}: {memory_bytes}")
        fits, beyond = beyond, min(2 * beyond, _LARGEST_ANSWER)
    while beyond - fits > 1:
        middle = (fits + beyond) // 2
        if parts_of(middle)["total"] <= memory_bytes:
            fits = middle
        else:
            beyond = middle
    at, after = parts_of(fits), parts_of(beyond)
    held = at if fits else after
    growth = {part: after[part] - at[part] for part in after}
    return {
        name: fits,
        "total": at["total"],
        "next_total": after["total"],
        "largest_part": _largest_part(held),
        "growing_part": _largest_part(growth),
    }


def _largest_part(parts: dict[str, int]) -> str:
    """Name the largest of the parts, the first of several."""
    names = [part for part in parts if part != "total"]
    return max(names, key=lambda part: parts[part])
