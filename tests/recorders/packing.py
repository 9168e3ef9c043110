"""Rows that TRL packs of texts, and what its trainer pads.

Texts are of one token each, so many times; nothing of them but their lengths is asked.
"""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset, disable_progress_bars
from transformers import AutoModelForCausalLM, PrinterCallback
from trl import pack_dataset
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from tests.recorders.common import build
from tests.recorders.objective import TINY_MODEL, make_tokenizer

if TYPE_CHECKING:
    from tests.recorders.common import Record, Untyped

PACKAGES = ("datasets", "torch", "transformers", "trl")


def make_data(lengths: list[int]) -> Untyped:
    """Make a data set of texts of so many tokens."""
    disable_progress_bars()
    return Dataset.from_dict({"input_ids": [[2] * length for length in lengths]})


def make_trainer(folder: str, lengths: list[int], **options: Untyped) -> Untyped:
    """Build TRL's trainer for a tiny model on texts of so many tokens, read in order."""
    return SFTTrainer(
        model=build(AutoModelForCausalLM, TINY_MODEL, device="cpu"),
        args=SFTConfig(
            output_dir=folder,
            use_cpu=True,
            report_to="none",
            bf16=False,
            disable_tqdm=True,
            save_strategy="no",
            logging_strategy="no",
            gradient_checkpointing=False,
            train_sampling_strategy="sequential",
            **options,
        ),
        train_dataset=make_data(lengths),
        processing_class=make_tokenizer(),
    )


def count_packed(inputs: dict[str, Any]) -> dict[str, Any]:
    """Pack texts with TRL's function, as its trainer calls it."""
    named = {"batch_size": "batch_size", "dataset_num_proc": "num_proc"}
    packed = pack_dataset(
        make_data(inputs["lengths"]),
        inputs["max_length"],
        inputs["packing_strategy"],
        {theirs: inputs[ours] for ours, theirs in named.items() if ours in inputs},
    )
    return {"rows": [len(row) for row in packed["input_ids"]]}


def count_trained(inputs: dict[str, Any]) -> dict[str, Any]:
    """Train on packed texts; say how many rows and updates there were."""
    torch.manual_seed(0)
    with TemporaryDirectory() as folder:
        trainer = make_trainer(folder, packing=True, **inputs)
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    rows = [len(row) for row in trainer.train_dataset["input_ids"]]
    return {"rows": rows, "updates": trainer.state.global_step}


def count_padding(inputs: dict[str, Any]) -> dict[str, Any]:
    """Read an epoch of the trainer's loader; count what its masks leave out."""
    with TemporaryDirectory() as folder:
        loader = make_trainer(folder, **inputs).get_train_dataloader()
        masks = [batch["attention_mask"] for batch in loader]
    return {
        "widths": [mask.shape[1] for mask in masks],
        "padding": sum(int((mask == 0).sum()) for mask in masks),
        "tokens": sum(int(mask.sum()) for mask in masks),
    }


KINDS = {"packed": count_packed, "trained": count_trained, "padding": count_padding}


def count(setup: Record) -> Record:
    """Pack texts, train on packed ones, or pad a pass over them."""
    return {"counted": KINDS[setup["kind"]](setup["inputs"])}
