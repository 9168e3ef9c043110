"""When an optimizer changes the weights, as the real `Trainer` and a hand-written loop do it.

The model is a gauge. It has one weight per micro-batch of the run, and the loss of micro-batch
number n is weight n, so its gradient is 1 in place n and 0 elsewhere. With plain SGD at a
learning rate of 1 an update then subtracts, from the weight of every micro-batch that it saw,
the factor by which the loop scaled that micro-batch's loss.
"""

from __future__ import annotations

import math
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainingArguments

from tests.recorders.common import Record, installed_versions

PACKAGES = ("accelerate", "torch", "transformers")

GRID: tuple[tuple[int, int, int, bool, float], ...] = (
    (1000, 8, 4, False, 1),
    (1000, 8, 4, True, 1),
    (1000, 8, 1, False, 1),
    (1000, 32, 1, False, 1),
    (1000, 16, 2, False, 1),
    (1000, 10, 3, False, 3),
    (1003, 8, 4, False, 1),
    (1003, 8, 4, True, 1),
    (100, 8, 4, False, 1),
    (100, 8, 4, True, 1),
    (100, 8, 4, False, 2.5),
    (10000, 4, 8, False, 1),
    (64, 16, 4, False, 1),
    (64, 16, 4, False, 3),
    (65, 16, 4, False, 1),
    (65, 16, 4, True, 1),
    (65, 16, 4, False, 2),
    (40, 4, 4, False, 1),
    (40, 4, 4, False, 2),
    (40, 4, 4, True, 2),
    (40, 4, 4, False, 1.5),
    (40, 4, 5, False, 2),
    (41, 4, 5, False, 2),
    (41, 4, 5, True, 2),
    (12, 1, 5, False, 3),
    (10, 4, 8, False, 1),
    (10, 4, 8, False, 3),
    (9, 2, 2, False, 3),
    (9, 2, 2, True, 3),
    (7, 3, 2, False, 1),
    (5, 8, 4, False, 2),
    (3, 2, 2, False, 1),
    # Epochs shorter than one window.
    (6, 2, 4, False, 2),
    (7, 2, 8, False, 2),
    (16, 4, 8, False, 1),
    (9, 4, 8, False, 2),
    (9, 4, 8, True, 2),
    # Cases that people asked about: issues 36297 and 31677 of Transformers, 4783 of LLaMA-Factory.
    (91, 20, 2, False, 10),
    (91, 20, 2, True, 10),
    (101, 2, 2, False, 3),
    (900, 2, 8, False, 10),
    (148, 2, 16, False, 4),
    (3668, 8, 1, False, 3),
    (4107, 8, 8, False, 2),
    (17, 4, 3, False, 4),
    (50, 7, 4, False, 3),
    (50, 7, 4, True, 3),
    (29, 1, 16, False, 2),
    (128, 16, 8, False, 5),
    (127, 16, 8, True, 5),
    (33, 32, 2, False, 3),
    (33, 32, 2, True, 3),
)
"""Samples, batch size, accumulation steps, whether to drop the last batch, epochs."""

HAND_WRITTEN_GRID: tuple[tuple[int, int, int, bool, int], ...] = (
    (64, 16, 4, False, 3),
    (65, 16, 4, False, 2),
    (40, 4, 4, False, 1),
    (40, 4, 4, False, 2),
    (40, 4, 5, False, 2),
    (41, 4, 5, True, 2),
    (12, 1, 5, False, 3),
    (10, 4, 8, False, 1),
    (10, 4, 8, False, 3),
    (9, 2, 2, False, 3),
)
"""The same, for the loop written by hand; whole epochs only."""


def make_data(num_samples: int) -> list[dict[str, torch.Tensor]]:
    """Make a data set of so many samples, each the number 1."""
    return [{"sample": torch.ones(())}] * num_samples


