"""What follows the layers: the last norm, the head and the loss, as each library writes them."""

from dlp import _check, _config, _litgpt
from dlp._layers import ending, form
from dlp._pieces import activate, add, cast, dropout, linear, norm, piece, product

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dlp._pieces import Piece

    Dropout = tuple[tuple[str, ...], float]


def head(setup: "dict[str, Any]") -> "Piece":
    """Give what follows the layers."""
    if setup["layers"] == "litgpt":
        return _litgpt.head(setup)
    if setup["model"]["counted"] != "language model":
        return classifier(setup)
    if not setup["model"]["family"]["causal"]:
        return mask_filler(setup)
    return causal_head(setup) if setup["loss"] == "full" else fewer_logits(setup)


def causal_head(setup: "dict[str, Any]") -> "Piece":
    """Give the last norm, the output head and the loss over tokens, as Transformers writes them.

    Until 4.45 the model's own output was in fp32, by `.float()` in its forward pass. Until 4.48
    logits were shifted by a copy; since then labels are: `loss/loss_utils.py`, `ForCausalLMLoss`.
    """
    release = setup["releases"]["transformers"]
    one = piece(setup, setup["hidden_size"], setup["stream_size"])
    last = ending(one)
    logits = linear(one, "raw logits", last, _output_head(setup), setup["vocab_size"])
    usual = {"gemma2": 30.0}.get(setup["model"]["model_type"])
    if setup["config"].get("final_logit_softcapping", usual):
        logits = add(one, "divided logits", "scale", (logits,))
        logits = add(one, "capped logits", "tanh", (logits,))
        logits = add(one, "multiplied logits", "scale", (logits,))
    if release < (4, 49) and setup["model"]["model_type"] == "gpt_neox":
        wide = logits  # which are not taken to fp32
    else:
        wide = cast(one, "wide logits", logits, 4)
    one["held"] = (wide if release < (4, 46) else logits,)
    one["in_scope"] = (last,)
    if release < (4, 49):
        rows = setup["tokens"] - setup["batch"]
        shifted = add(one, "shifted logits", "sliced copy", (wide,), rows=rows)
        one["in_scope"] += (wide, shifted)
        wide = shifted
    logs = add(one, "log-probabilities", "log softmax", (wide,))
    add(one, "loss", "nll", (logs,), width=0, size=4)
    return one


def fewer_logits(setup: "dict[str, Any]") -> "Piece":
    """Give a head and a loss that never hold all logits at once."""
    one = piece(setup, setup["hidden_size"], setup["stream_size"])
    last = ending(one)
    one["in_scope"] = (last,)
    module, width = _output_head(setup), setup["vocab_size"]
    if module in setup["adapted"]:
        raise ValueError(
            'lora["target_modules"] must not have the head, unless training["loss"] is "full"'
        )
    trained = one["width"][last] * width if module in setup["trained"] else 0
    if setup["layers"] == "torchtune":
        _loss_in_eighths(one, last, trained)
    elif setup["loss"] == "chunked":
        _checkpointed_loss(one, last, trained)
    elif setup["loop"] == "trl":
        _tiled_loss(one, last, trained)
    else:
        _ready_loss(one, last, trained)
    return one


def _tiled_loss(one: "Piece", last: str, trained: int) -> None:
    """Score tiles of tokens and words, and again in the backward pass: TRL's fused head.

    Gradients are added up in fp32. TRL 1.16.0, `kernels/chunked_logprob.py`.
    """
    setup, width = one["setup"], one["width"][last]
    rows = setup["scored"]
    tokens, size = min(rows, 4096), setup["half"] or one["size"][last]
    tile = tokens * 32768 * size
    # Of words, the last part lives until there is the next one in the backward pass.
    words = min(setup["vocab_size"], 32768) * width * size if size != setup["weight_size"] else 0
    before = min(words, max(setup["vocab_size"] - 32768, 0) * width * size)
    if size != one["size"][last]:
        tile += tokens * width * size
    picked = add(one, "scored tokens", "sliced copy", (last,), rows=rows)
    statistics = add(one, "statistics", "new", (picked,), width=7, size=4)
    add(
        one,
        "loss",
        "tiled loss",
        (picked, statistics),
        width=1,
        size=4,
        weight=trained * setup["weight_size"],
        moment=tile + words,
        later=before
        + (4 * rows * width if one["size"][last] < 4 else 0)
        + (4 * trained if setup["weight_size"] < 4 else 0),
    )


