"""Automatic speech recognition by CTC: a letter, or none, for every moment of the sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.task import Batch, Checkpoint, HubDataset, Sample
from suite.task.speech_recognition import TranscriptionTask

from ..worlds import speech

if TYPE_CHECKING:
    import torch

    from suite.core.runnable import Runnable


@dataclass
class Heard:
    """Of each sound the scores of its own moments: (moments, letters)."""

    rows: list[torch.Tensor]


class AutomaticSpeechRecognitionCtc(TranscriptionTask):
    """Write down what is said. Documented with pipeline("automatic-speech-recognition")."""

    name = "automatic-speech-recognition-ctc"
    auto_class = "AutoModelForCTC"
    checkpoints = (
        Checkpoint(
            id="facebook/wav2vec2-base-960h",
            revision="22aad52d435eb6dbaf354bdad9b0da84ce7d6156",
            architecture="Wav2Vec2ForCTC",
            miniature="automatic-speech-recognition-ctc",
            config="wav2vec2-base-960h.json",
        ),
    )
    dataset = HubDataset(
        "hf-internal-testing/librispeech_asr_dummy",
        revision="5be91486e11a2d616f4ec5db8d3fd248585ac07a",
        split="validation",
        files="clean/validation-*.parquet",
    )

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{utterance.kind}-{index}", utterance.wave(), utterance.text)
            for index, utterance in enumerate(speech.utterances("test"))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        return self.spoken_sample(row["audio"], row["text"])

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        # Whether a mask goes in is said by the extractor: models whose features are normalised over time take none.
        encoded = processor(list(inputs), sampling_rate=self.sampling_rate, padding=True, return_tensors="pt")
        return Batch(encoded, notes=[len(wave) for wave in inputs])

    def infer(self, runnable: Runnable, batch: Mapping[str, Any], forced: np.ndarray | None = None) -> Heard:
        """A forward; or one for each length, where a mean over all that is given would change."""
        samples, config = self._samples(batch), runnable.model.config
        reads_padding = self.reads_padding or getattr(config, "feat_extract_norm", "") == "group"
        if reads_padding and len(set(samples)) > 1:
            rows: dict[int, torch.Tensor] = {}
            for length in sorted(set(samples)):
                alike = [row for row, other in enumerate(samples) if other == length]
                cut = Batch({name: value[alike][:, :length] for name, value in batch.items()}, [length] * len(alike))
                rows |= zip(alike, self.infer(runnable, cut).rows, strict=True)
            return Heard([rows[row] for row in range(len(samples))])
        logits = runnable(batch).logits
        return Heard(
            [row[:length] for row, length in zip(logits, _moments(batch, samples, config, logits), strict=True)]
        )

    def timed(self, runnable: Runnable, batch: Mapping[str, Any]) -> Any:
        """The forward alone; a backend without a model has no config either."""
        return runnable(batch)

    def decode(self, outputs: Heard, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        return [str(processor.decode(row.argmax(dim=-1).cpu())) for row in outputs.rows]

    def numbers(self, outputs: Heard, batch: Mapping[str, Any]) -> list[np.ndarray]:
        return [row.float().cpu().numpy() for row in outputs.rows]

    def _samples(self, batch: Any) -> list[int]:
        return batch.notes  # type: ignore[no-any-return]


def _moments(batch: Mapping[str, Any], samples: Sequence[int], config: Any, logits: Any) -> list[int]:
    """How many moments each sound has: by the convolutions that make them of samples, or by its share of the frames."""
    if "input_values" in batch:
        lengths = np.array(samples)
        for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
            lengths = (lengths - kernel) // stride + 1
        return [int(length) for length in lengths]
    frames = batch["attention_mask"].sum(dim=1).cpu().numpy()
    return [int(length) for length in np.ceil(frames * logits.shape[1] / batch["attention_mask"].shape[1])]
