"""One whole epoch of a million samples, run through the real `Trainer`.

It is the case of the guide's first two questions, and the same with one sample more, which no
longer divides. The model is the gauge of the topic `updates`, so nothing is computed but the
bookkeeping; each epoch takes about half a minute.
"""

from __future__ import annotations

from tests.recorders import updates
from tests.recorders.common import Record, installed_versions
from tests.recorders.updates import describe, run_trainer, trainer_inputs

PACKAGES = updates.PACKAGES

BATCH_SIZE = 16
ACCUMULATION = 4


def records() -> list[Record]:
    """Run both epochs with the installed release; of the long lists, the two ends are kept."""
    versions = installed_versions(PACKAGES)
    found: list[Record] = []
    for num_samples in (1_000_000, 1_000_001):
        inputs = trainer_inputs((num_samples, BATCH_SIZE, ACCUMULATION, False, 1))
        counted = run_trainer(inputs)
        del counted["planned_updates"]  # the topic `updates` has it
        changed = counted.pop("changed_after")
        windows = counted.pop("micro_batches_per_update")
        found.append(
            {
                "id": f"Trainer {versions['transformers']}, {describe(inputs)}",
                "loop": "Trainer",
                "versions": versions,
                "inputs": inputs,
                "counted": {
                    **counted,
                    "times_changed": len(changed),
                    "first_changed_after": changed[:4],
                    "last_changed_after": changed[-4:],
                    "micro_batches_of_first_updates": windows[:4],
                    "micro_batches_of_last_updates": windows[-4:],
                },
            }
        )
    return found
