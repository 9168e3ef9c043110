"""The arithmetic of fine-tuning large language models.

Every formula is a pure function of keyword arguments that bear the field's own names; it gives a
plain number, or a list or dict of them. The unit is in the function's name.
"""

# Questions 1 and 2: training steps.
from dlp.steps import (
    LAST_WINDOWS,
    LEFTOVERS,
    accumulation_windows,
    effective_batch_size,
    micro_batches_per_epoch,
    tokens_per_epoch,
    tokens_per_update,
    training_micro_batches,
    training_updates,
    updates_per_epoch,
)

# Questions 3, 4 and 6: bytes, activations, and the memory of a training run.
from dlp.units import (
    DTYPES,
    GB,
    GIB,
    bits_per_parameter,
    blockwise_bits_per_parameter,
    bytes_per_parameter,
    double_quantized_bits_per_parameter,
    gibibytes,
    gigabytes,
    stored_bytes,
)
from dlp.activations import (
    ATTENTIONS,
    CACHE_DTYPES,
    COMPUTE_DTYPES,
    METHODS,
    RECOMPUTATIONS,
    activation_bytes,
    activation_bytes_per_layer,
    kv_cache_bytes,
    saved_activations,
)
from dlp.memory import (
    CONVENTIONS,
    OPTIMIZERS,
    gradient_bytes,
    memory_ledger,
    optimizer_bytes_per_parameter,
    optimizer_state_bytes,
    position_table_bytes,
    training_bytes_per_parameter,
    training_memory_bytes,
    training_state_bytes,
    weight_bytes,
)

# Questions 4 and 5: parameters of a model and of its head.
from dlp.transformer import (
    MODEL_TYPES,
    attention_parameters,
    implied_depth,
    linear_layers,
    mlp_parameters,
    norm_parameters,
    parameter_count,
    parameters_by_part,
    position_table_parameters,
    rough_parameters,
    transformer_dimensions,
)
from dlp.models import (
    GPT2,
    LLAMA_2_7B,
    LLAMA_3_8B,
    MISTRAL_7B,
    QWEN2_5_7B,
)
from dlp.heads import (
    HEAD_MODEL_TYPES,
    TASKS,
    classification_head_parameters,
    linear_parameters,
    transformers_head_parameters,
)

# Question 7: the objective.
from dlp.objective import (
    AVERAGES,
    IGNORE_INDEX,
    accumulated_loss,
    assistant_labels,
    causal_lm_loss,
    completion_labels,
    cross_entropy,
    mean_loss,
    pretraining_labels,
    supervised_losses,
    supervised_tokens,
)

# Question 8: adapters.
from dlp.adapters import (
    ALL_LINEAR,
    LORA_BIASES,
    lora_break_even_rank,
    lora_model_parameters,
    lora_parameters,
)

__all__ = [
    # Questions 1 and 2: training steps.
    "LAST_WINDOWS",
    "LEFTOVERS",
    "accumulation_windows",
    "effective_batch_size",
    "micro_batches_per_epoch",
    "tokens_per_epoch",
    "tokens_per_update",
    "training_micro_batches",
    "training_updates",
    "updates_per_epoch",
    # Questions 3, 4 and 6: bytes, activations, and the memory of a training run.
    "DTYPES",
    "GB",
    "GIB",
    "bits_per_parameter",
    "blockwise_bits_per_parameter",
    "bytes_per_parameter",
    "double_quantized_bits_per_parameter",
    "gibibytes",
    "gigabytes",
    "stored_bytes",
    "ATTENTIONS",
    "CACHE_DTYPES",
    "COMPUTE_DTYPES",
    "METHODS",
    "RECOMPUTATIONS",
    "activation_bytes",
    "activation_bytes_per_layer",
    "kv_cache_bytes",
    "saved_activations",
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
    # Questions 4 and 5: parameters of a model and of its head.
    "MODEL_TYPES",
    "attention_parameters",
    "implied_depth",
    "linear_layers",
    "mlp_parameters",
    "norm_parameters",
    "parameter_count",
    "parameters_by_part",
    "position_table_parameters",
    "rough_parameters",
    "transformer_dimensions",
    "GPT2",
    "LLAMA_2_7B",
    "LLAMA_3_8B",
    "MISTRAL_7B",
    "QWEN2_5_7B",
    "HEAD_MODEL_TYPES",
    "TASKS",
    "classification_head_parameters",
    "linear_parameters",
    "transformers_head_parameters",
    # Question 7: the objective.
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
    # Question 8: adapters.
    "ALL_LINEAR",
    "LORA_BIASES",
    "lora_break_even_rank",
    "lora_model_parameters",
    "lora_parameters",
]
