"""Activations: what a forward pass keeps for the backward pass.

They appear when a model trains, and grow with the batch and the context; loading a model needs
none of them. They are read off the operations that the library runs, layer by layer.
"""

from dlp import _check, _layers, _losses, _pieces, _training

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal, Required, TypedDict, Unpack

    ComputeDtype = Literal["fp32", "tf32", "fp16", "bf16"]
    Method = Literal["full", "head-only", "lora", "qlora"]
    Recomputation = Literal["none", "selective", "full"]
    TrainedPart = Literal["full", "lora", "head-only"]

    class Step(TypedDict, total=False):
        """The arguments of `saved_activations`."""

        config: Required[Mapping[str, object]]
        training: Required[Mapping[str, object]]
        lora: Mapping[str, object] | None
        quantization: Mapping[str, object] | None
        method: TrainedPart | None
        library: str


COMPUTE_DTYPES: "tuple[ComputeDtype, ...]" = ("fp32", "tf32", "fp16", "bf16")
"""The number formats in which a forward pass keeps its activations."""

METHODS: "tuple[Method, ...]" = ("full", "head-only", "lora", "qlora")
"""What is trained: every weight, the head alone, or adapters on a frozen (quantized) model."""

RECOMPUTATIONS: "tuple[Recomputation, ...]" = ("none", "selective", "full")
"""What is computed again in the backward pass: nothing, the attention scores, or each layer."""


def saved_activations(
    *,
    config: "Mapping[str, object]",
    training: "Mapping[str, object]",
    lora: "Mapping[str, object] | None" = None,
    quantization: "Mapping[str, object] | None" = None,
    method: "TrainedPart | None" = None,
    library: str = "transformers",
) -> dict[str, int]:
    """List the bytes that the last layer keeps for the backward pass, tensor by tensor.

    A frozen linear layer does not need its input again, so LoRA keeps less than full fine-tuning;
    what carries the gradient to earlier layers it keeps all the same. A head on a frozen model
    keeps nothing of the layers below it, and a checkpointed layer its input alone. The first layer
    of a frozen model keeps a little less than the others: no gradient goes on to the embeddings.

    Args:
        config: A parsed `config.json`.
        training: Settings of a run, for [`peak_memory`][dlp.peak.peak_memory].
        lora: Settings of adapters, for `peak_memory`, or `None`.
        quantization: Settings of quantization, for `peak_memory`, or `None`.
        method: One of [`TRAINED_PARTS`][dlp.peak.TRAINED_PARTS]; `"lora"` if `lora` is given, and
            else `"full"`.
        library: Whose loop it is, for `peak_memory`.

    Returns:
        Bytes of each tensor kept, by name; empty for `"head-only"`.

    Raises:
        TypeError: If an argument or a setting is of the wrong type.
        ValueError: If a setting is unknown, missing or out of its range, or if a layer with it is
            not known tensor by tensor.

    Source:
        Transformers 5.23.0 and 4.48.3, PEFT 0.21.2, and what PyTorch 2.13.0 saves for backward.

    Examples:
        >>> from dlp.models import LLAMA_3_8B
        >>> kept = saved_activations(
        ...     config=LLAMA_3_8B,
        ...     training={
        ...         "per_device_train_batch_size": 1,
        ...         "max_length": 2048,
        ...         "dtype": "bfloat16",
        ...     },
        ... )
        >>> kept["gate"]
        58720256
    """
    setup = _training.read(config, training, lora, quantization, method, library)
    return _kept(setup, setup["num_hidden_layers"] - 1, flows=setup["method"] != "head-only")


def _kept(setup: "dict[str, Any]", place: int, *, flows: bool) -> dict[str, int]:
    """List what a layer keeps; `flows` says that its input needs a gradient."""
    if setup["gradient_checkpointing"]:
        size = setup["tokens"] * setup["hidden_size"] * setup["stream_size"]
        return {"layer input": size} if flows else {}
    return _pieces.finish(_layers.layer(setup, place), needs=("x",) if flows else ())["kept"]


