"""Rows that TRL packs of texts, updates on packed rows, and padding in order."""

from collections.abc import Iterator

from _evidence.claims import Claim, count
from _evidence.expressions import call
from _evidence.records import Record


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one packing, one run on packed rows, or one pass with padding."""
    inputs, counted = record.inputs, record.counted
    if record.kind == "padding":
        ours = call("padding_tokens", **inputs)
        yield count(record, "tokens of padding", "trl", counted["padding"], ours)
        return
    takes = ("lengths", "max_length", "packing_strategy", "batch_size", "dataset_num_proc")
    rows = call("packed_rows", **{name: inputs[name] for name in takes if name in inputs})
    yield count(record, "tokens of each row", "trl", counted["rows"], rows)
    if record.kind == "trained":
        run = {name: value for name, value in inputs.items() if name not in takes}
        updates = call("training_updates", num_samples=len(counted["rows"]), **run)
        yield count(record, "updates", "trl", counted["updates"], updates)
