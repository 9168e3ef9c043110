"""What a longer context costs: keys and values, and no weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dlp
from _guide.formats import binary_size, count, decimal, size
from _guide.live import models, shown
from _guide.pictures.bars import stacked_bars
from dlp import _config, _training

if TYPE_CHECKING:
    from typing import Any

    from _guide.live.shown import Page

TIMES = (1, 2, 4, 8)
"""How many times the context the picture and the table go."""


def context(*, page: Page, **values: Any) -> dict[str, str]:
    """Weigh keys and values of a context beside the weights, and of longer ones."""
    config, tokens = models.chosen(values), values["num_tokens"]
    learned = _training.positions(_config.read(config))
    if learned and tokens > learned:
        raise ValueError(
            f"num_tokens must be at most {count(learned)}, the positions that the model has "
            f"learned, not {count(tokens)}"
        )
    call = {
        "config": config,
        "num_tokens": tokens,
        "batch_size": values["batch_size"],
        "dtype": values["cache_dtype"],
    }
    weights = dlp.weight_bytes(
        num_parameters=dlp.parameter_count(config=config), dtype=values["dtype"]
    )
    caches = {
        times * tokens: dlp.model_kv_cache_bytes(**{**call, "num_tokens": times * tokens})
        for times in TIMES
        if times == 1 or not learned or times * tokens <= learned
    }
    cache = caches[tokens]
    both = f"{size(weights)} ({binary_size(weights)}) of weights"
    says = f"Keys and values take {size(cache)} ({binary_size(cache)}), beside {both}."
    dimensions = dlp.transformer_dimensions(config=config)
    shape = {name: dimensions[name] for name in _SHAPE}
    plain = {**shape, **{name: call[name] for name in ("num_tokens", "batch_size", "dtype")}}
    solved = ""
    if dlp.kv_cache_bytes(**plain) == cache:  # else some layers keep less
        functions = (dlp.kv_cache_bytes, dlp.cache_bits_per_value)
        solved = shown.solution(functions, plain, page)
    unit, scale = shown.unit(weights + max(caches.values()))
    picture = stacked_bars(
        rows={
            f"{count(n)} tokens": {
                "weights": weights / scale,
                "KV cache": each / scale,
            }
            for n, each in caches.items()
        },
        unit=unit,
        number=decimal,
        name="longer-contexts",
        title="Weights, and the keys and values of longer and longer contexts",
        summary="; ".join(
            f"{count(n)} tokens: {size(weights + each)}, weights {size(weights)}, KV cache "
            f"{size(each)}"
            for n, each in caches.items()
        ),
        caption="",
    )
    return {
        "status": says,
        "html": f'<p class="outcome"><strong>{size(cache)}</strong> of keys and values '
        f"({binary_size(cache)}), beside {both}, which do not grow.</p>"
        + picture
        + shown.table(
            ("Context", "Keys and values", "Binary", "With weights", "Binary"),
            [
                (
                    count(n),
                    size(each),
                    binary_size(each),
                    size(weights + each),
                    binary_size(weights + each),
                )
                for n, each in caches.items()
            ],
            label="contexts",
        )
        + solved
        + shown.code(shown.call("num_bytes", "model_kv_cache_bytes", call, models.name(values))),
    }


_SHAPE = ("num_hidden_layers", "num_key_value_heads", "head_dim")
