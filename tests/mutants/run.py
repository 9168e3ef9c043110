"""Run the tests against every mutant of `dlp`: `python -m tests.mutants.run [MODULE ...]`.

Cosmic Ray makes the mutants. Its own way to test one, a new process with pytest, takes three
seconds; here pytest imports and collects once, and each mutant gets a forked child in which its
code replaces the code of the functions in memory. No file is changed. A survivor that runs when its
module is imported is tested again in a new process, in a copy where everything is imported anew.
"""

from __future__ import annotations

import argparse
import ast
import gc
import json
import os
import re
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
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.tools.filters.operators_filter import OperatorsFilter
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkResult

from tests.paths import ROOT

HERE = ROOT / "tests" / "mutants"
SETTINGS = HERE / "settings.toml"
HARMLESS = ROOT / "docs" / "_evidence" / "harmless.toml"
RESULT = ROOT / "docs" / "_evidence" / "mutants.json"
SESSION = ROOT / ".mutants.sqlite"

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
    *("--ignore=tests/formulas/test_dialect.py", *WITNESSES),
]
SURVIVED, KILLED, NOT_PYTHON = 0, 1, 3
PATIENCE = 30.0
"""Seconds of tests, as measured while their calls are noted, that a mutant must survive."""


@dataclass
class Mutant:
    """One change to one line, and what became of it."""

    job: str
    path: Path
    operator: str
    occurrence: int
    start: tuple[int, int]
    function: str  # the function it stands in, or nothing
    killer: str = ""
    outcome: str = ""

    @property
    def module(self) -> str:
        """The name of the module, such as `steps`."""
        return self.path.stem

    @property
    def code(self) -> str | None:
        """The module with the change made."""
        changed: str | None = mutate_code(
            self.path.read_text(encoding="utf-8"), get_operator(self.operator)(), self.occurrence
        )
        return changed

    @property
    def title(self) -> str:
        """The change in words: where it is, the line before and the line after."""
        before = self.path.read_text(encoding="utf-8").splitlines()
        after = (self.code or "").splitlines()
        old, new = next(((a, b) for a, b in zip(before, after, strict=False) if a != b), ("?", "?"))
        where = f"{self.module}.{self.function}" if self.function else self.module
        return f"{where}: {' '.join(old.split())} -> {' '.join(new.split())}"


@cache
def _unseen(path: Path) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Give the places that do not run or make only the text of a message."""
    places: list[ast.AST] = []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            places.append(node)
        elif isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation:
            places.append(node.annotation)
        elif isinstance(node, ast.FunctionDef) and node.returns:
            places.append(node.returns)
        elif isinstance(node, (ast.If, ast.Assign)) and "TYPE_CHECKING" in ast.unparse(
            node.test if isinstance(node, ast.If) else node.targets[0]
        ):
            places.append(node)
    return [
        ((n.lineno, n.col_offset), (n.end_lineno, n.end_col_offset))  # type: ignore[attr-defined]
        for n in places
    ]


def mutants(db: Any, modules: list[str]) -> list[Mutant]:
    """Have Cosmic Ray list the mutants, without those that change nothing that runs."""
    paths = sorted(
        path
        for path in (ROOT / "dlp").glob("*.py")
        if path.stem != "__init__" and (not modules or path.stem in modules)
    )
    init(paths, db, {})
    OperatorsFilter().filter(db, argparse.Namespace(config=str(SETTINGS)))
    found = []
    for item in list(db.pending_work_items):
        (change,) = item.mutations
        path = Path(change.module_path)
        start = (change.start_pos[0], change.start_pos[1])
        if why := _idle(path, change.operator_name, start):
            _skip(db, item.job_id, why)
            continue
        found.append(
            Mutant(
                *(item.job_id, path, change.operator_name, change.occurrence),
                start,
                _function_at(path, start[0]),
            )
        )
    return found


@cache
def _operators(path: Path) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Give the lines and columns between two operands, and of comparisons with a text."""
    between: set[tuple[int, int]] = set()
    texts: set[tuple[int, int]] = set()
    lines = path.read_text(encoding="utf-8").splitlines()

    def gap(left: ast.expr, right: ast.expr) -> set[tuple[int, int]]:
        begin, end = (
            (left.end_lineno or 0, left.end_col_offset or 0),
            (right.lineno, right.col_offset),
        )
        return {
            (line, column)
            for line in range(begin[0], end[0] + 1)
            for column in range(
                begin[1] if line == begin[0] else 0,
                end[1] if line == end[0] else len(lines[line - 1]),
            )
        }

    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.BinOp):
            between |= gap(node.left, node.right)
        elif isinstance(node, ast.AugAssign):
            between |= gap(node.target, node.value)
        elif isinstance(node, ast.Compare):
            for left, right in zip([node.left, *node.comparators], node.comparators, strict=False):
                if any(
                    isinstance(x, ast.Constant) and isinstance(x.value, str) for x in (left, right)
                ):
                    texts |= gap(left, right)
    return between, texts


