"""Question 6: the memory of head-only tuning."""

from typing import TYPE_CHECKING

import dlp
from _guide import given, practised
from _guide.formats import count, decimal, size
from _guide.question import Arguments, Case, Question, Wrong

if TYPE_CHECKING:
    from dlp.memory import Optimizer

OPTIMIZERS = {
    "adamw": "AdamW",
    "adamw-8bit": "AdamW with eight-bit moments",
    "sgd-momentum": "SGD with momentum",
    "sgd": "SGD without momentum",
}
METHODS = {"full": "full", "head-only": "head only", "lora": "LoRA"}


def case(
    *,
    num_parameters: int = given.num_parameters,
    hidden_size: int = given.hidden_size,
    num_labels: int = given.num_labels,
    optimizer: "Optimizer" = "adamw",
    everything: bool = False,
) -> Case:
    """Ask for the memory of training the head alone, against that of training everything."""
    head = dlp.classification_head_parameters(
        hidden_size=hidden_size, num_labels=num_labels, bias=False
    )
    total = num_parameters + head
    head_only: Arguments = {
        "num_parameters": total,
        "num_trainable_parameters": head,
        "dtype": "fp32",
        "optimizer": optimizer,
    }
    full: Arguments = dict(head_only, num_trainable_parameters=total)
    tuned = dlp.training_memory_bytes(**head_only)
    trained = dlp.training_memory_bytes(**full)
    weights = dlp.weight_bytes(num_parameters=total, dtype="fp32")
    frozen = dlp.weight_bytes(num_parameters=num_parameters, dtype="fp32")
    moments = dlp.optimizer_state_bytes(num_trainable_parameters=total, optimizer=optimizer)
    name = OPTIMIZERS[optimizer]
    updated = total if everything else head
    states = dlp.optimizer_state_bytes(num_trainable_parameters=updated, optimizer=optimizer)
    each = dlp.bytes_per_parameter(dtype="fp32")
    needed = trained if everything else tuned
    other_way: Wrong = {
        "value": tuned,
        "assumes": "Only the head is trained.",
        "refuted": "Here every weight is: each has a gradient and what the optimizer keeps.",
    }
    same: Wrong = {
        "value": trained,
        "says": f"False: {size(trained)} either way",
        "assumes": "It is the same model, so it takes the same memory.",
        "refuted": f"Of {count(trained // total)} bytes for each parameter only "
        f"{count(dlp.bytes_per_parameter(dtype='fp32'))} are the weight; a frozen one has no "
        "gradient and no moments.",
    }
    forgotten: Wrong = {
        "value": 2 * weights,
        "unit": "bytes of full fine-tuning",
        "says": f"True: {size(tuned)} against {size(2 * weights)}",
        "assumes": "Full fine-tuning keeps weights and gradients; the moments of AdamW are "
        "forgotten.",
        "refuted": f"AdamW keeps two more numbers for each trained parameter: {size(moments)} "
        "here.",
    }
    no_states: Wrong = {
        "value": 2 * weights,
        "assumes": "What the optimizer keeps is forgotten.",
        "refuted": f"{name} keeps {size(moments)} here, for each trained parameter its own.",
        "when": moments > 0,
    }
    head_state = tuned - weights
    head_alone = tuned - frozen
    return {
        "asks": "The weights of the model are frozen and only its classification head is trained. "
        "“This takes far less memory than full fine-tuning.” True or false?",
        "assumed": ("fp32 weights, gradients and AdamW", "activations counted separately"),
        "hints": (
            "List what full training keeps for each parameter; cross out what frozen ones do "
            "without.",
        ),
        "steps": (
            ("", (dlp.training_memory_bytes, head_only)),
            ("Full fine-tuning, for comparison:", (dlp.training_memory_bytes, full)),
        ),
        "value": needed,
        "unit": "bytes",
        "says": f"True: {size(tuned)} against {size(trained)}",
        "because": "Every parameter has its weight, its gradient and what the optimizer keeps."
        if everything
        else "Gradients and optimizer states exist for the head only, and hardly any "
        "activations are kept. The frozen weights still have to be loaded.",
        "wrong": (
            {
                "value": head_alone,
                "says": f"True: only {size(head_alone)}",
                "assumes": "Frozen weights cost nothing.",
                "refuted": "Frozen weights are not trained, but every forward pass computes with "
                f"them: {size(frozen)} stay loaded.",
            },
            other_way if everything else same,
            {
                "value": (weights if everything else frozen) + moments,
                "says": f"True: {size(frozen + moments)}, only the gradients are saved",
                "assumes": f"{name} keeps states for every parameter it was given."
                if not everything
                else "The gradients are forgotten.",
                "refuted": "PyTorch's optimizers make their states at the first step, and only for "
                "parameters that have a gradient."
                if not everything
                else "Backward leaves a gradient for every trained parameter, in its format.",
                "when": moments > 0,
            },
            no_states if everything else forgotten,
            {
                "says": "True, because fewer layers are damaged",
                "assumes": "The saving comes from keeping what the layers have learned.",
                "refuted": "Less forgetting is a reason to freeze weights, but it says nothing "
                "about memory.",
            },
        ),
        "more": (
            {
                "value": dlp.training_memory_bytes(
                    num_parameters=total, num_trainable_parameters=updated
                ),
                "assumes": "The optimizer is taken for AdamW.",
                "refuted": f"{name} keeps {decimal(states / updated)} bytes for each trained "
                "parameter, AdamW two numbers in fp32.",
                "when": everything and optimizer != "adamw",
            },
        ),
        "tries": f"A model of {count(num_parameters)} parameters gets a linear head of "
        f"{count(hidden_size)} × {count(num_labels)} without a bias. "
        f"{'All of it' if everything else 'Only the head'} is trained in fp32 with {name}. How "
        "much memory do weights, gradients and optimizer states take together?",
        "way": (
            {
                "finds": "Weights, all of which are loaded",
                "how": f"({count(num_parameters)} + {count(head)}) × {decimal(each)} bytes",
                "value": weights,
                "unit": "bytes",
            },
            {
                "finds": "Gradients of what is trained",
                "how": f"{count(updated)} × {decimal(each)} bytes",
                "value": dlp.weight_bytes(num_parameters=updated, dtype="fp32"),
                "unit": "bytes",
            },
            {
                "finds": f"What {name} keeps of what is trained",
                "how": f"{count(updated)} × {decimal(states / updated)} bytes",
                "value": states,
                "unit": "bytes",
            },
            {
                "finds": "All three together",
                "how": "their sum",
                "value": needed,
                "unit": "bytes",
            },
        ),
        "sheet": {
            "said": "True: fewer layers are damaged.",
            "verdict": "right answer, wrong reason",
            "put_right": "That is about forgetting, not about memory. Memory is saved because only "
            f"the head has gradients and optimizer states: {size(head_state)} instead of "
            f"{size(trained - weights)}.",
        },
    }


