"""Calls of what draws and of what asks, the same each time."""

from __future__ import annotations

import importlib
import inspect
import itertools
import random
from typing import TYPE_CHECKING, Any

import dlp
from _guide import formats, given, worked
from _guide.live import solve
from _guide.pictures import axes, bars, shapes, step, timeline, tokens
from _guide.questions import QUESTIONS
from tests.formulas.calls import FUNCTIONS, calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Call = tuple["Callable[..., Any]", dict[str, Any]]

PICTURES = 120
"""Pictures of a kind."""

WORDS = ("Q", "größe", "<b>", "a & b", "'it's'", "日本", "WMW%@→", "full fine-tuning", "x", "ill.")


def numbers() -> Iterator[Call]:
    """Write numbers of every size."""
    chance = random.Random("numbers")  # noqa: S311 - not for secrets
    for _ in range(400):
        whole = int(10 ** chance.uniform(0, 20)) * chance.choice([1, 1, -1])
        real = chance.choice([whole, chance.uniform(-1, 1), 10 ** chance.uniform(-6, 15), 2.5])
        yield formats.count, {"value": chance.choice([whole, real])}
        yield formats.decimal, {"value": real, "digits": chance.randrange(5)}
        yield formats.percent, {"share": real}
        yield formats.times, {"ratio": real}
        for write in (formats.size, formats.binary_size, formats.gb):
            yield write, {"num_bytes": chance.choice([abs(whole), abs(real)])}


def about(chance: random.Random) -> dict[str, Any]:
    """Give what every picture has."""
    name = chance.choice(["a", "a-1", "memory-bars", "memory", "Wrong name"])
    caption = chance.choice(["", "One <em>caption</em>."])
    return {"name": name, "title": chance.choice(WORDS), "summary": "s & s", "caption": caption}


def pictures() -> Iterator[Call]:
    """Draw, also what cannot be drawn."""
    chance = random.Random("pictures")  # noqa: S311
    for _ in range(PICTURES):
        yield bars.stacked_bars, {**_bars(chance), **about(chance)}
        yield timeline.accumulation_timeline, {**_timeline(chance), **about(chance)}
        yield tokens.token_strip, {**_tokens(chance), **about(chance)}
        yield shapes.shape_boxes, {**_shapes(chance), **about(chance)}
        yield axes.ticks, {"low": chance.uniform(-5, 5), "high": 10 ** chance.uniform(-3, 12)}
    for _ in range(PICTURES // 4):
        yield step.training_step, {**_step(chance), **about(chance)}


def _bars(chance: random.Random) -> dict[str, Any]:
    parts = chance.sample(WORDS, chance.choice([1, 2, 3, 4, 5, 6]))
    rows = {
        row: {part: chance.choice([0, 0.2, 10 ** chance.uniform(-2, 4)]) for part in parts}
        for row in chance.sample(WORDS, chance.randrange(1, 5))
    }
    return {"rows": rows, "unit": "GB", "number": chance.choice([formats.decimal, formats.times])}


def _timeline(chance: random.Random) -> dict[str, Any]:
    windows = dlp.accumulation_windows(
        num_micro_batches=chance.randrange(1, 25),
        gradient_accumulation_steps=chance.randrange(1, 12),
        num_train_epochs=chance.randrange(1, 3),
        leftover=chance.choice(list(dlp.LEFTOVERS)),
    )
    return {"windows": windows, "boundary": chance.choice([None, chance.randrange(1, 12)])}


def _tokens(chance: random.Random) -> dict[str, Any]:
    text = [chance.choice(WORDS) for _ in range(chance.randrange(1, 14))]
    lengths = [len(text)] * 5 + [len(text) + 1]
    rows = {
        row: [chance.random() < 0.5 for _ in range(chance.choice(lengths))]
        for row in chance.sample(WORDS, 2)
    }
    return {"tokens": text, "rows": rows}


def _shapes(chance: random.Random) -> dict[str, Any]:
    named = chance.sample(WORDS, chance.randrange(1, 4))
    sides = [int(10 ** chance.uniform(0, 4.5)) for _ in range(6)]
    return {
        "shapes": [(each, chance.choice(sides), chance.choice(sides)) for each in named],
        "frozen": named[: chance.randrange(2)],
    }


def _step(chance: random.Random) -> dict[str, Any]:
    panels = {}
    for title in chance.sample(WORDS, 2):
        found = dlp.peak_memory(
            config=chance.choice([dlp.LLAMA_3_8B, dlp.QWEN2_5_7B]),
            training={
                "per_device_train_batch_size": chance.randrange(1, 5),
                "max_length": chance.choice([512, 2048]),
                "gradient_checkpointing": chance.random() < 0.5,
                "dtype": "bfloat16",
            },
            lora=chance.choice([None, {"r": 16, "target_modules": "all-linear"}]),
        )
        moments = {
            moment: {part: dlp.gibibytes(num_bytes=n) for part, n in parts.items()}
            for moment, parts in found["moments"].items()
        }
        traced = {phase: [chance.uniform(0, 40) for _ in range(3)] for phase in step.PHASES}
        panels[title] = {"moments": moments, "traced": traced, "layers": 32}
    return {"panels": panels, "cards": list(given.drawn_cards), "unit": "GiB"}


def solutions() -> Iterator[Call]:
    """Work out calls of every function that documents a formula."""
    for name, function in FUNCTIONS.items():
        known = worked.documented(function)
        for given_ in itertools.islice(calls(name) if known[name]["formulas"] else (), 12):
            yield (
                solve.solve,
                {"function": name, "arguments": given_, "documented": known, "write": solve.number},
            )
    for value in (7, 0.5, 1234.5678, 28_000_000_000, 1e-9):
        for unit in ("bytes", "bytes per parameter", "updates"):
            yield solve.results, {"value": value, "unit": unit}


def questions() -> Iterator[Call]:
    """Ask every question with the values given, and with others."""
    chance = random.Random("questions")  # noqa: S311
    for question in QUESTIONS:
        defaults = {
            name: parameter.default
            for name, parameter in inspect.signature(question.case).parameters.items()
        }
        for practised in itertools.product(*question.varied) if not question.marked else ():
            yield question.case, {name: v for each in practised for name, v in each.items()}
        for changed in range(40):
            values = dict(defaults)
            for name, value in defaults.items():
                if changed and value and type(value) is int:
                    largest = len(given.tokens) if name == "prompt_tokens" else 4 * value
                    values[name] = chance.choice([chance.randrange(1, largest), 1, value])
                elif changed and name == "dtype":
                    values[name] = chance.choice(list(dlp.DTYPES))
            yield question.case, values
        module = importlib.import_module("_guide.question")
        asked = question.asked
        yield module.told_apart, {"case": asked}
        for wrong in asked["wrong"]:
            if "value" in wrong or "says" in wrong:
                yield module.said, {"answer": wrong, "unit": asked["unit"]}
