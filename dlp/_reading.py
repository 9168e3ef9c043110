"""Rows of families that read: BERT, and the encoders after it."""

from dlp import _rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from dlp._rows import Bias, Family, Head, Module, Some

    Modules = tuple[Module, ...]
    Three = tuple[str, str, str]

_PREDICTIONS = "cls.predictions"
_DENSE, _DECODER = f"{_PREDICTIONS}.transform.dense", f"{_PREDICTIONS}.decoder"
_BERT_HEAD = (_DENSE, f"{_PREDICTIONS}.transform.LayerNorm", _DECODER)
_ROBERTA_HEAD = ("lm_head.dense", "lm_head.layer_norm", "lm_head.decoder")
_BERT_ATTENTION = ("self.query", "self.key", "self.value", "output.dense")
_BERT_NORMS = ("attention.output.LayerNorm", "output.LayerNorm")


def _masked(
    name: str,
    stem: str,
    layer: "Modules",
    modules: "Modules",
    *,
    path: str = "encoder.layer",
    count: str = "num_hidden_layers",
    sequences: "Head" = "pooled",
    **row: "Unpack[Some]",
) -> "Family":
    """Give the row of a family like BERT, which fills masks but is mostly used without its head."""
    usual: "Some" = {
        "base": stem,
        "keys": _rows.keys(),
        "numbers": {"rows": "max_position_embeddings"},
        "tied": True,
        "gated": False,
        "causal": False,
        "counted": "bare model",
    }
    usual.update(row)
    return _rows.family(
        name,
        modules,
        ((f"{stem}.{path}", count, layer),),
        language=f"{name}ForMaskedLM",
        sequences=sequences,
        **usual,
    )


def _mask_head(
    head: "Three", width: str = "e", own_bias: bool = True, where: str = "language_model"
) -> "Modules":
    """List what fills masks: a dense layer, a norm, and the output head."""
    dense, norm, last = head
    rows: "Modules" = (
        (dense, "projection", "d", width, True, where),
        (norm, "norm", "1", width, True, where),
        (last, "output_head", width, "V", True, where),
    )
    if not own_bias:
        return rows
    # A bias beside that of the output head, which is one with it where the head is tied.
    return (*rows, (last.rpartition(".")[0], "bias", "0", "V", True, f"{where} untied"))


def _table(path: str, part: str, rows: str, where: str = "", width: str = "e") -> "Module":
    """Give a table, by default one as wide as the embedding."""
    return (path, part, rows, width, False, where)


def _tables(
    base: str,
    *,
    positions: str = "embeddings.position_embeddings",
    width: str = "e",
    segments: bool = True,
    norm: str = "embeddings.LayerNorm",
    projection: str = "",
    where: str = "narrow",
    pooler: str = "pooler.dense",
) -> "Modules":
    """List what a family like BERT has before its layers, and the pooler behind them."""
    stem = f"{base}.embeddings"
    rows = [_table(f"{stem}.word_embeddings", "token_embedding", "V")]
    if positions:
        rows.append(_table(f"{base}.{positions}", "position_embedding", "rows", width=width))
    if segments:
        kinds = f"{stem}.token_type_embeddings"
        rows.append(_table(kinds, "segment_embedding", "type_vocab_size"))
    if norm:
        rows.append((f"{base}.{norm}", "norm", "1", "e", True, ""))
    if projection:
        rows.append((f"{base}.{projection}", "projection", "e", "d", True, where))
    if pooler:
        rows.append((f"{base}.{pooler}", "pooler", "d", "d", True, "pooler"))
    return tuple(rows)


def _bert_layer(norms: "tuple[str, ...]" = _BERT_NORMS, bias: "Bias" = True) -> "Modules":
    return (
        _rows.attention(bias, True, _BERT_ATTENTION, "attention")
        + _rows.mlp(True, ("intermediate.dense", "output.dense"), path="")
        + _rows.norms(norms, shift=True)
    )


