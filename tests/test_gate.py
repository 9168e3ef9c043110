"""The gate itself: what the commands run, what publishes, which versions are installed."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, version
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import settings

from tests import conftest
from tests.paths import ROOT
from tests.told import nothing

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
GROUPS = PROJECT["dependency-groups"]


READ = [f"requirements/{name}.txt" for name in GROUPS]
READ += [f"tests/recorders/{name}.txt" for name in ("torch", "requirements", "older", "liger")]


# --- The commands, run with a Python that only notes what it is asked --------------------------

NOTES = """#!/bin/sh
case "$LC_ALL" in *UTF-8) ;; *) exit 4;; esac
echo "$@" >> "$LOG"
for folder; do :; done
case "$@" in *"mkdocs build"*) mkdir -p -- "$folder" && echo new > "$folder/index.html";; esac
case "$@" in *"$FAILING"*) exit 3;; esac
case "$@" in *"$INTERRUPTED"*) kill -TERM 0; sleep 5;; esac
"""


def make(folder: Path, *words: str, **names: str) -> tuple[int, list[str], str]:
    """Run make where all is installed: give its status, what Python was asked, and what it said."""
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    shutil.copy(ROOT / "Makefile", folder)
    for file in ("pyproject.toml", *READ):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text(NOTES, "utf-8")
    python.chmod(0o755)
    log = folder / "log"
    log.write_text("", "utf-8")
    # What this run of make was given itself is not for the one that is tried.
    never = {"GUIDE_SITE_URL": "", "MAKEFLAGS": "", "ARGS": "", "NAME": ""}
    never |= {"FAILING": "never", "INTERRUPTED": "never"}
    done = subprocess.run(  # noqa: S603 - our own Makefile
        [str(shutil.which("make")), *words],
        cwd=folder,
        env=os.environ | never | {"LOG": str(log), "LC_ALL": "C"} | names,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # the signal reaches the whole group, as from a keyboard
    )
    return done.returncode, log.read_text("utf-8").splitlines(), done.stdout + done.stderr


@pytest.mark.parametrize("check", ["ruff check", "ruff format --check", "mypy", "pytest", ""])
def test_make_test_runs_every_check_and_fails_with_each(check: str, tmp_path: Path) -> None:
    status, asked, said = make(tmp_path, "test", FAILING=f"-m {check}" if check else "never")
    assert bool(status) == bool(check), f"make test must fail with {check}, and with nothing else"
    assert any(line.startswith(f"-m {check}") for line in asked), f"make test runs no {check}"
    assert check or asked[-1] == "-m pytest --numprocesses auto --dist loadfile tests dlp"
    assert "minute" in said


def test_ci_runs_the_same_command_and_lets_nothing_be_skipped() -> None:
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    begun = {line.partition(" #")[0] for line in lines}
    assert {"set -euo pipefail", "export GUIDE_REQUIRE_TOOLS=1"} <= begun, ".ci/run lost a setting"
    assert lines[-2:] == ["make tools", "make test"], ".ci/run must end with these two commands"


def test_the_commands_install_nothing_without_a_hash_but_torch(tmp_path: Path) -> None:
    _, asked, _ = make(tmp_path, "tools", "lock")
    asked += make(tmp_path, "mutants")[1]
    installed = [line for line in asked if " install " in line and "--editable ." not in line]
    assert {line.partition(" -r ")[2] for line in installed} == set(READ)
    unhashed = [line for line in installed if "--require-hashes" not in line]
    assert [line.partition(" -r ")[2] for line in unhashed] == ["tests/recorders/torch.txt"]


def test_a_site_is_swapped_in_when_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("old\n", "utf-8")
    for trouble in ({"FAILING": "mkdocs build --strict"}, {"INTERRUPTED": "mkdocs build"}):
        status, _, _ = make(tmp_path, "site", **trouble)
        assert status
        assert (tmp_path / "site" / "index.html").read_text("utf-8") == "old\n"
    status, _, said = make(tmp_path, "site")
    assert status == 0
    assert (tmp_path / "site" / "index.html").read_text("utf-8") == "new\n"
    assert not [*tmp_path.glob(".site*")]
    assert "set GUIDE_SITE_URL" in said
    assert "GUIDE_SITE_URL" not in make(tmp_path, "site", GUIDE_SITE_URL="https://a.example/")[2]


def test_a_name_of_a_page_never_reaches_the_shell(tmp_path: Path) -> None:
    status, asked, _ = make(tmp_path, "page", "NAME=it's'; touch planted; '")
    assert (status, asked[-1]) == (0, "-m _guide.engine.new_page")
    assert not (tmp_path / "planted").exists()


# --- What publishes ---------------------------------------------------------------------------

WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text("utf-8"))
    for path in (ROOT / ".github" / "workflows").glob("*.yml")
}
JOBS = {f"{flow}/{name}": job for flow, it in WORKFLOWS.items() for name, job in it["jobs"].items()}


def test_what_is_published_has_passed_every_check() -> None:
    calls = {name: job.get("uses") for name, job in JOBS.items()}
    assert calls["pages/checks"] == "./.github/workflows/checks.yml"
    for job, needed in (("build", "checks"), ("deploy", "build")):
        assert JOBS[f"pages/{job}"].get("needs") == needed, (
            f"pages.yml: {job} must wait for {needed}"
        )
    steps = [step for job in JOBS.values() for step in job.get("steps", [])]
    for each in [*JOBS.values(), *steps]:
        assert not {"if", "continue-on-error"} & set(each), each
    ran = sorted(step["run"] for step in steps if "run" in step)
    assert ran == [".ci/run", "make site", "make test"]


@pytest.mark.parametrize("name", JOBS)
def test_a_job_may_only_what_it_must(name: str) -> None:
    job = JOBS[name]
    deploys = {"pages": "write", "id-token": "write"}
    assert job["permissions"] == (deploys if name == "pages/deploy" else {"contents": "read"})
    for step in [job, *job.get("steps", [])]:
        used = step.get("uses", "./")
        assert re.fullmatch(r"\./.*|[\w./-]+@[0-9a-f]{40}", used), f"{used}: pin it by its commit"
        assert "${{" not in step.get("run", ""), "hand values to a command in its environment"
        assert not used.startswith("actions/checkout") or not step["with"]["persist-credentials"]
    assert "uses" in job or job["timeout-minutes"] <= 60


def test_workflows_begin_with_no_rights_and_run_on_nothing_else() -> None:
    for flow, read in WORKFLOWS.items():
        assert read["permissions"] == {}, f"{flow}.yml: begin with `permissions: {{}}`"
        # YAML reads the key `on` as true.
        assert set(read[True]) <= {"push", "pull_request", "workflow_call", "workflow_dispatch"}


# --- Versions ---------------------------------------------------------------------------------


def pins(lines: list[Any]) -> dict[str, str]:
    """Read the exact versions of a list of requirements."""
    found = (re.match(r"([\w.-]+)==([\w.]+)", line) for line in lines if isinstance(line, str))
    return {match[1].lower(): match[2] for match in found if match}


LOCKED = {
    path.stem: pins(path.read_text("utf-8").splitlines())
    for path in (ROOT / "requirements").glob("*.txt")
}


@pytest.mark.parametrize("group", GROUPS)
def test_the_pins_are_those_that_are_locked_and_installed(group: str) -> None:
    wanted = pins(GROUPS[group])
    nothing(
        f"{name}: pyproject.toml pins {release}, requirements/{group}.txt {LOCKED[group].get(name)}"
        for name, release in wanted.items()
        if LOCKED[group].get(name) != release
    )
    built = pins(PROJECT["build-system"]["requires"])
    assert built.items() <= LOCKED["site"].items()
    if group in {"site", "checks"}:
        assert {name: version(name) for name in wanted} == wanted, "run make, which installs them"


def test_the_locks_agree_with_each_other() -> None:
    for group, locked in LOCKED.items():
        text = (ROOT / "requirements" / f"{group}.txt").read_text("utf-8")
        hashed = re.findall(r"^([\w.-]+)==.*\\\n    --hash=sha256:", text, re.M)
        assert {name.lower() for name in hashed} == set(locked), f"{group}.txt: run `make lock`"
        assert LOCKED["checks"] | locked == locked | LOCKED["checks"], "run `make lock`"


def test_the_type_checker_misses_nothing_before_the_tools_are_installed() -> None:
    """It would fail there for a package that it finds nowhere; only tests import such."""
    names: set[str] = set()
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {each.name.partition(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(str(node.module).partition(".")[0])
    ours = {"dlp", "tests", "_evidence", "_guide"}
    brought = packages_distributions()
    left_out = [
        name.removesuffix(".*")
        for override in PROJECT["tool"]["mypy"]["overrides"]
        if override.get("ignore_missing_imports")
        for name in override["module"]
    ]
    nothing(
        f"{name}: name it in pyproject.toml among what mypy may miss"
        for name in sorted(names - sys.stdlib_module_names - ours - set(left_out))
        if not LOCKED["checks"].keys()
        & {re.sub("[_.]", "-", each).lower() for each in brought.get(name, ())}
    )


# --- The tests --------------------------------------------------------------------------------


def test_properties_are_tried_on_enough_examples() -> None:
    assert settings.get_profile("thorough").max_examples >= 100
    assert settings.get_profile("guide").max_examples >= 5
    usual = "thorough" if os.environ.get("GUIDE_REQUIRE_TOOLS") == "1" else "guide"
    assert settings.default == settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", usual))


FLOOR = 7_500
"""How many tests a whole run has at least: raise it now and then, lower it with a reason alone, as
when the numbers of others, one test each, became one test a file."""


def test_there_are_as_many_tests_as_there_were(request: pytest.FixtureRequest) -> None:
    config = request.config
    chosen = config.option.keyword or config.option.markexpr or config.option.deselect
    if config.args == config.getini("testpaths") and not chosen:
        assert len(request.session.items) >= FLOOR, "tests are gone: which, and why?"
    assert conftest.collect_ignore == ["recorders", "mutants"]
    options = PROJECT["tool"]["pytest"]["ini_options"]
    assert options["testpaths"] == ["tests", "dlp"]
    assert (options["filterwarnings"], options["xfail_strict"]) == (["error"], True)
