"""Parameters of the parts of a transformer, from its dimensions."""

from dlp import _check


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
    _check.head_counts(num_attention_heads, num_key_value_heads)
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

    Source:
        Kaplan et al. 2020, section 2.1, equation 2.1, solved for the depth.

    Examples:
        >>> round(implied_depth(num_parameters=7_000_000_000, hidden_size=2048), 1)
        139.1
    """
    _check.count("num_parameters", num_parameters)
    _check.count("hidden_size", hidden_size)
    return num_parameters / (12 * hidden_size**2)
