"""Eager PyTorch with int8 weights, and activations quantized as they come, by torchao."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from suite.backends.base import Backend, Tolerance
from suite.backends.shared.model_size import model_bytes, tensor_bytes
from suite.core.runnable import Runnable
from suite.core.subject import Subject

if TYPE_CHECKING:
    import torch

NAMED = 2
"""Unquantized modules of one type that are named in the notes; of more, only the number."""


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
        notes = describe(model, chosen)
        quantize(model, chosen)
        return Runnable(model, subject.device, model_bytes(model), notes)


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
    tensors: list[torch.Tensor] = []
    for name, module in model.named_modules():
        own = dict(module.named_parameters(recurse=False))
        if name in chosen:
            del own["weight"]
        elif own:
            left[type(module).__name__].append(name or "the model itself")
        tensors += own.values()
    unquantized = [
        f"{len(names)} {kind}" if len(names) > NAMED else f"{', '.join(names)} ({kind})"
        for kind, names in sorted(left.items())
    ]
    share = tensor_bytes(tensors) / (tensor_bytes(model.parameters()) or 1)
    return {"quantized": len(chosen), "unquantized": unquantized, "unquantized_share": round(share, 4)}
