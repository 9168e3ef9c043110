"""The pages of evidence: totals, what stands behind each formula, and every single number.

The long tables are written as HTML at once: as Markdown they would be a good part of the build.
"""

from __future__ import annotations

import html
import json
import re
import tomllib
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _evidence import published, records, sources
from _evidence.comparisons import FLOAT32, comparisons
from _evidence.published import VERDICTS
from _evidence.standing import Standing, modules, objections, standings, totals
from _guide.formats import NBSP, count, decimal, percent
from _guide.parts import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from _evidence.comparisons import Comparison
    from _evidence.expression import Expression, Term
    from _evidence.published import Row


MUTANTS = Path(__file__).parents[1] / "_evidence"
"""What the last run of `make mutants` found."""


def anchor(function: str) -> str:
    """Return the id of a formula's evidence, by which pages link to it."""
    return f"evidence-{function}"


def evidence_links(*functions: str) -> str:
    """Write links to the evidence for formulas."""
    return ", ".join(f"[`{name}`][{anchor(name)}]" for name in dict.fromkeys(functions))


# --- The overview ---------------------------------------------------------------------------


def summary() -> str:
    """Write the totals in one sentence."""
    of = totals()
    return (
        f"**{count(of.formulas)}** formulas are compared with **{count(of.published)}** numbers "
        f"printed in {count(of.sources)} sources and **{count(of.counts)}** counts of real "
        f"libraries, and held to **{count(of.laws)}** laws for any arguments. "
        f"{count(of.reproduced)} of the printed numbers come out; {count(of.refused)} do not, and "
        "are kept with the reason, where it is known."
    )


def by_formula() -> str:
    """Write, module by module, what stands behind each formula.

    Raises:
        ValueError: If a number does not come out as it is kept: the page would not be true.
    """
    if wrong := objections():
        raise ValueError("\n".join(wrong))
    parts = []
    for module in modules():
        rows = [_standing(each) for each in standings().values() if each.module == module]
        header = ("Formula", "Printed", "Counted", "Laws", "Worst deviation")
        written = table(
            header, rows, name="standings", align="lrrrr", label=f"evidence for {module}"
        )
        parts.append(f"### `{module}` {{ #evidence-for-{module} }}\n\n{written}")
    return "\n".join(parts)


def _standing(each: Standing) -> tuple[str, ...]:
    printed = count(len(each.reproduced))
    if each.refused:
        printed += f" + {count(len(each.refused))}{NBSP}✗"
    counted = count(len(each.counted))
    laws = count(len(each.laws))
    return (evidence_links(each.function), printed, counted, laws, _worst(each))


def _worst(each: Standing) -> str:
    """Say how far a formula is from what others counted; failing that, from what they printed."""
    if each.worst_counted is not None:
        return _share(each.worst_counted)
    if each.worst_printed is not None:
        return f"{_share(each.worst_printed)}, rounded" if each.worst_printed else count(0)
    return "–"


def _share(deviation: float) -> str:
    if not deviation:
        return count(0)
    if deviation <= FLOAT32:
        return "float32"
    return percent(deviation, 2) if deviation >= _LEAST else f"<{NBSP}{percent(_LEAST, 2)}"


def by_source() -> str:
    """Write how many numbers each source prints, how many come out, and what was read of it."""
    rows = []
    for key in sorted(
        {row.source for row in published.rows()}, key=lambda key: _title(key).lower()
    ):
        source = sources.find(key)
        found = [row for row in published.rows() if row.source == key]
        out = sum(row.verdict == "reproduced" for row in found)
        read = "" if source.read == "original" else "its numbers, in a transcription"
        rows.append((f"[{source.title}]({source.url})", count(len(found)), count(out), read))
    return table(("Source", "Numbers", "Come out", "Read"), rows, name="by-source", align="lrrl")


def _title(key: str) -> str:
    return sources.find(key).title.lower()


def by_library() -> str:
    """Write which library, at which version, counted what."""
    tally: dict[tuple[str, str], list[Comparison]] = {}
    for topic in records.topics():
        for each in comparisons(topic):
            tally.setdefault((each.record.version(each.package), topic), []).append(each)
    rows = [
        (
            version,
            f"`{topic}.json`",
            count(len({each.record.id for each in found})),
            count(len(found)),
            _share(max(each.deviation for each in found)),
        )
        for (version, topic), found in sorted(tally.items())
    ]
    header = ("Library", "Record", "Runs", "Counts", "Worst deviation")
    return table(header, rows, name="by-library", align="llrrr")


