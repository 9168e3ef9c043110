"""Steps of training on answers: groups of answers to a prompt (GRPO), and pairs of them (DPO)."""

from dlp import _check
from dlp.steps import _of_a_run, effective_batch_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Required, TypedDict, Unpack

    from dlp.steps import Batch

    class Prompts(TypedDict, total=False):
        """The arguments of `grpo_updates_per_epoch`."""

        num_samples: Required[int]
        per_device_train_batch_size: Required[int]
        num_generations: int
        gradient_accumulation_steps: int
        steps_per_generation: int | None
        generation_batch_size: int | None
        num_iterations: int
        num_devices: int


def grpo_updates_per_epoch(
    *,
    num_samples: int,
    per_device_train_batch_size: int,
    num_generations: int = 8,
    gradient_accumulation_steps: int = 1,
    steps_per_generation: "int | None" = None,
    generation_batch_size: "int | None" = None,
    num_iterations: int = 1,
    num_devices: int = 1,
) -> int:
    r"""Count the optimizer updates in one pass of GRPO over its prompts.

    A batch holds answers, not prompts: each prompt has `num_generations` rows. Prompts that do not
    fill a generated batch are left out.

    $$\left\lfloor \frac{\text{num\_samples} \times \text{num\_generations}}
    {\operatorname{effective\_batch\_size}} \right\rfloor \times \text{num\_iterations}$$

    That holds where one generated batch makes one update. With `steps_per_generation` or
    `generation_batch_size` of its own it is cut into micro-batches, of which
    `gradient_accumulation_steps` make an update.

    Args:
        num_samples: Prompts in the data set, 1 or more.
        per_device_train_batch_size: Answers in one micro-batch on one device, 1 or more.
        num_generations: Answers to each prompt, 2 or more.
        gradient_accumulation_steps: Micro-batches summed into one update, 1 or more.
        steps_per_generation: Micro-batches in a generated batch, 1 or more; `None` as many as in an
            update.
        generation_batch_size: Or else its answers on all devices together, 1 or more.
        num_iterations: How often each generated batch is trained on, 1 or more.
        num_devices: The data-parallel degree, 1 or more: devices that take different answers,
            without those that only generate.

    Returns:
        Updates per epoch; 0 if the prompts do not fill a generated batch, which TRL refuses.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a value is out of its range, a generated batch does not hold whole
            micro-batches and all answers to its prompts, or its size is given twice.

    Source:
        TRL 1.16.0, `trainer/grpo_config.py`, `GRPOConfig.__post_init__`; `trainer/utils.py`,
        `RepeatSampler`. `RLOOTrainer` has the same.

    Examples:
        >>> grpo_updates_per_epoch(
        ...     num_samples=5498,
        ...     num_generations=8,
        ...     per_device_train_batch_size=8,
        ...     gradient_accumulation_steps=4,
        ...     num_devices=7,
        ... )
        196
    """
    batches, steps = _generated(
        num_samples=num_samples,
        per_device_train_batch_size=per_device_train_batch_size,
        num_generations=num_generations,
        gradient_accumulation_steps=gradient_accumulation_steps,
        steps_per_generation=steps_per_generation,
        generation_batch_size=generation_batch_size,
        num_iterations=num_iterations,
        num_devices=num_devices,
    )
    micro_batches = batches * steps * num_iterations
    return -(-micro_batches // gradient_accumulation_steps)


def grpo_training_updates(
    *, num_train_epochs: float = 3.0, max_steps: int = -1, **epoch: "Unpack[Prompts]"
) -> int:
    r"""Count the optimizer updates of a whole run of GRPO.

    With `max_steps=-1`, which is the default, epochs are counted:

    $$\left\lceil \text{num\_train\_epochs} \times \operatorname{grpo\_updates\_per\_epoch}
    \right\rceil$$

    Args:
        num_train_epochs: Passes over the prompts, 0 or more; part of one too, such as 0.5.
        max_steps: Updates of the run, as [`training_updates`][dlp.steps.training_updates] takes it.
        **epoch: The arguments of [`grpo_updates_per_epoch`][dlp.alignment.grpo_updates_per_epoch].

    Returns:
        Updates in the run.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a value is out of its range, a generated batch does not hold whole
            micro-batches and all answers to its prompts, or its size is given twice.

    Source:
        Transformers 5.23.0, `trainer.py`, `Trainer.set_initial_training_values`; TRL 1.16.0,
        `trainer/grpo_trainer.py`.

    Examples:
        >>> grpo_training_updates(
        ...     num_samples=8000,
        ...     num_generations=6,
        ...     per_device_train_batch_size=4,
        ...     gradient_accumulation_steps=2,
        ...     num_devices=3,
        ...     num_train_epochs=2,
        ... )
        4000
    """
    return _of_a_run(grpo_updates_per_epoch(**epoch), num_train_epochs, max_steps)


def grpo_completions_per_epoch(**epoch: "Unpack[Prompts]") -> int:
    r"""Count the answers that one pass of GRPO over its prompts generates.

    $$\left\lfloor \frac{\text{num\_samples} \times \text{num\_generations}}
    {\operatorname{effective\_batch\_size}} \right\rfloor \times
    \operatorname{effective\_batch\_size}$$

    Args:
        **epoch: The arguments of [`grpo_updates_per_epoch`][dlp.alignment.grpo_updates_per_epoch],
            of which `num_iterations` changes no count.

    Returns:
        Completions per epoch.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a value is out of its range, a generated batch does not hold whole
            micro-batches and all answers to its prompts, or its size is given twice.

    Source:
        TRL 1.16.0, `trainer/grpo_trainer.py`, `GRPOTrainer._prepare_inputs`.

    Examples:
        >>> grpo_completions_per_epoch(
        ...     num_samples=5498,
        ...     num_generations=8,
        ...     per_device_train_batch_size=8,
        ...     gradient_accumulation_steps=4,
        ...     num_devices=7,
        ... )
        43904
    """
    batches, steps = _generated(**epoch)
    return batches * steps * epoch["per_device_train_batch_size"] * epoch.get("num_devices", 1)


def preference_sequences_per_update(**batch: "Unpack[Batch]") -> int:
    r"""Count the sequences that a model reads for one update of DPO or of a reward model.

    A row is a prompt with two answers, the chosen one and the rejected one, so that a batch has
    twice as many sequences. Rows make updates as with any other data: the count of updates is
    [`training_updates`][dlp.steps.training_updates].

    $$2 \times \operatorname{effective\_batch\_size}$$

    Args:
        **batch: The arguments of [`effective_batch_size`][dlp.steps.effective_batch_size], whose
            samples are rows.

    Returns:
        Sequences per update. A reference model reads as many, unless `precompute_ref_log_probs`
        has it read all of them once before.

    Source:
        TRL 1.16.0, `trainer/dpo_trainer.py`, `DataCollatorForPreference`.

    Examples:
        >>> preference_sequences_per_update(
        ...     per_device_train_batch_size=8, gradient_accumulation_steps=4
        ... )
        64
    """
    return 2 * effective_batch_size(**batch)


def _generated(
    *,
    num_samples: int,
    per_device_train_batch_size: int,
    num_generations: int = 8,
    gradient_accumulation_steps: int = 1,
    steps_per_generation: "int | None" = None,
    generation_batch_size: "int | None" = None,
    num_iterations: int = 1,
    num_devices: int = 1,
) -> "tuple[int, int]":
    """Count the generated batches of an epoch, and the micro-batches of each."""
    _check.count("num_iterations", num_iterations)
    prompts = _check.count("num_samples", num_samples)
    answers = _check.count("num_generations", num_generations, minimum=2)
    steps = _check.count("gradient_accumulation_steps", gradient_accumulation_steps)
    at_once = effective_batch_size(
        per_device_train_batch_size=per_device_train_batch_size, num_devices=num_devices
    )
    if steps_per_generation is not None:
        steps = _check.count("steps_per_generation", steps_per_generation)
    if generation_batch_size is not None:
        size = _check.count("generation_batch_size", generation_batch_size)
        if steps_per_generation is not None:
            raise ValueError(
                "generation_batch_size must be left out where steps_per_generation is given"
            )
        if size % at_once:
            raise ValueError(
                "generation_batch_size must be a multiple of per_device_train_batch_size times "
                f"num_devices, not {size} with {at_once}"
            )
        steps = size // at_once
    if at_once * steps % answers:
        raise ValueError(
            f"num_generations must divide the {at_once * steps} answers of a generated batch, "
            f"not {answers}"
        )
    return prompts * answers // (at_once * steps), steps
