"""What rows of families are made of: modules, stacks of layers, and the words that they speak.

A module is `(path, part, inputs, outputs, bias, where)`: its path in Transformers, in a layer or in
the whole model; the part that it counts to; two widths; if its outputs have a bias, or the switch
of the config that says so; and where there is such a module. A width is a product of words with
spaces between them, each a sum with `+`, or a divisor with a `/` before it: `"d"`, `"q+k+k"`,
`"2 f"`, `"d /a"`. A word is a number, one of `WORDS`, one of the family's own `numbers`, which are
widths or functions that read a config, or the key of a config: `part.key` where it stands in a
part, and `text.d` is the `d` of what is nested as `text_config`. `where` names conditions that all
hold, `!` before one that does not: a switch of the config, a set of layers of the family, or one of
these:

- `language_model`, `untied`: the class that is counted writes text; and its head is its own;
- `bare`, `labels`: it is the bare model or an encoder; it has a head over labels;
- `pooler`: it is the bare model, or its head over labels reads the pooler (one that all classes
  have needs no condition); `decoder`: it has one beside the encoder;
- `gated`: the activation of T5 says that its MLP has a gate;
- `narrow`: the embedding is not as wide as the model.
"""

from dlp import _check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Literal, TypedDict, Unpack

    Bias = bool | str
    Module = tuple[str, str, str, str, Bias, str]
    Stack = tuple[str, str, tuple[Module, ...]]  # the path of its layers, their number, a layer
    Head = Literal["", "score", "linear", "dense", "pooled", "encoder"]
    Tied = bool | Literal["as text", "in the text"] | None
    Counted = Literal["language model", "bare model", "encoder"]
    Sliding = Literal[
        "every layer",
        "every second",
        "all but the last of some",
        "all but the last of some, behind the dense ones",
        "all but the first of some",
        "all but each sixth and the first",
        "upper layers",
        "lower even layers",
        "with rotation",
        "without rotation",
        "none",  # unless the config lists them
    ]
    Config = Mapping[str, object]
    Read = Callable[[str], int]  # a size of a config, by its name
    LayerSet = Callable[[Config, Read, int], list[int] | bool]
    Width = str | Callable[[Config, Read], int]
    # The path of a part, and what stands for one left out: that, and first the sizes around it if
    # the third is true; or no part at all.
    Nested = tuple[str, dict[str, object], bool | Literal["absent"]]
    Usual = Callable[[Read, int], str]  # the kind of a layer, where the config names none

    class Window(TypedDict):
        """How far back some layers look, where a config does not say it otherwise."""

        layers: Sliding
        tokens: int  # 0 for no window
        key: str  # of the tokens in a config, or several with a space between them
        used: bool  # whether a config must say `use_sliding_window`
        step: int  # how many layers some are, or the one that a kind begins or ends with
        step_key: str  # its key in a config, "" if that is not asked

    class Family(TypedDict):
        """What the package knows of a `model_type`."""

        base: str  # the path of the bare model in the others
        keys: dict[str, tuple[str, ...]]  # our name -> its config's keys, the first found counts
        defaults: dict[str, object]  # what the class takes for what a config leaves out
        numbers: Mapping[str, Width]  # words of its own, and sizes that it derives otherwise
        optional: tuple[str, ...]  # sizes that may be 0 or null
        only: dict[str, object]  # keys of which one value is counted
        nested: dict[str, Nested]  # by the key of a config in the config; sizes are the text's
        modules: tuple[Module, ...]  # all outside of the layers that has parameters
        stacks: tuple[Stack, ...]
        sets: Mapping[str, LayerSet]  # of layers, counted from 0
        tied: Tied  # the output head, where the config does not say; never if None
        gated: bool  # whether an MLP has a gate, which in T5 its activation tells
        causal: bool  # whether the class that is counted says the next token: no library is asked
        heads: dict[str, Head]  # by task, over labels, as Transformers builds them
        classes: dict[str, str]  # of Transformers: what is counted of each, or the task of its head
        counted: Counted  # where the config names no class
        window: Window  # of the layers that look back over so many tokens only
        prefix: str  # the width that PEFT gives a prefix
        known: dict[str, int]  # widths that were read of the one config that the row is made for

    class Some(TypedDict, total=False):
        """What a family may do otherwise than Llama."""

        base: str
        keys: dict[str, tuple[str, ...]]
        defaults: dict[str, object]
        numbers: Mapping[str, Width]
        optional: tuple[str, ...]
        only: dict[str, object]
        nested: dict[str, Nested]
        sets: Mapping[str, LayerSet]
        tied: Tied
        gated: bool
        causal: bool
        counted: Counted
        window: Window
        prefix: str


