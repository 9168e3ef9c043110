"""Firefox, driven by WebDriver BiDi over a socket: no driver of it is packaged everywhere.

Enough of the WebSocket protocol (RFC 6455) for one local peer that keeps to it.
"""

from __future__ import annotations

import itertools
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = ("firefox-esr", "firefox")
PATIENCE = 300
"""Seconds that a start or an answer may take on a busy machine."""

_LAST, _TEXT, _MASKED = 0x80, 0x1, 0x80
_TWO_BYTES, _EIGHT_BYTES = 126, 127


def program() -> str | None:
    """Return the program of an installed Firefox."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Tab:
    """A tab that opens addresses and evaluates expressions."""

    def __init__(self, port: int) -> None:
        """Open a session with the browser that listens there."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        key = "AAAAAAAAAAAAAAAAAAAAAA=="  # any will do: there is nobody in between
        self._socket.sendall(
            f"GET /session HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._stream = self._socket.makefile("rb")
        while self._stream.readline().strip():
            pass  # the answer's headers
        self._numbers = itertools.count(1)
        self._command("session.new", capabilities={})
        tree = self._command("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    def goto(self, address: str) -> None:
        """Open an address and wait until it has loaded."""
        self._command(
            "browsingContext.navigate", context=self._context, url=address, wait="complete"
        )

    def evaluate(self, expression: str) -> Any:
        """Evaluate an expression whose value JSON can carry."""
        done = self._command(
            "script.evaluate",
            expression=f"JSON.stringify({expression})",
            target={"context": self._context},
            awaitPromise=False,
        )
        if done["type"] != "success":
            raise RuntimeError(done["exceptionDetails"]["text"])
        return json.loads(done["result"]["value"])

    def close(self) -> None:
        """End the session, which leaves the browser to its owner."""
        self._stream.close()
        self._socket.close()

    def _command(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        self._send(json.dumps({"id": number, "method": method, "params": params}).encode())
        while True:
            answer = json.loads(self._receive())
            if answer.get("id") == number:
                if answer["type"] == "error":
                    raise RuntimeError(f"{method}: {answer['message']}")
                return answer["result"]

    def _send(self, data: bytes) -> None:
        length = len(data)
        if length < _TWO_BYTES:
            size = bytes([_MASKED | length])
        elif length < 1 << 16:
            size = bytes([_MASKED | _TWO_BYTES]) + length.to_bytes(2)
        else:
            size = bytes([_MASKED | _EIGHT_BYTES]) + length.to_bytes(8)
        mask = secrets.token_bytes(4)
        repeated = int.from_bytes((mask * (length // 4 + 1))[:length])
        masked = (int.from_bytes(data) ^ repeated).to_bytes(length)
        self._socket.sendall(bytes([_LAST | _TEXT]) + size + mask + masked)

    def _receive(self) -> bytes:
        data, last = b"", False
        while not last:
            first, second = self._stream.read(2)
            last, length = bool(first & _LAST), second & 0x7F
            if length >= _TWO_BYTES:
                length = int.from_bytes(self._stream.read(2 if length == _TWO_BYTES else 8))
            data += self._stream.read(length)
        return data


@contextmanager
def firefox(path: str) -> Iterator[Tab]:
    """Start a Firefox that knows nothing of its user, and give its tab."""
    with tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(  # noqa: S603 - the browser that is installed
            [path, "--headless", "--no-remote", "--remote-debugging-port=0", "--profile", profile],
            env=os.environ | {"HOME": profile, "MOZ_CRASHREPORTER_DISABLE": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            tab = Tab(_port(Path(profile) / "WebDriverBiDiServer.json", process))
            yield tab
            tab.close()
        finally:
            process.terminate()
            process.wait()


def _port(written: Path, process: subprocess.Popen[bytes]) -> int:
    """Wait for the file in which the browser says where it listens."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        if written.is_file() and (text := written.read_text("utf-8")):
            return int(json.loads(text)["ws_port"])
        time.sleep(0.1)
    raise RuntimeError("Firefox does not start")
