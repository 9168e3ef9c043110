"""Parameters of a transformer, part by part, from the dimensions in its `config.json`."""

from dlp import _check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypedDict

    class _Architecture(TypedDict):
        renamed: dict[str, str]  # our name -> the key in this family's config.json
        attention: tuple[str, ...]  # module names as PEFT's target_modules writes them
        mlp: tuple[str, ...]  # three names: gated; two: plain
        qkv_bias: bool | str  # a str is the key in config.json that decides
        output_bias: bool | str
        mlp_bias: bool | str
        norm_bias: bool
        learned_positions: bool
        tied: bool  # where config.json does not say


_SEPARATE = ("q_proj", "k_proj", "v_proj", "o_proj")
_GATED = ("gate_proj", "up_proj", "down_proj")

_ARCHITECTURES: "dict[str, _Architecture]" = {
    "llama": {
        "renamed": {},
        "attention": _SEPARATE,
        "mlp": _GATED,
        "qkv_bias": "attention_bias",
        "output_bias": "attention_bias",
        "mlp_bias": "mlp_bias",
        "norm_bias": False,
        "learned_positions": False,
        "tied": False,
    },
    "mistral": {
        "renamed": {},
        "attention": _SEPARATE,
        "mlp": _GATED,
        "qkv_bias": False,
        "output_bias": False,
        "mlp_bias": False,
        "norm_bias": False,
        "learned_positions": False,
        "tied": False,
    },
    "qwen2": {
        "renamed": {},
        "attention": _SEPARATE,
        "mlp": _GATED,
        "qkv_bias": True,
        "output_bias": False,
        "mlp_bias": False,
        "norm_bias": False,
        "learned_positions": False,
        "tied": False,
    },
    "gpt2": {
        "renamed": {
            "hidden_size": "n_embd",
            "num_hidden_layers": "n_layer",
            "num_attention_heads": "n_head",
            "intermediate_size": "n_inner",
            "max_position_embeddings": "n_positions",
        },
        "attention": ("c_attn", "c_proj"),
        "mlp": ("c_fc", "c_proj"),
        "qkv_bias": True,
        "output_bias": True,
        "mlp_bias": True,
        "norm_bias": True,
        "learned_positions": True,
        "tied": True,
    },
}

MODEL_TYPES = ("llama", "mistral", "qwen2", "gpt2")
"""The `model_type` values, as in a `config.json`, whose parameters this module counts."""


def attention_parameters(
    *,
    hidden_size: int,
    num_attention_heads: int,
    num_key_value_heads: int,
    head_dim: int,
) -> int:
    r"""Count the weights of the four attention matrices of one layer, biases left out.

    Queries and output are `num_attention_heads` heads wide, keys and values
    `num_key_value_heads`: fewer in grouped-query attention, one in multi-query attention.

    $$2 \times \text{hidden\_size} \times \text{head\_dim}
    \times (\text{num\_attention\_heads} + \text{num\_key\_value\_heads})$$

    Args:
        hidden_size: Width of the model, 1 or more.
        num_attention_heads: Query heads, 1 or more.
        num_key_value_heads: Key and value heads; divides `num_attention_heads`.
        head_dim: Width of one head, 1 or more; usually `hidden_size / num_attention_heads`.

    Returns:
        Parameters in one layer.

    Raises:
        TypeError: If an argument is not an int.
        ValueError: If one is below 1, or the key and value heads do not divide the query heads.

    Source:
        Transformers 5.23.0, `modeling_llama.py`, `LlamaAttention`; Ainslie et al. 2023, section
        2.2, for grouped queries.

    Examples:
        The shape of Mistral 7B:

        >>> attention_parameters(
        ...     hidden_size=4096, num_attention_heads=32, num_key_value_heads=8, head_dim=128
        ... )
        41943040
    """
    _check.count("hidden_size", hidden_size)
    _check.count("head_dim", head_dim)
    _check_heads(num_attention_heads, num_key_value_heads)
    return 2 * hidden_size * head_dim * (num_attention_heads + num_key_value_heads)


