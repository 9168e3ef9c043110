"""What each layer of a decoder keeps of a token, and how far back it looks."""

from dlp import _check, _config, _nested
from dlp._rows import LAYERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypedDict

    from dlp._config import Model
    from dlp._rows import Config, Family

    class Kept(TypedDict):
        """Layers that keep the same."""

        layers: int
        window: int  # tokens that they look back over, 0 for all
        keys: int  # numbers of one token
        values: int
        queries: int  # width of all heads, as scores are computed with
        mixed: int  # width of all heads, as values are mixed with

    Rule = Callable[["Config", "Family", int], bool]


_READERS = ("qwen2_vl_text", "qwen2_5_vl_text", "qwen3_vl_text")
"""Decoders that Transformers builds within others only."""

_UNKNOWN = {
    "openai-gpt": "Transformers keeps no cache of it",
    "mllama": "its layers that read pictures keep keys and values of their own, which are unknown",
    "mllama_text_model": "its layers that read pictures keep keys and values of their own, which "
    "are unknown",
}
"""Decoders whose cache is not known, and why."""


def decoder(config: "Mapping[str, object]") -> "tuple[Config, Model]":
    """Read the config of a decoder, or of the one that is part of a model; refuse any other."""
    model = _config.read(config)
    family = model["family"]
    if "text_config" in family["nested"] and model["model_type"] not in _UNKNOWN:
        part, inner = _nested.part(config, family, "text_config")
        bare = [name for name, what in inner["classes"].items() if what == "bare model"]
        config = {**part, "architectures": bare}
        model = _config.read(config)
        family = inner
    model_type = model["model_type"]
    if model_type in _UNKNOWN:
        raise ValueError(
            f"the cache of model_type {model_type!r} is not counted: {_UNKNOWN[model_type]}"
        )
    if not family["causal"] and model_type not in _READERS:
        other = ""
        if model["sizes"]["num_decoder_layers"]:
            other = "; encoder_decoder_cache_bytes counts both of its caches"
        raise ValueError(f"config must be that of a decoder, not of model_type {model_type}{other}")
    if config.get("use_bidirectional_attention") in (True, "all"):
        raise ValueError(
            'config["use_bidirectional_attention"] must be False: '
            "what looks both ways keeps no cache"
        )
    return config, model


def kept(config: "Config", model: "Model", *, reusing: bool = False) -> "list[Kept]":
    """List what the layers of a decoder keep, those together that keep the same.

    With `reusing` the layers are among them that use what earlier ones keep.
    """
    tokens, full, sliding = _kinds(config, model, reusing=reusing)
    found: "list[Kept]" = []
    for layers, seen in ((full, 0), (sliding, tokens)):
        number = layers if isinstance(layers, int) else len(layers)
        if number:
            found.append(_widths(config, model, number, seen))
    if not found:
        raise ValueError(
            f"config must have layers with attention: without them a model, here of model_type "
            f"{model['model_type']!r}, keeps no keys and values, but a state of one size"
        )
    return found


def indexed(config: "Config", model: "Model") -> int:
    """Count the numbers that all layers keep of a token to pick those that attention looks at."""
    total = 0
    for path, _, _, outputs, _, copies, _ in model["placed"]:
        if path.endswith(".indexer.wk"):
            total += outputs * copies
    return total


def slides_at(config: "Config", model: "Model", layer: int) -> bool:
    """Say whether a layer, counted from 0, looks back over a window only."""
    family, layers = model["family"], model["sizes"]["num_hidden_layers"]
    tokens, word = window(config, model), family["window"]["layers"]
    named = _named(config, family, layers, tokens)
    if named is not None:
        return named[layer] in _SHORT
    return tokens > 0 and word != "none" and _RULES[word](config, family, layer)


def slides(config: "Config", model: "Model") -> int:
    """Count the layers that look back over a window only."""
    sliding = _kinds(config, model)[2]
    return sliding if isinstance(sliding, int) else len(sliding)


def is_latent(model: "Model") -> bool:
    """Say whether keys and values come from one narrow vector of each token."""
    return "kv_lora_rank" in model["family"]["defaults"]


