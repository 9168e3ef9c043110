"""Whether a training step fits a card, moment by moment, and what would make it fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dlp
from _guide import given
from _guide.formats import binary_size, both_sizes, count, percent, size
from _guide.live import models, shown
from _guide.live.calculators.targets import modules
from _guide.pictures.step import KINDS, training_step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from _guide.live.shown import Page
    from dlp.peak import Peak

    Values = Mapping[str, Any]

MOMENTS = {
    "forward end": "the forward pass ends",
    "loss backward": "the loss goes backward",
    "layer backward": "a layer goes backward",
    "backward end": "the backward pass ends",
    "update": "the optimizer updates",
}
"""What the pages call the moments of a step."""

PARTS = {
    "weights": "weights",
    "adapters": "adapters",
    "optimizer": "optimizer states",
    "gradients": "gradients",
    "activations": "activations",
    "cache": "a cache of keys and values",
    "logits": "logits and the loss",
    "working": "what is being computed",
    "inputs": "batches",
    "workspace": "workspaces",
}

METHODS = {
    "lora": "LoRA",
    "qlora": "QLoRA, four bits",
    "lora-8bit": "LoRA, eight bits",
    "full": "full fine-tuning",
    "head-only": "a head alone",
}
STAGES = {
    "0": "none: DDP",
    "2": "gradients and states: SHARD_GRAD_OP",
    "3": "weights too: FULL_SHARD",
}
DTYPES = ("bfloat16", "float16", "float32")
MIXED = {"": "none", "bf16": "bf16", "fp16": "fp16"}
LOSSES = ("full", "chunked", "fused")
ATTENTIONS = ("sdpa", "eager", "flash_attention_2")
QUANTIZED = {"qlora": given.fit_nf4, "lora-8bit": {"load_in_8bit": True}}

FITS, MAY_FIT, DOES_NOT = "fits", "fits only with luck", "does not fit"

USUAL: dict[str, Any] = {
    "model": "llama-3-8b",
    "config": None,
    "method": "lora",
    "target_modules": given.fit_lora["target_modules"],
    "r": given.fit_lora["r"],
    "num_labels": given.num_labels,
    "per_device_train_batch_size": given.fit_training["per_device_train_batch_size"],
    "max_length": given.fit_training["max_length"],
    "gradient_checkpointing": given.fit_training["gradient_checkpointing"],
    "card": given.fit_card,
    "gradient_accumulation_steps": 1,
    "optim": "",
    "loss": "",
    "use_liger_kernel": False,
    "dtype": given.fit_training["dtype"],
    "mixed_precision": "",
    "attn_implementation": "",
    "library": "transformers",
    "objective": "sft",
    "num_devices": 1,
    "stage": "0",
    "offload": False,
    "training": None,
}
"""What a calculator that does not ask for it goes by: the run of "Will it fit?"."""

_TRAINING = ("optim", "loss", "use_liger_kernel", "attn_implementation")
_OWN = (
    *_TRAINING,
    *("gradient_accumulation_steps", "bf16", "fp16"),
    *("max_seq_length", "torch_dtype", "activation_checkpointing"),
)
"""Settings that other fields have, by all their names."""

_DRAWN_LAYERS = 96


def run(values: Values) -> dict[str, Any]:
    """Give the arguments of `peak_memory`, without those that are as it has them anyway."""
    method = values["method"]
    training = {
        "per_device_train_batch_size": values["per_device_train_batch_size"],
        "max_length": values["max_length"],
        "gradient_checkpointing": values["gradient_checkpointing"],
        "dtype": values["dtype"],
    }
    if values["gradient_accumulation_steps"] != 1:
        training["gradient_accumulation_steps"] = values["gradient_accumulation_steps"]
    if values["mixed_precision"]:
        training[values["mixed_precision"]] = True
    for name in _TRAINING:
        if values[name]:
            training[name] = values[name]
    if method == "head-only":
        training["num_labels"] = values["num_labels"]
    for name in values["training"] or {}:
        if name in _OWN or name in training:
            raise ValueError(f"training must not have {name!r}, which has a field of its own")
    training.update(values["training"] or {})
    config = models.chosen(values)
    found = {"config": config, "training": training}
    if "lora" in method:
        targets = modules(values["target_modules"], config)
        found["lora"] = {"r": values["r"], "target_modules": targets}
    if method in QUANTIZED:
        found["quantization"] = QUANTIZED[method]
    if method == "head-only":
        found["method"] = method
    stage = int(values["stage"])
    for name, value, usual in (
        ("library", values["library"], "transformers"),
        ("num_devices", values["num_devices"], 1),
        ("stage", stage, 0),
        ("offload", values["offload"], False),
        ("objective", values["objective"], "sft"),
    ):
        if value != usual:
            found[name] = value
    return found


def verdict(step: Peak, card: Any) -> str:
    """Compare the most that a process takes with the least that a card gives, and the reverse."""
    if step["upper"] <= dlp.usable_memory_bytes(accelerator=card):
        return FITS
    return DOES_NOT if step["lower"] > dlp.accelerator_memory_bytes(accelerator=card) else MAY_FIT


def fits(*, page: Page, **values: Any) -> dict[str, str]:
    """Say what a step holds at its fullest, when, and which cards hold that."""
    values = {**USUAL, **values}
    arguments = run(values)
    step = dlp.peak_memory(**arguments)
    held = step["moments"][step["moment"]]
    says = _says(step, values["card"])
    rows = [_card(step, card) for card in given.fit_cards]
    sums = {moment: sum(parts.values()) for moment, parts in step["moments"].items()}
    moments = [
        (words, binary_size(sums[each]), size(sums[each])) for each, words in MOMENTS.items()
    ]
    parts = [
        (PARTS[part], binary_size(n), size(n), percent(n / step["peak"]))
        for part, n in held.items()
    ]
    takes = f"{both_sizes(step['lower'])} to {both_sizes(step['upper'])}"
    full = MOMENTS[step["moment"]]
    return {
        "status": says["status"],
        "html": says["html"]
        + _picture(step, arguments["config"], METHODS[values["method"]])
        + shown.table(("Card", "Such as", "The step"), rows, label="cards")
        + f"<p>The process takes {takes}: the peak, what lies between blocks, and the context of "
        "CUDA.</p>"
        + shown.aside(
            "Moment by moment, part by part",
            shown.table(("When", "Binary", "Decimal"), moments, label="moments", marked=full)
            + shown.table((f"When {full}", "Binary", "Decimal", "Share"), parts, label="parts"),
        )
        + _worked_out(step)
        + shown.code(_program(values, arguments), _command(values, arguments)),
    }


def _worked_out(step: Peak) -> str:
    """Add the parts of the fullest moment up, in bytes."""
    held = step["moments"][step["moment"]]
    rows = [(PARTS[part], count(n)) for part, n in held.items()]
    rows.append(("the peak, their sum", count(step["peak"])))
    most = f"<p>The peak is the fullest of five moments, when {MOMENTS[step['moment']]}.</p>"
    added = shown.table(("Then there are", "Bytes"), rows, label="sum", marked=rows[-1][0])
    return shown.aside("Worked out", most + added)


def _program(values: Values, arguments: dict[str, Any]) -> str:
    """Write a program that says whether the step fits the card."""
    return shown.call(
        "step",
        "peak_memory",
        arguments,
        models.name(values),
        ["accelerator_memory_bytes", "usable_memory_bytes"],
        _VERDICT.replace("CARD", values["card"]),
    )


_VERDICT = """card = "CARD"
if step["upper"] <= usable_memory_bytes(accelerator=card):
    verdict = "fits"
