"""Where a link is shared its page shows a card, which says what it asks and tells no answer."""

from __future__ import annotations

import re
import struct
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from mkdocs.config import load_config

from _guide.engine import cards, hook
from _guide.questions import QUESTIONS
from tests.pages import answers
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.site.conftest import Site

OTHERS = {"index.md", "will-it-fit.md", "cheat-sheet.md", "corrections.md"}
WITH_CARD = sorted(OTHERS | {"practice/index.md", "evidence/index.md"})
WITH_CARD += [question.page for question in QUESTIONS]
_META = re.compile(r'<meta (?:property|name)="(og:\w+|twitter:\w+)" content="([^"]*)">')


def page_of(source: str, built: Site) -> Any:
    """Give what a card takes of a page, and the page."""
    name = f"{source.removesuffix('.md').removesuffix('index')}/index.html".replace("//", "/")
    html = built.files[name.lstrip("/")].read_text("utf-8")
    (about,) = re.findall(r'<meta name="description" content="([^"]*)">', html)
    page = SimpleNamespace(file=SimpleNamespace(src_uri=source), meta={"description": about})
    return page, html


def size(png: Path) -> tuple[int, ...]:
    """Read the width and height of a picture."""
    head = png.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


def test_every_question_and_what_is_shared_most_has_a_card(built: Site) -> None:
    names = {name for name in built.files if name.startswith("assets/cards/")}
    assert names == {f"assets/cards/{source[:-3].replace('/', '-')}.png" for source in WITH_CARD}
    for name in names:
        assert size(built.files[name]) == (1200, 630)
        assert built.files[name].stat().st_size < 60_000
    assert len({built.files[name].read_bytes() for name in names}) == len(names)
    assert size(built.files[cards.ICON]) == (180, 180)
    assert 'rel="apple-touch-icon"' in built.files["404.html"].read_text("utf-8")


@pytest.mark.parametrize("source", WITH_CARD)
def test_a_card_says_the_pages_title_and_no_answer(source: str, built: Site) -> None:
    page, html = page_of(source, built)
    said = " ".join(re.findall(r"<text[^>]*>([^<]*)", cards.card(html, page, "DLP study guide")))
    title = answers.text(html.partition("<h1")[2].partition(">")[2].partition("<a class")[0])
    assert title in answers.text(said)
    assert "DLP study guide" in said
    assert not [figure for figure in answers.FIGURES if figure in said]


def test_a_topic_below_a_heading_is_not_that_of_the_card(built: Site) -> None:
    page, html = page_of("corrections.md", built)
    assert '<p class="topic">' in html
    said = re.findall(r"<text[^>]*>([^<]*)", cards.card(html, page, "Guide"))
    about = " ".join(said).replace("\n", " ")
    assert page.meta["description"].split()[0] in about
    assert "slip" not in said[1].lower()


def test_no_page_names_a_card_at_a_local_address(built: Site) -> None:
    for name in built.documents:
        found = dict(_META.findall(built.files[name].read_text("utf-8")))
        assert set(found) == {"og:title", "og:description"}, name
        assert all(found.values()), name


@pytest.mark.parametrize(
    ("source", "card"),
    [("questions/lora-rank.md", "questions-lora-rank"), ("reference/steps.md", "index")],
)
def test_a_page_names_its_card_where_the_address_is_known(source: str, card: str) -> None:
    config = load_config(str(ROOT / "mkdocs.yml"), site_url="https://a.example/guide/")
    page: Any = SimpleNamespace(
        file=SimpleNamespace(src_uri=source),
        meta={"description": "About"},
        title="Title",
        url="questions/lora-rank/",
    )
    context = {"page": page, "config": config, "base_url": "../.."}
    hook.on_page_context(context, page=page, config=config)
    head, template = "", config.theme.get_env().get_template("main.html").generate(context)
    while "<title>" not in head:
        head += next(template)
    assert dict(_META.findall(head)) == {
        "og:title": "Title",
        "og:description": "About",
        "og:image": f"https://a.example/guide/assets/cards/{card}.png",
        "twitter:card": "summary_large_image",
    }


@pytest.mark.browser
def test_the_words_of_a_card_fit(tab: Page, built: Site, host: str) -> None:
    font = (cards.DOCS / "assets" / "fonts" / "stix-two-text-semibold.ttf").read_bytes()
    tab.route("**/font.ttf", lambda route: route.fulfill(body=font))
    tab.goto(host + "404.html")
    tab.evaluate(
        "async () => { const face = new FontFace('STIX Two Text', 'url(/font.ttf)', {weight: 600});"
        " document.fonts.add(await face.load()) }"
    )
    for source in WITH_CARD:
        page, html = page_of(source, built)
        tab.evaluate("(svg) => { document.body.innerHTML = svg }", cards.card(html, page, "Guide"))
        boxes = tab.evaluate(
            "[...document.querySelectorAll('text')].map((text) => text.getBBox())"
            ".map(({x, y, width, height}) => [x, x + width, y + height])"
        )
        assert len(boxes) >= 3, source
        assert max(right for _, right, _ in boxes) < 1122, source
        assert max(bottom for _, _, bottom in boxes) < 440, source
