"""Texts from outside in Markdown: shown as they are, never taken for a link, an image, HTML or the end of a cell."""

from __future__ import annotations

import re

from suite.core.printable import one_line

_ACTIVE = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])|^[-+#]|(?<=^\d)(?=[.)])")
"""What Markdown may take for more than a character. Within a word an underscore is none: `max_new_tokens`."""
_NOT_CODE = re.compile(r"[`|\\]")


def escape(text: str) -> str:
    """The text on one line, with every character escaped that Markdown or HTML gives a meaning."""
    escaped = _ACTIVE.sub(r"\\\g<0>", one_line(text))
    return re.sub(r"&(?=#?\w)", "&amp;", escaped).replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """A name in a cell of a table: as code, or escaped where code cannot hold it."""
    text = one_line(text)
    return escape(text) if not text or _NOT_CODE.search(text) else f"`{text}`"
