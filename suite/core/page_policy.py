"""The Content-Security-Policy of our pages: nothing is fetched, and only our own style sheet and script count."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from suite.core.printable import printable


def policy(style: str, script: str = "") -> str:
    """The policy of a page whose one `<style>` element, and one `<script>` element if any, hold exactly these texts.

    Attributes of style stay allowed: plots are drawn with them, and without a source of pictures they fetch nothing.
    """
    scripts = f"script-src {_hash(script)}; " if script else ""
    return (
        f"default-src 'none'; {scripts}style-src {_hash(style)}; style-src-attr 'unsafe-inline'; img-src data:; "
        "media-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def shown(value: Any) -> Any:
    """What a template is to print instead of a value: a text without control characters."""
    return type(value)(printable(value)) if isinstance(value, str) else value
