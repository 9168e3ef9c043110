"""Parameters of the well-known architectures, counted from their `config.json`."""

from dlp import _check, _config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    Embeddings = Literal["all", "output", "none"]

_TABLES = ("token_embedding", "position_embedding", "segment_embedding", "output_head")

EMBEDDINGS: "tuple[Embeddings, ...]" = ("all", "output", "none")
"""Which embeddings count as active: every table and the output head, the head alone, or neither."""


def transformer_dimensions(*, config: "Mapping[str, object]") -> dict[str, int]:
    """Read the dimensions in a parsed `config.json` under one set of names.

    GPT-2 writes `n_embd` for `hidden_size`, T5 `d_model`. Keys that no parameter depends on are
    ignored. What a config leaves out is what the class of Transformers takes for it: a `mistral`
    has 8 key heads, a `vit` 3 channels. What is `null` follows from other sizes: as many key heads
    as query heads, each `hidden_size` / heads wide, and an MLP four times as wide as the model.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.

    Returns:
        `hidden_size`, `num_hidden_layers` (the encoder's in T5), `num_attention_heads`,
        `num_key_value_heads`, `head_dim` and `intermediate_size`, each 1 or more; `vocab_size`, 0
        in ViT; `position_rows`, the rows of a learned table of absolute positions, 0 without one;
        0 or 1 for `gated`, `qkv_bias`, `output_bias`, `mlp_bias`, `norm_bias` and
        `tie_word_embeddings`; `num_decoder_layers`, 0 but in T5; `embedding_size`, the width of
        the token embedding; `type_vocab_size`, 0 but in BERT and RoBERTa; and `num_moe_layers`,
        `num_experts`, `num_experts_per_tok` and `moe_intermediate_size`, 0 without experts.

    Raises:
        TypeError: If `config` is not a dict or a value in it is of the wrong type.
        ValueError: If `model_type` is unknown, a key is missing, a value is out of its range or
            two do not go together.

    Source:
        Transformers 5.23.0, `configuration_*.py` and `modeling_*.py` of each `model_type`.

    Examples:
        >>> from dlp.models import GPT2
        >>> transformer_dimensions(config=GPT2)["intermediate_size"]
        3072
    """
    return _config.read(config)["sizes"]


def linear_layers(*, config: "Mapping[str, object]") -> "list[tuple[str, int, int, bool, int]]":
    """List the linear layers of a model, by the names that PEFT targets.

    The output head is not among them. Nor are experts and routers: Transformers keeps all experts
    of a layer in two parameters of three dimensions, which are no linear layers.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.

    Returns:
        `(module, in_features, out_features, has_bias, copies)` for each kind of linear layer, in
        order; `copies` is how many the whole model has. One name can stand for several kinds:
        GPT-2 has a `c_proj` in the attention and one in the MLP.

    Raises:
        TypeError: If `config` is not a dict or a value in it is of the wrong type.
        ValueError: If `model_type` is unknown, a key is missing, a value is out of its range or
            two do not go together.

    Source:
        Transformers 5.23.0, `modeling_*.py` of each `model_type`.

    Examples:
        >>> from dlp.models import MISTRAL_7B
        >>> linear_layers(config=MISTRAL_7B)[1]
        ('k_proj', 4096, 1024, False, 32)
    """
    return _config.modules(_config.read(config), _config.LINEAR)


