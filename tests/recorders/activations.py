"""What autograd keeps for the backward pass, layer by layer, over batch and length.

Everything here is small enough to run on a processor. What is kept does not depend on the values,
only on shapes, so random weights and random token numbers serve.
"""

from __future__ import annotations

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from tests.recorders.common import Record, Untyped, build
from tests.recorders.saved import SavedForBackward

PACKAGES = ("peft", "torch", "transformers")

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def make_model(setup: Record, layers: int) -> Untyped:
    """Build a model of so many layers in training mode, trainable as the setup says."""
    inputs = setup["inputs"]
    config = inputs["config"]
    torch.manual_seed(0)
    classifies = setup["kind"] == "saved_by_layer"
    depth = "n_layer" if config["model_type"] == "gpt2" else "num_hidden_layers"
    model = build(
        AutoModelForSequenceClassification if classifies else AutoModelForCausalLM,
        {**config, depth: layers},
        device="cpu",
        attn_implementation=inputs["attention"],
        dtype=DTYPES[inputs["dtype"]],
    )
    if inputs["method"] == "head-only":
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith("score."))
    if inputs["method"] == "lora":
        adapter = LoraConfig(
            r=inputs["r"],
            target_modules=inputs["target_modules"],
            task_type="SEQ_CLS" if classifies else "CAUSAL_LM",
            fan_in_fan_out=config["model_type"] == "gpt2",
        )
        in_fp32 = inputs["autocast_adapter_dtype"]
        model = get_peft_model(model, adapter, autocast_adapter_dtype=in_fp32)
    if inputs["gradient_checkpointing"]:
        # The other variant, which torch prefers, keeps the layer's inputs where no hook sees them.
        model.gradient_checkpointing_enable({"use_reentrant": True})
        model.enable_input_require_grads()
    return model.train()


def watch_forward(setup: Record, layers: int) -> SavedForBackward:
    """Run one forward pass and return what it kept for the backward pass."""
    model = make_model(setup, layers)
    inputs = setup["inputs"]
    batch_size = inputs["per_device_train_batch_size"]
    shape = (batch_size, inputs["sequence_length"])
    tokens = torch.randint(2, inputs["config"]["vocab_size"], shape)
    classifies = setup["kind"] == "saved_by_layer"
    labels = torch.zeros(batch_size).long() if classifies else tokens.clone()
    with SavedForBackward(model) as saved:
        _ = model(input_ids=tokens, labels=labels).loss
    return saved


def measure_layer(setup: Record) -> Record:
    """Measure what one layer saves for the backward pass.

    It is the last of three layers: the first keeps some things for all of them, such as the cosines
    of the positions, and without others if the embeddings are frozen. If the setup has a
    `breakdown`, the storages are listed.

    Raises:
        RuntimeError: The second layer saves more or less than the third.
    """
    saved = watch_forward(setup, 3)
    inputs = setup["inputs"]
    parent = "transformer.h" if inputs["config"]["model_type"] == "gpt2" else "model.layers"
    if inputs["method"] == "lora":
        parent = f"base_model.model.{parent}"
    # With checkpointing, what is kept is the layer's own input.
    end = "" if inputs["gradient_checkpointing"] else "."
    second, third = (saved.total_bytes(f"{parent}.{place}{end}") for place in (1, 2))
    if second != third:
        raise RuntimeError(f"{setup['id']}: {second} bytes in the second layer, {third} after it")
    measured: Record = {"counted": {"saved_bytes_per_layer": third}}
    if "breakdown" in setup:
        prefix = f"{parent}.2"
        measured["breakdown"] = [
            {
                "module": found.module.removeprefix(prefix).removeprefix("."),
                "shape": found.shape,
                "dtype": found.dtype,
                "storage_bytes": found.storage_bytes,
            }
            for found in saved.found
            if found.module.startswith(prefix)
        ]
    return measured


def measure_model(setup: Record) -> Record:
    """Measure what a whole causal language model saves, by place: before, in, after its layers.

    The cosines and sines of the positions are made once, and first kept by one of the layers; they
    are reported apart.
    """
    saved = watch_forward(setup, setup["inputs"]["num_hidden_layers"])
    places = {"embeddings": 0, "positions": 0, "layers": 0, "first_layer": 0, "output": 0}
    for found in saved.found:
        name = found.module.removeprefix("base_model.model").removeprefix(".")
        if name.startswith("model.embed"):
            place = "embeddings"
        elif not name.startswith("model.layers."):
            place = "output"
        elif found.shape[:2] == [1, 1]:
            place = "positions"
        else:
            place = "first_layer" if name.startswith("model.layers.0") else "layers"
        places[place] += found.storage_bytes
    return {"counted": {"saved_bytes": saved.total_bytes(), **places}}


def measure_dropout_mask(setup: Record) -> Record:
    """Measure the mask that dropout keeps, in one of the two operators that torch has for it.

    `torch.nn.functional.dropout` on a processor multiplies by a mask of the input's own type;
    `torch.native_dropout`, which a GPU runs in its place, keeps one of booleans.
    """
    inputs = setup["inputs"]
    x = torch.ones(inputs["elements"], requires_grad=True)
    with SavedForBackward(torch.nn.Identity()) as saved:
        if inputs["operator"] == "torch.native_dropout":
            torch.native_dropout(x, 0.1, train=True)
        else:
            torch.nn.functional.dropout(x, 0.1)
    return {"counted": {"dtype": saved.found[0].dtype, "saved_bytes": saved.total_bytes()}}


KINDS = {
    "saved_by_layer": measure_layer,
    "saved_by_model": measure_model,
    "dropout_mask": measure_dropout_mask,
}


def count(setup: Record) -> Record:
    """Measure a layer, a whole model, or the mask of dropout."""
    return KINDS[setup["kind"]](setup)
