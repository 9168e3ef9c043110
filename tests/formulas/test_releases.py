"""Releases of libraries: what each does otherwise than the newest, and how a library is named."""

from __future__ import annotations

import importlib
import inspect
import re
import warnings
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

import dlp
from dlp import _loops, _training
from tests.formulas.small_run import CONFIG, LORA, NF4, TRAINING, setup, step
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path


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
