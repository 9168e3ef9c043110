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

from tests.recorders.common import Config, Record, Untyped, build, count
from tests.recorders.shapes import MODELS

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

DEFAULTS: dict[str, dict[str, Any]] = {
    "LORA": {
        "r": 8,
        "lora_alpha": 8,
        "target_modules": ["q_proj", "v_proj"],
        "bias": "none",
        "use_dora": False,
    },
    "ADALORA": {"init_r": 12, "target_modules": ["q_proj", "v_proj"], "total_step": 100},
    "PREFIX_TUNING": {"num_virtual_tokens": 20},
    "PROMPT_TUNING": {"num_virtual_tokens": 20},
    "P_TUNING": {"num_virtual_tokens": 20, "encoder_hidden_size": 128},
}
"""What a setup has unless it says otherwise, written down with it."""

_EXPERTS: Config = {
    "hidden_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "intermediate_size": 40,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
    "vocab_size": 99,
    "tie_word_embeddings": False,
}
_DENSE_TOO: Config = {"moe_intermediate_size": 24, "decoder_sparse_step": 2}

VARIANTS: dict[str, Config] = {
    "Mixtral, tiny": {"model_type": "mixtral", **_EXPERTS},
    "Qwen3-MoE, tiny": {"model_type": "qwen3_moe", **_EXPERTS, "moe_intermediate_size": 24},
    "Qwen3-MoE, tiny, half of it dense": {"model_type": "qwen3_moe", **_EXPERTS, **_DENSE_TOO},
    "BERT-tiny, masked": {**MODELS["BERT-tiny"], "architectures": ["BertForMaskedLM"]},
    "Llama-2-7B, one layer": {**MODELS["Llama-2-7B"], "num_hidden_layers": 1},
    "Llama-2-7B, 3 labels": {**MODELS["Llama-2-7B"], "num_labels": 3},
    "ViT-base, 101 labels": {**MODELS["ViT-base"], "num_labels": 101},
}
"""Further models, made from the common ones."""


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


def count_adapter(
    name: str, method: Untyped = "LORA", task: Untyped = "CAUSAL_LM", **options: Untyped
) -> Record:
    """Adapt a model with PEFT and record what is trainable.

    Args:
        name: One of `MODELS` or `VARIANTS`; with the options it makes the record's `id`.
        method: One of `METHODS`.
        task: One of `MODEL_CLASSES`.
        **options: What differs from the method's `DEFAULTS`.

    Returns:
        The record; `base` counts the model before it is adapted, `total` after.
    """
    config = (MODELS | VARIANTS)[name]
    settings: dict[str, Any] = {**DEFAULTS.get(method, {}), **options}
    # On the meta device PEFT moves AdaLoRA's frozen rank numbers and thereby unfreezes them.
    device = "cpu" if method == "ADALORA" else "meta"
    model = build(MODEL_CLASSES[task], config, device=device)
    base = count(model)
    known = task if task not in {"IMAGE_CLASSIFICATION", "MASKED_LM"} else None
    setup = METHODS[method](task_type=known, **settings)
    if setup.is_prompt_learning:
        model = get_peft_model(model, setup)
    else:
        model = get_peft_model(model, setup, low_cpu_mem_usage=True)
    trainable, total = model.get_nb_trainable_parameters()
    kinds: dict[str, int] = {}
    for parameter_name, parameter in model.named_parameters():
        if parameter.requires_grad:
            kind = kind_of(parameter_name)
            kinds[kind] = kinds.get(kind, 0) + parameter.numel()
    return {
        "id": f"{name}, {described(method, settings, options)}",
        "inputs": {"config": config, "peft_type": method, "task_type": task, **settings},
        "counted": {
            "trainable": trainable,
            "base": base,
            "total": total,
            "trainable_of_which": kinds,
        },
    }


