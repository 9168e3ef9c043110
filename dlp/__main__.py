"""The command `dlp`: whether a run fits, what a model has, how many updates a training makes."""

import argparse
import json
import os
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import dlp
from dlp import _check, _declared, _lora, models
from dlp._command_fit import CANNOT_SAY, CARDS, FITS, SHORT, WIDTH, Answer, Untyped, fit

SHAPES = [name for name in vars(models) if name.isupper() and name != "TYPE_CHECKING"]
"""The models that are known by name."""

# What lies in a folder beside config.json, by the argument that it is.
_BESIDE = {"lora": "adapter_config.json", "training": "training_args.json"}

_EXAMPLES = {
    "fit": "dlp fit config.json --lora adapter_config.json --batch 4 --length 2048 "
    "--checkpointing --dtype bfloat16 --card rtx-4090",
    "count": "dlp count config.json --lora adapter_config.json",
    "steps": "dlp steps --samples 1000 --batch 8 --accumulation 4 --epochs 3",
}


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and stop."""
        self.exit(CANNOT_SAY, f"dlp: {' '.join(message.split())}; see {self.prog} --help\n")


class _Setting(argparse.Action):
    """An option that sets a name of TrainingArguments, so that the last of several counts."""

    def __call__(
        self, parser: Untyped, namespace: Untyped, values: Untyped, option_string: Untyped = None
    ) -> None:
        """Note the name and its value."""
        name, value = self.const, values
        if not name:
            name, equals, text = values.partition("=")
            if not name or not equals:
                parser.error(f"argument --set: write NAME=VALUE, not {values!r}")
            value = _value(text)
        namespace.settings = [*namespace.settings, (name, value)]


def main(argv: list[str] | None = None, files: Mapping[str, str] | None = None) -> int:
    """Run the command and give its exit status; `files` stand in for those of the disk."""
    options = _parser().parse_args(argv)
    options.files = files or {}
    try:
        answer, text, status = options.run(options)
    except Exception as error:  # a traceback would end with the status of "does not fit"
        sys.stderr.write(f"dlp: {' '.join(_sentence(error).split())}\n")
        return CANNOT_SAY
    return _written(json.dumps(answer, indent=2) if options.json else text, status)


def _written(text: str, status: int) -> int:
    """Write an answer; give its status, or that nothing can be said where nobody takes it."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError as error:  # a full disk, a closed pipe
        sys.stderr.write(f"dlp: the answer cannot be written: {error.strerror}\n")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        return CANNOT_SAY
    return status


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, (ValueError, TypeError)):
        return str(error)
    return f"this cannot be read or counted: {type(error).__name__} {error}"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="dlp", description="The arithmetic of fine-tuning, in the shell.")
    commands = parser.add_subparsers(required=True, metavar="fit | count | steps")
    _add_fit(_command(commands, "fit", "say whether a training step fits a card, and why", _fit))
    count = _command(commands, "count", "count the parameters of a model, part by part", _count)
    _add_model(count)
    steps = _command(commands, "steps", "count the micro-batches and updates of a training", _steps)
    steps.add_argument("--samples", type=int, required=True, metavar="N", help="num_samples")
    for option, name, default in (
        ("batch", "per_device_train_batch_size", 8),
        ("accumulation", "gradient_accumulation_steps", 1),
        ("devices", "num_devices", 1),
        ("epochs", "num_train_epochs", 1),
    ):
        told = f"{name}, {default} if left out"
        kind = float if option == "epochs" else int  # part of an epoch is a number too
        steps.add_argument(f"--{option}", type=kind, default=default, metavar="N", help=told)
    steps.add_argument("--length", type=int, metavar="N", help="sequence_length")
    steps.add_argument("--drop-last", action="store_true", help="drop an incomplete last batch")
    steps.add_argument("--last-window", choices=dlp.LAST_WINDOWS, default="step")
    return parser


