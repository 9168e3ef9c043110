"""Record `peak` in every release of Transformers that it is recorded in: `make traces`.

The newest is installed beside the tests. Each of the others is installed for the moment, with what
must be as old as it, in a folder that comes before the newest on the path.
"""

from __future__ import annotations

import os
import subprocess
import sys
from tempfile import TemporaryDirectory

from tests.paths import ROOT

RELEASES = {
    "4.44.2": ("peft==0.12.0", "tokenizers==0.19.1"),
    "4.46.3": ("peft==0.13.2", "tokenizers==0.20.3"),
    "4.48.3": ("peft==0.14.0", "tokenizers==0.21.4"),
    "4.51.3": ("peft==0.15.2", "tokenizers==0.21.4"),
    "4.53.3": ("peft==0.16.0", "tokenizers==0.21.4"),
    "4.55.4": ("peft==0.17.1", "tokenizers==0.21.4"),
    "4.57.1": ("peft==0.18.1", "tokenizers==0.22.1"),
}
"""The releases of Transformers before the installed one, and what goes with each."""

HUB = "huggingface-hub==0.36.0"


def record(*folders: str) -> None:
    """Record the topic with what lies in these folders."""
    path = os.pathsep.join([*folders, str(ROOT), str(ROOT / "docs")])
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.recorders.record", "peak"],
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        check=True,
    )


def main() -> None:
    """Record in the installed release, and in each of the others."""
    record()
    install = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    for release, others in RELEASES.items():
        with TemporaryDirectory() as folder:
            packages = [f"transformers=={release}", HUB, *others]
            subprocess.run(  # noqa: S603 - pip
                [*install, "--no-deps", "--target", folder, *packages], check=True
            )
            sys.stdout.write(f"Transformers {release}: ")
            sys.stdout.flush()
            record(folder)


if __name__ == "__main__":
    main()
