"""Parameters of models and heads: parts make wholes, and growth is as it should be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from dlp import _config
from tests.formulas.laws import any_config, changed, own_key

sizes = st.integers(1, 20_000)

WITHOUT_HEAD = {name for name, row in dlp.FAMILIES.items() if row()["counted"] == "bare model"}
"""What is counted without an output head."""

NEVER_TIED = {name for name, row in dlp.FAMILIES.items() if row()["tied"] is None}
"""What has an output head of its own, whatever its config says."""

INCOMPLETE = {"dots1"}
"""What has no default for how many experts there are."""


def has_table(model_type: str) -> bool:
    """Say whether a model has a table of as many positions as its config says."""
    rows = dlp.FAMILIES[model_type]()["numbers"].get("rows", "")
    return str(rows).startswith("max_position_embeddings")


def embedding(config: dict[str, object]) -> int:
    """Count the embedding that can be the output head too."""
    size = dlp.transformer_dimensions(config=config)
    return size["vocab_size"] * size["embedding_size"]


@given(any_config())
def test_parts_sum_to_the_whole(config: dict[str, object]) -> None:
    parts = dlp.parameters_by_part(config=config)
    assert sum(parts.values()) == dlp.parameter_count(config=config)
    assert min(parts.values()) >= 0


@given(any_config())
def test_every_architecture_has_the_same_parts_and_dimensions(config: dict[str, object]) -> None:
    parts, size = dlp.parameters_by_part, dlp.transformer_dimensions
    assert list(parts(config=config)) == list(parts(config=dlp.GPT2))
    assert list(size(config=config)) == list(size(config=dlp.GPT2))


@given(any_config())
def test_linear_layers_are_the_matrices_and_their_biases(config: dict[str, object]) -> None:
    parts = dlp.parameters_by_part(config=config)
    layers = dlp.linear_layers(config=config)
    weights = sum(copies * n_in * n_out for _, n_in, n_out, _, copies in layers)
    biases = sum(copies * n_out for _, _, n_out, has_bias, copies in layers if has_bias)
    model = _config.read(config)
    vectors = ("attention vector", "mixer vector", "mlp vector", "projection vector")
    others = sum(
        copies * (n_in + has_bias) * n_out
        for _, n_in, n_out, has_bias, copies in _config.modules(model, _config.EXPERTS + vectors)
    )
    others += sum(
        copies * n_out
        for _, _, n_out, has_bias, copies in _config.modules(model, ("router", "output_head"))
        if has_bias
    )
    linear = ("attention", "mlp", "mixer", "bias", "projection", "pooler")
    assert weights + biases == sum(parts[name] for name in linear) - others


@given(any_config([name for name in dlp.MODEL_TYPES if name != "zamba"]))
def test_tying_the_head_saves_one_embedding(config: dict[str, object]) -> None:
    # Zamba has more to tie: a transformer that several layers share.
    untied = dlp.parameter_count(config=config | {"tie_word_embeddings": False})
    tied = dlp.parameter_count(config=config | {"tie_word_embeddings": True})
    if config["model_type"] in NEVER_TIED:
        return
    parts = dlp.parameters_by_part(config=config | {"tie_word_embeddings": False})
    # Both stacks of BART have a table of their own then.
    tables = (
        parts["token_embedding"]
        - dlp.parameters_by_part(config=config | {"tie_word_embeddings": True})["token_embedding"]
    )
    assert untied - tied == parts["output_head"] + tables
    assert bool(parts["output_head"]) == (config["model_type"] not in WITHOUT_HEAD)


@given(any_config(), st.integers(1, 9000))
def test_context_length_changes_learned_positions_only(
    config: dict[str, object], positions: int
) -> None:
    model_type = str(config["model_type"])
    key = own_key(model_type, "max_position_embeddings")
    before = dlp.parameters_by_part(config=config)
    after = dlp.parameters_by_part(config=config | {key: positions})
    grown = after.pop("position_embedding") - before.pop("position_embedding")
    assert before == after
    row = dlp.FAMILIES[model_type]()
    if not has_table(model_type):
        assert not grown or model_type.startswith("deberta")  # which counts relative ones by it
        return
    rows, _, offset = str(row["numbers"]["rows"]).partition("+")
    size = dlp.transformer_dimensions(config=config | {key: positions})
    assert size["position_rows"] - positions == int(offset or 0), rows
    widths = [
        _config.number(config, row, outputs)
        for _, _, inputs, outputs, _, where in row["modules"]
        if inputs == "rows" and not where
    ]
    more = positions - dlp.transformer_dimensions(config=config)["position_rows"] + int(offset or 0)
    if widths:
        assert grown == more * sum(widths)


@given(any_config())
def test_active_parameters_leave_out_resting_experts_and_then_embeddings(
    config: dict[str, object],
) -> None:
    def active(embeddings: Any) -> int:
        return dlp.active_parameters(config=config, embeddings=embeddings)

    total = dlp.parameter_count(config=config)
    experts = dlp.transformer_dimensions(config=config)["num_experts"]
    if not dlp.FAMILIES[str(config["model_type"])]()["nested"]:  # whose text has its own sizes
        every = changed(config, {"num_experts_per_tok": experts})
        assert dlp.active_parameters(config=every, embeddings="all") == total
    if not dlp.transformer_dimensions(config=config)["num_moe_layers"]:
        assert active("all") == total
    assert active("none") <= active("output") <= active("all") <= total
    parts = dlp.parameters_by_part(config=config)
    tables = ("token_embedding", "position_embedding", "segment_embedding", "output_head")
    assert active("all") - active("none") == sum(parts[name] for name in tables)
    size = dlp.transformer_dimensions(config=config)
    head = size["vocab_size"] * size["embedding_size"]
    with_head = config["model_type"] not in WITHOUT_HEAD
    assert active("output") - active("none") == (head if with_head else 0)


@given(any_config(("mixtral", "qwen3_moe")), st.integers(1, 8))
def test_an_expert_more_is_the_same_growth_each_time(config: dict[str, object], more: int) -> None:
    def total(experts: int) -> int:
        number = {"num_experts": experts, "num_local_experts": experts}
        return dlp.parameter_count(config=config | number | {"num_experts_per_tok": 1})

    assert total(1 + more) - total(1) == more * (total(2) - total(1))


def test_what_is_left_out_is_what_the_class_takes() -> None:
    for model_type in sorted(set(dlp.MODEL_TYPES) - INCOMPLETE):
        plain = {"model_type": model_type}
        defaults = dlp.FAMILIES[model_type]()["defaults"]
        written_out = changed(
            plain, {name: each for name, each in defaults.items() if each is not None}
        )
        parts = dlp.parameters_by_part(config=plain)
        assert parts == dlp.parameters_by_part(config=written_out), model_type
        assert sum(parts.values()), model_type


def test_minus_one_stands_for_none_and_nothing_below_it_does() -> None:
    config = {"model_type": "deberta-v2", "relative_attention": True}
    without = dlp.parameter_count(config=config | {"position_buckets": None})
    assert dlp.parameter_count(config=config | {"position_buckets": -1}) == without
    with pytest.raises(ValueError, match=r"position_buckets.* must be from -1 to"):
        dlp.parameter_count(config=config | {"position_buckets": -2})


def test_a_size_without_a_default_is_named() -> None:
    with pytest.raises(ValueError, match='must have "hidden_size" when its model_type is llama'):
        dlp.parameter_count(config=dlp.LLAMA_2_7B | {"hidden_size": None})


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        ("BERT_BASE", {"num_attention_heads": 7}, "hidden_size must be a multiple"),
        ("MIXTRAL_8X7B", {"num_key_value_heads": 7}, "num_key_value_heads must divide"),
        ("MIXTRAL_8X7B", {"num_experts_per_tok": 9}, "at most the number of experts, not 9 of 8"),
        ("FLAN_T5_BASE", {"feed_forward_proj": "half-gelu"}, '"gated-" before it or nothing'),
        ("FLAN_T5_BASE", {"feed_forward_proj": 3}, "feed_forward_proj.* must be a str"),
        ("VIT_BASE", {"patch_size": 225}, "patch_size must be at most image_size"),
        ("VIT_BASE", {"patch_size": [16]}, "one number or two, not 1"),
    ],
)
def test_sizes_that_do_not_go_together_are_refused(
    model: str, changes: dict[str, object], message: str
) -> None:
    config = getattr(dlp, model) | changes
    with pytest.raises((TypeError, ValueError), match=message):
        dlp.parameter_count(config=config)


def test_what_a_config_leaves_out_is_as_in_the_library() -> None:
    def count(**config: object) -> int:
        return dlp.parameter_count(config=config)

    falcon: dict[str, Any] = {
        "model_type": "falcon",
        "hidden_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "vocab_size": 100,
    }
    written_out = {"num_kv_heads": 4, "ffn_hidden_size": 256, "bias": False, "alibi": False}
    assert count(**falcon) == count(**falcon, **written_out, multi_query=True, parallel_attn=True)
    gemma: dict[str, Any] = {
        "model_type": "gemma3_text",
        "hidden_size": 2560,
        "num_hidden_layers": 34,
        "intermediate_size": 10240,
    }
    heads = {"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256}
    assert count(**gemma) == count(**gemma, **heads, vocab_size=262208)
    bloom: dict[str, Any] = {"model_type": "bloom", "n_layer": 2, "vocab_size": 100}
    old_names = {"n_embed": 64, "num_attention_heads": 8}
    assert count(**bloom, hidden_size=64, n_head=8) == count(**bloom, **old_names)


def test_what_no_module_shows_is_as_in_the_library_too() -> None:
    # Transformers 5.23.0, HunYuanMoEV1Config, and AyaVisionConfig, of which no model can be built:
    # its 14 heads do not divide 1152.
    hunyuan = dlp.transformer_dimensions(config={"model_type": "hunyuan_v1_moe"})
    assert (hunyuan["num_experts"], hunyuan["num_experts_per_tok"]) == (1, 1)
    eye = dlp.linear_layers(config={"model_type": "aya_vision"})
    assert ("fc1", 1152, 4304, True, 26) in eye


@pytest.mark.parametrize(
    ("config", "values"),
    [
        ({"model_type": "qwen3_moe", "num_experts": 0}, 1_754_895_360),
        ({"model_type": "qwen3_vl_moe_text", "num_experts": 0}, 1_544_396_800),
        ({"model_type": "ernie4_5_moe", "moe_layer_start_index": -1}, 22_509_797_632),
        ({"model_type": "ernie4_5_moe", "moe_layer_start_index": 99}, 3_347_724_800),
    ],
)
def test_experts_of_no_layer_or_of_each_are_as_in_the_library(
    config: dict[str, Any], values: int
) -> None:
    # Transformers 5.23.0, of models built on the meta device.
    assert dlp.parameter_count(config=config) == values


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"model_type": "mellum", "num_hidden_layers": 3, "mlp_layer_types": ["dense"]},
            r"mlp_layer_types.* must name 3 layers, one for each, not 1",
        ),
        (
            {"model_type": "mellum", "num_hidden_layers": 1, "mlp_layer_types": ["dense"] * 2},
            r"mlp_layer_types.* must name 1 layers, one for each, not 2",
        ),
        *(
            ({"model_type": name, key: None}, f'config must have "{key}" when')
            for name, key in (("llama", "intermediate_size"), ("bart", "encoder_ffn_dim"))
        ),
        *(
            (
                {
                    "model_type": name,
                    "num_hidden_layers": 2,
                    "layer_types": ["full_attention"] * number,
                },
                f'"layer_types".* must name 2 layers, one for each, not {number}',
            )
            for name, number in (("llama", 1), ("vit", 3))
        ),
        *(
            (
                {
                    "model_type": "laguna",
                    "num_hidden_layers": 2,
                    "num_attention_heads_per_layer": heads,
                },
                "num_attention_heads_per_layer.* must be num_attention_heads in each layer",
            )
            for heads in ([24, 48], [48, 96], [48])
        ),
        # which Transformers has not
        *(
            (
                {"model_type": kind, "architectures": [f"{name}ForSequenceClassification"]},
                f"must be one of {name}Model, {name}ForCausalLM, not",
            )
            for kind, name in (("bamba", "Bamba"), ("falcon_h1", "FalconH1"))
        ),
    ],
)
def test_what_no_layers_can_be_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dlp.transformer_dimensions(config=config)


# --- Classes --------------------------------------------------------------------------------


@given(any_config(dlp.HEAD_MODEL_TYPES), st.integers(1, 90), st.data())
def test_a_classifier_has_the_head_of_its_task(
    config: dict[str, Any], labels: int, data: st.DataObject
) -> None:
    row = dlp.FAMILIES[config["model_type"]]()
    task: Any = data.draw(st.sampled_from(sorted(row["heads"])))
    (name,) = (each for each, what in row["classes"].items() if what == task)
    parts = dlp.parameters_by_part(config=config | {"architectures": [name], "num_labels": labels})
    assert not parts["output_head"]
    assert parts["classification_head"] == dlp.transformers_head_parameters(
        model_type=config["model_type"],
        task=task,
        hidden_size=_config.number(config, row, row["numbers"].get("label_inputs", "d")),
        num_labels=labels,
    )


@pytest.mark.parametrize(
    ("settings", "labels"),
    [
        ({}, 2),
        ({"num_labels": 5}, 5),
        ({"id2label": {"0": "a", "1": "b", "2": "c"}}, 3),
        ({"id2label": {"0": "a"}, "num_labels": 1}, 1),
        ({"id2label": {"0": "a", "1": "b", "2": "c"}, "num_labels": 5}, 5),
        ({"id2label": {"0": "a", "1": "b", "2": "c"}, "num_labels": 2}, 2),
    ],
)
def test_a_classifier_has_as_many_labels_as_its_config_names(
    settings: dict[str, object], labels: int
) -> None:
    config = dlp.BERT_BASE | {"architectures": ["BertForSequenceClassification"]}
    parts = dlp.parameters_by_part(config=config | settings)
    assert parts["classification_head"] == 768 * labels + labels


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        ("GPT2", {"add_cross_attention": True}, "add_cross_attention.* must be False"),
        ("LLAMA_2_7B", {"architectures": ["LlamaForRewardModel"]}, "left out, must be one of"),
        ("LLAMA_2_7B", {"architectures": ["MistralModel"]}, "LlamaForCausalLM.*, not 'MistralM"),
        ("LLAMA_2_7B", {"architectures": ["LlamaModel"] * 2}, "must name one class, not 2"),
        ("LLAMA_2_7B", {"architectures": "LlamaModel"}, "architectures.* must be a list"),
        (
            "LLAMA_2_7B",
            {"auto_map": {"AutoModelForCausalLM": "modeling_own.OwnForCausalLM"}},
            "auto_map.*: name LlamaForCausalLM in config",
        ),
        (
            "BERT_BASE",
            {"architectures": ["BertForTokenClassification"], "id2label": {}},
            "number of names in .*id2label.* must be from 1",
        ),
    ],
)
def test_a_model_that_is_not_counted_is_refused(
    model: str, changes: dict[str, object], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        dlp.transformer_dimensions(config=getattr(dlp, model) | changes)


def test_remote_code_that_bears_the_usual_name_is_counted_as_the_library_builds_it() -> None:
    remote = {"AutoConfig": "a.Own", "AutoModelForCausalLM": "modeling.LlamaForCausalLM"}
    for config in (
        dlp.LLAMA_2_7B | {"auto_map": remote},
        dlp.LLAMA_2_7B
        | {"auto_map": {"AutoModel": "b.Own"}, "architectures": ["LlamaForCausalLM"]},
        dlp.LLAMA_2_7B | {"architectures": [], "auto_map": {}, "add_cross_attention": False},
    ):
        assert dlp.parameter_count(config=config) == dlp.parameter_count(config=dlp.LLAMA_2_7B)


@given(st.integers(1, 200), sizes)
def test_depth_is_the_inverse_of_the_rough_count(layers: int, width: int) -> None:
    rough = dlp.rough_parameters(num_hidden_layers=layers, hidden_size=width)
    depth = dlp.implied_depth(num_parameters=rough, hidden_size=width)
    assert depth == pytest.approx(layers, rel=1e-12)


@given(st.integers(1, 40), st.integers(1, 2000))
def test_the_rough_count_is_exact_for_a_plain_layer(heads: int, head_dim: int) -> None:
    width = heads * head_dim
    layer = dlp.attention_parameters(
        hidden_size=width, num_attention_heads=heads, num_key_value_heads=heads, head_dim=head_dim
    ) + dlp.mlp_parameters(hidden_size=width, intermediate_size=4 * width, gated=False)
    assert layer == dlp.rough_parameters(num_hidden_layers=1, hidden_size=width)


# --- Heads ----------------------------------------------------------------------------------


@given(sizes, st.integers(1, 500))
def test_a_bias_adds_one_number_for_each_label(width: int, labels: int) -> None:
    shape: dict[str, Any] = {"hidden_size": width, "num_labels": labels}
    with_bias = dlp.classification_head_parameters(**shape)
    assert with_bias - dlp.classification_head_parameters(**shape, bias=False) == labels


@given(sizes, st.integers(1, 500))
def test_the_head_of_roberta_is_the_head_of_bert_with_its_pooler(width: int, labels: int) -> None:
    shape: dict[str, Any] = {
        "task": "sequence-classification",
        "hidden_size": width,
        "num_labels": labels,
    }
    pooler = dlp.linear_parameters(in_features=width, out_features=width)
    bert = dlp.transformers_head_parameters(model_type="bert", **shape)
    assert dlp.transformers_head_parameters(model_type="roberta", **shape) == bert + pooler
