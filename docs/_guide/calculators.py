"""The calculators as HTML: a form, and below it what its function writes for the values given.

`assets/calculator.js` knows none of them. It hands what the fields hold to the function, which
`live/calculators/` has and the browser has translated, and puts what that writes in place of this.
"""

from __future__ import annotations

import contextlib
import html
import json
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import dlp
from _evidence.units import unit
from _guide import given, worked
from _guide.browser import bundle, shaken
from _guide.engine.mathml import to_mathml
from _guide.formats import count
from _guide.live import models, shown
from _guide.live.calculators import (
    context,
    head,
    load,
    masked,
    methods,
    peak,
    rank,
    steps,
    targets,
)
from dlp import _optimizers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from _guide.live.solve import Formula


@dataclass(frozen=True)
class Field:
    """What a reader can set: an argument of the function, named as the library names it."""

    name: str
    label: str
    value: Any
    choices: Mapping[str, str] = field(default_factory=dict)
    kind: str = "int"
    """`int`, `choice`, `bool`, `config`, or `play`: an int that runs up to the value of `last`."""
    when: str = ""
    """Where it is shown, as `name=value` of another field; everywhere if empty."""
    more: bool = False
    """Whether it is folded away with others that are set less often."""
    last: int = 0
    alike: bool = False
    """Whether its choices differ in numbers alone, and all take the same way through the code."""


@dataclass(frozen=True)
class Calculator:
    """A form and the functions that write what is below it, each in turn."""

    title: str
    about: str
    page: str
    fields: tuple[Field, ...]
    functions: tuple[Callable[..., dict[str, Any]], ...]
    solves: tuple[Callable[..., Any], ...] = ()
    """Formulas that it works out."""
    seldom: tuple[str, ...] = ()
    """Choices that few make: what only these need is loaded when it is."""

    def values(self) -> dict[str, Any]:
        """Give what it shows at first."""
        return {each.name: each.value for each in self.fields}


def _same(names: Any) -> dict[str, str]:
    return {name: name for name in names}


def _model(value: str, *, without: str = "", **others: str) -> tuple[Field, Field]:
    choices = {**others, **models.DECODERS}
    choices.pop(without, None)
    return (
        Field("model", "Model", value, choices, kind="choice"),
        Field("config", "config.json", None, kind="config", when=f"model={models.PASTED}"),
    )


_BATCH = Field(
    "per_device_train_batch_size", "Batch size per device", given.per_device_train_batch_size
)
_ACCUMULATION = Field(
    "gradient_accumulation_steps", "Accumulation steps", given.gradient_accumulation_steps
)


def _usual(name: str, label: str, choices: Any = (), **about: Any) -> Field:
    """Give a field of the peak, which begins as the run of its page."""
    value = peak.USUAL[name]
    kind = "bool" if isinstance(value, bool) else "choice" if choices else "int"
    choices = choices if isinstance(choices, dict) else _same(choices)
    return Field(name, label, value, choices, kind=kind, **about)


def _or_usual(names: Any) -> dict[str, str]:
    return {"": "as the library has it", **_same(names)}


_ADAPTS = "method=lora|qlora|lora-8bit"
_SHORT = (
    # What the experts of a step hold is not known.
    *_model(peak.USUAL["model"], without="mixtral-8x7b"),
    _usual("method", "Method", peak.METHODS),
    _usual("per_device_train_batch_size", "Batch size per device"),
    _usual("max_length", "Tokens in a sequence"),
    _usual("gradient_checkpointing", "Activation checkpointing"),
)
_CARDS = [each for each in dlp.ACCELERATORS if not each.startswith("tpu")]
_CARD = _usual("card", "Card", _CARDS, alike=True)
_ADAPTERS = (
    _usual("r", "Rank", when=_ADAPTS),
    _usual("target_modules", "LoRA adapts", targets.TARGETS, when=_ADAPTS),
)
_TRAINED = (
    _usual("optim", "Optimizer", _or_usual(_optimizers.NAMES), more=True),
    _usual("loss", "Loss", _or_usual(peak.LOSSES), more=True),
)
_PEAK = (
    *_SHORT[:3],
    *_ADAPTERS,
    _usual("num_labels", "Labels", when="method=head-only"),
    *_SHORT[3:],
    _CARD,
    *_TRAINED,
    _usual("dtype", "Weights in", peak.DTYPES, more=True),
    _usual("mixed_precision", "Mixed precision", peak.MIXED, more=True),
    _usual("attn_implementation", "Attention", _or_usual(peak.ATTENTIONS), more=True),
    _usual("gradient_accumulation_steps", "Accumulation steps", more=True),
    # Whatever else is set, a step of Unsloth is not known.
    _usual("library", "Library", [each for each in dlp.LIBRARIES if each != "unsloth"], more=True),
    _usual("objective", "Objective", dlp.OBJECTIVES, more=True),
    _usual("num_devices", "Devices", more=True),
    _usual("stage", "Sharding", peak.STAGES, more=True),
    _usual("use_liger_kernel", "Liger’s kernels", more=True),
    _usual("offload", "Offloaded to the host", more=True),
    Field("training", "Other settings, as JSON", None, kind="config", more=True),
)

