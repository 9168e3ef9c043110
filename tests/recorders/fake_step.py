"""Follow the memory of a real training step without weights and without a GPU.

The model, its adapters, the loss and the optimizer are the libraries' own. They run on fake
tensors, which have shapes and storages but no numbers; a mode sees every operation, counts the
storages that live, and so the most that lived at once. A processor runs some operations otherwise
than a GPU does. What a GPU does is put back, from the sources of PyTorch 2.13.0:

- Dropout keeps a mask of booleans (`native/cuda/Dropout.cu`).
- Softmax of fp16 in fp32 is one kernel, whose gradient is fp16 (`native/SoftMax.cpp`); its backward
  pass makes the product of gradient and output (`native/cuda/SoftMax.cu`).
- Which kernel computes attention depends on mask and format: flash, memory-efficient, or several
  operations (`native/transformers/`).
- cuBLAS asks for a workspace in each of two threads (`cuda/CublasHandlePool.cpp`).
- Autocast takes softmax, layer norms, powers and losses to fp32 (`autocast_mode.h`).
"""

from __future__ import annotations

import math
import weakref
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.recorders.common import Untyped

WORKSPACE = 8_519_680
"""Bytes that cuBLAS asks for in each thread that multiplies, below Hopper."""

BLOCK = 512
"""The allocator gives out multiples of this."""


