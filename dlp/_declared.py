"""What a config says of itself: its type, its class, and the format of its weights."""

from dlp import _check
from dlp._rows import WORDS
from dlp.families import FAMILIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from dlp._rows import Config, Family, Module

    Plain = Literal["fp32", "fp16", "bf16"]

# Sizes that a config has to have where its class derives none of them from others.
_MAIN = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "intermediate_size",
)

# How the names of sizes begin and end, and those among them that no parameter depends on.
_BEGINS = ("num_", "n_")
_ENDS = ("_size", "_dim", "_rank", "_layers", "_heads", "_channels", "_inner", "_num", "_bias")
_IDLE = (
    "num_beams",
    "num_beam_groups",
    "num_labels",
    "num_return_sequences",
    "no_repeat_ngram_size",
    "chunk_size_feed_forward",
    "encoder_no_repeat_ngram_size",
    "pretraining_tp",
    "max_window_layers",
    "num_logits_to_keep",
    "num_nextn_predict_layers",
    "n_ctx",
    "hidden_act",
    "sliding_window",
    "use_sliding_window",
    "layer_types",
    "mlp_only_layers",
    "n_group",
    "moe_layer_freq",
    "max_position_embeddings",
    "decoder_attention_heads",
)


def model_type(name: str, config: "Config", value: object) -> str:
    """Give the type of a config, or say why it is not counted and which is near."""
    if not isinstance(value, str) or value in FAMILIES:
        return _check.choice(name, value, FAMILIES)
    text = config.get("text_config")
    kind = text.get("model_type") if isinstance(text, dict) else None
    # People write it as the name of a model, in letters of any size and with a hyphen.
    spelled = [each for each in FAMILIES if _letters(each) == _letters(value)]
    near = "" if spelled else nearest(config)
    if spelled:
        hint = f"it is written {spelled[0]!r}"
    elif isinstance(kind, str) and kind in FAMILIES:
        hint = f"its text_config, a {kind!r}, is counted by itself"
    elif near:
        hint = f"its config has the keys of {near!r}, so where it is built alike name that"
    else:
        hint = "no type that is counted has the keys of its config"
    told = f"not {value[:60]!r}" if value else "and is left out"
    raise ValueError(
        f"{name} must be a type that is counted, {told}: {hint}; "
        f"CONTRIBUTING.md says how to add one"
    )


def counted(config: "Config", family: "Family") -> str:
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


def _refuse_remote_code(config: "Config", family: "Family") -> None:
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


def nearest(config: "Config") -> str:
    """Name the type whose class a config names, or whose keys it has; nothing if there is none."""
    rows = {each: FAMILIES[each]() for each in FAMILIES}
    named = config.get("architectures")
    for each in named if isinstance(named, (list, tuple)) else ():
        for found, row in rows.items():
            if isinstance(each, str) and each in row["classes"]:
                return found
    if not _KEYS:
        _KEYS.update({found: _keys(row) for found, row in rows.items()})
    known: "dict[str, str]" = {}
    for read in _KEYS.values():
        known.update(read)
    given = [key for key, value in config.items() if value is not None and _is_size(key, known)]
    named_type = str(config.get("model_type", ""))[:60]
    stem = _stem(named_type)
    best, least = "", (0, 0, 0, 0)
    for found, row in rows.items():
        read = _KEYS[found]
        if [key for key in given if key not in read] or not given or not _may_be(config, row):
            continue
        told = [read[key] for key in given]
        spare = len([1 for size in dict.fromkeys(read.values()) if size and size not in told])
        # Of several, first what has nearly the same name, then what is no part of another model.
        other = _stem(found) != stem
        far = (
            int(other),
            0 if other else _check.edited(found, named_type),
            len([each for each in _PARTS if found.endswith(each)]),
            spare,
        )
        if not best or far < least:
            best, least = found, far
    return best


_KEYS: "dict[str, dict[str, str]]" = {}
"""The keys that each row reads, listed when a type is first unknown."""

_PARTS = ("_text", "_vision", "_model")


def _letters(model_type: str) -> str:
    """Give the letters and digits of a type, small ones."""
    return model_type.lower().replace("_", "").replace("-", "").replace(" ", "").replace(".", "")


