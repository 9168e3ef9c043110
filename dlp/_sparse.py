"""Rows of families with experts, whose attention is about as Llama has it."""

from dlp import _check, _experts, _rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from dlp._rows import Config, Family, Head, Module, Read, Sliding, Some

_ATTENTION = _rows.attention("attention_bias", "attention_bias")
_WIDE_NORMS = _rows.norms(("self_attn.q_norm",), "q") + _rows.norms(("self_attn.k_norm",), "k")
_FLOORED = {"head_dim": "floored_head_dim"}  # what is left of a width is not used


def _gpt_oss() -> "Family":
    return _rows.decoder(
        "GptOss",
        _ATTENTION
        + (("self_attn.sinks", "attention vector", "1", "a", False, ""),)
        + _rows.experts(router="router", bias=True)
        + _rows.LAYER_NORMS,
        keys=_experts.LOCAL,
        defaults=_experts.sizes(
            2880,
            36,
            64,
            2880,
            201088,
            128,
            4,
            head_dim=64,
            num_key_value_heads=8,
            attention_bias=True,
        ),
        window=_rows.window("every second", 128),
    )


def _qwen2_moe() -> "Family":
    return _rows.decoder(
        "Qwen2Moe",
        _rows.attention("qkv_bias", False) + _experts.gated_share() + _rows.LAYER_NORMS,
        keys=_experts.PLAIN,
        defaults=_experts.sizes(
            2048,
            24,
            16,
            5632,
            151936,
            60,
            4,
            1408,
            num_key_value_heads=16,
            decoder_sparse_step=1,
            shared_expert_intermediate_size=5632,
            qkv_bias=True,
        ),
        optional=("num_experts",),
        sets={"sparse": _rows.by_step},
        window=_rows.window("lower even layers", 4096, 28, "max_window_layers", used=True),
    )


def _llama4_text() -> "Family":
    path = "feed_forward"
    return _rows.decoder(
        "Llama4Text",
        _ATTENTION
        + _rows.mlp(path=path, where="!sparse", width="intermediate_size_mlp")
        + _rows.experts(path=path, where="sparse", router="router")
        + _rows.mlp(path=f"{path}.shared_expert", where="sparse")
        + _rows.LAYER_NORMS,
        language="Llama4ForCausalLM",
        keys=_experts.LOCAL,
        defaults=_experts.sizes(
            5120,
            48,
            40,
            8192,
            202048,
            16,
            1,
            head_dim=128,
            num_key_value_heads=8,
            intermediate_size_mlp=16384,
            interleave_moe_layer_step=1,
        ),
        sets={"sparse": _moe_layers},
        window=_rows.window("with rotation", 8192, key="attention_chunk_size"),
        sequences="",
        tokens="",
    )


def _moe_layers(config: "Config", read: "Read", layers: int) -> list[int]:
    """List the layers with experts of Llama 4, by themselves or by a step."""
    found = _rows.indices(config, "moe_layers", layers)
    if found is not None:
        return found
    step = read("interleave_moe_layer_step")
    return list(range(step - 1, layers, step))


def _plain(
    name: str,
    layer: "tuple[Module, ...]",
    heads: "tuple[Head, Head]" = ("", ""),
    *,
    norms: "tuple[Module, ...]" = _rows.LAYER_NORMS,
    modules: "tuple[Module, ...] | None" = None,
    **row: "Unpack[Some]",
) -> "Family":
    """Give the row of a family whose class writes text, and judges it if `heads` says so."""
    row["optional"] = _experts.OPTIONAL
    return _rows.decoder(
        name,
        layer + norms,
        modules=modules,
        sequences=heads[0],
        tokens=heads[1],
        **row,
    )


