"""Several devices: what each of them holds of a step, and what it holds whole for a moment.

Parts of a model are gathered from all devices in units, used and dropped again; their gradients are
made whole and reduced to a share. What is gathered ahead, and which copies lie beside, is each
system's own:

- DDP: PyTorch 2.13.0, `distributed/c10d/reducer.cpp`: from the first step on there are buckets for
  all gradients, beside these (`gradient_as_bucket_view` is False).
- FSDP1: `distributed/fsdp/_runtime_utils.py` and `_flat_param.py`. What is no layer is the root,
  which stays whole from the forward to the end of the backward pass. The gradients of a unit are
  put together to one tensor once all are there.
- FSDP2: `distributed/fsdp/_fully_shard/_fsdp_param_group.py` and `_fsdp_collectives.py`. A unit
  comes in a buffer, and is copied out of it: forward, the buffer lies there until the next unit is
  copied out; backward, that of the next unit is there already. Gradients are copied to a tensor
  that is reduced, and lies there until those of the next unit are made. Accelerate 1.15.0,
  `utils/fsdp_utils.py`, and torchtitan make units of the embedding and of the head; torchtune 0.6
  and a plain loop leave them to the root.
"""

from dlp import _check, _loops, _training

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dlp._autograd import Run
    from dlp._optimizers import Tensor
    from dlp._pieces import Piece

    Plan = dict[str, Any]
    Setup = dict[str, Any]

# What a loop uses where nothing is said, by stage; where there is nothing, it is not known.
_USUAL = {
    "transformers": ("DDP", "", "FSDP2", "FSDP2"),
    "trl": ("DDP", "", "FSDP2", "FSDP2"),
    "axolotl": ("DDP", "", "FSDP2", "FSDP2"),
    "pytorch": ("DDP", "", "FSDP2", "FSDP2"),
    "litgpt": ("", "", "FSDP1", "FSDP1"),
    "torchtune": ("", "", "FSDP2", "FSDP2"),
    "torchtitan": ("", "", "FSDP2", "FSDP2"),
    "unsloth": ("", "", "", ""),
}

# The stage that a strategy of FSDP stands for, by its name, and whether layers are sharded again.
_STRATEGIES = {"full_shard": 3, "shard_grad_op": 2, "true": 3, "false": 2}

# Options of FSDP that are read, and those that change nothing.
_OPTIONS = (
    "version",
    "reshard_after_forward",
    "sharding_strategy",
    "cpu_offload",
    "offload_params",
    "backward_prefetch",
    "auto_wrap_policy",
    "transformer_layer_cls_to_wrap",
    "limit_all_gathers",
    "use_orig_params",
    "sync_module_states",
    "cpu_ram_efficient_loading",
    "state_dict_type",
)

# Of optimizers, what can be said of shares: states that are as large as the weights.
_WHOLE_TENSORS = ("adafactor", "muon")


def read(
    training: "Mapping[str, Any]",
    quantization: "Mapping[str, Any] | None",
    library: object,
    num_devices: object,
    stage: object,
    offload: object,
) -> "Plan":
    """Read how devices share a run."""
    loop, releases = _loops.read(library)
    _check.keywords("training", training)
    options = _options(training)
    plan: "Plan" = {
        "devices": _check.count("num_devices", num_devices),
        "stage": _stage(_check.count("stage", stage, minimum=0, maximum=3), training, options),
        "offload": _check.flag("offload", offload) or _offloads(training, options),
        "system": "",
        "loop": loop,
        "rooted": False,  # whether what is no layer is one unit, which stays whole
        "shares quantized": False,
        "ahead": False,  # whether a unit is gathered while the one above it is at work
    }
    if plan["offload"] and not plan["stage"]:
        raise ValueError("offload must be False at stage 0, where nothing is sharded")
    for name in ("fsdp", "deepspeed"):
        if training.get(name) and plan["devices"] == 1:
            raise ValueError(f'training["{name}"] must be left out where there is one device')
    if plan["devices"] == 1 and not plan["offload"]:
        return plan
    system = _USUAL[loop][plan["stage"]]
    if training.get("fsdp") or options:
        newer = releases["transformers"] >= (5,) and releases["torch"] >= (2, 6)
        version = options.get("version", 2 if newer else 1)
        system = f"FSDP{_check.count('the version of FSDP', version, maximum=2)}"
    if training.get("deepspeed"):
        system = "ZeRO"
    if system in ("", "ZeRO") or plan["stage"] == 1:
        raise ValueError(
            f"stage must be one at which what devices hold is known with {loop}, "
            f"not {plan['stage']}"
        )
    plan["system"] = system
    plan["rooted"] = system == "FSDP1" or loop in ("pytorch", "torchtune")
    storage = str((quantization or {}).get("bnb_4bit_quant_storage") or "uint8")
    plan["shares quantized"] = "float" in storage
    before = options.get("backward_prefetch")
    if before is None:
        before = "BACKWARD_PRE" if loop in ("pytorch", "litgpt") else "NO_PREFETCH"
    plan["ahead"] = system == "FSDP2" or str(before).upper() == "BACKWARD_PRE"
    return plan


