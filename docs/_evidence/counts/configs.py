"""Parameters of models of every type, as their classes have them and otherwise."""

import re
from collections.abc import Iterator
from typing import Any

import dlp
from _evidence.claims import Claim, count
from _evidence.expressions import Expression, call
from _evidence.records import Record


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one model type: of the first config its parts and linear layers too."""
    configs, counted = record.inputs["configs"], record.counted
    first = next(iter(configs.values()))
    for label, config in configs.items():
        ours = call("parameter_count", config=config)
        yield count(record, label, "transformers", counted["total"][label], ours)
    for part, theirs in counted["parts"].items():
        ours = call("parameters_by_part", config=first) | {"part": part}
        yield count(record, f"of the first: {part}", "transformers", theirs, ours)
    layers = call("linear_layers", config=first) | {"merged": True}
    yield count(
        record, "of the first: linear layers", "transformers", counted["linear_layers"], layers
    )
    if theirs := counted["experts_per_token"]:
        each = call("transformer_dimensions", config=first) | {"part": "num_experts_per_tok"}
        yield count(record, "of the first: experts of a token", "transformers", theirs, each)
    for label, theirs in counted["heads"].items():
        yield count(record, f"{label}: its head", "transformers", theirs, _head(configs[label]))


def _head(config: dict[str, Any]) -> Expression:
    (task,) = re.findall(r"For(Sequence|Token|Image)Classification", config["architectures"][0])
    names = config.get("id2label", ["no", "yes"])
    # DINOv2 reads two vectors side by side; what hears has a narrower one.
    width = dlp.transformer_dimensions(config=config)["hidden_size"]
    wide = {"dinov2": 2 * width}
    narrow = dict.fromkeys(("wav2vec2", "hubert"), config.get("classifier_proj_size", 256))
    return call(
        "transformers_head_parameters",
        model_type=config["model_type"],
        task=f"{task.lower()}-classification",
        hidden_size=(wide | narrow).get(config["model_type"], width),
        num_labels=config.get("num_labels", len(names)),
    )
