"""Evidence that the guide tells no answer before a fold is opened, and keeps telling what it must.

A browser looks for the answers' figures in all that can be seen of a page, in its title and
description, and in what a search shows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.pages import answers
from tests.paths import DOCS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

QUESTIONS = [f"questions/{name}/" for name in answers.KEY]
# As an answer begins; in code a value stands behind "=" or in a list.
VERDICTS = r"(?<![=(,] )(?<!=)\b(?:True|False)(?=[:,] )"

# What a search shows, all that belongs to a page unfolded; the reference alone writes True in code.
RESULTS = """all => all
  .filter((item) => !item.querySelector("a").href.includes("/reference/"))
  .map((item) => {
    item.querySelectorAll("details").forEach((more) => { more.open = true });
    return item.innerText;
  })"""


def told(text: str) -> list[str]:
    """List the answers' figures in a text, and verdicts."""
    plain = re.sub(r"\s+", " ", text)
    figures = {figure for each in answers.FIGURES for figure in (each, each.replace(",", ""))}
    alone = r"(?<![\d,.=]){}(?![.,]?\d)"
    found = [each for each in sorted(figures) if re.search(alone.format(each), plain)]
    return found + re.findall(VERDICTS, plain)


def test_an_answer_is_seen() -> None:
    assert told("It takes 15,625\nupdates.") == ["15,625"]
    assert told("28\N{NO-BREAK SPACE}GB") == ["28 GB"]
    assert told("28 GB, or less") == ["28 GB"]
    assert told("True: 112 GB") == ["112 GB", "True"]
    assert not told("f(bias=True, n=1) is True or false? 15,625,000 of 228 GB")


@pytest.mark.parametrize("address", ["", *QUESTIONS])
def test_no_answer_is_told_before_a_fold_is_opened(address: str, tab: Page, host: str) -> None:
    tab.goto(host + address)
    description = tab.locator("meta[name=description]").get_attribute("content")
    seen = [tab.title(), description or "", tab.locator("body").inner_text()]
    assert not told("\n".join(seen))
    assert tab.locator("article details[open]").count() == 0


@pytest.mark.parametrize("name", answers.KEY)
def test_one_fold_has_the_answer_and_all_that_follows(
    name: str, chromium: Browser, host: str
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{host}questions/{name}/")
    shown = tab.locator("article h2")
    assert shown.all_inner_texts() == ["Answer"] + [""] * (shown.count() - 1)
    tab.locator("article summary").first.click()
    (right, _), *_ = answers.KEY[name]
    assert right in re.sub(r"\s+", " ", tab.locator(".answer").inner_text())
    assert tab.locator("article details[open]").count() == 1
    assert all(shown.all_inner_texts())
    context.close()


def tags_of(name: str) -> list[str]:
    """List the tags of a question's page, by which a search finds all of it."""
    text = (DOCS / "questions" / f"{name}.md").read_text("utf-8")
    (listed,) = re.findall(r"^tags: \[(.+)\]$", text, re.M)
    return str(listed).split(", ")


@pytest.mark.parametrize("name", answers.KEY)
def test_no_answer_is_told_by_a_search(name: str, tab: Page, host: str) -> None:
    tab.goto(f"{host}questions/{name}/")
    question = tab.locator("article .asked").inner_text()
    title = tab.locator("article h1").inner_text().rstrip("¶")
    for words in (title, question, "epochs", *tags_of(name)):
        tab.locator(".md-search__input").fill(words)
        tab.locator(".md-search-result__link").first.wait_for()
        tab.wait_for_timeout(200)  # for the results that come after the first
        shown = tab.locator(".md-search-result__item").evaluate_all(RESULTS)
        assert shown
        assert not [each for each in shown if told(each)], words


def test_a_number_is_found_and_not_shown(tab: Page, host: str) -> None:
    tab.goto(host)
    tab.locator(".md-search__input").fill("15,625")
    first = tab.locator(".md-search-result__item").first
    first.wait_for()
    assert "iterations-per-epoch" in (first.locator("a").first.get_attribute("href") or "")
    assert not told(first.inner_text())


def test_a_link_into_the_fold_opens_it(tab: Page, host: str) -> None:
    tab.goto(f"{host}{QUESTIONS[0]}#why")
    assert tab.locator("#why").is_visible()
    tab.goto(f"{host}{QUESTIONS[1]}")
    tab.locator(".md-sidebar--secondary a[href='#evidence']").click()
    assert tab.locator("#evidence").is_visible()
    assert tab.locator(".checks").is_visible()
