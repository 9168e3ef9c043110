"""What a method of PEFT adapts, saves and trains of a model."""

from dlp import _check, _lora, _sites
from dlp._adapted import Setup, ends, names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any, TypedDict

    from dlp._adapted import Given
    from dlp._config import Model
    from dlp._sites import Site

    class Match(TypedDict):
        """A site, or one of its layers, that is adapted or saved."""

        site: Site
        key: str  # its path, with the number of the layer where that matters
        copies: int
        r: int
        parameter: bool  # or a module
        inward: bool  # whether IA3 scales its inputs
        saved: int  # in how many modules that are saved it is, with its adapter

    class Found(TypedDict):
        """What a setup does to a model."""

        adapted: list[Match]
        saved_keys: list[str]
        copies: int  # parameters of the copies that are trained
        frozen: int  # and those of copies that are not
        tokens: int  # numbers of tokens that are trained by themselves
        biases: int  # of the model itself, but for saved modules
        not_found: list[str]


_INNER = (
    "base_layer",
    "lora_dropout",
    "lora_dropout.default",
    "lora_A",
    "lora_A.default",
    "lora_B",
    "lora_B.default",
    "lora_embedding_A",
    "lora_embedding_B",
    "lora_magnitude_vector",
)


def asked(**given: object) -> "tuple[Model, dict[str, Any], dict[str, Any]]":
    """Read the config of a model, and part what says which of its modules are adapted."""
    chosen = {name: given[name] for name in _lora.MODULES if name in given}
    known = ("config", *_lora.MODULES)
    others = {name: given[name] for name in given if name not in known}
    return _sites.read(given.get("config"), given.get("task_type")), chosen, others


def biases(found: "Found", bias: str) -> int:
    """Count the biases of the model itself that are trained beside adapters."""
    if bias == "all":
        return found["biases"]
    total = 0
    for match in found["adapted"] if bias != "none" else ():
        site = match["site"]
        # Those of experts have names of their own; what is saved is trained whole.
        if site["bias"] and site["kind"] != "expert" and not match["saved"]:
            total += match["copies"] * site["outputs"]
    return total


def find(model: "Model", method: str, given: "Given") -> "Found":
    """Find what a method of PEFT does to a model."""
    setup = Setup(model, method, given)
    wanted = setup.targets
    adapted = _modules(setup) + _parameters(setup)
    if not adapted:
        _refuse_emptied(setup, given)
        raise ValueError(
            f"target_modules must match a module of {model['model_type']}: "
            f"{_shown(given.get('target_modules'), wanted)} matches none"
        )
    taken = {match["key"]: match["parameter"] for match in adapted}
    for key in taken:
        _refuse_mamba(setup, key)
    leaves = _leaves(setup)
    saved = _saved(setup, leaves, taken)
    for match in adapted:
        match["saved"] = len([1 for key in saved if match["key"].startswith(key + ".")])
    every = sum(
        leaf["copies"] * _sites.size(leaf["site"]) for held in saved.values() for leaf in held
    )
    once = sum(leaf["copies"] * _sites.size(leaf["site"]) for leaf in leaves if _in(leaf, saved))
    return {
        "adapted": adapted,
        "saved_keys": list(saved),
        "copies": once,
        "frozen": every - once,
        "tokens": _tokens(setup, given, taken),
        "biases": sum(
            leaf["copies"] * leaf["site"]["outputs"]
            for leaf in leaves
            if leaf["site"]["bias"] and leaf["site"]["kind"] != "expert" and not _in(leaf, saved)
        ),
        "not_found": _not_found(setup, given),
    }


def _refuse_emptied(setup: Setup, given: "Given") -> None:
    """Refuse what leaves none of the modules that are targeted, by its name."""
    for name in ("layers_to_transform", "exclude_modules", "modules_to_save"):
        if given.get(name) is None:
            continue
        without = {**given, name: None}
        if name == "layers_to_transform":
            without["layers_pattern"] = None
        other = Setup(setup.model, setup.method, without)
        if [1 for site in other.sites for key, _ in other.keys(site) if other.targeted(key)]:
            raise ValueError(
                f"{name} must leave a module that target_modules matches: "
                f"{_shown(given[name], '')} leaves none"
            )


def _in(leaf: "Match", saved: "Collection[str]") -> bool:
    """Say whether a module or parameter is saved, or in one that is."""
    return any(leaf["key"] == key or leaf["key"].startswith(key + ".") for key in saved)


def _shown(given: object, wanted: object) -> str:
    """Show what was asked for, or what stood in for it."""
    value = wanted if given is None else given
    if isinstance(value, str):
        return repr(value[:60])
    if isinstance(value, int):
        return f"{value}"
    if isinstance(value, (list, tuple, set, frozenset)) and value:
        return ", ".join([str(name)[:60] for name in list(value)[:9]])
    return "nothing"


