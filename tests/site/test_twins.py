"""Every page has a twin in Markdown that says the same, and `llms.txt` leads to each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin, urlsplit

from _guide.engine.mathml import to_mathml
from _guide.engine.twins import twin
from tests.pages import answers
from tests.site.test_site import HERE
from tests.told import nothing

if TYPE_CHECKING:
    from tests.site.conftest import Site

_FENCE = re.compile(r"^(?: *> *| *)```.*?^[ >]*```", re.M | re.S)
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.S)
_TEX = re.compile(r"(\$\$?)([^$]+)\1")
_LINK = re.compile(r"\]\(([^)\s]+)")
_CELL = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.S)
_APART = re.compile(
    r'<math.*?</math>|<details (?:class="(?:mkdocstrings-source|evidence cases)|data-aside).*?'
    r"</details>",
    re.S,
)
_FIGURE = re.compile(r"\d[\d,.]*\d")


def twins(built: Site) -> dict[str, str]:
    """Read every twin by its path."""
    names = [name for name in built.files if name.endswith("index.md")]
    return {name: built.files[name].read_text("utf-8") for name in names}


def prose(text: str) -> str:
    """Leave out code."""
    return _CODE.sub("", _FENCE.sub("", text))


def test_every_page_has_a_twin_beside_it_and_says_so(built: Site) -> None:
    pages = {name for name in built.documents if name != "404.html"}
    assert set(twins(built)) == {f"{name.removesuffix('.html')}.md" for name in pages}
    link = '<link rel="alternate markdown" type="text/markdown" href="index.md">'
    assert all(link in built.files[name].read_text("utf-8") for name in pages)


def test_the_list_leads_to_every_twin_once(built: Site) -> None:
    text = built.files["llms.txt"].read_text("utf-8")
    title, _, about, *_ = text.splitlines()
    assert title == "# DLP study guide"
    assert about.startswith("> ")
    # Each with what it is about.
    listed = re.findall(r"^- \[[^\]]+\]\(" + HERE + r"(\S*index\.md)\): \S", text, re.M)
    assert sorted(listed) == sorted(twins(built))
    assert f"[SKILL.md]({HERE}SKILL.md)" in text
    assert "# Sizing a fine-tuning run" in built.files["SKILL.md"].read_text("utf-8")
    assert re.findall(r"^## (.*)", text, re.M)[:2] == ["The guide", "Questions"]


def test_links_of_twins_lead_somewhere(built: Site) -> None:
    for name, text in twins(built).items():
        for link in _LINK.findall(prose(text)):
            target = urljoin(HERE + name, urldefrag(link).url)
            path = urlsplit(target).path[1:]
            if target.startswith(HERE):
                assert path in built.files, f"{name}: {link}"
                assert not path.endswith(".html"), f"{name}: {link} leads away from the twins"


def test_nothing_of_a_page_is_left_as_it_was_marked_up(built: Site) -> None:
    for name, text in twins(built).items():
        nothing(f"{name}: {tag}" for tag in re.findall(r"</\w+>|<\w+ \w+=|¶|&\w+;", prose(text)))


def test_a_formula_is_the_tex_of_the_one_on_the_page(built: Site) -> None:
    number = 0
    for name, text in twins(built).items():
        page = built.files[name.replace(".md", ".html")].read_text("utf-8")
        for dollars, tex in _TEX.findall(prose(text)):
            number += 1
            assert to_mathml(tex, display=dollars == "$$") in page, f"{name}: {tex}"
    assert number > 500


def test_the_answers_stand_there(built: Site) -> None:
    for name, ((right, _), wrong, _) in answers.KEY.items():
        text = twins(built)[f"questions/{name}/index.md"].replace("\N{NO-BREAK SPACE}", " ")
        assert f"**{right}" in text, name
        assert all(f"| **{row[0]}" in text for row in wrong), name


def test_the_figures_of_every_table_stand_there(built: Site) -> None:
    for name, text in twins(built).items():
        page = built.files[name.replace(".md", ".html")].read_text("utf-8")
        cells = " ".join(_CELL.findall(_APART.sub("", page)))
        figures = {*_FIGURE.findall(re.sub(r"<[^>]+>", " ", cells))}
        assert figures <= {*_FIGURE.findall(text)}, name


def test_what_is_in_the_conformance_file_is_named_there(built: Site) -> None:
    text = twins(built)["evidence/memory/index.md"]
    link = r"^Printed numbers: \d+, in \[conformance\.json\]\(\.\./\.\./conformance\.json\)$"
    assert re.findall(link, text, re.M)


def test_what_a_calculator_folds_away_stands_there(built: Site) -> None:
    text = twins(built)["will-it-fit/index.md"]
    for fold in ("Moment by moment, part by part", "Worked out", "In Python, in the shell"):
        assert f"**{fold}**" in text
    assert "step = peak_memory(" in text
    assert "More settings" not in text


def test_what_is_not_to_be_read_is_left_out() -> None:
    page = """<main><article class="x"><h1 id="a">Title<a class="headerlink" href="#a">¶</a></h1>
    <script>1</script><figure><svg id="b"><title id="c">Bars</title><desc>One, two</desc><text>3
    </text></svg></figure><button>Press</button><details><summary>Why?</summary><p>So. <a
    href="../b/#c">b</a>, <a href=".">here</a>, <a href="https://a.example/b/">there</a></p>
    </details></article></main>"""
    assert twin(page) == (
        "# Title\n\nPicture: Bars. One, two\n\n**Why?**\n\n"
        "So. [b](../b/index.md#c), [here](./index.md), [there](https://a.example/b/)\n"
    )
