"""Attention as operations: which kernel computes it, and what that one keeps."""

from dlp import _caching
from dlp._pieces import add, cast, dropout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dlp._pieces import Piece


def attend(
    one: "Piece", q: str, k: str, v: str, *, held: str, mask: bool, how: "Mapping[str, Any]"
) -> str:
    """Add attention from queries, keys and values to its output.

    Args:
        one: The piece under way.
        q: The queries.
        k: The keys.
        v: The values.
        held: What attention was given, and still holds.
        mask: Whether the library gives a mask to scaled dot product attention.
        how: What the family does otherwise than others: `dropout`, `softcap`, `softmax`, `grouped`.
    """
    setup = one["setup"]
    wide, grouped = one["width"][q], one["width"][k] != one["width"][q]
    if setup["attention"] == "eager" or how["eager"]:
        return _eager(one, q, k, v, how=how, held=held)
    if (
        setup["attention"] == "sdpa"
        and grouped
        and not (how["shares"] or _knows_groups(setup, mask))
    ):
        k, v = _repeat(one, k, v, wide, spread=True)
        grouped = False
    if setup["attention"] == "sdpa" and how["copies"]:
        q, k, v = (_in_order(one, each) for each in (q, k, v))
    if setup["half"] or setup["attention"] == "flash":
        q, k, v = (cast(one, f"{each} in 16 bits", each, 2) for each in (q, k, v))
    half = one["size"][q] == 2
    masked = mask and setup["attention"] == "sdpa"
    if grouped and (masked or not half or how["shares"]):
        return _composite(one, q, k, v, how=how, held=held)
    sums = add(one, "softmax statistics", "new", (q,), width=setup["num_attention_heads"], size=4)
    if half and not masked and (setup["head_dim"] <= 256 or setup["attention"] != "sdpa"):
        kernel = "grouped flash" if grouped else "flash"
        return add(one, "attention output", kernel, (q, k, v, sums), width=wide)
    columns = 0
    if masked and how["bool mask"]:
        # A mask of booleans becomes one of numbers in each layer; its rows start at multiples of 8.
        columns = -(-setup["length"] // 8) * 8
    copied = add(one, "mask", "new", (q,), width=columns)
    kernel = "efficient" if half else "fp32 efficient"
    return add(one, "attention output", kernel, (q, k, v, sums, copied), width=wide)


def _knows_groups(setup: "dict[str, Any]", mask: bool) -> bool:
    """Say whether keys are given to the kernel as they are: `use_gqa_in_sdpa` since 4.54.0."""
    if setup["releases"]["transformers"] < (4, 54) or setup["releases"]["torch"] < (2, 5):
        return False
    return not mask and setup["head_dim"] <= 256


def _repeat(one: "Piece", k: str, v: str, wide: int, *, spread: bool = False) -> "tuple[str, str]":
    """Repeat keys and values for each of their query heads, if they are shared.

    One head for all may be spread over them without a copy.
    """
    if one["width"][k] == wide:
        return k, v
    operation = "spread" if spread and one["setup"]["num_key_value_heads"] == 1 else "repeat"
    k = add(one, "repeated keys", operation, (k,), width=wide)
    return k, add(one, "repeated values", operation, (v,), width=wide)


def _in_order(one: "Piece", of: str) -> str:
    """Copy a tensor whose heads and tokens are exchanged, to put the heads in a row."""
    laid_out = [step[0] for step in one["steps"] if step[2] in ("join", "append", "copy", "repeat")]
    return of if of in laid_out else add(one, f"{of} in order", "copy", (of,))


def _copied(one: "Piece", of: str) -> str:
    """Copy what a product puts in order, if somebody else still holds it as it is."""
    views = [step[0] for step in one["steps"] if step[2] in ("slice", "part", "first part")]
    if one["setup"]["batch"] > 1 and (of in views or of in one["held"]):
        return _in_order(one, of)
    return of


def _eager(one: "Piece", q: str, k: str, v: str, *, how: "Mapping[str, Any]", held: str) -> str:
    """Add attention as Transformers writes it out."""
    setup = one["setup"]
    named: "tuple[str, ...]" = (q, k, v)  # variables, until attention ends
    wide, size = one["width"][q], one["size"][q]
    k, v = _repeat(one, k, v, wide, spread=setup["batch"] == 1)
    named += (k, v)
    q, k, v = (_copied(one, each) for each in (q, k, v))
    if setup["half"]:
        q, k, v = (cast(one, f"{each} in 16 bits", each, 2) for each in (q, k, v))
    width = setup["num_attention_heads"] * setup["length"]
    scores = raw = add(one, "scores", "match", (q, k), width=width)
    if how["scales"]:
        scores = add(one, "scaled scores", "scale", (scores,))
    if how["softcap"]:
        scores = add(one, "divided scores", "scale", (scores,))
        scores = add(one, "capped scores", "tanh", (scores,))
        scores = add(one, "multiplied scores", "scale", (scores,))
    if how["masks"]:
        wider = max(one["size"][scores], setup["stream_size"])  # that of the mask
        scores = add(one, "masked scores", "shift", (scores,), size=wider)
    if how["clamps"]:
        scores = add(one, "clamped scores", "activation", (scores,))
    masked = scores  # which has a name until there are probabilities
    if how["softmax"] == "fp32" or setup["half"]:
        if not (setup["float16"] and one["size"][scores] == 2):
            scores = cast(one, "wide scores", scores, 4)
        weights = add(one, "attention probabilities", "softmax", (scores,), size=4)
        if size < 4:
            weights = add(one, "rounded probabilities", "cast", (weights, masked), size=size)
    else:
        weights = add(one, "attention probabilities", "softmax", (scores,))
    if how["names scores"]:
        named += (raw, masked)
    weights = dropout(one, "attention", weights, how["dropout"])
    if setup["half"]:
        weights = cast(one, "probabilities in 16 bits", weights, 2)
    one["in_scope"] += (weights,)
    out = add(one, "weighted values", "match", (weights, v), width=wide)
    # Heads and tokens are exchanged, for which they are copied.
    return add(one, "attention output", "shift", (out, held) + named)


def _composite(one: "Piece", q: str, k: str, v: str, *, how: "Mapping[str, Any]", held: str) -> str:
    """Add attention by several operations of PyTorch, which takes what no kernel does.

    `_scaled_dot_product_attention_math`: in fp32, queries and keys scaled by the root.
    """
    setup = one["setup"]
    wide, size = one["width"][q], one["size"][q]
    named: "tuple[str, ...]" = (q, k, v, held)  # variables, until attention ends
    q, k, v = (
        cast(one, name, of, 4)
        for name, of in (("wide queries", q), ("wide keys", k), ("wide values", v))
    )
    q = add(one, "scaled queries", "scale", (q,))
    k, v = _repeat(one, k, v, wide)
    named += (q, k)
    k = add(one, "scaled keys", "scale", (k,))
    width = setup["num_attention_heads"] * setup["length"]
    scores = add(one, "scores", "match", (q, k), width=width)
    weights = add(one, "attention probabilities", "softmax", (scores,))
    weights = dropout(one, "attention", weights, how["dropout"])
    out = add(one, "weighted values", "match", (weights, v), width=wide)
    out = cast(one, "rounded values", out, size)
    return add(one, "attention output", "shift", (out,) + named)


def sliding(setup: "dict[str, Any]", place: int) -> bool:
    """Say whether a layer, counted from 0, looks back over a window that the text exceeds."""
    config, model = setup["config"], setup["model"]
    window = _caching.window(config, model)
    return 0 < window <= setup["length"] and _caching.slides_at(config, model, place)
