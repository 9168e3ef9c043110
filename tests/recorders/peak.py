"""The peak of each moment of a real training step, followed on fake tensors.

The inputs of a setup are the arguments of `dlp.peak_memory`. To see what lives at each peak:

    python -m tests.recorders.peak '{"config": {...}, "training": {...}, "lora": {...}}'
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from importlib import metadata
from typing import TYPE_CHECKING, Any

import torch

from _evidence.records import FOLDER
from tests.recorders import fake_liger
from tests.recorders.common import Config, Record, Untyped, build
from tests.recorders.fake_step import LiveBytes, follow, like_a_gpu

import transformers  # isort: skip - after `common`, which says that there is no network

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES = ("peft", "torch", "transformers")

RELEASE = tuple(int(number) for number in metadata.version("transformers").split(".")[:2])

MOMENTS = {
    "forward": "forward end",
    "loss": "loss backward",
    "layers": "layer backward",
    "rest": "backward end",
    "update": "update",
}
"""The phases of a step, and what `dlp` calls the fullest moment of each."""

_TRIES = 3
_AT_ONCE = 30

FORMATS = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}


def make_model(inputs: Record, device: str = "cpu") -> Untyped:
    """Build the model as `from_pretrained` and PEFT would."""
    training = inputs["training"]
    method = inputs.get("method") or ("lora" if inputs.get("lora") else "full")
    named = training.get("dtype", training.get("torch_dtype", "float32"))
    config: Config = dict(inputs["config"])
    options: dict[str, Any] = {
        "dtype" if RELEASE >= (5,) else "torch_dtype": FORMATS[named],
    }
    if "attn_implementation" in training:  # what the library chooses, if not
        options["attn_implementation"] = training["attn_implementation"]
    kind = "AutoModelForCausalLM"
    if over_tokens(config):
        kind = "AutoModelForTokenClassification"
    elif "num_labels" in training or method == "head-only" or config.get("num_labels"):
        images = config["model_type"] == "vit"
        kind = f"AutoModelFor{'Image' if images else 'Sequence'}Classification"
        config["num_labels"] = training.get("num_labels", config.get("num_labels", 2))
        config.setdefault("pad_token_id", 0)
    model = build(getattr(transformers, kind), config, device=device, **options)
    if inputs.get("quantization"):
        bitsandbytes = importlib.import_module("tests.recorders.fake_quantized")
        bitsandbytes.quantize(model, inputs["quantization"])
    if training.get("prepare_model_for_kbit_training"):
        prepare(model, bool(training.get("gradient_checkpointing", True)))
    if method == "head-only":
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith(("score.", "classifier.", "pre_classifier.")))
    unfrozen = training.get("num_layers_unfrozen", -1)
    if unfrozen >= 0:
        freeze(model, unfrozen)
    if inputs.get("lora"):
        model = adapt(model, inputs, config)
    prepared = training.get("prepare_model_for_kbit_training")
    if training.get("gradient_checkpointing", prepared or loop_of(inputs) == "trl"):
        inner = model.get_base_model() if inputs.get("lora") else model
        if inputs.get("lora"):
            inner.enable_input_require_grads()
        inner.gradient_checkpointing_enable(
            gradient_checkpointing_kwargs=training.get(
                "gradient_checkpointing_kwargs", {"use_reentrant": RELEASE < (5,)}
            )
        )
    if kernels := fake_liger.asked(inputs):
        fake_liger.apply(plain(model), **kernels)
    if loop_of(inputs) == "trl" and not aligns(inputs):
        fused = importlib.import_module("trl.trainer.utils")
        fused.add_fused_lm_head(plain(model))
    if hasattr(model.config, "use_cache"):
        model.config.use_cache = training.get(
            "use_cache",
            inputs.get("library", "transformers").startswith("pytorch") or RELEASE < (5,),
        )
    return model.train()


def over_tokens(config: Config) -> bool:
    """Say whether the class that a config names has a head over tokens."""
    return any(name.endswith("ForTokenClassification") for name in config.get("architectures", ()))


def aligns(inputs: Record) -> bool:
    """Say whether a trainer of TRL for another objective than that of SFT runs the step."""
    return bool(inputs.get("objective", "sft") != "sft")


def prepare(model: Untyped, checkpointed: bool) -> None:
    """Do what `prepare_model_for_kbit_training` does: freeze all, and take the rest to fp32."""
    wide: dict[int, torch.nn.Parameter] = {}
    for module in model.modules():
        for name, parameter in module._parameters.items():
            if parameter is None:
                continue
            parameter.requires_grad_(False)
            if parameter.dtype in {torch.float16, torch.bfloat16}:
                # One that is shared stays one.
                made = torch.nn.Parameter(parameter.to(torch.float32), requires_grad=False)
                module._parameters[name] = wide.setdefault(id(parameter), made)
    if checkpointed:
        model.enable_input_require_grads()


def freeze(model: Untyped, unfrozen: int) -> None:
    """Train the layers at the top alone, with what follows them."""
    layers = layers_of(model)
    for module in model.modules():
        if isinstance(module, torch.nn.Embedding):
            module.requires_grad_(False)
    for layer in list(layers)[: len(layers) - unfrozen]:
        layer.requires_grad_(False)


def adapt(model: Untyped, inputs: Record, config: Config) -> Untyped:
    """Add LoRA's adapters by PEFT."""
    peft = importlib.import_module("peft")
    lora = dict(inputs["lora"])
    autocast = lora.pop("autocast_adapter_dtype", True)
    task: str | None = (
        "CAUSAL_LM" if type(model).__name__.endswith(("CausalLM", "LMHeadModel")) else "SEQ_CLS"
    )
    if over_tokens(config):
        task = "TOKEN_CLS"
    if config["model_type"] == "vit":
        task = None
    lora.setdefault("fan_in_fan_out", config["model_type"] in {"gpt2", "gpt_bigcode"})
    adapters = peft.LoraConfig(task_type=task, **lora)
    weights = next(model.parameters()).dtype
    adapted = peft.get_peft_model(model, adapters, autocast_adapter_dtype=autocast)
    for module in adapted.modules():
        # Where a layer is moved to its weight, it takes over its format as well.
        plain_layer = isinstance(getattr(module, "base_layer", None), torch.nn.Linear)
        if plain_layer and not autocast and module.base_layer.weight.dtype == weights:
            for name in ("lora_A", "lora_B"):
                getattr(module, name).to(weights)
    if inputs.get("quantization") and loop_of(inputs) == "trl":
        for module in adapted.modules():  # as its trainer does
            for name, parameter in module._parameters.items():
                if parameter is not None and parameter.requires_grad:
                    module._parameters[name] = torch.nn.Parameter(parameter.to(torch.bfloat16))
    for module in adapted.modules():
        if "modules_to_save" in module._modules:
            renew(module.modules_to_save)
    return adapted


