"""Files of weights, byte for byte."""

from __future__ import annotations

import math
import pickle
import re
import sys
from collections import OrderedDict
from io import BytesIO
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlp
from dlp import checkpoints
from tests.formulas.laws import law

TYPES = {"F32": 4, "BF16": 2, "U8": 1, "I64": 8}

any_tensors = st.dictionaries(
    st.from_regex(r"[a-z]{1,9}(\.[0-9]{1,3})?(\.weight)?", fullmatch=True),
    st.fixed_dictionaries(
        {
            "dtype": st.sampled_from(sorted(TYPES)),
            "shape": st.lists(st.integers(0, 40), max_size=3),
        }
    ),
    min_size=1,
    max_size=12,
)


def held(tensors: dict[str, Any]) -> int:
    """Count the bytes of numbers."""
    total = 0
    for each in tensors.values():
        size = TYPES[each["dtype"]]
        for side in each["shape"]:
            size *= side
        total += size
    return total


@law
@given(tensors=any_tensors)
def test_a_file_holds_its_tensors_and_a_header(tensors: dict[str, Any]) -> None:
    header = dlp.safetensors_bytes(tensors=tensors) - held(tensors)
    assert header % 8 == 0
    least = sum(
        len(f'"{name}":{{"dtype":"U8","shape":[],"data_offsets":[0,0]}}') for name in tensors
    )
    assert least < header < 8 + 2 * least + 40 * len(tensors)
    named = dlp.safetensors_bytes(tensors=tensors, metadata={"format": "pt"})
    assert 24 <= named - held(tensors) - header <= 32
    assert dlp.saved_model_bytes(tensors=tensors) == {"model.safetensors": named}
    backwards = dict(reversed(tensors.items()))
    assert dlp.safetensors_bytes(tensors=backwards) == header + held(tensors)


@law
@given(tensors=any_tensors, room=st.integers(1, 400), more=st.integers(0, 4000))
def test_a_smaller_limit_never_gives_fewer_files(
    tensors: dict[str, Any], room: int, more: int
) -> None:
    # A tensor that is larger than the limit leaves those beside it in one file.
    limit = room + max(held({name: each}) for name, each in tensors.items())
    files = dlp.saved_model_bytes(tensors=tensors, max_shard_size=limit)
    fewer = dlp.saved_model_bytes(tensors=tensors, max_shard_size=limit + more)
    assert len(files) >= len(fewer)
    weights = [name for name in files if not name.endswith(".json")]
    assert (len(files) == len(weights) + 1) == (len(weights) > 1)
    assert sum(files[name] for name in weights) > held(tensors)


@law
@given(
    config=st.sampled_from([dlp.LLAMA_3_8B, dlp.MISTRAL_7B, dlp.QWEN2_5_7B, dlp.GPT2]),
    rank=st.integers(1, 64),
    dora=st.booleans(),
)
def test_the_tensors_of_a_model_hold_its_parameters(
    config: dict[str, Any], rank: int, dora: bool
) -> None:
    weights = dlp.model_tensors(config=config, dtype="fp32")
    assert held(dict(weights)) == 4 * dlp.parameter_count(config=config)
    setup: dict[str, Any] = {"config": config, "r": rank, "use_dora": dora}
    adapter = dlp.lora_tensors(**setup, target_modules=dlp.ALL_LINEAR, dtype="fp32")
    trained = dlp.lora_model_parameters(**setup, target_modules=dlp.ALL_LINEAR)
    assert held(dict(adapter)) == 4 * trained


def test_a_file_of_one_tensor() -> None:
    said = '{"weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}'
    one: Any = {"weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [5, 6]}}
    assert dlp.safetensors_bytes(tensors=one) == 8 + 64 + 24
    assert 56 < len(said) <= 64


@pytest.mark.parametrize(("dtype", "files"), [("bf16", 4), ("fp32", 7)])
def test_the_files_of_qwen_7b_at_5_gb(dtype: Any, files: int) -> None:
    weights = dlp.model_tensors(config=dlp.QWEN2_5_7B, dtype=dtype)
    for loaded in (True, False):
        found = dlp.saved_model_bytes(tensors=weights, max_shard_size="5GB", loaded=loaded)
        names = [f"model-0000{n}-of-0000{files}.safetensors" for n in range(1, files + 1)]
        assert list(found) == [*names, "model.safetensors.index.json"]
        assert all(found[name] <= 5 * 10**9 + 10**5 for name in names)
    assert list(dlp.saved_model_bytes(tensors=weights)) == ["model.safetensors"]


@pytest.mark.parametrize(
    ("size", "files"),
    [(24, 2), ("0.024KB", 2), (".024KB", 2), (" 0.024 kb ", 2), (23, 3), (47, 2), (48, 1)],
)
def test_a_limit_is_of_numbers_not_of_headers(size: Any, files: int) -> None:
    one: Any = {"dtype": "U8", "shape": [24]}
    tensors = {"a": one, "b": one} if files < 3 else {"a": one, "b": one, "c": one}
    found = dlp.saved_model_bytes(tensors=tensors, max_shard_size=size)
    assert len([name for name in found if "index" not in name]) == files


@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=40),
    limit=st.integers(5, 12),
)
def test_a_file_is_filled_until_the_next_tensor_is_too_much(sizes: list[int], limit: int) -> None:
    tensors: Any = {f"{n:02}": {"dtype": "U8", "shape": [size]} for n, size in enumerate(sizes)}
    files = dlp.saved_model_bytes(tensors=tensors, max_shard_size=limit)
    rooms: list[int] = []
    for size in sizes:
        if not rooms or rooms[-1] < size:
            rooms.append(limit)
        rooms[-1] -= size
    assert len([name for name in files if "index" not in name]) == len(rooms)


