"""The families of models: a row for each `model_type` holds all that the package knows of it."""

from dlp import (
    _dense,
    _documents,
    _gpts,
    _hearing,
    _joining,
    _latent,
    _linear,
    _mixed,
    _mixers,
    _reading,
    _rows,
    _seeing,
    _sparse,
    _translating,
    _viewing,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dlp._rows import Family

    Rows = dict[str, Callable[[], Family]]

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
        window=_rows.window(tokens=4096),
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
        window=_rows.window("upper layers", 4096, 28, "max_window_layers", used=True),
    )


def _qwen3() -> "Family":
    return _rows.decoder(
        "Qwen3",
        _LLAMA + _rows.mlp() + _rows.HEAD_NORMS,
        defaults=_rows.sizes(4096, 32, 32, 22016, 151936, num_key_value_heads=32, head_dim=128),
        window=_rows.window("upper layers", 4096, 28, "max_window_layers", used=True),
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
        optional=("num_experts",),
        sets={"sparse": _rows.by_step},
        window=_rows.window(tokens=4096, used=True),
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
        window=_rows.window("every second", 4096),
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
        window=_rows.window("all but the last of some", 4096, 6, "sliding_window_pattern"),
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
        # It counts positions from 2; a head over labels reads the narrow side.
        numbers={"rows": "max_position_embeddings+2", "label_inputs": "e"},
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


# The rows of a module are loaded when one of them is asked for. A function for each, because the
# script of a calculator leaves out functions that it does not run, with the modules they name.


def _of_dense() -> "Rows":
    return _dense.ROWS


def _of_gpts() -> "Rows":
    return _gpts.ROWS


def _of_mixed() -> "Rows":
    return _mixed.ROWS


def _of_sparse() -> "Rows":
    return _sparse.ROWS


def _of_latent() -> "Rows":
    return _latent.ROWS


def _of_linear() -> "Rows":
    return _linear.ROWS


def _of_mixers() -> "Rows":
    return _mixers.ROWS


def _of_reading() -> "Rows":
    return _reading.ROWS


def _of_translating() -> "Rows":
    return _translating.ROWS


def _of_seeing() -> "Rows":
    return _seeing.ROWS


def _of_hearing() -> "Rows":
    return _hearing.ROWS


def _of_joining() -> "Rows":
    return _joining.ROWS


def _of_viewing() -> "Rows":
    return _viewing.ROWS


def _of_documents() -> "Rows":
    return _documents.ROWS


def _later(rows: "Callable[[], Rows]", names: str) -> "Rows":
    return {name: _named(rows, name) for name in names.split(" ")}


def _named(rows: "Callable[[], Rows]", name: str) -> "Callable[[], Family]":
    return lambda: rows()[name]()


FAMILIES: "Rows" = {
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
    "gpt-sw3": _gpt2,
    **_later(
        _of_dense,
        "smollm3 olmo olmo2 olmo3 granite granite_swa starcoder2 cohere cohere2 glm glm4 "
        "exaone4 nemotron stablelm helium seed_oss arcee apertus cwm ministral ministral3 "
        "hunyuan_v1_dense ernie4_5 vaultgemma hyperclovax jais2 internlm3 iquestcoder bitnet "
        "diffllama nanochat",
    ),
    **_later(
        _of_gpts,
        "gptj gpt_neo codegen mpt persimmon gpt_neox_japanese biogpt xglm openai-gpt ctrl "
        "modernbert-decoder",
    ),
    **_later(
        _of_mixed,
        "gemma3n_text gemma4_text gemma4_unified_text youtu minicpm3 mellum laguna kolibri1 doge",
    ),
    **_later(
        _of_sparse,
        "gpt_oss qwen2_moe llama4_text glm4_moe olmoe granitemoe granitemoeshared "
        "granitemoe_swa phimoe dots1 ernie4_5_moe minimax_m2 hunyuan_v1_moe exaone_moe "
        "flex_olmo afmoe solar_open aria_text hy_v3 cohere2_moe mimo_v2_flash dbrx jetmoe",
    ),
    **_later(
        _of_latent,
        "mistral4 deepseek_v3 deepseek_v2 deepseek_v32 glm4_moe_lite glm_moe_dsa axk1 "
        "longcat_flash",
    ),
    **_later(
        _of_linear,
        "qwen3_next qwen3_5_text qwen3_5_moe_text minimax olmo_hybrid kimi_linear "
        "bailing_hybrid recurrent_gemma rwkv xlstm",
    ),
    **_later(
        _of_mixers,
        "granitemoehybrid mamba mamba2 falcon_mamba jamba bamba falcon_h1 lfm2 lfm2_moe "
        "nemotron_h zamba",
    ),
    **_later(
        _of_reading,
        "bert roberta distilbert xlm-roberta deberta-v2 modernbert electra albert mpnet "
        "camembert deberta xlm-roberta-xl ernie megatron-bert roberta-prelayernorm rembert "
        "roformer data2vec-text nomic_bert eurobert big_bird",
    ),
    **_later(
        _of_translating,
        "t5 bart mt5 umt5 mbart pegasus marian m2m_100 whisper blenderbot blenderbot-small "
        "plbart bigbird_pegasus mvp",
    ),
    **_later(
        _of_seeing,
        "vit clip_vision_model clip_text_model siglip_vision_model siglip_text_model dinov2 "
        "deit beit internvl_vision pixtral idefics3_vision smolvlm_vision qwen2_vl_vision "
        "qwen2_5_vl_vision qwen3_vl_vision",
    ),
    **_later(_of_hearing, "wav2vec2 hubert"),
    **_later(
        _of_joining,
        "clip siglip gemma3 llava llava_next llava_onevision mistral3 lighton_ocr qwen2_vl "
        "qwen2_5_vl qwen3_vl paligemma internvl mllama mllama_text_model mllama_vision_model "
        "idefics3 smolvlm",
    ),
    **_later(
        _of_viewing,
        "qwen3_5 qwen3_vl_text qwen2_5_vl_text qwen2_vl_text qwen3_5_vision qwen3_5_moe "
        "qwen3_5_moe_vision qwen3_vl_moe qwen3_vl_moe_text qwen3_vl_moe_vision gemma4 "
        "gemma4_vision gemma4_audio llama4 llama4_vision_model siglip2_vision_model lfm2_vl "
        "cohere2_vision aya_vision llava_next_video glm46v glm4v glm4v_text glm4v_vision "
        "glm4v_moe glm4v_moe_text glm4v_moe_vision",
    ),
    **_later(_of_documents, "paddleocr_vl paddleocr_vl_text paddleocr_vl_vision"),
}
"""What gives the row of each `model_type`."""

MODEL_TYPES = tuple(FAMILIES)
"""The `model_type` values, as in a `config.json`, whose parameters the package counts."""
