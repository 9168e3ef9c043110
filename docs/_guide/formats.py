"""How the guide writes a number: thousands separators, units, no more digits than it knows."""

from __future__ import annotations

import dlp

NBSP = "\N{NO-BREAK SPACE}"

_DECIMAL = ("bytes", "kB", "MB", "GB", "TB")
_BINARY = ("bytes", "KiB", "MiB", "GiB", "TiB")


def count(value: float) -> str:
    """Write a whole number with thousands separators.

    Raises:
        ValueError: If the number is not whole: a count never is anything else.
    """
    if value != int(value):
        raise ValueError(f"not a whole number: {value!r}")
    return f"{int(value):,}"


def decimal(value: float, digits: int = 2) -> str:
    """Write a number with at most `digits` decimals, without trailing zeros."""
    text = f"{value + 0.0:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def percent(share: float, digits: int = 1) -> str:
    """Write a share of one as a percentage."""
    return f"{decimal(100 * share, digits)}{NBSP}%"


def times(ratio: float, digits: int = 1) -> str:
    """Write a ratio, such as four times."""
    return f"{decimal(ratio, digits)}×"


def size(num_bytes: float) -> str:
    """Write bytes in the decimal unit that fits: kB, MB, GB."""
    return _size(num_bytes, _DECIMAL, 1000)


def binary_size(num_bytes: float) -> str:
    """Write bytes in the binary unit that fits: KiB, MiB, GiB."""
    return _size(num_bytes, _BINARY, 1024)


def both_sizes(num_bytes: float) -> str:
    """Write bytes in the binary unit that fits, and in the decimal one."""
    return f"{binary_size(num_bytes)} ({size(num_bytes)})"


def things(number: int, one: str) -> str:
    """Write how many there are of a thing."""
    more = "es" if one.endswith("batch") else "s"
    return f"{count(number)} {one}{'' if number == 1 else more}"


def gb(num_bytes: float) -> str:
    """Write bytes in GB, whatever their size, so that a column can be compared."""
    return f"{_two_digits(dlp.gigabytes(num_bytes=num_bytes))}{NBSP}GB"


def _size(num_bytes: float, units: tuple[str, ...], step: int) -> str:
    value, unit = float(num_bytes), units[0]
    for larger in units[1:]:
        if round(value, 2) < step:
            break
        value, unit = value / step, larger
    return f"{_two_digits(value)}{NBSP}{'byte' if num_bytes == 1 else unit}"


def _two_digits(value: float) -> str:
    """Write two decimals, or none where they would be zero: 28 but 25.10."""
    return f"{value:,.2f}".removesuffix(".00")
