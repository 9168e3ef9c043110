"""Parts of epochs, resuming, streams and schedulers, as the real libraries have them.

The model is the gauge of the topic `updates`. What several processes do is asked of loaders that
are told how many there are, or of real processes where it must be.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from accelerate import Accelerator, debug_launcher
from accelerate.data_loader import prepare_data_loader
from accelerate.state import AcceleratorState, GradientState
from torch.utils.data import DataLoader, IterableDataset
from transformers import PrinterCallback, Trainer, TrainingArguments

from tests.recorders.updates import Gauge, make_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.recorders.common import Record, Untyped

PACKAGES = ("accelerate", "torch", "transformers")

MOST = 1000
"""More micro-batches than any run here has that does not say how many updates it makes."""


class Watched(Trainer):
    """A trainer that keeps what it tells itself before it starts."""

    planned: tuple[int, int]
    resumed: tuple[int, int]

    def set_initial_training_values(self, *args: Untyped, **more: Untyped) -> Untyped:
        """Keep the epochs and the updates that are planned."""
        found = super().set_initial_training_values(*args, **more)
        self.planned = (found[0], found[-1])
        return found

    def _init_training_state(self, *args: Untyped, **more: Untyped) -> Untyped:
        self.resumed = super()._init_training_state(*args, **more)
        return self.resumed


def make_trainer(folder: str, inputs: dict[str, Any], **options: Untyped) -> Watched:
    """Build the trainer of the gauge; `inputs` are `num_samples` and training arguments."""
    given = {name: value for name, value in inputs.items() if name != "num_samples"}
    data: Untyped = make_data(inputs["num_samples"])
    if "train_sampling_strategy" in inputs:  # which looks at lengths
        data = [each | {"input_ids": [0] * (1 + n % 7)} for n, each in enumerate(data)]
    trainer = Watched(
        model=Gauge(max(MOST, inputs.get("max_steps", 0))),
        train_dataset=data,
        args=TrainingArguments(
            output_dir=folder,
            optim="sgd",
            max_grad_norm=0.0,
            use_cpu=True,
            dataloader_pin_memory=False,
            disable_tqdm=True,
            logging_strategy="no",
            report_to="none",
            **{"save_strategy": "no", "learning_rate": 1.0, **options, **given},
        ),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def count_run(inputs: dict[str, Any]) -> dict[str, Any]:
    """Train; say what was planned and what was done."""
    with TemporaryDirectory() as folder:
        trainer = make_trainer(folder, inputs, lr_scheduler_type="constant")
        trainer.train()
    gauge: Any = trainer.model
    return {
        "epochs_planned": trainer.planned[0],
        "updates_planned": trainer.planned[1],
        "updates": trainer.state.global_step,
        "micro_batches": gauge.micro_batches,
    }


def count_resumed(inputs: dict[str, Any]) -> dict[str, Any]:
    """Train up to a checkpoint, go on from it, and say where that was."""
    inputs = dict(inputs)
    step, then = inputs.pop("global_step"), inputs.pop("then", {})
    with TemporaryDirectory() as folder:
        saving = {"save_strategy": "steps", "save_steps": step, "lr_scheduler_type": "constant"}
        make_trainer(folder, {**inputs, "max_steps": step}, **saving).train()
        trainer = make_trainer(folder, {**inputs, **then}, lr_scheduler_type="constant")
        trainer.train(resume_from_checkpoint=str(Path(folder) / f"checkpoint-{step}"))
    gauge: Any = trainer.model
    epochs, skipped = trainer.resumed
    return {
        "epochs_trained": epochs,
        "skipped_micro_batches": skipped,
        "micro_batches": gauge.micro_batches,
    }


class Stream(IterableDataset[torch.Tensor]):
    """A stream that does not ask which worker reads it."""

    def __init__(self, size: int) -> None:
        """Make a stream of so many samples."""
        self.size = size

    def __iter__(self) -> Iterator[torch.Tensor]:
        """Give them all."""
        return iter(torch.arange(self.size))


def make_loader(inputs: dict[str, Any], data: Untyped) -> Untyped:
    """Make PyTorch's loader, as the arguments are named there."""
    return DataLoader(
        data,
        batch_size=inputs["per_device_train_batch_size"],
        drop_last=inputs.get("dataloader_drop_last", False),
        num_workers=inputs.get("dataloader_num_workers", 0),
    )


def count_loaded(inputs: dict[str, Any]) -> dict[str, Any]:
    """Read an epoch on each of several processes, whose loaders Accelerate has prepared."""
    data = range(inputs["num_samples"])
    devices = inputs["num_devices"]
    batches = [
        list(
            prepare_data_loader(
                make_loader(inputs, data),
                num_processes=devices,
                process_index=process,
                split_batches=inputs["split_batches"],
                put_on_device=False,
            )
        )
        for process in range(devices)
    ]
    return {
        "micro_batches": [len(each) for each in batches],
        "samples_of_the_first": sum(len(each[0]) for each in batches if each),
    }


def count_streamed(inputs: dict[str, Any]) -> dict[str, Any]:
    """Read a stream, with workers that each read all of it, on one process or on several."""
    devices = inputs.get("num_devices", 1)
    if inputs.get("dispatch_batches", True) and devices > 1:
        return {"micro_batches": on_processes(devices, _dispatched, inputs)}
    batches = [
        len(
            list(
                prepare_data_loader(
                    make_loader(inputs, Stream(inputs["num_samples"])),
                    num_processes=devices,
                    process_index=process,
                    put_on_device=False,
                )
            )
        )
        for process in range(devices)
    ]
    return {"micro_batches": batches}


def _dispatched(inputs: dict[str, Any]) -> int:
    accelerator = Accelerator(cpu=True)
    loader = make_loader(inputs, Stream(inputs["num_samples"]))
    return len(list(accelerator.prepare_data_loader(loader)))


def count_scheduled(inputs: dict[str, Any]) -> dict[str, Any]:
    """Step a scheduler that Accelerate has prepared once an update, on real processes."""
    return {"steps": on_processes(inputs["num_devices"], _stepped, inputs)}


def _stepped(inputs: dict[str, Any]) -> int:
    from accelerate.utils import DataLoaderConfiguration

    config = DataLoaderConfiguration(split_batches=inputs["split_batches"])
    accelerator = Accelerator(cpu=True, dataloader_config=config)
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    inner = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 1.0)
    optimizer, scheduler = accelerator.prepare(optimizer, inner)
    for _ in range(inputs["num_updates"]):
        weight.grad = torch.ones(1)
        optimizer.step()
        scheduler.step()
    return int(inner.last_epoch)


def on_processes(processes: int, run: Untyped, inputs: dict[str, Any]) -> list[int]:
    """Run a function on so many processes and give what each returns."""
    with TemporaryDirectory() as folder:
        debug_launcher(_written, (run, inputs, folder), num_processes=processes)
        return [json.loads((Path(folder) / str(each)).read_text()) for each in range(processes)]


def _written(run: Untyped, inputs: dict[str, Any], folder: str) -> None:
    AcceleratorState._reset_state(reset_partial_state=True)  # which the first process had before
    GradientState._reset_state()
    (Path(folder) / str(torch.distributed.get_rank())).write_text(json.dumps(run(inputs)))


KINDS = {
    "run": count_run,
    "resumed": count_resumed,
    "loaded": count_loaded,
    "streamed": count_streamed,
    "scheduled": count_scheduled,
}


def count(setup: Record) -> Record:
    """Train, resume, load, stream or schedule."""
    return {"counted": KINDS[setup["kind"]](setup["inputs"])}
