"""What README promises: its snippet, its commands, its files."""

import contextlib
import io
import re
import tomllib

import pytest
import yaml

from tests.paths import ROOT

README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_snippet_prints_what_readme_shows() -> None:
    found = re.findall(r"^```python\n(.*?)^```\n\n^```text\n(.*?)^```", README, re.M | re.S)
    assert len(found) == README.count("```python") == 1, "each snippet is followed by its output"
    for code, output in found:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, {})  # noqa: S102 - our own README
        assert printed.getvalue() == output


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_command_is_one_of_makes(text: str) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.M)) <= set(targets)


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_file_named_is_there(text: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    named = re.findall(r"`((?:dlp|docs|tests|requirements)/[\w/.]*|\.ci/run)`", text)
    missing = [name for name in links + named if not (ROOT / name).exists()]
    assert [name for name in missing if "my-topic" not in name] == []


def test_the_wheel_and_the_citation_are_of_this_version() -> None:
    name = PROJECT["name"].replace("-", "_")
    assert f"/{name}-{PROJECT['version']}-py3-none-any.whl" in README
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
