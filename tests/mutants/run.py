"""Run the tests against every mutant of `dlp`: `python -m tests.mutants.run [MODULE ...]`.

Cosmic Ray's own way to test a mutant, a new process with pytest, takes three seconds; here pytest
imports and collects once, and each mutant gets a forked child in which its code replaces the code
of the functions in memory. No file is changed. A survivor that runs when its module is imported is
tested again in a new process, in a copy where everything is imported anew.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from _evidence.claims import claims
from tests.mutants import (
    FOLLOWING,
    HARMLESS,
    LISTING,
    ONE_IN,
    RESULT,
    is_current,
    modules,
    seal,
)
from tests.mutants.mutations import Mutant, mutants
from tests.paths import ROOT

# The witnesses: the formulas' own tests, published numbers, recorded counts, worked examples.
# Tests that read the source instead of calling it cannot see a change in memory.
WITNESSES = ["tests/formulas", "tests/evidence", "dlp"]
PYTEST = [
    *("-q", "-x", "--tb=no", "--no-header", "-p", "no:randomly", "-p", "no:cacheprovider"),
    "--assert=plain",
    *("-m", "not libraries and not browser", "--hypothesis-profile=mutants"),
    *("-p", "no:logging", "-p", "no:unraisableexception", "-p", "no:threadexception"),
    # These look at docstrings, or at so much at once that they are slow to see anything.
    *("-k", "not algebra and not good_tex and not hostile and not huge and not missing"),
    *(
        "--ignore=tests/formulas/test_dialect.py",
        "--ignore=tests/evidence/test_pages.py",
        *WITNESSES,
    ),
]
SURVIVED, KILLED, NOT_PYTHON = 0, 1, 3
DEFAULTS = "test_an_argument_that_is_left_out"
TRACED = "test_each_moment"
PATIENCE = 0.1
"""The share of the time of all tests that a mutant must survive; one that did, all of it."""


# --- In memory ------------------------------------------------------------------------------


def replace(module: ModuleType, code: str, examples: list[dict[str, Any]]) -> None:
    """Make a loaded module behave as this code, wherever its names have been imported."""
    fresh: dict[str, Any] = {"__name__": module.__name__, "__file__": module.__file__}
    exec(compile(code, str(module.__file__), "exec"), fresh)  # noqa: S102 - our own code
    old = vars(module)
    holders = [
        vars(each)
        for name, each in list(sys.modules.items())
        if name.partition(".")[0] in {"dlp", "tests", "_guide", "_evidence"}
    ] + examples
    for name, new in fresh.items():
        was = old.get(name)
        if name.startswith("__") or isinstance(new, ModuleType):
            continue
        if isinstance(new, FunctionType) and isinstance(was, FunctionType):
            was.__code__ = new.__code__
            was.__defaults__, was.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
        elif isinstance(new, dict) and isinstance(was, dict):
            was.clear()
            was.update(new)
        elif type(new) is not type(was) or new != was:
            for holder in holders:
                if name in holder and holder[name] is was:
                    holder[name] = new


@dataclass
class Runner:
    """A pytest plugin that tests mutants instead of running the tests once."""

    mutants: list[Mutant]
    jobs: int
    patience: float = PATIENCE
    touched: dict[tuple[str, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    seconds: dict[int, float] = field(default_factory=dict)
    turns: dict[int, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    killers: dict[tuple[str, str], Counter[int]] = field(
        default_factory=lambda: defaultdict(Counter)
    )

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take over from pytest once it has collected the tests."""
        if session.testsfailed:
            raise session.Interrupted("the tests cannot be collected")
        failed = self.rehearse(session)
        if failed:
            print("These tests fail without any change:", *failed, sep="\n  ")
            raise session.Interrupted("the tests must pass first")
        total = sum(self.seconds.values())
        print(
            f"{len(session.items)} tests take {total:.0f} s; {len(self.mutants)} mutants",
            flush=True,
        )
        self.test_all(session)
        return True

    def rehearse(self, session: pytest.Session) -> list[str]:
        """Run each test once, to learn how long it takes and which functions it calls."""
        failed = []
        families: Counter[str] = Counter()
        folder = str(ROOT / "dlp") + os.sep
        seen: set[tuple[str, str]] = set()

        def note(frame: Any, *_: Any) -> None:
            code = frame.f_code
            if code.co_filename.startswith(folder):
                seen.add((Path(code.co_filename).stem, code.co_qualname.partition(".")[0]))

        for number, item in enumerate(session.items):
            seen.clear()
            begin = time.perf_counter()
            sys.settrace(note)
            passed = _passes(item)
            sys.settrace(None)
            self.seconds[number] = time.perf_counter() - begin
            family = item.nodeid.partition("[")[0]
            self.names[number] = item.nodeid
            self.turns[number] = families[family]
            families[family] += 1
            for place in seen:
                self.touched[place].add(number)
            if not passed:
                failed.append(item.nodeid)
        return failed

    def chosen(self, mutant: Mutant) -> list[int]:
        """Choose the tests for a mutant: what killed its neighbours first, then the cheap ones.

        The tests of one parametrised function take turns with all others; what follows a step is
        tried on all steps that were traced first.
        """
        place = (mutant.module, mutant.function)
        near, far = self.killers[place], self.killers[mutant.module, ""]
        # A default is read off the signature as well, without a call.
        readers = {number for number, name in self.names.items() if DEFAULTS in name}
        called = self.touched.get(place)
        tests = sorted(
            called | readers if called else self.seconds,  # what runs on import is used anywhere
            key=lambda n: (
                -near[n],
                mutant.module in FOLLOWING and TRACED not in self.names[n],
                not mutant.function or mutant.function not in self.names[n],
                -far[n],
                self.seconds[n] * (1 + self.turns[n]),
            ),
        )
        budget = self.patience * sum(self.seconds.values())
        for tried, number in enumerate(tests, start=1):
            budget -= self.seconds[number]
            if budget < 0:
                return tests[:tried]
        return tests

    def test_all(self, session: pytest.Session) -> None:
        """Test the mutants, as many at once as there are processors."""
        running: dict[int, tuple[Mutant, int]] = {}
        gc.freeze()  # so that a child that collects its garbage does not copy the parent's memory
        begin = time.monotonic()
        waiting = list(reversed(self.mutants))
        done = 0
        while waiting or running:
            while waiting and len(running) < self.jobs:
                mutant = waiting.pop()
                read, write = os.pipe()
                pid = os.fork()
                if not pid:
                    os.close(read)
                    self.child(session, mutant, write)
                os.close(write)
                running[pid] = (mutant, read)
            pid, status = os.wait()
            mutant, read = running.pop(pid)
            with os.fdopen(read, "rb") as pipe:
                told = pipe.read().decode()
            code = os.waitstatus_to_exitcode(status)
            mutant.outcome = {SURVIVED: "survived", NOT_PYTHON: "not Python"}.get(code, "killed")
            if mutant.outcome == "survived":
                print(f"survives: {mutant.title}", flush=True)
            if told:
                number = int(told)
                for place in {(mutant.module, mutant.function), (mutant.module, "")}:
                    self.killers[place][number] += 1
            done += 1
            if done % 100 == 0:
                print(
                    f"{done} of {len(self.mutants)} in {time.monotonic() - begin:.0f} s", flush=True
                )

    def child(self, session: pytest.Session, mutant: Mutant, write: int) -> None:
        """Test one mutant and end the process."""
        tests = self.chosen(mutant)
        # What fills the memory is noticed as well, and below what runs for ever.
        resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        signal.setitimer(signal.ITIMER_VIRTUAL, 10 + self.patience * sum(self.seconds.values()))
        code = mutant.code
        try:
            compile(code or "(", mutant.path, "exec")
        except SyntaxError:
            os._exit(NOT_PYTHON)
        try:
            examples = [item.dtest.globs for item in session.items if hasattr(item, "dtest")]
            replace(sys.modules[f"dlp.{mutant.module}"], code or "", examples)
        except BaseException:
            os._exit(KILLED)
        _forget()
        for number in tests:
            signal.setitimer(signal.ITIMER_VIRTUAL, 2 + 5 * self.seconds[number])
            if not _passes(session.items[number]):
                os.write(write, str(number).encode())
                os._exit(KILLED)
        os._exit(SURVIVED)


