"""The values that the questions give: the declared place of every number not computed.

A page or a table takes a given value from here by its name; it is never typed a second time.
"""

from typing import Any, Literal

num_samples = 1_000_000
per_device_train_batch_size = 16
gradient_accumulation_steps = 4
num_devices = 1
num_parameters = 7_000_000_000
context_length = 2048
longer_context = 8000
hidden_size = 2048
num_labels = 8

# What two of the wrong answers to question 3 reckon with.
bits_per_byte = 8
inference_overhead = 0.2

# What the bits of a number in floating point hold: its sign, its exponent, its fraction.
number_formats = {"fp32": (1, 8, 23), "tf32": (1, 8, 10), "fp16": (1, 5, 10), "bf16": (1, 8, 7)}

# Beside the given model, whose size and width do not belong together, a real one.
real_width = 4096
r = 8

# A data set that no convention divides evenly, and an epoch short enough to draw.
uneven_num_samples = 1_000_001
drawn_micro_batches = 10
drawn_epochs = 2
drawn_windows = 3

# What the pictures of questions 4 and 8 run over.
drawn_contexts = (1000, 2000, 4000, 8000, 12000, 16000)
drawn_ranks = (0, 512, 1024, 1536, 2048, 2560, 3072)

# One key and value head for so many query heads, where attention is grouped.
queries_per_group = 4

# Ten tokens of a prompt and its completion, and the probability a model gives to each of them.
tokens = ("Q", ":", "Capital", "of", "France", "?", "A", ":", "Paris", ".")
token_ids = list(range(len(tokens)))
prompt_tokens = 8
probabilities = (1.0, 0.9, 0.05, 0.8, 0.1, 0.6, 0.9, 0.95, 0.5, 0.8)

# Each question asked anew, with values that it does not give.
others: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {
    1: (
        {
            "num_samples": 480_000,
            "per_device_train_batch_size": 8,
            "gradient_accumulation_steps": 6,
            "context_length": 1024,
        },
        {
            "num_samples": 10_000,
            "per_device_train_batch_size": 32,
            "gradient_accumulation_steps": 3,
            "context_length": 512,
        },
    ),
    2: (
        {
            "num_samples": 96_000,
            "per_device_train_batch_size": 4,
            "gradient_accumulation_steps": 8,
        },
        {
            "num_samples": 20_000,
            "per_device_train_batch_size": 2,
            "gradient_accumulation_steps": 64,
        },
    ),
    3: (
        {"num_parameters": 13_000_000_000},
        {"num_parameters": 70_000_000_000, "dtype": "bf16"},
    ),
    4: (
        {"num_parameters": 13_000_000_000, "context_length": 4096, "longer_context": 16_000},
        {"num_parameters": 1_500_000_000, "context_length": 1024, "longer_context": 32_000},
    ),
    5: (
        {"hidden_size": 4096, "num_labels": 5, "context_length": 2048},
        {"hidden_size": 768, "num_labels": 9, "context_length": 512},
    ),
    6: (
        {"num_parameters": 1_500_000_000, "hidden_size": 1600, "num_labels": 4},
        {"num_parameters": 13_000_000_000, "hidden_size": 5120, "num_labels": 20},
    ),
    7: (
        {
            "tokens": ("2", "+", "3", "=", "5", "."),
            "prompt_tokens": 4,
            "probabilities": (1.0, 0.2, 0.1, 0.9, 0.8, 0.95),
        },
        {
            "tokens": ("Say", "hello", "in", "French", ":", "Bon", "jour", "!"),
            "prompt_tokens": 5,
            "probabilities": (1.0, 0.05, 0.3, 0.1, 0.6, 0.7, 0.98, 0.5),
        },
    ),
    8: ({"real_width": 3072, "r": 32}, {"real_width": 5120, "r": 4}),
}

# What the page of the command types in a shell, and the adapters there.
shell_adapters = {"peft_type": "LORA", "r": 16, "lora_alpha": 32, "target_modules": "all-linear"}
shell_fit = (
    "dlp fit config.json \\\n"
    "    --lora adapter_config.json \\\n"
    "    --batch 4 --length 2048 --checkpointing \\\n"
    "    --dtype bfloat16 --card rtx-4090"
)
shell_short = (
    "dlp fit llama-3-8b --rank 16 --batch 4 \\\n"
    "    --length 2048 --checkpointing \\\n"
    "    --dtype bfloat16"
)
shell_fits = (
    "dlp fit llama-3-8b --rank 16 --batch 1 \\\n"
    "    --length 512 --checkpointing \\\n"
    "    --dtype bfloat16 --card h100"
)
shell_count = "dlp count config.json \\\n    --lora adapter_config.json"
shell_steps = "dlp steps --samples 1000 --batch 8 \\\n    --accumulation 4 --epochs 3"

# The run of "Will it fit?": LoRA on every linear layer of Llama-3-8B, on cards of these GiB.
fit_card: Literal["rtx-4090"] = "rtx-4090"
fit_cards = ("t4", "rtx-4090", "a100-40gb", "l40s", "h100", "h200")
fit_training: dict[str, Any] = {
    "per_device_train_batch_size": 4,
    "max_length": 2048,
    "gradient_checkpointing": True,
    "dtype": "bfloat16",
}
fit_lora = {"r": 16, "target_modules": "all-linear"}
fit_nf4 = {
    "load_in_4bit": True,
    "bnb_4bit_quant_type": "nf4",
    "bnb_4bit_use_double_quant": True,
    "bnb_4bit_compute_dtype": "bfloat16",
}
drawn_cards = (16, 24, 40, 48, 80, 141)
fit_ranks = (8, 64)