def _sizes(
    words: int,
    shape: "tuple[int, int, int, int]" = (768, 12, 12, 3072),
    segments: int = 2,
    positions: int = 512,
    **others: object,
) -> "dict[str, object]":
    """Give the sizes of BERT base, from which most of its kin start."""
    found = _rows.sizes(*shape, words, max_position_embeddings=positions)
    found["type_vocab_size"] = segments
    found.update(others)
    return found


def _bert() -> "Family":
    modules = _tables("bert") + _mask_head(_BERT_HEAD)
    return _masked("Bert", "bert", _bert_layer(), modules, defaults=_sizes(30522))


def _roberta_like(name: str, base: str, words: int) -> "Family":
    modules = _tables(base) + _mask_head(_ROBERTA_HEAD)
    return _masked(name, base, _bert_layer(), modules, sequences="dense", defaults=_sizes(words))


def _roberta() -> "Family":
    return _roberta_like("Roberta", "roberta", 50265)


def _xlm_roberta() -> "Family":
    return _roberta_like("XLMRoberta", "roberta", 30522)


def _camembert() -> "Family":
    return _roberta_like("Camembert", "roberta", 30522)


def _data2vec_text() -> "Family":
    return _roberta_like("Data2VecText", "data2vec_text", 30522)


def _roberta_prelayernorm() -> "Family":
    base = "roberta_prelayernorm"
    return _masked(
        "RobertaPreLayerNorm",
        base,
        _bert_layer(("attention.LayerNorm", "intermediate.LayerNorm")),
        _tables(base) + _rows.norms((f"{base}.LayerNorm",), shift=True) + _mask_head(_ROBERTA_HEAD),
        sequences="dense",
        defaults=_sizes(50265),
    )


def _xlm_roberta_xl() -> "Family":
    return _masked(
        "XLMRobertaXL",
        "roberta",
        _bert_layer(("attention.self_attn_layer_norm", "LayerNorm")),
        _tables("roberta", norm="encoder.LayerNorm") + _mask_head(_ROBERTA_HEAD),
        sequences="dense",
        defaults=_sizes(250880, (2560, 36, 32, 10240), segments=1, positions=514),
    )


def _megatron_bert() -> "Family":
    return _masked(
        "MegatronBert",
        "bert",
        _bert_layer(("attention.ln", "ln")),
        _tables("bert", norm="encoder.ln") + _mask_head(_BERT_HEAD),
        defaults=_sizes(29056, (1024, 24, 16, 4096)),
    )


def _ernie() -> "Family":
    path = "ernie.embeddings.task_type_embeddings"
    tasks = _table(path, "segment_embedding", "task_type_vocab_size", "use_task_id")
    return _masked(
        "Ernie",
        "ernie",
        _bert_layer(),
        (*_tables("ernie"), tasks, *_mask_head(_BERT_HEAD)),
        defaults=_sizes(30522, task_type_vocab_size=3, use_task_id=False),
    )


def _electra() -> "Family":
    stem = "generator_predictions"
    head = (f"{stem}.dense", f"{stem}.LayerNorm", "generator_lm_head")
    return _masked(
        "Electra",
        "electra",
        _bert_layer(),
        _tables("electra", projection="embeddings_project", pooler="")
        + _mask_head(head, own_bias=False),
        sequences="dense",
        defaults=_sizes(30522, (256, 12, 4, 1024), embedding_size=128),
    )


def _albert() -> "Family":
    predictions = ("predictions.dense", "predictions.LayerNorm", "predictions.decoder")
    layer = "albert_layers.0"
    return _masked(
        "Albert",
        "albert",
        _rows.attention(True, True, ("query", "key", "value", "dense"), f"{layer}.attention")
        + _rows.mlp(True, ("ffn", "ffn_output"), layer)
        + _rows.norms(
            (f"{layer}.attention.LayerNorm", f"{layer}.full_layer_layer_norm"), shift=True
        ),
        _tables(
            "albert",
            projection="encoder.embedding_hidden_mapping_in",
            where="",
            pooler="pooler",
        )
        + _mask_head(predictions),
        # All layers of a group are one; its parameters count once.
        path="encoder.albert_layer_groups",
        count="num_hidden_groups",
        only={"inner_group_num": 1},
        defaults=_sizes(30000, (4096, 12, 64, 16384), embedding_size=128, num_hidden_groups=1),
    )


