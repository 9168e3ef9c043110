"""What optimizers keep between updates, and make while they update, tensor by tensor."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Values of a tensor, bytes of a value, how many of its kind.
    Tensor = tuple[int, int, int]

# How many states an optimizer keeps of each value, how it stores them, and what an update makes.
# "as weight": in the weight's own format; "fp32"; "8 bits": one byte, and a scale for each block of
# 256 in fp32, where a tensor has 4,096 values or more; paged ones leave the allocator's count.
_OPTIMIZERS = {
    "adamw_torch": (2, "as weight", "roots"),
    "adamw_torch_fused": (2, "as weight", ""),
    "adamw_bnb_8bit": (2, "8 bits", ""),
    "adamw_8bit": (2, "8 bits", ""),
    "paged_adamw_32bit": (2, "paged fp32", ""),
    "paged_adamw_8bit": (2, "paged 8 bits", ""),
    "sgd": (0, "as weight", ""),
}

OPTIMIZERS = tuple(_OPTIMIZERS)
"""Names of the optimizers, as `TrainingArguments` has them."""


def states(optim: str, tensors: "list[Tensor]") -> int:
    """Give the bytes that an optimizer keeps."""
    number, kind, _ = _OPTIMIZERS[optim]
    return sum(number * copies * _state(kind, values, size) for values, size, copies in tensors)


def _state(kind: str, values: int, size: int) -> int:
    """Give the bytes of one state of a tensor."""
    paged = kind.startswith("paged") and values >= 100_000
    if kind == "as weight":
        return values * size
    if kind.endswith("fp32") or values < 4096:
        return 0 if paged else 4 * values
    scales = 4 * -(-values // 256)
    return scales + (0 if paged else values)


def working(optim: str, tensors: "list[Tensor]") -> int:
    """Give the bytes that an update makes beside weights, gradients and states."""
    _, _, made = _OPTIMIZERS[optim]
    if made == "roots":
        return sum(values * size * copies for values, size, copies in tensors)
    return 0
