"""The loops of libraries: what each does by default, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import dlp
from _evidence.records import FOLDER
from dlp import _loops, _training
from dlp._autograd import run
from tests.formulas.small_run import CONFIG, LORA, NF4, TRAINING, setup, step

if TYPE_CHECKING:
    pass

# --- What is not computed is refused ---------------------------------------------------------


@pytest.mark.parametrize(
    ("library", "name", "value"),
    [
        ("transformers", "torch_compile", True),
        ("pytorch", "torch_compile", True),
        ("litgpt", "bf16", True),
        ("litgpt", "attn_implementation", "eager"),
        ("litgpt", "attention_mask", True),
        ("litgpt", "packing", True),
        ("litgpt", "use_cache", True),
        ("litgpt", "loss", "full"),
        ("litgpt", "use_liger_kernel", True),
        ("litgpt", "num_layers_unfrozen", 1),
        ("torchtune", "loss", "fused"),
        ("torchtune", "bf16", True),
        ("torchtune", "padding_free", True),
        ("torchtitan", "packing", True),
        ("torchtune", "use_cache", True),
        ("torchtitan", "torch_compile", True),
        ("torchtitan", "loss", "chunked"),
    ],
)
def test_a_setting_that_would_change_nothing_in_silence_is_refused(
    library: str, name: str, value: object
) -> None:
    with pytest.raises(ValueError, match=rf'training\["{name}"\] must be .* is {library}: '):
        setup(library, **{name: value})


def test_of_compiled_code_the_loss_of_torchtune_alone_is_known() -> None:
    chunked = {"loss": "chunked"}
    eager, compiled = (step("torchtune", torch_compile=each, **chunked) for each in (False, True))
    assert compiled["loss backward"]["logits"] < eager["loss backward"]["logits"]
    with pytest.raises(
        ValueError, match=r'training\["loss"\] must be "chunked" with torch_compile'
    ):
        step("torchtune", torch_compile=True)


@pytest.mark.parametrize(
    "name", ["use_dora", "modules_to_save", "rank_pattern", "layers_to_transform", "bias"]
)
def test_litgpt_has_no_other_adapters(name: str) -> None:
    value: dict[str, object] = {
        "modules_to_save": ["lm_head"],
        "rank_pattern": {"q_proj": 2},
        "bias": "all",
    }
    lora = LORA | {name: value.get(name, True)}
    with pytest.raises(ValueError, match=rf'lora\["{name}"\] must be .* litgpt'):
        _training.read(CONFIG, TRAINING, lora, None, None, "litgpt")


def test_adapters_of_litgpt_drop_nothing_unless_told_to() -> None:
    lora = {"r": 8, "target_modules": "all-linear"}
    found = _training.read(CONFIG, TRAINING, lora, None, None, "litgpt")
    assert found["lora_dropout"] == 0


@pytest.mark.parametrize(("wide", "size"), [(True, 4), (False, 2)])
def test_adapters_of_litgpt_are_as_wide_as_they_are_told(wide: bool, size: int) -> None:
    lora = LORA | {"autocast_adapter_dtype": wide}
    assert _training.read(CONFIG, TRAINING, lora, None, None, "litgpt")["adapter_size"] == size


def test_litgpt_quantizes_the_output_head_too() -> None:
    linear = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    for library, more in (("litgpt", ["lm_head"]), ("transformers", [])):
        found = _training.read(CONFIG, TRAINING, LORA, NF4, None, library)
        assert list(found["quantized"]) == linear + more


def test_litgpt_has_no_8_bits_and_trains_no_head_alone() -> None:
    with pytest.raises(ValueError, match="load_in_8bit"):
        _training.read(CONFIG, TRAINING, LORA, {"load_in_8bit": True}, None, "litgpt")
    with pytest.raises(ValueError, match=r'training\["num_labels"\] must be left out'):
        setup("litgpt", num_labels=2)


def test_unsloth_is_refused() -> None:
    with pytest.raises(ValueError, match="library must not be unsloth"):
        setup("unsloth")


def test_axolotl_runs_the_trainer_where_it_changes_nothing() -> None:
    flash: dict[str, Any] = {
        "attn_implementation": "flash_attention_2",
        "gradient_checkpointing": True,
    }
    assert step("axolotl", **flash) == step("transformers", bf16=True, **flash)
    with pytest.raises(ValueError, match="attn_implementation"):
        step("axolotl")
    with pytest.raises(ValueError, match="library must not be axolotl with adapters"):
        setup("axolotl", **flash)


@pytest.mark.parametrize("training", [{"packing": True}, {"padding_free": True}])
def test_packed_samples_need_a_kernel_that_knows_their_ends(training: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"attn_implementation.*packed"):
        setup("trl", **training)
    assert setup("trl", attn_implementation="flash_attention_2", **training)
    assert setup("trl", packing=True, packing_strategy="wrapped")


@pytest.mark.parametrize(("name", "dtype"), [("fp16", "bfloat16"), ("bf16", "float16")])
def test_autocast_between_two_formats_of_16_bits_is_refused(name: str, dtype: str) -> None:
    with pytest.raises(ValueError, match=rf'training\["{name}"\] must be False when weights are'):
        setup("transformers", **{name: True, "dtype": dtype})
    assert setup("transformers", **{name: True, "dtype": "float32"})


def test_flash_attention_has_no_fp32() -> None:
    flash: dict[str, Any] = {"attn_implementation": "flash_attention_2"}
    with pytest.raises(ValueError, match="must not be 'flash_attention_2' in fp32"):
        setup(dtype="float32", **flash)
    prepared = TRAINING | flash | {"prepare_model_for_kbit_training": True}
    step = dlp.peak_memory(config=CONFIG, training=prepared, lora=LORA, quantization=NF4)
    assert step["moments"]["update"]
    with pytest.raises(ValueError, match="in fp32"):
        _training.read(CONFIG, prepared | {"dtype": "float32"}, LORA, NF4, None, "transformers")


def test_kbit_preparation_is_of_quantized_models() -> None:
    with pytest.raises(ValueError, match="must be False without quantization"):
        setup(prepare_model_for_kbit_training=True)
    assert _training.read(
        CONFIG, TRAINING | {"prepare_model_for_kbit_training": True}, LORA, NF4, None, "pytorch"
    )["prepared"]


# --- A part alone, as others measured it -----------------------------------------------------

MEASURED = {
    row["id"].removeprefix("Liger-Kernel, "): float(row["published"]) * 2**20
    for row in json.loads((FOLDER.parent / "printed" / "peaks.json").read_text("utf-8"))["left_out"]
    if row["source"] == "liger-benchmarks"
}


@pytest.mark.parametrize("vocabulary", [2**power for power in range(12, 18)])
def test_a_loss_on_logits_holds_what_was_measured_of_it(vocabulary: int) -> None:
    """Of PyTorch's own, beside Liger's: 16,384 rows in fp32, and the gradient of the last time."""
    logits = 4 * 16_384 * vocabulary
    loss: list[Any] = [
        ("log-probabilities", logits, "log softmax", ("x",), 0, (0, 0)),
        ("loss", 4, "nll", ("log-probabilities",), 0, (0, 0)),
    ]
    held = run(loss, {"x": logits}, needs=("x",), elsewhere=("x",))["backward"]
    assert logits + held + logits == pytest.approx(
        MEASURED[f"cross entropy v{vocabulary}"], rel=2e-4
    )


@pytest.mark.parametrize("tokens", [4096, 8192, 16_384, 32_768])
def test_a_head_and_its_loss_hold_what_was_measured_of_them(tokens: int) -> None:
    """In 16 bits: two heads, of which one is idle, the gradients of the last time, workspaces."""
    width, words = 4096, 128_256
    head, given, logits = (2 * each for each in (width * words, tokens * width, tokens * words))
    loss: list[Any] = [
        ("logits", logits, "linear", ("x",), head, (0, 0)),
        ("log-probabilities", logits, "log softmax", ("logits",), 0, (0, 0)),
        ("loss", 2, "nll", ("log-probabilities",), 0, (0, 0)),
    ]
    held = run(loss, {"x": given}, needs=("x",), elsewhere=("x",), gradients_stay=False)["backward"]
    workspaces = 2 * 8_519_680
    assert 3 * head + 2 * given + held + workspaces == pytest.approx(
        MEASURED[f"lm head loss {tokens}"], rel=2e-4
    )


# --- Liger's kernels -------------------------------------------------------------------------

LIGER = {"use_liger_kernel": True}


def test_ligers_loss_makes_the_gradients_in_the_forward_pass() -> None:
    assert setup(use_liger_kernel=True)["loss"] == "fused"
    assert setup("trl", use_liger_kernel=True)["loss"] == "fused"
    head = 2 * CONFIG["hidden_size"] * CONFIG["vocab_size"]
    moments = step(use_liger_kernel=True)
    assert moments["loss backward"]["gradients"] + moments["loss backward"]["logits"] > head
    # The head's gradient, a product of 16 bits, and that in fp32.
    assert moments["forward end"]["logits"] > 4 * head
    assert step()["forward end"]["logits"] < head


def test_ligers_kernels_keep_less_of_a_layer() -> None:
    tokens, layers = 2 * 64, CONFIG["num_hidden_layers"]
    hidden, inner = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    plain, ours = (
        step(use_liger_kernel=each)["loss backward"]["activations"] for each in (False, True)
    )
    # Of two norms the input, and not that in fp32 and the result before it is weighed; no active
    # gate.
    assert plain - ours == tokens * layers * (2 * (4 + 2 - 2) * hidden + 2 * inner)


def test_some_of_ligers_kernels_may_be_left_out() -> None:
    names = ("rope", "rms_norm", "swiglu", "fused_linear_cross_entropy")
    none: dict[str, Any] = {"liger_kernel_config": dict.fromkeys(names, False)}
    assert step(use_liger_kernel=True, **none) == step()
    loss: dict[str, Any] = {"liger_kernel_config": dict.fromkeys(names[:3], False)}
    assert step(use_liger_kernel=True, **loss) == step(loss="fused")
    norms: dict[str, Any] = {
        "liger_kernel_config": dict.fromkeys(["rope", "swiglu", names[3]], False)
    }
    assert step(use_liger_kernel=True, **norms)["loss backward"] != step()["loss backward"]


@pytest.mark.parametrize(
    ("config", "training", "library", "named"),
    [
        (CONFIG, {"loss": "full"}, "transformers", "loss"),
        (CONFIG, {"num_labels": 2}, "transformers", "use_liger_kernel"),
        (CONFIG, {}, "transformers 4.51.3", "use_liger_kernel"),
        (CONFIG, {}, "trl, liger-kernel 0.6.1", "use_liger_kernel"),
        (CONFIG, {"liger_kernel_config": {"ropes": False}}, "transformers", "liger_kernel_config"),
        (CONFIG, {"liger_kernel_config": {"cross_entropy": True}}, "trl", "cross_entropy"),
        (
            CONFIG,
            {"liger_kernel_config": {"fused_linear_cross_entropy": True}},
            "trl",
            "must not have",
        ),
        (dlp.GPT2, {}, "transformers", "model_type"),
    ],
)
def test_where_ligers_kernels_are_not_known_they_are_refused(
    config: dict[str, Any], training: dict[str, Any], library: str, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        _training.read(config, TRAINING | LIGER | training, None, None, None, library)


def test_what_trainers_do_where_nothing_is_said() -> None:
    """As their sources have it."""
    for loop in ("transformers", "trl"):
        assert _loops.LOOPS[loop]["per_device_train_batch_size"] == 8
    assert _loops.LOOPS["trl"]["max_length"] == 1024
    for loop in ("trl", "axolotl"):
        assert _loops.LOOPS[loop]["bf16"]
    for loop in ("transformers", "trl", "axolotl"):
        assert _loops.LOOPS[loop]["max_grad_norm"] == 1.0
    assert _loops.LOOPS["trl"]["gradient_checkpointing"]
    assert not _loops.LOOPS["litgpt"]["autocast_adapter_dtype"]
    assert not _loops.LOOPS["torchtune"]["autocast_adapter_dtype"]
    for loop in ("pytorch", "litgpt"):
        assert _loops.LOOPS[loop]["holds_output"]
    assert [loop for loop, does in _loops.LOOPS.items() if does.get("until_next")] == ["pytorch"]
    assert [loop for loop, does in _loops.LOOPS.items() if does.get("use_cache")] == ["pytorch"]
