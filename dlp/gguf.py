"""GGUF mixtures: which tensors llama.cpp stores in which format when a file is named Q4_K_M."""

from dlp import _check, _nested
from dlp.architectures import linear_layers, parameter_count, transformer_dimensions
from dlp.quantization import _BLOCKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from dlp.quantization import GgmlType

    GgufFtype = Literal[
        "F32", "F16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q5_1", "Q5_0", "Q4_K_M", "Q4_K_S",
        "Q4_1", "Q4_0", "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K", "Q2_K_S", "IQ4_NL", "IQ4_XS", "IQ3_M",
        "IQ3_S", "IQ3_XS", "IQ3_XXS", "IQ2_M", "IQ2_S", "IQ2_XS", "IQ2_XXS", "IQ1_M", "IQ1_S",
    ]  # fmt: skip
    _Rules = dict[str, tuple[tuple[str, GgmlType], ...]]

# The format of whatever no rule speaks of.
_BASE: "dict[GgufFtype, GgmlType]" = {
    "F32": "F32",
    "F16": "F16",
    "Q8_0": "Q8_0",
    "Q6_K": "Q6_K",
    "Q5_K_M": "Q5_K",
    "Q5_K_S": "Q5_K",
    "Q5_1": "Q5_1",
    "Q5_0": "Q5_0",
    "Q4_K_M": "Q4_K",
    "Q4_K_S": "Q4_K",
    "Q4_1": "Q4_1",
    "Q4_0": "Q4_0",
    "Q3_K_L": "Q3_K",
    "Q3_K_M": "Q3_K",
    "Q3_K_S": "Q3_K",
    "Q2_K": "Q2_K",
    "Q2_K_S": "Q2_K",
    "IQ4_NL": "IQ4_NL",
    "IQ4_XS": "IQ4_XS",
    "IQ3_M": "IQ3_S",
    "IQ3_S": "IQ3_S",
    "IQ3_XS": "IQ3_S",
    "IQ3_XXS": "IQ3_XXS",
    "IQ2_M": "IQ2_S",
    "IQ2_S": "IQ2_XS",
    "IQ2_XS": "IQ2_XS",
    "IQ2_XXS": "IQ2_XXS",
    "IQ1_M": "IQ1_M",
    "IQ1_S": "IQ1_S",
}

GGUF_FTYPES = tuple(_BASE)
"""The names of mixtures, as in the names of GGUF files:

`F32`, `F16`, `Q8_0`, `Q6_K`, `Q5_K_M`, `Q5_K_S`, `Q5_1`, `Q5_0`, `Q4_K_M`, `Q4_K_S`, `Q4_1`,
`Q4_0`, `Q3_K_L`, `Q3_K_M`, `Q3_K_S`, `Q2_K`, `Q2_K_S`, `IQ4_NL`, `IQ4_XS`, `IQ3_M`, `IQ3_S`,
`IQ3_XS`, `IQ3_XXS`, `IQ2_M`, `IQ2_S`, `IQ2_XS`, `IQ2_XXS`, `IQ1_M`, `IQ1_S`.
"""

_LEAST = ("IQ2_M", "IQ2_S", "IQ2_XS", "IQ2_XXS", "IQ1_M", "IQ1_S")
_TWO_BITS = ("IQ2_M", "IQ2_S")


def _of_least(where: str, two: "GgmlType", others: "GgmlType") -> "_Rules":
    """Give a rule of the mixtures of one and two bits."""
    return {name: ((where, two if name in _TWO_BITS else others),) for name in _LEAST}


_MORE: "_Rules" = {"Q5_K_M": (("more", "Q6_K"),), "Q4_K_M": (("more", "Q6_K"),)}
_KEYS: "_Rules" = {"IQ3_XS": (("", "IQ3_XXS"),), "IQ3_XXS": (("", "IQ2_S"),)}
_INWARD: "_Rules" = {"IQ3_XS": (("middle", "IQ3_XXS"),)}