QUESTION = Question(
    number=6,
    topic="Memory",
    nav="Head-only tuning",
    title="Does tuning only the head save memory?",
    given={
        "num_parameters": "parameters of the model",
        "hidden_size": "embedding dimension",
        "num_labels": "labels",
    },
    rule="Frozen weights have no gradient and no optimizer state, but they are loaded.",
    finds="The head alone is trained: how much memory do weights, gradients and optimizer states "
    "take together?",
    again="How much memory does tuning the head alone take, and how much full fine-tuning?",
    varied=(practised.tunings, practised.optimizers, practised.scopes),
    case=case,
    counted={
        f"states: model state, {method}, AdamW: bytes of {states}": f"{what} bytes, {words}"
        for method, words in METHODS.items()
        for what, states in (("Gradient", "gradients"), ("Optimizer", "optimizer states"))
    }
    | {
        f"activations: a layer, Llama, grouped queries, {how}, sdpa, 4 x 256, fp32"
        ": bytes kept by a layer": f"Bytes kept by a layer of a small Llama, {how}"
        for how in ("full", "lora on q_proj+v_proj", "lora on all-linear", "head-only")
    }
    | {
        f"activations: a layer, GPT-2 with gelu, {method}{where}, eager, 2 x 256, fp32"
        ": bytes kept by a layer": f"Bytes kept by a layer of GPT-2's shape, exact GELU, {words}"
        for method, words, where in (
            ("full", "full", ""),
            ("lora", "LoRA", " on c_attn"),
            ("head-only", "head only", ""),
        )
    },
    printed=(
        "ZeRO Figure 1, stage 0",
        "Transformers, bytes per parameter",
        "CS336, bytes per parameter",
        "A layer of GPT-3, coefficient of sbh",
    ),
    sources="rajbhandari2019 hf-memory-anatomy kingma2014 loshchilov2017 torch-adam "
    "dettmers2021 korthikanti2022 heads-generic dettmers2023 bnb-optimizer",
)
