"""The layers, the head and the loss of LitGPT, which writes all families as one model.

One matrix gives queries, keys and values, adapted or not; adapters have the format of the model;
logits are made and scored 128 tokens at a time, and brought to fp32 by Fabric.
"""

from dlp._attention import sliding
from dlp._pieces import activate, add, cast, dropout, norm, piece, plus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dlp._pieces import Piece

    Setup = dict[str, Any]

# What LitGPT calls a family's layers by: norm, order of norms, activation function.
_FORMS = {
    "llama": ("rms", "before", "silu"),
    "mistral": ("rms", "before", "silu"),
    "qwen2": ("rms", "before", "silu"),
    "phi3": ("rms", "before", "silu"),
    "gemma": ("rms", "before", "gelu"),
    "gemma2": ("rms", "around", "gelu"),
    "phi": ("layer norm", "beside", "gelu"),
    "gpt_neox": ("layer norm", "beside", "gelu"),
}

TARGETS = (
    "q_proj",
    "k_proj",
    "v_proj",
    "o_proj",
    "gate_proj",
    "up_proj",
    "down_proj",
    "lm_head",
)
"""What its adapters may adapt, by the names of Llama's layers."""

_CHUNK = 128


def adapters(setup: "Setup") -> "list[tuple[int, int, int, int]]":
    """List the adapters: rank, inputs, outputs, copies; one for queries, keys and values."""
    d, f, layers = setup["hidden_size"], setup["intermediate_size"], setup["num_hidden_layers"]
    q, k, _ = _widths(setup)
    found = []
    for name, inputs, outputs, copies in (
        ("q_proj", d, q, layers),
        ("k_proj", d, k, layers),
        ("v_proj", d, k, layers),
        ("o_proj", q, d, layers),
        ("gate_proj", d, f, layers if _gated(setup) else 0),
        ("up_proj", d, f, layers),
        ("down_proj", f, d, layers),
        ("lm_head", d, setup["vocab_size"], 1),
    ):
        if name in setup["adapted"] and copies:
            found.append((setup["adapted"][name], inputs, outputs, copies))
    return found


def _widths(setup: "Setup") -> "tuple[int, int, int]":
    """Give the widths of queries, of keys, and of what has them and values too."""
    q = setup["num_attention_heads"] * setup["head_dim"]
    k = setup["num_key_value_heads"] * setup["head_dim"]
    return q, k, q + 2 * k


def _gated(setup: "Setup") -> bool:
    """Say whether the MLP has a gate."""
    return bool(setup["gated"])


def embeddings(setup: "Setup") -> "Piece":
    """Give what comes before the layers."""
    one = piece(setup, 1, 0)
    x = add(
        one,
        "embedded",
        "embedding",
        ("x",),
        width=setup["hidden_size"],
        size=setup["stream_size"],
        weight=_trained(setup, setup["vocab_size"] * setup["hidden_size"]),
    )
    if setup["model"]["model_type"].startswith("gemma"):
        x = add(one, "scaled", "scale", (x,))
    one["in_scope"] = (x,)
    return one


def _trained(setup: "Setup", values: int) -> int:
    """Give the bytes of a weight's gradient, if the model itself is trained."""
    return int(values * setup["weight_size"]) if setup["method"] == "full" else 0


def _linear(one: "Piece", name: str, of: str, module: str, width: int) -> str:
    """Add a linear layer, with its adapter if it has one."""
    setup = one["setup"]
    out = _base(one, name, of, width)
    if module not in setup["adapted"]:
        return out
    high = _adapter(one, name, of, setup["adapted"][module], width)
    return plus(one, f"{name} output", out, high)


def longest_first(setup: "Setup") -> bool:
    """Say whether the longest batch is that of the first step, before which there is nothing.

    LitGPT put it there in 2023, when it asked for bitsandbytes 0.41: `finetune/lora.py` at commit
    0cc02afa, `longest_seq_ix`.
    """
    return bool(setup["releases"]["bitsandbytes"] < (0, 42))


def _base(one: "Piece", name: str, of: str, width: int) -> str:
    """Add the product with the model's own weight, which may be in 4 bits."""
    setup, inner = one["setup"], one["width"][of]
    if not setup["quantized"]:
        weight = _trained(setup, inner * width)
        return add(one, name, "linear", (of,), width=width, weight=weight)
    keeps = setup["releases"]["bitsandbytes"] < (0, 43, 2)
    operation = "kept product" if keeps else "linear"
    moment = one["size"][of] * inner * width
    return add(one, name, operation, (of,), width=width, moment=moment)


