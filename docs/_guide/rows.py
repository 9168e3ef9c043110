"""A number of others beside ours: how it is written in a row, and the long tables of such rows.

The tables are written as HTML at once: as Markdown they would be a good part of the build.
"""

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any

from _evidence import sources
from _evidence.claims import COUNTERS, FLOAT32, Claim
from _guide.formats import NBSP, count, decimal, percent

_LONGEST = 60
_LEAST = 0.0001


def printed_row(claim: Claim) -> tuple[str, ...]:
    """Write a printed number and ours."""
    source = sources.find(claim.source)
    what = plain(claim.id)
    if said := " ".join(filter(None, (claim.reason, claim.note))):
        what += f"<br><small>{plain(said)}</small>"
    return (
        what,
        f'<a href="{html.escape(source.url)}">{plain(source.short)}</a>, {plain(claim.where)}',
        as_printed(claim),
        digits(claim),
        _sign(claim.verdict),
    )


def measured_row(claim: Claim) -> tuple[str, ...]:
    """Write what was measured and ours."""
    source = sources.find(claim.source)
    said = " ".join(filter(None, (claim.reason, claim.note)))
    what = f'<a href="{html.escape(source.url)}">{plain(claim.id)}</a>, {plain(claim.where)}'
    if said:
        what += f"<br><small>{plain(said)}</small>"
    apart = f", {claim.apart}" if claim.apart else ""
    return (
        what,
        f"{plain(claim.gpu)}{apart}: {COUNTERS[claim.counter]}",
        as_printed(claim),
        decimal(claim.ours, len(claim.theirs.partition(".")[2])),
        f"{claim.ratio:.3f}",
    )


def counted_row(found: Sequence[Claim]) -> tuple[str, ...]:
    """Write the counts of one run, and ours, in one row."""
    first = found[0]
    what = f"{plain(first.id)}: {plain(', '.join(claim.what for claim in found))}"
    for reason in dict.fromkeys(claim.reason for claim in found if claim.reason):
        what += f"<br><small>{plain(reason)}</small>"
    return (
        what,
        html.escape(first.by),
        _written([claim.theirs for claim in found]),
        _written([claim.ours for claim in found]),
        share(worst(found)),
    )


def folded_table(
    function: str,
    title: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    kind: str = "evidence",
) -> str:
    """Write a folded table as HTML. The first two columns hold words, the next two numbers."""
    return (
        f'<details class="{kind}" data-search-exclude><summary>{title}</summary>\n'
        f"{table(f'{function}, {title}', header, rows, align='llrrl')}\n</details>"
    )


def table(
    name: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    align: str,
    kind: str = "table",
) -> str:
    """Write a table as HTML; `align` has an r for a column of numbers, `kind` are its classes."""
    sides = [' class="number"' if side == "r" else "" for side in align[: len(header)]]
    head = "".join(f"<th{side}>{cell}</th>" for side, cell in zip(sides, header, strict=True))
    body = "\n".join(
        "<tr>"
        + "".join(f"<td{side}>{cell}</td>" for side, cell in zip(sides, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="{kind}" role="group" aria-label="Table: {name}" tabindex="0">\n'
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>\n</div>"
    )


def worst(claims: Iterable[Claim]) -> float:
    """Give the largest deviation of some numbers."""
    return max(claim.deviation for claim in claims)


def share(deviation: float) -> str:
    if not deviation:
        return count(0)
    if deviation <= FLOAT32:
        return "float32"
    return percent(deviation, 2) if deviation >= _LEAST else f"<{NBSP}{percent(_LEAST, 2)}"


def digits(claim: Claim) -> str:
    """Write our number with two digits more than are printed; an exact one with as many."""
    more = len(claim.theirs.partition("E")[0].partition(".")[2]) + 2
    if "E" in claim.theirs:
        return f"{float(claim.ours):.{more}E}"
    return count(claim.ours) if isinstance(claim.ours, int) else decimal(claim.ours, more)


def grouped(printed: str) -> str:
    whole, point, rest = printed.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.lstrip("-").isdigit() else printed


def as_printed(claim: Claim) -> str:
    """Write their number with its unit."""
    return f"{grouped(claim.theirs)}{unit(claim)}"


def unit(claim: Claim) -> str:
    """Write the unit of a number, after a space that does not break."""
    return f"{NBSP}{claim.unit}".replace(" ", NBSP) if claim.unit else ""


def _sign(verdict: str) -> str:
    return "✓" if verdict == "reproduced" else f"✗ {verdict.replace('-', ' ')}"


def number(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "none"
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def _written(values: Iterable[Any]) -> str:
    """Write numbers, and lists of them, one after another; where they are many, the first."""
    text = "; ".join(number(value) for value in values)
    return html.escape(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def plain(text: str) -> str:
    """Escape a text, its code spans marked up."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
