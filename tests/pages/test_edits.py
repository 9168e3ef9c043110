"""A served guide shows an edited formula without a restart: one process builds twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def test_a_second_build_in_one_process_shows_the_edited_formula(tmp_path: Path) -> None:
    lay(tmp_path, {"page": PAGE})
    done = run(tmp_path, "-c", BUILD_EDIT_BUILD)
    assert done.returncode == 0, done.stderr
    first, second, _ = done.stdout.split("=== built ===")
    assert ">5<" in first
    assert "in a block: 5" in first
    assert ">105<" in second
    assert "in a block: 105" in second
