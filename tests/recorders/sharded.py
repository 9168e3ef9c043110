"""The peak of each moment of a step that devices share by FSDP, followed on fake tensors.

There is one process, which takes itself for the first of several: PyTorch's fake process group
answers at once, and what is gathered has its size and no numbers. Wrapped as Accelerate 1.15.0
wraps a model for the Trainer, and as a plain loop does. The inputs of a setup are the arguments of
`dlp.peak_memory`.
"""

from __future__ import annotations

import functools
import importlib
import multiprocessing
import warnings
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import torch
from torch import distributed
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import (
    FullyShardedDataParallel,
    MixedPrecisionPolicy,
    ShardingStrategy,
    fully_shard,
)
from torch.distributed.fsdp.wrap import transformer_auto_wrap_policy
from torch.distributed.tensor import DTensor
from torch.testing._internal.distributed.fake_pg import FakeStore

from tests.recorders import fake_step, peak
from tests.recorders.common import Record, Untyped

PACKAGES = peak.PACKAGES

STRATEGIES = {2: ShardingStrategy.SHARD_GRAD_OP, 3: ShardingStrategy.FULL_SHARD}


class LiveShards(fake_step.LiveBytes):
    """Counts what lies here of a tensor that is shared, and storages that change their size."""

    def count(self, tensor: torch.Tensor, operation: str = "given") -> None:
        """Count a tensor's storage, unless it is counted already."""
        local: torch.Tensor = tensor._local_tensor if isinstance(tensor, DTensor) else tensor
        super().count(local, operation)

    def resize(self, tensor: torch.Tensor, num_bytes: int) -> None:
        """Give a storage another size, as FSDP does when it gathers and drops."""
        storage = tensor.untyped_storage()
        if storage.size() == num_bytes:
            return
        storage.resize_(num_bytes)
        key = storage._cdata
        if key in self._storages:
            before = self._storages[key]
            size = -(-num_bytes // fake_step.BLOCK) * fake_step.BLOCK
            self._storages[key] = (size, *before[1:])
            self._live(size - before[0])


def second(model: Untyped, inputs: Record, mesh: Untyped) -> Untyped:
    """Shard a model by `fully_shard`."""
    options: dict[str, Any] = {"mesh": mesh, "reshard_after_forward": inputs["stage"] == 3}
    half = torch.bfloat16 if inputs["training"].get("bf16") else None
    options["mp_policy"] = MixedPrecisionPolicy(param_dtype=half, reduce_dtype=half)
    for layer in peak.layers_of(model):
        fully_shard(layer, **options)
    if peak.loop_of(inputs) != "pytorch":
        plain = peak.plain(model)
        first, head = plain.get_input_embeddings(), plain.get_output_embeddings()
        last = [plain.model.norm, head]
        if first.weight is head.weight:
            last = [plain.model.norm, first, head]
        else:
            fully_shard(first, **options)
        fully_shard(last, **options | {"reshard_after_forward": False})
    options.pop("reshard_after_forward")
    return fully_shard(model, **options)


def first(model: Untyped, inputs: Record) -> Untyped:
    """Shard a model by the class that was before."""
    layer = type(peak.layers_of(model)[0])
    return FullyShardedDataParallel(
        model,
        sharding_strategy=STRATEGIES[inputs["stage"]],
        auto_wrap_policy=functools.partial(
            transformer_auto_wrap_policy, transformer_layer_cls={layer}
        ),
        use_orig_params=True,
        backward_prefetch=None,  # NO_PREFETCH, as the Trainer has it
        device_id=torch.device("cpu"),
    )


def trace(inputs: Record) -> LiveShards:
    """Follow two steps of a run on one of its devices."""
    if distributed.is_initialized():
        distributed.destroy_process_group()
    devices = inputs["num_devices"]
    distributed.init_process_group("fake", store=FakeStore(), rank=0, world_size=devices)
    mesh = init_device_mesh("cpu", (devices,))
    tracker = LiveShards()
    version = inputs["training"].get("fsdp_config", {}).get("version", 2)
    names = ("_fully_shard._fsdp_param", "_flat_param")
    newer, older = (importlib.import_module(f"torch.distributed.fsdp.{name}") for name in names)
    replaced = [
        (newer, "alloc_storage", lambda one: tracker.resize(one, one.numel() * one.itemsize)),
        (newer, "free_storage", lambda one: tracker.resize(one, 0)),
        (older, "_alloc_storage", lambda one, n: tracker.resize(one, n.numel() * one.itemsize)),
        (older, "_free_storage", lambda one: tracker.resize(one, 0)),
        *peak.replaced(inputs),
    ]
    with fake_step.like_a_gpu(replaced), FakeTensorMode(allow_non_fake_inputs=True):
        model = peak.make_model(inputs)
        model = second(model, inputs, mesh) if version == 2 else first(model, inputs)
        optimizer, step = peak.make_optimizer(inputs, model), peak.make_step(inputs, [])
        for tensor in [*model.parameters(), *model.buffers()]:
            tracker.count(tensor)
        tracker._live(2 * fake_step.WORKSPACE)
        with tracker:
            step(model, optimizer, tracker)
            tracker.enter("start")
            step(model, optimizer, tracker)
        tracker.enter("end")
    return tracker


def count(setup: Record) -> Record:
    """Give the bytes that live at the peak of each moment."""
    warnings.simplefilter("ignore")  # PyTorch warns of what it calls itself
    return peak.read(trace(setup["inputs"]))


def count_all(setups: list[Record]) -> list[Record]:
    """Count all setups in a process of their own, which ends with its process group."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return list(pool.map(count, setups))
