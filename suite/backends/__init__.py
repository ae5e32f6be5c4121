"""What executes a checkpoint: one file a backend, and one line in the registry here.

Nothing is imported until it is asked for. Installed packages bring further ones by entry points in the group
`touchstone.backends`: see `suite.plugin.hookspecs`.
"""

from __future__ import annotations

from importlib import import_module

from suite.backends.base import Backend, Tolerance
from suite.core import extensions

REFERENCE = "eager"
ALL = "all"
"""As a name given by a user: every backend that there is, also those that do not run by default."""
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
    "checkpointing": "suite.backends.checkpointing:Checkpointing",
    "adafactor": "suite.backends.adafactor:Adafactor",
    "lora-2": "suite.backends.lora:Rank2",
    "lora-8": "suite.backends.lora:Rank8",
    "lora-32": "suite.backends.lora:Rank32",
}

REQUIRED = ("name", "family", "dtype", "tolerance")
"""What every backend sets."""


def references() -> dict[str, str]:
    """The "module:Class" of every backend by name: ours in the registry's order, then those of installed packages.

    Raises:
        UsageError: a package brings a backend under a name that is taken.
    """
    known = dict(REGISTRY)
    for extension in extensions.installed(extensions.BACKENDS):
        if extension.name in known:
            raise extension.broken(f"there is a backend of that name already, {known[extension.name]}")
        known[extension.name] = extension.reference
    return known


def get_backend(name: str) -> Backend:
    """The backend of that name.

    Raises:
        KeyError: no such backend; callers that face a user check the name first.
        UsageError: a package's entry point that is not a backend, or cannot be imported.
    """
    if name in REGISTRY:
        return load_backend(REGISTRY[name])
    for extension in extensions.installed(extensions.BACKENDS):
        if extension.name == name:
            return _backend_of(extension)
    raise KeyError(name)


def _backend_of(extension: extensions.Extension) -> Backend:
    value = extension.load()
    if not (isinstance(value, type) and issubclass(value, Backend)):
        raise extension.broken(f"{extension.reference} is not a subclass of suite.backends.Backend")
    absent = [name for name in REQUIRED if not hasattr(value, name)]
    if absent:
        raise extension.broken(f"{extension.reference} does not set {', '.join(absent)}")
    if value.name != extension.name:
        raise extension.broken(f"{extension.reference} is named {value.name!r}: both names must be the same")
    try:
        return value()
    except TypeError as error:  # an abstract method is left
        raise extension.broken(f"{extension.reference} cannot be made ({error})") from error


def load_backend(reference: str) -> Backend:
    """The backend that a registry line, "module:Class", refers to."""
    module, _, attribute = reference.partition(":")
    backend: Backend = getattr(import_module(module), attribute)()
    return backend


__all__ = ["ALL", "QUICK", "REFERENCE", "REGISTRY", "Backend", "Tolerance", "get_backend", "load_backend", "references"]
