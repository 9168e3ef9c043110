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
SUMS = {("memory_ledger", "num_head_parameters"), ("memory_ledger", "num_adapter_parameters")}
SUMS |= {("stored_bytes", "num_values")}
RANGES = [each for each in documented() if each[:2] not in SUMS]


def test_almost_every_number_has_a_documented_range() -> None:
    counted = sum(
        parameter.annotation in (int, float)
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
    with pytest.raises(ValueError, match="at most 1000000"):
        dlp.accumulation_windows(**listed | {"num_micro_batches": 333_334}, num_train_epochs=3)


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
    "additional_buffer_factor": 1.5,
    "attention": "eager",
    "attention_mask": None,
    "autocast_adapter_dtype": False,
    "average": "token",
    "batch_size": 1,
    "bits": 4,
    "block_size": 64,
    "cache_dtype": "bf16",
    "causal": False,
    "counted": "matmul",
    "cpu_offload": True,
    "cpu_offload_params": True,
    "drop_last": False,
    "embeddings": "all",
    "encoder_hidden_size": None,
    "encoder_num_layers": 2,
    "encoder_reparameterization_type": "MLP",
    "frozen": False,
    "frozen_dtype": "bf16",
    "gated": True,
    "gradient_accumulation_steps": 1,
    "head_dim": None,
    "ignore_index": -100,
    "intermediate_size": None,
    "largest_layer_params": 1,
    "last_window": "step",
    "layer": "gpt",
    "leftover": "step",
    "library": "transformers",
    "master_weights": False,
    "micro_batch": None,
    "mixture_weight": 1.0,
    "modules_to_save": None,
    "num_adapter_parameters": 0,
    "num_adapters": 1,
    "num_devices": 1,
    "num_frozen_parameters": 0,
    "num_gpus_per_node": 1,
    "num_head_parameters": 0,
    "num_key_value_heads": None,
    "num_layer_norms": 0,
    "num_nodes": 1,
    "num_train_epochs": 1,
    "num_transformer_submodules": 1,
    "num_unquantized_parameters": 0,
    "optimizer": "adamw",
    "packed": False,
    "passes": "training",
    "per_device_train_batch_size": 1,
    "prefix_projection": False,
    "quantized_dtype": "nf4-double",
    "r": 8,
    "rank_pattern": None,
    "recomputation": "none",
    "second_block_size": 256,
    "second_scale_bits": 32,
    "sequence_parallel": False,
    "target_modules": ("q_proj", "v_proj"),
    "tensor_parallel_size": 1,
    "use_dora": False,
    "utilization": 1.0,
    "zero_init": True,
}
"""What an argument is when it is left out, the same wherever it is taken."""

