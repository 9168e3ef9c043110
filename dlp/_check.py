"""Checks of arguments: every formula refuses what it cannot count.

Each check returns the value it was given, so that a formula can check and use an
argument in one step. Messages name the argument, the value and what is allowed.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any, TypeVar

    Name = TypeVar("Name", bound=str)

LARGEST_COUNT = 10**18
"""Above this a count is taken for a slip: no run, model or data set comes near it."""

MOST_LAYERS = 10_000
"""A step looks at each layer; no model that was ever built comes near."""

_LONGEST = 10**7
"""A longer list would fill the memory: it is refused before it is read."""


def count(name: str, value: object, *, minimum: int = 1, maximum: int = LARGEST_COUNT) -> int:
    """Return `value` if it is a whole number from `minimum` to `maximum`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {_other(value)}")
    if not minimum <= value <= maximum:
        raise ValueError(f"{name} must be from {minimum} to {maximum}, not {_shown(value)}")
    return value


def number(name: str, value: object, *, minimum: float = 0.0, maximum: float = 1e100) -> float:
    """Return `value` if it is a finite int or float from `minimum` to `maximum`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number, not {_other(value)}")
    # A NaN compares false with everything, so it is refused here as well.
    if not minimum <= value <= maximum:
        raise ValueError(f"{name} must be from {minimum} to {maximum}, not {_shown(value)}")
    return value + 0  # which has no sign if it is zero


def flag(name: str, value: object) -> bool:
    """Return `value` if it is `True` or `False`."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, not {_other(value)}")
    return value


def choice(name: str, value: object, allowed: "Collection[Name]") -> "Name":
    """Return `value` if it is one of the strings `allowed`."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {_other(value)}")
    if value not in allowed:
        hint = _near(value, allowed) if len(allowed) > _NAMED else ""
        listed = _listed(list(allowed))
        raise ValueError(f"{name} must be one of {listed}, not {_shown(value)}{hint}")
    return value  # type: ignore[return-value]


# The names of one number format: here, in PyTorch, in llama.cpp.
_SAME_DTYPES = (
    ("fp32", "float32", "float", "f32"),
    ("fp16", "float16", "half", "f16"),
    ("bf16", "bfloat16"),
    ("fp8", "float8_e4m3fn", "float8_e5m2"),
)


def dtype(name: str, value: object, allowed: "Collection[Name]") -> "Name":
    """Return the number format among `allowed` that `value` names, by whatever name, in any case.

    A `torch.dtype` is as good as its name, with or without `torch.` before it.
    """
    told = str(value) if type(value).__name__ == "dtype" else value
    if isinstance(told, str):
        word = told.lower().replace("torch.", "")
        names: "tuple[str, ...]" = (word,)
        for same in _SAME_DTYPES:
            if word in same:
                names = same
        for each in allowed:
            if each.lower() in names:
                return each
    return choice(name, told, allowed)


def _listed(names: "list[str]") -> str:
    """Name what is allowed, of much the first alone."""
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"


_NAMED = 24  # names that a reader still looks through


def choices(
    name: str, value: object, allowed: "Collection[str]", *, empty: bool = False
) -> list[str]:
    """Return `value` as a list if it is a list, tuple or set of strings, each one of `allowed`."""
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise TypeError(f"{name} must be a list of str, not {_other(value)}")
    if not value and not empty:
        raise ValueError(f"{name} must name at least one of {', '.join(allowed)}")
    names: list[str] = []
    for item in value:
        if choice(name, item, allowed) in names:
            raise ValueError(f"{name} names {item} twice")
        names.append(item)
    return names


def mapping(name: str, value: object) -> "Mapping[str, object]":
    """Return `value` if it is a dict, such as a parsed `config.json`."""
    if not isinstance(value, dict):
        raise TypeError(f"{name} must be a dict, not {_other(value)}")
    return value


def keywords(name: str, value: object) -> "Mapping[str, Any]":
    """Return `value` if it is a dict that can be handed on as named arguments."""
    for key in mapping(name, value):
        if not isinstance(key, str):
            raise TypeError(f"a key of {name} must be a str, not {_other(key)}")
    return mapping(name, value)


def known(name: str, value: object, allowed: "Collection[str]", whose: str) -> "Mapping[str, Any]":
    """Return `value` if it is a dict whose keys are all `allowed`: names that `whose` has."""
    given = keywords(name, value)
    for key in given:
        if key not in allowed:
            hint = _near(key, allowed)
            raise ValueError(f"{name} must have names that {whose} has, not {key[:60]!r}{hint}")
    return given


def _near(word: str, allowed: "Collection[str]") -> str:
    """Ask whether the nearest of the names was meant."""
    edits = {each: edited(word[:60], each) for each in allowed}
    near = min(allowed, key=lambda each: edits[each])
    # What differs in half of its letters is another word.
    return f"; did you mean {near!r}?" if 2 * edits[near] < len(near) else ""


def sequence(name: str, value: object) -> list[object]:
    """Return `value` as a list if it is a list, tuple or range with at least one item."""
    if not isinstance(value, (list, tuple, range)):
        raise TypeError(f"{name} must be a list, not {_other(value)}")
    if not value:
        raise ValueError(f"{name} must hold at least one item")
    if value[_LONGEST:]:
        raise ValueError(f"{name} must hold at most {_LONGEST} items")
    return list(value)


def head_counts(num_attention_heads: object, num_key_value_heads: object) -> None:
    """Refuse key and value heads that cannot be shared evenly among the query heads."""
    heads = count("num_attention_heads", num_attention_heads)
    key_heads = count("num_key_value_heads", num_key_value_heads)
    if heads % key_heads:
        raise ValueError(
            f"num_key_value_heads must divide num_attention_heads, not {key_heads} with {heads}"
        )


def edited(first: str, second: str) -> int:
    """Count the letters to change, add or leave out to make one word of another."""
    row = list(range(len(second) + 1))
    for place, letter in enumerate(first):
        above, row = row, [place + 1]
        for number, other in enumerate(second):
            row.append(
                min(above[number] + (letter != other), above[number + 1] + 1, row[number] + 1)
            )
    return row[-1]


def _shown(value: "str | float") -> str:
    """Quote a value, shortened: an error message is no place for a thousand digits."""
    if isinstance(value, int) and abs(value) > 10**30:
        return "a number of more than thirty digits"
    text = repr(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 60 else text[:57] + "..."


def _other(value: object) -> str:
    """Quote a value of a wrong type, or name the type alone of one that may be large inside."""
    kind = type(value).__name__
    if isinstance(value, (int, float, str)):
        return f"{_shown(value)} ({kind})"
    return f"a value of type {kind}"