def approximations() -> str:
    """Write which formulas are approximations, and by how much they were off."""
    worst: dict[tuple[str, str], Comparison] = {}
    for topic in records.topics():
        for each in comparisons(topic):
            if each.because:
                key = (each.terms[0].function, each.because)
                worst[key] = max(worst.get(key, each), each, key=lambda found: found.deviation)
    rows = [
        (
            evidence_links(function),
            f"{each.record.id}: {each.what}",
            count(each.theirs),
            count(each.ours),
            percent(each.deviation),
            because,
        )
        for (function, because), each in worst.items()
    ]
    header = ("Formula", "Farthest off", "Counted", "`dlp`", "Off by", "Why")
    return table(header, rows, name="approximations", align="llrrrl")


def mutants() -> str:
    """Say how many changes made to the formulas on purpose the tests noticed."""
    found = json.loads((MUTANTS / "mutants.json").read_text(encoding="utf-8"))
    known = tomllib.loads((MUTANTS / "harmless.toml").read_text(encoding="utf-8"))["because"]
    noticed = f"**{count(found['killed'])}** of {count(found['mutants'])} changes"
    rows = [(each["reason"], count(len(each["mutants"]))) for each in known]
    written = table(("Why no test can tell it from the original", "Changes"), rows, align="lr")
    return (
        f"{noticed} made a test fail ({percent(found['killed'] / found['mutants'])}).\n\n{written}"
    )


def on_a_gpu() -> str:
    """Say what a GPU's allocator held in a real training step, or that it has not been recorded."""
    if "gpu" in records.awaited():
        return (
            "What a GPU holds at the peak of a real training step, beside the ledger, has **not "
            "been recorded yet**: the command that records it waits for a machine."
        )
    links = evidence_links("memory_ledger")
    return f"What a GPU holds at the peak of a real training step is recorded: {links}."


# --- A module's page ------------------------------------------------------------------------


def of_module(module: str) -> str:
    """Write all evidence for the formulas of a module."""
    return "\n\n".join(_of_formula(each) for each in standings().values() if each.module == module)


def _of_formula(each: Standing) -> str:
    parts = [
        f"## {each.function} {{ #{anchor(each.function)} }}",
        f"{each.purpose} [`{each.function}`][dlp.{each.module}.{each.function}]",
    ]
    if each.laws:
        laws = "\n".join(f"- {law}" for law in each.laws)
        parts.append(f"Tried on generated arguments:\n\n{laws}")
    if each.published:
        rows = sorted(each.published, key=lambda row: VERDICTS.index(row.verdict))
        parts.append(
            _table(
                each.function,
                f"Printed numbers: {count(len(each.published))}",
                ("What", "Source", "Printed", "dlp", "Verdict"),
                [_printed(row) for row in rows],
            )
        )
    if each.counted:
        parts.append(
            _table(
                each.function,
                f"Counts of real libraries: {count(len(each.counted))}",
                ("What", "Library", "Counted", "dlp", "Off by"),
                [_counted(list(run)) for _, run in groupby(each.counted, key=_run)],
            )
        )
    if each.callers:
        parts.append(
            f"It is a part of {evidence_links(*each.callers)}, and stands on their evidence too."
        )
    return "\n\n".join(parts)


def _printed(row: Row) -> tuple[str, ...]:
    source = sources.find(row.source)
    unit = f"{NBSP}{row.unit}".replace(" ", NBSP) if row.unit else ""
    what = _plain(row.id)
    if said := " ".join(filter(None, (row.reason, row.note))):
        what += f"<br><small>{_plain(said)}</small>"
    return (
        what,
        f'<a href="{html.escape(source.url)}">{_plain(source.short)}</a>, {_plain(row.where)}',
        f"{_grouped(row.published)}{unit}",
        _digits(row),
        _sign(row.verdict),
    )


def _counted(found: Sequence[Comparison]) -> tuple[str, ...]:
    """Write the counts of one run in one row."""
    first = found[0]
    what = f"{_plain(first.record.id)}: {_plain(', '.join(each.what for each in found))}"
    for because in dict.fromkeys(each.because for each in found if each.because):
        what += f"<br><small>{_plain(because)}</small>"
    deviation = max(each.deviation for each in found)
    return (
        what,
        html.escape(first.record.version(first.package)),
        _written([each.theirs for each in found]),
        _written([each.ours for each in found]),
        _share(deviation),
    )


