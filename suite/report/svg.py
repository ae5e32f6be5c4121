"""A matplotlib figure as a small inline SVG that follows the page's theme and font, and as a PNG."""

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
_TAG = re.compile(r"<[^>]+>")
_NUMBER = re.compile(r"-?\d+\.\d+")
_PLACES = re.compile(r'(?<= )(?:d|x|y|transform|width|height)="[^"]*"')
_STYLING = re.compile(r'(?<= )style="[^"]*"')


def save_png(figure: Figure, path: Path) -> None:
    """Write the figure, on its light panel."""
    figure.savefig(path, dpi=160, format="png", metadata={"Software": None})
    if figure.get_layout_engine() is not None:
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
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    tags = _Tags(name)
    text = re.sub(r">\s+<", ">\n<", _TAG.sub(tags.shorter, text))
    return re.sub(r"<svg[^>]*>", _opening(text, description), text, count=1)


class _Tags:
    """Shortens the tags of a figure one by one; texts, which may be anything, are left alone."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._ids: dict[str, str] = {}
        self._groups: list[bool] = []

    def shorter(self, match: re.Match[str]) -> str:
        """A tag with the figure's own ids, the theme's colours and coordinates to a tenth of a point."""
        tag = match[0]
        if tag == "</g>":
            return tag if self._groups.pop() else ""
        if tag.startswith("</"):
            return tag
        tag = re.sub(r' id="([^"]+)"', self._id, tag)
        if tag.startswith("<g"):
            if tag.endswith("/>"):
                return ""
            self._groups.append(tag != "<g>")
            if not self._groups[-1]:
                return ""  # it groups nothing
        tag = re.sub(r' transform="rotate\(-?0 [^"]*\)"', "", tag)
        tag = _PLACES.sub(_shorter_places, tag)
        tag = _STYLING.sub(_shorter_style, tag)
        tag = re.sub(r'(url\(#|xlink:href="#)([^)"]+)', self._reference, tag)
        for slot in SLOTS:
            tag = tag.replace(slot.light, f"var({slot.variable})")
        return tag

    def _id(self, match: re.Match[str]) -> str:
        # Those of artists have a number at their end, and nothing refers to them.
        return "" if re.search(r"_\d+$", match[1]) else f' id="{self._own(match[1])}"'

    def _reference(self, match: re.Match[str]) -> str:
        return f"{match[1].removeprefix('xlink:')}{self._own(match[2])}"

    def _own(self, identity: str) -> str:
        return self._ids.setdefault(identity, f"{self._name}_{len(self._ids)}")


def _shorter_places(match: re.Match[str]) -> str:
    attribute = _NUMBER.sub(lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), match[0])
    return re.sub(r"\s*([MLCQz])\s*", r"\1", attribute)


def _shorter_style(match: re.Match[str]) -> str:
    style = re.sub(r"font-family: [^;\"]+(?:; )?", "", match[0])  # the page's own
    return style.replace(": ", ":").replace("; ", ";")


def _opening(text: str, description: str) -> str:
    box = re.search(r'viewBox="([^"]+)"', text)
    assert box is not None, "matplotlib writes a viewBox"
    label = escape(description, quote=True).replace("\\", "&#92;")
    width = box[1].split()[2]
    return f'<svg class="figure" viewBox="{box[1]}" width="{width}pt" role="img" aria-label="{label}">'
