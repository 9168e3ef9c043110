"""The numbers of others, each found by its name: what was counted, and what was printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _evidence import comparisons, published

if TYPE_CHECKING:
    from _evidence.comparisons import Comparison
    from _evidence.published import Row


def counted(topic: str, identifier: str, what: str) -> Comparison:
    """Return what a library counted in one run: `theirs`, `ours`, `objection()`.

    Raises:
        ValueError: If there is none.
    """
    return comparisons.comparison(topic, identifier, what)


def printed(identifier: str) -> Row:
    """Return one printed number: `published`, `unit`, `computed`, `objection()`.

    Raises:
        ValueError: If there is none.
    """
    return published.find(identifier)
