"""Rows of families with experts and multi-head latent attention, as DeepSeek has it."""

from dlp import _rows, _experts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dlp._rows import Bias, Config, Family, Head, LayerSet, Module, Read, Width


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
LATENT: "dict[str, Width]" = {"head_dim": "qk_nope_head_dim+qk_rope_head_dim"}
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
    rules.update(dense or _experts.LISTED)
    return _rows.decoder(
        name,
        latent(always=always) + layer + _rows.LAYER_NORMS,
        keys=_experts.ROUTED,
        defaults=defaults | ranks,
        numbers=LATENT,
        sets=rules,
        window=_rows.window("none" if "index_n_heads" in defaults else "every layer"),
        optional=_experts.OPTIONAL + (_INDEX if always else ("q_lora_rank",)),
        sequences=heads[0],
        tokens=heads[1],
    )


def _deepseek_v3() -> "Family":
    defaults = _experts.sizes(7168, 61, 128, 18432, 129280, 256, 8, 2048, num_key_value_heads=128)
    more = {"n_shared_experts": 1, "first_k_dense_replace": 3}
    ranks = latent_sizes(1536, 512, 128, 64, 128)
    return _deepseek(
        "DeepseekV3",
        _experts.sparse(),
        ranks,
        defaults | more,
        _experts.FIRST,
        heads=("score", "linear"),
    )


def _mistral4() -> "Family":
    defaults = _experts.sizes(4096, 36, 32, 12288, 131072, 128, 4, 2048)
    more = {"num_key_value_heads": 32, "n_shared_experts": 1, "first_k_dense_replace": 0}
    return _deepseek(
        "Mistral4",
        _experts.sparse(),
        latent_sizes(1024, 256, 64, 64, 128),
        defaults | more,
        _experts.FIRST,
        heads=("score", "linear"),
    )


def _deepseek_v2() -> "Family":
    defaults = _experts.sizes(4096, 32, 32, 11008, 102400, 64, None, 1407, n_shared_experts=2)
    layer = _experts.sparse(bias="mlp_bias")
    ranks = latent_sizes(1536, 512, 128, 64, 128)
    return _deepseek("DeepseekV2", layer, ranks, defaults, _experts.FIRST, heads=("score", ""))


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
    defaults = _experts.sizes(7168, 61, 128, 18432, 129280, 256, 8, 2048, num_key_value_heads=128)
    more = {"n_shared_experts": 1, "first_k_dense_replace": 3}
    more.update({"index_head_dim": 128, "index_n_heads": 64})
    ranks = latent_sizes(1536, 512, 128, 64, 128)
    layer = _indexer() + _experts.sparse()
    return _deepseek("DeepseekV32", layer, ranks, defaults | more, always=True)


def _glm4_moe_lite() -> "Family":
    defaults = _experts.sizes(2048, 47, 20, 10240, 154880, 64, 4, 1536, num_key_value_heads=20)
    more = {"n_shared_experts": 1}
    return _deepseek(
        "Glm4MoeLite",
        _experts.sparse(),
        latent_sizes(768, 512, 192, 64, 256),
        defaults | more,
        _experts.ALL_BUT_ONE,
    )


def _axk1() -> "Family":
    defaults = _experts.sizes(7168, 61, 64, 18432, 163840, 192, 8, 2048, num_key_value_heads=64)
    more = {"n_shared_experts": 1, "first_k_dense_replace": 1, "moe_layer_freq": 1}
    layer = _experts.sparse() + _rows.norms(("mlp.post_mlp_layernorm",), where="sparse")
    ranks = latent_sizes(1536, 512, 128, 64, 128)
    rules = {"sparse": _rows.typed("sparse", _some, "mlp_layer_types")}
    return _deepseek(
        "AXK1", layer, ranks, defaults | more, rules, always=True, heads=("score", "linear")
    )


def _some(read: "Read", layer: int) -> str:
    first, step = read("first_k_dense_replace"), read("moe_layer_freq")
    return "sparse" if layer >= first and layer % step == 0 else "dense"


