"""The one MkDocs hook: fresh formulas, checked blocks, a wheel to download, labels for readers.

The text of the pages needs one thing of it, the site's address in the command that installs the
wheel; all else another engine builds without it, but for the wheel, the conformance file, what
practice asks with and the translated Python.
"""

from __future__ import annotations

import functools
import importlib
import json
import logging
import os
import re
import shutil
import sys
import tempfile
import traceback
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import markdown_exec
from mkdocs.plugins import CombinedEvent, event_priority
from mkdocs.structure.files import File, InclusionLevel
from mkdocs.utils import get_build_date
from mkdocstrings import Inventory, InventoryItem
from pymdownx.superfences import SuperFencesException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.livereload import LiveReloadServer
    from mkdocs.structure.files import Files
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[3]
_SCRATCH = tempfile.TemporaryDirectory(prefix="guide-")  # removed when the build ends
_LOG = logging.getLogger("mkdocs.hooks.guide")
_SEARCH = 'data-md-component="search" role="dialog"'
# A section with a page of its own is labelled by an icon without text; its title follows.
_SECTION = re.compile(
    r'aria-labelledby="(__nav_[\d_]+)_label"([^>]*>\s*<label class="md-nav__title" )for="\1"'
)
# What is no program has no button to copy it: signatures, folded source, data, what was printed.
# Source code is kept out of search: it would outweigh all the text.
_NOT_RUN = {
    '<details class="mkdocstrings-source"': '<details class="mkdocstrings-source no-copy" '
    'data-search-exclude="yes"',
    'doc-signature highlight"': 'doc-signature highlight no-copy"',
    'class="language-json ': 'class="language-json no-copy ',
    'class="language-text ': 'class="language-text no-copy ',
}
_before: dict[str, Any] = {}
_page_being_built: Page
_sheets: list[str] = []
_is_served = False
_nav: Navigation
_QUESTIONS = "questions/"
_FEED = "feed.xml"
_SCHEMA = ROOT / "dlp" / "command.schema.json"  # which the wheel has too


def on_startup(command: str, **kwargs: Any) -> None:
    """Note whether readers get the pages, or who writes them."""
    global _is_served
    _is_served = command == "serve"


# The names of Python's own documentation that the reference links to. The whole inventory would
# have to be fetched at each build, and a build works without a network.
_PYTHON = {
    "library/constants.html": ["None"],
    "library/functions.html": ["bool", "float", "int"],
    "library/stdtypes.html": ["dict", "list", "str", "tuple"],
    "library/collections.abc.html": [
        f"collections.abc.{name}" for name in ("Collection", "Mapping", "Sequence")
    ],
    "library/exceptions.html": ["TypeError", "ValueError"],
}


@event_priority(100)  # before mkdocstrings reads its settings
def _link_to_python(config: MkDocsConfig) -> MkDocsConfig:
    """Point cross-references at Python's own documentation."""
    items = [
        InventoryItem(name=name, domain="py", role="class", uri=f"{page}#{name}")
        for page, names in _PYTHON.items()
        for name in names
    ]
    inventory = Path(_SCRATCH.name) / "python.inv"
    inventory.write_bytes(Inventory(items, project="Python", version="3").format_sphinx())
    python = config.plugins["mkdocstrings"].config["handlers"]["python"]
    python["inventories"] = [
        {"url": inventory.as_uri(), "base_url": "https://docs.python.org/3/"},
    ]
    return config


def _forget_modules(config: MkDocsConfig) -> MkDocsConfig:
    """Forget the package and the guide's own modules, so that `serve` shows an edited formula."""
    for name in list(sys.modules):
        if name.split(".")[0] in {"dlp", "_guide", "_evidence"}:
            del sys.modules[name]
    return config


def _list_questions(config: MkDocsConfig) -> MkDocsConfig:
    """Put the questions where the navigation names their folder."""
    if config.nav and _QUESTIONS in config.nav:
        at = config.nav.index(_QUESTIONS)
        config.nav[at] = importlib.import_module("_guide.parts").navigation()
    return config


