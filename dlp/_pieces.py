"""What models are made of, as operations: linear layers, norms, attention, positions.

Each function adds operations to a piece under way and gives the name of their result. What is
adapted, quantized, trained or cast on the way decides which operations there are.
"""

from dlp._autograd import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dlp._autograd import Run

    Piece = dict[str, Any]


def piece(setup: "dict[str, Any]", width: int, size: int) -> "Piece":
    """Start a piece on its input `x`, so wide, of so many bytes a value."""
    return {
        "setup": setup,
        "steps": [],
        "width": {"x": width},
        "size": {"x": size},  # bytes of a value
        "rows": {"x": setup["tokens"]},
    }


def finish(one: "Piece", **how: "Any") -> "Run":  # noqa: ANN401 - the arguments of `run`
    """Follow the piece forward and backward."""
    given = {"x": one["rows"]["x"] * one["width"]["x"] * one["size"]["x"]}
    return run(one["steps"], given, **how)


def add(
    one: "Piece",
    name: str,
    operation: str,
    inputs: tuple[str, ...],
    *,
    width: int | None = None,
    size: int | None = None,
    weight: int = 0,
    moment: int = 0,
) -> str:
    """Add an operation; its result is like its first input where nothing else is said."""
    like = inputs[0] if inputs else "x"
    one["width"][name] = one["width"][like] if width is None else width
    one["size"][name] = one["size"][like] if size is None else size
    one["rows"][name] = one["rows"][like]
    total = one["rows"][name] * one["width"][name] * one["size"][name]
    one["steps"].append((name, total, operation, inputs, weight, moment))
    return name


def cast(one: "Piece", name: str, of: str, size: int) -> str:
    """Bring a tensor to another format, if it is not in it."""
    if one["size"][of] == size:
        return of
    return add(one, name, "cast", (of,), size=size)


def rms_norm(one: "Piece", name: str, of: str, trained: bool) -> str:
    """Add a norm by the root of the mean square, computed in fp32, as Llama's."""
    size, width = one["size"][of], one["width"][of]
    wide = cast(one, f"{name} input", of, 4)
    mean = add(one, f"{name} mean", "square mean", (wide,), width=1)
    scale = add(one, f"{name} scale", "root", (mean,))
    scaled = add(one, f"{name} scaled", "normalize", (wide, scale))
    scaled = cast(one, f"{name} rounded", scaled, size)
    weight = width * one["setup"]["weight_size"] if trained else 0
    return add(one, f"{name} output", "weigh", (scaled,), weight=weight)


def linear(one: "Piece", name: str, of: str, module: str, width: int) -> str:
    """Add a linear layer, with its adapter if it has one."""
    setup = one["setup"]
    inner = one["width"][of]
    size = one["size"][of]
    trained = module in setup["trained"]
    quantized = module in setup["quantized"]
    weight = inner * width * setup["weight_size"] if trained else 0
    if quantized:
        given = cast(one, f"{name} given", of, 2)
        out = add(one, name, "linear", (given,), width=width, moment=2 * inner * width)
        out = cast(one, f"{name} back", out, size)
    else:
        out = add(one, name, "linear", (of,), width=width, weight=weight)
    if module not in setup["adapted"]:
        return out
    r, fine = setup["r"], setup["adapter_size"]
    given = cast(one, f"{name} adapter input", of, fine)
    if setup["lora_dropout"]:
        mask = add(one, f"{name} adapter mask", "new", (given,), size=1)
        given = add(one, f"{name} dropped", "dropout", (given, mask))
    low = add(one, f"{name} low", "linear", (given,), width=r, weight=inner * r * fine)
    high = add(one, f"{name} high", "linear", (low,), width=width, weight=r * width * fine)
    high = add(one, f"{name} scaled", "scale", (high,))
    out = add(one, f"{name} sum", "add", (out, high), size=max(one["size"][out], fine))
    return cast(one, f"{name} output", out, size)


def rotate(one: "Piece", name: str, of: str) -> str:
    """Add rotary positions."""
    return add(one, name, "rotate", (of,))


def attend(one: "Piece", q: str, k: str, v: str) -> str:
    """Add attention from rotated queries and keys to its output."""
    setup = one["setup"]
    heads, length, width = setup["num_attention_heads"], setup["length"], one["width"][q]
    if setup["attention"] == "flash":
        sums = add(one, "softmax statistics", "new", (q,), width=heads, size=4)
        return add(one, "attention output", "flash", (q, k, v, sums), width=width)
    if one["width"][k] != width:
        k = add(one, "repeated keys", "repeat", (k,), width=width)
        v = add(one, "repeated values", "repeat", (v,), width=width)
    if setup["attention"] == "efficient":
        sums = add(one, "softmax statistics", "new", (q,), width=heads, size=4)
        mask = add(one, "mask", "new", (q,), width=length)
        return add(one, "attention output", "efficient", (q, k, v, sums, mask), width=width)
    scores = add(one, "scores", "match", (q, k), width=heads * length)
    scores = add(one, "scaled scores", "scale", (scores,))
    scores = add(one, "masked scores", "shift", (scores,))
    wide = cast(one, "wide scores", scores, 4)
    weights = add(one, "attention probabilities", "softmax", (wide,))
    weights = cast(one, "rounded probabilities", weights, one["size"][q])
    return add(one, "attention output", "match", (weights, v), width=width)
