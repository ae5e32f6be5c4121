"""The cells of a Jupyter notebook of any version, as far as examples are concerned: sources and outputs as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from suite.core.errors import UsageError
from suite.course.documents.blocks import MISSING

MOST_CELLS, MOST_OUTPUTS = 10_000, 10_000
"""Of a whole notebook; of more outputs the first are read."""
LONGEST_OUTPUT = 100_000
"""Characters; a longer output of a cell is not what a page shows for an example."""


@dataclass(frozen=True)
class Cell:
    """A cell: its `kind` is "code", "markdown" or another of the format's; `output` what it shows, as text."""

    kind: str
    source: str
    output: str


def read_cells(content: str) -> list[Cell]:
    """The cells of a notebook, in order.

    Raises:
        UsageError: nbformat is not installed.
        Exception: it is no notebook; nbformat raises whatever its parts raise.
    """
    try:
        import nbformat
    except ImportError:
        raise UsageError(MISSING) from None
    notebook: Any = nbformat.reads(json.dumps(_trimmed(json.loads(content))), as_version=4)
    cells = []
    for cell in notebook.cells:
        if not isinstance(cell.source, str):
            raise TypeError("the source of a cell is not text")
        cells.append(Cell(str(cell.cell_type), cell.source, _output(cell)))
    return cells


def _trimmed(notebook: Any) -> Any:
    """The notebook without what no example needs and nbformat takes long to check: pictures, attachments, metadata."""
    if not isinstance(notebook, dict):
        raise TypeError("it is not a JSON object")
    notebook["metadata"] = {}
    left = MOST_OUTPUTS
    for number, cell in enumerate(_raw_cells(notebook), 1):
        if number > MOST_CELLS:
            raise ValueError(f"it has more than {MOST_CELLS:,} cells")
        if not isinstance(cell, dict):
            raise TypeError("a cell is not a JSON object")
        cell["metadata"] = {}
        cell.pop("attachments", None)
        if isinstance(outputs := cell.get("outputs"), list):
            cell["outputs"] = [_trimmed_output(output) for output in outputs[:left]]
            left -= len(cell["outputs"])
    return notebook


def _raw_cells(notebook: dict[str, Any]) -> Iterator[Any]:
    """The cells; before version 4 they stand in worksheets."""
    for part in (notebook, *_list(notebook.get("worksheets"))):
        if isinstance(part, dict):
            yield from _list(part.get("cells"))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _trimmed_output(output: Any) -> Any:
    if not isinstance(output, dict):
        raise TypeError("an output is not a JSON object")
    if isinstance(data := output.get("data"), dict):
        output["data"] = {"text/plain": data["text/plain"]} if "text/plain" in data else {}
    if "metadata" in output:
        output["metadata"] = {}
    return output


def _output(cell: Any) -> str:
    """The outputs of a code cell as text; none of what is not text, or too long."""
    texts: list[str] = []
    for output in cell.get("outputs", ()):
        if output.output_type == "stream":
            texts.append(_text(output.get("text")))
        elif "data" in output:
            texts.append(_text(output.data.get("text/plain")))
    text = "\n".join(texts)
    return text if len(text) <= LONGEST_OUTPUT else ""


def _text(value: Any) -> str:
    """A text, or the lines of one."""
    return "".join(str(line) for line in value) if isinstance(value, list) else str(value or "")
