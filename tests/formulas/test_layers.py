"""What a layer keeps for the backward pass, tensor by tensor, beside what real layers kept."""

from __future__ import annotations

from typing import Any

import pytest

import dlp
from _evidence import records
from dlp import _attention, _autograd, _layers, _losses, _pieces, _training

RECORDS = [each for each in records.records("activations") if each.kind == "saved_by_layer"]
DTYPES = {"fp32": "float32", "bf16": "bfloat16"}


def applies(record: records.Record) -> bool:
    """Leave out what a processor's kernel takes, and none of a GPU does: fp32 and shared keys."""
    inputs = record.inputs
    config = inputs["config"]
    shared = config.get("num_key_value_heads", 0) != config.get("num_attention_heads", 0)
    return not (inputs["attention"] == "sdpa" and inputs["dtype"] == "fp32" and shared)


def setup_of(record: records.Record) -> dict[str, Any]:
    """Read the settings of a recorded layer."""
    inputs = record.inputs
    depth = "n_layer" if inputs["config"]["model_type"] == "gpt2" else "num_hidden_layers"
    lora = None
    if inputs["method"] == "lora":
        names = ("r", "target_modules", "autocast_adapter_dtype")
        lora = {name: inputs[name] for name in names}
    return _training.read(
        dict(inputs["config"], **{depth: 3}),
        {
            "per_device_train_batch_size": inputs["per_device_train_batch_size"],
            "max_length": inputs["sequence_length"],
            "dtype": DTYPES[inputs["dtype"]],
            "attn_implementation": inputs["attention"],
            "use_cache": True,
            "num_labels": 3,
        },
        lora,
        None,
        inputs["method"],
        "transformers",
    )


def kept(record: records.Record) -> dict[str, int]:
    """Give what our layer keeps, with masks and statistics in the format that a processor has."""
    setup = setup_of(record)
    flows = record.inputs["method"] != "head-only"
    run = _pieces.finish(_layers.layer(setup, 2), needs=("x",) if flows else ())
    size = setup["weight_size"]
    found = {}
    for name, held in run["kept"].items():
        if name.endswith(" mask"):
            held *= size  # a GPU keeps one byte
        elif name.endswith("norm statistics"):
            held = held * size // 4  # a GPU keeps fp32
        found[name] = held
    return {name: held for name, held in found.items() if held}


@pytest.mark.parametrize("record", [*filter(applies, RECORDS)], ids=lambda record: record.id)
def test_a_layer_keeps_what_a_real_one_kept(record: records.Record) -> None:
    if record.inputs["gradient_checkpointing"]:
        setup = setup_of(record)
        found = setup["tokens"] * setup["hidden_size"] * setup["stream_size"]
    else:
        found = sum(kept(record).values())
    assert found == record.counted["saved_bytes_per_layer"]


BREAKDOWNS = [each for each in RECORDS if each.breakdown and applies(each)]


@pytest.mark.parametrize("record", BREAKDOWNS, ids=lambda record: record.id)
def test_each_tensor_that_a_layer_keeps_is_one_that_a_real_one_kept(record: records.Record) -> None:
    ours = sorted(
        held for name, held in kept(record).items() if not name.endswith("norm statistics")
    )
    theirs = sorted(
        each["storage_bytes"]
        for each in record.breakdown
        if not (each["module"].startswith("ln_") and each["shape"][-1] == 1)
    )
    assert ours == theirs


def test_there_is_enough_to_compare() -> None:
    assert len([each for each in RECORDS if applies(each)]) > 90
    assert len(BREAKDOWNS) > 25


# --- Views: gradients of parts of a tensor --------------------------------------------------


