"""Rows of families that see, and of those that read beside them and nothing else."""

from dlp import _check, _rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from dlp._rows import Config, Family, Head, Module, Read, Some

    Modules = tuple[Module, ...]


def vision(
    name: str,
    modules: "Modules",
    path: str,
    layer: "Modules",
    *,
    images: "Head" = "",
    **row: "Unpack[Some]",
) -> "Family":
    """Give the row of a family with one stack of layers that writes no text."""
    usual: "Some" = {
        "base": "",
        "keys": _rows.keys(),
        "gated": False,
        "causal": False,
        "counted": "bare model",
    }
    usual.update(row)
    base = usual["base"]
    return _rows.family(
        name,
        modules,
        ((f"{base}.{path}".lstrip("."), "num_hidden_layers", layer),),
        language="",
        sequences="",
        tokens="",
        images=images,
        **usual,
    )


def pictures(
    width: int, layers: int, heads: int, inner: "int | None", patch: int = 16, **others: object
) -> "dict[str, object]":
    """Give what a class takes for what is left out of the config of what sees."""
    found = _rows.sizes(width, layers, heads, inner, None, image_size=224, num_channels=3)
    found["patch_size"] = patch
    found.update(others)
    return found


_PATCHES = "embeddings.patch_embeddings.projection"
_VIT_NORMS = _rows.norms(("layernorm_before", "layernorm_after"), shift=True)
_NAMES = ("q_proj", "k_proj", "v_proj", "o_proj")


def _embedded(base: str, tokens: "tuple[str, ...]", where: str = "") -> "Modules":
    """List what turns a picture into vectors, some of them learned, and their positions."""
    rows: "list[Module]" = [(f"{base}.{_PATCHES}", "patch_embedding", "pixels", "d", True, "")]
    for token in tokens:
        name, _, switch = token.partition(" ")
        rows.append((f"{base}.embeddings.{name}", "patch_embedding", "1", "d", False, switch))
    table = f"{base}.embeddings.position_embeddings"
    return (*rows, (table, "position_embedding", "rows", "d", False, where))


def _vit() -> "Family":
    return vision(
        "ViT",
        (
            *_embedded("vit", ("cls_token",)),
            ("vit.pooler.dense", "pooler", "d", "pooler_output_size", True, "pooler"),
            *_rows.norms(("vit.layernorm",), shift=True),
        ),
        "layers",
        _rows.attention("qkv_bias", True, _NAMES, "attention")
        + _rows.mlp(True, ("fc1", "fc2"))
        + _VIT_NORMS,
        images="linear",
        base="vit",
        numbers={"rows": "patches+1"},
        defaults=pictures(768, 12, 12, 3072, qkv_bias=True),
    )


def _deit() -> "Family":
    found = _vit()
    return vision(
        "DeiT",
        (
            *_embedded("deit", ("cls_token", "distillation_token")),
            ("deit.pooler.dense", "pooler", "d", "pooler_output_size", True, "pooler"),
            *_rows.norms(("deit.layernorm",), shift=True),
        ),
        "layers",
        found["stacks"][0][2],
        images="linear",
        base="deit",
        numbers={"rows": "patches+2"},
        defaults=found["defaults"],
    )


def _beit() -> "Family":
    table, where = "relative_position_bias.relative_position_bias_table", "position_embedding"
    shared = "beit.shared_position_bias.relative_position_bias_table"
    attention: "list[Module]" = []
    for name in _NAMES:
        attention.append((f"attention.{name}", "attention", "d", "q", name != "k_proj", ""))
    return vision(
        "Beit",
        (
            *_embedded(
                "beit",
                ("cls_token", "mask_token use_mask_token"),
                "use_absolute_position_embeddings",
            ),
            (shared, where, "offsets+3", "a", False, "use_shared_relative_position_bias"),
            *_rows.norms(("beit.layernorm",), shift=True, where="!use_mean_pooling"),
            *_rows.norms(("beit.pooler.layernorm",), shift=True, where="use_mean_pooling"),
        ),
        "layers",
        (
            *attention,
            *_rows.mlp(True, ("fc1", "fc2")),
            *_VIT_NORMS,
            ("lambda_1", "attention vector", "1", "d", False, "scaled"),
            ("lambda_2", "mlp vector", "1", "d", False, "scaled"),
            (table, where, "offsets+3", "a", False, "use_relative_position_bias"),
        ),
        images="linear",
        base="beit",
        numbers={"rows": "patches+1"},
        sets={"scaled": _scaled},
        defaults=pictures(768, 12, 12, 3072, use_mean_pooling=True),
    )


