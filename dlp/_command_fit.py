"""The command `dlp fit`: what a step holds, whether it fits a card, and what would make it fit."""

import argparse
import itertools
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

import dlp
from dlp.units import GIB

Untyped = Any
Answer = tuple[dict[str, Any], str, int]
"""What a command gives: the answer as data, the same as text, and the exit status."""

Run = dict[str, Any]
Step = Any
Way = tuple[str, dict[str, Any]]
"""The arguments of `peak_memory`, what it gives, and what may help: options and what they set."""

FITS, DOES_NOT_FIT, CANNOT_SAY = 0, 1, 2
"""The exit statuses; the last is also that of input that cannot be read."""

VERDICTS = ("fits", "does not fit", "cannot say")
"""The verdicts, in the order of their exit statuses."""

CARDS = [name for name in dlp.ACCELERATORS if not name.startswith("tpu")]
"""The cards that are known: a step on a TPU holds something else."""

WIDTH = 80

# Short options for what is set most often: the name that is set, and the type of its value.
SHORT: dict[str, tuple[str, type]] = {
    "batch": ("per_device_train_batch_size", int),
    "length": ("max_length", int),
    "accumulation": ("gradient_accumulation_steps", int),
    "optim": ("optim", str),
    "dtype": ("dtype", str),
}

# Settings that may make a run fit, each as it is typed; one that changes nothing is passed over.
_LEVERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--dtype bfloat16", {"dtype": "bfloat16"}),
    ("--checkpointing", {"gradient_checkpointing": True}),
    ("--set use_liger_kernel=true", {"use_liger_kernel": True}),
    ("--optim adamw_8bit", {"optim": "adamw_8bit"}),
    ("--optim paged_adamw_8bit", {"optim": "paged_adamw_8bit"}),
)


def fit(options: argparse.Namespace, run: Run) -> Answer:
    """Say what a step holds, whether it fits, and what would make it fit."""
    training = run.setdefault("training", {})
    for name, value in options.settings:
        training.pop(name, None)  # so that it stands behind other names of the same setting
        training[name] = value
    if options.rank is not None:
        run["lora"] = {"target_modules": "all-linear", **run.get("lora", {}), "r": options.rank}
    for name in ("library", "method", "num_devices", "stage", "offload", "objective"):
        run[name] = getattr(options, name)
    step = _first_step(run)
    holding = [card for card in CARDS if _verdict(step, card) == FITS]
    answer: dict[str, Any] = {"command": "fit", **step, "card": None, "cards": holding}
    answer |= {"fits_with": [], "may_fit_with": []}
    if options.card:
        status, sentence = _on_card(run, step, options.card, answer)
    else:
        verdicts = [_verdict(step, card) for card in CARDS]
        status = next(each for each in (FITS, CANNOT_SAY, DOES_NOT_FIT) if each in verdicts)
        may = [card for card, each in zip(CARDS, verdicts, strict=True) if each == CANNOT_SAY]
        sentence = (
            f"It fits {', '.join(holding)}."
            if holding
            else f"It may fit {', '.join(may)}, and no other card that is known."
            if may
            else "It fits no card that is known."
        )
    answer |= {"verdict": VERDICTS[status], "sentence": sentence}
    moment = step["moments"][step["moment"]]
    peak = (
        f"Peak: {_size(step['peak'])}, at the moment {step['moment']!r}, most of it "
        f"{max(moment, key=lambda part: moment[part])}. The process takes {_size(step['lower'])} "
        f"to {_size(step['upper'])} of the card."
    )
    text = [_table(step), "", *(_wrapped(each) for each in (peak, sentence))]
    return answer, "\n".join(text), status


def _first_step(run: Run) -> Step:
    """Give the step; where a setting is missing, say with which option to give it."""
    try:
        return dlp.peak_memory(**run)
    except ValueError as error:
        for option, (name, _) in SHORT.items():
            if f'must have "{name}"' in str(error):
                raise ValueError(f"{error}; give it as --{option}") from None
        raise


def _on_card(run: Run, step: Step, card: str, answer: dict[str, Any]) -> tuple[int, str]:
    """Say whether a step fits a card, and if not, what would make it fit."""
    sold = dlp.accelerator_memory_bytes(accelerator=card)  # type: ignore[arg-type]
    usable = dlp.usable_memory_bytes(accelerator=card)  # type: ignore[arg-type]
    answer["card"] = {"name": card, "sold": sold, "usable": usable}
    status = _verdict(step, card)
    has = f"{card}, sold with {_size(sold)}, of which processes get {_size(usable)} at least"
    if status == FITS:
        most = _largest(dlp.largest_batch, run, {}, card)
        return status, f"It fits {has}" + (f"; so would batches of up to {most}." if most else ".")
    for options, changed in _ways(run, step, card):
        way = {"options": options}
        way |= {name: changed[name] for name in ("peak", "moment", "lower", "upper")}
        kind = "fits_with" if _verdict(changed, card) == FITS else "may_fit_with"
        if len(answer[kind]) < 2:
            answer[kind].append(way)
        if len(answer["fits_with"]) == 2:
            break
    helps = [
        f"it {verb} with " + " or with ".join(_told(way) for way in answer[kind][:number])
        for kind, verb, number in (("fits_with", "would", 2), ("may_fit_with", "may", 1))
        if answer[kind]
    ]
    told = ", ".join(helps) or "no setting that was tried helps"
    said = "It does not fit" if status == DOES_NOT_FIT else "It cannot be said whether it fits"
    larger = f"; {answer['cards'][0]} would hold it as it is" if answer["cards"] else ""
    return status, f"{said} {has}; {told}{larger}."


