"""The stand-in Hub's metrics: Spaces with the scripts that `evaluate.load` fetches."""

from __future__ import annotations

from pathlib import Path

from suite.course.stand_ins.hub.repository import Repository

SCRIPTS = Path(__file__).with_name("metric_scripts")
SHARED = SCRIPTS / "_paired_metric.py"
"""What scripts import beside themselves."""
OWNER = "evaluate-metric"


def metric_repository(name: str) -> Repository | None:
    """The Space of a metric; None where there is no script for it."""
    owner, _, metric = name.partition("/")
    script = SCRIPTS / f"{metric}.py"
    if owner != OWNER or metric.startswith("_") or not script.is_file():
        return None
    return Repository("spaces", name, {script.name: script, SHARED.name: SHARED}, {"sdk": "gradio"})
