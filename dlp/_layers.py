"""The embeddings and the layers of each family, as Transformers writes them."""

from dlp import _check, _config, _litgpt, _nested, _training
from dlp._attention import attend, sliding
from dlp._pieces import activate, add, cast, dropout, linear, norm, piece, plus, rotate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dlp._pieces import Piece

    Form = dict[str, Any]
    Setup = dict[str, Any]

# How a Llama layer is written; a family below says what it does otherwise.
#
# - order: where norms stand: "before" attention and MLP, "after" their residuals, "around" both, or
#   attention and MLP "beside" each other, behind one norm or one each;
# - activation, and the chances of dropping: the key of the config, and its default;
# - split: how one matrix for queries, keys and values is taken apart;
# - turned: the share of a head that gets rotary positions, None if that is not looked at;
# - attention: what `attend` asks for.
_LLAMA: "Form" = {
    "order": "before",
    "norm": "rms",
    "norms": 2,
    "activation": ("hidden_act", "silu"),
    "residual dropout": ("", 0.0),
    "attention dropout": ("attention_dropout", 0.0),
    "embedding dropout": ("", 0.0),
    "split": "slices",
    "turned": None,
    "scaled embeddings": False,
    "scaled queries": False,
    "eager": False,  # whatever is asked for
    "scales": True,  # the scores, after they were computed
    "masks": True,
    "clamps": False,  # them to the least number, by a maximum
    "softmax": "fp32",
    "shares": False,  # gives the kernel fewer keys than queries
    "copies": False,  # puts queries, keys and values in order first
    "lays out": False,  # does so before a cache has them
    "names output": False,  # of attention, until the layer ends
    "names scores": False,  # until attention ends
}

_GEMMA: "Form" = {
    "norm": "gemma",
    "activation": ("hidden_activation", "gelu_pytorch_tanh"),
    "scaled embeddings": True,
}
_GPT: "Form" = {
    "norm": "layer norm",
    "activation": ("activation_function", "gelu_new"),
    "residual dropout": ("resid_pdrop", 0.1),
    "attention dropout": ("attn_pdrop", 0.1),
    "embedding dropout": ("embd_pdrop", 0.1),
    "split": "parts",
    "turned": 0.0,
    "softmax": "as it is",
    "names output": True,
}
_BERT: "Form" = {
    "order": "after",
    "norm": "layer norm",
    "activation": ("hidden_act", "gelu"),
    "residual dropout": ("hidden_dropout_prob", 0.1),
    "attention dropout": ("attention_probs_dropout_prob", 0.1),
    "embedding dropout": ("hidden_dropout_prob", 0.1),
    "turned": 0.0,
    "softmax": "as it is",
}

_FORMS: "dict[str, Form]" = {
    "llama": {},
    "mistral": {},
    "qwen2": {},
    "qwen3": {},
    "gemma": {"norm": "gemma", "activation": ("hidden_act", "gelu"), "scaled embeddings": True},
    "gemma2": dict(_GEMMA, order="around", eager=True),
    "gemma3_text": dict(_GEMMA, order="around"),
    "phi": {
        "order": "beside",
        "norm": "layer norm",
        "norms": 1,
        "activation": ("hidden_act", "gelu_new"),
        "residual dropout": ("resid_pdrop", 0.0),
        "embedding dropout": ("embd_pdrop", 0.0),
        "turned": 0.5,
    },
    "phi3": {"residual dropout": ("resid_pdrop", 0.0), "turned": 1.0},
    "gpt2": _GPT,
    "gpt_neox": {
        "order": "beside",
        "norm": "layer norm",
        "activation": ("hidden_act", "gelu"),
        "residual dropout": ("hidden_dropout", 0.0),
        "embedding dropout": ("hidden_dropout", 0.0),
        "split": "parts",
        "turned": 0.25,
        "names output": True,
    },
    "opt": {
        "norm": "layer norm",
        "activation": ("activation_function", "relu"),
        "residual dropout": ("dropout", 0.1),
        "turned": 0.0,
        "scaled queries": True,
    },
    "bloom": {
        "norm": "layer norm",
        "activation": ("", "bloom"),
        "residual dropout": ("hidden_dropout", 0.0),
        "turned": 0.0,
        "eager": True,
        "scales": False,
        "names scores": True,
    },
    "gpt_bigcode": dict(
        _GPT, activation=("activation_function", "gelu_pytorch_tanh"), softmax="fp32"
    ),
    "falcon": {
        "order": "beside",
        "norm": "layer norm",
        "activation": ("activation", "gelu"),
        "residual dropout": ("hidden_dropout", 0.0),
        "attention dropout": ("", 0.0),
        "softmax": "as it is",
        "scales": False,  # but in place
        "shares": True,
    },
    "bert": _BERT,
    "roberta": _BERT,
    "distilbert": dict(
        _BERT,
        **{
            "activation": ("activation", "gelu"),
            "residual dropout": ("dropout", 0.1),
            "attention dropout": ("attention_dropout", 0.1),
            "embedding dropout": ("dropout", 0.1),
        },
    ),
    "vit": dict(
        _BERT,
        **{
            "order": "before",
            "softmax": "fp32",
            "residual dropout": ("hidden_dropout_prob", 0.0),
            "attention dropout": ("attention_probs_dropout_prob", 0.0),
            "embedding dropout": ("hidden_dropout_prob", 0.0),
        },
    ),
}

