"""What the tests of laws share: the formulas that a law names, and arguments to try it on."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st

import dlp
from _evidence.laws import LAWS
from tests.formulas.calls import ARGUMENTS, FUNCTIONS, MODELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DataObject

COUNTS = st.one_of(st.integers(1, 300), st.sampled_from([768, 4096, 50257]))
"""Counts of a formula: small ones, and some that occur."""


configs = st.sampled_from(
    [m for m in MODELS if m["model_type"] in {"llama", "mistral", "qwen2", "gpt2"}]
)
"""Causal models without experts."""


def own_key(model_type: str, name: str) -> str:
    """Give the key under which a config of some type has what we call `name`."""
    return (*dlp.FAMILIES[model_type]()["keys"].get(name, ()), name)[0]


def switches(model_type: str) -> list[str]:
    """List what is true or false in a config of some type, and changes its modules."""
    row = dlp.FAMILIES[model_type]()
    modules = row["modules"] + tuple(module for stack in row["stacks"] for module in stack[2])
    words = [word for module in modules for word in module[5].replace("!", "").split()]
    named = {module[4] for module in modules if isinstance(module[4], str)}
    named |= set(words) - set(row["sets"]) - CONDITIONS
    named |= {name for name, value in row["defaults"].items() if isinstance(value, bool)}
    return sorted(name for name in named if not name.startswith(("_", "layer_norm")))


CONDITIONS = {
    "bare",
    "decoder",
    "gated",
    "labels",
    "language_model",
    "narrow",
    "pooler",
    "untied",
}
"""What a module depends on and is no key of a config."""


def changed(config: dict[str, Any], ours: dict[str, object]) -> dict[str, Any]:
    """Give a config with other values, under the keys that its type has for our names."""
    found = dict(config)
    for name, value in ours.items():
        holder, _, key = own_key(config["model_type"], name).rpartition(".")
        if holder:
            found[holder] = {**found.get(holder, {}), key: value}
        else:
            found[key] = value
    return found


@st.composite
def any_config(draw: st.DrawFn, model_types: Sequence[str] = dlp.MODEL_TYPES) -> dict[str, object]:
    """Draw the config of a model of any known type."""
    model_type = draw(st.sampled_from(model_types))
    row = dlp.FAMILIES[model_type]()
    groups, key_heads, head_dim = (draw(st.integers(1, 8)) for _ in range(3))
    heads = groups * key_heads
    layers, inner, vocabulary, positions = (draw(st.integers(1, 300)) for _ in range(4))
    experts = draw(st.integers(1, 8))
    drawn: dict[str, object] = {
        "hidden_size": heads * head_dim,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": key_heads,
        "head_dim": head_dim,
        "intermediate_size": inner,
        "max_position_embeddings": positions,
        "num_experts": experts,
        "num_experts_per_tok": draw(st.integers(1, experts)),
        "moe_intermediate_size": draw(st.integers(1, 300)),
        "decoder_sparse_step": draw(st.integers(1, 4)),
    }
    config: dict[str, Any] = {
        **changed({"model_type": model_type}, drawn),
        **{own_key(model_type, name): draw(st.booleans()) for name in switches(model_type)},
        "vocab_size": vocabulary,
        "tie_word_embeddings": draw(st.booleans()),
        "word_embed_proj_dim": draw(st.integers(1, 64)),
        "mlp_only_layers": draw(st.sampled_from([None, [], [0], [layers - 1]])),
        "num_decoder_layers": draw(st.integers(1, 20)),
        "relative_attention_num_buckets": draw(st.integers(1, 64)),
        "feed_forward_proj": draw(st.sampled_from(["relu", "gated-gelu"])),
        "type_vocab_size": draw(st.integers(1, 3)),
        "num_hidden_groups": draw(st.integers(1, 4)),
        "relative_attention": draw(st.booleans()),
        "position_buckets": draw(st.sampled_from([-1, 0, 7])),
        "pos_att_type": draw(st.sampled_from([None, "p2c|c2p", ["c2p"]])),
        "decoder_ffn_dim": draw(st.integers(1, 300)),
        "mlp_ratio": draw(st.integers(1, 4)),
        "image_size": 224,
        "patch_size": draw(st.sampled_from([14, 16, [32, 16]])),
        "num_channels": draw(st.integers(1, 4)),
    }
    for name, value in row["defaults"].items():
        known = name in drawn or own_key(model_type, name) in config
        if not known and type(value) is int:
            config = changed(config, {name: draw(st.integers(1, 40))})
    for name in row["optional"]:
        if name not in drawn:
            config = changed(config, {name: draw(st.sampled_from([None, 0, 1, 5]))})
    return config


def law(test: Any) -> Any:
    """Try a law of the table on the formulas that it names: a test that takes a `name`, on each."""
    test.law = test.__name__.removeprefix("test_").replace("_", " ")
    if test.law not in LAWS:
        raise LookupError(
            f"docs/_evidence/laws.toml: add {test.law!r} and the formulas it is about"
        )
    if "name" in inspect.signature(test).parameters:
        return pytest.mark.parametrize("name", LAWS[test.law])(test)
    return test


def some_call(data: DataObject, name: str, **fixed: Any) -> dict[str, Any]:
    """Draw valid arguments of a formula; those that are fixed are so wherever it takes them."""
    table = ARGUMENTS[name] | {p: [fixed[p]] for p in fixed.keys() & ARGUMENTS[name]}
    return data.draw(st.fixed_dictionaries({p: st.sampled_from(v) for p, v in table.items()}))


def result(name: str, **arguments: Any) -> Any:
    """Call a formula by its name."""
    return FUNCTIONS[name](**arguments)


def numbers(value: Any) -> list[Any]:
    """Give the numbers in a result, in a fixed order."""
    if isinstance(value, dict):
        return [number for key in sorted(value) for number in numbers(value[key])]
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in numbers(item)]
    return [] if isinstance(value, (str, bool)) else [value]
