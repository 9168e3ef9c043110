"""Trainable parameters of prefix tuning, prompt tuning and p-tuning, as PEFT builds them."""

from dlp import _check, _config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    PromptEncoder = Literal["MLP", "LSTM"]

PROMPT_ENCODERS: "tuple[PromptEncoder, ...]" = ("MLP", "LSTM")
"""What p-tuning passes its virtual tokens through: PEFT's `encoder_reparameterization_type`."""


def prefix_tuning_parameters(
    *,
    num_virtual_tokens: int,
    num_layers: int,
    token_dim: int,
    prefix_projection: bool = False,
    encoder_hidden_size: int | None = None,
) -> int:
    r"""Count the parameters that prefix tuning trains.

    A prefix is a key and a value for each virtual token in every layer.

    $$\text{num\_virtual\_tokens} \times 2 \times \text{num\_layers} \times \text{token\_dim}$$

    With `prefix_projection=True` a small MLP computes them from one short vector for each virtual
    token; its last matrix outweighs all else:

    $$\text{num\_virtual\_tokens} \times \text{token\_dim}
    + (\text{token\_dim} + 1) \times \text{encoder\_hidden\_size}
    + (\text{encoder\_hidden\_size} + 1) \times 2 \times \text{num\_layers}
    \times \text{token\_dim}$$

    With `prefix_projection=True` and `encoder_hidden_size=None` the MLP is as wide as a token:

    $$\text{num\_virtual\_tokens} \times \text{token\_dim}
    + (\text{token\_dim} + 1) \times \text{token\_dim}
    + (\text{token\_dim} + 1) \times 2 \times \text{num\_layers} \times \text{token\_dim}$$

    Args:
        num_virtual_tokens: Length of the prefix, 1 or more.
        num_layers: Layers of the model, 1 or more.
        token_dim: Width of all keys of a layer, 1 or more: `hidden_size`, or less where several
            query heads share a key head.
        prefix_projection: Whether an MLP computes the prefix.
        encoder_hidden_size: Width inside that MLP, 1 or more; `None` stands for `token_dim`.

    Returns:
        Trainable parameters.

    Source:
        PEFT 0.21.2, `tuners/prefix_tuning/model.py`, `PrefixEncoder`.

    Examples:
        The shape of GPT-2 large:

        >>> prefix_tuning_parameters(num_virtual_tokens=20, num_layers=36, token_dim=1280)
        1843200
    """
    _check.count("num_virtual_tokens", num_virtual_tokens)
    _check.count("num_layers", num_layers)
    _check.count("token_dim", token_dim)
    inner = token_dim
    if encoder_hidden_size is not None:
        inner = _check.count("encoder_hidden_size", encoder_hidden_size)
    prefix = 2 * num_layers * token_dim
    if not _check.flag("prefix_projection", prefix_projection):
        return num_virtual_tokens * prefix
    return num_virtual_tokens * token_dim + (token_dim + 1) * inner + (inner + 1) * prefix


def prefix_tuning_model_parameters(
    *,
    config: "Mapping[str, object]",
    num_virtual_tokens: int,
    prefix_projection: bool = False,
    encoder_hidden_size: int | None = None,
) -> int:
    """Count the parameters that prefix tuning trains in a model known by its config.

    [`prefix_tuning_parameters`][dlp.soft_prompts.prefix_tuning_parameters] with the model's
    depth, and with its key heads for the width: grouped-query attention makes a prefix as much
    smaller as it makes the cache. In T5 only the depth of the encoder counts, and in Falcon, whose
    config has another name for key heads, PEFT takes the whole width.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.
        num_virtual_tokens: Length of the prefix, 1 or more.
        prefix_projection: Whether an MLP computes the prefix.
        encoder_hidden_size: Width inside that MLP, 1 or more; `None` stands for the width of all
            keys of a layer.

    Returns:
        Trainable parameters.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a count is below 1 or `config` is refused.

    Source:
        PEFT 0.21.2, `utils/other.py`, `_prepare_prompt_learning_config`, for the width.

    Examples:
        >>> from dlp.models import MISTRAL_7B
        >>> prefix_tuning_model_parameters(config=MISTRAL_7B, num_virtual_tokens=20)
        1310720
    """
    model = _config.read(config)
    size = model["sizes"]
    width = size["num_key_value_heads"] * size["head_dim"]
    if model["family"]["prefix"] == "d":
        width = size["hidden_size"]
    return prefix_tuning_parameters(
        num_virtual_tokens=num_virtual_tokens,
        num_layers=size["num_hidden_layers"],
        token_dim=width,
        prefix_projection=prefix_projection,
        encoder_hidden_size=encoder_hidden_size,
    )


