"""Removes tokens, host and user names from texts that are written or shared."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

_HOME = re.compile(r"(?:/home/|/Users/|\b[A-Za-z]:[\\/]+Users[\\/]+)[^\\/\s'\":;,)<>]+|(?<![\w./-])/root(?![\w.-])")
_SECRET = re.compile(r"(TOKEN|API_?KEY|SECRET|PASSWORD)$")
_SHORTEST = 6
"""Shorter values are not treated as secrets: they would match parts of ordinary words."""


def scrub(text: str) -> str:
    """The text with every home directory written as `~`, and without the host's name and the environment's secrets."""
    for secret in _secrets():
        text = text.replace(secret, "<secret>")
    home = str(Path.home())
    if len(Path(home).parts) > 1:
        text = re.sub(rf"(?<![\w./-]){re.escape(home)}(?![\w.-])", "~", text)
    host = platform.node()
    if host and host != "localhost":
        text = re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", "<host>", text)
    return _HOME.sub("~", text)


def scrub_file(path: Path) -> None:
    """Scrub a text file in place."""
    before = path.read_bytes()
    after = scrub(before.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if after != before:
        path.write_bytes(after)


def _secrets() -> list[str]:
    values = {value for name, value in os.environ.items() if _SECRET.search(name.upper()) and len(value) >= _SHORTEST}
    return sorted(values, key=len, reverse=True)
