"""What the allocator of a GPU holds in one real training step, part by part, and at its peak.

It needs a GPU, so it is recorded apart from the other topics:

    python -m tests.recorders.record gpu

`measure` runs anywhere: on a processor it makes the same steps and reads zeros where a GPU's
allocator would be asked, so that a test can try it on a tiny model.
"""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForSequenceClassification

from tests.recorders.common import Config, Record, Untyped, build, count

PACKAGES = ("peft", "torch", "transformers")

LLAMA_1B: Config = {
    "model_type": "llama",
    "hidden_size": 2048,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "intermediate_size": 8192,
    "vocab_size": 128256,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": True,
    "num_labels": 8,
    "pad_token_id": 0,
}
"""The shape of Llama 3.2 1B, as a classifier."""

METHODS = ("full", "lora", "head-only")
BATCH_SIZES = (1, 4)
LENGTHS = (512, 2048)
TARGET_MODULES = ["q_proj", "v_proj"]
RANK = 8


class Step(NamedTuple):
    """One training step: of which model, with what trained, on how much."""

    config: Config
    method: str
    batch_size: int
    length: int

    def inputs(self) -> dict[str, Any]:
        """Name the inputs as the libraries do."""
        lora = {"r": RANK, "target_modules": TARGET_MODULES, "autocast_adapter_dtype": False}
        return {
            "config": self.config,
            "method": self.method,
            "attention": "sdpa",
            "per_device_train_batch_size": self.batch_size,
            "sequence_length": self.length,
            "dtype": "bf16",
            "optimizer": "AdamW",
            **(lora if self.method == "lora" else {}),
        }


class Allocator:
    """What PyTorch's allocator of a device says; zero for a processor, which has none."""

    def __init__(self, device: str) -> None:
        """Ask about this device."""
        self._on_gpu = device.startswith("cuda")

    def allocated(self) -> int:
        """Give the bytes of all tensors that are alive."""
        if not self._on_gpu:
            return 0
        torch.cuda.synchronize()
        return int(torch.cuda.memory_allocated())

    def peak(self) -> int:
        """Give the most that was allocated since the last call."""
        if not self._on_gpu:
            return 0
        torch.cuda.synchronize()
        highest = int(torch.cuda.max_memory_allocated())
        torch.cuda.reset_peak_memory_stats()
        return highest

    def name(self) -> str:
        """Name the device."""
        return torch.cuda.get_device_name() if self._on_gpu else "processor"


def make_model(step: Step, device: str) -> Untyped:
    """Build the classifier in bf16 on a device, trainable as the step says."""
    torch.manual_seed(0)
    model = build(
        AutoModelForSequenceClassification,
        step.config,
        device=device,
        attn_implementation="sdpa",
        dtype=torch.bfloat16,
    )
    if step.method == "head-only":
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith("score."))
    if step.method == "lora":
        adapter = LoraConfig(r=RANK, target_modules=TARGET_MODULES, task_type="SEQ_CLS")
        model = get_peft_model(model, adapter, autocast_adapter_dtype=False)
    return model.train()


def measure(step: Step, device: str = "cuda") -> Record:
    """Make two updates and record the second, in which the optimizer has its states already."""
    allocator = Allocator(device)
    before_model = allocator.allocated()
    model = make_model(step, device)
    after_model = allocator.allocated()
    trained = [each for each in model.parameters() if each.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4)
    tokens = torch.randint(2, step.config["vocab_size"], (step.batch_size, step.length))
    batch = {
        "input_ids": tokens.to(device),
        "labels": torch.zeros(step.batch_size, dtype=torch.long, device=device),
    }
    model(**batch).loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    at_rest = allocator.allocated()
    allocator.peak()
    loss = model(**batch).loss
    after_forward = allocator.allocated()
    peak_forward = allocator.peak()
    loss.backward()
    after_backward = allocator.allocated()
    gradient_bytes = sum(each.grad.nbytes for each in trained if each.grad is not None)
    peak_backward = allocator.peak()
    optimizer.step()
    peak_update = allocator.peak()
    states = [
        value
        for state in optimizer.state.values()
        for name, value in state.items()
        if torch.is_tensor(value) and name != "step"
    ]
    return {
        "id": f"{step.method}, {step.batch_size} x {step.length} tokens",
        "kind": allocator.name(),
        "inputs": step.inputs(),
        "counted": {
            "parameters": count(model),
            "trainable": sum(each.numel() for each in trained),
            "weight_bytes": sum(each.nbytes for each in model.parameters()),
            "gradient_bytes": gradient_bytes,
            "optimizer_bytes": sum(each.nbytes for each in states),
            "allocated_for_the_model": after_model - before_model,
            "allocated_at_rest": at_rest - before_model,
            "allocated_by_the_forward_pass": after_forward - at_rest,
            "allocated_after_the_backward_pass": after_backward - before_model,
            "peak_of_the_forward_pass": peak_forward,
            "peak_of_the_backward_pass": peak_backward,
            "peak_of_the_update": peak_update,
        },
    }


def records() -> list[Record]:
    """Measure every method, batch size and length on the GPU.

    Raises:
        RuntimeError: There is no GPU.
    """
    if not torch.cuda.is_available():
        raise RuntimeError("the topic gpu needs a GPU that PyTorch can use, and there is none")
    found = []
    for method, batch_size, length in product(METHODS, BATCH_SIZES, LENGTHS):
        found.append(measure(Step(LLAMA_1B, method, batch_size, length)))
        torch.cuda.empty_cache()
    return found
