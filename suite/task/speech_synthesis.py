"""The base class of text-to-speech tasks, scored by what a speech recognizer understands; spectral distance."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from suite.task import Sample
from suite.task.audio import spectrogram_picture
from suite.task.speech_recognition import error_rates, word_accuracy
from suite.task.text import TextTask
from suite.task.truths import check_text

if TYPE_CHECKING:
    from suite.core.runnable import Runnable

PROBED = 16
"""Readings that are compared with the reference voice's, and timed."""
BANDS = 32
"""Mel bands of a spectrum."""
WINDOW = 512
"""Samples of a frame."""


class SynthesisTask(TextTask):
    """A task whose input is a text and whose answer is what a listener understood of the sound made of it.

    A sound is not compared across backends and does not go into records; what it says does.
    """

    modality = "audio"
    metric = "1 - word error rate of what a listener understands"
    decides_by_argmax = False
    probe_is_timed = True
    sampling_rate: ClassVar[int] = 16_000

    @abstractmethod
    def waves(self, outputs: Any, processor: Any, config: Any) -> list[np.ndarray]:
        """The sounds of a batch, each of its own length: float32."""

    @abstractmethod
    def understood(self, waves: Sequence[np.ndarray]) -> list[str]:
        """What the listener makes of them."""

    @abstractmethod
    def reading(self, text: str) -> np.ndarray:
        """How the voice that is imitated reads a text: float32."""

    def check_truth(self, truth: Any) -> None:
        check_text(truth)

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        return self.understood(self.waves(outputs, processor, config))

    def check_answer(self, answer: Any) -> str | None:
        return None if isinstance(answer, str) else f"an answer is {type(answer).__name__}, not what was understood"

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        return word_accuracy(answers, truths)

    def metrics(self, answers: Sequence[str], truths: Sequence[str]) -> dict[str, float]:
        words, letters = error_rates(answers, truths)
        return {"wer": words, "cer": letters}

    def probe(self, runnable: Runnable, processor: Any, samples: Sequence[Sample]) -> dict[str, float]:
        """How far readings are from the reference voice's, and how long one second of sound takes to make."""
        distances, seconds, sound = [], 0.0, 0.0
        for text in [sample.input for sample in samples[:PROBED]]:
            batch = {name: value.to(runnable.device) for name, value in self.encode(processor, [text]).items()}
            started = time.perf_counter()
            (wave,) = self.waves(self.infer(runnable, batch), processor, runnable.model.config)
            seconds += time.perf_counter() - started
            sound += len(wave) / self.sampling_rate
            distances.append(distance(wave, self.reading(text), self.sampling_rate))
        return {"spectral_distance_db": float(np.mean(distances)), "real_time_factor": seconds / max(sound, 1e-3)}

    def agreement(self, numbers: np.ndarray, reference: np.ndarray) -> float:
        """Share of positions at which the two are as good as the same."""
        scale = float(np.abs(reference).max()) or 1.0
        return float((np.abs(numbers - reference).max(axis=-1) <= 0.05 * scale).mean())

    def describe_answer(self, answer: Any) -> str:
        return f"understood: {answer}"

    def render(self, value: Any, answer: Any) -> np.ndarray | None:
        return spectrogram_picture(self.reading(value), self.sampling_rate)


def distance(wave: np.ndarray, reference: np.ndarray, rate: int) -> float:
    """How far two readings of a text are apart, in decibels per band, along the path on which they fit best.

    The dynamic time warping is written out: scipy has none, librosa's needs numba, and dtw-python is under the GPL.
    """
    from scipy.spatial.distance import cdist

    apart = cdist(_bands(wave, rate), _bands(reference, rate), "cityblock") / BANDS
    cost = np.full((apart.shape[0] + 1, apart.shape[1] + 1), np.inf)
    steps = np.zeros(cost.shape, int)
    cost[0, 0] = 0.0
    for row in range(1, cost.shape[0]):
        for column in range(1, cost.shape[1]):
            before = ((row - 1, column - 1), (row - 1, column), (row, column - 1))
            best = min(before, key=lambda place: cost[place])
            cost[row, column] = cost[best] + apart[row - 1, column - 1]
            steps[row, column] = steps[best] + 1
    return float(cost[-1, -1] / steps[-1, -1])


def _bands(wave: np.ndarray, rate: int) -> np.ndarray:
    """The level of a sound in mel bands: (frames, bands), decibels, at most 60 below the loudest."""
    from scipy.signal import stft

    padded = np.pad(wave, (0, max(0, WINDOW - len(wave))))
    _, _, values = stft(padded, rate, nperseg=WINDOW, noverlap=WINDOW // 2)
    level = 10 * np.log10(_mel_filters(rate).T @ np.abs(values) ** 2 + 1e-12)
    return np.asarray(np.maximum(level - level.max(), -60.0).T)


@cache
def _mel_filters(rate: int) -> np.ndarray:
    """Triangular filters whose middles lie evenly in mel from the third frequency to the last: (frequencies, bands)."""
    from transformers.audio_utils import hertz_to_mel, mel_filter_bank, mel_to_hertz

    first, last = (float(hertz_to_mel(frequency, "htk")) for frequency in (2 * rate / WINDOW, rate / 2))
    step = (last - first) / (BANDS - 1)
    return mel_filter_bank(
        num_frequency_bins=WINDOW // 2 + 1,
        num_mel_filters=BANDS,
        min_frequency=float(mel_to_hertz(first - step, "htk")),
        max_frequency=float(mel_to_hertz(last + step, "htk")),
        sampling_rate=rate,
        mel_scale="htk",
        triangularize_in_mel_space=True,
    )
