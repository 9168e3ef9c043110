"""The table of laws and the tests that try them name the same laws, and every formula has one."""

from __future__ import annotations

from importlib import import_module

from _evidence.laws import LAWS
from tests.formulas.calls import FUNCTIONS
from tests.paths import ROOT

TABLE = "docs/_evidence/laws.toml"


def test_every_law_is_tried_by_one_test() -> None:
    modules = [
        import_module(f"tests.formulas.{path.stem}")
        for path in sorted((ROOT / "tests" / "formulas").glob("test_*.py"))
    ]
    tried = [
        value.law for module in modules for value in vars(module).values() if hasattr(value, "law")
    ]
    assert sorted(tried) == sorted(LAWS), f"{TABLE}: write a test for each law"


def test_every_formula_has_a_law() -> None:
    named = {name for names in LAWS.values() for name in names}
    unknown = named - FUNCTIONS.keys()
    assert not unknown, f"{TABLE}: no such formulas: {sorted(unknown)}"
    lawless = FUNCTIONS.keys() - named
    assert not lawless, f"{TABLE}: write a law that {sorted(lawless)} must keep"
