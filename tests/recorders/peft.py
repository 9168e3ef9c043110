"""Trainable and all parameters under PEFT's methods, as PEFT counts them on the model it builds."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import torch
from peft import (
    AdaLoraConfig,
    BOFTConfig,
    FourierFTConfig,
    IA3Config,
    LNTuningConfig,
    LoHaConfig,
    LoKrConfig,
    LoraConfig,
    OFTConfig,
    PrefixTuningConfig,
    PromptEncoderConfig,
    PromptTuningConfig,
    VeraConfig,
    get_peft_model,
)
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForImageClassification,
    AutoModelForMaskedLM,
    AutoModelForQuestionAnswering,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

import dlp
from tests.recorders import drawn
from tests.recorders.common import Config, Record, Untyped, build, count_parameters
from tests.recorders.configs import model_class

PACKAGES = ("peft", "torch", "transformers")

MODEL_CLASSES = {
    "CAUSAL_LM": AutoModelForCausalLM,
    "FEATURE_EXTRACTION": AutoModel,
    "QUESTION_ANS": AutoModelForQuestionAnswering,
    "IMAGE_CLASSIFICATION": AutoModelForImageClassification,  # PEFT has no such task
    "MASKED_LM": AutoModelForMaskedLM,  # nor this one
    "SEQ_2_SEQ_LM": AutoModelForSeq2SeqLM,
    "SEQ_CLS": AutoModelForSequenceClassification,
    "TOKEN_CLS": AutoModelForTokenClassification,
}

METHODS = {
    "LORA": LoraConfig,
    "ADALORA": AdaLoraConfig,
    "BOFT": BOFTConfig,
    "FOURIERFT": FourierFTConfig,
    "LOHA": LoHaConfig,
    "LOKR": LoKrConfig,
    "OFT": OFTConfig,
    "VERA": VeraConfig,
    "IA3": IA3Config,
    "LN_TUNING": LNTuningConfig,
    "PREFIX_TUNING": PrefixTuningConfig,
    "PROMPT_TUNING": PromptTuningConfig,
    "P_TUNING": PromptEncoderConfig,
}


DRAWN = 100
"""How many setups are drawn at random, those that PEFT refuses left out."""


def more(listed: list[Record]) -> list[Record]:
    """Draw setups that are not listed yet, from one seed each; PEFT takes those that are given."""
    known = [record["id"] for record in listed]
    seen: dict[str, dict[str, Any]] = {}
    found: list[Record] = []
    number = 0
    missing = DRAWN - sum(name.startswith("Drawn ") for name in known)
    while len(found) < missing:
        number += 1
        if f"Drawn {number}" in known:
            continue
        inputs = drawn.setup(number, lambda config, task: _modules_of(seen, config, task))
        record = {"id": f"Drawn {number}", "inputs": inputs}
        with suppress(ValueError, TypeError):
            count(record)
            found.append(record)
    return found + [_of_type(each) for each in dlp.MODEL_TYPES if f"Drawn: {each}" not in known]


def _of_type(model_type: str) -> Record:
    """Draw a setup for a type, the first that both take; whether both count alike is not asked."""
    seen: dict[str, dict[str, Any]] = {}
    for number in range(100):
        inputs = drawn.setup_of(model_type, number, lambda *model: _modules_of(seen, *model))
        record = {"id": f"Drawn: {model_type}", "inputs": inputs}
        with suppress(ValueError, TypeError, AttributeError, NotImplementedError):
            count(record)
            dlp.lora_totals(**{key: inputs[key] for key in inputs if key != "peft_type"})
            return record
    message = f"nothing of a hundred setups for {model_type} is taken"
    raise ValueError(message)


def _class(config: Config, task: str | None) -> Untyped:
    """Find the class of a model; without a task it is the one that the package counts."""
    return model_class(config) if task is None else MODEL_CLASSES[task]


def _modules_of(seen: dict[str, Any], config: Config, task: str | None) -> dict[str, Any]:
    key = repr((config, task))
    if key not in seen:
        model = build(_class(config, task), config)
        seen[key] = {path: module for path, module in model.named_modules() if path}
    return seen[key]  # type: ignore[no-any-return]


def kind_of(name: str) -> str:
    """Say what a trainable parameter is, by the name that PEFT gives it."""
    for part, kind in (
        *((f"{word}_", "adapter") for word in ("boft", "fourierft", "hada", "lokr", "oft", "vera")),
        ("modules_to_save", "copy"),
        ("lora_magnitude_vector", "magnitude"),
        ("trainable_tokens", "token"),
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
    settings = copy.deepcopy(setup["inputs"])  # PEFT adds to lists
    method = settings.pop("peft_type")
    if method == "BOTTLENECK":
        return {"counted": count_bottleneck(settings)}
    config, task = settings.pop("config"), settings.pop("task_type")
    if method == "TOP_LAYERS":
        return {"counted": count_top_layers(build(_class(config, task), config), **settings)}
    # On the meta device PEFT moves AdaLoRA's frozen rank numbers and thereby unfreezes them.
    # VeRA, BOFT and FourierFT draw numbers or make tables when they are set up.
    # On the meta device what is tied comes apart.
    tied = settings.get("ensure_weight_tying", False)
    device = "cpu" if tied or method in {"ADALORA", "BOFT", "FOURIERFT", "VERA"} else "meta"
    model = build(_class(config, task), config, device=device)
    base = count_parameters(model)
    known = task if task not in {"IMAGE_CLASSIFICATION", "MASKED_LM"} else None
    adapter = METHODS[method](task_type=known, **settings)
    light = device == "meta" and not adapter.is_prompt_learning
    options = {"low_cpu_mem_usage": True} if light or method == "ADALORA" else {}
    model = get_peft_model(model, adapter, **options)
    trainable, total = model.get_nb_trainable_parameters()
    kinds: dict[str, int] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            kind = kind_of(name)
            kinds[kind] = kinds.get(kind, 0) + parameter.numel()
    counted = {"trainable": trainable, "base": base, "total": total, "trainable_of_which": kinds}
    return {"counted": counted}


def count_top_layers(model: Untyped, num_layers: int) -> dict[str, Any]:
    """Count the parameters of the last layers of a model, those of a decoder if it has one."""
    stacks = [module for module in model.modules() if isinstance(module, torch.nn.ModuleList)]
    stacks = [stack for stack in stacks if len(stack) == model.config.num_hidden_layers]
    layers = sum(count_parameters(layer) for layer in stacks[-1][-num_layers:])
    return {"trainable": layers, "trainable_of_which": {"layer": layers}}


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
