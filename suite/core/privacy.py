"""Removes secrets, home directories and the host's name from texts that are written or shared."""

from __future__ import annotations

import json
import os
import platform
import re
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO
from urllib.parse import quote, quote_plus, unquote

from suite.core.environment import variables
from suite.core.token_shapes import remove_tokens

SECRET = "<secret>"
_HOME = re.compile(r"(?:/home/|/Users/|\b[A-Za-z]:[\\/]+Users[\\/]+)[^\\/\s'\":;,)<>]+|(?<![\w./-])/root(?![\w.-])")
_OUTSIDE = re.compile(r"[/~\\]|\.\.[/\\]|[A-Za-z]:[\\/]")
_CREDENTIAL = re.compile(
    r"KEY(?!BOARD|MAP)|TOKEN(?!IZ)|SECRET|PASSW(?:OR)?D|PASSPHRASE|CREDENTIAL|AUTH(?!ORS?(?:_|$))"
    r"|(?<![A-Z])(?:PAT|PASS)(?![A-Z])|(?<=[A-Z0-9])_PWD$"
)
"""Names of environment variables that hold credentials: `OPENAI_API_KEY`, `GITHUB_PAT`, `DB_PASSWD`, not `PATH`."""
_URL_PASSWORD = re.compile(r"://[^\s/:@'\"]*:([^\s/@'\"]+)@")
_SHORTEST, _SHORTEST_WORD, _SHORTEST_NUMBER = 6, 8, 12
"""Shorter values are not treated as secrets: they would match parts of ordinary texts. A word is of letters alone, a
number of digits and punctuation."""
_BLOCK = 2**22
"""Characters of a file that are scrubbed at a time: more than any secret has."""


def scrub(text: str) -> str:
    """The text without secrets and the host's name, and with every home directory written as `~`."""
    text = scrub_home(scrub_secrets(text))
    host = platform.node()
    if host and host != "localhost":
        text = re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", "<host>", text)
    return text


def scrub_name(text: str) -> str:
    """A name without secrets and, where it is a path that leads outside, with the home directory as `~`.

    The host's name stays: a host may be called like a backend or a model.
    """
    text = scrub_secrets(text)
    return scrub_home(text) if _OUTSIDE.match(text) else text


def scrub_secrets(text: str) -> str:
    """The text without the secrets of the environment, passwords in URLs, and what has the shape of a known token."""
    for secret in environment_secrets():
        text = text.replace(secret, SECRET)
    return remove_tokens(text, SECRET)


def scrub_home(text: str) -> str:
    """The text with every home directory written as `~`."""
    home = str(Path.home())
    if len(Path(home).parts) > 1:
        text = re.sub(rf"(?<![\w./-]){re.escape(home)}(?![\w.-])", "~", text)
    return _HOME.sub("~", text)


def scrub_file(path: Path) -> None:
    """Scrub a text file of any size, if it is there; it is replaced where there was something to remove.

    Raises:
        OSError: it cannot be read, or the new one cannot be written beside it.
    """
    if not path.is_file():
        return
    options = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    partial = Path(name)
    different = False
    try:
        with path.open(**options) as file, os.fdopen(handle, "w", **options) as new:  # type: ignore[call-overload]
            for block in _blocks(file):
                scrubbed = scrub(block)
                different |= scrubbed != block
                new.write(scrubbed)
        if different:
            partial.chmod(path.stat().st_mode & 0o777)
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _blocks(file: IO[str]) -> Iterator[str]:
    """The text in blocks of whole lines. A private key is not divided, nor a line, unless it is longer than a block."""
    rest = ""
    while more := file.read(_BLOCK):
        block = rest + more
        cut = block.rfind("\n") + 1
        begin = block.rfind("-----BEGIN", 0, cut)
        if begin > block.rfind("-----END", 0, cut):
            cut = begin
        if cut <= 0:
            cut = len(block)
        yield block[:cut]
        rest = block[cut:]
    if rest:
        yield rest


def environment_secrets() -> list[str]:
    """The secrets among the values of the environment, each as it is and escaped for JSON, URLs and `repr`, longest
    first.
    """
    values: set[str] = set()
    for name, value in variables().items():
        if _names_credential(name.upper()) and _may_be_secret(value):
            values.add(value)
        if "://" in value:
            passwords = {part for found in _URL_PASSWORD.findall(value) for part in (found, unquote(found))}
            values |= {password for password in passwords if _is_long(password)}
    return sorted({form for value in values for form in _forms(value)}, key=len, reverse=True)


@lru_cache(maxsize=4096)
def _names_credential(name: str) -> bool:
    return _CREDENTIAL.search(name) is not None


def _may_be_secret(value: str) -> bool:
    """Whether a value is long enough, and not the path of a file: some variables say where a credential is kept."""
    return _is_long(value) and not (value.startswith(("/", "~")) and Path(value).expanduser().exists())


def _is_long(value: str) -> bool:
    if value.isalpha():
        return len(value) >= _SHORTEST_WORD
    return len(value) >= (_SHORTEST if any(map(str.isalpha, value)) else _SHORTEST_NUMBER)


@lru_cache(maxsize=256)
def _forms(value: str) -> frozenset[str]:
    escaped = (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    try:
        quoted = [quote(value), quote(value, safe=""), quote_plus(value)]
    except UnicodeEncodeError:  # a value that is not UTF-8
        quoted = []
    return frozenset((value, *escaped, *quoted))
