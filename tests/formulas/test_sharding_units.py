"""What FSDP gathers, by hand: sums over the parts of a model, moment by moment."""

from __future__ import annotations

from typing import Any

import pytest

import dlp
from dlp import _sharding, _training

STEP: dict[str, Any] = {
    "per_device_train_batch_size": 1,
    "max_length": 64,
    "dtype": "bfloat16",
    "gradient_checkpointing": True,
    "optim": "adamw_torch",
}
LORA: dict[str, Any] = {"r": 8, "target_modules": "all-linear", "autocast_adapter_dtype": False}
NF4: dict[str, Any] = {"load_in_4bit": True, "bnb_4bit_quant_storage": "bfloat16"}
OLDER: dict[str, Any] = {"fsdp_config": {"version": 1}}

# The units of Llama 3 8B and of GPT-2 in 16 bits, by hand: a matrix that embeds and is the head
# comes with what follows the layers.
LLAMA_UNITS = {
    "embedding": 2 * 128256 * 4096,
    "layer": 2 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336 + 2 * 4096),
    "tail": 2 * (128256 * 4096 + 4096),
}
GPT2_UNITS = {
    "embedding": 0,
    "layer": 2 * (12 * 768 * 768 + 9 * 768 + 4 * 768),
    "tail": 2 * ((50257 + 1024) * 768 + 2 * 768),
}


def setup(
    config: dict[str, Any] = dlp.LLAMA_3_8B,
    lora: dict[str, Any] | None = None,
    quantization: dict[str, Any] | None = None,
    library: str = "transformers",
    stage: int = 3,
    devices: int = 4,
    **training: Any,
) -> dict[str, Any]:
    """Read a run that devices share."""
    given = STEP | training
    plan = _sharding.read(given, quantization, library, devices, stage, False)
    settings = (config, given, lora, quantization, None, library, "sft")
    return _sharding.apply(plan, _training.read(*settings), settings)


def test_units_are_the_parts_of_the_model() -> None:
    assert _sharding.units(setup()) == LLAMA_UNITS
    assert _sharding.units(setup(dlp.GPT2)) == GPT2_UNITS


@pytest.mark.parametrize("use_dora", [False, True])
def test_adapters_are_gathered_with_their_layers(use_dora: bool) -> None:
    found = _sharding.units(setup(lora=LORA | {"use_dora": use_dora}))
    trained = dlp.lora_model_parameters(
        config=dlp.LLAMA_3_8B,
        r=8,
        target_modules=[
            "q_proj",
            "k_proj",
            "v_proj",
            "o_proj",
            "gate_proj",
            "up_proj",
            "down_proj",
        ],
        use_dora=use_dora,
    )
    assert 32 * (found["layer"] - LLAMA_UNITS["layer"]) == 2 * trained
    assert found["tail"] == LLAMA_UNITS["tail"]
    assert found["embedding"] == LLAMA_UNITS["embedding"]


def test_matrices_in_four_bits_are_gathered_as_they_are() -> None:
    norms = 2 * 2 * 4096
    adapters = 8 * (4 * 4096 + 2 * 4096 + 2 * 1024 + 3 * 4096 + 3 * 14336)  # in fp32
    found = _sharding.units(setup(lora=LORA, quantization=NF4))
    assert found["layer"] == (LLAMA_UNITS["layer"] - norms) // 4 + norms + 4 * adapters
    assert found["tail"] == LLAMA_UNITS["tail"]


