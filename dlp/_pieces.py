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
    rows: int | None = None,
    weight: int = 0,
    moment: int = 0,
) -> str:
    """Add an operation; its result is like its first input where nothing else is said."""
    like = inputs[0] if inputs else "x"
    one["width"][name] = one["width"][like] if width is None else width
    one["size"][name] = one["size"][like] if size is None else size
    one["rows"][name] = one["rows"][like] if rows is None else rows
    total = one["rows"][name] * one["width"][name] * one["size"][name]
    one["steps"].append((name, total, operation, inputs, weight, moment))
    return name


def plus(one: "Piece", name: str, first: str, second: str) -> str:
    """Add two tensors; the sum has the wider format."""
    size = max(one["size"][first], one["size"][second])
    return add(one, name, "add", (first, second), size=size)


def cast(one: "Piece", name: str, of: str, size: int) -> str:
    """Bring a tensor to another format, if it is not in it."""
    if one["size"][of] == size:
        return of
    return add(one, name, "cast", (of,), size=size)


def norm(one: "Piece", name: str, of: str, kind: str, *, heads: int = 0) -> str:
    """Add a norm: `"rms"` is Llama's, `"gemma"` weighs before it rounds, or a `"layer norm"`.

    One over the heads has a mean for each of them, and is as wide as one.
    """
    setup = one["setup"]
    trained = ("head_norm" if heads else "norm") in setup["trained"]
    if kind == "rms" and not heads:
        return rms_norm(one, name, of, trained)
    size, width = one["size"][of], one["width"][of]
    weight = (setup["head_dim"] if heads else width) * setup["weight_size"] if trained else 0
    means = heads or 1
    if kind == "layer norm":
        if setup["half"]:
            of = cast(one, f"{name} input", of, 4)
        sums = add(one, f"{name} statistics", "new", (of,), width=2 * means, size=4)
        both = 2 * weight if setup["norm_bias"] else weight
        return add(one, f"{name} output", "layer norm", (of, sums), weight=both)
    wide = cast(one, f"{name} input", of, 4)
    mean = add(one, f"{name} mean", "square mean", (wide,), width=means)
    scale = add(one, f"{name} scale", "root", (mean,))
    scaled = add(one, f"{name} scaled", "normalize", (wide, scale))
    if kind == "gemma":
        out = add(one, f"{name} weighed", "weigh", (scaled,), weight=weight)
        return cast(one, f"{name} output", out, size)
    scaled = cast(one, f"{name} rounded", scaled, size)
    return add(one, f"{name} output", "weigh", (scaled,), weight=weight)


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


def rotate(one: "Piece", name: str, of: str, *, share: float | None = None) -> str:
    """Add rotary positions to a share of each head; the rest is put beside that again."""
    if share is None:
        return add(one, name, "rotate", (of,))
    width = one["width"][of]
    turns = int(width * share)
    turned = add(one, f"{name} to turn", "slice", (of,), width=turns)
    turned = add(one, f"{name} turned", "rotate", (turned,))
    rest = add(one, f"{name} left", "slice", (of,), width=width - turns)
    return add(one, name, "join", (turned, rest), width=width)


def dropout(one: "Piece", name: str, of: str, chance: float) -> str:
    """Drop values by chance, if there is one; the mask has a byte for each."""
    if not chance:
        return of
    mask = add(one, f"{name} mask", "new", (of,), size=1)
    return add(one, f"{name} dropped", "dropout", (of, mask))


def activate(one: "Piece", name: str, of: str, function: str) -> str:
    """Add an activation function by its name in a config."""
    if function == "gelu_new":  # 0.5 * x * (1 + tanh(c * (x + 0.044715 * x ** 3)))
        half = add(one, f"{name} half", "scale", (of,))
        power = add(one, f"{name} power", "power", (of,))
        power = add(one, f"{name} scaled power", "scale", (power,))
        total = add(one, f"{name} sum", "add", (of, power))
        total = add(one, f"{name} scaled sum", "scale", (total,))
        bent = add(one, f"{name} tanh", "tanh", (total,))
        bent = add(one, f"{name} shifted tanh", "shift", (bent,))
        return add(one, name, "multiply", (half, bent))
    if function == "gelu_fast":  # 0.5 * x * (1 + tanh(x * c * (1 + 0.044715 * x * x)))
        half = add(one, f"{name} half", "scale", (of,))
        scaled = add(one, f"{name} scaled", "scale", (of,))
        square = add(one, f"{name} small", "scale", (of,))
        square = add(one, f"{name} square", "multiply", (square, of))
        square = add(one, f"{name} shifted square", "shift", (square,))
        bent = add(one, f"{name} argument", "multiply", (scaled, square))
        bent = add(one, f"{name} tanh", "tanh", (bent,))
        bent = add(one, f"{name} shifted tanh", "shift", (bent,))
        return add(one, name, "multiply", (half, bent))
    if function not in ACTIVATIONS:
        raise ValueError(
            f"the activation function must be one of {', '.join(ACTIVATIONS)}, not {function!r}"
        )
    return add(one, name, ACTIVATIONS[function], (of,))


ACTIVATIONS = {
    "silu": "activation",
    "swish": "activation",
    "gelu": "activation",
    "gelu_pytorch_tanh": "activation",
    "gelu_10": "activation",
    "relu": "rectify",
    "tanh": "tanh",
    "gelu_new": "",
    "gelu_fast": "",
    "bloom": "own gelu",
}
"""The operation of each activation function, by its name in a config."""
