"""The ranges, defaults and shapes of arguments are those that the docstrings give, to the last one.

Written against the mutants that other tests let live: a range that is one too wide, a default that
is one too large, a list that is one too short.
"""

from __future__ import annotations

import inspect
import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

import dlp
from _guide import worked
from dlp import _check
from tests.formulas.calls import FUNCTIONS, calls, plain_call
from tests.formulas.laws import numbers, result
from tests.paths import DOCS

if TYPE_CHECKING:
    from collections.abc import Iterator


# --- Ranges ---------------------------------------------------------------------------------


def documented() -> Iterator[tuple[str, str, float, float]]:
    """Read the range of each number from the docstrings."""
    for name, function in FUNCTIONS.items():
        found = re.search(r"^Args:\n(.*?)^\w", inspect.getdoc(function) or "", re.S | re.M)
        entries = re.findall(
            r"^    (\w+): (.*?)(?=^    \w|\Z)", found[1] if found else "", re.S | re.M
        )
        for parameter, text in entries:
            kind = worked.parameters(function)[parameter].annotation
            said = re.search(
                r"\b(zero|\d+) or more|(?:from )?\b(\d+) (?:to|or) (?:(\d+)\^)?(\d+)\b",
                " ".join(text.split()),
            )
            if kind not in (int, float, "int | None") or not said:
                continue
            if said[1]:
                low = 0 if said[1] == "zero" else int(said[1])
                high: float = 1e100 if kind is float else _check.LARGEST_COUNT
            else:
                low = int(said[2])
                high = int(said[3]) ** int(said[4]) if said[3] else int(said[4])
            yield name, parameter, low, high


# A sum or product of counts has a range of its own, tested below.
SUMS = {
    (name, part)
    for name in ("memory_ledger", "state_ledger")
    for part in ("num_head_parameters", "num_adapter_parameters")
}
SUMS |= {("stored_bytes", "num_values")}
RANGES = [each for each in documented() if each[:2] not in SUMS]


def test_almost_every_number_has_a_documented_range() -> None:
    counted = sum(
        parameter.annotation in (int, float) and parameter.default != -1  # any number below 0
        for function in FUNCTIONS.values()
        for parameter in inspect.signature(function).parameters.values()
    )
    assert len(RANGES) > 0.9 * counted


def refused(name: str, parameter: str, value: Any) -> bool:
    """Say whether a value is refused for being out of its range."""
    try:
        FUNCTIONS[name](**plain_call(name) | {parameter: value})
    except ValueError as error:
        return f"{parameter} must be from" in str(error)
    return False


@pytest.mark.parametrize(("name", "parameter", "low", "high"), RANGES)
def test_a_number_is_taken_from_one_end_of_its_range_to_the_other(
    name: str, parameter: str, low: float, high: float
) -> None:
    kind = worked.parameters(FUNCTIONS[name])[parameter].annotation
    beside = 1e-9 if kind is float else 1
    assert not refused(name, parameter, low)
    assert refused(name, parameter, low - beside), f"{name}: {parameter} is documented from {low}"
    assert refused(name, parameter, high * 1.001 if kind is float else high + 1)
    if name != "accumulation_windows":  # which lists a million micro-batches and no more
        assert not refused(name, parameter, high), f"{name}: {parameter} is documented to {high}"


PARTS = [
    ("training_memory_bytes", "num_trainable_parameters", "num_parameters", 0),
    ("memory_ledger", "num_unquantized_parameters", "num_parameters", 0),
    ("state_ledger", "num_unquantized_parameters", "num_parameters", 0),
    ("deepspeed_estimated_bytes", "largest_layer_params", "total_params", 1),
]


@pytest.mark.parametrize(("name", "part", "whole", "least"), PARTS)
def test_a_part_is_no_more_than_its_whole(name: str, part: str, whole: str, least: int) -> None:
    call = plain_call(name)
    most = call[whole]
    assert not refused(name, part, least)
    assert refused(name, part, least - 1)
    assert not refused(name, part, most)
    assert refused(name, part, most + 1)


