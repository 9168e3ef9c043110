"""The eight questions: what each asks and gives, its call, its answer, and the wrong answers.

One question's facts stand here and nowhere else. Its page, the answers at a glance and the cheat
sheet are made from them. Every figure comes from a call of `dlp` or from `_guide.given`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markdown.extensions.toc import slugify

import dlp
from _guide import given
from _guide.formats import binary_size, count, decimal, gb, percent, size, times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

GROUPS = ("Training steps", "Memory", "Parameters", "Objectives")


@dataclass(frozen=True)
class Call:
    """One call of a formula."""

    function: Callable[..., Any]
    arguments: Mapping[str, Any]

    def __call__(self, **changes: Any) -> Any:
        """Make the call, with some arguments changed."""
        return self.function(**{**self.arguments, **changes})


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: what it says, computed from the mistake itself, and why it is wrong."""

    answer: str
    assumes: str
    refuted: str


@dataclass(frozen=True)
class Sheet:
    """What the original answer sheet says, and what has to be put right."""

    said: str
    verdict: str
    put_right: str


@dataclass(frozen=True)
class Question:
    """One question of the guide."""

    number: int
    slug: str
    group: str
    title: str
    asks: str
    given: tuple[str, ...]
    assumptions: tuple[str, ...]
    hint: str
    call: Call
    also: tuple[tuple[str, Call], ...]
    answer: str
    because: str
    wrong: tuple[Wrong, ...]
    sheet: Sheet
    sources: tuple[str, ...]

    @property
    def page(self) -> str:
        """The page of the question, relative to the documentation folder."""
        return f"questions/{self.slug}.md"

    @property
    def anchor(self) -> str:
        """The id of the page's title, by which a block links to it: `[words][anchor]`."""
        return slugify(self.title, "-")

    @property
    def choices(self) -> tuple[str, ...]:
        """The right answer and the wrong ones."""
        return (self.answer, *(wrong.answer for wrong in self.wrong))


# --- Question 1 -----------------------------------------------------------------------------

_epoch = Call(
    dlp.updates_per_epoch,
    {
        "num_samples": given.num_samples,
        "per_device_train_batch_size": given.per_device_train_batch_size,
        "gradient_accumulation_steps": given.gradient_accumulation_steps,
        "num_devices": given.num_devices,
    },
)
_micro_batches = dlp.micro_batches_per_epoch(
    num_samples=given.num_samples,
    per_device_train_batch_size=given.per_device_train_batch_size,
)
_effective = dlp.effective_batch_size(
    per_device_train_batch_size=given.per_device_train_batch_size,
    gradient_accumulation_steps=given.gradient_accumulation_steps,
)

ITERATIONS = Question(
    number=1,
    slug="iterations-per-epoch",
    group="Training steps",
    title="How many iterations make one epoch?",
    asks=(
        "A model is trained on one GPU with gradient accumulation. How many iterations, that is "
        "updates of the weights, does one epoch take?"
    ),
    given=(
        "num_samples",
        "per_device_train_batch_size",
        "gradient_accumulation_steps",
        "context_length",
    ),
    assumptions=("one GPU", "an iteration is an optimizer update", "samples one context long"),
    hint="Work out how many samples one update sees; then how often that fits into the data set.",
    call=_epoch,
    also=(),
    answer=f"{count(_epoch())} updates",
    because=(
        f"Each update sees an effective batch of {count(_effective)} samples; the epoch runs "
        f"{count(_micro_batches)} micro-batches on the way."
    ),
    wrong=(
        Wrong(
            f"{count(_micro_batches)}",
            "Every forward and backward pass is an iteration.",
            f"That counts micro-batches. The weights change once for every "
            f"{count(given.gradient_accumulation_steps)} of them.",
        ),
        Wrong(
            f"{count(given.num_samples // given.gradient_accumulation_steps)}",
            "The samples are divided by the accumulation steps alone, or the micro-batches are "
            "multiplied by them.",
            f"A micro-batch holds {count(given.per_device_train_batch_size)} samples, and "
            "accumulation makes updates fewer, never more.",
        ),
        Wrong(
            f"{count(given.num_samples)}",
            "Each sample is an iteration.",
            f"One update uses {count(_effective)} samples.",
        ),
        Wrong(
            f"{count(given.num_samples // _effective * given.context_length)}",
            f"The effective batch is taken for {count(_effective)} tokens, and all tokens of the "
            "data set are divided by it.",
            f"An effective batch is {count(_effective)} samples, however long each is.",
        ),
    ),
    sheet=Sheet(
        said=f"{count(_epoch())}.",
        verdict="right, but does not say what is counted",
        put_right=f"These are updates. Micro-batches would be {count(_micro_batches)}.",
    ),
    sources=(
        "trainer-steps",
        "trainer-old",
        "trainer-fix",
        "trainer-issue",
        "torch-batch-sampler",
        "accelerate-shard",
        "lightning-steps",
        "accumulation-docs",
    ),
)

