"""A `config.json`, read once: its sizes, and an inventory of all that has parameters."""

from dlp import _check, _declared, _nested
from dlp._rows import ASKED_BY_LABELS, DERIVED, LAYERS, WORDS
from dlp.families import FAMILIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypedDict

    from dlp._nested import Placed
    from dlp._rows import Family, Module, Width

    Config = Mapping[str, object]
    Entry = tuple[str, str, int, int, bool, int]

    class Model(TypedDict):
        """What a config says."""

        model_type: str
        family: Family
        counted: str  # "language model", "bare model", "encoder" or a task
        sizes: dict[str, int]
        cached_heads: int  # keys, and values, that a layer of a decoder keeps of a token
        inventory: list[Entry]  # (module, part, inputs, outputs, has a bias, copies)
        placed: list[Placed]  # the same by paths, `*` for a layer, and the layers if not all


LINEAR = ("attention", "mlp", "mixer", "projection", "pooler")
"""The parts that are linear layers; experts and their router are parameters of other modules."""

VOCABULARY = ("token_embedding", "output_head")
"""The parts that are as long as the vocabulary."""

EXPERTS = ("fused expert", "expert", "attention expert")
"""What counts to the MLP or to attention and is none of their linear layers."""

_COUNTS_TO = {
    "fused expert": "mlp",
    "expert": "mlp",
    "attention expert": "attention",
    "attention vector": "attention",
    "mixer vector": "mixer",
    "mlp vector": "mlp",
    "projection vector": "projection",
}
"""The parts that others count to: experts, and parameters that are no matrices of linear layers."""

PARTS = (
    "token_embedding",
    "position_embedding",
    "attention",
    "mlp",
    "mixer",
    "norm",
    "bias",
    "output_head",
    "router",
    "projection",
    "segment_embedding",
    "patch_embedding",
    "pooler",
    "classification_head",
)
"""Where a parameter can belong."""

_MAY_BE_ZERO = ("n_shared_experts", "first_k_dense_replace", "type_vocab_size")
"""Sizes that may be 0 or null."""

_OF_LAYERS = (
    "num_experts",
    "num_experts_per_tok",
    "moe_intermediate_size",
    "intermediate_size",
)
"""Sizes that may be a list, with one number for each layer."""

# Parts whose biases or shifts count to them; those of the others are a part of their own.
_WITH_BIAS = (
    "norm",
    "patch_embedding",
    "pooler",
    "classification_head",
    "attention vector",
    "mixer vector",
    "mlp vector",
)


def read(config: object) -> "Model":
    """Read a config; refuse one that is incomplete, or of a model that is not counted."""
    config = _check.mapping("config", config)
    model_type = config.get("model_type", "")
    model_type = _declared.model_type('config["model_type"]', config, model_type)
    family = FAMILIES[model_type]()
    for key, value in family["only"].items():
        if config.get(key, value) != value:
            raise ValueError(f'config["{key}"] must be {value}: no other is counted')
    counted = _declared.counted(config, family)
    parts = _parts(config, family)
    sizes = (
        _nested.sizes(config, family, parts["text_config"]["sizes"])
        if parts
        else _sizes(config, family, counted)
    )
    placed = _placed(config, family, counted, sizes)
    for key, part in parts.items():
        placed += _nested.moved(part["placed"], part["family"]["base"], family["nested"][key][0])
    _finish(config, family, placed, sizes)
    # The later Falcon shares key heads as others do, but its cache has a copy for each query head.
    copied = switch(config, family, "new_decoder_architecture")
    return {
        "model_type": model_type,
        "family": family,
        "counted": counted,
        "sizes": sizes,
        "cached_heads": sizes["num_attention_heads" if copied else "num_key_value_heads"],
        "inventory": _inventory(placed),
        "placed": placed,
    }


def _parts(config: "Config", family: "Family") -> "dict[str, Model]":
    """Read the configs in a config, of each the bare model."""
    found: "dict[str, Model]" = {}
    for key in family["nested"]:
        if family["nested"][key][2] == "absent" and config.get(key) is None:
            continue
        part, inner = _nested.part(config, family, key)
        bare = [name for name, what in inner["classes"].items() if what == "bare model"]
        found[key] = read({**part, "architectures": bare})
    return found


def read_causal(config: object) -> "Model":
    """Read the config of a causal language model, and refuse any other."""
    model = read(config)
    if not model["family"]["causal"]:
        raise ValueError(
            f'config["model_type"] must be that of a causal language model, '
            f"not {model['model_type']!r}{_nested.instead(config, _causal())}"
        )
    if model["counted"] != "language model":
        raise ValueError(
            f'config["architectures"] must name a causal language model or be left out, '
            f"not a {model['counted']} model"
        )
    return model


def _causal() -> "list[str]":
    return [each for each in FAMILIES if FAMILIES[each]()["causal"]]


