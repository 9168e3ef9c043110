"""Each fault that a page can have turns the checks red, and the message names the page."""

from __future__ import annotations

import os
import subprocess
import tomllib
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from _guide.engine import blocks, figures
from tests.pages.copies import build
from tests.pages.reading import run_page
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = tomllib.loads((ROOT / "tests" / "pages" / "planted_faults.toml").read_text("utf-8"))
SOUND: str = TABLES["page"]
WARNED, STOPPED = TABLES["warned"], TABLES["stopped"]


# --- Seen without a build -------------------------------------------------------------------


def objections(text: str) -> list[str]:
    """Say what the checks of the pages find wrong, as they do for every page."""
    found = blocks.problems(text, "page.md") + figures.typed_on_page(text, "page.md")
    if found:
        return found
    try:
        runs = run_page(text, "page.md")
    except AssertionError as error:
        return [str(error)]
    return [
        f"docs/page.md:{each.block.line}: prints nothing"
        for each in runs
        if not each.printed.strip()
    ]


def test_the_sound_page_is_sound() -> None:
    assert not objections(SOUND)


@pytest.mark.parametrize(("old", "new", "message"), TABLES["seen"])
def test_a_planted_fault_is_found_without_a_build(old: str, new: str, message: str) -> None:
    found = objections(faulty(old, new, message))
    assert any("page.md" in each for each in found)
    assert any(message in each for each in found), found


# --- Seen by the build ----------------------------------------------------------------------


def faulty(old: str, new: str, _: str) -> str:
    """Plant a fault in the sound page."""
    assert old in SOUND
    return SOUND.replace(old, new)


Builds = dict[str, Future[subprocess.CompletedProcess[str]]]


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builds]:
    """Start all builds at once."""
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:

        def start(name: str, pages: dict[str, str]) -> Future[subprocess.CompletedProcess[str]]:
            return pool.submit(build, tmp_path_factory.mktemp(name), pages)

        warned = {name: faulty(*fault) for name, fault in WARNED.items()}
        yield {
            "warned": start("warned", warned | {"sound": SOUND}),
            **{name: start(name, {name: faulty(*each)}) for name, each in STOPPED.items()},
        }


@pytest.mark.slow
def test_a_strict_build_does_not_warn_of_the_sound_page(builds: Builds) -> None:
    done = builds["warned"].result()
    assert "sound.md" not in done.stderr, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", WARNED)
def test_a_strict_build_warns_of_a_planted_fault(builds: Builds, name: str) -> None:
    done = builds["warned"].result()
    assert done.returncode != 0
    about = done.stderr.split("WARNING -")
    assert any(name in each and WARNED[name][2] in each for each in about), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", STOPPED)
def test_a_planted_fault_stops_the_build(builds: Builds, name: str) -> None:
    done = builds[name].result()
    assert done.returncode != 0
    assert f"{name}.md" in done.stderr, done.stderr
    assert STOPPED[name][2] in done.stderr, done.stderr
