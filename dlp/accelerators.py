"""Accelerators: the memory of a device, how fast it is read, and how much a device computes.

Graphics cards are sold by the GiB, whatever the box calls it: one "of 24 GB" has `24 * GIB` bytes.
The driver keeps some of them, and a card that corrects errors in ordinary memory a sixteenth, so
that a process sees less.
"""

from dlp import _check
from dlp.units import GIB

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Accelerator = Literal[
        "t4",
        "v100-16gb",
        "v100-32gb",
        "rtx-3060",
        "rtx-3090",
        "rtx-4090",
        "rtx-5090",
        "a10g",
        "l4",
        "l40s",
        "a6000",
        "rtx-6000-ada",
        "a100-40gb",
        "a100-80gb",
        "h100",
        "h200",
        "b200",
        "mi300x",
        "tpu-v4",
        "tpu-v5e",
        "tpu-v5p",
    ]

# A device, its memory in GiB, the gigabytes that it reads in a second, and its teraFLOPs in one, 0
# where the makers' figures are told in more than one way. V100, A100, H100, H200 and B200 are those
# on a board of NVIDIA's (SXM); the RTX 3060 is the one of 12 GB. TeraFLOPs are those of 16-bit
# matrix products without sparsity.
_DEVICES: "tuple[tuple[Accelerator, int, int, int], ...]" = (
    ("t4", 16, 320, 65),
    ("v100-16gb", 16, 900, 125),
    ("v100-32gb", 32, 900, 125),
    ("rtx-3060", 12, 360, 0),
    ("rtx-3090", 24, 936, 0),
    ("rtx-4090", 24, 1008, 0),
    ("rtx-5090", 32, 1792, 0),
    ("a10g", 24, 600, 0),
    ("l4", 24, 300, 121),
    ("l40s", 48, 864, 362),
    ("a6000", 48, 768, 0),
    ("rtx-6000-ada", 48, 960, 0),
    ("a100-40gb", 40, 1555, 312),
    ("a100-80gb", 80, 2039, 312),
    ("h100", 80, 3350, 989),
    ("h200", 141, 4800, 989),
    ("b200", 180, 8000, 2250),
    ("mi300x", 192, 5300, 1300),
    ("tpu-v4", 32, 1200, 275),
    ("tpu-v5e", 16, 810, 197),
    ("tpu-v5p", 96, 2800, 459),
)

_MEMORY = {name: gibibytes * GIB for name, gibibytes, _, _ in _DEVICES}
_BANDWIDTHS = {name: gigabytes * 10**9 for name, _, gigabytes, _ in _DEVICES}
_PEAKS = {name: teraflops * 10**12 for name, _, _, teraflops in _DEVICES if teraflops}

ACCELERATORS: "tuple[Accelerator, ...]" = tuple(_MEMORY)
"""The devices whose memory is known: graphics cards and TPUs."""

# The least that PyTorch was seen to call the capacity of a device, in hundredths of a GiB.
_SEEN = {
    "t4": 1456,
    "v100-32gb": 3174,
    "rtx-3060": 1175,
    "rtx-3090": 2370,
    "rtx-4090": 2352,
    "rtx-5090": 3134,
    "a10g": 2219,
    "l40s": 4442,
    "rtx-6000-ada": 4443,
    "a100-40gb": 3950,
    "a100-80gb": 7925,
    "h100": 7911,
}


def accelerator_memory_bytes(*, accelerator: "Accelerator") -> int:
    """Give the memory that a device is sold with.

    | `accelerator` | GiB |
    |---|--:|
    | `rtx-3060` | 12 |
    | `t4`, `v100-16gb`, `tpu-v5e` | 16 |
    | `rtx-3090`, `rtx-4090`, `a10g`, `l4` | 24 |
    | `v100-32gb`, `rtx-5090`, `tpu-v4` | 32 |
    | `a100-40gb` | 40 |
    | `l40s`, `a6000`, `rtx-6000-ada` | 48 |
    | `a100-80gb`, `h100` | 80 |
    | `tpu-v5p` | 96 |
    | `h200` | 141 |
    | `b200` | 180 |
    | `mi300x` | 192 |

    Args:
        accelerator: One of `ACCELERATORS`.

    Returns:
        Bytes of one device.

    Source:
        dstack's gpuhunt, `KNOWN_NVIDIA_GPUS` and `KNOWN_AMD_GPUS`; the scaling book, part 2, for
        TPUs.

    Examples:
        >>> accelerator_memory_bytes(accelerator="rtx-4090")
        25769803776
    """
    return _MEMORY[_check.choice("accelerator", accelerator, ACCELERATORS)]


