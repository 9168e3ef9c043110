"""Parameters of the well-known architectures, counted from their `config.json`."""

from dlp import _check
from dlp.transformer import attention_parameters, mlp_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypedDict

    class _Architecture(TypedDict):
        keys: dict[str, tuple[str, ...]]  # our name -> this family's keys, the first found counts
        left_out: dict[str, int | bool]  # what a key means that its config.json may leave out
        derived: tuple[str, ...]  # names that it may leave out, and other sizes decide
        attention: tuple[str, ...]  # module names as PEFT's target_modules writes them
        mlp: tuple[str, ...]
        gated: bool
        qkv_bias: bool | str  # a str is the key in config.json that decides
        output_bias: bool | str
        mlp_bias: bool | str
        norm_bias: bool
        norms: tuple[int, int]  # as wide as the model: in each layer, outside the layers
        head_norms: bool | str  # one on the queries and one on the keys, as wide as a head
        positions: str  # "" without parameters, a "table", relative "buckets" or "patches"
        head: bool  # an output head over the vocabulary
        head_bias: bool
        tied: bool  # where config.json does not say
        pooler: str  # the name of its linear layer


_KEYS: "dict[str, tuple[str, ...]]" = {
    name: (name,)
    for name in (
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "intermediate_size",
        "vocab_size",
        "max_position_embeddings",
    )
}
_MULTI_HEAD: "dict[str, tuple[str, ...]]" = {"num_key_value_heads": (), "head_dim": ()}
_BERT_KEYS: "dict[str, tuple[str, ...]]" = {
    "num_key_value_heads": (),
    "head_dim": (),
    "type_vocab_size": ("type_vocab_size",),
}
_GPT: "dict[str, tuple[str, ...]]" = {
    "hidden_size": ("n_embd",),
    "num_hidden_layers": ("n_layer",),
    "num_attention_heads": ("n_head",),
    "num_key_value_heads": (),
    "head_dim": (),
    "intermediate_size": ("n_inner",),
    "max_position_embeddings": ("n_positions",),
}
_SEPARATE = ("q_proj", "k_proj", "v_proj", "o_proj")
_GATED = ("gate_proj", "up_proj", "down_proj")
_NEOX_MLP = ("dense_h_to_4h", "dense_4h_to_h")
_BERT_LAYER = ("query", "key", "value", "dense")


def _architecture(
    *,
    keys: "dict[str, tuple[str, ...]] | None" = None,
    left_out: "dict[str, int | bool] | None" = None,
    derived: "tuple[str, ...]" = (),
    attention: "tuple[str, ...]" = _SEPARATE,
    mlp: "tuple[str, ...]" = _GATED,
    classic: bool = False,
    qkv_bias: "bool | str | None" = None,
    output_bias: "bool | str | None" = None,
    mlp_bias: "bool | str | None" = None,
    norms: "tuple[int, int]" = (2, 1),
    head_norms: "bool | str" = False,
    positions: str = "",
    head: bool = True,
    head_bias: bool = False,
    tied: bool = False,
    pooler: str = "",
) -> "_Architecture":
    """Give a row of the table; what it leaves out is as in Llama, or, if `classic`, as in GPT-2."""
    all_keys = dict(_KEYS)
    all_keys.update(keys or {})
    return {
        "keys": all_keys,
        "left_out": left_out or {},
        "derived": derived,
        "attention": attention,
        "mlp": mlp,
        "gated": not classic,
        "qkv_bias": classic if qkv_bias is None else qkv_bias,
        "output_bias": classic if output_bias is None else output_bias,
        "mlp_bias": classic if mlp_bias is None else mlp_bias,
        "norm_bias": classic,
        "norms": norms,
        "head_norms": head_norms,
        "positions": positions,
        "head": head,
        "head_bias": head_bias,
        "tied": tied,
        "pooler": pooler,
    }