def _modules(setup: Setup) -> "list[Match]":
    """Find the modules that are adapted."""
    able = {"LORA": ("linear", "conv", "embedding"), "OFT": ("linear", "embedding")}.get(
        setup.method, ("linear",)
    )
    own = [site["path"].rpartition(".")[0] for site in setup.sites if site["kind"] == "parameter"]
    for key in setup.containers():
        if setup.targeted(key):
            what = "is not counted" if key in own else "only holds other modules"
            raise ValueError(f"target_modules must not match {key}, which {what}")
    found: "list[Match]" = []
    for site in setup.sites:
        if site["kind"] in _sites.NO_MODULES:
            continue
        for key, copies in setup.keys(site):
            tied = key in setup.tied
            if not tied and not setup.targeted(key):
                continue
            if site["kind"] not in able or _transposed(setup, site):
                what = {"norm": "is a norm", "unknown": "is not counted"}.get(
                    site["kind"], "is no linear layer"
                )
                raise ValueError(f"target_modules must not match {key}, which {what}")
            r = setup.rank(setup.tied[0] if tied and site["kind"] == "linear" else key)
            found.append(
                {
                    "site": site,
                    "key": key,
                    "copies": copies,
                    "r": r,
                    "parameter": False,
                    "inward": setup.leads_in(key),
                    "saved": 0,
                }
            )
    return found


def _transposed(setup: Setup, site: "Site") -> bool:
    """Say whether a matrix is kept with its inputs first, which some methods do not adapt."""
    return (
        setup.model["model_type"] in _sites.TRANSPOSED
        and site["part"] in ("attention", "mlp")
        and setup.method in ("BOFT", "LOHA", "LOKR", "OFT")
    )


def _parameters(setup: Setup) -> "list[Match]":
    """Find the parameters that are adapted, of experts above all."""
    found: "list[Match]" = []
    for site in setup.sites if setup.parameters else ():
        for key, copies in setup.keys(site):
            name = key if site["kind"] in ("expert", "parameter") else key + ".weight"
            bias = key + ("_bias" if site["kind"] == "expert" else ".bias")
            if site["bias"] and ends(bias, setup.parameters):
                raise ValueError(f"target_parameters must not match {bias}, which is a bias")
            if site["kind"] == "bias" or not ends(name, setup.parameters):
                continue
            if site["kind"] not in ("expert", "router", "linear", "embedding"):
                raise ValueError(
                    f"target_parameters must not match {name}, which is a norm"
                    if site["kind"] == "norm"
                    else f"target_parameters must not match {name}: what it adapts is not known"
                )
            if setup.targeted(key) and site["kind"] != "expert":
                raise ValueError(
                    f"target_parameters must not match {name}, which is adapted already"
                )
            found.append(
                {
                    "site": site,
                    "key": name,
                    "copies": copies,
                    "r": setup.rank(name),
                    "parameter": True,
                    "inward": False,
                    "saved": 0,
                }
            )
    return found


def _refuse_mamba(setup: Setup, key: str) -> None:
    kind, last = setup.model["model_type"], key.rpartition(".")[2]
    refused = kind in _sites.MAMBA and last in ("out_proj", "conv1d")
    if refused and setup.method in ("LORA", "ADALORA"):
        raise ValueError(f"target_modules must not match {key}, which PEFT refuses to adapt")


def _leaves(setup: Setup) -> "list[Match]":
    """List all that has parameters."""
    found: "list[Match]" = []
    for site in setup.sites:
        for key, copies in setup.keys(site):
            found.append(
                {
                    "site": site,
                    "key": key,
                    "copies": copies,
                    "r": 0,
                    "parameter": False,
                    "inward": False,
                    "saved": 0,
                }
            )
    return found


