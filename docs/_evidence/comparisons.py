"""Which formula gives each number that a real library counted: one function for each topic.

A comparison is exact unless it says why the formula is an approximation, and how far off it may be.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import dlp
from _evidence import records
from _evidence.expression import Term

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _evidence.records import Record

FLOAT32 = 1e-6
"""The share by which a loss computed in float32 may differ from ours."""


@dataclass(frozen=True)
class Comparison:
    """One number, or list of numbers, that a library counted, and ours."""

    record: Record
    what: str
    package: str
    theirs: Any
    ours: Any
    terms: tuple[Term, ...]
    """The calls that ours was made from."""
    is_sum: bool
    """Whether ours is the sum of the calls, and not made of their results in another way."""
    within: float = 0.0
    """The share by which ours may differ."""
    because: str = ""
    """What the formula leaves out, where it is an approximation."""

    @property
    def id(self) -> str:
        """A name that no other comparison has."""
        return f"{self.record.topic}: {self.record.id}: {self.what}"

    @property
    def deviation(self) -> float:
        """By what share of the counted number ours differs; 0 or 1 where it is no number."""
        if isinstance(self.theirs, (int, float)) and isinstance(self.ours, (int, float)):
            difference = abs(self.ours - self.theirs)
            return difference / abs(self.theirs) if difference else 0.0
        return float(self.ours != self.theirs)

    def objection(self) -> str:
        """Say how ours differs by more than it may, or nothing."""
        if self.deviation <= self.within:
            return ""
        return (
            f"docs/_evidence/counted/{self.record.topic}.json, {self.record.id}: "
            f"{self.record.version(self.package)} counts {self.theirs} ({self.what}), "
            f"{' + '.join(term.function for term in self.terms)} gives {self.ours}"
        )


def call(function: str, *, part: str | list[str] = "", **arguments: Any) -> Term:
    """Describe a call of a formula."""
    return Term(function, arguments, part)


def compare(
    record: Record,
    what: str,
    package: str,
    theirs: Any,
    *terms: Term,
    then: Callable[..., Any] | None = None,
    within: float = 0.0,
    because: str = "",
) -> Comparison:
    """Set a counted number beside ours.

    Args:
        record: What was recorded.
        what: What was counted.
        package: The one that counted it.
        theirs: The number.
        *terms: The calls whose sum is ours, or whose results `then` makes ours of.
        then: Makes ours of the results of the calls.
        within: The share by which ours may differ; floats may differ as float32 does.
        because: What the formula leaves out, where it is an approximation.
    """
    results = [term.result() for term in terms]
    if then:
        ours = then(*results)
    elif isinstance(results[0], (list, float)):
        (ours,) = results
    else:
        ours = int(sum(term.value() for term in terms))
    if isinstance(theirs, float) and not within:
        within = FLOAT32
    return Comparison(record, what, package, theirs, ours, terms, then is None, within, because)


# --- Parameters -----------------------------------------------------------------------------


def _parameters(record: Record) -> Iterator[Comparison]:
    config = record.inputs
    if config["model_type"] not in dlp.MODEL_TYPES:
        return
    total = call("parameter_count", config=config)
    yield compare(record, "parameters", "transformers", record.counted["total"], total)
    for part, theirs in record.counted["parts"].items():
        if theirs:
            ours = call("parameters_by_part", part=part, config=config)
            yield compare(record, part, "transformers", theirs, ours)
    if "linear_layers" in record.counted:
        modules = call("linear_layers", config=config)
        theirs = record.counted["linear_layers"]
        yield compare(record, "linear layers", "transformers", theirs, modules, then=_by_shape)


def _by_shape(layers: list[tuple[Any, ...]]) -> list[list[Any]]:
    """Join linear layers of one name and shape, and put them in order."""
    copies: Counter[tuple[Any, ...]] = Counter()
    for *kind, number in layers:
        copies[tuple(kind)] += number
    return sorted([*kind, number] for kind, number in copies.items())


def _heads(record: Record) -> Iterator[Comparison]:
    shape = {name: record.inputs[name] for name in ("hidden_size", "num_labels")}
    if "bias" in record.inputs:
        library = "torch"
        ours = call("classification_head_parameters", **shape, bias=record.inputs["bias"])
    else:
        library = "transformers"
        ours = call(
            "transformers_head_parameters",
            **shape,
            model_type=record.inputs["model_type"],
            task=f"{record.inputs['task']}-classification",
        )
    yield compare(record, "parameters of the head", library, record.counted["total"], ours)


_OF_LORA = ("r", "target_modules", "bias", "use_dora", "rank_pattern", "modules_to_save")
_OF_P_TUNING = (
    "num_virtual_tokens",
    "encoder_hidden_size",
    "encoder_reparameterization_type",
    "encoder_num_layers",
)


def _peft(record: Record) -> Iterator[Comparison]:
    inputs, counted = record.inputs, record.counted
    if inputs["peft_type"] == "BOTTLENECK":
        shape = {name: value for name, value in inputs.items() if name != "peft_type"}
        ours = call("bottleneck_adapter_parameters", **shape)
        yield compare(record, "trainable parameters", "torch", counted["trainable"], ours)
        return
    config = inputs["config"]
    if config["model_type"] not in dlp.MODEL_TYPES:
        return
    terms = [_adapter(inputs)]
    if inputs["task_type"] in {"SEQ_CLS", "IMAGE_CLASSIFICATION"}:
        terms.append(_saved_head(inputs))
    yield compare(record, "trainable parameters", "peft", counted["trainable"], *terms)
    if inputs["task_type"] not in {"CAUSAL_LM", "SEQ_2_SEQ_LM"} or inputs["peft_type"] == "ADALORA":
        return  # the base is not what `dlp` counts, or has a frozen number for each adapter
    if inputs["peft_type"] == "LORA":
        setup = _given(inputs, _OF_LORA)
        terms = [call("lora_totals", part="all_param", config=config, **setup)]
    else:
        terms.insert(0, call("parameter_count", config=config))
    yield compare(record, "all parameters", "peft", counted["total"], *terms)


def _adapter(inputs: dict[str, Any]) -> Term:
    """Describe the call that counts what a method of PEFT trains beside a head."""
    config = inputs["config"]
    submodules = 2 if inputs["task_type"] == "SEQ_2_SEQ_LM" else 1
    match inputs["peft_type"]:
        case "LORA":
            setup = _given(inputs, _OF_LORA)
            if inputs["task_type"] == "IMAGE_CLASSIFICATION":
                del setup["modules_to_save"]  # the head
            return call("lora_model_parameters", config=config, **setup)
        case "ADALORA":
            setup = _given(inputs, ("init_r", "target_modules"))
            return call("adalora_model_parameters", config=config, **setup)
        case "IA3":
            setup = _given(inputs, ("target_modules", "feedforward_modules"))
            return call("ia3_model_parameters", config=config, **setup)
        case "LN_TUNING":
            return call("ln_tuning_parameters", config=config)
        case "PREFIX_TUNING":
            names = ("num_virtual_tokens", "prefix_projection", "encoder_hidden_size")
            return call("prefix_tuning_model_parameters", config=config, **_given(inputs, names))
    width = dlp.transformer_dimensions(config=config)["hidden_size"]
    formula = f"{inputs['peft_type'].lower()}_parameters"
    setup = _given(inputs, _OF_P_TUNING)
    return call(formula, token_dim=width, num_transformer_submodules=submodules, **setup)


def _saved_head(inputs: dict[str, Any]) -> Term:
    """Describe the call that counts the head of which PEFT trains a copy."""
    config = inputs["config"]
    shape = {"hidden_size": config["hidden_size"], "num_labels": config.get("num_labels", 2)}
    if inputs["task_type"] == "IMAGE_CLASSIFICATION":
        return call("classification_head_parameters", **shape)
    kind = {"model_type": config["model_type"], "task": "sequence-classification"}
    return call("transformers_head_parameters", **kind, **shape)


def _given(inputs: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: inputs[name] for name in names if name in inputs}


# --- Training steps -------------------------------------------------------------------------


def _updates(record: Record) -> Iterator[Comparison]:
    if record.loop == "hand-written":
        yield from _hand_written(record)
    elif float(record.inputs["num_train_epochs"]).is_integer():  # `dlp` counts whole epochs
        yield from _trainer(record)


def _trainer(record: Record) -> Iterator[Comparison]:
    inputs, counted = record.inputs, record.counted
    old = record.versions["transformers"].startswith("4.")
    run = _run(record)
    accumulated = inputs["gradient_accumulation_steps"]
    epochs = int(inputs["num_train_epochs"])
    updates = call(
        "training_updates",
        **run,
        num_train_epochs=epochs,
        gradient_accumulation_steps=accumulated,
        last_window="at-least-one" if old else "step",
    )
    if "planned_updates" in counted:
        theirs = counted["planned_updates"]
        yield compare(record, "updates planned", "transformers", theirs, updates)
    loses_gradients = old and _loses_gradients(inputs, dlp.micro_batches_per_epoch(**run))
    if loses_gradients and dlp.micro_batches_per_epoch(**run) < accumulated:
        return  # not one of the planned updates is made
    yield compare(record, "updates", "transformers", counted["updates"], updates)
    if "times_changed" in counted:
        what = "times the weights changed"
        yield compare(record, what, "transformers", counted["times_changed"], updates)
    if "changed_after" in counted and not loses_gradients:
        windows = call(
            "accumulation_windows",
            num_micro_batches=dlp.micro_batches_per_epoch(**run),
            gradient_accumulation_steps=accumulated,
            num_train_epochs=epochs,
        )
        # The old release steps short windows as well, and stops early at the count it planned.
        planned = int(updates.value())
        for what, theirs, of_window in (
            ("weights changed after", counted["changed_after"], lambda window: window[-1]),
            ("micro-batches per update", counted["micro_batches_per_update"], len),
        ):
            yield compare(
                record,
                what,
                "transformers",
                theirs,
                windows,
                then=lambda found, read=of_window: [read(window) for window in found][:planned],
            )
    if not old:
        micro_batches = call("training_micro_batches", **run, num_train_epochs=epochs)
        theirs = counted["micro_batches"]
        yield compare(record, "micro-batches", "transformers", theirs, micro_batches)
        of_an_epoch = call("micro_batches_per_epoch", **run)
        theirs = counted["micro_batches"] // epochs
        yield compare(record, "micro-batches of an epoch", "transformers", theirs, of_an_epoch)
        if epochs == 1:
            once = call("updates_per_epoch", **run, gradient_accumulation_steps=accumulated)
            theirs = counted["updates"]
            yield compare(record, "updates of the epoch", "transformers", theirs, once)


def _loses_gradients(inputs: dict[str, Any], micro_batches: int) -> bool:
    """Whether Transformers 4.48 ends an epoch before its last window is full.

    For the last window it takes as many micro-batches as samples, not micro-batches, remain when
    divided by the accumulation steps. Of too few it makes no update; their gradients leak into the
    next epoch's first.
    """
    accumulated = inputs["gradient_accumulation_steps"]
    taken = inputs["num_samples"] % accumulated or accumulated
    return bool(taken < micro_batches % accumulated)


def _hand_written(record: Record) -> Iterator[Comparison]:
    epochs = record.inputs["num_train_epochs"]
    micro_batches = dlp.micro_batches_per_epoch(**_run(record))
    windows = call(
        "accumulation_windows",
        num_micro_batches=micro_batches,
        gradient_accumulation_steps=record.inputs["gradient_accumulation_steps"],
        num_train_epochs=epochs,
        leftover="leak",
    )
    counted = record.counted
    yield compare(
        record, "micro-batches in each update", "torch", counted["contributions"], windows
    )
    yield compare(
        record,
        "weights changed after",
        "torch",
        counted["changed_after"],
        windows,
        then=lambda found: [window[-1] for window in found],
    )

    def never_applied(found: list[list[int]]) -> list[int]:
        applied = {number for window in found for number in window}
        return [n for n in range(1, epochs * micro_batches + 1) if n not in applied]

    theirs = counted["never_applied"]
    yield compare(record, "never applied", "torch", theirs, windows, then=never_applied)


def _run(record: Record) -> dict[str, Any]:
    return {
        "num_samples": record.inputs["num_samples"],
        "per_device_train_batch_size": record.inputs["per_device_train_batch_size"],
        "drop_last": record.inputs["dataloader_drop_last"],
    }


# --- Memory ---------------------------------------------------------------------------------

_OPTIMIZERS = {
    "SGD": "sgd",
    "SGD, momentum 0.9": "sgd-momentum",
    "AdamW": "adamw",
    "bitsandbytes AdamW8bit": "adamw-8bit",
}


def _model_state(record: Record) -> Iterator[Comparison]:
    counted = record.counted
    trained = {"num_trainable_parameters": counted["trainable"]}
    weights = call("weight_bytes", num_parameters=counted["parameters"])
    yield compare(record, "bytes of weights", "torch", counted["weight_bytes"], weights)
    gradients = call("gradient_bytes", **trained)
    yield compare(record, "bytes of gradients", "torch", counted["gradient_bytes"], gradients)
    optimizer = _OPTIMIZERS[record.inputs["optimizer"]]
    states = call("optimizer_state_bytes", **trained, optimizer=optimizer)
    theirs = counted["optimizer_bytes"]
    if optimizer != "adamw-8bit":
        yield compare(record, "bytes of optimizer states", "torch", theirs, states)
        together = sum(counted[f"{part}_bytes"] for part in ("weight", "gradient", "optimizer"))
        held = call(
            "training_memory_bytes",
            num_parameters=counted["parameters"],
            **trained,
            optimizer=optimizer,
        )
        yield compare(record, "bytes of weights, gradients and states", "torch", together, held)
    elif record.inputs["method"] == "full":
        yield compare(
            record,
            "bytes of optimizer states",
            "bitsandbytes",
            theirs,
            states,
            within=0.02,
            because=(
                "Norms are too short for bitsandbytes to quantize, and a map of 256 values comes "
                "with each state of the other tensors."
            ),
        )


def _activations(record: Record) -> Iterator[Comparison]:
    if record.kind == "saved_by_model":
        yield from _saved_by_a_model(record)
    elif record.kind == "saved_by_layer":
        config = record.inputs["config"]
        if config["model_type"] == "llama":
            yield from _saved_by_a_llama_layer(record)
        elif config["activation_function"] == "gelu":
            yield from _saved_by_a_gpt_layer(record)


def _micro_batch(record: Record) -> dict[str, Any]:
    inputs = record.inputs
    size = dlp.transformer_dimensions(
        config={"num_hidden_layers": 1, "n_layer": 1, **inputs["config"]}
    )
    return {
        "per_device_train_batch_size": inputs["per_device_train_batch_size"],
        "sequence_length": inputs["sequence_length"],
        "hidden_size": size["hidden_size"],
        "dtype": inputs["dtype"],
        "method": inputs["method"],
    }


def _llama_layer(record: Record) -> Term:
    """Describe the call that lists what a Llama layer keeps."""
    inputs = record.inputs
    size = dlp.transformer_dimensions(
        config={"num_hidden_layers": 1, "n_layer": 1, **inputs["config"]}
    )
    of_shape = ("num_attention_heads", "num_key_value_heads", "head_dim", "intermediate_size")
    of_lora = ("r", "target_modules", "autocast_adapter_dtype")
    arguments = {
        **_micro_batch(record),
        "layer": "llama",
        "attention": "eager" if inputs["attention"] == "eager" else "flash",
        "recomputation": "full" if inputs.get("gradient_checkpointing") else "none",
        **{name: size[name] for name in of_shape},
        **{name: inputs[name] for name in of_lora if name in inputs},
    }
    return Term("activation_bytes_per_layer", arguments)


def _saved_by_a_llama_layer(record: Record) -> Iterator[Comparison]:
    inputs = record.inputs
    what, theirs = "bytes kept by a layer", record.counted["saved_bytes_per_layer"]
    kept = _llama_layer(record)
    if (
        inputs["attention"] == "eager"
        and inputs["config"]["num_key_value_heads"] == 1
        and inputs["per_device_train_batch_size"] == 1
    ):
        yield compare(
            record,
            what,
            "torch",
            theirs,
            kept,
            within=0.06,
            because=(
                "One key head of a single sequence is not copied for the query heads that share "
                "it: PyTorch makes a view of it. The formula counts the copies."
            ),
        )
    else:
        yield compare(record, what, "torch", theirs, kept)


def _saved_by_a_model(record: Record) -> Iterator[Comparison]:
    inputs, counted = record.inputs, record.counted
    layers = inputs["num_hidden_layers"] - 1
    term = _llama_layer(record)
    above = Term(term.function, term.arguments, times=str(layers))
    yield compare(
        record, "bytes kept by all layers but the first", "torch", counted["layers"], above
    )
    output = call(
        "output_activations", **_micro_batch(record), vocab_size=inputs["config"]["vocab_size"]
    )
    yield compare(
        record,
        "bytes kept after the last layer",
        "transformers",
        counted["output"],
        output,
        # The labels of one sequence are a view of all but one of its numbers, which are kept too.
        then=lambda kept: (
            sum(kept.values()) + (8 if inputs["per_device_train_batch_size"] == 1 else 0)
        ),
    )


def _saved_by_a_gpt_layer(record: Record) -> Iterator[Comparison]:
    inputs = record.inputs
    element = int(dlp.bytes_per_parameter(dtype=inputs["dtype"]))
    tokens = inputs["per_device_train_batch_size"] * inputs["sequence_length"]
    kept = call(
        "saved_activations",
        **_micro_batch(record),
        num_attention_heads=inputs["config"]["n_head"],
    )

    def on_a_cpu(tensors: dict[str, int]) -> int:
        """Add what the paper leaves out.

        On a CPU a mask takes a number of the layer's own format, not a byte; each of two norms
        keeps a mean and a deviation for each token; LoRA keeps the output of its first matrix. The
        values of one sequence are a view of queries, keys and values made at once, kept whole.
        """
        fused = 0
        if tensors and inputs["per_device_train_batch_size"] == 1:
            fused = 2 * tokens * inputs["config"]["n_embd"] * element
        masks = (element - 1) * sum(size for name, size in tensors.items() if "mask" in name)
        norms = 2 * 2 * element * tokens if tensors else 0
        low_rank = inputs["r"] * element * tokens if inputs["method"] == "lora" else 0
        return sum(tensors.values()) + masks + norms + low_rank + fused

    theirs = record.counted["saved_bytes_per_layer"]
    yield compare(record, "bytes kept by a layer", "torch", theirs, kept, then=on_a_cpu)


def _gpu(record: Record) -> Iterator[Comparison]:
    """Compare a training step on a GPU with the ledger, part by part.

    PyTorch's AdamW keeps its two moments in the format of the weights.
    """
    inputs, counted = record.inputs, record.counted
    trained = {"num_trainable_parameters": counted["trainable"], "dtype": inputs["dtype"]}
    weights = call("weight_bytes", num_parameters=counted["parameters"], dtype=inputs["dtype"])
    yield compare(record, "bytes of weights", "torch", counted["weight_bytes"], weights)
    gradients = call("gradient_bytes", **trained)
    yield compare(record, "bytes of gradients", "torch", counted["gradient_bytes"], gradients)
    moments = Term("gradient_bytes", trained, times="2")
    yield compare(record, "bytes of two moments", "torch", counted["optimizer_bytes"], moments)
    layer = _llama_layer(record)
    kept = Term(
        "activation_bytes",
        {"num_hidden_layers": inputs["config"]["num_hidden_layers"], **layer.arguments},
    )
    yield compare(
        record,
        "bytes that the forward pass leaves",
        "torch",
        counted["allocated_by_the_forward_pass"],
        kept,
        within=0.05,
        because=(
            "The formula leaves out the last norm, the head and the loss, the cosines and sines of "
            "the positions, and the rounding of every tensor to whole blocks of the allocator."
        ),
    )


def _cache(record: Record) -> Iterator[Comparison]:
    names = ("config", "dtype", "batch_size", "num_tokens")
    inputs = {name: record.inputs[name] for name in names}
    if inputs["config"]["model_type"] not in dlp.MODEL_TYPES:
        return
    cache = call("model_kv_cache_bytes", **inputs)
    sliding = dlp.sliding_window_layers(config=inputs["config"])
    full = sliding and inputs["num_tokens"] >= inputs["config"]["sliding_window"]
    # A dynamic cache keeps one token less than the window: the next one fills it.
    one_token = dlp.model_kv_cache_bytes(**{**inputs, "num_tokens": 1})
    layers = dlp.transformer_dimensions(config=inputs["config"])["num_hidden_layers"]
    spared = one_token // layers * sliding if full and record.kind == "DynamicCache" else 0

    def without_it(found: int) -> int:
        return found - spared

    yield compare(
        record,
        "bytes of keys and values",
        "transformers",
        record.counted["bytes"],
        cache,
        then=without_it if spared else None,
    )


# --- Compute --------------------------------------------------------------------------------


def _compute(record: Record) -> Iterator[Comparison]:
    inputs = record.inputs
    terms = [_shape_flops(inputs)] if record.kind == "recomputation" else _model_flops(record)
    within, because = _less_flops(record)
    total = record.counted["total"]
    yield compare(record, "FLOPs", "torch", total, *terms, within=within, because=because)
    if record.kind == "full":
        batch = _given(inputs, ("config", "sequence_length", "per_device_train_batch_size"))
        forward = call(
            "forward_flops_by_part",
            part=list(dlp.forward_flops_by_part(**batch)),
            **batch,
        )
        yield compare(record, "forward FLOPs", "torch", record.counted["forward"], forward)


def _shape_flops(inputs: dict[str, Any]) -> Term:
    """Describe the call for a GPT of which only the shape is given."""
    given = {name: value for name, value in inputs.items() if name != "early_stop"}
    return call("transformer_flops", **given)


def _model_flops(record: Record) -> list[Term]:
    """Describe the calls for one step: the matrices, and attention between tokens."""
    inputs = record.inputs
    size = dlp.transformer_dimensions(config=inputs["config"])
    length = inputs["sequence_length"]
    tokens = inputs["per_device_train_batch_size"] * length
    matrices = dlp.compute_parameters(config=inputs["config"])
    attention = call(
        "attention_flops",
        **_given(size, ("num_hidden_layers", "num_attention_heads", "head_dim")),
        sequence_length=length,
        num_tokens=tokens,
        passes="forward" if record.kind == "head-only" else "training",
    )
    if record.kind == "full":
        step = call("training_flops", num_parameters=matrices, num_tokens=tokens)
    elif record.kind == "lora":
        step = call(
            "lora_training_flops",
            num_parameters=matrices,
            num_adapter_parameters=dlp.lora_model_parameters(
                **_given(inputs, ("config", "r", "target_modules"))
            ),
            num_tokens=tokens,
        )
    else:
        embedding = size["vocab_size"] * size["hidden_size"]  # as large as the head that is gone
        step = call(
            "head_training_flops",
            num_parameters=matrices - embedding,
            num_head_parameters=inputs["num_labels"] * size["hidden_size"],
            num_tokens=tokens,
        )
    return [step, attention]


def _less_flops(record: Record) -> tuple[float, str]:
    """Say by what share torch may do less than the formula, and why."""
    if record.inputs.get("early_stop"):
        return 0.08, "torch stops a recomputation before its last product, which nothing needs"
    if not record.inputs.get("inputs_require_grads", True):
        return 0.06, "no gradient is computed below the first adapters, in the first layer"
    return 0.0, ""


# --- Objective ------------------------------------------------------------------------------


def _objective(record: Record) -> Iterator[Comparison]:
    yield from {
        "cross_entropy": _cross_entropy,
        "causal_lm_loss": _causal_lm_loss,
        "accumulated_loss": _accumulated_loss,
        "labels": _labels,
    }[record.kind](record)


def _cross_entropy(record: Record) -> Iterator[Comparison]:
    if (theirs := record.counted["mean"]) is not None:  # a mean over no token is refused
        yield compare(record, "mean loss", "torch", theirs, call("cross_entropy", **record.inputs))


def _causal_lm_loss(record: Record) -> Iterator[Comparison]:
    inputs, counted = record.inputs, record.counted
    if inputs["num_items_in_batch"] is not None:  # a scaled sum, not a mean
        return
    if counted["loss"] is None:  # a mean over no token is refused
        return
    loss = call("causal_lm_loss", logits=inputs["logits"], labels=inputs["labels"])
    yield compare(record, "loss", "transformers", counted["loss"], loss)
    tokens = call("supervised_tokens", labels=inputs["labels"])
    yield compare(record, "tokens with a loss", "transformers", counted["target_tokens"], tokens)


def _accumulated_loss(record: Record) -> Iterator[Comparison]:
    window = {
        "loss_sums": record.counted["micro_batch_sums"],
        "num_tokens": record.inputs["tokens"],
    }
    for what, key, average in (
        ("mean over tokens", "token_mean", "token"),
        ("mean of means", "mean_of_means", "micro-batch"),
    ):
        ours = call("accumulated_loss", **window, average=average)
        yield compare(record, what, "torch", record.counted[key], ours)


_LABELLED = {
    "Transformers collator, padded with <pad>": "pretraining",
    "Transformers collator, padded with <pad>, one text": "pretraining",
    "Transformers collator, padded with <pad>, three texts": "pretraining",
    "TRL, text": "pretraining",
    "TRL, text, truncated": "pretraining",
    "TRL, tokens": "pretraining",
    "TRL, prompt and completion, loss on both": "pretraining",
    "TRL, prompt and completion, swapped": "completion",
    "TRL, prompt and completion, truncated": "completion",
    "TRL, messages of one turn, loss on the assistant": "assistant",
    "TRL, tokens and completion_mask, left at the default": "pretraining",
    "TRL, tokens and completion_mask": "masked",
    "TRL, tokens and assistant_masks": "masked",
    "TRL, tokens and both masks": "masked",
    "Transformers collator, padded with <eos>": "pad token",
    "Transformers collator, padded with <eos>, one text": "pad token",
    "Transformers collator, padded with <eos>, three texts": "pad token",
    "TRL, messages": "pretraining",
    "TRL, prompt and completion": "completion",
    "TRL, messages, loss on the assistant": "assistant",
}


def _labels(record: Record) -> Iterator[Comparison]:
    kind = _LABELLED.get(record.id)
    if kind is None:
        return
    inputs = record.inputs
    library = "transformers" if record.id.startswith("Transformers") else "trl"
    for i, (ids, labels) in enumerate(
        zip(inputs["input_ids"], record.counted["labels"], strict=True)
    ):
        mask = inputs.get("attention_mask", [[1] * len(row) for row in inputs["input_ids"]])[i]
        length = sum(mask)
        padding = [dlp.IGNORE_INDEX] * (len(ids) - length)
        if kind == "pad token":
            # Transformers takes every token for padding that has the pad token's id.
            mask = [int(token != inputs["pad_token_id"]) for token in ids]
        if kind in ("pretraining", "pad token"):
            ours = call("pretraining_labels", input_ids=ids, attention_mask=mask)
            yield compare(record, f"labels of sequence {i + 1}", library, labels, ours)
            continue
        if kind == "completion":
            prompt = inputs["prompt_tokens"][i]
            ours = call("completion_labels", input_ids=ids[:length], num_prompt_tokens=prompt)
        elif kind == "masked":
            example = inputs["examples"][i]
            masks = [example[name] for name in example if name.endswith(("_mask", "_masks"))]
            both = [int(all(bits)) for bits in zip(*masks, strict=True)]
            ours = call("assistant_labels", input_ids=ids[:length], assistant_masks=both)
        else:
            # The tokenizer's template says which tokens the assistant spoke; the record has it
            # only in its labels, so this proves no more than the meaning of the mask.
            spoken = [int(label != dlp.IGNORE_INDEX) for label in labels[:length]]
            ours = call("assistant_labels", input_ids=ids[:length], assistant_masks=spoken)
        yield compare(
            record,
            f"labels of sequence {i + 1}",
            library,
            labels,
            ours,
            then=lambda found, padding=padding: found + padding,
        )


_TOPICS: dict[str, Callable[[Record], Iterator[Comparison]]] = {
    "parameters": _parameters,
    "heads": _heads,
    "peft": _peft,
    "updates": _updates,
    "epoch": _updates,
    "states": _model_state,
    "activations": _activations,
    "cache": _cache,
    "gpu": _gpu,
    "compute": _compute,
    "objective": _objective,
}


@cache
def comparisons(topic: str) -> tuple[Comparison, ...]:
    """Compare every record of a topic that a formula speaks of."""
    found = (each for record in records.records(topic) for each in _TOPICS[topic](record))
    return tuple(found)


def comparison(topic: str, identifier: str, what: str) -> Comparison:
    """Return one comparison.

    Raises:
        ValueError: If there is none.
    """
    known = [each for each in comparisons(topic) if each.record.id == identifier]
    for each in known:
        if each.what == what:
            return each
    records.record(topic, identifier)  # says so if there is no such record
    raise ValueError(
        f"{identifier!r} in {topic}.json is compared by {', '.join(each.what for each in known)}, "
        f"not by {what!r}"
    )
