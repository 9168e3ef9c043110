"""What optimizers keep and make: against real optimizers, and against tensors counted by hand."""

from __future__ import annotations

import pytest

import dlp
from _evidence.records import Record, records
from dlp import _optimizers

RECORDED = [
    record
    for record in records("states")
    if record.kind == "model_state" and record.inputs["config"]["model_type"] == "llama"
]

# What the recorder's optimizers are called in `TrainingArguments`.
CALLED = {
    "sgd": ("sgd", ""),
    "sgd-momentum": ("sgd", "momentum=0.9"),
    "adamw": ("adamw_torch", ""),
    "adamw-8bit": ("adamw_bnb_8bit", ""),
}

# Seven matrices in each of eight layers, and the embedding; two adapters of two in each layer; the
# head of a classifier is too small.
IN_8_BITS = {"full": 7 * 8 + 1, "lora": 2 * 2 * 8, "head-only": 0}

# A matrix of 64 by 128 and a vector, both in 16 bits; a small one stays out of 8 bits.
MATRIX, VECTOR, SMALL = (64, 128, 2, 1), (1, 64, 2, 1), (2, 64, 2, 3)
VALUES = 64 * 128


@pytest.mark.parametrize("record", RECORDED, ids=lambda record: record.id)
def test_states_are_those_of_real_optimizers(record: Record) -> None:
    inputs, counted = record.inputs, record.counted
    method = inputs["method"]
    optim, arguments = CALLED[inputs["optimizer"]]
    lora = {"r": 8, "target_modules": ["q_proj", "v_proj"]} if method == "lora" else None
    step = dlp.peak_memory(
        config=inputs["config"],
        training={
            "per_device_train_batch_size": 4,
            "max_length": 16,
            "num_labels": 3,
            "optim": optim,
            "optim_args": arguments,
        },
        lora=lora,
        method=method,
    )
    expected = counted["optimizer_bytes"] + counted["quantization_constant_bytes"]
    if inputs["optimizer"] == "adamw-8bit":
        # All tensors in 8 bits share two tables, which were counted with each of them.
        expected -= max(IN_8_BITS[method] - 1, 0) * 2 * 4 * 256
    assert step["moments"]["update"].get("optimizer", 0) == expected
    assert step["moments"]["update"]["gradients"] == counted["gradient_bytes"]


