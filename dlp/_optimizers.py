"""What optimizers keep between updates, and make while they update, tensor by tensor."""

from dlp import _check

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Rows and columns of a tensor, a vector having one row; bytes of a value; how many there are.
    Tensor = tuple[int, int, int, int]

# How many states an optimizer keeps of each value, in what format, whether they are paged, and what
# an update makes.
#
# Formats: that of the "weight" itself; "fp32"; "8 bits", with a scale in fp32 for each block of 256
# values, where a tensor has 4,096 values or more; "4 bits", with a scale for 128; "factors", a row
# and a column in fp32 in place of a matrix. Paged states of 100,000 values or more lie in managed
# memory, which the allocator does not count; their scales lie on the device.
#
# An update of PyTorch's `foreach` kind makes "roots", a tensor for each of the trained ones; one
# that goes from tensor to tensor, "one root". Adafactor of Transformers works on four fp32 "copies"
# of one tensor at a time.
_OPTIMIZERS = {
    "adamw_torch": (2, "weight", False, "roots"),
    "adamw_torch_fused": (2, "weight", False, ""),
    "adamw_hf": (2, "weight", False, "one root"),
    "adamw_apex_fused": (2, "fp32", False, ""),
    "adamw_torch_8bit": (2, "8 bits", False, ""),
    "adamw_torch_4bit": (2, "4 bits", False, ""),
    "adamw_bnb_8bit": (2, "8 bits", False, ""),
    "adamw_8bit": (2, "8 bits", False, ""),
    "paged_adamw": (2, "fp32", True, ""),
    "paged_adamw_32bit": (2, "fp32", True, ""),
    "paged_adamw_8bit": (2, "8 bits", True, ""),
    "lion_32bit": (1, "fp32", False, ""),
    "lion_8bit": (1, "8 bits", False, ""),
    "paged_lion_32bit": (1, "fp32", True, ""),
    "paged_lion_8bit": (1, "8 bits", True, ""),
    "rmsprop": (1, "weight", False, "roots"),
    "rmsprop_bnb": (1, "fp32", False, ""),
    "rmsprop_bnb_32bit": (1, "fp32", False, ""),
    "rmsprop_bnb_8bit": (1, "8 bits", False, ""),
    "sgd": (0, "weight", False, ""),
    "sgd with momentum": (1, "weight", False, ""),
    "adafactor": (1, "factors", False, "copies"),
}

NAMES = tuple(name for name in _OPTIMIZERS if " " not in name)
"""The optimizers by their names in `TrainingArguments`."""

_SMALLEST_IN_8_BITS = 4096
_SMALLEST_PAGED = 100_000
_BLOCKS = {"8 bits": 256, "4 bits": 128}
_VALUES_PER_BYTE = {"8 bits": 1, "4 bits": 2}


def read(optim: object, optim_args: object) -> str:
    """Read the name of an optimizer; `optim_args` may give momentum to plain descent."""
    name: str = _check.choice('training["optim"]', optim, NAMES)
    given = optim_args or ""
    if not isinstance(given, str):
        raise TypeError(f'training["optim_args"] must be a str, not {type(given).__name__}')
    if name == "sgd" and "momentum" in given.replace("momentum=0,", "").replace("momentum=0.0", ""):
        return "sgd with momentum"
    return name


def states(optim: str, tensors: "list[Tensor]") -> int:
    """Give the bytes that an optimizer keeps."""
    number, kind, paged, _ = _OPTIMIZERS[optim]
    total = 0
    for rows, columns, size, copies in tensors:
        values = rows * columns
        away = paged and values >= _SMALLEST_PAGED
        if kind == "factors":
            state = 4 * (rows + columns if rows > 1 else values)
        elif kind in _BLOCKS and values >= _SMALLEST_IN_8_BITS:
            scales = 4 * -(-values // _BLOCKS[kind])
            state = scales + (0 if away else values // _VALUES_PER_BYTE[kind])
        else:
            state = 0 if away else values * (size if kind == "weight" else 4)
        total += number * copies * state
    return total


def working(optim: str, tensors: "list[Tensor]") -> int:
    """Give the bytes that an update makes beside weights, gradients and states."""
    _, _, _, made = _OPTIMIZERS[optim]
    if not tensors or not made:
        return 0
    if made == "roots":
        return sum(rows * columns * size * copies for rows, columns, size, copies in tensors)
    rows, columns, size, _ = max(tensors, key=lambda each: each[0] * each[1])
    if made == "one root":
        return rows * columns * size
    return 4 * rows * columns * (4 if size < 4 else 2)