def _add_fit(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    parser.add_argument("--training", metavar="FILE", help="TrainingArguments as JSON")
    parser.add_argument("--quantization", metavar="FILE", help="BitsAndBytesConfig as JSON")
    parser.add_argument(
        "--card", type=_card, choices=CARDS, metavar="NAME", help=f"one of {', '.join(CARDS)}"
    )
    parser.add_argument("--rank", type=int, metavar="R", help="LoRA's rank, on all linear layers")
    for option, (name, kind) in SHORT.items():
        parser.add_argument(
            f"--{option}",
            action=_Setting,
            const=name,
            type=kind,
            dest="settings",
            help=name,
            metavar="N" if kind is int else "NAME",
        )
    parser.add_argument(
        "--checkpointing",
        action="append_const",
        const=("gradient_checkpointing", True),
        dest="settings",
        help="gradient_checkpointing",
    )
    parser.add_argument(
        "--set",
        action=_Setting,
        dest="settings",
        metavar="NAME=VALUE",
        help="any other name of TrainingArguments, SFTConfig or from_pretrained",
    )
    parser.add_argument(
        "--library", default="transformers", metavar="NAME", help="whose loop it is, and releases"
    )
    parser.add_argument("--method", choices=dlp.TRAINED_PARTS, help="what is trained")
    parser.add_argument(
        "--objective", choices=dlp.OBJECTIVES, default="sft", help="what for: others are TRL's"
    )
    parser.add_argument("--num-devices", type=int, default=1, metavar="N")
    parser.add_argument("--stage", type=int, default=0, metavar="N", help="0 for DDP; FSDP: 2 or 3")
    parser.add_argument("--offload", action="store_true", help="keep what is sharded on the host")
    parser.set_defaults(settings=[])


def _command(
    commands: Untyped, name: str, purpose: str, run: Callable[[argparse.Namespace], Answer]
) -> argparse.ArgumentParser:
    example = textwrap.fill(
        _EXAMPLES[name], WIDTH - 4, break_on_hyphens=False, subsequent_indent="    "
    ).replace("\n", " \\\n")
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=purpose,
        description=f"{purpose.capitalize()}.",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="answer as JSON")
    parser.set_defaults(run=run)
    return parser


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "config",
        metavar="MODEL",
        help="a config.json, a folder that has one, - for stdin, or a name such as llama-3-8b",
    )
    parser.add_argument("--lora", metavar="FILE", help="LoraConfig as JSON: adapter_config.json")


# --- What is read ---------------------------------------------------------------------------