def parameters_by_part(*, config: "Mapping[str, object]") -> dict[str, int]:
    r"""Count the parameters of a model, part by part.

    Per layer the attention has [`attention_parameters`][dlp.transformer.attention_parameters]
    weights and the MLP, or each expert, [`mlp_parameters`][dlp.transformer.mlp_parameters]; the
    token embedding and an output head that is not tied to it have $V \times d$ each, for $V$
    `vocab_size` and $d$ `hidden_size`.

    What is counted is the class that the config names in `architectures`, as Transformers builds
    it: a language model, the bare one (`LlamaModel`), a classifier (`LlamaForTokenClassification`)
    with as many labels as `num_labels` or `id2label` says and otherwise two, the encoder of T5, or
    a `BertForMaskedLM` and its like. Any other is refused. Where no class is named it is the
    model with its output head if the architecture writes text (`LlamaForCausalLM`,
    `T5ForConditionalGeneration` and the like), and the bare model if it reads (`BertModel`,
    `RobertaModel`, `ViTModel`, each with its pooler, and `DistilBertModel`). A config that has
    others in it (`text_config`, `vision_config`) is that of a model with those parts: the sizes are
    those of the text, the parameters those of all parts.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.

    Returns:
        Parameters, which add up to [`parameter_count`][dlp.architectures.parameter_count]:

        - `token_embedding`;
        - `position_embedding`, learned: absolute positions, or the relative ones of T5;
        - `attention` and `mlp`, matrices only, the experts among the latter;
        - `mixer`, what mixes tokens in place of attention: state spaces, convolutions, linear
          attention;
        - `norm`, scales and shifts;
        - `bias`, of the linear layers in the layers and of the output head;
        - `output_head`, 0 when tied;
        - `router`, which gives the tokens to experts;
        - `projection`, in and out of an embedding narrower than the model (OPT 350m), and before
          the output head of a masked language model;
        - `segment_embedding`, the token types of BERT;
        - `patch_embedding`, what turns patches of an image or frames of sound into vectors, and
          learned vectors beside them, such as the class token;
        - `pooler`, with its bias;
        - `classification_head`, with its biases.

    Raises:
        TypeError: If `config` is not a dict or a value in it is of the wrong type.
        ValueError: If `model_type` is unknown, a key is missing, a value is out of its range or
            two do not go together.

    Source:
        Transformers 5.23.0, `modeling_*.py` of each `model_type`. It ties the head of every T5
        that it builds from a config; here, as in the checkpoints of Flan-T5,
        `tie_word_embeddings` decides.

    Examples:
        >>> from dlp.models import GPT2
        >>> for part, count in parameters_by_part(config=GPT2).items():
        ...     if count:
        ...         print(part, count)
        token_embedding 38597376
        position_embedding 786432
        attention 28311552
        mlp 56623104
        norm 38400
        bias 82944
    """
    return _config.parts(_config.read(config))


def parameter_count(*, config: "Mapping[str, object]") -> int:
    """Count the parameters of a model: the sum of its parts.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.

    Returns:
        Parameters of the class that `architectures` names; a tied output head is counted once, and
        every expert is counted.

    Raises:
        TypeError: If `config` is not a dict or a value in it is of the wrong type.
        ValueError: If `model_type` is unknown, a key is missing, a value is out of its range or
            two do not go together.

    Examples:
        >>> from dlp.models import LLAMA_2_7B
        >>> parameter_count(config=LLAMA_2_7B)
        6738415616
        >>> reward_model = {"architectures": ["LlamaForSequenceClassification"], "num_labels": 1}
        >>> parameter_count(config={**LLAMA_2_7B, **reward_model})
        6607347712
    """
    return sum(parameters_by_part(config=config).values())


def active_parameters(*, config: "Mapping[str, object]", embeddings: "Embeddings" = "all") -> int:
    """Count the parameters that take part when the model handles one token.

    A router sends each token to `num_experts_per_tok` of the experts of a layer; the others rest.
    Without experts every parameter is active. Sources disagree on embeddings:

    | `embeddings` | Counted | Used for |
    |---|---|---|
    | `"all"` | every table and the output head | the 13B of Mixtral 8x7B, the 3B of Qwen3-30B-A3B |
    | `"output"` | the output head, also a tied one; of a table a token reads one row | FLOPs |
    | `"none"` | no table and no output head | non-embedding parameters, as of Pythia |

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.
        embeddings: One of `EMBEDDINGS`.

    Returns:
        Parameters.

    Raises:
        TypeError: If `config` is not a dict, a value in it is of the wrong type or `embeddings`
            not a str.
        ValueError: If `embeddings` or `model_type` is unknown, a key is missing, a value is out of
            its range or two do not go together.

    Source:
        Jiang et al. 2024 (Mixtral of Experts), abstract, for active parameters;
        Kaplan et al. 2020, section 2.1, for leaving out the embeddings.

    Examples:
        >>> from dlp.models import MIXTRAL_8X7B
        >>> active_parameters(config=MIXTRAL_8X7B)
        12879925248
    """
    _check.choice("embeddings", embeddings, EMBEDDINGS)
    _check.choice("embeddings", embeddings, EMBEDDINGS)
    model = _config.read(config)
    parts = _config.parts(model, active=True)
    active = sum(parts.values())
    if embeddings == "all":
        return active
    active -= sum(parts[name] for name in _TABLES)
    if embeddings == "output" and model["counted"] == "language model":
        active += model["sizes"]["vocab_size"] * model["sizes"]["embedding_size"]
    return active
