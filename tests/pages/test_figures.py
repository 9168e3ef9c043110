"""No figure is typed by hand, and one that is will be found."""

from __future__ import annotations

import pytest

from _guide.engine import figures
from tests.pages.reading import text_of
from tests.paths import DOCS, PAGES

GUIDE = DOCS / "_guide"
EXEMPT = figures.DECLARED | figures.MACHINERY
MODULES = sorted(
    name
    for path in GUIDE.rglob("*.py")
    if (name := path.relative_to(GUIDE).as_posix()) not in EXEMPT
    and name.partition("/")[0] not in EXEMPT
)


@pytest.mark.parametrize("page", PAGES)
def test_no_figure_on_a_page_is_typed_by_hand(page: str) -> None:
    assert not figures.typed_on_page(text_of(page), page)


@pytest.mark.parametrize("module", MODULES)
def test_no_figure_in_the_texts_of_the_guide_is_typed_by_hand(module: str) -> None:
    code = (GUIDE / module).read_text(encoding="utf-8")
    assert not figures.typed_in_module(code, module)


def block(code: str, *, options: str = "") -> str:
    """Write an executed block."""
    return f'```python exec="on" {options}\n{code}\n```'


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("The answer is 28 GB.", "28"),
        ("The answer is `28` GB.", "28"),
        ("It takes 15,625 updates.", "15,625"),
        ("It takes `15625` updates.", "15625"),
        ("It takes 4.5 bits.", "4.5"),
        ("It is 7.4 % more.", "7.4"),
        ("It is +7 more.", "+7"),
        ("The label is `-100`.", "-100"),
        ("With `r=8` it grows.", "8"),
        ("Twice as much, ½ of it.", "½"),
        ("Four times: 4×.", "4"),
        ("Between 4–8 layers.", "4"),
        ("A model of 4096×4096.", "4096"),
        ("**28** of them", "28"),
        ("Since 2023 it rounds up.", "2023"),
        ("Since Transformers 5.23.0.", "5.23.0"),
        ("| Rank | 8 |\n|---|--:|\n| x | y |", "8"),
        ("- one\n- 2 of them", "2"),
        ("![The 28 GB of weights](weights.svg)", "28"),
        ('<img alt="28 GB" src="weights.svg">', "28"),
        ('<svg width="10"><title>All 28 layers</title></svg>', "28"),
        ('<div role="group" aria-label="28 rows">x</div>', "28"),
        ("[28 GB](../x.md)", "28"),
        ('[weights](x.md "28 GB")', "28"),
        ('!!! note "The 28 GB"', "28"),
        ('=== "28 layers"', "28"),
        ("## The 28 layers", "28"),
        ("It is $28$ GB.", "28"),
        ("It is $7 \\times 4$ GB.", "7"),
        ("So $N = 7000000000$.", "7000000000"),
        ("So $x = 4.5$.", "4.5"),
        ("`#!calc count(28)`", "28"),
        ("`#!calc gb(7_000_000_000 * 4)`", "7000000000"),
        ("`#!calc decimal(26.08, 2)`", "26.08"),
        ("`#!calc '28 GB'`", "28"),
        ("`#!calc f'{28} GB'`", "28"),
        ("Question 9 is missing.", "9"),
        ("---\ntitle: X\ndescription: The model takes 28 GB.\n---\n", "28"),
        ("```text\n28 GB\n```", "28"),
        ("```\n15,625\n```", "15,625"),
        (block("print('28 GB')"), "28"),
        (block("print(f'{x} of 28 GB')"), "28"),
        (block("rows = [('Llama', '28 GB')]\nprint(table(rows))"), "28"),
        (block("print(picture(summary='At rank 256 it is thick.'))"), "256"),
        (block("print(count(28))"), "28"),
        (block("print(f'{28} GB')"), "28"),
        (block("print(28)", options='source="above" result="text" '), "28"),
        (block("print('28 GB')", options='source="above" result="text" '), "28"),
        (block("x = f(1)  # that is 28 GB\nprint(x)", options='source="above" '), "28"),
        (block("print(x)", options='source="above" title="All 28 GB" '), "28"),
    ],
)
def test_a_typed_figure_is_found(text: str, figure: str) -> None:
    found = figures.typed_on_page(text, "x.md")
    assert any(f" {figure} is typed by hand; compute it" in message for message in found), found
    assert all(message.startswith("docs/x.md:") for message in found)


