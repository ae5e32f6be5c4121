"""The parts of a model by name: modules, or methods that are called between them."""

from __future__ import annotations

from typing import Any


def locate(model: Any, part: str) -> tuple[Any, str]:
    """The object and the name of its attribute that is called when the part is: a module's `forward`, or a method.

    Raises:
        AttributeError: the model has no such part.
    """
    import torch

    parent, _, name = part.rpartition(".")
    owner = model.get_submodule(parent)
    attribute = getattr(owner, name)
    return (attribute, "forward") if isinstance(attribute, torch.nn.Module) else (owner, name)


def as_module(model: Any, part: str) -> Any:
    """The part as a module: itself, or one whose forward is the method."""
    import torch

    owner, name = locate(model, part)
    if name == "forward":
        return owner

    class Method(torch.nn.Module):
        """A method of a module, which brings the module's weights."""

        def __init__(self) -> None:
            super().__init__()
            self.owner = owner

    method = Method().eval()
    # As an attribute of its own, so that its signature stays the method's.
    method.forward = getattr(owner, name)
    return method
