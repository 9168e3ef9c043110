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
        "copies": 0,  # of trained matrices that autocast has made
        "in_scope": (),  # names that live to the end of the forward pass
        "held": (),  # names that the output of the model keeps alive
    }


def finish(one: "Piece", **how: "Any") -> "Run":  # noqa: ANN401 - the arguments of `run`
    """Follow the piece forward and backward."""
    given = {"x": one["rows"]["x"] * one["width"]["x"] * one["size"]["x"]}
    return run(one["steps"], given, **how)


def add(  # noqa: PLR0913 - an operation and all that it makes
    one: "Piece",
    name: str,
    operation: str,
    inputs: tuple[str, ...],
    *,
    width: int | None = None,
    size: int | None = None,
    weight: int = 0,
    moment: int = 0,
    later: int = 0,
    fixed: int | None = None,
    rows: int | None = None,
) -> str:
    """Add an operation; its result is like its first input, or has so many bytes as are `fixed`.

    For the moment it makes `moment` bytes more, and `later`, in the backward pass, other ones too.
    """
    like = inputs[0] if inputs else "x"
    one["width"][name] = one["width"][like] if width is None else width
    one["size"][name] = one["size"][like] if size is None else size
    one["rows"][name] = one["rows"][like] if rows is None else rows
    total = one["rows"][name] * one["width"][name] * one["size"][name]
    if fixed is not None:
        total = fixed
    one["steps"].append((name, total, operation, inputs, weight, (moment, moment + later)))
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

    One over the heads has a mean for each of them, and is as wide as one. Autocast runs a layer
    norm in fp32.
    """
    setup, size, width = one["setup"], one["size"][of], one["width"][of]
    trained = "all norms" in setup["trained"]
    values = setup["head_dim"] if heads else width
    weight = values * setup["weight_size"] if trained else 0
    means = heads or 1
    if kind == "layer norm":
        if setup["half"]:
            of = cast(one, f"{name} input", of, 4)
        sums = add(one, f"{name} statistics", "new", (of,), width=2 * means, size=4)
        if setup["norm_bias"] and (trained or setup["biases"] == "all"):
            weight += values * setup["weight_size"]
        return add(one, f"{name} output", "layer norm", (of, sums), weight=weight)
    if "rms_norm" in setup["liger"] and (not heads or kind == "gemma"):
        return _rms_norm(one, name, of, means, weight)
    wide = cast(one, f"{name} input", of, 4)
    mean = add(one, f"{name} mean", "square mean", (wide,), width=means)
    scale = add(one, f"{name} scale", "root", (mean,))
    scaled = add(one, f"{name} scaled", "normalize", (wide, scale))
    if kind == "gemma":
        out = add(one, f"{name} weighed", "weigh", (scaled,), weight=weight)
        return out if size == 4 else add(one, f"{name} output", "cast", (out, of), size=size)
    rounded = cast(one, f"{name} rounded", scaled, size)
    size = max(size, setup["weight_size"])
    # The norm still holds what it rounds, and its caller what it was given.
    held = (rounded, scaled, mean, of)
    return add(one, f"{name} output", "weigh", held, weight=weight, size=size)


def _rms_norm(one: "Piece", name: str, of: str, means: int, weight: int) -> str:
    """Add a norm as Liger's kernel computes it, in the format of its input.

    Its gradient takes the place of the one that came in, but not with Gemma 2 and 3, where others
    need that. Liger-Kernel 0.8.2, `ops/rms_norm.py`; the sums of each multiprocessor for the
    gradient of the weight, 4 bytes times the width, are left out.
    """
    sums = add(one, f"{name} statistics", "new", (of,), width=means, size=4)
    in_place = one["setup"]["model"]["model_type"] not in ("gemma2", "gemma3_text")
    if means > 1:
        # Heads and tokens were exchanged before: the kernel wants them in order.
        of = add(one, f"{name} input", "copy", (of,))
    operation = "rms norm" if in_place else "layer norm"
    return add(one, f"{name} output", operation, (of, sums), weight=weight)


def linear(one: "Piece", name: str, of: str, module: str, width: int) -> str:
    """Add a linear layer, with its adapter if it has one."""
    setup, inner = one["setup"], one["width"][of]
    bias = width if setup["biased"].get(module) else 0
    if module in setup["quantized"]:
        out = _quantized(one, name, of, width)
    else:
        trained = (inner * width + bias) * setup["weight_size"] if module in setup["trained"] else 0
        lone = setup["biases"] == "all" or (
            setup["biases"] == "lora_only" and module in setup["adapted"]
        )
        out = product(
            one,
            name,
            of,
            width,
            weight_size=setup["weight_size"],
            trained=trained,
            bias=bias * setup["weight_size"] if lone else 0,
        )
    if module not in setup["adapted"]:
        return out
    if module in setup["quantized"] and setup["bits"] == 4 and setup["layers"] == "transformers":
        out = add(one, f"{name} copy", "copy", (out,))  # "defensively", as PEFT says
    if setup["dora"]:
        return _dora(one, name, of, out, setup["adapted"][module])
    wide = cast(one, f"{name} adapter input", of, setup["adapter_size"])
    given = dropout(one, f"{name} adapter input", wide, setup["lora_dropout"])
    high = _adapter(one, name, given, setup["adapted"][module], width)
    high = add(one, f"{name} scaled", "scale", (high,))
    if module in setup["quantized"] and setup["layers"] == "transformers" and not setup["half"]:
        # PEFT brings it to the result's format first: `tuners/lora/bnb.py`.
        high = cast(one, f"{name} rounded", high, one["size"][out])
    total = max(one["size"][out], one["size"][high])
    result = one["size"][out]
    # The layer still holds what it was given, and its copy.
    out = add(one, f"{name} sum", "add", (out, high, of, wide), size=total)
    return cast(one, f"{name} output", out, result)


def _adapter(one: "Piece", name: str, given: str, r: int, width: int) -> str:
    """Add the two matrices of an adapter."""
    size, inner = one["setup"]["adapter_size"], one["width"][given]
    low = product(
        one, f"{name} low", given, r, weight_size=size, trained=inner * r * size, adapts=True
    )
    return product(
        one, f"{name} high", low, width, weight_size=size, trained=r * width * size, adapts=True
    )


def product(
    one: "Piece",
    name: str,
    of: str,
    width: int,
    *,
    weight_size: int,
    trained: int = 0,
    bias: int = 0,
    adapts: bool = False,
) -> str:
    """Add a product with a matrix, which autocast brings to 16 bits."""
    setup, inner = one["setup"], one["width"][of]
    operation = "linear" if trained or not bias else "biased"
    if not setup["half"]:
        return add(one, name, operation, (of,), width=width, weight=trained or bias)
    given = cast(one, f"{name} input", of, 2)
    if weight_size == 2:
        return add(one, name, operation, (given,), width=width, weight=trained or bias)
    # A copy of a trained matrix stays in autocast's cache until the forward pass ends.
    one["copies"] += 2 * inner * width if trained else 0
    matrix = add(
        one, f"{name} weight", "cast matrix", (), fixed=2 * inner * width, weight=trained or bias
    )
    return add(one, name, "match", (given, matrix), width=width)


def _quantized(one: "Piece", name: str, of: str, width: int) -> str:
    """Add a layer of bitsandbytes, which makes its weight for the moment of each pass."""
    setup, size, inner = one["setup"], one["size"][of], one["width"][of]
    # autograd/_functions.py, `MatMul4Bit`: it keeps its input before 0.43.2.
    if setup["bits"] == 8:
        return _in_int8(one, name, of, width)
    compute = setup["compute_size"]
    if setup["releases"]["bitsandbytes"] < (0, 47) and not (size == 2 and setup["float16"]):
        compute = size  # nn/modules.py, `set_compute_type`: that of the input, whatever was asked
    given = cast(one, f"{name} input", of, compute)
    keeps = setup["releases"]["bitsandbytes"] < (0, 43, 2)
    # It is made in the format that it was quantized from, and brought to that of the product; the
    # first is gone when the product makes its result.
    made, rows = 2 * inner * width if compute > 2 else 0, one["rows"][of]
    moment = compute * inner * width + max(0, made - compute * rows * width)
    later = compute * inner * width + max(0, made - compute * rows * inner) - moment
    operation = "kept product" if keeps else "linear"
    out = add(one, f"{name} product", operation, (given,), width=width, moment=moment, later=later)
    return cast(one, name, out, size)


def _in_int8(one: "Piece", name: str, of: str, width: int) -> str:
    """Add a layer of LLM.int8(), which holds its input as long as the graph is there.

    It rounds its input from fp16, looking for outliers (of which none are counted here: they are
    columns of numbers above a threshold), multiplies to whole numbers of 32 bits, and makes fp16 of
    those. The backward pass makes the weight in the format of the input. bitsandbytes 0.50.2,
    `autograd/_functions.py`, `MatMul8bitLt`.
    """
    setup, size, inner, rows = one["setup"], one["size"][of], one["width"][of], one["rows"][of]
    is_half = size == 2 and setup["float16"]
    copied = 0 if is_half else 2
    # A copy in fp16, the whole numbers, absolute values and what is above; no result yet.
    rounding = rows * ((copied + 1 + 2 + 1) * inner - size * width)
    product = rows * (inner + (4 + copied) * width)
    moment = max(rounding, product)
    return add(
        one,
        name,
        "kept product",
        (of,),
        width=width,
        moment=moment,
        later=size * inner * width - moment,
    )


def dropout(one: "Piece", name: str, of: str, share: float) -> str:
    """Add dropout, which keeps a mask of a byte a value."""
    if not share:
        return of
    mask = add(one, f"{name} mask", "new", (of,), size=1)
    return add(one, f"{name} dropped", "dropout", (of, mask))


def _dora(one: "Piece", name: str, of: str, out: str, r: int) -> str:
    """Add an adapter with a magnitude of its own, by which both results are scaled.

    To find its norm the adapter is multiplied out, by a product with ones on the diagonal, beside
    the weight in the same format; both stay until the layer's result is there, as does its input.
    """
    setup, inner, width = one["setup"], one["width"][of], one["width"][out]
    fine, result = setup["adapter_size"], one["size"][out]
    matrix = fine * inner * width
    given = cast(one, f"{name} adapter input", of, fine)
    given = dropout(one, f"{name} adapter input", given, setup["lora_dropout"])
    ones = add(one, f"{name} ones", "new", (given,), fixed=fine * inner * inner)
    narrow = add(one, f"{name} adapter half", "new", (ones,), fixed=fine * inner * r)
    whole = add(one, f"{name} adapter whole", "new", (narrow,), fixed=matrix)
    wide = add(one, f"{name} weight", "new", (whole,), fixed=matrix)
    norms = add(one, f"{name} norms", "new", (whole, wide), fixed=fine * width, moment=2 * matrix)
    high = _adapter(one, name, given, r, width)
    base = out
    if setup["lora_dropout"]:
        # The base result does not fit the dropped input: it is computed again.
        base = add(one, f"{name} again", "match", (given, wide), width=width)
    scaled = add(
        one, f"{name} base scaled", "by magnitude", (base, norms), size=fine, weight=width * fine
    )
    weighed = add(one, f"{name} weighed", "by magnitude", (high,))
    weighed = add(one, f"{name} scaled", "scale", (weighed,))
    add(one, f"{name} graph", "graph", (ones, narrow), fixed=0)
    extra = add(one, f"{name} extra", "add", (scaled, weighed, whole, wide, of))
    out = add(one, f"{name} sum", "add", (out, extra), size=max(result, fine))
    return cast(one, f"{name} output", out, result)


def rotate(one: "Piece", name: str, of: str, *, share: float | None = None) -> str:
    """Add rotary positions to a share of each head; the rest is put beside that again."""
    if "rope" in one["setup"]["liger"]:
        return _turn(one, name, of)
    size = max(one["size"][of], one["setup"]["stream_size"])  # that of the cosines too
    if share is None:
        return add(one, name, "rotate", (of,), size=size)
    width = one["width"][of]
    turns = int(width * share)
    turned = add(one, f"{name} to turn", "slice", (of,), width=turns)
    turned = add(one, f"{name} turned", "rotate", (turned,), size=size)
    rest = add(one, f"{name} left", "slice", (of,), width=width - turns)
    return add(one, name, "join", (turned, rest), width=width)


def _turn(one: "Piece", name: str, of: str) -> str:
    """Add rotary positions as Liger's kernel writes them: over its input, if that is in order.

    So are gradients, if attention is one kernel. Liger-Kernel 0.8.2, `ops/rope.py`.
    """
    setup = one["setup"]
    made_by = {step[0]: step[2] for step in one["steps"]}
    if made_by[of] in ("slice", "part", "first part", "layer norm"):
        of = add(one, f"{name} in order", "copy", (of,))
    fused = setup["attention"] != "eager" and not setup["attention_mask"]
    return add(one, name, "turn in place" if fused else "turn back in order", (of,))


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
    # BLOOM's makes four products at once, the last of which is its result.
    moment = 3 * one["rows"][of] * one["width"][of] * one["size"][of] * (function == "bloom")
    return add(one, name, ACTIVATIONS[function], (of,), moment=moment, later=-moment)


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
