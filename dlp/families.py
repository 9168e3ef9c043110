"""The families of models: a row for each `model_type` holds all that the package knows of it."""

from dlp import _dense, _gpts, _latent, _linear, _mixed, _mixers, _rows, _sparse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dlp._rows import Family, Head, Module

_LLAMA = _rows.attention("attention_bias", "attention_bias") + _rows.LAYER_NORMS


def _llama() -> "Family":
    layer = (
        _rows.attention("attention_bias", "attention_bias")
        + _rows.mlp("mlp_bias")
        + _rows.LAYER_NORMS
    )
    return _rows.decoder("Llama", layer, defaults=_rows.sizes(4096, 32, 32, 11008, 32000))


def _mistral() -> "Family":
    defaults = _rows.sizes(4096, 32, 32, 14336, 32000, num_key_value_heads=8)
    return _rows.decoder(
        "Mistral",
        _rows.attention(False, False) + _rows.mlp() + _rows.LAYER_NORMS,
        defaults=defaults,
    )


def _mixtral() -> "Family":
    return _rows.decoder(
        "Mixtral",
        _rows.attention(False, False) + _rows.experts(("w1", "w3", "w2")) + _rows.LAYER_NORMS,
        keys={
            "num_experts": ("num_local_experts", "num_experts"),
            "moe_intermediate_size": ("intermediate_size",),
        },
        defaults=_rows.sizes(
            4096,
            32,
            32,
            14336,
            32000,
            num_key_value_heads=8,
            num_experts=8,
            num_experts_per_tok=2,
            moe_intermediate_size=14336,
        ),
    )


def _qwen2() -> "Family":
    return _rows.decoder(
        "Qwen2",
        _rows.attention(True, False) + _rows.mlp() + _rows.LAYER_NORMS,
        defaults=_rows.sizes(4096, 32, 32, 22016, 151936, num_key_value_heads=32),
        window="upper layers",
    )


def _qwen3() -> "Family":
    return _rows.decoder(
        "Qwen3",
        _LLAMA + _rows.mlp() + _rows.HEAD_NORMS,
        defaults=_rows.sizes(4096, 32, 32, 22016, 151936, num_key_value_heads=32, head_dim=128),
        window="upper layers",
    )


def _qwen3_moe() -> "Family":
    return _rows.decoder(
        "Qwen3Moe",
        _LLAMA + _rows.mlp(where="!sparse") + _rows.experts(where="sparse") + _rows.HEAD_NORMS,
        keys={"num_experts": ("num_experts", "num_local_experts")},
        defaults=_rows.sizes(
            2048,
            24,
            32,
            6144,
            151936,
            num_key_value_heads=4,
            moe_intermediate_size=768,
            num_experts=128,
            num_experts_per_tok=8,
            decoder_sparse_step=1,
        ),
        sets={"sparse": _rows.by_step},
        window="upper layers",
    )


def _gemma() -> "Family":
    defaults = _rows.sizes(3072, 28, 16, 24576, 256000, num_key_value_heads=16, head_dim=256)
    return _rows.decoder("Gemma", _LLAMA + _rows.mlp(), defaults=defaults, tied=True)


def _gemma2() -> "Family":
    return _rows.decoder(
        "Gemma2",
        _rows.attention("attention_bias", "attention_bias") + _rows.mlp() + _rows.SANDWICH,
        defaults=_rows.sizes(2304, 26, 8, 9216, 256000, num_key_value_heads=4, head_dim=256),
        tied=True,
        window="every second",
    )


def _gemma3_text() -> "Family":
    return _rows.decoder(
        "Gemma3Text",
        _rows.attention("attention_bias", "attention_bias")
        + _rows.mlp()
        + _rows.SANDWICH
        + _rows.HEAD_NORMS,
        language="Gemma3ForCausalLM",
        defaults=_rows.sizes(2304, 26, 8, 9216, 262208, num_key_value_heads=4, head_dim=256),
        tied=True,
        tokens="",
        window="all but every sixth",
    )


