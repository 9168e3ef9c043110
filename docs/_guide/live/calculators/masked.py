"""Which tokens of a sample have a loss, and what the mean of it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import dlp
from _guide import given
from _guide.formats import count, decimal
from _guide.live import shown
from _guide.pictures.tokens import token_strip

if TYPE_CHECKING:
    from typing import Any

    from _guide.live.shown import Page


def masked(*, page: Page, **values: Any) -> dict[str, str]:
    """Mask a prompt, draw which tokens are left, and average their losses."""
    prompt, ids = values["num_prompt_tokens"], given.token_ids
    losses = [0.0 - math.log(p) for p in given.probabilities]
    raw = dlp.pretraining_labels(input_ids=ids)
    labels = dlp.completion_labels(input_ids=ids, num_prompt_tokens=prompt)
    call: dict[str, Any] = {"token_losses": losses, "labels": labels}
    loss = dlp.mean_loss(**call)
    taught, every = dlp.supervised_tokens(labels=labels), dlp.supervised_tokens(labels=raw)
    whole = decimal(dlp.mean_loss(token_losses=losses, labels=raw), 3)
    rows = {"Every token": raw, "Without the prompt": labels}
    return {
        "status": f"{count(taught)} of {count(len(ids))} tokens have a loss, on average "
        f"{decimal(loss, 3)} nats.",
        "html": f'<p class="outcome"><strong>{decimal(loss, 3)} nats</strong> on average, over '
        f"{count(taught)} of {count(len(ids))} tokens. Without a mask it is {whole} nats over "
        f"{count(every)}.</p>"
        + token_strip(
            tokens=list(given.tokens),
            rows={
                name: [i > 0 and label != dlp.IGNORE_INDEX for i, label in enumerate(each)]
                for name, each in rows.items()
            },
            name="masked",
            title="The tokens that have a loss",
            summary="; ".join(
                f"{name}: {count(dlp.supervised_tokens(labels=each))} of {count(len(ids))} tokens"
                for name, each in rows.items()
            ),
            caption="",
        )
        + shown.solution((dlp.mean_loss, dlp.supervised_losses, dlp.supervised_tokens), call, page)
        + shown.code(shown.call("loss", "mean_loss", call)),
    }
