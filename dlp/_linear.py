"""Rows of families with linear attention or recurrence, most of them beside attention."""

import math

from dlp import _check, _latent, _rows, _experts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dlp._rows import Config, Family, LayerSet, Module, Read, Width

_ATTENTION = _rows.attention("attention_bias", "attention_bias", where="!mixes")
_DELTA: "dict[str, Width]" = {
    "keys": "linear_num_key_heads linear_key_head_dim",
    "values": "linear_num_value_heads linear_value_head_dim",
    "convolved": "keys+keys+values",
}
_DELTA_SIZES: "dict[str, object]" = {
    "linear_conv_kernel_dim": 4,
    "linear_key_head_dim": 128,
    "linear_value_head_dim": 128,
    "linear_num_key_heads": 16,
    "linear_num_value_heads": 32,
    "full_attention_interval": 4,
}
_MIXES = _rows.typed(
    "linear_attention",
    lambda read, layer: (
        "linear_attention" if (layer + 1) % read("full_attention_interval") else "full_attention"
    ),
)


def _delta(inward: "tuple[tuple[str, str], ...]", names: "tuple[str, str]") -> "tuple[Module, ...]":
    """List a gated delta network: what leads in, its output and its norm, and its vectors."""
    path, where = "linear_attn", "mixes"
    rows: "tuple[Module, ...]" = ()
    for name, width in inward:
        rows += ((f"{path}.{name}", "mixer", "d", width, False, where),)
    rows += (
        (f"{path}.{names[0]}", "mixer", "values", "d", False, where),
        (f"{path}.conv1d", "mixer vector", "linear_conv_kernel_dim", "convolved", False, where),
        (f"{path}.dt_bias", "mixer vector", "1", "linear_num_value_heads", False, where),
        (f"{path}.A_log", "mixer vector", "1", "linear_num_value_heads", False, where),
    )
    return rows + _rows.norms((f"{path}.{names[1]}",), "linear_value_head_dim", where=where)


def _gated_attention() -> "tuple[Module, ...]":
    """List attention whose queries come with a gate."""
    query: "Module" = ("self_attn.q_proj", "attention", "d", "2 q", "attention_bias", "!mixes")
    norms = _rows.norms(("self_attn.q_norm", "self_attn.k_norm"), "h", where="!mixes")
    return (query,) + _ATTENTION[1:] + norms


def _qwen(
    name: str,
    inward: "tuple[tuple[str, str], ...]",
    feed_forward: "tuple[Module, ...]",
    defaults: "dict[str, object]",
    *,
    sparse: "LayerSet" = _rows.by_step,
    language: "str | None" = None,
    sequences: bool = True,
    tokens: bool = False,
) -> "Family":
    return _rows.decoder(
        name,
        _gated_attention()
        + _delta(inward, ("out_proj", "norm"))
        + feed_forward
        + _rows.LAYER_NORMS,
        language=language,
        keys=_experts.PLAIN,
        defaults=_DELTA_SIZES | defaults,
        numbers=_DELTA,
        optional=("num_experts",),
        window=_rows.window("none"),
        sets={"mixes": _MIXES, "sparse": sparse},
        sequences="score" if sequences else "",
        tokens="linear" if tokens else "",
    )


_APART = (
    ("in_proj_qkv", "convolved"),
    ("in_proj_z", "values"),
    ("in_proj_b", "linear_num_value_heads"),
    ("in_proj_a", "linear_num_value_heads"),
)


def _qwen3_next() -> "Family":
    together = (("in_proj_qkvz", "convolved+values"), ("in_proj_ba", "2 linear_num_value_heads"))
    defaults = _experts.sizes(2048, 48, 16, 5632, 151936, 512, 10, 512)
    more = {"head_dim": 256, "num_key_value_heads": 2, "decoder_sparse_step": 1}
    more.update({"shared_expert_intermediate_size": 512})
    return _qwen("Qwen3Next", together, _experts.gated_share(), defaults | more, tokens=True)


