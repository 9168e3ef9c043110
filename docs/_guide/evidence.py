"""The pages of evidence: totals, what stands behind each formula, and every single number.

The long tables are written as HTML at once: as Markdown they would be a good part of the build.
"""

import html
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median
from typing import Any

from _evidence import records, sources
from _evidence.claims import (
    COUNTERS,
    FLOAT32,
    UNITS,
    VERDICTS,
    Claim,
    claims,
    counted_claims,
    left_out,
    measured_claims,
    printed,
    printed_claims,
)
from _evidence.coverage import (
    UNCOVERED,
    Standing,
    everything,
    is_covered,
    is_part,
    modules,
    standings,
)
from _evidence.expressions import MODELS, Expression, calls
from _evidence.laws import LAWS
from _guide.formats import NBSP, count, decimal, percent
from _guide.parts import table
from _guide.pictures.scatter import BAND, scatter

FOLDER = Path(__file__).parents[1] / "_evidence"


def anchor(function: str) -> str:
    """Return the id of a formula's evidence, by which pages link to it."""
    return f"evidence-{function}"


def evidence_links(*functions: str) -> str:
    """Write links to the evidence for formulas."""
    return ", ".join(f"[`{name}`][{anchor(name)}]" for name in dict.fromkeys(functions))


# --- The overview ---------------------------------------------------------------------------


def summary() -> str:
    """Write the totals, in three sentences."""
    formulas = standings().values()
    printed_ = [claim for claim in printed_claims() if not claim.counter]
    out = sum(claim.verdict == "reproduced" for claim in printed_)
    witnessed = sum(each.is_witnessed for each in formulas)
    inside = sum(is_part(each.function) for each in formulas if not each.is_witnessed)
    return (
        f"Of **{count(len(formulas))}** formulas, **{count(witnessed)}** are compared with "
        f"numbers of others: **{count(len(printed_))}** that "
        f"{count(len({claim.source for claim in printed_}))} sources print, of which {count(out)} "
        f"come out, **{count(len(measured_claims()))}** that they measured on GPUs, and "
        f"**{count(len(counted_claims()))}** that real libraries counted. "
        f"{count(inside)} more are a part of one of them, and "
        f"{count(len(formulas) - witnessed - inside)} are held by laws alone. Each is held to some "
        f"of **{count(len(LAWS))}** laws, tried on generated arguments."
    )


def by_formula() -> str:
    """Write, module by module, what stands behind each formula.

    Raises:
        ValueError: If a number does not come out as it is kept: the page would not be true.
    """
    if wrong := [objection for claim in claims() if (objection := claim.objection())]:
        raise ValueError("\n".join(wrong))
    written = []
    for module in modules():
        rows = [_standing(each) for each in standings().values() if each.module == module]
        header = ("Formula", "Printed", "Counted", "Laws", "Worst deviation")
        label = f"evidence for {module}"
        of_module = table(header, rows, name="standings", align="lrrrr", label=label)
        written.append(f"### `{module}` {{ #evidence-for-{module} }}\n\n{of_module}")
    return "\n".join(written)


def _standing(each: Standing) -> tuple[str, ...]:
    printed = count(len(each.reproduced))
    if refused := len(each.printed) - len(each.reproduced):
        printed += f" + {count(refused)}{NBSP}✗"
    counted, laws = count(len(each.counted)), count(len(each.laws))
    return (evidence_links(each.function), printed, counted, laws, _worst(each))


def _worst(each: Standing) -> str:
    """Say how far a formula is from what others counted; failing that, from what they printed."""
    if each.counted:
        return _share(worst(each.counted))
    if each.reproduced:
        found = worst(each.reproduced)
        return f"{_share(found)}, rounded" if found else count(0)
    return "a part of others" if is_part(each.function) else "laws alone"


def worst(claims: Iterable[Claim]) -> float:
    """Give the largest deviation of some numbers."""
    return max(claim.deviation for claim in claims)


def _share(deviation: float) -> str:
    if not deviation:
        return count(0)
    if deviation <= FLOAT32:
        return "float32"
    return percent(deviation, 2) if deviation >= _LEAST else f"<{NBSP}{percent(_LEAST, 2)}"


