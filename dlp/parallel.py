"""Sharding: what each device holds when ZeRO or FSDP spreads a model over many."""

from dlp import _check
from dlp.memory import CONVENTIONS
from dlp.units import DTYPES, stored_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from dlp.memory import Convention
    from dlp.units import Dtype

    ShardingStrategy = Literal["NO_SHARD", "SHARD_GRAD_OP", "FULL_SHARD"]

# ZeRO's stage from which a part is spread over the devices, and not copied to each of them.
_SHARDED_FROM = {"weights": 3, "gradients": 2, "master_weights": 1, "optimizer": 1}

_STAGES: "dict[ShardingStrategy, int]" = {"NO_SHARD": 0, "SHARD_GRAD_OP": 2, "FULL_SHARD": 3}

SHARDING_STRATEGIES = tuple(_STAGES)
"""The sharding strategies of PyTorch's FSDP.

The table of [`zero_stage`][dlp.parallel.zero_stage] says what each of them spreads.
"""


def zero_stage(*, sharding_strategy: "ShardingStrategy") -> int:
    """Give the stage of ZeRO that spreads the same parts as a sharding strategy of FSDP.

    | `sharding_strategy` | stage | spread over the devices |
    |---|--:|---|
    | `NO_SHARD` | 0 | nothing, as in DDP |
    | `SHARD_GRAD_OP` | 2 | gradients and optimizer states |
    | `FULL_SHARD` | 3 | weights too |

    ZeRO's stage 1, optimizer states alone, has no counterpart. `SHARD_GRAD_OP` spreads the weights
    as well outside of forward and backward pass, but needs them whole from the one to the other.
    `HYBRID_SHARD` is `FULL_SHARD` within a node: count the devices of one node only.

    Args:
        sharding_strategy: One of `SHARDING_STRATEGIES`.

    Returns:
        The stage.

    Source:
        PyTorch 2.13.0, `torch/distributed/fsdp/api.py`, `ShardingStrategy`; Accelerate at commit
        16cb6eb, `docs/source/usage_guides/fsdp.md`, for the stages.

    Examples:
        >>> zero_stage(sharding_strategy="FULL_SHARD")
        3
    """
    return _STAGES[_check.choice("sharding_strategy", sharding_strategy, SHARDING_STRATEGIES)]


def sharded_state_bytes(
    *,
    num_trainable_parameters: int,
    num_frozen_parameters: int = 0,
    frozen_dtype: "Dtype" = "bf16",
    convention: "Convention" = "mixed",
    stage: int = 0,
    num_devices: int = 1,
) -> dict[str, int]:
    """Count the bytes of weights, gradients and AdamW's states that each device holds.

    Every part is either copied to each device or spread over them in equal shards, the last one
    filled up:

    | part | spread from `stage` |
    |---|--:|
    | `master_weights`, `optimizer` | 1 |
    | `gradients` | 2 |
    | `weights`, `frozen_weights` | 3 |

    Frozen parameters, such as the model below the adapters of LoRA and QLoRA, are weights and
    nothing else: they gain from stage 3 alone. What is gathered for a moment to compute with, such
    as the whole weights of one layer in stage 3, is left out.

    Megatron's distributed optimizer is stage 1 with the convention `"mixed-fp32-gradients"`.

    Args:
        num_trainable_parameters: Parameters that are trained, 0 or more.
        num_frozen_parameters: Parameters that are loaded but not trained, 0 or more.
        frozen_dtype: One of [`DTYPES`][dlp.units.DTYPES]: the format of the frozen parameters.
        convention: One of the names in [`CONVENTIONS`][dlp.memory.CONVENTIONS]: the bytes of each
            part for a trained parameter.
        stage: Stage of ZeRO, 0 to 3; [`zero_stage`][dlp.parallel.zero_stage] gives FSDP's.
        num_devices: Devices that share the parts: the degree of data parallelism, 1 or more.

    Returns:
        Bytes on one device: `frozen_weights`, `weights`, `gradients`, `master_weights`,
        `optimizer`, and their sum, `total`.

    Source:
        Rajbhandari et al. 2019 (ZeRO), section 5 and figure 1: 16 bytes for each parameter, of
        which stage 1 spreads 12, stage 2 another 2, and stage 3 all; Megatron-LM,
        `theoretical_memory_usage.py`: 6 + 12 / devices.

    Examples:
        The model of ZeRO's figure 1, on 64 devices:

        >>> for stage in range(4):
        ...     states = sharded_state_bytes(
        ...         num_trainable_parameters=7_500_000_000, stage=stage, num_devices=64
        ...     )
        ...     print(stage, states["total"])
        0 120000000000
        1 31406250000
        2 16640625000
        3 1875000000

        QLoRA on eight devices: without stage 3 each of them holds the whole model.

        >>> states = sharded_state_bytes(
        ...     num_trainable_parameters=40_000_000,
        ...     num_frozen_parameters=70_000_000_000,
        ...     frozen_dtype="nf4-double",
        ...     stage=2,
        ...     num_devices=8,
        ... )
        >>> states["frozen_weights"]
        36110839844
    """
    _check.count("num_trainable_parameters", num_trainable_parameters, minimum=0)
    _check.count("num_frozen_parameters", num_frozen_parameters, minimum=0)
    _check.dtype("frozen_dtype", frozen_dtype, DTYPES)
    _check.choice("convention", convention, CONVENTIONS)
    _check.count("stage", stage, minimum=0, maximum=3)
    _check.count("num_devices", num_devices)
    frozen = _shard(num_frozen_parameters, _SHARDED_FROM["weights"], stage, num_devices)
    states = {"frozen_weights": stored_bytes(num_values=frozen, dtype=frozen_dtype)}
    for part, bytes_each in CONVENTIONS[convention].items():
        held = _shard(num_trainable_parameters, _SHARDED_FROM[part], stage, num_devices)
        states[part] = held * bytes_each
    states["total"] = sum(states.values())
    return states