# What Transformers 4.48 wrote otherwise, and since when a younger family is there.
_BEFORE: "dict[str, Form]" = {
    "llama": {"copies": True},
    "mistral": {"copies": True},
    "qwen2": {"copies": True},
    "qwen3": {"copies": True, "since": (4, 51)},
    "gemma": {"copies": True},
    "gemma2": {"copies": True},
    "gemma3_text": {"copies": True, "since": (4, 50)},
    "phi": {"copies": True},
    "phi3": {"copies": True, "turned": None},
    "gpt2": {"copies": True},
    "gpt_neox": {"copies": True, "split": "slices", "scales": False, "softmax": "as it is"},
    "opt": {"softmax": "as it is", "scales": False, "clamps": True, "lays out": True},
    "bloom": {},
    "falcon": {},
    "bert": {},
    "roberta": {},
    "distilbert": {},
    "vit": {"softmax": "as it is"},
}


def form(setup: "Setup") -> "Form":
    """Say how the layers of a model are written, with the numbers of its config."""
    model_type, config = setup["model"]["model_type"], setup["config"]
    release = setup["releases"]["transformers"]
    if model_type not in _FORMS:
        raise ValueError(
            f'config["model_type"] must be of a family whose layers are known tensor by tensor, '
            f"not {model_type!r}{_nested.instead(config, _FORMS)}"
        )
    known = _BEFORE.get(model_type, {"since": (5,)}).get("since", (4,))
    if release < known:
        number = ".".join([str(part) for part in release])
        raise ValueError(f"layers of {model_type!r} in Transformers {number} are not known")
    found: "Form" = dict(_LLAMA)
    found.update(_FORMS[model_type])
    if release < (4, 53):
        found.update(_BEFORE[model_type])
    found["copies"] = _copies(setup)
    if model_type == "gemma2" and (4, 48) <= release < (5, 21):
        found["eager"] = False  # `_supports_sdpa`, though that caps no scores
    for name in ("residual dropout", "attention dropout", "embedding dropout"):
        key, chance = found[name]
        value = config.get(key)
        found[name] = chance if value is None else _check.number(f'config["{key}"]', value)
        if not setup["drops"]:
            found[name] = 0.0
    key, function = found["activation"]
    found["activation"] = config.get(key) or function
    found["dropout"] = found["attention dropout"]
    found["softcap"] = model_type == "gemma2" and config.get("attn_logit_softcapping", 50.0)
    found["turned"] = _turned(config, found["turned"])
    if found["clamps"] and setup["float16"]:
        found["softmax"] = "fp32"
    if model_type == "opt" and config.get("do_layer_norm_before") is False:
        found["order"] = "after"
    if model_type == "gpt_neox" and config.get("use_parallel_residual") is False:
        found["order"] = "before"
    if model_type == "falcon":
        _falcon(setup, found)
    found["bool mask"] = release >= (4, 53)
    found["always masks"] = model_type == "falcon" and release >= (5,)
    if not setup["model"]["family"]["causal"] and release >= (4, 53):
        found["masks"] = setup["attention_mask"]
    found["adds bias"] = model_type == "falcon"
    return found


def _copies(setup: "Setup") -> bool:
    """Say whether queries, keys and values are put in order for scaled dot product attention.

    `integrations/sdpa_attention.py` did so until 4.55, for the families that call it; each model
    itself before 4.48, where there was a mask.
    """
    release, model_type = setup["releases"]["transformers"], setup["model"]["model_type"]
    if release >= (4, 56):
        return False
    calls = _BEFORE[model_type].get("copies", model_type == "opt" and release >= (4, 52))
    return bool(calls) and (release >= (4, 48) or bool(setup["attention_mask"]))


