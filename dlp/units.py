"""Bytes and bits: GB and GiB, and what one parameter takes in each number format."""

from dlp import _check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Dtype = Literal[
        "fp32", "tf32", "fp16", "bf16", "fp8", "int8", "int4", "nf4", "nf4-double", "gptq", "awq",
        "mxfp4",
    ]  # fmt: skip

GB = 10**9
"""Bytes in a gigabyte (GB), the decimal unit of the SI."""

GIB = 2**30
"""Bytes in a gibibyte (GiB), the binary unit of the IEC."""

# In 512ths of a bit, so that every format is a whole number and byte counts stay exact:
# double quantization costs 8/64 + 32/(64 x 256) bits a parameter, which is 65/512.
_FORMATS = {
    "fp32": 32 * 512,
    "tf32": 32 * 512,
    "fp16": 16 * 512,
    "bf16": 16 * 512,
    "fp8": 8 * 512,
    "int8": 8 * 512,
    "int4": 4 * 512,
    "nf4": 4 * 512 + 256,
    "nf4-double": 4 * 512 + 65,
    "gptq": 4 * 512 + 80,
    "awq": 4 * 512 + 80,
    "mxfp4": 4 * 512 + 128,
}

DTYPES: "tuple[Dtype, ...]" = (
    "fp32",
    "tf32",
    "fp16",
    "bf16",
    "fp8",
    "int8",
    "int4",
    "nf4",
    "nf4-double",
    "gptq",
    "awq",
    "mxfp4",
)
"""The number formats of weights.

The table of [`bits_per_parameter`][dlp.units.bits_per_parameter] lists them. PyTorch's names are
taken too, such as `bfloat16` or `torch.float16`, those of llama.cpp, such as `f16`, and any case.
"""


def gigabytes(*, num_bytes: float) -> float:
    r"""Convert bytes to gigabytes (GB), the decimal unit.

    $$\frac{\text{num\_bytes}}{10^{9}}$$

    Args:
        num_bytes: Bytes, zero or more.

    Returns:
        Gigabytes (GB), 1 GB = 10^9 bytes.

    Source:
        NIST, "Prefixes for binary multiples".

    Examples:
        >>> gigabytes(num_bytes=28_000_000_000)
        28.0
    """
    return _check.number("num_bytes", num_bytes) / GB


def gibibytes(*, num_bytes: float) -> float:
    r"""Convert bytes to gibibytes (GiB), the binary unit.

    $$\frac{\text{num\_bytes}}{2^{30}}$$

    Args:
        num_bytes: Bytes, zero or more.

    Returns:
        Gibibytes (GiB), 1 GiB = 2^30 bytes.

    Source:
        NIST, "Prefixes for binary multiples".

    Examples:
        >>> round(gibibytes(num_bytes=28_000_000_000), 2)
        26.08
    """
    return _check.number("num_bytes", num_bytes) / GIB


def bits_per_parameter(*, dtype: "Dtype") -> float:
    """Give the bits that one stored parameter takes, quantization scales included.

    | `dtype` | bits | note |
    |---|--:|---|
    | `fp32` | 32 | single precision |
    | `tf32` | 32 | computes with 19 bits, is stored as fp32 |
    | `fp16`, `bf16` | 16 | half precision |
    | `fp8`, `int8` | 8 | without scales |
    | `int4` | 4 | without scales |
    | `nf4` | 4.5 | blocks of 64, a 32-bit scale each |
    | `nf4-double` | 4.127 | the scales quantized to 8 bits in blocks of 256 |
    | `gptq`, `awq` | 4.15625 | groups of 128, a 16-bit scale and a 4-bit zero each |
    | `mxfp4` | 4.25 | blocks of 32, an 8-bit scale each |

    What other blocks come to:
    [`blockwise_bits_per_parameter`][dlp.quantization.blockwise_bits_per_parameter].

    Args:
        dtype: One of `DTYPES`.

    Returns:
        Bits per parameter.

    Source:
        Dettmers et al. 2023 (QLoRA), section 3, for the two NF4 rows; for the last two rows
        [`gptq_bytes`][dlp.quantization.gptq_bytes] without the numbers of its groups, and
        [`mxfp4_bytes`][dlp.quantization.mxfp4_bytes].

    Examples:
        >>> bits_per_parameter(dtype="bf16")
        16.0
        >>> bits_per_parameter(dtype="nf4")
        4.5
    """
    return _FORMATS[_check.dtype("dtype", dtype, DTYPES)] / 512


def bytes_per_parameter(*, dtype: "Dtype") -> float:
    r"""Give the bytes that one stored parameter takes, quantization scales included.

    $$\frac{\operatorname{bits\_per\_parameter}}{8}$$

    Args:
        dtype: One of `DTYPES`.

    Returns:
        Bytes per parameter.

    Examples:
        >>> bytes_per_parameter(dtype="fp32")
        4.0
    """
    return bits_per_parameter(dtype=dtype) / 8


def stored_bytes(*, num_values: int, dtype: "Dtype") -> int:
    r"""Count the bytes that take up `num_values` numbers of one format.

    $$\left\lceil \text{num\_values} \times \operatorname{bytes\_per\_parameter} \right\rceil$$

    Args:
        num_values: How many numbers, 0 or more.
        dtype: One of `DTYPES`.

    Returns:
        Bytes, rounded up to a whole byte.

    Examples:
        >>> stored_bytes(num_values=3, dtype="int4")
        2
    """
    # More than any count: a caller may have multiplied counts that it checked by name.
    _check.count("num_values", num_values, minimum=0, maximum=_check.LARGEST_COUNT**2)
    bits = _FORMATS[_check.dtype("dtype", dtype, DTYPES)]
    return -(-num_values * bits // (512 * 8))
