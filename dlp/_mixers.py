"""Rows of families that mix tokens otherwise than by attention, or also otherwise."""

from dlp import _check, _rows, _experts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from dlp._rows import Bias, Config, Family, LayerSet, Module, Read, Some, Width

_ATTENTION = _rows.attention("attention_bias", "attention_bias", where="!mixes")
_PRE_FEED = _rows.norms(("input_layernorm", "pre_ff_layernorm"))

# What is called otherwise where a model has attention too.
_OF_MAMBA: "dict[str, tuple[str, ...]]" = {
    "state_size": ("mamba_d_state",),
    "conv_kernel": ("mamba_d_conv",),
    "expand": ("mamba_expand",),
    "n_groups": ("mamba_n_groups",),
    "ssm_heads": ("mamba_n_heads",),
    "time_step_rank": ("mamba_dt_rank",),
    "use_conv_bias": ("mamba_conv_bias",),
    "use_bias": ("mamba_proj_bias",),
}


def _mamba(path: str, where: str = "") -> "tuple[Module, ...]":
    """List the matrices of a state space whose steps come from a narrow vector, and its vectors."""
    return (
        (f"{path}.in_proj", "mixer", "d", "2 inner", "use_bias", where),
        (f"{path}.x_proj", "mixer", "inner", "time_step_rank+state_size+state_size", False, where),
        (f"{path}.dt_proj", "mixer", "time_step_rank", "inner", True, where),
        (f"{path}.out_proj", "mixer", "inner", "d", "use_bias", where),
        (f"{path}.conv1d", "mixer vector", "conv_kernel", "inner", "use_conv_bias", where),
        (f"{path}.A_log", "mixer vector", "state_size", "inner", False, where),
        (f"{path}.D", "mixer vector", "1", "inner", False, where),
    )


_MAMBA: "dict[str, Width]" = {"inner": "expand d"}
_SAID: "dict[str, Width]" = {"inner": "mamba_d_ssm"}  # its width, if the config says one


def _mamba2(
    path: str,
    where: str = "",
    out_bias: "Bias" = "use_bias",
    conv_bias: "Bias" = "use_conv_bias",
    normed: str = "",
) -> "tuple[Module, ...]":
    """List the matrices of a state space with heads, its vectors, and its norm."""
    rows: "tuple[Module, ...]" = (
        (f"{path}.in_proj", "mixer", "d", "inner+convolved+ssm_heads", "use_bias", where),
        (f"{path}.out_proj", "mixer", "inner", "d", out_bias, where),
        (f"{path}.conv1d", "mixer vector", "conv_kernel", "convolved", conv_bias, where),
    )
    for name in ("dt_bias", "A_log", "D"):
        rows += ((f"{path}.{name}", "mixer vector", "1", "ssm_heads", False, where),)
    return rows + _rows.norms((f"{path}.norm",), "inner", where=f"{where} {normed}".strip())


_MAMBA2: "dict[str, Width]" = {
    "inner": "expand d",
    "grouped": "2 n_groups state_size",
    "convolved": "inner+grouped",
}


def _alone(
    name: str,
    layer: "tuple[Module, ...]",
    numbers: "dict[str, Width]",
    defaults: "dict[str, object]",
    *,
    tied: bool,
) -> "Family":
    """Give the row of a family of state spaces without attention or an MLP."""
    shared = {"state_size": 16, "expand": 2, "conv_kernel": 4, "use_conv_bias": True}
    return _rows.decoder(
        name,
        layer + _rows.norms(("norm",)),
        modules=_rows.vocabulary("backbone.embeddings", last=_rows.norms(("backbone.norm_f",))),
        path="backbone.layers",
        base="backbone",
        keys={"ssm_heads": ("num_heads",), "mamba_d_ssm": ("intermediate_size",)},
        defaults=shared | defaults,
        numbers=numbers,
        tied=tied,
        gated=False,
        sequences="",
        tokens="",
    )


_MAMBA_SIZES: "dict[str, object]" = {
    "hidden_size": 768,
    "num_hidden_layers": 32,
    "vocab_size": 50280,
}


def _mamba_1() -> "Family":
    return _alone("Mamba", _mamba("mixer"), _SAID, _MAMBA_SIZES, tied=True)


