"""What optimizers keep between updates, and make while they update, tensor by tensor."""

from dlp import _check

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Rows and columns of a tensor, a vector having one row; bytes of a value; how many there are.
    Tensor = tuple[int, int, int, int]

# How many states an optimizer keeps of each value, in what format, whether they are paged, and
# what an update makes.
#
# Formats: that of the "weight" itself; "fp32"; "8 bits", with a scale in fp32 for each block of
# 256 values, where a tensor has 4,096 values or more, and else fp32; torchao's "8 bits of
# torchao" and "4 bits of torchao", with blocks of 256 and 128 and a table of its own for each
# state, where a tensor has 4,096 values or more that fill its blocks, and else the weight's;
# "factors", a row and a column in fp32 in place of a matrix; "matrices", a state of the weight's
# format where there are rows and columns, and AdamW's two elsewhere. Paged states of 100,000
# values or more lie in managed memory, which the allocator does not count; their scales lie on
# the device.
#
# An update of PyTorch's `foreach` kind makes "roots", a tensor for each of the trained ones, or
# "two roots"; with weight decay that is no part of the weights' own step, "decayed" gradients
# besides. One that goes from tensor to tensor makes "one root". Adafactor of Transformers works
# on four fp32 "copies" of one tensor at a time, and Muon on "products" of one matrix with itself.
_OPTIMIZERS = {
    "adamw_torch": (2, "weight", False, "roots"),
    "adamw_torch_fused": (2, "weight", False, ""),
    "adamw_hf": (2, "weight", False, "one root"),
    "adamw_apex_fused": (2, "fp32", False, ""),
    "adamw_torch_8bit": (2, "8 bits of torchao", False, ""),
    "adamw_torch_4bit": (2, "4 bits of torchao", False, ""),
    "adamw_bnb_8bit": (2, "8 bits", False, ""),
    "adamw_8bit": (2, "8 bits", False, ""),
    "paged_adamw": (2, "fp32", True, ""),
    "paged_adamw_32bit": (2, "fp32", True, ""),
    "paged_adamw_8bit": (2, "8 bits", True, ""),
    "ademamix": (3, "fp32", False, ""),
    "ademamix_8bit": (3, "8 bits", False, ""),
    "paged_ademamix_32bit": (3, "fp32", True, ""),
    "paged_ademamix_8bit": (3, "8 bits", True, ""),
    "lion_32bit": (1, "fp32", False, ""),
    "lion_8bit": (1, "8 bits", False, ""),
    "paged_lion_32bit": (1, "fp32", True, ""),
    "paged_lion_8bit": (1, "8 bits", True, ""),
    "rmsprop": (1, "weight", False, "decayed roots"),
    "rmsprop with momentum": (2, "weight", False, "decayed roots"),
    "rmsprop, centered": (2, "weight", False, "decayed roots"),
    "rmsprop, centered, with momentum": (3, "weight", False, "decayed roots"),
    "rmsprop_bnb": (1, "fp32", False, ""),
    "rmsprop_bnb_32bit": (1, "fp32", False, ""),
    "rmsprop_bnb_8bit": (1, "8 bits", False, ""),
    "adagrad": (1, "weight", False, "two roots"),
    "sgd": (0, "weight", False, "decayed"),
    "sgd with momentum": (1, "weight", False, "decayed"),
    "adafactor": (1, "factors", False, "copies"),
    "muon": (1, "matrices", False, "products"),
}

NAMES = tuple(name for name in _OPTIMIZERS if " " not in name)
"""The optimizers by their names in `TrainingArguments`; `"muon"` is PyTorch's."""

_SMALLEST_IN_8_BITS = 4096
_SMALLEST_PAGED = 100_000
_TORCHAO = {"8 bits of torchao": (256, 8, 256), "4 bits of torchao": (128, 4, 16)}


def read(optim: object, optim_args: object) -> str:
    """Read the name of an optimizer; `optim_args` may give it momentum, or center it."""
    name: str = _check.choice('training["optim"]', optim, NAMES)
    text = optim_args or ""
    if not isinstance(text, str):
        raise TypeError(f'training["optim_args"] must be a str, not {type(text).__name__}')
    given = {}
    for pair in text.replace(" ", "").split(",") if text else ():
        key, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(
                f'training["optim_args"] must have pairs such as momentum=0.9, not {pair[:60]!r}'
            )
        given[key] = value
    if name == "rmsprop" and given.get("centered", "").lower() in ("true", "1", "yes"):
        name += ", centered"
    if name in ("sgd", "rmsprop", "rmsprop, centered") and given.get("momentum", "").strip("0."):
        name += ", with momentum" if "," in name else " with momentum"
    return name


def states(optim: str, tensors: "list[Tensor]") -> int:
    """Give the bytes that an optimizer keeps."""
    number, kind, paged, _ = _OPTIMIZERS[optim]
    total = tables = 0
    for rows, columns, size, copies in tensors:
        values = rows * columns
        away = paged and values >= _SMALLEST_PAGED
        each = number
        if kind == "factors":
            state = 4 * (rows + columns if rows > 1 else values)
        elif kind == "8 bits" and values >= _SMALLEST_IN_8_BITS:
            state = 4 * -(-values // 256) + (0 if away else values)
            tables = number if number < 2 else 2
        elif kind in _TORCHAO:
            state = _in_torchao(kind, values, size)
        else:
            state = 0 if away else values * (size if kind in ("weight", "matrices") else 4)
            each = 2 if kind == "matrices" and rows == 1 else number
        total += each * copies * state
    return total + 4 * 256 * tables  # by which all states in 8 bits are read


def _in_torchao(kind: str, values: int, size: int) -> int:
    """Give the bytes of a state of torchao, `optim/subclass_8bit.py` and `subclass_4bit.py`."""
    block, bits, table = _TORCHAO[kind]
    if values < _SMALLEST_IN_8_BITS or values % block:
        return values * size
    return values * bits // 8 + 4 * values // block + 4 * table


def working(optim: str, tensors: "list[Tensor]", *, decays: bool = False) -> int:
    """Give the bytes that an update makes beside weights, gradients and states.

    A step that decays makes gradients of matrices anew, where the library leaves that to gradients.
    """
    _, _, _, made = _OPTIMIZERS[optim]
    if not tensors or not made:
        return 0
    if "root" in made or made == "decayed":
        if made == "one root":
            return max(rows * columns * size for rows, columns, size, _ in tensors)
        roots = sum(rows * columns * size * copies for rows, columns, size, copies in tensors)
        matrices = sum(
            rows * columns * size * copies for rows, columns, size, copies in tensors if rows > 1
        )
        kept = roots * (2 if made == "two roots" else 1) if "root" in made else 0
        return kept + (matrices if decays and "decayed" in made else 0)
    if made == "products":
        return _products(tensors)
    rows, columns, size, _ = max(tensors, key=lambda each: each[0] * each[1])
    return 4 * rows * columns * (4 if size < 4 else 2)


def _products(tensors: "list[Tensor]") -> int:
    """Give the bytes of Muon's iteration, in 16 bits whatever the weight.

    Beside the update two matrices and two of their products with themselves: PyTorch 2.13.0,
    `optim/_muon.py`, `_zeropower_via_newtonschulz`. Vectors are AdamW's, which makes their roots.
    """
    found = sum(columns * size * copies for rows, columns, size, copies in tensors if rows == 1)
    for rows, columns, size, _ in tensors:
        least = min(rows, columns)
        if least > 1:
            found = max(found, rows * columns * (size + 2 * 2) + 2 * 2 * least * least)
    return found