def _widths(config: "Config", model: "Model", number: int, window: int) -> "Kept":
    """Give what layers keep of a token: those with a window or the others."""
    size, family = model["sizes"], model["family"]
    heads = size["num_attention_heads"]
    key, value = size["head_dim"], size["head_dim"]
    keys, values = model["cached_heads"] * key, model["cached_heads"] * value
    if is_latent(model):
        value = _config.size(config, family, "v_head_dim")
        keys = _config.size(config, family, "kv_lora_rank")
        values = _config.size(config, family, "qk_rope_head_dim")
        number *= 2 if model["model_type"] == "longcat_flash" else 1
    elif "global_head_dim" in family["defaults"] and not window:
        key = value = _config.size(config, family, "global_head_dim")
        few = _config.switch(config, family, "attention_k_eq_v")
        name = "num_global_key_value_heads" if few else "num_key_value_heads"
        keys = values = _config.size(config, family, name) * key
    elif "slides" in family["sets"]:
        value = _config.size(config, family, "v_head_dim")
        several = size["num_key_value_heads"] * (2 if window else 1)
        keys, values = several * key, several * value
    return {
        "layers": number,
        "window": window,
        "keys": keys,
        "values": values,
        "queries": heads * key,
        "mixed": heads * value,
    }


def window(config: "Config", model: "Model") -> int:
    """Read how many tokens a window has, 0 if there is none."""
    given = model["family"]["window"]
    if given["used"]:
        used = config.get("use_sliding_window")
        if not _check.flag('config["use_sliding_window"]', False if used is None else used):
            return 0
    sized = config.get("sliding_window_size")  # MiMo's is without the token itself
    if given["layers"] == "all but each sixth and the first" and sized is not None:
        return _check.count('config["sliding_window_size"]', sized) + 1
    for key in given["key"].split():
        if key in config:
            value = config[key]
            several = "full" in model["family"]["sets"] or "slides" in model["family"]["sets"]
            if value is None and not several:
                return 0
            return _check.count(f'config["{key}"]', value)
    both = config.get("local_attention")  # to both sides
    if model["model_type"] == "modernbert-decoder" and both is not None:
        return _check.count('config["local_attention"]', both, minimum=2) // 2
    return given["tokens"]


def _kinds(
    config: "Config", model: "Model", *, reusing: bool = False
) -> "tuple[int, int | list[int], int | list[int]]":
    """Give the window, and how many layers see all, and how many a window, or which."""
    layers, family = model["sizes"]["num_hidden_layers"], model["family"]
    tokens, named = window(config, model), None
    word, among = family["window"]["layers"], _attending(config, model, reusing)
    if "mixes" not in family["sets"]:
        named = _named(config, family, layers, tokens)
    if among is None and named is None:
        if not tokens or word == "none":
            return tokens, layers, 0
        if word == "every layer":
            return tokens, 0, layers
    _check.count("the number of layers of several kinds", layers, maximum=LAYERS)
    full: "list[int]" = []
    sliding: "list[int]" = []
    for layer in range(layers) if among is None else among:
        if named is not None:
            short = named[layer] in _SHORT
        else:
            short = tokens > 0 and word != "none" and _RULES[word](config, family, layer)
        # The last layer of Gemma 4 sees all, whatever is said.
        if short and not ("full" in family["sets"] and layer == layers - 1):
            sliding.append(layer)
        else:
            full.append(layer)
    return tokens, full, sliding


_SHORT = ("sliding_attention", "chunked_attention")
"""Layers that look back over a window only, by their names in a config."""


def _named(config: "Config", family: "Family", layers: int, tokens: int) -> "list[object] | None":
    """Read what a config calls each layer, if it does."""
    types = config.get("layer_types")
    if types is None:
        return None
    names = _check.sequence('config["layer_types"]', types)
    if len(names) != layers:
        raise ValueError(
            f'config["layer_types"] must name {layers} layers, one for each, not {len(names)}'
        )
    known = ["full_attention", "sliding_attention"]
    if family["window"]["layers"] == "with rotation":
        known[1] = "chunked_attention"
    if "index_head_dim" in family["defaults"]:
        known = ["full_attention", "indexed_attention", "deepseek_sparse_attention"]
    for name in names:
        _check.choice('an item of config["layer_types"]', name, known)
        if name in _SHORT and not tokens:
            key = family["window"]["key"].split()[0]
            used = "use_sliding_window and " if family["window"]["used"] else ""
            raise ValueError(f"config must have {used}{key} when a layer is called {name}")
    return names if tokens else None