CALCULATORS = {
    "epoch": Calculator(
        title="Updates of an epoch",
        about="Micro-batches, updates and tokens, with the end of the epoch drawn",
        page="questions/iterations-per-epoch",
        fields=(
            Field("num_samples", "Samples in the data set", given.num_samples),
            _BATCH,
            _ACCUMULATION,
            Field("num_devices", "Devices", given.num_devices),
            Field("sequence_length", "Tokens in a sample", given.context_length),
            Field("last_window", "A short last window", "step", steps.LAST_WINDOWS, kind="choice"),
            Field("dataloader_drop_last", "Drop an incomplete last batch", False, kind="bool"),
        ),
        functions=(steps.epoch,),
        solves=(dlp.updates_per_epoch,),
    ),
    "loop": Calculator(
        title="A training loop, step by step",
        about="When the weights change, micro-batch by micro-batch, and what leaks",
        page="questions/when-weights-update",
        fields=(
            Field("num_micro_batches", "Micro-batches in an epoch", given.drawn_micro_batches),
            _ACCUMULATION,
            Field("num_train_epochs", "Epochs", given.drawn_epochs),
            Field("leftover", "Leftover micro-batches", "step", steps.LEFTOVERS, kind="choice"),
            Field(
                "micro_batch",
                "Micro-batches done",
                given.drawn_micro_batches * given.drawn_epochs,
                kind="play",
                last=given.drawn_micro_batches * given.drawn_epochs,
            ),
        ),
        functions=(steps.loop,),
    ),
    "load": Calculator(
        title="Memory to load a model",
        about="The weights in every number format, of any model",
        page="questions/memory-to-load",
        fields=(
            *_model(models.NONE, none="its number of parameters"),
            Field(
                "num_parameters", "Parameters", given.num_parameters, when=f"model={models.NONE}"
            ),
            Field("dtype", "Number format", "fp32", _same(dlp.DTYPES), kind="choice"),
        ),
        functions=(load.load,),
        solves=(dlp.weight_bytes,),
    ),
    "context": Calculator(
        title="What a longer context costs",
        about="Keys and values beside the weights, of longer and longer contexts",
        page="questions/context-length",
        fields=(
            *_model("llama-2-7b"),
            Field("num_tokens", "Tokens in the context", given.context_length),
            Field("batch_size", "Sequences at once", given.num_devices),
            Field("dtype", "Weights in", "fp32", _same(dlp.DTYPES), kind="choice"),
            Field(
                "cache_dtype", "Keys and values in", "bf16", _same(dlp.CACHE_DTYPES), kind="choice"
            ),
        ),
        functions=(context.context,),
        solves=(dlp.kv_cache_bytes,),
    ),
    "head": Calculator(
        title="Parameters of a head",
        about="The matrix of a classifier, its size and its share of the model",
        page="questions/classification-head",
        fields=(
            Field("hidden_size", "Width of the model", given.hidden_size),
            Field("num_labels", "Labels", given.num_labels),
            Field("num_parameters", "Parameters of the model", given.num_parameters),
            Field("bias", "With a bias", False, kind="bool"),
        ),
        functions=(head.head,),
        solves=(dlp.classification_head_parameters,),
    ),
    "methods": Calculator(
        title="What methods keep",
        about="Weights, gradients and states of full fine-tuning, head only, LoRA and QLoRA",
        page="questions/head-only-tuning",
        fields=(
            Field("num_parameters", "Parameters", given.num_parameters),
            Field("hidden_size", "Width of the model", given.hidden_size),
            Field("num_labels", "Labels", given.num_labels),
            Field("num_adapter_parameters", "Parameters of adapters", 0),
            Field("dtype", "All in", "fp32", _same(dlp.COMPUTE_DTYPES), kind="choice"),
            Field("optimizer", "Optimizer", "adamw", _same(dlp.OPTIMIZERS), kind="choice"),
            Field("master_weights", "A second copy in fp32", False, kind="bool"),
        ),
        functions=(methods.methods,),
        solves=(dlp.training_memory_bytes,),
    ),
    "masked": Calculator(
        title="Tokens that have a loss",
        about="Which tokens teach, and the mean of their losses",
        page="questions/training-objective",
        fields=(
            Field(
                "num_prompt_tokens",
                "Tokens of the prompt",
                given.prompt_tokens,
                kind="play",
                last=len(given.tokens) - 1,
            ),
        ),
        functions=(masked.masked,),
        solves=(dlp.mean_loss,),
    ),
    "rank": Calculator(
        title="Parameters of a rank",
        about="The factors of LoRA beside a matrix and in a model",
        page="questions/lora-rank",
        fields=(
            Field("r", "Rank", given.r),
            Field("in_features", "Width of the input", given.real_width),
            Field("out_features", "Width of the output", given.real_width),
            *_model("llama-2-7b"),
            Field("target_modules", "LoRA adapts", "q_proj,v_proj", targets.TARGETS, kind="choice"),
        ),
        functions=(rank.rank,),
        solves=(dlp.lora_parameters,),
    ),
    "peak": Calculator(
        title="The peak of a training step",
        about="One training step moment by moment, the cards it fits, how far it can go",
        page="will-it-fit",
        fields=_PEAK,
        functions=(peak.fits, peak.limits, peak.changes),
        seldom=("head-only", "lora-8bit"),
    ),
    "home": Calculator(
        title="Does it fit?",
        about="",
        page="",
        fields=(*_SHORT, _CARD, *(replace(each, more=True) for each in _ADAPTERS), *_TRAINED),
        functions=(peak.short,),
    ),
}
"""All calculators, by name."""