def _glm4_moe() -> "Family":
    defaults = _experts.sizes(4096, 46, 96, 10944, 151552, 128, 8, 1408, num_key_value_heads=8)
    more = {"n_shared_experts": 1, "first_k_dense_replace": 1}
    layer = _rows.attention("attention_bias", False) + _experts.sparse()
    layer += _rows.norms(("self_attn.q_norm", "self_attn.k_norm"), "h", where="use_qk_norm")
    return _plain(
        "Glm4Moe",
        layer,
        defaults=defaults | more,
        keys=_experts.ROUTED,
        sets=_experts.FIRST,
        numbers=_FLOORED,
    )


def _olmoe() -> "Family":
    layer = _ATTENTION + _rows.experts() + _rows.norms(("self_attn.q_norm",))
    layer += _rows.norms(("self_attn.k_norm",), "d /a g")
    defaults = _experts.sizes(2048, 16, 16, 2048, 50304, 64, 8)
    return _plain("Olmoe", layer, defaults=defaults, keys=_experts.AS_WIDE)


def _granitemoe() -> "Family":
    return _granite("GraniteMoe", _experts.granite(), {})


def _granitemoeshared() -> "Family":
    layer = _experts.granite() + _experts.granite_share("shared")
    return _granite("GraniteMoeShared", layer, {"shared_intermediate_size": 0})


def _granitemoe_swa() -> "Family":
    layer = _experts.granite() + _experts.granite_share("shared")
    layer += (("self_attn.sinks", "attention vector", "1", "a", False, ""),)
    row = _granite("GraniteMoeSWA", layer, {"shared_intermediate_size": 0})
    row["window"] = _rows.window("all but the first of some", 128, 4)
    return row


def _granite(name: str, layer: "tuple[Module, ...]", more: "dict[str, object]") -> "Family":
    return _rows.decoder(
        name,
        layer + _rows.LAYER_NORMS,
        keys=_experts.LOCAL,
        defaults=_experts.sizes(4096, 32, 32, 11008, 32000, 8, 2) | more,
        optional=("shared_intermediate_size",),
        sets={"shared": _rows.given("shared_intermediate_size")},
        sequences="",
        tokens="",
    )


def _phimoe() -> "Family":
    layer = _ATTENTION + _rows.experts(router="router")
    return _plain(
        "Phimoe",
        layer,
        ("score", ""),
        defaults=_experts.sizes(4096, 32, 32, 6400, 32064, 16, 2, num_key_value_heads=8),
        keys=_experts.LOCAL,
        norms=_rows.norms(("input_layernorm", "post_attention_layernorm"), shift=True),
        modules=_rows.vocabulary(
            head_bias="lm_head_bias", last=_rows.norms(("model.norm",), shift=True)
        ),
    )


def _dots1() -> "Family":
    defaults = _experts.sizes(4608, 62, 32, 10944, 152064, None, None, 1408, num_key_value_heads=32)
    layer = _ATTENTION + _experts.sparse() + _rows.HEAD_NORMS
    return _plain(
        "Dots1",
        layer,
        defaults=defaults,
        keys=_experts.ROUTED,
        sets=_experts.FIRST,
        window=_rows.window("upper layers", 4096, 62, "max_window_layers"),
    )


def _ernie4_5_moe() -> "Family":
    moved = "mlp.gate.moe_statics.e_score_correction_bias"  # no gradient reaches it
    layer = (
        _rows.attention("use_bias", "use_bias")
        + _experts.sparse("moe_num_shared_experts", "use_bias")
        + ((moved, "router", "1", "x", False, "sparse"),)
    )
    defaults = _experts.sizes(2560, 28, 20, 12288, 103424, 64, 6, 1536, num_key_value_heads=4)
    more = {"moe_num_shared_experts": 2, "moe_layer_interval": 1}
    return _rows.decoder(
        "Ernie4_5_Moe",
        layer + _rows.LAYER_NORMS,
        modules=_rows.vocabulary(head_bias="use_bias"),
        keys=_experts.keys("moe_num_experts num_experts", chosen="moe_k num_experts_per_tok"),
        defaults=defaults | more,
        optional=("moe_num_shared_experts",),
        sets={"sparse": _from_to},
        tied=True,
        sequences="",
        tokens="",
    )


