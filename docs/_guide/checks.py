"""What each question's formulas are checked against: counts and printed numbers, beside our own.

A check takes a count recorded in `tests/libraries/` or a number printed in a source, kept in
`tests/published/`, and the value of our formula for the same inputs. Both are shown; one that
differs by more than its printed digits allow stops the build.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import dlp
from _guide import given, witnesses
from _guide.formats import count, decimal
from _guide.parts import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True)
class Check:
    """One number by somebody else, and ours."""

    what: str
    witness: str
    theirs: str
    ours: str
    objection: str = ""
    """How they differ by more than the printed digits allow; counts must be equal as written."""


def checked(number: int) -> str:
    """Write the table of checks of a question.

    Raises:
        ValueError: If one of our values is not what the witness counted.
    """
    checks = list(_CHECKS[number]())
    for check in checks:
        if check.objection:
            raise ValueError(f"{check.what}: {check.objection}")
    rows = [(check.what, check.witness, check.theirs, f"{check.ours} ✓") for check in checks]
    return table(
        ("What", "Witness", "Library or paper", "`dlp`"), rows, name="checks", align="llrr"
    )


def _counted(what: str, witness: str, theirs: str, ours: str) -> Check:
    """Compare a recorded count with ours: they must be the same to the last digit."""
    return Check(what, witness, theirs, ours, "" if theirs == ours else f"{theirs}, but we {ours}")


def _printed(*identifiers: str) -> Iterator[Check]:
    """Compare printed numbers with ours, as `tests/published/` does."""
    for identifier in identifiers:
        row = witnesses.published(identifier)
        source = witnesses.published_source(row.source)
        digits = len(row.published.partition(".")[2])
        theirs = float(row.published)
        ours = float(row.computed())
        yield Check(
            row.id,
            f"[{source['name']}]({source['url']}), {row.where}",
            f"{theirs:,.{digits}f} {row.unit}",
            f"{decimal(ours, digits if row.rounding == 'exact' else digits + 2)} {row.unit}",
            row.objection(),
        )


def _steps() -> Iterator[Check]:
    for release, window in (("5.23.0", "step"), ("4.48.3", "skip")):
        for samples in (given.num_samples, given.uneven_num_samples):
            found = witnesses.record(
                "epoch", f"Trainer {release}, N={samples}, b=16, g=4, epochs=1"
            )
            ours = dlp.updates_per_epoch(
                num_samples=samples,
                per_device_train_batch_size=given.per_device_train_batch_size,
                gradient_accumulation_steps=given.gradient_accumulation_steps,
                last_window=window,
            )
            yield _counted(
                f"Times the weights changed in one epoch of {count(samples)} samples",
                _versioned(found, "Trainer"),
                count(found["counted"]["times_changed"]),
                count(ours),
            )
    for release, window in (("5.23.0", "step"), ("4.48.3", "skip")):
        for samples, batch, steps in ((1000, 8, 4), (10000, 4, 8)):
            case = f"Trainer {release}, N={samples}, b={batch}, g={steps}, epochs=1"
            found = witnesses.record("updates", case)
            inputs = found["inputs"]
            ours = dlp.updates_per_epoch(
                num_samples=inputs["num_samples"],
                per_device_train_batch_size=inputs["per_device_train_batch_size"],
                gradient_accumulation_steps=inputs["gradient_accumulation_steps"],
                drop_last=inputs["dataloader_drop_last"],
                last_window=window,
            )
            yield _counted(
                f"Updates: {count(samples)} samples, batch size {batch}, {steps} accumulated",
                _versioned(found, "Trainer"),
                count(found["counted"]["updates"]),
                count(ours),
            )
    yield from _printed(
        "nanoGPT, tokens per iteration",
    )


def _windows() -> Iterator[Check]:
    for loop, leftover in (("Trainer 5.23.0", "step"), ("hand-written loop", "leak")):
        for epochs in (1, 2):
            found = witnesses.record("updates", f"{loop}, N=40, b=4, g=4, epochs={epochs}")
            inputs = found["inputs"]
            windows = dlp.accumulation_windows(
                num_micro_batches=given.drawn_micro_batches,
                gradient_accumulation_steps=inputs["gradient_accumulation_steps"],
                num_train_epochs=epochs,
                leftover=leftover,
            )
            yield _counted(
                f"Weights change after micro-batches: {count(epochs)} epoch"
                f"{'s' if epochs > 1 else ''} of {count(given.drawn_micro_batches)}",
                _versioned(found, loop),
                _listed(found["counted"]["changed_after"]),
                _listed(window[-1] for window in windows),
            )


def _weights() -> Iterator[Check]:
    for name in ("Llama-2-7B", "Llama-3-8B", "Mistral-7B-v0.1", "Qwen2.5-7B", "GPT-2"):
        found = witnesses.record("parameters", name)
        parameters = dlp.parameter_count(config=found["inputs"])
        yield _counted(
            f"Parameters of {name}",
            witnesses.version("parameters", "transformers"),
            count(found["counted"]["total"]),
            count(parameters),
        )
    found = witnesses.record("states", "model state, full, AdamW")
    yield _counted(
        "Bytes of the weights of a small Llama in fp32",
        witnesses.version("states", "torch"),
        count(found["counted"]["weight_bytes"]),
        count(dlp.weight_bytes(num_parameters=found["counted"]["parameters"])),
    )
    yield from _printed(
        "Llama 3.1 8B in fp16",
        "Llama 3.1 70B in int4",
        "GPT-3 checkpoint in fp16",
    )


def _positions() -> Iterator[Check]:
    for short, long in (
        ("Llama-2-7B, 2048 positions", "Llama-2-7B, 8000 positions"),
        ("GPT-2", "GPT-2, 8000 positions"),
        ("OPT-6.7B", "OPT-6.7B, 8000 positions"),
    ):
        before, after = (witnesses.record("parameters", name) for name in (short, long))
        config = before["inputs"]
        width = config.get("hidden_size", config.get("n_embd"))
        rows = [
            found["inputs"].get("max_position_embeddings", found["inputs"].get("n_positions"))
            for found in (before, after)
        ]
        growth = [
            dlp.position_table_parameters(max_position_embeddings=row, hidden_size=width)
            for row in rows
        ]
        learned = config["model_type"] in {"gpt2", "opt"}
        yield _counted(
            f"Parameters added to {short.split(',')[0]}, context {count(rows[0])} to "
            f"{count(rows[1])}",
            witnesses.version("parameters", "transformers"),
            count(after["counted"]["total"] - before["counted"]["total"]),
            count(growth[1] - growth[0] if learned else 0),
        )
    yield from _printed(
        "Llama-2-7B, 2048 tokens",
        "OPT-13B, one token",
    )


def _heads() -> Iterator[Check]:
    for bias in (False, True):
        found = witnesses.record("heads", f"torch.nn.Linear(2048, 8, bias={bias})")
        ours = dlp.classification_head_parameters(
            hidden_size=given.hidden_size, num_labels=given.num_labels, bias=bias
        )
        yield _counted(
            f"`nn.Linear` {'with' if bias else 'without'} bias",
            witnesses.version("heads", "torch"),
            count(found["counted"]["total"]),
            count(ours),
        )
    for name, task in (
        ("LlamaForTokenClassification", "token-classification"),
        ("LlamaForSequenceClassification", "sequence-classification"),
        ("GPT2ForTokenClassification", "token-classification"),
        ("GPT2ForSequenceClassification", "sequence-classification"),
        ("BertForTokenClassification", "token-classification"),
        ("RobertaForSequenceClassification", "sequence-classification"),
    ):
        found = witnesses.record("heads", f"{name}, 2048 wide, 8 labels")
        ours = dlp.transformers_head_parameters(
            model_type=found["inputs"]["model_type"],
            task=task,
            hidden_size=given.hidden_size,
            num_labels=given.num_labels,
        )
        yield _counted(
            f"Head of `{name}`",
            witnesses.version("heads", "transformers"),
            count(found["counted"]["total"]),
            count(ours),
        )
    yield from _printed(
        "PEFT ViT-base, r=16 on q and v, and its head",
    )


def _states() -> Iterator[Check]:
    labels = {"full": "full", "head-only": "head only", "lora": "LoRA"}
    for method, label in labels.items():
        found = witnesses.record("states", f"model state, {method}, AdamW")["counted"]
        for part, ours in (
            ("gradient", dlp.gradient_bytes(num_trainable_parameters=found["trainable"])),
            ("optimizer", dlp.optimizer_state_bytes(num_trainable_parameters=found["trainable"])),
        ):
            yield _counted(
                f"{part.capitalize()} bytes, {label}",
                witnesses.version("states", "torch"),
                count(found[f"{part}_bytes"]),
                count(ours),
            )
    for method in ("full", "lora", "head-only"):
        yield _kept(method, labels[method])
    yield from _printed(
        "ZeRO, 7.5B on one device",
        "Transformers, bytes per parameter",
        "CS336, bytes per parameter",
        "A layer of GPT-3, coefficient of sbh",
    )


def _kept(method: str, label: str) -> Check:
    """Compare what one layer really keeps with the formula, the known differences added.

    The paper counts masks of one byte. A CPU keeps them as numbers of the layer's own format, and
    each norm keeps a mean and a deviation for each token; LoRA keeps its low-rank output too.
    """
    found = witnesses.record(
        "states", f"saved for backward, a layer, GPT-2 shape with gelu, {method}, eager, 256 tokens"
    )
    inputs = found["inputs"]
    size_of = dlp.transformer_dimensions(config=inputs["config"])
    shape: dict[str, Any] = {
        "per_device_train_batch_size": inputs["per_device_train_batch_size"],
        "sequence_length": inputs["sequence_length"],
        "hidden_size": size_of["hidden_size"],
        "num_attention_heads": size_of["num_attention_heads"],
    }
    kept = dlp.saved_activations(**shape, method=method, dtype="fp32")
    element = int(dlp.bytes_per_parameter(dtype="fp32"))
    masks = (element - 1) * sum(n for name, n in kept.items() if "mask" in name)
    tokens = shape["per_device_train_batch_size"] * shape["sequence_length"]
    norms = 2 * 2 * tokens * element if kept else 0
    low_rank = tokens * given.r * element if method == "lora" else 0
    return _counted(
        f"Bytes kept by a layer of GPT-2's shape, exact GELU, {label}",
        witnesses.version("states", "torch"),
        count(found["counted"]["saved_bytes_per_layer"]),
        count(sum(kept.values()) + masks + norms + low_rank),
    )


def _objectives() -> Iterator[Check]:
    for name in ("cross-entropy, every token", "cross-entropy, two ignored"):
        found = witnesses.record("objective", name)
        inputs = found["inputs"]
        yield _counted(
            name.capitalize(),
            witnesses.version("objective", "torch"),
            f"{found['counted']['mean']:.5f}",
            f"{dlp.cross_entropy(logits=inputs['logits'], labels=inputs['labels']):.5f}",
        )
    for name in ("all tokens", "prompt masked"):
        found = witnesses.record("objective", f"causal language model loss, {name}")
        inputs = found["inputs"]
        yield _counted(
            f"Loss of a causal language model, {name}",
            witnesses.version("objective", "transformers"),
            f"{found['counted']['loss']:.5f}",
            f"{dlp.causal_lm_loss(logits=inputs['logits'], labels=inputs['labels']):.5f}",
        )
    padded = witnesses.record("objective", "Transformers collator, padded with <pad>")
    for i, ids in enumerate(padded["inputs"]["input_ids"]):
        labels = dlp.pretraining_labels(
            input_ids=ids, attention_mask=padded["inputs"]["attention_mask"][i]
        )
        yield _counted(
            "Labels of a padded text" if i == 0 else "Labels of a text without padding",
            f"{witnesses.version('objective', 'transformers')}, collator",
            _listed(padded["counted"]["labels"][i]),
            _listed(labels),
        )
    chosen = witnesses.record("objective", "TRL, prompt and completion")
    ids = chosen["inputs"]["input_ids"][0]
    yield _counted(
        "Labels of a prompt and its completion",
        f"{witnesses.version('objective', 'trl')}, `SFTTrainer`",
        _listed(chosen["counted"]["labels"][0]),
        _listed(
            dlp.completion_labels(
                input_ids=ids, num_prompt_tokens=chosen["inputs"]["prompt_tokens"][0]
            )
        ),
    )


def _adapters() -> Iterator[Check]:
    for name in (
        "Llama-2-7B, r=4, q_proj+v_proj",
        "Llama-2-7B, r=8, q_proj+v_proj",
        "Llama-2-7B, r=16, q_proj+v_proj",
        "Llama-2-7B, r=64, q_proj+v_proj",
        "Llama-2-7B, r=8, all-linear",
        "Mistral-7B-v0.1, r=8, q_proj+v_proj",
        "GPT-2, r=8, c_attn, bias=all",
        "Llama-3-8B, r=8, all-linear, use_dora=True",
    ):
        found = witnesses.record("lora", name)
        inputs = found["inputs"]
        ours = dlp.lora_model_parameters(
            config=inputs["config"],
            r=inputs["r"],
            target_modules=inputs["target_modules"],
            bias=inputs["bias"],
            use_dora=inputs["use_dora"],
        )
        model, *setup = name.split(", ")
        yield _counted(
            f"Trained in {model}: {', '.join(setup)}",
            witnesses.version("lora", "peft"),
            count(found["counted"]["trainable"]),
            count(ours),
        )
    yield from _printed(
        "LoRA Table 15, q+v, r=1",
        "LoRA Table 15, q+v, r=8",
        "LoRA Table 15, q+k+v+o, r=4",
    )


_CHECKS = {
    1: _steps,
    2: _windows,
    3: _weights,
    4: _positions,
    5: _heads,
    6: _states,
    7: _objectives,
    8: _adapters,
}


def _versioned(found: dict[str, Any], loop: str) -> str:
    """Name the training loop that counted: the `Trainer` of a release, or one of PyTorch."""
    if "versions" in found:
        return f"Transformers {found['versions']['transformers']}, `Trainer`"
    return f"{witnesses.version('updates', 'torch')}, {loop}"


def _listed(items: Iterable[int]) -> str:
    """List whole numbers, a run of one label written once."""
    runs = ((item, len(list(run))) for item, run in groupby(items))
    return ", ".join(f"{length} × ({item})" if length > 1 else str(item) for item, length in runs)
