"""Trainable parameters of bottleneck adapters, IA3, tuned norms and tuned top layers."""

from dlp import _check, _config, _sites

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def bottleneck_adapter_parameters(
    *, hidden_size: int, bottleneck_size: int, num_adapters: int = 1, num_layer_norms: int = 0
) -> int:
    r"""Count the parameters of bottleneck adapters: a narrow MLP after a frozen sublayer.

    Down to the bottleneck with a bias for each of its units, up again with a bias for each
    output, and scale and shift of the LayerNorms that are trained beside them:

    $$\text{num\_adapters} \times (2 \times \text{hidden\_size} \times \text{bottleneck\_size}
    + \text{bottleneck\_size} + \text{hidden\_size})
    + 2 \times \text{num\_layer\_norms} \times \text{hidden\_size}$$

    Args:
        hidden_size: Width of the model, 1 or more.
        bottleneck_size: Width of the bottleneck, 1 or more; the LoRA paper calls it r.
        num_adapters: Adapters in the whole model, 1 or more: two in each layer in Houlsby's
            design, one in Pfeiffer's.
        num_layer_norms: LayerNorms that are trained as well, 0 or more.

    Returns:
        Trainable parameters.

    Source:
        Hu et al. 2021 (LoRA), section 5.1, which counts the design of Houlsby et al. 2019.

    Examples:
        The shape of GPT-3:

        >>> bottleneck_adapter_parameters(hidden_size=12288, bottleneck_size=8, num_adapters=192)
        40109568
    """
    width = _check.count("hidden_size", hidden_size)
    inner = _check.count("bottleneck_size", bottleneck_size)
    _check.count("num_adapters", num_adapters)
    _check.count("num_layer_norms", num_layer_norms, minimum=0)
    return num_adapters * (2 * width * inner + inner + width) + 2 * num_layer_norms * width


def ia3_model_parameters(
    *,
    config: "Mapping[str, object]",
    target_modules: "Collection[str]",
    feedforward_modules: "Collection[str]",
) -> int:
    """Count the parameters that IA3 trains in a whole model: one vector of scales for each module.

    A targeted module's outputs are scaled; of one that is a feed-forward module, its inputs.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.
        target_modules: Names of linear layers, as
            [`linear_layers`][dlp.architectures.linear_layers] lists them, of the token embedding
            and of the output head.
        feedforward_modules: Those of them whose inputs are scaled; may be empty.

    Returns:
        Trainable parameters, without those of a classification head.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a module is unknown or `config` is refused.

    Source:
        PEFT 0.21.2, `tuners/ia3/layer.py`, `IA3Layer.update_layer`.

    Examples:
        >>> from dlp.models import LLAMA_2_7B
        >>> ia3_model_parameters(
        ...     config=LLAMA_2_7B,
        ...     target_modules=["k_proj", "v_proj", "down_proj"],
        ...     feedforward_modules=["down_proj"],
        ... )
        614400
    """
    modules = _config.modules(_config.read(config), _config.LINEAR + _config.VOCABULARY)
    names = list(dict.fromkeys(module for module, _, _, _, _ in modules))
    targets = _check.choices("target_modules", target_modules, names)
    inward = _check.choices("feedforward_modules", feedforward_modules, targets, empty=True)
    return sum(
        copies * (in_features if module in inward else out_features)
        for module, in_features, out_features, _, copies in modules
        if module in targets
    )


def ln_tuning_parameters(*, config: "Mapping[str, object]") -> int:
    """Count the parameters that are trained when every norm of a model is, and nothing else.

    The `norm` of [`parameters_by_part`][dlp.architectures.parameters_by_part]. PEFT trains copies:
    its total grows by as many.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.

    Returns:
        Trainable parameters, without those of a classification head.

    Raises:
        TypeError: If `config` is not a dict or a value in it is of the wrong type.
        ValueError: If `config` is refused.

    Source:
        PEFT 0.21.2, `tuners/ln_tuning/layer.py`. Where PEFT leaves out norms unless told to, this
        counts them: the embedding's in BLOOM, all but one of each layer in Qwen2 and Qwen3.

    Examples:
        >>> from dlp.models import GPT2
        >>> ln_tuning_parameters(config=GPT2)
        38400
    """
    return _config.parts(_config.read(config))["norm"]


def top_layers_parameters(*, config: "Mapping[str, object]", num_layers: int) -> int:
    """Count the parameters that are trained when the last layers of a model are, and nothing else.

    Of an encoder with a decoder they are the decoder's. What follows the last layer, a norm or a
    head, stays frozen.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.
        num_layers: Layers that are trained, counted from the last, at most as many as there are.

    Returns:
        Trainable parameters.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If `num_layers` is out of its range or `config` is refused.

    Source:
        Hu et al. 2021 (LoRA), section 5.1, of the method, with the last two layers of GPT-2.

    Examples:
        GPT-2 medium:

        >>> from dlp.models import GPT2
        >>> medium = GPT2 | {"n_embd": 1024, "n_layer": 24, "n_head": 16}
        >>> top_layers_parameters(config=medium, num_layers=2)
        25192448
    """
    model = _config.read(config)
    sizes = model["sizes"]
    layers = sizes["num_decoder_layers"] or sizes["num_hidden_layers"]
    first = layers - _check.count("num_layers", num_layers, maximum=layers)
    stems = [site["path"].partition("*")[0] for site in _sites.sites(model) if "*" in site["path"]]
    total = 0
    trained: "dict[str, bool]" = {}
    for site in _sites.sites(model):
        path = site["path"]
        if "*" in path and path.startswith(stems[-1]):
            among = site["among"]
            copies = num_layers if among is None else len([i for i in among if i >= first])
            if site["part"] == "tied copy":  # which all layers that have it share
                copies = 0 if path in trained else min(copies, 1)
            if copies:
                trained[path] = True
            total += copies * _sites.size(site)
    return total
