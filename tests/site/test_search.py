"""Evidence that a search leads where a reader wants to go: the theme's own, in a browser."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.formulas import api
from tests.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

TABLE = (ROOT / "tests" / "site" / "searches.toml").read_text("utf-8")
FIRST: dict[str, str] = tomllib.loads(TABLE)["first"]

# Asks the theme's search worker, as the page does for what is typed: the places found, best first.
ASK = """async (queries) => {
  const config = JSON.parse(document.getElementById("__config").textContent);
  const answer = await fetch(new URL(config.base + "/search/search_index.json", location));
  const worker = new Worker(new URL(config.search, location));
  const ask = (type, data) => new Promise((resolve) => {
    worker.addEventListener("message", (event) => resolve(event.data.data), { once: true });
    worker.postMessage({ type, data });
  });
  await ask(0, { ...(await answer.json()), options: { suggest: false } });
  const found = [];
  for (const query of queries) {
    found.push((await ask(2, query)).items.map((item) => item[0].location));
  }
  return found;
}"""


def missed(found: list[list[str]]) -> dict[str, str]:
    """Name the queries whose first result is another page than the table says, and that page."""
    first = dict(zip(FIRST, (next(iter(places), "none") for places in found), strict=True))
    return {
        query: place
        for query, place in first.items()
        if not re.fullmatch(FIRST[query], place.partition("#")[0].strip("/"))
    }


def test_fifty_searches_lead_to_the_right_page_first(tab: Page, host: str) -> None:
    tab.goto(host)
    assert len(FIRST) >= 50
    assert not missed(tab.evaluate(ASK, list(FIRST)))


def test_a_name_typed_whole_leads_to_its_entry_first(tab: Page, host: str) -> None:
    tab.goto(host)
    entries = {
        member.name: f"reference/{member.path.split('.')[1]}/#{path}"
        for path, member in api.public().items()
        if "_" in member.name
    }
    assert len(entries) > 100
    found = dict(zip(entries, tab.evaluate(ASK, list(entries)), strict=True))
    assert {name: next(iter(places), "") for name, places in found.items()} == entries


def test_every_number_can_be_searched(tab: Page, host: str) -> None:
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.goto(host)
    tab.evaluate(ASK, [str(number) for number in range(1000)])
    assert complaints == []


def test_a_minus_before_a_number_is_a_sign(tab: Page, host: str) -> None:
    tab.goto(host)
    tab.locator(".md-search__input").click()
    tab.keyboard.type("-100")
    tab.locator(".md-search-result__link").first.wait_for()
    first = tab.locator(".md-search-result__link").first.get_attribute("href") or ""
    assert "questions/training-objective/" in first
