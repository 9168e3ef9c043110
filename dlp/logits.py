"""Logits and loss: what a language model keeps after its last layer.

A number for each token and each entry of the vocabulary: with long vocabularies that is more than
any one layer keeps.
"""

from dlp import _check
from dlp.activations import COMPUTE_DTYPES
from dlp.units import bytes_per_parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dlp.activations import ComputeDtype


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
    _check.dtype("dtype", dtype, COMPUTE_DTYPES)
    numbers = per_device_train_batch_size * sequence_length * vocab_size
    return numbers * int(bytes_per_parameter(dtype=dtype))
