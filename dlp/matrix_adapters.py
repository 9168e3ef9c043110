"""Trainable parameters and totals of AdaLoRA, IA3, LoHa, LoKr, OFT, BOFT, VeRA and FourierFT."""

from dlp import _check, _config, _found, _lora
from dlp.adapters import adalora_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal, Required, Unpack

    from dlp._adapted import Choice
    from dlp._found import Found

    AdapterMethod = Literal["ADALORA", "BOFT", "FOURIERFT", "IA3", "LOHA", "LOKR", "OFT", "VERA"]

    class Adapter(Choice, total=False):
        """The arguments of `adapter_model_parameters`."""

        peft_type: Required[AdapterMethod]
        settings: Mapping[str, object] | None


ADAPTER_METHODS: "tuple[AdapterMethod, ...]" = (
    "ADALORA",
    "BOFT",
    "FOURIERFT",
    "IA3",
    "LOHA",
    "LOKR",
    "OFT",
    "VERA",
)
"""Methods of PEFT that adapt matrices, by its own names, beside LoRA."""

_LORA_ALONE = ("target_parameters", "trainable_token_indices", "ensure_weight_tying")
_OWN = {
    "ADALORA": ("init_r", "bias"),
    "BOFT": ("boft_block_size", "boft_block_num", "boft_n_butterfly_factor", "bias"),
    "FOURIERFT": ("n_frequency", "n_frequency_pattern", "bias"),
    "IA3": ("feedforward_modules",),
    "LOHA": ("r", "rank_pattern"),
    "LOKR": ("r", "rank_pattern", "decompose_both", "decompose_factor"),
    "OFT": ("r", "oft_block_size", "block_share", "bias"),
    "VERA": ("r", "bias"),
}
_APART = ("bias", "rank_pattern", "n_frequency_pattern")  # which no matrix is counted by
_OF_ALL = """
auto_mapping base_model_name_or_path inference_mode peft_type peft_version revision
"""
_OF_LOHA = "alpha alpha_pattern init_weights module_dropout rank_dropout use_effective_conv2d"
_IDLE = {
    "ADALORA": "beta1 beta2 deltaT orth_reg_weight r target_r tfinal tinit total_step",
    "BOFT": "boft_dropout fan_in_fan_out init_weights",
    "FOURIERFT": "fan_in_fan_out init_weights random_loc_seed scaling",
    "IA3": "fan_in_fan_out init_ia3_weights",
    "LOHA": _OF_LOHA,
    "LOKR": f"{_OF_LOHA} rank_dropout_scale",
    "OFT": """
        coft eps fan_in_fan_out init_weights module_dropout num_cayley_neumann_terms
        use_cayley_neumann
        """,
    "VERA": """
        d_initial fan_in_fan_out init_weights projection_prng_key save_projection vera_dropout
        """,
}
"""What the config of a method has that changes no count; that of AdaLoRA has what LoRA's has."""

_WIDEST = 10**9
"""Above this a search for divisors would take long."""


def loha_parameters(*, r: int, in_features: int, out_features: int) -> int:
    r"""Count the parameters that LoHa trains for one adapted matrix.

    What is added is the product, entry by entry, of two products as LoRA has one.

    $$2 \times \text{r} \times (\text{in\_features} + \text{out\_features})$$

    Args:
        r: Rank of each of the two, 1 or more.
        in_features: Width of the input of the adapted layer, 1 or more.
        out_features: Width of its output, 1 or more.

    Returns:
        Trainable parameters.

    Source:
        PEFT 0.21.2, `tuners/loha/layer.py`, `LoHaLayer.create_adapter_parameters`.

    Examples:
        >>> loha_parameters(r=8, in_features=4096, out_features=4096)
        131072
    """
    _check.count("r", r)
    _check.count("in_features", in_features)
    _check.count("out_features", out_features)
    return 2 * r * (in_features + out_features)