VARIED: dict[str, list[Any]] = {
    "bias": ["none", False, True],  # of LoRA, of norms, of linear layers
    "convention": ["fp32", "mixed"],
    "dtype": ["fp32", "fp16", "bf16"],
    "method": ["full", "lora"],
    "scale_bits": [32, 8],  # of one level, of two
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


@pytest.mark.parametrize(
    ("name", "bias"),
    [("norm_parameters", False), ("linear_parameters", True)],
)
def test_norms_have_no_bias_by_default_and_linear_layers_one(name: str, bias: bool) -> None:
    assert worked.parameters(FUNCTIONS[name])["bias"].default is bias


# --- Named models ---------------------------------------------------------------------------

MODELS: dict[str, tuple[str, dict[str, int]]] = {
    "GPT2": ("GPT-2", {}),
    "LLAMA_2_7B": ("Llama-2-7B", {}),
    "LLAMA_3_8B": ("Llama-3-8B", {"max_position_embeddings": 8192}),
    "MISTRAL_7B": ("Mistral-7B", {"max_position_embeddings": 32768}),
    "QWEN2_5_7B": ("Qwen2.5-7B", {}),
    "MIXTRAL_8X7B": ("Mixtral-8x7B", {}),
    "BERT_BASE": ("BERT-base, uncased", {}),
    "FLAN_T5_BASE": ("Flan-T5-base", {}),
    "VIT_BASE": ("ViT-base", {}),
}
"""The shapes kept in `dlp.models`, and the same ones as typed from their sources."""


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


# --- Settings of a config that few models use -------------------------------------------------

VIT: dict[str, Any] = dlp.VIT_BASE
QWEN3_MOE: dict[str, Any] = {
    "model_type": "qwen3_moe",
    "hidden_size": 64,
    "num_hidden_layers": 5,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "intermediate_size": 96,
    "moe_intermediate_size": 32,
    "num_experts": 8,
    "num_experts_per_tok": 2,
    "vocab_size": 100,
}
OPT: dict[str, Any] = {
    "model_type": "opt",
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "ffn_dim": 256,
    "vocab_size": 100,
    "word_embed_proj_dim": 64,
    "max_position_embeddings": 50,
}


@pytest.mark.parametrize(
    ("image", "patch", "rows"),
    [
        ([32, 48], [16, 8], 13),
        ([48, 32], [8, 16], 13),
        ([35, 50], [16, 8], 13),  # what is left over at the border makes no patch
        (32, 16, 5),
        ([35, 54], [16, 8], 13),
        ([10, 64], [8, 16], 5),
        ([16, 8], [16, 8], 2),
        (16, [8, 16], 3),
    ],
)
def test_an_image_need_not_be_square(image: Any, patch: Any, rows: int) -> None:
    config = VIT | {"image_size": image, "patch_size": patch, "num_channels": 2}
    size = dlp.transformer_dimensions(config=config)
    assert size["position_rows"] == rows
    assert type(size["position_rows"]) is int
    height, width = patch if isinstance(patch, list) else (patch, patch)
    parts = dlp.parameters_by_part(config=config)
    hidden = size["hidden_size"]
    assert parts["position_embedding"] == rows * hidden
    plain = dlp.parameters_by_part(config=config | {"num_channels": 1})
    grown = sum(parts.values()) - sum(plain.values())
    assert grown == height * width * hidden


@pytest.mark.parametrize("image", [[15, 64], [64, 15], [8, 8]])
def test_a_patch_fits_the_image_both_ways(image: list[int]) -> None:
    with pytest.raises(ValueError, match="patch_size must be at most image_size"):
        dlp.parameter_count(config=VIT | {"image_size": image, "patch_size": 16})


@pytest.mark.parametrize(
    ("settings", "moe_layers"),
    [
        ({}, 5),
        ({"decoder_sparse_step": 2}, 2),  # the second and the fourth
        ({"decoder_sparse_step": 5}, 1),
        ({"mlp_only_layers": [0, 4]}, 3),
        ({"mlp_only_layers": [0, 0]}, 4),
        ({"mlp_only_layers": (1,), "decoder_sparse_step": 2}, 1),
        ({"mlp_only_layers": [0, 2], "decoder_sparse_step": 2}, 2),
        ({"mlp_only_layers": [3, 2], "decoder_sparse_step": 2}, 1),
        ({"mlp_only_layers": [2], "decoder_sparse_step": 3}, 0),
        ({"mlp_only_layers": [1], "decoder_sparse_step": 3}, 1),
        ({"mlp_only_layers": [], "decoder_sparse_step": 3}, 1),
    ],
)
def test_the_layers_with_experts_are_counted_from_zero(
    settings: dict[str, Any], moe_layers: int
) -> None:
    config = QWEN3_MOE | settings
    assert dlp.transformer_dimensions(config=config)["num_moe_layers"] == moe_layers
    expert = dlp.mlp_parameters(hidden_size=64, intermediate_size=32)
    resting = dlp.parameter_count(config=config) - dlp.active_parameters(config=config)
    assert resting == 6 * moe_layers * expert


@pytest.mark.parametrize("layer", [-1, 5])
def test_a_layer_without_experts_is_one_of_the_layers(layer: int) -> None:
    with pytest.raises(ValueError, match=r"mlp_only_layers.* must be from 0 to 4"):
        dlp.parameter_count(config=QWEN3_MOE | {"mlp_only_layers": [layer]})


@pytest.mark.parametrize(
    ("settings", "norms"),
    [
        ({}, 7),
        ({"do_layer_norm_before": False}, 6),
        ({"_remove_final_layer_norm": True}, 6),
        ({"layer_norm_elementwise_affine": False}, 0),
    ],
)
def test_the_norms_of_opt_depend_on_its_settings(settings: dict[str, Any], norms: int) -> None:
    parts = dlp.parameters_by_part(config=OPT | settings)
    assert parts["norm"] == norms * 2 * 64
    assert parts["position_embedding"] == 52 * 64


PUBLISHED = json.loads((DOCS / "_evidence" / "models.json").read_text("utf-8"))
SHAPES: dict[str, dict[str, Any]] = {shape["model_type"]: shape for shape in PUBLISHED.values()}
"""A published shape of each architecture."""


@pytest.mark.parametrize("model_type", ["bert", "roberta", "distilbert", "vit"])
def test_a_model_that_writes_no_text_has_no_output_head(model_type: str) -> None:
    config = SHAPES[model_type]
    assert dlp.active_parameters(config=config, embeddings="output") == dlp.active_parameters(
        config=config, embeddings="none"
    )


@pytest.mark.parametrize(
    ("settings", "sliding"),
    [
        ({"model_type": "qwen2", "num_hidden_layers": 30}, 2),
        ({"model_type": "qwen2", "max_window_layers": 0}, 28),
        ({"model_type": "qwen2", "max_window_layers": 27}, 1),
        ({"model_type": "qwen2", "use_sliding_window": False}, 0),
        ({"model_type": "qwen2", "max_window_layers": 0, "use_sliding_window": None}, 0),
        ({"model_type": "gemma3_text", "head_dim": 128}, 24),
        ({"model_type": "gemma3_text", "head_dim": 128, "num_hidden_layers": 30}, 25),
        ({"model_type": "gemma3_text", "head_dim": 128, "sliding_window_pattern": 2}, 14),
        ({"model_type": "gemma3_text", "head_dim": 128, "sliding_window_pattern": 28}, 27),
        ({"model_type": "gemma2", "head_dim": 128}, 14),
        ({"model_type": "gemma2", "head_dim": 128, "num_hidden_layers": 27}, 14),
        ({"model_type": "mistral"}, 28),
    ],
)
def test_each_family_has_its_own_layers_with_a_window(
    settings: dict[str, Any], sliding: int
) -> None:
    window = {"sliding_window": 512, "use_sliding_window": True}
    config = dlp.QWEN2_5_7B | window | settings
    assert dlp.sliding_window_layers(config=config) == sliding


def test_a_window_begins_at_a_layer_from_the_first_on() -> None:
    window = {"sliding_window": 512, "use_sliding_window": True, "max_window_layers": -1}
    with pytest.raises(ValueError, match=r"max_window_layers.* must be from 0"):
        dlp.sliding_window_layers(config=dlp.QWEN2_5_7B | window)


# --- Whole numbers --------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_counted_is_an_int(name: str) -> None:
    kind = str(inspect.signature(FUNCTIONS[name]).return_annotation)
    if "float" in kind:
        return
    for call in islice(calls(name), 60):
        assert all(type(number) is int for number in numbers(FUNCTIONS[name](**call))), call


def test_shared_tensors_are_counted_in_whole_bytes() -> None:
    call: dict[str, Any] = {
        "per_device_train_batch_size": 1,
        "sequence_length": 8,
        "hidden_size": 16,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "head_dim": 4,
        "intermediate_size": 32,
        "layer": "llama",
        "method": "lora",
        "dtype": "bf16",
        "tensor_parallel_size": 2,
        "autocast_adapter_dtype": True,
    }
    kept = dlp.saved_activations(**call)
    assert all(type(number) is int for number in kept.values())
    assert kept["q_proj input in fp32"] == 8 * 16 * 4
    output: dict[str, Any] = {"hidden_size": 16, "vocab_size": 32, "library": "megatron"}
    parts = dlp.output_activations(
        per_device_train_batch_size=1, sequence_length=8, tensor_parallel_size=2, **output
    )
    assert all(type(number) is int for number in parts.values())


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        (name, parameter.name)
        for name, function in FUNCTIONS.items()
        for parameter in worked.parameters(function).values()
        if parameter.default is not parameter.empty and parameter.name in DEFAULTS
    ],
)
def test_leaving_an_argument_out_is_giving_its_default(name: str, parameter: str) -> None:
    """The default is the documented one also where it is used, not in the signature alone."""
    call = plain_call(name)
    left_out = {key: value for key, value in call.items() if key != parameter}
    try:
        expected = FUNCTIONS[name](**call | {parameter: DEFAULTS[parameter]})
    except (TypeError, ValueError) as error:
        with pytest.raises(type(error)):
            FUNCTIONS[name](**left_out)
    else:
        assert FUNCTIONS[name](**left_out) == expected


