"""Bytes of weights, gradients and optimizer states."""

from collections.abc import Iterator

from _evidence.claims import Claim, count
from _evidence.expressions import Expression, call
from _evidence.records import Record


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one model after a step."""
    counted = record.counted
    optimizer = record.inputs["optimizer"]
    held = {"num_parameters": counted["parameters"]}
    trained = {"num_trainable_parameters": counted["trainable"]}
    weights = call("weight_bytes", **held)
    yield count(record, "bytes of weights", "torch", counted["weight_bytes"], weights)
    gradients = call("gradient_bytes", **trained)
    yield count(record, "bytes of gradients", "torch", counted["gradient_bytes"], gradients)
    what, theirs = "bytes of optimizer states", counted["optimizer_bytes"]
    states = call("optimizer_state_bytes", **trained, optimizer=optimizer)
    if optimizer == "adamw-8bit":
        if record.inputs["method"] == "full":
            reason = (
                "Norms are too short for bitsandbytes to quantize, and a map of 256 values comes "
                "with each state of the other tensors."
            )
            yield count(record, what, "bitsandbytes", theirs, states, within=0.02, reason=reason)
        return
    yield count(record, what, "torch", theirs, states)
    together = sum(counted[f"{part}_bytes"] for part in ("weight", "gradient", "optimizer"))
    ours = call("training_memory_bytes", **held, **trained, optimizer=optimizer)
    yield count(record, "bytes of weights, gradients and states", "torch", together, ours)
    total = _ledger(record, optimizer) | {"row": record.inputs["method"], "part": "total"}
    yield count(record, "total of the ledger", "torch", together, total)


def _ledger(record: Record, optimizer: str) -> Expression:
    """Describe the call of the ledger: what is trained is a head, adapters or everything."""
    parameters, trained = record.counted["parameters"], record.counted["trainable"]
    of_method = {
        "full": {"num_parameters": parameters},
        "head-only": {"num_parameters": parameters - trained, "num_head_parameters": trained},
        "lora": {"num_parameters": parameters - trained, "num_adapter_parameters": trained},
    }
    return call("memory_ledger", **of_method[record.inputs["method"]], optimizer=optimizer)