def _qwen3_5_text() -> "Family":
    defaults = _rows.sizes(4096, 32, 16, 12288, 248320, head_dim=256, num_key_value_heads=4)
    return _qwen("Qwen3_5Text", _APART, _rows.mlp(), defaults, language="Qwen3_5ForCausalLM")


def _qwen3_5_moe_text() -> "Family":
    defaults = _experts.sizes(2048, 40, 16, None, 248320, 256, 8, 512)
    more = {"head_dim": 256, "num_key_value_heads": 2, "shared_expert_intermediate_size": 512}
    return _qwen(
        "Qwen3_5MoeText",
        _APART,
        _experts.gated_share(""),
        defaults | more,
        language="Qwen3_5MoeForCausalLM",
        sequences=False,
    )


def _olmo_hybrid() -> "Family":
    inward = (
        ("q_proj", "keys"),
        ("k_proj", "keys"),
        ("v_proj", "values"),
        ("a_proj", "linear_num_value_heads"),
        ("b_proj", "linear_num_value_heads"),
        ("g_proj", "values"),
    )
    norms = _rows.norms(("self_attn.q_norm",), "q", where="!mixes")
    norms += _rows.norms(("self_attn.k_norm",), "k", where="!mixes")
    norms += _rows.norms(("post_feedforward_layernorm",), where="!mixes")
    norms += _rows.norms(("input_layernorm",), where="mixes")
    return _rows.decoder(
        "OlmoHybrid",
        _ATTENTION
        + _delta(inward, ("o_proj", "o_norm"))
        + _rows.mlp()
        + norms
        + _rows.norms(("post_attention_layernorm",)),
        defaults=_rows.sizes(3840, 32, 30, 11008, 100352, linear_conv_kernel_dim=4),
        numbers=_DELTA,
        window=_rows.window("none"),
        sets={"mixes": _olmo_mixes},
        sequences="",
        tokens="",
    )


def _olmo_mixes(config: "Config", read: "Read", layers: int) -> "list[int] | bool":
    """List the layers with linear attention: all but each fourth, or all but the last of few."""

    def usual(read: "Read", layer: int) -> str:
        attends = layer % 4 == 3 or (layers < 4 and layer == layers - 1)
        return "full_attention" if attends else "linear_attention"

    return _rows.typed("linear_attention", usual)(config, read, layers)


def _minimax() -> "Family":
    path, where = "self_attn", "mixes"
    lightning: "tuple[Module, ...]" = (
        (f"{path}.qkv_proj", "mixer", "d", "3 q", False, where),
        (f"{path}.out_proj", "mixer", "q", "d", False, where),
        (f"{path}.output_gate", "mixer", "d", "q", False, where),
    )
    return _rows.decoder(
        "MiniMax",
        _rows.attention(False, False, where="!mixes")
        + lightning
        + _rows.norms((f"{path}.norm",), "q", where=where)
        + _rows.experts()
        + _rows.LAYER_NORMS,
        keys=_experts.LOCAL,
        defaults=_experts.sizes(4096, 32, 32, 14336, 32000, 8, 2, num_key_value_heads=8),
        window=_rows.window("none"),
        sets={
            "mixes": _rows.typed(
                "linear_attention",
                lambda read, layer: "linear_attention" if layer % 2 else "full_attention",
            )
        },
    )


def _recurrent_gemma() -> "Family":
    path, where = "temporal_block", "mixes"
    unit = f"{path}.rg_lru"
    layer = _rows.attention("attention_bias", True, path=path, where="!mixes")
    layer += _rows.mlp(True, path="mlp_block", width="f /2")
    layer += (
        (f"{path}.linear_y", "mixer", "d", "lru_width", True, where),
        (f"{path}.linear_x", "mixer", "d", "lru_width", True, where),
        (f"{path}.linear_out", "mixer", "lru_width", "d", True, where),
        (f"{path}.conv_1d", "mixer vector", "conv1d_width", "lru_width", True, where),
        (f"{unit}.recurrent_param", "mixer vector", "1", "lru_width", False, where),
    )
    for gate in ("input_gate", "recurrent_gate"):
        layer += (
            (f"{unit}.{gate}_weight", "mixer vector", "a block", "block", False, where),
            (f"{unit}.{gate}_bias", "mixer vector", "a", "block", False, where),
        )
    return _rows.decoder(
        "RecurrentGemma",
        layer + _rows.norms(("temporal_pre_norm", "channel_pre_norm")),
        modules=_rows.vocabulary(last=_rows.norms(("model.final_norm",))),
        defaults=_rows.sizes(2560, 26, 10, 7680, 256000, conv1d_width=4),
        keys={"floored_head_dim": ("head_dim",)},
        numbers={"block": "lru_width /num_attention_heads", "head_dim": "floored_head_dim"},
        window=_rows.window(tokens=2048, key="attention_window_size sliding_window"),
        sets={"mixes": _recurrent},
        tied=True,
        sequences="",
        tokens="",
    )


