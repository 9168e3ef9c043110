"""What PyTorch's autograd holds while a piece of a model runs forward and backward, in bytes.

A program is a list of operations in the order in which they run. Forward, a tensor lives until its
last use, or longer if the backward pass needs it; backward, the operations are taken in reverse,
and each makes the gradients of its inputs beside what it still holds. Nothing is computed but
sizes, and the order is that of the real engine, which runs the youngest operation first.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict

    class Flow(TypedDict):
        """The gradients under way: each is a storage, which several may hold."""

        of: dict[str, int]  # the storage of a tensor's gradient
        holders: list[int]
        bytes: list[int]
        live: int
        parts: list[int]  # those that came in, and wait for the other parts of a split tensor

    # (result, its bytes, operation, inputs, bytes of a trained weight, bytes made for the moment of
    # each pass)
    Step = tuple[str, int, str, tuple[str, ...], int, tuple[int, int]]

    class Run(TypedDict):
        """What a program holds: bytes, without its first input unless that is kept."""

        kept: dict[str, int]  # for the backward pass, tensor by tensor
        stays: int  # of it, what lives as long as the graph does
        held: int  # by the names that are held
        output: int  # of it, what is not kept anyway
        forward: int  # at the fullest moment of the forward pass
        unkept: int  # the same, if nothing is kept for the backward pass
        again: int  # the same until all is kept, after which it is not run again
        backward: int  # of the backward pass, the gradient of the result included
        kept_then: int  # of it, what is still kept from the forward pass
        gradients_then: int  # of it, gradients of weights
        waiting: int  # gradients under way when it first needs what was kept
        gradients: int  # of all weights
        flows: bool  # whether the result needs a gradient


# What an operation keeps for its backward pass, and what that makes.
#
# Kept: "0" is its first input, "out" its result; "0@1" says that the first is needed for the
# gradient of the second, and "0@w" for that of a trained weight; "~" is what lives anyway, such as
# a weight. Made: "0" is the gradient of the first input, "=0" the same one that came in, unless it
# must have another format or shape, and "^0" a view of it; "t0" is made and dropped at once, "t0@w"
# where a weight is trained; "-1" was there before; "!0" is written over the input that was kept.
# From PyTorch 2.13.0, `tools/autograd/derivatives.yaml` and
# `torch/csrc/autograd/FunctionsManual.cpp`.
_OPERATIONS = {
    "new": ("", ""),  # made for another operation, such as the mask of dropout
    "graph": ("", ""),  # the end of a graph that no gradient goes through: it frees its inputs
    "cast": ("", "0"),
    "copy": ("", "=0"),
    "sliced copy": ("", "0"),
    "pad": ("0", "0"),  # index_copy, whose gradient asks for the shape of what was copied
    "linear": ("0@w ~", "0"),
    "biased": ("~", "0"),  # a product whose bias alone is trained
    "convolution": ("0 1", "0 1"),  # keeps both, whichever is trained
    "cast matrix": ("", ""),  # of a weight, which is no tensor of the program
    "kept product": ("0", "0"),  # by a layer that keeps what it need not
    "by magnitude": ("0 ~", "0 t0"),
    "embedding": ("~", ""),
    "add": ("", "=0 =1"),
    "shift": ("", "=0"),  # by what gets no gradient, such as a mask
    "scale": ("", "0"),  # times a number
    "negate": ("", "0"),
    "multiply": ("0@1 1@0", "0 1"),
    "weigh": ("0@w ~", "0 t0@w"),  # times a vector of weights
    "square mean": ("0", "0 t0 t0 t0"),  # x.pow(2).mean(-1): the power is made to be multiplied
    "root": ("out", "0"),  # rsqrt
    "normalize": ("0@1 1@0", "0 t0 1"),  # times one number a row
    "layer norm": ("0 1 ~", "0"),  # beside its input, means and deviations
    "activation": ("0", "0"),  # one kernel: SiLU, GELU
    "rectify": ("out", "0"),  # ReLU
    "own gelu": ("0", "0 t0 t0 t0 t0"),  # BLOOM's, a function of its own
    "tanh": ("out", "0"),
    "power": ("0", "0 t0 t0"),
    "rms norm": ("0 1 ~", "=0"),  # in one kernel, over the gradient that comes in
    "gate": ("0 1", "!0 !1"),  # the first through its activation, times the second, in one kernel
    "turn in place": ("~", "=0"),
    "turn back in order": ("~", "0"),  # in place, but where gradients lie in another order
    "rotate": ("~", "0 t0 t0"),  # q * cos + rotate_half(q) * sin
    "match": ("0@1 1@0", "0 1"),  # a product of matrices: queries and keys, or weights and values
    "repeat": ("", "0 tout"),  # a key head for each of its query heads
    "softmax": ("out", "0 tout"),
    "dropout": ("1", "0"),
    # Gradients of queries are summed up in fp32, those of shared keys and values head by head.
    "flash": ("0 1 2 3 out", "0 1 2 t3 t0 t0"),
    "grouped flash": ("0 1 2 3 out", "0 1 2 t3 t0 t0 t0 t0"),
    "efficient": ("0 1 2 3 4 out", "0 1 2 t3 t0 t0"),
    "fp32 efficient": ("0 1 2 3 4 out", "0 1 2 t3"),
    # Views share the storage of their input. The gradients of slices are as large as that, and are
    # summed up; those of parts wait until they can be put together.
    "slice": ("", "0"),
    "spread": ("", "0"),  # one head seen as many
    "part": ("", ""),
    "first part": ("", "0"),
    "join": ("", "^0 ^1"),
    "append": ("", "^0"),  # to what gets no gradient
    "add in place": ("", "=0 =1"),
    "log softmax": ("out", "0"),
    "nll": ("0", "0"),
    # Logits and loss of some tokens at a time; of tiles, whose logits are computed twice; and with
    # gradients that the forward pass has made already, which are kept and handed out.
    "chunked loss": ("0@w 2 ~", "0"),
    "tiled loss": ("0 1 ~", "0"),
    "ready loss": ("1 2", "0 -1 -2"),
}

_VIEWS = (
    "slice",
    "spread",
    "part",
    "first part",
    "add in place",
    "turn in place",
    "turn back in order",
)


def run(
    program: "list[Step]",
    given: "dict[str, int]",
    *,
    needs: "tuple[str, ...]" = (),
    held: "tuple[str, ...]" = (),
    in_scope: "tuple[str, ...]" = (),
    elsewhere: "tuple[str, ...]" = (),
    gradients_stay: bool = True,
) -> "Run":
    """Follow a program forward and backward; the last result gets the first gradient.

    Args:
        program: The operations.
        given: Bytes of each input.
        needs: Inputs that get a gradient.
        held: Names that outlive the program, as the output of a model does.
        in_scope: Names that live to the end of the forward pass, as variables of a function do.
        elsewhere: Inputs that somebody else holds and counts.
        gradients_stay: Whether the gradient of a weight stays, or is at once added to an old one,
            or used and dropped.
    """
    sizes = dict(given)
    needed = set(needs)
    for name, size, operation, inputs, weight, _ in program:
        sizes[name] = size
        if operation != "new" and (weight or any(each in needed for each in inputs)):
            needed.add(name)
    counted = dict(sizes)
    for name in elsewhere:
        counted[name] = 0
    storages = {name: name for name in counted}
    for name, _, operation, inputs, _, _ in program:
        if operation in _VIEWS:
            storages[name] = storages[inputs[0]]
    saved = [[storages[name] for name in _saved(step, needed)] for step in program]
    kept = {name: counted[name] for names in saved for name in names}
    outlive = {storages[name] for name in held}
    stay = set(kept) | outlive | set(in_scope)
    asking = [place for place, step in enumerate(program) if step[0] in needed and _asks(step)]
    last_asks = asking[-1] if asking else len(program)
    backward, kept_then, gradients_then, waiting = _backward(
        program, sizes, counted, saved, needed, gradients_stay
    )
    plain = [step for step in program if step[2] != "graph"]
    return {
        "kept": kept,
        "stays": sum(
            counted[name]
            for name in {
                name
                for names, step in zip(saved, program)
                for name in names
                if step[2] == "kept product"
            }
        ),
        "held": sum(sizes[name] for name in outlive),
        "output": sum(sizes[name] for name in outlive if name not in kept),
        "forward": _forward(program, counted, storages, stay, len(program)),
        "unkept": _forward(plain, counted, storages, outlive | set(in_scope), len(plain)),
        "again": _forward(program, counted, storages, stay, last_asks),
        "backward": backward,
        "kept_then": kept_then,
        "gradients_then": gradients_then,
        "waiting": waiting,
        "gradients": sum(step[4] for step in program),
        "flows": program[-1][0] in needed,
    }


def _asks(step: "Step") -> bool:
    """Say whether an operation asks autograd for what it keeps, were it a weight.

    A layer that keeps its input by a name of its own does not.
    """
    return bool(_OPERATIONS[step[2]][0]) and step[2] != "kept product"


def _saved(step: "Step", needed: "set[str]") -> list[str]:
    """List the tensors that an operation keeps for its backward pass."""
    name, _, operation, inputs, weight, _ = step
    if name not in needed:
        return []
    found = []
    for role in _OPERATIONS[operation][0].split():
        which, _, reason = role.partition("@")
        if which == "~":
            continue
        if not reason or (weight if reason == "w" else inputs[int(reason)] in needed):
            found.append(name if which == "out" else inputs[int(which)])
    return found


def _forward(
    program: "list[Step]",
    sizes: "dict[str, int]",
    storages: "dict[str, str]",
    stay: "set[str]",
    end: int,
) -> int:
    """Give the most bytes that the forward pass holds at once, before the step at its end."""
    last_use: "dict[str, int]" = {}
    made = set()
    for place, (name, _, operation, inputs, _, _) in enumerate(program):
        for each in inputs + (name,):
            last_use[storages[each]] = place
        if operation not in _VIEWS:
            made.add(name)
    last_use[storages[program[-1][0]]] = len(program)
    live = sum(sizes[name] for name in last_use if name not in made)
    fullest = live
    for place in range(end):
        name, size, _, inputs, _, (moment, _) = program[place]
        live += size if name in made else 0
        fullest = max(fullest, live + moment)
        for each in {storages[used] for used in inputs + (name,)}:
            if last_use[each] == place and each not in stay:
                live -= sizes[each]
    return fullest


def _backward(
    program: "list[Step]",
    sizes: "dict[str, int]",
    counted: "dict[str, int]",
    saved: "list[list[str]]",
    needed: "set[str]",
    gradients_stay: bool,
) -> "tuple[int, int, int, int]":
    """Give the most bytes that the backward pass holds; of them what is kept, and gradients.

    Then the bytes of the gradients that wait when an operation first asks for what is kept.
    """
    last = program[-1][0]
    if last not in needed:
        return 0, 0, 0, 0
    uses: "dict[str, int]" = {}
    for names in saved:
        for name in names:
            uses[name] = uses.get(name, 0) + 1
    kept, weights = sum(counted[name] for name in uses), 0
    flow: "Flow" = {"of": {}, "holders": [], "bytes": [], "live": 0, "parts": []}
    _arrive(flow, last, _make(flow, sizes[last]))
    fullest, waiting = (kept + flow["live"], kept, 0), 0
    for place in range(len(program) - 1, -1, -1):
        name, _, operation, _, weight, _ = program[place]
        if name not in flow["of"]:
            continue
        if not waiting and _asks(program[place]):
            waiting = flow["live"]
        flow["parts"].append(flow["of"].pop(name))
        if operation == "part":
            continue
        made, moment = _gradients(flow, program[place], sizes, needed)
        if gradients_stay:
            weights += weight
        else:
            moment += weight
        if kept + flow["live"] + weights + moment > fullest[0]:
            fullest = (kept + flow["live"] + weights + moment, kept, weights)
        for _ in range(len(flow["parts"]) if operation == "first part" else 1):
            _drop(flow, flow["parts"].pop())
        for tensor in saved[place] if operation != "kept product" else ():
            uses[tensor] -= 1
            kept -= 0 if uses[tensor] else counted[tensor]
        for target, storage in made:
            dropped = _arrive(flow, target, storage)
            if kept + flow["live"] + weights + dropped > fullest[0]:
                fullest = (kept + flow["live"] + weights + dropped, kept, weights)
    return fullest[0], fullest[1], fullest[2], waiting


def _gradients(
    flow: "Flow", step: "Step", sizes: "dict[str, int]", needed: "set[str]"
) -> "tuple[list[tuple[str, int]], int]":
    """Make the gradients of an operation's inputs; give them, and what is made for the moment."""
    _, size, operation, inputs, weight, (_, moment) = step
    incoming = flow["parts"][-1]
    made = []
    for token in _OPERATIONS[operation][1].split():
        which, _, reason = token.partition("@")
        if which == "tout":
            moment += size
        elif which[0] == "-":
            moment -= sizes[inputs[int(which[1:])]]
        elif which[0] == "!":
            target = inputs[int(which[1:])]
            if target in needed:
                moment -= sizes[target]
                made.append((target, _make(flow, sizes[target])))
        elif which[0] == "t":
            moment += sizes[inputs[int(which[1:])]] if not reason or weight else 0
        elif inputs[int(which[-1])] in needed:
            target = inputs[int(which[-1])]
            shared = which[0] == "^" or (which[0] == "=" and sizes[target] == size)
            made.append((target, _share(flow, incoming, sizes[target], shared)))
    return made, moment


def _make(flow: "Flow", size: int) -> int:
    """Make a storage for a gradient, and give its number."""
    flow["bytes"].append(size)
    flow["holders"].append(1)
    flow["live"] += size
    return len(flow["bytes"]) - 1


def _share(flow: "Flow", storage: int, size: int, shared: bool) -> int:
    """Hand on a gradient as it is, or make another one."""
    if not shared:
        return _make(flow, size)
    flow["holders"][storage] += 1
    return storage


def _drop(flow: "Flow", storage: int) -> None:
    """Let go of a storage."""
    flow["holders"][storage] -= 1
    if not flow["holders"][storage]:
        flow["live"] -= flow["bytes"][storage]


def _arrive(flow: "Flow", target: str, storage: int) -> int:
    """Add a gradient to what has come for a tensor; give the bytes that come free by that.

    The engine adds in place, unless something else holds the first one too.
    """
    if target not in flow["of"]:
        flow["of"][target] = storage
        return 0
    first = flow["of"][target]
    if flow["holders"][first] > 1:
        flow["of"][target] = _make(flow, flow["bytes"][first])
        _drop(flow, first)
    before = flow["live"]
    _drop(flow, storage)
    return before - flow["live"]