def _from_to(config: "Config", read: "Read", layers: int) -> list[int]:
    """List the layers with experts of ERNIE: every so many, from one to another."""
    last, step = config.get("moe_layer_end_index"), read("moe_layer_interval")
    end = layers - 1 if last is None or last == -1 else last
    end = _check.count('config["moe_layer_end_index"]', end, minimum=-_check.LARGEST_COUNT)
    first = config.get("moe_layer_start_index", 1)
    first = _check.count('config["moe_layer_start_index"]', first, minimum=-_check.LARGEST_COUNT)
    return [layer for layer in range(step - 1, layers, step) if first <= layer <= end]


def _minimax_m2() -> "Family":
    defaults = _experts.sizes(
        3072, 62, 48, 1536, 200064, 256, 8, head_dim=128, num_key_value_heads=8
    )
    layer = _rows.attention(False, False) + _rows.experts() + _WIDE_NORMS
    return _plain("MiniMaxM2", layer, defaults=defaults, keys=_experts.LOCAL)


def _hunyuan_v1_moe() -> "Family":
    layer = _ATTENTION + _rows.experts(router="gate.wg") + _rows.mlp(path="mlp.shared_mlp")
    layer += _rows.norms(("self_attn.query_layernorm", "self_attn.key_layernorm"), "h")
    return _plain(
        "HunYuanMoEV1",
        layer,
        ("score", ""),
        defaults=_experts.sizes(4096, 32, 32, 11008, 290943, 1, 1),
        keys=_experts.keys(
            "num_experts num_local_experts", "intermediate_size", "moe_topk num_experts_per_tok"
        ),
    )


def _exaone_moe() -> "Family":
    defaults = _experts.sizes(4096, 32, 32, 16384, 102400, 64, 8, 1024, num_key_value_heads=32)
    more = {"num_shared_experts": 1, "first_k_dense_replace": 1}
    layer = _rows.attention(False, False) + _experts.sparse("num_shared_experts") + _rows.HEAD_NORMS
    return _plain(
        "ExaoneMoe",
        layer,
        defaults=defaults | more,
        keys=_experts.PLAIN,
        sets=_experts.LISTED,
        window=_rows.window("all but the last of some", 4096, 4, "sliding_window_pattern"),
    )


def _flex_olmo() -> "Family":
    norms = _rows.norms(("post_attention_layernorm", "post_feedforward_layernorm"))
    layer = _ATTENTION + _rows.experts() + _WIDE_NORMS
    defaults = _experts.sizes(4096, 32, 32, 11008, 100352, 7, 5)
    return _plain("FlexOlmo", layer, norms=norms, defaults=defaults, keys=_experts.AS_WIDE)


def _afmoe() -> "Family":
    layer = (
        _ATTENTION + _experts.sparse("num_shared_experts", router="router.gate") + _rows.HEAD_NORMS
    )
    gate: "Module" = ("self_attn.gate_proj", "attention", "d", "q", False, "")
    moved: "Module" = ("mlp.expert_bias", "router", "1", "x", False, "sparse")
    return _plain(
        "Afmoe",
        (gate,) + layer + (moved,),
        defaults=_experts.sizes(2048, 32, 16, 6144, 200192, 64, 6, 1408, head_dim=128)
        | {"num_shared_experts": 2, "first_k_dense_replace": 1},
        keys=_experts.keys("num_experts num_local_experts", dense="num_dense_layers"),
        sets=_experts.FIRST,
        window=_rows.window("all but the last of some", 1024, 4, "global_attn_every_n_layers"),
        norms=_rows.LAYER_NORMS + _rows.norms(("pre_mlp_layernorm", "post_mlp_layernorm")),
    )


