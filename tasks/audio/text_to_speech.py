"""Text to speech."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.task import Checkpoint, Sample
from suite.task.speech_synthesis import SynthesisTask

from ..worlds import synthesis

if TYPE_CHECKING:
    from suite.core.runnable import Runnable

SCORED = 100
"""Of the test split: each is read aloud frame by frame, and then listened to, on every backend."""
SPEAKER_SIZE = 512
LONGEST_RATIO = 8.0
"""Frames per character at which a reading that does not end is cut: twice what the slowest sentence takes."""
TIMED_RATIO = 2.0
COMPARED_STEPS = 24
"""Steps of the decoder that backends are compared on: all sentences are longer."""


@dataclass
class Read:
    """What the decoder made of a batch. `fed` is what it was given of its own, or another's, output at the next step.

    `own` and `fed`: (batch, steps, values) frames before the postnet; `stops`: (batch, steps) the chance that the
    reading ends there; `lengths` in steps; `spectrograms` the frames after the postnet, (batch, frames, bins).
    """

    own: Any
    fed: Any
    stops: Any
    lengths: list[int]
    spectrograms: Any


class TextToSpeech(SynthesisTask):
    """Read a text aloud. Documented with pipeline("text-to-speech") and SpeechT5Processor."""

    name = "text-to-speech"
    auto_class = "SpeechT5ForTextToSpeech"
    checkpoints = (
        Checkpoint(
            id="microsoft/speecht5_tts",
            revision="30fcde30f19b87502b8435427b5f5068e401d5f6",
            architecture="SpeechT5ForTextToSpeech",
            miniature="text-to-speech",
            config="speecht5_tts.json",
        ),
    )
    preload = ("SpeechT5HifiGan", "Wav2Vec2ForCTC")
    # The loop that `generate_speech` is lies between these; so does all that the decoder feeds back to itself.
    parts = (
        "speecht5.encoder",
        "speecht5.decoder.prenet",
        "speecht5.decoder.wrapped_decoder",
        "speech_decoder_postnet.feat_out",
        "speech_decoder_postnet.prob_out",
        "speech_decoder_postnet.postnet",
    )

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"sentence-{index}", text, text) for index, text in enumerate(synthesis.sentences("test")[:SCORED])
        ]

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        import torch

        batch = super().encode(processor, inputs)
        # Of the world's one speaker nothing needs to be said. Zeros would say so, but in half precision the
        # model divides by their length.
        return {
            "input_ids": batch["input_ids"],
            "attention_mask": batch["attention_mask"],
            "speaker_embeddings": torch.ones(len(inputs), SPEAKER_SIZE),
        }

    def infer(self, runnable: Runnable, batch: Mapping[str, Any], forced: np.ndarray | None = None) -> Read:
        return _read(runnable, batch, forced, {"minlenratio": 0.0, "maxlenratio": LONGEST_RATIO})

    def timed(self, runnable: Runnable, batch: Mapping[str, Any]) -> Any:
        # The loop alone, of as many steps on every backend.
        ratios = {"minlenratio": TIMED_RATIO, "maxlenratio": TIMED_RATIO}
        return runnable.call("generate_speech", **batch, return_output_lengths=True, **ratios)

    def trail(self, outputs: Read) -> np.ndarray:
        # What lies after a reading's end is marked, so that another ends there too.
        fed = outputs.fed.numpy().copy()
        for row, length in zip(fed, outputs.lengths, strict=True):
            row[length:] = np.nan
        return fed

    def understood(self, waves: Sequence[np.ndarray]) -> list[str]:
        return synthesis.understood(waves)

    def reading(self, text: str) -> np.ndarray:
        return synthesis.reading(text)

    def waves(self, outputs: Read, processor: Any, config: Any) -> list[np.ndarray]:
        import torch

        # By the vocoder in float32, whatever made the spectrograms.
        vocoder = _vocoder(getattr(processor, "name_or_path", ""))
        waves = []
        for spectrogram, length in zip(outputs.spectrograms, outputs.lengths, strict=True):
            with torch.inference_mode():
                waves.append(vocoder(spectrogram[: length * config.reduction_factor]).numpy())
        return waves

    def numbers(self, outputs: Read, batch: Mapping[str, Any]) -> list[np.ndarray]:
        rows = []
        for index, length in enumerate(outputs.lengths):
            compared = min(length, COMPARED_STEPS)
            own, stops = outputs.own[index, :compared].numpy(), outputs.stops[index, :compared, None].numpy()
            after = outputs.spectrograms[index].numpy().reshape(-1, own.shape[1])[:compared]
            steps = np.concatenate([own, after, stops], axis=1)
            rows.append(np.pad(steps, ((0, COMPARED_STEPS - compared), (0, 0))).astype(np.float32))
        return rows


def _read(runnable: Runnable, batch: Mapping[str, Any], forced: np.ndarray | None, options: dict[str, float]) -> Read:
    """The library's own loop, watched at its two outlets, where another's frames can be put in place of its own."""
    import torch

    model = runnable.model
    postnet, reduction = model.speech_decoder_postnet, model.config.reduction_factor
    with _watched(postnet.feat_out, _frames(forced)) as frames, _watched(postnet.prob_out, _ends(forced)) as stops:
        spectrograms, lengths = runnable.call("generate_speech", **batch, return_output_lengths=True, **options)
    own = torch.stack([mine.float().cpu() for mine, _ in frames], dim=1)
    fed = torch.stack([given.float().cpu() for _, given in frames], dim=1)
    ends = torch.stack([mine.float().sigmoid().sum(dim=-1).cpu() for mine, _ in stops], dim=1)
    steps = [length // reduction for length in lengths]
    return Read(own, fed, ends, steps, spectrograms.float().cpu())


@contextmanager
def _watched(module: Any, instead: Any) -> Iterator[list[tuple[Any, Any]]]:
    """What the module gives at each step, and what is taken in its place."""
    outputs: list[tuple[Any, Any]] = []

    def hook(_module: Any, _inputs: Any, output: Any) -> Any:
        replacement = output if instead is None else instead(len(outputs), output)
        outputs.append((output, replacement))
        return replacement

    handle = module.register_forward_hook(hook)
    try:
        yield outputs
    finally:
        handle.remove()


def _frames(forced: np.ndarray | None) -> Any:
    """At each step the frames to be followed; after their end, none."""
    if forced is None:
        return None
    import torch

    frames = torch.from_numpy(np.nan_to_num(forced))
    return lambda step, output: frames[:, min(step, frames.shape[1] - 1)].to(output)


def _ends(forced: np.ndarray | None) -> Any:
    """At each step whether the readings that are followed end there."""
    if forced is None:
        return None
    import torch

    lengths = torch.from_numpy((~np.isnan(forced[:, :, 0])).sum(axis=1))

    def ends(step: int, output: Any) -> Any:
        over = (lengths <= step + 1).to(output.device)
        return torch.where(over[:, None], 30.0, -30.0).expand_as(output).to(output)

    return ends


@cache
def _vocoder(folder: str) -> Any:
    """The vocoder that lies with a checkpoint, or the miniature's: it takes the same spectrograms as the real one."""
    from transformers import SpeechT5HifiGan

    own = Path(folder) / "vocoder"
    beside = own if folder and own.is_dir() else synthesis.SHIPPED / TextToSpeech.name / "vocoder"
    return SpeechT5HifiGan.from_pretrained(beside, local_files_only=True).eval()