def _rembert() -> "Family":
    head = (f"{_PREDICTIONS}.dense", f"{_PREDICTIONS}.LayerNorm", _DECODER)
    return _masked(
        "RemBert",
        "rembert",
        _bert_layer(),
        _tables("rembert", projection="encoder.embedding_hidden_mapping_in", where="")
        + _mask_head(head, "output_embedding_size", own_bias=False),
        keys=_rows.keys(others={"embedding_size": "input_embedding_size"}),
        tied=None,
        defaults=_sizes(
            250300, (1152, 32, 18, 4608), embedding_size=256, output_embedding_size=1664
        ),
    )


def _roformer() -> "Family":
    return _masked(
        "RoFormer",
        "roformer",
        _bert_layer(),
        # The angles of its rotary positions are a table that is not trained.
        _tables(
            "roformer",
            positions="encoder.embed_positions",
            width="h",
            projection="embeddings_project",
            pooler="",
        )
        + _mask_head(_BERT_HEAD),
        sequences="dense",
        defaults=_sizes(50000, positions=1536),
    )


def _mpnet() -> "Family":
    path, rows = "mpnet.encoder.relative_attention_bias", "relative_attention_num_buckets"
    buckets = _table(path, "position_embedding", rows, width="a")
    names = ("attn.q", "attn.k", "attn.v", "attn.o")
    return _masked(
        "MPNet",
        "mpnet",
        _rows.attention(True, True, names, "attention")
        + _rows.mlp(True, ("intermediate.dense", "output.dense"), path="")
        + _rows.norms(("attention.LayerNorm", "output.LayerNorm"), shift=True),
        (*_tables("mpnet", segments=False), buckets, *_mask_head(_ROBERTA_HEAD)),
        sequences="dense",
        defaults=_sizes(30527, relative_attention_num_buckets=32),
    )


def _distilbert() -> "Family":
    layer = _rows.attention(True, True, ("q_lin", "k_lin", "v_lin", "out_lin"), "attention")
    layer += _rows.mlp(True, ("lin1", "lin2"), "ffn")
    layer += _rows.norms(("sa_layer_norm", "output_layer_norm"), shift=True)
    names = ("dim hidden_size", "n_layers num_hidden_layers", "n_heads num_attention_heads")
    head = ("vocab_transform", "vocab_layer_norm", "vocab_projector")
    return _masked(
        "DistilBert",
        "distilbert",
        layer,
        _tables("distilbert", segments=False, pooler="") + _mask_head(head, own_bias=False),
        path="transformer.layer",
        sequences="dense",
        keys=_rows.keys(*names, "hidden_dim"),
        defaults=_sizes(30522, (768, 6, 12, 3072)),
    )


def _big_bird() -> "Family":
    # Its heads keep the pooler, even where they do not read it.
    pooler: "Module" = ("bert.pooler", "pooler", "d", "d", True, "")
    return _masked(
        "BigBird",
        "bert",
        _bert_layer(bias="use_bias"),
        (*_tables("bert", pooler=""), pooler, *_mask_head(_BERT_HEAD)),
        sequences="dense",
        defaults=_sizes(50358, positions=4096, use_bias=True),
    )


