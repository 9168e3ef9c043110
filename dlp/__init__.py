"""The arithmetic of fine-tuning large language models.

Every formula is a pure function of keyword arguments that bear the field's own names; it gives a
plain number, or a list or dict of them. The unit is in the function's name.

A value of another type than documented is a `TypeError`, one out of its range or no choice a
`ValueError`; the message names the argument. "Raises" stands only where there is more to refuse.

The formulas stand in modules, grouped by what they are for. Whatever a module names without an
underscore is public, and the modules are loaded in turn until a name is found.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dlp.steps import *
    from dlp.units import *
    from dlp.transformer import *
    from dlp.families import *
    from dlp.adapters import *
    from dlp.peak import *
    from dlp.activations import *
    from dlp.memory import *
    from dlp.quantization import *
    from dlp.architectures import *
    from dlp.models import *
    from dlp.objective import *
    from dlp.heads import *
    from dlp.matrix_adapters import *
    from dlp.small_adapters import *
    from dlp.soft_prompts import *
    from dlp.accelerators import *
    from dlp.megatron import *
    from dlp.logits import *
    from dlp.gguf import *
    from dlp.cache import *
    from dlp.tensors import *
    from dlp.files import *
    from dlp.checkpoints import *
    from dlp.compute import *
    from dlp.throughput import *
    from dlp.loading import *
    from dlp.parallel import *
    from dlp.limits import *
    from dlp.schedule import *
    from dlp.packing import *
    from dlp.alignment import *
else:
    # A module comes after those that it imports from, and one that little needs comes late.
    _MODULES = (  # noqa: SIM905
        "steps units transformer families adapters peak activations memory quantization "
        "architectures models objective heads matrix_adapters small_adapters soft_prompts "
        "accelerators megatron logits gguf cache tensors files checkpoints compute throughput "
        "loading parallel limits schedule packing alignment"
    ).split()

    # Rows of families: who asks of one model needs one of these modules.
    _ROWS = (  # noqa: SIM905
        "_dense _documents _gpts _hearing _joining _latent _linear _mixed _mixers _reading "
        "_seeing _sparse _translating _viewing"
    ).split()

    # Few ask for LitGPT, or adapt what a regular expression matches.
    _LATER = [*_ROWS, "_litgpt", "_patterns"]

    class _Later:
        """A module that is loaded when something of it is first asked for."""

        def __init__(self, name: str) -> None:
            """Note which."""
            self._name = name

        def __getattr__(self, name: str) -> object:
            """Give what the module has."""
            return getattr(__import__("dlp." + self._name, None, None, ("",)), name)

    def __getattr__(name: str) -> object:
        """Load the modules in turn until one has the name, and keep what came by."""
        if name in _LATER:
            return _Later(name)
        found = {}
        if name == "__all__" or (name[0] != "_" and name not in _MODULES):
            for module in _MODULES:
                loaded = __import__("dlp." + module, None, None, ("",))
                for each in dir(loaded):
                    if each[0] != "_" and each not in ("TYPE_CHECKING", "math"):
                        found[each] = getattr(loaded, each)
                if name in found:
                    break
            else:
                found["__all__"] = list(found)
        globals().update(found)
        if name not in found:
            raise AttributeError(f"module 'dlp' has no attribute {name!r}")
        return found[name]

    def __dir__() -> list[str]:
        """List the public names, loaded or not."""
        return __getattr__("__all__")
