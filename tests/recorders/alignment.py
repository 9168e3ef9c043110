"""The steps of DPO and GRPO: TRL's own trainers, on a model of fake tensors.

A trainer is not built whole, as that would load a model and data. Its methods run as they are on
what its constructor would have set; rewards and the text of completions are none of a GPU's.
"""

from __future__ import annotations

import importlib
import types
from collections import defaultdict, deque
from typing import TYPE_CHECKING

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch._subclasses.fake_tensor import FakeTensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.recorders.common import Record, Untyped

_TRAINERS = {
    "dpo": ("trl.trainer.dpo_trainer", "DPOTrainer", "DPOConfig"),
    "grpo": ("trl.trainer.grpo_trainer", "GRPOTrainer", "GRPOConfig"),
}

_LOADS = ("dtype", "torch_dtype", "attn_implementation", "attention_mask", "max_length")
"""What is said of the model and of batches, and is no name of every trainer's config."""


_SAME = """
entropy_coef importance_sampling_level log_multimodal loss_type mask_truncated_completions
max_completion_length min_p multi_objective_aggregation num_generations num_iterations
off_policy_mask_threshold pad_to_multiple_of repetition_penalty scale_rewards temperature
top_entropy_quantile top_k top_p use_adaptive_entropy use_transformers_continuous_batching use_vllm
vllm_importance_sampling_correction
""".split()  # noqa: SIM905
"""What the trainer of GRPO takes over from its config by the same names."""


def make_trainer(inputs: Record, model: Untyped, build: Callable[[], Untyped]) -> Untyped:
    """Give a trainer what its constructor sets; `build` makes the reference model.

    It stands beside the model, which is wrapped as Accelerate does it.
    """
    module, kind, config = _TRAINERS[inputs["objective"]]
    source = importlib.import_module(module)
    trainer: Untyped = getattr(source, kind).__new__(getattr(source, kind))
    training = {k: v for k, v in inputs["training"].items() if k not in _LOADS}
    if inputs["objective"] == "dpo":
        training["max_length"] = inputs["training"]["max_length"]
    args = getattr(source, config)("unused", use_cpu=True, report_to="none", **training)
    AcceleratorState._reset_state(reset_partial_state=True)
    trainer.args = args
    trainer.accelerator = Accelerator(cpu=True, mixed_precision="bf16" if args.bf16 else "no")
    trainer.accelerator.device  # noqa: B018 - which makes its state
    trainer.model = trainer.model_wrapped = model
    trainer.aux_loss_enabled = trainer.is_deepspeed_enabled = trainer.is_fsdp_enabled = False
    trainer._metrics = {"train": defaultdict(list), "eval": defaultdict(list)}
    trainer._total_train_tokens = 0
    trainer._tp_size = 1
    trainer.beta = args.beta
    needs = args.beta != 0 if inputs["objective"] == "grpo" else not args.precompute_ref_log_probs
    trainer.ref_model = build().eval() if needs and not inputs.get("lora") else None
    heads = importlib.import_module("trl.trainer.utils")
    {"dpo": _for_dpo, "grpo": _for_grpo}[inputs["objective"]](trainer, inputs, heads)
    if args.disable_dropout:
        heads.disable_dropout_in_model(model)
    trainer.accelerator.prepare_model(model)
    if trainer.ref_model is not None:
        heads.add_fused_lm_head(trainer.ref_model)
        trainer.accelerator.prepare_model(trainer.ref_model, evaluation_mode=True)
        model._beside = [trainer.ref_model]
    return trainer


def _inner(model: Untyped) -> Untyped:
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _for_dpo(trainer: Untyped, inputs: Record, heads: Untyped) -> None:
    args = trainer.args
    trainer.precompute_ref_logps = args.precompute_ref_log_probs
    trainer.loss_types = args.loss_type
    trainer.loss_weights = args.loss_weights or [1.0] * len(args.loss_type)
    for name in ("ld_alpha", "f_divergence_type", "f_alpha_divergence_coef", "use_weighting"):
        setattr(trainer, name, getattr(args, name))
    trainer.label_smoothing = args.label_smoothing
    outputs: tuple[str, ...] = ("log_probs", "entropy", "mean_logits", "is_top1")
    if args.use_weighting:
        outputs += ("log_sum_sq_probs",)
    heads.add_fused_lm_head(_inner(trainer.model), outputs=outputs)


def _for_grpo(trainer: Untyped, inputs: Record, heads: Untyped) -> None:
    transformers = importlib.import_module("transformers")
    distributed = importlib.import_module("trl.distributed")
    args = trainer.args
    for name in _SAME:
        setattr(trainer, name, getattr(args, name))
    trainer.epsilon_low = args.epsilon
    trainer.epsilon_high = args.epsilon if args.epsilon_high is None else args.epsilon_high
    trainer._entropy_bonus_enabled = args.entropy_coef != 0.0
    trainer.current_gradient_accumulation_steps = args.gradient_accumulation_steps
    trainer.tools = trainer.environment_factories = trainer.environments = None
    trainer.rollout_func = None
    trainer.eos_token_ids = [2]
    trainer._is_vlm = False
    trainer._step, trainer._buffered_inputs = 0, None
    trainer._tokenizer = types.SimpleNamespace(pad_token_id=0, bos_token_id=1, eos_token_id=2)
    trainer.processing_class = types.SimpleNamespace(
        batch_decode=lambda ids, **_: ["text"] * len(ids)
    )
    trainer.state = types.SimpleNamespace(num_input_tokens_seen=0, global_step=0)
    trainer.reward_funcs, trainer.reward_func_names = [len], ["length"]
    trainer.reward_weights = torch.ones(1)
    trainer._logs = defaultdict(deque, rewards=defaultdict(deque), extra=defaultdict(deque))
    trainer._pending_extra_logs, trainer._pending_metrics = {}, {}
    trainer._dist = distributed.DistributedBackend(trainer.accelerator)
    # As its constructor has it.
    trainer.generation_kwargs = {
        "max_new_tokens": args.max_completion_length,
        "do_sample": True,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": trainer.eos_token_ids,
        "temperature": args.temperature,
        "top_p": args.top_p,
        "top_k": args.top_k,
        "min_p": args.min_p,
        "repetition_penalty": args.repetition_penalty,
        "cache_implementation": args.cache_implementation,
    }
    trainer.generation_config = transformers.GenerationConfig(
        **trainer.generation_kwargs, disable_compile=True
    )
    prompt = inputs["training"]["max_length"] - args.max_completion_length
    trainer._tokenize_prompts = lambda prompts: ([[5] * prompt for _ in prompts], None, {})
    trainer._calculate_rewards = lambda inputs, *_: torch.zeros(len(inputs), 1)
    heads.add_fused_lm_head(
        _inner(trainer.model), temperature=args.temperature, outputs=("log_probs", "entropy")
    )


