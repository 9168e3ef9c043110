"""Rows of families that read one text and write another: encoders with a decoder beside them."""

from dlp import _rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from dlp._rows import Bias, Family, Head, Module, Some

    Modules = tuple[Module, ...]


def _t5() -> "Family":
    return _t5_like("T5", "relu", _rows.sizes(512, 6, 8, 2048, 32128, head_dim=64))


def _t5_like(
    name: str, activation: str, defaults: "dict[str, object]", *, each: bool = False
) -> "Family":
    names = ("q", "k", "v", "o")

    bias = "layer.0.SelfAttention.relative_attention_bias"

    def block(last: int) -> "Modules":
        path = f"layer.{last}.DenseReluDense"
        return (
            (((bias, "position_embedding", "buckets", "a", False, ""),) if each else ())
            + _rows.attention(False, False, names, "layer.0.SelfAttention")
            + _rows.mlp(names=("wi", "wo"), path=path, where="!gated")
            + _rows.mlp(names=("wi_0", "wi_1", "wo"), path=path, where="gated")
            + _rows.norms(("layer.0.layer_norm", f"layer.{last}.layer_norm"))
        )

    crossed = _rows.attention(False, False, names, "layer.1.EncDecAttention")
    modules: "Modules" = (
        ("shared", "token_embedding", "V", "e", False, ""),
        ("lm_head", "output_head", "e", "V", False, "language_model"),
    )
    # The first layer of a stack holds a table for all others, or each has its own.
    for stack, where in (("encoder", ""), ("decoder", "decoder")):
        table = f"{stack}.block.0.{bias}"
        if not each:
            modules += ((table, "position_embedding", "buckets", "a", False, where),)
        modules += _rows.norms((f"{stack}.final_layer_norm",), where=where)
    return _rows.family(
        name,
        modules,
        (
            ("encoder.block", "num_hidden_layers", block(1)),
            (
                "decoder.block",
                "num_decoder_layers",
                block(2) + crossed + _rows.norms(("layer.1.layer_norm",)),
            ),
        ),
        base="",
        language=f"{name}ForConditionalGeneration",
        keys=_rows.keys(
            "d_model hidden_size",
            "num_layers num_hidden_layers",
            "num_heads num_attention_heads",
            "d_ff",
            # An alias of the encoder's layers says nothing of the decoder's.
            {"head_dim": "d_kv head_dim", "num_decoder_layers": "num_decoder_layers num_layers"},
        ),
        defaults=defaults
        | {
            "relative_attention_num_buckets": 32,
            "num_decoder_layers": defaults["num_hidden_layers"],
        },
        numbers={"buckets": "relative_attention_num_buckets"},
        sets={"gated": _rows.gated_t5(activation)},
        tied=True,
        causal=False,
        sequences="dense",
        tokens="encoder",
        prefix="d",  # PEFT finds no key of its key heads
    )


def _mt5() -> "Family":
    return _t5_like("MT5", "gated-gelu", _rows.sizes(512, 8, 6, 1024, 250112, head_dim=64))


def _umt5() -> "Family":
    return _t5_like(
        "UMT5", "gated-gelu", _rows.sizes(512, 8, 6, 1024, 250112, head_dim=64), each=True
    )


def _attention(path: str, bias: "Bias", key_bias: "Bias") -> "Modules":
    rows: "list[Module]" = []
    for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
        has_bias = key_bias if name == "k_proj" else bias
        rows.append((f"{path}.{name}", "attention", "d", "d", has_bias, ""))
    return tuple(rows)


def _layer(attention: "Modules", norms: "tuple[str, ...]", width: str) -> "Modules":
    mlp = _rows.mlp(True, ("fc1", "fc2"), path="", width=width)
    names = (*norms, "final_layer_norm")
    return attention + mlp + _rows.norms(names, shift=True)


def _stacks(
    name: str,
    modules: "Modules",
    *,
    bias: "Bias" = True,
    key_bias: "Bias" = True,
    encoder: "Modules | None" = None,
    language: "str | None" = None,
    sequences: "Head" = "",
    **row: "Unpack[Some]",
) -> "Family":
    """Give the row of a family whose two stacks have layers like those of BART."""
    usual: "Some" = {
        "tied": True,
        "gated": False,
        "causal": False,
        "keys": _rows.keys(
            "d_model hidden_size",
            "encoder_layers num_hidden_layers",
            "encoder_attention_heads num_attention_heads",
            "encoder_ffn_dim",
            {"num_decoder_layers": "decoder_layers"},
        ),
    }
    usual.update(row)
    own = _attention("self_attn", bias, key_bias)
    crossed = own + _attention("encoder_attn", bias, key_bias)
    norm, second = "self_attn_layer_norm", "encoder_attn_layer_norm"
    return _rows.family(
        name,
        modules,
        (
            ("model.encoder.layers", "num_hidden_layers", _layer(encoder or own, (norm,), "f")),
            (
                "model.decoder.layers",
                "num_decoder_layers",
                _layer(crossed, (norm, second), "decoder_ffn_dim"),
            ),
        ),
        language=language or f"{name}ForConditionalGeneration",
        sequences=sequences,
        tokens="",
        **usual,
    )


