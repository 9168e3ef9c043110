"""How soon a calculator answers, and what it fetches for that, for `make bench`."""

from __future__ import annotations

import gzip
import json
from statistics import median
from typing import TYPE_CHECKING

from tests.site.served import browser_program, served

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

FETCHED = 60_000
"""Bytes that a calculator may fetch at the first touch, compressed."""

MACHINES = {"phone": (4, 10, 100.0), "desktop": (1, 1000, 60.0)}
"""How many times slower its processor is, the megabits of its line, milliseconds to an answer."""

ROUNDS = 5

CALCULATORS = {
    "questions/iterations-per-epoch/": "num_samples",
    "questions/memory-to-load/": "num_parameters",
    "questions/lora-rank/": "r",
    "will-it-fit/": "max_length",
    "": "max_length",
}
"""Calculators by their pages, and a field of each."""

# From a key to the answer on the screen: what is typed, and the next frame after it was written.
TYPED = """async (name) => {
  const field = document.querySelector(`.calculator [name=${name}]`);
  const output = document.querySelector(".calculator .shown");
  const written = new Promise((done) => {
    new MutationObserver((_, seen) => {
      seen.disconnect();
      requestAnimationFrame(() => setTimeout(done));
    }).observe(output, { childList: true });
  });
  const begun = performance.now();
  field.value = "512";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await written;
  return performance.now() - begun;
}"""


def reckoned(site: Path) -> bool:
    """Measure what the first answer of calculators takes, and tell it beside its targets."""
    met = True
    print("\nCalculators, at the first touch, gzipped:")
    for page in CALCULATORS:
        size = fetched(site, page)
        met &= size <= FETCHED
        print(
            f"  {size / 1000:6.1f} kB, target {FETCHED / 1000:.0f}, {told(size <= FETCHED)}: {page}"
        )
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        print(f"Their answers are not measured ({error}): make tools, and install chromium")
        return met
    if (program := browser_program()) is None:
        return met
    print("From the first key, once a field has been chosen, to the answer on the screen:")
    with served(site) as host, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for page, field in CALCULATORS.items():
            for machine, (_, _, target) in MACHINES.items():
                times = [waited(browser, host + page, field, machine) for _ in range(ROUNDS)]
                met &= median(times) <= target
                spread = f"{min(times):.0f}, {median(times):.0f}, {max(times):.0f} ms"
                said = told(median(times) <= target)
                print(f"  {spread}, target {target:.0f}, {said}: {machine}, {page}")
        browser.close()
    return met


def told(met: bool) -> str:
    """Say whether a target was met."""
    return "met" if met else "MISSED"


def fetched(site: Path, page: str) -> int:
    """Count the bytes of the scripts that a page's calculator names, as a server sends them."""
    text = (site / page / "index.html").read_text("utf-8")
    _, _, rest = text.partition(' data-calculator="')
    about = json.loads(rest.split('data-about="')[1].split('"')[0].replace("&quot;", '"'))
    files = (site / "assets" / each.partition("?")[0] for each in about["scripts"])
    return sum(len(gzip.compress(file.read_bytes(), 6)) for file in files)


def waited(browser: Browser, address: str, field: str, machine: str) -> float:
    """Give the milliseconds from a key to the answer, on a machine that has seen nothing yet."""
    slower, megabits, _ = MACHINES[machine]
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("[data-calculator][data-ready]", state="attached")
    page.evaluate("document.querySelectorAll('.fold-rest').forEach((fold) => (fold.open = true))")
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    session.send("Network.enable")
    line = {"downloadThroughput": megabits * 125_000, "uploadThroughput": megabits * 125_000}
    session.send("Network.emulateNetworkConditions", {"offline": False, "latency": 40, **line})
    page.focus(f".calculator [name={field}]")
    page.wait_for_selector(".calculator[data-warm]", state="attached")
    time: float = page.evaluate(TYPED, field)
    context.close()
    return time
