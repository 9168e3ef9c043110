"""The command `dlp` on a page: what it prints is what it prints when the site is built."""

from __future__ import annotations

import contextlib
import io
import json
import shlex

import dlp
from _guide import given, parts
from dlp.__main__ import main
from dlp._command_fit import VERDICTS

FILES = {
    "config.json": json.dumps(dlp.LLAMA_3_8B, indent=2),
    "adapter_config.json": json.dumps(given.shell_adapters, indent=2),
}
"""The files that lie where the commands of the page are run."""


def console(typed: str) -> str:
    """Run a command, and write it with what it prints, and the exit status of a verdict.

    Raises:
        ValueError: If it prints nothing, because it cannot read what it is given.
    """
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = main(words(typed), FILES)
    if not printed.getvalue():
        raise ValueError(f"{typed!r} prints nothing")
    command, text = f"```sh\n{typed}\n```\n", printed.getvalue()
    if words(typed)[0] != "fit":
        return f"{command}\n```text\n{text}```\n"
    table, _, verdict = text.partition("\n\n")
    said = f"```{{.text .said}}\n{verdict}```"
    return f"{command}\n```text\n{table}\n```\n\n{said}\n\nExit status: `{status}`.\n"


def words(typed: str) -> list[str]:
    """Split what is typed behind `dlp` as a shell does; a backslash joins the next line."""
    return shlex.split(typed.replace("\\\n", ""))[1:]


def file(name: str) -> str:
    """Write one of the files."""
    return f'```json title="{name}"\n{FILES[name]}\n```\n'


def from_the_site() -> str:
    """Write the line that runs the command from the wheel of the site, without installing it."""
    line = parts.install_command().replace("pip install", "uvx --from")
    return line.removesuffix("\n```") + f" \\\n    {given.shell_short}\n```"


def statuses() -> str:
    """Write the exit statuses."""
    when = (
        "a card surely gives what the process takes at most",
        "a card is sold with less than the process takes at least",
        "neither is certain, or the input cannot be read, which is then said on standard error",
    )
    rows = [
        (f"`{status}`", verdict, why)
        for status, (verdict, why) in enumerate(zip(VERDICTS, when, strict=True))
    ]
    return parts.table(("Exit status", "Verdict", "When"), rows)