def _turned(config: "dict[str, Any]", share: float | None) -> float | None:
    """Read the share of a head that gets rotary positions."""
    if not share:
        return share
    ropes = _check.mapping('config["rope_parameters"]', config.get("rope_parameters") or {})
    for value in (
        ropes.get("partial_rotary_factor"),
        config.get("partial_rotary_factor"),
        config.get("rotary_pct"),
    ):
        if value is not None:
            return _check.number("the share of a head that is turned", value, maximum=1.0)
    return share


def _falcon(setup: "Setup", found: "Form") -> None:
    """Say what Falcon's config decides: its first, its later and its small models differ."""
    config, family = setup["config"], setup["model"]["family"]
    later = _config.switch(config, family, "new_decoder_architecture")
    if config.get("alibi"):
        raise ValueError("Falcon with alibi is not known tensor by tensor")
    if not later and not _config.switch(config, family, "parallel_attn"):
        found["order"] = "before"
        found["names output"] = True
        found["residual dropout"] = config.get("attention_dropout") or 0.0
    norms = sum(entry[5] for entry in setup["model"]["inventory"] if entry[1] == "norm")
    found["norms"] = norms // setup["num_hidden_layers"]  # beside the one after all layers
    found["split"] = "later Falcon" if later else "slices"
    if not later and _config.switch(config, family, "multi_query"):
        found["split"] = "first Falcon"


def embeddings(setup: "Setup") -> "Piece":
    """Give what comes before the layers."""
    if setup["layers"] == "litgpt":
        return _litgpt.embeddings(setup)
    how = form(setup)
    d, size, parts = setup["hidden_size"], setup["stream_size"], _tables(setup)
    one = piece(setup, 1, 0)
    if "patch_embedding" in parts:
        weight = sum(parts["patch_embedding"])
        # Pictures come in fp32, and are copied to the format of the weights, or of autocast.
        patches, narrow = setup["tokens"] - setup["batch"], setup["half"] or setup["weight_size"]
        width = setup["pixels"] if narrow < 4 else 0
        x = add(one, "pixels", "new", ("x",), width=width, size=narrow, rows=patches)
        if narrow < setup["weight_size"]:
            copied = narrow * width * d
            matrix = add(one, "patches weight", "cast matrix", (), fixed=copied, weight=weight)
            x = add(one, "patches", "convolution", (x, matrix), width=d)
        else:
            x = add(one, "patches", "linear", (x,), width=d, weight=weight)
        x = add(one, "embedded", "append", (x,), rows=setup["tokens"], size=size)
    else:
        weight = sum(parts["token_embedding"])
        width = setup["embedding_size"]
        # Since Transformers 5 the embedding itself scales.
        inside = how["scaled embeddings"] and setup["releases"]["transformers"] >= (5,)
        name = "rows" if inside else "embedded"
        x = add(one, name, "embedding", ("x",), width=width, size=size, weight=weight)
    if how["scaled embeddings"]:
        x = add(one, "embedded" if x == "rows" else "scaled", "scale", (x,))
    if "projection" in parts and setup["embedding_size"] != d:
        x = linear(one, "projected", x, "project_in", d)
    for name, part in (("segments", "segment_embedding"), ("positions", "position_embedding")):
        if part in parts:
            x = _add_table(one, x, name, sum(parts[part]))
    if setup["model"]["model_type"] in ("bert", "roberta", "distilbert", "bloom"):
        x = norm(one, "norm", x, how["norm"])
    x = cast(one, "embedded in fp32", x, setup["stream_size"])
    x = dropout(one, "embedding", x, how["embedding dropout"])
    one["in_scope"] = (x,)
    if setup["model"]["family"]["causal"] and setup["model"]["model_type"] != "phi":
        # `inputs_embeds`, and positions, have names of their own.
        words = "projected" if "projected" in one["width"] else "embedded"
        one["in_scope"] = (words, "positions")
    return one


def _tables(setup: "Setup") -> "dict[str, list[int]]":
    """List the bytes of what is trained of each part."""
    found: "dict[str, list[int]]" = {}
    for module, part, inputs, outputs, _, copies in setup["model"]["inventory"]:
        size = inputs * outputs * copies * setup["weight_size"]
        trains = module in setup["trained"] and setup["unfrozen"] is None
        found.setdefault(part, []).append(size if trains else 0)
    return found


