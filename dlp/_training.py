"""The settings of a training run, read once: whose loop it is, and what decides what it holds."""

from dlp import _check, _config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Setup = dict[str, Any]

# Names of `TrainingArguments`, of TRL's configs and of `from_pretrained` that change no byte here.
_IGNORED = """
output_dir num_train_epochs max_steps learning_rate lr_scheduler_type lr_scheduler_kwargs
warmup_steps warmup_ratio optim_target_modules average_tokens_across_devices max_grad_norm
label_smoothing_factor bf16_full_eval fp16_full_eval tf32 gradient_checkpointing_kwargs
torch_compile_backend torch_compile_mode liger_kernel_config neftune_noise_alpha
torch_empty_cache_steps auto_find_batch_size logging_strategy logging_steps logging_first_step
log_on_each_node logging_nan_inf_filter include_num_input_tokens_seen log_level log_level_replica
disable_tqdm report_to run_name project trackio_space_id trackio_bucket_id trackio_static_space_id
eval_strategy evaluation_strategy eval_steps eval_delay per_device_eval_batch_size
prediction_loss_only eval_on_start eval_do_concat_batches eval_use_gather_object
eval_accumulation_steps include_for_metrics batch_eval_metrics save_only_model save_strategy
save_steps save_on_each_node save_total_limit save_safetensors enable_jit_checkpoint push_to_hub
hub_token hub_private_repo hub_model_id hub_strategy hub_always_push hub_revision
load_best_model_at_end metric_for_best_model greater_is_better ignore_data_skip
restore_callback_states_from_checkpoint full_determinism seed data_seed use_cpu
accelerator_config parallelism_config dataloader_drop_last dataloader_num_workers
dataloader_pin_memory dataloader_persistent_workers dataloader_prefetch_factor
dataloader_multiprocessing_context dataloader_in_order remove_unused_columns label_names
train_sampling_strategy group_by_length length_column_name ddp_find_unused_parameters
ddp_bucket_cap_mb ddp_broadcast_buffers ddp_static_graph ddp_backend ddp_timeout ddp_timeout
debug skip_memory_metrics do_train do_eval do_predict resume_from_checkpoint local_rank
adam_beta1 adam_beta2 adam_epsilon optim_args half_precision_backend
overwrite_output_dir logging_dir
trust_remote_code router_aux_loss_coef chat_template_path dataset_text_field dataset_kwargs
dataset_num_proc eos_token pad_token truncation_mode shuffle_dataset packing_strategy
pad_to_multiple_of eval_packing completion_only_loss assistant_only_loss
device_map low_cpu_mem_usage use_safetensors revision token cache_dir
""".split()  # noqa: SIM905

_READ = """
per_device_train_batch_size max_length max_seq_length gradient_checkpointing
activation_checkpointing activation_checkpointing_kwargs gradient_accumulation_steps optim dtype
torch_dtype bf16 fp16 attn_implementation use_cache attention_mask packing padding_free
use_liger_kernel loss loss_type prepare_model_for_kbit_training torch_compile num_labels
activation_offloading num_layers_unfrozen weight_decay model_init_kwargs
""".split()  # noqa: SIM905

# What each loop does where nothing is said, and whether its variables keep the model's output
# through the backward pass.
LOOPS: "dict[str, dict[str, object]]" = {
    "transformers": {
        "per_device_train_batch_size": 8,
        "optim": "adamw_torch_fused",
        "holds_output": False,
    },
    "trl": {
        "per_device_train_batch_size": 8,
        "max_length": 1024,
        "gradient_checkpointing": True,
        "bf16": True,
        "optim": "adamw_torch_fused",
        "loss": "chunked",
        "holds_output": False,
    },
    "pytorch": {"optim": "adamw_torch", "holds_output": True},
    "litgpt": {"optim": "adamw_torch", "holds_output": True},
    "torchtune": {"optim": "adamw_torch", "holds_output": False},
    "torchtitan": {"optim": "adamw_torch", "holds_output": False},
    "unsloth": {"optim": "adamw_8bit", "holds_output": False},
    "axolotl": {"optim": "adamw_torch_fused", "holds_output": False},
}
"""The libraries whose training loop is known."""

