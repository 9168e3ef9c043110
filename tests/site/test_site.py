"""The built site: nothing broken, nothing foreign, every public name in the reference."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from mkdocs.config import load_config
from mkdocstrings import Inventory

import dlp
from _evidence import conformance
from _evidence.claims import printed_claims
from _evidence.sources import SOURCES
from _guide import parts
from _guide.engine import hook
from _guide.engine.glossary import TERMS
from _guide.questions import QUESTIONS
from tests.formulas import api
from tests.formulas.calls import FUNCTIONS
from tests.pages import answers
from tests.pages.drawn import Drawn
from tests.pages.reading import text_of
from tests.paths import PAGES, ROOT
from tests.site.html import Document, urls
from tests.told import nothing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.site.conftest import Site

# The base of all addresses; a link to it is a link to the site.
HERE = "http://127.0.0.1:8000/"

Check = Callable[[str, "Document"], list[str]]


def on_no_page(built: Site, check: Check) -> None:
    """Apply a check to every page, and fail with what it finds and where."""
    nothing(
        f"{name}: {problem}"
        for name, document in built.documents.items()
        for problem in check(name, document)
    )


def address_of(name: str) -> str:
    """Return the address of a file of the site."""
    return HERE + name.removesuffix("index.html")


# --- The build ------------------------------------------------------------------------------


def test_the_strict_build_succeeds_without_a_warning(first: Site) -> None:
    nothing(first.complaints)
    assert first.status == 0
    assert "Documentation built" in first.log, "never build with --quiet: it hides warnings"


def test_every_page_is_built_and_the_guide_alone(built: Site) -> None:
    expected = {"404.html"}
    for page in PAGES:
        stem = page.removesuffix(".md").removesuffix("index")
        expected.add(f"{stem.rstrip('/')}/index.html".lstrip("/"))
    assert set(built.documents) == expected


# --- What is on a page ----------------------------------------------------------------------


# What must not be seen, as patterns, but on these pages: one shows how pages are written, others
# show code.
LEAKS = {
    r"Traceback \(most recent call last\)": "",
    "PAGE_TITLE": "",
    "::: ": "",
    r"{ \.\w": "",
    "```": "contributing/",
    'exec="': "contributing/",
    "markdown-exec: hide": "contributing/",
    "#!calc": "contributing/",
    "#!cite": "contributing/",
    "--8<--": "contributing/",
    r"\\frac": "reference/",
    r"\\text{": "reference/",
    r"\\operatorname": "reference/",
}


@pytest.mark.parametrize("leak", LEAKS)
def test_nothing_is_left_as_it_was_written(built: Site, leak: str) -> None:
    def check(name: str, document: Document) -> list[str]:
        if LEAKS[leak] and name.startswith(LEAKS[leak]):
            return []
        text = document.text
        found = (match.span() for match in re.finditer(leak, text))
        return [text[max(0, begin - 40) : end + 40] for begin, end in found]

    on_no_page(built, check)


@pytest.mark.parametrize(
    "element",
    [
        '<img src="URL" alt="x">',
        '<img srcset="a.png 1x, URL 2x" alt="x">',
        '<svg><image href="URL"/></svg>',
        '<svg><use xlink:href="URL"/></svg>',
        '<video poster="URL"></video>',
        '<link rel="preload" imagesrcset="URL">',
        '<object data="URL"></object>',
    ],
)
def test_an_element_that_loads_is_seen(element: str) -> None:
    document = Document()
    document.feed(element.replace("URL", "https://a.example/b.png"))
    assert "https://a.example/b.png" in document.loaded
    assert not document.links


def test_nothing_is_loaded_from_another_host(built: Site) -> None:
    def check(name: str, document: Document) -> list[str]:
        styled = [url for style in document.styles for url in urls(style)]
        loaded = [url for url in [*document.loaded, *styled] if not url.startswith("data:")]
        foreign = [url for url in loaded if not urljoin(address_of(name), url).startswith(HERE)]
        return foreign + [url for script in document.scripts for url in _HOST.findall(script)]

    on_no_page(built, check)


def test_no_style_script_or_picture_names_another_host(built: Site) -> None:
    for name, path in built.files.items():
        text = path.read_text("utf-8") if path.suffix in {".css", ".js", ".mjs", ".svg"} else ""
        drawn = Document.read(path).loaded if path.suffix == ".svg" else []
        found = [url for url in [*urls(text), *drawn] if urlsplit(url).netloc]
        if path.suffix in {".js", ".mjs"} and "assets/javascripts" not in name:
            found += _HOST.findall(text)
        nothing(f"{name}: {url}" for url in found)


_HOST = re.compile(r"""["'`](?:https?:)?//[\w.]+""")