def _add_table(one: "Piece", x: str, name: str, weight: int) -> str:
    """Add the rows of a table to what is embedded; positions are the same in each sample."""
    setup = one["setup"]
    shared = name == "positions" and setup["model"]["model_type"] not in ("opt", "roberta")
    table = add(
        one,
        name,
        "embedding",
        ("x",),
        width=one["width"][x],
        size=one["size"][x],
        rows=setup["length"] if shared else None,
        weight=weight,
    )
    return plus(one, f"with {name}", x, table)


def layer(setup: "Setup", place: int) -> "Piece":
    """Give a layer, counted from 0."""
    setup = _training.at(setup, place)
    if setup["layers"] == "litgpt":
        return _litgpt.layer(setup, place)
    how = form(setup)
    one = piece(setup, setup["hidden_size"], setup["stream_size"])
    one["in_scope"] = ("x",)
    chance = how["residual dropout"]
    if how["order"] == "beside":
        normed = norm(one, "first norm", "x", how["norm"])
        other = norm(one, "second norm", "x", how["norm"]) if how["norms"] == 2 else normed
        out = _attention(one, how, normed, place)
        if setup["model"]["model_type"] == "falcon":
            one["in_scope"] += (normed,)
            inner = add(one, "sum", "add in place", (_mlp(one, how, other), out))
            plus(one, "output", "x", dropout(one, "residual", inner, chance))
            return one
        out = dropout(one, "attention residual", out, chance)
        inner = dropout(one, "mlp residual", _mlp(one, how, other), chance)
        one["in_scope"] += (out, inner)
        plus(one, "output", plus(one, "sum", out, inner), "x")
        return one
    middle = _residual(one, how, "x", ("first", "middle"), place)
    _residual(one, how, middle, ("second", "output"), place)
    return one


def _residual(one: "Piece", how: "Form", x: str, names: "tuple[str, str]", place: int) -> str:
    """Add attention (first) or MLP (second), with its norms, and the residual around it."""
    which, name = names
    inner = "attention" if which == "first" else "mlp"
    given = x if how["order"] == "after" else norm(one, f"{which} norm", x, how["norm"])
    out = _attention(one, how, given, place) if which == "first" else _mlp(one, how, given)
    if one["setup"]["model"]["model_type"] == "falcon":
        one["in_scope"] += (given,)
    if how["order"] == "around":
        out = norm(one, f"{inner} norm", out, how["norm"])
    if one["setup"]["model"]["model_type"] != "distilbert" or which == "second":
        out = dropout(one, f"{inner} residual", out, how["residual dropout"])
    if how["names output"] and which == "first":
        one["in_scope"] += (out,)
    if which == "second" and not one["setup"]["model"]["family"]["causal"]:
        one["in_scope"] += (out,)
    if how["order"] == "after":
        total = plus(one, f"{inner} sum", out, x)
        return norm(one, f"{which} norm", total, how["norm"])
    return plus(one, name, x, out)


def kind(setup: "Setup", place: int) -> object:
    """Tell apart the layers of a model that are not alike."""
    own = _training.at(setup, place)
    return (
        sliding(setup, place),
        own["trained"] == setup["trained"],
        own["adapted"] == setup["adapted"],
    )


