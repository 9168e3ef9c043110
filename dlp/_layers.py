"""The embeddings and the layers of each family, as Transformers writes them."""

from dlp._pieces import add, attend, linear, piece, rms_norm, rotate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dlp._pieces import Piece


def embeddings(setup: "dict[str, Any]") -> "Piece":
    """Give what comes before the layers."""
    size = setup["stream_size"]
    one = piece(setup, 1, 0)
    weight = 0
    if "embed_tokens" in setup["trained"]:
        weight = setup["vocab_size"] * setup["embedding_size"] * setup["weight_size"]
    add(one, "embedded", "embedding", ("x",), width=setup["hidden_size"], size=size, weight=weight)
    return one


def layer(setup: "dict[str, Any]", place: int) -> "Piece":
    """Give a layer, counted from 0."""
    return llama(setup)


def kind(setup: "dict[str, Any]", place: int) -> object:
    """Tell apart the layers of a model that are not alike."""
    return 0


def llama(setup: "dict[str, Any]") -> "Piece":
    """Give a Llama layer."""
    d, f = setup["hidden_size"], setup["intermediate_size"]
    q = setup["num_attention_heads"] * setup["head_dim"]
    k = setup["num_key_value_heads"] * setup["head_dim"]
    one = piece(setup, d, setup["stream_size"])
    norm = rms_norm(one, "first norm", "x", "norm" in setup["trained"])
    queries = linear(one, "q", norm, "q_proj", q)
    keys = linear(one, "k", norm, "k_proj", k)
    values = linear(one, "values", norm, "v_proj", k)
    queries = rotate(one, "queries", queries)
    keys = rotate(one, "keys", keys)
    attended = attend(one, queries, keys, values)
    out = linear(one, "o", attended, "o_proj", d)
    x = add(one, "middle", "add", ("x", out))
    norm = rms_norm(one, "second norm", x, "norm" in setup["trained"])
    gate = linear(one, "gate", norm, "gate_proj", f)
    active = add(one, "active", "activation", (gate,))
    up = linear(one, "up", norm, "up_proj", f)
    product = add(one, "product", "multiply", (active, up))
    down = linear(one, "down", product, "down_proj", d)
    add(one, "output", "add", (x, down))
    return one
