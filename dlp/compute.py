r"""Compute: the floating-point operations of training and of a forward pass.

One multiplication and one addition are two operations (FLOPs), so a matrix of $N$ weights costs a
token $2N$. The backward pass does it twice more, once for the gradient of the inputs and once for
that of the weights: $6ND$ for $D$ tokens.
"""

from dlp import _caching, _check, _config, _products
from dlp.activations import RECOMPUTATIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from dlp._config import Model
    from dlp.activations import Recomputation

    Counted = Literal["matmul", "all", "without-positions", "non-embedding"]
    Passes = Literal["training", "forward"]

COUNTED_PARAMETERS: "tuple[Counted, ...]" = ("matmul", "all", "without-positions", "non-embedding")
"""Which parameters are the $N$ of $6ND$.

The table of [`compute_parameters`][dlp.compute.compute_parameters] says who counts which.
"""

PASSES: "tuple[Passes, ...]" = ("training", "forward")
"""The forward and backward pass together, or the forward pass alone."""


def compute_parameters(*, config: "Mapping[str, object]", counted: "Counted" = "matmul") -> int:
    """Count the parameters that stand for $N$ in $2N$ or $6N$ FLOPs per token.

    | `counted` | parameters | by |
    |---|---|---|
    | `matmul` | matrices that a token is multiplied by, a tied output head too | what is computed |
    | `all` | every active parameter | GPT-3, Table D.1 |
    | `without-positions` | all but a learned position table | nanoGPT, after PaLM |
    | `non-embedding` | all but token embedding, position table and output head | Kaplan et al. |

    An embedding is looked up, not multiplied, and costs nothing; biases and norms cost next to
    nothing. Of experts only those that a token is sent to are counted.

    Args:
        config: A parsed `config.json` of a causal language model.
        counted: One of `COUNTED_PARAMETERS`.

    Returns:
        Parameters.

    Raises:
        TypeError: If an argument or a value in `config` is of the wrong type.
        ValueError: If `counted` is unknown, `model_type` is unknown or no causal language model's,
            a key is missing or a value out of its range.

    Source:
        nanoGPT, `transformer_sizing.ipynb`, whose functions count `matmul` and `without-positions`.

    Examples:
        >>> from dlp.models import GPT2
        >>> [compute_parameters(config=GPT2, counted=each) for each in COUNTED_PARAMETERS]
        [123532032, 124439808, 123653376, 85056000]
    """
    _check.choice("counted", counted, COUNTED_PARAMETERS)
    model = _config.read_causal(config)
    parts = _config.parts(model, active=True)
    if counted == "matmul":
        return sum(_products.matrices(model)) + _head(model)
    left_out: tuple[str, ...] = ()
    if counted != "all":
        left_out = ("position_embedding",)
    if counted == "non-embedding":
        left_out += ("token_embedding", "output_head")
    return sum(parts.values()) - sum(parts[name] for name in left_out)


def forward_flops(*, num_parameters: int, num_tokens: int) -> int:
    r"""Count the FLOPs of the forward pass, attention between tokens left out.

    $$2 \times \text{num\_parameters} \times \text{num\_tokens}$$

    Args:
        num_parameters: Parameters that each token is multiplied by, 1 or more.
        num_tokens: Tokens, 1 or more.

    Returns:
        FLOPs.

    Source:
        Brown et al. 2020 (GPT-3), Table D.1: one addition and one multiplication for each
        parameter and token.

    Examples:
        >>> forward_flops(num_parameters=7_000_000_000, num_tokens=1)
        14000000000
    """
    _check.count("num_parameters", num_parameters)
    _check.count("num_tokens", num_tokens)
    return 2 * num_parameters * num_tokens


def training_flops(
    *, num_parameters: int, num_tokens: int, recomputation: "Recomputation" = "none"
) -> int:
    r"""Count the FLOPs of training every parameter, attention between tokens left out.

    $$6 \times \text{num\_parameters} \times \text{num\_tokens}$$

    With `recomputation="full"` the forward pass is done twice:

    $$8 \times \text{num\_parameters} \times \text{num\_tokens}$$

    With `recomputation="selective"` only attention between tokens is done twice, which is left out
    here:

    $$6 \times \text{num\_parameters} \times \text{num\_tokens}$$

    Args:
        num_parameters: Parameters that each token is multiplied by, 1 or more.
        num_tokens: Tokens, 1 or more.
        recomputation: One of `RECOMPUTATIONS`.

    Returns:
        FLOPs.

    Source:
        Brown et al. 2020 (GPT-3), Table D.1, for 6; Narayanan et al. 2021, equation 4, for 8.

    Examples:
        >>> training_flops(num_parameters=174_600_000_000, num_tokens=300_000_000_000) / 1e23
        3.1428
    """
    _check.count("num_parameters", num_parameters)
    _check.count("num_tokens", num_tokens)
    _check.choice("recomputation", recomputation, RECOMPUTATIONS)
    return (8 if recomputation == "full" else 6) * num_parameters * num_tokens


