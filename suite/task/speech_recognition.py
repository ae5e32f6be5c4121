"""The base class of speech recognition tasks; word and character error rates, without case and punctuation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from suite.core.errors import UsageError
from suite.task import Sample
from suite.task.audio import AudioTask, hub_sound
from suite.task.truths import check_text

NOT_SPOKEN = re.compile(r"[^\w\s']|_")


def normalised(text: str) -> str:
    """Lower case, without punctuation but for apostrophes, one space between words: what two transcripts share."""
    return " ".join(NOT_SPOKEN.sub(" ", text.lower().replace("\u2019", "'")).split())


@lru_cache(maxsize=8192)
def edits(answer: str, truth: str) -> tuple[int, int, int, int]:
    """Word edits, spoken words, letter edits and spoken letters of a transcript. Cached for the bootstrap."""
    import jiwer

    answer_words, truth_words = normalised(answer), normalised(truth)
    if not truth_words:
        return len(answer_words.split()), 0, len(answer_words), 0
    words, letters = jiwer.process_words(truth_words, answer_words), jiwer.process_characters(truth_words, answer_words)
    return (
        words.substitutions + words.deletions + words.insertions,
        words.hits + words.substitutions + words.deletions,
        letters.substitutions + letters.deletions + letters.insertions,
        letters.hits + letters.substitutions + letters.deletions,
    )


def error_rates(answers: Sequence[str], truths: Sequence[str]) -> tuple[float, float]:
    """Word and letter error rates over all transcripts together: edits by spoken words or letters."""
    counts = np.array([edits(answer, truth) for answer, truth in zip(answers, truths, strict=True)])
    words, spoken_words, letters, spoken_letters = counts.sum(axis=0)
    return float(words / max(1, spoken_words)), float(letters / max(1, spoken_letters))


def word_accuracy(answers: Sequence[str], truths: Sequence[str]) -> float:
    """One less the word error rate, and not below zero."""
    return max(0.0, 1.0 - error_rates(answers, truths)[0])


class TranscriptionTask(AudioTask):
    """A task whose answer is the transcript of a sound.

    Case and punctuation do not count: checkpoints differ in both, and nobody speaks them. Numbers must be written out
    as the truth has them.
    """

    metric = "1 - word error rate"

    def spoken_sample(self, audio: Mapping[str, Any], text: str) -> Sample | None:
        """A row of a data set as a sample; `None` where nothing is said, or more than the task takes."""
        wave = hub_sound(audio, self.sampling_rate)
        return Sample("", wave, text) if normalised(text) and len(wave) <= self.longest_s * self.sampling_rate else None

    def check_truth(self, truth: Any) -> None:
        """What is said is one text: error rates count against one."""
        check_text(truth)
        if not normalised(truth):
            raise UsageError(f"the truth {truth!r} has no word in it: write what is said")

    def check_answer(self, answer: Any) -> str | None:
        """Transcripts are strings, empty ones too."""
        return None if isinstance(answer, str) else f"an answer is {type(answer).__name__}, not a transcript"

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        """One less the word error rate over all sounds together."""
        return word_accuracy(answers, truths)

    def metrics(self, answers: Sequence[str], truths: Sequence[str]) -> dict[str, float]:
        """Word and letter error rates."""
        words, letters = error_rates(answers, truths)
        return {"wer": words, "cer": letters}

    def chance(self, truths: Sequence[str]) -> float:
        """That of the best of the commonest transcripts, given to every sound."""
        common = sorted(set(truths), key=lambda truth: (-list(truths).count(truth), truth))[:10]
        return max(self.accuracy([answer] * len(truths), truths) for answer in common)
