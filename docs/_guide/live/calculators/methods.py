"""What methods keep from step to step: weights, gradients and optimizer states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dlp
from _guide.formats import binary_size, decimal, size
from _guide.live import shown
from _guide.pictures.bars import stacked_bars

if TYPE_CHECKING:
    from typing import Any

    from _guide.live.shown import Page

METHODS = {
    "full": "Full fine-tuning",
    "head-only": "Head only",
    "lora": "LoRA",
    "qlora": "QLoRA",
}
"""The methods of the ledger and what the pages call them."""


def methods(*, page: Page, **values: Any) -> dict[str, str]:
    """Set the methods side by side, draw them, and work full fine-tuning out."""
    head = dlp.classification_head_parameters(
        hidden_size=values["hidden_size"], num_labels=values["num_labels"], bias=False
    )
    call = {
        "num_parameters": values["num_parameters"],
        "num_head_parameters": head,
        "num_adapter_parameters": values["num_adapter_parameters"],
        "dtype": values["dtype"],
        "optimizer": values["optimizer"],
        "master_weights": values["master_weights"],
    }
    ledger = dlp.state_ledger(**call)
    bars = {
        METHODS[method]: {
            part.replace("_", " "): n for part, n in row.items() if n and part != "total"
        }
        for method, row in ledger.items()
    }
    totals = {METHODS[method]: row["total"] for method, row in ledger.items()}
    solved = ""
    if not values["master_weights"]:
        plain = {
            "num_parameters": values["num_parameters"] + head,
            "num_trainable_parameters": values["num_parameters"] + head,
            "dtype": values["dtype"],
            "optimizer": values["optimizer"],
        }
        solved = shown.solution(_FORMULAS, plain, page)
    unit, scale = shown.unit(max(totals.values()))
    full, alone = ledger["full"]["total"], ledger["head-only"]["total"]
    return {
        "status": f"Full fine-tuning keeps {size(full)} ({binary_size(full)}), the head alone "
        f"{size(alone)} ({binary_size(alone)}).",
        "html": f'<p class="outcome"><strong>{size(full)}</strong> ({binary_size(full)}) for full '
        f"fine-tuning, {size(alone)} ({binary_size(alone)}) for the head alone; activations are "
        "left out.</p>"
        + stacked_bars(
            rows={
                label: {part: n / scale for part, n in row.items()} for label, row in bars.items()
            },
            unit=unit,
            number=decimal,
            name="methods",
            title="What four methods keep from step to step",
            summary="; ".join(
                f"{label}: {size(totals[label])}, "
                + ", ".join(f"{part} {size(n)}" for part, n in row.items())
                for label, row in bars.items()
            ),
            caption="",
        )
        + shown.table(
            ("Method", "Decimal", "Binary"),
            [(label, size(n), binary_size(n)) for label, n in totals.items()],
            label="methods",
        )
        + solved
        + shown.code(shown.call("ledger", "state_ledger", call)),
    }


_FORMULAS = (
    dlp.training_memory_bytes,
    dlp.weight_bytes,
    dlp.bytes_per_parameter,
    dlp.bits_per_parameter,
    dlp.gradient_bytes,
    dlp.optimizer_state_bytes,
    dlp.optimizer_bytes_per_parameter,
)