def _phi() -> "Family":
    return _rows.decoder(
        "Phi",
        _rows.attention(True, True, ("q_proj", "k_proj", "v_proj", "dense"))
        + _rows.mlp(True, ("fc1", "fc2"))
        + _rows.norms(("input_layernorm",), shift=True)
        + _rows.norms(
            ("self_attn.q_layernorm", "self_attn.k_layernorm"), "h", True, "qk_layernorm"
        ),
        modules=_rows.vocabulary(
            head_bias=True, last=_rows.norms(("model.final_layernorm",), shift=True)
        ),
        defaults=_rows.sizes(2048, 24, 32, 8192, 51200),
        gated=False,
    )


def _phi3() -> "Family":
    return _rows.decoder(
        "Phi3",
        _rows.attention(False, False, ("qkv_proj", "o_proj"))
        + (
            ("mlp.gate_up_proj", "mlp", "d", "2 f", False, ""),
            ("mlp.down_proj", "mlp", "f", "d", False, ""),
        )
        + _rows.LAYER_NORMS,
        defaults=_rows.sizes(3072, 32, 32, 8192, 32064),
    )


def _gpt(name: str, language: str, **defaults: object) -> "Family":
    return _rows.decoder(
        name,
        _rows.attention(True, True, ("c_attn", "c_proj"), "attn")
        + _rows.mlp(True, ("c_fc", "c_proj"))
        + _rows.norms(("ln_1", "ln_2"), shift=True),
        modules=_rows.vocabulary(
            "transformer.wte", last=_rows.norms(("transformer.ln_f",), shift=True)
        )
        + (("transformer.wpe", "position_embedding", "rows", "d", False, ""),),
        path="transformer.h",
        base="transformer",
        language=language,
        keys=_rows.keys(
            "n_embd hidden_size",
            "n_layer num_hidden_layers",
            "n_head num_attention_heads",
            "n_inner",
            {"max_position_embeddings": "n_positions max_position_embeddings"},
        ),
        defaults=_rows.sizes(768, 12, 12, None, 50257, max_position_embeddings=1024, **defaults),
        numbers={"rows": "max_position_embeddings"},
        tied=True,
        gated=False,
    )


def _gpt2() -> "Family":
    return _gpt("GPT2", "GPT2LMHeadModel")


def _gpt_bigcode() -> "Family":
    return _gpt("GPTBigCode", "GPTBigCodeForCausalLM", multi_query=True)


def _gpt_neox() -> "Family":
    return _rows.decoder(
        "GPTNeoX",
        _rows.attention(
            "attention_bias", "attention_bias", ("query_key_value", "dense"), "attention"
        )
        + _rows.mlp(True, ("dense_h_to_4h", "dense_4h_to_h"))
        + _rows.norms(("input_layernorm", "post_attention_layernorm"), shift=True),
        modules=_rows.vocabulary(
            "gpt_neox.embed_in", last=_rows.norms(("gpt_neox.final_layer_norm",), shift=True)
        ),
        path="gpt_neox.layers",
        base="gpt_neox",
        keys=_rows.keys(),
        defaults=_rows.sizes(6144, 44, 64, 24576, 50432, attention_bias=True),
        gated=False,
    )