E_, L_, T_ = (LLAMA_UNITS[name] for name in ("embedding", "layer", "tail"))
ROOT_ = E_ + T_
WHOLE: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "FSDP2 of a trainer: the embedding, each layer and the end come in turn": (
        {},
        {
            "forward": 2 * L_,
            "begun": 2 * E_,
            "ended": 2 * T_,
            "kept": T_,
            "loss": T_,
            "head": L_,
            "layer": L_,
            "ahead": L_,
            "lowest": E_,
            "end": E_,
            "a layer more": 0,
        },
    ),
    "FSDP2 at stage 2: what was gathered stays": (
        {"stage": 2},
        {
            "forward": 2 * L_ + E_,
            "begun": 2 * E_,
            "ended": 2 * T_ + 32 * L_ + E_,
            "kept": T_ + 32 * L_ + E_,
            "loss": T_ + 32 * L_ + E_,
            "head": 0,
            "layer": E_,
            "ahead": 0,
            "lowest": 0,
            "end": E_,
            "a layer more": L_,
        },
    ),
    "FSDP2 of a plain loop: the ends are the root, which stays": (
        {"library": "pytorch"},
        {
            "forward": ROOT_ + 2 * L_,
            "begun": 2 * ROOT_ + 2 * L_,
            "ended": ROOT_ + L_,
            "kept": ROOT_,
            "loss": ROOT_ + L_,
            "head": 0,
            "layer": ROOT_ + L_,
            "ahead": L_,
            "lowest": 0,
            "end": ROOT_,
            "a layer more": 0,
        },
    ),
    "FSDP1 of a trainer: nothing comes ahead": (
        OLDER,
        {
            "forward": ROOT_ + L_,
            "begun": 0,
            "ended": ROOT_,
            "kept": ROOT_,
            "loss": ROOT_,
            "head": 0,
            "layer": ROOT_ + L_,
            "ahead": 0,
            "lowest": 0,
            "end": ROOT_,
            "a layer more": 0,
        },
    ),
    "FSDP1 told to gather ahead": (
        {"fsdp_config": {"version": 1, "backward_prefetch": "backward_pre"}},
        {
            "forward": ROOT_ + L_,
            "begun": 0,
            "ended": ROOT_,
            "kept": ROOT_,
            "loss": ROOT_ + L_,
            "head": 0,
            "layer": ROOT_ + L_,
            "ahead": L_,
            "lowest": 0,
            "end": ROOT_,
            "a layer more": 0,
        },
    ),
    "a tied matrix comes first and last": (
        {"config": dlp.GPT2},
        {
            "forward": GPT2_UNITS["tail"] + 2 * GPT2_UNITS["layer"],
            "begun": 2 * GPT2_UNITS["layer"],
            "ended": 2 * GPT2_UNITS["tail"],
            "kept": GPT2_UNITS["tail"],
            "loss": GPT2_UNITS["tail"],
            "head": GPT2_UNITS["layer"],
            "layer": GPT2_UNITS["tail"] + GPT2_UNITS["layer"],
            "ahead": GPT2_UNITS["layer"],
            "lowest": 0,
            "end": GPT2_UNITS["tail"],
            "a layer more": 0,
        },
    ),
    "DDP gathers nothing": (
        {"stage": 0},
        dict.fromkeys(_sharding.gathered(setup()), 0),
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_whole_beside_the_shares(name: str) -> None:
    run, whole = WHOLE[name]
    assert _sharding.gathered(setup(**run)) == whole


GRADIENTS = [40, 20]
"""Bytes of the gradients of two layers, the lowest first; those of the head are 8."""


@pytest.mark.parametrize(
    ("run", "lowest", "upper"),
    [
        # Shares of a quarter: of the head's 8, and then of the upper layer's 20 too. Beside a layer
        # lies what is reduced of the one above it, and the next unit.
        (
            {},
            {"working": L_ + E_ + 20, "joined": 0, "gradients": 2 + 5},
            {"working": 2 * L_ + 8, "joined": 0, "gradients": 2},
        ),
        (  # whose ends, the root, wait until the last
            {"library": "pytorch"},
            {"working": ROOT_ + L_ + 20, "joined": 0, "gradients": 8 + 5},
            {"working": ROOT_ + 2 * L_ + 0, "joined": 0, "gradients": 8},
        ),
        (  # which puts a layer's gradients together
            OLDER,
            {"working": ROOT_ + L_, "joined": ROOT_ + L_ + 40, "gradients": 8 + 5},
            {"working": ROOT_ + L_, "joined": ROOT_ + L_ + 20, "gradients": 8},
        ),
        (
            {"stage": 2},
            {"working": E_ + L_ + 20, "joined": 0, "gradients": 2 + 5},
            {"working": E_ + 2 * L_ + 8, "joined": 0, "gradients": 2},
        ),
        (  # torchtitan, which gathers in 16 bits and reduces in fp32
            {"library": "torchtitan", "dtype": "float32"},
            {"working": L_ + E_ + 2 * 20, "joined": 0, "gradients": 4 + 10},
            {"working": 2 * L_ + 2 * 8, "joined": 0, "gradients": 4},
        ),
        (  # in fp32, which gathers and reduces in 16 bits: shares are twice as wide
            {"dtype": "float32", "bf16": True},
            {"working": L_ + E_ + 20, "joined": 0, "gradients": 4 + 10},
            {"working": 2 * L_ + 8, "joined": 0, "gradients": 4},
        ),
    ],
)
def test_what_is_whole_beside_each_layer(
    run: dict[str, Any], lowest: dict[str, int], upper: dict[str, int]
) -> None:
    layers: list[Any] = [{"gradients": size} for size in GRADIENTS]
    assert _sharding.of_layers(setup(**run), layers, 8) == [lowest, upper]


@pytest.mark.parametrize(
    ("run", "flows", "whole"),
    [
        # The embedding and its copy. If that is little, its gradients of 100 beside those of the
        # layer, 40, that are reduced; a quarter of the former is counted as a share already.
        ({}, True, 2 * E_ - 25),
        ({}, False, 0),  # nothing below needs a gradient
        ({"library": "pytorch"}, True, ROOT_ + 100 + 8 + 40 - 27),
        (OLDER, True, ROOT_ + 2 * (100 + 8) - 27),
        ({"stage": 0}, True, 0),
        ({"dtype": "float32", "bf16": True}, True, 2 * E_ - 50),  # the share comes in fp32
    ],
)
def test_what_is_whole_at_the_end(run: dict[str, Any], flows: bool, whole: int) -> None:
    assert _sharding.at_end(setup(**run), 40, 100, 8, flows) == whole


def test_gradients_of_a_small_embedding_lie_there_twice() -> None:
    tiny = dlp.LLAMA_3_8B | {"vocab_size": 1}
    embedding = 2 * 4096
    assert _sharding.at_end(setup(tiny), 0, 10**6, 8, True) == 2 * 10**6
    assert _sharding.at_end(setup(tiny), 10**7, 100, 8, True) == embedding + 100 + 10**7 - 25
    titan = setup(tiny, library="torchtitan", dtype="float32")  # reduced in fp32
    assert _sharding.at_end(titan, 0, 10**6, 8, True) == 3 * 10**6
    mixed = setup(tiny, dtype="float32", bf16=True)  # and their share again in fp32
    assert _sharding.at_end(mixed, 0, 10**6, 8, True) == 2 * 10**6 + 10**6 // 4


def test_the_last_layer_is_gathered_beside_what_the_head_holds() -> None:
    steps = [("a", 1, "new", (), 0, (5, 6)), ("b", 2, "linear", ("a",), 0, (7, 8))]
    named: Any = {"held": ("a",), "steps": list(steps)}
    assert [step[5] for step in _sharding.hold_ahead(named, 100)["steps"]] == [(5, 106), (7, 8)]
    last: Any = {"held": (), "steps": list(steps)}
    assert [step[5] for step in _sharding.hold_ahead(last, 100)["steps"]] == [(5, 6), (7, 108)]
    assert _sharding.hold_ahead(last, 0) is last


def test_ddp_alone_has_buckets() -> None:
    assert _sharding.buckets(setup(stage=0), 7) == 7
    assert _sharding.buckets(setup(stage=3), 7) == 0


def test_gradients_wait_whole_where_a_trainer_reduces_them_at_the_end() -> None:
    assert _sharding.old_gradients(setup(), 8, 2) == 8
    assert _sharding.old_gradients(setup(library="torchtune"), 8, 2) == 2
    assert _sharding.old_gradients(setup(stage=0), 8, 2) == 2
