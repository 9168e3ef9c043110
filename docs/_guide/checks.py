"""What each question's formulas are checked against: counts and printed numbers, beside our own.

A check is a row that shows a claim of `_evidence.claims`, which the tests assert too: their number
and ours. One that differs by more than it may stops the build.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from _evidence import claims, records, sources
from _evidence.coverage import standings
from _evidence.expressions import calls
from _guide import evidence, given
from _guide.formats import count, decimal
from _guide.parts import table
from _guide.questions import question

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _evidence.claims import Claim
    from _evidence.records import Record


def checked(number: int) -> str:
    """Write the table of checks of a question.

    Raises:
        ValueError: If one of our values is not what the witness counted.
    """
    asked = question(number)
    checks = [_counted(identifiers, says) for identifiers, says in asked.counted.items()]
    checks += [_printed(identifier) for identifier in asked.printed]
    rows = [row for row, _ in checks]
    header = ("What", "Witness", "Library or paper", "`dlp`")
    written = table(header, rows, name="checks", align="llrr")
    own = [call.function.__name__ for _, call in asked.calls]
    bare = [name for name in own if not standings()[name].is_witnessed]
    shown = [name for name in own if name not in bare]
    shown += [each["function"] for _, claim in checks for each in calls(claim.expression)]
    ending = f" No number by others is of {evidence.evidence_links(*bare)} itself." if bare else ""
    links = evidence.evidence_links(*shown)
    return f"{written}\nThese are a few; all evidence is listed for {links}.{ending}\n"


def _sound(claim: Claim) -> Claim:
    if objection := claim.objection():
        raise ValueError(objection)
    return claim


def _counted(identifiers: str, says: str) -> tuple[tuple[str, ...], Claim]:
    """Show what a library counted in one run, or how much it grew from one run to another."""
    *earlier, found = (_claim(each) for each in identifiers.split(" → "))
    theirs, ours = found.theirs, found.ours
    for each in earlier:
        theirs, ours = theirs - each.theirs, ours - each.ours
    by = next((by for begins, by in _BY.items() if found.id.startswith(begins)), "")
    before, after = (records.record(each.topic, each.id) for each in (*earlier, found, found)[:2])
    what, witness = says.format(**_words(before, after)), f"{found.by}, {by}" if by else found.by
    return (what, witness, _shown(theirs), f"{_shown(ours)} ✓"), found


def _claim(identifier: str) -> Claim:
    topic, _, rest = identifier.partition(": ")
    record, _, what = rest.rpartition(": ")
    return _sound(claims.counted(topic, record, what))


_BY = {
    "Trainer": "`Trainer`",
    "hand-written": "hand-written loop",
    "Transformers collator": "collator",
    "TRL": "`SFTTrainer`",
}
"""What counted, by how the name of a run begins."""


def _words(before: Record, record: Record) -> dict[str, str]:
    """Give the words that the name of a check may have in braces."""
    model, _, setup = before.id.partition(", ")
    numbers = vars(given) | record.inputs
    words = {name: count(n) for name, n in numbers.items() if type(n) is int}
    epochs = record.inputs.get("num_train_epochs", 0)
    return words | {
        "model": model,
        "setup": setup,
        "epochs": f"{epochs} epoch{'s' if epochs > 1 else ''}",
        "before": _positions(before),
        "after": _positions(record),
    }


def _positions(record: Record) -> str:
    config = record.inputs
    return count(config.get("max_position_embeddings") or config.get("n_positions", 0))


def _printed(identifier: str) -> tuple[tuple[str, ...], Claim]:
    """Show a printed number, as `docs/_evidence/printed/` compares it."""
    claim = _sound(claims.printed(identifier))
    source = sources.find(claim.source)
    digits = len(claim.theirs.partition(".")[2])
    more = 0 if claim.rounding == "exact" else 2
    row = (
        claim.id,
        f"[{source.title}]({source.url}), {claim.where}",
        f"{float(claim.theirs):,.{digits}f} {claim.unit}",
        f"{decimal(claim.ours, digits + more)} {claim.unit} ✓",
    )
    return row, claim


def _shown(number: Any) -> str:
    """Write what was counted: a loss to five digits, labels with their runs written once."""
    if isinstance(number, float):
        return f"{number:.5f}"
    return count(number) if isinstance(number, int) else _listed(number)


def _listed(items: Iterable[int]) -> str:
    """List whole numbers, a run of one label written once."""
    runs = ((item, len(list(run))) for item, run in groupby(items))
    return ", ".join(f"{length} × ({item})" if length > 1 else str(item) for item, length in runs)
