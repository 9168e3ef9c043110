"""The settings of a run, read once: all that decides what a training step holds."""

from dlp import _check, _config, _declared, _litgpt, _lora, _loops, _names, _objectives, _optimizers
from dlp._adapted import names, usual
from dlp.adapters import ALL_LINEAR, LORA_BIASES, adaptable_modules, lora_model_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Setup = dict[str, Any]
    Given = Mapping[str, object]

_READ = """
per_device_train_batch_size max_length max_seq_length gradient_checkpointing
activation_checkpointing gradient_checkpointing_kwargs activation_checkpointing_kwargs
gradient_accumulation_steps optim optim_args dtype torch_dtype bf16 fp16 attn_implementation
use_cache attention_mask packing packing_strategy padding_free use_liger_kernel liger_kernel_config
loss loss_type prepare_model_for_kbit_training torch_compile num_labels num_layers_unfrozen
weight_decay max_grad_norm model_init_kwargs optimizer_in_bwd enable_activation_offloading compile
adafactor
""".split()  # noqa: SIM905

# Other names of the same settings.
_ALIASES = {
    "torch_dtype": "dtype",
    "max_seq_length": "max_length",
    "activation_checkpointing": "gradient_checkpointing",
    "activation_checkpointing_kwargs": "gradient_checkpointing_kwargs",
    "enable_activation_offloading": "activation_offloading",
    "compile": "torch_compile",
}

_FORMATS = {"fp32": 4, "fp16": 2, "bf16": 2}

# What computes attention, by the name of its implementation.
_ATTENTIONS = {
    "sdpa": "sdpa",
    "eager": "eager",
    "flash_attention_2": "flash",
    "flash_attention_3": "flash",
}

_LOSSES = ("full", "chunked", "fused")

_CHECKPOINTING = (
    "use_reentrant",
    "preserve_rng_state",
    "determinism_check",
    "debug",
    "every_n_layers",
    "offload",
)

# Families of which a library has layers of its own, as they are computed here.
_FAMILIES = {
    "litgpt": ("llama", "mistral", "qwen2", "phi3", "gemma", "gemma2", "phi", "gpt_neox"),
    "torchtune": ("llama", "mistral", "qwen2", "gemma", "gemma2", "phi3"),
    "torchtitan": ("llama",),
}

# Settings of a config that add to what a layer holds, and are false in all that was traced.
_UNKNOWN = """
apply_residual_connection_post_layernorm chunk_size_feed_forward is_decoder
reorder_and_upcast_attn scale_attn_by_inverse_layer_idx slow_but_exact
use_bidirectional_attention
""".split()  # noqa: SIM905

# What is read of a quantization and of adapters.
_BITS = """
load_in_4bit load_in_8bit bnb_4bit_quant_type bnb_4bit_compute_dtype bnb_4bit_use_double_quant
llm_int8_skip_modules llm_int8_has_fp16_weight
""".split()  # noqa: SIM905
_LORA = """
r target_modules lora_dropout bias use_dora modules_to_save rank_pattern layers_to_transform
layers_pattern autocast_adapter_dtype task_type
""".split()  # noqa: SIM905


TRAINING_NAMES = _READ + _objectives.READ + _names.IGNORED + list(_names.REFUSED)
"""All names of `TrainingArguments`, of TRL's configs and of `from_pretrained`."""

# What a step knows nothing of, if it is on.
_KNOWN = _LORA + _lora.IDLE
LORA_REFUSED = [name for name in _lora.NAMES if name not in _KNOWN]

BITS_NAMES = _BITS + _names.BITS
"""All names of `BitsAndBytesConfig`."""


