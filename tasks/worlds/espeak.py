"""Speech from eSpeak NG, the same samples at every call: a rule-based synthesiser that a wheel carries.

The library keeps state from one utterance to the next (flutter, phases) and seeds its noise from the clock. So each
utterance is spoken by a library that was just loaded, with a seed: that costs four milliseconds.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

VERSION = "1.52.0"
"""What the frozen waves were made with. Another version speaks the same words a little differently."""
VOICES = (
    "en-us",
    "en-us+f3",
    "en-us+f5",
    "en-us+m4",
    "en-gb-x-rp",
    "en-gb-x-rp+f2",
    "en-gb-x-rp+m7",
    "en-gb-scotland+m1",
)
_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000
_UTF8 = 1
_RATE, _PITCH = 1, 3
_SEED = 7
_RECEIVER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def speak(text: str, voice: str = "en-us", rate: int = 160, pitch: int = 50) -> tuple[np.ndarray, int]:
    """What eSpeak says: int16 samples, and how many of them make a second.

    `rate` is in words per minute (80 to 450), `pitch` goes from 0 to 99.

    Raises:
        ImportError: eSpeak is not installed.
        ValueError: it has no such voice.
    """
    pieces: list[np.ndarray] = []

    @_RECEIVER  # type: ignore[untyped-decorator]
    def receive(samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    with _library() as (library, per_second):
        library.espeak_SetSynthCallback(receive)
        library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))
        if library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"eSpeak has no voice {voice!r}: take one of {', '.join(VOICES)}.")
        library.espeak_SetParameter(_RATE, rate, 0)
        library.espeak_SetParameter(_PITCH, pitch, 0)
        content = text.encode()
        library.espeak_Synth(ctypes.c_char_p(content), ctypes.c_size_t(len(content) + 1), 0, 0, 0, _UTF8, None, None)
    return np.concatenate(pieces), per_second


def version() -> str:
    """The version of the eSpeak that is installed."""
    with _library() as (library, _):
        library.espeak_Info.restype = ctypes.c_char_p
        return str(library.espeak_Info(None).decode().split()[0])


@contextmanager
def _library() -> Iterator[tuple[ctypes.CDLL, int]]:
    """A library without a past, and its samples per second."""
    import _ctypes

    try:
        import espeakng_loader
    except ImportError as error:
        raise ImportError("Speech is synthesised by eSpeak NG: run `pip install espeakng-loader`.") from error
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    per_second = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DO_NOT_EXIT)
    if per_second <= 0:
        raise RuntimeError("eSpeak NG does not find its voices: install espeakng-loader again.")
    try:
        yield library, per_second
    finally:
        library.espeak_Terminate()
        _ctypes.dlclose(library._handle)