class Gauge(torch.nn.Module):
    """A model that sees, at each micro-batch, whether its weights have changed since the last."""

    def __init__(self, most_micro_batches: int) -> None:
        """Make room for at most so many micro-batches."""
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(most_micro_batches))
        self.micro_batches = 0
        self.changed_after: list[int] = []
        self.contributions: list[list[int]] = []
        self.scales: list[float] = []
        self._before = self.weight.detach().clone()

    def forward(self, sample: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return a loss that only this micro-batch's weight enters."""
        self.look()
        loss = self.weight[self.micro_batches] * sample.mean()
        self.micro_batches += 1
        return {"loss": loss}

    def look(self) -> None:
        """Note an update made since the last look, and which micro-batches entered it."""
        step = self._before - self.weight.detach()
        contributors = step.nonzero().flatten().tolist()
        if contributors:
            self.changed_after.append(self.micro_batches)
            self.contributions.append([place + 1 for place in contributors])
            self.scales.append(round(float(step[contributors[0]]), 6))
            self._before = self.weight.detach().clone()

    def readings(self) -> dict[str, Any]:
        """Return what was seen: every micro-batch is named by its number in the run, from 1."""
        self.look()
        return {
            "micro_batches": self.micro_batches,
            "changed_after": self.changed_after,
            "micro_batches_per_update": [len(found) for found in self.contributions],
            "loss_scale_of_first_update": self.scales[0] if self.scales else None,
            "loss_scale_of_last_update": self.scales[-1] if self.scales else None,
        }


def run_trainer(inputs: dict[str, Any]) -> dict[str, Any]:
    """Train the gauge with Transformers' `Trainer`.

    Args:
        inputs: `num_samples`, and arguments of `TrainingArguments`.

    Returns:
        The gauge's readings, and what the trainer itself planned and counted.
    """
    options = {name: value for name, value in inputs.items() if name != "num_samples"}
    batches = math.ceil(inputs["num_samples"] / inputs["per_device_train_batch_size"])
    gauge = Gauge(batches * math.ceil(inputs["num_train_epochs"]))
    with TemporaryDirectory() as folder:
        trainer = Trainer(
            model=gauge,
            train_dataset=make_data(inputs["num_samples"]),
            args=TrainingArguments(
                output_dir=folder,
                optim="sgd",
                learning_rate=1.0,
                lr_scheduler_type="constant",
                max_grad_norm=0.0,
                use_cpu=True,
                dataloader_pin_memory=False,
                disable_tqdm=True,
                save_strategy="no",
                logging_strategy="no",
                report_to="none",
                **options,
            ),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return {
        "planned_updates": trainer.state.max_steps,
        "updates": trainer.state.global_step,
        "epochs": round(trainer.state.epoch or 0.0, 6),
        **gauge.readings(),
    }


def run_by_hand(inputs: dict[str, Any]) -> dict[str, Any]:
    """Train the gauge with the loop that most tutorials show.

    The count of micro-batches starts again at 1 in each epoch and the gradients are cleared only
    after an update, so what is left of an epoch flows into the next, or is lost at the end.

    Args:
        inputs: The same names as for `run_trainer`.

    Returns:
        The gauge's readings, which micro-batches entered each update, and which entered none.
    """
    accumulation = inputs["gradient_accumulation_steps"]
    samples: Any = make_data(inputs["num_samples"])
    loader: Any = DataLoader(
        samples,
        batch_size=inputs["per_device_train_batch_size"],
        drop_last=inputs["dataloader_drop_last"],
    )
    model = Gauge(len(loader) * inputs["num_train_epochs"])
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    for _epoch in range(inputs["num_train_epochs"]):
        for step, batch in enumerate(loader, start=1):
            loss = model(**batch)["loss"] / accumulation
            loss.backward()
            if step % accumulation == 0:
                optimizer.step()
                optimizer.zero_grad()
    readings = model.readings()
    applied = {number for found in model.contributions for number in found}
    return {
        "updates": len(model.changed_after),
        **readings,
        "contributions": model.contributions,
        "never_applied": sorted(set(range(1, model.micro_batches + 1)) - applied),
    }


def trainer_inputs(case: tuple[int, int, int, bool, float]) -> dict[str, Any]:
    """Name the numbers of a case as `TrainingArguments` does."""
    names = (
        "num_samples",
        "per_device_train_batch_size",
        "gradient_accumulation_steps",
        "dataloader_drop_last",
        "num_train_epochs",
    )
    return dict(zip(names, case, strict=True))


def describe(inputs: dict[str, Any]) -> str:
    """Write a case on one line."""
    dropped = ", last batch dropped" if inputs["dataloader_drop_last"] else ""
    return (
        f"N={inputs['num_samples']}, b={inputs['per_device_train_batch_size']}, "
        f"g={inputs['gradient_accumulation_steps']}, epochs={inputs['num_train_epochs']}{dropped}"
    )


def records() -> list[Record]:
    """Run both grids with the installed release; each record names its versions."""
    found: list[Record] = []
    for by_hand in HAND_WRITTEN_GRID:
        inputs = trainer_inputs(by_hand)
        found.append(
            {
                "id": f"hand-written loop, {describe(inputs)}",
                "loop": "hand-written",
                "inputs": inputs,
                "counted": run_by_hand(inputs),
            }
        )
    versions = installed_versions(PACKAGES)
    for case in GRID:
        inputs = trainer_inputs(case)
        found.append(
            {
                "id": f"Trainer {versions['transformers']}, {describe(inputs)}",
                "loop": "Trainer",
                "versions": versions,
                "inputs": inputs,
                "counted": run_trainer(inputs),
            }
        )
    return found