# --- Odds and ends --------------------------------------------------------------------------


@pytest.mark.parametrize("head_dim", [23, 25])
def test_the_heads_of_a_gpt_layer_are_as_wide_as_the_model_together(head_dim: int) -> None:
    call = plain_call("saved_activations") | {"layer": "gpt"}
    with pytest.raises(ValueError, match="head_dim must be hidden_size / num_attention_heads"):
        dlp.saved_activations(**call | {"head_dim": head_dim})


def test_adapters_keep_the_outputs_of_a_rank_of_8_by_default() -> None:
    call = plain_call("saved_activations") | {"layer": "llama", "method": "lora"}
    call.pop("r")
    assert dlp.saved_activations(**call) == dlp.saved_activations(**call, r=8)
    assert dlp.saved_activations(**call) != dlp.saved_activations(**call, r=9)


def test_an_lstm_has_two_layers_by_default() -> None:
    call = plain_call("p_tuning_parameters") | {"encoder_reparameterization_type": "LSTM"}
    call.pop("encoder_num_layers")
    two = dlp.p_tuning_parameters(**call, encoder_num_layers=2)
    assert dlp.p_tuning_parameters(**call) == two


@pytest.mark.parametrize("activation", ["aaa-gelu", "zzz-gelu", "-gelu", "gated-", ""])
def test_an_activation_of_t5_is_gated_or_plain(activation: str) -> None:
    with pytest.raises(ValueError, match="feed_forward_proj"):
        dlp.parameter_count(config=dlp.FLAN_T5_BASE | {"feed_forward_proj": activation})