def deepspeed_estimated_bytes(
    *,
    total_params: int,
    largest_layer_params: int = 1,
    stage: int = 3,
    num_gpus_per_node: int = 1,
    num_nodes: int = 1,
    cpu_offload: bool = True,
    cpu_offload_params: bool = True,
    zero_init: bool = True,
    additional_buffer_factor: float = 1.5,
) -> dict[str, int]:
    r"""Count the bytes of weights, gradients and Adam's states as DeepSpeed's estimators do.

    They tell what one device holds from what a node's main memory holds, with and without offload.
    A parameter has 16-bit weights, fp32 gradients, and fp32 weights and moments. For
    $P$ `total_params`, $L$ `largest_layer_params`, $g$ `num_gpus_per_node` and $m$ `num_nodes`:

    | with | `gpu` | `cpu`, times the factor |
    |---|---|---|
    | `stage=2`, `cpu_offload=False` | $2P + \frac{18P}{gm}$ | $4Pg$ |
    | `stage=2`, `cpu_offload=True` | $2P$ | $4Pgm$, at least $16P$ |
    | `stage=3`, `cpu_offload=False` | $4L + \frac{18P}{gm}$ | $4Lg$ |
    | `stage=3`, `cpu_offload_params=False` | $4L + \frac{2P}{gm}$ | $\frac{16P}{m}$ |
    | `stage=3`, `cpu_offload_params=True` | $4L$ | $\frac{18P}{m}$ |
    | `zero_init=False`, `cpu_offload=False` | $4L + \frac{18P}{gm}$ | $4Pg$ |
    | `zero_init=False` | $4L$ | $\frac{18P}{m}$, at least $4Pg$ |

    In stage 3 without `zero_init` each process first builds the whole model in main memory.

    Args:
        total_params: Parameters of the model, all of them trained, 1 or more.
        largest_layer_params: Parameters of the largest single module, which stage 3 gathers whole,
            1 to `total_params`; stage 2 does not ask for it.
        stage: Stage of ZeRO, 2 or 3.
        num_gpus_per_node: Devices in each node, 1 or more.
        num_nodes: Nodes, 1 or more.
        cpu_offload: Whether gradients and optimizer states are kept in main memory.
        cpu_offload_params: Whether the weights are too; counts in stage 3 with `cpu_offload` only.
        zero_init: Whether the model is built in shards; counts in stage 3 only.
        additional_buffer_factor: How much more main memory to allow for, 1 to 100.

    Returns:
        Bytes of `gpu`, on one device, and of `cpu`, in the main memory of one node, both rounded
        down.

    Source:
        DeepSpeed 0.19.6, `runtime/zero/stage_1_and_2.py`, `estimate_zero2_model_states_mem_needs`,
        and `runtime/zero/stage3.py`, `estimate_zero3_model_states_mem_needs`.

    Examples:
        T5-3B on a node of eight devices, the optimizer offloaded:

        >>> deepspeed_estimated_bytes(
        ...     total_params=2_851_598_336,
        ...     largest_layer_params=32_899_072,
        ...     num_gpus_per_node=8,
        ...     cpu_offload_params=False,
        ... )
        {'gpu': 844495872, 'cpu': 68438360064}
    """
    _check.count("total_params", total_params)
    _check.count("largest_layer_params", largest_layer_params, maximum=total_params)
    _check.count("stage", stage, minimum=2, maximum=3)
    _check.count("num_gpus_per_node", num_gpus_per_node)
    _check.count("num_nodes", num_nodes)
    _check.flag("cpu_offload", cpu_offload)
    _check.flag("cpu_offload_params", cpu_offload_params)
    _check.flag("zero_init", zero_init)
    _check.number("additional_buffer_factor", additional_buffer_factor, minimum=1, maximum=100)
    num_gpus = num_gpus_per_node * num_nodes
    # In the main memory of all nodes. Each process builds the model in fp32 unless in shards.
    built = 4 * total_params * num_gpus
    if stage == 2:
        gpu = 2 * total_params
        cpu = total_params * max(4 * num_gpus, 16) * num_nodes if cpu_offload else built
    else:
        gpu = 4 * largest_layer_params
        cpu = 4 * largest_layer_params * num_gpus
        if cpu_offload:
            cpu = (18 if cpu_offload_params else 16) * total_params
            gpu += 0 if cpu_offload_params else 2 * total_params // num_gpus
        if not zero_init:
            cpu = max(cpu, built)
    if not cpu_offload:
        gpu += 18 * total_params // num_gpus
    # A factor such as 1.1 is a whole number of parts of a power of two.
    factor, parts = additional_buffer_factor, 1
    while factor != int(factor):
        factor, parts = 2 * factor, 2 * parts
    return {"gpu": gpu, "cpu": cpu * int(factor) // (parts * num_nodes)}


def _shard(num_parameters: int, sharded_from: int, stage: int, num_devices: int) -> int:
    """Give the parameters of a part on one device: its shard, rounded up, or all of them."""
    return -(-num_parameters // num_devices) if stage >= sharded_from else num_parameters