def _recurrent(config: "Config", read: "Read", layers: int) -> list[int]:
    """List the layers that recur, by kinds that are repeated."""
    kinds = config.get("block_types")
    if kinds is None:
        kinds = ["recurrent", "recurrent", "attention"]
    names = _check.sequence('config["block_types"]', kinds)
    return [layer for layer in range(layers) if names[layer % len(names)] == "recurrent"]


def _rwkv() -> "Family":
    wide = "attention_hidden_size"
    layer: "tuple[Module, ...]" = (
        ("attention.key", "mixer", "d", wide, False, ""),
        ("attention.value", "mixer", "d", wide, False, ""),
        ("attention.receptance", "mixer", "d", wide, False, ""),
        ("attention.output", "mixer", wide, "d", False, ""),
        ("attention.time_decay", "mixer vector", "1", wide, False, ""),
        ("attention.time_first", "mixer vector", "1", wide, False, ""),
        ("feed_forward.key", "mlp", "d", "f", False, ""),
        ("feed_forward.receptance", "mlp", "d", "d", False, ""),
        ("feed_forward.value", "mlp", "f", "d", False, ""),
    )
    for name in ("key", "value", "receptance"):
        layer += ((f"attention.time_mix_{name}", "mixer vector", "1", "d", False, ""),)
    for name in ("key", "receptance"):
        layer += ((f"feed_forward.time_mix_{name}", "mlp vector", "1", "d", False, ""),)
    layer += _rows.norms(("ln1", "ln2"), shift=True)
    return _rows.decoder(
        "Rwkv",
        layer + _rows.norms(("pre_ln",), shift=True, where="first"),
        modules=_rows.vocabulary(
            "rwkv.embeddings", "head", last=_rows.norms(("rwkv.ln_out",), shift=True)
        ),
        path="rwkv.blocks",
        base="rwkv",
        defaults={"hidden_size": 4096, "num_hidden_layers": 32, "vocab_size": 50277},
        sets={"first": lambda config, read, layers: [0]},
        gated=False,
        sequences="",
        tokens="",
    )


_KDA: "dict[str, Width]" = {
    "head_dim": "qk_nope_head_dim+qk_rope_head_dim",
    "wide": "linear_num_heads linear_head_dim",
}


def _kimi(
    name: str,
    own: "tuple[Module, ...]",
    named: "dict[str, tuple[str, ...]]",
    defaults: "dict[str, object]",
    rules: "dict[str, LayerSet]",
) -> "Family":
    """Give the row of a family whose layers have delta attention of Kimi or latent attention."""
    path, where = "self_attn", "mixes"
    rows: "tuple[Module, ...]" = (
        (f"{path}.q_proj", "mixer", "d", "wide", False, where),
        (f"{path}.k_proj", "mixer", "d", "wide", False, where),
        (f"{path}.v_proj", "mixer", "d", "wide", False, where),
        (f"{path}.b_proj", "mixer", "d", "linear_num_heads", False, where),
        (f"{path}.o_proj", "mixer", "wide", "d", False, where),
        (f"{path}.conv1d", "mixer vector", "linear_conv_kernel_dim", "3 wide", False, where),
        (f"{path}.forget_gate.dt_bias", "mixer vector", "1", "wide", False, where),
        (f"{path}.forget_gate.A_log", "mixer vector", "1", "linear_num_heads", False, where),
    )
    return _rows.decoder(
        name,
        _latent.latent(where="!mixes")
        + own
        + rows
        + _rows.norms((f"{path}.o_norm",), "linear_head_dim", where=where)
        + _experts.sparse()
        + _rows.LAYER_NORMS,
        keys=_experts.keys(
            "num_experts num_local_experts", chosen="num_experts_per_token num_experts_per_tok"
        )
        | {"n_shared_experts": ("num_shared_experts", "n_shared_experts")}
        | named,
        defaults=_latent.latent_sizes(None, 512, 128, 64, 128) | defaults,
        numbers=_KDA,
        optional=_experts.OPTIONAL + ("q_lora_rank",),
        window=_rows.window("none"),
        sets={"sparse": _experts.from_layer()} | rules,
        tied=None,
        sequences="",
        tokens="",
    )