def uncovered() -> str:
    """Write which formulas and which choices have no number of others, and why."""
    chosen = set(everything()) - standings().keys()
    reasons: dict[str, list[str]] = {}
    for name, reason in UNCOVERED.items():
        written = f"`{name}`" if ":" in name else evidence_links(name)
        reasons.setdefault(reason, []).append(written)
    rows = [(", ".join(names), reason) for reason, names in reasons.items()]
    return (
        f"Of the {count(len(chosen))} values that arguments may be chosen from, a number of others "
        f"is a witness of {count(sum(map(is_covered, chosen)))}. A test sees that what has none is "
        "listed here, and nothing else.\n\n"
        + table(("Formula or choice", "Why no number of others"), rows, name="uncovered")
    )


def sharpness() -> str:
    """Write how many of the printed numbers that come out leave how much room."""
    rooms = [claim.room for claim in printed_claims() if claim.verdict == "reproduced"]
    within = {limit: sum(room <= limit for room in rooms) for limit in (0.0, 0.001, 0.01, 0.1)} | {
        1.0: len(rooms)
    }
    rows = []
    for below, limit in pairwise([-1.0, *within]):
        words = f"up to {percent(limit)}" if limit < 1 else f"more than {percent(below)}"
        rows.append((words if limit else "none", count(within[limit] - within.get(below, 0))))
    header = ("Room that the printed digits leave", "Numbers that come out")
    return table(header, rows, name="sharpness", align="lr")


def by_source() -> str:
    """Write how many numbers each source prints, how many come out, and what was read of it."""
    rows = []
    for key in sorted({claim.source for claim in printed_claims()}, key=_title):
        source = sources.find(key)
        found = [claim for claim in printed_claims() if claim.source == key]
        out = sum(claim.verdict == "reproduced" for claim in found)
        read = "" if source.read == "original" else "its numbers, in a transcription"
        rows.append((f"[{source.title}]({source.url})", count(len(found)), count(out), read))
    return table(("Source", "Numbers", "Come out", "Read"), rows, name="by-source", align="lrrl")


def _title(key: str) -> str:
    return sources.find(key).title.lower()


def by_library() -> str:
    """Write which library, at which version, counted what."""
    tally: dict[tuple[str, str], list[Claim]] = {}
    for claim in counted_claims():
        tally.setdefault((claim.by, claim.topic), []).append(claim)
    rows = [
        (
            version,
            f"`{topic}.json`",
            count(len({claim.id for claim in found})),
            count(len(found)),
            _share(worst(found)),
        )
        for (version, topic), found in sorted(tally.items())
    ]
    header = ("Library", "Record", "Runs", "Counts", "Worst deviation")
    return table(header, rows, name="by-library", align="llrrr")


def approximations() -> str:
    """Write where formulas differ from counts, by how much they are off at most, and why."""
    groups: dict[str, list[Claim]] = {}
    for claim in counted_claims():
        if claim.deviation:
            groups.setdefault(claim.reason or "Libraries compute losses in float32.", []).append(
                claim
            )
    rows = []
    for reason, found in groups.items():
        farthest = max(found, key=lambda claim: claim.deviation)
        names = {each["function"]: None for claim in found for each in calls(claim.expression)}
        theirs, ours = _number(farthest.theirs), _number(farthest.ours)
        what = f"{farthest.id}: {farthest.what}"
        rows.append(
            (evidence_links(*names), what, theirs, ours, _share(farthest.deviation), reason)
        )
    header = ("Formula", "Farthest off", "Counted", "`dlp`", "Off by", "Why")
    return table(header, rows, name="approximations", align="llrrrl")