# --- Question 2 -----------------------------------------------------------------------------

UPDATES = Question(
    number=2,
    slug="when-weights-update",
    group="Training steps",
    title="Are weights updated only at the end of an epoch?",
    asks=(
        "Someone says of the same run: “the weights of the model are updated only when an epoch "
        "ends.” True or false?"
    ),
    given=("num_samples", "per_device_train_batch_size", "gradient_accumulation_steps"),
    assumptions=("one GPU", "the same run as in question 1"),
    hint="Find out after how many samples the optimizer steps for the first time.",
    call=Call(
        dlp.effective_batch_size,
        {
            "per_device_train_batch_size": given.per_device_train_batch_size,
            "gradient_accumulation_steps": given.gradient_accumulation_steps,
            "num_devices": given.num_devices,
        },
    ),
    also=(("And so often in the epoch:", _epoch),),
    answer=f"False: after every {count(_effective)} samples, {count(_epoch())} times in the epoch",
    because=(
        f"The optimizer steps after each effective batch: "
        f"{count(given.gradient_accumulation_steps)} micro-batches of "
        f"{count(given.per_device_train_batch_size)} samples."
    ),
    wrong=(
        Wrong(
            f"True: {count(_epoch(gradient_accumulation_steps=_micro_batches))} update in an epoch",
            "The gradients of all samples are summed before the optimizer steps.",
            "That is full-batch gradient descent. A training loop steps after every effective "
            "batch, thousands of times in an epoch.",
        ),
        Wrong(
            f"False: after every batch of {count(given.per_device_train_batch_size)} samples, "
            f"{count(_micro_batches)} times",
            "Each backward pass changes the weights.",
            "`backward()` only adds to the stored gradients; `optimizer.step()` changes weights, "
            f"and it runs after {count(given.gradient_accumulation_steps)} micro-batches.",
        ),
        Wrong(
            "False, and accumulation also makes weights and optimizer states smaller",
            "Smaller micro-batches make everything smaller.",
            "Only activations depend on the micro-batch. Weights, gradients and optimizer states "
            "are as large as before.",
        ),
        Wrong(
            f"False: after every sample, {count(given.num_samples)} times",
            "Stochastic gradient descent takes one sample at a time.",
            "In its original form it does; here one update averages over the effective batch.",
        ),
    ),
    sheet=Sheet(
        said="False: weights are updated after one batch of data.",
        verdict="right answer, loose reason",
        put_right=f"After one *effective* batch of {count(_effective)}: "
        f"{count(given.gradient_accumulation_steps)} micro-batches of "
        f"{count(given.per_device_train_batch_size)}. After a single batch of "
        f"{count(given.per_device_train_batch_size)} the weights are still the old ones.",
    ),
    sources=(
        "torch-backward",
        "torch-optimizer",
        "trainer-loop",
        "trainer-loss",
        "lightning-loop",
        "accelerate-sync",
        "course-7-6",
        "accumulation-fix",
    ),
)

# --- Question 3 -----------------------------------------------------------------------------

_load = Call(dlp.weight_bytes, {"num_parameters": given.num_parameters, "dtype": "fp32"})