def _falcon_mamba() -> "Family":
    return _alone("FalconMamba", _mamba("mixer"), _SAID, _MAMBA_SIZES, tied=True)


def _mamba_2() -> "Family":
    defaults: "dict[str, object]" = {
        "hidden_size": 4096,
        "num_hidden_layers": 64,
        "vocab_size": 32768,
        "state_size": 128,
        "n_groups": 8,
        "ssm_heads": 128,
    }
    return _alone("Mamba2", _mamba2("mixer"), _MAMBA2, defaults, tied=False)


def _hybrid(
    name: str, layer: "tuple[Module, ...]", sequences: bool = False, **row: "Unpack[Some]"
) -> "Family":
    """Give the row of a family whose class writes text, and judges it in whole if `sequences`."""
    return _rows.decoder(
        name,
        layer,
        modules=_rows.vocabulary(last=_rows.norms(("model.final_layernorm",))),
        sequences="score" if sequences else "",
        tokens="",
        **row,
    )


_MAMBA2_SIZES: "dict[str, object]" = {
    "state_size": 256,
    "conv_kernel": 4,
    "expand": 2,
    "n_groups": 1,
    "ssm_heads": 128,
    "use_conv_bias": True,
}


def _jamba() -> "Family":
    path = "feed_forward"
    narrow = _rows.norms(("mamba.dt_layernorm",), "time_step_rank", where="mixes")
    narrow += _rows.norms(("mamba.b_layernorm", "mamba.c_layernorm"), "state_size", where="mixes")
    defaults = _experts.sizes(4096, 32, 32, 14336, 65536, 16, 2, num_key_value_heads=8)
    more = {"expert_layer_period": 2, "expert_layer_offset": 1}
    more.update({"attn_layer_period": 8, "attn_layer_offset": 4})
    more.update({"state_size": 16, "conv_kernel": 4, "expand": 2, "use_conv_bias": True})
    return _hybrid(
        "Jamba",
        _rows.attention(False, False, where="!mixes")
        + _mamba("mamba", "mixes")
        + narrow
        + _rows.mlp(path=path, where="!sparse")
        + _rows.experts(path=path, where="sparse", router="router")
        + _PRE_FEED,
        sequences=True,
        keys=_experts.AS_WIDE | _OF_MAMBA,
        defaults=defaults | more,
        numbers=_MAMBA,
        optional=("attn_layer_offset", "expert_layer_offset"),
        window=_rows.window("none"),
        sets={"mixes": _jamba_mixes, "sparse": _jamba_sparse},
    )


def _jamba_mixes(config: "Config", read: "Read", layers: int) -> list[int]:
    period, offset = read("attn_layer_period"), read("attn_layer_offset")
    return [layer for layer in range(layers) if layer % period != offset]


def _jamba_sparse(config: "Config", read: "Read", layers: int) -> list[int]:
    period, offset = read("expert_layer_period"), read("expert_layer_offset")
    if read("num_experts") == 1:
        return []
    return [layer for layer in range(layers) if layer % period == offset]


def _bamba() -> "Family":
    defaults = _rows.sizes(4096, 32, 32, 14336, 128000, num_key_value_heads=8)
    return _hybrid(
        "Bamba",
        _ATTENTION
        + _mamba2("mamba", "mixes")
        + _rows.mlp("mlp_bias", path="feed_forward")
        + _PRE_FEED,
        keys=_OF_MAMBA,
        defaults=defaults | _MAMBA2_SIZES,
        numbers=_MAMBA2,
        window=_rows.window("none"),
        sets={"mixes": _others("attn_layer_indices", alone=True)},
    )


def _others(key: str, *, alone: bool) -> "LayerSet":
    """Give the layers that a list leaves out: without a list all, or none."""

    def found(config: "Config", read: "Read", layers: int) -> list[int]:
        listed = _rows.indices(config, key, layers)
        if listed is None:
            return list(range(layers)) if alone else []
        return [layer for layer in range(layers) if layer not in listed]

    return found


