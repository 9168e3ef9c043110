"""What the tests of recorded counts share."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def require_libraries() -> None:
    """Skip where the libraries are not installed; fail there when the run demands them."""
    missing = [
        name
        for name in ("torch", "transformers", "peft", "trl", "bitsandbytes")
        if not find_spec(name)
    ]
    # What make tools puts into folders of their own.
    beside = ("transformers-4.48", "liger-kernel")
    missing += [name for name in beside if not (Path(sys.prefix) / name).is_dir()]
    if missing:
        reason = f"{', '.join(missing)} not installed, see tests/recorders/requirements.in"
        if os.environ.get("GUIDE_REQUIRE_TOOLS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
