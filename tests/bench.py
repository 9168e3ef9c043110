"""Measure the guide against its targets: `make bench`, five to fifteen minutes.

Every figure is a ratio of two things measured in turn in the same run, because times differ from
one machine to another and ratios hardly do; only what a visit transfers is in bytes, and how long a
reader waits for an answer in milliseconds. Time is that of the processor, which other work on the
machine disturbs least; a build has one thread. The exit status is 1 if a median misses its target.
"""

from __future__ import annotations

import gzip
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from _guide.browser import bundle
from tests.lighthouse import scores
from tests.pages.copies import lay_all, run
from tests.site.reckoned import reckoned
from tests.site.seen import seen_by_readers
from tests.site.served import browser_program, served

if TYPE_CHECKING:
    from collections.abc import Iterator

EXECUTION = 1.60
GROWTH = 1.10
IMPORT = {
    "from dlp import updates_per_epoch": ("a formula", 1.15),
    "from dlp import memory_ledger": ("the one that needs most", 1.75),
}
FIRST_VISIT = 120_000
TRANSLATION = 0.10
SCRIPTS = {"python": 10_000, "answers": 6_000}
COLD = 150.0

BUILDS, GROWTHS, COLDS = 7, 7, 9
IMPORT_ROUNDS, IMPORTS_A_ROUND = 9, 15
SECTION, PART = 20, 100

_BLOCK = re.compile(r'^( *(?:`{3,}|~{3,}))python .*exec="on".*$', re.M)
_PAGE = """# Page {number}

One paragraph about `updates_per_epoch`, which gives `#!calc count({number})` here.

```python exec="on" source="above" result="text"
from dlp import updates_per_epoch

print(updates_per_epoch(num_samples={number}, per_device_train_batch_size=16))
```

```python exec="on"
print("| micro-batch | samples |\\n| --- | ---: |\\n| first | 16 |\\n| {number} | 16 |")
```
"""


