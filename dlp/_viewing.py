"""Rows of later families that see or hear: Qwen 3.5, Gemma 4, Llama 4, GLM 4.1V and the like."""

from dlp import _check, _experts, _joining, _rows, _seeing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dlp._rows import Bias, Config, Family, LayerSet, Module, Read, Window

    Modules = tuple[Module, ...]


def _text(
    name: str, layer: "Modules", defaults: "dict[str, object]", window: "Window | None" = None
) -> "Family":
    """Give the row of a language model that has its head outside, beside what it sees with."""
    return _rows.decoder(
        name,
        layer,
        modules=(
            ("model.embed_tokens", "token_embedding", "V", "e", False, ""),
            *_rows.norms(("model.norm",)),
        ),
        language="",
        sequences="",
        tokens="",
        causal=False,
        counted="bare model",
        defaults=defaults,
        window=window or _rows.window(),
    )


_UPPER = _rows.window("upper layers", 4096, 80, "max_window_layers", used=True)
_READS = _rows.mlp() + _rows.LAYER_NORMS


def _qwen2_vl_text() -> "Family":
    defaults = _rows.sizes(8192, 80, 64, 29568, 152064, num_key_value_heads=8)
    return _text("Qwen2VLText", _rows.attention(True, False) + _READS, defaults, _UPPER)


def _qwen2_5_vl_text() -> "Family":
    defaults = _rows.sizes(8192, 80, 64, 29568, 152064, num_key_value_heads=8)
    return _text("Qwen2_5_VLText", _rows.attention(True, False) + _READS, defaults, _UPPER)


def _qwen3_vl_text() -> "Family":
    return _text(
        "Qwen3VLText",
        _rows.attention("attention_bias", "attention_bias") + _READS + _rows.HEAD_NORMS,
        _rows.sizes(4096, 32, 32, 22016, 151936, num_key_value_heads=32, head_dim=128),
    )


def _qwen3_vl_moe_text() -> "Family":
    defaults = _experts.sizes(2048, 24, 16, 5632, 151936, 60, 4, 1408, num_key_value_heads=16)
    row = _text(
        "Qwen3VLMoeText",
        _rows.attention("attention_bias", "attention_bias")
        + _rows.mlp(where="!sparse")
        + _rows.experts(where="sparse")
        + _rows.LAYER_NORMS
        + _rows.HEAD_NORMS,
        {**defaults, "decoder_sparse_step": 1},
    )
    row["sets"] = {"sparse": _rows.by_step}
    row["keys"] = _experts.PLAIN
    row["optional"] = ("num_experts",)
    return row


def _qwen3_vl_moe() -> "Family":
    return _joining.qwen("Qwen3VLMoe", "qwen3_vl_moe", False, False)


def _qwen3_5_vision() -> "Family":
    return _seeing.qwen3_vision("Qwen3_5Vision", ())


def _qwen3_5_moe_vision() -> "Family":
    return _seeing.qwen3_vision("Qwen3_5MoeVision", ())


def _qwen3_vl_moe_vision() -> "Family":
    return _seeing.qwen3_vision("Qwen3VLMoeVision", _seeing.THREE)


def _qwen3_5() -> "Family":
    return _joining.qwen("Qwen3_5", "qwen3_5", False, False, ("score", "linear"))


def _qwen3_5_moe() -> "Family":
    return _joining.qwen("Qwen3_5Moe", "qwen3_5_moe", False, False)


# --- Gemma 4 ----------------------------------------------------------------------------------


def _linear(modules: "Modules") -> "Modules":
    """List matrices that stand inside of something that clips what they read and write."""
    found: "list[Module]" = []
    for path, part, inputs, outputs, bias, where in modules:
        found.append((f"{path}.linear", part, inputs, outputs, bias, where))
    return tuple(found)


def _gemma4_vision() -> "Family":
    stem = "patch_embedder"
    table = f"{stem}.position_embedding_table"
    return _seeing.vision(
        "Gemma4Vision",
        (
            (f"{stem}.input_proj", "patch_embedding", "pixels", "d", False, ""),
            (table, "position_embedding", "2 position_embedding_size", "d", False, ""),
        ),
        "encoder.layers",
        _linear(_rows.attention(False, False) + _rows.mlp()) + _rows.HEAD_NORMS + _rows.SANDWICH,
        keys={},
        numbers={"num_channels": "3"},
        gated=True,
        defaults=_rows.sizes(
            768,
            16,
            12,
            3072,
            None,
            num_key_value_heads=12,
            head_dim=64,
            patch_size=16,
            position_embedding_size=10240,
        ),
    )


