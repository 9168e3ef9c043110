"""Whose training loop it is: what each does where nothing is said, by release."""

from dlp import _check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypedDict

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

# What is computed of a setting, where the layers are those of Transformers and where a library has
# its own. Whatever else a step would hold then is not known, and would be left out in silence.
_KNOWN: "dict[str, dict[str, tuple[object, ...]]]" = {
    "transformers": {
        "torch_compile": (False,),
    },
    "litgpt": {
        "torch_compile": (False,),
        "use_liger_kernel": (False,),
        "attn_implementation": ("sdpa",),
        "attention_mask": (False,),
        "packing": (False,),
        "padding_free": (False,),
        "bf16": (False,),
        "fp16": (False,),
        "use_cache": (False,),
        "loss": ("chunked",),
        "prepare_model_for_kbit_training": (False,),
        "num_layers_unfrozen": (-1,),
        "num_labels": (),
    },
    "torchtune": {
        "use_liger_kernel": (False,),
        "loss": ("full", "chunked"),
        "use_cache": (False,),
    },
    "torchtitan": {
        "torch_compile": (False,),
        "use_liger_kernel": (False,),
        "loss": ("full",),
        "use_cache": (False,),
    },
}

RELEASES: "dict[str, Release]" = {
    "transformers": (5, 23, 0),
    "peft": (0, 21, 2),
    "trl": (1, 16, 0),
    "torch": (2, 13, 0),
    "bitsandbytes": (0, 50, 2),
    "accelerate": (1, 15, 0),
    "liger-kernel": (0, 8, 2),
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


def check(loop: str, given: "Mapping[str, Any]") -> None:
    """Refuse what a step would hold of, but what is not computed for this loop."""
    if loop == "unsloth":
        raise ValueError("library must not be unsloth: what its own kernels hold is not known")
    for name, known in _KNOWN[LOOPS[loop].get("layers", "transformers")].items():
        if given.get(name) is not None and given[name] not in known:
            how = " or ".join([f"be {each}" for each in known]) or "be left out"
            raise ValueError(
                f'training["{name}"] must {how} when library is {loop}: '
                "what a step holds otherwise is not known"
            )


_LIGER = ("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi3")


def take_liger(given: "dict[str, Any]", loop: str, releases: "dict[str, Release]") -> None:
    """Take what Liger's kernels change by default: the loss, but for TRL, which keeps its own."""
    if releases["liger-kernel"] < (0, 6, 2) or releases["transformers"] < (5,):
        raise ValueError(
            'training["use_liger_kernel"] must be False with Liger-Kernel before 0.6.2 or '
            "Transformers before 5: what its kernels hold there is not known"
        )
    if loop != "trl":
        given["loss"] = "fused"


def check_liger(setup: "Mapping[str, Any]") -> None:
    """Refuse a model that Liger's kernels are not for."""
    if not setup["use_liger_kernel"]:
        return
    if setup["model"]["model_type"] not in _LIGER:
        raise ValueError(
            f'config["model_type"] must be one of {", ".join(_LIGER)} '
            "when Liger's kernels are used"
        )
    if setup["model"]["counted"] != "language model":
        raise ValueError(
            'training["use_liger_kernel"] must be False for a classifier: '
            "its forward pass is not Liger's"
        )
    if setup["loop"] != "trl" and setup["loss"] != "fused":
        raise ValueError('training["loss"] must be "fused" when Liger\'s kernels are used')


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
