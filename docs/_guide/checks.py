"""What each question's formulas are checked against: counts and printed numbers, beside our own.

A check takes a comparison of `_guide.evidence`, which the tests assert too. Both numbers are shown;
one that differs by more than it may stops the build.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from _evidence import claims, sources
from _guide import evidence, given
from _guide.formats import count, decimal
from _guide.parts import table
from _guide.questions import question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _evidence.records import Record


@dataclass(frozen=True)
class Check:
    """One number by somebody else, and ours."""

    what: str
    witness: str
    theirs: str
    ours: str
    objection: str = ""
    """How they differ by more than they may."""


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
    written = table(
        ("What", "Witness", "Library or paper", "`dlp`"), rows, name="checks", align="llrr"
    )
    asked = question(number)
    calls = (asked.call, *(call for _, call in asked.also))
    links = evidence.evidence_links(*(call.function.__name__ for call in calls))
    return f"{written}\nThese are a few; all evidence is listed for {links}.\n"


def _counted(
    what: str,
    topic: str,
    identifier: str,
    counted: str,
    *,
    show: Callable[[Any], str] = count,
    by: str = "",
) -> Check:
    """Take one comparison with what a library counted."""
    found = claims.counted(topic, identifier, counted)
    version = found.record.version(found.package)
    witness = f"{version}, {by}" if by else version
    return Check(what, witness, show(found.theirs), show(found.ours), found.objection())


def _printed(*identifiers: str) -> Iterator[Check]:
    """Take printed numbers, as `docs/_evidence/printed/` compares them."""
    for identifier in identifiers:
        row = claims.printed(identifier)
        source = sources.find(row.source)
        digits = len(row.published.partition(".")[2])
        more = 0 if row.rounding == "exact" else 2
        yield Check(
            row.id,
            f"[{source.title}]({source.url}), {row.where}",
            f"{float(row.published):,.{digits}f} {row.unit}",
            f"{decimal(float(row.computed), digits + more)} {row.unit}",
            row.objection(),
        )


def _steps() -> Iterator[Check]:
    releases = ("5.23.0", "4.48.3")
    for release in releases:
        for samples in (given.num_samples, given.uneven_num_samples):
            yield _counted(
                f"Times the weights changed in one epoch of {count(samples)} samples",
                "epoch",
                f"Trainer {release}, N={samples}, b=16, g=4, epochs=1",
                "times the weights changed",
                by="`Trainer`",
            )
    for release in releases:
        for samples, batch, steps in ((1000, 8, 4), (10000, 4, 8)):
            yield _counted(
                f"Updates: {count(samples)} samples, batch size {batch}, {steps} accumulated",
                "updates",
                f"Trainer {release}, N={samples}, b={batch}, g={steps}, epochs=1",
                "updates",
                by="`Trainer`",
            )
    yield from _printed("nanoGPT, tokens per iteration")


def _windows() -> Iterator[Check]:
    for loop, by in (("Trainer 5.23.0", "`Trainer`"), ("hand-written loop", "hand-written loop")):
        for epochs in (1, 2):
            yield _counted(
                f"Weights change after micro-batches: {count(epochs)} epoch"
                f"{'s' if epochs > 1 else ''} of {count(given.drawn_micro_batches)}",
                "updates",
                f"{loop}, N=40, b=4, g=4, epochs={epochs}",
                "weights changed after",
                show=_listed,
                by=by,
            )


def _weights() -> Iterator[Check]:
    for name in ("Llama-2-7B", "Llama-3-8B", "Mistral-7B-v0.1", "Qwen2.5-7B", "GPT-2"):
        yield _counted(f"Parameters of {name}", "parameters", name, "parameters")
    yield _counted(
        "Bytes of the weights of a small Llama in fp32",
        "states",
        "model state, full, AdamW",
        "bytes of weights",
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
        before, after = (claims.counted("parameters", name, "parameters") for name in (short, long))
        theirs, ours = after.theirs - before.theirs, after.ours - before.ours
        yield Check(
            f"Parameters added to {short.split(',')[0]}, context "
            f"{count(_positions_of(before.record))} to {count(_positions_of(after.record))}",
            before.record.version("transformers"),
            count(theirs),
            count(ours),
            before.objection() or after.objection(),
        )
    yield from _printed(
        "Llama-2-7B, 2048 tokens",
        "OPT-13B, one token",
    )


def _positions_of(found: Record) -> int:
    config = found.inputs
    positions: int = config.get("max_position_embeddings") or config["n_positions"]
    return positions


def _heads() -> Iterator[Check]:
    for bias in (False, True):
        yield _counted(
            f"`nn.Linear` {'with' if bias else 'without'} bias",
            "heads",
            f"torch.nn.Linear(2048, 8, bias={bias})",
            "parameters of the head",
        )
    for name in (
        "LlamaForTokenClassification",
        "LlamaForSequenceClassification",
        "GPT2ForTokenClassification",
        "GPT2ForSequenceClassification",
        "BertForTokenClassification",
        "RobertaForSequenceClassification",
    ):
        yield _counted(
            f"Head of `{name}`", "heads", f"{name}, 2048 wide, 8 labels", "parameters of the head"
        )
    yield from _printed("PEFT ViT-base, r=16 on q and v, and its head")


def _states() -> Iterator[Check]:
    labels = {"full": "full", "head-only": "head only", "lora": "LoRA"}
    for method, label in labels.items():
        for what, counted in (
            ("Gradient bytes", "bytes of gradients"),
            ("Optimizer bytes", "bytes of optimizer states"),
        ):
            yield _counted(f"{what}, {label}", "states", f"model state, {method}, AdamW", counted)
    for method in ("full", "lora on q_proj+v_proj", "lora on all-linear", "head-only"):
        yield _counted(
            f"Bytes kept by a layer of a small Llama, {method}",
            "activations",
            f"a layer, Llama, grouped queries, {method}, sdpa, 4 x 256, fp32",
            "bytes kept by a layer",
        )
    for method, how in (("full", "full"), ("lora", "lora on c_attn"), ("head-only", "head-only")):
        yield _counted(
            f"Bytes kept by a layer of GPT-2's shape, exact GELU, {labels[method]}",
            "activations",
            f"a layer, GPT-2 with gelu, {how}, eager, 2 x 256, fp32",
            "bytes kept by a layer",
        )
    yield from _printed(
        "ZeRO Figure 1, stage 0",
        "Transformers, bytes per parameter",
        "CS336, bytes per parameter",
        "A layer of GPT-3, coefficient of sbh",
    )


def _objectives() -> Iterator[Check]:
    def five_digits(loss: float) -> str:
        return f"{loss:.5f}"

    for name in ("cross-entropy, every token", "cross-entropy, two ignored"):
        yield _counted(name.capitalize(), "objective", name, "mean loss", show=five_digits)
    for name in ("all tokens", "prompt masked"):
        yield _counted(
            f"Loss of a causal language model, {name}",
            "objective",
            f"causal language model loss, {name}",
            "loss",
            show=five_digits,
        )
    for number, what in enumerate(("a padded text", "a text without padding"), start=1):
        yield _counted(
            f"Labels of {what}",
            "objective",
            "Transformers collator, padded with <pad>",
            f"labels of sequence {number}",
            show=_listed,
            by="collator",
        )
    yield _counted(
        "Labels of a prompt and its completion",
        "objective",
        "TRL, prompt and completion",
        "labels of sequence 1",
        show=_listed,
        by="`SFTTrainer`",
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
        model, *setup = name.split(", ")
        yield _counted(
            f"Trained in {model}: {', '.join(setup)}", "peft", name, "trainable parameters"
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


def _listed(items: Iterable[int]) -> str:
    """List whole numbers, a run of one label written once."""
    runs = ((item, len(list(run))) for item, run in groupby(items))
    return ", ".join(f"{length} × ({item})" if length > 1 else str(item) for item, length in runs)
