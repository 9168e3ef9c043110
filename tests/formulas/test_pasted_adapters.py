"""A config of PEFT is taken whole, as `to_dict` gives it: what changes no count is passed over."""

from __future__ import annotations

import dataclasses
import importlib
import json
from typing import TYPE_CHECKING, Any

import pytest

import dlp
from dlp import _lora, matrix_adapters
from tests.paths import DOCS

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG: dict[str, Any] = {
    "model_type": "qwen2",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 96,
    "vocab_size": 100,
}
LORA: dict[str, Any] = {"config": CONFIG, "r": 4, "target_modules": ["q_proj", "down_proj"]}
COUNTS: list[Callable[..., Any]] = [
    dlp.lora_totals,
    dlp.lora_model_parameters,
    dlp.adapted_modules,
]
PASSED = [*_lora.IDLE, *_lora.UNCOUNTED_STEP]
VALUES = {
    "alpha_pattern": {"q_proj": 2.0},
    "init_lora_weights": "pissa",
    "lora_alpha": 1,
    "lora_dropout": 0.5,
    "peft_type": "LORA",
    "use_rslora": True,
}
"""Where not all values are taken, one that is."""

CLASSES = {
    "ADALORA": "AdaLoraConfig",
    "BOFT": "BOFTConfig",
    "FOURIERFT": "FourierFTConfig",
    "IA3": "IA3Config",
    "LOHA": "LoHaConfig",
    "LOKR": "LoKrConfig",
    "OFT": "OFTConfig",
    "VERA": "VeraConfig",
}
"""The configs of PEFT by method."""


def adapted(method: str, settings: dict[str, Any], **modules: Any) -> Any:
    targets = {"target_modules": ["q_proj", "down_proj"], "config": CONFIG} | modules
    if method == "IA3":
        settings = {"feedforward_modules": []} | settings
    return dlp.adapter_totals(**targets, peft_type=method, settings=settings)  # type: ignore[arg-type]


# --- LoRA -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PASSED)
@pytest.mark.parametrize("count", COUNTS)
def test_what_changes_no_count_is_passed_over(count: Callable[..., Any], name: str) -> None:
    assert count(**LORA, **{name: VALUES.get(name, object())}) == count(**LORA)


@pytest.mark.parametrize("name", _lora.UNCOUNTED)
@pytest.mark.parametrize("count", COUNTS)
def test_what_changes_a_count_unknown_is_refused_if_it_is_on(
    count: Callable[..., Any], name: str
) -> None:
    offs: tuple[Any, ...] = (None, False, [])
    for off in offs:
        assert count(**LORA, **{name: off}) == count(**LORA)
    with pytest.raises(ValueError, match=f"^{name} must be left out: what it trains is not count"):
        count(**LORA, **{name: True})


