"""The conformance file: every printed and counted number with its inputs, for other tools."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from _evidence import comparisons, published, records, sources
from _evidence.expression import Term

if TYPE_CHECKING:
    from _evidence.comparisons import Comparison
    from _evidence.expression import Expression
    from _evidence.published import Row

VERSION = 1
"""The version of the format: raised when a reader of the file would have to change."""

FILE = "conformance.json"
SCHEMA = "conformance.schema.json"


def document() -> dict[str, Any]:
    """Make the content of the conformance file."""
    names = _ConfigNames()
    cases = [_published_case(row, names) for row in published.rows()]
    for topic in records.topics():
        for each in comparisons.comparisons(topic):
            # Where code makes ours of a formula's result, the call alone says too little.
            if each.is_sum:
                cases.append(_counted_case(each, names))
    return {"$schema": SCHEMA, "version": VERSION, "configs": names.configs, "cases": cases}


@cache
def text() -> str:
    """Write the conformance file, a case on each line."""
    content = document()
    lines = [
        f'"$schema": {_json(content["$schema"])}',
        f'"version": {content["version"]}',
        f'"configs": {{\n{_entries(content["configs"])}\n}}',
        '"cases": [\n' + ",\n".join(_json(case) for case in content["cases"]) + "\n]",
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _entries(configs: dict[str, Any]) -> str:
    return ",\n".join(f"{_json(name)}: {_json(config)}" for name, config in configs.items())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class _ConfigNames:
    """Names for the configs of models, so that each is written once."""

    def __init__(self) -> None:
        self.configs: dict[str, Any] = dict(published.MODELS)
        self._names = {_json(config): name for name, config in self.configs.items()}

    def name(self, config: Any, wanted: str) -> str:
        """Return the name of a config, a new one if it has none."""
        written = _json(config)
        if written not in self._names:
            self.configs[wanted] = config
            self._names[written] = wanted
        return self._names[written]


def _published_case(row: Row, names: _ConfigNames) -> dict[str, Any]:
    source = sources.find(row.source)
    return {
        "id": f"published: {row.topic}: {row.id}",
        **_expression(row.expression, names, row.id),
        "expected": row.published,
        "unit": row.unit,
        "rounding": row.rounding,
        "verdict": row.verdict,
        **({"reason": row.reason} if row.reason else {}),
        "source": {"title": source.title, "url": source.url, "where": row.where},
    }


def _counted_case(each: Comparison, names: _ConfigNames) -> dict[str, Any]:
    first, *plus = each.terms
    return {
        "id": f"counted: {each.id}",
        **_term(first, names, each.record.id),
        **({"plus": [_term(term, names, each.record.id) for term in plus]} if plus else {}),
        "expected": each.theirs,
        "within": each.within,
        **({"reason": each.because} if each.because else {}),
        "library": each.record.version(each.package),
    }


def _expression(expression: Expression, names: _ConfigNames, wanted: str) -> dict[str, Any]:
    case = _term(expression.first, names, wanted)
    for key in ("plus", "minus"):
        if terms := getattr(expression, key):
            case[key] = [_term(term, names, wanted) for term in terms]
    if expression.per:
        case["per"] = [
            _term(each, names, wanted) if isinstance(each, Term) else each
            for each in expression.per
        ]
    return case


def _term(term: Term, names: _ConfigNames, wanted: str) -> dict[str, Any]:
    arguments = dict(term.arguments)
    if "config" in arguments:
        arguments["config"] = names.name(arguments["config"], wanted)
    return {
        "function": term.function,
        "arguments": arguments,
        **({"part": term.part} if term.part else {}),
        **({"times": term.times} if term.times else {}),
    }
