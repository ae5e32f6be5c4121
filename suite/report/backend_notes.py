"""What backends said while they prepared their models: the notes of the rows, and what to know beside a figure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from suite.core.runnable import ON_MEMORY, ON_SPEED
from suite.report.limits import LONGEST_NAME, cut, left_out

MOST_REMARKS = 20
"""Sentences beside one figure."""


def notes(cells: pd.DataFrame, most: int, most_cells: int) -> list[dict[str, str]]:
    """The notes of all cells, equal notes of several cells together; without those that `remarks` has."""
    by_text: dict[str, dict[str, None]] = {}
    noted = cells[cells["notes"] != ""]
    for name, written in zip(noted["cell"], noted["notes"], strict=True):
        for text in _texts(written):
            by_text.setdefault(text, {})[name] = None
    items = [
        {"text": cut(text), "cells": ", ".join(cut(name, LONGEST_NAME) for name in list(names)[:most_cells])
         + (f", and {len(names) - most_cells:,} more" if len(names) > most_cells else "")}
        for text, names in list(by_text.items())[:most]
    ]  # fmt: skip
    if len(by_text) > most:
        items.append({"text": left_out(most, len(by_text), "notes"), "cells": ""})
    return items


def remarks(cells: pd.DataFrame, key: str) -> list[str]:
    """The sentences under one of the keys `ON_SPEED` and `ON_MEMORY`, each after the backends that said it."""
    said: dict[str, dict[str, None]] = {}
    noted = cells.loc[cells["notes"] != "", ["backend", "notes"]].drop_duplicates()
    for backend, written in noted.itertuples(index=False):
        note = _read(written)
        if isinstance(note, dict) and note.get(key):
            said.setdefault(str(note[key]), {})[cut(backend, LONGEST_NAME)] = None
    texts = [f"{', '.join(backends)}: {cut(text)}" for text, backends in list(said.items())[:MOST_REMARKS]]
    more = left_out(len(texts), len(said), "remarks of backends")
    return [*texts, more] if more else texts


def small_weights(cells: pd.DataFrame) -> str:
    """In how many cells the weights are little of the memory, so that it is not the model's; or nothing."""
    both = cells[(cells["peak_rss_mb"] > 0) & (cells["size_mb"] > 0)]
    few = int((both["size_mb"] < 0.1 * both["peak_rss_mb"]).sum())
    if not few:
        return ""
    return (
        f"In {few:,} of {len(both):,} cells the weights are less than a tenth of it: there it is mostly that of the "
        "backends' libraries, whose kernels and buffers do not grow with the model, and says little of larger models."
    )


def _texts(written: str) -> list[str]:
    value = _read(written)
    if isinstance(value, Mapping):
        return [
            f"{name}: {', '.join(map(str, v)) if isinstance(v, list) else v}"
            for name, v in value.items()
            if name not in (ON_SPEED, ON_MEMORY)
        ]
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _read(written: str) -> Any:
    """The notes of a row: an object, as a run writes it, or whatever a file of other origin holds."""
    try:
        return json.loads(written)
    except ValueError:
        return written
