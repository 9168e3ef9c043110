"""A served guide shows what was edited, without a restart and without leaving a reader waiting."""

from __future__ import annotations

import os
from html import escape
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

import pytest
from mkdocs.livereload import LiveReloadServer

from _guide.engine import hook
from tests.pages.copies import lay, run

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """\
# A page

In a sentence: `#!calc count(lora_parameters(r=1, in_features=2, out_features=3))`.

```python exec="on" result="text"
from dlp import lora_parameters

print("in a block:", lora_parameters(r=1, in_features=2, out_features=3))
```
"""

# What `mkdocs serve` does at each save: read the settings again, and build in the same process.
BUILD_EDIT_BUILD = """\
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config

formula = Path("dlp/adapters.py")
for returned in ("return r * (", "return 100 + r * ("):
    formula.write_text(formula.read_text().replace("return r * (", returned))
    build(load_config("mkdocs.yml"))
    print(Path("site/page/index.html").read_text())
    print("=== built ===")
"""


@pytest.mark.slow
def test_a_second_build_in_one_process_shows_the_edited_formula(tmp_path: Path) -> None:
    lay(tmp_path, {"page": PAGE})
    done = run(tmp_path, "-c", BUILD_EDIT_BUILD)
    assert done.returncode == 0, done.stderr
    first, second, _ = done.stdout.split("=== built ===")
    assert ">5<" in first
    assert "in a block: 5" in first
    assert ">105<" in second
    assert "in a block: 105" in second


def test_a_served_guide_answers_while_its_build_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "hook.py").touch()
    monkeypatch.setattr(hook, "__file__", str(tmp_path / "hook.py"))
    troubles: list[BaseException] = []

    def build() -> None:
        if troubles:
            raise troubles[0]

    def guide(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"the guide"]

    def asked() -> str:
        environ: dict[str, Any] = {}
        setup_testing_defaults(environ)
        statuses: list[str] = []
        app: Any = server.get_app()
        page = app(environ, lambda status, _: statuses.append(status))
        return statuses[0][:3] + b"".join(page).decode()

    with LiveReloadServer(build, "127.0.0.1", 0, str(tmp_path)) as server:
        monkeypatch.setattr(server, "serve_request", guide)
        hook.on_serve(server)
        server.builder()
        assert asked() == "200the guide"
        for trouble in (ValueError("num_layers < 1"), SystemExit("Aborted with a BuildError!")):
            troubles[:] = [trouble]
            server.builder()  # what it raised would keep every reader waiting
            assert asked().startswith("500<!doctype html>")
            assert escape(str(trouble)) in asked()
        assert "start it again" not in caplog.text
        troubles.clear()
        os.utime(tmp_path / "hook.py", (0, 0))
        server.builder()
        assert asked() == "200the guide"
        assert "start it again" in caplog.text
