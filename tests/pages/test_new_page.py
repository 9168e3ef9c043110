"""The template makes a page that builds and passes as it stands."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from _guide.engine import blocks, figures
from _guide.engine.new_page import TEMPLATE, PageError, new_page
from tests.pages.copies import settings
from tests.paths import DOCS, PAGES, ROOT

NAV = """nav:
  - Home: index.md
  - Reference:
      - Steps: reference/steps.md
"""


def unwritten(text: str, page: str) -> list[str]:
    """Say which sentences of the template a page still has."""
    asked = re.findall(r"^(?:description: )?[A-Z].* .*", TEMPLATE.read_text("utf-8"), re.M)
    return [
        f"docs/{page}:{number}: this is the template's: {line!r}; write your own"
        for number, line in enumerate(text.splitlines(), 1)
        if line in asked
    ]


@pytest.mark.parametrize("page", PAGES)
def test_no_page_is_left_as_the_template_has_it(page: str) -> None:
    assert not unwritten((DOCS / page).read_text("utf-8"), page)


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    """A copy of the guide with two pages, whatever else has been added to it."""
    root = tmp_path / "a guide"
    ignored = shutil.ignore_patterns("__pycache__", "*.py[co]")
    for folder in ("dlp", "docs/_guide", "docs/assets", "tests"):
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    for file in ("pyproject.toml", "README.md", "CONTRIBUTING.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / file, root)
    (root / "docs" / "reference").mkdir()
    shutil.copy(ROOT / "docs" / "reference" / "steps.md", root / "docs" / "reference")
    (root / "docs" / "index.md").write_text("# Home\n", "utf-8")
    (root / "mkdocs.yml").write_text(f"{settings()}\n{NAV}", "utf-8")
    return root


def test_new_pages_are_listed_before_the_reference_and_nothing_else_changes(guide: Path) -> None:
    before = (guide / "mkdocs.yml").read_text("utf-8")
    new_page("my-topic", guide)
    new_page("another-one", guide)
    section = "  - More:\n      - My topic: my-topic.md\n      - Another one: another-one.md\n"
    expected = before.replace("  - Reference:", f"{section}  - Reference:")
    assert (guide / "mkdocs.yml").read_text("utf-8") == expected


def test_a_new_page_keeps_the_rules(guide: Path) -> None:
    page = new_page("my-topic", guide)
    text = page.read_text("utf-8")
    assert blocks.problems(text, "my-topic.md") == []
    assert len(blocks.blocks(text)) == 2
    assert figures.typed_on_page(text, "my-topic.md") == []
    assert "PAGE_" not in text
    assert [line.split(":")[1] for line in unwritten(text, "my-topic.md")] == ["3", "8", "37"]


@pytest.mark.slow
def test_a_new_page_builds(guide: Path) -> None:
    new_page("my-topic", guide)
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=guide,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    built = (guide / "site" / "my-topic" / "index.html").read_text("utf-8")
    assert '<span class="figure">64</span>' in built
    assert "64 samples in one update" in built
    assert "<math" in built


@pytest.mark.parametrize("name", ["", "My Topic", "my_topic", "../escape", "my-topic.md", "-x"])
def test_a_bad_name_is_refused(guide: Path, name: str) -> None:
    with pytest.raises(PageError, match="lower case with hyphens"):
        new_page(name, guide)


@pytest.mark.parametrize("name", ["con", "aux", "nul", "com1", "site", "assets", "search"])
def test_a_name_that_no_page_can_have_is_refused(guide: Path, name: str) -> None:
    with pytest.raises(PageError, match="choose another name"):
        new_page(name, guide)
    assert not (guide / "docs" / f"{name}.md").exists()


@pytest.mark.parametrize("name", ["reference", "my-topic"])
def test_a_page_that_is_there_is_left_alone(guide: Path, name: str) -> None:
    (guide / "docs" / "my-topic.md").write_text("Mine.", "utf-8")
    before = (guide / "mkdocs.yml").read_text("utf-8")
    with pytest.raises(PageError, match="there already"):
        new_page(name, guide)
    assert (guide / "docs" / "my-topic.md").read_text("utf-8") == "Mine."
    assert (guide / "mkdocs.yml").read_text("utf-8") == before


def test_navigation_without_a_place_for_new_pages_is_refused(guide: Path) -> None:
    config = guide / "mkdocs.yml"
    config.write_text(config.read_text("utf-8").replace("  - Reference:", "  - Formulas:"), "utf-8")
    with pytest.raises(PageError, match="has no line '  - Reference:'"):
        new_page("my-topic", guide)
    assert not (guide / "docs" / "my-topic.md").exists()
