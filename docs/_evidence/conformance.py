"""The conformance file: every claim with its inputs, for other tools."""

import json
from functools import cache
from typing import Any

from _evidence import sources
from _evidence.claims import UNITS, Claim, claims
from _evidence.expressions import MODELS, calls

VERSION = 3
"""The version of the format: raised when a reader of the file would have to change."""

FILE = "conformance.json"
SCHEMA = "conformance.schema.json"


def document() -> dict[str, Any]:
    """Make the content of the conformance file."""
    configs = dict(MODELS)
    names = {_json(config): name for name, config in configs.items()}
    cases = []
    for claim in claims():
        # Each config is written once, and named where it is used.
        expression = json.loads(_json(claim.expression))
        for each in calls(expression):
            config = each["arguments"].get("config")
            if isinstance(config, dict):
                wanted = (claim.id, f"{claim.topic}: {claim.id}", f"{claim.id}: {claim.what}")
                name = next((name for name in wanted if name not in configs), claim.name)
                name = names.setdefault(_json(config), name)
                configs.setdefault(name, config)
                each["arguments"]["config"] = name
        cases.append(_case(claim, expression))
    units = {unit: str(factor) for unit, factor in UNITS.items()}
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "units": units,
        "configs": configs,
        "cases": cases,
    }


def _case(claim: Claim, expression: dict[str, Any]) -> dict[str, Any]:
    case = {"id": claim.name, **expression, "expected": claim.theirs}
    if claim.record:
        case |= {"within": claim.within, "library": claim.by}
    else:
        source = sources.find(claim.source)
        case |= {"unit": claim.unit, "rounding": claim.rounding, "verdict": claim.verdict}
        if claim.rounding == "measured":
            case["within"] = claim.within
        case["source"] = {"title": source.title, "url": source.url, "where": claim.where}
    if claim.reason:
        case["reason"] = claim.reason
    return case


@cache
def text() -> str:
    """Write the conformance file, a config or a case on each line."""
    content = document()
    configs = (f"{_json(name)}: {_json(config)}" for name, config in content["configs"].items())
    lines = [
        f'"$schema": {_json(content["$schema"])}',
        f'"version": {content["version"]}',
        f'"units": {_json(content["units"])}',
        '"configs": {\n' + ",\n".join(configs) + "\n}",
        '"cases": [\n' + ",\n".join(map(_json, content["cases"])) + "\n]",
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
