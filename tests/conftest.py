"""What all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# The theme announces its successor on stderr; the announcement is not ours to test.
os.environ["NO_MKDOCS_2_WARNING"] = "1"

# Run by hand where the libraries are installed; collecting doctests would import them.
collect_ignore = ["libraries/record.py", "libraries/recorders"]

# The same examples every time, so that a failure is one for everybody.
settings.register_profile("guide", derandomize=True, database=None, deadline=None)
settings.load_profile("guide")