def renew(copies: torch.nn.Module) -> None:
    """Give copies storages of their own: a copied fake tensor has one that views do not share."""
    for module in copies.modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                module._parameters[name] = torch.nn.Parameter(torch.empty_like(parameter))


def layers_of(model: Untyped) -> Untyped:
    """Find the layers: the longest list of modules."""
    lists = [each for each in model.modules() if isinstance(each, torch.nn.ModuleList)]
    return max(lists, key=len)


def make_optimizer(inputs: Record, model: Untyped) -> Untyped:
    """Build the optimizer that `TrainingArguments` names so."""
    loop = inputs.get("library", "transformers")
    fused = RELEASE >= (4, 54) and not loop.startswith("pytorch")
    usual = "adamw_torch_fused" if fused else "adamw_torch"
    name = inputs["training"].get("optim", usual)
    trained = [each for each in model.parameters() if each.requires_grad]
    optimizers = importlib.import_module("tests.recorders.optimizers")
    return optimizers.OPTIMIZERS[name](trained)


def make_batch(inputs: Record, model: Untyped) -> dict[str, torch.Tensor]:
    """Make a batch of tokens, or of pictures, where the model is."""
    with next(model.parameters()).device:
        return _batch(inputs, model)


def _batch(inputs: Record, model: Untyped) -> dict[str, torch.Tensor]:
    training = inputs["training"]
    batch, length = training["per_device_train_batch_size"], training["max_length"]
    classifies = not hasattr(model, "lm_head") and "Classification" in str(type(plain(model)))
    classifies = classifies and not over_tokens(inputs["config"])
    labels = torch.zeros(batch, dtype=torch.long)
    if inputs["config"]["model_type"] == "vit":
        side = inputs["config"]["image_size"]
        channels = inputs["config"].get("num_channels", 3)
        return {"pixel_values": torch.empty(batch, channels, side, side), "labels": labels}
    tokens = torch.zeros(batch, length, dtype=torch.long)
    found = {"input_ids": tokens, "labels": labels if classifies else tokens.clone()}
    if training.get("attention_mask"):
        found["attention_mask"] = torch.ones(batch, length, dtype=torch.long)
    return found