def test_views_keep_the_storage_that_they_share() -> None:
    program: list[Any] = [
        ("qkv", 30, "linear", ("x",), 0, (0, 0)),
        ("q", 10, "slice", ("qkv",), 0, (0, 0)),
        ("v", 10, "slice", ("qkv",), 0, (0, 0)),
        ("y", 10, "multiply", ("q", "v"), 0, (0, 0)),
    ]
    run = _autograd.run(program, {"x": 10}, needs=("x",))
    assert run["kept"] == {"qkv": 30}
    # The gradient of each slice is as large as the whole; the second is added to the first.
    assert run["backward"] == 30 + 30 + 10


def test_parts_wait_until_they_can_be_put_together() -> None:
    program: list[Any] = [
        ("qkv", 20, "linear", ("x",), 0, (0, 0)),
        ("q", 10, "first part", ("qkv",), 0, (0, 0)),
        ("v", 10, "part", ("qkv",), 0, (0, 0)),
        ("y", 10, "multiply", ("q", "v"), 0, (0, 0)),
    ]
    run = _autograd.run(program, {"x": 10}, needs=("x",))
    # Both gradients of the product beside what came in, or beside the whole that they become.
    assert run["backward"] == 20 + 10 + 10 + 10


def test_a_layer_that_runs_again_stops_when_all_is_kept() -> None:
    program: list[Any] = [
        ("h", 10, "linear", ("x",), 8, (0, 0)),
        ("a", 10, "activation", ("h",), 0, (0, 0)),
        ("y", 100, "linear", ("a",), 8, (0, 0)),
    ]
    run = _autograd.run(program, {"x": 10}, needs=("x",))
    assert run["forward"] == 10 + 10 + 10 + 100
    assert run["again"] == 10 + 10 + 10


# --- Families -------------------------------------------------------------------------------

TINY: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 256,
    "max_position_embeddings": 128,
}
GROUPED = {"num_key_value_heads": 2, "head_dim": 16}
CONFIGS: dict[str, dict[str, Any]] = {
    "llama": GROUPED,
    "mistral": GROUPED,
    "qwen2": {"num_key_value_heads": 2},
    "qwen3": GROUPED,
    "gemma": GROUPED,
    "gemma2": GROUPED,
    "gemma3_text": GROUPED,
    "phi": {},
    "phi3": {"num_key_value_heads": 2},
    "gpt2": {"n_embd": 64, "n_head": 4, "n_layer": 2, "n_positions": 128},
    "gpt_neox": {},
    "opt": {"ffn_dim": 128},
    "bloom": {"n_layer": 2, "n_head": 4},
    "gpt_bigcode": {"n_embd": 64, "n_head": 4, "n_layer": 2, "n_positions": 128},
    "falcon": {},
    "bert": {"type_vocab_size": 2},
    "roberta": {"type_vocab_size": 1},
    "distilbert": {"dim": 64, "n_layers": 2, "n_heads": 4, "hidden_dim": 128},
    "vit": {"image_size": 32, "patch_size": 8, "num_channels": 3},
}
TRAINING = {"per_device_train_batch_size": 2, "max_length": 64, "dtype": "bfloat16"}


def peak(model_type: str, **changes: Any) -> dlp.peak.Peak:
    """Give the peak of a small model of a family."""
    config = dict(TINY, model_type=model_type, **CONFIGS[model_type])
    training = dict(TRAINING, **changes.pop("training", {}))
    return dlp.peak_memory(config=config, training=training, **changes)


@pytest.mark.parametrize("model_type", CONFIGS)
def test_training_the_head_alone_keeps_nothing_of_the_layers(model_type: str) -> None:
    found = peak(model_type, method="head-only", training={"num_labels": 3})["moments"]
    assert "activations" not in found["backward end"]
    whole = peak(model_type, method="full", training={"num_labels": 3})["moments"]
    assert found["update"]["gradients"] < whole["update"]["gradients"] / 10
    assert found["loss backward"].get("activations", 0) == 0


@pytest.mark.parametrize("model_type", CONFIGS)
def test_each_family_keeps_more_without_checkpoints(model_type: str) -> None:
    training = {"num_labels": 3, "attn_implementation": "eager"}
    plain = peak(model_type, training=training)["moments"]["loss backward"]
    less = peak(model_type, training=dict(training, gradient_checkpointing=True))
    assert less["moments"]["loss backward"]["activations"] < plain["activations"]


