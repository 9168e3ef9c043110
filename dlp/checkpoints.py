"""Checkpoints: the file of optimizer states that a `Trainer` saves, to the byte.

`torch.save` writes a zip file: each tensor a record of its own, whose numbers begin at a place that
suits the processor, and before them a pickle that says how they hang together.
"""

from dlp import _tensors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlp._tensors import Tensor

_STORAGES = {"F32": "FloatStorage", "F16": "HalfStorage", "BF16": "BFloat16Storage"}

# The options of a group of AdamW: a float takes 9 bytes, two one more, what is true, false or
# nothing 1.
_OPTIONS = {
    "weight_decay": 9,
    "lr": 9,
    "betas": 19,
    "eps": 9,
    "amsgrad": 1,
    "maximize": 1,
    "foreach": 1,
    "capturable": 1,
    "differentiable": 1,
    "fused": 1,
    "decoupled_weight_decay": 1,
    "initial_lr": 9,
}


def optimizer_file_bytes(*, tensors: "Mapping[str, Tensor]") -> int:
    """Count the bytes of `optimizer.pt`, in which a `Trainer` saves the states of AdamW.

    For each trained tensor two moments in the format of the tensor, and the number of steps in 4
    bytes; for each of the three a record of the zip file, with its name twice; and a pickle. Norms
    and biases, which do not decay, are in a group of their own at the end.

    The other files of a checkpoint are small, and their size depends on what is in them:
    `scheduler.pt` and `rng_state.pth` on the digits of numbers, `trainer_state.json` on what was
    logged, `training_args.bin` on the settings.

    Args:
        tensors: The trained tensors of a model by name, as
            [`model_tensors`][dlp.tensors.model_tensors] and
            [`lora_tensors`][dlp.tensors.lora_tensors] give them, in 16 or 32 bits.

    Returns:
        Bytes.

    Raises:
        TypeError: If `tensors` is not a dict of tensors.
        ValueError: If it is empty, a tensor is in another format or has no numbers, or the file is
            so large that places in it do not fit 32 bits, where records are longer.

    Source:
        PyTorch 2.13.0, `serialization.py` and `caffe2/serialize/inline_container.cc`; Transformers
        5.23.0, `trainer_pt_utils.py`, `get_parameter_names`.

    Examples:
        >>> from dlp.models import LLAMA_3_8B
        >>> from dlp.tensors import lora_tensors
        >>> adapter = lora_tensors(config=LLAMA_3_8B, r=8, target_modules=["q_proj", "v_proj"])
        >>> optimizer_file_bytes(tensors=adapter)
        27367499
    """
    table = _tensors.table(tensors)
    if not table:
        raise ValueError("tensors must hold at least one tensor")
    decaying: "list[Tensor]" = []
    others: "list[Tensor]" = []
    for name, tensor in table:
        if tensor["dtype"] not in _STORAGES:
            raise ValueError(f"a dtype in tensors must be one of {', '.join(_STORAGES)} here")
        if 0 in tensor["shape"]:
            raise ValueError("a side of a shape in tensors must be 1 or more here")
        (others if _is_spared(name) else decaying).append(tensor)
    records = []
    for tensor in decaying + others:
        records += [4, _tensors.size(tensor), _tensors.size(tensor)]
    names = ["data.pkl", ".format_version", ".storage_alignment", "byteorder"]
    names += [f"data/{number}" for number in range(len(records))]
    names += ["version", ".data/serialization_id"]
    pickled = _pickled(decaying, others)
    place, listed = 0, 0
    for name, size in zip(names, [pickled, 1, 2, 6, *records, 2, 40]):
        # A header, the name, and at least 4 bytes that fill up to a multiple of 64.
        length = len("optimizer/" + name)
        begin = -(-(place + 30 + length + 4) // 64) * 64
        place = begin + size + 16
        listed += 46 + length
    if place + listed >= 2**32:
        raise ValueError("tensors must have states of less than 2^32 bytes together")
    return place + listed + 98


def _is_spared(name: str) -> bool:
    """Say whether a tensor does not decay: that of a norm, or a bias."""
    parts = name.split(".")
    module = parts[-2] if len(parts) > 1 else ""
    return parts[-1] == "bias" or module.endswith("norm") or module.startswith("ln_")


def _pickled(decaying: "list[Tensor]", others: "list[Tensor]") -> int:
    """Count the bytes of the pickle: what was written before is named by its number."""
    pickle = _Pickle()
    pickle.add(2)
    pickle.opened()
    pickle.add(1)
    pickle.word("state")
    pickle.opened()
    count = len(decaying) + len(others)
    for place, tensor in enumerate(decaying + others):
        pickle.number(place)
        pickle.opened()
        pickle.add(1)
        pickle.word("step")
        pickle.tensor("FloatStorage", [])
        for name in ("exp_avg", "exp_avg_sq"):
            pickle.word(name)
            pickle.tensor(_STORAGES[tensor["dtype"]], list(tensor["shape"]))
        pickle.add(1)
    pickle.ended(count)
    pickle.word("param_groups")
    pickle.opened()
    pickle.add(1)
    begin = 0
    for group in (decaying, others):
        pickle.opened()
        pickle.add(1)
        for name, size in _OPTIONS.items():
            pickle.word(name)
            pickle.add(size)
            if name == "betas":
                pickle.keep()
        pickle.word("params")
        pickle.opened()
        for place in range(begin, begin + len(group)):
            pickle.number(place)
        begin += len(group)
        pickle.ended(len(group))
        pickle.add(1)
    pickle.add(1)
    pickle.add(2)
    return pickle.written


class _Pickle:
    """A pickle of protocol 2, of which only the size is kept."""

    def __init__(self) -> None:
        self.written = 0
        self.kept = 0  # objects that have a number
        self.known: "dict[str, int]" = {}
        self.storages = 0

    def add(self, size: int) -> None:
        """Write so many bytes."""
        self.written += size

    def keep(self) -> None:
        """Give the last object a number."""
        self.written += 2 if self.kept < 256 else 5
        self.kept += 1

    def opened(self) -> None:
        """Begin a dict or a list."""
        self.written += 1
        self.keep()

    def ended(self, count: int) -> None:
        """Fill a dict or a list: one item alone, others a thousand at a time."""
        self.written += 1 if count == 1 else 2 * -(-count // 1000)

    def number(self, value: int) -> None:
        """Write an int below 2^31: a side, a stride or a count of what the file has room for."""
        self.written += 2 if value < 256 else 3 if value < 2**16 else 5

    def once(self, name: str, size: int) -> None:
        """Write an object, or its number if it was written before."""
        if name in self.known:
            self.written += 2 if self.known[name] < 256 else 5
            return
        self.known[name] = self.kept
        self.written += size
        self.keep()

    def word(self, text: str) -> None:
        """Write a text."""
        self.once(text, 5 + len(text))

    def imported(self, module: str, name: str) -> None:
        """Write a function or a class, by its name."""
        self.once(module + " " + name, 3 + len(module) + len(name))

    def numbers(self, values: "list[int]") -> None:
        """Write a tuple of ints."""
        for value in values:
            self.number(value)
        self.written += 2 if len(values) > 3 else 1
        if values:
            self.keep()

    def tensor(self, storage: str, shape: "list[int]") -> None:
        """Write what a tensor is made of, but for its numbers."""
        strides: "list[int]" = []
        count = 1
        for side in reversed(shape):
            strides = [count, *strides]
            count *= side
        self.imported("torch._utils", "_rebuild_tensor_v2")
        self.add(2)
        self.word("storage")
        self.imported("torch", storage)
        self.add(5 + len(str(self.storages)))
        self.keep()
        self.storages += 1
        self.word("cpu")
        self.number(count)
        self.add(1)
        self.keep()
        self.add(3)
        self.numbers(shape)
        self.numbers(strides)
        self.add(1)
        self.imported("collections", "OrderedDict")
        self.add(2)
        self.keep()
        self.add(1)
        self.keep()
        self.add(1)
        self.keep()