def _options(training: "Mapping[str, Any]") -> "dict[str, Any]":
    """Read the options of FSDP, whose names may begin with that of FSDP."""
    found: "dict[str, Any]" = {}
    given = _check.keywords('training["fsdp_config"]', training.get("fsdp_config") or {})
    for key, value in given.items():
        name = key[5:] if key.startswith("fsdp_") else key
        if name not in _OPTIONS and value:
            instead = "; set gradient_checkpointing" if name == "activation_checkpointing" else ""
            raise ValueError(
                f'training["fsdp_config"] must not have {key[:60]!r}: what a step holds with it is '
                f"not known{instead}"
            )
        found[name] = value
    return found


def _stage(stage: int, training: "Mapping[str, Any]", options: "Mapping[str, Any]") -> int:
    """Read the stage from what a trainer is told of FSDP, where it is told to use it."""
    told = training.get("fsdp")
    if not told:
        return stage
    words = str(told).lower().replace(",", " ").replace("'", " ").split()
    named: "list[object]" = [word for word in words if "shard" in word]
    named += [
        options[key] for key in ("sharding_strategy", "reshard_after_forward") if key in options
    ]
    if stage and not named:
        return stage
    strategy = str(named[0] if named else True).lower()
    if strategy not in _STRATEGIES:
        raise ValueError(
            "stage must be given where the strategy of FSDP is neither full_shard nor "
            f"shard_grad_op, but {strategy[:60]!r}"
        )
    if stage not in (0, _STRATEGIES[strategy]):
        raise ValueError(f"stage must be that of {strategy}, which FSDP is told, not {stage}")
    return _STRATEGIES[strategy]


def _offloads(training: "Mapping[str, Any]", options: "Mapping[str, Any]") -> bool:
    """Say whether a trainer is told to keep on the host what FSDP shards."""
    told = training.get("fsdp")
    away = options.get("cpu_offload") or options.get("offload_params")
    return bool(told and ("offload" in str(told) or away))


def apply(plan: "Plan", setup: "Setup", settings: "tuple[Any, ...]") -> "Setup":
    """Give the setup as it is computed in, with how its parts are shared and in what formats.

    With FSDP autocast finds weights in 16 bits already; what is trained lies in fp32, and all is
    gathered in 16 bits. torchtitan gathers in bf16 what it keeps in fp32.
    """
    kind, stored = plan["system"], setup
    if kind not in ("", "DDP") and setup["optim"] in _WHOLE_TENSORS:
        raise ValueError(
            f'training["optim"] must keep states of single values when they are sharded, '
            f"not {setup['optim']!r}"
        )
    if kind not in ("", "DDP") and setup["optimizer_in_bwd"]:
        raise ValueError('training["optimizer_in_bwd"] must be False when gradients are sharded')
    gathers = kind.startswith("FSDP") and plan["stage"] > 0
    if gathers and setup["generated"] + setup["reference"]:
        raise ValueError(
            "stage must be 0 with this objective: what its other passes gather is not known"
        )
    titan = gathers and plan["loop"] == "torchtitan" and setup["weight_size"] == 4
    mixed = titan or (gathers and setup["half"])
    if mixed:
        config, training, lora, *others = settings
        training = dict(training)
        training.pop("torch_dtype", None)
        training["dtype"] = "float16" if setup["fp16"] else "bfloat16"
        if lora is not None:
            lora = dict(lora, autocast_adapter_dtype=False)
        setup = _training.read(config, training, lora, *others)
    if gathers and setup["quantized"] and not plan["shares quantized"]:
        raise ValueError(
            'quantization["bnb_4bit_quant_storage"] must be the format of the weights where FSDP '
            "shards them"
        )
    shared = plan["devices"] if gathers else 1
    setup["shards"] = dict(plan)
    setup["shards"].update(
        {
            "devices": shared,
            "frozen": stored["weight_size"],
            "trained": 4 if mixed else stored["weight_size"],
            "adapters": 4 if mixed else stored["adapter_size"],
            "reduced": 2 if titan else 1,  # times the format in which gradients are made
            "widened": 2 if mixed else 1,
        }
    )
    return setup


