"""Where each parameter of a model belongs, by the classes of its modules and by its path."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.recorders.common import Untyped

PARTS = (
    "token_embedding",
    "position_embedding",
    "attention",
    "mlp",
    "mixer",
    "norm",
    "bias",
    "output_head",
    "router",
    "projection",
    "segment_embedding",
    "patch_embedding",
    "pooler",
    "classification_head",
)
"""Where a parameter can belong.

`attention`, `mlp` and `mixer` are matrices, and vectors that no linear layer has; `bias` holds the
biases of linear layers, experts and routers, but for the pooler's and those of a head over labels;
`norm` holds the weights and the biases of the norms; a tied output head counts as 0.
"""

_LINEAR = ("attention", "mlp", "mixer", "projection", "pooler")
"""Where the linear layers belong that are no heads and no routers."""

_LINEAR_CLASSES = ("Linear", "Conv1D", "FalconLinear", "NonDynamicallyQuantizableLinear")

_RULES = (
    (r"Norm\w*(/Parameter\w+)? ", "norm"),
    (r" (score|classifier|pre_classifier|classification_head)\.", "classification_head"),
    (r"(LMHead|PredictionHead) \S*bias$", "bias"),  # of the output head, kept beside it
    (
        r"position(al|s)?_embed|embed_positions|pos_embed|wpe|attention_bias|pos_conv",
        "position_embedding",
    ),
    (r"(class_embedding|\w_token|masked_spec_embed|probe|image_newline)$", "patch_embedding"),
    (
        r"Conv[23]d |Conv1d \S*(feature_extractor|encoder\.conv)|patch_embed\w*\.",
        "patch_embedding",
    ),
    (r"token_type_embed", "segment_embedding"),
    (r"Embedding\w* ", "token_embedding"),
    (r"pooler", "pooler"),
    (r"(Linear|Conv1D|Router|Experts) (\S+\.)?bias$|Experts \S+_bias$", "bias"),
    (r"(Router|Gating)(/\w+)? | \S+\.(router|gate)\.|expert_bias$", "router"),
    (r"SiglipTextModel/Linear head\.", "projection"),
    (
        r" (lm_head|language_model\.lm_head|lm_head\.decoder|cls\.predictions\.decoder|"
        r"vocab_projector|output_projection|embed_out|decoder|proj_out|predictions\.decoder|generator_lm_head|head)\.weight$",
        "output_head",
    ),
    (
        r" (\S+\.)?(lm_head|head(?!\.mlp|\.att)|vocab_transform|project_in|project_out|"
        r"embeddings_project\w*|"
        r"embedding_hidden_mapping_in|\w*predictions|merger|deepstack_merger_list|connector|"
        r"feature_projection|vision_projection|vision_adapter|subsample_conv_projection|"
        r"projector|output_proj|logit_\w+|"
        r"(per_layer_model|visual|text|altup|altup_unembed|multi_modal)_project\w+)"
        r"\b",
        "projection",
    ),
    (r"Zamba\w*/Linear \S+\.linear\.", "projection"),
    (r"(input_residual|layer_scale1\.\S+|lambda_1|gate_attn|cross_attn_attn_gate)$", "attention"),
    (r"(post_attention_residual|layer_scale2\.\S+|lambda_2|gate_ffn|cross_attn_mlp_gate)$", "mlp"),
    (r"MoA\b", "attention"),
    (r"Experts|MLP|Mlp|FFN|FeedForward|Mo[Ee]\b|Intermediate", "mlp"),
    (
        r"Mixer|MambaLayer|ShortConv|LightConv|Delta(Net|Attention)|Lightning|RecurrentBlock|xLSTMLayer|"
        r"RwkvSelfAttention|(?<!Kimi)LinearAttention",
        "mixer",
    ),
    (r"[Aa]tt|MLA", "attention"),
    (r"", "mlp"),
)
"""What the classes down to a module and the path of its parameter hold; the first rule counts."""


def part_of(model: Untyped, name: str) -> str:
    """Say which of `PARTS` a parameter belongs to, by its path."""
    owner = name.rpartition(".")[0]
    classes = []
    for end in range(len(owner), -1, -1):
        if end == len(owner) or not end or owner[end] == ".":
            classes.append(type(model.get_submodule(owner[:end])).__name__)
    said = f"{'/'.join(reversed(classes))} {name}"
    return next(part for pattern, part in _RULES if re.search(pattern, said))


def is_linear(module: Untyped) -> bool:
    """Say whether a module is a linear layer, for PEFT as for us."""
    return type(module).__name__ in _LINEAR_CLASSES


def count_parts(model: Untyped) -> dict[str, int]:
    """Split a model's parameters into those of `PARTS` that it has, a shared parameter once."""
    parts = dict.fromkeys(PARTS, 0)
    for name, parameter in model.named_parameters():
        parts[part_of(model, name)] += parameter.numel()
    return {part: values for part, values in parts.items() if values}


def count_linear_layers(model: Untyped) -> list[list[Any]]:
    """List the linear layers that are no heads: name, inputs, outputs, bias, how many.

    Layers that share their weights are counted once.
    """
    kinds: Counter[tuple[Any, ...]] = Counter()
    seen = set()
    for name, module in model.named_modules():
        if is_linear(module) and part_of(model, f"{name}.weight") in _LINEAR:
            kinds[name.rpartition(".")[2], *_shape(module), module.bias is not None] += (
                id(module.weight) not in seen
            )
            seen.add(id(module.weight))
    return sorted([*kind, copies] for kind, copies in kinds.items())


def _shape(module: Untyped) -> tuple[int, int]:
    rows, columns = module.weight.shape
    # Conv1D keeps its weight with a row for each input, a linear layer with one for each output.
    return (rows, columns) if type(module).__name__ == "Conv1D" else (columns, rows)
