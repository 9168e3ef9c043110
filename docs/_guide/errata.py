"""The numbers in print that do not come out: the wall of errata, and tables of the others."""

from __future__ import annotations

import html
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any

import dlp
from _evidence import sources
from _evidence.claims import KINDS, Claim, printed, printed_claims
from _evidence.expressions import MODELS, Expression, arguments_of, calls
from _guide import worked
from _guide.evidence import evidence_links, title
from _guide.formats import count, decimal
from _guide.parts import table
from _guide.rows import as_printed, digits, plain, unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Set

SUBJECTS = {
    "accelerators": "cards",
    "activations": "activations and logits",
    "adapters": "LoRA and other adapters",
    "cache": "KV cache",
    "compute": "FLOPs and time",
    "heads": "heads",
    "loading": "weights",
    "parameters": "parameters",
    "peaks": "training memory",
    "quantization": "quantization",
    "steps": "steps",
    "training-memory": "training memory",
}
"""What the numbers of a file of `docs/_evidence/printed/` are about."""


def errata() -> list[list[Claim]]:
    """Give the errata in order, each with all numbers that it makes wrong."""
    found = [claim for claim in printed_claims() if claim.erratum]
    found.sort(key=lambda claim: int(claim.erratum[1:]))
    return [list(rows) for _, rows in groupby(found, key=lambda claim: claim.erratum)]


def anchor(claim: Claim) -> str:
    """Return the id of an erratum's card, which is its address on the page."""
    return claim.erratum.lower()


def summary() -> str:
    """Say how many errata there are, of how many numbers and sources."""
    wrong = [claim for rows in errata() for claim in rows]
    right = sum(claim.verdict == "reproduced" for claim in printed_claims())
    return (
        f"**{count(len(errata()))}** errata of {count(len({claim.source for claim in wrong}))} "
        f"sources make {count(len(wrong))} numbers wrong. For comparison: {count(right)} printed "
        "numbers come out."
    )


# --- The wall -------------------------------------------------------------------------------


def wall() -> str:
    """Write every erratum as a card, what narrows them down, and the script that does so.

    Without the script all are shown, and nothing that would need it.
    """
    cards = "\n\n".join(map(_card, errata()))
    return (
        f"{_narrowing()}\n\n"
        f'<div class="wall" markdown="1">\n\n{cards}\n\n</div>\n\n'
        '<script src="../assets/wall.js" defer></script>\n'
    )


def _narrowing() -> str:
    kinds = Counter(rows[0].kind for rows in errata())
    subjects = Counter(SUBJECTS[rows[0].topic] for rows in errata())
    chips = _chip("", "all", kinds.total()) + "".join(
        _chip(kind, words, kinds[kind]) for kind, words in KINDS.items()
    )
    options = "".join(
        f'<option value="{subject}">{subject} ({count(subjects[subject])})</option>'
        for subject in sorted(subjects, key=str.lower)
    )
    return (
        '<form class="narrowing" aria-label="Narrow the errata down" hidden>'
        f"<fieldset><legend>Slip</legend>{chips}</fieldset>"
        f'<label>About <select name="about"><option value="">anything</option>{options}</select>'
        '</label> <label>Words <input type="search" name="words" autocomplete="off"></label> '
        '<p><output role="status"></output> '
        '<button type="reset" class="md-button" hidden>Show all</button></p>'
        "</form>"
    )


def _chip(kind: str, words: str, errata: int) -> str:
    checked = "" if kind else " checked"
    return (
        f'<label><input type="radio" name="kind" value="{kind}"{checked}>'
        f"{words} ({count(errata)})</label>"
    )


def _card(rows: list[Claim]) -> str:
    """Write one erratum: what is printed and what is right, the slip, and the proof, folded."""
    first = rows[0]
    source, subject = sources.find(first.source), SUBJECTS[first.topic]
    more = f", and {count(len(rows) - 1)} more" if len(rows) > 1 else ""
    return (
        f'<section class="erratum" data-kind="{first.kind}" data-about="{subject}" markdown="1">'
        f"\n\n### {first.erratum} · [{source.title}]({source.url}) {{ #{anchor(first)} }}\n\n"
        f"{KINDS[first.kind].capitalize()} · {subject}\n{{ .topic }}\n\n"
        f"{_numbers(first)}\n\n{first.id}{more}\n{{ .topic }}\n\n{first.reason}\n\n"
        f'<details class="proof" markdown="1"><summary>Proof of {first.erratum}</summary>\n\n'
        f"{_proof(rows)}\n\n</details>\n\n</section>"
    )


def _numbers(claim: Claim) -> str:
    return (
        f'<dl class="numbers"><div><dt>Printed</dt><dd>{as_printed(claim)}</dd></div>'
        f"<div><dt>Right</dt><dd>{as_computed(claim)}</dd></div></dl>"
    )