def usable_memory_bytes(*, accelerator: "Accelerator") -> int:
    """Give the memory of a device that processes can use, at least.

    It is what PyTorch calls the total capacity when a device is full; reports differ a little, and
    this is the least of those read. Where none was found it is nine tenths of what is sold: no
    device whose report was read keeps more for itself.

    | `accelerator` | GiB |
    |---|--:|
    | `rtx-3060` | 11.75 |
    | `t4` | 14.56 |
    | `a10g` | 22.19 |
    | `rtx-4090` | 23.52 |
    | `rtx-3090` | 23.70 |
    | `rtx-5090` | 31.34 |
    | `v100-32gb` | 31.74 |
    | `a100-40gb` | 39.50 |
    | `l40s` | 44.42 |
    | `rtx-6000-ada` | 44.43 |
    | `h100` | 79.11 |
    | `a100-80gb` | 79.25 |

    Args:
        accelerator: One of `ACCELERATORS`.

    Returns:
        Bytes of one device, its own context included, which every process needs.

    Source:
        Messages of PyTorch in public reports, one for each device of the table.

    Examples:
        >>> usable = usable_memory_bytes(accelerator="rtx-4090")
        >>> round(usable / accelerator_memory_bytes(accelerator="rtx-4090"), 2)
        0.98
    """
    sold = accelerator_memory_bytes(accelerator=accelerator)
    if accelerator in _SEEN:
        return _SEEN[accelerator] * GIB // 100
    return sold * 9 // 10


def memory_bytes_per_second(*, accelerator: "Accelerator") -> int:
    """Give the bytes of its memory that a device reads or writes in a second: its bandwidth.

    | `accelerator` | GB per second |
    |---|--:|
    | `l4` | 300 |
    | `t4` | 320 |
    | `rtx-3060` | 360 |
    | `a10g` | 600 |
    | `a6000` | 768 |
    | `tpu-v5e` | 810 |
    | `l40s` | 864 |
    | `v100-16gb`, `v100-32gb` | 900 |
    | `rtx-3090` | 936 |
    | `rtx-6000-ada` | 960 |
    | `rtx-4090` | 1008 |
    | `tpu-v4` | 1200 |
    | `a100-40gb` | 1555 |
    | `rtx-5090` | 1792 |
    | `a100-80gb` | 2039 |
    | `tpu-v5p` | 2800 |
    | `h100` | 3350 |
    | `h200` | 4800 |
    | `mi300x` | 5300 |
    | `b200` | 8000 |

    Args:
        accelerator: One of `ACCELERATORS`.

    Returns:
        Bytes per second of one device.

    Source:
        llmfit, `gpu_memory_bandwidth_gbps`; for the RTX 6000 Ada grafikkarten.com, for the B200 the
        GPU glossary of Modal, for TPUs the scaling book, part 2.

    Examples:
        >>> memory_bytes_per_second(accelerator="rtx-4090")
        1008000000000
    """
    return _BANDWIDTHS[_check.choice("accelerator", accelerator, ACCELERATORS)]


def peak_flops_per_second(*, accelerator: "Accelerator") -> int:
    """Give the FLOPs per second that a device is sold with, for dense 16-bit matrix products.

    | `accelerator` | teraFLOPs per second |
    |---|--:|
    | `t4` | 65 |
    | `l4` | 121 |
    | `v100-16gb`, `v100-32gb` | 125 |
    | `tpu-v5e` | 197 |
    | `tpu-v4` | 275 |
    | `a100-40gb`, `a100-80gb` | 312 |
    | `l40s` | 362 |
    | `tpu-v5p` | 459 |
    | `h100`, `h200` | 989 |
    | `mi300x` | 1300 |
    | `b200` | 2250 |

    Args:
        accelerator: One of the devices in the table; of the other `ACCELERATORS`, the figures that
            are told differ.

    Returns:
        FLOPs per second of one device.

    Source:
        nanoGPT, `transformer_sizing.ipynb`, for the A100; Chowdhery et al. 2022 (PaLM), section
        4.1, for TPU v4; the scaling book, parts 1 and 2, for the other TPUs and the H100;
        llm-analysis for the V100; Lightning, `throughput.py`, for T4 and L4; torchtitan,
        `get_peak_flops`, for the rest.

    Examples:
        >>> peak_flops_per_second(accelerator="a100-40gb")
        312000000000000
    """
    return _PEAKS[_check.choice("accelerator", accelerator, _PEAKS)]