# The releases that the recorded traces are of; another may be named after the loop.
RELEASES: "dict[str, tuple[int, ...]]" = {
    "transformers": (5, 23, 0),
    "peft": (0, 21, 2),
    "trl": (1, 16, 0),
    "torch": (2, 13, 0),
    "bitsandbytes": (0, 50, 2),
}

_FORMATS = {
    "float32": 4,
    "fp32": 4,
    "float16": 2,
    "fp16": 2,
    "half": 2,
    "bfloat16": 2,
    "bf16": 2,
}

# Attention by the name of its implementation.
_ATTENTIONS = {
    "sdpa": "sdpa",
    "eager": "eager",
    "flash_attention_2": "flash",
    "flash_attention_3": "flash",
    "flex_attention": "flash",
}


def read(
    config: "Mapping[str, object]",
    training: "Mapping[str, object]",
    lora: "Mapping[str, object] | None",
    quantization: "Mapping[str, object] | None",
    method: "str | None",
    library: str,
) -> "Setup":
    """Read all settings of a run, with the defaults of the library."""
    loop, releases = _library(library)
    known = _IGNORED + _READ
    given: "dict[str, Any]" = dict(LOOPS[loop])
    for key, value in _check.keywords("training", training).items():
        if key not in known:
            raise ValueError(f"training must have names of TrainingArguments, not {key!r}")
        if value is not None:
            given[key] = value
    method = method or ("full" if lora is None else "lora")
    model = _config.read(_classifier(config, given, method))
    setup: "Setup" = {
        "model": model,
        "config": config,
        "loop": loop,
        "releases": releases,
        "method": method,
    }
    setup.update(model["sizes"])
    batch = _check.count(
        'training["per_device_train_batch_size"]', _needed(given, "per_device_train_batch_size")
    )
    pixels = _pixels(model)
    if pixels:
        length = model["sizes"]["position_rows"]  # patches and the class token
    else:
        length = _check.count('training["max_length"]', _needed(given, "max_length"))
    setup.update({"batch": batch, "length": length, "tokens": batch * length, "pixels": pixels})
    for flag in ("gradient_checkpointing", "bf16", "fp16", "attention_mask"):
        setup[flag] = _check.flag(f'training["{flag}"]', given.get(flag, False))
    setup["accumulates"] = (
        _check.count(
            'training["gradient_accumulation_steps"]', given.get("gradient_accumulation_steps", 1)
        )
        > 1
    )
    named = given.get("dtype", given.get("torch_dtype"))
    if named in (None, "auto"):
        named = config.get("dtype", config.get("torch_dtype", "float32"))
        if releases["transformers"] < (5,) and given.get("dtype", given.get("torch_dtype")) is None:
            named = "float32"
    setup["weight_size"] = _FORMATS[_check.choice('training["dtype"]', named, _FORMATS)]
    setup["float16"] = setup["fp16"] or named in ("float16", "fp16", "half")
    setup["half"] = 2 if setup["bf16"] or setup["fp16"] else 0
    setup["optim"] = given["optim"]
    setup["holds_output"] = given["holds_output"]
    setup["loss"] = given.get("loss", "full")
    setup["use_cache"] = (
        given.get("use_cache", loop == "pytorch" or releases["transformers"] < (5,))
        and not setup["gradient_checkpointing"]
    )
    _attention(setup, given)
    _quantization(setup, quantization, given)
    _lora(setup, lora)
    return setup


def _needed(given: "Mapping[str, object]", name: str) -> object:
    """Give a setting that has no default."""
    if name not in given:
        raise ValueError(f'training must have "{name}"')
    return given[name]


def _pixels(model: "_config.Model") -> int:
    """Count the values of a picture's patches, of which each has a row of its own."""
    for _, part, inputs, _, _, _ in model["inventory"]:
        if part == "patch_embedding" and inputs > 1:
            return inputs
    return 0


def trains(setup: "Setup", module: str, part: str) -> bool:
    """Say whether a module is trained itself; the head of a classifier has names of others."""
    if part == "classification_head":
        return bool(setup["trains_head"])
    return module in setup["trained"]


