"""The arithmetic of fine-tuning large language models.

Every formula is a pure function of keyword arguments that bear the field's own names; it gives a
plain number, or a list or dict of them. The unit is in the function's name.

The formulas stand in modules, grouped by what they are for; each is loaded when a name of it is
first used.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dlp.steps import *
    from dlp.units import *
    from dlp.quantization import *
    from dlp.activations import *
    from dlp.logits import *
    from dlp.cache import *
    from dlp.memory import *
    from dlp.parallel import *
    from dlp.transformer import *
    from dlp.architectures import *
    from dlp.models import *
    from dlp.heads import *
    from dlp.objective import *
    from dlp.adapters import *
    from dlp.small_adapters import *
    from dlp.soft_prompts import *
    from dlp.compute import *
    from dlp.limits import *

_NAMES = {
    # Questions 1 and 2: training steps.
    "steps": (
        "LAST_WINDOWS",
        "LEFTOVERS",
        "accumulation_windows",
        "effective_batch_size",
        "epochs_seen",
        "micro_batches_per_epoch",
        "tokens_per_epoch",
        "tokens_per_update",
        "training_micro_batches",
        "training_updates",
        "updates_per_epoch",
    ),
    # Questions 3, 4 and 6: bytes, activations, and the memory of a training run.
    "units": (
        "DTYPES",
        "GB",
        "GIB",
        "bits_per_parameter",
        "bytes_per_parameter",
        "gibibytes",
        "gigabytes",
        "stored_bytes",
    ),
    "quantization": (
        "GGML_TYPES",
        "blockwise_bits_per_parameter",
        "double_quantization_saved_bytes",
        "double_quantized_bits_per_parameter",
        "gguf_bits_per_weight",
        "gguf_bytes",
        "gguf_mean_bits_per_weight",
    ),
    "activations": (
        "ADAPTED_LAYERS",
        "ATTENTIONS",
        "COMPUTE_DTYPES",
        "LAYERS",
        "METHODS",
        "RECOMPUTATIONS",
        "activation_bytes",
        "activation_bytes_per_layer",
        "saved_activations",
    ),
    "logits": (
        "LOSS_LIBRARIES",
        "logits_bytes",
        "output_activations",
    ),
    "cache": (
        "CACHE_DTYPES",
        "cache_bits_per_value",
        "kv_cache_bytes",
        "model_kv_cache_bytes",
        "sliding_window_layers",
    ),
    "memory": (
        "CONVENTIONS",
        "OPTIMIZERS",
        "gradient_bytes",
        "memory_ledger",
        "optimizer_bytes_per_parameter",
        "optimizer_state_bytes",
        "position_table_bytes",
        "training_bytes_per_parameter",
        "training_memory_bytes",
        "training_state_bytes",
        "weight_bytes",
    ),
    "parallel": (
        "SHARDING_STRATEGIES",
        "deepspeed_estimated_bytes",
        "sharded_state_bytes",
        "zero_stage",
    ),
    # Questions 4 and 5: parameters of a model and of its head.
    "transformer": (
        "attention_parameters",
        "implied_depth",
        "mlp_parameters",
        "norm_parameters",
        "position_table_parameters",
        "rough_parameters",
    ),
    "architectures": (
        "EMBEDDINGS",
        "MODEL_TYPES",
        "active_parameters",
        "linear_layers",
        "parameter_count",
        "parameters_by_part",
        "transformer_dimensions",
    ),
    "models": (
        "BERT_BASE",
        "FLAN_T5_BASE",
        "GPT2",
        "LLAMA_2_7B",
        "LLAMA_3_8B",
        "MISTRAL_7B",
        "MIXTRAL_8X7B",
        "QWEN2_5_7B",
        "VIT_BASE",
    ),
    "heads": (
        "HEAD_MODEL_TYPES",
        "TASKS",
        "classification_head_parameters",
        "linear_parameters",
        "transformers_head_parameters",
    ),
    # Question 7: the objective.
    "objective": (
        "AVERAGES",
        "IGNORE_INDEX",
        "accumulated_loss",
        "assistant_labels",
        "causal_lm_loss",
        "completion_labels",
        "cross_entropy",
        "mean_loss",
        "pretraining_labels",
        "supervised_losses",
        "supervised_tokens",
    ),
    # Question 8: adapters.
    "adapters": (
        "ALL_LINEAR",
        "LORA_BIASES",
        "adalora_model_parameters",
        "adalora_parameters",
        "adaptable_modules",
        "bitfit_parameters",
        "lora_break_even_rank",
        "lora_model_parameters",
        "lora_parameters",
        "lora_totals",
    ),
    "small_adapters": (
        "bottleneck_adapter_parameters",
        "ia3_model_parameters",
        "ln_tuning_parameters",
    ),
    "soft_prompts": (
        "PROMPT_ENCODERS",
        "p_tuning_parameters",
        "prefix_tuning_model_parameters",
        "prefix_tuning_parameters",
        "prompt_tuning_parameters",
    ),
    # How much a run computes, and how long it takes.
    "compute": (
        "ACCELERATORS",
        "COUNTED_PARAMETERS",
        "PASSES",
        "attention_flops",
        "compute_parameters",
        "flops_utilization",
        "forward_flops",
        "forward_flops_by_part",
        "head_training_flops",
        "lora_training_flops",
        "peak_flops_per_second",
        "tokens_per_second",
        "training_days",
        "training_flops",
        "training_flops_per_token",
        "transformer_flops",
    ),
    # The largest that fits: questions 4, 6 and 8 turned round.
    "limits": (
        "largest_batch",
        "largest_cached_context",
        "largest_context",
        "largest_model",
        "largest_rank",
    ),
}

__all__ = [name for names in _NAMES.values() for name in names]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load the module that defines a public name."""
        for module, names in _NAMES.items():
            if name in names:
                value = getattr(__import__(f"dlp.{module}", None, None, (name,)), name)
                globals()[name] = value  # found at once from now on
                return value
        raise AttributeError(f"module 'dlp' has no attribute {name!r}")

    def __dir__() -> list[str]:
        """List the public names, loaded or not."""
        return sorted(set(globals()) | set(__all__))
