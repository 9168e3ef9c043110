"""Parameters of a whole model, part by part, and its linear layers."""

from collections import Counter
from collections.abc import Iterator

import dlp
from _evidence.claims import Claim, count
from _evidence.expressions import call
from _evidence.records import Record

_SHAPES = ("llama", "mistral", "qwen2", "gpt2")
"""Model types of which the formulas of a bare shape are compared too."""


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one model."""
    config, counted = record.inputs, record.counted
    if config["model_type"] not in dlp.MODEL_TYPES:
        return
    total = call("parameter_count", config=config)
    yield count(record, "parameters", "transformers", counted["total"], total)
    for part, theirs in counted["parts"].items():
        if theirs:
            ours = call("parameters_by_part", config=config) | {"part": part}
            yield count(record, part, "transformers", theirs, ours)
    if config["model_type"] in _SHAPES and "architectures" not in config:
        yield from _of_shape(record)
    if "linear_layers" in counted:
        layers = call("linear_layers", config=config) | {"merged": True}
        yield count(record, "linear layers", "transformers", counted["linear_layers"], layers)


def _of_shape(record: Record) -> Iterator[Claim]:
    config, parts = record.inputs, Counter(record.counted["parts"])
    size = dlp.transformer_dimensions(config=config)
    widths = ("hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim")
    attention = call("attention_parameters", **{name: size[name] for name in widths})
    mlp = call(
        "mlp_parameters",
        **{name: size[name] for name in ("hidden_size", "intermediate_size")},
        gated=bool(size["gated"]),
    )
    for part, layer in {"attention": attention, "mlp": mlp}.items():
        ours = layer | {"times": size["num_hidden_layers"]}
        yield count(record, f"{part} of all layers", "transformers", parts[part], ours)
    positions = parts["position_embedding"]
    if positions:
        shape = {"max_position_embeddings": config["n_positions"], "hidden_size": config["n_embd"]}
        table = call("position_table_parameters", **shape)
        yield count(record, "table of positions", "transformers", positions, table)
    total = record.counted["total"]
    every = call("compute_parameters", config=config, counted="all")
    yield count(record, "parameters that compute", "transformers", total, every)
    rest = call("compute_parameters", config=config, counted="without-positions")
    yield count(record, "all but positions", "transformers", total - positions, rest)
    # A head that is tied to the embedding stays where the head is counted.
    unused = positions + (parts["token_embedding"] if parts["output_head"] else 0)
    rest = call("active_parameters", config=config, embeddings="output")
    yield count(record, "all but the embedding", "transformers", total - unused, rest)
    bare = total - positions - parts["token_embedding"] - parts["output_head"]
    rest = call("compute_parameters", config=config, counted="non-embedding")
    yield count(record, "all but embeddings and head", "transformers", bare, rest)
