"""How figures look: one colour and one order per backend, quiet axes, the same in print and on a dark screen.

Every colour is a slot with a light and a dark value. Figures are drawn in the light ones; `suite.report.svg` replaces
them by CSS variables, so that an inline figure follows the reader's theme.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from suite.analysis.frames import FLOOR, REFERENCE


@dataclass(frozen=True)
class Slot:
    """A colour by its CSS variable, for a light and a dark page."""

    variable: str
    light: str
    dark: str


INK = Slot("--ink", "#1b1f24", "#e8eaed")
MUTED = Slot("--muted", "#59626d", "#a3acb8")
GRID = Slot("--grid", "#e3e6ea", "#333a44")
RULE = Slot("--rule", "#b9c0c9", "#55606e")
PANEL = Slot("--panel", "#fffffe", "#1a1e24")

# Okabe and Ito's palette, the light ones darkened to 3:1 on white; then Tol's muted one for names met later.
_KNOWN = {
    REFERENCE: Slot("--c-reference", "#474d55", "#c3cad3"),
    FLOOR: Slot("--c-floor", "#8d96a1", "#7f8894"),
    "fp16": Slot("--c-1", "#3a9bd1", "#6cc1ee"),
    "bf16": Slot("--c-2", "#0063a3", "#4b9be0"),
    "int8": Slot("--c-3", "#b0559b", "#e08fcb"),
    "compile": Slot("--c-4", "#008a64", "#2cc295"),
    "onnx": Slot("--c-5", "#cf8a00", "#f2b234"),
    "onnx-int8": Slot("--c-6", "#c94f00", "#ff8a4c"),
    "checkpointing": Slot("--c-11", "#8a5a2b", "#cf9a66"),
    "adafactor": Slot("--c-12", "#6b4fa0", "#ab93e6"),
    "lora-2": Slot("--c-13", "#5f8a00", "#a3cf3f"),
    "lora-8": Slot("--c-14", "#b02a5b", "#f07aa6"),
    "lora-32": Slot("--c-15", "#1f6f8b", "#63b8d6"),
}
_FURTHER = (
    Slot("--c-7", "#332288", "#8f86e8"),
    Slot("--c-8", "#882255", "#d9739f"),
    Slot("--c-9", "#3f9a8c", "#6fd1c2"),
    Slot("--c-10", "#7d7a1f", "#c9c553"),
)
SLOTS = (INK, MUTED, GRID, RULE, PANEL, *_KNOWN.values(), *_FURTHER)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

RC: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "text.color": INK.light,
    "axes.edgecolor": RULE.light,
    "axes.labelcolor": MUTED.light,
    "axes.labelsize": 8.5,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "figure.facecolor": PANEL.light,
    "grid.color": GRID.light,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED.light,
    "ytick.color": MUTED.light,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "touchstone",
}


def backend_order(names: Iterable[str]) -> list[str]:
    """The reference first, the backends that have a colour of their own, others by name and number, the floor last."""
    order = list(_KNOWN)
    rank = {REFERENCE: -1, FLOOR: len(order) + 1}
    return sorted(
        set(names),
        key=lambda name: (rank.get(name, order.index(name) if name in order else len(order)), _by_number(name)),
    )


def _by_number(name: str) -> list[tuple[int, str]]:
    """A key under which the 8 of a name comes before the 32 of another."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,9})", name)]


def colours(names: Iterable[str]) -> dict[str, str]:
    """The colour of each backend; names without one of their own share the further palette, in turn."""
    further = iter(range(10**6))
    return {
        name: (_KNOWN[name] if name in _KNOWN else _FURTHER[next(further) % len(_FURTHER)]).light
        for name in backend_order(names)
    }


def model_colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each of several models, in turn where there are more than colours; none is that of a status."""
    palette = [slot for name, slot in _KNOWN.items() if name not in (REFERENCE, FLOOR)]
    order = [palette[index] for index in (1, 5, 3, 2, 4, 0)] + list(_FURTHER)
    return {name: order[index % len(order)].light for index, name in enumerate(dict.fromkeys(names))}


def css_variables(dark: bool) -> str:
    """The slots as CSS declarations."""
    return " ".join(f"{slot.variable}: {slot.dark if dark else slot.light};" for slot in SLOTS)
