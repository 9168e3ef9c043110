"""Limits: the largest batch, context, rank or model that fits a given memory.

Each function turns a formula of memory round: it searches the largest whole number that still fits,
so that the next one does not. Batch, context, rank and depth are searched on the
[peak of a training step][dlp.peak.peak_memory]; what generates text, and states without a step, on
a sum.

What fits a step is judged in one of two ways. To a card by its name the whole process must fit: the
upper end of what `peak_memory` says it takes, in the least memory that such a card was seen to give
([`usable_memory_bytes`][dlp.accelerators.usable_memory_bytes]). With `memory_bytes` it is the peak
itself, so that they are the bytes left for PyTorch's tensors alone.
"""

from dlp import _check, _config, _search, _training
from dlp.accelerators import usable_memory_bytes
from dlp.architectures import parameter_count
from dlp.cache import CACHE_DTYPES, kv_cache_bytes
from dlp.memory import weight_bytes
from dlp.parallel import sharded_state_bytes
from dlp.peak import peak_memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Required, TypedDict, Unpack

    from dlp._search import Limit, StateLimit
    from dlp._objectives import Objective
    from dlp.accelerators import Accelerator
    from dlp.cache import CacheDtype
    from dlp.memory import Convention
    from dlp.peak import Peak, TrainedPart
    from dlp.units import Dtype

    class Run(TypedDict, total=False):
        """The arguments of `peak_memory`."""

        config: Required[Mapping[str, object]]
        training: Required[Mapping[str, object]]
        lora: Mapping[str, object] | None
        quantization: Mapping[str, object] | None
        method: TrainedPart | None
        library: str
        num_devices: int
        stage: int
        offload: bool
        objective: Objective

    class ModelLimit(Limit):
        """The deepest model, and its size."""

        num_parameters: int


def largest_batch(
    *,
    memory_bytes: int | None = None,
    accelerator: "Accelerator | None" = None,
    **run: "Unpack[Run]",
) -> "Limit":
    """Find the largest micro-batch with which a training step fits a device.

    Args:
        memory_bytes: Bytes that PyTorch's tensors may take, 1 to 10^15.
        accelerator: One of [`ACCELERATORS`][dlp.accelerators.ACCELERATORS], in place of
            `memory_bytes`.
        **run: The arguments of [`peak_memory`][dlp.peak.peak_memory], `training` without
            `per_device_train_batch_size`, which is searched.

    Returns:
        `largest`, 0 if not even one sequence fits; `peak` of the step with it, 0 if there is
            none, and `next_peak`, that with one more; `moment`, which is then too full, and
            `growing_part`, the part of it to which one more adds most.

    Raises:
        TypeError: If an argument or a setting is of the wrong type.
        ValueError: If not one of `memory_bytes` and `accelerator` is given, a setting is unknown or
            missing, is the one that is searched, or anything is out of its range.

    Examples:
        LoRA on Llama 3 8B, on an RTX 4090, where two sequences are one too many:

        >>> from dlp.models import LLAMA_3_8B
        >>> limit = largest_batch(
        ...     accelerator="rtx-4090",
        ...     config=LLAMA_3_8B,
        ...     training={
        ...         "max_length": 1024,
        ...         "gradient_checkpointing": True,
        ...         "dtype": "bfloat16",
        ...     },
        ...     lora={"r": 16, "target_modules": "all-linear"},
        ... )
        >>> limit["largest"], limit["moment"], limit["growing_part"]
        (1, 'loss backward', 'logits')
    """
    names = ("per_device_train_batch_size",)
    return _largest_setting(names, "training", memory_bytes, accelerator, run)


