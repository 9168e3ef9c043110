"""Peak memory: what a training step holds at its fullest moment, which decides whether it fits."""

from dlp import (
    _check,
    _forwards,
    _layers,
    _litgpt,
    _loops,
    _losses,
    _objectives,
    _optimizers,
    _pieces,
    _sharding,
    _training,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, TypedDict

    from dlp import _autograd
    from dlp._objectives import Objective

    TrainedPart = Literal["full", "lora", "head-only"]

    class Peak(TypedDict):
        """What a step holds at its fullest, and moment by moment."""

        peak: int
        moment: str
        moments: dict[str, dict[str, int]]
        kept: int
        lower: int
        upper: int
        device: dict[str, int]


TRAINED_PARTS: "tuple[TrainedPart, ...]" = ("full", "lora", "head-only")
"""What is trained: every weight, adapters on a frozen model, or the head of a classifier alone."""

OBJECTIVES = _objectives.OBJECTIVES
"""What a step is for, by the names of TRL's trainers: `SFTTrainer`, `DPOTrainer`, `GRPOTrainer`."""

LIBRARIES = tuple(_loops.LOOPS)
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

# What a process takes of a device beyond what the allocator has given out, at most as far as it was
# seen: in per cent, what is reserved between blocks (fsdp_qlora, benchmarks of March 2024, LoRA on
# 512 tokens: 10.24 GiB reserved of which 8.28 given out); and the context of CUDA with the kernels
# that it loads (Transformers, efficient training on a single GPU: 1,343 MiB).
_BETWEEN_BLOCKS = 24
_CONTEXT = 1343 * 2**20


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
    objective: "Objective" = "sft",
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

    A step of DPO runs pairs, so twice `per_device_train_batch_size` samples, and then a reference
    without gradients beside what it keeps: another model, or the same one without its adapters. One
    of GRPO first writes completions, for all batches of `steps_per_generation` at once, with a
    cache of keys and values; it may score them with a reference, and trains on one batch after the
    other. These passes belong to the forward end, which is the fullest of them. Batches of GRPO are
    counted in completions, `max_length` is that of the longest with its prompt, and models that
    give rewards are left out.

    Of several devices, this is one. With DDP its gradients lie there twice, the second time in
    buckets. With FSDP it has a share of weights, gradients and states; gathered are a layer, the
    next one ahead, and what is no layer, with their buffers, and a layer's gradients are whole
    until they are reduced. Left out are what NCCL takes for itself, and copies on their way from
    the host. DeepSpeed is refused, and so are optimizers whose states are not as large as weights.

    Args:
        config: A parsed `config.json`.
        training: Settings by their names in `TrainingArguments`, `SFTConfig` and
            `from_pretrained`, above all `per_device_train_batch_size`, `max_length` (of the longest
            batch, padding included), `gradient_checkpointing`, `gradient_accumulation_steps`,
            `optim`, `dtype`, `bf16`, `fp16`, `attn_implementation`, `use_cache` and
            `use_liger_kernel`; `loss` is `"full"`, `"chunked"` as TRL had it before 1.15, or
            `"fused"`, in the way of TRL for its loop and of Liger for others; a true
            `attention_mask` says that batches are padded. What is left out is as the library has
            it: `dtype` is that of the config from Transformers 5 on, and fp32 if that has none.
            Names that change no byte are accepted. Compiled code cannot be followed: of
            `torch_compile`, torchtune's loss alone is known.
        lora: Settings by their names in `LoraConfig`, and `autocast_adapter_dtype`; or `None`.
        quantization: Settings by their names in `BitsAndBytesConfig`; or `None`, for those in
            `quantization_config` of the config, if it has them.
        method: One of `TRAINED_PARTS`; `"lora"` if `lora` is given, and else `"full"`.
        library: Whose loop it is, one of `LIBRARIES`; after it, releases where they are not those
            of the recorded traces, as in `"transformers 4.48.3, peft 0.14.0"`.
        num_devices: Devices that share the work: the degree of data parallelism, 1 or more. Each
            has a batch of its own.
        stage: Stage of ZeRO, 0 to 3, as [`zero_stage`][dlp.parallel.zero_stage] gives it for FSDP,
            which is what shards here: 1 is refused, as DeepSpeed is, and 0 is DDP, unless `fsdp` in
            `training` names a strategy. There `fsdp_config` may choose FSDP's first version.
        offload: Whether what is sharded waits in the memory of the host.
        objective: What the step is for, one of `OBJECTIVES`; others than `"sft"` are TRL's.

    Returns:
        Bytes: `peak` is what the allocator gives out at the fullest moment, whose name is `moment`;
            `moments` has all of them, part by part; `kept` is what is there between forward and
            backward pass, when nothing works; the process takes from `lower` to `upper` of
            the device's memory, and `device` is what that adds to the peak.

    Raises:
        TypeError: If an argument or a setting is of the wrong type.
        ValueError: If a setting is unknown, missing or out of its range, or if a step with it is
            not known to the byte.

    Source:
        Transformers 5.23.0 and 4.48.3, PEFT 0.21.2, TRL 1.16.0, bitsandbytes 0.50.2, Liger-Kernel
        0.8.2 and PyTorch 2.13.0: their models, losses and optimizers, and `derivatives.yaml`;
        `distributed/fsdp` and `c10d/reducer.cpp`, and how Accelerate 1.15.0 wraps a model.

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
    plan = _sharding.read(training, quantization, library, num_devices, stage, offload)
    settings = (config, training, lora, quantization, method, library, objective)
    setup = _sharding.apply(plan, _training.read(*settings), settings)
    tensors = _sharding.shares(setup, _trained(setup))
    # A reference model stands beside the model, which adapters need not.
    models = 2 if setup["reference"] and setup["method"] == "full" else 1
    static = {
        "weights": _weights(setup) * models,
        "adapters": _adapters(setup),
        "optimizer": _optimizers.states(setup["optim"], tensors),
        "inputs": _inputs(setup),
        "workspace": _WORKSPACE,
    }
    gradients = sum(rows * columns * size * copies for rows, columns, size, copies in tensors)
    if setup["optimizer_in_bwd"]:
        # Each gradient is used and dropped: the largest is all there is.
        gradients = max([rows * columns * size for rows, columns, size, _ in tensors] + [0])
    held = _moments(setup, gradients)
    between = held.pop("kept")
    held["update"]["working"] = _optimizers.working(setup["optim"], tensors, decays=setup["decays"])
    moments = {}
    for moment in MOMENTS:
        found = dict(static)
        found.update(held[moment])
        found["gradients"] = found.get("gradients", 0) + _sharding.buckets(setup, gradients)
        moments[moment] = {part: found[part] for part in PARTS if found.get(part)}
    fullest = max(MOMENTS, key=lambda moment: sum(moments[moment].values()))
    peak = sum(moments[fullest].values())
    device = {"between blocks": peak * _BETWEEN_BLOCKS // 100, "context": _CONTEXT}
    return {
        "peak": peak,
        "moment": fullest,
        "moments": moments,
        "kept": sum(static.values()) + sum(between.values()),
        "lower": peak,
        "upper": peak + sum(device.values()),
        "device": device,
    }


def _inputs(setup: "_training.Setup") -> int:
    """Give the bytes of the batches that are there: tokens, labels and a mask, or pictures."""
    return int(setup["batches"]) * _batch(setup)


def _batch(setup: "_training.Setup") -> int:
    """Give the bytes of one batch."""
    tokens, batch = int(setup["tokens"]), int(setup["batch"])
    over_tokens = setup["model"]["counted"] in ("language model", "token-classification")
    labels = tokens if over_tokens else batch
    if setup["objective"] == "dpo":  # a mask of padding, one of answers, and labels
        return 8 * 4 * tokens
    if setup["objective"] == "grpo":  # what was generated, and a batch of it
        return 8 * (2 * int(setup["generated"] * setup["length"]) + 3 * tokens)
    if setup["pixels"]:
        return 4 * (tokens - batch) * int(setup["pixels"]) + 8 * labels
    # Of samples that are joined there are positions in place of a mask.
    beside = setup["attention_mask"] or setup["joined"]
    return 8 * (tokens * (2 if beside else 1) + labels)


def _weights(setup: "_training.Setup") -> int:
    """Give the bytes of the model as it is loaded, and of the copies that are trained beside it."""
    total, shards = _layers.buffers(setup), setup["shards"]
    for module, part, inputs, outputs, has_bias, copies in setup["model"]["inventory"]:
        trains = _training.trains(setup, module, part)
        size = shards["trained" if trains and setup["method"] != "lora" else "frozen"]
        weight, beside = inputs * outputs * size, 0
        if part == "output_head" and setup["tie_word_embeddings"]:
            weight = 0
        elif module in setup["quantized"]:
            weight, beside = _quantized_weight(setup, inputs, outputs)
        weight += outputs * size if has_bias else 0
        total += copies * (_sharding.stays(setup, weight) + beside)
        if setup["method"] == "lora" and trains:
            weight = (inputs * outputs + (outputs if has_bias else 0)) * shards["trained"]
            total += copies * _sharding.stays(setup, weight)
    return total


def _quantized_weight(setup: "_training.Setup", inputs: int, outputs: int) -> "tuple[int, int]":
    """Give the bytes of a matrix that bitsandbytes has quantized, and of its scales and tables."""
    values = inputs * outputs
    if setup["bits"] == 8:
        return values, 4 * outputs
    blocks = -(-values // 64)
    scales = 4 * blocks
    if setup["double"]:
        # Scales in 8 bits, each 256 of them with one in fp32, a table of 256 values, and a mean.
        scales = blocks + 4 * -(-blocks // 256) + 4 * 256 + 4
    return -(-values // 2), scales + 4 * 16


def _adapters(setup: "_training.Setup") -> int:
    """Give the bytes of the adapters."""
    values = 0
    for r, inputs, outputs, copies in setup["adapters"]:
        each = r * (inputs + outputs) + (outputs if setup["dora"] else 0)
        values += _sharding.stays(setup, each * setup["shards"]["adapters"]) * copies
    return values


def _trained(setup: "_training.Setup") -> "list[_optimizers.Tensor]":
    """List the tensors that are trained."""
    found: "list[_optimizers.Tensor]" = []
    size, layers = setup["weight_size"], setup["num_hidden_layers"]
    for module, part, inputs, outputs, has_bias, copies in setup["model"]["inventory"]:
        if setup["unfrozen"] is not None:
            if part.endswith("embedding"):
                continue
            copies = copies // layers * setup["unfrozen"] + copies % layers
        trains = _training.trains(setup, module, part)
        shared = part == "output_head" and setup["tie_word_embeddings"]
        if trains and not (shared and setup["method"] == "full"):
            found.append((inputs, outputs, size, copies))
        lone = setup["biases"] == "all" or (
            setup["biases"] == "lora_only" and module in setup["adapted"]
        )
        if has_bias and (trains or lone):
            found.append((1, outputs, size, copies))
    fine = setup["adapter_size"]
    for r, inputs, outputs, copies in setup["adapters"]:
        found.append((r, inputs, fine, copies))
        found.append((outputs, r, fine, copies))
        if setup["dora"]:
            found.append((1, outputs, fine, copies))
    return [each for each in found if each[3]]


def _moments(setup: "_training.Setup", all_gradients: int) -> "dict[str, dict[str, int]]":
    """Give what each moment holds beside what lies there all the time."""
    checkpointed = setup["gradient_checkpointing"]
    stay = setup["gradients_stay"]
    # With checkpointing, what is embedded needs a gradient for the sake of the adapters.
    asked = ("embedded",) if checkpointed and setup["adapters"] else ()
    before_layers = _layers.embeddings(setup)
    before = _pieces.finish(before_layers, needs=asked, gradients_stay=stay)
    layers, cached = _follow_layers(setup, before["flows"])
    whole = _sharding.gathered(setup)
    head = _sharding.hold_ahead(_losses.head(setup), whole["head"])
    after = _pieces.finish(
        head,
        needs=("x",) if layers[-1]["flows"] else (),
        held=head["held"] if setup["holds_output"] else (),
        in_scope=head["held"] + head["in_scope"],
        gradients_stay=stay,
    )
    checkpoint = setup["tokens"] * setup["hidden_size"] * setup["stream_size"]
    kept = [
        (checkpoint if layer["flows"] else 0) if checkpointed else sum(layer["kept"].values())
        for layer in layers
    ]
    # What a layer keeps by itself, checkpoints do not see, unless they run it without a graph.
    graph = after["stays"]
    if not (checkpointed and setup["reentrant"]):
        graph += sum(layer["stays"] for layer in layers)
    if checkpointed and not setup["reentrant"]:
        kept = [size + layer["stays"] for size, layer in zip(kept, layers)]
    below = sum(before["kept"].values())
    embedded = setup["tokens"] * setup["hidden_size"] * setup["stream_size"]
    if asked and before_layers["steps"][-1][0] != "embedded":
        below += embedded  # it lives beside what it became
    if any(layer["flows"] for layer in layers):
        below += _layers.shared(setup)
    ends = before["gradients"] + after["gradients"]
    every = ends + sum(layer["gradients"] for layer in layers)
    old = _sharding.old_gradients(setup, every, all_gradients) if setup["accumulates"] else 0
    output = {"logits": after["output"], "cache": _cache(setup, layers, 0)}
    # A loop that names its loss has the graph of the step before until the next loss is there.
    before_graph = graph if setup["holds_output"] else 0
    # The output of the step before has its name until that of this one is there.
    before_it = {"logits": 0, "cache": 0}
    if setup["until_next"]:
        before_it = {"logits": output["logits"], "cache": _cache(setup, layers, len(layers))}
    if setup["layers"] == "litgpt" and _litgpt.longest_first(setup):
        before_graph = 0
    forward = {
        "gradients": old,
        "activations": below + sum(kept) + before_graph,
        "cache": sum(layer["output"] for layer in layers) + before_it["cache"],
        "logits": after["forward"] + before_it["logits"],
        "working": cached + whole["ended"],
    }
    around = _around(before_layers, before, head)
    forward = _fullest_forward(setup, layers, kept, around, forward, before_it)
    after_it = {
        "gradients": old,
        "activations": below + sum(kept),
        "logits": sum(after["kept"].values()),
    }
    forward = max([forward] + _beside(setup, after_it), key=lambda held: sum(held.values()))
    loss = {
        "gradients": old + (0 if old else after["gradients_then"]),
        "activations": below + sum(kept),
        "cache": output["cache"],
        "logits": after["backward"] - after["gradients_then"] + output["logits"],
        "working": whole["loss"],
    }
    layer = _fullest_layer(setup, layers, kept, after["gradients"] if stay else 0)
    layer["activations"] += below
    layer["gradients"] = old or layer["gradients"]
    layer["logits"] = output["logits"]
    # A tied matrix has one gradient from the head, which waits for that from the embedding: their
    # sum is a third.
    waits = _layers.tied_gradient(setup)
    layer["gradients"] += waits if old else 0
    arrived = before["backward"] - before["gradients_then"]
    if asked:  # it has the gradient itself, and still lives
        arrived += embedded
    end = {
        "gradients": all_gradients,
        "activations": graph,
        "cache": _cache(setup, layers, len(layers)),
        "logits": output["logits"],
        "working": max(arrived + waits, (3 if old else 2) * waits)
        + _sharding.at_end(
            setup,
            layers[0]["gradients"],
            before["gradients"],
            after["gradients"],
            before["flows"],
        ),
    }
    update = {
        "gradients": all_gradients,
        "activations": before_graph,
        "cache": end["cache"],
        "logits": output["logits"],
    }
    kept_between = loss | {
        "gradients": old,
        "logits": sum(after["kept"].values()) + output["logits"],
        "working": whole["kept"],
    }
    return dict(zip(MOMENTS + ("kept",), (forward, loss, layer, end, update, kept_between)))


def _beside(setup: "_training.Setup", kept: dict[str, int]) -> "list[dict[str, int]]":
    """Give what passes without gradients hold.

    The reference of DPO runs beside what is kept. What GRPO generates comes before there are
    gradients; its reference never holds as much as the model that is trained on the same text.
    """
    if setup["generated"]:
        return [_forwards.generation(setup)]
    if setup["reference"]:
        return [kept | {"working": _forwards.reference(setup)}]
    return []


def _follow_layers(setup: "_training.Setup", flows: bool) -> "tuple[list[_autograd.Run], int]":
    """Follow each layer forward and backward; those that are alike, once.

    Beside the layers goes what autocast still has of their weights when they are done.
    """
    elsewhere = ("x",) if setup["gradient_checkpointing"] else ()
    _check.count("num_hidden_layers", setup["num_hidden_layers"], maximum=_check.MOST_LAYERS)
    found: "dict[object, _autograd.Run]" = {}
    copies: dict[object, int] = {}
    layers, cached = [], 0
    for place in range(setup["num_hidden_layers"]):
        kind = (_layers.kind(setup, place), flows)
        if kind not in found:
            layer = _layers.layer(setup, place)
            found[kind] = _pieces.finish(
                layer,
                needs=("x",) if flows else (),
                held=layer["held"],
                in_scope=layer["in_scope"],
                elsewhere=elsewhere,
                gradients_stay=setup["gradients_stay"],
            )
            if setup["gradient_checkpointing"] and not setup["reentrant"]:
                _forget_copies(found[kind], layer, setup)
            copies[kind] = layer["copies"] if setup["gradient_checkpointing"] else 0
        cached += copies[kind]
        layers.append(found[kind])
        flows = found[kind]["flows"]
    return layers, cached


def _forget_copies(
    found: "_autograd.Run", layer: "_pieces.Piece", setup: "_training.Setup"
) -> None:
    """Leave out of the backward pass what the first graph keeps, and the second only ran for."""
    if not found["stays"]:
        return
    again = dict(layer)
    again["steps"] = [
        step[:2] + ("linear" if step[2] == "kept product" else step[2],) + step[3:]
        for step in layer["steps"]
    ]
    plain = _pieces.finish(
        again,
        needs=("x",) if found["flows"] else (),
        held=layer["held"],
        in_scope=layer["in_scope"],
        elsewhere=("x",),
        gradients_stay=setup["gradients_stay"],
    )
    for name in ("backward", "kept_then", "gradients_then"):
        found[name] = plain[name]


def _around(
    before_layers: "_pieces.Piece", before: "_autograd.Run", head: "_pieces.Piece"
) -> dict[str, int]:
    """Give what is there while layers run: what is kept below them, or named in the model.

    Apart from it their input, if that is named, and what the norm after them holds, which runs
    beside these names.
    """
    found = {"below": sum(before["kept"].values()), "input": 0, "last norm": 0}
    last = before_layers["steps"][-1][0]
    for name, size, *_ in before_layers["steps"]:
        if name in before_layers["in_scope"] and name not in before["kept"]:
            found["input" if name == last else "below"] += size
    norm = dict(head)
    norm["steps"] = [step for step in head["steps"] if step[0].startswith("last norm")]
    if norm["steps"]:
        found["last norm"] = _pieces.finish(norm, needs=("x",))["forward"]
    return found


def _fullest_forward(
    setup: "_training.Setup",
    layers: "list[_autograd.Run]",
    kept: list[int],
    around: dict[str, int],
    ended: dict[str, int],
    before_it: dict[str, int],
) -> dict[str, int]:
    """Give what the forward pass holds where it holds most: at its end, or inside a layer."""
    fullest, checkpointed, whole = ended, setup["gradient_checkpointing"], _sharding.gathered(setup)
    embedded = setup["tokens"] * setup["hidden_size"] * setup["stream_size"]
    below = around["below"] + _layers.shared(setup, forward=True)
    begun = ended | {"activations": below + embedded, "working": whole["begun"]} | before_it
    fullest = max(ended, begun, key=lambda held: sum(held.values()))
    named = 0 if checkpointed or "x" in layers[0]["kept"] else around["input"]
    cached = 0
    for place, layer in enumerate(layers):
        now = {
            "gradients": ended["gradients"],
            "activations": below + (kept[place] if checkpointed else 0) + (named if place else 0),
            "cache": cached + before_it["cache"],
            "logits": before_it["logits"],
            "working": ended["working"]
            - whole["ended"]
            + whole["forward"]
            + whole["a layer more"] * place
            + layer["unkept" if checkpointed else "forward"],
        }
        if sum(now.values()) > sum(fullest.values()):
            fullest = now
        below += kept[place]
        cached += layer["output"]
    now = ended | {"activations": below + named, "logits": before_it["logits"]}
    now["working"] += around["last norm"]
    return max(fullest, now, key=lambda held: sum(held.values()))


def _cache(setup: "_training.Setup", layers: "list[_autograd.Run]", done: int) -> int:
    """Give what the cache still holds by itself when the backward pass is done with some layers."""
    if not setup["holds_output"]:
        return 0
    left = len(layers) - done
    return sum(layer["output"] for layer in layers[:left]) + sum(
        layer["held"] for layer in layers[left:]
    )


def _fullest_layer(
    setup: "_training.Setup", layers: "list[_autograd.Run]", kept: list[int], head: int
) -> dict[str, int]:
    """Give what the backward pass through the layers holds where it holds most.

    Layers that are done have left their gradients, as the head has; those to come hold what they
    keep.
    """
    fullest: dict[str, int] = {}
    below, shards = sum(kept), _sharding.of_layers(setup, layers, head)
    stream = setup["tokens"] * setup["hidden_size"] * setup["stream_size"]
    cached = _cache(setup, layers, 0)
    for done in range(len(layers)):
        place = len(layers) - 1 - done
        layer = layers[place]
        below -= kept[place]
        if done and not (setup["gradient_checkpointing"] and setup["reentrant"]):
            below += layers[place + 1]["stays"]
        top, own, new = layer["backward"], layer["kept_then"], layer["gradients_then"]
        if setup["gradient_checkpointing"]:
            # The layer runs again, beside the gradients that wait; its input is the checkpoint. A
            # reentrant checkpoint runs it at once, and holds its result until it is done with it.
            again = layer["again"] + layer["waiting"]
            if setup["reentrant"]:
                result = setup["tokens"] * setup["hidden_size"] * setup["stream_size"]
                top += result
                again = layer["forward"] + result
            if layer["flows"] and again > top:
                top, new = again, 0
            own, top = kept[place], top + kept[place]
        mine, beside = layer["gradients"], shards[place]
        own, working = below + own, top - own - new + beside["working"]
        if beside["joined"] and beside["joined"] + mine + stream + below > own + working + new:
            new, own, working = mine, below, stream + beside["joined"]
        now = {
            "gradients": beside["gradients"] + new,
            "activations": own,
            "cache": cached,
            "working": working,
        }
        if not fullest or sum(now.values()) > sum(fullest.values()):
            fullest = now
        cached += layer["held"] - layer["output"] if setup["holds_output"] else 0
    return fullest
