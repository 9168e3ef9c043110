"""Question 3: the memory that the weights of a model take."""

from typing import TYPE_CHECKING

import dlp
from _guide import given, practised
from _guide.formats import binary_size, count, decimal, percent, size
from _guide.question import Case, Question

if TYPE_CHECKING:
    from dlp.units import Dtype


def case(*, num_parameters: int = given.num_parameters, dtype: "Dtype" = "fp32") -> Case:
    """Ask for the memory of the weights alone."""
    load = dlp.weight_bytes(num_parameters=num_parameters, dtype=dtype)
    bits = dlp.bits_per_parameter(dtype=dtype)
    each = dlp.bytes_per_parameter(dtype=dtype)
    half = dlp.bytes_per_parameter(dtype="fp16")
    other: Dtype = "fp32" if each == half else "fp16"
    other_each = dlp.bytes_per_parameter(dtype=other)
    bits_as_bytes = num_parameters * bits
    state = dlp.training_state_bytes(num_parameters=num_parameters)
    gibibytes = dlp.gibibytes(num_bytes=load)
    byte_s = "byte" if each == 1 else "bytes"
    bare = dlp.bits_per_parameter(dtype="int4")
    scaled = dtype == "nf4"
    with_scales = f", with its scales {decimal(bits, 4)} bits for each parameter" if scaled else ""
    whole: Dtype = "fp32"
    return {
        "asks": "The weights of the model are loaded in "
        f"{'single precision, ' if dtype == 'fp32' else ''}{dtype}. How many gigabytes of memory "
        "do they take?",
        "assumed": (dtype, f"{count(dlp.GB)} bytes to the GB", "weights only: nothing runs yet"),
        "hints": ("Turn the bits of one parameter into bytes; then multiply.",),
        "steps": (("", (dlp.weight_bytes, {"num_parameters": num_parameters, "dtype": dtype})),),
        "value": load,
        "unit": "bytes",
        "because": f"{decimal(each, 4)} {byte_s} for each parameter; in binary units the same "
        f"bytes are {binary_size(load)}.",
        "wrong": (
            {
                "value": dlp.weight_bytes(num_parameters=num_parameters, dtype=other),
                "assumes": f"A parameter takes {count(other_each)} bytes.",
                "refuted": f"That is right for {'fp16 and bf16' if other == 'fp16' else other}. In "
                f"{dtype} it takes {decimal(bits, 4)} bits, {decimal(each, 4)} {byte_s}.",
            },
            {
                "value": bits_as_bytes,
                "assumes": "Bits are taken for bytes.",
                "refuted": f"A byte has {count(given.bits_per_byte)} bits: divide the bits by "
                "that.",
            },
            {
                "value": gibibytes * dlp.GB,
                "assumes": "Bytes are divided by powers of two and the result is called GB.",
                "refuted": "That number is in GiB. The question's GB is decimal.",
            },
            {
                "value": state,
                "assumes": "Gradients and the two moments of AdamW are loaded as well.",
                "refuted": "They exist only once training starts; loading needs the weights alone.",
                "when": state != bits_as_bytes,
            },
            {
                "value": load * (1 + given.inference_overhead),
                "assumes": f"A share for the run is added: {percent(given.inference_overhead)}.",
                "refuted": "A rule of thumb for inference, not for loading.",
            },
        ),
        "more": (
            {
                "value": dlp.weight_bytes(num_parameters=num_parameters, dtype=whole),
                "assumes": "A parameter takes "
                f"{count(dlp.bytes_per_parameter(dtype=whole))} bytes, as in {whole}.",
                "refuted": f"In {dtype} it takes {decimal(bits, 4)} bits.",
                "when": dtype not in (whole, other),
            },
        ),
        "other": (
            {
                "value": dlp.weight_bytes(num_parameters=num_parameters, dtype="int4"),
                "say": f"Right for {decimal(bare)} bits, as nf4 is often reckoned. Its blocks have "
                f"scales besides: {decimal(bits, 4)} bits in all.",
            },
        )
        if scaled
        else (),
        "tries": f"A model of {count(num_parameters)} parameters is loaded in {dtype}{with_scales}."
        " How much memory do its weights take?",
        "way": (
            {
                "finds": "Bytes of one parameter",
                "how": f"{decimal(bits, 4)} bits ÷ {count(given.bits_per_byte)}",
                "value": each,
                "unit": "bytes",
            },
            {
                "finds": "Memory of all parameters",
                "how": f"{count(num_parameters)} × {decimal(each, 4)} {byte_s}",
                "value": load,
                "unit": "bytes",
            },
        ),
        "sheet": {
            "said": f"{size(load)}.",
            "verdict": "right",
            "put_right": f"Nothing to correct. In binary units it is {binary_size(load)}.",
        },
    }


QUESTION = Question(
    number=3,
    topic="Memory",
    nav="Memory to load",
    title="How much memory does it take to load the model?",
    given={
        "num_parameters": "parameters of the model",
    },
    rule="GB is decimal, GiB is binary and `#!calc percent(GIB / GB - 1)` more.",
    varied=(
        practised.sizes
        + tuple(
            {"num_parameters": dlp.parameter_count(config=config)}
            for config in (dlp.LLAMA_2_7B, dlp.MISTRAL_7B, dlp.QWEN2_5_7B, dlp.LLAMA_3_8B, dlp.GPT2)
        ),
        practised.dtypes,
    ),
    case=case,
    counted={
        "parameters: Llama-2-7B: parameters": "Parameters of {model}",
        "parameters: Llama-3-8B: parameters": "Parameters of {model}",
        "parameters: Mistral-7B-v0.1: parameters": "Parameters of {model}",
        "parameters: Qwen2.5-7B: parameters": "Parameters of {model}",
        "parameters: GPT-2: parameters": "Parameters of {model}",
        "states: model state, full, AdamW: bytes of weights": "Bytes of the weights of a small "
        "Llama in fp32",
    },
    printed=(
        "Llama 3.1 8B in fp16",
        "Llama 3.1 70B in int4",
        "GPT-3 checkpoint in fp16",
    ),
    sources="nist-binary accelerate-dtypes accelerate-bytes from-pretrained cuda-tf32 "
    "dettmers2023 bnb-4bit touvron2023a config-llama grattafiori2024 jiang2023 "
    "config-mistral qwen2024",
)
