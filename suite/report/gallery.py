"""The figures of one report: each drawn once, as an SVG in the page, and as a PNG in `plots/` for who asks for it."""

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

MOST = 100
"""Figures on a page."""


@dataclass(frozen=True)
class RenderedFigure:
    """A figure as the template uses it: its SVG and its caption."""

    svg: Markup
    caption: str


class Gallery:
    """The figures of one report. With a `folder` each is saved there too."""

    def __init__(self, folder: Path | None = None, progress: Callable[[str], None] | None = None) -> None:
        self._folder = folder
        self._progress = progress or (lambda _: None)
        self._drawn = 0
        self.left_out = 0
        """Figures for which the page has no room."""

    def files_alone(self) -> Gallery | None:
        """A gallery of figures that are saved and not in the page; `None` where none are saved."""
        return None if self._folder is None else _FilesAlone(self._folder, self._progress)

    @property
    def is_full(self) -> bool:
        """Whether the page has as many figures as it may have: none is added any more."""
        return self._drawn >= MOST

    def add(self, name: str, figure: Figure | None, description: str, caption: str = "") -> RenderedFigure | None:
        """Draw a figure under a name; `None` where there was nothing to draw, or are too many: a file it is still."""
        if figure is None:
            return None
        if self._folder is not None:
            self._progress(f"plots/{slug(name)}.png")
            self._folder.mkdir(parents=True, exist_ok=True)
            save_png(figure, self._folder / f"{slug(name)}.png")
        if self.is_full:
            self.left_out += 1
            return None
        self._drawn += 1
        return RenderedFigure(Markup(inline_svg(figure, f"figure_{self._drawn}", description)), caption)


class _FilesAlone(Gallery):
    @property
    def is_full(self) -> bool:
        return True


def slug(name: str) -> str:
    """A name as part of a file name or an anchor; it holds no underscore."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-").lower() or "unnamed"