def main() -> int:
    """Print every measurement beside its target."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        print(f"{'':44}{'min':>7}{'median':>8}{'max':>7}   target")
        met = [execution(folder), growth(folder), import_time(), translation(folder / "guide")]
        met += [first_visits(folder / "guide"), answers(folder / "guide")]
        met += [reckoned(folder / "guide" / "site"), seen_by_readers(folder / "guide" / "site")]
        scores(folder / "guide" / "site")
    return 0 if all(met) else 1


def report(label: str, ratios: list[float], target: float) -> bool:
    """Print one line of ratios and whether their median meets the target."""
    met = median(ratios) <= target
    spread = f"{min(ratios):7.2f}{median(ratios):8.2f}{max(ratios):7.2f}"
    print(f"{label:<44}{spread}   {target:.2f} {verdict(met)}", flush=True)
    return met


def verdict(met: bool) -> str:
    """Say whether a target was met."""
    return "met" if met else "MISSED"


# The strict build, and the same pages with their blocks shown instead of run.


def execution(folder: Path) -> bool:
    """Measure what running the blocks adds to a build."""
    guide, shown = copy(folder / "guide"), copy(folder / "shown")
    for page in (shown / "docs").rglob("*.md"):
        page.write_text(_BLOCK.sub(r"\1python", page.read_text("utf-8")), "utf-8")
    ratios = []
    for _ in range(BUILDS):
        # Links to headings that only a block writes are broken where blocks are not run.
        without = build(shown, "--no-strict")
        ratios.append(build(guide) / without)
    return report("strict build / blocks not executed", ratios, EXECUTION)


# Generated pages in sections of twenty.


def growth(folder: Path) -> bool:
    """Measure whether a thousand pages cost what ten and a hundred foretell."""
    sites = {number: generated(folder / str(number), number) for number in (10, 100, 1000)}
    ratios, times = [], []
    for _ in range(GROWTHS):
        # Small builds before and after the long one, for a machine's speed drifts.
        small = [(build(sites[10]), build(sites[100])) for _ in range(2)]
        many = build(sites[1000])
        small += [(build(sites[10]), build(sites[100])) for _ in range(2)]
        few, some = (sum(column) / len(small) for column in zip(*small, strict=True))
        times.append((few, some, many))
        a_page = (some - few) / (100 - 10)
        ratios.append(many / (some + (1000 - 100) * a_page))
    met = report("1,000 pages / as 10 and 100 foretell", ratios, GROWTH)
    each = (f"{median(column):.1f} s" for column in zip(*times, strict=True))
    print(f"  10, 100 and 1,000 pages: {', '.join(each)}", flush=True)
    return met


def generated(folder: Path, number: int) -> Path:
    """Write a guide of so many pages, two blocks each, that is otherwise like ours."""
    copy(folder)
    for old in (folder / "docs").rglob("*.md"):
        if "_guide" not in old.parts:
            old.unlink()
    nav = ["nav:", "  - Home: index.md", "  - Pages:"]
    (folder / "docs" / "index.md").write_text("# Home\n", "utf-8")
    for page in range(number):
        # Nested, so that the navigation of no page lists more than a handful of neighbours.
        if page % PART == 0:
            nav.append(f"      - Part {page // PART}:")
        section = f"section-{page // SECTION}"
        if page % SECTION == 0:
            (folder / "docs" / section).mkdir()
            nav.append(f"          - {section}:")
        name = f"{section}/page-{page}.md"
        nav.append(f"              - Page {page}: {name}")
        (folder / "docs" / name).write_text(_PAGE.format(number=page + 1), "utf-8")
    config = folder / "mkdocs.yml"
    settings = re.split(r"^nav:", config.read_text("utf-8"), flags=re.M)[0]
    config.write_text(settings + "\n".join(nav) + "\n", "utf-8")
    return folder


def copy(folder: Path) -> Path:
    """Copy the project."""
    lay_all(folder)
    return folder


def build(folder: Path, strictness: str = "--strict") -> float:
    """Build a site and return the seconds that the whole process took.

    Raises:
        SystemExit: If the build fails, with what it said.
    """
    before = processor_time()
    done = run(folder, "-m", "mkdocs", "build", strictness)
    if done.returncode:
        raise SystemExit(f"the build failed:\n{done.stderr}")
    return processor_time() - before


def processor_time() -> float:
    """Return the seconds that the processes started so far have computed."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# Importing the package, against starting Python.


def import_time() -> bool:
    """Measure what formulas add to the start of the interpreter: one alone, and one of many."""
    met = True
    for formula, (about, target) in IMPORT.items():
        ratios = []
        start(formula)  # writes the byte code
        for _ in range(IMPORT_ROUNDS):
            pairs = [(start(formula), start("pass")) for _ in range(IMPORTS_A_ROUND)]
            # The fastest of a round is the one that nothing else on the machine disturbed.
            ratios.append(min(pair[0] for pair in pairs) / min(pair[1] for pair in pairs))
        met &= report(f"importing {about} / bare interpreter", ratios, target)
    return met


def start(statement: str) -> float:
    """Return the seconds that a new interpreter takes for one statement."""
    before = processor_time()
    subprocess.run([sys.executable, "-I", "-c", statement], check=True)  # noqa: S603
    return processor_time() - before


# Translating what runs in pages, against the whole build that it is part of.


def translation(guide: Path) -> bool:
    """Measure what the translation adds to a build."""
    ratios = []
    for _ in range(BUILDS):
        before = processor_time()
        run(guide, "-c", "from _guide import calculators; calculators.scripts()")
        with_translation = processor_time() - before
        run(guide, "-c", "import _guide.calculators")
        without = processor_time() - before - with_translation
        ratios.append((with_translation - without) / build(guide))
    return report("translation / strict build", ratios, TRANSLATION)


# What a browser asks for when it has seen nothing of the site yet.


