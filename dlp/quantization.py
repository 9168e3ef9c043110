"""Quantization: what blocks of 1 to 8 bits cost with their scales, in QLoRA's NF4 and in GGUF."""

from dlp import _check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    GgmlType = Literal[
        "F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_0", "Q5_1", "Q5_K", "Q4_0", "Q4_1", "Q4_K",
        "Q3_K", "Q2_K", "IQ4_NL", "IQ4_XS", "IQ3_S", "IQ3_XXS", "IQ2_S", "IQ2_XS", "IQ2_XXS",
        "IQ1_M", "IQ1_S", "TQ2_0", "TQ1_0", "MXFP4",
    ]  # fmt: skip

# Weights in a block, and bytes of the block with its scales and offsets.
_BLOCKS: "dict[GgmlType, tuple[int, int]]" = {
    "F32": (1, 4),
    "F16": (1, 2),
    "BF16": (1, 2),
    "Q8_0": (32, 34),
    "Q6_K": (256, 210),
    "Q5_0": (32, 22),
    "Q5_1": (32, 24),
    "Q5_K": (256, 176),
    "Q4_0": (32, 18),
    "Q4_1": (32, 20),
    "Q4_K": (256, 144),
    "Q3_K": (256, 110),
    "Q2_K": (256, 84),
    "IQ4_NL": (32, 18),
    "IQ4_XS": (256, 136),
    "IQ3_S": (256, 110),
    "IQ3_XXS": (256, 98),
    "IQ2_S": (256, 82),
    "IQ2_XS": (256, 74),
    "IQ2_XXS": (256, 66),
    "IQ1_M": (256, 56),
    "IQ1_S": (256, 50),
    "TQ2_0": (256, 66),
    "TQ1_0": (256, 54),
    "MXFP4": (32, 17),
}

GGML_TYPES = tuple(_BLOCKS)
"""The formats of tensors in a GGUF file.

The table of [`gguf_bits_per_weight`][dlp.quantization.gguf_bits_per_weight] lists them.
"""


def blockwise_bits_per_parameter(
    *,
    bits: int = 4,
    block_size: int = 64,
    scale_bits: int = 32,
) -> float:
    r"""Count the bits per parameter of block-wise quantization, scales included.

    $$\text{bits} + \frac{\text{scale\_bits}}{\text{block\_size}}$$

    Args:
        bits: Bits of one quantized value, 1 to 16.
        block_size: Parameters that share one scale, 1 or more.
        scale_bits: Bits of one scale, 0 to 64.

    Returns:
        Bits per parameter.

    Source:
        Dettmers et al. 2023 (QLoRA), section 3: 4 bits in blocks of 64 with a 32-bit scale.

    Examples:
        >>> blockwise_bits_per_parameter(bits=4, block_size=64, scale_bits=32)
        4.5
    """
    _check.count("bits", bits, maximum=16)
    _check.count("block_size", block_size)
    _check.count("scale_bits", scale_bits, minimum=0, maximum=64)
    return bits + scale_bits / block_size


def double_quantized_bits_per_parameter(
    *,
    bits: int = 4,
    block_size: int = 64,
    scale_bits: int = 8,
    second_block_size: int = 256,
    second_scale_bits: int = 32,
) -> float:
    r"""Count the bits per parameter when the scales of the blocks are quantized too.

    $$\text{bits} + \frac{\text{scale\_bits}}{\text{block\_size}}
    + \frac{\text{second\_scale\_bits}}{\text{block\_size} \times \text{second\_block\_size}}$$

    Args:
        bits: Bits of one quantized value, 1 to 16.
        block_size: Parameters that share one scale, 1 or more.
        scale_bits: Bits of one quantized scale, 0 to 64.
        second_block_size: Scales that share one second-level scale, 1 or more.
        second_scale_bits: Bits of one second-level scale, 0 to 64.

    Returns:
        Bits per parameter.

    Source:
        Dettmers et al. 2023 (QLoRA), section 3: 8-bit scales in blocks of 256.

    Examples:
        >>> round(double_quantized_bits_per_parameter(), 3)
        4.127
    """
    _check.count("bits", bits, maximum=16)
    _check.count("block_size", block_size)
    _check.count("scale_bits", scale_bits, minimum=0, maximum=64)
    _check.count("second_block_size", second_block_size)
    _check.count("second_scale_bits", second_scale_bits, minimum=0, maximum=64)
    return bits + scale_bits / block_size + second_scale_bits / (block_size * second_block_size)


