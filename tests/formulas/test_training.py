"""The settings of a run: every name that libraries know is known, and what is read is checked."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from typing import Any

import pytest

import dlp
from dlp import _lora, _names, _training
from tests.formulas.small_run import CONFIG, LORA, NF4, TRAINING


def setup(
    training: dict[str, Any] | None = None,
    lora: dict[str, Any] | None = None,
    quantization: dict[str, Any] | None = None,
    library: str = "transformers",
    config: dict[str, Any] = CONFIG,
) -> dict[str, Any]:
    """Read the settings of a run."""
    given = TRAINING | (training or {})
    return _training.read(config, given, lora, quantization, None, library)


# --- Names -----------------------------------------------------------------------------------


@pytest.mark.libraries
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("transformers", "TrainingArguments"),
        ("trl", "SFTConfig"),
        ("trl", "DPOConfig"),
        ("trl", "GRPOConfig"),
    ],
)
def test_every_training_argument_is_known(module: str, name: str) -> None:
    known = {*_training.TRAINING_NAMES}
    fields = dataclasses.fields(getattr(importlib.import_module(module), name))
    assert [field.name for field in fields if field.name not in known] == []


@pytest.mark.libraries
def test_every_name_of_adapters_and_of_bits_is_known() -> None:
    lora = dataclasses.fields(importlib.import_module("peft").LoraConfig)
    assert [each.name for each in lora if each.name not in _lora.NAMES] == []
    bits = inspect.signature(importlib.import_module("transformers").BitsAndBytesConfig)
    named = [name for name in bits.parameters if name != "kwargs"]
    assert [name for name in named if name not in _training.BITS_NAMES] == []


def test_no_name_stands_twice() -> None:
    for names in (_training.TRAINING_NAMES, _lora.NAMES, _training.BITS_NAMES):
        assert len(names) == len(set(names))


def test_what_changes_no_byte_is_ignored() -> None:
    assert setup({name: object() for name in _names.IGNORED}) == setup()


def test_none_is_what_the_library_does() -> None:
    assert setup(dict.fromkeys(["optim", "gradient_checkpointing", "bf16"])) == setup()


@pytest.mark.parametrize(
    ("training", "near"),
    [
        ({"gradient_checkpoint": True}, "gradient_checkpointing"),
        ({"per_device_batch_size": 2}, "per_device_eval_batch_size"),
        ({"max_len": 2}, "max_length"),
        ({"mxlngt": 2}, "max_length"),
        ({"model_init_kwargs": {"attn_implementaton": "sdpa"}}, "attn_implementation"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(training: dict[str, Any], near: str) -> None:
    with pytest.raises(ValueError, match=f"must have names .*did you mean '{near}'"):
        setup(training)


def test_an_optimizer_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"not 'adamw_trch'; did you mean 'adamw_torch'\?$"):
        setup({"optim": "adamw_trch"})
    with pytest.raises(ValueError, match=r"not 'x'$"):
        setup({"optim": "x"})


def test_one_setting_under_two_names_is_said_once() -> None:
    assert setup({"dtype": "bf16", "torch_dtype": "bf16"}) == setup({"dtype": "bf16"})
    with pytest.raises(ValueError, match=r'training\["torch_dtype"\] must be left out, or as'):
        setup({"torch_dtype": "fp32", "dtype": "bf16"})


@pytest.mark.parametrize("name", ["foo", "max_length" + "h" * 50 + "optim", "maxlenxxxx"])
def test_no_name_is_suggested_that_is_not_near_and_sixty_letters_are_shown(name: str) -> None:
    with pytest.raises(ValueError, match=f"not '{name[:60]}'$"):
        setup({name: 1})


@pytest.mark.parametrize("name", list(_names.REFUSED))
def test_what_is_not_known_to_the_byte_is_refused_if_it_is_on(name: str) -> None:
    assert setup({name: False}) == setup()
    with pytest.raises(ValueError, match=rf'training\["{name}"\] must be left out: '):
        setup({name: 1})


@pytest.mark.parametrize("name", _lora.MEANINGLESS)
def test_what_peft_always_writes_is_refused_if_it_means_something(name: str) -> None:
    assert setup(lora=LORA | {name: 16}) == setup(lora=LORA)
    with pytest.raises(ValueError, match=r"lora\[.* must be left out"):
        setup(lora=LORA | {name: 16, _lora.MEANINGLESS[name]: True})


@pytest.mark.parametrize("name", [n for n in _training.LORA_REFUSED if n not in _lora.MEANINGLESS])
def test_adapters_of_other_kinds_are_refused(name: str) -> None:
    assert setup(lora=LORA | {name: None}) == setup(lora=LORA)
    with pytest.raises(ValueError, match=rf'lora\["{name}"\] must be left out'):
        setup(lora=LORA | {name: True})


@pytest.mark.parametrize("name", _training._UNKNOWN)
def test_a_layer_that_is_not_known_is_refused(name: str) -> None:
    assert setup(config=CONFIG | {name: False})["num_hidden_layers"] == 32
    with pytest.raises(ValueError, match=rf'config\["{name}"\] must be false'):
        setup(config=CONFIG | {name: True})


@pytest.mark.parametrize(
    ("options", "known"),
    [
        ({}, True),
        ({"use_reentrant": False, "preserve_rng_state": True}, True),
        ({"every_n_layers": 1, "offload": False}, True),
        ({"every_n_layers": 2}, False),
        ({"offload": True}, False),
        ({"context_fn": "selective"}, False),
    ],
)
def test_checkpoints_of_another_kind_are_refused(options: dict[str, Any], known: bool) -> None:
    given = {"gradient_checkpointing": True, "gradient_checkpointing_kwargs": options}
    if known:
        assert setup(given)["gradient_checkpointing"]
        return
    with pytest.raises(ValueError, match="gradient_checkpointing_kwargs"):
        setup(given)


def test_how_a_model_was_quantized_is_read_from_its_config() -> None:
    stored = CONFIG | {"quantization_config": NF4 | {"quant_method": "bitsandbytes"}}
    by_argument = setup(lora=LORA, quantization=NF4) | {"config": None}
    assert setup(lora=LORA, config=stored) | {"config": None} == by_argument
    other = CONFIG | {"quantization_config": {"quant_method": "gptq", "bits": 4}}
    with pytest.raises(ValueError, match=r"quant_method.* must be bitsandbytes for a step"):
        setup(lora=LORA, config=other)


@pytest.mark.parametrize(
    ("library", "objective", "batches"),
    [
        ("transformers", "sft", 4),
        ("trl", "sft", 4),
        ("trl", "dpo", 4),
        ("transformers 4.46", "sft", 4),
        ("transformers 4.45.2", "sft", 1),
        ("pytorch", "sft", 1),
        ("torchtune", "sft", 1),
    ],
)
def test_a_trainer_takes_all_batches_of_a_window_first(
    library: str, objective: str, batches: int
) -> None:
    given: dict[str, Any] = {"training": TRAINING, "library": library, "objective": objective}
    one = dlp.peak_memory(config=CONFIG, **given)["moments"]["update"]["inputs"]
    given["training"] = TRAINING | {"gradient_accumulation_steps": 4}
    four = dlp.peak_memory(config=CONFIG, **given)["moments"]["update"]["inputs"]
    assert four == batches * one


def test_a_config_may_say_that_there_is_no_cache() -> None:
    older, without = "transformers 4.48.3", CONFIG | {"use_cache": False}
    assert setup(library=older)["use_cache"]
    assert not setup(library=older, config=without)["use_cache"]
    assert setup({"use_cache": True}, library=older, config=without)["use_cache"]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        *(("float32", 4), ("fp32", 4), ("float", 4), ("float16", 2), ("fp16", 2), ("half", 2)),
        *(("bfloat16", 2), ("bf16", 2), ("torch.bfloat16", 2)),
    ],
)
def test_formats_have_their_names(name: str, size: int) -> None:
    assert setup({"dtype": name})["weight_size"] == size


def test_a_rank_that_is_left_out_is_8() -> None:
    lora = {"target_modules": ["q_proj"]}
    assert setup({}, lora)["adapted"] == {"q_proj": 8}


@pytest.mark.parametrize("window", [1, 2, 63, 64])
def test_a_window_that_a_text_fills_has_a_mask_however_short(window: int) -> None:
    config = dlp.MISTRAL_7B | {"sliding_window": window}
    training: Any = TRAINING | {"gradient_checkpointing": True}
    masked = dlp.peak_memory(config=config, training=training)["moments"]["forward end"]
    free = dlp.peak_memory(config=config | {"sliding_window": 65}, training=training)
    assert sum(masked.values()) - sum(free["moments"]["forward end"].values()) == 64**2


def test_each_channel_of_a_picture_takes_as_much_as_another() -> None:
    def held(channels: int) -> int:
        config = dlp.VIT_BASE | {"patch_size": 1, "image_size": 8, "num_channels": channels}
        config["architectures"] = ["ViTForImageClassification"]
        training: Any = {"per_device_train_batch_size": 1, "dtype": "bfloat16"}
        moments = dlp.peak_memory(config=config, training=training)["moments"]
        return sum(moments["forward end"].values())

    assert held(3) - held(2) == held(4) - held(3) > 0


def test_what_lora_cannot_adapt_is_refused() -> None:
    with pytest.raises(ValueError, match=r"layers_to_transform.* must be from 0 to 31, not 32"):
        setup(lora=LORA | {"layers_to_transform": [32]})
    with pytest.raises(ValueError, match="must not have the embedding"):
        setup(lora={"r": 8, "target_modules": ["embed_tokens", "q_proj"]})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bias": "some"}, r'^lora\["bias"\] must be one of none'),
        ({"use_dora": 1}, r'^lora\["use_dora"\] must be True or False'),
        ({"rank_pattern": {"q_proj": 0}}, r'^lora\["rank_pattern"\]\["q_proj"\] must be from 1'),
        ({"rank_pattern": {1: 1}}, r'^a key of lora\["rank_pattern"\] must be a str'),
        ({"modules_to_save": 5}, r'^lora\["modules_to_save"\] must be a list of str'),
        ({"modules_to_save": "lm_head"}, r'^lora\["modules_to_save"\] must be a list of str'),
        ({"peft_type": "VERA", "d_initial": 0.1}, r'^lora\["peft_type"\] must be one of LORA'),
        ({"target_modules": "all-linear", "layers_to_transform": []}, "must be left out when"),
        # PEFT makes a copy of the embedding all the same.
        ({"trainable_token_indices": []}, r'^lora\["trainable_token_indices"\] must be left out'),
    ],
)
def test_what_is_wrong_with_adapters_is_said_by_its_name(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        setup(lora=LORA | changes)


def test_adapters_are_where_peft_has_them_if_nothing_is_said() -> None:
    """In the queries and values of Llama, and in all layers."""
    usual = setup(lora={"r": 8, "target_modules": ["q_proj", "v_proj"]})
    assert setup(lora={"r": 8}) == usual
    assert setup(lora={"r": 8, "target_modules": None, "layers_to_transform": None}) == usual
    assert setup(lora=LORA | {"layers_to_transform": []}) == setup(lora=LORA)
    with pytest.raises(ValueError, match=r'^lora must have "target_modules"'):
        setup(lora={"r": 8}, library="torchtune")


def test_what_is_adapted_is_not_saved_whole_too() -> None:
    for targets in (["q_proj", "v_proj"], "all-linear"):
        with pytest.raises(ValueError, match=r'lora\["modules_to_save"\] must be one of .*lm_head'):
            setup(lora=LORA | {"target_modules": targets, "modules_to_save": ["q_proj"]})
    whole = {"target_modules": "all-linear", "modules_to_save": ["lm_head"]}
    assert setup(lora=LORA | whole)["trained"] == {"lm_head"}


@pytest.mark.parametrize("name", ["w1", "w2", "gate"])
def test_experts_have_no_rank_of_their_own(name: str) -> None:
    targets = ["q_proj", "w1", "w2", "w3", "gate"]
    lora = LORA | {"target_modules": targets, "rank_pattern": {name: 3}}
    with pytest.raises(ValueError, match=f"must not be {name}: experts and routers keep"):
        setup(lora=lora, config=dlp.MIXTRAL_8X7B)


def test_trl_quantizes_since_a_release() -> None:
    assert setup(lora=LORA, quantization=NF4, library="trl 0.26")["bits"] == 4
    with pytest.raises(ValueError, match="quantization must be None with trl before"):
        setup(lora=LORA, quantization=NF4, library="trl 0.25.1")


@pytest.mark.parametrize(("decay", "decays"), [(0.0, False), (0.01, True)])
def test_a_decay_is_one_above_zero(decay: float, decays: bool) -> None:
    assert setup({"weight_decay": decay})["decays"] is decays


def test_a_layer_that_is_named_twice_is_adapted_once() -> None:
    once = setup(lora=LORA | {"layers_to_transform": [0, 1]})
    assert setup(lora=LORA | {"layers_to_transform": [0, 0, 1]}) == once


# --- What is read ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("torch.bfloat16", 2),
        ("bf16", 2),
        ("float16", 2),
        ("half", 2),
        ("torch.float32", 4),
        ("float", 4),
    ],
)
def test_formats_have_many_spellings(name: str, size: int) -> None:
    assert setup({"dtype": name})["weight_size"] == size
    assert setup({"dtype": None, "torch_dtype": name})["weight_size"] == size
    assert setup({"dtype": None, "model_init_kwargs": {"dtype": name}})["weight_size"] == size


@pytest.mark.parametrize(
    ("library", "saved", "size"),
    [
        ("transformers", {}, 4),
        ("transformers", {"dtype": "bfloat16"}, 2),
        ("transformers", {"torch_dtype": "float16"}, 2),
        ("transformers 4.48.3", {"torch_dtype": "float16"}, 4),
        ("trl", {"dtype": "bfloat16"}, 4),
    ],
)
def test_weights_are_loaded_as_saved_since_release_5(
    library: str, saved: dict[str, str], size: int
) -> None:
    config = {key: value for key, value in CONFIG.items() if "dtype" not in key} | saved
    assert setup({"dtype": None}, library=library, config=config)["weight_size"] == size


@pytest.mark.parametrize(
    ("library", "optim"),
    [
        ("transformers", "adamw_torch_fused"),
        ("transformers 4.48.3", "adamw_torch"),
        ("transformers, torch 2.7.1", "adamw_torch"),
        ("trl", "adamw_torch_fused"),
        ("pytorch", "adamw_torch"),
    ],
)
def test_the_optimizer_of_a_release(library: str, optim: str) -> None:
    assert setup(library=library)["optim"] == optim


def test_an_old_name_of_adafactor() -> None:
    assert setup({"adafactor": True})["optim"] == "adafactor"


@pytest.mark.parametrize(
    ("library", "training", "cached"),
    [
        ("transformers", {}, False),
        ("transformers 4.48.3", {}, True),
        ("transformers 4.48.3", {"gradient_checkpointing": True}, False),
        ("pytorch", {}, True),
        ("pytorch", {"use_cache": False}, False),
    ],
)
def test_who_makes_a_cache(library: str, training: dict[str, Any], cached: bool) -> None:
    assert setup(training, library=library)["use_cache"] is cached


def test_kbit_preparation_widens_the_rest_and_checkpoints() -> None:
    prepared = setup({"prepare_model_for_kbit_training": True}, LORA, NF4)
    assert prepared["weight_size"] == 4
    assert prepared["gradient_checkpointing"]
    kept = {"prepare_model_for_kbit_training": True, "gradient_checkpointing": False}
    assert not setup(kept, LORA, NF4)["gradient_checkpointing"]
    assert setup({}, LORA, NF4)["weight_size"] == 2


def test_the_adapters_of_trl_on_a_quantized_model_have_16_bits() -> None:
    assert setup({}, LORA, NF4, "trl")["adapter_size"] == 2
    assert setup({}, LORA, NF4)["adapter_size"] == 4
    assert setup({}, LORA, None, "transformers, peft 0.11.1")["adapter_size"] == 2


@pytest.mark.parametrize(
    ("training", "error", "named"),
    [
        ({"dtype": "int4"}, ValueError, "dtype"),
        ({"dtype": 2}, TypeError, "dtype"),
        ({"bf16": "yes"}, TypeError, "bf16"),
        ({"bf16": True, "fp16": True}, ValueError, "bf16"),
        ({"max_length": 0}, ValueError, "max_length"),
        ({"per_device_train_batch_size": 1.0}, TypeError, "per_device_train_batch_size"),
        ({"gradient_accumulation_steps": 0}, ValueError, "gradient_accumulation_steps"),
        ({"attn_implementation": "paged"}, ValueError, "attn_implementation"),
        ({"optim": "galore_adamw"}, ValueError, "optim"),
        ({"optim_args": 3}, TypeError, "optim_args"),
        ({"loss": "none"}, ValueError, "loss"),
        ({"max_grad_norm": "1"}, TypeError, "max_grad_norm"),
        ({"weight_decay": -1}, ValueError, "weight_decay"),
        ({"use_cache": 1}, TypeError, "use_cache"),
        ({"num_layers_unfrozen": 99}, ValueError, "num_layers_unfrozen"),
        ({"gradient_checkpointing_kwargs": 1}, TypeError, "gradient_checkpointing_kwargs"),
    ],
)
def test_what_is_read_is_checked(
    training: dict[str, Any], error: type[Exception], named: str
) -> None:
    with pytest.raises(error, match=rf'training\["{named}"\]'):
        setup(training)


def test_dora_beside_quantized_weights_is_refused() -> None:
    with pytest.raises(ValueError, match="use_dora"):
        setup({}, LORA | {"use_dora": True}, NF4)


@pytest.mark.parametrize(
    ("bits", "named"),
    [
        ({}, "load_in_4bit"),
        ({"load_in_4bit": True, "load_in_8bit": True}, "load_in_4bit"),
        (NF4 | {"bnb_4bit_quant_type": "int4"}, "bnb_4bit_quant_type"),
        (NF4 | {"bnb_4bit_compute_dtype": "int8"}, "bnb_4bit_compute_dtype"),
        (NF4 | {"llm_int8_skip_modules": ["proj"]}, "llm_int8_skip_modules"),
        ({"load_in_4bits": True}, "load_in_4bit"),
        ({"load_in_8bit": True, "llm_int8_has_fp16_weight": True}, "llm_int8_has_fp16_weight"),
    ],
)
def test_what_is_said_of_bits_is_checked(bits: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        setup({}, LORA, bits)


# --- LLM.int8() --------------------------------------------------------------------------------


def kept(training: dict[str, Any], quantization: dict[str, Any] | None) -> int:
    """Give what layers keep at the end of the forward pass."""
    step = dlp.peak_memory(
        config=CONFIG, training=TRAINING | training, lora=LORA, quantization=quantization
    )
    return step["moments"]["loss backward"]["activations"]


def test_a_checkpoint_does_not_free_what_layers_of_8_bits_hold() -> None:
    eight: dict[str, Any] = {"load_in_8bit": True}
    checkpointed = {"gradient_checkpointing": True}
    inputs = kept(checkpointed, eight) - kept(checkpointed, None)
    # What the seven matrices of a layer were given: both norms' results, attention's and the MLP's.
    tokens, layers = 2 * 64, CONFIG["num_hidden_layers"]
    wide = 3 * CONFIG["hidden_size"] + CONFIG["intermediate_size"]
    assert inputs == 2 * tokens * layers * wide
    reentrant = checkpointed | {"gradient_checkpointing_kwargs": {"use_reentrant": True}}
    assert kept(reentrant, eight) == kept(reentrant, None)


def test_a_weight_in_8_bits_has_a_scale_a_row() -> None:
    bits = {"load_in_8bit": True, "llm_int8_skip_modules": ["q_proj"]}
    step = dlp.peak_memory(config=CONFIG, training=TRAINING, lora=LORA, quantization=bits)
    whole = dlp.peak_memory(
        config=CONFIG, training=TRAINING, lora=LORA, quantization={"load_in_8bit": True}
    )
    hidden, layers = CONFIG["hidden_size"], CONFIG["num_hidden_layers"]
    more = step["moments"]["update"]["weights"] - whole["moments"]["update"]["weights"]
    assert more == layers * (hidden * hidden - 4 * hidden)


def test_a_class_that_answers_questions_is_refused() -> None:
    asked = {**dlp.LLAMA_2_7B, "architectures": ["LlamaForQuestionAnswering"]}
    assert dlp.parameter_count(config=asked) == 6_607_343_616 + 2 * 4096 + 2
    with pytest.raises(ValueError, match=r'config\["architectures"\] must not name a class that'):
        setup(config=asked)


def test_adapters_of_which_half_is_trained_are_refused() -> None:
    with pytest.raises(ValueError, match=r'lora\["init_lora_weights"\] must not be \'mica\''):
        setup(lora=LORA | {"init_lora_weights": "mica"})