def modules(model: "Model", parts: "tuple[str, ...]") -> "list[tuple[str, int, int, bool, int]]":
    """List what counts to some parts: module, inputs, outputs, whether with a bias, copies."""
    return [
        (module, inputs, outputs, has_bias, copies)
        for module, part, inputs, outputs, has_bias, copies in model["inventory"]
        if part in parts
    ]


def parts(model: "Model", *, active: bool = False) -> "dict[str, int]":
    """Count the parameters by part; of experts, if `active`, only those that a token is sent to."""
    sizes = model["sizes"]
    found = dict.fromkeys(PARTS, 0)
    for _, part, inputs, outputs, has_bias, copies in model["inventory"]:
        if part in EXPERTS and active:
            copies = sizes["num_moe_layers"] * sizes["num_experts_per_tok"]
        if part != "output_head" or not sizes["tie_word_embeddings"]:
            counted = _COUNTS_TO.get(part, part)
            found[counted] += inputs * outputs * copies
        if has_bias:
            counted = _COUNTS_TO.get(part, part) if part in _WITH_BIAS else "bias"
            found[counted] += outputs * copies
    return found


def size(config: "Config", family: "Family", name: str) -> int:
    """Read a size; what is null, or has no default of its own, is derived from the others."""
    if name in family["numbers"]:
        return number(config, family, family["numbers"][name])
    key, value = _read(config, family, name)
    if name in _OF_LAYERS and isinstance(value, (list, tuple)):
        value = _one(f'config["{key}"]', value)
    may_be_zero = name in _MAY_BE_ZERO or name in family["optional"]
    if value is not None and value != "auto":
        return _check.count(f'config["{key}"]', value, minimum=0 if may_be_zero else 1)
    if may_be_zero:
        return 0
    # No class that has a number for the width of its MLP takes null for it.
    if name in DERIVED and not (name == "intermediate_size" and family["defaults"].get(name)):
        return number(config, family, DERIVED[name])
    raise ValueError(f'config must have "{key}" when its model_type is {config["model_type"]}')


def _one(name: str, values: object) -> object:
    """Give what all layers have, of a list with a number for each."""
    first, *others = _check.sequence(name, values)
    if [each for each in others if each != first]:
        raise ValueError(f"{name} must be the same number for each layer: no other is counted")
    return first


def _read(config: "Config", family: "Family", name: str) -> "tuple[str, object]":
    """Find a value and the key that it stands under, or what the class takes for it."""
    names = family["keys"].get(name, (name,))
    if not names:
        return name, None
    left_out = True
    for key in names:
        part, last = config, key
        if "." in key:
            holder, _, last = key.rpartition(".")
            if config.get(holder) is None:
                continue
            part = _check.mapping(f'config["{holder}"]', config[holder])
        value = part.get(last)
        if value is not None:
            return key, value
        left_out = left_out and last not in part
    return names[0], family["defaults"].get(name) if left_out else None


def number(config: "Config", family: "Family", text: "Width") -> int:
    """Give the number that a width of a row stands for: a product of sums of words."""
    if not isinstance(text, str):
        return text(config, lambda name: size(config, family, name))
    known = family["known"]
    if text not in known:
        known[text] = _product(config, family, text)
    return known[text]


def _product(config: "Config", family: "Family", text: str) -> int:
    found = 1
    for factor in text.split(" "):
        total = 0
        for word in factor.replace("/", "").split("+"):
            total += _word(config, family, word)
        found = found // total if factor.startswith("/") else found * total
    return found


def _word(config: "Config", family: "Family", word: str) -> int:
    if word.isdigit():
        return int(word)
    if "." in word and word.partition(".")[0] + "_config" in family["nested"]:
        part, _, name = word.partition(".")
        return number(*_nested.part(config, family, f"{part}_config"), name)
    if word in family["numbers"]:
        return number(config, family, family["numbers"][word])
    if word in ("patches", "pixels", "offsets"):
        return _picture(config, family, word)
    if word in ("num_key_value_heads", "head_dim"):
        return _head_sizes(config, family)[1 if word == "num_key_value_heads" else 2]
    if word in WORDS:
        return number(config, family, WORDS[word])
    return size(config, family, word)


def switch(config: "Config", family: "Family", setting: "bool | str") -> bool:
    """Decide a yes or no: by itself, or by a key of the config."""
    if isinstance(setting, bool):
        return setting
    key, value = _read(config, family, setting)
    return False if value is None else _check.flag(f'config["{key}"]', value)


