"""Statements of the dialect, in functions that are run here and, translated, in a browser."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def unpacked() -> list[Any]:
    (a, b), last, *rest = (1, 2), [5], 3, 4
    first, (second, *third) = "xy"[0], [1, 2, 3]
    found: list[Any] = [a, b, rest, last, first, second, third]
    one: Any = [[1]]
    only, *none = one
    found += [only, none]
    found[0], found[-1], (c, found[1]) = found[1], found[0], "cd"
    b, a = a, b
    for i, (left, right) in enumerate([(1, 2), (3, 4)]):
        found += [i, left, right]
    return [*found, i, left, a, b, c]


def too_few() -> Any:
    one: Any = [1]
    a, b = one
    return a, b


def too_many() -> Any:
    three: Any = [1, 2, 3]
    a, b = three
    return a, b


def too_few_beside_a_star() -> Any:
    one: Any = [1]
    a, b, *c = one
    return a, b, c


def lengthened() -> Any:
    items = [1]
    items += [0] * 200_000
    return len(items)


def assigned() -> Any:
    a = b = [1]
    a.append(2)
    a += (3,)
    c = a
    c = c + [4]  # noqa: RUF005
    counts: dict[str, int] = {}
    counts["x"] = 1
    counts["x"] += 5
    counts.update({"y": 2}, z=3)
    counts.update(w=4)
    del counts["y"]
    items = [1, 2, 3]
    items[-1] = 7
    del items[0]
    items.insert(0, 9)
    items += range(2)
    total: float
    total = 10
    total /= 4
    total **= 2
    total -= 1
    total *= 3
    whole = 17
    whole //= 2
    whole %= 5
    counts["x"] += whole
    return a, b, c, counts, items, items.pop(), items.pop(0), total, counts.setdefault("x", 0)


def not_there() -> None:
    counts = {"x": 1}
    del counts["y"]


def beyond_the_end() -> None:
    items = [1]
    items[1] = 2


def never_changed() -> None:
    pair: Any = (1, 2)
    pair[0] = 3


def joined_sets() -> Any:
    one = {1}
    other = one | {2}
    other.add(3)
    same = other
    same.add(4)
    return sorted(one), sorted(other), one == other, same == other


def looped() -> Any:
    found: list[Any] = []
    n = 0
    while True:
        n += 1
        if n == 2:
            continue
        if n > 4:
            break
        found.append(n)
    for letter in "abc":
        if letter == "b":
            continue
        if letter == "c":
            found.append("last")
        else:
            found.append(letter)
    if (n and not found) or n is None:
        return None
    return found, n, letter


def closed_over() -> Any:
    calls = []
    for i in range(3):

        def later(step: int = i) -> tuple[int, int]:
            return i, step  # noqa: B023 - the last one, as in Python

        calls.append(later)
    return [call() for call in calls]


def shadowed() -> Any:
    x = [1, 2]
    x = [x for x in x]  # noqa: C416
    return x, [y for x in [[1], [2]] for y in x], {x: x for x in x}


def lazily() -> Any:
    seen: list[int] = []

    def noted(n: int) -> bool:
        seen.append(n)
        return n > 1

    return any(noted(n) for n in range(9)), all(noted(n) for n in [2, 0, 5]), seen


def nothing() -> None:
    return


def compared_once() -> Any:
    seen: list[int] = []

    def noted(n: int) -> int:
        seen.append(n)
        return n

    low = noted(3)
    return noted(1) < low < noted(5), noted(4) < low < noted(9), 0 < len(seen) <= noted(3), seen


class Counter:
    """A class with what classes may have."""

    def __init__(self, start: int, *, name: str = "n") -> None:
        """Begin to count."""
        self.value, self.name = start, name
        self.notes: list[str] = []
        self.step = 2

    def up(self, times: int = 1) -> Counter:
        """Count."""
        self.value += self.step * times
        self.notes.append(f"{self.name}={self.value}")
        return self


def instances() -> Any:
    one, other = Counter(1), Counter(5, name="m")
    one.up().up(times=3)
    other.step = 10
    other.up()
    other.step += 1
    other.up()
    return one.value, one.notes, other.value, one.step, type(one).__name__


def reserved() -> Any:
    delete, new, function, var = 1, 2, 3, 4
    this = {"default": delete, "in": new}
    return this, function, var, (lambda typeof, void: typeof + void)(1, 2)


def raised() -> None:
    raise ValueError(f"no {1 + 1}")


def refused_call() -> Any:
    return Counter()  # type: ignore[call-arg]


def passed_over() -> Any:
    found: list[Any] = []
    for text in ("1", "x", "2"):
        try:
            found.append(int(text))
            found.append(text)
        except ValueError:
            found.append("none")
    try:
        return found, int("y")
    except ValueError:
        return found


def passed_over_by_type() -> Any:
    found: list[Any] = []
    tries: list[Any] = ["x", {}, "4"]
    for text in tries:
        try:
            found.append(int(text))
        except TypeError:
            found.append("type")
        except ValueError:
            found.append("value")
    return found


def not_passed_over() -> Any:
    try:
        return {"a": 1}["b"]
    except ValueError:
        return None


def conditions() -> Any:
    found: list[Any] = []
    for a in (None, 0, 1, "", "x", [], [0]):
        for b in (False, 2.0, 0.0):
            if a and not b:
                found.append((a, b, "one"))
            elif not (a or b) or (b and a == 1 and (a in [1, 2] or not b)):
                found.append((a, b, "two"))
            while b and not a:
                b = False
            found.append("three" if not a or b else "four")
    return found, [a for a in range(9) if (a % 2 and not a % 3) or a == 4]


def written() -> Any:
    n, text = 3, "`${n}` \\ \" ' \n\r\t é \u2028"
    return f"`${n}` {{n}} {text} \\ \" ' \n\r\t é \u2028 {n:,}{text!r}"


def covered() -> Any:
    a, b = 1, [2, 3]

    def inner(b: int, *, a: int = a) -> Any:
        return [a + b + c for c in range(a) for a in range(b)], (lambda a: a + b)(5)

    found = [a for a in b]  # noqa: C416
    return inner(2), inner(b=3, a=2), a, b, found, {a: b for b, a in enumerate(found)}
