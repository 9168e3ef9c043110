"""Micro-batches and the updates that they go into."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Unpack

from _guide.pictures.drawing import SMALL, WIDTH, About, Drawing, broken, short, text_width

if TYPE_CHECKING:
    from collections.abc import Sequence


def accumulation_timeline(
    *,
    windows: Sequence[Sequence[int]],
    boundary: int | None = None,
    end: int = 0,
    done: int | None = None,
    **about: Unpack[About],
) -> str:
    """Draw micro-batches as numbered boxes, grouped by the update that they go into.

    Args:
        windows: For each update its micro-batches, as `dlp.accumulation_windows` lists them. A
            number that is missing is drawn as a micro-batch without an update.
        boundary: Micro-batches per epoch: every second epoch is dark, and a line stands where an
            epoch begins.
        end: The last micro-batch, where those at the end are in no update.
        done: The last micro-batch that has run, where the others are yet to come.
        **about: What every picture has.
    """
    drawing, y = Drawing(**about), 0.0
    groups = _groups(windows, boundary, end)
    starts = [i for i, group in enumerate(groups) if 0 in group.starts]
    for line in broken([group.width for group in groups], 12, WIDTH, starts):
        row = [groups[i] for i in line]
        if any(group.starts for group in row):
            y += 18  # for the names of epochs
        x = 0.0
        for group in row:
            group.draw(drawing, x, y, done)
            x += group.width + 12
        y += max(group.height for group in row) + 10
    return drawing.figure(y - 10)


_PITCH, _PAD = 27.0, 5.0


class _Group:
    """Micro-batches that go into one update, or into none."""

    def __init__(self, numbers: list[int], words: list[str], epoch: int, *, named: bool) -> None:
        self.numbers, self.words, self.epoch = numbers, words, epoch
        self.starts = [i for i, n in enumerate(numbers) if named and (n - 1) % epoch == 0]
        lines = math.ceil(len(numbers) / 14)  # which fit side by side
        self.columns = math.ceil(len(numbers) / lines)
        self.gap = 5.0 * any(self.starts)  # for the line where an epoch begins
        self.panel = self.columns * _PITCH - 3 + 2 * _PAD + self.gap
        self.depth = lines * _PITCH - 3 + 2 * _PAD
        self.width = max(
            self.panel, *(text_width(word, SMALL, bold=True) for word in [*words, "update 99"])
        )
        self.height = self.depth + 15 + 15 * len(words)

    def draw(self, drawing: Drawing, x: float, y: float, done: int | None) -> None:
        """Draw the boxes, the bracket below them and what they end in."""
        middle, foot, applied = x + self.width / 2, y + self.depth, self.words != ["no update"]
        made = applied and (done is None or self.numbers[-1] <= done)
        left = middle - self.panel / 2
        if applied:
            drawing.rect(left, y, self.panel, self.depth, "panel", rx=5)
            drawing.path(f"M{short(left)} {short(foot + 3)}v4h{short(self.panel)}v-4", "bracket")
        if made:
            drawing.path(f"M{short(middle - 4.5)} {short(foot + 7)}h9l-4.5 6z", "ink")
        for i, number in enumerate(self.numbers):
            after = any(i // self.columns * self.columns < start <= i for start in self.starts)
            at = left + _PAD + i % self.columns * _PITCH + self.gap * after
            top = y + _PAD + i // self.columns * _PITCH
            dark = applied and (number - 1) // self.epoch % 2 == 1
            box = "micro-batch dark" if dark else "micro-batch" if applied else "empty"
            words = "on-colour" if dark else ""
            if done is not None and number > done:
                box, words = "outline", "muted"
            elif applied and not made:  # its gradients wait for the others
                box, words = "solid colour-2", "on-colour"
            drawing.rect(at, top, 24, 24, box, rx=3)
            drawing.text(at + 12, top + 16.5, str(number), words, "middle", SMALL)
            if i in self.starts:
                label = f"epoch {(number - 1) // self.epoch + 1}"
                if i:
                    above = y - 16 if i < self.columns else top - 1
                    drawing.line(at - 4, above, at - 4, top + 24 + _PAD, "bound")
                drawing.text(at + 2 if i else x, y - 6, label, "strong", size=SMALL)
        style = "muted" if not made else "strong" if len(self.words) > 1 else ""
        for i, word in enumerate(self.words):
            drawing.text(middle, foot + 26 + 15 * i, word, style, "middle", SMALL)


def _groups(windows: Sequence[Sequence[int]], boundary: int | None, end: int) -> list[_Group]:
    """List the windows, and between them the micro-batches that are in none, in order."""
    applied = {number for window in windows for number in window}
    if not applied:
        raise ValueError("windows must have at least one micro-batch")
    epoch = boundary or max(applied)
    found = [list(window) for window in windows]
    last = max(end, math.ceil(max(applied) / epoch) * epoch)
    for number in range(1, last + 1):
        if number in applied:
            continue
        if found[-1][-1] == number - 1 not in applied and (number - 1) % epoch:
            found[-1].append(number)
        else:
            found.append([number])
    lengths = [len(window) for window in windows]
    groups: list[_Group] = []
    for numbers in sorted(found, key=lambda numbers: numbers[0]):
        words = ["no update"]
        if numbers[0] in applied:
            words = [f"update {1 + sum(group.words != words for group in groups)}"]
            if len(numbers) != max(lengths, key=lambda length: lengths.count(length)):
                words.append(f"{len(numbers)} micro-batch{'es' if len(numbers) > 1 else ''}")
        groups.append(_Group(numbers, words, epoch, named=boundary is not None))
    return groups