def largest_context(
    *,
    memory_bytes: int | None = None,
    accelerator: "Accelerator | None" = None,
    **run: "Unpack[Run]",
) -> "Limit":
    """Find the longest sequences on which a training step fits a device.

    A learned table of positions ends the search; whether a model without one is any good that far
    is another question.

    Args:
        memory_bytes: Bytes that PyTorch's tensors may take, 1 to 10^15.
        accelerator: One of [`ACCELERATORS`][dlp.accelerators.ACCELERATORS], in place of
            `memory_bytes`.
        **run: The arguments of [`peak_memory`][dlp.peak.peak_memory], `training` without
            `max_length`, which is searched.

    Returns:
        `largest`, 0 if not even one token fits; `peak` of the step with it, 0 if there is
            none, and `next_peak`, that with one more; `moment`, which is then too full, and
            `growing_part`, the part of it to which one more adds most. If all positions of a
            learned table fit, `next_peak` is 0, `moment` the fullest one, `growing_part` empty.

    Raises:
        TypeError: If an argument or a setting is of the wrong type.
        ValueError: If not one of `memory_bytes` and `accelerator` is given, a setting is unknown or
            missing, is the one that is searched, or anything is out of its range.

    Examples:
        QLoRA on Llama 2 7B:

        >>> from dlp.models import LLAMA_2_7B
        >>> from dlp.units import GIB
        >>> limit = largest_context(
        ...     memory_bytes=20 * GIB,
        ...     config=LLAMA_2_7B,
        ...     training={
        ...         "per_device_train_batch_size": 1,
        ...         "gradient_checkpointing": True,
        ...         "dtype": "bfloat16",
        ...     },
        ...     lora={"r": 16, "target_modules": "all-linear"},
        ...     quantization={"load_in_4bit": True},
        ... )
        >>> round(limit["largest"], -3), limit["moment"]
        (25000, 'loss backward')
    """
    names = ("max_length", "max_seq_length")
    return _largest_setting(names, "training", memory_bytes, accelerator, run, _positions(run))


def largest_rank(
    *,
    memory_bytes: int | None = None,
    accelerator: "Accelerator | None" = None,
    **run: "Unpack[Run]",
) -> "Limit":
    """Find the largest rank of adapters with which a training step fits a device.

    Args:
        memory_bytes: Bytes that PyTorch's tensors may take, 1 to 10^15.
        accelerator: One of [`ACCELERATORS`][dlp.accelerators.ACCELERATORS], in place of
            `memory_bytes`.
        **run: The arguments of [`peak_memory`][dlp.peak.peak_memory], `lora` without `r`, which
            is searched.

    Returns:
        `largest`, 0 if not even rank 1 fits; `peak` of the step with it, 0 if there is
            none, and `next_peak`, that with one more; `moment`, which is then too full, and
            `growing_part`, the part of it to which one more adds most.

    Raises:
        TypeError: If an argument or a setting is of the wrong type.
        ValueError: If not one of `memory_bytes` and `accelerator` is given, a setting is unknown or
            missing, is the one that is searched, or anything is out of its range.

    Examples:
        >>> from dlp.models import LLAMA_2_7B
        >>> limit = largest_rank(
        ...     accelerator="rtx-4090",
        ...     config=LLAMA_2_7B,
        ...     training={
        ...         "per_device_train_batch_size": 1,
        ...         "max_length": 512,
        ...         "gradient_checkpointing": True,
        ...         "dtype": "bfloat16",
        ...     },
        ...     lora={"target_modules": "all-linear"},
        ... )
        >>> limit["moment"], limit["growing_part"]
        ('layer backward', 'optimizer')
    """
    if run.get("lora") is None:
        raise ValueError('lora must be given, such as {"target_modules": "all-linear"}')
    return _largest_setting(("r",), "lora", memory_bytes, accelerator, run)


