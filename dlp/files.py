"""Files of weights: what safetensors files take on disk, to the byte.

A file is a header, in which each tensor has its name, type, shape and place, and the numbers. So
names count too: [`model_tensors`][dlp.tensors.model_tensors] has those of some models.
"""

from dlp import _check, _tensors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlp._tensors import Tensor

_SIZES = {"TB": 10**12, "GB": 10**9, "MB": 10**6, "KB": 10**3}


def safetensors_bytes(
    *, tensors: "Mapping[str, Tensor]", metadata: "Mapping[str, str] | None" = None
) -> int:
    """Count the bytes of a safetensors file.

    Eight bytes that say how long the header is; the header, a line of JSON, filled up with spaces
    to a multiple of eight; the numbers. The widest numbers come first, and of one type the names
    in the order of the alphabet, which counts as well: a later place has more digits.

    Args:
        tensors: For each tensor by its name a dict with its `dtype`, such as `"BF16"`, and its
            `shape`, as the header itself has them: one that was read from a file goes in as it is.
            A name is of the letters, digits and marks of ASCII but `"` and a backslash.
        metadata: What else stands in the header, texts by name; Transformers and PEFT write
            `{"format": "pt"}`. Left out, nothing.

    Returns:
        Bytes.

    Raises:
        TypeError: If `tensors` or `metadata` is not a dict of what is said above.
        ValueError: If a type is unknown, a side of a shape is negative, or a name has other marks.

    Source:
        safetensors 0.8.0, `safetensors/src/tensor.rs`, `prepare` and `Dtype`.

    Examples:
        >>> safetensors_bytes(tensors={"weight": {"dtype": "F32", "shape": [2, 3]}})
        96
    """
    parts = []
    if metadata is not None:
        said = [
            f'"{_tensors.name("metadata", name)}":"{_tensors.name("metadata", text)}"'
            for name, text in _check.mapping("metadata", metadata).items()
        ]
        parts.append('"__metadata__":{' + ",".join(said) + "}")
    ranks = {dtype: place for place, dtype in enumerate(_tensors.WIDTHS)}
    end = 0
    for name, tensor in sorted(
        _tensors.table(tensors), key=lambda each: (ranks[each[1]["dtype"]], each[0])
    ):
        start, end = end, end + _tensors.size(tensor)
        shape = ",".join([str(side) for side in tensor["shape"]])
        told = f'"dtype":"{tensor["dtype"]}","shape":[{shape}],"data_offsets":[{start},{end}]'
        parts.append(f'"{name}":{{{told}}}')
    header = len("{" + ",".join(parts) + "}")
    return 8 + -(-header // 8) * 8 + end


def saved_model_bytes(
    *,
    tensors: "Mapping[str, Tensor]",
    max_shard_size: "int | str" = "50GB",
    loaded: bool = True,
    num_parameters: int | None = None,
) -> dict[str, int]:
    """Count the bytes of each file of weights that `save_pretrained` writes.

    Tensor after tensor goes into a file until the next would make it larger than
    `max_shard_size`, headers not counted; a tensor that is larger itself has a file of its own.
    If there are several, an index says which of them has which tensor.

    Args:
        tensors: As for [`safetensors_bytes`][dlp.files.safetensors_bytes], in the order of the
            model.
        max_shard_size: Bytes, 1 or more, or a text such as `"5GB"`, of 10^9 bytes each. Before
            Transformers 5 the default was `"5GB"`.
        loaded: Whether the model came from `from_pretrained`. Transformers then saves the tensors
            in the order of their names, numbers in them as numbers, and otherwise in that of the
            model, which may give other files.
        num_parameters: Parameters of the model, which the index says, 0 or more. Left out, the
            numbers in `tensors`, which is right unless they are quantized.

    Returns:
        Bytes of each file by its name, the index last.

    Raises:
        TypeError: If an argument is of another type.
        ValueError: If a tensor cannot be read, `tensors` is empty, or `max_shard_size` is no size.

    Source:
        Transformers 5.23.0, `modeling_utils.py`, `save_pretrained`, and `core_model_loading.py`,
        `revert_weight_conversion`; huggingface_hub 2.4.0, `serialization/_base.py`,
        `split_state_dict_into_shards_factory`.

    Examples:
        Qwen2.5 7B:

        >>> from dlp.models import QWEN2_5_7B
        >>> from dlp.tensors import model_tensors
        >>> weights = model_tensors(config=QWEN2_5_7B, dtype="bf16")
        >>> list(saved_model_bytes(tensors=weights))
        ['model.safetensors']
        >>> len(saved_model_bytes(tensors=weights, max_shard_size="5GB")) - 1
        4
    """
    limit = _size(max_shard_size)
    table = _tensors.table(tensors)
    if not table:
        raise ValueError("tensors must hold at least one tensor")
    if _check.flag("loaded", loaded):
        table = sorted(table, key=lambda each: _natural(each[0]))
    shards = _shards(table, limit)
    count = sum(_tensors.numbers(tensor["shape"]) for _, tensor in table)
    if num_parameters is not None:
        count = _check.count("num_parameters", num_parameters, minimum=0)
    files, home = {}, {}
    for number, names in enumerate(shards):
        place = f"-{_five(number + 1)}-of-{_five(len(shards))}" if len(shards) > 1 else ""
        file = f"model{place}.safetensors"
        files[file] = safetensors_bytes(
            tensors={name: tensors[name] for name in names}, metadata={"format": "pt"}
        )
        home.update(dict.fromkeys(names, file))
    if len(shards) > 1:
        lines = [f'    "{name}": "{file}"' for name, file in home.items()]
        held = sum(_tensors.size(tensor) for _, tensor in table)
        said = f'    "total_parameters": {count},\n    "total_size": {held}\n'
        mapped = '  },\n  "weight_map": {\n' + ",\n".join(lines) + "\n  }\n}\n"
        index = '{\n  "metadata": {\n' + said + mapped
        files["model.safetensors.index.json"] = len(index)
    return files


def _size(max_shard_size: object) -> int:
    """Read a size as huggingface_hub does, which rounds a fraction of a byte off."""
    if not isinstance(max_shard_size, str):
        return _check.count("max_shard_size", max_shard_size)
    text = max_shard_size.strip()
    unit, (whole, _, part) = text[-2:].upper(), text[:-2].strip().partition(".")
    if unit not in _SIZES or not (whole + part).isdigit() or len(text) > 20:
        raise ValueError(
            f"max_shard_size must be a number with one of {', '.join(_SIZES)}, "
            f"such as '5GB', not {max_shard_size[:60]!r}"
        )
    size = int(int(whole + part) / 10 ** len(part) * _SIZES[unit])
    return _check.count("the bytes of max_shard_size", size)


def _shards(table: "list[tuple[str, Tensor]]", limit: int) -> list[list[str]]:
    """Share tensors out among files."""
    shards: list[list[str]] = []
    names: list[str] = []
    held = 0
    for name, tensor in table:
        num_bytes = _tensors.size(tensor)
        if num_bytes > limit:
            shards.append([name])
            continue
        if held + num_bytes > limit:
            shards.append(names)
            names, held = [], 0
        names.append(name)
        held += num_bytes
    if names:
        shards.append(names)
    return shards


def _natural(name: str) -> "list[tuple[int, str, int]]":
    """Give what Transformers sorts names by: parts between dots, with their numbers as numbers."""
    key = []
    for part in name.split("."):
        text = part.rstrip("0123456789")
        number = part[len(text) :]
        key.append((1 if text else 0, text, int(number) if number else -1))
    return key


def _five(number: int) -> str:
    return "00000"[len(str(number)) :] + str(number)
