"""How many FLOPs torch counts in a training step of a real model.

`FlopCounterMode` counts the matrix products that torch runs, forward and backward. The models are
tiny and on the CPU. Attention is `eager`: two products over all pairs of tokens, mask or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch.utils.checkpoint import checkpoint, set_checkpoint_early_stop
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from tests.recorders.common import Config, Record, Untyped, build

PACKAGES = ("peft", "torch", "transformers")

LLAMA: Config = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "intermediate_size": 176,
    "vocab_size": 320,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
    "pad_token_id": 0,
}

GPT2: Config = {
    "model_type": "gpt2",
    "n_embd": 64,
    "n_layer": 3,
    "n_head": 4,
    "n_positions": 512,
    "vocab_size": 320,
    "pad_token_id": 0,
}

MODELS: dict[str, Config] = {
    "Llama": LLAMA,
    "Llama, grouped queries": {**LLAMA, "num_key_value_heads": 2},
    "Llama, tied": {**LLAMA, "tie_word_embeddings": True},
    "Qwen2": {**LLAMA, "model_type": "qwen2", "num_key_value_heads": 2},
    "Mistral": {**LLAMA, "model_type": "mistral", "num_key_value_heads": 1},
    "GPT-2": GPT2,
}

BATCHES = ((1, 32), (2, 32), (1, 128), (3, 48))
"""Sequences and their length."""

ADAPTED: dict[str, list[str]] = {
    "q_proj and v_proj": ["q_proj", "v_proj"],
    "every linear layer": [
        "q_proj",
        "k_proj",
        "v_proj",
        "o_proj",
        "gate_proj",
        "up_proj",
        "down_proj",
    ],
}

NUM_LABELS = 3


def causal_model(config: Config) -> Untyped:
    """Build a causal language model without dropout, with eager attention."""
    dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    whole = {**config, **dropout} if config["model_type"] == "gpt2" else config
    return build(AutoModelForCausalLM, whole, device="cpu", attn_implementation="eager").train()


def flops(forward: Untyped, *, backward: bool = True) -> dict[str, int]:
    """Count the FLOPs of a forward pass, and of the backward pass from the sum of its result."""
    with FlopCounterMode(display=False) as counter:
        result = forward()
        after_forward = counter.get_total_flops()
        if backward:
            result.sum().backward()
    total = counter.get_total_flops()
    return {"forward": after_forward, "backward": total - after_forward, "total": total}


def tokens(batch: tuple[int, int]) -> torch.Tensor:
    """Make token ids of a shape."""
    return torch.zeros(batch, dtype=torch.long)


def _inputs(config: Config, batch: tuple[int, int], **more: Untyped) -> dict[str, Any]:
    size, length = batch
    return {
        "config": config,
        "per_device_train_batch_size": size,
        "sequence_length": length,
        **more,
    }


def full_records() -> Iterator[Record]:
    """Record full training of every model over the batches."""
    for name, config in MODELS.items():
        for batch in BATCHES:
            model = causal_model(config)
            ids = tokens(batch)
            yield {
                "id": f"{name}, full, {batch[0]} x {batch[1]}",
                "kind": "full",
                "inputs": _inputs(config, batch),
                "counted": flops(lambda model=model, ids=ids: model(ids, use_cache=False).logits),
            }


def lora_records() -> Iterator[Record]:
    """Record LoRA with and without a gradient at the embeddings.

    `enable_input_require_grads`, which quantized and checkpointed training switch on, asks for the
    gradient of every layer's inputs. Without it the layers below the first adapter need none.
    """
    for adapted, modules in ADAPTED.items():
        for inputs_require_grads in (True, False):
            for batch, r in (((2, 32), 8), ((1, 128), 8), ((2, 32), 2)):
                model = causal_model(LLAMA)
                if inputs_require_grads:
                    model.enable_input_require_grads()
                adapter = LoraConfig(r=r, target_modules=modules, task_type="CAUSAL_LM")
                model = get_peft_model(model, adapter)
                ids = tokens(batch)
                grads = "" if inputs_require_grads else ", no gradient at the embeddings"
                yield {
                    "id": f"Llama, LoRA on {adapted}, r={r}, {batch[0]} x {batch[1]}{grads}",
                    "kind": "lora",
                    "inputs": _inputs(
                        LLAMA,
                        batch,
                        r=r,
                        target_modules=modules,
                        inputs_require_grads=inputs_require_grads,
                    ),
                    "counted": flops(
                        lambda model=model, ids=ids: model(ids, use_cache=False).logits
                    ),
                }


def head_records() -> Iterator[Record]:
    """Record the training of a classification head on a frozen model."""
    for name in ("Llama", "Llama, grouped queries", "GPT-2"):
        config = MODELS[name]
        for batch in BATCHES[1:3]:
            model = build(
                AutoModelForSequenceClassification,
                {**config, "num_labels": NUM_LABELS},
                device="cpu",
                attn_implementation="eager",
            )
            model.base_model.requires_grad_(requires_grad=False)
            ids = tokens(batch)
            body, head = model.base_model, model.score

            def forward(body: Untyped = body, head: Untyped = head, ids: Untyped = ids) -> Untyped:
                return head(body(ids, use_cache=False).last_hidden_state)

            yield {
                "id": f"{name}, head only, {batch[0]} x {batch[1]}",
                "kind": "head-only",
                "inputs": _inputs(config, batch, num_labels=NUM_LABELS),
                "counted": flops(forward),
            }


class Layers(torch.nn.Module):
    """The layers of a GPT and its output head, with the recomputation of one's choice."""

    def __init__(self, layers: int, width: int, heads: int, vocabulary: int) -> None:
        """Make the matrices."""
        super().__init__()
        self.heads = heads
        self.projections = torch.nn.ModuleList(
            torch.nn.ModuleList(
                torch.nn.Linear(*shape)
                for shape in (
                    (width, 3 * width),
                    (width, width),
                    (width, 4 * width),
                    (4 * width, width),
                )
            )
            for _ in range(layers)
        )
        self.head = torch.nn.Linear(width, vocabulary)

    def forward(self, states: torch.Tensor, recomputation: str) -> torch.Tensor:
        """Run the layers."""
        for layer in self.projections:
            if recomputation == "full":
                states = checkpoint(self.layer, layer, states, recomputation, use_reentrant=False)
            else:
                states = self.layer(layer, states, recomputation)
        return self.head(states)

    def layer(self, layer: Untyped, states: torch.Tensor, recomputation: str) -> torch.Tensor:
        """Run one layer."""
        qkv, output, inward, outward = layer
        batch, length, width = states.shape
        split = (batch, length, self.heads, width // self.heads)
        queries, keys, values = (
            part.view(split).transpose(1, 2) for part in qkv(states).split(width, dim=-1)
        )
        if recomputation == "selective":
            mixed = checkpoint(attend, queries, keys, values, use_reentrant=False)
        else:
            mixed = attend(queries, keys, values)
        states = states + output(mixed.transpose(1, 2).reshape(batch, length, width))
        return states + outward(torch.nn.functional.gelu(inward(states)))


def attend(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Let every token look at all others: the two products without parameters."""
    return (queries @ keys.transpose(-1, -2)).softmax(dim=-1) @ values


def recomputation_records() -> Iterator[Record]:
    """Record what recomputation adds, with torch's early stop and without.

    With its early stop, the default, torch ends a recomputation as soon as it has all that the
    backward pass needs, and so leaves out the last product.
    """
    shape = {"num_hidden_layers": 3, "hidden_size": 64, "vocab_size": 320}
    for recomputation in ("none", "selective", "full"):
        for early_stop in (False, True) if recomputation != "none" else (False,):
            for size, length in ((1, 32), (2, 64), (1, 256)):
                model = Layers(3, 64, 4, 320)
                states = torch.zeros(size, length, 64, requires_grad=True)
                with set_checkpoint_early_stop(early_stop):
                    counted = flops(lambda m=model, s=states, r=recomputation: m(s, r))
                stop = ", early stop" if early_stop else ""
                yield {
                    "id": f"GPT layers, recomputation {recomputation}, {size} x {length}{stop}",
                    "kind": "recomputation",
                    "inputs": {
                        **shape,
                        "num_sequences": size,
                        "sequence_length": length,
                        "recomputation": recomputation,
                        "early_stop": early_stop,
                    },
                    "counted": counted,
                }


def records() -> list[Record]:
    """Record all kinds of training."""
    return [*full_records(), *lora_records(), *head_records(), *recomputation_records()]
