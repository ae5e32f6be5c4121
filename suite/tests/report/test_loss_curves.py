"""The losses of trainings in a run's record and on its page."""

from __future__ import annotations

import json
import math
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from suite.records.run_folder import RunFolder
from suite.report import write_report
from suite.report.loss_curves import MOST_CURVES, MOST_POINTS, Curve, described, loss_curves, running_median, thinned
from suite.tests.support.synthetic_run import cell, write_run


def falling(steps: int = 60) -> list[float]:
    return [2.5 * math.exp(-step / 20) + 0.1 for step in range(steps)]


def test_they_stand_on_the_page_of_their_capability(tmp_path: Path) -> None:
    run = RunFolder(write_run(tmp_path, "run", capabilities=["translation"], cycles=2))
    run.append_curve(cell("translation", "eager"), falling())
    run.append_curve(cell("translation", "int8"), [math.nan, 1.0])
    page = unescape(write_report([run.path], run.path).read_text(encoding="utf-8"))
    assert "training loss, nats" in page
    assert "eager of t5-base 2.6 to " in page or "Training loss from the first step" in page
    assert "Thin: each step; thick: the median of 11 steps." in page


def test_without_any_there_is_no_such_figure(tmp_path: Path) -> None:
    run = RunFolder(write_run(tmp_path, "run", capabilities=["translation"], cycles=2))
    assert "training loss" not in write_report([run.path], run.path).read_text(encoding="utf-8")
    assert loss_curves([], ["eager"]) is None
    assert loss_curves([Curve("m", "eager", [1.0])], ["eager"]) is None


def test_the_last_of_several_counts_and_strangers_lines_are_passed_over(tmp_path: Path) -> None:
    run = RunFolder(write_run(tmp_path, "run", capabilities=["translation"], cycles=2))
    name = cell("translation", "eager")
    run.append_curve(name, [3.0])
    run.append_curve(name, [2.0, math.inf])
    with (run.path / "curves.jsonl").open("a") as file:
        file.write(json.dumps({"cell": name.id, "loss": "many"}) + "\n" + json.dumps({"cell": 3, "loss": [1]}) + "\n{")
    (losses,) = run.curves().values()
    assert losses[0] == 2.0
    assert math.isnan(losses[1])


@pytest.mark.parametrize("steps", [2, 60, 5000])
def test_a_line_has_no_more_points_than_there_is_room_for(steps: int) -> None:
    figure = loss_curves([Curve("m", "eager", falling(steps))], ["eager"])
    assert figure is not None
    assert all(len(np.asarray(line.get_xdata())) <= MOST_POINTS for line in figure.axes[0].get_lines())
    places, _ = thinned(np.arange(steps), np.arange(steps, dtype=float))
    assert (places[0], places[-1]) == (0, steps - 1)


def test_a_spike_is_thin_and_not_thick() -> None:
    losses = falling()
    losses[30] = 50.0
    assert running_median(losses).max() < 3


def test_of_many_the_first_are_drawn() -> None:
    many = [Curve(f"m{number:02}", "eager", falling()) for number in range(30)]
    figure = loss_curves(many, ["eager"])
    assert figure is not None
    assert len(figure.axes[0].get_lines()) == 2 * MOST_CURVES
    assert described(many).count(" of m") == MOST_CURVES