def test_all_parameters_of_a_ledger_together_are_a_count() -> None:
    largest = _check.LARGEST_COUNT
    parts: dict[str, Any] = {
        "num_parameters": largest - 5,
        "num_head_parameters": 3,
        "num_adapter_parameters": 2,
    }
    dlp.memory_ledger(**parts)
    for name in ("num_head_parameters", "num_adapter_parameters"):
        with pytest.raises(ValueError, match="num_adapter_parameters must be from 0 to"):
            dlp.memory_ledger(**parts | {name: parts[name] + 1})
        with pytest.raises(ValueError, match=f"{name} must be from 0 to"):
            result("memory_ledger", **{"num_parameters": 1, name: -1})
    with pytest.raises(ValueError, match="num_head_parameters must be from 0 to 5"):
        dlp.memory_ledger(**parts | {"num_head_parameters": 6})


def test_a_number_of_values_may_be_a_product_of_two_counts() -> None:
    square = _check.LARGEST_COUNT**2
    assert dlp.stored_bytes(num_values=square, dtype="int8") == square
    with pytest.raises(ValueError, match="num_values must be from 0 to"):
        dlp.stored_bytes(num_values=square + 1, dtype="int8")


def test_windows_are_listed_for_a_million_micro_batches_and_no_more() -> None:
    listed: dict[str, Any] = {"gradient_accumulation_steps": 10**6, "num_micro_batches": 500_000}
    assert len(dlp.accumulation_windows(**listed, num_train_epochs=2)) == 2
    for micro_batches, epochs in ((333_334, 3), (1_000_001, 1)):
        changes = {"num_micro_batches": micro_batches, "num_train_epochs": epochs}
        with pytest.raises(ValueError, match="at most 1000000"):
            dlp.accumulation_windows(**listed | changes)


# --- Lists ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("cross_entropy", {"logits": [[0.0, 1.0]] * 2, "labels": [1, 0]}),
        ("causal_lm_loss", {"logits": [[0.0, 1.0]] * 3, "labels": [1, 0, 1]}),
        ("supervised_losses", {"token_losses": [0.0, 1.0, 2.0], "labels": [1, 1, 1]}),
        ("mean_loss", {"token_losses": [0.0, 1.0, 2.0], "labels": [1, 1, 1]}),
        ("accumulated_loss", {"loss_sums": [1.0, 2.0], "num_tokens": [1, 2]}),
        ("pretraining_labels", {"input_ids": [5, 6, 7], "attention_mask": [1, 1, 0]}),
        ("assistant_labels", {"input_ids": [5, 6, 7], "assistant_masks": [0, 1, 1]}),
    ],
)
def test_lists_of_one_length_may_be_neither_shorter_nor_longer(
    name: str, arguments: dict[str, Any]
) -> None:
    FUNCTIONS[name](**arguments)
    for parameter, items in arguments.items():
        for changed in (items[:-1], items + items[-1:]):
            with pytest.raises(ValueError, match=parameter):
                FUNCTIONS[name](**arguments | {parameter: changed})


@pytest.mark.parametrize("row", [[0.0], [0.0, 1.0, 2.0]])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_every_position_has_the_same_number_of_classes(row: list[float], place: int) -> None:
    logits = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]
    logits[place] = row
    with pytest.raises(ValueError, match="same number of classes"):
        dlp.cross_entropy(logits=logits, labels=[0, 0, 0])


def test_a_label_is_a_class_from_the_first_to_the_last() -> None:
    for label in (0, 2):
        dlp.cross_entropy(logits=[[0.0, 1.0, 2.0]], labels=[label])
    for label in (-1, 3):
        with pytest.raises(ValueError, match=r"labels.* must be from 0 to 2"):
            dlp.cross_entropy(logits=[[0.0, 1.0, 2.0]], labels=[label])


