"""Read a typed answer, a number with or without a unit, and judge it.

This runs on the pages, translated, and in the tests as it stands. The verdicts: `right`; `other`, a
right number in another unit or by another convention, which is no fault; `unit`, the right number
of GB called GiB, or the other way round; `known`, what a usual mistake comes to; `power`, the right
digits at the wrong power of ten; `unknown`; `unreadable`.
What is looked for first decides.
"""

from typing import Any

BYTES: "dict[str, int]" = {
    "byte": 1,
    "bytes": 1,
    "kb": 10**3,
    "mb": 10**6,
    "g": 10**9,
    "gb": 10**9,
    "gigabyte": 10**9,
    "gigabytes": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "gibibyte": 2**30,
    "gibibytes": 2**30,
    "tib": 2**40,
    "kilobyte": 10**3,
    "kilobytes": 10**3,
    "megabyte": 10**6,
    "megabytes": 10**6,
    "terabyte": 10**12,
    "terabytes": 10**12,
    "mebibyte": 2**20,
    "mebibytes": 2**20,
    "octet": 1,
    "octets": 1,
    "ko": 10**3,
    "mo": 10**6,
    "go": 10**9,
    "to": 10**12,
    "gio": 2**30,
}
"""Bytes in a unit of memory, by its name in small letters."""

BITS: "dict[str, int]" = {
    "b": 1,
    "bit": 1,
    "bits": 1,
    "Mb": 10**6,
    "Gb": 10**9,
    "Tb": 10**12,
    "Mbit": 10**6,
    "Gbit": 10**9,
    "Tbit": 10**12,
    "megabit": 10**6,
    "megabits": 10**6,
    "gigabit": 10**9,
    "gigabits": 10**9,
    "terabit": 10**12,
    "terabits": 10**12,
}
"""Bits in a unit of bits. Here a small b is not a large one."""

SCALES: "dict[str, int]" = {
    "k": 10**3,
    "thousand": 10**3,
    "m": 10**6,
    "mio": 10**6,
    "million": 10**6,
    "millions": 10**6,
    "bn": 10**9,
    "billion": 10**9,
    "billions": 10**9,
    "trillion": 10**12,
}
"""What a word after a number multiplies it by."""

COUNTED: "dict[str, str]" = {
    "update": "updates",
    "updates": "updates",
    "iteration": "updates",
    "iterations": "updates",
    "optimizer steps": "updates",
    "steps": "updates",
    "micro-batch": "micro-batches",
    "micro-batches": "micro-batches",
    "microbatches": "micro-batches",
    "batches": "micro-batches",
    "sample": "samples",
    "samples": "samples",
    "token": "tokens",
    "tokens": "tokens",
    "parameter": "parameters",
    "parameters": "parameters",
    "params": "parameters",
    "weights": "parameters",
    "byte": "bytes",
    "bytes": "bytes",
    "bit": "bits",
    "bits": "bits",
}
"""What a word after a count counts."""

NEAR = 0.005
"""How far off a rounded number may be, relative."""

ABOUT = ("about ", "approximately ", "approx. ", "around ", "roughly ", "circa ", "ca. ")
"""What may stand before a number and says nothing."""

OF_WHAT = (" of ram", " of vram", " of memory", " ram", " vram", " memory")
"""What may stand after a unit of memory and says nothing."""

_NEIGHBOURS = (
    (2**20, 10**6, "The number is right in MB. A MiB is larger, so it takes fewer of them."),
    (2**30, 10**9, "The number is right in GB. A GiB is larger, so it takes fewer of them."),
    (10**6, 2**20, "The number is right in MiB. A MB is smaller, so it takes more of them."),
    (10**9, 2**30, "The number is right in GiB. A GB is smaller, so it takes more of them."),
)
"""A unit, the one that it is taken for, and what to say to that."""

_DIGITS = "0123456789"
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_SPACES = "\u00a0\u2007\u2009\u202f\t\n"
_GROUPING = " '’_"
_TIMES = "×x*·⋅"
_LONGEST = 40
_LARGEST = 30
_POWERS = (1, 2, 3, 6, 9)


