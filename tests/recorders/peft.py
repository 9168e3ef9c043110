"""Trainable and all parameters under PEFT's methods, as PEFT counts them on the model it builds."""

from __future__ import annotations

from typing import Any

import torch
from peft import (
    AdaLoraConfig,
    IA3Config,
    LNTuningConfig,
    LoraConfig,
    PrefixTuningConfig,
    PromptEncoderConfig,
    PromptTuningConfig,
    get_peft_model,
)
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForImageClassification,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
)

from tests.recorders.common import Record, build, count_parameters

PACKAGES = ("peft", "torch", "transformers")

MODEL_CLASSES = {
    "CAUSAL_LM": AutoModelForCausalLM,
    "FEATURE_EXTRACTION": AutoModel,
    "IMAGE_CLASSIFICATION": AutoModelForImageClassification,  # PEFT has no such task
    "MASKED_LM": AutoModelForMaskedLM,  # nor this one
    "SEQ_2_SEQ_LM": AutoModelForSeq2SeqLM,
    "SEQ_CLS": AutoModelForSequenceClassification,
}

METHODS = {
    "LORA": LoraConfig,
    "ADALORA": AdaLoraConfig,
    "IA3": IA3Config,
    "LN_TUNING": LNTuningConfig,
    "PREFIX_TUNING": PrefixTuningConfig,
    "PROMPT_TUNING": PromptTuningConfig,
    "P_TUNING": PromptEncoderConfig,
}


def kind_of(name: str) -> str:
    """Say what a trainable parameter is, by the name that PEFT gives it."""
    for part, kind in (
        ("modules_to_save", "copy"),
        ("lora_magnitude_vector", "magnitude"),
        ("lora_", "lora"),
        ("ia3_", "scale"),
        ("ln_tuning_layers", "norm"),
        ("prompt_encoder", "prompt"),
    ):
        if part in name:
            return kind
    if name.endswith(".bias"):
        return "bias"
    message = f"an unexpected trainable parameter: {name}"
    raise ValueError(message)


def count(setup: Record) -> Record:
    """Adapt a model with PEFT and count what is trainable; the `base` is the model before it."""
    settings = dict(setup["inputs"])
    method = settings.pop("peft_type")
    if method == "BOTTLENECK":
        return {"counted": count_bottleneck(settings)}
    config, task = settings.pop("config"), settings.pop("task_type")
    # On the meta device PEFT moves AdaLoRA's frozen rank numbers and thereby unfreezes them.
    device = "cpu" if method == "ADALORA" else "meta"
    model = build(MODEL_CLASSES[task], config, device=device)
    base = count_parameters(model)
    known = task if task not in {"IMAGE_CLASSIFICATION", "MASKED_LM"} else None
    adapter = METHODS[method](task_type=known, **settings)
    options = {} if adapter.is_prompt_learning else {"low_cpu_mem_usage": True}
    model = get_peft_model(model, adapter, **options)
    trainable, total = model.get_nb_trainable_parameters()
    kinds: dict[str, int] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            kind = kind_of(name)
            kinds[kind] = kinds.get(kind, 0) + parameter.numel()
    counted = {"trainable": trainable, "base": base, "total": total, "trainable_of_which": kinds}
    return {"counted": counted}


def count_bottleneck(sizes: dict[str, int]) -> dict[str, Any]:
    """Build Houlsby's adapters of a model, two in each layer, with plain torch, and count them.

    PEFT has no bottleneck adapters. Each is a linear layer down, a non-linearity, and a linear
    layer up, both with a bias; the two LayerNorms of the layer are trained as well.
    """
    wide, narrow = sizes["hidden_size"], sizes["bottleneck_size"]
    with torch.device("meta"):
        adapters = torch.nn.ModuleList(
            torch.nn.Sequential(
                torch.nn.Linear(wide, narrow), torch.nn.GELU(), torch.nn.Linear(narrow, wide)
            )
            for _ in range(sizes["num_adapters"])
        )
        norms = torch.nn.ModuleList(
            torch.nn.LayerNorm(wide) for _ in range(sizes["num_layer_norms"])
        )
    kinds = {"adapter": count_parameters(adapters), "norm": count_parameters(norms)}
    return {"trainable": sum(kinds.values()), "trainable_of_which": kinds}
