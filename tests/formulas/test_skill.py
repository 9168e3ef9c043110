"""What the wheel tells an assistant: every example prints what it shows, every key is there."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from importlib import resources

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder

from dlp.__main__ import main
from dlp._command_fit import VERDICTS
from tests.paths import ROOT

SKILL = (resources.files("dlp") / "SKILL.md").read_text("utf-8")
SCHEMA = json.loads((resources.files("dlp") / "command.schema.json").read_text("utf-8"))
COMMANDS = re.findall(r"^```console\n\$ dlp (.*)\n((?:.*\n)*?)```$", SKILL, re.M)
FIT = next(typed for typed, _ in COMMANDS if typed.startswith("fit"))


def test_the_wheel_has_both() -> None:
    packed = {each.distribution_path for each in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert {"dlp/SKILL.md", "dlp/command.schema.json", "dlp/py.typed"} <= packed


def test_its_head_is_that_of_a_skill() -> None:
    head = yaml.safe_load(SKILL.split("---\n")[1])
    assert set(head) == {"name", "description"}
    assert head["name"] == "dlp"
    assert len(head["description"]) <= 1024
    assert len(SKILL.splitlines()) < 100


def test_there_is_an_example_of_every_command() -> None:
    named = [rule["$ref"].rpartition("/")[2] for rule in SCHEMA["oneOf"]]
    assert [typed.split()[0] for typed, _ in COMMANDS] == named
    assert len(COMMANDS) == SKILL.count("```console")


@pytest.mark.parametrize(("typed", "shown"), COMMANDS)
def test_a_command_prints_what_is_shown(
    typed: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(shlex.split(typed))
    printed = capsys.readouterr()
    assert not printed.err
    assert printed.out
    assert shown in ("", printed.out)


def test_a_fit_answers_with_the_keys_that_are_explained(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = main(shlex.split(FIT))
    found = json.loads(capsys.readouterr().out)
    rows = re.findall(r"^\| (`.*?) \|", SKILL, re.M)
    keys = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert keys >= {"verdict", "sentence", "peak", "moments", "fits_with"}
    assert keys <= set(found)
    assert found["verdict"] == VERDICTS[status]
    first, second, third = VERDICTS
    assert f"`{first}`, `{second}`, or `{third}`, with exit status 0, 1 and 2" in SKILL


def test_the_python_prints_what_is_shown() -> None:
    ((code, shown),) = re.findall(
        r"^```python\n(.*?)^```\n\n^```text\n(.*?)^```", SKILL, re.M | re.S
    )
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})  # noqa: S102 - our own example
    assert printed.getvalue() == shown