def _falcon_h1() -> "Family":
    defaults = _rows.sizes(4096, 32, 32, 14336, 128000, num_key_value_heads=8)
    return _hybrid(
        "FalconH1",
        _rows.attention("attention_bias", "attention_bias")
        + _mamba2("mamba", out_bias="projectors_bias", normed="mamba_rms_norm")
        + _rows.mlp("mlp_bias", path="feed_forward")
        + _PRE_FEED,
        keys=_OF_MAMBA,
        defaults=defaults | _MAMBA2_SIZES | {"mamba_d_ssm": 1024},
        numbers=_MAMBA2 | _SAID,
        window=_rows.window("none"),
    )


def _granitemoehybrid() -> "Family":
    defaults = _experts.sizes(4096, 32, 32, 11008, 32000, 8, 2, shared_intermediate_size=1024)
    return _rows.decoder(
        "GraniteMoeHybrid",
        _experts.granite("!mixes", "some")
        + _experts.granite_share()
        + _mamba2("mamba", "mixes")
        + _rows.LAYER_NORMS,
        keys=_experts.LOCAL | _OF_MAMBA,
        defaults=defaults | _MAMBA2_SIZES,
        numbers=_MAMBA2,
        optional=("num_experts", "num_experts_per_tok"),
        window=_rows.window("none"),
        sets={
            "some": _rows.given("num_experts"),
            "mixes": _rows.typed("linear_attention", lambda read, layer: "linear_attention"),
        },
        sequences="",
        tokens="",
    )


def _nemotron_h() -> "Family":
    path = "mixer"
    plain, narrow = "moe !latent", "moe latent"
    defaults = _rows.sizes(4096, 4, 32, 21504, 131072, num_key_value_heads=8, head_dim=128)
    experts = {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 7688}
    states = {"state_size": 128, "conv_kernel": 4, "n_groups": 8, "use_conv_bias": True}
    layer: "tuple[Module, ...]" = (
        (f"{path}.gate", "router", "d", "x", False, "moe"),
        (f"{path}.experts.up_proj", "fused expert", "d", "m", False, plain),
        (f"{path}.experts.down_proj", "expert", "m", "d", False, plain),
        (f"{path}.experts.up_proj", "fused expert", "moe_latent_size", "m", False, narrow),
        (f"{path}.experts.down_proj", "expert", "m", "moe_latent_size", False, narrow),
        (f"{path}.fc1_latent_proj", "mlp", "d", "moe_latent_size", "mlp_bias", narrow),
        (f"{path}.fc2_latent_proj", "mlp", "moe_latent_size", "d", "mlp_bias", narrow),
    )
    wide = "moe_shared_expert_intermediate_size"
    names = ("up_proj", "down_proj")
    layer += _rows.mlp("mlp_bias", names, f"{path}.shared_experts", "moe", wide)
    layer += _rows.mlp("mlp_bias", names, path, "dense")
    layer += _rows.attention(False, False, path=path, where="attends")
    layer += _mamba2(path, "mixes")
    return _rows.decoder(
        "NemotronH",
        layer + _rows.norms(("norm",)),
        modules=_rows.vocabulary("model.embeddings", last=_rows.norms(("model.norm_f",))),
        keys={
            "num_experts": ("n_routed_experts", "num_local_experts"),
            "state_size": ("ssm_state_size",),
            "conv_kernel": ("mamba_d_conv", "conv_kernel"),
            "n_groups": ("mamba_n_groups", "n_groups"),
            "ssm_heads": ("mamba_num_heads",),
            "use_conv_bias": ("mamba_conv_bias", "use_conv_bias"),
        },
        defaults=defaults
        | experts
        | states
        | {"ssm_heads": 128, "mamba_head_dim": 64, "moe_shared_expert_intermediate_size": 7688},
        numbers=_MAMBA2
        | {
            "inner": "ssm_heads mamba_head_dim",
            "num_hidden_layers": lambda config, read: len(_blocks(config)),
        },
        optional=("moe_latent_size",),
        window=_rows.window("none"),
        sets={
            "latent": _rows.given("moe_latent_size"),
            "mixes": _called("linear_attention"),
            "moe": _called("moe"),
            "attends": _called("full_attention"),
            "dense": _called("mlp"),
        },
        tied=None,
        gated=False,
        sequences="",
        tokens="",
    )