def test_links_within_the_site_lead_somewhere(built: Site) -> None:
    def check(name: str, document: Document) -> list[str]:
        broken = []
        for link in [*document.links, *document.loaded]:
            target = urlsplit(urljoin(address_of(name), link))
            if f"{target.scheme}://{target.netloc}/" != HERE:
                continue
            path = unquote(target.path).lstrip("/")
            file = path + "index.html" if path.endswith("/") or not path else path
            anchor = unquote(target.fragment)
            if file not in built.files:
                broken.append(f"{link} is not there")
            elif anchor and anchor not in built.documents[file].ids:
                broken.append(f"{link}: no such place on {file}")
        return broken

    on_no_page(built, check)


def test_links_to_other_hosts_are_secure(built: Site) -> None:
    def check(_: str, document: Document) -> list[str]:
        return [
            link
            for link in document.links
            if link.startswith("http:") and not link.startswith(HERE)
        ]

    on_no_page(built, check)


def test_every_page_can_be_read_aloud(built: Site) -> None:
    def check(_: str, document: Document) -> list[str]:
        found = [f"the id {id!r} stands there twice" for id, n in document.ids.items() if n > 1]  # noqa: A001
        found += [f"write an alt text for {url}" for url in document.images_without_text]
        if document.language != "en":
            found.append("the language is not given")
        if document.pictures != document.titled_pictures:
            found.append(f"{document.pictures - document.titled_pictures} pictures lack a title")
        if document.headings.count("h1") != 1:
            found.append(f"{document.headings.count('h1')} headings of the first level")
        return found

    on_no_page(built, check)


def test_every_question_page_has_a_picture(built: Site) -> None:
    for question in QUESTIONS:
        document = built.documents[f"{question.page.removesuffix('.md')}/index.html"]
        assert document.pictures, question.page


def test_every_picture_on_a_page_draws_what_its_summary_says(built: Site) -> None:
    for page in (page for page in PAGES if "html=" in text_of(page)):
        address = page.removesuffix(".md").removesuffix("index").rstrip("/")
        markup = built.files[f"{address}/index.html".lstrip("/")].read_text("utf-8")
        found = re.findall(r'<figure class="picture".*?</figure>', markup, re.S)
        assert found, f"docs/{page} has no picture"
        nothing(f"docs/{page}: {each}" for figure in found for each in Drawn(figure).problems())


def test_the_answers_are_those_of_the_key(built: Site) -> None:
    glance = answers.rows(built.folder / "index.html", "glance")
    cheat_sheet = answers.rows(built.folder / "cheat-sheet" / "index.html", "formulas")
    assert len(glance) == len(cheat_sheet) >= len(answers.KEY)
    for number, (name, ((right, numbers), _, _)) in enumerate(answers.KEY.items(), 1):
        answer, why = answers.answer(built.folder / "questions" / name / "index.html")
        assert (answer, re.findall(r"\d[\d.,]*\b", why)) == (right, numbers.split()), name
        row, in_short = glance[number - 1], cheat_sheet[number - 1]
        assert (row[0], row[2]) == (str(number), f"{right}. {why}"), name
        assert (in_short[0], in_short[3]) == (str(number), right), name


def test_no_answer_stands_before_the_fold(built: Site) -> None:
    """A browser looks closer, in test_silence.py."""
    for name in ("", *(f"questions/{each}/" for each in answers.KEY)):
        before, fold, _ = built.files[f"{name}index.html"].read_text("utf-8").partition("<details")
        assert fold, name
        seen = answers.text(before)
        told = [figure for figure in answers.FIGURES if figure in seen or figure in before]
        assert not told, name


def test_the_navigation_numbers_the_questions_as_the_key_does(built: Site) -> None:
    home = (built.folder / "index.html").read_text("utf-8")
    link = r'<a href="questions/([\w-]+)/" class="md-nav__link">\s*<span[^>]*>\s*(\d+) ·'
    numbers = dict(re.findall(link, home))
    assert [numbers.get(name, "none") for name in answers.KEY] == list("12345678")


