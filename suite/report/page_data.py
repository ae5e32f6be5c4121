"""All that a page is made of, read once, so that a page that came out too large is made again at little cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from suite.analysis.frames import records
from suite.analysis.speedup import speedups
from suite.records.run_folder import LOG, RunFolder
from suite.report.added_sections import added_sections
from suite.report.gallery import Gallery
from suite.report.html import Sources, render
from suite.report.limits import Limits
from suite.report.loss_curves import by_capability as curves_by_capability
from suite.report.models_section import sections
from suite.report.sample_answers import MediaBudget, by_capability, media
from suite.task.answer_sheet import AnswerSheet


class PageData:
    """The frames of one or more runs, with what one run alone has: its answers, and its log."""

    def __init__(
        self, cells: pd.DataFrame, samples: pd.DataFrame, conditions: Sequence[dict[str, Any]],
        *, sheets: Mapping[str, AnswerSheet], folders: Sequence[Path], into: Path,
    ) -> None:  # fmt: skip
        self._cells, self._samples, self._conditions, self._sheets = cells, samples, conditions, sheets
        self._faster = speedups(samples)
        self._run = RunFolder(folders[0]) if len(folders) == 1 else None
        self._answers = self._run.sample_answers() if self._run else []
        self._curves = self._run.curves() if self._run else {}
        self._log = self._run is not None and into.resolve() == self._run.path.resolve() and (into / LOG).is_file()

    def page(self, limits: Limits, plots: Path | None, progress: Callable[[str], None]) -> str:
        """The page within these limits; its figures are saved as PNG files to the folder `plots`, if there is one."""
        gallery, budget = Gallery(plots, progress), MediaBudget()
        added = added_sections(self._cells, self._samples, self._conditions, gallery, limits.added_rows)
        if self._run is None:
            sources = Sources(added=added)
        else:
            answers = by_capability(self._run.path, self._answers, limits.answered, budget)
            kept = media(self._run, self._answers, budget)
            models = sections(records(self._cells), self._sheets, gallery, kept, limits)
            curves = curves_by_capability(records(self._cells), self._curves)
            sources = Sources(answers, added, models, self._log, curves)
        return render(self._cells, self._samples, self._conditions, gallery, sources=sources, limits=limits,
                      faster=self._faster)  # fmt: skip
