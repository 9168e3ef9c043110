"""Updates of warm-up, in two releases, by the arguments and by the learning rate of a run."""

from collections.abc import Iterator

from _evidence.claims import Claim, count
from _evidence.expressions import call
from _evidence.records import Record


def claims(record: Record) -> Iterator[Claim]:
    """Make the claims of one warm-up."""
    warmup = call("warmup_updates", **record.inputs)
    yield count(record, "updates of warm-up", "transformers", record.counted["warmup"], warmup)
    if (seen := record.counted.get("updates_before_the_highest")) is not None:
        what = "updates before the highest rate"
        yield count(record, what, "transformers", seen, warmup)