class LiveBytes(TorchDispatchMode):
    """Counts the storages that live, and remembers the most of each phase."""

    def __init__(self, watched: dict[str, int] | None = None) -> None:
        """Start with nothing; list what lives at the peaks that are watched."""
        super().__init__()
        self.live = self.fullest = self.number = self.fullest_number = 0
        self.phase = "build"
        self.peaks: dict[str, int] = {}
        self.starts: dict[str, int] = {}
        self.numbers: dict[str, int] = {}
        self.events: list[int] = []
        self.marks: dict[str, int] = {}
        self.found: dict[str, Counter[tuple[int, str, tuple[int, ...], str]]] = {}
        self._watched = watched or {}
        self._storages: dict[int, tuple[int, str, tuple[int, ...], str]] = {}

    def count(self, tensor: torch.Tensor, operation: str = "given") -> None:
        """Count a tensor's storage, unless it is counted already."""
        if tensor.device.type == "meta":
            return  # managed memory, which the allocator does not count
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._storages:
            return
        size = -(-storage.nbytes() // BLOCK) * BLOCK
        kind = str(tensor.dtype).removeprefix("torch.")
        self._storages[key] = (size, kind, tuple(tensor.shape), operation)
        self._live(size)
        weakref.finalize(storage, self._drop, key)

    def enter(self, phase: str) -> None:
        """Close the phase that was open, and open another."""
        self.peaks[self.phase] = self.fullest
        self.numbers[self.phase] = self.fullest_number
        self.phase, self.fullest, self.fullest_number = phase, self.live, self.number
        self.starts[phase] = self.live
        self.marks[phase] = len(self.events)

    def _drop(self, key: int) -> None:
        self._live(-self._storages.pop(key)[0])

    def _live(self, change: int, *, passing: int = 0) -> None:
        self.live += change
        self.number += 1
        if change >= 0:  # what goes at once goes in any order
            self.events.append(self.live + passing)
        if self.live + passing > self.fullest:
            self.fullest, self.fullest_number = self.live + passing, self.number
        if self._watched.get(self.phase) == self.number:
            self.found[self.phase] = Counter(self._storages.values())

    def __torch_dispatch__(
        self, op: Untyped, types: Untyped, args: Untyped = (), kwargs: Untyped = None
    ) -> Untyped:
        """Run an operation and count what it made."""
        out = op(*args, **(kwargs or {}))
        for tensor in tree_iter(out):
            if isinstance(tensor, torch.Tensor):
                self.count(tensor, str(op))
        if str(op).startswith("aten._softmax_backward_data"):
            self._live(0, passing=args[0].nbytes)
        if str(op).startswith("aten.multinomial"):  # divides by random numbers
            self._live(0, passing=args[0].nbytes)
        return out


class HalfSoftmax(torch.autograd.Function):
    """The softmax of fp16 in fp32, which on a GPU is one kernel."""

    @staticmethod
    def forward(ctx: Untyped, x: torch.Tensor) -> torch.Tensor:
        """Make the fp32 result."""
        out = torch.empty(x.shape, dtype=torch.float32)
        ctx.save_for_backward(out)
        ctx.half = x.dtype
        return out

    @staticmethod
    def backward(ctx: Untyped, gradient: torch.Tensor) -> torch.Tensor:
        """Make the product of gradient and output, and the fp16 gradient."""
        (out,) = ctx.saved_tensors
        product = torch.empty(out.shape, dtype=torch.float32)
        made = torch.empty(out.shape, dtype=ctx.half)
        del product
        return made


class FusedAttention(torch.autograd.Function):
    """What the flash and the memory-efficient kernels keep and make."""

    @staticmethod
    def forward(
        ctx: Untyped,
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        mask: torch.Tensor | None,
    ) -> torch.Tensor:
        """Keep the inputs, the output, and a sum for each row of scores."""
        batch, heads, length, _ = q.shape
        out = torch.empty(batch, length, heads, v.shape[-1], dtype=q.dtype).transpose(1, 2)
        sums = torch.empty(batch, heads, length, dtype=torch.float32)
        ctx.save_for_backward(q, k, v, mask, out, sums)
        return out

    @staticmethod
    def backward(ctx: Untyped, gradient: torch.Tensor) -> Untyped:
        """Make the three gradients, on queries in fp32 first."""
        q, k, v, _, _, sums = ctx.saved_tensors
        working = [torch.empty_like(sums)]
        if q.dtype != torch.float32:
            working.append(torch.empty(q.shape, dtype=torch.float32))
        dq, dk, dv = torch.empty_like(q), torch.empty_like(k), torch.empty_like(v)
        if k.shape[1] != q.shape[1]:
            working += [torch.empty(q.shape, dtype=q.dtype), torch.empty(q.shape, dtype=q.dtype)]
        del working, gradient
        return dq, dk, dv, None


def attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> torch.Tensor:
    """Choose the kernel of scaled dot product attention as a GPU does."""
    q, k, v = query, key, value
    if torch.is_autocast_enabled("cpu"):
        half = torch.get_autocast_dtype("cpu")
        q, k, v = (each.to(half) for each in (q, k, v))
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        attn_mask = torch.zeros(attn_mask.shape, dtype=q.dtype).masked_fill(attn_mask, 0.0)
    grouped = k.shape[1] != q.shape[1]
    # Kernels take fewer keys than queries only where they are told so.
    if grouped and (attn_mask is not None or q.dtype == torch.float32 or not enable_gqa):
        with torch.autocast("cpu", enabled=False):
            return composite(q, k, v, attn_mask, is_causal, scale, dropout_p)
    return FusedAttention.apply(q, k, v, attn_mask)


def composite(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    mask: torch.Tensor | None,
    is_causal: bool,
    scale: float | None,
    dropped: float,
) -> torch.Tensor:
    """Attention of several operations, which takes what no fused kernel does.

    `_scaled_dot_product_attention_math` of ATen: in fp32, queries and keys scaled by the root.
    """
    root, given = math.sqrt(scale or q.shape[-1] ** -0.5), q.dtype
    q, k, v = q.float(), k.float(), v.float()
    if is_causal:
        square = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril()
        mask = torch.zeros(square.shape, dtype=q.dtype).masked_fill(square, 0.0)
    groups = q.shape[1] // k.shape[1]
    q = q * root
    k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
    scores = torch.matmul(q, k.transpose(-2, -1) * root)
    if mask is not None:
        scores = scores + mask
    weights = _dropout(torch.softmax(scores, -1), dropped)
    del scores
    return torch.matmul(weights, v).to(given)


def _softmax(
    x: torch.Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Untyped = None
) -> torch.Tensor:
    if torch.is_autocast_enabled("cpu") and dtype is None:
        dtype = torch.float32
    if dtype == torch.float32 and x.dtype == torch.float16:
        return HalfSoftmax.apply(x)
    return torch.softmax(x, dim, dtype=dtype)


def _layer_norm(
    x: torch.Tensor,
    shape: Untyped,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    eps: float = 1e-5,
) -> torch.Tensor:
    if torch.is_autocast_enabled("cpu"):
        x, weight, bias = (each if each is None else each.float() for each in (x, weight, bias))
    return torch.layer_norm(x, shape, weight, bias, eps)


def _dropout(
    x: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> torch.Tensor:
    return torch.native_dropout(x, p, True)[0] if training and p else x


@contextmanager
def like_a_gpu(others: list[tuple[Untyped, str, Untyped]]) -> Iterator[None]:
    """Replace what a processor does otherwise, and the attributes that are given."""
    replaced = [
        (functional, "dropout", _dropout),
        (functional, "softmax", _softmax),
        (functional, "layer_norm", _layer_norm),
        (functional, "scaled_dot_product_attention", attention),
        (torch.nn.Module, "_apply", _move),
        *others,
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in replaced]
    for owner, name, value in replaced:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


def _move(module: torch.nn.Module, function: Untyped, recurse: bool = True) -> torch.nn.Module:
    """Take a module to another format: fake parameters cannot be given new data in place."""
    for child in module.children() if recurse else ():
        _move(child, function)
    for name, parameter in module._parameters.items():
        if parameter is not None:
            with torch.no_grad():
                moved = function(parameter)
            if moved.dtype != parameter.dtype:
                module._parameters[name] = torch.nn.Parameter(
                    moved.detach(), requires_grad=parameter.requires_grad
                )
    for name, buffer in module._buffers.items():
        if buffer is not None:
            module._buffers[name] = function(buffer)
    return module


def follow(
    build: Callable[[], tuple[Untyped, Untyped]],
    step: Callable[[Untyped, Untyped, LiveBytes], None],
    watched: dict[str, int] | None = None,
) -> LiveBytes:
    """Build a model and an optimizer on fake tensors, and run two steps under watch."""
    with FakeTensorMode(allow_non_fake_inputs=True):
        model, optimizer = build()
        tracker = LiveBytes(watched)
        for module in [model, *getattr(model, "_beside", [])]:
            tensors: list[Any] = [*module.parameters(), *module.buffers()]
            for tensor in tensors:
                tracker.count(tensor)
        tracker._live(2 * WORKSPACE)
        with tracker:
            step(model, optimizer, tracker)
            tracker.events.clear()
            tracker.enter("start")
            step(model, optimizer, tracker)
        tracker.enter("end")
    return tracker