def read(
    config: "Given",
    training: "Given",
    lora: "Given | None",
    quantization: "Given | None",
    method: "str | None",
    library: object,
    objective: str = "sft",
) -> "Setup":
    """Read all settings of a run, with the defaults of the library."""
    loop, releases = _loops.read(library)
    given = _given(training, loop, releases, objective)
    if method is None:
        method = "full" if lora is None else "lora"
    _check.choice("method", method, ("full", "lora", "head-only"))
    if (lora is None) == (method == "lora"):
        raise ValueError(f'lora must be given with method "lora" alone, not with {method!r}')
    if _loops.LOOPS[loop].get("layers") == "litgpt":
        # Its head is always a matrix of its own.
        config = dict(_check.mapping("config", config))
        config["tie_word_embeddings"] = False
    model = _config.read(_classifier(config, given, method))
    if quantization is None:
        quantization = _stored(config, model)
    setup: "Setup" = {"model": model, "loop": loop, "releases": releases, "method": method}
    setup.update(model["sizes"])
    setup["config"] = config
    for name in _UNKNOWN:
        if config.get(name):
            raise ValueError(
                f'config["{name}"] must be false: what a layer then holds is not known'
            )
    setup["layers"] = _loops.LOOPS[loop].get("layers", "transformers")
    setup["biased"] = {entry[0]: entry[4] for entry in model["inventory"]}
    batch = _count(given, "per_device_train_batch_size")
    pixels = _pixels(model)
    length = setup["position_rows"] if pixels else _count(given, "max_length")
    setup.update({"batch": batch, "length": length, "tokens": batch * length, "pixels": pixels})
    setup.update(_objectives.read(setup, given, objective))
    for name in (
        "gradient_checkpointing",
        "bf16",
        "fp16",
        "attention_mask",
        "packing",
        "padding_free",
        "use_liger_kernel",
        "torch_compile",
        "optimizer_in_bwd",
    ):
        setup[name] = _check.flag(f'training["{name}"]', given.get(name, False))
    setup["liger"] = given.get("liger", ())
    windows = _count(given, "gradient_accumulation_steps", 1)
    setup["accumulates"] = windows > 1
    # trainer.py, `get_batch_samples`: all batches of a window are on the device before the first.
    # Those of GRPO are prompts, which are no tensors.
    ahead = loop in ("transformers", "trl", "axolotl") and releases["transformers"] >= (4, 46)
    setup["batches"] = windows if ahead and objective != "grpo" else 1
    setup["gradients_stay"] = windows == 1 and not setup["optimizer_in_bwd"]
    # To clip gradients makes a number for each of them, and changes them in place.
    _check.number('training["max_grad_norm"]', given.get("max_grad_norm", 0))
    decay = _check.number('training["weight_decay"]', given.get("weight_decay", 0))
    setup["decays"] = decay > 0
    setup["optim"] = _optimizers.read(given["optim"], given.get("optim_args"))
    setup["holds_output"] = bool(_loops.LOOPS[loop].get("holds_output"))
    setup["until_next"] = bool(_loops.LOOPS[loop].get("until_next"))
    setup["loss"] = _check.choice('training["loss"]', given["loss"], _LOSSES)
    setup["reentrant"] = _reentrant(given, releases)
    _formats(setup, given)
    _quantization(setup, quantization, given)
    _trained(setup, lora, given)
    _attention(setup, given)
    setup["asks for a cache"] = training.get("use_cache") is not None
    setup["use_cache"] = _caches(setup, given)
    setup["masked"] = _masked(setup)
    _loops.check(setup, given)
    _check_model(setup)
    _loops.check_liger(setup)
    return setup


def positions(model: "_config.Model") -> int:
    """Give the tokens that a learned table of positions has room for, 0 without one."""
    if _pixels(model):
        return 0
    # OPT's begins with two rows that are no position, and RoBERTa's counts from that of padding.
    offset = 2 if model["model_type"] in ("opt", "roberta") else 0
    return max(int(model["sizes"]["position_rows"]) - offset, 0)


def _check_model(setup: "Setup") -> None:
    """Refuse a model of which a loop has no layers, or that it is not for."""
    loop, model = setup["loop"], setup["model"]
    most = positions(model)
    # Of samples that are joined, each counts from the first position.
    if most and not setup["joined"] and setup["length"] > most:
        raise ValueError(
            f'training["max_length"] must be at most {most}, the positions that the model has '
            f"learned, not {setup['length']}"
        )
    known = _FAMILIES.get(setup["layers"])
    if known is not None and model["model_type"] not in known:
        raise ValueError(
            f'config["model_type"] must be one of {", ".join(known)} when library is {loop}, '
            f"not {model['model_type']!r}"
        )
    if loop == "trl" and not (model["counted"] == "language model" and model["family"]["causal"]):
        raise ValueError("config must be of a causal language model when library is trl")
    if loop == "torchtitan" and setup["method"] != "full":
        raise ValueError("method must be full when library is torchtitan")
    if setup["unfrozen"] is not None and setup["adapters"]:
        raise ValueError('training["num_layers_unfrozen"] must be left out beside adapters')