def _loss_in_eighths(one: "Piece", last: str, trained: int) -> None:
    """Bring an eighth of the logits to fp32 at a time: torchtune's `CEWithChunkedOutputLoss`.

    Compiled, it keeps the logits as they are, and else all log-probabilities: torchtune,
    `modules/loss/ce_chunked_output_loss.py`. What a compiler fuses stands in no source; measured
    runs alone bear it out.
    """
    setup, width = one["setup"], one["setup"]["vocab_size"]
    raw = logs = add(one, "raw logits", "new", (last,), width=width)
    if not setup["torch_compile"]:
        logs = add(one, "log-probabilities", "new", (raw,), size=4)
    add(
        one,
        "loss",
        "chunked loss",
        (last, raw, logs),
        width=0,
        size=4,
        weight=trained * setup["weight_size"],
        moment=setup["tokens"] * width * (2 if setup["torch_compile"] else 8) // 8,
    )


def _checkpointed_loss(one: "Piece", last: str, trained: int) -> None:
    """Score 256 tokens at a time, each chunk again in the backward pass.

    Beside the logits there are log-probabilities, probabilities and their products in fp32. The
    loss of chunks of TRL 1.7 to 1.14, `trainer/sft_trainer.py`, `_chunk`; before 1.13 it took the
    head to fp32.
    """
    setup, width, size = one["setup"], one["width"][last], one["size"][last]
    rows = setup["tokens"] - setup["batch"]
    chunk = min(rows, 256)
    matrix, weight_size = width * setup["vocab_size"], setup["weight_size"]
    in_fp32 = setup["releases"]["trl"] < (1, 13)
    # Copies of the head, which the chunk keeps, and the bytes of a logit as it is made.
    copies = 4 * matrix if in_fp32 and weight_size < 4 else 0
    made = setup["half"] or (4 if in_fp32 else size)
    if setup["half"] and (in_fp32 or size == 4):
        copies += 2 * matrix
    kept = 2 if in_fp32 and setup["half"] else 4
    scores = (kept + 3 * 4) * chunk * setup["vocab_size"]
    weight = trained * weight_size
    # Of a trained head each chunk makes a gradient, that of the product first, beside the sum.
    before = weight if rows > chunk else 0
    product = made * trained
    top = before + max(
        copies + scores,
        copies + made * chunk * setup["vocab_size"] + product,
        weight + (product if made != weight_size else 0),
        2 * before,  # the first of them is no storage of its own, and is added to by a third
    )
    picked = add(one, "scored tokens", "sliced copy", (last,), rows=rows)
    order = add(one, "order", "new", (picked,), width=1, size=8)
    ordered = add(one, "tokens in order", "sliced copy", (picked, order))
    forward = max(scores, copies + made * chunk * setup["vocab_size"])
    add(
        one,
        "loss",
        "tiled loss",
        (ordered, order),
        width=0,
        size=4,
        weight=weight,
        moment=forward,
        later=top - weight - forward,
    )


