"""Sections of the report that installed packages bring, by entry points in the group `touchstone.report_sections`."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from suite.core import extensions
from suite.core.errors import TouchstoneError
from suite.core.privacy import scrub
from suite.report import number_format
from suite.report.tables import Entry, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from suite.report.gallery import Gallery, RenderedFigure


@dataclass(frozen=True)
class ReportSection:
    """What a package adds to the report: a title, and paragraphs, tables and figures in their order.

    Text is shown as it is, never as HTML. The first column of a table names its rows; its index is not shown.
    """

    title: str
    body: Sequence[str | pd.DataFrame | Figure]


@dataclass(frozen=True)
class Item:
    """A paragraph, a table or a figure, as the template takes it."""

    text: str = ""
    table: Table | None = None
    figure: RenderedFigure | None = None


@dataclass(frozen=True)
class AddedSection:
    """A section as the template takes it."""

    id: str
    title: str
    items: Sequence[Item]


def added_sections(
    cells: pd.DataFrame, samples: pd.DataFrame, conditions: Sequence[Mapping[str, Any]], gallery: Gallery
) -> list[AddedSection]:
    """The section of every entry point that has something to say; one that fails says so in its place."""
    sections: list[AddedSection] = []
    for extension in extensions.installed(extensions.REPORT_SECTIONS):
        anchor = f"added-{len(sections)}"
        try:
            section = extension.load()(cells.copy(), samples.copy(), copy.deepcopy(list(conditions)))
            if section is None:
                continue
            if not isinstance(section, ReportSection):
                raise extension.broken(f"{extension.reference} returned {type(section).__name__}, not a ReportSection")
            title = scrub(str(section.title))
            items = [_item(part, f"{anchor}-{index}", title, gallery) for index, part in enumerate(section.body)]
        except TouchstoneError as error:
            title, items = extension.name, [Item(text=scrub(str(error)))]
        except Exception as error:  # a stranger's code: its section is lost, the report is not
            problem = extension.broken(f"{extension.reference} failed ({type(error).__name__}: {error})")
            title, items = extension.name, [Item(text=scrub(str(problem)))]
        sections.append(AddedSection(anchor, title, items))
    return sections


def _item(part: object, name: str, title: str, gallery: Gallery) -> Item:
    if isinstance(part, str):
        return Item(text=scrub(part))
    if isinstance(part, pd.DataFrame):
        return Item(table=_table(part, title))
    from matplotlib.figure import Figure

    if isinstance(part, Figure):
        return Item(figure=gallery.add(name, part, title))
    raise TypeError(f"a body holds text, DataFrames and matplotlib figures, not {type(part).__name__}")


def _table(frame: pd.DataFrame, caption: str) -> Table:
    rows = [[Entry(_text(value)) for value in row] for row in frame.itertuples(index=False, name=None)]
    return Table(caption, [(scrub(str(column)), "") for column in frame.columns], rows)


def _text(value: object) -> str:
    if isinstance(value, float):
        return number_format.significant(value)
    return number_format.MISSING if value is None or value is pd.NA else scrub(str(value))
