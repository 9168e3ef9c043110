"""Tensors as the header of a safetensors file describes them: their check, and their bytes."""

from dlp import _check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypedDict

    TensorDtype = Literal[
        "U64", "I64", "F64", "C64", "F32", "U32", "I32", "BF16", "F16", "U16", "I16", "F8_E5M2FNUZ",
        "F8_E4M3FNUZ", "F8_E8M0", "F8_E4M3", "F8_E5M2", "I8", "U8", "BOOL",
    ]  # fmt: skip

    class Tensor(TypedDict):
        """A tensor as the header of a safetensors file describes it."""

        dtype: TensorDtype
        shape: list[int]


# Bytes of a number, in the order in which a file holds them.
WIDTHS: "dict[TensorDtype, int]" = {
    "U64": 8,
    "I64": 8,
    "F64": 8,
    "C64": 8,
    "F32": 4,
    "U32": 4,
    "I32": 4,
    "BF16": 2,
    "F16": 2,
    "U16": 2,
    "I16": 2,
    "F8_E5M2FNUZ": 1,
    "F8_E4M3FNUZ": 1,
    "F8_E8M0": 1,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "I8": 1,
    "U8": 1,
    "BOOL": 1,
}


def table(tensors: object) -> "list[tuple[str, Tensor]]":
    """Give each tensor with its name, both of which a file can hold."""
    found = []
    for key, each in _check.mapping("tensors", tensors).items():
        tensor = _check.keywords(f'tensors["{name("tensors", key)}"]', each)
        dtype, shape = tensor.get("dtype"), tensor.get("shape")
        _check.choice("a dtype in tensors", dtype, WIDTHS)
        if not isinstance(shape, (list, tuple)):
            raise TypeError("a shape in tensors must be a list of int")
        for side in shape:
            _check.count("a side of a shape in tensors", side, minimum=0)
        found.append((key, tensor))
    return found  # type: ignore[return-value]


def name(where: str, text: object) -> str:
    """Refuse a text that JSON would not write letter by letter, in a byte each."""
    if not isinstance(text, str):
        raise TypeError(f"a name or text in {where} must be a str")
    for letter in text:
        if not " " <= letter <= "~" or letter in ('"', "\\"):
            raise ValueError(f"a name or text in {where} must be of plain letters and marks")
    return text


def numbers(shape: "list[int]") -> int:
    """Count the numbers of a tensor."""
    count = 1
    for side in shape:
        count *= side
    return count


def size(tensor: "Tensor") -> int:
    """Count the bytes of its numbers."""
    return numbers(tensor["shape"]) * WIDTHS[tensor["dtype"]]
