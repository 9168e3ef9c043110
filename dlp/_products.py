"""The matrices that a token is multiplied by."""

from dlp import _config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dlp._config import Model

# The parts that are matrices, by each of which a token is multiplied.
_PRODUCTS = ("attention", "mlp", "router", "projection", *_config.EXPERTS)

_UNKNOWN = {
    "longcat_flash": "how many of its experts compute anything is not the same for all tokens",
    "deepseek_v32": "its attention looks at tokens that it picks",
    "glm_moe_dsa": "its attention looks at tokens that it picks",
    "diffllama": "its attention is the difference of two",
    "gemma3n_text": "its layers have several inputs each, which they mix",
}
"""Families whose FLOPs are not known from their matrices, and why."""


def matrices(model: "Model") -> "tuple[int, int]":
    """Count the weights of attention, and of all else but the head, that a token is multiplied by.

    Of experts those that it is sent to; vectors are no matrices.
    """
    model_type, size = model["model_type"], model["sizes"]
    if model_type in _UNKNOWN:
        raise ValueError(
            f"FLOPs of model_type {model_type!r} are not counted: {_UNKNOWN[model_type]}"
        )
    found = {"attention": 0, "other": 0}
    for _, part, inputs, outputs, _, copies in model["inventory"]:
        if part == "mixer":
            raise ValueError(
                f"FLOPs of model_type {model_type!r} are not counted: what mixes its tokens beside "
                f"attention, or in place of it, is no product of matrices alone"
            )
        if part not in _PRODUCTS or inputs == 1:
            continue
        if part in _config.EXPERTS:
            copies = size["num_moe_layers"] * size["num_experts_per_tok"]
        attends = part in ("attention", "attention expert")
        found["attention" if attends else "other"] += inputs * outputs * copies
    return found["attention"], found["other"]
