"""What rows of families with experts share: keys, sizes, layers, and the layers that have them."""

from dlp import _rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dlp._rows import Bias, LayerSet, Module


def keys(
    number: str,
    width: str = "moe_intermediate_size",
    chosen: str = "num_experts_per_tok",
    dense: str = "first_k_dense_replace",
) -> "dict[str, tuple[str, ...]]":
    """Give the keys of experts: their number, their width, how many a token is sent to."""
    return {
        "num_experts": tuple(number.split()),
        "moe_intermediate_size": (width,),
        "num_experts_per_tok": tuple(chosen.split()),
        "first_k_dense_replace": (dense,),
        "floored_head_dim": ("head_dim",),
    }


PLAIN = keys("num_experts num_local_experts")
AS_WIDE = keys("num_experts num_local_experts", "intermediate_size")  # as an MLP
ROUTED = keys("n_routed_experts num_local_experts")
LOCAL = keys("num_local_experts num_experts", "intermediate_size")


def sizes(
    width: int,
    layers: int,
    heads: int,
    inner: "int | None",
    words: int,
    experts: "int | None",
    chosen: "int | None",
    each: "int | None" = None,
    **others: object,
) -> "dict[str, object]":
    """Give what a class takes for what is left out; experts are as wide as its MLP, or `each`."""
    found = _rows.sizes(width, layers, heads, inner, words, num_experts=experts)
    found.update({"num_experts_per_tok": chosen, "moe_intermediate_size": each or inner})
    found.update(others)
    return found


def shared(
    count: str = "n_shared_experts",
    path: str = "mlp.shared_experts",
    bias: "Bias" = False,
    where: str = "sparse",
    width: str = "m",
) -> "tuple[Module, ...]":
    """List the MLP of experts that see every token: one, as wide as all of them."""
    return _rows.mlp(bias, path=path, width=f"{width} {count}", where=where)


def sparse(
    count: str = "n_shared_experts", bias: "Bias" = False, router: str = "gate"
) -> "tuple[Module, ...]":
    """List a dense MLP in some layers, and in all others experts beside those that are shared."""
    return (
        _rows.mlp(bias, where="!sparse")
        + _rows.experts(where="sparse", router=router)
        + shared(count, bias=bias)
    )


def from_layer(name: str = "first_k_dense_replace") -> "LayerSet":
    """Give the layers with experts: all but the first few, unless the config lists their kinds."""
    return _rows.typed(
        "sparse",
        lambda read, layer: "sparse" if layer >= read(name) else "dense",
        "mlp_layer_types",
    )


FIRST = {"sparse": _rows.after("first_k_dense_replace")}
LISTED = {"sparse": from_layer()}
ALL_BUT_ONE = {
    "sparse": _rows.typed(
        "sparse", lambda read, layer: "sparse" if layer else "dense", "mlp_layer_types"
    )
}
OPTIONAL = (
    "first_k_dense_replace",
    "n_shared_experts",
    "num_shared_experts",
    "moe_num_shared_experts",
    "num_experts_per_tok",
)


def gated_share(where: str = "sparse") -> "tuple[Module, ...]":
    """List experts beside one that sees every token, as much as a gate says."""
    path = "mlp.shared_expert"
    rows = _rows.experts(where=where)
    rows += _rows.mlp(path=path, where=where, width="shared_expert_intermediate_size")
    rows += ((f"{path}_gate", "mlp", "d", "1", False, where),)
    return rows if not where else _rows.mlp(where=f"!{where}") + rows


def granite(attends: str = "", experts: str = "") -> "tuple[Module, ...]":
    """List attention and experts of Granite."""
    rows = _rows.attention("attention_bias", "attention_bias", where=attends)
    return rows + _rows.experts(path="block_sparse_moe", router="router", where=experts)


def granite_share(where: str = "") -> "tuple[Module, ...]":
    """List the MLP of Granite that sees every token, its gate and up in one matrix."""
    width = "shared_intermediate_size"
    return (
        ("shared_mlp.input_linear", "mlp", "d", f"2 {width}", False, where),
        ("shared_mlp.output_linear", "mlp", width, "d", False, where),
    )
