"""Question 5: the parameters of a classification head."""

import dlp
from _guide import given, practised
from _guide.formats import count
from _guide.question import Arguments, Case, Question, Wrong

HEAD = "Head of `{model}`"


def case(
    *,
    hidden_size: int = given.hidden_size,
    num_labels: int = given.num_labels,
    context_length: int = given.context_length,
    bias: bool = False,
) -> Case:
    """Ask for the parameters of a linear head."""
    shape: Arguments = {"hidden_size": hidden_size, "num_labels": num_labels}
    head = dlp.classification_head_parameters(**shape, bias=False)
    with_bias = dlp.classification_head_parameters(**shape, bias=True)
    asked, otherwise = (with_bias, head) if bias else (head, with_bias)
    left_out: Wrong = {
        "value": head,
        "assumes": "The bias is left out.",
        "refuted": "This layer has one, as `nn.Linear` has unless it is told not to: a number for "
        "each label.",
    }
    counted: Wrong = {
        "value": with_bias,
        "assumes": "The bias is counted.",
        "refuted": "The question leaves it out. `nn.Linear` has one unless it is told not to.",
    }
    taken = context_length * num_labels + asked - head
    is_given = (hidden_size, num_labels) == (given.hidden_size, given.num_labels)
    on_the_sheet = "This is the original answer sheet's answer. " if is_given else ""
    return {
        "asks": "A linear head for named-entity recognition is put on the model: for each token it "
        f"gives a score to every label. {'With' if bias else 'Without'} a bias, how many "
        "parameters does it have?",
        "assumed": ("one linear layer", "a bias" if bias else "no bias"),
        "hints": (
            "Write down the shape of the matrix that turns one token's vector into the scores.",
        ),
        "steps": (
            ("", (dlp.classification_head_parameters, dict(shape, bias=False))),
            ("With its bias:", (dlp.classification_head_parameters, dict(shape, bias=True))),
        ),
        "value": asked,
        "unit": "parameters",
        "because": "One weight for each pair of an embedding dimension and a label. "
        + (
            f"The bias adds one number for each label; without it there are {count(otherwise)}."
            if bias
            else f"A bias would add one number for each label: {count(otherwise)} in all."
        ),
        "wrong": (
            {
                "value": head - hidden_size,
                "assumes": "The matrix is taken to include a bias as wide as the model, which is "
                "then subtracted.",
                "refuted": f"{on_the_sheet}The matrix includes no bias. A bias has one number for "
                f"each output, so there would be {count(num_labels)} to leave out, not "
                f"{count(hidden_size)}.",
            },
            left_out if bias else counted,
            {
                "value": head + hidden_size,
                "assumes": "The bias is as wide as the input.",
                "refuted": "A bias is added to the output: one number for each label.",
                "when": hidden_size != num_labels,
            },
            {
                "value": head + 1,
                "assumes": "One bias serves all labels.",
                "refuted": "Each label has its own.",
                "when": num_labels > 1,
            },
            {
                "value": asked * context_length,
                "assumes": "Every position of the context has a head of its own.",
                "refuted": "One matrix is applied to every token alike; the context length is not "
                "in its shape.",
            },
        ),
        "more": (
            {
                "value": taken,
                "assumes": "The context length is taken for the embedding dimension.",
                "refuted": "The head sees one token's vector at a time: "
                f"{count(hidden_size)} numbers, however long the text is.",
                "when": context_length != hidden_size,
            },
        ),
        "tries": f"A model is {count(hidden_size)} wide and has a context of "
        f"{count(context_length)} tokens. It gets a linear head for {count(num_labels)} labels, "
        f"{'with' if bias else 'without'} a bias. How many parameters does the head have?",
        "way": (
            {
                "finds": "Weights of the matrix: each number of a token's vector with each label",
                "how": f"{count(hidden_size)} × {count(num_labels)}",
                "value": head,
                "unit": "parameters",
            },
            {
                "finds": "Entries of the bias",
                "how": "one for each label" if bias else "no bias",
                "value": asked - head,
                "unit": "parameters",
            },
            {
                "finds": "Parameters of the head",
                "how": "weights and bias together",
                "value": asked,
                "unit": "parameters",
            },
        ),
        "sheet": {
            "said": f"{count(head - hidden_size)}: the context length times the labels, which "
            f"includes the bias, less {count(hidden_size)}.",
            "verdict": "wrong",
            "put_right": f"{count(head)}: the *embedding dimension* times the labels, which "
            f"includes no bias. A bias would have {count(num_labels)} entries, one for each label.",
        },
    }


QUESTION = Question(
    number=5,
    topic="Parameters",
    nav="Classification head",
    title="How many parameters does the classification head have?",
    given={
        "hidden_size": "embedding dimension",
        "num_labels": "labels",
        "context_length": "context length",
    },
    rule="The bias of a linear layer has one number for each *output*.",
    varied=(practised.widths, practised.labels, practised.biases),
    case=case,
    counted={
        "heads: torch.nn.Linear(2048, 8, bias=False): parameters of the head": "`nn.Linear` "
        "without bias",
        "heads: torch.nn.Linear(2048, 8, bias=True): parameters of the head": "`nn.Linear` with "
        "bias",
        "heads: LlamaForTokenClassification, 2048 wide, 8 labels: parameters of the head": HEAD,
        "heads: LlamaForSequenceClassification, 2048 wide, 8 labels: parameters of the head": HEAD,
        "heads: GPT2ForTokenClassification, 2048 wide, 8 labels: parameters of the head": HEAD,
        "heads: GPT2ForSequenceClassification, 2048 wide, 8 labels: parameters of the head": HEAD,
        "heads: BertForTokenClassification, 2048 wide, 8 labels: parameters of the head": HEAD,
        "heads: RobertaForSequenceClassification, 2048 wide, 8 labels"
        ": parameters of the head": HEAD,
    },
    printed=("PEFT ViT-base, r=16 on q and v, and its head",),
    sources="torch-linear heads-bert heads-roberta heads-distilbert heads-gpt2 heads-generic",
)