def read(text: str) -> "dict[str, Any]":
    """Take a typed answer apart: its `numbers`, and its `unit` as written; or a `problem`.

    A number has a `value`, and the `step` of the last digit that was typed. There are two numbers
    where one comma or point can be both a decimal sign and a separator of thousands: 15,625 and
    15.625; the likelier stands first.
    """
    rest = text
    for space in _SPACES:
        rest = rest.replace(space, " ")
    rest = rest.replace("−", "-").strip().rstrip(".").lstrip("=≈~ ")
    for word in ABOUT:
        if rest.lower().startswith(word):
            rest = rest[len(word) :].lstrip("=≈~ ")
    negative = rest.startswith("-")
    rest = rest.lstrip("+- ")
    end = _end_of_number(rest)
    digits = rest[:end]
    if not any(c in _DIGITS for c in digits):
        return {"problem": "Type a number, with its unit if it has one."}
    found = _numerals(digits)
    if not found:
        return {"problem": f"Is {digits} one number? Group thousands by threes."}
    power = _power(rest[end:].strip())
    if len(digits) > _LONGEST or power["value"] > _LARGEST or power["value"] < -_LARGEST:
        return {"problem": "That number is beyond anything counted here."}
    rest = power["rest"]
    if digits == "10" and rest.startswith("^"):  # a power of ten alone
        found = [{"whole": "1", "fraction": ""}]
        power = _power("×10" + rest)
        rest = power["rest"]
    if any(c in rest for c in _TIMES.replace("x", "") + "/+=^"):
        return {"problem": "Type what it comes to, one number, not the calculation."}
    sign = -1 if negative else 1
    numbers = [_number(each["whole"], each["fraction"], power["value"], sign) for each in found]
    return {"numbers": numbers, "unit": rest}


def judge(text: str, asked: "dict[str, Any]") -> "dict[str, str]":
    """Judge a typed answer: its `verdict`, and what to `say` about it.

    Args:
        text: What was typed.
        asked: The `unit` of the answer, `bytes`, `share` or what is counted; its `value`, and how
            it is `written`; in `other` what it is by another convention and in `wrong` what
            mistakes come to, each with a `value` and what to `say`; and the first `hint`.
    """
    found = read(text)
    if "problem" in found:
        return {"verdict": "unreadable", "say": found["problem"]}
    taken = _taken(found, asked)
    if "problem" in taken:
        return {"verdict": "unreadable", "say": taken["problem"]}
    return _known(taken, asked) or _slipped(taken, asked)


def _known(taken: "dict[str, Any]", asked: "dict[str, Any]") -> "dict[str, str] | None":
    """Compare with the answer, with what it is by other conventions, and with the mistakes."""
    exact = asked["unit"] not in ("bytes", "share")
    for each in taken["as"]:
        if _is(each, asked["value"], exact):
            return {"verdict": each["verdict"], "say": _of_right(each, asked)}
    for other in asked["other"]:
        if any(_is(each, other["value"], exact) for each in taken["as"]):
            return {"verdict": "other", "say": other["say"]}
    for each in taken["confused"]:
        if _is(each, asked["value"], exact):
            return {"verdict": each["verdict"], "say": each["say"]}
    for wrong in asked["wrong"]:
        if any(_is(each, wrong["value"], exact) for each in taken["as"]):
            return {"verdict": "known", "say": wrong["say"]}
    for each in taken["as"]:
        if not exact and _near(each["value"], asked["value"]):
            return {"verdict": each["verdict"], "say": _of_right(each, asked)}
    return None


def _slipped(taken: "dict[str, Any]", asked: "dict[str, Any]") -> "dict[str, str]":
    """Look for a slip of a power of ten, or give the first hint."""
    exact = asked["unit"] not in ("bytes", "share")
    if "bits" in taken:
        return {"verdict": "unreadable", "say": taken["bits"]}
    for each in taken["as"]:
        for power in _POWERS:
            if _is(each, asked["value"] * 10**power, exact):
                return {"verdict": "power", "say": _of_power(power, "large")}
            if _near(each["value"] * 10**power, asked["value"]):
                return {"verdict": "power", "say": _of_power(power, "small")}
    return {"verdict": "unknown", "say": asked["hint"]}


def judge_chosen(chosen: "list[int]", asked: "dict[str, Any]") -> "dict[str, str]":
    """Judge places that were tapped, by their numbers: its `verdict`, and what to `say`.

    Args:
        chosen: The numbers, in order.
        asked: The `value`, a list of numbers, and how it is `written`; in `other` and in `wrong`
            what else may be chosen, each with a `value` and what to `say`; and the first `hint`.
    """
    if not chosen:
        return {"verdict": "unreadable", "say": "Nothing is chosen yet."}
    if chosen == asked["value"]:
        return {"verdict": "right", "say": asked["written"]}
    for verdict, known in (("other", asked["other"]), ("known", asked["wrong"])):
        for each in known:
            if chosen == each["value"]:
                return {"verdict": verdict, "say": each["say"]}
    missing = len([each for each in asked["value"] if each not in chosen])
    more = len([each for each in chosen if each not in asked["value"]])
    return {
        "verdict": "unknown",
        "say": f"{missing} missing, {more} too many. {asked['hint']}",
    }


