"""The weights of a model that is loaded, in the format that its config says."""

from dlp import _check, _config, _declared, _patterns
from dlp.architectures import parameter_count
from dlp.peak import _quantized_weight
from dlp.quantization import _multiple, _one_of, awq_bytes, gptq_bytes, mxfp4_bytes
from dlp.units import stored_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dlp.units import Dtype

    Given = Mapping[str, Any]

_NAME = 'config["quantization_config"]'


def model_weight_bytes(*, config: "Mapping[str, object]", dtype: "Dtype | None" = None) -> int:
    """Count the bytes of the weights of a model, in the format that its config says.

    That is `dtype` or `torch_dtype` in the config, or in its `text_config`, and `"fp32"` where none
    of them says, as PyTorch makes what it is told nothing of. With a `quantization_config` it is
    the format of what is left as it was: embeddings, norms, biases, the output head, and modules
    that are named there. The matrices of the other linear layers are stored

    | `quant_method` | in |
    |---|---|
    | `bitsandbytes` | 4 bits, or 8 with a scale in fp32 for each output |
    | `gptq` | what [`gptq_bytes`][dlp.quantization.gptq_bytes] counts, for each expert too |
    | `awq` | what [`awq_bytes`][dlp.quantization.awq_bytes] counts, for each expert too |
    | `fp8` | a byte, experts too, and a scale in fp32 for each block or matrix |
    | `mxfp4` | as before; the experts of gpt-oss are in [MXFP4][dlp.quantization.mxfp4_bytes] |

    Blocks of fp8 are counted for each matrix, as files have them.

    Args:
        config: A parsed `config.json` whose `model_type` is one of `MODEL_TYPES`.
        dtype: One of [`DTYPES`][dlp.units.DTYPES], of all weights, whatever the config says.

    Returns:
        Bytes. Tables of bitsandbytes are among them, buffers such as those of rotary positions not.

    Raises:
        TypeError: If `config` is not a dict or a value in it is of the wrong type.
        ValueError: If a config cannot be counted, or what its quantization takes is not known.

    Source:
        Transformers 5.23.0, `quantizers/` and `integrations/`.

    Examples:
        >>> from dlp.models import LLAMA_2_7B
        >>> model_weight_bytes(config={**LLAMA_2_7B, "torch_dtype": "float16"})
        13476831232
        >>> gptq = {"quant_method": "gptq", "bits": 4, "group_size": 128}
        >>> pasted = {**LLAMA_2_7B, "torch_dtype": "float16", "quantization_config": gptq}
        >>> model_weight_bytes(config=pasted)
        3893862400
    """
    model = _config.read(config)
    most = _check.LARGEST_COUNT**2
    total = _check.count("the parameters of config", parameter_count(config=config), maximum=most)
    if dtype is not None:
        return stored_bytes(num_values=total, dtype=dtype)
    plain = _declared.stored_dtype(config) or "fp32"
    stored = _declared.quantized_by(config)
    if stored is None:
        return stored_bytes(num_values=total, dtype=plain)
    method = stored["quant_method"]
    if method not in _SKIPPED or (method == "mxfp4" and model["model_type"] != "gpt_oss"):
        raise ValueError(
            f'{_NAME}["quant_method"] must be one of {", ".join(_SKIPPED)}, the last of gpt_oss: '
            f"what weights of {model['model_type']} in {method} take is not known"
        )
    key = _SKIPPED[method]
    skipped = _skips(f'{_NAME}["{key}"]', stored.get(key) or [])
    quantized, values = 0, 0
    for path, part, inputs, outputs, _, copies, among in model["placed"]:
        expert = part in _config.EXPERTS
        if not (expert if method == "mxfp4" else expert or part in _config.LINEAR):
            continue
        if expert and method == "bitsandbytes":
            raise ValueError(
                f'{_NAME}["quant_method"] must not be bitsandbytes with experts: '
                f"what they take is not known"
            )
        if expert and stored.get("activation_scheme") == "static":
            raise ValueError(
                f'{_NAME}["activation_scheme"] must not be static with experts: '
                f"what they take is not known"
            )
        name = path.rpartition(".")[0] if expert else path  # all experts are one module
        if "*" in name and skipped:
            number = copies // model["sizes"]["num_experts"] if expert else copies
            _check.count("the number of layers", number, maximum=_check.MOST_LAYERS)
            layers = list(range(number)) if among is None else among
            kept = [each for each in layers if _is_skipped(name.replace("*", str(each)), skipped)]
            copies -= len(kept) * (copies // len(layers))
        elif _is_skipped(name, skipped):
            continue
        values += copies * inputs * outputs
        quantized += copies * _matrix(path, stored, inputs, outputs)
    return quantized + stored_bytes(num_values=total - values, dtype=plain)


# What each method calls the modules that it leaves as they are.
_SKIPPED = {
    "bitsandbytes": "llm_int8_skip_modules",
    "gptq": "dynamic",
    "awq": "modules_to_not_convert",
    "fp8": "modules_to_not_convert",
    "mxfp4": "modules_to_not_convert",
}


def _matrix(path: str, stored: "Given", inputs: int, outputs: int) -> int:
    """Count the bytes of the matrix of a linear layer."""
    method = stored["quant_method"]
    if method == "mxfp4":
        return mxfp4_bytes(num_weights=inputs * outputs)
    if method == "fp8":
        return inputs * outputs + 4 * _scales(stored, inputs, outputs)
    if method == "bitsandbytes":
        setup = {"bits": _bits(stored), "double": bool(stored.get("bnb_4bit_use_double_quant"))}
        weight, beside = _quantized_weight(setup, inputs, outputs)
        return weight + beside
    size = stored.get("group_size", 128)
    group = inputs if size == -1 else _check.count(f'{_NAME}["group_size"]', size)
    gptq = method == "gptq"
    allowed = (2, 3, 4, 8) if gptq else (4,)
    bits = _one_of(f'{_NAME}["bits"]', stored.get("bits", 4), allowed)
    for key in ("lm_head", "modules_in_block_to_quantize") if gptq else ():
        if stored.get(key):
            raise ValueError(f'{_NAME}["{key}"] must be left out: what it takes is not known')
    if not gptq and not stored.get("zero_point", True):
        raise ValueError(f'{_NAME}["zero_point"] must be true with awq: no other is known')
    widths = f'of {path}, for {_NAME}["quant_method"] {method},'
    _multiple(f"the inputs {widths}", inputs, 32 if gptq else group)
    _multiple(f"the outputs {widths}", outputs, 32 if gptq else 8)
    if gptq:
        return gptq_bytes(in_features=inputs, out_features=outputs, bits=bits, group_size=group)
    return awq_bytes(in_features=inputs, out_features=outputs, group_size=group)


def _bits(stored: "Given") -> int:
    """Read in how many bits bitsandbytes keeps a weight."""
    four = _check.flag(f'{_NAME}["load_in_4bit"]', stored.get("load_in_4bit", False))
    eight = _check.flag(f'{_NAME}["load_in_8bit"]', stored.get("load_in_8bit", False))
    if four == eight:
        raise ValueError(f'{_NAME} must have one of "load_in_4bit" and "load_in_8bit"')
    return 4 if four else 8


def _scales(stored: "Given", inputs: int, outputs: int) -> int:
    """Count the scales of a matrix in fp8, one of its inputs among them where that is fixed."""
    if stored.get("scale_fmt") not in (None, "float"):
        raise ValueError(f'{_NAME}["scale_fmt"] must be left out: what it takes is not known')
    fixed = int(stored.get("activation_scheme", "dynamic") == "static")
    name, block = f'{_NAME}["weight_block_size"]', stored.get("weight_block_size", [128, 128])
    if block is None:
        return 1 + fixed
    sides = [_check.count(name, side) for side in _check.sequence(name, block)]
    if len(sides) != 2:
        raise ValueError(f"{name} must be two numbers, not {len(sides)}")
    return -(-outputs // sides[0]) * -(-inputs // sides[1]) + fixed


def _skips(name: str, value: object) -> "list[tuple[str, _patterns.Pattern]]":
    """Read the modules that are left as they are: how a path begins, or ends."""
    if isinstance(value, dict):
        raise ValueError(f"{name} must be left out: what it takes is not known")
    found = []
    for each in _check.sequence(name, value or [""]):
        if not isinstance(each, str):
            raise TypeError(f"{name} must be a list of str")
        if each:
            found.append((each, _patterns.Pattern(name, f"(?:{each})(?:\\..*)?")))
    return found


def _is_skipped(path: str, skipped: "list[tuple[str, _patterns.Pattern]]") -> bool:
    """Say whether a module is left as it is."""
    return any(path.endswith(text) or pattern.matches(path) for text, pattern in skipped)
