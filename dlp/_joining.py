"""Rows of families that join others: a part that reads, one that sees, and what stands between."""

from dlp import _check, _rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dlp._rows import Bias, Config, Family, Head, Module, Read, Tied

    Modules = tuple[Module, ...]
    Part = dict[str, object]


def joined(
    name: str,
    text: "Part",
    vision: "Part",
    modules: "Modules",
    *,
    paths: "tuple[str, ...]" = ("model.language_model", "model.vision_tower"),
    flat: bool = False,
    tied: "Tied" = True,
    heads: "tuple[Head, Head]" = ("", ""),
    only: "dict[str, object] | None" = None,
    defaults: "dict[str, object] | None" = None,
) -> "Family":
    """Give the row of a language model that sees: what its parts are if left out, and between.

    The paths are those of the two parts, and of the output head if it stands elsewhere; heads are
    those over sequences and over tokens.
    """
    last = paths[2] if len(paths) > 2 else "lm_head"
    head: "Module" = (last, "output_head", "text.e", "text.V", False, "language_model")
    return _rows.family(
        name,
        (*modules, head),
        (),
        language=f"{name}ForConditionalGeneration",
        sequences=heads[0],
        tokens=heads[1],
        nested={
            "text_config": (paths[0], text, flat),
            "vision_config": (paths[1], vision, False),
        },
        numbers={"label_inputs": "text.d"},
        sets={"one_layer": _one_layer},
        only=only or {},
        tied=tied,
        causal=False,
        defaults=defaults or {},
    )


def part(model_type: str, sizes: "dict[str, object] | None" = None, **others: object) -> "Part":
    """Give the config of a part that is left out."""
    found: "Part" = {"model_type": model_type}
    found.update(sizes or {})
    found.update(others)
    return {name: value for name, value in found.items() if value is not None}


def _one_layer(config: "Config", read: "Read", layers: int) -> bool:
    """Refuse features of several layers side by side."""
    if isinstance(config.get("vision_feature_layer"), (list, tuple)):
        raise ValueError(
            'config["vision_feature_layer"] must be one layer: several are not counted'
        )
    return True


PROJECTOR = "model.multi_modal_projector"
_BIAS = "multimodal_projector_bias"
TWO_LAYERS: "Modules" = (
    (f"{PROJECTOR}.linear_1", "projection", "vision.d", "text.d", _BIAS, "one_layer"),
    (f"{PROJECTOR}.linear_2", "projection", "text.d", "text.d", _BIAS, ""),
)
CLIP_LARGE = _rows.sizes(1024, 24, 16, 4096, None, patch_size=14, image_size=336)


def _gemma3() -> "Family":
    weight = f"{PROJECTOR}.mm_input_projection_weight"
    return joined(
        "Gemma3",
        part("gemma3_text"),
        part("siglip_vision_model"),
        (
            (weight, "projection vector", "vision.d", "text.d", False, ""),
            (f"{PROJECTOR}.mm_soft_emb_norm", "norm", "1", "vision.d", False, ""),
        ),
        heads=("score", ""),
    )


def _llava() -> "Family":
    return joined(
        "Llava",
        part("llama"),
        part("clip_vision_model", CLIP_LARGE),
        TWO_LAYERS,
        tied="as text",
        defaults={_BIAS: True},
    )


def _llava_next() -> "Family":
    return joined(
        "LlavaNext",
        part("llama"),
        part("clip_vision_model", CLIP_LARGE),
        (*TWO_LAYERS, ("model.image_newline", "patch_embedding", "1", "text.d", False, "")),
        tied=False,
        defaults={_BIAS: True},
    )


def _llava_onevision() -> "Family":
    return joined(
        "LlavaOnevision",
        part("qwen2"),
        part(
            "siglip_vision_model",
            _rows.sizes(1152, 26, 16, 4304, None, patch_size=14, image_size=384),
            vision_use_head=False,
        ),
        (*TWO_LAYERS, ("model.image_newline", "patch_embedding", "1", "text.d", False, "")),
        tied="as text",
        defaults={_BIAS: True},
    )


def _merged(
    name: str, text: "Part", projector: str, bias: "Bias", paths: "tuple[str, str]"
) -> "Family":
    """Give the row of Pixtral beside a language model, with patches merged between."""
    merged = "vision.d spatial_merge_size spatial_merge_size"
    return joined(
        name,
        text,
        part("pixtral", _rows.sizes(1024, 24, 16, 4096, None, patch_size=14, image_size=1540)),
        (
            (f"{projector}.norm", "norm", "1", "vision.d", False, ""),
            (
                f"{projector}.patch_merger.merging_layer",
                "projection",
                merged,
                "vision.d",
                False,
                "",
            ),
            (f"{projector}.linear_1", "projection", "vision.d", "text.d", bias, "one_layer"),
            (f"{projector}.linear_2", "projection", "text.d", "text.d", bias, ""),
        ),
        paths=paths,
        defaults={"spatial_merge_size": 2},
    )


