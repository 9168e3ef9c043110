"""Parameters of well-known architectures, counted on the model that Transformers builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.recorders.common import build, count_parameters
from tests.recorders.configs import model_class
from tests.recorders.parts import count_linear_layers, count_parts

if TYPE_CHECKING:
    from tests.recorders.common import Record

PACKAGES = ("torch", "transformers")


def count(setup: Record) -> Record:
    """Build the model of a config without memory for its weights and count it.

    Release 5 of Transformers ties the output head of every T5 that it builds from a config; only
    the one before it builds those that have their own.

    Raises:
        RuntimeError: The parts do not add up to the total.
    """
    config = setup["inputs"]
    model = build(model_class(config), config)
    total, parts = count_parameters(model), count_parts(model)
    if sum(parts.values()) != total:
        message = f"parts sum to {sum(parts.values())}, the model has {total}"
        raise RuntimeError(message)
    layers = count_linear_layers(model)
    return {"counted": {"total": total, "parts": parts, "linear_layers": layers}}
