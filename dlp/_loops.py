"""Whose training loop it is: what each does where nothing is said, by release."""

from dlp import _check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict

    Release = tuple[int, ...]

    class Loop(TypedDict, total=False):
        """What a loop does where nothing is said."""

        per_device_train_batch_size: int
        max_length: int
        gradient_checkpointing: bool
        bf16: bool
        optim: str
        loss: str
        dtype: str
        use_cache: bool
        max_grad_norm: float
        holds_output: bool  # whether its variables keep the output through the backward pass
        until_next: bool  # and until the next one is there
        prepare_model_for_kbit_training: bool
        autocast_adapter_dtype: bool
        layers: str  # whose layers they are, where not those of Transformers


LOOPS: "dict[str, Loop]" = {
    "transformers": {
        "per_device_train_batch_size": 8,
        "optim": "adamw_torch_fused",
        "loss": "full",
        "max_grad_norm": 1.0,
    },
    "trl": {
        "per_device_train_batch_size": 8,
        "max_length": 1024,
        "gradient_checkpointing": True,
        "bf16": True,
        "optim": "adamw_torch_fused",
        "loss": "fused",
        "dtype": "float32",
        "max_grad_norm": 1.0,
    },
    "pytorch": {
        "optim": "adamw_torch",
        "loss": "full",
        "holds_output": True,
        "until_next": True,
    },
    "litgpt": {
        "optim": "adamw_torch",
        "loss": "chunked",
        "holds_output": True,
        "autocast_adapter_dtype": False,
        "use_cache": False,
        "layers": "litgpt",
    },
    "torchtune": {
        "optim": "adamw_torch_fused",
        "loss": "full",
        "autocast_adapter_dtype": False,
        "use_cache": False,
        "layers": "torchtune",
    },
    "torchtitan": {
        "optim": "adamw_torch_fused",
        "loss": "full",
        "use_cache": False,
        "layers": "torchtitan",
    },
    "unsloth": {"optim": "adamw_8bit", "loss": "fused", "gradient_checkpointing": True},
    "axolotl": {
        "optim": "adamw_torch_fused",
        "loss": "full",
        "max_grad_norm": 1.0,
        "prepare_model_for_kbit_training": True,
    },
}
"""The libraries whose training loop is known."""

RELEASES: "dict[str, Release]" = {
    "transformers": (5, 23, 0),
    "peft": (0, 21, 2),
    "trl": (1, 16, 0),
    "torch": (2, 13, 0),
    "bitsandbytes": (0, 50, 2),
    "accelerate": (1, 15, 0),
    "liger-kernel": (0, 6, 0),
    "litgpt": (0, 5, 0),
    "torchtune": (0, 6, 0),
    "torchtitan": (0, 2, 0),
    "unsloth": (2026, 8),
    "axolotl": (0, 13, 0),
    "deepspeed": (0, 19, 6),
    "torchao": (0, 14, 0),
}
"""The releases that are meant where none is named: of the recorded traces, where there are."""


def read(library: object) -> "tuple[str, dict[str, Release]]":
    """Read the name of a loop, and the releases that follow it.

    Such as `"transformers 4.48.3, bitsandbytes 0.42.0"`; `torch` is also called `pytorch`.
    """
    if not isinstance(library, str):
        raise TypeError(f"library must be a str, not a value of type {type(library).__name__}")
    releases = dict(RELEASES)
    loop = ""
    for part in library.split(","):
        name, _, release = part.strip().partition(" ")
        if not loop:
            loop = _check.choice("library", name.lower(), LOOPS)
        name = {"pytorch": "torch", "liger_kernel": "liger-kernel"}.get(name.lower(), name.lower())
        _check.choice("a name in library", name, RELEASES)
        if release:
            releases[name] = _release(release.strip())
    return loop, releases


def _release(text: str) -> "Release":
    """Read a release such as `2.13.0+cu130` or `0.19.2.dev0`."""
    numbers = []
    for word in text.split("+")[0].split("."):
        if not word.isdigit():
            break
        numbers.append(int(word))
    if not numbers:
        raise ValueError(f"library must name a release such as 4.48.3, not {text[:60]!r}")
    return tuple(numbers)
