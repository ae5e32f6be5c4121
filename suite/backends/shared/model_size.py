"""The size in bytes of a model's weights as they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def model_bytes(model: Any) -> int:
    """Bytes of the parameters and buffers of a torch model, each memory once: tied weights are one."""
    return tensor_bytes([*model.parameters(), *model.buffers()])


def tensor_bytes(tensors: Iterable[torch.Tensor]) -> int:
    """Bytes of tensors, quantized ones as the integers and scales that they consist of."""
    sizes = {}
    for tensor in tensors:
        for inner in _inner(tensor):
            sizes[inner.data_ptr(), inner.device] = inner.numel() * inner.element_size()
    return sum(sizes.values())


def directory_bytes(directory: Path, pattern: str = "*") -> int:
    """Bytes of the files below a directory whose names match."""
    return sum(path.stat().st_size for path in directory.rglob(pattern) if path.is_file())


def _inner(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    from torch.utils._python_dispatch import is_traceable_wrapper_subclass

    if not is_traceable_wrapper_subclass(tensor):
        yield tensor
        return
    names, _ = tensor.__tensor_flatten__()
    for name in names:
        yield from _inner(getattr(tensor, name))
