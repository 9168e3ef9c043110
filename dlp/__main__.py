"""The command `dlp`: whether a run fits, what a model has, how many updates a training makes."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

import dlp
from dlp.units import GIB

Untyped = Any
"""What is read of JSON, and what argparse hands on."""

FITS, DOES_NOT_FIT, CANNOT_SAY = 0, 1, 2
"""The exit statuses; the last is also that of an input that cannot be read."""

_HEADINGS = dict(zip(dlp.MOMENTS, ("forward", "loss", "layers", "end", "update"), strict=True))

# What may make a run fit, each beside a word for it; those that a run has already are passed over.
_LEVERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("gradient_checkpointing=true", {"gradient_checkpointing": True}),
    ("loss=fused", {"loss": "fused"}),
    ("optim=paged_adamw_8bit", {"optim": "paged_adamw_8bit"}),
)


_CARDS = [name for name in dlp.ACCELERATORS if not name.startswith("tpu")]


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and stop."""
        self.exit(CANNOT_SAY, f"dlp: {message}; see {self.prog} --help\n")


def main(argv: list[str] | None = None, files: dict[str, str] | None = None) -> int:
    """Run the command and give its exit status; `files` stand in for those of the disk."""
    options = _parser().parse_args(argv)
    options.files = files or {}
    try:
        answer, text, status = options.run(options)
    except (OSError, TypeError, ValueError) as error:
        sys.stderr.write(f"dlp: {_sentence(error)}\n")
        return CANNOT_SAY
    sys.stdout.write((json.dumps(answer, indent=2) if options.json else text) + "\n")
    return int(status)


def _sentence(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"this is no JSON: {error}"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="dlp", description="The arithmetic of fine-tuning, in the shell.")
    commands = parser.add_subparsers(required=True, metavar="fit | count | steps")
    fit = _command(commands, "fit", "say whether a training step fits a card, and why", _fit)
    _add_model(fit)
    fit.add_argument("--training", help="a file of TrainingArguments, as JSON")
    fit.add_argument("--quantization", help="a file of BitsAndBytesConfig, as JSON")
    fit.add_argument("--card", help=f"one of {', '.join(_CARDS)}")
    fit.add_argument("--library", default="transformers", help="whose loop, and releases")
    fit.add_argument("--method", choices=dlp.TRAINED_PARTS)
    fit.add_argument("--batch", type=int, help="per_device_train_batch_size")
    fit.add_argument("--length", type=int, help="max_length")
    fit.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings")
    count = _command(commands, "count", "count the parameters of a model, part by part", _count)
    _add_model(count)
    steps = _command(commands, "steps", "count the micro-batches and updates of a training", _steps)
    for name, default in (("samples", None), ("batch", 8), ("accumulation", 1), ("devices", 1)):
        steps.add_argument(f"--{name}", type=int, default=default, required=default is None)
    steps.add_argument("--epochs", type=int, default=1)
    return parser


def _command(commands: Untyped, name: str, purpose: str, run: Untyped) -> argparse.ArgumentParser:
    example = {
        "fit": "dlp fit config.json --lora adapter_config.json --batch 4 --length 2048 "
        "--set gradient_checkpointing=true --set dtype=bfloat16 --card rtx-4090",
        "count": "dlp count config.json --lora adapter_config.json",
        "steps": "dlp steps --samples 1000 --batch 8 --accumulation 4 --epochs 3",
    }[name]
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=purpose, description=f"To {purpose}.", epilog=f"Such as: {example}"
    )
    parser.add_argument("--json", action="store_true", help="answer as JSON")
    parser.set_defaults(run=run)
    return parser


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="config.json, a folder that has it, or - for stdin")
    parser.add_argument("--lora", help="a file of LoraConfig, such as adapter_config.json")


def _read(path: str, files: dict[str, str]) -> dict[str, Any]:
    if path in files:
        text = files[path]
    else:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError(f"{path} must hold an object, not {type(found).__name__}")
    return found


