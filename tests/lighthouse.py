"""The scores that Lighthouse gives each kind of page on a phone, for `make bench`."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from statistics import median

from tests.site.served import browser_program, served

KINDS = (
    "",
    "questions/memory-to-load/",
    "practice/memory-to-load/",
    "will-it-fit/",
    "reference/compute/",
    "evidence/memory/",
    "corrections/",
)
ROUNDS = 3


class _Host(SimpleHTTPRequestHandler):
    """Answers as a static host does: compressed, and to be kept for a while."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Write nothing."""

    def do_GET(self) -> None:
        """Send a file of the site."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return
        body = path.read_bytes()
        self.send_response(200)
        if path.suffix not in {".woff2", ".png"}:
            body = gzip.compress(body, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Cache-Control", "max-age=600")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def scores(site: Path) -> None:
    """Print the medians of the four scores for each kind of page.

    They are told and not judged: that of speed depends on what else the machine does.
    """
    program, browser = shutil.which("lighthouse"), browser_program()
    command = [program] if program else ["npx", "--yes", "lighthouse@12"]
    if browser is None or not (program or shutil.which("npx")):
        print("\nLighthouse is not run: neither it nor npx is on the path, or no browser is")
        return
    print("\nLighthouse on a phone, medians of", ROUNDS)
    flags = ["--quiet", "--output=json", "--chrome-flags=--headless --no-sandbox --disable-gpu"]
    with served(site, _Host) as host:
        for page in KINDS:
            found: dict[str, list[float]] = {}
            for _ in range(ROUNDS):
                done = subprocess.run(  # noqa: S603 - our own pages
                    [*command, host + page, *flags],
                    env=os.environ | {"CHROME_PATH": browser},
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode:
                    print(f"  it fails: {done.stderr.strip()[-200:]}")
                    return
                for name, category in json.loads(done.stdout)["categories"].items():
                    found.setdefault(name, []).append(100 * (category["score"] or 0))
            told = ", ".join(f"{name} {median(each):.0f}" for name, each in found.items())
            print(f"  {told}: {page or 'Home'}", flush=True)