@pytest.mark.parametrize("config", [dlp.MIXTRAL_8X7B, dlp.FLAN_T5_BASE], ids=["Mixtral", "T5"])
def test_a_family_without_a_trace_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="known tensor by tensor"):
        dlp.peak_memory(config=config, training=TRAINING)


@pytest.mark.parametrize("model_type", ["qwen3", "gemma3_text", "gpt_bigcode"])
def test_a_release_that_has_no_such_family_is_refused(model_type: str) -> None:
    with pytest.raises(ValueError, match=r"4\.48"):
        peak(model_type, library="transformers 4.48.3")


def test_an_activation_function_that_is_not_known_is_refused() -> None:
    config = dict(TINY, model_type="llama", hidden_act="mish", **GROUPED)
    with pytest.raises(ValueError, match="activation function must be one of silu"):
        dlp.peak_memory(config=config, training=TRAINING)


def test_a_window_gives_its_layers_a_mask() -> None:
    config = dict(TINY, model_type="mistral", sliding_window=32, **GROUPED)
    windowed = dlp.peak_memory(config=config, training=TRAINING)
    config["sliding_window"] = 4096
    plain = dlp.peak_memory(config=config, training=TRAINING)
    held = [each["moments"]["loss backward"]["activations"] for each in (windowed, plain)]
    # Keys and values are repeated for each query head, and the mask is one of numbers.
    tokens, layers = 2 * 64, 2
    assert held[0] - held[1] == layers * tokens * 2 * (2 * 32 + 64)


def test_the_head_of_a_decoder_gives_logits_to_all_tokens() -> None:
    config = dict(TINY, model_type="llama", **GROUPED)
    setup = _training.read(config, dict(TRAINING, num_labels=3), None, None, "full", "transformers")
    sizes = {step[0]: step[1] for step in _losses.head(setup)["steps"]}
    assert sizes["logits"] == 2 * 64 * 3 * 2
    assert sizes["last logits"] == 2 * 3 * 2


def over_tokens(model_type: str, **changes: Any) -> dict[str, Any]:
    """Give the config of a small model with a head over tokens."""
    classes = dlp.FAMILIES[model_type]()["classes"]
    name = next(name for name, task in classes.items() if task == "token-classification")
    named: dict[str, Any] = {"model_type": model_type, "architectures": [name], "num_labels": 3}
    return TINY | CONFIGS[model_type] | named | changes


@pytest.mark.parametrize(
    ("config", "drops"),
    [
        (over_tokens("llama"), True),
        (over_tokens("llama", hidden_dropout=0.0), False),
        (over_tokens("llama", hidden_dropout=0.0, classifier_dropout=0.2), True),
        (over_tokens("llama", hidden_dropout=0.2, classifier_dropout=0.0), False),
        (over_tokens("gpt2", resid_pdrop=0.0), True),
        (over_tokens("gpt_neox", hidden_dropout=0.0), True),
        (over_tokens("gpt_neox", classifier_dropout=0.0), False),
        (over_tokens("bloom"), False),
        (over_tokens("bloom", hidden_dropout=0.1), True),
        (over_tokens("falcon", attention_dropout=0.1, parallel_attn=False), False),
        (over_tokens("falcon", hidden_dropout=0.1), True),
        (over_tokens("bert"), True),
        (over_tokens("bert", hidden_dropout_prob=0.0), False),
        (over_tokens("roberta", hidden_dropout_prob=0.0, classifier_dropout=0.1), True),
        (over_tokens("distilbert", seq_classif_dropout=0.0), True),
        (over_tokens("distilbert", dropout=0.0, classifier_dropout=0.1), False),
    ],
)
def test_a_head_over_tokens_drops_as_its_class_does(config: dict[str, Any], drops: bool) -> None:
    setup = _training.read(config, TRAINING, None, None, None, "transformers")
    sizes = {step[0]: step[1] for step in _losses.head(setup)["steps"]}
    assert sizes.get("classifier mask", 0) == (2 * 64 * 64 if drops else 0)