def described(method: str, settings: dict[str, Any], options: dict[str, Any]) -> str:
    """Name a setup by what matters in it."""
    words = [] if method == "LORA" else [method]
    usual = DEFAULTS.get(method, {})
    shown = {key: value for key, value in options.items() if usual.get(key) != value}
    for key in ("r", "init_r", "num_virtual_tokens"):
        if key in settings:
            words.append(f"{key}={settings[key]}")
            shown.pop(key, None)
    if targets := settings.get("target_modules"):
        words.append(targets if isinstance(targets, str) else "+".join(targets))
        shown.pop("target_modules", None)
    for key, value in shown.items():
        plain = "+".join(value) if isinstance(value, list) else value
        words.append(f"{key}={plain}")
    return ", ".join(words)


def count_bottleneck(name: str, hidden_size: int, bottleneck_size: int, layers: int) -> Record:
    """Build Houlsby's adapters of a model, two in each layer, with plain torch, and count them.

    PEFT has no bottleneck adapters. Each is a linear layer down, a non-linearity, and a linear
    layer up, both with a bias; the two LayerNorms of the layer are trained as well.
    """
    with torch.device("meta"):
        adapters = torch.nn.ModuleList(
            torch.nn.Sequential(
                torch.nn.Linear(hidden_size, bottleneck_size),
                torch.nn.GELU(),
                torch.nn.Linear(bottleneck_size, hidden_size),
            )
            for _ in range(2 * layers)
        )
        norms = torch.nn.ModuleList(torch.nn.LayerNorm(hidden_size) for _ in range(2 * layers))
    return {
        "id": f"{name}, bottleneck adapters of {bottleneck_size}",
        "inputs": {
            "peft_type": "BOTTLENECK",
            "hidden_size": hidden_size,
            "bottleneck_size": bottleneck_size,
            "num_adapters": 2 * layers,
            "num_layer_norms": 2 * layers,
        },
        "counted": {
            "trainable": count(adapters) + count(norms),
            "trainable_of_which": {"adapter": count(adapters), "norm": count(norms)},
        },
    }


def _lora_on_llamas() -> list[Record]:
    """Adapt the models that the guide speaks of."""
    return [
        *(count_adapter("Llama-2-7B", r=r) for r in (1, 4, 8, 16, 64)),
        count_adapter("Llama-2-7B", lora_alpha=64),
        count_adapter("Llama-2-7B", bias="all"),
        *(count_adapter("Llama-2-7B", r=r, target_modules="all-linear") for r in (8, 64)),
        *(
            count_adapter("Llama-2-7B, one layer", r=r, target_modules=["up_proj"], **dora)
            for dora in ({}, {"use_dora": True})
            for r in (8, 16)
        ),
        *(count_adapter("Llama-2-7B, 3 labels", task="SEQ_CLS", r=r) for r in (8, 16)),
        *(count_adapter("Mistral-7B-v0.1", r=r) for r in (8, 16)),
        count_adapter("Llama-3-8B", target_modules="all-linear"),
        count_adapter("Llama-3-8B", target_modules="all-linear", use_dora=True),
        *(
            count_adapter("GPT-2", target_modules=["c_attn"], bias=bias)
            for bias in ("none", "lora_only", "all")
        ),
        *(count_adapter("Qwen2.5-0.5B", bias=bias) for bias in ("none", "lora_only", "all")),
    ]


def _vocabulary() -> list[Record]:
    """Adapt or copy the embedding and the output head, tied and untied."""
    both = ["embed_tokens", "lm_head"]
    names = ("Llama-2-7B", "Qwen2.5-0.5B")
    adapted = [
        count_adapter(name, target_modules=targets, use_dora=dora)
        for name in names
        for targets in (["embed_tokens"], ["lm_head"], ["q_proj", "v_proj", *both])
        for dora in (False, True)
    ]
    saved = [
        count_adapter(name, modules_to_save=modules)
        for name in names
        for modules in (["lm_head"], both)
    ]
    return [
        *adapted,
        *saved,
        count_adapter("GPT-2", target_modules=["wte", "c_attn"]),
        count_adapter("GPT-2", target_modules=["c_attn"], modules_to_save=["wte"]),
        count_adapter("Pythia-410m", target_modules=["embed_in", "lm_head"]),
        count_adapter("BLOOM-560m", target_modules=["word_embeddings", "lm_head"]),
    ]


