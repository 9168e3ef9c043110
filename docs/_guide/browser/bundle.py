"""The scripts that a page loads when it first needs them: the guide's own Python, translated."""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import dlp
from _guide.browser.sources import Module
from _guide.browser.translate import RUNTIME, Translator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "_guide"

_ANSWERS = "_guide.live.answers"
_COMMAND = {"__init__", "__main__", "_command_fit"}
_GUIDE: dict[str, tuple[str, ...]] = {
    "formats": (),
    "given": (),
    "live": (),
    "live/calculators": (),
    "pictures/axes": (),
    "pictures/bars": (),
    "pictures/chart": (),
    "pictures/drawing": (),
    "pictures/shapes": (),
    "pictures/step": (),
    "pictures/timeline": (),
    "pictures/tokens": (),
    "question": ("told_apart", "said", "listed"),
    "questions": ("case",),
}
"""The modules of the guide, or folders of such, and the names that a page calls, if not all."""


@cache
def modules() -> dict[str, Module]:
    """Read all that is translated."""
    paths = [each for each in (ROOT / "dlp").glob("*.py") if each.stem not in _COMMAND]
    found = [Module(f"dlp.{path.stem}", path) for path in sorted(paths)]
    for place, wanted in _GUIDE.items():
        for path in sorted((GUIDE / place).glob("[!_]*.py")) or [GUIDE / f"{place}.py"]:
            name = path.relative_to(GUIDE.parent).with_suffix("").as_posix().replace("/", ".")
            if path.is_file():
                found.append(Module(name, path, wanted))
    return {each.name: each for each in found}


@cache
def homes() -> dict[str, str]:
    """Say which module each public name of `dlp` comes from, the first that has it."""
    order = [f"dlp.{module}" for module in vars(dlp)["_MODULES"]]
    return {
        name: module
        for module in reversed(order)
        for name in sorted(modules()[module].names)
        if name[0] != "_"
    }


@cache
def files() -> dict[str, tuple[str, str]]:
    """Write `python`, on which all else stands, and `answers`, which judges: addresses and texts.

    An address is one under the assets, and no other release shares it.
    """
    runtime = re.sub(r"^ *//.*\n", "", RUNTIME.read_text("utf-8"), flags=re.M)
    texts = {"python": runtime, "answers": script([_translated(_ANSWERS)])}
    return {name: hashed(f"guide-{name}", text) for name, text in texts.items()}


def addresses(name: str) -> list[str]:
    """Give the addresses of `python` and of another script, for `load.js`."""
    return [files()[each][0] for each in ("python", name)]


def hashed(name: str, text: str) -> tuple[str, str]:
    """Name a script by what is in it."""
    return f"{name}-{sha256(text.encode()).hexdigest()[:8]}.js", text


def script(definitions: Iterable[str]) -> str:
    """Write definitions of modules as a classic script.

    A module runs when it is first needed: their order does not matter, nor whether one comes again.
    """
    return f"(($)=>{{\n{''.join(definitions)}}})(Guide.python);\n"


def public(names: Mapping[str, str]) -> str:
    """Define `dlp` as public names, each with the module that it comes from."""
    written = ",".join(f'{name}:"{home}"' for name, home in names.items())
    return f'$.define("dlp",()=>$.lazy({{{written}}}));\n'


def whole() -> str:
    """Write a script of all that is translated."""
    return script([public(homes()), *map(_translated, modules())])


def _translated(name: str) -> str:
    return Translator(modules()[name], modules(), homes()).script()