@pytest.mark.parametrize(
    ("optim", "states", "made"),
    [
        ("adamw_torch", 2 * 2 * (VALUES + 64), 2 * (VALUES + 64)),
        ("adamw_torch_fused", 2 * 2 * (VALUES + 64), 0),
        ("adamw_hf", 2 * 2 * (VALUES + 64), 2 * VALUES),
        ("paged_adamw_32bit", 2 * 4 * (VALUES + 64), 0),  # too small to be paged
        ("lion_8bit", VALUES + 4 * 32 + 4 * 64 + 1024, 0),
        ("ademamix_8bit", 3 * (VALUES + 4 * 32 + 4 * 64) + 2048, 0),
        ("adamw_torch_8bit", 2 * (VALUES + 4 * 32 + 1024 + 2 * 64), 0),
        ("adamw_torch_4bit", 2 * (VALUES // 2 + 4 * 64 + 64 + 2 * 64), 0),
        ("adagrad", 2 * (VALUES + 64), 2 * 2 * (VALUES + 64)),
        ("rmsprop", 2 * (VALUES + 64), 2 * (VALUES + 64)),
        ("adafactor", 4 * (64 + 128 + 64), 4 * 4 * VALUES),
        ("sgd", 0, 0),
        # An update, two matrices in 16 bits, and two of their products with themselves.
        ("muon", 2 * VALUES + 2 * 2 * 64, 2 * 3 * VALUES + 2 * 2 * 64 * 64),
    ],
)
def test_states_and_updates_of_a_matrix_and_a_vector(optim: str, states: int, made: int) -> None:
    assert _optimizers.states(optim, [MATRIX, VECTOR]) == states
    assert _optimizers.working(optim, [MATRIX, VECTOR]) == made


def test_small_tensors_stay_out_of_8_bits() -> None:
    assert _optimizers.states("adamw_8bit", [SMALL]) == 3 * 2 * 4 * 128
    assert _optimizers.states("adamw_torch_8bit", [SMALL]) == 3 * 2 * 2 * 128


def test_paged_states_lie_elsewhere_but_for_their_scales() -> None:
    large = (400, 256, 2, 1)
    assert _optimizers.states("paged_adamw", [large]) == 0
    assert _optimizers.states("paged_adamw_8bit", [large]) == 2 * 4 * 400 + 2048
    assert _optimizers.states("paged_adamw", [(399, 250, 2, 1)]) == 2 * 4 * 399 * 250


LARGE = (400, 256, 2, 1)


@pytest.mark.parametrize("optim", _optimizers.NAMES)
def test_paged_states_alone_lie_elsewhere(optim: str) -> None:
    two = _optimizers.states(optim, [LARGE, LARGE]) - _optimizers.states(optim, [LARGE])
    kind = {"adamw": 2, "ademamix": 3, "rmsprop": 1, "lion": 1, "adagrad": 1, "sgd": 0, "muon": 1}
    number = next((each for name, each in kind.items() if name in optim), 0)
    values, scales = 400 * 256, 4 * 400
    if optim == "adafactor":
        assert two == 4 * (400 + 256)
    elif optim in ("adamw_torch_8bit", "adamw_torch_4bit"):
        eight, four = values + scales + 1024, values // 2 + 2 * scales + 64
        assert two == 2 * (eight if "8" in optim else four)
    elif optim.endswith("8bit"):
        assert two == number * (scales + (0 if "paged" in optim else values))
    elif "paged" in optim:
        assert two == 0
    else:
        in_fp32 = {"rmsprop_bnb", "rmsprop_bnb_32bit", "lion_32bit", "ademamix", "adamw_apex_fused"}
        assert two == number * values * (4 if optim in in_fp32 else 2)


def test_blocks_that_are_not_full_stay_out_of_8_bits_of_torchao() -> None:
    assert _optimizers.states("adamw_torch_8bit", [(65, 128, 2, 1)]) == 2 * 2 * 65 * 128


def test_vectors_under_muon_make_the_roots_of_adamw() -> None:
    assert _optimizers.working("muon", [VECTOR]) == 2 * 64


def test_decay_of_gradients_makes_those_of_matrices_anew() -> None:
    for optim, made in (("sgd", 0), ("rmsprop", 2 * (VALUES + 64))):
        assert _optimizers.working(optim, [MATRIX, VECTOR], decays=True) == made + 2 * VALUES
    for optim in ("adamw_torch", "adagrad", "adafactor", "adamw_8bit"):
        decayed = _optimizers.working(optim, [MATRIX, VECTOR], decays=True)
        assert decayed == _optimizers.working(optim, [MATRIX, VECTOR])


@pytest.mark.parametrize(
    ("optim", "arguments", "number"),
    [
        ("sgd", "momentum=0.0", 0),
        ("sgd", "momentum=0.9, nesterov=True", 1),
        ("rmsprop", "alpha=0.9", 1),
        ("rmsprop", "momentum=0.5", 2),
        ("rmsprop", "centered=True", 2),
        ("rmsprop", "centered=true,momentum=0.5", 3),
    ],
)
def test_arguments_give_momentum(optim: str, arguments: str, number: int) -> None:
    assert _optimizers.states(_optimizers.read(optim, arguments), [MATRIX]) == number * 2 * VALUES


def test_optimizers_of_bitsandbytes_take_no_momentum() -> None:
    assert _optimizers.read("rmsprop_bnb", "momentum=0.9") == "rmsprop_bnb"


def test_an_optimizer_of_low_rank_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r'training\["optim"\] must be one of .*galore_adamw'):
        _optimizers.read("galore_adamw", None)
    with pytest.raises(ValueError, match=r'training\["optim_args"\] must have pairs'):
        _optimizers.read("sgd", "momentum")
    with pytest.raises(TypeError, match="must be a str"):
        _optimizers.read("sgd", 3)


def test_nothing_trained_needs_nothing() -> None:
    for optim in _optimizers.NAMES:
        assert _optimizers.states(optim, []) == 0
        assert _optimizers.working(optim, []) == 0
