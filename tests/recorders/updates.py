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

from tests.recorders.common import Record

PACKAGES = ("accelerate", "torch", "transformers")


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


def count(setup: Record) -> Record:
    """Run the loop that a setup names with the installed release."""
    run = run_by_hand if setup["loop"] == "hand-written" else run_trainer
    return {"counted": run(setup["inputs"])}
