"""Automatic speech recognition by an encoder and a decoder that writes what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite.task import Checkpoint, HubDataset, Sample
from suite.task.speech_recognition import TranscriptionTask

from ..worlds import speech

SCORED = 100
"""Of the test split: each takes the time of 30 s of sound, on every backend."""


class AutomaticSpeechRecognition(TranscriptionTask):
    """Write down what is said. Documented with pipeline("automatic-speech-recognition")."""

    name = "automatic-speech-recognition"
    auto_class = "AutoModelForSpeechSeq2Seq"
    checkpoints = (
        Checkpoint(
            id="openai/whisper-tiny.en",
            revision="87c7102498dcde7456f24cfd30239ca606ed9063",
            architecture="WhisperForConditionalGeneration",
            miniature="automatic-speech-recognition",
            config="whisper-tiny.en.json",
        ),
    )
    dataset = HubDataset(
        "hf-internal-testing/librispeech_asr_dummy",
        revision="5be91486e11a2d616f4ec5db8d3fd248585ac07a",
        split="validation",
        files="clean/validation-*.parquet",
    )
    # Each input is 30 s long, whatever was said, and attends to all of it: 32 of them take 7 GB.
    scored_together = 4
    generation = {"max_new_tokens": 200, "do_sample": False, "num_beams": 1}  # noqa: RUF012

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{utterance.kind}-{index}", utterance.wave(), utterance.text)
            for index, utterance in enumerate(speech.utterances("test")[:SCORED])
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        return self.spoken_sample(row["audio"], row["text"])

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        # Always 30 s of it, padded with silence that the model has learned to ignore: no mask is needed.
        return dict(processor(list(inputs), sampling_rate=self.sampling_rate, return_tensors="pt"))

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        return [text.strip() for text in processor.batch_decode(outputs.tokens, skip_special_tokens=True)]

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        scores: list[np.ndarray] = outputs.scores()
        return scores
