"""A disk cache of builds (exports, compiled kernels), keyed by everything that determines their content.

An entry is one folder, named after the hash of its key, with a manifest that records the size and the hash of every
file: a damaged entry is noticed when it is requested, and built again. Two processes that want the same build do not
make it twice: the second waits for the first. A build that dies leaves a partial folder, under a name by which the next
builder and `clear` find it; it is never taken for an entry.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from suite.core.files import cache_root, sha256

MANIFEST = "manifest.json"
CONTENT = "build"
HASHED_UP_TO = 64 * 2**20
"""Larger files are checked by size alone: hashing them would cost more than it tells."""
_PARTIAL, _LOCK = ".partial", ".lock"


@dataclass(frozen=True)
class Entry:
    """One finished build. `created` is seconds since the epoch, `size` the bytes of its files."""

    path: Path
    key: Mapping[str, Any]
    created: float
    size: int
    files: Mapping[str, Mapping[str, Any]]

    def __str__(self) -> str:
        backend, weights = self.key.get("backend", "?"), str(self.key.get("weights", ""))
        made = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.created))
        return f"{self.path.name[:12]}  {made}  {self.size / 1e6:9.1f} MB  {backend} of {weights[:12]}"

    @property
    def content(self) -> Path:
        """The folder that `make` filled."""
        return self.path / CONTENT

    def damage(self) -> str | None:
        """What is wrong with its files, or `None`. Files that came later are no damage."""
        for name, recorded in self.files.items():
            file = self.content / name
            if not file.is_file():
                return f"{name} is missing"
            if file.stat().st_size != recorded["size"]:
                return f"{name} has {file.stat().st_size} bytes, not {recorded['size']}"
            if recorded["sha256"] is not None and sha256(file) != recorded["sha256"]:
                return f"{name} has other content than it was written with"
        return None


class BuildCache:
    """Builds under one root, by key. A key is a dict of JSON values."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = build_cache_root() if root is None else root

    def get(self, key: Mapping[str, Any]) -> Path | None:
        """The folder with an intact build for `key`."""
        entry = _read_entry(self.root / digest(key))
        return None if entry is None or entry.damage() else entry.content

    def content(self, name: str) -> Path:
        """The folder with the content of the build of that name, which `digest` gives."""
        return self.root / name / CONTENT

    def build(self, key: Mapping[str, Any], make: Callable[[Path], None]) -> Path:
        """The folder with the build for `key`; `make` is called to fill it, unless another process just has."""
        name = digest(key)
        final, partial = self.root / name, self.root / (name + _PARTIAL)
        self.root.mkdir(parents=True, exist_ok=True)
        with _locked(self.root / (name + _LOCK)):
            existing = self.get(key)
            if existing is not None:
                return existing
            # Whoever began this partial is dead, since we hold the lock.
            shutil.rmtree(partial, ignore_errors=True)
            content = partial / CONTENT
            content.mkdir(parents=True)
            try:
                make(content)
                _write_manifest(partial, key)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
            shutil.rmtree(final, ignore_errors=True)
            partial.rename(final)
        return final / CONTENT

    def entries(self) -> list[Entry]:
        """Every finished build, oldest first."""
        if not self.root.is_dir():
            return []
        entries = [_read_entry(path) for path in self.root.iterdir() if path.suffix not in (_PARTIAL, _LOCK)]
        return sorted((entry for entry in entries if entry is not None), key=lambda entry: entry.created)

    def clear(self) -> int:
        """Remove every build and what dead builders left behind; how many bytes that freed.

        A build in progress is left alone.
        """
        freed = 0
        if not self.root.is_dir():
            return freed
        names = {path.name.removesuffix(_PARTIAL).removesuffix(_LOCK) for path in self.root.iterdir()}
        for name in sorted(filter(_is_digest, names)):
            lock = self.root / (name + _LOCK)
            with contextlib.suppress(Timeout), _locked(lock, wait=False):
                for folder in (self.root / name, self.root / (name + _PARTIAL)):
                    freed += _bytes_in(folder)
                    shutil.rmtree(folder, ignore_errors=True)
                # Windows removes no open file; the lock removes its own there. Elsewhere, whoever waits for it notices.
                with contextlib.suppress(PermissionError):
                    lock.unlink(missing_ok=True)
        return freed


def build_cache_root() -> Path:
    """Where builds are kept."""
    return cache_root() / "builds"


def digest(key: Mapping[str, Any]) -> str:
    """The name of the entry for `key`, whatever the order of its parts."""
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()


def _is_digest(name: str) -> bool:
    return len(name) == 64 and set(name) <= set("0123456789abcdef")


def _read_entry(path: Path) -> Entry | None:
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        return Entry(path, manifest["key"], manifest["created"], manifest["size"], manifest["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_manifest(folder: Path, key: Mapping[str, Any]) -> None:
    content = folder / CONTENT
    files: dict[str, dict[str, Any]] = {}
    for file in sorted(path for path in content.rglob("*") if path.is_file()):
        size: int = file.stat().st_size
        checksum = sha256(file) if size <= HASHED_UP_TO else None
        files[file.relative_to(content).as_posix()] = {"size": size, "sha256": checksum}
    manifest = {
        "key": key,
        "created": time.time(),
        "size": sum(recorded["size"] for recorded in files.values()),
        "files": files,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _locked(path: Path, wait: bool = True) -> AbstractContextManager[object]:
    """Hold an exclusive lock between processes, which ends with the process at the latest.

    Raises:
        filelock.Timeout: another process holds it and `wait` is false.
    """
    return FileLock(path).acquire(blocking=wait)