def _mistral3() -> "Family":
    sizes = _rows.sizes(5120, 40, 32, 32768, 131072, num_key_value_heads=8, head_dim=128)
    paths = ("model.language_model", "model.vision_tower")
    text = part("mistral", sizes) | {"sliding_window": None}
    return _merged("Mistral3", text, PROJECTOR, _BIAS, paths)


def _lighton_ocr() -> "Family":
    sizes = _rows.sizes(1024, 28, 16, 3072, 151936, num_key_value_heads=8, head_dim=128)
    paths = ("model.language_model", "model.vision_encoder")
    return _merged("LightOnOcr", part("qwen3", sizes), "model.vision_projection", False, paths)


def _paligemma() -> "Family":
    return joined(
        "PaliGemma",
        part("gemma", _rows.sizes(2048, 18, 8, 16384, 257152, num_key_value_heads=1)),
        part(
            "siglip_vision_model",
            _rows.sizes(1152, 27, 16, 4096, None, patch_size=14, image_size=224),
            vision_use_head=False,
        ),
        ((f"{PROJECTOR}.linear", "projection", "vision.d", "projection_dim", True, ""),),
        defaults={"projection_dim": 2048},
    )


def qwen(
    name: str, model_type: str, tied: "Tied", flat: bool, heads: "tuple[Head, Head]" = ("", "")
) -> "Family":
    """Give the row of a Qwen that sees, whose parts are called as it is, with its heads."""
    return joined(
        name,
        part(f"{model_type}_text"),
        part(f"{model_type}_vision"),
        (),
        paths=("model.language_model", "model.visual"),
        flat=flat,
        tied=tied,
        heads=heads,
    )


def _qwen2_vl() -> "Family":
    return qwen("Qwen2VL", "qwen2_vl", "as text", True)


def _qwen2_5_vl() -> "Family":
    return qwen("Qwen2_5_VL", "qwen2_5_vl", "as text", True)


def _qwen3_vl() -> "Family":
    return qwen("Qwen3VL", "qwen3_vl", False, False)


def _internvl() -> "Family":
    merged = "4 vision.d"
    return joined(
        "InternVL",
        part("qwen2"),
        part("internvl_vision"),
        (
            (f"{PROJECTOR}.layer_norm", "norm", "1", merged, True, ""),
            (f"{PROJECTOR}.linear_1", "projection", merged, "text.d", True, "one_layer"),
            (f"{PROJECTOR}.linear_2", "projection", "text.d", "text.d", True, ""),
        ),
        only={"downsample_ratio": 0.5},
    )


def _two_towers(
    name: str, model_type: str, modules: "Modules", defaults: "dict[str, object]"
) -> "Family":
    """Give the row of a family that holds texts beside pictures, and writes neither."""
    return _rows.family(
        name,
        modules,
        (),
        base="",
        language="",
        sequences="",
        tokens="",
        nested={
            "text_config": ("text_model", part(f"{model_type}_text_model"), False),
            "vision_config": ("vision_model", part(f"{model_type}_vision_model"), False),
        },
        causal=False,
        counted="bare model",
        defaults=defaults,
    )


def _clip() -> "Family":
    return _two_towers(
        "CLIP",
        "clip",
        (
            ("visual_projection", "projection", "vision.d", "projection_dim", False, ""),
            ("text_projection", "projection", "text.d", "projection_dim", False, ""),
            ("logit_scale", "projection vector", "1", "1", False, ""),
        ),
        {"projection_dim": 512},
    )


def _siglip() -> "Family":
    return _two_towers(
        "Siglip",
        "siglip",
        (
            ("logit_scale", "projection vector", "1", "1", False, ""),
            ("logit_bias", "projection vector", "1", "1", False, ""),
        ),
        {},
    )


def _crossed(config: "Config", read: "Read", layers: int) -> list[int]:
    """List the layers that read the picture in place of the text."""
    named = _rows.indices(config, "cross_attention_layers", layers)
    if named is not None:
        return named
    return list(range(3, 39, 5))


def _mllama_text() -> "Family":
    gates: "Modules" = (
        ("cross_attn_attn_gate", "attention vector", "1", "1", False, "crossed"),
        ("cross_attn_mlp_gate", "mlp vector", "1", "1", False, "crossed"),
    )
    return _rows.decoder(
        "MllamaText",
        _rows.attention(False, False, where="!crossed")
        + _rows.attention(False, False, path="cross_attn", where="crossed")
        + _rows.norms(("cross_attn.q_norm", "cross_attn.k_norm"), "h", where="crossed")
        + _rows.mlp()
        + _rows.LAYER_NORMS
        + gates,
        modules=(
            # Beside its words, 8 that stand for a picture and the like.
            ("model.embed_tokens", "token_embedding", "V+8", "e", False, ""),
            *_rows.norms(("model.norm",)),
        ),
        language="",
        sequences="",
        tokens="",
        sets={"crossed": _crossed},
        causal=False,
        counted="bare model",
        defaults=_rows.sizes(4096, 40, 32, 14336, 128256, num_key_value_heads=8),
    )