def _tell_addresses(config: MkDocsConfig) -> MkDocsConfig:
    """Tell the pages the site's address; give them an edit link if the repository's is known."""
    os.environ["GUIDE_SITE_URL"] = config.site_url or ""
    # Not `repo_url`: for that the theme asks the forge for its stars on every page.
    if repository := os.environ.get("GUIDE_REPO_URL"):
        config.edit_uri = f"{repository.rstrip('/')}/edit/main/docs/"
    return config


def _fill_footer(config: MkDocsConfig) -> MkDocsConfig:
    """Tell the pages which version this is, and what to download. `version` is a switch's name."""
    config.extra["release"] = importlib.import_module("_guide.engine.changes").version()
    if not _is_served:
        config.extra["offline"] = importlib.import_module("_guide.engine.offline").NAME
    return config


@event_priority(-100)  # after mkdocstrings has added its own
def _link_one_style_sheet(config: MkDocsConfig) -> MkDocsConfig:
    """Take the style sheets for one, which `engine/theme/main.html` links to."""
    _sheets[:] = config.extra_css
    config.extra_css = []
    return config


@event_priority(-100)  # after markdown-exec has added its fences
def _guard_blocks(config: MkDocsConfig) -> MkDocsConfig:
    """Run the blocks of a page in one session, and make one that calls `sys.exit` an error.

    It would end the build with status 0.
    """
    for fence in config.mdx_configs["pymdownx.superfences"]["custom_fences"]:
        if fence["format"] is markdown_exec.formatter:
            fence["format"] = _guarded(fence["format"])
    return config