def _stored(config: "Given", model: "_config.Model") -> "Given | None":
    """Read how a model was quantized when it was saved; names that it lacks mean nothing there."""
    stored = _declared.quantized_by(config)
    if stored is None:
        return None
    if stored["quant_method"] != "bitsandbytes":
        raise ValueError(
            f'config["quantization_config"]["quant_method"] must be bitsandbytes for a step: '
            f"what one on weights in {stored['quant_method']} holds is not known"
        )
    found = dict(stored)
    names = [entry[0] for entry in _config.modules(model, _config.LINEAR)] + ["lm_head"]
    key = "llm_int8_skip_modules"
    skipped = found.get(key) or []
    for name in _check.sequence(f'config["quantization_config"]["{key}"]', skipped or [""]):
        if isinstance(name, str) and "." in name:
            raise ValueError(
                f'config["quantization_config"]["{key}"] must name modules without their paths, '
                f"not {name[:60]!r}: what other layers hold is not known"
            )
    found[key] = [name for name in names if name in skipped]
    return found


def at(setup: "Setup", place: int) -> "Setup":
    """Give the settings of one layer, where some are frozen or not adapted."""
    above = setup["unfrozen"] is None or place >= setup["num_hidden_layers"] - setup["unfrozen"]
    chosen = setup["adapted_layers"] is None or place in setup["adapted_layers"]
    if above and chosen:
        return setup
    changed = dict(setup)
    if not above:
        changed["trained"] = ()
    if not chosen:
        changed["adapted"] = {}
    return changed


def _given(
    training: "Given", loop: str, releases: "dict[str, _loops.Release]", objective: str
) -> "dict[str, Any]":
    """Put what is given over what the library does by default; refuse an unknown name."""
    given = _loops.defaults(loop, releases)
    liger = _check.keywords("training", training).get("use_liger_kernel") or False
    if _check.flag('training["use_liger_kernel"]', liger):
        _loops.take_liger(given, loop, releases, training.get("liger_kernel_config") or {})
    _objectives.defaults(given, objective)
    _take(given, "training", training)
    if "model_init_kwargs" in given:
        _take(given, 'training["model_init_kwargs"]', given["model_init_kwargs"])
    if objective == "sft" and training.get("loss") is None:
        _loops.take_loss_type(given, loop, releases)
    if _check.flag('training["adafactor"]', given.get("adafactor", False)):
        given["optim"] = "adafactor"
    return given


def _take(given: "dict[str, Any]", name: str, settings: object) -> None:
    """Take over settings that are not None, by the names that are read."""
    whose = "TrainingArguments, SFTConfig or from_pretrained"
    found = _check.known(name, settings, TRAINING_NAMES, whose)
    for key, value in found.items():
        first = _ALIASES.get(key, key)
        if first in _names.REFUSED and value:
            raise ValueError(f'{name}["{key}"] must be left out: {_names.REFUSED[first]}')
        if value is None:
            continue
        if key != first and found.get(first) not in (None, value):
            raise ValueError(f'{name}["{key}"] must be left out, or as {name}["{first}"] has it')
        given[first] = value


def _count(given: "Mapping[str, Any]", name: str, default: int | None = None) -> int:
    """Read a count, which must be given if the library has no default."""
    if name not in given and default is None:
        raise ValueError(f'training must have "{name}", for which there is no default')
    return _check.count(f'training["{name}"]', given.get(name, default))


def _classifier(config: "Given", given: "Mapping[str, Any]", method: str) -> "Given":
    """Name the class that is trained: a classifier, where labels are spoken of."""
    model = _config.read(config)
    if model["counted"] == "question-answering":
        raise ValueError(
            'config["architectures"] must not name a class that answers questions: '
            "what its loss holds is not known"
        )
    if model["counted"] in model["family"]["heads"]:
        return config
    if "num_labels" not in given and method != "head-only" and model["counted"] != "bare model":
        return config
    for name, task in model["family"]["classes"].items():
        if task in ("sequence-classification", "image-classification"):
            named = dict(config)
            named["architectures"] = [name]
            if "num_labels" in given:
                named["num_labels"] = given["num_labels"]
            return named
    raise ValueError(
        f'config["model_type"] must be that of a model with a classification head, '
        f"not {model['model_type']!r}"
    )


