"""The pages of evidence: totals, what stands behind each formula, and every single number."""

import json
import tomllib
from collections import Counter
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median
from typing import Any

from _evidence import records, sources
from _evidence.claims import (
    UNITS,
    VERDICTS,
    Claim,
    claims,
    counted_claims,
    left_out,
    measured_claims,
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
from _evidence.expressions import calls
from _evidence.laws import LAWS
from _guide.formats import NBSP, count, percent
from _guide.parts import table
from _guide.pictures.scatter import BAND, scatter
from _guide.rows import (
    counted_row,
    folded_table,
    grouped,
    measured_row,
    number,
    plain,
    printed_row,
    share,
    worst,
)

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
        return share(worst(each.counted))
    if each.reproduced:
        found = worst(each.reproduced)
        return f"{share(found)}, rounded" if found else count(0)
    return "a part of others" if is_part(each.function) else "laws alone"


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
    for key in sorted({claim.source for claim in printed_claims()}, key=title):
        source = sources.find(key)
        found = [claim for claim in printed_claims() if claim.source == key]
        out = sum(claim.verdict == "reproduced" for claim in found)
        read = "" if source.read == "original" else "its numbers, in a transcription"
        rows.append((f"[{source.title}]({source.url})", count(len(found)), count(out), read))
    return table(("Source", "Numbers", "Come out", "Read"), rows, name="by-source", align="lrrl")


def title(key: str) -> str:
    """Give the title of a source as it is sorted by."""
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
            share(worst(found)),
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
        theirs, ours = number(farthest.theirs), number(farthest.ours)
        what = f"{farthest.id}: {farthest.what}"
        rows.append((evidence_links(*names), what, theirs, ours, share(farthest.deviation), reason))
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
        f"Of {count(len(found['sampled']))} of the {count(len(found['modules']))} modules, those "
        "that follow a training step or list models among them, one change in "
        f"{found['one_in']} was drawn to stand for all."
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
        title = f"{plain(source.title)}: {count(len(found))}"
        header = ("What", "Card, and what was read", "Measured", "dlp", "Ratio")
        written.append(folded_table(key, title, header, map(measured_row, found)))
    rows = [
        (
            f"{plain(each['id'])}<br><small>{plain(each['why'])}.</small>",
            f'<a href="{sources.find(each["source"]).url}">{plain(each["where"])}</a>',
            f"{grouped(each['published'])}{NBSP}{each['unit']}",
        )
        for each in left_out()
    ]
    columns = ("What, and why", "Where", "Measured")
    written.append(folded_table("left-out", f"Left out: {count(len(rows))}", columns, rows))
    return "\n\n".join(written)


# --- A module's page ------------------------------------------------------------------------


_CASES = "evidence cases"  # each row is a case of the conformance file


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
        written.append(folded_table(each.function, title, header, map(printed_row, claims), _CASES))
    if of_types := [claim for claim in each.counted if claim.topic == "configs"]:
        written.append(
            f"{count(len(of_types))} counts are of configs of every [model type][types-of-models]: "
            "each comes out."
        )
    if others := [claim for claim in each.counted if claim.topic != "configs"]:
        runs = groupby(others, key=lambda claim: (claim.topic, claim.id))
        title = f"Counts of real libraries: {count(len(others))}"
        header = ("What", "Library", "Counted", "dlp", "Off by")
        rows = [counted_row(list(run)) for _, run in runs]
        written.append(folded_table(each.function, title, header, rows, _CASES))
    if each.callers:
        written.append(
            f"It is a part of {evidence_links(*each.callers)}, and stands on their evidence too."
        )
    return "\n\n".join(written)