def _told(way: dict[str, Any]) -> str:
    return f"`{way['options']}` (peak {_size(way['peak'])})"


def _verdict(step: Step, card: Untyped) -> int:
    """Compare the most that a process takes with the least that a card gives, and the reverse."""
    if step["upper"] <= dlp.usable_memory_bytes(accelerator=card):
        return FITS
    sold = dlp.accelerator_memory_bytes(accelerator=card)
    return DOES_NOT_FIT if step["lower"] > sold else CANNOT_SAY


def _ways(run: Run, step: Step, card: str) -> Iterator[tuple[str, Step]]:
    """Try settings, alone and together, then smaller batches, then shorter sequences."""
    useful = [way for way in _LEVERS if _step(run, way[1], below=step["peak"])]
    together = [
        (
            " ".join(options for options, _ in chosen),
            {k: v for _, one in chosen for k, v in one.items()},
        )
        for number in range(1, len(useful) + 1)
        for chosen in itertools.combinations(useful, number)
        if len({name for _, one in chosen for name in one}) == number
    ]
    every = together[-1] if together else ("", {})
    yield from _tried(run, together[: len(useful)], card)
    yield from _tried(run, _smaller_batches(run, ("", {}), card), card)
    yield from _tried(run, together[len(useful) :], card)
    yield from _tried(run, _smaller_batches(run, every, card), card)
    yield from _tried(run, _shorter(run, ("", {}), card), card)
    yield from _tried(run, _shorter(run, every, card), card)


def _tried(run: Run, ways: Iterable[Way], card: str) -> Iterator[tuple[str, Step]]:
    for options, change in ways:
        step = _step(run, change)
        if step and _verdict(step, card) != DOES_NOT_FIT:
            yield options, step


def _step(run: Run, change: dict[str, Any], below: int | None = None) -> Step:
    """Give the step with some settings changed; none if it is not known, or holds no less."""
    try:
        step = dlp.peak_memory(**run | {"training": run["training"] | change})
    except ValueError:
        return None
    return step if below is None or step["peak"] < below else None


def _smaller_batches(run: Run, way: Way, card: str) -> Iterator[Way]:
    """Find the largest batch that fits and, accumulated, makes updates of as many samples."""
    training = run["training"] | way[1]
    batch = training.get("per_device_train_batch_size", 8)
    windows = training.get("gradient_accumulation_steps", 1)
    limit = _largest(dlp.largest_batch, run, way[1] | {"gradient_accumulation_steps": 2}, card)
    for size in range(min(limit, batch - 1), 0, -1):
        if batch % size == 0:
            more = batch // size * windows
            change = {"per_device_train_batch_size": size, "gradient_accumulation_steps": more}
            yield f"{way[0]} --batch {size} --accumulation {more}".strip(), way[1] | change
            return


def _shorter(run: Run, way: Way, card: str) -> Iterator[Way]:
    """Find the longest sequences that fit, in whole multiples of 64 tokens where there are any."""
    length = _largest(dlp.largest_context, run, way[1], card)
    length -= length % 64 if length > 64 else 0
    given = run["training"].get("max_length", run["training"].get("max_seq_length", 0))
    if 0 < length < given:
        yield f"{way[0]} --length {length}".strip(), way[1] | {"max_length": length}


def _largest(search: Untyped, run: Run, change: dict[str, Any], card: str) -> int:
    """Search with some settings of a run changed; 0 if there is no end, or no answer."""
    searched = {
        dlp.largest_batch: ("per_device_train_batch_size",),
        dlp.largest_context: ("max_length", "max_seq_length"),
    }[search]
    training = {k: v for k, v in (run["training"] | change).items() if k not in searched}
    try:
        return int(search(accelerator=card, **run | {"training": training})["largest"])
    except ValueError:
        return 0


def _table(step: Step) -> str:
    """Write what each moment holds, part by part; the fullest moment has a mark."""
    moments, full = step["moments"], step["moment"]
    heads = [name.rpartition(" ") for name in moments]
    unit = GIB if step["peak"] >= GIB else 2**20
    lines = [f"{'':<12}" + "".join(f"{first:>10}" for first, _, _ in heads) + f"{'of the':>10}"]
    lines += [f"{'':<12}" + "".join(f"{last:>10}" for _, _, last in heads) + f"{'peak':>10}"]
    rows = [(part, [held.get(part, 0) for held in moments.values()]) for part in dlp.PARTS]
    rows = [row for row in rows if any(row[1])]
    rows.append(
        ("GiB" if unit == GIB else "MiB", [sum(held.values()) for held in moments.values()])
    )
    for name, sizes in rows:
        share = sizes[list(moments).index(full)] / step["peak"]
        cells = "".join(f"{size / unit:10.2f}" if size else f"{'':>10}" for size in sizes)
        lines.append(f"{name:<12}{cells}{share:>10.1%}")
    lines.append(f"{'':<12}" + "".join(f"{'^' if name == full else '':>10}" for name in moments))
    return "\n".join(line.rstrip() for line in lines)


def _size(num_bytes: int) -> str:
    if num_bytes < GIB:
        return f"{num_bytes / 2**20:.1f} MiB"
    return f"{num_bytes / GIB:.1f} GiB"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_on_hyphens=False, break_long_words=False)