def lokr_parameters(
    *,
    r: int,
    in_features: int,
    out_features: int,
    decompose_both: bool = False,
    decompose_factor: int = -1,
) -> int:
    """Count the parameters that LoKr trains for one adapted matrix.

    What is added is the Kronecker product of a small matrix and a large one. Both widths are split
    in two factors; the small matrix has the first of each, the large one the second. A matrix that
    a rank of `r` would make smaller is a product of two, as LoRA's is: the large one, and the small
    one too if `decompose_both`.

    Args:
        r: Rank of a matrix that is a product, 1 or more.
        in_features: Width of the input of the adapted layer, 1 to 10^9.
        out_features: Width of its output, 1 to 10^9.
        decompose_both: Whether the small matrix may be a product too.
        decompose_factor: The first factor of a width, if it divides it, or at most so much; -1
            splits a width as evenly as can be.

    Returns:
        Trainable parameters.

    Source:
        PEFT 0.21.2, `tuners/lokr/layer.py`, `LoKrLayer.update_layer` and `factorization`.

    Examples:
        >>> lokr_parameters(r=8, in_features=4096, out_features=4096)
        5120
    """
    _check.count("r", r)
    _check.count("in_features", in_features, maximum=_WIDEST)
    _check.count("out_features", out_features, maximum=_WIDEST)
    _check.flag("decompose_both", decompose_both)
    if _check.count("decompose_factor", decompose_factor, minimum=-1) == 0:
        raise ValueError("decompose_factor must be -1 or from 1, not 0")
    few_in, many_in = _factors(in_features, decompose_factor)
    few_out, many_out = _factors(out_features, decompose_factor)
    small, large = few_out * few_in, many_out * many_in
    if decompose_both and 2 * r < max(few_out, few_in):
        small = r * (few_out + few_in)
    if 2 * r < max(many_out, many_in):
        large = r * (many_out + many_in)
    return small + large