def _idle(path: Path, operator: str, start: tuple[int, int]) -> str:
    """Say why a mutant says nothing about the tests, if it does not."""
    if any(a <= start < b for a, b in _unseen(path)):
        return "does not run, or only words a message"
    between, texts = _operators(path)
    if "BinaryOperator" in operator and start not in between:
        return "a star in a signature is no product"
    if re.search(r"_(Eq|NotEq)_(Lt|LtE|Gt|GtE)$", operator) and start in texts:
        return "names have no order"
    return ""


def _skip(db: Any, job: str, why: str) -> None:
    db.set_result(job, WorkResult(output=why, worker_outcome=WorkerOutcome.SKIPPED))


@cache
def _functions(path: Path) -> list[tuple[int, int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        (node.lineno, node.end_lineno or node.lineno, node.name)
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    ]


def _function_at(path: Path, line: int) -> str:
    return next((name for a, b, name in _functions(path) if a <= line <= b), "")


# --- In memory ------------------------------------------------------------------------------


def replace(module: ModuleType, code: str, examples: list[dict[str, Any]]) -> None:
    """Make a loaded module behave as this code, wherever its names have been imported."""
    fresh: dict[str, Any] = {"__name__": module.__name__, "__file__": module.__file__}
    exec(compile(code, str(module.__file__), "exec"), fresh)  # noqa: S102 - our own code
    old = vars(module)
    holders = [
        vars(each)
        for name, each in list(sys.modules.items())
        if name.partition(".")[0] in {"dlp", "tests", "_guide"}
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

        The tests of one parametrised function take turns with all others.
        """
        place = (mutant.module, mutant.function)
        near, far = self.killers[place], self.killers[mutant.module, ""]
        tests = sorted(
            self.touched.get(place) or self.seconds,  # what runs on import may be used anywhere
            key=lambda n: (
                -near[n],
                not mutant.function or mutant.function not in self.names[n],
                -far[n],
                self.seconds[n] * (1 + self.turns[n]),
            ),
        )
        budget = PATIENCE
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
            mutant.killer = f"signal {-code}" if code < 0 else ""
            if mutant.outcome == "survived":
                print(f"survives: {mutant.title}", flush=True)
            if told:
                number = int(told)
                for place in {(mutant.module, mutant.function), (mutant.module, "")}:
                    self.killers[place][number] += 1
                mutant.killer = session.items[number].nodeid
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
        signal.setitimer(signal.ITIMER_VIRTUAL, 10)
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
    """Clear what the tests have kept of earlier results."""
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
            text=True,
            check=False,
        )
        if done.returncode:
            named = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.M)
            mutant.killer = named[1] if named else "pytest does not start"
        return done.returncode == 0


# --- The result -----------------------------------------------------------------------------


def harmless() -> dict[str, str]:
    """Give the survivors that are known, each with the reason why it is harmless."""
    groups = tomllib.loads(HARMLESS.read_text(encoding="utf-8")).get("because", [])
    return {title: group["reason"] for group in groups for title in group["mutants"]}


def summary(tested: list[Mutant]) -> dict[str, Any]:
    """Count by module what was killed, and list what was not."""
    counted = [mutant for mutant in tested if mutant.outcome != "not Python"]
    modules: dict[str, dict[str, int]] = {}
    for mutant in counted:
        row = modules.setdefault(mutant.module, {"mutants": 0, "killed": 0})
        row["mutants"] += 1
        row["killed"] += mutant.outcome == "killed"
    return {
        "tool": f"Cosmic Ray {version('cosmic_ray')}",
        "mutants": len(counted),
        "killed": sum(row["killed"] for row in modules.values()),
        "modules": modules,
        "survivors": sorted(m.title for m in counted if m.outcome == "survived"),
    }


def survivors(found: list[Mutant]) -> list[Mutant]:
    """Keep the mutants that survived the last run of the whole package."""
    titles = set(json.loads(RESULT.read_text(encoding="utf-8"))["survivors"])
    places = {title.partition(": ")[0] for title in titles}
    return [
        mutant
        for mutant in found
        if (f"{mutant.module}.{mutant.function}".rstrip(".") in places) and mutant.title in titles
    ]


def merged(again: dict[str, Any]) -> dict[str, Any]:
    """Put what became of the last run's survivors into its result."""
    last: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))
    last["survivors"] = again["survivors"]
    left = Counter(re.split(r"[.:]", title)[0] for title in again["survivors"])
    for module, row in last["modules"].items():
        row["killed"] = row["mutants"] - left[module]
    last["killed"] = last["mutants"] - len(again["survivors"])
    return last