def _guarded(formatter: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(formatter)
    def guarded(
        source: str,
        language: str,
        css_class: str,
        options: dict[str, Any],
        *args: Any,
        **kwargs: Any,
    ) -> str:
        pure = importlib.import_module("_guide.engine.pure")
        page = _page_being_built
        try:
            options["session"] = page.file.src_uri
            with pure.limited():
                return formatter(source, language, css_class, options, *args, **kwargs)
        except SystemExit as error:
            raise SuperFencesException("an executed block must not end the program") from error
        except pure.TooLong as error:
            line = importlib.import_module("_guide.engine.blocks").line_of(source, page.markdown)
            raise SuperFencesException(f"{page.file.src_uri}:{line}: this block {error}") from error

    return guarded


on_config = CombinedEvent(
    _forget_modules,
    _list_questions,
    _link_to_python,
    _tell_addresses,
    _fill_footer,
    _link_one_style_sheet,
    _guard_blocks,
)


def on_serve(server: LiveReloadServer, **kwargs: Any) -> None:
    """Answer with the error while a build fails; MkDocs would leave every reader waiting."""
    build, answer = server.builder, server.serve_request
    written = Path(__file__).stat().st_mtime
    failed: list[bytes] = []

    def rebuild() -> None:
        failed.clear()
        if Path(__file__).stat().st_mtime != written:
            _LOG.warning(f"{Path(__file__).name} has changed: stop this server and start it again")
        try:
            build()
        except (Exception, SystemExit) as error:
            _LOG.exception("The guide does not build")
            failed.append(_failure(error).encode())

    def respond(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not failed or environ["PATH_INFO"].startswith("/livereload/"):
            return answer(environ, start_response)
        start_response("500 Does not build", [("Content-Type", "text/html; charset=utf-8")])
        return failed[:]

    server.builder = rebuild
    server.set_app(respond)


def _failure(error: BaseException) -> str:
    """Write a page about a failed build, which is asked for again until the build succeeds."""
    told = escape("".join(traceback.format_exception(error)))
    while error.__context__:
        error = error.__context__
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta http-equiv="refresh" content="1"><title>The guide does not build</title>'
        "<h1>The guide does not build</h1>"
        f"<p>{escape(f'{type(error).__name__}: {error}')}</p><pre>{told}</pre></html>"
    )


def _drop_unread_files(files: Files, config: MkDocsConfig) -> Files:
    """Leave out what no reader of an English guide downloads: source maps, foreign stemmers."""
    for file in list(files):
        if file.src_uri.endswith(".map") or file.src_uri.startswith("assets/javascripts/lunr/"):
            files.remove(file)
    return files


def _add_linked(files: Files, config: MkDocsConfig) -> Files:
    """Add by their names what pages link to and is made when they are read."""
    conformance = importlib.import_module("_evidence.conformance")
    for name in (conformance.FILE, _SCHEMA.name, _FEED):
        files.append(File.generated(config, name, content=""))
    return files


on_files = CombinedEvent(_drop_unread_files, _add_linked)


def on_env(env: Any, config: MkDocsConfig, files: Files) -> None:
    """Add what is computed: for other tools, for practice and calculators, for phones, the feed.

    Pages that do not build are told of at once: all this comes after them.
    """
    conformance = importlib.import_module("_evidence.conformance")
    practice = importlib.import_module("_guide.practice")
    calculators = importlib.import_module("_guide.calculators")
    cards = importlib.import_module("_guide.engine.cards")
    changes = importlib.import_module("_guide.engine.changes")
    made = {conformance.FILE: conformance.text(), _SCHEMA.name: _SCHEMA.read_bytes()}
    made |= dict(practice.files().values())
    scripts = [*importlib.import_module("_guide.browser.bundle").files().values()]
    if calculators.scripts.cache_info().currsize:  # a page has one
        scripts += [each for of in calculators.scripts().values() for each in (of.first, of.whole)]
    made |= {f"assets/{name}": text for name, text in scripts}
    made[cards.ICON] = cards.icon()
    made[_FEED] = changes.feed(config.site_name, config.site_url, get_build_date())
    for name, content in made.items():
        if promised := files.get_file_from_path(name):
            files.remove(promised)
        included = InclusionLevel.INCLUDED
        files.append(File.generated(config, name, content=content, inclusion=included))


def on_nav(nav: Navigation, **kwargs: Any) -> None:
    """Keep the navigation, of which the list of all pages is made."""
    global _nav
    _nav = nav


def on_page_markdown(markdown: str, page: Page, **kwargs: Any) -> None:
    """Refuse blocks that would be shown as text or are not pure; describe a module's page."""
    if markdown.startswith("# `dlp.") and "description" not in page.meta:
        module = importlib.import_module(f"dlp.{Path(page.file.src_uri).stem}")
        page.meta["description"] = (module.__doc__ or "").partition("\n")[0]
    global _page_being_built, _before  # pages are read and converted one after another
    _page_being_built = page
    _before = importlib.import_module("_guide.engine.pure").state()
    blocks = importlib.import_module("_guide.engine.blocks")
    for problem in blocks.problems(markdown, page.file.src_uri):
        _LOG.warning(problem)


def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, **kwargs: Any
) -> None:
    """Tell the templates of the card, where others can load it."""
    if "//127.0.0.1" not in (config.site_url or ""):
        context["card"] = importlib.import_module("_guide.engine.cards").address(page)


def on_page_content(html: str, page: Page, **kwargs: Any) -> str:
    """Say what a page did to the state of Python; mark what is not to be copied, and tables."""
    for change in importlib.import_module("_guide.engine.pure").changes(_before):
        _LOG.warning(f"{page.file.src_uri}: {change}")
    for kept, changed in _NOT_RUN.items():
        html = html.replace(kept, changed)
    return str(importlib.import_module("_guide.engine.light").standing(html))


def _write_twin(output: str, page: Page, config: MkDocsConfig) -> None:
    """Write the page as Markdown beside it."""
    twins = importlib.import_module("_guide.engine.twins")
    if not _is_served:  # nobody reads them there, and each build would take longer
        path = Path(config.site_dir, twins.address(page))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(twins.twin(output), encoding="utf-8")


