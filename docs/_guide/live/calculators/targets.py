"""What calculators let LoRA adapt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlp import _config

if TYPE_CHECKING:
    from typing import Any

TARGETS = {
    "all-linear": "all linear layers",
    "q_proj,v_proj": "q and v",
    "q_proj,k_proj,v_proj,o_proj": "q, k, v and o",
}

_PLACES = {"q_proj": 0, "k_proj": 1, "v_proj": 2, "o_proj": 3}


def modules(chosen: str, config: Any) -> str | list[str]:
    """Give what `target_modules` takes: the matrices by the names that the model's family has.

    Other names than these are found by their places. Where one matrix makes queries, keys and
    values, it is adapted in place of each.
    """
    if chosen not in TARGETS or "," not in chosen:
        return chosen
    attention = _config.modules(_config.read(config), ("attention",))
    names = list(dict.fromkeys(entry[0] for entry in attention))
    wanted = chosen.split(",")
    if all(each in names for each in wanted):
        return wanted
    four = [names[0], names[0], names[0], names[1]] if len(names) == 2 else names
    if len(four) != 4:
        raise ValueError(
            "target_modules must be all linear layers: this model has no matrices for q, k, v and "
            f"o, but {', '.join(names) or 'none of attention'}"
        )
    return list(dict.fromkeys(four[_PLACES[each]] for each in wanted))
