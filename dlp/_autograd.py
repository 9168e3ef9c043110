"""What PyTorch's autograd holds while a piece of a model runs forward and backward, in bytes.

A program is a list of operations in the order in which they run. Forward, a tensor lives until its
last use, or longer if the backward pass needs it; backward, the operations are taken in reverse,
and each makes the gradients of its inputs beside what it still holds. Nothing is computed but
sizes, and the order is that of the real engine, which runs the youngest operation first.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict

    # (result, its bytes, operation, inputs, bytes of a trained weight, bytes made for the moment)
    Step = tuple[str, int, str, tuple[str, ...], int, int]

    class Run(TypedDict):
        """What a program holds: bytes, without its first input unless that is kept."""

        kept: dict[str, int]  # for the backward pass, tensor by tensor
        held: int  # by the names that are held
        output: int  # of it, what is not kept anyway
        forward: int  # at the fullest moment of the forward pass
        backward: int  # of the backward pass, the gradient of the result included
        kept_then: int  # of it, what is still kept from the forward pass
        gradients_then: int  # of it, gradients of weights
        gradients: int  # of all weights
        flows: bool  # whether the result needs a gradient


# What an operation keeps for its backward pass, and what that makes.
#
# Kept: "0" is its first input, "out" its result; "0@1" says that the first is needed for the
# gradient of the second, and "0@w" for that of a trained weight. Made: "0" is the gradient of the
# first input, "=0" the same one that came in, unless it must have another format or shape; "t0" is
# made and dropped at once, "t0@w" where a weight is trained. From PyTorch 2.13.0,
# `tools/autograd/derivatives.yaml` and `torch/csrc/autograd/FunctionsManual.cpp`.
_OPERATIONS = {
    "new": ("", ""),  # made for another operation, such as the mask of dropout
    "cast": ("", "0"),
    "copy": ("", "0"),
    "linear": ("0@w", "0"),
    "embedding": ("", ""),
    "add": ("", "=0 =1"),
    "scale": ("", "0"),  # times a number
    "negate": ("", "0"),
    "multiply": ("0@1 1@0", "0 1"),
    "weigh": ("0@w", "0 t0@w"),  # times a vector of weights
    "square mean": ("0", "0 t0 t0 t0"),  # x.pow(2).mean(-1): the power is made to be multiplied
    "root": ("out", "0"),  # rsqrt
    "normalize": ("0@1 1@0", "0 t0 1"),  # times one number a row
    "layer norm": ("0 1 2", "0"),
    "activation": ("0", "0"),  # one kernel: SiLU, ReLU, GELU, tanh
    "tanh": ("out", "0"),
    "power": ("0", "0 t0 t0"),
    "rotate": ("", "0 t0 t0 t0"),  # q * cos + rotate_half(q) * sin
    "match": ("0@1 1@0", "0 1"),  # a product of matrices: queries and keys, or weights and values
    "repeat": ("", "0 tout"),  # a key head for each of its query heads
    "softmax": ("out", "0 tout"),
    "dropout": ("1", "0"),
    "flash": ("0 1 2 3 out", "0 1 2"),
    "efficient": ("0 1 2 3 4 out", "0 1 2"),
    "log softmax": ("out", "0"),
    "nll": ("0", "0"),
}


def run(
    program: "list[Step]",
    given: "dict[str, int]",
    *,
    needs: "tuple[str, ...]" = (),
    held: "tuple[str, ...]" = (),
    in_scope: "tuple[str, ...]" = (),
    elsewhere: "tuple[str, ...]" = (),
) -> "Run":
    """Follow a program forward and backward; the last result gets the first gradient.

    Args:
        program: The operations.
        given: Bytes of each input, that of the program first.
        needs: Inputs that get a gradient.
        held: Names that outlive the program, as the output of a model does.
        in_scope: Names that live to the end of the forward pass, as variables of a function do.
        elsewhere: Inputs that somebody else holds and counts.
    """
    sizes = dict(given)
    needed = set(needs)
    for name, size, operation, inputs, weight, _ in program:
        sizes[name] = size
        if operation != "new" and (weight or any(each in needed for each in inputs)):
            needed.add(name)
    for name in elsewhere:
        sizes[name] = 0
    saved = [_saved(step, needed) for step in program]
    forward = _forward(program, sizes, saved, held + in_scope)
    kept = {name: sizes[name] for names in saved for name in names}
    backward, kept_then, gradients_then, gradients = _backward(program, sizes, saved, needed, given)
    return {
        "kept": kept,
        "held": sum(sizes[name] for name in held),
        "output": sum(sizes[name] for name in held if name not in kept),
        "forward": forward,
        "backward": backward,
        "kept_then": kept_then,
        "gradients_then": gradients_then,
        "gradients": gradients,
        "flows": program[-1][0] in needed,
    }


def _saved(step: "Step", needed: "set[str]") -> list[str]:
    """List the tensors that an operation keeps for its backward pass."""
    name, _, operation, inputs, weight, _ = step
    if name not in needed:
        return []
    found = []
    for role in _OPERATIONS[operation][0].split():
        which, _, reason = role.partition("@")
        tensor = name if which == "out" else inputs[int(which)]
        if not reason or (weight if reason == "w" else inputs[int(reason)] in needed):
            found.append(tensor)
    return found


def _forward(
    program: "list[Step]", sizes: dict[str, int], saved: list[list[str]], held: "tuple[str, ...]"
) -> int:
    """Give the most bytes that the forward pass holds at once."""
    last_use = {}
    for place, (name, _, _, inputs, _, _) in enumerate(program):
        for each in inputs + (name,):
            last_use[each] = place
    kept = {name for names in saved for name in names}
    kept.update(held)
    live = sum(sizes[name] for name in last_use if not any(name == step[0] for step in program))
    fullest = live
    for place, (name, size, _, inputs, _, moment) in enumerate(program):
        live += size
        fullest = max(fullest, live + moment)
        for each in set(inputs + (name,)):
            if last_use[each] == place and each not in kept and place + 1 < len(program):
                live -= sizes[each]
    return fullest


def _backward(
    program: "list[Step]",
    sizes: dict[str, int],
    saved: list[list[str]],
    needed: "set[str]",
    given: dict[str, int],
) -> tuple[int, int, int, int]:
    """Give the most bytes that the backward pass holds, and of them what is kept and gradients."""
    uses: dict[str, int] = {}
    for names in saved:
        for name in names:
            uses[name] = uses.get(name, 0) + 1
    kept = sum(sizes[name] for name in uses)
    last, size = program[-1][0], program[-1][1]
    if last not in needed:
        return 0, 0, 0, 0
    # A gradient is the number of its storage; a storage has bytes and how many hold it.
    gradient_of = {last: 0}
    storages = [[size, 1]]
    flowing, weights = size, 0
    fullest = (kept + flowing, kept, 0)
    for place in range(len(program) - 1, -1, -1):
        name, size, operation, inputs, weight, moment = program[place]
        if name not in gradient_of:
            continue
        incoming = gradient_of.pop(name)
        made, temporary = [], moment
        for token in _OPERATIONS[operation][1].split():
            which, _, reason = token.partition("@")
            if which[0] == "t":
                if not reason or weight:
                    temporary += size if which == "tout" else given.get(inputs[int(which[1:])], sizes[inputs[int(which[1:])]])
                continue
            target = inputs[int(which[-1])]
            if target not in needed:
                continue
            bytes_of = given.get(target, sizes[target])
            if which[0] == "=" and bytes_of == storages[incoming][0]:
                storages[incoming][1] += 1
                made.append((target, incoming))
            else:
                storages.append([bytes_of, 1])
                flowing += bytes_of
                made.append((target, len(storages) - 1))
        weights += weight
        now = kept + flowing + weights
        if now + temporary > fullest[0]:
            fullest = (now + temporary, kept, weights)
        flowing -= _drop(storages, incoming)
        for tensor in saved[place]:
            uses[tensor] -= 1
            if not uses[tensor]:
                kept -= sizes[tensor]
        for target, storage in made:
            if target not in gradient_of:
                gradient_of[target] = storage
                continue
            # Added up in place, unless another holds the first one too.
            first = gradient_of[target]
            if storages[first][1] > 1:
                total = storages[first][0]
                if kept + flowing + weights + total > fullest[0]:
                    fullest = (kept + flowing + weights + total, kept, weights)
                storages.append([total, 1])
                gradient_of[target] = len(storages) - 1
                flowing += total - _drop(storages, first)
            flowing -= _drop(storages, storage)
    return fullest[0], fullest[1], fullest[2], weights


def _drop(storages: list[list[int]], which: int) -> int:
    """Let go of a storage, and give the bytes that come free."""
    storages[which][1] -= 1
    return 0 if storages[which][1] else storages[which][0]