def _passes(item: pytest.Item) -> bool:
    """Run one test, with what it compares computed anew."""
    # A doctest empties its namespace at the end; it is to run again.
    example = getattr(item, "dtest", None)
    names = dict(example.globs) if example else {}
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    try:
        if "claim" in parameters:
            parameters["claim"] = _made_again(parameters["claim"])
    except Exception:
        return False
    reports = runtestprotocol(item, log=False, nextitem=None)
    if example:
        example.globs = names
    return all(report.passed or report.skipped for report in reports)


def _made_again(claim: Any) -> Any:
    """Make a claim once more: this was done when the tests were collected."""
    vars(claim).pop("exactly", None)
    if not claim.record:
        return claim
    again = import_module(f"_evidence.counts.{claim.topic}").claims(claim.record)
    return next(each for each in again if each.what == claim.what)


def _forget() -> None:
    """Clear what the claims and the tests have kept of earlier results."""
    for claim in claims():
        vars(claim).pop("exactly", None)
    for name, module in list(sys.modules.items()):
        if name.startswith("tests.formulas.test_"):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


# --- In a copy ------------------------------------------------------------------------------


def survives_in_a_copy(mutant: Mutant) -> bool:
    """Test a mutant in a new process: some code runs only when a module is imported."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        ignored = shutil.ignore_patterns("__pycache__", "site", ".*")
        for part in ("dlp", "docs", "tests"):
            shutil.copytree(ROOT / part, copy / part, ignore=ignored)
        for name in ("pyproject.toml", "mkdocs.yml", "README.md", "CONTRIBUTING.md", "LICENSE"):
            shutil.copy(ROOT / name, copy / name)
        (copy / "dlp" / mutant.path.name).write_text(mutant.code or "", encoding="utf-8")
        done = subprocess.run(  # noqa: S603 - our own Python, our own code
            [sys.executable, "-m", "pytest", *PYTEST],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": f"{copy}{os.pathsep}{copy / 'docs'}"},
            capture_output=True,
            check=False,
        )
        return done.returncode == 0


# --- The result -----------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Test the mutants of the modules that have changed since the last time, or of those named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("module", nargs="*", help="such as steps; else those that have changed")
    parser.add_argument("--all", action="store_true", help="every module, changed or not")
    parser.add_argument("--sample", action="store_true", help="draw one in ten of any module")
    parser.add_argument(
        "--again",
        action="store_true",
        help="with all tests, what survived last time and has no reason yet",
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at once")
    chosen = parser.parse_args(arguments)
    os.chdir(ROOT)
    last = json.loads(RESULT.read_text(encoding="utf-8"))
    result = last["modules"]
    paths = [
        path
        for path in modules()
        if chosen.all
        or (
            chosen.again
            and is_current(path, result.get(path.stem))
            and result[path.stem]["survivors"]
        )
        or (path.stem in chosen.module)
        or (not chosen.module and not chosen.again and not is_current(path, result.get(path.stem)))
    ]
    groups = tomllib.loads(HARMLESS.read_text(encoding="utf-8"))["because"]
    known = {title for group in groups for title in group["mutants"]}
    drawn = FOLLOWING | LISTING | ({path.stem for path in paths} if chosen.sample else set())
    drawn |= set(last["sampled"]) - ({path.stem for path in paths} - drawn)
    tested = mutants(paths, sampled=drawn)
    if chosen.again:
        survived = {title for row in result.values() for title in row["survivors"]} - known
        tested = [mutant for mutant in tested if mutant.title in survived]
    runner = Runner(tested, chosen.jobs, 1.0 if chosen.again else PATIENCE)
    # Everything that is printed while mutants are tested is ours.
    status = pytest.main([*PYTEST, "-s"], plugins=[runner])
    if any(not mutant.outcome for mutant in runner.mutants):
        return int(status) or 1
    left = [
        mutant
        for mutant in runner.mutants
        if mutant.outcome == "survived"
        and (mutant.module, mutant.function) not in runner.touched
        and mutant.title not in known
    ]
    print(f"{len(left)} survivors run on import; each is tested again in a copy of the project")
    with ThreadPoolExecutor(chosen.jobs) as pool:
        for mutant, survives in zip(left, pool.map(survives_in_a_copy, left), strict=True):
            mutant.outcome = "survived" if survives else "killed"
    names = {path.stem for path in modules()}
    result = {name: row for name, row in result.items() if name in names}
    before = result if chosen.again else {}
    result |= {path.stem: _row(path, tested, before.get(path.stem)) for path in paths}
    content = {
        "tool": f"Cosmic Ray {version('cosmic_ray')}",
        "one_in": ONE_IN,
        "sampled": sorted(name for name in drawn if name in result),
        "modules": dict(sorted(result.items())),
    }
    RESULT.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return report(result, known)


def _row(path: Path, tested: list[Mutant], before: dict[str, Any] | None) -> dict[str, Any]:
    """Say of a module how many mutants it has, which survived, and of which code they are.

    Where those alone were tested that survived before, their number is as it was.
    """
    of_module = [m for m in tested if m.module == path.stem and m.outcome != "not Python"]
    survivors = [mutant.title for mutant in of_module if mutant.outcome == "survived"]
    number = len(of_module)
    if before:
        number = before["mutants"]
        again = {mutant.title for mutant in of_module}
        survivors += [title for title in before["survivors"] if title not in again]
    survivors.sort()
    return {"seal": seal(path, number, survivors), "mutants": number, "survivors": survivors}


def report(result: dict[str, Any], known: set[str]) -> int:
    """Print what is kept, and say whether it will do."""
    survivors = [title for row in result.values() for title in row["survivors"]]
    total = sum(row["mutants"] for row in result.values())
    for module, row in result.items():
        print(
            f"{module:20} {row['mutants'] - len(row['survivors']):5} of {row['mutants']:5} killed"
        )
    share = 1 - len(survivors) / max(1, total)
    print(f"{total - len(survivors)} of {total} mutants killed, {share:.2%}")
    if gone := sorted(known - set(survivors)):
        print("No longer survivors, take them out of harmless.toml:", *gone, sep="\n  ")
    if new := sorted(set(survivors) - known):
        print("Survivors without a reason in harmless.toml:", *new, sep="\n  ")
    return int(bool(new) or share < 0.95)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
