"""What a step is for: to imitate, to prefer one answer to another, or to be rewarded.

The last two run the model without gradients as well: on the same text by a reference, and to write
the text in the first place. TRL 1.16.0, `trainer/dpo_trainer.py` and `trainer/grpo_trainer.py`.
"""

from dlp import _check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    Objective = Literal["sft", "dpo", "grpo"]

OBJECTIVES: "tuple[Objective, ...]" = ("sft", "dpo", "grpo")
"""What a step is for, by the names of TRL's trainers: `SFTTrainer`, `DPOTrainer`, `GRPOTrainer`."""

READ = """
beta cache_implementation disable_dropout generation_batch_size generation_kwargs
max_completion_length num_generations precompute_ref_log_probs steps_per_generation
use_transformers_continuous_batching use_transformers_paged use_vllm
""".split()  # noqa: SIM905
"""Names of `DPOConfig` and `GRPOConfig` that are read here."""

# Names that decide what another objective holds, and that no other has.
_OF = {
    "precompute_ref_log_probs": "dpo",
    "max_completion_length": "grpo",
    "num_generations": "grpo",
}

# Ways to generate that no trace has seen.
_REFUSED = (
    "cache_implementation",
    "generation_kwargs",
    "use_transformers_continuous_batching",
    "use_transformers_paged",
    "use_vllm",
)

# Families whose steps were traced.
_TRACED = ("gemma", "gpt2", "llama", "mistral", "qwen2", "qwen3")


def defaults(given: "dict[str, Any]", objective: object) -> None:
    """Drop a default of SFT that another trainer has not."""
    _check.choice("objective", objective, OBJECTIVES)
    if objective == "grpo":
        # GRPOConfig has no length of a prompt: that of the data counts.
        given.pop("max_length", None)


def read(setup: "dict[str, Any]", given: "Mapping[str, Any]", objective: str) -> "dict[str, Any]":
    """Say what an objective asks for beside a batch: its pairs, its reference, its generations."""
    found = {
        "objective": objective,
        "batch": setup["batch"],
        "tokens": setup["tokens"],
        "scored": setup["tokens"] - setup["batch"],  # of which there are log-probabilities
        "reference": False,  # whether a model as it was before runs as well
        "generated": 0,  # samples at a time
        "drops": True,
        "past": 0,  # tokens in a cache that is there already
        "positions": 1,  # samples that have tables of positions of their own
    }
    for name, of in _OF.items():
        if given.get(name) and objective != of:
            raise ValueError(
                f'training["{name}"] must be left out unless objective is "{of}", not {objective!r}'
            )
    if objective == "sft":
        return found
    _check_known(setup, given, objective)
    found["drops"] = not _check.flag(
        'training["disable_dropout"]', given.get("disable_dropout", objective == "dpo")
    )
    if objective == "dpo":
        found.update(_pairs(setup, given))
    else:
        found.update(_generations(setup, given))
    return found


def _check_known(setup: "dict[str, Any]", given: "Mapping[str, Any]", objective: str) -> None:
    """Refuse what was not traced."""
    if setup["loop"] != "trl":
        raise ValueError(f'library must be "trl" for objective {objective!r}')
    if setup["releases"]["trl"] < (1, 16) or setup["releases"]["transformers"] < (5,):
        raise ValueError(
            f"library must have TRL 1.16 and Transformers 5, or later, for objective {objective!r}"
        )
    if setup["model"]["counted"] != "language model":
        raise ValueError(f"config must be of a language model for objective {objective!r}")
    if setup["model"]["model_type"] not in _TRACED:
        raise ValueError(
            f'config["model_type"] must be one of {", ".join(_TRACED)} for objective '
            f"{objective!r}: others were not traced"
        )
    for name in ("use_liger_kernel", "packing", "padding_free"):
        if given.get(name):
            raise ValueError(
                f'training["{name}"] must be left out for objective {objective!r}: '
                "what it holds is not known"
            )
    if given["loss"] != "fused":
        raise ValueError(
            f'training["loss"] must be "fused" for objective {objective!r}: there is no other'
        )


def _pairs(setup: "dict[str, Any]", given: "Mapping[str, Any]") -> "dict[str, Any]":
    """Each sample is a pair: the two answers stand below each other in one batch."""
    before = _check.flag(
        'training["precompute_ref_log_probs"]', given.get("precompute_ref_log_probs", False)
    )
    batch = 2 * setup["batch"]
    return {
        "batch": batch,
        "tokens": 2 * setup["tokens"],
        "scored": 2 * setup["tokens"] - batch,
        "reference": not before,
    }


def _generations(setup: "dict[str, Any]", given: "Mapping[str, Any]") -> "dict[str, Any]":
    """Completions are written for several batches at once, and scored batch by batch."""
    for name in _REFUSED:
        if given.get(name):
            raise ValueError(
                f'training["{name}"] must be left out for objective "grpo": '
                "what generation holds with it is not known"
            )
    batch, length = setup["batch"], setup["length"]
    # The longest text is that of a prompt, of one token at least, with what is written.
    completion = min(_count(given, "max_completion_length", 512), length - 1)
    windows = _count(given, "gradient_accumulation_steps", 1)
    generated = batch * _count(given, "steps_per_generation", windows)
    if "generation_batch_size" in given:
        of_all = _count(given, "generation_batch_size", generated)
        least = generated if "steps_per_generation" in given else batch
        if of_all % least:
            raise ValueError(
                f'training["generation_batch_size"] must be a multiple of {least}, as many as a '
                "device has at a time"
            )
        # `GRPOConfig` writes both, this one for all devices.
        generated = generated if "steps_per_generation" in given else of_all
    if "num_generations" in given:
        # Whether groups are whole depends on the number of devices as well.
        _check.count('training["num_generations"]', given["num_generations"], minimum=2)
    beta = _check.number('training["beta"]', given.get("beta", 0.0))
    return {
        "scored": batch * completion,
        "reference": beta != 0,
        "generated": generated,
        "prompt": length - completion,
    }


def _count(given: "Mapping[str, Any]", name: str, default: int) -> int:
    """Read a count."""
    return _check.count(f'training["{name}"]', given.get(name, default))