def _opt() -> "Family":
    names = ("q_proj", "k_proj", "v_proj", "out_proj")
    stem = "model.decoder"
    after = _rows.norms((f"{stem}.final_layer_norm",), shift=True, where=_OPT_LAST)
    return _rows.decoder(
        "OPT",
        _rows.attention("enable_bias", "enable_bias", names)
        + _rows.mlp("enable_bias", ("fc1", "fc2"), path="")
        + _rows.norms(("self_attn_layer_norm", "final_layer_norm"), shift=True, where=_OPT_NORM),
        modules=(
            (f"{stem}.project_in", "projection", "e", "d", False, "narrow"),
            (f"{stem}.project_out", "projection", "d", "e", False, "narrow"),
        )
        + _rows.vocabulary(f"{stem}.embed_tokens", last=after)
        + ((f"{stem}.embed_positions", "position_embedding", "rows", "d", False, ""),),
        path=f"{stem}.layers",
        keys=_rows.keys(inner="ffn_dim", others={"embedding_size": "word_embed_proj_dim"}),
        defaults=_rows.sizes(
            768,
            12,
            12,
            3072,
            50272,
            max_position_embeddings=2048,
            enable_bias=True,
            do_layer_norm_before=True,
            layer_norm_elementwise_affine=True,
        ),
        numbers={"rows": "max_position_embeddings+2"},  # it counts positions from 2
        tied=True,
        gated=False,
        tokens="",
    )


_OPT_NORM = "layer_norm_elementwise_affine"
_OPT_LAST = f"{_OPT_NORM} do_layer_norm_before !_remove_final_layer_norm"


def _bloom() -> "Family":
    return _rows.decoder(
        "Bloom",
        _rows.attention(True, True, ("query_key_value", "dense"), "self_attention")
        + _rows.mlp(True, ("dense_h_to_4h", "dense_4h_to_h"))
        + _rows.norms(("input_layernorm", "post_attention_layernorm"), shift=True),
        modules=_rows.vocabulary(
            "transformer.word_embeddings",
            last=_rows.norms(
                ("transformer.word_embeddings_layernorm", "transformer.ln_f"), shift=True
            ),
        ),
        path="transformer.h",
        base="transformer",
        keys=_rows.keys(
            "hidden_size n_embed", "n_layer num_hidden_layers", "n_head num_attention_heads", ""
        ),
        defaults=_rows.sizes(64, 2, 8, None, 250880),
        tied=True,
        gated=False,
    )


def _falcon() -> "Family":
    return _rows.decoder(
        "Falcon",
        _rows.attention("bias", "bias", ("query_key_value", "dense"), "self_attention")
        + _rows.mlp("bias", ("dense_h_to_4h", "dense_4h_to_h"))
        # Attention and MLP side by side read the output of one norm, or of one each.
        + _rows.norms(("ln_attn", "ln_mlp"), shift=True, where="parallel_attn two_norms")
        + _rows.norms(("input_layernorm",), shift=True, where="parallel_attn !two_norms")
        + _rows.norms(
            ("input_layernorm", "post_attention_layernorm"), shift=True, where="!parallel_attn"
        ),
        modules=_rows.vocabulary(
            "transformer.word_embeddings", last=_rows.norms(("transformer.ln_f",), shift=True)
        ),
        path="transformer.h",
        base="transformer",
        keys=_rows.keys(inner="ffn_hidden_size", others={"num_key_value_heads": "num_kv_heads"}),
        defaults=_rows.sizes(4544, 32, 71, None, 65024, multi_query=True, parallel_attn=True),
        sets={"two_norms": _rows.two_norms},
        tied=True,
        gated=False,
        prefix="d",  # PEFT finds no key of its key heads
    )


def _masked(
    name: str,
    stem: str,
    layer: "tuple[Module, ...]",
    head: "tuple[str, str, str]",
    *,
    path: str = "encoder.layer",
    tables: "tuple[Module, ...]" = (),
    sequences: "Head" = "pooled",
    named: "dict[str, tuple[str, ...]]",
    defaults: "dict[str, object]",
) -> "Family":
    """Give the row of a family like BERT, which fills masks but is mostly used without its head."""
    dense, norm, last = head
    modules: "tuple[Module, ...]" = (
        (f"{stem}.embeddings.word_embeddings", "token_embedding", "V", "e", False, ""),
        (f"{stem}.embeddings.position_embeddings", "position_embedding", "rows", "e", False, ""),
    )
    modules += tables + _rows.norms((f"{stem}.embeddings.LayerNorm",), "e", True)
    modules += (
        (dense, "projection", "d", "e", True, "language_model"),
        (norm, "norm", "1", "e", True, "language_model"),
        (last, "output_head", "e", "V", True, "language_model"),
    )
    return _rows.family(
        name,
        modules,
        ((f"{stem}.{path}", "num_hidden_layers", layer),),
        base=stem,
        language=f"{name}ForMaskedLM",
        sequences=sequences,
        numbers={"rows": "max_position_embeddings"},
        tied=True,
        gated=False,
        causal=False,
        counted="bare model",
        keys=named,
        defaults=defaults,
    )


