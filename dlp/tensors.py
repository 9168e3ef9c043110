"""Tensors by their names: what the files of a model and of an adapter have in them.

[`safetensors_bytes`][dlp.files.safetensors_bytes] says how large such a file is.
"""

from dlp import _check, _declared, _nested, _tensors
from dlp.adapters import ALL_LINEAR
from dlp.architectures import linear_layers, parameter_count, transformer_dimensions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Literal

    from dlp._tensors import Tensor, TensorDtype

    FileDtype = Literal["fp32", "fp16", "bf16"]
    FileQuantization = Literal["nf4", "nf4-double"]


FILE_DTYPES: "tuple[FileDtype, ...]" = ("fp32", "fp16", "bf16")
"""The number formats in which a model is saved."""

FILE_QUANTIZATIONS: "tuple[FileQuantization, ...]" = ("nf4", "nf4-double")
"""The formats in which bitsandbytes saves the linear layers of a model."""

# What a file, and what the state of bitsandbytes, call each.
_IN_FILES: "dict[FileDtype, tuple[TensorDtype, str]]" = {
    "fp32": ("F32", "float32"),
    "fp16": ("F16", "float16"),
    "bf16": ("BF16", "bfloat16"),
}

_ATTENTION = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj")
_HEAD_NORMS = ("self_attn.q_norm", "self_attn.k_norm")
_MLP = ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
_NORMS = ("input_layernorm", "post_attention_layernorm")
_MORE_NORMS = ("pre_feedforward_layernorm", "post_feedforward_layernorm")
_LLAMA = _ATTENTION + _MLP + _NORMS

# What a layer has, in the order of its class.
_LAYERS = {
    "llama": _LLAMA,
    "mistral": _LLAMA,
    "qwen2": _LLAMA,
    "qwen3": _ATTENTION + _HEAD_NORMS + _MLP + _NORMS,
    "gemma": _LLAMA,
    "gemma2": _ATTENTION + _MLP + _NORMS + _MORE_NORMS,
    "gemma3_text": _ATTENTION + _HEAD_NORMS + _MLP + _NORMS + _MORE_NORMS,
    "phi3": ("self_attn.o_proj", "self_attn.qkv_proj", "mlp.gate_up_proj", "mlp.down_proj")
    + _NORMS,
    "gpt2": ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj"),
}

# The embeddings, what stands before the number of a layer, and the last norm.
_OTHERS: "tuple[tuple[str, ...], str, str]" = (
    ("model.embed_tokens",),
    "model.layers.",
    "model.norm",
)
_OF_GPT2 = (("transformer.wte", "transformer.wpe"), "transformer.h.", "transformer.ln_f")


def model_tensors(
    *,
    config: "Mapping[str, object]",
    dtype: "FileDtype | None" = None,
    quantization: "FileQuantization | None" = None,
) -> "dict[str, Tensor]":
    """List the tensors that a language model of Transformers saves, by their names.

    A tied output head is not saved. With a `quantization` each linear layer of bitsandbytes has
    its numbers, two in a byte; their scales, one for 64; the 16 values that they stand for; and
    in JSON what else is to know. With `"nf4-double"` the scales take a byte each, and their own
    scales, their 256 values and a mean come on top. How many digits JSON gives the mean depends on
    the weights: 19 are counted here, often it is one or two more or less.

    An adapter that was merged into its model leaves the tensors as they were.

    Args:
        config: A parsed `config.json` of a `llama`, `mistral`, `qwen2`, `qwen3`, `gemma`,
            `gemma2`, `gemma3_text`, `phi3` or `gpt2`.
        dtype: One of `FILE_DTYPES`; left out, what `dtype` or `torch_dtype` in the config says, and
            `"bf16"` where neither does.
        quantization: One of `FILE_QUANTIZATIONS`; left out, what `quantization_config` in the
            config says, and none where it does not.

    Returns:
        For each tensor by its name a dict with `dtype` and `shape`, in the order of the model.

    Raises:
        TypeError: If `config` is not a dict, or a value of the wrong type.
        ValueError: If the names of a `model_type` are not known, a key is missing, or a value out
            of its range.

    Source:
        Transformers 5.23.0, the classes of these types; bitsandbytes 0.50.2, `functional.py`,
        `QuantState.as_dict`.

    Examples:
        >>> from dlp.models import LLAMA_3_8B
        >>> weights = model_tensors(config=LLAMA_3_8B)
        >>> len(weights), weights["model.layers.0.self_attn.k_proj.weight"]
        (291, {'dtype': 'BF16', 'shape': [1024, 4096]})
        >>> from dlp.files import safetensors_bytes
        >>> safetensors_bytes(tensors=weights, metadata={"format": "pt"})
        16060556616
    """
    places = _places(config)
    plain = (_declared.stored_dtype(config) or "bf16") if dtype is None else dtype
    known = _check.dtype("dtype", plain, FILE_DTYPES)
    of_file = _IN_FILES[known][0]
    if quantization is None:
        quantization = _quantized(config)
    else:
        _check.choice("quantization", quantization, FILE_QUANTIZATIONS)
    found: "dict[str, Tensor]" = {}
    for module, shape, outputs, has_bias, linear in places:
        name = module + ".weight"
        found[name] = {"dtype": of_file, "shape": shape}
        if has_bias:
            found[module + ".bias"] = {"dtype": of_file, "shape": [outputs]}
        if linear and quantization:
            found.update(_nf4(name, shape, known, quantization))
    return found


