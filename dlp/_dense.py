"""Rows of families of language models whose layers are much like Llama's."""

from dlp import _rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dlp._rows import Bias, Config, Family, Module, Read, Window

_BIAS = "attention_bias"
_PATTERN = "sliding_window_pattern"
_ATTENTION = _rows.attention(_BIAS, _BIAS)
_TWO = ("up_proj", "down_proj")
_NORMS = ("input_layernorm", "post_attention_layernorm")
_AFTER = _rows.norms(("post_attention_layernorm", "post_feedforward_layernorm"))
_PLAIN = _ATTENTION + _rows.mlp() + _rows.LAYER_NORMS
_WITH_BIAS = _ATTENTION + _rows.mlp("mlp_bias") + _rows.LAYER_NORMS
_NEVER_BIAS = _rows.attention(False, False) + _rows.mlp() + _rows.LAYER_NORMS


def _shifted(norm: "Bias" = True, path: str = "model.norm") -> "tuple[Module, ...]":
    """List what is outside of the layers, where the last norm has a shift."""
    return _rows.vocabulary(last=_rows.norms((path,), shift=norm))


def _smollm3() -> "Family":
    defaults = _rows.sizes(2048, 36, 16, 11008, 128256, num_key_value_heads=4)
    window = _rows.window("without rotation", used=True)
    return _rows.decoder("SmolLM3", _WITH_BIAS, defaults=defaults, tied=True, window=window)


def _olmo() -> "Family":
    return _rows.decoder(
        "Olmo",
        _ATTENTION + _rows.mlp(),  # its norms have no parameters
        modules=_rows.vocabulary(last=()),
        defaults=_rows.sizes(4096, 32, 32, 11008, 50304),
        tokens="",
    )


def _olmo_normed(name: str, window: "Window") -> "Family":
    layer = _ATTENTION + _rows.mlp() + _AFTER
    layer += _rows.norms(("self_attn.q_norm",), "q") + _rows.norms(("self_attn.k_norm",), "k")
    return _rows.decoder(
        name,
        layer,
        window=window,
        defaults=_rows.sizes(4096, 32, 32, 11008, 50304),
        tokens="",
    )


def _olmo2() -> "Family":
    return _olmo_normed("Olmo2", _rows.window())


def _olmo3() -> "Family":
    return _olmo_normed("Olmo3", _rows.window("all but the last of some", 4096, 4))


def _granite() -> "Family":
    defaults = _rows.sizes(4096, 32, 32, 11008, 32000)
    return _rows.decoder("Granite", _WITH_BIAS, defaults=defaults, sequences="", tokens="")


def _granite_swa() -> "Family":
    return _rows.decoder(
        "GraniteSWA",
        _WITH_BIAS + (("self_attn.sinks", "attention vector", "1", "a", False, ""),),
        window=_rows.window("all but the first of some", 128, 4),
        defaults=_rows.sizes(2560, 24, 20, 8192, 100352, num_key_value_heads=4),
        tied=True,
        sequences="",
        tokens="",
    )


def _starcoder2() -> "Family":
    return _rows.decoder(
        "Starcoder2",
        _rows.attention("use_bias", "use_bias")
        + _rows.mlp("use_bias", ("c_fc", "c_proj"))
        + _rows.norms(_NORMS, shift=True),
        modules=_shifted(),
        defaults=_rows.sizes(3072, 30, 24, 12288, 49152, num_key_value_heads=2, use_bias=True),
        tied=True,
        gated=False,
    )


def _cohere() -> "Family":
    return _rows.decoder(
        "Cohere",
        _ATTENTION
        + _rows.mlp()
        + _rows.norms(("input_layernorm",))
        + _rows.norms(("self_attn.q_norm",), "q", where="use_qk_norm")
        + _rows.norms(("self_attn.k_norm",), "k", where="use_qk_norm"),
        defaults=_rows.sizes(8192, 40, 64, 22528, 256000, use_qk_norm=False),
        tied=True,
        sequences="",
        tokens="",
    )


def _cohere2() -> "Family":
    return _rows.decoder(
        "Cohere2",
        _ATTENTION + _rows.mlp() + _rows.norms(("input_layernorm",)),
        window=_rows.window("all but the last of some", 4096, 4, _PATTERN),
        defaults=_rows.sizes(8192, 40, 64, 22528, 256000),
        tied=True,
        sequences="",
        tokens="",
    )


def _glm(name: str, further: "tuple[str, ...]" = ()) -> "Family":
    return _rows.decoder(
        name,
        _rows.attention(_BIAS, False)
        + (
            ("mlp.gate_up_proj", "mlp", "d", "2 f", False, ""),
            ("mlp.down_proj", "mlp", "f", "d", False, ""),
        )
        + _rows.norms(_NORMS + further),
        defaults=_rows.sizes(
            4096,
            40,
            32,
            13696,
            151552,
            num_key_value_heads=2,
            head_dim=128,
            attention_bias=True,
        ),
    )


def _glm_first() -> "Family":
    return _glm("Glm")


