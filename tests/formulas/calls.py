"""Valid arguments of every public function, from which the tests make their calls.

`ARGUMENTS[function][parameter]` lists values that are valid in every combination; the first of
each makes the plainest call. A new public function needs an entry here.
"""

from __future__ import annotations

import inspect
from itertools import product
from typing import TYPE_CHECKING, Any

import dlp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODELS = [dlp.GPT2, dlp.LLAMA_2_7B, dlp.LLAMA_3_8B, dlp.MISTRAL_7B, dlp.QWEN2_5_7B]

_LAYER: dict[str, list[Any]] = {
    "per_device_train_batch_size": [2],
    "sequence_length": [128, 33],
    "hidden_size": [96],
    "num_attention_heads": [4],
    "method": list(dlp.METHODS),
    "dtype": list(dlp.COMPUTE_DTYPES),
    "attention": list(dlp.ATTENTIONS),
    "recomputation": list(dlp.RECOMPUTATIONS),
}
_EPOCH: dict[str, list[Any]] = {
    "num_samples": [1003, 1000, 1],
    "per_device_train_batch_size": [8, 3],
    "num_devices": [1, 2],
    "drop_last": [False, True],
}
_UPDATES: dict[str, list[Any]] = {
    **_EPOCH,
    "gradient_accumulation_steps": [4, 1],
    "last_window": list(dlp.LAST_WINDOWS),
}
_MATRIX: dict[str, list[Any]] = {"in_features": [4096, 11], "out_features": [1024, 4096, 3]}
_LABELS = [[5, 6, 7, 8], [-100, -100, 7, 8]]

