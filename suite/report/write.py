"""Writes the files of a report into one folder: tables, plots and the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from suite.analysis.frames import answers_frame, load, records, write_csv
from suite.records.run_folder import RunFolder


def write_report(folders: Sequence[Path], into: Path, progress: Callable[[str], None] | None = None) -> Path:
    """See `suite.report.write_report`."""
    notify = progress or (lambda _: None)
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
    from suite.report import plots
    from suite.report.added_sections import added_sections
    from suite.report.gallery import Gallery
    from suite.report.html import render
    from suite.report.models_section import sections
    from suite.report.sample_answers import by_capability, media

    shown = RunFolder(folders[0]).sample_answers() if len(folders) == 1 else []
    answers = by_capability(folders[0], shown)
    with plots.styled():
        gallery = Gallery(into / "plots", notify)
        added = added_sections(cells, samples, conditions, gallery)
        of_models = sections(records(cells), sheets, gallery, media(RunFolder(folders[0]))) if len(folders) == 1 else {}
        page = render(cells, samples, conditions, gallery, answers, added=added, models=of_models)
    notify("report.html")
    path = into / "report.html"
    path.write_text(page, encoding="utf-8")
    return path
