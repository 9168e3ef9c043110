"""One whole epoch of a million samples, run through the real `Trainer`.

It is the case of the guide's first two questions, and the same with one sample more, which no
longer divides. The model is the gauge of the topic `updates`, so nothing is computed but the
bookkeeping; each epoch takes about half a minute.
"""

from __future__ import annotations

from tests.recorders import updates
from tests.recorders.common import Record

PACKAGES = updates.PACKAGES


def count(setup: Record) -> Record:
    """Run an epoch with the installed release; of the long lists, keep the two ends."""
    counted = updates.run_trainer(setup["inputs"])
    del counted["planned_updates"]  # the topic `updates` has it
    changed = counted.pop("changed_after")
    windows = counted.pop("micro_batches_per_update")
    return {
        "counted": {
            **counted,
            "times_changed": len(changed),
            "first_changed_after": changed[:4],
            "last_changed_after": changed[-4:],
            "micro_batches_of_first_updates": windows[:4],
            "micro_batches_of_last_updates": windows[-4:],
        }
    }
