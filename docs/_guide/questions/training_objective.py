"""Question 7: the objective of pre-training and of instruction tuning."""

import math
from collections.abc import Sequence

import dlp
from _guide import given, practised
from _guide.formats import count, decimal
from _guide.question import Arguments, Case, Marked, Question, Statement


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


PRETRAINING, INSTRUCTIONS, BOTH = "Pre-training", "Instruction tuning", "Both"

STATEMENTS: tuple[Statement, ...] = (
    {
        "says": "Its samples are documents, articles or code as they are.",
        "place": PRETRAINING,
        "because": "Raw text is all it needs. Instructions come with answers.",
    },
    {
        "says": "Its samples are requests with the answers one wants.",
        "place": INSTRUCTIONS,
        "because": "Pairs of a request and its answer are what instruction tuning is.",
    },
    {
        "says": "Every token but the first of a text has a loss.",
        "place": PRETRAINING,
        "because": "All labels of raw text count. In a pair the prompt is usually masked.",
    },
    {
        "says": "Part of the text is usually read, but has no loss.",
        "place": INSTRUCTIONS,
        "because": f"The prompt's labels are usually {dlp.IGNORE_INDEX}: no loss, but still seen.",
    },
    {
        "says": "Its labels are the tokens of the text itself.",
        "place": BOTH,
        "because": "Neither needs other labels: a completion's tokens are its own labels.",
    },
    {
        "says": "Its aim is to know the language of a field.",
        "place": PRETRAINING,
        "because": "It models how a kind of text goes on, such as that of a hospital.",
    },
    {
        "says": "Its aim is to do what a user asks for.",
        "place": INSTRUCTIONS,
        "because": "That is what the pairs show: a request, and what ought to follow.",
    },
    {
        "says": "A token attends to all tokens before it.",
        "place": BOTH,
        "because": "The model is the same and causal. Masking a label hides no token.",
    },
    {
        "says": "It minimises the cross-entropy of the next token.",
        "place": BOTH,
        "because": "One formula; what differs is the text, and which labels are ignored.",
    },
)


def marked(
    *,
    tokens: Sequence[str] = given.tokens,
    prompt_tokens: int = given.prompt_tokens,
    masks: bool = True,
) -> Marked:
    """Ask which tokens of a text have a loss."""
    ids = list(range(len(tokens)))
    raw = dlp.pretraining_labels(input_ids=ids)
    masked = dlp.completion_labels(input_ids=ids, num_prompt_tokens=prompt_tokens)
    labels = masked if masks else raw
    numbers = [i + 1 for i in ids]
    counts = [i + 1 for i in ids if i > 0 and labels[i] != dlp.IGNORE_INDEX]
    completion = numbers[prompt_tokens:]
    masking = f"the first {count(prompt_tokens)} tokens are masked" if masks else "none is masked"
    return {
        "tries": f"{INSTRUCTIONS if masks else PRETRAINING} on a text, of which {masking}: mark "
        "each token that counts in the loss.",
        "places": tuple(tokens),
        "value": counts,
        "because": "The completion counts; the prompt is read but has no loss."
        if masks
        else "Every token but the first counts: before the first there is nothing to predict it "
        "from.",
        "hints": (
            "A token counts if its label is kept and something stands before it.",
            f"A label of {dlp.IGNORE_INDEX} takes a token out of the loss.",
            f"{count(prompt_tokens)} of {count(len(tokens))} tokens are the prompt"
            f"{', which is masked.' if masks else '; nothing of them is masked.'}",
        ),
        "other": (),
        "wrong": (
            (
                numbers,
                "The prompt counts as well. Its labels are ignored here: no loss."
                if masks
                else "The first counts as well. Nothing stands before it, so no loss can be "
                "computed for it.",
            ),
            (
                numbers[1:] if masks else completion,
                "Every token but the first counts, as in continued pre-training. Here the "
                "prompt's labels are ignored."
                if masks
                else "The prompt is masked, as in instruction tuning. Raw text has no prompt.",
            ),
            (
                numbers[:prompt_tokens],
                "The prompt is what is learned. A model learns from what has a loss, and what is "
                "masked has none."
                if masks
                else "The prompt alone counts. In continued pre-training all of the text does.",
            ),
            (
                numbers[:-1],
                "The last is left out. It has no token after it, but it is predicted from those "
                "before.",
            ),
        ),
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
    varied=(practised.texts, practised.maskings),
    marked=marked,
    sorted=STATEMENTS,
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
