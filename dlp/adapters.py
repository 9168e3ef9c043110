"""Trainable parameters of LoRA, DoRA, AdaLoRA and BitFit, and the totals that PEFT prints."""

from dlp import _check, _config, _found, _lora, _sites

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Unpack

    from dlp._adapted import Layers, Tokens
    from dlp._config import Model
    from dlp._found import Found
    from dlp._lora import Lora, LoraBias, Modules, Rest


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

    Of most families with experts the names of an MLP's matrices mean those of experts, and PEFT
    leaves an MLP without them as it is; others have experts as `target_parameters` alone. Gate and
    up of a layer are one parameter, whose adapter has the rank of both: each stands for its half.

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
    return _linear(model) + _config.modules(model, _config.VOCABULARY)


def lora_model_parameters(
    *,
    r: int = 8,
    bias: "LoraBias" = "none",
    use_dora: bool = False,
    lora_bias: bool = False,
    rank_pattern: "Mapping[str, int] | None" = None,
    **modules: "Unpack[Modules]",
) -> int:
    r"""Count the parameters that LoRA trains in a whole model.

    [`lora_parameters`][dlp.adapters.lora_parameters] of every targeted module in every layer,
    plus the biases that are trained beside them and the modules that are trained whole.
    [`adapted_modules`][dlp.adapters.adapted_modules] tells how they are found, and which they are.

    Args:
        r: Rank of every adapter, 1 or more.
        bias: One of `LORA_BIASES`: no bias is trained, those of the targeted modules, or every
            bias in the model, those of norms included.
        use_dora: Whether the adapters are DoRA's, which experts and routers cannot have.
        lora_bias: Whether an adapter has a bias of its own, which those of embeddings, experts and
            routers cannot have, nor DoRA's.
        rank_pattern: A rank of its own for some of the targeted modules, by their names, paths or
            regular expressions that a path ends with.
        **modules: The arguments of [`adapted_modules`][dlp.adapters.adapted_modules], and so all
            that PEFT's `LoraConfig` has, such as `**LoraConfig(...).to_dict()`. What changes no
            count is passed over: how adapters are scaled, dropped and begun with; the ranks that
            EVA moves later; `inference_mode`, which is on in whatever PEFT has saved.

    Returns:
        Trainable parameters; with a `task_type` that has a head, with those of the head.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If no module is found, one cannot be adapted, a rank is below 1, `bias` is
            unknown, a module is both adapted and saved, `config` is refused, or a variant is asked
            for that trains something else, such as KaSA, MiCA or `layer_replication`.

    Source:
        PEFT 0.21.2, `tuners/tuners_utils.py`, `check_target_module_exists` and
        `BaseTuner._mark_only_adapters_as_trainable`, for modules and biases, and `utils/other.py`,
        `_set_trainable`, for the copies.

    Examples:
        >>> from dlp.models import LLAMA_2_7B
        >>> lora_model_parameters(config=LLAMA_2_7B, r=8, target_modules=["q_proj", "v_proj"])
        4194304
        >>> lora_model_parameters(config=LLAMA_2_7B, r=8, target_modules=["embed_tokens"])
        288768
        >>> lora_model_parameters(
        ...     config=LLAMA_2_7B, r=8, target_modules=["q_proj"], layers_to_transform=[30, 31]
        ... )
        131072
    """
    model, given, others = _found.asked(**modules)
    _check_others(others)
    found = _found.find(model, "LORA", {**given, "r": r, "rank_pattern": rank_pattern})
    added, in_place, _ = _trained(found, bias, use_dora, lora_bias)
    return added + in_place


