"""A folder on a local address, the browser that is installed, and what a page must fit."""

from __future__ import annotations

import atexit
import shutil
import threading
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.told import lacking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

PHONE = {"width": 390, "height": 844}
ZOOMED = {"width": 640, "height": 450}  # a laptop's window at 200 %

# What an element that scrolls sideways may hold, everything else must fit.
TOO_WIDE = """() => {
  const scrolls = (e) =>
    e !== document.body &&
    (["auto", "scroll"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  return [...document.body.querySelectorAll("*")]
    .filter((element) => element.checkVisibility())
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
    .filter((element) => !scrolls(element.parentElement))
    .map((element) => element.outerHTML.slice(0, 120));
}"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Write nothing."""


@contextmanager
def served(folder: Path, host: type[SimpleHTTPRequestHandler] = _Quiet) -> Iterator[str]:
    """Serve a folder, and give its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(host, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def browser_program() -> str | None:
    """Return the program of an installed browser."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@cache
def driver() -> Playwright:
    """Start the driver of browsers, once: it cannot run twice in a process."""
    from playwright.sync_api import sync_playwright

    started = sync_playwright().start()
    atexit.register(started.stop)
    return started


@contextmanager
def started_browser() -> Iterator[Browser]:
    """Start the installed Chromium; without it, or its driver, the test is skipped."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        lacking("playwright is not installed: `make tools` installs the driver of Chromium")
    if (program := browser_program()) is None:
        lacking(f"none of {', '.join(BROWSERS)} is on the path: install it by the system's tools")
    browser = driver().chromium.launch(executable_path=program, args=["--disable-gpu"])
    yield browser
    browser.close()
