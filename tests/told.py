"""Tell a failure once, on one screen, and what is lacking."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

SCREEN = 30


def nothing(found: Iterable[str], advice: str = "") -> None:
    """Fail with a line for each thing that was found, in which pytest would cut."""
    lines = list(found)
    if lines:
        more = [f"... and {len(lines) - SCREEN} more"] if len(lines) > SCREEN else []
        told = [*lines[:SCREEN], *more, *([advice] if advice else [])]
        pytest.fail("\n".join(told), pytrace=False)


def lacking(what: str) -> NoReturn:
    """Skip the test, or fail it where everything has to be there."""
    if os.environ.get("GUIDE_REQUIRE_TOOLS") == "1":
        pytest.fail(what)
    pytest.skip(what)
