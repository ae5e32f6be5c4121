"""The lines of questions.jsonl and answers.jsonl: the samples of a cell once, and each cell's answers to them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from suite.task.answer_sheet import AnswerSheet, Questions


def of_questions(asked: Questions) -> dict[str, Any]:
    """The line of some samples, named by its content: cells that were asked the same share it."""
    content: dict[str, Any] = {"sample": asked.samples, "input": asked.inputs, "truth": asked.truths}
    if any(asked.slices):
        content["slices"] = asked.slices
    return {"set": hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16], **content}


def of_answers(asked: Mapping[str, Any], sheet: AnswerSheet) -> dict[str, Any]:
    """The line of a cell's answers to them; numbers that are none are null, and what there is none of is left out."""
    line: dict[str, Any] = {"set": asked["set"], "answer": sheet.answers}
    if sheet.scores is not None:
        line["score"] = [_number(score) for score in sheet.scores]
    if sheet.resampled is not None:
        line["resampled_accuracy"] = [_number(accuracy) for accuracy in sheet.resampled]
    if sheet.slices:
        line["slice_accuracy"] = [[name, _number(accuracy)] for name, accuracy in sheet.slices.items()]
    return line | ({"one_label": True} if sheet.one_label else {})


def sheet(line: Mapping[str, Any], asked: Mapping[str, Any] | None) -> AnswerSheet | None:
    """What was written; `None` where the two do not belong together."""
    if asked is None or len(line["answer"]) != len(asked["sample"]):
        return None
    scores = line.get("score")
    if scores is not None and (len(scores) != len(line["answer"]) or None in scores):
        return None
    slices = asked.get("slices") or [[] for _ in asked["sample"]]
    resampled = line.get("resampled_accuracy")
    return AnswerSheet(
        Questions(asked["sample"], asked["input"], asked["truth"], slices),
        line["answer"],
        scores,
        None if resampled is None else [float("nan") if value is None else value for value in resampled],
        {name: accuracy for name, accuracy in line.get("slice_accuracy") or [] if accuracy is not None},
        line.get("one_label") is True,
    )


def _number(value: float) -> float | None:
    return value if value - value == 0 else None