def _read(path: str, files: Mapping[str, str]) -> dict[str, Any]:
    """Read an object; UTF-16, which PowerShell writes, and byte order marks are understood."""
    content: str | bytes
    if path in files:
        content = files[path]
    else:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    try:
        found = json.loads(content)
    except RecursionError:
        raise ValueError(f"{path} is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise TypeError(f"{path} must hold a JSON object, not {type(found).__name__}")
    return found


def _inputs(options: argparse.Namespace) -> dict[str, Any]:
    """Read a model's config, and what lies in its folder beside it or is named."""
    paths = {name: getattr(options, name, None) for name in ("lora", "training", "quantization")}
    if [options.config, *paths.values()].count("-") > 1:
        raise ValueError("only one file can be -, the standard input")
    path = options.config
    known = path.upper().replace("-", "_").replace(".", "_")
    found: dict[str, Any] = {}
    if path not in options.files and Path(path).is_dir():
        folder, path = Path(path), str(Path(path) / "config.json")
        beside = {name: folder / file for name, file in _BESIDE.items() if name in vars(options)}
        present = {name: str(each) for name, each in beside.items() if each.is_file()}
        if "lora" in present and not Path(path).is_file():
            base = _read(present["lora"], {}).get("base_model_name_or_path") or "not named there"
            raise ValueError(
                f"{folder} has adapters and no config.json: name that of the base model ({base}), "
                f"and this folder as --lora"
            )
        paths = {name: given or present.get(name) for name, given in paths.items()}
    elif known in SHAPES and path not in options.files and not Path(path).exists():
        found["config"] = dict(getattr(models, known))
    if "config" not in found:
        found["config"] = _read(path, options.files)
    for name, named in paths.items():
        if named and name in _BESIDE and Path(named).is_dir():
            named = str(Path(named) / _BESIDE[name])
        if named:
            found[name] = _read(named, options.files)
    if "lora" in found:
        found["lora"] = _adapters(found["lora"])
    return found


def _adapters(lora: dict[str, Any]) -> dict[str, Any]:
    """Drop what PEFT writes of every adapter and means nothing; refuse what is no LoRA."""
    if lora.get("peft_type", "LORA") != "LORA":
        raise ValueError(f"peft_type must be LORA, not {str(lora['peft_type'])[:60]!r}")
    return {
        name: value for name, value in lora.items() if lora.get(_lora.MEANINGLESS.get(name, name))
    }


def _card(text: str) -> str:
    """Read the name of a card, however its words are joined."""
    known = {name.replace("-", ""): name for name in CARDS}
    return known.get("".join(each for each in text.lower() if each.isalnum()), text)


def _value(text: str) -> Untyped:
    """Read a value as JSON, as Python writes it, or else as a word."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return {"True": True, "False": False, "None": None}.get(text, text)


# --- What is answered ------------------------------------------------------------------------


def _fit(options: argparse.Namespace) -> Answer:
    return fit(options, _inputs(options))


def _count(options: argparse.Namespace) -> Answer:
    run = _inputs(options)
    config = run["config"]
    parts = {part: size for part, size in dlp.parameters_by_part(config=config).items() if size}
    total = dlp.parameter_count(config=config)
    answer: dict[str, Any] = {"command": "count", "parts": parts, "total": total}
    rows = [*parts.items(), ("total", total)]
    lines = [f"{name:<24}{size:>20,}{size / total:>10.2%}" for name, size in rows]
    if _declared.stored_dtype(config) or config.get("quantization_config") is not None:
        try:
            stored = answer["weight_bytes"] = dlp.model_weight_bytes(config=config)
            lines += ["", f"{'bytes as stored':<24}{stored:>20,}"]
        except ValueError as error:
            lines += ["", f"bytes as stored: {error}"]
    if "lora" in run:
        lora = _check.known("lora", run["lora"], _lora.NAMES, "LoraConfig")
        totals = dlp.lora_totals(config=config, **lora)
        answer["lora"] = totals
        lines += ["", f"{'trainable with LoRA':<24}{totals['trainable_params']:>20,}"]
        lines[-1] += f"{totals['trainable_percent'] / 100:>10.2%}"
        lines.append(f"{'all with LoRA':<24}{totals['all_param']:>20,}")
    return answer, "\n".join(lines), FITS


def _steps(options: argparse.Namespace) -> Answer:
    devices = {
        "per_device_train_batch_size": options.batch,
        "num_devices": options.devices,
    }
    windows = {"gradient_accumulation_steps": options.accumulation}
    data = {"num_samples": options.samples, "dataloader_drop_last": options.drop_last, **devices}
    epoch = {**data, **windows, "last_window": options.last_window}
    epochs = {"num_train_epochs": options.epochs}
    answer = {
        "effective_batch_size": dlp.effective_batch_size(**devices, **windows),
        "micro_batches_per_epoch": dlp.micro_batches_per_epoch(**data),
        "updates_per_epoch": dlp.updates_per_epoch(**epoch),
        "micro_batches": dlp.training_micro_batches(**data, **windows, **epochs),
        "updates": dlp.training_updates(**epoch, **epochs),
    }
    if options.length is not None:
        answer["tokens_per_update"] = dlp.tokens_per_update(
            sequence_length=options.length, **devices, **windows
        )
    text = "\n".join(f"{name.replace('_', ' '):<24}{value:>20,}" for name, value in answer.items())
    return {"command": "steps", **answer}, text, FITS


if __name__ == "__main__":
    sys.exit(main())
