"""Peak memory: what a training step holds at its fullest moment, which decides whether it fits."""

from dlp import _config, _layers, _losses, _optimizers, _pieces, _training

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypedDict

    from dlp import _autograd

    class Peak(TypedDict):
        """What a step holds at its fullest, and moment by moment."""

        peak: int
        moment: str
        moments: dict[str, dict[str, int]]
        lower: int
        upper: int
        device: dict[str, int]


MOMENTS = ("forward end", "loss backward", "layer backward", "backward end", "update")
"""The moments of a training step of which one holds the most."""

PARTS = (
    "weights",
    "adapters",
    "optimizer",
    "gradients",
    "activations",
    "cache",
    "logits",
    "working",
    "inputs",
    "workspace",
)
"""What a moment of a training step holds."""

_WORKSPACE = 2 * 8_519_680


def peak_memory(
    *,
    config: "Mapping[str, object]",
    training: "Mapping[str, object]",
    lora: "Mapping[str, object] | None" = None,
    quantization: "Mapping[str, object] | None" = None,
    method: str | None = None,
    library: str = "transformers",
    num_devices: int = 1,
    stage: int = 0,
    offload: bool = False,
) -> "Peak":
    """List what a training step holds, moment by moment, and name the fullest."""
    setup = _training.read(config, training, lora, quantization, method, library)
    tensors = _trained(setup)
    static = {
        "weights": _weights(setup),
        "adapters": sum(
            setup["r"] * (inputs + outputs) * copies * setup["adapter_size"]
            for inputs, outputs, copies in setup["adapters"]
        ),
        "optimizer": _optimizers.states(setup["optim"], tensors),
        "inputs": (3 if setup["attention_mask"] else 2) * 8 * setup["tokens"],
        "workspace": _WORKSPACE,
    }
    gradients = sum(values * size * copies for values, size, copies in tensors)
    held = _moments(setup, gradients)
    held["update"]["working"] = _optimizers.working(setup["optim"], tensors)
    moments = {}
    for moment in MOMENTS:
        found = dict(static)
        found.update(held[moment])
        moments[moment] = {part: found[part] for part in PARTS if found.get(part)}
    fullest = max(MOMENTS, key=lambda moment: sum(moments[moment].values()))
    peak = sum(moments[fullest].values())
    return {
        "peak": peak,
        "moment": fullest,
        "moments": moments,
        "lower": peak + 300 * 2**20,
        "upper": peak * 5 // 4 + 1400 * 2**20,
        "device": {},
    }


def _weights(setup: "_training.Setup") -> int:
    """Give the bytes of the model as it is loaded."""
    total = 0
    for module, part, inputs, outputs, has_bias, copies in setup["model"]["inventory"]:
        size = setup["weight_size"]
        if part == "output_head" and setup["tie_word_embeddings"]:
            weight = 0
        elif module in setup["quantized"] and part in _config.LINEAR:
            values = inputs * outputs
            scales = values // 64
            weight = values // 2 if setup["bits"] == 4 else values
            weight += scales + scales // 64 if setup["double"] else 4 * scales
        else:
            weight = inputs * outputs * size
        total += copies * (weight + (outputs * size if has_bias else 0))
    return total


def _trained(setup: "_training.Setup") -> "list[_optimizers.Tensor]":
    """List the tensors that are trained."""
    found = []
    for module, part, inputs, outputs, has_bias, copies in setup["model"]["inventory"]:
        if module in setup["trained"]:
            if part != "output_head" or not setup["tie_word_embeddings"]:
                found.append((inputs * outputs, setup["weight_size"], copies))
            if has_bias:
                found.append((outputs, setup["weight_size"], copies))
    for inputs, outputs, copies in setup["adapters"]:
        found.append((setup["r"] * inputs, setup["adapter_size"], copies))
        found.append((setup["r"] * outputs, setup["adapter_size"], copies))
    return found