def _glm4() -> "Family":
    return _glm("Glm4", ("post_self_attn_layernorm", "post_mlp_layernorm"))


def _exaone4() -> "Family":
    return _rows.decoder(
        "Exaone4",
        _rows.attention(False, False) + _rows.mlp() + _AFTER + _rows.norms(_HEADS, "h"),
        window=_rows.window("all but the last of some", 4096, 4, _PATTERN),
        defaults=_rows.sizes(4096, 32, 32, 16384, 102400, num_key_value_heads=32),
    )


_HEADS = ("self_attn.q_norm", "self_attn.k_norm")


def _nemotron() -> "Family":
    return _rows.decoder(
        "Nemotron",
        _ATTENTION + _rows.mlp("mlp_bias", _TWO) + _rows.norms(_NORMS, shift=True),
        modules=_shifted(),
        defaults=_rows.sizes(6144, 32, 48, 24576, 256000),
        gated=False,
    )


def _stablelm() -> "Family":
    return _rows.decoder(
        "StableLm",
        _rows.attention("use_qkv_bias", False)
        + _rows.mlp()
        + _rows.norms(("input_layernorm",), shift=True)
        + _rows.norms(("post_attention_layernorm",), shift=True, where="!use_parallel_residual")
        # A norm for each head.
        + _rows.norms(("self_attn.q_layernorm.norms",), "q", where="qk_layernorm")
        + _rows.norms(("self_attn.k_layernorm.norms",), "k", where="qk_layernorm"),
        modules=_shifted(),
        keys={"head_dim": ()},
        defaults=_rows.sizes(
            2560,
            32,
            32,
            6912,
            50304,
            num_key_value_heads=32,
            qk_layernorm=False,
            use_parallel_residual=False,
        ),
    )


def _helium() -> "Family":
    inward = _rows.attention(_BIAS, False)[:3]
    return _rows.decoder(
        "Helium",
        inward
        + (("self_attn.o_proj", "attention", "d", "d", False, ""),)
        + _rows.mlp("mlp_bias")
        + _rows.LAYER_NORMS,
        defaults=_rows.sizes(2560, 24, 20, 7040, 48000, num_key_value_heads=20, head_dim=128),
    )


def _seed_oss() -> "Family":
    return _rows.decoder(
        "SeedOss",
        _rows.attention(_BIAS, "attention_out_bias") + _rows.mlp("mlp_bias") + _rows.LAYER_NORMS,
        defaults=_rows.sizes(
            4096,
            64,
            80,
            27648,
            155136,
            num_key_value_heads=8,
            head_dim=128,
            attention_bias=True,
            attention_out_bias=False,
        ),
    )


def _arcee() -> "Family":
    return _rows.decoder(
        "Arcee",
        _ATTENTION + _rows.mlp("mlp_bias", _TWO) + _rows.LAYER_NORMS,
        defaults=_rows.sizes(2560, 32, 32, 18432, 32000),
        gated=False,
    )


def _apertus() -> "Family":
    return _rows.decoder(
        "Apertus",
        _ATTENTION
        + _rows.mlp(False, _TWO)
        + _rows.norms(("attention_layernorm", "feedforward_layernorm"))
        + _rows.norms(_HEADS, "h")
        + (
            ("mlp.act_fn.alpha_p", "mlp vector", "1", "1", False, "xielu"),
            ("mlp.act_fn.alpha_n", "mlp vector", "1", "1", False, "xielu"),
        ),
        defaults=_rows.sizes(4096, 32, 32, 14336, 131072, hidden_act="xielu"),
        sets={"xielu": _xielu},
        gated=False,
        sequences="",
    )


def _xielu(config: "Config", read: "Read", layers: int) -> bool:
    """Say whether the activation is the one that has parameters."""
    return config.get("hidden_act", "xielu") == "xielu"


def _cwm() -> "Family":
    return _rows.decoder(
        "Cwm",
        _rows.attention(False, False) + _rows.mlp("mlp_bias") + _rows.LAYER_NORMS,
        window=_rows.window("all but the first of some", 8192, 4),
        defaults=_rows.sizes(6144, 64, 48, 21504, 128256, num_key_value_heads=8, head_dim=128),
        sequences="",
        tokens="",
    )


def _ministral() -> "Family":
    defaults = _rows.sizes(4096, 32, 32, 14336, 32000, num_key_value_heads=8)
    return _rows.decoder(
        "Ministral", _NEVER_BIAS, defaults=defaults, window=_rows.window(tokens=4096)
    )


def _ministral3() -> "Family":
    defaults = _rows.sizes(4096, 34, 32, 14336, 131072, num_key_value_heads=8, head_dim=128)
    return _rows.decoder("Ministral3", _NEVER_BIAS, defaults=defaults)


def _hunyuan() -> "Family":
    return _rows.decoder(
        "HunYuanDenseV1",
        _PLAIN + _rows.norms(("self_attn.query_layernorm", "self_attn.key_layernorm"), "h"),
        defaults=_rows.sizes(4096, 32, 32, 11008, 290943),
        tokens="",
    )