def _inputs(options: argparse.Namespace) -> dict[str, Any]:
    """Read a model's config, and what lies in its folder beside it or is named."""
    folder = Path(options.config)
    beside: dict[str, Path] = {}
    path = options.config
    if options.config != "-" and folder.is_dir():
        path = str(folder / "config.json")
        for name, file in (("lora", "adapter_config.json"), ("training", "training_args.json")):
            if (folder / file).is_file():
                beside[name] = folder / file
    found: dict[str, Any] = {"config": _read(path, options.files)}
    for name in ("lora", "training", "quantization"):
        named = getattr(options, name, None) or beside.get(name)
        if named:
            found[name] = _read(str(named), options.files)
    stored = found["config"].get("quantization_config")
    if isinstance(stored, dict) and "quantization" not in found:
        found["quantization"] = stored
    return found


# --- fit ------------------------------------------------------------------------------------


def _fit(options: argparse.Namespace) -> tuple[Untyped, str, int]:
    run = _inputs(options)
    training = run.setdefault("training", {})
    for setting in options.settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"--set must be NAME=VALUE, not {setting}")
        training[name] = _value(value)
    for name, value in (
        ("per_device_train_batch_size", options.batch),
        ("max_length", options.length),
    ):
        if value is not None:
            training[name] = value
    run |= {"library": options.library, "method": options.method}
    step = dlp.peak_memory(**run)
    answer: dict[str, Any] = {"command": "fit", **step}
    text = [_table(step), ""]
    moment = step["moments"][step["moment"]]
    text.append(
        f"Peak: {_gib(step['peak'])}, in the {step['moment']}, where "
        f"{max(moment, key=lambda part: moment[part])} take most. A process takes "
        f"{step['lower'] / GIB:.1f} to {_gib(step['upper'])} of a card."
    )
    if not options.card:
        cards = [name for name in _CARDS if _verdict(step, name) == FITS]
        answer["fits"] = cards
        text.append(f"It fits: {', '.join(cards) or 'none of the cards that are known'}.")
        return answer, "\n".join(text), FITS if cards else DOES_NOT_FIT
    verdict = _verdict(step, options.card)
    sold = dlp.accelerator_memory_bytes(accelerator=options.card)
    usable = dlp.usable_memory_bytes(accelerator=options.card)
    said = {FITS: "it fits", DOES_NOT_FIT: "it does not fit", CANNOT_SAY: "it may fit or not"}
    sentence = (
        f"{options.card}, sold with {sold // GIB} GiB, gives at least {_gib(usable)}: "
        f"{said[verdict]}."
    )
    sure, perhaps = ([], []) if verdict == FITS else _ways(run, options.card)
    if sure:
        sentence += f" It would with {' or '.join(sure)}."
    if perhaps:
        sentence += f" It may with {' or '.join(perhaps)}."
    if verdict != FITS and not sure + perhaps:
        sentence += (
            " No setting that was tried makes it fit: take a larger card, or a smaller model."
        )
    answer |= {"card": options.card, "usable": usable, "verdict": said[verdict]}
    answer |= {"fits_with": sure, "may_fit_with": perhaps}
    return answer, "\n".join([*text, sentence]), verdict


