"""Compute: against plain counts of products, and the identities that tie the formulas together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from tests.formulas.calls import CAUSAL
from tests.formulas.laws import COUNTS, any_config, configs, law, result, some_call

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

parameters = st.integers(1, 10**12)
tokens = st.integers(1, 10**13)
small = st.integers(1, 40)


def products(config: dict[str, Any], length: int) -> int:
    """Add up 2mkn over the products of one forward pass, one sequence, layer by layer."""
    size = dlp.transformer_dimensions(config=config)
    width, head = size["hidden_size"], size["head_dim"]
    total = 0
    for _ in range(size["num_hidden_layers"]):
        for heads in (size["num_attention_heads"], *[size["num_key_value_heads"]] * 2):
            total += 2 * length * width * (heads * head)
        for _ in range(size["num_attention_heads"]):
            total += 2 * length * head * length  # scores
            total += 2 * length * length * head  # values
        total += 2 * length * (size["num_attention_heads"] * head) * width
        matrices = 3 if size["gated"] else 2
        for _ in range(size["num_experts_per_tok"] or 1):
            inner = size["moe_intermediate_size"] or size["intermediate_size"]
            total += matrices * 2 * length * width * inner
        total += 2 * length * width * size["num_experts"]  # the router
    return total + 2 * length * width * size["vocab_size"]


@pytest.mark.parametrize("config", CAUSAL, ids=lambda config: config["model_type"])
@pytest.mark.parametrize("length", [1, 128, 2048])
def test_a_forward_pass_is_the_sum_of_its_products(config: dict[str, Any], length: int) -> None:
    parts = dlp.forward_flops_by_part(config=config, sequence_length=length)
    assert sum(parts.values()) == products(config, length)
    batch = dlp.forward_flops_by_part(
        config=config, sequence_length=length, per_device_train_batch_size=3
    )
    assert batch == {name: 3 * flops for name, flops in parts.items()}


def test_experts_that_rest_are_not_computed() -> None:
    mixtral = {
        "model_type": "mixtral",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 128,
        "vocab_size": 100,
        "num_local_experts": 8,
        "num_experts_per_tok": 2,
        "tie_word_embeddings": False,
    }
    attention = 64 * 64 * 2 + 64 * 32 * 2
    experts = 2 * 3 * 64 * 128 + 64 * 8  # two experts, and the router of eight
    assert dlp.compute_parameters(config=mixtral) == 2 * (attention + experts) + 64 * 100
    one = dlp.compute_parameters(config={**mixtral, "num_experts_per_tok": 1})
    assert dlp.compute_parameters(config=mixtral) - one == 2 * 3 * 64 * 128
    parts = dlp.forward_flops_by_part(config=mixtral, sequence_length=10)
    assert parts["mlp"] == 2 * 10 * 2 * experts


@pytest.mark.parametrize("config", CAUSAL, ids=lambda config: config["model_type"])
def test_each_way_of_counting_leaves_out_what_it_says(config: dict[str, Any]) -> None:
    counts = {
        counted: dlp.compute_parameters(config=config, counted=counted)
        for counted in dlp.COUNTED_PARAMETERS
    }
    parts = dlp.parameters_by_part(config=config)
    assert counts["all"] == dlp.active_parameters(config=config)
    assert counts["all"] - counts["without-positions"] == parts["position_embedding"]
    left_out = parts["token_embedding"] + parts["output_head"]
    assert counts["without-positions"] - counts["non-embedding"] == left_out
    small_ones = parts["norm"] + parts["bias"]
    assert counts["matmul"] == counts["non-embedding"] - small_ones + parts["token_embedding"]


@given(any_config([name for name, row in dlp.FAMILIES.items() if not row()["causal"]]))
def test_only_causal_language_models_are_counted(config: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be that of a causal language model, not"):
        dlp.compute_parameters(config=config)
    with pytest.raises(ValueError, match=str(config["model_type"])):
        dlp.forward_flops_by_part(config=config, sequence_length=8)


def test_only_a_model_with_an_output_head_is_counted() -> None:
    config = dlp.LLAMA_2_7B | {"architectures": ["LlamaModel"]}
    with pytest.raises(ValueError, match=r"architectures.* must name a causal language model"):
        dlp.compute_parameters(config=config)


@given(small, small, small, st.integers(1, 4096), st.integers(1, 10**6))
def test_attention_is_counted_once_forward_and_twice_backward(
    layers: int, heads: int, width: int, length: int, read: int
) -> None:
    shape: dict[str, Any] = {
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "head_dim": width,
        "sequence_length": length,
        "num_tokens": read,
    }
    forward = dlp.attention_flops(**shape, passes="forward")
    assert forward == 2 * 2 * layers * heads * width * length * read, "keys, then values"
    assert dlp.attention_flops(**shape) == 3 * forward
    assert 2 * dlp.attention_flops(**shape, causal=True) == 3 * forward
    assert 2 * dlp.attention_flops(**shape, passes="forward", causal=True) == forward


@given(small, small, st.integers(1, 64), st.integers(1, 64), st.integers(1, 999))
def test_a_shape_costs_what_its_parts_cost(
    sequences: int, layers: int, length: int, quarter: int, vocabulary: int
) -> None:
    width = 4 * quarter
    shape: dict[str, Any] = {
        "num_sequences": sequences,
        "sequence_length": length,
        "num_hidden_layers": layers,
        "hidden_size": width,
        "vocab_size": vocabulary,
    }
    read = sequences * length
    attention = dlp.attention_flops(
        num_hidden_layers=layers,
        num_attention_heads=4,
        head_dim=quarter,
        sequence_length=length,
        num_tokens=read,
    )
    layer, head = 12 * layers * width**2, width * vocabulary
    matrices = dlp.training_flops(num_parameters=layer + head, num_tokens=read)
    none = dlp.transformer_flops(**shape)
    assert none == matrices + attention
    selective = dlp.transformer_flops(**shape, recomputation="selective")
    assert 3 * (selective - none) == attention, "attention is run forward once more"
    full = dlp.transformer_flops(**shape, recomputation="full")
    assert full - selective == dlp.forward_flops(num_parameters=layer, num_tokens=read)


def test_the_closed_forms_of_the_papers() -> None:
    batch, length, layers, width, vocabulary = 1536, 2048, 96, 12288, 51200
    shape: dict[str, Any] = {
        "num_sequences": batch,
        "sequence_length": length,
        "num_hidden_layers": layers,
        "hidden_size": width,
        "vocab_size": vocabulary,
    }
    tokens_of_layers = batch * length * layers * width**2
    of_attention = length / (6 * width)
    none = 72 * tokens_of_layers * (1 + of_attention + vocabulary / (12 * layers * width))
    full = 96 * tokens_of_layers * (1 + of_attention + vocabulary / (16 * layers * width))
    assert dlp.transformer_flops(**shape) == pytest.approx(none, rel=1e-12)
    assert dlp.transformer_flops(**shape, recomputation="full") == pytest.approx(full, rel=1e-12)


@pytest.mark.parametrize("recomputation", dlp.RECOMPUTATIONS)
def test_days_agree_with_tokens_per_second(recomputation: Any) -> None:
    run: dict[str, Any] = {"num_parameters": 7 * 10**9, "num_tokens": 10**12}
    cluster: dict[str, Any] = {"num_devices": 64, "flops_per_second": 312e12, "utilization": 0.4}
    days = dlp.training_days(**run, **cluster, recomputation=recomputation)
    flops = dlp.training_flops(**run, recomputation=recomputation) / run["num_tokens"]
    speed = dlp.tokens_per_second(
        utilization=0.4, flops_per_token=flops, num_devices=64, peak_flops_per_second=312e12
    )
    assert days * 86400 * speed == pytest.approx(10**12)
    slower = dlp.training_days(**run, **cluster | {"utilization": 0.2}, recomputation=recomputation)
    assert slower == pytest.approx(2 * days)


def test_counts_are_exact_however_large() -> None:
    exact = dlp.training_flops(num_parameters=10**18 - 1, num_tokens=10**18 - 1)
    assert isinstance(exact, int)
    assert exact == 6 * (10**18 - 1) ** 2
    assert math.isfinite(
        dlp.training_days(
            num_parameters=10**18,
            num_tokens=10**18,
            num_devices=1,
            flops_per_second=1,
            utilization=1e-6,
        )
    )


def test_devices_are_known_by_name() -> None:
    assert dlp.peak_flops_per_second(accelerator="a100-80gb") == 312 * 10**12
    assert dlp.peak_flops_per_second(accelerator="tpu-v5p") == 459 * 10**12
    with pytest.raises(ValueError, match=r"accelerator must be one of t4, .*, not 'abacus'"):
        result("peak_flops_per_second", accelerator="abacus")
    for name in ("rtx-3060", "rtx-3090", "rtx-4090", "rtx-5090", "a10g", "a6000", "rtx-6000-ada"):
        with pytest.raises(ValueError, match=rf"accelerator must be one of t4, .*, not '{name}'"):
            result("peak_flops_per_second", accelerator=name)


# --- Laws -----------------------------------------------------------------------------------------


@law
@given(parameters=COUNTS, trained=COUNTS, tokens=COUNTS)
def test_training_costs_between_one_and_four_forward_passes(
    parameters: int, trained: int, tokens: int
) -> None:
    run: dict[str, Any] = {"num_parameters": parameters, "num_tokens": tokens}
    forward = dlp.forward_flops(**run)
    assert dlp.training_flops(**run) == 3 * forward
    assert dlp.training_flops(**run, recomputation="full") == 4 * forward
    lora = dlp.lora_training_flops(**run, num_adapter_parameters=trained)
    adapters = dlp.training_flops(num_parameters=trained, num_tokens=tokens)
    assert lora == 2 * forward + adapters
    assert dlp.lora_training_flops(**run, num_adapter_parameters=0) == 2 * forward
    head = min(trained, parameters)
    only_head = dlp.head_training_flops(**run, num_head_parameters=head)
    assert only_head - forward == 2 * dlp.forward_flops(num_parameters=head, num_tokens=tokens)
    assert forward < only_head <= dlp.training_flops(**run)


@law
@given(data=st.data(), tokens=COUNTS)
def test_attention_comes_on_top_of_the_parameters(data: DataObject, tokens: int) -> None:
    call = some_call(data, "training_flops_per_token")
    shape: dict[str, Any] = {
        name: value for name, value in call.items() if name != "num_parameters"
    }
    attention = dlp.attention_flops(**shape, num_tokens=tokens)
    parameters = dlp.training_flops(num_parameters=call["num_parameters"], num_tokens=tokens)
    assert tokens * dlp.training_flops_per_token(**call) == attention + parameters
    forward = dlp.attention_flops(**shape, num_tokens=tokens, passes="forward")
    assert attention == 3 * forward
    whole, half = (
        dlp.attention_flops(**shape | {"causal": causal}, num_tokens=tokens)
        for causal in (False, True)
    )
    assert whole == 2 * half


@law
@given(length=COUNTS, depth=COUNTS, heads=st.integers(1, 64), vocabulary=COUNTS)
def test_the_flops_of_a_shape_are_those_of_its_parameters(
    length: int, depth: int, heads: int, vocabulary: int
) -> None:
    width = 8 * heads
    shape: dict[str, Any] = {"num_hidden_layers": depth, "hidden_size": width}
    total = dlp.transformer_flops(
        num_sequences=1, sequence_length=length, vocab_size=vocabulary, **shape
    )
    parameters = dlp.rough_parameters(**shape) + vocabulary * width
    attention = dlp.attention_flops(
        num_hidden_layers=depth,
        num_attention_heads=heads,
        head_dim=8,
        sequence_length=length,
        num_tokens=length,
    )
    flops = dlp.training_flops(num_parameters=parameters, num_tokens=length)
    assert total == flops + attention


@law
@given(config=configs, length=COUNTS, batch=st.integers(1, 8))
def test_the_parts_of_a_forward_pass_sum_to_its_flops(
    config: dict[str, Any], length: int, batch: int
) -> None:
    config = config | {"sliding_window": None}
    size = dlp.transformer_dimensions(config=config)
    parts = dlp.forward_flops_by_part(
        config=config, sequence_length=length, per_device_train_batch_size=batch
    )
    matrices = dlp.forward_flops(
        num_parameters=dlp.compute_parameters(config=config), num_tokens=batch * length
    )
    attention = dlp.attention_flops(
        num_hidden_layers=size["num_hidden_layers"],
        num_attention_heads=size["num_attention_heads"],
        head_dim=size["head_dim"],
        sequence_length=length,
        num_tokens=batch * length,
        passes="forward",
    )
    assert sum(parts.values()) == matrices + attention


@law
@given(
    share=st.floats(0.01, 1),
    flops=st.floats(1, 1e15),
    devices=st.integers(1, 10_000),
    accelerator=st.sampled_from(["t4", "a100-40gb", "h100", "tpu-v5p"]),
)
def test_speed_and_utilization_are_inverses(
    share: float, flops: float, devices: int, accelerator: Any
) -> None:
    peak = dlp.peak_flops_per_second(accelerator=accelerator)
    machine: dict[str, Any] = {"num_devices": devices, "peak_flops_per_second": peak}
    speed = dlp.tokens_per_second(utilization=share, flops_per_token=flops, **machine)
    back = dlp.flops_utilization(tokens_per_second=speed, flops_per_token=flops, **machine)
    assert back == pytest.approx(share)
    tokens = 10**9
    days = dlp.training_days(
        num_parameters=7,
        num_tokens=tokens,
        num_devices=devices,
        flops_per_second=peak,
        utilization=share,
    )
    seconds = tokens / dlp.tokens_per_second(utilization=share, flops_per_token=6 * 7, **machine)
    assert days == pytest.approx(seconds / 24 / 60 / 60)


@law
@pytest.mark.parametrize("accelerator", dlp.ACCELERATORS)
def test_a_device_reads_its_memory_in_a_moment(accelerator: Any) -> None:
    memory = dlp.accelerator_memory_bytes(accelerator=accelerator)
    assert memory % dlp.GIB == 0
    if accelerator.endswith("gb"):
        assert accelerator.endswith(f"-{memory // dlp.GIB}gb")
    assert 0.9 * memory <= dlp.usable_memory_bytes(accelerator=accelerator) + 1 <= memory
    # Whatever the maker, a device is built to read all that it has many times a second.
    assert 0.01 < memory / dlp.memory_bytes_per_second(accelerator=accelerator) < 0.1


# --- Windows, experts and adapters ----------------------------------------------------------

MISTRAL_1: dict[str, Any] = dlp.MISTRAL_7B | {"num_hidden_layers": 2, "sliding_window": 4096}


@law
@given(tokens=COUNTS, window=COUNTS, batch=st.integers(1, 5))
def test_a_sliding_window_never_computes_more(tokens: int, window: int, batch: int) -> None:
    step: dict[str, Any] = {"sequence_length": tokens, "per_device_train_batch_size": batch}
    without: dict[str, Any] = dlp.MISTRAL_7B | {"sliding_window": None}
    whole = dlp.forward_flops_by_part(config=without, **step)
    slides = dlp.MISTRAL_7B | {"sliding_window": window}
    cut = dlp.forward_flops_by_part(config=slides, **step)
    for part, flops in whole.items():
        if part.startswith("attention_") and part != "attention_output":
            assert cut[part] * tokens == flops * min(tokens, window)
        else:
            assert cut[part] == flops
    less = 3 * (sum(whole.values()) - sum(cut.values()))
    assert dlp.model_training_flops(config=slides, **step) == (
        dlp.model_training_flops(config=without, **step) - less
    )


@law
@given(
    config=configs,
    tokens=st.integers(1, 300),
    batch=st.integers(1, 5),
    adapters=st.integers(1, 10**7),
)
def test_a_step_costs_three_forward_passes_or_less_beside_adapters(
    config: dict[str, Any], tokens: int, batch: int, adapters: int
) -> None:
    step: dict[str, Any] = {"sequence_length": tokens, "per_device_train_batch_size": batch}
    parts = dlp.forward_flops_by_part(config=config, **step)
    full = dlp.model_training_flops(config=config, **step)
    assert full == 3 * sum(parts.values())
    lora = dlp.model_training_flops(config=config, **step, num_adapter_parameters=adapters)
    size = dlp.transformer_dimensions(config=config)
    names = ("num_hidden_layers", "num_attention_heads", "head_dim")
    shape: dict[str, Any] = {name: size[name] for name in names}
    assert lora == dlp.lora_training_flops(
        num_parameters=dlp.compute_parameters(config=config),
        num_adapter_parameters=adapters,
        num_tokens=tokens * batch,
    ) + dlp.attention_flops(**shape, sequence_length=tokens, num_tokens=tokens * batch)
    for recomputation in dlp.RECOMPUTATIONS:
        again = dlp.model_training_flops(config=config, **step, recomputation=recomputation) - full
        assert (again > 0) == (recomputation != "none")
        assert again <= sum(parts.values()) - parts["output_head"]


def test_a_window_of_4096_tokens_is_what_32768_tokens_are_multiplied_by() -> None:
    parts = dlp.forward_flops_by_part(config=MISTRAL_1, sequence_length=32768)
    assert parts["attention_scores"] == parts["attention_values"] == 2_199_023_255_552
    step: dict[str, Any] = {"config": MISTRAL_1, "sequence_length": 32768}
    assert dlp.model_training_flops(**step) == 3 * sum(parts.values())
    again = dlp.model_training_flops(**step, recomputation="selective")
    assert again == 3 * sum(parts.values()) + 2 * 2_199_023_255_552


def test_recomputation_of_all_layers_leaves_the_head_out_and_takes_adapters_in() -> None:
    step: dict[str, Any] = {
        "config": MISTRAL_1,
        "sequence_length": 100,
        "num_adapter_parameters": 7,
    }
    parts = dlp.forward_flops_by_part(config=MISTRAL_1, sequence_length=100)
    more = dlp.model_training_flops(**step, recomputation="full") - dlp.model_training_flops(**step)
    assert more == sum(parts.values()) - parts["output_head"] + 2 * 7 * 100


@pytest.mark.parametrize(
    ("model_type", "words"),
    [
        ("mamba2", "what mixes its tokens"),
        ("qwen3_next", "what mixes its tokens"),
        ("deepseek_v32", "tokens that it picks"),
        ("longcat_flash", "how many of its experts"),
        ("diffllama", "the difference of two"),
        ("gemma3n_text", "several inputs"),
        ("t5", "must be that of a causal language model"),
        ("electra", "must be that of a causal language model"),
        ("gemma3", "its text_config, a 'gemma3_text', can be given in its place"),
        ("qwen2_vl", "causal language model, not 'qwen2_vl'$"),
    ],
)
def test_flops_that_are_not_known_are_refused(model_type: str, words: str) -> None:
    config: dict[str, Any] = {"model_type": model_type}
    for refused in (
        lambda: dlp.forward_flops_by_part(config=config, sequence_length=8),
        lambda: dlp.model_training_flops(config=config, sequence_length=8),
        lambda: dlp.compute_parameters(config=config),
    ):
        with pytest.raises(ValueError, match=words):
            refused()
