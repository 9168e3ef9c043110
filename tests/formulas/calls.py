"""Valid arguments of every public function, from which the tests make their calls.

`ARGUMENTS[function][parameter]` lists values that are valid in every combination; the first of
each makes the plainest call. A new public function needs an entry here.
"""

from __future__ import annotations

import inspect
from itertools import product
from typing import TYPE_CHECKING, Any

import dlp
from _guide import worked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODELS = [
    dlp.GPT2,
    dlp.LLAMA_2_7B,
    dlp.LLAMA_3_8B,
    dlp.MISTRAL_7B,
    dlp.QWEN2_5_7B,
    dlp.MIXTRAL_8X7B,
    dlp.BERT_BASE,
    dlp.FLAN_T5_BASE,
    dlp.VIT_BASE,
]
CAUSAL = MODELS[:6]  # those that predict the next token
DECODERS = [*MODELS[:6], {**dlp.MISTRAL_7B, "sliding_window": 1024}]

_LAYER: dict[str, list[Any]] = {
    "per_device_train_batch_size": [3],
    "sequence_length": [34],
    "hidden_size": [96],
    "num_attention_heads": [4],
    "method": ["full", "lora", "head-only"],
    "dtype": ["fp32", "bf16"],
    "attention": list(dlp.ATTENTIONS),
    "recomputation": list(dlp.RECOMPUTATIONS),
    "tensor_parallel_size": [2],
    "sequence_parallel": [False, True],
}
_STEP: dict[str, list[Any]] = {
    "config": [dlp.QWEN2_5_7B | {"num_hidden_layers": 2}, dlp.LLAMA_2_7B],
    "training": [
        {"per_device_train_batch_size": 1, "max_length": 128, "dtype": "bfloat16"},
        {
            "per_device_train_batch_size": 3,
            "max_length": 64,
            "attn_implementation": "eager",
            "gradient_checkpointing": True,
        },
    ],
    "lora": [None, {"r": 4, "target_modules": ["q_proj", "down_proj"]}],
    "quantization": [None],
    "method": [None],
    "library": ["transformers", "pytorch"],
}
_RUN: dict[str, list[Any]] = {
    "config": [dlp.QWEN2_5_7B | {"num_hidden_layers": 2}],
    "training": [{"per_device_train_batch_size": 1, "max_length": 128, "dtype": "bfloat16"}],
    "lora": [None],
    "quantization": [None],
    "method": [None],
    "library": ["transformers", "pytorch"],
    "num_devices": [1],
    "stage": [0],
    "offload": [False],
    "objective": ["sft"],
}
_COUNTS: dict[str, list[Any]] = {
    "num_parameters": [7_000_000_001],
    "num_head_parameters": [16_384],
    "num_adapter_parameters": [4_194_304, 0],
    "dtype": ["fp32", "bf16"],
    "autocast_adapter_dtype": [False, True],
    "master_weights": [False, True],
    "optimizer": ["adamw", "adamw-8bit"],
    "quantized_dtype": ["nf4-double", "int8"],
    "num_unquantized_parameters": [0, 999],
}
_ROOM: dict[str, list[Any]] = {"memory_bytes": [24_000_000_000, 1], "accelerator": [None]}
_EPOCH: dict[str, list[Any]] = {
    "num_samples": [1003, 1000, 1],
    "per_device_train_batch_size": [9, 3],
    "num_devices": [1, 3],
    "dataloader_drop_last": [False, True],
    "split_batches": [False, True],
}
_UPDATES: dict[str, list[Any]] = {
    **_EPOCH,
    "gradient_accumulation_steps": [4, 1],
    "train_sampling_strategy": ["random"],  # "batch_rebalance" has nothing split
    "group_by_length": [False],
    "last_window": list(dlp.LAST_WINDOWS),
}
_RUNS: dict[str, list[Any]] = {
    **_UPDATES,
    "num_samples": [1003, 1000],  # of which each epoch makes an update
    "last_window": ["step", "at-least-one"],
}
_GRPO: dict[str, list[Any]] = {
    "num_samples": [5498, 1],
    "per_device_train_batch_size": [8, 16],
    "num_generations": [8, 2],
    "gradient_accumulation_steps": [4, 1],
    "steps_per_generation": [None],
    "generation_batch_size": [None],
    "num_devices": [7, 1],
}
_ATTENTION_FLOPS: dict[str, list[Any]] = {
    "num_hidden_layers": [118, 1],
    "num_attention_heads": [48, 3],
    "head_dim": [256, 1],
    "sequence_length": [2048, 5],
}
_DEVICES: dict[str, list[Any]] = {
    "flops_per_token": [3_277_734_806_784, 1.5],
    "num_devices": [6144, 1],
    "peak_flops_per_second": [275 * 10**12, 2.5],
}
SEEN = [  # the devices whose capacity was reported
    *("t4", "v100-32gb", "rtx-3060", "rtx-3090", "rtx-4090", "rtx-5090", "a10g", "l40s"),
    *("rtx-6000-ada", "a100-40gb", "a100-80gb", "h100"),
]
DENSE = [  # the devices whose FLOPs are known
    *("t4", "v100-16gb", "v100-32gb", "l4", "l40s", "a100-40gb", "a100-80gb", "h100", "h200"),
    *("b200", "mi300x", "tpu-v4", "tpu-v5e", "tpu-v5p"),
]
_MATRIX: dict[str, list[Any]] = {"in_features": [4096, 11], "out_features": [1024, 4096, 3]}
_MODULES: dict[str, list[Any]] = {
    "task_type": ["CAUSAL_LM"],
    "exclude_modules": [None],
    "layers_to_transform": [None],
    "layers_pattern": [None],
    "target_parameters": [None],
    "trainable_token_indices": [None],
    "ensure_weight_tying": [False],
    "modules_to_save": [None],
}
_LORA: dict[str, list[Any]] = {
    **_MODULES,
    "config": [dlp.QWEN2_5_7B, dlp.LLAMA_2_7B],
    "r": [8, 1],
    "target_modules": [["q_proj", "v_proj"], dlp.ALL_LINEAR, ["lm_head", "v_proj"]],
    "bias": list(dlp.LORA_BIASES),
    "use_dora": [False, True],
    "rank_pattern": [None, {"v_proj": 4}],
    "modules_to_save": [None, ["embed_tokens"]],
    "lora_bias": [False],
}
_ADAPTER: dict[str, list[Any]] = {
    "config": [dlp.QWEN2_5_7B, dlp.LLAMA_2_7B],
    "peft_type": list(dlp.ADAPTER_METHODS),
    "settings": [None],
    **_MODULES,
    "target_modules": [["q_proj", "v_proj"], dlp.ALL_LINEAR],
}
NAMED = [dlp.QWEN2_5_7B | {"num_hidden_layers": 2}, dlp.GPT2]  # whose tensors have known names
_TENSORS: list[Any] = [
    {"b": {"dtype": "BF16", "shape": [7, 3]}, "a": {"dtype": "F32", "shape": []}},
    {
        "layers.10.weight": {"dtype": "U8", "shape": [0]},
        "layers.9.weight": {"dtype": "I64", "shape": [999]},
    },
]
_LABELS = [[5, 6, 7, 8], [-100, -100, 7, 8]]

