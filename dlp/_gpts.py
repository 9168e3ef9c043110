"""Rows of families of language models from before Llama, and of their kind."""

from dlp import _rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dlp._rows import Config, Family, Module, Read

_OUT = ("q_proj", "k_proj", "v_proj", "out_proj")
_GPT_KEYS = _rows.keys(
    "n_embd hidden_size",
    "n_layer num_hidden_layers",
    "n_head num_attention_heads",
    "n_inner",
    {"max_position_embeddings": "n_positions max_position_embeddings"},
)
_ROWS = {"rows": "max_position_embeddings"}


def _shifted(names: str) -> "tuple[Module, ...]":
    """List norms with a shift, by their names with a space between them."""
    return _rows.norms(tuple(names.split()), shift=True)


def _table(path: str) -> "tuple[Module, ...]":
    return ((path, "position_embedding", "rows", "d", False, ""),)


def _rotated(name: str, attention: "tuple[Module, ...]", sequences: bool) -> "Family":
    """Give the row of GPT-J or of CodeGen, whose output head has a bias."""
    return _rows.decoder(
        name,
        attention + _rows.mlp(True, ("fc_in", "fc_out")) + _shifted("ln_1"),
        modules=_rows.vocabulary("transformer.wte", head_bias=True, last=_LAST),
        path="transformer.h",
        base="transformer",
        keys=_GPT_KEYS,
        defaults=_rows.sizes(4096, 28, 16, None, 50400),
        gated=False,
        sequences="score" if sequences else "",
        tokens="",
    )


_LAST = _shifted("transformer.ln_f")


def _gptj() -> "Family":
    return _rotated("GPTJ", _rows.attention(False, False, _OUT, "attn"), sequences=True)


def _codegen() -> "Family":
    attention = _rows.attention(False, False, ("qkv_proj", "out_proj"), "attn")
    return _rotated("CodeGen", attention, sequences=False)


def _gpt_neo() -> "Family":
    return _rows.decoder(
        "GPTNeo",
        _rows.attention(False, True, _OUT, "attn.attention")
        + _rows.mlp(True, ("c_fc", "c_proj"))
        + _shifted("ln_1 ln_2"),
        modules=_rows.vocabulary("transformer.wte", last=_LAST) + _table("transformer.wpe"),
        path="transformer.h",
        base="transformer",
        keys=_rows.keys(
            layers="num_layers num_hidden_layers", heads="num_heads num_attention_heads"
        ),
        defaults=_rows.sizes(2048, 24, 16, None, 50257, max_position_embeddings=2048),
        numbers=_ROWS,
        tied=True,
        gated=False,
    )


def _mpt() -> "Family":
    row = _rows.decoder(
        "Mpt",
        _rows.attention(False, False, ("Wqkv", "out_proj"), "attn")
        + _rows.mlp(names=("up_proj", "down_proj"), path="ffn")
        + _rows.norms(("norm_1", "norm_2")),
        modules=_rows.vocabulary("transformer.wte", last=_rows.norms(("transformer.norm_f",))),
        path="transformer.blocks",
        base="transformer",
        keys=_rows.keys(
            "d_model hidden_size",
            "n_layers num_hidden_layers",
            "n_heads num_attention_heads",
            "",
        ),
        defaults=_rows.sizes(2048, 24, 16, None, 50368),
        tied=True,
        gated=False,
    )
    row["classes"]["MPTForCausalLM"] = "language model"  # as its own code called it
    return row


def _persimmon() -> "Family":
    return _rows.decoder(
        "Persimmon",
        _rows.attention(True, True, ("query_key_value", "dense"))
        + _rows.mlp(True, ("dense_h_to_4h", "dense_4h_to_h"))
        + _shifted("input_layernorm post_attention_layernorm")
        + _rows.norms(
            ("self_attn.q_layernorm", "self_attn.k_layernorm"), "h", True, "qk_layernorm"
        ),
        modules=_rows.vocabulary(last=_shifted("model.final_layernorm")),
        keys=_rows.keys(),
        defaults=_rows.sizes(4096, 36, 64, 16384, 262144, qk_layernorm=True),
        gated=False,
    )


def _last_layer(config: "Config", read: "Read", layers: int) -> list[int]:
    return [layers - 1]


def _gpt_neox_japanese() -> "Family":
    stem = "gpt_neox_japanese"
    return _rows.decoder(
        "GPTNeoXJapanese",
        _rows.attention(False, False, ("query_key_value", "dense"), "attention")
        + (("attention.dense_bias", "attention vector", "1", "d", False, "last"),)
        + _rows.mlp(names=("dense_h_to_4h", "dense_4h_to_h"))
        + _shifted("input_layernorm post_attention_layernorm"),
        modules=_rows.vocabulary(
            f"{stem}.embed_in", "embed_out", last=_shifted(f"{stem}.final_layer_norm")
        ),
        path=f"{stem}.layers",
        base=stem,
        keys=_rows.keys(inner=""),
        defaults=_rows.sizes(2560, 32, 32, None, 32000, intermediate_multiple_size=4),
        numbers={"intermediate_size": "intermediate_multiple_size d"},
        sets={"last": _last_layer},
        tied=True,
        gated=False,
        sequences="",
        tokens="",
    )