def _biases_of_copies() -> list[Record]:
    """Train every bias beside a copy of a module that has one: PEFT freezes the original's."""
    return [
        count_adapter(name, target_modules=[target], bias="all", modules_to_save=[saved], **task)
        for name, target, saved, task in (
            ("GPT-2", "c_attn", "c_fc", {}),
            ("Qwen2.5-0.5B", "q_proj", "v_proj", {}),
            ("Phi-1.5", "q_proj", "lm_head", {}),
            ("OPT-350m", "q_proj", "fc1", {}),
            ("BERT-tiny", "query", "key", {"task": "FEATURE_EXTRACTION"}),
            ("BERT-tiny, masked", "query", "decoder", {"task": "MASKED_LM"}),
        )
    ]


def _lora_on_experts() -> list[Record]:
    """Adapt experts and routers, by the names that they had when each was a linear layer."""
    gate, up, down = "gate_proj", "up_proj", "down_proj"
    return [
        count_adapter(name, r=3, target_modules=targets)
        for name, setups in (
            ("Mixtral, tiny", (["w1", "w2", "w3"], ["q_proj", "w1", "w3"], ["w2"], ["gate"])),
            ("Qwen3-MoE, tiny", ([gate, up, down], [down], ["gate"])),
            (
                "Qwen3-MoE, tiny, half of it dense",
                ([gate, up, down], ["q_proj", gate, up], [down], ["gate", "v_proj"]),
            ),
        )
        for targets in (*setups, "all-linear")
    ]


def _lora_on_other_families() -> list[Record]:
    """Adapt one model of each further family, with PEFT's own targets or all linear layers."""
    found = [
        count_adapter(name, target_modules=targets, **options)
        for name, targets, options in (
            ("Qwen3-0.6B", ["q_proj", "v_proj"], {}),
            ("Qwen3-0.6B", "all-linear", {"r": 16}),
            ("Gemma-2B", ["q_proj", "v_proj"], {}),
            ("Gemma-2B", "all-linear", {"use_dora": True}),
            ("Phi-3-mini", ["qkv_proj", "o_proj"], {}),
            ("Phi-3-mini", "all-linear", {}),
            ("Pythia-410m", ["query_key_value"], {"bias": "all"}),
            ("Pythia-410m", "all-linear", {"bias": "lora_only"}),
            ("OPT-350m", ["q_proj", "v_proj"], {"r": 16}),
            ("OPT-6.7B", ["q_proj", "v_proj"], {"r": 16}),
            ("OPT-6.7B", "all-linear", {"bias": "all"}),
            ("BLOOM-560m", ["query_key_value"], {}),
            ("BLOOM-560m", "all-linear", {"bias": "lora_only"}),
            ("Falcon-7B", ["query_key_value"], {}),
            ("OPT-350m", "all-linear", {}),
            ("StarCoderBase-1B", ["c_attn"], {}),
            ("Mixtral-8x7B", ["q_proj", "k_proj", "v_proj", "o_proj"], {}),
            ("Gemma-2-2B", "all-linear", {}),
            ("Phi-2", "all-linear", {"bias": "all"}),
            ("Phi-2", ["q_proj", "lm_head"], {"bias": "lora_only"}),
        )
    ]
    ranks = {"v_proj": 16, "down_proj": 2}
    return [
        *found,
        count_adapter("Llama-3-8B", target_modules="all-linear", rank_pattern=ranks),
        count_adapter("BERT-base, cased", task="SEQ_CLS", target_modules=["query", "key"]),
        count_adapter("RoBERTa-base", task="SEQ_CLS", target_modules=["query", "value"]),
        count_adapter(
            "BERT-base, cased",
            task="FEATURE_EXTRACTION",
            target_modules=["query"],
            bias="all",
        ),
        *(
            count_adapter(name, task="FEATURE_EXTRACTION", target_modules="all-linear", bias="all")
            for name in ("BERT-base, cased", "DistilBERT-base, uncased", "ViT-base")
        ),
        count_adapter("T5-base", task="SEQ_2_SEQ_LM", target_modules=["q", "v"]),
        count_adapter("T5-base", task="SEQ_2_SEQ_LM", target_modules=["wi", "wo"]),
        count_adapter("T5-base", task="SEQ_2_SEQ_LM", target_modules="all-linear"),
        count_adapter(
            "ViT-base, 101 labels",
            task="IMAGE_CLASSIFICATION",
            r=16,
            target_modules=["q_proj", "v_proj"],
            modules_to_save=["classifier"],
        ),
    ]