def plain(model: Untyped) -> Untyped:
    """Give the model of Transformers inside that of PEFT."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def loop_of(inputs: Record) -> str:
    """Name whose loop it is."""
    named: str = inputs.get("library", "transformers")
    return named.replace(",", " ").split()[0]


def make_step(inputs: Record, trainers: list[Untyped]) -> Callable[..., None]:
    """Write the step as the loop of the library runs it, or one of its trainers."""
    training = inputs["training"]
    loop = loop_of(inputs)
    windows = training.get("gradient_accumulation_steps", 1)
    in_bf16 = training.get("bf16", loop == "trl" and not training.get("fp16"))
    half = torch.bfloat16 if in_bf16 else torch.float16
    autocasts = bool(in_bf16 or training.get("fp16"))

    def forward(model: Untyped, batch: dict[str, torch.Tensor]) -> Untyped:
        options: dict[str, Any] = {}
        counts = loop != "pytorch" and RELEASE >= (4, 46)
        if counts and "Classification" not in str(type(plain(model))):
            options["num_items_in_batch"] = batch["labels"].numel()
        if loop == "trl":
            options["fused_lm_head"] = True
        with torch.autocast(batch["labels"].device.type, dtype=half, enabled=autocasts):
            return model(**batch, **options)

    held: dict[str, Untyped] = {}

    def micro_batch(model: Untyped, batch: dict[str, torch.Tensor], tracker: LiveBytes) -> None:
        tracker.enter("forward")
        if trainers:
            alignment = importlib.import_module("tests.recorders.alignment")
            _backward(alignment.make_loss(inputs, trainers[0], batch), tracker)
            return
        out = forward(model, batch)
        loss = out.loss
        if loop == "pytorch":  # its `out` is still that of the step before until now
            held["out"] = out
        del out
        _backward(loss, tracker)

    def step(model: Untyped, optimizer: Untyped, tracker: LiveBytes) -> None:
        mark(model, tracker)
        optimizer.zero_grad()
        forwards = []
        for trainer in trainers:
            trainer._step = 0
        # A trainer takes all batches of a window first: trainer.py, `get_batch_samples`.
        ahead = loop != "pytorch" and RELEASE >= (4, 46)
        waiting = [_data(inputs, model, trainers) for _ in range(windows if ahead else 0)]
        for place in range(min(windows, 2)):
            batch = waiting[place] if ahead else _data(inputs, model, trainers)
            micro_batch(model, batch, tracker)
            forwards.append((tracker.peaks["forward"], tracker.numbers["forward"]))
        if trainers:  # which generate before the first of them
            tracker.peaks["forward"], tracker.numbers["forward"] = max(forwards)
        tracker.enter("update")
        if loop != "pytorch":
            trained = [each for each in model.parameters() if each.requires_grad]
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        del batch

    return step


def _data(inputs: Record, model: Untyped, trainers: list[Untyped]) -> Untyped:
    """Make what the data gives for one micro-batch."""
    if not trainers:
        return make_batch(inputs, model)
    alignment = importlib.import_module("tests.recorders.alignment")
    return alignment.make_batch(inputs, trainers[0])


def _backward(loss: torch.Tensor, tracker: LiveBytes) -> None:
    """Run the backward pass, and open its phases where no gradient has done so."""
    tracker.enter("loss")
    loss.backward()
    if tracker.phase == "loss":
        tracker.enter("layers")
    if tracker.phase == "layers":
        tracker.enter("rest")


def mark(model: Untyped, tracker: LiveBytes) -> None:
    """Open the phases of the backward pass when the gradients of the layers' ends are there."""
    layers = layers_of(model)
    for handle in getattr(model, "_marks", []):
        handle.remove()
    model._marks = []

    def enter(phase: str) -> Callable[[torch.Tensor], None]:
        def hook(_gradient: torch.Tensor) -> None:
            order = list(MOMENTS)
            if order.index(tracker.phase) < order.index(phase):
                tracker.enter(phase)

        return hook

    def ended(_module: Untyped, _given: Untyped, out: Untyped) -> None:
        out = out[0] if isinstance(out, tuple) else out
        if out.requires_grad and tracker.phase == "forward":
            out.register_hook(enter("layers"))

    def began(_module: Untyped, given: Untyped) -> None:
        if given and given[0].requires_grad and tracker.phase == "forward":
            given[0].register_hook(enter("rest"))

    waiting: list[bool] = []

    def last(_module: Untyped, _given: Untyped) -> None:
        if tracker.phase == "forward":
            waiting.append(True)

    def follows(_module: Untyped, given: Untyped) -> None:
        tensor = given[0] if given else None
        if waiting and isinstance(tensor, torch.Tensor) and tensor.requires_grad:
            waiting.clear()
            tensor.register_hook(enter("layers"))

    # With reentrant checkpointing a layer runs without a graph: what follows the layers sees it.
    inside = {id(each) for each in layers.modules()}
    model._marks = [
        each.register_forward_pre_hook(follows)
        for each in model.modules()
        if id(each) not in inside and not inside & {id(other) for other in each.modules()}
    ]
    model._marks += [
        layers[-1].register_forward_pre_hook(last),
        layers[-1].register_forward_hook(ended),
        layers[0].register_forward_pre_hook(began),
    ]