def _pixels(model: "_config.Model") -> int:
    """Count the values of a picture's patches, of which each has a row of its own."""
    for _, part, inputs, _, _, _ in model["inventory"]:
        if part == "patch_embedding":
            return inputs
    return 0


def trains(setup: "Setup", module: str, part: str) -> bool:
    """Say whether a module is trained itself; the head of a classifier has names of others."""
    if part == "classification_head":
        return bool(setup["trains_head"])
    return module in setup["trained"]


def _reentrant(given: "Mapping[str, Any]", releases: "dict[str, _loops.Release]") -> bool:
    """Say which of its two kinds checkpointing is."""
    options = _check.keywords(
        'training["gradient_checkpointing_kwargs"]', given.get("gradient_checkpointing_kwargs", {})
    )
    default = releases["transformers"] < (5,)
    whose = "torch.utils.checkpoint"
    _check.known('training["gradient_checkpointing_kwargs"]', options, _CHECKPOINTING, whose)
    if options.get("every_n_layers") not in (None, 1) or options.get("offload"):
        raise ValueError(
            'training["gradient_checkpointing_kwargs"] must not have "every_n_layers" or "offload":'
            " what is kept then is not known"
        )
    return _check.flag('"use_reentrant"', options.get("use_reentrant", default))


def _formats(setup: "Setup", given: "Mapping[str, Any]") -> None:
    """Say in what format weights are, and what autocast and the residual stream have."""
    named = given.get("dtype")
    if named in (None, "auto"):
        reads = named == "auto" or setup["releases"]["transformers"] >= (5,)
        named = (_declared.stored_dtype(setup["config"]) if reads else None) or "fp32"
    setup["format"] = _check.dtype('training["dtype"]', named, _FORMATS)
    setup["weight_size"] = _FORMATS[setup["format"]]
    if setup["bf16"] and setup["fp16"]:
        raise ValueError('training["bf16"] and training["fp16"] must not both be True')
    half = setup["format"] == "fp16"
    if setup["fp16"] and half and setup["method"] == "full":
        raise ValueError(
            'training["fp16"] must be False when weights are in fp16: '
            "their gradients cannot be scaled"
        )
    setup["float16"] = setup["fp16"] or half
    setup["half"] = 2 if setup["bf16"] or setup["fp16"] else 0


def _quantization(setup: "Setup", quantization: "Given | None", given: "Mapping[str, Any]") -> None:
    """Say what is quantized and how, and in what format the rest is."""
    setup.update(
        {"quantized": (), "bits": 0, "double": False, "compute_size": 4, "prepared": False}
    )
    if quantization is not None:
        bits = _check.known("quantization", quantization, BITS_NAMES, "BitsAndBytesConfig")
        four = _check.flag('quantization["load_in_4bit"]', bits.get("load_in_4bit", False))
        eight = _check.flag('quantization["load_in_8bit"]', bits.get("load_in_8bit", False))
        if four == eight:
            raise ValueError('quantization must have one of "load_in_4bit" and "load_in_8bit"')
        kind = bits.get("bnb_4bit_quant_type", "fp4")
        _check.choice('quantization["bnb_4bit_quant_type"]', kind, ("fp4", "nf4"))
        computes = bits.get("bnb_4bit_compute_dtype") or "fp32"
        computes = _check.dtype('quantization["bnb_4bit_compute_dtype"]', computes, _FORMATS)
        _check_int8(bits)
        if eight and setup["layers"] == "litgpt":
            raise ValueError('quantization["load_in_8bit"] must be False when library is litgpt')
        setup["bits"] = 4 if four else 8
        setup["compute_size"] = _FORMATS[computes]
        setup["double"] = _check.flag(
            'quantization["bnb_4bit_use_double_quant"]',
            bits.get("bnb_4bit_use_double_quant", False),
        )
        skipped = bits.get("llm_int8_skip_modules") or []
        linear = _config.modules(setup["model"], _config.LINEAR)
        names = list(dict.fromkeys(entry[0] for entry in linear))
        _check.choices(
            'quantization["llm_int8_skip_modules"]', skipped, names + ["lm_head"], empty=True
        )
        setup["quantized"] = tuple(name for name in names if name not in skipped)
        if setup["layers"] == "litgpt":
            # Fabric puts every linear layer in 4 bits, the output head included.
            heads = _config.modules(setup["model"], ("output_head",))
            setup["quantized"] += tuple(entry[0] for entry in heads)
        setup["prepared"] = _check.flag(
            'training["prepare_model_for_kbit_training"]',
            given.get("prepare_model_for_kbit_training", False),
        )
        if setup["prepared"]:
            # It turns checkpointing on, unless it is told not to.
            setup["gradient_checkpointing"] = given.get("gradient_checkpointing", True)
            setup["weight_size"] = 4
        if setup["loop"] == "trl" and setup["releases"]["trl"] < (0, 26):
            # trainer/sft_trainer.py prepared the model itself, and took some of it to 16 bits.
            raise ValueError(
                "quantization must be None with trl before 0.26: what it holds is not known"
            )
        if setup["method"] == "full":
            raise ValueError('method must be "lora" or "head-only" when the model is quantized')
    elif given.get("prepare_model_for_kbit_training"):
        raise ValueError(
            'training["prepare_model_for_kbit_training"] must be False without quantization'
        )
    other = "bf16" if setup["format"] == "fp16" else "fp16"
    if setup[other] and setup["weight_size"] == 2:
        raise ValueError(
            f'training["{other}"] must be False when weights are in another format of 16 bits: '
            "what their copies hold is not known"
        )
    wide = setup["half"] and setup["weight_size"] == 4
    setup["stream_size"] = 4 if wide else setup["weight_size"]