def test_a_prompt_is_no_longer_than_its_text_and_a_mask_is_of_0_and_1() -> None:
    assert dlp.completion_labels(input_ids=[5, 6], num_prompt_tokens=2) == [-100, -100]
    assert dlp.completion_labels(input_ids=[5, 6], num_prompt_tokens=0) == [5, 6]
    for wrong in (-1, 3):
        with pytest.raises(ValueError, match="num_prompt_tokens must be from 0 to 2"):
            dlp.completion_labels(input_ids=[5, 6], num_prompt_tokens=wrong)
    for wrong in (-1, 2):
        with pytest.raises(ValueError, match=r"attention_mask.* must be from 0 to 1"):
            dlp.pretraining_labels(input_ids=[5, 6], attention_mask=[1, wrong])
    assert dlp.pretraining_labels(input_ids=[0]) == [0]
    with pytest.raises(ValueError, match=r"input_ids.* must be from 0"):
        dlp.pretraining_labels(input_ids=[-1])


def test_ignored_labels_are_those_of_one_value_and_not_those_below_it() -> None:
    assert dlp.supervised_tokens(labels=[5, -101, -99, -100]) == 2
    kept = dlp.supervised_losses(token_losses=[0.0, 1.0, 2.0], labels=[5, -101, -100])
    assert kept == [1.0]


# --- Defaults -------------------------------------------------------------------------------

DEFAULTS: dict[str, Any] = {
    name: default
    for default, names in (
        (
            None,
            "accelerator attention_mask config encoder_hidden_size head_dim intermediate_size "
            "lora memory_bytes metadata modules_to_save num_key_value_heads num_parameters "
            "quantization v_head_dim value_dtype "
            "rank_pattern training task_type exclude_modules layers_to_transform layers_pattern "
            "target_parameters trainable_token_indices settings dataset_num_proc "
            "generation_batch_size pad_to_multiple_of pad_token_id steps_per_generation",
        ),
        (
            False,
            "autocast_adapter_dtype causal dataloader_drop_last frozen imatrix master_weights "
            "packed offload prefix_projection sequence_parallel use_dora lora_bias "
            "ensure_weight_tying decompose_both block_share split_batches ignore_data_skip "
            "group_by_length",
        ),
        (
            1,
            "gradient_accumulation_steps largest_layer_params "
            "num_adapters num_devices num_gpus_per_node num_iterations num_nodes "
            "num_transformer_submodules "
            "per_device_train_batch_size tensor_parallel_size",
        ),
        ("bf16", "cache_dtype frozen_dtype"),
        (True, "cpu_offload cpu_offload_params dispatch_batches gated loaded zero_init"),
        ("step", "last_window leftover"),
        (1.0, "mixture_weight utilization"),
        (
            0,
            "num_adapter_parameters num_frozen_parameters num_head_parameters "
            "num_layer_norms num_unquantized_parameters dataloader_num_workers warmup_steps",
        ),
    )
    for name in names.split()
}
DEFAULTS |= {
    "additional_buffer_factor": 1.5,
    "attention": "eager",
    "average": "token",
    "bits": 4,
    "cache_implementation": "static",
    "block_size": 64,
    "boft_block_num": 0,
    "boft_block_size": 4,
    "boft_n_butterfly_factor": 1,
    "counted": "matmul",
    "decompose_factor": -1,
    "embeddings": "all",
    "encoder_num_layers": 2,
    "encoder_reparameterization_type": "MLP",
    "group_size": 128,
    "ignore_index": -100,
    "layer": "gpt",
    "library": "transformers",
    "oft_block_size": 32,
    "num_generations": 8,
    "max_shard_size": "50GB",
    "max_steps": -1,
    "n_ubatch": 512,
    "objective": "sft",
    "optimizer": "adamw",
    "packing_strategy": "bfd",
    "passes": "training",
    "quantized_dtype": "nf4-double",
    "recomputation": "none",
    "second_block_size": 256,
    "second_scale_bits": 32,
    "train_sampling_strategy": "random",
    "warmup_ratio": 0.0,
}
"""What an argument is when it is left out, the same wherever it is taken."""

