"""Updates and answers of GRPO, and sequences of DPO, as TRL's trainers make them.

The model is tiny, a reward is the length of an answer, and an answer has two tokens. What many
processes plan is asked of the trainer's own loader, on as many real processes.
"""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset, disable_progress_bars
from transformers import AutoModelForCausalLM, PrinterCallback
from trl import DPOConfig, DPOTrainer, GRPOConfig, GRPOTrainer

from tests.recorders.common import build
from tests.recorders.objective import TINY_MODEL, make_tokenizer
from tests.recorders.runs import on_processes

if TYPE_CHECKING:
    from tests.recorders.common import Record, Untyped

PACKAGES = ("accelerate", "torch", "transformers", "trl")

QUIET = {
    "use_cpu": True,
    "report_to": "none",
    "bf16": False,
    "disable_tqdm": True,
    "save_strategy": "no",
    "logging_strategy": "no",
    "gradient_checkpointing": False,
}


def make_grpo(folder: str, inputs: dict[str, Any]) -> Untyped:
    """Build TRL's trainer of GRPO; `inputs` are `num_samples` and arguments of `GRPOConfig`."""
    disable_progress_bars()
    options = {
        name: value for name, value in inputs.items() if name not in ("num_samples", "num_devices")
    }
    return GRPOTrainer(
        model=build(AutoModelForCausalLM, TINY_MODEL, device="cpu"),
        reward_funcs=lambda completions, **_: [float(len(each)) for each in completions],
        args=GRPOConfig(output_dir=folder, max_completion_length=2, **QUIET, **options),
        train_dataset=Dataset.from_dict({"prompt": ["what is"] * inputs["num_samples"]}),
        processing_class=make_tokenizer(),
    )


def count_grpo(inputs: dict[str, Any]) -> dict[str, Any]:
    """Train with GRPO; say how many updates it made, and how many answers it generated."""
    torch.manual_seed(0)
    generated = []
    with TemporaryDirectory() as folder:
        trainer = make_grpo(folder, inputs)
        trainer.remove_callback(PrinterCallback)
        make = trainer._generate_and_score_completions

        def watched(prompts: Untyped) -> Untyped:
            generated.append(len(prompts))
            return make(prompts)

        trainer._generate_and_score_completions = watched
        trainer.train()
    return {"updates": trainer.state.global_step, "completions": sum(generated)}


def count_planned(inputs: dict[str, Any]) -> dict[str, Any]:
    """Plan a run of GRPO on several processes."""
    return {"updates": on_processes(inputs["num_devices"], _planned, inputs)}


def _planned(inputs: dict[str, Any]) -> int:
    with TemporaryDirectory() as folder:
        trainer = make_grpo(folder, inputs)
        planned = trainer.set_initial_training_values(trainer.args, trainer.get_train_dataloader())
    return int(planned[-1])


def count_dpo(inputs: dict[str, Any]) -> dict[str, Any]:
    """Train with DPO; say how many sequences the model and its reference read."""
    disable_progress_bars()
    torch.manual_seed(0)
    options = {name: value for name, value in inputs.items() if name != "num_samples"}
    rows = {"prompt": ["what is"], "chosen": [" paris name"], "rejected": [" it"]}
    with TemporaryDirectory() as folder:
        trainer: Untyped = DPOTrainer(
            model=build(AutoModelForCausalLM, TINY_MODEL, device="cpu"),
            ref_model=build(AutoModelForCausalLM, TINY_MODEL, device="cpu"),
            args=DPOConfig(output_dir=folder, **QUIET, **options),
            train_dataset=Dataset.from_dict(
                {name: texts * inputs["num_samples"] for name, texts in rows.items()}
            ),
            processing_class=make_tokenizer(),
        )
        trainer.remove_callback(PrinterCallback)
        read: dict[str, list[int]] = {"model": [], "reference": []}
        for name, model in (("model", trainer.model), ("reference", trainer.ref_model)):
            model.model.embed_tokens.register_forward_pre_hook(
                lambda _, args, name=name: read[name].append(len(args[0]))
            )
        trainer.train()
    return {
        "updates": trainer.state.global_step,
        "sequences_of_each_micro_batch": read["model"],
        "sequences_of_the_reference": sum(read["reference"]),
    }


KINDS = {"grpo": count_grpo, "planned": count_planned, "dpo": count_dpo}


def count(setup: Record) -> Record:
    """Train on groups of answers or on pairs, or plan it."""
    return {"counted": KINDS[setup["kind"]](setup["inputs"])}
