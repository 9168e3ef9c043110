"""The peak of a step that devices share, beside what PyTorch's FSDP holds on fake tensors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

import dlp
from tests.paths import ROOT

SMALL: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 1024,
    "num_hidden_layers": 6,
    "num_attention_heads": 16,
    "num_key_value_heads": 4,
    "head_dim": 64,
    "intermediate_size": 4096,
    "vocab_size": 32000,
    "tie_word_embeddings": False,
}
SHORT: dict[str, Any] = {
    "per_device_train_batch_size": 1,
    "max_length": 256,
    "dtype": "bfloat16",
    "gradient_checkpointing": True,
}
KEPT = SHORT | {"gradient_checkpointing": False}
LORA = {"r": 8, "target_modules": "all-linear", "autocast_adapter_dtype": False}
OLDER = {"fsdp_config": {"version": 1}}
TRACED: list[dict[str, Any]] = [
    {"training": SHORT, "stage": 3},
    {"training": KEPT, "stage": 3},
    {"training": SHORT | {"max_length": 4096}, "stage": 3},
    {"training": SHORT, "stage": 2},
    {"training": SHORT, "stage": 3, "lora": LORA},
    {"training": SHORT, "stage": 3, "config": SMALL | {"tie_word_embeddings": True}},
    {"training": SHORT, "stage": 3, "library": "pytorch"},
    {"training": KEPT, "stage": 3, "library": "pytorch", "lora": LORA},
    {"training": SHORT | {"dtype": "float32", "bf16": True}, "stage": 3},
    {"training": SHORT | OLDER, "stage": 3},
    {"training": KEPT | OLDER, "stage": 3},
]


@pytest.mark.libraries
def test_the_peak_is_that_of_pytorch_on_fake_devices(require_libraries: None) -> None:
    runs: list[dict[str, Any]] = [{"config": SMALL, "num_devices": 4} | run for run in TRACED]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.recorders.sharded"],
        input="\n".join(json.dumps(run) for run in runs),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'docs'}"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(found) == len(runs)
    for run, moments in zip(runs, found, strict=True):
        ours = dlp.peak_memory(**run)["peak"]
        assert ours == pytest.approx(max(moments.values()), rel=0.003), run
