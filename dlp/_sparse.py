"""Rows of families with experts: multi-head latent attention, and attention as Llama has it."""

from dlp import _check, _rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dlp._rows import Bias, Config, Family, Head, LayerSet, Module, Read, Window

_ATTENTION = _rows.attention("attention_bias", "attention_bias")
_WIDE_NORMS = _rows.norms(("self_attn.q_norm",), "q") + _rows.norms(("self_attn.k_norm",), "k")
_FLOORED = {"head_dim": "floored_head_dim"}  # what is left of a width is not used


def keys(
    number: str,
    width: str = "moe_intermediate_size",
    chosen: str = "num_experts_per_tok",
    dense: str = "first_k_dense_replace",
) -> "dict[str, tuple[str, ...]]":
    """Give the keys of experts: their number, their width, how many a token is sent to."""
    return {
        "num_experts": tuple(number.split()),
        "moe_intermediate_size": (width,),
        "num_experts_per_tok": tuple(chosen.split()),
        "first_k_dense_replace": (dense,),
        "floored_head_dim": ("head_dim",),
    }


PLAIN = keys("num_experts num_local_experts")
AS_WIDE = keys("num_experts num_local_experts", "intermediate_size")  # as an MLP
_ROUTED = keys("n_routed_experts num_local_experts")
_LOCAL = keys("num_local_experts num_experts", "intermediate_size")


def sizes(
    width: int,
    layers: int,
    heads: int,
    inner: "int | None",
    words: int,
    experts: "int | None",
    chosen: "int | None",
    each: "int | None" = None,
    **others: object,
) -> "dict[str, object]":
    """Give what a class takes for what is left out; experts are as wide as its MLP, or `each`."""
    found = _rows.sizes(width, layers, heads, inner, words, num_experts=experts)
    found.update({"num_experts_per_tok": chosen, "moe_intermediate_size": each or inner})
    found.update(others)
    return found


def shared(
    count: str = "n_shared_experts",
    path: str = "mlp.shared_experts",
    bias: "Bias" = False,
    where: str = "sparse",
    width: str = "m",
) -> "tuple[Module, ...]":
    """List the MLP of experts that see every token: one, as wide as all of them."""
    return _rows.mlp(bias, path=path, width=f"{width} {count}", where=where)


def sparse(
    count: str = "n_shared_experts", bias: "Bias" = False, router: str = "gate"
) -> "tuple[Module, ...]":
    """List a dense MLP in some layers, and in all others experts beside those that are shared."""
    return (
        _rows.mlp(bias, where="!sparse")
        + _rows.experts(where="sparse", router=router)
        + shared(count, bias=bias)
    )


def from_layer(name: str = "first_k_dense_replace") -> "LayerSet":
    """Give the layers with experts: all but the first few, unless the config lists their kinds."""
    return _rows.typed(
        "sparse",
        lambda read, layer: "sparse" if layer >= read(name) else "dense",
        "mlp_layer_types",
    )


_FIRST = {"sparse": _rows.after("first_k_dense_replace")}
_LISTED = {"sparse": from_layer()}
_ALL_BUT_ONE = {
    "sparse": _rows.typed(
        "sparse", lambda read, layer: "sparse" if layer else "dense", "mlp_layer_types"
    )
}
_OPTIONAL = (
    "first_k_dense_replace",
    "n_shared_experts",
    "num_shared_experts",
    "moe_num_shared_experts",
    "num_experts_per_tok",
)


def latent(
    path: str = "self_attn", where: str = "", bias: "Bias" = "attention_bias", always: bool = False
) -> "tuple[Module, ...]":
    """List multi-head latent attention: keys and values from one narrow vector of each token.

    Queries come from a narrow vector too, unless the config has no rank for it.
    """
    low = where if always else f"{where} low_rank".strip()
    rows: "tuple[Module, ...]" = (
        (f"{path}.q_a_proj", "attention", "d", "q_lora_rank", bias, low),
        (f"{path}.q_b_proj", "attention", "q_lora_rank", "q", False, low),
        (f"{path}.kv_a_proj_with_mqa", "attention", "d", _NARROW, bias, where),
        (f"{path}.kv_b_proj", "attention", "kv_lora_rank", _WIDENED, False, where),
        (f"{path}.o_proj", "attention", "a v_head_dim", "d", bias, where),
    )
    if not always:
        rows = (
            (f"{path}.q_proj", "attention", "d", "q", False, f"{where} !low_rank".strip()),
        ) + rows
    rows += _rows.norms((f"{path}.q_a_layernorm",), "q_lora_rank", where=low)
    return rows + _rows.norms((f"{path}.kv_a_layernorm",), "kv_lora_rank", where=where)


