"""A training step on a GPU beside the ledger, part by part."""

from collections.abc import Iterator

from _evidence.claims import Claim, count
from _evidence.counts.activations import llama_layer
from _evidence.expressions import call
from _evidence.records import Record


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one step: PyTorch's AdamW keeps its moments in the weights' format."""
    inputs, counted = record.inputs, record.counted
    weights = call("weight_bytes", num_parameters=counted["parameters"], dtype=inputs["dtype"])
    yield count(record, "bytes of weights", "torch", counted["weight_bytes"], weights)
    gradients = call(
        "gradient_bytes", num_trainable_parameters=counted["trainable"], dtype=inputs["dtype"]
    )
    yield count(record, "bytes of gradients", "torch", counted["gradient_bytes"], gradients)
    moments = gradients | {"times": 2}
    yield count(record, "bytes of two moments", "torch", counted["optimizer_bytes"], moments)
    kept = call("activation_bytes", **llama_layer(record)["arguments"])
    yield count(
        *(record, "bytes that the forward pass leaves", "torch"),
        counted["allocated_by_the_forward_pass"],
        kept,
        within=0.05,
        reason=(
            "The formula leaves out the last norm, the head and the loss, the cosines and sines of "
            "the positions, and the rounding of every tensor to whole blocks of the allocator."
        ),
    )