def _deberta_like(
    name: str,
    attention: "Modules",
    relative: "Modules",
    keys: "dict[str, tuple[str, ...]]",
    defaults: "dict[str, object]",
) -> "Family":
    base = "deberta"
    stem = f"{base}.embeddings"
    later = "language_model !legacy"
    modules: "Modules" = (
        _table(f"{stem}.word_embeddings", "token_embedding", "V"),
        _table(
            f"{stem}.position_embeddings", "position_embedding", "rows", "position_biased_input"
        ),
        _table(f"{stem}.token_type_embeddings", "segment_embedding", "type_vocab_size"),
        (f"{stem}.embed_proj", "projection", "e", "d", False, "narrow"),
        (f"{stem}.LayerNorm", "norm", "1", "d", True, ""),
        *_mask_head(_BERT_HEAD, where="language_model legacy"),
        # Its later head reads the token embedding itself, and adds a bias.
        ("lm_predictions.lm_head.dense", "projection", "d", "d", True, later),
        ("lm_predictions.lm_head.LayerNorm", "norm", "1", "d", True, later),
        ("lm_predictions.lm_head", "bias", "0", "V", True, later),
    )
    return _masked(
        name,
        base,
        attention
        + (("attention.output.dense", "attention", "d", "d", True, ""),)
        + _rows.mlp(True, ("intermediate.dense", "output.dense"), path="")
        + _rows.norms(_BERT_NORMS, shift=True),
        modules + relative,
        sequences="dense",
        keys=keys,
        sets={
            "c2p": _rows.names_word("pos_att_type", "c2p"),
            "p2c": _rows.names_word("pos_att_type", "p2c"),
            "far": _rows.above_zero("max_relative_positions"),
            "buckets": _rows.above_zero("position_buckets"),
            "convolved": _rows.above_zero("conv_kernel_size"),
            "normed": _rows.names_word("norm_rel_ebd", "layer_norm"),
        },
        defaults=defaults | {"position_biased_input": True, "legacy": True},
    )


def _distances(rows: "dict[str, str]") -> "Modules":
    """List the table of relative positions, by what says how far they reach."""
    path, part = "deberta.encoder.rel_embeddings", "position_embedding"
    found: "list[Module]" = []
    for where, reach in rows.items():
        found.append(_table(path, part, f"2 {reach}", f"relative_attention {where}", "d"))
    return tuple(found)


def _deberta() -> "Family":
    names = "attention.self"
    return _deberta_like(
        "Deberta",
        (
            (f"{names}.in_proj", "attention", "d", "3 q", False, ""),
            (f"{names}.q_bias", "attention vector", "1", "q", False, ""),
            (f"{names}.v_bias", "attention vector", "1", "q", False, ""),
            (f"{names}.pos_proj", "attention", "d", "q", False, "relative_attention c2p"),
            (f"{names}.pos_q_proj", "attention", "d", "q", True, "relative_attention p2c"),
            (f"{names}.head_logits_proj", "attention", "a", "a", False, "talking_head"),
            (f"{names}.head_weights_proj", "attention", "a", "a", False, "talking_head"),
        ),
        _distances({"far": "max_relative_positions", "!far": "max_position_embeddings"}),
        _rows.keys(),
        _sizes(50265, segments=0),
    )


def _deberta_v2() -> "Family":
    names = "attention.self"
    apart = "relative_attention !share_att_key"
    conv, kernel = "deberta.encoder.conv", "d /conv_groups conv_kernel_size"
    return _deberta_like(
        "DebertaV2",
        (
            (f"{names}.query_proj", "attention", "d", "q", True, ""),
            (f"{names}.key_proj", "attention", "d", "q", True, ""),
            (f"{names}.value_proj", "attention", "d", "q", True, ""),
            (f"{names}.pos_key_proj", "attention", "d", "q", True, f"{apart} c2p"),
            (f"{names}.pos_query_proj", "attention", "d", "q", True, f"{apart} p2c"),
        ),
        _distances(
            {
                "buckets": "position_buckets",
                "!buckets far": "max_relative_positions",
                "!buckets !far": "max_position_embeddings",
            }
        )
        + _rows.norms(("deberta.encoder.LayerNorm",), shift=True, where="normed")
        + (
            (f"{conv}.conv", "mixer vector", kernel, "d", False, "convolved"),
            (f"{conv}.conv", "mixer vector", "1", "d", False, "convolved"),
            (f"{conv}.LayerNorm", "norm", "1", "d", True, "convolved"),
        ),
        _rows.keys(others={"head_dim": "attention_head_size"}),
        _sizes(128100, (1536, 24, 24, 6144), segments=0, conv_groups=1),
    )


