"""Peak memory: what a training step holds at its fullest moment, which decides whether it fits."""

from dlp import _check
from dlp.adapters import lora_totals
from dlp.architectures import parameter_count, transformer_dimensions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MOMENTS = ("forward end", "loss backward", "layer backward", "backward end", "update")
"""The moments of a training step of which one holds the most."""

PARTS = (
    "weights",
    "adapters",
    "optimizer",
    "gradients",
    "activations",
    "cache",
    "logits",
    "working",
    "inputs",
    "workspace",
)
"""What a moment of a training step holds."""


def peak_memory(
    *,
    config: "Mapping[str, object]",
    training: "Mapping[str, object]",
    lora: "Mapping[str, object] | None" = None,
    quantization: "Mapping[str, object] | None" = None,
    method: str | None = None,
    library: str = "transformers",
    num_devices: int = 1,
    stage: int = 0,
    offload: bool = False,
) -> dict[str, object]:
    """List what a training step holds, moment by moment, and name the fullest."""
    sizes = transformer_dimensions(config=config)
    args = _check.keywords("training", training)
    total = parameter_count(config=config)
    trained = total
    adapters = 0
    if lora is not None:
        kept = {k: v for k, v in lora.items() if k in ("r", "target_modules", "modules_to_save")}
        trained = adapters = int(lora_totals(config=config, **kept)["trainable_params"])  # type: ignore[arg-type]
    tokens = int(args.get("per_device_train_batch_size", 8)) * int(args["max_length"])  # type: ignore[call-overload]
    width, inner, vocab = sizes["hidden_size"], sizes["intermediate_size"], sizes["vocab_size"]
    row = tokens * (16 * width + 8 * inner)
    layers = sizes["num_hidden_layers"]
    checkpointing = bool(args.get("gradient_checkpointing"))
    kept_bytes = layers * tokens * width * 2 if checkpointing else layers * row
    static = {
        "weights": 2 * total,
        "adapters": 4 * adapters,
        "optimizer": (8 if adapters else 4) * trained,
        "inputs": 24 * tokens,
        "workspace": 2 * 8_519_680,
    }
    grads = (4 if adapters else 2) * trained
    moments = {
        "forward end": {**static, "activations": kept_bytes, "logits": 10 * tokens * vocab},
        "loss backward": {**static, "activations": kept_bytes, "logits": 12 * tokens * vocab},
        "layer backward": {
            **static,
            "activations": kept_bytes,
            "working": row + 14 * inner * tokens,
        },
        "backward end": {**static, "gradients": grads},
        "update": {**static, "gradients": grads, "working": grads},
    }
    ordered = {
        name: {part: held.get(part, 0) for part in PARTS if part in held}
        for name, held in moments.items()
    }
    moment = max(MOMENTS, key=lambda name: sum(ordered[name].values()))
    peak = sum(ordered[moment].values())
    return {
        "peak": peak,
        "moment": moment,
        "moments": ordered,
        "lower": peak + 300 * 2**20,
        "upper": peak * 5 // 4 + 1400 * 2**20,
        "device": {},
    }
