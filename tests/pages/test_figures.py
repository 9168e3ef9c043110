"""No figure is typed by hand, and one that is will be found."""

from __future__ import annotations

import re
import tomllib
from html import unescape
from pathlib import Path

import pytest

from _guide.engine import figures
from tests.paths import DOCS, PAGES, ROOT

GUIDE = DOCS / "_guide"
EXEMPT = figures.DECLARED | figures.MACHINERY
MODULES = sorted(
    name
    for path in GUIDE.rglob("*.py")
    if (name := path.relative_to(ROOT).as_posix())
    and not {path.relative_to(GUIDE).as_posix(), path.relative_to(GUIDE).parts[0]} & EXEMPT
)
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in (GUIDE / "engine" / "theme", DOCS / "assets")
    for path in folder.rglob("*.*")
    if path.suffix in {".html", ".css", ".js", ".svg"}
)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", *(f"docs/{p}" for p in PAGES)])
def test_no_figure_on_a_page_is_typed_by_hand(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    if name == "README.md":  # whose snippet is run, and its output compared with what stands there
        text = re.sub(r"(?ms)^```(?:python|text)\n.*?^```", "", text)
    assert not figures.typed_on_page(text, name)


@pytest.mark.parametrize("name", MODULES)
def test_no_figure_in_the_code_of_the_guide_is_typed_by_hand(name: str) -> None:
    assert not figures.typed_in_module((ROOT / name).read_text("utf-8"), name)


@pytest.mark.parametrize("name", ["mkdocs.yml", *FILES])
def test_no_figure_around_the_pages_is_typed_by_hand(name: str) -> None:
    assert not figures.typed_in_file((ROOT / name).read_text("utf-8"), name)


SHOWN = 'source="above" result="text"'
TYPED = tomllib.loads((ROOT / "tests" / "pages" / "figures.toml").read_text("utf-8"))
CASES = [
    (kind, case.replace("\\n", "\n"))
    for kind, cases in TYPED.items()
    for case in cases.splitlines()
]


@pytest.mark.parametrize(("kind", "marked"), CASES)
def test_a_typed_figure_is_found_and_nothing_else(kind: str, marked: str) -> None:
    name = kind if "." in kind else "docs/x.md"
    if kind in {"hidden", "shown"}:
        marked = f'```python exec="on" {SHOWN * (kind == "shown")}\n{marked}\n```'
    text = re.sub("[«»]", "", marked)
    by_suffix = {".md": figures.typed_on_page, ".py": figures.typed_in_module}
    found = by_suffix.get(Path(name).suffix, figures.typed_in_file)(text, name)
    figure = re.search("«(.*?)»", marked)
    if figure:
        value = unescape(re.sub(r"(?<=\d)_", "", figure[1]))
        line = marked.count("\n", 0, figure.start()) + 1
        assert any(each.startswith(f"{name}:{line}: {value} is typed") for each in found), found
    else:
        assert not found