def activation_bytes_per_layer(**run: "Unpack[Step]") -> int:
    """Count the bytes that the last layer keeps for the backward pass.

    The sum of [`saved_activations`][dlp.activations.saved_activations].

    Args:
        **run: The arguments of [`saved_activations`][dlp.activations.saved_activations].

    Returns:
        Bytes per layer.

    Raises:
        TypeError: If an argument or a setting is of the wrong type.
        ValueError: If a setting is unknown, missing or out of its range, or if a layer with it is
            not known tensor by tensor.

    Examples:
        >>> from dlp.models import LLAMA_3_8B
        >>> activation_bytes_per_layer(
        ...     config=LLAMA_3_8B,
        ...     training={
        ...         "per_device_train_batch_size": 1,
        ...         "max_length": 2048,
        ...         "gradient_checkpointing": True,
        ...         "dtype": "bfloat16",
        ...     },
        ... )
        16777216
    """
    return sum(saved_activations(**run).values())


def activation_bytes(**run: "Unpack[Step]") -> int:
    """Count the bytes that all layers keep for the backward pass.

    Embeddings are left out, and so is what comes after the layers:
    [`output_activations`][dlp.activations.output_activations] lists that. While a checkpointed
    layer is computed again, that layer's own tensors are in memory too.

    Args:
        **run: The arguments of [`saved_activations`][dlp.activations.saved_activations].

    Returns:
        Bytes of one micro-batch.

    Raises:
        TypeError: If an argument or a setting is of the wrong type.
        ValueError: If a setting is unknown, missing or out of its range, or if a layer with it is
            not known tensor by tensor.

    Examples:
        >>> from dlp.models import LLAMA_3_8B
        >>> activation_bytes(
        ...     config=LLAMA_3_8B,
        ...     training={
        ...         "per_device_train_batch_size": 1,
        ...         "max_length": 2048,
        ...         "gradient_checkpointing": True,
        ...         "dtype": "bfloat16",
        ...     },
        ... ) // 16777216
        32
    """
    setup = _read(run)
    _check.count("num_hidden_layers", setup["num_hidden_layers"], maximum=_check.MOST_LAYERS)
    # The embeddings of a model that is trained whole need a gradient, and checkpoints are asked to.
    flows = setup["method"] == "full"
    if setup["method"] != "head-only":
        flows = flows or setup["gradient_checkpointing"]
    found: "dict[object, int]" = {}
    total = 0
    for place in range(setup["num_hidden_layers"]):
        kind = (_layers.kind(setup, place), flows)
        if kind not in found:
            found[kind] = sum(_kept(setup, place, flows=flows).values())
        total += found[kind]
        flows = flows or setup["method"] == "lora"
    return total


def _read(run: "Mapping[str, Any]") -> "dict[str, Any]":
    """Read the settings of a run, and refuse what is no argument of `saved_activations`."""
    given = {"lora": None, "quantization": None, "method": None, "library": "transformers"}
    return _training.read(**dict(given, **run))


def output_activations(**run: "Unpack[Step]") -> dict[str, int]:
    """List the bytes that a model keeps for the backward pass after its last layer.

    The last norm, the head and the loss. Transformers computes the loss in fp32 and keeps the
    logarithms of all probabilities, one for each token and entry of the vocabulary. A frozen output
    head does not need its input, a frozen norm not its output. What the loss holds for a moment
    besides is part of the [peak][dlp.peak.peak_memory].

    Args:
        **run: The arguments of [`saved_activations`][dlp.activations.saved_activations].

    Returns:
        Bytes of each tensor kept, by name.

    Raises:
        TypeError: If an argument or a setting is of the wrong type.
        ValueError: If a setting is unknown, missing or out of its range, or if a head with it is
            not known tensor by tensor.

    Source:
        Transformers 5.23.0, `loss_utils.py`, `ForCausalLMLoss`.

    Examples:
        >>> from dlp.models import LLAMA_2_7B
        >>> kept = output_activations(
        ...     config=LLAMA_2_7B,
        ...     training={
        ...         "per_device_train_batch_size": 1,
        ...         "max_length": 2048,
        ...         "dtype": "bfloat16",
        ...     },
        ... )
        >>> kept["log-probabilities"]
        262144000
    """
    setup = _read(run)
    needs = () if setup["method"] == "head-only" else ("x",)
    kept = _pieces.finish(_losses.head(setup), needs=needs)["kept"]
    names = {"x": "last layer output"}
    return {names.get(name, name): size for name, size in kept.items()}
