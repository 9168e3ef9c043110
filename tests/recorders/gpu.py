"""What the allocator of a GPU holds in one real training step, part by part, and at its peak.

It needs a GPU, so it is recorded apart from the other topics:

    python -m tests.recorders.record gpu

`count` runs anywhere: on a processor it makes the same steps and reads zeros where a GPU's
allocator would be asked, so that a test can try it on a tiny model.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForSequenceClassification

from tests.recorders.common import Config, Record, Untyped, build, count_parameters

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


def make_model(inputs: dict[str, Any], device: str) -> Untyped:
    """Build the classifier in bf16 on a device, trainable as the inputs say."""
    torch.manual_seed(0)
    model = build(
        AutoModelForSequenceClassification,
        inputs["config"],
        device=device,
        attn_implementation=inputs["attention"],
        dtype=torch.bfloat16,
    )
    if inputs["method"] == "head-only":
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith("score."))
    if inputs["method"] == "lora":
        targets = inputs["target_modules"]
        adapter = LoraConfig(r=inputs["r"], target_modules=targets, task_type="SEQ_CLS")
        in_fp32 = inputs["autocast_adapter_dtype"]
        model = get_peft_model(model, adapter, autocast_adapter_dtype=in_fp32)
    return model.train()


def count(setup: Record, device: str = "cuda") -> Record:
    """Make two updates and measure the second, in which the optimizer has its states already.

    Raises:
        RuntimeError: There is no GPU.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("the topic gpu needs a GPU that PyTorch can use, and there is none")
    inputs = setup["inputs"]
    allocator = Allocator(device)
    before_model = allocator.allocated()
    model = make_model(inputs, device)
    after_model = allocator.allocated()
    trained = [each for each in model.parameters() if each.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4)
    shape = (inputs["per_device_train_batch_size"], inputs["sequence_length"])
    tokens = torch.randint(2, inputs["config"]["vocab_size"], shape)
    batch = {
        "input_ids": tokens.to(device),
        "labels": torch.zeros(shape[0], dtype=torch.long, device=device),
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
        "kind": allocator.name(),
        "counted": {
            "parameters": count_parameters(model),
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


def more(listed: list[Record]) -> list[Record]:
    """Ask for every method, batch size and length, unless they are listed."""
    lora = {"r": 8, "target_modules": ["q_proj", "v_proj"], "autocast_adapter_dtype": False}
    return [
        {
            "id": f"{method}, {batch_size} x {length} tokens",
            "inputs": {
                "config": LLAMA_1B,
                "method": method,
                "attention": "sdpa",
                "per_device_train_batch_size": batch_size,
                "sequence_length": length,
                "dtype": "bf16",
                "optimizer": "AdamW",
                **(lora if method == "lora" else {}),
            },
        }
        for method, batch_size, length in product(METHODS, BATCH_SIZES, LENGTHS)
        if not listed
    ]