_ARCHITECTURES = {
    "llama": _architecture(
        left_out={"attention_bias": False, "mlp_bias": False},
        derived=("num_key_value_heads", "head_dim"),
        qkv_bias="attention_bias",
        output_bias="attention_bias",
        mlp_bias="mlp_bias",
    ),
    "mistral": _architecture(derived=("head_dim",)),
    "mixtral": _architecture(
        keys={
            "num_experts": ("num_local_experts",),
            "num_experts_per_tok": ("num_experts_per_tok",),
            "moe_intermediate_size": ("intermediate_size",),
        },
        derived=("head_dim",),
    ),
    "qwen2": _architecture(derived=("head_dim",), qkv_bias=True),
    "qwen3": _architecture(
        left_out={"attention_bias": False},
        qkv_bias="attention_bias",
        output_bias="attention_bias",
        head_norms=True,
    ),
    "qwen3_moe": _architecture(
        keys={
            "num_experts": ("num_experts", "num_local_experts"),
            "num_experts_per_tok": ("num_experts_per_tok",),
            "moe_intermediate_size": ("moe_intermediate_size",),
            "decoder_sparse_step": ("decoder_sparse_step",),
        },
        left_out={"attention_bias": False, "decoder_sparse_step": 1},
        qkv_bias="attention_bias",
        output_bias="attention_bias",
        head_norms=True,
    ),
    "gemma": _architecture(
        left_out={"attention_bias": False},
        qkv_bias="attention_bias",
        output_bias="attention_bias",
        tied=True,
    ),
    "gemma2": _architecture(
        left_out={"attention_bias": False},
        qkv_bias="attention_bias",
        output_bias="attention_bias",
        norms=(4, 1),
        tied=True,
    ),
    "gemma3_text": _architecture(
        # The text part of Gemma 3 4B says no more than where it differs from these.
        left_out={
            "attention_bias": False,
            "num_attention_heads": 8,
            "num_key_value_heads": 4,
            "head_dim": 256,
            "vocab_size": 262208,
        },
        qkv_bias="attention_bias",
        output_bias="attention_bias",
        norms=(4, 1),
        head_norms=True,
        tied=True,
    ),
    "phi": _architecture(
        left_out={"qk_layernorm": False},
        derived=("num_key_value_heads", "head_dim"),
        attention=("q_proj", "k_proj", "v_proj", "dense"),
        mlp=("fc1", "fc2"),
        classic=True,
        norms=(1, 1),
        head_norms="qk_layernorm",
        head_bias=True,
    ),
    "phi3": _architecture(
        derived=("num_key_value_heads", "head_dim"),
        attention=("qkv_proj", "o_proj"),
        mlp=("gate_up_proj", "down_proj"),
    ),
    "gpt2": _architecture(
        keys=_GPT,
        derived=("intermediate_size",),
        attention=("c_attn", "c_proj"),
        mlp=("c_fc", "c_proj"),
        classic=True,
        positions="table",
        tied=True,
    ),
    "gpt_neox": _architecture(
        keys=_MULTI_HEAD,
        left_out={"attention_bias": True},
        attention=("query_key_value", "dense"),
        mlp=_NEOX_MLP,
        classic=True,
        qkv_bias="attention_bias",
        output_bias="attention_bias",
    ),
    "opt": _architecture(
        keys={
            "num_key_value_heads": (),
            "head_dim": (),
            "intermediate_size": ("ffn_dim",),
            "embedding_size": ("word_embed_proj_dim",),
        },
        left_out={
            "enable_bias": True,
            "do_layer_norm_before": True,
            "_remove_final_layer_norm": False,
            "layer_norm_elementwise_affine": True,
        },
        derived=("embedding_size",),
        attention=("q_proj", "k_proj", "v_proj", "out_proj"),
        mlp=("fc1", "fc2"),
        classic=True,
        qkv_bias="enable_bias",
        output_bias="enable_bias",
        mlp_bias="enable_bias",
        positions="offset table",
        tied=True,
    ),
    "bloom": _architecture(
        keys={
            "hidden_size": ("hidden_size", "n_embed"),
            "num_hidden_layers": ("n_layer", "num_hidden_layers"),
            "num_attention_heads": ("n_head", "num_attention_heads"),
            "num_key_value_heads": (),
            "head_dim": (),
            "intermediate_size": (),
        },
        attention=("query_key_value", "dense"),
        mlp=_NEOX_MLP,
        classic=True,
        norms=(2, 2),
        tied=True,
    ),
    "gpt_bigcode": _architecture(
        keys=_GPT,
        left_out={"multi_query": True},
        derived=("intermediate_size",),
        attention=("c_attn", "c_proj"),
        mlp=("c_fc", "c_proj"),
        classic=True,
        positions="table",
        tied=True,
    ),
    "falcon": _architecture(
        keys={
            "num_key_value_heads": ("num_kv_heads",),
            "head_dim": (),
            "intermediate_size": ("ffn_hidden_size",),
        },
        left_out={
            "bias": False,
            "multi_query": True,
            "parallel_attn": True,
            "new_decoder_architecture": False,
        },
        derived=("num_key_value_heads", "intermediate_size"),
        attention=("query_key_value", "dense"),
        mlp=_NEOX_MLP,
        classic=True,
        qkv_bias="bias",
        output_bias="bias",
        mlp_bias="bias",
        tied=True,
    ),
    "bert": _architecture(
        keys=_BERT_KEYS,
        attention=_BERT_LAYER,
        mlp=("dense", "dense"),
        classic=True,
        positions="table",
        head=False,
        pooler="dense",
    ),
    "roberta": _architecture(
        keys=_BERT_KEYS,
        attention=_BERT_LAYER,
        mlp=("dense", "dense"),
        classic=True,
        positions="table",
        head=False,
        pooler="dense",
    ),
    "distilbert": _architecture(
        keys={
            "hidden_size": ("dim",),
            "num_hidden_layers": ("n_layers",),
            "num_attention_heads": ("n_heads",),
            "num_key_value_heads": (),
            "head_dim": (),
            "intermediate_size": ("hidden_dim",),
        },
        attention=("q_lin", "k_lin", "v_lin", "out_lin"),
        mlp=("lin1", "lin2"),
        classic=True,
        positions="table",
        head=False,
    ),
    "t5": _architecture(
        keys={
            "hidden_size": ("d_model",),
            "num_hidden_layers": ("num_layers",),
            "num_attention_heads": ("num_heads",),
            "num_key_value_heads": (),
            "head_dim": ("d_kv",),
            "intermediate_size": ("d_ff",),
            "num_decoder_layers": ("num_decoder_layers",),
            "num_buckets": ("relative_attention_num_buckets",),
        },
        derived=("num_decoder_layers",),
        attention=("q", "k", "v", "o"),
        mlp=("wi_0", "wi_1", "wo"),
        norms=(2, 2),
        positions="buckets",
        tied=True,
    ),
    "vit": _architecture(
        keys={
            "num_key_value_heads": (),
            "head_dim": (),
            "vocab_size": (),
            "num_channels": ("num_channels",),
            "pooler_size": ("pooler_output_size",),
        },
        left_out={"qkv_bias": True},
        derived=("pooler_size",),
        mlp=("fc1", "fc2"),
        classic=True,
        qkv_bias="qkv_bias",
        positions="patches",
        head=False,
        pooler="dense",
    ),
}

