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
        # "linear", "conv", "embedding", "norm", "router", "expert", "bias"; "parameter" is one that
        # is no module, "unknown" a module that is not counted where it is adapted.
        kind: str
        inputs: int
        outputs: int
        bias: bool
        each: int  # how many of them one parameter holds: the experts of a layer
        layers: int  # how many have it
        among: list[int] | None  # and which, if not all


HEAD_TASKS = {"SEQ_CLS": "sequence-classification", "TOKEN_CLS": "token-classification"}
"""The tasks of PEFT whose models have a head, of which PEFT trains a copy."""

TASKS = ("CAUSAL_LM", "SEQ_2_SEQ_LM", "FEATURE_EXTRACTION", "QUESTION_ANS", *HEAD_TASKS)
"""The tasks of PEFT whose models are counted."""

HEADS = ("classifier", "score")
SAVED = {**dict.fromkeys(HEAD_TASKS, HEADS), "QUESTION_ANS": ("qa_outputs",)}
"""What PEFT saves of a model by its task, if it is there."""

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
    "attention expert": "expert",
    "bias": "bias",
}

_ASKED_BY_TRANSFORMER = """
    arcee diffllama exaone4 internlm3 iquestcoder llama ministral nemotron qwen2 qwen3 qwen3_moe
    qwen3_next seed_oss smollm3
    """.split()  # noqa: SIM905
