"""The run of "Will it fit?", what is changed of it, and its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dlp
from _evidence.records import record
from _guide import given, pictures
from _guide.formats import binary_size, count, decimal
from _guide.live.calculators import peak
from _guide.live.calculators.peak import MOMENTS
from _guide.pictures.step import KINDS

if TYPE_CHECKING:
    from dlp.peak import Peak

HOLDS = {
    "forward end": "what all layers keep, the logits, the loss",
    "loss backward": "the same; the probabilities and gradients of the logits",
    "layer backward": "what the layers below keep; this layer computed again, and its gradients",
    "backward end": "the gradients of all that is trained",
    "update": "these gradients, and copies that the optimizer makes",
}
"""What a moment holds beside weights, adapters and optimizer states."""

PHASES = {
    "forward": ("forward end",),
    "loss": ("loss backward",),
    "backward": ("layer backward", "backward end"),
    "update": ("update",),
}
"""The phases that are drawn, and the moments whose traces are in them."""

STEPS = {
    "LoRA": "LoRA, checkpointed",
    "LoRA, loss in tiles": "LoRA, checkpointed, a fused loss",
    "Full fine-tuning, AdamW over lists": "full fine-tuning, checkpointed",
}
"""The three steps that are drawn, and the records of their traces."""


def run(
    lora: dict[str, Any] | None = None, quantization: dict[str, Any] | None = None, **changes: Any
) -> Peak:
    """Reckon the run of the page.

    Args:
        lora: What is changed of its adapters.
        quantization: How its weights are quantized, if they are.
        **changes: What is changed of its training.
    """
    return dlp.peak_memory(
        config=dlp.LLAMA_3_8B,
        training={**given.fit_training, **changes},
        lora={**given.fit_lora, **(lora or {})},
        quantization=quantization,
    )


def levers() -> dict[str, Peak]:
    """Reckon the run as it stands, and with one thing changed at a time."""
    batch = given.fit_training["per_device_train_batch_size"]
    length = given.fit_training["max_length"]
    return {
        "as it stands": run(),
        f"batch {batch // 2} instead of {batch}": run(per_device_train_batch_size=batch // 2),
        f"length {count(length // 2)} instead of {count(length)}": run(max_length=length // 2),
        "Liger's kernels": run(use_liger_kernel=True),
        "eight-bit states": run(optim="adamw_bnb_8bit"),
        "paged eight-bit states": run(optim="paged_adamw_8bit"),
        **{f"rank {r}": run(lora={"r": r}) for r in given.fit_ranks},
        "four-bit weights": run(quantization=given.fit_nf4),
        "four-bit weights, Liger's kernels": run(quantization=given.fit_nf4, use_liger_kernel=True),
    }


def verdict(step: Peak) -> str:
    """Say whether a step fits the card of the page."""
    return peak.verdict(step, given.fit_card)


def moment_of(step: Peak) -> str:
    """Name the moment that decides."""
    return MOMENTS[step["moment"]]


def by_kind(parts: dict[str, int]) -> dict[str, int]:
    """Add up the parts of a moment that are drawn in one colour."""
    return {kind: sum(parts.get(part, 0) for part in held) for kind, (_, held) in KINDS.items()}


def levers_picture(**about: str) -> str:
    """Draw what each lever leaves at the peak."""
    rows = {name: by_kind(step["moments"][step["moment"]]) for name, step in levers().items()}
    return pictures.stacked_bars(
        rows={
            name: {kind: dlp.gibibytes(num_bytes=n) for kind, n in row.items()}
            for name, row in rows.items()
        },
        unit="GiB",
        number=decimal,
        summary="; ".join(
            f"{name}: {binary_size(sum(row.values()))}, "
            + ", ".join(f"{kind} {binary_size(n)}" for kind, n in row.items() if n)
            for name, row in rows.items()
        ),
        **about,
    )


def steps() -> dict[str, Peak]:
    """Reckon the three steps, by the arguments that their traces had."""
    return {title: dlp.peak_memory(**record("step", name).inputs) for title, name in STEPS.items()}


def steps_picture(**about: str) -> str:
    """Draw the three steps, each with its trace over it."""
    panels: dict[str, pictures.Panel] = {}
    said = []
    for title, step in steps().items():
        counted = record("step", STEPS[title]).counted
        panels[title] = {
            "moments": {
                moment: {part: dlp.gibibytes(num_bytes=n) for part, n in parts.items()}
                for moment, parts in step["moments"].items()
            },
            "traced": {
                phase: [
                    dlp.gibibytes(num_bytes=n)
                    for moment in moments
                    for n in counted["phases"][moment]
                ]
                for phase, moments in PHASES.items()
            },
            "layers": dlp.transformer_dimensions(config=dlp.LLAMA_3_8B)["num_hidden_layers"],
        }
        parts = step["moments"][step["moment"]]
        said.append(
            f"{title}: {binary_size(step['peak'])} when {moment_of(step)}, traced "
            f"{binary_size(counted['peak'])}, "
            + ", ".join(f"{kind} {binary_size(n)}" for kind, n in by_kind(parts).items() if n)
        )
    return pictures.training_step(
        panels=panels,
        cards=given.drawn_cards,
        unit="GiB",
        summary="; ".join(said),
        **about,
    )


def moments_table() -> list[tuple[str, str, str]]:
    """List the moments of the run: their name, what they hold, and how much."""
    step = run()
    rows = []
    for moment, parts in step["moments"].items():
        amount = binary_size(sum(parts.values()))
        decides = moment == step["moment"]
        words = f"{MOMENTS[moment]}"
        rows.append((f"**{words}**" if decides else words, HOLDS[moment], amount))
    return rows
