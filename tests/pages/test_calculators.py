"""What calculators show is what the pages say and the package gives, for whatever is set."""

from __future__ import annotations

import html
import io
import itertools
import json
import re
import shlex
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest

import dlp
from _guide import calculators, fit, given, ledger
from _guide.calculators import CALCULATORS
from _guide.formats import binary_size, count, decimal, size
from _guide.live import shown
from _guide.live.calculators import peak, targets
from _guide.live.calculators.steps import LAST_WINDOWS, LEFTOVERS
from _guide.pictures.drawing import text_width
from _guide.questions import QUESTIONS, question
from dlp import __main__ as command
from dlp import _command_fit
from tests.pages.calculated import states
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

ROOMS = re.compile(r'<pre class="no-copy"><code>(.*?)</code></pre>', re.S)
FIRST: dict[str, Callable[[], str]] = {
    "epoch": lambda: f"{count(question(1).call())} updates",
    "load": lambda: size(question(3).call()),
    "head": lambda: f"{count(question(5).call())} parameters",
    "methods": lambda: size(ledger.of_given_model()["full"]["total"]),
    "masked": lambda: f"{decimal(question(7).call(), 3)} nats",
    "rank": lambda: f"{count(question(8).call())} parameters",
    "peak": lambda: binary_size(fit.run()["peak"]),
    "home": lambda: binary_size(fit.run()["peak"]),
}
"""What the pages say where a calculator begins."""

RESULTS: dict[str, Callable[[Any], str]] = {
    "epoch": lambda updates: f"<strong>{count(updates)} update",
    "loop": lambda windows: f"{len(windows)} updates of" if windows else "no update is made",
    "load": lambda num_bytes: f"<strong>{size(num_bytes)}</strong>",
    "context": lambda num_bytes: f"<strong>{size(num_bytes)}</strong>",
    "head": lambda number: f"<strong>{count(number)} parameters",
    "methods": lambda rows: f"<strong>{size(rows['full']['total'])}",
    "masked": lambda loss: f"<strong>{decimal(loss, 3)} nats",
    "rank": lambda trained: f"In the model {count(trained)} are trained",
    "peak": lambda verdict: {peak.FITS: "It fits", peak.MAY_FIT: "luck."}.get(verdict, "not fit"),
}
"""How a calculator shows what its program gives."""


def written(name: str, values: dict[str, Any]) -> str:
    """Write what a calculator shows at once."""
    first, *_ = CALCULATORS[name].functions
    return str(first(**values, page=calculators.page(name, "../"))["html"])


def the_longest_is_slow(name: str) -> Any:
    """Give what a test is tried with; the calculator of a step has hundreds of states."""
    return pytest.param(name, marks=[pytest.mark.slow] if name == "peak" else [])


@pytest.mark.parametrize("name", FIRST)
def test_a_calculator_begins_with_what_its_page_says(name: str) -> None:
    assert FIRST[name]() in written(name, CALCULATORS[name].values())


def test_every_question_has_its_calculator() -> None:
    pages = [made.page for made in CALCULATORS.values()]
    assert [q.page for q in QUESTIONS if q.page.removesuffix(".md") not in pages] == []
    for made in CALCULATORS.values():
        text = (ROOT / "docs" / f"{made.page or 'index'}.md").read_text("utf-8")
        assert "calculators.calculator(" in text, made.page


@pytest.mark.parametrize("name", CALCULATORS)
def test_a_calculator_asks_for_what_its_functions_take(name: str) -> None:
    made = CALCULATORS[name]
    assert len({each.name for each in made.fields}) == len(made.fields)
    for field in made.fields:
        assert field.kind == "config" or field.value is not None
        assert not field.choices or field.value in field.choices


