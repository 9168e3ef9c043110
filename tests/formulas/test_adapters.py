"""Adapters and soft prompts: what is trained adds up, and each choice adds what it should."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from tests.formulas.calls import MODELS, plain_call
from tests.formulas.laws import law, result

sizes = st.integers(1, 20_000)
ranks = st.integers(1, 512)
WITHOUT_EXPERTS = [
    config for config in MODELS if not dlp.transformer_dimensions(config=config)["num_moe_layers"]
]


def modules_of(config: dict[str, object]) -> list[str]:
    """Name the linear layers of a model, each once."""
    return list(dict.fromkeys(name for name, *_ in dlp.linear_layers(config=config)))


# --- One matrix -----------------------------------------------------------------------------


@given(ranks, ranks, sizes, sizes)
def test_lora_is_linear_in_the_rank(r: int, other: int, n_in: int, n_out: int) -> None:
    def trained(rank: int) -> int:
        return dlp.lora_parameters(r=rank, in_features=n_in, out_features=n_out)

    assert trained(r) + trained(other) == trained(r + other)
    dora = dlp.lora_parameters(r=r, in_features=n_in, out_features=n_out, use_dora=True)
    assert dora - trained(r) == n_out


# --- A whole model --------------------------------------------------------------------------


@pytest.mark.parametrize("config", WITHOUT_EXPERTS, ids=lambda config: str(config["model_type"]))
@pytest.mark.parametrize("bias", dlp.LORA_BIASES)
@pytest.mark.parametrize("use_dora", [False, True])
def test_adapting_every_module_is_adapting_each(
    config: dict[str, object], bias: Any, use_dora: bool
) -> None:
    setup: dict[str, Any] = {"config": config, "r": 8, "bias": bias, "use_dora": use_dora}
    modules = modules_of(config)
    together = dlp.lora_model_parameters(**setup, target_modules=modules)
    assert together == dlp.lora_model_parameters(**setup, target_modules=dlp.ALL_LINEAR)
    each = [dlp.lora_model_parameters(**setup, target_modules=[name]) for name in modules]
    trained_biases = 0
    if bias == "all":  # counted with every module
        trained_biases = dlp.bitfit_parameters(config=config)
    assert together == sum(each) - (len(modules) - 1) * trained_biases


def test_a_model_is_as_many_matrices_as_it_has() -> None:
    setup: dict[str, Any] = {"config": dlp.MISTRAL_7B, "target_modules": ["k_proj"]}
    matrix: dict[str, Any] = {"in_features": 4096, "out_features": 1024}
    assert dlp.lora_model_parameters(**setup, r=8) == 32 * dlp.lora_parameters(r=8, **matrix)
    adalora = dlp.adalora_model_parameters(**setup, init_r=8)
    assert adalora == 32 * dlp.adalora_parameters(init_r=8, **matrix)


def test_bitfit_trains_nothing_where_there_is_no_bias() -> None:
    assert dlp.bitfit_parameters(config=dlp.LLAMA_3_8B) == 0


def test_a_tied_head_can_be_adapted_by_itself() -> None:
    names = [name for name, *_ in dlp.adaptable_modules(config=dlp.GPT2)]
    assert names[-2:] == ["wte", "lm_head"]
    setup: dict[str, Any] = {"config": dlp.GPT2, "r": 4}
    both = dlp.lora_model_parameters(**setup, target_modules=["wte", "lm_head"])
    assert both == 2 * dlp.lora_model_parameters(**setup, target_modules=["lm_head"])


def test_a_narrow_embedding_is_adapted_as_narrow() -> None:
    opt: dict[str, object] = {
        "model_type": "opt",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "ffn_dim": 128,
        "vocab_size": 100,
        "word_embed_proj_dim": 16,
        "max_position_embeddings": 32,
    }
    trained = dlp.lora_model_parameters(config=opt, r=3, target_modules=["embed_tokens"])
    assert trained == 3 * (100 + 16)


def test_the_head_of_phi_has_a_bias_and_readers_have_no_head() -> None:
    phi: dict[str, object] = {
        "model_type": "phi",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 128,
        "vocab_size": 100,
    }
    assert dlp.adaptable_modules(config=phi)[-1] == ("lm_head", 64, 100, True, 1)
    assert not dlp.adaptable_modules(config=dlp.LLAMA_2_7B)[-1][3]
    bert = {**phi, "model_type": "bert", "max_position_embeddings": 16, "type_vocab_size": 2}
    assert dlp.adaptable_modules(config=bert)[-1] == ("word_embeddings", 100, 64, False, 1)
    vit = {**phi, "model_type": "vit", "image_size": 8, "patch_size": 4, "num_channels": 3}
    assert dlp.adaptable_modules(config=vit) == dlp.linear_layers(config=vit)


@given(ranks, ranks)
def test_a_rank_of_its_own_changes_only_its_module(r: int, other: int) -> None:
    setup: dict[str, Any] = {"config": dlp.LLAMA_2_7B}
    both = dlp.lora_model_parameters(
        **setup, r=r, target_modules=["q_proj", "v_proj"], rank_pattern={"v_proj": other}
    )
    apart = dlp.lora_model_parameters(
        **setup, r=r, target_modules=["q_proj"]
    ) + dlp.lora_model_parameters(**setup, r=other, target_modules=["v_proj"])
    assert both == apart


EXPERTS: dict[str, object] = {
    "model_type": "qwen3_moe",
    "hidden_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "intermediate_size": 128,
    "moe_intermediate_size": 24,
    "num_experts": 5,
    "num_experts_per_tok": 2,
    "decoder_sparse_step": 2,
    "vocab_size": 99,
}
"""Two layers with experts, and two without."""


@given(ranks)
def test_names_of_an_mlp_mean_those_of_the_experts(r: int) -> None:
    def trained(targets: list[str] | str) -> int:
        return dlp.lora_model_parameters(config=EXPERTS, r=r, target_modules=targets)

    gate_and_up = 2 * 5 * dlp.lora_parameters(r=2 * r, in_features=48, out_features=2 * 24)
    down = 2 * 5 * dlp.lora_parameters(r=r, in_features=24, out_features=48)
    router = 2 * dlp.lora_parameters(r=r, in_features=48, out_features=5)
    assert trained(["gate_proj", "up_proj"]) == gate_and_up
    assert trained(["down_proj"]) == down
    assert trained(["gate"]) == router
    attention = ["q_proj", "k_proj", "v_proj", "o_proj"]
    assert trained(dlp.ALL_LINEAR) == trained(attention) + gate_and_up + down + router
    saved = dlp.lora_model_parameters(
        config=EXPERTS, r=r, target_modules=["q_proj"], modules_to_save=["down_proj"]
    )
    assert saved == trained(["q_proj"]) + 2 * 48 * 128


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target_modules": ["gate_proj"]}, "must name gate_proj and up_proj together"),
        ({"target_modules": ["gate"], "use_dora": True}, "use_dora must be False"),
        ({"target_modules": ["q_proj"], "rank_pattern": 0}, "rank_pattern must be a dict"),
        ({"target_modules": ["q_proj"], "modules_to_save": 0}, "modules_to_save must be a list"),
        (
            {"config": EXPERTS | {"mlp_only_layers": [0, 1, 2, 3]}, "target_modules": ["up_proj"]},
            "must name gate_proj and up_proj together",
        ),
        (
            {
                "config": EXPERTS | {"mlp_only_layers": [0, 1, 2, 3]},
                "target_modules": ["down_proj"],
            },
            "must match a module of qwen3_moe: down_proj matches none",
        ),
    ],
)
def test_what_peft_refuses_or_forgets_of_experts_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        result("lora_model_parameters", **{"config": EXPERTS, "r": 8} | changes)


def test_the_bias_of_a_copied_module_is_trained_once() -> None:
    """The original is frozen, its bias too."""
    setup: dict[str, Any] = {"config": dlp.GPT2, "r": 4, "target_modules": ["c_attn"]}
    copy = dlp.lora_totals(**setup, modules_to_save=["c_fc"])
    both = dlp.lora_totals(**setup, modules_to_save=["c_fc"], bias="all")
    assert both["all_param"] == copy["all_param"]
    biases = dlp.bitfit_parameters(config=dlp.GPT2)
    assert both["trainable_params"] - copy["trainable_params"] == biases - 12 * 3072


def test_a_head_is_part_of_the_model_and_a_task_brings_and_saves_it() -> None:
    setup: dict[str, Any] = {"r": 8, "target_modules": ["q_proj"]}
    named = dlp.LLAMA_2_7B | {"architectures": ["LlamaForSequenceClassification"], "num_labels": 3}
    plain = dlp.lora_totals(config=named, **setup)
    head = 3 * 4096
    assert plain["all_param"] == dlp.parameter_count(config=named) + plain["trainable_params"]
    task = dlp.lora_totals(config=dlp.LLAMA_2_7B | {"num_labels": 3}, **setup, task_type="SEQ_CLS")
    assert task["trainable_params"] == plain["trainable_params"] + head
    assert task["all_param"] == plain["all_param"] + head
    saved = dlp.lora_totals(config=named, **setup, modules_to_save=["score"])
    assert saved == task


def test_no_copies_and_no_ranks_of_their_own_may_be_written_down() -> None:
    setup: dict[str, Any] = {"config": dlp.LLAMA_2_7B, "r": 8, "target_modules": ["q_proj"]}
    plain = dlp.lora_totals(**setup)
    assert dlp.lora_totals(**setup, modules_to_save=[], rank_pattern={}) == plain


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rank_pattern": {"v_proj": 0}}, r'rank_pattern\["v_proj"\] must be from 1'),
        (
            {"modules_to_save": ["q_proj", "v_proj"]},
            "^modules_to_save must leave a module that target_modules matches: q_proj, v_proj lea",
        ),
        ({"modules_to_save": ["proj"]}, "modules_to_save must not match .*: .*q_proj is adapted"),
        (
            {"modules_to_save": ["attn"], "task_type": "SEQ_CLS"},
            "modules_to_save must not match .*attn: .*q_proj is adapted",
        ),
        ({"modules_to_save": ["dropout"]}, "lora_dropout of an adapted module"),
        ({"modules_to_save": "norm"}, "modules_to_save must be a list"),
        ({"target_modules": ["norm"]}, "model.norm, which is a norm"),
        ({"target_modules": ["mlp"]}, "layers.*.mlp, which only holds other modules"),
        ({"target_modules": r".*layers\.1\..*"}, "which only holds other modules"),
        ({"target_modules": []}, "target_modules must match a module"),
        ({"target_modules": "(?<=q)"}, "target_modules must be a regular expression that is known"),
        (
            {"target_modules": ["q_proj"], "exclude_modules": ["q_proj"]},
            "^exclude_modules must leave a module that target_modules matches: q_proj leaves none",
        ),
        ({"exclude_modules": ["q_proj", "v_proj"], "layers_to_transform": [32]}, "matches none"),
        ({"layers_to_transform": [32]}, "^layers_to_transform must leave .*: 32 leaves none"),
        (
            {"layers_to_transform": 32, "layers_pattern": "layers"},
            "^layers_to_transform must leave .*: 32 leaves none",
        ),
        (
            {"exclude_modules": ".*", "layers_to_transform": 0, "layers_pattern": "layers"},
            r"^exclude_modules must leave .*: '\.\*' leaves none",
        ),
        ({"layers_to_transform": [-1]}, "layers_to_transform must be from 0"),
        ({"layers_pattern": "layers"}, "layers_to_transform must be given"),
        ({"target_modules": "all-linear", "layers_to_transform": 1}, "must be left out when"),
        ({"lora_bias": True, "use_dora": True}, "lora_bias must be False"),
        ({"lora_bias": True, "target_modules": ["embed_tokens"]}, "lora_bias must be False"),
        ({"target_parameters": ["q_proj.weight"]}, "q_proj.weight, which is adapted already"),
        ({"target_parameters": ["norm.weight"]}, "norm.weight, which is a norm"),
        ({"target_parameters": ["o_proj.weight"], "use_dora": True}, "use_dora must be False"),
        ({"trainable_token_indices": {"tokens": [1], "nope": [2]}}, "'nope' is none"),
        ({"trainable_token_indices": {"nope": []}}, "'nope' is none"),
        (
            {"trainable_token_indices": [], "target_modules": ["embed_tokens"]},
            "must not match model.embed_tokens: it is adapted",
        ),
        ({"trainable_token_indices": [32000]}, "trainable_token_indices must be from"),
        (
            {"trainable_token_indices": [1], "modules_to_save": ["model.embed_tokens"]},
            "is saved whole",
        ),
        ({"task_type": "QUESTIONS"}, "task_type must be one of CAUSAL_LM"),
        (
            {"config": {"model_type": "big_bird"}, "task_type": "QUESTION_ANS"},
            "task_type must be one that big_bird has, not 'QUESTION_ANS'",
        ),
        ({"alpha_pattern": {"q_proj": -1}}, "alpha_pattern.*must be from"),
    ],
)
def test_what_peft_refuses_is_refused(changes: dict[str, Any], message: str) -> None:
    setup: dict[str, Any] = {
        "config": dlp.LLAMA_2_7B,
        "r": 8,
        "target_modules": ["q_proj", "v_proj"],
    }
    with pytest.raises((TypeError, ValueError), match=message):
        dlp.lora_model_parameters(**setup | changes)


def test_a_saved_module_is_not_adapted() -> None:
    setup: dict[str, Any] = {"config": dlp.LLAMA_2_7B, "r": 8}
    both = dlp.lora_model_parameters(
        **setup, target_modules=["q_proj", "v_proj"], modules_to_save=["q_proj"]
    )
    one = dlp.lora_model_parameters(**setup, target_modules=["v_proj"])
    assert both == one + 32 * 4096**2


@law
@given(st.lists(st.sampled_from(["Wqkv", "c_attn", "x.q_proj", "proj"]), max_size=3), ranks)
def test_a_name_that_does_not_occur_changes_nothing(others: list[str], r: int) -> None:
    setup: dict[str, Any] = {"config": dlp.LLAMA_2_7B}
    targets = ["q_proj", "up_proj"]
    found = dlp.adapted_modules(**setup, target_modules=targets + others)
    assert found["not_found"] == list(dict.fromkeys(others))
    assert found["adapted"] == [
        "model.layers.*.self_attn.q_proj",
        "model.layers.*.mlp.up_proj",
    ]
    plain = dlp.lora_model_parameters(**setup, r=r, target_modules=targets)
    assert dlp.lora_model_parameters(**setup, r=r, target_modules=targets + others) == plain


@given(st.lists(st.integers(0, 31), unique=True, min_size=1), ranks)
def test_layers_are_adapted_one_by_one_as_all_together(layers: list[int], r: int) -> None:
    setup: dict[str, Any] = {"config": dlp.LLAMA_2_7B, "r": r, "target_modules": ["q_proj"]}
    whole = dlp.lora_model_parameters(**setup)
    some = dlp.lora_model_parameters(**setup, layers_to_transform=layers)
    assert 32 * some == len(layers) * whole
    by_path = [f"{layer}.self_attn.q_proj" for layer in layers]
    assert some == dlp.lora_model_parameters(**setup | {"target_modules": by_path})
    numbers = "|".join(str(layer) for layer in layers)
    pattern = rf".*\.({numbers})\..*\.q_proj"
    assert some == dlp.lora_model_parameters(**setup | {"target_modules": pattern})


# --- Totals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("config", WITHOUT_EXPERTS, ids=lambda config: str(config["model_type"]))
@pytest.mark.parametrize("bias", dlp.LORA_BIASES)
def test_all_parameters_are_the_model_and_what_is_added(
    config: dict[str, object], bias: Any
) -> None:
    setup: dict[str, Any] = {"config": config, "r": 4, "target_modules": dlp.ALL_LINEAR}
    totals = dlp.lora_totals(**setup, bias=bias)
    added = dlp.lora_model_parameters(**setup)  # a trained bias is in the model already
    assert totals["all_param"] == dlp.parameter_count(config=config) + added
    assert totals["trainable_params"] == dlp.lora_model_parameters(**setup, bias=bias)
    share = totals["trainable_params"] / totals["all_param"]
    assert totals["trainable_percent"] == pytest.approx(100 * share)


@given(ranks)
def test_packing_hides_half_of_the_linear_layers_whatever_the_rank(r: int) -> None:
    setup: dict[str, Any] = {"config": dlp.LLAMA_3_8B, "r": r, "target_modules": "all-linear"}
    parts = dlp.parameters_by_part(config=dlp.LLAMA_3_8B)
    whole, packed = dlp.lora_totals(**setup), dlp.lora_totals(**setup, packed=True)
    assert whole["all_param"] - packed["all_param"] == (parts["attention"] + parts["mlp"]) // 2
    assert whole["trainable_params"] == packed["trainable_params"]


# --- Methods of one matrix ------------------------------------------------------------------


@law
@given(sizes, sizes, ranks)
def test_a_model_takes_what_its_matrices_take(width: int, inner: int, r: int) -> None:
    config: dict[str, Any] = {
        "model_type": "llama",
        "hidden_size": 64 * width,
        "num_attention_heads": 1,
        "num_hidden_layers": 3,
        "intermediate_size": inner,
        "vocab_size": 9,
    }
    shape: dict[str, Any] = {"in_features": 64 * width, "out_features": inner}
    each = {
        "ADALORA": ({"init_r": r}, dlp.adalora_parameters(init_r=r, **shape)),
        "BOFT": ({"boft_block_size": 8}, dlp.boft_parameters(**shape, boft_block_size=8)),
        "FOURIERFT": ({"n_frequency": 5}, 5),
        "LOHA": ({"r": r}, dlp.loha_parameters(r=r, **shape)),
        "LOKR": ({"r": r}, dlp.lokr_parameters(r=r, **shape)),
        "OFT": ({}, dlp.oft_parameters(in_features=64 * width)),
        "VERA": ({"r": r}, dlp.vera_parameters(r=r, out_features=inner)),
    }
    for method, (settings, one) in each.items():
        call: dict[str, Any] = {"config": config, "peft_type": method, "settings": settings}
        assert dlp.adapter_model_parameters(**call, target_modules=["up_proj"]) == 3 * one
        totals = dlp.adapter_totals(**call, target_modules=["up_proj"])
        more = 3 if method == "ADALORA" else 0
        assert totals["all_param"] == dlp.parameter_count(config=config) + 3 * one + more


@given(sizes, sizes, ranks)
def test_a_kronecker_product_has_both_widths(n_in: int, n_out: int, r: int) -> None:
    shape: dict[str, Any] = {"in_features": n_in, "out_features": n_out}
    large = dlp.lokr_parameters(r=r, **shape, decompose_factor=1) - 1
    product = 2 * r < max(n_in, n_out)
    assert large == (r * (n_in + n_out) if product else n_in * n_out)
    assert dlp.lokr_parameters(r=10**6, **shape, decompose_factor=1) == n_in * n_out + 1


@given(sizes, sizes, st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_a_factor_that_divides_a_width_is_taken(
    n_in: int, n_out: int, factor: int, r: int, both: bool
) -> None:
    shape = {"in_features": factor * n_in, "out_features": factor * n_out}
    found = dlp.lokr_parameters(r=r, **shape, decompose_factor=factor, decompose_both=both)
    small = 2 * r * factor if both and 2 * r < factor else factor * factor
    large = r * (n_in + n_out) if 2 * r < max(n_in, n_out) else n_in * n_out
    assert found == small + large


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("oft_parameters", {"r": 2}, "one of r and oft_block_size must be 0"),
        ("oft_parameters", {"oft_block_size": -1}, "oft_block_size must be from 0"),
        ("boft_parameters", {"boft_block_num": 2}, "one of boft_block_size and boft_block_num"),
        ("boft_parameters", {"in_features": 6}, "the blocks must divide in_features"),
        ("boft_parameters", {"boft_block_size": 1, "boft_n_butterfly_factor": 2}, "even size"),
        ("lokr_parameters", {"decompose_factor": 0}, "decompose_factor must be -1 or from 1"),
        (
            "adapter_model_parameters",
            {"peft_type": "IA3", "config": {"model_type": "phi3"}, "target_modules": None},
            r'settings\["feedforward_modules"\] must be given: PEFT has no default of phi3',
        ),
        (
            "adapter_model_parameters",
            {
                "peft_type": "IA3",
                "config": {"model_type": "phi3"},
                "target_modules": None,
                "settings": {"feedforward_modules": []},
            },
            "target_modules must be given: PEFT has no default of phi3",
        ),
        ("adapter_model_parameters", {"settings": {"rank": 8}}, "settings must have names"),
        ("adapter_model_parameters", {"ensure_weight_tying": True}, "must be left out when"),
        ("top_layers_parameters", {"num_layers": 13}, "num_layers must be from 1 to 12"),
    ],
)
def test_what_a_method_cannot_do_is_refused(
    name: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        result(name, **plain_call(name) | changes)


def test_top_layers_are_some_of_all_layers() -> None:
    parts = dlp.parameters_by_part(config=dlp.LLAMA_2_7B)
    layers = parts["attention"] + parts["mlp"] + parts["norm"] - 4096
    assert dlp.top_layers_parameters(config=dlp.LLAMA_2_7B, num_layers=32) == layers
    assert dlp.top_layers_parameters(config=dlp.LLAMA_2_7B, num_layers=1) == layers // 32


# --- IA3 and norms --------------------------------------------------------------------------


def test_ia3_scales_outputs_and_the_inputs_of_feed_forward_modules() -> None:
    def trained(targets: list[str], feedforward: list[str]) -> int:
        return dlp.ia3_model_parameters(
            config=dlp.MISTRAL_7B, target_modules=targets, feedforward_modules=feedforward
        )

    assert trained(["k_proj"], []) == 32 * 1024
    assert trained(["down_proj"], []) == 32 * 4096
    assert trained(["down_proj"], ["down_proj"]) == 32 * 14336
    assert trained(["k_proj", "down_proj"], ["down_proj"]) == 32 * (1024 + 14336)
    with pytest.raises(ValueError, match="feedforward_modules must be one of k_proj"):
        trained(["k_proj"], ["down_proj"])


def test_tuned_norms_are_all_norms() -> None:
    trained = dlp.ln_tuning_parameters(config=dlp.GPT2)
    assert trained == dlp.norm_parameters(hidden_size=768, num_hidden_layers=12, bias=True)


# --- Soft prompts ---------------------------------------------------------------------------

tokens, widths, depths = st.integers(1, 200), st.integers(1, 5000), st.integers(1, 100)


@given(tokens, depths, widths, widths)
def test_a_projected_prefix_is_an_embedding_and_two_linear_layers(
    length: int, layers: int, width: int, inner: int
) -> None:
    shape: dict[str, Any] = {
        "num_virtual_tokens": length,
        "num_layers": layers,
        "token_dim": width,
        "prefix_projection": True,
    }
    first = dlp.linear_parameters(in_features=width, out_features=inner)
    last = dlp.linear_parameters(in_features=inner, out_features=2 * layers * width)
    trained = dlp.prefix_tuning_parameters(**shape, encoder_hidden_size=inner)
    assert trained == length * width + first + last
    as_wide = dlp.prefix_tuning_parameters(**shape, encoder_hidden_size=width)
    assert dlp.prefix_tuning_parameters(**shape) == as_wide


def test_grouped_queries_shorten_a_prefix_as_they_do_the_cache() -> None:
    many = dlp.prefix_tuning_model_parameters(config=dlp.LLAMA_2_7B, num_virtual_tokens=20)
    few = dlp.prefix_tuning_model_parameters(config=dlp.MISTRAL_7B, num_virtual_tokens=20)
    assert many == 4 * few


@given(tokens, widths, widths)
def test_the_network_of_p_tuning_does_not_grow_with_its_prompt(
    length: int, width: int, inner: int
) -> None:
    shape: dict[str, Any] = {"token_dim": width, "encoder_hidden_size": inner}
    for kind in dlp.PROMPT_ENCODERS:
        trained = dlp.p_tuning_parameters(
            **shape, num_virtual_tokens=length, encoder_reparameterization_type=kind
        )
        one = dlp.p_tuning_parameters(
            **shape, num_virtual_tokens=1, encoder_reparameterization_type=kind
        )
        assert trained - one == (length - 1) * width


@given(widths, widths, st.integers(1, 6))
def test_the_lstm_of_p_tuning_has_four_gates_two_ways_and_two_biases(
    width: int, inner: int, layers: int
) -> None:
    trained = dlp.p_tuning_parameters(
        num_virtual_tokens=1,
        token_dim=width,
        encoder_hidden_size=inner,
        encoder_reparameterization_type="LSTM",
        encoder_num_layers=layers,
    )
    lstm = 0
    for layer in range(layers):
        entering = width if layer == 0 else 2 * inner
        gate = dlp.linear_parameters(in_features=entering, out_features=inner)
        gate += dlp.linear_parameters(in_features=inner, out_features=inner)
        lstm += 2 * 4 * gate
    head = dlp.linear_parameters(in_features=2 * inner, out_features=2 * inner)
    head += dlp.linear_parameters(in_features=2 * inner, out_features=width)
    assert trained == width + lstm + head


@given(tokens, widths)
def test_encoder_and_decoder_each_get_a_prompt(length: int, width: int) -> None:
    shape: dict[str, Any] = {"num_virtual_tokens": length, "token_dim": width}
    one = dlp.prompt_tuning_parameters(**shape)
    assert dlp.prompt_tuning_parameters(**shape, num_transformer_submodules=2) == 2 * one
    with pytest.raises(ValueError, match="num_transformer_submodules must be from 1 to 2, not 3"):
        dlp.prompt_tuning_parameters(**shape, num_transformer_submodules=3)


def test_what_is_left_out_of_lora_is_what_peft_takes() -> None:
    setup: dict[str, Any] = {"config": dlp.LLAMA_2_7B, "target_modules": ["q_proj"]}
    assert dlp.lora_totals(**setup) == dlp.lora_totals(**setup, r=8)
    one = dlp.lora_model_parameters(**setup, r=8, layers_to_transform=0)
    assert one == dlp.lora_model_parameters(**setup, r=8, layers_to_transform=[0])
    assert 32 * one == dlp.lora_model_parameters(**setup, r=8)


def test_numbers_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="dataloader_num_workers"):
        dlp.stream_micro_batches_per_epoch(
            num_samples=10, per_device_train_batch_size=1, dataloader_num_workers=-1
        )