# --- What their functions need to know --------------------------------------------------------


@cache
def documented(name: str) -> dict[str, Any]:
    """Write the formulas that a calculator works out, as MathML with places for numbers."""
    found: dict[str, Any] = {}
    for function in CALCULATORS[name].solves:
        for each, known in worked.documented(function).items():
            module = known["call"].__module__
            found[each] = {
                "takes": known["takes"],
                "formulas": [_in_mathml(formula) for formula in known["formulas"]],
                "unit": unit(each) if known["formulas"] else "",
                "link": f"reference/{module.rpartition('.')[2]}/#{module}.{each}",
            }
    return found


def _in_mathml(formula: Formula) -> dict[str, Any]:
    text, names = worked.in_letters(formula["text"])
    said = (f"{to_mathml(each, display=False)} is <code>{n}</code>" for each, n in names.items())
    letters = [piece for piece in formula["pieces"] if not isinstance(piece, str)]
    places = (f"\\text{{q{i}q}}" for i in range(len(letters)))
    tex = "".join(p if isinstance(p, str) else next(places) for p in formula["pieces"])
    pieces: list[Any] = [_inner(tex)]
    for i, letter in enumerate(letters):
        before, _, after = pieces.pop().partition(f"<mi><span>q{i}q</span></mi>")
        pieces += [before, list(letter), after]
    return {
        "text": _inner(text),
        "letters": ", ".join(said),
        "holds": formula["holds"],
        "pieces": pieces,
    }


def _inner(tex: str) -> str:
    return to_mathml(tex, display=True).partition(">")[2].removesuffix("</math>").strip()


def page(name: str, root: str) -> dict[str, Any]:
    """Give what the functions of a calculator need to know of their page."""
    return {"root": root, "documented": documented(name)}


@dataclass(frozen=True)
class Scripts:
    """What a calculator loads, as addresses and texts: `first` does for most readers."""

    first: tuple[str, str]
    whole: tuple[str, str]


@cache
def scripts() -> dict[str, Scripts]:
    """Write each calculator's functions, translated, and their formulas."""
    found = {}
    for name, made in CALCULATORS.items():
        functions = [*map(_full, made.functions), _full(shown.whole)]
        formulas = json.dumps(documented(name), ensure_ascii=False, separators=(",", ":"))
        first = f'(self.guideFormulas ??= {{}})["{name}"] = {formulas};\n'
        first += shaken.script(functions, shaken.lines(_usual_calls(name)))
        found[name] = Scripts(
            bundle.hashed(f"calculator-{name}", first),
            bundle.hashed(f"calculator-{name}-whole", shaken.script(functions)),
        )
    return found