def first_visits(guide: Path) -> bool:
    """Measure the bytes that each page's first visit transfers, compressed as servers do."""
    site = guide / "site"
    pages = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    try:
        found = dict(asked_by_browser(site, pages))
    except ImportError as error:
        print(f"First visits are not measured ({error}): make tools, and install chromium")
        return True
    sizes = {page: sum(compressed(site / file) for file in files) for page, files in found.items()}
    most = max(sizes, key=lambda page: sizes[page])
    largest = sizes[most]
    print("\nFirst visit, gzipped, as asked for by a browser:")
    for page, size in sorted(sizes.items(), key=lambda item: -item[1]):
        own = compressed(site / page)
        print(f"  {size / 1000:6.1f} kB, {own / 1000:5.1f} of them the page: {page}")
    common = set.intersection(*found.values())
    for file in sorted(common, key=lambda file: -compressed(site / file)):
        print(f"  {compressed(site / file) / 1000:6.1f} kB on every page: {file}")
    met = largest <= FIRST_VISIT
    told = f"largest: {largest / 1000:.1f} kB, target {FIRST_VISIT / 1000:.0f}, {verdict(met)}"
    print(f"{told}: {most}")
    return met


def asked_by_browser(site: Path, pages: list[str]) -> Iterator[tuple[str, set[str]]]:
    """Yield each page and the files that Chromium asks for, with nothing in its cache."""
    from playwright.sync_api import sync_playwright

    program = browser_program()
    if program is None:
        raise ImportError("no browser")
    with served(site) as host, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for page in pages:
            context = browser.new_context()
            tab = context.new_page()
            asked: list[str] = []
            tab.on("requestfinished", lambda request, asked=asked: asked.append(request.url))
            tab.goto(host + page.removesuffix("index.html"), wait_until="networkidle")
            context.close()
            yield page, {file_of(site, url) for url in asked if url.startswith(host)}
        browser.close()


# What a reader waits for who types the first answer of a page: scripts, module and verdict.

JUDGED = """async (scripts) => {
  const begun = performance.now();
  await guideScripts.load(scripts);
  Guide.call("_guide.live.answers.judge", { text: "31,66 GiB", asked: {
    unit: "bytes", value: Guide.float(34e9), written: "34 GB", other: [], wrong: [], hint: "" } });
  return performance.now() - begun;
}"""


def answers(guide: Path) -> bool:
    """Measure the scripts of practice, and a first verdict with nothing loaded."""
    site, met = guide / "site", True
    print("\nWhat judges in pages, gzipped:")
    for name, target in SCRIPTS.items():
        size = compressed(site / "assets" / bundle.files()[name][0])
        met &= size <= target
        print(f"  {size / 1000:6.1f} kB: {name}, target {target / 1000:.0f}, {verdict(met)}")
    try:
        times = waited(site)
    except ImportError as error:
        print(f"The first verdict is not measured ({error}): make tools, and install chromium")
        return met
    met &= median(times) <= COLD
    spread = f"{min(times):.0f}, {median(times):.0f}, {max(times):.0f} ms"
    print(f"  a typed answer, judged first: {spread}, target {COLD:.0f}, {verdict(met)}")
    return met


def waited(site: Path) -> list[float]:
    """Say how long Chromium takes for a verdict, every time with nothing in its cache."""
    from playwright.sync_api import sync_playwright

    if (program := browser_program()) is None:
        raise ImportError("no browser")
    times = []
    with served(site) as host, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for _ in range(COLDS):
            context = browser.new_context()
            tab = context.new_page()
            tab.goto(f"{host}questions/memory-to-load/", wait_until="networkidle")
            times.append(tab.evaluate(JUDGED, bundle.addresses("answers")))
            context.close()
        browser.close()
    return times


def file_of(site: Path, url: str) -> str:
    """Return the file of the site that an address stands for."""
    path = urlsplit(url).path.lstrip("/")
    return f"{path}index.html" if not path or path.endswith("/") else path


def compressed(path: Path) -> int:
    """Return the bytes of a file as a server sends it."""
    data = path.read_bytes()
    return len(data) if path.suffix in {".woff2", ".png"} else len(gzip.compress(data, 6))


if __name__ == "__main__":
    sys.exit(main())