def _quantized(config: "Mapping[str, object]") -> "FileQuantization | None":
    """Read how a config says that its weights were quantized, of which NF4 alone is known here."""
    stored = _declared.quantized_by(config)
    if stored is None:
        return None
    skipped = stored.get("llm_int8_skip_modules") or ["lm_head"]
    if (
        stored["quant_method"] != "bitsandbytes"
        or stored.get("bnb_4bit_quant_type") != "nf4"
        or not stored.get("load_in_4bit")
        or skipped != ["lm_head"]
    ):
        raise ValueError(
            'config["quantization_config"] must say NF4 for all linear layers: '
            "the names of other quantized tensors are not known"
        )
    return "nf4-double" if stored.get("bnb_4bit_use_double_quant") else "nf4"


def lora_tensors(
    *,
    config: "Mapping[str, object]",
    r: int,
    target_modules: "Collection[str] | str",
    dtype: "FileDtype" = "fp32",
    use_dora: bool = False,
) -> "dict[str, Tensor]":
    """List the tensors of the file that PEFT writes of a LoRA adapter, `adapter_model.safetensors`.

    Args:
        config: A parsed `config.json` as for [`model_tensors`][dlp.tensors.model_tensors].
        r: Rank of the adapters, 1 or more.
        target_modules: Names of linear layers inside the layers of the model, such as `"q_proj"`,
            or `ALL_LINEAR`, which names all of them.
        dtype: One of `FILE_DTYPES`. PEFT keeps adapters in fp32 also where the model is in 16 bits,
            unless it is told not to (`autocast_adapter_dtype`).
        use_dora: Whether each adapter is DoRA's.

    Returns:
        For each tensor by its name a dict with `dtype` and `shape`.

    Raises:
        TypeError: If an argument or a value in `config` is of the wrong type.
        ValueError: If the names of a `model_type` are not known, a module has not the name of a
            linear layer, a key is missing, or a value out of its range.

    Source:
        PEFT 0.21.2, `utils/save_and_load.py`, `get_peft_model_state_dict`.

    Examples:
        >>> from dlp.models import LLAMA_3_8B
        >>> adapter = lora_tensors(config=LLAMA_3_8B, r=16, target_modules=ALL_LINEAR)
        >>> from dlp.files import safetensors_bytes
        >>> safetensors_bytes(tensors=adapter, metadata={"format": "pt"})
        167832240
    """
    _check.count("r", r)
    of_file = _IN_FILES[_check.dtype("dtype", dtype, FILE_DTYPES)][0]
    _check.flag("use_dora", use_dora)
    linear = [each for each in _places(config) if each[4]]
    names = list(dict.fromkeys(_last(module) for module, _, _, _, _ in linear))
    if isinstance(target_modules, str):
        _check.choice("target_modules", target_modules, (ALL_LINEAR,))
    else:
        names = _check.choices("target_modules", target_modules, names)
    found: "dict[str, Tensor]" = {}
    for module, shape, outputs, _, _ in linear:
        if _last(module) in names:
            of_adapter = f"base_model.model.{module}.lora_"
            inputs = _tensors.numbers(shape) // outputs
            found[of_adapter + "A.weight"] = {"dtype": of_file, "shape": [r, inputs]}
            found[of_adapter + "B.weight"] = {"dtype": of_file, "shape": [outputs, r]}
            if use_dora:
                found[of_adapter + "magnitude_vector"] = {"dtype": of_file, "shape": [outputs]}
    return found