def _scaled(config: "Config", read: "Read", layers: int) -> bool:
    """Say whether the layers of BEiT scale what they add."""
    value = config.get("layer_scale_init_value")
    return value is None or (isinstance(value, (int, float)) and value > 0)


def _internvl_vision() -> "Family":
    base, layers = "internvl_vision", ("layernorm_before", "layernorm_after")
    names = ("q_proj", "k_proj", "v_proj", "projection_layer")
    norms = ("attention.q_norm", "attention.k_norm")
    return vision(
        "InternVLVision",
        (
            *_embedded(
                base,
                ("cls_token", "mask_token use_mask_token"),
                "use_absolute_position_embeddings",
            ),
            *_rows.norms((f"{base}.layernorm",), shift=True, where="!use_mean_pooling"),
        ),
        "encoder.layer",
        (
            *_rows.attention("attention_bias", True, names, "attention"),
            *_rows.mlp(True, ("fc1", "fc2")),
            *_rows.norms(layers, where="rms"),
            *_rows.norms(layers, shift=True, where="!rms"),
            *_rows.norms(norms, where="use_qk_norm"),
            ("lambda_1", "attention vector", "1", "d", False, ""),
            ("lambda_2", "mlp vector", "1", "d", False, ""),
        ),
        base=base,
        numbers={"rows": "patches+1"},
        sets={"rms": _rows.names_word("norm_type", "rms_norm")},
        defaults=pictures(
            1024,
            24,
            16,
            4096,
            14,
            image_size=448,
            use_absolute_position_embeddings=True,
            use_mean_pooling=True,
        ),
    )


def _dinov2() -> "Family":
    names = ("gate_proj", "up_proj", "down_proj")
    return vision(
        "Dinov2",
        (
            *_embedded("dinov2", ("cls_token", "mask_token use_mask_token")),
            *_rows.norms(("dinov2.layernorm",), shift=True),
        ),
        "encoder.layer",
        (
            *_rows.attention("qkv_bias", True, _NAMES, "attention"),
            *_rows.mlp(True, ("fc1", "fc2"), where="!use_swiglu_ffn"),
            *_rows.mlp(True, names, where="use_swiglu_ffn", width="glu"),
            *_rows.norms(("norm1", "norm2"), shift=True),
            ("layer_scale1.lambda1", "attention vector", "1", "d", False, ""),
            ("layer_scale2.lambda1", "mlp vector", "1", "d", False, ""),
        ),
        images="linear",
        base="dinov2",
        keys=_rows.keys(inner=""),
        numbers={
            "rows": "patches+1",
            "intermediate_size": "mlp_ratio hidden_size",
            # Two thirds of the width, up to a multiple of 8.
            "thirds": "2 intermediate_size /3",
            "glu": "thirds+7 /8 8",
            "label_inputs": "2 d",  # the class token, and the mean of the others
        },
        defaults=pictures(768, 12, 12, None, 14, mlp_ratio=4, qkv_bias=True, use_mask_token=True),
    )


_CLIP_LAYER = (
    _rows.attention(True, True, ("q_proj", "k_proj", "v_proj", "out_proj"))
    + _rows.mlp(True, ("fc1", "fc2"))
    + _rows.norms(("layer_norm1", "layer_norm2"), shift=True)
)


def _clip_vision_model() -> "Family":
    stem = "embeddings"
    return vision(
        "CLIPVision",
        (
            (f"{stem}.class_embedding", "patch_embedding", "1", "d", False, ""),
            (f"{stem}.patch_embedding", "patch_embedding", "pixels", "d", False, ""),
            (f"{stem}.position_embedding", "position_embedding", "rows", "d", False, ""),
            *_rows.norms(("pre_layrnorm", "post_layernorm"), shift=True),
        ),
        "encoder.layers",
        _CLIP_LAYER,
        numbers={"rows": "patches+1"},
        defaults=pictures(768, 12, 12, 3072, 32),
    )