def largest_model(
    *,
    memory_bytes: int | None = None,
    accelerator: "Accelerator | None" = None,
    **run: "Unpack[Run]",
) -> "ModelLimit":
    """Find the deepest model of a shape with which a training step fits a device.

    Layers are added to the config or taken off it, and widths stay: a peak needs a shape, and so
    none is guessed. Of a model of which only the number of parameters is known,
    [`largest_sharded_model`][dlp.limits.largest_sharded_model] counts the states.

    Args:
        memory_bytes: Bytes that PyTorch's tensors may take, 1 to 10^15.
        accelerator: One of [`ACCELERATORS`][dlp.accelerators.ACCELERATORS], in place of
            `memory_bytes`.
        **run: The arguments of [`peak_memory`][dlp.peak.peak_memory], whose `config` gives
            all but the number of layers, at most 10,000.

    Returns:
        `largest`, the layers, 0 if not even one fits; `num_parameters` of that model; `peak` of the
            step with it, 0 if there is none, and `next_peak`, that with one more; `moment`, which
            is then too full, and `growing_part`, the part of it to which one more adds most.

    Raises:
        TypeError: If an argument or a setting is of the wrong type.
        ValueError: If not one of `memory_bytes` and `accelerator` is given, a setting is unknown or
            missing, is the one that is searched, or anything is out of its range.

    Examples:
        Full fine-tuning in the shape of Llama 3 8B:

        >>> from dlp.models import LLAMA_3_8B
        >>> limit = largest_model(
        ...     accelerator="a100-80gb",
        ...     config=LLAMA_3_8B,
        ...     training={
        ...         "per_device_train_batch_size": 1,
        ...         "max_length": 2048,
        ...         "gradient_checkpointing": True,
        ...         "dtype": "bfloat16",
        ...     },
        ... )
        >>> limit["largest"] > LLAMA_3_8B["num_hidden_layers"], limit["moment"]
        (True, 'backward end')
    """
    given: "dict[str, Any]" = dict(run)
    config = given.pop("config", None)

    def step_of(num_hidden_layers: int) -> "Peak":
        given["config"] = _of_depth(config, num_hidden_layers)
        return peak_memory(**given)

    room = _room(memory_bytes, accelerator)
    limit = _search.of_step("num_hidden_layers", step_of, room, _check.MOST_LAYERS)
    size = 0
    if limit["largest"]:
        size = parameter_count(config=_of_depth(config, limit["largest"]))
    return {
        "largest": limit["largest"],
        "num_parameters": size,
        "peak": limit["peak"],
        "next_peak": limit["next_peak"],
        "moment": limit["moment"],
        "growing_part": limit["growing_part"],
    }


