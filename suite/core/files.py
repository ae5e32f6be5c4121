"""Our own files on the disk: where the project and its cache lie, the hash of a file, a folder that is filled once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT_VARIABLE = "TOUCHSTONE_CACHE"


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


def fill_once(place: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder aside and move it into place, so that no one sees half of it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=place.parent, prefix=".new-"))
    try:
        fill(aside)
        with contextlib.suppress(OSError):  # another process was faster
            aside.rename(place)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
