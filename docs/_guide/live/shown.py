"""What every calculator writes with: tables, worked solutions, and the call that gives the same."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from _guide.live import solve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Page = Mapping[str, Any]
    """What the page knows: the way to the site's `root`, and the formulas as `documented`."""

WIDE = 88
"""Signs of a line of code."""

LONG = 20
"""Signs of a choice that takes the room of two fields."""

SCALES = {"k": 3, "m": 6, "b": 9, "t": 12}
"""The powers of ten that a letter behind a number stands for."""

_UNITS = {0: "bytes", 3: "kB", 6: "MB", 9: "GB", 12: "TB"}

PLUS = "<mo>+</mo>"

_DIGITS, _LONGEST = "0123456789", 40


def whole(*, name: str, text: str) -> int:
    """Read a whole number as people type it: 1,000,000, 1 000 000, 1e6, 7B.

    Raises:
        ValueError: If it is none.
    """
    plain = text.strip().lower()
    for sign in ("_", " ", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"):
        plain = plain.replace(sign, "")
    power = SCALES.get(plain[-1:], 0)
    plain = plain[:-1] if power else plain
    negative = plain.startswith("-")
    mantissa, e, raised = plain[1 if negative else 0 :].partition("e")
    front, _, fraction = mantissa.partition(".")
    groups, fraction = front.split(","), fraction.rstrip("0")
    digits = "".join(groups) + fraction
    known = digits and all(c in _DIGITS for c in digits + raised) and bool(e) == bool(raised)
    known = known and len(digits) < _LONGEST and all(len(group) == 3 for group in groups[1:])
    power += int(raised) - len(fraction) if known and raised else -len(fraction)
    if not known or not 0 <= power < _LONGEST:
        raise ValueError(f"{name} must be a whole number, such as 1,000,000 or 1e6, not {text!r}")
    number: int = int(digits) * 10**power
    return -number if negative else number


def unit(num_bytes: int) -> tuple[str, int]:
    """Give the unit that fits a picture's longest bar, and how many bytes it has."""
    power = max([p for p in _UNITS if p == 0 or 10**p <= num_bytes])
    return _UNITS[power], 10**power


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, label: str, marked: str = ""
) -> str:
    """Write a table whose first column has words, the others numbers; one row may be `marked`.

    It has the class that the build gives to tables of pages: there they are dressed by it.
    """
    titles = "".join(f'<th scope="col">{title}</th>' for title in header)
    written = ""
    for cells in rows:
        row = '<tr aria-current="true">' if cells[0] == marked else "<tr>"
        written += row + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    return (
        f'<div class="table" role="group" aria-label="Table: {label}"><table class="plain">'
        f"<thead><tr>{titles}</tr></thead><tbody>{written}</tbody></table></div>"
    )


def solution(
    functions: Sequence[Callable[..., Any]], arguments: Mapping[str, Any], page: Page
) -> str:
    """Work out a call of the first function, which may rest on the others, under a fold."""
    known: dict[str, Any] = {
        each.__name__: {**page["documented"][each.__name__], "call": each} for each in functions
    }
    steps = solve.solve(
        function=functions[0].__name__, arguments=arguments, documented=known, write=_number
    )
    written = ""
    for step in steps:
        about = known[step["function"]]
        put_in = (
            step["substituted"]
            .replace("(<mn>", "<mo>(</mo><mn>")
            .replace("</mn>)", "</mn><mo>)</mo>")
            .replace("</mn> + <mn>", "</mn><mo>+</mo><mn>")
        )
        value = step["value"]
        sign = "=" if value == int(value) else "≈"
        # A sum by itself takes a row for each term, which a phone shows whole.
        grouped = any(each in put_in for each in ("<mfrac>", "<mrow>", ">(<"))
        sums = [put_in] if grouped else put_in.split(PLUS)
        rows = [step["formula"]["text"], f"<mo>=</mo>{PLUS.join(sums[:1])}"]
        rows += [f"{PLUS}{term}" for term in sums[1:]]
        rows.append(f"<mo>{sign}</mo><mn>{solve.figure(value)}</mn>")
        math = "".join(f"<mtr><mtd>{row}</mtd></mtr>" for row in rows)
        first, *more = solve.results(value, about["unit"])
        result = " = ".join([f"<strong>{each}</strong>" for each in (first, *more[:1])] + more[1:])
        written += (
            f'<p><a class="step" href="{page["root"]}{about["link"]}"><code>{step["function"]}'
            '</code></a></p><div class="arithmatex" tabindex="0"><math display="block">'
            f'<mtable class="solved" displaystyle="true">{math}</mtable></math></div>'
            f'<p class="letters">{step["formula"]["letters"]}</p>'
            f'<p class="step-value">{result}</p>'
        )
    return aside("Worked out", written)


def _number(value: Any) -> str:
    return f"<mn>{solve.number(value)}</mn>"


def aside(summary: str, written: str) -> str:
    """Fold something away."""
    return f"<details data-aside><summary>{summary}</summary>{written}</details>"


def code(python: str, command: str = "") -> str:
    """Write the call that gives this result, and the command if one says it, under a fold."""
    called = f'<pre class="no-copy"><code>{html.escape(python)}</code></pre>'
    written = f'<button type="button" data-copy>Copy as Python</button>{called}'
    if command:
        called = f'<pre class="no-copy"><code>{html.escape(command)}</code></pre>'
        written += f'<button type="button" data-copy>Copy as command</button>{called}'
    return aside("In Python, in the shell" if command else "In Python", written)


def call(
    result: str,
    function: str,
    arguments: Mapping[str, Any],
    model: str = "",
    more: Sequence[str] = (),
    then: str = "",
) -> str:
    """Write a program that makes a call and prints the result; `model` is a name for the config.

    `then` stands in place of printing, and takes what `more` names.
    """
    names = sorted([model, function, *more] if model else [function, *more])
    imported = ", ".join(names)
    if len(imported) > WIDE - 20:
        imported = "(\n" + "".join(f"    {name},\n" for name in names) + ")"
    lines = ""
    for name, value in arguments.items():
        text = model if model and name == "config" else literal(value, "    ")
        lines += f"    {name}={text},\n"
    then = then or f"print({result})\n"
    return f"from dlp import {imported}\n\n{result} = {function}(\n{lines})\n{then}"


def literal(value: Any, indent: str = "") -> str:
    """Write a value as Python, a dict or a list that is long on lines of its own."""
    text = repr(value).replace("'", '"') if _plain(value) else repr(value)
    if len(indent + text) < WIDE or not isinstance(value, (dict, list)):
        return text
    inner = f"{indent}    "
    if isinstance(value, dict):
        lines = [f"{literal(k)}: {literal(v, inner)}" for k, v in value.items()]
    else:
        lines = [literal(each, inner) for each in value]
    opens, closes = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return f"{opens}\n" + "".join(f"{inner}{line},\n" for line in lines) + indent + closes


def _plain(value: Any) -> bool:
    """Whether quotation marks can be exchanged."""
    text = repr(value)
    return '"' not in text and "\\" not in text