def _sign(verdict: str) -> str:
    return "✓" if verdict == "reproduced" else f"✗ {verdict.replace('-', ' ')}"


def _digits(row: Row) -> str:
    """Write our number with two digits more than are printed; an exact one with as many."""
    digits = len(row.published.partition("E")[0].partition(".")[2])
    computed = float(row.computed)
    if "E" in row.published:
        return f"{computed:.{digits + 2}E}"
    if row.computed.denominator == 1:
        return count(int(row.computed))
    return decimal(computed, digits + 2)


def _grouped(printed: str) -> str:
    whole, point, rest = printed.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.lstrip("-").isdigit() else printed


def _run(found: Comparison) -> tuple[str, str]:
    """Name the run of a library that a count comes from."""
    return found.record.topic, found.record.id


def _written(values: Iterable[Any]) -> str:
    """Write numbers, and lists of them, one after another; where they are many, the first."""
    text = "; ".join(_number(value) for value in values)
    return html.escape(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _number(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "none"
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


_LONGEST = 60
_LEAST = 0.0001


def _plain(text: str) -> str:
    """Escape a text, its code spans marked up."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def _table(function: str, title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a folded table as HTML. The first two columns hold words, the next two numbers."""
    sides = ("", "", ' class="number"', ' class="number"', "")
    head = "".join(f"<th{side}>{cell}</th>" for side, cell in zip(sides, header, strict=True))
    body = "\n".join(
        "<tr>"
        + "".join(f"<td{side}>{cell}</td>" for side, cell in zip(sides, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<details class="evidence" data-search-exclude><summary>{title}</summary>\n'
        f'<div class="table" role="group" aria-label="Table: {function}, {title}" tabindex="0">\n'
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>\n"
        f"</div>\n</details>"
    )


# --- Corrections ----------------------------------------------------------------------------


def refuted(verdict: str) -> str:
    """Write the printed numbers that have this verdict, and why; the numbered errata first."""
    found = [row for row in published.rows() if row.verdict == verdict]
    found.sort(key=lambda row: (not row.erratum, int(row.erratum[1:] or 0), _title(row.source)))
    return _by_source(found, verdict)


def _by_source(rows: Iterable[Row], verdict: str) -> str:
    """Write a small table for each erratum of each source."""
    parts = []
    for (number, key), group in groupby(rows, key=lambda row: (row.erratum, row.source)):
        source = sources.find(key)
        parts.append(f"### {f'{number} · ' if number else ''}[{source.title}]({source.url})")
        written = [_refuted(row) for row in group]
        header = ("Where", "Printed", "Right", "Why, and the computation")
        label = f"{verdict} {number} {source.title}"
        parts.append(table(header, written, name="errata", align="lrrl", label=label))
    return "\n\n".join(parts) or "None at present."


def _refuted(row: Row) -> tuple[str, ...]:
    unit = f"{NBSP}{row.unit}".replace(" ", NBSP) if row.unit else ""
    return (
        f"{row.where}: {row.id}",
        f"{_grouped(row.published)}{unit}",
        f"**{_digits(row)}{unit}**",
        f"{row.reason} {_computation(row.expression)}",
    )


def _computation(expression: Expression) -> str:
    """Write an expression as Python, in a code span."""
    text = _called(expression.first)
    text += "".join(f" + {_called(term)}" for term in expression.plus)
    text += "".join(f" - {_called(term)}" for term in expression.minus)
    if expression.per:
        many = len(expression.plus) + len(expression.minus) > 0
        text = f"({text})" if many else text
        text += "".join(
            f" / {each if isinstance(each, (int, float)) else _called(each)}"
            for each in expression.per
        )
    return f"`{text}`"


def _called(term: Term) -> str:
    names = {id(config): name for name, config in published.MODELS.items()}
    arguments = ", ".join(
        f"{name}={names.get(id(value)) or repr(value)}" for name, value in term.arguments.items()
    )
    text = f"{term.function}({arguments})"
    if isinstance(term.part, str):
        text += f"[{term.part!r}]" if term.part else ""
    else:
        text = f"sum({text}[part] for part in {tuple(term.part)})"
    return f"{term.times} * {text}" if term.times else text