LOAD = Question(
    number=3,
    slug="memory-to-load",
    group="Memory",
    title="How much memory does it take to load the model?",
    asks=(
        "The weights of the model are loaded in single precision, fp32. How many gigabytes of "
        "memory do they take?"
    ),
    given=("num_parameters",),
    assumptions=("fp32", f"{dlp.GB:,} bytes to the GB", "weights only: nothing runs yet"),
    hint="Turn the bits of one parameter into bytes; then multiply.",
    call=_load,
    also=(),
    answer=gb(_load()),
    because=(
        f"{count(dlp.bytes_per_parameter(dtype='fp32'))} bytes for each parameter; in binary "
        f"units the same bytes are {binary_size(_load())}."
    ),
    wrong=(
        Wrong(
            gb(_load(dtype="fp16")),
            f"A parameter takes {count(dlp.bytes_per_parameter(dtype='fp16'))} bytes.",
            "That is right for fp16 and bf16. In fp32 it takes "
            f"{count(dlp.bits_per_parameter(dtype='fp32'))} bits, "
            f"{count(dlp.bytes_per_parameter(dtype='fp32'))} bytes.",
        ),
        Wrong(
            gb(given.num_parameters * dlp.bits_per_parameter(dtype="fp32")),
            "Bits are taken for bytes.",
            f"A byte has {count(given.bits_per_byte)} bits: divide the bits by that.",
        ),
        Wrong(
            f"{decimal(dlp.gibibytes(num_bytes=_load()))} GB",
            "Bytes are divided by powers of two and the result is called GB.",
            "That number is in GiB. The question's GB is decimal.",
        ),
        Wrong(
            gb(dlp.training_state_bytes(num_parameters=given.num_parameters)),
            "Gradients and the two moments of AdamW are loaded as well.",
            "They exist only once training starts; loading needs the weights alone.",
        ),
        Wrong(
            gb(_load() * (1 + given.inference_overhead)),
            f"A share for the run is added: {percent(given.inference_overhead)}.",
            "A rule of thumb for inference, not for loading.",
        ),
    ),
    sheet=Sheet(
        said=f"{gb(_load())}.",
        verdict="right",
        put_right=f"Nothing to correct. In binary units it is {binary_size(_load())}.",
    ),
    sources=(
        "nist-binary",
        "accelerate-dtypes",
        "accelerate-bytes",
        "from-pretrained",
        "cuda-tf32",
        "dettmers2023",
        "bnb-4bit",
        "touvron2023a",
        "config-llama",
        "grattafiori2024",
        "jiang2023",
        "config-mistral",
        "qwen2024",
    ),
)

# --- Question 4 -----------------------------------------------------------------------------

_table = Call(
    dlp.position_table_bytes,
    {"max_position_embeddings": given.context_length, "hidden_size": given.hidden_size},
)
_table_growth = _table(max_position_embeddings=given.longer_context) - _table()
_llama = dlp.transformer_dimensions(config=dlp.LLAMA_2_7B)
_cache = Call(
    dlp.kv_cache_bytes,
    {name: _llama[name] for name in ("num_hidden_layers", "num_key_value_heads", "head_dim")}
    | {"num_tokens": given.longer_context, "dtype": "fp32"},
)

CONTEXT = Question(
    number=4,
    slug="context-length",
    group="Memory",
    title="Does a model with a longer context take more memory to load?",
    asks=(
        "The context length of the same model is raised. How much memory does it now take to load "
        "the weights in fp32?"
    ),
    given=("num_parameters", "context_length", "longer_context"),
    assumptions=("fp32", f"{dlp.GB:,} bytes to the GB", "positions without parameters (RoPE)"),
    hint="Look for the weight matrix that has the sequence length in its shape.",
    call=_load,
    also=(
        ("A learned table of positions, at the context given first:", _table),
        (
            "And at the longer one:",
            Call(
                dlp.position_table_bytes,
                {**_table.arguments, "max_position_embeddings": given.longer_context},
            ),
        ),
    ),
    answer=f"{gb(_load())}, unchanged",
    because=(
        "No weight matrix has a sequence axis. Only a learned table of positions grows, by "
        f"{size(_table_growth)} here; what grows with the context at run time is activations "
        "and the KV cache."
    ),
    wrong=(
        Wrong(
            gb(_load() * given.longer_context / given.context_length),
            "Weights grow in proportion to the context.",
            "The same matrices are applied to every token: more tokens mean more multiplications, "
            "not more weights.",
        ),
        Wrong(
            gb(_load() * (given.longer_context / given.hidden_size) ** 2),
            "The context length is taken for the embedding dimension, which has the same value "
            "here; and weights grow with the square of the width.",
            "The embedding dimension is how wide one token's vector is; the context length is how "
            "many tokens there are.",
        ),
        Wrong(
            gb(_load() + _cache()),
            "The KV cache is part of loading.",
            "The cache fills while the model generates. (Here with the heads of Llama-2-7B.)",
        ),
        Wrong(
            gb(_load() + _table_growth),
            "Every model has a learned table of positions.",
            "GPT-2 and OPT have one; Llama, Mistral and Qwen rotate queries and keys instead, "
            "without a parameter.",
        ),
    ),
    sheet=Sheet(
        said="No relation: the context length is for creating the vector store.",
        verdict="right answer, wrong reason",
        put_right="A vector store belongs to retrieval and has nothing to do with it. The weights "
        "have no axis for the sequence, so the same matrices serve any number of tokens. Only a "
        f"learned table of positions would grow, by {size(_table_growth)}.",
    ),
    sources=(
        "touvron2023b",
        "attention-llama",
        "positions-llama",
        "positions-gpt2",
        "positions-opt",
        "su2021",
        "press2021",
        "kv-cache-layer",
        "scaling-book-inference",
        "ainslie2023",
        "korthikanti2022",
        "dao2022",
    ),
)