def _called(kind: str) -> "LayerSet":
    return lambda config, read, layers: [
        layer for layer, name in enumerate(_blocks(config)) if name == kind
    ]


def _blocks(config: "Config") -> list[str]:
    """List the kinds of all layers, by names or letters: no other number of layers is read."""
    for key in ("layer_types", "layers_block_type"):
        if config.get(key) is not None:
            names = _check.sequence(f'config["{key}"]', config[key])
            return [
                _rows.kind_of_layer(f'config["{key}"]', name, _LETTERS.values()) for name in names
            ]
    pattern = config.get("hybrid_override_pattern")
    if pattern is None:
        return ["linear_attention", "moe", "full_attention", "mlp"]
    if not isinstance(pattern, str) or not pattern:
        raise ValueError('config["hybrid_override_pattern"] must have a letter for each layer')
    return [
        _LETTERS[_check.choice('a letter of config["hybrid_override_pattern"]', letter, _LETTERS)]
        for letter in pattern
    ]


_LETTERS = {"M": "linear_attention", "E": "moe", "*": "full_attention", "-": "mlp"}


def _lfm2() -> "Family":
    return _lfm(
        "Lfm2",
        _rows.mlp(names=("w1", "w3", "w2"), path="feed_forward", width="adjusted"),
        _rows.sizes(2560, 32, 32, 12288, 65536, num_key_value_heads=8)
        | {"block_auto_adjust_ff_dim": True, "block_multiple_of": 256},
        ("block_ff_dim",),
    )


def _lfm2_moe() -> "Family":
    path = "feed_forward"
    return _lfm(
        "Lfm2Moe",
        _rows.mlp(names=("w1", "w3", "w2"), path=path, where="!sparse")
        + _rows.experts(path=path, where="sparse"),
        _experts.sizes(2048, 32, 32, 7168, 65536, 32, 4, 1792, num_key_value_heads=8)
        | {"num_dense_layers": 2},
    )


def _lfm(
    name: str,
    feed_forward: "tuple[Module, ...]",
    defaults: "dict[str, object]",
    older: "tuple[str, ...]" = (),
) -> "Family":
    names = ("q_proj", "k_proj", "v_proj", "out_proj")
    convolution: "tuple[Module, ...]" = (
        ("conv.in_proj", "mixer", "d", "3 d", "conv_bias", "mixes"),
        ("conv.out_proj", "mixer", "d", "d", "conv_bias", "mixes"),
        ("conv.conv", "mixer vector", "conv_L_cache", "d", "conv_bias", "mixes"),
    )
    return _rows.decoder(
        name,
        _rows.attention(False, False, names, where="!mixes")
        + _rows.norms(("self_attn.q_layernorm", "self_attn.k_layernorm"), "h", where="!mixes")
        + convolution
        + feed_forward
        + _rows.norms(("operator_norm", "ffn_norm")),
        modules=_rows.vocabulary(last=_rows.norms(("model.embedding_norm",))),
        keys=_experts.PLAIN
        | {
            "intermediate_size": (*older, "intermediate_size"),
            "tie_word_embeddings": ("tie_embedding", "tie_word_embeddings"),
        },
        defaults=defaults | {"conv_L_cache": 3},
        numbers={"adjusted": _adjusted},
        optional=("num_dense_layers",),
        window=_rows.window("none"),
        sets={"mixes": _convolves, "sparse": _rows.after("num_dense_layers")},
        tied=True,
        sequences="",
        tokens="",
    )


def _adjusted(config: "Config", read: "Read") -> int:
    """Give the width of an MLP of LFM2: two thirds of what is said, a multiple of some number."""
    width = read("intermediate_size")
    auto = config.get("block_auto_adjust_ff_dim")
    if auto is not None and not _check.flag('config["block_auto_adjust_ff_dim"]', auto):
        return width
    width = 2 * width // 3
    key = "block_ffn_dim_multiplier"
    factor = _check.number(f'config["{key}"]', config.get(key, 1.0))
    multiple = read("block_multiple_of")
    return (int(factor * width) + multiple - 1) // multiple * multiple


