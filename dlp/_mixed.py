"""Rows of families of language models that have layers, or parameters, of kinds of their own."""

from dlp import _check, _experts, _latent, _rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dlp._rows import Config, Family, LayerSet, Module, Read

_BIAS = "attention_bias"
_ATTENTION = _rows.attention(_BIAS, _BIAS)


def _narrow(
    name: str,
    layer: "tuple[Module, ...]",
    defaults: "dict[str, object]",
    keys: "dict[str, tuple[str, ...]]",
    numbers: "dict[str, str]",
) -> "Family":
    """Give the row of a dense family with multi-head latent attention."""
    return _rows.decoder(
        name,
        _latent.latent() + layer + _rows.LAYER_NORMS,
        optional=("q_lora_rank",),
        sets={"low_rank": _rows.given("q_lora_rank")},
        tied=True,
        sequences="score" if name == "MiniCPM3" else "",
        tokens="",
        defaults=defaults,
        keys=keys,
        numbers=_latent.LATENT | numbers,
    )


def _youtu() -> "Family":
    defaults = _rows.sizes(2048, 32, 16, 6144, 128256, num_key_value_heads=16)
    ranks = _latent.latent_sizes(1536, 512, 128, 64, 128)
    return _narrow("Youtu", _rows.mlp(), defaults | ranks, {}, {})


def _minicpm3() -> "Family":
    defaults = _rows.sizes(2560, 62, 40, 6400, 73448, num_key_value_heads=40)
    ranks: "dict[str, object]" = {"q_lora_rank": 768, "kv_lora_rank": 256}
    ranks.update({"qk_nope_head_dim": 64, "qk_rope_head_dim": 32})
    return _narrow(
        "MiniCPM3",
        _rows.mlp("mlp_bias"),
        defaults | ranks,
        {"floored_head_dim": ("v_head_dim",)},
        {"v_head_dim": "floored_head_dim"},
    )


def _doge() -> "Family":
    residuals: "tuple[Module, ...]" = ()
    for name, part in (
        ("input_residual", "attention vector"),
        ("post_attention_residual", "mlp vector"),
    ):
        residuals += ((name, part, "1", "d", False, ""),)
    return _rows.decoder(
        "Doge",
        _ATTENTION[:3]
        + (
            ("self_attn.A", "attention vector", "1", "g", False, ""),
            ("self_attn.dt_proj", "attention", "k", "g", _BIAS, ""),
        )
        + _ATTENTION[3:]
        + _rows.mlp("mlp_bias", where="dense")
        + _rows.LAYER_NORMS
        + _rows.HEAD_NORMS
        + residuals,
        defaults=_rows.sizes(1024, 32, 8, 2048, 32768),
        sets={"dense": _no_doge_experts},
        tokens="",
    )


def _no_doge_experts(config: "Config", read: "Read", layers: int) -> bool:
    if config.get("is_moe"):
        raise ValueError('config["is_moe"] must be False: the experts of Doge are not counted')
    return True


def _listed(usual: str, first: str) -> "LayerSet":
    """Give the layers with experts: as the config lists them, or as the class has them."""
    return _rows.typed("sparse", lambda read, layer: usual if layer else first, "mlp_layer_types")


def _mellum() -> "Family":
    return _rows.decoder(
        "Mellum",
        _ATTENTION
        + _rows.mlp(where="!sparse")
        + _rows.experts(where="sparse")
        + _rows.LAYER_NORMS
        + _rows.HEAD_NORMS,
        keys=_experts.PLAIN,
        window=_rows.window("none", 1024),
        defaults=_experts.sizes(
            2304, 28, 32, 7168, 98304, 64, 8, 896, num_key_value_heads=4, head_dim=128
        ),
        sets={"sparse": _listed("sparse", "sparse")},
        sequences="",
        tokens="",
    )


def _laguna() -> "Family":
    return _rows.decoder(
        "Laguna",
        _ATTENTION[:3]
        + (
            ("self_attn.g_proj", "attention", "d", "a", False, "even per_head"),
            ("self_attn.g_proj", "attention", "d", "q", False, "even !per_head"),
        )
        + _ATTENTION[3:]
        + _rows.mlp(where="!sparse")
        + _rows.experts(where="sparse")
        + (("mlp.gate.e_score_correction_bias", "router", "1", "x", False, "sparse"),)
        + _experts.shared("1", width="shared_expert_intermediate_size")
        + _rows.LAYER_NORMS
        + _rows.HEAD_NORMS,
        keys=_experts.PLAIN,
        window=_rows.window("none", 512),
        defaults=_experts.sizes(
            2048,
            40,
            48,
            8192,
            100352,
            256,
            8,
            512,
            num_key_value_heads=8,
            head_dim=128,
            shared_expert_intermediate_size=512,
        ),
        sets={
            "sparse": _listed("sparse", "dense"),
            "even": _even_heads,
            "per_head": _gate_per_head,
        },
        sequences="",
        tokens="",
    )