# For each matrix of a layer, what a mixture stores it in: the first rule whose words all hold.
_RULES: "dict[str, _Rules]" = {
    "q_proj": _KEYS,
    "k_proj": _KEYS,
    "v_proj": {
        **_MORE,
        "Q4_K_S": (("four", "Q5_K"),),
        "Q3_K_L": (("", "Q5_K"),),
        "Q3_K_M": (("two", "Q5_K"), ("", "Q4_K")),
        "Q2_K": (("grouped", "Q4_K"), ("", "Q3_K")),
        "Q2_K_S": (("grouped", "Q4_K"),),
        "IQ4_NL": (("grouped", "Q5_K"),),
        "IQ4_XS": (("grouped", "Q5_K"),),
        "IQ3_M": (("", "Q4_K"),),
        "IQ3_S": (("grouped", "Q4_K"),),
        "IQ3_XS": (("grouped", "Q4_K"),),
        "IQ3_XXS": (("grouped", "Q4_K"), ("plain", "IQ3_S")),
        "IQ2_M": (("grouped", "Q4_K"), ("", "IQ3_S")),
        "IQ2_S": (("grouped", "Q4_K"), ("", "IQ3_S")),
        "IQ2_XS": (("grouped", "Q4_K"), ("", "Q2_K")),
        "IQ2_XXS": (("grouped", "Q4_K"), ("", "Q2_K")),
        "IQ1_M": (("grouped", "Q4_K"), ("", "Q2_K")),
        "IQ1_S": (("grouped", "Q4_K"), ("", "Q2_K")),
    },
    "o_proj": {
        "Q3_K_L": (("", "Q5_K"),),
        "Q3_K_M": (("", "Q4_K"),),
        "Q2_K": (("", "Q3_K"),),
        "IQ3_M": (("", "Q4_K"),),
        "IQ3_XXS": (("", "IQ3_S"),),
        "IQ2_M": (("", "IQ3_S"),),
        "IQ2_S": (("", "IQ3_S"),),
        "IQ1_M": (("", "IQ2_XXS"),),
        "IQ1_S": (("", "IQ2_XXS"),),
    },
    "gate_proj": _INWARD,
    "up_proj": _INWARD,
    "down_proj": {
        **_MORE,
        **_of_least("eighth", "IQ3_S", "Q2_K"),
        "Q5_0": (("eighth imatrix", "Q5_1"),),
        "Q4_K_S": (("eighth", "Q5_K"),),
        "Q4_0": (("eighth imatrix", "Q4_1"),),
        "Q3_K_L": (("", "Q5_K"),),
        "Q3_K_M": (("sixteenth", "Q5_K"), ("", "Q4_K")),
        "Q2_K": (("", "Q3_K"),),
        "Q2_K_S": (("eighth", "Q4_K"),),
        "IQ4_NL": (("eighth plain", "Q5_K"),),
        "IQ4_XS": (("eighth plain", "Q5_K"),),
        "IQ3_M": (("eighth", "Q4_K"),),
        "IQ3_XXS": (("eighth plain", "Q4_K"), ("plain", "Q3_K")),
    },
    "embed_tokens": {**_of_least("", "IQ3_S", "Q2_K"), "IQ3_XXS": (("", "IQ3_S"),)},
}

# What takes the place of a format whose block does not divide the width of a matrix.
_FALLBACKS: "dict[GgmlType, GgmlType]" = {
    "Q6_K": "Q8_0",
    "Q5_K": "Q5_1",
    "Q4_K": "Q5_0",
    "Q3_K": "Q4_0",
    "Q2_K": "Q4_0",
}

_FAMILIES = ("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text")


