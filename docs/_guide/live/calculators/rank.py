"""What LoRA trains beside a matrix, and in a whole model."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import dlp
from _guide.formats import count, decimal, percent
from _guide.live import models, shown
from _guide.live.calculators.targets import TARGETS, modules
from _guide.pictures.chart import line_chart
from _guide.pictures.shapes import shape_boxes

if TYPE_CHECKING:
    from typing import Any

    from _guide.live.shown import Page

MILLION = 10**6
_COUNT = "lora_model_parameters"


def rank(*, page: Page, **values: Any) -> dict[str, str]:
    """Count the factors of a rank, draw them and the line they are on, and those of a model."""
    r, ins, outs = values["r"], values["in_features"], values["out_features"]
    call = {"r": r, "in_features": ins, "out_features": outs}
    number, entries = dlp.lora_parameters(**call), ins * outs
    even = dlp.lora_break_even_rank(in_features=ins, out_features=outs)
    config = models.chosen(values)
    targets = modules(values["target_modules"], config)
    total = dlp.parameter_count(config=config)
    trained = dlp.lora_model_parameters(config=config, r=r, target_modules=targets)
    all_of_it = percent(trained / total, 3)
    says = (
        f"LoRA trains {count(number)} parameters beside a matrix of {count(entries)}, and "
        f"{count(trained)} in the model, {all_of_it} of it."
    )
    whole = {"config": config, "r": r, "target_modules": targets}
    adapted = TARGETS[values["target_modules"]]
    if "," in values["target_modules"] and targets != values["target_modules"].split(","):
        adapted += f": {', '.join(targets)}"
    rows = (
        ("this matrix", count(number), percent(number / entries, 3)),
        (
            f"the model, {html.escape(adapted)}",
            count(trained),
            all_of_it,
        ),
    )
    return {
        "status": says,
        "html": f'<p class="outcome"><strong>{count(number)} parameters</strong> are '
        f"{percent(number / entries, 3)} of the matrix, which has {count(entries)}. In the model "
        f"{count(trained)} are trained, {all_of_it}.</p>"
        + shape_boxes(
            shapes=[("W", outs, ins), ("B", outs, r), ("A", r, ins)],
            frozen=["W"],
            name="matrices",
            title="The frozen matrix and the two factors",
            summary=f"W is {count(outs)} by {count(ins)} and frozen. B is {count(outs)} by "
            f"{count(r)}, A is {count(r)} by {count(ins)}; both are trained.",
            caption="",
        )
        + _line(call, number, entries, even)
        + shown.table(("Beside", "Trained", "Share"), rows, label="matrix and model")
        + shown.solution((dlp.lora_parameters,), call, page)
        + shown.code(_program(call, whole, models.name(values)), _command(values, whole)),
    }


def _program(call: dict[str, Any], whole: dict[str, Any], model: str) -> str:
    """Write a program that counts what is trained beside the matrix, and in the model."""
    lines = "".join(f"    {name}={value},\n" for name, value in call.items())
    then = f"beside = lora_parameters(\n{lines})\nprint(beside, trained)\n"
    return shown.call("trained", _COUNT, whole, model, ["lora_parameters"], then)


def _command(values: dict[str, Any], whole: dict[str, Any]) -> str:
    """Write the command that counts what is trained in the model."""
    config = "config.json" if values["model"] == models.PASTED else values["model"]
    targets = f'"{whole["target_modules"]}"'
    if whole["target_modules"] != "all-linear":
        targets = "[" + ", ".join(f'"{each}"' for each in whole["target_modules"]) + "]"
    lora = f'{{"r": {whole["r"]}, "target_modules": {targets}}}'
    return f"echo '{lora}' | dlp count {config} --lora -"


def _line(call: dict[str, Any], number: int, entries: int, even: float) -> str:
    """Draw the parameters against the rank, and where this one is."""
    r, sides = call["r"], call["in_features"] + call["out_features"]
    end = max(r, even) * 1.25
    return line_chart(
        series={
            "LoRA": [(0, 0), (end, end * sides / MILLION)],
            "the matrix": [(0, entries / MILLION), (end, entries / MILLION)],
        },
        x_label="rank",
        y_label="million parameters",
        x_number=_written,
        y_number=_written,
        marks=[(r, number / MILLION, f"rank {count(r)}")],
        name="ranks",
        title="Trained parameters against the rank",
        summary=f"At rank {count(r)} LoRA has {count(number)} parameters. It reaches those of the "
        f"matrix, {count(entries)}, at rank {decimal(even)}.",
        caption=f"Beyond rank {decimal(even)} the factors are larger than the matrix.",
    )


def _written(value: float) -> str:
    """Write a number on an axis, whose steps may be small."""
    return decimal(value, 3 if value < 1 else 2 if value < 100 else 0)