_INDEX = ("index_topk_freq", "index_skip_topk_offset")


def _glm_moe_dsa() -> "Family":
    defaults = _experts.sizes(6144, 78, 64, 12288, 154880, 256, 8, 2048, num_key_value_heads=64)
    more = {"n_shared_experts": 1, "first_k_dense_replace": 3}
    more.update({"index_head_dim": 128, "index_n_heads": 32})
    more.update({"index_topk_freq": 1, "index_skip_topk_offset": 2})
    rules: "dict[str, LayerSet]" = {"indexes": _indexes}
    rules.update(_experts.LISTED)
    ranks = latent_sizes(2048, 512, 192, 64, 256)
    layer = _indexer("indexes") + _experts.sparse()
    return _deepseek("GlmMoeDsa", layer, ranks, defaults | more, rules, always=True)


def _indexes(config: "Config", read: "Read", layers: int) -> "list[int] | bool":
    """List the layers that pick tokens themselves; the others take what one before them picked."""
    pattern, step = config.get("index_topk_pattern"), max(read("index_topk_freq"), 1)
    first = read("index_skip_topk_offset")

    def usual(read: "Read", layer: int) -> str:
        return "shared" if max(layer - first + 1, 0) % step else "full"

    if config.get("indexer_types") is not None or pattern is None:
        return _rows.typed("full", usual, "indexer_types")(config, read, layers)
    if not isinstance(pattern, str):
        return _rows.typed("full", usual, "index_topk_pattern")(config, read, layers)
    if len(pattern) < layers:
        raise ValueError(
            f'config["index_topk_pattern"] must have {layers} letters, one for each layer'
        )
    return [layer for layer in range(layers) if pattern[layer] == "F"]


def _longcat_flash() -> "Family":
    layer: "tuple[Module, ...]" = (
        ("mlp.router.classifier", "router", "d", "x+zero_expert_num", "router_bias", ""),
        # Some of the experts give back what they get, and have the first matrix nevertheless.
        ("mlp.experts", "mlp vector", "zero_expert_num 2 d", "m", False, "counted"),
    )
    layer += _rows.experts()[1:]
    for half in ("0", "1"):
        layer += latent(f"self_attn.{half}", always=True) + _rows.mlp(path=f"mlps.{half}")
        layer += _rows.norms((f"input_layernorm.{half}", f"post_attention_layernorm.{half}"))
    defaults = _experts.sizes(6144, 28, 64, 12288, 131072, 512, 12, 2048, zero_expert_num=256)
    return _rows.decoder(
        "LongcatFlash",
        layer,
        keys={
            "num_hidden_layers": ("num_layers",),
            "intermediate_size": ("ffn_hidden_size", "intermediate_size"),
            "moe_intermediate_size": ("expert_ffn_hidden_size", "moe_intermediate_size"),
            "num_experts": ("n_routed_experts", "num_local_experts"),
            "num_experts_per_tok": ("moe_topk", "num_experts_per_tok"),
        },
        defaults=defaults | latent_sizes(1536, 512, 128, 64, 128),
        numbers={"head_dim": "qk_head_dim"},
        optional=("zero_expert_num",),
        sets={"counted": _counted},
        sequences="",
        tokens="",
    )


def _counted(config: "Config", read: "Read", layers: int) -> bool:
    """Refuse a number of layers that counts each of them twice."""
    if config.get("num_layers") is None and config.get("num_hidden_layers") is not None:
        raise ValueError('config must have "num_layers" beside "num_hidden_layers", its double')
    return True


ROWS: "dict[str, Callable[[], Family]]" = {
    "mistral4": _mistral4,
    "deepseek_v3": _deepseek_v3,
    "deepseek_v2": _deepseek_v2,
    "deepseek_v32": _deepseek_v32,
    "glm4_moe_lite": _glm4_moe_lite,
    "glm_moe_dsa": _glm_moe_dsa,
    "axk1": _axk1,
    "longcat_flash": _longcat_flash,
}
"""What gives the row of each `model_type` with multi-head latent attention."""