def _channels(place: int) -> "Callable[[Config, Read], int]":
    """Give how many channels a convolution that shortens sound has."""

    def found(config: "Config", read: "Read") -> int:
        name, value = 'config["subsampling_conv_channels"]', config.get("subsampling_conv_channels")
        channels = [128, 32] if value is None else _check.sequence(name, value)
        if len(channels) != 2:
            raise ValueError(f"{name} must be two numbers, not {len(channels)}")
        return _check.count(name, channels[place])

    return found


def _gemma4_audio() -> "Family":
    stem = "subsample_conv_projection"
    forward: "list[Module]" = []
    for name in ("feed_forward1", "feed_forward2"):
        forward.append((f"{name}.ffw_layer_1.linear", "mlp", "d", "4 d", False, ""))
        forward.append((f"{name}.ffw_layer_2.linear", "mlp", "4 d", "d", False, ""))
        forward += _rows.norms((f"{name}.pre_layer_norm", f"{name}.post_layer_norm"))
    names = ("q_proj", "k_proj", "v_proj", "post")
    attention = _linear(_rows.attention(False, False, names))
    mixer: "Modules" = (
        ("lconv1d.linear_start.linear", "mixer", "d", "2 d", False, ""),
        ("lconv1d.linear_end.linear", "mixer", "d", "d", False, ""),
        ("lconv1d.depthwise_conv1d", "mixer vector", "conv_kernel_size", "d", False, ""),
    )
    return _seeing.vision(
        "Gemma4Audio",
        (
            (f"{stem}.layer0.conv", "patch_embedding", "9", "first", False, ""),
            (f"{stem}.layer0.norm", "norm", "1", "first", False, ""),
            (f"{stem}.layer1.conv", "patch_embedding", "9 first", "second", False, ""),
            (f"{stem}.layer1.norm", "norm", "1", "second", False, ""),
            (f"{stem}.input_proj_linear", "projection", "quarter second", "d", False, ""),
            ("output_proj", "projection", "d", "output_proj_dims", True, ""),
        ),
        "layers",
        attention
        + (
            ("self_attn.relative_k_proj", "attention", "d", "d", False, ""),
            ("self_attn.per_dim_scale", "attention vector", "1", "h", False, ""),
        )
        + tuple(forward)
        + mixer
        + _rows.norms(
            (
                "lconv1d.pre_layer_norm",
                "lconv1d.conv_norm",
                "norm_pre_attn",
                "norm_post_attn",
                "norm_out",
            )
        ),
        numbers={
            "first": _channels(0),
            "second": _channels(1),
            "quarter": "first /4",
            "intermediate_size": "4 d",
        },
        defaults=_rows.sizes(1024, 12, 8, None, None, conv_kernel_size=5, output_proj_dims=1536),
    )


def _given(key: str) -> "LayerSet":
    """Say whether a config has a part."""
    return lambda config, read, layers: config.get(key) is not None


def _gemma4() -> "Family":
    row = _joining.joined(
        "Gemma4",
        _joining.part("gemma4_text"),
        _joining.part("gemma4_vision"),
        (
            (f"{_INTO}vision.{_OUT}", "projection", "vision.d", "text.d", False, "sees"),
            (
                f"{_INTO}audio.{_OUT}",
                "projection",
                "audio.output_proj_dims",
                "text.d",
                False,
                "hears",
            ),
        ),
    )
    text = row["nested"]["text_config"]
    row["nested"] = {
        "text_config": text,
        "vision_config": ("model.vision_tower", {"model_type": "gemma4_vision"}, "absent"),
        "audio_config": ("model.audio_tower", {"model_type": "gemma4_audio"}, "absent"),
    }
    row["sets"] = {"sees": _given("vision_config"), "hears": _given("audio_config")}
    return row


_INTO, _OUT = "model.embed_", "embedding_projection"


# --- Llama 4 ----------------------------------------------------------------------------------


def _llama4_vision_model() -> "Family":
    adapter = "vision_adapter.mlp"
    output = "projector_output_dim"
    return _seeing.vision(
        "Llama4Vision",
        (
            ("class_embedding", "patch_embedding", "1", "d", False, ""),
            ("positional_embedding_vlm", "position_embedding", "rows", "d", False, ""),
            ("patch_embedding.linear", "patch_embedding", "pixels", "d", False, ""),
            *_rows.norms(("layernorm_pre", "layernorm_post"), shift=True),
            (f"{adapter}.fc1", "projection", "f", "projector_input_dim", False, ""),
            (f"{adapter}.fc2", "projection", output, output, False, ""),
        ),
        "model.layers",
        _rows.attention(True, True)
        + _rows.mlp(True, ("fc1", "fc2"))
        + _rows.norms(("input_layernorm", "post_attention_layernorm"), shift=True),
        numbers={"rows": "patches+1"},
        defaults=_rows.sizes(
            768,
            34,
            16,
            5632,
            None,
            image_size=448,
            patch_size=14,
            num_channels=3,
            vision_output_dim=7680,
            projector_input_dim=4096,
            projector_output_dim=4096,
        ),
    )