# --- Question 5 -----------------------------------------------------------------------------

_head = Call(
    dlp.classification_head_parameters,
    {"hidden_size": given.hidden_size, "num_labels": given.num_labels, "bias": False},
)

HEAD = Question(
    number=5,
    slug="classification-head",
    group="Parameters",
    title="How many parameters does the classification head have?",
    asks=(
        "A linear head for named-entity recognition is put on the model: for each token it gives "
        "a score to every label. Without a bias, how many parameters does it have?"
    ),
    given=("hidden_size", "num_labels", "context_length"),
    assumptions=("one linear layer", "no bias"),
    hint="Write down the shape of the matrix that turns one token's vector into the scores.",
    call=_head,
    also=(("With its bias:", Call(_head.function, {**_head.arguments, "bias": True})),),
    answer=f"{count(_head())} parameters",
    because=(
        f"One weight for each pair of an embedding dimension and a label. A bias would add one "
        f"number for each label: {count(_head(bias=True))} in all."
    ),
    wrong=(
        Wrong(
            count(_head() - given.hidden_size),
            "The matrix is taken to include a bias as wide as the model, which is then "
            "subtracted. This is the original answer sheet's answer.",
            "The matrix includes no bias. A bias has one number for each output, so there would "
            f"be {count(given.num_labels)} to leave out, not {count(given.hidden_size)}.",
        ),
        Wrong(
            count(_head(bias=True)),
            "The bias is counted.",
            "The question leaves it out. `nn.Linear` has one unless it is told not to.",
        ),
        Wrong(
            count(_head() + given.hidden_size),
            "The bias is as wide as the input.",
            "A bias is added to the output: one number for each label.",
        ),
        Wrong(
            count(_head() + 1),
            "One bias serves all labels.",
            "Each label has its own.",
        ),
        Wrong(
            count(_head() * given.context_length),
            "Every position of the context has a head of its own.",
            "One matrix is applied to every token alike; the context length is not in its shape.",
        ),
    ),
    sheet=Sheet(
        said=f"{count(_head() - given.hidden_size)}: the context length times the labels, which "
        f"includes the bias, less {count(given.hidden_size)}.",
        verdict="wrong",
        put_right=f"{count(_head())}: the *embedding dimension* times the labels, which includes "
        f"no bias. A bias would have {count(given.num_labels)} entries, one for each label.",
    ),
    sources=(
        "torch-linear",
        "heads-bert",
        "heads-roberta",
        "heads-distilbert",
        "heads-gpt2",
        "heads-generic",
    ),
)

# --- Question 6 -----------------------------------------------------------------------------

_total = given.num_parameters + _head()
_head_only = Call(
    dlp.training_memory_bytes,
    {
        "num_parameters": _total,
        "num_trainable_parameters": _head(),
        "dtype": "fp32",
        "optimizer": "adamw",
    },
)
_full = Call(_head_only.function, {**_head_only.arguments, "num_trainable_parameters": _total})
_full_bytes = _full()
_state_per_parameter = _full_bytes // _total
_head_state = _head_only() - dlp.weight_bytes(num_parameters=_total)