@pytest.mark.parametrize("word", ["layers.", "shard_"])
def test_a_loaded_model_is_saved_in_the_order_of_names(word: str) -> None:
    sizes = {"10": 5, "2": 6, "9": 4, "x": 5}
    tensors: Any = {word + end: {"dtype": "U8", "shape": [size]} for end, size in sizes.items()}
    if word == "layers.":  # a name after theirs
        tensors["m"] = tensors.pop("layers.x")
    files = {
        loaded: len(dlp.saved_model_bytes(tensors=tensors, max_shard_size=10, loaded=loaded))
        for loaded in (True, False)
    }
    assert files == {
        True: 2 + 1,
        False: 3 + 1,
    }  # 2 and 9, 10 and the last; or 10, 2 and 9, the last


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tensors": {'a"': {"dtype": "U8", "shape": []}}}, "plain letters and marks"),
        ({"tensors": {"é": {"dtype": "U8", "shape": []}}}, "plain letters and marks"),
        ({"tensors": {"a": {"dtype": "F4", "shape": []}}}, "dtype in tensors must be one of"),
        ({"tensors": {"a": {"dtype": "U8", "shape": [-1]}}}, "a side of a shape in tensors"),
        ({"tensors": {}}, "at least one tensor"),
        ({"max_shard_size": "5GiB"}, "such as '5GB', not '5GiB'"),
        ({"max_shard_size": "GB"}, "such as '5GB', not 'GB'"),
        ({"max_shard_size": "0.0001KB"}, "the bytes of max_shard_size must be from 1"),
        ({"max_shard_size": "1" * 30 + "GB"}, "such as '5GB'"),
    ],
)
def test_what_no_file_can_hold_is_refused(change: dict[str, Any], words: str) -> None:
    plain: Any = {"tensors": {"a": {"dtype": "U8", "shape": [1]}}}
    with pytest.raises(ValueError, match=re.escape(words)):
        dlp.saved_model_bytes(**plain | change)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (dlp.BERT_BASE, "not of bert"),
        (dlp.LLAMA_3_8B | {"architectures": ["LlamaForSequenceClassification"]}, "whose tensors"),
        (dlp.LLAMA_3_8B | {"architectures": ["LlamaModel"]}, "whose tensors"),
    ],
)
def test_tensors_without_known_names_are_refused(config: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dlp.model_tensors(config=config)


# --- Optimizer states -----------------------------------------------------------------------


@law
@given(shapes=st.lists(st.lists(st.integers(1, 40), max_size=5), min_size=1, max_size=40))
def test_a_saved_optimizer_holds_two_moments_of_each_number(shapes: list[list[int]]) -> None:
    tensors: Any = {
        f"layers.{place}.weight": {"dtype": "F32", "shape": shape}
        for place, shape in enumerate(shapes)
    }
    moments = 2 * held(tensors)
    file = dlp.optimizer_file_bytes(tensors=tensors)
    records = 3 * len(shapes) + 6
    assert file > moments + 4 * len(shapes) + records * (30 + 16 + 46)
    assert file < moments + records * 500 + 2000
    halved: Any = {name: each | {"dtype": "F16"} for name, each in tensors.items()}
    assert dlp.optimizer_file_bytes(tensors=halved) <= file + 64  # one storage more to name


@pytest.mark.parametrize(
    ("name", "decays"),
    [
        ("a.weight", True),
        ("a.bias", False),
        ("layers.0.input_layernorm.weight", False),
        ("layers.0.self_attn.q_norm.weight", False),
        ("h.0.ln_1.weight", False),
        ("model.norm.weight", False),
        ("layers.0.normalized.weight", True),
        ("q_proj.lora_magnitude_vector", True),
        ("norm", True),
    ],
)
def test_norms_and_biases_are_saved_at_the_end(name: str, decays: bool) -> None:
    # Records begin at multiples of 64, so that their order shows where one just fits.
    small: Any = {"dtype": "BF16", "shape": [1]}
    large: Any = {"dtype": "BF16", "shape": [31]}
    before = dlp.optimizer_file_bytes(tensors={name: small, "z.weight": large})
    after = dlp.optimizer_file_bytes(tensors={"z.weight": large, name: small})
    assert (before != after) == decays


class Storage:
    """The numbers of a tensor, of which a pickle of PyTorch says where they are."""

    def __init__(self, kind: type, key: int, numbers: int) -> None:
        """Say what is written in their place."""
        self.told = ("storage", kind, str(key), "cpu", numbers)


class Tensor:
    """A tensor that is pickled as PyTorch's are."""

    def __init__(self, kind: type, key: int, shape: list[int]) -> None:
        """Make one of some shape, its numbers row after row."""
        self.storage = Storage(kind, key, math.prod(shape))
        self.shape = tuple(shape)
        self.strides = tuple(math.prod(shape[place:]) for place in range(1, len(shape) + 1))

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (self.storage, 0, self.shape, self.strides, False, OrderedDict())


class Pickler(pickle.Pickler):
    """Python's own, which asks where numbers are."""

    def persistent_id(self, each: object) -> tuple[Any, ...] | None:
        """Say what is written of an object in its place, if something is."""
        return each.told if isinstance(each, Storage) else None


def pickled(monkeypatch: pytest.MonkeyPatch, shapes: list[list[int]], decaying: int) -> int:
    """Pickle what an optimizer has of bf16 tensors, under the names of PyTorch."""
    torch: Any = ModuleType("torch")
    torch._utils = ModuleType("torch._utils")
    names = ("FloatStorage", "BFloat16Storage")
    kinds = [type(name, (), {"__module__": "torch"}) for name in names]
    vars(torch).update(zip(names, kinds, strict=True))
    torch._utils._rebuild_tensor_v2 = type("_rebuild_tensor_v2", (), {"__module__": "torch._utils"})
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", torch._utils)
    state = {
        place: {
            "step": Tensor(kinds[0], 3 * place, []),
            "exp_avg": Tensor(kinds[1], 3 * place + 1, shape),
            "exp_avg_sq": Tensor(kinds[1], 3 * place + 2, shape),
        }
        for place, shape in enumerate(shapes)
    }
    groups = [
        {
            "weight_decay": 0.0,
            "lr": 5e-5,
            "betas": tuple([0.9, 0.999]),  # one for each group  # noqa: C409
            "eps": 1e-8,
            "amsgrad": False,
            "maximize": False,
            "foreach": None,
            "capturable": False,
            "differentiable": False,
            "fused": True,
            "decoupled_weight_decay": True,
            "initial_lr": 5e-5,
            "params": list(params),
        }
        for params in (range(decaying), range(decaying, len(shapes)))
    ]
    file = BytesIO()
    Pickler(file, protocol=2).dump({"state": state, "param_groups": groups})
    return len(file.getvalue())


@pytest.mark.parametrize(
    ("shapes", "decaying"),
    [
        ([[3]], 1),
        ([[3]], 0),
        ([[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 4, 5]], 4),
        ([[side] for side in (255, 256, 257, 65535, 65536, 65537)], 3),
        ([[side, 256 // side] for side in (1, 2, 128, 256)], 2),
        ([[2, 3]] * 256, 255),
        ([[2, 3]] * 257, 1),
        ([[2, 3]] * 1001, 1000),
        ([[2, 3]] * 2100, 1001),
    ],
)
def test_states_are_pickled_as_python_does(
    monkeypatch: pytest.MonkeyPatch, shapes: list[list[int]], decaying: int
) -> None:
    tensors: Any = [{"dtype": "BF16", "shape": shape} for shape in shapes]
    theirs = pickled(monkeypatch, shapes, decaying)
    assert checkpoints._pickled(tensors[:decaying], tensors[decaying:]) == theirs


def test_a_file_of_states_has_less_than_4_gib() -> None:
    one: Any = {"dtype": "F32", "shape": [1]}
    tensors = {f"{place}.weight": one for place in range(341)}
    # Both moments of a tensor grow by 64 bytes with 16 numbers; of so many it comes out even.
    room = 2**32 - (dlp.optimizer_file_bytes(tensors=tensors) - 98)
    assert room % 128 == 0
    tensors["0.weight"] = {**one, "shape": [1 + room // 8]}
    with pytest.raises(ValueError, match=r"less than 2\^32 bytes"):
        dlp.optimizer_file_bytes(tensors=tensors)
    tensors["0.weight"] = {**one, "shape": [1 + room // 8 - 16]}
    assert dlp.optimizer_file_bytes(tensors=tensors) == 2**32 - 128 + 98


def test_states_that_no_trainer_saves_are_refused() -> None:
    with pytest.raises(ValueError, match="one of F32, F16, BF16"):
        dlp.optimizer_file_bytes(tensors={"a": {"dtype": "U8", "shape": [1]}})
    with pytest.raises(ValueError, match="at least one tensor"):
        dlp.optimizer_file_bytes(tensors={})
    with pytest.raises(ValueError, match="must be 1 or more"):
        dlp.optimizer_file_bytes(tensors={"a": {"dtype": "F32", "shape": [2**40, 0]}})
    with pytest.raises(ValueError, match=r"less than 2\^32 bytes"):
        dlp.optimizer_file_bytes(tensors={"a": {"dtype": "F32", "shape": [2**29]}})