def _sizes(config: "Config", family: "Family", counted: str) -> "dict[str, int]":
    """Read the sizes of a model by the names of `transformer_dimensions`, in that order."""
    rows = family["modules"] + tuple(row for stack in family["stacks"] for row in stack[2])
    parts = {row[1] for row in rows}
    attention = [row[4] for row in rows if row[1] == "attention"]
    mlp = [row[4] for row in rows if row[1] == "mlp"]
    norms = [row for row in rows if row[1] == "norm"]
    layers = size(config, family, "num_hidden_layers")
    _check_types(config, layers)
    heads = _head_sizes(config, family) if attention else (0, 0, 0)
    tied = False if family["tied"] is None else _read(config, family, "tie_word_embeddings")[1]
    if tied is None:
        tied = family["tied"] and "language model" in (counted, family["counted"])
    alone = counted == "encoder" or family["heads"].get(counted) == "encoder"
    decoders = 0
    if len(family["stacks"]) > 1 and not alone:
        decoders = size(config, family, "num_decoder_layers")
    gated = family["gated"]
    if "gated" in family["sets"]:
        gated = bool(family["sets"]["gated"](config, lambda _: 0, layers))
    sizes = {
        "hidden_size": size(config, family, "hidden_size"),
        "num_hidden_layers": layers,
        "num_attention_heads": heads[0],
        "num_key_value_heads": heads[1],
        "head_dim": heads[2],
        "intermediate_size": number(config, family, "f") if mlp else 0,
        "vocab_size": size(config, family, "vocab_size") if "token_embedding" in parts else 0,
        "position_rows": number(config, family, "rows") if "rows" in family["numbers"] else 0,
        "gated": int(gated),
        "qkv_bias": int(switch(config, family, attention[0] if attention else False)),
        "output_bias": int(switch(config, family, attention[-1] if attention else False)),
        "mlp_bias": int(switch(config, family, mlp[-1] if mlp else False)),
        "norm_bias": int(bool([row for row in norms if switch(config, family, row[4])])),
        "tie_word_embeddings": int(_check.flag('config["tie_word_embeddings"]', tied)),
        "num_decoder_layers": decoders,
        "embedding_size": size(config, family, "embedding_size"),
        "type_vocab_size": 0,
        "num_moe_layers": 0,
        "num_experts": 0,
        "num_experts_per_tok": 0,
        "moe_intermediate_size": 0,
    }
    if "segment_embedding" in parts:
        sizes["type_vocab_size"] = size(config, family, "type_vocab_size")
    if "expert" in parts:
        for name in ("num_experts", "num_experts_per_tok", "moe_intermediate_size"):
            sizes[name] = size(config, family, name)
        chosen, experts = sizes["num_experts_per_tok"], sizes["num_experts"]
        if chosen > experts > 0:
            raise ValueError(
                f"num_experts_per_tok must be at most the number of experts, "
                f"not {chosen} of {experts}"
            )
    return sizes


def _check_types(config: "Config", layers: int) -> None:
    """Refuse types that are not one for each layer, as each class does that reads none, too."""
    types = config.get("layer_types")
    found = layers if types is None else len(_check.sequence('config["layer_types"]', types))
    if found != layers:
        raise ValueError(
            f'config["layer_types"] must name {layers} layers, one for each, not {found}'
        )


def _head_sizes(config: "Config", family: "Family") -> "tuple[int, int, int]":
    """Read how many query and key heads there are, and how wide a head is."""
    width = size(config, family, "hidden_size")
    heads = size(config, family, "num_attention_heads")
    own = "head_dim" in family["numbers"]
    if not own and _read(config, family, "head_dim")[1] is None and width % heads:
        raise ValueError(
            f"hidden_size must be a multiple of num_attention_heads when config has no head_dim, "
            f"not {width} with {heads} heads"
        )
    key_heads = size(config, family, "num_key_value_heads")
    # StarCoder and the first Falcon have one key and value head, or as many as query heads.
    shared = "multi_query" in family["defaults"]
    if shared and not switch(config, family, "new_decoder_architecture"):
        key_heads = 1 if switch(config, family, "multi_query") else heads
    _check.head_counts(heads, key_heads)
    return heads, key_heads, size(config, family, "head_dim")


def _picture(config: "Config", family: "Family", word: str) -> int:
    """Count the patches of a picture, the values of one, or the ways from one to another."""
    patch = _pair(config, family, "patch_size")
    if word == "pixels":
        return patch[0] * patch[1] * size(config, family, "num_channels")
    image = _pair(config, family, "image_size")
    if image[0] < patch[0] or image[1] < patch[1]:
        raise ValueError(f"patch_size must be at most image_size, not {patch} in {image}")
    rows, columns = image[0] // patch[0], image[1] // patch[1]
    return (2 * rows - 1) * (2 * columns - 1) if word == "offsets" else rows * columns