def _ready_loss(one: "Piece", last: str, trained: int) -> None:
    """Make the gradients together with the loss, in the forward pass: Liger's fused linear loss.

    There are as many chunks as the vocabulary is wider than the model, or fewer, as a chunk is
    rounded up to a power of 2. Where one follows another, two are there at once; the gradient of
    the head is added up in its own format, by a product and that in fp32. Liger-Kernel 0.8.2,
    `ops/fused_linear_cross_entropy.py`.
    """
    setup, width, tokens = one["setup"], one["width"][last], one["setup"]["tokens"]
    size = setup["half"] or max(one["size"][last], setup["weight_size"])
    parts = -(-setup["vocab_size"] // width)
    rows = 1
    while rows < -(-tokens // parts):
        rows *= 2
    rows = min(rows, tokens)
    chunk, made = rows * setup["vocab_size"] * size, rows * width * size
    before = chunk if rows < tokens else 0
    # Autocast makes a copy of the head for each product, and one more that stays if it is trained.
    copied = size * width * setup["vocab_size"] if size < setup["weight_size"] else 0
    given = made if size < one["size"][last] else 0
    moment = copied + max(chunk + before + given, chunk + made)
    if trained and copied:
        moment += copied + before  # products of 16 bits are added to fp32 without a copy
    elif trained:
        product = size * trained + (4 * trained if size < 4 else 0)
        moment = max(moment + before, chunk + product)
    ready = add(one, "gradient of the tokens", "new", (last,))
    weight = trained * setup["weight_size"]
    matrix = add(one, "gradient of the head", "new", (), fixed=weight)
    add(
        one,
        "loss",
        "ready loss",
        (last, ready, matrix),
        width=1,
        size=4,
        weight=weight,
        moment=moment,
        later=-moment,
    )


def _output_head(setup: "dict[str, Any]") -> str:
    """Name the output head."""
    return str(_config.modules(setup["model"], ("output_head",))[0][0])


def mask_filler(setup: "dict[str, Any]") -> "Piece":
    """Give the head of an encoder that fills masks: a dense layer, a norm, and the vocabulary."""
    how = form(setup)
    one = piece(setup, setup["hidden_size"], setup["stream_size"])
    dense = _config.modules(setup["model"], ("projection",))[0][0]
    inner = linear(one, "transformed", "x", dense, setup["hidden_size"])
    inner = activate(one, "active", inner, how["activation"])
    inner = norm(one, "norm", inner, how["norm"])
    logits = linear(one, "logits", inner, _output_head(setup), setup["vocab_size"])
    wide = cast(one, "wide logits", logits, 4) if setup["half"] else logits
    logs = add(one, "log-probabilities", "log softmax", (wide,))
    add(one, "loss", "nll", (logs,), width=0, size=4)
    return one


def classifier(setup: "dict[str, Any]") -> "Piece":
    """Give a head over labels and its loss.

    Decoders give logits to all tokens and pick the last one; encoders look at the first token only,
    of which the whole tensor stays.
    """
    one = piece(setup, setup["hidden_size"], setup["stream_size"])
    counted = setup["model"]["counted"]
    which = setup["model"]["family"]["heads"][counted]
    chance = _chance(setup)
    entries = _config.modules(setup["model"], ("classification_head",))
    labels = entries[-1][2]
    x = ending(one)
    if counted == "token-classification":
        last, x = x, dropout(one, "classifier", x, chance)
        one["in_scope"] = (last, x)
    elif which != "score":
        x = add(one, "first token", "slice", (x,), rows=setup["batch"])
    if which == "pooled":
        x = linear(one, "pooled", x, "dense", setup["hidden_size"])
        x = dropout(one, "classifier", add(one, "pooler output", "tanh", (x,)), chance)
    if which == "dense":
        x = _dense(one, x, chance)
    logits = _over_labels(one, "logits", x, labels)
    one["held"] = (logits,)
    if counted == "sequence-classification" and which == "score":
        logits = add(one, "last logits", "copy", (logits,), rows=setup["batch"])
    wide = counted == "token-classification" and setup["model"]["model_type"] not in _AS_THEY_ARE
    if setup["half"] or wide:
        logits = cast(one, "wide logits", logits, 4)
    logs = add(one, "log-probabilities", "log softmax", (logits,))
    add(one, "loss", "nll", (logs,), width=0, size=4)
    return one


def _dense(one: "Piece", x: str, chance: float) -> str:
    """Add the layer before the labels: RoBERTa's, or DistilBERT's."""
    width = one["setup"]["hidden_size"]
    if one["setup"]["model"]["model_type"] == "distilbert":
        x = add(one, "dense output", "rectify", (_over_labels(one, "dense", x, width),))
        return dropout(one, "classifier", x, chance)
    x = _over_labels(one, "dense", dropout(one, "first token", x, chance), width)
    return dropout(one, "classifier", add(one, "dense output", "tanh", (x,)), chance)


def _over_labels(one: "Piece", name: str, x: str, width: int) -> str:
    """Add a linear layer of the head."""
    size = one["setup"]["weight_size"]
    trained = one["width"][x] * width * size if one["setup"]["trains_head"] else 0
    return product(one, name, x, width, weight_size=size, trained=trained)


# The dropout of a head: the keys of a config, of which the first counts that is there, and the
# chance of the class. Other heads over sequences have none, and all others over tokens the last.
_BERT: "Dropout" = ("classifier_dropout", "hidden_dropout_prob"), 0.1
_OVER_SEQUENCES: "dict[str, Dropout]" = {
    "bert": _BERT,
    "roberta": _BERT,
    "distilbert": (("seq_classif_dropout",), 0.2),
}
_OVER_TOKENS: "dict[str, Dropout]" = {
    "bert": _BERT,
    "roberta": _BERT,
    "distilbert": (("dropout",), 0.1),
    "gpt_neox": (("classifier_dropout",), 0.1),
    "bloom": (("classifier_dropout", "hidden_dropout"), 0.0),
    "falcon": (("classifier_dropout", "hidden_dropout"), 0.0),
    "": (("classifier_dropout", "hidden_dropout"), 0.1),
}

# Families whose class over tokens hands logits to the loss in the format they have; all others
# take them to fp32: `loss/loss_utils.py`, `ForTokenClassification`.
_AS_THEY_ARE = ("bert", "roberta", "distilbert", "gpt2", "bloom", "gpt_bigcode", "falcon")


def _chance(setup: "dict[str, Any]") -> float:
    """Give the chance of dropping in the head."""
    config, model_type = setup["config"], setup["model"]["model_type"]
    keys, chance = _OVER_SEQUENCES.get(model_type, ((), 0.0))
    if setup["model"]["counted"] == "token-classification":
        keys, chance = _OVER_TOKENS.get(model_type, _OVER_TOKENS[""])
    for key in reversed(keys):
        if config.get(key) is not None:
            chance = _check.number(f'config["{key}"]', config[key])
    return chance
