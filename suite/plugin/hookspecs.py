"""How others extend the suite without a fork: a tasks folder, a backend, a section of the report.

A package brings each by an entry point. Nothing of it is imported before it is needed; `--help` lists its backends;
`pytest`, `python -m suite` and the workers all know it. A name that is taken, or an entry point that does not load,
ends the session with a sentence and exit code 4.

A tasks folder: a package whose folder has the layout of `tasks/` (`text/`, `audio/`, `vision/`, `multimodal/` with a
file a capability, and `miniatures/shipped/` for their weights). Its name on the import path means nothing to the tasks:
among themselves they import relatively. ::

    [project.entry-points."touchstone.tasks"]
    chemistry = "touchstone_chemistry.tasks"

A backend: a subclass of `suite.backends.Backend`, under its own `name`. It is imported by a process without torch, so
its module imports torch inside `prepare`; and one that `builds` names its own distribution among its `libraries`, so
that a new version does not load the builds of an old one. ::

    [project.entry-points."touchstone.backends"]
    openvino = "touchstone_openvino:OpenVINO"

    class OpenVINO(Backend):
        name, family, dtype = "openvino", "openvino", "fp32"
        tolerance = Tolerance(fidelity=1e-3, batching=1e-3)

        def prepare(self, subject, build):
            return Runnable(compile_model(subject.load_model()), subject.device)

A section of the report: a function of the cells, of the rounds' samples (the frames of `cells.csv` and
`samples.parquet`) and of the runs' conditions. It returns a `suite.report.ReportSection`, or `None` where it has
nothing to say. Its paragraphs and tables are escaped; a matplotlib figure is drawn as the report draws its own. One
that fails says so in its place. It is not a hook, since `python -m suite report` writes the same report without
pytest. ::

    [project.entry-points."touchstone.report_sections"]
    energy = "touchstone_energy:section"

    def section(cells, samples, conditions):
        slowest = cells.nlargest(5, "latency_p50_ms")[["cell", "latency_p50_ms"]]
        return ReportSection("Slowest cells", ["The five slowest cells of the run.", slowest])
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest


@pytest.hookspec
def pytest_touchstone_tasks(config: pytest.Config) -> Sequence[str | Path]:  # type: ignore[empty-body]
    """Tasks folders that belong to a project, beside that of `--tasks`; a relative one to where pytest was called.

    For a conftest.py. A package that is installed names its folder in an entry point, which needs no code. ::

        def pytest_touchstone_tasks(config):
            return [Path(__file__).parent / "our_tasks"]

    The names of all tasks of a session are distinct: one that is taken is refused with both files.
    """
