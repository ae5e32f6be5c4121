"""The figures of one report, each saved as a PNG in `plots/` and rendered as an SVG for the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from suite.report.svg import inline_svg, save_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class RenderedFigure:
    """A figure as the template uses it: its SVG and its caption."""

    svg: Markup
    caption: str


class Gallery:
    """The figures of one report."""

    def __init__(self, folder: Path, progress: Callable[[str], None]) -> None:
        self._folder = folder
        self._progress = progress

    def add(self, name: str, figure: Figure | None, description: str, caption: str = "") -> RenderedFigure | None:
        """Save a figure under a name; `None` where there was nothing to draw."""
        if figure is None:
            return None
        name = slug(name)
        self._progress(f"plots/{name}.png")
        self._folder.mkdir(parents=True, exist_ok=True)
        save_png(figure, self._folder / f"{name}.png")
        return RenderedFigure(Markup(inline_svg(figure, name, description)), caption)


def slug(name: str) -> str:
    """A name as part of a file name or an anchor."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-").lower() or "unnamed"