def judge_sorted(chosen: "list[str]", statements: "list[dict[str, str]]") -> "list[dict[str, str]]":
    """Judge where statements were sorted to: for each its `verdict`, and what to `say`.

    Args:
        chosen: For each statement the name of a place, or nothing.
        statements: Each with the `place` it belongs in, and why in `say`.
    """
    judged = []
    for place, statement in zip(chosen, statements):  # noqa: B905 - no `strict` in the dialect
        verdict = "right" if place == statement["place"] else "known" if place else "unreadable"
        say = statement["say"] if place else "Not sorted yet."
        judged.append({"verdict": verdict, "say": say})
    return judged


def _end_of_number(text: str) -> int:
    """Find where digits end: a separator belongs to them if a digit follows."""
    at = 0
    while at < len(text):
        follows = at + 1 < len(text) and text[at + 1] in _DIGITS
        if text[at] not in _DIGITS and not (text[at] in ",." + _GROUPING and follows):
            return at
        at += 1
    return at


def _numerals(digits: str) -> "list[dict[str, str]]":
    """Take digits and separators for one number, or for two; none if they are no number."""
    grouped = digits
    for separator in _GROUPING:
        grouped = grouped.replace(separator, " ")
    signs = [c for c in grouped if c in ",."]
    last = max(grouped.rfind(","), grouped.rfind("."))
    if not signs:
        return _grouped(grouped, "")
    if signs.count(signs[0]) < len(signs):  # both: the last is the decimal sign
        if signs.count(signs[-1]) > 1:
            return []
        return _grouped(grouped[:last].replace(",", " ").replace(".", " "), grouped[last + 1 :])
    if len(signs) > 1:
        return _grouped(grouped.replace(signs[0], " "), "")
    whole, fraction = grouped[:last], grouped[last + 1 :]
    if " " in fraction:
        return []
    decimal = _grouped(whole, fraction)
    if len(fraction) != 3 or " " in whole or whole[:1] in ("", "0") or len(whole) > 3:
        return decimal
    thousands = _grouped(whole + fraction, "")
    return thousands + decimal if signs[0] == "," else decimal + thousands


def _grouped(whole: str, fraction: str) -> "list[dict[str, str]]":
    groups = whole.split(" ")
    fits = all(len(group) == 3 for group in groups[1:])
    if len(groups) > 1 and (not fits or not 0 < len(groups[0]) < 4):
        return []
    return [{"whole": "".join(groups), "fraction": fraction}]


def _power(text: str) -> "dict[str, Any]":
    """Read a power of ten at the start of what follows the digits: `value`, and the `rest`."""
    rest = text
    if rest[:1] in ("e", "E") and rest[1:].lstrip("+-")[:1] in tuple(_DIGITS):
        rest = rest[1:]
    elif rest[:1] and rest[:1] in _TIMES and rest[1:].strip().startswith("10"):
        rest = rest[1:].strip()[2:]
        for i, raised in enumerate(_RAISED):
            rest = rest.replace(raised, str(i))
        rest = rest.replace("⁻", "-").lstrip("^* ")
    else:
        return {"value": 0, "rest": text}
    sign = -1 if rest[:1] == "-" else 1
    rest = rest.lstrip("+-")
    end = 0
    while end < len(rest) and rest[end] in _DIGITS:
        end += 1
    if not 0 < end < 4:
        return {"value": 0, "rest": text}
    return {"value": sign * int(rest[:end]), "rest": rest[end:].strip()}


def _number(whole: str, fraction: str, power: int, sign: int) -> "dict[str, Any]":
    """Make a number of its digits, with the step of the last one."""
    raised = power - len(fraction)
    mantissa = int(whole + fraction)
    value = mantissa * 10**raised if raised >= 0 else mantissa / 10**-raised
    step = 10**raised if raised >= 0 else 1 / 10**-raised
    zeros = 0 if fraction else len(whole) - len(whole.rstrip("0"))
    return {"value": sign * value, "step": step, "zeros": zeros if mantissa else 0}


def _taken(found: "dict[str, Any]", asked: "dict[str, Any]") -> "dict[str, Any]":
    """List what the numbers may mean by their unit, or say what is wrong with that.

    Gives in `as` the candidates in order; in `confused` those that would be right if a unit had
    been taken for its neighbour, each with what to `say`; or a `problem`.
    """
    numbers = found["numbers"]
    if asked["unit"] == "bytes":
        return _as_bytes(numbers, found["unit"], asked)
    if asked["unit"] == "share":
        percent = [_candidate(n, 1, 100, "", "") for n in numbers]
        if found["unit"].lower() in ("%", "percent", "per cent"):
            taken = percent
        elif found["unit"]:
            return {"problem": f"Not “{found['unit']}”: a share has no unit, or is in percent."}
        else:
            for each in percent:
                each["note"] = "taken as percent"
            taken = [_candidate(n, 1, 1, "", "") for n in numbers] + percent
        for each in taken:
            each["coarse"] = True
        return {"as": taken, "confused": []}
    return _as_count(numbers, found["unit"], asked)


