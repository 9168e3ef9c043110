"""Question 6: the memory of head-only tuning."""

import dlp
from _guide import given
from _guide.formats import count, size
from _guide.question import Arguments, Case, Question

METHODS = {"full": "full", "head-only": "head only", "lora": "LoRA"}


def case(
    *,
    num_parameters: int = given.num_parameters,
    hidden_size: int = given.hidden_size,
    num_labels: int = given.num_labels,
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
        "optimizer": "adamw",
    }
    full: Arguments = dict(head_only, num_trainable_parameters=total)
    tuned = dlp.training_memory_bytes(**head_only)
    trained = dlp.training_memory_bytes(**full)
    weights = dlp.weight_bytes(num_parameters=total, dtype="fp32")
    frozen = dlp.weight_bytes(num_parameters=num_parameters, dtype="fp32")
    moments = dlp.optimizer_state_bytes(num_trainable_parameters=total, optimizer="adamw")
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
        "value": tuned,
        "unit": "bytes",
        "says": f"True: {size(tuned)} against {size(trained)}",
        "because": "Gradients and optimizer states exist for the head only, and hardly any "
        "activations are kept. The frozen weights still have to be loaded.",
        "wrong": (
            {
                "value": head_alone,
                "says": f"True: only {size(head_alone)}",
                "assumes": "Frozen weights cost nothing.",
                "refuted": "Frozen weights are not trained, but every forward pass computes with "
                f"them: {size(frozen)} stay loaded.",
            },
            {
                "value": trained,
                "says": f"False: {size(trained)} either way",
                "assumes": "It is the same model, so it takes the same memory.",
                "refuted": f"Of {count(trained // total)} bytes for each parameter only "
                f"{count(dlp.bytes_per_parameter(dtype='fp32'))} are the weight; a frozen one has "
                "no gradient and no moments.",
            },
            {
                "value": frozen + moments,
                "says": f"True: {size(frozen + moments)}, only the gradients are saved",
                "assumes": "AdamW keeps states for every parameter it was given.",
                "refuted": "PyTorch's AdamW makes its states at the first step, and only for "
                "parameters that have a gradient.",
            },
            {
                "value": 2 * weights,
                "unit": "bytes of full fine-tuning",
                "says": f"True: {size(tuned)} against {size(2 * weights)}",
                "assumes": "Full fine-tuning keeps weights and gradients; the moments of AdamW are "
                "forgotten.",
                "refuted": "AdamW keeps two more numbers for each trained parameter: "
                f"{size(moments)} here.",
            },
            {
                "says": "True, because fewer layers are damaged",
                "assumes": "The saving comes from keeping what the layers have learned.",
                "refuted": "Less forgetting is a reason to freeze weights, but it says nothing "
                "about memory.",
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
    again="How much memory does tuning the head alone take, and how much full fine-tuning?",
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