def _modernbert() -> "Family":
    shift = "norm_bias"
    return _masked(
        "ModernBert",
        "model",
        _rows.attention("attention_bias", "attention_bias", ("Wqkv", "Wo"), "attn")
        + (
            ("mlp.Wi", "mlp", "d", "2 f", "mlp_bias", ""),
            ("mlp.Wo", "mlp", "f", "d", "mlp_bias", ""),
        )
        + _rows.norms(("attn_norm",), shift=shift, where="after_first")
        + _rows.norms(("mlp_norm",), shift=shift),
        (
            ("model.embeddings.tok_embeddings", "token_embedding", "V", "e", False, ""),
            # What fills masks goes on to serve heads over labels.
            ("head.dense", "projection", "d", "d", "classifier_bias", "!bare"),
            ("head.norm", "norm", "1", "d", shift, "!bare"),
            ("decoder", "output_head", "e", "V", "decoder_bias", "language_model"),
        )
        + _rows.norms(("model.embeddings.norm", "model.final_norm"), shift=shift),
        path="layers",
        numbers={},
        sequences="linear",
        gated=True,
        sets={"after_first": _rows.after_first},
        defaults=_rows.sizes(768, 22, 12, 1152, 50368, decoder_bias=True),
    )


def _eurobert() -> "Family":
    return _masked(
        "EuroBert",
        "model",
        _rows.attention("attention_bias", "attention_bias")
        + _rows.mlp("mlp_bias")
        + _rows.LAYER_NORMS,
        _rows.vocabulary(head_bias="mlp_bias"),
        path="layers",
        keys={},
        numbers={},
        sequences="dense",
        tied=False,
        gated=True,
        defaults=_rows.sizes(768, 12, 12, 3072, 128256),
    )


def _nomic_bert() -> "Family":
    base = "nomic_bert"
    head = (_DENSE, f"{_PREDICTIONS}.transform.layer_norm", _DECODER)
    pooler: "Module" = (f"{base}.pooler.dense", "pooler", "d", "d", True, "pooler !bare")
    return _masked(
        "NomicBert",
        base,
        _rows.attention(False, False)
        + _rows.mlp()
        + _rows.norms(("post_attention_layernorm", "post_mlp_layernorm"), shift=True),
        (*_tables(base, positions="", pooler=""), pooler, *_mask_head(head)),
        path="layers",
        keys=_rows.keys(others={"head_dim": "head_dim"}),
        numbers={},
        gated=True,
        defaults=_sizes(30528, positions=2048),
    )


ROWS: "dict[str, Callable[[], Family]]" = {
    "bert": _bert,
    "roberta": _roberta,
    "distilbert": _distilbert,
    "xlm-roberta": _xlm_roberta,
    "deberta-v2": _deberta_v2,
    "modernbert": _modernbert,
    "electra": _electra,
    "albert": _albert,
    "mpnet": _mpnet,
    "camembert": _camembert,
    "deberta": _deberta,
    "xlm-roberta-xl": _xlm_roberta_xl,
    "ernie": _ernie,
    "megatron-bert": _megatron_bert,
    "roberta-prelayernorm": _roberta_prelayernorm,
    "rembert": _rembert,
    "roformer": _roformer,
    "data2vec-text": _data2vec_text,
    "nomic_bert": _nomic_bert,
    "eurobert": _eurobert,
    "big_bird": _big_bird,
}
"""What gives the row of each `model_type`."""
