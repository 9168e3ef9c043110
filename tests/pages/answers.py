"""The key to the eight questions, typed by hand from the question sheet, and a reader for pages.

Nothing here is computed, and nothing of the guide is imported: it is what the built pages are held
to. Each wrong answer was worked out on paper from the mistake beside it.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# For each page: the answer, and the numbers of the line that says why; the wrong answers, each with
# words of its mistake and of what refutes it; what the original answer sheet said, the verdict, and
# words of what puts it right.
KEY = {
    "iterations-per-epoch": (
        ("15,625 updates", "64 62,500"),
        (
            ("62,500", "Every forward and backward pass", "counts micro-batches"),
            ("250,000", "by the accumulation steps alone", "makes updates fewer, never more"),
            ("1,000,000", "Each sample is an iteration", "One update uses 64 samples"),
            ("32,000,000", "taken for 64 tokens", "64 samples, however long each is"),
        ),
        ("15,625", "right, but", "Micro-batches would be 62,500"),
    ),
    "when-weights-update": (
        ("False: after every 64 samples, 15,625 times in the epoch", "4 16"),
        (
            ("True: 1 update in an epoch", "of all samples are summed", "full-batch"),
            (
                "False: after every batch of 16 samples, 62,500 times",
                "Each backward pass",
                "only adds",
            ),
            (
                "False, and accumulation also makes weights and optimizer states smaller",
                "everything smaller",
                "Only activations",
            ),
            ("False: after every sample, 1,000,000 times", "one sample at a time", "averages over"),
        ),
        ("False: weights are updated after one batch", "right answer, loose", "batch of 64"),
    ),
    "memory-to-load": (
        ("28 GB", "4 26.08"),
        (
            ("14 GB", "A parameter takes 2 bytes", "right for fp16 and bf16"),
            ("224 GB", "Bits are taken for bytes", "A byte has 8 bits"),
            ("26.08 GB", "divided by powers of two", "That number is in GiB"),
            ("112 GB", "Gradients and the two moments", "only once training starts"),
            ("33.60 GB", "A share for the run is added: 20 %", "for inference, not for loading"),
        ),
        ("28 GB", "right", "it is 26.08 GiB"),
    ),
    "context-length": (
        ("28 GB, unchanged", "48.76"),
        (
            ("109.38 GB", "in proportion to the context", "not more weights"),
            ("427.25 GB", "taken for the embedding dimension", "how wide one token"),
            ("36.39 GB", "The KV cache is part of loading", "fills while the model generates"),
            ("28.05 GB", "Every model has a learned table", "GPT-2 and OPT have one; Llama"),
        ),
        ("No relation", "right answer, wrong reason", "would grow, by 48.76 MB"),
    ),
    "classification-head": (
        ("16,384 parameters", "16,392"),
        (
            ("14,336", "a bias as wide as the model, which is then subtracted", "there would be 8"),
            ("16,392", "The bias is counted", "The question leaves it out"),
            ("18,432", "The bias is as wide as the input", "added to the output"),
            ("16,385", "One bias serves all labels", "Each label has its own"),
            ("33,554,432", "Every position of the context", "applied to every token alike"),
        ),
        ("14,336: the context length times the labels", "wrong", "16,384: the embedding dimension"),
    ),
    "head-only-tuning": (
        ("True: 28 GB against 112 GB", ""),
        (
            ("True: only 262.14 kB", "Frozen weights cost nothing", "28 GB stay loaded"),
            ("False: 112 GB either way", "It is the same model", "Of 16 bytes"),
            ("True: 84 GB, only the gradients are saved", "parameter it was given", "only for"),
            ("True: 28 GB against 56 GB", "the moments of AdamW are forgotten", "56 GB here"),
            ("True, because fewer layers are damaged", "the layers have learned", "forgetting"),
        ),
        ("True: fewer layers", "right answer, wrong reason", "196.61 kB instead of 84 GB"),
    ),
    "training-objective": (
        ("True: next-token cross-entropy in both", "10 9 2"),
        (
            ("False: they have different loss functions", "different formula", "0.801 over every"),
            ("False: masked tokens are not seen by the model", "label of -100", "still attends"),
            ("True, because both want a fine-tuned model", "in the end", "that is minimised"),
            ("False: instruction tuning is reinforcement learning", "one step", "comes after"),
        ),
        ("True: both want the model", "right answer, no reason", "next-token cross-entropy"),
    ),
    "lora-rank": (
        ("True, in proportion: 65,536 at rank 8, 131,072 at 16", "2,048"),
        (
            ("True, 4× when the rank doubles", "square in the rank", "the count grows 2×"),
            ("True: 32,768 at rank 8", "Only one factor is counted", "Both A and B are trained"),
            ("False: 16,777,216 at every rank", "The product of the factors", "not a parameter"),
            ("65,536 for the whole model", "One matrix stands", "64 such matrices: 4,194,304"),
            ("True, and a larger alpha adds more still", "The scale is trained", "is not trained"),
        ),
        ("True: A is as long as the matrix", "right, written transposed", "The count is the same"),
    ),
}

# The figures that tell an answer, wherever they are seen.
FIGURES = ("15,625", "28 GB", "28,000,000,000", "16,384", "112 GB", "65,536", "131,072")

# What the models have of parameters, and what these take in fp32, as question three lists them.
MODELS = {
    "Llama-2-7B": "6,738,415,616 26.95 GB 25.10 GiB",
    "Mistral-7B": "7,241,732,096 28.97 GB 26.98 GiB",
    "Qwen2.5-7B": "7,615,616,512 30.46 GB 28.37 GiB",
    "Llama-3-8B": "8,030,261,248 32.12 GB 29.92 GiB",
}

# What each method keeps of Llama-2-7B in bf16, as the picture of question six says it.
LEDGER = {
    "Full fine-tuning": "weights 13.21 GB, gradients 13.21 GB",
    "Head only": "weights 13.21 GB, gradients 65.54 kB",
    "LoRA": "weights 13.22 GB, gradients 8.45 MB",
    # On 4-bit weights, whose format is none for numbers, PEFT leaves its adapters in fp32.
    "QLoRA": "weights 3.62 GB, gradients 16.84 MB",
}


def text(markup: str) -> str:
    """Give the words of some HTML."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", markup)).split())


def rows(page: Path, name: str) -> list[list[str]]:
    """Read the cells of the one table of a class on a built page."""
    (table,) = re.findall(
        rf'class="table {name}\b.*?<tbody>(.*?)</tbody>', page.read_text("utf-8"), re.S
    )
    return [
        [text(cell) for cell in re.findall(r"<td.*?>(.*?)</td>", row, re.S)]
        for row in re.findall(r"<tr>(.*?)</tr>", table, re.S)
    ]


def answer(page: Path) -> tuple[str, str]:
    """Read the answer of a built question page, without its full stop, and why it is so."""
    (found,) = re.findall(
        r'<p class="answer"[^>]*><strong>(.*?)\.</strong> (.*?)</p>', page.read_text("utf-8"), re.S
    )
    return text(found[0]), text(found[1])