@pytest.mark.parametrize("count", COUNTS)
def test_adapters_of_which_half_is_trained_are_refused(count: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"^init_lora_weights must not be 'mica'"):
        count(**LORA, init_lora_weights="mica")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"lora_dropout": 2}, ValueError, "^lora_dropout must be from 0"),
        ({"lora_alpha": -1}, ValueError, "^lora_alpha must be from 0"),
        ({"use_rslora": 1}, TypeError, "^use_rslora must be True or False"),
        ({"alpha_pattern": {"v_proj": -1}}, ValueError, r'^alpha_pattern\["v_proj"\] must be'),
        (
            {"peft_type": "VERA", "projection_prng_key": 0},
            ValueError,
            "^peft_type must be LORA, not 'VERA', which adapter_totals takes",
        ),
        ({"peft_type": 1}, TypeError, "^peft_type must be a str"),
        ({"config": None}, TypeError, "^config must be a dict"),
        ({"rank": 4}, TypeError, "^there is no argument 'rank', and LoraConfig has none"),
    ],
)
def test_what_lora_cannot_have_is_refused(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    for count in COUNTS:
        with pytest.raises(error, match=message):
            count(**LORA | changes)


@pytest.mark.libraries
def test_every_setting_of_lora_is_taken() -> None:
    peft = importlib.import_module("peft")
    fields = [field.name for field in dataclasses.fields(peft.LoraConfig)]
    assert sorted(fields) == sorted(name for name in _lora.NAMES if name in fields)
    assert set(_lora.NAMES) - set(fields) == {"autocast_adapter_dtype"}
    with_all = peft.LoraConfig(r=4, target_modules=["q_proj", "down_proj"])
    whole = {name: getattr(with_all, name) for name in fields}
    for count in COUNTS:
        assert count(config=CONFIG, **whole) == count(**LORA)
        assert count(config=CONFIG, **with_all.to_dict()) == count(**LORA)


def test_every_setting_that_is_passed_over_was_counted_by_peft_at_another_value() -> None:
    text = (DOCS / "_evidence" / "counted" / "peft.json").read_text("utf-8")
    given: dict[str, set[str]] = {}
    for record in json.loads(text)["records"]:
        inputs = record["inputs"]
        given.setdefault(inputs["peft_type"], set()).update(inputs)
    # How PEFT saves; an argument of another function; what has no field in a file.
    unseen = {"inference_mode", "autocast_adapter_dtype", "runtime_config"}
    assert set(PASSED) - given["LORA"] <= unseen
    for method in CLASSES:
        names = set(matrix_adapters._names(method)) - set(_lora.NAMES)
        assert names - set(matrix_adapters._OWN[method]) - given[method] <= unseen, method


# --- Other methods --------------------------------------------------------------------------


@pytest.mark.parametrize("method", CLASSES)
def test_what_changes_no_count_of_a_method_is_passed_over(method: str) -> None:
    plain = adapted(method, {})
    counted = {*matrix_adapters._OWN[method], "peft_type"}
    for name in set(matrix_adapters._names(method)) - counted - set(_lora.NAMES):
        assert adapted(method, {name: object()}) == plain
    assert adapted(method, {"peft_type": method}) == plain


@pytest.mark.parametrize("method", CLASSES)
def test_modules_may_stand_among_the_settings_or_settings_beside(method: str) -> None:
    modules = {"target_modules": ["v_proj"], "layers_to_transform": [1]}
    beside = adapted(method, {}, **modules)
    assert adapted(method, modules, target_modules=None) == beside
    assert adapted(method, {}, **modules, revision="main") == beside
    with pytest.raises(ValueError, match=r"^target_modules must be left out of settings"):
        adapted(method, modules)


def test_biases_are_trained_beside_a_method() -> None:
    plain = adapted("OFT", {})["trainable_params"]
    assert adapted("OFT", {"bias": "none"})["trainable_params"] == plain
    assert adapted("OFT", {"bias": "oft_only"})["trainable_params"] == plain + 2 * 64
    assert adapted("OFT", {"bias": "all"})["trainable_params"] == plain + 2 * (64 + 2 * 32)
    assert adapted("OFT", {"bias": "all"})["all_param"] == adapted("OFT", {})["all_param"]


def test_frequencies_of_their_own_are_those_of_their_modules() -> None:
    pattern = {"n_frequency": 5, "n_frequency_pattern": {"q_proj": 3}}
    assert adapted("FOURIERFT", pattern)["trainable_params"] == 2 * (5 + 3)


@pytest.mark.parametrize(
    ("method", "settings", "message"),
    [
        (
            "VERA",
            {"bias": "some"},
            r'^settings\["bias"\] must be "none", "all" or that of a method',
        ),
        ("VERA", {"bias": 1}, r'^settings\["bias"\] must be "none"'),
        (
            "VERA",
            {"peft_type": "OFT", "oft_block_size": 32},
            r'^settings\["peft_type"\] must be VERA',
        ),
        ("LORA", {}, "^peft_type must not be 'LORA', which lora_totals takes"),
        ("VERA", {"lora_alpha": 8}, "^settings must have names that VERA's config has"),
        ("VERA", {"trainable_token_indices": [1]}, "^trainable_token_indices must be left out"),
        ("ADALORA", {"use_dora": True}, r'^settings\["use_dora"\] must be left out when'),
        ("ADALORA", {"rank_pattern": {"a": [True]}}, r'^settings\["rank_pattern"\] must be left'),
        ("ADALORA", {"kasa_config": {}}, r'^settings\["kasa_config"\] must be left out: what'),
        ("ADALORA", {"init_lora_weights": "mica"}, r'^settings\["init_lora_weights"\] must not be'),
    ],
)
def test_what_a_method_cannot_have_is_refused(
    method: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        adapted(method, settings)


def test_an_argument_of_no_method_is_refused() -> None:
    with pytest.raises(
        TypeError, match=r"^there is no argument 'rank', and VERA's config has none"
    ):
        adapted("VERA", {}, rank=4)


@pytest.mark.libraries
@pytest.mark.parametrize("method", CLASSES)
def test_every_setting_of_a_method_is_taken(method: str) -> None:
    peft = importlib.import_module("peft")
    config = getattr(peft, CLASSES[method])
    needed: dict[str, Any] = {"total_step": 10} if method == "ADALORA" else {}
    if method == "IA3":
        needed["feedforward_modules"] = []
    whole = config(target_modules=["q_proj", "down_proj"], **needed).to_dict()
    assert {field.name for field in dataclasses.fields(config)} - set(whole) <= {"runtime_config"}
    assert adapted(method, whole, target_modules=None) == adapted(method, {})


# --- What is saved ------------------------------------------------------------------------------


def test_adapters_in_what_is_saved_are_copied_with_it() -> None:
    """The copy is trained, the first stays, frozen."""
    apart = dlp.lora_totals(**LORA, modules_to_save=["k_proj", "v_proj", "o_proj"])
    inside = dlp.lora_totals(**LORA, modules_to_save=["attn"])  # no word of a path, but its end
    query = 2 * (64 * 64 + 64)
    adapter = 2 * dlp.lora_parameters(r=4, in_features=64, out_features=64)
    assert inside["trainable_params"] == apart["trainable_params"] + query
    assert inside["all_param"] == apart["all_param"] + query + adapter
    with pytest.raises(ValueError, match=r"modules_to_save must not match .*attn: .* is adapted"):
        adapted("LOHA", {}, modules_to_save=["attn"])
