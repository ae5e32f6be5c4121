"""Files on the disk: the folders of the project and its cache, a file's hash, atomic writes of files and folders."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT_VARIABLE = "TOUCHSTONE_CACHE"
_TEMPORARY = ".new-"


def project_root() -> Path:
    """The folder that holds `suite`: a checkout, or site-packages."""
    return Path(__file__).resolve().parents[2]


def cache_root() -> Path:
    """Where everything is kept that can be made again: `TOUCHSTONE_CACHE`, or the user's cache folder."""
    chosen = os.environ.get(ROOT_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("touchstone"))


def sha256(file: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fill_once(folder: Path, fill: Callable[[Path], object]) -> None:
    """Create a folder atomically: `fill` writes to a temporary one, which is then renamed to `folder`.

    Of several processes that do so at once, one wins and the others drop what they wrote.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=_TEMPORARY))
    try:
        fill(temporary)
        temporary.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file atomically: a reader sees the content before or after, never a part of it.

    Raises:
        OSError: the file cannot be written.
    """
    # A random name, since processes in PID namespaces of their own may share a number.
    temporary = path.with_name(f"{_TEMPORARY}{path.name}-{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