def mutants() -> str:
    """Say how many changes made to the formulas on purpose the tests noticed."""
    found = json.loads((FOLDER / "mutants.json").read_text(encoding="utf-8"))
    known = tomllib.loads((FOLDER / "harmless.toml").read_text(encoding="utf-8"))["because"]
    changes = sum(row["mutants"] for row in found["modules"].values())
    # Two changes may read alike.
    left = Counter(title for row in found["modules"].values() for title in row["survivors"])
    killed = changes - left.total()
    rows = [
        (each["reason"], count(sum(left[title] for title in each["mutants"]))) for each in known
    ]
    written = table(("Why no test failed", "Changes"), rows, align="lr")
    noticed = f"**{count(killed)}** of {count(changes)} changes made a test fail"
    drawn = (
        f"Of the {count(len(found['sampled']))} modules that follow a training step, tensor by "
        f"tensor, one change in {found['one_in']} was drawn to stand for all."
    )
    return f"{noticed} ({percent(killed / changes)}). {drawn}\n\n{written}"


def on_a_gpu() -> str:
    """Say where it stands what a GPU held in steps that are traced, or that this waits."""
    if "gpu" in records.awaited():
        return (
            "What a GPU holds in each moment of the traced steps has **not been recorded yet**: "
            "the command that records it waits for a machine."
        )
    links = evidence_links("peak_memory")
    return f"What a GPU holds in each moment of some of the traced steps is recorded: {links}."


# --- What GPUs held -------------------------------------------------------------------------

_FAMILIES = {
    "PEFT": ("peft",),
    "LitGPT": ("litgpt",),
    "Transformers": ("transformers",),
    "torchtune": ("torchtune",),
}
"""Whose runs have a mark of their own, by how the keys of their sources begin."""

_SHARED = "on several GPUs"


def measured_points() -> dict[str, list[tuple[float, float]]]:
    """Give each measured run, measured and predicted in GiB, by whose it is; shared ones apart."""
    points: dict[str, list[tuple[float, float]]] = {}
    for claim in measured_claims():
        unit = float(UNITS[claim.unit]) / 2**30
        pair = (float(claim.theirs) * unit, float(claim.exactly) * unit)
        points.setdefault(_family(claim), []).append(pair)
    return {name: points[name] for name in (*_FAMILIES, _SHARED) if name in points}


def _family(claim: Claim) -> str:
    if claim.apart == "sharded":
        return _SHARED
    return next(name for name, keys in _FAMILIES.items() if claim.source.startswith(keys))


def measured_picture(**about: Any) -> str:
    """Draw every measured run: what was measured across, what the formula gives up."""
    points = measured_points()
    said = []
    for name, pairs in points.items():
        near = sum(abs(ours / theirs - 1) <= BAND for theirs, ours in pairs)
        said.append(f"{name}: {count(len(pairs))} runs, {count(near)} within {percent(BAND)}")
    return scatter(
        points=points,
        x_label="measured, GiB",
        y_label="predicted, GiB",
        summary="; ".join(said),
        **about,
    )


def measured_summary() -> str:
    """Write how near the formula comes to what GPUs held, in two or three sentences."""
    kinds = {apart: _off(apart) for apart in ("", "compiled", "sharded")}
    alone = kinds[""]
    text = (
        f"On one card, without compiled code, **{count(len(alone))}** runs of others stand beside "
        f"the formula: half of them within **{percent(median(alone), 1)}**, and "
        f"**{percent(sum(off <= BAND for off in alone) / len(alone))}** within {percent(BAND)}."
    )
    for apart, where in (("compiled", "with compiled code"), ("sharded", "on several GPUs")):
        if off := kinds[apart]:
            text += (
                f" Of the {count(len(off))} {where}, which are apart, half are within "
                f"{percent(median(off), 1)}."
            )
    return text + (
        f" Left out are {count(len(left_out()))} that others measured: their settings are not "
        "whole, or the formula does not know them; each has its reason."
    )


def traced_summary() -> str:
    """Write how near the formula comes to traced steps, and to how many of which kinds."""
    steps = records.records("peak")
    off = sorted(claim.deviation for claim in counted_claims("peak"))
    families = {each.inputs["config"]["model_type"] for each in steps}
    releases = {each.versions["transformers"] for each in steps}
    return (
        f"Of **{count(len(off))}** steps of {count(len(families))} families, in "
        f"{count(len(releases))} releases of Transformers, half come out within "
        f"**{percent(median(off), 3)}**, nineteen in twenty within "
        f"**{percent(off[int(0.95 * len(off))], 2)}**, and the worst is {percent(off[-1], 2)} off."
    )


