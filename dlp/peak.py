"""Peak memory: what a training step holds at its fullest moment, which decides whether it fits."""

from dlp import _check, _config, _layers, _losses, _optimizers, _pieces, _training

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, TypedDict

    from dlp import _autograd

    TrainedPart = Literal["full", "lora", "head-only"]

    class Peak(TypedDict):
        """What a step holds at its fullest, and moment by moment."""

        peak: int
        moment: str
        moments: dict[str, dict[str, int]]
        lower: int
        upper: int
        device: dict[str, int]


TRAINED_PARTS: "tuple[TrainedPart, ...]" = ("full", "lora", "head-only")
"""What is trained: every weight, adapters on a frozen model, or the head of a classifier alone."""

LIBRARIES = tuple(_training.LOOPS)
"""The libraries whose training loop is known."""

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

# What cuBLAS asks for, once for the thread of each pass: `parseChosenWorkspaceSize` of PyTorch.
_WORKSPACE = 2 * 8_519_680

# Each layer is looked at; none that was ever built comes near.
_MOST_LAYERS = 10_000


def peak_memory(
    *,
    config: "Mapping[str, object]",
    training: "Mapping[str, object]",
    lora: "Mapping[str, object] | None" = None,
    quantization: "Mapping[str, object] | None" = None,
    method: "TrainedPart | None" = None,
    library: str = "transformers",
    num_devices: int = 1,
    stage: int = 0,
    offload: bool = False,
) -> "Peak":
    """List the bytes that a training step holds, moment by moment, and name the fullest moment.

    The peak is the fullest of five moments, never their sum:

    | moment | what it holds beside weights, states, inputs and workspaces |
    |---|---|
    | forward end | all that the layers keep, the logits and the loss |
    | loss backward | the same layers; logits, log-probabilities and their gradients |
    | layer backward | the layers below, the gradients inside one, and that again if checkpointed |
    | backward end | the gradients of all that is trained |
    | update | these gradients, and what the optimizer makes to use them |

    It is that of the second step, which has optimizer states from the start. Nothing is fitted: the
    layers, the head and the loss are followed operation by operation, as the library writes them,
    with what PyTorch keeps of each for the backward pass and makes in it.

    Args:
        config: A parsed `config.json`.
        training: Settings by their names in `TrainingArguments`, `SFTConfig` and
            `from_pretrained`, above all `per_device_train_batch_size`, `max_length` (of the longest
            batch, padding included), `gradient_checkpointing`, `gradient_accumulation_steps`,
            `optim`, `dtype`, `bf16`, `fp16`, `attn_implementation`, `use_cache` and `loss`; a true
            `attention_mask` says that batches are padded. What is left out is as the library has
            it; names that change no byte are accepted.
        lora: Settings by their names in `LoraConfig`, and `autocast_adapter_dtype`; or `None`.
        quantization: Settings by their names in `BitsAndBytesConfig`, or `None`.
        method: One of `TRAINED_PARTS`; `"lora"` if `lora` is given, and else `"full"`.
        library: Whose loop it is, one of `LIBRARIES`; after it, releases where they are not those
            of the recorded traces, as in `"transformers 4.48.3, peft 0.14.0"`.
        num_devices: Devices that share the work, 1 or more.
        stage: Stage of ZeRO, 0 to 3; [`zero_stage`][dlp.parallel.zero_stage] gives FSDP's.
        offload: Whether what is sharded waits in the memory of the host.

    Returns:
        Bytes: `peak` is what the allocator gives out at the fullest moment, whose name is `moment`;
            `moments` has all of them, part by part; the process takes from `lower` to `upper` of
            the device's memory, and `device` is what that adds to the peak.

    Raises:
        TypeError: If an argument or a setting is of the wrong type.
        ValueError: If a setting is unknown, missing or out of its range, or if a step with it is
            not known to the byte.

    Source:
        Transformers 5.23.0 and 4.48.3, PEFT 0.21.2, TRL 1.16.0, bitsandbytes 0.50.2 and PyTorch
        2.13.0: their models, losses and optimizers, and `derivatives.yaml`.

    Examples:
        LoRA on Llama 3 8B, checkpointed, which a card "of 24 GB" does not hold:

        >>> from dlp.models import LLAMA_3_8B
        >>> step = peak_memory(
        ...     config=LLAMA_3_8B,
        ...     training={
        ...         "per_device_train_batch_size": 4,
        ...         "max_length": 2048,
        ...         "gradient_checkpointing": True,
        ...         "dtype": "bfloat16",
        ...     },
        ...     lora={"r": 16, "target_modules": "all-linear"},
        ... )
        >>> step["moment"], round(step["peak"] / 2**30, 1)
        ('loss backward', 29.3)
    """
    _check.count("num_devices", num_devices)
    _check.count("stage", stage, minimum=0, maximum=3)
    _check.flag("offload", offload)
    setup = _training.read(config, training, lora, quantization, method, library)
    tensors = _trained(setup)
    static = {
        "weights": _weights(setup),
        "adapters": sum(
            setup["r"] * (inputs + outputs) * copies * setup["adapter_size"]
            for inputs, outputs, copies in setup["adapters"]
        ),
        "optimizer": _optimizers.states(setup["optim"], tensors),
        "inputs": _inputs(setup),
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


def _inputs(setup: "_training.Setup") -> int:
    """Give the bytes of a batch: numbers of tokens, labels and a mask, or pictures."""
    tokens, batch = int(setup["tokens"]), int(setup["batch"])
    labels = tokens if setup["model"]["counted"] == "language model" else batch
    if setup["pixels"]:
        return 4 * (tokens - batch) * int(setup["pixels"]) + 8 * labels
    return 8 * (tokens * (2 if setup["attention_mask"] else 1) + labels)


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
        if _training.trains(setup, module, part):
            if part != "output_head" or not setup["tie_word_embeddings"]:
                found.append((inputs * outputs, setup["weight_size"], copies))
            if has_bias:
                found.append((outputs, setup["weight_size"], copies))
    for inputs, outputs, copies in setup["adapters"]:
        found.append((setup["r"] * inputs, setup["adapter_size"], copies))
        found.append((setup["r"] * outputs, setup["adapter_size"], copies))
    return found


def _moments(setup: "_training.Setup", all_gradients: int) -> "dict[str, dict[str, int]]":
    """Give what each moment holds beside what lies there all the time."""
    checkpointed = setup["gradient_checkpointing"]
    stay = not setup["accumulates"]
    before = _pieces.finish(_layers.embeddings(setup), gradients_stay=stay)
    layers = _follow_layers(setup, before["flows"] or checkpointed)
    after = _pieces.finish(
        _losses.head(setup),
        needs=("x",) if layers[-1]["flows"] else (),
        held=("logits",) if setup["holds_output"] else (),
        in_scope=("logits",),
        gradients_stay=stay,
    )
    checkpoint = setup["tokens"] * setup["hidden_size"] * setup["stream_size"]
    kept = [checkpoint if checkpointed else sum(layer["kept"].values()) for layer in layers]
    below = sum(before["kept"].values())
    if any(layer["flows"] for layer in layers):
        below += _layers.shared(setup)
    old = all_gradients if setup["accumulates"] else 0
    output = {"logits": after["output"], "cache": _cache(setup, layers, 0)}
    forward = {
        "gradients": old,
        "activations": below + sum(kept),
        "cache": sum(layer["output"] for layer in layers),
        "logits": after["forward"],
    }
    loss = {
        "gradients": old + (0 if old else after["gradients_then"]),
        "activations": below + sum(kept),
        "cache": output["cache"],
        "logits": after["backward"] - after["gradients_then"] + output["logits"],
    }
    layer = _fullest_layer(setup, layers, kept)
    layer["activations"] += below
    layer["gradients"] = old or layer["gradients"] + after["gradients"]
    layer["logits"] = output["logits"]
    tied = setup["tie_word_embeddings"] and before["gradients"]
    end = {
        "gradients": all_gradients,
        "cache": _cache(setup, layers, len(layers)),
        "logits": output["logits"],
        # A tied matrix has a gradient from the head, and another one comes from the embedding.
        "working": before["gradients"] if tied or old else 0,
    }
    update = {"gradients": all_gradients, "cache": end["cache"], "logits": output["logits"]}
    return dict(zip(MOMENTS, (forward, loss, layer, end, update)))


def _follow_layers(setup: "_training.Setup", flows: bool) -> "list[_autograd.Run]":
    """Follow each layer forward and backward; those that are alike, once."""
    elsewhere = ("x",) if setup["gradient_checkpointing"] else ()
    held = ("keys", "values") if setup["use_cache"] else ()
    _check.count("num_hidden_layers", setup["num_hidden_layers"], maximum=_MOST_LAYERS)
    found: "dict[object, _autograd.Run]" = {}
    layers = []
    for place in range(setup["num_hidden_layers"]):
        kind = (_layers.kind(setup, place), flows)
        if kind not in found:
            found[kind] = _pieces.finish(
                _layers.layer(setup, place),
                needs=("x",) if flows else (),
                held=held,
                elsewhere=elsewhere,
                gradients_stay=not setup["accumulates"],
            )
        layers.append(found[kind])
        flows = found[kind]["flows"]
    return layers


def _cache(setup: "_training.Setup", layers: "list[_autograd.Run]", done: int) -> int:
    """Give what the cache still holds by itself when the backward pass is done with some layers."""
    if not setup["holds_output"]:
        return 0
    left = len(layers) - done
    return sum(layer["output"] for layer in layers[:left]) + sum(
        layer["held"] for layer in layers[left:]
    )


def _fullest_layer(
    setup: "_training.Setup", layers: "list[_autograd.Run]", kept: list[int]
) -> dict[str, int]:
    """Give what the backward pass through the layers holds where it holds most.

    Layers that are done have left their gradients; those to come hold what they keep.
    """
    fullest: dict[str, int] = {}
    below, made = sum(kept), 0
    for done in range(len(layers)):
        place = len(layers) - 1 - done
        layer = layers[place]
        below -= kept[place]
        top, own, new = layer["backward"], layer["kept_then"], layer["gradients_then"]
        if setup["gradient_checkpointing"]:
            # The layer runs again, beside the gradients that wait; its input is the checkpoint.
            if layer["flows"] and layer["forward"] + layer["waiting"] > top:
                top, new = layer["forward"] + layer["waiting"], 0
            own, top = kept[place], top + kept[place]
        now = {
            "gradients": made + new,
            "activations": below + own,
            "cache": _cache(setup, layers, done),
            "working": top - own - new,
        }
        if not fullest or sum(now.values()) > sum(fullest.values()):
            fullest = now
        made += 0 if setup["accumulates"] else layer["gradients"]
    return fullest
