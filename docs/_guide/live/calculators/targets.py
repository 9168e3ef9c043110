"""What calculators let LoRA adapt."""

from __future__ import annotations

TARGETS = {
    "all-linear": "all linear layers",
    "q_proj,v_proj": "q and v",
    "q_proj,k_proj,v_proj,o_proj": "q, k, v and o",
}


def modules(chosen: str) -> str | list[str]:
    """Give what `target_modules` takes."""
    return chosen.split(",") if "," in chosen else chosen
