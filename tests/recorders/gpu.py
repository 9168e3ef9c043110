"""What the allocator of a GPU holds at most in each moment of steps that are traced as well.

It needs a GPU of 24 GB, so it is recorded apart from the other topics:

    python -m tests.recorders.record gpu

The model, the loop and the optimizer are those of the traced steps, with numbers in them. `count`
runs anywhere: on a processor it makes the same steps and reads zeros where a GPU's allocator would
be asked, so that a test can try it on a tiny model.
"""

from __future__ import annotations

import json

import torch

from _evidence.records import FOLDER
from tests.recorders import peak
from tests.recorders.common import Record

PACKAGES = peak.PACKAGES

STEPS = (
    "Llama-3.2-1B, full",
    "Llama-3.2-1B, full, checkpointed, foreach",
    "Llama-3.2-1B, full, accumulation",
    "Llama-3.2-1B, full, few tokens, sgd",
    "Llama-3.2-1B, full, fp32, eager",
    "Llama-3.2-1B, LoRA",
    "Llama-3.2-1B, LoRA, autocast",
    "Llama-3.2-1B, LoRA, the output held",
    "Llama-3.2-1B, LoRA with dropout, padded",
    "Llama-3.2-1B, LoRA on all layers, checkpointed, eager",
    "Qwen2.5-0.5B, full, few tokens, fp32, adamw_torch",
)
"""The traced steps to measure: none of them needs a kernel of another library."""


class Allocator:
    """Stands where a trace counts: reads the most that PyTorch's allocator held in each phase."""

    def __init__(self, device: str) -> None:
        """Ask about this device from now on; a processor has no allocator, and zeros."""
        self._on_gpu = device.startswith("cuda")
        self.phase = "build"
        self.peaks: dict[str, int] = {}
        self.starts: dict[str, int] = {}
        self.numbers = dict.fromkeys(peak.MOMENTS, 0)  # of the operation: not known here
        self._before, _ = self._read()

    def enter(self, phase: str) -> None:
        """Close the phase that was open, and open another."""
        held, most = self._read()
        self.peaks[self.phase] = most - self._before
        self.phase = phase
        self.starts[phase] = held - self._before

    def _read(self) -> tuple[int, int]:
        if not self._on_gpu:
            return 0, 0
        torch.cuda.synchronize()
        held, most = torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        return held, most

    @property
    def name(self) -> str:
        """The device's name."""
        return torch.cuda.get_device_name() if self._on_gpu else "processor"


def count(setup: Record, device: str = "cuda") -> Record:
    """Make two steps and measure the second, in which the optimizer has its states already.

    Raises:
        RuntimeError: There is no GPU.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("the topic gpu needs a GPU that PyTorch can use, and there is none")
    inputs = setup["inputs"]
    allocator = Allocator(device)
    model = peak.make_model(inputs, device)
    optimizer = peak.make_optimizer(inputs, model)
    step = peak.make_step(inputs, [])
    step(model, optimizer, allocator)
    allocator.enter("start")
    step(model, optimizer, allocator)
    allocator.enter("end")
    return {"kind": allocator.name, **peak.read(allocator)}


def more(listed: list[Record]) -> list[Record]:
    """Ask for the steps that are named, unless others are listed."""
    traced = json.loads((FOLDER / "peak.json").read_text("utf-8"))["records"]
    inputs = {each["id"]: each["inputs"] for each in traced}
    return [] if listed else [{"id": name, "inputs": inputs[name]} for name in STEPS]