def _convolves(config: "Config", read: "Read", layers: int) -> "list[int] | bool":
    if config.get("layer_types") is None:
        return _others("full_attn_idxs", alone=False)(config, read, layers)
    return _rows.typed("conv", lambda read, layer: "", "layer_types")(config, read, layers)


def _zamba() -> "Family":
    layer: "tuple[Module, ...]" = (("linear", "projection", "d", "d", False, "joins"),)
    for path, where in (("mamba", "mixes"), ("mamba_decoder.mamba", "joins")):
        widths = "time_step_rank+state_size+state_size"
        layer += (
            (f"{path}.in_proj", "mixer", "d", "2 inner", "use_bias", where),
            (f"{path}.out_proj", "mixer", "inner", "d", "use_bias", where),
            (f"{path}.x_proj_weight", "mixer vector", widths, "inner", False, where),
            (f"{path}.dt_proj_weight", "mixer vector", "time_step_rank", "inner", False, where),
            (f"{path}.dt_proj_bias", "mixer vector", "1", "inner", False, where),
            (f"{path}.conv1d", "mixer vector", "conv_kernel", "inner", "use_conv_bias", where),
            (f"{path}.A_log", "mixer vector", "state_size", "inner", False, where),
            (f"{path}.D", "mixer vector", "1", "inner", False, where),
        )
    # One transformer, which all layers that join it share.
    shared = "shared_transf"
    for name, width in (("q", "q"), ("k", "k"), ("v", "k")):
        path = f"{shared}.self_attn.{name}_proj"
        layer += ((path, "attention", "shared_width", width, False, "first"),)
    layer += ((f"{shared}.self_attn.o_proj", "attention", "q", "d", False, "first"),)
    layer += _rows.mlp(path=f"{shared}.feed_forward", where="first")
    layer += _rows.norms((f"{shared}.input_layernorm",), "shared_width", where="first")
    layer += _rows.norms((f"{shared}.pre_ff_layernorm",), where="first")
    layer += _rows.norms(("input_layernorm",), where="mixes")
    layer += _rows.norms(("mamba_decoder.input_layernorm",), where="joins")
    defaults = _rows.sizes(3712, 76, 16, 14848, 32000, num_key_value_heads=16)
    more = {"state_size": 16, "conv_kernel": 4, "expand": 2, "use_conv_bias": True}
    return _hybrid(
        "Zamba",
        layer,
        sequences=True,
        keys=_OF_MAMBA | {"head_dim": (), "shared_width": ("attention_hidden_size",)},
        defaults=defaults | more | {"attn_layer_period": 6, "attn_layer_offset": 4},
        numbers={"inner": "expand d", "head_dim": "attention_head_dim"},
        optional=("attn_layer_offset",),
        window=_rows.window("none"),
        sets={
            "mixes": _rows.typed("linear_attention", _joins, "layers_block_type"),
            "joins": _rows.typed("hybrid", _joins, "layers_block_type"),
            "first": _first,
        },
        tied=True,
    )


def _joins(read: "Read", layer: int) -> str:
    period, offset = read("attn_layer_period"), read("attn_layer_offset")
    joins = layer == 2 or (layer > 2 and (layer - 3) % period == offset)
    return "hybrid" if joins else "linear_attention"


def _first(config: "Config", read: "Read", layers: int) -> "list[int] | bool":
    found = _rows.typed("hybrid", _joins, "layers_block_type")(config, read, layers)
    # Where the output head is not tied, Transformers ties nothing, not even these.
    alone = config.get("tie_word_embeddings") is not False
    return found[:1] if alone and isinstance(found, list) else found


ROWS: "dict[str, Callable[[], Family]]" = {
    "granitemoehybrid": _granitemoehybrid,
    "mamba": _mamba_1,
    "mamba2": _mamba_2,
    "falcon_mamba": _falcon_mamba,
    "jamba": _jamba,
    "bamba": _bamba,
    "falcon_h1": _falcon_h1,
    "lfm2": _lfm2,
    "lfm2_moe": _lfm2_moe,
    "nemotron_h": _nemotron_h,
    "zamba": _zamba,
}
"""What gives the row of each `model_type` that mixes tokens otherwise."""