def _solar_open() -> "Family":
    defaults = _experts.sizes(4096, 48, 64, None, 196608, 128, 8, 1280)
    more = {"head_dim": 128, "num_key_value_heads": 8, "n_shared_experts": 1}
    layer = _rows.attention("attention_bias", False) + _rows.experts() + _experts.shared(where="")
    return _plain("SolarOpen", layer, defaults=defaults | more, keys=_experts.ROUTED)


def _aria_text() -> "Family":
    defaults = _experts.sizes(4096, 32, 32, 4096, 32000, 8, 2, moe_num_shared_experts=2)
    layer = _ATTENTION + _rows.experts(router="router")
    layer += _experts.shared("moe_num_shared_experts", bias="mlp_bias", where="")
    named = _experts.keys("moe_num_experts", "intermediate_size", "moe_topk")
    return _plain("AriaText", layer, defaults=defaults, keys=named)


def _hy_v3() -> "Family":
    defaults = _experts.sizes(4096, 80, 64, 13312, 120832, 192, 8, 1536, head_dim=128)
    more = {"num_key_value_heads": 8, "num_shared_experts": 1}
    layer = _ATTENTION + _experts.sparse("num_shared_experts", "mlp_bias") + _rows.HEAD_NORMS
    return _plain(
        "HYV3", layer, defaults=defaults | more, keys=_experts.PLAIN, sets=_experts.ALL_BUT_ONE
    )


_BEHIND: "Sliding" = "all but the last of some, behind the dense ones"


def _cohere2_moe() -> "Family":
    layer = _ATTENTION + _rows.experts(where="sparse") + _experts.shared("num_shared_experts")
    layer += _rows.mlp(where="!sparse", width="prefix_dense_intermediate_size")
    return _plain(
        "Cohere2Moe",
        layer,
        norms=_rows.norms(("input_layernorm",)),
        defaults=_experts.sizes(8192, 40, 64, 22528, 256000, 8, 2, head_dim=128),
        keys=_experts.AS_WIDE,
        sets=_experts.LISTED,
        tied=True,
        window=_rows.window(_BEHIND, 4096, 4, "sliding_window_pattern"),
    )


def _mimo_v2_flash() -> "Family":
    path, bias = "self_attn", "attention_bias"
    layer: "tuple[Module, ...]" = (
        (f"{path}.q_proj", "attention", "d", "q", bias, ""),
        (f"{path}.o_proj", "attention", "a v_head_dim", "d", False, ""),
        (f"{path}.sinks", "attention vector", "1", "a", False, "slides"),
    )
    # Where it looks back over a window only, it has twice the key heads.
    for where, times in (("!slides", ""), ("slides", "2 ")):
        layer += (
            (f"{path}.k_proj", "attention", "d", f"{times}k", bias, where),
            (f"{path}.v_proj", "attention", "d", f"{times}g v_head_dim", bias, where),
        )
    defaults = _experts.sizes(
        4096, 48, 64, 16384, 152576, 256, 8, 2048, head_dim=192, v_head_dim=128
    )
    rules = {"slides": _rows.typed("sliding_attention", _all_but_each_sixth)}
    return _plain(
        "MiMoV2Flash",
        layer + _rows.mlp(where="!sparse") + _rows.experts(where="sparse"),
        defaults=defaults | {"num_key_value_heads": 4},
        keys=_experts.ROUTED,
        sets=_experts.ALL_BUT_ONE | rules,
        window=_rows.window("all but each sixth and the first", 129),
    )


def _all_but_each_sixth(read: "Read", layer: int) -> str:
    return "sliding_attention" if layer and (layer + 1) % 6 else "full_attention"


