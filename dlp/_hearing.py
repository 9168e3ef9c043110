"""Rows of families that hear: frames of sound through convolutions, and layers over them."""

from dlp import _rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dlp._rows import Config, Family, Module, Read

_KERNELS = (10, 3, 3, 3, 3, 2, 2)
_FRAMES = 512


def _masks(config: "Config", read: "Read", layers: int) -> bool:
    """Say whether frames are masked, for which the model has a vector."""
    for key, usual in (("mask_time_prob", 0.05), ("mask_feature_prob", 0.0)):
        value = config.get(key, usual)
        if isinstance(value, (int, float)) and value > 0:
            return True
    return False


def _wav2vec2_like(name: str, base: str) -> "Family":
    stem, part = f"{base}.feature_extractor.conv_layers", "patch_embedding"
    position = f"{base}.encoder.pos_conv_embed.conv"
    weight = f"{position}.parametrizations.weight"
    modules: "list[Module]" = [
        (f"{base}.masked_spec_embed", part, "1", "d", False, "masks"),
        (f"{base}.feature_projection.layer_norm", "norm", "1", f"{_FRAMES}", True, ""),
        (f"{base}.feature_projection.projection", "projection", f"{_FRAMES}", "d", True, ""),
        (position, "position_embedding", "1", "d", False, ""),
        (f"{weight}.original0", "position_embedding", "1", "num_conv_pos_embeddings", False, ""),
        (f"{weight}.original1", "position_embedding", "taps", "d", False, ""),
        (f"{base}.encoder.layer_norm", "norm", "1", "d", True, ""),
        ("lm_head", "output_head", "d", "V", True, "language_model"),
        ("projector", "projection", "d", "classifier_proj_size", True, "labels"),
    ]
    for layer, kernel in enumerate(_KERNELS):
        inputs = f"{kernel} {_FRAMES}" if layer else f"{kernel}"
        path = f"{stem}.{layer}"
        modules.append((f"{path}.conv", part, inputs, f"{_FRAMES}", "conv_bias", ""))
        # A norm over groups in the first alone, or one over each frame in all.
        where = "each" if layer else ""
        modules.append((f"{path}.layer_norm", "norm", "1", f"{_FRAMES}", True, where))
    names = ("q_proj", "k_proj", "v_proj", "out_proj")
    return _rows.family(
        name,
        tuple(modules),
        (
            (
                f"{base}.encoder.layers",
                "num_hidden_layers",
                _rows.attention(True, True, names, "attention")
                + _rows.mlp(True, ("intermediate_dense", "output_dense"), "feed_forward")
                + _rows.norms(("layer_norm", "final_layer_norm"), shift=True),
            ),
        ),
        base=base,
        language=f"{name}ForCTC",
        sequences="linear",
        tokens="",
        keys=_rows.keys(),
        numbers={
            "taps": "num_conv_pos_embeddings d /num_conv_pos_embedding_groups",
            "label_inputs": "classifier_proj_size",
        },
        only={
            "conv_dim": [_FRAMES] * len(_KERNELS),
            "conv_kernel": list(_KERNELS),
            "add_adapter": False,
            "adapter_attn_dim": None,
            "use_weighted_layer_sum": False,
            "conv_pos_batch_norm": False,
            "feat_proj_layer_norm": True,
        },
        sets={"masks": _masks, "each": _rows.names_word("feat_extract_norm", "layer")},
        tied=None,
        gated=False,
        causal=False,
        counted="bare model",
        defaults=_rows.sizes(
            768,
            12,
            12,
            3072,
            32,
            num_conv_pos_embeddings=128,
            num_conv_pos_embedding_groups=16,
            classifier_proj_size=256,
            conv_bias=False,
        ),
    )


def _wav2vec2() -> "Family":
    return _wav2vec2_like("Wav2Vec2", "wav2vec2")


def _hubert() -> "Family":
    return _wav2vec2_like("Hubert", "hubert")


ROWS: "dict[str, Callable[[], Family]]" = {
    "wav2vec2": _wav2vec2,
    "hubert": _hubert,
}
"""What gives the row of each `model_type`."""