def _scaled(unit: str) -> "tuple[int, str]":
    """Part a scale in words, such as million, from the name of what is counted."""
    name = unit.lower()
    for word in SCALES:
        if name == word or name.startswith(word + " "):
            return SCALES[word], name[len(word) :].strip()
    return 1, name


def _as_bytes(
    numbers: "list[dict[str, Any]]", unit: str, asked: "dict[str, Any]"
) -> "dict[str, Any]":
    for word in OF_WHAT:
        if unit.lower().endswith(word):
            unit = unit[: len(unit) - len(word)].strip()
    scale, name = _scaled(unit)
    name = name.replace(" ", "")  # giga bytes
    if unit in BITS:
        taken = [_candidate(n, BITS[unit], 8, "", "The same, counted in bits") for n in numbers]
        for each in taken:
            each["verdict"] = "other"
        return {
            "as": taken,
            "confused": [],
            "bits": f"{unit} counts bits, of which a byte has eight. Bytes have a large B.",
        }
    if name == "b" or (scale > 1 and not name):  # `B`, for a small one counts bits
        name = "byte"
    if not name:
        written = asked["written"].replace("\u00a0", " ").split(" ")[-1].lower()
        as_written = BYTES.get(written, 1)
        factors = [10**9] + ([as_written] if as_written not in (1, 10**9) else [])
        taken = [_candidate(n, f, 1, "", "") for f in factors for n in numbers]
        taken += [_candidate(n, 1, 1, "", "taken as bytes") for n in numbers]
        binary = "That is the number of GiB: right, and with its unit it would count."
        confused = [_candidate(n, 2**30, 1, binary, "") for n in numbers]
        for each in confused:
            each["verdict"] = "other"
        return {"as": taken, "confused": confused}
    if name not in BYTES:
        return {"problem": f"The unit “{unit}” is not known here. Give bytes: B, kB, MB, GB, GiB."}
    taken = [_candidate(n, BYTES[name] * scale, 1, "", "") for n in numbers]
    confused = []
    for unit_of, other, say in _NEIGHBOURS:
        if BYTES[name] == unit_of:
            confused = [_candidate(n, other, 1, say, "") for n in numbers]
    for each in confused:
        each["verdict"] = "unit"
    return {"as": taken, "confused": confused}


def _as_count(
    numbers: "list[dict[str, Any]]", unit: str, asked: "dict[str, Any]"
) -> "dict[str, Any]":
    scale, name = _scaled(unit)
    if name in ("%", "percent"):
        return {"problem": f"That is a share; asked for is a number of {asked['unit']}."}
    if name and name not in COUNTED:
        return {"problem": f"Not “{unit}”: asked for is a number of {asked['unit']}."}
    taken = [_candidate(n, scale, 1, "", "") for n in numbers]
    if name and COUNTED[name] != asked["unit"]:
        say = f"The number is right. But it counts {asked['unit']}, not {COUNTED[name]}."
        for each in taken:
            each["verdict"], each["note"] = "other", say
    return {"as": taken, "confused": []}


def _candidate(
    number: "dict[str, Any]", factor: int, divisor: int, say: str, note: str
) -> "dict[str, Any]":
    """Put a unit to a number."""
    value, step = number["value"] * factor, number["step"] * factor
    if divisor > 1:
        value, step = value / divisor, step / divisor
    return {
        "value": value,
        "step": step,
        "rough": step * 10 ** number["zeros"],
        "say": say,
        "note": note,
        "coarse": False,
        "verdict": "right",
    }


def _is(candidate: "dict[str, Any]", target: "float", exact: bool) -> bool:
    """Say whether a number, to the digits that were typed, is the target, cut off or rounded.

    The zeros that end a whole number are digits of a count, and may be rounding in a size.
    """
    value = candidate["value"]
    if value == target:
        return True
    step = candidate["step"]
    if candidate["coarse"] and 10 * step <= value and abs(value - target) <= step / 2:
        return True  # two digits of a share
    step = candidate["step"] if exact else candidate["rough"]
    if exact and step > NEAR * abs(target):
        return False
    return abs(value - target) < step and _near(value, target)


def _near(value: "float", target: "float") -> bool:
    return abs(value - target) <= NEAR * abs(target)


def _of_right(candidate: "dict[str, Any]", asked: "dict[str, Any]") -> str:
    if candidate["verdict"] == "other" and asked["unit"] not in ("bytes", "share"):
        return str(candidate["note"])
    note = f" ({candidate['note']})" if candidate["note"] else ""
    return f"{asked['written']}{note}."


def _of_power(power: int, how: str) -> str:
    return f"The digits are right. The number is {10**power:,} times too {how}."
