"""The build of a backend for a checkpoint, from the cache or made now, and the key that identifies it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from suite.backends import Backend, get_backend
from suite.core.subject import Subject
from suite.worker.build_cache import BuildCache, digest


def ensure_build(backend: Backend, subject: Subject, cache: BuildCache) -> tuple[str, bool]:
    """The name of the build in the cache, and whether it had to be made. The build it starts from is made first."""
    key = build_key(backend, subject)
    if cache.get(key) is not None:
        return digest(key), False
    base = None
    if backend.base:
        base = cache.content(ensure_build(get_backend(backend.base), subject, cache)[0])
    cache.build(key, lambda directory: backend.build(subject, directory, base))
    return digest(key), True


def build_key(backend: Backend, subject: Subject) -> dict[str, Any]:
    """Everything that determines a build's content."""
    key: dict[str, Any] = {
        "backend": backend.name,
        "weights": subject.fingerprint,
        "auto_class": subject.auto_class,
        "generation": subject.generation,
        "parts": subject.parts,
        "device": subject.device,
        "libraries": {name: _version(name) for name in backend.libraries},
        "options": dict(backend.options()),
    }
    if backend.base:
        key["base"] = build_key(get_backend(backend.base), subject)
    return key


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "absent"