def replaced(inputs: Record) -> list[tuple[Untyped, str, Untyped]]:
    """List what looks at numbers, which fake tensors have not, or moves parameters."""
    found: list[tuple[Untyped, str, Untyped]] = []
    tuners = importlib.import_module("peft.tuners.tuners_utils")
    layer = tuners.BaseTunerLayer
    found.append((layer, "_move_adapter_to_device_of_base_layer", lambda *_, **__: None))
    if inputs.get("quantization"):
        quantized = importlib.import_module("tests.recorders.fake_quantized")
        chooses = importlib.import_module("peft.tuners.lora.model")
        found.append((chooses, "dispatch_default", quantized.adapter))
    found.append((torch.nn.init, "trunc_normal_", lambda tensor, *_, **__: tensor))
    if fake_liger.asked(inputs):
        found += fake_liger.replaced(inputs["config"]["model_type"])
    if importlib.util.find_spec("trl") and RELEASE >= (5,):
        # On a GPU one kernel reads a tile of logits and writes the gradient over it, and products
        # of 16 bits are added to fp32 without a copy.
        kernels = importlib.import_module("trl.kernels.chunked_logprob")
        found.append((kernels, "_forward_tile", lambda *_, **__: None))
        found.append((kernels, "_backward_tile", lambda *_, **__: None))
        found.append((kernels, "_addmm_fp32", lambda *_, **__: None))
    if RELEASE >= (5,):
        initial = importlib.import_module("transformers.initialization")
        found.append((initial, "trunc_normal_", lambda tensor, *_, **__: tensor))
        masks = importlib.import_module("transformers.masking_utils")
        found.append((masks, "is_tracing", lambda *_, **__: False))
        found.append((masks, "find_packed_sequence_indices", lambda *_, **__: None))
        found.append((masks, "_ignore_causal_mask_sdpa", skips_mask))
        if hasattr(masks, "_ignore_bidirectional_mask_sdpa"):
            found.append((masks, "_ignore_bidirectional_mask_sdpa", lambda m, *_, **__: m is None))
    elif RELEASE >= (4, 53):
        masks = importlib.import_module("transformers.masking_utils")
        found.append((masks, "_ignore_causal_mask_sdpa", lambda mask, *_, **__: mask is None))
    else:
        masks = importlib.import_module("transformers.modeling_attn_mask_utils")
        converter = masks.AttentionMaskConverter
        ignores = staticmethod(lambda attention_mask, *_, **__: attention_mask is None)
        found.append((converter, "_ignore_causal_mask_sdpa", ignores))
        pretrained = transformers.PreTrainedModel
        found.append((pretrained, "warn_if_padding_and_no_attention_mask", lambda *_: None))
        padded = bool(inputs["training"].get("attention_mask"))

        def expanded(mask: Untyped, dtype: Untyped, tgt_len: int | None = None) -> Untyped:
            return converter._expand_mask(mask, dtype, tgt_len) if padded else None

        for name in ("bert", "roberta", "distilbert"):
            module = importlib.import_module(f"transformers.models.{name}.modeling_{name}")
            if hasattr(module, "_prepare_4d_attention_mask_for_sdpa"):
                found.append((module, "_prepare_4d_attention_mask_for_sdpa", expanded))
        # OPT asks chance whether to leave out a layer.
        rand = torch.rand
        found.append((torch, "rand", lambda *size: 1.0 if size == ([],) else rand(*size)))
    if aligns(inputs):
        alignment = importlib.import_module("tests.recorders.alignment")
        found += alignment.replaced(inputs)
    return found


