"""Eager PyTorch with int8 weights, and activations quantized as they come, by torchao."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from suite.backends.base import Backend, Tolerance
from suite.backends.shared.model_size import model_bytes, tensor_bytes
from suite.core.runnable import ON_SPEED, Runnable
from suite.core.subject import Subject
from suite.measure import processor

if TYPE_CHECKING:
    import torch

NAMED = 2
"""Unquantized modules of one type that are named in the notes; of more, only the number."""
INTEGER_PRODUCTS = {"avx512_vnni", "avx_vnni", "amx_int8"}
"""Instruction sets of x86 that multiply and add integers at once."""
_STEPS = "At every call each linear layer first quantizes what comes in, in several small steps of much the same cost"
# The first numbers are those of results/baselines/epyc-2-cores; the second of suite.benchmarks.int8_widths.
WITH_PRODUCTS = (
    f"{_STEPS}: most models with a hidden size of 32 to 96 took 3 to 7 times eager's time on a processor with "
    "AVX512-VNNI, one of 384 took 1.2 times. Where it turns here: python -m suite.benchmarks.int8_widths."
)
WITHOUT_PRODUCTS = (
    f"{_STEPS}, and this processor has no instructions for integer products (AVX-VNNI, AMX), so that it turned at no "
    "size that was tried: on one row, a layer 64 wide took 47 times eager's time, one of 512 took 16 times, of 2,048 "
    "and of 4,096 still 3 times. To try it here: python -m suite.benchmarks.int8_widths."
)


class Int8(Backend):
    """Every linear layer with its own weights, per-row int8; embeddings, norms and convolutions stay float32."""

    name, family, dtype = "int8", "torch", "int8"
    # MiniLM's sentence vectors moved by 8e-2 and, between a batch and singles, by as much: one activation that is
    # rounded the other way shifts all layers above. The bounds are twice that; wrong outputs are at 1 and beyond.
    tolerance = Tolerance(fidelity=1.5e-1, batching=1.5e-1)
    libraries: ClassVar[tuple[str, ...]] = ("torch", "transformers", "torchao")

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        model = subject.load_model().to(subject.device)
        linear_from_conv1d(model)
        chosen = quantizable(model)
        notes = describe(model, chosen) | speed(subject.device, processor.flags())
        quantize(model, chosen)
        return Runnable(model, subject.device, model_bytes(model), notes)


def speed(device: str, flags: Set[str]) -> dict[str, str]:
    """The note on its latencies, for x86 processors that have these instruction sets; elsewhere nothing was tried."""
    if device != "cpu" or "avx2" not in flags:
        return {}
    return {ON_SPEED: WITH_PRODUCTS if flags & INTEGER_PRODUCTS else WITHOUT_PRODUCTS}


def quantize(model: Any, chosen: set[str]) -> None:
    """Quantize the chosen modules in place."""
    from torchao.quantization import Int8DynamicActivationInt8WeightConfig, quantize_

    quantize_(model, Int8DynamicActivationInt8WeightConfig(), filter_fn=lambda _, name: name in chosen)


def linear_from_conv1d(model: Any) -> None:
    """Replace transformers' Conv1D (GPT-2's linear layer, stored transposed), which torchao passes over."""
    import torch
    from transformers.pytorch_utils import Conv1D

    layers = [(name, module) for name, module in model.named_modules() if isinstance(module, Conv1D)]
    for name, module in layers:
        inputs, outputs = module.weight.shape
        linear = torch.nn.Linear(inputs, outputs, device="meta")
        linear.weight = torch.nn.Parameter(module.weight.detach().T.contiguous(), requires_grad=False)
        linear.bias = module.bias
        model.set_submodule(name, linear.train(module.training))


def quantizable(model: Any) -> set[str]:
    """The names of the linear layers to quantize.

    One whose weight is an embedding's too is left alone: the embedding stays float32, so that the matrix would be
    stored a second time. So is one whose weight is read without calling the layer.
    """
    import torch
    from torch.nn.modules.linear import NonDynamicallyQuantizableLinear

    linear = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and not isinstance(module, NonDynamicallyQuantizableLinear)
    }
    elsewhere = {
        id(parameter)
        for name, module in model.named_modules()
        if name not in linear
        for parameter in module.parameters(recurse=False)
    }
    return {name for name, module in linear.items() if id(module.weight) not in elsewhere}


def describe(model: Any, chosen: set[str]) -> dict[str, Any]:
    """What will be quantized and what will not; the share is of the unquantized model's bytes."""
    left: dict[str, list[str]] = defaultdict(list)
    widths: set[int] = set()
    tensors: list[torch.Tensor] = []
    for name, module in model.named_modules():
        own = dict(module.named_parameters(recurse=False))
        if name in chosen:
            widths.update(own.pop("weight").shape)
        elif own:
            left[type(module).__name__].append(name or "the model itself")
        tensors += own.values()
    unquantized = [
        f"{len(names)} {kind}" if len(names) > NAMED else f"{', '.join(names)} ({kind})"
        for kind, names in sorted(left.items())
    ]
    share = tensor_bytes(tensors) / (tensor_bytes(model.parameters()) or 1)
    notes = {"quantized": len(chosen), "unquantized": unquantized, "unquantized_share": round(share, 4)}
    return notes | ({"widths": f"{min(widths)} to {max(widths)}"} if widths else {})
