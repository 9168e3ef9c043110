"""What a reader does with an exercise in a browser, and what he sees then."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from _guide import practice
from _guide.questions import QUESTIONS

if TYPE_CHECKING:
    from playwright.sync_api import Page

HERE = "[data-practice]:not([data-practice=statements])"
"""Where an exercise is."""


def opened(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("[data-practice][data-ready]", state="attached")


def say_true(page: Page) -> None:
    """Call the sentence of a page true, by keyboard; then what shows it is asked."""
    page.focus("[data-practice=own] button:text-is('True')")
    page.keyboard.press("Enter")


def verdict(page: Page) -> str:
    """Wait for the verdict that is there now, and read it."""
    page.wait_for_selector(f"{HERE} .verdict:not(:empty)")
    return str(page.inner_text(f"{HERE} .verdict"))


def submit(page: Page, text: str) -> str:
    """Type an answer, by keyboard alone, and read the verdict."""
    page.focus(f"{HERE} .answering > input")
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    page.evaluate(f"document.querySelector('{HERE} .verdict').replaceChildren()")
    page.keyboard.press("Enter")
    return verdict(page)


def mark(page: Page, numbers: list[int]) -> str:
    """Mark places by keyboard, and read the verdict."""
    for i, box in enumerate(page.query_selector_all("button.box"), 1):
        if (box.get_attribute("aria-pressed") == "true") != (i in numbers):
            box.focus()
            page.keyboard.press("Space")
    page.evaluate(f"document.querySelector('{HERE} .verdict').replaceChildren()")
    page.focus(f"{HERE} .answering [type=submit]")
    page.keyboard.press("Enter")
    return verdict(page)


def solve(page: Page, number: int, exercise: dict[str, Any]) -> str:
    asked = exercise["asked"]
    return mark(page, asked["value"]) if number in (2, 7) else submit(page, asked["written"])


def kept(page: Page) -> Any:
    """Read what this browser remembers of practice."""
    return json.loads(page.evaluate("localStorage.getItem('guide-practice')") or "null")


def shown_exercise(page: Page, number: int) -> dict[str, Any]:
    """Find the exercise that the address names."""
    found = re.search(r"#v=([0-9a-f]{8})&s=\d$", page.url)
    assert found, page.url
    return next(e.plain() for e in practice.exercises(number) if e.id == found[1])


def every() -> dict[str, tuple[int, dict[str, Any]]]:
    """Find each exercise by what is shown of it."""
    return {
        "".join((e.tries.replace("`", "") + "".join(e.places)).split()): (q.number, e.plain())
        for q in QUESTIONS
        for e in practice.exercises(q.number)
    }