def skips_mask(
    mask: Untyped, _rows: int, columns: int, _first: int, _start: int, window: int | None = None
) -> bool:
    """Say that no mask is made, if none was given and no window is narrower than the text."""
    return mask is None and (window is None or columns < window)


def trace(inputs: Record, watched: dict[str, int] | None = None) -> LiveBytes:
    """Follow two steps of a run."""
    trainers: list[Untyped] = []

    def make() -> tuple[Untyped, Untyped]:
        model = make_model(inputs)
        if aligns(inputs):
            alignment = importlib.import_module("tests.recorders.alignment")
            plainly = dict(inputs["training"], gradient_checkpointing=False)
            reference = dict(inputs, training=plainly)
            trainers.append(alignment.make_trainer(inputs, model, lambda: make_model(reference)))
        return model, make_optimizer(inputs, model)

    with like_a_gpu(replaced(inputs)):
        return follow(make, make_step(inputs, trainers), watched)


def count(setup: Record) -> Record:
    """Give the bytes that live at the peak of each moment, and when the backward pass begins."""
    return read(trace(setup["inputs"]))


def read(tracker: Untyped) -> Record:
    """Read what was held at most in each moment."""
    moments = {name: tracker.peaks[phase] for phase, name in MOMENTS.items()}
    most = max(moments.values())
    return {"counted": {"peak": most, "kept": tracker.starts["loss"], "moments": moments}}


def count_all(setups: list[Record]) -> list[Record]:
    """Count all setups, some at a time, in processes that forget what fake tensors leave behind.

    A process that PyTorch brings down is followed by another, which goes on.
    """
    found: dict[int, Record] = {}
    context = multiprocessing.get_context("spawn")
    for _ in range(_TRIES * len(setups)):
        left = [place for place in range(len(setups)) if place not in found][:_AT_ONCE]
        if not left:
            break
        with ProcessPoolExecutor(mp_context=context) as pool:
            asked = {pool.submit(count, setups[place]): place for place in left}
            for done in as_completed(asked):
                if not isinstance(done.exception(), BrokenProcessPool):
                    found[asked[done]] = done.result()
    return [found[place] for place in range(len(setups))]


def again(names: list[str]) -> dict[str, Record]:
    """Count some of the recorded setups anew."""
    recorded = json.loads((FOLDER / "peak.json").read_text("utf-8"))["records"]
    chosen = [each for each in recorded if each["id"] in names]
    return dict(zip([each["id"] for each in chosen], count_all(chosen), strict=True))


def main() -> None:
    """Print what lives at the peak of each moment of a run, largest first.

    Given names of recorded setups, count them anew and print what comes out.
    """
    if not sys.argv[1].startswith("{"):
        sys.stdout.write(json.dumps(again(sys.argv[1:])))
        return
    inputs = json.loads(sys.argv[1])
    numbers = trace(inputs).numbers
    tracker = trace(inputs, numbers)
    for phase, name in MOMENTS.items():
        sys.stdout.write(f"{name}: {tracker.peaks[phase]:,}\n")
        rows: Untyped = tracker.found.get(phase, {})
        ordered = sorted(rows.items(), key=lambda row: -row[0][0] * row[1])
        for (size, kind, shape, operation), number in ordered[:30]:
            sys.stdout.write(
                f"  {number * size:>15,} = {number} x {kind}{list(shape)} {operation}\n"
            )


if __name__ == "__main__":
    main()