def _library(library: str) -> "tuple[str, dict[str, tuple[int, ...]]]":
    """Read whose loop it is, and the releases."""
    if not isinstance(library, str):
        raise TypeError(f"library must be a str, not {library!r}")
    releases = dict(RELEASES)
    loop = ""
    for part in library.split(","):
        words = part.split()
        name = words[0] if words else ""
        if not loop:
            loop = _check.choice("library", name, tuple(LOOPS))
        if len(words) > 1:
            numbers = words[1].split("+")[0].split(".")
            release = [int(number) for number in numbers if number.isdigit()]
            releases["torch" if name == "pytorch" else name] = tuple(release)
    return loop, releases


def _classifier(
    config: "Mapping[str, object]", given: "Mapping[str, Any]", method: str
) -> "Mapping[str, object]":
    """Name the class that is trained: a classifier, where labels are spoken of."""
    model = _config.read(config)
    if "num_labels" not in given and method != "head-only" and model["counted"] != "bare model":
        return config
    if model["counted"] in model["family"]["heads"]:
        return config
    for name, what in model["family"]["classes"].items():
        if what in ("sequence-classification", "image-classification"):
            named = dict(config)
            named["architectures"] = [name]
            if "num_labels" in given:
                named["num_labels"] = given["num_labels"]
            return named
    raise ValueError("a model of this type has no classification head")


def _attention(setup: "Setup", given: "Mapping[str, Any]") -> None:
    """Say what computes attention."""
    name = given.get("attn_implementation", "sdpa")
    kind = _ATTENTIONS[_check.choice('training["attn_implementation"]', name, _ATTENTIONS)]
    setup["attention"] = kind


def _quantization(
    setup: "Setup", quantization: "Mapping[str, object] | None", given: "Mapping[str, Any]"
) -> None:
    """Say what is quantized, and in what format the rest is."""
    setup["quantized"] = ()
    setup["prepared"] = False
    setup["stream_size"] = (
        4 if setup["half"] and setup["weight_size"] == 4 else setup["weight_size"]
    )
    if quantization is None:
        return
    bits = _check.keywords("quantization", quantization)
    setup["bits"] = 4 if bits.get("load_in_4bit") else 8
    setup["double"] = bool(bits.get("bnb_4bit_use_double_quant", False))
    setup["quantized"] = tuple(
        dict.fromkeys(m for m, _, _, _, _ in _config.modules(setup["model"], _config.LINEAR))
    )
    setup["weight_size"] = setup["rest_size"] = 2
    setup["prepared"] = bool(given.get("prepare_model_for_kbit_training", setup["loop"] != "trl"))
    if setup["prepared"]:
        setup["weight_size"] = 4
    setup["stream_size"] = setup["weight_size"]


def _lora(setup: "Setup", lora: "Mapping[str, object] | None") -> None:
    """Say what is adapted and what is trained."""
    setup["adapted"] = ()
    setup["adapters"] = []
    setup["trained"] = ()
    setup["r"] = setup["lora_dropout"] = 0
    images = "patch_embedding" in [entry[1] for entry in setup["model"]["inventory"]]
    # PEFT saves the head of a classifier of text by itself.
    setup["trains_head"] = lora is None or not images or bool(lora.get("modules_to_save"))
    setup["adapter_size"] = setup["weight_size"]
    if lora is None:
        every = _config.modules(setup["model"], _config.PARTS)
        setup["trained"] = tuple(m for m, _, _, _, _ in every) if setup["method"] == "full" else ()
        return
    given = _check.keywords("lora", lora)
    setup["r"] = _check.count('lora["r"]', given.get("r", 8))
    linear = _config.modules(setup["model"], _config.LINEAR)
    vocabulary = _config.modules(setup["model"], _config.VOCABULARY)
    targets = given["target_modules"]
    if targets == "all-linear":
        targets = [m for m, _, _, _, _ in linear]
    setup["adapted"] = tuple(targets)
    setup["lora_dropout"] = given.get("lora_dropout", 0)
    if given.get("autocast_adapter_dtype", setup["releases"]["peft"] >= (0, 12)):
        setup["adapter_size"] = 4
    setup["adapters"] = [
        (inputs, outputs, copies)
        for module, inputs, outputs, _, copies in linear + vocabulary
        if module in targets
    ]
    setup["trained"] = tuple(given.get("modules_to_save") or ())
