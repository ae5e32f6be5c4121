"""The registry. A backend is one file in this folder and one line here; nothing is imported until asked for."""

from __future__ import annotations

from importlib import import_module

from suite.backends.base import Backend, Tolerance

REFERENCE = "eager"
QUICK = (REFERENCE, "onnx")
"""The pair that `-m quick` runs: the model as it is, and as another runtime executes it."""

REGISTRY: dict[str, str] = {
    "eager": "suite.backends.eager:Eager",
    "fp16": "suite.backends.fp16:Half",
    "bf16": "suite.backends.bf16:BFloat16",
    "int8": "suite.backends.int8:Int8",
    "compile": "suite.backends.compile:Compile",
    "onnx": "suite.backends.onnx:Onnx",
    "onnx-int8": "suite.backends.onnx_int8:OnnxInt8",
    "noop": "suite.backends.noop:Noop",
}


def get_backend(name: str) -> Backend:
    """The backend of that name.

    Raises:
        KeyError: no such backend; callers that face a user check the name first.
    """
    return load_backend(REGISTRY[name])


def load_backend(reference: str) -> Backend:
    """The backend that a registry line, "module:Class", refers to."""
    module, _, attribute = reference.partition(":")
    backend: Backend = getattr(import_module(module), attribute)()
    return backend


__all__ = ["QUICK", "REFERENCE", "REGISTRY", "Backend", "Tolerance", "get_backend", "load_backend"]