def _check_int8(bits: "Mapping[str, Any]") -> None:
    """Refuse weights that are rounded anew in each pass."""
    name = "llm_int8_has_fp16_weight"
    if _check.flag(f'quantization["{name}"]', bits.get(name, False)):
        raise ValueError(f'quantization["{name}"] must be False: what it holds is not known')


def _trained(setup: "Setup", lora: "Given | None", given: "Mapping[str, Any]") -> None:
    """Say what is adapted, and which weights of the model are trained."""
    model = setup["model"]
    setup.update({"adapted": {}, "adapters": [], "adapted_layers": None, "unfrozen": None})
    setup.update({"adapter_size": 4, "lora_dropout": 0, "dora": False, "biases": "none"})
    names = {entry[0] for entry in model["inventory"]}
    setup["trained"] = names | {"all norms"} if setup["method"] == "full" else set()
    images = "patch_embedding" in [entry[1] for entry in model["inventory"]]
    # PEFT saves the head of a classifier of text by itself.
    setup["trains_head"] = lora is None or not images or bool(lora.get("modules_to_save"))
    layers = setup["num_hidden_layers"]
    if "num_layers_unfrozen" in given and given["num_layers_unfrozen"] != -1:
        setup["unfrozen"] = _check.count(
            'training["num_layers_unfrozen"]',
            given["num_layers_unfrozen"],
            minimum=0,
            maximum=layers,
        )
        if setup["gradient_checkpointing"]:
            raise ValueError(
                'training["num_layers_unfrozen"] must be left out with gradient_checkpointing: '
                "what frozen layers then hold is not known"
            )
    if lora is not None:
        _adapted(setup, lora)


