"""Setups of LoRA drawn at random: models, targets, ranks, layers, biases, saved modules."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

from torch import nn
from transformers.pytorch_utils import Conv1D

import dlp

if TYPE_CHECKING:
    from tests.recorders.common import Config, Untyped

_LLAMA: Config = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 40,
    "vocab_size": 61,
    "num_labels": 3,
    "tie_word_embeddings": False,
}
_BERT: Config = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 40,
    "vocab_size": 61,
    "max_position_embeddings": 20,
    "type_vocab_size": 2,
}
_EXPERTS: Config = {
    "num_local_experts": 3,
    "num_experts": 3,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 24,
}

CAUSAL: dict[str, Config] = {
    **{
        kind: {"model_type": kind, **_LLAMA}
        for kind in ("llama", "mistral", "qwen2", "gemma", "phi", "opt", "gpt_neox")
    },
    "phi3": {"model_type": "phi3", **_LLAMA, "pad_token_id": None},
    "qwen2, tied": {"model_type": "qwen2", **_LLAMA, "tie_word_embeddings": True},
    "qwen3": {"model_type": "qwen3", **_LLAMA, "head_dim": 12},
    "gemma2": {"model_type": "gemma2", **_LLAMA, "head_dim": 12, "tie_word_embeddings": True},
    "llama, 11 layers": {"model_type": "llama", **_LLAMA, "num_hidden_layers": 11},
    "gpt2": {
        "model_type": "gpt2",
        "n_embd": 32,
        "n_layer": 3,
        "n_head": 4,
        "vocab_size": 61,
        "n_positions": 20,
        "num_labels": 3,
    },
    "bloom": {
        "model_type": "bloom",
        "hidden_size": 32,
        "n_layer": 2,
        "n_head": 4,
        "vocab_size": 61,
    },
    "mixtral": {"model_type": "mixtral", **_LLAMA, **_EXPERTS},
    "qwen3_moe": {
        "model_type": "qwen3_moe",
        **_LLAMA,
        **_EXPERTS,
        "decoder_sparse_step": 2,
        "head_dim": 8,
    },
}
ENCODERS: dict[str, Config] = {kind: {"model_type": kind, **_BERT} for kind in ("bert", "roberta")}
ENCODERS["distilbert"] = {
    "model_type": "distilbert",
    "dim": 32,
    "n_layers": 2,
    "n_heads": 4,
    "hidden_dim": 40,
    "vocab_size": 61,
    "max_position_embeddings": 20,
}
T5: Config = {
    "model_type": "t5",
    "d_model": 32,
    "d_kv": 6,
    "d_ff": 40,
    "num_layers": 2,
    "num_heads": 4,
    "vocab_size": 61,
}
_EXPERT_NAMES = {"mixtral": ("w1", "w3", "w2"), "qwen3_moe": ("gate_proj", "up_proj", "down_proj")}


def setup(number: int, modules_of: Untyped) -> dict[str, Any]:
    """Draw the inputs of a setup; PEFT may refuse it.

    Args:
        number: The seed.
        modules_of: What gives the modules, by their paths, of the model for a config and a task.
    """
    draw = random.Random(number)  # noqa: S311
    config, task = _model(draw)
    return _setup(draw, config, task, modules_of(config, task))


LAYERS = 4
_BESIDE: dict[str, Config] = {
    "nemotron": {"head_dim": 128, "num_key_value_heads": 8},
    "ministral": {"head_dim": 128},
    "hunyuan_v1_dense": {"head_dim": 128},
    "hunyuan_v1_moe": {"head_dim": 128},
    "gpt_neo": {"attention_types": [[["global", "local"], 2]]},
    "gemma3n_text": {"num_kv_shared_layers": 0},
    "dots1": {"n_routed_experts": 8, "num_experts_per_tok": 2, "n_shared_experts": 1},
    "dbrx": {"attn_config": {"kv_n_heads": 8, "rope_theta": 10000.0}},
    "lfm2_moe": {"layer_types": ["conv", "full_attention", "conv", "full_attention"]},
    "zamba": {"num_hidden_layers": 8},
}
"""What a class does not build four layers without."""


def few_layers(model_type: str) -> Config:
    """Give the config of a type with few layers, for the rest as its class has it."""
    family = dlp.FAMILIES[model_type]()
    config: Config = {"model_type": model_type}
    for key, (_, usual, _) in family["nested"].items():
        part = few_layers(str(usual["model_type"]))
        config[key] = part if len(part) > 1 else {}
    if family["nested"]:
        return config
    for name in ("num_hidden_layers", "num_decoder_layers")[: len(family["stacks"])]:
        keys = family["keys"].get(name, (name,))
        if keys:
            config[keys[0]] = LAYERS
    return config | _BESIDE.get(model_type, {})


def setup_of(model_type: str, number: int, modules_of: Untyped) -> dict[str, Any]:
    """Draw the inputs of a setup for a type, in the class that is counted; PEFT may refuse it."""
    draw = random.Random(f"{model_type} {number}")  # noqa: S311
    config = few_layers(model_type)
    inputs = _setup(draw, config, None, modules_of(config, None))
    inputs.pop("ensure_weight_tying", None)  # which needs weights in memory
    held = [
        f"{path.rpartition('.')[2]}.{name}"
        for path, module in modules_of(config, None).items()
        for name, each in module.named_parameters(recurse=False)
        if each.dim() == 3 and "expert" in path
    ]
    if held and draw.random() < 0.7:
        inputs["target_parameters"] = sorted({draw.choice(held), draw.choice(held)})
        for flag in ("use_dora", "lora_bias"):
            inputs.pop(flag, None)
    return inputs


def _setup(
    draw: random.Random, config: Config, task: str | None, modules: dict[str, Any]
) -> dict[str, Any]:
    """Draw what is adapted, and how."""
    inputs: dict[str, Any] = {"config": config, "peft_type": "LORA", "task_type": task}
    inputs["r"] = draw.randint(1, 9)
    able = [path for path, each in modules.items() if isinstance(each, (nn.Linear, Conv1D))]
    able += [path for path, each in modules.items() if isinstance(each, nn.Embedding)][:1]
    inputs["target_modules"] = _targets(draw, able, config["model_type"])
    chosen = isinstance(inputs["target_modules"], list)
    if chosen and draw.random() < 0.3:
        inputs["layers_to_transform"] = draw.choice([0, 1, [1], [0, 1], [0, 2]])
        if draw.random() < 0.4:
            inputs["layers_pattern"] = draw.choice(["layers", "h", ["layer", "layers"], "block"])
    if draw.random() < 0.4:
        inputs["rank_pattern"] = {
            _pattern(draw, draw.choice(able)): draw.randint(1, 9) for _ in range(2)
        }
    if draw.random() < 0.3:
        inputs["exclude_modules"] = draw.choice(
            [[_suffix(draw, draw.choice(able))], _pattern(draw, draw.choice(able))]
        )
    if draw.random() < 0.35:
        saved = [path for path in modules if "orm" in path or "head" in path or "ln_" in path]
        saved += draw.sample(list(modules), 3)
        inputs["modules_to_save"] = [
            _suffix(draw, path) for path in draw.sample(saved, min(2, len(saved)))
        ]
    inputs["bias"] = draw.choice(["none", "none", "lora_only", "all"])
    flag = draw.choice(["", "", "", "use_dora", "lora_bias", "use_rslora", "ensure_weight_tying"])
    if flag:
        inputs[flag] = True
    if draw.random() < 0.2:
        inputs["trainable_token_indices"] = draw.choice([[3], [1, 5, 7]])
    if draw.random() < 0.15:
        inputs["target_parameters"] = [_suffix(draw, draw.choice(able)) + ".weight"]
    return inputs


def _model(draw: random.Random) -> tuple[Config, str]:
    kind = draw.random()
    if kind < 0.65:
        return draw.choice(list(CAUSAL.values())), draw.choice(["CAUSAL_LM"] * 4 + ["SEQ_CLS"])
    if kind < 0.9:
        tasks = ["FEATURE_EXTRACTION", "SEQ_CLS", "TOKEN_CLS", "MASKED_LM"]
        return draw.choice(list(ENCODERS.values())), draw.choice(tasks)
    return T5, "SEQ_2_SEQ_LM"


def _targets(draw: random.Random, able: list[str], kind: str) -> list[str] | str | None:
    """Draw names, paths and patterns, of which some do not occur."""
    way = draw.random()
    if way < 0.08:
        return None
    if way < 0.2:
        return draw.choice(["all-linear", "all-linear", "All-Linear"])
    if way < 0.45:
        return _pattern(draw, draw.choice(able))
    names = [_suffix(draw, path) for path in draw.sample(able, draw.randint(1, 4))]
    if draw.random() < 0.3:
        names.append(draw.choice(["no_such_proj", "Wqkv", names[0]]))
    if kind in _EXPERT_NAMES and draw.random() < 0.6:
        gate, up, down = _EXPERT_NAMES[kind]
        names += draw.choice([[gate, up], [down], [gate, up, down, "gate"], ["mlp.gate"]])
    return names


def _suffix(draw: random.Random, path: str) -> str:
    """Draw an end of a path, mostly its last word."""
    words = path.split(".")
    return ".".join(words[-draw.choice([1, 1, 1, 1, 2, 2, 3, len(words)]) :])


def _pattern(draw: random.Random, path: str) -> str:
    """Draw a regular expression that matches a path, or almost."""
    words = path.split(".")
    last = words[-1]
    number = re.search(r"\.\d+\.", path)
    choices = [
        last,
        rf".*\.{last}",
        rf".*{last}$",
        rf"^.*\.({last}|v_proj|dense|c_proj)$",
        rf".*\.(?:{last[:1]}\w*)",
        rf".*[._]{last[-4:]}",
        re.escape(path),
    ]
    if number:
        choices += [
            rf".*\.[01]\..*\.{last}",
            rf".*\.\d{{1,2}}\..*{last}",
            rf".+\.1\.[a-z_.]+\.{last}?",
            path.replace(number[0], r"\.(?:0|10)\.", 1),
        ]
    return draw.choice(choices)