def mlp_parameters(*, hidden_size: int, intermediate_size: int, gated: bool = True) -> int:
    r"""Count the weights of the MLP of one layer, biases left out.

    $$3 \times \text{hidden\_size} \times \text{intermediate\_size}$$

    With `gated=False` there is no gate matrix, only up and down:

    $$2 \times \text{hidden\_size} \times \text{intermediate\_size}$$

    Args:
        hidden_size: Width of the model, 1 or more.
        intermediate_size: Width inside the MLP, 1 or more.
        gated: Whether a third matrix gates the second (SwiGLU and its kin).

    Returns:
        Parameters in one layer.

    Raises:
        TypeError: If a size is not an int or `gated` not a bool.
        ValueError: If a size is below 1.

    Source:
        Transformers 5.23.0, `modeling_llama.py`, `LlamaMLP`, and `modeling_gpt2.py`, `GPT2MLP`.

    Examples:
        The shape of Llama 2 7B:

        >>> mlp_parameters(hidden_size=4096, intermediate_size=11008)
        135266304
    """
    _check.count("hidden_size", hidden_size)
    _check.count("intermediate_size", intermediate_size)
    return (3 if _check.flag("gated", gated) else 2) * hidden_size * intermediate_size


def norm_parameters(*, hidden_size: int, num_hidden_layers: int, bias: bool = False) -> int:
    r"""Count the parameters of all norms: two in each layer and a last one.

    $$(2 \times \text{num\_hidden\_layers} + 1) \times \text{hidden\_size}$$

    With `bias=True` (LayerNorm) each scale has a shift beside it:

    $$2 \times (2 \times \text{num\_hidden\_layers} + 1) \times \text{hidden\_size}$$

    Args:
        hidden_size: Width of the model, 1 or more.
        num_hidden_layers: Layers, 1 or more.
        bias: Whether each norm has a bias: yes in LayerNorm, no in RMSNorm.

    Returns:
        Parameters in the whole model.

    Raises:
        TypeError: If a count is not an int or `bias` not a bool.
        ValueError: If a count is below 1.

    Examples:
        >>> norm_parameters(hidden_size=4096, num_hidden_layers=32)
        266240
    """
    _check.count("hidden_size", hidden_size)
    _check.count("num_hidden_layers", num_hidden_layers)
    vectors = 2 * num_hidden_layers + 1
    return vectors * hidden_size * (2 if _check.flag("bias", bias) else 1)


def position_table_parameters(*, max_position_embeddings: int, hidden_size: int) -> int:
    r"""Count the parameters of a learned table of absolute positions.

    Only such a table ties weights to the context length. Rotary, ALiBi and sinusoidal positions
    have no parameters.

    $$\text{max\_position\_embeddings} \times \text{hidden\_size}$$

    Args:
        max_position_embeddings: Rows of the table, the longest context, 1 or more.
        hidden_size: Width of the model, 1 or more.

    Returns:
        Parameters in the table.

    Raises:
        TypeError: If an argument is not an int.
        ValueError: If one is below 1.

    Examples:
        The table of GPT-2:

        >>> position_table_parameters(max_position_embeddings=1024, hidden_size=768)
        786432
    """
    _check.count("max_position_embeddings", max_position_embeddings)
    _check.count("hidden_size", hidden_size)
    return max_position_embeddings * hidden_size


def rough_parameters(*, num_hidden_layers: int, hidden_size: int) -> int:
    r"""Estimate the parameters in the layers of a plain transformer from depth and width.

    Four attention matrices of width by width and an MLP four times as wide make twelve; norms,
    biases and embeddings are left out.

    $$12 \times \text{num\_hidden\_layers} \times \text{hidden\_size}^{2}$$

    Args:
        num_hidden_layers: Layers, 1 or more.
        hidden_size: Width of the model, 1 or more.

    Returns:
        Parameters, without embeddings.

    Raises:
        TypeError: If an argument is not an int.
        ValueError: If one is below 1.

    Source:
        Kaplan et al. 2020, section 2.1, equation 2.1.

    Examples:
        >>> rough_parameters(num_hidden_layers=96, hidden_size=12288)
        173946175488
    """
    _check.count("num_hidden_layers", num_hidden_layers)
    _check.count("hidden_size", hidden_size)
    return 12 * num_hidden_layers * hidden_size**2


def implied_depth(*, num_parameters: int, hidden_size: int) -> float:
    r"""Give the depth at which a plain transformer of some width reaches a size.

    The inverse of [`rough_parameters`][dlp.transformer.rough_parameters]. A depth far from
    what is built at that width shows that size and width do not belong together.

    $$\frac{\text{num\_parameters}}{12 \times \text{hidden\_size}^{2}}$$

    Args:
        num_parameters: Parameters without embeddings, 1 or more.
        hidden_size: Width of the model, 1 or more.

    Returns:
        Layers, not rounded.

    Raises:
        TypeError: If an argument is not an int.
        ValueError: If one is below 1.

    Source:
        Kaplan et al. 2020, section 2.1, equation 2.1, solved for the depth.

    Examples:
        >>> round(implied_depth(num_parameters=7_000_000_000, hidden_size=2048), 1)
        139.1
    """
    _check.count("num_parameters", num_parameters)
    _check.count("hidden_size", hidden_size)
    return num_parameters / (12 * hidden_size**2)


