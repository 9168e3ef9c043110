"""Question 7: the objective of pre-training and of instruction tuning."""

import math
from collections.abc import Sequence

import dlp
from _guide import given
from _guide.formats import count, decimal
from _guide.question import Arguments, Case, Question


def case(
    *,
    tokens: Sequence[str] = given.tokens,
    prompt_tokens: int = given.prompt_tokens,
    probabilities: Sequence[float] = given.probabilities,
) -> Case:
    """Ask whether both kinds of training minimise the same function."""
    ids = list(range(len(tokens)))
    losses = [-math.log(p) for p in probabilities]
    raw = dlp.pretraining_labels(input_ids=ids)
    masked = dlp.completion_labels(input_ids=ids, num_prompt_tokens=prompt_tokens)
    instruction: Arguments = {"token_losses": losses, "labels": masked}
    pretraining: Arguments = {"token_losses": losses, "labels": raw}
    return {
        "asks": "“Continued pre-training and instruction tuning minimise the same training "
        "objective.” True or false?",
        "assumed": ("a causal language model", "supervised tuning, before any reinforcement"),
        "hints": ("Write down the loss of each, then look for the symbol that differs.",),
        "steps": (
            ("", (dlp.mean_loss, instruction)),
            (
                "The same formula with every token labelled, as in continued pre-training:",
                (dlp.mean_loss, pretraining),
            ),
        ),
        "unit": "nats",
        "says": "True: next-token cross-entropy in both",
        "because": "What differs is the text, and usually which tokens count: of the same "
        f"{count(len(tokens))} tokens {count(dlp.supervised_tokens(labels=raw))} in pre-training, "
        f"{count(dlp.supervised_tokens(labels=masked))} with the prompt masked.",
        "wrong": (
            {
                "says": "False: they have different loss functions",
                "assumes": "A different purpose needs a different formula.",
                "refuted": "Both call the same cross-entropy. On the example it gives "
                f"{decimal(dlp.mean_loss(**pretraining), 3)} over every token and "
                f"{decimal(dlp.mean_loss(**instruction), 3)} over the completion: one formula, two "
                "sets of labels.",
            },
            {
                "says": "False: masked tokens are not seen by the model",
                "assumes": f"A label of {dlp.IGNORE_INDEX} removes a token from the input.",
                "refuted": "It removes a term from the loss. The model still attends to the token.",
            },
            {
                "says": "True, because both want a fine-tuned model",
                "assumes": "The objective is what one wants to have in the end.",
                "refuted": "The objective is the function that is minimised. That it is the same "
                "is what makes the answer true.",
            },
            {
                "says": "False: instruction tuning is reinforcement learning",
                "assumes": "Instruction tuning and learning from human feedback are one step.",
                "refuted": "Learning from preferences comes after, with an objective of its own.",
            },
        ),
        "sheet": {
            "said": "True: both want the model to be fine-tuned.",
            "verdict": "right answer, no reason",
            "put_right": "An objective is a function that is minimised. It is the same next-token "
            "cross-entropy; the labels decide which tokens count.",
        },
    }


QUESTION = Question(
    number=7,
    topic="Objectives",
    nav="Training objective",
    title="Do pre-training and instruction tuning share an objective?",
    given={
        "tokens": "the example, prompt and answer",
        "prompt_tokens": "tokens of it are the prompt",
        "probabilities": "probability that the model gives to each",
    },
    rule="One objective, two sets of labels: a label of `#!calc f'{IGNORE_INDEX}'` takes a token "
    "out of the loss, not out of sight.",
    again="Work out the mean loss twice: with the prompt masked, and with every token labelled.",
    case=case,
    counted={
        "objective: cross-entropy, every token: mean loss": "Cross-entropy, every token",
        "objective: cross-entropy, two ignored: mean loss": "Cross-entropy, two ignored",
        "objective: causal language model loss, all tokens: loss": "Loss of a causal language "
        "model, all tokens",
        "objective: causal language model loss, prompt masked: loss": "Loss of a causal language "
        "model, prompt masked",
        "objective: Transformers collator, padded with <pad>: labels of sequence 1": "Labels of a "
        "padded text",
        "objective: Transformers collator, padded with <pad>: labels of sequence 2": "Labels of a "
        "text without padding",
        "objective: TRL, prompt and completion: labels of sequence 1": "Labels of a prompt and its "
        "completion",
    },
    printed=(),
    sources="radford2018 gururangan2020 wei2021 ouyang2022 causal-loss collator trl-config "
    "trl-trainer torch-cross-entropy shi2024 accumulation-fix",
)
