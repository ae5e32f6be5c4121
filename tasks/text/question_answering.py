"""Question answering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from suite.core.errors import InvalidInput
from suite.task import Batch, Checkpoint, HubDataset, Sample
from suite.task.scores import commonest
from suite.task.text import TextTask, longest_input
from suite.task.truths import check_texts

from ..worlds import passages

LONGEST_ANSWER = 15
"""Tokens; the pipeline's default."""
LONGEST_CONTEXT = 250
"""Words of a context of the evaluation data: those few that are longer would have to be cut to fit the checkpoint."""


class QuestionAnswering(TextTask):
    """Answer a question in the words of a text. Documented with pipeline("question-answering").

    An input is a dict with a `question` and a `context`. A truth is the right answer, or a list of right ones.
    """

    name = "question-answering"
    auto_class = "AutoModelForQuestionAnswering"
    checkpoints = (
        Checkpoint(
            id="distilbert/distilbert-base-cased-distilled-squad",
            revision="564e9b582944a57a3e586bbb98fd6f0a4118db7f",
            architecture="DistilBertForQuestionAnswering",
            miniature="question-answering",
            config="distilbert-base-cased-distilled-squad.json",
        ),
    )
    dataset = HubDataset(
        "rajpurkar/squad",
        revision="7b6d24c440a36b6815f21b70d25016731768db1f",
        split="validation",
        files="plain_text/validation-*.parquet",
    )
    metric = "SQuAD F1"

    def samples(self) -> Sequence[Sample]:
        samples = []
        for index, passage in enumerate(passages.passages("test")):
            question, context = passage.text.split(passages.SEPARATOR)
            value = {"question": question, "context": context}
            samples.append(Sample(f"{passage.kind}-{index}", value, passage.truth))
        return samples

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        if len(row["context"].split()) > LONGEST_CONTEXT:
            return None
        answers = list(dict.fromkeys(row["answers"]["text"]))
        return Sample("", {"question": row["question"].strip(), "context": row["context"]}, answers)

    def from_json(self, row: Mapping[str, Any], index: int, folder: Path) -> Sample:
        value = row["input"]
        if not isinstance(value, Mapping) or not {"question", "context"} <= set(value):
            raise ValueError('the input must be an object with a "question" and a "context"')
        return super().from_json(row, index, folder)

    def check_truth(self, truth: Any) -> None:
        check_texts(truth)

    def blind_answers(self, truths: Sequence[Any]) -> list[str]:
        return commonest(truths)

    def texts(self, value: Any) -> Sequence[str]:
        if not isinstance(value, Mapping) or not {"question", "context"} <= set(value):
            raise InvalidInput(
                f'{self.name} takes a question and a context: pass a dict with "question" and "context".'
            )
        return value["question"], value["context"]

    def check_input(self, value: Any, processor: Any, config: Any) -> None:
        super().check_input(value, processor, config)
        limit, length = longest_input(processor, config), len(processor(*self.texts(value))["input_ids"])
        if limit is not None and length > limit:
            raise InvalidInput(
                f"{self.name} was given {length} tokens, but this checkpoint takes {limit}: shorten the context."
            )

    def bad_inputs(self, processor: Any, config: Any) -> Mapping[str, Any]:
        bad: dict[str, Any] = {
            "empty": {"question": "Who?", "context": ""},
            "blank": {"question": " \n", "context": "Nobody."},
            "wrong-typed": {"question": "Who?", "context": 17},
            "incomplete": {"question": "Who?"},
            "unpaired": "Who?",
        }
        limit = longest_input(processor, config)
        if limit is not None:
            half = "again " * (limit // 2)
            bad["over-long"] = {"question": half, "context": half}
        return bad

    def size_of(self, value: Any) -> int:
        return sum(map(len, self.texts(value)))

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        pairs = [self.texts(value) for value in inputs]
        questions, contexts = ([pair[part] for pair in pairs] for part in (0, 1))
        encoded = processor(questions, contexts, padding=True, return_offsets_mapping=True, return_tensors="pt")
        offsets = encoded.pop("offset_mapping").tolist()
        notes = []
        for index, context in enumerate(contexts):
            places = [place for place, part in enumerate(encoded.sequence_ids(index)) if part == 1]
            notes.append((context, places, [tuple(offsets[index][place]) for place in places]))
        return Batch(encoded, notes)

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        return [
            _best_span(scores, spans, context)
            for scores, (context, _, spans) in zip(self.numbers(outputs, batch), batch.notes, strict=True)  # type: ignore[attr-defined]
        ]

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        """Two rows for each input: how well each token of the context begins the answer, and how well it ends it."""
        begins, ends = outputs.start_logits.float().cpu().numpy(), outputs.end_logits.float().cpu().numpy()
        return [
            np.stack([begin[places], end[places]])
            for begin, end, (_, places, _) in zip(begins, ends, batch.notes, strict=True)  # type: ignore[attr-defined]
        ]

    def accuracy(self, answers: Sequence[str], truths: Sequence[Any]) -> float:
        return _mean(answers, truths)[1]

    def metrics(self, answers: Sequence[str], truths: Sequence[Any]) -> dict[str, float]:
        return {"exact_match": _mean(answers, truths)[0]}

    def chance(self, truths: Sequence[Any]) -> float:
        first = [truth if isinstance(truth, str) else truth[0] for truth in truths]
        return max(first.count(answer) for answer in set(first)) / len(first)

    def check_answer(self, answer: Any) -> str | None:
        return None if isinstance(answer, str) else f"an answer is {type(answer).__name__}, not a string"

    def describe(self, value: Any) -> str:
        question, context = self.texts(value)
        return f"{context} {question}"

    def describe_answer(self, answer: Any) -> str:
        return answer if isinstance(answer, str) else " / ".join(answer)


def _best_span(scores: np.ndarray, spans: Sequence[tuple[int, int]], context: str) -> str:
    """The words from the best beginning to the best end that follows it closely enough."""
    both = scores[0][:, None] + scores[1][None, :]
    allowed = np.triu(np.ones_like(both, dtype=bool)) & np.tril(np.ones_like(both, dtype=bool), LONGEST_ANSWER - 1)
    first, last = divmod(int(np.where(allowed, both, -np.inf).argmax()), both.shape[1])
    return context[spans[first][0] : spans[last][1]].strip()


def _mean(answers: Sequence[str], truths: Sequence[Any]) -> tuple[float, float]:
    """Exact match and F1, 0 to 1."""
    scored = [
        _score(answer, truth if isinstance(truth, str) else tuple(truth))
        for answer, truth in zip(answers, truths, strict=True)
    ]
    exact, f1 = np.mean(scored, axis=0)
    return float(exact), float(f1)


@lru_cache(maxsize=100_000)
def _score(answer: str, truth: str | tuple[str, ...]) -> tuple[float, float]:
    """Exact match and F1 of one answer. Cached for the bootstrap's resamples."""
    from torchmetrics.functional.text import squad

    right = [truth] if isinstance(truth, str) else list(truth)
    scores = squad(
        [{"prediction_text": answer, "id": ""}],
        [{"answers": {"text": right, "answer_start": [0] * len(right)}, "id": ""}],
    )
    return float(scores["exact_match"]) / 100, float(scores["f1"]) / 100
