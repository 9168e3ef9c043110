"""A `config.json`, read once: its sizes, and an inventory of all that has parameters."""

from dlp import _check
from dlp.families import FAMILIES, MODEL_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypedDict

    from dlp.families import _Family

    Config = Mapping[str, object]
    Entry = tuple[str, str, int, int, bool, int]

    class Model(TypedDict):
        """What a config says."""

        model_type: str
        family: _Family
        counted: str  # "language model", "bare model", "encoder" or a task
        sizes: dict[str, int]
        cached_heads: int  # keys, and values, that a layer of a decoder keeps of a token
        inventory: list[Entry]  # (module, part, inputs, outputs, has a bias, copies)


LINEAR = ("attention", "mlp", "projection", "pooler")
"""The parts that are linear layers; experts and their router are parameters of other modules."""

VOCABULARY = ("token_embedding", "output_head")
"""The parts that are as long as the vocabulary."""

EXPERTS = ("fused expert", "expert")
"""What counts to the MLP and is none of its linear layers."""

PARTS = (
    "token_embedding",
    "position_embedding",
    "attention",
    "mlp",
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

# Parts whose biases or shifts count to them; those of the others are a part of their own.
_WITH_BIAS = ("norm", "patch_embedding", "pooler", "classification_head")


def read(config: object) -> "Model":
    """Read a config; refuse one that is incomplete, or of a model that is not counted."""
    config = _check.mapping("config", config)
    model_type = config.get("model_type", "")
    model_type = _check.choice('config["model_type"]', model_type, MODEL_TYPES)
    family = FAMILIES[model_type]
    counted = _counted(config, family)
    sizes = _sizes(config, family, counted)
    # The later Falcon shares key heads as others do, but its cache has a copy for each query head.
    copied = switch(config, family, "new_decoder_architecture")
    return {
        "model_type": model_type,
        "family": family,
        "counted": counted,
        "sizes": sizes,
        "cached_heads": sizes["num_attention_heads" if copied else "num_key_value_heads"],
        "inventory": _inventory(config, family, counted, sizes),
    }


def read_causal(config: object) -> "Model":
    """Read the config of a causal language model, and refuse any other."""
    model = read(config)
    if not model["family"]["causal"]:
        raise ValueError(
            f'config["model_type"] must be that of a causal language model, '
            f"not {model['model_type']!r}"
        )
    if model["counted"] != "language model":
        raise ValueError(
            f'config["architectures"] must name a causal language model or be left out, '
            f"not a {model['counted']} model"
        )
    return model


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
            found["mlp" if part in EXPERTS else part] += inputs * outputs * copies
        if has_bias:
            found[part if part in _WITH_BIAS else "bias"] += outputs * copies
    return found


def size(config: "Config", family: "_Family", name: str, derived: int = 0) -> int:
    """Read a size; one that the family has no key for is `derived` from the others."""
    keys = family["keys"].get(name, (name,))
    for key in keys:
        if config.get(key) is not None:
            return _check.count(f'config["{key}"]', config[key])
    if not keys or name in family["derived"]:
        return derived
    if name in family["left_out"]:
        return int(family["left_out"][name])
    raise ValueError(f'config must have "{keys[0]}" when its model_type is {config["model_type"]}')


def switch(config: "Config", family: "_Family", setting: "bool | str") -> bool:
    """Decide a yes or no: by itself, or by a key of the config."""
    if isinstance(setting, bool):
        return setting
    value = config.get(setting)
    if value is None or setting not in family["left_out"]:
        return bool(family["left_out"].get(setting, False))
    return _check.flag(f'config["{setting}"]', value)


def _counted(config: "Config", family: "_Family") -> str:
    """Say what is counted: the class of Transformers that the config names, or the usual one."""
    crossed = config.get("add_cross_attention")
    if crossed is not None and _check.flag('config["add_cross_attention"]', crossed):
        raise ValueError(
            'config["add_cross_attention"] must be False: cross-attention is not counted'
        )
    named = config.get("architectures")
    if named is None or named == []:
        _refuse_remote_code(config, family)
        return family["counted"]
    names = _check.sequence('config["architectures"]', named)
    if len(names) > 1:
        raise ValueError(f'config["architectures"] must name one class, not {len(names)}')
    classes = family["classes"]
    name = 'config["architectures"], unless it is left out,'
    return classes[_check.choice(name, names[0], classes)]


def _refuse_remote_code(config: "Config", family: "_Family") -> None:
    """Refuse a config that brings classes of its own, unless they bear the usual name."""
    remote = config.get("auto_map")
    if remote is None:
        return
    found = [
        value.rpartition(".")[2]
        for key, value in _check.keywords('config["auto_map"]', remote).items()
        if key.startswith("AutoModel") and isinstance(value, str)
    ]
    usual = [name for name, what in family["classes"].items() if what == family["counted"]]
    if found and not [name for name in usual if name in found]:
        raise ValueError(
            f'config["auto_map"] brings classes of its own: name {" or ".join(usual)} in '
            f'config["architectures"] to count what Transformers builds'
        )


def _sizes(config: "Config", family: "_Family", counted: str) -> "dict[str, int]":
    """Read the sizes of a model by the names of `transformer_dimensions`, in that order."""
    spoken = {word for module in family["modules"] for word in module[2:4]}
    places = {module[5] for module in family["modules"]}
    width = size(config, family, "hidden_size")
    layers = size(config, family, "num_hidden_layers")
    heads, key_heads, head_dim = _head_sizes(config, family, width)
    attention = [module[4] for module in family["modules"] if module[1] == "attention"]
    mlp = [module[4] for module in family["modules"] if module[1] == "mlp"]
    tied = config.get("tie_word_embeddings")
    if tied is None:
        tied = family["tied"] and "language model" in (counted, family["counted"])
    decoders = 0
    if "stacks" in places and counted != "encoder" and family["heads"].get(counted) != "encoder":
        decoders = size(config, family, "num_decoder_layers", layers)
    sizes = {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": key_heads,
        "head_dim": head_dim,
        "intermediate_size": size(config, family, "intermediate_size", 4 * width),
        "vocab_size": size(config, family, "vocab_size") if "V" in spoken else 0,
        "position_rows": _position_rows(config, family, spoken),
        "gated": int(_gated(config, family)),
        "qkv_bias": int(switch(config, family, attention[0])),
        "output_bias": int(switch(config, family, attention[-1])),
        "mlp_bias": int(switch(config, family, mlp[-1] if mlp else False)),
        "norm_bias": int(family["norm_bias"]),
        "tie_word_embeddings": int(_check.flag('config["tie_word_embeddings"]', tied)),
        "num_decoder_layers": decoders,
        "embedding_size": width,
        "type_vocab_size": size(config, family, "type_vocab_size") if "types" in spoken else 0,
        "num_moe_layers": 0,
        "num_experts": 0,
        "num_experts_per_tok": 0,
        "moe_intermediate_size": 0,
    }
    if "narrow" in places:
        sizes["embedding_size"] = size(config, family, "embedding_size", width)
    if "experts" in places:
        sizes["num_moe_layers"] = _moe_layers(config, family, layers)
        for name in ("num_experts", "num_experts_per_tok", "moe_intermediate_size"):
            sizes[name] = size(config, family, name)
        chosen, experts = sizes["num_experts_per_tok"], sizes["num_experts"]
        if chosen > experts:
            raise ValueError(
                f"num_experts_per_tok must be at most the number of experts, "
                f"not {chosen} of {experts}"
            )
    return sizes


def _head_sizes(config: "Config", family: "_Family", width: int) -> "tuple[int, int, int]":
    """Read how many query and key heads there are, and how wide a head is."""
    heads = size(config, family, "num_attention_heads")
    head_dim = size(config, family, "head_dim")
    if not head_dim and width % heads:
        raise ValueError(
            f"hidden_size must be a multiple of num_attention_heads when config has no head_dim, "
            f"not {width} with {heads} heads"
        )
    key_heads = size(config, family, "num_key_value_heads", heads)
    # StarCoder and the first Falcon have one key and value head, or as many as query heads.
    shared = "multi_query" in family["left_out"]
    if shared and not switch(config, family, "new_decoder_architecture"):
        key_heads = 1 if switch(config, family, "multi_query") else heads
    _check.head_counts(heads, key_heads)
    return heads, key_heads, head_dim or width // heads


def _position_rows(config: "Config", family: "_Family", spoken: "set[str]") -> int:
    """Count the rows of a learned table of absolute positions."""
    if "pixels" in spoken:
        image, patch = _pair(config, "image_size"), _pair(config, "patch_size")
        if image[0] < patch[0] or image[1] < patch[1]:
            raise ValueError(f"patch_size must be at most image_size, not {patch} in {image}")
        return (image[0] // patch[0]) * (image[1] // patch[1]) + 1  # and the class token
    if "rows" in spoken:
        return size(config, family, "max_position_embeddings")
    if "rows + 2" in spoken:
        return size(config, family, "max_position_embeddings") + 2
    return 0


def _pair(config: "Config", key: str) -> "tuple[int, int]":
    """Read height and width: one number for both, or a list of two."""
    value = config.get(key)
    if value is None:
        raise ValueError(f'config must have "{key}" when its model_type is {config["model_type"]}')
    sides = list(value) if isinstance(value, (list, tuple)) else [value, value]
    if len(sides) != 2:
        raise ValueError(f'config["{key}"] must be one number or two, not {len(sides)}')
    height, width = (_check.count(f'config["{key}"]', side) for side in sides)
    return height, width


def _gated(config: "Config", family: "_Family") -> bool:
    """Say whether the MLP has a gate, which in T5 its activation tells."""
    inward = [
        outputs
        for _, part, inputs, outputs, _, _ in family["modules"]
        if part in ("mlp", "fused expert") and inputs == "d"
    ]
    if "gated mlps" not in [module[5] for module in family["modules"]]:
        return len(inward) > 1 or inward == ["2f"]
    value = config.get("feed_forward_proj")
    activation = "relu" if value is None else value
    if not isinstance(activation, str):
        raise TypeError('config["feed_forward_proj"] must be a str, such as "gated-gelu"')
    gate, dash, name = activation.rpartition("-")
    if not name or gate != ("gated" if dash else ""):
        raise ValueError(
            'config["feed_forward_proj"] must be the name of an activation, '
            'with "gated-" before it or nothing'
        )
    return bool(dash)


def _moe_layers(config: "Config", family: "_Family", layers: int) -> int:
    """Count the layers with experts."""
    step = size(config, family, "decoder_sparse_step", 1)
    dense = config.get("mlp_only_layers")
    if dense is None or "mlps" not in [module[5] for module in family["modules"]]:
        dense = []
    if not isinstance(dense, (list, tuple)):
        raise TypeError('config["mlp_only_layers"] must be a list of layers, counted from 0')
    for layer in dense:
        _check.count('config["mlp_only_layers"]', layer, minimum=0, maximum=layers - 1)
    return layers // step - len({layer for layer in dense if (layer + 1) % step == 0})


def _inventory(
    config: "Config", family: "_Family", counted: str, sizes: "dict[str, int]"
) -> "list[Entry]":
    """List all that has parameters: the modules of the row, norms, and a head over labels."""
    head = family["heads"].get(counted)
    widths = _widths(config, family, sizes)
    layers, decoders = sizes["num_hidden_layers"], sizes["num_decoder_layers"]
    moe_layers = sizes["num_moe_layers"]
    mlps = layers + decoders - moe_layers
    copies = {
        "once": 1,
        # A layer of the decoder of T5 also looks at the encoder: two attentions.
        "attentions": layers + 2 * decoders,
        "mlps": mlps,
        "gated mlps": mlps * sizes["gated"],
        "plain mlps": mlps * (1 - sizes["gated"]),
        "routers": moe_layers,
        "experts": moe_layers * sizes["num_experts"],
        "stacks": 2 if decoders else 1,
        "narrow": int(sizes["embedding_size"] != sizes["hidden_size"]),
        "poolers": int(counted == "bare model" or head == "pooled"),
        "output heads": int(counted == "language model"),
        "untied heads": int(counted == "language model" and not sizes["tie_word_embeddings"]),
    }
    found: "list[Entry]" = []
    for module, part, inputs, outputs, bias, place in family["modules"]:
        if copies[place]:
            has_bias = switch(config, family, bias)
            found.append((module, part, widths[inputs], widths[outputs], has_bias, copies[place]))
    of_model, of_heads = _norms(config, family, layers, decoders)
    shifts = family["norm_bias"]
    if of_model:
        found.append(("norm", "norm", 1, widths["d"], shifts, of_model))
    if of_heads:
        found.append(("head_norm", "norm", 1, sizes["head_dim"], shifts, of_heads))
    if head:
        width, labels = widths["e"], _labels(config)
        if head == "dense":
            found.append(("dense", "classification_head", width, width, True, 1))
        found.append(("classifier", "classification_head", width, labels, head != "score", 1))
    return found


def _widths(config: "Config", family: "_Family", sizes: "dict[str, int]") -> "dict[str, int]":
    """Give the number for each word that stands for a width."""
    width, inner, rows = sizes["hidden_size"], sizes["intermediate_size"], sizes["position_rows"]
    queries = sizes["num_attention_heads"] * sizes["head_dim"]
    keys = sizes["num_key_value_heads"] * sizes["head_dim"]
    widths = {
        "0": 0,
        "1": 1,
        "d": width,
        "q": queries,
        "k": keys,
        "qkv": queries + 2 * keys,
        "f": inner,
        "2f": 2 * inner,
        "m": sizes["moe_intermediate_size"],
        "x": sizes["num_experts"],
        "V": sizes["vocab_size"],
        "e": sizes["embedding_size"],
        "rows": rows,
        "rows + 2": rows,
        "types": sizes["type_vocab_size"],
        "heads": sizes["num_attention_heads"],
    }
    spoken = [word for module in family["modules"] for word in module[2:4]]
    if "pixels" in spoken:
        height, breadth = _pair(config, "patch_size")
        widths["pixels"] = height * breadth * size(config, family, "num_channels")
        widths["pooled"] = size(config, family, "pooler_output_size", width)
    if "buckets" in spoken:
        widths["buckets"] = size(config, family, "relative_attention_num_buckets")
    return widths


def _norms(config: "Config", family: "_Family", layers: int, decoders: int) -> "tuple[int, int]":
    """Count the norms that are as wide as the model, and those as wide as a head."""
    in_layer, outside = family["norms"]
    settings = family["left_out"]
    if "parallel_attn" in settings and switch(config, family, "parallel_attn"):
        # Attention and MLP side by side read the output of one norm, or of one each.
        norms = config.get("num_ln_in_parallel_attn")
        if norms is None:
            norms = 2 if switch(config, family, "new_decoder_architecture") else 1
        in_layer = _check.count('config["num_ln_in_parallel_attn"]', norms, maximum=2)
    if "do_layer_norm_before" in settings:
        removed = switch(config, family, "_remove_final_layer_norm")
        outside = 0 if removed or not switch(config, family, "do_layer_norm_before") else 1
        if not switch(config, family, "layer_norm_elementwise_affine"):
            return 0, 0
    of_heads = 2 * layers if switch(config, family, family["head_norms"]) else 0
    # A layer of a decoder beside an encoder has one norm more; another is at its end.
    of_decoder = 3 * decoders + 1 if decoders else 0
    return in_layer * layers + outside + of_decoder, of_heads


def _labels(config: "Config") -> int:
    """Read how many labels a head tells apart, 2 where the config does not say."""
    labels = config.get("num_labels")
    names = config.get("id2label")
    if names is None:
        return 2 if labels is None else _check.count('config["num_labels"]', labels)
    found = len(_check.mapping('config["id2label"]', names))
    if labels is not None:
        _check.count(
            'config["num_labels"], beside as many names in id2label,',
            labels,
            minimum=found,
            maximum=found,
        )
    return _check.count('the number of names in config["id2label"]', found)
