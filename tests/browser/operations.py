"""Random numbers and texts, and what is done with them: here, and in the words of the runtime."""

from __future__ import annotations

import math
import operator
import random
import struct
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.browser.compare import literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OPERATIONS = 20_000

NUMBERS: dict[str, Callable[..., Any]] = {
    "$.add({a},{b})": operator.add,
    "$.sub({a},{b})": operator.sub,
    "$.mult({a},{b})": operator.mul,
    "$.div({a},{b})": operator.truediv,
    "$.eq({a},{b})": operator.eq,
    "$.lt({a},{b})": operator.lt,
    "$.gte({a},{b})": operator.ge,
    "$.usub({a})": operator.neg,
    "$.repr([{a}])": repr,
    "$.int([{a}])": int,
    "$.float([{a}])": float,
    '$.format({a},".{n}f")': lambda a, n: format(a, f".{n}f"),
    '$.format({a},",.{n}f")': lambda a, n: format(a, f",.{n}f"),
    "$.round([$.float([{a}]),{n}n])": lambda a, n: round(float(a), n),
    "$.math.fsum([[{a},{b},{c}]])": lambda a, b, c: math.fsum([a, b, c]),
}
"""Each operation as the translation writes it; `n` is a number of digits."""

WHOLE: dict[str, Callable[..., Any]] = {
    "$.floordiv({a},{b})": operator.floordiv,
    "$.mod({a},{b})": operator.mod,
    "$.pow({a},{n}n)": operator.pow,
    '$.format({a},",")': lambda a: format(a, ","),
    "$.str([{a}])": str,
}
"""Of ints alone."""

TEXTS: dict[str, Callable[..., Any]] = {
    "$.repr([{a}])": repr,
    "$.len([{a}])": len,
    "$.lt({a},{b})": operator.lt,
    "$.in({b},{a})": operator.contains,
    "$.item({a},[{n}n,undefined])": lambda a, n: a[n:],
    "$.item({a},[undefined,-{n}n])": lambda a, n: a[:-n],
    "$.item({a},[-{n}n,{n}n])": lambda a, n: a[-n:n],
    '$.method({a},"strip",[])': str.strip,
    '$.method({a},"rstrip",[{b}])': str.rstrip,
    '$.method({a},"lstrip",[{b}])': str.lstrip,
    '$.method({a},"split",[])': str.split,
    '$.method({a},"split",[{b}])': str.split,
    '$.method({a},"partition",[{b}])': str.partition,
    '$.method({a},"rpartition",[{b}])': str.rpartition,
    '$.method({a},"replace",[{b},{c}])': str.replace,
    '$.method({a},"rfind",[{b}])': str.rfind,
    '$.method({a},"removesuffix",[{b}])': str.removesuffix,
    '$.method({a},"join",[{b}])': str.join,
    "$.int([{a}])": int,
}


def number(chance: random.Random) -> float:
    """Make a number: small, large, any bits, short, or one at which something changes."""
    bits = struct.unpack(">d", chance.randbytes(8))[0]
    whole = int(10 ** chance.uniform(0, 30)) * chance.choice([1, -1])
    short = round(chance.uniform(-1000, 1000), chance.randrange(4))
    power = 10.0 ** chance.randrange(-20, 25) * chance.choice([1, -1])
    edge = chance.choice([0.5, 2.5, 1e15, 1e16, 0.0, -0.0, True, False, 2**53 + 1, 2.0**53])
    made: list[float] = [chance.randrange(-20, 20), whole, bits, short, power, edge]
    return chance.choice(made)


def whole(chance: random.Random) -> int:
    """Make an int, or a bool, which is one."""
    large = int(10 ** chance.uniform(0, 30)) * chance.choice([1, -1])
    return chance.choice([chance.randrange(-20, 20), large, chance.choice([True, False, 2**53])])


def text(chance: random.Random) -> str:
    """Make a text of few letters, spaces among them, signs of numbers and of patterns."""
    letters = chance.choice(["ab", "ab \n\u00a0", "12.e+- ", "a😀é'\"\\", "^-][$"])
    return "".join(chance.choice(letters) for _ in range(chance.choice([0, 1, 2, 4, 9])))


def operations() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Give operations, each as it is written for the runtime and as a call."""
    chance = random.Random("operations")  # noqa: S311 - not for secrets
    for _ in range(OPERATIONS):
        made, table = chance.choice([(number, NUMBERS), (whole, WHOLE), (text, TEXTS)])
        written, done = chance.choice(list(table.items()))
        values: dict[str, Any] = {each: made(chance) for each in "abc"}
        values["n"] = chance.randrange(1, 18)
        used = {name: values[name] for name in "abcn" if f"{{{name}}}" in written}
        code = written
        for name, value in used.items():
            code = code.replace(f"{{{name}}}", str(value) if name == "n" else literal(value))
        yield code, partial(done, *used.values())