def _llama4() -> "Family":
    path = "multi_modal_projector.linear_1"
    return _joining.joined(
        "Llama4",
        _joining.part("llama4_text"),
        _joining.part("llama4_vision_model"),
        ((path, "projection", "vision.vision_output_dim", "text.d", False, ""),),
        paths=("language_model.model", "vision_model", "language_model.lm_head"),
        tied="in the text",
    )


# --- GLM 4.1V and 4.5V -----------------------------------------------------------------------


def _glm_vision(name: str) -> "Family":
    part, out = "patch_embedding", "out_hidden_size"
    merged = "d spatial_merge_size spatial_merge_size"
    return _seeing.vision(
        name,
        (
            ("embeddings.position_embedding", "position_embedding", "patches", "d", False, ""),
            ("patch_embed.proj", part, "pixels temporal_patch_size", "d", True, ""),
            ("downsample", part, merged, out, True, ""),
            ("merger.proj", "projection", out, out, False, ""),
            ("merger.post_projection_norm", "norm", "1", out, True, ""),
            ("merger.gate_proj", "projection", out, "intermediate_size", False, ""),
            ("merger.up_proj", "projection", out, "intermediate_size", False, ""),
            ("merger.down_proj", "projection", "intermediate_size", out, False, ""),
            *_rows.norms(("post_conv_layernorm", "post_layernorm")),
        ),
        "blocks",
        _rows.attention("attention_bias", False, ("qkv", "proj"), "attn")
        + _rows.mlp(width=out)
        + _rows.norms(("norm1", "norm2")),
        keys=_seeing.qwen_keys(),
        gated=True,
        defaults=_rows.sizes(
            1536,
            24,
            12,
            13696,
            None,
            image_size=336,
            patch_size=14,
            num_channels=3,
            temporal_patch_size=2,
            spatial_merge_size=2,
            out_hidden_size=4096,
        ),
    )


def _glm4v_vision() -> "Family":
    return _glm_vision("Glm4vVision")


def _glm4v_moe_vision() -> "Family":
    return _glm_vision("Glm4vMoeVision")


def _glm4v_text() -> "Family":
    layer: "Modules" = (
        *_rows.attention(True, False),
        ("mlp.gate_up_proj", "mlp", "d", "2 f", False, ""),
        ("mlp.down_proj", "mlp", "f", "d", False, ""),
        *_rows.LAYER_NORMS,
        *_rows.norms(("post_self_attn_layernorm", "post_mlp_layernorm")),
    )
    defaults = _rows.sizes(4096, 40, 32, 13696, 151552, num_key_value_heads=2)
    row = _text("Glm4vText", layer, defaults)
    row["keys"] = {"head_dim": ()}  # it has none of its own
    return row


def _glm4v_moe_text() -> "Family":
    defaults = _experts.sizes(4096, 46, 96, 10944, 151424, 128, 8, 1408, num_key_value_heads=8)
    layer = _rows.attention("attention_bias", False) + _experts.sparse() + _rows.LAYER_NORMS
    more = {"n_shared_experts": 1, "first_k_dense_replace": 1, "attention_bias": True}
    row = _text("Glm4vMoeText", layer, defaults | more)
    row["keys"], row["sets"] = _experts.ROUTED, _experts.FIRST
    row["numbers"] = {"head_dim": "floored_head_dim"}
    return row


def _glm4v() -> "Family":
    return _joining.qwen("Glm4v", "glm4v", "as text", False)


def _glm4v_moe() -> "Family":
    return _joining.qwen("Glm4vMoe", "glm4v_moe", "as text", False)


# --- SigLIP, Pixtral or CLIP beside a language model -----------------------------------------


def _siglip2_vision_model() -> "Family":
    found = _seeing.pictures(768, 12, 12, 3072, vision_use_head=True, num_patches=256)
    return _seeing.siglip_vision("Siglip2Vision", found, head=True, rows="num_patches")


def _projector(merged: str, inner: str, outer: str, bias: "Bias" = True) -> "Modules":
    """List the two matrices that lead from patches joined to the width of the text."""
    first: "Module" = (f"{_PATH}.linear_1", "projection", merged, inner, bias, "one_layer")
    return (first, (f"{_PATH}.linear_2", "projection", outer, "text.d", bias, ""))


