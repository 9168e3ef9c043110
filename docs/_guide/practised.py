"""What practice asks with: the declared place of numbers that vary, as `given.py` is of the others.

Values in one row go together; a row of one group of a question meets each of its others. Some do
not divide, on purpose.
"""

from typing import Any

samples: tuple[dict[str, Any], ...] = (
    {"num_samples": 9_000, "context_length": 512},
    {"num_samples": 10_007, "context_length": 1024},
    {"num_samples": 52_002, "context_length": 512},
    {"num_samples": 96_000, "context_length": 2048},
    {"num_samples": 200_001, "context_length": 4096},
    {"num_samples": 1_000_001, "context_length": 2048},
)
batches: tuple[dict[str, Any], ...] = tuple(
    {
        "per_device_train_batch_size": size,
        "gradient_accumulation_steps": steps,
        "num_devices": devices,
    }
    for size, steps, devices in (
        (2, 8, 1),
        (4, 8, 2),
        (4, 16, 4),
        (8, 2, 1),
        (8, 4, 1),
        (8, 3, 2),
        (16, 2, 1),
        (16, 4, 8),
        (32, 4, 2),
        (64, 2, 1),
    )
)
sizes: tuple[dict[str, Any], ...] = tuple(
    {"num_parameters": number}
    for number in (
        350_000_000,
        1_100_000_000,
        2_700_000_000,
        13_000_000_000,
        34_000_000_000,
        70_000_000_000,
    )
)
dtypes: tuple[dict[str, Any], ...] = (
    {"dtype": "fp32"},
    {"dtype": "fp16"},
    {"dtype": "bf16"},
    {"dtype": "int8"},
    {"dtype": "int4"},
    {"dtype": "nf4"},
)
models: tuple[dict[str, Any], ...] = (
    {"num_parameters": 124_439_808, "hidden_size": 768, "context_length": 1024, "learned": True},
    {"num_parameters": 354_823_168, "hidden_size": 1024, "context_length": 1024, "learned": True},
    {"num_parameters": 774_030_080, "hidden_size": 1280, "context_length": 1024, "learned": True},
    {"num_parameters": 1_315_758_080, "hidden_size": 2048, "context_length": 2048, "learned": True},
    {"num_parameters": 6_738_415_616, "hidden_size": 4096, "context_length": 4096},
    {"num_parameters": 7_241_732_096, "hidden_size": 4096, "context_length": 2048},
    {"num_parameters": 13_000_000_000, "hidden_size": 5120, "context_length": 4096},
    {"num_parameters": 1_500_000_000, "hidden_size": 1600, "context_length": 1024},
)
contexts: tuple[dict[str, Any], ...] = tuple(
    {"longer_context": length} for length in (6000, 8000, 16_000, 16_384, 32_000, 32_768, 65_536)
)
widths: tuple[dict[str, Any], ...] = (
    {"hidden_size": 384, "context_length": 512},
    {"hidden_size": 768, "context_length": 512},
    {"hidden_size": 1024, "context_length": 8192},
    {"hidden_size": 2048, "context_length": 1024},
    {"hidden_size": 4096, "context_length": 2048},
    {"hidden_size": 5120, "context_length": 32_768},
)
labels: tuple[dict[str, Any], ...] = tuple({"num_labels": number} for number in (2, 3, 5, 9, 17))
biases: tuple[dict[str, Any], ...] = ({"bias": False}, {"bias": True})
tunings: tuple[dict[str, Any], ...] = (
    {"num_parameters": 124_439_808, "hidden_size": 768, "num_labels": 2},
    {"num_parameters": 355_000_000, "hidden_size": 1024, "num_labels": 3},
    {"num_parameters": 1_500_000_000, "hidden_size": 1600, "num_labels": 4},
    {"num_parameters": 3_000_000_000, "hidden_size": 3072, "num_labels": 9},
    {"num_parameters": 6_607_343_616, "hidden_size": 4096, "num_labels": 3},
    {"num_parameters": 13_000_000_000, "hidden_size": 5120, "num_labels": 20},
    {"num_parameters": 70_000_000_000, "hidden_size": 8192, "num_labels": 5},
)
optimizers: tuple[dict[str, Any], ...] = (
    {"optimizer": "adamw"},
    {"optimizer": "adamw-8bit"},
    {"optimizer": "sgd-momentum"},
    {"optimizer": "sgd"},
)
scopes: tuple[dict[str, Any], ...] = ({"everything": False}, {"everything": True})
matrices: tuple[dict[str, Any], ...] = (
    {"real_width": 768},
    {"real_width": 2048},
    {"real_width": 5120},
    {"real_width": 4096, "out_features": 1024},
    {"real_width": 4096, "out_features": 11_008},
    {"real_width": 14_336, "out_features": 4096},
)
ranks: tuple[dict[str, Any], ...] = tuple({"r": r} for r in (2, 4, 8, 16, 64))
shares: tuple[dict[str, Any], ...] = ({"as_share": False}, {"as_share": True})
epochs: tuple[dict[str, Any], ...] = tuple({"num_micro_batches": number} for number in range(6, 19))
windows: tuple[dict[str, Any], ...] = tuple(
    {"gradient_accumulation_steps": number} for number in (2, 3, 4, 5)
)
texts: tuple[dict[str, Any], ...] = tuple(
    {"tokens": tuple(text.split()), "prompt_tokens": prompt}
    for text, prompt in (
        ("Q : Capital of Italy ? A : Rome .", 8),
        ("Name a prime number . Seven is one .", 5),
        ("Translate to French : cat → chat", 6),
        ("What melts ? Ice melts when it is warm .", 3),
        ("User : Hi ! Assistant : Hello , how are you ?", 6),
        ("Say the colour of snow . White .", 6),
    )
)
maskings: tuple[dict[str, Any], ...] = ({"masks": True}, {"masks": False})