ARGUMENTS: dict[str, dict[str, list[Any]]] = {
    # steps
    "accumulation_windows": {
        "num_micro_batches": [10, 5, 1],
        "gradient_accumulation_steps": [4, 1, 7],
        "num_train_epochs": [2, 1, 3],
        "leftover": list(dlp.LEFTOVERS),
    },
    "effective_batch_size": {
        "per_device_train_batch_size": [16, 1],
        "gradient_accumulation_steps": [4, 3],
        "num_devices": [2, 1],
    },
    "micro_batches_per_epoch": _EPOCH,
    "tokens_per_epoch": {"num_samples": [1000, 7], "sequence_length": [2048, 1]},
    "tokens_per_update": {
        "sequence_length": [1024, 3],
        "per_device_train_batch_size": [12, 1],
        "gradient_accumulation_steps": [40, 1],
        "num_devices": [1, 8],
    },
    "training_micro_batches": {**_EPOCH, "num_train_epochs": [3, 1]},
    "training_updates": {**_UPDATES, "num_train_epochs": [3, 1]},
    "updates_per_epoch": _UPDATES,
    # units
    "bits_per_parameter": {"dtype": list(dlp.DTYPES)},
    "blockwise_bits_per_parameter": {
        "bits": [4, 8, 1],
        "block_size": [64, 256],
        "scale_bits": [32, 8, 0],
    },
    "bytes_per_parameter": {"dtype": list(dlp.DTYPES)},
    "double_quantized_bits_per_parameter": {
        "bits": [4, 8],
        "block_size": [64, 128],
        "scale_bits": [8, 0],
        "second_block_size": [256, 512],
        "second_scale_bits": [32, 16],
    },
    "gibibytes": {"num_bytes": [28_000_000_000, 0, 0.5]},
    "gigabytes": {"num_bytes": [28_000_000_000, 0, 0.5]},
    "stored_bytes": {"num_values": [70_553_706_497, 0, 3], "dtype": list(dlp.DTYPES)},
    # activations
    "activation_bytes": {"num_hidden_layers": [3, 1], **_LAYER},
    "activation_bytes_per_layer": _LAYER,
    "kv_cache_bytes": {
        "num_hidden_layers": [32, 1],
        "num_key_value_heads": [8, 1],
        "head_dim": [128, 3],
        "num_tokens": [2048, 1],
        "batch_size": [1, 5],
        "dtype": list(dlp.CACHE_DTYPES),
    },
    "saved_activations": _LAYER,
    # memory
    "gradient_bytes": {
        "num_trainable_parameters": [7_000_000_001, 0],
        "dtype": list(dlp.COMPUTE_DTYPES),
    },
    "memory_ledger": {
        "num_parameters": [7_000_000_001, 1000],
        "num_head_parameters": [16_384, 0],
        "num_adapter_parameters": [4_194_304, 0],
        "dtype": ["fp32", "bf16"],
        "master_weights": [False, True],
        "optimizer": list(dlp.OPTIMIZERS),
        "quantized_dtype": ["nf4-double", "nf4", "int8"],
        "num_unquantized_parameters": [0, 999],
        "micro_batch": [
            {
                "num_hidden_layers": 2,
                "per_device_train_batch_size": 1,
                "sequence_length": 128,
                "hidden_size": 64,
                "num_attention_heads": 4,
                "attention": "flash",
            },
            None,
        ],
    },
    "optimizer_bytes_per_parameter": {"optimizer": list(dlp.OPTIMIZERS)},
    "optimizer_state_bytes": {
        "num_trainable_parameters": [7_000_000_001, 0, 1],
        "optimizer": list(dlp.OPTIMIZERS),
    },
    "position_table_bytes": {
        "max_position_embeddings": [1024, 1],
        "hidden_size": [768, 3],
        "dtype": list(dlp.DTYPES),
    },
    "training_bytes_per_parameter": {"convention": list(dlp.CONVENTIONS)},
    "training_memory_bytes": {
        "num_parameters": [7_000_000_001, 16_384],
        "num_trainable_parameters": [16_384, 0, 1],
        "dtype": list(dlp.COMPUTE_DTYPES),
        "optimizer": list(dlp.OPTIMIZERS),
    },
    "training_state_bytes": {
        "num_parameters": [7_500_000_000, 0],
        "convention": list(dlp.CONVENTIONS),
    },
    "weight_bytes": {"num_parameters": [70_553_706_497, 0, 3], "dtype": list(dlp.DTYPES)},
    # transformer
    "attention_parameters": {
        "hidden_size": [4096, 7],
        "num_attention_heads": [32, 8],
        "num_key_value_heads": [8, 1],
        "head_dim": [128, 3],
    },
    "implied_depth": {"num_parameters": [7_000_000_000, 1], "hidden_size": [2048, 1]},
    "linear_layers": {"config": MODELS},
    "mlp_parameters": {
        "hidden_size": [4096, 3],
        "intermediate_size": [11008, 1],
        "gated": [True, False],
    },
    "norm_parameters": {
        "hidden_size": [4096, 3],
        "num_hidden_layers": [32, 1],
        "bias": [False, True],
    },
    "parameter_count": {"config": MODELS},
    "parameters_by_part": {"config": MODELS},
    "position_table_parameters": {"max_position_embeddings": [1024, 1], "hidden_size": [768, 3]},
    "rough_parameters": {"num_hidden_layers": [96, 1], "hidden_size": [12288, 1]},
    "transformer_dimensions": {"config": MODELS},
    # heads
    "classification_head_parameters": {
        "hidden_size": [2048, 3],
        "num_labels": [8, 1],
        "bias": [True, False],
    },
    "transformers_head_parameters": {
        "model_type": list(dlp.HEAD_MODEL_TYPES),
        "task": list(dlp.TASKS),
        "hidden_size": [768, 1],
        "num_labels": [3, 1],
    },
    "linear_parameters": {**_MATRIX, "bias": [True, False]},
    # objective
    "accumulated_loss": {
        "loss_sums": [[30.0, 90.0], [0.0, 0.1]],
        "num_tokens": [[10, 90], [1, 1]],
        "average": list(dlp.AVERAGES),
    },
    "assistant_labels": {
        "input_ids": [[1, 5, 2, 6]],
        "assistant_masks": [[0, 0, 0, 1], [0, 0, 0, 0]],
    },
    "causal_lm_loss": {
        "logits": [[[0.0, 0.0, 0.0], [0.0, 5.0, 0.0], [1.0, 1.0, -1.0]]],
        "labels": [[0, 2, 1], [-100, -100, 1]],
    },
    "completion_labels": {"input_ids": [[5, 6, 7, 8]], "num_prompt_tokens": [3, 0, 4]},
    "cross_entropy": {
        "logits": [[[0.0, 0.5], [9.0, 0.0]], [[1, 2], [3, 4]]],
        "labels": [[1, 0], [0, 1]],
        "ignore_index": [-100, 0],
    },
    "mean_loss": {"token_losses": [[0.0, 2.0, 1.0, 3.0], [9.9, 0.1, 0.7, 0.3]], "labels": _LABELS},
    "pretraining_labels": {
        "input_ids": [[5, 6, 7, 0]],
        "attention_mask": [[1, 1, 1, 0], None],
    },
    "supervised_losses": {"token_losses": [[0.0, 2.0, 1.0, 3.0]], "labels": _LABELS},
    "supervised_tokens": {"labels": _LABELS},
    # adapters
    "lora_break_even_rank": _MATRIX,
    "lora_model_parameters": {
        "config": [dlp.QWEN2_5_7B, dlp.LLAMA_2_7B],
        "r": [8, 1],
        "target_modules": [["q_proj", "v_proj"], dlp.ALL_LINEAR],
        "bias": list(dlp.LORA_BIASES),
        "use_dora": [False, True],
    },
    "lora_parameters": {"r": [8, 1], **_MATRIX, "use_dora": [False, True]},
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(dlp, name) for name in dlp.__all__ if inspect.isfunction(getattr(dlp, name))
}
"""The public functions by name."""


def plain_call(name: str) -> dict[str, Any]:
    """Give the plainest valid arguments of a function."""
    return {parameter: values[0] for parameter, values in _arguments(name).items()}


def calls(name: str) -> Iterator[dict[str, Any]]:
    """Give every combination of the arguments of a function."""
    table = _arguments(name)
    for values in product(*table.values()):
        yield dict(zip(table, values, strict=True))


def _arguments(name: str) -> dict[str, list[Any]]:
    parameters = list(inspect.signature(FUNCTIONS[name]).parameters)
    if missing := [each for each in parameters if each not in ARGUMENTS.get(name, {})]:
        raise AssertionError(
            f"tests/formulas/calls.py: add to ARGUMENTS[{name!r}] valid values of "
            f"{', '.join(missing)}"
        )
    return ARGUMENTS[name]
