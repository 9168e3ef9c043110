"""The memory of a model that is only loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dlp
from _guide.formats import binary_size, count, decimal, size
from _guide.live import models, shown
from _guide.pictures.bars import stacked_bars

if TYPE_CHECKING:
    from typing import Any

    from _guide.live.shown import Page

DRAWN = ("fp32", "bf16", "int8", "nf4")
"""The formats that are drawn beside the one that is chosen."""


def load(*, page: Page, **values: Any) -> dict[str, str]:
    """Weigh a model in every format, draw some, and work the chosen one out."""
    dtype, config = values["dtype"], models.chosen(values)
    number = values["num_parameters"]
    counted = ""
    if config is not None:
        number = dlp.parameter_count(config=config)
        counted = f" The model has {count(number)} parameters."
    call = {"num_parameters": number, "dtype": dtype}
    weighs = dlp.weight_bytes(**call)
    sizes = {each: dlp.weight_bytes(num_parameters=number, dtype=each) for each in dlp.DTYPES}
    drawn = [each for each in dlp.DTYPES if each in DRAWN or each == dtype]
    rows = [
        (
            f"<code>{each}</code>",
            decimal(dlp.bits_per_parameter(dtype=each), 3),
            size(n),
            binary_size(n),
        )
        for each, n in sizes.items()
    ]
    says = f"{size(weighs)}, which is {binary_size(weighs)}."
    unit, scale = shown.unit(max(sizes[each] for each in drawn))
    picture = stacked_bars(
        rows={each: {"weights": sizes[each] / scale} for each in drawn},
        unit=unit,
        number=decimal,
        name="load",
        title="The same weights in several formats",
        summary="; ".join(
            f"{each}: {size(sizes[each])}, weights {size(sizes[each])}" for each in drawn
        ),
        caption="",
    )
    return {
        "status": f"In {dtype} the weights take {says}{counted}",
        "html": f'<p class="outcome"><strong>{size(weighs)}</strong> in {dtype}, which is '
        f"{binary_size(weighs)}.{counted}</p>{picture}"
        + shown.table(
            ("Format", "Bits per parameter", "Decimal", "Binary"),
            rows,
            label="formats",
            marked=f"<code>{dtype}</code>",
        )
        + shown.solution(
            (dlp.weight_bytes, dlp.bytes_per_parameter, dlp.bits_per_parameter), call, page
        )
        + shown.code(shown.call("num_bytes", "weight_bytes", call)),
    }