HEAD_ONLY = Question(
    number=6,
    slug="head-only-tuning",
    group="Memory",
    title="Does tuning only the head save memory?",
    asks=(
        "The weights of the model are frozen and only its classification head is trained. "
        "“This takes far less memory than full fine-tuning.” True or false?"
    ),
    given=("num_parameters", "hidden_size", "num_labels"),
    assumptions=("fp32 weights, gradients and AdamW", "activations counted separately"),
    hint="List what full training keeps for each parameter; cross out what frozen ones do without.",
    call=_head_only,
    also=(("Full fine-tuning, for comparison:", _full),),
    answer=f"True: {gb(_head_only())} against {gb(_full_bytes)}",
    because=(
        "Gradients and optimizer states exist for the head only, and hardly any activations are "
        "kept. The frozen weights still have to be loaded."
    ),
    wrong=(
        Wrong(
            f"True: only {size(_head_state + dlp.weight_bytes(num_parameters=_head()))}",
            "Frozen weights cost nothing.",
            "Frozen weights are not trained, but every forward pass computes with them: "
            f"{gb(_load())} stay loaded.",
        ),
        Wrong(
            f"False: {gb(_full_bytes)} either way",
            "It is the same model, so it takes the same memory.",
            f"Of {count(_state_per_parameter)} bytes for each parameter only "
            f"{count(dlp.bytes_per_parameter(dtype='fp32'))} are the weight; a frozen one has no "
            "gradient and no moments.",
        ),
        Wrong(
            f"True: {gb(_load() + dlp.optimizer_state_bytes(num_trainable_parameters=_total))}, "
            "only the gradients are saved",
            "AdamW keeps states for every parameter it was given.",
            "PyTorch's AdamW makes its states at the first step, and only for parameters that have "
            "a gradient.",
        ),
        Wrong(
            f"True: {gb(_head_only())} against {gb(2 * dlp.weight_bytes(num_parameters=_total))}",
            "Full fine-tuning keeps weights and gradients; the moments of AdamW are forgotten.",
            "AdamW keeps two more numbers for each trained parameter: "
            f"{gb(dlp.optimizer_state_bytes(num_trainable_parameters=_total))} here.",
        ),
        Wrong(
            "True, because fewer layers are damaged",
            "The saving comes from keeping what the layers have learned.",
            "Less forgetting is a reason to freeze weights, but it says nothing about memory.",
        ),
    ),
    sheet=Sheet(
        said="True: fewer layers are damaged.",
        verdict="right answer, wrong reason",
        put_right="That is about forgetting, not about memory. Memory is saved because only the "
        f"head has gradients and optimizer states: {size(_head_state)} instead of "
        f"{gb(_full_bytes - dlp.weight_bytes(num_parameters=_total))}.",
    ),
    sources=(
        "rajbhandari2019",
        "hf-memory-anatomy",
        "kingma2014",
        "loshchilov2017",
        "torch-adam",
        "dettmers2021",
        "korthikanti2022",
        "heads-generic",
        "dettmers2023",
        "bnb-optimizer",
    ),
)

# --- Question 7 -----------------------------------------------------------------------------

_losses = [-math.log(p) for p in given.probabilities]
_pretraining = dlp.pretraining_labels(input_ids=given.token_ids)
_instruction = dlp.completion_labels(
    input_ids=given.token_ids, num_prompt_tokens=given.prompt_tokens
)
_objective = Call(dlp.mean_loss, {"token_losses": _losses, "labels": _instruction})

OBJECTIVE = Question(
    number=7,
    slug="training-objective",
    group="Objectives",
    title="Do pre-training and instruction tuning share an objective?",
    asks=(
        "“Continued pre-training and instruction tuning minimise the same training objective.” "
        "True or false?"
    ),
    given=("tokens", "prompt_tokens", "probabilities"),
    assumptions=("a causal language model", "supervised tuning, before any reinforcement"),
    hint="Write down the loss of each, then look for the symbol that differs.",
    call=_objective,
    also=(
        (
            "The same formula with every token labelled, as in continued pre-training:",
            Call(_objective.function, {**_objective.arguments, "labels": _pretraining}),
        ),
    ),
    answer="True: next-token cross-entropy in both",
    because=(
        "What differs is the text, and usually which tokens count: of the same "
        f"{count(len(given.tokens))} tokens {count(dlp.supervised_tokens(labels=_pretraining))} in "
        f"pre-training, {count(dlp.supervised_tokens(labels=_instruction))} with the prompt masked."
    ),
    wrong=(
        Wrong(
            "False: they have different loss functions",
            "A different purpose needs a different formula.",
            "Both call the same cross-entropy. On the example it gives "
            f"{decimal(_objective(labels=_pretraining), 3)} over every token and "
            f"{decimal(_objective(), 3)} over the completion: one formula, two sets of labels.",
        ),
        Wrong(
            "False: masked tokens are not seen by the model",
            f"A label of {dlp.IGNORE_INDEX} removes a token from the input.",
            "It removes a term from the loss. The model still attends to the token.",
        ),
        Wrong(
            "True, because both want a fine-tuned model",
            "The objective is what one wants to have in the end.",
            "The objective is the function that is minimised. That it is the same is what makes "
            "the answer true.",
        ),
        Wrong(
            "False: instruction tuning is reinforcement learning",
            "Instruction tuning and learning from human feedback are one step.",
            "Learning from preferences comes after, with an objective of its own.",
        ),
    ),
    sheet=Sheet(
        said="True: both want the model to be fine-tuned.",
        verdict="right answer, no reason",
        put_right="An objective is a function that is minimised. It is the same next-token "
        "cross-entropy; the labels decide which tokens count.",
    ),
    sources=(
        "radford2018",
        "gururangan2020",
        "wei2021",
        "ouyang2022",
        "causal-loss",
        "collator",
        "trl-config",
        "trl-trainer",
        "torch-cross-entropy",
        "shi2024",
        "accumulation-fix",
    ),
)

