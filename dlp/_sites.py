"""The modules of a model by their paths, and what PEFT takes where nothing is said."""

from dlp import _check, _config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict

    from dlp._config import Model

    class Site(TypedDict):
        """A module or a parameter of a model, in one layer or in many."""

        path: str
        part: str
        kind: str  # "linear", "conv", "embedding", "norm", "router", "expert", "bias", "unknown"
        inputs: int
        outputs: int
        bias: bool
        each: int  # how many of them one parameter holds: the experts of a layer
        layers: int  # how many have it
        among: list[int] | None  # and which, if not all


HEAD_TASKS = {"SEQ_CLS": "sequence-classification", "TOKEN_CLS": "token-classification"}
"""The tasks of PEFT whose models have a head, of which PEFT trains a copy."""

TASKS = ("CAUSAL_LM", "SEQ_2_SEQ_LM", "FEATURE_EXTRACTION", *HEAD_TASKS)
"""The tasks of PEFT whose models are counted."""

HEADS = ("classifier", "score")
EMBEDDINGS = ("embed_tokens", "lm_head")
_KINDS = {
    "attention": "linear",
    "mlp": "linear",
    "mixer": "linear",
    "projection": "linear",
    "pooler": "linear",
    "classification_head": "linear",
    "output_head": "linear",
    "token_embedding": "embedding",
    "segment_embedding": "embedding",
    "norm": "norm",
    "router": "router",
    "expert": "expert",
    "fused expert": "expert",
    "bias": "bias",
}

# utils/transformers_weight_conversion.py: what was a module once is a parameter now.
_MIXTRAL = {"gate": "gate.weight", "w1": "gate_up_proj", "w3": "gate_up_proj", "w2": "down_proj"}
_QWEN = {
    "gate": "gate.weight",
    "gate_proj": "gate_up_proj",
    "up_proj": "gate_up_proj",
    "down_proj": "down_proj",
}
MOVED = {
    **dict.fromkeys(("mixtral", "minimax", "minimax_m2"), _MIXTRAL),
    **dict.fromkeys(
        """
        qwen2_moe qwen3_moe qwen3_next olmoe flex_olmo deepseek_v2 deepseek_v3 deepseek_v32 dots1
        ernie4_5_moe glm4_moe glm4_moe_lite glm_moe_dsa longcat_flash solar_open hunyuan_v1_moe
        exaone_moe cohere2_moe afmoe
        """.split(),  # noqa: SIM905
        _QWEN,
    ),
}
"""The names of modules that are parameters now, by the types whose names PEFT turns into them."""

MAMBA = ("falcon_h1", "mamba", "mamba2", "falcon_mamba", "nemotron_h")

# The heads that Transformers builds under other paths than `score` and `classifier`.
_TOKENS_BY_CLASSIFIER = ("gpt2", "gpt_neox", "bloom", "gpt_bigcode", "falcon", "t5", "mt5", "mpt")
_DENSE = {
    "distilbert": ("pre_classifier", "classifier"),
    "t5": ("classification_head.dense", "classification_head.out_proj"),
    "mt5": ("classification_head.dense", "classification_head.out_proj"),
}

# utils/constants.py: what is adapted where nothing is said.
_QV = ("q_proj", "v_proj")
DEFAULTS: "dict[str, tuple[str, ...] | str]" = {
    **dict.fromkeys(("t5", "mt5"), ("q", "v")),
    **dict.fromkeys(("gpt2", "gpt_bigcode"), ("c_attn",)),
    **dict.fromkeys(("bloom", "gpt_neox", "falcon", "chatglm"), ("query_key_value",)),
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "electra"), ("query", "value")),
    **dict.fromkeys(
        """
        bart opt gptj gpt_neo llama llama4 mistral mixtral stablelm gemma gemma2 gemma3_text qwen2
        qwen3
        """.split(),  # noqa: SIM905
        _QV,
    ),
    "mpt": ("Wqkv",),
    "codegen": ("qkv_proj",),
    "deberta-v2": ("query_proj", "value_proj"),
    "deberta": ("in_proj",),
    "phi": ("q_proj", "v_proj", "fc1", "fc2"),
    "nemotron_h": ("q_proj", "k_proj", "v_proj", "o_proj"),
    "gemma4": r".*language_model\..*\.(q_proj|v_proj)",
}
"""What LoRA, and most other methods, adapt by the type of the model."""

