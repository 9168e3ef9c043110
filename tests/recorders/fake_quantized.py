"""Layers of bitsandbytes on fake tensors: what they hold, and what they make and keep.

Their products are kernels for a GPU. Here a product makes the weight for the moment that it takes,
as `dequantize_4bit` does, and keeps nothing of its input (bitsandbytes 0.50.2, `MatMul4Bit` in
`autograd/_functions.py`); it brings its input to the format in which it computes, and its output
back (`Linear4bit.forward` in `nn/modules.py`).
"""

from __future__ import annotations

import importlib
import math
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from tests.recorders.common import Record, Untyped

FORMATS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


class Product(torch.autograd.Function):
    """A product with a weight that is made for the moment."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, layer: Linear4bit) -> torch.Tensor:
        """Multiply, and keep nothing."""
        ctx.layer = layer
        return functional.linear(x, layer.made(x.dtype), layer.bias)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        """Make the weight again."""
        return torch.matmul(gradient, ctx.layer.made(gradient.dtype)), None


class Linear4bit(torch.nn.Linear):
    """A linear layer in 4 bits, with the name that PEFT looks for."""

    def __init__(self, linear: torch.nn.Linear, bits: Record) -> None:
        """Hold packed values, scales, and the tables to read them by."""
        torch.nn.Module.__init__(self)
        self.in_features, self.out_features = linear.in_features, linear.out_features
        values = self.in_features * self.out_features
        self._saved_as = linear.weight.dtype
        self._compute = FORMATS[bits.get("bnb_4bit_compute_dtype", "float32")]
        self.weight = torch.nn.Parameter(
            torch.empty(math.ceil(values / 2), 1, dtype=torch.uint8), requires_grad=False
        )
        blocks = math.ceil(values / 64)
        if bits.get("bnb_4bit_use_double_quant"):
            self.register_buffer("scales", torch.empty(blocks, dtype=torch.uint8))
            self.register_buffer("second_scales", torch.empty(math.ceil(blocks / 256)))
            self.register_buffer("second_table", torch.empty(256))
            self.register_buffer("mean", torch.empty(1))
        else:
            self.register_buffer("scales", torch.empty(blocks))
        self.register_buffer("table", torch.empty(16))
        self.bias = linear.bias

    def made(self, kind: torch.dtype) -> torch.Tensor:
        """Make the weight as it was, in the format of the product."""
        shape = (self.out_features, self.in_features)
        return torch.empty(shape, dtype=self._saved_as).to(kind)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Multiply in the format to compute in."""
        given = x.dtype
        x = x.to(self._compute)
        if self.bias is not None and self.bias.dtype != x.dtype:
            self.bias = torch.nn.Parameter(self.bias.detach().to(x.dtype), requires_grad=False)
        out: torch.Tensor = Product.apply(x, self)
        return out.to(given)


class Product8bit(torch.autograd.Function):
    """A product of whole numbers, without outliers: `MatMul8bitLt` of bitsandbytes 0.50.2."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, layer: Linear8bit) -> torch.Tensor:
        """Round the input, multiply, and hold the input by a name of its own."""
        given = x.reshape(-1, x.shape[-1])
        rounded = _round(given.to(torch.float16))
        wide = torch.empty(given.shape[0], layer.out_features, dtype=torch.int32)
        out = torch.empty(wide.shape, dtype=torch.float16)
        result = out.to(x.dtype)
        del wide, out, rounded
        ctx.layer = layer
        if ctx.needs_input_grad[0]:
            ctx.given = given
        return result.reshape(*x.shape[:-1], layer.out_features)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        """Make the weight in the format of the input."""
        weight = ctx.layer.weight.to(ctx.given.dtype)
        return torch.matmul(gradient, weight), None


def _round(given: torch.Tensor) -> torch.Tensor:
    """Make what the kernel writes, beside a look for outliers."""
    rounded = torch.empty(given.shape, dtype=torch.int8)
    sizes = given.abs()
    above = torch.empty(given.shape, dtype=torch.bool)
    del sizes, above
    return rounded


class Linear8bit(torch.nn.Linear):
    """A linear layer of LLM.int8()."""

    def __init__(self, linear: torch.nn.Linear) -> None:
        """Hold whole numbers, and a scale for each row."""
        torch.nn.Module.__init__(self)
        self.in_features, self.out_features = linear.in_features, linear.out_features
        shape = (self.out_features, self.in_features)
        self.weight = torch.nn.Parameter(torch.empty(shape, dtype=torch.int8), requires_grad=False)
        self.register_buffer("scales", torch.empty(self.out_features))
        self.bias = linear.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Multiply."""
        return Product8bit.apply(x, self)


def adapter(target: Untyped, adapter_name: str, **options: Any) -> Untyped:
    """Give a layer the adapter that PEFT has for those of bitsandbytes."""
    if not isinstance(target, (Linear4bit, Linear8bit)):
        usual = importlib.import_module("peft.tuners.lora.layer").dispatch_default
        return usual(target, adapter_name, **options)
    options.pop("lora_config", None)  # which releases before `config` did not hand on
    own = importlib.import_module("peft.tuners.lora.bnb")
    made = own.Linear8bitLt if isinstance(target, Linear8bit) else own.Linear4bit
    return made(target, adapter_name, **options)


def quantize(model: Untyped, bits: Record) -> None:
    """Put layers of 4 or 8 bits in the place of all linear layers but the output head."""
    skipped = ["lm_head", "score", "classifier", *bits.get("llm_int8_skip_modules", [])]
    for name, module in list(model.named_modules()):
        parent, _, own = name.rpartition(".")
        if isinstance(module, torch.nn.Linear) and own not in skipped:
            made = Linear8bit(module) if bits.get("load_in_8bit") else Linear4bit(module, bits)
            setattr(model.get_submodule(parent), own, made)
    model.requires_grad_(False)