def lora_training_flops(
    *, num_parameters: int, num_adapter_parameters: int, num_tokens: int
) -> int:
    r"""Count the FLOPs of training adapters in a frozen model, attention between tokens left out.

    A frozen matrix needs no gradient of its own, but passes on that of its inputs: 4 instead of 6.
    A third of the compute is saved, however few parameters are trained.

    $$4 \times \text{num\_parameters} \times \text{num\_tokens}
    + 6 \times \text{num\_adapter\_parameters} \times \text{num\_tokens}$$

    Args:
        num_parameters: Frozen parameters that each token is multiplied by, 1 or more.
        num_adapter_parameters: Parameters of the adapters, 0 or more.
        num_tokens: Tokens, 1 or more.

    Returns:
        FLOPs. Below the first adapter no gradient is needed, so a library may do less there.

    Source:
        The scaling book, part 4, "Forward and reverse FLOPs", for the two products of the backward
        pass, of which a frozen matrix needs one.

    Examples:
        >>> lora_training_flops(
        ...     num_parameters=6_607_077_376, num_adapter_parameters=4_194_304, num_tokens=1
        ... )
        26453475328
    """
    _check.count("num_parameters", num_parameters)
    _check.count("num_adapter_parameters", num_adapter_parameters, minimum=0)
    _check.count("num_tokens", num_tokens)
    return (4 * num_parameters + 6 * num_adapter_parameters) * num_tokens


def head_training_flops(*, num_parameters: int, num_head_parameters: int, num_tokens: int) -> int:
    r"""Count the FLOPs of training a head on a frozen model, attention between tokens left out.

    The gradient goes no further than the weights of the head: the model below is only run forward,
    a third of the compute.

    $$2 \times \text{num\_parameters} \times \text{num\_tokens}
    + 4 \times \text{num\_head\_parameters} \times \text{num\_tokens}$$

    Args:
        num_parameters: Frozen parameters below the head that each token is multiplied by, 1 or
            more.
        num_head_parameters: Weights of the head, one matrix, 1 or more.
        num_tokens: Tokens, all of which the head reads, 1 or more.

    Returns:
        FLOPs.

    Source:
        The scaling book, part 4, "Forward and reverse FLOPs", for the products of one matrix.

    Examples:
        >>> head_training_flops(
        ...     num_parameters=6_476_005_376, num_head_parameters=8_192, num_tokens=1
        ... )
        12952043520
    """
    _check.count("num_parameters", num_parameters)
    _check.count("num_head_parameters", num_head_parameters)
    _check.count("num_tokens", num_tokens)
    return (2 * num_parameters + 4 * num_head_parameters) * num_tokens


def attention_flops(
    *,
    num_hidden_layers: int,
    num_attention_heads: int,
    head_dim: int,
    sequence_length: int,
    num_tokens: int,
    passes: "Passes" = "training",
    causal: bool = False,
) -> int:
    r"""Count the FLOPs of attention between tokens, which no parameter stands for.

    Every token is multiplied by all keys and then by all values of its sequence, forward and twice
    more backward. It costs the same whether the projections are trained or frozen.

    $$12 \times \text{num\_hidden\_layers} \times \text{num\_attention\_heads}
    \times \text{head\_dim} \times \text{sequence\_length} \times \text{num\_tokens}$$

    With `causal=True` only the half that the causal mask leaves is counted:

    $$6 \times \text{num\_hidden\_layers} \times \text{num\_attention\_heads}
    \times \text{head\_dim} \times \text{sequence\_length} \times \text{num\_tokens}$$

    With `passes="forward"` there is no backward pass:

    $$4 \times \text{num\_hidden\_layers} \times \text{num\_attention\_heads}
    \times \text{head\_dim} \times \text{sequence\_length} \times \text{num\_tokens}$$

    With `passes="forward"` and `causal=True`:

    $$2 \times \text{num\_hidden\_layers} \times \text{num\_attention\_heads}
    \times \text{head\_dim} \times \text{sequence\_length} \times \text{num\_tokens}$$

    Args:
        num_hidden_layers: Layers, 1 or more.
        num_attention_heads: Attention heads, 1 or more. Sharing key and value heads saves nothing.
        head_dim: Width of one head, 1 or more.
        sequence_length: Tokens in a sequence, 1 or more.
        num_tokens: Tokens in all sequences, 1 or more.
        passes: One of `PASSES`.
        causal: Whether only the tokens before are counted.

    Returns:
        FLOPs.

    Source:
        Chowdhery et al. 2022 (PaLM), appendix B: $12 L H Q T$ per token, mask not counted.

    Examples:
        >>> attention_flops(
        ...     num_hidden_layers=118,
        ...     num_attention_heads=48,
        ...     head_dim=256,
        ...     sequence_length=2048,
        ...     num_tokens=1,
        ... )
        35634806784
    """
    _check.count("num_hidden_layers", num_hidden_layers)
    _check.count("num_attention_heads", num_attention_heads)
    _check.count("head_dim", head_dim)
    _check.count("sequence_length", sequence_length)
    _check.count("num_tokens", num_tokens)
    _check.choice("passes", passes, PASSES)
    _check.flag("causal", causal)
    factor = (12 if passes == "training" else 4) // (2 if causal else 1)
    width = num_attention_heads * head_dim
    return factor * num_hidden_layers * width * sequence_length * num_tokens