MODEL_TYPES = (
    "llama",
    "mistral",
    "mixtral",
    "qwen2",
    "qwen3",
    "qwen3_moe",
    "gemma",
    "gemma2",
    "gemma3_text",
    "phi",
    "phi3",
    "gpt2",
    "gpt_neox",
    "opt",
    "bloom",
    "gpt_bigcode",
    "falcon",
    "bert",
    "roberta",
    "distilbert",
    "t5",
    "vit",
)
"""The `model_type` values, as in a `config.json`, whose parameters this module counts."""

EMBEDDINGS = ("all", "output", "none")
"""Which embeddings count as active: every table and the output head, the head alone, or neither."""


def transformer_dimensions(*, config: "Mapping[str, object]") -> dict[str, int]:
    """Read the dimensions in a parsed `config.json` under one set of names.

    GPT-2 writes `n_embd` for `hidden_size`, T5 `d_model`. Keys that no parameter depends on are
    ignored; one that is `null` counts as left out. A key may be left out where the real files of
    its architecture leave it out, and then means:

    | Left out | In | Means |
    |---|---|---|
    | `num_key_value_heads` | `llama`, `phi`, `phi3` | as many as query heads |
    | `num_kv_heads` | `falcon` | as many as query heads, or one if `multi_query` |
    | `head_dim` | `llama`, `mistral`, `mixtral`, `qwen2`, `phi`, `phi3` | `hidden_size` / heads |
    | `n_inner`, `ffn_hidden_size` | `gpt2`, `gpt_bigcode`; `falcon` | four times the width |
    | `word_embed_proj_dim` | `opt` | as wide as the model |
    | `num_decoder_layers` | `t5` | as many as in the encoder |
    | heads, `head_dim`, `vocab_size` | `gemma3_text` | those of Gemma 3 4B |
    | switches, such as `attention_bias` | all | what the library's class takes them for |

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
    family = _family(config)
    hidden_size = _read(config, "hidden_size")
    layers = _read(config, "num_hidden_layers")
    heads = _read(config, "num_attention_heads")
    head_dim_keys = family["keys"]["head_dim"]
    head_dim_follows = not head_dim_keys or "head_dim" in family["derived"]
    if head_dim_follows and not _present(config, head_dim_keys) and hidden_size % heads:
        raise ValueError(
            f"hidden_size must be a multiple of num_attention_heads when config has no head_dim, "
            f"not {hidden_size} with {heads} heads"
        )
    key_heads = _read(config, "num_key_value_heads", heads)
    # StarCoder and the first Falcon have one key and value head, or as many as query heads.
    if "multi_query" in family["left_out"] and not _switch(config, "new_decoder_architecture"):
        key_heads = 1 if _switch(config, "multi_query") else heads
    _check.head_counts(heads, key_heads)
    tied = config.get("tie_word_embeddings")
    dimensions = {
        "hidden_size": hidden_size,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": key_heads,
        "head_dim": _read(config, "head_dim", hidden_size // heads),
        "intermediate_size": _read(config, "intermediate_size", 4 * hidden_size),
        "vocab_size": _read(config, "vocab_size"),
        "position_rows": _position_rows(config),
        "gated": _gated(config),
        "qkv_bias": _switch(config, family["qkv_bias"]),
        "output_bias": _switch(config, family["output_bias"]),
        "mlp_bias": _switch(config, family["mlp_bias"]),
        "norm_bias": family["norm_bias"],
        "tie_word_embeddings": _check.flag(
            'config["tie_word_embeddings"]', family["tied"] if tied is None else tied
        ),
        "num_decoder_layers": _read(
            config, "num_decoder_layers", layers if "num_decoder_layers" in family["keys"] else 0
        ),
        "embedding_size": _read(config, "embedding_size", hidden_size),
        "type_vocab_size": _read(config, "type_vocab_size"),
        "num_moe_layers": _moe_layers(config, layers),
        "num_experts": _read(config, "num_experts"),
        "num_experts_per_tok": _read(config, "num_experts_per_tok"),
        "moe_intermediate_size": _read(config, "moe_intermediate_size"),
    }
    if dimensions["num_experts_per_tok"] > dimensions["num_experts"]:
        raise ValueError(
            f"num_experts_per_tok must be at most the number of experts, "
            f"not {dimensions['num_experts_per_tok']} of {dimensions['num_experts']}"
        )
    return {name: int(value) for name, value in dimensions.items()}


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
    size = transformer_dimensions(config=config)
    layers = _layer_modules(config, size)
    width, narrow = size["hidden_size"], size["embedding_size"]
    if narrow != width:
        layers.append(("project_in", narrow, width, False, 1))
        layers.append(("project_out", width, narrow, False, 1))
    if _family(config)["pooler"]:
        pooled = _read(config, "pooler_size", width)
        layers.append((_family(config)["pooler"], width, pooled, True, 1))
    return layers


def parameters_by_part(*, config: "Mapping[str, object]") -> dict[str, int]:
    r"""Count the parameters of a model, part by part.

    Per layer the attention has [`attention_parameters`][dlp.transformer.attention_parameters]
    weights and the MLP, or each expert, [`mlp_parameters`][dlp.transformer.mlp_parameters]; the
    token embedding and an output head that is not tied to it have $V \times d$ each, for $V$
    `vocab_size` and $d$ `hidden_size`.

    What is counted is the model with its output head where the architecture writes text
    (`LlamaForCausalLM`, `T5ForConditionalGeneration` and the like), and the bare model where it
    reads (`BertModel`, `RobertaModel`, `ViTModel`, each with its pooler, and `DistilBertModel`).

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.

    Returns:
        Parameters, which add up to [`parameter_count`][dlp.architectures.parameter_count]:

        - `token_embedding`;
        - `position_embedding`, learned: absolute positions, or the relative ones of T5;
        - `attention` and `mlp`, matrices only, the experts among the latter;
        - `norm`, scales and shifts;
        - `bias`, of the linear layers in the layers and of the output head;
        - `output_head`, 0 when tied;
        - `router`, which gives the tokens to experts;
        - `projection`, in and out of an embedding narrower than the model (OPT 350m);
        - `segment_embedding`, the token types of BERT;
        - `patch_embedding`, what turns patches of an image into vectors, and the class token;
        - `pooler`, with its bias.

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
    size = transformer_dimensions(config=config)
    family = _family(config)
    width, layers = size["hidden_size"], size["num_hidden_layers"]
    decoder_layers, moe_layers = size["num_decoder_layers"], size["num_moe_layers"]
    embedding = size["vocab_size"] * size["embedding_size"]
    positions = size["position_rows"] * width
    if family["positions"] == "buckets":
        # The first layer of the encoder and that of the decoder hold a table for all others.
        positions = 2 * _read(config, "num_buckets") * size["num_attention_heads"]
    patches = 0
    if family["positions"] == "patches":
        height, breadth = _pair(config, "patch_size")
        pixels = height * breadth * _read(config, "num_channels")
        patches = (pixels + 1 + 1) * width  # a bias, and the class token
    bias = sum(
        out * copies for _, _, out, has_bias, copies in _layer_modules(config, size) if has_bias
    )
    return {
        "token_embedding": embedding,
        "position_embedding": positions,
        # A layer of the decoder of T5 also looks at the encoder: two attentions.
        "attention": (layers + 2 * decoder_layers)
        * attention_parameters(
            hidden_size=width,
            num_attention_heads=size["num_attention_heads"],
            num_key_value_heads=size["num_key_value_heads"],
            head_dim=size["head_dim"],
        ),
        "mlp": (layers + decoder_layers - moe_layers)
        * mlp_parameters(
            hidden_size=width,
            intermediate_size=size["intermediate_size"],
            gated=bool(size["gated"]),
        )
        + moe_layers * size["num_experts"] * _expert_parameters(size),
        "norm": _norm_parameters(config, size),
        "bias": bias + (size["vocab_size"] if family["head_bias"] else 0),
        "output_head": embedding if family["head"] and not size["tie_word_embeddings"] else 0,
        "router": moe_layers * size["num_experts"] * width,
        "projection": 2 * size["embedding_size"] * width if size["embedding_size"] != width else 0,
        "segment_embedding": size["type_vocab_size"] * width,
        "patch_embedding": patches,
        "pooler": (width + 1) * _read(config, "pooler_size", width) if family["pooler"] else 0,
    }