def _usual_calls(name: str) -> Iterator[Callable[[], Any]]:
    """Yield calls with each field changed that is not folded away; of what waits, one is enough."""
    made = CALCULATORS[name]
    changes: list[dict[str, Any]] = [{}]
    for each in made.fields:
        if each.kind in {"int", "play"}:
            # Who types a number anew has an empty field first, and perhaps a single 0.
            yield partial(_tried, shown.whole, {"name": each.name, "text": ""})
            yield partial(shown.whole, name=each.name, text=str(each.value))
            changes.append({each.name: 0})
        elif not each.more:
            values: list[Any] = [not each.value] if each.kind == "bool" else []
            if each.kind == "choice" and not each.alike:
                values = [value for value in each.choices if value not in made.seldom]
            changes += [{each.name: value} for value in values]
    for change in changes:
        called = {**made.values(), **change, "page": page(name, "../")}
        yield partial(_tried, made.functions[0], called)
    for function in made.functions[1:]:
        yield partial(function, **made.values(), page=page(name, "../"))


def _tried(function: Callable[..., Any], values: dict[str, Any]) -> None:
    with contextlib.suppress(ValueError, TypeError):
        function(**values)


# --- HTML -------------------------------------------------------------------------------------


def calculator(name: str, root: str = "../../") -> str:
    """Write a calculator: its form, and what it shows for the values that it starts with."""
    made = CALCULATORS[name]
    first = [_field(made, name, each) for each in made.fields if not each.more]
    more = [_field(made, name, each) for each in made.fields if each.more]
    if more:
        first.append(
            f'<details class="wide"><summary>More settings</summary><div class="fields">'
            f"{''.join(more)}</div></details>"
        )
    about = {"functions": [_full(each) for each in made.functions], "root": root}
    made_of = scripts()[name]
    about |= {"scripts": [bundle.files()["python"][0], made_of.first[0]], "whole": made_of.whole[0]}
    written = html.escape(json.dumps(about, separators=(",", ":")))
    outputs = "".join(
        f'<div class="shown">{each(**made.values(), page=page(name, root))["html"]}</div>'
        for each in made.functions
    )
    return (
        f'<div class="calculator" id="calculator" data-calculator="{name}" data-about="{written}" '
        f'data-search-exclude><form aria-label="{made.title}" autocomplete="off" novalidate>'
        f'<div class="fields">{"".join(first)}</div>'
        '<p class="tools"><button type="reset">Start again</button>'
        '<button type="button" data-link>Copy a link to this</button></p></form>'
        f'<p class="problem" id="{name}-problem" role="alert"></p>'
        '<p class="spoken" role="status"></p>'
        f"{outputs}</div>"
        f'<script src="{root}assets/load.js" defer></script>'
        f'<script src="{root}assets/calculator.js" defer></script>\n'
    )


def listed() -> str:
    """List the calculators, each with the page that it is on, from a page beside Home."""
    rows = "".join(
        f'<li><a href="../{each.page}/#calculator">{html.escape(each.title)}</a>: '
        f"{html.escape(each.about)}.</li>"
        for each in CALCULATORS.values()
        if each.page
    )
    return f"<ul>{rows}</ul>"


def _full(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__name__}"


def _field(made: Calculator, form: str, each: Field) -> str:
    ident = f"{form}-{each.name}"
    about = f'id="{ident}" name="{each.name}" data-kind="{each.kind}"'
    label = f'<label for="{ident}">{html.escape(each.label)}</label>'
    when = f' data-when="{each.when}"' if each.when else ""
    name, _, value = each.when.partition("=")
    if each.when and made.values()[name] not in value.split("|"):
        when += " hidden"
    match each.kind:
        case "choice":
            options = "".join(
                f'<option value="{value}"{" selected" * (value == each.value)}>'
                f"{html.escape(words)}</option>"
                for value, words in each.choices.items()
            )
            long = ' class="long"' * (max(map(len, each.choices.values())) > shown.LONG)
            return f"<div{long}{when}>{label}<select {about}>{options}</select></div>"
        case "bool":
            checked = " checked" * each.value
            return f'<div class="tick"{when}><input type="checkbox" {about}{checked}>{label}</div>'
        case "config":
            area = f'<textarea {about} rows="4" spellcheck="false"></textarea>'
            return f'<div class="wide"{when}>{label}{area}</div>'
        case "play":
            slider = f'<input type="range" {about} min="0" max="{each.last}" value="{each.value}">'
            play = f'<button type="button" data-play="{each.name}">Play</button>'
            return f'<div class="wide play"{when}>{label}{play}{slider}</div>'
    number = f'<input {about} inputmode="numeric" value="{count(each.value)}">'
    return f"<div{when}>{label}{number}</div>"
