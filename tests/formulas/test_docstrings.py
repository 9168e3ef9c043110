"""Docstrings are the reference: what they say beside their display formulas is computed too.

Units against the names, tables and formulas in a line against the functions, versions against the
records. Display formulas are evaluated with the worked solutions.
"""

from __future__ import annotations

import ast
import inspect
import json
import math
import re
from typing import TYPE_CHECKING, Any

import pytest

import dlp
from _evidence.units import SEVERAL, unit
from _guide import worked
from tests.formulas import api
from tests.formulas.calls import ARGUMENTS, FUNCTIONS, plain_call
from tests.formulas.tex import evaluate, multiplied
from tests.paths import DOCS
from tests.told import nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOCSTRINGS = {name: inspect.getdoc(function) or "" for name, function in FUNCTIONS.items()}
_INLINE = re.compile(r"(?<!\$)\$([^$]+)\$(?!\$)")
_CONDITION = re.compile(r"`(\w+)=([^`]+)`")


def tables(name: str) -> list[list[list[str]]]:
    """Give the cells of each table in a docstring, row by row, the header first."""
    found = re.findall(r"(?:^\|.*\n)+", DOCSTRINGS[name] + "\n", re.M)
    return [
        [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines()
            if not re.fullmatch(r"[|:-]+", line)
        ]
        for text in found
    ]


# --- Units ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in SEVERAL])
def test_a_result_is_documented_in_the_unit_that_its_name_says(name: str) -> None:
    returned = re.search(r"^Returns:\n((?:    .*\n)+)", DOCSTRINGS[name] + "\n", re.M)
    said = " ".join(returned[1].split()) if returned else ""
    assert re.match(rf"(Trainable )?{re.escape(unit(name))}\b", said, re.I), (
        f"{name}: by its name its unit is {unit(name)!r}, by its docstring {said!r}"
    )


def test_a_name_that_says_no_unit_is_refused() -> None:
    assert FUNCTIONS.keys() > SEVERAL
    assert unit("training_days") == "days"
    assert unit("training_flops_per_token") == "FLOPs per token"
    for name in ("largest_batch", "megabits", "bytes_of_all"):
        with pytest.raises(ValueError, match=name):
            unit(name)


# --- Tables ---------------------------------------------------------------------------------

WORDS = {"active_parameters", "compute_parameters", "model_kv_cache_bytes"}
"""Formulas with a table in words, to be read by people; that it names every choice is tested."""

ELSEWHERE = {
    "model_weight_bytes",
    "peak_memory",
    "sharded_state_bytes",
    "transformers_head_parameters",
}
"""Formulas whose table has a test of its own."""

LOOKED_UP = [
    name
    for name in FUNCTIONS
    for table in tables(name)
    if re.fullmatch(r"`\w+`", table[0][0]) and re.match(r"[\d.]+$", table[1][1])
]
STATED = [
    (name, table) for name in FUNCTIONS for table in tables(name) if table[0][0].startswith("with")
]


def test_every_table_of_a_docstring_is_evaluated() -> None:
    tabled = {name for name in FUNCTIONS if tables(name)}
    assert tabled == WORDS | ELSEWHERE | set(LOOKED_UP) | {name for name, _ in STATED}


@pytest.mark.parametrize("name", LOOKED_UP)
def test_a_table_of_choices_has_the_numbers_that_the_function_gives(name: str) -> None:
    (((argument, title, *_), *rows),) = tables(name)
    parameter = argument.strip("`")
    scale = {"teraFLOPs": 10**12, "GB": 10**9, "GiB": 2**30}.get(title.split()[0], 1)
    table = {
        choice: float(row[1]) * scale for row in rows for choice in re.findall(r"`(.+?)`", row[0])
    }
    assert set(table) == set(ARGUMENTS[name][parameter]), f"{name}: the table has not every choice"
    for choice, number in table.items():
        found = FUNCTIONS[name](**plain_call(name) | {parameter: choice})
        # Bytes are whole.
        assert number == pytest.approx(found, abs=0.0005 if scale == 1 else 1), choice


@pytest.mark.parametrize("name", ["active_parameters", "compute_parameters"])
def test_a_table_in_words_names_every_choice(name: str) -> None:
    (((argument, *_), *rows),) = tables(name)
    named = [row[0].strip('`"') for row in rows]
    assert named == ARGUMENTS[name][argument.strip("`")]


