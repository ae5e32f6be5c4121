"""Automatic speech recognition by CTC: a letter, or none, for every moment of the sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.task import Batch, Checkpoint, HubDataset, Sample
from suite.transcription import TranscriptionTask

from ..worlds import speech

if TYPE_CHECKING:
    import torch

    from suite.runnable import Runnable


@dataclass
class Heard:
    """Scores for every moment, and how many moments of each sound are not padding."""

    logits: torch.Tensor
    lengths: list[int]


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
            Sample(f"{said.kind}-{index}", said.wave(), said.text)
            for index, said in enumerate(speech.utterances("test"))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        return self.heard(row["audio"], row["text"])

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        # Whether a mask goes in is said by the extractor: models whose features are normalised over time take none.
        encoded = processor(list(inputs), sampling_rate=self.sampling_rate, padding=True, return_tensors="pt")
        return Batch(encoded, notes=[len(wave) for wave in inputs])

    def infer(self, runnable: Runnable, batch: Mapping[str, Any], forced: np.ndarray | None = None) -> Heard:
        """A forward, and by the model's config how long each output is."""
        config = runnable.model.config
        lengths = np.array(batch.notes)  # type: ignore[attr-defined]
        for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
            lengths = (lengths - kernel) // stride + 1
        return Heard(runnable(batch).logits, lengths.tolist())

    def timed(self, runnable: Runnable, batch: Mapping[str, Any]) -> Any:
        """The forward alone; a backend without a model has no config either."""
        return runnable(batch)

    def decode(self, outputs: Heard, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        best = outputs.logits.argmax(dim=-1)
        return [str(processor.decode(row[:length])) for row, length in zip(best.cpu(), outputs.lengths, strict=True)]

    def numbers(self, outputs: Heard, batch: Mapping[str, Any]) -> list[np.ndarray]:
        return [row[:length].float().cpu().numpy() for row, length in zip(outputs.logits, outputs.lengths, strict=True)]