@pytest.mark.parametrize("sides", [[], [16], [16, 16, 16]])
def test_an_image_has_two_sides(sides: list[int]) -> None:
    with pytest.raises(ValueError, match="must be one number or two"):
        dlp.parameter_count(config=VIT | {"image_size": sides})


@pytest.mark.parametrize("width", [32, 128])
def test_an_embedding_of_another_width_is_projected(width: int) -> None:
    layers = dlp.linear_layers(config=OPT | {"word_embed_proj_dim": width})
    assert layers[-2:] == [
        ("project_in", width, 64, False, 1),
        ("project_out", 64, width, False, 1),
    ]
    parts = dlp.parameters_by_part(config=OPT | {"word_embed_proj_dim": width})
    assert parts["projection"] == 2 * width * 64


def test_widths_are_divided_exactly() -> None:
    width = 2**53 + 1  # the first that a float cannot hold
    config = dlp.LLAMA_2_7B | {"hidden_size": width, "num_attention_heads": 1}
    size = dlp.transformer_dimensions(config=config | {"num_key_value_heads": 1})
    assert size["head_dim"] == width


def test_falcon_shares_one_key_head_unless_it_says_otherwise() -> None:
    config: dict[str, Any] = {
        "model_type": "falcon",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 100,
    }
    assert dlp.transformer_dimensions(config=config)["num_key_value_heads"] == 1
    apart = dlp.transformer_dimensions(config=config | {"multi_query": False})
    assert apart["num_key_value_heads"] == 4