def double_quantization_saved_bytes(*, num_parameters: int) -> int:
    r"""Count the bytes that double quantization saves of a model in NF4.

    Both sizes, with one level of scales and with two, are rounded up to a whole byte.

    $$\left\lceil \frac{9 \times \text{num\_parameters}}{16} \right\rceil
    - \left\lceil \frac{2113 \times \text{num\_parameters}}{4096} \right\rceil$$

    Args:
        num_parameters: Quantized parameters, 0 or more.

    Returns:
        Bytes.

    Source:
        Dettmers et al. 2023 (QLoRA), section 3: 0.373 bits for each parameter.

    Examples:
        >>> double_quantization_saved_bytes(num_parameters=65_285_660_672)
        3044326462
    """
    _check.count("num_parameters", num_parameters, minimum=0)
    return -(-9 * num_parameters // 16) + (-2113 * num_parameters // 4096)


def gptq_bytes(
    *,
    in_features: int,
    out_features: int,
    bits: int = 4,
    group_size: int = 128,
    scale_bits: int = 16,
) -> int:
    r"""Count the bytes of a linear layer in a file of GPTQ.

    The weights, packed into whole numbers of 32 bits; for each group of inputs and each output a
    scale and a zero, packed like the weights; and for each input the number of its group, which is
    stored with or without `desc_act`. A bias comes on top.

    $$\frac{\text{bits} \times \text{in\_features} \times \text{out\_features}}{8}
    + \left\lceil \frac{\text{in\_features}}{\text{group\_size}} \right\rceil
    \times \frac{(\text{bits} + \text{scale\_bits}) \times \text{out\_features}}{8}
    + 4 \times \text{in\_features}$$

    Args:
        in_features: Width of the input, a multiple of 32.
        out_features: Width of the output, a multiple of 32.
        bits: Bits of one weight: one of 2, 3, 4 and 8.
        group_size: Inputs that share a scale, 1 or more; `in_features`, where GPTQ says -1.
        scale_bits: Bits of one scale: 16, and 32 in files of the first years.

    Returns:
        Bytes.

    Source:
        AutoGPTQ at commit 058fd80, `nn_modules/qlinear/qlinear_cuda.py`.

    Examples:
        >>> gptq_bytes(in_features=4096, out_features=4096)
        8732672
    """
    _multiple("in_features", in_features, 32)
    _multiple("out_features", out_features, 32)
    _one_of("bits", bits, (2, 3, 4, 8))
    _check.count("group_size", group_size)
    _one_of("scale_bits", scale_bits, (16, 32))
    weights = bits * in_features * out_features // 8
    groups = -(-in_features // group_size)
    return weights + groups * (bits + scale_bits) * out_features // 8 + 4 * in_features


def awq_bytes(*, in_features: int, out_features: int, group_size: int = 128) -> int:
    r"""Count the bytes of a linear layer in a file of AWQ, in 4 bits.

    The weights, packed into whole numbers of 32 bits, and for each group of inputs and each output
    a scale of 16 bits and a packed zero. A bias comes on top.

    $$\frac{\text{in\_features} \times \text{out\_features}}{2}
    + \frac{\text{in\_features}}{\text{group\_size}}
    \times \frac{5 \times \text{out\_features}}{2}$$

    Args:
        in_features: Width of the input, a multiple of `group_size`.
        out_features: Width of the output, a multiple of 8.
        group_size: Inputs that share a scale, 1 or more; `in_features`, where AWQ says -1.

    Returns:
        Bytes.

    Raises:
        ValueError: If a width is not such a multiple.

    Source:
        AutoAWQ at commit 030fe2a, `awq/modules/linear/gemm.py`.

    Examples:
        >>> awq_bytes(in_features=4096, out_features=4096)
        8716288
    """
    _check.count("group_size", group_size)
    _multiple("in_features", in_features, group_size)
    _multiple("out_features", out_features, 8)
    return (in_features + in_features // group_size * 5) * out_features // 2


def mxfp4_bytes(*, num_weights: int) -> int:
    r"""Count the bytes of weights in MXFP4: blocks of 32 in 4 bits with a scale of 8 bits.

    The experts of gpt-oss are stored so; their biases and all other tensors are in 16 bits.

    $$\frac{17 \times \text{num\_weights}}{32}$$

    Args:
        num_weights: Weights, a multiple of 32.

    Returns:
        Bytes.

    Raises:
        ValueError: If `num_weights` is no multiple of 32.

    Source:
        Transformers 5.23.0, `integrations/mxfp4.py`.

    Examples:
        The experts of a layer of gpt-oss 20B:

        >>> mxfp4_bytes(num_weights=32 * (5760 * 2880 + 2880 * 2880))
        423014400
    """
    return 17 * _multiple("num_weights", num_weights, 32) // 32


def _multiple(name: str, value: object, divisor: int) -> int:
    count = _check.count(name, value)
    if count % divisor:
        raise ValueError(f"{name} must be a multiple of {divisor}, not {count}")
    return count


def _one_of(name: str, value: object, allowed: "tuple[int, ...]") -> int:
    count = _check.count(name, value)
    if count not in allowed:
        choices = ", ".join([str(each) for each in allowed])
        raise ValueError(f"{name} must be one of {choices}, not {count}")
    return count


def gguf_bits_per_weight(*, ggml_type: "GgmlType") -> float:
    """Give the bits that one weight takes in a format of GGUF, scales and offsets included.

    Weights are stored in blocks, each with its own scale. Types whose name ends in `_K`, and most
    of `IQ`, are blocks of blocks, whose scales are quantized in turn.

    | `ggml_type` | bits | weights of a block | its bytes |
    |---|--:|--:|--:|
    | `F32` | 32 | 1 | 4 |
    | `F16`, `BF16` | 16 | 1 | 2 |
    | `Q8_0` | 8.5 | 32 | 34 |
    | `Q6_K` | 6.5625 | 256 | 210 |
    | `Q5_0` | 5.5 | 32 | 22 |
    | `Q5_1` | 6 | 32 | 24 |
    | `Q5_K` | 5.5 | 256 | 176 |
    | `Q4_0` | 4.5 | 32 | 18 |
    | `Q4_1` | 5 | 32 | 20 |
    | `Q4_K` | 4.5 | 256 | 144 |
    | `Q3_K` | 3.4375 | 256 | 110 |
    | `Q2_K` | 2.625 | 256 | 84 |
    | `IQ4_NL` | 4.5 | 32 | 18 |
    | `IQ4_XS` | 4.25 | 256 | 136 |
    | `IQ3_S` | 3.4375 | 256 | 110 |
    | `IQ3_XXS` | 3.0625 | 256 | 98 |
    | `IQ2_S` | 2.5625 | 256 | 82 |
    | `IQ2_XS` | 2.3125 | 256 | 74 |
    | `IQ2_XXS` | 2.0625 | 256 | 66 |
    | `IQ1_M` | 1.75 | 256 | 56 |
    | `IQ1_S` | 1.5625 | 256 | 50 |
    | `TQ2_0` | 2.0625 | 256 | 66 |
    | `TQ1_0` | 1.6875 | 256 | 54 |
    | `MXFP4` | 4.25 | 32 | 17 |

    Args:
        ggml_type: One of `GGML_TYPES`.

    Returns:
        Bits per weight.

    Source:
        llama.cpp at commit 0024aa7, `gguf-py/gguf/constants.py`, `GGML_QUANT_SIZES`.

    Examples:
        >>> gguf_bits_per_weight(ggml_type="Q4_K")
        4.5
    """
    weights, num_bytes = _BLOCKS[_check.dtype("ggml_type", ggml_type, GGML_TYPES)]
    return 8 * num_bytes / weights


def gguf_bytes(*, num_weights: "Mapping[str, int]") -> int:
    """Count the bytes of the tensors in a GGUF file, whose types are mixed.

    Names such as Q4_K_M mean a mixture: most tensors in `Q4_K`, some in `Q6_K`, norms in `F32`.
    The table of metadata at the beginning of the file, with the vocabulary, comes on top.

    Args:
        num_weights: Weights stored in each of the types, by names of `GGML_TYPES`; a whole number
            of blocks of each, at least one.

    Returns:
        Bytes.

    Raises:
        TypeError: If `num_weights` is not a dict of int.
        ValueError: If it is empty, names an unknown type, or a count is no whole number of blocks.

    Source:
        The blocks as in [`gguf_bits_per_weight`][dlp.quantization.gguf_bits_per_weight].

    Examples:
        Llama 2 7B in Q4_K_M, in bytes and in GiB:

        >>> num_bytes = gguf_bytes(
        ...     num_weights={"Q4_K": 5_617_221_632, "Q6_K": 1_120_927_744, "F32": 266_240}
        ... )
        >>> num_bytes, round(num_bytes / 2**30, 2)
        (4080263168, 3.8)
    """
    return sum(num_bytes for _, num_bytes in _tensors(num_weights))


def gguf_mean_bits_per_weight(*, num_weights: "Mapping[str, int]") -> float:
    """Give the bits per weight of a whole GGUF file, as llama.cpp prints them when it loads one.

    Eight times [`gguf_bytes`][dlp.quantization.gguf_bytes] over all weights: a mean of the types,
    each weighed by its share.

    Args:
        num_weights: Weights stored in each of the types, by names of `GGML_TYPES`; a whole number
            of blocks of each, at least one.

    Returns:
        Bits per weight.

    Raises:
        TypeError: If `num_weights` is not a dict of int.
        ValueError: If it is empty, names an unknown type, or a count is no whole number of blocks.

    Source:
        llama.cpp, pull request 3223: the size of all tensors over their number of elements.

    Examples:
        >>> gguf_mean_bits_per_weight(num_weights={"Q4_K": 256, "Q6_K": 256})
        5.53125
    """
    tensors = _tensors(num_weights)
    return 8 * sum(num_bytes for _, num_bytes in tensors) / sum(count for count, _ in tensors)


def _tensors(num_weights: "Mapping[str, int]") -> list[tuple[int, int]]:
    """Give for each type how many weights it stores, and in how many bytes."""
    tensors = []
    for ggml_type, count in _check.mapping("num_weights", num_weights).items():
        weights, num_bytes = _BLOCKS[_check.dtype("a key of num_weights", ggml_type, GGML_TYPES)]
        name = f'num_weights["{ggml_type}"]'
        whole = _check.count(name, count, minimum=weights)
        if whole % weights:
            raise ValueError(f"{name} must be a multiple of {weights}, not {whole}")
        tensors.append((whole, whole // weights * num_bytes))
    if not tensors:
        raise ValueError(f"num_weights must hold at least one of {', '.join(GGML_TYPES)}")
    return tensors
