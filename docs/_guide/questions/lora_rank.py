"""Question 8: the parameters that LoRA trains at each rank."""

import dlp
from _guide import given, practised
from _guide.formats import count, times
from _guide.question import Arguments, Case, Question, Step

TRAINED = "Trained in {model}: {setup}"


def case(
    *,
    real_width: int = given.real_width,
    r: int = given.r,
    out_features: int = 0,
    as_share: bool = False,
) -> Case:
    """Ask what LoRA trains beside a matrix, square unless it has other rows, as its rank grows."""
    rows = out_features if out_features else real_width
    matrix: Arguments = {"in_features": real_width, "out_features": rows}
    trained = dlp.lora_parameters(r=r, **matrix)
    doubled = dlp.lora_parameters(r=2 * r, **matrix)
    break_even = dlp.lora_break_even_rank(**matrix)
    squared = (2 * r) ** 2 / r**2
    one_factor = r * real_width
    product = real_width * rows
    ratio = product if as_share else 1
    asks_share = "As a share of the matrix's own parameters, how many does the adapter train?"
    asks_count = "How many parameters does the adapter train?"
    way: tuple[Step, ...] = (
        {
            "finds": "Parameters of A, a row for each unit of rank",
            "how": f"{count(r)} × {count(real_width)}",
            "value": one_factor,
            "unit": "parameters",
        },
        {
            "finds": "Parameters of B, a column for each unit of rank",
            "how": f"{count(rows)} × {count(r)}",
            "value": rows * r,
            "unit": "parameters",
        },
        {
            "finds": "Parameters of both",
            "how": f"{count(one_factor)} + {count(rows * r)}",
            "value": trained,
            "unit": "parameters",
        },
    )
    share: tuple[Step, ...] = (
        {
            "finds": "Those, as a share of the matrix's own",
            "how": f"{count(trained)} ÷ ({count(rows)} × {count(real_width)})",
            "value": trained / product,
            "unit": "share",
        },
    )
    model = dlp.lora_model_parameters(
        config=dlp.LLAMA_2_7B, r=r, target_modules=["q_proj", "v_proj"]
    )
    return {
        "asks": "A weight matrix is adapted with LoRA. “A larger rank means more parameters to "
        "tune.” True or false?",
        "assumed": (
            "one adapted matrix"
            + (", such as the queries' in Llama-2-7B" if real_width == given.real_width else ""),
            "no bias, no DoRA",
        ),
        "hints": ("Count the entries of the two factors; then double the rank and count again.",),
        "steps": (
            ("", (dlp.lora_parameters, dict(matrix, r=r))),
            ("At twice the rank:", (dlp.lora_parameters, dict(matrix, r=2 * r))),
            (
                "And the rank at which the factors are as large as the matrix:",
                (dlp.lora_break_even_rank, matrix),
            ),
        ),
        "value": trained / product if as_share else trained,
        "unit": "share" if as_share else "parameters",
        "says": f"True, in proportion: {count(trained)} at rank {count(r)}, {count(doubled)} at "
        f"{count(2 * r)}",
        "because": "A has one row and B one column for each unit of rank, so the count is linear "
        f"in the rank; {'at' if product % (real_width + rows) == 0 else 'just above'} rank "
        f"{count(product // (real_width + rows))} both together are as large as the matrix.",
        "wrong": (
            {
                "value": squared,
                "unit": "times",
                "says": f"True, {times(squared)} when the rank doubles",
                "assumes": "The factors are square in the rank.",
                "refuted": "Each is as long as the matrix and only as wide as the rank: the count "
                f"grows {times(doubled / trained)}.",
            },
            {
                "value": one_factor / ratio if as_share else one_factor,
                "says": f"True: {count(one_factor)} at rank {count(r)}",
                "assumes": "Only one factor is counted.",
                "refuted": "Both A and B are trained.",
            },
            {
                "value": 1 if as_share else product,
                "says": f"False: {count(product)} at every rank",
                "assumes": "The product of the factors, which has the shape of the matrix, is what "
                "is trained.",
                "refuted": "The product is not a parameter: only its two factors are trained.",
                "when": r not in (break_even, real_width),
            },
            {
                "value": trained,
                "unit": "parameters of the whole model",
                "says": f"{count(trained)} for the whole model",
                "assumes": "One matrix stands for all.",
                "refuted": "Llama-2-7B with queries and values adapted has "
                f"{count(model // trained)} such matrices: {count(model)}.",
            },
            {
                "says": "True, and a larger alpha adds more still",
                "assumes": "The scale is trained.",
                "refuted": "`lora_alpha` is a constant that scales what the adapter adds; it is "
                "not trained.",
            },
        ),
        "more": (
            {
                "value": 2 * one_factor / ratio if as_share else 2 * one_factor,
                "assumes": "Both factors are as long as the matrix is wide.",
                "refuted": f"B has a row for each of the matrix's {count(rows)} rows, A a "
                f"column for each of its {count(real_width)} columns.",
                "when": rows != real_width,
            },
            {
                "value": doubled / ratio if as_share else doubled,
                "assumes": "The rank is doubled.",
                "refuted": f"That is the count at rank {count(2 * r)}, to see how it grows; asked "
                f"for is rank {count(r)}.",
            },
        ),
        "tries": f"A weight matrix of {count(rows)} rows and {count(real_width)} columns is "
        f"adapted with LoRA of rank {count(r)}. {asks_share if as_share else asks_count}",
        "way": way + share if as_share else way,
        "sheet": {
            "said": "True: A is as long as the matrix and as wide as the rank.",
            "verdict": "right, written transposed",
            "put_right": "In the paper and in PEFT, A has one *row* for each unit of rank and B "
            "one column. The count is the same.",
        },
    }


QUESTION = Question(
    number=8,
    topic="Parameters",
    nav="LoRA rank",
    title="Does a larger LoRA rank train more parameters?",
    given={
        "real_width": "rows and columns of the adapted matrix",
        "r": "rank",
    },
    rule=r"LoRA is linear in the rank: $r \times (k + d)$ for each adapted matrix.",
    finds="How many parameters does the adapter of this one matrix train, at the rank given above?",
    again="How many parameters does LoRA train beside this matrix, and how many at twice the rank?",
    varied=(practised.matrices, practised.ranks, practised.shares),
    case=case,
    counted={
        "peft: Llama-2-7B, r=4, q_proj+v_proj: trainable parameters": TRAINED,
        "peft: Llama-2-7B, r=8, q_proj+v_proj: trainable parameters": TRAINED,
        "peft: Llama-2-7B, r=16, q_proj+v_proj: trainable parameters": TRAINED,
        "peft: Llama-2-7B, r=64, q_proj+v_proj: trainable parameters": TRAINED,
        "peft: Llama-2-7B, r=8, all-linear: trainable parameters": TRAINED,
        "peft: Mistral-7B-v0.1, r=8, q_proj+v_proj: trainable parameters": TRAINED,
        "peft: GPT-2, r=8, c_attn, bias=all: trainable parameters": TRAINED,
        "peft: Llama-3-8B, r=8, all-linear, use_dora=True: trainable parameters": TRAINED,
    },
    printed=(
        "LoRA Table 15, q+v, r=1",
        "LoRA Table 15, q+v, r=8",
        "LoRA Table 15, q+k+v+o, r=4",
    ),
    sources="hu2021 peft-layer loralib peft-dora liu2024 peft-sequence-classification course-11-4",
)
