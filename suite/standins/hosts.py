"""Who answers for which host."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.standins.journal import Journal


def application(journal: Journal, hints: Mapping[str, str], cache: Path) -> Any:
    """The ASGI application of the whole closed network."""
    from starlette.responses import PlainTextResponse

    return PlainTextResponse("nobody", 404)