def parameter_count(*, config: "Mapping[str, object]") -> int:
    """Count the parameters of a model: the sum of its parts.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.

    Returns:
        Parameters; a tied output head is counted once, and every expert is counted.

    Raises:
        TypeError: If `config` is not a dict or a value in it is of the wrong type.
        ValueError: If `model_type` is unknown, a key is missing, a value is out of its range or
            two do not go together.

    Examples:
        >>> from dlp.models import LLAMA_2_7B
        >>> parameter_count(config=LLAMA_2_7B)
        6738415616
    """
    return sum(parameters_by_part(config=config).values())


def active_parameters(*, config: "Mapping[str, object]", embeddings: str = "all") -> int:
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
    size = transformer_dimensions(config=config)
    parts = parameters_by_part(config=config)
    resting = size["num_experts"] - size["num_experts_per_tok"]
    active = sum(parts.values()) - size["num_moe_layers"] * resting * _expert_parameters(size)
    if embeddings == "all":
        return active
    active -= sum(
        parts[name]
        for name in ("token_embedding", "position_embedding", "segment_embedding", "output_head")
    )
    if embeddings == "output" and _family(config)["head"]:
        active += size["vocab_size"] * size["embedding_size"]
    return active


def _family(config: "Mapping[str, object]") -> "_Architecture":
    config = _check.mapping("config", config)
    model_type = config.get("model_type", "")
    return _ARCHITECTURES[_check.choice('config["model_type"]', model_type, MODEL_TYPES)]


