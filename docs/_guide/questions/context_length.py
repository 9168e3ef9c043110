"""Question 4: whether the memory to load a model grows with its context."""

import dlp
from _guide import given, practised
from _guide.formats import count, decimal, size
from _guide.question import Arguments, Case, Question, Wrong

ADDED = "Parameters added to {model}, context {before} to {after}"


def case(
    *,
    num_parameters: int = given.num_parameters,
    context_length: int = given.context_length,
    longer_context: int = given.longer_context,
    hidden_size: int = given.hidden_size,
    learned: bool = False,
) -> Case:
    """Ask for the memory of the weights at a longer context."""
    load = dlp.weight_bytes(num_parameters=num_parameters, dtype="fp32")
    table: Arguments = {"max_position_embeddings": context_length, "hidden_size": hidden_size}
    longer_table: Arguments = dict(table, max_position_embeddings=longer_context)
    growth = dlp.position_table_bytes(**longer_table) - dlp.position_table_bytes(**table)
    llama = dlp.transformer_dimensions(config=dlp.LLAMA_2_7B)
    cache = dlp.kv_cache_bytes(
        num_hidden_layers=llama["num_hidden_layers"],
        num_key_value_heads=llama["num_key_value_heads"],
        head_dim=llama["head_dim"],
        num_tokens=longer_context,
        dtype="fp32",
    )
    each = dlp.bytes_per_parameter(dtype="fp32")
    rows = longer_context - context_length if learned else 0
    needed = load + growth if learned else load
    positions = (
        f"a learned table of positions, {count(hidden_size)} wide"
        if learned
        else "rotary positions (RoPE), which have no parameters"
    )
    only_some: Wrong = {
        "value": load + growth,
        "assumes": "Every model has a learned table of positions.",
        "refuted": "GPT-2 and OPT have one; Llama, Mistral and Qwen rotate queries and keys "
        "instead, without a parameter.",
    }
    some: Wrong = {
        "value": load,
        "assumes": "No weights depend on the context.",
        "refuted": "This model's table of positions has a row for each position: it grows by "
        f"{size(growth)}.",
    }
    return {
        "asks": "The context length of the same model is raised. How much memory does it now take "
        "to load the weights in fp32?",
        "assumed": (
            "fp32",
            f"{count(dlp.GB)} bytes to the GB",
            "learned positions" if learned else "positions without parameters (RoPE)",
        ),
        "hints": ("Look for the weight matrix that has the sequence length in its shape.",),
        "steps": (
            ("", (dlp.weight_bytes, {"num_parameters": num_parameters, "dtype": "fp32"})),
            (
                "A learned table of positions, at the context given first:",
                (dlp.position_table_bytes, table),
            ),
            ("And at the longer one:", (dlp.position_table_bytes, longer_table)),
        ),
        "value": needed,
        "unit": "bytes",
        "says": size(needed) if learned else f"{size(load)}, unchanged",
        "because": (
            "No weight matrix has a sequence axis, but the learned table of positions has a row "
            f"for each: it grows by {size(growth)}. "
            if learned
            else "No weight matrix has a sequence axis. A learned table of positions would have "
            f"one and grow by {size(growth)}; this model has none. "
        )
        + "What grows with the context at run time is activations and the KV cache.",
        "wrong": (
            {
                "value": load * longer_context / context_length,
                "assumes": "Weights grow in proportion to the context.",
                "refuted": "The same matrices are applied to every token: more tokens mean more "
                "multiplications, not more weights.",
            },
            {
                "value": load * (longer_context / hidden_size) ** 2,
                "assumes": "The context length is taken for the embedding dimension, which has the "
                "same value here; and weights grow with the square of the width.",
                "refuted": "The embedding dimension is how wide one token's vector is; the context "
                "length is how many tokens there are.",
                "when": context_length == hidden_size,
            },
            {
                "value": load + cache,
                "assumes": "The KV cache is part of loading.",
                "refuted": "The cache fills while the model generates. (Here with the heads of "
                "Llama-2-7B.)",
            },
            some if learned else only_some,
        ),
        "tries": f"A model of {count(num_parameters)} parameters in fp32 has {positions}. Its "
        f"context is raised from {count(context_length)} to {count(longer_context)} tokens. How "
        "much memory do its weights take now?",
        "way": (
            {
                "finds": "Bytes of the weights at the context given first",
                "how": f"{count(num_parameters)} × {decimal(each)} bytes",
                "value": load,
                "unit": "bytes",
            },
            {
                "finds": "Parameters that the longer context adds",
                "how": f"{count(rows)} rows × {count(hidden_size)}"
                if learned
                else "the matrices with a sequence axis: none",
                "value": rows * hidden_size,
                "unit": "parameters",
            },
            {
                "finds": "Bytes of the weights at the longer context",
                "how": f"the first, and {count(rows * hidden_size)} × {decimal(each)} bytes more",
                "value": needed,
                "unit": "bytes",
            },
        ),
        "sheet": {
            "said": "No relation: the context length is for creating the vector store.",
            "verdict": "right answer, wrong reason",
            "put_right": "A vector store belongs to retrieval and has nothing to do with it. The "
            "weights have no axis for the sequence, so the same matrices serve any number of "
            f"tokens. Only a learned table of positions would grow, by {size(growth)}.",
        },
    }


QUESTION = Question(
    number=4,
    topic="Memory",
    nav="Context length",
    title="Does a model with a longer context take more memory to load?",
    given={
        "num_parameters": "parameters of the model",
        "context_length": "context length",
        "longer_context": "longer context",
    },
    rule="Weights have no axis for the sequence, but for a table of learned positions; activations "
    "and the KV cache do.",
    varied=(practised.models, practised.contexts),
    case=case,
    counted={
        "parameters: Llama-2-7B, 2048 positions: parameters"
        " → parameters: Llama-2-7B, 8000 positions: parameters": ADDED,
        "parameters: GPT-2: parameters → parameters: GPT-2, 8000 positions: parameters": ADDED,
        "parameters: OPT-6.7B: parameters"
        " → parameters: OPT-6.7B, 8000 positions: parameters": ADDED,
    },
    printed=("Llama-2-7B, 2048 tokens", "OPT-13B, one token"),
    sources="touvron2023b attention-llama positions-llama positions-gpt2 positions-opt su2021 "
    "press2021 kv-cache-layer scaling-book-inference ainslie2023 korthikanti2022 "
    "dao2022",
)