def _bert_like(
    name: str, base: str, head: "tuple[str, str, str]", sequences: "Head", segments: int, words: int
) -> "Family":
    layer = _rows.attention(
        True, True, ("self.query", "self.key", "self.value", "output.dense"), "attention"
    )
    layer += _rows.mlp(True, ("intermediate.dense", "output.dense"), path="")
    layer += _rows.norms(("attention.output.LayerNorm", "output.LayerNorm"), shift=True)
    kinds: "Module" = (
        f"{base}.embeddings.token_type_embeddings",
        "segment_embedding",
        "type_vocab_size",
        "e",
        False,
        "",
    )
    # Beside that of the output head.
    bias: "Module" = (head[2].rpartition(".")[0], "bias", "0", "V", True, "language_model untied")
    return _masked(
        name,
        base,
        layer,
        head,
        tables=(kinds, bias, (f"{base}.pooler.dense", "pooler", "d", "d", True, "pooler")),
        sequences=sequences,
        named=_rows.keys(),
        defaults=_rows.sizes(
            768, 12, 12, 3072, words, max_position_embeddings=512, type_vocab_size=segments
        ),
    )


_PREDICTIONS = "cls.predictions"
_BERT_HEAD = (
    f"{_PREDICTIONS}.transform.dense",
    f"{_PREDICTIONS}.transform.LayerNorm",
    f"{_PREDICTIONS}.decoder",
)
_ROBERTA_HEAD = ("lm_head.dense", "lm_head.layer_norm", "lm_head.decoder")


def _bert() -> "Family":
    return _bert_like("Bert", "bert", _BERT_HEAD, "pooled", 2, 30522)


def _roberta() -> "Family":
    return _bert_like("Roberta", "roberta", _ROBERTA_HEAD, "dense", 2, 50265)


def _distilbert() -> "Family":
    layer = _rows.attention(True, True, ("q_lin", "k_lin", "v_lin", "out_lin"), "attention")
    layer += _rows.mlp(True, ("lin1", "lin2"), "ffn")
    return _masked(
        "DistilBert",
        "distilbert",
        layer + _rows.norms(("sa_layer_norm", "output_layer_norm"), shift=True),
        ("vocab_transform", "vocab_layer_norm", "vocab_projector"),
        path="transformer.layer",
        sequences="dense",
        named=_rows.keys(
            "dim hidden_size",
            "n_layers num_hidden_layers",
            "n_heads num_attention_heads",
            "hidden_dim",
        ),
        defaults=_rows.sizes(768, 6, 12, 3072, 30522, max_position_embeddings=512),
    )


def _t5() -> "Family":
    return _t5_like("T5", _rows.sizes(512, 6, 8, 2048, 32128, head_dim=64))


