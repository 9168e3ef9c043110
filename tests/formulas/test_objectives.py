"""The steps of DPO and GRPO: what they hold that a step of SFT does not, by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from dlp import _training

SMALL: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 1000,
}
LORA = {"r": 2, "target_modules": ["q_proj", "down_proj"]}


def step(
    objective: str, *, lora: Any = None, config: Any = SMALL, **training: Any
) -> dict[str, Any]:
    """Give a step of TRL on a small model."""
    given: dict[str, Any] = {"per_device_train_batch_size": 2, "max_length": 64}
    given |= {"dtype": "bfloat16", "bf16": False} | training
    found: Any = dlp.peak_memory(
        config=config,
        training={name: value for name, value in given.items() if value is not None},
        lora=lora,
        library="trl",
        objective=objective,  # type: ignore[arg-type]
    )
    return found  # type: ignore[no-any-return]


def part(found: dict[str, Any], name: str, moment: str = "forward end") -> int:
    """Give a part of a moment."""
    size: int = found["moments"][moment].get(name, 0)
    return size


def total(found: dict[str, Any], moment: str = "forward end") -> int:
    """Add up a moment."""
    return sum(found["moments"][moment].values())


# --- DPO --------------------------------------------------------------------------------------


def test_a_reference_model_stands_beside_a_model_that_is_trained_whole() -> None:
    weights = 2 * dlp.parameter_count(config=SMALL)
    assert part(step("sft"), "weights") == weights
    assert part(step("dpo"), "weights") == 2 * weights
    assert part(step("dpo", precompute_ref_log_probs=True), "weights") == weights
    assert part(step("dpo", lora=LORA), "weights") == weights


def test_a_pair_is_two_samples() -> None:
    pairs = step("dpo", precompute_ref_log_probs=True)
    samples = step("sft", per_device_train_batch_size=4)
    for moment in dlp.MOMENTS:
        # Beside numbers of tokens and labels there are two masks.
        more = part(pairs, "inputs", moment) - part(samples, "inputs", moment)
        assert more == 2 * 8 * 4 * 64
        assert total(pairs, moment) - total(samples, moment) == more


def test_the_reference_runs_beside_what_the_model_keeps() -> None:
    before = step("dpo", lora=LORA, precompute_ref_log_probs=True, gradient_checkpointing=False)
    beside = step("dpo", lora=LORA, gradient_checkpointing=False)
    assert part(beside, "activations") == part(before, "activations", "loss backward")
    # At least what was embedded, what a layer reads, and two of the three tensors of its MLP.
    assert part(beside, "working") > 4 * 64 * 2 * (64 + 64 + 2 * 128)
    assert total(beside) > total(before)
    for moment in dlp.MOMENTS[1:]:
        assert beside["moments"][moment] == before["moments"][moment]


def test_dropout_is_off_unless_it_is_asked_for() -> None:
    for objective, off in (("dpo", True), ("grpo", False)):
        training = {"max_completion_length": 32} if objective == "grpo" else {}
        dropping = LORA | {"lora_dropout": 0.1}
        plain = step(objective, lora=LORA, **training)
        assert (step(objective, lora=dropping, **training) == plain) == off
        assert step(objective, lora=dropping, disable_dropout=True, **training) == plain
        assert step(objective, lora=dropping, disable_dropout=False, **training) != plain


# --- GRPO -------------------------------------------------------------------------------------


def generated(**training: Any) -> dict[str, Any]:
    """Give a step of GRPO that writes so much that its end is the fullest."""
    return step("grpo", **{"max_completion_length": 63, "steps_per_generation": 512} | training)


@pytest.mark.parametrize("layers", [1, 3])
def test_generation_ends_with_all_but_the_last_token_in_the_cache(layers: int) -> None:
    found = generated(config=SMALL | {"num_hidden_layers": layers})
    samples, heads, words = 2 * 512, 64, 1000
    of_one_layer = 2 * samples * 63 * heads * 2
    assert part(found, "cache") == layers * of_one_layer
    # The last layer joins a value to those before it, of which both have a name for a moment; from
    # the token before, logits and probabilities are there. Of each token there is what the layer
    # reads, a query, the value, and what was embedded, which the first layer reads.
    joined, tensors = samples * 62 * heads * 2, 3 if layers == 1 else 4
    assert part(found, "working") == joined + samples * (8 * words + tensors * heads * 2)
    assert not part(found, "activations")
    assert not part(found, "gradients")


def test_a_long_prompt_is_read_at_once() -> None:
    found = generated(max_completion_length=1)
    # What the layers before have put into the cache, and a part of a layer on all tokens.
    assert part(found, "cache") == 3 * 2 * 1024 * 63 * 64 * 2
    assert part(found, "working") > 1024 * 63 * 2 * (64 + 2 * 128)


@pytest.mark.parametrize(
    ("accumulation", "settings", "samples"),
    [
        (1, {}, 2),
        (8, {}, 16),
        (1, {"steps_per_generation": 8}, 16),
        (4, {"generation_batch_size": 16}, 16),
        (1, {"generation_batch_size": 32, "steps_per_generation": 8}, 16),  # of two devices
    ],
)
def test_generation_is_for_several_batches(
    accumulation: int, settings: dict[str, Any], samples: int
) -> None:
    found = generated(
        gradient_accumulation_steps=accumulation,
        **{"steps_per_generation": None} | settings,
    )
    # Numbers of tokens and a mask of all that was written; those of a batch, and labels.
    assert part(found, "inputs") == 8 * 64 * (2 * samples + 3 * 2)


def test_what_generation_needs_is_gone_when_the_backward_pass_begins() -> None:
    few, many = generated(steps_per_generation=1), generated()
    assert total(few) < total(many)
    for moment in dlp.MOMENTS[1:]:
        inputs = part(many, "inputs", moment) - part(few, "inputs", moment)
        assert total(many, moment) - total(few, moment) == inputs


def test_a_reference_is_there_if_its_divergence_counts() -> None:
    weights = 2 * dlp.parameter_count(config=SMALL)
    assert part(generated(), "weights") == weights
    assert part(generated(beta=0.04), "weights") == 2 * weights
    assert part(generated(beta=0.04, lora=LORA), "weights") == weights


def test_completions_alone_are_scored() -> None:
    settings = {"gradient_checkpointing": True, "steps_per_generation": 1}
    one, two = (generated(max_completion_length=length, **settings) for length in (10, 11))
    # For a token of a batch: its row, of which there is a gradient in fp32; a tile of logits.
    more = total(two, "loss backward") - total(one, "loss backward")
    row = 2 * 64 + 4 * 64 + 2 * 32_768
    assert 0 <= more - 2 * row < 2 * 200


@pytest.mark.parametrize(
    ("dtype", "bf16", "size"), [("bfloat16", False, 2), ("float32", False, 4), ("float32", True, 2)]
)
def test_a_token_is_picked_among_all_words(dtype: str, bf16: bool, size: int) -> None:
    found = generated(config=SMALL | {"vocab_size": 50_000}, dtype=dtype, bf16=bf16)
    # The logits, the same in fp32, probabilities, and random numbers.
    assert part(found, "working") == 1024 * 50_000 * (size + 3 * 4)


def test_autocast_keeps_a_copy_of_all_weights_when_it_multiplies_with_the_head() -> None:
    words, layers = 1_000_000, 3 * (4 * 64 * 64 + 3 * 64 * 128)
    settings = {"dtype": "float32", "bf16": True, "steps_per_generation": 1}
    found = generated(config=SMALL | {"vocab_size": words}, **settings)
    copies, logits = 2 * (layers + 64 * words), 2 * words
    assert part(found, "working") == copies + 2 * logits + 8 * logits
    # As it begins, there are none of the token before.
    found = generated(
        config=SMALL | {"vocab_size": words}, max_length=2, max_completion_length=1, **settings
    )
    assert part(found, "working") == copies + 2 * logits


def test_peft_generates_past_autocast() -> None:
    settings = {"dtype": "float32", "bf16": True}
    adapted, plain = generated(lora=LORA, **settings), generated()
    assert part(adapted, "cache") == 2 * part(plain, "cache")
    samples, token = 1024, 1024 * 64
    whole = generated(**settings)
    assert part(whole, "cache") == 2 * part(plain, "cache")
    # Attention is given keys and values in 16 bits; beside them are two tensors in fp32, the
    # query and the result in 16 bits, a sum for each of 4 heads, and the copies of two layers and
    # of queries, keys and values of the last.
    attention = 2 * 2 * 63 * token + 2 * 4 * token + 2 * 2 * token + 4 * 4 * samples
    copies = 2 * (2 * (4 * 64 * 64 + 3 * 64 * 128) + 3 * 64 * 64)
    assert part(whole, "working") == attention + copies + 8 * samples * 1000
    # Without autocast and copies, the values are joined in fp32, beside adapters' own queries.
    joined = 4 * (62 * token + 4 * token) + 8 * samples * 1000
    assert part(adapted, "working") == joined


def test_the_shortest_text_is_one_token_of_a_prompt() -> None:
    found = generated(max_length=1)
    assert part(found, "cache") == 3 * 2 * 1024 * 64 * 2
    assert part(found, "working") == 1024 * 1000 * (2 + 3 * 4)


def test_completions_have_a_default_length() -> None:
    for length, same in ((511, False), (512, True), (513, False)):
        of_length = generated(max_length=600, max_completion_length=length)
        assert (of_length == generated(max_length=600, max_completion_length=None)) == same


def test_each_sample_of_a_generation_has_tables_of_positions() -> None:
    # A prompt is read: cosines and sines of each sample, where a batch shares those of one.
    found = {}
    for head_dim in (16, 32):
        config = SMALL | {"head_dim": head_dim}
        found[head_dim] = generated(config=config, max_completion_length=1)
    tables = 2 * 1024 * 63 * 16 * 2
    assert part(found[32], "cache") == 2 * part(found[16], "cache")
    assert part(found[32], "working") - part(found[16], "working") >= tables


def test_the_number_of_generations_groups_them_and_no_more() -> None:
    assert generated(num_generations=2) == generated(num_generations=8) == generated()


RUNS = st.fixed_dictionaries(
    {
        "per_device_train_batch_size": st.integers(1, 8),
        "max_length": st.integers(1, 256),
        "gradient_checkpointing": st.booleans(),
        "gradient_accumulation_steps": st.integers(1, 3),
        "dtype": st.sampled_from(["bfloat16", "float32"]),
        "bf16": st.booleans(),
        "attn_implementation": st.sampled_from(["eager", "sdpa"]),
        "attention_mask": st.booleans(),
        "beta": st.sampled_from([0.0, 0.1]),
    }
)


@pytest.mark.parametrize("name", ["per_device_train_batch_size", "max_length"])
@pytest.mark.parametrize("objective", ["dpo", "grpo"])
@given(run=RUNS, lora=st.sampled_from([None, LORA]), more=st.integers(1, 9))
def test_more_text_never_lowers_a_moment(
    objective: str, name: str, run: dict[str, Any], lora: Any, more: int
) -> None:
    run = dict(run, max_completion_length=64) if objective == "grpo" else run
    found = step(objective, lora=lora, **run)
    larger = step(objective, lora=lora, **dict(run, **{name: run[name] + more}))
    assert found["peak"] == max(total(found, moment) for moment in dlp.MOMENTS)
    for moment in dlp.MOMENTS:
        assert total(found, moment) <= total(larger, moment), moment


def test_completions_are_no_longer_than_the_text_without_a_token_of_its_prompt() -> None:
    assert generated(max_completion_length=999) == generated(max_completion_length=63)
    assert part(generated(max_completion_length=1), "cache") == part(generated(), "cache")


@pytest.mark.parametrize("objective", ["dpo", "grpo"])
@pytest.mark.parametrize(
    ("search", "name"),
    [
        (dlp.largest_batch, "per_device_train_batch_size"),
        (dlp.largest_context, "max_length"),
    ],
)
def test_what_fits_is_searched_for_each_objective(objective: str, search: Any, name: str) -> None:
    training = {"per_device_train_batch_size": 2, "max_length": 64, "dtype": "bfloat16"}
    run: dict[str, Any] = {"config": SMALL, "library": "trl", "objective": objective}
    limit = search(
        memory_bytes=100_000_000, training={k: training[k] for k in training if k != name}, **run
    )
    for more, fits in ((0, True), (1, False)):
        at = training | {name: limit["largest"] + more}
        assert (dlp.peak_memory(training=at, **run)["peak"] <= 100_000_000) == fits


def test_a_step_of_sft_asks_for_none_of_this() -> None:
    training = {"per_device_train_batch_size": 2, "max_length": 64}
    setup = _training.read(SMALL, training, None, None, None, "trl")
    names = ("objective", "scored", "reference", "generated", "drops", "past", "positions")
    assert [setup[name] for name in names] == ["sft", 2 * 63, False, 0, True, 0, 1]


def test_prompts_are_read_with_a_mask_where_they_are_padded() -> None:
    settings = {"max_completion_length": 1, "gradient_checkpointing": False}
    found = [
        part(generated(attention_mask=padded, **settings), "working") for padded in (False, True)
    ]
    assert found[1] - found[0] == 1024 * 63 * 63


# --- What is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("objective", "changed", "message"),
    [
        ("sft", {"precompute_ref_log_probs": True}, r'unless objective is "dpo"'),
        ("grpo", {"precompute_ref_log_probs": True}, r'unless objective is "dpo"'),
        ("dpo", {"max_completion_length": 8}, r'unless objective is "grpo"'),
        ("sft", {"num_generations": 8}, r'unless objective is "grpo"'),
        ("dpo", {"use_liger_kernel": True}, r"use_liger_kernel.* must be left out"),
        ("dpo", {"loss": "full"}, r'loss.* must be "fused"'),
        ("grpo", {"use_vllm": True}, r"use_vllm.* must be left out"),
        ("grpo", {"use_transformers_paged": True}, r"use_transformers_paged.* must be left out"),
        ("grpo", {"generation_kwargs": {"num_beams": 4}}, r"generation_kwargs.* must be left out"),
        ("grpo", {"cache_implementation": "static"}, r"cache_implementation.* must be left out"),
        ("grpo", {"max_length": None}, r'must have "max_length"'),
        (
            "grpo",
            {"max_completion_length": 8, "num_generations": 1},
            r"num_generations.* must be from 2",
        ),
        ("grpo", {"max_completion_length": 8, "generation_batch_size": 3}, r"must be a multiple"),
        (
            "grpo",
            {"max_completion_length": 8, "generation_batch_size": 6, "steps_per_generation": 2},
            r"must be a multiple",
        ),
        ("ppo", {}, r"objective must be one of 'sft', 'dpo', 'grpo'|objective must be"),
    ],
)
def test_what_no_trace_has_seen_is_refused(
    objective: str, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        step(objective, **changed)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ({"library": "transformers"}, r'library must be "trl"'),
        ({"library": "trl 1.15.9"}, r"library must have TRL 1.16"),
        ({"library": "trl 0.29"}, r"library must have TRL 1.16"),
        ({"library": "trl, transformers 4.57.1"}, r"and Transformers 5"),
        ({"config": dlp.BERT_BASE}, r"config must be of a language model|model_type.* must be"),
        ({"config": SMALL | {"model_type": "bloom"}}, r"others were not traced"),
        ({"method": "head-only"}, r"config must be of a language model"),
        ({"config": SMALL | {"model_type": "mistral", "sliding_window": 32}}, r"sliding_window"),
    ],
)
def test_a_run_that_is_not_known_is_refused(run: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {
        "config": SMALL,
        "training": {"max_length": 64, "max_completion_length": 8},
        "library": "trl",
        "objective": "grpo",
    }
    with pytest.raises(ValueError, match=message):
        dlp.peak_memory(**given | run)


@pytest.mark.parametrize("library", ["trl 1.16", "trl 1.16.3", "trl, transformers 5"])
def test_a_release_that_is_late_enough_is_known(library: str) -> None:
    training = {"max_length": 64, "dtype": "bfloat16"}
    assert dlp.peak_memory(config=SMALL, training=training, library=library, objective="dpo")
