"""What all tests share."""

from __future__ import annotations

import os

from hypothesis import Phase, settings

# The theme announces its successor on stderr; the announcement is not ours to test.
os.environ["NO_MKDOCS_2_WARNING"] = "1"

# Run by hand where the libraries are installed; collecting doctests would import them.
collect_ignore = ["recorders", "mutants/run.py"]

# The same examples every time, so that a failure is one for everybody.
settings.register_profile("guide", derandomize=True, database=None, deadline=None, max_examples=30)
# For `make mutants`, where a test that fails has done its work.
settings.register_profile(
    "mutants", settings.get_profile("guide"), phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("guide")
