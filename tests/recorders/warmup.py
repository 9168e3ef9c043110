"""How many updates the arguments of a run take for warm-up, and when its rate is at its highest."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from tests.recorders.updates import Gauge, make_data

if TYPE_CHECKING:
    from tests.recorders.common import Record, Untyped

PACKAGES = ("transformers",)


class Rates(TrainerCallback):
    """What the learning rate is in each update."""

    def __init__(self) -> None:
        """Begin with none."""
        self.rates: list[float] = []

    def on_pre_optimizer_step(self, *_: Untyped, optimizer: Untyped, **__: Untyped) -> None:
        """Keep it before each step."""
        self.rates.append(optimizer.param_groups[0]["lr"])


def train(folder: str, updates: int, inputs: dict[str, Any]) -> list[float]:
    """Train the gauge for so many updates; give the rate of each."""
    rates = Rates()
    trainer = Trainer(
        model=Gauge(updates),
        train_dataset=make_data(1),
        callbacks=[rates],
        args=TrainingArguments(
            output_dir=folder,
            max_steps=updates,
            optim="sgd",
            use_cpu=True,
            disable_tqdm=True,
            dataloader_pin_memory=False,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            **inputs,
        ),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return rates.rates


def count(setup: Record) -> Record:
    """Ask the arguments; of a short run, see in which update the rate is at its highest."""
    inputs = dict(setup["inputs"])
    total = inputs.pop("num_training_steps")
    with TemporaryDirectory() as folder:
        args = TrainingArguments(output_dir=folder, use_cpu=True, report_to="none", **inputs)
        counted = {"warmup": args.get_warmup_steps(total)}
        if total <= 100 and counted["warmup"] < total:
            rates = train(folder, total, inputs)
            counted["updates_before_the_highest"] = rates.index(max(rates))
    return {"counted": counted}
