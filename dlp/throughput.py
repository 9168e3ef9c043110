"""Throughput: tokens per second, days of training, and how well the devices are used."""

from dlp import _check
from dlp.activations import RECOMPUTATIONS
from dlp.compute import forward_flops_by_part, training_flops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlp.activations import Recomputation


def model_training_flops(
    *,
    config: "Mapping[str, object]",
    sequence_length: int,
    per_device_train_batch_size: int = 1,
    num_adapter_parameters: int = 0,
    recomputation: "Recomputation" = "none",
) -> int:
    """Count the FLOPs of a training step of a model, from its `config.json`.

    Forward [`forward_flops_by_part`][dlp.compute.forward_flops_by_part], which knows experts and
    windows, and backward twice as much. Beside adapters the matrices are frozen and cost half of
    that backward, for they need no gradient of their own; attention between tokens has no
    matrices, and costs as much as ever. With recomputation the layers, or attention between
    tokens alone, are run forward once more, which makes the FLOPs of HFU.

    Args:
        config: A parsed `config.json` of a causal language model.
        sequence_length: Tokens in a sequence, 1 or more.
        per_device_train_batch_size: Sequences, 1 or more.
        num_adapter_parameters: Parameters of adapters that each token is multiplied by, if these
            alone are trained, of those on experts such as it is sent to; 0 if the model is trained.
        recomputation: One of `RECOMPUTATIONS`.

    Returns:
        FLOPs. Below the first adapter no gradient is needed, so a library may do less there.

    Raises:
        TypeError: If an argument or a value in `config` is of the wrong type.
        ValueError: If a count is out of its range, `recomputation` or `model_type` unknown or no
            causal language model's, a key is missing or a value out of its range.

    Source:
        The scaling book, part 4, "Forward and reverse FLOPs"; Chowdhery et al. 2022 (PaLM),
        appendix B.

    Examples:
        The share of the FLOPs of full training that LoRA needs for Llama 3 8B:

        >>> from dlp.models import LLAMA_3_8B
        >>> step = {"config": LLAMA_3_8B, "sequence_length": 2048}
        >>> lora = model_training_flops(**step, num_adapter_parameters=41_943_040)
        >>> round(lora / model_training_flops(**step), 2)
        0.69
    """
    parts = forward_flops_by_part(
        config=config,
        sequence_length=sequence_length,
        per_device_train_batch_size=per_device_train_batch_size,
    )
    _check.choice("recomputation", recomputation, RECOMPUTATIONS)
    between = parts["attention_scores"] + parts["attention_values"]
    matrices = sum(parts.values()) - between
    _check.count("num_adapter_parameters", num_adapter_parameters, minimum=0)
    adapters = 2 * num_adapter_parameters * sequence_length * per_device_train_batch_size
    backward = matrices + 2 * adapters if adapters else 2 * matrices
    again = {
        "none": 0,
        "selective": between,
        "full": matrices - parts["output_head"] + between + adapters,
    }
    return matrices + adapters + backward + 3 * between + again[recomputation]


def flops_utilization(
    *,
    tokens_per_second: float,
    flops_per_token: float,
    num_devices: int,
    peak_flops_per_second: float,
) -> float:
    r"""Give the share of the devices' peak that a training run uses: MFU or HFU.

    With the FLOPs that the model needs this is the model FLOPs utilization (MFU); with those that
    the hardware does, recomputation included, the hardware FLOPs utilization (HFU).

    $$\frac{\text{tokens\_per\_second} \times \text{flops\_per\_token}}
    {\text{num\_devices} \times \text{peak\_flops\_per\_second}}$$

    Args:
        tokens_per_second: Tokens that all devices together get through in a second, zero or more.
        flops_per_token: FLOPs for one token, zero or more.
        num_devices: Devices, 1 or more.
        peak_flops_per_second: What one device does at best, 1 or more.

    Returns:
        Share of the peak, 1 at best.

    Source:
        Chowdhery et al. 2022 (PaLM), section 4.1.

    Examples:
        >>> mfu = flops_utilization(
        ...     tokens_per_second=238_300,
        ...     flops_per_token=3_277_734_806_784,
        ...     num_devices=6144,
        ...     peak_flops_per_second=275_000_000_000_000,
        ... )
        >>> round(mfu, 3)
        0.462
    """
    done = _check.number("tokens_per_second", tokens_per_second) * _check.number(
        "flops_per_token", flops_per_token
    )
    return done / _peak(num_devices, peak_flops_per_second)


