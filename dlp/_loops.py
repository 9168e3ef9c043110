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
        "use_cache": False,
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
        "use_cache": False,
    },
    "pytorch": {
        "optim": "adamw_torch",
        "loss": "full",
        "holds_output": True,
        "until_next": True,
        "use_cache": True,
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
    "unsloth": {"optim": "adamw_8bit", "loss": "fused"},  # which is refused below
    "axolotl": {
        "optim": "adamw_torch_fused",
        "loss": "full",
        "bf16": True,
        "dtype": "bfloat16",
        "max_grad_norm": 1.0,
        "use_cache": False,
    },
}
"""The libraries whose training loop is known: what each does by default in the newest release."""

# What a loop did by default before a release of a library, the newest first; an older one says it
# over again. Each was read in the sources of that release and of the one before.
_EARLIER: "tuple[tuple[str, str, Release, Loop], ...]" = (
    # training_args.py: `use_cache`, which trainer.py hands to the model, came with 5.0.0.
    ("transformers", "transformers", (5,), {"use_cache": True}),
    # training_args.py: `default_optim` is fused since 4.54.0, if PyTorch is 2.8 or newer.
    ("transformers", "transformers", (4, 54), {"optim": "adamw_torch"}),
    ("transformers", "torch", (2, 8), {"optim": "adamw_torch"}),
    ("trl", "transformers", (4, 54), {"optim": "adamw_torch"}),
    ("trl", "torch", (2, 8), {"optim": "adamw_torch"}),
    # trainer/sft_trainer.py: `add_fused_lm_head` since 1.15.0.
    ("trl", "trl", (1, 15), {"loss": "chunked"}),
    # trainer/sft_config.py: `loss_type` is "chunked_nll" since 1.7.0.
    ("trl", "trl", (1, 7), {"loss": "full"}),
    # trainer/utils.py, `create_model_from_path`: `dtype` is "float32" since 0.27.0 and "auto" in
    # 0.26; before, sft_trainer.py left it to Transformers.
    ("trl", "trl", (0, 27), {"dtype": "auto"}),
    ("trl", "trl", (0, 26), {"dtype": ""}),
    # trainer/sft_config.py: `gradient_checkpointing` since 0.22.0; sft_trainer.py: no cache.
    ("trl", "trl", (0, 22), {"gradient_checkpointing": False, "use_cache": True}),
    # trainer/sft_config.py: `bf16` since 0.19.0.
    ("trl", "trl", (0, 19), {"bf16": False}),
)

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
        "bf16": (False,),
        "fp16": (False,),
        "padding_free": (False,),
        "prepare_model_for_kbit_training": (False,),
        "use_liger_kernel": (False,),
        "loss": ("full", "chunked"),
        "use_cache": (False,),
    },
    "torchtitan": {
        "attention_mask": (False,),
        "packing": (False,),
        "padding_free": (False,),
        "bf16": (False,),
        "fp16": (False,),
        "prepare_model_for_kbit_training": (False,),
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
    "unsloth": (2026, 8, 13),
    "axolotl": (0, 18, 0),
    "deepspeed": (0, 19, 6),
    "torchao": (0, 14, 0),
}
"""The releases that are meant where none is named, the newest that were read.

They are those of the recorded traces, where there are any.
"""

# The oldest releases that were read, where they are not the newest.
_OLDEST: "dict[str, Release]" = {
    "transformers": (4, 20),
    "peft": (0, 9),
    "trl": (0, 18),
    "torch": (2, 1),
    "bitsandbytes": (0, 41),
    "accelerate": (0, 28),
    "liger-kernel": (0, 6),
}


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
            releases[name] = _release(name, release.strip())
    return loop, releases


def defaults(loop: str, releases: "dict[str, Release]") -> "dict[str, Any]":
    """Give what a loop does where nothing is said, in these releases."""
    found: "dict[str, Any]" = dict(LOOPS[loop])
    for name, library, before, settings in _EARLIER:
        if name == loop and releases[library] < before:
            found.update(settings)
    return {key: value for key, value in found.items() if value != ""}