_NARROW = "kv_lora_rank+qk_rope_head_dim"
_WIDENED = "a qk_nope_head_dim+v_head_dim"
LATENT = {"head_dim": "qk_nope_head_dim+qk_rope_head_dim"}
"""How wide a query is of each head: what is turned by its position, and what is not."""


def latent_sizes(
    low: "int | None", narrow: int, nope: int, rope: int, value: int
) -> "dict[str, object]":
    """Give the ranks and widths of multi-head latent attention."""
    return {
        "q_lora_rank": low,
        "kv_lora_rank": narrow,
        "qk_nope_head_dim": nope,
        "qk_rope_head_dim": rope,
        "v_head_dim": value,
    }


def _deepseek(
    name: str,
    layer: "tuple[Module, ...]",
    ranks: "dict[str, object]",
    defaults: "dict[str, object]",
    dense: "dict[str, LayerSet] | None" = None,
    *,
    always: bool = False,
    heads: "tuple[Head, Head]" = ("", ""),
) -> "Family":
    """Give the row of a family like DeepSeek."""
    rules: "dict[str, LayerSet]" = {"low_rank": _rows.given("q_lora_rank")}
    rules.update(dense or _LISTED)
    return _rows.decoder(
        name,
        latent(always=always) + layer + _rows.LAYER_NORMS,
        keys=_ROUTED,
        defaults=defaults | ranks,
        numbers=LATENT,
        sets=rules,
        optional=_OPTIONAL if always else _OPTIONAL + ("q_lora_rank",),
        sequences=heads[0],
        tokens=heads[1],
    )


def _deepseek_v3() -> "Family":
    defaults = sizes(7168, 61, 128, 18432, 129280, 256, 8, 2048, num_key_value_heads=128)
    more = {"n_shared_experts": 1, "first_k_dense_replace": 3}
    ranks = latent_sizes(1536, 512, 128, 64, 128)
    return _deepseek(
        "DeepseekV3", sparse(), ranks, defaults | more, _FIRST, heads=("score", "linear")
    )


def _deepseek_v2() -> "Family":
    defaults = sizes(4096, 32, 32, 11008, 102400, 64, None, 1407, n_shared_experts=2)
    layer = sparse(bias="mlp_bias")
    ranks = latent_sizes(1536, 512, 128, 64, 128)
    return _deepseek("DeepseekV2", layer, ranks, defaults, _FIRST, heads=("score", ""))


def _indexer(where: str = "") -> "tuple[Module, ...]":
    """List what picks the tokens that attention looks at."""
    path = "self_attn.indexer"
    widths = "index_n_heads index_head_dim"
    rows: "tuple[Module, ...]" = (
        (f"{path}.wq_b", "attention", "q_lora_rank", widths, False, where),
        (f"{path}.wk", "attention", "d", "index_head_dim", False, where),
        (f"{path}.weights_proj", "attention", "d", "index_n_heads", False, where),
    )
    return rows + _rows.norms((f"{path}.k_norm",), "index_head_dim", True, where)


def _deepseek_v32() -> "Family":
    defaults = sizes(7168, 61, 128, 18432, 129280, 256, 8, 2048, num_key_value_heads=128)
    more = {"n_shared_experts": 1, "first_k_dense_replace": 3}
    more.update({"index_head_dim": 128, "index_n_heads": 64})
    ranks = latent_sizes(1536, 512, 128, 64, 128)
    layer = _indexer() + sparse()
    return _deepseek("DeepseekV32", layer, ranks, defaults | more, always=True)


