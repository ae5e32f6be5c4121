"""Text to speech with a single model from letters to sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.task import Checkpoint, Sample
from suite.task.speech_synthesis import SynthesisTask

from ..worlds import synthesis

if TYPE_CHECKING:
    from suite.core.runnable import Runnable

EDGE = 16
"""Frames at the end of a sound that depend on what stands behind them, as a padded batch's and a single's do not."""


@dataclass
class Voiced:
    """What was made of a batch, on the CPU.

    `durations`: (batch, tokens) in frames as they were predicted, 0 for padding; `frames`: (batch, tokens) how many a
    token really took; `latents`: (batch, values, frames); `waves`: (batch, samples); `lengths` in samples.
    """

    durations: np.ndarray
    frames: np.ndarray
    latents: np.ndarray
    waves: np.ndarray
    lengths: list[int]


class TextToSpeechVits(SynthesisTask):
    """Read a text aloud. Documented with pipeline("text-to-speech") and VitsModel."""

    name = "text-to-speech-vits"
    auto_class = "VitsModel"
    checkpoints = (
        Checkpoint(
            id="kakao-enterprise/vits-ljs",
            revision="3bcb8321394f671bd948ebf0d086d694dda95464",
            architecture="VitsModel",
            miniature="text-to-speech-vits",
            config="vits-ljs.json",
            untrained=True,
        ),
    )
    preload = ("Wav2Vec2ForCTC",)
    # How long each token lasts is decided between them, and the sound has another length if one is decided otherwise.
    parts = ("text_encoder", "duration_predictor", "flow", "decoder")

    def samples(self) -> Sequence[Sample]:
        return [Sample(f"sentence-{index}", text, text) for index, text in enumerate(synthesis.sentences("test"))]

    def understood(self, waves: Sequence[np.ndarray]) -> list[str]:
        return synthesis.understood(waves)

    def reading(self, text: str) -> np.ndarray:
        return synthesis.reading(text)

    def infer(self, runnable: Runnable, batch: Mapping[str, Any], forced: np.ndarray | None = None) -> Voiced:
        _without_chance(runnable)
        with _durations(runnable.model.duration_predictor, forced) as predictions:
            outputs = runnable(batch)
        durations = predictions[0].float().exp().cpu().numpy()[:, 0] * batch["attention_mask"].cpu().numpy()
        return Voiced(
            durations=durations,
            frames=np.ceil(durations) if forced is None else forced,
            latents=outputs.spectrogram.float().cpu().numpy(),
            waves=outputs.waveform.float().cpu().numpy(),
            lengths=[int(length) for length in outputs.sequence_lengths],
        )

    def timed(self, runnable: Runnable, batch: Mapping[str, Any]) -> Any:
        _without_chance(runnable)
        return runnable(batch)

    def trail(self, outputs: Voiced) -> np.ndarray:
        return outputs.frames

    def waves(self, outputs: Voiced, processor: Any, config: Any) -> list[np.ndarray]:
        return [wave[:length] for wave, length in zip(outputs.waves, outputs.lengths, strict=True)]

    def numbers(self, outputs: Voiced, batch: Mapping[str, Any]) -> list[np.ndarray]:
        # Per token, so that another rounding of one duration changes one row and not the shape: how long it lasts, what
        # its frames hold on the average, how loud they are.
        rows = []
        for index, wave in enumerate(outputs.waves):
            tokens = int(batch["attention_mask"][index].sum())
            ends = np.cumsum(outputs.frames[index, :tokens]).astype(int)
            hop = outputs.lengths[index] // max(1, ends[-1])
            values = []
            for start, end, duration in zip([0, *ends[:-1]], ends, outputs.durations[index], strict=False):
                loud = np.sqrt(np.mean(wave[start * hop : end * hop] ** 2)) if end <= ends[-1] - EDGE else 0.0
                values.append([np.log(duration), *outputs.latents[index, :, start:end].mean(axis=1), loud])
            rows.append(np.asarray(values, np.float32))
        return rows


def _without_chance(runnable: Runnable) -> None:
    """One text has one sound, whatever the checkpoint's config says."""
    if runnable.model is not None:
        runnable.model.noise_scale = runnable.model.noise_scale_duration = 0.0


@contextmanager
def _durations(predictor: Any, forced: np.ndarray | None) -> Iterator[list[Any]]:
    """The logarithms of the durations as they are predicted; another's may be put in their place."""
    predictions: list[Any] = []

    def hook(_module: Any, _inputs: Any, output: Any) -> Any:
        predictions.append(output)
        if forced is None:
            return output
        import torch

        # They will be rounded up. Those of a longer text's batch end in zeros, for which a single text has no place.
        frames = np.maximum(forced[:, : output.shape[-1]], 1)
        return torch.from_numpy(np.log(frames - 0.5))[:, None].to(output)

    handle = predictor.register_forward_hook(hook)
    try:
        yield predictions
    finally:
        handle.remove()