def oft_parameters(
    *, in_features: int, r: int = 0, oft_block_size: int = 32, block_share: bool = False
) -> int:
    r"""Count the parameters that OFT trains for one adapted matrix.

    The inputs are rotated in blocks; a rotation of a block has as many parameters as it has pairs.

    $$\frac{\text{in\_features}}{\text{oft\_block\_size}} \times
    \frac{\text{oft\_block\_size} \times (\text{oft\_block\_size} - 1)}{2}$$

    A block size, or a number of blocks, that does not divide the width becomes the nearest one that
    does, the lower of two.

    Args:
        in_features: Width of the input of the adapted layer, 1 to 10^9.
        r: Number of blocks, or 0 to give their size.
        oft_block_size: Size of a block, or 0 to give their number.
        block_share: Whether all blocks have one rotation.

    Returns:
        Trainable parameters.

    Raises:
        ValueError: If not one of `r` and `oft_block_size` is 0.

    Source:
        PEFT 0.21.2, `tuners/oft/layer.py`, `OFTLayer.update_layer`.

    Examples:
        >>> oft_parameters(in_features=4096)
        63488
    """
    _check.count("in_features", in_features, maximum=_WIDEST)
    _check.count("r", r, minimum=0, maximum=10**6)
    _check.count("oft_block_size", oft_block_size, minimum=0, maximum=10**6)
    if bool(r) == bool(oft_block_size):
        raise ValueError(f"one of r and oft_block_size must be 0, not {r} and {oft_block_size}")
    size = _divisor(in_features, oft_block_size or r)
    blocks = in_features // size
    if r:
        size, blocks = blocks, size
    return (1 if _check.flag("block_share", block_share) else blocks) * (size * (size - 1) // 2)


def boft_parameters(
    *,
    in_features: int,
    out_features: int,
    boft_block_size: int = 4,
    boft_block_num: int = 0,
    boft_n_butterfly_factor: int = 1,
) -> int:
    r"""Count the parameters that BOFT trains for one adapted matrix.

    Each butterfly factor has a matrix for every block of the inputs, and every output a scale.

    $$\text{boft\_n\_butterfly\_factor} \times \text{in\_features} \times \text{boft\_block\_size}
    + \text{out\_features}$$

    Args:
        in_features: Width of the input of the adapted layer, 1 or more.
        out_features: Width of its output, 1 or more.
        boft_block_size: Size of a block, which divides the width, or 0 to give their number.
        boft_block_num: Number of blocks, which divides the width, or 0 to give their size.
        boft_n_butterfly_factor: Butterfly factors, as many as blocks of an even size can be
            halved for, and one. PEFT takes 1 where its CUDA extension cannot be built, as on a
            machine without a GPU, and says so in a warning.

    Returns:
        Trainable parameters.

    Raises:
        ValueError: If not one of the two is 0, or the width cannot be split so.

    Source:
        PEFT 0.21.2, `tuners/boft/layer.py`, `BOFTLayer.update_layer`, and `get_fbd_cuda` for the
        extension.

    Examples:
        >>> boft_parameters(in_features=4096, out_features=4096)
        20480
    """
    _check.count("in_features", in_features)
    _check.count("out_features", out_features)
    _check.count("boft_block_size", boft_block_size, minimum=0)
    _check.count("boft_block_num", boft_block_num, minimum=0)
    factors = _check.count("boft_n_butterfly_factor", boft_n_butterfly_factor, maximum=60)
    given = boft_block_size or boft_block_num
    if bool(boft_block_size) == bool(boft_block_num):
        raise ValueError(
            f"one of boft_block_size and boft_block_num must be 0, "
            f"not {boft_block_size} and {boft_block_num}"
        )
    if in_features % given:
        raise ValueError(f"the blocks must divide in_features, not {given} and {in_features}")
    size = boft_block_size or in_features // boft_block_num
    blocks = in_features // size
    if factors > 1 and (size % 2 or blocks % 2 ** (factors - 1)):
        raise ValueError(
            f"boft_n_butterfly_factor must be 1, or fit blocks of an even size, "
            f"not {factors} with {blocks} of {size}"
        )
    return factors * in_features * size + out_features


def vera_parameters(*, r: int, out_features: int) -> int:
    r"""Count the parameters that VeRA trains for one adapted matrix.

    Two random matrices, shared by all layers, are frozen; trained is a scale for each unit of rank
    and one for each output.

    $$\text{r} + \text{out\_features}$$

    Args:
        r: Rank, 1 or more.
        out_features: Width of the output of the adapted layer, 1 or more.

    Returns:
        Trainable parameters.

    Source:
        PEFT 0.21.2, `tuners/vera/layer.py`, `VeraLayer.update_layer`.

    Examples:
        >>> vera_parameters(r=256, out_features=4096)
        4352
    """
    return _check.count("r", r) + _check.count("out_features", out_features)


def adapter_model_parameters(
    *,
    peft_type: "AdapterMethod",
    settings: "Mapping[str, object] | None" = None,
    **modules: "Unpack[Choice]",
) -> int:
    """Count the parameters that a method of PEFT trains in a whole model.

    The sum over every targeted module in every layer, and the modules that are trained whole.

    Args:
        peft_type: One of `ADAPTER_METHODS`.
        settings: What the method's config in PEFT has, by its names and with its defaults, such as
            `{"r": 8, "rank_pattern": {}}`, `{"init_r": 12}`, `{"oft_block_size": 32}`, or all of
            it, as its `to_dict()` gives it; what changes no count is passed over. IA3 has
            `feedforward_modules`, for which PEFT has a default where it has one of
            `target_modules`.
        **modules: The arguments of [`adapted_modules`][dlp.adapters.adapted_modules], if they do
            not stand in `settings`. Embeddings are adapted by OFT alone, experts by none; tokens
            are trained by themselves beside AdaLoRA alone.

    Returns:
        Trainable parameters; with a `task_type` that has a head, with those of the head.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a setting is not one of the method, no module is found, one cannot be
            adapted or `config` is refused.

    Source:
        PEFT 0.21.2, the `update_layer` of each method.

    Examples:
        >>> from dlp.models import LLAMA_2_7B
        >>> adapter_model_parameters(config=LLAMA_2_7B, peft_type="VERA")
        278528
    """
    return _counted(peft_type, settings, modules)[0]


def adapter_totals(**adapter: "Unpack[Adapter]") -> dict[str, float]:
    """Give the totals that PEFT prints of a model with one of its methods.

    All parameters are those of the frozen model, what is trained beside it, and of AdaLoRA one
    number more for each adapted module, its present rank, which is not trained.

    Args:
        **adapter: The arguments of
            [`adapter_model_parameters`][dlp.matrix_adapters.adapter_model_parameters].

    Returns:
        `trainable_params`, `all_param` and `trainable_percent`, named after what
        `print_trainable_parameters` prints.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If one is refused by `adapter_model_parameters`.

    Examples:
        >>> from dlp.models import GPT2
        >>> adapter_totals(config=GPT2, peft_type="ADALORA")["all_param"]
        124882332
    """
    adapter_model_parameters(**adapter)
    chosen: "Any" = {
        name: value for name, value in adapter.items() if name not in ("peft_type", "settings")
    }
    trained, everything = _counted(adapter["peft_type"], adapter.get("settings"), chosen)
    return {
        "trainable_params": trained,
        "all_param": everything,
        "trainable_percent": 100 * trained / everything,
    }


def _counted(peft_type: object, settings: object, modules: "Choice") -> "tuple[int, int]":
    """Count what a method trains, and all parameters."""
    if peft_type == "LORA":
        raise ValueError("peft_type must not be 'LORA', which lora_totals takes")
    method = _check.choice("peft_type", peft_type, ADAPTER_METHODS)
    names = [*_lora.MODULES, *_names(method)]
    given = _check.keywords("settings", {} if settings is None else settings)
    if (given.get("peft_type") or method) != method:
        raise ValueError(f'settings["peft_type"] must be {method}, which peft_type is')
    given = dict(_check.known("settings", given, names, f"{method}'s config"))
    for name in given:
        if name in modules and modules[name] is not None:  # type: ignore[literal-required]
            raise ValueError(f"{name} must be left out of settings when it is given beside them")
    _lora.known(modules, ["config", *names], f"{method}'s config")
    everything: "Any" = {**modules, **given}
    model, chosen, given = _found.asked(**everything)
    _check_settings(method, given)
    for name in _LORA_ALONE:
        if chosen.get(name) and (method, name) != ("ADALORA", "trainable_token_indices"):
            raise ValueError(f"{name} must be left out when peft_type is {method}")
    wanted = {**chosen, **given}
    if method not in ("LOHA", "LOKR"):
        wanted["r"] = 1  # which PEFT has no pattern for
    if method == "FOURIERFT":
        wanted["r"] = given.get("n_frequency", 1000)
        wanted["rank_pattern"] = given.get("n_frequency_pattern")
    found = _found.find(model, method, wanted)
    trained = found["copies"] + found["tokens"] + _adapters(method, found, given)
    total = sum(_config.parts(model).values()) + trained + found["frozen"]
    if method == "ADALORA":
        total += sum(match["copies"] for match in found["adapted"])
    return trained + _found.biases(found, given.get("bias") or "none"), total


def _names(method: str) -> "list[str]":
    """Name what the config of a method has beside modules."""
    names = [*_OWN[method], *_OF_ALL.split(), *_IDLE[method].split()]
    return names + _lora.NAMES if method == "ADALORA" else names


def _check_settings(method: str, given: "dict[str, Any]") -> None:
    """Refuse what changes a count in a way that is not known, or is of another method."""
    if method == "ADALORA":
        _lora.check(given, 'settings["{}"]')
        for name in ("use_dora", "rank_pattern"):
            if given.get(name):
                raise ValueError(f'settings["{name}"] must be left out when peft_type is {method}')
    bias = given.get("bias") or "none"
    if not isinstance(bias, str) or (bias not in ("none", "all") and not bias.endswith("_only")):
        raise ValueError(
            'settings["bias"] must be "none", "all" or that of a method, as "oft_only"'
        )


def _adapters(method: str, found: "Found", given: "dict[str, Any]") -> int:
    """Count what a method trains of the adapted modules."""
    own = {name: given[name] for name in _OWN[method] if name in given and name not in _APART}
    total = 0
    for match in found["adapted"]:
        widths: "dict[str, Any]" = {
            "in_features": match["site"]["inputs"],
            "out_features": match["site"]["outputs"],
        }
        if method == "ADALORA":
            one = adalora_parameters(**{"init_r": 12, **own, **widths})
        elif method == "BOFT":
            one = boft_parameters(**own, **widths)
        elif method == "FOURIERFT":
            most = widths["in_features"] * widths["out_features"]
            one = _check.count("n_frequency", match["r"], maximum=most)
        elif method == "IA3":
            one = widths["in_features" if match["inward"] else "out_features"]
        elif method == "LOHA":
            one = loha_parameters(r=match["r"], **widths)
        elif method == "LOKR":
            one = lokr_parameters(**{**own, "r": match["r"]}, **widths)
        elif method == "OFT":
            turned = match["site"]["kind"] == "embedding"  # whose outputs are rotated
            one = oft_parameters(
                **own, in_features=widths["out_features" if turned else "in_features"]
            )
        else:
            one = vera_parameters(r=own.get("r", 256), out_features=widths["out_features"])
        total += match["copies"] * one
    return total


def _factors(width: int, factor: int) -> "tuple[int, int]":
    """Split a width in two factors, the second as large as the first or larger."""
    if factor > 0 and width % factor == 0:
        return factor, width // factor
    most = 1
    while most * most <= width and (factor == -1 or most <= factor):
        most += 1
    few = most - 1 or 1
    while width % few:
        few -= 1
    return few, width // few


def _divisor(width: int, near: int) -> int:
    """Give the divisor of a width that is nearest to a number, the lower of two."""
    if near >= width:
        return width
    away = 0
    while width % (near - away) and width % (near + away):
        away += 1
    return near + away if width % (near - away) else near - away
