"""No figure is typed by hand, and one that is will be found."""

from __future__ import annotations

import re
from html import unescape

import pytest

from _guide.engine import figures
from tests.pages.reading import text_of
from tests.paths import DOCS, PAGES, ROOT

GUIDE = DOCS / "_guide"
EXEMPT = figures.DECLARED | figures.MACHINERY
MODULES = sorted(
    name
    for path in GUIDE.rglob("*.py")
    if (name := path.relative_to(ROOT).as_posix())
    and not {path.relative_to(GUIDE).as_posix(), path.relative_to(GUIDE).parts[0]} & EXEMPT
)
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in (GUIDE / "engine" / "theme", DOCS / "assets")
    for path in folder.rglob("*.*")
    if path.suffix in {".html", ".css", ".js", ".svg"}
)


@pytest.mark.parametrize("page", [*PAGES, "../README.md", "../CONTRIBUTING.md"])
def test_no_figure_on_a_page_is_typed_by_hand(page: str) -> None:
    # The snippet of README is run, and its output compared with what stands there.
    text = re.sub(r"(?ms)^```(?:python|text)\n.*?^```", "", text_of(page)) if "READ" in page else ""
    assert not figures.typed_on_page(text or text_of(page), f"docs/{page}")


@pytest.mark.parametrize("name", MODULES)
def test_no_figure_in_the_code_of_the_guide_is_typed_by_hand(name: str) -> None:
    assert not figures.typed_in_module((ROOT / name).read_text("utf-8"), name)


@pytest.mark.parametrize("name", ["mkdocs.yml", *FILES])
def test_no_figure_around_the_pages_is_typed_by_hand(name: str) -> None:
    assert not figures.typed_in_file((ROOT / name).read_text("utf-8"), name)


def block(code: str, options: str = "") -> str:
    """Write an executed block."""
    return f'```python exec="on" {options}\n{code}\n```'


SHOWN = 'source="above" result="text"'

# Each with its figure between guillemets.
PROSE = """\
The answer is «28» GB.|The answer is `«28»` GB.|It takes «15,625» updates.|It takes «4.5» bits.
It takes `«15625»` updates.|It is «7.4» % more.|It is «+7» more.|The label is `«-100»`.
With `r=«8»` it grows.|Twice as much, «½» of it.|Twice as much, «&frac12;» of it.|Four: «4»×.
Between «4»–8 layers.|A model of «4096»×4096.|**«28»** of them|__«29» GB__|_«29»_ GB|*«28»*
Since «2023» it rounds up.|Since Transformers «5.23.0».|It takes\\n«29». Then more.
It takes up to\\n«15625») of them.|- one\\n- «2» of them|## The «28» layers
![The «28» GB of weights](weights.svg)|<img alt="«28» GB" src="weights.svg">|[«28» GB](../x.md)
<svg width="10"><title>All «28» layers</title></svg>|<svg><text x="1">«29»</text></svg>
<div role="group" aria-label="«28» rows">x</div>|[weights](x.md "«28» GB")|!!! note "The «28» GB"
=== "«28» layers"|It is $«28»$ GB.|It is $«7» \\times 4$ GB.|So $N = «7000000000»$.|So $x = «4.5»$.
$«29»\\,\\text{GB}$|$B = «46»$|$x \\approx «28»$|$«29» \\times 10^9$|$2^{«31»}$|$$\\n«28»\\n$$
Llama-2-7B has «70»B parameters.|It has «7»B parameters.|In «8»-bit formats.|An A100-«80GB» card.
Question «3» GB.|Llama «2» GB.|Question «9» is missing.|«twenty-nine gigabytes»|«Four layers» of it.
«A million tokens» of it.|«two hundred thousand updates»
---\\ntitle: X\\ndescription: «28» GB.\\n---\\n
```text\\n«28» GB\\n```|```\\n«15,625»\\n```|```console\\n$ «28» GB\\n```
```json\\n{"x": «28»}\\n```
```sh\\npip install dlp==«0.1.0»\\n```|[x][y] «28»|Text[^1].\\n\\n[^1]: All «28».|Rank\\n:   «28»
`#!calc count(«28»)`|`#!calc gb(«7_000_000_000» * 4)`|`#!calc decimal(«26.08», 2)`
`#!calc '«28» GB'`
`#!calc f'{«28»} GB'`|`#!calc gb(num_bytes=«29_000_000_000»)`|`#!calc count(vocab_size(size=«29»))`
Quoted “«70»B” of it, all [«28»](x.md).|<p data-label="«28»">x</p>|<meta content="«28» GB" name="x">
"""
CODE = """\
print('«28» GB')|print(f'{x} of «28» GB')|rows = [('Llama', '«28» GB')]\\nprint(table(rows))
print(picture(summary='At rank «256» it is thick.'))|print(count(«28»))|print(f'{«28»} GB')
n = «29_000_000_000»; print(gb(n))|print(gb(«29» * 10**9))|print("%d GB" % «29»)|print(str(«29»))
print("{} GB".format(«29»))|print(«27» + 1)|print(f(num_parameters=«7_000_000_000»))
for size in (f(x), '«28» GB'):\\n    print(size)|for size in («29»,):\\n    print(gb(size))
print("x" if a == 3 else "«28» GB")|print("of «29» gigabytes")|print("«twenty gigabytes»")
"""
VISIBLE = """\
print(«28»)|print('«28» GB')|x = f(1)  # that is «28» GB\\nprint(x)|print(f"{x} of «28» GB")
"""


