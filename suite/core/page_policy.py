"""The Content-Security-Policy of our pages: nothing runs, nothing is fetched, and only our own style sheet counts."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from suite.core.printable import printable


def policy(style: str) -> str:
    """The policy of a page whose one `<style>` element holds exactly this text.

    Attributes of style stay allowed: plots are drawn with them, and without a source of pictures they fetch nothing.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; style-src-attr 'unsafe-inline'; img-src data:; "
        "media-src data:; base-uri 'none'; form-action 'none'"
    )


def shown(value: Any) -> Any:
    """What a template is to print instead of a value: a text without control characters."""
    return type(value)(printable(value)) if isinstance(value, str) else value