def siglip_vision(
    name: str, defaults: "dict[str, object]", *, head: bool, rows: str = "patches"
) -> "Family":
    """Give the row of what SigLIP sees with."""
    stem, where = "embeddings", "vision_use_head"
    pooled: "Modules" = (
        ("head.probe", "patch_embedding", "1", "d", False, where),
        # All three matrices of this attention are one parameter, and no linear layer.
        ("head.attention.in_proj_weight", "attention vector", "d", "3 d", False, where),
        ("head.attention.in_proj_bias", "attention vector", "1", "3 d", False, where),
        ("head.attention.out_proj", "attention", "d", "d", True, where),
        *_rows.mlp(True, ("fc1", "fc2"), "head.mlp", where),
        *_rows.norms(("head.layernorm",), shift=True, where=where),
    )
    return vision(
        name,
        (
            (f"{stem}.patch_embedding", "patch_embedding", "pixels", "d", True, ""),
            (f"{stem}.position_embedding", "position_embedding", "rows", "d", False, ""),
            *_rows.norms(("post_layernorm",), shift=True),
            *(pooled if head else ()),
        ),
        "encoder.layers",
        _CLIP_LAYER,
        numbers={"rows": rows},
        defaults=defaults,
    )


def _siglip_vision_model() -> "Family":
    defaults = pictures(768, 12, 12, 3072, vision_use_head=True)
    return siglip_vision("SiglipVision", defaults, head=True)


def _idefics(name: str) -> "Family":
    found = siglip_vision(name, pictures(1152, 12, 16, 3072, 32), head=False)
    found["classes"] = {name: "bare model"}
    return found


def _idefics3_vision() -> "Family":
    return _idefics("Idefics3VisionTransformer")


def _smolvlm_vision() -> "Family":
    return _idefics("SmolVLMVisionTransformer")


def _clip_text(
    name: str, words: int, width: int, heads: int, inner: int, rows: int, head: "Modules"
) -> "Family":
    stem = "embeddings"
    return vision(
        name,
        (
            (f"{stem}.token_embedding", "token_embedding", "V", "e", False, ""),
            (f"{stem}.position_embedding", "position_embedding", "rows", "d", False, ""),
            *_rows.norms(("final_layer_norm",), shift=True),
            *head,
        ),
        "encoder.layers",
        _CLIP_LAYER,
        numbers={"rows": "max_position_embeddings"},
        defaults=_rows.sizes(width, 12, heads, inner, words, max_position_embeddings=rows),
    )


def _clip_text_model() -> "Family":
    return _clip_text("CLIPText", 49408, 512, 8, 2048, 77, ())


def _siglip_text_model() -> "Family":
    head: "Module" = ("head", "projection", "d", "projection_size", True, "")
    return _clip_text("SiglipText", 32000, 768, 12, 3072, 64, (head,))


def _pixtral() -> "Family":
    return vision(
        "PixtralVision",
        (
            ("patch_conv", "patch_embedding", "pixels", "d", False, ""),
            *_rows.norms(("ln_pre",)),
        ),
        "transformer.layers",
        _rows.attention(False, False, _NAMES, "attention")
        + _rows.mlp(path="feed_forward")
        + _rows.norms(("attention_norm", "ffn_norm")),
        gated=True,
        defaults=pictures(1024, 24, 16, 4096, image_size=1024),
    )


def qwen_vision(
    name: str,
    layer: "Modules",
    modules: "Modules",
    *,
    shift: bool = True,
    bias: bool = False,
    **row: "Unpack[Some]",
) -> "Family":
    """Give the row of what a Qwen sees with."""
    part, values = "patch_embedding", "pixels temporal_patch_size"
    patches: "Module" = ("patch_embed.proj", part, values, "d", bias, "")
    return vision(
        name,
        (patches, *modules),
        "blocks",
        _rows.attention(True, True, ("qkv", "proj"), "attn")
        + layer
        + _rows.norms(("norm1", "norm2"), shift=shift),
        **row,
    )


def qwen_keys(width: str = "hidden_size", **others: str) -> "dict[str, tuple[str, ...]]":
    """Give the keys of what a Qwen sees with."""
    inner = "intermediate_size" if width == "hidden_size" else ""
    return _rows.keys(width, "depth", "num_heads", inner, {"num_channels": "in_channels"} | others)


