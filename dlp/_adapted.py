"""What PEFT adapts, saves and trains of a model: modules are matched by their paths, as it does.

Paths have a `*` for the number of a layer. Where every name is plain, one layer stands for all;
where a name or a pattern can tell layers apart, each is looked at.
"""

from dlp import _check, _patterns, _sites

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any, Required, TypedDict

    from dlp._config import Model
    from dlp._sites import Site

    Given = Mapping[str, Any]
    Layers = int | Collection[int]
    Tokens = Collection[int] | Mapping[str, Collection[int]]

    class Choice(TypedDict, total=False):
        """The arguments of `adapted_modules`."""

        config: Required[Mapping[str, object]]
        target_modules: str | Collection[str] | None
        modules_to_save: Collection[str] | None
        task_type: str | None
        exclude_modules: str | Collection[str] | None
        layers_to_transform: Layers | None
        layers_pattern: str | Collection[str] | None
        target_parameters: Collection[str] | None
        trainable_token_indices: Tokens | None
        ensure_weight_tying: bool


def names(name: str, value: object) -> "list[str]":
    """Give a list of names without repeats."""
    if value is None:
        return []
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise TypeError(f"{name} must be a list of str, not a value of type {type(value).__name__}")
    if len(value) > _check.MOST_LAYERS:
        raise ValueError(f"{name} must have at most {_check.MOST_LAYERS} names, not {len(value)}")
    for item in value:
        if not isinstance(item, str):
            raise TypeError(
                f"{name} must be a list of str, with none of type {type(item).__name__}"
            )
    return list(dict.fromkeys(value))


