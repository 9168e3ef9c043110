"""Random calls of every public function, the same each time, many of which must be refused."""

from __future__ import annotations

import copy
import random
from typing import TYPE_CHECKING, Any

from tests.formulas.calls import ARGUMENTS, FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS = 280
"""Calls of a function."""

FEW_CALLS = 80
"""Calls of a function that follows a training step, or that lists windows by the million."""

STRANGE: list[Any] = [
    *(True, False, None, 0, -1, 1.0, 0.5, -0.0, 1e300, float("inf"), float("nan"), 10**18, 10**30),
    *("", "fp32", "8", [], [1], ["q_proj"], {}, {"r": 8}, (1, 2), "größe \n\t'\"", 2**53 + 1),
]


def calls() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give functions by name, each with its arguments."""
    for name in sorted(FUNCTIONS):
        chance = random.Random(name)  # noqa: S311 - not for secrets
        table = ARGUMENTS[name]
        for _ in range(FEW_CALLS if "training" in table or "leftover" in table else CALLS):
            given = {parameter: chance.choice(values) for parameter, values in table.items()}
            for parameter in given:
                if chance.random() < 0.5:
                    given[parameter] = varied(given[parameter], chance)
            if chance.random() < 0.08:
                given[chance.choice(list(given))] = chance.choice(STRANGE)
            if chance.random() < 0.1:
                del given[chance.choice(list(given))]
            yield name, given


def varied(value: Any, chance: random.Random) -> Any:
    """Change a value: another number of any size, or a dict with a key less or another value."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int(10 ** chance.uniform(0, 18.2)) - 1
    if isinstance(value, float):
        return value * 10 ** chance.uniform(-3, 3)
    if isinstance(value, dict) and value:
        changed = copy.deepcopy(value)
        key = chance.choice(list(changed))
        action = chance.random()
        if action < 0.15:
            del changed[key]
        elif action < 0.25:
            changed[key] = chance.choice(STRANGE)
        elif action < 0.3:
            changed[f"{key}x"] = 1
        else:
            changed[key] = small(changed[key], chance)
        return changed
    if isinstance(value, list) and value and chance.random() < 0.5:
        changed_list = list(value)
        at = chance.randrange(len(value))
        changed_list[at] = varied(changed_list[at], chance)
        return changed_list
    return value


def small(value: Any, chance: random.Random) -> Any:
    """Change a number a little, as of a dimension that others must divide."""
    if isinstance(value, int) and not isinstance(value, bool):
        return max(0, chance.choice([value * 2, value // 2, value + 1, chance.randrange(1, 300)]))
    return value