def _last(module: str) -> str:
    return module.rpartition(".")[2]


def _places(config: "Mapping[str, object]") -> "list[tuple[str, list[int], int, bool, bool]]":
    """List the modules of a model: name, shape, outputs, whether with a bias, whether linear."""
    total, size = parameter_count(config=config), transformer_dimensions(config=config)
    modules = linear_layers(config=config)
    kind = str(config["model_type"])
    if kind not in _LAYERS:
        raise ValueError(
            f"the names of tensors are known of model_type {', '.join(_LAYERS)}, not of {kind}"
            f"{_nested.instead(config, _LAYERS)}"
        )
    embeddings, layers, last = _OF_GPT2 if kind == "gpt2" else _OTHERS
    _check.count(
        "num_hidden_layers in config", size["num_hidden_layers"], maximum=_check.MOST_LAYERS
    )
    vocabulary, width = size["vocab_size"], size["hidden_size"]
    rows = (vocabulary, size["position_rows"])
    found = [(name, [count, width], count, False, False) for name, count in zip(embeddings, rows)]
    for layer in range(size["num_hidden_layers"]):
        left = list(modules)
        for name in _LAYERS[kind]:
            module, same = f"{layers}{layer}.{name}", _last(name)
            place = [spot for spot, each in enumerate(left) if each[0] == same]
            if place:
                _, inputs, outputs, has_bias, _ = left.pop(place[0])
                shape = [inputs, outputs] if kind == "gpt2" else [outputs, inputs]
                found.append((module, shape, outputs, has_bias, True))
            else:
                wide = size["head_dim"] if name in _HEAD_NORMS else width
                found.append((module, [wide], wide, bool(size["norm_bias"]), False))
    found.append((last, [width], width, bool(size["norm_bias"]), False))
    if not size["tie_word_embeddings"]:
        found.append(("lm_head", [vocabulary, width], vocabulary, False, False))
    held = sum(
        _tensors.numbers(shape) + has_bias * outputs for _, shape, outputs, has_bias, _ in found
    )
    if held != total:
        raise ValueError(
            f"config must be that of a language model whose tensors are known by their names: "
            f"those of {kind} hold {held} parameters, this one has {total}"
        )
    return found


def _nf4(
    name: str, shape: "list[int]", dtype: "FileDtype", quantization: "FileQuantization"
) -> "dict[str, Tensor]":
    """List what bitsandbytes saves of a linear layer."""
    weights = _tensors.numbers(shape)
    scales = -(-weights // 64)
    rows, columns = shape
    said = (
        f'{{"quant_type": "nf4", "blocksize": 64, "dtype": "{_IN_FILES[dtype][1]}", '
        f'"shape": [{rows}, {columns}]}}'
    )
    found: "dict[str, Tensor]" = {
        name: {"dtype": "U8", "shape": [-(-weights // 2), 1]},
        name + ".absmax": {"dtype": "F32", "shape": [scales]},
        name + ".quant_map": {"dtype": "F32", "shape": [16]},
    }
    more = ""
    if quantization == "nf4-double":
        found[name + ".absmax"] = {"dtype": "U8", "shape": [scales]}
        found[name + ".nested_absmax"] = {"dtype": "F32", "shape": [-(-scales // 256)]}
        found[name + ".nested_quant_map"] = {"dtype": "F32", "shape": [256]}
        more = ', "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": '
        more += "0.00000000000000000"  # its digits
    of_state = name + ".quant_state.bitsandbytes__nf4"
    found[of_state] = {"dtype": "U8", "shape": [len(said + more)]}
    return found
