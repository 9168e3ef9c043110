"""The card that a link shows where it is shared, and the icon on a phone: PNG, drawn at build.

A card has what a page says before its fold: title, topic and description, so it tells no answer.
"""

from __future__ import annotations

import re
import textwrap
from html import escape, unescape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from resvg_py import svg_to_bytes

if TYPE_CHECKING:
    from mkdocs.structure.pages import Page

DOCS = Path(__file__).parents[2]
ICON = "assets/apple-touch-icon.png"

# Besides the questions; a link to any other page shows the card of Home.
_OWN = ("index", "will-it-fit", "cheat-sheet", "corrections", "practice/index", "evidence/index")
_TITLE = re.compile(r'<h1[^>]*>(.*?)(?=<a class="headerlink"|</h1>)', re.S)
_TOPIC = re.compile(r'<p class="topic">(.*?)</p>')


def has_own(page: Page) -> bool:
    """Say whether a page has a card of its own."""
    return page.file.src_uri[:-3] in _OWN or page.file.src_uri.startswith("questions/")


def address(page: Page) -> str:
    """Return where the card of a page is, seen from the site's root."""
    name = page.file.src_uri[:-3].replace("/", "-") if has_own(page) else "index"
    return f"assets/cards/{name}.png"


def card(html: str, page: Page, site: str) -> str:
    """Draw the card of a built page, as SVG. A question speaks for itself."""
    begins = html.partition("<h2")[0]  # a topic further down is not that of the page
    title, topic = (_words(pattern, begins) for pattern in (_TITLE, _TOPIC))
    about = "" if topic else page.meta.get("description", "")
    lines, y = [], 160
    # As many letters as fit a line: tests/site/test_cards.py measures them.
    for text, letters, size, colour in ((title, 33, 64, "#1b1f27"), (about, 70, 31, "#4a505c")):
        for line in textwrap.wrap(text, letters, break_on_hyphens=False):
            y += round(size * 1.15)
            style = f'x="80" y="{y}" font-size="{size}" fill="{colour}"'
            lines.append(f"<text {style}>{escape(line)}</text>")
        y += 24
    template = Template((Path(__file__).parent / "card.svg").read_text("utf-8"))
    return template.substitute(site=escape(site), topic=escape(topic), lines="".join(lines))


def _words(pattern: re.Pattern[str], html: str) -> str:
    found = pattern.search(html)
    return unescape(re.sub(r"<[^>]+>", "", found[1])) if found else ""


def drawn(svg: str, width: int) -> bytes:
    """Turn a drawing into pixels, with a font of ours: the same on every machine."""
    font = str(DOCS / "assets" / "fonts" / "stix-two-text-semibold.ttf")
    png = svg_to_bytes(svg_string=svg, width=width, skip_system_fonts=True, font_files=[font])
    return bytes(png)


def icon() -> bytes:
    """Draw the icon that a phone shows for the site: the other one, to its edges."""
    favicon = (DOCS / "assets" / "favicon.svg").read_text("utf-8")
    return drawn(favicon.replace(' rx="6"', ""), 180)  # a phone rounds the corners itself