def _proof(rows: list[Claim]) -> str:
    """Write what computes each number; of the first, the numbers put in."""
    said = {rows[0].reason}
    written = []
    for claim in rows:
        why = "" if claim.reason in said else claim.reason
        said.add(claim.reason)
        written.append(
            f"**{claim.id}**: {claim.where}. {why} {claim.note}".rstrip() + f"\n\n{_sums(claim)}"
        )
    written += _worked(rows[0])
    names = dict.fromkeys(each["function"] for claim in rows for each in calls(claim.expression))
    return "\n\n".join([*written, f"Evidence for {evidence_links(*names)}."])


def _sums(claim: Claim) -> str:
    """Write the computation of the right number, and where the printed one comes from."""
    lines = [(f"{as_computed(claim)}, right", code(claim.expression))]
    if claim.slip:
        lines.append((f"{as_printed(claim)}, printed", code(claim.slip)))
    if claim.second:
        other = printed(claim.second)
        lines.append(("printed right", plain(f"{other.by}, {other.where}")))
    items = "".join(f"<div><dt>{value}</dt><dd>{how}</dd></div>" for value, how in lines)
    return f'<dl class="sums">{items}</dl>'


def as_computed(claim: Claim) -> str:
    """Write ours with its unit, to hundredths or as finely as theirs; of the least, that it is."""
    finely = max(2, len(claim.theirs.partition(".")[2]))
    return f"{'at least ' if claim.least else ''}{decimal(claim.ours, finely)}{unit(claim)}"


def code(expression: Expression) -> str:
    """Write an expression as a code span of HTML, which may break after a comma."""
    return f"<code>{html.escape(computation(expression), quote=False)}</code>"


def _worked(claim: Claim) -> list[str]:
    """Work out the calls that give the right number, then those that give what is printed."""
    written = []
    known: set[str] = set()
    for words, expression in (("Right", claim.expression), ("As printed", claim.slip)):
        steps = [] if not expression or "printed" in expression else _steps(expression)
        if new := [step for step in steps if step not in known]:
            known |= set(new)
            solved = "\n\n".join(dict.fromkeys(new))
            written.append(
                '<div class="worked" data-search-exclude markdown="1">\n\n'
                f"{words}, with the numbers put in:\n\n{solved}\n\n</div>"
            )
    return written


def _steps(expression: Expression) -> Iterator[str]:
    """Work out each call of an expression that a formula is documented for, not code alone."""
    for each in calls(expression):
        function = getattr(dlp, each["function"])
        try:
            yield from map(worked.written, worked.solve(function, arguments_of(each)))
        except (LookupError, ValueError):
            continue


# --- Other numbers that do not come out -----------------------------------------------------


def others(verdict: str) -> str:
    """Write the printed numbers that have this verdict, and why, source by source."""
    found = [claim for claim in printed_claims() if claim.verdict == verdict]
    found.sort(key=lambda claim: title(claim.source))
    written = []
    for key, group in groupby(found, key=lambda claim: claim.source):
        source = sources.find(key)
        header = ("Where", "Printed", "Computed", "Why, and the computation")
        label = f"{verdict} {source.title}"
        rows = map(_other, group)
        written.append(
            f"### [{source.title}]({source.url})\n\n"
            + table(header, rows, name="errata", align="lrrl", label=label)
        )
    return "\n\n".join(written) or "None at present."


def _other(claim: Claim) -> tuple[str, ...]:
    why = f"{claim.reason} `{computation(claim.expression)}`"
    if claim.slip:
        why += f" What is printed comes from `{computation(claim.slip)}`"
    ours = f"**{digits(claim)}{unit(claim)}**"
    return (f"{claim.where}: {claim.id}", as_printed(claim), ours, why)


def computation(expression: Expression) -> str:
    """Write an expression as Python; a slip may start from the digits of another number."""
    if "printed" in expression:
        text = str(printed(expression["printed"]).theirs)
    else:
        text = f"{expression['function']}({_arguments(expression['arguments'])})"
    part = expression.get("part", [])
    if isinstance(part, str):
        text += f"[{part!r}]"
    elif part:
        text = f"sum({text}[part] for part in {tuple(part)})"
    if expression.get("total"):
        text = f"sum({text}.values())"
    if "times" in expression:
        text = f"{expression['times']} * {text}"
    plus, minus = expression.get("plus", []), expression.get("minus", [])
    text += "".join(f" + {_operand(each)}" for each in plus)
    text += "".join(f" - {_operand(each)}" for each in minus)
    per = expression.get("per", [])
    if per and (plus or minus):
        text = f"({text})"
    return text + "".join(f" / {_operand(each, {'times'})}" for each in per)


def _arguments(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_written_as(value)}" for name, value in arguments.items())


def _operand(value: Expression | float, binding: Set[str] = frozenset()) -> str:
    if not isinstance(value, dict):
        return str(value)
    text = computation(value)
    return f"({text})" if {"plus", "minus", "per", *binding} & value.keys() else text


def _written_as(value: Any) -> str:
    if isinstance(value, dict) and "function" in value:
        return computation(value)  # type: ignore[arg-type]
    return value if isinstance(value, str) and value in MODELS else repr(value)