def _dbrx() -> "Family":
    path, mlp = "norm_attn_norm.attn", "ffn.experts.mlp"
    return _rows.decoder(
        "Dbrx",
        _rows.attention(False, False, ("Wqkv", "out_proj"), path)
        + (
            ("ffn.router.layer", "router", "d", "x", False, ""),
            (f"{mlp}.w1", "fused expert", "d", "m", False, ""),
            (f"{mlp}.v1", "fused expert", "d", "m", False, ""),
            (f"{mlp}.w2", "expert", "m", "d", False, ""),
        )
        + _rows.norms(("norm_attn_norm.norm_1", "norm_attn_norm.norm_2")),
        modules=_rows.vocabulary("transformer.wte", last=_rows.norms(("transformer.norm_f",))),
        path="transformer.blocks",
        base="transformer",
        keys={
            "hidden_size": ("d_model", "hidden_size"),
            "num_hidden_layers": ("n_layers", "num_hidden_layers"),
            "num_attention_heads": ("n_heads", "num_attention_heads"),
            "num_key_value_heads": ("attn_config.kv_n_heads",),
            "head_dim": (),
            "num_experts": ("ffn_config.moe_num_experts",),
            "num_experts_per_tok": ("ffn_config.moe_top_k",),
            "moe_intermediate_size": ("ffn_config.ffn_hidden_size",),
        },
        defaults=_experts.sizes(2048, 24, 16, 3584, 32000, 4, 1, num_key_value_heads=1),
        tied=None,
        sequences="",
        tokens="",
    )


def _jetmoe() -> "Family":
    path = "self_attention.experts"  # each of its own queries and output, all of the same keys
    layer: "tuple[Module, ...]" = (
        ("self_attention.kv_proj", "attention", "d", "2 k", False, ""),
        (f"{path}.input_linear.query", "attention expert", "d", "k", False, ""),
        (f"{path}.output_linear.output", "attention expert", "k", "d", False, ""),
        (f"{path}.router.layer", "router", "d", "x", False, ""),
        (path, "attention vector", "1", "d", False, ""),
        ("mlp.input_linear.gate_up", "fused expert", "d", "2 m", False, ""),
        ("mlp.output_linear.down", "expert", "m", "d", False, ""),
        ("mlp.router.layer", "router", "d", "x", False, ""),
        ("mlp", "mlp vector", "1", "d", False, ""),
    )
    defaults = _experts.sizes(2048, 12, 1, 5632, 32000, 8, 2, head_dim=128, num_key_value_heads=16)
    return _rows.decoder(
        "JetMoe",
        layer + _rows.LAYER_NORMS,
        keys=_experts.LOCAL
        | {
            "head_dim": ("kv_channels", "head_dim"),
            "key_heads": ("num_key_value_heads",),
        },
        defaults=defaults | {"key_heads": 16},
        numbers={"num_attention_heads": "key_heads num_experts_per_tok"},
        tied=True,
        tokens="",
    )


ROWS: "dict[str, Callable[[], Family]]" = {
    "gpt_oss": _gpt_oss,
    "qwen2_moe": _qwen2_moe,
    "llama4_text": _llama4_text,
    "glm4_moe": _glm4_moe,
    "olmoe": _olmoe,
    "granitemoe": _granitemoe,
    "granitemoeshared": _granitemoeshared,
    "granitemoe_swa": _granitemoe_swa,
    "phimoe": _phimoe,
    "dots1": _dots1,
    "ernie4_5_moe": _ernie4_5_moe,
    "minimax_m2": _minimax_m2,
    "hunyuan_v1_moe": _hunyuan_v1_moe,
    "exaone_moe": _exaone_moe,
    "flex_olmo": _flex_olmo,
    "afmoe": _afmoe,
    "solar_open": _solar_open,
    "aria_text": _aria_text,
    "hy_v3": _hy_v3,
    "cohere2_moe": _cohere2_moe,
    "mimo_v2_flash": _mimo_v2_flash,
    "dbrx": _dbrx,
    "jetmoe": _jetmoe,
}
"""What gives the row of each `model_type` with experts."""
