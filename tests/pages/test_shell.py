"""The page of the command shows what a reader's own shell prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from _guide import given, shell
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TYPED = sorted(
    value for name, value in vars(given).items() if re.match(r"shell_(?!adapters)", name)
)


@pytest.mark.parametrize("typed", TYPED)
def test_a_shell_prints_what_the_page_shows(typed: str, tmp_path: Path) -> None:
    for name, text in shell.FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "dlp", *shell.words(typed)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert not done.stderr
    shown = shell.console(typed)
    assert shown.startswith(f"```sh\n{typed}\n```\n")
    printed = re.findall(r"^```(?:text|{.*})\n(.*?)```", shown, re.M | re.S)
    assert "\n".join(printed) == done.stdout
    status = re.findall(r"Exit status: `(\d)`", shown)
    assert status == [str(done.returncode)] * ("dlp fit" in typed)


def test_a_command_that_fails_is_not_shown() -> None:
    with pytest.raises(ValueError, match="prints nothing"):
        shell.console("dlp fit config.json")
