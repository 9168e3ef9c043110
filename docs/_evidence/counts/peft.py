"""Parameters that each method of PEFT trains, and all of the adapted model."""

from collections.abc import Iterator
from typing import Any

import dlp
from _evidence.claims import Claim, count
from _evidence.expressions import Expression, call
from _evidence.records import Record

_MODULES = (
    "target_modules",
    "modules_to_save",
    "task_type",
    "exclude_modules",
    "layers_to_transform",
)
_WITHOUT_TASK = {"IMAGE_CLASSIFICATION": "image-classification", "MASKED_LM": "language model"}
"""What is counted of models for which PEFT has no task."""

_ON_A_MODEL = {
    "ADALORA": ("adalora_model_parameters", ("init_r", "target_modules")),
    "IA3": ("ia3_model_parameters", ("target_modules", "feedforward_modules")),
    "LN_TUNING": ("ln_tuning_parameters", ()),
    "PREFIX_TUNING": (
        "prefix_tuning_model_parameters",
        ("num_virtual_tokens", "prefix_projection", "encoder_hidden_size"),
    ),
}
"""The formula of a method that takes a config, and what it takes besides."""

_OF_PROMPTS = (
    "num_virtual_tokens",
    "encoder_hidden_size",
    "encoder_reparameterization_type",
    "encoder_num_layers",
)


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one adapted model."""
    inputs, counted = record.inputs, record.counted
    if inputs["peft_type"] == "BOTTLENECK":
        shape = {name: value for name, value in inputs.items() if name != "peft_type"}
        ours = call("bottleneck_adapter_parameters", **shape)
        yield count(record, "trainable parameters", "torch", counted["trainable"], ours)
        return
    config = inputs["config"]
    if inputs["peft_type"] == "TOP_LAYERS":
        ours = call("top_layers_parameters", config=config, num_layers=inputs["num_layers"])
        yield count(record, "trainable parameters", "transformers", counted["trainable"], ours)
        return
    if config["model_type"] not in dlp.MODEL_TYPES:
        return
    if inputs["peft_type"] == "LORA":
        setup = _of_lora(inputs)
        ours = call("lora_model_parameters", **setup)
        yield count(record, "trainable parameters", "peft", counted["trainable"], ours)
        ours = call("lora_totals", **setup) | {"part": "all_param"}
        yield count(record, "all parameters", "peft", counted["total"], ours)
        return
    if inputs["peft_type"] in dlp.ADAPTER_METHODS:
        setup = {"config": config, "peft_type": inputs["peft_type"], **_given(inputs, _MODULES)}
        left_out = {"config", "peft_type", *_MODULES}
        setup["settings"] = {name: inputs[name] for name in inputs if name not in left_out}
        ours = call("adapter_model_parameters", **setup)
        yield count(record, "trained parameters", "peft", counted["trainable"], ours)
        ours = call("adapter_totals", **setup) | {"part": "all_param"}
        yield count(record, "all parameters, trained or not", "peft", counted["total"], ours)
        listed = isinstance(inputs.get("target_modules"), list)
        if inputs["peft_type"] not in _ON_A_MODEL or not listed or inputs["task_type"] == "SEQ_CLS":
            return
    terms = [_adapter(inputs)]
    if inputs["task_type"] in {"SEQ_CLS", "IMAGE_CLASSIFICATION"}:
        terms.append(_saved_head(inputs))
    yield count(record, "trainable parameters", "peft", counted["trainable"], *terms)
    if inputs["task_type"] not in {"CAUSAL_LM", "SEQ_2_SEQ_LM"} or inputs["peft_type"] == "ADALORA":
        return  # the base is not what `dlp` counts, or has a frozen number for each adapter
    terms.insert(0, call("parameter_count", config=config))
    yield count(record, "all parameters", "peft", counted["total"], *terms)


def _of_lora(inputs: dict[str, Any]) -> dict[str, Any]:
    """Give the arguments of a setup with LoRA, and name the class that PEFT was given."""
    setup = {name: value for name, value in inputs.items() if name != "peft_type"}
    config = setup.pop("config")
    if counted := _WITHOUT_TASK.get(setup["task_type"]):
        del setup["task_type"]
        classes = dlp.FAMILIES[config["model_type"]]()["classes"]
        config = config | {"architectures": [n for n, what in classes.items() if what == counted]}
    return {"config": config, **setup}


def _adapter(inputs: dict[str, Any]) -> Expression:
    """Describe the call that counts what a method of PEFT trains beside a head."""
    config, method = inputs["config"], inputs["peft_type"]
    if method in _ON_A_MODEL:
        formula, names = _ON_A_MODEL[method]
        return call(formula, config=config, **_given(inputs, names))
    return call(
        f"{method.lower()}_parameters",
        token_dim=call("transformer_dimensions", config=config) | {"part": "hidden_size"},
        num_transformer_submodules=2 if inputs["task_type"] == "SEQ_2_SEQ_LM" else 1,
        **_given(inputs, _OF_PROMPTS),
    )


def _saved_head(inputs: dict[str, Any]) -> Expression:
    """Describe the call that counts the head of which PEFT trains a copy."""
    config = inputs["config"]
    shape = {"hidden_size": config["hidden_size"], "num_labels": config.get("num_labels", 2)}
    if inputs["task_type"] == "IMAGE_CLASSIFICATION":
        return call("classification_head_parameters", **shape)
    kind = {"model_type": config["model_type"], "task": "sequence-classification"}
    return call("transformers_head_parameters", **kind, **shape)


def _given(inputs: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: inputs[name] for name in names if name in inputs}
