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

# Beside the given model, whose size and width do not belong together, a real one.
real_width = 4096
r = 8

# A data set that no convention divides evenly, and an epoch short enough to draw.
uneven_num_samples = 1_000_001
drawn_micro_batches = 10
drawn_windows = 3

# What the pictures of questions 4, 5 and 8 run over, and how many times their thin sides are drawn.
drawn_contexts = (1000, 2000, 4000, 8000, 12000, 16000)
drawn_ranks = (0, 512, 1024, 1536, 2048, 2560, 3072)
enlarged_head = 24
enlarged_factors = 16

# One key and value head for so many query heads, where attention is grouped.
queries_per_group = 4

# Ten tokens of a prompt and its completion, and the probability a model gives to each of them.
tokens = ("Q", ":", "Capital", "of", "France", "?", "A", ":", "Paris", ".")
token_ids = list(range(len(tokens)))
prompt_tokens = 8
probabilities = (1.0, 0.9, 0.05, 0.8, 0.1, 0.6, 0.9, 0.95, 0.5, 0.8)

# What the page of the command types in a shell, and the adapters there.
shell_adapters = {"peft_type": "LORA", "r": 16, "lora_alpha": 32, "target_modules": "all-linear"}
shell_fit = (
    "dlp fit config.json --lora adapter_config.json --batch 4 --length 2048 \\\n"
    "    --checkpointing --dtype bfloat16 --card rtx-4090"
)
shell_short = (
    "dlp fit llama-3-8b --rank 16 --batch 4 --length 2048 --checkpointing --dtype bfloat16"
)
shell_fits = "dlp fit llama-3-8b --rank 16 --batch 1 --length 512 --checkpointing \\\n" + (
    "    --dtype bfloat16 --card h100"
)
shell_count = "dlp count config.json --lora adapter_config.json"
shell_steps = "dlp steps --samples 1000 --batch 8 --accumulation 4 --epochs 3"

# The run of "Will it fit?": LoRA on every linear layer of Llama-3-8B, on cards of these GiB.
fit_card: Literal["rtx-4090"] = "rtx-4090"
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