def cases(text: str) -> list[str]:
    """Split a list of cases."""
    return [each.replace("\\n", "\n") for line in text.splitlines() for each in line.split("|")]


@pytest.mark.parametrize(
    "marked",
    [
        *cases(PROSE),
        "| Rank | «8» |\n|---|--:|\n| x | y |",
        *(block(code) for code in cases(CODE)),
        *(block(code, SHOWN) for code in cases(VISIBLE)),
        block("print(x)", f'{SHOWN} title="All «28» GB"'),
    ],
)
def test_a_typed_figure_is_found(marked: str) -> None:
    figure = re.search("«(.*?)»", marked)
    assert figure
    found = figures.typed_on_page(re.sub("[«»]", "", marked), "docs/x.md")
    value = unescape(re.sub(r"(?<=\d)_", "", figure[1]))
    line = marked.count("\n", 0, figure.start()) + 1
    assert any(each.startswith(f"docs/x.md:{line}: {value} is") for each in found), found


@pytest.mark.parametrize(
    "text",
    [
        "GPT-2, Llama-2-7B, Qwen2.5-7B and Llama 2 in fp32, bf16, NF4 or int8.",
        "A 7B model, “7B”, in a four-bit format, in sixteen bits; one byte, one layer.",
        "See question 1, questions 3 and 4, Questions 3 to 6.",
        "A GB is 10⁹ bytes, a GiB is 2³⁰, ten to the ninth.",
        "GB is $10^9$ bytes, GiB is $2^{30}$.",
        "About $12 L d^2$ and $\\text{r} \\times 2$; $x = 1$.",
        "$$\\frac{1}{|S|} \\sum_{i=1}^{n} x_i$$",
        "[a paper](https://arxiv.org/abs/2106.09685) and <https://arxiv.org/abs/2106.09685>",
        "[a formula][dlp.memory.weight_bytes2], [x][a-2 b] and [a page](x-2.md#part-3 'Part')",
        "1. first\n2. second",
        "`torch.float32`, `q_proj2`, `lm_head.0x`",
        "It is `#!calc count(given.num_labels)` and `#!calc q(3).wrong[0][0]`.",
        "It is `#!calc decimal(implied_depth(num_parameters=given.n), 3)`.",
        "It is `#!calc percent(GIB / GB - 1)` more, by `#!cite trainer-4-52`.",
        "Text {: .wide #part-2 } and [x](y.md){ width=300 }",
        '<div class="col-2" style="width: 50%" markdown="1">x</div>',
        "<!-- 28 GB, once -->",
        "A&#8239;b &nbsp; c",
        "::: dlp.units\n    options:\n      heading_level: 3",
        '--8<-- "CONTRIBUTING-2.md"',
        "```sh\npip install dlp\n```",
        block("x = f(num_labels=8)\nprint(f'{x:,.2f} GB')", SHOWN),
        block("for labels in (2, 100):\n    print(count(labels), percent(x, 5), x[3])"),
        block("print(record('lora', 'Llama-2-7B, r=8'), checks.checked(7), x / 10**9)"),
        block("assert x == 28  # markdown-exec: hide 28\nprint(x, 28 * x)", SHOWN),
    ],
)
def test_what_is_no_figure_is_left_alone(text: str) -> None:
    assert not figures.typed_on_page(text, "docs/x.md")


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('HINT = "Think of 28 GB."', "28"),
        ('answer = f"{gb(x)} of 28 GB"', "28"),
        ('q = Question(number=3, answer="15,625 updates")', "15,625"),
        ("q = Question(number=3, answer=count(28))", "28"),
        ('q = Question(number=3, counted={f"r={3}": "28 rows"})', "28"),
        ('"""A docstring of 28 lines."""', ""),
        ('x = record("updates", "Trainer 5.23.0, N=1000")', ""),
        ('q = Question(number=3, counted={"r=8": "rows"}, printed=("4.5",))', ""),
        ('x = re.compile(r"[0-9] 28")', ""),
        ('x = row["28"]', ""),
    ],
)
def test_a_figure_typed_into_the_code_of_the_guide_is_found(code: str, found: str) -> None:
    messages = figures.typed_in_module(code, "x.py")
    assert [each.split(" ")[1] for each in messages] == [found] * bool(found)


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("mkdocs.yml", "site_name: x\nsite_description: >-\n  It is\n  29 GB.\n", "4: 29"),
        ("mkdocs.yml", "nav:\n  - The 28 layers: x.md\n", "2: 28"),
        ("mkdocs.yml", "nav:\n  - More:\n      - The 28 layers: x.md\n", "3: 28"),
        ("404.html", "{# 1 #}\n<p>All {{ 2 }} of 29 GB</p>", "2: 29"),
        ("x.css", 'a { width: 28px }\nb::after {\n  content: "29 GB";\n}', "3: 29"),
        ("x.js", '// 28\nlet x = 3;\nx.title = "29 GB";', "3: 29"),
        ("x.js", "x.title = `${x + 28} of\n 29 GB`;", "2: 29"),
        ("x.svg", '<svg width="28">\n<text x="3">29</text></svg>', "2: 29"),
    ],
)
def test_a_figure_typed_around_the_pages_is_found(name: str, text: str, place: str) -> None:
    (message,) = figures.typed_in_file(text, name)
    assert message.startswith(f"{name}:{place} is typed")
