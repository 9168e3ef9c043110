"""Trainable parameters of LoRA, DoRA, AdaLoRA and BitFit, and the totals that PEFT prints."""

from dlp import _check, _config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Literal

    from dlp._config import Model

    LoraBias = Literal["none", "lora_only", "all"]
    _Entry = tuple[str, int, int, bool, int]

ALL_LINEAR = "all-linear"
"""The value of `target_modules` that adapts every linear layer but the output head."""

LORA_BIASES: "tuple[LoraBias, ...]" = ("none", "lora_only", "all")
"""Which biases of the base model are trained beside the adapters, as PEFT names the choice."""


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
    return _biases(_config.read(config))


def adaptable_modules(*, config: "Mapping[str, object]") -> list[tuple[str, int, int, bool, int]]:
    """List the modules that LoRA can adapt, by the names that PEFT targets.

    The linear layers, then the token embedding and the output head, tied or not. PEFT adapts an
    embedding as a matrix with one input for each token of the vocabulary.

    In a model with experts the names of an MLP's matrices mean those of the experts: PEFT leaves
    an MLP without experts as it is. The router can be adapted too. Gate and up of all experts of a
    layer are one parameter, whose adapter has the rank of both and writes both: each stands here
    for its half.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.

    Returns:
        `(module, in_features, out_features, has_bias, copies)` for each, in order.

    Raises:
        TypeError: If `config` is not a dict or a value in it is of the wrong type.
        ValueError: If `model_type` is unknown, a key is missing or a value out of its range.

    Source:
        PEFT 0.21.2, `tuners/lora/layer.py`, `Embedding.update_layer`, and
        `utils/transformers_weight_conversion.py` for experts.

    Examples:
        >>> from dlp.models import LLAMA_2_7B
        >>> adaptable_modules(config=LLAMA_2_7B)[-2]
        ('embed_tokens', 32000, 4096, False, 1)
    """
    model = _config.read(config)
    return _adapted(model) + _config.modules(model, _config.VOCABULARY)