def _relatives_of_lora() -> list[Record]:
    """Adapt with AdaLoRA, IA3 and tuned norms."""
    return [
        count_adapter("GPT-2", "ADALORA", target_modules=["c_attn"]),
        count_adapter("GPT-2", "ADALORA", init_r=16, target_modules=["c_attn", "c_fc"]),
        count_adapter("Qwen2.5-0.5B", "ADALORA"),
        count_adapter("Qwen3-MoE, tiny, half of it dense", "ADALORA", target_modules="all-linear"),
        count_adapter("Pythia-410m", "ADALORA", target_modules=["query_key_value"]),
        *(
            count_adapter(
                name,
                "IA3",
                target_modules=targets,
                feedforward_modules=[targets[-1]],
            )
            for name, targets in (
                ("Llama-2-7B", ["k_proj", "v_proj", "down_proj"]),
                ("Mistral-7B-v0.1", ["k_proj", "v_proj", "down_proj"]),
                ("BLOOM-560m", ["query_key_value", "dense_4h_to_h"]),
                ("OPT-6.7B", ["q_proj", "k_proj", "fc2"]),
            )
        ),
        count_adapter("Llama-2-7B", "LN_TUNING"),
        count_adapter("Mistral-7B-v0.1", "LN_TUNING"),
        count_adapter("GPT-2", "LN_TUNING"),
        count_adapter("Gemma-2B", "LN_TUNING"),
    ]


def _soft_prompts() -> list[Record]:
    """Tune prefixes and prompts."""
    projected = {"prefix_projection": True}
    return [
        count_adapter("GPT-2", "PREFIX_TUNING"),
        count_adapter("GPT-2", "PREFIX_TUNING", **projected),
        count_adapter("GPT-2", "PREFIX_TUNING", encoder_hidden_size=512, **projected),
        count_adapter("BLOOM-560m", "PREFIX_TUNING"),
        count_adapter("Llama-2-7B", "PREFIX_TUNING", num_virtual_tokens=30),
        count_adapter("Llama-3-8B", "PREFIX_TUNING"),
        count_adapter("Mistral-7B-v0.1", "PREFIX_TUNING", **projected),
        count_adapter("Gemma-2B", "PREFIX_TUNING"),
        count_adapter("Falcon-7B", "PREFIX_TUNING"),
        count_adapter("T5-base", "PREFIX_TUNING", "SEQ_2_SEQ_LM"),
        count_adapter("BLOOM-560m", "PROMPT_TUNING", num_virtual_tokens=8),
        count_adapter("Llama-3-8B", "PROMPT_TUNING"),
        count_adapter("OPT-350m", "PROMPT_TUNING"),
        count_adapter("T5-base", "PROMPT_TUNING", "SEQ_2_SEQ_LM"),
        count_adapter("BLOOM-560m", "P_TUNING"),
        count_adapter("OPT-350m", "P_TUNING"),
        count_adapter("T5-base", "P_TUNING", "SEQ_2_SEQ_LM"),
        *(
            count_adapter(
                "GPT-2",
                "P_TUNING",
                encoder_reparameterization_type="LSTM",
                encoder_num_layers=layers,
            )
            for layers in (1, 2, 3)
        ),
    ]


def records() -> list[Record]:
    """Count every setup."""
    return [
        *_lora_on_llamas(),
        *_vocabulary(),
        *_biases_of_copies(),
        *_lora_on_experts(),
        *_lora_on_other_families(),
        *(
            count_adapter("BERT-tiny, masked", task="MASKED_LM", bias="all", target_modules=targets)
            for targets in (["dense"], ["decoder"], "all-linear")
        ),
        *_relatives_of_lora(),
        *_soft_prompts(),
        count_bottleneck("BERT-large", 1024, 64, 24),
        count_bottleneck("GPT-3", 12288, 8, 96),
        count_bottleneck("Llama-2-7B", 4096, 256, 32),
    ]