def _adapted(setup: "Setup", lora: "Given") -> None:
    """Say what is adapted, and what is trained beside adapters."""
    model = setup["model"]
    method = _check.keywords("lora", lora).get("peft_type") or "LORA"
    _check.choice('lora["peft_type"]', method, ("LORA",))
    given = dict(_check.known("lora", lora, _lora.NAMES, "LoraConfig"))
    for key in LORA_REFUSED:
        # Of no token, too, PEFT makes a copy of the embedding.
        copies = key == "trainable_token_indices" and given.get(key) == []
        if copies or (given.get(_lora.MEANINGLESS.get(key, key)) and given.get(key)):
            raise ValueError(f'lora["{key}"] must be left out: what it holds is not known')
    _lora.check(given, 'lora["{}"]')
    told, layers = given.get("target_modules"), given.get("layers_to_transform")
    if isinstance(told, str) and layers is not None:
        raise ValueError('lora["layers_to_transform"] must be left out when targets are a str')
    if told is None and setup["layers"] != "transformers":
        raise ValueError('lora must have "target_modules"')
    given["target_modules"] = usual(model) if told is None else told
    r = _check.count('lora["r"]', given.get("r", 8))
    if setup["layers"] == "litgpt":
        _lora_of_litgpt(setup, given, r)
        return
    ranks = given.get("rank_pattern") or {}
    saved = names('lora["modules_to_save"]', given.get("modules_to_save"))
    counted = {"config": setup["config"], "r": r, "target_modules": given["target_modules"]}
    counted["modules_to_save"] = [name for name in saved if name not in ("classifier", "score")]
    setup["biases"] = _check.choice('lora["bias"]', given.get("bias", "none"), LORA_BIASES)
    setup["dora"] = _check.flag('lora["use_dora"]', given.get("use_dora", False))
    counted.update(bias=setup["biases"], use_dora=setup["dora"])
    _refuse_paths(setup, counted, ranks)
    lora_model_parameters(rank_pattern=ranks, **counted)  # which refuses what PEFT refuses
    if setup["dora"] and setup["quantized"]:
        raise ValueError(
            'lora["use_dora"] must be False when the model is quantized: what it holds is not known'
        )
    setup["lora_dropout"] = given.get("lora_dropout", 0) if setup["drops"] else 0
    linear = _config.modules(model, _config.LINEAR)
    targets = given["target_modules"]
    if isinstance(targets, str):
        targets = [entry[0] for entry in linear]
    if [1 for entry in _config.modules(model, ("token_embedding",)) if entry[0] in targets]:
        raise ValueError('lora["target_modules"] must not have the embedding: it is not known')
    autocast = given.get("autocast_adapter_dtype")
    if autocast is None:
        default = setup["releases"]["peft"] >= (0, 12)  # mapping.py, `get_peft_model`
        autocast = _loops.LOOPS[setup["loop"]].get("autocast_adapter_dtype", default)
    wide = _check.flag('lora["autocast_adapter_dtype"]', autocast)
    # Beside a quantized weight they stay as they are made, in fp32; TRL takes them to bf16.
    setup["adapter_size"] = 4 if wide or setup["quantized"] else setup["weight_size"]
    if setup["loop"] == "trl" and setup["quantized"]:
        setup["adapter_size"] = 2
    if layers is not None and layers != []:
        chosen = [layers] if isinstance(layers, int) else layers
        highest = setup["num_hidden_layers"] - 1
        setup["adapted_layers"] = tuple(
            _check.count('lora["layers_to_transform"]', each, minimum=0, maximum=highest)
            for each in dict.fromkeys(_check.sequence('lora["layers_to_transform"]', chosen))
        )
    adapted = {}
    for module, inputs, outputs, _, copies in linear + _config.modules(model, ("output_head",)):
        if module in targets:
            rank = ranks.get(module, r)
            adapted[module] = rank
            if setup["adapted_layers"] is not None:
                copies = copies * len(setup["adapted_layers"]) // setup["num_hidden_layers"]
            setup["adapters"].append((rank, inputs, outputs, copies))
    setup["adapted"] = adapted
    setup["trained"] = set(counted["modules_to_save"])


def _refuse_paths(setup: "Setup", counted: "Given", ranks: "Given") -> None:
    """Refuse what names modules by their paths or by patterns: a step knows them by names alone."""
    names = dict.fromkeys(entry[0] for entry in adaptable_modules(config=setup["config"]))
    linear = [entry[0] for entry in _config.modules(setup["model"], _config.LINEAR)]
    head = [entry[0] for entry in _config.modules(setup["model"], _config.VOCABULARY)]
    targets = counted["target_modules"]
    if isinstance(targets, str):
        _check.choice('lora["target_modules"]', targets, (ALL_LINEAR,))
        targets = linear
    else:
        targets = _check.choices('lora["target_modules"]', targets, names)
    for name, rank in _check.keywords('lora["rank_pattern"]', ranks).items():
        _check.choice('a key of lora["rank_pattern"]', name, targets)
        _check.count(f'lora["rank_pattern"]["{name}"]', rank)
        if name not in linear and name not in head:
            raise ValueError(
                f'a key of lora["rank_pattern"] must not be {name}: '
                "experts and routers keep the rank that all have"
            )
    # What is saved whole is not adapted: a step knows it as one or the other.
    parts = _config.LINEAR + ("router", *_config.VOCABULARY)
    free = dict.fromkeys(
        entry[0] for entry in _config.modules(setup["model"], parts) if entry[0] not in targets
    )
    _check.choices('lora["modules_to_save"]', counted["modules_to_save"], free, empty=True)