class Setup:
    """What is given of adapters, and the model that they are for."""

    def __init__(self, model: "Model", method: str, given: "Given") -> None:
        """Read what is given."""
        self.model = model
        self.method = method
        self.sites = _sites.sites(model)
        self.patterns: "dict[str, _patterns.Pattern]" = {}
        self.r = _check.count("r", given.get("r", 8))
        self.saved = names("modules_to_save", given.get("modules_to_save"))
        self.task = given.get("task_type")
        heads = [name for name in _sites.SAVED.get(self.task or "", ()) if name not in self.saved]
        self.saved += heads
        targets = given.get("target_modules")
        self.targets = (
            targets
            if targets is None or isinstance(targets, str)
            else names("target_modules", targets)
        )
        excluded = given.get("exclude_modules")
        self.excluded = (
            excluded if isinstance(excluded, str) else names("exclude_modules", excluded)
        )
        self.parameters = names("target_parameters", given.get("target_parameters"))
        self.layers = _layers(given.get("layers_to_transform"))
        pattern = given.get("layers_pattern")
        self.layers_pattern = (
            [pattern]
            if isinstance(pattern, str) and pattern
            else names("layers_pattern", pattern or None)
        )
        self.ranks = _ranks("rank_pattern", given.get("rank_pattern"))
        if isinstance(self.targets, str) and given.get("layers_to_transform") is not None:
            raise ValueError("layers_to_transform must be left out when target_modules is a str")
        if self.layers_pattern and given.get("layers_to_transform") is None:
            raise ValueError("layers_to_transform must be given when layers_pattern is")
        inward = given.get("feedforward_modules")
        if method == "IA3" and inward is None:
            inward = self.feedforward()
        self.inward = inward if isinstance(inward, str) else names("feedforward_modules", inward)
        self.tied: "list[str]" = []
        if _check.flag("ensure_weight_tying", given.get("ensure_weight_tying", False)):
            self.tie()
        # Of other heads than those over sequences, PEFT thinks only after it has adapted modules.
        self.guarded = [name for name in self.saved if self.task == "SEQ_CLS" or name not in heads]
        if method == "LORA" and model["model_type"] in _sites.MOVED:
            self.move()
        if self.targets is None:
            self.targets = self.default()
        if isinstance(self.targets, str) and self.targets.lower() == "all-linear":
            linear, self.targets = self.linear(), []
            self.by_layer = not self.plain()
            for site in self.sites:
                if site["path"] in linear:
                    self.targets += [key for key, _ in self.keys(site)]
        else:
            self.by_layer = not self.plain()

    def pattern(self, name: str, text: str) -> "_patterns.Pattern":
        """Read a pattern once."""
        if text not in self.patterns:
            self.patterns[text] = _patterns.Pattern(name, text)
        return self.patterns[text]

    def plain(self) -> bool:
        """Say whether no name can tell one layer from another."""
        if isinstance(self.inward, str) or (
            self.layers is not None
            or isinstance(self.targets, str)
            or isinstance(self.excluded, str)
        ):
            return False
        every = [*(self.targets or ()), *self.excluded, *self.saved, *self.parameters, *self.ranks]
        return not [name for name in every if not _plain(name)]

    def keys(self, site: "Site") -> "list[tuple[str, int]]":
        """Give the paths of a site that are matched, and how often each counts."""
        if "*" not in site["path"]:
            return [(site["path"], 1)]
        if not self.by_layer:
            return [(site["path"], site["layers"])]
        count = _check.count("the number of layers", site["layers"], maximum=_check.MOST_LAYERS)
        among = site["among"]
        return [
            (site["path"].replace("*", str(layer)), 1)
            for layer in (range(count) if among is None else among)
        ]

    def containers(self) -> "dict[str, int]":
        """Give the modules that hold others, and how often each counts."""
        found: "dict[str, int]" = {}
        for site in self.sites:
            for key, copies in self.keys(site):
                stem = key.rpartition(".")[0]
                while stem and stem not in found:
                    found[stem] = copies
                    stem = stem.rpartition(".")[0]
        return found

    def lists(self) -> "dict[str, bool]":
        """Give the containers that are lists or dicts of modules, not modules themselves."""
        found: "dict[str, bool]" = {}
        for site in self.sites:
            for key, _ in self.keys(site):
                words = key.split(".")
                for place in range(1, len(words)):
                    if words[place] == "*" or words[place].isdigit():
                        found[".".join(words[:place])] = True
                    if words[place] in ("norms", "parametrizations"):
                        found[".".join(words[: place + 1])] = True
        return found

    def linear(self) -> "list[str]":
        """Name all linear layers but the output head."""
        found = [site["path"] for site in self.sites if site["kind"] == "linear"]
        left = self.output()
        if not left and self.task == "SEQ_CLS":
            left = [name for name in _sites.HEADS if name in found][-1:]
        return [path for path in found if path not in left]

    def output(self) -> "list[str]":
        """Name the output head, if there is one."""
        return [site["path"] for site in self.sites if site["part"] == "output_head"]

    def embedding(self) -> str:
        """Name the token embedding."""
        found = [site["path"] for site in self.sites if site["part"] == "token_embedding"]
        kind = self.model["model_type"]
        if not found or kind == "clip":  # of whose two parts Transformers asks neither
            raise ValueError(
                f"trainable_token_indices must be left out: PEFT finds no embedding of {kind}"
            )
        return found[0]

    def default(self) -> "list[str] | str | None":
        """Give what the method adapts where nothing is said."""
        kind = self.model["model_type"]
        if self.method == "IA3" and kind in _sites.IA3_DEFAULTS:
            return list(_sites.IA3_DEFAULTS[kind])
        found = _sites.OTHER_DEFAULTS.get(self.method, {}).get(kind)
        if found is not None:
            return list(found)
        usual = _sites.DEFAULTS.get(kind)
        known = self.method != "IA3" and kind not in _sites.NO_DEFAULT.get(self.method, ())
        if usual is not None and known:
            return usual if isinstance(usual, str) else list(usual)
        if self.parameters:
            return None
        raise ValueError(f"target_modules must be given: PEFT has no default of {kind}")

    def feedforward(self) -> "list[str]":
        """Give the modules whose inputs IA3 scales where nothing is said."""
        kind = self.model["model_type"]
        if kind not in _sites.IA3_DEFAULTS:
            raise ValueError(
                f'settings["feedforward_modules"] must be given: PEFT has no default of {kind}'
            )
        return [] if kind == "mt5" else _sites.IA3_DEFAULTS[kind][-1:]

    def tie(self) -> None:
        """Keep embedding and output head tied, as `ensure_weight_tying` asks."""
        heads = self.output()
        if not self.model["sizes"]["tie_word_embeddings"] or not heads:
            return
        embedding = self.embedding()
        tied = [heads[0]]  # and what an encoder and a decoder each have of one embedding
        for site in self.sites:
            if site["part"] == "tied copy" and site["kind"] == "embedding":
                tied.append(site["path"])
        if [name for name in self.saved if name.rpartition(".")[2] in _sites.EMBEDDINGS]:
            for key in tied:
                self.saved = [name for name in self.saved if not self.held(name, key)]
            if embedding not in self.saved:
                self.saved.append(embedding)
        elif [name for name in _sites.EMBEDDINGS if self.named(name)]:
            self.tied = [embedding, *tied]

    def named(self, name: str) -> bool:
        """Say whether a module is named among those that are saved or adapted."""
        if [1 for each in self.saved if each.rpartition(".")[2] == name]:
            return True
        if isinstance(self.targets, str):
            return self.pattern("target_modules", self.targets).matches(name)
        return bool([1 for each in self.targets or () if each.rpartition(".")[2] == name])

    def move(self) -> None:
        """Turn names of experts and routers into those of parameters."""
        moved = _sites.MOVED[self.model["model_type"]]
        if isinstance(self.targets, str):
            found = self.leaves(self.targets, moved)
            if not found:
                return  # PEFT turns nothing, and finds the parameters alone
            self.targets = found
        kept: "list[str]" = []
        fused: "list[str]" = []
        for target in self.targets or ():
            old = target.rpartition(".")[2]
            if old not in moved:
                kept.append(target)
                continue
            if moved[old] not in self.parameters:
                self.parameters.append(moved[old])
            if moved[old] == "gate_up_proj" and old not in fused:
                fused.append(old)
        wanted = [old for old, new in moved.items() if new == "gate_up_proj"]
        if len(fused) == 1:
            raise ValueError(f"target_modules must name {' and '.join(wanted)} together or neither")
        if fused:
            self.ranks[r".*\.gate_up_proj"] = 2 * self.r
        self.targets = kept

    def leaves(self, text: str, moved: "dict[str, str]") -> "list[str]":
        """Give the last names of all that a pattern matches, those of experts as they once were."""
        if text.lower() == "all-linear":
            return [path.rpartition(".")[2] for path in self.linear()] + list(moved)
        self.by_layer = True
        found: "dict[str, bool]" = {}
        every: "list[str]" = list(self.containers())
        for site in self.sites:
            for key, _ in self.keys(site):
                every.append(key)
                if site["kind"] == "expert":
                    every += [f"{key.rpartition('.')[0]}.{old}" for old in moved if old != "gate"]
                else:
                    every += [key + ".weight"] + ([key + ".bias"] if site["bias"] else [])
        for key in every:
            if not self.left_out(key) and self.pattern("target_modules", text).matches(key):
                found[key.rpartition(".")[2]] = True
        return list(found)

    def held(self, name: str, key: str) -> bool:
        """Say whether a saved module is this one or holds it, by PEFT's own pattern."""
        if _plain(name):
            return f".{name}." in f".{key}."
        pattern = self.pattern("modules_to_save", rf"(^|.*\.){name}($|\..*)")
        return pattern.matches(key, whole=False)

    def left_out(self, key: str) -> bool:
        """Say whether a module is excluded, or saved."""
        if isinstance(self.excluded, str):
            if self.excluded and self.pattern("exclude_modules", self.excluded).matches(key):
                return True
        elif ends(key, self.excluded):
            return True
        return any(self.held(name, key) for name in self.guarded)

    def targeted(self, key: str) -> bool:
        """Say whether a module is to be adapted."""
        if self.targets is None or self.left_out(key):
            return False
        if isinstance(self.targets, str):
            return self.pattern("target_modules", self.targets).matches(key)
        if key in self.targets:
            return True
        return ends(key, self.targets) and (self.layers is None or self.in_layer(key))

    def in_layer(self, key: str) -> bool:
        """Say whether a module is in one of the layers to transform."""
        words = key.split(".")
        places = [place for place in range(1, len(words) - 1) if words[place].isdigit()]
        if not self.layers_pattern:
            # A name must stand before that of the layers.
            return [int(words[place]) for place in places if place > 1][:1] in self.only()
        for text in self.layers_pattern:
            pattern = self.pattern("layers_pattern", rf"(?:^|.*?\.)(?:{text})")
            found = [
                int(words[place]) for place in places if pattern.matches(".".join(words[:place]))
            ]
            if found:
                return found[:1] in self.only()
        return False

    def only(self) -> "list[list[int]]":
        """Give the layers to transform, each in a list."""
        return [[layer] for layer in self.layers or ()]

    def leads_in(self, key: str) -> bool:
        """Say whether IA3 scales the inputs of a module."""
        if isinstance(self.inward, str):
            return self.pattern("feedforward_modules", self.inward).matches(key)
        return any(key.endswith(name) for name in self.inward)

    def rank(self, key: str) -> int:
        """Give the rank of an adapted module."""
        for text, rank in self.ranks.items():
            if _plain(text):
                if ends(key, [text]):
                    return rank
            elif self.pattern("rank_pattern", rf"(.*\.)?({text})$").matches(key):
                return rank
        return self.r


def usual(model: "Model") -> "list[str] | str | None":
    """Give what LoRA adapts of a model where nothing is said."""
    return Setup(model, "LORA", {}).targets


def _plain(name: str) -> bool:
    """Say whether a name is made of words with dots between them, none of which is a number."""
    for word in name.split("."):
        if not word or word.isdigit():
            return False
        letters = [letter for letter in word.lower() if letter != "_" and not letter.isdigit()]
        if [1 for letter in letters if letter < "a" or letter > "z"]:
            return False
    return True


def ends(key: str, wanted: "list[str]") -> bool:
    return any(key == name or key.endswith("." + name) for name in wanted)


def _layers(value: object) -> "list[int] | None":
    if value is None or value == []:
        return None
    if isinstance(value, int):
        return [_check.count("layers_to_transform", value, minimum=0)]
    items = _check.sequence("layers_to_transform", value)
    return [_check.count("layers_to_transform", item, minimum=0) for item in items]


def _ranks(name: str, value: object) -> "dict[str, int]":
    found: "dict[str, int]" = {}
    for key, rank in _check.keywords(name, {} if value is None else value).items():
        found[key] = _check.count(f'{name}["{key[:60]}"]', rank)
    return found