def tokens_per_second(
    *,
    utilization: float,
    flops_per_token: float,
    num_devices: int,
    peak_flops_per_second: float,
) -> float:
    r"""Give the tokens that devices get through in a second at some utilization of their peak.

    $$\frac{\text{utilization} \times \text{num\_devices} \times \text{peak\_flops\_per\_second}}
    {\text{flops\_per\_token}}$$

    Args:
        utilization: MFU for FLOPs that the model needs, HFU for those done, from 0 to 1.
        flops_per_token: FLOPs for one token, 1 or more.
        num_devices: Devices, 1 or more.
        peak_flops_per_second: What one device does at best, 1 or more.

    Returns:
        Tokens per second of all devices together.

    Source:
        Chowdhery et al. 2022 (PaLM), section 4.1: the inverse of
        [`flops_utilization`][dlp.throughput.flops_utilization].

    Examples:
        >>> round(
        ...     tokens_per_second(
        ...         utilization=0.4,
        ...         flops_per_token=6 * 7_000_000_000,
        ...         num_devices=8,
        ...         peak_flops_per_second=312_000_000_000_000,
        ...     )
        ... )
        23771
    """
    _check.number("utilization", utilization, maximum=1)
    _check.number("flops_per_token", flops_per_token, minimum=1)
    return utilization * _peak(num_devices, peak_flops_per_second) / flops_per_token


def training_days(
    *,
    num_parameters: int,
    num_tokens: int,
    num_devices: int,
    flops_per_second: float,
    utilization: float = 1.0,
    recomputation: "Recomputation" = "none",
) -> float:
    r"""Estimate how long training takes, attention between tokens left out.

    $$\frac{\operatorname{training\_flops}}{\text{num\_devices} \times \text{flops\_per\_second}
    \times \text{utilization} \times 86400}$$

    Args:
        num_parameters: Parameters that each token is multiplied by, 1 or more.
        num_tokens: Tokens of the whole run, 1 or more.
        num_devices: Devices, 1 or more.
        flops_per_second: What one device does: measured, or its peak beside a `utilization`, 1 or
            more.
        utilization: The share of `flops_per_second` that is reached, from one in a million to 1:
            MFU without, HFU with recomputation.
        recomputation: One of `RECOMPUTATIONS`.

    Returns:
        Days of 86,400 seconds.

    Source:
        nanoGPT, `transformer_sizing.ipynb`; with full recomputation Narayanan et al. 2021, equation
        4.

    Examples:
        >>> round(
        ...     training_days(
        ...         num_parameters=175_000_000_000,
        ...         num_tokens=300_000_000_000,
        ...         num_devices=1024,
        ...         flops_per_second=140_000_000_000_000,
        ...         recomputation="full",
        ...     ),
        ...     1,
        ... )
        33.9
    """
    flops = training_flops(
        num_parameters=num_parameters, num_tokens=num_tokens, recomputation=recomputation
    )
    _check.count("num_devices", num_devices)
    _check.number("flops_per_second", flops_per_second, minimum=1)
    _check.number("utilization", utilization, minimum=1e-6, maximum=1)
    return flops / (num_devices * flops_per_second * utilization * 86400)


def _peak(num_devices: object, peak_flops_per_second: object) -> float:
    return _check.count("num_devices", num_devices) * _check.number(
        "peak_flops_per_second", peak_flops_per_second, minimum=1
    )