def test_what_stages_spread_is_as_documented() -> None:
    (((_, title), *rows),) = tables("sharded_state_bytes")
    assert title == "spread from `stage`"
    whole: dict[str, Any] = {"num_trainable_parameters": 8, "num_frozen_parameters": 8}
    seen = []
    for parts, first in rows:
        for part in re.findall(r"`(.+?)`", parts):
            seen.append(part)
            for stage in range(4):
                one, eight = (
                    dlp.sharded_state_bytes(**whole, stage=stage, num_devices=devices)[part]
                    for devices in (1, 8)
                )
                assert one == (8 if stage >= int(first) else 1) * eight, (part, stage)
    assert sorted([*seen, "total"]) == sorted(dlp.sharded_state_bytes(**whole))


# --- Formulas in a line ---------------------------------------------------------------------

EXPLAINED: dict[str, Callable[[int], tuple[int, int]]] = {
    "2N": lambda n: (2 * n, dlp.forward_flops(num_parameters=n, num_tokens=1)),
    "6N": lambda n: (6 * n, dlp.training_flops(num_parameters=n, num_tokens=1)),
    "6ND": lambda n: (6 * n * n, dlp.training_flops(num_parameters=n, num_tokens=n)),
    "2mkn": lambda n: (2 * n * n * n, dlp.forward_flops(num_parameters=n * n, num_tokens=n)),
    "12 L H Q T": lambda n: (
        12 * n**4,
        FUNCTIONS["attention_flops"](
            **dict.fromkeys(["num_hidden_layers", "num_attention_heads", "head_dim"], n),
            sequence_length=n,
            num_tokens=1,
        ),
    ),
    "d^2 + d": lambda n: (n**2 + n, dlp.linear_parameters(in_features=n, out_features=n)),
}
"""What the formulas say whose letters are no argument of the function that they stand in."""

SYMBOLS = {r"V \times d", "B A", "i + 1", r"y_i \ne", r"m \times k", r"k \times n", "z_i", "y_i"}
"""The names of things: matrices by their sides, positions."""