def test_phi_has_one_norm_in_each_layer_and_one_at_the_end() -> None:
    config = dlp.LLAMA_2_7B | {"model_type": "phi", "num_hidden_layers": 3, "hidden_size": 64}
    assert dlp.ln_tuning_parameters(config=config) == (3 + 1) * 2 * 64


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


def test_one_micro_batch_more_than_a_million_is_not_listed() -> None:
    with pytest.raises(ValueError, match="at most 1000000"):
        dlp.accumulation_windows(num_micro_batches=1_000_001, gradient_accumulation_steps=10)


@pytest.mark.parametrize(
    ("parameter", "fixed"), [("intermediate_size", 4 * 96), ("num_key_value_heads", 4)]
)
def test_a_gpt_layer_has_but_one_width_of_each_part(parameter: str, fixed: int) -> None:
    call = plain_call("saved_activations") | {"layer": "gpt"}
    dlp.saved_activations(**call | {parameter: fixed})
    for other in (fixed // 2, 2 * fixed):
        with pytest.raises(ValueError, match=f"{parameter} must be {fixed}"):
            dlp.saved_activations(**call | {parameter: other})


def test_falcon_has_one_norm_or_two_beside_each_other() -> None:
    config: dict[str, Any] = {
        "model_type": "falcon",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_kv_heads": 2,
        "vocab_size": 100,
        "new_decoder_architecture": True,
    }
    for number in (1, 2):
        norms = dlp.ln_tuning_parameters(config=config | {"num_ln_in_parallel_attn": number})
        assert norms == (2 * number + 1) * 2 * 64
    for number in (0, 3):
        with pytest.raises(ValueError, match=r"num_ln_in_parallel_attn.* must be from 1 to 2"):
            dlp.ln_tuning_parameters(config=config | {"num_ln_in_parallel_attn": number})


@pytest.mark.parametrize(
    ("model_type", "tied"),
    [
        *((name, True) for name in ("gpt2", "opt", "bloom", "gpt_bigcode", "falcon", "t5")),
        *((name, True) for name in ("gemma", "gemma2", "gemma3_text")),
        *((name, False) for name in ("llama", "mistral", "mixtral", "qwen2", "qwen3")),
        *((name, False) for name in ("qwen3_moe", "phi", "phi3", "gpt_neox")),
    ],
)
def test_a_head_is_tied_where_the_library_ties_it(model_type: str, tied: bool) -> None:
    """As in the configuration classes of Transformers 5.23.0."""
    shape = SHAPES.get(model_type, dlp.LLAMA_2_7B | {"model_type": model_type})
    config = shape | {"tie_word_embeddings": None}
    assert bool(dlp.parameters_by_part(config=config)["output_head"]) is not tied


def test_bigcode_shares_one_key_head_unless_it_says_otherwise() -> None:
    config = {key: value for key, value in SHAPES["gpt_bigcode"].items() if key != "multi_query"}
    assert dlp.transformer_dimensions(config=config)["num_key_value_heads"] == 1
    apart = dlp.transformer_dimensions(config=config | {"multi_query": False})
    assert apart["num_key_value_heads"] == apart["num_attention_heads"]


@pytest.mark.parametrize("number", [27, 29])
def test_each_layer_has_one_type(number: int) -> None:
    window = {"sliding_window": 512, "layer_types": ["full_attention"] * number}
    with pytest.raises(ValueError, match=r"layer_types.* must name 28 layers"):
        dlp.sliding_window_layers(config=dlp.QWEN2_5_7B | window)


@pytest.mark.parametrize("devices", [2, 3])
def test_transformers_computes_its_loss_on_one_device(devices: int) -> None:
    call = plain_call("output_activations") | {"library": "transformers"}
    with pytest.raises(ValueError, match='tensor_parallel_size must be 1 with library="transf'):
        dlp.output_activations(**call | {"tensor_parallel_size": devices})
