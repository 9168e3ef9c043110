"""What readers see, counted over the site: the measures of the tests here, for `make bench`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.site.served import browser_program, served

if TYPE_CHECKING:
    from pathlib import Path


def seen_by_readers(site: Path) -> bool:
    """Count what is told too soon, what is cut, what a search misses, and how far a page moves."""
    try:
        from playwright.sync_api import sync_playwright

        from tests.site import test_measured, test_reference, test_search, test_silence
    except ImportError as error:
        print(f"What readers see is not measured ({error}): make tools, and install chromium")
        return True
    program = browser_program()
    if program is None:
        return True
    counts = dict.fromkeys(
        ("answers told", "tables, formulas or code cut", "searches that miss"), 0
    )
    with served(site) as host, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page()
        for address in test_measured.PAGES:
            tab.goto(host + address)
            told = address in ("", *test_silence.QUESTIONS)
            counts["answers told"] += told * len(test_silence.told(tab.inner_text("body")))
            for width in test_measured.WIDTHS:
                tab.set_viewport_size({"width": width, "height": 900})
                counts["tables, formulas or code cut"] += len(test_measured.cut(tab))
        found = tab.evaluate(test_search.ASK, list(test_search.FIRST))
        counts["searches that miss"] = len(test_search.missed(found))
        moved = {}
        for page in test_reference.LARGE:
            context = browser.new_context()  # which has seen nothing yet
            moved[page] = test_reference.moved(context.new_page(), host + page)
            context.close()
        browser.close()
    print(f"\nSeen by readers, {len(test_search.FIRST)} searches tried:")
    for what, number in counts.items():
        print(f"  {number:5} {what}, target 0, {'MISSED' if number else 'met'}")
    for page, far in moved.items():
        met = "met" if far < 0.01 else "MISSED"
        print(f"  {far:5.3f} layout shift of {page}, target 0.010, {met}")
    return not any(counts.values()) and max(moved.values()) < 0.01
