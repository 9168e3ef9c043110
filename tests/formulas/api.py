"""The public names of the package, read from its source."""

from __future__ import annotations

from functools import cache

import griffe

from tests.paths import ROOT


@cache
def package() -> griffe.Module:
    """Read the package without importing it."""
    loaded = griffe.load("dlp", search_paths=[str(ROOT)], try_relative_path=False)
    assert isinstance(loaded, griffe.Module)
    return loaded


@cache
def modules() -> dict[str, griffe.Module]:
    """Give the public modules by name."""
    return {name: module for name, module in package().modules.items() if not name.startswith("_")}


@cache
def public() -> dict[str, griffe.Function | griffe.Attribute]:
    """Give every public function and constant by its full name, such as `dlp.units.GB`."""
    members: dict[str, griffe.Function | griffe.Attribute] = {}
    for module in modules().values():
        for name, member in module.members.items():
            if name.startswith("_") or name == "TYPE_CHECKING" or not member.runtime:
                continue  # not a name, or one for type checkers alone
            if isinstance(member, (griffe.Function, griffe.Attribute)):
                members[member.path] = member
    return members


def functions() -> dict[str, griffe.Function]:
    """Give every public function by its full name."""
    return {path: f for path, f in public().items() if isinstance(f, griffe.Function)}


def constants() -> dict[str, griffe.Attribute]:
    """Give every public constant by its full name."""
    return {path: a for path, a in public().items() if isinstance(a, griffe.Attribute)}