def _t5_like(name: str, defaults: "dict[str, object]") -> "Family":
    names = ("q", "k", "v", "o")

    def block(last: int) -> "tuple[Module, ...]":
        path = f"layer.{last}.DenseReluDense"
        return (
            _rows.attention(False, False, names, "layer.0.SelfAttention")
            + _rows.mlp(names=("wi", "wo"), path=path, where="!gated")
            + _rows.mlp(names=("wi_0", "wi_1", "wo"), path=path, where="gated")
            + _rows.norms(("layer.0.layer_norm", f"layer.{last}.layer_norm"))
        )

    crossed = _rows.attention(False, False, names, "layer.1.EncDecAttention")
    modules: "tuple[Module, ...]" = (
        ("shared", "token_embedding", "V", "e", False, ""),
        ("lm_head", "output_head", "e", "V", False, "language_model"),
    )
    # The first layer of the encoder and that of the decoder hold a table for all others.
    for stack, where in (("encoder", ""), ("decoder", "decoder")):
        table = f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias"
        modules += ((table, "position_embedding", "buckets", "a", False, where),)
        modules += _rows.norms((f"{stack}.final_layer_norm",), where=where)
    return _rows.family(
        name,
        modules,
        (
            ("encoder.block", "num_hidden_layers", block(1)),
            (
                "decoder.block",
                "num_decoder_layers",
                block(2) + crossed + _rows.norms(("layer.1.layer_norm",)),
            ),
        ),
        base="",
        language=f"{name}ForConditionalGeneration",
        keys=_rows.keys(
            "d_model hidden_size",
            "num_layers num_hidden_layers",
            "num_heads num_attention_heads",
            "d_ff",
            {"head_dim": "d_kv head_dim"},
        ),
        defaults=defaults | {"relative_attention_num_buckets": 32},
        numbers={"buckets": "relative_attention_num_buckets"},
        sets={"gated": _rows.gated_t5},
        tied=True,
        causal=False,
        sequences="dense",
        tokens="encoder",
        prefix="d",  # PEFT finds no key of its key heads
    )


def _vit() -> "Family":
    layer = _rows.attention("qkv_bias", True, ("q_proj", "k_proj", "v_proj", "o_proj"), "attention")
    layer += _rows.mlp(True, ("fc1", "fc2"))
    layer += _rows.norms(("layernorm_before", "layernorm_after"), shift=True)
    return _rows.family(
        "ViT",
        (
            (
                "vit.embeddings.patch_embeddings.projection",
                "patch_embedding",
                "pixels",
                "d",
                True,
                "",
            ),
            ("vit.embeddings.cls_token", "patch_embedding", "1", "d", False, ""),
            ("vit.embeddings.position_embeddings", "position_embedding", "rows", "d", False, ""),
            ("vit.pooler.dense", "pooler", "d", "pooler_output_size", True, "pooler"),
        )
        + _rows.norms(("vit.layernorm",), shift=True),
        (("vit.layers", "num_hidden_layers", layer),),
        base="vit",
        language="",
        keys=_rows.keys(),
        defaults=_rows.sizes(
            768, 12, 12, 3072, None, image_size=224, patch_size=16, num_channels=3, qkv_bias=True
        ),
        numbers={"rows": "patches+1"},
        gated=False,
        causal=False,
        sequences="",
        tokens="",
        images="linear",
        counted="bare model",
    )


FAMILIES: "dict[str, Callable[[], Family]]" = {
    "llama": _llama,
    "mistral": _mistral,
    "mixtral": _mixtral,
    "qwen2": _qwen2,
    "qwen3": _qwen3,
    "qwen3_moe": _qwen3_moe,
    "gemma": _gemma,
    "gemma2": _gemma2,
    "gemma3_text": _gemma3_text,
    "phi": _phi,
    "phi3": _phi3,
    "gpt2": _gpt2,
    "gpt_neox": _gpt_neox,
    "opt": _opt,
    "bloom": _bloom,
    "gpt_bigcode": _gpt_bigcode,
    "falcon": _falcon,
    "bert": _bert,
    "roberta": _roberta,
    "distilbert": _distilbert,
    "t5": _t5,
    "vit": _vit,
    "gpt-sw3": _gpt2,
    **_dense.ROWS,
    **_gpts.ROWS,
    **_mixed.ROWS,
    **_sparse.ROWS,
    **_latent.ROWS,
    **_linear.ROWS,
    **_mixers.ROWS,
}
"""What gives the row of each `model_type`."""

MODEL_TYPES = tuple(FAMILIES)
"""The `model_type` values, as in a `config.json`, whose parameters the package counts."""