def prompt_tuning_parameters(
    *, num_virtual_tokens: int, token_dim: int, num_transformer_submodules: int = 1
) -> int:
    r"""Count the parameters that prompt tuning trains: the embeddings of its virtual tokens.

    $$\text{num\_virtual\_tokens} \times \text{num\_transformer\_submodules}
    \times \text{token\_dim}$$

    Args:
        num_virtual_tokens: Virtual tokens before the input, 1 or more.
        token_dim: Width of the model, 1 or more: `hidden_size`, also of an OPT whose embedding is
            narrower.
        num_transformer_submodules: 1, or 2 for an encoder with a decoder, each with a prompt of
            its own.

    Returns:
        Trainable parameters.

    Source:
        PEFT 0.21.2, `tuners/prompt_tuning/model.py`, `PromptEmbedding`; Hu et al. 2021 (LoRA),
        section 5.1, which calls it prefix-embedding tuning.

    Examples:
        The shape of BLOOMZ 560m:

        >>> prompt_tuning_parameters(num_virtual_tokens=8, token_dim=1024)
        8192
    """
    _check.count("num_virtual_tokens", num_virtual_tokens)
    _check.count("token_dim", token_dim)
    _check.count("num_transformer_submodules", num_transformer_submodules, maximum=2)
    return num_virtual_tokens * num_transformer_submodules * token_dim


def p_tuning_parameters(
    *,
    num_virtual_tokens: int,
    token_dim: int,
    encoder_hidden_size: int,
    encoder_reparameterization_type: "PromptEncoder" = "MLP",
    encoder_num_layers: int = 2,
    num_transformer_submodules: int = 1,
) -> int:
    r"""Count the parameters that p-tuning trains: virtual tokens and the network that shapes them.

    The embeddings of the virtual tokens pass through three linear layers with bias, from
    `token_dim` to `encoder_hidden_size`, once more to `encoder_hidden_size`, and back:

    $$\operatorname{prompt\_tuning\_parameters}
    + (\text{token\_dim} + 1) \times \text{encoder\_hidden\_size}
    + (\text{encoder\_hidden\_size} + 1) \times \text{encoder\_hidden\_size}
    + (\text{encoder\_hidden\_size} + 1) \times \text{token\_dim}$$

    With `encoder_reparameterization_type="LSTM"` they pass through a bidirectional LSTM, of which
    each direction has four gates with two biases, and then through two linear layers:

    $$\operatorname{prompt\_tuning\_parameters}
    + 8 \times \text{encoder\_hidden\_size}
    \times (\text{token\_dim} + \text{encoder\_hidden\_size} + 2)
    + (\text{encoder\_num\_layers} - 1) \times 8 \times \text{encoder\_hidden\_size}
    \times (3 \times \text{encoder\_hidden\_size} + 2)
    + (2 \times \text{encoder\_hidden\_size} + 1) \times 2 \times \text{encoder\_hidden\_size}
    + (2 \times \text{encoder\_hidden\_size} + 1) \times \text{token\_dim}$$

    Args:
        num_virtual_tokens: Virtual tokens before the input, 1 or more.
        token_dim: Width of the model, 1 or more, as in
            [`prompt_tuning_parameters`][dlp.soft_prompts.prompt_tuning_parameters].
        encoder_hidden_size: Width inside the network, 1 or more; where it is left out, PEFT takes
            `token_dim`.
        encoder_reparameterization_type: One of `PROMPT_ENCODERS`.
        encoder_num_layers: Layers of the LSTM, 1 or more; the MLP has three whatever it says.
        num_transformer_submodules: 1, or 2 for an encoder with a decoder, each with a prompt of
            its own.

    Returns:
        Trainable parameters.

    Source:
        PEFT 0.21.2, `tuners/p_tuning/model.py`, `PromptEncoder`; PyTorch, `torch.nn.LSTM`.

    Examples:
        The shape of BLOOMZ 560m:

        >>> p_tuning_parameters(num_virtual_tokens=20, token_dim=1024, encoder_hidden_size=128)
        300288
    """
    tokens = prompt_tuning_parameters(
        num_virtual_tokens=num_virtual_tokens,
        token_dim=token_dim,
        num_transformer_submodules=num_transformer_submodules,
    )
    inner = _check.count("encoder_hidden_size", encoder_hidden_size)
    layers = _check.count("encoder_num_layers", encoder_num_layers)
    _check.choice(
        "encoder_reparameterization_type", encoder_reparameterization_type, PROMPT_ENCODERS
    )
    if encoder_reparameterization_type == "MLP":
        return tokens + (token_dim + 1) * inner + (inner + 1) * inner + (inner + 1) * token_dim
    first = 8 * inner * (token_dim + inner + 2)
    # Each further layer reads both directions of the one before it.
    further = (layers - 1) * 8 * inner * (3 * inner + 2)
    back = (2 * inner + 1) * (2 * inner + token_dim)
    return tokens + first + further + back
