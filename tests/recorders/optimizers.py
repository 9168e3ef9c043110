"""The optimizers by the names that `TrainingArguments` gives them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.recorders.common import Untyped


def _bitsandbytes(name: str) -> Callable[[Any], Any]:
    """Make an optimizer of bitsandbytes whose update, in place on a GPU, makes nothing.

    Its states are made by the library's own `init_state`.
    """

    def make(trained: list[torch.nn.Parameter]) -> Untyped:
        kind = getattr(import_module("bitsandbytes.optim"), name)
        own = {
            "update_step": lambda *_, **__: None,
            "get_state_buffer": _state_buffer,
            "fill_qmap": _tables,
        }
        return type(name, (kind,), own)(trained, lr=1e-4)

    return make


def _tables(self: Any) -> None:
    """Make the tables by which 8-bit states are read."""
    self.name2qmap["dynamic"] = torch.empty(256)
    self.name2qmap["udynamic"] = torch.empty(256)


def _state_buffer(self: Any, p: torch.Tensor, dtype: Any = torch.float32) -> torch.Tensor:
    """Make a state; a paged one lies in memory that the allocator does not count."""
    if not self.is_paged or p.numel() < 1e5:
        return torch.zeros_like(p, dtype=dtype)
    return torch.empty(p.shape, dtype=dtype, device="meta")


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "adamw_torch": lambda each: torch.optim.AdamW(each, lr=1e-4, foreach=True),
    "adamw_torch_fused": lambda each: torch.optim.AdamW(each, lr=1e-4, fused=True),
    "sgd": lambda each: torch.optim.SGD(each, lr=1e-4, foreach=True),
    "rmsprop": lambda each: torch.optim.RMSprop(each, lr=1e-4, foreach=True),
    "adagrad": lambda each: torch.optim.Adagrad(each, lr=1e-4, foreach=True),
    "adafactor": lambda each: import_module("transformers.optimization").Adafactor(
        each, lr=1e-4, scale_parameter=False, relative_step=False
    ),
    "adamw_bnb_8bit": _bitsandbytes("AdamW8bit"),
    "adamw_8bit": _bitsandbytes("AdamW8bit"),
    "paged_adamw_32bit": _bitsandbytes("PagedAdamW32bit"),
    "paged_adamw": _bitsandbytes("PagedAdamW"),
    "paged_adamw_8bit": _bitsandbytes("PagedAdamW8bit"),
    "lion_32bit": _bitsandbytes("Lion32bit"),
    "lion_8bit": _bitsandbytes("Lion8bit"),
    "paged_lion_8bit": _bitsandbytes("PagedLion8bit"),
}
"""Each makes the optimizer of some parameters."""