def _saved(
    setup: Setup, leaves: "list[Match]", taken: "dict[str, bool]"
) -> "dict[str, list[Match]]":
    """Find the modules of which a copy is trained, and what each holds."""
    found: "dict[str, list[Match]]" = {}
    for key in taken:
        for inner in _INNER:
            if [1 for name in setup.saved if f"{key}.{inner}".endswith(name)]:
                raise ValueError(f"modules_to_save must not match {inner} of an adapted module")
    modules = list(setup.containers()) if setup.saved else []
    modules += [leaf["key"] for leaf in leaves if leaf["site"]["kind"] not in _sites.NO_MODULES]
    lists = setup.lists() if setup.saved else {}
    twice: "list[str]" = []
    for key in modules:
        if not [1 for name in setup.saved if key.endswith(name)]:
            continue
        if key in lists:
            raise ValueError(f"modules_to_save must not match {key}, which is a list of modules")
        outer = key.rpartition(".")[0].rpartition(".")[0]
        if outer in found:
            twice.append(outer)
            continue  # PEFT takes what is two steps inside of a saved module for that module
        held = [leaf for leaf in leaves if leaf["key"] == key or leaf["key"].startswith(key + ".")]
        _refuse_adapted(setup, key, taken)
        if setup.task in _sites.SAVED and [1 for outer in found if key.startswith(outer + ".")]:
            raise ValueError(f"modules_to_save must not match {key}, which is in one that is saved")
        found[key] = held
    for outer in twice:
        if [1 for key in found if key.startswith(outer + ".")]:
            raise ValueError(
                f"modules_to_save must not match {outer} and what is in it at several depths"
            )
    return found


def _refuse_adapted(setup: Setup, key: str, taken: "dict[str, bool]") -> None:
    """Refuse to save what is adapted; LoRA's adapters inside of it are copied with it."""
    for name in taken:
        # What holds an adapted parameter is adapted.
        itself = key == (name.rpartition(".")[0] if taken[name] else name)
        inside = name.startswith(key + ".") and (
            setup.method != "LORA" or setup.task in _sites.SAVED
        )
        if itself or inside:
            raise ValueError(f"modules_to_save must not match {key}: {name} is adapted")


def _tokens(setup: Setup, given: "Given", taken: "dict[str, bool]") -> int:
    """Count the numbers of tokens that are trained by themselves."""
    indices = given.get("trainable_token_indices")
    if indices is None:
        return 0
    shares = bool(setup.model["sizes"]["tie_word_embeddings"])
    # Of a dict, PEFT finds modules by their names.
    by_name = isinstance(indices, dict) and not shares
    embedding, heads = "" if by_name else setup.embedding(), setup.output()
    lists: "dict[str, list[object]]" = {}
    for name, value in (indices if isinstance(indices, dict) else {embedding: indices}).items():
        if not isinstance(name, str) or not name:
            raise TypeError("trainable_token_indices must be a list, or a dict by names of modules")
        if name in setup.saved:
            raise ValueError(f"trainable_token_indices must not name {name}, which is saved whole")
        none = value == []  # which PEFT takes
        lists[name] = [] if none else _check.sequence("trainable_token_indices", value)
    both = [name for name in lists if [path for path in (embedding, *heads) if path.endswith(name)]]
    tied = shares and len(both) > 1
    same = not [name for name in both if lists[name] != lists[both[0]]]
    if tied and not same and given.get("ensure_weight_tying"):
        raise ValueError("trainable_token_indices must be the same for tied modules")
    # A tied head shares the numbers of the embedding.
    apart = [name for name in lists if not (tied and same and name in heads)]
    return sum(_tokens_of(setup, name, lists[name], taken) for name in apart)


def _tokens_of(setup: Setup, name: str, tokens: "list[object]", taken: "dict[str, bool]") -> int:
    """Count the numbers of some tokens in the modules of a name."""
    found, named = 0, False
    for site in setup.sites:
        if site["kind"] not in ("embedding", "linear"):
            continue
        rows, width = site["inputs"], site["outputs"]
        if site["kind"] == "linear":
            rows, width = width, rows
        for key, copies in setup.keys(site):
            if not key.endswith(name) or site["part"] == "tied copy":
                continue
            if key in taken or key + ".weight" in taken:
                raise ValueError(f"trainable_token_indices must not match {key}: it is adapted")
            for token in tokens:
                _check.count("trainable_token_indices", token, minimum=-rows, maximum=rows - 1)
            found += copies * len(tokens) * width
            named = True
    if not named:
        raise ValueError(f"trainable_token_indices must name a module, and {name[:60]!r} is none")
    return found


def _not_found(setup: Setup, given: "Given") -> "list[str]":
    """Name what was asked for and does not occur."""
    every = list(setup.containers())
    for site in setup.sites:
        every += [key for key, _ in setup.keys(site)]
    targets = given.get("target_modules")
    moved = _sites.MOVED.get(setup.model["model_type"], {}) if setup.method == "LORA" else {}
    found: "list[str]" = []
    for name in [] if targets is None or isinstance(targets, str) else names("", targets):
        new = moved.get(name.rpartition(".")[2], name)
        if not [key for key in every if ends(key, [name, new]) or ends(key + ".weight", [new])]:
            found.append(name)
    for name in names("modules_to_save", given.get("modules_to_save")):
        if not [key for key in every if key.endswith(name)]:
            found.append(name)
    return found