_FULLY_BIASED = (
    _rows.attention(True, True, _OUT)
    + _rows.mlp(True, ("fc1", "fc2"), path="")
    + _shifted("self_attn_layer_norm final_layer_norm")
)


def _biogpt() -> "Family":
    return _rows.decoder(
        "BioGpt",
        _FULLY_BIASED,
        modules=_rows.vocabulary(
            "biogpt.embed_tokens", "output_projection", last=_shifted("biogpt.layer_norm")
        )
        + _table("biogpt.embed_positions"),
        path="biogpt.layers",
        base="biogpt",
        keys=_rows.keys(),
        defaults=_rows.sizes(1024, 24, 16, 4096, 42384, max_position_embeddings=1024),
        numbers={"rows": "max_position_embeddings+2"},  # it counts positions from 2
        tied=True,
        gated=False,
    )


def _xglm() -> "Family":
    return _rows.decoder(
        "XGLM",
        _FULLY_BIASED,
        modules=_rows.vocabulary(last=_shifted("model.layer_norm")),
        keys=_rows.keys(
            "d_model hidden_size",
            "num_layers num_hidden_layers",
            "attention_heads num_attention_heads",
            "ffn_dim",
        ),
        defaults=_rows.sizes(1024, 24, 16, 4096, 256008),
        tied=True,
        gated=False,
        sequences="",
        tokens="",
    )


def _openai_gpt() -> "Family":
    return _rows.decoder(
        "OpenAIGPT",
        _rows.attention(True, True, ("c_attn", "c_proj"), "attn")
        + _rows.mlp(True, ("c_fc", "c_proj"))
        + _shifted("ln_1 ln_2"),
        modules=_rows.vocabulary("transformer.tokens_embed", last=())
        + _table("transformer.positions_embed"),
        path="transformer.h",
        base="transformer",
        language="OpenAIGPTLMHeadModel",
        keys=_GPT_KEYS | {"intermediate_size": ()},
        defaults=_rows.sizes(768, 12, 12, None, 40478, max_position_embeddings=512),
        numbers=_ROWS,
        tied=True,
        gated=False,
        tokens="",
    )


def _ctrl() -> "Family":
    path = "multi_head_attention"
    return _rows.decoder(
        "CTRL",
        _rows.attention(True, True, ("Wq", "Wk", "Wv", "dense"), path)
        + _rows.mlp(True, ("0", "2"), "ffn")
        + _shifted("layernorm1 layernorm2"),
        modules=_rows.vocabulary(
            "transformer.w", head_bias=True, last=_shifted("transformer.layernorm")
        ),
        path="transformer.h",
        base="transformer",
        language="CTRLLMHeadModel",
        keys=_GPT_KEYS | {"intermediate_size": ("dff",)},
        defaults=_rows.sizes(1280, 48, 16, 8192, 246534),
        tied=True,
        gated=False,
        tokens="",
    )


def _first_layer(config: "Config", read: "Read", layers: int) -> list[int]:
    return [0]


def _modernbert_decoder() -> "Family":
    shift = "norm_bias"
    return _rows.decoder(
        "ModernBertDecoder",
        _rows.attention(
            "attention_bias", "attention_bias", ("q_proj", "k_proj", "v_proj", "Wo"), "attn"
        )
        + (
            ("mlp.Wi", "mlp", "d", "2 f", "mlp_bias", ""),
            ("mlp.Wo", "mlp", "f", "d", "mlp_bias", ""),
        )
        + _rows.norms(("attn_norm",), shift=shift, where="!first")
        + _rows.norms(("mlp_norm",), shift=shift),
        modules=(("lm_head.dense", "projection", "d", "d", "classifier_bias", "language_model"),)
        + _rows.norms(("lm_head.norm",), shift=shift, where="language_model")
        + _rows.vocabulary(
            "model.embeddings.tok_embeddings",
            "decoder",
            head_bias="decoder_bias",
            last=_rows.norms(("model.embeddings.norm", "model.final_norm"), shift=shift),
        ),
        keys=_rows.keys(),
        defaults=_rows.sizes(
            768, 22, 12, 1152, 50368, decoder_bias=True, classifier_bias=False, norm_bias=False
        ),
        sets={"first": _first_layer},
        window=_rows.window("all but the first of some", 64, 3, "global_attn_every_n_layers"),
        tied=True,
        sequences="",
        tokens="",
    )


ROWS: "dict[str, Callable[[], Family]]" = {
    "gptj": _gptj,
    "gpt_neo": _gpt_neo,
    "codegen": _codegen,
    "mpt": _mpt,
    "persimmon": _persimmon,
    "gpt_neox_japanese": _gpt_neox_japanese,
    "biogpt": _biogpt,
    "xglm": _xglm,
    "openai-gpt": _openai_gpt,
    "ctrl": _ctrl,
    "modernbert-decoder": _modernbert_decoder,
}
"""What gives the row of each `model_type`."""
