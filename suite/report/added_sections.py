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
from suite.report.limits import LONGEST_NAME, Limits, cut, left_out
from suite.report.tables import Entry, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from suite.report.gallery import Gallery, RenderedFigure

MOST_PARTS = 50
MOST_COLUMNS = 40
LONGEST_PARAGRAPH = 10_000
"""Characters."""


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
    cells: pd.DataFrame, samples: pd.DataFrame, conditions: Sequence[Mapping[str, Any]], gallery: Gallery,
    most_rows: int = Limits.added_rows,
) -> list[AddedSection]:  # fmt: skip
    """The section of every entry point that has something to say; one that fails says so in its place.

    Of each at most so many parts, rows of a table and characters of a text are shown; what is left out is said.
    """
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
            body = list(section.body)
            items = [
                _item(part, f"{anchor}-{index}", title, gallery, most_rows)
                for index, part in enumerate(body[:MOST_PARTS])
            ]
            if left := left_out(len(items), len(body), "parts", f"what {extension.reference} returns"):
                items.append(Item(text=left))
        except TouchstoneError as error:
            title, items = extension.name, [Item(text=scrub(str(error)))]
        except Exception as error:  # a stranger's code: its section is lost, the report is not
            problem = extension.broken(f"{extension.reference} failed ({type(error).__name__}: {error})")
            title, items = extension.name, [Item(text=scrub(str(problem)))]
        sections.append(AddedSection(anchor, title, items))
    return sections


def _item(part: object, name: str, title: str, gallery: Gallery, most_rows: int) -> Item:
    if isinstance(part, str):
        return Item(text=cut(scrub(part), LONGEST_PARAGRAPH))
    if isinstance(part, pd.DataFrame):
        return Item(table=_table(part, title, most_rows))
    from matplotlib.figure import Figure

    if isinstance(part, Figure) and gallery.is_full:
        return Item(text="A figure is not drawn: the page has as many as it holds.")
    if isinstance(part, Figure):
        return Item(figure=gallery.add(name, part, title))
    raise TypeError(f"a body holds text, DataFrames and matplotlib figures, not {type(part).__name__}")


def _table(frame: pd.DataFrame, caption: str, most_rows: int) -> Table:
    shown = frame.iloc[:most_rows, :MOST_COLUMNS]
    rows = [[Entry(_text(value)) for value in row] for row in shown.itertuples(index=False, name=None)]
    where = "the DataFrame that the package returns"
    notes = [left_out(len(shown), len(frame), "rows", where),
             left_out(len(shown.columns), len(frame.columns), "columns", where)]  # fmt: skip
    headings = [(cut(scrub(str(column)), LONGEST_NAME), "") for column in shown.columns]
    return Table(caption, headings, rows, " ".join(filter(None, notes)))


def _text(value: object) -> str:
    if isinstance(value, float):
        return number_format.significant(value)
    return number_format.MISSING if value is None or value is pd.NA else cut(scrub(str(value)))
