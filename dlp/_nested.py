"""Configs in a config: each is that of a part, which has its place in the whole."""

from dlp import _check, _declared
from dlp.families import FAMILIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from dlp._rows import Config, Family

    Placed = tuple[str, str, int, int, bool, int, list[int] | None]


def part(config: "Config", family: "Family", key: str) -> "tuple[Config, Family]":
    """Find a config in a config, or what stands for it, and the family that it is of."""
    _, usual, flat = family["nested"][key]
    given = config.get(key)
    if given is None:
        around = [name for name in config if flat and name not in family["nested"]]
        found = {name: config[name] for name in around} | usual
    else:
        found = dict(_check.keywords(f'config["{key}"]', given))
        # Old files name a part as the whole.
        if found.get("model_type") in (None, config["model_type"]):
            found["model_type"] = usual["model_type"]
    model_type = found["model_type"]
    model_type = _declared.model_type(f'config["{key}"]["model_type"]', found, model_type)
    return {name: found[name] for name in found if name != "auto_map"}, FAMILIES[model_type]()


def instead(config: object, known: "Collection[str]") -> str:
    """Say, after what is wrong with a config, that the config of its text is of a known type."""
    config = _check.mapping("config", config)
    family = FAMILIES[str(config["model_type"])]()
    if "text_config" not in family["nested"]:
        return ""
    text = part(config, family, "text_config")[0]["model_type"]
    if text not in known:
        return ""
    return f"; its text_config, a {text!r}, can be given in its place"


def sizes(config: "Config", family: "Family", text: "dict[str, int]") -> "dict[str, int]":
    """Give the sizes of the part that reads text; the whole says if its head is tied."""
    found = dict(text)
    said = [config.get(key) for key in family["keys"].get(_TIED, (_TIED,))]
    tied = ([each for each in said if each is not None] or [None])[0]
    if family["tied"] is None:
        tied = False
    elif family["tied"] == "as text":
        tied = tied or bool(found[_TIED])
    elif family["tied"] == "in the text":
        own, inner = part(config, family, "text_config")
        tied = inner["tied"] if own.get(_TIED) is None else own[_TIED]
    elif tied is None:
        tied = family["tied"]
    found[_TIED] = int(_check.flag(f'config["{_TIED}"]', tied))
    return found


_TIED = "tie_word_embeddings"


def moved(placed: "list[Placed]", base: str, path: str) -> "list[Placed]":
    """List what a part has, whose own paths begin with `base`, by its path in the whole."""
    found: "list[Placed]" = []
    for name, kind, inputs, outputs, bias, copies, among in placed:
        own = name[len(base) + 1 :] if base and name.startswith(f"{base}.") else name
        found.append((f"{path}.{own}", kind, inputs, outputs, bias, copies, among))
    return found