_PATH = _joining.PROJECTOR
_SHUFFLED = "vision.d downsample_factor downsample_factor"
_ALIGNED = "alignment_intermediate_size"


def _lfm2_vl() -> "Family":
    inner, bias, norm = "projector_hidden_size", "projector_bias", "projector_use_layernorm"
    row = _joining.joined(
        "Lfm2Vl",
        _joining.part("lfm2"),
        _joining.part("siglip2_vision_model"),
        (
            (f"{_PATH}.layer_norm", "norm", "1", _SHUFFLED, True, norm),
            *_projector(_SHUFFLED, inner, inner, bias),
        ),
        defaults={inner: 2560, bias: True, norm: True, "downsample_factor": 2},
    )
    row["keys"] = {"tie_word_embeddings": ("tie_embedding", "tie_word_embeddings")}
    return row


def _cohere2_vision() -> "Family":
    return _joining.joined(
        "Cohere2Vision",
        _joining.part("cohere2"),
        _joining.part("siglip_vision_model", _rows.sizes(1152, 27, 12, 3072, None, image_size=512)),
        _projector(_SHUFFLED, _ALIGNED, f"{_ALIGNED} /2"),
        defaults={_ALIGNED: 36864, "downsample_factor": 2},
    )


def _aya_vision() -> "Family":
    # The class says 14 heads, which its width is no multiple of: no parameter depends on them.
    size = {"image_size": 384, "vision_use_head": False}
    row = _joining.joined(
        "AyaVision",
        _joining.part("cohere2"),
        _joining.part(
            "siglip_vision_model", _rows.sizes(1152, 26, 16, 4304, None, patch_size=14), **size
        ),
        (
            (f"{_PATH}.layernorm", "norm", "1", _SHUFFLED, True, ""),
            *_projector(_SHUFFLED, _ALIGNED, f"{_ALIGNED} /2"),
        ),
        defaults={"downsample_factor": 2},
    )
    row["numbers"] = {**row["numbers"], _ALIGNED: _aligned, "text_width": "text.d"}
    return row


def _aligned(config: "Config", read: "Read") -> int:
    """Give how wide the matrix between is, as wide as the text if nothing is said."""
    value = config.get(_ALIGNED)
    if value is None:
        return read("text_width")
    return _check.count(f'config["{_ALIGNED}"]', value)


def _llava_next_video() -> "Family":
    return _joining.joined(
        "LlavaNextVideo",
        _joining.part("llama"),
        _joining.part("clip_vision_model", _joining.CLIP_LARGE),
        (
            *_joining.TWO_LAYERS,
            ("model.image_newline", "patch_embedding", "1", "text.d", False, ""),
        ),
        tied=False,
        defaults={"multimodal_projector_bias": True},
    )


def _glm46v() -> "Family":
    return _joining.joined(
        "Glm46V",
        _joining.part("glm4v_text"),
        _joining.part("glm4v_vision"),
        (),
        paths=("model.language_model", "model.visual"),
        tied=False,
    )


ROWS: "dict[str, Callable[[], Family]]" = {
    "qwen3_5": _qwen3_5,
    "qwen3_vl_text": _qwen3_vl_text,
    "qwen2_5_vl_text": _qwen2_5_vl_text,
    "qwen2_vl_text": _qwen2_vl_text,
    "qwen3_5_vision": _qwen3_5_vision,
    "qwen3_5_moe": _qwen3_5_moe,
    "qwen3_5_moe_vision": _qwen3_5_moe_vision,
    "qwen3_vl_moe": _qwen3_vl_moe,
    "qwen3_vl_moe_text": _qwen3_vl_moe_text,
    "qwen3_vl_moe_vision": _qwen3_vl_moe_vision,
    "gemma4": _gemma4,
    "gemma4_vision": _gemma4_vision,
    "gemma4_audio": _gemma4_audio,
    "llama4": _llama4,
    "llama4_vision_model": _llama4_vision_model,
    "siglip2_vision_model": _siglip2_vision_model,
    "lfm2_vl": _lfm2_vl,
    "cohere2_vision": _cohere2_vision,
    "aya_vision": _aya_vision,
    "llava_next_video": _llava_next_video,
    "glm46v": _glm46v,
    "glm4v": _glm4v,
    "glm4v_text": _glm4v_text,
    "glm4v_vision": _glm4v_vision,
    "glm4v_moe": _glm4v_moe,
    "glm4v_moe_text": _glm4v_moe_text,
    "glm4v_moe_vision": _glm4v_moe_vision,
}
"""What gives the row of each `model_type`."""