def _ernie4_5() -> "Family":
    return _rows.decoder(
        "Ernie4_5",
        _rows.attention("use_bias", "use_bias") + _rows.mlp("use_bias") + _rows.LAYER_NORMS,
        defaults=_rows.sizes(
            1024, 18, 16, 3072, 103424, num_key_value_heads=2, head_dim=128, use_bias=False
        ),
        tied=True,
        sequences="",
        tokens="",
    )


def _vaultgemma() -> "Family":
    return _rows.decoder(
        "VaultGemma",
        _ATTENTION + _rows.mlp() + _rows.norms(("input_layernorm", "pre_feedforward_layernorm")),
        defaults=_rows.sizes(2304, 26, 8, 9216, 256000, num_key_value_heads=4, head_dim=256),
        tied=True,
        window=_rows.window("every second", 4096),
        sequences="",
        tokens="",
    )


def _hyperclovax() -> "Family":
    return _rows.decoder(
        "HyperCLOVAX",
        _WITH_BIAS + _rows.norms(("post_norm1", "post_norm2"), where="use_post_norm"),
        defaults=_rows.sizes(4096, 32, 32, 11008, 32000, use_post_norm=True),
        sequences="",
        tokens="",
    )


def _jais2() -> "Family":
    return _rows.decoder(
        "Jais2",
        _ATTENTION + _rows.mlp("mlp_bias", _TWO) + _rows.norms(_NORMS, shift=True),
        modules=_shifted(),
        defaults=_rows.sizes(3328, 32, 26, 26624, 150272, attention_bias=True, mlp_bias=True),
        gated=False,
        sequences="",
        tokens="",
    )


def _as_llama(
    named: str, defaults: "dict[str, object]", keys: "dict[str, tuple[str, ...]]"
) -> "Family":
    """Give the row of a family with a config of its own, of which Transformers makes a Llama."""
    row = _rows.decoder("Llama", _WITH_BIAS, defaults=defaults, keys=keys, sequences="", tokens="")
    row["classes"][named] = "language model"
    return row


def _internlm3() -> "Family":
    return _as_llama(
        "InternLM3ForCausalLM",
        _rows.sizes(4096, 48, 32, 10240, 128512, num_key_value_heads=2, head_dim=128),
        {_BIAS: (_BIAS, "qkv_bias"), "mlp_bias": ("mlp_bias", "bias")},
    )


def _iquestcoder() -> "Family":
    defaults = _rows.sizes(5120, 80, 40, 27648, 76800, num_key_value_heads=8, head_dim=128)
    return _as_llama("IQuestCoderForCausalLM", defaults, {})


def _bitnet() -> "Family":
    return _rows.decoder(
        "BitNet",
        _PLAIN
        + _rows.norms(("self_attn.attn_sub_norm",))
        + _rows.norms(("mlp.ffn_sub_norm",), "f"),
        defaults=_rows.sizes(2560, 30, 20, 6912, 128256, num_key_value_heads=5),
        sequences="",
        tokens="",
    )


def _diffllama() -> "Family":
    layer = _PLAIN
    for name in ("lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"):
        layer += ((f"self_attn.{name}", "attention vector", "1", "h", False, ""),)
    return _rows.decoder("DiffLlama", layer, defaults=_rows.sizes(2048, 16, 32, 8192, 32000))


def _nanochat() -> "Family":
    return _rows.decoder(
        "NanoChat",
        _ATTENTION + _rows.mlp(False, ("fc1", "fc2")),  # its norms have no parameters
        modules=_rows.vocabulary(last=()),
        defaults=_rows.sizes(768, 12, 6, 8192, 50304),
        gated=False,
        sequences="",
        tokens="",
    )


ROWS: "dict[str, Callable[[], Family]]" = {
    "smollm3": _smollm3,
    "olmo": _olmo,
    "olmo2": _olmo2,
    "olmo3": _olmo3,
    "granite": _granite,
    "granite_swa": _granite_swa,
    "starcoder2": _starcoder2,
    "cohere": _cohere,
    "cohere2": _cohere2,
    "glm": _glm_first,
    "glm4": _glm4,
    "exaone4": _exaone4,
    "nemotron": _nemotron,
    "stablelm": _stablelm,
    "helium": _helium,
    "seed_oss": _seed_oss,
    "arcee": _arcee,
    "apertus": _apertus,
    "cwm": _cwm,
    "ministral": _ministral,
    "ministral3": _ministral3,
    "hunyuan_v1_dense": _hunyuan,
    "ernie4_5": _ernie4_5,
    "vaultgemma": _vaultgemma,
    "hyperclovax": _hyperclovax,
    "jais2": _jais2,
    "internlm3": _internlm3,
    "iquestcoder": _iquestcoder,
    "bitnet": _bitnet,
    "diffllama": _diffllama,
    "nanochat": _nanochat,
}
"""What gives the row of each `model_type`."""