"""Types whose class that answers questions keeps the old name of the bare model."""

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
        qwen3_moe qwen3_next olmoe flex_olmo deepseek_v2 deepseek_v3 deepseek_v32 dots1
        ernie4_5_moe glm4_moe glm4_moe_lite glm_moe_dsa longcat_flash solar_open hunyuan_v1_moe
        exaone_moe cohere2_moe afmoe mellum glm4v_moe
        """.split(),  # noqa: SIM905
        _QWEN,
    ),
}
"""The names of modules that are parameters now, by the types whose names PEFT turns into them."""

MAMBA = ("falcon_h1", "mamba", "mamba2", "falcon_mamba", "nemotron_h")

NO_MODULES = ("expert", "bias", "parameter")
"""What has parameters and is no module."""

TRANSPOSED = ("gpt2", "gpt-sw3", "openai-gpt")
"""Types whose matrices are kept with their inputs first."""

LINEAR_ROUTERS = """
    gemma4 gemma4_text llama4 llama4_text phimoe hunyuan_v1_moe afmoe dbrx jetmoe longcat_flash
    """.split()  # noqa: SIM905
"""Types whose router is a linear layer, not a module of its own kind."""

ROUTER_VECTORS = ("e_score_correction_bias", "expert_bias", "per_expert_scale", "scale")
"""What routers have beside their matrix."""

_LINEAR_PATCHES = (
    "gemma4",
    "gemma4_vision",
    "llama4",
    "llama4_vision_model",
    "lfm2_vl",
    "siglip2_vision_model",
)
_CONVOLUTIONS = ("conv", "conv1d", "conv_1d", "depthwise_conv1d")
_SEEN = ("position_embedding", "pos_embed", "tile_embedding")  # are embeddings beside a picture
_NO_EMBEDDINGS = """
    gate embedding relative_position_bias_table positional_embedding_vlm position_embedding_table
    """.split()  # noqa: SIM905

# The heads that Transformers builds under other paths than `score` and `classifier`.
_DENSE = {
    "distilbert": ("pre_classifier", "classifier"),
    "eurobert": ("dense", "classifier"),
    **dict.fromkeys(("deberta", "deberta-v2"), ("pooler.dense", "classifier")),
    **dict.fromkeys(
        ("t5", "mt5", "umt5", "bart", "mbart", "plbart", "bigbird_pegasus", "mvp"),
        ("classification_head.dense", "classification_head.out_proj"),
    ),
}

# utils/constants.py: what is adapted where nothing is said.
_QV = ("q_proj", "v_proj")
DEFAULTS: "dict[str, tuple[str, ...] | str]" = {
    **dict.fromkeys(("t5", "mt5"), ("q", "v")),
    **dict.fromkeys(("gpt2", "gpt-sw3", "gpt_bigcode"), ("c_attn",)),
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
    "rwkv": ("key", "value", "receptance", "output"),
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
    "FOURIERFT": dict.fromkeys(("gpt2", "gpt-sw3", "gpt_bigcode"), ("mlp.c_proj",)),
}
_OF_IA3 = """
    t5: k v wo
    mt5: k v wi_1
    gpt2 gpt-sw3 gpt_bigcode: c_attn mlp.c_proj
    bloom: query_key_value mlp.dense_4h_to_h
    gpt_neox falcon: query_key_value dense_4h_to_h
    bert roberta: key value output.dense
    deberta-v2: key_proj value_proj output.dense
    deberta: in_proj output.dense
    opt: q_proj k_proj fc2
    bart phi: q_proj v_proj fc2
    gptj: q_proj v_proj fc_out
    gpt_neo: q_proj v_proj c_proj
    llama mistral: k_proj v_proj down_proj
    mixtral: k_proj v_proj w2
    gemma gemma2 gemma3_text qwen2 qwen3: q_proj v_proj down_proj
    """
IA3_DEFAULTS: "dict[str, list[str]]" = {
    kind: line.partition(":")[2].split()
    for line in _OF_IA3.strip().split("\n")
    for kind in line.partition(":")[0].split()
}
"""What IA3 adapts, by types; the last scales inputs, but that of mT5."""

NO_DEFAULT = {
    "ADALORA": "chatglm codegen electra falcon mistral mixtral mpt phi stablelm xlm-roberta".split()  # noqa: SIM905
}
"""Types of which a method has no default, though LoRA has one."""


def read(config: object, task_type: object) -> "Model":
    """Read a config as the class that a task has."""
    if task_type is None:
        return _config.read(config)
    task = _check.choice("task_type", task_type, TASKS)
    others = {"FEATURE_EXTRACTION": "bare model", "QUESTION_ANS": "question-answering"}
    wanted = {**HEAD_TASKS, **others}.get(task)
    if wanted is None:
        found = _config.read(config)
        if found["counted"] in ("language model", found["family"]["counted"]):
            return found
        wanted = "language model"
    given = dict(_check.mapping("config", config))
    found = _config.read(given | {"architectures": None, "auto_map": None})
    named = [name for name, what in found["family"]["classes"].items() if what == wanted]
    if not named:
        raise ValueError(f"task_type must be one that {found['model_type']} has, not {task!r}")
    given["architectures"] = named[:1]  # some have another under an older name
    return _config.read(given)


def sites(model: "Model") -> "list[Site]":
    """List the modules and parameters of a model by their paths in the class that is counted."""
    found: "list[Site]" = []
    base = model["family"]["base"]
    bare = model["counted"] in ("bare model", "encoder") and base
    heads = [entry for entry in model["placed"] if entry[1] == "classification_head"]
    wrapped = _wrapped(model)
    stacks = ("encoder", "decoder") if model["sizes"]["num_decoder_layers"] else ("encoder",)
    placed = [entry[0] for entry in model["placed"]]
    for path, part, inputs, outputs, has_bias, copies, among in model["placed"]:
        kind = _kind(model, path, part, inputs, has_bias)
        if part == "classification_head":
            path = _head(model, path, len(heads))
        elif bare and path.startswith(base + "."):
            path = path[len(base) + 1 :]
        elif wrapped is not None:
            path = "transformer." + path[len(wrapped) :]
        site: "Site" = {
            "path": path,
            "part": part,
            "kind": kind,
            "inputs": inputs,
            "outputs": outputs,
            "bias": has_bias,
            "each": 1,
            "layers": copies,
            "among": among,
        }
        if kind == "expert":
            _expert(model, site, found)
            continue
        if kind == "bias" and inputs == 1:
            site.update({"inputs": 0, "bias": True})
        found.append(site)
        stem, dot, last = path.rpartition(".")
        if part == "token_embedding" and last == "shared":
            for stack in stacks:
                name = f"{stem}{dot}{stack}.embed_tokens"
                if name not in placed:
                    found.append({**site, "path": name, "part": "tied copy"})
    if model["model_type"] == "zamba":
        found += _shared(found)
    # Experts of LongCat that give back what they get have the first matrix nevertheless.
    idle = [
        site for site in found if site["kind"] == "unknown" and site["path"].endswith("experts")
    ]
    for site in found if idle else ():
        if site["path"].endswith("gate_up_proj"):
            site["each"] += idle[0]["inputs"] // site["inputs"] // 2
    return [site for site in found if not idle or site["path"] != idle[0]["path"]]


def _kind(model: "Model", path: str, part: str, inputs: int, has_bias: bool) -> str:
    """Say what a module or a parameter is."""
    last = path.rpartition(".")[2]
    if part == "router":
        linear = model["model_type"] in LINEAR_ROUTERS
        return "parameter" if last in ROUTER_VECTORS else "linear" if linear else "router"
    if part == "patch_embedding" and (inputs > 1 or has_bias):
        linear = model["model_type"] in _LINEAR_PATCHES and last != "conv"  # those of a sound
        return "linear" if linear else "conv"
    if part == "position_embedding":
        parts = [entry[1] for entry in model["placed"]]
        own = last == "position_embeddings" and "patch_embedding" in parts
        other = own or last in (*_NO_EMBEDDINGS, *_CONVOLUTIONS)
        tiles = path.endswith("tile_positional_embedding.embedding")
        if last in _SEEN or tiles or ("token_embedding" in parts and not other):
            return "embedding"
    kind = _KINDS.get(part, "parameter")
    if kind == "parameter" and last in (*_CONVOLUTIONS, "experts", "mlp"):
        # A bias has the path of its matrix, but for that of a convolution made of two tensors.
        same = [entry for entry in model["placed"] if entry[0] == path]
        alone = part == "mixer vector" and last in _CONVOLUTIONS and len(same) == 1
        return "bias" if inputs == 1 and not alone else "unknown"
    return kind


def _expert(model: "Model", site: "Site", found: "list[Site]") -> None:
    """Add the experts of a layer, whose gate and up are one parameter."""
    kind, path = model["model_type"], site["path"]
    experts = max(model["sizes"]["num_experts"], 1)
    stem, _, last = path.rpartition(".")
    site["layers"] //= experts
    if kind == "dbrx":  # whose experts are one matrix, side by side
        inner = "outputs" if site["part"] == "fused expert" else "inputs"
        site.update({inner: experts * site[inner]})  # type: ignore[misc]
        found.append(site)
        return
    site["each"] = experts
    fused = dict.fromkeys(
        entry[0].rpartition(".")[2] for entry in model["placed"] if entry[1] == "fused expert"
    )
    if kind == "jetmoe":
        site["path"] = f"{stem}.weight"
    elif len(fused) > 1:
        site["path"] = f"{stem}.{_QWEN.get(last, _MIXTRAL.get(last, last))}"
    same = [each for each in found if each["path"] == site["path"]]
    if site["part"] == "fused expert" and same and len(fused) > 1:
        same[-1]["outputs"] += site["outputs"]
        return
    found.append(site)


def _shared(found: "list[Site]") -> "list[Site]":
    """List the modules that layers of Zamba share with the first that joins them."""
    joins = [site["among"] or [] for site in found if site["path"].endswith(".linear")]
    copies: "list[Site]" = []
    for site in found:
        others = [layer for layer in joins[0] if layer not in (site["among"] or [])]
        if ".shared_transf." in site["path"] and others:
            copies.append({**site, "part": "tied copy", "layers": len(others), "among": others})
    return copies


def _wrapped(model: "Model") -> "str | None":
    """Give what "transformer." stands for in the class that is counted, if it does."""
    kind, counted = model["model_type"], model["counted"]
    if kind in ("t5", "mt5", "umt5") and counted in HEAD_TASKS.values():
        return ""
    if kind in _ASKED_BY_TRANSFORMER and counted == "question-answering":
        return "model."
    return None


def _head(model: "Model", path: str, parts: int) -> str:
    """Give the path of a module of a head in Transformers."""
    kind = model["model_type"]
    if kind in ("ctrl", "qwen3_5"):
        return "classifier" if kind == "ctrl" else "score"
    if parts == 1:
        return path
    dense = _DENSE.get(kind, ("classifier.dense", "classifier.out_proj"))
    return {"dense": dense[0], "classifier": dense[1]}.get(path, path)


def size(site: "Site") -> int:
    """Count the parameters of a site in one layer."""
    return site["each"] * (
        site["inputs"] * site["outputs"] + (site["outputs"] if site["bias"] else 0)
    )
