"""How many FLOPs torch counts in a training step of a real model.

`FlopCounterMode` counts the matrix products that torch runs, forward and backward. The models are
tiny and on the CPU. Attention is `eager`: two products over all pairs of tokens, mask or not.
"""

from __future__ import annotations

import contextlib

import torch
from peft import LoraConfig, get_peft_model
from torch.utils.checkpoint import checkpoint, set_checkpoint_early_stop
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from tests.recorders.common import Config, Record, Untyped, build
from tests.recorders.configs import model_class

PACKAGES = ("peft", "torch", "transformers")


def causal_model(config: Config) -> Untyped:
    """Build a causal language model without dropout, with eager attention."""
    dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    whole = {**config, **dropout} if config["model_type"] == "gpt2" else config
    return build(AutoModelForCausalLM, whole, device="cpu", attn_implementation="eager").train()


def flops(forward: Untyped) -> dict[str, int]:
    """Count the FLOPs of a forward pass, and of the backward pass from the sum of its result."""
    with FlopCounterMode(display=False) as counter:
        result = forward()
        after_forward = counter.get_total_flops()
        result.sum().backward()
    total = counter.get_total_flops()
    return {"forward": after_forward, "backward": total - after_forward, "total": total}


def tokens(setup: Record) -> torch.Tensor:
    """Make the token ids of a micro-batch."""
    inputs = setup["inputs"]
    shape = (inputs["per_device_train_batch_size"], inputs["sequence_length"])
    return torch.zeros(shape, dtype=torch.long)


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


def count_full(setup: Record) -> dict[str, int]:
    """Count full training of a model."""
    model, ids = causal_model(setup["inputs"]["config"]), tokens(setup)
    return flops(lambda: model(ids, use_cache=False).logits)


def count_forward(setup: Record) -> dict[str, int]:
    """Count the forward pass of a model of any family, experts one by one."""
    config = setup["inputs"]["config"]
    model = build(model_class(config), config, device="cpu", attn_implementation="eager").eval()
    with contextlib.suppress(AttributeError, ValueError):
        model.set_experts_implementation("eager")
    with FlopCounterMode(display=False) as counter:
        model(tokens(setup))
    return {"forward": counter.get_total_flops()}


def count_lora(setup: Record) -> dict[str, int]:
    """Count LoRA, with or without a gradient at the embeddings.

    `enable_input_require_grads`, which quantized and checkpointed training switch on, asks for the
    gradient of every layer's inputs. Without it the layers below the first adapter need none.
    """
    inputs = setup["inputs"]
    model = causal_model(inputs["config"])
    if inputs["inputs_require_grads"]:
        model.enable_input_require_grads()
    targets = inputs["target_modules"]
    adapter = LoraConfig(r=inputs["r"], target_modules=targets, task_type="CAUSAL_LM")
    adapted: Untyped = get_peft_model(model, adapter)
    ids = tokens(setup)
    return flops(lambda: adapted(ids, use_cache=False).logits)


def count_head(setup: Record) -> dict[str, int]:
    """Count the training of a classification head on a frozen model."""
    inputs = setup["inputs"]
    model = build(
        AutoModelForSequenceClassification,
        {**inputs["config"], "num_labels": inputs["num_labels"]},
        device="cpu",
        attn_implementation="eager",
    )
    model.base_model.requires_grad_(requires_grad=False)
    ids = tokens(setup)
    return flops(lambda: model.score(model.base_model(ids, use_cache=False).last_hidden_state))


def count_recomputation(setup: Record) -> dict[str, int]:
    """Count what recomputation adds, with torch's early stop or without.

    With its early stop, the default, torch ends a recomputation as soon as it has all that the
    backward pass needs, and so leaves out the last product.
    """
    inputs = setup["inputs"]
    width = inputs["hidden_size"]
    model = Layers(inputs["num_hidden_layers"], width, 4, inputs["vocab_size"])
    shape = (inputs["num_sequences"], inputs["sequence_length"], width)
    states = torch.zeros(shape, requires_grad=True)
    with set_checkpoint_early_stop(inputs["early_stop"]):
        return flops(lambda: model(states, inputs["recomputation"]))


KINDS = {
    "forward": count_forward,
    "full": count_full,
    "lora": count_lora,
    "head-only": count_head,
    "recomputation": count_recomputation,
}


def count(setup: Record) -> Record:
    """Count one kind of training."""
    return {"counted": KINDS[setup["kind"]](setup)}