def _present(config: "Mapping[str, object]", keys: "tuple[str, ...]") -> str:
    """Give the first key that the config has, or nothing."""
    for key in keys:
        if config.get(key) is not None:
            return key
    return ""


def _read(config: "Mapping[str, object]", name: str, derived: int = 0) -> int:
    """Read a size; one that the architecture has no key for is `derived` from the others."""
    family = _family(config)
    keys = family["keys"].get(name, ())
    key = _present(config, keys)
    if key:
        return _check.count(f'config["{key}"]', config[key])
    if not keys or name in family["derived"]:
        return derived
    if name in family["left_out"]:
        return int(family["left_out"][name])
    raise ValueError(f'config must have "{keys[0]}" when its model_type is {config["model_type"]}')


def _switch(config: "Mapping[str, object]", setting: "bool | str") -> bool:
    """Decide a yes or no: by itself, or by a key of the config."""
    if isinstance(setting, bool):
        return setting
    value = config.get(setting)
    if value is None or setting not in _family(config)["left_out"]:
        return bool(_family(config)["left_out"].get(setting, False))
    return _check.flag(f'config["{setting}"]', value)


def _pair(config: "Mapping[str, object]", key: str) -> "tuple[int, int]":
    """Read height and width: one number for both, or a list of two."""
    value = config.get(key)
    if value is None:
        raise ValueError(f'config must have "{key}" when its model_type is {config["model_type"]}')
    sides = list(value) if isinstance(value, (list, tuple)) else [value, value]
    if len(sides) != 2:
        raise ValueError(f'config["{key}"] must be one number or two, not {len(sides)}')
    height, width = (_check.count(f'config["{key}"]', side) for side in sides)
    return height, width