def _off(apart: str) -> list[float]:
    return [claim.deviation for claim in measured_claims() if claim.apart == apart]


def measured_tables() -> str:
    """Write every measured run beside the formula, source by source, and those left out."""
    written = []
    for key in dict.fromkeys(claim.source for claim in measured_claims()):
        found = [claim for claim in measured_claims() if claim.source == key]
        source = sources.find(key)
        title = f"{_plain(source.title)}: {count(len(found))}"
        header = ("What", "Card, and what was read", "Measured", "dlp", "Ratio")
        written.append(_table(key, title, header, map(measured_row, found)))
    rows = [
        (
            f"{_plain(each['id'])}<br><small>{_plain(each['why'])}.</small>",
            f'<a href="{sources.find(each["source"]).url}">{_plain(each["where"])}</a>',
            f"{_grouped(each['published'])}{NBSP}{each['unit']}",
        )
        for each in left_out()
    ]
    columns = ("What, and why", "Where", "Measured")
    written.append(_table("left-out", f"Left out: {count(len(rows))}", columns, rows))
    return "\n\n".join(written)


def measured_row(claim: Claim) -> tuple[str, ...]:
    """Write what was measured and ours."""
    source = sources.find(claim.source)
    said = " ".join(filter(None, (claim.reason, claim.note)))
    what = f'<a href="{html.escape(source.url)}">{_plain(claim.id)}</a>, {_plain(claim.where)}'
    if said:
        what += f"<br><small>{_plain(said)}</small>"
    apart = f", {claim.apart}" if claim.apart else ""
    return (
        what,
        f"{_plain(claim.gpu)}{apart}: {COUNTERS[claim.counter]}",
        f"{_grouped(claim.theirs)}{_unit(claim)}",
        decimal(claim.ours, len(claim.theirs.partition(".")[2])),
        f"{claim.ratio:.3f}",
    )


# --- A module's page ------------------------------------------------------------------------


def of_module(module: str) -> str:
    """Write all evidence for the formulas of a module."""
    return "\n\n".join(_of_formula(each) for each in standings().values() if each.module == module)


def _of_formula(each: Standing) -> str:
    written = [
        f"## {each.function} {{ #{anchor(each.function)} }}",
        f"{each.purpose} [`{each.function}`][dlp.{each.module}.{each.function}]",
    ]
    if each.laws:
        laws = "\n".join(f"- {law}" for law in each.laws)
        written.append(f"Tried on generated arguments:\n\n{laws}")
    if each.measured:
        written.append(f"{measured_summary()}\n\n{measured_tables()}")
    if each.printed:
        claims = sorted(each.printed, key=lambda claim: VERDICTS.index(claim.verdict))
        title = f"Printed numbers: {count(len(claims))}"
        header = ("What", "Source", "Printed", "dlp", "Verdict")
        written.append(_table(each.function, title, header, map(printed_row, claims)))
    if each.counted:
        runs = groupby(each.counted, key=lambda claim: (claim.topic, claim.id))
        title = f"Counts of real libraries: {count(len(each.counted))}"
        header = ("What", "Library", "Counted", "dlp", "Off by")
        rows = [counted_row(list(run)) for _, run in runs]
        written.append(_table(each.function, title, header, rows))
    if each.callers:
        written.append(
            f"It is a part of {evidence_links(*each.callers)}, and stands on their evidence too."
        )
    return "\n\n".join(written)


def printed_row(claim: Claim) -> tuple[str, ...]:
    """Write a printed number and ours."""
    source = sources.find(claim.source)
    what = _plain(claim.id)
    if said := " ".join(filter(None, (claim.reason, claim.note))):
        what += f"<br><small>{_plain(said)}</small>"
    return (
        what,
        f'<a href="{html.escape(source.url)}">{_plain(source.short)}</a>, {_plain(claim.where)}',
        f"{_grouped(claim.theirs)}{_unit(claim)}",
        digits(claim),
        _sign(claim.verdict),
    )


