"""Bytes of weights, gradients, optimizer states and saved activations, measured in fp32.

Everything here is small enough to run on a processor. The measured sizes do not depend on the
values, only on shapes, so random weights and random token numbers serve.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForSequenceClassification

from tests.libraries.recorders.common import Config, Record, Untyped, build, count
from tests.libraries.recorders.saved import SavedForBackward

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
    "n_embd": 256,
    "n_layer": 2,
    "n_head": 4,
    "n_inner": None,
    "n_positions": 512,
    "vocab_size": 1000,
    "activation_function": "gelu",
    "attn_pdrop": 0.1,
    "embd_pdrop": 0.1,
    "resid_pdrop": 0.1,
    "num_labels": 3,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 1,
}
"""A classifier shaped like GPT-2, with the exact GELU."""

METHODS = ("full", "lora", "head-only")
"""All weights; LoRA of rank 8 and the head; the classification head alone."""

BATCH_SIZE = 4

OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "SGD": lambda parameters: torch.optim.SGD(parameters, lr=0.1),
    "SGD, momentum 0.9": lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
    "AdamW": lambda parameters: torch.optim.AdamW(parameters, lr=0.1),
    "bitsandbytes AdamW8bit": lambda parameters: import_module("bitsandbytes.optim").AdamW8bit(
        parameters, lr=0.1
    ),
}


def make_model(config: Config, method: str, attention: str = "eager") -> Untyped:
    """Build a classifier in training mode, trainable as the method says."""
    torch.manual_seed(0)
    model = build(
        AutoModelForSequenceClassification, config, device="cpu", attn_implementation=attention
    )
    if method == "head-only":
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith("score."))
    if method == "lora":
        targets = ["c_attn"] if config["model_type"] == "gpt2" else ["q_proj", "v_proj"]
        is_conv1d = config["model_type"] == "gpt2"
        adapter = LoraConfig(
            r=8, target_modules=targets, task_type="SEQ_CLS", fan_in_fan_out=is_conv1d
        )
        model = get_peft_model(model, adapter)
    return model.train()


def run_forward(model: Untyped, config: Config, length: int) -> Untyped:
    """Run one batch of random tokens, without padding, and return the loss."""
    tokens = torch.randint(2, config["vocab_size"], (BATCH_SIZE, length))
    return model(input_ids=tokens, labels=torch.zeros(BATCH_SIZE).long()).loss


def measure_state(method: str, optimizer_name: str) -> Record:
    """Make one update and record the bytes that outlive it.

    The optimizer is given every parameter, frozen ones too. AdamW keeps, beside its two
    moments, a counter of steps for each tensor; it is reported apart, as is what the 8-bit
    optimizer needs to read its states: one scale per block and two code books.
    """
    model = make_model(LLAMA, method)
    optimizer = OPTIMIZERS[optimizer_name](model.parameters())
    run_forward(model, LLAMA, 16).backward()
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
        "id": f"model state, {method}, {optimizer_name}",
        "kind": "model_state",
        "inputs": {"config": LLAMA, "method": method, "optimizer": optimizer_name},
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


def watch_forward(config: Config, method: str, attention: str, length: int) -> SavedForBackward:
    """Run one forward pass and return what it kept for the backward pass."""
    model = make_model(config, method, attention)
    with SavedForBackward(model) as saved:
        run_forward(model, config, length)
    return saved


def measure_saved(method: str, attention: str, length: int) -> Record:
    """Record what the whole Llama-shaped classifier saves for the backward pass."""
    saved = watch_forward(LLAMA, method, attention, length)
    return {
        "id": f"saved for backward, Llama shape, {method}, {attention}, {length} tokens",
        "kind": "saved_for_backward",
        "inputs": _run_inputs(LLAMA, method, attention, length),
        "counted": {"saved_bytes": saved.total_bytes()},
    }


def measure_layer(config: Config, method: str, attention: str, length: int) -> Record:
    """Record what one layer saves for the backward pass.

    It is the difference of a model of four layers and one of two, halved, so that embeddings,
    the last norm and the head fall out. The storages that the second of four layers saves are
    listed too; they come to the same sum.

    Raises:
        RuntimeError: They do not.
    """
    is_gpt2 = config["model_type"] == "gpt2"
    depth = "n_layer" if is_gpt2 else "num_hidden_layers"
    two, four = (
        watch_forward({**config, depth: layers}, method, attention, length) for layers in (2, 4)
    )
    layer_bytes, rest = divmod(four.total_bytes() - two.total_bytes(), 2)
    prefix = "transformer.h.1" if is_gpt2 else "model.layers.1"
    if method == "lora":
        prefix = f"base_model.model.{prefix}"
    if rest or layer_bytes != four.total_bytes(prefix):
        message = f"by difference {layer_bytes} bytes a layer, by list {four.total_bytes(prefix)}"
        raise RuntimeError(message)
    shape = f"GPT-2 shape with {config['activation_function']}" if is_gpt2 else "Llama shape"
    return {
        "id": f"saved for backward, a layer, {shape}, {method}, {attention}, {length} tokens",
        "kind": "saved_for_backward_per_layer",
        "inputs": _run_inputs(config, method, attention, length),
        "counted": {
            "saved_bytes_per_layer": layer_bytes,
            "saved_bytes_beside_layers": two.total_bytes() - 2 * layer_bytes,
        },
        "breakdown": [
            {
                "module": found.module.removeprefix(prefix).removeprefix("."),
                "shape": found.shape,
                "dtype": found.dtype,
                "storage_bytes": found.storage_bytes,
            }
            for found in four.found
            if found.module.startswith(prefix)
        ],
    }


def _run_inputs(config: Config, method: str, attention: str, length: int) -> dict[str, Any]:
    return {
        "config": config,
        "method": method,
        "attention": attention,
        "per_device_train_batch_size": BATCH_SIZE,
        "sequence_length": length,
    }


def measure_dropout_mask() -> list[Record]:
    """Record the mask that dropout keeps, in the two operators that torch has for it.

    `torch.nn.functional.dropout` on a processor multiplies by a mask of the input's own type;
    `torch.native_dropout`, which a GPU runs in its place, keeps one of booleans.
    """
    operators: dict[str, Callable[[torch.Tensor], Any]] = {
        "torch.nn.functional.dropout": lambda x: torch.nn.functional.dropout(x, 0.1),
        "torch.native_dropout": lambda x: torch.native_dropout(x, 0.1, train=True),
    }
    found: list[Record] = []
    for name, dropout in operators.items():
        x = torch.ones(1000, requires_grad=True)
        with SavedForBackward(torch.nn.Identity()) as saved:
            dropout(x)
        mask = saved.found[0]
        found.append(
            {
                "id": f"dropout mask on a CPU, {name}",
                "kind": "dropout_mask",
                "inputs": {"operator": name, "dtype": "float32", "elements": x.numel()},
                "counted": {"dtype": mask.dtype, "saved_bytes": saved.total_bytes()},
            }
        )
    return found


def records() -> list[Record]:
    """Measure states, then what is saved for the backward pass."""
    return [
        *(measure_state(method, optimizer) for method in METHODS for optimizer in OPTIMIZERS),
        *(
            measure_saved(method, attention, length)
            for method in METHODS
            for attention in ("eager", "sdpa")
            for length in (128, 256, 512)
        ),
        *(
            measure_layer({**GPT2, "activation_function": activation}, method, "eager", length)
            for activation in ("gelu", "gelu_new")
            for method in METHODS
            for length in (128, 256)
        ),
        *(
            measure_layer(LLAMA, method, attention, length)
            for method in METHODS
            for attention in ("eager", "sdpa")
            for length in (128, 256)
        ),
        *measure_dropout_mask(),
    ]