def _lora_of_litgpt(setup: "Setup", given: "Mapping[str, Any]", r: int) -> None:
    """Say what LitGPT adapts, by the names of Llama's layers whatever the family."""
    for key in ("use_dora", "modules_to_save", "rank_pattern", "layers_to_transform"):
        if given.get(key):
            raise ValueError(f'lora["{key}"] must be left out when library is litgpt')
    if given.get("bias", "none") != "none":
        raise ValueError('lora["bias"] must be "none" when library is litgpt')
    targets = given["target_modules"]
    if isinstance(targets, str):
        targets = list(_litgpt.TARGETS[:-1])
    targets = _check.choices('lora["target_modules"]', targets, _litgpt.TARGETS)
    setup["adapted"] = dict.fromkeys(targets, r)
    setup["lora_dropout"] = given.get("lora_dropout", 0)
    setup["adapter_size"] = 4 if given.get("autocast_adapter_dtype") else setup["weight_size"]
    setup["adapters"] = _litgpt.adapters(setup)


def _attention(setup: "Setup", given: "Mapping[str, Any]") -> None:
    """Say what computes attention: which kernel, if it is left to PyTorch."""
    name = given.get("attn_implementation", "sdpa")
    kind = _ATTENTIONS[_check.choice('training["attn_implementation"]', name, _ATTENTIONS)]
    setup["attention"] = kind
    # `modeling_flash_attention_utils.py` takes queries to the format of a quantized model.
    narrows = setup["half"] or (setup["quantized"] and _FORMATS[setup["format"]] == 2)
    if kind == "flash" and setup["weight_size"] == 4 and not narrows:
        raise ValueError(
            f'training["attn_implementation"] must not be {name!r} in fp32: it has no kernel for it'
        )
    joined = setup["packing"] and given.get("packing_strategy") != "wrapped"
    setup["joined"] = joined = joined or setup["padding_free"]
    if joined and kind != "flash" and setup["layers"] == "transformers":
        raise ValueError(
            'training["attn_implementation"] must be "flash_attention_2" when samples are packed: '
            "what a mask between them holds is not known"
        )


def _masked(setup: "Setup") -> bool:
    """Say whether the library gives a mask to scaled dot product attention.

    It does for padding. Given no mask and no cache, Transformers 4.53 to 4.57 looked for packed
    samples and made a mask of what it found, one sample or more: `masking_utils.py`,
    `find_packed_sequence_indices`, with PyTorch 2.6 or newer.
    """
    if setup["attention_mask"] or not setup["model"]["family"]["causal"]:
        return bool(setup["attention_mask"])
    looks = (4, 53) <= setup["releases"]["transformers"] < (5,)
    return looks and setup["releases"]["torch"] >= (2, 6) and not setup["use_cache"]


# Families whose models made no cache while they were trained, and the releases: `use_cache and ...
# not self.training` in the forward pass.
_NO_CACHE: "dict[tuple[str, ...], tuple[_loops.Release, _loops.Release]]" = {
    ("gemma2", "gemma3_text"): ((4, 42), (5,)),
    ("llama", "mistral", "qwen2", "gemma", "phi", "phi3", "bloom"): ((4, 43), (4, 45)),
}


def _caches(setup: "Setup", given: "Mapping[str, Any]") -> bool:
    """Say whether the forward pass makes a cache of keys and values."""
    release = setup["releases"]["transformers"]
    for families, (first, end) in _NO_CACHE.items():
        if setup["model"]["model_type"] in families and first <= release < end:
            return False
    if setup["gradient_checkpointing"] or not setup["model"]["family"]["causal"]:
        return False
    if setup["loop"] == "trl" and setup["loss"] == "fused":
        return False  # which its output head asks for
    cached = _check.flag('training["use_cache"]', given.get("use_cache", False))
    return cached and (setup["asks for a cache"] or setup["config"].get("use_cache") is not False)
