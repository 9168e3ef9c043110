"""Parameters of a classification head, in the plain form and as real libraries build it."""

from dlp import _check
from dlp.families import FAMILIES, MODEL_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Task = Literal["sequence-classification", "token-classification", "image-classification"]

HEAD_MODEL_TYPES = tuple(name for name in MODEL_TYPES if FAMILIES[name]()["heads"])
"""The `model_type` values whose heads in Transformers this module counts."""

TASKS: "tuple[Task, ...]" = (
    "sequence-classification",
    "token-classification",
    "image-classification",
)
"""One label for a sequence, for each token (named-entity recognition), or for an image."""


def linear_parameters(*, in_features: int, out_features: int, bias: bool = True) -> int:
    r"""Count the parameters of one linear layer.

    $$\text{in\_features} \times \text{out\_features} + \text{out\_features}$$

    With `bias=False` only the matrix is left:

    $$\text{in\_features} \times \text{out\_features}$$

    Args:
        in_features: Width of the input, 1 or more.
        out_features: Width of the output, 1 or more.
        bias: Whether a bias is added: one number for each output, not for each input.

    Returns:
        Parameters.

    Source:
        PyTorch, `torch.nn.Linear`: a weight of shape `(out_features, in_features)`, a bias of
        shape `(out_features,)`.

    Examples:
        >>> linear_parameters(in_features=768, out_features=3)
        2307
    """
    _check.count("in_features", in_features)
    _check.count("out_features", out_features)
    return in_features * out_features + (out_features if _check.flag("bias", bias) else 0)


def classification_head_parameters(*, hidden_size: int, num_labels: int, bias: bool = True) -> int:
    r"""Count the parameters of a linear classification head.

    The head maps one vector, as wide as the model, to one score for each label. Neither
    the sequence length nor the batch size is in its shape.

    $$\text{hidden\_size} \times \text{num\_labels} + \text{num\_labels}$$

    With `bias=False` only the matrix is left:

    $$\text{hidden\_size} \times \text{num\_labels}$$

    Args:
        hidden_size: Width of the model (its embedding dimension), 1 or more.
        num_labels: Labels to tell apart, 1 or more.
        bias: Whether the head adds a bias, one number for each label.

    Returns:
        Parameters of the head.

    Source:
        PyTorch, `torch.nn.Linear`.

    Examples:
        >>> classification_head_parameters(hidden_size=2048, num_labels=8, bias=False)
        16384
        >>> classification_head_parameters(hidden_size=2048, num_labels=8)
        16392
    """
    _check.count("hidden_size", hidden_size)
    _check.count("num_labels", num_labels)
    return linear_parameters(in_features=hidden_size, out_features=num_labels, bias=bias)


def transformers_head_parameters(
    *, model_type: str, task: "Task", hidden_size: int, num_labels: int
) -> int:
    r"""Count the parameters of the classification head that Transformers builds.

    For $d$ `hidden_size` and $C$ `num_labels`:

    | `model_type` | sequence | token | image |
    |---|---|---|---|
    | `bert`, `albert`, `ernie`, `megatron-bert`, `modernbert` | $d C + C$ | $d C + C$ | |
    | `nomic_bert`, `rembert` | $d C + C$ | $d C + C$ | |
    | `roberta`, `distilbert`, `t5`, `mt5`, `umt5` | $d^2 + d + d C + C$ | $d C + C$ | |
    | `camembert`, `xlm-roberta`, `xlm-roberta-xl` | $d^2 + d + d C + C$ | $d C + C$ | |
    | `data2vec-text`, `roberta-prelayernorm` | $d^2 + d + d C + C$ | $d C + C$ | |
    | `deberta`, `deberta-v2`, `electra`, `eurobert` | $d^2 + d + d C + C$ | $d C + C$ | |
    | `big_bird`, `mpnet`, `roformer` | $d^2 + d + d C + C$ | $d C + C$ | |
    | `bart`, `bigbird_pegasus`, `mbart`, `mvp`, `plbart` | $d^2 + d + d C + C$ | | |
    | `ctrl`, `deepseek_v2`, `doge`, `gemma3`, `gemma3_text`, `gptj` | $d C$ | | |
    | `hunyuan_v1_dense`, `hunyuan_v1_moe`, `jamba`, `jetmoe`, `minicpm3` | $d C$ | | |
    | `olmo`, `olmo2`, `olmo3`, `openai-gpt`, `opt`, `phimoe` | $d C$ | | |
    | `qwen3_5_text`, `zamba` | $d C$ | | |
    | `apertus` | | $d C + C$ | |
    | `hubert`, `wav2vec2` | $d C + C$ | | |
    | `vit`, `beit`, `deit`, `dinov2` | | | $d C + C$ |
    | any other | $d C$ | $d C + C$ | |

    Where the table is empty, the library has no such class. The head of OPT is as wide as its
    embedding: for OPT 350m $d$ is its `word_embed_proj_dim`, 512. That of DINOv2 reads two
    vectors side by side, so $d$ is twice the width of the model; those that hear have a projector
    before it, and $d$ is their `classifier_proj_size`. BERT's pooler, of
    $d^2 + d$ parameters, belongs to its backbone and comes pre-trained; in RoBERTa the dense layer
    of the same size belongs to the head and starts from random numbers.

    Args:
        model_type: One of `HEAD_MODEL_TYPES`, as in a `config.json`.
        task: One of `TASKS`.
        hidden_size: Width of the model, 1 or more.
        num_labels: Labels to tell apart, 1 or more.

    Returns:
        Parameters of the head.

    Raises:
        TypeError: If a count is not an int, or `model_type` or `task` not a str.
        ValueError: If a count is below 1, `model_type` or `task` is unknown, or the library has no
            such head.

    Source:
        Transformers 5.23.0: `modeling_layers.py` for Llama and those like it, and
        `modeling_*.py` of the other types.

    Examples:
        >>> transformers_head_parameters(
        ...     model_type="roberta",
        ...     task="sequence-classification",
        ...     hidden_size=768,
        ...     num_labels=3,
        ... )
        592899
    """
    _check.choice("model_type", model_type, HEAD_MODEL_TYPES)
    _check.choice("task", task, TASKS)
    heads = FAMILIES[model_type]()["heads"]
    _check.choice(f"task of {model_type}", task, heads)
    _check.count("hidden_size", hidden_size)
    _check.count("num_labels", num_labels)
    dense = linear_parameters(in_features=hidden_size, out_features=hidden_size)
    last = linear_parameters(
        in_features=hidden_size, out_features=num_labels, bias=heads[task] != "score"
    )
    return last + (dense if heads[task] == "dense" else 0)
