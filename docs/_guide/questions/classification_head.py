"""Question 5: the parameters of a classification head."""

import dlp
from _guide import given
from _guide.formats import count
from _guide.question import Arguments, Case, Question

HEAD = "Head of `{model}`"


def case(
    *,
    hidden_size: int = given.hidden_size,
    num_labels: int = given.num_labels,
    context_length: int = given.context_length,
) -> Case:
    """Ask for the parameters of a linear head without a bias."""
    shape: Arguments = {"hidden_size": hidden_size, "num_labels": num_labels}
    head = dlp.classification_head_parameters(**shape, bias=False)
    with_bias = dlp.classification_head_parameters(**shape, bias=True)
    is_given = (hidden_size, num_labels) == (given.hidden_size, given.num_labels)
    on_the_sheet = " This is the original answer sheet's answer." if is_given else ""
    return {
        "asks": "A linear head for named-entity recognition is put on the model: for each token it "
        "gives a score to every label. Without a bias, how many parameters does it have?",
        "assumed": ("one linear layer", "no bias"),
        "hints": (
            "Write down the shape of the matrix that turns one token's vector into the scores.",
        ),
        "steps": (
            ("", (dlp.classification_head_parameters, dict(shape, bias=False))),
            ("With its bias:", (dlp.classification_head_parameters, dict(shape, bias=True))),
        ),
        "value": head,
        "unit": "parameters",
        "because": "One weight for each pair of an embedding dimension and a label. A bias would "
        f"add one number for each label: {count(with_bias)} in all.",
        "wrong": (
            {
                "value": head - hidden_size,
                "assumes": "The matrix is taken to include a bias as wide as the model, which is "
                f"then subtracted.{on_the_sheet}",
                "refuted": "The matrix includes no bias. A bias has one number for each output, so "
                f"there would be {count(num_labels)} to leave out, not {count(hidden_size)}.",
            },
            {
                "value": with_bias,
                "assumes": "The bias is counted.",
                "refuted": "The question leaves it out. `nn.Linear` has one unless it is told not "
                "to.",
            },
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
                "value": head * context_length,
                "assumes": "Every position of the context has a head of its own.",
                "refuted": "One matrix is applied to every token alike; the context length is not "
                "in its shape.",
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