def _seq2seq(
    name: str,
    defaults: "dict[str, object]",
    *,
    positions: str = "max_position_embeddings",
    first: bool = False,
    last: bool = False,
    bias: "Bias" = True,
    encoder: "Modules | None" = None,
    language: "str | None" = None,
    sequences: "Head" = "",
    only: "dict[str, object] | None" = None,
) -> "Family":
    """Give the row of a family like BART, with a norm before the layers of a stack, or after."""
    modules: "list[Module]" = [
        ("model.shared", "token_embedding", "V", "e", False, ""),
        ("lm_head", "output_head", "e", "V", False, "language_model"),
    ]
    for stem in ("model.encoder", "model.decoder"):
        # Where nothing is tied, each stack has a table of its own beside the one that they share.
        modules.append((f"{stem}.embed_tokens", "token_embedding", "V", "e", False, "untied"))
        if positions:
            modules.append(
                (f"{stem}.embed_positions", "position_embedding", "rows", "d", False, "")
            )
        if first:
            modules.append((f"{stem}.layernorm_embedding", "norm", "1", "d", True, ""))
        if last:
            modules.append((f"{stem}.layer_norm", "norm", "1", "d", True, ""))
    return _stacks(
        name,
        tuple(modules),
        defaults=defaults,
        bias=bias,
        key_bias=bias,
        encoder=encoder,
        language=language,
        sequences=sequences,
        numbers={"rows": positions} if positions else {},
        only=only or {},
    )


def _sizes(
    width: int, layers: int, heads: int, inner: int, words: int, **others: object
) -> "dict[str, object]":
    """Give sizes of two stacks that are alike where nothing else is said."""
    found = _rows.sizes(width, layers, heads, inner, words)
    found.update({"num_decoder_layers": layers, "decoder_ffn_dim": inner})
    found["max_position_embeddings"] = 1024
    found.update(others)
    return found


_SHIFTED = "max_position_embeddings+2"  # positions that are counted from 2


def _bart() -> "Family":
    defaults = _sizes(1024, 12, 16, 4096, 50265)
    return _seq2seq("Bart", defaults, positions=_SHIFTED, first=True, sequences="dense")


def _mvp() -> "Family":
    defaults = _sizes(1024, 12, 16, 4096, 50267)
    return _seq2seq(
        "Mvp",
        defaults,
        positions=_SHIFTED,
        first=True,
        sequences="dense",
        only={"use_prompt": False},
    )


def _plbart() -> "Family":
    defaults = _sizes(768, 6, 12, 3072, 50005)
    return _seq2seq("PLBart", defaults, positions=_SHIFTED, first=True, sequences="dense")


def _mbart() -> "Family":
    defaults = _sizes(1024, 12, 16, 4096, 50265)
    return _seq2seq("MBart", defaults, positions=_SHIFTED, first=True, last=True, sequences="dense")


def _pegasus() -> "Family":
    return _seq2seq("Pegasus", _sizes(1024, 12, 16, 4096, 50265), last=True)


def _bigbird_pegasus() -> "Family":
    bias = "use_bias"
    names = ("self.query", "self.key", "self.value", "output")
    return _seq2seq(
        "BigBirdPegasus",
        _sizes(1024, 16, 16, 4096, 96103, max_position_embeddings=4096, use_bias=False),
        first=True,
        bias=bias,
        encoder=_rows.attention(bias, bias, names),
        sequences="dense",
    )


def _marian() -> "Family":
    return _seq2seq(
        "Marian",
        _sizes(1024, 12, 16, 4096, 58101),
        language="MarianMTModel",
        only={"share_encoder_decoder_embeddings": True},
    )


def _m2m_100() -> "Family":
    return _seq2seq("M2M100", _sizes(1024, 12, 16, 4096, 128112), positions="", last=True)


def _blenderbot() -> "Family":
    defaults = _sizes(2560, 2, 32, 10240, 8008, num_decoder_layers=24, max_position_embeddings=128)
    return _seq2seq("Blenderbot", defaults, last=True)


def _blenderbot_small() -> "Family":
    defaults = _sizes(512, 8, 16, 2048, 50265, max_position_embeddings=512)
    return _seq2seq("BlenderbotSmall", defaults, first=True)


def _whisper() -> "Family":
    encoder, decoder = "model.encoder", "model.decoder"
    part, heard, written = "position_embedding", "max_source_positions", "max_target_positions"
    return _stacks(
        "Whisper",
        (
            # Two convolutions, each over 3 frames of sound.
            (f"{encoder}.conv1", "patch_embedding", "3 num_mel_bins", "d", True, ""),
            (f"{encoder}.conv2", "patch_embedding", "3 d", "d", True, ""),
            (f"{encoder}.embed_positions", part, heard, "d", False, ""),
            (f"{decoder}.embed_tokens", "token_embedding", "V", "e", False, ""),
            (f"{decoder}.embed_positions", part, written, "d", False, ""),
            *_rows.norms((f"{encoder}.layer_norm", f"{decoder}.layer_norm"), shift=True),
            ("proj_out", "output_head", "e", "V", False, "language_model"),
        ),
        defaults=_sizes(384, 4, 6, 1536, 51865, num_mel_bins=80) | {heard: 1500, written: 448},
        key_bias=False,
    )


ROWS: "dict[str, Callable[[], Family]]" = {
    "t5": _t5,
    "bart": _bart,
    "mt5": _mt5,
    "umt5": _umt5,
    "mbart": _mbart,
    "pegasus": _pegasus,
    "marian": _marian,
    "m2m_100": _m2m_100,
    "whisper": _whisper,
    "blenderbot": _blenderbot,
    "blenderbot-small": _blenderbot_small,
    "plbart": _plbart,
    "bigbird_pegasus": _bigbird_pegasus,
    "mvp": _mvp,
}
"""What gives the row of each `model_type`."""