def check(setup: "Mapping[str, Any]", given: "Mapping[str, Any]") -> None:
    """Refuse what a step would hold of, but what is not computed for this loop."""
    loop = setup["loop"]
    if loop == "unsloth":
        # unsloth_zoo 2026.8.13, fused_losses/cross_entropy_loss.py: `_get_chunk_multiplier`.
        raise ValueError(
            "library must not be unsloth: it compiles its layers, and cuts its loss by the memory "
            "that is free"
        )
    if loop == "axolotl":
        _check_axolotl(setup)
    if loop == "torchtune" and setup["torch_compile"] and setup["loss"] != "chunked":
        raise ValueError(
            'training["loss"] must be "chunked" with torch_compile when library is torchtune: of '
            "compiled code, that alone is known"
        )
    for name, known in _KNOWN[LOOPS[loop].get("layers", "transformers")].items():
        if given.get(name) is not None and given[name] not in known:
            how = " or ".join([f"be {each}" for each in known]) or "be left out"
            raise ValueError(
                f'training["{name}"] must {how} when library is {loop}: '
                "what a step holds otherwise is not known"
            )


def _check_axolotl(setup: "Mapping[str, Any]") -> None:
    """Refuse what Axolotl 0.18.0 does otherwise than the Trainer of Transformers that it runs."""
    if setup["method"] != "full":
        # utils/schemas/config.py, `check_auto_enable_lora_kernels`.
        raise ValueError(
            "library must not be axolotl with adapters, for which it has kernels of its own: "
            "without them its steps are those of transformers"
        )
    if setup["attention"] != "flash":
        # loaders/model.py, `_configure_embedding_dtypes`.
        raise ValueError(
            'training["attn_implementation"] must be "flash_attention_2" when library is axolotl: '
            "else it takes embeddings and norms to fp32, of which what they hold is not known"
        )


_LIGER = ("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi3")


_LIGER_KERNELS = ("rope", "rms_norm", "swiglu", "geglu", "fused_linear_cross_entropy")


def take_liger(
    given: "dict[str, Any]", loop: str, releases: "dict[str, Release]", asked: object
) -> None:
    """Take the kernels of Liger that are asked for, all by default, and the loss with them.

    TRL keeps its own loss: `trainer/sft_trainer.py`.
    """
    # ops/fused_linear_cross_entropy.py adds up the gradient of the head otherwise before 0.6.2;
    # before 1.15.0, TRL used it.
    for library, least in (
        ("liger-kernel", (0, 6, 2)),
        ("transformers", (4, 52)),
        ("trl", (1, 15)),
    ):
        if releases[library] < least and (library != "trl" or loop == "trl"):
            raise ValueError(
                f'training["use_liger_kernel"] must be False with {library} before '
                f"{_dotted(least)}: what its kernels hold is not known"
            )
    name = 'training["liger_kernel_config"]'
    named = _check.known(name, asked, _LIGER_KERNELS + ("cross_entropy",), "Liger-Kernel")
    if _check.flag(name, named.get("cross_entropy", False)):
        raise ValueError(f'{name} must not have "cross_entropy": what it holds is not known')
    if loop == "trl" and named.get("fused_linear_cross_entropy"):
        raise ValueError(f'{name} must not have "fused_linear_cross_entropy" with trl')
    wanted = [kernel for kernel in _LIGER_KERNELS if _check.flag(name, named.get(kernel, True))]
    given["liger"] = tuple(wanted)
    if "fused_linear_cross_entropy" in wanted and loop != "trl":
        given["loss"] = "fused"


def take_loss_type(given: "dict[str, Any]", loop: str, releases: "dict[str, Release]") -> None:
    """Take TRL's own name of its loss: all are one since 1.15, `trainer/sft_config.py`."""
    if loop != "trl" or given.get("loss_type") is None or releases["trl"] >= (1, 15):
        return
    ways = {"nll": "full", "chunked_nll": "chunked"}
    given["loss"] = ways[_check.choice('training["loss_type"]', given["loss_type"], ways)]


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
    fuses = setup["loop"] != "trl" and "fused_linear_cross_entropy" in setup["liger"]
    if fuses and setup["loss"] != "fused":
        raise ValueError('training["loss"] must be "fused" when Liger\'s kernels are used')


def _release(name: str, text: str) -> "Release":
    """Read a release such as `2.13.0+cu130` or `0.19.2.dev0`, unless it was not read."""
    numbers: list[int] = []
    for word in text.split("+")[0].split("."):
        if not word.isdigit():
            break
        numbers.append(int(word))
    if not numbers or " " in text:
        raise ValueError(
            f"library must name releases such as 4.48.3, with commas between, not {text[:60]!r}"
        )
    newest = RELEASES[name][:2]
    oldest = _OLDEST.get(name, newest)
    if tuple(numbers[:2]) > newest or tuple(numbers + [0])[:2] < oldest:
        raise ValueError(
            f"library must name a release of {name} from {_dotted(oldest)} to {_dotted(newest)}, "
            f"which were read, not {text[:60]}"
        )
    return tuple(numbers)


def _dotted(release: "Release") -> str:
    return ".".join([str(part) for part in release])
