"""Watch what autograd keeps for the backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import torch

from tests.recorders.common import Untyped

if TYPE_CHECKING:
    from types import TracebackType


class Saved(NamedTuple):
    """A storage that autograd keeps, as it was first saved."""

    module: str
    shape: list[int]
    dtype: str
    storage_bytes: int


class SavedForBackward:
    """A context that lists what a forward pass keeps for its backward pass.

    A storage is listed once, however many operations keep it or views of it, by the innermost
    module that ran when it was first saved. Parameters are left out: they are there anyway.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        """Watch the modules of this model."""
        self.found: list[Saved] = []
        self._model = model
        self._seen = {_address(parameter) for parameter in model.parameters()}
        self._alive: list[torch.Tensor] = []  # so that no address is used twice
        self._running: list[str] = []
        self._handles: list[Any] = []
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, self._unpack)

    def __enter__(self) -> Self:
        """Start to watch."""
        for name, module in self._model.named_modules():

            def enter(_module: Untyped, _arguments: Untyped, name: str = name) -> None:
                self._running.append(name)

            def leave(_module: Untyped, _arguments: Untyped, _output: Untyped) -> None:
                self._running.pop()

            self._handles.append(module.register_forward_pre_hook(enter))
            self._handles.append(module.register_forward_hook(leave))
        self._hooks.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop to watch."""
        self._hooks.__exit__(kind, error, trace)
        for handle in self._handles:
            handle.remove()

    def total_bytes(self, prefix: str = "") -> int:
        """Add up the bytes of the storages first saved in modules of this prefix."""
        return sum(saved.storage_bytes for saved in self.found if saved.module.startswith(prefix))

    def _pack(self, tensor: torch.Tensor) -> torch.Tensor:
        address = _address(tensor)
        if address not in self._seen:
            self._seen.add(address)
            self._alive.append(tensor)
            self.found.append(
                Saved(
                    module=self._running[-1] if self._running else "",
                    shape=list(tensor.shape),
                    dtype=str(tensor.dtype).removeprefix("torch."),
                    storage_bytes=tensor.untyped_storage().nbytes(),
                )
            )
        return tensor

    @staticmethod
    def _unpack(tensor: torch.Tensor) -> torch.Tensor:
        return tensor


def _address(tensor: torch.Tensor) -> int:
    address: int = tensor.untyped_storage().data_ptr()
    return address