elif step["lower"] <= accelerator_memory_bytes(accelerator=card):
    verdict = "fits only with luck"
else:
    verdict = "does not fit"
print(f"{step['peak']:,} bytes when fullest, at {step['moment']}: it {verdict} on {card}")
"""


def _card(step: Peak, card: Any) -> tuple[str, str, str]:
    sold = dlp.accelerator_memory_bytes(accelerator=card)
    return binary_size(sold), card, _cell(verdict(step, card))


def short(*, page: Page, **values: Any) -> dict[str, str]:
    """Say of a step what can be said in one look, and lead to the rest."""
    values = {**USUAL, **values}
    arguments = run(values)
    step = dlp.peak_memory(**arguments)
    says = _says(step, values["card"])
    more = f'<a href="{page["root"]}will-it-fit/" data-carry>All settings, and what would help</a>'
    picture = _picture(step, arguments["config"], METHODS[values["method"]])
    cards = shown.table(
        ("Card", "Such as", "The step"),
        [_card(step, card) for card in given.fit_cards],
        label="cards",
    )
    written = f"{says['html']}{picture}{cards}{_worked_out(step)}<p>{more}</p>"
    return {"status": says["status"], "html": written}


def _cell(words: str) -> str:
    return f"<strong>{words}</strong>" if words == FITS else words


def _says(step: Peak, card: Any) -> dict[str, str]:
    """Say in words whether a step fits a card, and why."""
    held, sold = step["moments"][step["moment"]], dlp.accelerator_memory_bytes(accelerator=card)
    peak, when = both_sizes(step["peak"]), MOMENTS[step["moment"]]
    largest = sorted(held, key=lambda part: -held[part])[:2]
    why = " and ".join(f"{PARTS[part]} ({binary_size(held[part])})" for part in largest)
    on, said = f"{card} ({binary_size(sold)})", verdict(step, card)
    fit = f"It fits {on}." if said == FITS else f"It does not fit {on}."
    fit = f"It fits {on} only with luck." if said == MAY_FIT else fit
    return {
        "status": f"{fit} The step holds {peak} at its fullest, when {when}.",
        "html": f'<p class="outcome"><strong>{fit}</strong> The step holds {peak} '
        f"at its fullest, when {when}: most of it {why}.</p>",
    }


def _picture(step: Peak, config: Any, title: str) -> str:
    moments = {
        moment: {part: dlp.gibibytes(num_bytes=n) for part, n in parts.items()}
        for moment, parts in step["moments"].items()
    }
    layers = dlp.transformer_dimensions(config=config)["num_hidden_layers"]
    held = step["moments"][step["moment"]]
    kinds = {kind: sum(held.get(part, 0) for part in parts) for kind, (_, parts) in KINDS.items()}
    title = title[0].upper() + title[1:]
    said = f"{title}: {binary_size(step['peak'])} when {MOMENTS[step['moment']]}, "
    said += ", ".join(f"{kind} {binary_size(n)}" for kind, n in kinds.items() if n)
    return training_step(
        panels={
            title[0].upper() + title[1:]: {
                "moments": moments,
                "traced": {},
                "layers": min(layers, _DRAWN_LAYERS),
            }
        },
        cards=given.drawn_cards,
        unit="GiB",
        name="peak",
        title="What the step holds from moment to moment",
        summary=said,
        caption="Dotted lines are cards, in GiB as sold.",
    )


# --- What would help --------------------------------------------------------------------------


def limits(*, page: Page, **values: Any) -> dict[str, str]:
    """Say how far batch, length and rank can go on the chosen card."""
    values = {**USUAL, **values}
    arguments, card = run(values), values["card"]
    asked = [
        ("Batch size", "batch", values["per_device_train_batch_size"]),
        ("Tokens in a sequence", "length", values["max_length"]),
    ]
    if "lora" in arguments:
        asked.append(("Rank", "rank", values["r"]))
    rows = [(words, _largest(what, arguments, card), count(now)) for words, what, now in asked]
    header = (f"On {card}, all else as it is", "Largest that fits without luck", "Now")
    written = shown.table(header, rows, label="limits")
    return {"status": "", "html": f"<h3>How far it can go</h3>{written}"}


def changes(*, page: Page, **values: Any) -> dict[str, str]:
    """Say what one change at a time leaves of the peak."""
    values = {**USUAL, **values}
    arguments, card = run(values), values["card"]
    rows = []
    now = dlp.peak_memory(**arguments)["peak"]
    for name, change in _LEVERS:
        step = _step({**values, **change})
        if step and step["peak"] < now:
            says = _cell(verdict(step, card))
            rows.append((name, binary_size(step["peak"]), size(step["peak"]), says))
    written = "<p>None of the changes that are tried here makes the peak lower.</p>"
    if rows:
        written = shown.table(("Change", "Peak", "Decimal", f"On {card}"), rows, label="changes")
    return {"status": "", "html": f"<h3>What one change buys</h3>{written}"}


_LEVERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("checkpointing", {"gradient_checkpointing": True}),
    ("weights in 16 bits", {"dtype": "bfloat16"}),
    ("Liger’s kernels", {"use_liger_kernel": True}),
    ("a fused loss", {"loss": "fused"}),
    ("eight-bit states", {"optim": "adamw_bnb_8bit"}),
    ("paged eight-bit states", {"optim": "paged_adamw_8bit"}),
    ("LoRA", {"method": "lora"}),
    ("QLoRA", {"method": "qlora"}),
    ("one sequence at a time", {"per_device_train_batch_size": 1}),
)
"""What may help, each alone."""


def _step(values: Values) -> Any:
    """Give a step, or nothing where it is not known."""
    try:
        return dlp.peak_memory(**run(values))
    except ValueError:
        return None


def _largest(what: str, arguments: dict[str, Any], card: Any) -> str:
    """Search the largest batch, length or rank with which the step fits a card."""
    searches = {
        "batch": (dlp.largest_batch, "training", ("per_device_train_batch_size",)),
        "length": (dlp.largest_context, "training", ("max_length", "max_seq_length")),
        "rank": (dlp.largest_rank, "lora", ("r",)),
    }
    search, where, names = searches[what]
    rest = {name: value for name, value in arguments[where].items() if name not in names}
    try:
        limit = search(accelerator=card, **{**arguments, where: rest})
    except ValueError:  # there is no end, or no answer
        return "unknown"
    return count(limit["largest"]) if limit["largest"] else "none"


# --- The command ------------------------------------------------------------------------------


def _command(values: Values, arguments: dict[str, Any]) -> str:
    """Write the command that says the same, or nothing where it would take two files more."""
    files = []
    options = ""
    training = dict(arguments["training"])
    lora = arguments.get("lora")
    if lora and lora["target_modules"] == "all-linear":
        options += f" --rank {lora['r']}"
    elif lora:
        files.append(("lora", lora))
    if "quantization" in arguments:
        files.append(("quantization", arguments["quantization"]))
    if len(files) > 1:
        return ""
    for option, name in _SHORT:
        if name in training:
            options += f" --{option} {training.pop(name)}"
    if training.pop("gradient_checkpointing", False):
        options += " --checkpointing"
    options += "".join(f" --set {name}={_json(value, True)}" for name, value in training.items())
    for name in ("library", "method", "num_devices", "stage", "objective"):
        if name in arguments:
            options += f" --{name.replace('_', '-')} {_quoted(str(arguments[name]))}"
    options += " --offload" if "offload" in arguments else ""
    config = "config.json" if values["model"] == models.PASTED else values["model"]
    start = f"dlp fit {config}{options} --card {values['card']}"
    for option, given_ in files:
        start = f"echo '{_json(given_)}' | {start} --{option} -"
    return start


_SHORT = (
    ("batch", "per_device_train_batch_size"),
    ("length", "max_length"),
    ("accumulation", "gradient_accumulation_steps"),
    ("optim", "optim"),
    ("dtype", "dtype"),
)


def _quoted(text: str) -> str:
    """Quote a word for a shell, where it needs it."""
    plain = all(
        c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,=/" for c in text
    )
    return text if plain and text else "'" + text.replace("'", "'\\''") + "'"


def _json(value: Any, word: bool = False) -> str:
    """Write a value as JSON; a `word` by itself, for a shell."""
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{k}": {_json(v)}' for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_json(each) for each in value) + "]"
    text = (
        {True: "true", False: "false", None: "null"}[value]
        if value is None or isinstance(value, bool)
        else str(value)
    )
    if word:
        return _quoted(text)
    return (
        '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        if isinstance(value, str)
        else text
    )