def test_the_ledger_is_that_of_the_key(built: Site) -> None:
    page = (built.folder / "questions" / "head-only-tuning" / "index.html").read_text("utf-8")
    (_, summary, _) = re.findall(r"<desc .*?>(.*?)</desc>", page)
    found = dict(re.findall(r"(\w[\w -]*): [^,]+, ([^,]+, [^,;]+)", answers.text(summary)))
    assert found == answers.LEDGER


@pytest.mark.parametrize("name", answers.KEY)
def test_the_wrong_answers_are_those_of_the_key(built: Site, name: str) -> None:
    shown = answers.rows(built.folder / "questions" / name / "index.html", "wrong")
    for row, key in zip(shown, answers.KEY[name][1], strict=True):
        assert row[0] == key[0], name
        assert key[1] in row[1], row
        assert key[2] in row[2], row


def test_the_answer_sheet_is_corrected_as_the_key_says(built: Site) -> None:
    shown = answers.rows(built.folder / "corrections" / "index.html", "corrections")
    for (_, *row), (_, _, key) in zip(shown, answers.KEY.values(), strict=True):
        begins = (cell.startswith(words) for cell, words in zip(row[:2], key[:2], strict=True))
        assert all(begins), (row, key)
        assert key[2] in row[2], (row, key)


def test_a_model_bears_its_own_numbers(built: Site) -> None:
    rows = built.documents["questions/memory-to-load/index.html"].text
    titles = "Model Parameters fp32, in GB fp32, in GiB The given model 7,000,000,000"
    wanted = [titles, *(f"{model} {row}" for model, row in answers.MODELS.items())]
    assert not [each for each in wanted if each not in rows]
    for name, document in built.documents.items():
        for number, model in re.findall(r"([\d,]{9,}) in ([\w.-]+)", document.text):
            right = answers.MODELS.get(model, number)
            assert right.startswith(number), f"{name}: {number} in {model}"


def test_every_formula_leads_from_the_reference_to_its_evidence(built: Site) -> None:
    for path in api.functions():
        _, module, name = path.split(".")
        linked = built.documents[f"reference/{module}/index.html"].links
        target = f"../../evidence/{module}/#evidence-{name}"
        assert linked.count(target) == 1, f"{path}: {linked.count(target)} links to {target}"
        assert f"evidence-{name}" in built.documents[f"evidence/{module}/index.html"].ids


def test_every_printed_number_leads_to_its_source(built: Site) -> None:
    for row in printed_claims():
        module = FUNCTIONS[row.expression["function"]].__module__.partition(".")[2]
        linked = built.documents[f"evidence/{module}/index.html"].links
        assert SOURCES[row.source].url in linked, row.id


def test_the_conformance_file_is_on_the_site(built: Site) -> None:
    text = (built.folder / conformance.FILE).read_text(encoding="utf-8")
    assert json.loads(text) == conformance.document()
    assert (built.folder / conformance.SCHEMA).exists()


def test_every_term_of_the_glossary_is_used_on_another_page(built: Site) -> None:
    text = " ".join(
        document.text for name, document in built.documents.items() if "glossary" not in name
    )
    unused = [
        term
        for term in TERMS
        if not re.search(rf"(?<!\w){re.escape(term)}", text, 0 if term.isupper() else re.I)
    ]
    assert not unused, f"use these terms on a page, or take them out of the glossary: {unused}"