@pytest.mark.parametrize(
    ("model_type", "widened"),
    [("llama", True), ("gpt_neox", True), ("gpt2", False), ("bert", False), ("bloom", False)],
)
def test_logits_over_tokens_are_widened_as_their_class_does(model_type: str, widened: bool) -> None:
    setup = _training.read(over_tokens(model_type), TRAINING, None, None, None, "transformers")
    sizes = {step[0]: step[1] for step in _losses.head(setup)["steps"]}
    assert sizes["logits"] == 2 * 64 * 3 * 2
    assert ("wide logits" in sizes) == widened


def test_a_chance_of_dropping_is_a_number() -> None:
    with pytest.raises(TypeError, match=r'config\["classifier_dropout"\] must be a number'):
        dlp.peak_memory(config=over_tokens("llama", classifier_dropout="0.1"), training=TRAINING)


def test_labels_of_tokens_are_as_many_as_they() -> None:
    inputs = dlp.peak_memory(config=over_tokens("bert"), training=TRAINING)["moments"]["update"]
    assert inputs["inputs"] == 8 * 2 * (2 * 64)


def test_a_picture_has_no_length_though_its_patches_have_one_value() -> None:
    config = TINY | {"model_type": "vit", "image_size": 8, "patch_size": 1, "num_channels": 1}
    training = {"per_device_train_batch_size": 2, "num_labels": 3}
    held = dlp.peak_memory(config=config, training=training)["moments"]["update"]
    assert held["inputs"] == 2 * (4 * 8 * 8 + 8)


@pytest.mark.parametrize("model_type", ["bert", "roberta"])
def test_an_mlp_may_be_no_wider_than_the_stream(model_type: str) -> None:
    config = TINY | CONFIGS[model_type] | {"model_type": model_type, "intermediate_size": 64}
    setup = _training.read(config, TRAINING, None, None, None, "transformers")
    names = [step[0] for step in _layers.layer(setup, 0)["steps"]]
    assert names.index("up") < names.index("active") < names.index("down")
    ledger = dlp.memory_ledger(config=config, training=TRAINING | {"num_labels": 3})
    assert ledger["full"]["total"] > ledger["head-only"]["total"]


SHARED = {"per_device_train_batch_size": 2, "max_length": 64, "dtype": "bfloat16"}
ROTARY = 2 * 64 * 128 * 2  # cosines and sines of Llama 3 8B


KINDS = ["full_attention", "sliding_attention"] * 4


@pytest.mark.parametrize(
    ("family", "changes", "windows"),
    [
        ("gemma2", {}, [0, 2, 4, 6]),
        ("gemma3_text", {}, [0, 1, 2, 3, 4, 6, 7]),
        ("gemma3_text", {"sliding_window_pattern": 3}, [0, 1, 3, 4, 6, 7]),
        ("qwen2", {}, []),
        ("qwen2", {"use_sliding_window": True}, []),  # from the 28th layer on
        ("qwen2", {"use_sliding_window": True, "max_window_layers": 6}, [6, 7]),
        ("qwen2", {"max_window_layers": 6}, []),
        ("mistral", {}, list(range(8))),
        ("gemma2", {"sliding_window": 200}, []),  # which no text exceeds
        ("gemma3_text", {"layer_types": KINDS}, [1, 3, 5, 7]),
    ],
)
def test_layers_that_look_back_over_a_window(
    family: str, changes: dict[str, Any], windows: list[int]
) -> None:
    config = {
        "model_type": family,
        "hidden_size": 64,
        "num_hidden_layers": 8,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "intermediate_size": 96,
        "vocab_size": 100,
        "sliding_window": 32,
    }
    one = _training.read(config | changes, SHARED, None, None, None, "transformers")
    assert [place for place in range(8) if _attention.sliding(one, place)] == windows