def _attending(config: "Config", model: "Model", reusing: bool) -> "list[int] | None":
    """List the layers that have attention and keys of their own, or give None for all."""
    family, layers = model["family"], model["sizes"]["num_hidden_layers"]
    sets = family["sets"]
    if not model["sizes"]["num_attention_heads"]:
        return []
    found: "list[int] | None" = None
    for name in ("attends", "joins", "mixes", "reuse"):
        if name not in sets or (name == "reuse" and reusing):
            continue
        _check.count("the number of layers of several kinds", layers, maximum=LAYERS)
        listed = sets[name](config, lambda each: _config.size(config, family, each), layers)
        among = listed if isinstance(listed, list) else []
        if name in ("attends", "joins"):
            return among
        found = [layer for layer in range(layers) if layer not in among]
        if name == "reuse" and among and not found:
            raise ValueError(
                f'config["num_kv_shared_layers"] must be less than the {layers} layers, '
                f"not {len(among)} or more"
            )
    return found


def _step(config: "Config", family: "Family", minimum: int = 1) -> int:
    """Give how often a layer comes that is of the other kind, or the one that a kind begins at."""
    given = family["window"]
    key, step = given["step_key"], given["step"]
    if config.get(key) is None:
        return step
    return _check.count(f'config["{key}"]', config[key], minimum=minimum)


def _upper(config: "Config", family: "Family", layer: int) -> bool:
    return layer >= _step(config, family, 0)


def _lower_even(config: "Config", family: "Family", layer: int) -> bool:
    return layer % 2 == 0 and layer < _step(config, family, 0)


def _rotates(config: "Config", family: "Family", layer: int) -> bool:
    """Say whether a layer turns queries and keys by their places, as a list or a step says."""
    listed = config.get("no_rope_layers")
    if listed is not None and _check.sequence('config["no_rope_layers"]', listed):
        flags = _check.sequence('config["no_rope_layers"]', listed)
        if layer >= len(flags):
            raise ValueError(
                f'config["no_rope_layers"] must have a number for each layer, not {len(flags)}'
            )
        return bool(flags[layer])
    step = config.get("no_rope_layer_interval")
    return (layer + 1) % _check.count(
        'config["no_rope_layer_interval"]', 4 if step is None else step
    ) != 0


def _behind(config: "Config", family: "Family", layer: int) -> bool:
    """Say whether a layer is not the last of so many; dense ones before are counted apart."""
    found: "list[int]" = []
    for key, usual, least in (
        ("first_k_dense_replace", 0, 0),
        ("prefix_dense_sliding_window_pattern", 1, 1),
    ):
        value = config.get(key)
        value = usual if value is None else value
        found.append(_check.count(f'config["{key}"]', value, minimum=least))
    dense, step = found
    if layer < dense:
        return (layer + 1) % step != 0
    return (layer - dense + 1) % _step(config, family) != 0


_RULES: "dict[str, Rule]" = {
    "every layer": lambda config, family, layer: True,
    "every second": lambda config, family, layer: layer % 2 == 0,
    "all but the last of some": lambda config, family, layer: (
        (layer + 1) % _step(config, family) != 0
    ),
    "all but the last of some, behind the dense ones": _behind,
    "all but the first of some": lambda config, family, layer: layer % _step(config, family) != 0,
    "all but each sixth and the first": lambda config, family, layer: (
        layer > 0 and (layer + 1) % 6 != 0
    ),
    "upper layers": _upper,
    "lower even layers": _lower_even,
    "with rotation": _rotates,
    "without rotation": lambda config, family, layer: not _rotates(config, family, layer),
}
"""Which layers look back over a window only, where a config does not name each."""