def _draw_card(output: str, page: Page, config: MkDocsConfig) -> None:
    """Draw what a link to the page shows where it is shared."""
    cards = importlib.import_module("_guide.engine.cards")
    if not _is_served and cards.has_own(page):
        path = Path(config.site_dir, cards.address(page))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cards.drawn(cards.card(output, page, config.site_name), 1200))


@event_priority(-100)  # a page's policy is computed from all that stands in it
def _complete(output: str, **kwargs: Any) -> str:
    """Give a page the labels that the theme leaves out, and the policy that it keeps to."""
    output = _SECTION.sub(r'aria-labelledby="\1_title"\2id="\1_title" for="\1"', output)
    output = output.replace(_SEARCH, f'{_SEARCH} aria-label="Search"')
    if _is_served:  # the server puts a script into each page, another one each time
        return output
    policy = importlib.import_module("_guide.engine.policy")
    return str(policy.with_policy(output))


on_post_page = CombinedEvent(_write_twin, _draw_card, _complete)


def on_post_template(output_content: str, **kwargs: Any) -> str:
    """Do the same on the page for addresses that do not exist."""
    return _complete(output_content)


@event_priority(-100)  # after the search plugin has written its index
def _tell_search(config: MkDocsConfig) -> None:
    """Let no result of a search tell an answer, and the pages that readers want come first."""
    path = Path(config.site_dir, "search", "search_index.json")
    index = json.loads(path.read_text(encoding="utf-8"))
    searched = importlib.import_module("_guide.engine.searched")
    searched.without_answers(index["docs"])
    searched.weighted(index["docs"])
    path.write_text(json.dumps(index, separators=(",", ":")), encoding="utf-8")
    for program in Path(config.site_dir, "assets", "javascripts", "workers").glob("search.*.js"):
        mended = searched.mended(program.read_text("utf-8"))
        program.write_text(mended, encoding="utf-8", newline="\n")


@event_priority(-100)  # when all pages are written
def _write_style_sheet(config: MkDocsConfig) -> None:
    """Make one style sheet of all."""
    light = importlib.import_module("_guide.engine.light")
    site = Path(config.site_dir)
    parts = [*sorted(site.glob("assets/stylesheets/*.css")), *(site / name for name in _sheets)]
    read = {
        kind: [path.read_text("utf-8") for path in sorted(site.rglob(f"*.{kind}"))]
        for kind in ("html", "js")
    }
    sheet = light.style_sheet([path.read_text("utf-8") for path in parts], *read.values())
    for path in parts:
        path.unlink()
    (site / "assets" / "stylesheets").rmdir()
    (site / light.SHEET).write_text(sheet, "utf-8", newline="\n")


def _add_wheel(config: MkDocsConfig) -> None:
    """Put the package's own wheel into the site, for `pip install` from the guide itself."""
    from hatchling.builders.wheel import WheelBuilder

    for _ in WheelBuilder(str(ROOT)).build(directory=config.site_dir, versions=["standard"]):
        pass


def _list_twins(config: MkDocsConfig) -> None:
    """List every page for assistants, and tell them how to ask the formulas."""
    twins = importlib.import_module("_guide.engine.twins")
    Path(config.site_dir, "llms.txt").write_text(twins.listed(_nav, config), encoding="utf-8")
    shutil.copyfile(ROOT / "dlp" / "SKILL.md", Path(config.site_dir, "SKILL.md"))


@event_priority(-200)  # after everything
def _pack(config: MkDocsConfig) -> None:
    """Put the whole site into one file, to be read without a network."""
    if not _is_served:
        importlib.import_module("_guide.engine.offline").write(Path(config.site_dir))


on_post_build = CombinedEvent(_tell_search, _write_style_sheet, _add_wheel, _list_twins, _pack)
