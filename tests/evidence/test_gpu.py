"""The recorder of the GPU's allocator does its steps, wherever it is run."""

from __future__ import annotations

from importlib import import_module

import pytest

import dlp
from _evidence import records
from tests.recorders import record

TINY = {
    "model_type": "llama",
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "intermediate_size": 80,
    "vocab_size": 64,
    "max_position_embeddings": 64,
    "tie_word_embeddings": True,
    "num_labels": 3,
    "pad_token_id": 0,
}


def test_what_is_not_recorded_yet_is_known() -> None:
    recorded = set(records.topics())
    assert set(record.TOPICS) <= recorded
    assert set(records.awaited()) == set(record.GPU_TOPICS) - recorded


@pytest.mark.libraries
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("method", ["full", "lora", "head-only"])
def test_a_step_is_measured_as_far_as_a_processor_can(method: str, require_libraries: None) -> None:
    gpu = import_module("tests.recorders.gpu")
    (setup, *_) = [each for each in gpu.more([]) if each["inputs"]["method"] == method]
    small = {"config": TINY, "per_device_train_batch_size": 2, "sequence_length": 16}
    counted = gpu.count({"inputs": setup["inputs"] | small}, device="cpu")["counted"]
    trained = counted["trainable"]
    assert 0 < trained <= counted["parameters"]
    assert counted["gradient_bytes"] == dlp.gradient_bytes(
        num_trainable_parameters=trained, dtype="bf16"
    )
    assert counted["optimizer_bytes"] == 2 * counted["gradient_bytes"]
    assert counted["peak_of_the_backward_pass"] == 0


@pytest.mark.libraries
def test_without_a_gpu_recording_says_so(require_libraries: None) -> None:
    torch = import_module("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(RuntimeError, match="needs a GPU"):
        record.observe("gpu")