def training_flops_per_token(
    *,
    num_parameters: int,
    num_hidden_layers: int,
    num_attention_heads: int,
    head_dim: int,
    sequence_length: int,
    causal: bool = False,
) -> int:
    r"""Count the FLOPs of training on one token, attention between tokens included.

    $$6 \times \text{num\_parameters} + 12 \times \text{num\_hidden\_layers}
    \times \text{num\_attention\_heads} \times \text{head\_dim} \times \text{sequence\_length}$$

    With `causal=True` only half of the attention is counted:

    $$6 \times \text{num\_parameters} + 6 \times \text{num\_hidden\_layers}
    \times \text{num\_attention\_heads} \times \text{head\_dim} \times \text{sequence\_length}$$

    Args:
        num_parameters: Parameters that each token is multiplied by, 1 or more.
        num_hidden_layers: Layers, 1 or more.
        num_attention_heads: Attention heads, 1 or more.
        head_dim: Width of one head, 1 or more.
        sequence_length: Tokens in a sequence, 1 or more.
        causal: Whether only the tokens before are counted.

    Returns:
        FLOPs per token, nothing recomputed: the model FLOPs of MFU.

    Source:
        Chowdhery et al. 2022 (PaLM), appendix B.

    Examples:
        >>> training_flops_per_token(
        ...     num_parameters=540_350_000_000,
        ...     num_hidden_layers=118,
        ...     num_attention_heads=48,
        ...     head_dim=256,
        ...     sequence_length=2048,
        ... )
        3277734806784
    """
    return training_flops(num_parameters=num_parameters, num_tokens=1) + attention_flops(
        num_hidden_layers=num_hidden_layers,
        num_attention_heads=num_attention_heads,
        head_dim=head_dim,
        sequence_length=sequence_length,
        num_tokens=1,
        causal=causal,
    )


