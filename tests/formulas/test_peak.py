"""The peak of a training step: laws that hold whatever the run."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from dlp import _autograd, peak

MODELS = {
    "Llama 3 8B": dlp.LLAMA_3_8B,
    "Mistral 7B": dlp.MISTRAL_7B,
    "Qwen2.5 7B": dlp.QWEN2_5_7B,
}

RUNS = st.fixed_dictionaries(
    {
        "config": st.sampled_from(list(MODELS.values())),
        "training": st.fixed_dictionaries(
            {
                "per_device_train_batch_size": st.integers(1, 16),
                "max_length": st.integers(1, 4096),
                "gradient_checkpointing": st.booleans(),
                "gradient_accumulation_steps": st.integers(1, 2),
                "dtype": st.sampled_from(["bfloat16", "float16", "float32"]),
                "attn_implementation": st.sampled_from(["eager", "sdpa"]),
                "attention_mask": st.booleans(),
                "optim": st.sampled_from(["adamw_torch", "adamw_torch_fused", "adamw_8bit"]),
            }
        ),
        "lora": st.none()
        | st.fixed_dictionaries(
            {
                "r": st.integers(1, 64),
                "target_modules": st.sampled_from(["all-linear", ["q_proj", "v_proj"]]),
                "lora_dropout": st.sampled_from([0.0, 0.1]),
            }
        ),
        "library": st.sampled_from(["transformers", "pytorch", "transformers 4.48.3"]),
    }
)


def total(step: Any, moment: str) -> int:
    """Add up what a moment holds."""
    return sum(step["moments"][moment].values())


@given(run=RUNS)
def test_the_peak_is_the_fullest_moment(run: dict[str, Any]) -> None:
    step = dlp.peak_memory(**run)
    assert list(step["moments"]) == list(dlp.MOMENTS)
    assert step["peak"] == max(total(step, moment) for moment in dlp.MOMENTS)
    assert step["peak"] == total(step, step["moment"])
    for held in step["moments"].values():
        assert list(held) == [part for part in dlp.PARTS if part in held]
        assert all(size > 0 for size in held.values())
    assert step["peak"] <= step["lower"] <= step["upper"]


@pytest.mark.parametrize("name", ["per_device_train_batch_size", "max_length"])
@given(run=RUNS, more=st.integers(1, 9))
def test_more_text_never_lowers_a_moment(name: str, run: dict[str, Any], more: int) -> None:
    step = dlp.peak_memory(**run)
    larger = dict(run, training=dict(run["training"], **{name: run["training"][name] + more}))
    after = dlp.peak_memory(**larger)
    for moment in dlp.MOMENTS:
        assert total(step, moment) <= total(after, moment), moment


@given(run=RUNS.filter(lambda run: run["lora"]), more=st.integers(1, 9))
def test_a_higher_rank_never_lowers_a_moment(run: dict[str, Any], more: int) -> None:
    step = dlp.peak_memory(**run)
    after = dlp.peak_memory(**dict(run, lora=dict(run["lora"], r=run["lora"]["r"] + more)))
    for moment in dlp.MOMENTS:
        assert total(step, moment) <= total(after, moment), moment


@given(run=RUNS)
def test_checkpointing_never_raises_what_is_kept(run: dict[str, Any]) -> None:
    kept = {}
    for checkpointed in (False, True):
        training = dict(run["training"], gradient_checkpointing=checkpointed)
        step = dlp.peak_memory(**dict(run, training=training))
        kept[checkpointed] = step["moments"]["loss backward"].get("activations", 0)
    assert kept[True] <= kept[False]


STEP: dict[str, Any] = {"per_device_train_batch_size": 2, "max_length": 64, "dtype": "bfloat16"}


def test_a_plain_step_has_these_parts_and_no_others() -> None:
    step = dlp.peak_memory(config=dlp.LLAMA_3_8B, training=STEP)
    always = {"weights", "optimizer", "inputs", "workspace"}
    assert {moment: set(held) - always for moment, held in step["moments"].items()} == {
        "forward end": {"activations", "logits"},
        "loss backward": {"activations", "gradients", "logits"},
        "layer backward": {"activations", "gradients", "working"},
        "backward end": {"gradients", "working"},
        "update": {"gradients"},
    }


def test_weights_and_gradients_are_those_of_all_parameters() -> None:
    for config in (dlp.GPT2, dlp.LLAMA_3_8B):
        update = dlp.peak_memory(config=config, training=STEP)["moments"]["update"]
        assert update["weights"] == update["gradients"] == 2 * dlp.parameter_count(config=config)


def test_magnitudes_of_dora_are_trained() -> None:
    lora: Any = {"r": 8, "target_modules": ["q_proj", "up_proj"], "use_dora": True}
    update = dlp.peak_memory(config=dlp.LLAMA_3_8B, training=STEP, lora=lora)["moments"]["update"]
    trained = dlp.lora_model_parameters(config=dlp.LLAMA_3_8B, **lora)
    assert update["adapters"] == update["gradients"] == 4 * trained


def test_gradients_that_are_used_at_once_are_one_at_a_time() -> None:
    update = dlp.peak_memory(
        config=dlp.LLAMA_3_8B, training=STEP | {"optimizer_in_bwd": True}, library="torchtune"
    )["moments"]["update"]
    assert update["gradients"] == 2 * 128256 * 4096


def test_quantized_weights_have_scales_and_tables() -> None:
    nf4 = {"bits": 4, "double": False}
    blocks = 4096 * 1024 // 64
    assert peak._quantized_weight(nf4, 4096, 1024) == (4096 * 1024 // 2, 4 * blocks + 64)
    double = blocks + 4 * blocks // 256 + 4 * 256 + 4 + 64
    assert peak._quantized_weight(nf4 | {"double": True}, 4096, 1024) == (4096 * 1024 // 2, double)
    assert peak._quantized_weight(nf4, 3, 3) == (5, 4 + 64)
    assert peak._quantized_weight({"bits": 8}, 4096, 1024) == (4096 * 1024, 4 * 1024)


def test_pictures_come_in_fp32_with_a_label_each() -> None:
    run = {"per_device_train_batch_size": 16, "dtype": "bfloat16"}
    update = dlp.peak_memory(config=dlp.VIT_BASE, training=run)["moments"]["update"]
    assert update["inputs"] == 16 * (4 * 3 * 224 * 224 + 8)


def test_where_all_layers_are_frozen_the_last_norm_is_the_largest_tensor() -> None:
    training = STEP | {"num_layers_unfrozen": 0, "optim": "adafactor"}
    update = dlp.peak_memory(config=dlp.GPT2, training=training)["moments"]["update"]
    assert update["gradients"] == 2 * 2 * 768
    assert update["working"] == 4 * 4 * 768


def test_biases_of_what_is_adapted_are_trained_in_the_format_of_weights() -> None:
    lora: Any = {"r": 8, "target_modules": ["c_attn"], "bias": "lora_only"}
    update = dlp.peak_memory(config=dlp.GPT2, training=STEP, lora=lora)["moments"]["update"]
    assert update["gradients"] == 12 * (4 * 8 * (768 + 2304) + 2 * 2304)


def test_what_cannot_be_derived_is_apart() -> None:
    step = dlp.peak_memory(config=dlp.LLAMA_3_8B, training=STEP)
    assert step["lower"] == step["peak"]
    assert step["device"] == {
        "between blocks": step["peak"] * 24 // 100,
        "context": 1343 * 2**20,
    }
    assert step["upper"] == step["peak"] + sum(step["device"].values())


def test_no_model_has_more_layers_than_can_be_followed() -> None:
    config = dlp.GPT2 | {"n_layer": 10_001}
    with pytest.raises(ValueError, match="num_hidden_layers must be from 1 to 10000"):
        dlp.peak_memory(config=config, training=STEP)
    with pytest.raises(ValueError, match="num_hidden_layers must be from 1 to 10000"):
        dlp.activation_bytes(config=config, training=STEP)


def test_the_docstring_lists_the_moments() -> None:
    rows = re.findall(r"^ *\| ([a-z ]+) \|", inspect.getdoc(dlp.peak_memory) or "", re.M)
    assert tuple(rows[1:]) == dlp.MOMENTS


# --- The engine: pieces that can be followed by hand ----------------------------------------


def test_a_product_keeps_both_and_gives_each_a_gradient() -> None:
    run = _autograd.run(
        [("c", 10, "multiply", ("a", "b"), 0, (0, 0))], {"a": 10, "b": 10}, needs=("a",)
    )
    assert run["kept"] == {"b": 10}
    assert run["backward"] == 10 + 10 + 10  # what is kept, what came in, what goes out


def test_a_residual_hands_on_one_gradient_and_adds_the_other_in_place() -> None:
    program: list[Any] = [
        ("h", 40, "linear", ("x",), 8, (0, 0)),
        ("a", 40, "activation", ("h",), 0, (0, 0)),
        ("y", 10, "linear", ("a",), 8, (0, 0)),
        ("z", 10, "add", ("x", "y"), 0, (0, 0)),
    ]
    run = _autograd.run(program, {"x": 10}, needs=("x",))
    assert run["kept"] == {"x": 10, "h": 40, "a": 40}
    assert run["gradients"] == 16
    # At the activation: x and h are kept, one weight has its gradient, 10 came in by the sum and
    # waits for x, 40 arrived and 40 are made.
    assert run["backward"] == 10 + 40 + 8 + 10 + 40 + 40
    assert run["flows"]


def test_what_needs_no_gradient_keeps_nothing() -> None:
    run = _autograd.run([("h", 40, "linear", ("x",), 0, (0, 0))], {"x": 10})
    assert run["kept"] == {}
    for name in ("backward", "kept_then", "gradients_then", "waiting", "stays", "held"):
        assert run[name] == 0, name
    assert not run["flows"]


def test_a_gradient_that_is_added_to_an_old_one_stays_for_a_moment() -> None:
    program: list[Any] = [
        ("h", 10, "linear", ("x",), 100, (0, 0)),
        ("y", 10, "linear", ("h",), 100, (0, 0)),
    ]
    stays = _autograd.run(program, {"x": 10})
    goes = _autograd.run(program, {"x": 10}, gradients_stay=False)
    assert stays["gradients_then"] == 200
    assert goes["gradients_then"] == 0
    assert stays["backward"] == 10 + 10 + 200  # x, what came in, both gradients
    assert goes["backward"] == 10 + 10 + 10 + 10 + 100  # x, h, what came in and goes out, one


def test_a_variable_in_scope_lives_to_the_end_of_the_forward_pass() -> None:
    program: list[Any] = [
        ("logits", 10, "linear", ("x",), 0, (0, 0)),
        ("wide", 20, "cast", ("logits",), 0, (0, 0)),
        ("logs", 20, "log softmax", ("wide",), 0, (0, 0)),
    ]
    forgotten = _autograd.run(program, {"x": 1}, needs=("x",))
    remembered = _autograd.run(program, {"x": 1}, needs=("x",), in_scope=("logits",))
    assert remembered["forward"] - forgotten["forward"] == 10
    assert remembered["backward"] == forgotten["backward"]
