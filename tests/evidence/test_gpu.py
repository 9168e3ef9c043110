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
}


def test_what_is_not_recorded_yet_is_known() -> None:
    recorded = set(records.topics())
    assert set(record.TOPICS) <= recorded
    assert set(records.awaited()) == set(record.GPU_TOPICS) - recorded


@pytest.mark.libraries
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_steps_are_measured_as_far_as_a_processor_can() -> None:
    gpu = import_module("tests.recorders.gpu")
    for setup in gpu.more([]):
        training = {"per_device_train_batch_size": 2, "max_length": 16}
        small = {"config": TINY, "training": setup["inputs"]["training"] | training}
        found = gpu.count({"inputs": setup["inputs"] | small}, device="cpu")
        assert found["kind"] == "processor"
        assert found["counted"]["moments"] == dict.fromkeys(dlp.MOMENTS, 0), setup["id"]


def test_each_moment_of_a_measured_step_is_beside_the_formula() -> None:
    traced = next(each for each in records.records("peak") if each.id == "Llama-3.2-1B, full")
    claims = list(import_module("_evidence.counts.gpu").claims(traced))
    assert {claim.what.removeprefix("bytes: ") for claim in claims} == {
        "peak",
        "kept",
        *dlp.MOMENTS,
    }
    assert not [objection for claim in claims if (objection := claim.objection())]


@pytest.mark.libraries
def test_without_a_gpu_recording_says_so() -> None:
    torch = import_module("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(RuntimeError, match="needs a GPU"):
        record.observe("gpu")
