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

from tests.recorders.common import Config, Record, Untyped, build, count

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES = ("bitsandbytes", "peft", "torch", "transformers")

LLAMA: Config = {
    "model_type": "llama",
    "hidden_size": 512,
    "num_hidden_layers": 8,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "intermediate_size": 1376,
    "vocab_size": 8000,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": False,
    "num_labels": 3,
    "pad_token_id": 0,
}
"""A classifier of 29 million parameters, shaped like Llama."""

GPT2: Config = {
    "model_type": "gpt2",
    "n_embd": 512,
    "n_layer": 4,
    "n_head": 8,
    "n_inner": None,
    "n_positions": 512,
    "vocab_size": 8000,
    "num_labels": 3,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 1,
}
"""A classifier shaped like GPT-2, with biases and a table of positions."""

BERT: Config = {
    "model_type": "bert",
    "hidden_size": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "intermediate_size": 2048,
    "vocab_size": 8000,
    "max_position_embeddings": 512,
    "num_labels": 3,
}
"""A classifier shaped like BERT: its head has a bias, its pooler is frozen with the rest."""

SHAPES = {"": LLAMA, "GPT-2 shape, ": GPT2, "BERT shape, ": BERT}
"""The models, by how the names of their records begin."""

_TARGETS = {
    "llama": ["q_proj", "v_proj"],
    "gpt2": ["c_attn"],
    "bert": ["query", "value"],
}

METHODS = ("full", "lora", "head-only")
"""All weights; LoRA of rank 8 and the head; the classification head alone."""

BATCH_SIZE = 4

OPTIMIZERS: dict[str, tuple[str, Callable[[Any], torch.optim.Optimizer]]] = {
    "sgd": ("SGD", lambda each: torch.optim.SGD(each, lr=0.1)),
    "sgd-momentum": (
        "SGD, momentum 0.9",
        lambda each: torch.optim.SGD(each, lr=0.1, momentum=0.9),
    ),
    "adamw": ("AdamW", lambda each: torch.optim.AdamW(each, lr=0.1)),
    "adamw-8bit": (
        "bitsandbytes AdamW8bit",
        lambda each: import_module("bitsandbytes.optim").AdamW8bit(each, lr=0.1),
    ),
}
"""What each of our optimizers is: a name, and the real one."""


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


def measure_state(shape: str, method: str, optimizer_name: str) -> Record:
    """Make one update and record the bytes that outlive it.

    The optimizer is given every parameter, frozen ones too. AdamW keeps, beside its two
    moments, a counter of steps for each tensor; it is reported apart, as is what the 8-bit
    optimizer needs to read its states: one scale per block and two code books.
    """
    config = SHAPES[shape]
    model = make_model(config, method)
    label, make = OPTIMIZERS[optimizer_name]
    optimizer = make(model.parameters())
    run_forward(model, config, 16).backward()
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
        "id": f"model state, {shape}{method}, {label}",
        "kind": "model_state",
        "inputs": {"config": config, "method": method, "optimizer": optimizer_name},
        "counted": {
            "parameters": count(model),
            "trainable": sum(each.numel() for each in parameters if each.requires_grad),
            "weight_bytes": sum(each.nbytes for each in parameters),
            "gradient_bytes": sum(each.nbytes for each in gradients),
            "optimizer_bytes": sizes["moments"],
            "step_counter_bytes": sizes["step_counters"],
            "quantization_constant_bytes": sizes["quantization_constants"],
            "tensors": len(parameters),
            "tensors_with_gradient": len(gradients),
            "tensors_with_state": sum(1 for state in optimizer.state.values() if state),
        },
    }


def records() -> list[Record]:
    """Make one update of every model, method and optimizer."""
    return [
        measure_state(shape, method, optimizer)
        for shape in SHAPES
        for method in METHODS
        for optimizer in OPTIMIZERS
    ]
