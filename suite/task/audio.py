"""The base class of audio tasks, whose inputs are waveforms; reading sounds, and pictures of their spectrograms."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from suite.core.errors import InvalidInput
from suite.core.printable import first_line
from suite.task import Sample, Task
from suite.task.card import is_file

SHORTEST_S = 0.05
LONGEST_FILE_S = 600.0
"""Of a sound file that is read; what a task takes of it is less."""
MOST_VALUES = 2**27
"""Of all channels of a sound file, as it is read."""


class AudioTask(Task):
    """A task whose input is one mono waveform: a float32 array in -1 to 1 at `sampling_rate`."""

    modality = "audio"
    processor_class = "AutoProcessor"
    sampling_rate: ClassVar[int] = 16_000
    longest_s: ClassVar[float] = 30.0

    def check_input(self, value: Any, processor: Any, config: Any) -> None:
        if not isinstance(value, np.ndarray):
            raise InvalidInput(f"{self.name} takes a waveform as an array, not {type(value).__name__}: load the file.")
        if value.ndim != 1 or value.dtype != np.float32:
            raise InvalidInput(
                f"{self.name} takes a mono waveform in float32, not {value.dtype} of shape {value.shape}: mix it down."
            )
        seconds = len(value) / self.sampling_rate
        if not SHORTEST_S <= seconds <= self.longest_s:
            raise InvalidInput(
                f"{self.name} was given {seconds:.2f} s of sound, but takes {SHORTEST_S} to {self.longest_s:g} s: "
                "cut it."
            )
        if not np.isfinite(value).all():
            raise InvalidInput(f"{self.name} was given a waveform with values that are not finite: load it again.")

    def bad_inputs(self, processor: Any, config: Any) -> Mapping[str, Any]:
        second = np.zeros(self.sampling_rate, np.float32)
        return {
            "empty": second[:0],
            "over-long": np.zeros(int(self.sampling_rate * self.longest_s) + 1, np.float32),
            "stereo": np.stack([second, second]),
            "not finite": second + np.float32("nan"),
            "wrong-typed": "speech.wav",
        }

    def misfit_of_processor(self, processor: Any, config: Any, own_samples: bool) -> str | None:
        try:
            self.encode(processor, [np.zeros(self.sampling_rate, np.float32)])
        except Exception as error:  # a processor raises whatever it likes
            return (
                f"its {type(processor).__name__} does not take sound and nothing else, which is all there is "
                f"({first_line(error)})"
            )
        return None

    def size_of(self, value: Any) -> int:
        return len(value)

    def from_json(self, row: Mapping[str, Any], index: int, folder: Path) -> Sample:
        return Sample(str(row.get("id", index)), read_sound(folder / row["input"], self.sampling_rate), row["truth"])

    def describe(self, value: Any) -> str:
        return f"{len(value) / self.sampling_rate:.2f} s of sound"

    def audio(self, value: Any) -> tuple[np.ndarray, int] | None:
        return value, self.sampling_rate

    def render(self, value: Any, answer: Any) -> np.ndarray | None:
        return spectrogram_picture(value, self.sampling_rate)


def read_sound(file: Path, sampling_rate: int) -> np.ndarray:
    """A sound file, mixed down to mono and resampled: float32 of shape (samples,).

    Raises:
        ValueError: it is not there, not a sound, or too long.
    """
    try:
        if not is_file(file):  # a pipe would be waited for
            raise FileNotFoundError
        return _mono(file, sampling_rate)
    except (OSError, RuntimeError) as error:
        raise ValueError(f"the sound {file} cannot be read ({type(error).__name__}): check its path") from None


def hub_sound(value: Mapping[str, Any], sampling_rate: int) -> np.ndarray:
    """A sound of a data set's row, which holds the content of a sound file, as `read_sound` gives it."""
    return _mono(io.BytesIO(value["bytes"]), sampling_rate)


def _mono(file: Path | io.BytesIO, sampling_rate: int) -> np.ndarray:
    import soundfile
    import soxr

    with soundfile.SoundFile(file) as sound:
        # A second of zeros takes a few bytes, and at one value a second each becomes thousands.
        rate, seconds = sound.samplerate, sound.frames / max(sound.samplerate, 1)
        if seconds > LONGEST_FILE_S or sound.frames * sound.channels > MOST_VALUES:
            raise ValueError(
                f"the sound has {sound.channels} channels of {seconds:,.0f} s, and files of up to {LONGEST_FILE_S:g} s "
                "are read: cut it"
            )
        wave = sound.read(dtype="float32", always_2d=True)
    return np.asarray(soxr.resample(wave.mean(axis=1), rate, sampling_rate), np.float32)


def spectrogram_picture(wave: np.ndarray, sampling_rate: int, height: int = 120, width: int = 480) -> np.ndarray:
    """The spectrogram of a sound: time to the right, 0 to half the sampling rate upwards, 70 dB from dark to light."""
    from matplotlib import colormaps
    from PIL import Image
    from scipy.signal import stft

    window = min(512, max(16, len(wave)))
    _, _, values = stft(wave, sampling_rate, nperseg=window, noverlap=window * 3 // 4)
    decibels = 20 * np.log10(np.abs(values) + 1e-7)
    level = np.clip((decibels - decibels.max()) / 70 + 1, 0, 1)
    colours = (colormaps["magma"](level[::-1])[..., :3] * 255).astype(np.uint8)
    return np.asarray(Image.fromarray(colours).resize((width, height), Image.Resampling.BILINEAR))
