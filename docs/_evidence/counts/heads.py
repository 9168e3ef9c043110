"""Parameters of classification heads."""

from collections.abc import Iterator

from _evidence.claims import Claim, count
from _evidence.expressions import call
from _evidence.records import Record


def claims(record: Record) -> Iterator[Claim]:
    """Make the claim of one head."""
    shape = {name: record.inputs[name] for name in ("hidden_size", "num_labels")}
    if "bias" in record.inputs:
        library = "torch"
        ours = call("classification_head_parameters", **shape, bias=record.inputs["bias"])
    else:
        library = "transformers"
        kind = {
            "model_type": record.inputs["model_type"],
            "task": f"{record.inputs['task']}-classification",
        }
        ours = call("transformers_head_parameters", **kind, **shape)
    yield count(record, "parameters of the head", library, record.counted["total"], ours)