def test_what_needs_a_repository_is_shown_where_it_is_known(
    built: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, document in built.documents.items():
        markup = built.files[name].read_text("utf-8")
        assert "Tell us" not in document.text, name
        assert 'rel="edit"' not in markup, name
    assert not parts.tell_us()
    monkeypatch.setenv("GUIDE_REPO_URL", "https://forge.example/guide/")
    assert "[Tell us](https://forge.example/guide/issues)" in parts.tell_us()
    config = hook._tell_addresses(load_config(str(ROOT / "mkdocs.yml")))
    assert config.edit_uri == "https://forge.example/guide/edit/main/docs/"


# --- The reference --------------------------------------------------------------------------


def test_the_reference_documents_the_public_api_and_nothing_else(built: Site) -> None:
    with (built.folder / "objects.inv").open("rb") as file:
        inventory = Inventory.parse_sphinx(file)
    documented = {name for name, item in inventory.items() if item.domain == "py"}
    # The same objects under the names by which the package and its modules import them, and the
    # shapes of results, which type checkers alone import.
    members = (each for module in api.modules().values() for each in module.members.values())
    names = {*dir(dlp), *(each.name for each in members if not each.runtime)}
    modules = {module.path for module in api.modules().values()} | {"dlp"}
    others = {name for name in documented if name.rpartition(".")[2] in names} | modules
    missing = sorted(set(api.public()) - documented)
    unknown = sorted(documented - set(api.public()) - others)
    assert not missing, f"write `::: dlp.<module>` on a page under docs/reference/ for {missing}"
    assert not unknown, f"not public: {unknown}"


def test_every_function_is_listed_by_what_it_is_for_and_by_its_letter(built: Site) -> None:
    page = (built.folder / "reference" / "index.html").read_text("utf-8")
    for each in FUNCTIONS.values():
        place = f'"{each.__module__.rpartition(".")[2]}/#{each.__module__}.{each.__name__}"'
        assert page.count(place) > 1, f"docs/reference/index.md lists no {each.__module__}"


# --- Search ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def words(built: Site) -> set[str]:
    """Split what the search knows into words, as the theme's search does."""
    index: dict[str, Any] = json.loads(
        (built.folder / "search" / "search_index.json").read_text(encoding="utf-8")
    )
    separator = re.compile(index["config"]["separator"])
    found: set[str] = set()
    for entry in index["docs"]:
        text = unescape(re.sub(r"<[^>]+>", " ", f"{entry['title']} {entry['text']}"))
        found |= {word.lower() for word in separator.split(text)}
    return found


@pytest.mark.parametrize(
    "word", ["lora", "parameters", "kv", "cache", "gradient", "accumulation", "qlora"]
)
def test_search_finds_an_identifier_by_its_parts(words: set[str], word: str) -> None:
    assert word in words


@pytest.mark.parametrize("number", ["14,336", "14336", "15,625", "16,384", "26.08"])
def test_search_keeps_a_number_whole(words: set[str], number: str) -> None:
    assert number in words


# --- The wheel ------------------------------------------------------------------------------


def test_the_wheel_on_the_site_installs_without_an_index(built: Site, tmp_path: Path) -> None:
    (wheel,) = built.folder.glob("*.whl")
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--no-compile"]
    command += ["--disable-pip-version-check", "--target", str(tmp_path), str(wheel)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own wheel
    print_names = "import dlp, json; print(json.dumps([dlp.__file__, dir(dlp)]))"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-S", "-c", print_names],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
    )
    place, names = json.loads(done.stdout)
    assert place.startswith(str(tmp_path))
    assert names == dir(dlp)
    assert (tmp_path / "dlp" / "py.typed").exists()
    assert not (tmp_path / "_guide").exists()


def test_the_page_for_addresses_that_do_not_exist_helps(built: Site) -> None:
    lost = built.documents["404.html"]
    assert any(urljoin(HERE, link) == HERE for link in lost.links)


# --- The reference --------------------------------------------------------------------------

_BLOCK = re.compile(r"<pre><span></span><code>(.*?)</code></pre>", re.S)
# What the button leaves out, as docs/assets/guide.css says.
_NOT_COPIED = re.compile(r'<span class="g[po]">[^<]*</span>')


def copied(page: Path) -> list[str]:
    """Give the examples of a page as its buttons copy them: without prompts and results."""
    blocks = [each for each in _BLOCK.findall(page.read_text("utf-8")) if 'class="gp"' in each]
    return [unescape(re.sub(r"<[^>]+>", "", _NOT_COPIED.sub("", each))) for each in blocks]


def test_every_example_of_the_reference_runs_as_it_is_copied(built: Site) -> None:
    examples = [
        (module, code)
        for module in api.modules()
        for code in copied(built.folder / "reference" / module / "index.html")
    ]
    assert len(examples) > 90
    for module, code in examples:
        assert ">>>" not in code
        try:
            exec(code, {"__name__": "__main__"})  # noqa: S102 - our own examples
        except Exception as error:
            pytest.fail(f"dlp.{module}: {error!r} in\n{code}")


def test_every_public_name_stands_under_its_letter(built: Site) -> None:
    page = (built.folder / "reference" / "index.html").read_text("utf-8")
    _, index = page.split('id="every-name-by-its-letter"')
    for path in api.public():
        assert f'#{path}"' in index, path
