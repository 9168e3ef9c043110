"""What follows the layers: the last norm, the head and the loss, as each library writes them."""

from dlp._pieces import add, cast, linear, piece, rms_norm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dlp._pieces import Piece


def head(setup: "dict[str, Any]") -> "Piece":
    """Give what follows the layers."""
    return causal_head(setup)


def causal_head(setup: "dict[str, Any]") -> "Piece":
    """Give what follows the layers: the last norm, the output head and the loss."""
    one = piece(setup, setup["hidden_size"], setup["stream_size"])
    norm = rms_norm(one, "last norm", "x", "norm" in setup["trained"])
    logits = linear(one, "logits", norm, "lm_head", setup["vocab_size"])
    wide = cast(one, "wide logits", logits, 4)
    logs = add(one, "log-probabilities", "log softmax", (wide,))
    add(one, "loss", "nll", (logs,), width=0, size=4)
    return one
