"""The page "Models": every model type, what is counted of it, and a real model of it."""

import html
from collections.abc import Callable, Mapping
from typing import Any

import dlp
from _evidence.real import Real, address, configs, models
from _guide.formats import count, decimal
from _guide.rows import plain, table

KINDS = {
    "Decoders": "They write text, word by word.",
    "Decoders with experts": "Of the experts of a layer each token goes to a few.",
    "Decoders with other mixers": "State spaces, convolutions or linear attention mix the tokens "
    "in some layers, or in all.",
    "Encoders": "They read text, and have heads over labels, or fill masks.",
    "Encoders with a decoder": "One half reads, the other writes.",
    "Models that see or hear": "Alone, or as a part of the next.",
    "Joined models": "A config in a config: what sees, what writes, and what is between them.",
}
"""The kinds of model types, and what they are."""

_ALSO: "dict[str, Callable[[Mapping[str, Any]], object]]" = {
    "cache": lambda config: dlp.model_kv_cache_bytes(config=config, num_tokens=1),
    "FLOPs": lambda config: dlp.forward_flops_by_part(config=config, sequence_length=1),
    "peak": lambda config: dlp.peak_memory(config=config, training={"max_length": 1}),
}
"""What is counted of some types beside parameters, and a call that is refused of others."""


def summary() -> str:
    """Write how many types there are, and how many configs of them were counted by others."""
    number = sum(len(configs(each)) for each in dlp.MODEL_TYPES)
    read = [each for each in models() if each.own is not None]
    printed = [each for each in models() if each.published]
    out = sum(each.comes_out for each in printed)
    return (
        f"Of **{count(len(dlp.MODEL_TYPES))}** model types every module is listed by its path. "
        f"**{count(number)}** configs were compared with the models that Transformers builds from "
        f"them, module by module: what each class takes for itself, real ones, and odd ones. Of "
        f"{count(len(read))} types the config of a real model was read, at the source that its row "
        f"leads to; of {count(len(printed))} a total is printed, and {count(out)} come out."
    )


def kind_of(model_type: str) -> str:
    """Say which of `KINDS` a type is of."""
    family = dlp.FAMILIES[model_type]()
    config = next(iter(configs(model_type).values()))
    size, parts = dlp.transformer_dimensions(config=config), dlp.parameters_by_part(config=config)
    if family["nested"]:
        return "Joined models"
    if parts["patch_embedding"]:
        return "Models that see or hear"
    if size["num_decoder_layers"]:
        return "Encoders with a decoder"
    if not family["causal"]:
        return "Encoders"
    if parts["mixer"]:
        return "Decoders with other mixers"
    return "Decoders with experts" if size["num_experts"] else "Decoders"


def tables() -> str:
    """Write a table for each kind."""
    found: dict[str, list[Real]] = {kind: [] for kind in KINDS}
    for each in models():
        found[kind_of(each.model_type)].append(each)
    header = ("Type", "A real model", "Parameters", "Also counted", "Configs")
    return "\n\n".join(
        f"## {kind}\n\n{said}\n\n"
        + table(kind, header, map(_row, found[kind]), align="llrlr", kind="table models")
        for kind, said in KINDS.items()
    )


def _row(each: Real) -> tuple[str, ...]:
    total = "" if each.total is None else _parameters(each.total)
    return (
        f"<code>{each.model_type}</code>",
        _model(each),
        total + _printed(each),
        _also(each),
        count(len(configs(each.model_type))),
    )


def _model(each: Real) -> str:
    link = f'<a href="{html.escape(address(each.source))}">{plain(each.model)}</a>'
    note = each.source.get("note", "") if each.label or each.config else "its sizes were not read"
    return f"{link}<br><small>{plain(note)}</small>" if note else link


def _printed(each: Real) -> str:
    if each.published is None:
        return ""
    said, why = each.published["total"], each.published.get("differs", "")
    digits = count(said) if isinstance(said, int) else plain(said)
    link = f'<a href="{html.escape(address(each.published["source"]))}">{digits}</a>'
    return f"<br>printed: {link}" + (f"<br><small>{plain(why)}</small>" if why else "")


def _parameters(number: int) -> str:
    """Write parameters as model cards do, and all digits to whoever asks."""
    unit, factor = ("B", 10**9) if number >= 10**9 else ("M", 10**6)
    return f'<span title="{count(number)}">{decimal(number / factor)}&nbsp;{unit}</span>'


def _also(each: Real) -> str:
    config = each.own or next(iter(configs(each.model_type).values()))
    tasks = [task.partition("-")[0] for task in dlp.FAMILIES[each.model_type]()["heads"]]
    found = [f"heads ({', '.join(tasks)})"] if tasks else []
    if dlp.transformer_dimensions(config=config)["num_experts"]:
        active = dlp.active_parameters(config=config)
        found.append(f"active: {_parameters(active)}" if each.own else "active")
    return ", ".join(found + [name for name, of in _ALSO.items() if _answers(of, config)])


def _answers(of: "Callable[[Mapping[str, Any]], object]", config: Mapping[str, Any]) -> bool:
    try:
        of(config)
    except ValueError:
        return False
    return True
