"""Liger's kernels on fake tensors: what their functions allocate, without what they compute.

Their autograd functions allocate by PyTorch and hand storages to Triton, which is not here: a
stand-in launches nothing. Liger-Kernel itself lies in a folder of its own beside the other
libraries, where `make tools` puts it: in sight, they would ask it for more.
"""

from __future__ import annotations

import importlib
import math
import sys
import types
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.recorders.common import Record, Untyped


FOLDER = Path(sys.prefix) / "liger-kernel"
"""Where Liger-Kernel is."""


class Stub(types.ModuleType):
    """A module, or anything in it, that has all names and does nothing."""

    def __getattr__(self, name: str) -> Untyped:
        """Give another one, but no dunder that Python asks for."""
        if name.startswith("__"):
            raise AttributeError(name)
        made = Stub(f"{self.__name__}.{name}")
        setattr(self, name, made)
        return made

    def __getitem__(self, _grid: Untyped) -> Untyped:
        """Launch nothing."""
        return self

    def __call__(self, *_: Untyped, **__: Untyped) -> Untyped:
        """Compute nothing; as a decorator, take the place of what it decorates."""
        return self


def _power_of_2(number: int) -> int:
    return int(2 ** math.ceil(math.log2(number)))


@contextmanager
def stand_in() -> Iterator[None]:
    """Put a Triton in place that launches nothing, and take it away: others ask for it too."""
    if "triton" in sys.modules:
        yield
        return
    triton = Stub("triton")
    triton.__version__ = "3.4.0"  # type: ignore[attr-defined]
    triton.__path__ = []
    triton.cdiv = lambda a, b: -(-a // b)  # type: ignore[attr-defined]
    triton.next_power_of_2 = _power_of_2  # type: ignore[attr-defined]
    modules: dict[str, types.ModuleType] = {"triton": triton}
    for name in ("language", "language.extra", "language.extra.libdevice", "runtime"):
        module = triton
        for part in name.split("."):
            module = getattr(module, part)
        module.__path__ = []
        modules[f"triton.{name}"] = module
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]


def asked(inputs: Record) -> dict[str, bool]:
    """Say which kernels a run asks for: all, or the loss alone; TRL keeps its own."""
    training = inputs["training"]
    own = inputs.get("library", "").startswith("trl")
    if training.get("use_liger_kernel"):
        chosen: dict[str, bool] = training.get("liger_kernel_config", {})
        return {"fused_linear_cross_entropy": not own} | chosen
    if training.get("loss") == "fused" and not own:
        return {"rope": False, "rms_norm": False, "swiglu": False, "geglu": False}
    return {}


def apply(model: Untyped, **kernels: bool) -> None:
    """Patch a model as a trainer does that is told to use Liger's kernels."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    with stand_in():
        patches = importlib.import_module("liger_kernel.transformers")
        patches._apply_liger_kernel_to_instance(model=model, **kernels)


def replaced(model_type: str) -> list[tuple[Untyped, str, Callable[..., Untyped]]]:
    """List what asks fake tensors for their numbers.

    And what patches replace for all models to come, so that it is put back as it was.
    """
    family = model_type.removesuffix("_text")
    module = importlib.import_module(f"transformers.models.{family}.modeling_{family}")
    patched = [(module, name, each) for name, each in vars(module).items() if callable(each)]
    return [
        *patched,
        (torch.Tensor, "item", lambda *_: 1),
        (torch, "equal", lambda *_: False),
    ]