def lora_totals(*, packed: bool = False, **lora: "Unpack[Lora]") -> dict[str, float]:
    """Give the totals that PEFT prints of a model with LoRA.

    All parameters are those of the frozen model, the adapters and the copies that
    `modules_to_save` makes: a module with a copy counts twice, and so does the head that a
    `task_type` brings. A model loaded in 4 bits holds two weights of a linear layer in one byte; a
    count of stored elements therefore misses half of them, while adapters, embedding and output
    head count in full. A name that does not occur counts nothing, as PEFT passes over it without a
    word: [`adapted_modules`][dlp.adapters.adapted_modules] gives it under `not_found`.

    Args:
        packed: Whether two weights of a linear layer in 4 bits count as one, as PEFT counted
            before release 0.5.0 and scripts that add up `numel()` still do.
        **lora: The arguments of [`lora_model_parameters`][dlp.adapters.lora_model_parameters].

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
        >>> from dlp.models import GPT2, LLAMA_2_7B
        >>> setup = {"config": LLAMA_2_7B, "r": 64, "target_modules": "all-linear"}
        >>> lora_totals(**setup)["all_param"]
        6898323456
        >>> lora_totals(**setup, packed=True)["all_param"]
        3660320768

        GPT-2 with a head over three labels:

        >>> totals = lora_totals(
        ...     config=GPT2 | {"num_labels": 3},
        ...     r=16,
        ...     target_modules=["c_attn", "c_proj", "c_fc"],
        ...     task_type="SEQ_CLS",
        ... )
        >>> totals["trainable_params"], totals["all_param"]
        (2361600, 126803712)
    """
    model, given, others = _found.asked(**lora)
    _check_others(others)
    ranks = {"r": lora.get("r", 8), "rank_pattern": lora.get("rank_pattern")}
    found = _found.find(model, "LORA", {**given, **ranks})
    kinds = (lora.get("bias", "none"), lora.get("use_dora", False), lora.get("lora_bias", False))
    added, in_place, again = _trained(found, *kinds)
    everything = sum(_config.parts(model).values()) + added + again + found["frozen"]
    if _check.flag("packed", packed):
        everything -= sum(
            copies * (in_features * out_features // 2)
            for _, in_features, out_features, _, copies in _config.modules(model, _config.LINEAR)
        )
    return {
        "trainable_params": added + in_place,
        "all_param": everything,
        "trainable_percent": 100 * (added + in_place) / everything,
    }


def adapted_modules(
    *,
    config: "Mapping[str, object]",
    target_modules: "str | Collection[str] | None" = None,
    modules_to_save: "Collection[str] | None" = None,
    task_type: "str | None" = None,
    exclude_modules: "str | Collection[str] | None" = None,
    layers_to_transform: "Layers | None" = None,
    layers_pattern: "str | Collection[str] | None" = None,
    target_parameters: "Collection[str] | None" = None,
    trainable_token_indices: "Tokens | None" = None,
    ensure_weight_tying: bool = False,
    **others: "Unpack[Rest]",
) -> "dict[str, list[str]]":
    """Tell which modules LoRA adapts and saves, and which names do not occur in the model.

    Modules are found as PEFT finds them. A name in a list means every module whose path ends with
    it; one that does not occur is passed over, as long as another does. A str is a regular
    expression that a whole path matches.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.
        target_modules: Names or paths of modules, as
            [`adaptable_modules`][dlp.adapters.adaptable_modules] lists them; a regular expression;
            `ALL_LINEAR`, which leaves out the token embedding and the output head; or None for
            PEFT's default of the `model_type`.
        modules_to_save: Ends of paths of modules, norms and heads included, of which PEFT trains
            a copy, whole, and freezes the original. One that is tied to another is copied all
            the same.
        task_type: What the model is for, as PEFT names it, such as `"SEQ_CLS"`; a task that has a
            head brings it, and PEFT saves it.
        exclude_modules: Names, paths or a regular expression of modules that are left out.
        layers_to_transform: Layers that are adapted, counted from 0, if not all.
        layers_pattern: What the layers are called in a path, if several numbers stand in it.
        target_parameters: Ends of paths of matrices that are adapted as such, as experts are.
        trainable_token_indices: Tokens whose embeddings are trained by themselves, or a dict of
            such lists by the names of modules.
        ensure_weight_tying: Whether what is tied stays so when it is adapted or saved.
        **others: What else PEFT's `LoraConfig` has, such as a rank: it changes no module, and what
            adds some is refused.

    Returns:
        `adapted` and `saved`, paths in which a `*` stands for every layer that has the module, and
        `not_found`, the names that do not occur.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If no module is found, one cannot be adapted, a module is both adapted and
            saved, a regular expression is not known, or `config` is refused.

    Source:
        PEFT 0.21.2, `tuners/tuners_utils.py`, `check_target_module_exists`, and `utils/other.py`,
        `_set_trainable`.

    Examples:
        >>> from dlp.models import GPT2
        >>> found = adapted_modules(config=GPT2, target_modules=["c_attn", "q_proj"])
        >>> found["adapted"], found["not_found"]
        (['transformer.h.*.attn.c_attn'], ['q_proj'])
    """
    _check_others(others)
    model, given, _ = _found.asked(
        config=config,
        target_modules=target_modules,
        modules_to_save=modules_to_save,
        task_type=task_type,
        exclude_modules=exclude_modules,
        layers_to_transform=layers_to_transform,
        layers_pattern=layers_pattern,
        target_parameters=target_parameters,
        trainable_token_indices=trainable_token_indices,
        ensure_weight_tying=ensure_weight_tying,
    )
    found = _found.find(model, "LORA", given)
    return {
        "adapted": [match["key"] for match in found["adapted"]],
        "saved": found["saved_keys"],
        "not_found": found["not_found"],
    }


def adalora_model_parameters(
    *,
    config: "Mapping[str, object]",
    init_r: int,
    target_modules: "str | Collection[str] | None" = None,
) -> int:
    """Count the parameters that AdaLoRA trains at first in a whole model.

    [`adalora_parameters`][dlp.adapters.adalora_parameters] of every targeted module in every
    layer.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.
        init_r: Rank that every adapter starts with, 1 or more.
        target_modules: What is adapted, as
            [`lora_model_parameters`][dlp.adapters.lora_model_parameters] takes it; linear layers
            and the output head alone.

    Returns:
        Trainable parameters, without those of a classification head.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If `init_r` is below 1, no module is found, one cannot be adapted or `config` is
            refused.

    Source:
        PEFT 0.21.2, `tuners/adalora/layer.py`.

    Examples:
        >>> from dlp.models import GPT2
        >>> adalora_model_parameters(config=GPT2, init_r=12, target_modules=["c_attn"])
        442512
    """
    _check.count("init_r", init_r)
    found = _found.find(_config.read(config), "ADALORA", {"target_modules": target_modules})
    total = 0
    for match in found["adapted"]:
        site = match["site"]
        total += match["copies"] * adalora_parameters(
            init_r=init_r, in_features=site["inputs"], out_features=site["outputs"]
        )
    return total


def _linear(model: "Model") -> "list[tuple[str, int, int, bool, int]]":
    """List what `ALL_LINEAR` adapts: linear layers, and experts where PEFT takes their names."""
    moved = _sites.MOVED.get(model["model_type"], {})
    found = [row for row in _config.modules(model, _config.LINEAR) if row[0] not in moved]
    for module, inputs, outputs, has_bias, copies in _config.modules(model, ("fused expert",)):
        if moved:
            found.append((module, inputs, 2 * outputs, has_bias, copies))
    found += _config.modules(model, ("expert",) if moved else ())
    routers = _config.modules(model, ("router",))
    routers = [row for row in routers if row[0] not in _sites.ROUTER_VECTORS]
    return found + (routers if moved or model["model_type"] in _sites.LINEAR_ROUTERS else [])


def _biases(model: "Model") -> int:
    """Count all biases and shifts but those of a classification head."""
    return sum(
        copies * outputs
        for _, part, _, outputs, has_bias, copies in model["inventory"]
        if has_bias and part != "classification_head"
    )


def _check_others(others: "Mapping[str, object]") -> None:
    """Refuse names that `LoraConfig` does not have, and what changes a count unknown."""
    method = others.get("peft_type") or "LORA"
    if isinstance(method, str) and method != "LORA":
        raise ValueError(f"peft_type must be LORA, not {method[:60]!r}, which adapter_totals takes")
    _check.choice("peft_type", method, ("LORA",))
    _lora.known(others, _lora.NAMES, "LoraConfig")
    _lora.check(others)


def _trained(found: "Found", bias: str, use_dora: bool, lora_bias: bool) -> "tuple[int, int, int]":
    """Count what LoRA trains, parameters added and biases of the model itself, and what it freezes.

    An adapter in a module that is saved is copied with it: the copy is trained, the first is not.
    """
    _check.choice("bias", bias, LORA_BIASES)
    if _check.flag("use_dora", use_dora) and lora_bias:
        raise ValueError("lora_bias must be False when use_dora is True")
    _check.flag("lora_bias", lora_bias)
    added, frozen = found["copies"] + found["tokens"], 0
    for match in found["adapted"]:
        site, copies = match["site"], match["copies"]
        if match["parameter"] and (use_dora or lora_bias):
            name = "use_dora" if use_dora else "lora_bias"
            raise ValueError(
                f"{name} must be False when parameters such as {match['key']} are adapted"
            )
        if site["kind"] == "embedding" and lora_bias:
            raise ValueError(f"lora_bias must be False when {match['key']} is adapted")
        one = site["each"] * lora_parameters(
            r=match["r"],
            in_features=site["inputs"],
            out_features=site["outputs"],
            use_dora=use_dora,
        )
        one += site["outputs"] if lora_bias else 0
        added += copies * one
        frozen += copies * one * match["saved"]
    return added, _found.biases(found, bias), frozen