def transformer_dimensions(*, config: "Mapping[str, object]") -> dict[str, int]:
    """Read the dimensions in a parsed `config.json` under one set of names.

    GPT-2 writes `n_embd` for `hidden_size`; older Llama files leave out `num_key_value_heads`
    and `head_dim`. Keys that no parameter depends on are ignored; one that is `null` counts as left
    out.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.

    Returns:
        `hidden_size`, `num_hidden_layers`, `num_attention_heads`, `num_key_value_heads`,
        `head_dim`, `intermediate_size` and `vocab_size`, each 1 or more; `position_rows`, the
        rows of a learned position table, 0 without one; and 0 or 1 for `gated`,
        `qkv_bias`, `output_bias`, `mlp_bias`, `norm_bias` and `tie_word_embeddings`.

    Raises:
        TypeError: If `config` is not a dict or a value in it is of the wrong type.
        ValueError: If `model_type` is unknown, a key is missing or a value out of its range.

    Source:
        Transformers 5.23.0, `configuration_llama.py`, `configuration_mistral.py`,
        `configuration_qwen2.py` and `configuration_gpt2.py`.

    Examples:
        >>> from dlp.models import GPT2
        >>> transformer_dimensions(config=GPT2)["intermediate_size"]
        3072
    """
    config = _check.mapping("config", config)
    model_type = _check.choice('config["model_type"]', config.get("model_type", ""), MODEL_TYPES)
    family = _ARCHITECTURES[model_type]

    def read(name: str, default: int | None = None) -> int:
        key = family["renamed"].get(name, name)
        value = config.get(key)
        if value is None and default is None:
            raise ValueError(f'config must have "{key}" when its model_type is {model_type}')
        return _check.count(f'config["{key}"]', default if value is None else value)

    def decide(setting: bool | str) -> bool:
        if isinstance(setting, bool):
            return setting
        value = config.get(setting)
        return _check.flag(f'config["{setting}"]', False if value is None else value)

    hidden_size = read("hidden_size")
    heads = read("num_attention_heads")
    if config.get("head_dim") is None and hidden_size % heads:
        raise ValueError(
            f"hidden_size must be a multiple of num_attention_heads when config has no head_dim, "
            f"not {hidden_size} with {heads} heads"
        )
    tied = config.get("tie_word_embeddings")
    dimensions = {
        "hidden_size": hidden_size,
        "num_hidden_layers": read("num_hidden_layers"),
        "num_attention_heads": heads,
        "num_key_value_heads": read("num_key_value_heads", heads),
        "head_dim": read("head_dim", max(hidden_size // heads, 1)),
        # Of the families known here only GPT-2 may leave this out, and then means four times.
        "intermediate_size": read(
            "intermediate_size", 4 * hidden_size if model_type == "gpt2" else None
        ),
        "vocab_size": read("vocab_size"),
        "position_rows": read("max_position_embeddings") if family["learned_positions"] else 0,
        "gated": len(family["mlp"]) == 3,
        "qkv_bias": decide(family["qkv_bias"]),
        "output_bias": decide(family["output_bias"]),
        "mlp_bias": decide(family["mlp_bias"]),
        "norm_bias": family["norm_bias"],
        "tie_word_embeddings": _check.flag(
            'config["tie_word_embeddings"]', family["tied"] if tied is None else tied
        ),
    }
    _check_heads(dimensions["num_attention_heads"], dimensions["num_key_value_heads"])
    return {name: int(value) for name, value in dimensions.items()}


def linear_layers(*, config: "Mapping[str, object]") -> list[tuple[str, int, int, bool]]:
    """List the linear layers inside one transformer layer, by the names that PEFT targets.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.

    Returns:
        `(module, in_features, out_features, has_bias)` for each linear layer, in order. GPT-2 has
        two modules named `c_proj`, one in the attention and one in the MLP.

    Raises:
        TypeError: If `config` is not a dict or a value in it is of the wrong type.
        ValueError: If `model_type` is unknown, a key is missing or a value out of its range.

    Source:
        Transformers 5.23.0, `modeling_llama.py`, `modeling_mistral.py`, `modeling_qwen2.py` and
        `modeling_gpt2.py`.

    Examples:
        >>> from dlp.models import MISTRAL_7B
        >>> linear_layers(config=MISTRAL_7B)[1]
        ('k_proj', 4096, 1024, False)
    """
    size = transformer_dimensions(config=config)
    family = _ARCHITECTURES[str(config["model_type"])]
    width, inner = size["hidden_size"], size["intermediate_size"]
    queries = size["num_attention_heads"] * size["head_dim"]
    keys = size["num_key_value_heads"] * size["head_dim"]
    qkv_bias = bool(size["qkv_bias"])
    *projections, output = family["attention"]
    # One fused matrix where the family has one name for queries, keys and values.
    widths = [queries, keys, keys] if len(projections) == 3 else [queries + 2 * keys]
    layers = [(name, width, out, qkv_bias) for name, out in zip(projections, widths)]
    layers.append((output, queries, width, bool(size["output_bias"])))
    *inward, outward = family["mlp"]
    mlp_bias = bool(size["mlp_bias"])
    layers.extend((name, width, inner, mlp_bias) for name in inward)
    layers.append((outward, inner, width, mlp_bias))
    return layers


def parameters_by_part(*, config: "Mapping[str, object]") -> dict[str, int]:
    r"""Count the parameters of a causal language model, part by part.

    Per layer the attention has [`attention_parameters`][dlp.transformer.attention_parameters]
    weights and the MLP [`mlp_parameters`][dlp.transformer.mlp_parameters]; the token embedding
    and an output head that is not tied to it have $V \times d$ each, for $V$ `vocab_size` and
    $d$ `hidden_size`.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.

    Returns:
        Parameters of `token_embedding`, `position_embedding`, `attention`, `mlp`, `norm` (scales
        and shifts), `bias` (of linear layers) and `output_head` (0 when tied). They add up to
        [`parameter_count`][dlp.transformer.parameter_count].

    Raises:
        TypeError: If `config` is not a dict or a value in it is of the wrong type.
        ValueError: If `model_type` is unknown, a key is missing or a value out of its range.

    Source:
        Transformers 5.23.0, `modeling_llama.py`, `modeling_mistral.py`, `modeling_qwen2.py` and
        `modeling_gpt2.py`.

    Examples:
        >>> from dlp.models import GPT2
        >>> for part, count in parameters_by_part(config=GPT2).items():
        ...     print(part, count)
        token_embedding 38597376
        position_embedding 786432
        attention 28311552
        mlp 56623104
        norm 38400
        bias 82944
        output_head 0
    """
    size = transformer_dimensions(config=config)
    layers = size["num_hidden_layers"]
    embedding = size["vocab_size"] * size["hidden_size"]
    return {
        "token_embedding": embedding,
        "position_embedding": size["position_rows"] * size["hidden_size"],
        "attention": layers
        * attention_parameters(
            hidden_size=size["hidden_size"],
            num_attention_heads=size["num_attention_heads"],
            num_key_value_heads=size["num_key_value_heads"],
            head_dim=size["head_dim"],
        ),
        "mlp": layers
        * mlp_parameters(
            hidden_size=size["hidden_size"],
            intermediate_size=size["intermediate_size"],
            gated=bool(size["gated"]),
        ),
        "norm": norm_parameters(
            hidden_size=size["hidden_size"],
            num_hidden_layers=layers,
            bias=bool(size["norm_bias"]),
        ),
        "bias": layers
        * sum(out for _, _, out, has_bias in linear_layers(config=config) if has_bias),
        "output_head": 0 if size["tie_word_embeddings"] else embedding,
    }


def parameter_count(*, config: "Mapping[str, object]") -> int:
    """Count the parameters of a causal language model: the sum of its parts.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.

    Returns:
        Parameters; a tied output head is counted once.

    Raises:
        TypeError: If `config` is not a dict or a value in it is of the wrong type.
        ValueError: If `model_type` is unknown, a key is missing or a value out of its range.

    Examples:
        >>> from dlp.models import LLAMA_2_7B
        >>> parameter_count(config=LLAMA_2_7B)
        6738415616
    """
    return sum(parameters_by_part(config=config).values())


def _check_heads(num_attention_heads: int, num_key_value_heads: int) -> None:
    _check.count("num_attention_heads", num_attention_heads)
    _check.count("num_key_value_heads", num_key_value_heads)
    if num_attention_heads % num_key_value_heads:
        raise ValueError(
            f"num_key_value_heads must divide num_attention_heads, "
            f"not {num_key_value_heads} with {num_attention_heads}"
        )
