"""A matplotlib figure as an inline SVG that follows the page's theme and font, and as a PNG."""

from __future__ import annotations

import io
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from suite.report.style import SLOTS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE = """ <defs>
  <style type="text/css">*{stroke-linejoin: round; stroke-linecap: butt}</style>
 </defs>
"""
_NOTHING_EMBEDDED = {"Date": None, "Creator": None, "Format": None, "Type": None}


def save_png(figure: Figure, path: Path) -> None:
    """Write the figure, on its light panel."""
    figure.savefig(path, dpi=160, format="png", metadata={"Software": None})
    figure.set_layout_engine("none")  # the layout is half of the time, and is the same the second time


def inline_svg(figure: Figure, name: str, description: str) -> str:
    """The figure as an `<svg>` element to stand in a page.

    `name` keeps its ids apart from those of other figures; `description` is read out instead of the image.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata=_NOTHING_EMBEDDED)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = text.replace(_STYLE, "")  # the page's own style sheet says it: its policy allows no other
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(
        r'\sid="(?:figure|axes|text|line2d|patch|matplotlib\.axis|xtick|ytick|[A-Za-z]*Collection)_\d+"', "", text
    )
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r'xlink:href="#', f'href="#{name}-', text)
    text = re.sub(r"'DejaVu Sans'(?:, [^;\"]+)?", "var(--sans)", text)
    for slot in SLOTS:
        text = text.replace(slot.light, f"var({slot.variable})")
    return re.sub(r"<svg[^>]*>", _opening(text, description), text, count=1)


def _opening(text: str, description: str) -> str:
    box = re.search(r'viewBox="([^"]+)"', text)
    assert box is not None, "matplotlib writes a viewBox"
    label = escape(description, quote=True).replace("\\", "&#92;")
    width = box[1].split()[2]
    return f'<svg class="figure" viewBox="{box[1]}" width="{width}pt" role="img" aria-label="{label}">'
