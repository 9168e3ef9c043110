"""Bytes of the files that models, adapters and checkpoints are saved in, written by the libraries.

Everything is written into a folder that is gone afterwards. Sizes depend on shapes and names alone,
so tiny models with random weights serve.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, Trainer, TrainingArguments
from transformers.integrations.mxfp4 import dequantize_convertops

from tests.recorders.common import Record, Untyped, build

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES = (
    *("bitsandbytes", "huggingface-hub", "peft", "safetensors", "torch", "transformers"),
)  # fmt: skip

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}

TYPES = {
    "U64": torch.uint64,
    "I64": torch.int64,
    "F64": torch.float64,
    "C64": torch.complex64,
    "F32": torch.float32,
    "U32": torch.uint32,
    "I32": torch.int32,
    "BF16": torch.bfloat16,
    "F16": torch.float16,
    "U16": torch.uint16,
    "I16": torch.int16,
    "F8_E8M0": torch.float8_e8m0fnu,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E4M3FNUZ": torch.float8_e4m3fnuz,
    "F8_E5M2": torch.float8_e5m2,
    "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
"""The types of torch by their names in a safetensors file."""


def count(setup: Record) -> Record:
    """Write what the record names, and count the bytes of each file of weights."""
    if setup["kind"] == "mxfp4":
        return _count_mxfp4(setup["inputs"])
    with TemporaryDirectory() as name:
        folder = Path(name)
        WRITERS[setup["kind"]](setup["inputs"], folder)
        return {
            "counted": {
                "bytes": {
                    path.name: path.stat().st_size
                    for path in sorted(folder.iterdir())
                    if ".safetensors" in path.suffixes or path.name == "optimizer.pt"
                }
            }
        }


def _count_mxfp4(inputs: Untyped) -> Record:
    """Let Transformers unpack experts of gpt-oss, and count what they were packed in."""
    experts, outputs, width = inputs["shape"]
    scales = torch.full((experts, outputs, width // 32), 127, dtype=torch.uint8)
    blocks = torch.zeros((*scales.shape, 16), dtype=torch.uint8)
    unpacked = dequantize_convertops(blocks, scales, torch.bfloat16)
    return {"counted": {"weights": unpacked.numel(), "packed_bytes": blocks.nbytes + scales.nbytes}}


def _write_tensors(inputs: Untyped, folder: Path) -> None:
    tensors = {
        name: torch.zeros(each["shape"], dtype=TYPES[each["dtype"]])
        for name, each in inputs["tensors"].items()
    }
    save_file(tensors, folder / "model.safetensors", metadata=inputs.get("metadata"))


def _built(inputs: Untyped) -> Untyped:
    return build(
        AutoModelForCausalLM, inputs["config"], device="cpu", dtype=DTYPES[inputs["dtype"]]
    )


def _options(inputs: Untyped) -> dict[str, Untyped]:
    return {name: inputs[name] for name in ("max_shard_size",) if name in inputs}


def _write_built(inputs: Untyped, folder: Path) -> None:
    _built(inputs).save_pretrained(folder, **_options(inputs))


def _write_loaded(inputs: Untyped, folder: Path) -> None:
    """Save a model, load it, quantized or not, and save that."""
    torch.manual_seed(0)
    quantization = None
    if "quantization" in inputs:
        quantization = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=inputs["quantization"] == "nf4-double",
        )
    with TemporaryDirectory() as first:
        _built(inputs).save_pretrained(first)
        model = AutoModelForCausalLM.from_pretrained(
            first, dtype=DTYPES[inputs["dtype"]], quantization_config=quantization
        )
    model.save_pretrained(folder, **_options(inputs))


def _adapted(inputs: Untyped) -> Untyped:
    names = ("r", "target_modules", "use_dora")
    adapter = LoraConfig(
        **{name: inputs[name] for name in names if name in inputs},
        task_type="CAUSAL_LM",
        fan_in_fan_out=inputs["config"]["model_type"] == "gpt2",
    )
    kept = inputs.get("autocast_adapter_dtype", True)
    return get_peft_model(_built(inputs), adapter, autocast_adapter_dtype=kept)


def _write_adapter(inputs: Untyped, folder: Path) -> None:
    _adapted(inputs).save_pretrained(folder)


def _write_merged(inputs: Untyped, folder: Path) -> None:
    _adapted(inputs).merge_and_unload().save_pretrained(folder)


def _write_checkpoint(inputs: Untyped, folder: Path) -> None:
    """Train for one step, and keep the states of the optimizer that the trainer saved."""
    model = _adapted(inputs) if "r" in inputs else _built(inputs)
    with TemporaryDirectory() as output:
        settings = TrainingArguments(
            output_dir=output,
            max_steps=1,
            save_steps=1,
            per_device_train_batch_size=1,
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
        )
        row = {"input_ids": torch.arange(8), "labels": torch.arange(8)}
        Trainer(model=model, args=settings, train_dataset=[row]).train()
        (Path(output) / "checkpoint-1" / "optimizer.pt").rename(folder / "optimizer.pt")


WRITERS: dict[str, Callable[[Untyped, Path], None]] = {
    "tensors": _write_tensors,
    "built": _write_built,
    "loaded": _write_loaded,
    "adapter": _write_adapter,
    "merged": _write_merged,
    "checkpoint": _write_checkpoint,
}
"""Who writes what each kind of record names."""
