"""Trainable parameters of LoRA, DoRA, AdaLoRA and BitFit, and the totals that PEFT prints."""

from dlp import _check
from dlp.architectures import (
    linear_layers,
    parameter_count,
    parameters_by_part,
    transformer_dimensions,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ALL_LINEAR = "all-linear"
"""The value of `target_modules` that adapts every linear layer but the output head."""

LORA_BIASES = ("none", "lora_only", "all")
"""Which biases of the base model are trained beside the adapters, as PEFT names the choice."""

# model_type -> the modules of the token embedding and of the output head, where they are not
# named as in Llama, or missing.
_VOCABULARY_MODULES = {
    "bert": ("word_embeddings", ""),
    "bloom": ("word_embeddings", "lm_head"),
    "distilbert": ("word_embeddings", ""),
    "falcon": ("word_embeddings", "lm_head"),
    "gpt2": ("wte", "lm_head"),
    "gpt_bigcode": ("wte", "lm_head"),
    "gpt_neox": ("embed_in", "lm_head"),
    "roberta": ("word_embeddings", ""),
    "t5": ("shared", "lm_head"),
    "vit": ("", ""),
}


def lora_parameters(*, r: int, in_features: int, out_features: int, use_dora: bool = False) -> int:
    r"""Count the parameters that LoRA trains for one adapted matrix.

    What is added to the frozen matrix is a product $B A$: $A$ has $r$ rows of `in_features`, $B$
    has `out_features` rows of $r$. An embedding is a matrix with one input for each token of the
    vocabulary, an output head one with an output for each.

    $$\text{r} \times (\text{in\_features} + \text{out\_features})$$

    With `use_dora=True` one magnitude for each output comes on top:

    $$\text{r} \times (\text{in\_features} + \text{out\_features}) + \text{out\_features}$$

    Args:
        r: Rank of the adapter, 1 or more.
        in_features: Width of the input of the adapted layer, 1 or more.
        out_features: Width of its output, 1 or more.
        use_dora: Whether the adapter is DoRA's, which trains a magnitude for each output.

    Returns:
        Trainable parameters.

    Raises:
        TypeError: If a count is not an int or `use_dora` not a bool.
        ValueError: If a count is below 1.

    Source:
        Hu et al. 2021 (LoRA), section 4.1; PEFT 0.21.2, `tuners/lora/layer.py`,
        `LoraLayer.update_layer`, and `tuners/lora/dora.py` for the magnitudes.

    Examples:
        >>> lora_parameters(r=8, in_features=4096, out_features=4096)
        65536
    """
    _check.count("r", r)
    _check.count("in_features", in_features)
    _check.count("out_features", out_features)
    magnitudes = out_features if _check.flag("use_dora", use_dora) else 0
    return r * (in_features + out_features) + magnitudes


def lora_break_even_rank(*, in_features: int, out_features: int) -> float:
    r"""Give the rank at which LoRA trains as many parameters as the matrix itself has.

    Below it LoRA saves; above it the two factors have more entries than the matrix.

    $$\frac{\text{in\_features} \times \text{out\_features}}
    {\text{in\_features} + \text{out\_features}}$$

    Args:
        in_features: Width of the input of the adapted layer, 1 or more.
        out_features: Width of its output, 1 or more.

    Returns:
        Units of rank, not rounded.

    Raises:
        TypeError: If an argument is not an int.
        ValueError: If one is below 1.

    Examples:
        >>> lora_break_even_rank(in_features=4096, out_features=4096)
        2048.0
    """
    _check.count("in_features", in_features)
    _check.count("out_features", out_features)
    return in_features * out_features / (in_features + out_features)


def adalora_parameters(*, init_r: int, in_features: int, out_features: int) -> int:
    r"""Count the parameters that AdaLoRA trains at first for one adapted matrix.

    LoRA's two factors and a singular value for each unit of rank. The rank it starts from counts,
    not the lower one it aims at: what is pruned later is set to zero and stays in place.

    $$\text{init\_r} \times (\text{in\_features} + \text{out\_features}) + \text{init\_r}$$

    Args:
        init_r: Rank that every adapter starts with, 1 or more.
        in_features: Width of the input of the adapted layer, 1 or more.
        out_features: Width of its output, 1 or more.

    Returns:
        Trainable parameters.

    Raises:
        TypeError: If an argument is not an int.
        ValueError: If one is below 1.

    Source:
        PEFT 0.21.2, `tuners/adalora/layer.py`, `AdaLoraLayer.update_layer`, where one more
        number, the present rank, is not trained.

    Examples:
        >>> adalora_parameters(init_r=12, in_features=768, out_features=768)
        18444
    """
    _check.count("init_r", init_r)
    return lora_parameters(r=init_r, in_features=in_features, out_features=out_features) + init_r


def bitfit_parameters(*, config: "Mapping[str, object]") -> int:
    """Count the parameters that BitFit trains: every bias of a model, and nothing else.

    Those of the linear layers, and the shifts of LayerNorms, half of their parameters. Families
    without a bias, such as Llama, have nothing that BitFit could train.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.

    Returns:
        Trainable parameters, without those of a classification head.

    Raises:
        TypeError: If `config` is not a dict or a value in it is of the wrong type.
        ValueError: If `config` is refused.

    Source:
        Hu et al. 2021 (LoRA), section 5.1, of the method; Transformers 5.23.0 for what has a bias.

    Examples:
        >>> from dlp.models import GPT2
        >>> bitfit_parameters(config=GPT2)
        102144
    """
    parts = parameters_by_part(config=config)
    size = transformer_dimensions(config=config)
    # Half of a LayerNorm's parameters are its shifts; an RMSNorm has none.
    shifts = parts["norm"] // 2 if size["norm_bias"] else 0
    pooler = parts["pooler"] // (size["hidden_size"] + 1)
    patches = size["hidden_size"] if parts["patch_embedding"] else 0
    return parts["bias"] + shifts + pooler + patches


def adaptable_modules(*, config: "Mapping[str, object]") -> list[tuple[str, int, int, bool, int]]:
    """List the modules that LoRA can adapt, by the names that PEFT targets.

    The linear layers, then the token embedding and the output head, tied or not. PEFT adapts an
    embedding as a matrix with one input for each token of the vocabulary.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.

    Returns:
        `(module, in_features, out_features, has_bias, copies)` for each, in order.

    Raises:
        TypeError: If `config` is not a dict or a value in it is of the wrong type.
        ValueError: If `model_type` is unknown, a key is missing or a value out of its range.

    Source:
        PEFT 0.21.2, `tuners/lora/layer.py`, `Embedding.update_layer`.

    Examples:
        >>> from dlp.models import LLAMA_2_7B
        >>> adaptable_modules(config=LLAMA_2_7B)[-2]
        ('embed_tokens', 32000, 4096, False, 1)
    """
    modules = linear_layers(config=config)
    size = transformer_dimensions(config=config)
    rows, width = size["vocab_size"], size["embedding_size"]
    model_type = str(config["model_type"])
    embedding, head = _VOCABULARY_MODULES.get(model_type, ("embed_tokens", "lm_head"))
    if embedding:
        modules.append((embedding, rows, width, False, 1))
    if head:
        modules.append((head, width, rows, model_type == "phi", 1))
    return modules


def lora_model_parameters(
    *,
    config: "Mapping[str, object]",
    r: int,
    target_modules: "str | Collection[str]",
    bias: str = "none",
    use_dora: bool = False,
    rank_pattern: "Mapping[str, int] | None" = None,
    modules_to_save: "Collection[str] | None" = None,
) -> int:
    r"""Count the parameters that LoRA trains in a whole model.

    [`lora_parameters`][dlp.adapters.lora_parameters] of every targeted module in every layer,
    plus the biases that are trained beside them and the modules that are trained whole. The
    scaling `lora_alpha` adds none.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.
        r: Rank of every adapter, 1 or more.
        target_modules: Names of linear layers, as
            [`linear_layers`][dlp.architectures.linear_layers] lists them, of the token embedding
            and of the output head, such as `embed_tokens` and `lm_head`; or `ALL_LINEAR`,
            unless the model has experts.
        bias: One of `LORA_BIASES`: no bias is trained, those of the targeted modules, or every
            bias in the model, those of norms included.
        use_dora: Whether the adapters are DoRA's.
        rank_pattern: A rank of its own for some of the targeted modules, by their names.
        modules_to_save: Names of modules of which PEFT trains a copy, whole. One that is tied
            to another is copied all the same.

    Returns:
        Trainable parameters, without those of a classification head.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a rank is below 1, a module or `bias` is unknown, a module is both
            adapted and saved, or `config` is refused.

    Source:
        PEFT 0.21.2, `tuners/tuners_utils.py`, `BaseTuner._mark_only_adapters_as_trainable`, for
        the biases, and `utils/other.py`, `ModulesToSaveWrapper`, for the copies.

    Examples:
        >>> from dlp.models import LLAMA_2_7B
        >>> lora_model_parameters(config=LLAMA_2_7B, r=8, target_modules=["q_proj", "v_proj"])
        4194304
        >>> lora_model_parameters(config=LLAMA_2_7B, r=8, target_modules=["embed_tokens"])
        288768
    """
    modules = adaptable_modules(config=config)
    _check.choice("bias", bias, LORA_BIASES)
    _check.count("r", r)
    targets = _targets(config, target_modules)
    ranks: dict[str, int] = {}
    if rank_pattern is not None:
        for module, rank in _check.mapping("rank_pattern", rank_pattern).items():
            _check.choice("a key of rank_pattern", module, targets)
            ranks[module] = _check.count(f'rank_pattern["{module}"]', rank)
    saved: list[str] = []
    if modules_to_save is not None:
        free = [name for name in _names(modules) if name not in targets]
        saved = _check.choices("modules_to_save", modules_to_save, free)
    total = 0
    for module, in_features, out_features, has_bias, copies in modules:
        own_bias = out_features if has_bias else 0
        if module in targets:
            adapter = lora_parameters(
                r=ranks.get(module, r),
                in_features=in_features,
                out_features=out_features,
                use_dora=use_dora,
            )
            total += copies * (adapter + (own_bias if bias == "lora_only" else 0))
        if module in saved:
            total += copies * (in_features * out_features + own_bias)
    return total + (bitfit_parameters(config=config) if bias == "all" else 0)


def lora_totals(
    *,
    config: "Mapping[str, object]",
    r: int,
    target_modules: "str | Collection[str]",
    bias: str = "none",
    use_dora: bool = False,
    rank_pattern: "Mapping[str, int] | None" = None,
    modules_to_save: "Collection[str] | None" = None,
    packed: bool = False,
) -> dict[str, float]:
    """Give the totals that PEFT prints of a causal language model with LoRA.

    All parameters are those of the frozen model, the adapters and the copies that
    `modules_to_save` makes: a module with a copy counts twice. A model loaded in 4 bits holds two
    weights of a linear layer in one byte; a count of stored elements therefore misses half of
    them, while adapters, embedding and output head count in full.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.
        r: Rank of every adapter, 1 or more.
        target_modules: What is adapted, as
            [`lora_model_parameters`][dlp.adapters.lora_model_parameters] takes it.
        bias: One of `LORA_BIASES`.
        use_dora: Whether the adapters are DoRA's.
        rank_pattern: A rank of its own for some of the targeted modules, by their names.
        modules_to_save: Names of modules of which PEFT trains a copy, whole.
        packed: Whether two weights of a linear layer in 4 bits count as one, as PEFT counted
            before release 0.5.0 and scripts that add up `numel()` still do.

    Returns:
        `trainable_params`, `all_param` and `trainable_percent`, named after what
        `print_trainable_parameters` prints.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If one is refused by `lora_model_parameters`.

    Source:
        PEFT 0.21.2, `peft_model.py`, `PeftModel.get_nb_trainable_parameters`, which doubles the
        elements of a `Params4bit`; PEFT 0.4.0, `print_trainable_parameters`, which does not.

    Examples:
        >>> from dlp.models import LLAMA_2_7B
        >>> setup = {"config": LLAMA_2_7B, "r": 64, "target_modules": "all-linear"}
        >>> lora_totals(**setup)["all_param"]
        6898323456
        >>> lora_totals(**setup, packed=True)["all_param"]
        3660320768
    """
    trained = lora_model_parameters(
        config=config,
        r=r,
        target_modules=target_modules,
        bias=bias,
        use_dora=use_dora,
        rank_pattern=rank_pattern,
        modules_to_save=modules_to_save,
    )
    in_place = 0
    if bias == "all":
        in_place = bitfit_parameters(config=config)
    elif bias == "lora_only":
        targets = _targets(config, target_modules)
        in_place = sum(
            copies * out_features
            for module, _, out_features, has_bias, copies in adaptable_modules(config=config)
            if has_bias and module in targets
        )
    everything = parameter_count(config=config) + trained - in_place
    if _check.flag("packed", packed):
        everything -= sum(
            copies * (in_features * out_features // 2)
            for _, in_features, out_features, _, copies in linear_layers(config=config)
        )
    return {
        "trainable_params": trained,
        "all_param": everything,
        "trainable_percent": 100 * trained / everything,
    }


def adalora_model_parameters(
    *, config: "Mapping[str, object]", init_r: int, target_modules: "str | Collection[str]"
) -> int:
    """Count the parameters that AdaLoRA trains at first in a whole model.

    [`adalora_parameters`][dlp.adapters.adalora_parameters] of every targeted module in every
    layer.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.
        init_r: Rank that every adapter starts with, 1 or more.
        target_modules: What is adapted, as
            [`lora_model_parameters`][dlp.adapters.lora_model_parameters] takes it.

    Returns:
        Trainable parameters, without those of a classification head.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If `init_r` is below 1, a module is unknown or `config` is refused.

    Source:
        PEFT 0.21.2, `tuners/adalora/layer.py`.

    Examples:
        >>> from dlp.models import GPT2
        >>> adalora_model_parameters(config=GPT2, init_r=12, target_modules=["c_attn"])
        442512
    """
    _check.count("init_r", init_r)
    targets = _targets(config, target_modules)
    return sum(
        copies
        * adalora_parameters(init_r=init_r, in_features=in_features, out_features=out_features)
        for module, in_features, out_features, _, copies in adaptable_modules(config=config)
        if module in targets
    )


def _names(modules: "list[tuple[str, int, int, bool, int]]") -> list[str]:
    return list(dict.fromkeys(module for module, _, _, _, _ in modules))


def _targets(config: "Mapping[str, object]", target_modules: object) -> list[str]:
    if isinstance(target_modules, str):
        _check.choice("target_modules", target_modules, (ALL_LINEAR,))
        if transformer_dimensions(config=config)["num_moe_layers"]:
            raise ValueError("target_modules must name the modules of a model with experts")
        return _names(linear_layers(config=config))
    return _check.choices(
        "target_modules", target_modules, _names(adaptable_modules(config=config))
    )
