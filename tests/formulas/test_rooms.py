"""The modules of the package build on each other in one direction."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

ROOMS = [
    {"_check", "_autograd", "_names", "_patterns"},
    {"_loops", "_objectives", "_optimizers", "_pieces", "_rows", "_tensors"},
    {"_experts"},
    {
        "_dense",
        "_gpts",
        "_hearing",
        "_joining",
        "_latent",
        "_mixers",
        "_reading",
        "_seeing",
        "_sparse",
        "_translating",
    },
    {"_documents", "_linear", "_mixed", "_viewing"},
    {"families", "models", "objective", "quantization", "steps", "transformer", "units"},
    {"_declared"},
    {"_nested"},
    {"_config", "accelerators", "alignment", "heads", "packing", "schedule"},
    {"_caching", "_products", "_sites"},
    {"_attention"},
    {"_litgpt"},
    {"_adapted"},
    {"_lora"},
    {"_found"},
    {"adapters", "architectures", "small_adapters", "soft_prompts"},
    {"matrix_adapters"},
    {"_training"},
    {"_layers", "_sharding"},
    {"_losses"},
    {"_forwards"},
    {"activations", "peak"},
    {"cache", "gguf", "logits", "megatron", "tensors"},
    {"checkpoints", "compute", "files"},
    {"_search", "loading", "memory", "throughput"},
    {"parallel"},
    {"limits"},
    {"__init__"},
]
"""Each module imports from those above it in this list, never from its own line or below."""

SOURCES = sorted(
    path
    for path in (ROOT / "dlp").glob("*.py")
    if path.stem not in {"__main__", "_command_fit"}  # the command
)


def imported(source: Path) -> dict[str, int]:
    """Give the modules of the package that one of them imports, anywhere in it, with the line."""
    found: dict[str, int] = {}
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "dlp":
            found |= {alias.name: node.lineno for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dlp."):
            found[(node.module or "").removeprefix("dlp.")] = node.lineno
    return found


def room(module: str) -> int:
    """Give the place of a module in the list."""
    places = [number for number, names in enumerate(ROOMS) if module in names]
    assert places, f"tests/formulas/test_rooms.py: give dlp/{module}.py a place in ROOMS"
    return places[0]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_module_imports_only_from_those_above_it(source: Path) -> None:
    for module, line in imported(source).items():
        assert room(module) < room(source.stem), (
            f"dlp/{source.name}:{line}: {source.stem} must not build on {module}"
        )