def _stem(model_type: str) -> str:
    """Give the letters that a type begins with."""
    found = ""
    for letter in model_type.lower():
        if not "a" <= letter <= "z":
            break
        found += letter
    return found


def _is_size(key: object, known: "dict[str, str]") -> bool:
    """Say whether a key is one that parameters depend on, or looks so."""
    if not isinstance(key, str) or key in _IDLE:
        return False
    begins = [each for each in _BEGINS if key.startswith(each)]
    return bool(key in known or begins or [each for each in _ENDS if key.endswith(each)])


def _may_be(config: "Config", row: "Family") -> bool:
    """Say whether a config has the norms of a row, its gate, experts, and what does not follow."""
    norms = [each for each in _modules(row) if each[1] == "norm"]
    if "rms_norm_eps" in config and [1 for norm in norms if norm[4]]:
        return False
    if config.get("hidden_act") == "silu" and not row["gated"]:
        return False
    if row["nested"] and not [1 for key in row["nested"] if config.get(key) is not None]:
        return False
    routes = [1 for each in _modules(row) if each[1] == "router"]
    for name in (*_MAIN, "num_experts") if routes else _MAIN:
        keys = row["keys"].get(name, (name,))
        usual = row["defaults"].get(name)
        has = [key for key in keys if config.get(key) is not None]
        if keys and usual is not None and not has and name not in row["numbers"]:
            return False
    return True


def _modules(row: "Family") -> "list[Module]":
    """List the modules of a row, those of its layers among them."""
    found = list(row["modules"])
    for _, _, layer in row["stacks"]:
        found += layer
    return found


def _keys(row: "Family") -> "dict[str, str]":
    """List the keys that a row reads, and the size that each is where its class has one for it."""
    words: "list[str]" = [*_MAIN, "vocab_size", "head_dim", *row["defaults"], *row["optional"]]
    texts = [text for text in row["numbers"].values() if isinstance(text, str)]
    words += [count for _, count, _ in row["stacks"]]
    for _, _, inputs, outputs, bias, where in _modules(row):
        texts += [inputs, outputs, where.replace("!", "")]
        if isinstance(bias, str):
            words.append(bias)
    switches = [name for name, value in row["defaults"].items() if isinstance(value, bool)]
    for text in texts:
        words += text.replace("/", "").replace("+", " ").split(" ")
    found = dict.fromkeys([*row["nested"], *row["only"], "tie_word_embeddings"], "")
    for word in words:
        name = WORDS.get(word, word)
        for key in row["keys"].get(name, (name,)):
            if not key.isdigit() and " " not in key:
                sized = row["defaults"].get(name) is not None and name not in switches
                found[key.partition(".")[0]] = name if sized else ""
    return found


def stored_dtype(config: "Config") -> "Plain | None":
    """Give the format that the weights are stored in, if a config or that of its text says."""
    places = [("config", config)]
    text = config.get("text_config")
    if text is not None:
        places.append(('config["text_config"]', _check.mapping('config["text_config"]', text)))
    for place, each in places:
        for key in ("dtype", "torch_dtype"):
            value = each.get(key)
            if value is None or value == "auto":
                continue
            return _check.dtype(f'{place}["{key}"]', value, PLAIN)
    return None


PLAIN: "tuple[Plain, ...]" = ("fp32", "fp16", "bf16")
"""The formats of weights that are not quantized."""


def quantized_by(config: "Config") -> "Mapping[str, Any] | None":
    """Give what a config says of how its weights were quantized, with a method in any case."""
    stored = config.get("quantization_config")
    if stored is None:
        return None
    name = 'config["quantization_config"]'
    found = dict(_check.keywords(name, stored))
    method = found.get("quant_method")
    if method is None and not ("load_in_4bit" in found or "load_in_8bit" in found):
        raise ValueError(f'{name} must have "quant_method"')
    method = "bitsandbytes" if method is None else method
    found["quant_method"] = _check.choice(f'{name}["quant_method"]', method, QUANTIZATIONS)
    return found


QUANTIZATIONS = ("bitsandbytes", "gptq", "awq", "mxfp4", "fp8", "compressed-tensors")
"""The methods by which configs say that weights are quantized."""
