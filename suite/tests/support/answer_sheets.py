"""Answers of models with known truth, written as a run writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.core.cell import Status
from suite.records.run_folder import RunFolder
from suite.task.answer_sheet import AnswerSheet, Questions
from suite.tests.support.synthetic_run import CONDITIONS, cell

LABELS = ("cat", "dog", "owl")


def questions(samples: int, slices: Sequence[Sequence[str]] | None = None) -> Questions:
    """So many samples whose truths take turns."""
    names = [f"s{place}" for place in range(samples)]
    return Questions(
        names, [f"input {name}" for name in names], [LABELS[place % 3] for place in range(samples)],
        [list(one) for one in slices] if slices else [[] for _ in names],
    )  # fmt: skip


def sheet(asked: Questions, wrong: Sequence[int] = (), answer: str = "owl", **changes: Any) -> AnswerSheet:
    """Right but in these places."""
    answers = list(asked.truths)
    for place in wrong:
        answers[place] = answer if asked.truths[place] != answer else "cat"
    scores = [float(given == truth) for given, truth in zip(answers, asked.truths, strict=True)]
    by_slice: dict[str, list[float]] = {}
    for names, score in zip(asked.slices, scores, strict=True):
        for name in names:
            by_slice.setdefault(name, []).append(score)
    accuracies = {name: sum(each) / len(each) for name, each in by_slice.items()}
    fields: dict[str, Any] = {
        "questions": asked, "answers": answers, "scores": scores, "resampled": None, "slices": accuracies,
        "one_label": True,
    }  # fmt: skip
    return AnswerSheet(**fields | changes)


def write_models(results: Path, models: Mapping[str, AnswerSheet], backends: Sequence[str] = ("eager",)) -> RunFolder:
    """A run of several models with one capability; each answers alike on every backend."""
    run = RunFolder.create(results, "run")
    run.write_conditions({**CONDITIONS, "run": "run", "weights": "local"})
    for number, (model, answered) in enumerate(models.items(), 1):
        for place, backend in enumerate(backends):
            this = cell(checkpoint=model, checkpoint_id=model, backend=backend, weights="local")
            scores = answered.scores or []
            accuracy = sum(scores) / len(scores) if scores else 0.5
            run.append_answers(this, answered)
            fields = {"accuracy": accuracy, "accuracy_stderr": 0.02, "samples": len(answered.answers), "chance": 0.3}
            run.append(this, "accuracy", Status.PASSED, "", {**fields, "wall_s": 1.0})
            latency = 10.0 * number / (place + 1)
            run.append_rounds(
                this, [{"cycle": i, "order": 0, "latency_ms": [latency, latency * 1.1]} for i in range(4)]
            )
            costs = {"latency_p50_ms": latency, "peak_rss_mb": 100.0 * number, "size_mb": 1.0, "wall_s": 1.0}
            run.append(this, "latency", Status.PASSED, "", costs)
    return run