def counted_row(found: Sequence[Claim]) -> tuple[str, ...]:
    """Write the counts of one run, and ours, in one row."""
    first = found[0]
    what = f"{_plain(first.id)}: {_plain(', '.join(claim.what for claim in found))}"
    for reason in dict.fromkeys(claim.reason for claim in found if claim.reason):
        what += f"<br><small>{_plain(reason)}</small>"
    return (
        what,
        html.escape(first.by),
        _written([claim.theirs for claim in found]),
        _written([claim.ours for claim in found]),
        _share(worst(found)),
    )


def _unit(claim: Claim) -> str:
    return f"{NBSP}{claim.unit}".replace(" ", NBSP) if claim.unit else ""


def _sign(verdict: str) -> str:
    return "✓" if verdict == "reproduced" else f"✗ {verdict.replace('-', ' ')}"


def digits(claim: Claim) -> str:
    """Write our number with two digits more than are printed; an exact one with as many."""
    more = len(claim.theirs.partition("E")[0].partition(".")[2]) + 2
    if "E" in claim.theirs:
        return f"{float(claim.ours):.{more}E}"
    return count(claim.ours) if isinstance(claim.ours, int) else decimal(claim.ours, more)


def _grouped(printed: str) -> str:
    whole, point, rest = printed.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.lstrip("-").isdigit() else printed


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
    sides = ("", "", ' class="number"', ' class="number"', "")[: len(header)]
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
    """Write the printed numbers that have this verdict, and why; errata by their numbers."""
    found = [claim for claim in printed_claims() if claim.verdict == verdict]
    found.sort(
        key=lambda claim: (not claim.erratum, int(claim.erratum[1:] or 0), _title(claim.source))
    )
    written = []
    for (number, key), group in groupby(found, key=lambda claim: (claim.erratum, claim.source)):
        source = sources.find(key)
        written.append(f"### {f'{number} · ' if number else ''}[{source.title}]({source.url})")
        rows = [_refuted(claim) for claim in group]
        ours = "Right" if verdict == "erratum" else "Computed"
        header = ("Where", "Printed", ours, "Why, and the computation")
        label = f"{verdict} {number} {source.title}"
        written.append(table(header, rows, name="errata", align="lrrl", label=label))
    return "\n\n".join(written) or "None at present."


def _refuted(claim: Claim) -> tuple[str, ...]:
    why = f"{claim.reason} `{computation(claim.expression)}`"
    if claim.slip:
        why += f" What is printed comes from `{computation(claim.slip)}`"
    if claim.second:
        other = printed(claim.second)
        why += f" Printed right: {other.by}, {other.where}."
    return (
        f"{claim.where}: {claim.id}",
        f"{_grouped(claim.theirs)}{_unit(claim)}",
        f"{'at least ' if claim.least else ''}**{digits(claim)}{_unit(claim)}**",
        why,
    )


def computation(expression: Expression) -> str:
    """Write an expression as Python; a slip may start from the digits of another number."""
    if "printed" in expression:
        text = str(printed(expression["printed"]).theirs)
    else:
        arguments = (f"{name}={_written_as(v)}" for name, v in expression["arguments"].items())
        text = f"{expression['function']}({', '.join(arguments)})"
    part = expression.get("part", [])
    if isinstance(part, str):
        text += f"[{part!r}]"
    elif part:
        text = f"sum({text}[part] for part in {tuple(part)})"
    if "times" in expression:
        text = f"{expression['times']} * {text}"
    plus, minus = expression.get("plus", []), expression.get("minus", [])
    text += "".join(f" + {_operand(each)}" for each in plus)
    text += "".join(f" - {_operand(each)}" for each in minus)
    per = expression.get("per", [])
    if per and (plus or minus):
        text = f"({text})"
    return text + "".join(f" / {_operand(each)}" for each in per)


def _operand(value: Expression | float) -> str:
    if not isinstance(value, dict):
        return str(value)
    text = computation(value)
    return f"({text})" if {"plus", "minus", "per"} & value.keys() else text


def _written_as(value: Any) -> str:
    if isinstance(value, dict) and "function" in value:
        return computation(value)  # type: ignore[arg-type]
    return value if isinstance(value, str) and value in MODELS else repr(value)