def _modules(setup: "Setup", part: str) -> "list[tuple[str, int, bool]]":
    """List the linear layers of attention or MLP: name, width of the result, has a bias.

    Two of one name and one shape are one module of the inventory.
    """
    return [
        (module, outputs, has_bias)
        for module, _, outputs, has_bias, copies in _config.modules(setup["model"], (part,))
        for _ in range(copies // setup["num_hidden_layers"])
    ]


def _project(one: "Piece", how: "Form", name: str, of: str, module: "tuple[str, int, bool]") -> str:
    """Add a linear layer; Falcon's add their biases apart."""
    out = linear(one, name, of, module[0], module[1])
    if how["adds bias"] and module[2]:
        return add(one, f"{name} with bias", "shift", (out,))
    return out


def _attention(one: "Piece", how: "Form", of: str, place: int) -> str:
    """Add attention, from what it reads to what it adds to the stream."""
    setup = one["setup"]
    modules = _modules(setup, "attention")
    if len(modules) == 4:
        q, k, v = (_project(one, how, name, of, each) for name, each in zip("qkv", modules))
    else:
        q, k, v = _split(one, how, _project(one, how, "qkv", of, modules[0]))
    if how["scaled queries"]:
        q = add(one, "scaled q", "scale", (q,))
    if [
        1
        for path, part, *_ in setup["model"]["placed"]
        if part == "norm" and "self_attn.q_" in path
    ]:
        heads = setup["num_attention_heads"], setup["num_key_value_heads"]
        q = norm(one, "q norm", q, how["norm"], heads=heads[0])
        k = norm(one, "k norm", k, how["norm"], heads=heads[1])
    if how["turned"] != 0:
        q = rotate(one, "queries", q, share=how["turned"])
        k = rotate(one, "keys" if not setup["use_cache"] else "turned k", k, share=how["turned"])
    if how["lays out"]:
        q, k, v = (add(one, f"{each} in order", "copy", (each,)) for each in (q, k, v))
    if setup["use_cache"]:
        if setup["releases"]["transformers"] >= (4, 56):  # `cache_utils.py`, `DynamicLayer`
            k, v = _remember(one, k, v)
        one["held"] = (k, v)
    mask = setup["masked"] or sliding(setup, place) or how["always masks"]
    out = attend(one, q, k, v, held=of, mask=mask, how=how)
    return _project(one, how, "o", out, modules[-1])


def _remember(one: "Piece", k: str, v: str) -> "tuple[str, str]":
    """Join keys and values to what the cache has, in one format for both."""
    size, past = max(one["size"][k], one["size"][v]), one["setup"]["past"]
    rows = one["rows"][k] + past
    keys: "tuple[str, ...]" = (k,)
    values: "tuple[str, ...]" = (v,)
    if past:
        keys += (add(one, "past keys", "new", (k,), rows=past),)
        values += (add(one, "past values", "new", (v,), rows=past, size=size),)
    k = add(one, "keys", "append", keys, rows=rows)
    return k, add(one, "values", "append", values, rows=rows, size=size)


def _split(one: "Piece", how: "Form", qkv: str) -> "tuple[str, str, str]":
    """Take queries, keys and values out of one tensor."""
    setup = one["setup"]
    wide = setup["num_attention_heads"] * setup["head_dim"]
    narrow = setup["num_key_value_heads"] * setup["head_dim"]
    kinds = {
        "slices": ("slice", "slice", "slice"),
        "parts": ("first part", "part", "part"),
        "first Falcon": ("slice", "copy", "copy"),
        "later Falcon": ("copy", "copy", "copy"),
    }[how["split"]]
    q = add(one, "q", kinds[0], (qkv,), width=wide)
    k = add(one, "k", kinds[1], (qkv,), width=narrow)
    v = add(one, "v", kinds[2], (qkv,), width=narrow)
    if how["split"] == "later Falcon":
        k = add(one, "k for each head", "repeat", (k,), width=wide)
        v = add(one, "v for each head", "repeat", (v,), width=wide)
    return q, k, v


def _mlp(one: "Piece", how: "Form", of: str) -> str:
    """Add the MLP, from what it reads to what it adds to the stream."""
    setup = one["setup"]
    modules = _modules(setup, "mlp")
    f = setup["intermediate_size"]
    one["in_scope"] += (of,)
    if len(modules) == 2 and modules[0][1] == f:
        inner = _project(one, how, "up", of, modules[0])
        active = activate(one, "active", inner, how["activation"])
        if setup["model"]["model_type"] in ("bert", "roberta"):
            one["in_scope"] += (active,)
        return _project(one, how, "down", active, modules[1])
    kernel = "geglu" if setup["model"]["model_type"].startswith("gemma") else "swiglu"
    gated = kernel in setup["liger"]
    if len(modules) == 2:
        both = linear(one, "gate and up", of, modules[0][0], 2 * f)
        gate = add(one, "gate", "first part", (both,), width=f)
        up = add(one, "up", "part", (both,), width=f)
        if gated:
            gate = add(one, "gate in order", "copy", (gate,))
            up = add(one, "up in order", "copy", (up,))
            product = add(one, "product", "gate", (gate, up))
            return linear(one, "down", product, modules[-1][0], setup["hidden_size"])
        active = activate(one, "active", gate, how["activation"])
    else:
        gate = linear(one, "gate", of, modules[0][0], f)
        if gated:
            up = linear(one, "up", of, modules[1][0], f)
            product = add(one, "product", "gate", (gate, up))
            return linear(one, "down", product, modules[-1][0], setup["hidden_size"])
        active = activate(one, "active", gate, how["activation"])
        up = linear(one, "up", of, modules[1][0], f)
    product = add(one, "product", "multiply", (active, up))
    return linear(one, "down", product, modules[-1][0], setup["hidden_size"])


def shared(setup: "Setup", *, forward: bool = False) -> int:
    """Give the bytes that all layers are given: cosines and sines, and masks that stay.

    A mask is there until the forward pass ends, or until its layers have run again.
    """
    if setup["layers"] == "litgpt":
        return 0
    how, length = form(setup), setup["length"]
    total = 0
    if how["turned"] != 0:
        share = 1.0 if how["turned"] is None else how["turned"]
        tables = 2 if setup["model"]["model_type"] == "gemma3_text" else 1
        rows = 2 * length * tables * setup["positions"]
        total += rows * int(setup["head_dim"] * share) * setup["stream_size"]
    if forward and setup["weight_size"] < 4 and not sum(_tables(setup).get("patch_embedding", ())):
        # The copy of the pictures has a name until the layers are done; if trained, it is kept.
        patches = setup["tokens"] - setup["batch"]
        total += patches * setup["pixels"] * setup["weight_size"]
    # Attention keeps a mask of numbers itself.
    numbers = setup["releases"]["transformers"] < (4, 53) and setup["attention"] == "sdpa"
    if not (setup["gradient_checkpointing"] or numbers or forward):
        return total
    slide = {sliding(setup, place) for place in range(setup["num_hidden_layers"])}
    masks = [_mask(setup, how, slides) for slides in slide]
    if len(masks) == 1 and _has_two_masks(setup, how, forward=forward):
        masks += masks
    return total + sum(masks)


def _has_two_masks(setup: "Setup", how: "Form", *, forward: bool) -> bool:
    """Say whether there is a mask for each kind of layer, though they are alike in a short text.

    Both are made together, in the forward pass of the model, and stay as long as a layer holds
    them. Before Transformers 4.53 there was one.
    """
    period = {"gemma2": 2, "gemma3_text": 6}.get(setup["model"]["model_type"], 0)
    if not period or setup["releases"]["transformers"] < (4, 53):
        return False
    written = setup["attention"] == "eager" or how["eager"] or setup["masked"]
    return bool(written and (forward or setup["num_hidden_layers"] >= period))


def _mask(setup: "Setup", how: "Form", slides: bool) -> int:
    """Give the bytes of the mask that layers are given."""
    square, batch = setup["length"] ** 2, setup["batch"]
    if not setup["model"]["family"]["causal"] and not setup["attention_mask"]:
        return 0
    if setup["attention"] == "eager" or how["eager"]:
        return int(square * batch * setup["stream_size"])
    if setup["attention"] != "sdpa":
        return 0
    if setup["releases"]["transformers"] < (4, 53):
        return int(square * batch * setup["stream_size"]) if setup["attention_mask"] else 0
    if setup["masked"]:
        return int(square * batch)
    # One for all samples, of booleans.
    return int(square) if slides or how["always masks"] else 0


def ending(one: "Piece") -> str:
    """Add what stands between the last layer and any head: a norm, where there is one."""
    setup = one["setup"]
    how, x = form(setup), "x"
    if how["order"] != "after" and not setup["config"].get("_remove_final_layer_norm"):
        x = norm(one, "last norm", x, how["norm"])
    if setup["embedding_size"] != setup["hidden_size"]:
        x = linear(one, "projected out", x, "project_out", setup["embedding_size"])
    return x


def tied_gradient(setup: "Setup") -> int:
    """Give the bytes of the gradient of a matrix that embeds and is the output head, if trained."""
    if not setup["tie_word_embeddings"] or setup["model"]["counted"] != "language model":
        return 0
    return sum(_tables(setup)["token_embedding"])


def buffers(setup: "Setup") -> int:
    """Give the bytes of what is no parameter and large: triangles of booleans as causal masks."""
    model_type, release = setup["model"]["model_type"], setup["releases"]["transformers"]
    square = int(setup["position_rows"]) ** 2
    if model_type == "gpt_bigcode":
        return square
    if model_type == "gpt2" and release < (5, 2):
        return square * int(setup["num_hidden_layers"])
    if model_type == "gpt_neox" and release < (4, 49):
        rows = setup["config"].get("max_position_embeddings", 2048)
        return int(rows) ** 2 * int(setup["num_hidden_layers"])
    return 0