def _glm4_moe_lite() -> "Family":
    defaults = sizes(2048, 47, 20, 10240, 154880, 64, 4, 1536, num_key_value_heads=20)
    more = {"n_shared_experts": 1}
    return _deepseek(
        "Glm4MoeLite",
        sparse(),
        latent_sizes(768, 512, 192, 64, 256),
        defaults | more,
        _ALL_BUT_ONE,
    )


def _gpt_oss() -> "Family":
    return _rows.decoder(
        "GptOss",
        _ATTENTION
        + (("self_attn.sinks", "attention vector", "1", "a", False, ""),)
        + _rows.experts(router="router", bias=True)
        + _rows.LAYER_NORMS,
        keys=_LOCAL,
        defaults=sizes(
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
        window="every second",
    )


def _qwen2_moe() -> "Family":
    return _rows.decoder(
        "Qwen2Moe",
        _rows.attention("qkv_bias", False) + gated_share() + _rows.LAYER_NORMS,
        keys=PLAIN,
        defaults=sizes(
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
        window="every second",
    )


def gated_share(where: str = "sparse") -> "tuple[Module, ...]":
    """List experts beside one that sees every token, as much as a gate says."""
    path = "mlp.shared_expert"
    rows = _rows.experts(where=where)
    rows += _rows.mlp(path=path, where=where, width="shared_expert_intermediate_size")
    rows += ((f"{path}_gate", "mlp", "d", "1", False, where),)
    return rows if not where else _rows.mlp(where=f"!{where}") + rows


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
        keys=_LOCAL,
        defaults=sizes(
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
    defaults: "dict[str, object]",
    named: "dict[str, tuple[str, ...]]",
    rules: "dict[str, LayerSet] | None" = None,
    numbers: "dict[str, str] | None" = None,
    heads: "tuple[Head, Head]" = ("", ""),
    window: "Window" = "every layer",
    *,
    norms: "tuple[Module, ...]" = _rows.LAYER_NORMS,
    modules: "tuple[Module, ...] | None" = None,
    tied: bool = False,
) -> "Family":
    """Give the row of a family whose class writes text, and judges it if `heads` says so."""
    return _rows.decoder(
        name,
        layer + norms,
        modules=modules,
        keys=named,
        defaults=defaults,
        numbers=numbers or {},
        sets=rules or {},
        optional=_OPTIONAL,
        sequences=heads[0],
        tokens=heads[1],
        window=window,
        tied=tied,
    )


def _glm4_moe() -> "Family":
    defaults = sizes(4096, 46, 96, 10944, 151552, 128, 8, 1408, num_key_value_heads=8)
    more = {"n_shared_experts": 1, "first_k_dense_replace": 1}
    layer = _rows.attention("attention_bias", False) + sparse()
    layer += _rows.norms(("self_attn.q_norm", "self_attn.k_norm"), "h", where="use_qk_norm")
    return _plain("Glm4Moe", layer, defaults | more, _ROUTED, _FIRST, _FLOORED)


def _olmoe() -> "Family":
    layer = _ATTENTION + _rows.experts() + _rows.norms(("self_attn.q_norm",))
    layer += _rows.norms(("self_attn.k_norm",), "d /a g")
    return _plain("Olmoe", layer, sizes(2048, 16, 16, 2048, 50304, 64, 8), AS_WIDE)


def _granitemoe() -> "Family":
    return _granite("GraniteMoe", GRANITE, {})


def _granitemoeshared() -> "Family":
    layer = GRANITE + granite_share("shared")
    return _granite("GraniteMoeShared", layer, {"shared_intermediate_size": 0})


GRANITE = _ATTENTION + _rows.experts(path="block_sparse_moe", router="router")


def granite_share(where: str) -> "tuple[Module, ...]":
    """List the MLP of Granite that sees every token, its gate and up in one matrix."""
    width = "shared_intermediate_size"
    return (
        ("shared_mlp.input_linear", "mlp", "d", f"2 {width}", False, where),
        ("shared_mlp.output_linear", "mlp", width, "d", False, where),
    )


def _granite(name: str, layer: "tuple[Module, ...]", more: "dict[str, object]") -> "Family":
    return _rows.decoder(
        name,
        layer + _rows.LAYER_NORMS,
        keys=_LOCAL,
        defaults=sizes(4096, 32, 32, 11008, 32000, 8, 2) | more,
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
        sizes(4096, 32, 32, 6400, 32064, 16, 2, num_key_value_heads=8),
        _LOCAL,
        heads=("score", ""),
        norms=_rows.norms(("input_layernorm", "post_attention_layernorm"), shift=True),
        modules=_rows.vocabulary(
            head_bias="lm_head_bias", last=_rows.norms(("model.norm",), shift=True)
        ),
    )


def _dots1() -> "Family":
    defaults = sizes(4608, 62, 32, 10944, 152064, None, None, 1408, num_key_value_heads=32)
    layer = _ATTENTION + sparse() + _rows.HEAD_NORMS
    return _plain("Dots1", layer, defaults, _ROUTED, _FIRST, window="upper layers")


def _ernie4_5_moe() -> "Family":
    moved = "mlp.gate.moe_statics.e_score_correction_bias"  # no gradient reaches it
    layer = (
        _rows.attention("use_bias", "use_bias")
        + sparse("moe_num_shared_experts", "use_bias")
        + ((moved, "router", "1", "x", False, "sparse"),)
    )
    defaults = sizes(2560, 28, 20, 12288, 103424, 64, 6, 1536, num_key_value_heads=4)
    more = {"moe_num_shared_experts": 2, "moe_layer_start_index": 1, "moe_layer_interval": 1}
    return _rows.decoder(
        "Ernie4_5_Moe",
        layer + _rows.LAYER_NORMS,
        modules=_rows.vocabulary(head_bias="use_bias"),
        keys=keys("moe_num_experts num_experts", chosen="moe_k num_experts_per_tok"),
        defaults=defaults | more,
        optional=("moe_num_shared_experts", "moe_layer_start_index"),
        sets={"sparse": _from_to},
        tied=True,
        sequences="",
        tokens="",
    )


def _from_to(config: "Config", read: "Read", layers: int) -> list[int]:
    """List the layers with experts of ERNIE: every so many, from one to another."""
    last, step = config.get("moe_layer_end_index"), read("moe_layer_interval")
    end = layers - 1 if last is None or last == -1 else last
    end = _check.count('config["moe_layer_end_index"]', end, minimum=0)
    first = read("moe_layer_start_index")
    return [layer for layer in range(step - 1, layers, step) if first <= layer <= end]


def _minimax_m2() -> "Family":
    defaults = sizes(3072, 62, 48, 1536, 200064, 256, 8, head_dim=128, num_key_value_heads=8)
    layer = _rows.attention(False, False) + _rows.experts() + _WIDE_NORMS
    return _plain("MiniMaxM2", layer, defaults, _LOCAL)


def _hunyuan_v1_moe() -> "Family":
    layer = _ATTENTION + _rows.experts(router="gate.wg") + _rows.mlp(path="mlp.shared_mlp")
    layer += _rows.norms(("self_attn.query_layernorm", "self_attn.key_layernorm"), "h")
    return _plain(
        "HunYuanMoEV1",
        layer,
        sizes(4096, 32, 32, 11008, 290943, 1, 1),
        keys("num_experts num_local_experts", "intermediate_size", "moe_topk num_experts_per_tok"),
        heads=("score", ""),
    )


def _exaone_moe() -> "Family":
    defaults = sizes(4096, 32, 32, 16384, 102400, 64, 8, 1024, num_key_value_heads=32)
    more = {"num_shared_experts": 1, "first_k_dense_replace": 1}
    layer = _rows.attention(False, False) + sparse("num_shared_experts") + _rows.HEAD_NORMS
    return _plain("ExaoneMoe", layer, defaults | more, PLAIN, _LISTED)


def _flex_olmo() -> "Family":
    norms = _rows.norms(("post_attention_layernorm", "post_feedforward_layernorm"))
    layer = _ATTENTION + _rows.experts() + _WIDE_NORMS
    return _plain("FlexOlmo", layer, sizes(4096, 32, 32, 11008, 100352, 7, 5), AS_WIDE, norms=norms)


def _afmoe() -> "Family":
    layer = _ATTENTION + sparse("num_shared_experts", router="router.gate") + _rows.HEAD_NORMS
    gate: "Module" = ("self_attn.gate_proj", "attention", "d", "q", False, "")
    moved: "Module" = ("mlp.expert_bias", "router", "1", "x", False, "sparse")
    return _plain(
        "Afmoe",
        (gate,) + layer + (moved,),
        sizes(2048, 32, 16, 6144, 200192, 64, 6, 1408, head_dim=128)
        | {"num_shared_experts": 2, "first_k_dense_replace": 1},
        keys("num_experts num_local_experts", dense="num_dense_layers"),
        _FIRST,
        norms=_rows.LAYER_NORMS + _rows.norms(("pre_mlp_layernorm", "post_mlp_layernorm")),
    )


def _solar_open() -> "Family":
    defaults = sizes(4096, 48, 64, None, 196608, 128, 8, 1280)
    more = {"head_dim": 128, "num_key_value_heads": 8, "n_shared_experts": 1}
    layer = _rows.attention("attention_bias", False) + _rows.experts() + shared(where="")
    return _plain("SolarOpen", layer, defaults | more, _ROUTED)


def _aria_text() -> "Family":
    defaults = sizes(4096, 32, 32, 4096, 32000, 8, 2, moe_num_shared_experts=2)
    layer = _ATTENTION + _rows.experts(router="router")
    layer += shared("moe_num_shared_experts", bias="mlp_bias", where="")
    named = keys("moe_num_experts", "intermediate_size", "moe_topk")
    return _plain("AriaText", layer, defaults, named)


def _hy_v3() -> "Family":
    defaults = sizes(4096, 80, 64, 13312, 120832, 192, 8, 1536, head_dim=128)
    more = {"num_key_value_heads": 8, "num_shared_experts": 1}
    layer = _ATTENTION + sparse("num_shared_experts", "mlp_bias") + _rows.HEAD_NORMS
    return _plain("HYV3", layer, defaults | more, PLAIN, _ALL_BUT_ONE)


def _axk1() -> "Family":
    defaults = sizes(7168, 61, 64, 18432, 163840, 192, 8, 2048, num_key_value_heads=64)
    more = {"n_shared_experts": 1, "first_k_dense_replace": 1, "moe_layer_freq": 1}
    layer = sparse() + _rows.norms(("mlp.post_mlp_layernorm",), where="sparse")
    ranks = latent_sizes(1536, 512, 128, 64, 128)
    rules = {"sparse": _rows.typed("sparse", _some, "mlp_layer_types")}
    return _deepseek(
        "AXK1", layer, ranks, defaults | more, rules, always=True, heads=("score", "linear")
    )


def _some(read: "Read", layer: int) -> str:
    first, step = read("first_k_dense_replace"), read("moe_layer_freq")
    return "sparse" if layer >= first and layer % step == 0 else "dense"


ROWS: "dict[str, Callable[[], Family]]" = {
    "gpt_oss": _gpt_oss,
    "deepseek_v3": _deepseek_v3,
    "deepseek_v2": _deepseek_v2,
    "qwen2_moe": _qwen2_moe,
    "llama4_text": _llama4_text,
    "glm4_moe": _glm4_moe,
    "olmoe": _olmoe,
    "granitemoe": _granitemoe,
    "granitemoeshared": _granitemoeshared,
    "phimoe": _phimoe,
    "dots1": _dots1,
    "ernie4_5_moe": _ernie4_5_moe,
    "minimax_m2": _minimax_m2,
    "hunyuan_v1_moe": _hunyuan_v1_moe,
    "deepseek_v32": _deepseek_v32,
    "glm4_moe_lite": _glm4_moe_lite,
    "exaone_moe": _exaone_moe,
    "flex_olmo": _flex_olmo,
    "afmoe": _afmoe,
    "solar_open": _solar_open,
    "aria_text": _aria_text,
    "axk1": _axk1,
    "hy_v3": _hy_v3,
}
"""What gives the row of each `model_type` with experts."""
