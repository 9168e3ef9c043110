"""Trainable parameters of LoRA and DoRA."""

from dlp import _check
from dlp.transformer import linear_layers, parameters_by_part, transformer_dimensions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ALL_LINEAR = "all-linear"
"""The value of `target_modules` that adapts every linear layer but the output head."""

LORA_BIASES = ("none", "lora_only", "all")
"""Which biases of the base model are trained beside the adapters, as PEFT names the choice."""


def lora_parameters(*, r: int, in_features: int, out_features: int, use_dora: bool = False) -> int:
    r"""Count the parameters that LoRA trains for one adapted matrix.

    What is added to the frozen matrix is a product $B A$: $A$ has $r$ rows of `in_features`, $B$
    has `out_features` rows of $r$.

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


def lora_model_parameters(
    *,
    config: "Mapping[str, object]",
    r: int,
    target_modules: "str | Collection[str]",
    bias: str = "none",
    use_dora: bool = False,
) -> int:
    r"""Count the parameters that LoRA trains in a whole model.

    [`lora_parameters`][dlp.adapters.lora_parameters] of every targeted module in every layer,
    plus the biases that are trained beside them. The scaling `lora_alpha` adds none.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.
        r: Rank of every adapter, 1 or more.
        target_modules: Names of linear layers, as
            [`linear_layers`][dlp.transformer.linear_layers] lists them, or `ALL_LINEAR`.
        bias: One of `LORA_BIASES`: no bias is trained, those of the targeted modules, or every
            bias in the model, those of norms included.
        use_dora: Whether the adapters are DoRA's.

    Returns:
        Trainable parameters, without those of a classification head.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If `r` is below 1, a module or `bias` is unknown, or `config` is refused.

    Source:
        PEFT 0.21.2, `tuners/lora/model.py`, `LoraModel._mark_only_adapters_as_trainable`, for
        the biases.

    Examples:
        >>> from dlp.models import LLAMA_2_7B
        >>> lora_model_parameters(config=LLAMA_2_7B, r=8, target_modules=["q_proj", "v_proj"])
        4194304
    """
    layers = linear_layers(config=config)
    _check.choice("bias", bias, LORA_BIASES)
    known = tuple(dict.fromkeys(module for module, _, _, _ in layers))
    if isinstance(target_modules, str):
        _check.choice("target_modules", target_modules, (ALL_LINEAR,))
        targets = known
    else:
        targets = tuple(_check.choices("target_modules", target_modules, known))
    per_layer = 0
    for module, in_features, out_features, has_bias in layers:
        if module in targets:
            per_layer += lora_parameters(
                r=r, in_features=in_features, out_features=out_features, use_dora=use_dora
            )
            if bias == "lora_only" and has_bias:
                per_layer += out_features
    size = transformer_dimensions(config=config)
    total = size["num_hidden_layers"] * per_layer
    if bias == "all":
        parts = parameters_by_part(config=config)
        # Half of a LayerNorm's parameters are its biases; an RMSNorm has none.
        total += parts["bias"] + (parts["norm"] // 2 if size["norm_bias"] else 0)
    return total
