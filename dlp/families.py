"""The families of models: one row for each `model_type` holds all that the package knows of it.

A row lists what has parameters, each as `(module, part, inputs, outputs, bias, copies)`: the name
that PEFT targets, the part that it counts to, two widths, whether its outputs have a bias (or the
key of a config that says so), and how many a model has. Widths and copies are words, for which a
config has the numbers: `d` is the width of the model, `q` and `k` are all query and all key heads,
`f` is the width inside the MLP, `m` that inside an expert, `V` the vocabulary, `e` the width of its
embedding.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypedDict, Unpack

    _Bias = bool | str
    _Module = tuple[str, str, str, str, _Bias, str]
    _Head = Literal["", "score", "linear", "dense", "pooled", "encoder"]
    _Counted = Literal["language model", "bare model", "encoder"]
    _Window = Literal["every layer", "every second", "all but every sixth", "upper layers"]

    class _Family(TypedDict, total=False):
        """What the package knows of a `model_type`."""

        keys: dict[str, tuple[str, ...]]  # our name -> its config's keys, the first found counts
        left_out: dict[str, int | bool]  # what a key means that its config may leave out
        derived: tuple[str, ...]  # names that it may leave out, and other sizes decide
        modules: tuple[_Module, ...]  # all that has parameters but norms and heads over labels
        norms: tuple[int, int]  # as wide as the model: in each layer, outside the layers
        head_norms: _Bias  # one on the queries and one on the keys of each layer
        norm_bias: bool
        tied: bool  # the output head, where the config does not say
        causal: bool
        heads: dict[str, _Head]  # by task, over labels, as Transformers builds them
        classes: dict[str, str]  # of Transformers: what is counted of each, or the task of its head
        counted: _Counted  # where the config names no class
        window: _Window  # the layers that look back over a `sliding_window` only
        prefix: str  # the width that PEFT gives a prefix


def _keys(
    width: str = "hidden_size",
    layers: str = "num_hidden_layers",
    heads: str = "num_attention_heads",
    inner: str = "intermediate_size",
    others: "dict[str, str] | None" = None,
) -> "dict[str, tuple[str, ...]]":
    """Give the keys of a family without grouped queries, alternatives with a space between them."""
    keys = {"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads}
    keys.update({"intermediate_size": inner, "num_key_value_heads": "", "head_dim": ""})
    keys.update(others or {})
    return {name: tuple(key.split()) for name, key in keys.items()}


def _attention(
    bias: "_Bias",
    output_bias: "_Bias",
    names: "tuple[str, ...]" = ("q_proj", "k_proj", "v_proj", "o_proj"),
) -> "tuple[_Module, ...]":
    """List the matrices of attention: three that lead in, or all three in one, and the output."""
    inward = ("q", "k", "k") if len(names) == 4 else ("qkv",)
    rows: "list[_Module]" = []
    for name, width in zip(names, inward):
        rows.append((name, "attention", "d", width, bias, "attentions"))
    return tuple(rows) + ((names[-1], "attention", "q", "d", output_bias, "attentions"),)


def _mlp(
    bias: "_Bias" = False, names: "tuple[str, ...]" = ("gate_proj", "up_proj", "down_proj")
) -> "tuple[_Module, ...]":
    """List the matrices of an MLP, of which the last leads out."""
    rows: "list[_Module]" = []
    for name in names[:-1]:
        rows.append((name, "mlp", "d", "f", bias, "mlps"))
    return tuple(rows) + ((names[-1], "mlp", "f", "d", bias, "mlps"),)


def _experts(gate: str, up: str, down: str) -> "tuple[_Module, ...]":
    """List a router and its experts, whose gate and up Transformers keeps in one parameter."""
    return (
        ("gate", "router", "d", "x", False, "routers"),
        (gate, "fused expert", "d", "m", False, "experts"),
        (up, "fused expert", "d", "m", False, "experts"),
        (down, "expert", "m", "d", False, "experts"),
    )


def _vocabulary(
    embedding: str = "embed_tokens", head: str = "lm_head", head_bias: bool = False
) -> "tuple[_Module, ...]":
    """List the token embedding and the output head."""
    return (
        (embedding, "token_embedding", "V", "e", False, "once"),
        (head, "output_head", "e", "V", head_bias, "output heads"),
    )


_POSITIONS: "tuple[_Module, ...]" = (
    ("positions", "position_embedding", "rows", "d", False, "once"),
)


def _masked(transform: str, head: str) -> "tuple[_Module, ...]":
    """List an embedding, and the head of pre-training: a dense layer, a norm and the vocabulary."""
    return _vocabulary("word_embeddings", head, True) + (
        (transform, "projection", "d", "d", True, "output heads"),
        ("LayerNorm", "norm", "1", "d", True, "output heads"),
    )


_GPT = _keys("n_embd", "n_layer", "n_head", "n_inner", {"max_position_embeddings": "n_positions"})
_GPT_LAYER = _attention(True, True, ("c_attn", "c_proj")) + _mlp(True, ("c_fc", "c_proj"))
_BERT = (
    _attention(True, True, ("query", "key", "value", "dense"))
    + _mlp(True, ("dense", "dense"))
    + _masked("dense", "decoder")
    + _POSITIONS
    + (
        ("segments", "segment_embedding", "types", "d", False, "once"),
        ("dense", "pooler", "d", "d", True, "poolers"),
        ("predictions", "bias", "0", "V", True, "untied heads"),  # beside that of the decoder
    )
)
_NEOX_LAYER = ("query_key_value", "dense")
_NEOX_MLP = ("dense_h_to_4h", "dense_4h_to_h")
_LLAMA = _attention("attention_bias", "attention_bias") + _mlp() + _vocabulary()
_QUIET: "dict[str, int | bool]" = {"attention_bias": False}


def _family(
    name: str,
    *,
    language: str | None = None,
    sequences: "_Head" = "score",
    tokens: "_Head" = "linear",
    images: "_Head" = "",
    **row: "Unpack[_Family]",
) -> "_Family":
    """Give the row of a family that Transformers calls `name`; what is left out is as in Llama.

    Over labels there is a matrix without a bias ("score") or with one ("linear"); behind a dense
    layer; behind the pooler; or behind an encoder that is left without its decoder.
    """
    heads: "dict[str, _Head]" = {}
    classes: "dict[str, str]" = {name + "Model": "bare model"}
    if language != "":
        classes[language or name + "ForCausalLM"] = "language model"
    for task, suffix, kind in (
        ("sequence-classification", "ForSequenceClassification", sequences),
        ("token-classification", "ForTokenClassification", tokens),
        ("image-classification", "ForImageClassification", images),
    ):
        if kind:
            heads[task] = kind
            classes[name + suffix] = task
    if tokens == "encoder":
        classes[name + "EncoderModel"] = "encoder"
    family: "_Family" = {
        "keys": {},
        "left_out": {},
        "derived": (),
        "norms": (2, 1),
        "head_norms": False,
        "norm_bias": False,
        "tied": False,
        "causal": True,
        "heads": heads,
        "classes": classes,
        "counted": "language model",
        "window": "every layer",
        "prefix": "k",
    }
    family.update(row)
    return family


def _masked_family(
    name: str,
    modules: "tuple[_Module, ...]",
    keys: "dict[str, tuple[str, ...]]",
    sequences: "_Head",
) -> "_Family":
    """Give the row of a family like BERT, which fills masks but is mostly used without its head."""
    return _family(
        name,
        modules=modules,
        language=name + "ForMaskedLM",
        keys=keys,
        norm_bias=True,
        tied=True,
        causal=False,
        sequences=sequences,
        counted="bare model",
    )


FAMILIES: "dict[str, _Family]" = {
    "llama": _family(
        "Llama",
        modules=_attention("attention_bias", "attention_bias") + _mlp("mlp_bias") + _vocabulary(),
        left_out={"attention_bias": False, "mlp_bias": False},
        derived=("num_key_value_heads", "head_dim"),
    ),
    "mistral": _family(
        "Mistral", modules=_attention(False, False) + _mlp() + _vocabulary(), derived=("head_dim",)
    ),
    "mixtral": _family(
        "Mixtral",
        modules=_attention(False, False) + _experts("w1", "w3", "w2") + _vocabulary(),
        keys={
            "num_experts": ("num_local_experts",),
            "moe_intermediate_size": ("intermediate_size",),
            "decoder_sparse_step": (),
        },
        derived=("head_dim",),
    ),
    "qwen2": _family(
        "Qwen2",
        modules=_attention(True, False) + _mlp() + _vocabulary(),
        derived=("head_dim",),
        window="upper layers",
    ),
    "qwen3": _family(
        "Qwen3", modules=_LLAMA, left_out=_QUIET, head_norms=True, window="upper layers"
    ),
    "qwen3_moe": _family(
        "Qwen3Moe",
        modules=_LLAMA + _experts("gate_proj", "up_proj", "down_proj"),
        keys={"num_experts": ("num_experts", "num_local_experts")},
        left_out={"attention_bias": False, "decoder_sparse_step": 1},
        head_norms=True,
        window="upper layers",
    ),
    "gemma": _family("Gemma", modules=_LLAMA, left_out=_QUIET, tied=True),
    "gemma2": _family(
        "Gemma2", modules=_LLAMA, left_out=_QUIET, norms=(4, 1), tied=True, window="every second"
    ),
    "gemma3_text": _family(
        "Gemma3Text",
        modules=_LLAMA,
        language="Gemma3ForCausalLM",
        # The text part of Gemma 3 4B says no more than where it differs from these.
        left_out={
            "attention_bias": False,
            "num_attention_heads": 8,
            "num_key_value_heads": 4,
            "head_dim": 256,
            "vocab_size": 262208,
        },
        norms=(4, 1),
        head_norms=True,
        tied=True,
        tokens="",
        window="all but every sixth",
    ),
    "phi": _family(
        "Phi",
        modules=_attention(True, True, ("q_proj", "k_proj", "v_proj", "dense"))
        + _mlp(True, ("fc1", "fc2"))
        + _vocabulary(head_bias=True),
        left_out={"qk_layernorm": False},
        derived=("num_key_value_heads", "head_dim"),
        norms=(1, 1),
        head_norms="qk_layernorm",
        norm_bias=True,
    ),
    "phi3": _family(
        "Phi3",
        modules=_attention(False, False, ("qkv_proj", "o_proj"))
        + (
            ("gate_up_proj", "mlp", "d", "2f", False, "mlps"),
            ("down_proj", "mlp", "f", "d", False, "mlps"),
        )
        + _vocabulary(),
        derived=("num_key_value_heads", "head_dim"),
    ),
    "gpt2": _family(
        "GPT2",
        modules=_GPT_LAYER + _vocabulary("wte") + _POSITIONS,
        language="GPT2LMHeadModel",
        keys=_GPT,
        derived=("intermediate_size",),
        norm_bias=True,
        tied=True,
    ),
    "gpt_neox": _family(
        "GPTNeoX",
        modules=_attention("attention_bias", "attention_bias", _NEOX_LAYER)
        + _mlp(True, _NEOX_MLP)
        + _vocabulary("embed_in"),
        keys=_keys(),
        left_out={"attention_bias": True},
        norm_bias=True,
    ),
    "opt": _family(
        "OPT",
        modules=_attention("enable_bias", "enable_bias", ("q_proj", "k_proj", "v_proj", "out_proj"))
        + _mlp("enable_bias", ("fc1", "fc2"))
        + (
            ("project_in", "projection", "e", "d", False, "narrow"),
            ("project_out", "projection", "d", "e", False, "narrow"),
        )
        + _vocabulary()
        # It counts positions from 2.
        + (("positions", "position_embedding", "rows + 2", "d", False, "once"),),
        keys=_keys(inner="ffn_dim", others={"embedding_size": "word_embed_proj_dim"}),
        left_out={
            "enable_bias": True,
            "do_layer_norm_before": True,
            "_remove_final_layer_norm": False,
            "layer_norm_elementwise_affine": True,
        },
        derived=("embedding_size",),
        norm_bias=True,
        tied=True,
        tokens="",
    ),
    "bloom": _family(
        "Bloom",
        modules=_attention(True, True, _NEOX_LAYER)
        + _mlp(True, _NEOX_MLP)
        + _vocabulary("word_embeddings"),
        keys=_keys(
            "hidden_size n_embed", "n_layer num_hidden_layers", "n_head num_attention_heads", ""
        ),
        norms=(2, 2),
        norm_bias=True,
        tied=True,
    ),
    "gpt_bigcode": _family(
        "GPTBigCode",
        modules=_GPT_LAYER + _vocabulary("wte") + _POSITIONS,
        keys=_GPT,
        left_out={"multi_query": True},
        derived=("intermediate_size",),
        norm_bias=True,
        tied=True,
    ),
    "falcon": _family(
        "Falcon",
        modules=_attention("bias", "bias", _NEOX_LAYER)
        + _mlp("bias", _NEOX_MLP)
        + _vocabulary("word_embeddings"),
        keys=_keys(inner="ffn_hidden_size", others={"num_key_value_heads": "num_kv_heads"}),
        left_out={
            "bias": False,
            "multi_query": True,
            "parallel_attn": True,
            "new_decoder_architecture": False,
        },
        derived=("num_key_value_heads", "intermediate_size"),
        norm_bias=True,
        tied=True,
        prefix="d",  # PEFT finds no key of its key heads
    ),
    "bert": _masked_family("Bert", _BERT, _keys(), "pooled"),
    "roberta": _masked_family("Roberta", _BERT, _keys(), "dense"),
    "distilbert": _masked_family(
        "DistilBert",
        _attention(True, True, ("q_lin", "k_lin", "v_lin", "out_lin"))
        + _mlp(True, ("lin1", "lin2"))
        + _masked("vocab_transform", "vocab_projector")
        + _POSITIONS,
        _keys("dim", "n_layers", "n_heads", "hidden_dim"),
        "dense",
    ),
    "t5": _family(
        "T5",
        modules=_attention(False, False, ("q", "k", "v", "o"))
        + (
            ("wi", "mlp", "d", "f", False, "plain mlps"),
            ("wi_0", "mlp", "d", "f", False, "gated mlps"),
            ("wi_1", "mlp", "d", "f", False, "gated mlps"),
            ("wo", "mlp", "f", "d", False, "mlps"),
        )
        + _vocabulary("shared")
        # The first layer of the encoder and that of the decoder hold a table for all others.
        + (("positions", "position_embedding", "buckets", "heads", False, "stacks"),),
        language="T5ForConditionalGeneration",
        keys=_keys("d_model", "num_layers", "num_heads", "d_ff", {"head_dim": "d_kv"}),
        left_out={"relative_attention_num_buckets": 32},
        derived=("num_decoder_layers",),
        tied=True,
        causal=False,
        sequences="dense",
        tokens="encoder",
        prefix="d",  # PEFT finds no key of its key heads
    ),
    "vit": _family(
        "ViT",
        modules=_attention("qkv_bias", True)
        + _mlp(True, ("fc1", "fc2"))
        + (
            ("patches", "patch_embedding", "pixels", "d", True, "once"),
            ("class_token", "patch_embedding", "1", "d", False, "once"),
        )
        + _POSITIONS
        + (("dense", "pooler", "d", "pooled", True, "poolers"),),
        language="",
        keys=_keys(),
        left_out={"qkv_bias": True, "num_channels": 3},
        derived=("pooler_output_size",),
        norm_bias=True,
        causal=False,
        sequences="",
        tokens="",
        images="linear",
        counted="bare model",
    ),
}
"""The families by their `model_type`, as in a `config.json`."""

MODEL_TYPES = tuple(FAMILIES)
"""The `model_type` values, as in a `config.json`, whose parameters the package counts."""