ARGUMENTS: dict[str, dict[str, list[Any]]] = {
    # steps
    "accumulation_windows": {
        "num_micro_batches": [10, 5, 1],
        "gradient_accumulation_steps": [4, 1, 7],
        "num_train_epochs": [2, 1, 3, 0.5],
        "leftover": list(dlp.LEFTOVERS),
    },
    "effective_batch_size": {
        "per_device_train_batch_size": [16, 2],
        "gradient_accumulation_steps": [4, 3],
        "num_devices": [2, 1],
        "split_batches": [False, True],
    },
    "epochs_seen": {
        "num_tokens": [300_000_000_000, 1],
        "dataset_tokens": [410_000_000_000, 3],
        "mixture_weight": [0.5, 1.0, 0],
    },
    "micro_batches_per_epoch": _EPOCH,
    "tokens_per_epoch": {"num_samples": [1000, 7], "sequence_length": [2048, 1]},
    "tokens_per_update": {
        "sequence_length": [1024, 3],
        "per_device_train_batch_size": [16, 8],
        "gradient_accumulation_steps": [40, 1],
        "num_devices": [1, 8],
        "split_batches": [False, True],
    },
    "training_micro_batches": {
        **_EPOCH,
        "num_train_epochs": [3, 1, 2.0],
        "max_steps": [-1],
        "gradient_accumulation_steps": [4, 1],
    },
    "training_updates": {**_UPDATES, "num_train_epochs": [3, 1, 0.5], "max_steps": [-1]},
    "updates_per_epoch": _UPDATES,
    # schedule
    "epochs_started": {**_RUNS, "max_steps": [10_000, 1]},
    "resume_point": {**_RUNS, "global_step": [50, 0], "ignore_data_skip": [False, True]},
    "scheduler_steps": {
        "num_updates": [10_000, 0],
        "num_devices": [4, 1],
        "split_batches": [False, True],
    },
    "warmup_updates": {
        "num_training_steps": [15_625, 0],
        "warmup_steps": [0.0625, 0.5],
        "warmup_ratio": [0.0, 0.5],
    },
    # packing
    "packed_rows": {
        "lengths": [[5, 2, 3, 1], [0, 9, 4, 4, 7, 1]],
        "max_length": [4, 1024],
        "packing_strategy": list(dlp.PACKING_STRATEGIES),
        "dataset_num_proc": [None, 2],
        "batch_size": [1000, 3],
    },
    "padding_tokens": {
        "lengths": [[5, 2, 3, 1], [0, 9, 4, 4, 7, 1]],
        "per_device_train_batch_size": [2, 4],
        "max_length": [None, 4],
        "pad_to_multiple_of": [None, 8],
        "dataloader_drop_last": [False, True],
    },
    "stream_micro_batches_per_epoch": {
        "num_samples": [10_000, 1],
        "per_device_train_batch_size": [32, 3],
        "dataloader_num_workers": [2, 0],
        "num_devices": [1, 3],
        "dataloader_drop_last": [False, True],
        "dispatch_batches": [True, False],
    },
    # alignment
    "grpo_completions_per_epoch": {**_GRPO, "num_iterations": [1, 3]},
    "grpo_training_updates": {
        **_GRPO,
        "num_iterations": [1, 3],
        "num_train_epochs": [2, 0.5],
        "max_steps": [-1],
    },
    "grpo_updates_per_epoch": {**_GRPO, "num_iterations": [1, 3]},
    "preference_sequences_per_update": {
        "per_device_train_batch_size": [16, 2],
        "gradient_accumulation_steps": [4, 3],
        "num_devices": [2, 1],
        "split_batches": [False, True],
    },
    # units
    "bits_per_parameter": {"dtype": list(dlp.DTYPES)},
    "bytes_per_parameter": {"dtype": list(dlp.DTYPES)},
    "gibibytes": {"num_bytes": [28_000_000_000, 0, 0.5]},
    "gigabytes": {"num_bytes": [28_000_000_000, 0, 0.5]},
    "stored_bytes": {"num_values": [70_553_706_497, 0, 3], "dtype": list(dlp.DTYPES)},
    # quantization
    "blockwise_bits_per_parameter": {
        "bits": [4, 8, 1],
        "block_size": [64, 256],
        "scale_bits": [32, 8, 0],
    },
    "double_quantization_saved_bytes": {"num_parameters": [65_285_660_672, 0, 1]},
    "double_quantized_bits_per_parameter": {
        "bits": [4, 8],
        "block_size": [64, 128],
        "scale_bits": [8, 0],
        "second_block_size": [256, 512],
        "second_scale_bits": [32, 16],
    },
    "awq_bytes": {"in_features": [4096, 1024], "out_features": [4096, 8], "group_size": [128, 32]},
    "gptq_bytes": {
        "in_features": [4096, 1024],
        "out_features": [4096, 32],
        "bits": [4, 2, 3, 8],
        "group_size": [128, 4096],
        "scale_bits": [16, 32],
    },
    "mxfp4_bytes": {"num_weights": [32, 8192]},
    "gguf_weights": {
        "config": [dlp.LLAMA_3_8B, dlp.QWEN2_5_7B],
        "ftype": list(dlp.GGUF_FTYPES),
        "imatrix": [False, True],
    },
    "gguf_bits_per_weight": {"ggml_type": list(dlp.GGML_TYPES)},
    "gguf_bytes": {"num_weights": [{"Q4_K": 2560, "Q6_K": 512, "F32": 3}, {"IQ4_NL": 32}]},
    "gguf_mean_bits_per_weight": {"num_weights": [{"Q4_K": 2560, "F32": 3}, {"IQ4_NL": 32}]},
    # files
    "lora_tensors": {
        "config": NAMED,
        "r": [8, 1],
        "target_modules": [dlp.ALL_LINEAR],
        "dtype": list(dlp.FILE_DTYPES),
        "use_dora": [False, True],
    },
    "model_tensors": {
        "config": NAMED,
        "dtype": list(dlp.FILE_DTYPES),
        "quantization": [None, *dlp.FILE_QUANTIZATIONS],
    },
    "optimizer_file_bytes": {
        "tensors": [
            {
                "norm.weight": {"dtype": "BF16", "shape": [7]},
                "a": {"dtype": "F32", "shape": [2, 3]},
            },
            {"layers.0.q_proj.bias": {"dtype": "F16", "shape": [1, 2, 3, 70_000]}},
        ]
    },
    "safetensors_bytes": {"tensors": _TENSORS, "metadata": [None, {"format": "pt"}]},
    "saved_model_bytes": {
        "tensors": _TENSORS,
        "max_shard_size": ["50GB", 8, "0.5KB"],
        "loaded": [True, False],
        "num_parameters": [None, 22],
    },
    # activations
    "activation_bytes": _STEP,
    "activation_bytes_per_layer": _STEP,
    "megatron_activations": _LAYER,
    "megatron_activation_bytes": _LAYER,
    "logits_bytes": {
        "per_device_train_batch_size": [1, 2],
        "sequence_length": [33, 1],
        "vocab_size": [50257, 1],
        "dtype": list(dlp.COMPUTE_DTYPES),
    },
    "output_activations": _STEP,
    "megatron_output_activations": {
        "per_device_train_batch_size": [1, 2],
        "sequence_length": [34, 2],
        "hidden_size": [96],
        "vocab_size": [50258, 2],
        "dtype": list(dlp.COMPUTE_DTYPES),
        "tensor_parallel_size": [1, 2],
    },
    # cache
    "cache_bits_per_value": {"dtype": list(dlp.CACHE_DTYPES)},
    "model_weight_bytes": {
        "config": DECODERS,
        "dtype": [None, *dlp.DTYPES],
    },
    "model_kv_cache_bytes": {
        "config": DECODERS,
        "num_tokens": [2048, 1],
        "batch_size": [1, 5],
        "dtype": list(dlp.CACHE_DTYPES),
        "value_dtype": [None],
        "cache_implementation": list(dlp.CACHE_IMPLEMENTATIONS),
        "n_ubatch": [512, 1],
    },
    "encoder_decoder_cache_bytes": {
        "config": [dlp.FLAN_T5_BASE],
        "num_tokens": [128, 1],
        "num_encoder_tokens": [512, 1],
        "batch_size": [1, 5],
        "dtype": ["bf16", "fp32", "int8"],
    },
    "sliding_window_layers": {"config": DECODERS},
    "kv_cache_bytes": {
        "num_hidden_layers": [32, 1],
        "num_key_value_heads": [8, 1],
        "head_dim": [128, 3],
        "num_tokens": [2048, 1],
        "batch_size": [1, 5],
        "dtype": list(dlp.CACHE_DTYPES),
        "v_head_dim": [None],
        "value_dtype": [None],
    },
    "saved_activations": _STEP,
    # memory
    "gradient_bytes": {
        "num_trainable_parameters": [7_000_000_001, 0],
        "dtype": list(dlp.COMPUTE_DTYPES),
    },
    "memory_ledger": {
        "config": [None],
        "training": [None],
        "lora": [None],
        "quantization": [None],
        "library": ["transformers"],
        **_COUNTS,
    },
    "state_ledger": _COUNTS,
    "optimizer_bytes_per_parameter": {
        "optimizer": list(dlp.OPTIMIZERS),
        "dtype": list(dlp.COMPUTE_DTYPES),
    },
    "optimizer_state_bytes": {
        "num_trainable_parameters": [7_000_000_001, 0, 1],
        "optimizer": list(dlp.OPTIMIZERS),
        "dtype": list(dlp.COMPUTE_DTYPES),
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
    # parallel
    "deepspeed_estimated_bytes": {
        "total_params": [2_851_598_336, 737_668_096],
        "largest_layer_params": [32_899_072, 1],
        "stage": [3, 2],
        "num_gpus_per_node": [8, 1],
        "num_nodes": [1, 3],
        "cpu_offload": [True, False],
        "cpu_offload_params": [True, False],
        "zero_init": [True, False],
        "additional_buffer_factor": [1.5],
    },
    "sharded_state_bytes": {
        "num_trainable_parameters": [40_000_001, 0],
        "num_frozen_parameters": [7_000_000_001, 0],
        "frozen_dtype": ["bf16", "nf4-double"],
        "convention": list(dlp.CONVENTIONS),
        "stage": [0, 1, 2, 3],
        "num_devices": [8],
    },
    "zero_stage": {"sharding_strategy": list(dlp.SHARDING_STRATEGIES)},
    # transformer and architectures
    "active_parameters": {"config": MODELS, "embeddings": list(dlp.EMBEDDINGS)},
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
        "model_type": [m for m in dlp.HEAD_MODEL_TYPES if len(dlp.FAMILIES[m]()["heads"]) == 2],
        "task": ["sequence-classification", "token-classification"],
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
        "pad_token_id": [None, 7],
    },
    "supervised_losses": {"token_losses": [[0.0, 2.0, 1.0, 3.0]], "labels": _LABELS},
    "supervised_tokens": {"labels": _LABELS},
    # adapters
    "adalora_model_parameters": {
        "config": [dlp.QWEN2_5_7B, dlp.LLAMA_2_7B],
        "init_r": [12, 1],
        "target_modules": [["q_proj", "v_proj"], dlp.ALL_LINEAR],
    },
    "adalora_parameters": {"init_r": [12, 1], **_MATRIX},
    "adaptable_modules": {"config": MODELS},
    "adapted_modules": {
        "config": [dlp.QWEN2_5_7B, dlp.LLAMA_2_7B],
        **_MODULES,
        "target_modules": [["q_proj", "v_proj"], ["self_attn.q_proj", "c_attn"], None],
        "modules_to_save": [None, ["norm"]],
    },
    "bitfit_parameters": {"config": MODELS},
    "lora_break_even_rank": _MATRIX,
    "lora_model_parameters": _LORA,
    "lora_parameters": {"r": [8, 1], **_MATRIX, "use_dora": [False, True]},
    "lora_totals": {**_LORA, "config": [dlp.QWEN2_5_7B], "r": [8], "packed": [False, True]},
    # matrix adapters
    "adapter_model_parameters": _ADAPTER,
    "adapter_totals": _ADAPTER,
    "boft_parameters": {
        "in_features": [4096, 8],
        "out_features": [4096, 3],
        "boft_block_size": [4, 2],
        "boft_block_num": [0],
        "boft_n_butterfly_factor": [1, 2],
    },
    "loha_parameters": {"r": [8, 1], **_MATRIX},
    "lokr_parameters": {
        "r": [8, 1],
        **_MATRIX,
        "decompose_both": [False, True],
        "decompose_factor": [-1, 4, 5],
    },
    "oft_parameters": {
        "in_features": [4096, 768],
        "r": [0],
        "oft_block_size": [32, 8],
        "block_share": [False],
    },
    "vera_parameters": {"r": [256, 1], "out_features": [4096, 1]},
    # small adapters
    "top_layers_parameters": {"config": MODELS, "num_layers": [2, 1]},
    "bottleneck_adapter_parameters": {
        "hidden_size": [768, 1],
        "bottleneck_size": [64, 1],
        "num_adapters": [24, 1],
        "num_layer_norms": [25, 0],
    },
    "ia3_model_parameters": {
        "config": [dlp.QWEN2_5_7B, dlp.LLAMA_2_7B],
        "target_modules": [["k_proj", "v_proj", "down_proj"], ["down_proj"]],
        "feedforward_modules": [["down_proj"], []],
    },
    "ln_tuning_parameters": {"config": MODELS},
    # soft prompts
    "p_tuning_parameters": {
        "num_virtual_tokens": [20, 1],
        "token_dim": [1024, 3],
        "encoder_hidden_size": [128, 5],
        "encoder_reparameterization_type": list(dlp.PROMPT_ENCODERS),
        "encoder_num_layers": [2, 1, 3],
        "num_transformer_submodules": [1, 2],
    },
    "prefix_tuning_model_parameters": {
        "config": MODELS,
        "num_virtual_tokens": [20, 1],
        "prefix_projection": [False, True],
        "encoder_hidden_size": [None, 512],
    },
    "prefix_tuning_parameters": {
        "num_virtual_tokens": [20, 1],
        "num_layers": [36, 1],
        "token_dim": [1280, 3],
        "prefix_projection": [False, True],
        "encoder_hidden_size": [None, 512],
    },
    "prompt_tuning_parameters": {
        "num_virtual_tokens": [8, 1],
        "token_dim": [1024, 3],
        "num_transformer_submodules": [1, 2],
    },
    # compute
    "attention_flops": {
        **_ATTENTION_FLOPS,
        "num_tokens": [4096, 1],
        "passes": list(dlp.PASSES),
        "causal": [False, True],
    },
    "compute_parameters": {"config": CAUSAL, "counted": list(dlp.COUNTED_PARAMETERS)},
    "flops_utilization": {**_DEVICES, "tokens_per_second": [238_300.0, 0]},
    "forward_flops": {"num_parameters": [7_000_000_001, 1], "num_tokens": [4096, 3]},
    "forward_flops_by_part": {
        "config": CAUSAL,
        "sequence_length": [1024, 1],
        "per_device_train_batch_size": [1, 3],
    },
    "head_training_flops": {
        "num_parameters": [7_000_000_001, 1],
        "num_head_parameters": [8192, 1],
        "num_tokens": [4096, 3],
    },
    "lora_training_flops": {
        "num_parameters": [7_000_000_001, 1],
        "num_adapter_parameters": [4_194_304, 0],
        "num_tokens": [4096, 3],
    },
    "accelerator_memory_bytes": {"accelerator": list(dlp.ACCELERATORS)},
    "usable_memory_bytes": {"accelerator": SEEN},
    "memory_bytes_per_second": {"accelerator": list(dlp.ACCELERATORS)},
    "peak_flops_per_second": {"accelerator": DENSE},
    "model_training_flops": {
        "config": CAUSAL,
        "sequence_length": [1024, 1],
        "per_device_train_batch_size": [1, 3],
        "num_adapter_parameters": [4_194_304, 0],
        "recomputation": list(dlp.RECOMPUTATIONS),
    },
    "tokens_per_second": {**_DEVICES, "utilization": [0.5, 1.0, 0]},
    "training_days": {
        "num_parameters": [124_337_664, 1],
        "num_tokens": [300_000_000_000, 1],
        "num_devices": [8, 1],
        "flops_per_second": [312 * 10**12, 1.5e14],
        "utilization": [0.25, 1.0],
        "recomputation": list(dlp.RECOMPUTATIONS),
    },
    "training_flops": {
        "num_parameters": [7_000_000_001, 1],
        "num_tokens": [4096, 3],
        "recomputation": list(dlp.RECOMPUTATIONS),
    },
    "training_flops_per_token": {
        "num_parameters": [7_000_000_001, 1],
        **_ATTENTION_FLOPS,
        "causal": [False, True],
    },
    "transformer_flops": {
        "num_sequences": [512, 1],
        "sequence_length": [2048, 3],
        "num_hidden_layers": [24, 1],
        "hidden_size": [2304, 5],
        "vocab_size": [51_200, 1],
        "recomputation": list(dlp.RECOMPUTATIONS),
    },
    # limits
    "peak_memory": {
        "config": [
            dlp.LLAMA_3_8B,
            dlp.QWEN2_5_7B,
            dlp.MISTRAL_7B,
        ],
        "training": [
            {"per_device_train_batch_size": 2, "max_length": 512, "dtype": "bfloat16"},
            {
                "per_device_train_batch_size": 1,
                "max_length": 100,
                "gradient_checkpointing": True,
                "attn_implementation": "eager",
            },
        ],
        "lora": [None, {"r": 4, "target_modules": ["q_proj", "v_proj"]}],
        "quantization": [None],
        "method": [None],
        "library": ["transformers", "pytorch, transformers 4.57.1"],
        "num_devices": [1],
        "stage": [0],
        "offload": [False],
        "objective": ["sft"],
    },
    "largest_batch": {
        **_ROOM,
        **_RUN,
        "training": [{"max_length": 128, "dtype": "bfloat16"}],
    },
    "largest_cached_context": {
        "memory_bytes": [24_000_000_000, 1],
        "num_parameters": [6_738_415_616, 0],
        "num_hidden_layers": [32],
        "num_key_value_heads": [32, 8],
        "head_dim": [128],
        "batch_size": [1, 3],
        "dtype": ["bf16", "nf4-double"],
        "cache_dtype": ["bf16", "fp8"],
    },
    "largest_context": {
        **_ROOM,
        **_RUN,
        "training": [{"per_device_train_batch_size": 1, "gradient_checkpointing": True}],
    },
    "largest_model": {**_ROOM, **_RUN},
    "largest_rank": {**_ROOM, **_RUN, "lora": [{"target_modules": "all-linear"}]},
    "largest_sharded_model": {
        "memory_bytes": [80_000_000_000, 1],
        "frozen": [False, True],
        "frozen_dtype": ["bf16", "nf4-double"],
        "num_adapter_parameters": [0, 40_000_001],
        "convention": ["mixed", "weights-and-moments"],
        "stage": [0, 1, 2, 3],
        "num_devices": [8],
    },
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: function
    for name in dlp.__all__  # type: ignore[attr-defined]
    if inspect.isfunction(function := getattr(dlp, name))
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
    parameters = list(worked.parameters(FUNCTIONS[name]))
    if missing := [each for each in parameters if each not in ARGUMENTS.get(name, {})]:
        raise AssertionError(
            f"tests/formulas/calls.py: add to ARGUMENTS[{name!r}] valid values of "
            f"{', '.join(missing)}"
        )
    return ARGUMENTS[name]
