"""Where the compiled files that all models have in common are kept: headers, and trials of vector instructions."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from suite.core.files import cache_root


def root() -> Path:
    """The folder that holds one folder per environment and compiler."""
    return cache_root() / "compiler"


def folder_for(facts: Iterable[str]) -> Path:
    """The folder for this interpreter, its C++ compiler and these facts. Another compiler cannot read the headers."""
    described = [sys.prefix, *facts]
    for name in filter(None, (os.environ.get("CXX"), "g++", "clang++")):
        found = shutil.which(name)
        if found:
            file = Path(found).resolve()
            described += [str(file), str(file.stat().st_mtime_ns)]
    return root() / hashlib.sha256("\n".join(described).encode()).hexdigest()[:16]


def size() -> int:
    """The bytes of all of them."""
    return sum(path.stat().st_size for path in root().rglob("*") if path.is_file())


def clear() -> int:
    """Remove all of them; how many bytes that freed."""
    freed = size()
    shutil.rmtree(root(), ignore_errors=True)
    return freed
