"""What the tests of recorded counts share."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest


@pytest.fixture(scope="session")
def require_libraries() -> None:
    """Skip where the libraries are not installed; fail there when the run demands them."""
    missing = [
        name
        for name in ("torch", "transformers", "peft", "trl", "bitsandbytes")
        if not find_spec(name)
    ]
    if missing:
        reason = f"{', '.join(missing)} not installed, see tests/recorders/requirements.in"
        if os.environ.get("GUIDE_REQUIRE_TOOLS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
