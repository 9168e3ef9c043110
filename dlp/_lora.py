"""What PEFT's `LoraConfig` has, and which of it changes a count, or what a step holds."""

from dlp import _check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any, Literal, TypedDict

    from dlp._adapted import Choice

    LoraBias = Literal["none", "lora_only", "all"]

    class Rest(TypedDict, total=False):
        """The settings of `LoraConfig` that change no count, or none that is counted."""

        alora_invocation_tokens: object
        alpha_pattern: Mapping[str, float] | None
        arrow_config: object
        auto_mapping: object
        base_model_name_or_path: object
        corda_config: object
        eva_config: object
        fan_in_fan_out: object
        inference_mode: object
        init_lora_weights: object
        kasa_config: object
        layer_replication: object
        loftq_config: object
        lora_alpha: float
        lora_dropout: float
        lora_ga_config: object
        megatron_config: object
        megatron_core: object
        monteclora_config: object
        peft_type: object
        peft_version: object
        qalora_group_size: object
        revision: object
        runtime_config: object
        use_bdlora: object
        use_qalora: object
        use_rslora: bool
        velora_config: object

    class Modules(Choice, Rest, total=False):
        """The arguments of `adapted_modules`."""

    class Lora(Modules, total=False):
        """The arguments of `lora_model_parameters`."""

        r: int
        bias: LoraBias
        use_dora: bool
        lora_bias: bool
        rank_pattern: Mapping[str, int] | None


COUNTED = "r bias use_dora lora_bias rank_pattern".split()  # noqa: SIM905
"""What changes how much is trained of the modules that are found."""

MODULES = """
ensure_weight_tying exclude_modules layers_pattern layers_to_transform modules_to_save
target_modules target_parameters task_type trainable_token_indices
""".split()  # noqa: SIM905
"""What says which modules are found."""

IDLE = """
alpha_pattern auto_mapping base_model_name_or_path corda_config eva_config fan_in_fan_out
inference_mode init_lora_weights loftq_config lora_alpha lora_ga_config peft_type peft_version
revision runtime_config use_rslora
""".split()  # noqa: SIM905
"""What changes neither a count nor what a step holds."""

UNCOUNTED_STEP = """
alora_invocation_tokens autocast_adapter_dtype lora_dropout megatron_core qalora_group_size
velora_config
""".split()  # noqa: SIM905
"""What changes no count, but what a step holds; one is an argument of `get_peft_model`."""

UNCOUNTED = """
arrow_config kasa_config layer_replication megatron_config monteclora_config use_bdlora use_qalora
""".split()  # noqa: SIM905
"""What changes a count in a way that is not known here."""

MEANINGLESS = {"megatron_core": "megatron_config", "qalora_group_size": "use_qalora"}
"""What PEFT always writes, and what it means nothing without."""

NAMES = COUNTED + MODULES + IDLE + UNCOUNTED_STEP + UNCOUNTED


def known(arguments: "Collection[str]", allowed: "Collection[str]", whose: str) -> None:
    """Refuse an argument that is none, and that PEFT does not have either."""
    for name in arguments:
        if name not in allowed:
            raise TypeError(
                f"there is no argument {name[:60]!r}, and {whose} has none of that name"
            )


def check(given: "Mapping[str, Any]", where: str = "{}") -> None:
    """Check the settings that change no count, and refuse those that change it unknown.

    `where` says how a setting is shown, such as `lora["{}"]`.
    """
    for name in given:
        off = given[name] is None or given[name] is False or given[name] == []
        if name in UNCOUNTED and not off:
            shown = where.replace("{}", name)
            raise ValueError(f"{shown} must be left out: what it trains is not counted")
    if given.get("init_lora_weights") == "mica":
        shown = where.replace("{}", "init_lora_weights")
        raise ValueError(f"{shown} must not be 'mica': what it trains is not counted")
    _check.flag(where.replace("{}", "use_rslora"), given.get("use_rslora", False))
    _check.number(where.replace("{}", "lora_alpha"), given.get("lora_alpha", 8))
    dropout = given.get("lora_dropout", 0)
    _check.number(where.replace("{}", "lora_dropout"), dropout, maximum=1)
    alphas = given.get("alpha_pattern")
    pattern = where.replace("{}", "alpha_pattern")
    for key, alpha in _check.keywords(pattern, {} if alphas is None else alphas).items():
        _check.number(f'{pattern}["{key[:60]}"]', alpha)
