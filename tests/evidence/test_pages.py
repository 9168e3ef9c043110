"""The pages of evidence show every formula, and what they show is what was found."""

from __future__ import annotations

import json
import tomllib

from _evidence import coverage
from tests.mutants import HARMLESS, RESULT, is_current, modules
from tests.paths import DOCS


def test_every_module_of_formulas_has_a_page_of_evidence() -> None:
    pages = {path.stem for path in (DOCS / "evidence").glob("*.md")} - {"index"}
    assert pages == set(coverage.modules())


MUTANTS = json.loads(RESULT.read_text(encoding="utf-8"))["modules"]


def test_mutants_that_survive_are_few_and_known() -> None:
    reasons = tomllib.loads(HARMLESS.read_text(encoding="utf-8"))["because"]
    left = [title for row in MUTANTS.values() for title in row["survivors"]]
    assert len(left) <= 0.05 * sum(row["mutants"] for row in MUTANTS.values())
    assert set(left) == {title for each in reasons for title in each["mutants"]}


def test_mutants_are_of_the_code_as_it_is() -> None:
    paths = {path.stem: path for path in modules()}
    stale = [name for name, path in paths.items() if not is_current(path, MUTANTS.get(name))]
    stale += MUTANTS.keys() - paths.keys()
    assert not stale, f"run make mutants, which tests what has changed: {stale}"
