"""The loops of libraries: what each does by default, by release, and what is refused."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import warnings
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

import dlp
from _evidence.records import FOLDER
from dlp import _loops, _training
from dlp._autograd import run
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CONFIG: dict[str, Any] = dlp.LLAMA_3_8B
TRAINING: dict[str, Any] = {
    "per_device_train_batch_size": 2,
    "max_length": 64,
    "dtype": "bfloat16",
}
LORA: dict[str, Any] = {"r": 8, "target_modules": ["q_proj", "v_proj"]}
NF4: dict[str, Any] = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}


def setup(library: str = "transformers", **training: object) -> dict[str, Any]:
    """Read the settings of a run with adapters."""
    return _training.read(CONFIG, TRAINING | training, LORA, None, None, library)


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


def step(library: str = "transformers", **training: object) -> dict[str, dict[str, int]]:
    """Give the moments of a step that trains all."""
    return dlp.peak_memory(config=CONFIG, training=TRAINING | training, library=library)["moments"]


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


# --- Releases --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("library", "name", "before", "after"),
    [
        ("transformers 4.53.3", "optim", "adamw_torch", "adamw_torch_fused"),
        ("transformers, torch 2.7.1", "optim", "adamw_torch", "adamw_torch_fused"),
        ("transformers 4.57.6", "use_cache", True, False),
        ("trl, transformers 4.53.3", "optim", "adamw_torch", "adamw_torch_fused"),
        ("trl 1.14.0", "loss", "chunked", "fused"),
        ("trl 1.6.0", "loss", "full", "fused"),
        ("trl 0.26.2", "dtype", "auto", "float32"),
        ("trl 0.25.1, transformers 4.57.1", "dtype", None, "float32"),
        ("trl 0.21.0", "gradient_checkpointing", False, True),
        ("trl 0.18.2", "bf16", False, True),
    ],
)
def test_a_release_has_defaults_of_its_own(
    library: str, name: str, before: object, after: object
) -> None:
    loop, releases = _loops.read(library)
    assert _loops.defaults(loop, releases).get(name) == before
    assert _loops.defaults(loop, _loops.RELEASES)[name] == after


@pytest.mark.parametrize(
    ("last", "first", "training"),
    [
        ("4.45.2", "4.46.0", {}),  # the output in fp32, which a plain loop holds
        ("4.48.3", "4.49.0", {}),  # logits shifted by a copy
        ("4.53.3", "4.54.0", {"max_length": 512}),  # keys repeated for their query heads
        ("4.55.4", "4.56.0", {"max_length": 512}),  # heads put in order, keys joined to nothing
    ],
)
def test_a_release_holds_less_or_more_than_the_one_before(
    last: str, first: str, training: dict[str, Any]
) -> None:
    before, after = (
        step(f"pytorch, transformers {release}", **training) for release in (last, first)
    )
    assert before != after


@pytest.mark.parametrize(
    ("model_type", "library", "cached"),
    [
        ("llama", "transformers 4.42.4", True),
        ("llama", "transformers 4.43.0", False),
        ("llama", "transformers 4.44.2", False),
        ("llama", "transformers 4.45.0", True),
        ("gemma2", "pytorch, transformers 4.57.1", False),
        ("gemma2", "pytorch, transformers 5.0.0", True),
    ],
)
def test_some_models_made_no_cache_while_they_were_trained(
    model_type: str, library: str, cached: bool
) -> None:
    config = CONFIG | {"model_type": model_type, "head_dim": 128}
    found = _training.read(config, TRAINING, LORA, None, None, library)
    assert found["use_cache"] is cached


@pytest.mark.parametrize(
    ("library", "name", "loss"),
    [
        ("trl", "nll", "fused"),
        ("trl", "chunked_nll", "fused"),
        ("trl 1.14.0", "nll", "full"),
        ("trl 1.6.0", "chunked_nll", "chunked"),
        ("transformers", "nll", "full"),
    ],
)
def test_trl_has_names_of_its_own_for_losses(library: str, name: str, loss: str) -> None:
    assert setup(library, loss_type=name)["loss"] == loss
    assert setup(library, loss_type=name, loss="full")["loss"] == "full"


def test_a_loss_that_was_not_read_is_refused() -> None:
    with pytest.raises(ValueError, match=r'training\["loss_type"\] must be one of'):
        setup("trl 1.14.0", loss_type="dft")


def test_releases_between_made_a_mask_where_none_was_given() -> None:
    without = {
        release: setup(f"transformers {release}", gradient_checkpointing=True)["masked"]
        for release in ("4.52.4", "4.53.0", "4.57.6", "5.0.0")
    }
    assert without == {"4.52.4": False, "4.53.0": True, "4.57.6": True, "5.0.0": False}
    assert not setup("transformers 4.57.1")["masked"], "nor where there is a cache"
    assert not setup("transformers 4.57.1, torch 2.5.1", gradient_checkpointing=True)["masked"]


def test_layers_of_two_kinds_have_two_masks_since_release_4_53() -> None:
    gemma: dict[str, Any] = CONFIG | {"model_type": "gemma2", "head_dim": 128}
    padded = {"attn_implementation": "eager", "gradient_checkpointing": True}
    before, after = (
        dlp.peak_memory(
            config=gemma, training=TRAINING | padded, lora=LORA, library=f"transformers {release}"
        )["moments"]["loss backward"]["activations"]
        for release in ("4.52.4", "4.53.3")
    )
    assert after - before == 2 * 2 * 64 * 64


@pytest.mark.parametrize(
    ("release", "bytes_of_a_word"), [("1.14.0", 16 * 256), ("1.12.0", 16 * 256 + 4 * 4096)]
)
def test_a_chunk_is_all_that_grows_with_the_vocabulary(release: str, bytes_of_a_word: int) -> None:
    words = 64_000
    fewer, more = (
        dlp.peak_memory(
            config=CONFIG | {"vocab_size": number},
            training=TRAINING | {"max_length": 512, "loss": "chunked"},
            lora=LORA,
            library=f"transformers, trl {release}",
        )["moments"]["loss backward"]["logits"]
        for number in (words, 2 * words)
    )
    assert more - fewer == bytes_of_a_word * words


def kept_in_4_bits(library: str, compute: str = "bfloat16") -> dict[str, dict[str, int]]:
    """Give the moments of a step beside 4-bit weights."""
    bits = NF4 | {"bnb_4bit_compute_dtype": compute}
    return dlp.peak_memory(
        config=CONFIG, training=TRAINING, lora=LORA, quantization=bits, library=library
    )["moments"]


def test_bitsandbytes_kept_inputs_and_computed_in_their_format() -> None:
    libraries = [f"transformers, bitsandbytes {each}" for each in ("0.43.1", "0.43.2")]
    keeps, lets_go = (kept_in_4_bits(each)["loss backward"]["activations"] for each in libraries)
    # What the seven matrices of a layer were given.
    wide = 3 * CONFIG["hidden_size"] + CONFIG["intermediate_size"]
    assert 0 < keeps - lets_go <= 2 * 2 * 64 * CONFIG["num_hidden_layers"] * wide
    old, new = "transformers, bitsandbytes 0.46.1", "transformers, bitsandbytes 0.47.0"
    assert kept_in_4_bits(old, "float32") == kept_in_4_bits(old)
    assert kept_in_4_bits(new, "float32") != kept_in_4_bits(new)
    assert kept_in_4_bits(new) == kept_in_4_bits(old)


def test_quantized_models_of_an_older_trl_are_refused() -> None:
    with pytest.raises(ValueError, match=r"trl before 0\.26"):
        _training.read(CONFIG, TRAINING, LORA, NF4, None, "trl 0.25.1")


@pytest.mark.libraries
@pytest.mark.parametrize(
    ("loop", "name"), [("transformers", "TrainingArguments"), ("trl", "SFTConfig")]
)
def test_defaults_are_those_of_the_installed_library(loop: str, name: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names to come
        made = getattr(importlib.import_module(loop), name)
        arguments = made(output_dir=str(tmp_path), use_cpu=True)
    left_out = {"loss", "dtype", "bf16"}  # no such names; and a processor has no bf16 of a GPU
    for key, value in _loops.LOOPS[loop].items():
        if key not in left_out:
            assert getattr(arguments, key) == value, key
    if loop == "trl":
        assert arguments.loss_type == "nll"
        make = importlib.import_module("trl.trainer.utils").create_model_from_path
        assert 'kwargs.get("dtype", "float32")' in inspect.getsource(make)


@pytest.mark.parametrize("name", _loops.RELEASES)
def test_releases_that_were_not_read_are_refused(name: str) -> None:
    newest = _loops.RELEASES[name]
    oldest = _loops._OLDEST.get(name, newest)
    for release in (newest, newest[:2], oldest):
        _loops.read(f"transformers, {name} {'.'.join(map(str, release))}")
    later = (newest[0], newest[1] + 1)
    before = (oldest[0], oldest[1] - 1) if oldest[1] else (oldest[0] - 1, 99)
    for release in (later, before, (newest[0] + 1,)):
        text = ".".join(map(str, release))
        with pytest.raises(ValueError, match=f"library must name a release of {name} from"):
            _loops.read(f"transformers, {name} {text}")


def test_the_newest_releases_are_those_that_the_recorders_pin() -> None:
    pinned = "".join(
        (ROOT / "tests" / "recorders" / f"{name}.txt").read_text("utf-8")
        for name in ("requirements", "torch", "liger")
    )
    found = dict(re.findall(r"^([\w-]+)==([\d.]+)", pinned, re.MULTILINE))
    known = {name: ".".join(map(str, each)) for name, each in _loops.RELEASES.items()}
    both = known.keys() & found.keys()
    assert both >= {"accelerate", "bitsandbytes", "liger-kernel", "peft", "torch", "transformers"}
    assert {name: found[name] for name in both} == {name: known[name] for name in both}


GPT2: dict[str, Any] = dlp.GPT2


@pytest.mark.parametrize(
    ("library", "changes", "message"),
    [
        ("litgpt", {"config": GPT2}, r'config\["model_type"\] must be one of llama, .*litgpt'),
        (
            "torchtune",
            {"config": GPT2},
            r'config\["model_type"\] must be one of llama, .*torchtune',
        ),
        ("torchtitan", {"config": dlp.MISTRAL_7B}, r"must be one of llama when .*torchtitan"),
        ("torchtitan", {"lora": LORA}, r"method must be full when library is torchtitan"),
        ("trl", {"config": dlp.BERT_BASE}, r"config must be of a causal language model"),
        ("trl", {"training": {"num_labels": 3}}, r"config must be of a causal language model"),
        (
            "transformers",
            {"lora": LORA, "training": {"num_layers_unfrozen": 1}},
            r'training\["num_layers_unfrozen"\] must be left out beside adapters',
        ),
    ],
)
def test_a_model_that_a_loop_is_not_for_is_refused(
    library: str, changes: dict[str, Any], message: str
) -> None:
    training = TRAINING | changes.get("training", {})
    run = {"config": CONFIG, **changes, "training": training}
    with pytest.raises(ValueError, match=message):
        dlp.peak_memory(library=library, **run)


@pytest.mark.libraries
@pytest.mark.parametrize(
    "library", ["accelerate", "bitsandbytes", "peft", "torch", "transformers", "trl"]
)
def test_releases_that_are_meant_are_the_installed_ones(library: str) -> None:
    installed = metadata.version(library).split("+")[0]
    assert _loops.RELEASES[library] == tuple(int(each) for each in installed.split("."))


@pytest.mark.parametrize(
    ("library", "loop", "named", "release"),
    [
        ("trl", "trl", "trl", (1, 16, 0)),
        ("transformers, bitsandbytes 0.42.0", "transformers", "bitsandbytes", (0, 42, 0)),
        ("pytorch, torch 2.13.0+cu130", "pytorch", "torch", (2, 13, 0)),
        ("pytorch 2.7.1", "pytorch", "torch", (2, 7, 1)),
        ("trl 0.19.2.dev0", "trl", "trl", (0, 19, 2)),
        ("Transformers 5", "transformers", "transformers", (5,)),
        ("trl, liger_kernel 0.6.5", "trl", "liger-kernel", (0, 6, 5)),
    ],
)
def test_a_library_is_named_with_releases(
    library: str, loop: str, named: str, release: tuple[int, ...]
) -> None:
    found, releases = _loops.read(library)
    assert found == loop
    assert releases == _loops.RELEASES | {named: release}


@pytest.mark.parametrize(
    ("library", "error"),
    [
        (1, TypeError),
        ("keras", ValueError),
        ("trl, keras 2", ValueError),
        ("trl x", ValueError),
        ("transformers 4.48.3 peft 0.14.0", ValueError),  # a comma is missing
    ],
)
def test_a_library_that_is_not_known_is_refused(library: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="library"):
        _loops.read(library)
