"""The scripts that a page loads when a reader first needs them: the guide's own Python, translated."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

import dlp
from _guide.browser.translate import RUNTIME, Module, Translator

ROOT = Path(__file__).parents[3]
ASSETS, GUIDE = ROOT / "docs" / "assets", ROOT / "docs" / "_guide"

_COMMAND = {"__init__", "__main__", "_command_fit"}
_GUIDE: dict[str, tuple[str, ...]] = {
    "formats": (),
    "given": (),
    "live": (),
    "pictures/axes": (),
    "pictures/bars": (),
    "pictures/drawing": (),
    "pictures/shapes": (),
    "pictures/step": (),
    "pictures/timeline": (),
    "pictures/tokens": (),
    "question": ("told_apart", "said", "listed"),
    "questions": ("case",),
}
"""The modules of the guide, or folders of such, and the names of each that a page calls, if not all."""


@cache
def modules() -> dict[str, Module]:
    """Read all that is translated."""
    paths = [each for each in (ROOT / "dlp").glob("*.py") if each.stem not in _COMMAND]
    found = [Module(f"dlp.{path.stem}", path) for path in sorted(paths)]
    guide = ROOT / "docs" / "_guide"
    for place, wanted in _GUIDE.items():
        for path in sorted((guide / place).glob("[!_]*.py")) or [guide / f"{place}.py"]:
            name = path.relative_to(guide.parent).with_suffix("").as_posix().replace("/", ".")
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
    """Write runtime and modules as one classic script."""
    public = ",".join(f'{name}:"{home}"' for name, home in homes().items())
    translated = "".join(
        Translator(each, modules(), homes()).script() for each in modules().values()
    )
    return {
        "live": RUNTIME.read_text("utf-8")
        + "(()=>{const $=Guide.python;\n"
        + f'$.define("dlp",()=>$.lazy({{{public}}}));\n{translated}}})();\n'
    }


def address(name: str) -> str:
    """Give the address of a script under the site's own, which another release does not share."""
    digest = sha256(scripts()[name].encode()).hexdigest()[:12]
    return f"assets/guide-{name}.js?v={digest}"


def write() -> None:
    """Write the scripts where the site takes them from; one that has not changed stays as it is."""
    for name, text in scripts().items():
        path = ASSETS / f"guide-{name}.js"
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8", newline="\n")