WORDS = {
    "d": "hidden_size",
    "f": "intermediate_size",
    "m": "moe_intermediate_size",
    "x": "num_experts",
    "V": "vocab_size",
    "e": "embedding_size",
    "a": "num_attention_heads",
    "g": "num_key_value_heads",
    "h": "head_dim",
    "q": "a h",
    "k": "g h",
}
"""Short words for widths."""

LAYERS = 10_000
"""The most layers of a model that has layers of several kinds."""

DERIVED = {
    "num_key_value_heads": "num_attention_heads",
    "head_dim": "hidden_size /num_attention_heads",
    "intermediate_size": "4 hidden_size",
    "embedding_size": "hidden_size",
    "num_global_key_value_heads": "num_key_value_heads",
    "num_decoder_layers": "num_hidden_layers",
    "pooler_output_size": "hidden_size",
    "projection_size": "hidden_size",
    "mamba_d_ssm": "expand hidden_size",
    "shared_width": "2 hidden_size",
    "attention_head_dim": "2 hidden_size /num_attention_heads",
    "lru_width": "hidden_size",
    "attention_hidden_size": "hidden_size",
    "linear_num_key_heads": "num_attention_heads",
    "linear_num_value_heads": "num_attention_heads",
    "linear_key_head_dim": "3 hidden_size /linear_num_key_heads /4",
    "linear_value_head_dim": "2 linear_key_head_dim",
    "time_step_rank": "hidden_size+15 /16",
    "floored_head_dim": "hidden_size /num_attention_heads",
    "qk_head_dim": "qk_nope_head_dim+qk_rope_head_dim",
    "prefix_dense_intermediate_size": "intermediate_size",
}
"""What a size is that is null or "auto", or has no default of its own."""


def sizes(
    width: int,
    layers: int,
    heads: int,
    inner: "int | None",
    words: "int | None",
    **others: object,
) -> "dict[str, object]":
    """Give what a class takes for what a config leaves out."""
    found: "dict[str, object]" = {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "vocab_size": words,
    }
    found.update(others)
    return found


