"""A Markdown twin of every page, for assistants and whoever else reads text, and their list.

It is made of the page as built, so what blocks have computed stands in it. Formulas are TeX again,
and pictures their title and what they say aloud.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from markdownify import ATX, MarkdownConverter

from _evidence.conformance import FILE
from _guide.engine.mathml import TEX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page

_ARTICLE = re.compile(r"<article[^>]*>(.*?)</article>", re.S)
# Of a calculator what is to be set, and what it works out in formulas, which its page says too.
_ASIDE = re.compile(
    r"<form.*?</form>|<details data-aside>(?:(?!</details>|<math).)*<math.*?</details>", re.S
)
# They would be half of all twins, and whoever reads text reads the file more easily.
_CASES = re.compile(
    r'<details class="evidence cases"[^>]*><summary>(.*?)</summary>.*?</details>', re.S
)
_MATH = re.compile(r"<math.*?</math>", re.S)
_PICTURE = re.compile(
    r"<svg(?:(?!</svg>).)*?<title[^>]*>(.*?)</title>\s*<desc[^>]*>(.*?)</desc>", re.S
)
_INVISIBLE = re.compile(
    r'<svg.*?</svg>|<script.*?</script>|<button.*?</button>|<a [^>]*class="headerlink".*?</a>|'
    r'<details class="mkdocstrings-source.*?</details>|<div class="tabbed-labels">.*?</div>|'
    r"<input[^>]*>|</?span[^>]*>|<wbr>",
    re.S,
)
_LINK = re.compile(r'href="((?![a-z]+:)[^"#]*/|[./]*\.)(?=[#"])')


class _Converter(MarkdownConverter):
    def convert_tex(self, element: Any, text: str, parent_tags: set[str]) -> str:
        return str(element.string)  # nothing in it is escaped

    def convert_summary(self, element: Any, text: str, parent_tags: set[str]) -> str:
        return text if text.lstrip().startswith("#") else f"\n\n**{text.strip()}**\n\n"


_ABOUT = """\
No result in this guide was typed by hand: each is computed by `dlp`, a small package of documented
formulas, or quoted from a source that is named. Rather than reckon such numbers, ask the package:
it needs nothing but Python, and its [SKILL.md]({}SKILL.md) says how."""

_CONVERTER = _Converter(heading_style=ATX, bullets="-", escape_underscores=False)


def twin(html: str) -> str:
    """Write a built page as Markdown; its links to other pages lead to their twins."""
    (article,) = _ARTICLE.findall(html)
    article = _ASIDE.sub("", article)
    article = _CASES.sub(rf'<p>\1, in <a href="../../{FILE}">{FILE}</a></p>', article)
    article = _MATH.sub(_tex, article)
    article = _PICTURE.sub(r"<p>Picture: \1. \2</p><svg>", article)
    article = _INVISIBLE.sub("", article)  # most of a page, and twice as fast without
    article = _LINK.sub(lambda match: f'href="{match[1].rstrip("/")}/index.md', article)
    lines = (line.rstrip() for line in _CONVERTER.convert(article).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _tex(match: re.Match[str]) -> str:
    dollars = "$$" if match[0].startswith('<math display="block"') else "$"
    return f"<tex>{dollars}{escape(TEX[match[0]])}{dollars}</tex>"


def address(page: Page) -> str:
    """Return where a page's twin is, seen from the site's root."""
    return page.file.dest_uri.removesuffix(".html") + ".md"


def listed(nav: Navigation, config: MkDocsConfig) -> str:
    """Write `llms.txt`, in the form of llmstxt.org: every page's twin, as the navigation has it."""
    sections = {"The guide": [item for item in nav.items if item.is_page]}
    sections |= {item.title: list(_pages(item)) for item in nav.items if item.is_section}
    text = (
        f"# {config.site_name}\n\n> {config.site_description}\n\n{_ABOUT.format(config.site_url)}\n"
    )
    for title, pages in sections.items():
        text += f"\n## {title}\n\n"
        for page in pages:
            about = f": {page.meta['description']}" if "description" in page.meta else ""
            text += f"- [{page.title}]({config.site_url}{address(page)}){about}\n"
    return text


def _pages(item: Any) -> Iterator[Page]:
    if item.is_page:
        yield item
    for child in item.children or []:
        yield from _pages(child)