def test_what_can_be_chosen_is_all_there_is() -> None:
    assert tuple(LAST_WINDOWS) == dlp.LAST_WINDOWS
    assert tuple(LEFTOVERS) == dlp.LEFTOVERS
    assert tuple(peak.MOMENTS) == dlp.MOMENTS
    assert tuple(peak.PARTS) == dlp.PARTS
    cards: tuple[Any, ...] = given.fit_cards
    sold = [dlp.accelerator_memory_bytes(accelerator=card) // dlp.GIB for card in cards]
    assert tuple(sold) == given.drawn_cards


@pytest.mark.parametrize("name", [*map(the_longest_is_slow, RESULTS)])
def test_the_program_that_is_copied_gives_what_is_shown(name: str) -> None:
    made = refused = 0
    for values in states(name):
        try:
            text = written(name, values)
        except (ValueError, TypeError):
            refused += 1
            continue
        program = html.unescape(ROOMS.findall(text)[-2 if "Copy as command" in text else -1])
        room: dict[str, Any] = {}
        with redirect_stdout(io.StringIO()) as printed:
            exec(compile(program, "copied", "exec"), room)  # noqa: S102 - our own
        result = room.get("trained", list(room.values())[-1])
        assert RESULTS[name](result) in text, program
        if name in {"peak", "rank"}:  # whose programs print more than one thing
            assert str(result) in printed.getvalue()
            assert name == "rank" or f"holds {binary_size(room['step']['peak'])}" in text
        else:
            assert printed.getvalue() == f"{result}\n"
        made += 1
    assert made > 10
    assert refused


def answered(line: str, values: dict[str, Any]) -> dict[str, Any]:
    """Run a line of a shell that calls the command."""
    words = shlex.split(line)
    files = {"config.json": json.dumps(values.get("config"))}
    if words[0] == "echo":
        assert words[2] == "|"
        files["-"], words = words[1], words[3:]
    with redirect_stdout(io.StringIO()) as printed:
        command.main([*words[1:], "--json"], files)
    found: dict[str, Any] = json.loads(printed.getvalue())
    return found


@pytest.mark.parametrize("name", [*map(the_longest_is_slow, ("epoch", "peak", "rank"))])
def test_the_command_that_is_copied_gives_what_is_shown(name: str) -> None:
    made = 0
    for values in states(name):
        try:
            text = written(name, values)
        except (ValueError, TypeError):
            continue
        if "Copy as command" not in text:
            continue
        line = html.unescape(ROOMS.findall(text)[-1])
        judged = made % 20 == 0
        made += 1
        # On a card the command also looks for what would help, which takes long.
        found = answered(line if judged else re.sub(r" --card \S+", "", line), values)
        if name == "rank":
            assert f"In the model {count(found['lora']['trainable_params'])}" in text, line
            continue
        if name == "epoch":
            assert f"<strong>{count(found['updates_per_epoch'])} update" in text, line
            continue
        assert f"holds {binary_size(found['peak'])}" in text, line
        fits = {"fits": "It fits", "does not fit": "does not fit", "cannot say": "luck"}
        assert not judged or fits[found["verdict"]] in text, line
    assert made > 20


def test_a_verdict_is_that_of_the_command() -> None:
    words = {peak.FITS: 0, peak.DOES_NOT: 1, peak.MAY_FIT: 2}
    for length in (128, 256, 512, 1024, 2048, 4096, 8192):
        step = fit.run(max_length=length)
        for card in _command_fit.CARDS:
            assert words[peak.verdict(step, card)] == _command_fit._verdict(step, card)


def test_the_limits_of_the_peak_are_those_of_the_package() -> None:
    values = {**CALCULATORS["peak"].values(), "card": "h100"}
    text = peak.limits(**values, page=calculators.page("peak", "../"))["html"]
    run = peak.run(values)
    training = {k: v for k, v in run["training"].items() if k != "max_length"}
    longest = dlp.largest_context(accelerator="h100", **{**run, "training": training})["largest"]
    assert f"<td>{count(longest)}</td><td>{count(values['max_length'])}</td>" in text


@pytest.mark.parametrize("name", ["max_length", "max_seq_length", "bf16", "optim"])
def test_a_setting_with_a_field_of_its_own_is_refused_beside_it(name: str) -> None:
    values = CALCULATORS["peak"].values() | {"training": {name: 1}}
    with pytest.raises(ValueError, match=f"training must not have '{name}', which has a field"):
        peak.run(values)


NEOX = {**dlp.GPT2, "model_type": "gpt_neox", "hidden_size": 64, "num_hidden_layers": 2}
NEOX |= {"num_attention_heads": 2, "intermediate_size": 128, "max_position_embeddings": 64}


@pytest.mark.parametrize(
    ("config", "found"),
    [
        (dlp.LLAMA_3_8B, [["q_proj", "v_proj"], ["q_proj", "k_proj", "v_proj", "o_proj"]]),
        (dlp.GPT2, [["c_attn"], ["c_attn", "c_proj"]]),
        (NEOX, [["query_key_value"], ["query_key_value", "dense"]]),
        (
            {"model_type": "bart"},
            [["q_proj", "v_proj"], ["q_proj", "k_proj", "v_proj", "out_proj"]],
        ),
        # Its tower of images has an out_proj beside the o_proj of its text.
        (
            {"model_type": "gemma3"},
            [["q_proj", "v_proj"], ["q_proj", "k_proj", "v_proj", "o_proj"]],
        ),
    ],
)
def test_what_lora_adapts_has_the_names_of_the_family(config: Any, found: list[Any]) -> None:
    one, *some = targets.TARGETS
    assert targets.modules(one, config) == "all-linear"
    assert [targets.modules(each, config) for each in some] == found


def test_a_change_that_costs_more_is_left_out() -> None:
    values = {**CALCULATORS["peak"].values(), "method": "qlora"}
    text = peak.changes(**values, page={})["html"]
    assert "<td>LoRA</td>" not in text
    assert "<td>a fused loss</td>" in text


@pytest.mark.parametrize("name", ["load", "context"])
def test_no_label_of_an_axis_lies_on_another(name: str) -> None:
    field = {"load": "num_parameters", "context": "num_tokens"}[name]
    for number in (1, 1000, 10**9, 10**15):
        text = written(name, {**CALCULATORS[name].values(), field: number})
        ticks = re.findall(r'<text x="([\d.]+)"[^>]*middle" font-size="12">([^<]*) [kMGT]?B', text)
        ticks += re.findall(r'<text x="([\d.]+)"[^>]*middle" font-size="12">([^<]*) bytes', text)
        assert ticks, text
        places = sorted((float(x), text_width(f"{words} GB", 12)) for x, words in ticks)
        for (x, wide), (y, wider) in itertools.pairwise(places):
            assert x + wide / 2 <= y - wider / 2 + 1, ticks


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,000,000", 10**6),
        ("1 000 000", 10**6),
        (" 1_000 ", 1000),
        ("1e6", 10**6),
        ("1.5E6", 1_500_000),
        ("7B", 7 * 10**9),
        ("1.5k", 1500),
        ("-3", -3),
        ("0", 0),
        ("1.0", 1),
        ("1e18", 10**18),
    ],
)
def test_numbers_are_read_as_people_type_them(text: str, number: int) -> None:
    assert shown.whole(name="n", text=text) == number


@pytest.mark.parametrize(
    "text", ["", "x", "1.5", "1e", "1,00", "1,0000", "1e99", "0x1", "٣", "1e-3", "--1", "."]
)
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^n must be a whole number"):
        shown.whole(name="n", text=text)
