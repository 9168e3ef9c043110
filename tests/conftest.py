"""What all tests share, and that they are there: a test that is gone turns nothing red."""

from __future__ import annotations

import os
import sys
from collections import Counter
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests import told

# The theme announces its successor on stderr; the announcement is not ours to test.
os.environ["NO_MKDOCS_2_WARNING"] = "1"

# Run by hand where the libraries are installed; collecting doctests would import them.
collect_ignore = ["recorders", "mutants"]

# The same examples every time, so that a failure is one for everybody; more if nothing is skipped.
settings.register_profile("guide", derandomize=True, database=None, deadline=None, max_examples=5)
settings.register_profile("thorough", settings.get_profile("guide"), max_examples=100)
# For `make mutants`, where a test that fails has done its work.
phases = [Phase.explicit, Phase.generate]
settings.register_profile("mutants", settings.get_profile("guide"), max_examples=30, phases=phases)
settings.load_profile("thorough" if os.environ.get("GUIDE_REQUIRE_TOOLS") == "1" else "guide")

# Where tests are. Add what is new; take away with a reason alone.
MODULES = """
browser/test_calculators browser/test_in_browsers browser/test_practice evidence/test_conformance
evidence/test_coverage evidence/test_errata evidence/test_gpu evidence/test_laws
evidence/test_pages evidence/test_peaks evidence/test_printed evidence/test_real
evidence/test_records evidence/test_shown formulas/test_activations formulas/test_adapted_families
formulas/test_adapters formulas/test_alignment formulas/test_boundaries formulas/test_cache
formulas/test_check formulas/test_command formulas/test_compute formulas/test_configs
formulas/test_dialect formulas/test_docstrings formulas/test_files formulas/test_gguf
formulas/test_layers formulas/test_limits formulas/test_loops formulas/test_memory
formulas/test_modules formulas/test_objective formulas/test_objectives formulas/test_optimizers
formulas/test_packing formulas/test_parallel formulas/test_parameters formulas/test_patterns
formulas/test_peak formulas/test_properties formulas/test_public_api formulas/test_quantization
formulas/test_refusals formulas/test_releases formulas/test_rooms formulas/test_schedule
formulas/test_settings formulas/test_sharding formulas/test_sharding_units formulas/test_skill
formulas/test_steps formulas/test_training formulas/test_worked_solutions pages/test_calculators
pages/test_cases pages/test_colours pages/test_edits pages/test_figures pages/test_folds
pages/test_formats pages/test_inline pages/test_new_page pages/test_pages pages/test_pictures
pages/test_planted_faults pages/test_practice pages/test_practice_answers pages/test_pure
pages/test_question_pages pages/test_readme pages/test_shell pages/test_solutions
site/test_browser site/test_builders site/test_cards site/test_changes site/test_errata
site/test_light site/test_links site/test_measured site/test_offline site/test_policy
site/test_reference site/test_search site/test_silence site/test_site site/test_twins test_gate
test_planted_faults
"""


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to run where tests are gone: no other test would notice."""
    here = Path(__file__).parent
    gone = [name for name in MODULES.split() if not (here / f"{name}.py").is_file()]
    if gone:
        raise pytest.UsageError(f"tests are gone that tests/conftest.py lists: {', '.join(gone)}")


class _Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Keeps on one processor the tests of a file, those of evidence, those that read the site.

    So the site is built once, and each number of others is compared once. What needs a browser
    beside the site goes apart.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        in_browser = ("browser", "measured", "search", "silence")
        is_read = "/site/" in file and not file.endswith(tuple(f"_{n}.py" for n in in_browser))
        if "/evidence/" in file or file.endswith("/pages/test_pages.py"):
            return "evidence"
        return "site" if is_read else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Together:
    """Build the site once: each processor that needs one builds its own."""
    config.option.loadscopereorder = False  # it would come late, and others wait for it at the end
    return _Together(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the site where several processors share the work, then with the longest files."""
    if hasattr(config, "workerinput"):
        sizes = Counter(item.path for item in items)
        items.sort(key=lambda item: ("/site/" not in item.nodeid, -sizes[item.path], item.path))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what waits for `make tools` where it has not run; fail there when the run demands it.

    So the everyday suite is the same on every machine, whichever browsers it has.
    """
    for marker in ("browser", "libraries", "slow"):
        if item.get_closest_marker(marker) and (lacking := _lacking()):
            told.lacking(f"marked {marker}: waits for `make tools`, which installs {lacking}")


@cache
def _lacking() -> str:
    """Say what of `make tools` is not installed, if anything."""
    named = ("torch", "transformers", "peft", "trl", "bitsandbytes", "properdocs")
    drivers = ("playwright", "axe_playwright_python")
    missing = [name for name in (*named, *drivers) if not find_spec(name)]
    # What it puts into folders of their own.
    beside = ("transformers-4.48", "liger-kernel")
    missing += [name for name in beside if not (Path(sys.prefix) / name).is_dir()]
    return ", ".join(missing)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped and why, in a line for each reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(each.longrepr[2]).removeprefix("Skipped: ") for each in skipped)
    for reason, number in sorted(reasons.items()):
        terminalreporter.write_line(f"{number} skipped: {reason}")