def make_batch(inputs: Record, trainer: Untyped) -> Untyped:
    """Make what the data gives: pairs of answers, or prompts, which are no tensors."""
    training = inputs["training"]
    batch, length = training["per_device_train_batch_size"], training["max_length"]
    if inputs["objective"] == "grpo":
        return [{"prompt": "text"}] * (batch * trainer.args.steps_per_generation)
    tokens = torch.zeros(2 * batch, length, dtype=torch.long)
    found = {
        "input_ids": tokens,
        "attention_mask": torch.ones_like(tokens),
        "completion_mask": torch.ones_like(tokens),
    }
    if trainer.precompute_ref_logps:
        found["ref_chosen_logps"] = torch.zeros(batch)
        found["ref_rejected_logps"] = torch.zeros(batch)
    return found


def make_loss(inputs: Record, trainer: Untyped, batch: Untyped) -> torch.Tensor:
    """Compute the loss of a micro-batch, with all that goes before it."""
    if inputs["objective"] == "grpo":
        batch = trainer._prepare_inputs(batch)
        trainer._step += 1
    return trainer.compute_loss(trainer.model_wrapped, batch)


class Picked(torch.autograd.Function):
    """The rows that a mask picks, of which a fake tensor cannot know the number."""

    @staticmethod
    def forward(ctx: Untyped, x: torch.Tensor, rows: int, places: int) -> torch.Tensor:
        """Make the rows; keep where they stand."""
        ctx.save_for_backward(*(torch.empty(rows, dtype=torch.long) for _ in range(places)))
        ctx.shape = x.shape
        return torch.empty(rows, *x.shape[places:], dtype=x.dtype)

    @staticmethod
    def backward(ctx: Untyped, gradient: torch.Tensor) -> Untyped:
        """Put the gradients of the rows into zeros."""
        return torch.zeros(ctx.shape, dtype=gradient.dtype), None, None


def replaced(inputs: Record) -> list[tuple[Untyped, str, Untyped]]:
    """List what looks at numbers."""
    training = inputs["training"]
    padded = bool(training.get("attention_mask"))
    masks = importlib.import_module("transformers.masking_utils")
    heads = importlib.import_module("trl.trainer.utils")
    generation = importlib.import_module("transformers.generation.utils")
    stops = importlib.import_module("transformers.generation.stopping_criteria")
    scored = training["max_length"] - 1  # of each sample
    if inputs["objective"] == "grpo":
        scored = training.get("max_completion_length", 512)
    take, truth, item = torch.Tensor.__getitem__, torch.Tensor.__bool__, torch.Tensor.item
    to_list = torch.Tensor.tolist

    def picked(x: torch.Tensor, index: Untyped) -> Untyped:
        if isinstance(index, FakeTensor) and index.dtype == torch.bool:
            rows = index.numel()
            if index.dim() == 2:
                rows = index.shape[0] * min(scored, index.shape[1])
            return Picked.apply(x, rows, index.dim())
        return take(x, index)

    def skips(
        mask: Untyped, rows: int, columns: int, first: int, _start: int, window: int | None = None
    ) -> bool:
        if window is not None and columns >= window:
            return False
        return (mask is None or not padded) and (rows in {1, columns} or first == 0)

    done: list[bool] = []

    def at_length(self: Untyped, input_ids: torch.Tensor, *_: Untyped, **__: Untyped) -> Untyped:
        done[:] = [input_ids.shape[1] >= self.max_length]
        return torch.full((input_ids.shape[0],), done[0], dtype=torch.bool)

    def at_end(self: Untyped, input_ids: torch.Tensor, *_: Untyped, **__: Untyped) -> Untyped:
        return torch.isin(input_ids[:, -1], torch.empty(1, dtype=torch.long))

    def unfinished(*_: Untyped, **__: Untyped) -> bool:
        return not (done and done.pop())

    return [
        (torch.Tensor, "__getitem__", picked),
        (torch.Tensor, "__bool__", lambda x: False if isinstance(x, FakeTensor) else truth(x)),
        (torch.Tensor, "item", lambda x: 1 if isinstance(x, FakeTensor) else item(x)),
        (
            torch.Tensor,
            "tolist",
            lambda x: [1] * x.numel() if isinstance(x, FakeTensor) else to_list(x),
        ),
        (masks, "_ignore_causal_mask_sdpa", skips),
        (heads, "_use_triton", lambda *_: True),
        (stops.MaxLengthCriteria, "__call__", at_length),
        (stops.EosTokenCriteria, "__call__", at_end),
        (generation.GenerationMixin, "_has_unfinished_sequences", unfinished),
    ]