def _value(text: str) -> Untyped:
    """Read a value as JSON, or else as a word."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return {"True": True, "False": False, "None": None}.get(text, text)


def _verdict(step: Untyped, card: str) -> int:
    usable = dlp.usable_memory_bytes(accelerator=card)  # type: ignore[arg-type]
    if step["upper"] <= usable:
        return FITS
    return DOES_NOT_FIT if step["lower"] > usable else CANNOT_SAY


def _ways(run: dict[str, Any], card: str) -> tuple[list[str], list[str]]:
    """Find what would make a run fit, and what may: a setting or two, a smaller batch or length."""
    sure: list[str] = []
    perhaps: list[str] = []
    tried = [
        (name, change)
        for name, change in _LEVERS
        if any(run["training"].get(key) != value for key, value in change.items())
    ]
    pairs = [
        (f"{one} and {other}", first | second)
        for place, (one, first) in enumerate(tried)
        for other, second in tried[place + 1 :]
    ]
    for name, change in tried + pairs:
        try:
            step = dlp.peak_memory(**run | {"training": run["training"] | change})
        except ValueError:
            continue  # not with this method
        verdict = _verdict(step, card)
        said = f"{name} (peak {_gib(step['peak'])})"
        if verdict == FITS:
            sure.append(said)
            break
        if verdict == CANNOT_SAY and not perhaps:
            perhaps.append(said)
    for key, search in (
        ("per_device_train_batch_size", dlp.largest_batch),
        ("max_length", dlp.largest_context),
    ):
        rest = {name: value for name, value in run["training"].items() if name != key}
        limit = search(accelerator=card, **run | {"training": rest})  # type: ignore[arg-type]
        if 0 < limit["largest"] < run["training"].get(key, 0):
            sure.append(f"{key}={limit['largest']} (peak {_gib(limit['peak'])})")
    return sure, perhaps


def _table(step: Untyped) -> str:
    moments = step["moments"]
    total = {name: sum(held.values()) for name, held in moments.items()}
    lines = [" " * 12 + "".join(f"{_HEADINGS[name]:>10}" for name in moments) + f"{'of peak':>10}"]
    for part in dlp.PARTS:
        if any(part in held for held in moments.values()):
            cells = [f"{held.get(part, 0) / GIB:10.2f}" for held in moments.values()]
            share = moments[step["moment"]].get(part, 0) / step["peak"]
            lines.append(f"{part:<12}{''.join(cells)}{share:>10.1%}")
    cells = [f"{size / GIB:10.2f}" for size in total.values()]
    marks = ["^" if name == step["moment"] else "" for name in moments]
    lines.append(f"{'GiB':<12}{''.join(cells)}{1:>10.0%}")
    lines.append(" " * 12 + "".join(f"{mark:>10}" for mark in marks))
    return "\n".join(line.rstrip() for line in lines)


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"


# --- count and steps ------------------------------------------------------------------------


def _count(options: argparse.Namespace) -> tuple[Untyped, str, int]:
    run = _inputs(options)
    parts = {
        part: size for part, size in dlp.parameters_by_part(config=run["config"]).items() if size
    }
    total = dlp.parameter_count(config=run["config"])
    answer: dict[str, Any] = {"command": "count", "parts": parts, "total": total}
    rows = [(part, size, size / total) for part, size in parts.items()] + [("total", total, 1.0)]
    lines = [f"{name:<24}{size:>18,}{share:>9.2%}" for name, size, share in rows]
    if "lora" in run:
        names = ("r", "target_modules", "bias", "use_dora", "rank_pattern", "modules_to_save")
        given = {name: run["lora"][name] for name in names if run["lora"].get(name) is not None}
        totals = dlp.lora_totals(config=run["config"], **given)
        answer["lora"] = totals
        lines.append(
            f"trainable: {totals['trainable_params']:,} of {totals['all_param']:,}, "
            f"{totals['trainable_percent']:.4f} %"
        )
    return answer, "\n".join(lines), FITS


def _steps(options: argparse.Namespace) -> tuple[Untyped, str, int]:
    of_device = {"per_device_train_batch_size": options.batch, "num_devices": options.devices}
    windows = {"gradient_accumulation_steps": options.accumulation}
    training = {"num_samples": options.samples, "num_train_epochs": options.epochs, **of_device}
    answer = {
        "command": "steps",
        "effective_batch_size": dlp.effective_batch_size(**of_device, **windows),
        "micro_batches": dlp.training_micro_batches(**training),
        "updates": dlp.training_updates(**training, **windows),
    }
    lines = [
        f"{name.replace('_', ' '):<24}{value:>12,}"
        for name, value in answer.items()
        if isinstance(value, int)
    ]
    return answer, "\n".join(lines), FITS


if __name__ == "__main__":
    sys.exit(main())
