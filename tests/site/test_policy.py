"""Each page carries a policy that lets nothing foreign in, and that nothing of ours breaks.

That no page breaks it by being opened, in light and in dark, is told by test_browser.py, and that
none does in the whole way of practice by tests/browser/test_practice.py: both allow no complaint in
the browser's console, where what is refused is told.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from _guide.engine.policy import with_policy
from tests.told import nothing

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page

    from tests.site.conftest import Site

_META = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')


def policy_of(page: str) -> dict[str, list[str]]:
    """Read a page's policy: what each kind may come from."""
    (policy,) = _META.findall(page)
    return {words[0]: words[1:] for words in map(str.split, policy.split(";"))}


def test_every_page_lets_in_what_is_its_own_alone(built: Site) -> None:
    for name in built.documents:
        page = built.files[name].read_text("utf-8")
        policy = policy_of(page)
        assert policy.pop("img-src") == ["'self'", "data:"], name  # icons of the style sheets
        hashes = {each for allowed in policy.values() for each in allowed if "sha256-" in each}
        allowed = {kind: set(each) - hashes for kind, each in policy.items()}
        styles = allowed.pop("style-src", {"'self'"})
        assert styles <= {"'self'", "'unsafe-hashes'"}, name
        assert allowed == {
            "default-src": {"'self'"},
            "base-uri": {"'self'"},
            "object-src": {"'none'"},
            "script-src": {"'self'"},
        }, name
        assert _META.search(page, 0, page.index("<link")), f"{name}: the policy comes too late"


def test_every_page_allows_each_of_its_scripts_and_styles_and_no_other(built: Site) -> None:
    def digest(text: str) -> str:
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    for name, document in built.documents.items():
        policy = policy_of(built.files[name].read_text("utf-8"))
        programs = [script for script in document.scripts if not script.startswith("{")]
        wanted = {"script-src": programs, "style-src": document.styles}
        for kind, texts in wanted.items():
            hashes = {each for each in policy.get(kind, []) if "sha256-" in each}
            assert hashes == {digest(text) for text in texts}, (name, kind)


def test_a_hash_is_that_of_what_the_browser_reads() -> None:
    page = with_policy('<meta charset="utf-8"><p style="a: &quot;b&quot;">&lt;p style="c"></p>')
    digest = b64encode(sha256(b'a: "b"').digest()).decode()
    assert f"style-src 'self' 'unsafe-hashes' 'sha256-{digest}'\"" in page


# --- In a browser ---------------------------------------------------------------------------

NOTE = """
window.refused = [];
addEventListener("securitypolicyviolation", (event) => {
  refused.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
});
"""


def refused(tab: Page) -> list[str]:
    """Give what the policy has refused on this page."""
    found: list[str] = tab.evaluate("window.refused")
    return found


@pytest.fixture
def noting(tab: Page) -> Page:
    tab.add_init_script(NOTE)
    return tab


@pytest.mark.browser
def test_nothing_that_a_reader_does_breaks_the_policy(noting: Page, host: str) -> None:
    noting.goto(host + "questions/lora-rank/")
    noting.locator("[data-practice=own] button:text-is('True')").click()
    noting.locator(".answering > input").fill("12")
    noting.keyboard.press("Enter")
    noting.locator(".verdict:not(:empty)").wait_for()
    for _ in range(3):
        noting.locator("label[for^=__palette]:visible").click()  # light, dark, the system's
    noting.locator("article summary").first.click()
    noting.locator("article abbr").locator("visible=true").first.hover()
    noting.locator(".md-tooltip2--active").wait_for()
    noting.locator(".tabbed-labels > label").last.click()
    noting.locator("article pre").locator("visible=true").first.scroll_into_view_if_needed()
    noting.locator(".md-clipboard, .md-code__button").locator("visible=true").first.click()
    noting.locator(".md-search__input").click()
    noting.keyboard.type("adapter")
    noting.locator(".md-search-result__link").first.wait_for()
    nothing(refused(noting))


@pytest.mark.browser
@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ("<script>window.planted = 1</script>", "script-src-elem: inline"),
        ('<p onclick="planted = 1" id="planted">x</p>', "script-src-attr: inline"),
        ('<img src="https://a.example/b.png" alt="x">', "img-src: https://a.example/b.png"),
        ('<script src="https://a.example/b.js"></script>', "script-src-elem: https://a.example/"),
        ("<style>p { color: red }</style>", "style-src-elem: inline"),
        ('<p style="color: red">x</p>', "style-src-attr: inline"),
        ('<base href="https://a.example/">', "base-uri: https://a.example/"),
    ],
)
def test_what_is_planted_is_refused(
    planted: str, said: str, noting: Page, contexts: dict[str, BrowserContext], site: Path
) -> None:
    page = (site / "conventions" / "index.html").read_text("utf-8").replace("</body>", planted)
    noting.route("**/planted/", lambda route: route.fulfill(body=page, content_type="text/html"))
    noting.goto("http://127.0.0.1:9/planted/")
    # Chromium 150 looks at what is to happen on a click when it happens.
    noting.evaluate("document.getElementById('planted')?.click()")
    assert [each for each in refused(noting) if each.startswith(said)], refused(noting)
    assert not noting.evaluate("window.planted === 1")
