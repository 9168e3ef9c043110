"""Rows of families that read pages: PaddleOCR-VL."""

from dlp import _joining, _rows, _seeing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dlp._rows import Family


def _paddleocr_vl_vision() -> "Family":
    found = _seeing.pictures(1152, 27, 16, 4304, 14)
    found.update({"image_size": 384, "spatial_merge_size": 2})
    row = _seeing.siglip_vision("PaddleOCRVision", found, head=False)
    row["classes"] = {"PaddleOCRVisionTransformer": "bare model"}
    return row


def _paddleocr_vl_text() -> "Family":
    defaults = _rows.sizes(1024, 18, 16, 3072, 103424, num_key_value_heads=2, head_dim=128)
    row = _rows.decoder(
        "PaddleOCRText",
        _rows.attention("use_bias", "use_bias") + _rows.mlp("use_bias") + _rows.LAYER_NORMS,
        modules=(
            ("model.embed_tokens", "token_embedding", "V", "e", False, ""),
            *_rows.norms(("model.norm",)),
        ),
        language="",
        sequences="",
        tokens="",
        causal=False,
        counted="bare model",
        tied=True,
        defaults={**defaults, "use_bias": False},
    )
    row["classes"] = {"PaddleOCRTextModel": "bare model"}
    return row


def _paddleocr_vl() -> "Family":
    path, merged = "model.projector", "vision.d vision.spatial_merge_size vision.spatial_merge_size"
    return _joining.joined(
        "PaddleOCRVL",
        _joining.part("paddleocr_vl_text"),
        _joining.part("paddleocr_vl_vision"),
        (
            (f"{path}.pre_norm", "norm", "1", "vision.d", True, ""),
            (f"{path}.linear_1", "projection", merged, merged, True, ""),
            (f"{path}.linear_2", "projection", merged, "text.d", True, ""),
        ),
        paths=("model.language_model", "model.visual.vision_model"),
        tied="in the text",
    )


ROWS: "dict[str, Callable[[], Family]]" = {
    "paddleocr_vl": _paddleocr_vl,
    "paddleocr_vl_text": _paddleocr_vl_text,
    "paddleocr_vl_vision": _paddleocr_vl_vision,
}
"""What gives the row of each `model_type`."""