def largest_sharded_model(
    *,
    memory_bytes: int,
    frozen: bool = False,
    frozen_dtype: "Dtype" = "bf16",
    num_adapter_parameters: int = 0,
    convention: "Convention" = "mixed",
    stage: int = 0,
    num_devices: int = 1,
) -> "StateLimit":
    """Find the largest model whose weights and training states fit each device.

    A model that is only loaded is a frozen one without adapters. It is states that are counted, and
    what a step holds beside them is left out: [`largest_model`][dlp.limits.largest_model] searches
    on the peak.

    Args:
        memory_bytes: Memory of one device, 1 to 10^15.
        frozen: Whether the model is not trained itself, as with adapters.
        frozen_dtype: One of [`DTYPES`][dlp.units.DTYPES]: the format of a frozen model.
        num_adapter_parameters: Parameters trained beside the model, 0 to 10^15.
        convention: One of the names in [`CONVENTIONS`][dlp.memory.CONVENTIONS].
        stage: Stage of ZeRO, 0 to 3; [`zero_stage`][dlp.parallel.zero_stage] gives FSDP's.
        num_devices: Devices that share the parts: the degree of data parallelism, 1 or more.

    Returns:
        `largest`, the parameters of the model, 0 if none fits; `total`, the bytes on each device at
            this size, and `next_total`, those of one parameter more; `largest_part`, the entry of
            [`sharded_state_bytes`][dlp.parallel.sharded_state_bytes] that takes most of the memory,
            and `growing_part`, the one to which another parameter adds most.

    Examples:
        Eight devices with ZeRO's stage 3:

        >>> limit = largest_sharded_model(
        ...     memory_bytes=80_000_000_000, stage=3, num_devices=8
        ... )
        >>> limit["largest"]
        40000000000

        The same ones, the model frozen in NF4:

        >>> limit = largest_sharded_model(
        ...     memory_bytes=80_000_000_000,
        ...     frozen=True,
        ...     frozen_dtype="nf4-double",
        ...     num_adapter_parameters=200_000_000,
        ... )
        >>> limit["largest"], limit["largest_part"]
        (148874964505, 'frozen_weights')
    """
    _check.flag("frozen", frozen)
    _check.count(
        "num_adapter_parameters",
        num_adapter_parameters,
        minimum=0,
        maximum=_search.LARGEST_MEMORY,
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

    return _search.of_sum("num_parameters", memory_bytes, parts_of)


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
) -> "StateLimit":
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
        `largest`, the tokens of prompt and answer, 0 if not even one fits; `total`, the bytes at
            this number (at 0 those of the weights), and `next_total`, those of one token more in
            every sequence; `largest_part`, `weights` or `cache`, whichever takes more, and
            `growing_part`, the cache.

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
        >>> limit["largest"], limit["largest_part"]
        (23446, 'weights')
    """
    weights = weight_bytes(num_parameters=num_parameters, dtype=dtype)
    _check.dtype("cache_dtype", cache_dtype, CACHE_DTYPES)
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

    return _search.of_sum("num_tokens", memory_bytes, parts_of)


def _largest_setting(
    names: tuple[str, ...],
    argument: str,
    memory_bytes: int | None,
    accelerator: "Accelerator | None",
    run: "Mapping[str, Any]",
    end: int = 0,
) -> "Limit":
    """Search the first of the names, a setting of `argument`; the others are the same by alias.

    There is no step with more than `end`, unless that is 0.
    """
    given = dict(run)
    if argument in given:
        given[argument] = dict(_check.keywords(argument, given[argument]))
        for name in names:
            if name in given[argument]:
                raise ValueError(f'{argument} must not have "{name}", which is searched')

    def step_of(value: int) -> "Peak":
        if argument in given:
            given[argument][names[0]] = value
        return peak_memory(**given)

    room = _room(memory_bytes, accelerator)
    most = end or _search.LARGEST_ANSWER
    return _search.of_step(names[0], step_of, room, most, ends=bool(end))


def _positions(run: "Mapping[str, Any]") -> int:
    """Give the positions that the model of a run has learned, 0 if nothing ends there."""
    training = _check.mapping("training", run.get("training", {}))
    joined = training.get("packing") or training.get("padding_free")
    return 0 if joined or "config" not in run else _training.positions(_config.read(run["config"]))


def _room(memory_bytes: int | None, accelerator: "Accelerator | None") -> "tuple[str, int]":
    """Say which number of a step must fit, and into how many bytes."""
    if (memory_bytes is None) == (accelerator is None):
        raise ValueError("memory_bytes or accelerator must be given, and not both")
    if accelerator is not None:
        usable = usable_memory_bytes(accelerator=accelerator)
        if accelerator.startswith("tpu"):
            raise ValueError(f"accelerator must be no TPU, as {accelerator} is: steps differ there")
        return "upper", usable
    return "peak", _check.count("memory_bytes", memory_bytes, maximum=_search.LARGEST_MEMORY)


def _of_depth(config: "Mapping[str, object]", num_hidden_layers: int) -> "dict[str, object]":
    """Give a config with another number of layers, whose kinds go on as they began."""
    changed = dict(_check.mapping("config", config))
    name = "num_hidden_layers"
    keys = _config.read(config)["family"]["keys"].get(name, (name,))
    for key in keys:
        changed.pop(key, None)
    changed[keys[0]] = num_hidden_layers
    types = changed.get("layer_types")
    if types is not None:
        kinds = _check.sequence('config["layer_types"]', types)
        changed["layer_types"] = [kinds[place % len(kinds)] for place in range(num_hidden_layers)]
    return changed