def _adapter(one: "Piece", name: str, of: str, r: int, width: int) -> str:
    """Add the two matrices of an adapter, and its scaling."""
    setup, inner = one["setup"], one["width"][of]
    size = setup["adapter_size"]
    given = dropout(one, f"{name} adapter input", of, setup["lora_dropout"])
    low = add(one, f"{name} low", "linear", (given,), width=r, weight=inner * r * size)
    high = add(one, f"{name} high", "linear", (low,), width=width, weight=r * width * size)
    return add(one, f"{name} scaled", "scale", (high,))


def _queries_keys_values(one: "Piece", of: str) -> str:
    """Add the one matrix, with an adapter for those of the three that are adapted."""
    setup = one["setup"]
    q, k, together = _widths(setup)
    out = _base(one, "qkv", of, together)
    names = [name for name in ("q_proj", "k_proj", "v_proj") if name in setup["adapted"]]
    if not names:
        return out
    size, r = setup["adapter_size"], setup["adapted"][names[0]]
    given = dropout(one, "qkv adapter input", of, setup["lora_dropout"])
    rank = r * len(names)
    low = add(one, "qkv low", "linear", (given,), width=rank, weight=one["width"][of] * rank * size)
    width = sum({"q_proj": q, "k_proj": k, "v_proj": k}[name] for name in names)
    high = add(one, "qkv high", "linear", (low,), width=width, weight=width * r * size)
    if len(names) < 3:
        # Zeros stand where there is no adapter.
        high = add(one, "padded", "pad", (high,), width=together)
    high = add(one, "qkv scaled", "scale", (high,))
    return plus(one, "queries, keys and values", out, high)


def layer(setup: "Setup", place: int) -> "Piece":
    """Give a layer, counted from 0."""
    which, order, _ = _FORMS[setup["model"]["model_type"]]
    one = piece(setup, setup["hidden_size"], setup["stream_size"])
    if order == "beside":
        normed = _norm(one, "first norm", "x", which)
        shared = setup["model"]["model_type"] == "phi"
        other = normed if shared else _norm(one, "second norm", "x", which)
        out = _attention(one, normed, place)
        total = plus(one, "sum", _mlp(one, other), out)
        plus(one, "output", total, "x")
        return one
    out = _attention(one, _norm(one, "first norm", "x", which), place)
    if order == "around":
        out = _norm(one, "attention norm", out, which)
    middle = plus(one, "middle", out, "x")
    out = _mlp(one, _norm(one, "second norm", middle, which))
    if order == "around":
        out = _norm(one, "mlp norm", out, which)
    plus(one, "output", out, middle)
    return one


def _norm(one: "Piece", name: str, of: str, kind: str) -> str:
    """Add a norm; that by the mean square weighs in fp32."""
    return norm(one, name, of, "gemma" if kind == "rms" else kind)


def _attention(one: "Piece", of: str, place: int) -> str:
    """Add attention: grouped keys and values are repeated, and all is put in order."""
    setup = one["setup"]
    wide, narrow, _ = _widths(setup)
    qkv = _queries_keys_values(one, of)
    if wide == narrow:
        q, k, v = (add(one, name, "slice", (qkv,), width=wide) for name in "qkv")
    else:
        q, k, v = (add(one, name, "sliced copy", (qkv,), width=wide) for name in "qkv")
    share = _turned(setup)
    q = _turn(one, "queries", q, share)
    k = _turn(one, "keys", k, share)
    if setup["model"]["model_type"] == "gemma2":
        attended = _capped(one, q, k, v)
    else:
        sums = add(
            one, "softmax statistics", "new", (q,), width=setup["num_attention_heads"], size=4
        )
        kernel = "flash"
        inputs: "tuple[str, ...]" = (q, k, v, sums)
        if sliding(setup, place):
            mask = add(one, "mask", "new", (q,), width=0)
            kernel, inputs = "efficient", (q, k, v, sums, mask)
        attended = add(one, "attention output", kernel, inputs, width=wide)
    return _linear(one, "o", attended, "o_proj", setup["hidden_size"])


