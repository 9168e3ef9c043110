"""Forward passes that keep nothing for a backward pass: of a reference, and of generation.

They run layer by layer as those with gradients do, beside whatever is there already.
"""

from dlp import _config, _layers, _losses, _pieces
from dlp._attention import sliding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Setup = dict[str, Any]


def reference(setup: "Setup") -> int:
    """Give the bytes that the pass of a reference over a batch holds.

    Without its adapters, a model is as it was.
    """
    plain = dict(setup)
    if setup["method"] == "lora":
        plain.update({"adapted": {}, "trained": set()})
    fullest, _, copies = _through_layers(plain)
    head = _losses.head(plain)
    run = _pieces.finish(head, in_scope=head["in_scope"])
    return max(fullest, copies + run["unkept"])


def generation(setup: "Setup") -> dict[str, int]:
    """Give the bytes that generation holds where it holds most: as it begins, or as it ends.

    It reads the prompts, and later one token each; the last one that is written is never read. PEFT
    calls the model inside it, past autocast.
    """
    places = range(setup["num_hidden_layers"])
    if [place for place in places if sliding(setup, place)]:
        raise ValueError(
            'config["sliding_window"] must be above the length of prompt and completion: '
            "what a cache of a window holds is not known"
        )
    plain = dict(setup)
    plain.update({"use_cache": True, "batch": setup["generated"], "positions": setup["generated"]})
    if setup["method"] == "lora":
        plain.update({"half": 0, "stream_size": setup["weight_size"]})
    begun = _with_cache(plain, setup["prompt"], past=0)
    length = setup["length"] - 1
    if length == setup["prompt"]:
        return begun
    ended = _with_cache(plain, length, past=length - 1)
    return max(begun, ended, key=lambda held: sum(held.values()))


def _with_cache(plain: "Setup", length: int, *, past: int) -> dict[str, int]:
    """Give what a pass holds that adds to a cache, and picks a next token for each sample."""
    batch = plain["batch"]
    plain = dict(plain)
    plain.update({"length": length, "tokens": batch * (length - past), "past": batch * past})
    fullest, cache, copies = _through_layers(plain)
    logits = batch * plain["vocab_size"]
    raw = logits * (plain["half"] or plain["weight_size"])
    if plain["half"] and plain["weight_size"] == 4:
        copies += 2 * plain["vocab_size"] * plain["embedding_size"]
    # The logits, a copy of them in fp32, their probabilities, and as many random numbers; of the
    # token before, the copy and the probabilities have names until there are new ones.
    named = 8 * logits if past else 0
    picked = max(copies + raw + named, raw + 12 * logits)
    return {"cache": cache, "working": max(fullest - cache + named, picked)}


def _through_layers(plain: "Setup") -> "tuple[int, int, int]":
    """Give what the layers hold at most, what their cache holds then, and autocast's copies."""
    embedded = plain["tokens"] * plain["hidden_size"] * plain["stream_size"]
    if plain["use_cache"] and _config.modules(plain["model"], ("position_embedding",)):
        embedded *= 2  # each sample has rows for its positions
    fullest = cache = copies = 0
    runs: "dict[object, tuple[int, int, int]]" = {}
    for place in range(plain["num_hidden_layers"]):
        kind = _layers.kind(plain, place)
        if kind not in runs:
            runs[kind] = _layer(plain, place)
        top, held, made = runs[kind]
        # What was embedded is what the first layer reads, and has a name until the last is done.
        fullest = max(fullest, cache + copies + (embedded if place else 0) + top)
        cache += held
        copies += made
    if not plain["past"]:
        fullest += _layers.shared(plain, forward=True)
    return fullest, cache, copies


def _layer(plain: "Setup", place: int) -> "tuple[int, int, int]":
    """Give what a layer holds at most, what it leaves in the cache, and its copies.

    Copies of weights that could be trained stay in autocast's cache.
    """
    one = _layers.layer(plain, place)
    stay = [
        name for name, _, kind, _, weight, _ in one["steps"] if kind == "cast matrix" and weight
    ]
    run = _pieces.finish(one, held=one["held"], in_scope=one["in_scope"] + tuple(stay))
    return run["unkept"], run["held"], one["copies"]