def _even_heads(config: "Config", read: "Read", layers: int) -> bool:
    """Refuse a config whose layers have unlike numbers of heads."""
    numbers = config.get("num_attention_heads_per_layer")
    if numbers is not None and numbers != [read("num_attention_heads")] * layers:
        raise ValueError(
            'config["num_attention_heads_per_layer"] must be num_attention_heads in each layer'
        )
    return True


def _gate_per_head(config: "Config", read: "Read", layers: int) -> bool:
    return config.get("gating", True) in (True, "per-head")


def _kolibri1() -> "Family":
    norms = ("post_self_attn_layernorm", "post_mlp_layernorm")
    return _rows.decoder(
        "Kolibri1",
        _rows.attention(False, False)
        + _rows.experts()
        + _experts.shared("1", where="", width="shared_expert_intermediate_size")
        + _rows.LAYER_NORMS
        + _rows.norms(norms)
        + _rows.HEAD_NORMS,
        keys=_experts.PLAIN,
        window=_rows.window("all but the last of some", 513, 5),
        defaults=_experts.sizes(
            2560,
            50,
            48,
            None,
            128000,
            384,
            6,
            512,
            num_key_value_heads=4,
            head_dim=128,
            shared_expert_intermediate_size=512,
        ),
        sequences="",
        tokens="",
    )


def _gemma4_attention() -> "tuple[Module, ...]":
    """List attention: wider heads in layers that see all, keys and values of earlier layers."""
    path, rows = "self_attn", _rows.norms(("self_attn.q_norm",), "h", where="!full")
    rows += _rows.norms((f"{path}.q_norm",), "global_head_dim", where="full")
    rows += _rows.norms((f"{path}.k_norm",), "h", where="!full !reuse")
    rows += _rows.norms((f"{path}.k_norm",), "global_head_dim", where="full !reuse")
    q, few = "a global_head_dim", "num_global_key_value_heads global_head_dim"
    for name, where, width in (
        ("q_proj", "!full", "q"),
        ("q_proj", "full", q),
        ("k_proj", "!full !reuse", "k"),
        ("k_proj", "full !reuse !attention_k_eq_v", "g global_head_dim"),
        ("k_proj", "full !reuse attention_k_eq_v", few),
        ("v_proj", "!full !reuse", "k"),
        ("v_proj", "full !reuse !attention_k_eq_v", "g global_head_dim"),
    ):
        rows += ((f"{path}.{name}", "attention", "d", width, _BIAS, where),)
    for where, width in (("!full", "q"), ("full", q)):
        rows += ((f"{path}.o_proj", "attention", width, "d", _BIAS, where),)
    return rows


def _beside(side: str, where: str) -> "tuple[Module, ...]":
    """List what gives each layer a small input of its own for each token."""
    table, all_sides = "vocab_size_per_layer_input", f"num_hidden_layers {side}"
    rows: "tuple[Module, ...]" = (
        ("model.embed_tokens_per_layer", "token_embedding", table, all_sides, False, where),
        ("model.per_layer_model_projection", "projection", "d", all_sides, False, where),
    )
    return rows + _rows.norms(("model.per_layer_projection_norm",), side, where=where)


def _gemma4_text() -> "Family":
    moe = "enable_moe_block"
    side, p = _SIDE, "beside"
    layer: "tuple[Module, ...]" = (
        ("per_layer_input_gate", "mlp", "d", side, False, p),
        ("per_layer_projection", "mlp", side, "d", False, p),
        ("router.proj", "router", "d", "x", False, moe),
        ("router.scale", "router", "1", "d", False, moe),
        ("router.per_expert_scale", "router", "1", "x", False, moe),
    )
    layer += _rows.experts(path="", where=moe)[1:]  # beside the MLP
    layer += _rows.norms(("post_per_layer_input_norm",), where=p)
    for name in ("post_feedforward_layernorm_1", "post_feedforward_layernorm_2"):
        layer += _rows.norms((name,), where=moe)
    layer += _rows.norms(("pre_feedforward_layernorm_2",), where=moe)
    tables = {"vocab_size_per_layer_input": 262144, side: 256}
    return _gemma4("Gemma4Text", "Gemma4ForCausalLM", 512, layer, _beside(side, p), **tables)


def _gemma4_unified_text() -> "Family":
    return _gemma4("Gemma4UnifiedText", "Gemma4UnifiedForCausalLM", 1024)


_SIDE = "hidden_size_per_layer_input"


def _gemma4(
    name: str,
    language: str,
    window: int,
    layer: "tuple[Module, ...]" = (),
    modules: "tuple[Module, ...]" = (),
    **tables: object,
) -> "Family":
    """Give the row of a Gemma 4, with what some have beside."""
    mlp = _rows.mlp(where="!wider") + _rows.mlp(where="wider", width="2 f")
    return _rows.decoder(
        name,
        _gemma4_attention() + mlp + _rows.SANDWICH + layer,
        language=language,
        modules=_rows.vocabulary() + modules,
        keys={"num_experts_per_tok": ("top_k_experts",)},
        defaults=_rows.sizes(
            2304,
            30,
            8,
            9216,
            262144,
            num_key_value_heads=4,
            head_dim=256,
            global_head_dim=512,
            num_kv_shared_layers=0,
            attention_k_eq_v=False,
            **tables,
        ),
        optional=(
            "num_kv_shared_layers",
            _SIDE,
            "num_experts",
            "num_experts_per_tok",
            "moe_intermediate_size",
        ),
        sets={
            "full": _gemma4_full,
            "reuse": _reusing,
            "wider": _twice_as_wide,
            "beside": _rows.given(_SIDE),
        },
        tied=True,
        window=_rows.window("all but the last of some", window, 6),
        sequences="",
        tokens="",
    )


