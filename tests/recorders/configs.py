"""Models of every type, as their classes have them and otherwise, module by module.

python -m tests.recorders.configs '{"model_type": "foo"}'   # what is listed and built otherwise
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
from typing import TYPE_CHECKING

import transformers

from _evidence.real import real
from dlp import FAMILIES
from tests.modules import HEADS, digest, folded, listed
from tests.recorders.common import build, count_parameters
from tests.recorders.heads import head_modules
from tests.recorders.parts import count_linear_layers, count_parts, part_of

if TYPE_CHECKING:
    from tests.recorders.common import Config, Record, Untyped

PACKAGES = ("torch", "transformers")

_TO_EXPERTS = (
    "num_experts_per_tok",
    "moe_topk",
    "moe_k",
    "moe_top_k",
    "top_k_experts",
    "num_experts_per_token",
    "experts_per_token",
)
"""The keys of configs for the experts that a token is sent to."""


def model_class(config: Config) -> Untyped:
    """Find the class that a config names, or the one that is counted where it names none.

    Some families have names of their own for the classes of another, and some parts of models have
    a class that only their own module names.

    Raises:
        ValueError: If the type has no row, or Transformers no such class.
    """
    model_type = config["model_type"]
    try:
        family = FAMILIES[model_type]()
    except KeyError as error:
        if error.args != (model_type,):
            raise
        file = "the ROWS of its module" if model_type in FAMILIES else "dlp/families.py"
        message = f"{model_type} is not named in {file}"
        raise ValueError(message) from None
    usual = next(name for name, what in family["classes"].items() if what == family["counted"])
    for name in (str(config.get("architectures", [usual])[0]), usual):
        if found := getattr(transformers, name, None):
            return found
    file = type(transformers.AutoConfig.for_model(**config)).__module__
    modeling = importlib.import_module(file.replace("configuration_", "modeling_"))
    if not hasattr(modeling, usual):
        message = f"Transformers has no {usual}: name the classes of {model_type} in its row"
        raise ValueError(f"{message}; there are {', '.join(modeling.__all__)}")
    return getattr(modeling, usual)


def modules(model: Untyped) -> dict[str, int]:
    """Give the values of each module by its path, what is shared once, and where it is embedded."""
    names: dict[int, str] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        known = names.get(id(parameter), "")
        if not known or (not _embeds(model, known) and name.count(".") > known.count(".")):
            names[id(parameter)] = name
    found: dict[str, int] = {}
    for parameter in model.parameters():
        name = names[id(parameter)]
        owner, _, last = name.rpartition(".")
        path = re.sub(r"\.norms\.\d+$", ".norms", owner)  # one for each head, listed together
        own = path if last in {"weight", "bias"} else name
        if type(model.get_submodule(owner)).__name__.endswith(("Experts", "ExpertGLU")):
            own = owner
        found[own] = found.get(own, 0) + parameter.numel()
    return found


def _experts_per_token(model: Untyped) -> int:
    """Read to how many experts of a layer a token is sent, 0 without experts."""
    config = model.config.get_text_config()
    if not any(part_of(model, name) == "router" for name, _ in model.named_parameters()):
        return 0
    for key in _TO_EXPERTS:
        holder = getattr(config, "ffn_config", config)  # DBRX
        if hasattr(holder, key):
            return getattr(holder, key) or 0
    message = f"no key says how many experts a token has in {type(config).__name__}"
    raise ValueError(message)


def _embeds(model: Untyped, name: str) -> bool:
    return "Embedding" in type(model.get_submodule(name.rpartition(".")[0])).__name__


def count(setup: Record) -> Record:
    """Build the models of one type, of the first of which parts and layers are kept too."""
    real(setup["id"], setup["inputs"])  # what is wrong in it is told before it is counted
    counted: Record = {"parts": {}, "linear_layers": [], "total": {}, "modules": {}, "heads": {}}
    for label, config in setup["inputs"]["configs"].items():
        model = build(model_class(config), config)
        if not counted["total"]:
            counted |= {"parts": count_parts(model), "linear_layers": count_linear_layers(model)}
            counted |= {"experts_per_token": _experts_per_token(model)}
        counted["total"][label] = count_parameters(model)
        counted["modules"][label] = digest(modules(model))
        if type(model).__name__.endswith("Classification"):
            counted["heads"][label] = sum(
                values
                for name, values in head_modules(model).items()
                if name.partition(".")[0] in HEADS
            )
    return {"counted": counted}


def main() -> None:
    """Say which modules of a config differ; heads over labels are compared as one."""
    parser = argparse.ArgumentParser(description="Compare the modules listed with those built.")
    parser.add_argument("config", type=json.loads, help="a config.json, such as one model_type")
    config = parser.parse_args().config
    kind = model_class(config)
    ours, theirs = folded(listed(config)), folded(modules(build(kind, config)))
    differ = [path for path in sorted({*ours, *theirs}) if ours.get(path) != theirs.get(path)]
    for path in differ:
        sys.stdout.write(f"{path}: {ours.get(path)} listed, {theirs.get(path)} built\n")
    sys.stdout.write(f"{kind.__name__}: {len(theirs)} modules, {len(differ)} otherwise\n")


if __name__ == "__main__":
    main()