@pytest.mark.parametrize(
    "text",
    [
        "GPT-2, Llama-2-7B, Qwen2.5-7B and Llama 2 in fp32, bf16, NF4 or int8.",
        "A 7B model in a 4-bit format, in 16-bit or 32-bit numbers.",
        "See question 1, questions 3 and 4, Questions 3 to 6.",
        "A GB is 10⁹ bytes, a GiB is 2³⁰.",
        "GB is $10^9$ bytes, GiB is $2^{30}$.",
        "About $12 L d^2$ and $\\text{r} \\times 2$.",
        "$$\\frac{1}{|S|} \\sum_{i=1}^{n} x_i$$",
        "[a paper](https://arxiv.org/abs/2106.09685) and <https://arxiv.org/abs/2106.09685>",
        "[a formula][dlp.memory.weight_bytes2] and [a page](x-2.md#part-3 'Part')",
        "1. first\n2. second",
        "Text[^1].\n\n[^1]: A note.",
        "`torch.float32`, `q_proj2`, `lm_head.0x`",
        "It is `#!calc count(given.num_labels)` and `#!calc q(3).answer`.",
        "It is `#!calc gb(weight_bytes(num_parameters=7, dtype='fp32'))`.",
        "It is `#!calc decimal(implied_depth(num_parameters=given.n), 1)`.",
        "It is `#!calc q(5).wrong[0][0]`.",
        "It is `#!calc percent(GIB / GB - 1)` more, by `#!cite trainer-4-52`.",
        "Text {: .wide #part-2 } and [x](y.md){ width=300 }",
        '<div class="col-2" style="width: 50%" markdown="1">x</div>',
        "<!-- 28 GB, once -->",
        "A&#8239;b &nbsp; c",
        "::: dlp.units\n    options:\n      heading_level: 3",
        '--8<-- "CONTRIBUTING-2.md"',
        "```sh\npip install dlp==0.1.0\n```",
        block("x = f(num_labels=8)\nprint(f'{x:,.2f} GB')", options='source="above" '),
        block("for labels in (2, 100):\n    print(count(labels))"),
        block("print(record('lora', 'Llama-2-7B, r=8'))"),
        block("assert x == 28  # markdown-exec: hide 28\nprint(x)", options='source="above" '),
    ],
)
def test_what_is_no_figure_is_left_alone(text: str) -> None:
    assert not figures.typed_on_page(text, "x.md")


def test_the_line_is_that_of_the_figure() -> None:
    text = (
        "---\ntitle: X\n---\n\n" + block("x = 1\nprint('28 GB')") + "\n\n$$\nx^2\n$$\n\nAnd 29.\n"
    )
    lines = [message.split(":")[1] for message in figures.typed_on_page(text, "x.md")]
    assert lines == ["7", "14"]


@pytest.mark.parametrize(
    "code",
    [
        'HINT = "Think of 28 GB."',
        'answer = f"{gb(x)} of 28 GB"',
        'answer = f"{28} GB"',
        'q = Question(number=1, answer="15,625 updates")',
    ],
)
def test_a_figure_typed_into_a_text_of_the_guide_is_found(code: str) -> None:
    assert figures.typed_in_module(code, "questions.py")


@pytest.mark.parametrize(
    "code",
    [
        '"""A docstring of 28 lines."""',
        'x = record("updates", "Trainer 5.23.0, N=1000")',
        'x = f"{value:,.2f} GB"',
        "q = Question(number=1, answer=count(call()))",
        'x = re.compile(r"[0-9] 28")',
        'x = row["28"]',
    ],
)
def test_code_that_is_no_text_is_left_alone(code: str) -> None:
    assert not figures.typed_in_module(code, "questions.py")