def qwen_pictures(
    width: int, layers: int, inner: "int | None", patch: int, **others: object
) -> "dict[str, object]":
    """Give what the class takes for what a config of it leaves out."""
    found = pictures(width, layers, 16, inner, patch, out_hidden_size=3584)
    found.update({"temporal_patch_size": 2, "spatial_merge_size": 2})
    found.update(others)
    return found


def _merger(shift: bool) -> "Modules":
    """List what joins some patches beside each other and gives them the width of the text."""
    return (
        *_rows.norms(("merger.ln_q",), shift=shift),
        ("merger.mlp.0", "projection", "merged", "merged", True, ""),
        ("merger.mlp.2", "projection", "merged", "out_hidden_size", True, ""),
    )


MERGED = "d spatial_merge_size spatial_merge_size"


def _qwen2_vl_vision() -> "Family":
    return qwen_vision(
        "Qwen2VisionTransformerPretrained",
        _rows.mlp(True, ("fc1", "fc2")),
        _merger(True),
        keys=qwen_keys("embed_dim", out_hidden_size="hidden_size"),
        numbers={"merged": MERGED, "intermediate_size": "mlp_ratio hidden_size"},
        defaults=qwen_pictures(1280, 32, None, 14, mlp_ratio=4),
    )


def _qwen2_5_vl_vision() -> "Family":
    return qwen_vision(
        "Qwen2_5_VisionTransformerPretrained",
        _rows.mlp(True),
        _merger(False),
        shift=False,
        gated=True,
        keys=qwen_keys(),
        numbers={"merged": MERGED},
        defaults=qwen_pictures(3584, 32, 3420, 14),
    )


def _three_deep(config: "Config", read: "Read", layers: int) -> bool:
    """Refuse features of more or fewer layers than three."""
    deep = config.get("deepstack_visual_indexes")
    if deep is not None and len(_check.sequence(_DEEP, deep)) != 3:
        raise ValueError(f"{_DEEP} must name 3 layers: no other number is counted")
    return True


_DEEP = 'config["deepstack_visual_indexes"]'


THREE = ("deepstack_merger_list.0", "deepstack_merger_list.1", "deepstack_merger_list.2")


def _qwen3_vl_vision() -> "Family":
    return qwen3_vision("Qwen3VLVision", THREE)


def qwen3_vision(name: str, deep: "tuple[str, ...]") -> "Family":
    """Give the row of what Qwen sees with since its third, and joins at layers deep inside."""
    where = "three_deep" if deep else ""
    modules: "list[Module]" = [
        ("pos_embed", "position_embedding", "num_position_embeddings", "d", False, where),
        ("merger.norm", "norm", "1", "d", True, ""),
    ]
    for path in ("merger", *deep):
        if path != "merger":
            modules.append((f"{path}.norm", "norm", "1", "merged", True, ""))
        modules.append((f"{path}.linear_fc1", "projection", "merged", "merged", True, ""))
        modules.append((f"{path}.linear_fc2", "projection", "merged", "out_hidden_size", True, ""))
    return qwen_vision(
        name,
        _rows.mlp(True, ("linear_fc1", "linear_fc2")),
        tuple(modules),
        bias=True,
        keys=qwen_keys(),
        numbers={"merged": MERGED},
        sets={"three_deep": _three_deep},
        defaults=qwen_pictures(1152, 27, 4304, 16, num_position_embeddings=2304),
    )


ROWS: "dict[str, Callable[[], Family]]" = {
    "vit": _vit,
    "clip_vision_model": _clip_vision_model,
    "clip_text_model": _clip_text_model,
    "siglip_vision_model": _siglip_vision_model,
    "siglip_text_model": _siglip_text_model,
    "dinov2": _dinov2,
    "deit": _deit,
    "beit": _beit,
    "internvl_vision": _internvl_vision,
    "pixtral": _pixtral,
    "idefics3_vision": _idefics3_vision,
    "smolvlm_vision": _smolvlm_vision,
    "qwen2_vl_vision": _qwen2_vl_vision,
    "qwen2_5_vl_vision": _qwen2_5_vl_vision,
    "qwen3_vl_vision": _qwen3_vl_vision,
}
"""What gives the row of each `model_type`."""