def _kimi_linear() -> "Family":
    path, where, within = "self_attn", "mixes", "linear_attn_config"
    own: "tuple[Module, ...]" = (
        (f"{path}.forget_gate.f_a_proj", "mixer", "d", "linear_head_dim", False, where),
        (f"{path}.forget_gate.f_b_proj", "mixer", "linear_head_dim", "wide", False, where),
        (f"{path}.g_a_proj", "mixer", "d", "linear_head_dim", False, where),
        (f"{path}.g_b_proj", "mixer", "linear_head_dim", "wide", False, where),
    )
    named: "dict[str, tuple[str, ...]]" = {
        "linear_head_dim": (f"{within}.head_dim", "linear_head_dim"),
        "linear_num_heads": (f"{within}.num_heads", "linear_num_heads"),
        "linear_conv_kernel_dim": (f"{within}.short_conv_kernel_size", "linear_conv_kernel_dim"),
    }
    defaults = _experts.sizes(2304, 27, 32, 9216, 163840, 256, 8, 1024, num_key_value_heads=32)
    more = {"linear_head_dim": 128, "linear_num_heads": 32, "linear_conv_kernel_dim": 4}
    more.update({"n_shared_experts": 1, "first_k_dense_replace": 1})
    rules: "dict[str, LayerSet]" = {
        "low_rank": _rows.given("q_lora_rank"),
        "mixes": _kimi_mixes,
    }
    return _kimi("KimiLinear", own, named, defaults | more, rules)


def _kimi_mixes(config: "Config", read: "Read", layers: int) -> "list[int] | bool":
    """List the layers with linear attention, which a part of the config counts from 1."""
    named = config.get("linear_attn_config")
    if config.get("layer_types") is None and named is not None:
        parts = _check.mapping('config["linear_attn_config"]', named)
        full = parts.get("full_attn_layers")
        if full is not None and parts.get("kda_layers") is not None:
            listed = _check.sequence('config["linear_attn_config"]["full_attn_layers"]', full)
            return [layer for layer in range(layers) if layer + 1 not in listed]

    def usual(read: "Read", layer: int) -> str:
        return "linear_attention" if layer % 4 or not layer else "full_attention"

    return _rows.typed("linear_attention", usual)(config, read, layers)


def _bailing_hybrid() -> "Family":
    path = "self_attn"
    own: "tuple[Module, ...]" = (
        (f"{path}.forget_gate.f_proj", "mixer", "d", "wide", False, "mixes"),
        (f"{path}.g_proj", "mixer", "d", "wide", False, "mixes"),
        (f"{path}.g_proj", "attention", "d", "a", False, "!mixes"),
    )
    named: "dict[str, tuple[str, ...]]" = {
        "linear_head_dim": ("linear_head_dim", "head_dim"),
        "linear_num_heads": ("linear_num_heads", "num_attention_heads"),
        "linear_conv_kernel_dim": ("linear_conv_kernel_dim", "short_conv_kernel_size"),
    }
    defaults = _experts.sizes(2560, 42, 32, 6144, 157184, 512, 8, 768, num_key_value_heads=32)
    more = {"linear_head_dim": 128, "linear_num_heads": 32, "linear_conv_kernel_dim": 4}
    more.update({"n_shared_experts": 1, "first_k_dense_replace": 2, "layer_group_size": 6})
    rules: "dict[str, LayerSet]" = {
        "low_rank": lambda config, read, layers: False,
        "mixes": _rows.typed("linear_attention", _grouped),
    }
    return _kimi("BailingHybrid", own, named, defaults | more, rules)