def _moments(setup: "_training.Setup", gradients: int) -> "dict[str, dict[str, int]]":
    """Give what each moment holds beside what lies there all the time."""
    checkpointed = setup["gradient_checkpointing"]
    x = setup["tokens"] * setup["hidden_size"] * setup["stream_size"]
    before = _pieces.finish(_layers.embeddings(setup))
    layers = _runs(setup, before["flows"] or checkpointed)
    needs = ("x",) if layers[-1]["flows"] else ()
    output = ("logits",) if setup["holds_output"] else ()
    head = _pieces.finish(_losses.head(setup), needs=needs, held=output, in_scope=("logits",))
    kept = [x if checkpointed else sum(layer["kept"].values()) for layer in layers]
    everything = sum(before["kept"].values()) + sum(kept)
    cache = sum(layer["output"] for layer in layers)
    old = gradients if setup["accumulates"] else 0
    held = head["output"] if setup["holds_output"] else 0
    moments = {
        "forward end": {
            "gradients": old,
            "activations": everything,
            "cache": cache,
            "logits": head["forward"],
        },
        "loss backward": {
            "gradients": old,
            "activations": everything,
            "cache": cache if setup["holds_output"] else 0,
            "logits": head["backward"] + held,
        },
    }
    moments["layer backward"] = _fullest_layer(setup, layers, kept, x)
    for moment in ("layer backward", "backward end", "update"):
        found = moments.setdefault(moment, {})
        found["logits"] = held
    for moment in ("backward end", "update"):
        moments[moment]["gradients"] = gradients
        moments[moment]["cache"] = _cache(setup, layers, len(layers))
    tied = setup["tie_word_embeddings"] and before["gradients"]
    moments["backward end"]["working"] = before["gradients"] if tied else 0
    above = sum(layer["gradients"] for layer in layers) + head["gradients"]
    moments["layer backward"]["gradients"] = old or moments["layer backward"]["gradients"] + (
        head["gradients"]
    )
    assert above >= 0
    moments["layer backward"]["activations"] += sum(before["kept"].values())
    return moments


def _runs(setup: "_training.Setup", flows: bool) -> "list[_autograd.Run]":
    """Follow each layer forward and backward; those that are alike, once."""
    elsewhere = ("x",) if setup["gradient_checkpointing"] else ()
    held = ("keys", "values") if setup["use_cache"] else ()
    found: "dict[object, _autograd.Run]" = {}
    runs = []
    for place in range(setup["num_hidden_layers"]):
        kind = (_layers.kind(setup, place), flows)
        if kind not in found:
            needs = ("x",) if flows else ()
            found[kind] = _pieces.finish(
                _layers.layer(setup, place), needs=needs, held=held, elsewhere=elsewhere
            )
        runs.append(found[kind])
        flows = flows or found[kind]["flows"]
    return runs


def _cache(setup: "_training.Setup", layers: "list[_autograd.Run]", above: int) -> int:
    """Give the bytes of the cache that the output still holds when so many layers are done."""
    if not setup["holds_output"]:
        return 0
    done = layers[len(layers) - above :]
    return sum(layer["held"] for layer in done) + sum(
        layer["output"] for layer in layers[: len(layers) - above]
    )


def _fullest_layer(
    setup: "_training.Setup", layers: "list[_autograd.Run]", kept: list[int], x: int
) -> dict[str, int]:
    """Give what the backward pass holds in the layer where it holds most."""
    fullest: dict[str, int] = {}
    below, made = sum(kept), 0
    for place in range(len(layers) - 1, -1, -1):
        layer = layers[place]
        below -= kept[place]
        top, kept_then, made_then = layer["backward"], layer["kept_then"], layer["gradients_then"]
        if setup["gradient_checkpointing"]:
            # The layer runs again beside the gradient of its result.
            if layer["forward"] + x > top:
                top, made_then = layer["forward"] + x, 0
            kept_then = 0
        now = {
            "gradients": made + made_then,
            "activations": below + (kept_then or kept[place] * setup["gradient_checkpointing"]),
            "cache": _cache(setup, layers, len(layers) - 1 - place),
            "working": top - made_then - kept_then,
        }
        if not fullest or sum(now.values()) > sum(fullest.values()):
            fullest = now
        made += layer["gradients"]
    return fullest
