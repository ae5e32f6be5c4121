"""A repository of the stand-in Hub: its files, and the metadata that the Hub's API returns."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from suite.core.files import replace_file

Kind = Literal["models", "datasets", "spaces"]
DATE = "2024-01-01T00:00:00.000Z"
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Repository:
    """Files by their path in the repository, and `facts`: further metadata (tags, pipeline_tag)."""

    kind: Kind
    id: str
    files: Mapping[str, Path]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def commit(self, revision: str = "main") -> str:
        """The commit that a revision is: any revision is there, and all have the same files."""
        return revision if COMMIT.fullmatch(revision) else hashlib.sha1(self.id.encode()).hexdigest()

    def info(self, revision: str = "main") -> dict[str, Any]:
        """The answer to `/api/<kind>/<id>`."""
        siblings = [{"rfilename": path} | _size(file) for path, file in self.files.items()]
        return {
            "_id": self.commit()[:24],
            "id": self.id,
            "author": self.id.rpartition("/")[0] or None,
            "sha": self.commit(revision),
            "lastModified": DATE,
            "createdAt": DATE,
            "private": False,
            "gated": False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "siblings": siblings,
        } | dict(self.facts)

    def listing(self, folder: str, *, recursive: bool) -> list[dict[str, Any]] | None:
        """The files and folders below a folder; None where there is no such folder."""
        below = f"{folder}/" if folder else ""
        entries: dict[str, dict[str, Any]] = {}
        for path, file in self.files.items():
            if not path.startswith(below):
                continue
            parts = path.removeprefix(below).split("/")
            for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
                name = below + "/".join(parts[:depth])
                entries[name] = {"type": "directory", "path": name, "size": 0, "oid": _oid(name)}
            if recursive or len(parts) == 1:
                entries[path] = self.entry(path, file)
        return list(entries.values()) if entries or not folder else None

    def entry(self, path: str, file: Path) -> dict[str, Any]:
        """One file in a listing."""
        return {"type": "file", "path": path, "size": file.stat().st_size, "oid": etag(file)}


def etag(file: Path) -> str:
    """The hash of a file's content."""
    state = file.stat()
    return _hash(file, state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=4096)
def _hash(file: Path, size: int, changed: int) -> str:  # noqa: ARG001 - they are part of the key
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha1").hexdigest()


def text_file(cache: Path, content: str) -> Path:
    """A file with that text, written once."""
    file = cache / "texts" / hashlib.sha256(content.encode()).hexdigest()[:24]
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, content.encode())
    return file


def files_below(folder: Path) -> dict[str, Path]:
    """Every file of a folder, by its path in it."""
    return {str(file.relative_to(folder)): file for file in sorted(folder.rglob("*")) if file.is_file()}


def _size(file: Path) -> dict[str, Any]:
    return {"size": file.stat().st_size, "blobId": etag(file)}


def _oid(name: str) -> str:
    return hashlib.sha1(name.encode()).hexdigest()