OTHER_DEFAULTS: "dict[str, dict[str, tuple[str, ...]]]" = {
    "ADALORA": {
        "t5": ("q", "k", "v", "o", "wi", "wo"),
        "mt5": ("q", "k", "v", "o", "wi_0", "wi_1", "wo"),
        "bart": ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"),
        "opt": ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"),
        "roberta": ("query", "key", "value", "dense"),
        "deberta-v2": ("query_proj", "key_proj", "value_proj", "dense"),
    },
    "VERA": {"phi": _QV},
    "FOURIERFT": {"gpt2": ("mlp.c_proj",), "gpt_bigcode": ("mlp.c_proj",)},
}
NO_DEFAULT = {
    "ADALORA": "chatglm codegen electra falcon mistral mixtral mpt phi stablelm xlm-roberta".split()  # noqa: SIM905
}
"""Types of which a method has no default, though LoRA has one."""


def read(config: object, task_type: object) -> "Model":
    """Read a config as the class that a task has."""
    if task_type is None:
        return _config.read(config)
    task = _check.choice("task_type", task_type, TASKS)
    if task not in HEAD_TASKS:
        return _config.read(config)
    given = dict(_check.mapping("config", config))
    found = _config.read(given | {"architectures": None, "auto_map": None})
    named = [name for name, what in found["family"]["classes"].items() if what == HEAD_TASKS[task]]
    if not named:
        raise ValueError(f"task_type must be one that {found['model_type']} has, not {task!r}")
    given["architectures"] = named
    return _config.read(given)


def sites(model: "Model") -> "list[Site]":
    """List the modules and parameters of a model by their paths in the class that is counted."""
    found: "list[Site]" = []
    base = model["family"]["base"]
    bare = model["counted"] in ("bare model", "encoder") and base
    texts = [1 for entry in model["placed"] if entry[1] == "token_embedding"]
    heads = [entry for entry in model["placed"] if entry[1] == "classification_head"]
    experts = max(model["sizes"]["num_experts"], 1)
    for path, part, inputs, outputs, has_bias, copies, among in model["placed"]:
        kind = _KINDS.get(part, "unknown")
        if part == "position_embedding" and texts:
            kind = "embedding"
        elif part == "patch_embedding" and (inputs > 1 or has_bias):
            kind = "conv"
        elif part == "classification_head":
            path = _head(model, path, len(heads))
        if bare and path.startswith(base + "."):
            path = path[len(base) + 1 :]
        each = experts if kind == "expert" else 1
        if kind == "expert":
            stem, _, last = path.rpartition(".")
            path = f"{stem}.{_QWEN.get(last, _MIXTRAL.get(last, last))}"
            same = [site for site in found if site["path"] == path]
            if part == "fused expert" and same:
                same[-1]["outputs"] += outputs
                continue
        site: "Site" = {
            "path": path,
            "part": part,
            "kind": kind,
            "inputs": inputs,
            "outputs": outputs,
            "bias": has_bias,
            "each": each,
            "layers": copies // each,
            "among": among,
        }
        found.append(site)
        stem, dot, last = path.rpartition(".")
        if part == "token_embedding" and last == "shared":
            for stack in (
                ("encoder", "decoder") if model["sizes"]["num_decoder_layers"] else ("encoder",)
            ):
                name = f"{stem}{dot}{stack}.embed_tokens"
                found.append({**site, "path": name, "part": "tied copy"})
    return found


def _head(model: "Model", path: str, parts: int) -> str:
    """Give the path of a module of a head in Transformers."""
    kind = model["model_type"]
    if parts == 1:
        if path == "score" or kind in _TOKENS_BY_CLASSIFIER or not model["family"]["causal"]:
            return path
        return "score"
    dense = _DENSE.get(kind, ("classifier.dense", "classifier.out_proj"))
    return {"dense": dense[0], "classifier": dense[1]}.get(path, path)


def size(site: "Site") -> int:
    """Count the parameters of a site in one layer."""
    return site["each"] * (
        site["inputs"] * site["outputs"] + (site["outputs"] if site["bias"] else 0)
    )