def _gemma3n_text() -> "Family":
    """Give the row of Gemma 3n, whose layers have several inputs each, mixed by small matrices."""
    side, several = _SIDE, "altup_num_inputs"
    path = "self_attn"
    layer: "tuple[Module, ...]" = (
        (f"{path}.q_proj", "attention", "d", "q", _BIAS, ""),
        (f"{path}.k_proj", "attention", "d", "k", _BIAS, "!reuse"),
        (f"{path}.v_proj", "attention", "d", "k", _BIAS, "!reuse"),
        (f"{path}.o_proj", "attention", "q", "d", _BIAS, ""),
    )
    layer += _rows.norms((f"{path}.q_norm",), "h")
    layer += _rows.norms((f"{path}.k_norm",), "h", where="!reuse")
    layer += _rows.mlp() + _rows.SANDWICH
    layer += (
        ("altup.correct_output_scale", "mlp vector", "1", "d", False, ""),
        ("altup.correction_coefs", "mlp", several, several, False, ""),
        ("altup.prediction_coefs", "mlp", several, f"{several} {several}", False, ""),
        ("altup.modality_router", "mlp", "d", several, False, ""),
        ("laurel.linear_left", "mlp", "d", "laurel_rank", False, ""),
        ("laurel.linear_right", "mlp", "laurel_rank", "d", False, ""),
        ("per_layer_input_gate", "mlp", "d", side, False, ""),
        ("per_layer_projection", "mlp", side, "d", False, ""),
    )
    layer += _rows.norms(
        ("altup.router_norm", "laurel.post_laurel_norm", "post_per_layer_input_norm")
    )
    modules = _rows.vocabulary() + _beside(side, "")
    sets: "dict[str, LayerSet]" = {"reuse": _reusing}
    for place in range(_INPUTS - 1):
        sets[f"altup_{place}"] = _has_input(place + 1)
        for name in ("altup_projections", "altup_unembed_projections"):
            module = f"model.{name}.{place}"
            modules += ((module, "projection", "d", "d", False, f"altup_{place}"),)
    return _rows.decoder(
        "Gemma3nText",
        layer,
        language="Gemma3nForCausalLM",
        modules=modules,
        defaults=_rows.sizes(
            2048,
            35,
            8,
            16384,
            262400,
            num_key_value_heads=2,
            head_dim=256,
            vocab_size_per_layer_input=262144,
            hidden_size_per_layer_input=256,
            altup_num_inputs=4,
            num_kv_shared_layers=15,
            laurel_rank=64,
        ),
        optional=("num_kv_shared_layers",),
        sets=sets,
        tied=True,
        window=_rows.window("all but the last of some", 512, 5),
        sequences="",
        tokens="",
    )


_INPUTS = 40
"""The most inputs of a layer of Gemma 3n."""


def _has_input(place: int) -> "LayerSet":
    """Give the condition that a layer has an input, counted from 0."""

    def found(config: "Config", read: "Read", layers: int) -> bool:
        return place < _check.count("altup_num_inputs", read("altup_num_inputs"), maximum=_INPUTS)

    return found


_full = _rows.typed(
    "full_attention",
    lambda read, layer: "sliding_attention" if (layer + 1) % 6 else "full_attention",
)


def _gemma4_full(config: "Config", read: "Read", layers: int) -> list[int]:
    """List the layers of Gemma 4 that see all, of which the last is always one."""
    found, last = _full(config, read, layers), layers - 1
    before = [] if isinstance(found, bool) else found
    return [layer for layer in before if layer != last] + [last]


def _reusing(config: "Config", read: "Read", layers: int) -> list[int]:
    """List the layers that use keys and values of earlier layers."""
    return list(range(max(0, layers - read("num_kv_shared_layers")), layers))


def _twice_as_wide(config: "Config", read: "Read", layers: int) -> list[int]:
    return _reusing(config, read, layers) if config.get("use_double_wide_mlp") else []


ROWS: "dict[str, Callable[[], Family]]" = {
    "gemma3n_text": _gemma3n_text,
    "gemma4_text": _gemma4_text,
    "gemma4_unified_text": _gemma4_unified_text,
    "youtu": _youtu,
    "minicpm3": _minicpm3,
    "mellum": _mellum,
    "laguna": _laguna,
    "kolibri1": _kolibri1,
    "doge": _doge,
}
"""What gives the row of each `model_type`."""