def main(arguments: list[str]) -> int:
    """Test all mutants, or those of some modules."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("module", nargs="*", help="such as steps; without any, the whole package")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at once")
    parser.add_argument("--survivors", action="store_true", help="only those of the last run")
    chosen = parser.parse_args(arguments)
    os.chdir(ROOT)
    SESSION.unlink(missing_ok=True)
    begin = time.monotonic()
    with use_db(str(SESSION)) as db:
        found = mutants(db, chosen.module)
        if chosen.survivors:
            found = survivors(found)
        runner = Runner(found, chosen.jobs)
        # Everything that is printed while mutants are tested is ours.
        status = pytest.main([*PYTEST, "-s"], plugins=[runner])
        if any(not mutant.outcome for mutant in runner.mutants):
            return int(status) or 1
        known = harmless()
        left = [
            m
            for m in runner.mutants
            if m.outcome == "survived"
            and (m.module, m.function) not in runner.touched
            and m.title not in known
        ]
        print(f"{len(left)} survivors run on import; each is tested again in a copy of the project")
        with ThreadPoolExecutor(chosen.jobs) as pool:
            for mutant, survives in zip(left, pool.map(survives_in_a_copy, left), strict=True):
                mutant.outcome = "survived" if survives else "killed"
        for mutant in runner.mutants:
            if mutant.outcome == "not Python":
                _skip(db, mutant.job, "not Python")
                continue
            survived = mutant.outcome == "survived"
            db.set_result(
                mutant.job,
                WorkResult(
                    worker_outcome=WorkerOutcome.NORMAL,
                    test_outcome=TestOutcome.SURVIVED if survived else TestOutcome.KILLED,
                    output=mutant.killer,
                ),
            )
    result = summary(runner.mutants)
    if chosen.survivors:
        result = merged(result)
    return report(result, time.monotonic() - begin, whole=not chosen.module)


def report(found: dict[str, Any], seconds: float, *, whole: bool) -> int:
    """Print the result, keep it if it is of the whole package, and say whether it will do."""
    known = harmless()
    new = [title for title in found["survivors"] if title not in known]
    for module, row in sorted(found["modules"].items()):
        print(f"{module:20} {row['killed']:5} of {row['mutants']:5} killed")
    share = found["killed"] / max(1, found["mutants"])
    print(f"{found['killed']} of {found['mutants']} mutants killed, {share:.2%}, {seconds:.0f} s")
    if whole:
        RESULT.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        gone = sorted(set(known) - set(found["survivors"]))
        if gone:
            print("No longer survivors, take them out of harmless.toml:", *gone, sep="\n  ")
    if new:
        print("Survivors without a reason in harmless.toml:", *new, sep="\n  ")
    return int(bool(new) or share < 0.95)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
