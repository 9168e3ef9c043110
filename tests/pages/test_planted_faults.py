"""Each fault that a page can have turns the checks red, and the message names the page."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from _guide.engine import blocks, figures
from tests.pages.copies import build
from tests.pages.reading import run_page

if TYPE_CHECKING:
    from collections.abc import Iterator

SOUND = """\
# A page

```python exec="on"
from _guide import given, parts

print(parts.question(8).hint)
```

One sees `#!calc count(given.per_device_train_batch_size)` samples.

```python exec="on" source="above" result="text"
from dlp import lora_parameters

trained = lora_parameters(r=8, in_features=4096, out_features=4096)
print(f"{trained:,} parameters")
assert trained == 8 * (2 * given.real_width)  # markdown-exec: hide
```

See [`linear_parameters`][dlp.heads.linear_parameters] and the [top](#a-page); $x^2$.
"""


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


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("8 * (2", "9 * (2", "page.md:11: a block fails: AssertionError"),
        ("trained = lora", "1 / 0; trained = lora", "page.md:11: a block fails: ZeroDivisionError"),
        ("from dlp import lora_parameters\n", "", "page.md:11: a block fails: NameError"),
        ('result="text"\nfrom dlp', 'reslut="text"\nfrom dlp', "unknown option 'reslut'"),
        ('source="above"', 'source="blok"', "source='blok'; write one of above"),
        ('result="text"', 'result="txt"', "result='txt'; write one of text"),
        ('source="above" ', 'source="above ', "source='above result='; write one of above"),
        ('"text"\nfrom dlp', '"text\nfrom dlp', "page.md:11: this Python would be shown"),
        ('exec="on" source', 'exce="on" source', "page.md:11: this Python would be shown"),
        ('exec="on" source', 'exec="on" source exec', "page.md:11: "),
        ('python exec="on" source', "python source", "page.md:11: this Python would be shown"),
        ('exec="on" source', 'exec="off" source', "page.md:11: this Python would be shown"),
        ('exec="on" source', 'exec="1" source', "exec='1'; write one of on"),
        ('"text"\nfrom dlp', '"text" session="x"\nfrom dlp', "unknown option 'session'"),
        ('print(f"{trained:,} parameters")\n', "", "page.md:11: prints nothing"),
        ('print(f"{trained:,} parameters")', 'print("")', "page.md:11: prints nothing"),
        ("trained = lora", "trained : = lora", "page.md:11: not Python"),
        ("```python exec", "```bash exec", "no other language is run"),
        ("```\n\nSee", "\n\nSee", "page.md:11: this Python would be shown"),
        ("trained = lora", "import sys; sys.exit(0)\ntrained = lora", "page.md:11: imports sys"),
        ("trained = lora", "raise SystemExit(3)\ntrained = lora", "a block ends the program"),
        ("One sees", "All 28 see", "page.md:9: 28 is typed by hand"),
        ("count(given.per_device_train_batch_size)", "count(16)", "page.md:9: 16 is typed by hand"),
        ("`#!calc", "`#!clac", "page.md:9: #!clac would be shown as code"),
        ("```python exec", "``python exec", "this is not read as a fence"),
    ],
)
def test_a_planted_fault_is_found_without_a_build(old: str, new: str, message: str) -> None:
    assert old in SOUND
    found = objections(SOUND.replace(old, new))
    assert any("page.md" in each for each in found)
    assert any(message in each for each in found), found


# --- Seen by the build ----------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """One change to the sound page, and what the build must say about it."""

    old: str
    new: str
    message: str


# These the build reports and goes on from, so that one build with a page for each shows them all.
WARNED = {
    "wrong-number": Fault("8 * (2", "9 * (2", "AssertionError"),
    "exception": Fault("trained = lora", "1 / 0; trained = lora", "ZeroDivisionError"),
    "misspelt-option": Fault("result=", "reslut=", "unknown option 'reslut'"),
    "bad-value": Fault('source="above"', 'source="blok"', "source='blok'"),
    "quote-not-closed": Fault('"text"\nfrom', '"text\nfrom', "this Python would be shown"),
    "prints-nothing": Fault('print(f"{trained:,} parameters")\n', "", "prints nothing"),
    "session-typed": Fault('"text"\nfrom', '"text" session="x"\nfrom', "unknown option 'session'"),
    "not-python": Fault("```python", "```bash", "no other language is run"),
    "broken-link": Fault("(#a-page)", "(missing.md)", "'missing.md'"),
    "broken-anchor": Fault("(#a-page)", "(#no-such)", "'#no-such'"),
    "broken-reference": Fault("dlp.heads.linear_parameters]", "dlp.nothing]", "'dlp.nothing'"),
}

# At these it stops, so that each needs a build of its own.
STOPPED = {
    "bad-figure": Fault("count(given.", "count(gvien.", "name 'gvien' is not defined"),
    "bad-tex": Fault("$x^2$", r"$\nosuch$", r"\nosuch"),
    "quiet-exit": Fault(
        "trained = lora", "import sys; sys.exit(0)\ntrained = lora", "end the program"
    ),
}


def faulty(fault: Fault) -> str:
    """Plant a fault in the sound page."""
    assert fault.old in SOUND
    return SOUND.replace(fault.old, fault.new)


Builds = dict[str, Future[subprocess.CompletedProcess[str]]]


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builds]:
    """Start all builds at once."""
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:

        def start(name: str, pages: dict[str, str]) -> Future[subprocess.CompletedProcess[str]]:
            return pool.submit(build, tmp_path_factory.mktemp(name), pages)

        warned = {name: faulty(fault) for name, fault in WARNED.items()}
        yield {
            "sound": start("sound", {"page": SOUND}),
            "warned": start("warned", warned),
            **{name: start(name, {name: faulty(each)}) for name, each in STOPPED.items()},
        }


def test_the_sound_page_builds(builds: Builds) -> None:
    done = builds["sound"].result()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", WARNED)
def test_a_strict_build_warns_of_a_planted_fault(builds: Builds, name: str) -> None:
    done = builds["warned"].result()
    assert done.returncode != 0
    about = done.stderr.split("WARNING -")
    assert any(name in each and WARNED[name].message in each for each in about), done.stderr


@pytest.mark.parametrize("name", STOPPED)
def test_a_planted_fault_stops_the_build(builds: Builds, name: str) -> None:
    done = builds[name].result()
    assert done.returncode != 0
    assert f"{name}.md" in done.stderr, done.stderr
    assert STOPPED[name].message in done.stderr, done.stderr