def _pair(config: "Config", family: "Family", name: str) -> "tuple[int, int]":
    """Read height and width: one number for both, or a list of two."""
    key, value = _read(config, family, name)
    sides = list(value) if isinstance(value, (list, tuple)) else [value, value]
    if len(sides) != 2:
        raise ValueError(f'config["{key}"] must be one number or two, not {len(sides)}')
    height, width = (_check.count(f'config["{key}"]', side) for side in sides)
    return height, width


def _placed(
    config: "Config", family: "Family", counted: str, sizes: "dict[str, int]"
) -> "list[Placed]":
    """List all that has parameters: the modules of the row, and a head over labels."""
    asked = counted == "question-answering"
    head = "linear" if asked else family["heads"].get(counted)
    holds = {
        "language_model": counted == "language model",
        "untied": not sizes["tie_word_embeddings"],
        "bare": counted in ("bare model", "encoder"),
        "labels": head is not None,
        "pooler": counted == "bare model" or head == "pooled",
        "decoder": bool(sizes["num_decoder_layers"]),
        "narrow": sizes["embedding_size"] != sizes["hidden_size"],
    }
    found: "list[Placed]" = []
    stacks = family["stacks"]
    if len(stacks) > 1 and not holds["decoder"]:
        stacks = stacks[:1]
    for path, count, layer in stacks:
        number_of_layers = size(config, family, count)
        for row in layer:
            entry = _entry(config, family, row, holds, number_of_layers)
            if entry is not None:
                found.append((f"{path}.*.{row[0]}", *entry))
    for row in family["modules"]:
        entry = _entry(config, family, row, holds, 1)
        if entry is not None:
            found.append((row[0], *entry))
    if head:
        width = number(config, family, family["numbers"].get("label_inputs", "d"))
        labels = 2 if asked and not _by_labels(config) else _labels(config)
        if head == "dense":
            found.append(("dense", "classification_head", width, width, True, 1, None))
        # Classes of decoders that share their code call it so, with or without a bias.
        shared = family["causal"] and family["base"] == "model"
        last = "score" if head == "score" or shared else "classifier"
        if asked and config["model_type"] != "modernbert":
            last = "qa_outputs"
        found.append((last, "classification_head", width, labels, head != "score", 1, None))
    return found


def _entry(
    config: "Config", family: "Family", row: "Module", holds: "dict[str, bool]", layers: int
) -> "tuple[str, int, int, bool, int, list[int] | None] | None":
    """Give a module of a row with its numbers, and the layers that have it if not all do."""
    _, part, inputs, outputs, bias, where = row
    among: "list[int] | None" = None
    for word in where.split(" ") if where else []:
        name, wanted = word.replace("!", ""), not word.startswith("!")
        if name in holds:
            value: "list[int] | bool" = holds[name]
        elif name in family["sets"]:
            value = family["sets"][name](config, lambda n: number(config, family, n), layers)
        else:
            value = switch(config, family, name)
        if isinstance(value, bool):
            if value != wanted:
                return None
            continue
        _check.count("the number of layers of several kinds", layers, maximum=LAYERS)
        before = range(layers) if among is None else among
        among = [each for each in before if (each in value) == wanted]
    copies = layers if among is None else len(among)
    if not copies:
        return None
    if part in EXPERTS:
        copies *= _check.count("the number of experts", size(config, family, "num_experts"))
    widths = number(config, family, inputs), number(config, family, outputs)
    has_bias = switch(config, family, bias)
    if not (widths[0] or has_bias) or not widths[1]:
        return None  # it has no values
    return part, widths[0], widths[1], has_bias, copies, among


def _finish(
    config: "Config", family: "Family", placed: "list[Placed]", sizes: "dict[str, int]"
) -> None:
    """Count the layers with experts."""
    for _, part, _, _, _, copies, _ in placed:
        if part == "expert":
            sizes["num_moe_layers"] = copies // sizes["num_experts"]


def _inventory(placed: "list[Placed]") -> "list[Entry]":
    """Join what has the same name and shape."""
    found: "dict[tuple[str, str, int, int, bool], int]" = {}
    for path, part, inputs, outputs, has_bias, copies, _ in placed:
        key = (path.rpartition(".")[2], part, inputs, outputs, has_bias)
        found[key] = found.get(key, 0) + copies
    return [(*key, copies) for key, copies in found.items()]


def _by_labels(config: "Config") -> bool:
    """Say whether the class that answers questions has a number for each label, not two."""
    name = str(config["architectures"][0])  # type: ignore[index]
    return name.replace("ForQuestionAnswering", "") in ASKED_BY_LABELS


def _labels(config: "Config") -> int:
    """Read how many labels a head tells apart: what Transformers does if names are not as many."""
    labels, names = config.get("num_labels"), config.get("id2label")
    if labels is not None:
        return _check.count('config["num_labels"]', labels)
    if names is None:
        return 2
    found = len(_check.mapping('config["id2label"]', names))
    return _check.count('the number of names in config["id2label"]', found)
