"""A Content-Security-Policy on every page: nothing foreign is loaded, and nothing planted runs.

It stands in the page itself, because hosts such as GitHub Pages send no headers of ours, and it
holds in a folder that is opened without a host. It is computed from the page as built: what the
theme writes into a page (scripts, and the `style` of a table's cell) is allowed by its hash.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import unescape

_FIRST = '<meta charset="utf-8">'  # the policy holds for what comes after it
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.S)  # with a `src` or a type it is no program
_STYLE = re.compile(r'<\w[^<>]*?\sstyle="([^"]*)"')  # in text and code, `<` is always escaped


def with_policy(page: str) -> str:
    """Give a page its policy."""
    scripts = _hashes(_SCRIPT.findall(page))
    styles = _hashes([unescape(style) for style in _STYLE.findall(page)])
    policy = (
        "default-src 'self'; base-uri 'self'; object-src 'none'; img-src 'self' data:; "
        f"script-src 'self'{scripts}"
    )
    if styles:
        policy += f"; style-src 'self' 'unsafe-hashes'{styles}"
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return page.replace(_FIRST, f"{_FIRST}\n      {meta}", 1)


def _hashes(texts: list[str]) -> str:
    digests = (b64encode(sha256(text.encode()).digest()).decode() for text in dict.fromkeys(texts))
    return "".join(f" 'sha256-{digest}'" for digest in digests)
