"""The glossary: one list for the page of terms and for the tooltips on every other page.

As a Markdown extension it marks the first use of each term on a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markdown.extensions import Extension
from markdown.extensions.abbr import AbbrExtension
from markdown.treeprocessors import Treeprocessor

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from markdown import Markdown

TERMS = {
    "accumulation window": "The micro-batches whose gradients are summed into one update.",
    "activation checkpointing": "Keeping only the input of each layer and computing the rest "
    "again in the backward pass.",
    "activations": "The intermediate results of a forward pass; training keeps those that the "
    "backward pass needs.",
    "AdamW": "The usual optimizer for language models; it keeps two moments for each trained "
    "parameter.",
    "adapter": "A small trained part added to a frozen model, such as the two factors of LoRA.",
    "ALiBi": "Attention with linear biases: positions enter as a penalty on distance, without "
    "parameters.",
    "backbone": "The model below a task head.",
    "bf16": "A 16-bit number format with the range of fp32 and fewer digits.",
    "break-even rank": "The LoRA rank at which the factors are as large as the matrix they adapt.",
    "classification head": "A last layer that turns a vector of the model into one score for "
    "each label.",
    "context length": "The largest number of tokens a model reads at once.",
    "continued pre-training": "Training a pre-trained model further on raw text, often of one "
    "domain.",
    "cross-entropy": "The negative logarithm of the probability given to the right token.",
    "DoRA": "LoRA with a trained magnitude for each output of the adapted matrix.",
    "double quantization": "Quantizing the scales of quantized weights as well.",
    "effective batch": "All samples that one update sees: batch size per device, times "
    "accumulation steps, times devices.",
    "embedding dimension": "The width of the vector that stands for one token; `hidden_size`.",
    "epoch": "One pass over every sample of the data set.",
    "flash attention": "Attention that computes its scores again in the backward pass instead of "
    "keeping them.",
    "fp32": "Single precision: 32 bits, 4 bytes.",
    "frozen": "Not trained: without gradient and optimizer state, but still loaded.",
    "GB": "Gigabyte, 10⁹ bytes.",
    "GiB": "Gibibyte, 2³⁰ bytes, 7.4 % more than a GB.",
    "gradient accumulation": "Summing the gradients of several micro-batches before one update.",
    "grouped-query attention": "Attention in which several query heads share one key and value "
    "head.",
    "instruction tuning": "Training on instructions with the answers they should get.",
    "KV cache": "The keys and values of earlier tokens, kept while a model generates.",
    "LoRA": "Low-rank adaptation: training two thin factors beside a frozen matrix.",
    "master weights": "An fp32 copy of the weights that the optimizer updates in mixed precision.",
    "micro-batch": "The samples that one device takes through one forward and backward pass.",
    "mixed precision": "Computing in 16 bits while the optimizer works in 32.",
    "moment": "A running average that AdamW keeps of a gradient or of its square.",
    "NF4": "A 4-bit format with one scale for each block of 64 weights; its sixteen values are "
    "spaced for normally distributed weights.",
    "optimizer state": "What an optimizer keeps for each trained parameter between updates.",
    "QLoRA": "LoRA on a base model whose frozen weights are quantized to 4 bits.",
    "rank": "The inner width r of LoRA's two factors.",
    "RoPE": "Rotary position embedding: positions rotate queries and keys, without parameters.",
    "tied": "Sharing one matrix between token embedding and output head.",
    "update": "One step of the optimizer; the only moment at which weights change.",
}
"""Each term and its definition, in alphabetical order."""

NOTATION = {
    "per_device_train_batch_size": ("b", "samples in a micro-batch on one device"),
    "gradient_accumulation_steps": ("g", "micro-batches in one update"),
    "num_devices": ("W", "devices that share the data"),
    "num_samples": ("N", "samples in the data set"),
    "sequence_length": ("s", "tokens in a sequence"),
    "num_hidden_layers": ("L", "layers"),
    "hidden_size": ("d, h", "width of the model, the embedding dimension"),
    "num_attention_heads": ("a", "query heads"),
    "num_key_value_heads": ("k", "key and value heads"),
    "head_dim": ("d_h", "width of a head"),
    "intermediate_size": ("f", "width inside the MLP"),
    "vocab_size": ("V", "tokens in the vocabulary"),
    "num_labels": ("C", "labels of a classification head"),
    "r": ("r", "rank of LoRA"),
    "in_features": ("k", "width of a layer's input"),
    "out_features": ("d", "width of a layer's output"),
}
"""The arguments of `dlp`, the letters that papers write for them, and what they are."""

# Words so frequent that a mark under them would only disturb have an entry on the page alone.
_UNMARKED = {
    "activations",
    "epoch",
    "frozen",
    "GB",
    "GiB",
    "rank",
    "tied",
    "update",
    "adapter",
    "LoRA",
}


# In headings a mark disturbs, and in the glossary itself it would explain a term by itself.
_UNMARKED_TAGS = {"h1", "h2", "h3", "h4", "h5", "h6", "dt"}


class _FirstUse(Treeprocessor):
    """Keep the first mark of each term on a page; the others become text again."""

    def run(self, root: Element) -> None:
        seen: set[str] = set()
        for parent in list(root.iter()):
            for child in list(parent):
                if child.tag != "abbr":
                    continue
                term = child.text or ""
                if term in seen or parent.tag in _UNMARKED_TAGS:
                    _unwrap(parent, child)
                else:
                    seen.add(term)


def _unwrap(parent: Element, child: Element) -> None:
    text = (child.text or "") + (child.tail or "")
    before = list(parent).index(child)
    if before:
        parent[before - 1].tail = (parent[before - 1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text
    parent.remove(child)


class GlossaryExtension(Extension):
    """Python-Markdown extension: tooltips on the first use of glossary terms."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Add the abbreviations and, after them, the rule of first use."""
        md.registerExtension(self)
        marked = {term: text for term, text in TERMS.items() if term not in _UNMARKED}
        md.registerExtensions([AbbrExtension(glossary=marked)], {})
        md.treeprocessors.register(_FirstUse(md), "guide-first-use", 6)  # abbr is 7


def makeExtension(**options: Any) -> GlossaryExtension:  # noqa: N802
    """Return the extension, as Python-Markdown looks it up."""
    return GlossaryExtension(**options)