def keys(
    width: str = "hidden_size",
    layers: str = "num_hidden_layers",
    heads: str = "num_attention_heads",
    inner: str = "intermediate_size",
    others: "dict[str, str] | None" = None,
) -> "dict[str, tuple[str, ...]]":
    """Give the keys of a family without grouped queries, alternatives with a space between them."""
    found = {"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads}
    found.update({"intermediate_size": inner, "num_key_value_heads": "", "head_dim": ""})
    found.update(others or {})
    return {name: tuple(key.split()) for name, key in found.items()}


def attention(
    bias: "Bias",
    output_bias: "Bias",
    names: "tuple[str, ...]" = ("q_proj", "k_proj", "v_proj", "o_proj"),
    path: str = "self_attn",
    where: str = "",
) -> "tuple[Module, ...]":
    """List the matrices of attention: three that lead in, or all three in one, and the output."""
    inward = ("q", "k", "k") if len(names) == 4 else ("q+k+k",)
    rows: "list[Module]" = []
    for name, width in zip(names, inward):
        rows.append((f"{path}.{name}", "attention", "d", width, bias, where))
    return tuple(rows) + ((f"{path}.{names[-1]}", "attention", "q", "d", output_bias, where),)


def mlp(
    bias: "Bias" = False,
    names: "tuple[str, ...]" = ("gate_proj", "up_proj", "down_proj"),
    path: str = "mlp",
    where: str = "",
    width: str = "f",
) -> "tuple[Module, ...]":
    """List the matrices of an MLP, of which the last leads out."""
    rows: "list[Module]" = []
    for name in names[:-1]:
        rows.append((f"{path}.{name}".lstrip("."), "mlp", "d", width, bias, where))
    return tuple(rows) + ((f"{path}.{names[-1]}".lstrip("."), "mlp", width, "d", bias, where),)


def experts(
    names: "tuple[str, str, str]" = ("gate_proj", "up_proj", "down_proj"),
    path: str = "mlp",
    where: str = "",
    router: str = "gate",
    bias: "Bias" = False,
) -> "tuple[Module, ...]":
    """List a router and its experts, whose gate and up Transformers keeps in one parameter."""
    gate, up, down = names
    stem = f"{path}." if path else ""
    return (
        (f"{stem}{router}", "router", "d", "x", bias, where),
        (f"{stem}experts.{gate}", "fused expert", "d", "m", bias, where),
        (f"{stem}experts.{up}", "fused expert", "d", "m", bias, where),
        (f"{stem}experts.{down}", "expert", "m", "d", bias, where),
    )


def norms(
    names: "tuple[str, ...]", width: str = "d", shift: "Bias" = False, where: str = ""
) -> "tuple[Module, ...]":
    """List norms of one width, with or without a shift."""
    rows: "list[Module]" = []
    for name in names:
        rows.append((name, "norm", "1", width, shift, where))
    return tuple(rows)


LAYER_NORMS = norms(("input_layernorm", "post_attention_layernorm"))
HEAD_NORMS = norms(("self_attn.q_norm", "self_attn.k_norm"), "h")
SANDWICH = LAYER_NORMS + norms(("pre_feedforward_layernorm", "post_feedforward_layernorm"))


ASKED_BY_LABELS = """
    Albert Bert Camembert Data2VecText Deberta DebertaV2 DistilBert Electra Ernie GPTJ MPNet MT5
    MegatronBert ModernBert RemBert Roberta RobertaPreLayerNorm T5 UMT5 XLMRoberta
    XLMRobertaXL
    """.split()  # noqa: SIM905
"""Families whose class that answers questions has as many numbers of a token as labels."""

_ASKED = """
    Arcee Bart BigBirdPegasus Bloom DiffLlama Exaone4 Falcon GPT2 GPTNeo GPTNeoX Llama MBart MiniMax
    Ministral Ministral3 Mistral Mixtral Mpt Mvp Nemotron OPT Qwen2 Qwen2Moe Qwen3 Qwen3Moe
    Qwen3Next RoFormer SeedOss SmolLM3
    """.split()  # noqa: SIM905
"""And those that have two, where an answer begins and where it ends."""


def family(
    name: str,
    modules: "tuple[Module, ...]",
    stacks: "tuple[Stack, ...]",
    *,
    language: "str | None" = None,
    sequences: "Head" = "score",
    tokens: "Head" = "linear",
    images: "Head" = "",
    **row: "Unpack[Some]",
) -> "Family":
    """Give the row of a family that Transformers calls `name`; what is left out is as in Llama.

    Over labels there is a matrix without a bias ("score") or with one ("linear"); behind a dense
    layer; behind the pooler; or behind an encoder that is left without its decoder.
    """
    heads: "dict[str, Head]" = {}
    classes: "dict[str, str]" = {name + "Model": "bare model"}
    if language != "":
        classes[language or name + "ForCausalLM"] = "language model"
    for task, suffix, kind in (
        ("sequence-classification", "ForSequenceClassification", sequences),
        ("token-classification", "ForTokenClassification", tokens),
        ("image-classification", "ForImageClassification", images),
    ):
        if kind:
            heads[task] = kind
            classes[name + suffix] = task
    if name in ASKED_BY_LABELS + _ASKED:
        classes[name + "ForQuestionAnswering"] = "question-answering"
    if tokens == "encoder":
        classes[name + "EncoderModel"] = "encoder"
    found: "Family" = {
        "base": "model",
        "keys": {},
        "defaults": {},
        "numbers": {},
        "optional": (),
        "only": {},
        "nested": {},
        "modules": modules,
        "stacks": stacks,
        "sets": {},
        "tied": False,
        "gated": True,
        "causal": True,
        "heads": heads,
        "classes": classes,
        "counted": "language model",
        "window": window(),
        "prefix": "k",
        "known": {},
    }
    found.update(row)  # type: ignore[typeddict-item]
    return found


def window(
    layers: "Sliding" = "every layer",
    tokens: int = 0,
    step: int = 0,
    step_key: str = "",
    *,
    key: str = "sliding_window",
    used: bool = False,
) -> "Window":
    """Give the window of a family."""
    return {
        "layers": layers,
        "tokens": tokens,
        "key": key,
        "used": used,
        "step": step,
        "step_key": step_key,
    }


def vocabulary(
    embedding: str = "model.embed_tokens",
    head: str = "lm_head",
    head_bias: "Bias" = False,
    last: "tuple[Module, ...] | None" = None,
) -> "tuple[Module, ...]":
    """List the token embedding, what follows the layers, and the output head."""
    rows: "tuple[Module, ...]" = (
        (embedding, "token_embedding", "V", "e", False, ""),
        (head, "output_head", "e", "V", head_bias, "language_model"),
    )
    return rows + (norms(("model.norm",)) if last is None else last)


def decoder(
    name: str,
    layer: "tuple[Module, ...]",
    *,
    modules: "tuple[Module, ...] | None" = None,
    path: str = "model.layers",
    language: "str | None" = None,
    sequences: "Head" = "score",
    tokens: "Head" = "linear",
    **row: "Unpack[Some]",
) -> "Family":
    """Give the row of a language model with one stack of layers, as Llama is."""
    return family(
        name,
        vocabulary() if modules is None else modules,
        ((path, "num_hidden_layers", layer),),
        language=language,
        sequences=sequences,
        tokens=tokens,
        **row,
    )


def indices(config: "Config", key: str, layers: int) -> "list[int] | None":
    """Read a list of layers, counted from 0, without those that the model has not."""
    found = config.get(key)
    if found is None:
        return None
    if not isinstance(found, (list, tuple)):
        raise TypeError(f'config["{key}"] must be a list of layers, counted from 0')
    least = -_check.LARGEST_COUNT
    named = [_check.count(f'config["{key}"]', layer, minimum=least) for layer in found]
    return [layer for layer in named if 0 <= layer < layers]


def by_step(config: "Config", read: "Read", layers: int) -> list[int]:
    """List the layers that a step ends with, but those that are said to be dense."""
    step, dense = read("decoder_sparse_step"), indices(config, "mlp_only_layers", layers) or []
    if not read("num_experts"):
        return []
    return [layer for layer in range(step - 1, layers, step) if layer not in dense]


def typed(kind: str, usual: "Usual", key: str = "layer_types") -> "LayerSet":
    """Give the set of layers that a list in the config calls by some name, or as the class does."""

    def found(config: "Config", read: "Read", layers: int) -> list[int]:
        types = config.get(key)
        if types is None and config["model_type"] in _WITH_BOTH_NAMES:
            types = config.get("layers_block_type" if key == "layer_types" else "layer_types")
        if types is None:
            return [layer for layer in range(layers) if usual(read, layer) == kind]
        names = _check.sequence(f'config["{key}"]', types)
        longer = key in _MAY_BE_LONGER or (
            key == "mlp_layer_types"
            and config["model_type"] in _WITHOUT_LAYER_TYPES
            and config.get("layer_types") is None
        )
        if len(names) < layers or (len(names) > layers and not longer):
            raise ValueError(
                f'config["{key}"] must name {layers} layers, one for each, not {len(names)}'
            )
        called = [kind] + [old for old, new in _OLD_TYPES.items() if new == kind]
        return [layer for layer in range(layers) if names[layer] in called]

    return found


# Types that take `layers_block_type` and `layer_types` for the same.
_WITH_BOTH_NAMES = ("granitemoehybrid", "zamba")

# Transformers reads no more of these than there are layers, and does not compare their lengths:
# of `mlp_layer_types` not where there are no `layer_types`, with which it looks at both.
_MAY_BE_LONGER = ("indexer_types", "index_topk_pattern")
_WITHOUT_LAYER_TYPES = ("axk1", "glm4_moe_lite", "hy_v3")


_OLD_TYPES = {
    "mamba": "linear_attention",
    "attention": "full_attention",
    "deepseek_sparse_attention": "indexed_attention",
}
"""What Transformers calls now what older configs call a layer."""


def kind_of_layer(name: str, value: object, kinds: "Collection[str]") -> str:
    """Return what Transformers calls a kind of layers, one of `kinds`, in old configs too."""
    new = _OLD_TYPES.get(value, value) if isinstance(value, str) else value
    return _check.choice(f"a name in {name}", new, kinds)


def after(name: str) -> "LayerSet":
    """Give the set of layers behind the first few, whose number is a size."""
    return lambda config, read, layers: list(range(min(read(name), layers), layers))


def given(name: str) -> "LayerSet":
    """Give the condition that a size is neither 0 nor null."""
    return lambda config, read, layers: read(name) > 0


def two_norms(config: "Config", read: "Read", layers: int) -> bool:
    """Say whether attention and MLP of Falcon, side by side, read the output of a norm each."""
    number = config.get("num_ln_in_parallel_attn")
    if number is None:
        return bool(config.get("new_decoder_architecture"))
    return _check.count('config["num_ln_in_parallel_attn"]', number, maximum=2) == 2


def gated_t5(usual: str) -> "LayerSet":
    """Say whether the MLP of T5 has a gate, which its activation tells, `usual` if left out."""

    def found(config: "Config", read: "Read", layers: int) -> bool:
        value = config.get("feed_forward_proj")
        activation = usual if value is None else value
        if not isinstance(activation, str):
            raise TypeError('config["feed_forward_proj"] must be a str, such as "gated-gelu"')
        gate, dash, name = activation.rpartition("-")
        if not name or gate != ("gated" if dash else ""):
            raise ValueError(
                'config["feed_forward_proj"] must be the name of an activation, '
                'with "gated-" before it or nothing'
            )
        return bool(dash)

    return found


def after_first(config: "Config", read: "Read", layers: int) -> list[int]:
    """List all layers but the first."""
    return list(range(1, layers))


def above_zero(key: str) -> "LayerSet":
    """Say whether a number of the config is above 0; some write -1 or null for none."""

    def found(config: "Config", read: "Read", layers: int) -> bool:
        value = config.get(key)
        return value is not None and _check.count(f'config["{key}"]', value, minimum=-1) > 0

    return found


def names_word(key: str, word: str) -> "LayerSet":
    """Say whether a key of the config names a word, among others in a list or between bars."""

    def found(config: "Config", read: "Read", layers: int) -> bool:
        value = config.get(key)
        if value is None:
            return False
        if isinstance(value, str):
            return word in [name.strip() for name in value.lower().split("|")]
        return word in _check.sequence(f'config["{key}"]', value)

    return found