def _turn(one: "Piece", name: str, of: str, share: float) -> str:
    """Turn a share of each head, in fp32 as the cosines are, and put the rest beside it."""
    width, size = one["width"][of], one["size"][of]
    turned = add(one, f"{name} to turn", "slice", (of,), width=int(width * share))
    turned = add(one, f"{name} turned", "rotate", (turned,), size=4)
    turned = cast(one, f"{name} rounded", turned, size)
    rest = add(one, f"{name} left", "slice", (of,), width=width - int(width * share))
    return add(one, name, "join", (turned, rest), width=width)


def _turned(setup: "Setup") -> float:
    """Give the share of a head that has positions."""
    default = {"gpt_neox": 0.25, "phi": 0.5}.get(setup["model"]["model_type"], 1.0)
    config = setup["config"]
    share = config.get("partial_rotary_factor", config.get("rotary_pct"))
    if setup["model"]["model_type"] == "phi" and setup["hidden_size"] == 2560 and share is None:
        share = 0.4
    return float(default if share is None else share)


def _capped(one: "Piece", q: str, k: str, v: str) -> str:
    """Add attention whose scores are capped, which no kernel computes."""
    setup, wide = one["setup"], one["width"][q]
    width = setup["num_attention_heads"] * setup["length"]
    scores = add(one, "scores", "match", (q, k), width=width)
    scores = add(one, "scaled scores", "scale", (scores,))
    scores = add(one, "divided scores", "scale", (scores,))
    scores = add(one, "capped scores", "tanh", (scores,))
    scores = add(one, "multiplied scores", "scale", (scores,))
    scores = add(one, "masked scores", "shift", (scores,))
    weights = add(one, "attention probabilities", "softmax", (cast(one, "wide", scores, 4),))
    weights = cast(one, "rounded probabilities", weights, one["size"][q])
    out = add(one, "weighted values", "match", (weights, v), width=wide)
    return add(one, "attention output", "shift", (out,))


def _mlp(one: "Piece", of: str) -> str:
    """Add the MLP."""
    setup = one["setup"]
    f, d = setup["intermediate_size"], setup["hidden_size"]
    function = _FORMS[setup["model"]["model_type"]][2]
    if not _gated(setup):
        inner = activate(one, "active", _linear(one, "up", of, "up_proj", f), function)
        return _linear(one, "down", inner, "down_proj", d)
    gate = _linear(one, "gate", of, "gate_proj", f)
    up = _linear(one, "up", of, "up_proj", f)
    product = add(one, "product", "multiply", (activate(one, "active", gate, function), up))
    return _linear(one, "down", product, "down_proj", d)


def head(setup: "Setup") -> "Piece":
    """Give the last norm, and logits and loss in chunks: all chunks are kept, in fp32."""
    one = piece(setup, setup["hidden_size"], setup["stream_size"])
    last = _norm(one, "last norm", "x", _FORMS[setup["model"]["model_type"]][0])
    vocabulary, inner = setup["vocab_size"], one["width"][last]
    inputs = last
    if setup["quantized"] and setup["releases"]["bitsandbytes"] < (0, 43, 2):
        inputs = add(one, "head input", "kept product", (last,))
    if "lm_head" in setup["adapted"]:
        r, size = setup["adapted"]["lm_head"], setup["adapter_size"]
        given = dropout(one, "head adapter input", last, setup["lora_dropout"])
        low = add(one, "head low", "linear", (given,), width=r, weight=inner * r * size)
        inputs = plus(one, "head sum", inputs, low)
    # Of each chunk there are raw logits beside those in fp32; a head in 4 bits makes its weight
    # anew, in fp16 first under old releases, when the fp32 logits of the chunk are not there yet.
    chunk = min(_CHUNK, setup["length"]) * setup["batch"] * vocabulary
    forward, backward = 2 * chunk, 8 * chunk
    if setup["quantized"]:
        copies = 2 if setup["releases"]["bitsandbytes"] < (0, 43) else 1
        made = 2 * inner * vocabulary * copies
        forward, backward = max(forward, made - 4 * chunk), max(backward, made + 2 * chunk)
    wide = add(one, "logits", "new", (last,), width=vocabulary, size=4)
    logs = add(one, "log-probabilities", "new", (last,), width=vocabulary, size=4)
    trained = _trained(setup, inner * vocabulary)
    if "lm_head" in setup["adapted"]:
        trained += setup["adapted"]["lm_head"] * vocabulary * setup["adapter_size"]
    one["held"] = (wide,)
    add(
        one,
        "loss",
        "chunked loss",
        (inputs, wide, logs),
        width=0,
        size=4,
        weight=trained,
        moment=forward,
        later=backward - forward,
    )
    return one
