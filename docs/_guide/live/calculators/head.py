"""The parameters of a classification head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dlp
from _guide.formats import binary_size, count, percent, size
from _guide.live import shown
from _guide.pictures.shapes import shape_boxes

if TYPE_CHECKING:
    from typing import Any

    from _guide.live.shown import Page


def head(*, page: Page, **values: Any) -> dict[str, str]:
    """Count a head, draw its matrices, and work the count out."""
    width, labels, bias = values["hidden_size"], values["num_labels"], values["bias"]
    call = {"hidden_size": width, "num_labels": labels, "bias": bias}
    number = dlp.classification_head_parameters(**call)
    share = percent(number / values["num_parameters"], 5) if values["num_parameters"] > 0 else ""
    shapes = [("token vector", 1, width), ("weight", labels, width)]
    says = f"The weight has {count(labels)} rows of {count(width)}."
    if bias:
        shapes.append(("bias", labels, 1))
        says += f" The bias has {count(labels)} entries."
    rows = [
        (f"<code>{dtype}</code>", size(n), binary_size(n))
        for dtype in dlp.COMPUTE_DTYPES
        for n in [dlp.stored_bytes(num_values=number, dtype=dtype)]
    ]
    whole = f", {share} of the model" if share else ""
    return {
        "status": f"The head has {count(number)} parameters{whole}.",
        "html": f'<p class="outcome"><strong>{count(number)} parameters</strong> in the head'
        f"{whole}.</p>"
        + shape_boxes(
            shapes=shapes,
            name="classifier",
            title="The matrices of the head",
            summary=says,
            caption="",
        )
        + shown.table(("Format", "Decimal", "Binary"), rows, label="sizes")
        + shown.solution((dlp.classification_head_parameters,), call, page)
        + shown.code(shown.call("parameters", "classification_head_parameters", call)),
    }