def _eight_shapes(config: "Config", read: "Read", layers: int) -> bool:
    """Refuse more or fewer shapes of pictures than eight."""
    named = config.get("supported_aspect_ratios")
    name = 'config["supported_aspect_ratios"]'
    if named is not None and len(_check.sequence(name, named)) != 8:
        raise ValueError(f"{name} must be 8 shapes: no other number is counted")
    return True


def _mllama_vision() -> "Family":
    part, shapes = "position_embedding", "9"  # eight, and none
    layer = (
        _rows.attention(False, False)
        + _rows.mlp(True, ("fc1", "fc2"))
        + _rows.norms(("input_layernorm", "post_attention_layernorm"), shift=True)
    )
    gates: "Modules" = (
        ("gate_attn", "attention vector", "1", "1", False, ""),
        ("gate_ffn", "mlp vector", "1", "1", False, ""),
    )
    stem = "gated_positional_embedding"
    modules: "list[Module]" = [
        ("class_embedding", "patch_embedding", "1", "d", False, ""),
        ("patch_embedding", "patch_embedding", "pixels", "d", False, ""),
        (f"{stem}.gate", part, "1", "1", False, ""),
        (f"{stem}.embedding", part, "rows", "d", False, ""),
        (f"{stem}.tile_embedding", part, shapes, "max_num_tiles rows d", False, "eight_shapes"),
        *_rows.norms(("layernorm_pre", "layernorm_post"), shift=True),
    ]
    for name in ("pre_tile_positional_embedding", "post_tile_positional_embedding"):
        modules.append((f"{name}.gate", part, "1", "1", False, ""))
        modules.append((f"{name}.embedding", part, shapes, "max_num_tiles d", False, ""))
    return _rows.family(
        "MllamaVision",
        tuple(modules),
        (
            ("transformer.layers", "num_hidden_layers", layer),
            # The second stack, as in a decoder, reads what the first gives.
            ("global_transformer.layers", "num_decoder_layers", layer + gates),
        ),
        base="",
        language="",
        sequences="",
        tokens="",
        keys=_rows.keys(
            heads="attention_heads num_attention_heads",
            others={"num_decoder_layers": "num_global_layers"},
        ),
        numbers={"rows": "patches+1"},
        sets={"eight_shapes": _eight_shapes},
        gated=False,
        causal=False,
        counted="bare model",
        defaults=_rows.sizes(
            1280,
            32,
            16,
            5120,
            None,
            num_decoder_layers=8,
            image_size=448,
            patch_size=14,
            num_channels=3,
            max_num_tiles=4,
            vision_output_dim=7680,
        ),
    )


def _mllama() -> "Family":
    return joined(
        "Mllama",
        part("mllama_text_model"),
        part("mllama_vision_model"),
        ((PROJECTOR, "projection", "vision.vision_output_dim", "text.d", True, ""),),
        paths=("model.language_model", "model.vision_model"),
        tied=None,
    )


def _idefics3_like(name: str, model_type: str) -> "Family":
    path = "model.connector.modality_projection.proj"
    merged = "vision.d scale_factor scale_factor"
    return joined(
        name,
        part("llama"),
        part(f"{model_type}_vision"),
        ((path, "projection", merged, "text.d", False, ""),),
        paths=("model.text_model", "model.vision_model"),
        tied=False,
        defaults={"scale_factor": 2},
    )


def _idefics3() -> "Family":
    return _idefics3_like("Idefics3", "idefics3")


def _smolvlm() -> "Family":
    return _idefics3_like("SmolVLM", "smolvlm")


ROWS: "dict[str, Callable[[], Family]]" = {
    "clip": _clip,
    "siglip": _siglip,
    "gemma3": _gemma3,
    "llava": _llava,
    "llava_next": _llava_next,
    "llava_onevision": _llava_onevision,
    "mistral3": _mistral3,
    "lighton_ocr": _lighton_ocr,
    "qwen2_vl": _qwen2_vl,
    "qwen2_5_vl": _qwen2_5_vl,
    "qwen3_vl": _qwen3_vl,
    "paligemma": _paligemma,
    "internvl": _internvl,
    "mllama": _mllama,
    "mllama_text_model": _mllama_text,
    "mllama_vision_model": _mllama_vision,
    "idefics3": _idefics3,
    "smolvlm": _smolvlm,
}
"""What gives the row of each `model_type`."""
