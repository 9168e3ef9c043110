"""What autograd keeps for the backward pass, layer by layer, over batch and length.

Everything here is small enough to run on a processor. What is kept does not depend on the values,
only on shapes, so random weights and random token numbers serve.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from tests.recorders.common import Config, Record, Untyped, build
from tests.recorders.saved import SavedForBackward

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES = ("peft", "torch", "transformers")

LLAMA: Config = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "head_dim": 8,
    "intermediate_size": 176,
    "vocab_size": 320,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
    "num_labels": 3,
    "pad_token_id": 0,
}
"""A model shaped like Llama, a hundredth as wide."""

GROUPED: Config = {**LLAMA, "num_key_value_heads": 2}
"""The same with four query heads to one key and value head."""

WIDE_HEADS: Config = {**GROUPED, "head_dim": 16}
"""The same with heads that are together wider than the model."""

ONE_KEY_HEAD: Config = {**LLAMA, "num_key_value_heads": 1}
"""The same with one key and value head for all query heads."""

GPT2: Config = {
    "model_type": "gpt2",
    "n_embd": 64,
    "n_head": 4,
    "n_inner": None,
    "n_positions": 512,
    "vocab_size": 320,
    "activation_function": "gelu",
    "attn_pdrop": 0.1,
    "embd_pdrop": 0.1,
    "resid_pdrop": 0.1,
    "num_labels": 3,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 1,
}
"""A classifier shaped like GPT-2, with the exact GELU."""

SHAPES = {
    "Llama": LLAMA,
    "Llama, grouped queries": GROUPED,
    "Llama, wide heads": WIDE_HEADS,
    "Llama, one key head": ONE_KEY_HEAD,
    "GPT-2 with gelu": GPT2,
    "GPT-2 with gelu_new": {**GPT2, "activation_function": "gelu_new"},
}

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}

ALL_LINEAR = "all-linear"


class Run(NamedTuple):
    """What is run: a shape of `SHAPES`, what is trained and how, and one micro-batch."""

    shape: str
    method: str = "full"
    attention: str = "sdpa"
    batch_size: int = 2
    length: int = 128
    dtype: str = "fp32"
    target_modules: list[str] | str | None = None
    autocast_adapter_dtype: bool = False
    gradient_checkpointing: bool = False
    auto_class: Untyped = AutoModelForSequenceClassification

    @property
    def config(self) -> Config:
        """The config, without the number of layers."""
        return SHAPES[self.shape]

    @property
    def title(self) -> str:
        """A name for the run."""
        targets = self.target_modules
        words = [self.shape, self.method, self.attention, f"{self.batch_size} x {self.length}"]
        if targets:
            words[1] += f" on {targets if isinstance(targets, str) else '+'.join(targets)}"
        words.append(self.dtype)
        if self.autocast_adapter_dtype:
            words.append("adapters in fp32")
        if self.gradient_checkpointing:
            words.append("gradient checkpointing")
        return ", ".join(words)

    def inputs(self) -> dict[str, Any]:
        """Name the inputs as the libraries do."""
        lora = {
            "r": 8,
            "target_modules": self.target_modules,
            "autocast_adapter_dtype": self.autocast_adapter_dtype,
        }
        return {
            "config": self.config,
            "method": self.method,
            "attention": self.attention,
            "per_device_train_batch_size": self.batch_size,
            "sequence_length": self.length,
            "dtype": self.dtype,
            "gradient_checkpointing": self.gradient_checkpointing,
            **(lora if self.method == "lora" else {}),
        }


def make_model(run: Run, layers: int) -> Untyped:
    """Build a model of so many layers in training mode, trainable as the run says."""
    torch.manual_seed(0)
    depth = "n_layer" if run.config["model_type"] == "gpt2" else "num_hidden_layers"
    model = build(
        run.auto_class,
        {**run.config, depth: layers},
        device="cpu",
        attn_implementation=run.attention,
        dtype=DTYPES[run.dtype],
    )
    if run.method == "head-only":
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith("score."))
    if run.method == "lora":
        classifies = run.auto_class is AutoModelForSequenceClassification
        adapter = LoraConfig(
            r=8,
            target_modules=run.target_modules,
            task_type="SEQ_CLS" if classifies else "CAUSAL_LM",
            fan_in_fan_out=run.config["model_type"] == "gpt2",
        )
        model = get_peft_model(model, adapter, autocast_adapter_dtype=run.autocast_adapter_dtype)
    if run.gradient_checkpointing:
        # The other variant, which torch prefers, keeps the layer's inputs where no hook sees them.
        model.gradient_checkpointing_enable({"use_reentrant": True})
        model.enable_input_require_grads()
    return model.train()


def watch_forward(run: Run, layers: int) -> SavedForBackward:
    """Run one forward pass and return what it kept for the backward pass."""
    model = make_model(run, layers)
    tokens = torch.randint(2, run.config["vocab_size"], (run.batch_size, run.length))
    is_classifier = run.auto_class is AutoModelForSequenceClassification
    labels = torch.zeros(run.batch_size).long() if is_classifier else tokens.clone()
    with SavedForBackward(model) as saved:
        _ = model(input_ids=tokens, labels=labels).loss
    return saved


def measure_layer(run: Run, *, breakdown: bool = False) -> Record:
    """Record what one layer saves for the backward pass.

    It is the last of three layers: the first keeps some things for all of them, such as the cosines
    of the positions, and without others if the embeddings are frozen. If wanted, the storages are
    listed.

    Raises:
        RuntimeError: The second layer saves more or less than the third.
    """
    saved = watch_forward(run, 3)
    parent = "transformer.h" if run.config["model_type"] == "gpt2" else "model.layers"
    if run.method == "lora":
        parent = f"base_model.model.{parent}"
    second, third = (saved.total_bytes(f"{parent}.{place}.") for place in (1, 2))
    if run.gradient_checkpointing:  # what is kept is the layer's own input
        second, third = (saved.total_bytes(f"{parent}.{place}") for place in (1, 2))
    if second != third:
        raise RuntimeError(f"{run.title}: {second} bytes in the second layer, {third} in the third")
    prefix = f"{parent}.2"
    record: Record = {
        "id": f"a layer, {run.title}",
        "kind": "saved_by_layer",
        "inputs": run.inputs(),
        "counted": {"saved_bytes_per_layer": third},
    }
    if breakdown:
        record["breakdown"] = [
            {
                "module": found.module.removeprefix(prefix).removeprefix("."),
                "shape": found.shape,
                "dtype": found.dtype,
                "storage_bytes": found.storage_bytes,
            }
            for found in saved.found
            if found.module.startswith(prefix)
        ]
    return record


def measure_model(run: Run, layers: int = 3) -> Record:
    """Record what a whole causal language model saves, by place: before, in and after its layers.

    The cosines and sines of the positions are made once, and first kept by one of the layers; they
    are reported apart.
    """
    saved = watch_forward(run, layers)
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
    return {
        "id": f"a language model of {layers} layers, {run.title}",
        "kind": "saved_by_model",
        "inputs": {**run.inputs(), "num_hidden_layers": layers},
        "counted": {"saved_bytes": saved.total_bytes(), **places},
    }


def measure_dropout_mask() -> list[Record]:
    """Record the mask that dropout keeps, in the two operators that torch has for it.

    `torch.nn.functional.dropout` on a processor multiplies by a mask of the input's own type;
    `torch.native_dropout`, which a GPU runs in its place, keeps one of booleans.
    """
    operators: dict[str, Callable[[torch.Tensor], Any]] = {
        "torch.nn.functional.dropout": lambda x: torch.nn.functional.dropout(x, 0.1),
        "torch.native_dropout": lambda x: torch.native_dropout(x, 0.1, train=True),
    }
    found: list[Record] = []
    for name, dropout in operators.items():
        x = torch.ones(1000, requires_grad=True)
        with SavedForBackward(torch.nn.Identity()) as saved:
            dropout(x)
        mask = saved.found[0]
        found.append(
            {
                "id": f"dropout mask on a CPU, {name}",
                "kind": "dropout_mask",
                "inputs": {"operator": name, "dtype": "float32", "elements": x.numel()},
                "counted": {"dtype": mask.dtype, "saved_bytes": saved.total_bytes()},
            }
        )
    return found


QUERIES_AND_VALUES = ["q_proj", "v_proj"]
_LORA: dict[str, Any] = {"method": "lora", "target_modules": QUERIES_AND_VALUES}
_ALL: dict[str, Any] = {"method": "lora", "target_modules": ALL_LINEAR}
_FULL: dict[str, Any] = {"method": "full"}
_HEAD: dict[str, Any] = {"method": "head-only"}
_FUSED: dict[str, Any] = {"method": "lora", "target_modules": ["c_attn"]}
BATCHES = (1, 2, 4)
LENGTHS = (64, 128, 256)
ATTENTIONS = ("eager", "sdpa")


def layer_runs() -> list[Run]:
    """List the runs of which one layer is recorded."""
    grouped = "Llama, grouped queries"
    runs = [
        Run(grouped, attention=attention, batch_size=batch, length=length, **how)
        for attention, batch, length, how in product(
            ATTENTIONS, BATCHES, LENGTHS, (_FULL, _LORA, _ALL, _HEAD)
        )
    ]
    runs += [
        Run(shape, attention=attention, **how)
        for shape, attention, how in product(
            ("Llama", "Llama, wide heads"), ATTENTIONS, (_FULL, _LORA, _ALL, _HEAD)
        )
    ]
    runs += [
        Run(grouped, attention=attention, dtype="bf16", autocast_adapter_dtype=autocast, **how)
        for attention, (how, autocast) in product(
            ATTENTIONS,
            ((_FULL, False), (_LORA, False), (_LORA, True), (_ALL, False), (_ALL, True)),
        )
    ]
    runs += [
        Run(grouped, dtype=dtype, batch_size=batch, gradient_checkpointing=True, **how)
        for dtype, batch, how in product(DTYPES, (1, 4), (_FULL, _LORA))
    ]
    runs += [
        Run("Llama, one key head", attention=attention, batch_size=batch)
        for attention, batch in product(ATTENTIONS, (1, 2))
    ]
    runs += [
        Run("GPT-2 with gelu", attention="eager", batch_size=batch, length=length, **how)
        for batch, length, how in product(BATCHES, LENGTHS, (_FULL, _FUSED, _HEAD))
    ]
    runs += [
        Run("GPT-2 with gelu_new", attention="eager", length=length, **how)
        for length, how in product(LENGTHS, (_FULL, _FUSED))
    ]
    return runs


def model_runs() -> list[Run]:
    """List the runs of which a whole causal language model is recorded."""
    return [
        Run(
            "Llama, grouped queries",
            attention=attention,
            batch_size=batch,
            dtype=dtype,
            auto_class=AutoModelForCausalLM,
            **how,
        )
        for attention, batch, dtype, how in product(("sdpa",), (1, 4), DTYPES, (_FULL, _LORA, _ALL))
    ]


def records() -> list[Record]:
    """Measure layers, whole models, and the mask of dropout."""
    return [
        *(
            measure_layer(run, breakdown=(run.batch_size, run.length) == (2, 128))
            for run in layer_runs()
        ),
        *(measure_model(run) for run in model_runs()),
        *measure_dropout_mask(),
    ]
