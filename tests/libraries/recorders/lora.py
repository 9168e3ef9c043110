"""Trainable parameters of LoRA and DoRA, as PEFT counts them on the model it builds."""

from __future__ import annotations

from typing import Any

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from tests.libraries.recorders.common import Config, Record, Untyped, build
from tests.libraries.recorders.shapes import (
    GPT_2,
    LLAMA_2_7B,
    LLAMA_3_8B,
    MISTRAL_7B,
    QWEN_2_5_HALF_B,
)

PACKAGES = ("peft", "torch", "transformers")

MODEL_CLASSES = {
    "CAUSAL_LM": AutoModelForCausalLM,
    "SEQ_CLS": AutoModelForSequenceClassification,
}

QUERY_VALUE = ["q_proj", "v_proj"]
ONE_LAYER: Config = {**LLAMA_2_7B, "num_hidden_layers": 1}
THREE_LABELS: Config = {**LLAMA_2_7B, "num_labels": 3}


def kind_of(name: str) -> str:
    """Say what a trainable parameter is, by the name that PEFT gives it."""
    if "lora_magnitude_vector" in name:
        return "magnitude"
    if "lora_" in name:
        return "lora"
    if "modules_to_save" in name:
        return "head"
    if name.endswith(".bias"):
        return "bias"
    message = f"an unexpected trainable parameter: {name}"
    raise ValueError(message)


def count_adapter(name: str, config: Config, **options: Untyped) -> Record:
    """Adapt a model with PEFT and record what is trainable.

    Args:
        name: Which model it is; with the options it makes the record's `id`.
        config: The model's config.
        **options: What differs from PEFT's `LoraConfig(r=8, task_type="CAUSAL_LM")`.

    Returns:
        The record; `total` counts the adapted model, the adapter included.
    """
    inputs: dict[str, Any] = {
        "r": 8,
        "lora_alpha": 8,
        "target_modules": QUERY_VALUE,
        "bias": "none",
        "use_dora": False,
        "task_type": "CAUSAL_LM",
        **options,
    }
    base = build(MODEL_CLASSES[inputs["task_type"]], config)
    model = get_peft_model(base, LoraConfig(**inputs), low_cpu_mem_usage=True)
    trainable, total = model.get_nb_trainable_parameters()
    kinds = dict.fromkeys(("lora", "bias", "head", "magnitude"), 0)
    for parameter_name, parameter in model.named_parameters():
        if parameter.requires_grad:
            kinds[kind_of(parameter_name)] += parameter.numel()
    targets = inputs["target_modules"]
    described = targets if isinstance(targets, str) else "+".join(targets)
    extras = {key: value for key, value in options.items() if key not in {"r", "target_modules"}}
    described += "".join(f", {key}={value}" for key, value in extras.items())
    return {
        "id": f"{name}, r={inputs['r']}, {described}",
        "inputs": {"config": config, **inputs},
        "counted": {"trainable": trainable, "total": total, "trainable_of_which": kinds},
    }


def records() -> list[Record]:
    """Adapt the models that the guide speaks of."""
    return [
        *(count_adapter("Llama-2-7B", LLAMA_2_7B, r=r) for r in (1, 4, 8, 16, 64)),
        count_adapter("Llama-2-7B", LLAMA_2_7B, lora_alpha=64),
        count_adapter("Llama-2-7B", LLAMA_2_7B, bias="all"),
        *(
            count_adapter("Llama-2-7B", LLAMA_2_7B, r=r, target_modules="all-linear")
            for r in (8, 64)
        ),
        *(
            count_adapter("Llama-2-7B, one layer", ONE_LAYER, r=r, target_modules=["up_proj"])
            for r in (8, 16)
        ),
        *(
            count_adapter(
                "Llama-2-7B, one layer", ONE_LAYER, r=r, target_modules=["up_proj"], use_dora=True
            )
            for r in (8, 16)
        ),
        *(
            count_adapter("Llama-2-7B, 3 labels", THREE_LABELS, r=r, task_type="SEQ_CLS")
            for r in (8, 16)
        ),
        *(count_adapter("Mistral-7B-v0.1", MISTRAL_7B, r=r) for r in (8, 16)),
        count_adapter("Llama-3-8B", LLAMA_3_8B, target_modules="all-linear"),
        count_adapter("Llama-3-8B", LLAMA_3_8B, target_modules="all-linear", use_dora=True),
        *(
            count_adapter("GPT-2", GPT_2, target_modules=["c_attn"], bias=bias)
            for bias in ("none", "lora_only", "all")
        ),
        *(
            count_adapter("Qwen2.5-0.5B", QWEN_2_5_HALF_B, bias=bias)
            for bias in ("none", "lora_only", "all")
        ),
    ]
