"""What a formula's result is a number of: its name says it.

The docstrings say the same, and a test compares them.
"""

from __future__ import annotations

UNITS = {
    "bytes": "bytes",
    "bits": "bits",
    "parameters": "parameters",
    "flops": "FLOPs",
    "tokens": "tokens",
    "updates": "updates",
    "micro_batches": "micro-batches",
    "layers": "layers",
    "days": "days",
    "loss": "nats",
    "cross_entropy": "nats",
    # Names of the field that say it in their own way.
    "activations": "bytes",
    "ledger": "bytes",
    "peak_memory": "bytes",
    "completions": "completions",
    "sequences": "sequences",
    "scheduler_steps": "steps of the scheduler",
    "epochs_started": "epochs",
    "parameter_count": "parameters",
    "parameters_by_part": "parameters",
    "forward_flops_by_part": "FLOPs",
    "effective_batch_size": "samples per update",
    "epochs_seen": "epochs",
    "implied_depth": "layers",
    "lora_break_even_rank": "units of rank",
    "flops_utilization": "share of the peak",
    "gigabytes": "gigabytes",
    "gibibytes": "gibibytes",
}
"""Units by the end of a formula's name, before any `_per_`."""

SEVERAL = {
    *("accumulation_windows", "assistant_labels", "completion_labels", "pretraining_labels"),
    *("adaptable_modules", "adapted_modules", "adapter_totals", "packed_rows", "resume_point"),
    *("gguf_weights", "linear_layers", "lora_totals", "supervised_losses"),
    *("lora_tensors", "model_tensors", "transformer_dimensions", "zero_stage"),
    *("largest_batch", "largest_cached_context", "largest_context", "largest_model"),
    *("largest_rank", "largest_sharded_model"),
}
"""Formulas whose result is no number of one thing: lists, and dicts whose keys name the units."""


def unit(formula: str) -> str:
    """Return the unit of a formula's result, such as `bytes per parameter`.

    Raises:
        ValueError: If its name does not say it.
    """
    counted, per, one = formula.partition("_per_")
    for ending, of in sorted(UNITS.items(), key=lambda item: -len(item[0])):
        if formula not in SEVERAL and f"_{counted}".endswith(f"_{ending}"):
            return f"{of} per {one}" if per else of
    raise ValueError(f"docs/_evidence/units.py: add what {formula} is a number of")
