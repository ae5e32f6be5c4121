"""Sentence similarity: pairs in a batch, what is pooled, and the frozen pairs."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from suite.core.errors import InvalidInput, UsageError
from suite.subjects import Source, open_subject, resolve
from suite.subjects.samples_file import fit, read_samples
from suite.task import Sample, Task
from suite.task.discovery import load_tasks, tasks_root
from suite.tests.support import made_checkpoints as made

TASK: Task = load_tasks(tasks_root())["sentence-similarity"]


def test_the_pairs_cover_the_scale() -> None:
    samples = TASK.samples()
    assert len(samples) == len({sample.id for sample in samples}) >= 120
    assert Counter(sample.truth for sample in samples) == dict.fromkeys((0.0, 1.0, 2.0, 3.0, 4.0, 5.0), 21)
    assert all(len(sample.input) == 2 and all(map(str.strip, sample.input)) for sample in samples)


def test_pooling_ignores_padding_and_keeps_pairs_together() -> None:
    import torch

    states = torch.tensor([[[3.0, 4.0], [99.0, 99.0]], [[4.0, 3.0], [4.0, 3.0]], [[1.0, 0.0]] * 2, [[0.0, 2.0]] * 2])
    batch = {"attention_mask": torch.tensor([[1, 0], [1, 1], [1, 1], [1, 1]])}
    outputs = SimpleNamespace(last_hidden_state=states)
    assert TASK.decode(outputs, batch, None, None) == pytest.approx([0.96, 0.0])
    first, second = TASK.numbers(outputs, batch)
    assert first.shape == second.shape == (2, 2)
    assert first == pytest.approx(np.array([[0.6, 0.8], [0.8, 0.6]]))
    assert first.dtype == np.float32
    assert TASK.agreement(first, first) == pytest.approx(1.0)
    assert TASK.agreement(first, -first) == 0.0


def test_a_checkpoint_answers_one_number_per_pair(tmp_path: Path) -> None:
    subject = open_subject(Source("local", made.CHECKPOINT, directory=made.encoder(tmp_path)), TASK)
    pairs = [["good film", "bad film"], ["a", "a b c d e"], ["the film", "the film"]]
    batch = TASK.encode(subject.processor, pairs)
    assert batch["input_ids"].shape[0] == 6
    answers = TASK.decode(subject.load_model()(**batch), batch, subject.processor, subject.config)
    assert len(answers) == 3
    assert answers[2] == pytest.approx(1.0)


@pytest.mark.parametrize("value", ["one sentence", ["one"], ["a", "b", "c"], ["a", ""], ["a", 1], None])
def test_what_is_no_pair_is_refused(tmp_path: Path, value: Any) -> None:
    made.tokenizer(tmp_path, pad_token="[PAD]")
    from transformers import AutoTokenizer

    with pytest.raises(InvalidInput):
        TASK.check_input(value, AutoTokenizer.from_pretrained(tmp_path), SimpleNamespace(is_encoder_decoder=False))


@pytest.mark.parametrize("answers", [[0.5, 0.5, 0.5], [0.1, math.nan, 0.3], []])
def test_no_correlation_is_none(answers: list[float]) -> None:
    truths = [1.0, 2.0, 3.0][: len(answers)]
    assert TASK.accuracy(answers, truths) == 0.0
    assert TASK.metrics(answers, truths) == {"pearson": 0.0}


def test_the_scores() -> None:
    assert TASK.accuracy([0.1, 0.5, 0.9], [0.0, 1.0, 5.0]) == pytest.approx(1.0)
    assert TASK.accuracy([0.9, 0.5, 0.1], [0.0, 1.0, 5.0]) == 0.0
    assert TASK.metrics([0.9, 0.5, 0.1], [0.0, 2.0, 4.0])["pearson"] == pytest.approx(-1.0)


def test_own_pairs_on_any_scale(tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text('{"input": ["a", "b"], "truth": 1}\n{"input": ["a", "c"], "truth": 80.5}\n')
    fitted = fit(read_samples(file, TASK), TASK, None)
    assert [sample.truth for sample in fitted] == [1.0, 80.5]
    file.write_text('{"input": "a", "truth": 1}\n')
    with pytest.raises(UsageError, match=r"line 1 is not a sample of sentence-similarity .*two sentences"):
        read_samples(file, TASK)
    with pytest.raises(UsageError, match="the truth 'high' is not a number"):
        fit([Sample("1", ["a", "b"], "high")], TASK, None)


def test_the_real_checkpoint() -> None:
    import torch

    source = resolve(TASK.checkpoints[0], "miniature", tasks_root())
    if source.unavailable:
        pytest.skip(source.unavailable)
    subject = open_subject(source, TASK)
    assert subject.processor.model_max_length == 256
    samples = TASK.samples()
    batch = TASK.encode(subject.processor, [sample.input for sample in samples])
    with torch.inference_mode():
        answers = TASK.decode(subject.load_model()(**batch), batch, subject.processor, subject.config)
    assert TASK.accuracy(answers, [sample.truth for sample in samples]) == pytest.approx(0.883, abs=0.002)
    with pytest.raises(InvalidInput, match="takes 256"):
        TASK.check_input(["word " * 300, "b"], subject.processor, subject.config)