VARIED: dict[str, list[Any]] = {
    "batch_size": [1, 1000],  # of sequences, of texts that are packed together
    "bias": ["none", False, True],  # of LoRA, of norms, of linear layers
    "convention": ["fp32", "mixed"],
    "dtype": ["fp32", "fp16", "bf16", None],  # of weights, of caches, as a config says
    "max_length": [1024, None],  # of a packed row, of a text
    "method": ["full", "lora", None],
    "num_train_epochs": [1, 3.0],  # of windows that are listed, of the Trainer
    "r": [8, 0],  # a rank, or a number of blocks
    "target_modules": [None, ("q_proj", "v_proj")],
    "scale_bits": [32, 8, 16],  # of one level, of two, of GPTQ
    "stage": [0, 3],
}
"""The arguments whose default depends on the formula."""


def test_an_argument_that_is_left_out_means_the_same_everywhere() -> None:
    for name, function in FUNCTIONS.items():
        for parameter in worked.parameters(function).values():
            if parameter.default is parameter.empty:
                continue
            where = f"{name}: {parameter.name}={parameter.default!r}"
            if parameter.name in VARIED:
                assert parameter.default in VARIED[parameter.name], where
            else:
                assert parameter.name in DEFAULTS, f"{where}: add it to DEFAULTS"
                assert parameter.default == DEFAULTS[parameter.name], where
                assert type(parameter.default) is type(DEFAULTS[parameter.name]), where


# --- Named models ---------------------------------------------------------------------------

MODELS: dict[str, tuple[str, dict[str, int]]] = {
    "GPT2": ("GPT-2", {}),
    "LLAMA_2_7B": ("Llama-2-7B", {}),
    # meta-llama/llama3 at 03cd823, README.md: "sequence length up to 8192 tokens".
    "LLAMA_3_8B": ("Llama-3-8B", {"max_position_embeddings": 8192}),
    # Transformers at 15ea02a, convert_mistral_weights_to_hf.py: what it writes into the config.
    "MISTRAL_7B": ("Mistral-7B", {"max_position_embeddings": 32768}),
    "QWEN2_5_7B": ("Qwen2.5-7B", {}),
    "MIXTRAL_8X7B": ("Mixtral-8x7B", {}),
    "BERT_BASE": ("BERT-base, uncased", {}),
    "FLAN_T5_BASE": ("Flan-T5-base", {}),
    "VIT_BASE": ("ViT-base", {}),
}
"""The shapes in `dlp.models`, the same as typed from their sources, and what those leave out."""


@pytest.mark.parametrize("name", MODELS)
def test_a_named_model_has_the_published_shape(name: str) -> None:
    path = DOCS / "_evidence" / "models.json"
    published = json.loads(path.read_text(encoding="utf-8"))
    source, added = MODELS[name]
    config = getattr(dlp, name)
    shared = config.keys() & published[source].keys()
    assert {key: config[key] for key in shared} == {key: published[source][key] for key in shared}
    ours = {key: config[key] for key in config.keys() - shared}
    assert ours == added


def test_every_named_model_is_compared() -> None:
    constants = {name for name in dir(dlp) if isinstance(getattr(dlp, name), dict)}
    assert set(MODELS) == constants - {"CONVENTIONS", "FAMILIES"}


# --- Whole numbers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [n for n, f in FUNCTIONS.items() if "float" not in str(inspect.signature(f).return_annotation)],
)
def test_what_is_counted_is_an_int(name: str) -> None:
    for call in islice(calls(name), 60):
        assert all(type(number) is int for number in numbers(FUNCTIONS[name](**call))), call


# --- Odds and ends --------------------------------------------------------------------------


@pytest.mark.parametrize("utilization", [9e-7, 1.000001, 2])
def test_a_utilization_is_a_share(utilization: float) -> None:
    with pytest.raises(ValueError, match="utilization must be from"):
        dlp.training_days(**plain_call("training_days") | {"utilization": utilization})


def test_an_empty_list_of_modules_is_a_list() -> None:
    call = plain_call("ia3_model_parameters")
    nothing: list[Any] = [(), set(), frozenset(), []]
    counts = {dlp.ia3_model_parameters(**call | {"feedforward_modules": none}) for none in nothing}
    assert len(counts) == 1
    with pytest.raises(TypeError, match="feedforward_modules must be a list"):
        dlp.ia3_model_parameters(**call | {"feedforward_modules": None})
