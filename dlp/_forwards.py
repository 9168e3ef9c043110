"""Forward passes that keep nothing for a backward pass: of a reference, and of generation.

They run layer by layer as those with gradients do, beside whatever is there already.
"""

from dlp import _config, _layers, _losses, _pieces
from dlp._attention import sliding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Setup = dict[str, Any]

# Without its adapters, a model is as it was.
_WITHOUT_ADAPTERS = {
    "adapted": {},
    "adapters": [],
    "trained": set(),
    "biases": "none",
    "dora": False,
    "lora_dropout": 0,
}


def scoring(setup: "Setup", *, reference: bool) -> int:
    """Give the bytes that a forward pass holds which scores the tokens of a batch."""
    plain = _without_gradients(setup)
    if reference and setup["method"] == "lora":
        plain.update(_WITHOUT_ADAPTERS)
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
    plain = _without_gradients(setup)
    plain.update({"use_cache": True, "batch": setup["generated"], "positions": setup["generated"]})
    if setup["method"] == "lora":
        plain.update({"half": 0, "stream_size": setup["weight_size"]})
    passes = []
    lengths = [(setup["prompt"], 0)]
    if setup["length"] - 1 > setup["prompt"]:
        lengths.append((setup["length"] - 1, setup["length"] - 2))
    for length, past in lengths:
        plain.update({"length": length, "past": plain["batch"] * past})
        plain["tokens"] = plain["batch"] * length - plain["past"]
        passes.append(_with_cache(plain))
    return max(passes, key=lambda held: sum(held.values()))


def _with_cache(plain: "Setup") -> dict[str, int]:
    """Give what a pass holds that adds to a cache, and picks a next token for each sample."""
    fullest, cache, copies = _through_layers(plain)
    logits = plain["batch"] * plain["vocab_size"]
    raw = logits * (plain["half"] or plain["weight_size"])
    if plain["half"] and plain["weight_size"] == 4:
        copies += 2 * plain["vocab_size"] * plain["embedding_size"]
    # The logits, a copy of them in fp32, their probabilities, and as many random numbers; of the
    # token before, the copy and the probabilities have names until there are new ones.
    named = 8 * logits if plain["past"] else 0
    picked = max(copies + raw + named, raw + 12 * logits)
    return {"cache": cache, "working": max(fullest - cache + named, picked)}


def _without_gradients(setup: "Setup") -> "Setup":
    """Give the settings of a pass without gradients, which is not checkpointed."""
    plain = dict(setup)
    plain.update({"gradient_checkpointing": False, "use_cache": False})
    return plain


def _through_layers(plain: "Setup") -> "tuple[int, int, int]":
    """Give what the layers hold at most, what their cache holds then, and autocast's copies."""
    embedded = plain["tokens"] * plain["hidden_size"] * plain["stream_size"]
    if plain["positions"] > 1 and _config.modules(plain["model"], ("position_embedding",)):
        embedded *= 2  # each sample has rows for its positions
    shared = 0 if plain["past"] else _layers.shared(plain, forward=True)
    runs: "dict[object, tuple[int, int, int]]" = {}
    places = range(plain["num_hidden_layers"])
    for place in places:
        kind = _layers.kind(plain, place)
        if kind not in runs:
            runs[kind] = _layer(plain, place)
    held = [runs[_layers.kind(plain, place)] for place in places]
    # A layer that is still to come has all but its newest token in the cache.
    still = plain["past"] / (plain["past"] + plain["tokens"])
    fullest = before = copies = 0
    later = sum(cached for _, cached, _ in held)
    for place, (top, cached, made) in zip(places, held):
        later -= cached
        below = before + int(later * still) + copies + (embedded if place else 0)
        fullest = max(fullest, shared + below + top)
        before += cached
        copies += made
    return fullest, before, copies


def _layer(plain: "Setup", place: int) -> "tuple[int, int, int]":
    """Give what a layer holds at most, what it leaves in the cache, and its copies.

    Copies of weights that could be trained stay in autocast's cache.
    """
    one = _layers.layer(plain, place)
    stay = tuple(step[0] for step in one["steps"] if step[2] == "cast matrix" and step[4])
    run = _pieces.finish(one, held=one["held"], in_scope=one["in_scope"] + stay)
    return run["unkept"], run["held"], one["copies"]