@pytest.mark.parametrize(
    ("changes", "turned"),
    [
        ({}, 0.25),
        ({"rotary_pct": 0.5}, 0.5),
        ({"partial_rotary_factor": 0.75}, 0.75),
        ({"rope_parameters": {"partial_rotary_factor": 1.0}}, 1.0),
    ],
)
def test_the_share_of_a_head_that_turns(changes: dict[str, Any], turned: float) -> None:
    config = {
        "model_type": "gpt_neox",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 96,
        "vocab_size": 100,
    }
    one = _training.read(config | changes, SHARED, None, None, None, "transformers")
    assert _layers.form(one)["turned"] == turned


@pytest.mark.parametrize(
    ("config", "training", "num_bytes"),
    [
        (dlp.LLAMA_3_8B, {}, ROTARY),
        (dlp.LLAMA_3_8B, {"gradient_checkpointing": True}, ROTARY),  # no mask is made
        # Of booleans for each sample, or of numbers where attention is written out.
        (
            dlp.LLAMA_3_8B,
            {"gradient_checkpointing": True, "attention_mask": True},
            ROTARY + 2 * 64**2,
        ),
        (
            dlp.LLAMA_3_8B,
            {"gradient_checkpointing": True, "attn_implementation": "eager"},
            ROTARY + 2 * 2 * 64**2,
        ),
        (
            dlp.LLAMA_3_8B,
            {"gradient_checkpointing": True, "attn_implementation": "flash_attention_2"},
            ROTARY,
        ),
        (dlp.GPT2, {"gradient_checkpointing": True}, 0),
        (dlp.BERT_BASE, {"gradient_checkpointing": True, "attn_implementation": "eager"}, 0),
    ],
)
def test_what_all_layers_are_given(
    config: dict[str, Any], training: dict[str, Any], num_bytes: int
) -> None:
    setup = _training.read(config, SHARED | training, None, None, None, "transformers")
    assert _layers.shared(setup) == num_bytes


@pytest.mark.parametrize(
    ("size", "float16", "moment", "later"),
    [
        # Eight rows from 64 to 16 values: rounding makes a copy in fp16, whole numbers, absolute
        # values and what is above, before there is a result. The weight is made when it goes back.
        (2, True, 8 * (4 * 64 - 2 * 16), 2 * 64 * 16),
        (2, False, 8 * (6 * 64 - 2 * 16), 2 * 64 * 16),
        (4, True, 8 * (6 * 64 - 4 * 16), 4 * 64 * 16),
    ],
)
def test_a_layer_of_int8_rounds_its_input(
    size: int, float16: bool, moment: int, later: int
) -> None:
    one = _pieces.piece({"tokens": 8, "float16": float16}, 64, size)
    _pieces._in_int8(one, "out", "x", 16)
    assert one["steps"] == [("out", 8 * 16 * size, "kept product", ("x",), 0, (moment, later))]


def test_a_wide_layer_of_int8_makes_whole_numbers_of_32_bits() -> None:
    one = _pieces.piece({"tokens": 8, "float16": True}, 64, 2)
    _pieces._in_int8(one, "out", "x", 256)
    assert one["steps"][0][5] == (8 * (64 + 4 * 256), 2 * 64 * 256)


def test_the_last_layer_is_shown_and_not_the_first() -> None:
    lora = {"r": 8, "target_modules": ["q_proj"]}
    config = dlp.LLAMA_3_8B
    last = dlp.saved_activations(
        config=config, training=SHARED, lora=lora | {"layers_to_transform": [31]}
    )
    first = dlp.saved_activations(
        config=config, training=SHARED, lora=lora | {"layers_to_transform": [30]}
    )
    assert any("adapter" in name for name in last)
    assert not any("adapter" in name for name in first)
