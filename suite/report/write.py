"""Writes the files of a report into one folder: tables, plots and the page."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from suite.analysis.frames import answers_frame, load, write_csv
from suite.records.run_folder import RunFolder

MOST_TRIES = 4
"""Of a page that is too large, each with fewer rows."""


def write_report(
    folders: Sequence[Path], into: Path, progress: Callable[[str], None] | None = None, *, with_plots: bool = False
) -> Path:
    """See `suite.report.write_report`."""
    with _uncollected():
        return _write(folders, into, progress or (lambda _: None), with_plots)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector: of a million objects none is garbage before the page is written."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _write(folders: Sequence[Path], into: Path, notify: Callable[[str], None], with_plots: bool) -> Path:
    cells, samples, conditions = load(folders)
    into.mkdir(parents=True, exist_ok=True)
    notify("cells.csv")
    write_csv(cells, into / "cells.csv")
    notify("cells.parquet")
    cells.to_parquet(into / "cells.parquet", index=False)
    notify("samples.parquet")
    samples.to_parquet(into / "samples.parquet", index=False)
    sheets = RunFolder(folders[0]).answers() if len(folders) == 1 else {}
    if sheets:
        notify("answers.parquet")
        answers_frame(sheets, str(conditions[0]["run"])).to_parquet(into / "answers.parquet", index=False)

    # Imported only here: a report that cannot be written should say so before matplotlib is loaded.
    from suite.report import limits as page_limits
    from suite.report import plots
    from suite.report.page_data import PageData

    limits = page_limits.Limits.of(len(cells))
    data = PageData(cells, samples, conditions, sheets=sheets, folders=folders, into=into)
    with plots.styled():
        page = data.page(limits, into / "plots" if with_plots else None, notify)
        for _ in range(MOST_TRIES):
            if len(page.encode()) <= page_limits.PAGE_BYTES:
                break
            limits = limits.tighter()
            page = data.page(limits, None, notify)
    notify("report.html")
    path = into / "report.html"
    path.write_text(page, encoding="utf-8")
    return path
