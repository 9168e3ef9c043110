"""The whole site as one file to download, which works from a disk, search included.

There is no server that knows that a folder means its `index.html`, no browser lets a page read the
index of the search, and none starts its worker. So links name files, the index is a script, and
`offline.js` stands in for the worker, and for links that scripts make.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "dlp-study-guide.zip"

_LEFT_OUT = re.compile(r"404\.html|sitemap\.xml.*|assets/cards/.*|" + re.escape(NAME))
_LINK = re.compile(r'(?<=href=")(?![a-z]+:)([^"#?]*/|[./]*\.)(?=["#])')
_USELESS = re.compile(
    rf'<a [^>]*href="[./]*{re.escape(NAME)}".*?</a>|<link rel="preload"[^>]*>', re.S
)
_SCRIPT = (Path(__file__).parent / "offline.js").read_text("utf-8")


def write(site: Path) -> None:
    """Write the file into the site: the same bytes for the same site."""
    folder = NAME.removesuffix(".zip")
    with ZipFile(site / NAME, "w", ZIP_DEFLATED) as archive:
        for name, content in _files(site):
            entry = ZipInfo(f"{folder}/{name}")  # of 1980, as every entry
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, ZIP_DEFLATED)


def _files(site: Path) -> Iterator[tuple[str, str | bytes]]:
    yield "assets/offline.js", _SCRIPT
    for path in sorted(site.rglob("*")):
        name = path.relative_to(site).as_posix()
        if path.is_dir() or _LEFT_OUT.fullmatch(name):
            continue
        if path.suffix == ".html":
            yield name, page(path.read_text("utf-8"), depth=name.count("/"))
        elif name == "search/search_index.json":
            # As the script that the theme looks for on a disk.
            yield "search/search_index.js", f"var __index = {path.read_text('utf-8')}"
        else:
            yield name, path.read_bytes()


def page(html: str, depth: int) -> str:
    """Let the links of a page name files, and its search start."""
    html = _USELESS.sub("", html)
    html = _LINK.sub(lambda match: f"{match[1].rstrip('/')}/index.html", html)
    script = f'<script src="{"../" * depth}assets/offline.js"></script>'
    return html.replace("</head>", f"{script}</head>", 1)