def statements(name: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Give the formulas in a line of a docstring, what each holds for, and of which entry."""
    text = re.sub(r"\$\$.+?\$\$", "", DOCSTRINGS[name], flags=re.S)
    for block in re.split(r"\n\n", text):
        if block.startswith("|"):
            continue
        for formula in _INLINE.findall(" ".join(block.split())):
            conditions = _CONDITION.findall(block) if block.startswith("With `") else []
            yield formula, {key: ast.literal_eval(value) for key, value in conditions}, ""
    for other, (header, *rows) in STATED:
        for row in rows if other == name else []:
            conditions = _CONDITION.findall(header[0]) + _CONDITION.findall(row[0])
            for title, cell in zip(header[1:], row[1:], strict=True):
                entry = re.match(r"`(\w+)`", title)
                values = {key: ast.literal_eval(value) for key, value in conditions}
                yield cell, values, entry[1] if entry else ""


def letters(name: str) -> dict[str, str]:
    """Give the argument that each letter of a docstring's formulas stands for."""
    return dict(re.findall(r"\$(\w)\$ `(\w+)`", " ".join(DOCSTRINGS[name].split())))


@pytest.mark.parametrize(
    "name", [n for n in FUNCTIONS if any(len(s[0]) > 1 for s in statements(n))]
)
def test_a_formula_in_a_line_gives_what_the_function_gives(name: str) -> None:
    of = letters(name)
    unread = []
    for stated, conditions, entry in statements(name):
        formulas = _INLINE.findall(stated) or [stated]
        if len(stated) == 1 or stated in SYMBOLS or stated in EXPLAINED:
            continue
        if not set(re.findall(r"(?<![\\a-z])[A-Za-z](?![a-z]{2})", formulas[0])) <= of.keys():
            unread.append(stated)
            continue
        accepted = worked.parameters(FUNCTIONS[name])
        for place in (0, -1):  # the first and the last of the values that tests try
            call = {
                parameter: values[place]
                for parameter, values in ARGUMENTS[name].items()
                if accepted[parameter].default is inspect.Parameter.empty
                or parameter in of.values()
            } | conditions
            if "additional_buffer_factor" in accepted:
                call["additional_buffer_factor"] = 1  # which the title of the column says
            known = {letter: call[argument] for letter, argument in of.items()}
            value = max(evaluate(multiplied(formula, known)) for formula in formulas)
            found = FUNCTIONS[name](**call)
            assert math.floor(value) == (found[entry] if entry else found), (stated, call)
    assert not unread or name in ELSEWHERE, f"{name}: say what the letters of {unread} stand for"


@pytest.mark.parametrize("formula", EXPLAINED)
def test_a_rule_of_thumb_is_the_formula_it_explains(formula: str) -> None:
    stated, found = EXPLAINED[formula](7)
    assert stated == found
    assert evaluate(multiplied(formula, dict.fromkeys("NDmkndLHQT", 7))) == stated


def test_modules_and_constants_state_no_other_formula() -> None:
    others = [text for path, text in prose() if path.rpartition(".")[2] not in FUNCTIONS]
    stated = {formula for text in others for formula in _INLINE.findall(text) if len(formula) > 1}
    assert stated <= EXPLAINED.keys()


# --- Versions and figures -------------------------------------------------------------------

PACKAGES = {
    "Transformers": "transformers",
    "PEFT": "peft",
    "PyTorch": "torch",
    "TRL": "trl",
    "Accelerate": "accelerate",
    "bitsandbytes": "bitsandbytes",
}
READ = {"PEFT 0.4.0", "Transformers 4.52.1", "DeepSpeed 0.19.6"}
"""Versions whose source was read and that no record was made with."""


def prose() -> Iterator[tuple[str, str]]:
    """Give the docstring of every module, constant and formula."""
    for module in api.modules().values():
        yield module.path, module.docstring.value if module.docstring else ""
    for path, member in api.public().items():
        yield path, member.docstring.value if member.docstring else ""


def test_the_versions_named_are_those_recorded() -> None:
    recorded = set()
    for counted in (DOCS / "_evidence" / "counted").glob("*.json"):
        topic = json.loads(counted.read_text(encoding="utf-8"))
        for versions in [topic, *topic["records"]]:
            recorded |= set(versions.get("versions", {}).items())
    named = {
        (path, package, version)
        for path, text in prose()
        for package, version in re.findall(
            rf"({'|'.join([*PACKAGES, 'DeepSpeed'])})(?: from)? (\d+\.[\d.]*\d)", text
        )
    }
    assert len(named) > 30
    for path, package, version in named:
        known = {v for p, v in recorded if p == PACKAGES.get(package)}
        assert (
            version in {*known, *(v.rpartition(".")[0] for v in known)}
            or f"{package} {version}" in READ
        ), f"{path}: {package} {version} is not among the recorded {sorted(known)}"


def test_no_figure_is_typed_into_a_docstring() -> None:
    """A result stands in an example, which is run; a size in prose would be nobody's to compute."""
    code = r'\$\$?[^$]+\$\$?|^ *(?:>>>|\.\.\.).*|`[^`]*`|"[^"]*"|^\|.*'
    code += r"|1 GB = 10\^9 bytes|1 GiB = 2\^30 bytes"  # which define the units
    figure = re.compile(
        r"\d[\d.,]*(?: ?%| [MB]\b| ?[KMGT]i?B\b| (?:m|b)illion| bytes)|\d\.\d+ bits|\d\^\d+"
    )
    found = []
    for path, text in prose():
        body = re.split(r"^(?:Args|Source):$", text, flags=re.M)[0]
        rest = "".join(re.findall(r"^(?:Returns|Examples):$.*", text, re.M | re.S))
        typed = figure.findall(re.sub(code, "", body + rest.split("Source:")[0], flags=re.M))
        typed += figure.findall(re.sub(code, "", rest.partition("Examples:")[2], flags=re.M))
        found += [f"{path}: let an example compute {each}" for each in dict.fromkeys(typed)]
    nothing(found)


# --- Choices --------------------------------------------------------------------------------


@pytest.mark.parametrize("constant", api.constants().values(), ids=lambda c: c.path)
def test_a_list_of_choices_has_the_type_of_its_choices(constant: Any) -> None:
    """What type checkers allow is what the function takes."""
    named = re.findall(r"(?:tuple|dict)\[(\w+), ", str(constant.annotation or ""))
    for alias in named:
        member = constant.parent.members.get(alias)
        if member is not None and str(getattr(member, "value", "")).startswith("Literal"):
            allowed = ast.literal_eval(f"({str(member.value).removeprefix('Literal[')[:-1]},)")
            found = getattr(dlp, constant.name) if not constant.name.startswith("_") else allowed
            assert list(allowed) == list(found)


def test_a_choice_is_no_mere_string() -> None:
    """A type checker refuses a choice unknown, unless a config has it or a release follows it."""
    strings = {
        (name, parameter.name)
        for name, function in FUNCTIONS.items()
        for parameter in worked.parameters(function).values()
        if parameter.annotation is str
    }
    # What searches on the peak has the same arguments.
    of_steps = {
        (name, "library")
        for name, function in FUNCTIONS.items()
        if worked.parameters(function).keys() >= {"training", "library"}
    }
    assert strings == {("transformers_head_parameters", "model_type")} | of_steps