def _grouped(read: "Read", layer: int) -> str:
    return "linear_attention" if (layer + 1) % read("layer_group_size") else "full_attention"


def _xlstm() -> "Family":
    path, bias = "mlstm_layer", "use_bias"
    layer: "tuple[Module, ...]" = (
        (f"{path}.q", "mixer", "d", "queries", bias, "!fused"),
        (f"{path}.k", "mixer", "d", "queries", bias, "!fused"),
        (f"{path}.v", "mixer", "d", "values", bias, "!fused"),
        (f"{path}.ogate_preact", "mixer", "d", "values", bias, "!fused"),
        (f"{path}.igate_preact", "mixer", "d", "num_heads", True, "!fused"),
        (f"{path}.fgate_preact", "mixer", "d", "num_heads", True, "!fused"),
        (f"{path}.qkv_opreact", "mixer", "d", "2 queries+values", bias, "fused"),
        (f"{path}.ifgate_preact", "mixer", "d", "2 num_heads", True, "fused"),
        (f"{path}.out_proj", "mixer", "values", "d", bias, ""),
        ("ffn.proj_up_gate", "mlp", "d", "wide", bias, "!fused"),
        ("ffn.proj_up", "mlp", "d", "wide", bias, "!fused"),
        ("ffn.proj_up_gate_z", "mlp", "d", "2 wide", bias, "fused"),
        ("ffn.proj_down", "mlp", "wide", "d", bias, ""),
    )
    layer += _rows.norms((f"{path}.multihead_norm",), "values /num_heads num_heads", bias)
    return _rows.decoder(
        "xLSTM",
        layer + _rows.norms(("norm_mlstm", "norm_ffn"), shift=bias),
        modules=_rows.vocabulary("backbone.embeddings", last=_rows.norms(("backbone.out_norm",))),
        path="backbone.blocks",
        base="backbone",
        keys={
            "hidden_size": ("hidden_size", "embedding_dim"),
            "num_hidden_layers": ("num_blocks", "num_hidden_layers"),
        },
        defaults={
            "hidden_size": 4096,
            "num_hidden_layers": 32,
            "vocab_size": 50304,
            "num_heads": 8,
            "ffn_round_up_to_multiple_of": 64,
        },
        numbers={
            "queries": lambda config, read: int(_factor(config, read, "qk_dim_factor", 0.5)),
            "values": lambda config, read: int(_factor(config, read, "v_dim_factor", 1.0)),
            "wide": _rounded,
        },
        sets={"fused": lambda config, read, layers: config.get("weight_mode") == "fused"},
        tied=None,
        sequences="",
        tokens="",
    )


def _factor(config: "Config", read: "Read", key: str, usual: float) -> float:
    """Give the width of the model times a factor."""
    return read("hidden_size") * _check.number(f'config["{key}"]', config.get(key, usual))


def _rounded(config: "Config", read: "Read") -> int:
    """Give the width of an MLP of xLSTM, the next multiple of some number."""
    multiple = read("ffn_round_up_to_multiple_of")
    width = _factor(config, read, "ffn_proj_factor", 2.667)
    return int(math.floor((width + multiple - 1) / multiple) * multiple)


ROWS: "dict[str, Callable[[], Family]]" = {
    "qwen3_next": _qwen3_next,
    "qwen3_5_text": _qwen3_5_text,
    "qwen3_5_moe_text": _qwen3_5_moe_text,
    "minimax": _minimax,
    "olmo_hybrid": _olmo_hybrid,
    "kimi_linear": _kimi_linear,
    "bailing_hybrid": _bailing_hybrid,
    "recurrent_gemma": _recurrent_gemma,
    "rwkv": _rwkv,
    "xlstm": _xlstm,
}
"""What gives the row of each `model_type` with linear attention."""