# --- Question 8 -----------------------------------------------------------------------------

_lora = Call(
    dlp.lora_parameters,
    {"r": given.r, "in_features": given.real_width, "out_features": given.real_width},
)
_break_even = dlp.lora_break_even_rank(in_features=given.real_width, out_features=given.real_width)
_lora_model = Call(
    dlp.lora_model_parameters,
    {"config": dlp.LLAMA_2_7B, "r": given.r, "target_modules": ["q_proj", "v_proj"]},
)

RANK = Question(
    number=8,
    slug="lora-rank",
    group="Parameters",
    title="Does a larger LoRA rank train more parameters?",
    asks=(
        "A weight matrix is adapted with LoRA. “A larger rank means more parameters to tune.” "
        "True or false?"
    ),
    given=("real_width", "r"),
    assumptions=("one adapted matrix", "no bias, no DoRA"),
    hint="Count the entries of the two factors; then double the rank and count again.",
    call=_lora,
    also=(
        ("At twice the rank:", Call(_lora.function, {**_lora.arguments, "r": 2 * given.r})),
        (
            "And the rank at which the factors are as large as the matrix:",
            Call(
                dlp.lora_break_even_rank,
                {"in_features": given.real_width, "out_features": given.real_width},
            ),
        ),
    ),
    answer=f"True, in proportion: {count(_lora())} at rank {given.r}, "
    f"{count(_lora(r=2 * given.r))} at {2 * given.r}",
    because=(
        "A has one row and B one column for each unit of rank, so the count is linear in the rank; "
        f"at rank {count(_break_even)} both together are as large as the matrix."
    ),
    wrong=(
        Wrong(
            f"True, {times((2 * given.r) ** 2 / given.r**2)} when the rank doubles",
            "The factors are square in the rank.",
            f"Each is as long as the matrix and only as wide as the rank: the count grows "
            f"{times(_lora(r=2 * given.r) / _lora())}.",
        ),
        Wrong(
            f"True: {count(given.r * given.real_width)} at rank {given.r}",
            "Only one factor is counted.",
            "Both A and B are trained.",
        ),
        Wrong(
            f"False: {count(given.real_width**2)} at every rank",
            "The product of the factors, which has the shape of the matrix, is what is trained.",
            "The product is not a parameter: only its two factors are trained.",
        ),
        Wrong(
            f"{count(_lora())} for the whole model",
            "One matrix stands for all.",
            f"Llama-2-7B with queries and values adapted has "
            f"{count(_lora_model() // _lora())} such matrices: {count(_lora_model())}.",
        ),
        Wrong(
            "True, and a larger alpha adds more still",
            "The scale is trained.",
            "`lora_alpha` is a constant that scales what the adapter adds; it is not trained.",
        ),
    ),
    sheet=Sheet(
        said="True: A is as long as the matrix and as wide as the rank.",
        verdict="right, written transposed",
        put_right="In the paper and in PEFT, A has one *row* for each unit of rank and B one "
        "column. The count is the same.",
    ),
    sources=(
        "hu2021",
        "peft-layer",
        "loralib",
        "peft-dora",
        "liu2024",
        "peft-sequence-classification",
        "course-11-4",
    ),
)

QUESTIONS = (ITERATIONS, UPDATES, LOAD, CONTEXT, HEAD, HEAD_ONLY, OBJECTIVE, RANK)
"""All questions, by number."""


def question(number: int) -> Question:
    """Return the question with this number.

    Raises:
        ValueError: If there is none.
    """
    for found in QUESTIONS:
        if found.number == number:
            return found
    raise ValueError(f"there is no question {number!r}")
