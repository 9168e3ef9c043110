"""Logits and loss: what a language model keeps after its last layer.

A number for each token and each entry of the vocabulary: with long vocabularies that is more than
any one layer keeps.
"""

from dlp import _check
from dlp.activations import COMPUTE_DTYPES
from dlp.units import bytes_per_parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from dlp.activations import ComputeDtype

    LossLibrary = Literal["transformers", "megatron"]

LOSS_LIBRARIES: "tuple[LossLibrary, ...]" = ("transformers", "megatron")
"""Whose way of computing the loss is counted: Transformers' or Megatron-LM's."""


def output_activations(
    *,
    per_device_train_batch_size: int,
    sequence_length: int,
    hidden_size: int,
    vocab_size: int,
    method: "Literal['full', 'lora', 'qlora']" = "full",
    dtype: "ComputeDtype" = "fp16",
    library: "LossLibrary" = "transformers",
    tensor_parallel_size: int = 1,
) -> dict[str, int]:
    """List the bytes that a language model keeps for the backward pass after its last layer.

    The last norm, the output head and the loss. Transformers computes the loss in fp32 and keeps
    the logarithms of all probabilities, one for each token and entry of the vocabulary; the logits
    themselves, in `dtype`, live as long as the model's output does, and while the loss is computed
    so does their copy in fp32. A frozen output head does not need its input, a frozen norm not its
    output. `"megatron"` counts as Korthikanti et al. do, tokens and vocabulary shared out.

    Args:
        per_device_train_batch_size: Sequences in a micro-batch, 1 or more.
        sequence_length: Tokens in a sequence, 1 or more.
        hidden_size: Width of the model, 1 or more.
        vocab_size: Entries of the vocabulary, 1 or more.
        method: `"full"`, `"lora"` or `"qlora"`: whether norm and output head are trained or frozen.
        dtype: One of `COMPUTE_DTYPES`.
        library: One of `LOSS_LIBRARIES`.
        tensor_parallel_size: Devices that share the output, 1 or more; more than one for
            `"megatron"` only, where it must divide `sequence_length` and `vocab_size`.

    Returns:
        Bytes of each tensor kept on one device, by name.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a count is below 1, a choice unknown, or something cannot be shared out.

    Source:
        Transformers 5.23.0, `modeling_llama.py` and `loss_utils.py`, `ForCausalLMLoss`;
        Korthikanti et al. 2022, section 4.3.

    Examples:
        >>> kept = output_activations(
        ...     per_device_train_batch_size=1,
        ...     sequence_length=2048,
        ...     hidden_size=4096,
        ...     vocab_size=32000,
        ...     dtype="bf16",
        ... )
        >>> kept["log-probabilities"]
        262144000
    """
    _check.count("per_device_train_batch_size", per_device_train_batch_size)
    _check.count("sequence_length", sequence_length)
    _check.count("hidden_size", hidden_size)
    _check.count("vocab_size", vocab_size)
    _check.choice("method", method, ("full", "lora", "qlora"))
    _check.choice("dtype", dtype, COMPUTE_DTYPES)
    _check.choice("library", library, LOSS_LIBRARIES)
    devices = _check.count("tensor_parallel_size", tensor_parallel_size)
    tokens = per_device_train_batch_size * sequence_length
    element = int(bytes_per_parameter(dtype=dtype))
    if library == "megatron":
        for name, value in (("sequence_length", sequence_length), ("vocab_size", vocab_size)):
            if value % devices:
                raise ValueError(
                    f"tensor_parallel_size must divide {name} ({value}), not {devices}"
                )
        return {
            "last norm input": tokens * hidden_size * element // devices,
            "output head input": tokens * hidden_size * element // devices,
            "logits in fp32": tokens * vocab_size * 4 // devices,
        }
    if devices > 1:
        raise ValueError(
            f'tensor_parallel_size must be 1 with library="transformers", not {devices}'
        )
    kept = {"last norm input": tokens * hidden_size * 4, "last norm scale": tokens * 4}
    if method == "full":
        kept["last norm output"] = tokens * hidden_size * element
        kept["output head input"] = tokens * hidden_size * element
    # Token numbers have eight bytes; the sum of the weights of all tokens is one number in fp32.
    kept.update({"log-probabilities": tokens * vocab_size * 4, "labels": tokens * 8})
    kept["weight of the tokens"] = 4
    return kept


def logits_bytes(
    *,
    per_device_train_batch_size: int,
    sequence_length: int,
    vocab_size: int,
    dtype: "ComputeDtype" = "fp32",
) -> int:
    r"""Count the bytes of the logits: a number for each token and entry of the vocabulary.

    A loss computed in fp32 from 16-bit logits has them in both formats for a moment, and the
    logarithms of the probabilities, as large in fp32, beside them.

    $$\text{per\_device\_train\_batch\_size} \times \text{sequence\_length}
    \times \text{vocab\_size} \times \operatorname{bytes\_per\_parameter}$$

    Args:
        per_device_train_batch_size: Sequences in a micro-batch, 1 or more.
        sequence_length: Tokens in a sequence, 1 or more.
        vocab_size: Entries of the vocabulary, 1 or more.
        dtype: One of `COMPUTE_DTYPES`.

    Returns:
        Bytes of one copy.

    Source:
        Transformers 5.23.0, `loss_utils.py`, `ForCausalLMLoss`, for the copy in fp32.

    Examples:
        >>> logits_bytes(per_device_train_batch_size=1, sequence_length=8192, vocab_size=128256)
        4202692608
    """
    _check.count("per_device_train_batch_size", per_device_train_batch_size)
    _check.count("sequence_length", sequence_length)
    _check.count("vocab_size", vocab_size)
    _check.choice("dtype", dtype, COMPUTE_DTYPES)
    numbers = per_device_train_batch_size * sequence_length * vocab_size
    return numbers * int(bytes_per_parameter(dtype=dtype))
