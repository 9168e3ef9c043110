"""Bytes of weights, gradients and optimizer states after one update, measured in fp32.

Everything here is small enough to run on a processor. The sizes do not depend on the values, only
on shapes, so random weights and random token numbers serve.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForSequenceClassification

from tests.recorders.common import Config, Record, Untyped, build, count_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES = ("bitsandbytes", "peft", "torch", "transformers")

_TARGETS = {
    "llama": ["q_proj", "v_proj"],
    "gpt2": ["c_attn"],
    "bert": ["query", "value"],
}

BATCH_SIZE = 4

OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "sgd": lambda each: torch.optim.SGD(each, lr=0.1),
    "sgd-momentum": lambda each: torch.optim.SGD(each, lr=0.1, momentum=0.9),
    "adamw": lambda each: torch.optim.AdamW(each, lr=0.1),
    "adamw-8bit": lambda each: import_module("bitsandbytes.optim").AdamW8bit(each, lr=0.1),
}
"""What each of our optimizers is."""


def make_model(config: Config, method: str) -> Untyped:
    """Build a classifier in training mode, trainable as the method says."""
    torch.manual_seed(0)
    model = build(AutoModelForSequenceClassification, config, device="cpu")
    if method == "head-only":
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith(("score.", "classifier.")))
    if method == "lora":
        kind = config["model_type"]
        adapter = LoraConfig(
            r=8,
            target_modules=_TARGETS[kind],
            task_type="SEQ_CLS",
            fan_in_fan_out=kind == "gpt2",
        )
        model = get_peft_model(model, adapter)
    return model.train()


def run_forward(model: Untyped, config: Config, length: int) -> Untyped:
    """Run one batch of random tokens, without padding, and return the loss."""
    tokens = torch.randint(2, config["vocab_size"], (BATCH_SIZE, length))
    return model(input_ids=tokens, labels=torch.zeros(BATCH_SIZE).long()).loss


def count(setup: Record) -> Record:
    """Make one update and count the bytes that outlive it.

    The optimizer is given every parameter, frozen ones too. AdamW keeps, beside its two
    moments, a counter of steps for each tensor; it is reported apart, as is what the 8-bit
    optimizer needs to read its states: one scale per block and two code books.
    """
    inputs = setup["inputs"]
    model = make_model(inputs["config"], inputs["method"])
    optimizer = OPTIMIZERS[inputs["optimizer"]](model.parameters())
    run_forward(model, inputs["config"], 16).backward()
    optimizer.step()
    sizes = {"moments": 0, "step_counters": 0, "quantization_constants": 0}
    for state in optimizer.state.values():
        for name, value in state.items():
            if name == "step":
                sizes["step_counters"] += value.nbytes if torch.is_tensor(value) else 0
            elif torch.is_tensor(value):
                constant = name.startswith(("absmax", "qmap"))
                sizes["quantization_constants" if constant else "moments"] += value.nbytes
    parameters = list(model.parameters())
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    return {
        "counted": {
            "parameters": count_parameters(model),
            "trainable": sum(each.numel() for each in parameters if each.requires_grad),
            "weight_bytes": sum(each.nbytes for each in parameters),
            "gradient_bytes": sum(each.nbytes for each in gradients),
            "optimizer_bytes": sizes["moments"],
            "step_counter_bytes": sizes["step_counters"],
            "quantization_constant_bytes": sizes["quantization_constants"],
            "tensors": len(parameters),
            "tensors_with_gradient": len(gradients),
            "tensors_with_state": sum(1 for state in optimizer.state.values() if state),
        }
    }


def more(listed: list[Record]) -> list[Record]:
    """Ask for an update of the first model with each optimizer that is not listed."""
    first = listed[0]
    known = {setup["inputs"]["optimizer"] for setup in listed}
    return [
        {
            "id": f"model state, full, {optimizer}",
            "kind": first["kind"],
            "inputs": {**first["inputs"], "method": "full", "optimizer": optimizer},
        }
        for optimizer in OPTIMIZERS
        if optimizer not in known
    ]