def _position_rows(config: "Mapping[str, object]") -> int:
    positions = _family(config)["positions"]
    if positions == "table":
        return _read(config, "max_position_embeddings")
    if positions == "offset table":  # OPT counts positions from 2
        return _read(config, "max_position_embeddings") + 2
    if positions != "patches":
        return 0
    image, patch = _pair(config, "image_size"), _pair(config, "patch_size")
    if image[0] < patch[0] or image[1] < patch[1]:
        raise ValueError(f"patch_size must be at most image_size, not {patch} in {image}")
    return (image[0] // patch[0]) * (image[1] // patch[1]) + 1  # and the class token


def _gated(config: "Mapping[str, object]") -> bool:
    """Say whether the MLP has a gate, which in T5 its activation tells."""
    if config["model_type"] != "t5":
        return _family(config)["gated"]
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


def _moe_layers(config: "Mapping[str, object]", layers: int) -> int:
    """Count the layers with experts."""
    if "num_experts" not in _family(config)["keys"]:
        return 0
    step = _read(config, "decoder_sparse_step", 1)
    dense = config.get("mlp_only_layers") if config["model_type"] == "qwen3_moe" else None
    if dense is None:
        dense = []
    if not isinstance(dense, (list, tuple)):
        raise TypeError('config["mlp_only_layers"] must be a list of layers, counted from 0')
    for layer in dense:
        _check.count('config["mlp_only_layers"]', layer, minimum=0, maximum=layers - 1)
    return layers // step - len({layer for layer in dense if (layer + 1) % step == 0})


def _layer_modules(
    config: "Mapping[str, object]", size: "dict[str, int]"
) -> "list[tuple[str, int, int, bool, int]]":
    """List the linear layers that repeat from layer to layer."""
    family = _family(config)
    width, inner = size["hidden_size"], size["intermediate_size"]
    queries = size["num_attention_heads"] * size["head_dim"]
    keys = size["num_key_value_heads"] * size["head_dim"]
    decoder_layers = size["num_decoder_layers"]
    attentions = size["num_hidden_layers"] + 2 * decoder_layers
    mlps = size["num_hidden_layers"] + decoder_layers - size["num_moe_layers"]
    qkv_bias, mlp_bias = bool(size["qkv_bias"]), bool(size["mlp_bias"])
    *projections, output = family["attention"]
    # One fused matrix where the family has one name for queries, keys and values.
    widths = [queries, keys, keys] if len(projections) == 3 else [queries + 2 * keys]
    layers = [(name, width, out, qkv_bias, attentions) for name, out in zip(projections, widths)]
    layers.append((output, queries, width, bool(size["output_bias"]), attentions))
    if mlps:
        *inward, outward = (
            family["mlp"] if config["model_type"] != "t5" or size["gated"] else ("wi", "wo")
        )
        # The gate of Phi-3 is fused with the matrix that it gates.
        fused = 2 if size["gated"] and len(inward) == 1 else 1
        layers.extend((name, width, fused * inner, mlp_bias, mlps) for name in inward)
        layers.append((outward, inner, width, mlp_bias, mlps))
    return layers


def _expert_parameters(size: "dict[str, int]") -> int:
    if not size["num_moe_layers"]:
        return 0
    return mlp_parameters(
        hidden_size=size["hidden_size"], intermediate_size=size["moe_intermediate_size"]
    )


def _norm_parameters(config: "Mapping[str, object]", size: "dict[str, int]") -> int:
    family = _family(config)
    in_layer, outside = family["norms"]
    if config["model_type"] == "falcon" and _switch(config, "parallel_attn"):
        # Attention and MLP side by side read the output of one norm, or of one each.
        norms = config.get("num_ln_in_parallel_attn")
        if norms is None:
            norms = 2 if _switch(config, "new_decoder_architecture") else 1
        in_layer = _check.count('config["num_ln_in_parallel_attn"]', norms, maximum=2)
    if config["model_type"] == "opt":
        removed = _switch(config, "_remove_final_layer_norm")
        outside = 0 if removed or not _switch(config, "do_layer_norm_before") else 1
        if not _switch(config, "layer_norm_elementwise_affine"):
            in_layer, outside = 0, 0
    layers = size["num_hidden_layers"]
    vectors = in_layer * layers + 3 * size["num_decoder_layers"] + outside
    numbers = vectors * size["hidden_size"]
    if _switch(config, family["head_norms"]):
        numbers += 2 * layers * size["head_dim"]
    return numbers * (2 if size["norm_bias"] else 1)