def lora_model_parameters(
    *,
    config: "Mapping[str, object]",
    r: int,
    target_modules: "str | Collection[str]",
    bias: "LoraBias" = "none",
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
        target_modules: Names of modules, as
            [`adaptable_modules`][dlp.adapters.adaptable_modules] lists them; or `ALL_LINEAR`, which
            leaves out the token embedding and the output head.
        bias: One of `LORA_BIASES`: no bias is trained, those of the targeted modules, or every
            bias in the model, those of norms included.
        use_dora: Whether the adapters are DoRA's, which experts and routers cannot have.
        rank_pattern: A rank of its own for some of the targeted modules, by their names; none of
            experts or routers.
        modules_to_save: Names of modules of which PEFT trains a copy, whole, and freezes the
            original. One that is tied to another is copied all the same.

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
    added, in_place = _lora(
        _config.read(config), r, target_modules, bias, use_dora, rank_pattern, modules_to_save
    )
    return added + in_place


def lora_totals(
    *,
    config: "Mapping[str, object]",
    r: int,
    target_modules: "str | Collection[str]",
    bias: "LoraBias" = "none",
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
    model = _config.read(config)
    if model["counted"] in model["family"]["heads"]:
        raise ValueError(
            'config["architectures"] must name no classifier: its head is not among the totals'
        )
    added, in_place = _lora(model, r, target_modules, bias, use_dora, rank_pattern, modules_to_save)
    everything = sum(_config.parts(model).values()) + added
    if _check.flag("packed", packed):
        everything -= sum(
            copies * (in_features * out_features // 2)
            for _, in_features, out_features, _, copies in _config.modules(model, _config.LINEAR)
        )
    trained = added + in_place
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
    model = _config.read(config)
    linear = _config.modules(model, _config.LINEAR)
    modules = linear + _config.modules(model, _config.VOCABULARY)
    targets = _targets(target_modules, modules, linear)
    return sum(
        copies
        * adalora_parameters(init_r=init_r, in_features=in_features, out_features=out_features)
        for module, in_features, out_features, _, copies in modules
        if module in targets
    )


def _adapted(model: "Model") -> "list[_Entry]":
    """List what `ALL_LINEAR` adapts: the linear layers, and experts in place of MLPs."""
    rows = [row for stack in model["family"]["stacks"] for row in stack[2]]
    if not [1 for row in rows if row[1] in _config.EXPERTS]:
        return _config.modules(model, _config.LINEAR)
    modules = _config.modules(model, ("attention",))
    for module, inputs, outputs, has_bias, copies in _config.modules(model, ("fused expert",)):
        modules.append((module, inputs, 2 * outputs, has_bias, copies))
    return modules + _config.modules(model, ("expert", "router"))


def _biases(model: "Model", saved: "Collection[str]" = ()) -> int:
    """Count all biases and shifts but those of saved modules and of a classification head."""
    return sum(
        copies * outputs
        for module, part, _, outputs, has_bias, copies in model["inventory"]
        if has_bias and part != "classification_head" and module not in saved
    )


def _lora(
    model: "Model",
    r: int,
    target_modules: "str | Collection[str]",
    bias: "LoraBias",
    use_dora: bool,
    rank_pattern: "Mapping[str, int] | None",
    modules_to_save: "Collection[str] | None",
) -> "tuple[int, int]":
    """Count what LoRA trains: parameters added to the model, and biases of the model itself."""
    linear, vocabulary = _adapted(model), _config.modules(model, _config.VOCABULARY)
    modules = linear + vocabulary
    _check.choice("bias", bias, LORA_BIASES)
    _check.count("r", r)
    targets = _targets(target_modules, modules, linear)
    plain = _plain_targets(model, targets, use_dora)
    ranks: dict[str, int] = {}
    rank_pattern = {} if rank_pattern is None else rank_pattern
    modules_to_save = [] if modules_to_save is None else modules_to_save
    for module, rank in _check.mapping("rank_pattern", rank_pattern).items():
        _check.choice("a key of rank_pattern", module, plain)
        ranks[module] = _check.count(f'rank_pattern["{module}"]', rank)
    savable = _config.modules(model, _config.LINEAR + ("router",)) + vocabulary
    free = [name for name in _names(savable) if name not in targets]
    saved = _check.choices("modules_to_save", modules_to_save, free, empty=True)
    added = sum(
        copies * (inputs * outputs + (outputs if has_bias else 0))
        for module, inputs, outputs, has_bias, copies in savable
        if module in saved
    )
    in_place = _biases(model, saved) if bias == "all" else 0
    for module, inputs, outputs, has_bias, copies in modules:
        if module in targets:
            added += copies * lora_parameters(
                r=ranks.get(module, r), in_features=inputs, out_features=outputs, use_dora=use_dora
            )
            in_place += copies * outputs if has_bias and bias == "lora_only" else 0
    return added, in_place


def _plain_targets(model: "Model", targets: "list[str]", use_dora: bool) -> "list[str]":
    """Give the targets that are linear layers; refuse what PEFT refuses of experts and routers."""
    fused = _names(_config.modules(model, ("fused expert",)))
    if 0 < len([name for name in fused if name in targets]) < len(fused):
        raise ValueError(f"target_modules must name {' and '.join(fused)} together or neither")
    others = fused + _names(_config.modules(model, ("expert", "router")))
    plain = [name for name in targets if name not in others]
    if _check.flag("use_dora", use_dora) and len(plain) < len(targets):
        raise ValueError("use_dora must be False when target_modules has experts or their router")
    return plain


def _names(modules: "list[_Entry]") -> list[str]:
    return list(dict.fromkeys(module for module, _, _, _, _ in modules))


def _targets(target_modules: object, modules: "list[_Entry]", linear: "list[_Entry]") -> list[str]:
    if isinstance(target_modules, str):
        _check.choice("target_modules", target_modules, (ALL_LINEAR,))
        return _names(linear)
    return _check.choices("target_modules", target_modules, _names(modules))