def transformer_flops(
    *,
    num_sequences: int,
    sequence_length: int,
    num_hidden_layers: int,
    hidden_size: int,
    vocab_size: int,
    recomputation: "Recomputation" = "none",
) -> int:
    r"""Count the FLOPs of training a GPT on some sequences, from its shape alone.

    For $B$ `num_sequences`, $s$ `sequence_length`, $l$ `num_hidden_layers`, $h$ `hidden_size` and
    $V$ `vocab_size` this is $72 B s l h^2 (1 + \frac{s}{6h} + \frac{V}{12lh})$:

    $$\text{num\_sequences} \times \text{sequence\_length}
    \times (\text{num\_hidden\_layers} \times (72 \times \text{hidden\_size}^{2}
    + 12 \times \text{sequence\_length} \times \text{hidden\_size})
    + 6 \times \text{hidden\_size} \times \text{vocab\_size})$$

    With `recomputation="full"` each layer is run forward twice,
    $96 B s l h^2 (1 + \frac{s}{6h} + \frac{V}{16lh})$:

    $$\text{num\_sequences} \times \text{sequence\_length}
    \times (\text{num\_hidden\_layers} \times (96 \times \text{hidden\_size}^{2}
    + 16 \times \text{sequence\_length} \times \text{hidden\_size})
    + 6 \times \text{hidden\_size} \times \text{vocab\_size})$$

    With `recomputation="selective"` only attention between tokens is, a third more of its FLOPs:

    $$\text{num\_sequences} \times \text{sequence\_length}
    \times (\text{num\_hidden\_layers} \times (72 \times \text{hidden\_size}^{2}
    + 16 \times \text{sequence\_length} \times \text{hidden\_size})
    + 6 \times \text{hidden\_size} \times \text{vocab\_size})$$

    Args:
        num_sequences: Sequences, such as those of one update, 1 or more.
        sequence_length: Tokens in a sequence, 1 or more.
        num_hidden_layers: Layers, each with an MLP four times as wide as the model, 1 or more.
        hidden_size: Width of the model, 1 or more.
        vocab_size: Rows of the output head, 1 or more.
        recomputation: One of `RECOMPUTATIONS`.

    Returns:
        FLOPs: the model FLOPs of MFU, or with recomputation the hardware FLOPs of HFU.

    Source:
        Narayanan et al. 2021, equation 3 and appendix. For selective recomputation the products
        are counted: Korthikanti et al. 2022 charge three times as many.

    Examples:
        The share that selective recomputation adds to GPT-3:

        >>> shape = {
        ...     "num_sequences": 1,
        ...     "sequence_length": 2048,
        ...     "num_hidden_layers": 96,
        ...     "hidden_size": 12288,
        ...     "vocab_size": 51200,
        ... }
        >>> more = transformer_flops(**shape, recomputation="selective")
        >>> round(more / transformer_flops(**shape) - 1, 4)
        0.009
    """
    _check.count("num_sequences", num_sequences)
    _check.count("sequence_length", sequence_length)
    _check.count("num_hidden_layers", num_hidden_layers)
    _check.count("hidden_size", hidden_size)
    _check.count("vocab_size", vocab_size)
    _check.choice("recomputation", recomputation, RECOMPUTATIONS)
    matrices = (96 if recomputation == "full" else 72) * hidden_size**2
    attention = (12 if recomputation == "none" else 16) * sequence_length * hidden_size
    head = 6 * hidden_size * vocab_size
    tokens = num_sequences * sequence_length
    return tokens * (num_hidden_layers * (matrices + attention) + head)


def forward_flops_by_part(
    *,
    config: "Mapping[str, object]",
    sequence_length: int,
    per_device_train_batch_size: int = 1,
) -> dict[str, int]:
    r"""List the FLOPs of one forward pass of a causal language model, part by part.

    A product of an $m \times k$ with a $k \times n$ matrix takes $2mkn$. Only products are
    counted: norms, softmax, activation functions and biases are left out.

    The mask is not counted: every token is multiplied by all keys of its sequence. In a layer with
    a sliding window it is multiplied by as many as the window is long, if there are so many. What
    mixes tokens otherwise than by attention, such as Mamba, is refused.

    Args:
        config: A parsed `config.json` of a causal language model.
        sequence_length: Tokens in a sequence, 1 or more.
        per_device_train_batch_size: Sequences, 1 or more.

    Returns:
        FLOPs in all layers of `qkv_projections`, `attention_scores` and `attention_values`,
        `attention_output` and `mlp`, which holds the active experts and their router; and of
        `output_head`.

    Raises:
        TypeError: If an argument or a value in `config` is of the wrong type.
        ValueError: If a count is below 1, `model_type` is unknown, no causal language model's or
            one whose FLOPs are not known, a key is missing or a value out of its range.

    Source:
        nanoGPT, `transformer_sizing.ipynb`; which layers have a window as in
        [`sliding_window_layers`][dlp.cache.sliding_window_layers].

    Examples:
        >>> from dlp.models import GPT2
        >>> parts = forward_flops_by_part(config=GPT2, sequence_length=1024)
        >>> parts["attention_scores"] // 12
        1610612736
        >>> sum(parts.values())
        291648307200
    """
    model = _config.read_causal(config)
    _check.count("sequence_length", sequence_length)
    _check.count("per_device_train_batch_size", per_device_train_batch_size)
    tokens = per_device_train_batch_size * sequence_length
    attention, others = _products.matrices(model)
    scores = values = output = 0
    for kind in _caching.kept(config, model, reusing=True):
        window = kind["window"]
        keys = kind["layers"] * (min(window, sequence_length) if window else sequence_length)
        scores += 2 * keys * kind["queries"] * tokens
        values += 2 * keys * kind["mixed"] * tokens
        output += kind["layers"] * kind["mixed"] * model["sizes"]["hidden_size"]
    return {
        "qkv_projections": 2 * (attention - output) * tokens,
        "attention_scores": scores,
        "attention_values": values,
        "attention_output": 2 * output * tokens,
        "mlp": 2 * others * tokens,
        "output_head": 2 * _head(model) * tokens,
    }


def _head(model: "Model") -> int:
    """Count the output head; one that is tied to the embedding is one more product with it."""
    return model["sizes"]["vocab_size"] * model["sizes"]["embedding_size"]
