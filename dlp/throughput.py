"""Throughput: tokens per second, days of training, and how well the devices are used."""

from dlp import _check
from dlp.compute import training_flops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dlp.activations import Recomputation


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
