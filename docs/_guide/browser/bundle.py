"""The scripts that a page loads when it first needs them: the guide's own Python, translated."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import dlp
from _guide.browser.sources import Module
from _guide.browser.translate import RUNTIME, Translator

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[3]
ASSETS, GUIDE = ROOT / "docs" / "assets", ROOT / "docs" / "_guide"

_STEP, _ANSWERS = "dlp._training", "_guide.live.answers"
_BEFORE = {"peak": ("live",)}
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
def scripts() -> dict[str, str]:
    """Write the classic scripts: `python`, on which all others stand, and these by what needs them.

    `answers` judges an answer. `peak` has what follows a training step and what needs that, `live`
    all else. They define modules, each of which runs when it is first needed: their order does not
    matter, nor whether one is loaded again.
    """
    written, needs = {}, {}
    for name, module in modules().items():
        translator = Translator(module, modules(), homes())
        written[name] = translator.script()
        needs[name] = {home for home, _ in translator.reaches} & set(modules())
    whole = {name: _reached(name, needs) for name in modules()}
    light = [name for name in modules() if "._" not in name and _STEP not in whole[name]]
    live = set().union(*(whole[name] for name in light))
    public = ",".join(f'{name}:"{home}"' for name, home in homes().items())
    written["dlp"] = f'$.define("dlp",()=>$.lazy({{{public}}}));\n'
    chosen = {
        "answers": [_ANSWERS],
        "live": ["dlp", *(name for name in modules() if name in live - {_ANSWERS})],
        "peak": [name for name in modules() if name not in live],
    }
    return {"python": RUNTIME.read_text("utf-8")} | {
        script: f"(($)=>{{\n{''.join(written[name] for name in names)}}})(Guide.python);\n"
        for script, names in chosen.items()
    }


def _reached(name: str, needs: Mapping[str, set[str]]) -> set[str]:
    """Give a module and all that it needs, directly or not."""
    found, more = set[str](), {name}
    while more:
        found |= more
        more = set().union(*(needs[each] for each in more)) - found
    return found


def address(name: str) -> str:
    """Give the address of a script under the assets, which another release does not share."""
    digest = sha256(scripts()[name].encode()).hexdigest()[:12]
    return f"guide-{name}.js?v={digest}"


def addresses(name: str) -> list[str]:
    """Give the addresses of a script and of those that must be there first, for `load.js`."""
    return [address(each) for each in ("python", *_BEFORE.get(name, ()), name)]


def write() -> None:
    """Write the scripts where the site takes them from; one that has not changed stays as it is."""
    ASSETS.mkdir(exist_ok=True)
    for name, text in scripts().items():
        path = ASSETS / f"guide-{name}.js"
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8", newline="\n")