def share(num: int, devices: int) -> int:
    """Give one device's share, the last one filled up."""
    return -(-num // devices)


def stays(setup: "Setup", num_bytes: int) -> int:
    """Give what of a weight lies on a device all the time."""
    plan = setup["shards"]
    away = plan["offload"] and plan["system"].startswith("FSDP")
    return 0 if away else share(num_bytes, int(plan["devices"]))


def reduces(plan: "Plan", num_bytes: int) -> int:
    """Give what a device keeps of gradients that are made, in the format of what is trained."""
    return 0 if plan["offload"] else share(num_bytes * plan["widened"], plan["devices"])


def buckets(setup: "Setup", gradients: int) -> int:
    """Give the bytes of DDP's buckets, in which gradients lie once more."""
    return gradients if setup["shards"]["system"] == "DDP" else 0


def old_gradients(setup: "Setup", whole: int, shared: int) -> int:
    """Give the gradients that lie there from one batch of a window to the next.

    Trainers reduce them at the end of a window only.
    """
    reduces = setup["shards"]["loop"] in ("litgpt", "torchtune", "torchtitan")
    return shared if reduces or setup["shards"]["devices"] == 1 else whole


def shares(setup: "Setup", tensors: "list[Tensor]") -> "list[Tensor]":
    """Give what one device has of the tensors that are trained, in the format that lies there."""
    plan, found = setup["shards"], []
    if plan["offload"]:
        return []
    for rows, columns, size, copies in tensors:
        wide = max(size, plan["trained"])
        found.append((rows, share(columns, plan["devices"]), wide, copies))
    return found


def units(setup: "Setup") -> "dict[str, int]":
    """Give the bytes of each unit as it is gathered: the embedding, a layer, and what follows."""
    layers, found = int(setup["num_hidden_layers"]), {"embedding": 0, "layer": 0, "tail": 0}
    for module, part, inputs, outputs, has_bias, copies in setup["model"]["inventory"]:
        size = setup["weight_size"]
        each = (inputs * outputs + (outputs if has_bias else 0)) * size
        if module in setup["quantized"]:
            each = inputs * outputs * setup["bits"] // 8
        if part == "output_head" and setup["tie_word_embeddings"]:
            continue
        repeats = copies >= layers and not part.endswith(("embedding", "head"))
        found["layer"] += copies // layers * each if repeats else 0
        unit = "embedding" if part.endswith("embedding") else "tail"
        found[unit] += (copies % layers if repeats else copies) * each
    for r, inputs, outputs, copies in setup["adapters"]:
        values = r * (inputs + outputs) + (outputs if setup["dora"] else 0)
        unit = "tail" if copies == 1 else "layer"
        found[unit] += share(copies, layers) * values * setup["adapter_size"]
    if setup["tie_word_embeddings"]:
        found["tail"], found["embedding"] = found["tail"] + found["embedding"], 0
    return found


def gathered(setup: "Setup") -> "dict[str, int]":
    """Give what is whole beside the shares, moment by moment.

    Forward, `begun` is beside what is embedded, `forward` beside a layer, with `a layer more` for
    each one below it, and `ended` beside the loss; `kept` is there between the passes. Backward,
    `loss` is beside the loss, `head` what comes as the head begins, `layer` beside a layer, again
    with `a layer more`, where the next one comes `ahead`, or the `lowest` unit; `end` is beside the
    embedding.
    """
    plan, one = setup["shards"], units(setup)
    found = dict.fromkeys(
        (
            "forward",
            "begun",
            "ended",
            "kept",
            "loss",
            "head",
            "layer",
            "ahead",
            "lowest",
            "end",
            "a layer more",
        ),
        0,
    )
    if not plan["system"].startswith("FSDP") or not plan["stage"]:
        return found
    buffered = plan["system"] == "FSDP2" and plan["devices"] > 1
    buffer = one["layer"] if buffered else 0
    ahead = one["layer"] if plan["ahead"] and plan["stage"] == 3 else 0
    root = one["embedding"] + one["tail"] if plan["rooted"] else 0
    # A matrix that embeds and is the head belongs to the last unit, which comes first as well.
    root = one["tail"] if setup["tie_word_embeddings"] else root
    found.update({"forward": root + one["layer"] + buffer, "layer": root + one["layer"]})
    found["ahead"] = ahead
    # A buffer still has a name while the next unit is copied out of its own.
    first = 2 * root if plan["rooted"] else one["embedding"]
    begun = max(first + 2 * one["layer"], 0 if plan["rooted"] else 2 * first)
    found["begun"] = begun if buffered else 0
    found.update(dict.fromkeys(("ended", "kept", "loss"), root or one["tail"]))
    found["end"] = root
    if plan["rooted"]:
        found["ended"] += buffer
        found["loss"] += ahead
    else:
        found["ended"] += one["tail"] if buffered else 0
        found["head"] = ahead
        found["lowest"] = one["embedding"] if ahead else 0
        found["end"] += one["embedding"]
    if plan["stage"] == 2:
        every = setup["num_hidden_layers"] * one["layer"] + one["embedding"]
        found["a layer more"] = one["layer"]
        for moment in ("ended", "kept", "loss"):
            found[moment] += every
        found["forward"] += one["embedding"] if not root else 0
        found["layer"] += (one["embedding"] if not root else 0) - one["layer"]
    return found


def hold_ahead(head: "Piece", num_bytes: int) -> "Piece":
    """Let the head's backward pass begin with gathering the last layer."""
    if not num_bytes:
        return head
    named = head["held"][0] if head["held"] else head["steps"][-1][0]
    head["steps"] = [
        step[:5] + ((step[5][0], step[5][1] + (num_bytes if step[0] == named else 0)),)
        for step in head["steps"]
    ]
    return head


def of_layers(setup: "Setup", layers: "list[Run]", head: int) -> "list[dict[str, int]]":
    """Give what is whole beside each layer of the backward pass, the lowest first.

    `head` are the bytes of the head's gradients. `working` lies beside the layer's own backward
    pass, `joined` beside them once they are put together; `gradients` are those of what is above.
    """
    plan, whole = setup["shards"], gathered(setup)
    waits = plan["rooted"] or setup["tie_word_embeddings"]
    stay = setup["gradients_stay"]
    made = head if waits else reduces(plan, head)
    reduced = 0 if waits else head
    found: "list[dict[str, int]]" = []
    for place in range(len(layers) - 1, -1, -1):
        mine = layers[place]["gradients"]
        beside = whole["layer"] + whole["a layer more"] * (place + 1)
        beside += whole["ahead"] if place else whole["lowest"]
        joined = beside + mine if plan["system"] == "FSDP1" else 0
        beside += reduced * plan["reduced"] if plan["system"] == "FSDP2" else 0
        found.insert(0, {"working": beside, "joined": joined, "gradients": made})
        made += reduces(plan, mine) if stay else 0
        reduced = mine
    return found


def at_end(setup: "Setup", layer: int, embedding: int, head: int, flows: bool) -> int:
    """Give what is whole as the embedding's gradients come, beside all shares and these.

    Where its result needs no gradient, all is dropped before. Else it is copied out of its buffer,
    even if it is not trained.
    """
    plan, whole = setup["shards"], gathered(setup)
    if not flows or not whole["end"]:
        return 0
    ends = embedding + (head if plan["rooted"] and not setup["tie_word_embeddings"] else 0)
    if plan["system"] == "FSDP1":
        return int(whole["end"] + 2 * ends) - reduces(plan, ends)
    copied = whole["end"] * (1 if plan["rooted"] else 2)
    above = max(copied, whole["end"] + ends + layer * plan["reduced"])
    # Reduced, they have their share, and that once more where it changes its format.
    cast = share(ends * plan["reduced"], plan["devices"]) * (plan["widened"] > plan["reduced"])
    return int(max(above - reduces(plan, ends), ends + ends * plan["reduced"] + cast))