def gguf_weights(
    *, config: "Mapping[str, object]", ftype: "GgufFtype", imatrix: bool = False
) -> dict[str, int]:
    """Count the weights that a GGUF mixture stores in each format.

    Most matrices have the format in the mixture's name. Values and what leads out of an MLP get
    more bits in some layers, such as the first and the last eighth and every third between in
    Q4_K_M and Q5_K_M; the output head, or an embedding that is one too, 6 or 8. Norms and biases
    stay in `F32`. What no block divides gets the next larger format of small blocks.

    Args:
        config: A parsed `config.json` of a language model: `llama`, `mistral`, `qwen2`, `qwen3`,
            `gemma`, `gemma2` or `gemma3_text`.
        ftype: One of `GGUF_FTYPES`.
        imatrix: Whether an importance matrix is given, without which IQ4_NL, IQ4_XS and IQ3_XXS
            get more bits in some layers, and Q4_0 and Q5_0 fewer.

    Returns:
        Weights by names of `GGML_TYPES`, for [`gguf_bytes`][dlp.quantization.gguf_bytes] and
        [`gguf_mean_bits_per_weight`][dlp.quantization.gguf_mean_bits_per_weight]. A file of Llama
        3.1 or later has some numbers more, the frequencies of its positions.

    Raises:
        TypeError: If `config` is not a dict, or a value of the wrong type.
        ValueError: If the rules for a `model_type` are not known, `ftype` is unknown, a key is
            missing, or a value out of its range.

    Source:
        llama.cpp at commit 007dbbf, `src/llama-quant.cpp`, `llama_tensor_get_type_impl` and
        `tensor_type_fallback`.

    Examples:
        Llama 3 8B in Q4_K_M:

        >>> from dlp.models import LLAMA_3_8B
        >>> gguf_weights(config=LLAMA_3_8B, ftype="Q4_K_M")
        {'Q4_K': 6498025472, 'Q6_K': 1531969536, 'F32': 266240}
    """
    ftype = _check.dtype("ftype", ftype, GGUF_FTYPES)
    _check.flag("imatrix", imatrix)
    kind = _check.mapping("config", config).get("model_type")
    total, size = parameter_count(config=config), transformer_dimensions(config=config)
    if kind not in _FAMILIES:
        raise ValueError(
            f"the mixtures are known of model_type {', '.join(_FAMILIES)}, not of {kind}"
            f"{_nested.instead(config, _FAMILIES)}"
        )
    layers, modules = size["num_hidden_layers"], linear_layers(config=config)
    _check.count("num_hidden_layers in config", layers, maximum=_check.MOST_LAYERS)
    grouped = size["num_attention_heads"] // size["num_key_value_heads"]
    largest = layers == 80 and (kind == "qwen2" or (kind == "llama" and grouped > 1))
    vocabulary, width = size["vocab_size"], size["hidden_size"]
    found: dict[str, int] = {}
    table = "output" if size["tie_word_embeddings"] else "embed_tokens"
    _add(found, _chosen(ftype, table, width, {}), vocabulary * width)
    if not size["tie_word_embeddings"]:
        _add(found, _chosen(ftype, "output", width, {}), vocabulary * width)
    for layer in range(layers):
        facts = _facts(layer, layers, grouped, imatrix)
        for name, inputs, outputs, _, _ in modules:
            chosen = _chosen(ftype, name, inputs, facts)
            if largest and name == "v_proj" and ftype not in _LEAST and chosen in ("Q3_K", "Q4_K"):
                chosen = "Q5_K"
            _add(found, chosen, inputs * outputs)
    rest = total - sum(found.values())
    if rest < width:
        raise ValueError("config must be that of a language model with its output head")
    _add(found, "F32", rest)
    return found


def _add(found: dict[str, int], name: str, weights: int) -> None:
    found[name] = found.get(name, 0) + weights


def _facts(layer: int, layers: int, grouped: int, imatrix: bool) -> dict[str, bool]:
    """Say which words of the rules hold in a layer."""
    eighth = layers // 8
    return {
        "grouped": grouped >= 4,
        "imatrix": imatrix,
        "plain": not imatrix,
        "two": layer < 2,
        "four": layer < 4,
        "sixteenth": layer < layers // 16,
        "eighth": layer < eighth,
        "middle": eighth <= layer and layer < 7 * layers // 8,
        "more": layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2,
    }


def _chosen(ftype: "GgufFtype", name: str, inputs: int, facts: dict[str, bool]) -> "GgmlType":
    """Choose the format of a matrix, which must be one whose block divides its width."""
    chosen = _BASE[ftype]
    if chosen in ("F32", "F16"):
        return chosen
    if name == "output":
        if inputs % _BLOCKS[chosen][0]:
            chosen = "Q8_0"
        elif chosen != "Q8_0":
            chosen = "Q5_K" if ftype in (*_LEAST, "IQ3_XXS") else "Q6_K"
    for words, other in _RULES.get(name, {}).get(ftype, ()):
        if all(facts[word] for word in words.split()):
            chosen = other
            break
    if inputs % _BLOCKS[chosen][0]:
        chosen = _FALLBACKS.get(chosen, "IQ4_NL")
    return "F16" if inputs % _BLOCKS[chosen][0] else chosen
